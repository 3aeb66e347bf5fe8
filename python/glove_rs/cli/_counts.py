"""The argument COUNTS of the queries on counts."""

from __future__ import annotations

import argparse

from .. import Cooccurrence
from .._settings import names
from . import _inputs
from ._options import given
from ._parser import Parser

__all__ = ["add_counts", "read_counts"]


def add_counts(parser: Parser) -> None:
    """Add the argument COUNTS and the option --vocab."""
    parser.add_argument(
        "counts", metavar="COUNTS", help="file of glove-rs cooccur, or Stanford's records"
    )
    parser.add_argument(
        "--vocab",
        dest="vocabulary",
        metavar="FILE",
        help="file of the words, if COUNTS are records of Stanford's tools",
    )


def read_counts(options: argparse.Namespace) -> Cooccurrence:
    """Read the counts COUNTS."""
    return _inputs.counts(options.counts, options.vocabulary, **given(options, names("running")))
