"""Tables as HTML fragments, for notebooks. All text is escaped."""

from __future__ import annotations

import html
from collections.abc import Sequence

__all__ = ["captioned", "pairs", "table"]


def table(rows: Sequence[Sequence[str]], left: int = 1, notes: Sequence[str] = ()) -> str:
    """Return rows of cells as a table.

    Parameters
    ----------
    rows : sequence of sequences of str
        The first row is the head. The first cell of each row is its name.
    left : int, default 1
        The number of columns that are aligned to the left. All others are aligned to the right.
    notes : sequence of str
        Lines below the table.
    """
    head, *body = rows
    lines = "".join(f"<tr>{_cells(row, left, 'td')}</tr>" for row in body)
    below = "<br>".join(map(_escaped, notes))
    return (
        f"<table><thead><tr>{_cells(head, left, 'th')}</tr></thead><tbody>{lines}</tbody></table>"
        + (f"<p><small>{below}</small></p>" if notes else "")
    )


def pairs(rows: Sequence[Sequence[str]], notes: Sequence[str] = ()) -> str:
    """Return a table without a head: a name and its value in each row."""
    lines = "".join(f"<tr>{_cells(row, len(row), 'td')}</tr>" for row in rows)
    below = "<br>".join(map(_escaped, notes))
    return f"<table><tbody>{lines}</tbody></table>" + (
        f"<p><small>{below}</small></p>" if notes else ""
    )


def captioned(title: str, fragment: str) -> str:
    """Return a fragment below a line of text."""
    return f"<div><p><strong>{_escaped(title)}</strong></p>{fragment}</div>"


def _cells(row: Sequence[str], left: int, kind: str) -> str:
    sides = ["left"] * left + ["right"] * (len(row) - left)
    tags = ["th"] + [kind] * (len(row) - 1)
    return "".join(
        f'<{tag} style="text-align:{side}">{_escaped(cell)}</{tag}>'
        for cell, side, tag in zip(row, sides, tags, strict=False)
    )


def _escaped(text: str) -> str:
    # A lone surrogate, of a name that is not UTF-8, cannot be written into a page.
    return html.escape(text.encode("utf-8", "replace").decode())
