"""Embeddings of every word of a text, to compare the words of two texts."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .._checks import instance
from .._checks import words as words_of
from .._results import ResultTable
from .._unknown_word import UnknownWord
from .._vectors.cosine import unit
from .._warnings import warn
from .._workers import Workers, product
from ..cooccurrence import Cooccurrence
from ._space import Float64, checked_transform, space_of
from ._transform import additive, checked_counts

__all__ = ["FeatureEmbeddings", "feature_embeddings", "feature_similarity"]


class FeatureEmbeddings:
    """The result of :func:`feature_embeddings`.

    Attributes
    ----------
    words : list of str
        The words with an embedding.
    vectors : ndarray of float64, shape (n, dim)
    counts : ndarray of int64, shape (n,)
        The count of each word in the text.
    """

    def __init__(self, words: list[str], vectors: Float64, counts: NDArray[np.int64]) -> None:
        self.words = words
        self.vectors = vectors
        self.counts = counts

    def __len__(self) -> int:
        return len(self.words)

    def __repr__(self) -> str:
        return f"<FeatureEmbeddings: {len(self):,} words, {self.vectors.shape[1]} components>"

    def __str__(self) -> str:
        return str(self._table())

    def _repr_html_(self) -> str:
        return self._table()._repr_html_()

    def _table(self) -> ResultTable:
        """Return the table that is printed: without the components of the vectors."""
        title = f"embeddings of {len(self):,} words, {self.vectors.shape[1]} components"
        return ResultTable({"word": self.words, "count": self.counts}, title)

    def to_pandas(self) -> Any:
        """Return a pandas DataFrame: word, count, and the components.

        Raises
        ------
        ImportError
            If pandas is not installed.
        """
        columns: dict[str, Any] = {"word": self.words, "count": self.counts}
        columns |= {str(k): self.vectors[:, k] for k in range(self.vectors.shape[1])}
        return ResultTable(columns).to_pandas()

    def plot(self, words: Sequence[str] | None = None, ax: Any = None) -> Any:
        """Draw words on the plane of their first two principal components.

        Parameters
        ----------
        words : sequence of str, optional
            At least two words; by default 30 frequent words, as for
            :meth:`glove_rs.WordVectors.plot`.
        ax : matplotlib Axes, optional
            Where to draw; by default a new figure.

        Returns
        -------
        matplotlib Axes

        Raises
        ------
        KeyError
            If a word has no embedding.
        ValueError
            If there are fewer than two words.
        ImportError
            If matplotlib is not installed.
        """
        from .._vectors.plot import frequent_rows, scatter

        if words is None:
            rows = list(frequent_rows(len(self)))
        else:
            at = dict(zip(self.words, range(len(self)), strict=True))
            asked = [words] if isinstance(words, str) else words_of("words", words)
            for word in asked:
                if word not in at:
                    raise UnknownWord(word, self.words, at)
            rows = [at[word] for word in asked]
        if len(rows) < 2:
            raise ValueError(f"plot needs at least two words, got {len(rows)}")
        return scatter([self.words[row] for row in rows], self.vectors[rows], ax)


def feature_embeddings(
    X: Cooccurrence,
    vectors: Any,
    transform: Any,
    *,
    threads: int | None = None,
    memory: int | str | None = None,
) -> FeatureEmbeddings:
    """Compute the à la carte embedding of every word from its co-occurrence counts in one text.

    The embedding of word w is A Σ_j X_wj v_j / Σ_j X_wj, over the words j that have a vector v_j.
    X_wj is the count of the pair of words w and j.

    Parameters
    ----------
    X : Cooccurrence
        The counts of the text, for example of the documents of one group. By default,
        ``Cooccurrence.from_corpus`` gives nearer words more weight. With
        ``distance_weighting=False``, all words of a window have the same weight.
    vectors : WordVectors, Glove, or pair of words and matrix
    transform : ndarray of shape (dim, dim), or False
        The matrix A. With False, A is left out and the embedding is the mean.
    threads : int, optional
        The number of threads; by default all processors. The result has the same bits for any
        number.
    memory : int or str, optional
        A limit in bytes or as "512MB" for unpacked counts and for the sums of a block of words. It
        includes neither the word vectors nor the result, and does not change the result. If the
        counts of all words exceed it, they are unpacked in blocks of words, which takes longer. By
        default, all counts are unpacked (12 bytes for each non-zero count), and a block takes about
        100 MB.

    Returns
    -------
    FeatureEmbeddings
        A word is left out if none of the words around it has a vector.

    Raises
    ------
    ValueError
        If no word is left, if X is rectangular, if a vector that is used is not finite, or if
        `transform` has another shape or is not finite, or if `memory` is too small for the counts
        of one word.
    TypeError
        If `X` or `vectors` is of another type.
    """
    workers = Workers(threads, memory)
    checked_counts(X)
    space = space_of(vectors)
    matrix = None if transform is False else checked_transform(transform, space.dim)
    words = X.vocabulary.words
    rows = np.array([space.rows.get(word, -1) for word in words], dtype=np.int64)
    found: list[Float64] = []
    kept: list[NDArray[np.int64]] = []
    for block, sums, totals in additive(space, X, rows, workers):
        taken = np.flatnonzero(totals > 0)
        means = sums[taken] / totals[taken, None]
        if not np.isfinite(means).all():
            raise ValueError("vectors must have only finite numbers for the words of X")
        found.append(means if matrix is None else _mapped(means, matrix, workers))
        kept.append(taken + block.start)
    numbers = np.concatenate(kept) if kept else np.empty(0, np.int64)
    if not len(numbers):
        raise ValueError("X must have words that occur with words that have a vector, got none")
    return FeatureEmbeddings(
        [words[number] for number in numbers], np.concatenate(found), X.vocabulary.counts[numbers]
    )


def _mapped(means: Float64, matrix: Float64, workers: Workers) -> Float64:
    """Return A u for each row u of `means`."""
    found = np.empty_like(means)

    def work(block: slice, _: None) -> None:
        found[block] = product(means[block], matrix.T)

    workers.each(len(means), work, item=8 * means.shape[1])
    return found


def feature_similarity(
    a: FeatureEmbeddings, b: FeatureEmbeddings, words: Sequence[str] | None = None
) -> ResultTable:
    """Compare how two texts use the same words: the cosine of the two embeddings of each word.

    Parameters
    ----------
    a, b : FeatureEmbeddings
        From :func:`feature_embeddings`, with the same vectors and the same transform.
    words : sequence of str, optional
        The words to compare; by default all words that both `a` and `b` have.

    Returns
    -------
    ResultTable
        The columns word and cosine. The word with the smallest cosine, which the texts use most
        differently, comes first.

    Warns
    -----
    UserWarning
        If `a` or `b` does not have some of `words`.

    Raises
    ------
    ValueError
        If none of the words is in both `a` and `b`, or if their vectors have different lengths.
    TypeError
        If `a` or `b` is not FeatureEmbeddings, or if `words` does not have words.
    """
    instance("a", a, FeatureEmbeddings)
    instance("b", b, FeatureEmbeddings)
    if a.vectors.shape[1] != b.vectors.shape[1]:
        raise ValueError(
            "a and b must have vectors of the same length, got "
            f"{a.vectors.shape[1]} and {b.vectors.shape[1]}"
        )
    rows_a = dict(zip(a.words, range(len(a)), strict=True))
    rows_b = dict(zip(b.words, range(len(b)), strict=True))
    asked = a.words if words is None else list(dict.fromkeys(words_of("words", words)))
    shared = [word for word in asked if word in rows_a and word in rows_b]
    missing = [word for word in asked if word not in rows_a or word not in rows_b]
    if not shared:
        raise ValueError("words must be in both texts, but none of them is")
    notes = []
    if words is not None and missing:
        notes = [f"not in both texts: {', '.join(missing)}"]
        warn(f"words left out because they are not in both texts: {', '.join(missing)}")
    first = unit(a.vectors[[rows_a[word] for word in shared]])
    second = unit(b.vectors[[rows_b[word] for word in shared]])
    cosines = (first * second).sum(axis=1)
    order = np.argsort(cosines, kind="stable")
    result = ResultTable(
        {"word": [shared[k] for k in order], "cosine": cosines[order]},
        "similarity of the use of words in two texts",
        notes,
    )
    result._plotted = ("word", "cosine", None, None)
    return result
