"""The part of a model that the modules behind :class:`glove_rs.Glove` use.

They name this protocol instead of the class, because the class imports them.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Protocol, Self

if TYPE_CHECKING:
    from .._progress import Progress
    from .training import Fitted

__all__ = ["Model"]


class Model(Protocol):
    """A model with its settings and, once fitted, its parameters."""

    dim: int
    lowercase: bool
    normalize: str | None
    progress: Progress
    subwords: bool | None
    _fitted: Fitted | None

    @property
    def _state(self) -> Fitted:
        """The vocabulary, history and parameters; NotFittedError before the first fit."""

    @property
    def settings_(self) -> dict[str, Any]:
        """Every setting that training used."""

    def get_params(self) -> dict[str, Any]:
        """Return the parameters of the constructor."""

    def set_params(self, **params: Any) -> Self:
        """Change parameters of the constructor."""

    @classmethod
    def _of_settings(cls, settings: Mapping[str, Any]) -> Self:
        """Make a model of the settings in a file."""
