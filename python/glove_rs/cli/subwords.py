"""``glove-rs subwords``: fit a subword model to vectors."""

from __future__ import annotations

import argparse

from .. import Subwords, Vocabulary
from . import _inputs
from ._options import add_parameters, add_settings, given
from ._output_files import add_overwrite, check_files, refuse_terminal, written
from ._parser import Commands, command
from ._vectors import add_vectors, read_vectors

__all__ = ["add"]

_REGRESSION = ("min_n", "max_n", "min_words", "penalty", "steps")


def add(commands: Commands) -> None:
    """Add the command."""
    parser = command(
        commands,
        "subwords",
        _subwords,
        "VECTORS OUTPUT [options]",
        summary="fit a subword model, which gives unknown words a vector",
        text=(
            "Fit a subword model to VECTORS, and write it to OUTPUT. The model has vectors of "
            "character n-grams, and predicts the vector of a word from the known n-grams of the "
            "word. glove-rs similar and analogy use the model with --subwords."
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
        help="file of the words and their counts, as text: rare words get a smaller weight "
        "(default: the counts of the model VECTORS; for other vectors, all words have weight 1)",
    )
    group = parser.add_argument_group("fitting")
    add_parameters(group, Subwords.fit, _REGRESSION)
    add_settings(group, ["threads"])


def _subwords(options: argparse.Namespace) -> None:
    inputs = [options.vectors, options.vocab, options.counts]
    refuse_terminal(options.output)
    outputs, contents = {"output": options.output}, {"output": "subwords"}
    check_files(outputs, inputs, overwrite=options.overwrite, contents=contents)
    counts = None if options.counts is None else Vocabulary.load(options.counts)
    if counts is None and _inputs.is_model(options.vectors):
        model = _inputs.model(options.vectors)
        wv, counts = (
            _inputs.selected_vectors(model.vectors, given(options, _inputs.VECTOR_FILE)),
            model.vocabulary,
        )
    else:
        wv = read_vectors(options)
    subwords = Subwords.fit(
        wv, counts=counts, **given(options, (*_REGRESSION, "threads", "progress"))
    )
    check_files(outputs, inputs, overwrite=options.overwrite, contents=contents)
    with written(options.output, overwrite=options.overwrite) as path:
        subwords.save(path)
