"""Blocks of independent work on several threads, within a limit of memory.

The functions of :mod:`glove_rs.alc` and :mod:`glove_rs.associations` use this module for
permutations, draws and contexts. A block is a slice of these. numpy releases Python's lock while it
works on arrays, so blocks run at the same time. Products of matrices are computed by
:func:`product`, because numpy's `@` starts as many threads as the machine has processors.

Results have the same bits for any number of threads and any limit of memory: random numbers are
drawn block by block in the order of the blocks, and no result depends on where a block ends.
"""

from __future__ import annotations

import contextlib
import contextvars
import os
import queue
import threading
from collections.abc import Callable, Generator
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt

from . import _core, _settings

__all__ = ["Workers", "processors", "product"]

_F64: TypeAlias = npt.NDArray[np.float64]

#: The largest size of a block in bytes, unless one item is larger. A limit of memory can make
#: blocks smaller.
_BLOCK = 64 << 20
#: If there are enough items, each thread has about this many blocks or more, so that all threads
#: end at about the same time.
_BLOCKS = 4
#: The calling thread looks for Ctrl-C at least this often, in seconds.
_WAIT = 0.1


def processors() -> int:
    """Return the number of processors that this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def product(a: npt.NDArray[Any], b: npt.NDArray[Any]) -> _F64:
    """Return the product of two matrices in float64, computed by the calling thread alone."""
    left, right = np.asarray(a, dtype=np.float64), np.asarray(b, dtype=np.float64)
    return _core.product(left, right)


class Workers:
    """The threads of a call, and the memory that its blocks may use together.

    Parameters
    ----------
    threads : int, optional
        By default the number of processors.
    memory : int or str, optional
        As for :class:`glove_rs.Glove`. The limit is for arrays that a function needs only while it
        runs. It includes neither the arguments nor the result.

    Raises
    ------
    ValueError
        If a parameter is out of its range.
    """

    def __init__(self, threads: int | None = None, memory: int | str | None = None) -> None:
        given = _settings.checked({"threads": threads, "memory": memory}, "running")
        self.threads: int = given["threads"] or processors()
        self.memory: int | None = given["memory"]

    def each(
        self,
        total: int,
        work: Callable[[slice, Any], object],
        *,
        item: int,
        shared: int = 0,
        what: str = "an item",
        prepare: Callable[[slice], Any] | None = None,
        done: Callable[[int], object] | None = None,
    ) -> None:
        """Call `work` for slices that cover ``range(total)``, on the threads.

        Parameters
        ----------
        total : int
            The number of items.
        work : callable
            A function of a slice and of the result of `prepare` for this slice, or of None if there
            is no `prepare`.
        item : int
            The bytes that `work` and `prepare` need for an item.
        shared : int
            The bytes that all blocks need together, once.
        what : str
            What an item is, for a message.
        prepare : callable, optional
            A function of a slice. It is called in the order of the slices, never by two threads at
            the same time.
        done : callable, optional
            It is called in the calling thread with the number of items of each finished block.

        Raises
        ------
        ValueError
            If the limit of memory is too small for `shared` and one item.
        """
        size, threads = self._plan(total, max(item, 1), shared, what)
        blocks = (slice(start, min(start + size, total)) for start in range(0, total, size))
        lock = threading.Lock()

        def step() -> int:
            """Do the next block. Return its number of items; 0 if there is no block any more."""
            with lock:
                block = next(blocks, None)
                if block is None:
                    return 0
                prepared = None if prepare is None else prepare(block)
            work(block, prepared)
            return int(block.stop - block.start)

        with contextlib.closing(self._steps(step, min(threads, -(-total // size)))) as steps:
            for finished in steps:
                if done is not None:
                    done(finished)

    def check(self, needed: int, what: str) -> None:
        """Raise a ValueError if the limit of memory is below the bytes that `what` needs."""
        if self.memory is not None and self.memory < needed:
            raise ValueError(
                f"memory must be at least {needed:,} bytes for {what}, got {self.memory:,}"
            )

    def _plan(self, total: int, item: int, shared: int, what: str) -> tuple[int, int]:
        """Return the number of items of a block, and the number of threads."""
        threads, most = self.threads, _BLOCK
        if self.memory is not None:
            self.check(shared + item, what)
            free = self.memory - shared
            threads = min(threads, free // item)
            most = min(most, free // threads)
        size = max(1, min(most // item, -(-total // (_BLOCKS * threads))))
        return size, threads

    @staticmethod
    def _steps(step: Callable[[], int], threads: int) -> Generator[int, None, None]:
        """Call `step` on `threads` threads until it returns 0. Yield its other results.

        With one thread, or if the system starts no thread, the calling thread calls `step`. An
        exception of `step` is raised in the calling thread.
        """
        results: queue.SimpleQueue[int | BaseException] = queue.SimpleQueue()
        stopped = threading.Event()

        def loop() -> None:
            try:
                while not stopped.is_set() and (finished := step()):
                    results.put(finished)
                results.put(0)
            except BaseException as error:
                results.put(error)

        running: list[threading.Thread] = []
        try:
            for _ in range(threads if threads > 1 else 0):
                # The settings of numpy's warnings belong to a context, which a new thread does not
                # inherit: run the thread in a copy of it.
                run = contextvars.copy_context().run
                thread = threading.Thread(target=run, args=(loop,), name="glove-rs", daemon=True)
                try:
                    thread.start()
                except RuntimeError:  # the system refuses more threads
                    break
                running.append(thread)
            if not running:
                while finished := step():
                    yield finished
            ended = 0
            while ended < len(running):
                try:
                    found = results.get(timeout=_WAIT)
                except queue.Empty:
                    continue
                if isinstance(found, BaseException):
                    raise found
                if found:
                    yield found
                else:
                    ended += 1
        finally:
            stopped.set()
            for thread in running:
                thread.join()
