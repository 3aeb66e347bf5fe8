"""``subwords``: fit character n-grams to vectors, so that any word has a vector."""

from __future__ import annotations

import argparse

from .. import Subwords, Vocabulary
from . import _inputs
from ._options import add_parameters, add_settings, given
from ._output import add_overwrite, check_files, refuse_terminal, written
from ._parser import Commands, command
from ._vectors import add_vectors, read_vectors

__all__ = ["add"]

_FITTING = ("min_n", "max_n", "min_words", "penalty", "steps")


def add(commands: Commands) -> None:
    """Add the command."""
    parser = command(
        commands,
        "subwords",
        _subwords,
        "VECTORS OUTPUT [options]",
        summary="fit character n-grams to vectors, for words that have none",
        text=(
            "Fit a vector to each n-gram of characters of the words, and write this subword model "
            "to OUTPUT. It predicts the vector of any word from its spelling: give it to glove-rs "
            "similar or analogy with --subwords. The words of a model weigh by their counts."
        ),
        example=(
            "glove-rs subwords glove.6B.100d.txt subwords\n"
            "glove-rs similar glove.6B.100d.txt unfollowable --subwords subwords"
        ),
    )
    add_vectors(parser)
    parser.add_argument("output", metavar="OUTPUT", help="file to write; - is standard output")
    add_overwrite(parser)
    parser.add_argument(
        "--counts",
        metavar="FILE",
        help="words and their counts, as text: rare words weigh less (default: those of a model; "
        "without counts all words weigh the same)",
    )
    group = parser.add_argument_group("fitting")
    add_parameters(group, Subwords.fit, _FITTING)
    add_settings(group, ["threads"])


def _subwords(options: argparse.Namespace) -> None:
    inputs = [options.vectors, options.vocab, options.counts]
    refuse_terminal(options.output)
    check_files({"output": options.output}, inputs, overwrite=options.overwrite)
    counts = None if options.counts is None else Vocabulary.load(options.counts)
    if counts is None and _inputs.is_model(options.vectors):
        model = _inputs.model(options.vectors, None)
        wv, counts = (
            _inputs.vectors_of(model.vectors, given(options, _inputs.READING)),
            model.vocabulary,
        )
    else:
        wv = read_vectors(options)
    subwords = Subwords.fit(wv, counts=counts, **given(options, (*_FITTING, "threads", "progress")))
    check_files({"output": options.output}, inputs, overwrite=options.overwrite)
    with written(options.output, overwrite=options.overwrite) as path:
        subwords.save(path)
