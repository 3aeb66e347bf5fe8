"""A table of results: it prints, converts to pandas, shows in a notebook, and draws intervals."""

from __future__ import annotations

import html
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np

from ._optional import optional
from ._text import table

__all__ = ["Table"]


class Table:
    """Named columns of equal length. ``print`` shows them; `table["name"]` is a column.

    Parameters
    ----------
    columns : mapping of str to sequence
        The columns, in their order. The first column names the rows.
    title : str, optional
        What the table is about, in the first line of its text.
    """

    def __init__(self, columns: Mapping[str, Sequence[Any]], title: str = "") -> None:
        self.columns: dict[str, list[Any]] = {name: list(c) for name, c in columns.items()}
        self.title = title

    def __len__(self) -> int:
        return len(next(iter(self.columns.values()), []))

    def __getitem__(self, name: str) -> list[Any]:
        return self.columns[name]

    def __iter__(self) -> Iterator[dict[str, Any]]:
        for values in zip(*self.columns.values(), strict=True):
            yield dict(zip(self.columns, values, strict=True))

    def _cells(self) -> list[list[str]]:
        return [list(self.columns), *([_cell(v) for v in row.values()] for row in self)]

    def __str__(self) -> str:
        left = sum(
            all(isinstance(value, str) for value in column) for column in self.columns.values()
        )
        lines = table(self._cells(), left=left) if self.columns else []
        lines = [line.rstrip() for line in lines]
        return "\n".join([self.title, *lines] if self.title else lines)

    def __repr__(self) -> str:
        return str(self)

    def to_pandas(self) -> Any:
        """Return the table as a ``pandas.DataFrame``.

        Raises
        ------
        ImportError
            If pandas is not installed: ``pip install pandas``.
        """
        return optional("pandas", "to_pandas").DataFrame(self.columns)

    def _repr_html_(self) -> str:
        """Return the table as HTML, for notebooks."""
        head, *rows = self._cells()
        cells = ["".join(f"<th>{html.escape(cell)}</th>" for cell in head)]
        cells += ["".join(f"<td>{html.escape(cell)}</td>" for cell in row) for row in rows]
        caption = f"<caption>{html.escape(self.title)}</caption>" if self.title else ""
        return f"<table>{caption}{''.join(f'<tr>{row}</tr>' for row in cells)}</table>"

    def plot(self, ax: Any = None) -> Any:
        """Draw each row as a point with its interval.

        Parameters
        ----------
        ax : matplotlib.axes.Axes, optional
            Where to draw. By default a new figure is made.

        Returns
        -------
        matplotlib.axes.Axes

        Raises
        ------
        ImportError
            If matplotlib is not installed: ``pip install matplotlib``.
        ValueError
            If the table has no intervals.
        """
        names = list(self.columns)
        if "low" not in names or "high" not in names:
            raise ValueError("plot needs a table with intervals: columns low and high")
        if ax is None:
            ax = optional("matplotlib.pyplot", "plot").subplots()[1]
        value = names[names.index("low") - 1]
        places = np.arange(len(self))[::-1]
        middle, low, high = (
            np.asarray(self.columns[name], dtype=float) for name in (value, "low", "high")
        )
        ax.hlines(places, low, high)
        ax.plot(middle, places, "o")
        labels = [" ".join(cell for cell in row.values() if isinstance(cell, str)) for row in self]
        ax.set_yticks(places, labels, parse_math=False)
        ax.set_xlabel(value.replace("_", " "))
        if self.title:
            ax.set_title(self.title, parse_math=False)
        return ax


def _cell(value: Any) -> str:
    if isinstance(value, float | np.floating):
        return "n/a" if np.isnan(value) else f"{value:.3f}"
    return str(value)
