"""What training does where the user leaves a setting out."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final, TypeAlias

from ._parameters import real, shown

__all__ = ["PRESETS", "resolve"]

Settings: TypeAlias = dict[str, Any]

# Chosen by the experiments in benches/RESULTS.md, "Quality"; the paper's are those of section 4.2,
# with Stanford's step for the biases.
PRESETS: Final[Mapping[str, Settings]] = {
    "best": {
        "x_max": 10.0,
        "learning_rate": 0.2,
        "bias_learning_rate": 0.2,
        "schedule": "cosine",
        "epochs": 8,
        "grad_clip": 3.0,
        "negative": 1.0,
        "negative_weight": 0.3,
    },
    "paper": {
        "x_max": 100.0,
        "learning_rate": 0.05,
        "bias_learning_rate": 1.0,
        "schedule": "constant",
        "epochs": 25,
        "grad_clip": 100.0,
        "negative": 0.0,
        "negative_weight": 0.3,
    },
}


#: Beyond it, the bound of the gradient that is "best" falls with the square of the dimension: at
#: dim 300 one of 3 lets the loss rise for an epoch or two, which costs 13 points of analogies
#: (benches/RESULTS.md, "Learning rate and schedule").
CLIP_DIM: Final = 100


def resolve(preset: object, given: Mapping[str, Any]) -> Settings:
    """Return every setting that a preset knows: as given or, where that is None, the preset's.

    Without a preset it is "best", unless x_max, learning_rate, alpha or optimizer is set by hand:
    who does that is at work on the paper's model, and the rest is the paper's.

    Raises
    ------
    ValueError
        If there is no such preset.
    """
    if preset is None:
        by_hand = (
            given["x_max"] is not None
            or given["learning_rate"] is not None
            or real("alpha", given["alpha"]) != 0.75
            or not (isinstance(given["optimizer"], str) and given["optimizer"] == "adagrad")
        )
        preset = "paper" if by_hand else "best"
    if not isinstance(preset, str) or preset not in PRESETS:
        raise ValueError(f"preset must be one of {[*PRESETS]} or None, got {shown(preset)}")
    settings = {
        name: default if given[name] is None else given[name]
        for name, default in PRESETS[preset].items()
    }
    if preset == "best" and given["grad_clip"] is None:
        settings["grad_clip"] *= min(1.0, (CLIP_DIM / given["dim"]) ** 2)
    return settings
