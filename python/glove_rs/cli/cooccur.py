"""``glove-rs cooccur``: count which words stand near each other."""

from __future__ import annotations

import argparse
from typing import Any

from .. import Cooccurrence, Vocabulary, _core
from .._counts.table import dense, word_indices
from .._settings import SETTINGS, names
from .._text import figure, table
from . import _inputs
from ._corpus import add_corpus
from ._options import add_settings, given, given_files
from ._output_files import add_overwrite, check_files, refuse_terminal, written
from ._parser import Commands, command
from ._printing import add_json, columns, emit, refuse_json_beside

__all__ = ["add"]

_SOURCE = names("source")
_RUNNING = names("running")


def add(commands: Commands) -> None:
    """Add the command."""
    parser = command(
        commands,
        "cooccur",
        _cooccur,
        "CORPUS... (-o FILE | --show WORD...) [options]",
        summary="count which words stand near each other",
        text=(
            "Count co-occurrences. If the name of the output ends in .bin, or the output is "
            "standard output, it gets records in the format of Stanford's tools, sorted. Any other "
            "file gets the counts and their words in a compressed format of glove-rs. With --show, "
            "print the counts of some words; -o is then optional."
        ),
        example=(
            "glove-rs cooccur corpus.txt --window 10 -o counts\n"
            "glove-rs cooccur corpus.txt --vocab vocab.txt -o cooccurrence.bin\n"
            "glove-rs cooccur corpus.txt --show ice steam solid gas"
        ),
    )
    add_corpus(parser)
    parser.add_argument(
        "-o", "--output", metavar="FILE", help="file to write; - is standard output"
    )
    parser.add_argument(
        "--show",
        metavar="WORD",
        nargs="+",
        default=[],
        help="print the counts of these words with each other as a table",
    )
    add_overwrite(parser)
    parser.add_argument(
        "--vocab",
        dest="vocabulary",
        metavar="FILE",
        help="file of glove-rs vocab: count these words instead of choosing words by frequency",
    )
    parser.add_argument(
        "--save-vocab",
        metavar="FILE",
        help="also write the words to this file: Stanford's records do not contain them",
    )
    add_json(parser)
    group = parser.add_argument_group("counting")
    add_settings(group, (*_SOURCE, *_inputs.TEXT_TO_COUNTS), SETTINGS["preset"].default)
    add_settings(parser.add_argument_group("running"), _RUNNING)


def _cooccur(options: argparse.Namespace) -> None:
    if options.output is None and not options.show:
        options.parser.error("one of -o/--output and --show is required")
    if options.output == "-" and options.show:
        raise ValueError("output must be a file with --show, which prints to standard output")
    if options.output is not None:
        refuse_terminal(options.output)
    outputs = {"output": options.output, "save_vocab": options.save_vocab}
    if options.show or options.output != "-":
        refuse_json_beside(options, outputs)
    inputs = [*options.corpus, options.vocabulary, *given_files(options)]
    check: dict[str, Any] = {
        "overwrite": options.overwrite,
        "contents": {"output": "counts", "save_vocab": "vocabulary"},
    }
    check_files(outputs, inputs, **check)
    words = None if options.vocabulary is None else Vocabulary.load(options.vocabulary)
    settings = given(options, (*_SOURCE, *_inputs.TEXT_TO_COUNTS, *_RUNNING))
    if not _holds_adjacent(options.output):
        if settings.get("adjacent"):
            raise ValueError(
                "adjacent must come with an output file in the format of glove-rs: Stanford's "
                "records and the table of --show cannot hold counts of adjacent words"
            )
        settings["adjacent"] = False
    counts = Cooccurrence.from_corpus(_inputs.corpus(options.corpus), words, **settings)
    check_files(outputs, inputs, **check)
    # Write the counts first, so that they are not lost if a word to show is unknown, or if the
    # words cannot be saved.
    if options.output is not None:
        with written(options.output, overwrite=options.overwrite) as path:
            counts.save(path)
    if options.save_vocab is not None:
        with written(options.save_vocab, overwrite=options.overwrite) as path:
            counts.vocabulary.save(path)
    if options.show:
        shown = _counts_among(counts, options.show)
        result = dict(zip(("words", "counts"), shown, strict=True))
        emit(options, result, _text_of(*shown), outputs.values())
    elif options.output != "-":
        result = {"words": len(counts.vocabulary), "records": counts.nnz, "total": counts.total}
        emit(
            options,
            result,
            columns(
                [
                    ("words", f"{result['words']:,}"),
                    ("records", f"{result['records']:,}"),
                    ("total", f"{result['total']:,.1f}"),
                    ("saved", options.output),
                ]
            ),
            outputs.values(),
        )


def _holds_adjacent(output: str | None) -> bool:
    """Return whether the output can hold counts of adjacent words."""
    return output not in (None, "-") and _core.ending(output) != ".bin"


def _counts_among(X: Cooccurrence, words: list[str]) -> tuple[list[str], list[list[float]]]:
    """Return `words` and a table of counts: row i has the counts of word i with all of `words`."""
    found = word_indices("words", words, X.vocabulary)
    return words, dense(X, found, found).tolist()


def _text_of(words: list[str], counts: list[list[float]]) -> str:
    """Return the result of :func:`_counts_among` as text, with a line for each word."""
    rows = [(word, *map(figure, line)) for word, line in zip(words, counts, strict=True)]
    return "\n".join(table([("", *words), *rows]))
