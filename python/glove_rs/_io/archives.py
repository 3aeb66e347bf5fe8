"""Reading of files that may be damaged or hostile: at worst they raise a FormatError."""

from __future__ import annotations

import errno
import os
import re
import stat
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from typing import IO, TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from .. import _core
from .._core import FormatError

if TYPE_CHECKING:
    from .._core import _Wanted as Wanted

__all__ = ["MOST_JSON", "Archive", "open_regular", "refusing"]

#: The largest allowed ratio of unpacked content to file size. Compressed numbers stay below 10.
MOST_RATIO = 64
#: Bytes that an archive may unpack to regardless of its size.
ALWAYS = 1 << 20
#: The largest size of settings in JSON: a parser needs many times as much.
MOST_JSON = 1 << 20
#: Bytes to read at a time. Ctrl-C is noticed between two reads.
_CHUNK = 4 << 20

# The header that `numpy.lib.format` writes for an array without fields. Other headers that it
# would read are refused.
_HEADER = re.compile(
    rb"\{'descr': '([<>|][a-z][0-9]+)', 'fortran_order': (True|False), "
    rb"'shape': \((\d{1,15}(?:, \d{1,15})*,?)\), \} *\n"
)


@contextmanager
def refusing(name: str, what: str, wanted: Wanted | None = None) -> Iterator[None]:
    """Turn the exceptions of reading into a FormatError that names the file.

    If the core recognises the file as something else than what is `wanted`, the error says so.

    Readers of archives, JSON and regular expressions raise many classes of exceptions for malformed
    input. MemoryError and errors of the system are passed on.
    """
    try:
        yield
    except (FormatError, MemoryError):
        raise
    except Exception as error:
        if isinstance(error, OSError) and error.errno == errno.ENOMEM:
            raise MemoryError(f"{name}: not enough memory") from error
        # EINVAL: a damaged offset, outside of any file.
        if isinstance(error, OSError) and error.errno not in {None, errno.EINVAL}:
            error.filename = error.filename or name
            raise
        if wanted is not None and os.path.isfile(name):
            _core.check_kind(name, wanted)
        reason = str(error) or type(error).__name__
        raise FormatError(f"{name}: not {what}, or damaged ({reason})") from error


@contextmanager
def open_regular(path: str | os.PathLike[str] | IO[bytes]) -> Iterator[IO[bytes]]:
    """Open a file for reading at any position, which a pipe does not allow.

    A file that is open already is yielded as it is.

    Raises
    ------
    OSError
        With the path, if it cannot be opened or is a pipe or device.
    """
    if not isinstance(path, str | os.PathLike):
        yield path
        return
    mode = os.stat(path).st_mode
    if not stat.S_ISREG(mode) and not stat.S_ISDIR(mode):
        raise OSError(errno.ESPIPE, "This must be a file, not a pipe or device", os.fspath(path))
    with open(path, "rb") as file:
        yield file


class Archive:
    """The arrays of an ``.npz`` file. Their sizes are checked before memory is allocated.

    Call its methods within :func:`refusing`: they may raise any exception.
    """

    def __init__(self, file: IO[bytes]) -> None:
        size = file.seek(0, os.SEEK_END)
        self._zip = zipfile.ZipFile(file)
        members = self._zip.infolist()
        # Others unpack without a bound on memory, whatever size the archive states.
        if any(m.compress_type not in {zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED} for m in members):
            raise ValueError("it is compressed otherwise than with deflate")
        unpacked = sum(member.file_size for member in members)
        if unpacked > MOST_RATIO * size + ALWAYS:
            raise ValueError(f"{size} bytes that unpack to {unpacked}")

    def __contains__(self, name: str) -> bool:
        return name + ".npy" in self._zip.namelist()

    def read(self, name: str, kind: str, shape: tuple[int | None, ...]) -> NDArray[Any]:
        """Return an array with a dtype such as "f4" and this shape; None matches any length."""
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
            if name == "header" and count * dtype.itemsize > MOST_JSON:
                raise ValueError(f"its settings take {count} bytes")
            if len(start) + length + count * dtype.itemsize != member.file_size:
                raise ValueError(f"{name} has {member.file_size} bytes, not those of its shape")
            array = np.empty(count, dtype)
            rest = array.view(np.uint8).data
            while rest:
                read = file.readinto(rest[:_CHUNK])
                if not read:
                    raise EOFError(f"{name} is cut off")
                rest = rest[read:]
            if file.read(1):  # at the end of the member, zipfile compares the checksum
                raise ValueError(f"{name} goes on after its end")
        array = array.astype(dtype.newbyteorder("="), copy=False)
        return array.reshape(found, order="F" if fortran == "True" else "C")

    def rows(self, name: str) -> list[list[float]]:
        """Return the rows of a matrix of float64, or no rows for an empty array."""
        try:
            return self.read(name, "f8", (None, None)).tolist()  # type: ignore[no-any-return]
        except ValueError:
            return self.read(name, "f8", (0,)).tolist()  # type: ignore[no-any-return]
