"""Word vectors: look up, compare, query, draw and hand over.

Queries carry gensim's names, argument order and results, so that code written for
``gensim.models.KeyedVectors`` runs on a :class:`WordVectors` unchanged.
"""

from __future__ import annotations

import html
import os
import warnings
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any, Literal, TypeAlias, cast, overload

import numpy as np
from numpy.typing import DTypeLike, NDArray

from . import _core, _vector_files, evaluation
from ._optional import optional
from ._parameters import boolean, choice, integer, optional_integer, path_text, shown
from ._parameters import words as words_of
from ._progress import Progress
from ._vector_files import Format
from .vocabulary import Vocabulary

__all__ = ["COMBINATIONS", "WordVectors", "combine"]

#: A word, or the index of one.
Key: TypeAlias = "str | int | np.integer[Any]"
#: What a query may be made of: a word, its index, or a vector.
Item: TypeAlias = "Key | NDArray[Any]"
#: One item, several, or several with a weight each.
Items: TypeAlias = "Item | Iterable[Item | tuple[Item, float]] | None"
#: ``(word, cosine)``, best first.
Neighbours: TypeAlias = "list[tuple[str, float]]"
Float32: TypeAlias = "NDArray[np.float32]"

#: The ways :func:`combine` knows to make one vector of a word's two.
COMBINATIONS = _core.COMBINATIONS

# Rows handled at a time wherever a whole matrix is walked: 16,384 rows of 300 float32 are 20 MB.
_ROWS = 16_384
# Queries multiplied at a time in a batch: 256 x 16,384 cosines are 16 MB. 1,000 words on
# 400,000 x 300, two cores: 1.2 s with 64 to 512 queries by 8,192 to 32,768 rows.
_QUERIES = 256
# Queries that share one pass over the vocabulary, whose rows are scaled to unit length once a pass.
_PASS = 1_024
# Sums of squares of float32 within which neither they nor products with a unit vector lose digits.
_SQUARES = (1e-30, 1e30)
# Frequency ranks shown by `_repr_html_`: past the function words, before the rare ones.
_SHOWN_RANKS = (100, 200, 400, 800, 1_600)


def combine(W: NDArray[Any], W_tilde: NDArray[Any], how: str = "sum") -> Float32:
    """Make one vector per word of its word vector and its context vector.

    Parameters
    ----------
    W, W_tilde : ndarray of float, shape (V, dim)
        Word and context vectors.
    how : {"sum", "mean", "word", "context", "concat"}, default "sum"
        ``W + W_tilde`` (the paper's choice), their mean, either alone, or both side by side.

    Returns
    -------
    ndarray of float32, shape (V, dim), or (V, 2 dim) for "concat"
        "word" and "context" return the float32 input itself, without a copy.

    Raises
    ------
    ValueError
        If `how` is not one of the choices, or the shapes differ.

    Examples
    --------
    >>> import numpy as np
    >>> from glove_rs.vectors import combine
    >>> combine(np.array([[1.0, 2.0]]), np.array([[3.0, 4.0]]), "concat")
    array([[1., 2., 3., 4.]], dtype=float32)
    """
    how = choice("combine", how, COMBINATIONS)
    if np.shape(W) != np.shape(W_tilde):
        raise ValueError(
            f"W and W_tilde must have one shape, got {np.shape(W)} and {np.shape(W_tilde)}"
        )
    word, context = np.asarray(W, dtype=np.float32), np.asarray(W_tilde, dtype=np.float32)
    if how == "word":
        return word
    if how == "context":
        return context
    if how == "concat":
        return np.concatenate((word, context), axis=1)
    total = word + context
    if how == "mean":
        total *= np.float32(0.5)
    return total


class WordVectors:
    """Words and their vectors, most frequent first when they come from a :class:`Glove`.

    Reading is thread-safe. The matrix is taken to be constant: lengths are computed on first use
    and kept.

    Parameters
    ----------
    words : sequence of str, length V
        A word that comes twice keeps its first vector, with a warning.
    vectors : ndarray, shape (V, dim)
        float32 or float16; not copied when C-contiguous of such a dtype (and no word comes
        twice). Other real dtypes are converted to float32.

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
    A vector of zeros has no direction. As in gensim its cosine in a list or an array is NaN and
    comes last, and its :meth:`similarity` to anything is 0.

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
        self._lengths: tuple[Float32, NDArray[np.intp]] | None = None

    @classmethod
    def _from_unique(
        cls, words: list[str] | Callable[[], list[str]], vectors: NDArray[Any]
    ) -> WordVectors:
        """Wrap words known to differ and a C-contiguous matrix known to fit them.

        `words` may be a function that reads them: it is called when a word is first asked for, so
        a memory-mapped file opens without decoding its vocabulary.
        """
        wv = cls.__new__(cls)
        wv._words = words
        wv._key_to_index = None
        wv._vectors = vectors
        wv._lengths = None
        return wv

    # ---------------------------------------------------------------- words and rows

    @property
    def index_to_key(self) -> list[str]:
        """The words in the order of the rows: list of str, length V."""
        words = self._words
        if not isinstance(words, list):
            # Two threads may both read the words; they read the same ones.
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
        return self._vectors[self._indices(_listed("keys", keys))]

    def __repr__(self) -> str:
        return f"WordVectors({len(self)} words, dim={self.vector_size}, {self._vectors.dtype})"

    def __getstate__(self) -> dict[str, Any]:
        return {"words": self.index_to_key, "vectors": self._vectors}

    def __setstate__(self, state: dict[str, Any]) -> None:
        self._words = state["words"]
        self._key_to_index = None
        self._vectors = state["vectors"]
        self._lengths = None

    def get_index(self, key: Key, default: int | None = None) -> int:
        """Return the row of a word.

        Parameters
        ----------
        key : str or int
            A word, or an index, which is returned if it is one.
        default : int, optional
            What to return for an unknown word.

        Returns
        -------
        int

        Raises
        ------
        KeyError
            If the word is unknown and there is no default. The message names the word and up to
            three words of the vocabulary that are one slip of the pen away.

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
            row = self._unit_row(index).astype(np.float32)
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
        mean = self._mean(_listed("keys", keys), weights, pre_normalize, ignore_missing)
        return (_unit(mean) if post_normalize else mean).astype(np.float32)

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
        factors = np.ones(len(items)) if weights is None else _reals("weights", weights)
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
                row = self._unit_row(index) if pre_normalize else self._vectors[index]
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
        """Find the words closest in direction to the mean of some, less that of others.

        The unit vectors of `positive` and `negative` are averaged with weights 1 and -1 and the
        cosine of the mean with every word is taken. Words of the query are not returned.

        Parameters
        ----------
        positive, negative : str, int, ndarray of shape (dim,), or a list of those, optional
            An item may be a pair ``(item, weight)``; the weight replaces 1 or -1, sign included.
        topn : int or None, default 10
            How many; None returns the cosines themselves.
        clip_start, clip_end : int, optional
            Search only these rows.
        restrict_vocab : int, optional
            Search only the first so many rows; overrides the clips.

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
        plus, minus = _listed("positive", positive), _listed("negative", negative)
        items: list[Item] = []
        weights = [1.0] * len(plus) + [-1.0] * len(minus)
        for position, item in enumerate(plus + minus):
            if isinstance(item, tuple) and len(item) == 2:
                items.append(item[0])
                weights[position] = float(_reals("weights", item[1]))
            else:
                items.append(item)
        mean = self._mean(items, weights, pre_normalize=True, ignore_missing=False)
        if restrict_vocab:
            clip_start, clip_end = 0, restrict_vocab
        start, stop, _ = slice(clip_start, clip_end or None).indices(len(self))
        cosines = self._cosines(_unit(mean).astype(np.float32), start, stop)
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

        Each cosine is moved to [0, 1]; those with `positive` are multiplied and divided by the
        product of those with `negative` plus 10⁻⁶.

        Parameters
        ----------
        positive, negative : str, int, ndarray of shape (dim,), or a list of those, optional
            Arrays are used as they are: give them unit length.
        topn : int or None, default 10
            How many; None returns the scores themselves.
        restrict_vocab : int, optional
            Search only the first so many rows.

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
        plus, minus = _listed("positive", positive), _listed("negative", negative)
        if not plus:
            raise ValueError("cannot compute similarity with no input")
        start, stop, _ = slice(0, restrict_vocab or None).indices(len(self))
        scores = np.ones(stop - start, np.float32)
        below = np.ones(stop - start, np.float32)
        for items, product in ((plus, scores), (minus, below)):
            for item in items:
                row = (
                    self._checked(item)
                    if isinstance(item, np.ndarray)
                    else self.get_vector(item, norm=True)
                )
                cosines = self._cosines(row.astype(np.float32), start, stop)
                cosines += 1
                cosines /= 2
                np.multiply(product, cosines, out=product)
        below += np.float32(1e-6)
        scores /= below
        if topn is None:
            return scores
        exclude = {
            self.get_index(item) for item in plus + minus if not isinstance(item, np.ndarray)
        }
        return self._listing(scores, topn, exclude, start)

    def similar_by_word(
        self, word: Key, topn: int | None = 10, restrict_vocab: int | None = None
    ) -> Neighbours | Float32:
        """Find the words closest to one: ``most_similar([word], ...)``.

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
        """Find the neighbours of many words: ``[most_similar(word, topn=topn) for ...]``, faster.

        Queries are multiplied with the vocabulary block by block, so the memory used beyond the
        result is bounded (about 60 MB at dim 300) whatever the number of words.

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
            If a word is unknown; nothing has been computed then.

        Examples
        --------
        >>> import numpy as np
        >>> from glove_rs import WordVectors
        >>> wv = WordVectors(["ice", "snow", "steam"], np.array([[2.0, 0], [3, 1], [0, 4]]))
        >>> [near[0][0] for near in wv.most_similar_batch(["ice", "steam"], topn=1)]
        ['snow', 'snow']
        """
        topn = integer("topn", topn, None)
        indices = self._indices(_listed("words", words))
        if topn < 1:
            return [[] for _ in indices]
        count = min(topn, len(self) - 1)
        names = self.index_to_key
        directed = self._directed()
        result: list[Neighbours] = []
        for start in range(0, len(indices), _PASS):
            some = indices[start : start + _PASS]
            rows, cosines = self._neighbours(some, count)
            for index, near, values in zip(some, rows.tolist(), cosines.tolist(), strict=True):
                # Fewer than asked for: the rest of the vocabulary has no direction.
                if not directed[index] or (near and near[-1] == len(self)):
                    result.append(self.most_similar(index, topn=topn))
                else:
                    result.append([(names[i], v) for i, v in zip(near, values, strict=True)])
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
        return _cosine(self.get_vector(w1), self.get_vector(w2))

    def n_similarity(self, ws1: Sequence[Key], ws2: Sequence[Key]) -> float:
        """Return the cosine of the means of two lists of words, unknown words left out.

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
        first, second = _listed("ws1", ws1), _listed("ws2", ws2)
        if not (first and second):
            raise ZeroDivisionError("at least one of the lists of words is empty")
        means = (
            self._mean(words, None, pre_normalize=False, ignore_missing=True)
            for words in (first, second)
        )
        return _cosine(*means)

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
        """Return the cosine distance of a word to others, or to all.

        Parameters
        ----------
        word_or_vector : str or ndarray of shape (dim,)
        other_words : iterable of str, optional
            None or empty for the whole vocabulary, the word itself included.

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
        others = self._indices(_listed("other_words", other_words))
        with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
            query = given.astype(np.float32)
            length = np.linalg.norm(query)
            if not _SQUARES[0] < length**2 < _SQUARES[1] and given.any():
                query, length = _unit(given.astype(np.float64)).astype(np.float32), np.float32(1)
            if others.size:
                cosines = self._vectors[others].astype(np.float32) @ query
                cosines /= self._norms()[others]
                self._settle(cosines, others, query)
            else:
                cosines = self._cosines(query, 0, len(self))
            cosines /= length
        return cast("Float32", 1 - cosines)

    def doesnt_match(self, words: Sequence[Key]) -> str:
        """Return the word furthest from the mean direction of all, unknown words left out.

        Parameters
        ----------
        words : sequence of str

        Returns
        -------
        str
            Of words equally far, the first in alphabetical order.

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
        asked = _listed("words", words)
        known = [word for word in asked if word in self]
        if len(known) < len(asked):
            missing = ", ".join(shown(word) for word in asked if word not in self)
            warnings.warn(f"words left out, not in the vocabulary: {missing}", stacklevel=2)
        if not known:
            raise ValueError("cannot select a word from an empty list")
        indices = self._indices(known)
        rows = self._unit_rows(indices)
        mean = _unit(rows.mean(axis=0, dtype=np.float64)).astype(np.float32)
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
        """Return the place of `key2` among the neighbours of `key1`, the closest being 1.

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
    ) -> evaluation.AnalogyResult | evaluation.SimilarityResult:
        r"""Measure the vectors on a file of analogy questions or of rated word pairs.

        A file whose first line starts with ':' goes to :func:`glove_rs.evaluation.analogies`, any
        other to :func:`glove_rs.evaluation.similarity`.

        Parameters
        ----------
        path : str or path-like
        method : {"3cosadd", "3cosmul"}, default "3cosadd"
            For analogies.
        restrict_vocab : int, optional
            Use only the first so many words.
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
        return evaluation.evaluate(
            self, path, method=method, restrict_vocab=restrict_vocab, lowercase=lowercase
        )

    # ---------------------------------------------------------------- files

    @classmethod
    def load(
        cls,
        path: str | os.PathLike[str],
        *,
        format: Format | None = None,
        limit: int | None = None,
        dtype: DTypeLike = "float32",
        vocabulary: str | os.PathLike[str] | Vocabulary | None = None,
        combine: str = "sum",
        mmap: bool = True,
        max_line_bytes: int = 64 << 20,
        progress: Progress = None,
    ) -> WordVectors:
        r"""Read vectors from a file of any of the usual formats.

        Parameters
        ----------
        path : str or path-like
            Plain, or packed by gzip or Zstandard, whatever its name.
        format : str, optional
            Found out from the content if not given:

            ``"glove"``
                Text: a word and its numbers to a line. Pretrained GloVe files are of this kind.
            ``"word2vec"``
                The same after a first line ``V dim``. fastText's ``.vec`` files are of this kind.
            ``"word2vec_binary"``
                word2vec's binary format.
            ``"stanford"``
                The ``.bin`` of Stanford's ``glove``. Needs `vocabulary`.
            ``"native"``
                What :meth:`save` writes. It is mapped into memory instead of read if it is not
                packed and holds numbers of `dtype`: it opens at once, processes share its pages,
                and :attr:`vectors` is read-only. See `mmap`.
        limit : int, optional
            Read only the first so many vectors, >= 1.
        dtype : {"float32", "float16"}, default "float32"
            What to keep the numbers in; float16 takes half the memory.
        vocabulary : path or Vocabulary, optional
            The words of a Stanford ``.bin``, in Stanford's text format.
        combine : {"sum", "mean", "word", "context", "concat"}, default "sum"
            What to make of the two vectors that a Stanford ``.bin`` has of a word, as
            :meth:`glove_rs.Glove.word_vectors` does. The other formats have one.
        mmap : bool, default True
            Map a native file where that is possible. While it is mapped it must not be shortened in
            place: the system ends a process that reads what is gone (SIGBUS). Replacing the file,
            as :meth:`save` does, is safe. With False it is read into memory.
        max_line_bytes : int, default 67108864
            How long a line of a text may be, from 1 to 2**40. A longer one is an error, so a packed
            file of a few bytes cannot fill the memory.
        progress : bool or callable, optional
            As for :class:`glove_rs.Glove`.

        Returns
        -------
        WordVectors
            A word that comes twice keeps its first vector, with a warning.

        Raises
        ------
        FormatError
            For a malformed file, with the line of a text or the byte of a binary file.
        OSError
            If the file cannot be read: the subclass that fits, with the path.
        ValueError
            For a bad parameter.

        Notes
        -----
        In text, one space or tab separates. A word may itself hold spaces, as some of glove.840B
        do: it ends where as many numbers begin as a vector has components. Hence a line with a
        number too many is a word that ends in a number; a warning names such words. Numbers are
        rounded to the nearest float32; `nan` and `inf` are numbers.

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
            *_vector_files.read(
                path,
                format=format,
                limit=limit,
                dtype=dtype,
                vocabulary=vocabulary,
                combine=combine,
                mmap=mmap,
                max_line_bytes=max_line_bytes,
                progress=progress,
            )
        )

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write the native format, which :meth:`load` opens at once, whatever its size.

        Any words and either dtype; the layout is described in ``src/formats/native.rs``.

        Parameters
        ----------
        path : str or path-like
            Any name.

        Raises
        ------
        OSError
            If the file cannot be written; an older file is then still there, untouched.

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

        The text is what ``spacy init vectors`` takes as its second argument.

        Parameters
        ----------
        path : str or path-like
        binary : bool, default False
            float32 in little-endian bytes instead of text. Text has the fewest digits that are
            read as the same float32.

        Raises
        ------
        OSError
            If the file cannot be written; an older file is then still there, untouched.
        ValueError
            If a word is empty or has a space or newline in it, at which other programs would
            split it.

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
        r"""Write the vectors as GloVe files have them: text without a header.

        Parameters
        ----------
        path : str or path-like
        unk : bool, default False
            End with a vector for ``<unk>``, as Stanford's tool does: the mean of the last 100,
            which are those of the rarest words.

        Raises
        ------
        OSError
            If the file cannot be written; an older file is then still there, untouched.
        ValueError
            If a word is empty or has a newline in it; if so many words end in a space and a
            number that they could not be told from their vectors; or if `unk` is asked for and
            there is such a word.

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
            Its ``vectors`` is :attr:`vectors` itself: a change there is a change here.

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
        models = optional("gensim.models", "to_gensim", "glove-rs[gensim]")
        keyed = models.KeyedVectors(vector_size=self.vector_size, dtype=self._vectors.dtype)
        keyed.vectors = self._vectors
        # gensim appends to these two when a word is added: its own copies.
        keyed.index_to_key = list(self.index_to_key)
        keyed.key_to_index = dict(self.key_to_index)
        keyed.next_index = len(self)
        return keyed

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
        pandas = optional("pandas", "to_pandas", "pandas")
        index = pandas.Index(self.index_to_key, name="word", dtype=object)
        return pandas.DataFrame(self._vectors, index=index, copy=False)

    # ---------------------------------------------------------------- pictures

    def plot(self, words: Sequence[Key], ax: Any = None) -> Any:
        """Draw words on the plane of their first two principal components, each with its name.

        Parameters
        ----------
        words : sequence of str
            At least two.
        ax : matplotlib.axes.Axes, optional
            Where to draw; a new figure by default.

        Returns
        -------
        matplotlib.axes.Axes
            With one collection, a point per word, and one text per word. Both axes have one scale,
            so distances can be read in any direction; their labels give the share of variance.

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
        indices = self._indices(_listed("words", words))
        if len(indices) < 2:
            raise ValueError(f"plot needs at least two words, got {len(indices)}")
        lost = indices[~np.isfinite(self._vectors[indices]).all(axis=1)]
        if lost.size:
            word = self.index_to_key[lost[0]]
            raise ValueError(f"plot needs finite vectors, and that of {word!r} is not")
        if ax is None:
            ax = optional("matplotlib.pyplot", "plot", "glove-rs[plot]").subplots()[1]
        points, shares = _principal_plane(self._vectors[indices])
        ax.scatter(points[:, 0], points[:, 1])
        for index, point in zip(indices.tolist(), points, strict=True):
            # Towards the middle, where there is room for long words.
            side = "right" if point[0] > 0 else "left"
            ax.annotate(
                self.index_to_key[index],
                point,
                xytext=(-4 if side == "right" else 4, 4),
                textcoords="offset points",
                horizontalalignment=side,
            )
        ax.margins(0.1)
        ax.set_aspect("equal", adjustable="datalim")
        ax.set_xlabel(f"first principal component ({shares[0]:.0%} of the variance)")
        ax.set_ylabel(f"second principal component ({shares[1]:.0%} of the variance)")
        return ax

    def _repr_html_(self) -> str:
        """Return a small table of neighbours, for notebooks."""
        ranks = [rank for rank in _SHOWN_RANKS if rank < len(self)]
        words = [self.index_to_key[rank] for rank in ranks or range(min(5, len(self)))]
        rows = "".join(
            f"<tr><th>{html.escape(word)}</th>"
            + "".join(f"<td>{html.escape(other)} {cosine:.2f}</td>" for other, cosine in near)
            + "</tr>"
            for word, near in zip(words, self.most_similar_batch(words, topn=5), strict=True)
        )
        return (
            f"<table><caption>{html.escape(repr(self))}</caption>"
            '<thead><tr><th>word</th><th colspan="5">nearest, by cosine</th></tr></thead>'
            f"<tbody>{rows}</tbody></table>"
        )

    # ---------------------------------------------------------------- arithmetic

    def _find(self, key: object) -> int | None:
        """Return the row of a word or an index, None if there is none."""
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

    def _block(self, start: int, stop: int) -> Float32:
        """Return rows in float32, a view if they are."""
        return np.asarray(self._vectors[start:stop], dtype=np.float32)

    def _measured(self) -> tuple[Float32, NDArray[np.intp]]:
        """Return the lengths of all vectors, and which rows float32 cannot multiply, computed once.

        Squares of components leave the range of float32 where vectors are longer than 10¹⁹ or
        shorter than 10⁻¹⁹. Such rows are rare or all there are; they are computed in float64.
        """
        measured = self._lengths
        if measured is None:
            lengths = np.empty(len(self), np.float32)
            extreme: list[NDArray[np.intp]] = []
            for start in range(0, len(self), _ROWS):
                block = self._block(start, start + _ROWS)
                with np.errstate(over="ignore", invalid="ignore"):
                    squares = np.einsum("ij,ij->i", block, block)
                far = np.flatnonzero(~((squares > _SQUARES[0]) & (squares < _SQUARES[1])))
                here = lengths[start : start + _ROWS]
                np.sqrt(squares, out=here)
                if far.size:
                    here[far] = _lengths(block[far])
                    directed = np.isfinite(here[far]) & (here[far] > 0)
                    extreme.append(far[directed] + start)
            rows = np.concatenate(extreme) if extreme else np.empty(0, np.intp)
            # Two threads may both get here; they store the same numbers.
            measured = self._lengths = (lengths, rows)
        return measured

    def _norms(self) -> Float32:
        """Return the length of every vector, shape (V,).

        Finite and above 0 for each that has a direction, however short or long.
        """
        return self._measured()[0]

    def _directed(self) -> NDArray[np.bool_]:
        """Tell which vectors have a direction: neither zero nor NaN nor infinite, shape (V,)."""
        lengths = self._norms()
        return np.isfinite(lengths) & (lengths > 0)

    def _unit_row(self, index: int) -> NDArray[Any]:
        """Return a row scaled to unit length; NaN without a direction, as in gensim."""
        if self._extremes(slice(index, index + 1))[1].size:
            return _unit(self._vectors[index].astype(np.float64))
        with np.errstate(divide="ignore", invalid="ignore"):
            unit: Float32 = self._vectors[index].astype(np.float32) / self._norms()[index]
        return unit

    def _extremes(
        self, rows: slice | NDArray[np.intp]
    ) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
        """Return which of these rows float32 cannot multiply: their places in `rows`, and they."""
        extreme = self._measured()[1]
        if not extreme.size:
            return extreme, extreme
        if isinstance(rows, slice):
            start, stop, _ = rows.indices(len(self))
            found = extreme[slice(*np.searchsorted(extreme, (start, stop)))]
            return found - start, found
        places = np.flatnonzero(np.isin(rows, extreme))
        return places, rows[places]

    def _settle(self, cosines: Float32, rows: slice | NDArray[np.intp], query: Float32) -> None:
        """Replace the cosines of those rows that float32 cannot multiply."""
        places, found = self._extremes(rows)
        for start in range(0, len(found), _ROWS):
            some = slice(start, start + _ROWS)
            cosines[places[some]] = _units(self._vectors[found[some]]) @ query

    def _unit_rows(self, rows: slice | NDArray[np.intp]) -> Float32:
        """Return rows scaled to unit length, a copy; zeros for those without a direction."""
        lengths = self._norms()[rows]
        directed = np.isfinite(lengths) & (lengths > 0)
        block = np.array(self._vectors[rows], dtype=np.float32)
        block[~directed] = 0
        with np.errstate(over="ignore"):
            block /= np.where(directed, lengths, 1)[:, None]
        places, found = self._extremes(rows)
        if found.size:
            block[places] = _units(self._vectors[found])
        return block

    def _cosines(self, query: Float32, start: int, stop: int) -> Float32:
        """Return ``w · query / |w|`` for rows of the matrix, NaN for rows of zeros."""
        with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
            if self._vectors.dtype == np.float32:
                cosines: Float32 = self._vectors[start:stop] @ query
            else:
                # A whole float32 copy would triple the memory of a float16 matrix.
                cosines = np.empty(max(0, stop - start), np.float32)
                for at in range(start, stop, _ROWS):
                    part = cosines[at - start : at - start + _ROWS]
                    np.matmul(self._block(at, min(at + _ROWS, stop)), query, out=part)
            cosines /= self._norms()[start:stop]
        self._settle(cosines, slice(start, stop), query)
        return cosines

    def _listing(self, scores: Float32, topn: int, exclude: set[int], start: int) -> Neighbours:
        """Return the best of `scores`, of which the first is for row `start`."""
        best = _largest(scores, topn + len(exclude))
        names = self.index_to_key
        near = [
            (names[row + start], float(scores[row]))
            for row in best.tolist()
            if row + start not in exclude
        ]
        return near[:topn]

    def _neighbours(
        self, indices: NDArray[np.intp], count: int
    ) -> tuple[NDArray[np.intp], Float32]:
        """Return the `count` nearest rows of each row of `indices`, and their cosines.

        A query keeps the best so far. Of each block of the vocabulary only what beats the worst of
        these is looked at, so nearly all the time is that of the matrix product.

        Returns
        -------
        rows : ndarray of intp, shape (n, count)
            V where there are fewer than `count` rows with a direction.
        cosines : ndarray of float32, shape (n, count)
        """
        size = len(self)
        queries = self._unit_rows(indices)
        best_rows = np.full((len(indices), count), size, np.intp)
        best = np.full((len(indices), count), -np.inf, np.float32)
        if not count:
            return best_rows, best
        directed = self._directed()
        buffer = np.empty(min(_QUERIES, len(indices)) * min(_ROWS, size), np.float32)
        for start in range(0, size, _ROWS):
            stop = min(start + _ROWS, size)
            width = stop - start
            unit = self._unit_rows(slice(start, stop)).T
            lost = np.flatnonzero(~directed[start:stop])
            for low in range(0, len(indices), _QUERIES):
                some = slice(low, min(low + _QUERIES, len(indices)))
                height = some.stop - low
                cosines = buffer[: height * width].reshape(height, width)
                np.matmul(queries[some], unit, out=cosines)
                cosines[:, lost] = -np.inf
                own = np.flatnonzero((indices[some] >= start) & (indices[some] < stop))
                cosines[own, indices[some][own] - start] = -np.inf
                floor = best[some, -1]
                if start == 0 and count < width:
                    # Nothing to beat yet: the count-th largest of the block, itself included.
                    floor = np.partition(cosines, width - count, axis=1)[:, width - count]
                    floor = np.nextafter(floor, np.float32(-np.inf))
                found = np.flatnonzero(cosines > floor[:, None])
                row, column = np.divmod(found, width)
                best_rows[some], best[some] = _merged(
                    (best_rows[some], best[some]), row, column + start, cosines.ravel()[found]
                )
        return best_rows, best


class UnknownWord(KeyError):  # noqa: N818 - users catch KeyError
    """A word that is not in the vocabulary; the message suggests words spelt nearly so.

    The suggestions are looked for when the message is read, so that code which catches the
    error and goes on does not pay for them.
    """

    def __init__(self, key: object, wv: WordVectors) -> None:
        super().__init__(f"Key {shown(key)} not present in vocabulary")
        self._key = key
        self._wv = wv

    def __str__(self) -> str:
        near = _close_spellings(self._key, self._wv) if isinstance(self._key, str) else []
        hint = f"; did you mean {' or '.join(repr(word) for word in near)}?" if near else ""
        return f"{self.args[0]}{hint}"

    def __reduce__(self) -> tuple[Any, ...]:
        # Across processes the message travels, the vectors do not.
        return KeyError, (str(self),)


def _close_spellings(word: str, wv: WordVectors, most: int = 3) -> list[str]:
    """Return words of the vocabulary one edit or a change of case from `word`, frequent first.

    Tries the edits instead of walking the vocabulary (as difflib would: a second or more on
    400,000 words), so it takes about a millisecond whatever the size.
    """
    if len(word) > 100:  # the edits of such a word are many, and it is no slip of the pen
        return []
    # The letters of the most frequent words are those of the language, whichever it is.
    letters = set(word).union(*wv.index_to_key[:1_000])
    splits = [(word[:at], word[at:]) for at in range(len(word) + 1)]
    tried = {word.lower(), word.upper(), word.capitalize()}
    tried.update(head + tail[1:] for head, tail in splits if tail)
    tried.update(head + tail[1] + tail[0] + tail[2:] for head, tail in splits if len(tail) > 1)
    tried.update(head + letter + tail[1:] for head, tail in splits if tail for letter in letters)
    tried.update(head + letter + tail for head, tail in splits for letter in letters)
    table = wv.key_to_index
    return sorted((other for other in tried if other in table), key=table.__getitem__)[:most]


def _first_of_each(
    names: list[str], matrix: NDArray[Any]
) -> tuple[list[str], NDArray[Any], dict[str, int]]:
    """Drop the rows of words that came before, and warn."""
    key_to_index: dict[str, int] = {}
    keep: list[int] = []
    again: list[str] = []
    for row, name in enumerate(names):
        if name in key_to_index:
            again.append(name)
        else:
            key_to_index[name] = len(keep)
            keep.append(row)
    _vector_files.warn_of_repeated(again, len(names), stacklevel=3)
    return list(key_to_index), matrix[keep], key_to_index


def _listed(name: str, items: Any) -> list[Any]:
    """Return one item or several as a list; the rows of a matrix are several."""
    if items is None:
        return []
    one = isinstance(items, str | int | np.integer)
    if one or (isinstance(items, np.ndarray) and items.ndim < 2 and items.dtype.kind not in "UO"):
        return [items]
    try:
        return list(items)
    except TypeError:
        raise TypeError(
            f"{name} must be a word, an index, a vector or a list of those, got {shown(items)}"
        ) from None


def _reals(name: str, values: Any) -> NDArray[np.float64]:
    """Return one or several finite weights, or raise a ValueError."""
    try:
        reals = np.asarray(values, np.float64)
    except (TypeError, ValueError, OverflowError):
        reals = np.asarray(np.nan)
    if not np.isfinite(reals).all():
        raise ValueError(f"{name} must be finite numbers, got {shown(values)}")
    return reals


def _unit(vector: NDArray[np.float64]) -> NDArray[np.float64]:
    """Scale a vector to unit length; one of zeros stays."""
    scale = np.abs(vector).max(initial=0.0)
    if scale == 0:
        return vector
    # Squares of what is scaled first neither overflow nor vanish.
    with np.errstate(invalid="ignore"):
        scaled = vector / scale
        return cast("NDArray[np.float64]", scaled / np.linalg.norm(scaled))


def _lengths(rows: NDArray[Any]) -> Float32:
    """Return lengths computed in float64; within float32's range if the vector has a direction."""
    wide = rows.astype(np.float64)
    lengths = np.sqrt(np.einsum("ij,ij->i", wide, wide))
    range_ = np.finfo(np.float32)
    directed = np.isfinite(lengths) & (lengths > 0)
    lengths[directed] = np.clip(lengths[directed], range_.smallest_subnormal, range_.max)
    return cast("Float32", lengths.astype(np.float32))


def _units(rows: NDArray[Any]) -> NDArray[np.float64]:
    """Scale rows that have a direction to unit length, in float64."""
    wide = rows.astype(np.float64)
    wide /= np.sqrt(np.einsum("ij,ij->i", wide, wide))[:, None]
    return wide


def _cosine(first: NDArray[Any], second: NDArray[Any]) -> float:
    """Return the cosine of two vectors, 0 if either has no direction."""
    a, b = first.astype(np.float64), second.astype(np.float64)
    # One root: so the cosine of a vector with itself is 1 to the last bit.
    lengths = float(np.sqrt((a @ a) * (b @ b)))
    return float(a @ b) / lengths if lengths > 0 else 0.0


def _largest(scores: Float32, count: int) -> NDArray[np.intp]:
    """Return the indices of the `count` largest scores, best first, ties by index, NaN last."""
    if 0 < count < scores.size:
        floor = -np.partition(-scores, count - 1)[count - 1]
        # NaN if fewer than `count` scores are numbers: then all are sorted.
        if not np.isnan(floor):
            found = np.flatnonzero(scores >= floor)
            return found[np.argsort(-scores[found], kind="stable")[:count]]
    return np.argsort(-scores, kind="stable")[:count]


def _merged(
    best: tuple[NDArray[np.intp], Float32],
    query: NDArray[np.intp],
    row: NDArray[np.intp],
    cosine: Float32,
) -> tuple[NDArray[np.intp], Float32]:
    """Put newly found rows among the best of their queries and keep as many as there were."""
    rows, cosines = best
    height, count = rows.shape
    every_query = np.concatenate((np.repeat(np.arange(height), count), query))
    every_row = np.concatenate((rows.ravel(), row))
    every_cosine = np.concatenate((cosines.ravel(), cosine))
    # Stable: of equal cosines the row found first, which is the lower one, stays first.
    order = np.lexsort((-every_cosine, every_query))
    # Sorted by query: the place of each within its own.
    starts = np.searchsorted(every_query[order], np.arange(height))
    kept = order[(starts[:, None] + np.arange(count)).ravel()]
    return every_row[kept].reshape(height, count), every_cosine[kept].reshape(height, count)


def _principal_plane(rows: NDArray[Any]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Project rows on their first two principal components.

    Returns
    -------
    points : ndarray of float64, shape (n, 2)
        Signs are chosen so that the furthest point of each component is positive: the picture is
        the same wherever it is drawn.
    shares : ndarray of float64, shape (2,)
        The part of the variance along each.
    """
    centred = rows.astype(np.float64)
    centred -= centred.mean(axis=0)
    left, lengths, _ = np.linalg.svd(centred, full_matrices=False)
    points = np.zeros((len(rows), 2))
    used = min(2, len(lengths))
    points[:, :used] = left[:, :used] * lengths[:used]
    points *= np.where(points.max(axis=0) >= -points.min(axis=0), 1, -1)
    squares = np.zeros(2)
    squares[:used] = lengths[:used] ** 2
    total = float((lengths**2).sum())
    return points, squares / total if total > 0 else squares
