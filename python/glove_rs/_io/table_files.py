"""Files of tables, read with pyarrow in pieces: row groups, stripes or whole files.

Only the wanted column is read, in batches of rows. Parquet is read with
``ParquetFile.iter_batches``, so for a local file the memory depends on the size of the batches and
not on the size of a row group. The scanner of ``pyarrow.dataset`` is not used: it decodes whole row
groups, and its errors name neither the file nor the row group.
"""

from __future__ import annotations

import re
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import Any

from .. import _core
from .._optional import optional
from . import table_text
from .decompression import Stream
from .file_systems import shortened
from .table_columns import as_text, check_column
from .table_input import TableFile

__all__ = ["ColumnBatch", "Piece", "pieces_of"]

#: Bytes of the beginning of a file that are read to recognise its format.
_LOOK = 1 << 16
#: The size in bytes of the smallest and of the largest block: the part of JSON lines or CSV that
#: pyarrow parses at once. pyarrow takes the size as a 32-bit integer. A row that does not fit into
#: the largest block cannot be read.
_LEAST_BLOCK, _MOST_BLOCK = 1 << 18, 1 << 30
#: Exceptions for damaged data: those of pyarrow for names that are not UTF-8, and those of zipfile
#: for a file in an archive. pyarrow also raises ArrowExceptions, and an OSError without a number:
#: see :func:`failing`.
_DAMAGED = (EOFError, UnicodeError, zipfile.BadZipFile, zlib.error)


@dataclass(frozen=True)
class ColumnBatch:
    """Some rows of the column to read, as an Arrow record batch.

    The core reads it with ``__arrow_c_array__``. Messages of the core about a row name the file and
    the number of the row. For these messages the core reads `origin`: the name of the file, the
    number of the first row of the batch, and a note that says from where rows are numbered, such as
    " (from 0)" for the beginning of the file, or " of stripe 2 (from 0)".
    """

    rows: Any
    origin: tuple[str, int, str]

    @property
    def nbytes(self) -> int:
        """Bytes of the rows in memory."""
        return int(self.rows.nbytes)

    def __arrow_c_array__(self, requested_schema: Any = None) -> Any:
        return self.rows.__arrow_c_array__(requested_schema)


@dataclass(frozen=True)
class Piece:
    """A piece of a file: a row group, a stripe, or the whole file.

    Attributes
    ----------
    file, column
        The file, and the name of the column to read.
    format : {"parquet", "orc", "ipc", "ipc stream", "json", "csv"}
    number : int, optional
        The number of the row group or stripe; None for a whole file.
    first_row : int
        The number of the first row in the file, from 0. In ORC files this is always 0.
    rows : int, optional
        The number of rows, if it is known.
    bytes : int, optional
        About the number of bytes of the column's text, if it is known.
    """

    file: TableFile
    column: str
    format: str
    number: int | None = None
    first_row: int = 0
    rows: int | None = None
    bytes: int | None = None
    # For Parquet, the footer, so that it is not read again for each row group. For formats that are
    # read from the beginning of the file, the open stream.
    opened: Any = field(default=None, compare=False, repr=False)

    def closed(self) -> Piece:
        """Return the piece without its open file or footer, to read it later or in another process.

        A piece of an open file of the caller is returned unchanged: this file cannot be opened
        again.
        """
        if self.file.stream is not None:
            return self
        if isinstance(self.opened, Stream):
            self.opened.close()
        return replace(self, opened=None)

    def batches(self, most_bytes: int) -> Iterator[ColumnBatch]:
        """Read the piece in batches of about `most_bytes` bytes.

        Raises
        ------
        FormatError
            If the file is damaged, or if a row of JSON lines or CSV is too long to be parsed. The
            message has the name of the file and, if there is one, the row group or stripe.
        ValueError
            As for :func:`pieces_of`.
        OSError
            If the file cannot be read.
        """
        kind = {"parquet": "row group", "orc": "stripe"}.get(self.format)
        part = None if kind is None or self.number is None else f"{kind} {self.number}"
        where = "" if part is None else f", {part}"
        row, note = self.first_row, " (from 0)"
        if part is not None:
            # The reader of ORC files does not know how many rows come before a stripe. So rows are
            # numbered within the stripe.
            note = f" of {part}{note}" if kind == "stripe" else f" (from 0, in {part})"
        with failing(self.file.name, where):
            for rows in _READERS[self.format](self, most_bytes):
                yield ColumnBatch(as_text(rows, self.column), (self.file.name, row, note))
                row += len(rows)


@contextmanager
def failing(name: str, where: str = "") -> Iterator[None]:
    """Convert errors of pyarrow and of zipfile to FormatError, with the name of the file.

    A FormatError of the core has this name already. Errors of the operating system stay OSErrors,
    and a MemoryError stays a MemoryError; both get the name.
    """
    import pyarrow

    try:
        yield
    except _core.FormatError:
        raise
    except MemoryError as error:
        raise MemoryError(f"{name}{where}: {_first_line(error)}") from None
    except Exception as error:
        is_unnumbered = isinstance(error, OSError) and error.errno is None
        if is_unnumbered or isinstance(error, (*_DAMAGED, pyarrow.ArrowException)):
            raise _core.FormatError(f"{name}{where}: {_first_line(error)}") from None
        if isinstance(error, OSError):
            error.filename = error.filename or name
        raise


def _first_line(error: BaseException) -> str:
    lines = str(error).splitlines()
    return shortened(lines[0].strip() if lines else type(error).__name__)


def pieces_of(file: TableFile, column: str) -> Iterator[Piece]:
    """Recognise the format of a file, and yield its pieces, in the order of the rows.

    An empty file has no pieces.

    Raises
    ------
    ImportError
        If pyarrow is not installed.
    FormatError
        If the file is not a table, is damaged, or is a compressed Parquet, ORC or Arrow file.
    ValueError
        If the file has no column of text with this name. The message lists columns of the file.
        For JSON lines, CSV and Arrow streams, :meth:`Piece.batches` raises this error.
    """
    optional("pyarrow", f"reading a column of {shortened(file.name)}")
    with failing(file.name):
        stream = file.content(_LOOK)
        kind = _format(stream.head, file)
        if kind is None:
            stream.close()
        elif kind in _FOOTERS:
            if stream.is_decompressed:
                raise _core.FormatError(
                    f"{file.name}: this is a packed {_FORMAT_NAMES[kind]}, whose parts cannot be "
                    "read separately: unpack it first"
                )
            if file.stream is None:
                stream.close()
            yield from _FOOTERS[kind](file, column)
        else:
            yield Piece(file, column, kind, opened=stream)


_FORMAT_NAMES = {"parquet": "Parquet file", "orc": "ORC file", "ipc": "Arrow file"}


def _format(head: bytes, file: TableFile) -> str | None:
    """Return the format of a file, by its first bytes; None if the file is empty."""
    if not head:
        return None
    kind = _core.table_format(head)
    if kind == "feather 1":
        raise _core.FormatError(
            f"{file.name}: this is a Feather file of version 1: save it in version 2, for example "
            "with pyarrow.feather.write_feather"
        )
    if kind is not None and kind != "foreign":
        return kind
    if kind == "foreign" or b"\0" in head:
        if file.is_local:
            _core.check_kind(file.name, "text")
        raise _core.FormatError(
            f"{file.name}: this is not a table in Parquet, Arrow, ORC, JSON lines or CSV"
        )
    first = head.lstrip()
    if first.startswith(b"[") and first[1:].lstrip()[:1] in (b"{", b"[", b'"', b""):
        raise _core.FormatError(
            f"{file.name}: this is one JSON list, but only JSON lines can be read, which have one "
            "object on each line: convert the file, for example with jq -c '.[]'"
        )
    return "json" if first.startswith(b"{") else "csv"


# --- formats --------------------------------------------------------------------------------------


def _parquet_pieces(file: TableFile, column: str) -> Iterator[Piece]:
    import pyarrow.parquet

    with file.random_access() as source:
        metadata = pyarrow.parquet.read_metadata(source)
    check_column(metadata.schema.to_arrow_schema(), column, file.name)
    first = 0
    for number in range(metadata.num_row_groups):
        group = metadata.row_group(number)
        chunks = (group.column(at) for at in range(group.num_columns))
        size = sum(
            chunk.total_uncompressed_size
            for chunk in chunks
            if f"{chunk.path_in_schema}.".startswith(f"{column}.")
        )
        rows = group.num_rows
        yield Piece(file, column, "parquet", number, first, rows, size, metadata)
        first += rows


def _parquet(piece: Piece, most_bytes: int) -> Iterator[Any]:
    from pyarrow.parquet import ParquetFile

    mean = (piece.bytes or 0) // max(1, piece.rows or 1)
    rows = min(max(1, most_bytes // max(1, mean)), 1 << 16)
    # A local file is read page by page. Of another file, such as a remote one, all pages of the
    # column are fetched at once, because each request to a store is slow.
    is_local = piece.file.is_local
    with piece.file.random_access() as source:
        reader = ParquetFile(
            source,
            metadata=piece.opened,
            pre_buffer=not is_local,
            buffer_size=1 << 16 if is_local else 0,
        )
        groups = None if piece.number is None else [piece.number]
        yield from reader.iter_batches(rows, groups, columns=[piece.column], use_threads=False)


def _orc_pieces(file: TableFile, column: str) -> Iterator[Piece]:
    from pyarrow.orc import ORCFile

    with file.random_access() as source:
        reader = ORCFile(source)
        check_column(reader.schema, column, file.name)
        for number in range(reader.nstripes):
            yield Piece(file, column, "orc", number)


def _orc(piece: Piece, most_bytes: int) -> Iterator[Any]:
    from pyarrow.orc import ORCFile

    with piece.file.random_access() as source:
        stripe = ORCFile(source).read_stripe(piece.number, columns=[piece.column])
        yield from _sliced(stripe, most_bytes)


def _ipc_pieces(file: TableFile, column: str) -> Iterator[Piece]:
    import pyarrow

    with file.random_access() as source:
        check_column(pyarrow.ipc.open_file(source).schema, column, file.name)
    yield Piece(file, column, "ipc")


def _ipc(piece: Piece, most_bytes: int) -> Iterator[Any]:
    import pyarrow

    with piece.file.random_access() as source:
        schema = pyarrow.ipc.open_file(source).schema
        fields = [check_column(schema, piece.column, piece.file.name)[0]]
        options = pyarrow.ipc.IpcReadOptions(included_fields=fields, use_threads=False)
        reader = pyarrow.ipc.open_file(source, options=options)
        for number in range(reader.num_record_batches):
            yield from _sliced(reader.get_batch(number), most_bytes)


def _ipc_stream(piece: Piece, most_bytes: int) -> Iterator[Any]:
    import pyarrow

    with _stream_of(piece).buffered() as source, pyarrow.ipc.open_stream(source) as reader:
        field = check_column(reader.schema, piece.column, piece.file.name)[0]
        for batch in reader:
            yield from _sliced(batch.select([field]), most_bytes)


def _text(piece: Piece, most_bytes: int) -> Iterator[Any]:
    """Read JSON lines or CSV. If a row is longer than a block, read again with larger blocks.

    An open file of the caller cannot be read again: a long row in it raises a FormatError.
    """
    import pyarrow

    read = table_text.json_rows if piece.format == "json" else table_text.csv_rows
    block = min(max(_LEAST_BLOCK, most_bytes), _MOST_BLOCK)
    done, stream = 0, _stream_of(piece)
    while True:
        row = 0
        try:
            for rows in read(stream, piece.column, piece.file.name, block):
                new = rows.slice(min(max(0, done - row), len(rows)))
                row += len(rows)
                done = max(done, row)
                if len(new):
                    yield new
            return
        except table_text.LongRowError:
            if piece.file.stream is not None or block >= _MOST_BLOCK:
                raise _core.FormatError(
                    f"{piece.file.name}, after row {done}: a row is longer than {block} bytes"
                ) from None
            block = min(8 * block, _MOST_BLOCK)
        except pyarrow.ArrowInvalid as error:
            text = _with_row(_first_line(error), row)
            raise _core.FormatError(f"{piece.file.name}, after row {row}: {text}") from None
        finally:
            stream.close()
        stream = piece.file.content(_LOOK)


def _with_row(message: str, first: int) -> str:
    """Return a message of pyarrow in which "in row N" counts the rows of the file.

    In `message` it counts the rows of a block. Both count from 0. `first` is the number of the
    first row of the block in the file.
    """
    return re.sub(r"(?<=in row )\d+", lambda number: str(first + int(number[0])), message)


def _stream_of(piece: Piece) -> Stream:
    return piece.opened if piece.opened is not None else piece.file.content(_LOOK)


def _sliced(rows: Any, most_bytes: int) -> Iterator[Any]:
    """Cut a large batch into slices of about `most_bytes` bytes."""
    size = max(1, len(rows) * most_bytes // max(1, rows.nbytes))
    for first in range(0, len(rows), size):
        yield rows.slice(first, size)


_FOOTERS = {"parquet": _parquet_pieces, "orc": _orc_pieces, "ipc": _ipc_pieces}
_READERS = {
    "parquet": _parquet,
    "orc": _orc,
    "ipc": _ipc,
    "ipc stream": _ipc_stream,
    "json": _text,
    "csv": _text,
}
