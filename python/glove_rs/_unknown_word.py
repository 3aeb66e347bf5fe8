"""The error for a word that is not in a vocabulary, with words of a similar spelling."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from ._checks import shown

__all__ = ["UnknownSpelling", "UnknownWord", "UnknownWords", "close_spellings"]

#: The largest number of unknown words that a message names.
_MOST_NAMED = 10


class UnknownWord(KeyError):  # noqa: N818 - users catch KeyError
    """A word is not in the vocabulary; the message suggests words with a similar spelling.

    The suggestions are searched only when the message is read. Code that catches the error and does
    not read the message does not wait for the search.

    Parameters
    ----------
    key : object
        The unknown word, or an index out of range.
    words : sequence of str
        The words of the vocabulary.
    rows : mapping of str to int
        The index of each word in `words`.
    """

    def __init__(self, key: object, words: Sequence[str], rows: Mapping[str, int]) -> None:
        super().__init__(f"Key {shown(key)} not present in vocabulary")
        self._key = key
        self._words = words
        self._rows = rows

    def __str__(self) -> str:
        near = []
        if isinstance(self._key, str):
            near = close_spellings(self._key, self._words, self._rows)
        hint = f"; did you mean {' or '.join(repr(word) for word in near)}?" if near else ""
        return f"{self.args[0]}{hint}"

    def __reduce__(self) -> tuple[Any, ...]:
        # A pickle has the message only, not the vocabulary.
        return KeyError, (str(self),)


class UnknownWords(UnknownWord):
    """Several words are not in the vocabulary; the message names at most the first 10.

    Parameters
    ----------
    unknown : sequence of str
        The unknown words.
    words, rows
        As for :class:`UnknownWord`.
    """

    def __init__(
        self, unknown: Sequence[str], words: Sequence[str], rows: Mapping[str, int]
    ) -> None:
        super().__init__(unknown[0], words, rows)
        named = ", ".join(shown(word) for word in unknown[:_MOST_NAMED])
        more = len(unknown) - _MOST_NAMED
        rest = f" and {more:,} more" if more > 0 else ""
        self.args = (f"Keys {named}{rest} not present in vocabulary",)
        self._unknown = list(unknown[:_MOST_NAMED])

    def __str__(self) -> str:
        hints = []
        for word in self._unknown:
            near = close_spellings(word, self._words, self._rows, most=1)
            hints += [f"{near[0]!r} instead of {shown(word)}"] if near else []
        hint = f"; did you mean {', '.join(hints)}?" if hints else ""
        return f"{self.args[0]}{hint}"


class UnknownSpelling(KeyError):  # noqa: N818 - users catch KeyError
    """The subword model has none of the n-grams of an unknown word.

    Parameters
    ----------
    word : str
        The unknown word.
    """

    def __init__(self, word: str) -> None:
        super().__init__(word)

    def __str__(self) -> str:
        return f"Key {shown(self.args[0])} has no vector: none of its character n-grams is known"


def close_spellings(
    word: str, words: Sequence[str], rows: Mapping[str, int], most: int = 3
) -> list[str]:
    """Return words of the vocabulary that are spelled like `word`, at most `most`.

    Words that differ from `word` only in case come first, then words that are one edit away from
    `word` or from its lower case. Both groups are in the order of `words`. The function makes every
    edit of `word` and looks it up in `rows`, because computing an edit distance to each word of a
    large vocabulary is slow. For a `word` of more than 100 letters, the result is empty.

    Parameters
    ----------
    word : str
        A word that is not in the vocabulary.
    words : sequence of str
        The words of the vocabulary. Letters that an edit puts in, as a replacement or in addition,
        are those of `word` and of the first 1,000 words.
    rows : mapping of str to int
        The index of each word in `words`.
    most : int, default 3
        The largest number of words to return.
    """
    if len(word) > 100:  # such a word has many edits, and is hardly a typing error
        return []
    folded = word.casefold()
    in_other_case = [other for other in words if other.casefold() == folded]
    # The alphabet of the language is not known: use the letters of `word` and of the first words,
    # which are the most frequent ones in the vocabulary of a model.
    letters = set(word).union(*words[:1_000])
    tried = _edits(word, letters) | _edits(word.lower(), letters)
    edited = sorted((other for other in tried if other in rows), key=rows.__getitem__)
    return list(dict.fromkeys(in_other_case + edited))[:most]


def _edits(word: str, letters: set[str]) -> set[str]:
    """Return all strings that are one edit away from `word`.

    An edit leaves out a letter, swaps two neighbouring letters, or replaces or adds a letter.
    """
    splits = [(word[:at], word[at:]) for at in range(len(word) + 1)]
    tried = {head + tail[1:] for head, tail in splits if tail}
    tried.update(head + tail[1] + tail[0] + tail[2:] for head, tail in splits if len(tail) > 1)
    tried.update(head + letter + tail[1:] for head, tail in splits if tail for letter in letters)
    tried.update(head + letter + tail for head, tail in splits for letter in letters)
    return tried
