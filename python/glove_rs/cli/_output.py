"""Results on standard output: for people, or as JSON for programs."""

from __future__ import annotations

import argparse
import json
import math
import re
from collections.abc import Iterable, Sequence
from typing import Any

__all__ = ["add_json", "columns", "emit"]


def add_json(parser: argparse._ActionsContainer) -> None:
    """Add the option that chooses JSON."""
    parser.add_argument("--json", action="store_true", help="print the result as JSON")


def emit(options: argparse.Namespace, result: Any, text: str) -> None:
    """Print `result` as JSON if that was asked for, else `text`."""
    print(_json(result) if options.json else text)


def _json(result: Any) -> str:
    text = json.dumps(_plain(result), ensure_ascii=False)
    # Names of files may hold bytes that are not UTF-8, which JSON must be.
    return re.sub("[\ud800-\udfff]", lambda found: f"\\u{ord(found.group()):04x}", text)


def columns(rows: Iterable[Sequence[str]]) -> str:
    """Lay out rows of a name and its value, names padded to one width."""
    rows = list(rows)
    width = max((len(row[0]) for row in rows), default=0)
    return "\n".join(f"{row[0]:<{width}}  {'  '.join(row[1:])}".rstrip() for row in rows)


def _plain(value: Any) -> Any:
    """Make JSON of it: what numpy gave as Python's, and null of what is no number."""
    if isinstance(value, dict):
        return {key: _plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    if hasattr(value, "item"):
        return _plain(value.item())
    return None if isinstance(value, float) and not math.isfinite(value) else value
