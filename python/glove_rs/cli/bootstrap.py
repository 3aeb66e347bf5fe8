"""``glove-rs bootstrap``: models of resampled texts, for intervals."""

from __future__ import annotations

import argparse
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
    from .. import Bootstrap

__all__ = ["add"]

_SOURCE = names("source")
_TRAINING, _RUNNING = names("training"), names("running")


def add(commands: Commands) -> None:
    """Add the command."""
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
