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
from .._settings import names

__all__ = [
    "TEXT_TO_COUNTS",
    "VECTOR_FILE",
    "Argument",
    "corpus",
    "counts",
    "documents",
    "is_model",
    "local",
    "model",
    "recognised",
    "selected_vectors",
    "vectors",
]

#: The kinds of folders, with their names in messages. The core recognises files only.
_FOLDERS = {
    "checkpoints": "a folder with checkpoints of a training",
    "folder": "a folder of glove-rs fit",
}

#: The kinds that :meth:`Glove.load` reads.
_MODELS = {"model", "folder"}

#: The name of the kind "unknown" in messages. A pipe has this kind too: it can be read only once,
#: and is not read to find out its kind.
_UNKNOWN = "of no format that glove-rs knows"

#: The value of `vocabulary` for a command without the option --vocab. It cannot be a path of the
#: user, because empty paths are refused.
_NO_OPTION = ""

#: The parameters that decide how a text is counted.
TEXT_TO_COUNTS = names("reading", "encoding", "counting")

#: The parameters of :meth:`WordVectors.load` that are options of `convert` and of the commands with
#: the argument VECTORS.
VECTOR_FILE = ("member", "format", "limit", "dtype", "errors", "max_line_bytes", "progress")


def local(path: str) -> str:
    """Return the path of standard input on this machine if `path` is ``-``, otherwise `path`."""
    return "/dev/stdin" if path == "-" else path


class Argument(os.PathLike[str]):
    """A path or URL on the command line.

    It is a path object, because the Python API may treat a str in a list as a document.
    """

    def __init__(self, path: str) -> None:
        self._path = local(path)

    def __fspath__(self) -> str:
        return self._path

    def __repr__(self) -> str:
        return repr(self._path)


def corpus(paths: list[str]) -> list[Argument]:
    """Return files, folders, patterns and URLs as one source of text for the Python API.

    Raises
    ------
    FormatError
        If a folder is the output of ``glove-rs fit`` or has checkpoints.
    """
    for path in paths:
        if os.path.isdir(path) and (kind := recognised(path)[0]) in _FOLDERS:
            raise FormatError(f"{path}: this is not text but {_FOLDERS[kind]}")
    return [Argument(path) for path in paths]


def documents(paths: list[str], errors: str, storage_options: Any = None) -> list[str]:
    """Return all lines of the texts `paths`, without blank lines.

    Parameters
    ----------
    paths : list of str
        As for :func:`corpus`.
    errors : {"strict", "replace", "ignore"}
        What to do with bytes that are not text.
    storage_options : dict, optional
        As for :meth:`Glove.fit`.

    Raises
    ------
    ValueError
        If all lines are blank.
    OSError, FormatError
        As for :meth:`Glove.fit`.
    """
    found: list[str] = []

    def collect(document: str) -> list[str]:
        if not document.strip():
            return []
        found.append(document)
        return ["word"]

    # If the tokenizer is a function, the core calls it with each document, in order.
    Vocabulary.from_corpus(
        corpus(paths),
        storage_options=storage_options,
        tokenizer=collect,
        min_count=1,
        threads=1,
        errors=errors,
        progress=False,
    )
    return found


def _without_words(path: str, what: str, vocabulary: str | None) -> FormatError:
    """Return the error for a file of Stanford's tools whose words are missing."""
    advice = (
        "name the file of their words with --vocab"
        if vocabulary is None
        else "glove-rs convert --vocab joins them with the file of their words"
    )
    return FormatError(f"{path}: {what}: {advice}")


def vectors(path: str, vocabulary: str | None = _NO_OPTION, **reading: Any) -> WordVectors:
    """Read vectors from a file of vectors, or the attribute `vectors` of a model.

    Parameters
    ----------
    path : str
        The file, or the folder of a model.
    vocabulary : str, optional
        The file of the words, for parameters of Stanford's glove; None if the user names none.
        Commands without the option --vocab leave this parameter out.
    **reading
        The parameters in :data:`VECTOR_FILE` and `subwords`, as for :meth:`WordVectors.load`.

    Raises
    ------
    FormatError
        If the file has no vectors, or if `vocabulary` is missing for parameters of Stanford's
        glove. The message says what the file is.
    """
    is_named = reading.get("format") is not None or reading.get("member") is not None
    kind, what = ("vectors", "") if is_named else recognised(path)
    if kind in _MODELS:
        return selected_vectors(Glove.load(path).vectors, reading)
    if kind == "checkpoints":
        raise FormatError(f"{path}: these are not vectors but {what}")
    if kind == "parameters" and not vocabulary:
        raise _without_words(path, f"these are {what}", vocabulary)
    return WordVectors.load(local(path), vocabulary=vocabulary or None, **reading)


def selected_vectors(wv: WordVectors, reading: Mapping[str, Any]) -> WordVectors:
    """Return the vectors of a model with `limit`, `dtype` and `subwords` of `reading` applied.

    The other parameters in :data:`VECTOR_FILE` are for files of vectors, and have no effect here.
    """
    limit = integer("limit", reading.get("limit", len(wv)), 1)
    rows = wv.vectors[:limit].astype(reading.get("dtype", "float32"), copy=False)
    part = WordVectors(wv.index_to_key[:limit], rows)
    part.subwords = wv.subwords
    if (subwords := reading.get("subwords")) is not None:
        part.subwords = Subwords.load(subwords)
    return part


def is_model(path: str) -> bool:
    """Return whether `path` is a model file or the folder of a model."""
    return recognised(path)[0] in _MODELS


def counts(path: str, vocabulary: str | None = _NO_OPTION, **options: Any) -> Cooccurrence:
    """Read counts in the format of glove-rs or of Stanford's tools.

    `vocabulary` is the file of the words, as for :func:`vectors`.

    Raises
    ------
    FormatError
        If the file has no counts, or if `vocabulary` is missing for Stanford's records or is given
        for counts of glove-rs. The message says what the file is, or what to do with --vocab.
    """
    if path == "-" and not vocabulary:
        raise FormatError(
            f"{local(path)}: name a file of counts instead of -. Standard input is read only as "
            "Stanford's records, by glove-rs train, contexts and contrast with --vocab"
        )
    kind, what = recognised(path)
    if kind == "counts":
        if vocabulary:
            raise FormatError(f"{path}: this file has its words: leave --vocab out")
        return Cooccurrence.load(path, **options)
    if kind in _FOLDERS:
        raise FormatError(f"{path}: these are not counts but {what}")
    if kind != "unknown":
        _core.check_kind(path, "counts")
    if not vocabulary:
        what = "records of Stanford's tools, which have no words"
        known = "these are" if kind == "records" else "these may be"
        raise _without_words(path, f"{known} {what}", vocabulary)
    return Cooccurrence.load(local(path), Vocabulary.load(vocabulary), **options)


def model(path: str, vocabulary: str | None = _NO_OPTION, gradsq: str | None = None) -> Glove:
    """Read a model of glove-rs, or parameters and accumulators of Stanford's glove.

    `vocabulary` is the file of the words, as for :func:`vectors`. `gradsq` is the file of the
    accumulators; it has no effect for a model of glove-rs.

    Raises
    ------
    FormatError
        If `path` is "-", if the file is neither a model nor parameters, or if `vocabulary` is
        missing for parameters of Stanford's glove. The message says what the file is.
    OSError
        If the file cannot be read, or if it is a pipe and `vocabulary` is missing.
    """
    if path == "-":
        raise FormatError(f"{local(path)}: name the file of a model instead of -")
    kind, what = recognised(path)
    if kind in _MODELS:
        return Glove.load(path)
    if kind == "checkpoints":
        raise FormatError(f"{path}: this is not a model but {what}")
    if kind not in {"parameters", "unknown"}:
        _core.check_kind(path, "model")
    if kind == "parameters" and not vocabulary:
        raise _without_words(path, f"these are {what}", vocabulary)
    if not vocabulary:
        # The reader of models raises an error that names the reason: `path` is a folder without a
        # model, a pipe, or a file of an unknown format.
        return Glove.load(path)
    return Glove.load_stanford(path, vocabulary, gradsq=gradsq)


def recognised(path: str) -> tuple[str, str]:
    """Return the kind of a file or folder, and the name of this kind in messages.

    A file has the kind that the core recognises. A folder with a model or with checkpoints has one
    of :data:`_FOLDERS`. Any other folder, a pipe and a device have the kind "unknown".

    Raises
    ------
    OSError
        If `path` does not exist, is a URL or cannot be read.
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
