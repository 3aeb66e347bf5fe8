"""Words of the vocabulary that are spelled almost like an unknown word."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

__all__ = ["close_spellings"]


def close_spellings(
    word: str, words: Sequence[str], rows: Mapping[str, int], most: int = 3
) -> list[str]:
    """Return words of the vocabulary one edit or a change of case from `word`, frequent first.

    This looks up every edit of `word` instead of comparing `word` with the whole vocabulary, so
    its time does not grow with the vocabulary: about a millisecond. difflib takes a second or more
    for 400,000 words.

    Parameters
    ----------
    word : str
        A word that is not in the vocabulary.
    words : sequence of str
        The vocabulary, most frequent word first.
    rows : mapping of str to int
        The index of each word in `words`.
    most : int, default 3
        The largest number of words to return.
    """
    if len(word) > 100:  # too many edits to try, and hardly a typing error
        return []
    # The letters of the most frequent words stand for the alphabet of the language.
    letters = set(word).union(*words[:1_000])
    splits = [(word[:at], word[at:]) for at in range(len(word) + 1)]
    tried = {word.lower(), word.upper(), word.capitalize()}
    tried.update(head + tail[1:] for head, tail in splits if tail)
    tried.update(head + tail[1] + tail[0] + tail[2:] for head, tail in splits if len(tail) > 1)
    tried.update(head + letter + tail[1:] for head, tail in splits if tail for letter in letters)
    tried.update(head + letter + tail for head, tail in splits for letter in letters)
    return sorted((other for other in tried if other in rows), key=rows.__getitem__)[:most]
