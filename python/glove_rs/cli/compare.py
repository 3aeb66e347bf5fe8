"""``glove-rs compare``: words whose vectors differ between two models."""

from __future__ import annotations

import argparse
import os
from typing import TYPE_CHECKING

from .._checks import integer
from .._io.text_file import read_text
from . import _inputs
from ._parser import Commands, command
from ._printing import add_json, emit

if TYPE_CHECKING:
    from .. import Bootstrap, WordVectors
    from .._results import IntervalTable

__all__ = ["add"]

_TOPN = 10


def add(commands: Commands) -> None:
    """Add the command."""
    parser = command(
        commands,
        "compare",
        _compare,
        "A B [WORD...] [options]",
        summary="find words whose vectors differ between two models",
        text=(
            "Rotate the vectors of B to those of A, and print the words that changed most. A and B "
            "are vectors, models, or folders of glove-rs bootstrap. For two bootstraps the changes "
            "are corrected for noise and have intervals. With WORD, print the nearest neighbours "
            "of each WORD in both models instead."
        ),
        example=("glove-rs compare early late --topn 20\nglove-rs compare early late mouse cloud"),
    )
    parser.add_argument("a", metavar="A", help="vectors, a model, or a bootstrap")
    parser.add_argument("b", metavar="B", help="vectors, a model, or a bootstrap")
    parser.add_argument("words", metavar="WORD", nargs="*", help="words to look up in both")
    parser.add_argument(
        "--topn",
        metavar="N",
        type=int,
        default=_TOPN,
        help=f"number of words to print (default: {_TOPN})",
    )
    parser.add_argument(
        "--anchors",
        metavar="FILE",
        help="file of the anchor words, by which B is rotated to A, separated by white space "
        "(default: the first 20,000 words of A that B also has)",
    )
    parser.add_argument(
        "--aligned", action="store_true", help="A and B are in one space already: rotate nothing"
    )
    add_json(parser)


def _compare(options: argparse.Namespace) -> None:
    from .. import compare

    topn = integer("topn", options.topn, 1)
    a, b = _model(options.a), _model(options.b)
    if options.words:
        tables = {
            word: compare.neighbours(word, {f"A {options.a}": a, f"B {options.b}": b}, topn)
            for word in options.words
        }
        text = "\n\n".join(f"{word}\n{table}" for word, table in tables.items())
        emit(options, {word: list(table) for word, table in tables.items()}, text)
        return
    anchors = None
    if options.anchors is not None:
        anchors = read_text(options.anchors).split()
    table: IntervalTable = compare.changed_words(
        a, b, anchors=anchors, aligned=options.aligned, topn=topn
    )
    emit(options, {"note": table.title, "words": list(table)}, str(table))


def _model(path: str) -> Bootstrap | WordVectors:
    from .. import Bootstrap

    if os.path.isfile(os.path.join(path, "bootstrap.json")):
        return Bootstrap.load(path)
    return _inputs.vectors(path)
