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

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ._space import Float64

__all__ = ["Decomposition", "Fit", "Replicates"]

#: Eigenvalues up to this size, relative to the largest one, count as zero. So does 1 minus a
#: leverage, if it is below this size.
_SINGULAR = 1e-9
#: The largest number of elements of a block of an n × n matrix, unless a column has more. As
#: float64, such a block takes 64 MB.
_CELLS = 1 << 23


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
            meat = wide @ wide.T
        else:
            meat = (self.Q * (self.residuals**2).sum(axis=1)[:, None]).T @ self.Q
        bias = np.einsum("ka,ab,kb->k", self.T, meat, self.T) * _correction(
            len(self.Z), len(self.sizes), self.Z.shape[1]
        )
        return (self.beta[1:] ** 2).sum(axis=1), bias[1:]

    def jackknife(self) -> Float64:
        """Return the debiased norms without each cluster in turn: shape (G, p − 1).

        NaN if, without the cluster, the coefficient or its bias is not determined.
        """
        if self.is_clustered:
            replicates = Replicates(self)
            counts = np.ones((len(self.sizes), len(self.sizes))) - np.eye(len(self.sizes))
            return np.array([replicates.debiased(row) for row in counts])
        return self._without_each()

    def _without_each(self) -> Float64:
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
        step = max(1, _CELLS // n)
        # Observations of leverage 1, for which the formula would divide by 0. `Replicates` computes
        # these estimates below.
        alone = hat > 1 - _SINGULAR
        for start in range(0, n, step):
            part = np.arange(start, min(start + step, n))
            scale = 1 / np.where(alone[part], np.nan, 1 - hat[part])
            leverage = (Q @ Q[part].T) * scale
            norms = squares[:, None] + 2 * leverage * (E @ E[part].T)
            norms += leverage**2 * squares[part]
            norms[part, np.arange(len(part))] = 0.0  # the observation itself is left out
            meat = (outer.T @ norms).T.reshape(-1, p, p)
            lean = Q[part] @ self.T.T
            change = scale[:, None] * lean
            # T (Σ q qᵀ)⁻¹ without each observation, by Sherman and Morrison
            solve = self.T + change[:, :, None] * Q[part, None, :]
            bias = np.einsum("cka,cab,ckb->ck", solve, meat, solve) * correction
            # ‖β − change eᵀ‖² = ‖β‖² − 2 change (β·e) + change² ‖e‖²
            raw = (self.beta**2).sum(axis=1) - 2 * change * (E[part] @ self.beta.T)
            raw += change**2 * squares[part, None]
            found[part] = (raw - bias)[:, 1:]
        if alone.any():
            replicates = Replicates(self)
            for c in np.flatnonzero(alone):
                counts = np.ones(n)
                counts[self.clusters[c]] = 0.0
                found[c] = replicates.debiased(counts)
        return found


class Replicates:
    """Estimates in which each cluster counts any number of times."""

    def __init__(self, fit: Fit) -> None:
        self._fit = fit
        self._M, self._S = fit.moments()
        self._own = self._S @ self._S.transpose(0, 2, 1)

    def debiased(self, counts: Float64) -> Float64:
        """Return the debiased norms of one estimate: shape (p − 1,).

        Parameters
        ----------
        counts : ndarray of float64, shape (G,)
            How often each cluster counts. Copies of a cluster count as different clusters. The
            result is NaN for a covariate if the coefficient or its bias is not determined.
        """
        M, S, T, beta = self._M, self._S, self._fit.T, self._fit.beta
        groups, p, dim = S.shape
        total = np.tensordot(counts, M, 1)
        values, directions = np.linalg.eigh(total)
        is_lost = values <= _SINGULAR * max(values.max(), 0.0)
        inverse = directions / np.where(is_lost, np.inf, values) @ directions.T
        # The γ of the fit minus the γ of this estimate. Σ_g S_g over all clusters, each counted
        # once, is 0.
        change = -inverse @ np.tensordot(counts, S, 1)
        observations = int(counts @ self._fit.sizes)
        clusters, rank = int(counts.sum()), int(p - is_lost.sum())
        moved = (S.reshape(groups * p, dim) @ change.T).reshape(groups, p, p)
        cross = np.einsum("g,gab,gbc->ac", counts, moved, M)
        meat = np.tensordot(counts, self._own, 1) + cross + cross.T
        meat += np.einsum("g,gab,bc,gcd->ad", counts, M, change @ change.T, M, optimize=True)
        with np.errstate(divide="ignore", invalid="ignore"):
            solve = T @ inverse
            bias = np.einsum("ka,ab,kb->k", solve, meat, solve) * _correction(
                observations, clusters, rank
            )
        found: Float64 = ((beta - T @ change) ** 2).sum(axis=1) - bias
        # Coefficient k is not determined if an eigenvector of eigenvalue 0 contributes to it.
        lengths = np.linalg.norm(T, axis=1)[:, None]
        found[(np.abs(T @ directions[:, is_lost]) > _SINGULAR**0.5 * lengths).any(axis=1)] = np.nan
        found[~np.isfinite(found)] = np.nan
        return found[1:]


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
        """Return the part of each column of `Z` that the columns before it leave: shape (p,).

        It is the length of this part divided by the length of the column; 0 for a column of zeros.
        The numbers after one that is almost 0 have no meaning.
        """
        lengths = np.linalg.norm(self._R, axis=0)
        found: Float64 = np.abs(self._R.diagonal()) / np.where(lengths > 0, lengths, 1.0)
        return found

    def fit(self, Y: Float64) -> Fit:
        """Minimise Σ_i w_i ‖y_i − βᵀ z_i‖² for the outcomes `Y`: shape (n, dim).

        The columns of `Z` must be independent.
        """
        root = self._root
        gamma = self._orthonormal.T @ (root * Y)
        Q, T = self._orthonormal / root, np.linalg.inv(self._R)
        return Fit(self._Z, self._clusters, self._sizes, Q, T, T @ gamma, Y - Q @ gamma)
