"""The two evaluations of gensim's ``KeyedVectors``, with gensim's rules."""

from __future__ import annotations

import io
import itertools
import os
from collections.abc import Sequence
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from .._checks import boolean, choice, optional_integer
from .._io.files import local_path
from .._io.text_file import read_text
from .._optional import optional
from .._warnings import warn
from .analogy import answers
from .cosine import cosines_of_pairs, not_finite
from .similarity import SimilarityQueries

__all__ = ["Section", "word_analogies", "word_pairs"]

#: A section of a file of questions: its name ("section"), and lists of the questions that were
#: answered right ("correct") and wrong ("incorrect").
Section: TypeAlias = "dict[str, Any]"

_METHODS = {"most_similar": "3cosadd", "most_similar_cosmul": "3cosmul"}
# gensim takes the answer from this many nearest neighbours.
_CANDIDATES = 5


def word_pairs(
    words: Sequence[str],
    matrix: NDArray[Any],
    path: str | os.PathLike[str],
    *,
    delimiter: str | None,
    encoding: str,
    restrict_vocab: int | None,
    case_insensitive: bool,
    dummy4unknown: bool,
) -> tuple[Any, Any, float]:
    """Correlate cosines with ratings; see :meth:`glove_rs.WordVectors.evaluate_word_pairs`."""
    stats = optional("scipy.stats", "evaluate_word_pairs")
    known = _known(words, restrict_vocab, case_insensitive)
    dummy4unknown = boolean("dummy4unknown", dummy4unknown)
    ids: list[tuple[int, int]] = []
    ratings: list[float] = []
    unknown = 0
    text = read_text(local_path("pairs", path), encoding, ": set encoding=")
    for line in io.StringIO(text, newline=None):
        fields = (line.upper() if case_insensitive else line).split(delimiter)
        rating = _number(fields[2]) if len(fields) == 3 and not line.startswith("#") else None
        if rating is None:
            continue
        pair = tuple(known.get(word, -1) for word in fields[:2])
        if -1 in pair:
            unknown += 1
            if not dummy4unknown:
                continue
        ids.append((pair[0], pair[1]))
        ratings.append(rating)
    pairs = np.array(ids, dtype=np.intp).reshape(-1, 2)
    answered = np.asarray(np.all(pairs >= 0, axis=1))
    cosines = np.zeros(len(pairs))
    cosines[answered] = cosines_of_pairs(matrix, pairs[answered])
    finite = ~np.isnan(cosines)
    if not finite.all():
        warn(f"{np.count_nonzero(~finite)} pairs left out: a vector has NaN or infinity")
    if (left := np.count_nonzero(finite)) < 2:
        raise ValueError(
            f"at least two lines of {os.fsdecode(path)} must have two words of the vocabulary with "
            f"finite vectors, and a number, got {left}"
        )
    gold = np.array(ratings)[finite]
    spearman = stats.spearmanr(gold, cosines[finite])
    pearson = stats.pearsonr(gold, cosines[finite])
    every = len(ratings) if dummy4unknown else len(ratings) + unknown
    return pearson, spearman, unknown / every * 100


def word_analogies(
    wv: SimilarityQueries,
    path: str | os.PathLike[str],
    *,
    restrict_vocab: int | None,
    case_insensitive: bool,
    dummy4unknown: bool,
    similarity_function: str,
) -> tuple[float, list[Section]]:
    """Answer questions; see :meth:`glove_rs.WordVectors.evaluate_word_analogies`."""
    from ..evaluation import read_questions

    method = _METHODS[choice("similarity_function", similarity_function, list(_METHODS))]
    words = wv.index_to_key
    known = _known(words, restrict_vocab, case_insensitive)
    dummy4unknown = boolean("dummy4unknown", dummy4unknown)
    folded = str.upper if case_insensitive else str
    left_out: list[int] = []
    names, owner, questions = read_questions(path, folded, left_out)
    if left_out:
        warn(
            f"{len(left_out)} lines of {os.fsdecode(path)} left out, the first is line "
            f"{left_out[0]}: a question has four words"
        )
    limit = min(restrict_vocab or len(words), len(words))
    ids = np.array([[known.get(w, -1) for w in question] for question in questions], dtype=np.intp)
    answerable = np.asarray(np.all(ids >= 0, axis=1))
    lost = np.asarray(not_finite(wv.vectors, ids).any(axis=1))
    if lost.any():
        warn(f"{np.count_nonzero(lost)} questions left out: a vector has NaN or infinity")
        answerable &= ~lost
    best = np.full(len(ids), -1, np.intp)
    best[answerable] = answers(wv.vectors, ids[answerable, :3], limit, method, None)
    sections: list[Section] = [{"section": name, "correct": [], "incorrect": []} for name in names]
    for number, question in enumerate(questions):
        if lost[number] or (not answerable[number] and not dummy4unknown):
            continue
        right = False
        if best[number] >= 0:
            predicted = folded(words[best[number]])
            if predicted in question[:3]:
                # The best answer differs from a word of the question in case only: take the next
                # answer.
                predicted = _next_answer(wv, ids[number], question, restrict_vocab, method, folded)
            right = predicted == question[3]
        sections[owner[number]]["correct" if right else "incorrect"].append(question)
    total: Section = {
        "section": "Total accuracy",
        **{
            key: list(itertools.chain.from_iterable(section[key] for section in sections))
            for key in ("correct", "incorrect")
        },
    }
    answered = len(total["correct"]) + len(total["incorrect"])
    return len(total["correct"]) / answered if answered else 0.0, [*sections, total]


def _next_answer(
    wv: SimilarityQueries,
    ids: NDArray[np.intp],
    question: tuple[str, str, str, str],
    restrict_vocab: int | None,
    method: str,
    folded: Any,
) -> str:
    """Return the best of the first `_CANDIDATES` answers that is not a word of the question.

    If each of these answers is a word of the question, return the last of them.
    """
    a, b, c = map(int, ids[:3])
    search = wv.most_similar if method == "3cosadd" else wv.most_similar_cosmul
    near: Any = search([b, c], [a], topn=_CANDIDATES, restrict_vocab=restrict_vocab)
    candidates: list[str] = [folded(word) for word, _ in near]
    return next((word for word in candidates if word not in question[:3]), candidates[-1])


def _known(
    words: Sequence[str], restrict_vocab: int | None, case_insensitive: bool
) -> dict[str, int]:
    """Return the row of each of the first `restrict_vocab` words.

    With `case_insensitive`, the words are in upper case, and words that differ in case only have
    the row of the first of them.
    """
    restrict_vocab = optional_integer("restrict_vocab", restrict_vocab, 0)
    known = words[:restrict_vocab]
    if boolean("case_insensitive", case_insensitive):
        known = [word.upper() for word in known]
    return dict(zip(reversed(known), reversed(range(len(known))), strict=True))


def _number(text: str) -> float | None:
    try:
        return float(text)
    except ValueError:
        return None
