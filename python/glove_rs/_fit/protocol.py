"""The part of a model that the modules behind :class:`glove_rs.Glove` use.

They name this protocol instead of the class, because the class imports them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from .._training import Fitted

__all__ = ["Model"]


class Model(Protocol):
    """A model with its settings and, once fitted, its parameters."""

    lowercase: bool
    normalize: str | None

    @property
    def _state(self) -> Fitted:
        """The vocabulary, history and parameters; NotFittedError before the first fit."""

    @property
    def settings_(self) -> dict[str, Any]:
        """Every setting that training used."""
