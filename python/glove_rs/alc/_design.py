"""Covariates as a matrix of numbers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .._checks import is_missing, shown
from .._optional import optional
from ._embed import Embeddings
from ._space import Float64

__all__ = ["design"]


def design(embeddings: Embeddings, covariates: Any) -> tuple[list[str], Float64]:
    """Return the names and the columns of covariates, without the intercept.

    Parameters
    ----------
    embeddings : Embeddings
    covariates : str, sequence of str, mapping, data frame or ndarray
        As for :func:`glove_rs.alc.regress`.

    Returns
    -------
    names : list of str
    columns : ndarray of float64, shape (n, covariates)

    Raises
    ------
    ValueError
        If there is no covariate; if an array is not a matrix of numbers; if a covariate is not a
        column of the metadata or has the wrong length; if it has missing or infinite values; if it
        is text and all its values are equal; if formulaic refuses the formula; or if the formula
        has a left side or removes the intercept.
    TypeError
        If `covariates` is of another type.
    ImportError
        For a formula, if formulaic or pandas is not installed.
    """
    if isinstance(covariates, str):
        return _of_formula(embeddings, covariates)
    columns: dict[str, Any]
    if isinstance(covariates, np.ndarray):
        rows = covariates[:, None] if covariates.ndim == 1 else covariates
        if rows.ndim != 2 or rows.dtype.kind not in "fiub":
            raise ValueError(
                f"covariates must be a matrix of numbers, got shape {covariates.shape} of "
                f"{covariates.dtype}"
            )
        columns = {f"x{k + 1}": rows[:, k] for k in range(rows.shape[1])}
    elif hasattr(covariates, "columns") and hasattr(covariates, "__getitem__"):
        columns = {str(name): list(covariates[name]) for name in covariates.columns}
    elif isinstance(covariates, Mapping):
        columns = {str(name): values for name, values in covariates.items()}
    elif isinstance(covariates, Sequence) and all(isinstance(name, str) for name in covariates):
        columns = {name: name for name in covariates}
    else:
        raise TypeError(
            "covariates must be a formula, names of columns, a mapping, a data frame or a matrix, "
            f"got {shown(covariates)}"
        )
    if not columns:
        raise ValueError("covariates must have at least one column, got none")
    names: list[str] = []
    found: list[Float64] = []
    for name, values in columns.items():
        for own, column in _coded(name, embeddings._column("covariates", values)):
            names.append(own)
            found.append(column)
    return names, np.column_stack(found)


def _refuse_infinity(name: str, column: Float64) -> None:
    if not np.isfinite(column).all():
        raise ValueError(f"covariates must be finite, got infinity in {name!r}")


def _coded(name: str, values: NDArray[Any]) -> list[tuple[str, Float64]]:
    """Return a covariate as one or several columns, each with its name.

    A covariate of numbers is returned as it is. Any other covariate becomes columns of 0 and 1: one
    for each value except the first in alphabetical order, with 1 where the covariate has this
    value.
    """
    listed = values.tolist()
    number = sum(map(is_missing, listed))
    if number:
        raise ValueError(
            f"covariates must have a value for each context, got {number:,} missing values in "
            f"{name!r}"
        )
    if all(isinstance(value, int | float) for value in listed):
        column = np.array(listed, dtype=np.float64)
        _refuse_infinity(name, column)
        return [(name, column)]
    levels = sorted({str(value) for value in listed})
    if len(levels) == 1:
        raise ValueError(
            f"covariates must vary: all {len(listed):,} values of {name!r} are {levels[0]!r}"
        )
    texts = np.array([str(value) for value in listed], dtype=object)
    return [(f"{name}_{level}", (texts == level).astype(np.float64)) for level in levels[1:]]


def _of_formula(embeddings: Embeddings, formula: str) -> tuple[list[str], Float64]:
    """Return the names and the columns that formulaic builds from a formula over the metadata."""
    right = formula.partition("~")[2] if "~" in formula else formula
    if "~" in formula and formula.partition("~")[0].strip():
        raise ValueError(
            "covariates must be a formula without a left side, such as 'party + gender', got "
            f"{formula!r}"
        )
    needed_by = "a formula of covariates"
    formulaic = optional("formulaic", needed_by)
    frame = optional("pandas", needed_by).DataFrame(
        {name: list(values) for name, values in embeddings.metadata.items()}
    )
    try:
        matrix = formulaic.model_matrix(right, frame, na_action="raise")
    except Exception as error:  # formulaic raises errors of many classes
        raise ValueError(
            f"covariates must be a formula over the columns {', '.join(map(repr, frame))}, got "
            f"{formula!r}: {error}"
        ) from error
    names = [str(name) for name in matrix.columns if name != "Intercept"]
    if len(names) == len(matrix.columns):
        raise ValueError(f"covariates must keep the intercept, got {formula!r}")
    if not names:
        raise ValueError(f"covariates must have at least one column, got {formula!r}")
    columns = np.asarray(matrix[names], dtype=np.float64)
    for name, column in zip(names, columns.T, strict=True):
        _refuse_infinity(name, column)
    return names, columns
