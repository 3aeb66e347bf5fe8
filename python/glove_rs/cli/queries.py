"""``similar``, ``analogy``, ``infer`` and ``evaluate``: query vectors and measure them."""

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
from ._options import add_parameters, given
from ._output import add_json, columns, emit, say
from ._parser import Commands, Parser, command

__all__ = ["add"]

_EVALUATION = ("method", "restrict_vocab", "lowercase")


def add(commands: Commands) -> None:
    """Add the commands."""
    _add_similar(commands)
    _add_analogy(commands)
    _add_infer(commands)
    _add_evaluate(commands)


def _add_vectors(parser: Parser) -> None:
    """Add the argument of the vectors and the options that say how to read them."""
    parser.add_argument(
        "vectors",
        metavar="VECTORS",
        help="a model, the folder of a model, or a vector file in any usual format",
    )
    parser.add_argument(
        "--vocab", metavar="FILE", help="the words, if VECTORS is a .bin of Stanford's glove"
    )
    add_parameters(parser.add_argument_group("reading"), WordVectors.load, _inputs.READING)


def _add_subwords(parser: Parser) -> None:
    """Add the option for words that have no vector."""
    parser.add_argument(
        "--subwords",
        metavar="FILE",
        default=argparse.SUPPRESS,
        help="a subword model of glove-rs subwords: unknown words get a vector from their spelling "
        "(default: that of a model, if it has one)",
    )


def _read(options: argparse.Namespace) -> WordVectors:
    reading = given(options, (*_inputs.READING, "subwords"))
    return _inputs.vectors(options.vectors, options.vocab, **reading)


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
            "standard input, after a prompt if that is a terminal. A word that is not known gets a "
            "message; the others are looked up all the same, and the exit code is then 1."
        ),
        example=(
            "glove-rs similar model ice steam --topn 5\n"
            "glove-rs similar vectors.txt king woman --not man\n"
            "head -n 3 vocab.txt | cut -d ' ' -f 1 | glove-rs similar model --json"
        ),
    )
    _add_vectors(parser)
    _add_subwords(parser)
    parser.add_argument("words", metavar="WORD", nargs="*", help="words to look up")
    parser.add_argument(
        "--not",
        dest="negative",
        metavar="WORD",
        action="append",
        help="one query: the words nearest to all WORDs together, and away from this word",
    )
    add_parameters(parser.add_argument_group("search"), WordVectors.most_similar, _SEARCH)
    add_json(parser)


_SEARCH = ("topn", "restrict_vocab")


def _search(options: argparse.Namespace, names: tuple[str, ...]) -> dict[str, Any]:
    """Return the parameters of a search; to print no words is not one."""
    search = given(options, names)
    integer("topn", search.get("topn", 1), 1)
    return search


def _similar(options: argparse.Namespace) -> int:
    search = _search(options, _SEARCH)
    wv = _read(options)
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
            # The other words are answered all the same.
            code, reason = 1, str(error)
            say(f"glove-rs similar: {reason}")
            if options.json:
                emit(options, {**result, "error": reason}, "")
            continue
        result["similar"], text = _neighbours(found), _lines(found)
        # One line of JSON for each word, so that programs can read it as a stream.
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
    _add_vectors(parser)
    _add_subwords(parser)
    for name in ("a", "b", "c"):
        parser.add_argument(name, metavar=name.upper(), help="a word")
    add_parameters(parser.add_argument_group("search"), WordVectors.analogy, ["topn"])
    add_json(parser)


def _analogy(options: argparse.Namespace) -> None:
    search = _search(options, ("topn",))
    found = _read(options).analogy(options.a, options.b, options.c, **search)
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
            "training. Print it as a line of a vector file, or the words nearest to it with "
            "--topn. Each line is a place of the word: with --word, where that word stands, and "
            "without, in the middle of the line, where the word has been left out."
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
        help="text as for glove-rs fit, an example on each line; - is standard input (default: -)",
    )
    parser.add_argument("--word", metavar="WORD", help="the word, as it stands in the examples")
    parser.add_argument(
        "--topn",
        type=int,
        metavar="N",
        default=argparse.SUPPRESS,
        help="print the N nearest words instead of the vector",
    )
    add_json(parser)


def _infer(options: argparse.Namespace) -> None:
    search = _search(options, ("topn",))
    model = _inputs.model(options.model, None)
    examples = _inputs.documents(options.files, model.errors)
    vector = model.infer_vector(examples, options.word)
    result: dict[str, Any] = {"word": options.word, "vector": vector.tolist()}
    # Nine digits read back as the same float32.
    text = " ".join([*filter(None, [options.word]), *(f"{x:.9g}" for x in vector)])
    if search:
        found = model.vectors.most_similar([vector], topn=search["topn"])
        result["similar"], text = _neighbours(found), _lines(found)
    emit(options, result, text)


# --- evaluate -------------------------------------------------------------------------------------


def _add_evaluate(commands: Commands) -> None:
    parser = command(
        commands,
        "evaluate",
        _evaluate,
        "VECTORS FILE... [options]",
        summary="measure vectors on analogy questions and rated word pairs",
        text=(
            "Score vectors on files such as questions-words.txt (analogies) and wordsim353.tsv "
            "(two words and a rating on each line)."
        ),
        example="glove-rs evaluate model questions-words.txt wordsim353.tsv --json",
    )
    _add_vectors(parser)
    parser.add_argument(
        "files", metavar="FILE", nargs="+", help="questions or rated pairs; - is standard input"
    )
    add_parameters(parser.add_argument_group("protocol"), WordVectors.evaluate, _EVALUATION)
    add_json(parser)


def _evaluate(options: argparse.Namespace) -> None:
    wv = _read(options)
    files = map(_inputs.local, options.files)
    results = [wv.evaluate(path, **given(options, _EVALUATION)) for path in files]
    emit(options, [result.to_dict() for result in results], "\n\n".join(map(str, results)))
