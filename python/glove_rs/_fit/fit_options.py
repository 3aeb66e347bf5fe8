"""The arguments of a call of `fit` that are not parameters of the model, and their checks."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Sequence
from typing import Any, TypedDict

import numpy as np

from .. import _settings
from .._checks import shown
from ..vocabulary import Vocabulary
from .checkpoints import Folder
from .epoch_state import Epoch, EpochCallback, EpochState

__all__ = ["CheckedFitOptions", "FitOptions"]


class FitOptions(TypedDict, total=False):
    """The keyword arguments that `fit`, `fit_cooccurrence` and `update` share: see `Glove.fit`."""

    validation: float | None
    early_stopping: int | None
    max_seconds: float | None
    callbacks: Sequence[EpochCallback]
    checkpoint_dir: str | os.PathLike[str] | None
    checkpoint_every: int
    keep_counts: bool | None


class CheckedFitOptions:
    """The checked :class:`FitOptions` of one training."""

    def __init__(
        self,
        *,
        validation: float | None = None,
        early_stopping: int | None = None,
        max_seconds: float | None = None,
        callbacks: Sequence[EpochCallback] = (),
        checkpoint_dir: str | os.PathLike[str] | None = None,
        checkpoint_every: int = 1,
        keep_counts: bool | None = None,
    ) -> None:
        given = {
            "validation": validation,
            "early_stopping": early_stopping,
            "max_seconds": max_seconds,
            "checkpoint_dir": checkpoint_dir,
            "checkpoint_every": checkpoint_every,
            "keep_counts": keep_counts,
        }
        checked = _settings.checked(given, "fitting")
        self.validation: float | None = checked["validation"]
        self.early_stopping: int | None = checked["early_stopping"]
        if self.early_stopping is not None and self.validation is None:
            raise ValueError("early_stopping needs held-out records: set validation")
        seconds = checked["max_seconds"]
        self._end = None if seconds is None else time.monotonic() + seconds
        if not isinstance(callbacks, Sequence) or not all(map(callable, callbacks)):
            raise ValueError(f"callbacks must be a list of callables, got {shown(callbacks)}")
        self.callbacks = tuple(callbacks)
        self.every: int = checked["checkpoint_every"]
        self.folder = None if checkpoint_dir is None else Folder(checkpoint_dir)
        if self.folder is None and self.every != 1:
            raise ValueError("checkpoint_every needs a folder: set checkpoint_dir")
        self.keep_counts: bool | None = checked["keep_counts"]

    def settings(self) -> dict[str, Any]:
        """Return the options that must not change when a training is resumed, by their names."""
        return {"validation": self.validation, "early_stopping": self.early_stopping}

    def seconds_left(self) -> float | None:
        """Return the seconds until the time limit, at least 0; None without a limit."""
        return None if self._end is None else max(0.0, self._end - time.monotonic())

    def callback(
        self, vocabulary: Vocabulary, before: int, rectangular: bool = False
    ) -> Callable[[Epoch], bool] | None:
        """Return one function for the core that calls all callbacks; None without callbacks.

        If any callback returns True, the function returns True, which stops the training. `before`
        is the number of epochs of earlier trainings.
        """
        if not self.callbacks:
            return None

        def after_epoch(core: Epoch) -> bool:
            state = EpochState(core, vocabulary, before, rectangular)
            answers = [callback(state) for callback in self.callbacks]
            return any(isinstance(answer, bool | np.bool_) and bool(answer) for answer in answers)

        return after_epoch
