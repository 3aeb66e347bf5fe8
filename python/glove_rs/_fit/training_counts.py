"""The counts of a training: of a text, as the user gave them, or counted again."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from .. import _settings
from .._checks import boolean
from .._checks import words as words_of
from .._warnings import warn
from ..cooccurrence import Cooccurrence
from ..vocabulary import Vocabulary
from .counted_text import Text
from .protocol import Trainable

__all__ = ["count_text", "counts_of", "given_counts"]


def count_text(parameters: Mapping[str, Any], text: Text) -> Cooccurrence:
    """Count a text with the parameters of a model."""
    names = _settings.names("reading", "encoding", "counting", "running")
    settings = {name: parameters[name] for name in names if name in parameters}
    settings["adjacent"] = _settings.core_counting(parameters)["adjacent"]
    return Cooccurrence.from_corpus(text.source, text.vocabulary, **settings, **text.where())


def given_counts(
    X: Any, vocabulary: Vocabulary | Sequence[str] | None, symmetric: object
) -> Cooccurrence:
    """Return the counts that a user gave as `X` to train on.

    `symmetric` is the parameter of the model. If it is True, this function warns of a matrix, a
    data frame or a result of :meth:`Cooccurrence.from_scipy` that is not symmetric. Other counts
    are not checked.

    Raises
    ------
    ValueError, TypeError
        As for :meth:`Cooccurrence.from_scipy`. A ValueError also if `X` is a Cooccurrence and
        `vocabulary` has other words, or if `symmetric` is not a bool.
    """
    counts: Cooccurrence
    if not isinstance(X, Cooccurrence):
        counts = Cooccurrence.from_scipy(X, vocabulary)
    else:
        counts = X
        if vocabulary is not None and X.vocabulary.words != words_of("vocabulary", vocabulary):
            raise ValueError("vocabulary must be None, or the words of X, a Cooccurrence")
    expected = boolean("symmetric", symmetric)
    if expected and counts._is_matrix and (asymmetry := counts._asymmetry()):
        warn(
            f"X is {asymmetry}, but symmetric counts are expected: pass X + X.T with the "
            "diagonal added only once, or set symmetric=False if X is right as it is"
        )
    return counts


def counts_of(model: Trainable) -> Cooccurrence:
    """Return the counts of all text so far. If the model did not keep them, count the text again.

    Raises
    ------
    ValueError
        If the model did not keep the counts and cannot read the same text again.
    """
    state = model._state
    if state.counts is not None:
        return state.counts
    if state.text is None:
        raise ValueError(
            "this Glove has no counts of the text so far: save and pickle leave them out, and "
            "keep_counts=False does not keep them; give them to update(source, counts=)"
        )
    if not state.text.is_unchanged():
        raise ValueError(
            f"{state.text.source!r} is gone or has changed since it was counted; "
            "fit(keep_counts=True) keeps the counts in the model"
        )
    return count_text(state.as_read(model.get_params()), state.text)
