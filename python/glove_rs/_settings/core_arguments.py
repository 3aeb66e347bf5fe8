"""Parameters in the types that the core takes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, cast

from .. import _core
from .._python_tokenizers import function_of
from .._user_dictionary import core_words
from .checking import checked
from .presets import resolve

__all__ = ["core_counting", "core_encoding", "core_running", "core_training"]


def core_encoding(values: Mapping[str, Any]) -> _core._Encoding:
    """Check the parameters that turn text into words, and return them for the core."""
    settings = checked(values, "encoding")
    settings["user_dictionary"] = core_words(settings["user_dictionary"])
    if function_of(settings["tokenizer"]) is not None:
        # The binding normalizes and lower-cases the text before it calls the Python function, so
        # both are switched off in the core. The core then does not normalize and lower-case the
        # stop words either: do it here.
        if settings["stop_words"] is not None:
            settings["stop_words"] = _core.folded(
                settings["stop_words"], settings["lowercase"], settings["normalize"]
            )
        settings |= {"tokenizer": "whitespace", "lowercase": False, "normalize": None}
    return settings


def core_counting(values: Mapping[str, Any]) -> _core._Counting:
    """Check the parameters that say which pairs of words are counted, and return them.

    `adjacent` is True or False in the result.
    """
    return checked(values, "counting")


def core_running(values: Mapping[str, Any]) -> _core._Running:
    """Check the parameters `threads`, `memory` and `tmp_dir`, and return them."""
    settings = checked(values, "running")
    del settings["progress"]
    return cast("_core._Running", settings)


def core_training(
    values: Mapping[str, Any],
    *,
    has_init: bool = False,
    is_rectangular: bool = False,
    has_adjacent: bool = True,
) -> _core._Training:
    """Check the parameters of training. Return them, with defaults for those that are not given.

    With `has_init` or `is_rectangular`, ``subwords=None`` means False: pretrained vectors are not
    moved towards those that spelling predicts, and with rectangular counts a word has no sum
    W + W_tilde, to which a subword model could be fitted.

    The result also has `adjacent`: whether training uses the counts of adjacent words. Without
    `has_adjacent`, which says that the counts of the training have them, ``adjacent=None`` means
    False, and True raises a ValueError.
    """
    if (has_init or is_rectangular) and values["subwords"] is None:
        values = {**values, "subwords": False}
    settings = resolve(values)
    del settings["preset"], settings["dim"]
    adjacent = checked(values, "counting")["adjacent"]
    if not has_adjacent and values.get("adjacent"):
        raise ValueError(
            "adjacent must be left out, or counts of adjacent words given: these counts have none; "
            "Cooccurrence.from_corpus and glove-rs cooccur make them from a text"
        )
    settings["adjacent"] = adjacent and has_adjacent
    _core.check_training(settings)
    return settings
