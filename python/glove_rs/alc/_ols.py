"""Weighted least squares of many outcomes, and the sums from which standard errors are computed.

n observations belong to G clusters. Without clusters, each observation is a cluster. An observation
has the weight w = 1 / (number of observations of its cluster). For cluster g, M_g = Σ w z zᵀ and
S_g = Σ w z eᵀ over the observations of the cluster. z has p components: 1 for the intercept, and
the p − 1 covariates of the observation. e has dim components: the residuals of the observation's
outcomes. An estimate that leaves clusters out, or counts them several times, is computed from sums
of M_g and S_g, without a new fit to the outcomes.

Covariates may be almost collinear, such as a group and its product with a date. So the computation
uses, instead of z, the p components of q, which are linear combinations of z with Σ w q qᵀ = 1 (by
a QR decomposition). If γ are the coefficients of q, then β = T γ with a p × p matrix T. In the
code, M_g and S_g are those of q.

The coefficient β_k of covariate k is a vector of dim components. Its debiased norm is ‖β_k‖² minus
the bias that :meth:`Fit.norms` returns.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from .._workers import Workers, product
from ._space import Float64

__all__ = ["ClusterSums", "Decomposition", "Fit"]

#: Eigenvalues up to this size, relative to the largest one, count as zero. So does 1 minus a
#: leverage, if it is below this size.
_ZERO_EIGENVALUE = 1e-9


@dataclass(frozen=True)
class Fit:
    """A fit of all observations.

    Attributes
    ----------
    Z : ndarray of float64, shape (n, p)
        The intercept and the covariates.
    clusters : ndarray of int64, shape (n,)
        The cluster of each observation, from 0.
    sizes : ndarray of int64, shape (G,)
        The number of observations of each cluster.
    Q : ndarray of float64, shape (n, p)
        The combinations of the columns of `Z` with Σ w q qᵀ = 1.
    T : ndarray of float64, shape (p, p)
        β = T γ, where γ are the coefficients of `Q`.
    beta : ndarray of float64, shape (p, dim)
    residuals : ndarray of float64, shape (n, dim)
    """

    Z: Float64
    clusters: NDArray[np.int64]
    sizes: NDArray[np.int64]
    Q: Float64
    T: Float64
    beta: Float64
    residuals: Float64

    @property
    def weights(self) -> Float64:
        """The weight of each observation."""
        return 1.0 / self.sizes[self.clusters]

    @property
    def is_clustered(self) -> bool:
        """Whether a cluster has more than one observation."""
        return len(self.sizes) < len(self.Z)

    def moments(self) -> tuple[Float64, Float64]:
        """Return M_g and S_g of all clusters: shapes (G, p, p) and (G, p, dim)."""
        weighted = self.weights[:, None] * self.Q
        p = self.Q.shape[1]
        groups = len(self.sizes)
        if not self.is_clustered:
            order = np.argsort(self.clusters, kind="stable")
            return (
                weighted[order, :, None] * self.Q[order, None, :],
                weighted[order, :, None] * self.residuals[order, None, :],
            )
        M = np.zeros((groups, p, p))
        np.add.at(M, self.clusters, weighted[:, :, None] * self.Q[:, None, :])
        S = np.zeros((groups, p, self.residuals.shape[1]))
        for k in range(p):
            np.add.at(S[:, k], self.clusters, weighted[:, k, None] * self.residuals)
        return M, S

    def norms(self) -> tuple[Float64, Float64]:
        """Return ‖β_k‖² of each covariate, and the bias Σ_d se(β_kd)²: shape (p − 1,) each.

        The standard errors se are CR1, as in Stata. Without clusters, CR1 is equal to HC1.
        """
        if self.is_clustered:
            _, S = self.moments()
            # `meat` is Σ_g S_g S_gᵀ: the columns of `wide` are the columns of all matrices S_g.
            wide = S.transpose(1, 0, 2).reshape(self.Z.shape[1], -1)
            meat = product(wide, wide.T)
        else:
            meat = product((self.Q * (self.residuals**2).sum(axis=1)[:, None]).T, self.Q)
        bias = np.einsum("ka,ab,kb->k", self.T, meat, self.T) * _correction(
            len(self.Z), len(self.sizes), self.Z.shape[1]
        )
        return (self.beta[1:] ** 2).sum(axis=1), bias[1:]

    def jackknife(self, workers: Workers, done: Callable[[int], object] | None = None) -> Float64:
        """Return the debiased norms without each cluster in turn: shape (G, p − 1).

        The norm is NaN if, without the cluster, the coefficient or its bias is not determined.
        """
        if self.is_clustered:

            def without(block: slice) -> Float64:
                counts = np.ones((block.stop - block.start, len(self.sizes)))
                counts[np.arange(len(counts)), np.arange(block.start, block.stop)] = 0.0
                return counts

            return self.estimates(len(self.sizes), without, workers, done)
        return self._without_each(workers, done)

    def estimates(
        self,
        n: int,
        counts: Callable[[slice], Float64],
        workers: Workers,
        done: Callable[[int], object] | None = None,
    ) -> Float64:
        """Return the debiased norms of `n` estimates: shape (n, p − 1).

        Parameters
        ----------
        n : int
        counts : callable
            A function that returns how often each cluster counts in the estimates of a slice:
            shape (estimates, G). It is called for one slice after the other.
        workers : Workers
        done : callable, optional
            As for :meth:`Workers.each`.
        """
        found = np.empty((n, self.Z.shape[1] - 1))
        if not n:
            return found
        p, dim, groups = self.Z.shape[1], self.residuals.shape[1], len(self.sizes)
        shared = 8 * groups * (2 * p * p + p * dim)
        workers.check(shared, "the sums of a regression")
        sums = ClusterSums(self)

        def work(block: slice, drawn: Float64) -> None:
            found[block] = sums.debiased(drawn)

        workers.each(
            n,
            work,
            item=8 * (groups * (3 + 3 * p * p) + 4 * p * dim),
            shared=shared,
            what="the sums of a regression and an estimate",
            prepare=counts,
            done=done,
        )
        return found

    def _without_each(
        self, workers: Workers, done: Callable[[int], object] | None = None
    ) -> Float64:
        """Return :meth:`jackknife` for clusters of one observation each.

        Without observation c, the residual of observation g is e_g + h_gc e_c / (1 − h_cc), where
        h = Q Qᵀ, and h_cc is the leverage of c. The squared norms of these residuals follow
        from the products of the residuals e. Only the norms enter the bias, because all outcomes
        have the same Q.
        """
        Q, E = self.Q, self.residuals
        n, p = Q.shape
        hat = (Q**2).sum(axis=1)
        squares = (E**2).sum(axis=1)
        outer = (Q[:, :, None] * Q[:, None, :]).reshape(n, p * p)
        found = np.empty((n, p - 1))
        correction = _correction(n - 1, n - 1, p)
        length = (self.beta**2).sum(axis=1)
        # Observations of leverage 1, for which the formula would divide by 0. `estimates` computes
        # them below.
        alone = hat > 1 - _ZERO_EIGENVALUE

        def work(block: slice, _: None) -> None:
            scale = 1 / np.where(alone[block], np.nan, 1 - hat[block])
            leverage = product(Q[block], Q.T) * scale[:, None]
            norms = product(E[block], E.T)
            norms *= leverage
            norms *= 2
            norms += squares
            leverage **= 2
            leverage *= squares[block, None]
            norms += leverage
            rows = np.arange(block.stop - block.start)
            norms[rows, rows + block.start] = 0.0  # the observation itself is left out
            meat = product(norms, outer).reshape(-1, p, p)
            lean = product(Q[block], self.T.T)
            change = scale[:, None] * lean
            # T (Σ q qᵀ)⁻¹ without each observation, by Sherman and Morrison
            solve = self.T + change[:, :, None] * Q[block, None, :]
            bias = np.einsum("cka,cab,ckb->ck", solve, meat, solve) * correction
            # ‖β − change eᵀ‖² = ‖β‖² − 2 change (β·e) + change² ‖e‖²
            raw = length - 2 * change * product(E[block], self.beta.T)
            raw += change**2 * squares[block, None]
            found[block] = (raw - bias)[:, 1:]

        workers.each(
            n,
            work,
            item=8 * (2 * n + 6 * p * p),
            shared=8 * n * p * p,
            what="the products of an embedding with all others",
            done=done,
        )
        lost = np.flatnonzero(alone)

        def without(block: slice) -> Float64:
            counts = np.ones((block.stop - block.start, n))
            counts[np.arange(len(counts))[:, None], self.clusters[lost[block], None]] = 0.0
            return counts

        found[lost] = self.estimates(len(lost), without, workers)
        return found


class ClusterSums:
    """M_g and S_g of all clusters, and estimates in which clusters count any number of times."""

    def __init__(self, fit: Fit) -> None:
        self._fit = fit
        self._M, self._S = fit.moments()
        self._own = np.matmul(self._S, self._S.transpose(0, 2, 1))

    def debiased(self, counts: Float64) -> Float64:
        """Return the debiased norms of several estimates: shape (n, p − 1).

        Parameters
        ----------
        counts : ndarray of float64, shape (n, G)
            How often each cluster counts in each estimate. Copies of a cluster count as different
            clusters. The result is NaN for a covariate if the coefficient or its bias is not
            determined.
        """
        M, S, T, beta = self._M, self._S, self._fit.T, self._fit.beta
        groups, p, dim = S.shape
        n = len(counts)
        total = product(counts, M.reshape(groups, p * p)).reshape(n, p, p)
        values, directions = np.linalg.eigh(total)
        is_lost = values <= _ZERO_EIGENVALUE * np.maximum(values.max(axis=1), 0.0)[:, None]
        scaled = directions / np.where(is_lost, np.inf, values)[:, None, :]
        inverse = np.matmul(scaled, directions.transpose(0, 2, 1))
        # The γ of the fit minus the γ of this estimate. It is 0 if each cluster counts once,
        # because Σ_g S_g over all clusters is 0.
        sums = product(counts, S.reshape(groups, p * dim)).reshape(n, p, dim)
        change = -np.matmul(inverse, sums)
        moved = product(S.reshape(groups * p, dim), change.reshape(n * p, dim).T)
        cross = np.einsum("xg,gaxb,gbc->xac", counts, moved.reshape(groups, p, n, p), M)
        meat = product(counts, self._own.reshape(groups, p * p)).reshape(n, p, p)
        meat += cross + cross.transpose(0, 2, 1)
        outer = np.matmul(change, change.transpose(0, 2, 1))
        turned = np.einsum("xg,gab,xbc->xgac", counts, M, outer)
        meat += np.einsum("xgac,gcd->xad", turned, M)
        corrections = [
            _correction(int(observations), int(clusters), int(p - lost))
            for observations, clusters, lost in zip(
                np.einsum("xg,g->x", counts, self._fit.sizes.astype(np.float64)),
                counts.sum(axis=1),
                is_lost.sum(axis=1),
                strict=True,
            )
        ]
        with np.errstate(divide="ignore", invalid="ignore"):
            solve = np.matmul(T, inverse)
            bias = np.einsum("xka,xab,xkb->xk", solve, meat, solve)
            bias *= np.array(corrections)[:, None]
            found: Float64 = ((beta - np.matmul(T, change)) ** 2).sum(axis=2) - bias
        # Coefficient k is not determined if an eigenvector of eigenvalue 0 contributes to it.
        reach = np.abs(np.matmul(T, directions)) * is_lost[:, None, :]
        lengths = np.linalg.norm(T, axis=1)[:, None]
        found[(reach > _ZERO_EIGENVALUE**0.5 * lengths).any(axis=2)] = np.nan
        found[~np.isfinite(found)] = np.nan
        return found[:, 1:]


def _correction(n: int, clusters: int, rank: int) -> float:
    """Return the factor with which CR1 corrects a variance for few observations and clusters.

    `rank` is the number of coefficients that are determined. The factor is NaN if there are not
    more observations than `rank`, or fewer than 2 clusters.
    """
    if n <= rank or clusters < 2:
        return float("nan")
    return (n - 1) / (n - rank) * clusters / (clusters - 1)


class Decomposition:
    """The QR decomposition of the intercept and the covariates of all observations.

    Parameters
    ----------
    Z : ndarray of float64, shape (n, p)
    clusters : ndarray of int64, shape (n,)
        Numbers from 0, each of which occurs.
    """

    def __init__(self, Z: Float64, clusters: NDArray[np.int64]) -> None:
        self._Z, self._clusters, self._sizes = Z, clusters, np.bincount(clusters)
        self._root = np.sqrt(1.0 / self._sizes[clusters])[:, None]
        self._orthonormal, self._R = np.linalg.qr(self._root * Z)

    def remainders(self) -> Float64:
        """Return how far each column of `Z` is from a combination of the columns before it.

        The result has the shape (p,): the length of the part of the column that is orthogonal to
        the columns before it, divided by the length of the column; 0 for a column of zeros. After
        an element that is almost 0, the elements have no meaning.
        """
        lengths = np.linalg.norm(self._R, axis=0)
        found: Float64 = np.abs(self._R.diagonal()) / np.where(lengths > 0, lengths, 1.0)
        return found

    def fit(self, Y: Float64) -> Fit:
        """Minimise Σ_i w_i ‖y_i − βᵀ z_i‖² for the outcomes `Y`: shape (n, dim).

        The columns of `Z` must be independent.
        """
        root = self._root
        gamma = product(self._orthonormal.T, root * Y)
        Q, T = self._orthonormal / root, np.linalg.inv(self._R)
        return Fit(self._Z, self._clusters, self._sizes, Q, T, T @ gamma, Y - product(Q, gamma))
