"""What queries are made of: words, indices and vectors, each with a weight if one is given."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from .._checks import shown

__all__ = ["Item", "Items", "Key", "listed", "reals", "weighted"]

#: A word, or its index.
Key: TypeAlias = "str | int | np.integer[Any]"
#: A word, its index, or a vector.
Item: TypeAlias = "Key | NDArray[Any]"
#: One item, several items, or pairs of an item and its weight.
Items: TypeAlias = "Item | Iterable[Item | tuple[Item, float]] | None"


def listed(name: str, items: Any) -> list[Any]:
    """Return one item or several as a list; a matrix is a list of its rows."""
    if items is None:
        return []
    one = isinstance(items, str | int | np.integer)
    if one or (isinstance(items, np.ndarray) and items.ndim < 2 and items.dtype.kind not in "UO"):
        return [items]
    try:
        return list(items)
    except TypeError:
        raise TypeError(
            f"{name} must be a word, an index, a vector or a list of those, got {shown(items)}"
        ) from None


def weighted(positive: Items, negative: Items) -> tuple[list[Item], list[float]]:
    """Return the items of a query and their weights: 1, -1, or the weight given with an item."""
    plus, minus = listed("positive", positive), listed("negative", negative)
    items: list[Item] = []
    weights = [1.0] * len(plus) + [-1.0] * len(minus)
    for position, item in enumerate(plus + minus):
        if isinstance(item, tuple) and len(item) == 2:
            items.append(item[0])
            weights[position] = float(reals("weights", item[1]))
        else:
            items.append(item)
    return items, weights


def reals(name: str, values: Any) -> NDArray[np.float64]:
    """Return finite numbers as an array; a ValueError names the parameter if one is not finite."""
    try:
        array = np.asarray(values, np.float64)
    except (TypeError, ValueError, OverflowError):
        array = np.asarray(np.nan)
    if not np.isfinite(array).all():
        raise ValueError(f"{name} must be finite numbers, got {shown(values)}")
    return array
