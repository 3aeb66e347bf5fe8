"""GloVe word vectors at the speed of the hardware.

>>> from glove_rs import Glove
>>> model = Glove(dim=10, min_count=1, epochs=5).fit(["an apple a day", "keeps the doctor away"])
>>> len(model.vectors)
8
"""

import importlib
from typing import TYPE_CHECKING, Any

from . import _boundary

_boundary.guard()  # before anything takes a function from the core

from ._core import FormatError, InternalError, TrainingDiverged, __version__, simd_level  # noqa: E402
from ._fit.estimate import FitEstimate  # noqa: E402
from ._fit.training import EpochState  # noqa: E402
from .cooccurrence import Cooccurrence, Estimate  # noqa: E402
from .glove import Glove, NotFittedError  # noqa: E402
from .vectors import WordVectors  # noqa: E402
from .vocabulary import Vocabulary  # noqa: E402

if TYPE_CHECKING:
    from . import evaluation

__all__ = [
    "Cooccurrence",
    "EpochState",
    "Estimate",
    "FitEstimate",
    "FormatError",
    "Glove",
    "InternalError",
    "NotFittedError",
    "TrainingDiverged",
    "Vocabulary",
    "WordVectors",
    "__version__",
    "evaluation",
    "simd_level",
]


def __getattr__(name: str) -> Any:
    """Import :mod:`glove_rs.evaluation` on first use; most programs never evaluate."""
    if name == "evaluation":
        return importlib.import_module(".evaluation", __name__)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
