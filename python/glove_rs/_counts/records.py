"""Counts as a table with the columns word, context and x: in memory, and as a Parquet file."""

from __future__ import annotations

import errno
import os
from collections.abc import Iterator
from contextlib import AbstractContextManager
from itertools import pairwise
from typing import Any

from .. import _core
from .._checks import is_file_system, path_text
from .._io.file_systems import EXISTS, local_file, replacing_remote
from .._io.files import is_url, replacing, without_file_protocol
from .._optional import optional
from ..vocabulary import Vocabulary
from .protocol import CountMatrix

__all__ = ["table_of", "write_parquet"]

#: The largest number of records in a row group that :func:`write_parquet` writes.
_ROW_GROUP = 1 << 20
#: If the words of a vocabulary take more bytes than this, a Parquet file has the words themselves,
#: not indices into a dictionary of them.
_DICTIONARY = 1 << 28
#: If the words of a vocabulary take more bytes than this, they do not fit into an Arrow array with
#: offsets of 32 bits.
_STRINGS = (1 << 31) - 1


def table_of(X: CountMatrix) -> Any:
    """Return all records as a table: see :meth:`glove_rs.Cooccurrence.to_table`."""
    pyarrow = optional("pyarrow", "to_table")
    return _Records(pyarrow, X).table(*X._core.csr(), 0)


def write_parquet(
    X: CountMatrix, path: str | os.PathLike[str], *, overwrite: bool, options: Any = None
) -> None:
    """Write all records: see :meth:`glove_rs.Cooccurrence.to_parquet`."""
    pyarrow = optional("pyarrow", "to_parquet")
    parquet = optional("pyarrow.parquet", "to_parquet")
    target = path_text("path", path)
    _core.check_ending(target, "pairs")
    with _output(target, options, overwrite=overwrite) as file:
        records = _Records(pyarrow, X)
        parts = X._core.row_bounds()
        with parquet.ParquetWriter(file, records.file_schema, compression="zstd") as writer:
            for first, end in pairwise(parts):
                table = records.table(*X._core.rows(first, end), first)
                for part in records.for_file(table):
                    writer.write_table(part, row_group_size=_ROW_GROUP)


def _output(target: str, options: Any, *, overwrite: bool) -> AbstractContextManager[Any]:
    """Return a context manager that yields an open file. At the end, the file is at `target`."""
    # A URL such as file:///a names a local file: `replacing` writes it, not fsspec.
    target = without_file_protocol(target)
    if is_file_system(options) or is_url(target):
        file = local_file(target, options)
        if file is None:
            return replacing_remote(target, options, overwrite=overwrite)
        target = file  # written by `replacing`, which follows links and can write to devices
    elif options is not None:
        raise ValueError("storage_options must come with a URL as path")
    if os.path.lexists(target) and not overwrite:
        raise FileExistsError(errno.EEXIST, EXISTS, target)
    return replacing(target)


class _Records:
    """Converts rows of X to tables with the columns word, context and x."""

    def __init__(self, pyarrow: Any, X: CountMatrix) -> None:
        self._pyarrow = pyarrow
        self._words = [self._array(side) for side in (X.vocabulary, X.context_vocabulary)]
        types = [words.type for words in self._words]
        self.schema = self._schema(*(pyarrow.dictionary(pyarrow.int32(), kind) for kind in types))
        # Each row group of a Parquet file has a page with the whole dictionary, and a page has at
        # most 2 GiB. So a file with a large vocabulary has the words themselves.
        self._is_large = any(words.nbytes > _DICTIONARY for words in self._words)
        self.file_schema = self._schema(*types) if self._is_large else self.schema

    def _array(self, vocabulary: Vocabulary) -> Any:
        """Return the words as an Arrow array of `string`, or above its 2 GiB, of `large_string`."""
        pyarrow = self._pyarrow
        words = pyarrow.array(vocabulary.words, pyarrow.large_string())
        return words if words.nbytes > _STRINGS else words.cast(pyarrow.string())

    def _schema(self, word: Any, context: Any) -> Any:
        pyarrow = self._pyarrow
        columns = [("word", word), ("context", context), ("x", pyarrow.float64())]
        return pyarrow.schema([pyarrow.field(name, kind, nullable=False) for name, kind in columns])

    def for_file(self, table: Any) -> Iterator[Any]:
        """Yield the rows of a table as a Parquet file stores them.

        For a large vocabulary, the columns word and context have the words themselves, not indices
        into a dictionary. The rows are then divided into tables of about `_DICTIONARY` bytes.
        """
        import numpy as np

        if not self._is_large:
            yield table
            return
        length_of = optional("pyarrow.compute", "to_parquet").binary_length
        lengths = np.full(table.num_rows, 16, dtype=np.int64)
        for column, words in zip(table.columns[:2], self._words, strict=True):
            lengths += length_of(words).to_numpy()[column.chunk(0).indices.to_numpy()]
        number = np.cumsum(lengths) // _DICTIONARY
        cuts = [0, *(np.flatnonzero(np.diff(number)) + 1).tolist(), table.num_rows]
        for first, end in pairwise(cuts):
            rows = table.slice(first, end - first)
            keys = [
                column.cast(words.type)
                for column, words in zip(rows.columns[:2], self._words, strict=True)
            ]
            yield self._pyarrow.Table.from_arrays([*keys, rows["x"]], schema=self.file_schema)

    def table(self, indptr: Any, columns: Any, values: Any, first: int) -> Any:
        """Convert rows of X, given as compressed sparse rows, to a table.

        `first` is the number of the first of these rows in X.
        """
        import numpy as np

        numbers = np.arange(first, first + len(indptr) - 1, dtype=np.int32)
        sides = zip((np.repeat(numbers, np.diff(indptr)), columns), self._words, strict=True)
        keys = [self._pyarrow.DictionaryArray.from_arrays(side, words) for side, words in sides]
        return self._pyarrow.Table.from_arrays(
            [*keys, self._pyarrow.array(values)], schema=self.schema
        )
