"""Word vectors: look up, compare, query, draw, evaluate and export.

Queries have gensim's names, argument order and results, so code written for
``gensim.models.KeyedVectors`` runs on a :class:`WordVectors` unchanged.
"""

from __future__ import annotations

import os
import warnings
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import IO, TYPE_CHECKING, Any, Literal, TypeAlias, overload

import numpy as np
from numpy.typing import DTypeLike, NDArray

from . import _core
from ._checks import boolean, integer, optional_integer, path_text, shown
from ._checks import words as words_of
from ._io import vector_files
from ._io.vector_files import Format
from ._progress import Progress
from ._vectors import search
from ._vectors.combine import COMBINATIONS, combine
from ._vectors.query import Item, Items, Key, listed, reals, weighted
from ._vectors.spelling import close_spellings
from ._vectors.unit_rows import UnitRows, cosine, unit
from .vocabulary import Vocabulary

if TYPE_CHECKING:
    from .evaluation import AnalogyResult, SimilarityResult

__all__ = ["COMBINATIONS", "WordVectors", "combine"]

# Plots, exports and evaluation are imported by the methods that need them, to keep the import of
# glove_rs short.

#: ``(word, cosine)``, best first.
Neighbours: TypeAlias = "list[tuple[str, float]]"
Float32: TypeAlias = "NDArray[np.float32]"

# Frequency ranks shown by `_repr_html_`: after the function words, before the rare words.
_SHOWN_RANKS = (100, 200, 400, 800, 1_600)


class WordVectors:
    """Words and their vectors, most frequent first when they come from a :class:`Glove`.

    Reading is thread-safe. Do not change the matrix: the lengths of the vectors are computed on
    first use and kept.

    Parameters
    ----------
    words : sequence of str, length V
        A repeated word keeps its first vector, with a warning.
    vectors : ndarray, shape (V, dim)
        float32 or float16; not copied if it is C-contiguous and no word is repeated. Other real
        dtypes are converted to float32.

    Attributes
    ----------
    index_to_key : list of str
    key_to_index : dict of str to int
    vectors : ndarray of float32 or float16, shape (V, dim)
    vector_size : int

    Raises
    ------
    ValueError
        If `vectors` is not a matrix of real numbers with one row per word.

    Notes
    -----
    A vector of zeros has no direction. As in gensim, its cosine is NaN in lists and arrays and is
    sorted last, and its :meth:`similarity` to any word is 0.

    Examples
    --------
    >>> import numpy as np
    >>> from glove_rs import WordVectors
    >>> wv = WordVectors(["ice", "snow", "steam"], np.array([[2, 0], [3, 1], [0, 4]], np.float32))
    >>> wv
    WordVectors(3 words, dim=2, float32)
    >>> wv["ice"]
    array([2., 0.], dtype=float32)
    >>> "fire" in wv
    False
    >>> [word for word, cosine in wv.most_similar("ice")]
    ['snow', 'steam']
    """

    def __init__(self, words: Sequence[str], vectors: NDArray[Any]) -> None:
        matrix = np.asarray(vectors)
        if matrix.ndim != 2 or not (
            np.issubdtype(matrix.dtype, np.floating) or np.issubdtype(matrix.dtype, np.integer)
        ):
            raise ValueError(
                "vectors must be a matrix of real numbers, one row per word, "
                f"got shape {matrix.shape} of {matrix.dtype}"
            )
        names = words_of("words", words)
        if len(names) != matrix.shape[0]:
            raise ValueError(
                "words and vectors must have one length, "
                f"got {len(names)} words and {matrix.shape[0]} vectors"
            )
        dtype = np.float16 if matrix.dtype == np.float16 else np.float32
        matrix = np.ascontiguousarray(matrix, dtype=dtype)
        key_to_index = dict(zip(names, range(len(names)), strict=True))
        if len(key_to_index) < len(names):
            names, matrix, key_to_index = _first_of_each(names, matrix)
        self._words: list[str] | Callable[[], list[str]] = names
        self._key_to_index: dict[str, int] | None = key_to_index
        self._vectors: NDArray[Any] = matrix
        self._unit_rows = UnitRows(matrix)

    @classmethod
    def _from_unique(
        cls, words: list[str] | Callable[[], list[str]], vectors: NDArray[Any]
    ) -> WordVectors:
        """Wrap different words and a C-contiguous matrix with one row per word, without checks.

        `words` may be a function that returns them. It is called when a word is first needed, so
        that a memory-mapped file opens without decoding its vocabulary.
        """
        wv = cls.__new__(cls)
        wv._words = words
        wv._key_to_index = None
        wv._vectors = vectors
        wv._unit_rows = UnitRows(vectors)
        return wv

    # ---------------------------------------------------------------- words and rows

    @property
    def index_to_key(self) -> list[str]:
        """The words in the order of the rows: list of str, length V."""
        words = self._words
        if not isinstance(words, list):
            # Two threads may both call it; both get the same words.
            words = self._words = words()
        return words

    @property
    def key_to_index(self) -> dict[str, int]:
        """The row of each word: dict of str to int."""
        table = self._key_to_index
        if table is None:
            words = self.index_to_key
            table = self._key_to_index = dict(zip(words, range(len(words)), strict=True))
        return table

    @property
    def vectors(self) -> NDArray[Any]:
        """The matrix itself, not a copy: float32 or float16, shape (V, dim)."""
        return self._vectors

    @property
    def vector_size(self) -> int:
        """The number of components of a vector."""
        return int(self._vectors.shape[1])

    def __len__(self) -> int:
        return int(self._vectors.shape[0])

    def __contains__(self, key: object) -> bool:
        return self._find(key) is not None

    def __iter__(self) -> Iterator[str]:
        return iter(self.index_to_key)

    def __getitem__(self, keys: Key | Iterable[Key]) -> NDArray[Any]:
        """Return the vector of a word, or the matrix of several.

        Parameters
        ----------
        keys : str or iterable of str

        Returns
        -------
        ndarray of the dtype of :attr:`vectors`
            Shape (dim,), a read-only view, for one word; shape (n, dim), a copy, for several.

        Raises
        ------
        KeyError
            If a word is unknown.
        """
        if isinstance(keys, str | int | np.integer):
            return self.get_vector(keys)
        return self._vectors[self._indices(listed("keys", keys))]

    def __repr__(self) -> str:
        return f"WordVectors({len(self)} words, dim={self.vector_size}, {self._vectors.dtype})"

    def __getstate__(self) -> dict[str, Any]:
        return {"words": self.index_to_key, "vectors": self._vectors}

    def __setstate__(self, state: dict[str, Any]) -> None:
        self._words = state["words"]
        self._key_to_index = None
        self._vectors = state["vectors"]
        self._unit_rows = UnitRows(self._vectors)

    def get_index(self, key: Key, default: int | None = None) -> int:
        """Return the row of a word.

        Parameters
        ----------
        key : str or int
            A word, or a valid index, which is returned unchanged.
        default : int, optional
            What to return for an unknown word.

        Returns
        -------
        int

        Raises
        ------
        KeyError
            If the word is unknown and `default` is not given. The message names the word and up
            to three words of the vocabulary that differ from it by one edit.

        Examples
        --------
        >>> import numpy as np
        >>> from glove_rs import WordVectors
        >>> wv = WordVectors(["ice", "steam"], np.eye(2))
        >>> wv.get_index("steam")
        1
        >>> wv.get_index("stem")
        Traceback (most recent call last):
            ...
        glove_rs.vectors.UnknownWord: Key 'stem' not present in vocabulary; did you mean 'steam'?
        """
        index = self._find(key)
        if index is not None:
            return index
        if default is not None:
            return default
        raise UnknownWord(key, self)

    def get_vector(self, key: Key, norm: bool = False) -> NDArray[Any]:
        """Return the vector of a word.

        Parameters
        ----------
        key : str or int
        norm : bool, default False
            Scale it to unit length.

        Returns
        -------
        ndarray, shape (dim,)
            A read-only view of the row; with `norm`, a new float32 array.

        Raises
        ------
        KeyError
            If the word is unknown.

        Examples
        --------
        >>> import numpy as np
        >>> from glove_rs import WordVectors
        >>> WordVectors(["ice"], np.array([[3.0, 4.0]])).get_vector("ice", norm=True)
        array([0.6, 0.8], dtype=float32)
        """
        index = self.get_index(key)
        row: NDArray[Any] = self._vectors[index]
        if boolean("norm", norm):
            row = self._unit_rows.row(index).astype(np.float32)
        row.flags.writeable = False
        return row

    def get_mean_vector(
        self,
        keys: Items,
        weights: Sequence[float] | NDArray[Any] | None = None,
        pre_normalize: bool = True,
        post_normalize: bool = False,
        ignore_missing: bool = True,
    ) -> Float32:
        """Return the weighted mean of several vectors.

        Parameters
        ----------
        keys : sequence of str, int or ndarray of shape (dim,)
        weights : sequence of float, optional
            One per key; the sum is divided by the sum of their absolute values.
        pre_normalize : bool, default True
            Scale the vectors of words to unit length first. A vector given as an array is used
            as it is.
        post_normalize : bool, default False
            Scale the mean to unit length.
        ignore_missing : bool, default True
            Leave unknown words out.

        Returns
        -------
        ndarray of float32, shape (dim,)

        Raises
        ------
        KeyError
            If a word is unknown and `ignore_missing` is false.
        ValueError
            If there are no keys, or `weights` has another length, or an array another shape.

        Examples
        --------
        >>> import numpy as np
        >>> from glove_rs import WordVectors
        >>> wv = WordVectors(["ice", "steam"], np.array([[2.0, 0.0], [0.0, 4.0]]))
        >>> wv.get_mean_vector(["ice", "steam"])
        array([0.5, 0.5], dtype=float32)
        """
        pre_normalize = boolean("pre_normalize", pre_normalize)
        post_normalize = boolean("post_normalize", post_normalize)
        ignore_missing = boolean("ignore_missing", ignore_missing)
        mean = self._mean(listed("keys", keys), weights, pre_normalize, ignore_missing)
        return (unit(mean) if post_normalize else mean).astype(np.float32)

    def _mean(
        self,
        items: list[Any],
        weights: Sequence[float] | NDArray[Any] | None,
        pre_normalize: bool,
        ignore_missing: bool,
    ) -> NDArray[np.float64]:
        """Return the weighted mean of several vectors in float64, shape (dim,)."""
        if not items:
            raise ValueError("cannot compute mean with no input")
        factors = np.ones(len(items)) if weights is None else reals("weights", weights)
        if factors.shape != (len(items),):
            raise ValueError(
                "keys and weights must have one length, "
                f"got {len(items)} keys and weights of shape {factors.shape}"
            )
        total = np.zeros(self.vector_size)
        weight = 0.0
        for item, factor in zip(items, factors, strict=True):
            if isinstance(item, np.ndarray):
                row = self._checked(item)
            elif (index := self._find(item)) is not None:
                row = self._unit_rows.row(index) if pre_normalize else self._vectors[index]
            elif ignore_missing:
                continue
            else:
                raise UnknownWord(item, self)
            total += factor * row.astype(np.float64)
            weight += abs(float(factor))
        if weight > 0:
            total /= weight
        return total

    # ---------------------------------------------------------------- neighbours

    @overload
    def most_similar(
        self,
        positive: Items = None,
        negative: Items = None,
        topn: int = 10,
        clip_start: int = 0,
        clip_end: int | None = None,
        restrict_vocab: int | None = None,
    ) -> Neighbours: ...
    @overload
    def most_similar(
        self,
        positive: Items,
        negative: Items,
        topn: None,
        clip_start: int = 0,
        clip_end: int | None = None,
        restrict_vocab: int | None = None,
    ) -> Float32: ...
    @overload
    def most_similar(
        self,
        positive: Items = None,
        negative: Items = None,
        *,
        topn: None,
        clip_start: int = 0,
        clip_end: int | None = None,
        restrict_vocab: int | None = None,
    ) -> Float32: ...
    def most_similar(
        self,
        positive: Items = None,
        negative: Items = None,
        topn: int | None = 10,
        clip_start: int = 0,
        clip_end: int | None = None,
        restrict_vocab: int | None = None,
    ) -> Neighbours | Float32:
        """Find the words closest in direction to some words, and away from others.

        The unit vectors of `positive` and `negative` are averaged with weights 1 and -1. Words are
        sorted by their cosine with this mean. Words of the query are not returned.

        Parameters
        ----------
        positive, negative : str, int, ndarray of shape (dim,), or a list of those, optional
            An item may be a pair ``(item, weight)``; the weight replaces 1 or -1, sign included.
        topn : int or None, default 10
            The number of words to return; None returns all cosines instead.
        clip_start, clip_end : int, optional
            Search only the rows from `clip_start` up to `clip_end`.
        restrict_vocab : int, optional
            Search only this many rows from the first; overrides `clip_start` and `clip_end`.

        Returns
        -------
        list of (str, float)
            Best first; equal cosines in the order of the vocabulary. With ``topn=None``, an
            ndarray of float32 with one cosine per searched row.

        Raises
        ------
        KeyError
            If a word is unknown.
        ValueError
            If there is neither a positive nor a negative item.

        Examples
        --------
        >>> import numpy as np
        >>> from glove_rs import WordVectors
        >>> wv = WordVectors(["ice", "snow", "steam"], np.array([[2.0, 0], [3, 1], [0, 4]]))
        >>> [(word, round(cosine, 4)) for word, cosine in wv.most_similar("ice", topn=1)]
        [('snow', 0.9487)]
        """
        topn = optional_integer("topn", topn, None)
        clip_start = integer("clip_start", clip_start, 0)
        clip_end = optional_integer("clip_end", clip_end, 0)
        restrict_vocab = optional_integer("restrict_vocab", restrict_vocab, 0)
        if topn is not None and topn < 1:
            return []
        items, weights = weighted(positive, negative)
        mean = self._mean(items, weights, pre_normalize=True, ignore_missing=False)
        if restrict_vocab:
            clip_start, clip_end = 0, restrict_vocab
        start, stop, _ = slice(clip_start, clip_end or None).indices(len(self))
        cosines = self._unit_rows.cosines(unit(mean).astype(np.float32), start, stop)
        if topn is None:
            return cosines
        exclude = {self.get_index(item) for item in items if not isinstance(item, np.ndarray)}
        return self._listing(cosines, topn, exclude, start)

    def most_similar_cosmul(
        self,
        positive: Items = None,
        negative: Items = None,
        topn: int | None = 10,
        restrict_vocab: int | None = None,
    ) -> Neighbours | Float32:
        """Find the words that maximise the product of cosines, 3CosMul (Levy & Goldberg 2014).

        Each cosine is moved to [0, 1]. The score is the product of the cosines with `positive`,
        divided by the product of the cosines with `negative` plus 10⁻⁶.

        Parameters
        ----------
        positive, negative : str, int, ndarray of shape (dim,), or a list of those, optional
            Arrays are used as they are: give them unit length.
        topn : int or None, default 10
            The number of words to return; None returns all scores instead.
        restrict_vocab : int, optional
            Search only this many rows from the first.

        Returns
        -------
        list of (str, float)
            Best first, without the words of the query. With ``topn=None``, an ndarray of float32
            with one score per searched row.

        Raises
        ------
        KeyError
            If a word is unknown.
        ValueError
            If there is no positive item.

        Examples
        --------
        >>> import numpy as np
        >>> from glove_rs import WordVectors
        >>> wv = WordVectors(["ice", "snow", "steam"], np.array([[2.0, 0], [3, 1], [0, 4]]))
        >>> wv.most_similar_cosmul("ice", "steam", topn=1)[0][0]
        'snow'
        """
        topn = optional_integer("topn", topn, None)
        restrict_vocab = optional_integer("restrict_vocab", restrict_vocab, 0)
        if topn is not None and topn < 1:
            return []
        plus, minus = listed("positive", positive), listed("negative", negative)
        if not plus:
            raise ValueError("cannot compute similarity with no input")
        start, stop, _ = slice(0, restrict_vocab or None).indices(len(self))
        scores = search.cosmul(
            self._unit_rows,
            [self._unit_vector(item) for item in plus],
            [self._unit_vector(item) for item in minus],
            start,
            stop,
        )
        if topn is None:
            return scores
        exclude = {
            self.get_index(item) for item in plus + minus if not isinstance(item, np.ndarray)
        }
        return self._listing(scores, topn, exclude, start)

    def similar_by_word(
        self, word: Key, topn: int | None = 10, restrict_vocab: int | None = None
    ) -> Neighbours | Float32:
        """Find the words closest to a word: ``most_similar([word], ...)``.

        Parameters
        ----------
        word : str
        topn, restrict_vocab
            As in :meth:`most_similar`.

        Returns
        -------
        list of (str, float), or ndarray of float32 with ``topn=None``

        Raises
        ------
        KeyError
            If the word is unknown.

        Examples
        --------
        >>> import numpy as np
        >>> from glove_rs import WordVectors
        >>> wv = WordVectors(["ice", "snow", "steam"], np.array([[2.0, 0], [3, 1], [0, 4]]))
        >>> wv.similar_by_word("steam", topn=1)[0][0]
        'snow'
        """
        if topn is None:
            return self.most_similar([word], topn=None, restrict_vocab=restrict_vocab)
        return self.most_similar([word], topn=topn, restrict_vocab=restrict_vocab)

    def similar_by_vector(
        self, vector: NDArray[Any], topn: int | None = 10, restrict_vocab: int | None = None
    ) -> Neighbours | Float32:
        """Find the words closest to a vector: ``most_similar([vector], ...)``.

        Parameters
        ----------
        vector : ndarray of float, shape (dim,)
        topn, restrict_vocab
            As in :meth:`most_similar`.

        Returns
        -------
        list of (str, float), or ndarray of float32 with ``topn=None``

        Raises
        ------
        ValueError
            If the vector has another shape.

        Examples
        --------
        >>> import numpy as np
        >>> from glove_rs import WordVectors
        >>> wv = WordVectors(["ice", "snow", "steam"], np.array([[2.0, 0], [3, 1], [0, 4]]))
        >>> wv.similar_by_vector(np.array([0.0, 1.0]), topn=1)
        [('steam', 1.0)]
        """
        if topn is None:
            return self.most_similar([vector], topn=None, restrict_vocab=restrict_vocab)
        return self.most_similar([vector], topn=topn, restrict_vocab=restrict_vocab)

    def most_similar_batch(self, words: Sequence[Key], topn: int = 10) -> list[Neighbours]:
        """Find the neighbours of many words, faster than with :meth:`most_similar` in a loop.

        The queries are multiplied with the vocabulary block by block, so the memory used beyond
        the result does not grow with the number of words.

        Parameters
        ----------
        words : sequence of str
        topn : int, default 10

        Returns
        -------
        list of list of (str, float)
            One list per word, in the order of `words`.

        Raises
        ------
        KeyError
            If a word is unknown. This is checked before the search.

        Examples
        --------
        >>> import numpy as np
        >>> from glove_rs import WordVectors
        >>> wv = WordVectors(["ice", "snow", "steam"], np.array([[2.0, 0], [3, 1], [0, 4]]))
        >>> [near[0][0] for near in wv.most_similar_batch(["ice", "steam"], topn=1)]
        ['snow', 'snow']
        """
        topn = integer("topn", topn, None)
        indices = self._indices(listed("words", words))
        if topn < 1:
            return [[] for _ in indices]
        count = min(topn, len(self) - 1)
        names = self.index_to_key
        directed = self._unit_rows.directed()
        result: list[Neighbours] = []
        for index, near, cosines in search.nearest(self._unit_rows, indices, count):
            # Without a direction, or with too few neighbours that have one, the single query
            # decides the order: rows without a direction come last.
            if not directed[index] or (near and near[-1] == len(self)):
                result.append(self.most_similar(index, topn=topn))
            else:
                result.append([(names[i], v) for i, v in zip(near, cosines, strict=True)])
        return result

    def analogy(self, a: Key, b: Key, c: Key, topn: int = 10) -> Neighbours:
        """Answer "`a` is to `b` as `c` is to what?": ``most_similar([b, c], [a], topn)``.

        Parameters
        ----------
        a, b, c : str
        topn : int, default 10

        Returns
        -------
        list of (str, float)
            Words closest to ``b - a + c`` (unit vectors), best first.

        Raises
        ------
        KeyError
            If a word is unknown.

        Examples
        --------
        >>> import numpy as np
        >>> from glove_rs import WordVectors
        >>> royal, male = np.array([1.0, 0, 0]), np.array([0, 1.0, 0])
        >>> words = ["man", "woman", "king", "queen"]
        >>> wv = WordVectors(words, np.stack([male, -male, male + royal, royal - male]))
        >>> wv.analogy("man", "king", "woman", topn=1)[0][0]
        'queen'
        """
        return self.most_similar([b, c], [a], topn=topn)

    # ---------------------------------------------------------------- comparisons

    def similarity(self, w1: Key, w2: Key) -> float:
        """Return the cosine of two words.

        Parameters
        ----------
        w1, w2 : str

        Returns
        -------
        float
            From -1 to 1; 0 if either is a vector of zeros.

        Raises
        ------
        KeyError
            If a word is unknown.

        Examples
        --------
        >>> import numpy as np
        >>> from glove_rs import WordVectors
        >>> WordVectors(["ice", "snow"], np.array([[2.0, 0], [3, 4]])).similarity("ice", "snow")
        0.6
        """
        return cosine(self.get_vector(w1), self.get_vector(w2))

    def n_similarity(self, ws1: Sequence[Key], ws2: Sequence[Key]) -> float:
        """Return the cosine of the means of two lists of words. Unknown words are left out.

        Parameters
        ----------
        ws1, ws2 : sequence of str

        Returns
        -------
        float
            0 if no word of a list is known.

        Raises
        ------
        ZeroDivisionError
            If a list is empty.

        Examples
        --------
        >>> import numpy as np
        >>> from glove_rs import WordVectors
        >>> wv = WordVectors(["ice", "snow", "steam"], np.array([[2.0, 0], [2, 2], [0, 2]]))
        >>> wv.n_similarity(["ice", "steam"], ["snow"])
        1.0
        """
        first, second = listed("ws1", ws1), listed("ws2", ws2)
        if not (first and second):
            raise ZeroDivisionError("at least one of the lists of words is empty")
        means = (
            self._mean(words, None, pre_normalize=False, ignore_missing=True)
            for words in (first, second)
        )
        return cosine(*means)

    def distance(self, w1: Key, w2: Key) -> float:
        """Return the cosine distance of two words, ``1 - similarity(w1, w2)``.

        Parameters
        ----------
        w1, w2 : str

        Returns
        -------
        float
            From 0 to 2.

        Raises
        ------
        KeyError
            If a word is unknown.

        Examples
        --------
        >>> import numpy as np
        >>> from glove_rs import WordVectors
        >>> WordVectors(["ice", "steam"], np.array([[2.0, 0], [0, 4]])).distance("ice", "steam")
        1.0
        """
        return 1.0 - self.similarity(w1, w2)

    def distances(self, word_or_vector: Item, other_words: Iterable[Key] | None = ()) -> Float32:
        """Return the cosine distance of a word to other words, or to all words.

        Parameters
        ----------
        word_or_vector : str or ndarray of shape (dim,)
        other_words : iterable of str, optional
            None or empty: the whole vocabulary, including the word itself.

        Returns
        -------
        ndarray of float32, shape (number of words,)

        Raises
        ------
        KeyError
            If a word is unknown.
        ValueError
            If a vector has another shape.

        Examples
        --------
        >>> import numpy as np
        >>> from glove_rs import WordVectors
        >>> WordVectors(["ice", "steam"], np.array([[2.0, 0], [0, 4]])).distances("ice")
        array([0., 1.], dtype=float32)
        """
        given = (
            self._checked(word_or_vector)
            if isinstance(word_or_vector, np.ndarray)
            else self.get_vector(word_or_vector)
        )
        others = self._indices(listed("other_words", other_words))
        return self._unit_rows.cosine_distances(given, others)

    def doesnt_match(self, words: Sequence[Key]) -> str:
        """Return the word furthest from the mean direction of all. Unknown words are left out.

        Parameters
        ----------
        words : sequence of str

        Returns
        -------
        str
            If several words are equally far, the first of them in alphabetical order.

        Raises
        ------
        ValueError
            If no word is known.

        Warns
        -----
        UserWarning
            Naming the words left out.

        Examples
        --------
        >>> import numpy as np
        >>> from glove_rs import WordVectors
        >>> wv = WordVectors(["ice", "snow", "steam"], np.array([[2.0, 0], [3, 1], [0, 4]]))
        >>> wv.doesnt_match(["ice", "snow", "steam"])
        'steam'
        """
        asked = listed("words", words)
        known = [word for word in asked if word in self]
        if len(known) < len(asked):
            missing = ", ".join(shown(word) for word in asked if word not in self)
            warnings.warn(f"words left out, not in the vocabulary: {missing}", stacklevel=2)
        if not known:
            raise ValueError("cannot select a word from an empty list")
        indices = self._indices(known)
        rows = self._unit_rows.rows(indices)
        mean = unit(rows.mean(axis=0, dtype=np.float64)).astype(np.float32)
        names = [self.index_to_key[index] for index in indices.tolist()]
        furthest: tuple[float, str] = min(zip((rows @ mean).tolist(), names, strict=True))
        return furthest[1]

    def closer_than(self, key1: Key, key2: Key) -> list[str]:
        """Return the words closer to `key1` than `key2` is, in the order of the vocabulary.

        Parameters
        ----------
        key1, key2 : str

        Returns
        -------
        list of str

        Raises
        ------
        KeyError
            If a word is unknown.

        Examples
        --------
        >>> import numpy as np
        >>> from glove_rs import WordVectors
        >>> wv = WordVectors(["ice", "snow", "steam"], np.array([[2.0, 0], [3, 1], [0, 4]]))
        >>> wv.closer_than("ice", "steam")
        ['snow']
        """
        first, second = self.get_index(key1), self.get_index(key2)
        distances = self.distances(first)
        closer = np.flatnonzero(distances < distances[second])
        return [self.index_to_key[index] for index in closer if index != first]

    def rank(self, key1: Key, key2: Key) -> int:
        """Return the rank of `key2` among the neighbours of `key1`; the closest has rank 1.

        Parameters
        ----------
        key1, key2 : str

        Returns
        -------
        int

        Raises
        ------
        KeyError
            If a word is unknown.

        Examples
        --------
        >>> import numpy as np
        >>> from glove_rs import WordVectors
        >>> wv = WordVectors(["ice", "snow", "steam"], np.array([[2.0, 0], [3, 1], [0, 4]]))
        >>> wv.rank("ice", "steam")
        2
        """
        return len(self.closer_than(key1, key2)) + 1

    # ---------------------------------------------------------------- evaluation

    def evaluate(
        self,
        path: str | os.PathLike[str],
        *,
        method: str = "3cosadd",
        restrict_vocab: int | None = None,
        lowercase: bool = True,
    ) -> AnalogyResult | SimilarityResult:
        r"""Measure the vectors on a file of analogy questions or of rated word pairs.

        A file whose first line starts with ':' goes to :func:`glove_rs.evaluation.analogies`, any
        other to :func:`glove_rs.evaluation.similarity`.

        Parameters
        ----------
        path : str or path-like
        method : {"3cosadd", "3cosmul"}, default "3cosadd"
            For analogies.
        restrict_vocab : int, optional
            Use only this many words from the first.
        lowercase : bool, default True
            Lower-case the words of the file.

        Returns
        -------
        AnalogyResult or SimilarityResult

        Raises
        ------
        FormatError
            If the file is malformed.
        OSError
            If it cannot be read.

        Examples
        --------
        >>> import os, tempfile
        >>> import numpy as np
        >>> from glove_rs import WordVectors
        >>> wv = WordVectors(["ice", "snow", "steam"], np.array([[2.0, 0], [3, 1], [0, 4]]))
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     path = os.path.join(folder, "pairs.tsv")
        ...     with open(path, "w") as file:
        ...         _ = file.write("ice\tsnow\t9\nice\tsteam\t3\nsnow\tsteam\t4\n")
        ...     round(wv.evaluate(path).spearman, 3)
        1.0
        """
        from . import evaluation

        return evaluation.evaluate(
            self, path, method=method, restrict_vocab=restrict_vocab, lowercase=lowercase
        )

    # ---------------------------------------------------------------- files

    @classmethod
    def load(
        cls,
        path: str | os.PathLike[str] | IO[bytes] | IO[str],
        *,
        member: str | None = None,
        format: Format | None = None,
        limit: int | None = None,
        dtype: DTypeLike = "float32",
        errors: str = "strict",
        vocabulary: str | os.PathLike[str] | Vocabulary | None = None,
        combine: str = "sum",
        mmap: bool = True,
        max_line_bytes: int = 64 << 20,
        progress: Progress = None,
    ) -> WordVectors:
        r"""Read vectors from a file of any of the usual formats.

        Parameters
        ----------
        path : str, path-like or open file
            Uncompressed, or compressed by gzip, bzip2, xz or Zstandard: the content tells, not the
            name. ``"archive.zip:name"`` is a file in a zip archive. An open file, of bytes or text,
            is read from where it is.
        member : str, optional
            The name of the file to read if `path` is a zip archive of several: the whole name in
            the archive, or its last part. Without it, an archive of several files is an error that
            lists them.
        format : str, optional
            Detected from the content if not given:

            ``"glove"``
                Text with a word and its numbers on each line, as in pretrained GloVe files.
            ``"word2vec"``
                The same after a first line ``V dim``, as in fastText's ``.vec`` files.
            ``"word2vec_binary"``
                word2vec's binary format.
            ``"stanford"``
                The ``.bin`` of Stanford's ``glove``. Needs `vocabulary`.
            ``"native"``
                The format of :meth:`save`. An uncompressed file with numbers of `dtype` is mapped
                into memory instead of read: it opens at once, processes share its pages, and
                :attr:`vectors` is read-only. See `mmap`.
        limit : int, optional
            Read only this many vectors from the first, >= 1.
        dtype : {"float32", "float16"}, default "float32"
            The precision of the numbers. float16 takes half the memory.
        errors : {"strict", "replace", "ignore"}, default "strict"
            What to do with bytes of a word that are not UTF-8, which word2vec's tool may write:
            raise an error, replace them with U+FFFD, or leave them out. Words that are equal
            afterwards are repeated words.
        vocabulary : path or Vocabulary, optional
            The words of a Stanford ``.bin``, in Stanford's text format.
        combine : {"sum", "mean", "word", "context", "concat"}, default "sum"
            How to combine the two vectors of a word in a Stanford ``.bin``; see
            :meth:`glove_rs.Glove.word_vectors`. The other formats have one vector per word.
        mmap : bool, default True
            Map a native file into memory if possible; False reads it. Do not shorten a mapped
            file in place: a process that then reads the missing pages is killed (SIGBUS).
            Replacing the file, as :meth:`save` does, is safe.
        max_line_bytes : int, default 67108864
            The longest line allowed in a text, in bytes, from 1 to 2**40. A longer line is an
            error, so that a small compressed file cannot fill the memory.
        progress : bool or callable, optional
            As for :class:`glove_rs.Glove`.

        Returns
        -------
        WordVectors
            A repeated word keeps its first vector, with a warning. Another warning counts vectors
            that hold NaN or infinity, unless the file is mapped.

        Raises
        ------
        FormatError
            For a malformed file, with the line of a text or the byte of a binary file. For a file
            of another kind the message says what it is and what reads it.
        OSError
            If the file cannot be read: the subclass that fits, with the path.
        ValueError
            For a bad parameter, and for an archive of several files without `member`.

        Notes
        -----
        In text, one space or tab separates words and numbers. A word may itself contain spaces, as
        in glove.840B: the last `dim` fields of a line are the vector, and all before them is the
        word. So if a line has a number too many, the word ends in a number; a warning names such
        words. Columns that are aligned by several spaces, separated by commas or semicolons, and
        numbers with a decimal comma are recognised if most of the first lines have them; a first
        line with the names of the columns is then left out. Numbers are rounded to the nearest
        float32; `nan` and `inf` are accepted.

        Examples
        --------
        >>> import os, tempfile
        >>> from glove_rs import WordVectors
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     path = os.path.join(folder, "vectors.txt")
        ...     with open(path, "w") as file:
        ...         _ = file.write("ice 1 0\nnew york 0 1\n")
        ...     wv = WordVectors.load(path)
        >>> wv.index_to_key, wv["new york"].tolist()
        (['ice', 'new york'], [0.0, 1.0])
        """
        return cls._from_unique(
            *vector_files.read(
                path,
                member=member,
                format=format,
                limit=limit,
                dtype=dtype,
                errors=errors,
                vocabulary=vocabulary,
                combine=combine,
                mmap=mmap,
                max_line_bytes=max_line_bytes,
                progress=progress,
            )
        )

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write the native format, which :meth:`load` maps into memory: large files open at once.

        It stores any words and either dtype.

        Parameters
        ----------
        path : str or path-like
            The file; its name does not matter.

        Raises
        ------
        OSError
            If the file cannot be written. An existing file is then left unchanged.

        Examples
        --------
        >>> import os, tempfile
        >>> import numpy as np
        >>> from glove_rs import WordVectors
        >>> folder = tempfile.TemporaryDirectory()
        >>> path = os.path.join(folder.name, "vectors")
        >>> WordVectors(["ice", "steam"], np.eye(2)).save(path)
        >>> WordVectors.load(path)["steam"]
        array([0., 1.], dtype=float32)
        """
        _core.save_vectors(path_text("path", path), self.index_to_key, self._vectors, "native")

    def save_word2vec_format(self, path: str | os.PathLike[str], binary: bool = False) -> None:
        r"""Write the vectors in word2vec's format, which gensim, spaCy and others read.

        ``spacy init vectors`` takes the text as its second argument.

        Parameters
        ----------
        path : str or path-like
        binary : bool, default False
            Write float32 in little-endian bytes instead of text. The text has the fewest digits
            that are read as the same float32.

        Raises
        ------
        OSError
            If the file cannot be written. An existing file is then left unchanged.
        ValueError
            If a word is empty or contains a space or newline: other programs would split it.

        Examples
        --------
        >>> import os, tempfile
        >>> import numpy as np
        >>> from glove_rs import WordVectors
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     path = os.path.join(folder, "vectors.txt")
        ...     WordVectors(["ice", "steam"], np.eye(2)).save_word2vec_format(path)
        ...     open(path).readline()
        '2 2\n'
        """
        layout: Literal["text", "binary"] = "binary" if boolean("binary", binary) else "text"
        _core.save_vectors(path_text("path", path), self.index_to_key, self._vectors, layout)

    def save_glove(self, path: str | os.PathLike[str], unk: bool = False) -> None:
        r"""Write the vectors in GloVe's text format: no header, a word and its numbers on a line.

        Parameters
        ----------
        path : str or path-like
        unk : bool, default False
            Add a last vector for ``<unk>``, as Stanford's tool does: the mean of the last 100
            vectors, those of the rarest words.

        Raises
        ------
        OSError
            If the file cannot be written. An existing file is then left unchanged.
        ValueError
            If a word is empty or contains a newline; if too many words end in a space and a
            number, so that the length of the vectors could not be detected; or if `unk` is true
            and ``<unk>`` is a word already.

        Examples
        --------
        >>> import os, tempfile
        >>> import numpy as np
        >>> from glove_rs import WordVectors
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     path = os.path.join(folder, "vectors.txt")
        ...     WordVectors(["ice", "steam"], np.eye(2)).save_glove(path, unk=True)
        ...     open(path).readlines()
        ['ice 1.0 0.0\n', 'steam 0.0 1.0\n', '<unk> 0.5 0.5\n']
        """
        words, matrix = self.index_to_key, self._vectors
        if boolean("unk", unk):
            if "<unk>" in self:
                raise ValueError("unk must be False: there is a word <unk> already")
            mean = matrix[-100:].mean(axis=0, dtype=np.float32, keepdims=True)
            words, matrix = [*words, "<unk>"], np.vstack([matrix, mean.astype(matrix.dtype)])
        _core.save_vectors(path_text("path", path), words, matrix, "headless")

    # ---------------------------------------------------------------- other libraries

    def to_gensim(self) -> Any:
        """Return the same vectors as a ``gensim.models.KeyedVectors``, the matrix shared.

        Returns
        -------
        gensim.models.KeyedVectors
            It shares the matrix: a change of its ``vectors`` changes :attr:`vectors`.

        Raises
        ------
        ImportError
            If gensim is not installed.

        Examples
        --------
        >>> import numpy as np
        >>> from glove_rs import WordVectors
        >>> wv = WordVectors(["ice", "steam"], np.eye(2))
        >>> wv.to_gensim().vectors is wv.vectors
        True
        """
        from ._vectors.export import gensim_vectors

        return gensim_vectors(self.index_to_key, self.key_to_index, self._vectors)

    def to_pandas(self) -> Any:
        """Return the vectors as a ``pandas.DataFrame``, one row per word, the matrix not copied.

        Returns
        -------
        pandas.DataFrame
            Shape (V, dim), indexed by word.

        Raises
        ------
        ImportError
            If pandas is not installed.

        Examples
        --------
        >>> import numpy as np
        >>> from glove_rs import WordVectors
        >>> WordVectors(["ice", "steam"], np.eye(2)).to_pandas().loc["steam"].tolist()
        [0.0, 1.0]
        """
        from ._vectors.export import pandas_frame

        return pandas_frame(self.index_to_key, self._vectors)

    # ---------------------------------------------------------------- pictures

    def plot(self, words: Sequence[Key], ax: Any = None) -> Any:
        """Draw words on the plane of their first two principal components, with labels.

        Parameters
        ----------
        words : sequence of str
            At least two.
        ax : matplotlib.axes.Axes, optional
            Where to draw; a new figure by default.

        Returns
        -------
        matplotlib.axes.Axes
            It has one collection with a point per word, and one text per word. Both axes have the
            same scale. Their labels give the fraction of the variance along each component.

        Raises
        ------
        ImportError
            If matplotlib is not installed.
        KeyError
            If a word is unknown.
        ValueError
            If there are fewer than two words, or a vector is not finite.

        Examples
        --------
        >>> import matplotlib
        >>> matplotlib.use("Agg")
        >>> import numpy as np
        >>> from glove_rs import WordVectors
        >>> wv = WordVectors(["ice", "snow", "steam"], np.array([[2.0, 0], [3, 1], [0, 4]]))
        >>> [text.get_text() for text in wv.plot(["ice", "steam"]).texts]
        ['ice', 'steam']
        """
        indices = self._indices(listed("words", words))
        if len(indices) < 2:
            raise ValueError(f"plot needs at least two words, got {len(indices)}")
        lost = indices[~np.isfinite(self._vectors[indices]).all(axis=1)]
        if lost.size:
            word = self.index_to_key[lost[0]]
            raise ValueError(f"plot needs finite vectors, and that of {word!r} is not")
        names = [self.index_to_key[index] for index in indices.tolist()]
        from ._vectors.plot import scatter

        return scatter(names, self._vectors[indices], ax)

    def _repr_html_(self) -> str:
        """Return a small table of neighbours, for notebooks."""
        ranks = [rank for rank in _SHOWN_RANKS if rank < len(self)]
        words = [self.index_to_key[rank] for rank in ranks or range(min(5, len(self)))]
        from ._vectors.plot import neighbour_table

        return neighbour_table(repr(self), words, self.most_similar_batch(words, topn=5))

    # ---------------------------------------------------------------- rows and scores

    def _find(self, key: object) -> int | None:
        """Return the row of a word or of a valid index, else None."""
        if isinstance(key, str):
            return self.key_to_index.get(key)
        if isinstance(key, int | np.integer) and 0 <= key < len(self):
            return int(key)
        return None

    def _indices(self, keys: Iterable[Key]) -> NDArray[np.intp]:
        return np.array([self.get_index(key) for key in keys], dtype=np.intp)

    def _checked(self, vector: NDArray[Any]) -> NDArray[Any]:
        if vector.shape != (self.vector_size,):
            raise ValueError(f"a vector must have shape ({self.vector_size},), got {vector.shape}")
        return vector

    def _unit_vector(self, item: Item) -> NDArray[Any]:
        """Return the unit vector of a word; a vector is returned as it is."""
        if isinstance(item, np.ndarray):
            return self._checked(item)
        return self.get_vector(item, norm=True)

    def _listing(self, scores: Float32, topn: int, exclude: set[int], start: int) -> Neighbours:
        """Return the words of the best scores; ``scores[0]`` is that of row `start`."""
        best = search.largest(scores, topn + len(exclude))
        names = self.index_to_key
        near = [
            (names[row + start], float(scores[row]))
            for row in best.tolist()
            if row + start not in exclude
        ]
        return near[:topn]


class UnknownWord(KeyError):  # noqa: N818 - users catch KeyError
    """A word is not in the vocabulary; the message suggests words with a similar spelling.

    The suggestions are searched when the message is read, so that code which catches the error and
    goes on does not wait for them.
    """

    def __init__(self, key: object, wv: WordVectors) -> None:
        super().__init__(f"Key {shown(key)} not present in vocabulary")
        self._key = key
        self._wv = wv

    def __str__(self) -> str:
        near = []
        if isinstance(self._key, str):
            near = close_spellings(self._key, self._wv.index_to_key, self._wv.key_to_index)
        hint = f"; did you mean {' or '.join(repr(word) for word in near)}?" if near else ""
        return f"{self.args[0]}{hint}"

    def __reduce__(self) -> tuple[Any, ...]:
        # Pickled as its message, without the vectors.
        return KeyError, (str(self),)


def _first_of_each(
    names: list[str], matrix: NDArray[Any]
) -> tuple[list[str], NDArray[Any], dict[str, int]]:
    """Drop the rows of repeated words, keep the first row of each, and warn."""
    key_to_index: dict[str, int] = {}
    first_rows: list[int] = []
    repeated: list[str] = []
    for row, name in enumerate(names):
        if name in key_to_index:
            repeated.append(name)
        else:
            key_to_index[name] = len(first_rows)
            first_rows.append(row)
    vector_files.warn_of_repeated(repeated, len(names), stacklevel=3)
    return list(key_to_index), matrix[first_rows], key_to_index
