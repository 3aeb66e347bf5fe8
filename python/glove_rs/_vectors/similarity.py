"""Compare words by the cosines of their vectors: neighbours, analogies, distances."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, TypeAlias, overload

import numpy as np
from numpy.typing import NDArray

from .._checks import boolean, integer, optional_integer, shown
from .._warnings import warn
from . import nearest
from .cosine import cosine, cosine_distances, cosines, unit_rows, unit_vector
from .query_terms import Key, KeyOrVector, Terms, as_list, as_vector, weighted_terms
from .table import Float32, VectorTable

__all__ = ["Neighbours", "SimilarityQueries"]

#: A list of ``(word, cosine)``, best first.
Neighbours: TypeAlias = "list[tuple[str, float]]"


class SimilarityQueries(VectorTable):
    """The queries of :class:`glove_rs.WordVectors`."""

    # ---------------------------------------------------------------- neighbours

    @overload
    def most_similar(
        self,
        positive: Terms = None,
        negative: Terms = None,
        topn: int = 10,
        clip_start: int = 0,
        clip_end: int | None = None,
        restrict_vocab: int | None = None,
    ) -> Neighbours: ...
    @overload
    def most_similar(
        self,
        positive: Terms,
        negative: Terms,
        topn: None,
        clip_start: int = 0,
        clip_end: int | None = None,
        restrict_vocab: int | None = None,
    ) -> Float32: ...
    @overload
    def most_similar(
        self,
        positive: Terms = None,
        negative: Terms = None,
        *,
        topn: None,
        clip_start: int = 0,
        clip_end: int | None = None,
        restrict_vocab: int | None = None,
    ) -> Float32: ...
    def most_similar(
        self,
        positive: Terms = None,
        negative: Terms = None,
        topn: int | None = 10,
        clip_start: int = 0,
        clip_end: int | None = None,
        restrict_vocab: int | None = None,
    ) -> Neighbours | Float32:
        """Find the words nearest to the words in `positive` and far from those in `negative`.

        The query is the mean of the vectors of `positive`, with the weight 1, and of `negative`,
        with the weight -1. The vector of a word is first scaled to unit length; a vector that is
        given as an array is not scaled. All other words are sorted by their cosine with this mean.
        The words of the query are not returned.

        Parameters
        ----------
        positive, negative : str, int, ndarray of shape (dim,), or a list of those, optional
            The terms of the query: words, indices or vectors. A term may be a pair
            ``(term, weight)``; the weight, with its sign, then replaces 1 or -1. In a list, a
            vector may also be a list of numbers.
        topn : int or None, default 10
            The number of words to return. None returns the cosines of all searched rows instead,
            including those of the words of the query.
        clip_start, clip_end : int, optional
            Search only the rows from `clip_start` up to, but without, `clip_end`. None or 0 for
            `clip_end` means the end of the vocabulary.
        restrict_vocab : int, optional
            Search only the first `restrict_vocab` rows. It overrides `clip_start` and `clip_end`.

        Returns
        -------
        list of (str, float)
            Words and cosines, best first. Words with equal cosines are in the order of the
            vocabulary. With ``topn=None``, an ndarray of float32 with one cosine for each searched
            row.

        Raises
        ------
        KeyError
            If a word is unknown and :attr:`subwords` has no prediction for it.
        ValueError
            If `positive` and `negative` are both empty, if a vector does not have `dim` numbers, or
            if a weight is not a finite number.

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
        items, weights = weighted_terms(positive, negative)
        mean = self._mean(items, weights, pre_normalize=True, ignore_missing=False)
        if restrict_vocab:
            clip_start, clip_end = 0, restrict_vocab
        start, stop, _ = slice(clip_start, clip_end or None).indices(len(self))
        scores = cosines(self._vectors[start:stop], unit_vector(mean))
        if topn is None:
            return scores
        exclude = self._vocabulary_rows(items)
        return self._listing(scores, topn, exclude, start)

    def most_similar_cosmul(
        self,
        positive: Terms = None,
        negative: Terms = None,
        topn: int | None = 10,
        restrict_vocab: int | None = None,
    ) -> Neighbours | Float32:
        """Find the words with the largest score of 3CosMul (Levy & Goldberg 2014).

        The cosine c of a word and a term of the query becomes (1 + c) / 2, a number from 0 to 1.
        The score of a word is P / (N + 10⁻⁶), where P is the product of these numbers for the terms
        in `positive`, and N is the product for the terms in `negative`.

        Parameters
        ----------
        positive, negative : str, int, ndarray of shape (dim,), or a list of those, optional
            The terms of the query: words, indices or vectors. Vectors must have unit length.
        topn : int or None, default 10
            The number of words to return. None returns the scores of all searched rows instead.
        restrict_vocab : int, optional
            Search only the first `restrict_vocab` rows.

        Returns
        -------
        list of (str, float)
            Words and scores, best first, without the words of the query. With ``topn=None``, an
            ndarray of float32 with one score for each searched row.

        Raises
        ------
        KeyError
            If a word is unknown and :attr:`subwords` has no prediction for it.
        ValueError
            If `positive` is empty, or if a vector does not have `dim` numbers.

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
        plus, minus = as_list("positive", positive), as_list("negative", negative)
        if not plus:
            raise ValueError("positive must have at least one word or vector, got none")
        scores = nearest.cosmul(
            self._vectors[: restrict_vocab or None],
            [self._unit_vector(item) for item in plus],
            [self._unit_vector(item) for item in minus],
        )
        if topn is None:
            return scores
        exclude = self._vocabulary_rows(plus + minus)
        return self._listing(scores, topn, exclude, 0)

    def similar_by_word(
        self, word: Key, topn: int | None = 10, restrict_vocab: int | None = None
    ) -> Neighbours | Float32:
        """Find the words nearest to a word. The same as ``most_similar([word], ...)``.

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
            If the word is unknown and :attr:`subwords` has no prediction for it.

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
        self,
        vector: NDArray[Any] | Sequence[float],
        topn: int | None = 10,
        restrict_vocab: int | None = None,
    ) -> Neighbours | Float32:
        """Find the words nearest to a vector. The same as ``most_similar([vector], ...)``.

        Parameters
        ----------
        vector : sequence of float, length dim
        topn, restrict_vocab
            As in :meth:`most_similar`.

        Returns
        -------
        list of (str, float), or ndarray of float32 with ``topn=None``

        Raises
        ------
        ValueError
            If the vector does not have `dim` numbers.

        Examples
        --------
        >>> import numpy as np
        >>> from glove_rs import WordVectors
        >>> wv = WordVectors(["ice", "snow", "steam"], np.array([[2.0, 0], [3, 1], [0, 4]]))
        >>> wv.similar_by_vector([0.0, 1.0], topn=1)
        [('steam', 1.0)]
        """
        query = [as_vector(vector)]
        if topn is None:
            return self.most_similar(query, topn=None, restrict_vocab=restrict_vocab)
        return self.most_similar(query, topn=topn, restrict_vocab=restrict_vocab)

    def most_similar_batch(self, words: Sequence[Key], topn: int = 10) -> list[Neighbours]:
        """Find the nearest words of many words, faster than :meth:`most_similar` in a loop.

        Blocks of queries are multiplied with blocks of the vocabulary. So the memory in use, apart
        from the result, hardly grows with the number of queries or the size of the vocabulary.

        Parameters
        ----------
        words : sequence of str
        topn : int, default 10

        Returns
        -------
        list of list of (str, float)
            A list of words and cosines, best first, for each word of `words`.

        Raises
        ------
        KeyError
            If a word is not in the vocabulary. All words are checked before the search.

        Examples
        --------
        >>> import numpy as np
        >>> from glove_rs import WordVectors
        >>> wv = WordVectors(["ice", "snow", "steam"], np.array([[2.0, 0], [3, 1], [0, 4]]))
        >>> [near[0][0] for near in wv.most_similar_batch(["ice", "steam"], topn=1)]
        ['snow', 'snow']
        """
        topn = integer("topn", topn, None)
        indices = self._indices(as_list("words", words))
        if topn < 1:
            return [[] for _ in indices]
        count = min(topn, len(self) - 1)
        names = self.index_to_key
        result: list[Neighbours] = []
        for index, near, scores in nearest.nearest_rows(self._vectors, indices, count):
            # The list is not full: this word has no direction, or fewer than `count` other words
            # have a direction. Use `most_similar`, which returns words without a direction last.
            if near and near[-1] == len(self):
                result.append(self.most_similar(index, topn=topn))
            else:
                result.append([(names[i], v) for i, v in zip(near, scores, strict=True)])
        return result

    def analogy(self, a: Key, b: Key, c: Key, topn: int = 10) -> Neighbours:
        """Answer "`a` is to `b` as `c` is to what?". The same as ``most_similar([b, c], [a])``.

        Parameters
        ----------
        a, b, c : str
        topn : int, default 10

        Returns
        -------
        list of (str, float)
            The words nearest to ``b - a + c``, computed with unit vectors, best first.

        Raises
        ------
        KeyError
            If a word is unknown and :attr:`subwords` has no prediction for it.

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
            From -1 to 1; 0 if one of the vectors is all zeros, NaN if one is not finite.

        Raises
        ------
        KeyError
            If a word is unknown and :attr:`subwords` has no prediction for it.

        Examples
        --------
        >>> import numpy as np
        >>> from glove_rs import WordVectors
        >>> WordVectors(["ice", "snow"], np.array([[2.0, 0], [3, 4]])).similarity("ice", "snow")
        0.6
        """
        return cosine(self.vector_of(w1), self.vector_of(w2))

    def n_similarity(self, ws1: Sequence[Key], ws2: Sequence[Key]) -> float:
        """Return the cosine of two mean vectors, one for each list of words.

        Parameters
        ----------
        ws1, ws2 : sequence of str
            Unknown words for which :attr:`subwords` has no prediction are left out.

        Returns
        -------
        float
            From -1 to 1; 0 if all words of one of the lists are left out; NaN if a vector is not
            finite.

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
        first, second = as_list("ws1", ws1), as_list("ws2", ws2)
        if not (first and second):
            raise ZeroDivisionError("ws1 and ws2 must both have words, but one of them is empty")
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
            From 0 to 2; NaN if the vector of a word has NaN or infinity.

        Raises
        ------
        KeyError
            If a word is unknown and :attr:`subwords` has no prediction for it.

        Examples
        --------
        >>> import numpy as np
        >>> from glove_rs import WordVectors
        >>> WordVectors(["ice", "steam"], np.array([[2.0, 0], [0, 4]])).distance("ice", "steam")
        1.0
        """
        return 1.0 - self.similarity(w1, w2)

    def distances(
        self, word_or_vector: KeyOrVector, other_words: Iterable[Key] | None = ()
    ) -> Float32:
        """Return the cosine distances of a word or vector to some words, or to all words.

        Parameters
        ----------
        word_or_vector : str or sequence of float, length dim
        other_words : iterable of str, optional
            The words to compare with. None or an empty iterable means the whole vocabulary, in
            which a word is also compared with itself.

        Returns
        -------
        ndarray of float32, shape (number of words compared with,)
            NaN for each of these words whose vector has no direction. All distances are NaN if
            `word_or_vector` has no direction.

        Raises
        ------
        KeyError
            If `word_or_vector` is an unknown word for which :attr:`subwords` has no prediction, or
            if one of `other_words` is not in the vocabulary.
        ValueError
            If a vector does not have `dim` numbers.

        Examples
        --------
        >>> import numpy as np
        >>> from glove_rs import WordVectors
        >>> WordVectors(["ice", "steam"], np.array([[2.0, 0], [0, 4]])).distances("ice")
        array([0., 1.], dtype=float32)
        """
        query = as_vector(word_or_vector)
        given = self._checked(query) if isinstance(query, np.ndarray) else self.vector_of(query)
        others = self._indices(as_list("other_words", other_words))
        return cosine_distances(self._vectors[others] if others.size else self._vectors, given)

    def doesnt_match(self, words: Sequence[Key]) -> str:
        """Return the word that is farthest from the mean direction of all the words.

        Parameters
        ----------
        words : sequence of str
            Unknown words are left out, with a warning.

        Returns
        -------
        str
            If several words are equally far, the first of them in alphabetical order. If a vector
            has no direction, because it is zero or not finite, the last of these words.

        Raises
        ------
        ValueError
            If no word is known.

        Warns
        -----
        UserWarning
            If words are left out. The warning names them.

        Examples
        --------
        >>> import numpy as np
        >>> from glove_rs import WordVectors
        >>> wv = WordVectors(["ice", "snow", "steam"], np.array([[2.0, 0], [3, 1], [0, 4]]))
        >>> wv.doesnt_match(["ice", "snow", "steam"])
        'steam'
        """
        return self._by_centrality(words, use_norm=True)[-1][1]

    def rank_by_centrality(
        self, words: Sequence[Key], use_norm: bool = True
    ) -> list[tuple[float, str]]:
        """Sort words by their closeness to the mean direction of all the words.

        Parameters
        ----------
        words : sequence of str
            Unknown words are left out, with a warning.
        use_norm : bool, default True
            Scale the vectors to unit length first. Otherwise long vectors have more weight in the
            mean, and the score is the dot product with the mean direction, not the cosine.

        Returns
        -------
        list of (float, str)
            Score and word, the most central word first. A word whose vector is not finite or, with
            `use_norm`, is zero, is left out of the mean. Its score is NaN, and it comes last.

        Raises
        ------
        ValueError
            If no word is known.

        Warns
        -----
        UserWarning
            If words are left out. The warning names them.

        Examples
        --------
        >>> import numpy as np
        >>> from glove_rs import WordVectors
        >>> wv = WordVectors(["ice", "snow", "steam"], np.array([[2.0, 0], [3, 1], [0, 4]]))
        >>> [word for _, word in wv.rank_by_centrality(["ice", "snow", "steam"])]
        ['snow', 'ice', 'steam']
        """
        return self._by_centrality(words, boolean("use_norm", use_norm))

    def _by_centrality(self, words: Sequence[Key], use_norm: bool) -> list[tuple[float, str]]:
        asked = as_list("words", words)
        known = [word for word in asked if word in self]
        if len(known) < len(asked):
            missing = ", ".join(shown(word) for word in asked if word not in self)
            warn(f"words left out, not in the vocabulary: {missing}")
        if not known:
            raise ValueError("words must have at least one word of the vocabulary")
        indices = self._indices(known)
        if use_norm:
            rows, scored = unit_rows(self._vectors, indices)
        else:
            rows = self._vectors[indices].astype(np.float32)
            scored = np.asarray(np.isfinite(rows).all(axis=1))
        names = [self.index_to_key[index] for index in indices.tolist()]
        last = [(np.nan, names[index]) for index in np.flatnonzero(~scored)]
        if not scored.any():
            return last
        rows = rows[scored]
        mean = unit_vector(rows.mean(axis=0, dtype=np.float64)).astype(np.float32)
        first = [names[index] for index in np.flatnonzero(scored)]
        return sorted(zip((rows @ mean).tolist(), first, strict=True), reverse=True) + last

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
        # A word without a direction has the distance NaN and comes last, so all words with a
        # distance are closer than such a word.
        limit = np.inf if np.isnan(distances[second]) else distances[second]
        closer = np.flatnonzero(distances < limit)
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

    def _unit_vector(self, item: KeyOrVector) -> NDArray[Any]:
        """Return the unit vector of a word. A vector is returned unchanged."""
        if isinstance(item, np.ndarray):
            return self._checked(item)
        if self._find(item) is not None:
            return self.get_vector(item, norm=True)
        return unit_vector(self._predicted([item])[0]).astype(np.float32)

    def _vocabulary_rows(self, items: list[Any]) -> set[int]:
        """Return the rows of the words of a query that are in the vocabulary."""
        rows = (self._find(item) for item in items if not isinstance(item, np.ndarray))
        return {row for row in rows if row is not None}

    def _listing(self, scores: Float32, topn: int, exclude: set[int], start: int) -> Neighbours:
        """Return the `topn` words with the best scores. ``scores[0]`` is the score of row `start`.

        The rows in `exclude` are left out.
        """
        best = nearest.largest(scores, topn + len(exclude))
        names = self.index_to_key
        near = [
            (names[row + start], float(scores[row]))
            for row in best.tolist()
            if row + start not in exclude
        ]
        return near[:topn]
