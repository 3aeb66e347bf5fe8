"""Covariates in units of their own spread.

Whether a regression can be solved in floating point depends on the units and the origins of its
covariates. Its results do not: another unit multiplies the norms and errors by a known factor, and
leaves the p-values unchanged. So :func:`glove_rs.alc.regress` computes with standardised
covariates, and :class:`Units` converts the results.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ._space import Float64

__all__ = ["Units"]


@dataclass(frozen=True)
class Units:
    """The origin and the unit of each covariate: x = origin + scale · standardised.

    Attributes
    ----------
    origin : ndarray of float64, shape (covariates,)
        The weighted means.
    scale : ndarray of float64, shape (covariates,)
        The weighted standard deviations; 1 for a covariate that does not vary.
    rounding : ndarray of float64, shape (covariates,)
        The rounding error of the largest value of each covariate, relative to `scale`.
    """

    origin: Float64
    scale: Float64
    rounding: Float64

    @classmethod
    def of(cls, X: Float64, weights: Float64) -> tuple[Units, Float64]:
        """Return the units of the columns of `X`, and the standardised columns.

        `weights` are the weights of the rows of `X`. A column whose values differ only by rounding
        errors becomes 0.
        """
        # Each column is divided by a power of 2, so that its absolute values are below 1 and no sum
        # or square overflows. This division has no rounding error.
        exponents = np.frexp(np.abs(X).max(axis=0))[1]
        columns = np.ldexp(X, -exponents)
        fractions = weights / weights.sum()
        varies = np.ptp(columns, axis=0) > 1e-12
        means = fractions @ columns
        columns = np.where(varies, columns - means, 0.0)
        spread = np.where(varies, np.sqrt(fractions @ columns**2), 1.0)
        scale = np.where(varies, np.ldexp(spread, exponents), 1.0)
        rounding = np.where(varies, np.finfo(np.float64).eps / spread, 0.0)
        return cls(np.ldexp(means, exponents), scale, rounding), columns / spread

    def coefficients(self, beta: Float64) -> Float64:
        """Return the coefficients of the covariates from those of the standardised ones.

        The first row of `beta` is the intercept, the only coefficient that depends on the origin.
        """
        slopes = beta[1:] / self.scale[:, None]
        return np.vstack([beta[0] - self.origin @ slopes, slopes])

    def squares(self, values: Float64) -> Float64:
        """Return squared norms of slopes, or their errors, from those of the standardised ones."""
        found: Float64 = values / self.scale**2
        return found
