"""All evaluation sets of a folder in one table, with bootstrap intervals."""

from __future__ import annotations

import os
import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from .._checks import boolean, choice, integer, optional_integer, path_text
from .._core import COMPRESSED_ENDINGS, FormatError
from .._optional import optional
from .._vectors.analogy import METHODS
from .._warnings import warn
from . import _panel_table
from ._analogies import rule
from ._categories import PURITY
from ._outcomes import Vectors, checked_vectors
from ._panel_rows import Measuring
from ._score import PanelRow
from ._set_files import Kind, SetFile, kind_of

__all__ = ["Panel", "panel"]

# The order of the kinds of sets in the table.
_KINDS: tuple[Kind, ...] = ("similarity", "analogies", "categories")
# These endings are left out of the name of a set.
_SET_ENDINGS = re.compile(rf"(?:\.(?:txt|tsv|csv|{'|'.join(COMPRESSED_ENDINGS)}))+$", re.IGNORECASE)


@dataclass(frozen=True)
class Panel:
    """The result of :func:`panel`. ``print`` shows it as a table, a notebook as an HTML table.

    Attributes
    ----------
    protocol : str
        How the scores were measured, in words.
    folder : str
        The folder of the sets.
    n : int
        The number of bootstrap draws.
    seed : int
        The seed of the draws.
    rows : tuple of PanelRow
        First similarity, then analogies, then categories, each sorted by the name of the file.
    skipped : tuple of (str, str)
        The names of the files that were skipped, each with the reason.
    """

    protocol: str
    folder: str
    n: int
    seed: int
    rows: tuple[PanelRow, ...]
    skipped: tuple[tuple[str, str], ...] = ()

    def to_dict(self) -> dict[str, Any]:
        """Return all fields as plain types that ``json.dumps`` accepts (None for NaN)."""
        return {
            "protocol": self.protocol,
            "folder": self.folder,
            "n": self.n,
            "seed": self.seed,
            "rows": [row.to_dict() for row in self.rows],
            "skipped": [{"file": file, "reason": reason} for file, reason in self.skipped],
        }

    def to_pandas(self) -> Any:
        """Return a ``pandas.DataFrame`` with one row for each row of the table.

        Returns
        -------
        pandas.DataFrame
            Indexed by the name of the set. The columns are measure, total, found, score, low and
            high, and with a baseline also baseline_found, baseline, baseline_low, baseline_high,
            difference_found, difference, difference_low and difference_high. An undefined value is
            NaN.

        Raises
        ------
        ImportError
            If pandas is not installed.
        """
        pandas = optional("pandas", "to_pandas")
        index = pandas.Index([row.name for row in self.rows], name="set", dtype=object)
        return pandas.DataFrame(_panel_table.records(self.rows), index=index)

    def plot(self, ax: Any = None) -> Any:
        """Draw the score of each set as a dot, with its interval as a grey line.

        With a baseline, the scores of each model have a colour of their own. The interval of the
        difference of two scores is only in the table: it may exclude 0 although the intervals of
        the two scores overlap.

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
            If no score is defined.
        ImportError
            If matplotlib is not installed.
        """
        from .._drawing import dots

        found = [
            (f"{row.name} ({row.measure})", name, score)
            for row in self.rows
            for name, score in (("score", row.score), ("baseline", row.baseline))
            if score is not None
        ]
        scores = [score for _, _, score in found]
        return dots(
            [label for label, _, _ in found],
            [score.value for score in scores],
            "score, with 95 % interval",
            ax,
            bounds=([score.low for score in scores], [score.high for score in scores]),
            series=[name for _, name, _ in found] if len(found) > len(self.rows) else None,
        )

    def to_html(self) -> str:
        """Return an HTML page with the table. The page needs no other file."""
        return _panel_table.page(self.folder, self._repr_html_())

    def __str__(self) -> str:
        return _panel_table.text(self.rows, self.protocol)

    def _repr_html_(self) -> str:
        """Return the table as HTML, for notebooks."""
        return _panel_table.html(self.rows, self.protocol)


def panel(
    wv: Vectors,
    folder: str | os.PathLike[str],
    *,
    baseline: Vectors | None = None,
    method: str = "3cosadd",
    restrict_vocab: int | None = None,
    lowercase: bool = True,
    n: int = 1000,
    seed: int = 0,
) -> Panel:
    r"""Measure word vectors on every evaluation set in a folder, with bootstrap intervals.

    The content of a file decides how it is measured: by :func:`analogies`, :func:`similarity` or
    :func:`categories`. Any other file, and a folder in the folder, is skipped with a warning. Files
    whose names begin with a dot are ignored.

    An item is a question, a pair or a word. The model finds an item if its words are known and have
    finite vectors. For the interval of a score, the items that the model finds are drawn `n` times
    with replacement, and the score of each draw is computed. The bounds are the 2.5 % and 97.5 %
    quantiles of these scores. With a `baseline`, both models are also scored on the same draws of
    the items that both find. The quantiles of the differences of these scores are the bounds of the
    interval of the difference. The words of categories are clustered only once, before the draws. A
    score of fewer than 10 items has no interval.

    The draws treat items as independent, but items share words. The intervals are valid for other
    items with the same words. For items with other words, they are too narrow: for analogies, the
    intervals would have to be several times as wide.

    Parameters
    ----------
    wv : WordVectors
        The vectors to measure.
    folder : str or path-like
        The folder of the sets.
    baseline : WordVectors, optional
        A second model. A difference is the score of `wv` minus that of `baseline`.
    method : {"3cosadd", "3cosmul"}, default "3cosadd"
        The rule that chooses the answer of a question.
    restrict_vocab : int, optional
        Use only the first `restrict_vocab` words of each model. All other words are unknown.
    lowercase : bool, default True
        Convert the words of the files to lower case.
    n : int, default 1000
        The number of bootstrap draws, at least 1.
    seed : int, default 0
        The seed of the draws, at least 0. The interval of a set does not depend on the other files.

    Returns
    -------
    Panel

    Raises
    ------
    FormatError
        If no file in the folder is an evaluation set.
    OSError
        If the folder cannot be read.
    TypeError
        If `wv` or `baseline` are not word vectors.
    ValueError
        If `method` is not one of the choices, or `restrict_vocab`, `n` or `seed` is below its
        minimum.

    Warns
    -----
    UserWarning
        For each skipped file: it is not an evaluation set, it is malformed, it cannot be read, or
        it needs a library that is not installed. :attr:`Panel.skipped` has the reasons.

    Examples
    --------
    >>> import os, tempfile
    >>> import numpy as np
    >>> from glove_rs import WordVectors, evaluation
    >>> words = [f"w{i}" for i in range(12)]
    >>> wv = WordVectors(words, np.random.default_rng(0).normal(size=(12, 5)))
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     with open(os.path.join(folder, "pairs.tsv"), "w") as file:
    ...         file.writelines(f"w0\tw{i}\t{i}\n" for i in range(1, 20))
    ...     result = evaluation.panel(wv, folder)
    >>> result.rows[0].name, result.rows[0].score.found, result.rows[0].total
    ('pairs', 11, 19)
    """
    models = [checked_vectors("wv", wv)]
    if baseline is not None:
        models.append(checked_vectors("baseline", baseline))
    path = path_text("folder", folder, "folder")
    method = choice("method", method, METHODS)
    restrict_vocab = optional_integer("restrict_vocab", restrict_vocab, 1)
    lowercase = boolean("lowercase", lowercase)
    n, seed = integer("n", n, 1), integer("seed", seed, 0)

    found: list[tuple[int, PanelRow]] = []
    skipped: list[tuple[str, str]] = []
    names = sorted(name for name in os.listdir(path) if not name.startswith("."))
    for file, name in zip(names, _set_names(names), strict=True):
        try:
            read = _opened(os.path.join(path, file))
            kind = kind_of(read)
            if kind is None:
                reason = _NO_SET if read.lines else "it is empty"
                raise FormatError(f"{os.fspath(read)}: this is not an evaluation set: {reason}")
            measured = Measuring(models, method, restrict_vocab, lowercase)
            rows = [scored.row(n, seed) for scored in measured.scored_sets(read, kind, name)]
        except (FormatError, OSError, ImportError) as error:
            skipped.append((file, _reason(error, os.path.join(path, file))))
            warn(f"skipped in the panel: {skipped[-1][1]}")
        else:
            found += [(_KINDS.index(kind), row) for row in rows]
    if not found:
        raise FormatError(f"{path}: there is no evaluation set in this folder")
    table = tuple(row for _, row in sorted(found, key=lambda pair: pair[0]))
    return Panel(
        _protocol(table, method, restrict_vocab, lowercase, n, seed),
        path,
        n,
        seed,
        table,
        tuple(skipped),
    )


_NO_SET = "its first two lines are not questions, rated pairs of words, or words with categories"


def _set_names(files: Sequence[str]) -> list[str]:
    """Return the names of the sets: the names of their files without the endings in `_SET_ENDINGS`.

    If two files differ only in these endings, both sets have the full names of their files.
    """
    short = [_SET_ENDINGS.sub("", file) or file for file in files]
    times = Counter(short)
    return [name if times[name] == 1 else file for name, file in zip(short, files, strict=True)]


def _opened(path: str) -> SetFile:
    """Read a regular file. A pipe is refused, because reading it would wait for its writer."""
    if os.path.isdir(path):
        raise FormatError(f"{path}: this is a folder; only files are read")
    if os.path.exists(path) and not os.path.isfile(path):
        raise FormatError(f"{path}: this is not a regular file")
    return SetFile(path)


def _reason(error: Exception, path: str) -> str:
    """Return the message of an error, with the path in front if the message does not have it."""
    if isinstance(error, OSError) and error.strerror:
        return f"{path}: {error.strerror}"
    message = str(error)
    return message if message.startswith(path) else f"{path}: {message}"


def _protocol(
    rows: Sequence[PanelRow],
    method: str,
    restrict_vocab: int | None,
    lowercase: bool,
    n: int,
    seed: int,
) -> str:
    """Return how the rows were measured, with one fact on each line."""
    measures = {
        "Spearman": "Spearman: rank correlation of cosines and human ratings",
        "accuracy": f"accuracy: the fraction of right answers by {rule(method)}",
        "purity": PURITY,
    }
    used = {row.measure for row in rows}
    over = f"the first {restrict_vocab:,} words" if restrict_vocab else "the vocabulary"
    lines = [text for measure, text in measures.items() if measure in used]
    lines.append(
        f"found: items whose words ({'lower-cased' if lowercase else 'as written'}) are all in "
        f"{over} and have finite vectors; the others are left out"
    )
    lines.append(f"95 % interval: bootstrap, {n:,} draws of the found items, seed {seed}")
    if any(row.difference for row in rows):
        points = "; in percentage points for accuracy and purity" if used - {"Spearman"} else ""
        lines.append(
            "difference: score minus baseline, of the items that both find, on the same draws"
            + points
        )
    return "\n".join(lines)
