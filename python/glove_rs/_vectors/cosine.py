"""Cosines of word vectors, and vectors scaled to unit length.

A vector has a direction unless it is zero, or has a component that is NaN or infinite. Nothing
about a matrix is stored between calls, so every query uses the present values of the matrix.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, TypeAlias, cast

import numpy as np
from numpy.typing import NDArray

from .. import _core

__all__ = [
    "cosine",
    "cosine_distances",
    "cosines",
    "cosines_of_pairs",
    "not_finite",
    "row_slices",
    "unit",
    "unit_rows",
    "unit_rows_in_float64",
    "unit_vector",
]

_Float32: TypeAlias = "NDArray[np.float32]"
_Float64: TypeAlias = "NDArray[np.float64]"
_Indices: TypeAlias = "NDArray[np.intp]"
_Rows: TypeAlias = "slice | _Indices"

# The number of rows that are copied at a time, because a copy of all rows would be too large:
# 16,384 rows of 300 float32 are 20 MB. Measured: benches/EXPERIMENTS.md, "Sizes of batches".
_COPIED_ROWS = 16_384


def row_slices(count: int) -> Iterator[slice]:
    """Yield slices of at most `_COPIED_ROWS` rows that cover `count` rows."""
    for first in range(0, count, _COPIED_ROWS):
        yield slice(first, min(first + _COPIED_ROWS, count))


def cosines(matrix: NDArray[Any], query: NDArray[Any]) -> _Float32:
    """Return ``w · query / |w|`` for each row w. This is the cosine if `query` is a unit vector.

    Parameters
    ----------
    matrix : ndarray of float32 or float16, shape (V, dim)
    query : ndarray, shape (dim,)

    Returns
    -------
    ndarray of float32, shape (V,)
        NaN for rows without a direction.
    """
    with np.errstate(over="ignore"):
        return _core.cosines(matrix, np.ascontiguousarray(query, np.float32))


def cosine_distances(matrix: NDArray[Any], vector: NDArray[Any]) -> _Float32:
    """Return one minus the cosine of `vector` and each row; NaN if either has no direction."""
    query = unit_vector(vector)
    if not query.any():
        query = np.full_like(query, np.nan)
    return 1 - cosines(matrix, query)


def unit_rows(matrix: NDArray[Any], rows: _Rows) -> tuple[_Float32, NDArray[np.bool_]]:
    """Return rows scaled to unit length, and which of them have a direction.

    Returns
    -------
    units : ndarray of float32, shape (n, dim)
        Zeros for rows without a direction.
    directed : ndarray of bool, shape (n,)
    """
    return _core.unit_rows(matrix[rows])


def unit_rows_in_float64(matrix: NDArray[Any], rows: _Rows) -> tuple[_Float64, NDArray[np.bool_]]:
    """Return the results of :func:`unit_rows`, computed in float64."""
    units = matrix[rows].astype(np.float64)
    lengths = np.sqrt(np.einsum("ij,ij->i", units, units))
    directed = np.isfinite(lengths) & (lengths > 0)
    units[~directed] = 0
    units /= np.where(directed, lengths, 1)[:, None]
    return units, directed


def unit(rows: _Float64) -> _Float64:
    """Scale rows in float64 to unit length; a row of zeros is returned unchanged."""
    lengths = np.linalg.norm(rows, axis=-1, keepdims=True)
    return rows / np.where(lengths > 0, lengths, 1.0)


def unit_vector(vector: NDArray[Any]) -> _Float64:
    """Scale a vector to unit length, in float64.

    The result for a vector of zeros is zeros. If a component is not finite, all components of the
    result are NaN.
    """
    wide = vector.astype(np.float64)
    scale = np.abs(wide).max(initial=0.0)
    if scale == 0:
        return wide
    if not np.isfinite(scale):
        return np.full_like(wide, np.nan)
    # Divide by the largest component first. Otherwise the squares may overflow or round to 0.
    wide /= scale
    return cast("_Float64", wide / np.linalg.norm(wide))


def cosine(first: NDArray[Any], second: NDArray[Any]) -> float:
    """Return the cosine of two vectors: 0 if one is zero, NaN if one is not finite."""
    return float(_cosines(first[None].astype(np.float64), second[None].astype(np.float64))[0])


def cosines_of_pairs(matrix: NDArray[Any], pairs: _Indices) -> _Float64:
    """Return the cosine of the two rows of each pair, as :func:`cosine` does.

    Parameters
    ----------
    matrix : ndarray of float32 or float16, shape (V, dim)
    pairs : ndarray of intp, shape (n, 2)

    Returns
    -------
    ndarray of float64, shape (n,)
    """
    first, second = (matrix[rows].astype(np.float64) for rows in pairs.T)
    return _cosines(first, second)


def not_finite(matrix: NDArray[Any], ids: NDArray[np.intp]) -> NDArray[np.bool_]:
    """Return for each row number in `ids` whether this row of `matrix` has a NaN or an infinity.

    The number -1 means no row and gives False. The result has the shape of `ids`.
    """
    rows = np.unique(ids[ids >= 0])
    return np.asarray(np.isin(ids, rows[~np.isfinite(matrix[rows]).all(axis=1)]))


def _cosines(first: _Float64, second: _Float64) -> _Float64:
    """Return the cosine of each row a of `first` with the same row b of `second`.

    The dot product is divided by √(|a|² |b|²). So the cosine of a vector with itself is exactly 1.
    """
    with np.errstate(invalid="ignore", over="ignore"):
        squares = np.einsum("ij,ij->i", first, first) * np.einsum("ij,ij->i", second, second)
        cosines: _Float64 = np.einsum("ij,ij->i", first, second)
        cosines /= np.sqrt(np.where(squares == 0, 1, squares))
    # If the squares overflow, the quotient would be 0 or NaN. Both become NaN.
    cosines[~np.isfinite(squares)] = np.nan
    return cosines
