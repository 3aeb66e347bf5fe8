"""Words with their counts, most frequent first."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Sequence
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from . import _core
from ._parameters import boolean, choice, integer, memory_bytes, path_text, shown
from ._parameters import words as words_of
from ._progress import Progress, reporter
from ._sources import Source, source_arguments
from ._tokenizers import Tokenizer, function_of

if TYPE_CHECKING:
    from ._core import _Encoding, _Running

__all__ = ["Source", "Vocabulary"]


#: A word of more bytes is an error: a megabyte without white space is hardly text. The longest
#: that people write, addresses and encoded data among them, are far below.
MAX_WORD_BYTES = 2**20


def encoding_arguments(
    *,
    min_count: int,
    max_vocab: int | None,
    tokenizer: Tokenizer,
    lowercase: bool,
    normalize: str | None = None,
    keep_gaps: bool,
    max_word_bytes: int = MAX_WORD_BYTES,
) -> _Encoding:
    """Check the parameters that turn text into words."""
    lowercase = boolean("lowercase", lowercase)
    normalize = None if normalize is None else choice("normalize", normalize, ("NFC", "NFKC"))
    # Text is folded before it is split: where a function does that, the core has words as they are.
    is_core = function_of(tokenizer) is None
    return {
        "tokenizer": tokenizer if isinstance(tokenizer, str) else "whitespace",
        "lowercase": lowercase and is_core,
        "normalize": normalize if is_core else None,
        "min_count": integer("min_count", min_count, 1),
        "max_vocab": None if max_vocab is None else integer("max_vocab", max_vocab, 1),
        "keep_gaps": boolean("keep_gaps", keep_gaps),
        "max_word_bytes": integer("max_word_bytes", max_word_bytes, 1, 2**31 - 1),
    }


def running_arguments(
    *, threads: int | None, memory: int | str | None, tmp_dir: str | os.PathLike[str] | None
) -> _Running:
    """Check the parameters that say what a call may use."""
    return {
        "threads": None
        if threads is None
        else integer("threads", threads, 1, _core.most_threads()),
        "memory": memory_bytes(memory),
        "tmp_dir": None if tmp_dir is None else path_text("tmp_dir", tmp_dir, "folder"),
    }


def as_vocabulary(vocabulary: Vocabulary | Sequence[str]) -> Vocabulary:
    """Take a vocabulary, or make one of words with counts of 0."""
    if isinstance(vocabulary, Vocabulary):
        return vocabulary
    if isinstance(vocabulary, str):  # its letters are not meant
        raise TypeError(f"vocabulary must be a sequence of words, got {shown(vocabulary)}")
    words = words_of("vocabulary", vocabulary)
    return Vocabulary(words, [0] * len(words))


class Vocabulary:
    """Words and how often each occurred, most frequent first.

    Parameters
    ----------
    words : sequence of str
        Different, non-empty words. Their order is kept: it is the order of the rows of every matrix
        made with this vocabulary.
    counts : sequence of int
        How often each occurred, >= 0.

    Raises
    ------
    ValueError
        If a word is empty or appears twice, or if there are not as many counts as words.

    Examples
    --------
    >>> from glove_rs import Vocabulary
    >>> v = Vocabulary.from_corpus(["an apple a day", "an apple"], min_count=2)
    >>> v.words, v.counts.tolist(), v["apple"]
    (['an', 'apple'], [2, 2], 1)
    """

    def __init__(self, words: Sequence[str], counts: Sequence[int]) -> None:
        words = words_of("words", words)
        if not isinstance(counts, Iterable) or getattr(counts, "ndim", 1) == 0:
            raise TypeError(f"counts must be a sequence of int, got {shown(counts)}")
        counts = [integer("counts", n, 0) for n in counts]
        if len(words) != len(counts):
            raise ValueError(
                f"counts must have one number per word: {len(words)} words, {len(counts)} counts"
            )
        self._core = _core.CoreVocabulary(words, counts)

    @classmethod
    def _of(cls, core: _core.CoreVocabulary) -> Vocabulary:
        self = cls.__new__(cls)
        self._core = core
        return self

    @classmethod
    def from_corpus(
        cls,
        source: Source,
        *,
        min_count: int = 5,
        max_vocab: int | None = None,
        tokenizer: Tokenizer = "whitespace",
        lowercase: bool = False,
        threads: int | None = None,
        memory: int | str | None = None,
        tmp_dir: str | os.PathLike[str] | None = None,
        progress: Progress = None,
        normalize: str | None = None,
        documents: str = "line",
        errors: str = "strict",
        max_word_bytes: int = MAX_WORD_BYTES,
    ) -> Vocabulary:
        """Count the words of `source` and keep the frequent ones.

        The parameters are those of :class:`glove_rs.Glove` and of its `fit`.

        Raises
        ------
        ValueError
            For a bad parameter, or if no word is left; the message says which setting pruned them.
        OSError
            If the text cannot be read: the subclass that fits, with the path.
        FormatError
            For bytes that are no text, and for a word longer than `max_word_bytes`, with their
            offset.
        """
        encoding = encoding_arguments(
            min_count=min_count,
            max_vocab=max_vocab,
            tokenizer=tokenizer,
            lowercase=lowercase,
            normalize=normalize,
            keep_gaps=False,
            max_word_bytes=max_word_bytes,
        )
        running = running_arguments(threads=threads, memory=memory, tmp_dir=tmp_dir)
        reading = source_arguments(
            source,
            documents=documents,
            errors=errors,
            tokenizer=tokenizer,
            lowercase=lowercase,
            normalize=normalize,
        )
        with reporter(progress) as callback:
            core = _core.CoreVocabulary.from_corpus(reading, encoding, running, callback)
        return cls._of(core)

    @classmethod
    def load(cls, path: str | os.PathLike[str]) -> Vocabulary:
        """Read a vocabulary in Stanford's text format, ``word SP count LF``.

        Raises
        ------
        FormatError
            For a malformed line, with its number.
        """
        return cls._of(_core.CoreVocabulary.load(path_text("path", path)))

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write Stanford's text format; the file appears complete or not at all."""
        self._core.save(path_text("path", path))

    @cached_property
    def words(self) -> list[str]:
        """The words, in order."""
        return self._core.words()

    @cached_property
    def counts(self) -> npt.NDArray[np.int64]:
        """How often each word occurred: int64, (V,), read-only."""
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
            raise KeyError(f"word {shown(word)} is not in the vocabulary")
        return index

    def _find(self, word: object) -> int | None:
        try:
            return self._core.index(word) if isinstance(word, str) else None
        except UnicodeEncodeError:  # a lone surrogate is in no text
            return None

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Vocabulary):
            return NotImplemented
        return self.words == other.words and bool(np.array_equal(self.counts, other.counts))

    __hash__ = None  # type: ignore[assignment]

    def __repr__(self) -> str:
        return f"<Vocabulary of {len(self):,} words>"

    def __reduce__(self) -> tuple[type[Vocabulary], tuple[list[str], list[int]]]:
        return Vocabulary, (self.words, self.counts.tolist())
