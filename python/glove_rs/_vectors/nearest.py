"""Find the rows with the largest scores: for one query, or for many at once."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from .cosine import cosines, row_slices, unit_rows

__all__ = ["cosmul", "largest", "nearest_rows"]

_Float32: TypeAlias = "NDArray[np.float32]"
_Indices: TypeAlias = "NDArray[np.intp]"

# The number of queries that are multiplied at a time with a block of rows: 256 x 16,384 cosines are
# 16 MB. Measured: benches/EXPERIMENTS.md, "Sizes of batches".
_QUERIES = 256
# The number of queries in one pass over the vocabulary. More queries in a pass save time, because
# each pass scales every row to unit length.
_PASS = 1_024


def largest(scores: _Float32, count: int) -> _Indices:
    """Return the indices of the `count` largest scores, best first.

    Equal scores are in the order of their indices. NaN comes last.
    """
    if 0 < count < scores.size:
        floor = -np.partition(-scores, count - 1)[count - 1]
        # If fewer than `count` scores are not NaN, the floor is NaN, and all scores are sorted.
        if not np.isnan(floor):
            found = np.flatnonzero(scores >= floor)
            return found[np.argsort(-scores[found], kind="stable")[:count]]
    return np.argsort(-scores, kind="stable")[:count]


def cosmul(
    matrix: NDArray[Any],
    positive: Iterable[NDArray[Any]],
    negative: Iterable[NDArray[Any]],
) -> _Float32:
    """Return the 3CosMul score of every row (Levy & Goldberg 2014).

    The cosine c of a row and a vector becomes (1 + c) / 2, a number from 0 to 1. The score of a row
    is P / (N + 10⁻⁶), where P is the product of these numbers for the `positive` vectors, and N is
    the product for the `negative` vectors.
    """
    scores = np.ones(len(matrix), np.float32)
    denominator = np.ones(len(matrix), np.float32)
    for vectors, product in ((positive, scores), (negative, denominator)):
        for vector in vectors:
            moved = cosines(matrix, vector)
            moved += 1
            moved /= 2
            np.multiply(product, moved, out=product)
    denominator += np.float32(1e-6)
    scores /= denominator
    return scores


def nearest_rows(
    matrix: NDArray[Any], indices: _Indices, count: int
) -> Iterator[tuple[int, list[int], list[float]]]:
    """Yield each index with the `count` nearest other rows and their cosines, best first.

    If fewer than `count` other rows have a direction, the list of rows is filled up with the row
    number ``len(matrix)``. If the row of the index has no direction, all its neighbours are this
    number.
    """
    for start in range(0, len(indices), _PASS):
        queries = indices[start : start + _PASS]
        near, scores = _nearest_in_one_pass(matrix, queries, count)
        yield from zip(queries.tolist(), near.tolist(), scores.tolist(), strict=True)


def _nearest_in_one_pass(
    matrix: NDArray[Any], indices: _Indices, count: int
) -> tuple[_Indices, _Float32]:
    """Return the `count` nearest rows of each row of `indices`, and their cosines.

    The function keeps the `count` best rows so far of each query. In each block of the vocabulary,
    only rows with a larger cosine than the worst of these `count` rows are merged, so nearly all
    the time goes into the matrix product.

    Returns
    -------
    rows : ndarray of intp, shape (n, count)
        Best first. ``len(matrix)`` fills the list if fewer than `count` other rows have a
        direction, and the whole list if the query has no direction.
    cosines : ndarray of float32, shape (n, count)
    """
    queries, has_direction = unit_rows(matrix, indices)
    best_rows = np.full((len(indices), count), len(matrix), np.intp)
    best = np.full((len(indices), count), -np.inf, np.float32)
    if not count:
        return best_rows, best
    widest = max((block.stop - block.start for block in row_slices(len(matrix))), default=0)
    buffer = np.empty(min(_QUERIES, len(indices)) * widest, np.float32)
    for block in row_slices(len(matrix)):
        start, stop = block.start, block.stop
        width = stop - start
        units, directed = unit_rows(matrix, block)
        undirected = np.flatnonzero(~directed)
        for low in range(0, len(indices), _QUERIES):
            some = slice(low, min(low + _QUERIES, len(indices)))
            height = some.stop - low
            scores = buffer[: height * width].reshape(height, width)
            np.matmul(queries[some], units.T, out=scores)
            scores[:, undirected] = -np.inf
            own = np.flatnonzero((indices[some] >= start) & (indices[some] < stop))
            scores[own, indices[some][own] - start] = -np.inf
            floor = best[some, -1]
            if start == 0 and count < width:
                # There are no best rows yet: merge only the `count` largest cosines of the block,
                # and cosines equal to the smallest of them.
                floor = np.partition(scores, width - count, axis=1)[:, width - count]
                floor = np.nextafter(floor, np.float32(-np.inf))
            found = np.flatnonzero(scores > floor[:, None])
            query, column = np.divmod(found, width)
            best_rows[some], best[some] = _merged(
                (best_rows[some], best[some]), query, column + start, scores.ravel()[found]
            )
    best_rows[~has_direction] = len(matrix)
    return best_rows, best


def _merged(
    best: tuple[_Indices, _Float32],
    query: _Indices,
    row: _Indices,
    cosine: _Float32,
) -> tuple[_Indices, _Float32]:
    """Merge new rows into the best rows of their queries. Return the `count` best of each query."""
    rows, cosines = best
    height, count = rows.shape
    every_query = np.concatenate((np.repeat(np.arange(height), count), query))
    every_row = np.concatenate((rows.ravel(), row))
    every_cosine = np.concatenate((cosines.ravel(), cosine))
    # The sort is stable: of equal cosines, the row with the lower index, which was found first,
    # stays first.
    order = np.lexsort((-every_cosine, every_query))
    # `order` is sorted by query, so the first `count` rows of each query are the best ones.
    starts = np.searchsorted(every_query[order], np.arange(height))
    kept = order[(starts[:, None] + np.arange(count)).ravel()]
    return every_row[kept].reshape(height, count), every_cosine[kept].reshape(height, count)
