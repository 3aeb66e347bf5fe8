"""Files of word vectors: read, mapped into memory, or written, as words and a matrix."""

from __future__ import annotations

import errno
import os
from collections.abc import Callable, Iterable, Sequence
from typing import IO, Any, Literal, TypeAlias

import numpy as np
from numpy.typing import DTypeLike, NDArray

from .. import _core
from .._checks import boolean, choice, integer, path_text, shown, writable_words
from .._checks import words as words_of
from .._progress import Progress, reporter
from .._warnings import warn
from ..vocabulary import Vocabulary, as_vocabulary
from .archives import refusing
from .files import output_path, readable

__all__ = ["Format", "read", "warn_of_repeated", "write"]

#: The names in `_core.VECTOR_FORMATS`, for type checkers.
Format: TypeAlias = Literal["glove", "word2vec", "word2vec_binary", "stanford", "native"]


def read(
    path: str | os.PathLike[str] | IO[Any],
    *,
    member: str | None,
    format: str | None,
    limit: int | None,
    dtype: DTypeLike,
    words: Iterable[str] | None,
    errors: str,
    vocabulary: str | os.PathLike[str] | Vocabulary | None,
    combine: str,
    mmap: bool,
    max_line_bytes: int,
    progress: Progress,
) -> tuple[list[str] | Callable[[], list[str]], NDArray[Any]]:
    """Read vectors, or map them into memory. Return the words and the matrix.

    If the file is mapped and `words` is None, the first value is a function that returns the words.

    :meth:`glove_rs.WordVectors.load` describes the parameters and errors.
    """
    file = readable("path", path, member)
    if isinstance(file, str) and os.path.isdir(file):
        raise IsADirectoryError(
            errno.EISDIR,
            "Is a directory: name a file; Glove.load(path).vectors reads the folder of a model",
            file,
        )
    half = None if isinstance(dtype, str) and dtype == "auto" else _component(dtype) == np.float16
    only = None if words is None else _selection(words)
    errors = choice("errors", errors, _core.TEXT_ERRORS)
    limit = None if limit is None else integer("limit", limit, 1)
    mmap, longest = boolean("mmap", mmap), integer("max_line_bytes", max_line_bytes, 1, 2**40)
    if isinstance(vocabulary, str | os.PathLike):
        vocabulary = Vocabulary.load(path_text("vocabulary", vocabulary))
    rows = None if vocabulary is None else as_vocabulary(vocabulary)._core
    while True:
        with reporter(progress) as callback:
            found = _core.load_vectors(
                file, format, limit, half, rows, combine, mmap, longest, errors, only, callback
            )
        if found.matrix is not None:
            _warn(found)
            names = found.words()
            _warn_of_limit(names, only, limit)
            return names, found.matrix
        assert isinstance(file, str)  # an open file is never mapped
        matrix = _mapped(file, found)
        if matrix is None:
            continue
        if only is None:
            return found.words, matrix
        names, chosen = found.words(), set(only)
        chosen_rows = [row for row, name in enumerate(names) if name in chosen]
        _warn_of_limit([names[row] for row in chosen_rows], only, limit)
        return [names[row] for row in chosen_rows], matrix[chosen_rows]


def write(
    path: str | os.PathLike[str],
    words: list[str],
    matrix: NDArray[Any],
    layout: Literal["text", "binary", "headless", "six_decimals", "six_decimals_header", "native"],
) -> None:
    """Write words and their vectors. If the name ends in ``.gz`` or the like, compress the file.

    Raises
    ------
    OSError
        If the file cannot be written.
    ValueError
        If the layout cannot hold a word, or if the name has the ending of a format that glove-rs
        does not write.
    """
    words = writable_words("words", words)
    _core.save_vectors(output_path("path", path), words, matrix, layout)


def warn_of_repeated(repeated: Sequence[str], total: int) -> None:
    """Warn of vectors that were dropped, because earlier vectors have the same words."""
    warn(f"{len(repeated)} of {total} vectors dropped, their words are repeated: {_some(repeated)}")


def _selection(words: Iterable[str]) -> list[str]:
    """Return the words to read as a list.

    Raises
    ------
    TypeError
        If `words` is a str, because iterating over it would give its letters, or if it is not an
        iterable of str.
    """
    if isinstance(words, str):
        raise TypeError(f"words must be a sequence of words, got {shown(words)}")
    return words_of("words", words)


def _component(dtype: DTypeLike) -> np.dtype[Any]:
    try:
        kind = np.dtype(dtype)
    except Exception:  # NumPy may call code of the value's class, which may raise anything
        kind = None
    if dtype is None or kind not in (np.float32, np.float16):
        raise ValueError(f"dtype must be 'auto', 'float32' or 'float16', got {shown(dtype)}")
    return kind


def _mapped(path: str | os.PathLike[str], found: _core.CoreVectors) -> NDArray[Any] | None:
    """Map the matrix of a native file; None if the header has changed since `found` was read."""
    kind = np.dtype(np.float16 if found.half else np.float32)
    shape = (len(found), found.dim)
    if 0 in shape:
        return np.empty(shape, kind)
    with open(path, "rb") as file:
        # The header has a checksum of the words. If the header is unchanged, so are the words. A
        # new matrix of the same words and the same shape is not noticed: it is mapped.
        if file.read(len(found.header)) != found.header:
            return None
        # If the file was shortened after its length was checked, np.memmap fails.
        with refusing(os.fspath(path), "a file of vectors"):
            mapped = np.memmap(file, kind.newbyteorder("<"), "r", found.offset, shape)
    return np.asarray(mapped)


def _warn(found: _core.CoreVectors) -> None:
    repeated, doubtful, lost = found.repeated(), found.doubtful(), found.not_finite()
    if repeated:
        warn_of_repeated(repeated, len(found) + len(repeated))
    if doubtful:
        warn(
            f"{len(doubtful)} lines have one number more than the others; the first number was "
            f"read as the end of the word: {_some(doubtful)}"
        )
    if lost:
        warn(
            f"{len(lost)} of {len(found)} vectors hold NaN or infinity, so their cosines are NaN: "
            f"{_some(lost)}"
        )


def _warn_of_limit(found: Sequence[str], wanted: Sequence[str] | None, limit: int | None) -> None:
    """Warn of wanted words that were not found, if a `limit` was given."""
    if wanted is None or limit is None:
        return
    have = set(found)
    missing = [word for word in dict.fromkeys(wanted) if word not in have]
    if missing:
        warn(
            f"{len(missing)} of the words are not among the first {limit} vectors of the file, "
            f"and limit={limit} reads no more: {_some(missing)}"
        )


def _some(words: Sequence[str]) -> str:
    """Return the first five words as text, with "..." if there are more."""
    shown = ", ".join(repr(word) for word in dict.fromkeys(words[:5]))
    return shown + (", ..." if len(words) > 5 else "")
