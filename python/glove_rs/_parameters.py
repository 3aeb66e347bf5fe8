"""What every public call does with its parameters before the core sees them."""

from __future__ import annotations

import math
import numbers
import operator
import os
from collections.abc import Sequence
from typing import SupportsFloat, SupportsIndex

__all__ = [
    "boolean",
    "byte_count",
    "choice",
    "integer",
    "memory_bytes",
    "path_text",
    "positive",
    "real",
]


def integer(name: str, value: object, least: int, most: int = 2**63 - 1) -> int:
    """Return `value` as an int, or raise a ValueError that names it and its range."""
    if not isinstance(value, bool) and isinstance(value, SupportsIndex):
        number = operator.index(value)
        if least <= number <= most:
            return number
        if number > most:
            raise ValueError(f"{name} must be an integer from {least} to {most}, got {value!r}")
    raise ValueError(f"{name} must be an integer >= {least}, got {value!r}")


def real(name: str, value: object, least: float = 0.0, *, above: bool = False) -> float:
    """Return `value` as a finite float of at least (or above) `least`, or raise a ValueError."""
    if isinstance(value, numbers.Real | SupportsFloat) and not isinstance(value, bool):
        number = _float(value)
        if math.isfinite(number) and (number > least if above else number >= least):
            return number
    raise ValueError(
        f"{name} must be a finite number {'>' if above else '>='} {least:g}, got {value!r}"
    )


def _float(value: SupportsFloat) -> float:
    try:
        return float(value)
    except OverflowError:
        return math.inf


def positive(name: str, value: object) -> float:
    """Return `value` as a finite float above 0, or raise a ValueError."""
    return real(name, value, above=True)


def boolean(name: str, value: object) -> bool:
    """Return `value` if it is a truth value, numpy's included, or raise a ValueError."""
    if isinstance(value, bool) or type(value).__name__ in {"bool", "bool_"}:
        return bool(value)
    raise ValueError(f"{name} must be True or False, got {value!r}")


def choice(name: str, value: object, among: Sequence[str]) -> str:
    """Return `value` if it is one of these names, or raise a ValueError."""
    if isinstance(value, str) and value in among:
        return value
    raise ValueError(f"{name} must be {', '.join(map(repr, among))}, got {value!r}")


_UNITS = {
    "": 1,
    "B": 1,
    "KB": 10**3,
    "MB": 10**6,
    "GB": 10**9,
    "TB": 10**12,
    "KIB": 2**10,
    "MIB": 2**20,
    "GIB": 2**30,
    "TIB": 2**40,
}


def memory_bytes(value: object) -> int | None:
    """Return a memory limit in bytes: `None`, an int, or text such as "512MB" or "2GiB".

    Raises
    ------
    ValueError
        If the text cannot be read or the limit is below 1 MB.
    """
    return None if value is None else byte_count("memory", value, 1_000_000, "None, ")


def byte_count(name: str, value: object, least: int, others: str = "") -> int:
    """Return a number of bytes >= `least`, given as such or as text, or raise a ValueError."""
    wrong = ValueError(
        f"{name} must be {others}a number of bytes >= {least:,}, or text such as '512MB' or "
        f"'2GiB', got {value!r}"
    )
    if isinstance(value, str):
        text = value.strip().replace("_", "").replace(",", "")
        digits = text.rstrip("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ ")
        unit = _UNITS.get(text[len(digits) :].strip().upper())
        try:
            number = float(digits) * (math.nan if unit is None else unit)
        except ValueError:
            raise wrong from None
    elif isinstance(value, numbers.Real):
        number = _float(value)  # True is 1: below the least
    else:
        raise wrong
    if not least <= number <= 2**63:
        raise wrong
    return int(number)


def path_text(name: str, value: str | os.PathLike[str], what: str = "file") -> str:
    """Return a path as text, or raise a ValueError that names the parameter if it is empty.

    Operating systems take an empty path for the current directory in some calls.
    """
    text = os.fsdecode(value)
    if not text:
        raise ValueError(f"{name} must name a {what}, got ''")
    if "\0" in text:
        raise ValueError(f"{name} must be a path without null characters, got {text!r}")
    return text
