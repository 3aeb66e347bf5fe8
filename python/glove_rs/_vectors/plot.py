"""Pictures of word vectors: a scatter plot of some words, and a table of neighbours as HTML."""

from __future__ import annotations

import html
import importlib
import warnings
from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .._drawing import new_axes
from .fonts import usable_families

__all__ = ["frequent_rows", "neighbour_table", "principal_plane", "scatter"]

# If the user names no words, `_DRAWN` words are drawn. The first `_FIRST` words are left out if
# there are enough others: the most frequent words are often function words such as "the".
_FIRST, _DRAWN = 100, 30

# The largest number of pairs of labels that adjustText compares, over all its rounds. It limits the
# time: if there are many labels, there are fewer rounds, but at least one.
_PAIRS = 50_000


def frequent_rows(count: int) -> range:
    """Return the rows to draw of `count` words, if the user names no words.

    They are the rows 100 to 129, or with fewer rows the first 30.
    """
    first = _FIRST if count >= _FIRST + _DRAWN else 0
    return range(first, min(first + _DRAWN, count))


def scatter(words: Sequence[str], rows: NDArray[Any], ax: Any) -> Any:
    """Draw rows on the plane of their first two principal components, each with its word.

    See :meth:`glove_rs.WordVectors.plot`.
    """
    ax = new_axes(ax)
    points, variance = principal_plane(rows)
    ax.scatter(points[:, 0], points[:, 1])
    ax.margins(0.1)
    ax.set_aspect("equal", adjustable="datalim")
    ax.set_xlabel(f"first principal component ({variance[0]:.0%} of the variance)")
    ax.set_ylabel(f"second principal component ({variance[1]:.0%} of the variance)")
    families = usable_families(words)
    try:
        adjust_text = importlib.import_module("adjustText").adjust_text
    except ImportError:
        _label_beside(ax, words, points, families)
    else:
        _label_apart(ax, words, points, families, adjust_text)
    return ax


def _label_beside(
    ax: Any, words: Sequence[str], points: NDArray[np.float64], families: list[str]
) -> None:
    """Write each word beside its point."""
    for word, point in zip(words, points, strict=True):
        # Write the text towards the middle of the picture, where there is room for a long word.
        side = "right" if point[0] > 0 else "left"
        ax.annotate(
            word,
            point,
            xytext=(-4 if side == "right" else 4, 4),
            textcoords="offset points",
            horizontalalignment=side,
            fontfamily=families,
            parse_math=False,  # a word may have dollar signs
        )


def _label_apart(
    ax: Any,
    words: Sequence[str],
    points: NDArray[np.float64],
    families: list[str],
    adjust_text: Any,
) -> None:
    """Write each word near its point, where it covers few other words and points."""
    labels = [
        ax.annotate(word, point, xytext=point, fontfamily=families, parse_math=False)
        for word, point in zip(words, points, strict=True)
    ]
    with warnings.catch_warnings():
        # adjustText draws the labels to measure them, and matplotlib then warns of each missing
        # character. `scatter` has already warned of these characters.
        warnings.filterwarnings("ignore", message="Glyph .* missing from")
        adjust_text(
            labels,
            x=points[:, 0],
            y=points[:, 1],
            ax=ax,
            iter_lim=max(1, _PAIRS // len(words) ** 2),
            arrowprops={"arrowstyle": "-", "color": "0.6", "linewidth": 0.8},
        )


def principal_plane(rows: NDArray[Any]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Project rows onto their first two principal components.

    Returns
    -------
    points : ndarray of float64, shape (n, 2)
        The coordinates of each row on the two components. The sign of each component is chosen so
        that its coordinate of largest magnitude is positive. So the picture is the same on every
        machine.
    variance : ndarray of float64, shape (2,)
        The fraction of the variance along each component.
    """
    centred = rows.astype(np.float64)
    centred -= centred.mean(axis=0)
    left, lengths, _ = np.linalg.svd(centred, full_matrices=False)
    points = np.zeros((len(rows), 2))
    used = min(2, len(lengths))
    points[:, :used] = left[:, :used] * lengths[:used]
    points *= np.where(points.max(axis=0) >= -points.min(axis=0), 1, -1)
    squares = np.zeros(2)
    squares[:used] = lengths[:used] ** 2
    total = float((lengths**2).sum())
    return points, squares / total if total > 0 else squares


def neighbour_table(
    caption: str, words: Iterable[str], neighbours: Iterable[Iterable[tuple[str, float]]]
) -> str:
    """Return an HTML table of words and their nearest neighbours."""
    rows = "".join(
        f"<tr><th>{html.escape(word)}</th>"
        + "".join(f"<td>{html.escape(other)} {cosine:.2f}</td>" for other, cosine in near)
        + "</tr>"
        for word, near in zip(words, neighbours, strict=True)
    )
    return (
        f"<table><caption>{html.escape(caption)}</caption>"
        '<thead><tr><th>word</th><th colspan="5">nearest, by cosine</th></tr></thead>'
        f"<tbody>{rows}</tbody></table>"
    )
