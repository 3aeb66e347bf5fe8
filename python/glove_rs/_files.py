"""Files that Python itself writes, through the core's one way of writing."""

from __future__ import annotations

import io
import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from . import _core
from ._parameters import path_text

__all__ = ["replacing"]


class _Output(io.RawIOBase):
    """A file of the core for code that writes to Python's: it cannot seek, as a pipe cannot."""

    def __init__(self, core: _core.FileWriter) -> None:
        self._core = core

    def writable(self) -> bool:
        return True

    def write(self, data: Any) -> int:
        data = bytes(data)
        self._core.write(data)
        return len(data)


@contextmanager
def replacing(path: str | os.PathLike[str]) -> Iterator[io.RawIOBase]:
    """Give a binary file that takes the name `path` when the block ends well.

    Raises
    ------
    OSError
        With `path` as its file name; what `path` held before is then still there.
    """
    core = _core.FileWriter(path_text("path", path))
    try:
        yield _Output(core)
        core.commit()
    finally:
        core.discard()
