"""Words and contexts near the mean embedding of each group, and the comparison of two groups."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .._checks import instance, integer, real, shown
from .._checks import words as words_of
from .._progress import Progress, reporter
from .._results import ResultTable
from .._vectors.cosine import unit
from .._warnings import warn
from ..kwic import KeywordContexts
from ._embed import Embeddings, group_means
from ._space import Float64, known_rows

__all__ = ["nearest", "nearest_contexts", "ratio", "similarity"]

_By = str | Sequence[Any] | None


class _Cosines(ResultTable):
    _plotted = ("word", "cosine", "low", "high")

    def _labels(self, column: str) -> list[str]:
        names = super()._labels(column)
        if "group" not in self.columns:
            return names
        return [f"{group} {name}" for group, name in zip(self["group"], names, strict=True)]


class _Ratios(ResultTable):
    _plotted = ("word", "ratio", "low", "high")
    _neutral = 1.0


def nearest(
    embeddings: Embeddings,
    by: _By = None,
    *,
    topn: int = 10,
    candidates: Sequence[str] | None = None,
    bootstraps: int = 0,
    level: float = 0.95,
    seed: int = 1,
    progress: Progress = None,
) -> ResultTable:
    """Find the words nearest to the mean embedding of each group, by cosine.

    Parameters
    ----------
    embeddings : Embeddings
    by : str or sequence, optional
        The groups: a column of the metadata, or a value for each vector or context. By default
        all vectors are one group.
    topn : int, default 10
        The number of words for each group.
    candidates : sequence of str, optional
        The words to search; by default the whole vocabulary.
    bootstraps : int, default 0
        Draw the contexts of each group with replacement this many times, for standard errors and
        percentile intervals. 0, or at least 2.
    level : float, default 0.95
        The probability of the intervals.
    seed : int, default 1
    progress : bool or callable, optional
        As for :class:`glove_rs.Glove`.

    Returns
    -------
    ResultTable
        The columns group (if `by` is given), word, rank and cosine, and with bootstraps also
        std_error, low and high.

    Warns
    -----
    UserWarning
        If some of `candidates` have no vector, or, with bootstraps, if a group has one context.

    Raises
    ------
    ValueError
        If a parameter is out of its range, if there is no column `by`, if the sequence `by` has
        another length, or if none of `candidates` has a vector.
    TypeError
        If `embeddings` is of another type, or `candidates` does not hold words.

    Examples
    --------
    >>> import numpy as np
    >>> from glove_rs import WordVectors, alc
    >>> wv = WordVectors(["ice", "cold", "hot"], np.array([[1.0, 0], [1, 1], [0, 2]]))
    >>> found = alc.embed(["cold ice", "hot"], wv, transform=np.eye(2))
    >>> print(alc.nearest(found, by=["winter", "summer"], topn=2))
    nearest words of the mean embeddings, by cosine
    group   word  rank  cosine
    --------------------------
    summer  hot      1  1.0000
    summer  cold     2  0.7071
    winter  cold     1  0.9487
    winter  ice      2  0.8944
    """
    topn = integer("topn", topn, 1)
    words, notes = _candidates(embeddings, candidates)
    return _cosines(
        embeddings,
        by,
        words,
        topn,
        (bootstraps, level, seed, progress),
        ("nearest words of the mean embeddings, by cosine", notes),
    )


def similarity(
    embeddings: Embeddings,
    words: Sequence[str],
    by: _By = None,
    *,
    bootstraps: int = 0,
    level: float = 0.95,
    seed: int = 1,
    progress: Progress = None,
) -> ResultTable:
    """Compute the cosine of the mean embedding of each group with chosen words.

    Parameters
    ----------
    embeddings : Embeddings
    words : sequence of str
    by, bootstraps, level, seed, progress
        As for :func:`nearest`.

    Returns
    -------
    ResultTable
        The columns of :func:`nearest` without the rank. Within each group, the rows are in the
        order of `words`.

    Warns
    -----
    UserWarning
        If some of `words` have no vector, or, with bootstraps, if a group has one context.

    Raises
    ------
    ValueError, TypeError
        As for :func:`nearest`, with `words` instead of `candidates`.
    """
    rows, notes = _candidates(embeddings, words, "words")
    return _cosines(
        embeddings,
        by,
        rows,
        None,
        (bootstraps, level, seed, progress),
        ("cosines with the mean embeddings", notes),
    )


def ratio(
    embeddings: Embeddings,
    by: str | Sequence[Any],
    numerator: str | None = None,
    *,
    topn: int = 10,
    candidates: Sequence[str] | None = None,
    bootstraps: int = 0,
    permutations: int = 0,
    level: float = 0.95,
    seed: int = 1,
    progress: Progress = None,
) -> ResultTable:
    r"""Compare two groups: the ratio of the cosines of a word with the two mean embeddings.

    The ratio is the cosine with the mean embedding of the first group, divided by the cosine with
    that of the second. If both cosines are above 0, a ratio above 1 says that the word is nearer to
    the use of the keyword in the first group than in the second.

    Parameters
    ----------
    embeddings : Embeddings
    by : str or sequence
        As for :func:`nearest`. There must be two groups.
    numerator : str, optional
        The first group; by default the first in alphabetical order.
    topn : int, default 10
        The table has the `topn` words nearest to each of the two groups.
    candidates, bootstraps, level, seed, progress
        As for :func:`nearest`.
    permutations : int, default 0
        Permute the groups of the contexts this many times, for a test. The p-value is the fraction
        of permutations in which \|ratio − 1\| is at least as large as observed. The observed order
        is counted as one more permutation.

    Returns
    -------
    ResultTable
        The columns word and ratio; with bootstraps also std_error, low and high; with permutations
        also p_value. The word with the largest ratio comes first. If the cosine with the second
        group is near 0, the ratio is not reliable.

    Warns
    -----
    UserWarning
        If some of `candidates` have no vector.

    Raises
    ------
    ValueError
        If there are not two groups, if `numerator` is not one of them, if none of `candidates` has
        a vector, or if a parameter is out of its range.
    TypeError
        As for :func:`nearest`.
    """
    instance("embeddings", embeddings, Embeddings)
    topn = integer("topn", topn, 1)
    bootstraps, level, seed = _resampling(bootstraps, level, seed)
    permutations = integer("permutations", permutations, 0)
    labels, numbers = embeddings.groups(by)
    if len(labels) != 2:
        raise ValueError(f"by must have two groups, got {len(labels)}: {shown(labels)}")
    if numerator is not None:
        if str(numerator) not in labels:
            raise ValueError(f"numerator must be one of {shown(labels)}, got {shown(numerator)}")
        if str(numerator) != labels[0]:
            labels, numbers = labels[::-1], 1 - numbers
    rows, notes = _candidates(embeddings, candidates)
    Y, space = embeddings.vectors, embeddings._space
    cosines = _with_words(embeddings, unit(group_means(Y, numbers, 2)), rows)
    near = [np.argsort(-own, kind="stable")[:topn] for own in cosines]
    union = np.unique(np.concatenate(near))
    rows, cosines = rows[union], cosines[:, union]
    candidates_unit = unit(space.of(rows))
    values = cosines[0] / cosines[1]
    columns: dict[str, Any] = {"word": [space.words[row] for row in rows], "ratio": values}
    with reporter(progress) as report:
        step_done = _reported(report, bootstraps + permutations)
        if bootstraps:
            drawn = [
                _drawn_cosines(Y[numbers == g], candidates_unit, bootstraps, seed + g, step_done)
                for g in (0, 1)
            ]
            columns |= _errors(drawn[0] / drawn[1], level)
        if permutations:
            beyond = np.zeros(len(rows))
            rng = np.random.default_rng(seed)
            size, total = int((numbers == 0).sum()), Y.sum(axis=0)
            observed = np.abs(values - 1)
            for _ in range(permutations):
                first = Y[rng.permutation(len(Y))[:size]].sum(axis=0)
                pair = unit(np.stack([first / size, (total - first) / (len(Y) - size)]))
                a, b = candidates_unit @ pair.T[:, 0], candidates_unit @ pair.T[:, 1]
                beyond += np.abs(a / b - 1) >= observed * (1 - 1e-12)
                step_done(1)
            columns["p_value"] = (beyond + 1) / (permutations + 1)
    order = np.argsort(-values, kind="stable")
    columns = {
        name: [column[k] for k in order] if isinstance(column, list) else column[order]
        for name, column in columns.items()
    }
    counts = np.bincount(numbers)
    title = (
        f"ratio of cosines, {labels[0]} ({counts[0]:,} contexts) / {labels[1]} "
        f"({counts[1]:,} contexts)"
    )
    return _Ratios(columns, title, [*notes, *_notes(bootstraps, level, seed, permutations)])


def nearest_contexts(
    embeddings: Embeddings,
    contexts: KeywordContexts | Sequence[Any],
    by: _By = None,
    *,
    topn: int = 5,
) -> ResultTable:
    """Find the contexts nearest to the mean embedding of each group: typical uses.

    Parameters
    ----------
    embeddings : Embeddings
    contexts : KeywordContexts or sequence
        The contexts that `embeddings` were computed from.
    by : str or sequence, optional
        As for :func:`nearest`. A context of any group can be near to any group.
    topn : int, default 5
        The number of contexts for each group.

    Returns
    -------
    ResultTable
        The columns group, text, context (the index in `contexts`), rank and cosine. Without `by`,
        the group is "all". ``plot()`` draws the cosines, with a colour for each group.

    Raises
    ------
    ValueError
        If the number of `contexts` is not the number of contexts that :func:`embed` received, or as
        for :func:`nearest`.
    TypeError
        If `embeddings` is of another type.
    """
    instance("embeddings", embeddings, Embeddings)
    topn = integer("topn", topn, 1)
    if not hasattr(contexts, "__getitem__") or len(contexts) != embeddings.contexts:
        raise ValueError(
            f"contexts must be the {embeddings.contexts:,} contexts of the embeddings, got "
            f"{shown(contexts)}"
        )
    labels, numbers = embeddings.groups(by)
    means = unit(group_means(embeddings.vectors, numbers, len(labels)))
    cosines = means @ unit(embeddings.vectors).T
    rows = []
    for label, own in zip(labels, cosines, strict=True):
        for rank, k in enumerate(np.argsort(-own, kind="stable")[:topn], 1):
            number = int(embeddings.rows[k])
            rows.append((label, rank, float(own[k]), number, _text(contexts[number])))
    group, rank_, cosine, number_, text = zip(*rows, strict=True)
    columns = {
        "group": group,
        "text": text,
        "context": np.array(number_),
        "rank": np.array(rank_),
        "cosine": np.array(cosine),
    }
    result = ResultTable(columns, "nearest contexts of the mean embeddings, by cosine")
    result._plotted = ("text", "cosine", None, None)
    result._series = None if by is None else "group"
    return result


def _text(context: Any) -> str:
    if hasattr(context, "keyword"):
        return " ".join([*context.left, f"[{context.keyword}]", *context.right])
    return context if isinstance(context, str) else " ".join(context)


# --- steps of the functions above -----------------------------------------------------------------


def _candidates(
    embeddings: Embeddings, candidates: Sequence[str] | None, name: str = "candidates"
) -> tuple[NDArray[np.int64], list[str]]:
    """Return the rows of the words to compare with, and a note on words without a vector."""
    space = instance("embeddings", embeddings, Embeddings)._space
    if candidates is None:
        return np.arange(len(space.words)), []
    if isinstance(candidates, str):
        raise TypeError(f"{name} must be a sequence of words, got {shown(candidates)}")
    asked = list(dict.fromkeys(words_of(name, candidates)))
    rows, unknown = known_rows(space, asked)
    if not len(rows):
        raise ValueError(f"{name} must have words with a vector, got {shown(asked)}")
    if not unknown:
        return rows, []
    warn(f"{name} without a vector: {', '.join(unknown)}")
    return rows, [f"without a vector: {', '.join(unknown)}"]


def _resampling(bootstraps: Any, level: Any, seed: Any) -> tuple[int, float, int]:
    bootstraps = integer("bootstraps", bootstraps, 0)
    if bootstraps == 1:
        raise ValueError("bootstraps must be 0 or at least 2, got 1")
    return bootstraps, real("level", level, above=True, below=1.0), integer("seed", seed, 0)


def _with_words(embeddings: Embeddings, means: Float64, rows: NDArray[np.int64]) -> Float64:
    """Return the cosines of unit means with the vectors of words: shape (means, words).

    A word whose vector has NaN or infinity gets -inf, so it comes after all other words.
    """
    space = embeddings._space
    found = np.empty((len(means), len(rows)))
    step = 1 << 14  # 16,384 rows of dim 300 are 39 MB
    for start in range(0, len(rows), step):
        part = slice(start, start + step)
        found[:, part] = means @ unit(space.of(rows[part])).T
    return np.where(np.isnan(found), -np.inf, found)


def _cosines(
    embeddings: Embeddings,
    by: _By,
    rows: NDArray[np.int64],
    topn: int | None,
    resampling: tuple[Any, Any, Any, Progress],
    texts: tuple[str, list[str]],
) -> ResultTable:
    """Return a table of cosines of group means with words."""
    bootstraps, level, seed = _resampling(*resampling[:3])
    labels, numbers = embeddings.groups(by)
    Y, space = embeddings.vectors, embeddings._space
    cosines = _with_words(embeddings, unit(group_means(Y, numbers, len(labels))), rows)
    parts: list[dict[str, Any]] = []
    with reporter(resampling[3]) as report:
        step_done = _reported(report, bootstraps * len(labels))
        for g, (label, own) in enumerate(zip(labels, cosines, strict=True)):
            chosen = np.arange(len(rows))
            if topn is not None:
                chosen = np.argsort(-own, kind="stable")[:topn]
            part: dict[str, Any] = {
                "group": [label] * len(chosen),
                "word": [space.words[row] for row in rows[chosen]],
            }
            if topn is not None:
                part["rank"] = np.arange(1, len(chosen) + 1)
            part["cosine"] = own[chosen]
            if bootstraps:
                vectors = unit(space.of(rows[chosen]))
                drawn = _drawn_cosines(Y[numbers == g], vectors, bootstraps, seed + g, step_done)
                part |= _errors(drawn, level)
            parts.append(part)
    if bootstraps and (
        alone := [x for x, n in zip(labels, np.bincount(numbers), strict=True) if n == 1]
    ):
        warn(f"intervals of a group with one context have no width: {', '.join(alone)}")
    joined: dict[str, Any] = {
        name: [value for part in parts for value in part[name]]
        if name in ("group", "word")
        else np.concatenate([part[name] for part in parts])
        for name in parts[0]
    }
    if by is None:
        del joined["group"]
    return _Cosines(joined, texts[0], [*texts[1], *_notes(bootstraps, level, seed, 0)])


def _drawn_cosines(
    Y: Float64, vectors: Float64, n: int, seed: int, step_done: Callable[[int], object]
) -> Float64:
    """Return the cosines of unit vectors with bootstrap means of Y: shape (n, vectors).

    Each of the `n` means is over rows drawn from Y with replacement, as many rows as Y has.
    """
    rng = np.random.default_rng(seed)
    found = np.empty((n, len(vectors)))
    step = max(1, (1 << 22) // len(Y))
    for start in range(0, n, step):
        size = min(step, n - start)
        drawn = rng.integers(len(Y), size=(size, len(Y))) + len(Y) * np.arange(size)[:, None]
        counts = np.bincount(drawn.ravel(), minlength=size * len(Y)).reshape(size, len(Y))
        found[start : start + size] = unit(counts @ Y) @ vectors.T
        step_done(size)
    return found


def _errors(drawn: Float64, level: float) -> dict[str, Float64]:
    low, high = np.quantile(drawn, [0.5 - level / 2, 0.5 + level / 2], axis=0)
    return {"std_error": drawn.std(axis=0, ddof=1), "low": low, "high": high}


def _notes(bootstraps: int, level: float, seed: int, permutations: int) -> list[str]:
    found = []
    if bootstraps:
        found.append(f"{level:.0%} intervals: {bootstraps:,} bootstraps of contexts, seed {seed}")
    if permutations:
        found.append(f"p-values: {permutations:,} permutations of the groups, seed {seed}")
    return found


def _reported(report: Callable[..., object] | None, total: int) -> Callable[[int], None]:
    done = 0

    def step_done(n: int) -> None:
        nonlocal done
        done += n
        if report is not None:
            report("resampling", done, total, {})

    return step_done
