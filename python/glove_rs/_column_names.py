"""Names for columns of metadata in a table that also has columns of its own."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence

__all__ = ["beside", "refuse_repeated"]

_SUFFIX = "_metadata"


def beside(own: Collection[str], metadata: Sequence[str]) -> list[str]:
    """Return the names of columns of metadata in a table that has the columns `own` too.

    A name that is also in `own` gets the suffix "_metadata". The suffix is added again as long as
    another column has the resulting name. All other names stay. So no two columns have one name.
    """
    taken = {*own, *metadata}
    found = []
    for name in metadata:
        if name in own:
            while name in taken:
                name += _SUFFIX
            taken.add(name)
        found.append(name)
    return found


def refuse_repeated(names: Iterable[str], what: str) -> None:
    """Raise a ValueError if a name occurs twice. `what` names the owner of the columns."""
    seen: set[str] = set()
    for name in names:
        if name in seen:
            raise ValueError(f"{what} must have columns of different names, got {name!r} twice")
        seen.add(name)
