"""The weights of documents in a replicate."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

__all__ = ["METHODS", "UNITS", "Resampling"]

METHODS = ("bootstrap", "jackknife")
UNITS = ("document", "group")

_Weights: TypeAlias = npt.NDArray[np.uint32]


class Resampling:
    """Draws the weights of the documents of each replicate.

    Bootstrap: as many units as the text has are drawn with replacement. The weight of a document is
    the number of times that its unit was drawn. Jackknife: the units are divided into `n` blocks of
    nearly equal size, in random order. Replicate r leaves out block r.

    A unit is a document that has a word, or all documents with the same label. The weights of
    replicate r depend on the seed and r only.

    Parameters
    ----------
    lengths : ndarray, shape (documents,)
        The number of words of each document.
    labels : sequence of hashable or None
        The group of each document; None if each document is a unit.
    method : {"bootstrap", "jackknife"}
    seed : int
    """

    def __init__(
        self,
        lengths: npt.NDArray[np.uint32],
        labels: Sequence[Hashable] | None,
        method: str,
        seed: int,
    ) -> None:
        used = np.flatnonzero(lengths)
        self._unit = np.full(len(lengths), -1, dtype=np.int64)
        if labels is None:
            self._unit[used] = np.arange(len(used))
            self.units = len(used)
        else:
            numbers: dict[Hashable, int] = {}
            for place in used.tolist():
                self._unit[place] = numbers.setdefault(labels[place], len(numbers))
            self.units = len(numbers)
        self.method, self._seed = method, seed
        if self.units < 2:
            what = "document" if labels is None else "group"
            raise ValueError(
                f"source must have at least 2 {what}s with words to resample, got {self.units}"
            )

    def all(self) -> _Weights:
        """Return weights of 1."""
        return np.ones(len(self._unit), dtype=np.uint32)

    def weights(self, replicate: int, n: int) -> _Weights:
        """Return the weights of a replicate, from 0, of `n`."""
        if self.method == "bootstrap":
            rng = np.random.default_rng([self._seed, replicate])
            drawn = np.bincount(rng.integers(0, self.units, self.units), minlength=self.units)
        else:
            order = np.random.default_rng(self._seed).permutation(self.units)
            drawn = np.ones(self.units, dtype=np.int64)
            drawn[order[replicate::n]] = 0
        weights = drawn[self._unit]
        weights[self._unit < 0] = 0
        return weights.astype(np.uint32)

    def training_seed(self, replicate: int, seed: int) -> int:
        """Return the seed of the training of a replicate.

        The bootstrap has another one for each replicate, so that its intervals include the
        randomness of training. The jackknife has the same one for all: it multiplies the variance
        between replicates by about their number, and with it the randomness of training.
        """
        if self.method == "jackknife":
            return seed
        rng = np.random.default_rng([self._seed, replicate, 1])
        return int(rng.integers(2**63))
