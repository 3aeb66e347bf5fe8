"""The module in which pickles of earlier versions look for the results of a training."""

from .fitted import Fitted
from .history import History

__all__ = ["Fitted", "History"]
