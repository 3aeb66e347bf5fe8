"""Checks of all parameters of some sections, with the values that a preset supplies."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from .._user_dictionary import check_tokenizer
from .presets import decided, resolve
from .table import SETTINGS, Sections, names

__all__ = ["check_text", "checked", "text_parameters", "used"]


def checked(values: Mapping[str, Any], *sections: Sections) -> dict[str, Any]:
    """Check the parameters of these sections and return them in the types that the core takes.

    A parameter that is not in `values` gets its default.

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
    return result


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
