"""``estimate``: what a run will take, before it is started."""

from __future__ import annotations

import argparse
import os
import tempfile
import time
from dataclasses import dataclass
from typing import Any

from .. import Cooccurrence, Estimate, Glove
from .._checks import memory_bytes
from .._settings import names, resolve
from . import _inputs
from ._machine import free_memory
from ._options import add_settings, given
from ._output import add_json, columns, emit
from ._parser import Commands, command

__all__ = ["Plan", "add", "plan"]

_COUNTING = names("reading", "encoding", "counting")
_RUNNING = ("threads", "memory")
_TRAINING = ("preset", "dim", "epochs", "negative")

# Text that is counted and trained on to measure this machine's speed: half a second of work.
_SAMPLE = 8 << 20
# The interpreter with NumPy and this package, before any work.
_INTERPRETER = 50e6
# What is proposed: limits from here on, and vectors of these sizes.
_LEAST_LIMIT = 32_000_000
_DIMS = (300, 200, 100, 50, 25)


def add(commands: Commands) -> None:
    """Add the command."""
    parser = command(
        commands,
        "estimate",
        _estimate,
        "CORPUS [options]",
        summary="say what a run would take",
        text=(
            "Read a few percent of a text, count and train on 8 MB of it for a moment, and say how "
            "many tokens, words and records there are, what memory, disk and time glove-rs fit "
            "would take, and which settings would fit into less memory."
        ),
        example="glove-rs estimate corpus.txt --dim 300 --epochs 15 --within 8GB",
    )
    parser.add_argument("corpus", metavar="CORPUS", help="a text file")
    parser.add_argument(
        "--within",
        metavar="MEMORY",
        help="memory to fit into, as 512MB or 8GiB (default: what this machine has free)",
    )
    add_settings(parser.add_argument_group("counting"), _COUNTING)
    add_settings(parser.add_argument_group("training"), _TRAINING)
    add_settings(parser.add_argument_group("running"), _RUNNING)
    add_json(parser)


@dataclass(frozen=True)
class Plan:
    """What a fit would take.

    Attributes
    ----------
    counts : Estimate
        Of the text.
    parameters : float
        Bytes of parameters, accumulators and their copy, which no limit bounds.
    memory, disk : float
        Bytes at the peak, and of temporary files.
    seconds : dict of str to float
        By stage.
    """

    counts: Estimate
    parameters: float
    memory: float
    disk: float
    seconds: dict[str, float]


def plan(
    path: str, training: dict[str, Any] | None = None, *, memory: str | None = None, **counting: Any
) -> Plan:
    """Estimate a fit with these settings of training and of counting."""
    settings = resolve(training or {})
    counts = Cooccurrence.estimate(path, memory=memory, **counting)
    parameters, peak, disk = counts._sample.fit(
        settings["dim"], settings["optimizer"], settings["negative"]
    )
    seconds = _seconds(path, counts, settings, counting)
    return Plan(counts, parameters, _INTERPRETER + peak, disk, seconds)


def _seconds(
    path: str, counts: Estimate, training: dict[str, Any], counting: dict[str, Any]
) -> dict[str, float]:
    """Measure the speed of this machine on the beginning of the text."""
    size = os.path.getsize(path)
    with tempfile.NamedTemporaryFile(suffix=".txt") as sample:
        with open(path, "rb") as file:
            text = file.read(_SAMPLE)
        if len(text) == _SAMPLE:
            text = text[: max(text.rfind(b"\n"), text.rfind(b" ")) + 1]
        sample.write(text)
        sample.flush()
        # Words as rare in the sample as those that min_count leaves in the text.
        least = counting.get("min_count", Glove().min_count) * len(text) / max(size, 1)
        counting |= {"min_count": max(round(least), 1), "progress": False}
        start = time.perf_counter()
        X = Cooccurrence.from_corpus(sample.name, **counting)
        counted = time.perf_counter() - start
    threads = counting.get("threads")
    negative = training["negative"]
    tiling, _ = _timed(X, 1, negative, threads)
    preparing, (first, later) = _timed(X, training["dim"], negative, threads)
    # Tiles grow with the records, the parameters beside them with the words.
    growth = counts.records / X.nnz
    rows = max(preparing - tiling, 0.0) * counts.words / len(X.vocabulary)
    return {
        "counting": counted * size / len(text),
        "preparing": tiling * growth + rows,
        "training": growth * (first + (training["epochs"] - 1) * later),
    }


def _timed(
    X: Cooccurrence, dim: int, negative: float, threads: int | None
) -> tuple[float, list[float]]:
    """Return the seconds of preparing for training and of two epochs."""
    # A rate of 0 is refused; at this one nothing diverges.
    model = Glove(
        dim,
        negative=negative,
        epochs=2,
        learning_rate=1e-6,
        bias_learning_rate=1e-6,
        threads=threads,
        progress=False,
    )
    start = time.perf_counter()
    seconds = model.fit_cooccurrence(X).history.seconds
    return time.perf_counter() - start - sum(seconds), seconds


def _estimate(options: argparse.Namespace) -> None:
    _inputs.corpus([options.corpus])
    training = resolve(given(options, _TRAINING))
    dim = training["dim"]
    found = plan(options.corpus, training, **given(options, (*_COUNTING, *_RUNNING)))
    try:
        within = memory_bytes(options.within)
    except ValueError as error:
        raise ValueError(str(error).replace("memory must", "within must", 1)) from None
    available = free_memory() if within is None else within
    advice = _advice(found, dim, training["negative"], available)
    counts = found.counts
    total = sum(found.seconds.values())
    result = {
        "tokens": counts.tokens,
        "words": counts.words,
        "records": counts.records,
        "memory": round(found.memory),
        "parameters": round(found.parameters),
        "disk": round(found.disk),
        "seconds": {**found.seconds, "total": total},
        "bytes_read": counts.bytes_read,
        "bytes_total": counts.bytes_total,
        "within": round(available),
        "advice": advice,
    }
    rows = [
        ("text", f"{_bytes(counts.bytes_total)}, {_bytes(counts.bytes_read)} of it read"),
        ("tokens", f"about {_round(counts.tokens):,}"),
        ("words", f"about {_round(counts.words):,}"),
        ("records", f"about {_round(counts.records):,}"),
        (
            "memory",
            f"about {_bytes(found.memory)}, of which {_bytes(found.parameters)} for parameters of "
            f"dim {dim}",
        ),
        ("disk", f"about {_bytes(found.disk)} of temporary files" if found.disk else "none"),
        (
            "time",
            f"about {_time(total)}: "
            + ", ".join(f"{name} {_time(s)}" for name, s in found.seconds.items()),
        ),
        (f"within {_bytes(available)}", advice["text"]),
    ]
    emit(options, result, columns(rows))


def _advice(found: Plan, dim: int, negative: float, available: float) -> dict[str, Any]:
    """Say which settings fit into so much memory."""
    if found.memory <= available:
        return {"fits": True, "text": "fits as it is"}
    sample = found.counts._sample
    room = available - _INTERPRETER
    limit = sample.limit_within(dim, negative, room, _LEAST_LIMIT)
    if limit is not None:
        disk = sample.fit(dim, negative, limit)[2]
        text = f"--memory {limit // 10**6}MB (about {_bytes(disk)} of temporary files)"
        return {"fits": False, "memory": limit, "text": text}
    fits = (d for d in _DIMS if d < dim and sample.fit(d, negative, _LEAST_LIMIT)[1] <= room)
    narrow = next(fits, None)
    excess = sample.fit(dim, negative, _LEAST_LIMIT)[1] - room
    words = int(found.counts.words * (1 - excess / found.parameters)) // 100 * 100
    choices = {"dim": narrow, "max_vocab": words if words > 0 else None}
    flags = [f"--{name.replace('_', '-')} {value}" for name, value in choices.items() if value]
    text = "the parameters alone are too large"
    if flags:
        text += f": {' or '.join(flags)}, with --memory {_LEAST_LIMIT // 10**6}MB"
    return {"fits": False, "memory": _LEAST_LIMIT, **choices, "text": text}


def _round(n: float) -> int:
    """Round to three digits: more are not known."""
    return int(float(f"{n:.3g}"))


def _bytes(n: float) -> str:
    for unit, size in (("GB", 1e9), ("MB", 1e6)):
        if n >= size:
            return f"{n / size:.3g} {unit}"
    return f"{n / 1e3:.3g} kB"


def _time(seconds: float) -> str:
    if seconds >= 5400:
        return f"{seconds / 3600:.1f} h"
    return f"{seconds / 60:.1f} min" if seconds >= 90 else f"{seconds:.2g} s"
