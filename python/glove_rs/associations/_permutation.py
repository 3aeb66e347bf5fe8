"""The permutation test of a difference of two means.

A division puts k of the n values into the first part and n − k values into the second part. The
p-value is the fraction of divisions whose difference of the two means is at least as extreme as the
observed one: of all divisions, or of a random sample. This difference grows with the sum of the
first part, so only these sums are compared.
"""

from __future__ import annotations

import math
import threading
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from .._checks import boolean, choice, integer
from .._workers import Workers, product
from ._sets import Float64

__all__ = [
    "ALTERNATIVES",
    "MOST_EXACT",
    "PermutationTest",
    "exact_p_value",
    "sampled_p_values",
    "subsets_of",
]

ALTERNATIVES = ("greater", "less", "two-sided")
#: The largest number of values for an exact p-value. Each half of 40 values has 2²⁰ subset sums,
#: which are computed and sorted.
MOST_EXACT = 40
#: With at most this many values, all divisions are counted by default. Each half of 30 values has
#: 2¹⁵ subset sums.
_EXACT = 30
#: Sums have rounding errors. They count as equal if they differ by at most this number times the
#: sum of the absolute values.
_TOLERANCE = 1e-12
#: The bytes of memory for the sum of a subset, in an exact test.
_SUM_BYTES = 60


@dataclass(frozen=True)
class Divided:
    """The p-value of each row of values. `how` says in words which divisions were counted."""

    p_values: Float64
    is_exact: bool
    how: str


class PermutationTest:
    """A permutation test with checked parameters: see :func:`glove_rs.associations.weat`.

    Raises
    ------
    ValueError
        If a parameter is out of its range.
    """

    def __init__(
        self,
        alternative: str,
        exact: bool | None,
        permutations: int,
        seed: int,
        workers: Workers,
    ) -> None:
        self._alternative = choice("alternative", alternative, ALTERNATIVES)
        self._exact = None if exact is None else boolean("exact", exact)
        self._permutations = integer("permutations", permutations, 1)
        self._seed = integer("seed", seed, 0)
        self._workers = workers

    def of(self, values: Float64, k: int, what: str) -> Divided:
        """Compute a p-value for each row of `values`, shape (rows, n).

        In the observed division of a row, the first k values are the first part. `what` names the
        values in messages, for example "targets".

        Raises
        ------
        ValueError
            If the p-value must be exact and there are more than `MOST_EXACT` values, or if the
            limit of memory is too small.
        """
        n = values.shape[1]
        is_exact = n <= _EXACT if self._exact is None else self._exact
        if is_exact and n > MOST_EXACT:
            raise ValueError(f"exact must be False for more than {MOST_EXACT} {what}, got {n}")
        if is_exact:
            p_values = self._exact_p_values(values, k)
            how = f"over all {math.comb(n, k):,} divisions of the {what}"
        else:
            p_values = sampled_p_values(
                values, k, self._alternative, self._permutations, self._seed, self._workers
            )
            how = f"over {self._permutations:,} drawn divisions of the {what}, seed {self._seed}"
        return Divided(p_values, is_exact, f"{how} ({self._alternative})")

    def _exact_p_values(self, values: Float64, k: int) -> Float64:
        """Return the exact p-value of each row."""
        found = np.empty(len(values))

        def work(block: slice, _: None) -> None:
            for row in range(block.start, block.stop):
                found[row] = exact_p_value(values[row], k, self._alternative)

        # The sums of all subsets of each half, with their sizes, and a few arrays of this length.
        sums = 2 ** -(-values.shape[1] // 2)
        self._workers.each(len(values), work, item=_SUM_BYTES * sums, what="an exact p-value")
        return found


def exact_p_value(values: Float64, k: int, alternative: str) -> float:
    """Return the fraction of divisions whose difference is at least as extreme as the observed one.

    `alternative` says what is extreme: a large, a small, or a large absolute difference. The sums
    of all subsets of each half of the values are computed and sorted. A binary search among the
    sums of one half then counts the extreme divisions for each sum of the other half.

    Parameters
    ----------
    values : ndarray of float64, shape (n,)
    k : int
        The size of the first part. In the observed division, this part has the first k values.
    alternative : {"greater", "less", "two-sided"}
    """
    values = values - values.mean()
    half = len(values) // 2
    left, right = _subset_sums(values[:half]), _subset_sums(values[half:])
    tolerance = _TOLERANCE * float(np.abs(values).sum())
    observed = float(values[:k].sum())
    above = below = total = 0
    threshold = abs(observed) if alternative == "two-sided" else observed
    for size, sums in enumerate(left):
        rest = k - size
        if not 0 <= rest < len(right):
            continue
        others = right[rest]
        total += len(sums) * len(others)
        if alternative != "less":
            first = np.searchsorted(others, threshold - tolerance - sums)
            above += int((len(others) - first).sum())
        if alternative != "greater":
            bound = -threshold if alternative == "two-sided" else threshold
            below += int(np.searchsorted(others, bound + tolerance - sums, side="right").sum())
    if alternative == "two-sided" and threshold <= tolerance:
        return 1.0
    return (above + below) / total


def _subset_sums(values: Float64) -> list[Float64]:
    """Return a list whose element k has the sums of all subsets of k values, sorted."""
    sums, sizes = np.zeros(1), np.zeros(1, dtype=np.int8)
    for value in values:
        sums = np.concatenate([sums, sums + value])
        sizes = np.concatenate([sizes, sizes + np.int8(1)])
    return [np.sort(sums[sizes == size]) for size in range(len(values) + 1)]


def subsets_of(keys: NDArray[np.float32], k: int) -> NDArray[np.bool_]:
    """Return random subsets of k of n values: shape (number, n), True for the members of a subset.

    `keys` are random numbers, shape (number, n). The members of a subset have its k smallest keys.
    """
    members = np.argpartition(keys, k - 1, axis=1)[:, :k]
    found = np.zeros(keys.shape, dtype=bool)
    np.put_along_axis(found, members, True, axis=1)
    return found


def sampled_p_values(
    values: Float64, k: int, alternative: str, permutations: int, seed: int, workers: Workers
) -> Float64:
    """Return p-values from a sample of divisions: shape (rows,).

    The observed division counts as one more division of the sample (Phipson and Smyth 2010), so no
    p-value is 0.

    Parameters
    ----------
    values : ndarray of float64, shape (rows, n)
        The same divisions are used for all rows.
    k, alternative
        As for :func:`exact_p_value`.
    permutations : int
        The number of random divisions.
    seed : int
    workers : Workers
    """
    values = values - values.mean(axis=1, keepdims=True)
    rows, n = values.shape
    tolerance = _TOLERANCE * np.abs(values).sum(axis=1)
    observed = values[:, :k].sum(axis=1)
    beyond = np.zeros(rows)
    lock = threading.Lock()
    rng = np.random.default_rng(seed)

    def draw(block: slice) -> NDArray[np.float32]:
        return rng.random((block.stop - block.start, n), dtype=np.float32)

    def work(block: slice, keys: NDArray[np.float32]) -> None:
        sums = product(subsets_of(keys, k), values.T)
        if alternative == "two-sided":
            hits = np.abs(sums) >= np.abs(observed) - tolerance
        elif alternative == "less":
            hits = sums <= observed + tolerance
        else:
            hits = sums >= observed - tolerance
        with lock:
            beyond[:] += hits.sum(axis=0)

    workers.each(permutations, work, item=21 * n + 17 * rows, what="a division", prepare=draw)
    found: Float64 = (beyond + 1) / (permutations + 1)
    return found
