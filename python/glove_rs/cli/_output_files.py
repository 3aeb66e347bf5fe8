"""Output files of commands: when they may be replaced (--overwrite), and how they are written."""

from __future__ import annotations

import argparse
import glob
import os
import stat
import sys
import tempfile
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING

from .. import _core
from ._streams import is_standard_output, is_stream, stream_key

if TYPE_CHECKING:
    from .._io.output_folder import OutputFolder

__all__ = ["add_overwrite", "check_ending", "check_files", "refuse_terminal", "written"]


def add_overwrite(
    parser: argparse._ActionsContainer, text: str = "replace files that exist"
) -> None:
    """Add the option --overwrite, with the help `text`."""
    parser.add_argument("--overwrite", action="store_true", help=text)


def check_files(
    outputs: Mapping[str, str | None] | Iterable[tuple[str, str | None]],
    inputs: Iterable[str | os.PathLike[str] | None],
    *,
    overwrite: bool,
    contents: Mapping[str, str] | None = None,
    folder: OutputFolder | None = None,
    parents: bool = True,
) -> None:
    """Check that the output files can be written and do not replace an input or each other.

    Files are compared by device and inode, so links to the same file are detected. Devices and
    pipes are written to and not replaced, so they do not need `overwrite`. Standard output is
    refused only if the shell redirects it to an input, or if two outputs would be printed to it.
    Commands call this function before they read a text, so that no work is lost, and again before
    they write.

    Parameters
    ----------
    outputs : mapping of str to str, or pairs of them
        Options and their output files; None is ignored.
    inputs : iterable of str
        Files, folders and patterns that the command reads; None is ignored.
    overwrite : bool
        Whether files may be replaced.
    contents : mapping of str to str, optional
        What the file of an option holds, such as "text" for vectors as text: one of
        `Written::NAMES` of the core (src/io/ending.rs). The ending of the file must suit this
        content. Files of other options may have any ending.
    folder : OutputFolder, optional
        An output folder. It and all its files are outputs too.
    parents : bool, default True
        Whether the folder of each file must exist already.

    Raises
    ------
    ValueError
        If the ending of an output says that the file holds something else, if an output is an
        input, if two outputs are the same file or stream, or if one output is a file and the path
        of another output needs a folder with the same path.
    FileExistsError
        If an output exists and `overwrite` is false.
    OSError
        If an output is a folder or a URL, if its folder is missing or read-only, or if its name is
        too long.
    """
    # These modules import numpy, which `--version` does without.
    from .._io.file_systems import EXISTS
    from .._io.files import output_path

    option_of: dict[object, str] = {}
    pairs = outputs.items() if isinstance(outputs, Mapping) else outputs
    written_files: list[tuple[str, str, bool]] = []
    if folder is not None:
        files = (os.path.join(folder.target, name) for name in folder.names)
        if not os.path.isfile(folder.target):
            written_files.append(("out", folder.target, False))
        written_files += [("out", path, False) for path in files]
    written_files += [(option, path, True) for option, path in pairs if path is not None]
    keys = [_written_key(path) for _, path, _ in written_files]
    read: dict[object, str] = {}
    if any(keys):  # otherwise no output exists, and the inputs need not be listed
        read = {key: name for name in _files(inputs) if (key := _key(name)) is not None}
    for (option, path, is_file), key in zip(written_files, keys, strict=True):
        if key in read:
            raise ValueError(f"{option} must be another file than the input {read[key]}")
        to_stream = is_stream(path)
        identity = stream_key(path) if to_stream else key or os.path.realpath(path)
        if identity in option_of:
            raise ValueError(
                f"{option} must be another file than that of {_option(option_of[identity])}, "
                f"got {path}"
            )
        if identity is not None:
            option_of[identity] = option
        if is_file and not to_stream:
            _refuse_inside(option, path, written_files)
    for (option, path, is_file), key in zip(written_files, keys, strict=True):
        output_path(option, path)  # refuses a URL
        if is_file and not is_stream(path):
            if contents and option in contents:
                check_ending(option, path, contents[option])
            _check_folder(path, parents)
            if key is not None and not overwrite:
                raise FileExistsError(17, EXISTS, path)


def check_ending(option: str, path: str, content: str) -> None:
    """Raise a ValueError if the ending of a path says that the file does not hold `content`.

    The message names the option.
    """
    try:
        _core.check_ending(path, content)
    except ValueError as error:
        raise ValueError(str(error).replace("path", option, 1)) from None


def _refuse_inside(file: str, path: str, others: Iterable[tuple[str, str, bool]]) -> None:
    """Raise a ValueError if the path of another output has the file `path` as one of its folders.

    `file` is the option of the file, for the message.
    """
    if os.path.isdir(path):
        return
    for option, other, _ in others:
        if os.path.realpath(other).startswith(os.path.realpath(path) + os.sep):
            raise ValueError(
                f"{file} must not be a folder of another output, "
                f"got {path}, and {_option(option)} is {other}"
            )


def _check_folder(path: str, parents: bool) -> None:
    """Raise an OSError if no file can be written at a path.

    This is so if the path is a folder, if its name is too long, or if its folder is read-only. A
    missing folder is an error only with `parents`, or if a file is in the place of the folder.
    """
    name = os.path.basename(path)
    if name in {"", os.curdir, os.pardir} or os.path.isdir(path):
        raise IsADirectoryError(21, os.strerror(21), path)
    with suppress(FileNotFoundError):
        os.stat(path)  # an OSError if the name is too long, or if a link leads to itself
    parent = os.path.dirname(os.path.realpath(path))
    if not os.path.isdir(parent):
        if parents or os.path.exists(parent):
            raise FileNotFoundError(2, f"the folder {parent} does not exist", path)
    elif not os.access(parent, os.W_OK | os.X_OK):
        raise PermissionError(13, os.strerror(13), path)


def _written_key(path: str) -> object:
    """Return device and inode of an output file; None if there is no regular file.

    For ``-`` this is the file to which the shell redirects standard output.
    """
    if path != "-":
        return _key(path)
    try:
        found = os.fstat(1)
    except OSError:
        return None
    return (found.st_dev, found.st_ino) if stat.S_ISREG(found.st_mode) else None


def _option(name: str) -> str:
    return name if name.startswith("-") else "--" + name.replace("_", "-")


def _files(paths: Iterable[str | os.PathLike[str] | None]) -> Iterable[str]:
    """Yield the files that the paths name: a file, all files in a folder, or those of a pattern."""
    from .._io.files import without_file_protocol  # imported here, because it imports numpy

    for path in paths:
        if path is None:
            continue
        path = without_file_protocol(os.fspath(path))
        if os.path.isdir(path):
            for parent, _, names in os.walk(path):
                yield from (os.path.join(parent, name) for name in names)
        elif not os.path.exists(path) and glob.has_magic(path) and "://" not in path:
            yield from _files(glob.iglob(path, recursive=True))
        else:
            yield "/dev/stdin" if path == "-" else path


def _key(path: str) -> object:
    """Return device and inode of a regular file; None for anything else."""
    try:
        found = os.stat(path)
    except (OSError, ValueError):
        return None
    return (found.st_dev, found.st_ino) if stat.S_ISREG(found.st_mode) else None


def refuse_terminal(output: str | None, option: str = "output") -> None:
    """Refuse to write a binary format to a terminal."""
    if is_standard_output(output) and sys.stdout.isatty():
        raise ValueError(f"{option} must be a file: this format is not text for a terminal")


@contextmanager
def written(path: str, *, overwrite: bool) -> Iterator[str]:
    """Yield a path to write an output to. When the block ends, the output is at `path`.

    If another program creates a file at `path` during the block, this file is replaced only with
    `overwrite`. If `path` is "-" and standard output is a terminal, the output must be text, and is
    written through ``sys.stdout``, which escapes control characters.

    Raises
    ------
    FileExistsError
        If there is a file at `path` when the block ends, and `overwrite` is false. The file does
        not change.
    """
    if path == "-" and sys.stdout.isatty():
        with tempfile.TemporaryDirectory() as folder:
            yield os.path.join(folder, "output")
            file = os.path.join(folder, "output")
            with open(file, encoding="utf-8", errors="surrogateescape", newline="\n") as text:
                sys.stdout.writelines(text)
    elif overwrite or is_stream(path) or not os.path.basename(path):
        yield path
    else:
        with _new_file(path) as new:
            yield new


@contextmanager
def _new_file(path: str) -> Iterator[str]:
    from .._io.file_systems import EXISTS

    name = os.path.basename(path)
    writer = _core.FolderWriter.new(path, [name])
    try:
        yield os.path.join(writer.folder, name)
        writer.commit_file(name)
    except FileExistsError as error:
        raise FileExistsError(17, EXISTS, path) from error
    except OSError as error:
        error.filename = path  # the error must not name the temporary file
        raise
    except ValueError as error:
        message, folder = str(error), os.fspath(writer.folder)
        if folder not in message:
            raise
        raise type(error)(message.replace(os.path.join(folder, name), path)) from None
    finally:
        writer.discard()
