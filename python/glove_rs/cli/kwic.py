"""``glove-rs kwic``: print every occurrence of a word with the words around it."""

from __future__ import annotations

import argparse
from typing import Any

from .. import kwic
from .._settings import names
from . import _inputs
from ._options import add_parameters, add_settings, given
from ._parser import Commands, command
from ._printing import add_json, emit

__all__ = ["add"]

_SEARCH = ("window", "match", "limit", "full_windows")
_SOURCE = names("source")
_TOKENS = names("reading", "tokenizing")


def add(commands: Commands) -> None:
    """Add the command."""
    parser = command(
        commands,
        "kwic",
        _kwic,
        "WORD [FILE...] [options]",
        summary="print every occurrence of a word with the words around it",
        text=(
            "Print each occurrence of WORD as soon as it is found, on a line of its own. The line "
            "has the number of the document, the words before the keyword, the keyword and the "
            "words after it, separated by tabs. If there are several files, the name of the file "
            "comes last. With --json, each line is a JSON object. WORD may be a phrase of several "
            "words."
        ),
        example=(
            "glove-rs kwic ice corpus.txt --window 4 --limit 10\n"
            "glove-rs kwic 'k*' corpus.txt --match glob --json | head -n 3"
        ),
        renamed={"text": "column"},
    )
    parser.add_argument("word", metavar="WORD", help="the keyword")
    parser.add_argument(
        "files",
        metavar="FILE",
        nargs="*",
        default=["-"],
        help="texts, as for glove-rs fit; - is standard input (default: -); with --column, tables",
    )
    add_parameters(parser.add_argument_group("search"), kwic.contexts, _SEARCH)
    add_settings(parser.add_argument_group("reading"), (*_SOURCE, *_TOKENS, "progress"))
    add_json(parser)


def _kwic(options: argparse.Namespace) -> None:
    def show(context: kwic.Context, metadata: Any) -> None:
        fields = [str(context.document), " ".join(context.left), context.keyword]
        fields += [" ".join(context.right), *map(str, metadata.values())]
        emit(options, context._asdict() | dict(metadata), "\t".join(fields))

    kwic.contexts(
        _inputs.corpus(options.files),
        options.word,
        text=getattr(options, "column", None),
        callback=show,
        **given(options, (*_SEARCH, "storage_options", *_TOKENS, "progress")),
    )
