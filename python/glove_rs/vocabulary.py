"""The vocabulary of a text: words with their counts."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Sequence
from functools import cached_property
from typing import IO, Unpack

import numpy as np
import numpy.typing as npt

from . import _core, _html
from ._checks import integer, shown, writable_words
from ._checks import words as words_of
from ._io.files import output_path, readable
from ._io.sources import Source, source_arguments
from ._progress import reporter
from ._settings import VocabularySettings, accepts, core_encoding, core_running, with_content
from ._unknown_word import UnknownWord

__all__ = ["Source", "Vocabulary"]

# A notebook shows this many words of a vocabulary.
_MOST_SHOWN = 10


def as_vocabulary(vocabulary: Vocabulary | Sequence[str]) -> Vocabulary:
    """Return a vocabulary unchanged, or create one from words, with counts of 0."""
    if isinstance(vocabulary, Vocabulary):
        return vocabulary
    if isinstance(vocabulary, str):  # a str is a sequence too, of letters: refuse it
        raise TypeError(f"vocabulary must be a sequence of words, got {shown(vocabulary)}")
    words = words_of("vocabulary", vocabulary)
    return Vocabulary(words, [0] * len(words))


class Vocabulary:
    """Words, and the number of occurrences of each word.

    :meth:`from_corpus` sorts the words, most frequent first.

    Parameters
    ----------
    words : sequence of str
        Different, non-empty words. Their order is kept: the rows of every matrix that is made with
        this vocabulary have this order.
    counts : sequence of int
        The number of occurrences of each word, >= 0.

    Raises
    ------
    ValueError
        If a word is empty, appears twice or is not valid text, if a count is not an integer >= 0,
        or if there are not as many counts as words.
    TypeError
        If `words` or `counts` is not a sequence, or if a word is not a str.

    Examples
    --------
    >>> from glove_rs import Vocabulary
    >>> v = Vocabulary.from_corpus(["an apple a day", "an apple"], min_count=2)
    >>> v.words, v.counts.tolist(), v["apple"]
    (['an', 'apple'], [2, 2], 1)
    """

    def __init__(self, words: Sequence[str], counts: Sequence[int]) -> None:
        words = writable_words("words", words_of("words", words))
        if not isinstance(counts, Iterable) or getattr(counts, "ndim", 1) == 0:
            raise TypeError(f"counts must be a sequence of int, got {shown(counts)}")
        counts = [integer("counts", n, 0) for n in counts]
        if len(words) != len(counts):
            raise ValueError(
                f"counts must have a number for each word, got {len(words)} words and "
                f"{len(counts)} counts"
            )
        self._core = _core.CoreVocabulary.new(words, counts)

    @classmethod
    def _of(cls, core: _core.CoreVocabulary) -> Vocabulary:
        self = cls.__new__(cls)
        self._core = core
        return self

    @classmethod
    @accepts("source", "reading", "vocabulary", "running")
    def from_corpus(cls, source: Source, **settings: Unpack[VocabularySettings]) -> Vocabulary:
        """Count the words of `source`, and keep the words that occur at least `min_count` times.

        Parameters
        ----------
        source : path, paths, open file or iterable
            As for :meth:`glove_rs.Glove.fit`.
        column, storage_options
            As for :meth:`glove_rs.Glove.fit`.
        min_count, max_vocab, tokenizer, user_dictionary, simplified_lookup, lowercase, normalize, \
phrases, stop_words, documents, errors, max_word_bytes, threads, memory, tmp_dir, progress
            As for :class:`glove_rs.Glove`.

        Raises
        ------
        ValueError
            If a parameter is out of its range, or if no word is left. The message says which
            setting removed the words.
        OSError
            If the text cannot be read. The error is of the matching subclass and has the path.
        FormatError
            If the source has bytes that are not text, or a word longer than `max_word_bytes`. The
            message has the byte offset.
        TypeError
            If `source` is of another type.
        ImportError
            If reading `source` needs a library that is not installed.
        """
        chosen = with_content(settings)
        encoding, running = core_encoding(chosen), core_running(chosen)
        reading = source_arguments(source, chosen)
        with reporter(settings.get("progress")) as callback:
            core = _core.CoreVocabulary.from_corpus(reading, encoding, running, callback)
        return cls._of(core)

    @classmethod
    def load(cls, path: str | os.PathLike[str] | IO[bytes] | IO[str]) -> Vocabulary:
        """Read a vocabulary in Stanford's text format: a word, a space and a count on each line.

        Parameters
        ----------
        path : path or open file
            A plain or compressed file, with or without a byte order mark. ``"archive.zip:name"`` is
            a file in a zip archive.

        Raises
        ------
        FormatError
            If a line is malformed; the message has the number of the line. If the file is of
            another kind, the message says what it is and what reads it.
        OSError
            If the file cannot be read.
        """
        return cls._of(_core.CoreVocabulary.load(readable("path", path)))

    def save(self, path: str | os.PathLike[str]) -> None:
        r"""Write a file in Stanford's text format. It appears complete or not at all.

        If the name ends in ``.gz``, ``.bz2``, ``.xz``, ``.zst`` or ``.zstd``, the file is
        compressed.

        Raises
        ------
        OSError
            If the file cannot be written. An existing file is then unchanged.
        ValueError
            If a word has a space or newline, which the format cannot hold, or if the name has the
            ending of another format, such as ``.csv``.

        Examples
        --------
        >>> import os, tempfile
        >>> from glove_rs import Vocabulary
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     path = os.path.join(folder, "vocab.txt")
        ...     Vocabulary(["an", "apple"], [2, 1]).save(path)
        ...     open(path).read()
        'an 2\napple 1\n'
        """
        self._core.save(output_path("path", path))

    @cached_property
    def words(self) -> list[str]:
        """The words, in the order of the rows."""
        return self._core.words()

    @cached_property
    def counts(self) -> npt.NDArray[np.int64]:
        """The number of occurrences of each word: int64, shape (V,), read-only."""
        counts = self._core.counts()
        counts.flags.writeable = False
        return counts

    def __len__(self) -> int:
        return len(self._core)

    def __iter__(self) -> Iterator[str]:
        return iter(self.words)

    def __contains__(self, word: object) -> bool:
        return self._find(word) is not None

    def __getitem__(self, word: str) -> int:
        index = self._find(word)
        if index is None:
            raise UnknownWord(word, self.words, self._rows)
        return index

    @cached_property
    def _rows(self) -> dict[str, int]:
        """The index of each word."""
        return dict(zip(self.words, range(len(self)), strict=True))

    def _find(self, word: object) -> int | None:
        try:
            return self._core.index(word) if isinstance(word, str) else None
        except UnicodeEncodeError:  # the word has a lone surrogate, which no vocabulary has
            return None

    def _first_spaced(self) -> str | None:
        """Return the first word with a space or newline; None without such words.

        Formats of text that separate words by spaces and newlines cannot hold such a word.
        """
        if " " not in (text := "".join(self.words)) and "\n" not in text:
            return None
        return next(word for word in self.words if " " in word or "\n" in word)

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Vocabulary):
            return NotImplemented
        return self.words == other.words and bool(np.array_equal(self.counts, other.counts))

    __hash__ = None  # type: ignore[assignment]

    def __repr__(self) -> str:
        return f"<Vocabulary of {len(self):,} words>"

    def _repr_html_(self) -> str:
        """Return the first words with their counts as an HTML table, for notebooks."""
        shown = list(zip(self.words[:_MOST_SHOWN], self.counts[:_MOST_SHOWN].tolist(), strict=True))
        rows = [("word", "count"), *((word, f"{count:,}") for word, count in shown)]
        left_out = len(self) - len(shown)
        notes = [f"and {left_out:,} more words"] if left_out else []
        return _html.captioned(repr(self)[1:-1], _html.table(rows, notes=notes))

    def __reduce__(self) -> tuple[type[Vocabulary], tuple[list[str], list[int]]]:
        return Vocabulary, (self.words, self.counts.tolist())
