"""The tasks of training on a cluster: functions that run on the workers.

Their results depend only on their arguments. Rows are float32 arrays in the layout of the core:
vectors, biases and accumulators.
"""

from __future__ import annotations

import operator
from collections.abc import Sequence
from typing import Literal, TypeAlias, TypeVar

import numpy as np
import numpy.typing as npt
from dask.sizeof import sizeof
from distributed import get_worker

from .. import _core

__all__ = [
    "Cost",
    "Marginals",
    "Rows",
    "add_marginals",
    "aligned",
    "copied",
    "cost",
    "marginals",
    "sizes",
    "start",
    "tiles",
    "train",
]

Rows: TypeAlias = npt.NDArray[np.float32]
Marginals: TypeAlias = tuple[npt.NDArray[np.uint64], npt.NDArray[np.float64]]

Cost: TypeAlias = Literal["validation", "divergence"]

_Number = TypeVar("_Number", bound=np.generic)

#: Alignment in bytes that the kernel needs.
ALIGNMENT = 64


sizeof.register(_core.CoreTiles, operator.attrgetter("nbytes"))


def _threads(threads: int | None) -> int:
    return get_worker().state.nthreads if threads is None else threads


def marginals(counts: _core.CoreGroupCounts, threads: int | None) -> Marginals:
    """Compute the marginals of the records whose rows are in the group."""
    return _core.group_marginals(counts, _threads(threads))


def add_marginals(parts: Sequence[Marginals]) -> Marginals:
    """Add marginals up, in their order."""
    records, sums = parts[0][0].copy(), parts[0][1].copy()
    for more_records, more_sums in parts[1:]:
        records += more_records
        sums += more_sums
    return records, sums


def tiles(
    counts: _core.CoreGroupCounts,
    marginals: Marginals,
    dim: int,
    training: _core._Training,
    validation: float | None,
    running: _core._Running,
) -> _core.CoreTiles:
    """Build the tiles of a group, with negative pairs."""
    records, sums = _usable(marginals[0]), _usable(marginals[1])
    running = {**running, "threads": _threads(running["threads"])}
    return _core.CoreTiles.of_group(counts, records, sums, dim, training, validation, running)


def sizes(tiles: _core.CoreTiles) -> tuple[int, int]:
    """Return the number of records to train on and of those held out."""
    return tiles.records, tiles.held_out


def start(
    group: tuple[int, int, int],
    dim: int,
    optimizer: str,
    seed: int,
    init: _core._Init | None,
    threads: int | None,
) -> list[Rows]:
    """Make the rows of words and of contexts at the start, for `group` = (words, groups, group)."""
    if init is not None:
        words, vectors = _usable(init["words"]), _usable(init["vectors"])
        init = {"words": words, "vectors": vectors, "anchor": init["anchor"]}
    return _core.start_rows(*group, dim, optimizer, seed, init, _threads(threads))


def train(
    tiles: _core.CoreTiles,
    words: Rows | tuple[Rows, Rows, tuple[float, float] | None],
    contexts: Rows,
    columns: int,
    training: _core._Training,
    subepoch: _core._Subepoch,
    threads: int | None,
) -> tuple[Rows, Rows, tuple[float, float] | None]:
    """Train a block for one subepoch.

    `words` is the rows of the group's words, or the result of the previous task that trained them.
    Returns the rows of words, the rows of contexts, and the costs of the records and of the
    negative pairs: `None` for the costs if training diverged.
    """
    words = aligned(words[0] if isinstance(words, tuple) else words)
    contexts = aligned(contexts)
    costs = tiles.train(columns, training, subepoch, words, contexts, _threads(threads))
    return words, contexts, costs


def cost(
    of: Cost,
    tiles: _core.CoreTiles,
    words: Rows,
    contexts: Rows,
    columns: int,
    training: _core._Training,
    threads: int | None,
) -> float:
    """Compute the cost of a block's held-out records, or its part of the divergence cost."""
    words, contexts = aligned(words), aligned(contexts)
    return tiles.cost(of, columns, training, words, contexts, _threads(threads))


def copied(rows: Rows) -> Rows:
    """Copy the rows to this worker."""
    return rows


def _usable(array: npt.NDArray[_Number]) -> npt.NDArray[_Number]:
    """Copy the array if it is not aligned: an array from another machine may not be."""
    return np.require(array, requirements="A")


def aligned(rows: Rows) -> Rows:
    """Copy rows to memory with the alignment that the kernel needs."""
    size = rows.itemsize
    room = np.empty(rows.size + ALIGNMENT // size, dtype=rows.dtype)
    first = -room.ctypes.data % ALIGNMENT // size
    copy = room[first : first + rows.size].reshape(rows.shape)
    copy[...] = rows
    return copy
