"""Read files of analogy questions, rated pairs and categorised words, and recognise their kind."""

from __future__ import annotations

import math
import os
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, TypeAlias

from .. import _core
from .._core import FormatError
from .._io.files import local_path

__all__ = ["Kind", "SetFile", "kind_of", "read_categories", "read_pairs", "read_questions"]

Kind: TypeAlias = Literal["analogies", "similarity", "categories"]
_Path: TypeAlias = "str | os.PathLike[str]"

# Only these characters separate words. A word may contain any other Unicode space.
_FIELD = re.compile(r"[^ \t\r\f\v]+")
# The separators of fields, by priority: the first of these characters that occurs in a line
# separates its fields. If none occurs, spaces do.
_SEPARATORS = "\t;,"
# A set has at most this many columns, and at most this many words in a column of words. Other
# files are prose or vectors. SimLex-999 has 10 columns; a term such as "climate change" has several
# words.
_MOST_COLUMNS = 20
_MOST_WORDS_OF_FIELD = 4
# Names of the columns in the first line of a file of categories.
_WORD_COLUMN = {"word", "words", "concept", "concepts", "item", "target"}
_CATEGORY_COLUMN = {"category", "categories", "class", "cluster", "label", "type"}


class SetFile(os.PathLike[str]):
    """A path, and the lines of its file. The file is read only once, because it may be a pipe."""

    def __init__(self, path: _Path) -> None:
        self._path = os.fsdecode(local_path("path", path))
        self.lines = list(_lines(path))

    def __fspath__(self) -> str:
        return self._path


def _lines(path: _Path) -> Iterator[tuple[int, str]]:
    """Yield the lines of a file that are not blank, with their numbers from 1.

    The file is in UTF-8, or in UTF-16 with a byte order mark. It may be compressed.
    """
    if isinstance(path, SetFile):
        yield from path.lines
        return
    text = _core.read_text(local_path("path", path), "evaluation")
    for number, line in enumerate(text.split("\n"), 1):
        stripped = line.strip(" \t\r\f\v")
        if stripped:
            yield number, stripped


# ---------------------------------------------------------------- kinds


def kind_of(file: SetFile) -> Kind | None:
    """Return the kind of a set by its first two lines, or None if the file is not a set.

    The first line alone is not enough, because it may name the columns. Comments, which are lines
    that start with '#', do not count as lines.
    """
    rows = _table(file)[:2]
    if rows and rows[0].line.startswith(":"):
        return "analogies"
    kinds = [_kind_of_row(row) for row in rows]
    if "similarity" in kinds:
        return "similarity"
    return kinds[0] if len(set(kinds)) == 1 else None


def _kind_of_row(row: _Row) -> Kind | None:
    if row.rating is None and len(_FIELD.findall(row.line)) == 4:
        return "analogies"
    first = row.fields[:2]
    # If the second field is a number, the line is from a file of vectors or of words with counts.
    # The other lines for which None is returned are prose.
    if not all(first) or _number(first[-1]) is not None or len(row.fields) > _MOST_COLUMNS:
        return None
    if any(len(_FIELD.findall(field)) > _MOST_WORDS_OF_FIELD for field in first):
        return None
    if row.rating is not None:
        return "similarity"
    return "categories" if len(row.fields) == 2 else None


# ---------------------------------------------------------------- analogies


def read_questions(
    path: _Path,
    folded: Callable[[str], str] = str,
    left_out: list[int] | None = None,
) -> tuple[list[str], list[int], list[tuple[str, str, str, str]]]:
    """Read a file of analogy questions.

    Parameters
    ----------
    path : str or path-like
    folded : callable, default str
        A function that changes the text of each question, such as `str.lower`.
    left_out : list of int, optional
        The line numbers of lines that are not questions are added to this list. By default such a
        line is an error.

    Returns
    -------
    sections : list of str
        The names of the sections. Questions before the first line ``: name`` form a section that is
        named after the file. Lines that start with '#' are comments if no question and no section
        comes before them.
    owner : list of int
        The index in `sections` of the section of each question.
    questions : list of (str, str, str, str)

    Raises
    ------
    FormatError
        For a line that is not a question, unless `left_out` is given. Also if the file has no
        question, or if its bytes are not text.
    OSError
        If the file cannot be read.
    """
    sections: list[str] = []
    owner: list[int] = []
    questions: list[tuple[str, str, str, str]] = []
    for number, line in _lines(path):
        if line.startswith(":"):
            sections.append(line[1:].strip())
            continue
        if line.startswith("#") and not sections:
            continue
        words = _FIELD.findall(folded(line))
        if len(words) != 4:
            if left_out is not None:
                left_out.append(number)
                continue
            raise FormatError(
                f"{os.fsdecode(path)}:{number}: expected a question of four words, "
                f"found {len(words)}: {line!r}"
            )
        if not sections:
            sections.append(Path(os.fsdecode(path)).stem)
        owner.append(len(sections) - 1)
        questions.append((words[0], words[1], words[2], words[3]))
    if not questions:
        raise FormatError(f"{os.fsdecode(path)}:1: the file holds no question")
    return sections, owner, questions


# ---------------------------------------------------------------- pairs and categories


def read_pairs(path: _Path, lowercase: bool) -> tuple[list[tuple[str, str]], list[float]]:
    """Read two words and a rating from each line. The rating is the first number after the words.

    Raises
    ------
    FormatError
        For a line without two words and a rating, except a first line without a number, which names
        the columns; or if the file has no pair.
    """
    pairs: list[tuple[str, str]] = []
    ratings: list[float] = []
    for position, row in enumerate(_table(path)):
        if row.rating is not None:
            one, two = (word.lower() if lowercase else word for word in row.fields[:2])
            pairs.append((one, two))
            ratings.append(row.rating)
        elif position > 0 or row.has_number:
            raise FormatError(
                f"{os.fsdecode(path)}:{row.number}: expected two words and a number: {row.line!r}"
            )
    if not pairs:
        raise FormatError(f"{os.fsdecode(path)}:1: the file holds no rated pair of words")
    return pairs, ratings


def read_categories(path: _Path, lowercase: bool) -> tuple[list[str], list[str]]:
    """Read a word and its category from each line.

    The column with fewer different values holds the categories. If both columns have the same
    number of different values, the second column holds them. A first line such as ``word category``
    is skipped. With `lowercase`, the words are converted to lower case, but not the categories.

    Returns
    -------
    words : list of str
    categories : list of str
        The category of each word.

    Raises
    ------
    FormatError
        For a line that does not have two fields, if there are fewer than two categories, or if
        every word has a different category.
    """
    rows = _table(path)
    if rows and _names_columns(rows[0].fields):
        rows = rows[1:]
    for row in rows:
        if len(row.fields) != 2 or not all(row.fields):
            raise FormatError(
                f"{os.fsdecode(path)}:{row.number}: expected a word and its category: {row.line!r}"
            )
    words, categories = ([row.fields[column] for row in rows] for column in (0, 1))
    if len(set(words)) < len(set(categories)):
        words, categories = categories, words
    different = len(set(categories))
    if different < 2 or different == len(categories):
        raise FormatError(
            f"{os.fsdecode(path)}:1: expected at least two categories, and fewer categories than "
            f"words, found {different:,} of {len(words):,} words"
        )
    return [word.lower() for word in words] if lowercase else words, categories


def _names_columns(fields: Sequence[str]) -> bool:
    names = {field.lower() for field in fields}
    return len(names) == 2 and bool(names & _WORD_COLUMN) and bool(names & _CATEGORY_COLUMN)


@dataclass(frozen=True)
class _Row:
    """A line of a table. `fields` does not include a column of row numbers."""

    number: int
    line: str
    fields: list[str]

    @property
    def has_number(self) -> bool:
        """Whether a field from the third on is a number."""
        return any(_number(field) is not None for field in self.fields[2:])

    @property
    def rating(self) -> float | None:
        """The first number from the third field on; None if one of the first two fields is empty.

        It is also None if no field from the third on is a number.
        """
        if not all(self.fields[:2]):
            return None
        return next((value for value in map(_number, self.fields[2:]) if value is not None), None)


def _table(path: _Path) -> list[_Row]:
    """Return the lines of a file with their fields, without comments.

    Fields are separated by tabs; in lines without tabs by semicolons; in lines without either by
    commas; in all others by spaces. A first column of row numbers, as pandas writes it, is dropped.
    """
    rows = [_Row(number, line, _fields(line)) for number, line in _lines(path) if line[0] != "#"]
    if not _are_numbered([row.fields for row in rows]):
        return rows
    # The name of the column of row numbers is often empty. In a table with tabs, the first line
    # then has one field fewer than the others, because white space at the beginning of a line is
    # removed. Such a line has no field to drop.
    width = len(rows[1].fields)
    return [
        _Row(row.number, row.line, row.fields[1:]) if len(row.fields) == width else row
        for row in rows
    ]


def _fields(line: str) -> list[str]:
    for separator in _SEPARATORS:
        if separator in line:
            return [_unquoted(part.strip(" \r\f\v")) for part in line.split(separator)]
    return _FIELD.findall(line)


def _unquoted(field: str) -> str:
    is_quoted = len(field) > 1 and field[0] == field[-1] == '"'
    return field[1:-1] if is_quoted else field


def _are_numbered(rows: Sequence[Sequence[str]]) -> bool:
    """Return whether the first fields are row numbers: 0, 1, 2, … or 1, 2, 3, ….

    The first line may name the columns. In each other row, two fields that are not numbers must
    follow: rows such as ``1 2 3.5`` are pairs of the words 1 and 2.
    """
    below = rows[1:]
    if not below or below[0][0] not in ("0", "1", "2"):
        return False
    # The first line has the preceding number, or names the columns.
    if _number(rows[0][0]) is not None and rows[0][0] != str(int(below[0][0]) - 1):
        return False
    return all(
        fields[0] == str(number)
        and len(fields) > 2
        and _number(fields[1]) is None
        and _number(fields[2]) is None
        for number, fields in enumerate(below, start=int(below[0][0]))
    )


def _number(text: str) -> float | None:
    """Return the finite number that `text` spells, else None."""
    try:
        value = float(text)
    except ValueError:
        return None
    return value if math.isfinite(value) else None
