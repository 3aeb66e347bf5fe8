"""Tables as HTML fragments, for notebooks. All text is escaped."""

from __future__ import annotations

import html
from collections.abc import Sequence

__all__ = ["captioned", "name_value_table", "table"]


def table(
    rows: Sequence[Sequence[str]],
    left: int = 1,
    notes: Sequence[str] = (),
    *,
    caption: str | None = None,
    sides: Sequence[str] | None = None,
    named: bool = True,
) -> str:
    """Return rows of cells as a table.

    Parameters
    ----------
    rows : sequence of sequences of str
        The first row is the head.
    left : int, default 1
        The first `left` columns are aligned to the left, and all others to the right.
    notes : sequence of str
        Lines below the table.
    caption : str, optional
        A line above the table.
    sides : sequence of str, optional
        "left" or "right" for each column, instead of `left`.
    named : bool, default True
        Whether the first cell of each row is a heading: the name of the row.
    """
    head, *body = rows
    if sides is None:
        sides = _sides(left, len(head))
    above = "" if caption is None else f"<caption>{_escaped(caption)}</caption>"
    return (
        f"<table>{above}<thead>{_row(head, sides, 'th', named)}</thead>"
        f"<tbody>{''.join(_row(row, sides, 'td', named) for row in body)}</tbody></table>"
        f"{_below(notes)}"
    )


def name_value_table(rows: Sequence[Sequence[str]], notes: Sequence[str] = ()) -> str:
    """Return a table without a head: a name and its value in each row."""
    lines = "".join(_row(row, _sides(len(row), len(row)), "td", True) for row in rows)
    return f"<table><tbody>{lines}</tbody></table>{_below(notes)}"


def captioned(title: str, fragment: str) -> str:
    """Return the HTML fragment `fragment` with the line `title` above it."""
    return f"<div><p><strong>{_escaped(title)}</strong></p>{fragment}</div>"


def _sides(left: int, columns: int) -> list[str]:
    return ["left"] * left + ["right"] * (columns - left)


def _row(row: Sequence[str], sides: Sequence[str], kind: str, named: bool) -> str:
    tags = ["th" if named else kind] + [kind] * (len(row) - 1)
    cells = "".join(
        f'<{tag} style="text-align:{side}">{_escaped(cell)}</{tag}>'
        for cell, side, tag in zip(row, sides, tags, strict=False)
    )
    return f"<tr>{cells}</tr>"


def _below(notes: Sequence[str]) -> str:
    return f"<p><small>{'<br>'.join(map(_escaped, notes))}</small></p>" if notes else ""


def _escaped(text: str) -> str:
    # A file name that is not UTF-8 has lone surrogates, which UTF-8 cannot encode: they become "?".
    return html.escape(text.encode("utf-8", "replace").decode())
