"""Human similarity ratings of word pairs."""

from __future__ import annotations

import math
import os
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .._checks import boolean, optional_integer
from .._drawing import finite_values, new_axes
from .._optional import optional
from .._text import decimal
from .._vectors.cosine import cosines_of_pairs
from ._one_row import OneRow
from ._outcomes import Outcomes, Vectors, checked_vectors, defined, finite, not_finite_note, rows_of
from ._set_files import read_pairs

__all__ = ["SimilarityResult", "compared", "correlation", "ranks", "similarity"]


@dataclass(frozen=True)
class SimilarityResult(OneRow):
    """The result of :func:`similarity`. ``print`` shows it as a table.

    Attributes
    ----------
    protocol : str
        How the pairs were compared, in words.
    path : str
        The file of rated pairs.
    spearman, pearson : float
        The correlation of ratings and cosines, from -1 to 1. NaN for fewer than two answerable
        pairs, and if all ratings or all cosines are equal.
    answerable : int
        Pairs whose words are known and have finite vectors.
    skipped : int
        All other pairs. They do not change the correlation.
    not_finite : int
        Skipped pairs whose words are both known, but a vector has NaN or infinity.
    pairs : tuple of (str, str)
        The pairs in the order of the file, in lower case if `lowercase` was true.
    ratings, cosines : tuple of float
        The rating and the cosine of each pair. The cosine of a skipped pair is NaN.
    """

    protocol: str
    path: str
    spearman: float
    pearson: float
    answerable: int
    skipped: int
    not_finite: int = 0
    pairs: tuple[tuple[str, str], ...] = field(repr=False, compare=False, default=())
    ratings: tuple[float, ...] = field(repr=False, compare=False, default=())
    cosines: tuple[float, ...] = field(repr=False, compare=False, default=())

    def to_dict(self) -> dict[str, Any]:
        """Return the scores as plain types that ``json.dumps`` accepts (None for NaN)."""
        return {
            "protocol": self.protocol,
            "path": self.path,
            "spearman": defined(self.spearman),
            "pearson": defined(self.pearson),
            "answerable": self.answerable,
            "skipped": self.skipped,
            "not_finite": self.not_finite,
        }

    def to_pandas(self) -> Any:
        """Return a ``pandas.DataFrame`` with a row for each pair, in the order of the file.

        The columns are word1, word2, rating and cosine. The cosine of a skipped pair is NaN.

        Raises
        ------
        ImportError
            If pandas is not installed.
        """
        return optional("pandas", "to_pandas").DataFrame(
            {
                "word1": [first for first, _ in self.pairs],
                "word2": [second for _, second in self.pairs],
                "rating": list(self.ratings),
                "cosine": list(self.cosines),
            }
        )

    def plot(self, ax: Any = None) -> Any:
        """Draw a point for each answerable pair: its cosine over its rating.

        Parameters
        ----------
        ax : matplotlib Axes, optional
            Where to draw; by default a new figure.

        Returns
        -------
        matplotlib Axes

        Raises
        ------
        ValueError
            If no pair is answerable.
        ImportError
            If matplotlib is not installed.
        """
        cosines = finite_values(self.cosines)
        ax = new_axes(ax)
        ax.plot(self.ratings, cosines, ".")
        ax.set_xlabel("human rating")
        ax.set_ylabel("cosine")
        return ax

    def _cells(self) -> list[tuple[str, ...]]:
        return [
            ("file", "Spearman", "Pearson", "answerable", "skipped"),
            (
                Path(self.path).name,
                decimal(self.spearman),
                decimal(self.pearson),
                f"{self.answerable:,}",
                f"{self.skipped:,}",
            ),
        ]

    def _notes(self) -> list[str]:
        notes = not_finite_note(self.not_finite, "pairs")
        if math.isnan(self.spearman):
            reason = (
                "fewer than two pairs are answerable"
                if self.answerable < 2
                else "all ratings or all cosines are equal"
            )
            notes = [f"The correlation is undefined: {reason}", *notes]
        return notes


def similarity(
    wv: Vectors,
    path: str | os.PathLike[str],
    *,
    restrict_vocab: int | None = None,
    lowercase: bool = True,
) -> SimilarityResult:
    r"""Correlate the cosines of word pairs with human ratings of their similarity.

    Parameters
    ----------
    wv : WordVectors
    path : str or path-like
        A file with two words and a rating on each line; the rating is the first number after the
        words. Fields are separated by tabs; in lines without tabs by semicolons; in lines without
        either by commas; in all others by spaces. Empty lines, lines that start with '#', a first
        line without a number and a first column of row numbers are skipped.
    restrict_vocab : int, optional
        Use only the first `restrict_vocab` words: a pair with any other word is skipped.
    lowercase : bool, default True
        Convert the words of the pairs to lower case.

    Returns
    -------
    SimilarityResult
        It has Spearman's rank correlation, in which equal values share the mean of their ranks, and
        Pearson's correlation. Pairs with an unknown word, or with a vector that is not finite, are
        left out.

    Raises
    ------
    FormatError
        If a line does not have two words and a number, or if the file has no pair or is not text in
        UTF-8 or UTF-16. The message names the file and the line.
    OSError
        If the file cannot be read.
    ValueError
        If `restrict_vocab` is below 1.
    TypeError
        If `wv` is not word vectors.

    Examples
    --------
    >>> import os, tempfile
    >>> import numpy as np
    >>> from glove_rs import WordVectors, evaluation
    >>> wv = WordVectors(["ice", "snow", "steam"], np.array([[2.0, 0], [3, 1], [0, 4]]))
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = os.path.join(folder, "pairs.csv")
    ...     with open(path, "w") as file:
    ...         _ = file.write("Word 1,Word 2,Mean\nIce,snow,9\nice,steam,3\nsnow,fire,1\n")
    ...     result = evaluation.similarity(wv, path)
    >>> round(result.spearman, 3), result.answerable, result.skipped
    (1.0, 2, 1)
    """
    wv = checked_vectors("wv", wv)
    lowercase = boolean("lowercase", lowercase)
    restrict_vocab = optional_integer("restrict_vocab", restrict_vocab, 1)
    pairs, ratings = read_pairs(path, lowercase)
    outcomes = compared(wv, pairs, restrict_vocab=restrict_vocab)
    known, answerable = outcomes.known, outcomes.answerable
    rated, cosines = np.array(ratings)[answerable], outcomes.values[answerable]
    over = f"the first {restrict_vocab:,} words" if restrict_vocab else "the whole vocabulary"
    return SimilarityResult(
        protocol=(
            "cosine against human rating: Spearman (equal values share their mean rank) and "
            f"Pearson; over {over}; pairs {'lower-cased' if lowercase else 'as written'}, "
            "those with an unknown word or a vector that is not finite skipped"
        ),
        path=os.fsdecode(path),
        spearman=correlation(ranks(rated), ranks(cosines)),
        pearson=correlation(rated, cosines),
        answerable=int(answerable.sum()),
        skipped=int((~answerable).sum()),
        not_finite=int((known & ~answerable).sum()),
        pairs=tuple(pairs),
        ratings=tuple(map(float, ratings)),
        cosines=tuple(outcomes.values.tolist()),
    )


def compared(
    wv: Vectors, pairs: Sequence[tuple[str, str]], *, restrict_vocab: int | None
) -> Outcomes:
    """Return the cosine of each pair, NaN if the pair is not answerable; see :func:`similarity`."""
    rows, limit = rows_of(wv, pairs, restrict_vocab)
    known, answerable = finite(wv, rows, limit)
    cosines = np.full(len(rows), np.nan)
    cosines[answerable] = cosines_of_pairs(wv.vectors, rows[answerable])
    return Outcomes(known, answerable, cosines)


def ranks(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Rank values from 1; equal values share the mean of their ranks."""
    _, value_index, counts = np.unique(values, return_inverse=True, return_counts=True)
    return (np.cumsum(counts) - (counts - 1) / 2)[value_index]


def correlation(first: NDArray[np.float64], second: NDArray[np.float64]) -> float:
    """Return Pearson's r; NaN for fewer than two values, or if all values of an array are equal."""
    if len(first) < 2:
        return math.nan
    x, y = first - first.mean(), second - second.mean()
    scale = math.sqrt(float(x @ x) * float(y @ y))
    return float(x @ y) / scale if scale > 0 else math.nan
