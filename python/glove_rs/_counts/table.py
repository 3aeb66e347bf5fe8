"""Counts of some words as a labelled table."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .. import _html
from .._checks import choice, shown
from .._checks import words as words_of
from .._optional import optional
from .._text import figure
from .._unknown_word import UnknownWord, UnknownWords
from ..vocabulary import Vocabulary
from .measures import KINDS
from .protocol import CountMatrix

__all__ = ["dense", "labelled", "word_indices"]

# A table of all words is refused if the vocabulary has more words than this: with 5,000 words, the
# table takes 200 MB.
_MOST_TABLE_WORDS = 5_000

# A preview has at most this many rows and columns.
_MOST_SHOWN = 8


def word_indices(name: str, words: object, vocabulary: Vocabulary) -> NDArray[np.int64]:
    """Return the indices of words in a vocabulary.

    Raises
    ------
    TypeError
        If `words` is not an iterable of str, or is a str.
    KeyError
        If words are not in the vocabulary. The message names at most the first ten of them.
    """
    if isinstance(words, str):  # a str is an iterable too, of letters: refuse it
        raise TypeError(f"{name} must be a sequence of words, got {shown(words)}")
    wanted = words_of(name, words)
    found = [vocabulary._find(word) for word in wanted]
    unknown = [word for word, index in zip(wanted, found, strict=True) if index is None]
    if unknown:
        kind = UnknownWord if len(unknown) == 1 else UnknownWords
        raise kind(
            unknown[0] if kind is UnknownWord else unknown, vocabulary.words, vocabulary._rows
        )
    return np.array(found, dtype=np.int64)


def dense(
    X: CountMatrix, rows: NDArray[np.int64], columns: NDArray[np.int64]
) -> NDArray[np.float64]:
    """Return the counts of some rows and columns: float64, shape (len(rows), len(columns))."""
    own_rows, row_of = np.unique(rows, return_inverse=True)
    own_columns, column_of = np.unique(columns, return_inverse=True)
    starts, found, values = X._core.selected_rows(own_rows.tolist(), own_columns.tolist())
    matrix = np.zeros((len(own_rows), len(own_columns)))
    row = np.repeat(np.arange(len(own_rows)), np.diff(starts))
    matrix[row, np.searchsorted(own_columns, found)] = values
    if np.array_equal(own_rows, rows) and np.array_equal(own_columns, columns):
        return matrix
    return matrix[np.ix_(row_of, column_of)]


def preview(X: CountMatrix) -> str:
    """Return the counts of the first words of the vocabulary as an HTML table."""
    number = min(len(X.vocabulary), _MOST_SHOWN)
    columns = min(len(X.context_vocabulary), _MOST_SHOWN)
    counts = dense(X, np.arange(number), np.arange(columns)).tolist()
    words, names = X.vocabulary.words[:number], X.context_vocabulary.words[:columns]
    rows = [(word, *map(figure, line)) for word, line in zip(words, counts, strict=True)]
    left_out = len(X.vocabulary) - number
    notes = [f"and {left_out:,} more words"] if left_out else []
    return _html.table([("", *names), *rows], notes=notes)


def _chosen(name: str, words: Iterable[str] | None, vocabulary: Vocabulary) -> NDArray[np.int64]:
    """Return the indices of `words`, or of all words of the vocabulary if `words` is None.

    Raises
    ------
    ValueError
        If `words` is None and the vocabulary has more than `_MOST_TABLE_WORDS` words.
    """
    if words is not None:
        return word_indices(name, words, vocabulary)
    if len(vocabulary) > _MOST_TABLE_WORDS:
        raise ValueError(
            f"{name} must name the words to show if the vocabulary has more than "
            f"{_MOST_TABLE_WORDS:,} words, got None for {len(vocabulary):,} words"
        )
    return np.arange(len(vocabulary))


def labelled(
    X: CountMatrix,
    words: Iterable[str] | None,
    contexts: Iterable[str] | None,
    kind: str,
) -> Any:
    """Return a data frame; see :meth:`glove_rs.Cooccurrence.to_pandas`."""
    kind = choice("kind", kind, list(KINDS))
    pandas = optional("pandas", "to_pandas")
    rows = _chosen("words", words, X.vocabulary)
    columns = rows
    if contexts is not None or X.is_rectangular:
        columns = _chosen("contexts", contexts, X.context_vocabulary)
    matrix = dense(X, rows, columns)
    if kind not in {"count", "log"}:  # these two need no sums of rows and columns
        row_sums, column_sums = X._sums
        matrix = KINDS[kind](matrix, row_sums[rows, None], column_sums[None, columns], X.total)
    elif kind == "log":
        matrix = KINDS[kind](matrix, matrix, matrix, X.total)
    labels, names = X.vocabulary.words, X.context_vocabulary.words
    index = pandas.Index([labels[i] for i in rows], name="word", dtype=object)
    names = pandas.Index([names[j] for j in columns], name="context", dtype=object)
    return pandas.DataFrame(matrix, index=index, columns=names, copy=False)
