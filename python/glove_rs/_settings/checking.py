"""Checks of all parameters of some sections, with the values that a preset supplies."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from .._user_dictionary import check_tokenizer
from .presets import decided, resolve
from .table import PRESETS, SETTINGS, Sections, names

__all__ = ["check_text", "checked", "text_parameters", "used", "without_adjacent"]


def checked(values: Mapping[str, Any], *sections: Sections) -> dict[str, Any]:
    """Check the parameters of these sections and return them in the types that the core takes.

    A parameter that is not in `values` gets its default. If `adjacent` is None, it becomes the
    default of the preset in `values`, or of "best" if `values` has no preset.

    Raises
    ------
    ValueError
        For a value that is out of its range; the message names the parameter and the range.
    TypeError
        For a folder that is not a path.
    OSError, FormatError, ImportError
        If words or phrases are given as a file or a language that cannot be read.
    """
    chosen = decided(
        {name: values.get(name, SETTINGS[name].default) for name in names(*sections)},
        values.get("preset"),
    )
    result = {name: SETTINGS[name].check(value) for name, value in chosen.items()}
    if "encoding" in sections:
        check_tokenizer(result)
    if "counting" in sections:
        result["adjacent"] = _adjacent(result, values.get("preset"))
    return result


def _adjacent(counting: Mapping[str, Any], preset: Any) -> bool:
    """Return whether adjacent words are counted, from the checked parameters of counting."""
    given, whole_documents = counting["adjacent"], counting["window"] is None
    if given is None:
        row = SETTINGS["preset"]
        of_preset = row.default if preset is None else row.check(preset)
        return bool(PRESETS[of_preset]["adjacent"]) and not whole_documents
    if given and whole_documents:
        raise ValueError(
            "adjacent must be False with window=None: every pair of words of a document is then "
            "counted, at whatever distance"
        )
    return bool(given)


def without_adjacent(values: Mapping[str, Any], where: str) -> dict[str, Any]:
    """Return parameters with ``adjacent=False``, for methods that do not count adjacent words.

    `where` names the method in the message, such as "on a cluster".

    Raises
    ------
    ValueError
        If the user gave True, or a value that is not a bool.
    """
    if SETTINGS["adjacent"].check(values["adjacent"]):
        raise ValueError(f"adjacent=True is not supported {where}: leave adjacent out")
    return {**values, "adjacent": False}


def used(values: Mapping[str, Any]) -> dict[str, Any]:
    """Return every parameter of a model except `progress`, with the value that training uses.

    `tokenizer` is returned as the user gave it.
    """
    settings = checked(values, "reading", "encoding", "counting", "running") | resolve(values)
    del settings["progress"]
    return settings


def text_parameters(model: object) -> dict[str, Any]:
    """Return the parameters with which a model reads, encodes and counts a text."""
    groups = names("reading", "encoding", "counting", "running")
    return {name: getattr(model, name) for name in groups}


def check_text(values: Mapping[str, Any]) -> None:
    """Check the parameters of reading, encoding, counting and running before a text is opened."""
    checked(values, "reading", "encoding", "counting", "running")
