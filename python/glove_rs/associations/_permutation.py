"""The permutation test of a difference of two means.

A division puts k of the n values into the first part and n − k values into the second part. The
p-value is the fraction of divisions with a difference as extreme as the observed one: of all
divisions, or of a random sample. The difference of the two means grows with the sum of the first
part, so only these sums are compared.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from .._checks import boolean, choice, integer
from ._sets import Float64

__all__ = [
    "ALTERNATIVES",
    "MOST_EXACT",
    "PermutationTest",
    "exact_p_value",
    "random_subsets",
    "sampled_p_values",
]

ALTERNATIVES = ("greater", "less", "two-sided")
#: The largest number of values for an exact p-value. Each half of 40 values has 2²⁰ subset sums.
MOST_EXACT = 40
#: With at most this many values, all divisions are counted by default. Each half of 30 values has
#: 2¹⁵ subset sums.
_EXACT = 30
#: Sums have rounding errors. They count as equal if they differ by at most this number times the
#: sum of the absolute values.
_TOLERANCE = 1e-12
#: The largest number of cells of a block of random subsets. As float64, a block takes 32 MB.
_CELLS = 1 << 22


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

    def __init__(self, alternative: str, exact: bool | None, permutations: int, seed: int) -> None:
        self._alternative = choice("alternative", alternative, ALTERNATIVES)
        self._exact = None if exact is None else boolean("exact", exact)
        self._permutations = integer("permutations", permutations, 1)
        self._seed = integer("seed", seed, 0)

    def of(self, values: Float64, k: int, what: str) -> Divided:
        """Compute a p-value for each row of `values`, shape (rows, n).

        In the observed division of a row, the first k values are the first part. `what` names the
        values in messages, for example "targets".

        Raises
        ------
        ValueError
            If the p-value must be exact and there are more than `MOST_EXACT` values.
        """
        n = values.shape[1]
        is_exact = n <= _EXACT if self._exact is None else self._exact
        if is_exact and n > MOST_EXACT:
            raise ValueError(f"exact must be False for more than {MOST_EXACT} {what}, got {n}")
        if is_exact:
            p_values = np.array([exact_p_value(row, k, self._alternative) for row in values])
            how = f"over all {math.comb(n, k):,} divisions of the {what}"
        else:
            p_values = sampled_p_values(
                values, k, self._alternative, self._permutations, self._seed
            )
            how = f"over {self._permutations:,} drawn divisions of the {what}, seed {self._seed}"
        return Divided(p_values, is_exact, f"{how} ({self._alternative})")


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


def random_subsets(n: int, k: int, number: int, rng: np.random.Generator) -> NDArray[np.bool_]:
    """Draw random subsets of k of n values: shape (number, n), True for the members of a subset."""
    keys = rng.random((number, n), dtype=np.float32)
    members = np.argpartition(keys, k - 1, axis=1)[:, :k]
    found = np.zeros((number, n), dtype=bool)
    np.put_along_axis(found, members, True, axis=1)
    return found


def sampled_p_values(
    values: Float64, k: int, alternative: str, permutations: int, seed: int
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
    """
    values = values - values.mean(axis=1, keepdims=True)
    rows, n = values.shape
    tolerance = _TOLERANCE * np.abs(values).sum(axis=1)
    observed = values[:, :k].sum(axis=1)
    beyond = np.zeros(rows)
    rng = np.random.default_rng(seed)
    step = max(1, _CELLS // max(n, rows))
    for start in range(0, permutations, step):
        subsets = random_subsets(n, k, min(step, permutations - start), rng)
        sums = subsets.astype(np.float64) @ values.T
        if alternative == "two-sided":
            hits = np.abs(sums) >= np.abs(observed) - tolerance
        elif alternative == "less":
            hits = sums <= observed + tolerance
        else:
            hits = sums >= observed - tolerance
        beyond += hits.sum(axis=0)
    found: Float64 = (beyond + 1) / (permutations + 1)
    return found
