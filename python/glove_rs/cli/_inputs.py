"""Inputs of the commands: texts, vectors, counts and models, recognised by their content."""

from __future__ import annotations

import codecs
import os
import stat
from typing import Any

import numpy as np

from .. import Cooccurrence, FormatError, Glove, Vocabulary, WordVectors, _core
from .._checks import integer
from .._fit import checkpoints
from .._io import output_folder

__all__ = ["DESCRIPTIONS", "READING", "corpus", "counts", "kind_of", "local", "model", "vectors"]

#: The kinds that :func:`kind_of` returns, as messages name them.
DESCRIPTIONS = {
    "counts": "co-occurrence counts of glove-rs",
    "checkpoint": "a checkpoint of a training",
    "checkpoints": "a folder of checkpoints of a training",
    "empty": "an empty file",
    "folder": "a folder of glove-rs fit",
    "model": "a model of glove-rs",
    "parameters": "64-bit numbers, as in a parameters or gradsq .bin of Stanford's glove",
    "records": "co-occurrence records of Stanford's tools",
    "text": "text",
    "unknown": "of no format that glove-rs knows",
    "vectors": "word vectors",
    "vocabulary": "a vocabulary: a word and its count on each line",
}

#: Parameters of :meth:`WordVectors.load` that say how to read.
READING = ("format", "limit", "dtype", "max_line_bytes", "progress")

_NO_VECTORS = {"checkpoint", "checkpoints", "counts", "records"}
_HEAD = 1 << 16
# The longest line of a file that may be vectors as text.
_LONGEST_LINE = 64 << 20


def local(path: str) -> str:
    """Return the path of standard input for ``-``, else `path`."""
    return "/dev/stdin" if path == "-" else path


class Argument(os.PathLike[str]):
    """A path on the command line: a file even if it looks like text, a URL as it is."""

    def __init__(self, path: str) -> None:
        self._path = local(path)

    def __fspath__(self) -> str:
        return self._path

    def __repr__(self) -> str:
        return repr(self._path)


def corpus(paths: list[str]) -> list[Argument]:
    """Return a source of text: files, folders, patterns and URLs, as the API reads a list of them.

    Raises
    ------
    FormatError
        If a file is recognised as something other than text.
    """
    for path in paths:
        kind = kind_of(path) if os.path.exists(path) else "unknown"
        if kind not in {"text", "empty", "unknown"} and not _plausible_text(path, kind):
            raise FormatError(f"{path}: this is not text but {DESCRIPTIONS[kind]}")
    return [Argument(path) for path in paths]


def vectors(path: str, vocabulary: str | None = None, **reading: Any) -> WordVectors:
    """Read vectors from any file that has them. Those of a model are W + W_tilde.

    Parameters
    ----------
    path : str
        The file.
    vocabulary : str, optional
        The file of the words, for parameters of Stanford's glove.
    **reading
        The parameters in :data:`READING`, as for :meth:`WordVectors.load`.

    Raises
    ------
    FormatError
        If the file is something else; the message says what.
    """
    kind = kind_of(path) if reading.get("format") is None else "vectors"
    if kind in {"model", "folder"}:
        wv = Glove.load(path).vectors
        limit = integer("limit", reading.get("limit", len(wv)), 1)
        rows = wv.vectors[:limit].astype(reading.get("dtype", "float32"), copy=False)
        return WordVectors(wv.index_to_key[:limit], rows)
    if kind in _NO_VECTORS or (kind == "vocabulary" and vocabulary is None):
        raise FormatError(f"{path}: these are not vectors but {DESCRIPTIONS[kind]}")
    if kind == "parameters" and vocabulary is None:
        raise FormatError(f"{path}: this is {DESCRIPTIONS[kind]}: name their words with --vocab")
    return WordVectors.load(local(path), vocabulary=vocabulary, **reading)


def counts(path: str, vocabulary: str | None, **options: Any) -> Cooccurrence:
    """Read counts in the format of glove-rs or Stanford's tools.

    Raises
    ------
    FormatError
        If the file is something else; the message says what.
    """
    kind = kind_of(path)
    if kind == "counts":
        if vocabulary is not None:
            raise FormatError(f"{path}: these counts hold their words: leave --vocab out")
        return Cooccurrence.load(path, **options)
    if kind not in {"records", "unknown", "parameters"}:
        raise FormatError(f"{path}: these are not counts but {DESCRIPTIONS[kind]}")
    if vocabulary is None:
        raise FormatError(f"{path}: Stanford's records hold no words: name them with --vocab")
    return Cooccurrence.load(local(path), Vocabulary.load(vocabulary), **options)


def model(path: str, vocabulary: str | None, gradsq: str | None = None) -> Glove:
    """Read a model of glove-rs, or parameters and accumulators of Stanford's glove.

    Raises
    ------
    FormatError
        If the file is something else; the message says what.
    """
    kind = kind_of(path)
    if kind in {"model", "folder"}:
        return Glove.load(path)
    if kind not in {"parameters", "unknown"}:
        raise FormatError(f"{path}: this is not a model but {DESCRIPTIONS[kind]}")
    if vocabulary is None:
        raise FormatError(f"{path}: this is {DESCRIPTIONS[kind]}: name their words with --vocab")
    return Glove.load_stanford(path, vocabulary, gradsq=gradsq)


def kind_of(path: str) -> str:
    """Return the kind of a file, a key of :data:`DESCRIPTIONS`; "unknown" for a pipe or device.

    Raises
    ------
    OSError
        If it does not exist or cannot be read.
    """
    if path == "-":
        return "unknown"
    if output_folder.is_folder(path):
        return "folder"
    if checkpoints.Folder(path).has_checkpoint():
        return "checkpoints"
    if not stat.S_ISREG(os.stat(path).st_mode):
        return "unknown"
    with open(path, "rb") as file:
        head = file.read(_HEAD)
    if not head:
        return "empty"
    if head.startswith(b"gloveCNT"):
        return "counts"
    if head.startswith(b"gloveCKP"):
        return "checkpoint"
    if head.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return "text"
    if _is_vocabulary(head):
        return "vocabulary"
    try:
        # Called directly, because `WordVectors.load` warns.
        _core.load_vectors(path, None, 3, False, None, "sum", False, _LONGEST_LINE, None)
    except FormatError:
        pass
    else:
        return "vectors"
    if head.startswith(b"PK\x03\x04"):
        return "model"
    if _is_text(head):
        return "text"
    if _are_records(head):
        return "records"
    return "parameters" if _are_numbers(head) else "unknown"


def _rows(head: bytes) -> list[bytes]:
    """Return the complete lines that are not empty."""
    lines = head.split(b"\n")
    return [line for line in (lines[:-1] if len(head) == _HEAD else lines) if line]


def _is_vocabulary(head: bytes) -> bool:
    before = 2**63
    rows = _rows(head)
    for row in rows:
        word, _, count = row.rstrip(b"\r").rpartition(b" ")
        if not word or not count.isdigit() or len(count) > 20 or int(count) > before:
            return False
        before = int(count)
    return bool(rows) and _is_text(head)


def _is_text(head: bytes) -> bool:
    try:
        head.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        if error.start < len(head) - 4:
            return False
    # Text editors do not write these control characters.
    return not any(byte in head for byte in (0, 1, 2, 3, 4, 5, 6))


def _are_records(head: bytes) -> bool:
    records = np.frombuffer(head[: len(head) // 16 * 16], [("words", "<i4", 2), ("x", "<f8")])
    words, x = records["words"], records["x"]
    plausible = (words >= 1).all() and (words <= 2**28).all() and (x > 0).all() and (x < 1e15).all()
    return bool(records.size and plausible)


def _are_numbers(head: bytes) -> bool:
    numbers = np.frombuffer(head[: len(head) // 8 * 8], "<f8")
    sizes = np.abs(numbers[numbers != 0])
    return bool(numbers.size and (sizes > 1e-30).all() and (sizes < 1e9).all())


def _plausible_text(path: str, kind: str) -> bool:
    """Whether a file that looks like vectors may be a text of numbers, such as walks on a graph."""
    if kind != "vectors":
        return False
    with open(path, "rb") as file:
        head = file.read(_HEAD)
    fields = [field for row in _rows(head)[1:] for field in row.split()[1:]]
    return _is_text(head) and not any(b"." in field for field in fields)
