"""Files of object stores and other file systems, which fsspec and pyarrow open."""

from __future__ import annotations

import errno
import fnmatch
import glob
import os
import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from typing import IO, Any, cast

from .._checks import is_file_system
from .._optional import optional

__all__ = [
    "EXISTS",
    "is_remote",
    "local_file",
    "no_match",
    "open_file",
    "outer_urls",
    "remote_files",
    "replacing_remote",
    "shortened",
    "system_of",
]

_PROTOCOL = re.compile(r"[A-Za-z][A-Za-z0-9+.-]+://\S([^\n]*\S)?")


def is_remote(name: str) -> bool:
    """Return whether a name is a URL with a protocol, such as ``s3://bucket/corpus.txt``.

    A URL may have spaces within: ``s3://bucket/my corpus.txt``.
    """
    return _PROTOCOL.fullmatch(name) is not None


def system_of(name: str, options: Any = None) -> tuple[Any, str]:
    """Return the file system of fsspec that holds a file, and the path of the file in it.

    Parameters
    ----------
    name : str
        A URL. If `options` is a file system, a path in it.
    options : mapping or file system, optional
        Options of fsspec for the protocol of the URL; or a file system of fsspec or pyarrow.

    Raises
    ------
    ImportError
        If fsspec, or a library that the protocol needs, is not installed. The message says which.
    ValueError
        If fsspec does not know the protocol.
    """
    fsspec = optional("fsspec", f"reading {shortened(name)}")
    if options is not None and not isinstance(options, Mapping):
        system = options
        if not hasattr(system, "ls"):
            system = _of_pyarrow(system)
        return system, str(system._strip_protocol(name))
    try:
        system, path = fsspec.core.url_to_fs(name, **(options or {}))
    except ImportError:
        # pyarrow has file systems of its own for S3, Google Cloud Storage, Azure and HDFS.
        if options or (found := _pyarrow_system(name)) is None:
            raise
        return found
    return system, str(path)


def _of_pyarrow(system: Any) -> Any:
    from fsspec.implementations.arrow import ArrowFSWrapper

    return ArrowFSWrapper(system)


def _pyarrow_system(name: str) -> tuple[Any, str] | None:
    """Return pyarrow's file system for a URL, wrapped for fsspec, and the path in it.

    The result is None if pyarrow is not installed or has no file system for the URL.
    """
    try:
        import pyarrow
        from pyarrow.fs import FileSystem
    except ImportError:
        return None
    try:
        system, path = FileSystem.from_uri(name)
    except pyarrow.ArrowException:
        return None
    return _of_pyarrow(system), path


def remote_files(name: str, options: Any = None) -> list[str]:
    """Return the files that a URL names: a file, or all files of a folder or pattern, sorted.

    As for local paths, a file or folder whose name is the pattern comes first; hidden files of a
    folder and files in hidden folders are left out; and a wildcard matches no hidden name.

    Parameters
    ----------
    name, options
        As for :func:`system_of`.

    Raises
    ------
    FileNotFoundError
        If there is no such file or folder, if the folder has no files, or if no file matches the
        pattern. A URL of HTTP is not checked.
    ImportError, ValueError
        As for :func:`system_of`.
    """
    system, path = system_of(name, options)
    if "http" in _protocols(system):
        return [name]  # HTTP has no folders, and a question mark begins a query
    if system.isdir(path):
        listed = system.find(path, detail=True)
        found = [
            file
            for file in sorted(listed)
            if not any(part.startswith(".") for part in file[len(path) :].split("/"))
            and not _is_folder(system, file, listed[file])
        ]
        if not found:
            raise FileNotFoundError(errno.ENOENT, "No files in the folder", shortened(name))
    elif system.exists(path):
        return [name]
    elif glob.has_magic(path):
        matching = _matching(system, path)
        found = [file for file in matching if not _is_folder(system, file, matching[file])]
        if not found:
            raise FileNotFoundError(errno.ENOENT, no_match(path, bool(matching)), shortened(name))
    else:
        raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT), shortened(name))
    if not is_remote(name):
        return found
    return [system.unstrip_protocol(file) + outer_urls(name) for file in found]


def outer_urls(name: str) -> str:
    """Return the end of a chain of URLs: "::s3://b/a.zip" of "zip://*.txt::s3://b/a.zip"."""
    return "".join(name.partition("::")[1:])


def no_match(pattern: str, folders: bool) -> str:
    """Return the reason in the message of a FileNotFoundError. `folders`: whether folders match."""
    if not folders:
        return "No file matches"
    hint = "" if pattern.endswith(("/", "**")) else " (end the pattern with /*)"
    return f"No file matches, only folders{hint}"


def _matching(system: Any, path: str) -> dict[str, Any]:
    """Return the files and folders that match a pattern as in :mod:`glob`, sorted, with details."""
    pattern = path.split("/")
    # fsspec refuses a**, which is a* in glob.
    accepted = (part if part == "**" else re.sub(r"\*\*+", "*", part) for part in pattern)
    found = system.glob("/".join(accepted), detail=True)
    return {name: found[name] for name in sorted(found) if _matches(name.split("/"), pattern)}


def _matches(parts: Sequence[str], pattern: Sequence[str]) -> bool:
    """Return whether a path matches a pattern in which a wildcard matches no hidden name."""
    if not pattern:
        return not parts
    is_hidden = bool(parts) and parts[0].startswith(".")
    if pattern[0] == "**":
        deeper = bool(parts) and not is_hidden and _matches(parts[1:], pattern)
        return deeper or _matches(parts, pattern[1:])
    return (
        bool(parts)
        and (not is_hidden or pattern[0].startswith("."))
        and fnmatch.fnmatchcase(parts[0], pattern[0])
        and _matches(parts[1:], pattern[1:])
    )


def _is_folder(system: Any, path: str, details: Mapping[str, Any]) -> bool:
    """Return whether `path` is a folder, or a link to one, which fsspec lists beside the files."""
    if details.get("islink"):
        return bool(system.isdir(path))
    return details.get("type") == "directory"


def open_file(name: str, options: Any = None) -> IO[bytes]:
    """Open a file for reading: a local file, or a file in the system of :func:`system_of`."""
    if is_remote(name) or is_file_system(options):
        system, path = system_of(name, options)
        file = system.open(path, "rb")
        with suppress(AttributeError):
            file.glove_rs_system = system  # a zip archive is closed when its file system is deleted
        return cast("IO[bytes]", file)
    return open(name, "rb")


def local_file(name: str, options: Any = None) -> str | None:
    """Return the path of a file of this machine; None if the file is in another store.

    Parameters
    ----------
    name, options
        As for :func:`system_of`.
    """
    system, path = system_of(name, options)
    while True:
        kind = type(system)
        if kind.__name__ == "DirFileSystem":  # of fsspec: a folder of another system
            system, path = system.fs, str(system._join(path))
        elif kind.__name__ == "ArrowFSWrapper":
            system = system.fs
        elif getattr(system, "type_name", None) == "subtree":  # pyarrow's name for a DirFileSystem
            system, path = system.base_fs, system.base_path.rstrip("/") + "/" + path.lstrip("/")
        else:
            break
    if getattr(system, "type_name", None) == "local":
        return path
    return path if "file" in _protocols(system) else None


def _protocols(system: Any) -> tuple[str, ...]:
    found = getattr(system, "protocol", ())
    return (found,) if isinstance(found, str) else tuple(found)


#: The reason in the message of a FileExistsError.
EXISTS = "exists; choose another name, or replace it with overwrite=True"


@contextmanager
def replacing_remote(name: str, options: Any = None, *, overwrite: bool) -> Iterator[IO[bytes]]:
    """Yield a binary file that appears at `name` in a store if the block raises no exception.

    The file is written with a hidden name in the same folder, and then moved: not all stores can
    discard a file that is open. After an exception the hidden file is removed. If it cannot be
    removed, a note of the exception has the name of the hidden file.

    Parameters
    ----------
    name, options
        As for :func:`system_of`.
    overwrite : bool
        Whether a file at `name` may be replaced.

    Raises
    ------
    FileExistsError
        If there is a file at `name`, before or after the block, and `overwrite` is false.
    IsADirectoryError
        If there is a folder at `name`.
    OSError
        If the store cannot be written.
    ImportError, ValueError
        As for :func:`system_of`.
    """
    system, path = system_of(name, options)
    _check_target(system, path, name, overwrite=overwrite)
    folder, slash, last = path.rpartition("/")
    hidden = f"{folder}{slash}.{last}.{os.urandom(4).hex()}.part"
    try:
        file = system.open(hidden, "wb")
    except NotImplementedError:
        raise OSError(errno.EROFS, "This store cannot be written", shortened(name)) from None
    except OSError as error:
        _name(error, name, hidden)
        raise
    try:
        yield file
        file.close()
        _check_target(system, path, name, overwrite=overwrite)
        _move(system, hidden, path)
    except BaseException as error:
        _remove(system, hidden, file, error, is_url=is_remote(name))
        if isinstance(error, OSError):
            _name(error, name, hidden)
        raise


def _remove(system: Any, hidden: str, file: Any, error: BaseException, *, is_url: bool) -> None:
    """Remove the hidden file after `error`, or add a note with its name to `error`."""
    try:
        with suppress(Exception):
            file.close()
        system.rm_file(hidden)
    except BaseException as reason:
        with suppress(Exception):
            system.invalidate_cache()
            if not system.exists(hidden):
                return
        shown = shortened(system.unstrip_protocol(hidden) if is_url else hidden)
        why = " ".join(str(reason).split()) or type(reason).__name__
        error.add_note(f"the incomplete file {shown} could not be removed ({why}): delete it")


def _name(error: OSError, name: str, hidden: str) -> None:
    """Make an error name the file that the caller asked for, instead of none or the hidden file."""
    if error.errno is None:  # an error of a library, which has only a message
        message = str(error).replace(hidden, name)
        error.args = (message if name in message else f"{shortened(name)}: {message}",)
    elif error.filename is None or hidden in str(error.filename):
        error.filename = shortened(name)


def _check_target(system: Any, path: str, name: str, *, overwrite: bool) -> None:
    system.invalidate_cache()
    if system.isdir(path):
        raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR), shortened(name))
    if not overwrite and system.exists(path):
        raise FileExistsError(errno.EEXIST, EXISTS, shortened(name))


def _move(system: Any, old: str, new: str) -> None:
    from fsspec import AbstractFileSystem

    # AbstractFileSystem.mv reads brackets in a name as a pattern, so it is not called.
    if type(system).mv is AbstractFileSystem.mv:
        system.cp_file(old, new)
        system.rm_file(old)
    else:
        system.mv(old, new)


def shortened(name: str, most: int = 300) -> str:
    """Return a name for a message, cut after `most` characters."""
    return name if len(name) <= most else name[:most] + "…"
