"""Scores with their bootstrap intervals, as a panel shows them."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any, Literal, TypeAlias

from ._outcomes import defined

__all__ = ["Measure", "PanelRow", "Score"]

Measure: TypeAlias = Literal["Spearman", "accuracy", "purity"]


@dataclass(frozen=True)
class Score:
    """A score of a set, or the difference of two scores, with a 95 % bootstrap interval.

    Attributes
    ----------
    found : int
        The number of items that were scored: the items whose words are known and have finite
        vectors. For a difference, the number of items that both models find.
    value : float
        Spearman's correlation, from -1 to 1; accuracy or purity, from 0 to 1; or the difference of
        two of these. NaN if it is undefined.
    low, high : float
        The bounds of the interval, in the unit of `value`. NaN if there is no interval.
    not_finite : int
        The number of items that were not scored although their words are known, because a vector
        has NaN or infinity.
    note : str
        The reason why there is no value or no interval; "" if there are both.
    """

    found: int
    value: float
    low: float
    high: float
    not_finite: int = 0
    note: str = ""

    def to_dict(self) -> dict[str, Any]:
        """Return the fields as plain types that ``json.dumps`` accepts (None for NaN)."""
        numbers = {name: defined(getattr(self, name)) for name in ("value", "low", "high")}
        return {**asdict(self), **numbers}


@dataclass(frozen=True)
class PanelRow:
    """The scores of a set, or of a part of it.

    Attributes
    ----------
    name : str
        The name of the file without its ending; with it, if two files would have the same name. A
        file with semantic and syntactic questions has three rows, whose names end in ": semantic",
        ": syntactic" and ": total".
    measure : {"Spearman", "accuracy", "purity"}
    total : int
        The number of rated pairs, questions or words of the set or of the part.
    score : Score
        The score of the first model.
    baseline : Score or None
        The score of the second model.
    difference : Score or None
        The score of the first model minus that of the second. For this, each model is scored on the
        items that both models find.
    """

    name: str
    measure: Measure
    total: int
    score: Score
    baseline: Score | None = None
    difference: Score | None = None

    def to_dict(self) -> dict[str, Any]:
        """Return the fields as plain types that ``json.dumps`` accepts (None for NaN)."""
        scores = {name: getattr(self, name) for name in ("score", "baseline", "difference")}
        return {
            "name": self.name,
            "measure": self.measure,
            "total": self.total,
            **{name: score and score.to_dict() for name, score in scores.items()},
        }
