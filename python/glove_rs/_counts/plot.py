"""A plot of the ratios of a contrast."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from .._drawing import new_axes
from .._vectors.fonts import usable_families

__all__ = ["ratios"]


class _Contrast(Protocol):
    @property
    def i(self) -> str: ...
    @property
    def j(self) -> str: ...
    @property
    def words(self) -> Sequence[str]: ...
    @property
    def values(self) -> dict[str, NDArray[np.float64]]: ...


def ratios(contrast: _Contrast, ax: Any) -> Any:
    """Draw the ratios of a contrast; see :meth:`Contrast.plot`."""
    ratio = contrast.values["ratio"]
    if np.isnan(ratio).all():
        raise ValueError("plot needs at least one context word with a ratio, got none")
    ax = new_axes(ax, len(ratio))
    lines = np.arange(len(ratio))
    finite = np.isfinite(ratio) & (ratio > 0)
    ax.hlines(lines[finite], 1, ratio[finite], color="0.6", zorder=1)
    ax.scatter(ratio[finite], lines[finite], zorder=2)
    ax.axvline(1, color="0.3", linewidth=0.8)
    ax.set_xscale("log")
    # The axis goes from 1 / largest to largest. `largest` is twice the largest ratio or inverse
    # ratio, but at least 3: if all ratios were 1, the axis would otherwise be too short to read.
    largest = 2 * max(1.5, *ratio[finite], *(1 / ratio[finite])) if finite.any() else 10.0
    ax.set_xlim(1 / largest, largest)
    for edge, marker, beyond in ((largest, ">", ratio == np.inf), (1 / largest, "<", ratio == 0)):
        ax.hlines(lines[beyond], 1, edge, color="0.6", linestyle="dotted", zorder=1)
        ax.scatter(
            np.full(int(beyond.sum()), edge), lines[beyond], marker=marker, clip_on=False, zorder=3
        )
    names = [*contrast.words, contrast.i, contrast.j]
    families = usable_families(names)
    ax.set_yticks(lines)
    for label in ax.set_yticklabels(contrast.words, fontfamily=families):
        label.set_parse_math(False)  # a word may have dollar signs
    ax.set_ylim(len(ratio) - 0.5, -0.5)
    label = ax.set_xlabel(f"P(k|{contrast.i}) / P(k|{contrast.j})", fontfamily=families)
    label.set_parse_math(False)
    return ax
