"""Files that Python itself writes: complete or not at all, as the core's."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import IO

__all__ = ["replacing"]


@contextmanager
def replacing(path: str | os.PathLike[str]) -> Iterator[IO[bytes]]:
    """Give a temporary file beside `path` that takes its name when the block ends well.

    Raises
    ------
    OSError
        With `path` as its file name; what `path` held before is then still there.
    """
    name = os.fspath(path)
    target = os.path.realpath(name)
    temporary = None
    try:
        if os.path.isdir(target):
            raise IsADirectoryError(21, "Is a directory", name)
        folder, base = os.path.split(target)
        descriptor, temporary = tempfile.mkstemp(prefix=f".{base}.", suffix=".tmp", dir=folder)
        with open(descriptor, "wb") as file:
            yield file
        with suppress(OSError):
            # mkstemp made it private; give it the old file's mode, or a new file's.
            os.chmod(temporary, _mode(target))
        os.replace(temporary, target)
        temporary = None
    except OSError as error:
        error.filename = name
        raise
    finally:
        if temporary is not None:
            with suppress(OSError):
                os.unlink(temporary)


def _mode(target: str) -> int:
    with suppress(OSError):
        return os.stat(target).st_mode & 0o7777
    umask = os.umask(0)
    os.umask(umask)
    return 0o666 & ~umask
