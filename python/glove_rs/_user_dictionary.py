"""The parameter for the words that a user adds to the dictionary of the tokenizer "zh"."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Mapping
from typing import Any, Final, TypeAlias

from . import _core
from ._checks import path_text, shown, words, writable_words
from ._word_lists import check_size

__all__ = [
    "WITHOUT_DICTIONARY",
    "UserDictionary",
    "check_tokenizer",
    "core_words",
    "user_dictionary",
]

#: The path of a file in jieba's format, or lines in this format: a word, optionally its frequency
#: and its tag.
UserDictionary: TypeAlias = str | os.PathLike[str] | Iterable[str]

#: The parameters of the tokenizer "zh", with their values for all other tokenizers.
WITHOUT_DICTIONARY: Final[Mapping[str, Any]] = {
    "user_dictionary": None,
    "simplified_lookup": False,
}

_MOST = 2**32 - 1
_TAG = re.compile("[A-Za-z]+")


class _Entries(list[str]):
    """A list that :func:`user_dictionary` has checked. Checking a long list again takes time."""


def user_dictionary(value: object) -> list[str]:
    """Return the entries of a dictionary, without tags, empty lines and repetitions.

    An entry is "word" or "word frequency". This function also checks the entries of a saved model.
    The result of an earlier call is returned unchanged.

    Raises
    ------
    ValueError
        If `value` is not a path or words, if an entry is not in jieba's format or not valid text,
        or if the entries have more than 1 MiB.
    FormatError
        If a line of the file is not in jieba's format or not UTF-8. The message has the path and
        the number of the line.
    OSError
        If the file cannot be read.
    """
    if isinstance(value, _Entries):
        return value
    entries = _Entries(_entries(value))
    check_size("user_dictionary", entries)
    return entries


def _entries(value: object) -> list[str]:
    if isinstance(value, str | os.PathLike):
        return _of_file(path_text("user_dictionary", value))
    what = "words, or the path of a file with a word on each line"
    lines = words("user_dictionary", value, what, ValueError)
    found: dict[str, str] = {}
    for line in writable_words("user_dictionary", lines):
        try:
            found |= _entry(line)
        except ValueError as error:
            raise ValueError(
                f"user_dictionary must have a word, optionally its frequency and its tag, as each "
                f"item, got {shown(line)}: {error}"
            ) from None
    return list(found.values())


def _of_file(path: str) -> list[str]:
    found: dict[str, str] = {}
    with open(path, "rb") as file:
        for number, line in enumerate(file, 1):
            try:
                found |= _entry(line.decode("utf-8-sig" if number == 1 else "utf-8"))
            except UnicodeDecodeError:
                raise _core.FormatError(f"{path}: line {number} is not UTF-8") from None
            except ValueError as error:
                raise _core.FormatError(f"{path}: line {number}: {error}") from None
    return list(found.values())


def _entry(line: str) -> dict[str, str]:
    """Return a dict with the word of a line as key and its entry as value; {} for an empty line."""
    word, *rest = line.split() or [""]
    if not word:
        return {}
    tag = rest.pop() if rest and not rest[-1].lstrip("-").isdigit() else ""
    if len(rest) > 1:
        raise ValueError("a line has a word, optionally its frequency and its tag")
    if tag and not _TAG.fullmatch(tag):
        raise ValueError(f"{shown(tag)} is neither a frequency nor a tag of ASCII letters")
    if not rest:
        return {word: word}
    if not rest[0].isascii() or len(rest[0]) > 10 or not 1 <= int(rest[0]) <= _MOST:
        raise ValueError(f"the frequency must be an integer from 1 to {_MOST}, got {rest[0]}")
    return {word: f"{word} {int(rest[0])}"}


def core_words(entries: Iterable[str] | None) -> list[tuple[str, int | None]] | None:
    """Convert the entries of :func:`user_dictionary` to the type that the core takes."""
    if entries is None:
        return None
    parts = (entry.split() for entry in entries)
    return [(word, int(rest[0]) if rest else None) for word, *rest in parts]


def check_tokenizer(values: Mapping[str, Any]) -> None:
    """Raise a ValueError if a parameter of the tokenizer "zh" comes with another tokenizer."""
    if isinstance(values["tokenizer"], str) and values["tokenizer"] == "zh":
        return
    for name, off in WITHOUT_DICTIONARY.items():
        if values[name] != off:
            raise ValueError(
                f"{name} must come with tokenizer='zh', got tokenizer={shown(values['tokenizer'])}"
            )
