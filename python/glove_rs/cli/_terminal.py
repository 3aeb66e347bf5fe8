"""Output to a terminal: control characters in words and file names are escaped."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, TextIO, cast

__all__ = ["escaped", "guarded"]

#: The characters to escape: control characters except newline and tab (C0, DEL, C1: so no ANSI
#: sequence remains), characters that embed, override or isolate a direction of text, and lone
#: surrogates, which represent bytes that are not UTF-8. Joiners and direction marks are not
#: escaped, because some scripts need them.
_STEERING = re.compile("[\0-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\ud800-\udfff]")


def escaped(text: str) -> str:
    r"""Return `text` with the characters of `_STEERING` written as ``\u001b``, as JSON does."""
    return _STEERING.sub(lambda found: f"\\u{ord(found.group()):04x}", text)


class _Terminal:
    """A stream to a terminal that escapes the text written to it."""

    def __init__(self, bare: TextIO) -> None:
        #: The stream without escaping. Progress bars write to it: they need control characters.
        self.bare = bare

    def write(self, text: str) -> int:
        self.bare.write(escaped(text))
        return len(text)

    def writelines(self, lines: Any) -> None:
        for line in lines:
            self.write(line)

    def __getattr__(self, name: str) -> Any:
        return getattr(self.bare, name)


@contextmanager
def guarded() -> Iterator[None]:
    """Escape text that the block prints to standard output or standard error on a terminal."""
    before = sys.stdout, sys.stderr
    for name, stream in zip(("stdout", "stderr"), before, strict=True):
        if stream is not None and stream.isatty():
            setattr(sys, name, cast(TextIO, _Terminal(stream)))
    try:
        yield
    finally:
        sys.stdout, sys.stderr = before
