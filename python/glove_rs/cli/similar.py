"""``glove-rs similar``: the nearest words."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator
from contextlib import suppress
from typing import Any

from .. import WordVectors
from ._neighbours import lines, neighbours, search_arguments
from ._options import add_parameters
from ._parser import Commands, command
from ._printing import add_json, emit, say
from ._vectors import add_subwords, add_vectors, read_vectors

__all__ = ["add"]

_SEARCH = ("topn", "restrict_vocab")


def add(commands: Commands) -> None:
    """Add the command."""
    parser = command(
        commands,
        "similar",
        _similar,
        "VECTORS [WORD...] [options]",
        summary="find the nearest words",
        text=(
            "Print the words nearest to each WORD by cosine. Without WORD, words are read from "
            "standard input, after a prompt if it is a terminal. For an unknown word an error is "
            "printed, the other words are looked up, and the exit code is 1."
        ),
        example=(
            "glove-rs similar model ice steam --topn 5\n"
            "glove-rs similar vectors.txt king woman --not man\n"
            "head -n 3 vocab.txt | cut -d ' ' -f 1 | glove-rs similar model --json"
        ),
    )
    add_vectors(parser)
    add_subwords(parser)
    parser.add_argument("words", metavar="WORD", nargs="*", help="words to look up")
    parser.add_argument(
        "--not",
        dest="negative",
        metavar="WORD",
        action="append",
        help="make one query: find the words near all WORDs together and far from this word",
    )
    add_parameters(parser.add_argument_group("search"), WordVectors.most_similar, _SEARCH)
    add_json(parser)


def _similar(options: argparse.Namespace) -> int:
    search = search_arguments(options, _SEARCH)
    wv = read_vectors(options)
    if options.negative:
        found = wv.most_similar(options.words, options.negative, **search)
        emit(options, neighbours(found), lines(found))
        return 0
    several, code = len(options.words) != 1, 0
    for word in options.words or _words(sys.stdin):
        result: dict[str, Any] = {"word": word, "similar": []}
        try:
            found = wv.most_similar(word, **search)
        except KeyError as error:
            # Continue with the other words.
            code, reason = 1, str(error)
            say(f"glove-rs similar: {reason}")
            if options.json:
                emit(options, {**result, "error": reason}, "")
            continue
        result["similar"], text = neighbours(found), lines(found)
        # One line of JSON for each word, so that programs can read the lines as a stream.
        emit(options, result, f"{word}\n{_indented(text)}\n" if several else text)
    return code


def _indented(text: str) -> str:
    return "\n".join(f"  {line}" for line in text.splitlines())


def _words(file: Any) -> Iterator[str]:
    if file is None:
        raise OSError(9, "is closed", "/dev/stdin")
    for line in _prompted() if file.isatty() else file:
        yield from line.split()


def _prompted() -> Iterator[str]:
    """Yield the lines that a user types, until the end of input."""
    with suppress(ImportError):
        import readline  # noqa: F401 - gives `input` a history
    while True:
        try:
            yield input("word> ")
        except EOFError:
            print()
            return
