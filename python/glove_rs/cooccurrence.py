"""Co-occurrence counts: how often words stand near each other."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import IO, TYPE_CHECKING, Any, ClassVar, Unpack

import numpy as np
import numpy.typing as npt

from . import _core, _html
from ._checks import boolean, positive, shown
from ._counts.records import table_of, write_parquet
from ._io.files import output_path, readable
from ._io.frames import in_order_of_words, matrix_and_labels
from ._io.pair_tables import opened
from ._io.sources import Source, source_arguments
from ._optional import optional
from ._progress import Progress, reporter
from ._settings import (
    CooccurrenceSettings,
    EstimateSettings,
    accepts,
    checked,
    core_counting,
    core_encoding,
    core_running,
    with_content,
)
from ._text import about, amount, columns, number
from .vocabulary import Vocabulary, as_vocabulary

if TYPE_CHECKING:
    from ._counts.contexts import Contexts
    from ._counts.contrast import Contrast

__all__ = ["Cooccurrence", "CountingEstimate"]


@dataclass(frozen=True)
class CountingEstimate:
    """The size of a text, and the memory and disk space that counting it needs.

    The numbers are predicted from a sample of the text. ``print`` shows them as a table.

    Attributes
    ----------
    tokens, words, records : int
        Number of tokens in the text, of words in the vocabulary, and of non-zero counts.
    memory : int
        Bytes of memory at the peak of counting without a memory limit. The interpreter is not
        included.
    disk : int
        Bytes of temporary files if counting has the same limit `memory` as the estimate; 0 if the
        counts fit into memory.
    bytes_read, bytes_total : int
        Bytes of the source that were read for the estimate, and all bytes of the source.
    bounds : mapping of str to (int, int)
        A lower and an upper bound for each of `tokens`, `words`, `records`, `memory` and `disk`.
        The distance between them depends on the errors of such predictions from samples of real
        texts. The true value can lie outside the bounds, for example if the words change from the
        beginning to the end of the text. If all of the text was counted, `tokens`, `words` and
        `records` are exact, and both bounds of each are equal to it.
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
        """Return the first rows of the table: size of the text, tokens, words and records."""
        names = ("tokens", "words", "records")
        counts = [(name, about(getattr(self, name), self.bounds[name], number)) for name in names]
        read = f"{amount(self.bytes_total)}, {amount(self.bytes_read)} of it read"
        return [("text", read), *counts]

    def _table(self) -> list[tuple[str, str]]:
        sizes = [
            (name, about(getattr(self, name), self.bounds[name], amount))
            for name in ("memory", "disk")
        ]
        return [*self.rows(), *sizes]

    def __str__(self) -> str:
        return columns(self._table())

    def _repr_html_(self) -> str:
        """Return the table as HTML, for notebooks."""
        return _html.name_value_table(self._table())


class Cooccurrence:
    """The sparse V × V matrix X of co-occurrence counts. Rows and columns are words.

    Every occurrence of word j within `window` words of an occurrence of word i, in the same
    document, adds 1/distance to X[i, j], or 1 without `distance_weighting` (Pennington et al. 2014,
    section 4.2). With ``window=None`` every pair of a document adds 1/(length of the document - 1),
    or 1 without `distance_weighting`. Distances and lengths do not count words outside the
    vocabulary, unless `keep_gaps` is set. Without `symmetric`, a pair adds to X[i, j] only if word
    j stands to the right of word i. Create an object with :meth:`from_corpus`, :meth:`from_pairs`,
    :meth:`from_scipy` or :meth:`load`.

    :meth:`from_corpus` also counts which words stand side by side: see :attr:`adjacent`.

    X is *rectangular*, V × C, if the columns have words of their own: users and items, or words and
    documents. :meth:`from_pairs` and :meth:`from_scipy` make such a matrix on request.

    Examples
    --------
    >>> from glove_rs import Cooccurrence
    >>> X = Cooccurrence.from_corpus(["I like deep learning"], window=1, min_count=1)
    >>> X.probability("I", given="like"), X.probability("deep", given="like")
    (0.5, 0.5)
    """

    def __init__(self) -> None:
        raise TypeError(
            "create a Cooccurrence with from_corpus(source), from_pairs(table, row, column), "
            "from_scipy(X) or load(path)"
        )

    @classmethod
    def _of(cls, core: _core.CoreCooccurrence) -> Cooccurrence:
        self = cls.__new__(cls)
        self._core = core
        return self

    _core: _core.CoreCooccurrence
    # True after `from_scipy` without context words. Such a matrix does not say whether it is meant
    # to be symmetric, so `Glove.fit_cooccurrence` checks whether it is.
    _is_matrix = False

    @classmethod
    @accepts("source", "reading", "encoding", "counting", "running")
    def from_corpus(
        cls,
        source: Source,
        vocabulary: Vocabulary | Sequence[str] | None = None,
        window: int | None = 15,
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
        adjacent : bool, optional
            Also count which words stand side by side, for :attr:`adjacent`. Default: True, and
            False with ``window=None``, which allows no True. Counting then takes about a fifth more
            time.
        column, storage_options
            As for :meth:`glove_rs.Glove.fit`.
        window, min_count, max_vocab, symmetric, distance_weighting, keep_gaps, tokenizer, \
user_dictionary, simplified_lookup, lowercase, normalize, phrases, stop_words, documents, errors, \
max_word_bytes, threads, memory, tmp_dir, progress
            As for :class:`glove_rs.Glove`.

        Returns
        -------
        Cooccurrence
            The counts have the same bits for any number of threads.

        Raises
        ------
        ValueError
            If a parameter is out of its range, if no word is left, or if `vocabulary` has a stop
            word.
        OSError
            If the text cannot be read or changes while it is read, or if `tmp_dir` is full or
            cannot be written. The error has the path.
        FormatError
            If the source has bytes that are not text, or a word longer than `max_word_bytes`. The
            message has the byte offset.
        TypeError
            If `source` is of another type.
        ImportError
            If reading `source` needs a library that is not installed.

        Examples
        --------
        >>> from glove_rs import Cooccurrence
        >>> X = Cooccurrence.from_corpus(["an apple a day"], window=1, min_count=1)
        >>> X.nnz, X.total
        (6, 6.0)
        """
        chosen = {
            **with_content(settings),
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
    def from_pairs(
        cls,
        table: Any,
        row: str,
        column: str,
        value: str | None = None,
        *,
        symmetric: bool = False,
        rectangular: bool = False,
        storage_options: Any = None,
        threads: int | None = None,
        memory: int | str | None = None,
        tmp_dir: str | os.PathLike[str] | None = None,
        progress: Progress = None,
    ) -> Cooccurrence:
        """Count a table of pairs: each row adds its value to X[row, column].

        Parameters
        ----------
        table : object that exports Arrow data, or path
            A data frame of pandas or Polars, a relation of DuckDB, a table, data set or stream of
            pyarrow, or any other object with ``__arrow_c_stream__``. Or a path or a list of paths.
            A path is that of a Parquet file or of a folder; all ``.parquet`` files in the folder
            are read. It may be a pattern such as ``"counts/*.parquet"``, or a URL such as
            ``"s3://bucket/counts.parquet"``. Only the named columns are read.
        row, column : str
            The columns of the table with the keys of the rows and of the columns of X: integers or
            text. Integers become words such as "17".
        value : str, optional
            The column of the table with the values: finite numbers >= 0. By default the value of
            each row of the table is 1. The values of rows with the same keys are added. Zeros are
            dropped.
        symmetric : bool, default False
            The pairs have no order: a row of the table adds to X[row, column] and to
            X[column, row]. A pair of a key with itself adds once.
        rectangular : bool, default False
            Rows and columns of X have words of their own, even if some keys are equal: users and
            items, words and documents. By default both have the same words.
        storage_options : dict or file system, optional
            As for :meth:`glove_rs.Glove.fit`, if `table` is a path or URL.
        threads, memory, tmp_dir, progress
            As for :class:`glove_rs.Glove`.

        Returns
        -------
        Cooccurrence
            Words are sorted, most frequent first. The count of a word in the vocabulary is the
            number of keys of the table that are this word. The values have the same bits for any
            number of threads.

        Raises
        ------
        ValueError
            If a column is missing; if the table has no rows; if the sum of all values is not
            finite; if both `symmetric` and `rectangular` are true; if a key is null or empty, or a
            value is null, negative or not finite. For a key or a value, the message has the number
            of the row, and for Parquet files also the file and the row group.
        TypeError
            If `table` does not export Arrow data, if a column has another type than those above, or
            if one column of keys has integers, the other has text, and `rectangular` is false.
        FormatError
            If a Parquet file is truncated or damaged.
        OSError
            If a file cannot be read, or if temporary files cannot be written.
        ImportError
            If pyarrow is not installed, for Parquet files and pandas: ``pip install pyarrow``. If
            fsspec or the library of the store is not installed, for a URL.

        Examples
        --------
        >>> import pyarrow as pa
        >>> from glove_rs import Cooccurrence
        >>> ratings = pa.table({"user": ["ann", "ann", "bob"], "film": [7, 9, 7], "n": [1, 2, 5]})
        >>> X = Cooccurrence.from_pairs(ratings, "user", "film", "n", rectangular=True)
        >>> X.vocabulary.words, X.context_vocabulary.words, X.total
        (['ann', 'bob'], ['7', '9'], 8.0)
        """
        names = {"row": row, "column": column} | ({} if value is None else {"value": value})
        for parameter, name in names.items():
            if not isinstance(name, str):
                raise TypeError(f"{parameter} must be the name of a column, got {shown(name)}")
        symmetric = boolean("symmetric", symmetric)
        rectangular = boolean("rectangular", rectangular)
        if symmetric and rectangular:
            raise ValueError(
                "symmetric must be False with rectangular=True: rows and columns have words of "
                "their own, so a pair has only one direction"
            )
        running = core_running({"threads": threads, "memory": memory, "tmp_dir": tmp_dir})
        where = checked({"column": None, "storage_options": storage_options}, "source")
        opening = opened(table, [*names.items()], where["storage_options"])
        with reporter(progress) as callback, opening as source:
            core = _core.count_table(
                source, (row, column, value), symmetric, rectangular, running, callback
            )
        return cls._of(core)

    @classmethod
    def from_scipy(
        cls,
        X: Any,
        vocabulary: Vocabulary | Sequence[str] | None = None,
        context_vocabulary: Vocabulary | Sequence[str] | None = None,
    ) -> Cooccurrence:
        """Take counts from a scipy sparse matrix or array, a dense matrix, or a data frame.

        Parameters
        ----------
        X : sparse or dense matrix or data frame, shape (V, V), or (V, C) if rectangular
            Finite counts >= 0. Zeros are dropped. Repeated entries of a sparse matrix are added.
        vocabulary : Vocabulary or sequence of str, optional
            The words of the rows. The default is the labels of a pandas or Polars data frame, in
            the order of its rows, and "0", "1", … for a matrix without labels. If a data frame has
            labels, they must be the words of `vocabulary`; its rows and columns are put in the
            order of `vocabulary`.
        context_vocabulary : Vocabulary or sequence of str, optional
            The words of the columns, if they are not those of the rows: X is then rectangular. The
            labels of a data frame are not used then, so give `vocabulary` too.

        Raises
        ------
        ValueError
            If X is not square and no `context_vocabulary` is given; if X does not have a row for
            each word of `vocabulary` or a column for each word of `context_vocabulary`; if a label
            is missing; if the labels of the rows and of the columns are not the same words, or not
            those of `vocabulary`; if a count is negative or not finite; or if the sum of all counts
            is not finite.

        Examples
        --------
        >>> import numpy as np
        >>> from glove_rs import Cooccurrence
        >>> X = Cooccurrence.from_scipy(np.array([[0, 2.5], [2.5, 0]]), ["ice", "cold"])
        >>> X.nnz, X.total
        (2, 5.0)
        """
        X, labels = (X, None) if context_vocabulary is not None else matrix_and_labels(X)
        if vocabulary is not None and labels is not None and X.shape == (len(labels),) * 2:
            vocabulary = as_vocabulary(vocabulary)
            X = in_order_of_words(X, labels, vocabulary.words)
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
        contexts = None if context_vocabulary is None else as_vocabulary(context_vocabulary)
        if len(shape) != 2 or (contexts is None and shape[0] != shape[1]):
            raise ValueError(
                f"X must be a square matrix, got shape {tuple(shape)}; a rectangular matrix needs "
                "context_vocabulary, the words of its columns"
            )
        if contexts is not None and len(contexts) != shape[1]:
            raise ValueError(
                f"context_vocabulary must have a word for each column of X, got {len(contexts)} "
                f"words and {shape[1]} columns"
            )
        if vocabulary is None:
            vocabulary = labels or [str(i) for i in range(shape[0])]
        vocabulary = as_vocabulary(vocabulary)
        if len(vocabulary) != shape[0]:
            raise ValueError(
                f"vocabulary must have a word for each row of X, got {len(vocabulary)} words and "
                f"{shape[0]} rows"
            )
        counts = cls._of(
            _core.CoreCooccurrence.from_csr(
                vocabulary._core,
                None if contexts is None else contexts._core,
                np.ascontiguousarray(indptr, dtype=np.int64),
                np.ascontiguousarray(indices, dtype=np.int64),
                np.ascontiguousarray(values, dtype=np.float64),
            )
        )
        counts._is_matrix = contexts is None
        return counts

    @cached_property
    def vocabulary(self) -> Vocabulary:
        """The words of the rows and, unless X is rectangular, of the columns."""
        return Vocabulary._of(self._core.vocabulary)

    @cached_property
    def context_vocabulary(self) -> Vocabulary:
        """The words of the columns: `vocabulary`, unless X is rectangular."""
        contexts = self._core.contexts
        return self.vocabulary if contexts is None else Vocabulary._of(contexts)

    @property
    def is_rectangular(self) -> bool:
        """Whether the columns have words of their own."""
        return self._core.contexts is not None

    @property
    def shape(self) -> tuple[int, int]:
        """The number of rows and of columns: (V, V), or (V, C) if X is rectangular."""
        return len(self.vocabulary), len(self.context_vocabulary)

    @property
    def symmetric(self) -> bool:
        """Whether X equals its transpose, for example because both directions were counted."""
        return self._core.symmetric

    @cached_property
    def adjacent(self) -> Cooccurrence | None:
        """The counts N of adjacent words: how often word i stands directly to the left of word j.

        Both words are in the same document. Words outside the vocabulary that stand between them
        are ignored; with `keep_gaps`, such a word separates them. N has the words of X. In general
        it is not symmetric. `symmetric` and `distance_weighting` do not change it. Training
        with ``adjacent=True`` uses N (see :class:`glove_rs.Glove`).

        None if N was not counted: with ``adjacent=False`` or ``window=None``, and for X from
        :meth:`from_pairs`, :meth:`from_scipy`, or a file that Stanford's tools or an older
        glove-rs wrote. A sum of matrices has N if all of them have it.

        Examples
        --------
        >>> from glove_rs import Cooccurrence
        >>> X = Cooccurrence.from_corpus(["an apple a day"], min_count=1)
        >>> X.adjacent["an", "apple"], X.adjacent["apple", "an"], X.adjacent["an", "a"]
        (1.0, 0.0, 0.0)
        """
        counts = self._core.adjacent
        return None if counts is None else self._of(counts)

    @property
    def nnz(self) -> int:
        """The number of records: pairs (i, j) with X[i, j] > 0."""
        return self._core.nnz

    @property
    def total(self) -> float:
        """The sum of all counts, ΣX."""
        return self._core.total

    def to_scipy(self) -> Any:
        """Return X as a ``scipy.sparse.csr_array`` of float64, shape (V, V), with sorted columns.

        If X is rectangular, the shape is (V, C).

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
        """Return all records as three arrays, sorted by row and column.

        Returns
        -------
        rows, columns : ndarray of int32, shape (nnz,)
            Indices of words, from 0.
        counts : ndarray of float64, shape (nnz,)

        Examples
        --------
        >>> from glove_rs import Cooccurrence
        >>> X = Cooccurrence.from_corpus(["an apple a"], window=1, min_count=1, symmetric=False)
        >>> [array.tolist() for array in X.records()]
        [[1, 2], [2, 0], [1.0, 1.0]]
        """
        indptr, columns, values = self._core.csr()
        rows = np.repeat(np.arange(len(indptr) - 1, dtype=np.int32), np.diff(indptr))
        return rows, columns, values

    def to_table(self) -> Any:
        """Return all records as a ``pyarrow.Table`` with the columns word, context and x.

        The rows are sorted by the row and the column of X. `word` and `context` are dictionaries of
        strings, which become categories in pandas and Polars; x is float64.

        Raises
        ------
        ImportError
            If pyarrow is not installed: ``pip install pyarrow``.

        Examples
        --------
        >>> from glove_rs import Cooccurrence
        >>> X = Cooccurrence.from_corpus(["an apple a day"], window=1, min_count=1)
        >>> table = X.to_table()
        >>> table.num_rows, table.column_names
        (6, ['word', 'context', 'x'])
        >>> Cooccurrence.from_pairs(table, "word", "context", "x").total
        6.0
        """
        return table_of(self)

    def to_parquet(
        self,
        path: str | os.PathLike[str],
        *,
        overwrite: bool = False,
        storage_options: Any = None,
    ) -> None:
        """Write the table of :meth:`to_table` to a Parquet file, completely or not at all.

        The rows are written in parts that fit into the limit `memory` of the counts.

        Parameters
        ----------
        path : path or URL
            A file on this machine, or a URL such as ``"s3://bucket/counts.parquet"``. In a store,
            the file is first written with a hidden name in the same folder, and then moved to
            `path`.
        overwrite : bool, default False
            Replace a file that exists.
        storage_options : dict or file system, optional
            As for :meth:`glove_rs.Glove.fit`, if `path` is a URL.

        Raises
        ------
        FileExistsError
            If the file exists and `overwrite` is False.
        OSError
            If the file cannot be written. An existing file is then unchanged.
        ImportError
            If pyarrow is not installed: ``pip install pyarrow``; for a URL, if fsspec or the
            library of the store is not installed.
        ValueError
            If `path` ends like a file of another format, such as ``.csv`` or ``.gz``; if
            `storage_options` is given, but `path` is not a URL.
        """
        options = checked({"storage_options": storage_options}, "source")["storage_options"]
        write_parquet(self, path, overwrite=boolean("overwrite", overwrite), options=options)

    def _asymmetry(self) -> str:
        """Return how X differs from its transpose, such as "upper-triangular".

        A message puts the returned text after "X is". The text is "" if X equals its transpose,
        except for rounding.
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

    # X cannot be iterated over. Without this line, Python would try X[0], X[1], ….
    __iter__: ClassVar[None] = None

    def __getitem__(self, pair: tuple[str, str]) -> float:
        """Return the count X[word, context], 0.0 if the words never co-occur.

        Raises
        ------
        KeyError
            If a word is not in the vocabulary.
        TypeError
            If `pair` is not two words.

        Examples
        --------
        >>> from glove_rs import Cooccurrence
        >>> X = Cooccurrence.from_corpus(["ice is cold", "ice is solid"], min_count=1)
        >>> X["ice", "is"], X["ice", "cold"], X["cold", "solid"]
        (2.0, 0.5, 0.0)
        """
        if not (isinstance(pair, tuple) and len(pair) == 2):
            raise TypeError(f"X[...] takes two words, such as X['ice', 'steam'], got {shown(pair)}")
        word, context = pair
        return self._core.get(self.vocabulary[word], self.context_vocabulary[context])

    @cached_property
    def _sums(self) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]:
        """The sum of each row and of each column."""
        return self._core.sums()

    def to_pandas(
        self,
        words: Iterable[str] | None = None,
        contexts: Iterable[str] | None = None,
        *,
        kind: str = "count",
    ) -> Any:
        """Return the counts of some words, or a measure of association, as a labelled data frame.

        Parameters
        ----------
        words : iterable of str, optional
            The words of the rows. The default is the whole vocabulary, if it has at most 5,000
            words.
        contexts : iterable of str, optional
            The words of the columns. The default is the words of the rows. If X is rectangular, it
            is all context words, if there are at most 5,000.
        kind : {"count", "probability", "log", "pmi", "ppmi"}, default "count"
            The values, computed with the sums of whole rows and columns of X, not only of the words
            of the table:

            - "count": X_ij;
            - "probability": P(j | i) = X_ij / X_i, where X_i is the sum of row i;
            - "log": ln X_ij, the value that GloVe fits; minus infinity for a count of 0;
            - "pmi": pointwise mutual information, ln (X_ij N / (X_i X_j)), where X_j is the sum of
              column j and N the sum of all counts; minus infinity for a count of 0 (Church and
              Hanks 1990);
            - "ppmi": max(PMI, 0), and 0 for a count of 0.

            Logarithms are natural. If a word co-occurs with no word, its probabilities and PMI are
            NaN.

        Returns
        -------
        pandas.DataFrame
            float64, shape (len(words), len(contexts)).

        Raises
        ------
        KeyError
            If words are not in the vocabulary. The message names at most the first ten of them.
        ValueError
            If `kind` is none of these, or if `words` is None and the vocabulary has more than 5,000
            words. If X is rectangular, also if `contexts` is None and there are more than 5,000
            context words.
        ImportError
            If pandas is not installed.
        TypeError
            If `words` or `contexts` is a str or does not hold words.

        Examples
        --------
        >>> from glove_rs import Cooccurrence
        >>> X = Cooccurrence.from_corpus(["ice is cold", "ice is solid"], window=1, min_count=1)
        >>> frame = X.to_pandas(["ice", "is"], ["cold", "is"], kind="probability")
        >>> print(frame)  # doctest: +NORMALIZE_WHITESPACE
        context  cold   is
        word
        ice      0.00  1.0
        is       0.25  0.0
        """
        from ._counts.table import labelled

        return labelled(self, words, contexts, kind)

    def contexts(
        self,
        word: str,
        topn: int | None = 20,
        by: str = "count",
        *,
        min_count: float = 0.0,
    ) -> Contexts:
        """Return the words that co-occur with `word`, sorted by a measure of association.

        Parameters
        ----------
        word : str
            The word i. Its contexts are the words of row i of X. If X was counted with
            ``symmetric=False``, these stand to the right of the word in the text.
        topn : int, optional
            The largest number of contexts; None for all of them.
        by : {"count", "probability", "pmi", "npmi", "llr"}, default "count"
            The measure, largest value first. Words with equal values are in the order of the
            vocabulary.

            - "count" and "probability" give the same order. Its first words are mostly words that
              are frequent everywhere.
            - "pmi", ln (X_ij N / (X_i X_j)), prefers rare words (Church and Hanks 1990).
            - "npmi", PMI / −ln(X_ij / N), from −1 to 1, prefers rare words less than "pmi" does
              (Bouma 2009).
            - "llr" is the signed log-likelihood ratio G² (Dunning 1993). It prefers words for which
              there is much evidence. Counts weighted by distance are not numbers of independent
              events, so the values order the words but are not the result of a significance test.
        min_count : float, default 0.0
            Leave out contexts with a count below this number. With "pmi", 5 is a good choice.

        Returns
        -------
        Contexts
            A sequence of pairs (context word, value). ``print`` and notebooks show a table with the
            values of all measures; ``to_pandas()`` gives a data frame, and ``plot()`` draws `by`.

        Raises
        ------
        KeyError
            If the word is not in the vocabulary.
        ValueError
            If `topn`, `by` or `min_count` is out of its range.

        Examples
        --------
        >>> from glove_rs import Cooccurrence
        >>> X = Cooccurrence.from_corpus(["ice is solid", "ice is cold", "a gas"], min_count=1)
        >>> X.contexts("ice", topn=2)[0]
        ('is', 2.0)
        >>> print(X.contexts("ice", by="pmi"))
        context  count  probability     pmi     npmi      llr
        is           2       0.6667  0.6931   0.3869    1.923
        cold       0.5       0.1667  0.2877  0.09052  0.06014
        solid      0.5       0.1667  0.2877  0.09052  0.06014
        """
        from ._counts.contexts import contexts

        return contexts(self, word, topn, by, min_count)

    def probability(self, word: str, given: str) -> float:
        """Return P(word | given) = X[given, word] / ΣX[given, :].

        Parameters
        ----------
        word, given : str

        Returns
        -------
        float
            From 0 to 1; NaN if `given` co-occurs with no word.

        Raises
        ------
        KeyError
            If `given` is not in the vocabulary, or `word` is not in the `context_vocabulary`.

        Examples
        --------
        >>> from glove_rs import Cooccurrence
        >>> X = Cooccurrence.from_corpus(["I like deep learning"], window=1, min_count=1)
        >>> X.probability("deep", given="like")
        0.5
        """
        column, row = self.context_vocabulary[word], self.vocabulary[given]
        total = self._core.row_sum(row)
        return self._core.get(row, column) / total if total else float("nan")

    def ratio(self, k: str, i: str, j: str, *, smoothing: float = 0.0) -> float:
        """Return P(k | i) / P(k | j), as in table 1 of the paper.

        A ratio above 1 means that `k` belongs to `i` more than to `j`, and a ratio below 1 that `k`
        belongs to `j` more than to `i`.
        :meth:`contrast` gives the ratios of many words with their counts.

        Parameters
        ----------
        k, i, j : str
        smoothing : float, default 0.0
            A number that is added to each count X_ik and X_jk, also to counts of 0. With a number
            above 0 the ratio is finite. 1 is Laplace's rule.

        Returns
        -------
        float
            Without smoothing, infinity if `k` co-occurs with `i` but never with `j`; NaN if `k`
            co-occurs neither with `i` nor with `j`, or if `i` or `j` co-occurs with no word. If the
            ratio is infinite or NaN, a RuntimeWarning gives the reason and the counts.

        Raises
        ------
        KeyError
            If a word is not in the vocabulary.
        ValueError
            If `smoothing` is not a finite number >= 0.

        Examples
        --------
        >>> from glove_rs import Cooccurrence
        >>> text = ["ice solid", "ice solid", "ice water", "steam solid", "steam water"]
        >>> Cooccurrence.from_corpus(text, min_count=1).ratio("solid", "ice", "steam")
        1.3333333333333333
        """
        from ._counts.ratio import ratio

        return ratio(self, k, i, j, smoothing)

    def contrast(
        self,
        i: str,
        j: str,
        probes: Iterable[str] | None = None,
        *,
        topn: int = 10,
        smoothing: float = 0.0,
        prior: float | None = None,
    ) -> Contrast:
        """Compare two words by their contexts, as table 1 of the paper compares ice and steam.

        Parameters
        ----------
        i, j : str
            The words to compare.
        probes : iterable of str, optional
            The context words k to show. By default these are the words that tell `i` and `j` apart
            best, and the words that both share (see Notes).
        topn : int, default 10
            Without `probes`: the largest number of words in each of three groups: words that occur
            beside `i` more than beside `j`, words for which it is the reverse, and shared words.
        smoothing : float, default 0.0
            A number that is added to each count X_ik and X_jk for the probabilities and the ratio,
            also to counts of 0. With a number above 0 all ratios are finite. 1 is Laplace's rule.
        prior : float, optional
            The number of pseudo-counts of the prior of the log-odds. A larger number brings the
            log-odds of rare words nearer to 0. The default is the mean of X_i and X_j.

        Returns
        -------
        Contrast
            For each word k: the counts X_ik and X_jk, the probabilities P(k | i) and P(k | j),
            their ratio, the log-odds and z. ``print`` and notebooks show a table. The result has
            the methods ``to_pandas()`` and ``plot()``.

        Raises
        ------
        KeyError
            If words are not in the vocabulary. The message names at most the first ten of them.
        ValueError
            If `i` and `j` are the same word, or a number is out of its range.
        TypeError
            If `probes` is a str or does not hold words.

        Notes
        -----
        The odds of a context word k beside a word i are P(k | i)/(1 − P(k | i)). Before they are
        computed, `prior` pseudo-counts are added to the counts of each of the two words. A context
        word k gets the fraction X_k/N of these pseudo-counts, where X_k is the sum of its column
        and N the sum of all counts (an informative Dirichlet prior). The log-odds of k are the
        logarithm of its odds beside `i` minus the logarithm of its odds beside `j`. z is this
        difference divided by its standard deviation.
        Words with the largest and smallest z tell `i` and `j` apart best: neither rare words with
        large ratios nor frequent words with small differences come first (Monroe, Colaresi and
        Quinn 2008).

        A context word is shared if it occurs relatively more often beside `i` than beside all other
        words, and also more often beside `j` than beside all other words. Each of these two
        comparisons has a z, and both z must be above 0. The shared words are sorted by the smaller
        of the two z, largest first. Words that were chosen to tell `i` and `j` apart are left out.

        Counts weighted by distance are not numbers of independent events. So z orders the words,
        but it is not the result of a significance test.

        Examples
        --------
        >>> from glove_rs import Cooccurrence
        >>> text = ["ice solid", "ice solid", "ice water", "steam solid", "steam water"]
        >>> X = Cooccurrence.from_corpus(text, min_count=1)
        >>> table = X.contrast("ice", "steam", ["solid", "water"])
        >>> table.values["ratio"].round(2).tolist()
        [1.33, 0.67]
        >>> print(table)
        k      X(ice,k)  X(steam,k)  P(k|ice)  P(k|steam)   ratio  log-odds        z
        solid         2           1    0.6667         0.5   1.333     0.452   0.4674
        water         1           1    0.3333         0.5  0.6667   -0.2877  -0.2491
        <BLANKLINE>
        all counts of ice: 3, all counts of steam: 2
        log-odds: with a Dirichlet prior of 2.5 pseudo-counts (Monroe et al. 2008)
        """
        from ._counts.contrast import contrast

        return contrast(self, i, j, probes, topn, smoothing, prior)

    @classmethod
    @accepts("source", "reading", "encoding", "counting", "running", but=("tmp_dir", "progress"))
    def estimate(cls, source: Source, **settings: Unpack[EstimateSettings]) -> CountingEstimate:
        """Predict the size of the counts of a text, and the memory and disk that counting needs.

        A text of up to 4 MiB is counted completely. For a longer text, a sample is counted: 4 MiB
        or about 4.5 % of the text, whichever is more, but at most about 32 MiB, in pieces from all
        of the text. From plain files, and from Parquet files with more than 64 MiB of text in at
        least 8 row groups, only these pieces are read. Other sources are read from the beginning:
        compressed files up to about 256 MiB of text, all others to the end, so a generator or an
        open file is used up. The sample of a source that is read in this way may be half as large.

        The number of words is extrapolated from the frequencies of the words in the sample. The
        number of records is extrapolated as a power of the size of the text. The exponent is
        measured on the sample, and is assumed to fall as the text grows, as it does in texts of
        Wikipedia. `CountingEstimate.bounds` gives the uncertainty of both numbers.

        Parameters
        ----------
        source : path, paths, open file or iterable
            As for :meth:`glove_rs.Glove.fit`.
        column, storage_options
            As for :meth:`glove_rs.Glove.fit`.
        window, min_count, max_vocab, symmetric, distance_weighting, adjacent, keep_gaps, \
tokenizer, user_dictionary, simplified_lookup, lowercase, normalize, phrases, stop_words, \
documents, errors, max_word_bytes, threads, memory
            As for :meth:`from_corpus`.

        Raises
        ------
        ValueError, OSError, FormatError, TypeError, ImportError
            As for :meth:`from_corpus`.

        Examples
        --------
        >>> from glove_rs import Cooccurrence
        >>> estimate = Cooccurrence.estimate(["an apple a day"], min_count=1)
        >>> estimate.tokens, estimate.words, estimate.records
        (4, 4, 12)
        """
        chosen = with_content(settings)
        core = _core.CoreEstimate.new(
            source_arguments(source, chosen, sample=True),
            core_encoding(chosen),
            core_counting(chosen),
            core_running(chosen),
        )
        names = ("tokens", "words", "records", "memory", "disk")
        found = dict(zip(names, core.corpus(), strict=True))
        bounds = {name: (round(low), round(high)) for name, (low, _, high) in found.items()}
        likely = {name: round(likely) for name, (_, likely, _) in found.items()}
        read, total = core.bytes()
        return CountingEstimate(
            **likely, bytes_read=read, bytes_total=total, bounds=bounds, _core=core
        )

    def __add__(self, other: Cooccurrence) -> Cooccurrence:
        """Return the sum of two matrices of counts, over the union of their vocabularies.

        The numbers of occurrences of each word are added too, and the words are sorted by the sum.
        If both vocabularies have the same words in the same order, this order is kept. A ValueError
        is raised if one matrix is rectangular and the other is not.
        """
        if not isinstance(other, Cooccurrence):
            return NotImplemented
        return self._of(self._core.plus(other._core, 1.0, 1.0))

    def __mul__(self, weight: float) -> Cooccurrence:
        """Return X times a finite number > 0. The numbers of occurrences of words do not change."""
        if not isinstance(weight, int | float | np.number):
            return NotImplemented
        return self._of(self._core.scaled(positive("weight", weight)))

    __rmul__ = __mul__

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write the counts to a file, which appears complete or not at all.

        The file has the native format: the counts, compressed and with checksums, and the
        vocabulary. If `path` ends in ``.bin``, or is ``-`` for standard output, sorted records of
        Stanford's tools are written instead, 16 bytes each, without words. A further ending
        ``.gz``, ``.bz2``, ``.xz``, ``.zst`` or ``.zstd`` compresses the file.

        Raises
        ------
        OSError
            If the file cannot be written. An existing file is then unchanged.
        ValueError
            If X is rectangular and `path` asks for records of Stanford's tools, or if the name has
            the ending of another format, such as ``.npz``.

        Examples
        --------
        >>> import os, tempfile
        >>> from glove_rs import Cooccurrence
        >>> X = Cooccurrence.from_corpus(["an apple a day"], min_count=1)
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     path = os.path.join(folder, "apple.counts")
        ...     X.save(path)
        ...     Cooccurrence.load(path)
        <Cooccurrence of 4 words, 12 records>
        """
        path = output_path("path", path)
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
            A native file, or a file of records of Stanford's tools, sorted or shuffled. Either may
            be compressed. ``"archive.zip:name"`` is a file in a zip archive.
        vocabulary : Vocabulary or sequence of str, optional
            The words of a file of Stanford's records. A record has the numbers of two words, from
            1, instead of the words. A native file contains its words.
        threads, memory, tmp_dir, progress
            As for :class:`glove_rs.Glove`.

        Raises
        ------
        FormatError
            If the file is truncated or damaged; if it has records of Stanford's tools and no
            `vocabulary` is given; if an index is outside the vocabulary; if a count is negative or
            not finite (in a file of records also if it is 0); or if the sum of all counts is not
            finite. The message has the byte offset.
        ValueError
            If `vocabulary` is given for a native file.
        OSError
            If the file cannot be read.
        """
        running = core_running({"threads": threads, "memory": memory, "tmp_dir": tmp_dir})
        file = readable("path", path)
        words = None if vocabulary is None else as_vocabulary(vocabulary)._core
        with reporter(progress) as callback:
            return cls._of(_core.CoreCooccurrence.load(file, words, running, callback))

    def __reduce__(self) -> tuple[Any, ...]:
        contexts = self.context_vocabulary if self.is_rectangular else None
        rare = Vocabulary._of(self._core.rare)
        words = (contexts, rare if len(rare) else None)
        matrix = (self.vocabulary, *self._core.csr())
        return _unpickle, (*matrix, *words, self._is_matrix, self.adjacent)

    def __repr__(self) -> str:
        return f"<{self._size()}>"

    def _size(self) -> str:
        where = ", on disk" if self._core.on_disk else ""
        contexts = f" × {len(self.context_vocabulary):,}" if self.is_rectangular else ""
        words = f"{len(self.vocabulary):,}{contexts} words"
        return f"Cooccurrence of {words}, {self.nnz:,} records{where}"

    def _repr_html_(self) -> str:
        """Return the counts of the first words as an HTML table, for notebooks."""
        from ._counts.table import preview

        return _html.captioned(self._size(), preview(self))


def _unpickle(
    vocabulary: Vocabulary,
    indptr: npt.NDArray[np.int64],
    columns: npt.NDArray[np.int32],
    values: npt.NDArray[np.float64],
    contexts: Vocabulary | None = None,
    rare: Vocabulary | None = None,
    is_matrix: bool = False,
    adjacent: Cooccurrence | None = None,
) -> Cooccurrence:
    others, left_out = (None if words is None else words._core for words in (contexts, rare))
    counts = Cooccurrence._of(
        _core.CoreCooccurrence.from_csr(
            vocabulary._core,
            others,
            indptr,
            columns.astype(np.int64),
            values,
            left_out,
            None if adjacent is None else adjacent._core,
        )
    )
    counts._is_matrix = is_matrix
    return counts
