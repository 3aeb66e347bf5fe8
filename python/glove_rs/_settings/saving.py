"""Parameters in saved models and checkpoints."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from .. import _core
from .._checks import shown
from .._python_tokenizers import from_json, to_json
from .._user_dictionary import user_dictionary
from .._word_lists import core_phrases, phrases_from_json, phrases_to_json, stop_words
from .checking import checked
from .presets import resolve

__all__ = ["CONVERTED", "OLDER", "of_older_version", "pinned", "restored", "saved"]

#: The parameters that :func:`saved` converts. A model file has the parameters twice: as the user
#: gave them and as training used them. Both have these parameters as :func:`saved` returns them.
CONVERTED = ("tokenizer", "phrases", "stop_words", "user_dictionary")


def saved(settings: Mapping[str, Any]) -> dict[str, Any]:
    """Convert the parameters in :data:`CONVERTED` to types that JSON has. Keep all others.

    A tokenizer that is a function or a pattern of the library `regex` becomes None. Phrases, stop
    words and user dictionaries that were given as files are replaced by the content of the files,
    and the name of a language by its stop words.
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


def restored(settings: Mapping[str, Any]) -> dict[str, Any]:
    """Convert what :func:`saved` returned, in this or in an older version, back to parameters.

    In the result, `phrases` is an object of the core, and `threads` is at most the number that this
    machine allows.

    Raises
    ------
    ValueError
        If a value has a type that no parameter has, or is a malformed tokenizer or malformed
        phrases. Other values are not checked.
    """
    values = {**settings, "tokenizer": from_json(settings["tokenizer"])}
    if values.get("phrases") is not None:
        values["phrases"] = phrases_from_json(values["phrases"])
    # The CONVERTED ones may have other types. `from_json` and `phrases_from_json` have checked the
    # first two, and `checking.used` checks the others.
    for name, value in values.items():
        if name not in CONVERTED and not isinstance(value, str | int | float | None):
            raise ValueError(f"{name} is {shown(value)}")
    values = of_older_version(values)
    threads = values.get("threads")
    if isinstance(threads, int) and threads > _core.most_threads():
        # The model was saved on a machine with more processors.
        values["threads"] = _core.most_threads()
    return values


#: Older versions had neither setting: they trained without subwords and without adjacent words.
OLDER: Final = {"subwords": False, "adjacent": False}


def of_older_version(values: Mapping[str, Any]) -> dict[str, Any]:
    """Add the preset to the parameters of a model that an older version saved without one.

    In older versions the default of `preset` was None. It meant "paper" if `x_max` or
    `learning_rate` was given, or if `alpha` or `optimizer` was not the default of those versions,
    and otherwise "best".
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
    A parameter that was left to the preset stays None if the value that was used is a default of
    the preset now: that of a training with many epochs, or that of one with few. Otherwise it is
    set to the value that was used. `epochs` always stays None: the number that was used may depend
    on the text, belong to an update, or include the epochs of a start model.

    Parameters
    ----------
    values : mapping
        The parameters as the user gave them.
    used : mapping
        The parameters with the values that training used.
    """
    adjacent = {"adjacent": checked(values, "counting")["adjacent"]}
    unknown, known = (resolve(values, records) | adjacent for records in (None, 1))
    left = {name for name in known if values.get(name) is None and name in used} - {"epochs"}
    changed = {name for name in left if used[name] not in {unknown[name], known[name]}}
    return {**values, **{name: used[name] for name in changed}}
