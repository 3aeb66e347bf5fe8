"""Analogy questions: "a is to b as c is to d"."""

from __future__ import annotations

import math
import os
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .. import _html
from .._checks import boolean, choice, optional_integer
from .._drawing import dots
from .._optional import optional
from .._text import percent, table
from .._vectors.analogy import METHODS, answers
from ._outcomes import Outcomes, Vectors, checked_vectors, defined, finite, not_finite_note, rows_of
from ._set_files import read_questions

__all__ = ["AnalogyResult", "AnalogyScore", "analogies", "answered", "rule", "section_kind"]

# The word of the mean vector of rare words in files of Stanford's tools. It is never an answer.
_UNKNOWN = "<unk>"


def section_kind(name: str) -> str:
    """Return "syntactic" if the name of a section begins with "gram", otherwise "semantic".

    The sections of questions-words.txt are named in this way.
    """
    return "syntactic" if name.startswith("gram") else "semantic"


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
        return section_kind(self.name)

    def to_dict(self) -> dict[str, Any]:
        """Return the counts and the accuracy (None if undefined)."""
        return {**asdict(self), "accuracy": defined(self.accuracy)}


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
        The answer to each question; None for a skipped question, and if no word can be the answer.
    """

    protocol: str
    method: str
    path: str
    sections: tuple[AnalogyScore, ...]
    questions: tuple[tuple[str, str, str, str], ...] = field(repr=False)
    predictions: tuple[str | None, ...] = field(repr=False)

    @property
    def semantic(self) -> AnalogyScore:
        """The sum of the sections whose names do not start with "gram"."""
        return self._sum("semantic", "semantic")

    @property
    def syntactic(self) -> AnalogyScore:
        """The sum of the sections whose names start with "gram"."""
        return self._sum("syntactic", "syntactic")

    @property
    def total(self) -> AnalogyScore:
        """The sum of all sections; every question has the same weight."""
        return self._sum("total", "semantic", "syntactic")

    @property
    def accuracy(self) -> float:
        """The accuracy of :attr:`total`."""
        return self.total.accuracy

    @property
    def answerable(self) -> int:
        """The number of questions whose four words are known and have finite vectors."""
        return self.total.answerable

    @property
    def skipped(self) -> int:
        """The number of questions that are not answerable."""
        return self.total.skipped

    @property
    def not_finite(self) -> int:
        """The number of skipped questions whose words are known, but a vector is not finite."""
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

    def to_pandas(self) -> Any:
        """Return a ``pandas.DataFrame`` with a row for each section, in the order of the file.

        The columns are section, kind, accuracy (NaN if undefined), correct, answerable, skipped and
        not_finite.

        Raises
        ------
        ImportError
            If pandas is not installed.
        """
        names = ("kind", "accuracy", "correct", "answerable", "skipped", "not_finite")
        columns = {name: [getattr(score, name) for score in self.sections] for name in names}
        sections = [score.name for score in self.sections]
        return optional("pandas", "to_pandas").DataFrame({"section": sections, **columns})

    def plot(self, ax: Any = None) -> Any:
        """Draw the accuracy of each section as a dot, and the total accuracy as a dashed line.

        A section without an answerable question has a label, but no dot.

        Parameters
        ----------
        ax : matplotlib Axes, optional
            Where to draw; by default a new figure.

        Returns
        -------
        matplotlib Axes

        Raises
        ------
        ValueError
            If no question is answerable.
        ImportError
            If matplotlib is not installed.
        """
        names = [score.name for score in self.sections]
        ax = dots(names, [score.accuracy for score in self.sections], "accuracy", ax)
        ax.axvline(self.accuracy, color="0.5", linestyle="--", zorder=0)
        ax.set_xlim(-0.02, 1.02)
        return ax

    def _cells(self) -> list[tuple[str, ...]]:
        rows: list[tuple[str, ...]] = [("section", "accuracy", "correct", "answerable", "skipped")]
        for score in (*self.sections, self.semantic, self.syntactic, self.total):
            counts = (score.correct, score.answerable, score.skipped)
            rows.append((score.name, percent(score.accuracy), *map("{:,}".format, counts)))
        return rows

    def __str__(self) -> str:
        lines = table(self._cells())
        # A rule below the header, and one above the three sums.
        rule = "-" * len(lines[0])
        note = not_finite_note(self.not_finite, "questions")
        return "\n".join([self.protocol, lines[0], rule, *lines[1:-3], rule, *lines[-3:], *note])

    def _repr_html_(self) -> str:
        """Return the table as HTML, for notebooks."""
        note = not_finite_note(self.not_finite, "questions")
        return _html.table(self._cells(), notes=[*self.protocol.split("\n"), *note])


def analogies(
    wv: Vectors,
    path: str | os.PathLike[str],
    *,
    method: str = "3cosadd",
    restrict_vocab: int | None = None,
    lowercase: bool = True,
) -> AnalogyResult:
    r"""Answer analogy questions "a is to b as c is to d" and count the right answers.

    The protocol is that of Stanford's evaluation script. Vectors are scaled to unit length. By
    default, the answer is the word whose vector has the largest cosine with b - a + c. All words of
    the vocabulary can be the answer, except a, b, c, ``<unk>`` and words whose vector is zero or
    not finite. Questions with an unknown word, or with a vector that is not finite, are skipped.
    Answers are computed in double precision.

    Parameters
    ----------
    wv : WordVectors
    path : str or path-like
        A file with four words on each line, in sections that start with a line ``: name``, such as
        questions-words.txt. Questions before the first such line form a section that is named
        after the file, as in Stanford's eval/question-data. Empty lines, and lines that start with
        '#' before the first question or section, are skipped.
    method : {"3cosadd", "3cosmul"}, default "3cosadd"
        The rule that chooses the answer. "3cosadd" is described above. "3cosmul", by Levy &
        Goldberg (2014), is cos(w, b) cos(w, c) / (cos(w, a) + 10⁻⁶) with the cosines moved to
        [0, 1]: the word w with the largest result is the answer.
    restrict_vocab : int, optional
        Use only the first `restrict_vocab` words: only they can be answers, and a question with any
        other word is skipped.
    lowercase : bool, default True
        Convert the questions to lower case.

    Returns
    -------
    AnalogyResult

    Raises
    ------
    FormatError
        If a question does not consist of four words, or if the file has no question or is not text
        in UTF-8 or UTF-16. The message names the file and the line.
    OSError
        If the file cannot be read.
    ValueError
        If `method` is not one of the choices or `restrict_vocab` is below 1.
    TypeError
        If `wv` is not word vectors.

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
    wv = checked_vectors("wv", wv)
    method = choice("method", method, METHODS)
    lowercase = boolean("lowercase", lowercase)
    restrict_vocab = optional_integer("restrict_vocab", restrict_vocab, 1)
    sections, owner, questions = read_questions(path, str.lower if lowercase else str)
    outcomes, predicted = answered(wv, questions, method=method, restrict_vocab=restrict_vocab)
    section = np.array(owner, dtype=np.intp)

    def counted(questions: NDArray[np.bool_]) -> list[int]:
        return [int(n) for n in np.bincount(section[questions], minlength=len(sections))]

    words = wv.index_to_key
    return AnalogyResult(
        protocol=_protocol(method, restrict_vocab, lowercase),
        method=method,
        path=os.fsdecode(path),
        sections=tuple(
            AnalogyScore(*numbers)
            for numbers in zip(
                sections,
                counted(outcomes.values == 1),
                counted(outcomes.answerable),
                counted(~outcomes.answerable),
                counted(outcomes.known & ~outcomes.answerable),
                strict=True,
            )
        ),
        questions=tuple(questions),
        predictions=tuple(words[row] if row >= 0 else None for row in predicted.tolist()),
    )


def answered(
    wv: Vectors,
    questions: Sequence[tuple[str, str, str, str]],
    *,
    method: str,
    restrict_vocab: int | None,
) -> tuple[Outcomes, NDArray[np.intp]]:
    """Answer questions; see :func:`analogies`.

    Returns
    -------
    outcomes : Outcomes
        The values are 1 for a right answer, 0 for a wrong one, NaN for a skipped question.
    predicted : ndarray of intp, shape (questions,)
        The row of each answer, -1 for a question without an answer.
    """
    rows, limit = rows_of(wv, questions, restrict_vocab)
    known, answerable = finite(wv, rows, limit)
    predicted = np.full(len(rows), -1, np.intp)
    predicted[answerable] = answers(
        wv.vectors, rows[answerable, :3], limit, method, wv.key_to_index.get(_UNKNOWN)
    )
    right = np.where(answerable, predicted == rows[:, 3], np.nan)
    return Outcomes(known, answerable, right), predicted


def _protocol(method: str, restrict_vocab: int | None, lowercase: bool) -> str:
    over = f"the first {restrict_vocab:,} words" if restrict_vocab else "the whole vocabulary"
    return (
        f"{rule(method)}; unit vectors, over {over} without a, b, c and {_UNKNOWN}; questions "
        f"{'lower-cased' if lowercase else 'as written'}, those with an unknown word or a vector "
        "that is not finite skipped"
    )


def rule(method: str) -> str:
    """Return the rule that chooses the answers, in words."""
    if method == "3cosadd":
        return "3CosAdd: argmax of cos(w, b - a + c)"
    return "3CosMul: argmax of cos(w, b) cos(w, c) / (cos(w, a) + 1e-6), cosines moved to [0, 1]"
