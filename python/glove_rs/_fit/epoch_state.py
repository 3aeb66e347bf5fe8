"""What a callback gets after an epoch: the loss, the time and the parameters."""

from __future__ import annotations

from collections.abc import Callable
from functools import cached_property
from typing import Protocol, TypeAlias

import numpy as np
import numpy.typing as npt

from ..vectors import WordVectors, combine
from ..vocabulary import Vocabulary

__all__ = ["Epoch", "EpochCallback", "EpochState"]

_F32: TypeAlias = npt.NDArray[np.float32]


class Epoch(Protocol):
    """A finished epoch, from the core or from a training on a cluster."""

    @property
    def epoch(self) -> int: ...
    @property
    def loss(self) -> float: ...
    @property
    def data_loss(self) -> float: ...
    @property
    def validation(self) -> float | None: ...
    @property
    def seconds(self) -> float: ...
    @property
    def records_per_second(self) -> float: ...
    def side(self, contexts: bool) -> tuple[_F32, _F32]:
        """Return W and b, or W̃ and b̃ if `contexts`."""
        ...


class EpochState:
    """A finished epoch: the argument of a callback. W, W_tilde, b and b_tilde are read-only.

    Attributes
    ----------
    epoch : int
        The number of the epoch, from 1. Epochs before an `update` are counted too.
    loss, data_loss : float
        The loss of the epoch, as in `Glove.history`.
    validation_loss : float or None
        The data loss of the held-out records; None without `validation`.
    seconds, records_per_second : float
        Wall time of the epoch, and records trained per second.
    vocabulary : Vocabulary
        The words, in the order of the rows.
    W, W_tilde : numpy.ndarray of float32, (V, dim)
    b, b_tilde : numpy.ndarray of float32, (V,)
        The parameters. If X is rectangular, W_tilde and b_tilde have a row for each context word.
        When a callback first reads one of these arrays, all of them are copied. If no callback of
        the epoch reads one, the arrays cannot be read after the callbacks have returned.
    vectors : WordVectors
        The vectors W + W_tilde with their words; W alone if X is rectangular.
    """

    def __init__(
        self, core: Epoch, vocabulary: Vocabulary, before: int, rectangular: bool = False
    ) -> None:
        self._core = core
        self._rectangular = rectangular
        self.vocabulary = vocabulary
        self.epoch = before + core.epoch
        self.loss = core.loss
        self.data_loss = core.data_loss
        self.validation_loss = core.validation
        self.seconds = core.seconds
        self.records_per_second = core.records_per_second

    @cached_property
    def _sides(self) -> list[tuple[_F32, _F32]]:
        sides = [self._core.side(contexts) for contexts in (False, True)]
        for array in (array for side in sides for array in side):
            array.flags.writeable = False
        return sides

    @property
    def W(self) -> _F32:
        """Word vectors: float32, (V, dim)."""
        return self._sides[0][0]

    @property
    def W_tilde(self) -> _F32:
        """Context vectors: float32, (V, dim); (C, dim) for C context words if X is rectangular."""
        return self._sides[1][0]

    @property
    def b(self) -> _F32:
        """Word biases: float32, (V,)."""
        return self._sides[0][1]

    @property
    def b_tilde(self) -> _F32:
        """Context biases: float32, (V,); (C,) for C context words if X is rectangular."""
        return self._sides[1][1]

    @cached_property
    def vectors(self) -> WordVectors:
        """The vectors W + W_tilde with their words; W alone if X is rectangular."""
        how = "word" if self._rectangular else "sum"
        return WordVectors(self.vocabulary.words, combine(self.W, self.W_tilde, how))

    def __repr__(self) -> str:
        validation = self.validation_loss
        held_out = "" if validation is None else f", validation loss {validation:.6f}"
        return f"<epoch {self.epoch}: loss {self.loss:.6f}{held_out}, {self.seconds:.2f} s>"


#: A function that is called after each epoch. Training stops if it returns True.
EpochCallback: TypeAlias = Callable[[EpochState], object]
