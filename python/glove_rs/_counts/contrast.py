"""Two words compared by their contexts, as in table 1 of the paper."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .. import _html
from .._checks import integer, positive, real
from .._optional import optional
from .._text import figure, table
from .log_odds import log_odds
from .protocol import CountMatrix
from .ratio import reason, smoothed
from .table import dense, word_indices

__all__ = ["Contrast", "contrast"]

#: The names of the values of each context word, in the order of the columns.
_COLUMNS = (
    "count_i",
    "count_j",
    "probability_i",
    "probability_j",
    "ratio",
    "log_odds",
    "z",
)
_PROBE, _OF_I, _OF_J, _SHARED = "probe", "i", "j", "shared"


@dataclass(frozen=True, eq=False, repr=False)
class Contrast:
    """Two words compared by their context words: the result of ``Cooccurrence.contrast``.

    ``print`` and notebooks show a table, :meth:`to_pandas` gives a data frame, and :meth:`plot`
    draws the ratios.

    Attributes
    ----------
    i, j : str
        The two words.
    totals : (float, float)
        The sum of all counts of each of the two words, X_i and X_j.
    smoothing : float
        The number that was added to each count for the probabilities and the ratio.
    prior : float
        The number of pseudo-counts of the prior of `log_odds`.
    words : list of str
        The context words k.
    groups : list of str
        For each context word: "probe" if it is one of the given probes; "i" if it occurs beside i
        relatively more often than beside j; "j" if it occurs beside j relatively more often than
        beside i; "shared" if it occurs beside both relatively more often than beside other words.
    values : mapping of str to ndarray of float64
        For each context word: the counts "count_i" and "count_j", the probabilities "probability_i"
        and "probability_j", their "ratio", and "log_odds" with its "z".
    notes : list of str
        For each context word: why its ratio without smoothing is NaN or infinite; "" if it is a
        finite number.
    """

    i: str
    j: str
    totals: tuple[float, float]
    smoothing: float
    prior: float
    words: list[str]
    groups: list[str]
    values: dict[str, NDArray[np.float64]]
    notes: list[str]

    def __len__(self) -> int:
        return len(self.words)

    def to_pandas(self) -> Any:
        """Return a ``pandas.DataFrame`` indexed by context word.

        The columns are group, count_i, count_j, probability_i, probability_j, ratio, log_odds, z
        and note.

        Raises
        ------
        ImportError
            If pandas is not installed.
        """
        pandas = optional("pandas", "to_pandas")
        index = pandas.Index(self.words, name="k", dtype=object)
        columns = {"group": self.groups, **self.values, "note": self.notes}
        return pandas.DataFrame(columns, index=index)

    def plot(self, ax: Any = None) -> Any:
        """Draw the ratio of each context word on a logarithmic axis.

        An infinite ratio, or a ratio of 0, is drawn as an arrow at the edge. A word whose ratio is
        NaN has a label but no point.

        Parameters
        ----------
        ax : matplotlib.axes.Axes, optional
            Where to draw. By default on a new figure.

        Returns
        -------
        matplotlib.axes.Axes

        Raises
        ------
        ValueError
            If there are no context words, or if all ratios are NaN.
        ImportError
            If matplotlib is not installed: ``pip install matplotlib``.
        """
        from .plot import ratios

        return ratios(self, ax)

    def _sections(self) -> list[tuple[str, list[tuple[str, ...]]]]:
        """Return the title and the lines of each group of words."""
        titles = {
            _PROBE: "",
            _OF_I: f"contexts of {self.i} more than of {self.j}",
            _OF_J: f"contexts of {self.j} more than of {self.i}",
            _SHARED: "contexts of both",
        }
        columns = [map(figure, self.values[name].tolist()) for name in _COLUMNS]
        lines: dict[str, list[tuple[str, ...]]] = {group: [] for group in titles}
        for group, *line in zip(self.groups, self.words, *columns, self.notes, strict=True):
            lines[group].append(tuple(line))
        return [(titles[group], found) for group, found in lines.items() if found]

    def _head(self) -> tuple[str, ...]:
        i, j = self.i, self.j
        probabilities = (f"P(k|{i})", f"P(k|{j})", "ratio")
        return ("k", f"X({i},k)", f"X({j},k)", *probabilities, "log-odds", "z", "")

    def _below(self) -> list[str]:
        totals = ", ".join(
            f"all counts of {word}: {figure(total)}"
            for word, total in zip((self.i, self.j), self.totals, strict=True)
        )
        added = f"; {self.smoothing:g} added to each count" if self.smoothing else ""
        return [
            f"{totals}{added}",
            f"log-odds: with a Dirichlet prior of {figure(self.prior)} pseudo-counts "
            "(Monroe et al. 2008)",
        ]

    def __str__(self) -> str:
        sections = self._sections()
        lines = table([self._head(), *(line for _, found in sections for line in found)])
        head, *body = (line.rstrip() for line in lines)
        text = [] if any(title for title, _ in sections) else [head]
        for title, found in sections:
            text += [*([""] if text and title else []), *([title, head] if title else [])]
            text += body[: len(found)]
            body = body[len(found) :]
        return "\n".join([*text, "", *self._below()])

    def _repr_html_(self) -> str:
        head = self._head()
        lines: list[tuple[str, ...]] = [head]
        for title, found in self._sections():
            lines += [(title, *[""] * (len(head) - 1))] if title else []
            lines += found
        title = f"{self.i} and {self.j}"
        return _html.captioned(title, _html.table(lines, notes=self._below()))

    def __repr__(self) -> str:
        return f"<Contrast of {self.i!r} and {self.j!r}: {len(self):,} context words>"


def contrast(
    X: CountMatrix,
    i: str,
    j: str,
    probes: Iterable[str] | None,
    topn: int,
    smoothing: float,
    prior: float | None,
) -> Contrast:
    """Compare two words; see :meth:`glove_rs.Cooccurrence.contrast`."""
    topn = integer("topn", topn, 0)
    smoothing = real("smoothing", smoothing)
    row_i, row_j = X.vocabulary[i], X.vocabulary[j]
    if row_i == row_j:
        raise ValueError(f"i and j must be two different words, got {i!r} twice")
    row_sums, column_sums = X._sums
    totals = float(row_sums[row_i]), float(row_sums[row_j])
    # The default is the mean of X_i and X_j.
    prior = sum(totals) / 2 if prior is None else positive("prior", prior)
    vocabulary = X.context_vocabulary
    if probes is not None:
        columns = word_indices("probes", probes, vocabulary)
        x_i, x_j = dense(X, np.array([row_i, row_j]), columns)
    else:
        columns, x_i, x_j = _contexts(X, row_i, row_j)
    with np.errstate(divide="ignore", invalid="ignore"):
        expected = column_sums[columns] * (prior / X.total if X.total else 0.0)
    delta, z = log_odds(x_i, totals[0], x_j, totals[1], expected, prior)
    groups = [_PROBE] * len(columns)
    if probes is None:
        rest = column_sums[columns]
        of_i, of_j = (
            log_odds(x, own, rest - x, X.total - own, expected, prior)[1]
            for x, own in ((x_i, totals[0]), (x_j, totals[1]))
        )
        chosen, groups = _chosen(z, np.minimum(of_i, of_j), topn)
        columns, x_i, x_j = columns[chosen], x_i[chosen], x_j[chosen]
        delta, z = delta[chosen], z[chosen]
    p_i = smoothed(x_i, totals[0], len(vocabulary), smoothing)
    p_j = smoothed(x_j, totals[1], len(vocabulary), smoothing)
    with np.errstate(divide="ignore", invalid="ignore"):
        ratio = p_i / p_j
    labels = vocabulary.words
    words = [labels[k] for k in columns]
    notes = [
        reason(k, i, j, (own, other), totals)
        for k, own, other in zip(words, x_i.tolist(), x_j.tolist(), strict=True)
    ]
    values = dict(zip(_COLUMNS, (x_i, x_j, p_i, p_j, ratio, delta, z), strict=True))
    return Contrast(i, j, totals, smoothing, prior, words, groups, values, notes)


def _contexts(
    X: CountMatrix, row_i: int, row_j: int
) -> tuple[NDArray[np.int64], NDArray[np.float64], NDArray[np.float64]]:
    """Return the context words of two words, and their counts with each of the two."""
    ascending = sorted((row_i, row_j))
    starts, found, values = X._core.selected_rows(ascending, None)
    columns = np.unique(found).astype(np.int64)
    counts = np.zeros((2, len(columns)))
    row = np.repeat([0, 1], np.diff(starts))
    counts[row, np.searchsorted(columns, found)] = values
    first = ascending.index(row_i)
    return columns, counts[first], counts[1 - first]


def _chosen(
    z: NDArray[np.float64], common: NDArray[np.float64], topn: int
) -> tuple[NDArray[np.int64], list[str]]:
    """Choose the context words of the groups "i", "j" and "shared", at most `topn` for each group.

    Parameters
    ----------
    z : ndarray
        The z of each context word: above 0 if it occurs beside i relatively more often than beside
        j, below 0 if less often.
    common : ndarray
        For each context word, the smaller one of two z: one compares i with all other words, the
        other compares j with all other words. It is above 0 if both i and j co-occur with the
        context word relatively more often than all other words do.
    """
    of_i = np.argsort(-z, kind="stable")[:topn]
    of_i = of_i[z[of_i] > 0]
    of_j = np.argsort(z, kind="stable")[:topn]
    of_j = of_j[z[of_j] < 0]
    left = np.setdiff1d(np.arange(len(z)), np.concatenate([of_i, of_j]))
    shared = left[np.argsort(-common[left], kind="stable")][:topn]
    shared = shared[common[shared] > 0]
    sizes = {_OF_I: len(of_i), _OF_J: len(of_j), _SHARED: len(shared)}
    groups = [group for group, size in sizes.items() for _ in range(size)]
    return np.concatenate([of_i, of_j, shared]), groups
