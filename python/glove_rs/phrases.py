"""Phrases: collocations that are counted as one word."""

from __future__ import annotations

import io
import json
import os
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any, Unpack

from . import _core
from ._checks import choice, integer, real, shown
from ._checks import words as words_of
from ._io.files import output_path, replacing
from ._io.sources import Source, refuse_pipes, source_arguments, standard_input
from ._progress import reporter
from ._settings import PhraseSettings, accepts, core_encoding, core_running, with_content
from ._word_lists import phrases_to_json, read_phrases

__all__ = ["ENGLISH_CONNECTOR_WORDS", "Phrases"]

#: Articles, prepositions and conjunctions that may stand within an English phrase: the same words
#: as in gensim.
ENGLISH_CONNECTOR_WORDS = frozenset(
    [
        "a",
        "an",
        "the",
        "for",
        "of",
        "with",
        "without",
        "at",
        "from",
        "to",
        "in",
        "on",
        "by",
        "and",
        "or",
    ]
)


class Phrases(Mapping[tuple[str, ...], float]):
    """Phrases such as "new york", with their scores. Each is counted as one word of a text.

    Create an object with :meth:`learn` or :meth:`load`, and pass it to :class:`glove_rs.Glove`,
    :class:`glove_rs.Cooccurrence` or :class:`glove_rs.Vocabulary` as `phrases`. The object is a
    mapping from the words of a phrase to its score. The phrases of each pass are sorted by score,
    the largest score first.

    Examples
    --------
    >>> from glove_rs import Cooccurrence
    >>> from glove_rs.phrases import Phrases
    >>> text = ["new york is large", "she is in new york", "new york and old york"] * 5
    >>> phrases = Phrases.learn(text, min_count=5, threshold=0.5)
    >>> dict(phrases)
    {('new', 'york'): 0.5666666666666667}
    >>> Cooccurrence.from_corpus(text, phrases=phrases)["new_york", "old"]
    2.5
    """

    def __init__(self) -> None:
        raise TypeError("create Phrases with Phrases.learn(source) or Phrases.load(path)")

    @classmethod
    def _of(cls, core: _core.CorePhrases) -> Phrases:
        self = cls.__new__(cls)
        self._core = core
        return self

    _core: _core.CorePhrases

    @classmethod
    @accepts("source", "reading", "tokenizing", "limits", "running")
    def learn(
        cls,
        source: Source,
        *,
        min_count: int = 5,
        threshold: float | None = None,
        scoring: str = "default",
        connector_words: Iterable[str] = (),
        delimiter: str = "_",
        passes: int = 1,
        **settings: Unpack[PhraseSettings],
    ) -> Phrases:
        """Find the phrases of `source` by the counts of neighbouring words.

        Parameters
        ----------
        source : path, paths, open file or iterable
            As for :meth:`glove_rs.Glove.fit`. It is read once for each pass. With several passes,
            the text of an iterator or open file is kept in memory.
        column, storage_options
            As for :meth:`glove_rs.Glove.fit`.
        min_count : int, default 5
            A collocation that occurs fewer than this many times is not a phrase, >= 1. The scoring
            "default" also subtracts this number from the count of a collocation.
        threshold : float, optional
            A collocation with a score above this number is a phrase. The default is 10, or 0.5 with
            the scoring "npmi". The threshold must be above 0, or with "npmi" from −1 to 1.
        scoring : {"default", "npmi"}, default "default"
            "default": (n_ab − min_count) V / (n_a n_b) (Mikolov et al. 2013). n_a, n_b and n_ab are
            the numbers of occurrences of the first word, of the last word and of the collocation. V
            is the number of different words that are not connector words, plus the number of
            different collocations. "npmi": normalized pointwise mutual information, from −1 to 1
            (Bouma 2009).
        connector_words : iterable of str, default ()
            Words that may stand within a phrase, such as "of" in "bank of england", but not at its
            ends. They do not change the score of the phrase. For English:
            ``ENGLISH_CONNECTOR_WORDS`` of this module.
        delimiter : str, default "_"
            The text between the words of a joined phrase. It has no white space.
        passes : int, default 1
            From 1 to 10. A second pass also joins phrases of the first pass: it finds "new york
            times" from "new york" and "times".
        tokenizer, user_dictionary, simplified_lookup, lowercase, normalize, documents, errors, \
max_word_bytes, threads, memory, tmp_dir, progress
            As for :class:`glove_rs.Glove`.

        Returns
        -------
        Phrases
            The phrases and scores are those of gensim's ``Phrases`` on the same documents, without
            gensim's limit of the number of words. A document of more than 1 MiB is read in chunks.
            The last word of a chunk and the first word of the next chunk do not count as
            neighbours.

        Raises
        ------
        ValueError
            If a parameter is out of its range, or if `source` names a pipe and there are several
            passes.
        TypeError
            If `connector_words` is not an iterable of words, or is a str.
        OSError, FormatError
            As for :meth:`glove_rs.Vocabulary.from_corpus`.
        """
        min_count = integer("min_count", min_count, 1)
        scoring = choice("scoring", scoring, _core.SCORINGS)
        if scoring == "npmi":
            threshold = 0.5 if threshold is None else real("threshold", threshold, -1.0)
            if threshold > 1:
                raise ValueError(f"threshold must be at most 1 with npmi, got {threshold:g}")
        else:
            threshold = 10.0 if threshold is None else real("threshold", threshold, above=True)
        passes = integer("passes", passes, 1, 10)
        if isinstance(connector_words, str):
            raise TypeError(f"connector_words must be words, got {shown(connector_words)}")
        connectors = words_of("connector_words", connector_words)
        if not isinstance(delimiter, str):
            raise ValueError(f"delimiter must be text without white space, got {shown(delimiter)}")
        again = _readings(source, settings.get("storage_options")) if passes > 1 else lambda: source
        chosen: dict[str, Any] = {**with_content(settings), "min_count": 1}
        encoding, running = core_encoding(chosen), core_running(chosen)
        core = _core.CorePhrases.new(delimiter, connectors, [])
        for _ in range(passes):
            reading = source_arguments(again(), chosen)
            with reporter(settings.get("progress")) as callback:
                core = _core.learn_phrases(
                    core, reading, encoding, running, min_count, threshold, scoring, callback
                )
        return cls._of(core)

    @classmethod
    def load(cls, path: str | os.PathLike[str]) -> Phrases:
        """Read a file that :meth:`save` wrote.

        Raises
        ------
        FormatError
            If the file does not have phrases.
        OSError
            If the file cannot be read.
        """
        return cls._of(read_phrases(path))

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write the phrases to a file, as JSON. The file appears complete or not at all.

        Raises
        ------
        ValueError
            If the name has the ending of another format, such as ``.csv``, or of a compressed file,
            such as ``.gz``. The file is not compressed.
        OSError
            If the file cannot be written. An existing file is then unchanged.
        """
        _core.check_ending(output_path("path", path), "phrases")
        text = json.dumps(phrases_to_json(self._core), ensure_ascii=False)
        with replacing(path) as file:
            file.write(text.encode() + b"\n")

    def join(self, words: Iterable[str]) -> list[str]:
        """Return the words of a document, with its phrases joined.

        Raises
        ------
        TypeError
            If `words` is a str or does not hold words.

        Examples
        --------
        >>> from glove_rs.phrases import Phrases
        >>> text = ["the large hadron collider", "a hadron collider"] * 3
        >>> phrases = Phrases.learn(text, min_count=1, threshold=0.5)
        >>> phrases.join(["the", "hadron", "collider"])
        ['the', 'hadron_collider']
        """
        if isinstance(words, str):
            raise TypeError(f"words must be a sequence of words, got {shown(words)}")
        return self._core.joined(words_of("words", words))

    @property
    def _scores(self) -> dict[tuple[str, ...], float]:
        passes = self._core.contents()[2]
        return {tuple(words): score for found in passes for words, score in found}

    def __getitem__(self, words: tuple[str, ...]) -> float:
        return self._scores[words]

    def __iter__(self) -> Iterator[tuple[str, ...]]:
        return iter(self._scores)

    def __len__(self) -> int:
        return len(self._core)

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Phrases):
            return NotImplemented
        return self._core.contents() == other._core.contents()

    __hash__ = None  # type: ignore[assignment]

    def __repr__(self) -> str:
        return f"<Phrases: {len(self):,}>"

    def __reduce__(self) -> tuple[Any, ...]:
        return _unpickle, (self._core,)


def _readings(source: Any, options: Any) -> Callable[[], Any]:
    """Return a function to call before each of several readings. The function returns the source.

    Raises
    ------
    ValueError
        If `source` names a pipe, which can be read only once.
    """
    if isinstance(source, str) and source == "-":
        source = standard_input()
    if callable(getattr(source, "read", None)) and not hasattr(source, "read_next_batch"):
        content = source.read()
        stream = io.BytesIO if isinstance(content, bytes) else io.StringIO
        return lambda: stream(content)
    if isinstance(source, Iterator):
        items = list(source)
        return lambda: items
    refuse_pipes(source, options)
    return lambda: source


def _unpickle(core: _core.CorePhrases) -> Phrases:
    return Phrases._of(core)
