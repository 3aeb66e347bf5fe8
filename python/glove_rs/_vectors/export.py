"""Conversion of word vectors to objects of other libraries. Each function imports its library."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from numpy.typing import NDArray

from .._optional import optional

__all__ = ["gensim_vectors", "pandas_frame"]


def gensim_vectors(words: Sequence[str], rows: Mapping[str, int], matrix: NDArray[Any]) -> Any:
    """Return a ``gensim.models.KeyedVectors`` that shares the matrix."""
    models = optional("gensim.models", "to_gensim")
    keyed = models.KeyedVectors(vector_size=int(matrix.shape[1]), dtype=matrix.dtype)
    keyed.vectors = matrix
    # The list and the dict are copied, because gensim changes them when a word is added.
    keyed.index_to_key = list(words)
    keyed.key_to_index = dict(rows)
    keyed.next_index = len(words)
    return keyed


def pandas_frame(words: Sequence[str], matrix: NDArray[Any]) -> Any:
    """Return a ``pandas.DataFrame`` that shares the matrix, with one row per word."""
    pandas = optional("pandas", "to_pandas")
    index = pandas.Index(words, name="word", dtype=object)
    return pandas.DataFrame(matrix, index=index, copy=False)
