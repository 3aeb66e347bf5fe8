"""The tasks of training on a cluster: functions that run on the workers.

The result of a task depends only on its arguments. "Rows" are float32 arrays in the layout of the
core: a row has a vector, its bias and the accumulators of both.
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
    "copied",
    "cost",
    "kernel_aligned",
    "marginals",
    "pairs",
    "sizes",
    "start",
    "tiles",
    "train",
]

Rows: TypeAlias = npt.NDArray[np.float32]
Marginals: TypeAlias = tuple[npt.NDArray[np.uint64], npt.NDArray[np.float64]]

Cost: TypeAlias = Literal["validation", "divergence"]

_Number = TypeVar("_Number", bound=np.generic)


sizeof.register(_core.CoreTiles, operator.attrgetter("nbytes"))


def _threads(threads: int | None) -> int:
    return get_worker().state.nthreads if threads is None else threads


def marginals(counts: _core.CoreGroupCounts, threads: int | None) -> Marginals:
    """Compute the marginals of the records in `counts`, whose rows are the words of one group.

    The marginals of a word are the number of records in its row and column, the sum of its row, and
    the sum of its column.
    """
    return _core.group_marginals(counts, _threads(threads))


def add_marginals(parts: Sequence[Marginals]) -> Marginals:
    """Add marginals, in their order."""
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
    """Build the tiles of a group."""
    records, sums = _usable(marginals[0]), _usable(marginals[1])
    running = {**running, "threads": _threads(running["threads"])}
    return _core.CoreTiles.of_group(counts, records, sums, dim, training, validation, running)


def pairs(counts: _core.CoreGroupCounts) -> int:
    """Return the number of pairs of words in the counts of a group."""
    return counts.pairs


def sizes(tiles: _core.CoreTiles) -> tuple[int, int]:
    """Return the number of records to train on and the number of held-out records."""
    return tiles.records, tiles.held_out


def start(
    group: tuple[int, int, int],
    dim: int,
    optimizer: str,
    seed: int,
    init: _core._Init | None,
    threads: int | None,
) -> list[Rows]:
    """Return the rows of words and the rows of contexts of a group, before the first epoch.

    `group` is (number of words of the vocabulary, number of groups, index of the group).
    """
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
    epoch: _core._BlockEpoch,
    subepoch: _core._Subepoch,
    threads: int | None,
) -> tuple[Rows, Rows, tuple[float, float] | None]:
    """Train one block in one subepoch: the group of words of `tiles`, context group `columns`.

    `words` are the rows of the words, or the result of the previous task that trained these rows;
    `contexts` are the rows of the context words. Return trained copies of both, and a pair of
    costs: the cost of the records and the cost of the negative pairs. The pair is None if the
    training diverged in this block.
    """
    words = kernel_aligned(words[0] if isinstance(words, tuple) else words)
    contexts = kernel_aligned(contexts)
    costs = tiles.train(columns, training, epoch, subepoch, words, contexts, _threads(threads))
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
    """Compute a cost of the block with context group `columns`. `of` says which cost.

    "validation" is the cost of the held-out records of the block. "divergence" is the contribution
    of the block to the divergence cost; an epoch whose cost is above the divergence cost diverges.
    """
    words, contexts = kernel_aligned(words), kernel_aligned(contexts)
    return tiles.cost(of, columns, training, words, contexts, _threads(threads))


def copied(rows: Rows) -> Rows:
    """Return the rows unchanged. The task gives the worker that runs it a copy of the rows."""
    return rows


def _usable(array: npt.NDArray[_Number]) -> npt.NDArray[_Number]:
    """Return an array that is aligned for its dtype; an array from another worker may not be."""
    return np.require(array, requirements="A")


def kernel_aligned(rows: Rows) -> Rows:
    """Return a copy of rows with the alignment that the kernel needs."""
    size, alignment = rows.itemsize, _core.ROW_ALIGNMENT
    room = np.empty(rows.size + alignment // size, dtype=rows.dtype)
    first = -room.ctypes.data % alignment // size
    copy = room[first : first + rows.size].reshape(rows.shape)
    copy[...] = rows
    return copy
