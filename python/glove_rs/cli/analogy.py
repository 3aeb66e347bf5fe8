"""``glove-rs analogy``: the answer to A is to B as C is to what."""

from __future__ import annotations

import argparse

from .. import WordVectors
from ._neighbours import lines, neighbours, search_arguments
from ._options import add_parameters
from ._parser import Commands, command
from ._printing import add_json, emit
from ._vectors import add_subwords, add_vectors, read_vectors

__all__ = ["add"]


def add(commands: Commands) -> None:
    """Add the command."""
    parser = command(
        commands,
        "analogy",
        _analogy,
        "VECTORS A B C [options]",
        summary="answer: A is to B as C is to what?",
        text="Print the words nearest to B - A + C.",
        example="glove-rs analogy model man king woman --topn 3",
    )
    add_vectors(parser)
    add_subwords(parser)
    for name in ("a", "b", "c"):
        parser.add_argument(name, metavar=name.upper(), help="a word")
    add_parameters(parser.add_argument_group("search"), WordVectors.analogy, ["topn"])
    add_json(parser)


def _analogy(options: argparse.Namespace) -> None:
    search = search_arguments(options, ("topn",))
    found = read_vectors(options).analogy(options.a, options.b, options.c, **search)
    emit(options, neighbours(found), lines(found))
