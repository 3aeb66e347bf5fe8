"""Compare word vectors of different texts, periods or groups.

>>> from glove_rs import Glove, compare
>>> early = ["the mouse ate cheese", "the cat saw the mouse"] * 20
>>> late = ["click the mouse button", "the mouse and keyboard"] * 20
>>> model = Glove(dim=5, threads=1, deterministic=True)
>>> periods = compare.slices(model, early + late, by=["early"] * 40 + ["late"] * 40)
>>> list(periods)
['early', 'late']

Vectors of two trainings are not comparable: each training finds its own axes. There are two ways to
make them comparable. :func:`align` rotates the vectors of one model to those of another.
:func:`slices` trains one set of context vectors on all of the text, and word vectors for each
period or group with these context vectors.
"""

from __future__ import annotations

from ._compare.alignment import align
from ._compare.changes import changed_words, neighbours
from ._compare.slices import Slices, slices

__all__ = ["Slices", "align", "changed_words", "neighbours", "slices"]
