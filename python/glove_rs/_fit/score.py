"""How well a model explains the co-occurrences of a text."""

from __future__ import annotations

from .. import _settings
from ..cooccurrence import Cooccurrence
from .counted_text import Text
from .protocol import Trainable

__all__ = ["score"]


def score(model: Trainable, text: Text) -> float:
    """Return minus the data loss on a text: see :meth:`glove_rs.Glove.score`."""
    state = model._state
    state.check_square("score")
    settings = state.as_read(_settings.text_parameters(model)) | {"adjacent": False}
    X = Cooccurrence.from_corpus(text.source, state.vocabulary, **settings, **text.where())
    if X.nnz == 0:
        raise ValueError("source must hold words of the vocabulary near each other, but has none")
    arrays, used = state.arrays, model.settings_
    return -X._core.data_loss(
        arrays["W"],
        arrays["W_tilde"],
        arrays["b"],
        arrays["b_tilde"],
        used["x_max"],
        used["alpha"],
        _settings.core_running(settings),
    )
