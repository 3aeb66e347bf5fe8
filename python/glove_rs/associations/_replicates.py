"""Intervals of an estimate over the models of a bootstrap."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np

from .._bootstrap.estimates import INTERVALS, interval_of
from .._checks import choice, shown
from .._warnings import warn
from .._workers import Workers
from ..evaluation._outcomes import Vectors, checked_vectors
from ._sets import Float64, NotFiniteError

__all__ = ["Intervals", "intervals_over"]

#: An estimate has an interval if at least this fraction of the models has a value for it. The
#: models of a bootstrap are also called replicates.
_DEFINED = 0.95
#: The largest number of missing words that a note names.
_NAMED = 3


class Intervals(NamedTuple):
    """Intervals of estimates.

    Attributes
    ----------
    low, high : ndarray of float64, shape (n,)
        NaN for an estimate that is not finite, or has no value in more than 5 % of the replicates.
    notes : list of str
        What the intervals are, and why some are missing.
    """

    low: Float64
    high: Float64
    notes: list[str]


def intervals_over(
    bootstrap: Any,
    estimate: Callable[[Vectors], Float64 | float],
    value: Float64 | float,
    level: float,
    workers: Workers,
) -> Intervals:
    """Return intervals of one or several estimates over the models of a bootstrap.

    The kind of the intervals is that of the :class:`glove_rs.Bootstrap`. For other models it is the
    default kind of a Bootstrap.

    Parameters
    ----------
    bootstrap : object
        An object whose attribute `models` is an iterable of word vectors or models; or such an
        iterable.
    estimate : callable
        A function that returns the estimates for word vectors, a float or an array of shape (n,).
        If a model lacks a word, the function raises a KeyError; if the vector of a word is NaN, it
        raises a NotFiniteError. In both cases the model is left out, with a warning.
    value : float or ndarray of float64, shape (n,)
        The estimates of the model of all of the text.
    level : float
        The confidence level of the intervals.
    workers : Workers
        Several models of a sequence, such as :attr:`glove_rs.Bootstrap.models`, are read at the
        same time. The items of any other iterable are used one after the other.

    Returns
    -------
    Intervals

    Raises
    ------
    TypeError
        If `bootstrap` has no models, or one that is not word vectors.
    ValueError
        If `bootstrap` has fewer than two models, if no model has all words, or if its kind of
        interval is unknown.
    """
    models = getattr(bootstrap, "models", bootstrap)
    is_one = isinstance(models, str | bytes | Mapping) or hasattr(models, "key_to_index")
    if is_one or not isinstance(models, Iterable):
        raise TypeError(
            "bootstrap must be a Bootstrap or several models of word vectors, got "
            f"{shown(bootstrap)}"
        )
    method = getattr(bootstrap, "method", "bootstrap")
    kind = choice("interval", getattr(bootstrap, "interval", INTERVALS[0]), INTERVALS)

    def result(model: Any) -> Float64 | list[str]:
        """Return the estimates of a model, or the words that it lacks."""
        own = model.vectors if hasattr(model, "W_tilde") else model
        wv = checked_vectors("each model of bootstrap", own)
        try:
            return np.atleast_1d(np.asarray(estimate(wv), dtype=np.float64))
        except KeyError as error:  # this replicate lacks a word
            return [str(error.args[0])]
        except NotFiniteError as error:
            return error.words

    if isinstance(models, Sequence):
        results: list[Any] = [None] * len(models)

        def work(block: slice, _: None) -> None:
            for number in range(block.start, block.stop):
                results[number] = result(models[number])

        workers.each(len(models), work, item=1)
    else:
        results = [result(model) for model in models]
    number = len(results)
    found = [values for values in results if isinstance(values, np.ndarray)]
    missing = Counter(word for words in results if isinstance(words, list) for word in words)
    if number < 2:
        raise ValueError(f"bootstrap must have at least 2 models, got {number}")
    lacking, left_out = "", f"{number - len(found)} of {number} replicates"
    if len(found) < number:
        lacking = f"{left_out} lack {_named(missing)}"
        warn(f"{left_out} are left out: they lack {_named(missing)}")
    if not found:
        raise ValueError(f"bootstrap must have models with the words of the sets, but {lacking}")
    values, full = np.stack(found), np.atleast_1d(np.asarray(value, dtype=np.float64))
    defined = np.isfinite(values).sum(axis=0)
    enough = (defined >= _DEFINED * number) & np.isfinite(full)
    bounds = np.full((2, values.shape[1]), np.nan)
    if enough.any():
        bounds[:, enough] = interval_of(full[enough], values[:, enough], method, kind, level)
    notes = []
    if enough.any():
        # The intervals of a jackknife have one kind only: see `interval_of`.
        shown_kind = "standard" if method == "jackknife" else kind
        notes.append(f"{100 * level:g}% {shown_kind} intervals over the models of a {method}")
    if not enough.all():
        without = "" if not enough.any() else f" for {(~enough).sum()} of {len(enough)} estimates"
        if defined.min() >= _DEFINED * number:
            why = "the estimate is undefined"
        else:
            why = lacking or f"{number - defined.min()} of {number} replicates have no value"
        notes.append(f"no interval{without}: {why}")
    elif lacking:
        notes.append(f"the intervals leave out replicates: {lacking}")
    return Intervals(bounds[0], bounds[1], notes)


def _named(missing: Counter[str]) -> str:
    """Return the words that are missing in the largest numbers of replicates, for a message."""
    named = ", ".join(repr(word) for word, _ in missing.most_common(_NAMED))
    return named + (f" and {len(missing) - _NAMED} more words" if len(missing) > _NAMED else "")
