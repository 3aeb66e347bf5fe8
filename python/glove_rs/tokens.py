"""Tokens of other tools as documents: spaCy, stanza, and files in CoNLL-U and similar formats.

Each function returns an iterable of lists of words, which every function that reads a text takes.
Attributes such as the lemma thus become the words that are counted.

Examples
--------
>>> from glove_rs import Vocabulary, tokens
>>> sentence = [{"form": "Cats", "lemma": "cat"}, {"form": "sat", "lemma": "sit"}]
>>> Vocabulary.from_corpus(tokens.from_conllu([sentence]), min_count=1).words
['cat', 'sit']
"""

from __future__ import annotations

import io
import os
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any, TypeAlias

from ._checks import choice, shown
from ._core import FormatError
from ._io.file_systems import open_file
from ._io.packed import DAMAGED, unpacked
from ._io.sources import named_files

__all__ = ["Tokens", "from_conllu", "from_spacy", "from_stanza"]

#: A function that returns the word for a token, or the name of the attribute that is the word.
Attribute: TypeAlias = str | Callable[[Any], str]
#: A function that returns whether a token is used.
Keep: TypeAlias = Callable[[Any], object]

_UNITS = ("document", "sentence")
#: The columns of CoNLL-U (https://universaldependencies.org/format.html).
_CONLLU = ("id", "form", "lemma", "upos", "xpos", "feats", "head", "deprel", "deps", "misc")
#: Attributes that an annotated token always has. If no token of a document has one, the component
#: of the pipeline that sets it is missing.
_ALWAYS_SET = {"lemma", "pos", "upos", "xpos", "tag", "dep", "deprel"}
#: The longest beginning of a file that is looked at to recognise its compression.
_LOOK = 16


class Tokens(Iterable[list[str]]):
    """Documents, each a list of words. They are read again in each iteration, if that is possible.

    The functions of this module make it.
    """

    def __init__(self, documents: Callable[[], Iterator[list[str]]]) -> None:
        self._documents = documents

    def __iter__(self) -> Iterator[list[str]]:
        return self._documents()


# --- spaCy ----------------------------------------------------------------------------------------


def from_spacy(
    docs: Iterable[Any],
    attribute: Attribute = "lemma_",
    *,
    unit: str = "document",
    keep: Keep | None = None,
) -> Tokens:
    """Return the tokens of spaCy's ``Doc`` objects as documents.

    Parameters
    ----------
    docs : iterable of spacy.tokens.Doc
        For example ``nlp.pipe(texts)``, which is read once, or ``DocBin.get_docs(vocab)``.
    attribute : str or callable, default "lemma_"
        The attribute of a token that is the word, such as "text", "lower_", "lemma_" or "pos_"; or
        a function from a token to a str, such as ``lambda t: f"{t.lemma_}_{t.pos_}"``. Tokens of
        white space, and tokens without a value, are left out.
    unit : {"document", "sentence"}, default "document"
        What a document is: a Doc, or a sentence of it. Windows never cross its end.
    keep : callable, optional
        A function from a token to bool. Other tokens are left out, such as with
        ``lambda t: not t.is_punct``. Without it, and with a name as `attribute`, no Python object
        is made for each token.

    Returns
    -------
    Tokens
        An iterable of lists of words.

    Raises
    ------
    TypeError
        If an item is not a Doc, or if the attribute is not text.
    ValueError
        If no token of a document has the attribute: the pipeline has no component that sets it.

    Examples
    --------
    >>> import spacy
    >>> from glove_rs import Vocabulary, tokens
    >>> docs = spacy.blank("en").pipe(["The cat sat.", "A cat!"])
    >>> source = tokens.from_spacy(docs, "lower_", keep=lambda token: token.is_alpha)
    >>> Vocabulary.from_corpus(source, min_count=1).words
    ['cat', 'a', 'sat', 'the']
    """
    choice("unit", unit, _UNITS)
    return Tokens(lambda: _of_spacy(docs, attribute, unit, keep))


def _of_spacy(
    docs: Iterable[Any], attribute: Attribute, unit: str, keep: Keep | None
) -> Iterator[list[str]]:
    known: dict[int, str] = {}
    for number, doc in enumerate(docs):
        if not hasattr(doc, "to_array") or not hasattr(doc, "vocab"):
            raise TypeError(
                f"docs must hold Docs of spaCy, got {shown(doc)}: pass nlp.pipe(texts) for texts"
            )
        words = _by_number(doc, attribute, known) if keep is None else None
        if words is None:
            used = [not token.is_space and (keep is None or keep(token)) for token in doc]
            pairs = zip(doc, used, strict=True)
            words = [_value(token, attribute) if use else "" for token, use in pairs]
            has_tokens = any(used)
        else:
            has_tokens = any(words) or any(not token.is_space for token in doc)
        _check_set(words, attribute, number, has_tokens)
        if unit == "document":
            yield [word for word in words if word]
        else:
            for sentence in doc.sents:
                yield [word for word in words[sentence.start : sentence.end] if word]


def _by_number(doc: Any, attribute: Attribute, known: dict[int, str]) -> list[str] | None:
    """Return the word of each token, "" for white space, without an object for each token.

    None if the attribute is not one that spaCy stores as a number. `known` has the texts by their
    numbers.
    """
    if not isinstance(attribute, str):
        return None
    name = {"text": "ORTH", "orth_": "ORTH", "ent_type_": "ENT_TYPE"}.get(attribute)
    if attribute in {"lemma_", "lower_", "norm_", "shape_", "pos_", "tag_", "dep_"}:
        name = attribute[:-1].upper()
    if name is None:
        return None
    numbers = doc.to_array([name, "IS_SPACE"])
    strings = doc.vocab.strings
    words = []
    for key, is_space in numbers.tolist():
        word = known.get(key)
        if word is None:
            if len(known) >= 1 << 20:
                known.clear()
            word = known[key] = strings[key]
        words.append("" if is_space else word)
    return words


def _value(token: Any, attribute: Attribute) -> str:
    """Return the word of a token; "" if it has none."""
    value = attribute(token) if callable(attribute) else getattr(token, attribute)
    if value is None:
        return ""
    if not isinstance(value, str):
        name = attribute if isinstance(attribute, str) else "the function"
        hint = f": spaCy has the text in {name}_" if hasattr(token, f"{name}_") else ""
        raise TypeError(f"attribute must give a str, but {name} gives {shown(value)}{hint}")
    return value


def _check_set(words: Iterable[str], attribute: Attribute, number: int, has_tokens: bool) -> None:
    """Raise a ValueError if a document has tokens, but none has an attribute that all should."""
    if not has_tokens or any(words) or not isinstance(attribute, str):
        return
    if attribute.rstrip("_") in _ALWAYS_SET:
        raise ValueError(
            f"attribute must be set in the documents, but no token of document {number} has "
            f"{attribute}: add the component that sets it to the pipeline, or choose another "
            "attribute, such as text"
        )


# --- stanza ---------------------------------------------------------------------------------------


def from_stanza(
    documents: Any,
    attribute: Attribute = "lemma",
    *,
    unit: str = "document",
    keep: Keep | None = None,
) -> Tokens:
    """Return the words of stanza's ``Document`` objects as documents.

    Parameters
    ----------
    documents : stanza Document or iterable of them
        For example ``nlp.bulk_process(texts)``.
    attribute : str or callable, default "lemma"
        The attribute of a word that is counted, such as "text", "lemma" or "upos"; or a function
        from a word to a str. Words without a value are left out.
    unit : {"document", "sentence"}, default "document"
        What a document is: a Document, or a sentence of it.
    keep : callable, optional
        A function from a word to bool. Other words are left out.

    Raises
    ------
    TypeError
        If an item is not a Document, or if the attribute is not text.
    ValueError
        If no word of a document has the attribute: the pipeline has no processor that sets it.

    Examples
    --------
    >>> from types import SimpleNamespace as Made  # stands for stanza's objects here
    >>> from glove_rs import tokens
    >>> words = [Made(text="Cats", lemma="cat"), Made(text="sat", lemma="sit")]
    >>> document = Made(sentences=[Made(words=words)])
    >>> list(tokens.from_stanza(document))
    [['cat', 'sit']]
    """
    choice("unit", unit, _UNITS)
    several = [documents] if hasattr(documents, "sentences") else documents
    return Tokens(lambda: _of_stanza(several, attribute, unit, keep))


def _of_stanza(
    documents: Iterable[Any], attribute: Attribute, unit: str, keep: Keep | None
) -> Iterator[list[str]]:
    for number, document in enumerate(documents):
        if not hasattr(document, "sentences"):
            raise TypeError(f"documents must hold Documents of stanza, got {shown(document)}")
        sentences = [
            [_value(word, attribute) for word in sentence.words if keep is None or keep(word)]
            for sentence in document.sentences
        ]
        words = [word for sentence in sentences for word in sentence]
        _check_set(words, attribute, number, bool(words))
        for part in [words] if unit == "document" else sentences:
            yield [word for word in part if word]


# --- CoNLL-U --------------------------------------------------------------------------------------


def from_conllu(
    source: Any,
    column: str = "lemma",
    *,
    unit: str = "sentence",
    columns: Sequence[str] | None = None,
    keep: Keep | None = None,
) -> Tokens:
    r"""Return a column of CoNLL-U files, or of parsed sentences, as documents.

    Multiword tokens (``1-2``) are left out, because their words follow, and so are empty nodes
    (``1.1``). A lemma that is not specified (``_``) is replaced by the form. A token for which any
    other column is not specified is left out.

    Parameters
    ----------
    source : path, paths or iterable of sentences
        Files, folders, patterns and URLs as for :meth:`glove_rs.Glove.fit`, plain or compressed. Or
        parsed sentences: each an iterable of tokens, and each token a mapping (as of the library
        `conllu`) or an object with attributes (as of `pyconll`).
    column : str, default "lemma"
        The column that is the word: form, lemma, upos, xpos, feats, deprel or another one.
    unit : {"sentence", "document"}, default "sentence"
        What a document is: a sentence, or all sentences up to the next comment ``# newdoc``, line
        ``-DOCSTART-`` or end of a file. Parsed sentences are never joined.
    columns : sequence of str, optional
        The names of the columns in the files. Default: those of the comment ``# global.columns``
        (CoNLL-U Plus), otherwise the ten of CoNLL-U. For other formats name them: the columns of
        CoNLL-2003 are ``("form", "xpos", "chunk", "entity")``.
    keep : callable, optional
        A function from a token to bool, such as ``lambda t: t["upos"] != "PUNCT"``. A token of a
        file is a dict. Other tokens are left out.

    Raises
    ------
    ValueError
        If there is no such column. The message lists the columns.
    FormatError
        If a line has too few columns, or if a file is not text. The message has path and line.
    OSError
        If a file cannot be read.

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
    choice("unit", unit, _UNITS)
    if not isinstance(column, str):
        raise ValueError(f"column must be the name of a column, got {shown(column)}")
    files = named_files(source)
    if files is None:
        if isinstance(source, str) or not isinstance(source, Iterable):
            raise TypeError(
                f"source must be a path, paths or parsed sentences, got {shown(source)}"
            )
        return Tokens(lambda: _of_sentences(source, column, keep))
    names = None if columns is None else tuple(columns)
    return Tokens(lambda: _of_files(files, column, unit, names, keep))


def _of_sentences(sentences: Iterable[Any], column: str, keep: Keep | None) -> Iterator[list[str]]:
    for sentence in sentences:
        found = (token for token in sentence if keep is None or keep(token))
        words = (_word(_fields(token, column), column) for token in found)
        yield [word for word in words if word]


def _fields(token: Any, column: str) -> dict[str, Any]:
    """Return the number, form and column of a parsed token."""
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
    column: str,
    unit: str,
    columns: tuple[str, ...] | None,
    keep: Keep | None,
) -> Iterator[list[str]]:
    for name in files:
        document: list[str] = []
        for is_new, sentence in _sentences(name, column, columns, keep):
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
    name: str, column: str, columns: tuple[str, ...] | None, keep: Keep | None
) -> Iterator[tuple[bool, list[str]]]:
    """Yield the sentences of a file: whether it begins a document, and its words."""
    names = columns or _CONLLU
    words: list[str] = []
    is_new = True
    has_tokens = False
    for number, line in _lines(name):
        # In formats whose columns are named, a line that begins with "#" may be a token.
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
                    f"{name}, line {number}: the line has {len(fields)} columns, but CoNLL-U has "
                    f"{len(names)}: {', '.join(names)}"
                )
            token = dict(zip(names, fields, strict=False))
            has_tokens = True
            if (keep is None or keep(token)) and (word := _word(token, column)):
                words.append(word)
    if has_tokens:
        yield is_new, words


def _lines(name: str) -> Iterator[tuple[int, str]]:
    """Yield the number and the text of each line of a file."""
    number = 0
    try:
        with (
            open_file(name) as file,
            unpacked(file, _LOOK).buffered() as stream,
            io.TextIOWrapper(stream, encoding="utf-8") as text,
        ):
            for number, line in enumerate(text, 1):
                yield number, line.rstrip("\r\n")
    except DAMAGED as error:
        raise FormatError(f"{os.fspath(name)}, line {number + 1}: {error}") from None
