"""GloVe word vectors at the speed of the hardware.

>>> from glove_rs import Glove
>>> model = Glove(dim=10, min_count=1, epochs=5).fit(["an apple a day", "keeps the doctor away"])
>>> len(model.vectors)
8
"""

from . import evaluation
from ._core import FormatError, TrainingDiverged, __version__, simd_level
from ._training import EpochState
from .cooccurrence import Cooccurrence, Estimate
from .glove import Glove, NotFittedError
from .vectors import WordVectors
from .vocabulary import Vocabulary

__all__ = [
    "Cooccurrence",
    "EpochState",
    "Estimate",
    "FormatError",
    "Glove",
    "NotFittedError",
    "TrainingDiverged",
    "Vocabulary",
    "WordVectors",
    "__version__",
    "evaluation",
    "simd_level",
]
