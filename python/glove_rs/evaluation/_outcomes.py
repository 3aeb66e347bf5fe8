"""The outcome of a model for each item of a set. An item is a question, a pair or a word."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Protocol, runtime_checkable

import numpy as np
from numpy.typing import NDArray

from .._checks import shown
from .._vectors.cosine import not_finite

__all__ = [
    "Outcomes",
    "Vectors",
    "checked_vectors",
    "defined",
    "finite",
    "not_finite_note",
    "rows_of",
]


@runtime_checkable
class Vectors(Protocol):
    """The part of :class:`glove_rs.WordVectors` that this package uses."""

    def __len__(self) -> int: ...

    @property
    def vectors(self) -> NDArray[Any]: ...

    @property
    def index_to_key(self) -> list[str]: ...

    @property
    def key_to_index(self) -> dict[str, int]: ...


@dataclass(frozen=True)
class Outcomes:
    """The outcomes of one model for all items of a set, in the order of the file.

    Attributes
    ----------
    known : ndarray of bool, shape (items,)
        Whether all words of the item are in the model.
    answerable : ndarray of bool, shape (items,)
        Whether all words of the item are in the model and have finite vectors.
    values : ndarray of float64, shape (items,)
        For a pair, the cosine. For a question, 1 if the answer is right, otherwise 0. For a word, 1
        if its category is the most frequent one of its cluster, otherwise 0. NaN if the item is
        not answerable, and for all words if fewer than two categories have an answerable word.
    """

    known: NDArray[np.bool_]
    answerable: NDArray[np.bool_]
    values: NDArray[np.float64]

    def among(self, items: NDArray[np.bool_]) -> Outcomes:
        """Return the outcomes of the items for which `items` is true."""
        return Outcomes(self.known[items], self.answerable[items], self.values[items])


def checked_vectors(name: str, wv: object) -> Vectors:
    """Return `wv` if it is a :class:`Vectors`, else raise a TypeError that names the parameter."""
    if isinstance(wv, Vectors):
        return wv
    raise TypeError(f"{name} must be word vectors, such as WordVectors, got {shown(wv)}")


def rows_of(
    wv: Vectors, items: Sequence[Iterable[str]], restrict_vocab: int | None
) -> tuple[NDArray[np.intp], int]:
    """Return the rows of the words of each item, and `limit`, the number of rows in use.

    The row of an unknown word is `limit`.

    Parameters
    ----------
    wv : Vectors
    items : sequence of iterables of str
        All of the same length.
    restrict_vocab : int or None
        Use only the first `restrict_vocab` rows.

    Returns
    -------
    rows : ndarray of intp, shape (items, words of an item)
    limit : int
    """
    limit = min(restrict_vocab or len(wv), len(wv))
    table = wv.key_to_index
    rows = [[min(table.get(word, limit), limit) for word in item] for item in items]
    return np.array(rows, dtype=np.intp), limit


def finite(
    wv: Vectors, rows: NDArray[np.intp], limit: int
) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    """Return which items are known, and which are answerable, as two arrays of bool.

    An item is known if all its words are: an unknown word has the row `limit`. A known item is
    answerable if all its vectors are finite.

    Parameters
    ----------
    wv : Vectors
    rows : ndarray of intp, shape (items, words of an item)
    limit : int
    """
    known = np.all(rows < limit, axis=1)
    answerable = np.zeros(len(rows), bool)
    answerable[known] = ~not_finite(wv.vectors, rows[known]).any(axis=1)
    return np.asarray(known), answerable


def defined(value: float) -> float | None:
    """Return None for NaN, which JSON does not have."""
    return None if math.isnan(value) else value


def not_finite_note(number: int, what: str) -> list[str]:
    """Return a line with the number of items skipped for NaN or infinity; no line if it is 0."""
    return (
        [f"{number:,} of the skipped {what} have a vector with NaN or infinity"] if number else []
    )
