"""Data frames of counts: a matrix with labels."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from .._checks import shown

__all__ = ["aligned", "matrix_and_labels"]


def matrix_and_labels(X: Any) -> tuple[Any, list[str] | None]:
    """Split a data frame into its matrix and the labels of its rows.

    Parameters
    ----------
    X : pandas or Polars data frame, or any other matrix
        A frame of pandas has its labels in the index, the columns, or both: then the columns are
        put in the order of the rows. The numbers 0, 1, 2, … of pandas' default index are no labels.

    Returns
    -------
    matrix : object
        Sparse if the columns are; `X` itself if it is no frame.
    labels : list of str or None

    Raises
    ------
    ValueError
        If rows and columns have different labels, or a label is missing.
    """
    if not hasattr(X, "columns") or not hasattr(X, "to_numpy"):
        return X, None
    columns = _labels(X.columns, "column")
    rows = _labels(X.index, "row") if hasattr(X, "index") else None
    if rows is not None and columns is not None and rows != columns:
        place = {label: number for number, label in enumerate(columns)}
        if len(place) != len(columns) or sorted(rows) != sorted(columns):
            raise ValueError(
                "X must have the same labels for rows and columns, got "
                f"{shown(rows[:5])} and {shown(columns[:5])}"
            )
        X = X.iloc[:, [place[label] for label in rows]]
    if hasattr(X, "sparse") and all(hasattr(dtype, "fill_value") for dtype in X.dtypes):
        return X.sparse.to_coo(), rows or columns
    return X.to_numpy(), rows or columns


def aligned(X: Any, labels: list[str], words: list[str]) -> Any:
    """Put the rows and columns of a square matrix into the order of `words`, by their labels.

    Raises
    ------
    ValueError
        If the labels are not these words.
    """
    if len(labels) != len(words) or set(labels) != set(words):
        raise ValueError(
            "vocabulary must have the labels of X, in any order, got "
            f"{shown(words[:5])} for {shown(labels[:5])}; X.to_numpy() has no labels"
        )
    if labels == words:
        return X
    place = {label: number for number, label in enumerate(labels)}
    order = np.array([place[word] for word in words])
    return X.tocsr()[order][:, order] if hasattr(X, "tocsr") else X[np.ix_(order, order)]


def _labels(labels: Sequence[Any], kind: str) -> list[str] | None:
    """Return labels as text, or None for those that a frame has by default."""
    found = list(labels)
    for number, label in enumerate(found):
        if _is_missing(label):
            raise ValueError(f"X must have labels that are words, got {label} for {kind} {number}")
    defaults = (range(len(found)), [f"column_{number}" for number in range(len(found))])
    return None if any(found == list(names) for names in defaults) else [str(x) for x in found]


def _is_missing(label: Any) -> bool:
    """Return whether pandas takes a label for none: None, NaN, NA or NaT."""
    is_nan = isinstance(label, float | np.floating) and label != label
    return label is None or is_nan or type(label).__name__ in {"NAType", "NaTType"}
