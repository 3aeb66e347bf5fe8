"""The argument VECTORS of a command, and the options that say how to read it."""

from __future__ import annotations

import argparse

from .. import WordVectors
from . import _inputs
from ._options import add_parameters, given
from ._parser import Parser

__all__ = ["add_subwords", "add_vectors", "read_vectors"]


def add_vectors(parser: Parser) -> None:
    """Add the argument VECTORS and the options for reading it."""
    parser.add_argument(
        "vectors",
        metavar="VECTORS",
        help="a model, the folder of a model, or a vector file in any usual format",
    )
    parser.add_argument(
        "--vocab",
        metavar="FILE",
        help="file of the words, if VECTORS is a .bin of Stanford's glove",
    )
    add_parameters(parser.add_argument_group("reading"), WordVectors.load, _inputs.VECTOR_FILE)


def add_subwords(parser: Parser) -> None:
    """Add the option --subwords, for words that have no vector."""
    parser.add_argument(
        "--subwords",
        metavar="FILE",
        default=argparse.SUPPRESS,
        help="a subword model that glove-rs subwords wrote: unknown words get a vector from their "
        "spelling (default: the subword model within the model VECTORS, if it has one)",
    )


def read_vectors(options: argparse.Namespace, path: str | None = None) -> WordVectors:
    """Read the vectors at `path`, by default VECTORS, with the options that were given."""
    reading = given(options, (*_inputs.VECTOR_FILE, "subwords"))
    return _inputs.vectors(options.vectors if path is None else path, options.vocab, **reading)
