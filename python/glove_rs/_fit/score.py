"""How well a model explains the co-occurrences of a text."""

from __future__ import annotations

import numpy as np

from .. import _settings
from ..cooccurrence import Cooccurrence
from .protocol import Trainable
from .training import Text

__all__ = ["score"]

#: The loss is computed for this many records at a time. Their vectors are copied, and copies for
#: all records at once would need too much memory.
_RECORDS = 1 << 16


def score(model: Trainable, text: Text) -> float:
    """Return minus the data loss on a text: see :meth:`glove_rs.Glove.score`."""
    state = model._state
    state.check_square("score")
    settings = state.as_read(_settings.text_parameters(model))
    X = Cooccurrence.from_corpus(text.source, state.vocabulary, **settings, **text.where())
    rows, columns, counts = X.records()
    if not len(counts):
        raise ValueError("source must hold words of the vocabulary near each other, but has none")
    arrays, used = state.arrays, model.settings_
    cost = 0.0
    for start in range(0, len(counts), _RECORDS):
        some = slice(start, start + _RECORDS)
        i, j, x = rows[some], columns[some], counts[some]
        diff = np.einsum("ij,ij->i", arrays["W"][i], arrays["W_tilde"][j], dtype=np.float64)
        diff += arrays["b"][i].astype(np.float64) + arrays["b_tilde"][j] - np.log(x)
        cost += float(np.minimum(1.0, (x / used["x_max"]) ** used["alpha"]) @ diff**2) / 2
    return -cost / len(counts)
