"""``glove-rs estimate``: predict the memory, disk space and time of a run."""

from __future__ import annotations

import argparse
import re
from dataclasses import asdict
from typing import Any

from .. import FitEstimate, Glove
from .._checks import memory_bytes
from .._settings import names
from .._text import amount
from . import _inputs
from ._machine import free_memory
from ._options import add_settings, flag, given
from ._parser import Commands, command
from ._printing import add_json, columns, emit

__all__ = ["add"]

_SOURCE = names("source")
# The parameters of the section "running" that decide an estimate.
_LIMITS_OF_ESTIMATE = ("threads", "memory")
_TRAINING = ("preset", "dim", "epochs", "negative", "optimizer")


def add(commands: Commands) -> None:
    """Add the command."""
    parser = command(
        commands,
        "estimate",
        _estimate,
        "CORPUS... [options]",
        summary="predict the memory, disk space and time of a run",
        text=(
            "Count a sample of a text, or all of a short text, and train on the sample for two "
            "epochs. Print how many tokens, words and records the text has, how much memory, "
            "disk space and time glove-rs fit needs, and settings that need less memory. A range "
            "in brackets comes from the spread of samples of real texts; the true number can lie "
            "outside."
        ),
        example="glove-rs estimate corpus.txt --dim 300 --epochs 15 --within 8GB",
    )
    parser.add_argument(
        "corpus",
        metavar="CORPUS",
        nargs="+",
        help="texts, as for glove-rs fit; - is standard input",
    )
    parser.add_argument(
        "--within",
        metavar="MEMORY",
        help="memory that the run may use, such as 512MB or 8GiB (default: the free memory)",
    )
    add_settings(parser.add_argument_group("counting"), (*_SOURCE, *_inputs.TEXT_TO_COUNTS))
    add_settings(parser.add_argument_group("training"), _TRAINING)
    add_settings(parser.add_argument_group("running"), _LIMITS_OF_ESTIMATE)
    add_json(parser)


def _estimate(options: argparse.Namespace) -> None:
    try:
        within = memory_bytes(options.within)
    except ValueError as error:
        raise ValueError(str(error).replace("memory must", "within must", 1)) from None
    model = Glove(**given(options, (*_inputs.TEXT_TO_COUNTS, *_TRAINING, *_LIMITS_OF_ESTIMATE)))
    # glove-rs fit keeps the counts only for --save-counts.
    found = model.estimate(
        _inputs.corpus(options.corpus), keep_counts=False, **given(options, _SOURCE)
    )
    available = round(free_memory()) if within is None else within
    advice = found.within(available)
    text = re.sub(r"(\w+)=", lambda setting: f"{flag(setting[1])} ", str(advice))
    result = {**_numbers(found), "within": available, "advice": {**asdict(advice), "text": text}}
    emit(options, result, columns([*found.rows(), (f"within {amount(available)}", text)]))


def _numbers(found: FitEstimate) -> dict[str, Any]:
    counts = found.counts
    return {
        **{name: getattr(counts, name) for name in ("tokens", "words", "records")},
        **{name: getattr(found, name) for name in ("memory", "parameters", "disk")},
        "bounds": {**counts.bounds, **found.bounds},
        "epochs": found.epochs,
        "seconds": {**found.seconds, "total": sum(found.seconds.values())},
        "bytes_read": counts.bytes_read,
        "bytes_total": counts.bytes_total,
    }
