"""A picture of words and their neighbours as SVG, without matplotlib."""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence
from html import escape

import numpy as np
import numpy.typing as npt

from .. import WordVectors

__all__ = ["words_map"]

_F64 = npt.NDArray[np.float64]

_WIDTH, _HEIGHT, _MARGIN = 860, 520, 40
_FONT, _LINE = 14, 17  # pixels; the height of a label includes the space below it
_ROUNDS = 200  # the largest number of rounds that move labels apart

# The first four colours are from the palette of Okabe and Ito, whose colours readers with colour
# blindness can tell apart.
_COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#56780A", "#5B4B8A")


def words_map(wv: WordVectors, words: Sequence[str], neighbours: int = 6) -> str:
    """Return a picture of `words` and their neighbours as SVG.

    A word and its neighbours have the same colour, and `words` are bold. The axes are the first two
    principal components of the vectors, after each vector was scaled to length 1. Words are spread
    over the picture, and labels that overlap are moved apart. So distances in the picture are only
    approximate.

    Parameters
    ----------
    wv : WordVectors
        The vectors.
    words : sequence of str
        Words of `wv`.
    neighbours : int, default 6
        Number of neighbours of each word.
    """
    groups: dict[str, int] = {word: number for number, word in enumerate(words)}
    for number, word in enumerate(words):
        for other, _ in wv.most_similar(word, topn=neighbours):
            groups.setdefault(other, number)
    points = _apart(_plane(wv, list(groups)), [_width(word) for word in groups])
    labels = [
        f'<text x="{x:.0f}" y="{y:.0f}" fill="{_COLOURS[number % len(_COLOURS)]}"'
        f"{' font-weight=' + chr(34) + 'bold' + chr(34) if word in words else ''}>"
        f"{escape(word)}</text>"
        for (word, number), (x, y) in zip(groups.items(), points, strict=True)
    ]
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH} {_HEIGHT}" '
        f'font-family="sans-serif" font-size="{_FONT}" text-anchor="middle" role="img">\n'
        f"<title>Words and their nearest neighbours: {escape(', '.join(words))}</title>\n"
        '<rect width="100%" height="100%" fill="#ffffff"/>\n' + "\n".join(labels) + "\n</svg>\n"
    )


def _plane(wv: WordVectors, words: list[str]) -> _F64:
    """Return two coordinates from 0 to 1 for each word, by its first two principal components.

    The shape of the result is (words, 2).
    """
    vectors = np.stack([wv[word] for word in words]).astype(np.float64)
    lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
    vectors = np.nan_to_num(vectors / np.where(lengths == 0, 1.0, lengths))
    centred = vectors - vectors.mean(axis=0)
    left, values, _ = np.linalg.svd(centred, full_matrices=False)
    points = np.zeros((len(words), 2))
    kept = min(2, len(values))
    points[:, :kept] = left[:, :kept] * values[:kept]
    # Each coordinate is the mean of two numbers: the component of the word, scaled to 0 to 1, and
    # the rank of the word by this component, scaled alike. The ranks spread the many words that are
    # close together in the middle.
    ranks = points.argsort(axis=0).argsort(axis=0) / max(1, len(words) - 1)
    span = np.ptp(points, axis=0)
    spread: _F64 = (ranks + (points - points.min(axis=0)) / np.where(span == 0, 1.0, span)) / 2
    return spread


def _width(word: str) -> float:
    """Return the approximate width of a word in pixels."""
    wide = sum(unicodedata.east_asian_width(character) in "WF" for character in word)
    return _FONT * (0.6 * (len(word) - wide) + wide) + 6


def _apart(points: _F64, widths: list[float]) -> _F64:
    """Return the position of each label in pixels, with overlapping labels moved apart.

    Labels are moved until none overlap, but in at most `_ROUNDS` rounds.

    Parameters
    ----------
    points : ndarray of float64, (words, 2)
        The coordinates of the words, from 0 to 1.
    widths : list of float
        The width of each label in pixels.

    Returns
    -------
    ndarray of float64, (words, 2)
    """
    half = np.array(widths) / 2
    size = np.array([_WIDTH, _HEIGHT], dtype=np.float64)
    at = _MARGIN + points * (size - 2 * _MARGIN)
    for _ in range(_ROUNDS):
        apart = at[:, None, :] - at[None, :, :]
        overlap_x = half[:, None] + half[None, :] - np.abs(apart[..., 0])
        overlap_y = _LINE - np.abs(apart[..., 1])
        hits = (overlap_x > 0) & (overlap_y > 0)
        np.fill_diagonal(hits, val=False)
        if not hits.any():
            break
        # Move each of two overlapping labels by half of the overlap, one up and the other down. If
        # they have the same height, the label with the larger index moves down.
        order = np.sign(apart[..., 1]) + (apart[..., 1] == 0) * np.sign(
            np.arange(len(at))[:, None] - np.arange(len(at))[None, :]
        )
        at[:, 1] += (hits * order * (overlap_y / 2 + 0.5)).sum(axis=1).clip(-_LINE, _LINE)
        at[:, 1] = at[:, 1].clip(_LINE, _HEIGHT - 6)
        at[:, 0] = at[:, 0].clip(half, _WIDTH - half)
    return at
