"""Output of the commands: results as text or JSON, and checks of the files to write."""

from __future__ import annotations

import argparse
import glob
import json
import math
import os
import re
import stat
from collections.abc import Iterable, Mapping
from typing import Any

from .._io import output_folder
from .._text import columns

__all__ = ["add_json", "add_overwrite", "check_files", "columns", "emit"]


def add_json(parser: argparse._ActionsContainer) -> None:
    """Add the option that chooses JSON."""
    parser.add_argument("--json", action="store_true", help="print the result as JSON")


def emit(options: argparse.Namespace, result: Any, text: str) -> None:
    """Print `result` as JSON with --json, else `text`."""
    print(_json(result) if options.json else text)


def _json(result: Any) -> str:
    text = json.dumps(_plain(result), ensure_ascii=False)
    # JSON must be UTF-8; file names may contain other bytes, which are lone surrogates here.
    return re.sub("[\ud800-\udfff]", lambda found: f"\\u{ord(found.group()):04x}", text)


def _plain(value: Any) -> Any:
    """Return values that JSON can hold: NumPy's as Python's, and None for NaN and infinity."""
    if isinstance(value, dict):
        return {key: _plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    if hasattr(value, "item"):
        return _plain(value.item())
    return None if isinstance(value, float) and not math.isfinite(value) else value


# --- files ----------------------------------------------------------------------------------------


def add_overwrite(
    parser: argparse._ActionsContainer, text: str = "replace files that exist"
) -> None:
    """Add the option that allows a command to replace existing files."""
    parser.add_argument("--overwrite", action="store_true", help=text)


def check_files(
    outputs: Mapping[str, str | None] | Iterable[tuple[str, str | None]],
    inputs: Iterable[str | os.PathLike[str] | None],
    *,
    overwrite: bool,
    folder: output_folder.OutputFolder | None = None,
) -> None:
    """Refuse to write over an input, over a file that exists, or two files with one name.

    Files are compared by device and inode, so links are followed. Standard output, devices and
    pipes are written to, never replaced.

    Parameters
    ----------
    outputs : mapping of str to str, or pairs of them
        Options and their output files; None is ignored.
    inputs : iterable of str
        Files, folders and patterns that the command reads; None is ignored.
    overwrite : bool
        Whether files may be replaced.
    folder : OutputFolder, optional
        An output folder. All its files are outputs.

    Raises
    ------
    ValueError
        For an output that is an input, or one file for two outputs.
    FileExistsError
        For a file that exists, unless `overwrite`.
    """
    option_of: dict[object, str] = {}
    pairs = outputs.items() if isinstance(outputs, Mapping) else outputs
    written_files = [(option, path, True) for option, path in pairs if path is not None]
    if folder is not None:
        files = (os.path.join(folder.target, name) for name in folder.names)
        written_files += [("out", path, False) for path in files]
    keys = [_written_key(path) for _, path, _ in written_files]
    read: dict[object, str] = {}
    if any(keys):  # a folder of inputs may hold many files
        read = {key: name for name in _files(inputs) if (key := _key(name)) is not None}
    for (option, path, is_file), key in zip(written_files, keys, strict=True):
        if key in read:
            raise ValueError(f"{option} must be another file than the input {read[key]}")
        if _is_stream(path):
            continue
        identity = key or os.path.realpath(path)
        if identity in option_of:
            raise ValueError(
                f"{option} must be another file than that of {_option(option_of[identity])}, "
                f"got {path}"
            )
        option_of[identity] = option
        if is_file and key is not None and not overwrite and not os.path.isdir(path):
            reason = "exists; choose another name, or replace it with --overwrite"
            raise FileExistsError(17, reason, path)


def _written_key(path: str) -> object:
    """Identify an output file. For ``-`` this is the file that the shell redirected to, if any."""
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
    """Yield the files of each path: the file, those in the folder, or those that match."""
    for path in paths:
        if path is None:
            continue
        path = os.fspath(path)
        if os.path.isdir(path):
            for parent, _, names in os.walk(path):
                yield from (os.path.join(parent, name) for name in names)
        elif not os.path.exists(path) and glob.has_magic(path) and "://" not in path:
            yield from _files(glob.iglob(path, recursive=True))
        else:
            yield "/dev/stdin" if path == "-" else path


def _key(path: str) -> object:
    """Identify a regular file by device and inode; None for anything else."""
    try:
        found = os.stat(path)
    except (OSError, ValueError):
        return None
    return (found.st_dev, found.st_ino) if stat.S_ISREG(found.st_mode) else None


_STANDARD_STREAMS = {"/dev/stdin", "/dev/stdout", "/dev/stderr"}


def _is_stream(path: str) -> bool:
    """Return whether a path is standard output, a device, a pipe or an open file descriptor."""
    name = os.path.abspath(path)
    if path == "-" or name in _STANDARD_STREAMS or os.path.dirname(name) == "/dev/fd":
        return True
    try:
        mode = os.stat(path).st_mode
    except (OSError, ValueError):
        return False
    return not stat.S_ISREG(mode) and not stat.S_ISDIR(mode)
