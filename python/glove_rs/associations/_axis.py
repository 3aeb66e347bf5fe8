"""Axes from one set of words to another, and projections of words on them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from .._checks import choice, real
from .._results import ResultTable
from .._vectors.cosine import unit
from .._workers import Workers
from ..evaluation._outcomes import Vectors
from ._distances import chosen_pairs
from ._replicates import intervals_over
from ._sets import Float64, KnownWords, known_words, missing_note, missing_words, refuse_shared

__all__ = ["Axis", "axis"]


class _Projections(ResultTable):
    _plotted = ("word", "projection", "low", "high")


class Axis:
    """The result of :func:`axis`.

    Attributes
    ----------
    vector : ndarray of float64, shape (dim,)
        The axis, not scaled. It points to the positive end.
    positive, negative : list of str
        The words of both ends that have a vector.
    missing : dict of str to list of str
        The words without a vector, by the name of their set. For an axis of pairs, the pairs that
        were left out, under the name "pairs".
    """

    def __init__(
        self,
        wv: Vectors,
        positive: KnownWords,
        negative: KnownWords,
        missing: Sequence[KnownWords],
        method: str,
    ) -> None:
        self._wv, self._ends, self._method = wv, (positive, negative), method
        self._missing = missing
        self.positive, self.negative = list(positive.words), list(negative.words)
        self.missing = missing_words(missing)
        self.vector = self._of(wv)
        if not np.linalg.norm(self.vector) > 0:
            raise ValueError("positive and negative must differ: the axis has length 0")

    def _of(self, wv: Vectors) -> Float64:
        first, second = (end.rows(wv) for end in self._ends)
        if self._method == "pairs":
            found: Float64 = unit(first - second).mean(axis=0)
        else:
            found = first.mean(axis=0) - second.mean(axis=0)
        return found

    def __repr__(self) -> str:
        first, second = self._ends
        return f"<Axis from {second.name} to {first.name}, {self._method}>"

    def __str__(self) -> str:
        return str(self._table())

    def _repr_html_(self) -> str:
        return self._table()._repr_html_()

    def _table(self) -> ResultTable:
        """Return a row for each word of the ends: columns word, end and projection."""
        words, names, rows = [], [], []
        for end in self._ends:
            found = end.rows(self._wv)
            # A word may be in several pairs, and is listed once for each end.
            first = {word: row for row, word in reversed(list(enumerate(end.words)))}
            words += list(first)
            names += [end.name] * len(first)
            rows.append(found[list(first.values())])
        values = unit(np.vstack(rows)) @ unit(self.vector)
        order = np.argsort(-values, kind="stable")
        columns: dict[str, Any] = {
            "word": [words[k] for k in order],
            "end": [names[k] for k in order],
            "projection": values[order],
        }
        first_end, second_end = self._ends
        title = (
            f"axis from {second_end.name} to {first_end.name}: projections (cosine) of its words"
        )
        table = _Projections(columns, title, missing_note(self._missing))
        table._series = "end"
        return table

    def to_pandas(self) -> Any:
        """Return a ``pandas.DataFrame`` with a row for each word of both ends.

        The columns are word, end (the name of its set; for pairs, "first words" or "second words")
        and projection (the cosine of the word and the axis). The word with the largest projection
        comes first. These cosines say how well the words agree: a word that is far from the others
        of its end does not measure the same opposition. ``print`` shows this table.

        Raises
        ------
        ImportError
            If pandas is not installed.
        """
        return self._table().to_pandas()

    def plot(self, ax: Any = None) -> Any:
        """Draw the projection of each word of both ends; each end has a colour.

        Parameters
        ----------
        ax : matplotlib Axes, optional
            Where to draw; by default a new figure.

        Returns
        -------
        matplotlib Axes

        Raises
        ------
        ImportError
            If matplotlib is not installed.
        """
        return self._table().plot(ax)

    def project(
        self,
        words: Sequence[str],
        *,
        scale: str = "cosine",
        bootstrap: Any = None,
        level: float = 0.95,
        threads: int | None = None,
    ) -> ResultTable:
        """Project words on the axis.

        Parameters
        ----------
        words : sequence of str
        scale : {"cosine", "scalar"}, default "cosine"
            "cosine": the cosine with the axis, from -1 to 1. "scalar": the inner product with the
            axis scaled to length 1, which also grows with the length of the word's vector.
        bootstrap : Bootstrap or iterable of WordVectors, optional
            The result of :func:`glove_rs.bootstrap`, whose `full` is the `wv` of :func:`axis`, or
            the vectors of several models, for intervals. The axis is computed again in each model.
            The kind of the intervals is the attribute `interval` of the Bootstrap ("rms" for a list
            of vectors), and "standard" for a jackknife; a note names it. Models that lack a word
            are left out, with a warning. If more than 5 % of the models are left out, the intervals
            are NaN, and a note says so.
        level : float, default 0.95
            The confidence level of the intervals.
        threads : int, optional
            The number of threads that read models of `bootstrap`; by default all processors. The
            result has the same bits for any number.

        Returns
        -------
        ResultTable
            The columns word and projection, and with a bootstrap also low and high. The word with
            the largest projection comes first.

        Warns
        -----
        UserWarning
            For words without a vector, for words that occur twice, and for models that are left
            out.

        Raises
        ------
        ValueError
            If no word has a vector, if a vector is not finite, if `bootstrap` has fewer than two
            models or none with all words, or if a parameter is out of its range.
        TypeError
            If `words` does not hold words, or `bootstrap` has no models of word vectors.
        """
        choice("scale", scale, ("cosine", "scalar"))
        level = real("level", level, above=True, below=1.0)
        workers = Workers(threads)
        (targets,) = known_words(self._wv, {"words": [words] if isinstance(words, str) else words})

        def estimate(wv: Vectors) -> Float64:
            rows, own = targets.rows(wv), self._of(wv)
            if not own.any():  # in a model of a bootstrap, the axis may be 0: no word has a value
                return np.full(len(rows), np.nan)
            found: Float64 = (unit(rows) if scale == "cosine" else rows) @ unit(own)
            return found

        values = estimate(self._wv)
        order = np.argsort(-values, kind="stable")
        columns: dict[str, Any] = {
            "word": [targets.words[k] for k in order],
            "projection": values[order],
        }
        first, second = self._ends
        notes = missing_note([*self._missing, targets])
        if bootstrap is not None:
            low, high, why = intervals_over(bootstrap, estimate, values, level, workers)
            columns |= {"low": low[order], "high": high[order]}
            notes += why
        title = f"projections ({scale}) on the axis from {second.name} to {first.name}"
        return _Projections(columns, title, notes)


def axis(
    wv: Vectors,
    positive: Sequence[str] | None = None,
    negative: Sequence[str] | None = None,
    *,
    pairs: Sequence[tuple[str, str]] | None = None,
) -> Axis:
    """Build an axis from words of two opposite ends.

    Parameters
    ----------
    wv : WordVectors
    positive, negative : sequence of str, optional
        The words of both ends. The axis is the mean vector of `positive` minus the mean vector of
        `negative` (SemAxis: An et al. 2018).
    pairs : sequence of pairs of str, optional
        Instead of `positive` and `negative`, pairs of opposites, with the positive word first. The
        difference of the two vectors of a pair is scaled to length 1, and the axis is the mean of
        these differences (Kozlowski et al. 2019). A pair is left out if one of its words has no
        vector.

    Returns
    -------
    Axis

    Warns
    -----
    UserWarning
        For words without a vector, for words that occur twice in an end, and for pairs that are
        left out.

    Raises
    ------
    ValueError
        If `pairs` is missing and an end is missing, or if `pairs` and an end are given; if no word
        of an end has a vector, if there is no pair in which both words have a vector, if both ends
        share words, if a vector is not finite, or if the axis has length 0.
    TypeError
        If an end does not hold words, or `pairs` does not hold pairs of words.

    Examples
    --------
    >>> import numpy as np
    >>> from glove_rs import WordVectors, associations
    >>> words = ["hot", "warm", "cold", "ice", "tea"]
    >>> wv = WordVectors(words, np.array([[2.0, 1], [1, 1], [-2, 1], [-1, 2], [1, 3]]))
    >>> heat = associations.axis(wv, ["hot", "warm"], ["cold"])
    >>> print(heat.project(["ice", "tea"]))
    projections (cosine) on the axis from negative to positive
    word  projection
    ----------------
    tea       0.3162
    ice      -0.4472
    """
    if (pairs is None) == (positive is None and negative is None):
        raise ValueError("axis needs either positive and negative, or pairs")
    if pairs is not None:
        first, second, left_out = chosen_pairs(wv, pairs)
        ends = KnownWords("first words", first.words), KnownWords("second words", second.words)
        return Axis(wv, *ends, [KnownWords("pairs", first.words, left_out)], "pairs")
    if positive is None or negative is None:
        raise ValueError("axis needs both positive and negative")
    up, down = known_words(wv, {"positive": positive, "negative": negative})
    refuse_shared(up, down)
    return Axis(wv, up, down, [up, down], "centroids")
