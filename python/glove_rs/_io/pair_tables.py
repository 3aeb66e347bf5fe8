"""Tables of pairs: the sources of `Cooccurrence.from_pairs`."""

from __future__ import annotations

import errno
import glob
import os
import sys
from bisect import bisect_right
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from .. import _core
from .._checks import is_file_system, shown
from .._optional import optional
from .file_systems import is_remote, open_file, outer_urls, remote_files, shortened, system_of
from .files import local_path
from .pair_types import common_type, converted, is_convertible
from .sources import matching_files

__all__ = ["opened"]

#: Rows of a batch that is read from a Parquet file or from DuckDB.
_BATCH_ROWS = 1 << 17


@contextmanager
def opened(
    table: Any, columns: Sequence[tuple[str, str]], storage_options: Any = None
) -> Iterator[Any]:
    """Yield an object from which the core reads the columns of a table in Arrow's format.

    Parameters
    ----------
    table : object
        What :meth:`glove_rs.Cooccurrence.from_pairs` takes.
    columns : sequence of (str, str)
        For each needed column, the parameter that names the column, and the name of the column.
    storage_options : mapping or file system, optional
        As for :func:`file_systems.system_of`.

    Raises
    ------
    TypeError, ValueError, OSError, FormatError
        As for `from_pairs`. An error about a row of Parquet files has the file, the number of the
        row in this file and the row group.
    """
    paths = _paths(table)
    if paths is not None:
        files = [file for path in paths for file in _files(path, storage_options)]
        reader = _Parquet(files, columns, storage_options)
        try:
            yield reader.stream()
        except Exception as error:
            reader.raise_from(error)
            raise
    elif storage_options is not None:
        raise ValueError("storage_options must come with a path or URL as table")
    elif hasattr(table, "read_next_batch"):
        batches = _Batches(table)
        try:
            yield batches.stream()
        except Exception:
            if batches.error is not None:
                raise batches.error from None
            raise
    else:
        try:
            yield _exporter(table, [name for _, name in columns])
        except ValueError as error:
            _raise_from_dataset(error, table)
            raise


def _paths(table: Any) -> list[str | os.PathLike[str]] | None:
    """Return the paths of a table, or None if it is in memory."""
    if isinstance(table, str | os.PathLike):
        return [table]
    if not isinstance(table, list | tuple):
        return None
    if not table:
        raise ValueError(f"table must name at least one Parquet file, got {table}")
    if not all(isinstance(path, str | os.PathLike) for path in table):
        raise TypeError(
            "table must be a data frame or other Arrow data, or a list of paths of Parquet files, "
            f"got {shown(table)}"
        )
    return list(table)


class _Batches:
    """The batches of a reader of pyarrow.

    Attributes
    ----------
    error : Exception, optional
        The exception that the reader raised. Arrow's stream passes on only its message.
    """

    def __init__(self, reader: Any) -> None:
        self.error: Exception | None = None
        self._reader = reader

    def stream(self) -> Any:
        """Return a reader of the same batches."""
        pyarrow = optional("pyarrow", "from_pairs with a stream")
        return pyarrow.RecordBatchReader.from_batches(self._reader.schema, self._all())

    def _all(self) -> Iterator[Any]:
        try:
            yield from self._reader
        except Exception as error:
            self.error = error
            raise


def _raise_from_dataset(error: ValueError, table: Any) -> None:
    """Raise `error` again with the file and the number of the row in it that caused the error.

    This is possible if `error` has the number of a row, and if `table` is an unfiltered dataset of
    files in pyarrow. Otherwise return.
    """
    row = getattr(error, "row", None)
    if row is None or not hasattr(table, "get_fragments"):
        return
    try:
        fragments = list(table.get_fragments())
    except ValueError:  # the dataset has a filter, so rows cannot be counted by file
        return
    for fragment in fragments:
        if not hasattr(fragment, "path"):  # a table in memory
            return
        rows = fragment.count_rows()
        if row < rows:
            reason = getattr(error, "reason", error)
            raise type(error)(f"{fragment.path}, row {row} (from 0): {reason}") from None
        row -= rows


def _exporter(table: Any, columns: list[str]) -> Any:
    """Return an object with the method ``__arrow_c_stream__`` or ``__arrow_c_array__``."""
    module = type(table).__module__.partition(".")[0]
    if module == "pandas" and hasattr(table, "reset_index") and hasattr(table, "index"):
        if set(columns).intersection(table.index.names):  # as after groupby(["a", "b"])
            table = table.reset_index()
        if hasattr(table, "columns"):
            return _of_pandas(table, columns)
    if module == "polars" and hasattr(table, "collect"):  # a lazy frame
        schema = table.collect_schema().names()
        known = [name for name in dict.fromkeys(columns) if name in schema]
        table = (table.select(known) if len(known) == len(set(columns)) else table).collect()
    if module == "polars" and hasattr(table, "schema"):
        return _with_types(table, columns)
    if hasattr(table, "__arrow_c_stream__") or hasattr(table, "__arrow_c_array__"):
        return table
    if hasattr(table, "scanner"):  # a data set of pyarrow
        if not set(columns).issubset(table.schema.names):
            return table.schema.empty_table()  # the core's error lists the columns
        return table.scanner(columns=list(dict.fromkeys(columns))).to_reader()
    if hasattr(table, "to_reader"):  # a scanner of pyarrow
        return table.to_reader()
    if hasattr(table, "fetch_record_batch"):  # a relation of DuckDB
        return table.fetch_record_batch(_BATCH_ROWS)
    raise TypeError(
        "table must be a Parquet file, or an object that exports Arrow data (pandas, Polars, "
        f"DuckDB, pyarrow), got {shown(table)}"
    )


def _with_types(frame: Any, columns: list[str]) -> Any:
    """Return the needed columns of a data frame of Polars, or all its columns if one is missing.

    Polars exports a column that has only nulls with a buffer that Arrow's format does not allow. So
    a key column of nulls gets the type of the other key column, or text if both are of nulls, and
    any other column of nulls gets the type Float64.
    """
    polars = sys.modules["polars"]
    if set(columns).issubset(frame.columns):
        frame = frame.select(list(dict.fromkeys(columns)))
    keys = [frame.schema.get(name, polars.Null) for name in columns[:2]]
    key = next((kind for kind in keys if kind != polars.Null), polars.String)
    nulls = [name for name, kind in frame.schema.items() if kind == polars.Null]
    return frame.cast({name: key if name in columns[:2] else polars.Float64 for name in nulls})


def _of_pandas(frame: Any, columns: list[str]) -> Any:
    """Convert the columns `columns` of a pandas data frame. Other columns may have any type."""
    pyarrow = optional("pyarrow", "from_pairs with pandas")
    names = [str(name) for name in frame.columns]  # a column may have a number as its name
    wanted = list(dict.fromkeys(columns))
    if any(names.count(name) != 1 for name in wanted):
        # The core's error lists the columns with their types.
        types = (_arrow_type(pyarrow, kind) for kind in frame.dtypes)
        return pyarrow.schema(list(zip(names, types, strict=True))).empty_table()
    part = frame.iloc[:, [names.index(name) for name in wanted]]
    try:
        return pyarrow.Table.from_pandas(part, preserve_index=False).rename_columns(wanted)
    except (pyarrow.ArrowException, OverflowError) as error:
        raise TypeError(
            "table must have columns of integers or text as keys, and of numbers as values; pandas "
            f"could not convert it: {error}; if a column mixes types, convert it, for example "
            'with frame["a"].astype(str)'
        ) from error


def _arrow_type(pyarrow: Any, kind: Any) -> Any:
    """Return the type of Arrow for a type of pandas; string if there is none."""
    try:
        return pyarrow.from_numpy_dtype(kind)
    except (TypeError, AttributeError, pyarrow.ArrowNotImplementedError):
        return pyarrow.string()


def _files(table: str | os.PathLike[str], options: Any) -> list[str]:
    """Return the Parquet files that a path or URL names: a file, folder or pattern; sorted."""
    from .tables import may_be_table  # imported here, because only this function needs it

    name = os.fspath(table)
    if isinstance(name, str) and (is_remote(name) or is_file_system(options)):
        found = remote_files(name, options)
        if found == [name]:
            return found
        system, path = system_of(name, options)
        if glob.has_magic(path) and not system.exists(path):
            return found
        rest = outer_urls(name)
        ending = f".parquet{rest}"
        found = [f for f in found if f.endswith(ending) and may_be_table(f.removesuffix(rest))]
        if not found:
            raise FileNotFoundError(
                errno.ENOENT, "The folder has no .parquet files", shortened(name)
            )
        return found
    path = local_path("table", table)
    if os.path.isdir(path):
        found = glob.glob(os.path.join(glob.escape(path), "**", "*.parquet"), recursive=True)
        # Spark and Dask write a table as a folder, whose name may end in .parquet too.
        found = [name for name in found if may_be_table(name) and not os.path.isdir(name)]
        if not found:
            raise FileNotFoundError(errno.ENOENT, "The folder has no .parquet files", path)
        return sorted(found)
    if not os.path.exists(path) and glob.has_magic(path):
        return matching_files(path)
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
        # all files; in `_groups` its file, its number in the file, and the number of the first row
        # of the file, counted over all files.
        self._starts: list[int] = []
        self._groups: list[tuple[str, int, int]] = []
        self._error: Exception | None = None
        keys = {name for _, name in columns[:2]}
        self._first = self._schema_of(self._open(paths[0]), paths[0])
        self._schema = self._pyarrow.schema(
            [
                (field.name, common_type(self._pyarrow, field.type, is_key=field.name in keys))
                for field in self._first
            ]
        )

    def _open(self, path: str) -> Any:
        pyarrow = self._pyarrow
        # Key columns of text are read as Arrow dictionaries, so that each different key is looked
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
            raise _core.FormatError(
                f"{path}: this is not a whole Parquet file: {error}; read a table in another "
                "format with pandas, Polars or pyarrow, and pass it instead of the path"
            ) from error

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
            first = rows
            file = self._open(path)
            schema = self._schema_of(file, path)
            kinds = zip(schema.types, self._schema.types, strict=True)
            if not all(is_convertible(self._pyarrow, *kind) for kind in kinds):
                raise ValueError(
                    f"the columns of {path} must have the types of {self._paths[0]}: "
                    f"{_types(schema)} instead of {_types(self._first)}"
                )
            for group in range(file.metadata.num_row_groups):
                self._starts.append(rows)
                self._groups.append((path, group, first))
                batches = file.iter_batches(_BATCH_ROWS, row_groups=[group], columns=schema.names)
                try:
                    for batch in batches:
                        rows += batch.num_rows
                        yield self._converted(batch, path)
                except (OSError, self._pyarrow.ArrowInvalid) as error:
                    if isinstance(error, OSError) and error.errno is not None:
                        raise  # the disk or the store failed; the file may be sound
                    raise _core.FormatError(
                        f"{path}, row group {group}: the file is damaged: {error}"
                    ) from error

    def _converted(self, batch: Any, path: str) -> Any:
        try:
            return converted(self._pyarrow, batch, self._schema)
        except self._pyarrow.ArrowInvalid as error:
            raise ValueError(
                f"the columns of {path} do not fit the types of {self._paths[0]}, which are "
                f"{_types(self._first)}: {error}"
            ) from None

    def raise_from(self, error: Exception) -> None:
        """Raise a more precise exception than `error`, if there is one.

        If reading a file failed, raise the exception of the reader. If `error` has the number of a
        row, raise it again with the file and row group of this row. Otherwise return.
        """
        if self._error is not None:
            raise self._error from None
        row = getattr(error, "row", None)
        if row is not None:
            path, group, first = self._groups[bisect_right(self._starts, row) - 1]
            where = f"{path}, row {row - first} (from 0, in row group {group})"
            raise type(error)(f"{where}: {getattr(error, 'reason', error)}") from None


def _types(schema: Any) -> str:
    # Text is read as dictionaries: show the type of the values, which is the type in the file.
    kinds = ((field.name, getattr(field.type, "value_type", field.type)) for field in schema)
    return ", ".join(f"{name!r} ({kind})" for name, kind in kinds)
