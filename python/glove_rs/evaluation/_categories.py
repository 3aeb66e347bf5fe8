"""Categories of words, and whether clusters of vectors agree with them."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .._checks import boolean, optional_integer
from .._core import FormatError
from .._drawing import dots
from .._optional import optional
from .._text import percent
from .._vectors.cosine import unit_rows_in_float64
from ._one_row import OneRow
from ._outcomes import Outcomes, Vectors, checked_vectors, defined, finite, not_finite_note, rows_of
from ._set_files import read_categories

__all__ = ["PURITY", "CategoryResult", "categories", "clustered"]

#: The description of the measure in a protocol.
PURITY = (
    "purity: the fraction of words in the most frequent category of their cluster; as many "
    "clusters as categories, by Ward's method on unit vectors"
)

# The largest number of words in a file. Clustering holds the distances of all pairs of words in
# memory: 1.6 GB for 20,000 words.
_MOST_WORDS = 20_000


@dataclass(frozen=True)
class CategoryResult(OneRow):
    """The result of :func:`categories`. ``print`` shows it as a table.

    Attributes
    ----------
    protocol : str
        How the words were clustered, in words.
    path : str
        The file of words and categories.
    purity : float
        From 0 to 1. NaN if the answerable words have fewer than two categories.
    clusters : int
        The number of clusters: the number of categories with an answerable word.
    answerable : int
        Words that are known and have finite vectors.
    skipped : int
        All other words. They do not change the purity.
    not_finite : int
        Skipped words that are known, but their vector has NaN or infinity.
    """

    protocol: str
    path: str
    purity: float
    clusters: int
    answerable: int
    skipped: int
    not_finite: int = 0

    def to_dict(self) -> dict[str, Any]:
        """Return the fields as plain types that ``json.dumps`` accepts (None for NaN)."""
        return {**asdict(self), "purity": defined(self.purity)}

    def to_pandas(self) -> Any:
        """Return a ``pandas.DataFrame`` with one row.

        The columns are path, purity, clusters, answerable, skipped and not_finite.

        Raises
        ------
        ImportError
            If pandas is not installed.
        """
        fields = asdict(self)
        del fields["protocol"]
        return optional("pandas", "to_pandas").DataFrame([fields])

    def plot(self, ax: Any = None) -> Any:
        """Draw the purity as a dot, on an axis from 0 to 1.

        Results that are drawn in the same axes are not told apart: to compare vectors, use
        :func:`panel`.

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
            If the purity is undefined.
        ImportError
            If matplotlib is not installed.
        """
        ax = dots([Path(self.path).name], [self.purity], "purity", ax)
        ax.set_xlim(-0.02, 1.02)
        return ax

    def _cells(self) -> list[tuple[str, ...]]:
        counts = (self.clusters, self.answerable, self.skipped)
        return [
            ("file", "purity", "clusters", "answerable", "skipped"),
            (Path(self.path).name, percent(self.purity), *map("{:,}".format, counts)),
        ]

    def _notes(self) -> list[str]:
        notes = not_finite_note(self.not_finite, "words")
        if self.clusters < 2:
            notes = [
                "The purity is undefined: fewer than two categories have an answerable word",
                *notes,
            ]
        return notes


def categories(
    wv: Vectors,
    path: str | os.PathLike[str],
    *,
    restrict_vocab: int | None = None,
    lowercase: bool = True,
) -> CategoryResult:
    r"""Cluster words by their vectors and compare the clusters with categories that people made.

    The vectors are scaled to unit length. Ward's method divides them into as many clusters as the
    words have categories. Purity is the fraction of words that belong to the most frequent category
    of their cluster. Baroni, Dinu and Kruszewski (2014) use the same measure with another
    clustering method. Ward's method has no random start, so the same vectors always have the same
    purity.

    Parameters
    ----------
    wv : WordVectors
    path : str or path-like
        A file with a word and its category on each line, separated as for :func:`similarity`. The
        column with fewer different values holds the categories, so either may come first. Empty
        lines, lines that start with '#', a first line such as ``word category`` and a first column
        of row numbers are skipped.
    restrict_vocab : int, optional
        Use only the first `restrict_vocab` words. All other words are unknown.
    lowercase : bool, default True
        Convert the words to lower case.

    Returns
    -------
    CategoryResult

    Raises
    ------
    FormatError
        If a line does not consist of a word and a category, or if the file is not text in UTF-8 or
        UTF-16, has fewer than two categories, has a different category for each word, or has more
        than 20,000 words.
    OSError
        If the file cannot be read.
    ValueError
        If `restrict_vocab` is below 1.
    TypeError
        If `wv` is not word vectors.
    ImportError
        If SciPy is not installed.

    Examples
    --------
    >>> import os, tempfile
    >>> import numpy as np
    >>> from glove_rs import WordVectors, evaluation
    >>> words = ["cat", "dog", "pear", "plum"]
    >>> wv = WordVectors(words, np.array([[1.0, 0], [2, 1], [0, 1], [1, 3]]))
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = os.path.join(folder, "categories.tsv")
    ...     with open(path, "w") as file:
    ...         _ = file.write("cat\tanimal\ndog\tanimal\npear\tfruit\nplum\tfruit\n")
    ...     evaluation.categories(wv, path).purity
    1.0
    """
    wv = checked_vectors("wv", wv)
    lowercase = boolean("lowercase", lowercase)
    restrict_vocab = optional_integer("restrict_vocab", restrict_vocab, 1)
    words, labels = read_categories(path, lowercase)
    outcomes = clustered(wv, words, labels, path, restrict_vocab=restrict_vocab)
    known, answerable = outcomes.known, outcomes.answerable
    values = outcomes.values[answerable]
    over = f"the first {restrict_vocab:,} words" if restrict_vocab else "the whole vocabulary"
    return CategoryResult(
        protocol=(
            f"{PURITY}; over {over}; words {'lower-cased' if lowercase else 'as written'}, "
            "unknown ones and those with a vector that is not finite skipped"
        ),
        path=os.fsdecode(path),
        purity=float(values.mean()) if len(values) else float("nan"),
        clusters=len({label for label, is_in in zip(labels, answerable, strict=True) if is_in}),
        answerable=int(answerable.sum()),
        skipped=int((~answerable).sum()),
        not_finite=int((known & ~answerable).sum()),
    )


def clustered(
    wv: Vectors,
    words: Sequence[str],
    labels: Sequence[str],
    path: str | os.PathLike[str],
    *,
    restrict_vocab: int | None,
) -> Outcomes:
    """Return the outcome of each word; see :func:`categories`.

    It is 1 if the category of the word is the most frequent one of the word's cluster, otherwise 0.
    It is NaN for a word that is not answerable. All outcomes are NaN if the answerable words have
    fewer than two categories.
    """
    hierarchy = optional("scipy.cluster.hierarchy", "categories")
    if len(words) > _MOST_WORDS:
        raise FormatError(
            f"{os.fsdecode(path)}:1: expected at most {_MOST_WORDS:,} words to cluster, "
            f"found {len(words):,}"
        )
    rows, limit = rows_of(wv, [(word,) for word in words], restrict_vocab)
    known, answerable = finite(wv, rows, limit)
    values = np.full(len(rows), np.nan)
    _, label = np.unique(np.array(labels, dtype=object)[answerable], return_inverse=True)
    number = len(np.unique(label))
    if number > 1:
        units, _ = unit_rows_in_float64(wv.vectors, rows[answerable, 0])
        cluster = hierarchy.fcluster(hierarchy.ward(units), number, "maxclust") - 1
        values[answerable] = label == _most_frequent(label, cluster)[cluster]
    return Outcomes(known, answerable, values)


def _most_frequent(label: NDArray[np.intp], cluster: NDArray[np.intp]) -> NDArray[np.intp]:
    """Return the most frequent label of each cluster, the first of equally frequent ones."""
    shape = (cluster.max() + 1, label.max() + 1)
    counts = np.bincount(cluster * shape[1] + label, minlength=shape[0] * shape[1])
    return np.asarray(counts.reshape(shape).argmax(axis=1))
