"""How often words stand near each other."""

from __future__ import annotations

import os
from collections.abc import Sequence
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from . import _core
from ._parameters import boolean, integer, memory_bytes
from ._progress import Progress, reporter
from .vocabulary import Source, Vocabulary, encoding_arguments, thread_count

if TYPE_CHECKING:
    from ._core import _Counting

__all__ = ["Cooccurrence"]


def counting_arguments(
    *, window: int, symmetric: bool, distance_weighting: bool
) -> _Counting:
    """Check the parameters that say what co-occurs."""
    return {
        "window": integer("window", window, 1),
        "symmetric": boolean("symmetric", symmetric),
        "distance_weighting": boolean("distance_weighting", distance_weighting),
    }


class Cooccurrence:
    """The matrix X of co-occurrence counts, V × V, sparse; rows and columns are words.

    X[i, j] sums, over every place where word j stands within `window` words of word i in the same
    document, 1/distance, or 1 if not `distance_weighting` (Pennington et al. 2014, section 4.2).
    Made by :meth:`from_corpus`, :meth:`from_scipy` or :meth:`load`.

    Examples
    --------
    >>> from glove_rs import Cooccurrence
    >>> X = Cooccurrence.from_corpus(["I like deep learning"], window=1, min_count=1)
    >>> X.probability("I", given="like"), X.probability("deep", given="like")
    (0.5, 0.5)
    """

    def __init__(self) -> None:
        raise TypeError(
            "make a Cooccurrence with from_corpus(source), from_scipy(X) or load(path)"
        )

    @classmethod
    def _of(cls, core: _core.CoreCooccurrence) -> Cooccurrence:
        self = cls.__new__(cls)
        self._core = core
        return self

    _core: _core.CoreCooccurrence

    @classmethod
    def from_corpus(
        cls,
        source: Source,
        vocabulary: Vocabulary | None = None,
        *,
        window: int = 15,
        min_count: int = 5,
        max_vocab: int | None = None,
        symmetric: bool = True,
        distance_weighting: bool = True,
        keep_gaps: bool = False,
        tokenizer: str = "whitespace",
        lowercase: bool = False,
        threads: int | None = None,
        memory: int | str | None = None,
        progress: Progress = None,
    ) -> Cooccurrence:
        """Count the co-occurrences of `source`.

        Parameters
        ----------
        source : path or iterable
            A UTF-8 text file with a document per line, or an iterable of documents: each a str, or
            a list of words.
        vocabulary : Vocabulary, optional
            The words to count, instead of those that `min_count` and `max_vocab` select.
        window, min_count, max_vocab, symmetric, distance_weighting, keep_gaps, tokenizer, \
lowercase, threads, memory, progress
            As for :class:`glove_rs.Glove`.

        Returns
        -------
        Cooccurrence
            The same to the last bit for any number of threads.

        Raises
        ------
        ValueError
            For a bad parameter, or if no word is left.
        OSError
            If the text cannot be read, with the path.
        FormatError
            For invalid UTF-8, with the byte offset.
        """
        encoding = encoding_arguments(
            min_count=min_count,
            max_vocab=max_vocab,
            tokenizer=tokenizer,
            lowercase=lowercase,
            keep_gaps=keep_gaps,
        )
        counting = counting_arguments(
            window=window, symmetric=symmetric, distance_weighting=distance_weighting
        )
        memory_bytes(memory)
        threads = thread_count(threads)
        given = None if vocabulary is None else vocabulary._core
        with reporter(progress) as callback:
            core = _core.CoreCooccurrence.from_corpus(
                source, given, encoding, counting, threads, callback
            )
        return cls._of(core)

    @classmethod
    def from_scipy(
        cls, X: Any, vocabulary: Vocabulary | Sequence[str] | None = None
    ) -> Cooccurrence:
        """Take counts from a scipy sparse matrix or array, or from a dense one.

        Parameters
        ----------
        X : sparse or dense, (V, V)
            Finite counts >= 0; zeros are dropped, duplicates added up.
        vocabulary : Vocabulary or sequence of str, optional
            The words of the rows. Default "0", "1", ….

        Raises
        ------
        ValueError
            If X is not square, does not fit the vocabulary, or holds a negative or non-finite count.
        """
        if hasattr(X, "tocsr"):
            csr = X.tocsr()
            shape = csr.shape
            indptr, indices, values = csr.indptr, csr.indices, csr.data
        else:
            dense = np.asarray(X, dtype=np.float64)
            shape = dense.shape
            rows, indices = np.nonzero(dense) if dense.ndim == 2 else ([], [])
            indptr = np.searchsorted(rows, np.arange(shape[0] + 1)) if dense.ndim == 2 else []
            values = dense[rows, indices] if dense.ndim == 2 else []
        if len(shape) != 2 or shape[0] != shape[1]:
            raise ValueError(f"X must be a square matrix, got shape {tuple(shape)}")
        if vocabulary is None:
            vocabulary = [str(i) for i in range(shape[0])]
        if not isinstance(vocabulary, Vocabulary):
            vocabulary = Vocabulary(vocabulary, [0] * len(vocabulary))
        if len(vocabulary) != shape[0]:
            raise ValueError(
                f"vocabulary must have a word per row of X: {len(vocabulary)} words, "
                f"{shape[0]} rows"
            )
        return cls._of(
            _core.CoreCooccurrence.from_csr(
                vocabulary._core,
                np.ascontiguousarray(indptr, dtype=np.int64),
                np.ascontiguousarray(indices, dtype=np.int64),
                np.ascontiguousarray(values, dtype=np.float64),
            )
        )

    @cached_property
    def vocabulary(self) -> Vocabulary:
        """The words of the rows and columns."""
        return Vocabulary._of(self._core.vocabulary)

    @property
    def shape(self) -> tuple[int, int]:
        """(V, V)."""
        words = len(self.vocabulary)
        return words, words

    @property
    def symmetric(self) -> bool:
        """Whether X equals its transpose by construction."""
        return self._core.symmetric

    @property
    def nnz(self) -> int:
        """Number of records: pairs (i, j) with X[i, j] > 0."""
        return self._core.nnz

    @property
    def total(self) -> float:
        """ΣX."""
        return self._core.total

    def to_scipy(self) -> Any:
        """Return X as a ``scipy.sparse.csr_array`` of float64, (V, V), columns sorted.

        Raises
        ------
        ImportError
            If scipy is not installed: ``pip install glove-rs[scipy]``.
        """
        try:
            from scipy.sparse import csr_array
        except ImportError as error:
            raise ImportError("to_scipy needs scipy: pip install glove-rs[scipy]") from error
        indptr, indices, values = self._core.csr()
        matrix = csr_array((values, indices, indptr), shape=self.shape)
        matrix.has_sorted_indices = True
        return matrix

    def records(
        self,
    ) -> tuple[npt.NDArray[np.int32], npt.NDArray[np.int32], npt.NDArray[np.float64]]:
        """Return rows, columns and counts of all records, sorted by row and column, from 0."""
        indptr, columns, values = self._core.csr()
        rows = np.repeat(np.arange(len(indptr) - 1, dtype=np.int32), np.diff(indptr))
        return rows, columns, values

    def probability(self, word: str, given: str) -> float:
        """P(word | given) = X[given, word] / ΣX[given, :]; NaN if `given` never co-occurs.

        Raises
        ------
        KeyError
            For a word outside the vocabulary.
        """
        column, row = self.vocabulary[word], self.vocabulary[given]
        total = self._core.row_sum(row)
        return self._core.get(row, column) / total if total else float("nan")

    def ratio(self, k: str, i: str, j: str) -> float:
        """P(k | i) / P(k | j): how much more `k` tells of `i` than of `j` (table 1 of the paper).

        Infinite if `k` never meets `j`, NaN if it meets neither.

        Raises
        ------
        KeyError
            For a word outside the vocabulary.
        """
        above, below = self.probability(k, given=i), self.probability(k, given=j)
        if below == 0:
            return float("inf") if above > 0 else float("nan")
        return above / below

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write Stanford's records (16 bytes each, sorted) to `path`, which must end in ``.bin``.

        Raises
        ------
        ValueError
            For another suffix.
        """
        if not os.fspath(path).endswith(".bin"):
            raise ValueError(f"path must end in .bin (Stanford's records), got {os.fspath(path)!r}")
        self._core.save_stanford(path)

    @classmethod
    def load(
        cls, path: str | os.PathLike[str], vocabulary: Vocabulary
    ) -> Cooccurrence:
        """Read Stanford's records, sorted or shuffled, whose indices count in `vocabulary` from 1.

        Raises
        ------
        FormatError
            For a truncated file or an index outside the vocabulary, with the byte offset.
        """
        return cls._of(_core.CoreCooccurrence.load_stanford(path, vocabulary._core))

    def __repr__(self) -> str:
        return f"<Cooccurrence of {len(self.vocabulary):,} words, {self.nnz:,} records>"
