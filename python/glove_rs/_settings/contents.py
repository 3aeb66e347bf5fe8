"""Parameters that may be files of words or of phrases."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import Any

from .table import SETTINGS
from .value_types import WordsOrFile

__all__ = ["content_paths", "with_content"]


def content_paths(values: Mapping[str, Any]) -> dict[str, Any]:
    """Return the parameters that are files of words or of phrases, with their paths.

    If `stop_words` is a language, it is returned too.
    """
    return {
        name: value
        for name, value in values.items()
        if isinstance(value, str | os.PathLike) and _is_content(name)
    }


def _is_content(name: str) -> bool:
    return name in SETTINGS and isinstance(SETTINGS[name].type, WordsOrFile)


def with_content(values: Mapping[str, Any]) -> dict[str, Any]:
    """Read and check the words and phrases in the parameters.

    Every function that reads a text calls this function once, before its checks. A pipe or an
    iterator can be read only once, and a file may change while the text is read. Later checks
    recognise the result and return it unchanged, because checking a long list takes time.

    Raises
    ------
    ValueError, OSError, FormatError
        If a file cannot be read or has a wrong format, or if words are not valid.
    ImportError
        If `stop_words` is a language and the library stop-words is not installed.
    """
    content = {name: value for name, value in values.items() if _is_content(name)}
    return {**values, **{name: SETTINGS[name].check(value) for name, value in content.items()}}
