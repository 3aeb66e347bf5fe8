"""The results of a training: what a fitted model holds, and what a pickle of it has."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, TypeAlias, cast

import numpy as np
import numpy.typing as npt

from .. import _core
from ..cooccurrence import Cooccurrence
from ..subwords import Subwords
from ..vectors import WordVectors, combine
from ..vocabulary import Vocabulary
from .counted_text import Text
from .history import History

__all__ = ["Fitted"]

_F32: TypeAlias = npt.NDArray[np.float32]


@dataclass
class Fitted:
    """The results of a training."""

    vocabulary: Vocabulary
    history: History
    # The parameters and accumulators by name, or the object of the core that holds them.
    trained: _core.CoreParameters | dict[str, _F32]
    # The settings that were used, by their public names.
    settings: dict[str, Any]
    # The counts of all text so far, or the text to count them from again. Both can be None.
    counts: Cooccurrence | None = None
    text: Text | None = None
    # The row of each word of `vocabulary` in the arrays of the core's object; None if both have the
    # same order. Not used once `trained` is a dict, whose rows have the order of `vocabulary`.
    order: npt.NDArray[np.int64] | None = None
    # The subword model that `vectors` gets when it is created. After that, a user may set another
    # one as `vectors.subwords`.
    _subwords: Subwords | None = None
    _vectors: WordVectors | None = None
    # The context words, if X was rectangular, and their vectors.
    contexts: Vocabulary | None = None
    _context_vectors: WordVectors | None = None
    # The parameters whose values were paths of files, with these paths; also `stop_words` if it was
    # the name of a language. `settings` has the words and phrases that were read.
    files: dict[str, Any] = field(default_factory=dict)

    def as_read(self, parameters: Mapping[str, Any]) -> dict[str, Any]:
        """Return the parameters with words and phrases instead of the files that hold them.

        The words and phrases are those that the training read: a file may have been changed or
        removed since. The name of a language is replaced by its stop words. A parameter that was
        set to another path or language after the training is returned unchanged.
        """
        content = {
            name: self.settings[name]
            for name, path in self.files.items()
            if name in parameters and parameters[name] == path
        }
        return {**parameters, **content}

    @property
    def arrays(self) -> dict[str, _F32]:
        """The parameters and accumulators by name. Row i is of word i or of context word i."""
        if isinstance(self.trained, dict):
            return self.trained
        arrays = self.trained.arrays
        if self.order is not None:
            arrays = {name: array[self.order] for name, array in arrays.items()}
            self.trained = arrays
        return arrays

    @property
    def vectors(self) -> WordVectors:
        """The vectors W + W_tilde, or W if X was rectangular, with their words; computed once."""
        if self._vectors is None:
            how = "sum" if self.contexts is None else "word"
            rows = combine(self.arrays["W"], self.arrays["W_tilde"], how)
            self._vectors = WordVectors(self.vocabulary.words, rows)
            self._vectors.subwords = self._subwords
        return self._vectors

    @property
    def context_vocabulary(self) -> Vocabulary:
        """The words of the context vectors."""
        return self.vocabulary if self.contexts is None else self.contexts

    @property
    def context_vectors(self) -> WordVectors:
        """The vectors W_tilde with the context words; created once."""
        if self._context_vectors is None:
            rows = self.arrays["W_tilde"]
            self._context_vectors = WordVectors(self.context_vocabulary.words, rows)
        return self._context_vectors

    def check_square(self, what: str) -> None:
        """Raise a ValueError if X was rectangular: `what` needs the same words on both sides."""
        if self.contexts is not None:
            raise ValueError(
                f"{what} needs a model whose words and context words are the same, but this model "
                "was trained on rectangular counts, whose columns have words of their own"
            )

    @property
    def subwords(self) -> Subwords | None:
        """The subword model of `vectors`: that of the training, or one that a user has set."""
        return self._subwords if self._vectors is None else self._vectors.subwords

    def as_start(self, X: Cooccurrence, dim: int) -> _core._Start:
        """Return the parameters as the start of a training on `X` with this dim.

        Raises
        ------
        ValueError
            If `X` has other words, or if the parameters have another dim.
        """
        same_sides = (self.contexts is not None) == X.is_rectangular
        same_contexts = self.contexts is None or (self.contexts.words == X.context_vocabulary.words)
        if self.vocabulary.words != X.vocabulary.words or not (same_sides and same_contexts):
            raise ValueError("start must have the words of X")
        if self.arrays["W"].shape[1] != dim:
            raise ValueError(f"start must have dim={dim}, got {self.arrays['W'].shape[1]}")
        # Accumulators that have grown mean trained parameters. For these, count at least one epoch
        # as done: epoch 1 of a training mixes records more finely, which trained parameters do not
        # need.
        done = len(self.history) or int((self.arrays["G_b"] > _core.START_ACCUMULATOR).any())
        return cast("_core._Start", {**self.arrays, "epochs_done": done, "halvings": 0})

    def __getstate__(self) -> dict[str, Any]:
        # A pickle has no vectors, which can be computed again, and no counts, which have their own
        # file format.
        left_out = dict.fromkeys(("_vectors", "_context_vectors", "counts", "text", "order"))
        return {**self.__dict__, **left_out, "trained": self.arrays, "_subwords": self.subwords}

    def __setstate__(self, state: dict[str, Any]) -> None:
        # Pickles of earlier versions have the arrays under another name.
        arrays = state.pop("made", None)
        self.__dict__.update(state if arrays is None else {**state, "trained": arrays})
