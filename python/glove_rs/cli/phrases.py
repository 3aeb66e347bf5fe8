"""``glove-rs phrases``: find the phrases of a text."""

from __future__ import annotations

import argparse

from .._settings import names
from ..phrases import ENGLISH_CONNECTOR_WORDS, Phrases
from . import _inputs
from ._options import add_parameters, add_settings, given, given_files
from ._output_files import add_overwrite, check_files, written
from ._parser import Commands, command
from ._printing import add_json, emit, refuse_json_beside

__all__ = ["add"]

_SOURCE = names("source")
_RULE = ("min_count", "threshold", "scoring", "delimiter", "passes")
_TOKENS, _LIMITS = names("reading", "tokenizing"), names("limits")
_RUNNING = names("running")


def add(commands: Commands) -> None:
    """Add the command."""
    parser = command(
        commands,
        "phrases",
        _phrases,
        "CORPUS... -o FILE [options]",
        summary="find phrases, which other commands count as one word",
        text=(
            "Find phrases such as new york by the counts of neighbouring words, and write them to "
            "a file. Pass the file to fit, vocab or cooccur with --phrases."
        ),
        example=(
            "glove-rs phrases corpus.txt -o phrases --english\n"
            "glove-rs fit corpus.txt --phrases phrases --out model"
        ),
    )
    parser.add_argument("corpus", metavar="CORPUS", nargs="+", help="texts, as for glove-rs fit")
    parser.add_argument("-o", "--output", metavar="FILE", required=True, help="file to write")
    add_overwrite(parser)
    add_json(parser)
    group = parser.add_argument_group("phrases")
    group.add_argument(
        "--english",
        action="store_true",
        help='let words such as "of" and "the" stand within a phrase',
    )
    add_parameters(group, Phrases.learn, _RULE)
    add_settings(parser.add_argument_group("reading"), (*_SOURCE, *_TOKENS, *_LIMITS))
    add_settings(parser.add_argument_group("running"), _RUNNING)


def _phrases(options: argparse.Namespace) -> None:
    outputs, inputs = {"output": options.output}, [*options.corpus, *given_files(options)]
    contents = {"output": "phrases"}
    refuse_json_beside(options, outputs)
    check_files(outputs, inputs, overwrite=options.overwrite, contents=contents)
    connectors = ENGLISH_CONNECTOR_WORDS if options.english else ()
    settings = given(options, (*_RULE, *_SOURCE, *_TOKENS, *_LIMITS, *_RUNNING))
    found = Phrases.learn(_inputs.corpus(options.corpus), connector_words=connectors, **settings)
    check_files(outputs, inputs, overwrite=options.overwrite, contents=contents)
    with written(options.output, overwrite=options.overwrite) as path:
        found.save(path)
    result = {"phrases": len(found), "saved": options.output}
    emit(options, result, f"{len(found):,} phrases", outputs.values())
