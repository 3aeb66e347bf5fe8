"""A plot of the losses of a training."""

from __future__ import annotations

from typing import Any

import numpy as np

from .._optional import optional
from .history import History

__all__ = ["plot"]


def plot(history: History, ax: Any = None) -> Any:
    """Draw the loss of each epoch, as :meth:`glove_rs.Glove.plot_loss` describes."""
    if ax is None:
        ax = optional("matplotlib.pyplot", "plot_loss").subplots()[1]
    lines = [("training", list(history)), ("validation", history.validation)]
    if history.data_loss != history:
        lines = [
            ("training: objective", list(history)),
            ("training: data term", history.data_loss),
            ("validation: data term", history.validation),
        ]
    for name, losses in lines:
        if losses:
            ax.plot(np.arange(1, len(losses) + 1), losses, marker="o", label=name)
    ax.legend()
    ax.locator_params(axis="x", integer=True)
    ax.set_xlabel("epoch")
    ax.set_ylabel("loss (cost per record)")
    return ax
