"""Sources of text, and their conversion to the four kinds that the core reads.

- "files": a list of names of local files, which the core opens.
- "ranges": an iterator over files, or over parts of files, that Python opens one after the other.
  Whole files are of this kind if at least one of them is remote, or if `storage_options` is a file
  system. Workers of a Dask cluster read parts of files.
- "stream": one open file. The core calls the method `read` of this file.
- "iterable": documents. An item is a str, a list of words, or a batch of rows in Arrow's format.
"""

from __future__ import annotations

import errno
import glob
import itertools
import os
import re
import stat
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import IO, TYPE_CHECKING, Any, Protocol, TypeAlias

from .. import _core, _settings
from .._checks import is_file_system
from .._python_tokenizers import function_of
from .file_systems import is_remote, local_file, no_match, open_file, remote_files, shortened
from .table_objects import column_of, reader_of, without_null_type

if TYPE_CHECKING:
    from .._core import _Source
    from .tables import TextTables

__all__ = [
    "Source",
    "documents_of",
    "files_of",
    "is_remote",
    "matching_files",
    "named_files",
    "names_files",
    "pipes_of",
    "refuse_pipes",
    "source_arguments",
    "standard_input",
    "tables_of",
]


class _ArrowTable(Protocol):
    """A table or column that exports a stream of Arrow data."""

    def __arrow_c_stream__(self, requested_schema: Any = None) -> object: ...


_Path: TypeAlias = str | os.PathLike[str]
#: The type of a source: one or several paths, an open file, documents (str, lists of words, or
#: Arrow data), or rows (mappings of column names to values).
Source: TypeAlias = (
    _Path
    | Iterable[os.PathLike[str]]
    | IO[str]
    | IO[bytes]
    | Iterable[str]
    | Iterable[Sequence[str]]
    | Iterable[Mapping[str, Any]]
    | _ArrowTable
)


def source_arguments(
    source: Source, settings: Mapping[str, Any], *, sample: bool = False
) -> _Source:
    """Convert `source` to a kind that the core reads, and check the parameters of reading.

    With `sample`, only a sample of the text of large files of tables is read: `estimate` infers the
    size of the whole text from it.

    Raises
    ------
    TypeError
        If `source` is of a type that is not read.
    ValueError
        If a parameter is out of its range, or if `column` is not a column of text of `source`.
    OSError
        If a file that `source` names does not exist, or if its folder cannot be read.
    FormatError, ImportError
        If a zip archive of tables is damaged, or if a URL needs a library that is not installed.
    """
    checked = _settings.checked(settings, "source", "reading", "encoding")
    function = function_of(checked["tokenizer"])
    column, options = checked["column"], checked["storage_options"]
    name, total, tables = "<documents>", None, None
    if column is None:
        kind, value = _sorted(source, options)
    else:
        kind, source = "iterable", _listed(source)
        tables = tables_of(source, column, options, settings)
        if tables is None:
            part, column = column_of(source, column)
            value = documents_of(part)
        else:
            name = tables.name
            value, total = tables.sample() if sample else (tables.batches(), None)
    if options is not None and tables is None and kind not in {"files", "ranges"}:
        raise ValueError("storage_options must come with paths or URLs as source")
    return {
        "kind": kind,
        "value": value,
        "name": name,
        "column": column,
        "total": total,
        "is_sample": total is not None,
        "documents": checked["documents"],
        "errors": checked["errors"],
        "tokenize": None
        if function is None
        else (function, checked["lowercase"], checked["normalize"]),
    }


def _sorted(source: Any, options: Any = None) -> tuple[str, Any]:
    """Return the kind of `source`, and the object that the core reads.

    The docstring of this module describes the kinds and, for each kind, this object.
    """
    if isinstance(source, str) and source == "-":
        return "stream", standard_input()
    if isinstance(source, bytes):
        raise TypeError("source must not be bytes: convert a path to str with os.fsdecode")
    if (files := named_files(source, options)) is not None:
        is_local = not is_file_system(options) and not any(map(is_remote, files))
        return ("files", files) if is_local else ("ranges", _opened(files, options))
    if callable(getattr(source, "read", None)):
        return "stream", source
    listed = _listed(source)
    if isinstance(listed, list) and listed is not source:
        return _sorted(listed, options)
    return "iterable", documents_of(listed)


def standard_input() -> IO[Any]:
    """Return standard input, open for bytes if it can be."""
    if sys.stdin is None:
        raise ValueError("source must be something else than '-': there is no standard input")
    return getattr(sys.stdin, "buffer", sys.stdin)


def _listed(source: Any) -> Any:
    """Return a list if `source` is an iterator of path objects, such as Path.glob().

    For any other iterator, return an iterator of the same items. Return any other object, and a
    reader or an open file, unchanged.
    """
    is_reader = hasattr(source, "read_next_batch") or hasattr(source, "read")
    if not isinstance(source, Iterator) or is_reader:
        return source
    first = list(itertools.islice(source, 1))
    source = itertools.chain(first, source)
    return list(source) if first and isinstance(first[0], os.PathLike) else source


def tables_of(
    source: Any, column: str, options: Any, settings: Mapping[str, Any]
) -> TextTables | None:
    """Return the files of tables that `source` names or, if `source` is an open file, this file.

    Return None for any other `source`, such as a table in memory.
    """
    # Imported here, because only sources of tables need these modules.
    from .table_input import TableFile
    from .tables import TextTables

    running = _settings.checked(settings, "running")
    threads, memory = running["threads"], running["memory"]
    if isinstance(source, str) and source == "-":
        source = standard_input()
    if callable(getattr(source, "read", None)):
        name = getattr(source, "name", None)
        file = TableFile(name if isinstance(name, str) else "<file>", stream=source)
        return TextTables([file], column, 1, memory)
    files = named_files(source, options)
    if files is None:
        return None
    return TextTables.of(files, column, options, threads=threads, memory=memory)


def files_of(source: object, options: Any = None) -> list[str] | None:
    """Return the files that `source` names; None if it names no files or if a file is remote.

    `options` are those of the parameter `storage_options`.
    """
    if is_file_system(options):
        return None
    files = named_files(source)
    return None if files is None or any(map(is_remote, files)) else files


def refuse_pipes(source: object, options: Any = None) -> None:
    """Raise a ValueError if `source` names a pipe. Call this for a source that is read twice."""
    for name in pipes_of(named_files(source, options) or (), options):
        raise ValueError(
            f"source must be a text that can be read twice, got {name}: save its text to a file "
            "first"
        )


def pipes_of(names: Iterable[str], options: Any = None) -> Iterator[str]:
    """Yield those of some paths, URLs, or paths in a file system, that are pipes of this machine.

    `options` are those of the parameter `storage_options`.
    """
    for name in names:
        remote = is_remote(name) or is_file_system(options)
        path = local_file(name, options) if remote else name
        if path is not None and os.path.exists(path) and not os.path.isfile(path):
            yield name


def names_files(source: object, options: Any = None) -> bool:
    """Return whether `source` is a path or URL, or a list of them, and not documents.

    The files of a folder or pattern are not listed, and no remote file system is asked.
    """
    if isinstance(source, str | os.PathLike):
        return source != "-"
    return isinstance(source, list | tuple) and (is_file_system(options) or _are_paths(source))


def named_files(source: object, options: Any = None) -> list[str] | None:
    """Return the files that `source` names, local or remote, or None if it does not name files.

    Raises
    ------
    FileNotFoundError
        If a named file does not exist, or if a folder or a pattern has no files.
    """
    if not names_files(source, options):
        return None
    paths: Any = source if isinstance(source, list | tuple) else [source]
    return [file for path in paths for file in _files(path, options)]


# --- files ----------------------------------------------------------------------------------------

#: This many items of a list are examined to decide whether they are names of files or documents.
_EXAMINED_ITEMS = 1000
#: The pattern of a name of a text file. If all items of a list match it, they are taken for names
#: of files and not for documents, even if none of the files exists.
_TEXT_FILE_NAME = re.compile(
    r"\S+\.(txt|text|tok|csv|tsv|jsonl?|ndjson|parquet|pq|arrows?|feather|ipc|orc|html?|xml|md|zip|"
    rf"{'|'.join(_core.COMPRESSED_ENDINGS)})",
    re.I,
)


def _is_member(name: str) -> bool:
    """Return whether a name means a file in a zip archive, ``archive.zip:name``."""
    try:
        return ":" in name and _core.is_member(name)
    except ValueError:  # the name has a lone surrogate that no file name has
        return False


def _are_paths(items: Sequence[object]) -> bool:
    """Return whether the items of a list are names of files.

    They are if one item is a PathLike. Otherwise the first `_EXAMINED_ITEMS` items are examined;
    they must all be str. The items are names if more than half of them name existing files, or if
    each item without an existing file looks like the name of a missing file. An item looks like a
    name if it matches `_TEXT_FILE_NAME`. If some files exist and all their names match it, any item
    without spaces looks like a name. URLs, patterns with a matching file and members of existing
    archives count as existing files.
    """
    if not items:
        return False
    if any(issubclass(kind, os.PathLike) for kind in {type(item) for item in items}):
        return True
    some = [item for item in items[:_EXAMINED_ITEMS] if isinstance(item, str)]
    if len(some) < len(items[:_EXAMINED_ITEMS]):
        return False
    missing = [item for item in some if not _names_files(item)]
    if 2 * len(missing) < len(some):
        return True
    have_endings = len(missing) < len(some) and all(
        _TEXT_FILE_NAME.fullmatch(item) for item in set(some).difference(missing)
    )
    return all(
        _TEXT_FILE_NAME.fullmatch(item) or (have_endings and len(item.split()) == 1)
        for item in missing
    )


def _names_files(item: str) -> bool:
    """Return whether `item` is a URL, an existing path or archive member, or a matching pattern."""
    if os.path.exists(item) or _is_member(item):
        return True
    if is_remote(item):
        # A document may begin with a URL. A URL with spaces must end as the name of a file does.
        parts = item.split()
        return len(parts) == 1 or _TEXT_FILE_NAME.fullmatch(parts[-1]) is not None
    # A sentence may have a question mark, which is magic in a pattern. So an item with spaces is
    # not taken for a pattern.
    is_pattern = glob.has_magic(item) and "\0" not in item and len(item.split()) == 1
    return is_pattern and next(glob.iglob(item, recursive=True), None) is not None


def _files(path: object, options: Any = None) -> list[str]:
    """Return the files that a path names: a file, or all files of a folder or pattern, sorted."""
    if not isinstance(path, str | os.PathLike):
        kind = type(path).__name__
        raise TypeError(f"source must hold only paths if one item is a path object, got {kind}")
    name = str.__str__(os.fsdecode(path))  # a plain str, not a subclass
    if not name:
        raise ValueError("source must name a file or folder, got ''")
    if is_file_system(options):
        return remote_files(name, options)
    try:
        is_folder = stat.S_ISDIR(os.stat(name).st_mode)
    except ValueError:  # the name has a zero byte or a lone surrogate that no file name has
        pass
    except OSError as error:
        if error.errno not in {errno.ENOENT, errno.ENOTDIR, errno.ENAMETOOLONG}:
            raise
    else:
        return _files_in(name) if is_folder else [name]
    if is_remote(name):
        return remote_files(name, options)
    if _is_member(name):
        return [name]
    if glob.has_magic(name) and "\0" not in name:
        return matching_files(name)
    reason = os.strerror(errno.ENOENT)
    if isinstance(path, str) and len(name.split()) > 1:
        reason += " (a str is a path; to pass text, put it into a list: fit([text]))"
    raise FileNotFoundError(errno.ENOENT, reason, shortened(name))


def matching_files(pattern: str) -> list[str]:
    """Return the local files that match a pattern, sorted, without folders; each file once.

    Raises
    ------
    FileNotFoundError
        If no file matches.
    """
    found = set(glob.iglob(pattern, recursive=True))  # **/** gives a file several times
    files = sorted(name for name in found if not os.path.isdir(name))
    if not files:
        raise FileNotFoundError(errno.ENOENT, no_match(pattern, bool(found)), shortened(pattern))
    return files


def _files_in(folder: str) -> list[str]:
    """Return all files in `folder` and its subfolders, sorted, without hidden ones."""

    def fail(error: OSError) -> None:
        raise error

    files: list[str] = []
    for parent, folders, names in os.walk(folder, onerror=fail):
        folders[:] = [name for name in folders if not name.startswith(".")]
        files += [os.path.join(parent, name) for name in names if not name.startswith(".")]
    if not files:
        raise FileNotFoundError(errno.ENOENT, "No files in the folder", folder)
    return sorted(files)


def _opened(files: list[str], options: Any) -> Iterator[tuple[str, None, IO[bytes]]]:
    """Open one file after the other. Yield its name, None as its position, and the open file.

    None means that the core reads the whole file.
    """
    for name in files:
        with open_file(name, options) as file:
            yield name, None, file


# --- documents ------------------------------------------------------------------------------------


def documents_of(source: Any) -> Any:
    """Return an iterable of documents or of batches of documents.

    Raises
    ------
    TypeError
        If `source` is not iterable.
    """
    source = reader_of(source)
    library = type(source).__module__.partition(".")[0]
    if library == "datasets":
        return _dataset_batches(source)
    if library == "pandas" and hasattr(source, "dtype"):  # a column
        dtype = source.dtype
        if getattr(dtype, "storage", None) == "pyarrow" or hasattr(dtype, "pyarrow_dtype"):
            return [source]
        return iter(source.dropna())  # missing texts are skipped, as in Arrow data
    if library == "polars":
        source = without_null_type(source)
    # An Arrow reader is iterated in Python: its C interface would lose the type of an exception.
    if hasattr(source, "read_next_batch"):
        return iter(source)
    if hasattr(source, "__arrow_c_stream__") or hasattr(source, "__arrow_c_array__"):
        return [source]
    try:
        return iter(source)
    except TypeError:
        raise TypeError(
            "source must be a path, an open file, or an iterable of documents (str) or of lists of "
            f"words, got {type(source).__name__}"
        ) from None


def _dataset_batches(source: Any) -> Any:
    """Return the Arrow tables of a Hugging Face dataset, or of one column of a dataset.

    If there are no Arrow tables, because a function computes the rows, return the rows.
    """
    column = getattr(source, "column_name", None)
    dataset = source if column is None else source.source
    formatting = getattr(dataset, "format", None) or {}
    if not hasattr(dataset, "with_format") or formatting.get("type") == "custom":
        return iter(source)  # a function computes the rows, or `source` is a field of a column
    if column is not None:
        dataset = dataset.select_columns([column])
    if _streams_rows(dataset):
        return _row_batches(dataset, _DATASET_ROWS)
    return dataset.with_format("arrow").iter(batch_size=_DATASET_ROWS)


#: Rows of a dataset that are read together.
_DATASET_ROWS = 1000


def _streams_rows(dataset: Any) -> bool:
    """Return whether a streaming dataset produces rows, not tables.

    The library `datasets` then makes a table of each row. It cannot join two tables if one has a
    null or an empty list where the other has a value. So :func:`_row_batches` makes the tables.
    """
    rows = getattr(dataset, "_ex_iterable", None)
    return rows is not None and getattr(rows, "iter_arrow", None) is None


def _row_batches(dataset: Any, size: int) -> Iterator[Any]:
    """Yield tables of `size` rows. The type of a column fits all its values in the table."""
    import pyarrow  # installed, because `datasets` needs it

    for batch in dataset.iter(batch_size=size):
        columns = {}
        for name, values in batch.items():
            try:
                columns[name] = pyarrow.array(values)
            except pyarrow.ArrowException:
                # Values of several types are not text. Keep a column of this name, so that messages
                # can list it.
                columns[name] = pyarrow.array(range(len(values)))
        yield pyarrow.table(columns)
