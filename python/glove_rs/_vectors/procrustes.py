"""Orthogonal Procrustes: rotate or reflect one set of vectors to bring it nearest to another."""

from __future__ import annotations

from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from .cosine import row_slices, unit_rows

__all__ = ["rotation"]

_Float64: TypeAlias = "NDArray[np.float64]"


def rotation(
    moved: NDArray[Any], fixed: NDArray[Any], rows: NDArray[np.intp], others: NDArray[np.intp]
) -> tuple[_Float64, float]:
    """Return the orthogonal matrix Q and the scale s that minimise Σ ‖s u Q − v‖².

    The sum is over pairs of vectors: in pair k, u is row ``rows[k]`` of `moved`, and v is row
    ``others[k]`` of `fixed`. Q is computed first, from u and v scaled to unit length, so that long
    vectors do not have more weight (Schönemann 1966). s is then computed for this Q, from u and v
    with their original lengths. A pair is left out if u or v has no direction.

    Returns
    -------
    Q : ndarray of float64, shape (dim, dim)
    s : float

    Raises
    ------
    ValueError
        If every pair is left out.
    """
    dim = moved.shape[1]
    product = np.zeros((dim, dim))
    directed = np.zeros(len(rows), dtype=bool)
    for block in row_slices(len(rows)):
        u, has_u = unit_rows(moved, rows[block])
        v, has_v = unit_rows(fixed, others[block])
        directed[block] = has_u & has_v
        product += u[has_u & has_v].T.astype(np.float64) @ v[has_u & has_v]
    if not directed.any():
        raise ValueError("words must have finite vectors other than zero in both models")
    left, _, right = np.linalg.svd(product)
    matrix = left @ right
    above = below = 0.0
    for block in row_slices(len(rows)):
        used = directed[block]
        u = moved[rows[block][used]].astype(np.float64)
        v = fixed[others[block][used]].astype(np.float64)
        above += float(np.einsum("ij,ij->", u @ matrix, v))
        below += float(np.einsum("ij,ij->", u, u))
    return matrix, above / below
