"""Intervals of an estimate over the models of a bootstrap."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterable
from typing import Any

import numpy as np

from .._checks import shown
from .._warnings import warn
from ..evaluation._outcomes import Vectors
from ._sets import Float64, NotFiniteError

__all__ = ["interval", "level_note"]

#: An estimate has an interval if at least this share of the replicates has a value for it.
_DEFINED = 0.95


def interval(
    bootstrap: Any, estimate: Callable[[Vectors], Float64 | float], level: float
) -> tuple[Float64, Float64]:
    """Return the percentile interval of an estimate.

    Parameters
    ----------
    bootstrap : object
        An object whose attribute `models` is an iterable of word vectors, or such an iterable.
    estimate : callable
        A function that returns the estimates for word vectors, a float or an array of shape (n,).
        If a replicate lacks a word, the function raises a KeyError, or a NotFiniteError for a
        vector of NaN. Then the replicate is left out, with a warning.
    level : float
        The probability of the interval.

    Returns
    -------
    low, high : ndarray of float64, shape (n,)
        NaN for an estimate that has no value in more than 5 % of the replicates.

    Raises
    ------
    TypeError
        If `bootstrap` has no models.
    ValueError
        If `bootstrap` has fewer than two models, or if no model has all words.
    """
    models = getattr(bootstrap, "models", bootstrap)
    if not isinstance(models, Iterable):
        raise TypeError(f"bootstrap must have models of word vectors, got {shown(bootstrap)}")
    found: list[Float64] = []
    number = 0
    for model in models:
        number += 1
        wv = model.vectors if hasattr(model, "W_tilde") else model
        with contextlib.suppress(KeyError, NotFiniteError):  # this replicate lacks a word
            found.append(np.atleast_1d(np.asarray(estimate(wv), dtype=np.float64)))
    if number < 2:
        raise ValueError(f"bootstrap must have at least 2 models, got {number}")
    if len(found) < number:
        warn(f"{number - len(found)} of {number} replicates are left out: a word has no vector")
    if not found:
        raise ValueError("bootstrap must have models with the words of the sets, got none")
    values = np.stack(found)
    enough = (~np.isnan(values)).sum(axis=0) >= _DEFINED * number
    bounds = np.full((2, values.shape[1]), np.nan)
    if enough.any():
        tails = [0.5 - level / 2, 0.5 + level / 2]
        bounds[:, enough] = np.nanquantile(values[:, enough], tails, axis=0)
    return bounds[0], bounds[1]


def level_note(level: float) -> str:
    """Return a note that describes the intervals."""
    return f"{level:.0%} percentile intervals over the models of a bootstrap"
