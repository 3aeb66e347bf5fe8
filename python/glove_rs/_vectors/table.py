"""The table of words and vectors: row i of the matrix is the vector of word i."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any, Self, TypeAlias, TypeVar, overload

import numpy as np
from numpy.typing import NDArray

from .._checks import boolean, instance
from .._checks import words as words_of
from .._io import vector_files
from .._unknown_word import UnknownWord
from ..subwords import Subwords
from .cosine import unit_vector
from .query_terms import Key, Terms, as_list, finite_numbers

__all__ = ["Float32", "VectorTable"]

Float32: TypeAlias = "NDArray[np.float32]"
_T = TypeVar("_T")


class VectorTable:
    """The words, the matrix and the look-up of :class:`glove_rs.WordVectors`."""

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
                "words and vectors must have the same length, "
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
        self._subwords: Subwords | None = None

    @classmethod
    def _from_unique(
        cls, words: list[str] | Callable[[], list[str]], vectors: NDArray[Any]
    ) -> Self:
        """Create an object from words and a matrix without checks and copies.

        No word may be repeated, and the matrix must be C-contiguous with one row for each word.
        `words` may be a function that returns the words. It is called when a word is first needed,
        so that a mapped file opens without decoding its vocabulary.
        """
        wv = cls.__new__(cls)
        wv._words = words
        wv._key_to_index = None
        wv._vectors = vectors
        wv._subwords = None
        return wv

    # ---------------------------------------------------------------- words and rows

    @property
    def index_to_key(self) -> list[str]:
        """The words in the order of the rows: list of str, length V."""
        words = self._words
        if not isinstance(words, list):
            # Two threads may both call this function. Both calls return the same words.
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
        """The number of components of each vector."""
        return int(self._vectors.shape[1])

    @property
    def subwords(self) -> Subwords | None:
        """The subword model, which gives unknown words a vector; None if there is none.

        The vectors of a model that was trained with ``subwords=True`` have a subword model, unless
        the spelling of words did not predict their vectors. Any other vectors can be given a
        subword model of the same dimension: ``wv.subwords = Subwords.fit(wv)``. Queries by word,
        such as :meth:`most_similar`, :meth:`similarity` and :meth:`analogy`, then also take an
        unknown word, if at least one n-gram of the word is in the subword model. ``in``, ``[]`` and
        :meth:`get_vector` still take words of the vocabulary only.
        """
        return self._subwords

    @subwords.setter
    def subwords(self, subwords: Subwords | None) -> None:
        if subwords is not None:
            size = instance("subwords", subwords, Subwords).vector_size
            if size != self.vector_size:
                raise ValueError(
                    f"subwords must have vectors of {self.vector_size} components, got {size}"
                )
        self._subwords = subwords

    def __len__(self) -> int:
        return int(self._vectors.shape[0])

    def __contains__(self, key: object) -> bool:
        return self._find(key) is not None

    def __iter__(self) -> Iterator[str]:
        return iter(self.index_to_key)

    def __getitem__(self, keys: Key | slice | Iterable[Key]) -> NDArray[Any]:
        """Return the vector of a word, or a matrix with the vectors of several words.

        Parameters
        ----------
        keys : str, int, slice, or iterable of str
            A word, its index, several words, or a range of rows: ``wv[:1000]`` returns the vectors
            of the first thousand words.

        Returns
        -------
        ndarray with the dtype of :attr:`vectors`
            For one word a read-only view of shape (dim,). For a slice a read-only view of shape
            (n, dim). For several words a copy of shape (n, dim).

        Raises
        ------
        KeyError
            If a word is unknown.
        """
        if isinstance(keys, str | int | np.integer):
            return self.get_vector(keys)
        if isinstance(keys, slice):
            rows = self._vectors[keys]
            rows.flags.writeable = False
            return rows
        return self._vectors[self._indices(as_list("keys", keys))]

    def __getstate__(self) -> dict[str, Any]:
        state = {"words": self.index_to_key, "vectors": self._vectors}
        return state if self._subwords is None else {**state, "subwords": self._subwords}

    def __setstate__(self, state: dict[str, Any]) -> None:
        self._words = state["words"]
        self._key_to_index = None
        self._vectors = state["vectors"]
        self._subwords = state.get("subwords")

    @overload
    def get(self, key: Key) -> NDArray[Any] | None: ...
    @overload
    def get(self, key: Key, default: _T) -> NDArray[Any] | _T: ...
    def get(self, key: Key, default: Any = None) -> Any:
        """Return the vector of a word, or `default` for an unknown word, as ``dict.get`` does.

        Parameters
        ----------
        key : str or int
        default : object, optional

        Returns
        -------
        ndarray, shape (dim,)
            A read-only view of the row; or `default`.

        Examples
        --------
        >>> import numpy as np
        >>> from glove_rs import WordVectors
        >>> wv = WordVectors(["ice", "steam"], np.eye(2))
        >>> wv.get("steam"), wv.get("fire")
        (array([0., 1.], dtype=float32), None)
        """
        return self.get_vector(key) if self._find(key) is not None else default

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
            to three words of the vocabulary with a similar spelling.

        Examples
        --------
        >>> import numpy as np
        >>> from glove_rs import WordVectors
        >>> wv = WordVectors(["ice", "steam"], np.eye(2))
        >>> wv.get_index("steam")
        1
        >>> try:
        ...     wv.get_index("stem")
        ... except KeyError as error:
        ...     print(error)
        Key 'stem' not present in vocabulary; did you mean 'steam'?
        """
        index = self._find(key)
        if index is not None:
            return index
        if default is not None:
            return default
        raise UnknownWord(key, self.index_to_key, self.key_to_index)

    def get_vector(self, key: Key, norm: bool = False) -> NDArray[Any]:
        """Return the vector of a word.

        Parameters
        ----------
        key : str or int
        norm : bool, default False
            Scale the vector to unit length.

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

    @overload
    def vector_of(self, words: Key) -> NDArray[Any]: ...
    @overload
    def vector_of(self, words: Iterable[Key]) -> Float32: ...
    def vector_of(self, words: Key | Iterable[Key]) -> NDArray[Any]:
        """Return the vectors of words; for unknown words, the predictions of :attr:`subwords`.

        Parameters
        ----------
        words : str or int, or an iterable of those
            One word or index, or several.

        Returns
        -------
        ndarray, shape (dim,) for one word, (n, dim) for several
            For one word of the vocabulary, a read-only view of its row. For one unknown word, the
            prediction of :attr:`subwords`, as float32. For several words, a float32 matrix with one
            of these vectors in each row.

        Raises
        ------
        KeyError
            If a word is not in the vocabulary, and :attr:`subwords` is None or has none of the
            n-grams of the word. The message names the word and says which of the two is the reason.

        Examples
        --------
        >>> import numpy as np
        >>> from glove_rs import Subwords, WordVectors
        >>> words = ["walk", "walks", "walked", "talk", "talks", "talked"]
        >>> wv = WordVectors(words, np.array([[1, 0], [1, 1], [1, 2], [2, 0], [2, 1], [2, 2]]))
        >>> wv.subwords = Subwords.fit(wv, min_words=2)
        >>> wv.vector_of("talks")
        array([2., 1.], dtype=float32)
        >>> wv.vector_of(["talks", "talking"]).shape
        (2, 2)
        """
        if isinstance(words, str | int | np.integer):
            index = self._find(words)
            return self.get_vector(words) if index is not None else self._predicted([words])[0]
        keys = as_list("words", words)
        rows = [self._find(key) for key in keys]
        vectors = np.empty((len(keys), self.vector_size), dtype=np.float32)
        known = [index for index, row in enumerate(rows) if row is not None]
        vectors[known] = self._vectors[[row for row in rows if row is not None]]
        others = [index for index, row in enumerate(rows) if row is None]
        if others:
            vectors[others] = self._predicted([keys[index] for index in others])
        return vectors

    def _predicted(self, words: list[Any]) -> Float32:
        """Return the predictions for words that are not in the vocabulary, shape (n, dim).

        Raises
        ------
        KeyError
            If there is no subword model, or if it has none of the n-grams of a word.
        """
        subwords = self._subwords
        strange = (word for word in words if subwords is None or not isinstance(word, str))
        if subwords is None or (first := next(strange, None)) is not None:
            unknown = words[0] if subwords is None else first
            raise UnknownWord(unknown, self.index_to_key, self.key_to_index)
        return subwords.predict(words)

    def _has_prediction(self, word: object) -> bool:
        return self._subwords is not None and word in self._subwords

    def get_mean_vector(
        self,
        keys: Terms,
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
            One weight for each key, by default 1. The weighted sum is divided by the sum of the
            absolute values of the weights.
        pre_normalize : bool, default True
            Scale the vectors of words to unit length first. A vector that is given as an array is
            not scaled.
        post_normalize : bool, default False
            Scale the mean to unit length.
        ignore_missing : bool, default True
            Leave out unknown words for which :attr:`subwords` has no prediction.

        Returns
        -------
        ndarray of float32, shape (dim,)
            Zeros if no key is known.

        Raises
        ------
        KeyError
            If `ignore_missing` is false, a word is unknown, and :attr:`subwords` has no prediction
            for it.
        ValueError
            If there are no keys, if `weights` does not have one finite number for each key, or if
            an array does not have the shape (dim,).

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
        mean = self._mean(as_list("keys", keys), weights, pre_normalize, ignore_missing)
        return (unit_vector(mean) if post_normalize else mean).astype(np.float32)

    def _mean(
        self,
        items: list[Any],
        weights: Sequence[float] | NDArray[Any] | None,
        pre_normalize: bool,
        ignore_missing: bool,
    ) -> NDArray[np.float64]:
        """Return the weighted mean of several vectors in float64, shape (dim,)."""
        if not items:
            raise ValueError("a mean needs at least one word or vector, got none")
        factors = np.ones(len(items)) if weights is None else finite_numbers("weights", weights)
        if factors.shape != (len(items),):
            raise ValueError(
                "keys and weights must have the same length, "
                f"got {len(items)} keys and weights of shape {factors.shape}"
            )
        total = np.zeros(self.vector_size)
        weight = 0.0
        for item, factor in zip(items, factors, strict=True):
            if isinstance(item, np.ndarray):
                row = self._checked(item)
            elif (index := self._find(item)) is not None:
                row = self._unit_row(index) if pre_normalize else self._vectors[index]
            elif ignore_missing and not self._has_prediction(item):
                continue
            else:
                row = self._predicted([item])[0]
                row = unit_vector(row) if pre_normalize else row
            total += factor * row.astype(np.float64)
            weight += abs(float(factor))
        if weight > 0:
            total /= weight
        return total

    def _find(self, key: object) -> int | None:
        """Return the row of a word, or a valid index itself; None for anything else."""
        if isinstance(key, str):
            return self.key_to_index.get(key)
        if isinstance(key, int | np.integer) and 0 <= key < len(self):
            return int(key)
        return None

    def _indices(self, keys: Iterable[Key]) -> NDArray[np.intp]:
        return np.array([self.get_index(key) for key in keys], dtype=np.intp)

    def _unit_row(self, index: int) -> NDArray[np.float64]:
        """Return a row scaled to unit length, shape (dim,). All NaN if it has no direction."""
        unit = unit_vector(self._vectors[index])
        return unit if unit.any() else np.full_like(unit, np.nan)

    def _checked(self, vector: NDArray[Any]) -> NDArray[Any]:
        if vector.shape != (self.vector_size,):
            raise ValueError(f"a vector must have shape ({self.vector_size},), got {vector.shape}")
        return vector


def _first_of_each(
    names: list[str], matrix: NDArray[Any]
) -> tuple[list[str], NDArray[Any], dict[str, int]]:
    """Keep the first row of each word, drop the rows of repeated words, and warn of them."""
    key_to_index: dict[str, int] = {}
    first_rows: list[int] = []
    repeated: list[str] = []
    for row, name in enumerate(names):
        if name in key_to_index:
            repeated.append(name)
        else:
            key_to_index[name] = len(first_rows)
            first_rows.append(row)
    vector_files.warn_of_repeated(repeated, len(names))
    return list(key_to_index), matrix[first_rows], key_to_index
