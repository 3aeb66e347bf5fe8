"""Methods that gensim's ``KeyedVectors`` has besides the look-up and the queries.

Names, argument order and results are gensim's. docs/gensim.md lists what remains different.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from .._checks import boolean, shown
from .._checks import words as words_of
from . import gensim_evaluation
from .cosine import unit_rows
from .gensim_evaluation import Section
from .query_terms import Key, as_list
from .similarity import Neighbours, SimilarityQueries
from .table import Float32

__all__ = ["GensimNames"]


class GensimNames(SimilarityQueries):
    """The methods of :class:`glove_rs.WordVectors` that are there for gensim's sake."""

    # ---------------------------------------------------------------- look-up

    def has_index_for(self, key: Key) -> bool:
        """Return whether there is a vector for `key`: ``key in wv``.

        Parameters
        ----------
        key : str or int

        Examples
        --------
        >>> import numpy as np
        >>> from glove_rs import WordVectors
        >>> WordVectors(["ice", "steam"], np.eye(2)).has_index_for("steam")
        True
        """
        return key in self

    def get_normed_vectors(self) -> Float32:
        """Return all vectors scaled to unit length.

        Returns
        -------
        ndarray of float32, shape (V, dim)
            A new matrix; rows without a direction are NaN.

        Examples
        --------
        >>> import numpy as np
        >>> from glove_rs import WordVectors
        >>> WordVectors(["ice"], np.array([[3.0, 4.0]])).get_normed_vectors()
        array([[0.6, 0.8]], dtype=float32)
        """
        units, directed = unit_rows(self._vectors, slice(None))
        units[~directed] = np.nan
        return units

    def vectors_for_all(
        self, keys: Iterable[Key], allow_inference: bool = True, copy_vecattrs: bool = False
    ) -> Self:
        """Return the vectors of some words as a new object.

        Parameters
        ----------
        keys : iterable of str
            Unknown words are left out, repeated ones are taken once.
        allow_inference, copy_vecattrs : bool
            As in gensim. They change nothing here: a vector is never inferred, and there are no
            attributes besides the vectors.

        Returns
        -------
        WordVectors
            The words in the order of `keys`; the matrix is a copy.

        Examples
        --------
        >>> import numpy as np
        >>> from glove_rs import WordVectors
        >>> wv = WordVectors(["ice", "snow", "steam"], np.eye(3))
        >>> wv.vectors_for_all(["steam", "fire", "ice", "steam"]).index_to_key
        ['steam', 'ice']
        """
        boolean("allow_inference", allow_inference)
        boolean("copy_vecattrs", copy_vecattrs)
        found = (self._find(key) for key in as_list("keys", keys))
        rows = list(dict.fromkeys(row for row in found if row is not None))
        words = [self.index_to_key[row] for row in rows]
        return self._from_unique(words, self._vectors[np.array(rows, dtype=np.intp)])

    # ---------------------------------------------------------------- changes

    def add_vector(self, key: str, vector: NDArray[Any] | Sequence[float]) -> int:
        """Add a word with its vector. A word that is there already keeps its vector.

        The matrix is copied: :meth:`add_vectors` adds many words in one copy.

        Parameters
        ----------
        key : str
        vector : sequence of float, length dim

        Returns
        -------
        int
            The row of the word.

        Raises
        ------
        ValueError
            If the vector has another length.

        Examples
        --------
        >>> import numpy as np
        >>> from glove_rs import WordVectors
        >>> wv = WordVectors(["ice", "steam"], np.eye(2))
        >>> wv.add_vector("snow", [0.9, 0.1]), wv.most_similar("ice", topn=1)[0][0]
        (2, 'snow')
        """
        self.add_vectors([key], [vector])
        return self.key_to_index[key]

    def add_vectors(
        self,
        keys: str | Sequence[str],
        weights: NDArray[Any] | Sequence[NDArray[Any] | Sequence[float]],
        extras: None = None,
        replace: bool = False,
    ) -> None:
        """Add words with their vectors, after the others.

        The matrix is copied: what was given to the constructor, or is mapped from a file, stays as
        it is. Do not add words while another thread queries.

        Parameters
        ----------
        keys : str or sequence of str
        weights : ndarray of shape (n, dim), or sequence of vectors
            Converted to the dtype of :attr:`vectors`.
        extras : None
            gensim's attributes of words; there are none here.
        replace : bool, default False
            Replace the vector of a word that is there already; by default the word keeps it.

        Raises
        ------
        ValueError
            If there is not one vector of `dim` numbers for each word, or `extras` is given.
        TypeError
            If a word is not a str.

        Examples
        --------
        >>> import numpy as np
        >>> from glove_rs import WordVectors
        >>> wv = WordVectors(["ice", "steam"], np.eye(2))
        >>> wv.add_vectors(["steam", "snow"], np.array([[0, 9], [3, 1]]), replace=True)
        >>> wv.index_to_key, wv["steam"].tolist()
        (['ice', 'steam', 'snow'], [0.0, 9.0])
        """
        if extras:
            raise ValueError(f"extras must be None: words have no attributes, got {shown(extras)}")
        replace = boolean("replace", replace)
        if isinstance(keys, str):
            keys, weights = [keys], np.reshape(np.asarray(weights), (1, -1))
        names = words_of("keys", keys)
        rows = self._rows_of("weights", weights, len(names))
        words, table = list(self.index_to_key), dict(self.key_to_index)
        # The row of `rows` for each row of the new matrix that is not the old one's.
        source: dict[int, int] = {}
        for position, name in enumerate(names):
            if name not in table:
                table[name] = len(words)
                words.append(name)
            elif not replace:
                continue
            source[table[name]] = position
        if not source:
            return
        matrix = np.empty((len(words), self.vector_size), self._vectors.dtype)
        matrix[: len(self)] = self._vectors
        matrix[list(source)] = rows[list(source.values())]
        self._words, self._key_to_index, self._vectors = words, table, matrix

    def __setitem__(self, keys: str | Sequence[str], weights: NDArray[Any]) -> None:
        """Set the vector of a word, or of several: :meth:`add_vectors` with ``replace=True``."""
        self.add_vectors(keys, weights, replace=True)

    def _rows_of(self, name: str, weights: Any, count: int) -> NDArray[Any]:
        """Return vectors as a matrix of the dtype of :attr:`vectors`, or raise a ValueError."""
        try:
            rows = np.asarray(weights, dtype=self._vectors.dtype)
        except (TypeError, ValueError):
            rows = np.empty(0)
        if rows.shape != (count, self.vector_size) and (count or rows.size):
            raise ValueError(
                f"{name} must hold {count} vectors of {self.vector_size} numbers, "
                f"got {shown(weights)}"
            )
        return rows

    # ---------------------------------------------------------------- queries

    def similar_by_key(
        self, key: Key, topn: int | None = 10, restrict_vocab: int | None = None
    ) -> Neighbours | Float32:
        """Find the words closest to a word: :meth:`similar_by_word` by another name.

        Parameters
        ----------
        key : str
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
        >>> wv.similar_by_key("steam", topn=1)[0][0]
        'snow'
        """
        return self.similar_by_word(key, topn, restrict_vocab)

    def words_closer_than(self, word1: Key, word2: Key) -> list[str]:
        """Return the words closer to `word1` than `word2` is: :meth:`closer_than`.

        Parameters
        ----------
        word1, word2 : str

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
        >>> wv.words_closer_than("ice", "steam")
        ['snow']
        """
        return self.closer_than(word1, word2)

    def most_similar_to_given(self, key1: Key, keys_list: Sequence[Key]) -> Key:
        """Return the word of a list that is most similar to `key1`.

        Parameters
        ----------
        key1 : str
        keys_list : sequence of str

        Returns
        -------
        str
            The first of equals.

        Raises
        ------
        KeyError
            If a word is unknown.
        ValueError
            If the list is empty.

        Examples
        --------
        >>> import numpy as np
        >>> from glove_rs import WordVectors
        >>> wv = WordVectors(["ice", "snow", "steam"], np.array([[2.0, 0], [3, 1], [0, 4]]))
        >>> wv.most_similar_to_given("ice", ["steam", "snow"])
        'snow'
        """
        keys: list[Key] = as_list("keys_list", keys_list)
        if not keys:
            raise ValueError("keys_list must hold at least one word, got none")
        scores = np.array([self.similarity(key1, key) for key in keys])
        return keys[int(np.argmax(np.where(np.isnan(scores), -np.inf, scores)))]

    def relative_cosine_similarity(self, wa: Key, wb: Key, topn: int = 10) -> float:
        """Return the cosine of two words, relative to those of the neighbours of the first.

        This is equation 1 of Leeuwenberg et al. (2016), "A Minimally Supervised Approach for
        Synonym Extraction with Word Embeddings": ``similarity(wa, wb)`` divided by the sum of the
        cosines of the `topn` words closest to `wa`. With 10 words, more than 0.10 hints at
        synonyms.

        Parameters
        ----------
        wa, wb : str
        topn : int, default 10

        Returns
        -------
        float

        Raises
        ------
        KeyError
            If a word is unknown.
        ValueError
            If there are no neighbours.

        Examples
        --------
        >>> import numpy as np
        >>> from glove_rs import WordVectors
        >>> wv = WordVectors(["ice", "snow", "steam"], np.array([[2.0, 0], [3, 4], [0, 4]]))
        >>> round(wv.relative_cosine_similarity("ice", "snow"), 3)
        1.0
        """
        near = self.most_similar(wa, topn=topn)
        if not near:
            raise ValueError("relative_cosine_similarity needs neighbours, and there are none")
        return self.similarity(wa, wb) / sum(score for _, score in near)

    # ---------------------------------------------------------------- evaluation

    def evaluate_word_pairs(
        self,
        pairs: str | os.PathLike[str],
        delimiter: str | None = "\t",
        encoding: str = "utf8",
        restrict_vocab: int | None = 300_000,
        case_insensitive: bool = True,
        dummy4unknown: bool = False,
    ) -> tuple[Any, Any, float]:
        r"""Correlate the cosines of word pairs with human ratings, as gensim does.

        :meth:`evaluate` reads more kinds of files, and says how it compares.

        Parameters
        ----------
        pairs : str or path-like
            Two words and a number on each line. Lines that start with '#', and lines that have not
            exactly these three fields, are left out.
        delimiter : str, default "\t"
            What separates the fields.
        encoding : str, default "utf8"
        restrict_vocab : int or None, default 300000
            Know only this many words from the first.
        case_insensitive : bool, default True
            Compare words in upper case. Of words that differ in case only, the first counts.
        dummy4unknown : bool, default False
            Count a pair with an unknown word as one of cosine 0; by default it is left out.

        Returns
        -------
        pearson, spearman : scipy.stats results
            ``(correlation, p-value)`` each.
        oov_ratio : float
            The share of pairs with an unknown word, in percent.

        Raises
        ------
        ImportError
            If scipy is not installed.
        OSError
            If the file cannot be read.
        ValueError
            If there is no pair to compare.

        Warns
        -----
        UserWarning
            If pairs are left out because a vector is not finite.

        Examples
        --------
        >>> import os, tempfile
        >>> import numpy as np
        >>> from glove_rs import WordVectors
        >>> wv = WordVectors(["ice", "snow", "steam"], np.array([[2.0, 0], [3, 1], [0, 4]]))
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     path = os.path.join(folder, "pairs.tsv")
        ...     with open(path, "w") as file:
        ...         _ = file.write("Ice\tsnow\t9\nice\tsteam\t3\nsnow\tsteam\t4\nice\tfire\t1\n")
        ...     pearson, spearman, oov_ratio = wv.evaluate_word_pairs(path)
        >>> round(float(spearman[0]), 3), oov_ratio
        (1.0, 25.0)
        """
        return gensim_evaluation.word_pairs(
            self.index_to_key,
            self._vectors,
            pairs,
            delimiter=delimiter,
            encoding=encoding,
            restrict_vocab=restrict_vocab,
            case_insensitive=case_insensitive,
            dummy4unknown=dummy4unknown,
        )

    def evaluate_word_analogies(
        self,
        analogies: str | os.PathLike[str],
        restrict_vocab: int | None = 300_000,
        case_insensitive: bool = True,
        dummy4unknown: bool = False,
        similarity_function: str = "most_similar",
    ) -> tuple[float, list[Section]]:
        r"""Answer analogy questions and count the right answers, as gensim does.

        :meth:`evaluate` follows Stanford's protocol instead.

        Parameters
        ----------
        analogies : str or path-like
            Four words on each line, in sections that start with a line ``: name``. Lines of another
            number of words are left out, with a warning.
        restrict_vocab : int or None, default 300000
            Use only this many words from the first.
        case_insensitive : bool, default True
            Compare words in upper case. Of words that differ in case only, the first counts.
        dummy4unknown : bool, default False
            Count a question with an unknown word as answered wrongly; by default it is left out.
        similarity_function : {"most_similar", "most_similar_cosmul"}, default "most_similar"
            How to answer: 3CosAdd or 3CosMul.

        Returns
        -------
        score : float
            The share of right answers in all sections; 0 if no question was answered.
        sections : list of dict
            For each section its name, ``"section"``, and the questions that were answered right,
            ``"correct"``, and wrong, ``"incorrect"``: tuples of four words, in upper case if
            `case_insensitive`. The last one, ``"Total accuracy"``, holds all of them.

        Raises
        ------
        FormatError
            If the file has no question, or is not UTF-8.
        OSError
            If the file cannot be read.
        ValueError
            If `similarity_function` is not one of the choices.

        Examples
        --------
        >>> import os, tempfile
        >>> import numpy as np
        >>> from glove_rs import WordVectors
        >>> words = ["man", "woman", "king", "queen"]
        >>> wv = WordVectors(words, np.array([[1.0, 0], [-1, 0], [1, 2], [-1, 2]]))
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     path = os.path.join(folder, "questions.txt")
        ...     with open(path, "w") as file:
        ...         _ = file.write(": family\nman king woman queen\n")
        ...     score, sections = wv.evaluate_word_analogies(path)
        >>> score, sections[0]["correct"]
        (1.0, [('MAN', 'KING', 'WOMAN', 'QUEEN')])
        """
        return gensim_evaluation.word_analogies(
            self,
            analogies,
            restrict_vocab=restrict_vocab,
            case_insensitive=case_insensitive,
            dummy4unknown=dummy4unknown,
            similarity_function=similarity_function,
        )
