"""Tables and numbers as text."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence

__all__ = ["about", "amount", "columns", "decimal", "figure", "number", "percent", "table"]


def columns(rows: Iterable[Sequence[str]]) -> str:
    """Return a table as text. A row has a name, padded to the longest name, and values."""
    rows = list(rows)
    width = max((len(row[0]) for row in rows), default=0)
    return "\n".join(f"{row[0]:<{width}}  {'  '.join(row[1:])}".rstrip() for row in rows)


def table(rows: Sequence[Sequence[str]], left: int = 1) -> list[str]:
    """Return rows as lines, the first `left` columns aligned to the left and the others right."""
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return [
        "  ".join(
            cell.ljust(width) if column < left else cell.rjust(width)
            for column, (cell, width) in enumerate(zip(row, widths, strict=True))
        )
        for row in rows
    ]


def percent(value: float) -> str:
    """Return a fraction as a percentage, "n/a" for NaN."""
    return "n/a" if math.isnan(value) else f"{value:.1%}"


def decimal(value: float, digits: int = 4) -> str:
    """Return a number with `digits` decimals, "n/a" for NaN."""
    return "n/a" if math.isnan(value) else f"{value:.{digits}f}"


def figure(value: float) -> str:
    """Return a number with four significant digits; "n/a" for NaN.

    A number of 1,000 or more is rounded to an integer.
    """
    if math.isnan(value):
        return "n/a"
    if abs(value) >= 1000 and not math.isinf(value):
        return f"{value:,.0f}"
    return f"{value:.4g}"


def amount(n: float) -> str:
    """Return a number of bytes as text with three significant digits, such as "1.23 GB"."""
    for unit, size in (("GB", 1e9), ("MB", 1e6)):
        if n >= size:
            return f"{n / size:.3g} {unit}"
    return f"{n / 1e3:.3g} kB"


def number(n: float) -> str:
    """Return an estimated number as text, rounded to three significant digits."""
    return f"{int(float(f'{n:.3g}')):,}"


def about(value: float, bounds: tuple[float, float], shown: Callable[[float], str]) -> str:
    """Return an estimated value as text, with its bounds if they differ as text.

    `shown` rounds a number and converts it to text.
    """
    low, high = map(shown, bounds)
    text = f"about {shown(value)}"
    return text if low == high else f"{text} ({low} to {high})"
