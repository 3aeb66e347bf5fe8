"""Nearest neighbours over the replicates of a bootstrap."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt

from .._vectors.cosine import cosines, unit_vector
from ..vectors import WordVectors

__all__ = ["Ranking", "mean_overlaps", "rank_words", "top_rows"]

_F64: TypeAlias = npt.NDArray[np.float64]
#: A function that returns, for a model, the vector that is compared with the vectors of all words.
Query: TypeAlias = Callable[[WordVectors], npt.NDArray[Any]]

#: At most about this many neighbours are in memory for :func:`mean_overlaps`: 32 MB.
_MOST_NEIGHBOURS = 1 << 22


def _scores(model: WordVectors, query: Query, excluded: list[int]) -> npt.NDArray[np.float32]:
    """Return the cosine of each word's vector and the vector of the query.

    The words `excluded`, and words whose vector is zero or not finite, get -inf.
    """
    scores = cosines(model.vectors, unit_vector(query(model)))
    scores[excluded] = -np.inf
    scores[np.isnan(scores)] = -np.inf
    return scores


def top_rows(scores: npt.NDArray[np.float32], topn: int) -> npt.NDArray[np.intp]:
    """Return the rows with the highest scores above -inf, highest first, at most `topn`."""
    topn = min(topn, int(np.isfinite(scores).sum()))
    best = np.argpartition(-scores, topn - 1)[:topn] if topn else np.empty(0, dtype=np.intp)
    return best[np.argsort(-scores[best], kind="stable")]


class Ranking:
    """The candidates of a query, with their cosine and rank in each replicate.

    Attributes
    ----------
    rows : ndarray of intp, shape (k,)
        The row of each candidate. A word is a candidate if it is among the `topn` best of the full
        model or of a replicate.
    full : ndarray of float64, shape (k,)
        The cosine of each candidate in the full model.
    cosines, ranks : ndarray of float64, shape (n, k)
        The cosine and the rank, from 1, of each candidate in each replicate. NaN if the replicate
        has no vector for the candidate or for a word of the query.
    within : ndarray of bool, shape (n, k)
        Whether the candidate is among the `topn` best of the replicate.
    """

    def __init__(
        self,
        rows: npt.NDArray[np.intp],
        full: _F64,
        cosines: _F64,
        ranks: _F64,
        topn: int,
    ) -> None:
        self.rows, self.full, self.cosines, self.ranks = rows, full, cosines, ranks
        with np.errstate(invalid="ignore"):
            self.within = ranks <= topn


def rank_words(
    full: WordVectors,
    models: Iterable[WordVectors],
    query: Query,
    excluded: list[int],
    topn: int,
) -> Ranking:
    """Rank the words by their cosine to the query in `full` and in the replicates `models`."""
    first = _scores(full, query, excluded)
    candidates = set(top_rows(first, topn).tolist())
    for model in models:
        candidates.update(top_rows(_scores(model, query, excluded), topn).tolist())
    rows = np.array(sorted(candidates), dtype=np.intp)
    values, ranks = [], []
    for model in models:
        scores = _scores(model, query, excluded)
        own = scores[rows]
        ordered = np.sort(scores)
        above = len(scores) - np.searchsorted(ordered, own, side="right")
        found = np.isfinite(own)
        values.append(np.where(found, own, np.nan))
        ranks.append(np.where(found, above + 1.0, np.nan))
    shape = (len(values), len(rows))
    wide = first[rows].astype(np.float64)
    return Ranking(
        rows,
        np.where(np.isfinite(wide), wide, np.nan),
        np.array(values, dtype=np.float64).reshape(shape),
        np.array(ranks).reshape(shape),
        topn,
    )


def mean_overlaps(
    models: Sequence[WordVectors], rows: Sequence[int], topn: int, callback: Any = None
) -> list[float]:
    """Return for each word the mean fraction of its `topn` neighbours that two replicates share.

    `models` are the replicates, and `rows` are the rows of the words. The mean is over all pairs of
    replicates that have the word. The result is NaN if fewer than two replicates have the word, or
    if the word has no neighbour in one of them.

    Each replicate is read once, or once for each block of words if the lists of neighbours would
    take too much memory. `callback`, if it is given, receives the progress.
    """
    size = max(1, _MOST_NEIGHBOURS // max(1, topn * len(models)))
    blocks = [rows[first : first + size] for first in range(0, len(rows), size)]
    total, done = len(models) * len(blocks), 0
    overlaps: list[float] = []
    for block in blocks:
        lists: list[list[npt.NDArray[np.intp]]] = [[] for _ in block]
        for model in models:
            if callback is not None:
                callback("replicates", done, total, {})
            for row, own in zip(block, lists, strict=True):
                vector = model.vectors[row]
                if np.isfinite(vector).all() and vector.any():
                    own.append(_nearest(model, row, topn))
            done += 1
        overlaps += map(_overlap, lists)
    if callback is not None:
        callback("replicates", total, total, {})
    return overlaps


def _nearest(model: WordVectors, row: int, topn: int) -> npt.NDArray[np.intp]:
    return top_rows(_scores(model, lambda wv: wv.vectors[row], [row]), topn)


def _overlap(lists: list[npt.NDArray[np.intp]]) -> float:
    """Return the mean fraction of the neighbours that two of the lists share."""
    if len(lists) < 2 or not all(map(len, lists)):
        return float("nan")
    # A word that is in t lists is shared by t (t - 1) / 2 pairs of lists. The sum of these numbers
    # over all words is the sum of the shared neighbours over all pairs of lists.
    times = np.unique(np.concatenate(lists), return_counts=True)[1].astype(float)
    pairs = len(lists) * (len(lists) - 1) / 2
    return float((times * (times - 1) / 2).sum() / pairs / max(map(len, lists)))
