"""The parameters for stop words and phrases: accepted values, and the file of phrases."""

from __future__ import annotations

import copyreg
import io
import json
import os
from collections.abc import Iterable, Mapping
from typing import Any, TypeAlias

from . import _core
from ._checks import path_text, shown, words, writable_words
from ._io.text_file import read_text
from ._optional import optional

__all__ = [
    "Phrases",
    "StopWords",
    "check_size",
    "core_phrases",
    "phrases_from_json",
    "phrases_to_json",
    "read_phrases",
    "stop_words",
]

#: Words, the path of a file with a word on each line, or a language such as "english" or "en".
StopWords: TypeAlias = Iterable[str] | str | os.PathLike[str]
#: A :class:`glove_rs.Phrases`, or the path of its file.
Phrases: TypeAlias = Any

#: The largest size of a list of words in bytes. It is limited because a saved model contains its
#: lists of words.
MOST_BYTES = 1 << 20

_FORMAT = "glove-rs phrases"


class _StopWords(list[str]):
    """A list that :func:`stop_words` has checked. It is not checked again, which saves time."""


def stop_words(value: object) -> list[str]:
    """Return stop words, sorted and without repetitions. Empty words are left out.

    The result of an earlier call is returned unchanged.

    Raises
    ------
    ValueError
        If `value` is not of the type :data:`StopWords`, if a str is not a file or a language, if a
        word is not valid text, or if the words have more than 1 MiB.
    FormatError
        If the file is not UTF-8.
    OSError
        If the file cannot be read.
    ImportError
        For a language, if the library stop-words is not installed.
    """
    if isinstance(value, _StopWords):
        return value
    if isinstance(value, str | os.PathLike):
        found = _of_file_or_language(value)
    else:
        what = "words, the path of a file with a word on each line, or a language such as 'english'"
        found = words("stop_words", value, what, ValueError)
    result = _StopWords(sorted(set(filter(None, writable_words("stop_words", found)))))
    check_size("stop_words", result)
    return result


def check_size(name: str, found: Iterable[str]) -> None:
    """Refuse a list of words that is too large for the settings of a saved model."""
    size = sum(len(word.encode()) + 1 for word in found)
    if size > MOST_BYTES:
        raise ValueError(f"{name} must have at most {MOST_BYTES} bytes in all, got {size}")


def _of_file_or_language(value: str | os.PathLike[str]) -> list[str]:
    path = path_text("stop_words", value)
    if not isinstance(value, str) or os.path.exists(path) or os.path.dirname(path):
        return [line.strip() for line in io.StringIO(read_text(path), newline=None)]
    library = optional("stop_words", "stop_words with a language")
    try:
        return list(library.get_stop_words(value))
    except library.StopWordError:
        languages = ", ".join(sorted(library.LANGUAGE_MAPPING.values()))
        raise ValueError(
            f"stop_words must be the path of a file or one of the languages {languages}, got "
            f"{shown(value)}"
        ) from None


def core_phrases(value: object) -> _core.CorePhrases:
    """Return the phrases that a user gave as an object or as a path.

    Raises
    ------
    ValueError
        If `value` is not phrases and not a path.
    OSError, FormatError
        If the file cannot be read or is not a file of phrases.
    """
    core = value if isinstance(value, _core.CorePhrases) else getattr(value, "_core", None)
    if isinstance(core, _core.CorePhrases):
        return core
    if isinstance(value, str | os.PathLike):
        return read_phrases(value, "phrases")
    raise ValueError(f"phrases must be Phrases, or the path of their file, got {shown(value)}")


def read_phrases(path: str | os.PathLike[str], parameter: str = "path") -> _core.CorePhrases:
    """Read a file of phrases.

    `parameter` is the name of the public parameter that has the path, for messages.
    """
    name = path_text(parameter, path)
    text = read_text(name)
    try:
        return phrases_from_json(json.loads(text))
    except (ValueError, RecursionError) as error:
        raise _core.FormatError(f"{name}: not a file of phrases: {error}") from None


def phrases_to_json(phrases: _core.CorePhrases) -> dict[str, Any]:
    """Return phrases as types that ``json.dumps`` accepts."""
    delimiter, connectors, passes = phrases.contents()
    return {
        "format": _FORMAT,
        "version": 1,
        "delimiter": delimiter,
        "connector_words": connectors,
        "passes": passes,
    }


def phrases_from_json(value: Any) -> _core.CorePhrases:
    """Return the phrases that :func:`phrases_to_json` converted, or raise a ValueError."""
    if not isinstance(value, Mapping) or value.get("format") != _FORMAT:
        raise ValueError(f'"format" is not "{_FORMAT}"')
    if value.get("version") != 1:
        raise ValueError(f"version {shown(value.get('version'))}; this glove-rs reads version 1")
    try:
        passes = [
            [([str(word) for word in own], float(score)) for own, score in found]
            for found in value["passes"]
        ]
        connectors = words("connector_words", value["connector_words"])
        return _core.CorePhrases.new(value["delimiter"], connectors, passes)
    except (KeyError, TypeError) as error:
        raise ValueError(f"damaged: {error}") from None


def _restored(text: str) -> _core.CorePhrases:
    return phrases_from_json(json.loads(text))


# A pickle of phrases, such as one that is sent to the workers of a cluster, contains them as JSON.
copyreg.pickle(
    _core.CorePhrases,
    lambda phrases: (_restored, (json.dumps(phrases_to_json(phrases)),)),
)
