"""Helpers of the readers of tokens: documents that can be read again, and the word of a token."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Any, TypeAlias

from .._checks import shown

__all__ = ["UNITS", "Attribute", "Keep", "Tokens", "check_set", "word_of"]

#: A function that returns the word for a token, or the name of the attribute that is the word.
Attribute: TypeAlias = str | Callable[[Any], str]
#: A function that returns whether a token is used.
Keep: TypeAlias = Callable[[Any], object]

#: What a document is.
UNITS = ("document", "sentence")
#: Attributes that every annotated token has. If no token of a document has such an attribute, the
#: component of the pipeline that sets it is missing.
_ALWAYS_SET = {"lemma", "pos", "upos", "xpos", "tag", "dep", "deprel"}


class Tokens(Iterable[list[str]]):
    """Documents, each a list of words. Each iteration reads the source again.

    If the source is a generator or another iterator, both it and this object can be read only once.
    The functions of :mod:`glove_rs.tokens` return an object of this class.
    """

    def __init__(self, documents: Callable[[], Iterator[list[str]]]) -> None:
        self._documents = documents

    def __iter__(self) -> Iterator[list[str]]:
        return self._documents()


def word_of(token: Any, attribute: Attribute) -> str:
    """Return the word of a token; "" if it has none."""
    value = attribute(token) if callable(attribute) else getattr(token, attribute)
    if value is None:
        return ""
    if not isinstance(value, str):
        name = attribute if isinstance(attribute, str) else "the function"
        hint = f": spaCy has the text in {name}_" if hasattr(token, f"{name}_") else ""
        raise TypeError(f"attribute must give a str, but {name} gives {shown(value)}{hint}")
    return value


def check_set(words: Iterable[str], attribute: Attribute, number: int, has_tokens: bool) -> None:
    """Raise a ValueError if `attribute` is in `_ALWAYS_SET`, but no token of a document has it.

    `words` are the words of the tokens. `number` is the number of the document, for the message.
    A document without tokens is accepted.
    """
    if not has_tokens or any(words) or not isinstance(attribute, str):
        return
    if attribute.rstrip("_") in _ALWAYS_SET:
        raise ValueError(
            f"attribute must be set in the documents, but no token of document {number} has "
            f"{attribute}: add to the pipeline the component that sets it, or choose another "
            "attribute, such as text"
        )
