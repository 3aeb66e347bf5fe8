"""The permutation test of a regression: it exchanges residuals between observations.

With clusters, it exchanges residuals between cells, which are groups of observations: see
:func:`permuted_norms`.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from ._ols import Fit
from ._space import Float64

__all__ = ["permuted_norms"]

#: The largest number of array elements of a block of permutations, unless one permutation has more.
#: As float64, such a block takes 32 MB.
_CELLS = 1 << 22


def permuted_norms(fit: Fit, n: int, seed: int, step_done: Callable[[int], object]) -> Float64:
    """Return ‖β_k‖² of each covariate for `n` permutations of the residuals: shape (n, p − 1).

    Without clusters, the rows of residuals are permuted. With clusters, the observations of one
    cluster that have the same covariates form a cell, and the residuals of whole cells are
    permuted. A cell receives the residuals of another cell together with the number of observations
    of that cell, as in conText.
    """
    rng = np.random.default_rng(seed)
    if not fit.is_clustered:
        return _of_rows(fit, n, rng, step_done)
    return _of_cells(fit, n, rng, step_done)


def _of_rows(
    fit: Fit, n: int, rng: np.random.Generator, step_done: Callable[[int], object]
) -> Float64:
    E = fit.residuals
    solve = fit.T[1:] @ fit.Q.T
    covariates, rows = solve.shape
    found = np.empty((n, covariates))
    step = max(1, _CELLS // (rows * covariates))
    for start in range(0, n, step):
        size = min(step, n - start)
        order = rng.permuted(np.tile(np.arange(rows), (size, 1)), axis=1)
        shuffled = solve[:, order].transpose(1, 0, 2).reshape(size * covariates, rows)
        norms = ((shuffled @ E) ** 2).sum(axis=1)
        found[start : start + size] = norms.reshape(size, covariates)
        step_done(start + size)
    return found


def _of_cells(
    fit: Fit, n: int, rng: np.random.Generator, step_done: Callable[[int], object]
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
    for number in range(n):
        order = rng.permutation(len(cells))
        taken: NDArray[np.float64] = sizes[order]
        weights = 1.0 / np.bincount(owner, weights=taken)[owner]
        system = (rows * (weights * taken)[:, None]).T @ rows
        right = (rows * weights[:, None]).T @ sums[order]
        found[number] = ((slopes @ np.linalg.solve(system, right)) ** 2).sum(axis=1)
        if number % 64 == 63 or number == n - 1:
            step_done(number + 1)
    return found
