"""Results on standard output, for people or as JSON, and the files that a command writes."""

from __future__ import annotations

import argparse
import glob
import json
import math
import os
import re
import stat
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from .. import _folder

__all__ = ["add_json", "add_overwrite", "check_files", "columns", "emit"]


def add_json(parser: argparse._ActionsContainer) -> None:
    """Add the option that chooses JSON."""
    parser.add_argument("--json", action="store_true", help="print the result as JSON")


def emit(options: argparse.Namespace, result: Any, text: str) -> None:
    """Print `result` as JSON if that was asked for, else `text`."""
    print(_json(result) if options.json else text)


def _json(result: Any) -> str:
    text = json.dumps(_plain(result), ensure_ascii=False)
    # Names of files may hold bytes that are not UTF-8, which JSON must be.
    return re.sub("[\ud800-\udfff]", lambda found: f"\\u{ord(found.group()):04x}", text)


def columns(rows: Iterable[Sequence[str]]) -> str:
    """Lay out rows of a name and its value, names padded to one width."""
    rows = list(rows)
    width = max((len(row[0]) for row in rows), default=0)
    return "\n".join(f"{row[0]:<{width}}  {'  '.join(row[1:])}".rstrip() for row in rows)


def _plain(value: Any) -> Any:
    """Make JSON of it: what numpy gave as Python's, and null of what is no number."""
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
    """Add the option that allows a command to replace what is there."""
    parser.add_argument("--overwrite", action="store_true", help=text)


def check_files(
    outputs: Mapping[str, str | None],
    inputs: Iterable[str | os.PathLike[str] | None],
    *,
    overwrite: bool,
    folder: _folder.OutputFolder | None = None,
) -> None:
    """Refuse to write over an input, over a file that exists, or two files with one name.

    Files are compared by device and inode, so a link is what it points to. Standard output, devices
    and pipes are written to, never replaced.

    Parameters
    ----------
    outputs : mapping of str to str
        The file of each option; None is left out.
    inputs : iterable of str
        Files, folders and patterns that the command reads; None is left out.
    overwrite : bool
        Whether files may be replaced.
    folder : OutputFolder, optional
        Another output, of which each file counts.

    Raises
    ------
    ValueError
        For an output that is an input, or one file for two outputs.
    FileExistsError
        For a file that exists, unless `overwrite`.
    """
    written: dict[object, str] = {}
    places = [(option, path, True) for option, path in outputs.items() if path is not None]
    if folder is not None:
        files = (os.path.join(folder.target, name) for name in folder.names)
        places += [("out", path, False) for path in files]
    keys = [_written_key(path) for _, path, _ in places]
    read: dict[object, str] = {}
    if any(keys):  # a folder of inputs may hold many files
        read = {key: name for name in _files(inputs) if (key := _key(name)) is not None}
    for (option, path, is_file), key in zip(places, keys, strict=True):
        if key in read:
            raise ValueError(f"{option} must be another file than the input {read[key]}")
        if _is_stream(path):
            continue
        place = key or os.path.realpath(path)
        if place in written:
            raise ValueError(
                f"{option} must be another file than that of {_option(written[place])}, got {path}"
            )
        written[place] = option
        if is_file and key is not None and not overwrite and not os.path.isdir(path):
            reason = "exists; choose another name, or replace it with --overwrite"
            raise FileExistsError(17, reason, path)


def _written_key(path: str) -> object:
    """Tell the file that is written, which the shell may have opened, from others."""
    if path != "-":
        return _key(path)
    try:
        found = os.fstat(1)
    except OSError:
        return None
    return (found.st_dev, found.st_ino) if stat.S_ISREG(found.st_mode) else None


def _option(name: str) -> str:
    return "--" + name.replace("_", "-")


def _files(paths: Iterable[str | os.PathLike[str] | None]) -> Iterable[str]:
    """List the files of each path: itself, those of a folder, those that a pattern matches."""
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
    """Tell a regular file from others; None for anything else."""
    try:
        found = os.stat(path)
    except (OSError, ValueError):
        return None
    return (found.st_dev, found.st_ino) if stat.S_ISREG(found.st_mode) else None


def _is_stream(path: str) -> bool:
    """Whether a path is standard output, a device, a pipe, or one of the files that are open."""
    if path == "-" or Path(os.path.abspath(path)).parent in (Path("/dev"), Path("/dev/fd")):
        return True
    try:
        mode = os.stat(path).st_mode
    except (OSError, ValueError):
        return False
    return not stat.S_ISREG(mode) and not stat.S_ISDIR(mode)
