"""Documents of any source one after the other, with the values of their metadata."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

from .. import _core, _settings
from .._checks import is_missing, shown
from .._column_names import refuse_repeated
from .._io.sources import named_files, source_arguments
from .._optional import optional
from .._user_dictionary import WITHOUT_DICTIONARY
from ._table_files import texts_of_tables

__all__ = ["SourceDocuments", "documents_of_source"]

#: The values of one document in all columns of metadata.
Row: TypeAlias = Sequence[Any]
#: A function that is called for each text or list of words of a source. A text may hold several
#: documents (see `SourceDocuments.is_cut`). The second argument is a function that returns the
#: metadata.
DocumentCallback: TypeAlias = Callable[[str | Sequence[str], Callable[[], Row]], None]

#: The number of rows of a table that are converted to Python objects together.
_CONVERTED_ROWS = 4096


@dataclass
class SourceDocuments:
    """The documents of a source.

    Attributes
    ----------
    names : list of str
        The columns of metadata.
    is_folded : bool
        Whether the texts are normalized and lower-cased already.
    is_cut : bool
        Whether each text is exactly one document. Otherwise a text may hold several documents, and
        the setting `documents` says where they end.
    for_each : callable
        Calls a function for each text or list of words.
    """

    names: list[str]
    is_folded: bool
    is_cut: bool
    for_each: Callable[[DocumentCallback], None]

    def __post_init__(self) -> None:
        refuse_repeated(self.names, "the source and metadata")


def documents_of_source(
    source: Any,
    text: str | None,
    metadata: Any,
    settings: Mapping[str, Any],
    report: Callable[..., object] | None,
) -> SourceDocuments:
    """Return the documents of a source with their metadata.

    Parameters
    ----------
    source : object
        As for :meth:`glove_rs.Glove.fit`, or a table, or an iterable of mappings.
    text : str, optional
        The column of text of a table.
    metadata : object, optional
        Columns with a value for each document.
    settings : mapping
        The parameters of the source, of reading, encoding and running that the user gave.
    report : callable, optional
        Receives the progress.

    Raises
    ------
    TypeError
        If `source` or `metadata` is of a type that is not read.
    ValueError
        If the source has no columns but `text` is given, if the column of text cannot be found, if
        the source has a column with the name of a column of `metadata`, or if `storage_options` is
        given for a source that is not paths or URLs.
    OSError
        If a file does not exist.
    """
    options = _settings.checked(settings, "source")["storage_options"]
    files = named_files(source, options)
    columns = _Columns(metadata)
    is_open = callable(getattr(source, "read", None)) and not hasattr(source, "read_next_batch")
    if files is not None or is_open or (isinstance(source, str) and source == "-"):
        if text is not None:
            return _of_table_files(source, text, columns, settings, report)
        return _of_core(source, files or [], columns, settings, report)
    if options is not None:
        raise ValueError("storage_options must come with paths or URLs as source")
    tables = _tables(source)
    if tables is None:
        first, items = _peeked(source)
        if not isinstance(first, Mapping):
            _no_column(text)
            is_column = type(source).__module__.partition(".")[0] in {"pandas", "polars"}
            return _of_items(items, columns, report, is_column)
        tables = _batches_of_mappings(items)
    return _of_tables(tables, text, columns, report)


def _no_column(text: str | None) -> None:
    if text is not None:
        raise ValueError(f"text must be None for a source without columns, got {shown(text)}")


# --- metadata beside the source -------------------------------------------------------------------


class _Columns:
    """Columns of metadata that a user gave in addition to the source."""

    def __init__(self, metadata: Any) -> None:
        self.names: list[str] = []
        self._values: list[Any] = []
        if metadata is None:
            return
        if hasattr(metadata, "columns") and hasattr(metadata, "__getitem__"):
            names = [str(name) for name in metadata.columns]
            given = [metadata[name] for name in metadata.columns]
        elif isinstance(metadata, Mapping):
            names = [str(name) for name in metadata]
            given = list(metadata.values())
        else:
            raise TypeError(
                "metadata must be a mapping of column names to values, or a data frame, got "
                f"{shown(metadata)}"
            )
        refuse_repeated(names, "metadata")
        # A str is refused: it is a sequence of letters, and each would be the value of a document.
        for name, values in zip(names, given, strict=True):
            if isinstance(values, str | bytes) or not isinstance(values, Iterable):
                raise TypeError(
                    f"metadata must have a value for each document, got {shown(values)} as the "
                    f"column {name!r}"
                )
        self._values = [list(values) for values in given]
        self.names = names
        self.length = min(map(len, self._values), default=0)
        if any(len(values) != self.length for values in self._values):
            raise ValueError(
                "metadata must have columns of one length, got "
                f"{ {n: len(v) for n, v in zip(names, self._values, strict=True)} }"
            )

    def row(self, number: int) -> Row:
        if self.names and number >= self.length:
            raise ValueError(
                f"metadata must have a value for each document, got {self.length:,} values for "
                f"more than {number:,} documents"
            )
        return [values[number] for values in self._values]

    def check(self, documents: int) -> None:
        """Raise a ValueError if there are more values than documents."""
        if self.names and documents < self.length:
            raise ValueError(
                f"metadata must have a value for each document, got {self.length:,} values for "
                f"{documents:,} documents"
            )


# --- files ----------------------------------------------------------------------------------------


def _of_core(
    source: Any,
    files: list[str],
    columns: _Columns,
    settings: Mapping[str, Any],
    report: Callable[..., object] | None,
) -> SourceDocuments:
    """Let the core read the files that `source` names, or the open file `source`.

    The core normalizes and lower-cases the text as the settings say. The function `visited` is
    passed to the core as the tokenizer, so the core calls `visited` with each document.
    """
    parts = files if len(files) > 1 else [source]
    names = [*(["file"] if len(files) > 1 else []), *columns.names]

    def for_each(callback: DocumentCallback) -> None:
        number = 0
        for part in parts:
            file = [part] if len(files) > 1 else []

            def visited(document: str, file: list[Any] = file) -> list[str]:
                nonlocal number
                at, number = number, number + 1
                callback(document, lambda: [*file, *columns.row(at)])
                return ["w"]  # any word of one byte: no max_word_bytes refuses it

            before = number
            taken = {**settings, "tokenizer": visited, **WITHOUT_DICTIONARY}
            running = _settings.core_running({**settings, "threads": 1})
            encoding = _settings.core_encoding(taken | _settings.EVERY_WORD)
            try:
                _core.CoreVocabulary.from_corpus(
                    source_arguments(part, taken), encoding, running, report
                )
            except ValueError as error:
                # The core raises a ValueError for a file without words. Here this is no error: such
                # a file has no occurrences.
                is_empty = number == before and not isinstance(error, _core.FormatError)
                if not is_empty or isinstance(error, UnicodeError):
                    raise
        columns.check(number)

    return SourceDocuments(names, is_folded=True, is_cut=True, for_each=for_each)


def _of_table_files(
    source: Any,
    column: str,
    columns: _Columns,
    settings: Mapping[str, Any],
    report: Callable[..., object] | None,
) -> SourceDocuments:
    """Return the texts of a column of files of tables. A null is an empty document."""
    several, parts = texts_of_tables(source, column, settings)

    def table(texts: list[Any], file: str) -> _Table:
        found: dict[str, Callable[[], Sequence[Any]]] = {"text": lambda: texts}
        if several:
            found["file"] = lambda: [file] * len(texts)
        return _Table(len(texts), found)

    return _of_tables((table(*part) for part in parts), "text", columns, report)


# --- documents of an iterable ---------------------------------------------------------------------


def _peeked(source: Any) -> tuple[Any, Iterable[Any]]:
    """Return the first item of an iterable, or None without items, and an iterable of all items."""
    if isinstance(source, bytes):
        raise TypeError("source must not be bytes: convert a path to str with os.fsdecode")
    try:
        items = iter(source)
    except TypeError:
        raise TypeError(
            "source must be a path, an open file, a table, or an iterable of documents (str), of "
            f"lists of words or of mappings, got {type(source).__name__}"
        ) from None
    for first in items:
        return first, itertools.chain([first], items)
    return None, ()


def _of_items(
    items: Iterable[Any],
    columns: _Columns,
    report: Callable[..., object] | None,
    is_column: bool,
) -> SourceDocuments:
    """Return the documents of an iterable.

    `is_column` says whether the iterable is a column of a data frame. A missing text of a column is
    an empty document.
    """

    def for_each(callback: DocumentCallback) -> None:
        done = number = 0
        for number, item in enumerate(items, 1):
            if is_column and is_missing(item):
                item = ""
            if not isinstance(item, str):
                item = _words(item, number - 1)
            callback(item, lambda at=number - 1: columns.row(at))  # type: ignore[misc]
            done += len(item)
            if report is not None and number % _CONVERTED_ROWS == 0:
                report("tokenizing", done, 0, {})
        columns.check(number)

    return SourceDocuments(columns.names, is_folded=False, is_cut=False, for_each=for_each)


def _words(item: Any, number: int) -> list[str]:
    """Return `item`, an iterable of words, as a list; raise a TypeError if it is anything else."""
    if isinstance(item, Iterable) and not isinstance(item, bytes | Mapping):
        words = list(item)
        if all(isinstance(word, str) for word in words):
            return words
    raise TypeError(
        f"source must hold documents (str) or lists of words, got {shown(item)} as item {number}"
    )


# --- tables ---------------------------------------------------------------------------------------


@dataclass
class _Table:
    """Rows of a table. `columns` has for each column a function that returns its values."""

    rows: int
    columns: dict[str, Callable[[], Sequence[Any]]]


def _tables(source: Any) -> Iterator[_Table] | None:
    """Return batches of rows of a table of pandas, Polars, Arrow or `datasets`.

    Return None if `source` is not such a table.
    """
    library = type(source).__module__.partition(".")[0]
    if library == "pandas" and hasattr(source, "columns"):
        return _pandas(source)
    if library == "polars" and hasattr(source, "collect"):  # a lazy frame
        source = source.collect()
    if library == "polars" and hasattr(source, "iter_slices"):
        return (_polars(part) for part in source.iter_slices(_CONVERTED_ROWS))
    if library == "datasets" and hasattr(source, "iter") and hasattr(source, "features"):
        return (_lists(batch) for batch in source.iter(batch_size=_CONVERTED_ROWS))
    if hasattr(source, "read_next_batch"):
        return (_arrow(batch) for batch in source)
    if library == "pandas":  # a column of a data frame: its items are the documents
        return None
    if hasattr(source, "__arrow_c_stream__") and library != "polars":
        pyarrow = optional("pyarrow", "reading an Arrow table")
        table = source if hasattr(source, "to_batches") else pyarrow.table(source)
        return (_arrow(batch) for batch in table.to_batches(max_chunksize=_CONVERTED_ROWS))
    return None


def _pandas(frame: Any) -> Iterator[_Table]:
    refuse_repeated(map(str, frame.columns), "the table")
    for start in range(0, len(frame), _CONVERTED_ROWS):
        part = frame.iloc[start : start + _CONVERTED_ROWS]
        columns = {
            str(name): (lambda at=at, part=part: part.iloc[:, at].tolist())
            for at, name in enumerate(part.columns)
        }
        yield _Table(len(part), columns)  # type: ignore[arg-type]


def _polars(part: Any) -> _Table:
    return _Table(len(part), {name: part[name].to_list for name in part.columns})


def _arrow(batch: Any) -> _Table:
    refuse_repeated(batch.schema.names, "the table")
    columns = {name: batch.column(at).to_pylist for at, name in enumerate(batch.schema.names)}
    return _Table(batch.num_rows, columns)


def _lists(batch: Mapping[str, Sequence[Any]]) -> _Table:
    columns = {name: (lambda values=values: values) for name, values in batch.items()}
    rows = len(next(iter(batch.values()), ()))
    return _Table(rows, columns)  # type: ignore[arg-type]


def _batches_of_mappings(items: Iterable[Any]) -> Iterator[_Table]:
    batch: list[Mapping[str, Any]] = []

    def table() -> _Table:
        # Each key of a mapping is a column, in the order in which the keys first occur.
        keys = dict.fromkeys(key for row in batch for key in row)
        refuse_repeated(map(str, keys), "the mappings")
        return _lists({str(key): [row.get(key) for row in batch] for key in keys})

    for number, item in enumerate(items):
        if not isinstance(item, Mapping):
            raise TypeError(
                f"source must hold mappings only if its first item is one, got {shown(item)} as "
                f"item {number}"
            )
        batch.append(item)
        if len(batch) == _CONVERTED_ROWS:
            yield table()
            batch.clear()
    if batch:
        yield table()


def _of_tables(
    tables: Iterator[_Table],
    text: str | None,
    beside: _Columns,
    report: Callable[..., object] | None,
) -> SourceDocuments:
    first = next(tables, None)
    if first is None:
        return SourceDocuments(
            beside.names, is_folded=False, is_cut=False, for_each=lambda callback: None
        )
    column = _text_column(first, text)
    others = [name for name in first.columns if name != column]
    if shared := [name for name in beside.names if name in first.columns]:
        raise ValueError(f"metadata must have other columns than the table, got {shared}")

    def for_each(callback: DocumentCallback) -> None:
        number = done = 0
        table: _Table | None = first
        while table is not None:
            rows = table
            values: dict[str, Sequence[Any]] = {}

            def row(at: int, number: int, rows: _Table, values: dict[str, Any]) -> Row:
                if not values:  # metadata is converted only for batches with an occurrence
                    values.update(_values_of(rows, others))
                return [*(values[name][at] for name in others), *beside.row(number)]

            (documents,) = _values_of(table, [column]).values()
            for at, document in enumerate(documents):
                if is_missing(document):
                    document = ""  # a missing text counts as an empty document
                if not isinstance(document, str):
                    document = _words(document, number)
                callback(
                    document,
                    lambda at=at, n=number, t=rows, v=values: row(at, n, t, v),  # type: ignore[misc]
                )
                number += 1
                done += len(document)
            if report is not None:
                report("tokenizing", done, 0, {})
            table = next(tables, None)
        beside.check(number)

    return SourceDocuments(
        [*others, *beside.names], is_folded=False, is_cut=False, for_each=for_each
    )


def _values_of(table: _Table, names: Sequence[str]) -> dict[str, Sequence[Any]]:
    """Return the values of some columns. A column that this batch of rows lacks has None only."""
    missing = [None] * table.rows
    return {name: table.columns[name]() if name in table.columns else missing for name in names}


def _text_column(table: _Table, text: str | None) -> str:
    """Return the column of text: `text`, or the column "text", or the only one that holds text.

    Raises
    ------
    ValueError
        If `text` is given, and no column has this name. If `text` is None, no column is named
        "text", and not exactly one column holds text.
    """
    names = list(table.columns)
    if text is not None:
        if text not in names:
            raise ValueError(f"text must be one of {', '.join(map(repr, names))}, got {text!r}")
        return text
    if "text" in names:
        return "text"
    texts = [name for name in names if _is_text(table.columns[name]())]
    if len(texts) != 1:
        raise ValueError(
            f"text must name the column of text, because {len(texts)} of the columns "
            f"{', '.join(map(repr, names))} hold text"
        )
    return texts[0]


def _is_text(values: Sequence[Any]) -> bool:
    some = next((value for value in values if not is_missing(value)), None)
    return isinstance(some, str)
