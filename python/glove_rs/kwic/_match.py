"""Which words of a document are the keyword."""

from __future__ import annotations

import fnmatch
import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any, Literal

from .. import _core
from .._checks import choice, shown
from .._python_tokenizers import function_of
from .._settings import core_encoding

__all__ = ["MATCHES", "Keyword", "Splitter"]

#: How a keyword is compared with words.
MATCHES = ("word", "glob", "regex")


class Splitter:
    """Splits a document into words with the tokenizer of :meth:`glove_rs.Glove.fit`.

    Stop words stay, and phrases are not joined.
    """

    def __init__(self, settings: dict[str, Any]) -> None:
        self.lowercase: bool = settings["lowercase"]
        self.normalize: Literal["NFC", "NFKC"] | None = settings["normalize"]
        self._function = function_of(settings["tokenizer"])
        self._core = _core.CoreSplitter.new(core_encoding(settings))

    @property
    def is_function(self) -> bool:
        """Whether a function or pattern splits the text."""
        return self._function is not None

    def folded(self, text: str) -> str:
        """Return a text or a word normalized and lower-cased, if the settings say so."""
        if not self.lowercase and self.normalize is None:
            return text
        return _core.folded([text], self.lowercase, self.normalize)[0]

    def split(self, folded: str) -> list[str]:
        """Split a text into words. `folded` is a result of the method :meth:`folded`.

        Raises
        ------
        TypeError
            If the tokenizer is a function and does not return an iterable of str.
        """
        if self._function is None:
            return self._core.split(folded)
        words = self._function(folded)
        if isinstance(words, str | bytes) or not isinstance(words, Iterable):
            raise TypeError(f"tokenizer must return a list of str, got {shown(words)}")
        found = list(words)
        if not all(isinstance(word, str) for word in found):
            raise TypeError(f"tokenizer must return str only, got {shown(found)}")
        return found


class Keyword:
    """One or several keywords. A keyword is one word or pattern, or a phrase of several.

    Parameters
    ----------
    word : str or sequence of str
    match : {"word", "glob", "regex"}
    splitter : Splitter
        Splits the keyword in the same way as the text.

    Raises
    ------
    TypeError, ValueError
        If `word` is not text or is empty, if `match` is none of the three names, or if it is
        "regex" and `word` is not a valid regular expression.
    """

    def __init__(self, word: str | Sequence[str], match: str, splitter: Splitter) -> None:
        texts = [word] if isinstance(word, str) else _texts(word)
        choice("match", match, MATCHES)
        if not texts or not all(text.strip() for text in texts):
            raise ValueError(f"word must be a word or a sequence of words, got {shown(word)}")
        self.name = ", ".join(texts)
        self._is_word = match == "word"
        self._patterns: list[tuple[Callable[[str], object], ...]] = []
        self._by_first: dict[str, list[tuple[str, ...]]] = {}
        #: Strings. A text that contains none of them does not have the keyword, so it need not be
        #: split into words. None: every text must be split.
        self.needles: list[str] | None = None
        if self._is_word:
            for text in texts:
                words = tuple(splitter.split(splitter.folded(text)))
                if not words:
                    raise ValueError(f"word must hold letters or digits, got {shown(text)}")
                self._by_first.setdefault(words[0], []).append(words)
            for phrases in self._by_first.values():
                phrases.sort(key=len, reverse=True)
            if not splitter.is_function:  # a function may return words that are not in the text
                self.needles = list(self._by_first)
            return
        self._known: dict[str, int] = {}
        for text in texts:
            parts = splitter.folded(text).split() if match == "glob" else text.split()
            self._patterns.append(tuple(_pattern(part, match) for part in parts))
        self._patterns.sort(key=len, reverse=True)

    def occurrences(self, words: Sequence[str]) -> Iterator[tuple[int, int]]:
        """Yield the index of the first word and the number of words of each occurrence.

        If several phrases start at the same word, only the longest one is yielded. Occurrences may
        overlap.
        """
        if self._is_word:
            for at, word in enumerate(words):
                for phrase in self._by_first.get(word, ()):
                    if len(phrase) == 1 or tuple(words[at : at + len(phrase)]) == phrase:
                        yield at, len(phrase)
                        break
            return
        for at, word in enumerate(words):
            # Bit k of `bits` is 1 if the word matches the first word of pattern k.
            bits = self._known.get(word)
            if bits is None:
                bits = sum(bool(tests[0](word)) << k for k, tests in enumerate(self._patterns))
                if len(self._known) > _REMEMBERED:
                    self._known.clear()
                self._known[word] = bits
            for k, tests in enumerate(self._patterns if bits else ()):
                rest = words[at + 1 : at + len(tests)]
                is_whole = bits >> k & 1 and len(rest) == len(tests) - 1
                if is_whole and all(test(x) for test, x in zip(tests[1:], rest, strict=True)):
                    yield at, len(tests)
                    break


#: About the largest number of distinct words whose `bits` are stored. When there are more, all
#: stored bits are dropped. Without a limit, memory would grow with the text.
_REMEMBERED = 1_000_000


def _texts(word: Any) -> list[str]:
    if isinstance(word, Iterable) and not isinstance(word, bytes):
        found = list(word)
        if all(isinstance(text, str) for text in found):
            return found
    raise TypeError(f"word must be a str or a sequence of str, got {shown(word)}")


def _pattern(text: str, match: str) -> Callable[[str], object]:
    """Return a function that tests whether a word matches the pattern `text`.

    Raises
    ------
    ValueError
        If `text` is not a valid regular expression and `match` is "regex".
    """
    try:
        pattern = re.compile(fnmatch.translate(text) if match == "glob" else text)
    except re.error as error:
        raise ValueError(f"word must be a regular expression, got {text!r}: {error}") from None
    return pattern.fullmatch
