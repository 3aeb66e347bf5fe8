"""Parameters in saved models and checkpoints."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from .._python_tokenizers import to_json
from .._user_dictionary import user_dictionary
from .._word_lists import core_phrases, phrases_to_json, stop_words
from .presets import resolve

__all__ = ["of_older_version", "pinned", "saved"]


def saved(settings: Mapping[str, Any]) -> dict[str, Any]:
    """Return parameters in types that JSON has.

    A tokenizer that is a function or a pattern of the library `regex` becomes None. Phrases, stop
    words and user dictionaries that were given as files are replaced by the content of the files.
    """
    values = dict(settings)
    if "tokenizer" in values:
        values["tokenizer"] = to_json(values["tokenizer"])
    if values.get("phrases") is not None:
        values["phrases"] = phrases_to_json(core_phrases(values["phrases"]))
    if values.get("stop_words") is not None:
        values["stop_words"] = stop_words(values["stop_words"])
    if values.get("user_dictionary") is not None:
        values["user_dictionary"] = user_dictionary(values["user_dictionary"])
    return values


def of_older_version(values: Mapping[str, Any]) -> dict[str, Any]:
    """Add the preset to the parameters of a model that an older version saved without one.

    In older versions the default of `preset` was None. It meant "paper" if `x_max`, `alpha`,
    `learning_rate` or `optimizer` was given by hand, and otherwise "best".
    """
    values = dict(values)
    if values.get("preset") is None:
        by_hand = (
            values.get("x_max") is not None
            or values.get("learning_rate") is not None
            or values.get("alpha", 0.75) != 0.75
            or values.get("optimizer", "adagrad") != "adagrad"
        )
        values["preset"] = "paper" if by_hand else "best"
    return values


def pinned(values: Mapping[str, Any], used: Mapping[str, Any]) -> dict[str, Any]:
    """Return the parameters of a saved model with the meaning that they had in its training.

    The default of a preset may differ between the version that trained the model and this version.
    A parameter that was left to the preset stays None if the preset still has the value that was
    used. Otherwise it is set to the value that was used.

    Parameters
    ----------
    values : mapping
        The parameters as the user gave them.
    used : mapping
        The parameters with the values that training used.
    """
    now = resolve(values)
    given = (name for name in now if values.get(name) is None and name in used)
    return {**values, **{name: used[name] for name in given if used[name] != now[name]}}
