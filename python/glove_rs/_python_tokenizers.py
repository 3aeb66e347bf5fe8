"""Tokenizers that run in Python: compiled patterns and functions.

The named tokenizers, such as that for Chinese, run in the core (src/tokenize.rs).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from typing import Any, TypeAlias

from . import _core
from ._checks import shown

__all__ = ["Tokenizer", "from_json", "function_of", "to_json"]

NAMES = _core.TOKENIZERS
#: The name of a tokenizer of the core, a compiled pattern of `re` or `regex`, or a function.
Tokenizer: TypeAlias = str | re.Pattern[str] | Callable[[str], Iterable[str]]


def function_of(tokenizer: Tokenizer) -> Callable[[str], Iterable[str]] | None:
    """Return a function that splits a text into words, or None if `tokenizer` is a name.

    The function for a pattern returns the whole text of each match, even if the pattern has groups.

    Raises
    ------
    ValueError
        If `tokenizer` is not a known name, a pattern for str or a callable.
    """
    if isinstance(tokenizer, str) and tokenizer in NAMES:
        return None
    pattern: Any = tokenizer
    if hasattr(pattern, "finditer") and hasattr(pattern, "pattern"):
        if not isinstance(pattern.pattern, str):
            raise ValueError(f"tokenizer must be a pattern for str, got {shown(pattern)}")
        if pattern.groups == 0:
            return pattern.findall  # type: ignore[no-any-return]
        return lambda text: [match.group() for match in pattern.finditer(text)]
    if callable(tokenizer):
        return tokenizer
    raise ValueError(
        f"tokenizer must be {', '.join(map(repr, NAMES))}, a compiled pattern or a function, "
        f"got {shown(tokenizer)}"
    )


def to_json(tokenizer: Tokenizer) -> object:
    """Convert a name or a pattern of `re` to types that JSON has.

    A function or a pattern of the library `regex` cannot be saved, and gives None.
    """
    if isinstance(tokenizer, re.Pattern):
        return {"pattern": tokenizer.pattern, "flags": tokenizer.flags}
    return tokenizer if isinstance(tokenizer, str) else None


def from_json(value: Any) -> Any:
    """Return the tokenizer that :func:`to_json` converted, or None for None.

    Raises
    ------
    ValueError
        If `value` is not the result of :func:`to_json`.
    """
    if isinstance(value, dict):
        pattern, flags = value.get("pattern"), value.get("flags")
        if not isinstance(pattern, str) or not isinstance(flags, int):
            raise ValueError(f"a pattern must have its text and its flags, got {shown(value)}")
        try:
            return re.compile(pattern, flags & ~re.DEBUG)
        except (re.error, ValueError, OverflowError, RecursionError) as error:
            raise ValueError(f"not a pattern ({error}), got {shown(value)}") from None
    if not isinstance(value, str | None):
        raise ValueError(f"there is no tokenizer {value!r}")
    return value
