"""The types of the columns of a table of pairs whose files have different types.

One program may write keys as int32 and another as int64, or text as `string` and `large_string`.
All files are then read in the types that :func:`common_type` returns for the first of them.
"""

from __future__ import annotations

from typing import Any

__all__ = ["common_type", "converted", "is_convertible"]

#: The types that can hold text, by their names in ``pyarrow.types``. Types of bytes are among them,
#: because older writers do not mark bytes as text.
_TYPES_OF_WORDS = ("string", "large_string", "string_view", "binary", "large_binary", "binary_view")


def common_type(pyarrow: Any, kind: Any, *, is_key: bool) -> Any:
    """Return the type in which a column is read if the first file has it in the type `kind`.

    Numbers are read in a wide type, so that the column of other files fits: a key column of
    integers other than uint64 as int64, and a value column of integers, float32 or float64 as
    float64. Any other type is returned unchanged. The core then reads the column or refuses its
    type.
    """
    types = pyarrow.types
    if is_key:
        return pyarrow.int64() if types.is_integer(kind) and not types.is_uint64(kind) else kind
    is_wide = types.is_integer(kind) or types.is_float32(kind) or types.is_float64(kind)
    return pyarrow.float64() if is_wide else kind


def is_convertible(pyarrow: Any, kind: Any, common: Any) -> bool:
    """Return whether a column of the type `kind` can be read in the type `common`."""
    types = pyarrow.types
    if kind == common:
        return True
    if types.is_integer(common):
        return bool(types.is_integer(kind))
    if types.is_float64(common):
        return bool(types.is_integer(kind) or types.is_floating(kind) or types.is_decimal(kind))
    return _is_text(pyarrow, kind) and _is_text(pyarrow, common)


def _is_text(pyarrow: Any, kind: Any) -> bool:
    kind = _value_type(pyarrow, kind)
    checks = (getattr(pyarrow.types, f"is_{name}", None) for name in _TYPES_OF_WORDS)
    return any(is_kind is not None and is_kind(kind) for is_kind in checks)


def _value_type(pyarrow: Any, kind: Any) -> Any:
    return kind.value_type if pyarrow.types.is_dictionary(kind) else kind


def converted(pyarrow: Any, batch: Any, schema: Any) -> Any:
    """Return the columns of a batch that `schema` names, in the types of `schema`.

    Raises
    ------
    pyarrow.ArrowInvalid
        If an integer does not fit, or if bytes are not UTF-8.
    """
    batch = batch.select(schema.names)
    if batch.schema.types == schema.types:
        return batch
    columns = (
        _cast(pyarrow, column, field.type)
        for column, field in zip(batch.columns, schema, strict=True)
    )
    return pyarrow.RecordBatch.from_arrays(list(columns), schema=schema)


def _cast(pyarrow: Any, column: Any, kind: Any) -> Any:
    if column.type == kind:
        return column
    if not _is_text(pyarrow, kind):
        # A large integer as a value is rounded to the nearest float64.
        return column.cast(kind, safe=not pyarrow.types.is_float64(kind))
    if pyarrow.types.is_dictionary(column.type):
        column = column.dictionary_decode()
    column = column.cast(_value_type(pyarrow, kind))
    return column.dictionary_encode() if pyarrow.types.is_dictionary(kind) else column
