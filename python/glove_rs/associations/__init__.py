"""Associations of words: tests between sets of words, and axes from one set to another.

- :func:`weat` and :func:`sc_weat`: the Word Embedding Association Test for sets and for single
  words, with effect size and p-value (Caliskan, Bryson and Narayanan 2017).
- :func:`rnd`: Relative Norm Distance (Garg et al. 2018).
- :func:`ripa`: Relational Inner Product Association (Ethayarajh, Duvenaud and Hirst 2019).
- :func:`axis`: an axis such as cold to hot, and projections of words on it (An, Kwak and Ahn 2018;
  Kozlowski, Taddy and Evans 2019).
- :func:`read_sets`: reads sets of words from a file.

:func:`weat`, :func:`sc_weat`, :func:`rnd`, :func:`ripa` and :meth:`Axis.project` take `bootstrap`:
the models of a bootstrap of the text. The result then has intervals that show how much it depends
on the text. A p-value does not show this: it compares the given sets with other divisions of the
same words into sets. The intervals are computed as those of :class:`glove_rs.Bootstrap`, and are of
the kind that its attribute `interval` names.
"""

from ._axis import Axis, axis
from ._distances import DistanceResult, ripa, rnd
from ._sets import WordSet, read_sets
from ._weat import AssociationTest, SingleCategoryTest, sc_weat, weat

__all__ = [
    "AssociationTest",
    "Axis",
    "DistanceResult",
    "SingleCategoryTest",
    "WordSet",
    "axis",
    "read_sets",
    "ripa",
    "rnd",
    "sc_weat",
    "weat",
]
