"""Bootstrap and jackknife replicates of a model: the implementation of `glove_rs.bootstrap`."""

from .estimates import Estimate
from .result import Bootstrap
from .run import bootstrap

__all__ = ["Bootstrap", "Estimate", "bootstrap"]
