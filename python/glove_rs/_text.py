"""Tables and numbers as text."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

__all__ = ["about", "amount", "columns", "number"]


def columns(rows: Iterable[Sequence[str]]) -> str:
    """Return a table as text: each row is a name and its values; the names have one width."""
    rows = list(rows)
    width = max((len(row[0]) for row in rows), default=0)
    return "\n".join(f"{row[0]:<{width}}  {'  '.join(row[1:])}".rstrip() for row in rows)


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
    """Return an estimated value as text, with its two bounds if their texts differ."""
    low, high = map(shown, bounds)
    text = f"about {shown(value)}"
    return text if low == high else f"{text} ({low} to {high})"
