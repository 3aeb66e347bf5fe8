"""``glove-rs contexts`` and ``contrast``: queries on counts."""

from __future__ import annotations

import argparse
from typing import Any

from .. import Cooccurrence
from .._counts.table import dense, word_indices
from .._settings import names
from .._text import figure, table
from . import _inputs
from ._options import add_parameters, add_settings, given
from ._parser import Commands, Parser, command
from ._printing import add_json, emit

__all__ = ["add", "counts_among", "text_of"]

_RUNNING = names("running")
_CONTEXTS = ("topn", "by", "min_count")
_CONTRAST = ("topn", "smoothing", "prior")


def add(commands: Commands) -> None:
    """Add the commands."""
    _add_contexts(commands)
    _add_contrast(commands)


def _add_counts(parser: Parser) -> None:
    parser.add_argument(
        "counts", metavar="COUNTS", help="file of glove-rs cooccur, or Stanford's records"
    )
    parser.add_argument(
        "--vocab",
        dest="vocabulary",
        metavar="FILE",
        help="file of the words, if COUNTS are records of Stanford's tools",
    )


def _read(options: argparse.Namespace) -> Cooccurrence:
    return _inputs.counts(options.counts, options.vocabulary, **given(options, _RUNNING))


def counts_among(X: Cooccurrence, words: list[str]) -> tuple[list[str], list[list[float]]]:
    """Return `words` and a table of counts: row i has the counts of word i with all of `words`."""
    found = word_indices("words", words, X.vocabulary)
    return words, dense(X, found, found).tolist()


def text_of(words: list[str], counts: list[list[float]]) -> str:
    """Return the result of :func:`counts_among` as text, with a line for each word."""
    rows = [(word, *map(figure, line)) for word, line in zip(words, counts, strict=True)]
    return "\n".join(table([("", *words), *rows]))


# --- contexts -------------------------------------------------------------------------------------


def _add_contexts(commands: Commands) -> None:
    parser = command(
        commands,
        "contexts",
        _contexts,
        "COUNTS WORD [options]",
        summary="print the words that co-occur with a word",
        text=(
            "Print the context words of WORD with their counts, probabilities and measures of "
            "association, sorted by one of them."
        ),
        example=(
            "glove-rs contexts counts ice --by llr\n"
            "glove-rs contexts counts ice --by pmi --min-count 5 --topn 50"
        ),
    )
    _add_counts(parser)
    parser.add_argument("word", metavar="WORD", help="a word of the vocabulary")
    add_parameters(parser.add_argument_group("contexts"), Cooccurrence.contexts, _CONTEXTS)
    add_json(parser)
    add_settings(parser.add_argument_group("running"), _RUNNING)


def _contexts(options: argparse.Namespace) -> None:
    found = _read(options).contexts(options.word, **given(options, _CONTEXTS))
    values = {name: column.tolist() for name, column in found.values.items()}
    rows = [
        {"context": word, **dict(zip(values, line, strict=True))}
        for word, *line in zip(found.words, *values.values(), strict=True)
    ]
    emit(options, {"word": found.word, "by": found.by, "contexts": rows}, str(found))


# --- contrast -------------------------------------------------------------------------------------


def _add_contrast(commands: Commands) -> None:
    parser = command(
        commands,
        "contrast",
        _contrast,
        "COUNTS I J [--probes WORD...] [options]",
        summary="compare two words by their contexts, as table 1 of the paper",
        text=(
            "Print how often each context word k occurs beside the words I and J: the counts, "
            "P(k|I), P(k|J), their ratio, and the log-odds with an informative Dirichlet prior "
            "(Monroe et al. 2008). Without --probes, print three groups of context words, each of "
            "at most --topn words: contexts of I more than of J, contexts of J more than of I, and "
            "contexts that both share."
        ),
        example=(
            "glove-rs contrast counts ice steam --probes solid gas water fashion\n"
            "glove-rs contrast counts ice steam --topn 20 --smoothing 1"
        ),
    )
    _add_counts(parser)
    parser.add_argument("i", metavar="I", help="a word of the vocabulary")
    parser.add_argument("j", metavar="J", help="another word of the vocabulary")
    parser.add_argument("--probes", metavar="WORD", nargs="+", help="the context words to show")
    add_parameters(parser.add_argument_group("contrast"), Cooccurrence.contrast, _CONTRAST)
    add_json(parser)
    add_settings(parser.add_argument_group("running"), _RUNNING)


def _contrast(options: argparse.Namespace) -> None:
    found = _read(options).contrast(
        options.i, options.j, options.probes, **given(options, _CONTRAST)
    )
    values = {name: column.tolist() for name, column in found.values.items()}
    rows: list[dict[str, Any]] = [
        {"k": word, "group": group, **dict(zip(values, line, strict=True)), "note": note}
        for word, group, note, *line in zip(
            found.words, found.groups, found.notes, *values.values(), strict=True
        )
    ]
    result = {
        "i": found.i,
        "j": found.j,
        "totals": found.totals,
        "smoothing": found.smoothing,
        "prior": found.prior,
        "contexts": rows,
    }
    emit(options, result, str(found))
