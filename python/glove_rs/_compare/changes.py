"""Words whose vectors differ between two models, and neighbours side by side."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt

from .._bootstrap import Bootstrap
from .._bootstrap.estimates import warn_of_few
from .._checks import boolean, integer, optional_integer, real, shown
from .._results import IntervalTable, ResultTable
from .._unknown_word import UnknownWord
from .._vectors.cosine import unit_rows
from ..glove import Glove
from ..vectors import WordVectors
from .alignment import anchor_rows, check_sizes, common_rows, rotation_of, vectors_of
from .attenuation import corrected_changes

__all__ = ["changed_words", "neighbours"]

_Rows: TypeAlias = npt.NDArray[np.intp]
_Compared: TypeAlias = "WordVectors | Glove | Bootstrap"


def changed_words(
    a: _Compared,
    b: _Compared,
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
    r of a vector v is (‖v‖² − kσ²) / ‖v‖², where σ² is half the mean squared distance of two
    replicates of v. In statistics this is the correction for attenuation. Replicates vary more than
    the models of two texts with the same use of words, so their variance σ² is multiplied by a
    factor k ≤ 1. The factor is chosen so that the median change of words of similar frequency is 0.
    So a change is measured relative to words of similar frequency. At least half of these words
    should be used alike in both texts. The interval of a word that is used alike usually contains
    0. Words are sorted by the lower limit of the interval, the largest first. Words with a
    reliability below 0.5 in either model are left out: their vectors are mostly noise. Words whose
    vector is 0 in one of the models, and words that are in fewer than two replicates, are left out
    too. The title of the table gives the numbers of words left out.

    If `a` or `b` is not a bootstrap, the change is 1 − cos(v_a, v_b), without a correction and
    without an interval. Words are sorted by the change, which is large for rare words, whether
    their meaning changed or not. A word whose vector is 0 in one of the models is left out.

    Parameters
    ----------
    a, b : WordVectors, Glove or Bootstrap
        Two models, or two bootstraps of two texts. Replicate r of `a` is compared with replicate r
        of `b`. If one bootstrap has more replicates, its last ones are not used.
    words : iterable of str, optional
        The words to compare. By default all words that both models have. The factor k is always
        computed from all of them.
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
        of the reliabilities of the two vectors). ``plot()`` draws the first 100 changes, with their
        intervals.

    Raises
    ------
    ValueError
        If the vectors have different numbers of components, there are no common words, `words` or
        `anchors` is empty, no anchor word has a nonzero vector in both models, or one of two
        bootstraps is a jackknife or has fewer than 2 replicates.
    KeyError
        If a model does not have one of `words` or `anchors`.

    Warns
    -----
    UserWarning
        If some replicates lack a word of the table, as for :meth:`glove_rs.Bootstrap.similarity`.
    """
    first, second = vectors_of("a", a), vectors_of("b", b)
    check_sizes(first, second)
    topn = optional_integer("topn", topn, 1)
    level = real("level", level, above=True, below=1.0)
    together = boolean("aligned", aligned)
    anchored = None if together else anchor_rows(first, second, anchors)
    rows, others = common_rows(first, second)
    chosen: slice | _Rows = slice(None)
    if words is not None:
        listed = anchor_rows(first, second, words, "words")[0]
        chosen = np.searchsorted(rows, listed)
    title, found, replicates = "", None, 0
    columns: dict[str, npt.NDArray[Any]]
    if isinstance(a, Bootstrap) and isinstance(b, Bootstrap):
        columns, found, directed = corrected_changes(a, b, (rows, others), anchored, level)
        columns = {name: column[chosen] for name, column in columns.items()}
        rows, found, directed = rows[chosen], found[chosen], directed[chosen]
        key = columns["low"]
        title = _left_out(key, found, directed)
        replicates = min(len(a), len(b))
    else:
        rows, others = rows[chosen], others[chosen]
        matrix = rotation_of(first, second, anchored)
        u, has_u = unit_rows(first.vectors, rows)
        v, has_v = unit_rows(second.vectors, others)
        cosines = np.einsum("ij,ij->i", u, v if matrix is None else v @ matrix, dtype=np.float64)
        key = np.where(has_u & has_v, 1 - cosines, np.nan)
        columns = {"change": key}
    order = np.argsort(-np.nan_to_num(key, nan=-np.inf), kind="stable")
    order = order[np.isfinite(key[order])][:topn]
    if found is not None:
        warn_of_few(found[order], replicates, "changed_words")
    table = {name: column[order].tolist() for name, column in columns.items()}
    names = [first.index_to_key[row] for row in rows[order].tolist()]
    return IntervalTable({"word": names, **table}, title)


def _left_out(
    low: npt.NDArray[np.float64],
    found: npt.NDArray[np.intp],
    directed: npt.NDArray[np.bool_],
) -> str:
    """Return how many words have no interval, and why. See :func:`corrected_changes`."""
    missing, few = np.isnan(low), found < 2
    reasons = {
        "mostly noise": missing & directed & ~few,
        "zero in one of the models": missing & ~directed,
        "in fewer than 2 replicates": missing & directed & few,
    }
    parts = []
    for reason, which in reasons.items():
        number = int(which.sum())
        if number == 1:
            parts.append(f"1 word is left out: its vector is {reason}")
        elif number:
            parts.append(f"{number} words are left out: their vectors are {reason}")
    return "; ".join(parts)


def neighbours(
    word: str, models: Mapping[Any, _Compared] | Iterable[_Compared], topn: int = 10
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
        ``to_pandas()`` has a row for each neighbour of each model, with the columns model, rank,
        word and cosine. ``plot()`` draws these cosines: a row for each word, and a colour for each
        model. A word has a dot only for the models in which it is a neighbour.

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
    return IntervalTable(columns, long=_Neighbours(near))


class _Neighbours(ResultTable):
    """The neighbours of each model in long form: a row for each neighbour of each model."""

    _plotted = ("word", "cosine", None, None)
    _series = "model"

    def __init__(self, near: Mapping[str, list[tuple[str, float]]]) -> None:
        rows = [
            (name, rank, word, cosine)
            for name, found in near.items()
            for rank, (word, cosine) in enumerate(found, 1)
        ]
        super().__init__(
            {
                "model": [row[0] for row in rows],
                "rank": np.array([row[1] for row in rows], dtype=np.int64),
                "word": [row[2] for row in rows],
                "cosine": np.array([row[3] for row in rows], dtype=np.float64),
            }
        )
