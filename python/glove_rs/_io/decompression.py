"""Binary streams whose first bytes can be examined before they are read.

The core decompresses them.
"""

from __future__ import annotations

import io
from typing import IO, Any

from .. import _core

__all__ = ["Stream"]


class Stream(io.RawIOBase):
    """The content of a file: decompressed, as UTF-8 if it is UTF-16, and without a byte order mark.

    The core recognises compressions by the first bytes. A file may have several compressed streams,
    one after the other.

    Parameters
    ----------
    file : file, optional
        An open file. It is read from its current position, and closed with the stream or if the
        stream cannot be made. None for a file in an archive.
    name : str
        The name of the file in messages. For a file in an archive, ``archive.zip:member``.
    look : int
        `head` has at least this many bytes, or all bytes of a shorter stream.

    Attributes
    ----------
    head : bytes
        The first bytes. `read` returns them too.
    is_decompressed : bool
        Whether the file is compressed.

    Raises
    ------
    TypeError
        If the file is open for text.
    FormatError
        If compressed data are damaged or cut off, or if UTF-16 is malformed. All methods that read
        raise this error.
    """

    def __init__(self, file: IO[bytes] | Any, name: str, look: int) -> None:
        self._file = file
        kind = _core.DecompressedReader
        try:
            self._reader = kind.of_member(name) if file is None else kind.of_file(file, name)
            self.head = self._reader.peek(look)
        except BaseException:
            self.close()
            raise
        self.is_decompressed = self._reader.compression is not None

    def look(self, size: int) -> bytes:
        """Return at least the first `size` bytes, or all bytes of a shorter stream.

        Call this method before the first `read`.
        """
        if len(self.head) < size:
            self.head = self._reader.peek(size)
        return self.head

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        block = self._reader.read(len(buffer))
        buffer[: len(block)] = block
        return len(block)

    def buffered(self) -> io.BufferedReader:
        """Return a reader that reads full blocks."""
        return io.BufferedReader(self, 1 << 20)

    def close(self) -> None:
        if not self.closed and self._file is not None:
            self._file.close()
        super().close()
