"""Progress: bars of tqdm, lines where there is no terminal, and the log ``glove_rs``.

Bars, lines and log are updated on the thread that called `fit` or another long function, because
notebooks show the output of that thread below the cell.
"""

from __future__ import annotations

import importlib.util
import sys
import time
from collections.abc import Callable
from types import TracebackType
from typing import TYPE_CHECKING, Any, Protocol, TypeAlias

from ._checks import shown

if TYPE_CHECKING:
    import logging

    from tqdm.std import tqdm

__all__ = ["Progress", "reporter"]

#: A function that is called as ``progress(stage, done, total, info)``.
ProgressCallback: TypeAlias = Callable[[str, int, int, dict[str, Any]], object]
#: The type of the public parameter `progress`.
Progress: TypeAlias = bool | ProgressCallback | None

_UNITS = {
    "tokenizing": "B",
    "counting": "token",
    "preparing": "pair",
    "training": "record",
    "loading": "B",
    "subwords": "step",
    "resampling": "draw",
    "replicates": "replicate",
    "slices": "slice",
}


#: The least number of seconds between two drawings of a bar.
_REDRAWN = 0.05


class _Display(Protocol):
    """A display of progress: bars or lines."""

    def __call__(self, stage: str, done: int, total: int, info: dict[str, Any]) -> None:
        """Show how much of a stage is done."""

    def close(self, *, completed: bool) -> None:
        """Close the display. `completed` is False after an exception."""


class _Bars:
    """One bar for each stage in `_UNITS`, completed when the next stage starts."""

    def __init__(self) -> None:
        self._bar: tqdm[Any] | None = None
        self._stage = ""
        self._drawn = 0.0

    def __call__(self, stage: str, done: int, total: int, info: dict[str, Any]) -> None:
        if stage != self._stage:
            self._finish()
            self._stage = stage
            if stage in _UNITS:
                self._bar = _bar(
                    desc=stage,
                    total=total or None,
                    # Otherwise work that was done before the bar appeared would raise the rate that
                    # the bar shows.
                    initial=done,
                    unit=_UNITS[stage],
                    unit_scale=True,
                    leave=True,
                )
        if self._bar is None:
            return
        self._bar.total = total or None
        self._bar.n = min(done, total) if total else done
        if "loss" in info and stage == "training":
            self._bar.set_postfix(
                epoch=info["epoch"],
                loss=f"{info['loss']:.6f}",
                s_per_epoch=f"{info['seconds']:.2f}",
                refresh=False,
            )
        # A training can have thousands of short epochs, and drawing the bar takes time. So the bar
        # is not drawn for each epoch.
        if time.monotonic() - self._drawn > _REDRAWN:
            self._bar.refresh()
            self._drawn = time.monotonic()

    def _finish(self) -> None:
        if self._bar is not None:
            if self._bar.total:
                self._bar.n = self._bar.total
            self._bar.refresh()
            self._bar.close()
            self._bar = None

    def close(self, *, completed: bool) -> None:
        if completed:
            self._finish()
        elif self._bar is not None:
            self._bar.close()
            self._bar = None


def _bar(**options: Any) -> tqdm[Any]:
    """Make a bar: a widget in a notebook if ipywidgets is installed, otherwise text."""
    # tqdm is imported here, so that programs without progress bars do not load its modules.
    # `tqdm.auto` is not used: in a notebook without ipywidgets it shows a warning in a red box.
    if _in_notebook():
        if importlib.util.find_spec("ipywidgets") is not None:
            from tqdm.notebook import tqdm as widget

            return widget(**options)
        options["file"] = sys.stdout  # a notebook shows standard error in a red box
    else:
        # The command line replaces stderr by a stream that escapes control characters, which a bar
        # needs. `bare` is the original stream.
        options["file"] = getattr(sys.stderr, "bare", sys.stderr)
    from tqdm.std import tqdm as text

    return text(**options)


def _shows_bars() -> bool:
    return (sys.stderr is not None and sys.stderr.isatty()) or _in_notebook()


def _in_notebook() -> bool:
    """Return whether the program runs in a kernel of Jupyter."""
    ipython = sys.modules.get("IPython")
    shell = None if ipython is None else ipython.get_ipython()
    return hasattr(shell, "kernel")


class _Lines:
    """One line at the end of each stage except "idle", and of each epoch."""

    def __init__(self, write: Callable[[str], object]) -> None:
        self._write = write
        self._stage = ""
        self._done = self._epoch = 0
        self._begun = 0.0

    def __call__(self, stage: str, done: int, total: int, info: dict[str, Any]) -> None:
        if stage != self._stage:
            self._finish()
            self._stage, self._begun, self._done = stage, time.monotonic(), 0
        self._done = max(done, self._done)
        if info and info["epoch"] > self._epoch and stage == "training":
            self._epoch = info["epoch"]
            validation = info.get("validation")
            self._write(
                f"epoch {info['epoch']}: loss {info['loss']:.6f}, "
                + ("" if validation is None else f"validation loss {validation:.6f}, ")
                + f"{info['seconds']:.2f} s, {info['records_per_second']:,.0f} records/s"
            )

    def _finish(self) -> None:
        if self._stage and self._stage != "idle":
            unit = _UNITS.get(self._stage, "")
            unit = {"": "", "B": " bytes"}.get(unit, f" {unit}s")
            seconds = time.monotonic() - self._begun
            self._write(f"{self._stage}: {self._done:,}{unit} in {seconds:.1f} s")

    def close(self, *, completed: bool) -> None:
        if completed:
            self._finish()


def _write_line(line: str) -> None:
    # One write for the line and its newline: Ctrl-C may arrive between two writes.
    sys.stderr.write(f"glove-rs: {line}\n")
    sys.stderr.flush()


def _logger() -> logging.Logger | None:
    """Return the log, or None if no line would be logged.

    No line is logged if the program has not imported `logging`, or if the level of the log is above
    INFO.
    """
    module = sys.modules.get("logging")
    if module is None:
        return None
    logger: logging.Logger = module.getLogger("glove_rs")
    return logger if logger.isEnabledFor(module.INFO) else None


def _logs_to_stderr(logger: logging.Logger | None) -> bool:
    """Return whether the log already writes its lines of level INFO to standard error."""
    while logger is not None:
        for handler in logger.handlers:
            stream = getattr(handler, "stream", None)
            if handler.level <= sys.modules["logging"].INFO and stream is sys.stderr:
                return True
        logger = logger.parent if logger.propagate else None
    return False


class reporter:  # noqa: N801 - used as a function: `with reporter(progress) as callback`
    """Context manager that turns the public parameter `progress` into a callback or `None`.

    If `progress` is a function, the callback calls it. For None or True, the callback draws bars on
    a terminal or in a notebook. Elsewhere it prints lines for True, unless the log already writes
    them to standard error. For any value of `progress`, also False, the log gets a line for each
    stage and epoch, unless :func:`_logger` returns None. If there is nothing to call, to show or to
    log, the callback is None.

    Raises
    ------
    ValueError
        If `progress` has another type.
    """

    def __init__(self, progress: Progress) -> None:
        if progress is not None and not isinstance(progress, bool) and not callable(progress):
            raise ValueError(
                f"progress must be None, True, False or a callable, got {shown(progress)}"
            )
        self._displays: list[_Display] = []
        callbacks: list[ProgressCallback] = [progress] if callable(progress) else []
        logger = _logger()
        if not callbacks and progress is not False and _shows_bars():
            self._displays.append(_Bars())
        elif progress is True and sys.stderr is not None and not _logs_to_stderr(logger):
            self._displays.append(_Lines(_write_line))
        if logger is not None:
            self._displays.append(_Lines(logger.info))
        callbacks += self._displays
        self._callback = callbacks[0] if len(callbacks) == 1 else _all(callbacks)

    def __enter__(self) -> ProgressCallback | None:
        return self._callback

    def __exit__(
        self,
        kind: type[BaseException] | None,
        value: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        for display in self._displays:
            display.close(completed=kind is None)


def _all(callbacks: list[ProgressCallback]) -> ProgressCallback | None:
    """Return one callback that calls all of them, or None if there are none."""
    if not callbacks:
        return None

    def call(stage: str, done: int, total: int, info: dict[str, Any]) -> None:
        for callback in callbacks:
            callback(stage, done, total, info)

    return call
