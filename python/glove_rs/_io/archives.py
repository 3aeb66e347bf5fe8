"""Reading of ``.npz`` files, which may be damaged or hostile: then a FormatError is raised."""

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

#: The largest allowed ratio of unpacked bytes to file size. `Glove.save` does not compress the
#: arrays, so the ratio of a model file is about 1.
MOST_RATIO = 64
#: An archive may always unpack to this many bytes, even if it is small.
ALWAYS = 1 << 20
#: The largest allowed size of settings in JSON, in bytes. A parser needs many times as much memory.
#: Settings contain each list of words twice, so this limit is a multiple of
#: `_word_lists.MOST_BYTES`.
MOST_JSON = 1 << 23
#: Bytes to read at a time. Ctrl-C takes effect between two reads.
_CHUNK = 4 << 20

# The header that `numpy.lib.format` writes for an array without fields. Any other header is
# refused, although NumPy can read other headers too.
_HEADER = re.compile(
    rb"\{'descr': '([<>|][a-z][0-9]+)', 'fortran_order': (True|False), "
    rb"'shape': \((\d{1,15}(?:, \d{1,15})*,?)\), \} *\n"
)


@contextmanager
def refusing(name: str, what: str, wanted: Wanted | None = None) -> Iterator[None]:
    """Convert exceptions in the ``with`` block into a FormatError that names the file.

    Readers of archives, JSON and regular expressions raise many kinds of exceptions for malformed
    input. Errors of the operating system are raised with the name of the file, and lack of memory
    as a MemoryError.

    Parameters
    ----------
    name : str
        The path of the file.
    what : str
        What the file should be, for the message.
    wanted : str, optional
        The name that the core has for this kind of file. If the core recognises the file as another
        kind, the message says what the file is.
    """
    try:
        yield
    except (FormatError, MemoryError):
        raise
    except Exception as error:
        if isinstance(error, OSError) and error.errno == errno.ENOMEM:
            raise MemoryError(f"{name}: not enough memory") from error
        # EINVAL: the file has a damaged offset, for example a negative one.
        if isinstance(error, OSError) and error.errno not in {None, errno.EINVAL}:
            error.filename = error.filename or name
            raise
        if wanted is not None and os.path.isfile(name):
            _core.check_kind(name, wanted)
        reason = str(error) or type(error).__name__
        raise FormatError(f"{name}: not {what}, or damaged ({reason})") from error


@contextmanager
def open_regular(path: str | os.PathLike[str] | IO[bytes]) -> Iterator[IO[bytes]]:
    """Open a regular file for reading. A file that is already open is yielded unchanged.

    Pipes and devices are refused, because a reader cannot seek in them.

    Raises
    ------
    OSError
        With the path, if the file cannot be opened or is a pipe or device.
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
        # zipfile unpacks other compressions, such as bzip2, without a bound on memory, even if the
        # archive states a small size.
        if any(m.compress_type not in {zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED} for m in members):
            raise ValueError("it has a compression other than deflate")
        unpacked = sum(member.file_size for member in members)
        if unpacked > (most := MOST_RATIO * size + ALWAYS):
            raise ValueError(
                f"its {size:,} bytes unpack to {unpacked:,} bytes, the limit is {most:,}"
            )

    def __contains__(self, name: str) -> bool:
        return name + ".npy" in self._zip.namelist()

    def read(self, name: str, kind: str, shape: tuple[int | None, ...]) -> NDArray[Any]:
        """Read an array, which must have the dtype `kind`, such as "f4", and this shape.

        None in `shape` matches any length. Any byte order and memory order is accepted.
        """
        member = self._zip.getinfo(name + ".npy")
        file: Any  # not IO[bytes], which has no method readinto for type checkers
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
                raise ValueError(
                    f"its settings have {count * dtype.itemsize:,} bytes, the limit is "
                    f"{MOST_JSON:,}"
                )
            if len(start) + length + count * dtype.itemsize != member.file_size:
                raise ValueError(f"{name} has {member.file_size} bytes, which do not fit its shape")
            array = np.empty(count, dtype)
            rest = array.view(np.uint8).data
            while rest:
                read = file.readinto(rest[:_CHUNK])
                if not read:
                    raise EOFError(f"{name} is cut off")
                rest = rest[read:]
            if file.read(1):  # this read at the end makes zipfile compare the checksum
                raise ValueError(f"{name} has more bytes than its shape needs")
        array = array.astype(dtype.newbyteorder("="), copy=False)
        # The core reads arrays in C order.
        return np.ascontiguousarray(array.reshape(found, order="F" if fortran == "True" else "C"))

    def rows(self, name: str) -> list[list[float]]:
        """Return the rows of a float64 matrix; an empty list for an empty array."""
        try:
            return self.read(name, "f8", (None, None)).tolist()  # type: ignore[no-any-return]
        except ValueError:
            return self.read(name, "f8", (0,)).tolist()  # type: ignore[no-any-return]
