"""Vectors of words that training never saw, from examples of their use."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

from .. import _core, _settings
from .._checks import shown
from ..cooccurrence import Cooccurrence
from ..vocabulary import Vocabulary
from .protocol import Trainable

__all__ = ["infer_vector"]

_F32: TypeAlias = npt.NDArray[np.float32]
_F64: TypeAlias = npt.NDArray[np.float64]

#: The counts of a word with fewer occurrences are scaled up, as if it had this many. Without the
#: scaling, its vector would be near those of other rare words, whatever their meaning.
_LEAST = 100
#: The prior is estimated from the vectors of at most this many words.
_PRIOR_WORDS = 10_000
#: The data loss that is assumed for a model without a history, such as one that was read from files
#: of Stanford's tool. Both this tool and the preset "paper" reach 0.034 on 17 million words with
#: dim 50, x_max=10 and 15 epochs (benches/RESULTS.md, "End to end").
_LOSS = 0.034
#: The equations are solved at most this many times with negative pairs: see :func:`_fit`.
_ROUNDS = 3
#: The placeholder for the new word, if the user left the word out of the examples. It consists of
#: letters, so that no tokenizer of the core splits it.
_PLACEHOLDER = "qzxthewordqzx"


def infer_vector(
    model: Trainable, contexts: Iterable[str] | Iterable[Sequence[str]], word: str | None
) -> _F32:
    """Infer a vector: see :meth:`glove_rs.Glove.infer_vector`."""
    state = model._state
    state.check_square("infer_vector")
    examples: list[str | Sequence[str]]
    if not isinstance(contexts, Iterable):
        raise TypeError(f"contexts must be texts or lists of words, got {shown(contexts)}")
    examples = [contexts] if isinstance(contexts, str) else [*contexts]
    if word is None:
        word, examples = _PLACEHOLDER, [_with_placeholder(example) for example in examples]
    elif not isinstance(word, str) or not word:
        raise ValueError(f"word must be a str, or None, got {shown(word)}")
    else:
        word = _core.folded([word], model.lowercase, model.normalize)[0]
    occurrences, row, sides = _counts(model, examples, word)
    scale = max(1.0, _LEAST / occurrences)
    # The variance of a weighted residual √f(x) diff, with diff = w·w̃ + b + b̃ − ln x. Over the
    # records of training, the mean of f(x) diff² is twice the data loss. For a word that was not
    # trained, this mean is about twice as large: hence the two factors of 2. The variance of a
    # count is about proportional to the count, but scaling multiplies it by `scale`². So a scaled
    # count has `scale` times the variance of an equal count that was not scaled.
    loss = state.history.data_loss[-1] if state.history.data_loss else _LOSS
    variance = 2 * scale * 2 * loss
    arrays = state.arrays
    used = model.settings_
    # The seed is fixed, so that calls with the same examples draw the same negative pairs.
    rng = np.random.default_rng(0)
    # The words whose numbers of occurrences are nearest to that of the new word times `scale`.
    alike = np.argsort(np.abs(state.vocabulary.counts - occurrences * scale), kind="stable")[
        :_PRIOR_WORDS
    ]
    vector = np.zeros(arrays["W"].shape[1])
    # The row of X gives w, with W_tilde fixed. The column of X gives w_tilde, with W fixed.
    for (own, met), (words, x) in zip((("", "_tilde"), ("_tilde", "")), sides, strict=True):
        side = arrays[f"W{met}"], arrays[f"b{met}"]
        prior = np.column_stack([arrays[f"W{own}"][alike].astype(float), arrays[f"b{own}"][alike]])
        near = np.append(words, row)  # a word is no negative pair of itself
        absent, expected = _negative_pairs(state.vocabulary, near, x, used["negative"], rng)
        rows, target = _equations(side, absent, _core.negative_targets(expected))
        negatives = rows, target, np.full(len(absent), float(used["negative_weight"]))
        x = scale * x
        rows, target = _equations(side, words, np.log(x))
        records = rows, target, _core.weights(x, used["x_max"], used["alpha"])
        vector += _fit(records, negatives, prior, variance)[:-1]
    return vector.astype(np.float32)


def _with_placeholder(example: str | Sequence[str]) -> str | list[str]:
    """Put `_PLACEHOLDER` into the middle of `example`, where the new word is assumed to stand."""
    if not isinstance(example, str | Sequence):
        return example  # type: ignore[unreachable]  # a wrong type: reading raises the TypeError
    if not isinstance(example, str):
        middle = len(example) // 2
        return [*example[:middle], _PLACEHOLDER, *example[middle:]]
    words = example.split()
    if len(words) == 1:  # one word, or a text in a language that is written without spaces
        words = [example[: len(example) // 2], example[len(example) // 2 :]]
    middle = len(words) // 2
    return " ".join([*words[:middle], _PLACEHOLDER, *words[middle:]])


def _counts(
    model: Trainable, examples: Sequence[str | Sequence[str]], word: str
) -> tuple[int, int, list[tuple[npt.NDArray[np.int32], _F64]]]:
    """Count the examples. Return the occurrences of `word`, its index, and its row and column of X.

    A row or column is a pair of arrays: the indices of the other words of the model that co-occur
    with `word`, and their counts.
    """
    known = model._state.vocabulary
    row = known._core.index(word)
    if row is None:
        known, row = Vocabulary._of(known._core.with_word(word)), len(known)
    parameters = model._state.as_read(_settings.text_parameters(model))
    settings = parameters | {"adjacent": False, "progress": False}
    # An iterator of str is always read as documents. A list could be taken for names of files.
    X = Cooccurrence.from_corpus(iter(examples), known, **settings)
    rows, columns, values = X.records()
    sides = []
    for own, met in ((rows, columns), (columns, rows)):
        theirs = (own == row) & (met != row)
        sides.append((met[theirs], values[theirs]))
    if sum(len(words) for words, _ in sides) == 0:
        raise ValueError(
            "contexts must hold words of the vocabulary near the word"
            + ("" if word == _PLACEHOLDER else f" {word!r}")
        )
    for name in _settings.names("gaps", "counting"):
        del settings[name]
    words = Vocabulary.from_corpus(iter(examples), **settings | _settings.EVERY_WORD)
    return int(words.counts[words[word]]), row, sides


def _negative_pairs(
    vocabulary: Vocabulary,
    met: npt.NDArray[np.int32],
    x: _F64,
    number: float,
    rng: np.random.Generator,
) -> tuple[npt.NDArray[np.int64], _F64]:
    """Draw words that do not occur near the new word, as negative sampling does in training.

    `x` are the counts of the new word. About `number` words are drawn for each of these counts;
    repeated words, and words in `met`, are dropped. Return the drawn words, and the count that each
    would have with the new word if the two words were independent: the sum of `x` times the
    fraction of the text that is the drawn word. If the numbers of occurrences are not known, which
    means that all are 0, no word is drawn.
    """
    counts = vocabulary.counts.astype(float)
    draws = round(number * len(x))
    if not draws or not counts.any():
        return np.empty(0, dtype=np.int64), np.empty(0)
    ends = np.cumsum(counts**_core.NEGATIVE_EXPONENT)
    drawn = np.unique(np.searchsorted(ends, rng.random(draws) * ends[-1], side="right"))
    drawn = drawn[~np.isin(drawn, met) & (drawn < len(counts))]
    return drawn, x.sum() * counts[drawn] / counts.sum()


def _equations(
    side: tuple[_F32, _F32], words: npt.NDArray[np.integer], target: _F64
) -> tuple[_F64, _F64]:
    """Return the rows and the right sides of equations for a vector v and its bias b_v.

    Each of `words` has the equation v·w + b_v = target − b_w. w and b_w are from `side`.
    """
    vectors, biases = side
    rows = np.column_stack([vectors[words].astype(float), np.ones(len(words))])
    return rows, target - biases[words].astype(float)


def _fit(
    records: tuple[_F64, _F64, _F64],
    negatives: tuple[_F64, _F64, _F64],
    prior: _F64,
    variance: float,
) -> _F64:
    """Solve the equations of records, and those of negative pairs above their targets.

    A negative pair has a cost only while its prediction is above the target. So the equations are
    solved again, each time with the negative pairs whose predictions by the previous solution are
    above their targets.
    """
    solution = _solve(*records, prior, variance)
    rows, target, weight = negatives
    for _ in range(_ROUNDS):
        above = rows @ solution > target
        if not above.any():
            break
        parts = zip(records, (rows[above], target[above], weight[above]), strict=True)
        both, goals, weights = (np.concatenate(part) for part in parts)
        solution = _solve(both, goals, weights, prior, variance)
    return solution


def _solve(rows: _F64, target: _F64, weight: _F64, prior: _F64, variance: float) -> _F64:
    """Return the θ that minimises Σ weight (rows·θ − target)² / variance + (θ − m)ᵀ S⁻¹ (θ − m).

    θ is a vector followed by its bias. m and S are the mean and the covariance of the rows of
    `prior`.
    """
    mean = prior.mean(axis=0, dtype=np.float64)
    spread = np.atleast_2d(np.cov(prior, rowvar=False, dtype=np.float64))
    # The covariance may be singular: add a little variance in every direction.
    precision = np.linalg.inv(spread + 1e-6 * np.eye(len(mean)))
    weighted = rows * (weight / variance)[:, None]
    return np.linalg.solve(weighted.T @ rows + precision, weighted.T @ target + precision @ mean)
