"""Progress bars of tqdm, updated from the thread that waits, so that notebooks show them."""

from __future__ import annotations

import sys
from collections.abc import Callable
from types import TracebackType
from typing import TYPE_CHECKING, Any, TypeAlias

from ._checks import shown

if TYPE_CHECKING:
    from tqdm.auto import tqdm

__all__ = ["Progress", "reporter"]

#: Called as ``progress(stage, done, total, info)``.
Callback: TypeAlias = Callable[[str, int, int, dict[str, Any]], object]
#: What the public parameter `progress` takes.
Progress: TypeAlias = bool | Callback | None

_UNITS = {
    "tokenizing": "B",
    "counting": "token",
    "preparing": "record",
    "training": "record",
    "loading": "B",
}


class _Bars:
    """One bar per stage. The bar of a stage is completed when the next stage starts."""

    def __init__(self) -> None:
        self._bar: tqdm[Any] | None = None
        self._stage = ""

    def __call__(self, stage: str, done: int, total: int, info: dict[str, Any]) -> None:
        if stage != self._stage:
            self._finish()
            self._stage = stage
            if stage in _UNITS:
                # Imported here: programs that show no progress do without its 30 modules.
                from tqdm.auto import tqdm

                self._bar = tqdm(
                    desc=stage,
                    total=total or None,
                    initial=done,  # work done before the bar is not part of its rate
                    unit=_UNITS[stage],
                    unit_scale=True,
                    file=getattr(sys.stderr, "bare", sys.stderr),  # see cli/_terminal.py
                    leave=True,
                )
        if self._bar is None:
            return
        self._bar.n = min(done, total) if total else done
        if "loss" in info and stage == "training":
            self._bar.set_postfix(
                epoch=info["epoch"],
                loss=f"{info['loss']:.6f}",
                s_per_epoch=f"{info['seconds']:.2f}",
                refresh=False,
            )
        self._bar.refresh()

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


class reporter:  # noqa: N801 - used as a function: `with reporter(progress) as callback`
    """Context manager that turns the public parameter `progress` into a callback or `None`."""

    def __init__(self, progress: Progress) -> None:
        if progress is not None and not isinstance(progress, bool) and not callable(progress):
            raise ValueError(
                f"progress must be None, True, False or a callable, got {shown(progress)}"
            )
        self._bars: _Bars | None = None
        self._callback: Callback | None = None
        if callable(progress):
            self._callback = progress
        elif progress or (progress is None and sys.stderr is not None and sys.stderr.isatty()):
            self._bars = _Bars()
            self._callback = self._bars

    def __enter__(self) -> Callback | None:
        return self._callback

    def __exit__(
        self,
        kind: type[BaseException] | None,
        value: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        if self._bars is not None:
            self._bars.close(completed=kind is None)
