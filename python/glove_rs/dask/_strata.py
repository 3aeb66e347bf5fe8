"""The tasks that training is made of: pure functions, which run on the workers.

Rows travel as float32 arrays of whatever layout the core gives them, with their accumulators.
"""

from __future__ import annotations

import operator
from collections.abc import Sequence
from typing import TypeAlias, TypeVar

import numpy as np
import numpy.typing as npt
from dask.sizeof import sizeof
from distributed import get_worker

from .. import _core

__all__ = [
    "Margins",
    "Rows",
    "add_margins",
    "aligned",
    "copied",
    "margins",
    "measure",
    "sizes",
    "start",
    "tiles",
    "train",
]

Rows: TypeAlias = npt.NDArray[np.float32]
Margins: TypeAlias = tuple[npt.NDArray[np.uint64], npt.NDArray[np.float64]]

_Number = TypeVar("_Number", bound=np.generic)

#: Bytes that rows are aligned to, for the kernel.
ALIGNMENT = 64


sizeof.register(_core.CoreTiles, operator.attrgetter("nbytes"))


def _threads(threads: int | None) -> int:
    return get_worker().state.nthreads if threads is None else threads


def margins(share: _core.CoreShare, threads: int | None) -> Margins:
    """Count and sum the records of each word's row and column, of those in rows of the group."""
    return _core.share_margins(share, _threads(threads))


def add_margins(parts: Sequence[Margins]) -> Margins:
    """Add margins up, in their order."""
    records, sums = parts[0][0].copy(), parts[0][1].copy()
    for more_records, more_sums in parts[1:]:
        records += more_records
        sums += more_sums
    return records, sums


def tiles(
    share: _core.CoreShare,
    margins: Margins,
    dim: int,
    training: _core._Training,
    validation: float | None,
    running: _core._Running,
) -> _core.CoreTiles:
    """Bucket a share's records, and draw its unseen pairs."""
    records, sums = _usable(margins[0]), _usable(margins[1])
    running = {**running, "threads": _threads(running["threads"])}
    return _core.CoreTiles.of_share(share, records, sums, dim, training, validation, running)


def sizes(tiles: _core.CoreTiles) -> tuple[int, int]:
    """Return the numbers of records to train on and of those held out."""
    return tiles.records, tiles.held_out


def start(
    place: tuple[int, int, int],
    dim: int,
    seed: int,
    init: _core._Init | None,
    threads: int | None,
) -> list[Rows]:
    """Make a group's rows as training begins, of words and of contexts."""
    if init is not None:
        words, vectors = _usable(init["words"]), _usable(init["vectors"])
        init = {"words": words, "vectors": vectors, "anchor": init["anchor"]}
    return _core.start_rows(*place, dim, seed, init, _threads(threads))


def train(
    tiles: _core.CoreTiles,
    words: Rows | tuple[Rows, Rows, float | None],
    contexts: Rows,
    columns: int,
    training: _core._Training,
    turn: _core._Turn,
    threads: int | None,
) -> tuple[Rows, Rows, float | None]:
    """Train a stratum; `words` is what the group's task before it returned, or its rows.

    Returns the rows of both sides and what the records cost, `None` if training diverged.
    """
    words = aligned(words[0] if isinstance(words, tuple) else words)
    contexts = aligned(contexts)
    cost = tiles.train(columns, training, turn, words, contexts, _threads(threads))
    return words, contexts, cost


def measure(
    tiles: _core.CoreTiles,
    words: Rows,
    contexts: Rows,
    columns: int,
    training: _core._Training,
    hopeless: bool,
    threads: int | None,
) -> float:
    """Sum up what records held out cost or, if `hopeless`, what others cost without hope."""
    words, contexts = aligned(words), aligned(contexts)
    return tiles.cost(columns, training, words, contexts, hopeless, _threads(threads))


def copied(rows: Rows) -> Rows:
    """Keep the rows on this worker too."""
    return rows


def _usable(array: npt.NDArray[_Number]) -> npt.NDArray[_Number]:
    """Copy an array if it is not aligned: what came from another machine need not be."""
    return np.require(array, requirements="A")


def aligned(rows: Rows) -> Rows:
    """Copy rows to where the kernel can work on them."""
    size = rows.itemsize
    room = np.empty(rows.size + ALIGNMENT // size, dtype=rows.dtype)
    first = -room.ctypes.data % ALIGNMENT // size
    copy = room[first : first + rows.size].reshape(rows.shape)
    copy[...] = rows
    return copy
