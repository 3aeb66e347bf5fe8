"""Tables in files of text: JSON lines and CSV, parsed by pyarrow block by block."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from .. import _core
from .decompression import Stream
from .table_columns import check_column, find_column, leaf_type, missing

__all__ = ["LongRowError", "csv_rows", "json_rows"]

#: The characters that may separate the columns of a CSV file, in the order in which they are tried.
_DELIMITERS = (",", "\t", ";", "|")


#: The names and types of the fields of JSON lines are inferred from at most this many lines at the
#: beginning of the file.
_EXAMINED = 1000


class LongRowError(Exception):
    """A row is longer than the bytes that pyarrow parses at once."""


@contextmanager
def _long_rows() -> Iterator[None]:
    import pyarrow

    try:
        yield
    except pyarrow.ArrowInvalid as error:
        if "straddling" in str(error) or "block size" in str(error):
            raise LongRowError from None
        raise


def _complete_lines(stream: Stream, block: int) -> bytes:
    """Return the complete lines among the first bytes of a stream, or all of a short stream.

    Raises
    ------
    LongRowError
        If the first line has more than `block` bytes.
    """
    head = stream.head
    while b"\n" not in head.strip():
        size = len(head)
        if size > block:
            raise LongRowError
        head = stream.look(2 * size + 1)
        if len(head) <= 2 * size:
            return head  # the end of the file
    cut = head.rfind(b"\n")
    return head[: cut + 1] if head[:cut].strip() else head


# --- JSON lines -----------------------------------------------------------------------------------


def json_rows(stream: Stream, column: str, name: str, block: int) -> Iterator[Any]:
    """Read a field of JSON lines. Yield record batches that have only this field.

    The names and types of the fields are inferred from the first lines. pyarrow then parses only
    this field.

    Raises
    ------
    LongRowError
        If a row has more than `block` bytes.
    ValueError
        If there is no field of text with the name `column`.
    FormatError
        If one of the first lines is not a JSON object.
    """
    import pyarrow
    from pyarrow import json as arrow

    schema = _json_schema(_complete_lines(stream, block), name)
    field_path = find_column(schema, column)
    if field_path is not None:
        kind = _text_type(leaf_type(schema, field_path))
        if kind is not None:
            schema = pyarrow.schema([_nested(schema, field_path, kind)])
    check_column(schema, column, name)
    parse = arrow.ParseOptions(explicit_schema=schema, unexpected_field_behavior="ignore")
    with _long_rows(), stream.buffered() as source:
        yield from arrow.open_json(source, arrow.ReadOptions(block_size=block), parse)


def _json_schema(head: bytes, name: str) -> Any:
    """Return the fields of the objects in some lines, with their types in Arrow.

    pyarrow's own inference refuses a field whose values have several types. This function accepts
    such a field, because it may not be the wanted one, and gives it the type of its first value
    that is not null.
    """
    import pyarrow

    values: dict[str, list[Any]] = {}
    for number, line in enumerate(head.split(b"\n")[:_EXAMINED], 1):
        if not line.strip():
            continue
        try:
            row = json.loads(line)
        except ValueError as error:
            raise _core.FormatError(f"{name}, line {number}: {error}") from None
        if not isinstance(row, dict):
            raise _core.FormatError(f"{name}, line {number}: this is not a JSON object")
        for key, value in row.items():
            values.setdefault(key, []).append(value)
    types = {}
    for key, found in values.items():
        try:
            types[key] = pyarrow.infer_type(found)
        except (pyarrow.ArrowException, OverflowError):
            first = next(value for value in found if value is not None)
            try:
                types[key] = pyarrow.infer_type([first])
            except (pyarrow.ArrowException, OverflowError):
                types[key] = pyarrow.float64()  # an integer of more than 64 bits
    return pyarrow.schema(types.items())


def _text_type(kind: Any) -> Any:
    """Return the Arrow type in which a field of text or of lists of words is read.

    The result is None if the field cannot be read as text. `kind` is the type that was inferred
    from the first rows. A field that is null in these rows may be text in later rows, so it is read
    as text.
    """
    import pyarrow

    types = pyarrow.types
    if types.is_list(kind):
        item = _text_type(kind.value_type)
        return None if item != pyarrow.string() else pyarrow.list_(item)
    is_text = types.is_string(kind) or types.is_null(kind)
    return pyarrow.string() if is_text else None


def _nested(fields: Any, field_path: list[int], kind: Any) -> Any:
    """Return the field at a path with a new type, inside structs that have no other fields."""
    import pyarrow

    field = fields.field(field_path[0])
    if len(field_path) == 1:
        return pyarrow.field(field.name, kind)
    return pyarrow.field(field.name, pyarrow.struct([_nested(field.type, field_path[1:], kind)]))


# --- CSV ------------------------------------------------------------------------------------------


def csv_rows(stream: Stream, column: str, name: str, block: int) -> Iterator[Any]:
    """Read a column of a CSV file. Yield record batches that have only this column.

    The first record has the names of the columns. The columns are separated by the first character
    of `_DELIMITERS` with which the wanted name is the name of a column. Text may be in double
    quotes, and may then have newlines.

    Raises
    ------
    LongRowError
        If a row has more than `block` bytes.
    ValueError
        If there is no column with the name `column`.
    FormatError
        If several columns have this name, or if the header cannot be read.
    """
    import pyarrow
    from pyarrow import csv as arrow

    try:
        delimiter, names = _header(_complete_lines(stream, block), column)
    except csv.Error as error:
        raise _core.FormatError(f"{name}, line 1: {error}") from None
    if column not in names:
        raise missing([(known, "") for known in names], column, name)
    if names.count(column) > 1:
        raise _core.FormatError(f"{name}: the header has several columns {column!r}")
    convert = arrow.ConvertOptions(
        include_columns=[column],
        column_types={column: pyarrow.string()},
        check_utf8=False,  # the core checks UTF-8, because it knows the parameter `errors`
    )
    parse = arrow.ParseOptions(delimiter=delimiter, newlines_in_values=True)
    read = arrow.ReadOptions(block_size=block)
    with _long_rows(), stream.buffered() as source:
        yield from arrow.open_csv(source, read, parse, convert)


def _header(head: bytes, column: str) -> tuple[str, list[str]]:
    """Return the character between columns and the names in the header of a CSV file.

    If no character of `_DELIMITERS` gives a column with the wanted name, return the character that
    gives the most names, for the message of the error.
    """
    text = head.decode("utf-8", "replace")
    found = []
    for delimiter in _DELIMITERS:
        names = next(csv.reader(io.StringIO(text, newline=""), delimiter=delimiter), [])
        if column in names:
            return delimiter, names
        found.append((delimiter, names))
    return max(found, key=lambda one: len(one[1]))
