"""Pretrained vectors at which a training starts: the arguments `init` and `anchor` of `fit`."""

from __future__ import annotations

import numpy as np

from .. import _core, _settings
from ..vectors import WordVectors
from ..vocabulary import Vocabulary

__all__ = ["Init"]


class Init:
    """Pretrained vectors, and the weight of the term that keeps the trained vectors near them."""

    def __init__(self, vectors: WordVectors, anchor: float, dim: int) -> None:
        self._vectors = vectors
        self.anchor = anchor
        if vectors.vectors.shape[1] != dim:
            found = vectors.vectors.shape[1]
            raise ValueError(f"init must have vectors of the model's dim, {dim}, got {found}")

    @classmethod
    def of(cls, init: WordVectors | None, anchor: float, dim: int) -> Init | None:
        """Check the public parameters `init` and `anchor`; return None without `init`."""
        anchor = _settings.SETTINGS["anchor"].check(anchor)
        if init is None:
            if anchor > 0:
                raise ValueError("anchor needs pretrained vectors: set init")
            return None
        if not isinstance(init, WordVectors):
            raise ValueError(f"init must be a WordVectors, got {type(init).__name__}")
        return cls(init, anchor, dim)

    def core(self, vocabulary: Vocabulary) -> _core._Init:
        """Return the initial vectors as the core takes them.

        The result has the indices in `vocabulary` of the words with a pretrained vector, these
        vectors in the same order, and the weight of the anchor.

        Raises
        ------
        ValueError
            If no word of `vocabulary` has a pretrained vector.
        """
        known = self._vectors.key_to_index
        rows = [(i, known[word]) for i, word in enumerate(vocabulary.words) if word in known]
        if not rows:
            raise ValueError("init must share words with the text: no word of the text is in it")
        words, rows_of_init = np.array(rows).T
        vectors = np.ascontiguousarray(self._vectors.vectors[rows_of_init], dtype=np.float32)
        return {"words": words.astype(np.uint32), "vectors": vectors, "anchor": self.anchor}
