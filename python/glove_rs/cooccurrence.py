"""How often words stand near each other."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import IO, Any, Unpack

import numpy as np
import numpy.typing as npt

from . import _core
from ._checks import path_text, positive, shown
from ._io.files import readable
from ._io.frames import aligned, matrix_and_labels
from ._io.sources import Source, source_arguments
from ._optional import optional
from ._progress import Progress, reporter
from ._settings import (
    CooccurrenceSettings,
    CorpusSettings,
    accepts,
    core_counting,
    core_encoding,
    core_running,
)
from ._text import about, amount, columns, number
from .vocabulary import Vocabulary, as_vocabulary

__all__ = ["Cooccurrence", "Estimate"]


@dataclass(frozen=True)
class Estimate:
    """What counting a corpus would take, predicted from a sample of it; prints as a table.

    Attributes
    ----------
    tokens, words, records : int
        Words in the text, in the vocabulary, and non-zero counts.
    memory : int
        Bytes at the peak without a limit, the interpreter not included.
    disk : int
        Bytes of temporary files with the limit given; 0 if it is not reached.
    bytes_read, bytes_total : int
        Bytes of the source that were read for this, and in all.
    bounds : mapping of str to (int, int)
        A range for each number above, from the spread of samples of real texts. The number of a
        text whose words change from its beginning to its end can lie outside. Both bounds are the
        number itself if all of the text was read.
    """

    tokens: int
    words: int
    records: int
    memory: int
    disk: int
    bytes_read: int
    bytes_total: int
    bounds: Mapping[str, tuple[int, int]]
    _core: _core.CoreEstimate = field(repr=False, compare=False)

    def rows(self) -> list[tuple[str, str]]:
        """Return the size of the text, how much of it was read, and each estimated count."""
        names = ("tokens", "words", "records")
        counts = [(name, about(getattr(self, name), self.bounds[name], number)) for name in names]
        read = f"{amount(self.bytes_total)}, {amount(self.bytes_read)} of it read"
        return [("text", read), *counts]

    def __str__(self) -> str:
        sizes = [
            (name, about(getattr(self, name), self.bounds[name], amount))
            for name in ("memory", "disk")
        ]
        return columns([*self.rows(), *sizes])


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
        raise TypeError("make a Cooccurrence with from_corpus(source), from_scipy(X) or load(path)")

    @classmethod
    def _of(cls, core: _core.CoreCooccurrence) -> Cooccurrence:
        self = cls.__new__(cls)
        self._core = core
        return self

    _core: _core.CoreCooccurrence
    # Whether `from_scipy` made it: a matrix does not say whether it is meant to be symmetric.
    _is_matrix = False

    @classmethod
    @accepts("reading", "encoding", "counting", "running")
    def from_corpus(
        cls,
        source: Source,
        vocabulary: Vocabulary | Sequence[str] | None = None,
        window: int = 15,
        min_count: int = 5,
        threads: int | None = None,
        memory: int | str | None = None,
        **settings: Unpack[CooccurrenceSettings],
    ) -> Cooccurrence:
        """Count the co-occurrences of `source`.

        Parameters
        ----------
        source : path, paths, open file or iterable
            As for :meth:`glove_rs.Glove.fit`.
        vocabulary : Vocabulary or sequence of str, optional
            The words to count, instead of those that `min_count` and `max_vocab` select.
        window, min_count, max_vocab, symmetric, distance_weighting, keep_gaps, tokenizer, \
lowercase, normalize, documents, errors, max_word_bytes, threads, memory, tmp_dir, progress
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
            If the text cannot be read, or changes meanwhile, or `tmp_dir` is full or cannot be
            written, with the path.
        FormatError
            For bytes that are no text, and for a word longer than `max_word_bytes`, with their
            offset.
        """
        chosen = {
            **settings,
            "window": window,
            "min_count": min_count,
            "threads": threads,
            "memory": memory,
        }
        encoding, counting = core_encoding(chosen), core_counting(chosen)
        running = core_running(chosen)
        words = None if vocabulary is None else as_vocabulary(vocabulary)._core
        reading = source_arguments(source, chosen)
        with reporter(settings.get("progress")) as callback:
            core = _core.CoreCooccurrence.from_corpus(
                reading, words, encoding, counting, running, callback
            )
        return cls._of(core)

    @classmethod
    def from_scipy(
        cls, X: Any, vocabulary: Vocabulary | Sequence[str] | None = None
    ) -> Cooccurrence:
        """Take counts from a scipy sparse matrix or array, a dense one, or a data frame.

        Parameters
        ----------
        X : sparse or dense, (V, V)
            Finite counts >= 0; zeros are dropped, duplicates added up.
        vocabulary : Vocabulary or sequence of str, optional
            The words of the rows. Default: the labels of a pandas or Polars data frame, whose
            columns are put in the order of its rows; otherwise "0", "1", …. Rows and columns of a
            frame with labels are put in the order of the words, which must be its labels.

        Raises
        ------
        ValueError
            If X is not square, does not fit the vocabulary, has other labels for its rows than for
            its columns or than the vocabulary, or no label, or holds a negative or non-finite
            count, or counts whose sum is not finite.
        """
        X, labels = matrix_and_labels(X)
        if vocabulary is not None and labels is not None and X.shape == (len(labels),) * 2:
            vocabulary = as_vocabulary(vocabulary)
            X = aligned(X, labels, vocabulary.words)
        if np.iscomplexobj(X):
            raise ValueError("X must hold real numbers, got complex ones")
        if hasattr(X, "tocsr"):
            csr = X.tocsr()
            shape = csr.shape
            indptr, indices, values = csr.indptr, csr.indices, csr.data
        else:
            try:
                dense = np.atleast_2d(np.asarray(X, dtype=np.float64))
            except (TypeError, ValueError, OverflowError):
                raise ValueError(f"X must be a matrix of real numbers, got {shown(X)}") from None
            shape = dense.shape
            rows, indices = np.nonzero(dense)[:2]
            indptr = np.searchsorted(rows, np.arange(shape[0] + 1))
            values = dense[rows, indices] if dense.ndim == 2 else np.empty(0)
        if len(shape) != 2 or shape[0] != shape[1]:
            raise ValueError(f"X must be a square matrix, got shape {tuple(shape)}")
        if vocabulary is None:
            vocabulary = labels or [str(i) for i in range(shape[0])]
        vocabulary = as_vocabulary(vocabulary)
        if len(vocabulary) != shape[0]:
            raise ValueError(
                f"vocabulary must have a word per row of X: {len(vocabulary)} words, "
                f"{shape[0]} rows"
            )
        counts = cls._of(
            _core.CoreCooccurrence.from_csr(
                vocabulary._core,
                np.ascontiguousarray(indptr, dtype=np.int64),
                np.ascontiguousarray(indices, dtype=np.int64),
                np.ascontiguousarray(values, dtype=np.float64),
            )
        )
        counts._is_matrix = True
        return counts

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
            If scipy is not installed: ``pip install scipy``.
        """
        csr_array = optional("scipy.sparse", "to_scipy").csr_array
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

    def _asymmetry(self) -> str:
        """Say in which way X differs from its transpose by more than rounding; "" if it does not.

        The words complete "X is ...".
        """
        if self.symmetric:
            return ""
        rows, columns, values = self.records()
        if (rows <= columns).all():
            return "upper-triangular"
        if (rows >= columns).all():
            return "lower-triangular"
        mirrored = np.lexsort((rows, columns))
        same_pairs = np.array_equal(rows, columns[mirrored]) and np.array_equal(
            columns, rows[mirrored]
        )
        if same_pairs and np.allclose(values, values[mirrored], rtol=1e-6, atol=0):
            return ""
        return "not symmetric"

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

    @classmethod
    @accepts("reading", "encoding", "counting", "running", but=("tmp_dir", "progress"))
    def estimate(cls, source: Source, **settings: Unpack[CorpusSettings]) -> Estimate:
        """Predict what :meth:`from_corpus` would take, from a sample of the text.

        A text of up to 4 MB is counted whole. The sample of a longer text is 4 MB or 4.5 % of it,
        at most 32 MB, in pieces from all of it. Plain files are read at these pieces only. Any
        other source is read from its beginning: to its end, which uses up a generator or an open
        file, but of packed files not beyond 256 MB of text.

        Words are extrapolated from how often the words of the sample occur, records by a power of
        the text whose exponent is measured on the sample and falls, as it did on Wikipedia, while
        the text grows. `Estimate.bounds` says how far both may be off.

        Parameters
        ----------
        source : path, paths, open file or iterable
            As for :meth:`glove_rs.Glove.fit`.
        window, min_count, max_vocab, symmetric, distance_weighting, keep_gaps, tokenizer, \
lowercase, normalize, documents, errors, max_word_bytes, threads, memory
            As for :meth:`from_corpus`.

        Raises
        ------
        ValueError, OSError, FormatError
            As for :meth:`from_corpus`.

        Examples
        --------
        >>> from glove_rs import Cooccurrence
        >>> estimate = Cooccurrence.estimate(["an apple a day"], min_count=1)
        >>> estimate.tokens, estimate.words, estimate.records
        (4, 4, 12)
        """
        core = _core.CoreEstimate(
            source_arguments(source, settings),
            core_encoding(settings),
            core_counting(settings),
            core_running(settings),
        )
        names = ("tokens", "words", "records", "memory", "disk")
        found = dict(zip(names, core.corpus(), strict=True))
        bounds = {name: (round(low), round(high)) for name, (low, _, high) in found.items()}
        likely = {name: round(likely) for name, (_, likely, _) in found.items()}
        read, total = core.bytes()
        return Estimate(**likely, bytes_read=read, bytes_total=total, bounds=bounds, _core=core)

    def __add__(self, other: Cooccurrence) -> Cooccurrence:
        """Return the counts of both texts, over the union of their vocabularies.

        Words' counts add up and decide the order, except that two equal vocabularies stay as they
        are: texts counted with the same given words.
        """
        if not isinstance(other, Cooccurrence):
            return NotImplemented
        return self._of(self._core.plus(other._core, 1.0, 1.0))

    def __mul__(self, weight: float) -> Cooccurrence:
        """Return the counts times a finite number > 0; the words' counts stay."""
        if not isinstance(weight, int | float | np.number):
            return NotImplemented
        return self._of(self._core.scaled(positive("weight", weight)))

    __rmul__ = __mul__

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write the counts to `path`; the file appears complete or not at all.

        The native format holds the vocabulary too, compressed and with checksums (its layout is
        described in ``src/formats/counts.rs``). A path that ends in ``.bin`` takes Stanford's
        records instead, 16 bytes each, sorted, without words; so does ``-``, standard output. A
        further ending ``.gz``, ``.bz2``, ``.xz`` or ``.zst`` packs the file.
        """
        path = path_text("path", path)
        if _core.ending(path) == ".bin" or path == "-":
            self._core.save_stanford(path)
        else:
            self._core.save(path)

    @classmethod
    def load(
        cls,
        path: str | os.PathLike[str] | IO[bytes],
        vocabulary: Vocabulary | Sequence[str] | None = None,
        *,
        threads: int | None = None,
        memory: int | str | None = None,
        tmp_dir: str | os.PathLike[str] | None = None,
        progress: Progress = None,
    ) -> Cooccurrence:
        """Read counts that :meth:`save` wrote, in either format.

        Parameters
        ----------
        path : path or open file
            A native file, or Stanford's records, sorted or shuffled; packed or plain.
            ``"archive.zip:name"`` is a file in a zip archive.
        vocabulary : Vocabulary or sequence of str, optional
            The words that Stanford's indices count from 1; a native file brings its own.
        threads, memory, tmp_dir, progress
            As for :class:`glove_rs.Glove`.

        Raises
        ------
        FormatError
            For a truncated or damaged file, for records without a vocabulary, for an index outside
            it, and for counts that are not above 0, not finite, or whose sum is not; with the byte
            offset.
        ValueError
            If a vocabulary is given needlessly.
        """
        running = core_running({"threads": threads, "memory": memory, "tmp_dir": tmp_dir})
        file = readable("path", path)
        words = None if vocabulary is None else as_vocabulary(vocabulary)._core
        with reporter(progress) as callback:
            return cls._of(_core.CoreCooccurrence.load(file, words, running, callback))

    def __reduce__(self) -> tuple[Any, ...]:
        indptr, columns, values = self._core.csr()
        return _unpickle, (self.vocabulary, indptr, columns, values)

    def __repr__(self) -> str:
        where = ", on disk" if self._core.on_disk else ""
        return f"<Cooccurrence of {len(self.vocabulary):,} words, {self.nnz:,} records{where}>"


def _unpickle(
    vocabulary: Vocabulary,
    indptr: npt.NDArray[np.int64],
    columns: npt.NDArray[np.int32],
    values: npt.NDArray[np.float64],
) -> Cooccurrence:
    return Cooccurrence._of(
        _core.CoreCooccurrence.from_csr(vocabulary._core, indptr, columns.astype(np.int64), values)
    )
