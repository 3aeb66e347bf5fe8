"""The number of epochs of a replicate, and its learning rate."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from .._core import FormatError
from .._settings import default

__all__ = ["replicate_schedule", "stored_schedule"]

#: A replicate of a bootstrap has `_EPOCHS` epochs if the model has the settings `_MEASURED` of the
#: preset "best", the vectors have at most `_MOST_DIM` components, and the text has at least
#: `_LEAST_TOKENS` tokens.
#: Measured within these limits: with `_EPOCHS` epochs, replicates do not vary less than with all
#: epochs of the model (benches/EXPERIMENTS.md, "Epochs of a replicate").
_EPOCHS, _MOST_DIM, _LEAST_TOKENS = 4, 100, 300_000
#: Pairs (dim, factor): at this dim, the learning rate of a replicate is at most `factor` times that
#: of the model. Between these dims, the factor lies on a straight line. With larger factors,
#: replicates varied too much.
_MOST_FACTORS = (50, 1.6), (100, 1.4)
#: If the preset "best" gets other values, measure again.
_MEASURED = ("epochs", "learning_rate", "schedule", "optimizer")


def replicate_schedule(
    model: Mapping[str, Any], method: str, tokens: int, epochs: int | None
) -> dict[str, Any]:
    """Return the settings ``replicate_epochs`` and ``replicate_learning_rate`` of a new bootstrap.

    If a replicate has fewer epochs than the model, its learning rate is that of the model times
    epochs of the model / epochs of the replicate, but at most 1.6 times that of the model up to
    dim 50, and 1.4 times from dim 100 on. With the learning rate of the model, a shorter training
    would give larger cosines. The bias, which was negative when it was measured, would be nearer to
    0, and "rms" intervals would be narrower than with all epochs.

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
    rate: float = model["learning_rate"]
    if epochs is None:
        measured = all(model[name] == default(name, "best", model["dim"]) for name in _MEASURED)
        within = model["dim"] <= _MOST_DIM and tokens >= _LEAST_TOKENS
        fewer = method == "bootstrap" and measured and within
        epochs = _EPOCHS if fewer else model["epochs"]
    if epochs < model["epochs"]:
        dims, factors = zip(*_MOST_FACTORS, strict=True)
        most = float(np.interp(model["dim"], dims, factors))
        rate *= min(model["epochs"] / epochs, most)
    return {"replicate_epochs": epochs, "replicate_learning_rate": rate}


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
