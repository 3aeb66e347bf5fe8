"""Files written from Python through the core, which replaces them atomically."""

from __future__ import annotations

import io
import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from .. import _core
from .._checks import path_text

__all__ = ["replacing"]


class _Output(io.RawIOBase):
    """A file of the core as a Python file object. It cannot seek, like a pipe."""

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
    """Yield a binary file that replaces `path` when the block ends without an exception.

    Raises
    ------
    OSError
        With `path` as its file name. An existing file is then left unchanged.
    """
    core = _core.FileWriter(path_text("path", path))
    try:
        yield _Output(core)
        core.commit()
    finally:
        core.discard()
