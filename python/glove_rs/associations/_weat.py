"""The Word Embedding Association Test, and the same test for single target words."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from .._checks import real
from .._results import ResultTable
from .._vectors.cosine import unit
from .._warnings import warn
from .._workers import Workers
from ..evaluation._outcomes import Vectors
from ._permutation import PermutationTest
from ._replicates import intervals_over
from ._sets import (
    Float64,
    KnownWords,
    SetsResult,
    known_words,
    missing_note,
    refuse_shared,
    warn_of_shared,
)

__all__ = ["AssociationTest", "SingleCategoryTest", "sc_weat", "weat"]


class AssociationTest(SetsResult):
    """The result of :func:`weat`: a table with one row.

    Attributes
    ----------
    statistic : float
        Σ s(x) over the targets X − Σ s(y) over the targets Y: see :func:`weat`.
    effect_size : float
        The difference of the mean associations of X and Y, divided by the standard deviation of
        the associations of all targets. NaN if all associations are equal.
    p_value : float
    is_exact : bool
        Whether `p_value` counts all divisions of the targets, and not a random sample of them.
    low, high : float
        The bounds of the interval of the effect size. NaN without a bootstrap, if the effect size
        is NaN, and if more than 5 % of the models of the bootstrap lack a word or have no effect
        size.
    missing : dict of str to list of str
        The words without a vector, by the name of their set.
    by_word : ResultTable
        The association s of each target word: columns word, targets and association.
    """

    _plotted = ("targets", "effect_size", "low", "high")

    def __init__(
        self,
        columns: Mapping[str, Any],
        title: str,
        notes: Sequence[str],
        sets: Sequence[KnownWords],
        by_word: ResultTable,
        *,
        is_exact: bool,
    ) -> None:
        super().__init__(columns, title, notes, sets)
        self.by_word, self.is_exact = by_word, is_exact
        self.statistic = float(self["statistic"][0])
        self.effect_size = float(self["effect_size"][0])
        self.p_value = float(self["p_value"][0])
        has_interval = "low" in self.columns
        self.low = float(self["low"][0]) if has_interval else math.nan
        self.high = float(self["high"][0]) if has_interval else math.nan

    def plot(self, ax: Any = None) -> Any:
        """Draw the association of each target word, in a row for each set of targets.

        Parameters
        ----------
        ax : matplotlib Axes, optional
            Where to draw; by default a new figure.

        Returns
        -------
        matplotlib Axes

        Raises
        ------
        ImportError
            If matplotlib is not installed.
        """
        from .._drawing import new_axes
        from .._vectors.fonts import usable_families

        ax = new_axes(ax)
        names = list(dict.fromkeys(self.by_word["targets"]))
        families = usable_families([*names, *self.by_word["word"], self["attributes"][0]])
        for row, name in enumerate(names):
            own = self.by_word["targets"] == name
            values, words = self.by_word["association"][own], self.by_word["word"][own]
            ax.plot(values, np.full(len(values), row), "o", alpha=0.6)
            for value, word in zip(values, words, strict=True):
                ax.annotate(
                    word,
                    (value, row),
                    xytext=(0, 6),
                    textcoords="offset points",
                    rotation=60,
                    fontsize="small",
                    fontfamily=families,
                    parse_math=False,
                )
        ax.set_yticks(np.arange(len(names)), names, parse_math=False, fontfamily=families)
        ax.margins(y=0.5)
        label = f"association: {self['attributes'][0]}"
        ax.set_xlabel(label, parse_math=False, fontfamily=families)
        return ax


class SingleCategoryTest(SetsResult):
    """The result of :func:`sc_weat`: a row for each word.

    Attributes
    ----------
    is_exact : bool
        Whether the p-values count all divisions of the attributes, and not a random sample of them.
    missing : dict of str to list of str
        The words without a vector, by the name of their set.
    """

    _plotted = ("word", "effect_size", "low", "high")

    def __init__(
        self,
        columns: Mapping[str, Any],
        title: str,
        notes: Sequence[str],
        sets: Sequence[KnownWords],
        *,
        is_exact: bool,
    ) -> None:
        super().__init__(columns, title, notes, sets)
        self.is_exact = is_exact


def weat(
    wv: Vectors,
    X: Sequence[str],
    Y: Sequence[str],
    A: Sequence[str],
    B: Sequence[str],
    *,
    alternative: str = "greater",
    exact: bool | None = None,
    permutations: int = 100_000,
    bootstrap: Any = None,
    level: float = 0.95,
    seed: int = 1,
    threads: int | None = None,
    memory: int | str | None = None,
) -> AssociationTest:
    r"""Test whether two sets of targets differ in their association with two sets of attributes.

    The association of a word is s(w) = mean cos(w, a) over A − mean cos(w, b) over B. The effect
    size is (mean s over X − mean s over Y) / std s over X ∪ Y, with the population standard
    deviation, which divides by the number of words, as in Caliskan et al. (2017) and the library
    WEFE.

    Parameters
    ----------
    wv : WordVectors
    X, Y : sequence of str
        Two sets of targets, such as flowers and insects. They may have different sizes.
    A, B : sequence of str
        Two sets of attributes, such as pleasant and unpleasant.
    alternative : {"greater", "less", "two-sided"}, default "greater"
        "greater": X is associated with A, and Y with B. "less": X is associated with B, and Y with
        A. "two-sided": either of the two.
    exact : bool, optional
        True: count all divisions of the targets into two sets of the sizes of X and Y. This needs
        at most 40 targets. False: draw `permutations` random divisions. By default, all divisions
        are counted if there are at most 30 targets.
    permutations : int, default 100,000
        The number of random divisions.
    bootstrap : Bootstrap or iterable of WordVectors, optional
        The result of :func:`glove_rs.bootstrap`, whose `full` is `wv`, or the vectors of several
        models, for an interval of the effect size. Its kind is the attribute `interval` of the
        Bootstrap ("rms" for a list of vectors), and "standard" for a jackknife; a note names it.
        Models that lack a word are left out, with a warning. If more than 5 % of the models are
        left out or have no effect size, the interval is NaN, and a note says so.
    level : float, default 0.95
        The confidence level of the interval.
    seed : int, default 1
        The seed of the random divisions.
    threads : int, optional
        The number of threads; by default all processors. The result has the same bits for any
        number.
    memory : int or str, optional
        A limit for the arrays of divisions, in bytes or as "512MB". It decides how many divisions
        are drawn together, and does not change the result. By default, the arrays of a thread take
        at most 64 MB, or those of one exact p-value if they are larger.

    Returns
    -------
    AssociationTest
        The p-value is the fraction of divisions whose difference of mean associations is at least
        as extreme, in the direction of `alternative`, as the difference of X and Y. If divisions
        are drawn, the division into X and Y is counted as one more drawn division, so the p-value
        is not 0.

    Warns
    -----
    UserWarning
        For words without a vector, for words that occur twice in a set or are both target and
        attribute, for an effect size that is undefined, and for models that are left out.

    Raises
    ------
    ValueError
        If X and Y, or A and B, share words; if a set has no word with a vector; if a vector is not
        finite; if `bootstrap` has fewer than two models or none with all words; if `memory` is too
        small for one division or one exact p-value; or if a parameter is out of its range.
    TypeError
        If a set does not hold words, or `bootstrap` has no models of word vectors.

    Examples
    --------
    >>> import numpy as np
    >>> from glove_rs import WordVectors, associations
    >>> words = ["rose", "tulip", "wasp", "gnat", "good", "bad"]
    >>> rows = [[3.0, 1], [4, 1], [1, 3], [1, 5], [1, 0], [0, 1]]
    >>> wv = WordVectors(words, np.array(rows))
    >>> result = associations.weat(wv, words[:2], words[2:4], ["good"], ["bad"])
    >>> print(result)
    Word Embedding Association Test
    targets  attributes  statistic  effect size  p value
    ----------------------------------------------------
    X - Y    A - B          2.7770       1.9917   0.1667
    p-value over all 6 divisions of the targets (greater)
    """
    level = real("level", level, above=True, below=1.0)
    workers = Workers(threads, memory)
    test = PermutationTest(alternative, exact, permutations, seed, workers)
    sets = known_words(wv, {"X": X, "Y": Y, "A": A, "B": B})
    x, y, a, b = sets
    refuse_shared(x, y)
    refuse_shared(a, b)
    warn_of_shared([x, y], [a, b])
    values = _associations(wv, sets)
    k, n = len(x.words), len(values)
    divided = test.of(values[None], k, "targets")
    effect = _effect(values, k)
    if math.isnan(effect):
        warn("the effect size is undefined: all associations are equal")
    columns: dict[str, Any] = {
        "targets": [f"{x.name} - {y.name}"],
        "attributes": [f"{a.name} - {b.name}"],
        "statistic": [float(values[:k].sum() - values[k:].sum())],
        "effect_size": [effect],
    }
    notes = [f"p-value {divided.how}", *missing_note(sets)]
    if bootstrap is not None:
        low, high, why = intervals_over(
            bootstrap, lambda own: _effect(_associations(own, sets), k), effect, level, workers
        )
        columns |= {"low": low, "high": high}
        notes += why
    columns["p_value"] = divided.p_values
    by_word = ResultTable(
        {
            "word": [*x.words, *y.words],
            "targets": [x.name] * k + [y.name] * (n - k),
            "association": values,
        },
        f"associations with {a.name} - {b.name}",
    )
    by_word._plotted = ("word", "association", None, None)
    return AssociationTest(
        columns,
        "Word Embedding Association Test",
        notes,
        sets,
        by_word,
        is_exact=divided.is_exact,
    )


def sc_weat(
    wv: Vectors,
    words: str | Sequence[str],
    A: Sequence[str],
    B: Sequence[str],
    *,
    alternative: str = "two-sided",
    exact: bool | None = None,
    permutations: int = 100_000,
    bootstrap: Any = None,
    level: float = 0.95,
    seed: int = 1,
    threads: int | None = None,
    memory: int | str | None = None,
) -> SingleCategoryTest:
    """Test the association of single words with two sets of attributes (also called WEFAT).

    The effect size of a word w is (mean cos(w, a) over A − mean cos(w, b) over B) / std cos(w, c)
    over c in A ∪ B, with the population standard deviation, which divides by the number of words.

    Parameters
    ----------
    wv : WordVectors
    words : str or sequence of str
        One or several words, such as names of occupations.
    A, B : sequence of str
        Two sets of attributes.
    alternative : {"greater", "less", "two-sided"}, default "two-sided"
        "greater": the word is associated with A. "less": the word is associated with B.
        "two-sided": either of the two.
    exact, permutations, bootstrap, level, seed, threads, memory
        As for :func:`weat`. Here the attributes are divided, not the targets.

    Returns
    -------
    SingleCategoryTest
        The columns word, difference (of the mean cosines), effect_size and p_value, and with a
        bootstrap also low and high. The p-values are not corrected for the number of words: with
        many words, some p-values are small by chance.

    Warns
    -----
    UserWarning
        As for :func:`weat`.

    Raises
    ------
    ValueError, TypeError
        As for :func:`weat`. `words` may share words with A and B.

    Examples
    --------
    >>> import numpy as np
    >>> from glove_rs import WordVectors, associations
    >>> words = ["rose", "wasp", "good", "kind", "bad", "evil"]
    >>> rows = [[3.0, 1], [1, 3], [1, 0], [2, 1], [0, 1], [1, 2]]
    >>> wv = WordVectors(words, np.array(rows))
    >>> print(associations.sc_weat(wv, ["rose", "wasp"], ["good", "kind"], ["bad", "evil"]))
    association of single words with A - B
    word  difference  effect size  p value
    --------------------------------------
    rose      0.4576       1.7095   0.3333
    wasp     -0.4576      -1.7095   0.3333
    p-values over all 6 divisions of the attributes (two-sided)
    """
    level = real("level", level, above=True, below=1.0)
    workers = Workers(threads, memory)
    test = PermutationTest(alternative, exact, permutations, seed, workers)
    listed = [words] if isinstance(words, str) else words
    sets = known_words(wv, {"words": listed, "A": A, "B": B})
    targets, a, b = sets
    refuse_shared(a, b)
    warn_of_shared([targets], [a, b])
    values = _cosines(wv, targets, [a, b])
    k = len(a.words)
    divided = test.of(values, k, "attributes")
    effects = _effects(values, k)
    if np.isnan(effects).any():
        without = [w for w, e in zip(targets.words, effects, strict=True) if math.isnan(e)]
        warn(f"the effect size is undefined, because all cosines are equal: {', '.join(without)}")
    columns: dict[str, Any] = {
        "word": targets.words,
        "difference": values[:, :k].mean(axis=1) - values[:, k:].mean(axis=1),
        "effect_size": effects,
    }
    notes = [f"p-values {divided.how}", *missing_note(sets)]
    if bootstrap is not None:
        low, high, why = intervals_over(
            bootstrap,
            lambda own: _effects(_cosines(own, targets, [a, b]), k),
            effects,
            level,
            workers,
        )
        columns |= {"low": low, "high": high}
        notes += why
    columns["p_value"] = divided.p_values
    return SingleCategoryTest(
        columns,
        f"association of single words with {a.name} - {b.name}",
        notes,
        sets,
        is_exact=divided.is_exact,
    )


def _cosines(wv: Vectors, targets: KnownWords, attributes: Sequence[KnownWords]) -> Float64:
    """Return the cosine of each target with each attribute: shape (targets, attributes)."""
    others = unit(np.vstack([own.rows(wv) for own in attributes]))
    return unit(targets.rows(wv)) @ others.T


def _associations(wv: Vectors, sets: Sequence[KnownWords]) -> Float64:
    """Return the association s of each word of X, then of Y: shape (targets,)."""
    x, y, a, b = sets
    own = unit(np.vstack([x.rows(wv), y.rows(wv)]))
    means = [unit(of.rows(wv)).mean(axis=0) for of in (a, b)]
    found: Float64 = own @ (means[0] - means[1])
    return found


def _effect(values: Float64, k: int) -> float:
    """Return the effect size of a division of values into the first k and all others.

    The effect size is the difference of the two means, divided by the standard deviation of all
    values. It is NaN if all values are equal.
    """
    spread = float(values.std())
    if spread <= 1e-12 * float(np.abs(values).max(initial=0.0)):
        return math.nan
    return float(values[:k].mean() - values[k:].mean()) / spread


def _effects(values: Float64, k: int) -> Float64:
    """Return the result of :func:`_effect` for each row of values."""
    return np.array([_effect(row, k) for row in values])
