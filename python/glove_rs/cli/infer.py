"""``glove-rs infer``: a vector for a word that training never saw."""

from __future__ import annotations

import argparse
from typing import Any

from . import _inputs
from ._neighbours import lines, neighbours, search_arguments
from ._options import add_settings, given
from ._parser import Commands, command
from ._printing import add_json, emit

__all__ = ["add"]

#: The only parameter of the section "source" that `infer` takes: the options of the store of a URL.
_STORE = ("storage_options",)


def add(commands: Commands) -> None:
    """Add the command."""
    parser = command(
        commands,
        "infer",
        _infer,
        "MODEL [FILE...] [options]",
        summary="compute a vector for a word that training never saw",
        text=(
            "Compute the vector of a word from examples of its use, one on each line, without "
            "training. Print the vector as a line of a vector file, or with --topn the words "
            "nearest to it. Without --word, the word must be left out of the examples: it is "
            "assumed to stand in the middle of each line."
        ),
        example=(
            "echo 'the queen meets the sultan' | glove-rs infer model --word sultan --topn 5\n"
            "glove-rs infer model examples.txt --word sultan >> vectors.txt"
        ),
    )
    parser.add_argument("model", metavar="MODEL", help="a model, or the folder of a model")
    parser.add_argument(
        "files",
        metavar="FILE",
        nargs="*",
        default=["-"],
        help="texts, as for glove-rs fit, with an example on each line; - is standard input "
        "(default: -)",
    )
    parser.add_argument("--word", metavar="WORD", help="the word, as it is written in the examples")
    parser.add_argument(
        "--topn",
        type=int,
        metavar="N",
        default=argparse.SUPPRESS,
        help="print the N nearest words instead of the vector",
    )
    add_json(parser)
    add_settings(parser.add_argument_group("source"), _STORE)


def _infer(options: argparse.Namespace) -> None:
    search = search_arguments(options, ("topn",))
    model = _inputs.model(options.model)
    examples = _inputs.documents(options.files, model.errors, **given(options, _STORE))
    vector = model.infer_vector(examples, options.word)
    result: dict[str, Any] = {"word": options.word, "vector": vector.tolist()}
    # A float32 that is written with nine digits is read back with the same bits.
    text = " ".join([*filter(None, [options.word]), *(f"{x:.9g}" for x in vector)])
    if search:
        found = model.vectors.most_similar([vector], topn=search["topn"])
        result["similar"], text = neighbours(found), lines(found)
    emit(options, result, text)
