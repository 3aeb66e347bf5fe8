"""``glove-rs update``: train a model further with more text."""

from __future__ import annotations

import argparse

from .._settings import names
from . import _inputs
from ._corpus import add_corpus
from ._options import add_settings, given
from ._parser import Commands, command
from ._training_options import FITTING, checkpointed
from ._training_output import Outputs, add_out, add_save_counts, finish, refuse_spaces

__all__ = ["add"]

_SOURCE = names("source")
_RUNNING = names("running")
_UPDATING = tuple(name for name in FITTING if name not in {"anchor", "resume"})


def add(commands: Commands) -> None:
    """Add the command."""
    parser = command(
        commands,
        "update",
        _update,
        "MODEL CORPUS... --counts FILE --out DIR [options]",
        summary="train a model further with more text",
        text=(
            "Count more text with the settings of a model, add its counts to those of the earlier "
            "text, and continue the training. Words that are now frequent enough are added. The "
            "output folder has the same files as that of glove-rs fit."
        ),
        example=(
            "glove-rs update model more.txt --counts counts --out model2 --save-counts counts2"
        ),
    )
    parser.add_argument("model", metavar="MODEL", help="a model, or the folder of a model")
    add_corpus(parser)
    parser.add_argument(
        "--counts",
        metavar="FILE",
        required=True,
        help="file of the counts of the earlier text, from --save-counts or glove-rs cooccur",
    )
    add_out(parser)
    add_save_counts(parser)
    add_settings(parser.add_argument_group("counting"), _SOURCE)
    group = parser.add_argument_group("training")
    group.add_argument(
        "--epochs",
        type=int,
        metavar="N",
        default=argparse.SUPPRESS,
        help="number of passes over all counts (default: 0.4 times --epochs of the model or, if "
        "it was trained without, 0.4 times the number that fit would choose for all counts)",
    )
    group.add_argument(
        "--new-words",
        action=argparse.BooleanOptionalAction,
        default=argparse.SUPPRESS,
        help="add words that are now frequent enough (default: yes)",
    )
    add_settings(group, _UPDATING)
    add_settings(parser.add_argument_group("running"), _RUNNING)


def _update(options: argparse.Namespace) -> None:
    outputs = Outputs(options, [options.model, *options.corpus, options.counts])
    source = _inputs.corpus(options.corpus)
    arguments = checkpointed(given(options, ("epochs", "new_words", *_UPDATING)))
    running = given(options, _RUNNING)
    model = _inputs.model(options.model).set_params(**running)
    counts = _inputs.counts(options.counts, **running)
    refuse_spaces(options.counts, counts.vocabulary)

    def train() -> None:
        keep = options.save_counts is not None
        where = given(options, _SOURCE)
        model.update(source, counts=counts, keep_counts=keep, **where, **arguments)

    finish(options, model, outputs, ", ".join(options.corpus), train)
