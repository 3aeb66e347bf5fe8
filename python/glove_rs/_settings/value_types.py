"""The types of parameters, with their ranges."""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from .._checks import (
    boolean,
    choice,
    integer,
    is_file_system,
    memory_bytes,
    path_text,
    real,
    shown,
    writable_words,
)
from .._python_tokenizers import function_of

__all__ = [
    "Boolean",
    "Choice",
    "ColumnName",
    "FolderPath",
    "Integer",
    "MemorySize",
    "ProgressType",
    "Real",
    "StorageOptions",
    "TokenizerType",
    "Type",
    "WordsOrFile",
    "window_of",
]


class Type(Protocol):
    """The type and range of a parameter."""

    def check(self, name: str, value: Any) -> Any:
        """Convert `value` to the type that the core takes, or raise an exception.

        A ValueError names the parameter `name` and its range.
        """

    @property
    def metavar(self) -> str | None:
        """The placeholder for the value in the help of a command; None for an on/off option."""

    @property
    def parse(self) -> Callable[[str], Any]:
        """The function that converts an argument of the command line to a value."""


@dataclass(frozen=True)
class Integer:
    """An integer from `least` to `most`."""

    least: int
    most: int = 2**63 - 1
    metavar: str = "N"
    parse: Callable[[str], Any] = int

    def check(self, name: str, value: Any) -> int:
        return integer(name, value, self.least, self.most)


@dataclass(frozen=True)
class Real:
    """A finite number from `least` to `most`.

    With `above`, `least` itself is not allowed. With `below`, `most` itself is not allowed.
    """

    least: float = 0.0
    above: bool = False
    most: float | None = None
    below: bool = False
    metavar: str = "X"
    parse: Callable[[str], Any] = float

    def check(self, name: str, value: Any) -> float:
        below = math.inf if self.most is None or not self.below else self.most
        number = real(name, value, self.least, above=self.above, below=below)
        if self.most is not None and number > self.most:
            raise ValueError(f"{name} must be at most {self.most:g}, got {shown(value)}")
        return number


class Boolean:
    """True or False."""

    metavar: None = None
    parse: Callable[[str], Any] = bool

    def check(self, name: str, value: Any) -> bool:
        return boolean(name, value)


@dataclass(frozen=True)
class Choice:
    """One of `names`."""

    names: tuple[str, ...]
    parse: Callable[[str], Any] = str

    @property
    def metavar(self) -> str:
        return "|".join(self.names)

    def check(self, name: str, value: Any) -> str:
        return choice(name, value, self.names)


def window_of(text: str) -> int | None:
    """Convert an argument of the command line: a number of words, or ``document`` for None.

    ``none`` also gives None. Any other text raises an ArgumentTypeError.
    """
    if text.lower() in {"document", "none"}:
        return None
    try:
        return int(text)
    except ValueError:
        import argparse  # only the command line needs it, and has imported it

        raise argparse.ArgumentTypeError(
            f"must be a number of words or document, got {shown(text)}"
        ) from None


@dataclass(frozen=True)
class TokenizerType(Choice):
    """The name of a tokenizer of the core, a compiled pattern or a function."""

    def check(self, name: str, value: Any) -> Any:
        function_of(value)
        return value


class MemorySize:
    """A number of bytes, or text with a unit such as "512MB"."""

    metavar: str = "SIZE"
    parse: Callable[[str], Any] = str

    def check(self, name: str, value: Any) -> int | None:
        return memory_bytes(value)


class FolderPath:
    """The path of a folder."""

    metavar: str = "PATH"
    parse: Callable[[str], Any] = str

    def check(self, name: str, value: Any) -> str:
        return path_text(name, value, "folder")


class ColumnName:
    """The name of a column."""

    metavar: str = "NAME"
    parse: Callable[[str], Any] = str

    def check(self, name: str, value: Any) -> str:
        if not isinstance(value, str) or not value:
            raise ValueError(f"{name} must be the name of a column, got {shown(value)}")
        writable_words(name, [value])
        return str.__str__(value)


def _options_of_json(text: str) -> Any:
    """Convert an argument of the command line, which should be a dict in JSON."""
    try:
        return json.loads(text)
    except ValueError:
        return text  # `check` refuses it, with a message


class StorageOptions:
    """A dict of options, or a file system of fsspec or pyarrow."""

    metavar: str = "JSON"
    parse: Callable[[str], Any] = staticmethod(_options_of_json)

    def check(self, name: str, value: Any) -> Any:
        if isinstance(value, Mapping) and all(isinstance(key, str) for key in value):
            return dict(value)
        if not is_file_system(value):
            # The value is not shown: it may have a password.
            raise ValueError(
                f"{name} must be a dict of options for fsspec, such as {{'anon': True}}, or a file "
                f"system of fsspec or pyarrow, got {type(value).__name__}"
            )
        return value


class ProgressType:
    """True, False or a callable."""

    metavar: None = None
    parse: Callable[[str], Any] = bool

    def check(self, name: str, value: Any) -> Any:
        return value if callable(value) else boolean(name, value)


@dataclass(frozen=True)
class WordsOrFile:
    """Words or phrases, the path of a file that has them, or for stop words a language.

    `read` is the function that reads and checks such a value.
    """

    read: Callable[[object], Any]
    metavar: str = "FILE"
    parse: Callable[[str], Any] = str

    def check(self, name: str, value: Any) -> Any:
        return self.read(value)
