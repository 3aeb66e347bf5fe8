"""Words and contexts near the mean embedding of each group, and the comparison of two groups."""

from __future__ import annotations

import threading
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
from .._workers import Workers, product
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
    threads: int | None = None,
    memory: int | str | None = None,
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
        The confidence level of the intervals.
    seed : int, default 1
    threads : int, optional
        The number of threads; by default all processors. The result has the same bits for any
        number.
    memory : int or str, optional
        A limit for the arrays of draws and of vectors of candidates, in bytes or as "512MB". It
        decides how many draws or vectors are computed together, and does not change the result. It
        does not include the embeddings and the result. By default, the arrays of a thread take at
        most 64 MB, or those of one draw if they are larger.
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
        As for :meth:`Embeddings.groups`. Also if a parameter is out of its range, if none of
        `candidates` has a vector, or if `memory` is too small for one draw.
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
        Workers(threads, memory),
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
    threads: int | None = None,
    memory: int | str | None = None,
    progress: Progress = None,
) -> ResultTable:
    """Compute the cosine of the mean embedding of each group with chosen words.

    Parameters
    ----------
    embeddings : Embeddings
    words : sequence of str
    by, bootstraps, level, seed, threads, memory, progress
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
        Workers(threads, memory),
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
    threads: int | None = None,
    memory: int | str | None = None,
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
    candidates, bootstraps, level, seed, threads, memory, progress
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
        If some of `candidates` have no vector, or, with bootstraps, if a group has one context.

    Raises
    ------
    ValueError
        If there are not two groups, if `numerator` is not one of them, if none of `candidates` has
        a vector, if `memory` is too small for one draw or permutation, or if a parameter is out of
        its range.
    TypeError
        As for :func:`nearest`.
    """
    instance("embeddings", embeddings, Embeddings)
    topn = integer("topn", topn, 1)
    bootstraps, level, seed = _resampling(bootstraps, level, seed)
    permutations = integer("permutations", permutations, 0)
    workers = Workers(threads, memory)
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
    if bootstraps:
        _warn_of_single(labels, numbers)
    cosines = _with_words(embeddings, unit(group_means(Y, numbers, 2)), rows, workers)
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
                _drawn_cosines(
                    Y[numbers == g], candidates_unit, bootstraps, seed + g, workers, step_done
                )
                for g in (0, 1)
            ]
            columns |= _errors(drawn[0] / drawn[1], level)
        if permutations:
            beyond = _permuted_ratios(
                Y, numbers, candidates_unit, values, permutations, seed, workers, step_done
            )
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


def _with_words(
    embeddings: Embeddings, means: Float64, rows: NDArray[np.int64], workers: Workers
) -> Float64:
    """Return the cosines of unit means with the vectors of words: shape (means, words).

    A word whose vector has NaN or infinity gets -inf, so it comes after all other words.
    """
    space = embeddings._space
    found = np.empty((len(means), len(rows)))

    def work(block: slice, _: None) -> None:
        with np.errstate(invalid="ignore", over="ignore"):
            found[:, block] = product(unit(space.of(rows[block])), means.T).T

    workers.each(
        len(rows), work, item=8 * (4 * space.dim + len(means)), what="the vector of a candidate"
    )
    return np.where(np.isnan(found), -np.inf, found)


def _cosines(
    embeddings: Embeddings,
    by: _By,
    rows: NDArray[np.int64],
    topn: int | None,
    resampling: tuple[Any, Any, Any, Progress],
    workers: Workers,
    texts: tuple[str, list[str]],
) -> ResultTable:
    """Return a table of cosines of group means with words."""
    bootstraps, level, seed = _resampling(*resampling[:3])
    labels, numbers = embeddings.groups(by)
    Y, space = embeddings.vectors, embeddings._space
    means = unit(group_means(Y, numbers, len(labels)))
    cosines = _with_words(embeddings, means, rows, workers)
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
                own_rows = Y[numbers == g]
                drawn = _drawn_cosines(own_rows, vectors, bootstraps, seed + g, workers, step_done)
                part |= _errors(drawn, level)
            parts.append(part)
    if bootstraps:
        _warn_of_single(labels, numbers)
    joined: dict[str, Any] = {
        name: [value for part in parts for value in part[name]]
        if name in ("group", "word")
        else np.concatenate([part[name] for part in parts])
        for name in parts[0]
    }
    if by is None:
        del joined["group"]
    return _Cosines(joined, texts[0], [*texts[1], *_notes(bootstraps, level, seed, 0)])


def _warn_of_single(labels: Sequence[str], numbers: NDArray[np.int64]) -> None:
    """Warn of groups with one context: each draw of such a group is the same."""
    counts = np.bincount(numbers, minlength=len(labels))
    if alone := [label for label, n in zip(labels, counts, strict=True) if n == 1]:
        warn(f"intervals of a group with one context have no width: {', '.join(alone)}")


def _drawn_cosines(
    Y: Float64,
    vectors: Float64,
    n: int,
    seed: int,
    workers: Workers,
    step_done: Callable[[int], object],
) -> Float64:
    """Return the cosines of unit vectors with bootstrap means of Y: shape (n, vectors).

    Each of the `n` means is over rows drawn from Y with replacement, as many rows as Y has.
    """
    rng = np.random.default_rng(seed)
    rows, dim = Y.shape
    found = np.empty((n, len(vectors)))

    def draw(block: slice) -> NDArray[np.int64]:
        return rng.integers(rows, size=(block.stop - block.start, rows))

    def work(block: slice, drawn: NDArray[np.int64]) -> None:
        size = len(drawn)
        drawn += rows * np.arange(size)[:, None]
        counts = np.bincount(drawn.ravel(), minlength=size * rows).reshape(size, rows)
        found[block] = product(unit(product(counts, Y)), vectors.T)

    workers.each(
        n,
        work,
        item=8 * (3 * rows + 3 * dim + len(vectors)),
        what="a draw",
        prepare=draw,
        done=step_done,
    )
    return found


def _permuted_ratios(
    Y: Float64,
    numbers: NDArray[np.int64],
    vectors: Float64,
    ratios: Float64,
    n: int,
    seed: int,
    workers: Workers,
    step_done: Callable[[int], object],
) -> Float64:
    r"""Count the permutations of the groups with \|ratio − 1\| at least as large as in `ratios`.

    `vectors` are the unit vectors of the words. The result has the shape (words,).
    """
    rng = np.random.default_rng(seed)
    rows, dim = Y.shape
    size, total = int((numbers == 0).sum()), Y.sum(axis=0)
    observed = np.abs(ratios - 1)
    beyond = np.zeros(len(vectors))
    lock = threading.Lock()

    def draw(block: slice) -> Float64:
        members = np.zeros((block.stop - block.start, rows))
        for own in members:
            own[rng.permutation(rows)[:size]] = 1.0
        return members

    def work(block: slice, members: Float64) -> None:
        first = product(members, Y)
        a = product(unit(first / size), vectors.T)
        b = product(unit((total - first) / (rows - size)), vectors.T)
        hits = np.abs(a / b - 1) >= observed * (1 - 1e-12)
        with lock:
            beyond[:] += hits.sum(axis=0)

    workers.each(
        n,
        work,
        item=8 * (rows + 6 * dim + 5 * len(vectors)),
        what="a permutation",
        prepare=draw,
        done=step_done,
    )
    return beyond


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
