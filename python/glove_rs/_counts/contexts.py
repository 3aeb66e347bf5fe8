"""The contexts of a word, sorted by a measure of association."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, overload

import numpy as np
from numpy.typing import NDArray

from .. import _html
from .._checks import choice, optional_integer, real
from .._optional import optional
from .._text import figure, table
from .measures import ORDERS
from .protocol import CountMatrix

__all__ = ["Contexts", "contexts"]


@dataclass(frozen=True, eq=False, repr=False)
class Contexts(Sequence[tuple[str, float]]):
    """The context words of a word, best first: the result of ``Cooccurrence.contexts``.

    The object is a sequence of pairs (context word, value of the measure `by`), like the pairs
    (word, cosine) of ``most_similar``. ``print`` and notebooks show a table with all measures.

    Attributes
    ----------
    word : str
        The word i.
    by : str
        The measure that the contexts are sorted by.
    total : float
        The sum of all counts of the word, X_i.
    words : list of str
        The context words j.
    values : mapping of str to ndarray of float64
        For each measure ("count", "probability", "pmi", "npmi" and "llr"), its value for each
        context word.
    """

    word: str
    by: str
    total: float
    words: list[str]
    values: dict[str, NDArray[np.float64]] = field(repr=False)

    def __len__(self) -> int:
        return len(self.words)

    def __iter__(self) -> Iterator[tuple[str, float]]:
        return iter(zip(self.words, self.values[self.by].tolist(), strict=True))

    @overload
    def __getitem__(self, index: int) -> tuple[str, float]: ...
    @overload
    def __getitem__(self, index: slice) -> list[tuple[str, float]]: ...
    def __getitem__(self, index: int | slice) -> tuple[str, float] | list[tuple[str, float]]:
        return list(self)[index]

    def to_pandas(self) -> Any:
        """Return a ``pandas.DataFrame`` indexed by context word, with a column for each measure.

        Raises
        ------
        ImportError
            If pandas is not installed.
        """
        pandas = optional("pandas", "to_pandas")
        index = pandas.Index(self.words, name="context", dtype=object)
        return pandas.DataFrame(self.values, index=index)

    def plot(self, ax: Any = None) -> Any:
        """Draw the measure `by` of each context word as a dot, in the order of the table.

        At most 100 words are drawn; if there are more, the y-axis says so.

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
            If there are no context words.
        ImportError
            If matplotlib is not installed.
        """
        from .._drawing import dots
        from .._vectors.fonts import usable_families

        if not self.words:
            raise ValueError(f"plot needs at least one context word of {self.word!r}, got none")
        ax = dots(self.words, self.values[self.by], self.by, ax)
        label = f"{self.by} with {self.word}"
        ax.set_xlabel(label, parse_math=False, fontfamily=usable_families([label]))
        return ax

    def _cells(self) -> list[tuple[str, ...]]:
        columns = [map(figure, values.tolist()) for values in self.values.values()]
        return [("context", *self.values), *zip(self.words, *columns, strict=True)]

    def _title(self) -> str:
        return f"contexts of {self.word} by {self.by}"

    def __str__(self) -> str:
        return "\n".join(table(self._cells()))

    def _repr_html_(self) -> str:
        return _html.captioned(self._title(), _html.table(self._cells()))

    def __repr__(self) -> str:
        return f"<{len(self):,} {self._title()}>"


def contexts(X: CountMatrix, word: str, topn: int | None, by: str, min_count: float) -> Contexts:
    """Return the contexts of a word; see :meth:`glove_rs.Cooccurrence.contexts`."""
    topn = optional_integer("topn", topn, 0)
    by = choice("by", by, list(ORDERS))
    min_count = real("min_count", min_count)
    row = X.vocabulary[word]
    _, columns, counts = X._core.selected_rows([row], None)
    frequent = counts >= min_count
    columns, counts = columns[frequent], counts[frequent]
    row_sums, column_sums = X._sums
    sums = (row_sums[row], column_sums[columns], X.total)
    # `columns` are in the order of the vocabulary. A stable sort keeps context words with equal
    # values in this order.
    order = np.argsort(-ORDERS[by](counts, *sums), kind="stable")[:topn]
    sums = (row_sums[row], column_sums[columns[order]], X.total)
    values = {name: measure(counts[order], *sums) for name, measure in ORDERS.items()}
    labels = X.context_vocabulary.words
    return Contexts(word, by, float(row_sums[row]), [labels[j] for j in columns[order]], values)
