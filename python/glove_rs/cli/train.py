"""``glove-rs train``: train on counts."""

from __future__ import annotations

import argparse

from .. import Glove
from .._settings import CONSTRUCTOR, names
from . import _inputs
from ._options import given
from ._parser import Commands, command
from ._training_options import add_training, fitting_arguments
from ._training_output import Outputs, add_out, finish, refuse_spaces

__all__ = ["add"]

_RUNNING = names("running")


def add(commands: Commands) -> None:
    """Add the command."""
    parser = command(
        commands,
        "train",
        _train,
        "COUNTS --out DIR [options]",
        summary="train on counts",
        text=(
            "Train word vectors on the counts of glove-rs cooccur, or on the records of Stanford's "
            "tools, sorted or shuffled. The output folder has the same files as that of glove-rs "
            "fit."
        ),
        example=(
            "glove-rs train counts --out model --dim 100\n"
            "glove-rs train cooccurrence.shuf.bin --vocab vocab.txt --x-max 10 --out model"
        ),
    )
    parser.add_argument("counts", metavar="COUNTS", help="file of counts or records")
    add_out(parser)
    parser.add_argument(
        "--vocab",
        dest="vocabulary",
        metavar="FILE",
        help="file of the words, if COUNTS are records of Stanford's tools",
    )
    parser.add_argument(
        "--start",
        metavar="MODEL",
        help="continue from this model, or from Stanford's parameters (.bin), for --epochs more "
        "epochs",
    )
    parser.add_argument(
        "--gradsq",
        metavar="FILE",
        help="with --start: file of the accumulators that belong to Stanford's parameters",
    )
    add_training(parser, ["adjacent"])


def _train(options: argparse.Namespace) -> None:
    inputs = [options.counts, options.vocabulary, options.start, options.gradsq]
    outputs = Outputs(options, inputs)
    parameters = given(options, CONSTRUCTOR)
    start = None
    if options.start is not None:
        start = _inputs.model(options.start, options.vocabulary, options.gradsq)
        parameters.setdefault("dim", start.W.shape[1])
    elif options.gradsq is not None:
        raise ValueError("gradsq must come with --start")
    model = Glove(**parameters)
    counts = _inputs.counts(options.counts, options.vocabulary, **given(options, _RUNNING))
    refuse_spaces(options.counts, counts.vocabulary)
    arguments = fitting_arguments(options)

    def train() -> None:
        model.fit_cooccurrence(counts, start=start, **arguments)

    finish(options, model, outputs, options.counts, train)
