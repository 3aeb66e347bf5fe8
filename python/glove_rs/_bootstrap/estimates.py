"""An estimate with its interval, from the values of a statistic in the replicates."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from statistics import NormalDist
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt

from .._drawing import histogram
from .._warnings import warn

__all__ = ["INTERVALS", "Estimate", "interval_of", "spread", "warn_of_few"]

_F64: TypeAlias = npt.NDArray[np.float64]

#: The kinds of intervals of a bootstrap. The first kind is the default, because its coverage was
#: nearest to the confidence level (benches/EXPERIMENTS.md, "Intervals of a bootstrap").
INTERVALS = ("rms", "standard", "bias_corrected", "percentile", "basic")


@dataclass(frozen=True)
class Estimate:
    """The value of a statistic on all of the text, with an interval.

    Attributes
    ----------
    value : float or ndarray
        The statistic of the model of all of the text. If it is an array, `low`, `high`,
        `standard_error` and `bias` have the same shape.
    low, high : float or ndarray
        The limits of the interval.
    standard_error : float or ndarray
        The standard deviation of the statistic over the replicates. For a jackknife with n
        replicates, (n − 1) / √n times this number.
    bias : float or ndarray
        The mean of the replicates minus `value`. For a jackknife with n replicates, (n − 1) times
        this difference.
    level : float
        The confidence level of the interval, such as 0.95.
    name : str
        What was estimated.
    replicates : ndarray of float64, shape (n, ...)
        The value in each replicate; NaN if a word that the statistic needs does not occur in the
        replicate.
    """

    value: Any
    low: Any
    high: Any
    standard_error: Any
    bias: Any
    level: float
    name: str = "estimate"
    replicates: _F64 = field(repr=False, compare=False, default_factory=lambda: np.empty(0))

    @property
    def interval(self) -> tuple[Any, Any]:
        """The limits of the interval."""
        return self.low, self.high

    def __float__(self) -> float:
        return float(self.value)

    def __str__(self) -> str:
        if np.ndim(self.value):
            return str(self.to_table())
        return f"{self.name}: {self.value:.3f} ({self.low:.3f} to {self.high:.3f})"

    def to_table(self) -> Any:
        """Return a :class:`glove_rs._results.IntervalTable` with a row for each element."""
        from .._results import IntervalTable

        values = np.atleast_1d(self.value).ravel()
        names = [f"{self.name} {i}" for i in range(len(values))] if len(values) > 1 else [self.name]
        arrays = (np.atleast_1d(x).ravel() for x in (self.low, self.high, self.standard_error))
        low, high, error = (array.tolist() for array in arrays)
        columns = {
            "statistic": names,
            "estimate": values.tolist(),
            "low": low,
            "high": high,
            "standard_error": error,
        }
        return IntervalTable(columns)

    def to_pandas(self) -> Any:
        """Return a ``pandas.DataFrame`` with a row for each element."""
        return self.to_table().to_pandas()

    def _repr_html_(self) -> str:
        return str(self.to_table()._repr_html_())

    def plot(self, ax: Any = None) -> Any:
        """Draw a histogram of the replicates with the estimate and its interval.

        The solid line is the estimate, and the dashed lines are the limits of the interval. If the
        estimate is an array, a dot for each element and its interval are drawn instead.

        Parameters
        ----------
        ax : matplotlib Axes, optional
            Where to draw; by default a new figure.

        Returns
        -------
        matplotlib Axes

        Raises
        ------
        ValueError
            If no replicate has a finite value, or if the estimate is an array without a finite
            value.
        ImportError
            If matplotlib is not installed.
        """
        if np.ndim(self.value):
            return self.to_table().plot(ax)
        ax = histogram(self.replicates, self.name, ax)
        ax.axvline(self.value)
        for limit in self.interval:
            ax.axvline(limit, linestyle="--")
        return ax


def warn_of_few(found: npt.NDArray[np.integer[Any]], replicates: int, name: str) -> None:
    """Warn if a value is missing in some replicates.

    Parameters
    ----------
    found : ndarray of integers
        In how many of the `replicates` each statistic has a value.
    name : str
        What is estimated.
    """
    if found.size and found.min() < replicates:
        warn(
            f"{name}: only {found.min()} of {replicates} replicates have a value, for example "
            "because a word is rare; the others are left out, so the interval may be too short"
        )


def spread(value: _F64, replicates: _F64, method: str) -> tuple[_F64, _F64]:
    """Return the standard error and the bias: see :class:`Estimate`.

    Replicates in which the value is not finite are left out.
    """
    found = np.isfinite(replicates)
    n = found.sum(axis=0)
    filled = np.where(found, replicates, 0.0)
    with np.errstate(invalid="ignore", divide="ignore"):
        mean = filled.sum(axis=0) / n
        squares = (np.where(found, replicates - mean, 0.0) ** 2).sum(axis=0)
        if method == "jackknife":
            # Efron and Tibshirani 1993, chapter 11. There, a replicate leaves out one observation;
            # here, it leaves out a block.
            return np.sqrt(squares * (n - 1) / n), (n - 1) * (mean - value)
        return np.sqrt(squares / (n - 1)), mean - value


def interval_of(
    value: _F64, replicates: _F64, method: str, kind: str, level: float
) -> tuple[_F64, _F64]:
    """Return the lower and the upper limit of an interval of this kind and level.

    For a jackknife, the kind is always "standard", whatever `kind` is.
    """
    error, bias = spread(value, replicates, method)
    tail = (1 - level) / 2
    if method == "jackknife":
        kind = "standard"
    if kind in {"standard", "rms", "bias_corrected"}:
        found = np.isfinite(replicates).sum(axis=0)
        half = _student(1 - tail, found - 1) * (np.hypot(error, bias) if kind == "rms" else error)
        middle = value - bias if kind == "bias_corrected" else value
        return middle - half, middle + half
    with np.errstate(invalid="ignore"):
        replicates = np.where(np.isfinite(replicates), replicates, np.nan)
        low, high = _quantiles(replicates, tail), _quantiles(replicates, 1 - tail)
    if kind == "basic":
        return 2 * value - high, 2 * value - low
    return low, high


def _quantiles(replicates: _F64, at: float) -> _F64:
    """Return the quantile with the probability `at` over the replicates.

    NaN values are left out. The result is NaN if the values of all replicates are NaN.
    """
    if not np.isnan(replicates).any():
        return np.asarray(np.quantile(replicates, at, axis=0))
    empty = np.isnan(replicates).all(axis=0)
    filled = np.where(empty, 0.0, replicates)
    return np.where(empty, np.nan, np.nanquantile(filled, at, axis=0))


def _student(at: float, freedom: npt.NDArray[np.int64]) -> _F64:
    """Return the quantile with the probability `at` of Student's t distribution.

    `freedom` is the number of degrees of freedom. The result is NaN if it is below 1.
    """
    found = np.full(np.shape(freedom), np.nan)
    for own in np.unique(freedom):
        if own >= 1:
            found[freedom == own] = _student_quantile(at, int(own))
    return found


def _student_quantile(at: float, freedom: int) -> float:
    """Return the quantile with the probability `at` for one number of degrees of freedom.

    From 500 degrees of freedom on, the quantile is computed by an expansion in 1/freedom to order 3
    (Abramowitz and Stegun 1964, 26.7.5), whose relative error is then below 1e-9 for the limits of
    an interval of 99.9 %. With few degrees of freedom, the error of the expansion would be large:
    23 % for one degree and an interval of 95 %. So the quantile is found by bisection, to the last
    bits.
    """
    if at < 0.5:
        return -_student_quantile(1 - at, freedom)
    if freedom >= 500:
        z = NormalDist().inv_cdf(at)
        first = (z**3 + z) / 4
        second = (5 * z**5 + 16 * z**3 + 3 * z) / 96
        third = (3 * z**7 + 19 * z**5 + 17 * z**3 - 15 * z) / 384
        return z + first / freedom + second / freedom**2 + third / freedom**3
    low, high = 0.0, math.pi / 2  # the angle whose tangent is t / √freedom
    for _ in range(64):
        middle = (low + high) / 2
        if _student_probability(middle, freedom) < 2 * at - 1:
            low = middle
        else:
            high = middle
    return math.sqrt(freedom) * math.tan((low + high) / 2)


def _student_probability(angle: float, freedom: int) -> float:
    r"""Return the probability that \|t\| is at most √freedom times the tangent of `angle`.

    The sum is exact for whole degrees of freedom (Abramowitz and Stegun 1964, 26.7.3 and 26.7.4).
    """
    cosine = math.cos(angle)
    total, term = 0.0, cosine if freedom % 2 else 1.0
    for k in range(2 + freedom % 2, freedom + 1, 2):
        total += term
        term *= cosine**2 * (k - 1) / k
    total *= math.sin(angle)
    return 2 / math.pi * (angle + total) if freedom % 2 else total
