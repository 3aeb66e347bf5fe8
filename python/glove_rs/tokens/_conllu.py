"""Columns of files in CoNLL-U and similar formats, and of parsed sentences, as documents."""

from __future__ import annotations

import io
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from .._checks import choice, shown
from .._checks import words as words_of
from .._core import FormatError
from .._io.decompression import Stream
from .._io.file_systems import open_file
from .._io.sources import named_files
from .._settings import checked
from ._documents import UNITS, Keep, Tokens

__all__ = ["from_conllu"]

#: The columns of CoNLL-U (https://universaldependencies.org/format.html).
_CONLLU = ("id", "form", "lemma", "upos", "xpos", "feats", "head", "deprel", "deps", "misc")


def from_conllu(
    source: Any,
    column: str = "lemma",
    *,
    unit: str = "sentence",
    columns: Sequence[str] | None = None,
    keep: Keep | None = None,
    storage_options: Any = None,
) -> Tokens:
    r"""Return a column of CoNLL-U files, or of parsed sentences, as documents.

    Empty nodes (``1.1``) are left out. Multiword tokens (``1-2``) are left out, because the words
    that they consist of follow as tokens of their own. For the column lemma, a token whose lemma is
    not specified (``_``) gives its form. For any other column except form, tokens whose value is
    not specified are left out.

    Parameters
    ----------
    source : path, paths or iterable of sentences
        Files, folders, patterns and URLs as for :meth:`glove_rs.Glove.fit`, plain or compressed. Or
        parsed sentences: each an iterable of tokens, and each token a mapping (as of the library
        `conllu`) or an object with attributes (as of `pyconll`).
    column : str, default "lemma"
        The column that gives the word of a token: form, lemma, upos, xpos, feats, deprel or another
        column.
    unit : {"sentence", "document"}, default "sentence"
        What a document is: a sentence, or all sentences up to the next comment ``# newdoc``, line
        ``-DOCSTART-`` or end of a file. Parsed sentences are never joined.
    columns : sequence of str, optional
        The names of the columns in the files. Default: those of the comment ``# global.columns``
        (CoNLL-U Plus), otherwise the ten of CoNLL-U. For other formats name them: the columns of
        CoNLL-2003 are ``("form", "xpos", "chunk", "entity")``.
    keep : callable, optional
        A function from a token to bool, such as ``lambda t: t["upos"] != "PUNCT"``. Tokens for
        which it returns False are left out. A token of a file is a dict.
    storage_options : dict or file system, optional
        As for :meth:`glove_rs.Glove.fit`.

    Raises
    ------
    ValueError
        If `unit` is not one of the choices, if `column` is not a str, if `columns` is empty, or if
        `storage_options` comes with parsed sentences.
        When the documents are read: if there is no column with the name `column`. The message lists
        the columns.
    TypeError
        If `source` is not a path, paths or sentences of parsed tokens, or if `columns` is a str
        or does not hold names.
    FormatError
        When the documents are read: if a line has too few columns, or if a file is not text. The
        message has path and line.
    OSError
        If a file does not exist or cannot be read.

    Examples
    --------
    >>> import os, tempfile
    >>> from glove_rs import tokens
    >>> lines = ["1\tCats\tcat\tNOUN" + "\t_" * 6, "2\tsat\tsit\tVERB" + "\t_" * 6, ""]
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = os.path.join(folder, "cats.conllu")
    ...     with open(path, "w") as file:
    ...         _ = file.write("\n".join(lines))
    ...     list(tokens.from_conllu(path))
    [['cat', 'sit']]
    """
    choice("unit", unit, UNITS)
    if not isinstance(column, str):
        raise ValueError(f"column must be the name of a column, got {shown(column)}")
    names = None
    if columns is not None:
        names = tuple(words_of("columns", columns, "a sequence of names of columns"))
        if not names:
            raise ValueError(f"columns must have at least one name, got {shown(columns)}")
    options = checked({"storage_options": storage_options}, "source")["storage_options"]
    files = named_files(source, options)
    if files is None:
        if options is not None:
            raise ValueError("storage_options must come with paths or URLs as source")
        if isinstance(source, str) or not isinstance(source, Iterable):
            raise TypeError(
                f"source must be a path, paths or parsed sentences, got {shown(source)}"
            )
        return Tokens(lambda: _of_sentences(source, column, keep))
    return Tokens(lambda: _of_files(files, options, column, unit, names, keep))


def _of_sentences(sentences: Iterable[Any], column: str, keep: Keep | None) -> Iterator[list[str]]:
    for sentence in sentences:
        found = (token for token in sentence if keep is None or keep(token))
        words = (_word(_fields(token, column), column) for token in found)
        yield [word for word in words if word]


def _fields(token: Any, column: str) -> dict[str, Any]:
    """Return the id, the form and the value of the column `column` of a parsed token."""
    if isinstance(token, Mapping):
        known: Mapping[str, Any] = token
    elif isinstance(token, str):
        raise TypeError(f"source must hold sentences of parsed tokens, got the token {token!r}")
    else:
        names = ("id", "form", "lemma", column)
        known = {name: getattr(token, name) for name in names if hasattr(token, name)}
    if column not in known:
        raise ValueError(f"column must be one of {', '.join(map(str, known))}, got {column!r}")
    value = known[column]
    if isinstance(value, Mapping):  # features
        value = "|".join(f"{name}={part}" for name, part in value.items())
    return {"id": known.get("id", 1), "form": known.get("form"), column: value}


def _word(token: Mapping[str, Any], column: str) -> str:
    """Return the word of a token; "" if the token is left out."""
    number = token.get("id", 1)
    if not isinstance(number, int) and not str(number).isdecimal():
        return ""  # a multiword token or an empty node
    value = token[column]
    if value in (None, "_", "") and column != "form":
        value = token.get("form") if column == "lemma" else None
    return "" if value is None else str(value)


def _of_files(
    files: Iterable[str],
    options: Any,
    column: str,
    unit: str,
    columns: tuple[str, ...] | None,
    keep: Keep | None,
) -> Iterator[list[str]]:
    for name in files:
        document: list[str] = []
        for is_new, sentence in _sentences(name, options, column, columns, keep):
            if unit == "sentence":
                yield sentence
                continue
            if is_new and document:
                yield document
                document = []
            document += sentence
        if document:
            yield document


def _sentences(
    name: str, options: Any, column: str, columns: tuple[str, ...] | None, keep: Keep | None
) -> Iterator[tuple[bool, list[str]]]:
    """Yield for each sentence of a file whether the sentence begins a document, and its words."""
    names = columns or _CONLLU
    words: list[str] = []
    is_new = True
    has_tokens = False
    for number, line in _lines(name, options):
        # If the caller names the columns, a line that starts with "#" and has all of them is a
        # token, not a comment.
        is_token = columns is not None and len(line.split()) >= len(columns)
        if line.startswith("#") and not has_tokens and not is_token:
            is_new |= line[1:].split("=")[0].split()[:1] == ["newdoc"]
            if columns is None and line[1:].lstrip().startswith("global.columns"):
                names = tuple(line.partition("=")[2].lower().split())
        elif not line.strip():
            if has_tokens:
                yield is_new, words
                words, is_new, has_tokens = [], False, False
        elif line.startswith("-DOCSTART-"):
            is_new = True
        else:
            if column not in names:
                raise ValueError(f"column must be one of {', '.join(names)}, got {column!r}")
            fields = line.split("\t") if "\t" in line else line.split()
            if len(fields) < len(names):
                raise FormatError(
                    f"{name}, line {number}: the line has {len(fields)} columns, expected at least "
                    f"{len(names)}: {', '.join(names)}"
                )
            token = dict(zip(names, fields, strict=False))
            has_tokens = True
            if (keep is None or keep(token)) and (word := _word(token, column)):
                words.append(word)
    if has_tokens:
        yield is_new, words


def _lines(name: str, options: Any) -> Iterator[tuple[int, str]]:
    """Yield the number and the text of each line of a file."""
    with (
        open_file(name, options) as file,
        Stream(file, name, 0).buffered() as stream,
        # The decoder reads a block at a time, so its error would not tell the line. Bytes that are
        # not UTF-8 are escaped instead, and `_is_utf8` finds them in a line.
        io.TextIOWrapper(stream, encoding="utf-8", errors="surrogateescape") as text,
    ):
        for number, line in enumerate(text, 1):
            if not _is_utf8(line):
                raise FormatError(f"{name}, line {number}: not UTF-8")
            yield number, line.rstrip("\r\n")


def _is_utf8(line: str) -> bool:
    """Return whether a line has no escaped byte."""
    try:
        line.encode()
    except UnicodeEncodeError:
        return False
    return True
