"""Pictures of tables: a dot for each row, or a line over ordered rows, with intervals."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from ._optional import optional
from ._vectors.fonts import usable_families

__all__ = ["colours", "dots", "finite_values", "histogram", "legend", "line", "new_axes"]

_F64: TypeAlias = NDArray[np.float64]

#: The largest number of labels beside dots: more cannot be read.
_LABELS = 100
#: The x-axis of a line names at most `_TICKS` labels. If these labels have more than `_CHARACTERS`
#: characters in all, they are drawn vertically: horizontally, they would overlap in a new figure.
_TICKS, _CHARACTERS = 25, 60
#: matplotlib repeats its colours after this many series. With more, a colour map gives the colours.
_COLOURS = 10


def new_axes(ax: Any, rows: int | None = None) -> Any:
    """Return `ax`; if it is None, the axes of a new figure.

    With `rows`, the new figure is high enough for this many labels on the y-axis.
    """
    if ax is not None:
        return ax
    pyplot = optional("matplotlib.pyplot", "plot")
    if rows is None:
        return pyplot.subplots()[1]
    return pyplot.subplots(figsize=(6, 1 + 0.3 * max(rows, 2)))[1]


def finite_values(values: Any) -> _F64:
    """Return values as float64, or raise a ValueError if none of them is finite."""
    found = np.asarray(values, dtype=np.float64)
    if not np.isfinite(found).any():
        raise ValueError("plot needs at least one finite value, got none")
    return found


def dots(
    labels: Sequence[str],
    values: Any,
    name: str,
    ax: Any,
    *,
    bounds: tuple[Any, Any] | None = None,
    series: Sequence[str] | None = None,
    neutral: float = 0.0,
) -> Any:
    """Draw each value as a dot beside its label, the first label at the top.

    Labels after the first 100 are left out. The label of the y-axis then says so.

    Parameters
    ----------
    labels : sequence of str
    values : sequence of float
        A value that is not finite has a label, but no dot.
    name : str
        The name of the values.
    ax : matplotlib Axes or None
        None is a new figure.
    bounds : (lower bounds, upper bounds), optional
        A grey line is drawn from each lower to each upper bound, if both are finite.
    series : sequence of str, optional
        The series of each value. Each series has its own colour, and a legend names the series.
        Equal labels share a line of the picture, where the dots of the series stand one above the
        other.
    neutral : float, default 0.0
        A vertical line is drawn at this value if values or bounds lie on both sides of it.

    Returns
    -------
    matplotlib Axes

    Raises
    ------
    ValueError
        If no value beside a drawn label is finite.
    """
    if series is None:  # equal labels have a line each
        lines, groups = np.arange(len(labels)), [""]
        group = np.zeros(len(labels), dtype=np.int64)
        rows = list(labels)
    else:
        rows, groups = list(dict.fromkeys(labels)), list(dict.fromkeys(series))
        lines = _numbers_of(labels, rows)
        group = _numbers_of(series, groups)
    found = finite_values(np.where(lines < _LABELS, values, np.nan))
    y = -lines.astype(np.float64)  # the first row is at the top
    total, rows = len(rows), rows[:_LABELS]
    ax = new_axes(ax, len(rows))
    if len(labels) > total:
        y += 0.4 * ((len(groups) - 1) / 2 - group) / len(groups)
    is_drawn = np.isfinite(found)
    drawn = [found[is_drawn]]
    if bounds is not None:
        low, high = (np.asarray(bound, dtype=np.float64) for bound in bounds)
        has_both = np.isfinite(low) & np.isfinite(high) & (lines < _LABELS)
        # Some intervals, such as bias-corrected ones, may not contain the value, which
        # `ax.errorbar` would refuse.
        ax.hlines(y[has_both], low[has_both], high[has_both], color="0.5")
        drawn += [low[has_both], high[has_both]]
    handles = [
        ax.plot(found[chosen], y[chosen], "o", color=colour)[0]
        for number, colour in enumerate(colours(len(groups)))
        for chosen in [is_drawn & (group == number)]
    ]
    families = usable_families(rows)
    ax.set_yticks(-np.arange(len(rows)), rows, parse_math=False, fontfamily=families)
    ax.set_ylim(0.5 - len(rows), 0.5)
    if total > len(rows):
        ax.set_ylabel(f"the first {len(rows)} of {total:,} rows")
    ax.set_xlabel(name, parse_math=False)
    limits = np.concatenate(drawn)
    if limits.min() < neutral < limits.max():
        ax.axvline(neutral, color="0.8", linewidth=1, zorder=0)
    if series is not None:
        legend(ax, handles, groups)
    return ax


def line(
    labels: Sequence[str],
    values: Any,
    name: str,
    ax: Any,
    *,
    bounds: tuple[Any, Any] | None = None,
    of: str = "",
    over: str = "",
) -> Any:
    """Draw values as a line over their labels, which are ordered, such as periods.

    If the labels are rising numbers, such as years, their distances on the x-axis are those of the
    numbers. Otherwise all distances are equal. The line has a gap at a value that is not finite.

    Parameters
    ----------
    labels, values, name, ax, bounds
        As for :func:`dots`. Each interval is a vertical line.
    of : str, optional
        The label of the line, for a legend.
    over : str, optional
        The name of the labels.

    Returns
    -------
    matplotlib Axes

    Raises
    ------
    ValueError
        If no value is finite.
    """
    found = finite_values(values)
    ax = new_axes(ax)
    numbers = _rising_numbers(labels)
    x = np.arange(len(labels), dtype=np.float64) if numbers is None else numbers
    if bounds is not None:
        low, high = (np.asarray(bound, dtype=np.float64) for bound in bounds)
        drawn = np.isfinite(low) & np.isfinite(high)
        ax.vlines(x[drawn], low[drawn], high[drawn], color="0.5")
    # An infinite value becomes NaN: matplotlib draws no line to it, but would take it for a limit
    # of the axis.
    ax.plot(x, np.where(np.isfinite(found), found, np.nan), "o-", label=of or None)
    # The x-axis is made to reach from the first to the last label. By itself, matplotlib leaves out
    # labels without a value, and draws a single value at 2010 on an axis from 1899 to 2121.
    ends = [x.min(), x.max()] if len(x) > 1 else [x[0] - 0.5, x[0] + 0.5]
    ax.update_datalim([(end, 0.0) for end in ends], updatey=False)
    ax.autoscale_view()
    if numbers is None or len(labels) <= _TICKS:  # else matplotlib chooses the ticks
        step = -(-len(labels) // _TICKS)
        shown = list(labels)[::step]
        ax.set_xticks(
            x[::step],
            shown,
            parse_math=False,
            fontfamily=usable_families(shown),
            rotation=90 if sum(map(len, shown)) > _CHARACTERS else 0,
        )
    ax.set_xlabel(over, parse_math=False)
    ax.set_ylabel(name, parse_math=False)
    return ax


def histogram(values: Any, name: str, ax: Any) -> Any:
    """Draw a histogram of `values`, one for each replicate. Those that are not finite are left out.

    Raises
    ------
    ValueError
        If no value is finite.
    """
    found = finite_values(values)
    ax = new_axes(ax)
    # The number of bins depends on the number of values only. Other rules of numpy would make
    # millions of bins if one value is far from all others.
    ax.hist(found[np.isfinite(found)], bins="sturges", color="lightgray")
    ax.set_xlabel(name, parse_math=False, fontfamily=usable_families([name]))
    ax.set_ylabel("replicates")
    ax.locator_params(axis="y", integer=True)
    return ax


def legend(ax: Any, handles: Sequence[Any], names: Sequence[str]) -> None:
    """Add a legend. Names are drawn as they are: a dollar sign does not start a formula."""
    families = usable_families(names)
    for text in ax.legend(handles, names).get_texts():
        text.set_parse_math(False)
        text.set_fontfamily(families)


def _numbers_of(names: Sequence[str], distinct: Sequence[str]) -> NDArray[np.int64]:
    """Return the index of each name in `distinct`."""
    at = {name: number for number, name in enumerate(distinct)}
    return np.array([at[name] for name in names], dtype=np.int64)


def colours(number: int) -> list[Any]:
    """Return a colour for each of `number` series."""
    if number <= _COLOURS:
        return [f"C{k}" for k in range(number)]
    colormap = optional("matplotlib", "plot").colormaps["viridis"]
    return [colormap(k / (number - 1)) for k in range(number)]


def _rising_numbers(labels: Sequence[str]) -> _F64 | None:
    """Return the labels as numbers if they are finite and each is larger than the one before."""
    try:
        numbers = [float(label) for label in labels]
    except ValueError:
        return None
    if not all(map(math.isfinite, numbers)) or any(np.diff(numbers) <= 0):
        return None
    return np.array(numbers)
