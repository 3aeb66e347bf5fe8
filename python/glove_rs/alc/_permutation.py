"""The permutation test of a regression: it exchanges residuals between observations.

With clusters, it exchanges residuals between cells, which are groups of observations: see
:func:`permuted_norms`.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from .._workers import Workers, product
from ._ols import Fit
from ._space import Float64

__all__ = ["permuted_norms"]


def permuted_norms(
    fit: Fit, n: int, seed: int, workers: Workers, done: Callable[[int], object]
) -> Float64:
    """Return ‖β_k‖² of each covariate for `n` permutations of the residuals: shape (n, p − 1).

    Without clusters, the rows of residuals are permuted. With clusters, the observations of one
    cluster that have the same covariates form a cell, and the residuals of whole cells are
    permuted. A cell receives the residuals of another cell together with the number of observations
    of that cell, as in conText.
    """
    rng = np.random.default_rng(seed)
    if not fit.is_clustered:
        return _of_rows(fit, n, rng, workers, done)
    return _of_cells(fit, n, rng, workers, done)


def _of_rows(
    fit: Fit, n: int, rng: np.random.Generator, workers: Workers, done: Callable[[int], object]
) -> Float64:
    E = fit.residuals
    solve = product(fit.T[1:], fit.Q.T)
    covariates, rows = solve.shape
    found = np.empty((n, covariates))

    def draw(block: slice) -> NDArray[np.int64]:
        order = np.empty((block.stop - block.start, rows), np.int64)
        order[:] = np.arange(rows)
        return rng.permuted(order, axis=1, out=order)

    def work(block: slice, order: NDArray[np.int64]) -> None:
        size = len(order)
        shuffled = np.empty((size, covariates, rows))
        for k in range(covariates):
            np.take(solve[k], order, out=shuffled[:, k], mode="clip")
        norms = (product(shuffled.reshape(size * covariates, rows), E) ** 2).sum(axis=1)
        found[block] = norms.reshape(size, covariates)

    workers.each(
        n,
        work,
        item=8 * (rows * (1 + covariates) + 2 * covariates * E.shape[1]),
        shared=8 * rows * covariates,
        what="a permutation",
        prepare=draw,
        done=done,
    )
    return found


def _of_cells(
    fit: Fit, n: int, rng: np.random.Generator, workers: Workers, done: Callable[[int], object]
) -> Float64:
    Z, E, clusters = fit.Z, fit.residuals, fit.clusters
    keys = np.column_stack([clusters, Z[:, 1:]])
    cells, first, cell_of = np.unique(keys, axis=0, return_index=True, return_inverse=True)
    cell_of = cell_of.ravel()
    owner = cells[:, 0].astype(np.int64)
    rows, slopes = fit.Q[first], fit.T[1:]
    sizes = np.bincount(cell_of).astype(np.float64)
    sums = np.zeros((len(cells), E.shape[1]))
    np.add.at(sums, cell_of, E)
    found = np.empty((n, Z.shape[1] - 1))

    def draw(block: slice) -> list[NDArray[np.int64]]:
        return [rng.permutation(len(cells)) for _ in range(block.start, block.stop)]

    def work(block: slice, orders: list[NDArray[np.int64]]) -> None:
        for number, order in enumerate(orders, block.start):
            taken: NDArray[np.float64] = sizes[order]
            weights = 1.0 / np.bincount(owner, weights=taken)[owner]
            system = product((rows * (weights * taken)[:, None]).T, rows)
            # Cell order[k] gives its residuals to cell k, so sums[order[k]] is multiplied by the
            # row of cell k. `placed` has the rows in the order of `sums`. It needs less memory than
            # a copy of `sums` in the order of the rows.
            placed = np.empty_like(rows)
            placed[order] = rows * weights[:, None]
            right = product(placed.T, sums)
            found[number] = ((slopes @ np.linalg.solve(system, right)) ** 2).sum(axis=1)

    p, dim = Z.shape[1], E.shape[1]
    workers.each(
        n,
        work,
        item=8 * (len(cells) * (5 + 3 * p) + 3 * p * dim),
        shared=8 * len(cells) * (p + dim + 2),
        what="a permutation of cells",
        prepare=draw,
        done=done,
    )
    return found
