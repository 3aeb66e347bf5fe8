"""Files that others made: read so that the worst that can come of one is a FormatError."""

from __future__ import annotations

import errno
import os
import re
import stat
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from typing import IO, Any

import numpy as np
from numpy.typing import NDArray

from ._core import FormatError

__all__ = ["Archive", "open_regular", "refusing"]

#: How much larger than the file its unpacked content may be: numbers that were packed are below 10.
MOST_RATIO = 64
#: What an archive may hold whatever its size.
ALWAYS = 1 << 20
#: Bytes between two looks whether to stop.
_CHUNK = 4 << 20

# What `numpy.lib.format` writes of an array without fields, and nothing else that it reads.
_HEADER = re.compile(
    rb"\{'descr': '([<>|][a-z][0-9]+)', 'fortran_order': (True|False), "
    rb"'shape': \((\d{1,15}(?:, \d{1,15})*,?)\), \} *\n"
)


@contextmanager
def refusing(name: str, what: str) -> Iterator[None]:
    """Turn whatever reading raises into a FormatError that names the file.

    Readers of archives, JSON and patterns raise exceptions of a dozen classes for what they cannot
    read. Lack of memory and faults of the system stay what they are.
    """
    try:
        yield
    except (FormatError, MemoryError):
        raise
    except Exception as error:
        if isinstance(error, OSError) and error.errno == errno.ENOMEM:
            raise MemoryError(f"{name}: not enough memory") from error
        # A damaged offset leads to places that no file has.
        if isinstance(error, OSError) and error.errno not in {None, errno.EINVAL}:
            error.filename = error.filename or name
            raise
        reason = str(error) or type(error).__name__
        raise FormatError(f"{name}: not {what}, or damaged ({reason})") from error


@contextmanager
def open_regular(path: str | os.PathLike[str]) -> Iterator[IO[bytes]]:
    """Open a file that is not read from front to back, as a pipe would have to be.

    Raises
    ------
    OSError
        With the path, if it cannot be opened or is a pipe or device.
    """
    mode = os.stat(path).st_mode
    if not stat.S_ISREG(mode) and not stat.S_ISDIR(mode):
        raise OSError(errno.ESPIPE, "This must be a file, not a pipe or device", os.fspath(path))
    with open(path, "rb") as file:
        yield file


class Archive:
    """The arrays of an ``.npz`` file, whose sizes are known before any memory is taken for them.

    Any exception may leave its methods: they are called within :func:`refusing`.
    """

    def __init__(self, file: IO[bytes]) -> None:
        size = os.fstat(file.fileno()).st_size
        self._zip = zipfile.ZipFile(file)
        unpacked = sum(member.file_size for member in self._zip.infolist())
        if unpacked > MOST_RATIO * size + ALWAYS:
            raise ValueError(f"{size} bytes that unpack to {unpacked}")

    def read(self, name: str, kind: str, shape: tuple[int | None, ...]) -> NDArray[Any]:
        """Return an array of a dtype such as "f4" and of this shape; None stands for any length."""
        member = self._zip.getinfo(name + ".npy")
        file: Any  # typeshed's IO has no readinto
        with self._zip.open(member) as file:
            start = file.read(10)
            if start[:8] != b"\x93NUMPY\x01\x00":
                raise ValueError(f"{name} is not an array")
            length = int.from_bytes(start[8:], "little")
            header = _HEADER.fullmatch(file.read(length))
            if header is None:
                raise ValueError(f"{name} is not a plain array")
            descr, fortran, sizes = (group.decode() for group in header.groups())
            found = tuple(int(n) for n in sizes.split(",") if n.strip())
            fits = len(found) == len(shape) and all(
                wanted in {None, n} for n, wanted in zip(found, shape, strict=True)
            )
            if descr[1:] != kind or not fits:
                expected = tuple("any" if n is None else n for n in shape)
                raise ValueError(
                    f"{name} has shape {found} and dtype {descr}, expected {expected} and {kind}"
                )
            dtype = np.dtype(descr)
            count = 1
            for n in found:
                count *= n
            if len(start) + length + count * dtype.itemsize != member.file_size:
                raise ValueError(f"{name} has {member.file_size} bytes, not those of its shape")
            array = np.empty(count, dtype)
            rest = array.view(np.uint8).data
            while rest:
                read = file.readinto(rest[:_CHUNK])
                if not read:
                    raise EOFError(f"{name} is cut off")
                rest = rest[read:]
            if file.read(1):  # the end, where the checksum is compared
                raise ValueError(f"{name} goes on after its end")
        array = array.astype(dtype.newbyteorder("="), copy=False)
        return array.reshape(found, order="F" if fortran == "True" else "C")

    def rows(self, name: str) -> list[list[float]]:
        """Return the rows of a matrix of float64, or none of an empty array."""
        try:
            return self.read(name, "f8", (None, None)).tolist()  # type: ignore[no-any-return]
        except ValueError:
            return self.read(name, "f8", (0,)).tolist()  # type: ignore[no-any-return]
