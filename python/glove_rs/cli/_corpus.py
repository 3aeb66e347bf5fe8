"""The argument CORPUS of the commands that count a text."""

from __future__ import annotations

from ._parser import Parser

__all__ = ["add_corpus"]


def add_corpus(parser: Parser) -> None:
    """Add the argument CORPUS: one or more texts."""
    parser.add_argument(
        "corpus",
        metavar="CORPUS",
        nargs="+",
        help="texts with a document on each line: files (plain or compressed), folders, patterns "
        "and URLs; - is standard input; with --column, tables",
    )
