"""The word vectors from which à la carte embeddings are computed, in float64."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from .._checks import shown
from .._checks import words as words_of

__all__ = ["Float64", "Space", "checked_transform", "space_of"]

Float64: TypeAlias = NDArray[np.float64]


@dataclass(frozen=True)
class Space:
    """Words with their vectors.

    Attributes
    ----------
    words : list of str
    rows : dict of str to int
        The row of each word in the matrix.
    holder : object
        The matrix of the vectors, or an object with the matrix as its attribute `vectors`.
    dim : int
    """

    words: list[str]
    rows: dict[str, int]
    holder: Any
    dim: int

    def matrix(self) -> NDArray[Any]:
        """Return the stored matrix of the vectors, not a copy; shape (V, dim)."""
        found: NDArray[Any] = getattr(self.holder, "vectors", self.holder)
        return found

    def of(self, rows: NDArray[np.int64]) -> Float64:
        """Return the vectors of some rows in float64, shape (n, dim)."""
        return self.matrix()[rows].astype(np.float64)


def space_of(vectors: Any) -> Space:
    """Return the words and vectors that a user gave as the argument `vectors`.

    Parameters
    ----------
    vectors : WordVectors, Glove, or pair of words and matrix
        The vectors of a model are W + W_tilde, or W after training on rectangular counts. The
        matrix of a pair may be float64, and is not rounded to float32.

    Raises
    ------
    ValueError
        If the matrix of a pair is not of floats or does not have a row for each word, or if a word
        occurs twice.
    TypeError
        If `vectors` is of another type.
    """
    if hasattr(vectors, "W_tilde"):
        vectors = vectors.vectors
    if hasattr(vectors, "key_to_index") and hasattr(vectors, "vectors"):
        size = vectors.vectors.shape[1]
        return Space(vectors.index_to_key, vectors.key_to_index, vectors, size)
    if isinstance(vectors, tuple) and len(vectors) == 2:
        words, matrix = words_of("vectors", vectors[0]), np.asarray(vectors[1])
        if matrix.ndim != 2 or len(matrix) != len(words) or matrix.dtype.kind != "f":
            raise ValueError(
                "vectors must be words and a matrix of floats with a row for each word, got "
                f"{len(words)} words and shape {matrix.shape} of {matrix.dtype}"
            )
        rows = dict(zip(words, range(len(words)), strict=True))
        if len(rows) < len(words):
            raise ValueError("vectors must have different words, got a word twice")
        return Space(words, rows, matrix, matrix.shape[1])
    raise TypeError(
        f"vectors must be word vectors, a model, or a pair of words and matrix, got "
        f"{shown(vectors)}"
    )


def checked_transform(transform: Any, dim: int) -> Float64:
    """Return a transformation matrix in float64, or raise a ValueError."""
    matrix = np.asarray(transform)
    if matrix.shape != (dim, dim) or matrix.dtype.kind not in "fiu":
        raise ValueError(
            f"transform must be a matrix of shape ({dim}, {dim}), got shape {matrix.shape} of "
            f"{matrix.dtype}"
        )
    if not np.isfinite(matrix).all():
        raise ValueError("transform must have finite numbers only")
    return matrix.astype(np.float64)


def known_rows(space: Space, words: Sequence[str]) -> tuple[NDArray[np.int64], list[str]]:
    """Return the rows of the known words, and the unknown words."""
    unknown = [word for word in words if word not in space.rows]
    rows = [space.rows[word] for word in words if word in space.rows]
    return np.array(rows, dtype=np.int64), unknown
