"""A file of a table, and how it is opened: on disk, in an archive, in a store, or by the caller."""

from __future__ import annotations

import os
import zipfile
from dataclasses import dataclass
from typing import Any

from .. import _core
from .._checks import is_file_system
from .decompression import Stream
from .file_systems import is_remote, open_file

__all__ = ["TableFile"]


@dataclass(frozen=True)
class TableFile:
    """A file of a table.

    Attributes
    ----------
    name : str
        Its path, its URL, ``archive.zip:member``, or a name for messages if it is an open file.
    options : mapping or file system, optional
        As for :func:`file_systems.system_of`.
    stream : open file, optional
        The open file. It can be read only once.
    """

    name: str
    options: Any = None
    stream: Any = None

    @property
    def is_local(self) -> bool:
        """Whether the file is an existing local file, not in an archive and not already open."""
        remote = is_remote(self.name) or is_file_system(self.options)
        return self.stream is None and not remote and os.path.exists(self.name)

    @property
    def _is_member(self) -> bool:
        remote = is_remote(self.name) or is_file_system(self.options)
        return self.stream is None and not remote and not self.is_local

    def content(self, look: int) -> Stream:
        """Open the decompressed content, and read its first `look` bytes."""
        in_core = self._is_member and _is_deflated_or_stored(self.name)
        return Stream(None if in_core else self._open(), self.name, look)

    def _open(self) -> Any:
        if self.stream is not None:
            return _Borrowed(self.stream)
        if self._is_member:
            return _open_member(self.name)
        return open_file(self.name, self.options)

    def random_access(self) -> Any:
        """Open the file for reading at any position.

        Raises
        ------
        FormatError
            If the file cannot seek.
        """
        if self.is_local:
            import pyarrow

            return pyarrow.OSFile(self.name)
        file = self._open()
        if not file.seekable():
            raise _core.FormatError(
                f"{self.name}: a table in this format cannot be read from a pipe or another "
                "stream that cannot seek: save it to a file first"
            )
        return file


class _Borrowed:
    """An open file of the caller. Closing it here does not close it for the caller."""

    closed = False

    def __init__(self, file: Any) -> None:
        self.read = file.read
        for name in ("read1", "seek", "tell"):
            if hasattr(file, name):
                setattr(self, name, getattr(file, name))
        self._file = file

    def seekable(self) -> bool:
        return bool(getattr(self._file, "seekable", bool)())

    def readable(self) -> bool:
        return True

    def writable(self) -> bool:
        return False

    def flush(self) -> None: ...

    def close(self) -> None: ...

    def __enter__(self) -> _Borrowed:
        return self

    def __exit__(self, *_: object) -> None: ...


def _is_deflated_or_stored(name: str) -> bool:
    """Return whether the core can unpack ``archive.zip:member``.

    Files that are packed with bzip2 or LZMA are unpacked by Python.
    """
    archive, member = _core.find_member(name)
    with zipfile.ZipFile(archive) as file:
        return file.getinfo(member).compress_type in {zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED}


def _open_member(name: str) -> Any:
    """Open ``archive.zip:member``.

    Raises
    ------
    FileNotFoundError
        If there is no such archive, or no such file in it.
    """
    archive, member = _core.find_member(name)
    return zipfile.ZipFile(archive).open(member)
