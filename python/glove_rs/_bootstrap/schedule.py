"""The settings of a bootstrap for the epochs of its replicates and their learning rate."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from .._core import FormatError
from .._fit import short_schedule

__all__ = ["replicate_schedule", "stored_schedule"]


def replicate_schedule(
    model: Mapping[str, Any], method: str, tokens: int, epochs: int | None
) -> dict[str, Any]:
    """Return ``replicate_epochs`` and ``replicate_learning_rate`` of a new bootstrap.

    The arguments are those of :func:`.short_schedule.of_replicate`.
    """
    schedule = short_schedule.of_replicate(model, method, tokens, epochs)
    return {f"replicate_{name}": value for name, value in schedule._asdict().items()}


def stored_schedule(settings: Mapping[str, Any]) -> dict[str, Any]:
    """Return ``replicate_epochs`` and ``replicate_learning_rate`` of a stored bootstrap.

    Older versions did not store these two settings: they trained replicates with the epochs and the
    learning rate of the model.

    Raises
    ------
    FormatError
        If one of them is missing in the bootstrap and also in its model.
    """
    found = {}
    for own in ("epochs", "learning_rate"):
        name = f"replicate_{own}"
        if name not in settings and own not in settings["model"]:
            raise FormatError(f"the settings of the bootstrap have neither {name} nor {own}")
        found[name] = settings[name] if name in settings else settings["model"][own]
    return found
