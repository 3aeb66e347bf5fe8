"""Train, inspect and use GloVe word vectors.

>>> from glove_rs import Glove
>>> model = Glove(dim=10, min_count=1, epochs=5).fit(["an apple a day", "keeps the doctor away"])
>>> len(model.vectors)
8
"""

import importlib
from typing import TYPE_CHECKING, Any

from . import _boundary

_boundary.guard()  # before any other module imports the functions of the core

from ._core import FormatError, InternalError, TrainingDiverged, __version__, simd_level  # noqa: E402

if TYPE_CHECKING:
    from . import alc, associations, compare, evaluation, kwic
    from ._bootstrap import Bootstrap, bootstrap
    from ._fit.epoch_state import EpochState
    from ._fit.estimate import FitEstimate
    from .cooccurrence import Cooccurrence, CountingEstimate
    from .glove import Glove, NotFittedError
    from .phrases import Phrases
    from .subwords import Subwords
    from .vectors import WordVectors
    from .vocabulary import Vocabulary

__all__ = [
    "Bootstrap",
    "Cooccurrence",
    "CountingEstimate",
    "EpochState",
    "FitEstimate",
    "FormatError",
    "Glove",
    "InternalError",
    "NotFittedError",
    "Phrases",
    "Subwords",
    "TrainingDiverged",
    "Vocabulary",
    "WordVectors",
    "__version__",
    "alc",
    "associations",
    "bootstrap",
    "compare",
    "evaluation",
    "kwic",
    "simd_level",
]

#: The module of each name. A module is imported when one of its names is first used, so that
#: commands that need no module, such as `glove-rs --version`, start faster.
_MODULES = {
    "Bootstrap": "_bootstrap",
    "bootstrap": "_bootstrap",
    "Cooccurrence": "cooccurrence",
    "CountingEstimate": "cooccurrence",
    "EpochState": "_fit.epoch_state",
    "FitEstimate": "_fit.estimate",
    "Glove": "glove",
    "NotFittedError": "glove",
    "Phrases": "phrases",
    "Subwords": "subwords",
    "Vocabulary": "vocabulary",
    "WordVectors": "vectors",
}
_PUBLIC_MODULES = {
    "alc",
    "associations",
    "compare",
    "cooccurrence",
    "evaluation",
    "glove",
    "kwic",
    "phrases",
    "subwords",
    "vectors",
    "vocabulary",
}


def __getattr__(name: str) -> Any:
    """Return a public class, function or module. Its module is imported on first use."""
    if name in _PUBLIC_MODULES:
        return importlib.import_module(f".{name}", __name__)
    if name in _MODULES:
        value = getattr(importlib.import_module(f".{_MODULES[name]}", __name__), name)
        globals()[name] = value
        return value
    if name == "Estimate":  # the former name of CountingEstimate
        from ._warnings import warn

        warn("glove_rs.Estimate is now CountingEstimate", DeprecationWarning)
        return __getattr__("CountingEstimate")
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__, *_PUBLIC_MODULES})
