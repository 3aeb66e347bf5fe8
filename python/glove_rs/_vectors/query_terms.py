"""The terms of a query: words, indices and vectors. A term may have a weight."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from .._checks import shown

__all__ = [
    "Key",
    "KeyOrVector",
    "Terms",
    "as_list",
    "as_vector",
    "finite_numbers",
    "weighted_terms",
]

#: A word, or its index.
Key: TypeAlias = "str | int | np.integer[Any]"
#: A word, its index, or a vector.
KeyOrVector: TypeAlias = "Key | NDArray[Any]"
#: One term, several terms, or pairs of a term and its weight.
Terms: TypeAlias = "KeyOrVector | Iterable[KeyOrVector | tuple[KeyOrVector, float]] | None"


def as_list(name: str, terms: Any) -> list[Any]:
    """Return a list of terms, given as one term or several. A matrix gives its rows.

    Raises
    ------
    TypeError
        If `terms` is not a term and cannot be iterated. The message begins with `name`.
    """
    if terms is None:
        return []
    one = isinstance(terms, str | int | np.integer)
    if one or (isinstance(terms, np.ndarray) and terms.ndim < 2 and terms.dtype.kind not in "UO"):
        return [terms]
    try:
        return [as_vector(term) if isinstance(term, list) else term for term in terms]
    except TypeError:
        raise TypeError(
            f"{name} must be a word, an index, a vector or a list of those, got {shown(terms)}"
        ) from None


def as_vector(value: Any) -> Any:
    """Return a sequence of numbers as an array, and anything else, such as a word, unchanged."""
    if isinstance(value, str | int | np.integer):
        return value
    try:
        array = np.asarray(value)
    except ValueError:  # a list of lists that differ in length
        return value
    return array if array.ndim and array.dtype.kind in "fiu" else value


def weighted_terms(positive: Terms, negative: Terms) -> tuple[list[KeyOrVector], list[float]]:
    """Return the terms of a query and their weights.

    A term that is given as a pair (term, weight) has this weight. Any other term has the weight 1
    in `positive` and -1 in `negative`.
    """
    plus, minus = as_list("positive", positive), as_list("negative", negative)
    terms: list[KeyOrVector] = []
    weights = [1.0] * len(plus) + [-1.0] * len(minus)
    for position, term in enumerate(plus + minus):
        if isinstance(term, tuple) and len(term) == 2:
            terms.append(as_vector(term[0]) if isinstance(term[0], list) else term[0])
            weights[position] = float(finite_numbers("weights", term[1]))
        else:
            terms.append(term)
    return terms, weights


def finite_numbers(name: str, values: Any) -> NDArray[np.float64]:
    """Return numbers as an array of float64, or raise a ValueError if one is not finite."""
    try:
        array = np.asarray(values, np.float64)
    except (TypeError, ValueError, OverflowError):
        array = np.asarray(np.nan)
    if not np.isfinite(array).all():
        raise ValueError(f"{name} must be finite numbers, got {shown(values)}")
    return array
