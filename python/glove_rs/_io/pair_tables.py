"""Tables of pairs: the sources of `Cooccurrence.from_pairs`, and counts as an Arrow table."""

from __future__ import annotations

import errno
import glob
import os
from bisect import bisect_right
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from itertools import pairwise
from typing import TYPE_CHECKING, Any, Protocol

from .. import _core
from .._checks import is_file_system, path_text, shown
from .._optional import optional
from .file_systems import is_remote, open_file, remote_files, shortened, system_of
from .files import local_path, replacing

if TYPE_CHECKING:
    from ..vocabulary import Vocabulary

__all__ = ["opened", "table_of", "write_parquet"]

#: Rows of a batch that is read from a Parquet file or from DuckDB.
_BATCH = 1 << 17
#: Records of a row group that is written.
_ROW_GROUP = 1 << 20


class _Matrix(Protocol):
    """The part of :class:`glove_rs.Cooccurrence` that this module uses."""

    _core: _core.CoreCooccurrence

    @property
    def vocabulary(self) -> Vocabulary: ...

    @property
    def context_vocabulary(self) -> Vocabulary: ...


@contextmanager
def opened(
    table: Any, columns: Sequence[tuple[str, str]], storage_options: Any = None
) -> Iterator[Any]:
    """Yield an object that exports the columns of a table to Arrow, as a stream of batches.

    Parameters
    ----------
    table : object
        What :meth:`glove_rs.Cooccurrence.from_pairs` takes.
    columns : sequence of (str, str)
        Each column that is needed: the parameter that names it, and its name.
    storage_options : mapping or file system, optional
        As for :func:`file_systems.system_of`.

    Raises
    ------
    TypeError, ValueError, OSError, FormatError
        As for `from_pairs`. An error about a row of a Parquet file names the file and row group.
    """
    if isinstance(table, str | os.PathLike):
        files = _files(table, storage_options)
        reader = _Parquet(files, columns, storage_options)
        try:
            yield reader.stream()
        except Exception as error:
            reader.raise_from(error)
            raise
    elif storage_options is not None:
        raise ValueError("storage_options must come with a path or URL as table")
    else:
        yield _exporter(table, [name for _, name in columns])


def _exporter(table: Any, columns: list[str]) -> Any:
    """Return an object with the method ``__arrow_c_stream__`` or ``__arrow_c_array__``."""
    module = type(table).__module__.partition(".")[0]
    if module == "pandas" and hasattr(table, "columns"):
        return _of_pandas(table, columns)
    if module == "polars" and hasattr(table, "collect"):  # a lazy frame
        schema = table.collect_schema().names()
        known = [name for name in dict.fromkeys(columns) if name in schema]
        return (table.select(known) if len(known) == len(set(columns)) else table).collect()
    if hasattr(table, "__arrow_c_stream__") or hasattr(table, "__arrow_c_array__"):
        return table
    if hasattr(table, "scanner"):  # a data set of pyarrow
        return table.scanner(columns=list(dict.fromkeys(columns))).to_reader()
    if hasattr(table, "fetch_record_batch"):  # a relation of DuckDB
        return table.fetch_record_batch(_BATCH)
    raise TypeError(
        "table must be a Parquet file, or an object that exports Arrow data (pandas, Polars, "
        f"DuckDB, pyarrow), got {shown(table)}"
    )


def _of_pandas(frame: Any, columns: list[str]) -> Any:
    """Convert the columns of a pandas data frame. Other columns may hold anything."""
    pyarrow = optional("pyarrow", "from_pairs with pandas")
    known = [name for name in dict.fromkeys(columns) if name in frame.columns]
    if len(known) < len(set(columns)):  # the core's error lists the columns with their types
        return pyarrow.schema(
            [(str(name), _pandas_type(pyarrow, frame, name)) for name in frame.columns]
        ).empty_table()
    try:
        return pyarrow.Table.from_pandas(frame[known], preserve_index=False)
    except pyarrow.ArrowException as error:
        raise TypeError(
            "table must have columns of integers or text as keys, and of numbers as values; pandas "
            f"could not convert it: {error}; if a column mixes types, convert it, for example "
            'with frame["a"].astype(str)'
        ) from error


def _pandas_type(pyarrow: Any, frame: Any, name: Any) -> Any:
    try:
        return pyarrow.from_numpy_dtype(frame[name].dtype)
    except (TypeError, AttributeError, pyarrow.ArrowNotImplementedError):
        return pyarrow.string()


def _files(table: str | os.PathLike[str], options: Any) -> list[str]:
    """Return the Parquet files that a path or URL names: a file, folder or pattern; sorted."""
    name = os.fspath(table)
    if isinstance(name, str) and (is_remote(name) or is_file_system(options)):
        found = remote_files(name, options)
        if found == [name]:
            return found
        system, path = system_of(name, options)
        if glob.has_magic(path) and not system.exists(path):
            return found
        found = [file for file in found if file.endswith(".parquet")]
        if not found:
            raise FileNotFoundError(
                errno.ENOENT, "The folder has no .parquet files", shortened(name)
            )
        return found
    path = local_path("table", table)
    if os.path.isdir(path):
        found = glob.glob(os.path.join(glob.escape(path), "**", "*.parquet"), recursive=True)
        if not found:
            raise FileNotFoundError(errno.ENOENT, "The folder has no .parquet files", path)
        return sorted(found)
    if not os.path.exists(path) and glob.has_magic(path):
        found = [name for name in glob.glob(path, recursive=True) if os.path.isfile(name)]
        if not found:
            raise FileNotFoundError(errno.ENOENT, "No file matches the pattern", path)
        return sorted(found)
    return [path]


class _Parquet:
    """The needed columns of Parquet files, batch by batch, one file after the other."""

    def __init__(
        self, paths: list[str], columns: Sequence[tuple[str, str]], options: Any = None
    ) -> None:
        self._pyarrow = optional("pyarrow", "from_pairs with a Parquet file")
        optional("pyarrow.parquet", "from_pairs with a Parquet file")
        self._paths = paths
        self._columns = columns
        self._options = options
        # For each row group that was read: in `_starts` the number of its first row, counted over
        # all files, and in `_groups` its file and its number in the file.
        self._starts: list[int] = []
        self._groups: list[tuple[str, int]] = []
        self._error: Exception | None = None
        self._schema = self._schema_of(self._open(paths[0]), paths[0])

    def _open(self, path: str) -> Any:
        pyarrow = self._pyarrow
        # Text is read as Arrow dictionaries, as the file stores it. So each different key is looked
        # up only once in a batch.
        names = list(dict.fromkeys(name for _, name in self._columns[:2]))
        try:
            file = pyarrow.parquet.ParquetFile(self._source(path))
            is_text = (pyarrow.types.is_string, pyarrow.types.is_large_string)
            text = [
                field.name
                for field in file.schema_arrow
                if field.name in names and any(is_kind(field.type) for is_kind in is_text)
            ]
            if not text:
                return file
            return pyarrow.parquet.ParquetFile(self._source(path), read_dictionary=text)
        except pyarrow.ArrowInvalid as error:
            raise _core.FormatError(f"{path}: this is not a whole Parquet file: {error}") from error

    def _source(self, path: str) -> Any:
        """Return what pyarrow opens: a local path, or an open file of a file system."""
        if is_remote(path) or is_file_system(self._options):
            return open_file(path, self._options)
        return path

    def _schema_of(self, file: Any, path: str) -> Any:
        schema = file.schema_arrow
        for parameter, name in self._columns:
            if name not in schema.names:
                raise ValueError(
                    f"{parameter} must name a column of the table, but {path} has "
                    f"{_types(schema)}, got {name!r}"
                )
        names = list(dict.fromkeys(name for _, name in self._columns))
        return self._pyarrow.schema([(name, schema.field(name).type) for name in names])

    def stream(self) -> Any:
        """Return a reader of record batches."""
        return self._pyarrow.RecordBatchReader.from_batches(self._schema, self._batches())

    def _batches(self) -> Iterator[Any]:
        try:
            yield from self._all_batches()
        except Exception as error:  # Arrow's stream passes on only the message, not the exception
            self._error = error
            raise

    def _all_batches(self) -> Iterator[Any]:
        rows = 0
        for path in self._paths:
            file = self._open(path)
            schema = self._schema_of(file, path)
            if schema != self._schema:
                raise ValueError(
                    f"the columns of {path} must have the types of {self._paths[0]}: "
                    f"{_types(schema)} instead of {_types(self._schema)}"
                )
            for group in range(file.metadata.num_row_groups):
                self._starts.append(rows)
                self._groups.append((path, group))
                batches = file.iter_batches(_BATCH, row_groups=[group], columns=schema.names)
                try:
                    for batch in batches:
                        rows += batch.num_rows
                        yield batch.select(schema.names)
                except (OSError, self._pyarrow.ArrowInvalid) as error:
                    raise _core.FormatError(
                        f"{path}, row group {group}: the file is damaged: {error}"
                    ) from error

    def raise_from(self, error: Exception) -> None:
        """Raise a more precise exception than `error`, if there is one.

        If reading a file failed, raise the exception of the reader. If `error` has the number of a
        row, raise it again with the file and row group of this row. Otherwise return.
        """
        if self._error is not None:
            raise self._error from None
        row = getattr(error, "row", None)
        if row is not None:
            path, group = self._groups[bisect_right(self._starts, row) - 1]
            raise type(error)(f"{path}, row group {group}: {error}") from None


def _types(schema: Any) -> str:
    # Text is read as dictionaries: show the type of the values, which is the type in the file.
    kinds = ((field.name, getattr(field.type, "value_type", field.type)) for field in schema)
    return ", ".join(f"{name!r} ({kind})" for name, kind in kinds)


def table_of(X: _Matrix) -> Any:
    """Return all records as a table: see :meth:`glove_rs.Cooccurrence.to_table`."""
    pyarrow = optional("pyarrow", "to_table")
    return _Records(pyarrow, X).table(*X._core.csr(), 0)


def write_parquet(X: _Matrix, path: str | os.PathLike[str], *, overwrite: bool) -> None:
    """Write all records: see :meth:`glove_rs.Cooccurrence.to_parquet`."""
    pyarrow = optional("pyarrow", "to_parquet")
    parquet = optional("pyarrow.parquet", "to_parquet")
    target = path_text("path", path)
    if os.path.lexists(target) and not overwrite:
        reason = "exists; choose another name, or replace it with overwrite=True"
        raise FileExistsError(errno.EEXIST, reason, target)
    records = _Records(pyarrow, X)
    parts = X._core.parts()
    with (
        replacing(target) as file,
        parquet.ParquetWriter(file, records.schema, compression="zstd") as writer,
    ):
        for first, end in pairwise(parts):
            table = records.table(*X._core.rows(first, end), first)
            writer.write_table(table, row_group_size=_ROW_GROUP)


class _Records:
    """Converts rows of X to tables with the columns word, context and x."""

    def __init__(self, pyarrow: Any, X: _Matrix) -> None:
        self._pyarrow = pyarrow
        words = [X.vocabulary, X.context_vocabulary]
        self._words = [pyarrow.array(side.words, pyarrow.string()) for side in words]
        key = pyarrow.dictionary(pyarrow.int32(), pyarrow.string())
        columns = [("word", key), ("context", key), ("x", pyarrow.float64())]
        self.schema = pyarrow.schema(
            [pyarrow.field(name, kind, nullable=False) for name, kind in columns]
        )

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
