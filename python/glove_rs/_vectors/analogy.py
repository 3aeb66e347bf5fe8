"""Answers to many analogy questions at once, the same as if all scores were float64."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from .cosine import unit_rows_in_float64

__all__ = ["METHODS", "answers"]

#: The names of the rules that choose the answer.
METHODS = ("3cosadd", "3cosmul")

# This is added to the denominator of 3CosMul, as in `WordVectors.most_similar_cosmul`.
_EPSILON = 1e-6
# The number of dot products of question words with rows of the vocabulary that are in memory at a
# time: 2²² float32 are 16 MB.
# This size and `_QUESTIONS` were measured: benches/EXPERIMENTS.md, "Sizes of batches".
_PRODUCTS = 1 << 22
# The number of questions that are scored at a time.
_QUESTIONS = 128


def answers(
    matrix: NDArray[Any], triples: NDArray[np.intp], limit: int, method: str, unknown: int | None
) -> NDArray[np.intp]:
    """Return the row that answers each question, computed in double precision.

    Parameters
    ----------
    matrix : ndarray of float32 or float16, shape (V, dim)
    triples : ndarray of intp, shape (n, 3)
        The rows of a, b and c of each question "a is to b as c is to what?".
    limit : int
        Search only the first `limit` rows.
    method : {"3cosadd", "3cosmul"}
    unknown : int or None
        A row that is never an answer: the row of ``<unk>``, if the vocabulary has this word.

    Returns
    -------
    ndarray of intp, shape (n,)
        The rows of the answers; -1 if no row can be the answer, because each searched row is a, b,
        c or `unknown`, or has no direction (it is zero or not finite).
    """
    answer = np.full(len(triples), -1, np.intp)
    doubtful = np.ones(len(triples), bool)
    if method == "3cosadd":
        # First search in float32, which is faster. If the best score leads the second best by more
        # than the rounding error, float64 gives this answer too. A score is a sum of three products
        # of unit vectors, each with an error of at most (dim + 4) 2⁻²⁴. The lead is the difference
        # of two scores, so its error is at most 2 · 3 times this number.
        margin = 2 * 3 * (matrix.shape[1] + 4) * 2.0**-24
        answer, lead = _search(matrix, triples, limit, method, unknown, np.float32)
        doubtful = ~(lead > margin)
    answer[doubtful], _ = _search(matrix, triples[doubtful], limit, method, unknown, np.float64)
    return answer


def _search(
    matrix: NDArray[Any],
    triples: NDArray[np.intp],
    limit: int,
    method: str,
    unknown: int | None,
    dtype: type[np.float32] | type[np.float64],
) -> tuple[NDArray[np.intp], NDArray[np.floating[Any]]]:
    """Return the row with the best score for each question, and its lead over the second best.

    The 3CosAdd score of word w is w · (b - a + c) = w · b - w · a + w · c. The usual files of
    questions have few different words (905 in the 19,544 questions of questions-words.txt). So the
    dot products of these words with the vocabulary are computed once, and each question adds three
    rows of them. A question of 3CosMul multiplies three rows instead: see :func:`_terms`.
    """
    number = len(triples)
    if not number:
        return np.empty(0, np.intp), np.empty(0, dtype)
    # Sort the questions, so that b - a is computed once for all questions with the same a and b.
    order = np.lexsort((triples[:, 2], triples[:, 1], triples[:, 0]))
    excluded = triples[order].ravel()
    asked, columns = np.unique(excluded, return_inverse=True)
    a, b, c = columns.reshape(number, 3).T
    pair = np.cumsum(np.append(0, (a[1:] != a[:-1]) | (b[1:] != b[:-1])))
    pair_a, pair_b = (word[np.unique(pair, return_index=True)[1]] for word in (a, b))

    queries: NDArray[Any] = unit_rows_in_float64(matrix, asked)[0].astype(dtype)
    width = min(limit, max(256, _PRODUCTS // len(asked)))
    best, second = np.full((2, number), -np.inf, dtype)
    found = np.full(number, -1, np.intp)
    scores, addends = np.empty((2, _QUESTIONS * width), dtype)
    join = np.add if method == "3cosadd" else np.multiply
    for start in range(0, limit, width):
        stop = min(start + width, limit)
        units, directed = unit_rows_in_float64(matrix, slice(start, stop))
        if unknown is not None and start <= unknown < stop:
            directed[unknown - start] = False
        plus, minus = _terms(queries @ units.astype(dtype).T, method)
        plus[:, ~directed] = minus[:, ~directed] = -np.inf
        hit = np.flatnonzero((excluded >= start) & (excluded < stop))
        hit_question, hit_column = hit // 3, excluded[hit] - start
        for low in range(0, number, _QUESTIONS):
            high = min(low + _QUESTIONS, number)
            pairs = slice(pair[low], pair[high - 1] + 1)
            b_less_a = join(plus[pair_b[pairs]], minus[pair_a[pairs]])
            score, addend = (
                array[: (high - low) * (stop - start)].reshape(high - low, stop - start)
                for array in (scores, addends)
            )
            # No index is out of range. mode="clip" lets numpy write to `out` without a buffer.
            np.take(b_less_a, pair[low:high] - pairs.start, axis=0, out=score, mode="clip")
            np.take(plus, c[low:high], axis=0, out=addend, mode="clip")
            join(score, addend, out=score)
            hits = slice(*np.searchsorted(hit_question, (low, high)))
            score[hit_question[hits] - low, hit_column[hits]] = -np.inf
            column, each = score.argmax(axis=1), np.arange(high - low)
            top = score[each, column]
            score[each, column] = -np.inf
            best_here, second_here = best[low:high], second[low:high]
            for other in (np.minimum(best_here, top), score.max(axis=1)):
                np.maximum(second_here, other, out=second_here)
            better = np.flatnonzero(top > best_here)
            best_here[better] = top[better]
            found[low + better] = column[better] + start
    answer, lead = np.empty_like(found), np.empty_like(best)
    answer[order] = found
    # The lead is 0 for a question without an answer.
    lead[order] = np.subtract(best, second, out=np.zeros_like(best), where=np.isfinite(best))
    return answer, lead


def _terms(
    cosines: NDArray[np.floating[Any]], method: str
) -> tuple[NDArray[np.floating[Any]], NDArray[np.floating[Any]]]:
    """Convert cosines with question words to the terms of a score.

    A score of 3CosAdd is the sum of three terms, one for each of a, b and c. A score of 3CosMul is
    the product of three terms. Return two arrays of the shape of `cosines`: the terms for a word
    that is b or c in a question, and the terms for a word that is a.
    """
    if method == "3cosadd":
        return cosines, -cosines
    # Rounding may give a cosine below -1, but no term may be negative.
    moved = np.maximum((1 + cosines) / 2, 0)
    return moved, 1 / (moved + _EPSILON)
