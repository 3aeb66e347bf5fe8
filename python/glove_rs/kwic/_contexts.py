"""Occurrences of a keyword with their windows. Each word is stored as a 32-bit number."""

from __future__ import annotations

from array import array
from collections.abc import Callable, Iterator, Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from .. import _html
from .._checks import boolean, choice, integer, is_missing, shown
from .._column_names import beside
from .._drawing import new_axes
from .._optional import optional
from .._text import table
from .._vectors.fonts import usable_families

__all__ = ["Context", "KeywordContexts", "metadata_names"]

_Int = NDArray[np.int64]
#: The largest number of contexts that `print` and a notebook show.
_SHOWN = 20


class Context(NamedTuple):
    """One occurrence of the keyword.

    Attributes
    ----------
    document : int
        The number of the document, from 0. In a table or an iterable, the number of the row or
        item, even if the row or item has several lines.
    position : int
        The number of the keyword's first word in this document, row or item, from 0.
    left : tuple of str
        The words before the keyword, in the order of the text.
    keyword : str
        The keyword as it occurs in the text, lower-cased and normalized if the settings say so. The
        words of a phrase are joined by spaces.
    right : tuple of str
        The words after the keyword.
    """

    document: int
    position: int
    left: tuple[str, ...]
    keyword: str
    right: tuple[str, ...]


def metadata_names(names: Sequence[str]) -> list[str]:
    """Return the names of columns of metadata in a result.

    The fields of a :class:`Context` are columns too. A column of metadata with the name of such a
    field gets the suffix "_metadata".
    """
    return beside(Context._fields, names)


class Builder:
    """Collects occurrences. A word of a window takes four bytes."""

    def __init__(self, metadata: Sequence[str]) -> None:
        self._numbers: dict[str, int] = {}
        self._keyword_numbers: dict[str, int] = {}
        self._ids = array("i")
        self._left = array("i")
        self._right = array("i")
        self._keywords = array("i")
        self._documents = array("q")
        self._positions = array("q")
        self._metadata: dict[str, list[Any]] = {name: [] for name in metadata}

    def __len__(self) -> int:
        return len(self._documents)

    def add(self, context: Context, metadata: Sequence[Any]) -> None:
        """Add an occurrence, with a value for each column of metadata."""
        numbers = self._numbers
        for words in (context.left, context.right):
            self._ids.extend([numbers.setdefault(word, len(numbers)) for word in words])
        self._left.append(len(context.left))
        self._right.append(len(context.right))
        known = self._keyword_numbers
        self._keywords.append(known.setdefault(context.keyword, len(known)))
        self._documents.append(context.document)
        self._positions.append(context.position)
        for column, value in zip(self._metadata.values(), metadata, strict=True):
            column.append(value)

    def result(self, word: str, window: int, documents: int) -> KeywordContexts:
        """Return the collected occurrences."""

        def taken(values: array[int]) -> _Int:
            return np.array(values, dtype=np.int64)

        columns = {name: _column(values) for name, values in self._metadata.items()}
        return KeywordContexts(
            word=word,
            window=window,
            documents_read=documents,
            words=list(self._numbers),
            keywords=list(self._keyword_numbers),
            ids=np.array(self._ids, dtype=np.int32),
            numbers=np.stack(
                [
                    taken(self._documents),
                    taken(self._positions),
                    taken(self._keywords),
                    taken(self._left),
                    taken(self._right),
                ]
            ),
            metadata=columns,
        )


def _column(values: list[Any]) -> NDArray[Any]:
    found = np.empty(len(values), dtype=object)
    found[:] = values
    return found


class KeywordContexts:
    """The result of :func:`contexts`: the occurrences of a keyword, in the order of the text.

    ``print`` shows the first 20 occurrences in columns. For a result ``found``, ``len(found)`` is
    the number of occurrences, iteration yields each occurrence as a :class:`Context`, and
    ``found[i]`` is the :class:`Context` of occurrence i. If `rows` is a slice, an array of numbers
    or an array of bools, ``found[rows]`` is a KeywordContexts with these occurrences only.

    Attributes
    ----------
    word : str
        The keyword. If there are several keywords, they are joined by ", ".
    window : int
        The largest number of words on each side.
    documents_read : int
        The number of documents that were read.
    metadata : dict of str to ndarray
        The columns of metadata, with a value for each occurrence. A column of the source named
        document, position, left, keyword or right has the suffix "_metadata" here and in all
        tables, such as "document_metadata", because the result has its own column of this name.
    """

    def __init__(
        self,
        *,
        word: str,
        window: int,
        documents_read: int,
        words: list[str],
        keywords: list[str],
        ids: NDArray[np.int32],
        numbers: _Int,
        metadata: dict[str, NDArray[Any]],
    ) -> None:
        self.word = word
        self.window = window
        self.documents_read = documents_read
        self.metadata = metadata
        self._words = words
        self._keywords = keywords
        self._ids = ids
        self._numbers = numbers
        self._ends = np.cumsum(numbers[3] + numbers[4])

    @property
    def documents(self) -> _Int:
        """The number of each occurrence's document: ndarray of int64, shape (n,)."""
        found: _Int = self._numbers[0]
        return found

    @property
    def positions(self) -> _Int:
        """The position of each occurrence in its document, in words: int64, shape (n,)."""
        found: _Int = self._numbers[1]
        return found

    @property
    def nbytes(self) -> int:
        """The bytes of memory of windows and positions, without the list of words and metadata."""
        return int(self._ids.nbytes + self._ends.nbytes + self._numbers.nbytes)

    def __len__(self) -> int:
        return int(self._numbers.shape[1])

    def __iter__(self) -> Iterator[Context]:
        return map(self._context, range(len(self)))

    def __getitem__(self, rows: Any) -> Any:
        if isinstance(rows, int | np.integer):
            number = range(len(self))[int(rows)]
            return self._context(number)
        return self._selected(np.arange(len(self))[rows])

    def _context(self, row: int) -> Context:
        document, position, keyword, left, right = map(int, self._numbers[:, row])
        end = int(self._ends[row])
        words = [self._words[number] for number in self._ids[end - left - right : end]]
        return Context(
            document, position, tuple(words[:left]), self._keywords[keyword], tuple(words[left:])
        )

    def _selected(self, rows: _Int) -> KeywordContexts:
        lengths = self._numbers[3] + self._numbers[4]
        starts = self._ends - lengths
        taken = lengths[rows]
        within = np.arange(int(taken.sum())) - np.repeat(np.cumsum(taken) - taken, taken)
        return KeywordContexts(
            word=self.word,
            window=self.window,
            documents_read=self.documents_read,
            words=self._words,
            keywords=self._keywords,
            ids=self._ids[np.repeat(starts[rows], taken) + within],
            numbers=self._numbers[:, rows],
            metadata={name: values[rows] for name, values in self.metadata.items()},
        )

    def sample(self, n: int, seed: int = 1) -> KeywordContexts:
        """Return `n` occurrences drawn at random without replacement, in the order of the text.

        Parameters
        ----------
        n : int
            The number of occurrences, >= 1. If there are fewer, all are returned.
        seed : int, default 1
            The seed of the draw.
        """
        n, seed = integer("n", n, 1), integer("seed", seed, 0)
        drawn = np.random.default_rng(seed).permutation(len(self))[:n]
        return self._selected(np.sort(drawn))

    def windows(self, keyword: bool = True) -> Iterator[list[str]]:
        """Yield the words of each window as a list.

        Parameters
        ----------
        keyword : bool, default True
            Whether the keyword stands between the words before and after it. A phrase is one item.

        Examples
        --------
        >>> from glove_rs import kwic
        >>> found = kwic.contexts(["the ice is cold", "ice melts"], "ice", window=2)
        >>> list(found.windows())
        [['the', 'ice', 'is', 'cold'], ['ice', 'melts']]
        >>> list(found.windows(keyword=False))
        [['the', 'is', 'cold'], ['melts']]
        """
        boolean("keyword", keyword)
        for context in self:
            middle = [context.keyword] if keyword else []
            yield [*context.left, *middle, *context.right]

    def _word_rows(self, find: Callable[[str], int]) -> tuple[_Int, _Int]:
        """Return the row of each word of all windows, and where each window ends in this array.

        `find` maps a word to a row, and an unknown word to -1. The method calls `find` once for
        each distinct word.
        """
        rows = np.array([find(word) for word in self._words], dtype=np.int64)
        return (rows[self._ids] if len(self._ids) else np.empty(0, np.int64)), self._ends

    # --- views ----------------------------------------------------------------------------------

    def to_pandas(self) -> Any:
        """Return a pandas DataFrame: document, position, left, keyword, right and the metadata.

        Raises
        ------
        ImportError
            If pandas is not installed.
        """
        pandas = optional("pandas", "to_pandas")
        texts = [(" ".join(c.left), c.keyword, " ".join(c.right)) for c in self]
        columns: dict[str, Any] = {"document": self.documents, "position": self.positions}
        for number, name in enumerate(("left", "keyword", "right")):
            columns[name] = [text[number] for text in texts]
        return pandas.DataFrame(columns | {n: list(v) for n, v in self.metadata.items()})

    def to_dict(self) -> dict[str, Any]:
        """Return the occurrences as plain types that ``json.dumps`` accepts."""
        rows = [
            {
                "document": context.document,
                "position": context.position,
                "left": list(context.left),
                "keyword": context.keyword,
                "right": list(context.right),
                **{name: _plain(values[row]) for name, values in self.metadata.items()},
            }
            for row, context in enumerate(self)
        ]
        return {
            "word": self.word,
            "window": self.window,
            "documents": self.documents_read,
            "contexts": rows,
        }

    @property
    def title(self) -> str:
        """A line with the numbers of occurrences and of documents, and the window."""
        found = len(np.unique(self.documents))
        return (
            f"{len(self):,} occurrences of {shown(self.word)} in {found:,} of "
            f"{self.documents_read:,} documents; {self.window} words on each side"
        )

    def _cells(self) -> list[tuple[str, ...]]:
        head = ("document", "", "keyword", "", *self.metadata)
        rows = [
            (
                f"{context.document:,}",
                " ".join(context.left),
                context.keyword,
                " ".join(context.right),
                *(str(values[row]) for values in self.metadata.values()),
            )
            for row, context in enumerate(self[:_SHOWN])
        ]
        return [head, *rows]

    def _more(self) -> list[str]:
        more = len(self) - _SHOWN
        return [f"… and {more:,} more"] if more > 0 else []

    def __str__(self) -> str:
        rows = self._cells()
        # The words before the keyword end at the keyword: pad them on the left.
        width = max(len(row[1]) for row in rows)
        rows = [(row[0], row[1].rjust(width), *row[2:]) for row in rows]
        lines = [line.rstrip() for line in table(rows, len(rows[0]))]
        return "\n".join([self.title, *(lines if len(self) else []), *self._more()])

    def __repr__(self) -> str:
        return f"<KeywordContexts: {self.title}>"

    def _repr_html_(self) -> str:
        sides = ["right", "right", "center", *["left"] * (1 + len(self.metadata))]
        rows, more = self._cells(), self._more()
        return _html.table(rows, notes=more, caption=self.title, sides=sides, named=False)

    def plot(self, by: str | None = None, ax: Any = None) -> Any:
        """Draw how often the keyword occurs.

        Parameters
        ----------
        by : str, optional
            A column of metadata: draw a bar for each value, and one for missing values. By
            default, draw a histogram over the numbers of the documents, from the first to the last
            document with the keyword.
        ax : matplotlib Axes, optional
            Where to draw; by default a new figure.

        Returns
        -------
        matplotlib Axes

        Raises
        ------
        ValueError
            If there is no column `by`, or if there are no occurrences.
        ImportError
            If matplotlib is not installed.
        """
        if by is not None:
            choice("by", by, list(self.metadata))
        if not len(self):
            raise ValueError(f"plot needs at least one occurrence of {shown(self.word)}, got none")
        ax = new_axes(ax)
        if by is None:
            ax.hist(self.documents, bins=min(50, max(self.documents_read, 1)))
            ax.set_xlabel("document")
        else:
            texts = ["(missing)" if is_missing(x) else str(x) for x in self.metadata[by]]
            labels, counts = np.unique(texts, return_counts=True)
            ax.bar(np.arange(len(labels)), counts)
            families = usable_families([*labels, by])
            ax.set_xticks(np.arange(len(labels)), labels, parse_math=False, fontfamily=families)
            ax.set_xlabel(by, parse_math=False, fontfamily=families)
        label = f"occurrences of {self.word}"
        ax.set_ylabel(label, parse_math=False, fontfamily=usable_families([label]))
        return ax


def _plain(value: Any) -> Any:
    """Return a value of metadata as a type that JSON has; None for a missing value."""
    if is_missing(value):
        return None
    if hasattr(value, "item"):
        value = value.item()
    return value if isinstance(value, str | int | float | bool | None) else str(value)
