"""What is printed to a terminal: words and file names cannot steer it."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, TextIO, cast

__all__ = ["escaped", "guarded"]

#: Control characters but for newline and tab (C0, DEL, C1, with them all ANSI sequences), what
#: changes the direction of text, and lone surrogates, which stand for bytes that are not UTF-8.
#: Joiners and direction marks, which scripts need, are none of them.
_STEERING = re.compile("[\0-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\ud800-\udfff]")


def escaped(text: str) -> str:
    r"""Return `text` with control characters as ``\u001b``, which JSON reads as well."""
    return _STEERING.sub(lambda found: f"\\u{ord(found.group()):04x}", text)


class _Terminal:
    """A stream to a terminal, which escapes what it is given."""

    def __init__(self, bare: TextIO) -> None:
        #: The stream itself, for progress bars: they steer the terminal and hold no text of users.
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
    """Escape what is printed to standard output and standard error where they are terminals."""
    before = sys.stdout, sys.stderr
    for name, stream in zip(("stdout", "stderr"), before, strict=True):
        if stream is not None and stream.isatty():
            setattr(sys, name, cast(TextIO, _Terminal(stream)))
    try:
        yield
    finally:
        sys.stdout, sys.stderr = before
