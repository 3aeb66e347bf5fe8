"""The rows of a panel: models scored on a set, with their intervals and their difference."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from ._analogies import answered, section_kind
from ._bootstrap import interval, resampled_fraction, resampled_spearman
from ._categories import clustered
from ._outcomes import Outcomes, Vectors
from ._score import Measure, PanelRow, Score
from ._set_files import Kind, SetFile, read_categories, read_pairs, read_questions
from ._similarity import compared, correlation, ranks

__all__ = ["Measuring"]

_Float64: TypeAlias = "NDArray[np.float64]"

# A score of fewer items has no interval, because a bootstrap of very few items is unreliable.
_LEAST_ITEMS = 10


@dataclass(frozen=True)
class Measuring:
    """The models, and the settings with which they are measured."""

    models: Sequence[Vectors]
    method: str
    restrict_vocab: int | None
    lowercase: bool

    def scored_sets(self, file: SetFile, kind: Kind, name: str) -> Iterator[_ScoredSet]:
        """Yield what each row of the panel scores: the set, or parts of the set.

        If a set has semantic and syntactic questions, yield both parts, and then the whole set.
        """
        limit = self.restrict_vocab
        if kind == "similarity":
            pairs, ratings = read_pairs(file, self.lowercase)
            outcomes = [compared(wv, pairs, restrict_vocab=limit) for wv in self.models]
            yield _ScoredSet(name, "Spearman", outcomes, np.array(ratings))
        elif kind == "categories":
            words, labels = read_categories(file, self.lowercase)
            outcomes = [
                clustered(wv, words, labels, file, restrict_vocab=limit) for wv in self.models
            ]
            yield _ScoredSet(name, "purity", outcomes)
        else:
            sections, owner, questions = read_questions(file, str.lower if self.lowercase else str)
            outcomes = [
                answered(wv, questions, method=self.method, restrict_vocab=limit)[0]
                for wv in self.models
            ]
            kinds = np.array([section_kind(section) for section in sections])[owner]
            different = np.unique(kinds).tolist()
            if len(different) > 1:
                for one in different:
                    some = [outcome.among(kinds == one) for outcome in outcomes]
                    yield _ScoredSet(f"{name}: {one}", "accuracy", some)
                name += ": total"
            yield _ScoredSet(name, "accuracy", outcomes)


@dataclass(frozen=True)
class _ScoredSet:
    """The outcomes of a set, or of a part of it, for each model."""

    name: str
    measure: Measure
    outcomes: Sequence[Outcomes]
    ratings: _Float64 | None = None

    def row(self, n: int, seed: int) -> PanelRow:
        """Score each model; with two models, also score their difference."""
        scores = [self._score([outcomes], n, seed) for outcomes in self.outcomes]
        return PanelRow(
            self.name,
            self.measure,
            len(self.outcomes[0].known),
            *scores,
            *([self._score(self.outcomes, n, seed)] if len(scores) > 1 else []),
        )

    def _score(self, outcomes: Sequence[Outcomes], n: int, seed: int) -> Score:
        """Score one model, or the difference of two models on the items that both models find."""
        items = np.logical_and.reduce([one.answerable for one in outcomes])
        known = np.logical_and.reduce([one.known for one in outcomes])
        values = np.stack([one.values[items] for one in outcomes])
        ratings = None if self.ratings is None else self.ratings[items]
        found, lost = int(items.sum()), int((known & ~items).sum())
        if reason := _why_no_score(values, ratings):
            return Score(found, math.nan, math.nan, math.nan, lost, f"no score: {reason}")
        if ratings is None:
            points = values.mean(axis=1)
        else:
            ranked = ranks(ratings)
            points = np.array([correlation(ranked, ranks(column)) for column in values])
        value = _difference(points[:, None]).item()
        if reason := _why_no_interval(values, ratings):
            return Score(found, value, math.nan, math.nan, lost, f"no interval: {reason}")
        if ratings is None:
            drawn = resampled_fraction(values, n, seed)
        else:
            drawn = resampled_spearman(ratings, values, n, seed)
        low, high = interval(_difference(drawn))
        note = "no interval: many draws have no score" if math.isnan(low) else ""
        return Score(found, value, low, high, lost, note)


def _difference(scores: _Float64) -> _Float64:
    """Return the first row of scores, minus the second row if there is one."""
    difference: _Float64 = scores[0] if len(scores) == 1 else scores[0] - scores[1]
    return difference


def _why_no_score(values: _Float64, ratings: _Float64 | None) -> str:
    """Return why a score is undefined, or ''."""
    if values.shape[1] == 0:
        return "no item is found"
    if ratings is None:
        return "fewer than two categories are found" if np.isnan(values).any() else ""
    if len(ratings) < 2:
        return "one pair alone is found"
    if (ratings == ratings[0]).all():
        return "all ratings are equal"
    return "all cosines are equal" if (values == values[:, :1]).all(axis=1).any() else ""


def _why_no_interval(values: _Float64, ratings: _Float64 | None) -> str:
    """Return why a score has no interval, or ''."""
    if values.shape[1] < _LEAST_ITEMS:
        return f"fewer than {_LEAST_ITEMS} items"
    if ratings is None and len(values) == 1 and (values == values[0, 0]).all():
        return f"all items are {'right' if values[0, 0] else 'wrong'}"
    return ""
