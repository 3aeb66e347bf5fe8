"""Results that print as a table of one row."""

from __future__ import annotations

from .. import _html
from .._text import table

__all__ = ["OneRow"]


class OneRow:
    """A result that prints as its protocol, a head, one row and notes."""

    protocol: str

    def _cells(self) -> list[tuple[str, ...]]:
        raise NotImplementedError

    def _notes(self) -> list[str]:
        raise NotImplementedError

    def __str__(self) -> str:
        head, row = table(self._cells())
        return "\n".join([self.protocol, head, "-" * len(head), row, *self._notes()])

    def _repr_html_(self) -> str:
        """Return the table as HTML, for notebooks."""
        return _html.table(self._cells(), notes=[*self.protocol.split("\n"), *self._notes()])
