"""``glove-rs similar`` and ``analogy`` search nearest words; ``infer`` computes a new vector."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator
from contextlib import suppress
from typing import Any

from .. import WordVectors
from .._checks import integer
from ..vectors import Neighbours
from . import _inputs
from ._options import add_parameters, add_settings, given
from ._parser import Commands, command
from ._printing import add_json, columns, emit, say
from ._vectors import add_subwords, add_vectors, read_vectors

__all__ = ["add"]

#: The only parameter of the section "source" that `infer` takes: the options of the store of a URL.
_STORE = ("storage_options",)


def add(commands: Commands) -> None:
    """Add the commands."""
    _add_similar(commands)
    _add_analogy(commands)
    _add_infer(commands)


def _neighbours(found: Neighbours) -> list[dict[str, Any]]:
    return [{"word": word, "cosine": cosine} for word, cosine in found]


def _lines(found: Neighbours) -> str:
    return columns((word, f"{cosine:.4f}") for word, cosine in found)


# --- similar --------------------------------------------------------------------------------------


def _add_similar(commands: Commands) -> None:
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


_SEARCH = ("topn", "restrict_vocab")


def _search(options: argparse.Namespace, names: tuple[str, ...]) -> dict[str, Any]:
    """Return the parameters of a search that were given; refuse a `topn` below 1."""
    search = given(options, names)
    integer("topn", search.get("topn", 1), 1)
    return search


def _similar(options: argparse.Namespace) -> int:
    search = _search(options, _SEARCH)
    wv = read_vectors(options)
    if options.negative:
        found = wv.most_similar(options.words, options.negative, **search)
        emit(options, _neighbours(found), _lines(found))
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
        result["similar"], text = _neighbours(found), _lines(found)
        # One line of JSON for each word, so that programs can read the lines as a stream.
        emit(options, result, f"{word}\n{_indented(text)}\n" if several else text)
    return code


def _indented(text: str) -> str:
    return "\n".join(f"  {line}" for line in text.splitlines())


def _words(file: Any) -> Iterator[str]:
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


# --- analogy --------------------------------------------------------------------------------------


def _add_analogy(commands: Commands) -> None:
    parser = command(
        commands,
        "analogy",
        _analogy,
        "VECTORS A B C [options]",
        summary="answer: A is to B as C is to what?",
        text="Print the words nearest to B - A + C.",
        example="glove-rs analogy model man king woman --topn 3",
    )
    add_vectors(parser)
    add_subwords(parser)
    for name in ("a", "b", "c"):
        parser.add_argument(name, metavar=name.upper(), help="a word")
    add_parameters(parser.add_argument_group("search"), WordVectors.analogy, ["topn"])
    add_json(parser)


def _analogy(options: argparse.Namespace) -> None:
    search = _search(options, ("topn",))
    found = read_vectors(options).analogy(options.a, options.b, options.c, **search)
    emit(options, _neighbours(found), _lines(found))


# --- infer ----------------------------------------------------------------------------------------


def _add_infer(commands: Commands) -> None:
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
    search = _search(options, ("topn",))
    model = _inputs.model(options.model)
    examples = _inputs.documents(options.files, model.errors, **given(options, _STORE))
    vector = model.infer_vector(examples, options.word)
    result: dict[str, Any] = {"word": options.word, "vector": vector.tolist()}
    # A float32 that is written with nine digits is read back with the same bits.
    text = " ".join([*filter(None, [options.word]), *(f"{x:.9g}" for x in vector)])
    if search:
        found = model.vectors.most_similar([vector], topn=search["topn"])
        result["similar"], text = _neighbours(found), _lines(found)
    emit(options, result, text)
