"""Measure word vectors: analogy questions and human similarity ratings.

Both functions read the usual file formats. The result states the protocol. Questions and pairs that
cannot be answered are left out and counted: those with an unknown word, and those with a vector
that has NaN or infinity.
"""

from __future__ import annotations

import itertools
import math
import os
import re
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from . import _core
from ._checks import boolean, choice, optional_integer
from ._core import FormatError
from ._io.files import local_path
from ._vectors.analogy import METHODS, answers
from ._vectors.cosine import cosines_of_pairs, not_finite

__all__ = [
    "METHODS",
    "AnalogyResult",
    "AnalogyScore",
    "SimilarityResult",
    "analogies",
    "evaluate",
    "read_questions",
    "similarity",
]

# Stanford's tools write the mean of rare words under this name. It is never an answer.
_UNKNOWN = "<unk>"
# Only these characters separate words. A word may contain any other Unicode space.
_FIELD = re.compile(r"[^ \t\r\f\v]+")


class _WordVectors(Protocol):
    """The part of :class:`glove_rs.WordVectors` that this module uses."""

    def __len__(self) -> int: ...

    @property
    def vectors(self) -> NDArray[Any]: ...

    @property
    def index_to_key(self) -> list[str]: ...

    @property
    def key_to_index(self) -> dict[str, int]: ...


# ---------------------------------------------------------------- results


@dataclass(frozen=True)
class AnalogyScore:
    """The number of correct, answerable and skipped questions of a section.

    Attributes
    ----------
    name : str
        The name of the section, or "semantic", "syntactic" or "total".
    correct : int
        Questions that were answered with the expected word.
    answerable : int
        Questions whose four words are known and have finite vectors.
    skipped : int
        All other questions. They do not change the accuracy.
    not_finite : int
        Skipped questions whose words are all known, but a vector has NaN or infinity.
    """

    name: str
    correct: int
    answerable: int
    skipped: int
    not_finite: int = 0

    @property
    def accuracy(self) -> float:
        """The ratio correct / answerable, from 0 to 1; NaN if no question is answerable."""
        return self.correct / self.answerable if self.answerable else math.nan

    @property
    def kind(self) -> str:
        """The kind of a section: "syntactic" if its name starts with "gram", else "semantic"."""
        return "syntactic" if self.name.startswith("gram") else "semantic"

    def to_dict(self) -> dict[str, Any]:
        """Return the counts and the accuracy (None if undefined)."""
        return {**asdict(self), "accuracy": _defined(self.accuracy)}


@dataclass(frozen=True)
class AnalogyResult:
    """The result of :func:`analogies`. ``print`` shows it as a table.

    Attributes
    ----------
    protocol : str
        How the questions were answered, in words.
    method : str
        "3cosadd" or "3cosmul".
    path : str
        The file of questions.
    sections : tuple of AnalogyScore
        In the order of the file.
    questions : tuple of (str, str, str, str)
        The questions in the order of the file, in lower case if `lowercase` was true.
    predictions : tuple of (str or None)
        The answer to each question; None for a skipped question.
    """

    protocol: str
    method: str
    path: str
    sections: tuple[AnalogyScore, ...]
    questions: tuple[tuple[str, str, str, str], ...] = field(repr=False)
    predictions: tuple[str | None, ...] = field(repr=False)

    @property
    def semantic(self) -> AnalogyScore:
        """The sections whose names do not start with "gram"."""
        return self._sum("semantic", "semantic")

    @property
    def syntactic(self) -> AnalogyScore:
        """The sections whose names start with "gram"."""
        return self._sum("syntactic", "syntactic")

    @property
    def total(self) -> AnalogyScore:
        """All sections; every question has the same weight."""
        return self._sum("total", "semantic", "syntactic")

    @property
    def accuracy(self) -> float:
        """The accuracy of :attr:`total`."""
        return self.total.accuracy

    @property
    def answerable(self) -> int:
        """Questions whose four words are known and have finite vectors."""
        return self.total.answerable

    @property
    def skipped(self) -> int:
        """All other questions."""
        return self.total.skipped

    @property
    def not_finite(self) -> int:
        """Skipped questions whose words are all known, but a vector has NaN or infinity."""
        return self.total.not_finite

    def _sum(self, name: str, *kinds: str) -> AnalogyScore:
        some = [section for section in self.sections if section.kind in kinds]
        return AnalogyScore(
            name,
            sum(section.correct for section in some),
            sum(section.answerable for section in some),
            sum(section.skipped for section in some),
            sum(section.not_finite for section in some),
        )

    def to_dict(self) -> dict[str, Any]:
        """Return the scores as plain types that ``json.dumps`` accepts, without the questions."""
        return {
            "protocol": self.protocol,
            "method": self.method,
            "path": self.path,
            "sections": [{**section.to_dict(), "kind": section.kind} for section in self.sections],
            "semantic": self.semantic.to_dict(),
            "syntactic": self.syntactic.to_dict(),
            "total": self.total.to_dict(),
        }

    def __str__(self) -> str:
        rows: list[tuple[str, ...]] = [("section", "accuracy", "correct", "answerable", "skipped")]
        for score in (*self.sections, self.semantic, self.syntactic, self.total):
            counts = (score.correct, score.answerable, score.skipped)
            rows.append((score.name, _percent(score.accuracy), *map("{:,}".format, counts)))
        lines = _table(rows)
        # A rule below the header, and one above the three sums.
        rule = "-" * len(lines[0])
        note = _not_finite_note(self.not_finite, "questions")
        return "\n".join([self.protocol, lines[0], rule, *lines[1:-3], rule, *lines[-3:], *note])


@dataclass(frozen=True)
class SimilarityResult:
    """The result of :func:`similarity`. ``print`` shows it as a table.

    Attributes
    ----------
    protocol : str
        How the pairs were compared, in words.
    path : str
        The file of rated pairs.
    spearman, pearson : float
        Correlation of ratings and cosines, from -1 to 1. NaN if it is undefined: for fewer than
        two pairs, or if all values are equal.
    answerable : int
        Pairs whose words are known and have finite vectors.
    skipped : int
        All other pairs, which are left out.
    not_finite : int
        Skipped pairs whose words are both known, but a vector has NaN or infinity.
    """

    protocol: str
    path: str
    spearman: float
    pearson: float
    answerable: int
    skipped: int
    not_finite: int = 0

    def to_dict(self) -> dict[str, Any]:
        """Return the fields as plain types that ``json.dumps`` accepts (None for NaN)."""
        defined = {"spearman": _defined(self.spearman), "pearson": _defined(self.pearson)}
        return {**asdict(self), **defined}

    def __str__(self) -> str:
        lines = _table(
            [
                ("file", "Spearman", "Pearson", "answerable", "skipped"),
                (
                    Path(self.path).name,
                    _decimal(self.spearman),
                    _decimal(self.pearson),
                    f"{self.answerable:,}",
                    f"{self.skipped:,}",
                ),
            ]
        )
        note = _not_finite_note(self.not_finite, "pairs")
        return "\n".join([self.protocol, lines[0], "-" * len(lines[0]), lines[1], *note])


def _not_finite_note(number: int, what: str) -> list[str]:
    return (
        [f"{number:,} of the skipped {what} have a vector with NaN or infinity"] if number else []
    )


def _defined(value: float) -> float | None:
    return None if math.isnan(value) else value


def _percent(value: float) -> str:
    return "n/a" if math.isnan(value) else f"{value:.1%}"


def _decimal(value: float) -> str:
    return "n/a" if math.isnan(value) else f"{value:.4f}"


def _table(rows: list[tuple[str, ...]]) -> list[str]:
    """Align the first column to the left and the others to the right."""
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return [
        "  ".join(
            [row[0].ljust(widths[0])]
            + [cell.rjust(width) for cell, width in zip(row[1:], widths[1:], strict=True)]
        )
        for row in rows
    ]


# ---------------------------------------------------------------- analogies


def analogies(
    wv: _WordVectors,
    path: str | os.PathLike[str],
    *,
    method: str = "3cosadd",
    restrict_vocab: int | None = None,
    lowercase: bool = True,
) -> AnalogyResult:
    r"""Answer analogy questions "a is to b as c is to d" and count the right answers.

    The protocol is that of Stanford's evaluation script. Vectors are scaled to unit length. The
    answer is the word with the largest cosine with b - a + c, of the whole vocabulary without a, b
    and c. Questions with an unknown word, or with a vector that is not finite, are skipped. Answers
    are computed in double precision.

    Parameters
    ----------
    wv : WordVectors
    path : str or path-like
        A file with four words on each line, in sections that start with a line ``: name``, such as
        questions-words.txt. Questions before the first such line form a section that is named
        after the file, as in Stanford's eval/question-data.
    method : {"3cosadd", "3cosmul"}, default "3cosadd"
        "3cosmul" is the method of Levy & Goldberg (2014), with cosines moved to [0, 1] and 10⁻⁶
        added to the denominator.
    restrict_vocab : int, optional
        Use only the first `restrict_vocab` words: answers come from these, and a question with
        another word is skipped.
    lowercase : bool, default True
        Lower-case the questions.

    Returns
    -------
    AnalogyResult

    Raises
    ------
    FormatError
        If a line does not consist of four words, or the file has no question or is not UTF-8. The
        message names file and line.
    OSError
        If the file cannot be read.
    ValueError
        If `method` is not one of the choices or `restrict_vocab` is below 1.

    Examples
    --------
    >>> import os, tempfile
    >>> import numpy as np
    >>> from glove_rs import WordVectors, evaluation
    >>> words = ["man", "woman", "king", "queen"]
    >>> wv = WordVectors(words, np.array([[1.0, 0], [-1, 0], [1, 2], [-1, 2]]))
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = os.path.join(folder, "questions.txt")
    ...     with open(path, "w") as file:
    ...         _ = file.write(": family\nman king woman queen\n")
    ...     evaluation.analogies(wv, path).total
    AnalogyScore(name='total', correct=1, answerable=1, skipped=0, not_finite=0)
    """
    method = choice("method", method, METHODS)
    lowercase = boolean("lowercase", lowercase)
    restrict_vocab = optional_integer("restrict_vocab", restrict_vocab, 1)
    limit = min(restrict_vocab or len(wv), len(wv))
    sections, owner, questions = read_questions(path, str.lower if lowercase else str)

    table = wv.key_to_index
    ids = np.array(
        [[table.get(word, limit) for word in question] for question in questions], dtype=np.intp
    )
    known, answerable = _answerable(wv.vectors, ids, limit)
    predicted = np.full(len(ids), -1, np.intp)
    predicted[answerable] = answers(
        wv.vectors, ids[answerable, :3], limit, method, table.get(_UNKNOWN)
    )

    count = len(sections)
    section = np.array(owner, dtype=np.intp)
    correct = np.bincount(section[answerable & (predicted == ids[:, 3])], minlength=count)
    answered = np.bincount(section[answerable], minlength=count)
    not_finite = np.bincount(section[known & ~answerable], minlength=count)
    every = np.bincount(section, minlength=count)
    words = wv.index_to_key
    return AnalogyResult(
        protocol=_analogy_protocol(method, restrict_vocab, lowercase),
        method=method,
        path=os.fsdecode(path),
        sections=tuple(
            AnalogyScore(name, int(right), int(some), int(all_ - some), int(lost))
            for name, right, some, all_, lost in zip(
                sections, correct, answered, every, not_finite, strict=True
            )
        ),
        questions=tuple(questions),
        predictions=tuple(words[row] if row >= 0 else None for row in predicted.tolist()),
    )


def _analogy_protocol(method: str, restrict_vocab: int | None, lowercase: bool) -> str:
    rule = (
        "3CosAdd: argmax of cos(w, b - a + c)"
        if method == "3cosadd"
        else "3CosMul: argmax of cos(w, b) cos(w, c) / (cos(w, a) + 1e-6), cosines moved to [0, 1]"
    )
    over = f"the first {restrict_vocab:,} words" if restrict_vocab else "the whole vocabulary"
    return (
        f"{rule}; unit vectors, over {over} without a, b, c and {_UNKNOWN}; questions "
        f"{'lower-cased' if lowercase else 'as written'}, those with an unknown word or a vector "
        "that is not finite skipped"
    )


def read_questions(
    path: str | os.PathLike[str],
    folded: Callable[[str], str] = str,
    left_out: list[int] | None = None,
) -> tuple[list[str], list[int], list[tuple[str, str, str, str]]]:
    """Read a file of analogy questions.

    Parameters
    ----------
    path : str or path-like
    folded : callable, default str
        A function that is applied to each question, such as `str.lower`.
    left_out : list of int, optional
        The numbers of lines that are not questions are added to this list. By default such a line
        is an error.

    Returns
    -------
    sections : list of str
        Their names. Questions before the first line ``: name`` form a section that is named after
        the file.
    owner : list of int
        The section of each question, from 0.
    questions : list of (str, str, str, str)

    Raises
    ------
    FormatError
        For a line that is no question, or if there is none.
    """
    sections: list[str] = []
    owner: list[int] = []
    questions: list[tuple[str, str, str, str]] = []
    for number, line in _lines(path):
        if line.startswith(":"):
            sections.append(line[1:].strip())
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


# ---------------------------------------------------------------- similarity


def similarity(
    wv: _WordVectors,
    path: str | os.PathLike[str],
    *,
    restrict_vocab: int | None = None,
    lowercase: bool = True,
) -> SimilarityResult:
    r"""Correlate the cosines of word pairs with human ratings of their similarity.

    Parameters
    ----------
    wv : WordVectors
    path : str or path-like
        A file with two words and a rating on each line; the rating is the first number after the
        words. Fields are separated by tabs; in lines without tabs by commas; in lines without
        either by spaces. Empty lines, lines that start with '#' and a first line without a number
        are skipped.
    restrict_vocab : int, optional
        Use only the first `restrict_vocab` words: a pair with another word is skipped.
    lowercase : bool, default True
        Lower-case the pairs.

    Returns
    -------
    SimilarityResult
        With Spearman's rank correlation (equal values share the mean of their ranks) and Pearson's.
        Pairs with an unknown word, or with a vector that is not finite, are left out.

    Raises
    ------
    FormatError
        If a line does not consist of two words and a number, or the file has no pair or is not
        UTF-8. The message names file and line.
    OSError
        If the file cannot be read.
    ValueError
        If `restrict_vocab` is below 1.

    Examples
    --------
    >>> import os, tempfile
    >>> import numpy as np
    >>> from glove_rs import WordVectors, evaluation
    >>> wv = WordVectors(["ice", "snow", "steam"], np.array([[2.0, 0], [3, 1], [0, 4]]))
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = os.path.join(folder, "pairs.csv")
    ...     with open(path, "w") as file:
    ...         _ = file.write("Word 1,Word 2,Mean\nIce,snow,9\nice,steam,3\nsnow,fire,1\n")
    ...     result = evaluation.similarity(wv, path)
    >>> round(result.spearman, 3), result.answerable, result.skipped
    (1.0, 2, 1)
    """
    lowercase = boolean("lowercase", lowercase)
    restrict_vocab = optional_integer("restrict_vocab", restrict_vocab, 1)
    limit = min(restrict_vocab or len(wv), len(wv))
    pairs = _read_pairs(path, lowercase)
    table = wv.key_to_index
    ids = np.array(
        [(table.get(first, limit), table.get(second, limit)) for first, second, _ in pairs],
        dtype=np.intp,
    )
    known, answerable = _answerable(wv.vectors, ids, limit)
    ratings = np.array([rating for _, _, rating in pairs])[answerable]
    cosines = cosines_of_pairs(wv.vectors, ids[answerable])
    over = f"the first {restrict_vocab:,} words" if restrict_vocab else "the whole vocabulary"
    return SimilarityResult(
        protocol=(
            "cosine against human rating: Spearman (equal values share their mean rank) and "
            f"Pearson; over {over}; pairs {'lower-cased' if lowercase else 'as written'}, "
            "those with an unknown word or a vector that is not finite skipped"
        ),
        path=os.fsdecode(path),
        spearman=_correlation(_ranks(ratings), _ranks(cosines)),
        pearson=_correlation(ratings, cosines),
        answerable=int(answerable.sum()),
        skipped=int((~answerable).sum()),
        not_finite=int((known & ~answerable).sum()),
    )


def _answerable(
    matrix: NDArray[Any], ids: NDArray[np.intp], limit: int
) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    """Return which questions have only rows below `limit`, and which of these have finite vectors.

    Parameters
    ----------
    matrix : ndarray of float32 or float16, shape (V, dim)
    ids : ndarray of intp, shape (n, number of words in a question)
    limit : int
    """
    known = np.all(ids < limit, axis=1)
    answerable = np.zeros(len(ids), bool)
    answerable[known] = ~not_finite(matrix, ids[known]).any(axis=1)
    return np.asarray(known), answerable


def _read_pairs(path: str | os.PathLike[str], lowercase: bool) -> list[tuple[str, str, float]]:
    pairs: list[tuple[str, str, float]] = []
    first = True
    for number, line in _lines(path):
        if line.startswith("#"):
            continue
        fields, rating = _rated(line)
        if rating is not None and fields[0] and fields[1]:
            one, two = (word.lower() if lowercase else word for word in fields[:2])
            pairs.append((one, two, rating))
        elif rating is not None or not first:
            raise FormatError(
                f"{os.fsdecode(path)}:{number}: expected two words and a number: {line!r}"
            )
        first = False
    if not pairs:
        raise FormatError(f"{os.fsdecode(path)}:1: the file holds no rated pair of words")
    return pairs


def _rated(line: str) -> tuple[list[str], float | None]:
    """Return the fields of a line, and the first number from the third field on, or None."""
    if "\t" in line:
        fields = [part.strip(" \r\f\v") for part in line.split("\t")]
    elif "," in line:
        fields = [part.strip(" \r\f\v") for part in line.split(",")]
    else:
        fields = _FIELD.findall(line)
    return fields, next((value for value in map(_number, fields[2:]) if value is not None), None)


def _number(text: str) -> float | None:
    """Return the finite number that `text` spells, else None."""
    try:
        value = float(text)
    except ValueError:
        return None
    return value if math.isfinite(value) else None


def _ranks(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Rank values from 1; equal values share the mean of their ranks."""
    _, value_index, counts = np.unique(values, return_inverse=True, return_counts=True)
    return (np.cumsum(counts) - (counts - 1) / 2)[value_index]


def _correlation(first: NDArray[np.float64], second: NDArray[np.float64]) -> float:
    """Return Pearson's r; NaN for fewer than two values, or if all in an array are equal."""
    if len(first) < 2:
        return math.nan
    x, y = first - first.mean(), second - second.mean()
    scale = math.sqrt(float(x @ x) * float(y @ y))
    return float(x @ y) / scale if scale > 0 else math.nan


# ---------------------------------------------------------------- files


def evaluate(
    wv: _WordVectors,
    path: str | os.PathLike[str],
    *,
    method: str = "3cosadd",
    restrict_vocab: int | None = None,
    lowercase: bool = True,
) -> AnalogyResult | SimilarityResult:
    """Run :func:`analogies` on a file of questions, :func:`similarity` on any other.

    A file has questions if its first line starts with ':', or if each of its first two lines has
    four words and no rating, as in the files of Stanford's eval/question-data.
    """
    method = choice("method", method, METHODS)
    read = _Read(path)
    if _has_questions(read):
        return analogies(
            wv, read, method=method, restrict_vocab=restrict_vocab, lowercase=lowercase
        )
    return similarity(wv, read, restrict_vocab=restrict_vocab, lowercase=lowercase)


class _Read(os.PathLike[str]):
    """A path, and the lines of its file. They are read once, because the file may be a pipe."""

    def __init__(self, path: str | os.PathLike[str]) -> None:
        self._path = os.fsdecode(local_path("path", path))
        self.lines = list(_lines(path))

    def __fspath__(self) -> str:
        return self._path


def _has_questions(path: str | os.PathLike[str]) -> bool:
    # Look at two lines, because a file of rated pairs may begin with a header of four words.
    first = [line for _, line in itertools.islice(_lines(path), 2)]
    if first and first[0].startswith(":"):
        return True
    return bool(first) and all(
        len(_FIELD.findall(line)) == 4 and _rated(line)[1] is None and not line.startswith("#")
        for line in first
    )


def _lines(path: str | os.PathLike[str]) -> Iterator[tuple[int, str]]:
    """Yield the lines of a file that are not blank, with their numbers from 1.

    The file is in UTF-8, or in UTF-16 with a byte order mark. It may be compressed.
    """
    if isinstance(path, _Read):
        yield from path.lines
        return
    text = _core.read_text(local_path("path", path), "evaluation")
    for number, line in enumerate(text.split("\n"), 1):
        stripped = line.strip(" \t\r\f\v")
        if stripped:
            yield number, stripped
