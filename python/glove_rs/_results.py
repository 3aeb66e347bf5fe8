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
    long : ResultTable, optional
        The values of this table in long form, if a cell of this table shows several values. Then
        :meth:`to_pandas` and :meth:`plot` use `long` instead of this table.
    """

    #: The names of the columns that :meth:`plot` draws: labels, values, lower bounds and upper
    #: bounds. None if the table cannot be drawn, or chooses its columns in `_plotted_columns`.
    _plotted: tuple[str, str, str | None, str | None] | None = None
    #: The column that names the series of each row. Each series has a colour. None without series.
    _series: str | None = None
    #: Whether the rows are ordered, such as periods: then :meth:`plot` draws a line.
    _is_ordered = False
    #: What the values of an ordered table describe, such as a word. It is the label of the line.
    _of = ""
    #: The value that means "no difference". :meth:`plot` draws a vertical line at this value.
    _neutral = 0.0

    def __init__(
        self,
        columns: Mapping[str, Any],
        title: str = "",
        notes: Sequence[str] = (),
        *,
        long: ResultTable | None = None,
    ) -> None:
        self._columns = {name: _array(values) for name, values in columns.items()}
        lengths = {len(values) for values in self._columns.values()}
        assert len(lengths) <= 1
        self._rows = lengths.pop() if lengths else 0
        self.title = title
        self.notes = tuple(notes)
        self._long = long

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

        A table whose cells show several values is returned in long form. An example is the table of
        :func:`glove_rs.compare.neighbours`, which describes the columns.

        Raises
        ------
        ImportError
            If pandas is not installed.
        """
        if self._long is not None:
            return self._long.to_pandas()
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
        """Draw the value of each row as a dot, with its interval if the table has one.

        The first row is at the top. At most 100 labels are drawn; if there are more, the label of
        the y-axis says so. The values of a table over slices are drawn as a line over the slices.

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
            If the table has no rows or no finite value to draw.
        ImportError
            If matplotlib is not installed.

        Warns
        -----
        UserWarning
            If some characters are in no installed font. The warning names a font to install.
        """
        from . import _drawing

        if self._long is not None:
            return self._long.plot(ax)
        plotted = self._plotted_columns()
        if plotted is None or not len(self):
            raise ValueError("plot needs a table with at least one row of values")
        label, value, low, high = plotted
        labels, values, name = self._labels(label), self[value], value.replace("_", " ")
        bounds = None
        if low in self._columns and high in self._columns:
            bounds = self._columns[low], self._columns[high]
        if self._is_ordered:
            of, over = self._of, label.replace("_", " ")
            return _drawing.line(labels, values, name, ax, bounds=bounds, of=of, over=over)
        series = None if self._series is None else list(map(str, self[self._series]))
        return _drawing.dots(
            labels, values, name, ax, bounds=bounds, series=series, neutral=self._neutral
        )

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

    In a table with intervals, the columns `low` and `high` follow the column of the values. In any
    other table, the values are the first column of numbers after the first column. :meth:`plot`
    draws the values.
    """

    def _plotted_columns(self) -> tuple[str, str, str | None, str | None] | None:
        names = self.columns
        if "low" in names and "high" in names:
            return names[0], names[names.index("low") - 1], "low", "high"
        numbers = [name for name in names[1:] if self[name].dtype.kind in "iuf"]
        return (names[0], numbers[0], None, None) if numbers else None

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
