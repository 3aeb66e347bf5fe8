"""Estimates of the memory, disk space and time of a fit.

`src/training/estimate.rs` computes them. This module adds the memory of Python and pyarrow.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from .. import _html, _settings
from .._checks import byte_count
from .._io.sources import files_of
from .._text import about, amount, columns
from ..cooccurrence import Cooccurrence, CountingEstimate
from .counted_text import Text, keeps_counts
from .protocol import Trainable

__all__ = ["Advice", "FitEstimate", "estimate"]

#: Bytes of memory of an interpreter that has imported NumPy and this package.
INTERPRETER = 40_000_000
#: Bytes of memory of pyarrow, and of the decoded text that waits for the core, while a column of
#: tables in files is read: the difference of the peaks in benches/RESULTS.md, 264 MB for Parquet
#: with one row group and 159 MB for a plain file.
TABLES = 105_000_000


@dataclass(frozen=True)
class Advice:
    """Settings with which a fit uses at most a given amount of memory.

    Attributes
    ----------
    fits : bool
        Whether the fit stays within the amount with its present settings.
    memory : int or None
        The value of the parameter `memory` to set, in bytes; None if `fits`.
    disk : int or None
        Bytes of temporary files with this `memory`. None if `fits`, or if the parameter `memory`
        alone is not enough.
    dim, max_vocab : int or None
        If the parameter `memory` alone is not enough: a smaller `dim`, and a smaller number of
        words. Together with `memory`, each of the two keeps the fit within the amount. None if
        there is no such value.
    """

    fits: bool
    memory: int | None = None
    disk: int | None = None
    dim: int | None = None
    max_vocab: int | None = None

    def __str__(self) -> str:
        if self.fits:
            return "fits without a change"
        limit = f"memory={(self.memory or 0) // 10**6}MB"
        if self.disk is not None:
            return f"{limit} (about {amount(self.disk)} of temporary files)"
        choices = {"dim": self.dim, "max_vocab": self.max_vocab}
        shown = [f"{name}={value}" for name, value in choices.items() if value is not None]
        if not shown:
            return "the parameters alone are too large"
        return f"the parameters alone are too large: {' or '.join(shown)}, with {limit}"


@dataclass(frozen=True)
class FitEstimate:
    """Memory, disk space and time of a fit, predicted from a sample; ``print`` shows a table.

    Attributes
    ----------
    counts : CountingEstimate
        The estimated numbers of tokens, words and records of the text.
    dim : int
        Number of components of each vector.
    parameters : int
        Bytes of the parameters and accumulators, and of the copy of both to which training returns
        if an epoch diverges. The parameter `memory` does not limit them.
    memory : int
        Bytes of memory of the process at its peak, if it does nothing else.
    disk : int
        Bytes of temporary files.
    epochs : int
        The number of epochs of the training.
    seconds : mapping of str to float
        Seconds for "counting", "preparing" and "training" on this machine under its present load.
    bounds : mapping of str to (int, int)
        A lower and an upper bound for each of `parameters`, `memory` and `disk`, in bytes. The
        distance between them depends on the errors of such estimates from samples of real texts.
        The true value can lie outside the bounds, for example if the words change from the
        beginning to the end of the text. If all of the text was read, both bounds of `parameters`
        are equal to `parameters`, and both bounds of `disk` to `disk`. The bounds of `memory` still
        differ, because the amount of freed memory that the system's allocator keeps varies from run
        to run.
    """

    counts: CountingEstimate
    dim: int
    parameters: int
    memory: int
    disk: int
    epochs: int
    seconds: Mapping[str, float]
    bounds: Mapping[str, tuple[int, int]]
    _optimizer: str = field(repr=False, compare=False)
    _negative: float = field(repr=False, compare=False)
    _keep_counts: bool = field(repr=False, compare=False)
    _base: int = field(repr=False, compare=False)

    def within(self, memory: int | str) -> Advice:
        """Return settings with which the whole process uses at most `memory`.

        Parameters
        ----------
        memory : int or str
            Bytes, or text such as "512MB" or "2GiB".

        Raises
        ------
        ValueError
            If `memory` is not a size of at least 1 MB.
        """
        room = float(byte_count("memory", memory, 1_000_000)) - self._base
        fits, limit, disk, dim, words = self.counts._core.advice(
            self.dim, self._optimizer, self._negative, room, self._keep_counts
        )
        return Advice(fits, limit, None if disk is None else round(disk), dim, words)

    def rows(self) -> list[tuple[str, str]]:
        """Return the rows of the table: a name and an estimated amount each."""

        def of(name: Literal["parameters", "memory", "disk"]) -> str:
            return about(getattr(self, name), self.bounds[name], amount)

        total = sum(self.seconds.values())
        stages = ", ".join(f"{name} {_time(s)}" for name, s in self.seconds.items())
        return [
            *self.counts.rows(),
            ("memory", of("memory")),
            ("parameters", f"{of('parameters')} of that, for vectors of dim {self.dim}"),
            ("disk", f"{of('disk')} of temporary files" if self.disk else "none"),
            ("time", f"about {_time(total)}: {stages} ({self.epochs} epochs)"),
        ]

    def __str__(self) -> str:
        return columns(self.rows())

    def _repr_html_(self) -> str:
        """Return the table as HTML, for notebooks."""
        return _html.name_value_table(self.rows())


def estimate(model: Trainable, text: Text, *, keep_counts: bool | None) -> FitEstimate:
    """Estimate a fit of `model` to a text; see :meth:`glove_rs.Glove.estimate`."""
    parameters = _settings.with_content(model.get_params())
    training = _settings.core_training(parameters)
    names = _settings.names("reading", "encoding", "counting", "running")
    settings = {name: parameters[name] for name in names if name not in {"tmp_dir", "progress"}}
    settings["adjacent"] = training["adjacent"]
    keep = keeps_counts(keep_counts, text)
    counts = Cooccurrence.estimate(text.source, **settings, **text.where())
    training.update(_settings.for_records(parameters, counts.records))
    dim, optimizer, negative = model.dim, training["optimizer"], training["negative"]
    sizes = counts._core.fit(dim, optimizer, negative, keep)
    low, likely, high = (
        dict(zip(("parameters", "memory", "disk"), map(round, values), strict=True))
        for values in zip(*sizes, strict=True)
    )
    is_table = text.column is not None and files_of(text.source, text.storage_options) is not None
    base = INTERPRETER + (TABLES if is_table else 0)
    for values in (low, likely, high):
        values["memory"] += base
    stages: dict[str, Any] = dict(
        zip(
            ("counting", "preparing", "training"),
            counts._core.seconds(dim, training),
            strict=True,
        )
    )
    bounds = {name: (low[name], high[name]) for name in likely}
    return FitEstimate(
        counts,
        dim,
        **likely,
        epochs=training["epochs"],
        seconds=stages,
        bounds=bounds,
        _optimizer=optimizer,
        _negative=negative,
        _keep_counts=keep,
        _base=base,
    )


def _time(seconds: float) -> str:
    if seconds >= 5400:
        return f"{seconds / 3600:.1f} h"
    return f"{seconds / 60:.1f} min" if seconds >= 90 else f"{seconds:.2g} s"
