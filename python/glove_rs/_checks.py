"""Checks of single values that a user passes to a public call, and how messages show a value."""

from __future__ import annotations

import itertools
import math
import numbers
import operator
import os
from collections.abc import Collection, Iterable, Sequence
from typing import Any, SupportsFloat, SupportsIndex, TypeVar

import numpy as np

__all__ = [
    "boolean",
    "byte_count",
    "choice",
    "instance",
    "integer",
    "is_file_system",
    "is_missing",
    "memory_bytes",
    "optional_integer",
    "path_text",
    "plain",
    "positive",
    "real",
    "shown",
    "words",
    "writable_words",
]


_T = TypeVar("_T")


def integer(name: str, value: object, least: int | None, most: int = 2**63 - 1) -> int:
    """Return `value` as an int from `least` to `most`, or raise a ValueError.

    The message has `name` and the lower limit. It has the upper limit only if `value` is an integer
    above this limit. If `least` is None, there is no lower limit.
    """
    scalar = _scalar(value)
    limit = "" if least is None else f" >= {least}"
    if isinstance(scalar, SupportsIndex) and not isinstance(scalar, bool | np.bool_ | np.ndarray):
        try:
            number = operator.index(scalar)
        except (TypeError, ValueError, ArithmeticError):
            pass  # the class has __index__, but the call fails for this value
        else:
            if number > most:
                limit = f" <= {most}" if least is None else f" from {least} to {most}"
            elif least is None or number >= least:
                return number
    raise ValueError(f"{name} must be an integer{limit}, got {shown(value)}")


def optional_integer(name: str, value: object, least: int | None) -> int | None:
    """Return None for None, and otherwise the result of :func:`integer`."""
    return None if value is None else integer(name, value, least)


def real(
    name: str,
    value: object,
    least: float = 0.0,
    *,
    above: bool = False,
    below: float = math.inf,
) -> float:
    """Return `value` as a finite float in a range, or raise a ValueError that names the parameter.

    Parameters
    ----------
    name : str
        The parameter's public name.
    value : object
    least : float, default 0.0
        The value must be >= `least`.
    above : bool, default False
        The value must be > `least`, not only >= `least`.
    below : float, optional
        The value must be < `below`.
    """
    number = _float(_scalar(value))
    if math.isfinite(number) and (number > least if above else number >= least) and number < below:
        return number
    limit = "" if below == math.inf else f" and < {below:g}"
    raise ValueError(
        f"{name} must be a finite number {'>' if above else '>='} {least:g}{limit}, "
        f"got {shown(value)}"
    )


def _scalar(value: object) -> object:
    """Return the element of a zero-dimensional array, and any other value unchanged."""
    return value[()] if isinstance(value, np.ndarray) and value.ndim == 0 else value


def _float(value: object) -> float:
    """Convert a real number to float.

    A number that is too large gives infinity. A bool, and a value that is not a real number, gives
    NaN.
    """
    is_other = isinstance(value, bool | np.bool_ | np.ndarray | np.complexfloating)
    if is_other or not isinstance(value, numbers.Real | SupportsFloat):
        return math.nan
    try:
        return float(value)
    except OverflowError:
        return math.inf
    except (TypeError, ValueError, ArithmeticError):
        return math.nan


def positive(name: str, value: object) -> float:
    """Return `value` as a finite float above 0, or raise a ValueError."""
    return real(name, value, above=True)


def boolean(name: str, value: object) -> bool:
    """Return a bool of Python or numpy as bool, or raise a ValueError for any other value."""
    scalar = _scalar(value)
    if isinstance(scalar, bool | np.bool_):
        return bool(scalar)
    raise ValueError(f"{name} must be True or False, got {shown(value)}")


def choice(name: str, value: object, among: Sequence[str]) -> str:
    """Return `value` if `among` has it, else raise a ValueError that lists the names in `among`."""
    scalar = _scalar(value)
    if isinstance(scalar, str) and scalar in among:
        return among[among.index(scalar)]  # a plain str, even if `value` is of a subclass
    raise ValueError(f"{name} must be one of {', '.join(map(repr, among))}, got {shown(value)}")


def is_file_system(value: object) -> bool:
    """Return whether `value` is a file system object of fsspec or of pyarrow."""
    return all(callable(getattr(value, name, None)) for name in ("open", "ls", "find")) or (
        callable(getattr(value, "open_input_file", None)) and hasattr(value, "type_name")
    )


def is_missing(value: Any) -> bool:
    """Return whether a value of a column is missing: None, NaN, NaT, or the NA of pandas."""
    if value is None:
        return True
    if hasattr(value, "__len__"):  # a text, a list or an array
        return False
    try:
        return bool(value != value)
    except TypeError:  # `NA != NA` of pandas is NA, which has no truth value
        return type(value).__name__ == "NAType"


def path_text(name: str, value: object, what: str = "file") -> str:
    """Return a path as str, or raise a TypeError or ValueError that names the parameter.

    A path of bytes is decoded by :func:`os.fsdecode`. An empty path is refused, because an
    operating system may take it for the current directory. `what` is "file" or "folder", for the
    message.
    """
    try:
        text = os.fsdecode(value)  # type: ignore[arg-type]
    except TypeError:
        raise TypeError(f"{name} must be a path, got {shown(value)}") from None
    if not text:
        raise ValueError(f"{name} must name a {what}, got ''")
    if "\0" in text:
        raise ValueError(f"{name} must be a path without null characters, got {shown(value)}")
    return str.__str__(text)


def instance(name: str, value: object, kind: type[_T]) -> _T:
    """Return `value` if it is of the class `kind`, else raise a TypeError that has `name`."""
    if isinstance(value, kind):
        return value
    raise TypeError(f"{name} must be a {kind.__name__}, got {shown(value)}")


def words(
    name: str,
    value: object,
    what: str = "a sequence of words",
    error: type[Exception] = TypeError,
) -> list[str]:
    """Return an iterable of words as a list, or raise an exception of the type `error`.

    The message of the exception says that the parameter `name` must be `what`. A str is refused,
    because it is an iterable of its letters. A caller that takes a str for one word checks for it
    before the call.
    """
    got = None
    if isinstance(value, Iterable) and not isinstance(value, str | bytes):
        try:
            found = list(value)
        except TypeError:  # list() refuses an array without dimensions
            found = [value]
        wrong = next((i for i, word in enumerate(found) if not isinstance(word, str)), None)
        if wrong is None:
            return found
        if wrong >= _ENTRIES:
            got = f"item {wrong}: {shown(found[wrong])}"
    raise error(f"{name} must be {what}, got {shown(value) if got is None else got}")


def writable_words(name: str, found: list[str]) -> list[str]:
    """Return `found` if UTF-8 can encode all its words, else raise a ValueError.

    A str may hold lone surrogates, which UTF-8 cannot encode. The message names the first word that
    has one.
    """
    try:
        "".join(found).encode()
    except UnicodeEncodeError:
        for word in found:
            if any("\ud800" <= letter <= "\udfff" for letter in word):
                raise ValueError(
                    f"{name} must be text, got {shown(word)}, which holds a lone surrogate"
                ) from None
    return found


def plain(value: object) -> object:
    """Convert a checked parameter to a type that JSON has: for ``json.dumps(default=plain)``."""
    if isinstance(value, np.generic | np.ndarray):
        return value.item()
    if isinstance(value, SupportsIndex):
        return operator.index(value)
    if isinstance(value, SupportsFloat):
        return float(value)
    return os.fsdecode(value)  # type: ignore[arg-type]


#: A message shows this many of the first entries of a long list, tuple, set or dict.
_ENTRIES = 3
#: A message shows this many of the first characters of a long int.
_DIGITS = 40


def shown(value: object, most: int = 200) -> str:
    """Return the repr of a value for a message, shortened to about `most` characters.

    A list, tuple, set or dict whose repr is longer is shown by its first three entries and the
    number of all its entries. A long int is shown by its first digits and their number. If repr()
    raises an exception, the result names the type of the value.
    """
    try:
        text = repr(value)
    except Exception:  # repr() refuses a very large int, and a user's class may raise anything
        text = f"a value of type {type(value).__name__}"
    if isinstance(value, int) and len(text) > _DIGITS:
        return f"{text[:_DIGITS]}... ({len(text.lstrip('-'))} digits)"
    if len(text) <= most:
        return text
    if type(value) in (list, tuple, set, dict):
        return _first_entries(value, text[0], text[-1], most)  # type: ignore[arg-type]
    return f"{text[:most]}..."


def _first_entries(value: Collection[object], opening: str, closing: str, most: int) -> str:
    pairs = value.items() if isinstance(value, dict) else None
    first = [
        repr(entry) if pairs is None else f"{entry[0]!r}: {entry[1]!r}"  # type: ignore[index]
        for entry in itertools.islice(value if pairs is None else pairs, _ENTRIES)
    ]
    each = most // (_ENTRIES + 1)
    cut = ", ".join(text if len(text) <= each else f"{text[:each]}..." for text in first)
    return f"{opening}{cut}, ... {len(value):,} in all{closing}"


_BYTE_UNITS = {
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
    """Convert the parameter `memory` to bytes.

    `value` is None, a number of bytes, or text such as "512MB" or "2GiB". None gives None.

    Raises
    ------
    ValueError
        If `value` is not a number and not text such as "512MB", or if it is below 1 MB or above
        2^63 bytes.
    """
    return None if value is None else byte_count("memory", value, 1_000_000, "None, ")


def byte_count(name: str, value: object, least: int, others: str = "") -> int:
    """Return a number of bytes from `least` to 2^63, or raise a ValueError.

    `value` is a number or text such as "512MB". `others` begins the list of allowed values in the
    message.
    """
    wrong = ValueError(
        f"{name} must be {others}a number of bytes >= {least:,}, or text such as '512MB' or "
        f"'2GiB', got {shown(value)}"
    )
    value = _scalar(value)
    if isinstance(value, str):
        text = str.__str__(value).strip().replace("_", "").replace(",", "")
        digits = text.rstrip("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ ")
        unit = _BYTE_UNITS.get(text[len(digits) :].strip().upper())
        try:
            number = float(digits) * (math.nan if unit is None else unit)
        except ValueError:
            raise wrong from None
    else:
        number = _float(value)
    if not least <= number <= 2**63:
        raise wrong
    return int(number)
