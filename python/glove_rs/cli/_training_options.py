"""The options of training that ``fit``, ``train`` and ``update`` share."""

from __future__ import annotations

import argparse
from collections.abc import Iterable
from typing import Any

from .._settings import names
from . import _inputs
from ._options import add_settings, given
from ._parser import Parser

__all__ = ["FITTING", "add_training", "checkpointed", "fitting_arguments"]

#: The parameters of the section "fitting" that are options. keep_counts is not one, because a model
#: file does not contain the counts. --save-counts writes them to a file of their own.
FITTING = tuple(name for name in names("fitting") if name != "keep_counts")


def add_training(parser: Parser, more: Iterable[str] = ()) -> None:
    """Add the options of the model and of its training, and those of the settings `more`."""
    group = parser.add_argument_group("training")
    add_settings(group, (*names("training"), *more))
    group.add_argument(
        "--init",
        metavar="FILE",
        default=argparse.SUPPRESS,
        help="file of pretrained vectors: words in it start at these vectors, all other words at "
        "random",
    )
    add_settings(group, FITTING)
    add_settings(parser.add_argument_group("running"), names("running"))


def fitting_arguments(options: argparse.Namespace) -> dict[str, Any]:
    """Return the parameters of the section "fitting" that were given, and the vectors of --init."""
    arguments = checkpointed(given(options, ("init", *FITTING)))
    if "init" in arguments:
        arguments["init"] = _inputs.vectors(arguments["init"])
    return arguments


def checkpointed(arguments: dict[str, Any]) -> dict[str, Any]:
    """Return `arguments`, or refuse --checkpoint-every without --checkpoint-dir."""
    if "checkpoint_every" in arguments and arguments.get("checkpoint_dir") is None:
        raise ValueError("checkpoint_every must come with --checkpoint-dir")
    return arguments
