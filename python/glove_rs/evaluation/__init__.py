"""Measure word vectors: analogy questions, human similarity ratings and categories of words.

:func:`analogies`, :func:`similarity` and :func:`categories` each read a file in the usual formats,
:func:`evaluate` chooses one of them for a file, and :func:`panel` measures all files of a folder.
The result states the protocol. A word that is unknown, or whose vector has NaN or infinity, is left
out together with its question or pair. The result has the number of items that were left out.
"""

from .._vectors.analogy import METHODS
from ._analogies import AnalogyResult, AnalogyScore, analogies
from ._categories import CategoryResult, categories
from ._evaluate import evaluate
from ._panel import Panel, panel
from ._score import PanelRow, Score
from ._set_files import read_questions
from ._similarity import SimilarityResult, similarity

__all__ = [
    "METHODS",
    "AnalogyResult",
    "AnalogyScore",
    "CategoryResult",
    "Panel",
    "PanelRow",
    "Score",
    "SimilarityResult",
    "analogies",
    "categories",
    "evaluate",
    "panel",
    "read_questions",
    "similarity",
]
