"""Trainings with fewer epochs than their model, and a higher learning rate: replicates and slices.

With the learning rate of the model, a training of fewer epochs would move the vectors less. So the
rate is that of the model times (epochs of the model / epochs of the training), but at most times a
factor that was measured. Every number here was measured with the preset "best": if the preset gets
other values, measure again.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final, NamedTuple

import numpy as np

from .._settings import resolve

__all__ = ["ShortSchedule", "of_replicate", "of_slice"]

#: A replicate of a bootstrap has `_REPLICATE_EPOCHS` epochs if the model has the settings
#: `_MEASURED` of the preset "best", the vectors have at most `_MOST_DIM` components, and the text
#: has at least `_LEAST_TOKENS` tokens.
#: Measured within these limits: with `_REPLICATE_EPOCHS` epochs, replicates do not vary less than
#: with all epochs of the model (benches/EXPERIMENTS.md, "Epochs of a replicate").
_REPLICATE_EPOCHS, _MOST_DIM, _LEAST_TOKENS = 4, 100, 300_000
_MEASURED: Final = ("epochs", "learning_rate", "schedule", "optimizer")
#: Pairs (dim, factor): at this dim, the learning rate of a replicate is at most `factor` times that
#: of the model. Between these dims, the factor lies on a straight line. With larger factors,
#: replicates varied too much.
_MOST_FACTORS: Final = (50, 1.6), (100, 1.4)
#: A slice has 4/7 of the epochs of the model, rounded up, and at most 1.6 times the learning rate
#: of the model, whatever its dim. For a model of 7 epochs, the vectors of a slice after these 4
#: epochs differ from those after 7 epochs at the model's learning rate a little more than the
#: vectors of two seeds do (benches/EXPERIMENTS.md, "A new sample of negative pairs in every
#: epoch").
_SLICE_EPOCHS, _MOST_SLICE_FACTOR = (4, 7), 1.6


class ShortSchedule(NamedTuple):
    """The number of epochs of a training, and its learning rate."""

    epochs: int
    learning_rate: float


def of_replicate(
    model: Mapping[str, Any], method: str, tokens: int, epochs: int | None
) -> ShortSchedule:
    """Return the schedule of the replicates of a new bootstrap.

    If a replicate has fewer epochs than the model, its learning rate is that of the model times
    epochs of the model / epochs of the replicate, but at most 1.6 times that of the model up to
    dim 50, and 1.4 times from dim 100 on. With the learning rate of the model, words would have
    larger cosines after fewer epochs. So the bias, which is the mean of the replicates minus the
    estimate and was negative when it was measured, would be nearer to 0. "rms" intervals, whose
    width depends on the bias, would be narrower than with all epochs.

    Parameters
    ----------
    model : mapping
        The settings of the model.
    method : {"bootstrap", "jackknife"}
        By default, a replicate of a jackknife has all epochs of the model, because a jackknife
        multiplies the difference between the replicates and the estimate by n − 1, where n is the
        number of replicates. A difference due to fewer epochs would be multiplied, too.
    tokens : int
        The number of tokens of the text.
    epochs : int or None
        The number of epochs of a replicate that the user gave.
    """
    if epochs is None:
        best = resolve({"preset": "best", "dim": model["dim"]})
        measured = all(model[name] == best[name] for name in _MEASURED)
        within = model["dim"] <= _MOST_DIM and tokens >= _LEAST_TOKENS
        fewer = method == "bootstrap" and measured and within
        epochs = _REPLICATE_EPOCHS if fewer else model["epochs"]
    if epochs >= model["epochs"]:
        return ShortSchedule(epochs, model["learning_rate"])
    dims, factors = zip(*_MOST_FACTORS, strict=True)
    most = float(np.interp(model["dim"], dims, factors))
    return ShortSchedule(epochs, _rate(model, model["epochs"] / epochs, most))


def of_slice(model: Mapping[str, Any], epochs: int | None) -> ShortSchedule:
    """Return the schedule of a slice of a text.

    Parameters
    ----------
    model : mapping
        The settings of the training of the model.
    epochs : int or None
        The number of epochs of a slice that the user gave. The learning rate is then that of the
        model.
    """
    if epochs is not None:
        return ShortSchedule(epochs, model["learning_rate"])
    part, whole = _SLICE_EPOCHS
    rate = _rate(model, whole / part, _MOST_SLICE_FACTOR)
    return ShortSchedule(-(-model["epochs"] * part // whole), rate)


def _rate(model: Mapping[str, Any], quotient: float, most: float) -> float:
    rate: float = model["learning_rate"]
    return rate * min(quotient, most)
