"""Training of the replicates and of the model of all of the text."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt

from .. import _core, _settings
from .._checks import plain
from .._fit.documents import EncodedDocuments
from .._vectors.combine import combine
from .._vectors.procrustes import rotation
from ..cooccurrence import Cooccurrence
from ..vectors import WordVectors
from .resampling import Resampling

__all__ = ["Trainer", "model_settings"]

_F32: TypeAlias = npt.NDArray[np.float32]
_Callback: TypeAlias = "Callable[[str, int, int, dict[str, Any]], object] | None"

#: At most this many words determine the rotation of a replicate to the model of all of the text:
#: the first words of the vocabulary.
_ALIGNED_BY = 20_000


def model_settings(parameters: Mapping[str, Any]) -> dict[str, Any]:
    """Return the parameters of a model that change its vectors, converted to JSON and back.

    The conversion makes the parameters comparable with those that were read from a file.
    """
    used = _settings.used(parameters)
    for name in _settings.names("running"):
        used.pop(name, None)
    settings: dict[str, Any] = json.loads(json.dumps(_settings.saved(used), default=plain))
    return settings


class Trainer:
    """Trains models on resampled documents of a text in memory.

    Parameters
    ----------
    documents : EncodedDocuments
    resampling : Resampling
    parameters : mapping
        The parameters of the :class:`glove_rs.Glove`, with the threads and memory to use.
    schedule : mapping
        The epochs and the learning rate of a replicate, from :mod:`.schedule`.
    """

    def __init__(
        self,
        documents: EncodedDocuments,
        resampling: Resampling,
        parameters: Mapping[str, Any],
        schedule: Mapping[str, Any],
    ) -> None:
        self.documents, self.resampling, self.parameters = documents, resampling, parameters
        self._training = _settings.core_training(parameters)
        # The n-grams of the vocabulary. All models share them; the first one computes them.
        self._design: _core.CoreDesign | None = None
        own = {name.removeprefix("replicate_"): value for name, value in schedule.items()}
        self.replicate_training = _settings.core_training({**parameters, **own})

    def identity(self) -> dict[str, int]:
        """Return numbers that identify the text, the vocabulary and the units."""
        documents = self.documents
        return {
            "documents": len(documents),
            "units": self.resampling.units,
            "tokens": int(documents.lengths.sum(dtype=np.int64)),
            "words": len(documents.vocabulary),
            "checksum": documents.checksum(),
        }

    def full(self, callback: _Callback) -> WordVectors:
        """Train on all of the text."""
        counts = self.documents.count(self.resampling.all(), self.parameters, callback)
        vectors = self._train(counts, self._training, callback)
        return WordVectors(self.documents.vocabulary.words, vectors)

    def replicate(self, number: int, n: int, full: WordVectors, callback: _Callback) -> _F32:
        """Train a replicate and rotate it to `full`. Rows of words that do not occur are NaN.

        If the drawn documents have no pair of words, all rows are NaN.
        """
        weights = self.resampling.weights(number, n)
        counts = self.documents.count(weights, self.parameters, callback)
        if counts.nnz == 0:
            return np.full(full.vectors.shape, np.nan, dtype=np.float32)
        seed = self.resampling.training_seed(number, self._training["seed"])
        vectors = self._train(counts, {**self.replicate_training, "seed": seed}, callback)
        vectors[self.documents.word_counts(weights) == 0] = np.nan
        rows = np.arange(min(len(vectors), _ALIGNED_BY))
        matrix = rotation(vectors, full.vectors, rows, rows)[0]
        return vectors @ matrix.astype(np.float32)

    def _train(self, counts: Cooccurrence, training: _core._Training, callback: _Callback) -> _F32:
        running = _settings.core_running(self.parameters)
        dim = _settings.SETTINGS["dim"].check(self.parameters["dim"])
        if training["subwords"] and self._design is None:
            vocabulary = self.documents.vocabulary._core
            # This step belongs to no stage of the progress, so it gets no callback.
            self._design = _core.subword_design(vocabulary, running["threads"], None)
        # With True, the memory of the counts is freed while tiles are built.
        trained = _core.train(
            counts._core, dim, training, running, callback, True, design=self._design
        )
        arrays = trained.arrays
        return combine(arrays["W"], arrays["W_tilde"], "sum")
