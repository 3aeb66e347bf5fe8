"""The values that a preset supplies for the parameters that were not given."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable, Mapping
from typing import Any, TypeVar, cast

from .table import PRESETS, SETTINGS, Default, names

__all__ = ["decided", "default", "resolve", "with_defaults"]

_C = TypeVar("_C", bound=Callable[..., None])


def decided(values: Mapping[str, Any], preset: Any = None) -> dict[str, Any]:
    """Replace each :class:`Default` in `values` by the preset's value, if it has one, or by an int.

    The preset is `preset`, or by default the value of "preset" in `values`.
    """
    preset = values.get("preset") if preset is None else preset
    of_preset = PRESETS.get(preset, {}) if isinstance(preset, str) else {}
    return {
        name: int(of_preset.get(name, value)) if isinstance(value, Default) else value
        for name, value in values.items()
    }


def with_defaults(constructor: _C) -> _C:
    """Decorate a constructor: a parameter that is not given gets its :class:`Default`, if any.

    The signature keeps plain numbers, which people, type checkers and scikit-learn read.
    """
    replaced = {
        name: SETTINGS[name].default
        for name in inspect.signature(constructor).parameters
        if name in SETTINGS and isinstance(SETTINGS[name].default, Default)
    }

    @functools.wraps(constructor)
    def call(*args: Any, **settings: Any) -> None:
        constructor(*args, **replaced | settings)

    return cast("_C", call)


def default(name: str, preset: str, dim: int) -> Any:
    """Return the default of a parameter in a preset."""
    value = PRESETS[preset].get(name, SETTINGS[name].default)
    return value(dim) if callable(value) else value


def resolve(values: Mapping[str, Any]) -> dict[str, Any]:
    """Check the training parameters and return all of them.

    A parameter that is None or missing gets its default in the preset.

    Raises
    ------
    ValueError
        For a value that is out of its range.
    """
    chosen = {name: values.get(name, SETTINGS[name].default) for name in names("training")}
    preset = SETTINGS["preset"].check(chosen["preset"])
    chosen = decided(chosen)
    dim = SETTINGS["dim"].check(chosen["dim"])
    return {
        name: SETTINGS[name].check(default(name, preset, dim) if value is None else value)
        for name, value in chosen.items()
    }
