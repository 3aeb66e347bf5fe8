"""The ratio of two conditional probabilities, and the reason if it is not a finite number."""

from __future__ import annotations

from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from .._checks import real
from .._text import figure
from .._warnings import warn
from .protocol import CountMatrix

__all__ = ["ratio", "reason", "smoothed"]

_F64: TypeAlias = NDArray[np.float64]


def ratio(X: CountMatrix, k: str, i: str, j: str, smoothing: float) -> float:
    """Return P(k | i) / P(k | j); see :meth:`glove_rs.Cooccurrence.ratio`."""
    smoothing = real("smoothing", smoothing)
    column, rows = X.context_vocabulary[k], [X.vocabulary[i], X.vocabulary[j]]
    x = [X._core.get(row, column) for row in rows]
    totals = [X._core.row_sum(row) for row in rows]
    words = len(X.context_vocabulary)
    above, below = (
        float(smoothed(np.array(count), total, words, smoothing))
        for count, total in zip(x, totals, strict=True)
    )
    with np.errstate(divide="ignore", invalid="ignore"):
        value = float(np.float64(above) / below)
    if not np.isfinite(value):
        why = reason(k, i, j, (x[0], x[1]), (totals[0], totals[1]))
        known = ", ".join(
            f"X[{word!r}, {k!r}] = {figure(count)} of {figure(total)}"
            for word, count, total in zip((i, j), x, totals, strict=True)
        )
        warn(
            f"the ratio is {value}: {why} ({known}); smoothing=1 adds 1 to each count",
            RuntimeWarning,
        )
    return value


def smoothed(x: _F64, total: float, words: int, smoothing: float) -> _F64:
    """Return P(k | i) = (X_ik + s) / (X_i + s V).

    X_ik is `x`, X_i is `total`, s is `smoothing`, and V is the number of context words, `words`.
    The result is NaN if word i co-occurs with no word and s is 0.
    """
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.asarray((x + smoothing) / (total + smoothing * words))


def reason(k: str, i: str, j: str, counts: tuple[float, float], totals: tuple[float, float]) -> str:
    """Return why P(k | i) / P(k | j) without smoothing is NaN or infinite; "" if it is finite."""
    for word, total in ((i, totals[0]), (j, totals[1])):
        if total == 0:
            return f"{word!r} co-occurs with no word"
    if counts[1] > 0:
        return ""
    if counts[0] > 0:
        return f"{k!r} co-occurs with {i!r} but never with {j!r}"
    return f"{k!r} co-occurs neither with {i!r} nor with {j!r}"
