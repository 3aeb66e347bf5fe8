"""``glove-rs contexts``: the words that co-occur with a word."""

from __future__ import annotations

import argparse

from .. import Cooccurrence
from .._settings import names
from ._counts import add_counts, read_counts
from ._options import add_parameters, add_settings, given
from ._parser import Commands, command
from ._printing import add_json, emit

__all__ = ["add"]

_CONTEXTS = ("topn", "by", "min_count")


def add(commands: Commands) -> None:
    """Add the command."""
    parser = command(
        commands,
        "contexts",
        _contexts,
        "COUNTS WORD [options]",
        summary="print the words that co-occur with a word",
        text=(
            "Print the context words of WORD with their counts, probabilities and measures of "
            "association, sorted by one of them."
        ),
        example=(
            "glove-rs contexts counts ice --by llr\n"
            "glove-rs contexts counts ice --by pmi --min-count 5 --topn 50"
        ),
    )
    add_counts(parser)
    parser.add_argument("word", metavar="WORD", help="a word of the vocabulary")
    add_parameters(parser.add_argument_group("contexts"), Cooccurrence.contexts, _CONTEXTS)
    add_json(parser)
    add_settings(parser.add_argument_group("running"), names("running"))


def _contexts(options: argparse.Namespace) -> None:
    found = read_counts(options).contexts(options.word, **given(options, _CONTEXTS))
    values = {name: column.tolist() for name, column in found.values.items()}
    rows = [
        {"context": word, **dict(zip(values, line, strict=True))}
        for word, *line in zip(found.words, *values.values(), strict=True)
    ]
    emit(options, {"word": found.word, "by": found.by, "contexts": rows}, str(found))
