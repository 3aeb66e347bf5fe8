"""Changes of words between two bootstraps, corrected for the noise of the vectors."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

from .._bootstrap import Bootstrap
from .._bootstrap.estimates import interval_of
from ..vectors import WordVectors
from .alignment import rotation_of

__all__ = ["corrected_changes"]

#: Words with a smaller reliability are left out: more than half of the squared length of their
#: vector is noise.
_RELIABLE = 0.5

#: The first `_FIRST_BAND` words of the vocabulary are one band of similar frequency. The next bands
#: end at two, four, … times this number of words.
_FIRST_BAND = 100

#: The number of times that the factor of a band and the reliable words of the band are computed
#: again, one from the other. After a few times, both hardly change.
_ROUNDS = 10

_F64: TypeAlias = npt.NDArray[np.float64]
_Rows: TypeAlias = npt.NDArray[np.intp]


class _Moments:
    """Sums over the replicates of a model, from which the variance of each vector is computed."""

    def __init__(self, words: int, dim: int) -> None:
        self._sums = np.zeros((words, dim))
        self._squares = np.zeros(words)
        self._found = np.zeros(words)

    def add(self, vectors: npt.NDArray[np.float32]) -> None:
        """Add the vectors of a replicate. The vector of a word that the replicate lacks is NaN."""
        filled = np.nan_to_num(vectors, nan=0.0).astype(np.float64)
        self._sums += filled
        self._squares += np.einsum("ij,ij->i", filled, filled)
        self._found += np.isfinite(vectors).all(axis=1)

    def variance(self) -> _F64:
        """Return Σ ‖v − mean‖² / (n − 1) of each word; NaN if fewer than 2 replicates have it."""
        n = self._found
        with np.errstate(invalid="ignore", divide="ignore"):
            means = np.einsum("ij,ij->i", self._sums, self._sums) / n
            variance = (self._squares - means) / (n - 1)
        return np.asarray(np.where(n >= 2, variance, np.nan))


def corrected_changes(
    a: Bootstrap,
    b: Bootstrap,
    common: tuple[_Rows, _Rows],
    anchored: tuple[_Rows, _Rows] | None,
    level: float,
) -> tuple[dict[str, _F64], npt.NDArray[np.intp], npt.NDArray[np.bool_]]:
    """Return the changes of the common words of two bootstraps.

    Parameters
    ----------
    a, b : Bootstrap
    common : pair of arrays
        The rows of the common words in `a` and in `b`, the most frequent words first.
    anchored : pair of arrays, optional
        The rows of the anchor words in `a` and in `b`. If it is None, `a` and `b` are in one space.
    level : float
        The confidence level of the intervals.

    Returns
    -------
    columns : dict
        The columns change, low, high and reliability, with a number for each common word. `low` is
        NaN for a word whose vectors are mostly noise, whose `found` is below 2, or whose `directed`
        is False.
    found : ndarray of intp
        The number of replicates in which `a` and `b` have the word; the interval needs two.
    directed : ndarray of bool
        Whether the vectors of the word in the two full models are finite and not 0.
    """
    n = min(len(a), len(b))
    if n < 2:
        raise ValueError(f"an interval needs at least 2 replicates of each model, got {n}")
    if "jackknife" in (a.method, b.method):
        raise ValueError("a and b must be bootstraps, not jackknives, to have intervals")

    def vectors(model: WordVectors, rows: _Rows) -> npt.NDArray[np.float32]:
        return np.asarray(model.vectors[rows], dtype=np.float32)

    def product(
        one: WordVectors, u: npt.NDArray[np.float32], other: WordVectors, v: npt.NDArray[np.float32]
    ) -> _F64:
        matrix = rotation_of(one, other, anchored)
        found: _F64 = np.einsum("ij,ij->i", u, v if matrix is None else v @ matrix).astype(float)
        return found

    moments = [_Moments(len(rows), a.full.vector_size) for rows in common]
    products = np.empty((n, len(common[0])))
    for replicate, (one, other) in enumerate(zip(a.models, b.models, strict=False)):
        u, v = vectors(one, common[0]), vectors(other, common[1])
        for own, sums in zip((u, v), moments, strict=True):
            sums.add(own)
        products[replicate] = product(one, u, other, v)
    u, v = vectors(a.full, common[0]), vectors(b.full, common[1])
    dot = product(a.full, u, b.full, v)
    squared_lengths = np.stack([np.einsum("ij,ij->i", x, x, dtype=np.float64) for x in (u, v)])
    signals = _signals(dot, squared_lengths, np.stack([sums.variance() for sums in moments]))
    with np.errstate(invalid="ignore", divide="ignore"):
        reliability = (signals / squared_lengths).min(axis=0)
        scale = np.sqrt(np.where(reliability >= _RELIABLE, signals.prod(axis=0), np.nan))
        change = 1 - dot / scale
    low, high = interval_of(change, 1 - products / scale, "bootstrap", "standard", level)
    columns = {"change": change, "low": low, "high": high, "reliability": reliability}
    directed = (np.isfinite(squared_lengths) & (squared_lengths > 0)).all(axis=0)
    return columns, np.isfinite(products).sum(axis=0), directed


def _signals(dot: _F64, squared_lengths: _F64, variances: _F64) -> _F64:
    """Return the squared lengths of the vectors without noise: ‖v‖² − kσ².

    The variance σ² of the replicates is larger than the noise of the vectors of the whole text,
    because a replicate is drawn from a text that has noise itself, and may have fewer epochs. The
    factor k ≤ 1 of each band of words of similar frequency makes the median change of the reliable
    words 0. This is an empirical null (Efron 2004, Large-scale simultaneous hypothesis testing: the
    choice of a null hypothesis).

    Parameters
    ----------
    dot : ndarray, shape (words,)
        The dot product of the two vectors of each word, those of the models of both whole texts.
        The most frequent words are first.
    squared_lengths, variances : ndarray, shape (2, words)
        ‖v‖² of each word in the model of a whole text, and the variance σ² of its vectors in the
        replicates, for each of the two texts.
    """
    factors = _factors_without_change(dot, squared_lengths, variances)
    signals = np.empty_like(squared_lengths)
    for band in _bands(dot.size):
        k, used = 1.0, ~np.isnan(factors[band])
        for _ in range(_ROUNDS):
            if used.any():
                k = min(1.0, float(np.median(factors[band][used])))
            signals[:, band] = squared_lengths[:, band] - k * variances[:, band]
            used &= (signals[:, band] >= _RELIABLE * squared_lengths[:, band]).all(axis=0)
    return signals


def _factors_without_change(dot: _F64, squared_lengths: _F64, variances: _F64) -> _F64:
    """Return the factor k of each word with which the change of this word is 0.

    It is the smaller solution of (‖u‖² − kσ²)(‖v‖² − kτ²) = (u·v)². If u·v ≤ 0, no factor makes the
    change 0, and the result is infinite. It is NaN for a word without a variance.
    """
    (p, q), (s, t) = squared_lengths, variances
    linear = p * t + q * s
    rest = np.maximum(p * q - dot * dot, 0.0)
    root = np.sqrt((p * t - q * s) ** 2 + 4 * s * t * dot * dot)
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.asarray(np.where(dot > 0, 2 * rest / (linear + root), np.inf + 0 * linear))


def _bands(words: int) -> Iterator[slice]:
    start, end = 0, _FIRST_BAND
    while start < words:
        yield slice(start, end)
        start, end = end, 2 * end
