"""Measure word vectors: analogy questions, human similarity ratings and categories of words.

Each function reads the usual file formats, and :func:`panel` a folder of such files. The result
states the protocol. A word that is unknown, or whose vector has NaN or infinity, is left out
together with its question or pair. The result counts what was left out.
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
