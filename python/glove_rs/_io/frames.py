"""Counts in a data frame of pandas or Polars: a matrix with labels for its rows and columns."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from .._checks import is_missing, shown

__all__ = ["in_order_of_words", "matrix_and_labels"]


def matrix_and_labels(X: Any) -> tuple[Any, list[str] | None]:
    """Split a data frame into its matrix and the labels of its rows.

    Parameters
    ----------
    X : pandas or Polars data frame, or any other matrix
        The labels are the names of the columns and, in pandas, the index. If a frame has both, the
        columns are put in the order of the rows. The default names of pandas, 0, 1, 2, …, and of
        Polars, column_0, column_1, …, are not labels.

    Returns
    -------
    matrix : object
        A scipy sparse matrix if all columns are sparse, otherwise an array; `X` itself if it is not
        a data frame.
    labels : list of str or None
        None if `X` has no labels.

    Raises
    ------
    ValueError
        If rows and columns have different labels, if a label is missing, or if labels in different
        orders have repetitions.
    """
    if not hasattr(X, "columns") or not hasattr(X, "to_numpy"):
        return X, None
    columns = _labels(X.columns, "column")
    rows = _labels(X.index, "row") if hasattr(X, "index") else None
    if rows is not None and columns is not None and rows != columns:
        number_of = {label: number for number, label in enumerate(columns)}
        if len(number_of) != len(columns) or sorted(rows) != sorted(columns):
            raise ValueError(
                "X must have the same labels for rows and columns, got "
                f"{shown(rows[:5])} and {shown(columns[:5])}"
            )
        X = X.iloc[:, [number_of[label] for label in rows]]
    if hasattr(X, "sparse") and all(hasattr(dtype, "fill_value") for dtype in X.dtypes):
        return X.sparse.to_coo(), rows or columns
    return X.to_numpy(), rows or columns


def in_order_of_words(X: Any, labels: list[str], words: list[str]) -> Any:
    """Sort the rows and columns of a square matrix, which have `labels`, in the order of `words`.

    Raises
    ------
    ValueError
        If `labels` and `words` are not the same words.
    """
    if len(labels) != len(words) or set(labels) != set(words):
        raise ValueError(
            "vocabulary must have the same words as the labels of X, in any order, got "
            f"{shown(words[:5])} for {shown(labels[:5])}; to leave the labels out, pass "
            "X.to_numpy()"
        )
    if labels == words:
        return X
    number_of = {label: number for number, label in enumerate(labels)}
    order = np.array([number_of[word] for word in words])
    return X.tocsr()[order][:, order] if hasattr(X, "tocsr") else X[np.ix_(order, order)]


def _labels(labels: Sequence[Any], kind: str) -> list[str] | None:
    """Return labels as text, or None if they are the default names of pandas or Polars."""
    found = list(labels)
    for number, label in enumerate(found):
        if is_missing(label):
            raise ValueError(f"X must have labels that are words, got {label} for {kind} {number}")
    defaults = (range(len(found)), [f"column_{number}" for number in range(len(found))])
    return None if any(found == list(names) for names in defaults) else [str(x) for x in found]
