"""Runs each of Stanford's four tools with the core. ``compat.py`` reads their flags.

The function of a tool has the name of the tool, and gets the values of its flags by name, as
``compat.py`` declares them.
"""

from __future__ import annotations

import itertools
import os
import re
import sys
import time
from collections.abc import Iterator
from contextlib import suppress
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt

from .. import Cooccurrence, Glove, Vocabulary, _core
from .._fit import fitting
from .._fit.fit_options import CheckedFitOptions
from .._io import stanford
from ._inputs import local
from ._machine import free_memory, processors
from ._output_files import check_files, written

__all__ = ["cooccur", "glove", "say", "shuffle", "vocab_count"]

_F32: TypeAlias = npt.NDArray[np.float32]
_GIB = 2**30


def vocab_count(value: dict[str, Any]) -> None:
    check_files({"output": "-"}, ["-"], overwrite=True)
    every = Vocabulary.from_corpus(local("-"), min_count=1, progress=_bars(value))
    if "<unk>" in every:
        raise ValueError(
            "the text has a word <unk>, which is reserved for unknown words: rename it"
        )
    kept = every._core.pruned(max(value["min-count"], 0), max(value["max-vocab"], 0) or None)
    with written("-", overwrite=True) as output:
        kept.save(output)
    if value["verbose"] > 0:
        say(f"{sum(every.counts.tolist())} tokens, {len(every)} different words")
    say(f"Using vocabulary of size {len(kept)}.")


def cooccur(value: dict[str, Any]) -> None:
    check_files({"output": "-"}, ["-", value["vocab-file"]], overwrite=True)
    vocabulary = Vocabulary.load(value["vocab-file"])
    symmetric = value["symmetric"] != 0
    if value["verbose"] > 0:
        context = "symmetric" if symmetric else "left words only"
        say(f"{len(vocabulary)} words, window {value['window-size']}, {context}")
    counts = Cooccurrence.from_corpus(
        local("-"),
        vocabulary,
        window=value["window-size"],
        symmetric=symmetric,
        distance_weighting=value["distance-weighting"] != 0,
        adjacent=False,
        memory=_memory(value["memory"] * _GIB),
        tmp_dir=_folder(value["overflow-file"]),
        progress=_bars(value),
    )
    counts.save("-")
    if value["verbose"] > 0:
        say(f"{counts.nnz} records")


def shuffle(value: dict[str, Any]) -> None:
    check_files({"output": "-"}, ["-"], overwrite=True)
    seed = _seed(value)
    size = value["array-size"] * 16 or value["memory"] * _GIB
    running: _core._Running = {
        "threads": None,
        "memory": _memory(size),
        "tmp_dir": _folder(value["temp-file"]),
    }
    records = _core.shuffle("-", "-", seed, running, None)
    if value["verbose"] > 0:
        say(f"{records} records")


def glove(value: dict[str, Any]) -> None:
    every, last = value["checkpoint-every"], value["iter"]
    # The number of epochs may be huge: make no list of them.
    stops = range(every, last, every) if every > 0 else range(0)
    _check_outputs(value, stops)
    vocabulary = Vocabulary.load(value["vocab-file"])
    model = Glove(
        value["vector-size"],
        preset="paper",
        x_max=value["x-max"],
        alpha=value["alpha"],
        learning_rate=value["eta"],
        grad_clip=value["grad-clip"],
        # -seed is used for the initial parameters only. The order of training must not depend on
        # -seed: a training that loads saved initial parameters must give the same result as the
        # training that saved them, for any seed.
        seed=0,
        threads=min(value["threads"], processors()),
        memory=int(free_memory() / 2),
        tmp_dir=_folder(value["save-file"]),
    )
    arrays, done = _initial(value, len(vocabulary))
    counts = Cooccurrence.load(
        value["input-file"],
        vocabulary,
        threads=model.threads,
        memory=model.memory,
        tmp_dir=model.tmp_dir,
        progress=_bars(value),
    )
    say(f"{counts.nnz} records of {len(vocabulary)} words")
    if value["save-init-param"]:
        _save(value, vocabulary, arrays, 0)
    before = 0
    for stop in itertools.chain(stops, [last]) if last > 0 else ():
        model.epochs, model.progress = stop - before, _Log(done, before)
        start: Any = {**arrays, "epochs_done": done + before, "halvings": 0}
        fit_options = CheckedFitOptions(keep_counts=False)
        fitting.fit(model, counts, fit_options, None, resume=False, start=start)
        arrays = model._state.arrays
        if every > 0 and stop % every == 0:
            _save(value, vocabulary, arrays, stop)
        before = stop
    _save(value, vocabulary, arrays, None)


def _initial(value: dict[str, Any], words: int) -> tuple[dict[str, _F32], int]:
    """Return parameters and accumulators to start from, and the number of epochs already trained.

    The number is 0 if no accumulators are loaded. Otherwise it is the number of the epoch in the
    name of the file of accumulators, or 1 if the name has no number.
    """
    dim = value["vector-size"]
    if value["load-init-param"]:
        arrays = _loaded(value["init-param-file"], words, dim)
    else:
        arrays = _core.random_parameters(0, words, dim, _seed(value))
    if not value["load-init-gradsq"]:
        sums = stanford.start_accumulators(arrays)
        return arrays | {f"G_{name}": array for name, array in sums.items()}, 0
    sums = _loaded(value["init-gradsq-file"], words, dim)
    # The name of a checkpoint contains the number of its epoch. The order of records in later
    # epochs depends on this number.
    number = re.search(r"\.(\d{3,})\.bin$", value["init-gradsq-file"])
    done = int(number.group(1)) if number else 1
    return arrays | {f"G_{name}": array for name, array in sums.items()}, done


def _loaded(path: str, words: int, dim: int) -> dict[str, _F32]:
    arrays = stanford.read_parameters(path, words)
    if arrays["W"].shape[1] != dim:
        raise ValueError(
            f"{path}: its vectors have {arrays['W'].shape[1]} components, but -vector-size is {dim}"
        )
    return arrays


def _save(
    value: dict[str, Any], vocabulary: Vocabulary, arrays: dict[str, _F32], epoch: int | None
) -> None:
    """Write the files of a checkpoint, or the final files if `epoch` is None."""
    for _, path, prefix in _saved(value, epoch):
        if path.endswith(".bin"):
            stanford.write_parameters(path, arrays, prefix)
        else:
            stanford.write_text(
                path,
                vocabulary.words,
                stanford.text_rows(arrays, 0 if prefix else value["model"], prefix),
                header=bool(value["write-header"]) and not prefix,
                unk=not prefix,
            )


def _saved(value: dict[str, Any], epoch: int | None) -> Iterator[tuple[str, str, str]]:
    """Yield the flag, path and prefix of each file that :func:`_save` writes.

    The prefix tells which arrays the file gets: "" for the parameters, such as "W", and "G_" for
    the accumulators.
    """
    infix = "" if epoch is None else f".{epoch:03d}"
    for flag, prefix in ("save-file", ""), ("gradsq-file", "G_"):
        if base := value[flag]:
            if value["binary"] > 0 or epoch == 0:
                yield flag, f"{base}{infix}.bin", prefix
            if value["binary"] != 1:
                yield flag, f"{base}{infix}.txt", prefix


def _check_outputs(value: dict[str, Any], stops: range) -> None:
    """Refuse an output that is an input. Other files are replaced, as by Stanford's tools.

    `stops` has the epochs of the checkpoints before the last epoch.
    """
    last = value["iter"]
    checked = {0} if value["save-init-param"] else set()
    checked |= {last, *stops[:1]}
    checked |= {epoch for epoch in _numbers_in_names(value) if epoch in stops}
    inputs = [value["input-file"], value["vocab-file"]]
    inputs += [
        value[f"init-{what}-file"] for what in ("param", "gradsq") if value[f"load-init-{what}"]
    ]
    epochs: list[int | None] = [*sorted(checked), None]
    outputs = [(f"-{flag}", path) for epoch in epochs for flag, path, _ in _saved(value, epoch)]
    check_files(outputs, inputs, overwrite=True)


def _numbers_in_names(value: dict[str, Any]) -> set[int]:
    """Return the epochs of all checkpoints that may be a file that exists, or another output.

    These are the numbers in the names of the files that are in the folders of the outputs, and in
    the names of the final outputs.
    """
    names = {os.path.basename(path) for _, path, _ in _saved(value, None)}
    for folder in {_folder(path) for _, path, _ in _saved(value, None)}:
        with suppress(OSError):  # a missing folder has no files
            names.update(os.listdir(folder))
    return {int(number) for name in names for number in re.findall(r"\.(\d{3,})(?=\.)", name)}


class _Log:
    """A progress callback that prints a line for each epoch as soon as its loss is known."""

    def __init__(self, done: int, printed: int) -> None:
        self._done = done
        self._printed = printed

    def __call__(self, stage: str, done: int, total: int, info: dict[str, Any]) -> None:
        if info and info["epoch"] - self._done > self._printed:
            self._print(info["loss"])

    def _print(self, loss: float) -> None:
        self._printed += 1
        now = time.strftime("%x - %I:%M.%S%p")
        say(f"{now}, iter: {self._printed:03d}, cost: {loss:.6f}")


def _seed(value: dict[str, Any]) -> int:
    seed = value["seed"] or int(time.time())
    say(f"Using random seed {seed}")
    return int(seed) % 2**64


def _memory(size: float) -> int:
    """Return a memory limit in bytes, within the range that the API accepts."""
    return int(min(max(size, 16_000_000), 2**62))


def _folder(path: str) -> str:
    return os.path.dirname(path) or "."


def _bars(value: dict[str, Any]) -> bool | None:
    """Return the value of `progress` for the Python API: bars on a terminal from -verbose 2 on."""
    return None if value["verbose"] > 1 else False


def say(line: str) -> None:
    if sys.stderr is not None:
        print(line, file=sys.stderr, flush=True)
