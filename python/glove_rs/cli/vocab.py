"""``glove-rs vocab``: count the words of a text."""

from __future__ import annotations

import argparse
from typing import Any

from .. import Vocabulary
from .._settings import names
from . import _inputs
from ._corpus import add_corpus
from ._options import add_settings, given, given_files
from ._output_files import add_overwrite, check_files, written
from ._parser import Commands, command

__all__ = ["add"]

_SOURCE = names("source")
_VOCABULARY = names("reading", "vocabulary")
_RUNNING = names("running")


def add(commands: Commands) -> None:
    """Add the command."""
    parser = command(
        commands,
        "vocab",
        _vocab,
        "CORPUS... [options]",
        summary="count the words of a text",
        text=(
            "Write each word and its count, most frequent first, in the format of Stanford's "
            "vocabulary files."
        ),
        example=(
            "glove-rs vocab corpus.txt --min-count 10 -o vocab.txt\n"
            "zcat corpus.gz | glove-rs vocab - | head"
        ),
    )
    add_corpus(parser)
    parser.add_argument(
        "-o",
        "--output",
        metavar="FILE",
        default="-",
        help="file to write; - is standard output (default: -)",
    )
    add_overwrite(parser)
    add_settings(parser.add_argument_group("counting"), (*_SOURCE, *_VOCABULARY))
    add_settings(parser.add_argument_group("running"), _RUNNING)


def _vocab(options: argparse.Namespace) -> None:
    outputs, inputs = {"output": options.output}, [*options.corpus, *given_files(options)]
    check: dict[str, Any] = {"overwrite": options.overwrite, "contents": {"output": "vocabulary"}}
    check_files(outputs, inputs, **check)
    settings = given(options, (*_SOURCE, *_VOCABULARY, *_RUNNING))
    words = Vocabulary.from_corpus(_inputs.corpus(options.corpus), **settings)
    check_files(outputs, inputs, **check)
    with written(options.output, overwrite=options.overwrite) as path:
        words.save(path)
