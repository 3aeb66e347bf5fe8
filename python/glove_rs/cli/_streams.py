"""Paths that are standard streams, devices or pipes: they are written to and not replaced."""

from __future__ import annotations

import os
import stat
import sys

__all__ = ["is_standard_output", "is_stream", "refuse_closed_output", "stream_key"]

_STANDARD_STREAMS = {"/dev/stdin", "/dev/stdout", "/dev/stderr"}
_STANDARD_OUTPUT = {"/dev/stdout", "/dev/fd/1", "/proc/self/fd/1"}


def is_stream(path: str) -> bool:
    """Return whether a path is a standard stream, a device, a pipe or an open file descriptor."""
    name = os.path.abspath(path)
    if path == "-" or name in _STANDARD_STREAMS or os.path.dirname(name) == "/dev/fd":
        return True
    try:
        mode = os.stat(path).st_mode
    except (OSError, ValueError):
        return False
    return not stat.S_ISREG(mode) and not stat.S_ISDIR(mode)


def is_standard_output(path: str | None) -> bool:
    """Return whether a path is ``-`` or another name of standard output."""
    return path is not None and (path == "-" or os.path.abspath(path) in _STANDARD_OUTPUT)


def stream_key(path: str) -> object:
    """Identify standard output or a pipe; None for anything else, such as the device /dev/null."""
    if is_standard_output(path):
        return "standard output"
    try:
        found = os.stat(path)
    except (OSError, ValueError):
        return None
    return (found.st_dev, found.st_ino) if stat.S_ISFIFO(found.st_mode) else None


def refuse_closed_output() -> None:
    """Refuse to run if standard output is closed.

    The system may then give its file descriptor to a file that the command opens, and a result
    would be written into this file.
    """
    if sys.stdout is None:
        raise OSError(9, "is closed", "-")
