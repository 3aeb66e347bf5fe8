"""Tokenizers that are Python's: compiled patterns and functions."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from typing import Any, TypeAlias

from . import _core
from ._checks import shown

__all__ = ["Tokenizer", "from_json", "function_of", "to_json"]

NAMES = _core.TOKENIZERS
#: The name of one of the core's, a compiled pattern of `re` or `regex`, or a function.
Tokenizer: TypeAlias = str | re.Pattern[str] | Callable[[str], Iterable[str]]


def function_of(tokenizer: Tokenizer) -> Callable[[str], Iterable[str]] | None:
    """Return the function that a tokenizer is, or `None` for a name.

    That of a pattern finds all its matches, each as a whole, whatever groups it has.
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
    """Return what a saved model holds: names and patterns of `re`; functions cannot be saved."""
    if isinstance(tokenizer, re.Pattern):
        return {"pattern": tokenizer.pattern, "flags": tokenizer.flags}
    return tokenizer if isinstance(tokenizer, str) else None


def from_json(value: Any) -> Any:
    """Return the tokenizer that :func:`to_json` wrote, `None` for a function."""
    if isinstance(value, dict):
        return re.compile(value["pattern"], value["flags"] & ~re.DEBUG)
    if not isinstance(value, str | None):
        raise ValueError(f"there is no tokenizer {value!r}")
    return value
