"""The type of a model for the modules of `_fit`.

These modules cannot import :class:`glove_rs.Glove`, because the module of that class imports them.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Protocol, Self

if TYPE_CHECKING:
    from .._progress import Progress
    from .fitted import Fitted

__all__ = ["Trainable"]


class Trainable(Protocol):
    """A model with its settings and, once fitted, its parameters."""

    dim: int
    lowercase: bool
    normalize: str | None
    progress: Progress
    subwords: bool | None
    _fitted: Fitted | None

    @property
    def _state(self) -> Fitted:
        """Vocabulary, history and parameters; a NotFittedError before the first fit."""

    @property
    def settings_(self) -> dict[str, Any]:
        """Every setting that training used."""

    def get_params(self) -> dict[str, Any]:
        """Return the parameters of the constructor."""

    def set_params(self, **params: Any) -> Self:
        """Change parameters of the constructor."""

    @classmethod
    def _of_settings(cls, settings: Mapping[str, Any]) -> Self:
        """Create a model from the settings in a file."""
