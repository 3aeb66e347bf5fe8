"""Combining the word vector and the context vector of each word into one vector."""

from __future__ import annotations

from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from .. import _core
from .._checks import choice

__all__ = ["COMBINATIONS", "combine"]

_Float32: TypeAlias = "NDArray[np.float32]"

#: The values of the parameter `how` of :func:`combine`.
COMBINATIONS = _core.COMBINATIONS


def combine(W: NDArray[Any], W_tilde: NDArray[Any], how: str = "sum") -> _Float32:
    """Combine the word vector and the context vector of each word into one vector.

    Parameters
    ----------
    W, W_tilde : ndarray of float, shape (V, dim)
        Word and context vectors.
    how : {"sum", "mean", "word", "context", "concat"}, default "sum"
        The sum of both (the paper's choice), their mean, one of them alone, or both side by side.

    Returns
    -------
    ndarray of float32, shape (V, dim), or (V, 2 dim) for "concat"
        "word" and "context" return the input itself, without a copy, if it is float32.

    Raises
    ------
    ValueError
        If `how` is not one of the choices, or the shapes differ.

    Examples
    --------
    >>> import numpy as np
    >>> from glove_rs.vectors import combine
    >>> combine(np.array([[1.0, 2.0]]), np.array([[3.0, 4.0]]), "concat")
    array([[1., 2., 3., 4.]], dtype=float32)
    """
    how = choice("combine", how, COMBINATIONS)
    if np.shape(W) != np.shape(W_tilde):
        raise ValueError(
            f"W and W_tilde must have the same shape, got {np.shape(W)} and {np.shape(W_tilde)}"
        )
    word, context = np.asarray(W, dtype=np.float32), np.asarray(W_tilde, dtype=np.float32)
    if how == "word":
        return word
    if how == "context":
        return context
    if how == "concat":
        return np.concatenate((word, context), axis=1)
    total = word + context
    if how == "mean":
        total *= np.float32(0.5)
    return total
