"""A vector for each context of a keyword."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence, Set
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .. import _settings
from .._checks import is_missing, shown
from .._column_names import beside
from .._results import ResultTable
from .._warnings import warn
from .._workers import Workers, product
from ..kwic import KeywordContexts
from ..kwic._match import Splitter
from ._space import Float64, Space, checked_transform, space_of

__all__ = ["Embeddings", "embed"]

_Int = NDArray[np.int64]

#: The word vectors of a context are added up in stretches of at most this many words: see
#: :func:`_embedded`.
_STRETCH = 32


class Embeddings:
    """The result of :func:`embed`: a vector for each context with a known word.

    ``len`` is the number of vectors. ``embeddings[i]`` is an Embeddings with some of the vectors: i
    is a slice, an array of indices or an array of bools.

    Attributes
    ----------
    vectors : ndarray of float64, shape (n, dim)
    rows : ndarray of int64, shape (n,)
        For each vector, the index of its context among all contexts that :func:`embed` received.
    known_words : ndarray of int64, shape (n,)
        For each vector, the number of words of its context that have a word vector. If this number
        is small, the vector is less exact.
    contexts : int
        The number of contexts that :func:`embed` received. It includes the contexts that were left
        out because they have no word with a vector.
    metadata : dict of str to ndarray
        Columns with a value for each vector: the metadata of the KeywordContexts, and "document",
        the number of the context's document. If the texts had a column of metadata named
        "document", it is "document_metadata" here. `metadata` is empty if the contexts were not
        KeywordContexts.

    Notes
    -----
    A pickle of embeddings also has the word vectors, which functions such as
    :func:`glove_rs.alc.nearest` need.
    """

    def __init__(
        self,
        vectors: Float64,
        rows: _Int,
        known_words: _Int,
        contexts: int,
        metadata: dict[str, NDArray[Any]],
        space: Space,
    ) -> None:
        self.vectors = vectors
        self.rows = rows
        self.known_words = known_words
        self.contexts = contexts
        self.metadata = metadata
        self._space = space

    def __len__(self) -> int:
        return len(self.vectors)

    def __getitem__(self, rows: Any) -> Embeddings:
        taken = np.arange(len(self))[rows]
        if taken.ndim != 1:
            raise TypeError(f"rows must be a slice or an array, got {shown(rows)}")
        return Embeddings(
            self.vectors[taken],
            self.rows[taken],
            self.known_words[taken],
            self.contexts,
            {name: values[taken] for name, values in self.metadata.items()},
            self._space,
        )

    def groups(self, by: str | Sequence[Any] | None) -> tuple[list[str], _Int]:
        """Return the sorted labels of the groups, and for each vector the index of its label.

        Parameters
        ----------
        by : str, sequence or None
            A column of the metadata, or a value for each vector or each context. With None, all
            vectors are one group with the label "all".

        Raises
        ------
        ValueError
            If there are no vectors, if there is no such column, if the length of the sequence is
            not the number of vectors and not the number of contexts, or if a value is missing.
        TypeError
            If `by` is neither a str nor a sequence.
        """
        return self._groups("by", by)

    def _groups(self, name: str, by: str | Sequence[Any] | None) -> tuple[list[str], _Int]:
        """Return the groups as :meth:`groups` does, for a parameter that is called `name`."""
        if not len(self):
            raise ValueError("embeddings must have at least one vector, got a selection of none")
        if by is None:
            return ["all"], np.zeros(len(self), np.int64)
        values = self._column(name, by)
        for vector, value in enumerate(values):
            if is_missing(value):
                raise ValueError(
                    f"{name} must have a value for each vector, got a missing one, {value}, for "
                    f"context {self.rows[vector]:,}: leave such contexts out, or name their group"
                )
        labels, numbers = np.unique([str(value) for value in values], return_inverse=True)
        return labels.tolist(), numbers.astype(np.int64)

    def mean(self, by: str | Sequence[Any] | None = None) -> ResultTable:
        """Return the mean vector of each group.

        The columns are group, n (the number of vectors), and one for each component. The functions
        of :mod:`glove_rs.alc` use such a mean as the embedding of the keyword in a group. The
        ``plot()`` of the table draws the groups on the plane of the first two principal components
        of their means; it needs at least two groups.
        """
        labels, numbers = self.groups(by)
        means = group_means(self.vectors, numbers, len(labels))
        columns: dict[str, Any] = {"group": labels, "n": np.bincount(numbers)}
        columns |= {str(k): means[:, k] for k in range(means.shape[1])}
        return _Means(columns, "mean embeddings")

    def to_pandas(self) -> Any:
        """Return a pandas DataFrame: context, known_words, the metadata, and the components.

        A column of metadata with the name of another column, such as "context" or "0", has the
        suffix "_metadata".

        Raises
        ------
        ImportError
            If pandas is not installed.
        """
        components = {str(k): self.vectors[:, k] for k in range(self.vectors.shape[1])}
        columns = self._columns(list(components), list(self.metadata.values()))
        return ResultTable(columns | components).to_pandas()

    def _table(self) -> ResultTable:
        """Return the table that is printed: without the components of the vectors."""
        out = self.contexts - len(self)
        words = f"{self.known_words.mean():.1f}" if len(self) else "0"
        title = (
            f"{len(self):,} embeddings of {self.vectors.shape[1]} components; each is of "
            f"{words} words on average; {out:,} contexts left out"
        )
        # Values of metadata are printed as text: a year, as a number, would get a comma.
        metadata = [[str(x) for x in values] for values in self.metadata.values()]
        return ResultTable(self._columns([], metadata), title)

    def _columns(self, others: list[str], metadata: list[Any]) -> dict[str, Any]:
        """Return the columns context, known_words and those of `metadata`.

        The caller adds columns with the names `others`, so no column of metadata gets such a name.
        """
        columns: dict[str, Any] = {"context": self.rows, "known_words": self.known_words}
        names = beside([*columns, *others], list(self.metadata))
        return columns | dict(zip(names, metadata, strict=True))

    def _column(self, name: str, values: str | Sequence[Any]) -> NDArray[Any]:
        """Return a column with a value for each vector.

        `values` is the name of a column of the metadata, or has a value for each vector or context.
        """
        if isinstance(values, str):
            if values not in self.metadata:
                known = ", ".join(map(repr, self.metadata)) or "none"
                raise ValueError(
                    f"{name} must be a column of the metadata ({known}), got {values!r}"
                )
            return self.metadata[values]
        found = _objects(name, values)
        if len(found) == len(self):
            return found
        if len(found) == self.contexts:
            return found[self.rows]
        raise ValueError(
            f"{name} must have a value for each of {len(self):,} vectors"
            + (f" or {self.contexts:,} contexts" if self.contexts != len(self) else "")
            + f", got {len(found):,}"
        )

    def __repr__(self) -> str:
        return f"<Embeddings: {len(self):,} vectors of {self.vectors.shape[1]} components>"

    def __str__(self) -> str:
        return str(self._table())

    def _repr_html_(self) -> str:
        return self._table()._repr_html_()

    def plot(self, by: str | Sequence[Any] | None = None, ax: Any = None) -> Any:
        """Draw the embeddings on the plane of their first two principal components.

        Parameters
        ----------
        by : str or sequence, optional
            As for :meth:`groups`: each group has a colour.
        ax : matplotlib Axes, optional
            Where to draw; by default a new figure.

        Returns
        -------
        matplotlib Axes

        Raises
        ------
        ValueError
            If there are no embeddings, or as for :meth:`groups`.
        ImportError
            If matplotlib is not installed.
        """
        from .. import _drawing
        from .._vectors.plot import principal_plane

        if not len(self):
            raise ValueError("plot needs at least one embedding, got none")
        labels, numbers = self.groups(by)
        points, variance = principal_plane(self.vectors)
        ax = _drawing.new_axes(ax)
        handles = [
            ax.plot(*points[numbers == number].T, ".", color=colour)[0]
            for number, colour in enumerate(_drawing.colours(len(labels)))
        ]
        ax.set_xlabel(f"first principal component ({variance[0]:.0%} of the variance)")
        ax.set_ylabel(f"second principal component ({variance[1]:.0%} of the variance)")
        if by is not None:
            _drawing.legend(ax, handles, labels)
        return ax


class _Means(ResultTable):
    """The mean embedding of each group: columns group, n, and one for each component."""

    def plot(self, ax: Any = None) -> Any:
        """Draw the groups on the plane of the first two principal components of their means.

        Parameters
        ----------
        ax : matplotlib Axes, optional
            Where to draw; by default a new figure.

        Returns
        -------
        matplotlib Axes

        Raises
        ------
        ValueError
            If there are fewer than two groups.
        ImportError
            If matplotlib is not installed.
        """
        from .._vectors.plot import scatter

        if len(self) < 2:
            raise ValueError(f"plot needs at least two groups, got {len(self)}")
        means = np.column_stack([self[name] for name in self.columns[2:]])
        return scatter([str(group) for group in self["group"]], means, ax)


def embed(
    contexts: KeywordContexts | Iterable[str] | Iterable[Sequence[str]],
    vectors: Any,
    transform: Any = None,
    *,
    threads: int | None = None,
    memory: int | str | None = None,
) -> Embeddings:
    """Compute an à la carte embedding for each context.

    The embedding is A u, where u is the mean of the vectors of the context's words. A word that
    occurs twice counts twice, and words without a vector are left out.

    Parameters
    ----------
    contexts : KeywordContexts, or iterable of str or of lists of words
        The result of :func:`glove_rs.kwic.contexts`: the words around the keyword are used, but not
        the keyword. Or an iterable of contexts, each a text or a list of words, of which all words
        are used. A text is split with the settings of the model; if `vectors` is not a model, it is
        split at white space.
    vectors : Glove, WordVectors, or pair of words and matrix
        The vectors of words. The vectors of a model are W + W_tilde, or W after training on
        rectangular counts. Vectors in float32 or float16 are converted to float64.
    transform : ndarray of shape (dim, dim), or False, optional
        The matrix A. The default is the matrix of the model,
        :meth:`glove_rs.Glove.transform_matrix`. If `vectors` is not a model, `transform` is
        required. With False, A is left out and the embedding is u.
    threads : int, optional
        The number of threads that compute the embeddings; by default all processors. Contexts are
        read by one thread. The result has the same bits for any number.
    memory : int or str, optional
        A limit for the copies of word vectors that are added up, in bytes or as "512MB". It does
        not include the contexts, the word vectors and the result, and does not change the result.
        By default, the copies of a thread take at most 64 MB.

    Returns
    -------
    Embeddings

    Warns
    -----
    UserWarning
        If contexts are left out because none of their words has a vector.

    Raises
    ------
    ValueError
        If no context has a word with a vector, if `transform` has another shape or is not finite,
        if it is None and `vectors` is not a model, or if a vector that is used is not finite. Also
        if `transform` is None and the model has no matrix A, for example because it does not have
        its counts: see :meth:`glove_rs.Glove.transform_matrix`. Also if `memory` is too small for
        32 word vectors.
    TypeError
        If `contexts` or `vectors` is of another type.

    Examples
    --------
    >>> import numpy as np
    >>> from glove_rs import WordVectors, alc
    >>> wv = WordVectors(["ice", "cold", "hot"], np.array([[1.0, 0], [1, 1], [0, 2]]))
    >>> found = alc.embed(["cold ice", "hot"], wv, transform=np.eye(2))
    >>> found.vectors
    array([[1. , 0.5],
           [0. , 2. ]])
    """
    workers = Workers(threads, memory)
    space = space_of(vectors)
    is_model = hasattr(vectors, "transform_matrix")
    if transform is None:
        if not is_model:
            raise ValueError(
                "transform must be a matrix if vectors is not a model: see "
                "glove_rs.alc.transform_matrix; or False to leave it out"
            )
        given = {"threads": threads, "memory": memory}
        transform = vectors.transform_matrix(**{k: v for k, v in given.items() if v is not None})
    matrix = None if transform is False else checked_transform(transform, space.dim)
    metadata: dict[str, NDArray[Any]] = {}
    find: Callable[[str], int] = lambda word: space.rows.get(word, -1)  # noqa: E731
    if isinstance(contexts, KeywordContexts):
        words, ends = contexts._word_rows(find)
        metadata = {"document": contexts.documents, **contexts.metadata}
    else:
        words, ends = _rows_of(contexts, space, vectors if is_model else None)
    known = words >= 0
    lengths = np.diff(ends, prepend=0)
    counts = np.bincount(
        np.repeat(np.arange(len(lengths)), lengths)[known], minlength=len(lengths)
    ).astype(np.int64)
    rows = np.flatnonzero(counts)
    if not len(rows):
        raise ValueError(f"contexts must have words with a vector, got {len(ends):,} without")
    if len(rows) < len(ends):
        warn(
            f"{len(ends) - len(rows):,} of {len(ends):,} contexts are left out: none of their "
            "words has a vector"
        )
    embedded = _embedded(space, words[known], counts[rows], matrix, workers)
    return Embeddings(
        embedded,
        rows,
        counts[rows],
        len(ends),
        {name: values[rows] for name, values in metadata.items()},
        space,
    )


def _rows_of(contexts: Any, space: Space, model: Any) -> tuple[_Int, _Int]:
    """Return two arrays: the row in `space` of each word, and where each context ends in the first.

    The row of a word without a vector is -1. A context is a text or a list of words.
    """
    if isinstance(contexts, str) or not isinstance(contexts, Iterable):
        raise TypeError(f"contexts must be texts or lists of words, got {shown(contexts)}")
    given = {} if model is None else model.get_params()
    splitter = Splitter(_settings.checked(given, "encoding"))
    rows: list[int] = []
    ends: list[int] = []
    for number, context in enumerate(contexts):
        if isinstance(context, str):
            words = splitter.split(splitter.folded(context))
        elif isinstance(context, Iterable) and not isinstance(context, bytes):
            words = list(context)
        else:
            words = [None]  # type: ignore[list-item]
        if not all(isinstance(word, str) for word in words):
            raise TypeError(
                f"contexts must be texts or lists of words, got {shown(context)} as item {number}"
            )
        rows += [space.rows.get(word, -1) for word in words]
        ends.append(len(rows))
    return np.array(rows, dtype=np.int64), np.array(ends, dtype=np.int64)


def _embedded(
    space: Space, words: _Int, counts: _Int, matrix: Float64 | None, workers: Workers
) -> Float64:
    """Return the embedding of each context, shape (contexts, dim).

    Parameters
    ----------
    space : Space
    words : ndarray of int64
        The rows in `space` of all words with a vector, one context after the other.
    counts : ndarray of int64, shape (contexts,)
        The number of these words in each context, at least 1.
    matrix : ndarray of float64 or None
        The matrix A.
    workers : Workers

    Raises
    ------
    ValueError
        If the mean of a context is not finite.
    """
    # The word vectors of a context are added up in stretches of at most `_STRETCH` words, and then
    # the sums of its stretches are added up. No block divides a stretch, so the sums have the same
    # bits for blocks of any size.
    stretches = -(-counts // _STRETCH)
    stretch_ends = np.cumsum(stretches)
    starts = np.cumsum(counts) - counts
    within = np.arange(int(stretches.sum())) - np.repeat(stretch_ends - stretches, stretches)
    cuts = np.append(np.repeat(starts, stretches) + _STRETCH * within, len(words))
    found = np.empty((len(counts), space.dim))

    def work(block: slice, _: None) -> None:
        # The contexts that start in this block of words. The last one may end after the block.
        first, last = np.searchsorted(starts, [_STRETCH * block.start, _STRETCH * block.stop])
        if first == last:
            return
        begin, end = int(stretch_ends[first] - stretches[first]), int(stretch_ends[last - 1])
        sums = np.empty((end - begin, space.dim))
        for at in range(begin, end, block.stop - block.start):
            own = cuts[at : min(at + block.stop - block.start, end) + 1]
            rows = space.of(words[own[0] : own[-1]])
            sums[at - begin :][: len(own) - 1] = np.add.reduceat(rows, own[:-1] - own[0], axis=0)
        means = np.add.reduceat(
            sums, stretch_ends[first:last] - stretches[first:last] - begin, axis=0
        )
        means /= counts[first:last, None]
        if not np.isfinite(means).all():
            raise ValueError("vectors must be finite for all words of the contexts")
        found[first:last] = means if matrix is None else product(means, matrix.T)

    with np.errstate(invalid="ignore", over="ignore"):
        workers.each(
            -(-len(words) // _STRETCH),
            work,
            item=8 * _STRETCH * (4 * space.dim + 4),
            what=f"{_STRETCH} word vectors",
        )
    return found


def group_means(vectors: Float64, numbers: _Int, groups: int) -> Float64:
    """Return the mean vector of each group."""
    sums = np.zeros((groups, vectors.shape[1]))
    np.add.at(sums, numbers, vectors)
    return sums / np.bincount(numbers, minlength=groups)[:, None]


def _objects(name: str, values: Any) -> NDArray[Any]:
    """Return an array of one dimension unchanged, and a sequence as an array of objects.

    Raises
    ------
    TypeError
        If `values` is neither an array nor a sequence. Sets and mappings are refused too: the
        elements of a set have no order, and a mapping yields its keys.
    ValueError
        If `values` is an array with more or fewer dimensions than one.
    """
    if isinstance(values, np.ndarray) and values.ndim != 1:
        raise ValueError(f"{name} must have one dimension, got shape {values.shape}")
    if isinstance(values, np.ndarray):
        return values
    if not isinstance(values, Iterable) or isinstance(values, bytes | Mapping | Set):
        raise TypeError(
            f"{name} must be a column of the metadata or a sequence of values, got {shown(values)}"
        )
    listed = list(values)
    found = np.empty(len(listed), dtype=object)
    found[:] = listed
    return found
