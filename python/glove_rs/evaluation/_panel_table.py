"""A panel as text, HTML and records."""

from __future__ import annotations

import html as html_text
import math
from collections.abc import Sequence
from typing import Any

from .._text import table
from ._score import PanelRow, Score

__all__ = ["html", "page", "records", "text"]

_INTERVAL = "95 % interval"
# The number of columns with names, at the left. All other columns have numbers.
_NAMED = 2


def records(rows: Sequence[PanelRow]) -> list[dict[str, Any]]:
    """Return a flat record for each row. An undefined score or bound is NaN."""
    found = []
    for row in rows:
        record: dict[str, Any] = {"measure": row.measure, "total": row.total}
        for name in ("score", "baseline", "difference"):
            score: Score | None = getattr(row, name)
            if score is not None:
                prefix = "" if name == "score" else f"{name}_"
                record |= {
                    f"{prefix}found": score.found,
                    name: score.value,
                    f"{prefix}low": score.low,
                    f"{prefix}high": score.high,
                }
        found.append(record)
    return found


def text(rows: Sequence[PanelRow], protocol: str) -> str:
    """Return the table as text, below the protocol and above the notes."""
    lines = table(_cells(rows), _NAMED)
    rule = "-" * len(lines[0])
    return "\n".join([protocol, "", lines[0], rule, *lines[1:], *_notes(rows)])


def html(rows: Sequence[PanelRow], protocol: str) -> str:
    """Return the table as an HTML fragment, above the protocol and the notes."""
    head, *body = _cells(rows)
    escaped = html_text.escape
    heads = "".join(f'<th style="text-align:left">{escaped(name)}</th>' for name in head[:_NAMED])
    heads += "".join(f'<th style="text-align:right">{escaped(name)}</th>' for name in head[_NAMED:])
    lines = "".join(
        f'<tr><th style="text-align:left">{escaped(cells[0])}</th>'
        f'<td style="text-align:left">{escaped(cells[1])}</td>'
        + "".join(f'<td style="text-align:right">{escaped(cell)}</td>' for cell in cells[_NAMED:])
        + "</tr>"
        for cells in body
    )
    notes = "<br>".join(escaped(line) for line in [*protocol.split("\n"), *_notes(rows)])
    return (
        f"<table><thead><tr>{heads}</tr></thead><tbody>{lines}</tbody></table>"
        f"<p><small>{notes}</small></p>"
    )


def page(title: str, fragment: str) -> str:
    """Return a whole HTML page that has `fragment` as its body."""
    whole = (
        '<!DOCTYPE html>\n<html lang="en"><head><meta charset="utf-8">'
        f"<title>Word vectors on {html_text.escape(title)}</title>"
        "<style>body{font-family:sans-serif;margin:2em}table{border-collapse:collapse}"
        "th,td{padding:.2em .6em;border-bottom:1px solid #ccc;font-variant-numeric:tabular-nums}"
        f"</style></head>\n<body>{fragment}</body></html>\n"
    )
    # A name that is not UTF-8 has lone surrogates, which a page cannot hold.
    return whole.encode("utf-8", "replace").decode()


def _cells(rows: Sequence[PanelRow]) -> list[tuple[str, ...]]:
    """Return the cells of the head and the rows.

    The table always has a column with the number of items that the first model finds. The number
    of items that the second model finds, and the number that both find, have columns only if one of
    them differs, in any row, from the number of the first model.
    """
    is_paired = any(row.difference for row in rows)
    differ = any(
        score is not None and score.found != row.score.found
        for row in rows
        for score in (row.baseline, row.difference)
    )
    counted = ("found",) if differ else ()
    head: tuple[str, ...] = ("set", "measure", "found", "all", "score", _INTERVAL)
    if is_paired:
        head += (*counted, "baseline", _INTERVAL)
        head += (*(("both find",) if differ else ()), "difference", _INTERVAL)
    cells = [head]
    for row in rows:
        line: tuple[str, ...] = (row.name, row.measure, f"{row.score.found:,}", f"{row.total:,}")
        line += _shown(row.score, row.measure)
        for score, sign in ((row.baseline, ""), (row.difference, "+")):
            if score is not None:
                line += ((f"{score.found:,}",) if differ else ()) + _shown(score, row.measure, sign)
        cells.append(line)
    return cells


def _shown(score: Score, measure: str, sign: str = "") -> tuple[str, str]:
    """Return a score and its interval as text.

    With a `sign`, the score is a difference. A difference of accuracies or purities is in
    percentage points.
    """

    def number(value: float, unit: str = "") -> str:
        if measure == "Spearman":
            return f"{value:{sign}z.3f}"
        return f"{100 * value:{sign}z.1f}{unit}"

    if math.isnan(score.value):
        return "n/a", "n/a"
    value = number(score.value, "" if sign else "%")
    if math.isnan(score.low):
        return value, "n/a"
    return value, f"[{number(score.low)}, {number(score.high)}]"


def _notes(rows: Sequence[PanelRow]) -> list[str]:
    """Return the lines below the table.

    A line gives the reason why a score is undefined or has no interval. If two scores of a row have
    the same reason, only the first of them has a line. Another line says how many items a model
    does not find because a vector has NaN or infinity.
    """
    found = []
    for row in rows:
        scores = {"": row.score, ", baseline": row.baseline, ", difference": row.difference}
        said = {""}
        for what, score in scores.items():
            if score is not None and score.note not in said:
                said.add(score.note)
                found.append(f"{row.name}{what}: {score.note}")
        for what in ("", ", baseline"):
            score = scores[what]
            if score is not None and score.not_finite:
                found.append(
                    f"{row.name}{what}: {score.not_finite:,} items are not found because a vector "
                    "has NaN or infinity"
                )
    return found
