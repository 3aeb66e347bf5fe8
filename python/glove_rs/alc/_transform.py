"""The matrix A that maps the mean vector of the words around a word to the vector of this word."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .._checks import instance, integer, shown
from .._workers import Workers
from ..cooccurrence import Cooccurrence
from ._space import Float64, Space, space_of

__all__ = ["additive", "checked_counts", "transform_matrix"]

#: The largest number of elements of a block of the sums. As float64, a block takes 32 MB.
_BLOCK_ELEMENTS = 1 << 22
#: About the number of copies of a block of sums that exist at a time: sums, means, vectors, and the
#: rows of the QR decomposition.
_COPIES = 8
#: The bytes of memory for a non-zero count while it is unpacked, sorted and multiplied.
_COUNT_BYTES = 40


def transform_matrix(
    vectors: Any,
    X: Cooccurrence,
    weighting: str | int | None = "log",
    *,
    threads: int | None = None,
    memory: int | str | None = None,
) -> Float64:
    """Fit the matrix A of à la carte embeddings by weighted least squares.

    A minimises Σ α_w ‖v_w − A u_w‖² over words w (Khodak et al. 2018, equation 4). v_w is the
    vector of word w, and u_w = Σ_j X_wj v_j / Σ_j X_wj is the mean of the vectors of the words j
    around it, weighted by their counts. The solution is computed by a QR decomposition in float64.

    Parameters
    ----------
    vectors : WordVectors, Glove, or pair of words and matrix
        The vectors v. Words without a vector are left out of the counts.
    X : Cooccurrence
        Counts of the text that the vectors were trained on.
    weighting : "log", int or None, default "log"
        The weight α_w. "log": ln of the word's count in the text. An int: 1 if the word's count is
        at least this number, otherwise 0. None: 1 for all words. Use "log" for a small text, and an
        int such as 500 for a large one.
    threads : int, optional
        The number of threads that add up the vectors; by default all processors. The QR
        decomposition is LAPACK's: it uses the threads of numpy, which this parameter limits only if
        the library threadpoolctl is installed. Otherwise set the environment variable
        OPENBLAS_NUM_THREADS before numpy is imported.
    memory : int or str, optional
        A limit in bytes or as "512MB" for unpacked counts, and for the rows that are decomposed
        together. It does not include the word vectors. If the counts of all words exceed it, they
        are unpacked in blocks of words, which takes longer. With another limit, A differs only by
        rounding errors. By default, all counts are unpacked (12 bytes for each non-zero count), and
        the rows take about 100 MB.

    Returns
    -------
    ndarray of float64, shape (dim, dim)
        A. The vector of a context is ``A @ u``.

    Raises
    ------
    ValueError
        If `weighting` is not one of these, if X is rectangular, if a vector is not finite, or if
        the words with a positive weight do not determine A: there must be at least `dim` such
        words, and their means u must span all `dim` dimensions. Also if `memory` is too small for
        the counts of one word.
    TypeError
        If `X` is not a Cooccurrence, or `vectors` is of another type.

    Examples
    --------
    >>> from glove_rs import Glove, alc
    >>> model = Glove(dim=3, min_count=1, epochs=2, threads=1)
    >>> model = model.fit(["the ice is cold and the steam is hot"] * 9)
    >>> alc.transform_matrix(model.vectors, model.cooccurrence).shape
    (3, 3)
    """
    workers = Workers(threads, memory)
    space = space_of(vectors)
    checked_counts(X)
    if isinstance(weighting, str) and weighting != "log":
        raise ValueError(f'weighting must be "log", an int or None, got {shown(weighting)}')
    least = 0 if weighting in (None, "log") else integer("weighting", weighting, 0)
    counts = X.vocabulary.counts
    rows = np.array([space.rows.get(word, -1) for word in X.vocabulary.words], dtype=np.int64)
    if weighting == "log":
        weights = np.log(np.maximum(counts, 1).astype(np.float64))
    else:
        weights = (counts >= least).astype(np.float64)
    weights[rows < 0] = 0.0
    dim = space.dim
    # The triangular factor R of the QR decomposition of all rows so far. It is updated block by
    # block (TSQR), so only one block of rows is in memory.
    factor = np.zeros((0, 2 * dim))
    used = 0
    with _limited(threads):
        for block, sums, totals in additive(space, X, rows, workers):
            weight = np.sqrt(np.where(totals > 0, weights[block], 0.0))
            taken = np.flatnonzero(weight > 0)
            used += len(taken)
            means = sums[taken] / totals[taken, None]
            own = space.of(rows[block][taken])
            system = weight[taken, None] * np.hstack([means, own])
            factor = np.asarray(np.linalg.qr(np.vstack([factor, system]), mode="r"))
    lead = factor[:dim, :dim]
    sizes = np.abs(np.diagonal(lead))
    if used < dim or sizes.min() <= _ZERO_PIVOT * sizes.max():
        raise ValueError(
            f"the counts must have at least {dim} words with linearly independent contexts and a "
            f"positive weight, got {used} words with a positive weight: use another weighting, "
            "more text or a smaller dim"
        )
    if not np.isfinite(factor).all():
        raise ValueError("vectors must have finite numbers only")
    solution = np.linalg.solve(lead, factor[:dim, dim:])
    return np.ascontiguousarray(solution.T, dtype=np.float64)


#: Pivots up to this size, relative to the largest one, count as zero, as in R's `qr`.
_ZERO_PIVOT = 1e-7


def checked_counts(X: object) -> Cooccurrence:
    """Return X if it is a Cooccurrence with the same words as rows and as contexts."""
    counts = instance("X", X, Cooccurrence)
    if counts.is_rectangular:
        raise ValueError("X must have the same words as rows and as contexts: it is rectangular")
    return counts


def _limited(threads: int | None) -> contextlib.AbstractContextManager[Any]:
    """Return a context in which numpy's decompositions use at most `threads` threads.

    With None, or without the library threadpoolctl, the context changes nothing.
    """
    if threads is None:
        return contextlib.nullcontext()
    try:
        from threadpoolctl import threadpool_limits
    except ImportError:
        return contextlib.nullcontext()
    limits: contextlib.AbstractContextManager[Any] = threadpool_limits(threads)
    return limits


def additive(
    space: Space, X: Cooccurrence, rows: NDArray[np.int64], workers: Workers
) -> Iterator[tuple[slice, Float64, Float64]]:
    """Yield two sums over the contexts of each word w of X, in blocks of words.

    The result for a block is a tuple: the slice of its words w, Σ_j X_wj v_j of shape (words, dim),
    and Σ_j X_wj of shape (words,). Both sums are over the words j that have a vector v_j.

    Parameters
    ----------
    space : Space
    X : Cooccurrence
    rows : ndarray of int64
        The row in `space` of each word of X, -1 for a word without a vector.
    workers : Workers
        With a limit of memory, blocks are smaller.

    Raises
    ------
    ValueError
        If the limit of memory is too small for the counts of one word.
    """
    matrix = np.zeros((len(rows), space.dim))
    known = rows >= 0
    matrix[known] = space.of(rows[known])
    try:
        from scipy.sparse import csr_array
    except ImportError:
        csr_array = None
    most = max(1, _BLOCK_ELEMENTS // space.dim)
    for start, indptr, indices, values in _counts(X, workers, most, 8 * _COPIES * space.dim):
        size = len(indptr) - 1
        sums, totals = np.empty((size, space.dim)), np.empty(size)

        def work(
            block: slice,
            _: None,
            indptr: NDArray[np.int64] = indptr,
            indices: NDArray[np.int32] = indices,
            values: Float64 = values,
            sums: Float64 = sums,
            totals: Float64 = totals,
        ) -> None:
            # Without SciPy, the vector of each count is copied. So words are added up in groups of
            # at most `most` counts, or one word at a time if it has more.
            limit = int(indptr[-1]) if csr_array is not None else most
            first = block.start
            while first < block.stop:
                last = int(np.searchsorted(indptr, indptr[first] + limit, side="right")) - 1
                last = min(max(last, first + 1), block.stop)
                own = indptr[first : last + 1]
                part, ends = slice(int(own[0]), int(own[-1])), own - own[0]
                columns = indices[part]
                weights = np.where(known[columns], values[part], 0.0)
                if csr_array is not None:
                    counts = csr_array((weights, columns, ends), shape=(len(own) - 1, len(rows)))
                    sums[first:last] = counts @ matrix
                    totals[first:last] = np.asarray(counts.sum(axis=1)).ravel()
                else:
                    sums[first:last], totals[first:last] = _sums(matrix, columns, weights, ends)
                first = last

        workers.each(size, work, item=8 * space.dim)
        yield slice(start, start + size), sums, totals


def _counts(
    X: Cooccurrence, workers: Workers, most: int, row_bytes: int
) -> Iterator[tuple[int, NDArray[np.int64], NDArray[np.int32], Float64]]:
    """Yield the rows of X in blocks: the index of the first row, and the rows of the block.

    The rows are compressed sparse rows: their bounds, columns and counts. A block has at most
    `most` rows. `row_bytes` is the memory that the caller needs for a row, in addition to its
    counts.
    """
    words, nnz, memory = len(X.vocabulary), X.nnz, workers.memory
    if memory is not None:
        workers.check(row_bytes + _COUNT_BYTES * words, "the counts of one word")
        most = min(most, memory // 2 // row_bytes or 1)
    if memory is None or _COUNT_BYTES * nnz <= memory // 2:
        indptr, indices, values = X._core.csr()
        for start in range(0, words, most):
            ends = indptr[start : start + most + 1]
            part = slice(int(ends[0]), int(ends[-1]))
            yield start, ends - ends[0], indices[part], values[part]
        return
    # Words are sorted by falling count, so the rows of a block have about as many non-zero counts
    # as those of the block before, or fewer. The first block is a single row, because its number
    # of non-zero counts is not known before it is read.
    start, size = 0, 1
    while start < words:
        size = min(size, most, words - start)
        ends, indices, values = X._core.selected_rows(list(range(start, start + size)), None)
        yield start, ends, indices, values
        start += size
        mean = max(1, -(-len(values) // size))
        size = max(1, memory // 2 // (_COUNT_BYTES * mean))


def _sums(
    matrix: Float64, columns: NDArray[Any], weights: Float64, ends: NDArray[Any]
) -> tuple[Float64, Float64]:
    """Return the product of rows of counts and a matrix, and the sum of each row, without SciPy."""
    sums = np.zeros((len(ends) - 1, matrix.shape[1]))
    totals = np.zeros(len(ends) - 1)
    filled = np.flatnonzero(np.diff(ends))
    if len(filled):
        starts = ends[:-1][filled]
        sums[filled] = np.add.reduceat(weights[:, None] * matrix[columns], starts, axis=0)
        totals[filled] = np.add.reduceat(weights, starts)
    return sums, totals
