"""The values that a preset supplies for the parameters that were not given."""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping
from typing import Any, Final, TypedDict, TypeVar, cast

from .table import CONSTRUCTOR, PRESETS, SETTINGS, Default, Known, names

__all__ = [
    "decided",
    "default",
    "following",
    "for_records",
    "given_together",
    "numbers",
    "passed_on",
    "resolve",
    "with_defaults",
]

_C = TypeVar("_C", bound=Callable[..., None])

#: The parameters that have a :class:`Default`, each with the number that the signature of `Glove`
#: shows. A preset may replace this number.
_DEFAULTS: Final = {
    name: row.default for name, row in SETTINGS.items() if isinstance(row.default, Default)
}


class ForRecords(TypedDict):
    """The training parameters whose defaults depend on the number of records of the counts."""

    epochs: int
    learning_rate: float


#: The parameters of the constructor that are passed by name only.
_KEYWORDS: Final = CONSTRUCTOR - {"dim"}


def numbers(preset: Any) -> dict[str, Default]:
    """Return the parameters that have a :class:`Default`, with their numbers in a preset.

    The result is empty if `preset` is no preset.
    """
    if not isinstance(preset, str) or preset not in PRESETS:
        return {}
    return {name: Default(PRESETS[preset].get(name, base)) for name, base in _DEFAULTS.items()}


def following(values: Mapping[str, Any], preset: Any) -> dict[str, Any]:
    """Return `values` with the number of a preset for each :class:`Default`.

    A Default that has this number already is kept as an object, because `clone` of scikit-learn
    compares objects. If `preset` is no preset, every Default is kept.
    """
    of_preset = numbers(preset)
    changed = {
        name: of_preset[name]
        for name, value in values.items()
        if isinstance(value, Default) and value != of_preset.get(name, value)
    }
    return {**values, **changed}


def passed_on(name: str, value: Any, preset: Any) -> Any:
    """Return what the attribute `name` of a model with this preset becomes if a user sets `value`.

    A :class:`Default` that is not the preset's number for `name` was read from a model with another
    preset, or from another attribute. The user saw this number and passes it on, so the Default
    becomes an int. Any other `value` is returned unchanged.
    """
    if not isinstance(value, Default):
        return value
    return value if name in _DEFAULTS and value == numbers(preset).get(name, value) else int(value)


def given_together(values: Mapping[str, Any], preset: Any) -> dict[str, Any]:
    """Return what the attributes of a model with this preset become if a user sets `values`.

    If `values` has every keyword-only parameter of the constructor, these are the parameters of a
    model as `get_params` returns them: a Default follows the preset. Otherwise the user passes on
    single numbers, and a Default becomes an int.
    """
    return following(values, preset) if values.keys() >= _KEYWORDS else _as_int(values)


def _as_int(values: Mapping[str, Any]) -> dict[str, Any]:
    return {name: int(v) if isinstance(v, Default) else v for name, v in values.items()}


def decided(values: Mapping[str, Any], preset: Any = None) -> dict[str, Any]:
    """Replace each :class:`Default` in `values` by an int, the number of the preset.

    The preset is `preset`, or by default the value of "preset" in `values`. Without any preset, the
    int has the number of the Default.
    """
    preset = values.get("preset") if preset is None else preset
    return _as_int(following(values, preset))


def with_defaults(constructor: _C) -> _C:
    """Decorate a constructor: a parameter that is not given gets its :class:`Default`, if any.

    The signature keeps plain numbers, which people, type checkers and scikit-learn read.
    """

    @functools.wraps(constructor)
    def call(*args: Any, **settings: Any) -> None:
        preset = settings.get("preset", SETTINGS["preset"].default)
        constructor(*args, **_DEFAULTS | numbers(preset) | given_together(settings, preset))

    return cast("_C", call)


def default(name: str, preset: str, known: Known) -> Any:
    """Return the default of a parameter in a preset."""
    value = PRESETS[preset].get(name, SETTINGS[name].default)
    return value(known) if callable(value) else value


def resolve(values: Mapping[str, Any], records: int | None = None) -> dict[str, Any]:
    """Check the training parameters and return all of them.

    A parameter that is None or missing gets its default in the preset, for counts with this number
    of records. Without `records`, `epochs` of the preset "best" is `SHORT_EPOCHS`.

    Raises
    ------
    ValueError
        For a value that is out of its range.
    """
    chosen = {name: values.get(name, SETTINGS[name].default) for name in names("training")}
    preset = SETTINGS["preset"].check(chosen["preset"])
    chosen = decided(chosen)
    known = Known(SETTINGS["dim"].check(chosen["dim"]), records)

    def check(name: str) -> Any:
        value = chosen[name]
        return SETTINGS[name].check(default(name, preset, known) if value is None else value)

    known = known._replace(epochs=check("epochs"))
    return {name: check(name) for name in chosen}


def for_records(values: Mapping[str, Any], records: int) -> ForRecords:
    """Return the training parameters whose defaults depend on the number of records of the counts.

    If `values` has a value for such a parameter, this value is returned.
    """
    values = resolve(values, records)
    return {"epochs": values["epochs"], "learning_rate": values["learning_rate"]}
