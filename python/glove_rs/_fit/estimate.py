"""What a fit would take, before it is started. The models are in the core; this module formats."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from .. import _settings
from .._checks import boolean, memory_bytes
from .._io.sources import Source, files_of
from .._text import about, amount, columns
from ..cooccurrence import Cooccurrence, Estimate
from .protocol import Model

__all__ = ["Advice", "FitEstimate", "estimate"]

#: The interpreter with NumPy and this package, before any work.
INTERPRETER = 40_000_000


@dataclass(frozen=True)
class Advice:
    """Settings with which a fit stays within some memory.

    Attributes
    ----------
    fits : bool
        Whether the fit stays within that memory without a change.
    memory : int or None
        The memory limit to set, in bytes.
    disk : int or None
        Bytes of temporary files with this limit; None if no limit suffices.
    dim, max_vocab : int or None
        If no limit suffices: a smaller `dim`, or a smaller number of words, with which the fit
        stays within that memory. None if there is no such value.
    """

    fits: bool
    memory: int | None = None
    disk: int | None = None
    dim: int | None = None
    max_vocab: int | None = None

    def __str__(self) -> str:
        if self.fits:
            return "fits as it is"
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
    """What a fit would take, predicted from a sample of the text; prints as a table.

    Attributes
    ----------
    counts : Estimate
        The estimated numbers of tokens, words and records of the text.
    dim : int
        Components of a vector.
    parameters : int
        Bytes of the parameters, their accumulators and their copy, which no memory limit bounds.
    memory : int
        Bytes at the peak of a process that does nothing else, the interpreter included.
    disk : int
        Bytes of temporary files.
    seconds : mapping of str to float
        Seconds of "counting", "preparing" and "training" on this machine under its present load.
    bounds : mapping of str to (int, int)
        A range for each of `parameters`, `memory` and `disk`, from the spread of samples of real
        texts; numbers of a text whose words change from its beginning to its end can lie outside.
        If all of the text was read, only the bounds of `memory` differ: how much freed memory the
        system's allocator holds on to varies from run to run.
    """

    counts: Estimate
    dim: int
    parameters: int
    memory: int
    disk: int
    seconds: Mapping[str, float]
    bounds: Mapping[str, tuple[int, int]]
    _optimizer: str = field(repr=False, compare=False)
    _negative: float = field(repr=False, compare=False)
    _keep_counts: bool = field(repr=False, compare=False)

    def within(self, memory: int | str) -> Advice:
        """Return settings with which the fit stays within `memory`, in bytes or as "512MB".

        Raises
        ------
        ValueError
            For a bad `memory`.
        """
        available = memory_bytes(memory)
        room = float(available or 0) - INTERPRETER
        fits, limit, disk, dim, words = self.counts._core.advice(
            self.dim, self._optimizer, self._negative, room, self._keep_counts
        )
        return Advice(fits, limit, None if disk is None else round(disk), dim, words)

    def rows(self) -> list[tuple[str, str]]:
        """Return what is estimated, and how much of it."""

        def of(name: Literal["parameters", "memory", "disk"]) -> str:
            return about(getattr(self, name), self.bounds[name], amount)

        total = sum(self.seconds.values())
        stages = ", ".join(f"{name} {_time(s)}" for name, s in self.seconds.items())
        return [
            *self.counts.rows(),
            ("memory", of("memory")),
            ("parameters", f"{of('parameters')} of that, for vectors of dim {self.dim}"),
            ("disk", f"{of('disk')} of temporary files" if self.disk else "none"),
            ("time", f"about {_time(total)}: {stages}"),
        ]

    def __str__(self) -> str:
        return columns(self.rows())


def estimate(model: Model, source: Source, *, keep_counts: bool | None) -> FitEstimate:
    """Estimate a fit of this model to a text."""
    parameters = model.get_params()
    training = _settings.core_training(parameters)
    names = _settings.names("reading", "encoding", "counting", "running")
    settings = {name: parameters[name] for name in names if name not in {"tmp_dir", "progress"}}
    # As `fit` decides.
    keep = files_of(source) is None if keep_counts is None else boolean("keep_counts", keep_counts)
    counts = Cooccurrence.estimate(source, **settings)
    dim, optimizer, negative = model.dim, training["optimizer"], training["negative"]
    sizes = counts._core.fit(dim, optimizer, negative, keep)
    low, likely, high = (
        dict(zip(("parameters", "memory", "disk"), map(round, values), strict=True))
        for values in zip(*sizes, strict=True)
    )
    for values in (low, likely, high):
        values["memory"] += INTERPRETER
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
        seconds=stages,
        bounds=bounds,
        _optimizer=optimizer,
        _negative=negative,
        _keep_counts=keep,
    )


def _time(seconds: float) -> str:
    if seconds >= 5400:
        return f"{seconds / 3600:.1f} h"
    return f"{seconds / 60:.1f} min" if seconds >= 90 else f"{seconds:.2g} s"
