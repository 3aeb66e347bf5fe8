"""The history of a training: the loss and the time of each epoch."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence

__all__ = ["History"]


class History(list[float]):
    """A list of the loss of each epoch, measured while the epoch ran.

    The loss is the objective that training minimises, divided by the number of records.

    Attributes
    ----------
    data_loss : list of float
        The data loss of each epoch, Σ ½ f(X) diff² / nnz: the loss without the terms of negative
        pairs and of the anchor. diff is w·w̃ + b + b̃ − ln X, and nnz is the number of records.
    seconds : list of float
        Wall time of each epoch.
    records_per_second : list of float
        Records trained per second of wall time, in each epoch.
    validation : list of float
        The data loss of the held-out records after each epoch; NaN for an epoch without held-out
        records. Empty if no epoch had held-out records.
    """

    def __init__(self, epochs: Iterable[Sequence[float]] = ()) -> None:
        # Each epoch is (loss, seconds, records per second[, validation loss[, data loss]]). Older
        # versions saved no data loss, because the loss that they saved was the data loss.
        epochs = [tuple(epoch) for epoch in epochs]
        super().__init__(epoch[0] for epoch in epochs)
        self.seconds = [epoch[1] for epoch in epochs]
        self.records_per_second = [epoch[2] for epoch in epochs]
        losses = [epoch[3] if len(epoch) > 3 else math.nan for epoch in epochs]
        self.validation = [] if all(map(math.isnan, losses)) else losses
        self.data_loss = [epoch[4] if len(epoch) > 4 else epoch[0] for epoch in epochs]

    def epochs(self) -> list[tuple[float, float, float, float, float]]:
        """Return (loss, seconds, records per second, validation loss, data loss) of each epoch."""
        validation = self.validation or [math.nan] * len(self)
        columns = self, self.seconds, self.records_per_second, validation, self.data_loss
        return list(zip(*columns, strict=False))

    def __reduce__(
        self,
    ) -> tuple[type[History], tuple[list[tuple[float, float, float, float, float]]]]:
        return History, (self.epochs(),)
