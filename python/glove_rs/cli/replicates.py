"""``glove-rs bootstrap`` and ``compare``: intervals from resampled texts, and changed words."""

from __future__ import annotations

import argparse
import os
from typing import TYPE_CHECKING, Any

from .. import Glove
from .._checks import integer
from .._io.text_file import read_text
from .._settings import names
from . import _inputs
from ._options import add_settings, given
from ._parser import Commands, command
from ._printing import add_json, emit

if TYPE_CHECKING:
    from .. import Bootstrap, WordVectors
    from .._results import IntervalTable

__all__ = ["add"]

_SOURCE = names("source")
_TRAINING, _RUNNING = names("training"), names("running")
_TOPN = 10


def add(commands: Commands) -> None:
    """Add the commands."""
    _add_bootstrap(commands)
    _add_compare(commands)


# --- bootstrap ------------------------------------------------------------------------------------


def _add_bootstrap(commands: Commands) -> None:
    parser = command(
        commands,
        "bootstrap",
        _bootstrap,
        "[CORPUS...] --out FOLDER [options]",
        summary="train models of resampled texts, for intervals",
        text=(
            "Train a model on CORPUS, and replicates of this model, each on a text that is "
            "resampled from CORPUS. Write the models to FOLDER. A run that was interrupted goes on "
            "if it is started again with the same options. Without CORPUS, read the models in "
            "FOLDER instead. Then print the similarities of --pair and the neighbours of --near, "
            "with intervals."
        ),
        example=(
            "glove-rs bootstrap corpus.txt --out study --replicates 20\n"
            "glove-rs bootstrap --out study --pair ice steam --near ice"
        ),
        renamed={"by": "groups", "n": "replicates", "path": "out"},
    )
    parser.add_argument("corpus", metavar="CORPUS", nargs="*", help="texts, as for glove-rs fit")
    parser.add_argument("--out", metavar="FOLDER", required=True, help="folder of the models")
    parser.add_argument(
        "--replicates",
        metavar="N",
        type=int,
        default=50,
        help="number of replicates (default: 50)",
    )
    parser.add_argument(
        "--method",
        choices=["bootstrap", "jackknife"],
        default="bootstrap",
        help="how to resample: draw documents with replacement (bootstrap), or leave out a block "
        "of documents (jackknife) (default: bootstrap)",
    )
    parser.add_argument(
        "--replicate-epochs",
        metavar="N",
        type=int,
        help="number of passes over the counts of a replicate (default: the number of --epochs; "
        "but 4 with the default method, epochs, learning rate, schedule and optimizer, if dim is "
        "at most 100 and the text has at least 300,000 tokens)",
    )
    parser.add_argument(
        "--groups",
        metavar="FILE",
        help="resample groups of documents: a file with the group of each document, one on a line",
    )
    parser.add_argument(
        "--pair",
        metavar=("WORD", "WORD"),
        nargs=2,
        action="append",
        default=[],
        help="print the similarity of two words; can be repeated",
    )
    parser.add_argument(
        "--near",
        metavar="WORD",
        action="append",
        default=[],
        help="print the nearest neighbours of a word; can be repeated",
    )
    add_settings(parser.add_argument_group("counting"), (*_SOURCE, *_inputs.TEXT_TO_COUNTS))
    add_settings(parser.add_argument_group("training"), _TRAINING)
    add_settings(parser.add_argument_group("running"), _RUNNING)
    add_json(parser)


def _bootstrap(options: argparse.Namespace) -> None:
    from .. import Bootstrap, bootstrap

    replicates = integer("replicates", options.replicates, 0)
    if options.corpus:
        model = Glove(**given(options, (*_inputs.TEXT_TO_COUNTS, *_TRAINING, *_RUNNING)))
        by = None
        if options.groups is not None:
            by = read_text(options.groups).splitlines()
        result = bootstrap(
            model,
            _inputs.corpus(options.corpus),
            replicates,
            unit="document" if by is None else "group",
            by=by,
            method=options.method,
            replicate_epochs=options.replicate_epochs,
            seed=model.seed,
            path=options.out,
            **given(options, _SOURCE),
        )
    else:
        result = Bootstrap.load(options.out)
    _show(options, result)


def _show(options: argparse.Namespace, result: Bootstrap) -> None:
    answer: dict[str, Any] = {"out": options.out, "models": len(result), **result.settings}
    parts = [str(result)]
    if options.pair:
        table = result.similarities(map(tuple, options.pair))
        answer["similarities"] = list(table)
        parts.append(str(table))
    for word in options.near:
        table = result.neighbours(word)
        answer.setdefault("neighbours", {})[word] = list(table)
        parts.append(str(table))
    emit(options, answer, "\n\n".join(parts))


# --- compare --------------------------------------------------------------------------------------


def _add_compare(commands: Commands) -> None:
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
