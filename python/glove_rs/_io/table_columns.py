"""The column of text in a table: its path, its type, and the error if there is none."""

from __future__ import annotations

from typing import Any

from .file_systems import shortened

__all__ = ["as_text", "check_column", "check_name", "find_column", "is_text", "leaf_type"]

#: A message lists at most this many columns.
_LISTED = 40


def find_column(schema: Any, column: str) -> list[int] | None:
    """Return the path of a column in an Arrow schema or struct type; None if there is none.

    The path is a list: the index of a field, then the index of a field within this field, and so
    on. ``"a.b"`` is the column of this name or, if there is none, the field "b" of the column "a".
    """
    import pyarrow

    fields = list(schema)
    names = [field.name for field in fields]
    if column in names:
        return [names.index(column)]
    for dot in (at for at, letter in enumerate(column) if letter == "."):
        if column[:dot] in names:
            outer = names.index(column[:dot])
            if pyarrow.types.is_struct(fields[outer].type):
                inner = find_column(fields[outer].type, column[dot + 1 :])
                if inner is not None:
                    return [outer, *inner]
    return None


def leaf_type(schema: Any, field_path: list[int]) -> Any:
    """Return the type of the column at a path."""
    kind = schema.field(field_path[0]).type
    for at in field_path[1:]:
        kind = kind.field(at).type
    return kind


def check_name(names: list[tuple[str, str]], column: str, source: str) -> None:
    """Raise a ValueError if no column has this name. `names` are pairs of a name and a type."""
    if column not in (name for name, _ in names):
        raise missing(names, column, source)


def missing(columns: list[tuple[str, str]], column: str, source: str) -> ValueError:
    """Return the error for a column that `source` does not have. It lists the first `columns`.

    `columns` has the name and the type of each column of `source`.
    """
    import difflib

    shown = [
        f"{shortened(name, 60)}: {kind}" if kind else shortened(repr(name), 60)
        for name, kind in columns[:_LISTED]
    ]
    if len(columns) > _LISTED:
        shown.append(f"and {len(columns) - _LISTED} more")
    near = difflib.get_close_matches(column, [name for name, _ in columns], 1)
    hint = f" (did you mean {near[0]!r}?)" if near else ""
    return ValueError(
        f"column must name a column of {source}, got {column!r}{hint}; it has "
        f"{', '.join(shown) or 'no columns'}"
    )


def check_column(schema: Any, column: str, source: str) -> list[int]:
    """Return the path of a column of text or of lists of words in an Arrow schema.

    Raises
    ------
    ValueError
        If there is no such column: the message lists the columns. If the column has another type:
        the message lists the columns of text.
    """
    columns = [(field.name, str(field.type)) for field in schema]
    field_path = find_column(schema, column)
    if field_path is None:
        raise missing(columns, column, source)
    kind = leaf_type(schema, field_path)
    if not is_text(kind):
        texts = [field.name for field in schema if is_text(field.type)]
        listed = ", ".join(shortened(name, 60) for name in texts[:_LISTED]) or "none"
        raise ValueError(
            f"column must name a column of text or of lists of words, but {column!r} of {source} "
            f"has the type {kind}; the columns of text are: {listed}"
        )
    return field_path


def is_text(kind: Any, *, words: bool = True) -> bool:
    """Return whether a column of an Arrow type can be read as text.

    A column of the type null can be read. With `words`, a column of lists of words and a column of
    the type binary or large_binary can be read too, but not a binary_view.
    """
    from pyarrow import BaseExtensionType, types

    if isinstance(kind, BaseExtensionType):
        return is_text(kind.storage_type, words=words)
    if types.is_dictionary(kind) or types.is_run_end_encoded(kind):
        return is_text(kind.value_type, words=words)
    is_list = (
        types.is_list(kind)
        or types.is_large_list(kind)
        or types.is_fixed_size_list(kind)
        or types.is_list_view(kind)
        or types.is_large_list_view(kind)
    )
    if is_list:
        return words and is_text(kind.value_type, words=False)
    return (
        types.is_string(kind)
        or types.is_large_string(kind)
        or types.is_string_view(kind)
        or types.is_null(kind)
        or (words and (types.is_binary(kind) or types.is_large_binary(kind)))
    )


def as_text(rows: Any, column: str) -> Any:
    """Return `rows` with the column declared as text if it is a column of bytes.

    The core checks that the bytes are UTF-8. Older writers of Parquet do not mark columns of text,
    so that pyarrow reads them as bytes.
    """
    import pyarrow

    for at, field in enumerate(rows.schema):
        if field.name == column and not pyarrow.types.is_nested(field.type):
            kind = field.type
            text = (
                pyarrow.string()
                if pyarrow.types.is_binary(kind)
                else pyarrow.large_string()
                if pyarrow.types.is_large_binary(kind)
                else None
            )
            if text is not None:
                return rows.set_column(at, field.with_type(text), rows.column(at).view(text))
    return rows
