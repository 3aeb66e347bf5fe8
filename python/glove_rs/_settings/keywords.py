"""Functions that take parameters of the table as keyword arguments."""

from __future__ import annotations

import functools
import inspect
import os
from collections.abc import Callable
from typing import Any, ParamSpec, TypedDict, TypeVar

from .._progress import Progress
from .._python_tokenizers import Tokenizer
from .._user_dictionary import UserDictionary
from .._word_lists import Phrases, StopWords
from .table import SETTINGS, Sections, names

__all__ = [
    "CooccurrenceSettings",
    "EstimateSettings",
    "KeywordSettings",
    "PhraseSettings",
    "VocabularySettings",
    "accepts",
]

_P = ParamSpec("_P")
_R = TypeVar("_R")

# Each public class lists the parameters that `accepts` allows for its function, without those that
# the signature of the function names.


class _TokenizingSettings(TypedDict, total=False):
    storage_options: Any
    documents: str
    errors: str
    tokenizer: Tokenizer
    user_dictionary: UserDictionary | None
    simplified_lookup: bool
    lowercase: bool
    normalize: str | None


class _RunningSettings(TypedDict, total=False):
    tmp_dir: str | os.PathLike[str] | None
    progress: Progress


class _ReadingSettings(_TokenizingSettings, total=False):
    column: str | None
    max_word_bytes: int


class _TextSettings(_ReadingSettings, total=False):
    max_vocab: int | None
    phrases: Phrases | None
    stop_words: StopWords | None


class _CountingSettings(_TextSettings, total=False):
    keep_gaps: bool
    symmetric: bool
    distance_weighting: bool
    adjacent: bool | None


class KeywordSettings(_TokenizingSettings, _RunningSettings, total=False):
    """The parameters that `kwic.contexts` takes as keyword arguments."""

    max_word_bytes: int
    phrases: Phrases | None
    stop_words: StopWords | None
    memory: int | str | None


class PhraseSettings(_ReadingSettings, _RunningSettings, total=False):
    """The parameters that `Phrases.learn` takes as keyword arguments."""

    threads: int | None
    memory: int | str | None


class VocabularySettings(_TextSettings, _RunningSettings, total=False):
    """The keyword arguments of `Vocabulary.from_corpus`."""

    min_count: int
    threads: int | None
    memory: int | str | None


class CooccurrenceSettings(_CountingSettings, _RunningSettings, total=False):
    """The parameters that `Cooccurrence.from_corpus` takes as keyword arguments."""


class EstimateSettings(_CountingSettings, total=False):
    """The keyword arguments of `Cooccurrence.estimate`."""

    window: int | None
    min_count: int
    threads: int | None
    memory: int | str | None


def accepts(
    *sections: Sections, but: tuple[str, ...] = ()
) -> Callable[[Callable[_P, _R]], Callable[_P, _R]]:
    """Let a function that has ``**settings`` take the parameters of `sections`, except `but`.

    The signature of the decorated function names these parameters with their defaults. A call with
    another keyword raises a TypeError.
    """
    allowed = tuple(name for name in names(*sections) if name not in but)

    def decorate(function: Callable[_P, _R]) -> Callable[_P, _R]:
        signature = inspect.signature(function)
        own = [p for p in signature.parameters.values() if p.kind is not p.VAR_KEYWORD]
        known = {p.name for p in own}
        added = [
            inspect.Parameter(name, inspect.Parameter.KEYWORD_ONLY, default=SETTINGS[name].default)
            for name in allowed
            if name not in known
        ]

        @functools.wraps(function)
        def call(*args: _P.args, **settings: _P.kwargs) -> _R:
            for name in settings:
                if name not in known and name not in allowed:
                    raise TypeError(
                        f"{function.__name__}() got an unexpected keyword argument {name!r}"
                    )
            return function(*args, **settings)

        call.__signature__ = signature.replace(parameters=[*own, *added])  # type: ignore[attr-defined]
        return call

    return decorate
