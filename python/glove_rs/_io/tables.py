"""A column of text in files of tables: read in parallel, in order and in bounded memory."""

from __future__ import annotations

import errno
import itertools
import os
import re
import stat
import threading
from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

from .. import _core
from .table_files import ColumnBatch, Piece, pieces_of
from .table_input import TableFile

__all__ = ["TextTables", "may_be_table", "read_pieces"]

#: The smallest number of bytes to decode at once; the largest is `_MOST_BATCH`.
_LEAST_BATCH, _MOST_BATCH = 64 << 10, 4 << 20
#: `estimate` reads only a sample of the text if the text has more than 2 `_SAMPLE` bytes and at
#: least `_SAMPLED_PIECES` / 8 pieces, all of known size. The sample consists of the beginnings of
#: at most `_SAMPLED_PIECES` pieces and has about `_SAMPLE` bytes.
_SAMPLE, _SAMPLED_PIECES = 32 << 20, 64


#: Files that Spark and others write beside tables.
_NO_TABLES = re.compile(
    r"(.*/)?(_(SUCCESS|(common_)?metadata|(committed|started)_[^/]*)|_\w+_log/.*)"
)


def may_be_table(name: str) -> bool:
    """Return False for the files that Spark and others write beside tables, True for all others."""
    return not _NO_TABLES.fullmatch(name.replace(os.sep, "/"))


@dataclass(frozen=True)
class TextTables:
    """Files of tables. One column, of text or of lists of words, is read.

    Attributes
    ----------
    files : sequence of TableFile
        The files, in the order in which they are read.
    column : str
        The name of the column.
    threads : int
        The number of pieces that are decoded at the same time.
    memory : int, optional
        The memory limit of the call, in bytes.
    """

    files: Sequence[TableFile]
    column: str
    threads: int = 1
    memory: int | None = None

    @classmethod
    def of(
        cls,
        names: Iterable[str],
        column: str,
        options: Any = None,
        *,
        threads: int | None = None,
        memory: int | None = None,
    ) -> TextTables:
        """Return the tables in files. A zip archive is replaced by the files in it.

        Parameters
        ----------
        names : iterable of str
            Paths and URLs.
        column : str
            The name of the column.
        options : mapping or file system, optional
            As for :func:`file_systems.system_of`.
        threads : int, optional
            Default: the number of processors that this process may use.
        memory : int, optional
            The memory limit of the call, in bytes.

        Raises
        ------
        FileNotFoundError
            If `names` has only files that are not tables, such as ``_SUCCESS``.
        OSError, FormatError
            If a zip archive cannot be read, is damaged, or has files that are not text.
        """
        names = list(names)
        tables = [name for name in names if may_be_table(name)]
        if names and not tables:
            raise FileNotFoundError(errno.ENOENT, "No tables in the source", names[0])
        files = list(itertools.chain.from_iterable(_members(name, options) for name in tables))
        if threads is None:
            threads = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else 0
        return cls(files, column, threads or os.cpu_count() or 1, memory)

    @property
    def name(self) -> str:
        """The name of the source in messages."""
        return self.files[0].name if len(self.files) == 1 else f"{len(self.files)} files"

    def pieces(self) -> Iterator[Piece]:
        """Yield the pieces of all files, in order. A file is opened when its pieces are needed."""
        found = False
        for file in self.files:
            for piece in pieces_of(file, self.column):
                found = True
                yield piece
        if not found:
            raise _core.FormatError(f"{self.name}: there is no table in the source: it is empty")

    def batches(self) -> Iterator[ColumnBatch]:
        """Yield the rows of the column in batches, in order."""
        return self._read(self.pieces())

    def sample(self) -> tuple[Iterator[ColumnBatch], int | None]:
        """Return batches of a sample, and the number of bytes of the whole text.

        The sample has the beginnings of pieces from all of the text. If the text is short, is in
        few pieces, or has an unknown size, the batches are all of the text, and the number of bytes
        is None.
        """
        pieces = [piece.closed() for piece in self.pieces()]
        sizes = [piece.bytes for piece in pieces]
        total = sum(size or 0 for size in sizes)
        if None in sizes or total <= 2 * _SAMPLE or len(pieces) < _SAMPLED_PIECES // 8:
            return self._read(iter(pieces)), None
        chosen = [
            pieces[number * len(pieces) // min(_SAMPLED_PIECES, len(pieces))]
            for number in range(min(_SAMPLED_PIECES, len(pieces)))
        ]
        most = _SAMPLE // len(chosen)

        def beginnings() -> Iterator[ColumnBatch]:
            for piece in chosen:
                size = 0
                for batch in piece.batches(most // 4):
                    yield batch
                    size += batch.nbytes
                    if size >= most:
                        break

        return beginnings(), total

    def _read(self, pieces: Iterator[Piece]) -> Iterator[ColumnBatch]:
        return read_pieces(pieces, self.threads, _core.table_bytes(self.memory))


def _members(name: str, options: Any) -> list[TableFile]:
    """Return the file `name` or, if it is a zip archive, the files in it."""
    file = TableFile(name, options)
    if not file.is_local:
        return [file]
    if not stat.S_ISREG(os.stat(name).st_mode):  # a pipe: open it only once
        return [TableFile(name, options, open(name, "rb", buffering=0))]
    if not _core.is_archive(name):
        return [file]
    return [TableFile(f"{name}:{member}") for member in _core.members(name)]


class _Reading:
    """A piece that a thread decodes. Its batches wait here for the core."""

    def __init__(self, most_bytes: int) -> None:
        self._most = most_bytes
        self._batches: deque[ColumnBatch] = deque()
        self._bytes = 0
        self._changed = threading.Condition()
        self._ended = self._stopped = False
        self._error: BaseException | None = None

    def read(self, piece: Piece) -> None:
        """Decode the piece. This method runs on a thread of the pool."""
        try:
            batch_bytes = min(max(self._most // 2, _LEAST_BATCH), _MOST_BATCH)
            for batch in piece.batches(batch_bytes):
                with self._changed:
                    self._changed.wait_for(lambda: self._stopped or self._bytes < self._most)
                    if self._stopped:
                        return
                    self._batches.append(batch)
                    self._bytes += batch.nbytes
                    self._changed.notify_all()
        except BaseException as error:
            self._error = error
        finally:
            with self._changed:
                self._ended = True
                self._changed.notify_all()

    def batches(self) -> Iterator[ColumnBatch]:
        """Yield the batches as they come, and raise the error of the thread, if there was one."""
        while True:
            with self._changed:
                # With a timeout, so that Ctrl-C is noticed on every system.
                while not self._batches and not self._ended:
                    self._changed.wait(0.1)
                if not self._batches:
                    break
                batch = self._batches.popleft()
                self._bytes -= batch.nbytes
                self._changed.notify_all()
            yield batch
        if self._error is not None:
            raise self._error

    def stop(self) -> None:
        """End the thread before its next batch."""
        with self._changed:
            self._stopped = True
            self._changed.notify_all()


def read_pieces(pieces: Iterator[Piece], threads: int, most_bytes: int) -> Iterator[ColumnBatch]:
    """Decode pieces on threads, and yield their batches in the order of the pieces.

    Parameters
    ----------
    pieces : iterator of Piece
    threads : int
        The number of pieces that are decoded at the same time.
    most_bytes : int
        About the largest number of bytes of decoded batches that may wait to be yielded.
    """
    pool = ThreadPoolExecutor(threads, thread_name_prefix="glove-rs-table")
    readings: deque[_Reading] = deque()

    def begin() -> None:
        for piece in itertools.islice(pieces, threads - len(readings)):
            reading = _Reading(most_bytes // threads)
            readings.append(reading)
            pool.submit(reading.read, piece)

    try:
        begin()
        while readings:
            yield from readings[0].batches()
            readings.popleft()
            begin()
    finally:
        for reading in readings:
            reading.stop()
        pool.shutdown(wait=False, cancel_futures=True)
