"""Bring the vectors of two models into one space."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt

from .._bootstrap import Bootstrap
from .._checks import boolean, shown
from .._checks import words as words_of
from .._unknown_word import UnknownWord
from .._vectors.procrustes import rotation
from ..glove import Glove
from ..vectors import WordVectors

__all__ = ["ANCHORS", "align", "anchor_rows", "common_rows", "rotation_of", "vectors_of"]

#: If no anchor words are given, at most this many words are the anchor words: the first words of
#: `a` that `b` also has.
ANCHORS = 20_000

_Rows: TypeAlias = npt.NDArray[np.intp]


def vectors_of(name: str, model: object) -> WordVectors:
    """Return the word vectors of a model. For a bootstrap, they are those of the full model."""
    if isinstance(model, WordVectors):
        return model
    if isinstance(model, Bootstrap):
        return model.full
    if isinstance(model, Glove):
        return model.vectors
    raise TypeError(f"{name} must be WordVectors, a Glove or a Bootstrap, got {shown(model)}")


def common_rows(a: WordVectors, b: WordVectors) -> tuple[_Rows, _Rows]:
    """Return the rows of the common words in `a` and in `b`, in the order of `a`."""
    known = b.key_to_index
    pairs = [(i, known[word]) for i, word in enumerate(a.index_to_key) if word in known]
    if not pairs:
        raise ValueError("a and b must have a word in common")
    rows, others = np.array(pairs, dtype=np.intp).T
    return rows, others


def anchor_rows(
    a: WordVectors, b: WordVectors, words: Iterable[str] | None, name: str = "anchors"
) -> tuple[_Rows, _Rows]:
    """Return the rows of the anchor words in `a` and in `b`. A str is one word.

    `name` is the name of the parameter in errors.

    Raises
    ------
    KeyError
        If `a` or `b` does not have one of `words`.
    ValueError
        If `words` is empty, or if it is None and there are no common words.
    """
    if words is None:
        rows, others = common_rows(a, b)
        return rows[:ANCHORS], others[:ANCHORS]
    listed = [words] if isinstance(words, str) else words_of(name, words)
    if not listed:
        raise ValueError(f"{name} must have at least one word, got []")
    for model in (a, b):
        for word in listed:
            if word not in model.key_to_index:
                raise UnknownWord(word, model.index_to_key, model.key_to_index)
    found: list[Any] = [[wv.key_to_index[word] for word in listed] for wv in (a, b)]
    return np.array(found[0], dtype=np.intp), np.array(found[1], dtype=np.intp)


def rotation_of(
    a: WordVectors, b: WordVectors, anchored: tuple[_Rows, _Rows] | None
) -> npt.NDArray[np.float32] | None:
    """Return the matrix that rotates `b` to `a`. `anchored` has the rows of the anchor words.

    Return None if `anchored` is None: then `a` and `b` are already in one space.
    """
    if anchored is None:
        return None
    return rotation(b.vectors, a.vectors, anchored[1], anchored[0])[0].astype(np.float32)


def align(
    a: WordVectors | Glove | Bootstrap,
    b: WordVectors | Glove | Bootstrap,
    *,
    anchors: Iterable[str] | None = None,
    scale: bool = False,
) -> WordVectors:
    """Return the vectors of `b`, rotated to those of `a` (orthogonal Procrustes).

    The rotation, which may include a reflection, minimises the sum of squared distances between the
    unit vectors of each anchor word in `a` and in `b`. It does not change any cosine within `b`.

    Parameters
    ----------
    a, b : WordVectors, Glove or Bootstrap
        Two models whose vectors have the same number of components. They may have different words.
    anchors : iterable of str, optional
        Words that have the same meaning in both models. By default the first 20,000 words of `a`
        that `b` also has. If many of these words have another meaning in `b`, give words that have
        the same meaning.
    scale : bool, default False
        Also multiply the rotated vectors by the number that minimises the sum of squared distances
        between the vectors of each anchor word in `a` and in `b`.

    Returns
    -------
    WordVectors
        All words of `b`, float32.

    Raises
    ------
    ValueError
        If the vectors of `a` and `b` have different numbers of components, if `anchors` is empty,
        if `anchors` is not given and there are no common words, or if no anchor word has a nonzero
        vector in both models.
    KeyError
        If a model does not have an anchor word.
    TypeError
        If `a` or `b` is not a model.

    Notes
    -----
    Schönemann (1966), A generalized solution of the orthogonal Procrustes problem. For word
    vectors: Hamilton, Leskovec and Jurafsky (2016), Diachronic word embeddings reveal statistical
    laws of semantic change.

    Examples
    --------
    >>> import numpy as np
    >>> from glove_rs import WordVectors, compare
    >>> a = WordVectors(["ice", "snow", "steam"], np.array([[2.0, 0], [3, 1], [0, 4]]))
    >>> turned = WordVectors(a.index_to_key, a.vectors @ [[0, 1], [-1, 0]])
    >>> np.allclose(compare.align(a, turned).vectors, a.vectors)
    True
    """
    fixed, moved = vectors_of("a", a), vectors_of("b", b)
    check_sizes(fixed, moved)
    rows, others = anchor_rows(fixed, moved, anchors)
    matrix, factor = rotation(moved.vectors, fixed.vectors, others, rows)
    if boolean("scale", scale):
        matrix = matrix * factor
    rotated = moved.vectors.astype(np.float32) @ matrix.astype(np.float32)
    return WordVectors(moved.index_to_key, rotated)


def check_sizes(a: WordVectors, b: WordVectors) -> None:
    """Raise a ValueError if the vectors of `a` and `b` have different numbers of components."""
    if a.vector_size != b.vector_size:
        raise ValueError(
            f"a and b must have vectors of the same length, got {a.vector_size} and {b.vector_size}"
        )
