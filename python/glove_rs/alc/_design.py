"""Covariates as a matrix of numbers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .._checks import is_missing, shown
from .._column_names import refuse_repeated
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
        is text and all its values are equal; if two columns have the same name, or one has the
        name "(Intercept)"; if formulaic refuses the formula; or if the formula has a left side or
        several parts, or removes the intercept.
    TypeError
        If `covariates` is of another type.
    ImportError
        For a formula, if formulaic or pandas is not installed.
    """
    is_formula = isinstance(covariates, str)
    names, columns = (_of_formula if is_formula else _of_columns)(embeddings, covariates)
    # A regression finds its coefficients by these names.
    refuse_repeated(names, "covariates")
    if "(Intercept)" in names:
        raise ValueError(
            "covariates must not have the name '(Intercept)', which is that of the intercept"
        )
    return names, columns


def _of_columns(embeddings: Embeddings, covariates: Any) -> tuple[list[str], Float64]:
    """Return the names and the columns of covariates that are not a formula."""
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
        refuse_repeated(map(str, covariates.columns), "covariates")
        columns = {str(name): list(covariates[name]) for name in covariates.columns}
    elif isinstance(covariates, Mapping):
        refuse_repeated(map(str, covariates), "covariates")
        columns = {str(name): values for name, values in covariates.items()}
    elif isinstance(covariates, Sequence) and all(isinstance(name, str) for name in covariates):
        refuse_repeated(covariates, "covariates")
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
    needed_by = "a formula of covariates"
    formulaic = optional("formulaic", needed_by)
    frame = optional("pandas", needed_by).DataFrame(
        {name: list(values) for name, values in embeddings.metadata.items()}
    )
    try:
        if "`1`" in formula.replace("I(`1`)", ""):
            raise ValueError("formulaic reads `1` as the intercept: write I(`1`) for a column")
        parsed = formulaic.Formula(formula)
        if not isinstance(parsed, formulaic.SimpleFormula):
            raise ValueError("it must be one part without a left side, such as 'party + gender'")
        # Without a context, so that a formula has the metadata only, not the variables of this
        # function. As an array, because a data frame loses one of two columns of the same name.
        matrix = formulaic.model_matrix(
            parsed, frame, na_action="raise", context={}, output="numpy"
        )
        values = np.asarray(matrix)
        if values.dtype == object:  # as of I(2):x
            values = np.array(values.tolist())
        # This refuses text and complex numbers.
        columns = values.astype(np.float64, casting="same_kind")
    except Exception as error:  # formulaic raises errors of many classes
        # The lines after the first show the formula with control characters.
        reason = str(error).partition("\n")[0]
        if reason == "all input arrays must have the same shape":
            reason = "each term must have a value for each context, and be no constant"
        known = ", ".join(map(repr, frame)) or "none"
        raise ValueError(
            f"covariates must be a formula over the metadata, got {formula!r}: {reason} (columns "
            f"of the metadata: {known})"
        ) from error
    terms = {str(term): indices for term, indices in matrix.model_spec.term_indices.items()}
    intercept = terms.pop("1", None)
    if intercept is None:
        raise ValueError(f"covariates must keep the intercept, got {formula!r}")
    if not terms:
        raise ValueError(f"covariates must have at least one column, got {formula!r}")
    for term, indices in terms.items():
        if not indices:
            raise ValueError(f"covariates must vary: {term!r} has the same value for all contexts")
    names = np.delete(matrix.model_spec.column_names, intercept).tolist()
    columns = np.delete(columns, intercept, axis=1)
    for name, column in zip(names, columns.T, strict=True):
        _refuse_infinity(name, column)
    return names, columns
