"""The texts in files of tables, row by row, for the search of keywords."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from .. import _core, _settings
from .._io.sources import tables_of
from .._io.table_columns import find_column
from .._io.table_files import ColumnBatch

__all__ = ["texts_of_tables"]

#: The texts of some rows, and the name of their file. A null is None, and a text may be a list of
#: words.
Part = tuple[list[Any], str]


def texts_of_tables(
    source: Any, column: str, settings: Mapping[str, Any]
) -> tuple[bool, Iterator[Part]]:
    """Return whether there are several files, and the texts of a column of all files, in order.

    Parameters
    ----------
    source : object
        Paths and URLs as for :meth:`glove_rs.Glove.fit`, or an open file.
    column : str
        The column of text or of lists of words.
    settings : mapping
        The parameters of the source, of reading and running that the user gave.
    """
    column = _settings.checked({"column": column}, "source")["column"]
    errors = _settings.checked(settings, "reading")["errors"]
    options = _settings.checked(settings, "source")["storage_options"]
    tables = tables_of(source, column, options, settings)
    assert tables is not None  # the caller has checked that the source names files
    parts = ((_texts(batch, column, errors), batch.origin[0]) for batch in tables.batches())
    return len(tables.files) > 1, parts


def _texts(batch: ColumnBatch, column: str, errors: str) -> list[Any]:
    import pyarrow.compute

    indices = find_column(batch.rows.schema, column)
    assert indices is not None  # the reader of the file has checked the column
    values = batch.rows.column(indices[0])
    if indices[1:]:  # unlike StructArray.field, this gives a null for a null struct
        values = pyarrow.compute.struct_field(values, indices=indices[1:])
    try:
        texts = values.to_pylist()
    except UnicodeDecodeError:
        texts = [_decoded(value, batch.origin, row, errors) for row, value in enumerate(values)]
    return [
        [word for word in text if word is not None] if isinstance(text, list) else text
        for text in texts
    ]


def _decoded(value: Any, origin: tuple[str, int, str], row: int, errors: str) -> Any:
    """Return one value of a column in which some values are not UTF-8.

    If this value is not UTF-8, raise a FormatError with "strict" as `errors`. With "replace" or
    "ignore", replace or leave out the bytes of this value that are not UTF-8.
    """
    try:
        return value.as_py()
    except UnicodeDecodeError as error:
        if errors == "strict" or not hasattr(value, "as_buffer"):
            name, first, note = origin
            raise _core.FormatError(
                f"{name}, row {first + row}{note}: {error}; in a column of text, "
                'errors="replace" or errors="ignore" accepts it'
            ) from None
        return value.as_buffer().to_pybytes().decode("utf-8", errors)
