"""Words whose vectors differ between two models, and neighbours side by side."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt

from .._bootstrap import Bootstrap
from .._bootstrap.estimates import interval_of
from .._checks import boolean, integer, optional_integer, real, shown
from .._results import IntervalTable
from .._unknown_word import UnknownWord
from .._vectors.cosine import unit_rows
from .._vectors.procrustes import rotation
from ..glove import Glove
from ..vectors import WordVectors
from .alignment import anchor_rows, check_sizes, common_rows, vectors_of

__all__ = ["RELIABLE", "changed_words", "neighbours"]

#: Words with a smaller reliability are left out: more than half of the squared length of their
#: vector is noise.
RELIABLE = 0.5

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
) -> IntervalTable:
    """Return the words that both models have, those that changed most first.

    With two bootstraps, the change of a word is 1 − c. Here c is the cosine of its vectors v_a and
    v_b in the two models, corrected for noise: v_a·v_b / √(r_a ‖v_a‖² r_b ‖v_b‖²). The reliability
    r of a vector v is (‖v‖² − σ²) / ‖v‖², where σ² is half the mean squared distance of two
    replicates of v. In statistics this is the correction for attenuation. The change of a word that
    is used alike in both texts is near 0 or below it, and its interval usually contains 0. Words
    are sorted by the lower limit of the interval, the largest first. Words with a reliability below
    0.5 in either model are left out: their vectors are mostly noise. The title of the table gives
    the number of words left out.

    If `a` or `b` is not a bootstrap, the change is 1 − cos(v_a, v_b), without a correction and
    without an interval. Words are sorted by the change, which is large for rare words, whether
    their meaning changed or not. A word whose vector is 0 in one of the models is left out.

    Parameters
    ----------
    a, b : WordVectors, Glove or Bootstrap
        Two models, or two bootstraps of two texts. Replicate r of `a` is compared with replicate r
        of `b`. If one bootstrap has more replicates, its last ones are not used.
    words : iterable of str, optional
        The words to compare. By default all words that both models have.
    anchors : iterable of str, optional
        The words by which `b` is rotated to `a`: see :func:`align`.
    aligned : bool, default False
        Whether the models are already in one space, like the slices of :func:`slices`. Then `b` is
        not rotated.
    topn : int, optional
        Return only this many rows.
    level : float, default 0.95
        The confidence level of each interval. If thousands of words are compared, some intervals of
        unchanged words do not contain 0.

    Returns
    -------
    IntervalTable
        With the columns word and change, and for bootstraps low, high and reliability (the smaller
        of the reliabilities of the two vectors).

    Raises
    ------
    ValueError
        If the vectors have different numbers of components, there are no common words, `words` or
        `anchors` is empty, no anchor word has a direction in both models, or one of two bootstraps
        is a jackknife or has fewer than 2 replicates.
    KeyError
        If a model does not have one of `words` or `anchors`.
    """
    first, second = vectors_of("a", a), vectors_of("b", b)
    check_sizes(first, second)
    topn = optional_integer("topn", topn, 1)
    level = real("level", level, above=True, below=1.0)
    together = boolean("aligned", aligned)
    anchored = None if together else anchor_rows(first, second, anchors)
    rows, others = (
        common_rows(first, second) if words is None else anchor_rows(first, second, words, "words")
    )
    names = [first.index_to_key[row] for row in rows.tolist()]
    title = ""
    columns: dict[str, npt.NDArray[Any]]
    if isinstance(a, Bootstrap) and isinstance(b, Bootstrap):
        columns = _with_intervals(a, b, rows, others, anchored, level)
        key = columns["low"]
        if left_out := int(np.isnan(key).sum()):
            title = f"{left_out} words are left out: their vectors are mostly noise"
    else:
        matrix = _rotation_matrix(first, second, anchored)
        u, has_u = unit_rows(first.vectors, rows)
        v, has_v = unit_rows(second.vectors, others)
        cosines = np.einsum("ij,ij->i", u, v if matrix is None else v @ matrix, dtype=np.float64)
        key = np.where(has_u & has_v, 1 - cosines, np.nan)
        columns = {"change": key}
    order = np.argsort(-np.nan_to_num(key, nan=-np.inf), kind="stable")
    order = order[np.isfinite(key[order])][:topn]
    table = {name: column[order].tolist() for name, column in columns.items()}
    return IntervalTable({"word": [names[place] for place in order.tolist()], **table}, title)


def _rotation_matrix(
    a: WordVectors, b: WordVectors, anchored: tuple[_Rows, _Rows] | None
) -> npt.NDArray[np.float32] | None:
    """Return the matrix that rotates `b` to `a`. `anchored` has the rows of the anchor words.

    Return None if `anchored` is None: then `a` and `b` are already in one space.
    """
    if anchored is None:
        return None
    return rotation(b.vectors, a.vectors, anchored[1], anchored[0])[0].astype(np.float32)


class _Moments:
    """Sums over the replicates of a model, from which the variance of each vector is computed."""

    def __init__(self, words: int, dim: int) -> None:
        self._sums = np.zeros((words, dim))
        self._squares = np.zeros(words)
        self._found = np.zeros(words)

    def add(self, vectors: npt.NDArray[np.float32]) -> None:
        """Add the vectors of a replicate. The vector of a word that the replicate lacks is NaN."""
        filled = np.nan_to_num(vectors, nan=0.0).astype(np.float64)
        self._sums += filled
        self._squares += np.einsum("ij,ij->i", filled, filled)
        self._found += np.isfinite(vectors).all(axis=1)

    def variance(self) -> _F64:
        """Return Σ ‖v − mean‖² / (n − 1) of each word; NaN if fewer than 2 replicates have it."""
        n = self._found
        with np.errstate(invalid="ignore", divide="ignore"):
            means = np.einsum("ij,ij->i", self._sums, self._sums) / n
            variance = (self._squares - means) / (n - 1)
        return np.asarray(np.where(n >= 2, variance, np.nan))


def _with_intervals(
    a: Bootstrap,
    b: Bootstrap,
    rows: _Rows,
    others: _Rows,
    anchored: tuple[_Rows, _Rows] | None,
    level: float,
) -> dict[str, _F64]:
    """Return the columns of the table. `low` is NaN for the words that the caller leaves out."""
    n = min(len(a), len(b))
    if n < 2:
        raise ValueError(f"an interval needs at least 2 replicates of each model, got {n}")
    if "jackknife" in (a.method, b.method):
        raise ValueError("a and b must be bootstraps, not jackknives, to have intervals")

    def vectors(model: WordVectors, own: _Rows) -> npt.NDArray[np.float32]:
        return np.asarray(model.vectors[own], dtype=np.float32)

    moments = [_Moments(len(rows), a.full.vector_size) for _ in range(2)]
    products = np.empty((n, len(rows)))
    for replicate, (one, other) in enumerate(zip(a.models, b.models, strict=False)):
        u, v = vectors(one, rows), vectors(other, others)
        for own, sums in zip((u, v), moments, strict=True):
            sums.add(own)
        matrix = _rotation_matrix(one, other, anchored)
        products[replicate] = np.einsum("ij,ij->i", u, v if matrix is None else v @ matrix)
    u, v = vectors(a.full, rows), vectors(b.full, others)
    matrix = _rotation_matrix(a.full, b.full, anchored)
    lengths = [np.einsum("ij,ij->i", x, x, dtype=np.float64) for x in (u, v)]
    with np.errstate(invalid="ignore", divide="ignore"):
        signals = [q - m.variance() for q, m in zip(lengths, moments, strict=True)]
        reliabilities = [s / q for s, q in zip(signals, lengths, strict=True)]
        reliability = np.minimum(*reliabilities)
        used = reliability >= RELIABLE
        scale = np.sqrt(np.where(used, signals[0] * signals[1], np.nan))
    cosine = np.einsum("ij,ij->i", u, v if matrix is None else v @ matrix) / scale
    change = 1 - cosine
    low, high = interval_of(change, 1 - products / scale, "bootstrap", "standard", level)
    return {"change": change, "low": low, "high": high, "reliability": reliability}


def neighbours(
    word: str, models: Mapping[Any, _Model] | Iterable[_Model], topn: int = 10
) -> IntervalTable:
    """Return the nearest neighbours of a word in several models side by side.

    Parameters
    ----------
    word : str
    models : mapping or iterable of WordVectors, Glove or Bootstrap
        The keys of a mapping, such as the :class:`Slices`, name the columns. Models without names
        are numbered from 1. A model without the word has an empty column.
    topn : int, default 10

    Returns
    -------
    IntervalTable
        With the column rank, and a column for each model with the nearest words and their cosines.

    Raises
    ------
    KeyError
        If no model has the word.
    TypeError
        If `models` is one model, or has an item that is not a model.
    ValueError
        If `models` is empty, or if `topn` is not an integer >= 1.

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
    names = [str(label) for label in named]
    if len({"rank", *names}) <= len(names):  # a name is "rank", or two are equal: labels 1 and "1"
        names = [repr(label) for label in named]
    models_of = zip(names, named.values(), strict=True)
    vectors = {name: vectors_of("models", model) for name, model in models_of}
    if not vectors:
        raise ValueError("models must have at least one model")
    if not any(word in wv for wv in vectors.values()):
        some = max(vectors.values(), key=len)
        raise UnknownWord(word, some.index_to_key, some.key_to_index)
    topn = min(topn, max(map(len, vectors.values())))
    near = {
        name: wv.most_similar(word, topn=topn) if word in wv else [] for name, wv in vectors.items()
    }
    longest = max(map(len, near.values()))
    columns: dict[str, list[str]] = {"rank": [str(rank) for rank in range(1, longest + 1)]}
    for name, found in near.items():
        cells = [f"{other} {cosine:.3f}" for other, cosine in found]
        columns[name] = cells + [""] * (longest - len(cells))
    return IntervalTable(columns)
