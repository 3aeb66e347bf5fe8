"""Choose installed fonts with which matplotlib can draw all characters of some words."""

from __future__ import annotations

import functools
import unicodedata
from collections.abc import Iterable
from typing import Any

from .._optional import optional
from .._warnings import warn

__all__ = ["advice", "families_for", "usable_families"]

# This font draws every character as a box with the name of the script, so it is never chosen.
_BOXES_FONT = "Last Resort"
_CJK = ("CJK", "HIRAGANA", "KATAKANA", "HANGUL", "BOPOMOFO")


def usable_families(words: Iterable[str]) -> list[str]:
    """Return the families of :func:`families_for`, and warn of characters that no font has."""
    families, missing = families_for(words)
    if missing:
        warn(advice(missing))
    return families


def families_for(words: Iterable[str]) -> tuple[list[str], set[str]]:
    """Choose font families for words.

    Returns
    -------
    families : list of str
        matplotlib's default families, then installed families with the characters that the default
        ones lack. matplotlib draws each character with the first family that has it.
    missing : set of str
        Characters that no installed font has.
    """
    manager = optional("matplotlib.font_manager", "plot")
    properties = manager.FontProperties()
    families = list(properties.get_family())
    needed = {ord(letter) for letter in "".join(words) if not letter.isspace()}
    for family in families:
        path = manager.findfont(manager.FontProperties(family=[family]))
        needed -= _characters(manager, path)
    if not needed:
        return families, set()
    more, missing = _installed_for(frozenset(needed))
    return [*families, *more], {chr(code) for code in missing}


def advice(missing: Iterable[str]) -> str:
    """Return a message that says which characters no font has, and which font to install."""
    letters = sorted(missing)
    some = " ".join(letters[:10]) + (" ..." if len(letters) > 10 else "")
    is_cjk = any(unicodedata.name(letter, "").startswith(_CJK) for letter in letters)
    font = (
        "Noto Sans CJK (Debian, Ubuntu: fonts-noto-cjk)"
        if is_cjk
        else ("one of Noto's (Debian, Ubuntu: fonts-noto)")
    )
    return f"no installed font has {some}: install a font that does, such as {font}"


# The result is cached for each set of characters, because the function opens all installed fonts.
@functools.lru_cache(maxsize=16)
def _installed_for(needed: frozenset[int]) -> tuple[tuple[str, ...], frozenset[int]]:
    """Return installed families with the characters `needed`, and the characters that none has."""
    manager = optional("matplotlib.font_manager", "plot")
    families, missing = _cover(manager, manager.fontManager.ttflist, needed)
    if missing:
        # matplotlib stores its list of fonts in a file: look for fonts that were installed later.
        known = {entry.fname for entry in manager.fontManager.ttflist}
        count = len(manager.fontManager.ttflist)
        for path in sorted(set(manager.findSystemFonts()) - known):
            try:
                manager.fontManager.addfont(path)
            except (OSError, RuntimeError):  # not a font that matplotlib reads
                continue
        more, missing = _cover(manager, manager.fontManager.ttflist[count:], missing)
        families += more
    return families, missing


def _cover(
    manager: Any, entries: Iterable[Any], needed: frozenset[int]
) -> tuple[tuple[str, ...], frozenset[int]]:
    """Choose families that together have the characters `needed`.

    Return the families, and the characters that no family has. Each step chooses the family that
    has most of the characters that are still missing.
    """
    has: dict[str, set[int]] = {}
    for entry in entries:
        # matplotlib draws the upright face, so only its characters matter.
        if entry.style == "normal" and not entry.name.startswith(_BOXES_FONT):
            has.setdefault(entry.name, set()).update(needed & _characters(manager, entry.fname))
    families: list[str] = []
    missing = set(needed)
    while missing:
        best = max(sorted(has), key=lambda name: len(has[name] & missing), default="")
        if not has.get(best, set()) & missing:
            break
        families.append(best)
        missing -= has[best]
    return tuple(families), frozenset(missing)


def _characters(manager: Any, path: str) -> set[int]:
    """Return the characters of a font; an empty set if the font cannot be read."""
    try:
        return set(manager.get_font(path).get_charmap())
    except (OSError, RuntimeError):
        return set()
