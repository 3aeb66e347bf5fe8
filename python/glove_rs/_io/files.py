"""Files written from Python through the core, which replaces them atomically."""

from __future__ import annotations

import errno
import io
import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import IO, Any, cast

from .. import _core
from .._checks import path_text, shown
from .sources import is_remote

__all__ = ["local_path", "readable", "replacing"]


def local_path(name: str, path: object) -> str:
    """Return the path of a file to read as str.

    Raises
    ------
    TypeError, ValueError
        If it is no path.
    FileNotFoundError
        If it is a URL.
    """
    text = path_text(name, path)
    if is_remote(text) and not os.path.exists(text):
        reason = "Only texts are read from URLs: download the file first"
        raise FileNotFoundError(errno.ENOENT, reason, text)
    return text


def readable(name: str, file: object, member: str | None = None) -> str | IO[Any]:
    """Return what the core reads: a path as str, of a file in an archive too, or an open file.

    Parameters
    ----------
    name : str
        The public name of the parameter, for messages.
    file : path or open file
    member : str, optional
        The file in the zip archive `file`.

    Raises
    ------
    TypeError
        If `file` is neither.
    ValueError
        If `member` is given and `file` is not a zip archive.
    FileNotFoundError
        For a URL.
    """
    if callable(getattr(file, "read", None)):
        if member is not None:
            raise ValueError(
                "member must be None for an open file: name the archive by its path, got "
                f"{shown(member)}"
            )
        return cast("IO[Any]", file)
    path = local_path(name, file)
    if member is None:
        return path
    if not isinstance(member, str):
        raise TypeError(f"member must be a str, got {shown(member)}")
    return os.fsdecode(_core.member_path(path, member))


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
