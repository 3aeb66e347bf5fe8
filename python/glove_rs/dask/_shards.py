"""The division of a text into shards. One task reads one shard."""

from __future__ import annotations

import errno
import io
import itertools
import math
import os
import warnings
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from dask.bag import from_sequence
from dask.base import is_dask_collection
from dask.delayed import Delayed
from fsspec import AbstractFileSystem
from fsspec.core import url_to_fs
from fsspec.implementations.zip import ZipFileSystem
from fsspec.utils import seek_delimiter

from .. import _core
from .._checks import is_file_system
from .._io.decompression import Stream
from .._io.file_systems import is_remote, remote_files, system_of
from .._io.sources import files_of, named_files, names_files, pipes_of, source_arguments
from .._io.table_columns import check_name
from .._io.table_files import Piece
from .._io.tables import TextTables
from .._settings import core_encoding
from .._warnings import warn

__all__ = ["FileRange", "Shards", "shards_of"]

#: The calling process reads at most this many bytes from the beginning of a file to recognise what
#: the file is.
_LOOK = 1 << 20
#: The calling process checks whether a file is text if the file is among this many first files of
#: the source, or if it is cut. Any other file is checked by the worker that reads it.
_EXAMINED_FILES = 16
#: The assumed ratio of the bytes of a text to the bytes of its compressed file.
_TEXT_RATIO = 4


class _File(NamedTuple):
    system: AbstractFileSystem
    path: str
    name: str
    #: Size in bytes, or `None` if unknown.
    size: int | None


@dataclass(frozen=True)
class FileRange:
    """The documents that begin in a range of a file's bytes, or all documents of a file."""

    file: _File
    #: The bytes that end a document; empty for a whole file.
    delimiter: bytes = b""
    #: The range of bytes; `None` for the whole file, which may be compressed. A document that
    #: begins at the first byte of a range belongs to the previous range, if there is one.
    within: range | None = None

    def __len__(self) -> int:
        return (self.file.size or 0) if self.within is None else len(self.within)

    def text_bytes(self) -> int:
        """Estimate the bytes of decompressed text; 0 if the size is unknown."""
        return len(self) * (_TEXT_RATIO if _core.is_compressed_name(self.file.path) else 1)

    def open(self) -> Iterator[tuple[str, int | None, Any]]:
        """Yield the name, the position of the first document, and an open file.

        The position is in bytes from the beginning of the file; None for a whole file. The open
        file seems to end after the last document of the range.

        Raises
        ------
        OSError
            If the file cannot be read, or if its size has changed since the text was divided.
        """
        system, path, name, size = self.file
        with system.open(path, "rb") as file:
            if self.within is None:
                yield name, None, file
                return
            if getattr(file, "size", size) != size:
                raise OSError(errno.EIO, f"the file changed: it had {size} bytes before", name)
            start, stop = self._boundary(file, self.within.start), self.within.stop
            stop = self._boundary(file, stop)
            file.seek(start)
            yield name, start, _OpenRange(file, stop)

    def _boundary(self, file: Any, at: int) -> int:
        """Return the position after the first delimiter that begins at or after `at`.

        If `at` is 0, return 0. If there is no such delimiter, return the end of the file.
        """
        file.seek(at)
        if at > 0:
            seek_delimiter(file, self.delimiter, 2**16)
        return int(file.tell())


@dataclass(frozen=True)
class _OpenRange:
    """An open file that seems to end at the position `stop`."""

    file: Any
    stop: int

    def read(self, size: int = -1) -> bytes:
        left = self.stop - self.file.tell()
        return bytes(self.file.read(left if size < 0 else min(size, left)))


@dataclass(frozen=True)
class Shards:
    """A text, divided into shards.

    Attributes
    ----------
    name : str
        The name of the text in messages.
    sizes : list of int
        The size of each shard, for progress: bytes of files; 1 for a partition; for a piece of a
        table its bytes, or its rows if the bytes are unknown, or 1 if both are unknown.
    ranges : list of list of FileRange
        The ranges of files in each shard. Empty if the text is a bag, a column or files of tables.
    partitions : list of Delayed
        The partitions of a bag or a column. Each partition is a shard. Empty if the text is files.
    pieces : list of Piece
        The row groups, stripes or files of tables. Each piece is a shard. Empty if the text is not
        files of tables.
    column : str, optional
        The column to read in the partitions of a bag of dicts.
    """

    name: str
    sizes: list[int]
    ranges: list[list[FileRange]] = field(default_factory=list)
    partitions: list[Delayed] = field(default_factory=list)
    pieces: list[Piece] = field(default_factory=list)
    column: str | None = None

    def text_bytes(self, blocksize: int) -> int:
        """Estimate the bytes of text. An unknown size counts as `blocksize`."""
        if self.partitions:
            return blocksize * len(self.partitions)
        if self.pieces:
            return sum(piece.bytes or blocksize for piece in self.pieces)
        ranges = itertools.chain.from_iterable(self.ranges)
        return sum(file_range.text_bytes() or blocksize for file_range in ranges)


def shards_of(
    source: Any,
    *,
    documents: str,
    blocksize: int,
    least: int,
    column: str | None = None,
    storage_options: Any = None,
) -> Shards:
    """Divide `source` into shards of at most about `blocksize` bytes.

    Files of text are cut so that the number of shards is about `least` or a multiple of it. These
    are not cut, whatever their size: compressed files, files in a zip archive, and all files if
    `documents` is "file". Each partition of a bag or of a column is a shard. If files are read with
    `column`, each row group of a Parquet file, each stripe of an ORC file and each file of any
    other format is a shard.

    Raises
    ------
    TypeError
        If `source` is of a type that is not read.
    OSError
        If a file cannot be read. The error has the name of the file. It is a FileNotFoundError if
        the file does not exist, or if a folder or a pattern has no files.
    FormatError
        If a file is recognised as something other than text, or with `column`, as something other
        than a table.
    ValueError
        If there is no column of text with the name `column`.
    """
    is_list = isinstance(source, list | tuple) and bool(source)
    if is_list and not names_files(source, storage_options):
        source = from_sequence(source, npartitions=min(least, len(source)))
    if is_dask_collection(source) and hasattr(source, "to_delayed"):  # a bag, or a column
        if column is not None and hasattr(source, "columns"):
            types = [(str(name), str(kind)) for name, kind in source.dtypes.items()]
            check_name(types, column, "the table")
            source, column = source[column], None
        parts = source.to_delayed()
        return Shards("<documents>", [1] * len(parts), partitions=parts, column=column)
    if column is not None:
        return _table_shards(source, column, storage_options)
    files = _files(source, storage_options)
    total = sum(file.size or 0 for file in files)
    # Choose the size so that the number of shards is about a multiple of `least`, the number of
    # groups. Then all workers finish tokenising at about the same time.
    rounds = math.ceil(total / (blocksize * least))
    size = math.ceil(total / (least * rounds)) if rounds else blocksize
    delimiter = _core.document_end(documents)
    by_file = [list(_ranges_of(file, size, delimiter)) for file in files]
    _check_kinds(
        # Check the files that are cut, because a worker sees only a part of such a file. A worker
        # checks a whole file itself, but its warnings do not reach the user. So check the first
        # files too.
        file
        for number, (file, parts) in enumerate(zip(files, by_file, strict=True))
        if len(parts) > 1 or number < _EXAMINED_FILES
    )
    shards = _shards_of_ranges(itertools.chain.from_iterable(by_file), size)
    name = files[0].name if len(files) == 1 else f"{len(files)} files"
    return Shards(name, [sum(map(len, shard)) for shard in shards], shards)


def _table_shards(source: Any, column: str, storage_options: Any) -> Shards:
    """Return a shard for each piece of the files of tables in `source`.

    The column is checked here if the schema of a file can be read without its text, as in Parquet,
    ORC and Arrow files. The worker that reads a file of another format checks the column.
    """
    names = named_files(source, storage_options)
    if names is None:
        raise TypeError(
            "source must be a path or paths of tables, a dask.dataframe, or a dask.bag or list of "
            f"dicts if column is given, got {type(source).__name__}"
        )
    for name in pipes_of(names, storage_options):
        raise FileNotFoundError(errno.ENOENT, "No regular file", name)
    # Workers may have another current directory, so the paths must be absolute.
    here = [
        name if is_remote(name) or is_file_system(storage_options) else os.path.abspath(name)
        for name in names
    ]
    tables = TextTables.of(here, column, storage_options)
    pieces = [piece.closed() for piece in tables.pieces()]
    name = names[0] if len(names) == 1 else f"{len(names)} files"
    sizes = [piece.bytes or piece.rows or 1 for piece in pieces]
    return Shards(name, sizes, pieces=pieces)


def _shards_of_ranges(ranges: Iterator[FileRange], size: int) -> list[list[FileRange]]:
    """Put consecutive ranges together into shards of at most `size` bytes.

    A range of more than `size` bytes, such as a large compressed file, is alone in its shard.
    """
    shards: list[list[FileRange]] = []
    room = 0
    for file_range in ranges:
        if not shards or len(file_range) > room:
            shards.append([])
            room = size
        shards[-1].append(file_range)
        room -= len(file_range)
    return shards


def _ranges_of(file: _File, size: int, delimiter: bytes | None) -> Iterator[FileRange]:
    """Cut a file into ranges of at most `size` bytes, if it is larger and can be cut."""
    # A file in a zip archive is not cut: to seek in it, `zipfile` would unpack it from its start.
    if isinstance(file.system, ZipFileSystem):
        yield FileRange(file)
        return
    if delimiter is None or file.size is None or file.size <= size or not _is_splittable(file):
        yield FileRange(file)
        return
    parts = math.ceil(file.size / size)
    ends = [file.size * part // parts for part in range(parts + 1)]
    for start, stop in itertools.pairwise(ends):
        yield FileRange(file, delimiter, range(start, stop))


def _is_splittable(file: _File) -> bool:
    with file.system.open(file.path, "rb") as stream:
        return _core.is_splittable(stream.read(_core.COMPRESSION_BYTES))


def _check_kinds(files: Iterator[_File]) -> None:
    """Raise a FormatError if a file is recognised as something other than text.

    A file can also cause a warning, for example if it looks like a table. Only the first warning is
    shown.
    """
    told = False
    for file in files:
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            _check_kind(file)
        if caught and not told:
            warn(str(caught[0].message), caught[0].category)
            told = True


def _check_kind(file: _File) -> None:
    with file.system.open(file.path, "rb") as stream:
        beginning = stream.read(_LOOK)
    if len(beginning) == _LOOK and not _core.is_splittable(beginning):
        try:
            with file.system.open(file.path, "rb") as stream:
                beginning = Stream(stream, file.name, _LOOK).head
        except Exception:  # damaged: the worker that reads the file raises the error
            return
    # `beginning` may end in the middle of a character. So bytes that are not text cause no error
    # here, but are replaced. The worker reports such bytes.
    settings = {"errors": "replace"}
    source = source_arguments([], settings)
    value = iter([(file.name, None, io.BytesIO(beginning))])
    _core.CoreShard.read({**source, "kind": "ranges", "value": value}, core_encoding(settings))


def _files(source: Any, options: Any = None) -> list[_File]:
    paths = source if isinstance(source, list | tuple) else [source]
    if not paths or not all(isinstance(path, str | os.PathLike) and path != "-" for path in paths):
        raise TypeError(
            "source must be a path, paths, a dask.bag of documents (str) or of lists of words, a "
            "column of a dask.dataframe, or a list of documents, "
            f"got {type(source).__name__}"
        )
    return [file for path in paths for file in _found(path, options)]


def _found(path: str | os.PathLike[str], options: Any = None) -> list[_File]:
    """Return the files that a path names.

    The path names a file, a folder (then all files in it and in its subfolders are returned, except
    hidden ones), or a pattern (then the files that match it). Files of a folder and of a pattern
    are sorted by name. A local zip archive is replaced by its files.
    """
    named = os.fsdecode(path)
    if is_file_system(options) or is_remote(named):
        system, _ = system_of(named, options)
        names = remote_files(named, options)
        pipes = set(pipes_of(names, options))
        paths = [(name, system_of(name, options)[1]) for name in names if name not in pipes]
        found = [_File(system, at, name, system.info(at).get("size")) for name, at in paths]
    else:
        system, _ = url_to_fs("file://")
        found = []
        for name in files_of(path) or []:
            if not os.path.isfile(name):
                if _core.is_member(name):
                    archive, member = _core.find_member(name)
                    found += _in_archive(archive, [(name, member)])
            elif _core.is_archive(name):
                found += _in_archive(name, ((f"{name}:{m}", m) for m in _core.members(name)))
            else:
                found.append(_File(system, os.path.abspath(name), name, os.path.getsize(name)))
    if not found:
        raise FileNotFoundError(errno.ENOENT, "No regular file", os.fspath(path))
    return found


def _in_archive(archive: str, members: Iterable[tuple[str, str]]) -> list[_File]:
    """Return files in a zip archive. `members` has the names in messages and in the archive."""
    system = ZipFileSystem(os.path.abspath(archive))
    return [_File(system, path, name, system.info(path)["size"]) for name, path in members]
