"""Inputs of the commands: texts, vectors, counts and models, recognised by their content."""

from __future__ import annotations

import os
import stat
from collections.abc import Mapping
from typing import Any

from .. import Cooccurrence, FormatError, Glove, Subwords, Vocabulary, WordVectors, _core
from .._checks import integer
from .._fit import checkpoints
from .._io import output_folder
from .._io.files import local_path

__all__ = [
    "READING",
    "corpus",
    "counts",
    "documents",
    "is_model",
    "local",
    "model",
    "recognised",
    "vectors",
    "vectors_of",
]

#: Kinds that the core does not name, as messages call them.
_FOLDERS = {
    "checkpoints": "a folder of checkpoints of a training",
    "folder": "a folder of glove-rs fit",
}

#: Kinds of which :class:`Glove` reads the vectors.
_MODELS = {"model", "folder"}

#: What messages call a pipe, as the core calls a file that it does not know.
_UNKNOWN = "of no format that glove-rs knows"

#: Parameters of :meth:`WordVectors.load` that say how to read.
READING = ("member", "format", "limit", "dtype", "errors", "max_line_bytes", "progress")


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
    """Return files, folders, patterns and URLs as a source of text, as the API reads a list.

    Raises
    ------
    FormatError
        If a folder is one that glove-rs wrote.
    """
    for path in paths:
        if os.path.isdir(path) and (kind := recognised(path)[0]) in _FOLDERS:
            raise FormatError(f"{path}: this is not text but {_FOLDERS[kind]}")
    return [Argument(path) for path in paths]


def documents(paths: list[str], errors: str) -> list[str]:
    """Return the lines of a text that are not empty, read as the other commands read text.

    Parameters
    ----------
    paths : list of str
        As for :func:`corpus`.
    errors : {"strict", "replace", "ignore"}
        What to do with bytes that are no text.

    Raises
    ------
    ValueError
        If there is no such line.
    OSError, FormatError
        As for :meth:`Glove.fit`.
    """
    found: list[str] = []

    def keep(document: str) -> list[str]:
        if not document.strip():
            return []
        found.append(document)
        return ["word"]

    # The core passes each document to a tokenizer that is a function, in order.
    Vocabulary.from_corpus(
        corpus(paths), tokenizer=keep, min_count=1, threads=1, errors=errors, progress=False
    )
    return found


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
    is_named = reading.get("format") is not None or reading.get("member") is not None
    kind, what = ("vectors", "") if is_named else recognised(path)
    if kind in _MODELS:
        return vectors_of(Glove.load(path).vectors, reading)
    if kind == "checkpoints":
        raise FormatError(f"{path}: these are not vectors but {what}")
    if kind == "parameters" and vocabulary is None:
        raise FormatError(f"{path}: this is {what}: name their words with --vocab")
    return WordVectors.load(local(path), vocabulary=vocabulary, **reading)


def vectors_of(wv: WordVectors, reading: Mapping[str, Any]) -> WordVectors:
    """Return the vectors of a model as they would be read with these parameters."""
    limit = integer("limit", reading.get("limit", len(wv)), 1)
    rows = wv.vectors[:limit].astype(reading.get("dtype", "float32"), copy=False)
    part = WordVectors(wv.index_to_key[:limit], rows)
    part.subwords = wv.subwords
    if (subwords := reading.get("subwords")) is not None:
        part.subwords = Subwords.load(subwords)
    return part


def is_model(path: str) -> bool:
    """Return whether this is a model or the folder of a model."""
    return recognised(path)[0] in _MODELS


def counts(path: str, vocabulary: str | None, **options: Any) -> Cooccurrence:
    """Read counts in the format of glove-rs or Stanford's tools.

    Raises
    ------
    FormatError
        If the file is something else; the message says what.
    """
    if path == "-" and vocabulary is None:
        raise FormatError(
            f"{local(path)}: counts are read from a file: name it instead of -. Only Stanford's "
            "records, whose words --vocab of glove-rs train names, are also read from here"
        )
    kind, what = recognised(path)
    if kind == "counts":
        if vocabulary is not None:
            raise FormatError(f"{path}: these counts hold their words: leave --vocab out")
        return Cooccurrence.load(path, **options)
    if kind in _FOLDERS:
        raise FormatError(f"{path}: these are not counts but {what}")
    if kind != "unknown":
        _core.check_kind(path, "counts")
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
    if path == "-":
        raise FormatError(f"{local(path)}: a model is read from a file: name it instead of -")
    kind, what = recognised(path)
    if kind in _MODELS:
        return Glove.load(path)
    if kind == "checkpoints":
        raise FormatError(f"{path}: this is not a model but {what}")
    if kind not in {"parameters", "unknown"}:
        _core.check_kind(path, "model")
    if vocabulary is None:
        raise FormatError(f"{path}: this is {what}: name their words with --vocab")
    return Glove.load_stanford(path, vocabulary, gradsq=gradsq)


def recognised(path: str) -> tuple[str, str]:
    """Return the kind of a file as the core names it, or of a folder, and what messages call it.

    The kind of a pipe is "unknown".

    Raises
    ------
    OSError
        If it does not exist or cannot be read.
    """
    if path == "-":
        return "unknown", _UNKNOWN
    local_path("path", path)
    for folder, is_there in (
        ("folder", output_folder.is_folder(path)),
        ("checkpoints", checkpoints.Folder(path).has_checkpoint()),
    ):
        if is_there:
            return folder, _FOLDERS[folder]
    if not _core.is_member(path) and not stat.S_ISREG(os.stat(path).st_mode):
        return "unknown", _UNKNOWN
    kind, what, _ = _core.recognise(path)
    return kind, what
