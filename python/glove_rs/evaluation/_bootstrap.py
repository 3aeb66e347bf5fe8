"""Bootstrap: how much a score would vary with other items of the same kind (Efron 1979).

Each draw takes items from a set with replacement, as many as the set has, and the score of these
items is computed. Two models are scored on the same draws: an item that is hard for one model is
often hard for the other, and the interval of the difference of the two scores takes this into
account.
"""

from __future__ import annotations

import math
from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

__all__ = ["interval", "resampled_fraction", "resampled_spearman"]

_Float64 = NDArray[np.float64]

#: The confidence level of an interval.
_LEVEL = 0.95
# There is no interval if more than this fraction of the draws has no score. Otherwise the interval
# is computed from the draws with a score.
_UNDEFINED = 0.05
# The number of items that are drawn at a time. An array of 2¹⁶ float64 takes 0.5 MB, and about ten
# arrays of this size are in use. Measured: benches/EXPERIMENTS.md, "Draws at a time".
_DRAWN_ITEMS = 1 << 16


def interval(scores: _Float64) -> tuple[float, float]:
    """Return the percentile interval at 95 %: NaN if more than 5 % of the scores are NaN.

    Parameters
    ----------
    scores : ndarray of float64, shape (n,)
        The score of each draw.
    """
    is_defined = ~np.isnan(scores)
    if is_defined.mean() < 1 - _UNDEFINED:
        return math.nan, math.nan
    tail = (1 - _LEVEL) / 2
    low, high = np.quantile(scores[is_defined], (tail, 1 - tail))
    return float(low), float(high)


def resampled_fraction(right: _Float64, n: int, seed: int) -> _Float64:
    """Return the fraction of right items for each of `n` draws.

    The outcomes of all models for an item are a pattern, such as "first model right, second model
    wrong". Items with the same pattern have the same effect, so the function draws only the number
    of items of each pattern.

    Parameters
    ----------
    right : ndarray of float64, shape (models, items)
        1 for a right item, 0 for a wrong one.
    n : int
    seed : int

    Returns
    -------
    ndarray of float64, shape (models, n)
    """
    items = right.shape[1]
    patterns, counts = np.unique(right, axis=1, return_counts=True)
    drawn = np.random.default_rng(seed).multinomial(items, counts / items, size=n)
    fractions: _Float64 = patterns @ drawn.T / items
    return fractions


def resampled_spearman(ratings: _Float64, values: _Float64, n: int, seed: int) -> _Float64:
    """Return the rank correlation of ratings and values for each of `n` draws.

    The ranks of drawn items follow from how often each item was drawn and the order of all items,
    so nothing is sorted again. Equal values, and copies of an item, share the mean of their ranks.

    Parameters
    ----------
    ratings : ndarray of float64, shape (items,)
    values : ndarray of float64, shape (models, items)
    n : int
    seed : int

    Returns
    -------
    ndarray of float64, shape (models, n)
        NaN where all drawn ratings, or all drawn values of a model, are equal.
    """
    items = len(ratings)
    rating_order, value_orders = _ItemOrder(ratings), [_ItemOrder(column) for column in values]
    found = np.empty((len(values), n))
    rng = np.random.default_rng(seed)
    for draws in _blocks(n, items):
        size = draws.stop - draws.start
        drawn = rng.integers(items, size=(size, items)) + items * np.arange(size)[:, None]
        counts = np.bincount(drawn.ravel(), minlength=size * items).reshape(size, items)
        weights = counts.astype(np.float64)
        first = rating_order.ranks(weights)
        first_square = _weighted(weights, first, first)
        for model, order in enumerate(value_orders):
            second = order.ranks(weights)
            square = first_square * _weighted(weights, second, second)
            product = _weighted(weights, first, second)
            undefined = np.full(size, np.nan)
            found[model, draws] = np.divide(product, np.sqrt(square), undefined, where=square > 0)
    return found


def _blocks(n: int, items: int) -> Iterator[slice]:
    """Divide `n` draws into slices whose draws have at most `_DRAWN_ITEMS` items together.

    A slice has at least one draw, even if the draw has more items.
    """
    step = max(1, _DRAWN_ITEMS // items)
    for first in range(0, n, step):
        yield slice(first, min(first + step, n))


def _weighted(weights: _Float64, first: _Float64, second: _Float64) -> _Float64:
    """Return Σ weight · first · second over the items, for each row. A row is a draw."""
    sums: _Float64 = np.einsum("ij,ij,ij->i", weights, first, second)
    return sums


class _ItemOrder:
    """The order of the values of all items. It gives the ranks of any draw without another sort."""

    def __init__(self, values: _Float64) -> None:
        self._sorted = np.argsort(values, kind="stable")
        _, self._groups = np.unique(values, return_inverse=True)
        in_order = values[self._sorted]
        self._starts = np.flatnonzero(np.append(True, in_order[1:] != in_order[:-1]))

    def ranks(self, weights: _Float64) -> _Float64:
        """Return the rank of each item among the drawn items, minus the mean rank.

        The results are multiples of 1/2, so float64 has them exactly.

        Parameters
        ----------
        weights : ndarray of float64, shape (draws, items)
            How often each item was drawn. The rank of an item that was not drawn has no meaning.
        """
        sizes = np.add.reduceat(weights[:, self._sorted], self._starts, axis=1)
        ranks = np.cumsum(sizes, axis=1) - (sizes - 1) / 2
        centred: _Float64 = ranks[:, self._groups] - (weights.shape[1] + 1) / 2
        return centred
