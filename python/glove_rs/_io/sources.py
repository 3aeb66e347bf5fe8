"""Sources of text, in the four kinds that the core reads.

The kinds are: names of files; files that fsspec opens; an open file, read by its `read`; and an
iterable of documents. A document is a str, a list of words, or a batch of rows in Arrow's format.
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
from typing import IO, TYPE_CHECKING, Any, TypeAlias

from .. import _core, _settings
from .._optional import optional
from .._tokenizers import function_of

if TYPE_CHECKING:
    from .._core import _Source

__all__ = [
    "Source",
    "documents_of",
    "files_of",
    "is_remote",
    "names_files",
    "source_arguments",
]

_Path: TypeAlias = str | os.PathLike[str]
#: Text: paths, an open file, or documents, each a str or a list of words.
Source: TypeAlias = (
    _Path
    | Iterable[os.PathLike[str]]
    | IO[str]
    | IO[bytes]
    | Iterable[str]
    | Iterable[Sequence[str]]
)


def source_arguments(source: Source, settings: Mapping[str, Any]) -> _Source:
    """Sort `source`, and check the parameters that say how it is read."""
    checked = _settings.checked(settings, "reading", "encoding")
    function = function_of(checked["tokenizer"])
    kind, value = _sorted(source)
    return {
        "kind": kind,
        "value": value,
        "documents": checked["documents"],
        "errors": checked["errors"],
        "tokenize": None
        if function is None
        else (function, checked["lowercase"], checked["normalize"]),
    }


def _sorted(source: Any) -> tuple[str, Any]:
    """Return the kind of `source` for the core, and its value."""
    if isinstance(source, str) and source == "-":
        if sys.stdin is None:
            raise ValueError("source must be something else than '-': there is no standard input")
        return "stream", getattr(sys.stdin, "buffer", sys.stdin)
    if isinstance(source, bytes):
        raise TypeError("source must be no bytes: name a file as str, with os.fsdecode")
    if (files := _named(source)) is not None:
        return ("ranges", _opened(files)) if any(map(is_remote, files)) else ("files", files)
    if callable(getattr(source, "read", None)):
        return "stream", source
    if isinstance(source, Iterator) and not hasattr(source, "read_next_batch"):
        first = list(itertools.islice(source, 1))
        source = itertools.chain(first, source)
        if first and isinstance(first[0], os.PathLike):  # for example Path.glob()
            return _sorted(list(source))
        return "iterable", source
    return "iterable", documents_of(source)


def files_of(source: object) -> list[str] | None:
    """Return the local files that `source` names, or None if it names none or others too."""
    files = _named(source)
    return None if files is None or any(map(is_remote, files)) else files


def names_files(source: Sequence[object]) -> bool:
    """Return whether a list names files; otherwise it holds documents."""
    return _are_paths(source)


def _named(source: object) -> list[str] | None:
    """Return the files that `source` names, or None if it names no files."""
    if isinstance(source, str | os.PathLike):
        return None if source == "-" else _files(source)
    if isinstance(source, list | tuple) and _are_paths(source):
        return [file for path in source for file in _files(path)]
    return None


# --- files ----------------------------------------------------------------------------------------

#: Items of a list that are examined to decide whether it holds names of files or documents.
_LOOKED_AT = 1000
#: Endings of the names of text files. If all items of a list end so and none of them exists, they
#: are taken for names of missing files, not for documents.
_ENDINGS = re.compile(
    r"\S+\.(txt|text|tok|csv|tsv|jsonl?|parquet|html?|xml|md|gz|bz2|xz|zst|zip)", re.I
)
_PROTOCOL = re.compile(r"[A-Za-z][A-Za-z0-9+.-]+://\S+")


def is_remote(name: str) -> bool:
    """Return whether a name has a protocol, as ``s3://bucket/corpus.txt``."""
    return _PROTOCOL.fullmatch(name) is not None


def _is_member(name: str) -> bool:
    """Return whether a name is that of a file in a zip archive, ``archive.zip:name``."""
    try:
        return ":" in name and _core.is_member(name)
    except ValueError:  # file names have no lone surrogates
        return False


def _are_paths(items: Sequence[object]) -> bool:
    """Return whether a list names files.

    It does if any item is a PathLike; if most items name files; or if all other items look
    like names of missing files.
    """
    if not items:
        return False
    if any(issubclass(kind, os.PathLike) for kind in {type(item) for item in items}):
        return True
    some = [item for item in items[:_LOOKED_AT] if isinstance(item, str)]
    if len(some) < len(items[:_LOOKED_AT]):
        return False
    missing = [item for item in some if not _names_files(item)]
    if 2 * len(missing) < len(some):
        return True
    have_endings = len(missing) < len(some) and all(
        _ENDINGS.fullmatch(item) for item in set(some).difference(missing)
    )
    return all(
        _ENDINGS.fullmatch(item) or (have_endings and len(item.split()) == 1) for item in missing
    )


def _names_files(item: str) -> bool:
    """Return whether a file has this name or matches this pattern, or fsspec may open it."""
    if os.path.exists(item) or is_remote(item) or _is_member(item):
        return True
    # Sentences have question marks: only a pattern without spaces is looked up.
    is_pattern = glob.has_magic(item) and "\0" not in item and len(item.split()) == 1
    return is_pattern and next(glob.iglob(item, recursive=True), None) is not None


def _files(path: object) -> list[str]:
    """Return the file, the files of a folder, or those that a pattern matches, sorted."""
    if not isinstance(path, str | os.PathLike):
        kind = type(path).__name__
        raise TypeError(f"source must hold nothing but paths if it holds a path object, got {kind}")
    name = str.__str__(os.fsdecode(path))  # a plain str, not a subclass
    if not name:
        raise ValueError("source must name a file or folder, got ''")
    try:
        is_folder = stat.S_ISDIR(os.stat(name).st_mode)
    except ValueError:  # file names have no zero bytes and no lone surrogates
        pass
    except OSError as error:
        if error.errno not in {errno.ENOENT, errno.ENOTDIR, errno.ENAMETOOLONG}:
            raise
    else:
        return _files_in(name) if is_folder else [name]
    if is_remote(name):
        return _remote_files(name)
    if _is_member(name):
        return [name]
    if glob.has_magic(name) and "\0" not in name:
        if files := sorted(f for f in glob.iglob(name, recursive=True) if not os.path.isdir(f)):
            return files
        raise FileNotFoundError(errno.ENOENT, "No file matches", _shortened(name))
    reason = os.strerror(errno.ENOENT)
    if isinstance(path, str) and len(name.split()) > 1:
        reason += " (text itself goes in a list, as in fit([text]))"
    raise FileNotFoundError(errno.ENOENT, reason, _shortened(name))


def _files_in(folder: str) -> list[str]:
    """Return all files below `folder`, sorted, without hidden files and folders."""

    def fail(error: OSError) -> None:
        raise error

    files: list[str] = []
    for parent, folders, names in os.walk(folder, onerror=fail):
        folders[:] = [name for name in folders if not name.startswith(".")]
        files += [os.path.join(parent, name) for name in names if not name.startswith(".")]
    if not files:
        raise FileNotFoundError(errno.ENOENT, "No files in the folder", folder)
    return sorted(files)


def _remote_files(name: str) -> list[str]:
    """Return the remote file, or those in a remote folder or that a pattern matches, sorted."""
    fsspec = optional("fsspec", f"reading {_shortened(name)}")
    # An ImportError that says what to install, where a protocol needs a library of its own.
    system, path = fsspec.core.url_to_fs(name)
    if "http" in system.protocol:  # it has no folders, and a question mark begins a query
        return [name]
    if glob.has_magic(path):
        found = sorted(system.glob(path))
        if not found:
            raise FileNotFoundError(errno.ENOENT, "No file matches", _shortened(name))
    elif system.isdir(path):
        found = [
            file
            for file in sorted(system.find(path))
            if not any(part.startswith(".") for part in file[len(path) :].split("/"))
        ]
        if not found:
            raise FileNotFoundError(errno.ENOENT, "No files in the folder", _shortened(name))
    elif system.exists(path):
        return [name]
    else:
        raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT), _shortened(name))
    return [system.unstrip_protocol(file) for file in found if not system.isdir(file)]


def _opened(files: list[str]) -> Iterator[tuple[str, None, IO[bytes]]]:
    """Open one file after the other, each whole: its name, no offset, and the open file."""
    for name in files:
        if is_remote(name):
            fsspec = optional("fsspec", f"reading {_shortened(name)}")
            with fsspec.open(name, "rb") as remote:
                yield name, None, remote
        else:
            with open(name, "rb") as local:
                yield name, None, local


def _shortened(name: str, most: int = 300) -> str:
    return name if len(name) <= most else name[:most] + "…"


# --- documents ------------------------------------------------------------------------------------


def documents_of(source: Any) -> Any:
    """Return an iterator over documents or over batches of them."""
    library = type(source).__module__.partition(".")[0]
    if library == "datasets":
        return _dataset_batches(source)
    if library == "pandas" and hasattr(source, "dtype"):  # a column
        dtype = source.dtype
        if getattr(dtype, "storage", None) == "pyarrow" or hasattr(dtype, "pyarrow_dtype"):
            return [source]
        return iter(source.dropna())  # as in Arrow, a missing text is no document
    if library == "polars":
        source = _without_null_type(source)
    if hasattr(source, "read_next_batch"):  # an Arrow reader; iterating it keeps its exceptions
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


def _without_null_type(source: Any) -> Any:
    """Give a type to columns in which Polars found only nulls.

    It exports the type of nulls with a buffer that Arrow's format does not have.
    """
    polars = sys.modules["polars"]
    types = {polars.Null: polars.String, polars.List(polars.Null): polars.List(polars.String)}
    if isinstance(source, polars.Series):
        return source.cast(types.get(source.dtype, source.dtype))
    if isinstance(source, polars.DataFrame):
        # As in Arrow, such columns are read as text only if there is no other column of text.
        others = [name for name, kind in source.schema.items() if kind != polars.Null]
        source = source.select(others) if others else source
        return source.cast({name: types.get(kind, kind) for name, kind in source.schema.items()})
    return source


def _dataset_batches(source: Any) -> Any:
    """Return the Arrow tables of a Hugging Face dataset, or of a column of one."""
    column = getattr(source, "column_name", None)
    dataset = source if column is None else source.source
    formatting = getattr(dataset, "format", None) or {}
    if not hasattr(dataset, "with_format") or formatting.get("type") == "custom":
        return iter(source)  # rows computed by a function, or a field of a column
    if column is not None:
        dataset = dataset.select_columns([column])
    if _streams_rows(dataset):
        return _row_batches(dataset, _ROWS)
    return dataset.with_format("arrow").iter(batch_size=_ROWS)


#: Rows of a dataset that are read together.
_ROWS = 1000


def _streams_rows(dataset: Any) -> bool:
    """Return whether a streaming dataset makes rows, not tables.

    Its library makes a table of each row and cannot join two of them if one has a null or an empty
    list where the other has a value.
    """
    rows = getattr(dataset, "_ex_iterable", None)
    return rows is not None and getattr(rows, "iter_arrow", None) is None


def _row_batches(dataset: Any, size: int) -> Iterator[Any]:
    """Yield tables of rows whose columns have the type of all their values together."""
    import pyarrow  # which datasets needs

    for batch in dataset.iter(batch_size=size):
        columns = {}
        for name, values in batch.items():
            try:
                columns[name] = pyarrow.array(values)
            except pyarrow.ArrowException:
                # Values of several types are no text; the name stays, for messages.
                columns[name] = pyarrow.array(range(len(values)))
        yield pyarrow.table(columns)
