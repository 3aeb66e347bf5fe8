"""The table that an analysis returns: printed, as HTML, as a data frame, and as a plot."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from . import _html
from ._checks import choice
from ._optional import optional
from ._text import table

__all__ = ["IntervalTable", "ResultTable"]

#: The largest number of rows that `print` and a notebook show.
_SHOWN = 40


class ResultTable:
    """Rows with named columns, a title and notes.

    ``print`` and notebooks show the first 40 rows. ``len`` is the number of rows,
    ``result["name"]`` a column, and iteration yields each row as a dict.

    Parameters
    ----------
    columns : mapping of str to sequence or array
        The columns by their names. All have the same length.
    title : str
        What the table shows, in one or several lines.
    notes : sequence of str
        Lines below the table.
    """

    #: The columns that :meth:`plot` draws: labels, values, lower bounds and upper bounds. None if
    #: the table cannot be drawn.
    _plotted: tuple[str, str, str | None, str | None] | None = None

    def __init__(
        self, columns: Mapping[str, Any], title: str = "", notes: Sequence[str] = ()
    ) -> None:
        self._columns = {name: _array(values) for name, values in columns.items()}
        lengths = {len(values) for values in self._columns.values()}
        assert len(lengths) <= 1
        self._rows = lengths.pop() if lengths else 0
        self.title = title
        self.notes = tuple(notes)

    @property
    def columns(self) -> list[str]:
        """The names of the columns."""
        return list(self._columns)

    def __len__(self) -> int:
        return self._rows

    def __getitem__(self, name: str) -> NDArray[Any]:
        return self._columns[choice("column", name, self.columns)]

    def __iter__(self) -> Iterator[dict[str, Any]]:
        for row in range(len(self)):
            yield {name: _plain(values[row]) for name, values in self._columns.items()}

    def to_pandas(self) -> Any:
        """Return a pandas DataFrame with the columns of the table.

        Raises
        ------
        ImportError
            If pandas is not installed.
        """
        return optional("pandas", "to_pandas").DataFrame(
            {name: list(values) for name, values in self._columns.items()}
        )

    def to_dict(self) -> dict[str, Any]:
        """Return a dict of "title", "rows" and "notes" for ``json.dumps``.

        Each row is a dict. NaN and infinity become None.
        """
        rows = [{name: _json(value) for name, value in row.items()} for row in self]
        return {"title": self.title, "rows": rows, "notes": list(self.notes)}

    def __str__(self) -> str:
        head, *body = self._cells()
        lines = table([head, *body], self._left())
        found = [*([self.title] if self.title else []), lines[0], "-" * len(lines[0]), *lines[1:]]
        return "\n".join(line.rstrip() for line in [*found, *self._tail()])

    def __repr__(self) -> str:
        return f"<{type(self).__name__}: {len(self):,} rows of {', '.join(self.columns)}>"

    def _repr_html_(self) -> str:
        return _html.table(
            self._cells(), self._left(), self._tail(), caption=self.title, named=False
        )

    def plot(self, ax: Any = None) -> Any:
        """Draw the value of each row as a point, with its interval if the table has one.

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
            If the table has no rows or no values to draw, or is an :class:`IntervalTable` without
            intervals.
        ImportError
            If matplotlib is not installed.
        """
        plotted = self._plotted_columns()
        if plotted is None or not len(self):
            raise ValueError("plot needs a table with at least one row of values")
        label, value, low, high = plotted
        if ax is None:
            ax = optional("matplotlib.pyplot", "plot").subplots()[1]
        places = np.arange(len(self))[::-1]
        values = self[value].astype(np.float64)
        if low in self._columns and high in self._columns:
            bounds = np.array([self[low], self[high]], dtype=np.float64)
            # Some intervals, such as bias-corrected ones, may not contain the value, which
            # `ax.errorbar` would refuse.
            ax.hlines(places, bounds[0], bounds[1], color="0.5")
        ax.plot(values, places, "o")
        ax.set_yticks(places, self._labels(label), parse_math=False)
        ax.set_xlabel(value.replace("_", " "))
        if np.nanmin(values) < 0 < np.nanmax(values):
            ax.axvline(0.0, color="0.8", linewidth=1, zorder=0)
        return ax

    def _plotted_columns(self) -> tuple[str, str, str | None, str | None] | None:
        return self._plotted

    def _labels(self, column: str) -> list[str]:
        return [str(name) for name in self[column]]

    def _left(self) -> int:
        """Return the number of columns at the left that hold text."""
        left = 0
        for values in self._columns.values():
            if values.dtype != object:
                break
            left += 1
        return max(left, 1)

    def _cells(self) -> list[tuple[str, ...]]:
        head = tuple(name.replace("_", " ") for name in self._columns)
        body = zip(
            *([_cell(x) for x in values[:_SHOWN]] for values in self._columns.values()),
            strict=True,
        )
        return [head, *body]

    def _tail(self) -> list[str]:
        more = len(self) - _SHOWN
        return [*([f"… and {more:,} more rows"] if more > 0 else []), *self.notes]


class IntervalTable(ResultTable):
    """Rows that may have intervals.

    In a table with intervals, the columns `low` and `high` follow the column of the values.
    """

    def _plotted_columns(self) -> tuple[str, str, str | None, str | None]:
        names = self.columns
        if "low" not in names or "high" not in names:
            raise ValueError("plot needs a table with intervals: columns low and high")
        return names[0], names[names.index("low") - 1], "low", "high"

    def _labels(self, column: str) -> list[str]:
        return [" ".join(cell for cell in row.values() if isinstance(cell, str)) for row in self]


def _array(values: Any) -> NDArray[Any]:
    """Return a column as an array: of numbers if all values are numbers, otherwise of objects.

    An array of bools stays an array of bools.
    """
    if not isinstance(values, np.ndarray):
        found = np.empty(len(values), dtype=object)
        found[:] = list(values)
        kinds = {type(value) for value in found}
        if kinds <= {float, int, np.float64, np.int64} and kinds:
            return np.array(list(values))
        return found
    return values if values.dtype.kind in "iufb" else values.astype(object)


def _plain(value: Any) -> Any:
    return value.item() if isinstance(value, np.generic) else value


def _json(value: Any) -> Any:
    return None if isinstance(value, float) and not math.isfinite(value) else value


def _cell(value: Any) -> str:
    """Return a cell as text."""
    value = _plain(value)
    if value is None or (isinstance(value, float) and math.isnan(value)):
        return "n/a"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, int):
        return f"{value:,}"
    if isinstance(value, float):
        return f"{value:.4g}" if abs(value) >= 10_000 or 0 < abs(value) < 1e-4 else f"{value:.4f}"
    return str(value)
