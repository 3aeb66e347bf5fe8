"""Results of commands as text or JSON on standard output, and messages on standard error."""

from __future__ import annotations

import argparse
import json
import math
import re
import sys
from collections.abc import Iterable, Mapping
from typing import Any

from .._text import columns
from ._streams import is_standard_output

__all__ = ["add_json", "columns", "emit", "refuse_json_beside", "say"]


def say(line: str) -> None:
    """Print a message to standard error."""
    if sys.stderr is not None:
        sys.stderr.write(f"{line}\n")


def add_json(parser: argparse._ActionsContainer) -> None:
    """Add the option --json."""
    parser.add_argument("--json", action="store_true", help="print the result as JSON")


def emit(
    options: argparse.Namespace, result: Any, text: str, outputs: Iterable[str | None] = ()
) -> None:
    """Print `result` as JSON if --json was given, otherwise `text`.

    If one of the files `outputs` is standard output, which another program may read, `text` goes to
    standard error.
    """
    if not options.json and any(map(is_standard_output, outputs)):
        say(text)
        return
    try:
        print(_json(result) if options.json else text)
    except OSError as error:
        error.filename = "-"
        raise


def refuse_json_beside(options: argparse.Namespace, outputs: Mapping[str, str | None]) -> None:
    """Raise a ValueError if --json was given and one of the files is standard output.

    `outputs` has the file of each option; None is ignored.
    """
    for option, path in outputs.items():
        if options.json and is_standard_output(path):
            raise ValueError(f"{option} must be a file with --json, which prints its result")


def _json(result: Any) -> str:
    text = json.dumps(_plain(result), ensure_ascii=False)
    # JSON must be UTF-8. A file name may have bytes that are not UTF-8, which Python represents as
    # lone surrogates: escape them.
    return re.sub("[\ud800-\udfff]", lambda found: f"\\u{ord(found.group()):04x}", text)


def _plain(value: Any) -> Any:
    """Convert values to types that JSON has: NumPy's to Python's, NaN and infinity to None."""
    if isinstance(value, dict):
        return {key: _plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    if hasattr(value, "item"):
        return _plain(value.item())
    return None if isinstance(value, float) and not math.isfinite(value) else value
