"""The text that a training counts, and whether it can be counted again later."""

from __future__ import annotations

import os
import zlib
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from .._checks import boolean
from .._io.sources import Source, files_of
from ..vocabulary import Vocabulary

__all__ = ["Text", "keeps_counts"]

#: The number of bytes at the beginning and at the end of a file that its fingerprint covers.
_ENDS = 1 << 16


def fingerprint(source: object, storage_options: Any = None) -> dict[str, int] | None:
    """Return the total size and a checksum of the files that `source` names.

    The checksum covers the first and the last `_ENDS` bytes of each file. Return None if `source`
    does not name local regular files.
    """
    files = files_of(source, storage_options)
    if files is None or not all(map(os.path.isfile, files)):  # a pipe can be read only once
        return None
    total = checksum = 0
    for name in files:
        with open(name, "rb") as file:
            size = os.fstat(file.fileno()).st_size
            checksum = zlib.crc32(file.read(_ENDS), checksum)
            file.seek(max(0, size - _ENDS))
            checksum = zlib.crc32(file.read(_ENDS), checksum)
            total += size
    return {"bytes": total, "checksum": checksum}


@dataclass
class Text:
    """A text to count."""

    source: Source
    vocabulary: Vocabulary | None
    column: str | None = None
    storage_options: Any = None

    def where(self) -> dict[str, Any]:
        """Return `column` and `storage_options` by name, as keyword arguments."""
        return {"column": self.column, "storage_options": self.storage_options}

    @cached_property
    def fingerprint(self) -> dict[str, int] | None:
        """The fingerprint of a text in local regular files, computed once; None for other texts."""
        return fingerprint(self.source, self.storage_options)

    def is_unchanged(self) -> bool:
        """Return whether the files of the text still have the fingerprint that was computed first.

        False if there was no fingerprint, or if a file cannot be read.
        """
        try:
            return self.fingerprint is not None and self.fingerprint == fingerprint(
                self.source, self.storage_options
            )
        except OSError:
            return False


def keeps_counts(keep_counts: bool | None, text: Text | None) -> bool:
    """Return whether a model keeps the counts that it was trained on.

    By default it keeps them unless they are those of a text in local regular files, which can be
    counted again.
    """
    if keep_counts is None:
        return text is None or text.fingerprint is None
    return boolean("keep_counts", keep_counts)
