"""Words whose vectors differ between two models, and neighbours side by side."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt

from .._bootstrap import Bootstrap
from .._checks import boolean, integer, optional_integer, real, shown
from .._results import Table
from .._unknown_word import UnknownWord
from .._vectors.cosine import unit_rows
from .._vectors.procrustes import rotation
from ..glove import Glove
from ..vectors import WordVectors
from .alignment import anchor_rows, check_sizes, common_rows, vectors_of

__all__ = ["changed_words", "neighbours"]

_F64: TypeAlias = npt.NDArray[np.float64]
_Rows: TypeAlias = npt.NDArray[np.intp]
_Model: TypeAlias = "WordVectors | Glove | Bootstrap"


def changed_words(
    a: _Model,
    b: _Model,
    *,
    words: Iterable[str] | None = None,
    anchors: Iterable[str] | None = None,
    aligned: bool = False,
    topn: int | None = None,
    level: float = 0.95,
) -> Table:
    """Return the words that both models have, those that changed most first.

    With two bootstraps, the change of a word is 1 − cos(v_a, v_b) minus the part that sampling
    explains. That part is the mean distance that two samples of one text have, and it is estimated
    from the replicates: ½ (D_a + D_b), where D is the mean of 1 − cosine over all pairs of
    replicates of a model. The change of a word that is used alike in both texts is near 0, and its
    interval contains 0. Words are sorted by the lower limit of the interval.

    Without bootstraps, the change is 1 − cos(v_a, v_b), without a correction and without an
    interval. It is large for rare words, whatever their meaning.

    Parameters
    ----------
    a, b : WordVectors, Glove or Bootstrap
        Two models, or two bootstraps of two texts. The n-th replicates of both are compared, up to
        the smaller number of replicates.
    words : iterable of str, optional
        The words to compare. By default all words that both have.
    anchors : iterable of str, optional
        The words by which `b` is rotated to `a`: see :func:`align`.
    aligned : bool, default False
        Whether the models are in one space already, as those of :func:`slices` are.
    topn : int, optional
        Return only so many rows.
    level : float, default 0.95
        The level of each interval. If thousands of words are compared, some intervals of unchanged
        words do not contain 0.

    Returns
    -------
    Table
        With the columns word and change, and for bootstraps low and high. Words without a vector in
        two replicates of each are left out.

    Raises
    ------
    ValueError
        If the vectors differ in length, there are no common words, or a bootstrap has fewer than 2
        replicates.
    KeyError
        If a model does not have one of `words`.
    """
    first, second = vectors_of("a", a), vectors_of("b", b)
    check_sizes(first, second)
    topn = optional_integer("topn", topn, 1)
    level = real("level", level, above=True, below=1.0)
    together = boolean("aligned", aligned)
    anchored = None if together else anchor_rows(first, second, anchors)
    rows, others = (
        common_rows(first, second) if words is None else anchor_rows(first, second, words)
    )
    names = [first.index_to_key[row] for row in rows.tolist()]
    distance = 1 - _cosines(first, second, rows, others, anchored)[0]
    columns: dict[str, Any]
    if isinstance(a, Bootstrap) and isinstance(b, Bootstrap):
        change, low, high = _with_intervals(a, b, distance, rows, others, anchored, level)
        order = np.argsort(-np.nan_to_num(low, nan=-np.inf), kind="stable")
        columns = {"change": change, "low": low, "high": high}
    else:
        order = np.argsort(-np.nan_to_num(distance, nan=-np.inf), kind="stable")
        columns = {"change": distance}
    order = order[np.isfinite(columns["change"][order])][:topn]
    table = {name: column[order].tolist() for name, column in columns.items()}
    return Table({"word": [names[place] for place in order.tolist()], **table})


def _cosines(
    a: WordVectors,
    b: WordVectors,
    rows: _Rows,
    others: _Rows,
    anchored: tuple[_Rows, _Rows] | None,
) -> tuple[_F64, npt.NDArray[np.float32], npt.NDArray[np.float32]]:
    """Return the cosines of the words, NaN without a direction, and the unit vectors of both."""
    u, has_u = unit_rows(a.vectors, rows)
    v, has_v = unit_rows(b.vectors, others)
    if anchored is not None:
        matrix = rotation(b.vectors, a.vectors, anchored[1], anchored[0])[0]
        v = v @ matrix.astype(np.float32)
    cosines = np.einsum("ij,ij->i", u, v, dtype=np.float64)
    return np.where(has_u & has_v, cosines, np.nan), u, v


def _with_intervals(
    a: Bootstrap,
    b: Bootstrap,
    distance: _F64,
    rows: _Rows,
    others: _Rows,
    anchored: tuple[_Rows, _Rows] | None,
    level: float,
) -> tuple[_F64, _F64, _F64]:
    """Return the change without the part of sampling, and the limits of its interval."""
    n = min(len(a), len(b))
    if n < 2:
        raise ValueError(f"an interval needs at least 2 replicates of each model, got {n}")
    if "jackknife" in (a.method, b.method):
        raise ValueError("a and b must be bootstraps, not jackknives, to have intervals")
    distances = np.empty((n, len(rows)))
    # Sums of unit vectors, and numbers of replicates with the word: they give the mean cosine of
    # two replicates.
    sums = [np.zeros((len(rows), a.full.vector_size)) for _ in range(2)]
    found = np.zeros((2, len(rows)))
    for replicate, (one, other) in enumerate(zip(a.models, b.models, strict=False)):
        cosines, u, v = _cosines(one, other, rows, others, anchored)
        distances[replicate] = 1 - cosines
        if anchored is not None:
            v = unit_rows(other.vectors, others)[0]  # in the space of b
        for side, units in enumerate((u, v)):
            sums[side] += units
            found[side] += units.any(axis=1)
    with np.errstate(invalid="ignore", divide="ignore"):
        within = [
            1 - (np.einsum("ij,ij->i", s, s) - m) / (m * (m - 1))
            for s, m in zip(sums, found, strict=True)
        ]
    enough = (np.isfinite(distances).sum(axis=0) >= 2) & np.isfinite(distance)
    noise = np.where(enough, within[0] + within[1], np.nan)
    tail = (1 - level) / 2
    filled = np.where(enough, distances, 0.0)
    # A replicate has the noise of sampling twice: that of its text and that of drawing it again.
    low, high = (np.nanquantile(filled, at, axis=0) - noise for at in (tail, 1 - tail))
    return distance - noise / 2, low, high


def neighbours(word: str, models: Mapping[Any, _Model] | Iterable[_Model], topn: int = 10) -> Table:
    """Return the nearest neighbours of a word in several models side by side.

    Parameters
    ----------
    word : str
    models : mapping or iterable of WordVectors, Glove or Bootstrap
        The keys of a mapping, such as the :class:`Slices`, name the columns. A model without the
        word has an empty column.
    topn : int, default 10

    Returns
    -------
    Table
        A column for each model, with the nearest words and their cosines.

    Raises
    ------
    KeyError
        If no model has the word.

    Examples
    --------
    >>> import numpy as np
    >>> from glove_rs import WordVectors, compare
    >>> a = WordVectors(["ice", "snow", "steam"], np.array([[2.0, 0], [3, 1], [0, 4]]))
    >>> b = WordVectors(["ice", "snow", "steam"], np.array([[2.0, 0], [0, 1], [1, 4]]))
    >>> print(compare.neighbours("ice", {"a": a, "b": b}, topn=1))
    rank  a           b
    1     snow 0.949  steam 0.243
    """
    topn = integer("topn", topn, 1)
    if isinstance(models, WordVectors | Glove | Bootstrap):
        raise TypeError(f"models must be several models, got {shown(models)}")
    named = models if isinstance(models, Mapping) else dict(enumerate(models, 1))
    vectors = {str(label): vectors_of("models", model) for label, model in named.items()}
    if not vectors:
        raise ValueError("models must have at least one model")
    if not any(word in wv for wv in vectors.values()):
        some = max(vectors.values(), key=len)
        raise UnknownWord(word, some.index_to_key, some.key_to_index)
    columns: dict[str, list[str]] = {"rank": [str(rank) for rank in range(1, topn + 1)]}
    for label, wv in vectors.items():
        found = wv.most_similar(word, topn=topn) if word in wv else []
        cells = [f"{other} {cosine:.3f}" for other, cosine in found]
        columns[label] = cells + [""] * (topn - len(cells))
    return Table(columns)
