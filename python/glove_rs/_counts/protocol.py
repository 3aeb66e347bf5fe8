"""The type of a matrix of counts for the modules of `_counts`."""

from __future__ import annotations

from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from .. import _core
from ..vocabulary import Vocabulary

__all__ = ["CountMatrix"]


class CountMatrix(Protocol):
    """The part of :class:`glove_rs.Cooccurrence` that this package uses."""

    _core: _core.CoreCooccurrence

    @property
    def vocabulary(self) -> Vocabulary: ...

    @property
    def context_vocabulary(self) -> Vocabulary: ...

    @property
    def is_rectangular(self) -> bool: ...

    @property
    def total(self) -> float: ...

    @property
    def _sums(self) -> tuple[NDArray[np.float64], NDArray[np.float64]]: ...
