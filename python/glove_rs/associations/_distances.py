"""Two measures of whether attributes are nearer to one set of words than to another.

They are RND (Relative Norm Distance) and RIPA (Relational Inner Product Association).
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np

from .._checks import choice, real, shown
from .._vectors.cosine import unit
from .._warnings import warn
from .._workers import Workers
from ..evaluation._outcomes import Vectors
from ._replicates import intervals_over
from ._sets import Float64, KnownWords, SetsResult, known_words, missing_note

__all__ = ["DistanceResult", "ripa", "rnd"]


class DistanceResult(SetsResult):
    """The result of :func:`rnd` and :func:`ripa`: a row for each attribute.

    The columns are word and value, from :func:`ripa` also std_of_pairs, and with a bootstrap also
    low and high.

    Attributes
    ----------
    value : float
        The mean of the column "value" over the attributes.
    low, high : float
        The bounds of the interval of the mean `value`. NaN without a bootstrap, and if more than
        5 % of the models of the bootstrap lack a word or have no mean.
    missing : dict of str to list of str
        The words without a vector, by the name of their set. For :func:`ripa`, also the pairs that
        were left out, under the name "pairs".
    """

    _plotted = ("word", "value", "low", "high")

    def __init__(
        self,
        columns: Mapping[str, Any],
        title: str,
        notes: Sequence[str],
        sets: Sequence[KnownWords],
        value: float,
        bounds: tuple[float, float],
    ) -> None:
        super().__init__(columns, title, notes, sets)
        self.value = value
        self.low, self.high = bounds


def rnd(
    wv: Vectors,
    X: Sequence[str],
    Y: Sequence[str],
    A: Sequence[str],
    *,
    distance: str = "norm",
    bootstrap: Any = None,
    level: float = 0.95,
    threads: int | None = None,
) -> DistanceResult:
    """Relative Norm Distance: whether attributes are nearer to one set of targets than to another.

    The value of an attribute a is ‖a − x̄‖ − ‖a − ȳ‖, where x̄ and ȳ are the mean vectors of X and Y
    (Garg et al. 2018). A negative value says that a is nearer to X.

    Parameters
    ----------
    wv : WordVectors
        The function does not scale the vectors. Garg et al. use vectors of length 1: for their
        measure, give such vectors.
    X, Y : sequence of str
        Two sets of targets.
    A : sequence of str
        The attributes.
    distance : {"norm", "cos"}, default "norm"
        "norm": the value as above. "cos": the value is cos(a, x̄) − cos(a, ȳ), as in the library
        WEFE. It is positive if a is nearer to X.
    bootstrap : Bootstrap or iterable of WordVectors, optional
        The result of :func:`glove_rs.bootstrap`, whose `full` is `wv`, or the vectors of several
        models, for intervals. Their kind is the attribute `interval` of the Bootstrap ("rms" for a
        list of vectors), and "standard" for a jackknife; a note names it. With "norm", the value
        grows with the length of the vectors, so the vectors of all models should have the same
        scale. Models that lack a word are left out, with a warning. If more than 5 % of the models
        are left out, the intervals are NaN, and a note says so.
    level : float, default 0.95
        The confidence level of the intervals.
    threads : int, optional
        The number of threads that read models of `bootstrap`; by default all processors. The result
        has the same bits for any number.

    Returns
    -------
    DistanceResult

    Warns
    -----
    UserWarning
        For words without a vector, for words that occur twice in a set, and for models that are
        left out.

    Raises
    ------
    ValueError
        If a set has no word with a vector, if a vector is not finite, if `bootstrap` has fewer than
        two models or none with all words, or if a parameter is out of its range.
    TypeError
        If a set does not hold words, or `bootstrap` has no models of word vectors.

    Examples
    --------
    >>> import numpy as np
    >>> from glove_rs import WordVectors, associations
    >>> wv = WordVectors(["he", "she", "job"], np.array([[1.0, 0], [0, 1], [2, 0]]))
    >>> round(associations.rnd(wv, ["he"], ["she"], ["job"]).value, 4)
    -1.2361
    """
    choice("distance", distance, ("norm", "cos"))
    workers = Workers(threads)
    sets = known_words(wv, {"X": X, "Y": Y, "A": A})
    x, y, a = sets

    def estimate(own: Vectors) -> Float64:
        means = np.stack([x.rows(own).mean(axis=0), y.rows(own).mean(axis=0)])
        rows = a.rows(own)
        if distance == "cos":
            both = unit(rows) @ unit(means).T
        else:
            both = np.linalg.norm(rows[:, None, :] - means, axis=2)
        found: Float64 = both[:, 0] - both[:, 1]
        return found

    title = f"Relative Norm Distance ({distance}), {x.name} - {y.name}"
    return _result(wv, sets, a.words, estimate, title, bootstrap, level, workers)


def ripa(
    wv: Vectors,
    pairs: Sequence[tuple[str, str]],
    A: Sequence[str],
    *,
    bootstrap: Any = None,
    level: float = 0.95,
    threads: int | None = None,
) -> DistanceResult:
    """Relational Inner Product Association: the projection of attributes on pairs of words.

    The value of an attribute a is the mean of a · (x − y) / ‖x − y‖ over the pairs (x, y)
    (Ethayarajh et al. 2019). It is positive if a is on the side of the first words.

    Parameters
    ----------
    wv : WordVectors
    pairs : sequence of pairs of str
        For example ``[("man", "woman")]`` or ``zip(men, women)``. If a word has no vector, its pair
        is left out.
    A : sequence of str
        The attributes.
    bootstrap, level, threads
        As for :func:`rnd`.

    Returns
    -------
    DistanceResult
        The column std_of_pairs has the standard deviation of a · (x − y) / ‖x − y‖ over the pairs.

    Warns
    -----
    UserWarning
        For pairs that are left out, and as for :func:`rnd`.

    Raises
    ------
    ValueError
        If no pair or no attribute is left, if both words of a pair have the same vector, and as for
        :func:`rnd`.
    TypeError
        If `pairs` does not hold pairs of words, or `A` does not hold words.

    Examples
    --------
    >>> import numpy as np
    >>> from glove_rs import WordVectors, associations
    >>> wv = WordVectors(["he", "she", "job"], np.array([[1.0, 0], [0, 1], [2, 0]]))
    >>> round(associations.ripa(wv, [("he", "she")], ["job"]).value, 4)
    1.4142
    """
    workers = Workers(threads)
    x, y, left_out = chosen_pairs(wv, pairs)
    (a,) = known_words(wv, {"A": A})
    sets = [KnownWords("pairs", x.words, left_out), a]

    def scores(own: Vectors) -> Float64:
        relations = x.rows(own) - y.rows(own)
        lengths = np.linalg.norm(relations, axis=1)
        if own is wv and not lengths.all():
            at = int(np.flatnonzero(lengths == 0)[0])
            raise ValueError(
                f"pairs must have different vectors, got the same for {x.words[at]!r} and "
                f"{y.words[at]!r}"
            )
        # In a model of a bootstrap, both words may have one vector. Then the pair has no value.
        relations /= np.where(lengths > 0, lengths, np.nan)[:, None]
        found: Float64 = a.rows(own) @ relations.T
        return found

    title = f"Relational Inner Product Association, {len(x.words)} pairs"
    spread = scores(wv).std(axis=1)
    return _result(
        wv,
        sets,
        a.words,
        lambda own: scores(own).mean(axis=1),
        title,
        bootstrap,
        level,
        workers,
        spread,
    )


def chosen_pairs(wv: Vectors, pairs: Any) -> tuple[KnownWords, KnownWords, list[str]]:
    """Return the first words and the second words of pairs, and the pairs that are left out.

    A pair is left out, with a warning, if one of its words has no vector. It is returned as text,
    "first - second".

    Raises
    ------
    TypeError
        If `pairs` does not hold pairs of words.
    ValueError
        If no pair is left.
    """
    if isinstance(pairs, str) or not isinstance(pairs, Iterable):
        raise TypeError(f"pairs must hold pairs of words, got {shown(pairs)}")
    listed = [() if isinstance(pair, str) else tuple(pair) for pair in pairs]
    if not all(len(pair) == 2 and all(isinstance(w, str) for w in pair) for pair in listed):
        raise TypeError("pairs must hold pairs of words, such as [('man', 'woman')]")
    known = [pair for pair in listed if all(word in wv.key_to_index for word in pair)]
    missing = [word for pair in listed for word in pair if word not in wv.key_to_index]
    left_out = [" - ".join(pair) for pair in listed if pair not in known]
    if not known:
        raise ValueError(f"pairs must have a pair with vectors, got none of {len(listed)}")
    if left_out:
        warn(
            "pairs left out, because words have no vector "
            f"({', '.join(dict.fromkeys(missing))}): {', '.join(left_out)}"
        )
    first, second = zip(*known, strict=True)
    return KnownWords("pairs", list(first)), KnownWords("pairs", list(second)), left_out


def _result(
    wv: Vectors,
    sets: Sequence[KnownWords],
    words: Sequence[str],
    estimate: Any,
    title: str,
    bootstrap: Any,
    level: float,
    workers: Workers,
    spread: Float64 | None = None,
) -> DistanceResult:
    level = real("level", level, above=True, below=1.0)
    values = estimate(wv)
    columns: dict[str, Any] = {"word": list(words), "value": values}
    notes = [f"mean {values.mean():.6f}", *missing_note(sets)]
    if spread is not None:
        columns["std_of_pairs"] = spread
    bounds = (math.nan, math.nan)
    if bootstrap is not None:

        def with_mean(own: Vectors) -> Float64:
            found = estimate(own)
            return np.append(found, found.mean())

        full = np.append(values, values.mean())
        low, high, why = intervals_over(bootstrap, with_mean, full, level, workers)
        columns |= {"low": low[:-1], "high": high[:-1]}
        bounds = float(low[-1]), float(high[-1])
        is_finite = math.isfinite(bounds[0])
        notes[0] += f" [{bounds[0]:.6f}, {bounds[1]:.6f}]" if is_finite else ", without an interval"
        notes += why
    return DistanceResult(columns, title, notes, sets, float(values.mean()), bounds)
