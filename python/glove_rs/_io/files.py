"""Checks of the paths of files to read and to write, and files that appear only when complete."""

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

__all__ = [
    "is_url",
    "local_path",
    "output_path",
    "readable",
    "replacing",
    "without_file_protocol",
]


def local_path(name: str, path: object) -> str:
    """Return as str the path of a file to read. `name` is the parameter, for messages.

    Raises
    ------
    TypeError, ValueError
        If `path` is not a path, is empty, or has a null character.
    FileNotFoundError
        If `path` is a URL and not the name of an existing file.
    """
    text = path_text(name, path)
    if is_remote(text) and not os.path.exists(text):
        reason = "Only texts are read from URLs: download the file first"
        raise FileNotFoundError(errno.ENOENT, reason, text)
    return text


def is_url(path: str) -> bool:
    """Return whether a path to write is a URL.

    ``s3://a`` is not a URL if the current directory has a folder with the name ``s3:``.
    """
    return is_remote(path) and not os.path.isdir(os.path.dirname(path))


def without_file_protocol(path: str) -> str:
    """Return the path ``/a`` for the URL ``file:///a``. Return any other path unchanged."""
    return path.removeprefix("file://") if path.startswith("file:///") else path


def output_path(name: str, path: object, what: str = "file") -> str:
    """Return as str the path of a file or folder to write.

    Parameters
    ----------
    name : str
        The public name of the parameter, for messages.
    path : path
        The file or folder.
    what : {"file", "folder"}
        For messages.

    Raises
    ------
    TypeError, ValueError
        If `path` is not a path, is empty, or has a null character.
    FileNotFoundError
        If `path` is a URL. Without this check a folder with the name ``s3:`` would be created.
    """
    text = path_text(name, path, what)
    if is_url(text):
        reason = (
            "Only Cooccurrence.to_parquet writes to URLs: write to this machine first, and copy "
            f"the {what} to the store"
        )
        raise FileNotFoundError(errno.ENOENT, reason, text)
    return text


def readable(name: str, file: object, member: str | None = None) -> str | IO[Any]:
    """Return the path of a file as str, or the open file, for the core to read.

    Parameters
    ----------
    name : str
        The public name of the parameter, for messages.
    file : path or open file
        The file to read. A path may name a file in an archive, ``archive.zip:name``.
    member : str, optional
        The name of the file to read in the zip archive `file`.

    Raises
    ------
    TypeError
        If `file` is not a path and not an open file, or if `member` is not a str.
    ValueError
        If `file` is an empty path, or if `member` is given and `file` is not the path of a zip
        archive.
    FileNotFoundError
        If `file` is a URL and not the name of an existing file.
    OSError
        If `member` is given and the archive cannot be opened.
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
    """A Python file object that writes to a `FileWriter` of the core. It cannot seek."""

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

    After an exception, an existing file at `path` is unchanged.

    Raises
    ------
    OSError
        If the file cannot be written. The `filename` of the exception is `path`.
    """
    core = _core.FileWriter.new(output_path("path", path))
    try:
        yield _Output(core)
        core.commit()
    finally:
        core.discard()
