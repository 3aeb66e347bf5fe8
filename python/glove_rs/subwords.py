"""Subword models: they predict the vector of any word from its character n-grams."""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence
from typing import IO, Any, Protocol, TypeAlias

import numpy as np
import numpy.typing as npt

from . import _core
from ._checks import integer, optional_integer, positive, shown, writable_words
from ._checks import words as words_of
from ._io.files import output_path, readable
from ._progress import Progress, reporter
from ._unknown_word import UnknownSpelling
from .vocabulary import Vocabulary

__all__ = ["Subwords"]

_F32: TypeAlias = npt.NDArray[np.float32]


class _Vectors(Protocol):
    """The attributes that a fit uses, of a WordVectors or of gensim's KeyedVectors."""

    @property
    def index_to_key(self) -> list[str]: ...
    @property
    def vectors(self) -> npt.NDArray[Any]: ...


class Subwords:
    """A subword model: the vector of any word from its spelling.

    Each character n-gram has a vector. The prediction for a word with n different known n-grams is
    1/√n times the sum of their vectors. The beginning and the end of a word count as characters, so
    "<un" of "unseen" differs from "un" within a word. :meth:`fit` computes the vectors of the
    n-grams by weighted ridge regression of word vectors on the n-grams of the words. Each n-gram
    has a separate vector. In fastText, in contrast, n-grams share the rows of a hash table.

    :meth:`fit` makes a model from any word vectors, and :meth:`load` reads one from a file. If
    :attr:`glove_rs.WordVectors.subwords` is a subword model, queries take unknown words.

    Examples
    --------
    >>> import numpy as np
    >>> from glove_rs import Subwords, WordVectors
    >>> words = ["walk", "walks", "walked", "talk", "talks", "talked"]
    >>> numbers = np.array([[1, 0], [1, 0.5], [1, 1], [0, 1], [0, 1.5], [0, 2]])
    >>> subwords = Subwords.fit(WordVectors(words, numbers), min_words=2)
    >>> subwords
    Subwords(27 n-grams of 3 to 6 characters, dim=2)
    >>> "walking" in subwords, "xyz" in subwords
    (True, False)
    >>> subwords.predict("walking").shape, subwords.predict(["walking", "talking"]).shape
    ((2,), (2, 2))
    >>> subwords.ngrams("walkie")
    ['alk', '<wa', '<wal', '<walk', 'wal', 'walk']
    """

    def __init__(self, core: _core.CoreSubwords) -> None:
        self._core = core

    @classmethod
    def fit(
        cls,
        vectors: _Vectors,
        *,
        counts: Vocabulary | Sequence[int] | None = None,
        min_n: int | None = None,
        max_n: int | None = None,
        min_words: int = 3,
        penalty: float = 1.0,
        steps: int = 15,
        threads: int | None = None,
        progress: Progress = None,
    ) -> Subwords:
        """Fit a subword model to word vectors.

        Parameters
        ----------
        vectors : WordVectors, or gensim's KeyedVectors
            V words and their finite vectors, in `index_to_key` and `vectors`.
        counts : Vocabulary, or sequence of int of length V, optional
            The number of times that each word occurs in the text. The vectors of rare words are
            noisy, so a word has the weight min(1, √(count/200)). A word that is not in the
            Vocabulary has the weight 0. Without counts all words have the weight 1.
        min_n, max_n : int, optional
            The lengths of the shortest and the longest n-gram, in characters, from 1 to 20. Give
            both or neither. Default: 1 and 3 if most words have at most four characters, as in
            Chinese and Korean, otherwise 3 and 6.
        min_words : int, default 3
            Keep the n-grams that occur in at least this many words, >= 1.
        penalty : float, default 1.0
            The penalty λ > 0 of the ridge regression. The regression minimises
            Σ weight ‖prediction − vector‖² + λ ‖B‖², where B has the vectors of the n-grams.
        steps : int, default 15
            The number of steps of the method of conjugate gradients, which solves the regression,
            >= 1.
        threads : int, optional
            As for :class:`glove_rs.Glove`. The number of threads does not change the result.
        progress : bool or callable, optional
            As for :class:`glove_rs.Glove`. The stage is "subwords".

        Returns
        -------
        Subwords

        Raises
        ------
        ValueError
            If a parameter is out of its range, if there is not a vector and, with `counts`, a count
            for each word, or if a vector is not finite.
        MemoryError
            If there is not enough memory.
        KeyboardInterrupt
            Within half a second of Ctrl-C.
        """
        words = writable_words("vectors", words_of("vectors", vectors.index_to_key))
        matrix = np.ascontiguousarray(vectors.vectors, dtype=np.float32)
        if matrix.shape != (len(words), *matrix.shape[1:2]) or matrix.shape[1] == 0:
            raise ValueError(
                f"vectors must have a row of numbers for each word, got shape {matrix.shape} and "
                f"{len(words)} words"
            )
        options: _core._Subwords = {
            "min_n": optional_integer("min_n", min_n, 1),
            "max_n": optional_integer("max_n", max_n, 1),
            "min_words": integer("min_words", min_words, 1),
            "penalty": positive("penalty", penalty),
            "steps": integer("steps", steps, 1),
        }
        if threads is not None:
            threads = integer("threads", threads, 1, _core.most_threads())
        with reporter(progress) as callback:
            return cls(
                _core.CoreSubwords.fit(
                    words, matrix, _counts(counts, words), options, threads, callback
                )
            )

    # --- predictions ------------------------------------------------------------------------------

    def predict(self, words: str | Iterable[str]) -> _F32:
        """Return the predicted vectors of words, also of words that the model was fitted to.

        Parameters
        ----------
        words : str, or iterable of str
            Any words. One call for many words is faster than one call for each.

        Returns
        -------
        ndarray of float32, shape (dim,) for one word, (n, dim) for several

        Raises
        ------
        KeyError
            If the model has none of the n-grams of a word. ``word in subwords`` and :meth:`covers`
            test this.
        """
        one = isinstance(words, str)
        asked = _asked(words)
        vectors, known = self._core.predict(asked)
        if not known.all():
            raise UnknownSpelling(asked[int(known.argmin())])
        return vectors[0] if one else vectors

    def covers(self, words: Iterable[str]) -> npt.NDArray[np.bool_]:
        """Return for each word whether the model has one of its n-grams: bool, shape (n,)."""
        return self._core.predict(_asked(words))[1]

    def __contains__(self, word: object) -> bool:
        return isinstance(word, str) and bool(self.covers([word])[0])

    def ngrams(self, word: str) -> list[str]:
        """Return the n-grams of a word that the model has, the most frequent first.

        "<" and ">" stand for the edges of the word.
        """
        return self._core.ngrams_of(*_asked(word))

    # --- contents of the model --------------------------------------------------------------------

    @property
    def vector_size(self) -> int:
        """The number of components of a vector."""
        return self._core.dim

    @property
    def min_n(self) -> int:
        """The length of the shortest n-gram, in characters."""
        return self._core.lengths[0]

    @property
    def max_n(self) -> int:
        """The length of the longest n-gram, in characters."""
        return self._core.lengths[1]

    def __len__(self) -> int:
        """Return the number of n-grams."""
        return len(self._core)

    def __repr__(self) -> str:
        return (
            f"Subwords({len(self)} n-grams of {self.min_n} to {self.max_n} characters, "
            f"dim={self.vector_size})"
        )

    # --- files ------------------------------------------------------------------------------------

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write the model to a file with checksums.

        :meth:`glove_rs.Glove.save` saves the subword model of its vectors too.

        Parameters
        ----------
        path : str or path-like
            The file. It appears complete or not at all. The file is compressed if its name ends in
            ``.gz`` or in the ending of another compression.

        Raises
        ------
        ValueError
            If the ending of the name is that of another format.
        OSError
            If the file cannot be written. An existing file is then left unchanged.
        """
        self._core.save(output_path("path", path))

    @classmethod
    def load(cls, path: str | os.PathLike[str] | IO[bytes]) -> Subwords:
        """Read a model that :meth:`save` wrote.

        Parameters
        ----------
        path : path or open file
            The file, compressed or not. An open file must be open for reading bytes.

        Raises
        ------
        FormatError
            If the file is not a subword model, or is truncated or damaged. For damage, the message
            has the offset.
        OSError
            If the file cannot be read.
        """
        return cls._load("path", path)

    @classmethod
    def _load(cls, name: str, path: object) -> Subwords:
        """Read a subword model. `name` is the name of the parameter `path` in messages."""
        return cls(_core.CoreSubwords.load(readable(name, path)))


def _asked(words: str | Iterable[str]) -> list[str]:
    """Return one word or several words as a list, after a check that they are valid text."""
    asked = [words] if isinstance(words, str) else words_of("words", words)
    return writable_words("words", asked)


def _counts(
    counts: Vocabulary | Sequence[int] | None, words: list[str]
) -> npt.NDArray[np.uint64] | None:
    """Return the count of each word; None without counts."""
    if counts is None:
        return None
    if isinstance(counts, Vocabulary):
        known, numbers = counts._rows, counts.counts
        rows = [known.get(word, -1) for word in words]
        # Index -1, for words that the vocabulary does not have, is the appended 0.
        return np.append(numbers, 0)[rows].astype(np.uint64)
    array = np.asarray(counts)
    if array.shape != (len(words),) or array.dtype.kind not in "iu" or (array < 0).any():
        raise ValueError(
            f"counts must be an integer >= 0 for each of the {len(words)} words, "
            f"got {shown(counts)}"
        )
    return array.astype(np.uint64)
