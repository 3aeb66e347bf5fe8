"""A column of a table that is a Python object.

The object is from pandas, Polars, DuckDB, pyarrow or Hugging Face `datasets`, or it is a dict of
columns or an iterable of dicts.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from .table_columns import check_column, check_name

__all__ = ["column_of", "reader_of", "without_null_type"]


def reader_of(source: Any, column: str | None = None) -> Any:
    """Return a reader of batches for a query that has not run yet, otherwise `source` itself.

    Queries that have not run are a LazyFrame of Polars and a dataset or scanner of pyarrow. With
    `column`, a LazyFrame and a dataset read no other column.

    Raises
    ------
    ValueError
        If a LazyFrame or a dataset has no column `column`, or if this column of a dataset is not
        text.
    """
    library = type(source).__module__.partition(".")[0]
    if library == "polars" and hasattr(source, "collect_batches"):
        if column is not None:
            source = _of_polars(source, column, source.collect_schema())
        return iter(without_null_type(source).collect_batches())
    if library == "pyarrow" and hasattr(source, "to_batches") and hasattr(source, "count_rows"):
        return _of_dataset(source, column)
    return source


def without_null_type(source: Any) -> Any:
    """Convert columns of Polars that have only nulls to another type.

    Polars exports such columns with a buffer that Arrow's format does not allow. The core must
    choose the same column as from an Arrow table with columns of nulls: the only column of text or
    of lists of words or, if there is none, the only column of nulls. So only the latter becomes
    text. Other columns of nulls become Boolean, which the core does not choose.

    Parameters
    ----------
    source : Series, DataFrame or LazyFrame of Polars, or any other object of Polars
        An object of another type is returned unchanged.
    """
    polars = sys.modules["polars"]
    empty_list = polars.List(polars.Null)
    if isinstance(source, polars.Series):
        types = {polars.Null: polars.String, empty_list: polars.List(polars.String)}
        return source.cast(types.get(source.dtype, source.dtype))
    if not isinstance(source, polars.DataFrame | polars.LazyFrame):
        return source
    schema = source.collect_schema()
    nulls = [name for name, kind in schema.items() if kind == polars.Null]
    is_text = len(nulls) == 1 and not any(map(_may_be_text, schema.values()))
    casts = dict.fromkeys(nulls, polars.String if is_text else polars.Boolean)
    lists = [name for name, kind in schema.items() if kind == empty_list]
    casts |= dict.fromkeys(lists, polars.List(polars.String))
    return source.cast(casts) if casts else source


def _may_be_text(kind: Any) -> bool:
    """Return whether a column of Polars with this type can hold text or lists of words."""
    polars = sys.modules["polars"]
    texts = (polars.String, polars.Categorical, polars.Enum)
    if isinstance(kind, polars.List | polars.Array):
        return isinstance(kind.inner, (*texts, polars.Null))
    return isinstance(kind, texts)


def column_of(source: Any, column: str) -> tuple[Any, str | None]:
    """Return what to read of a table in memory, and the column that the core must choose in it.

    The second value is None if the first one consists of the texts of the column only.

    Raises
    ------
    ValueError
        If the table has no such column. The message lists the columns of the table. For Arrow data,
        for rows, and for a dataset whose columns are not known, the error comes later, when the
        data are read.
    TypeError
        If `source` is not a table.
    """
    library = type(source).__module__.partition(".")[0]
    if library == "pandas" and hasattr(source, "columns"):
        types = [(str(name), str(kind)) for name, kind in source.dtypes.items()]
        check_name(types, column, "the table")
        label = next(name for name in source.columns if str(name) == column)
        return source[label], None
    if library == "polars" and hasattr(source, "collect_batches"):
        return reader_of(source, column), column
    if library == "polars" and hasattr(source, "columns"):
        return _of_polars(source, column, source.schema), column
    if library == "duckdb" and hasattr(source, "select"):
        types = [(name, str(kind)) for name, kind in zip(source.columns, source.types, strict=True)]
        outer = _outer(column, source.columns)
        check_name([*types, (column, "")] if outer != column else types, column, "the relation")
        quoted = outer.replace('"', '""')
        return source.select(f'"{quoted}"'), column
    if library == "pyarrow" and hasattr(source, "to_batches") and hasattr(source, "count_rows"):
        return _of_dataset(source, column), column
    if library == "datasets" and hasattr(source, "select_columns"):
        features = source.features or {}
        names = [(name, str(getattr(kind, "dtype", kind))) for name, kind in features.items()]
        if names:
            check_name(names, column, "the dataset")
        return source.select_columns([column]), column
    if hasattr(source, "__arrow_c_stream__") or hasattr(source, "__arrow_c_array__"):
        return source, column
    if hasattr(source, "read_next_batch"):
        return source, column
    if isinstance(source, Mapping):  # a dict of columns
        check_name([(str(name), "") for name in source], column, "the table")
        return source[column], None
    if isinstance(source, str) or not isinstance(source, Iterable):
        raise TypeError(
            "source must be a path of tables or a table if column is given, got "
            f"{type(source).__name__}"
        )
    return _of_rows(source, column), column


def _of_rows(rows: Iterable[Any], column: str) -> Iterator[Any]:
    """Yield the texts of rows that are dicts, without None. Yield tables unchanged."""
    for number, row in enumerate(rows):
        if isinstance(row, Mapping):
            if column not in row:
                types = [(str(name), type(value).__name__) for name, value in row.items()]
                check_name(types, column, f"row {number} of the source")
            if row[column] is not None:
                yield row[column]
        elif hasattr(row, "__arrow_c_stream__") or hasattr(row, "__arrow_c_array__"):
            yield row
        else:
            raise TypeError(
                "if column is given, source must be a table, or an iterable of tables or of dicts "
                f"that have this column, but item {number} is of type {type(row).__name__}"
            )


def _outer(column: str, names: Iterable[str]) -> str:
    """Return the name in `names` of the column to read for `column`.

    For ``"a.b"`` this is the column "a.b" or, if there is none, the column "a", which has the field
    "b". Return `column` if `names` has neither.
    """
    names = set(names)
    if column in names:
        return column
    dots = (at for at, letter in enumerate(column) if letter == ".")
    return next((column[:dot] for dot in dots if column[:dot] in names), column)


def _of_polars(source: Any, column: str, schema: Mapping[str, Any]) -> Any:
    outer = _outer(column, schema)
    if outer not in schema:
        check_name([(name, str(kind)) for name, kind in schema.items()], column, "the table")
    return source.select(sys.modules["polars"].selectors.by_name(outer))


def _of_dataset(source: Any, column: str | None) -> Any:
    """Return a reader of a dataset or scanner of pyarrow.

    The reader of a dataset reads at most 2 batches and 2 files ahead. These numbers are below
    pyarrow's defaults, to save memory.
    """
    if not hasattr(source, "scanner"):
        return source.to_reader()
    columns = None
    if column is not None:
        field_path = check_column(source.schema, column, "the dataset")
        columns = [source.schema.field(field_path[0]).name]
    scanner = source.scanner(
        columns=columns, batch_size=1 << 13, batch_readahead=2, fragment_readahead=2
    )
    return scanner.to_reader()
