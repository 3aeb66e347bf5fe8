"""Further methods of gensim's ``KeyedVectors``, besides those in `table.py` and `similarity.py`.

The names and the order of the arguments are those of gensim.
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
    """The methods of :class:`glove_rs.WordVectors` that exist for programs written for gensim."""

    # ---------------------------------------------------------------- look-up

    def has_index_for(self, key: Key) -> bool:
        """Return whether `key` has a vector. The same as ``key in wv``.

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
            The words. Unknown words are left out, and repeated words are taken once.
        allow_inference, copy_vecattrs : bool
            Parameters of gensim without an effect here: vectors are never inferred, and words have
            no attributes.

        Returns
        -------
        WordVectors
            Its words are in the order of `keys`. Its matrix is a copy. It has no subword model.

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
        """Add a word with its vector. A known word keeps its old vector.

        Each call copies the matrix. :meth:`add_vectors` adds many words with one copy.

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
            If the vector does not have `dim` numbers.
        TypeError
            If the word is not a str.

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
        """Add words with their vectors, after the present words.

        The matrix is copied. So the array that was given to the constructor, or a mapped file, does
        not change. Do not add words while another thread queries.

        Parameters
        ----------
        keys : str or sequence of str
        weights : ndarray of shape (n, dim), or sequence of vectors
            Converted to the dtype of :attr:`vectors`.
        extras : None
            gensim's attributes of words. Words have no attributes here.
        replace : bool, default False
            Whether a known word gets the new vector. By default it keeps its old one.

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
        # For each row of the new matrix that gets a new vector: the row of `rows` with this vector.
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
        """Set the vector of a word, or of several words. Unknown words are added.

        The same as :meth:`add_vectors` with ``replace=True``.
        """
        self.add_vectors(keys, weights, replace=True)

    def _rows_of(self, name: str, weights: Any, count: int) -> NDArray[Any]:
        """Return `count` vectors as a matrix with the dtype of :attr:`vectors`.

        Raises
        ------
        ValueError
            If the shape is not (count, dim). The message begins with `name`.
        """
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
        """Find the words closest to a word. The same as :meth:`similar_by_word`.

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
            If the word is unknown and :attr:`subwords` has no prediction for it.

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
        """Return the words closer to `word1` than `word2` is. The same as :meth:`closer_than`.

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
            If several words are equally similar, the first of them in the list.

        Raises
        ------
        KeyError
            If a word is unknown and :attr:`subwords` has no prediction for it.
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
        """Return cos(wa, wb), divided by the sum of cos(wa, w) over the neighbours w of `wa`.

        This is equation 1 of Leeuwenberg et al. (2016), "A Minimally Supervised Approach for
        Synonym Extraction with Word Embeddings". The neighbours are the `topn` words closest to
        `wa`. With 10 neighbours, a result above 0.10 suggests that `wa` and `wb` are synonyms.

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
            If a word is unknown and :attr:`subwords` has no prediction for it.
        ValueError
            If `wa` is the only word, or `topn` is below 1.

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
            raise ValueError("relative_cosine_similarity needs neighbours, but there are none")
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

        :meth:`evaluate` reads more kinds of files, and its result says how the pairs were compared.

        Parameters
        ----------
        pairs : str or path-like
            A file with two words and a rating on each line. A line is left out if it starts with
            '#', does not have three fields, or has a third field that is not a number.
        delimiter : str or None, default "\t"
            The separator of the fields. With None, fields are separated by white space.
        encoding : str, default "utf8"
        restrict_vocab : int or None, default 300000
            Use only the first `restrict_vocab` words. All other words are unknown.
        case_insensitive : bool, default True
            Compare words in upper case. If words of the vocabulary differ in case only, the first
            of them is used.
        dummy4unknown : bool, default False
            Give a pair with an unknown word the cosine 0. By default the pair is left out.

        Returns
        -------
        pearson, spearman : scipy.stats results
            ``(correlation, p-value)`` each.
        oov_ratio : float
            The percentage of pairs with an unknown word.

        Raises
        ------
        ImportError
            If scipy is not installed.
        OSError
            If the file cannot be read.
        FormatError
            If the file is not in `encoding`.
        LookupError
            If Python does not know `encoding`.
        ValueError
            If fewer than two pairs are left.

        Warns
        -----
        UserWarning
            If pairs are left out because a vector has NaN or infinity.

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
            A file with four words on each line, in sections that start with a line ``: name``.
            Lines with fewer or more words are left out, with a warning.
        restrict_vocab : int or None, default 300000
            Use only the first `restrict_vocab` words. All other words are unknown.
        case_insensitive : bool, default True
            Compare words in upper case. If words of the vocabulary differ in case only, the first
            of them is used.
        dummy4unknown : bool, default False
            Count a question with an unknown word as a wrong answer. By default it is left out.
        similarity_function : {"most_similar", "most_similar_cosmul"}, default "most_similar"
            The rule that chooses the answer: 3CosAdd or 3CosMul.

        Returns
        -------
        score : float
            The fraction of right answers in all sections; 0 if no question was answered.
        sections : list of dict
            A dict for each section, with three keys: ``"section"`` is the name, ``"correct"`` is
            the list of the questions that were answered right, and ``"incorrect"`` is the list of
            those that were answered wrong. A question is a tuple of four words, in upper case if
            `case_insensitive`. The last dict, named ``"Total accuracy"``, has the questions of all
            sections.

        Raises
        ------
        FormatError
            If the file has no question, or is not text in UTF-8 or UTF-16.
        OSError
            If the file cannot be read.
        ValueError
            If `similarity_function` is not one of the choices.

        Warns
        -----
        UserWarning
            If lines are left out, or if questions are left out because a vector has NaN or
            infinity.

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
