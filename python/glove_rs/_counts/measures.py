"""Measures of the association of two words, computed from counts.

All functions have four parameters. `x` has counts X_ij. `rows` has the sum X_i of the row of each
count, and `columns` the sum X_j of its column. These three are arrays of float64 that broadcast.
`total` is N, the sum of all counts. Logarithms are natural. In this module P(i, j) is X_ij/N, P(i)
is X_i/N and P(j) is X_j/N.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

__all__ = ["KINDS", "ORDERS", "llr", "log", "npmi", "pmi", "ppmi", "probability"]

_F64: TypeAlias = NDArray[np.float64]


def count(x: _F64, rows: _F64, columns: _F64, total: float) -> _F64:
    """Return the counts themselves."""
    return x


def probability(x: _F64, rows: _F64, columns: _F64, total: float) -> _F64:
    """Return P(j | i) = X_ij / X_i; NaN if word i co-occurs with no word."""
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.asarray(x / rows)


def log(x: _F64, rows: _F64, columns: _F64, total: float) -> _F64:
    """Return ln X_ij, minus infinity for a count of 0."""
    with np.errstate(divide="ignore"):
        return np.asarray(np.log(x))


def pmi(x: _F64, rows: _F64, columns: _F64, total: float) -> _F64:
    """Return the pointwise mutual information ln [P(i, j) / (P(i) P(j))].

    It is minus infinity for a count of 0, and NaN if word i or word j co-occurs with no word.
    (Church and Hanks 1990; they take the logarithm to base 2.)
    """
    # Logarithms are added, because the product of two sums of counts can exceed the largest float.
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.asarray(np.log(x) - np.log(rows) - (np.log(columns) - np.log(total)))


def ppmi(x: _F64, rows: _F64, columns: _F64, total: float) -> _F64:
    """Return max(PMI, 0), and 0 for a count of 0."""
    return np.asarray(np.fmax(pmi(x, rows, columns, total), 0.0))


def npmi(x: _F64, rows: _F64, columns: _F64, total: float) -> _F64:
    """Return PMI / −ln P(i, j), from −1 to 1 (Bouma 2009).

    It is −1 for a count of 0, 0 for independent words, and 1 for words that only co-occur with each
    other. It is NaN if word i or word j co-occurs with no word.
    """
    information = pmi(x, rows, columns, total)
    with np.errstate(divide="ignore", invalid="ignore"):
        value = information / (np.log(total) - np.log(x))
    value = np.where(np.asarray(x) == total, 1.0, value)
    value = np.where(np.isneginf(information), -1.0, value)
    return np.where(np.isnan(information), np.nan, np.clip(value, -1.0, 1.0))


def llr(x: _F64, rows: _F64, columns: _F64, total: float) -> _F64:
    """Return the signed log-likelihood ratio G² of word i and word j (Dunning 1993).

    G² = 2 Σ O ln(O/E) over the four cells of a table with a row for word i and one for all other
    words, and a column for word j and one for all other words. O is the sum of the counts of a
    cell, and E the sum that independent words would have. The sign is negative if X_ij is smaller
    than the E of its cell, X_i X_j / N. The result is NaN if word i or word j co-occurs with no
    word.
    """
    x, rows, columns = np.broadcast_arrays(x, rows, columns)
    value = np.zeros(x.shape)
    for own_row in (True, False):
        for own_column in (True, False):
            of_row = rows if own_row else total - rows
            of_column = columns if own_column else total - columns
            if own_row and own_column:
                observed = x
            elif own_row:
                observed = rows - x
            elif own_column:
                observed = columns - x
            else:
                observed = (total - rows) - (columns - x)
            # Rounding can make a difference of sums negative.
            observed = np.maximum(observed, 0.0)
            with np.errstate(divide="ignore", invalid="ignore"):
                ratio = np.log(observed) - np.log(of_row) - (np.log(of_column) - np.log(total))
                value += np.where(observed > 0, observed * ratio, 0.0)
    with np.errstate(divide="ignore", invalid="ignore"):
        expected = rows * (columns / total)
        signed = np.where(x < expected, -1.0, 1.0) * np.maximum(2 * value, 0.0)
    return np.where((rows > 0) & (columns > 0), signed, np.nan)


_Measure: TypeAlias = Callable[[_F64, _F64, _F64, float], _F64]

#: The measures that `Cooccurrence.to_pandas` takes as `kind`.
KINDS: dict[str, _Measure] = {
    "count": count,
    "probability": probability,
    "log": log,
    "pmi": pmi,
    "ppmi": ppmi,
}

#: The measures that `Cooccurrence.contexts` takes as `by`. Each is also a column of the result.
ORDERS: dict[str, _Measure] = {
    "count": count,
    "probability": probability,
    "pmi": pmi,
    "npmi": npmi,
    "llr": llr,
}
