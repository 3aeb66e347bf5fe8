"""The weights of documents in a replicate."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

__all__ = ["RESAMPLING_METHODS", "RESAMPLING_UNITS", "Resampling", "jackknife_blocks"]

RESAMPLING_METHODS = ("bootstrap", "jackknife")
RESAMPLING_UNITS = ("document", "group")

_Weights: TypeAlias = npt.NDArray[np.uint32]


def jackknife_blocks(n: int, units: int) -> int:
    """Return the number of blocks of a jackknife for which `n` replicates are requested.

    There are `n` blocks, but at most as many as units. For ``n=0`` there is no block.

    Raises
    ------
    ValueError
        If `n` is 1.
    """
    if n == 1:
        raise ValueError(
            "n must be 0 or at least 2 for a jackknife, got 1: a replicate without the only block "
            "would have no text"
        )
    return min(n, units)


class Resampling:
    """Draws the weights of the documents of each replicate.

    A unit is a document, or all documents with the same label. Documents of length 0 belong to no
    unit.

    The bootstrap draws units with replacement, as many as the text has. The weight of a document is
    the number of times that its unit was drawn. For a given text, the weights of replicate r depend
    only on the seed and r.

    The jackknife divides the units at random into `n` blocks of nearly equal size, where `n` is the
    number of replicates. Replicate r leaves out block r: its weights depend on the seed, r and `n`.

    Parameters
    ----------
    lengths : ndarray, shape (documents,)
        The length of each document, as in :attr:`EncodedDocuments.lengths`.
    labels : sequence of hashable or None
        The group of each document; None if each document is a unit.
    method : {"bootstrap", "jackknife"}
    seed : int

    Raises
    ------
    ValueError
        If the text has fewer than 2 units.
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
            for index in used.tolist():
                self._unit[index] = numbers.setdefault(labels[index], len(numbers))
            self.units = len(numbers)
        self.method, self._seed = method, seed
        if self.units < 2:
            what = "document" if labels is None else "group"
            raise ValueError(
                f"source must have at least 2 {what}s with words to resample, got {self.units}"
            )

    def all(self) -> _Weights:
        """Return the weights of the documents for the model of all of the text: all are 1."""
        return np.ones(len(self._unit), dtype=np.uint32)

    def weights(self, replicate: int, n: int) -> _Weights:
        """Return the weights of the documents in replicate number `replicate`, from 0, of `n`."""
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
        """Return the seed of the training of a replicate. `seed` is the seed of the model.

        Each replicate of a bootstrap has a different seed, so that the intervals include the
        randomness of training. All replicates of a jackknife have the seed of the model. With
        different seeds, the randomness of training would add to the variance between replicates,
        which the jackknife multiplies by about the number of replicates.
        """
        if self.method == "jackknife":
            return seed
        rng = np.random.default_rng([self._seed, replicate, 1])
        return int(rng.integers(2**63))
