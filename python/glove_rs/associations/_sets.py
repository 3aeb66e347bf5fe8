"""Sets of words: reading them from files, and looking up their words in a vocabulary."""

from __future__ import annotations

import csv
import json
import os
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from .._checks import path_text, shown
from .._checks import words as words_of
from .._core import FormatError
from .._io.text_file import read_text
from .._results import ResultTable
from .._unknown_word import close_spellings
from .._warnings import warn
from ..evaluation._outcomes import Vectors, checked_vectors

__all__ = [
    "Float64",
    "KnownWords",
    "NotFiniteError",
    "SetsResult",
    "WordSet",
    "known_words",
    "missing_note",
    "missing_words",
    "read_sets",
]

Float64: TypeAlias = NDArray[np.float64]


class WordSet(tuple[str, ...]):
    """Words with a name. It is a tuple of str; every function also takes a plain list of words.

    Attributes
    ----------
    name : str
    """

    name: str

    def __new__(cls, name: str, words: Iterable[str]) -> WordSet:
        self = super().__new__(cls, words_of("words", words))
        self.name = name
        return self

    def __repr__(self) -> str:
        return f"WordSet({self.name!r}, {list(self)!r})"

    def __reduce__(self) -> tuple[Any, ...]:
        return WordSet, (self.name, tuple(self))


def read_sets(path: str | os.PathLike[str]) -> dict[str, WordSet]:
    """Read sets of words from a file.

    Parameters
    ----------
    path : str or path-like
        A JSON file with an object of lists, such as ``{"cold": ["ice", "snow"], "hot": ["fire"]}``;
        or a file with the header ``set,word`` and then the name of a set and a word on each line,
        separated by a comma or a tab. The file is UTF-8.

    Returns
    -------
    dict of str to WordSet
        In the order of the file.

    Raises
    ------
    FormatError
        If the file is not UTF-8, has neither form or has no set, if a set has no word, if a name or
        a word is empty, or if a word occurs twice in a set. The message names the file, and for a
        file with a header also the line.
    OSError
        If the file cannot be read.

    Examples
    --------
    >>> from glove_rs import associations
    >>> with open("sets.json", "w") as file:
    ...     _ = file.write('{"cold": ["ice", "snow"], "hot": ["fire"]}')
    >>> associations.read_sets("sets.json")["cold"]
    WordSet('cold', ['ice', 'snow'])
    """
    name = path_text("path", path)
    text = read_text(name)
    rows = _json_rows(name, text) if text.lstrip()[:1] in {"{", "["} else _csv_rows(name, text)
    found: dict[str, list[str]] = {}
    for line, own, word in rows:
        words = found.setdefault(own, [])
        if not word or not own:
            raise FormatError(f"{name}{line}: the name of a set or a word is empty")
        if word in words:
            raise FormatError(f"{name}{line}: {word!r} occurs twice in the set {own!r}")
        words.append(word)
    if not found:
        raise FormatError(f"{name}: the file has no set of words")
    return {own: WordSet(own, words) for own, words in found.items()}


def _json_rows(name: str, text: str) -> list[tuple[str, str, str]]:
    try:
        content = json.loads(text)
    except json.JSONDecodeError as error:
        raise FormatError(f"{name}: line {error.lineno}: {error.msg}") from None
    if not isinstance(content, dict):
        raise FormatError(f"{name}: the file must have an object of lists of words")
    rows = []
    for own, words in content.items():
        if not isinstance(words, list) or not all(isinstance(word, str) for word in words):
            raise FormatError(f"{name}: the set {own!r} must be a list of words")
        if not words:
            raise FormatError(f"{name}: the set {own!r} has no words")
        rows += [("", own, word.strip()) for word in words]
    return rows


def _csv_rows(name: str, text: str) -> list[tuple[str, str, str]]:
    lines = text.splitlines()
    first = next((line for line in lines if line.strip()), "")
    reader = csv.reader(lines, delimiter="\t" if "\t" in first else ",", skipinitialspace=True)
    rows: list[tuple[str, str, str]] = []
    is_header = True
    for fields in reader:
        cells = [cell.strip() for cell in fields]
        if not any(cells):
            continue
        if is_header:
            if [cell.lower() for cell in cells] != ["set", "word"]:
                raise FormatError(
                    f"{name}: line {reader.line_num}: the header must be set,word, got "
                    f"{','.join(cells)[:80]}"
                )
            is_header = False
            continue
        if len(cells) != 2:
            raise FormatError(
                f"{name}: line {reader.line_num}: there must be a set and a word, got {len(cells)} "
                "fields"
            )
        rows.append((f": line {reader.line_num}", cells[0], cells[1]))
    return rows


class NotFiniteError(ValueError):
    """A vector has NaN or infinity.

    In the models of a bootstrap, a vector of NaN stands for a word that the replicate lacks.

    Parameters
    ----------
    name : str
        The name of the set of words.
    words : list of str
        The words with such vectors.
    """

    def __init__(self, name: str, words: list[str]) -> None:
        super().__init__(f"{name} must have finite vectors, got NaN or infinity for {words}")
        self.words = words


@dataclass(frozen=True)
class KnownWords:
    """The words of a set that have vectors.

    Attributes
    ----------
    name : str
    words : list of str
    missing : list of str
        The words of the set that are not in the vocabulary. For pairs, the pairs with such a word.
    """

    name: str
    words: list[str]
    missing: list[str] = field(default_factory=list)

    def rows(self, wv: Vectors) -> Float64:
        """Return the vectors of the words in float64, shape (words, dim).

        Raises
        ------
        NotFiniteError
            If a vector has NaN or infinity.
        KeyError
            If `wv` does not have a word. `wv` may be the vectors of a replicate, with fewer words.
        """
        found = wv.vectors[[wv.key_to_index[word] for word in self.words]].astype(np.float64)
        if not np.isfinite(found).all():
            bad = [
                w for w, row in zip(self.words, found, strict=True) if not np.isfinite(row).all()
            ]
            raise NotFiniteError(self.name, bad)
        return found


#: Pickles of earlier versions have the class under this name.
Chosen = KnownWords


def known_words(wv: Vectors, sets: dict[str, Any], least: int = 1) -> list[KnownWords]:
    """Look up sets of words.

    Parameters
    ----------
    wv : WordVectors
    sets : dict of str to sequence of str
        The keys are the names of the parameters with which the user gave the sets. A KnownWords has
        this name, or for a WordSet, the name of the WordSet.
    least : int
        The least number of words of a set that must have a vector.

    Warns
    -----
    UserWarning
        For words without a vector, and for words that occur twice in a set.

    Raises
    ------
    ValueError
        If fewer than `least` words of a set have a vector.
    TypeError
        If `wv` is not word vectors, or if a set is not a sequence of words.
    """
    checked_vectors("wv", wv)
    found = []
    for parameter, words in sets.items():
        if isinstance(words, str):
            raise TypeError(f"{parameter} must be a sequence of words, got {shown(words)}")
        listed = words_of(parameter, words)
        name = getattr(words, "name", parameter)
        distinct = list(dict.fromkeys(listed))
        if len(distinct) < len(listed):
            twice = sorted({word for word in distinct if listed.count(word) > 1})
            warn(f"{name}: words that occur twice are counted once: {', '.join(twice)}")
        known = [word for word in distinct if word in wv.key_to_index]
        missing = [word for word in distinct if word not in wv.key_to_index]
        if len(known) < least:
            raise ValueError(
                f"{parameter} must have at least {least} word{'s' * (least > 1)} with a vector, "
                f"got {len(known)} of {len(distinct)}{_hint(wv, missing)}"
            )
        if missing:
            warn(f"{name}: words without a vector: {', '.join(missing)}{_hint(wv, missing)}")
        found.append(KnownWords(str(name), known, missing))
    return found


def _hint(wv: Vectors, missing: Sequence[str]) -> str:
    """Return the end of a message, which suggests known words for the first five missing words.

    It is '' if no known word has a similar spelling.
    """
    near = {
        word: close_spellings(word, wv.index_to_key, wv.key_to_index, 1) for word in missing[:5]
    }
    parts = [f"{others[0]!r} for {word!r}" for word, others in near.items() if others]
    return f"; did you mean {', '.join(parts)}?" if parts else ""


def refuse_shared(first: KnownWords, second: KnownWords) -> None:
    """Raise a ValueError if the two sets share words."""
    if shared := [word for word in first.words if word in set(second.words)]:
        raise ValueError(
            f"{first.name} and {second.name} must not share words, got {', '.join(shared)} in both"
        )


def warn_of_shared(firsts: Sequence[KnownWords], seconds: Sequence[KnownWords]) -> None:
    """Warn of words that are both target and attribute: their cosine with themselves is 1."""
    others = {word for second in seconds for word in second.words}
    if shared := sorted({word for first in firsts for word in first.words} & others):
        warn(
            "words that are in a target set and in an attribute set raise the association of these "
            "two sets, because the cosine of a word with itself is 1: "
            f"{', '.join(shared)}"
        )


def missing_words(sets: Sequence[KnownWords]) -> dict[str, list[str]]:
    """Return the words without a vector, by the name of their set, for sets with such words."""
    return {own.name: own.missing for own in sets if own.missing}


class SetsResult(ResultTable):
    """A table about sets of words.

    Attributes
    ----------
    missing : dict of str to list of str
        The words without a vector, by the name of their set.
    """

    def __init__(
        self,
        columns: Mapping[str, Any],
        title: str,
        notes: Sequence[str],
        sets: Sequence[KnownWords],
    ) -> None:
        super().__init__(columns, title, notes)
        self.missing = missing_words(sets)


def missing_note(sets: Sequence[KnownWords]) -> list[str]:
    """Return a line for each set with words that have no vector."""
    return [f"{own.name} without a vector: {', '.join(own.missing)}" for own in sets if own.missing]
