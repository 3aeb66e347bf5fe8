"""Continue the training of a model with more text."""

from __future__ import annotations

import math
from collections.abc import Mapping
from contextlib import nullcontext
from typing import Any

import numpy as np

from .. import _core, _settings
from .._checks import boolean, optional_integer
from .._io.sources import source_arguments
from .._progress import reporter
from ..cooccurrence import Cooccurrence
from ..vocabulary import Vocabulary
from . import checkpoints
from .counted_text import Text
from .fit_options import CheckedFitOptions
from .fitting import train
from .protocol import Trainable
from .training_counts import counts_of

__all__ = ["update"]

#: Epochs of an update, as a fraction of the model's epochs. With this fraction, `fit` on half of
#: enwiki-17m and `update` with the other half answer 50.2 % of the analogies. `fit` on the whole
#: text answers 50.9 % (benches/RESULTS.md, "More text").
UPDATE_FRACTION = 0.4
#: The biases of a new word start near the mean biases of this many old words with similar counts.
ALIKE = 100


def update(
    model: Trainable,
    text: Text,
    fit_options: CheckedFitOptions,
    *,
    epochs: int | None,
    new_words: bool,
    counts: Cooccurrence | None,
) -> None:
    """Count more text, add its counts to the earlier ones, and continue the training."""
    state = model._state
    state.check_square("update")
    training = _settings.core_training(model.get_params())
    _settings.checked(text.where(), "source")
    dim = state.arrays["W"].shape[1]
    if model.dim != dim:
        raise ValueError(f"dim must stay {dim} in an update, got {model.dim}")
    given = optional_integer("epochs", epochs, 1)
    folder = fit_options.folder
    with nullcontext() if folder is None else folder.locked(make=True):
        if folder is not None and folder.has_checkpoint():
            raise ValueError(
                f"checkpoint_dir has a checkpoint already, {folder.state}: continue from it with "
                "Glove.resume, delete it, or choose another folder"
            )
        if folder is not None:
            folder.claim()
        old_counts = counts_of(model) if counts is None else counts
        if not isinstance(old_counts, Cooccurrence):
            raise ValueError(f"counts must be a Cooccurrence, got {type(counts).__name__}")
        rows = _rows(old_counts.vocabulary, state.vocabulary)
        parameters = _settings.with_content(state.as_read(model.get_params()))
        counting = _settings.core_counting(parameters)
        # Adjacent words of the new text alone would be too few: count them only if those of the
        # earlier text were counted.
        counting["adjacent"] &= old_counts._core.has_adjacent
        training["adjacent"] = counting["adjacent"]
        with reporter(model.progress) as callback:
            core = old_counts._core.with_more_text(
                source_arguments(text.source, {**parameters, **text.where()}),
                _settings.core_encoding(parameters),
                counting,
                _settings.core_running(parameters),
                callback,
                boolean("new_words", new_words),
            )
        merged = Cooccurrence._of(core)
        _check_more(
            old_counts.vocabulary, merged.vocabulary, parameters["min_count"] if new_words else None
        )
        training.update(_settings.for_records(model.get_params(), merged.nnz))
        of_update = math.ceil(UPDATE_FRACTION * training["epochs"])
        training["epochs"] = of_update if given is None else given
        settings = checkpoints.settings(
            parameters,
            training,
            fit_options.settings() | {"anchor": 0.0, "column": text.column},
            source=None,
            every=fit_options.every,
            grown=new_words,
            before=state.history.epochs(),
        )
        start = _grown(state.arrays, rows, merged.vocabulary, training["seed"])
        train(model, parameters, merged, training, fit_options, settings, start=start, consume=True)


def _check_more(before: Vocabulary, after: Vocabulary, min_count: int | None) -> None:
    """Raise a ValueError if the new text added no occurrence of a word of the vocabulary.

    Further training would only repeat the old text. With `min_count` None, no word is added to the
    vocabulary.
    """
    if len(after) == len(before) and after.counts.sum() == before.counts.sum():
        frequent = (
            ""
            if min_count is None
            else f", or words that now occur at least min_count={min_count} times in all the text"
        )
        raise ValueError(
            f"source must hold words of the vocabulary{frequent}: the new text has no such word, "
            "so it adds nothing to train on"
        )


def _rows(words: Vocabulary, model: Vocabulary) -> np.ndarray[Any, np.dtype[np.int64]]:
    """Return the row in `model` of each word of `words`. Both must have the same words."""
    if len(words) != len(model) or any(word not in model for word in words.words):
        raise ValueError(
            f"counts must have the same words as the model: they have {len(words)} words, the "
            f"model has {len(model)}"
        )
    return np.array([model[word] for word in words.words], dtype=np.int64)


def _grown(
    arrays: Mapping[str, np.ndarray[Any, np.dtype[np.float32]]],
    rows: np.ndarray[Any, np.dtype[np.int64]],
    vocabulary: Vocabulary,
    seed: int,
) -> _core._Start:
    """Return start parameters for a vocabulary: first the model's words, then the new words.

    The old word i gets the row ``rows[i]`` of each array. A new word gets the random parameters of
    a first training, and the mean biases of the `ALIKE` old words with the nearest counts are added
    to its biases. It gets no accumulators: the core starts them as in a first training.
    """
    old, words = len(rows), len(vocabulary)
    new = _core.random_parameters(old, words, arrays["W"].shape[1], seed)
    by_count = np.argsort(-vocabulary.counts[:old], kind="stable")
    rank = np.searchsorted(-vocabulary.counts[:old][by_count], -vocabulary.counts[old:])
    alike = min(ALIKE, old)
    first = np.clip(rank - alike // 2, 0, old - alike)
    start = {}
    for name, array in arrays.items():
        known = array[rows]
        if name in ("b", "b_tilde"):
            sums = np.cumsum(known[by_count], dtype=np.float64)
            sums = np.concatenate([[0.0], sums])
            new[name] += (sums[first + alike] - sums[first]) / alike
        start[name] = np.concatenate([known, new[name]]) if name in new else known
    return {**start, "epochs_done": 0, "halvings": 0}  # type: ignore[typeddict-item]
