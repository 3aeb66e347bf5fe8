"""Data frames of counts: a matrix with labels."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from .._checks import shown

__all__ = ["matrix_and_labels"]


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
        If rows and columns have different labels.
    """
    if not hasattr(X, "columns") or not hasattr(X, "to_numpy"):
        return X, None
    columns = _labels(X.columns)
    rows = _labels(X.index) if hasattr(X, "index") else None
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


def _labels(labels: Sequence[Any]) -> list[str] | None:
    """Return labels as text, or None for those that a frame has by default."""
    found = list(labels)
    defaults = (range(len(found)), [f"column_{number}" for number in range(len(found))])
    return None if any(found == list(names) for names in defaults) else [str(x) for x in found]
