"""Binary streams whose first bytes can be examined before they are read.

Compressed streams are decompressed.
"""

from __future__ import annotations

import bz2
import codecs
import functools
import gzip
import io
import lzma
import zlib
from collections.abc import Callable
from typing import IO, Any

from .. import _core
from .._optional import optional

__all__ = ["Stream", "decompressed", "is_damage"]

#: Exceptions that the standard library's decompressors and decoders raise for damaged data. For
#: bzip2 it raises an OSError without a number.
_DAMAGED = (EOFError, gzip.BadGzipFile, zlib.error, lzma.LZMAError, UnicodeError)


def is_damage(error: BaseException) -> bool:
    """Return whether an exception says that compressed or encoded data are damaged."""
    return isinstance(error, _DAMAGED) or (isinstance(error, OSError) and error.errno is None)


class Stream(io.RawIOBase):
    """A binary stream whose first bytes were read to recognise its format.

    Attributes
    ----------
    head : bytes
        The first bytes. `read` returns them too.
    is_decompressed : bool
        Whether the source unpacks a compressed file.
    """

    def __init__(self, source: Any, look: int, *, unpack: bool = False) -> None:
        self._source = source
        self.head = b""
        self._rest = b""
        self.look(look)
        self.is_decompressed = unpack

    def look(self, size: int) -> bytes:
        """Return at least the first `size` bytes, or all bytes of a shorter stream.

        Call this method before the first `read`.

        Raises
        ------
        TypeError
            If the stream is open for text.
        """
        while len(self.head) < size:
            block = self._source.read(size - len(self.head))
            if not block:
                break
            if isinstance(block, str):
                raise TypeError("source must be open for bytes (mode 'rb'), not for text")
            self.head += block
        self._rest = self.head
        return self.head

    def skip(self, size: int) -> None:
        """Drop the first `size` bytes of the head, before anything is read."""
        self.head = self._rest = self.head[size:]

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        if not self._rest:
            self._rest = self._source.read(len(buffer)) or b""
        size = min(len(buffer), len(self._rest))
        buffer[:size] = self._rest[:size]
        self._rest = self._rest[size:]
        return size

    def buffered(self) -> io.BufferedReader:
        """Return a reader that reads full blocks."""
        return io.BufferedReader(self, 1 << 20)

    def close(self) -> None:
        if not self.closed:
            self._source.close()
        super().close()


class _Recoded:
    """A stream in UTF-16, read as UTF-8."""

    def __init__(self, source: Any) -> None:
        self._source = source
        self._decoder = codecs.getincrementaldecoder("utf-16")()
        # Number of bytes that the decoder has received.
        self._decoded = 0

    def read(self, size: int) -> bytes:
        while True:
            block = self._source.read(size)
            waiting = len(self._decoder.getstate()[0])
            try:
                text = self._decoder.decode(block, final=not block)
            except UnicodeDecodeError as error:
                at = self._decoded - waiting + error.start
                raise UnicodeError(f"byte {at} is not UTF-16") from None
            self._decoded += len(block)
            if text or not block:
                return text.encode()

    def close(self) -> None:
        self._source.close()


class _Streams(io.RawIOBase):
    """The content of compressed streams of bzip2 or xz, one after the other.

    ``BZ2File`` and ``LZMAFile`` of the standard library stop without an error at a later stream
    whose beginning is damaged. This class raises the error, and also for other bytes after the end.

    Parameters
    ----------
    file : file
        The compressed streams. The first one begins at the position of the file.
    start : callable
        Returns a new decompressor.
    padding : int
        The number of zero bytes after a stream must be a multiple of this number. With 0, no zero
        bytes may follow.
    """

    def __init__(self, file: io.BufferedReader, start: Callable[[], Any], padding: int = 0) -> None:
        self._file, self._start, self._padding = file, start, padding
        self._stream = start()

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        while True:
            block = b""
            if self._stream.eof:
                block = self._next()
                if not block:
                    return 0
                self._stream = self._start()
            elif self._stream.needs_input:
                block = self._file.read(io.DEFAULT_BUFFER_SIZE)
                if not block:
                    raise EOFError("the compressed data are damaged or cut off")
            data = self._stream.decompress(block, len(buffer))
            if data:
                buffer[: len(data)] = data
                return len(data)

    def buffered(self) -> io.BufferedReader:
        """Return a reader of full blocks.

        It does not return the bytes before a damage in the same block, which may be wrong, too.
        """
        return io.BufferedReader(self, 1 << 16)

    def _next(self) -> bytes:
        """Return the first bytes of the next stream, or no bytes if there is none."""
        block: bytes = self._stream.unused_data or self._file.read(io.DEFAULT_BUFFER_SIZE)
        if not self._padding:
            return block
        zeros = 0
        while block:
            rest = block.lstrip(b"\0")
            zeros += len(block) - len(rest)
            if rest:
                break
            block = self._file.read(io.DEFAULT_BUFFER_SIZE)
        if zeros % self._padding:
            raise EOFError(
                f"{zeros} zero bytes follow a compressed stream, expected a multiple of "
                f"{self._padding}"
            )
        return block.lstrip(b"\0")

    def close(self) -> None:
        if not self.closed:
            self._file.close()
        super().close()


def decompressed(file: IO[bytes] | Any, look: int) -> Stream:
    """Return a stream of the decompressed bytes of an open file, with its first `look` bytes.

    The core recognises data compressed with gzip, bzip2, xz or Zstandard by their first bytes. A
    file may have several compressed streams, one after the other. UTF-16 with a byte order mark
    becomes UTF-8, and the byte order mark of UTF-8 is removed.

    Raises
    ------
    TypeError
        If `file` is open for text.
    ImportError
        If the file is compressed with Zstandard and pyarrow is not installed.
    """
    stream = Stream(file, _core.COMPRESSION_BYTES)
    packing = _core.compression(stream.head)
    if packing is not None:
        stream = Stream(_DECOMPRESSORS[packing](stream.buffered()), look, unpack=True)
    stream.look(look)
    if _begins(stream, codecs.BOM_UTF16_LE) or _begins(stream, codecs.BOM_UTF16_BE):
        stream = Stream(_Recoded(stream), look, unpack=packing is not None)
    if _begins(stream, codecs.BOM_UTF8):
        stream.skip(len(codecs.BOM_UTF8))
    return stream


def _begins(stream: Stream, magic: bytes) -> bool:
    return stream.head.startswith(magic)


def _gzip(file: io.BufferedReader) -> Any:
    return gzip.GzipFile(fileobj=file)


def _bzip2(file: io.BufferedReader) -> Any:
    return _Streams(file, bz2.BZ2Decompressor).buffered()


def _xz(file: io.BufferedReader) -> Any:
    start = functools.partial(lzma.LZMADecompressor, lzma.FORMAT_XZ)
    return _Streams(file, start, padding=4).buffered()


def _zstandard(file: io.BufferedReader) -> Any:
    # The standard library has Zstandard only since Python 3.14.
    pyarrow = optional("pyarrow", "unpacking Zstandard")
    return pyarrow.CompressedInputStream(file, "zstd")


#: The decompressor of each compression that the core recognises, by the name of the compression.
_DECOMPRESSORS = {"gzip": _gzip, "bzip2": _bzip2, "xz": _xz, "Zstandard": _zstandard}
