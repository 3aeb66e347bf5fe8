"""``glove-rs fit``: count a text and train on it, here or on a cluster."""

from __future__ import annotations

import argparse
from typing import Any

from .. import Glove, Vocabulary
from .._settings import CONSTRUCTOR, names
from . import _inputs
from ._corpus import add_corpus
from ._options import add_settings, given
from ._parser import Commands, command
from ._training_options import add_training, fitting_arguments
from ._training_output import Outputs, add_out, add_save_counts, finish, refuse_spaces

__all__ = ["add"]

_SOURCE = names("source")
# The parameters that `DaskGlove` has and `Glove` does not have. They are listed here because
# `DaskGlove` cannot be imported without Dask, and `--help` must work without Dask.
_CLUSTER = ("partitions", "blocksize")


def add(commands: Commands) -> None:
    """Add the command."""
    parser = command(
        commands,
        "fit",
        _fit,
        "CORPUS... --out DIR [options]",
        summary="train on text, and write a folder with the model and other files",
        text=(
            "Count the co-occurrences of a text and train word vectors on them. The folder DIR "
            "gets the model (model.glove), its vocabulary (vocab.txt), settings (settings.json) "
            "and the loss of each epoch (history.csv)."
        ),
        example=(
            "glove-rs fit corpus.txt --out model --dim 100 --epochs 15 --memory 4GB\n"
            "glove-rs fit 's3://bucket/*.txt' --out model --scheduler tcp://host:8786"
        ),
    )
    add_corpus(parser)
    add_out(parser)
    add_save_counts(parser)
    parser.add_argument(
        "--vocab",
        dest="vocabulary",
        metavar="FILE",
        help="file of glove-rs vocab: train vectors of these words instead of choosing words by "
        "frequency",
    )
    add_settings(parser.add_argument_group("counting"), (*_SOURCE, *_inputs.TEXT_TO_COUNTS))
    add_training(parser)
    group = parser.add_argument_group("cluster (pip install dask distributed)")
    group.add_argument(
        "--scheduler",
        metavar="ADDRESS",
        help="count and train on the workers of this Dask scheduler, such as tcp://host:8786",
    )
    group.add_argument(
        "--partitions",
        type=int,
        metavar="N",
        default=argparse.SUPPRESS,
        help="with --scheduler: number of groups of words (default: the number of workers)",
    )
    group.add_argument(
        "--blocksize",
        metavar="SIZE",
        default=argparse.SUPPRESS,
        help="with --scheduler: size of the part of a text that a worker counts at a time "
        "(default: 64MiB)",
    )


def _fit(options: argparse.Namespace) -> None:
    outputs = Outputs(options, [*options.corpus, options.vocabulary])
    arguments = fitting_arguments(options)
    words = None if options.vocabulary is None else Vocabulary.load(options.vocabulary)
    if words is not None:
        refuse_spaces(options.vocabulary, words)
    source = _inputs.corpus(options.corpus)
    if options.scheduler is not None:
        _fit_on_cluster(options, source, words, arguments, outputs)
        return
    for name in given(options, _CLUSTER):
        raise ValueError(f"{name} must come with --scheduler")
    model = Glove(**given(options, CONSTRUCTOR))

    def train() -> None:
        keep = options.save_counts is not None
        where = given(options, _SOURCE)
        model.fit(source, vocabulary=words, keep_counts=keep, **where, **arguments)

    finish(options, model, outputs, ", ".join(options.corpus), train)


def _fit_on_cluster(
    options: argparse.Namespace,
    source: list[_inputs.Argument],
    words: Vocabulary | None,
    arguments: dict[str, Any],
    outputs: Outputs,
) -> None:
    if options.save_counts is not None:
        raise ValueError("save_counts must be left out with --scheduler: no machine has all counts")
    if "-" in options.corpus:
        raise ValueError(
            "corpus must be files or URLs with --scheduler: workers cannot read standard input"
        )
    from ..dask import DaskGlove  # imported first: without Dask, its error says what to install

    from distributed import Client  # isort: skip

    try:
        connected = Client(options.scheduler)
    except (ValueError, TypeError) as error:
        # Dask raises a TypeError for tls:// without certificates, and for the address of a worker.
        raise ValueError(
            "scheduler must be the address of a Dask scheduler, such as tcp://host:8786, got "
            f"{options.scheduler!r} ({error})"
        ) from error
    with connected as client:
        model = DaskGlove(client=client, **given(options, (*CONSTRUCTOR, *_CLUSTER)))

        def train() -> None:
            model.fit(source, vocabulary=words, **given(options, _SOURCE), **arguments)

        finish(options, model, outputs, ", ".join(options.corpus), train)
