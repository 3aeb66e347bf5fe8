"""Words of stanza's Documents as documents."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from .._checks import choice, shown
from ._documents import UNITS, Attribute, Keep, Tokens, check_set, word_of

__all__ = ["from_stanza"]


def from_stanza(
    documents: Any,
    attribute: Attribute = "lemma",
    *,
    unit: str = "document",
    keep: Keep | None = None,
) -> Tokens:
    """Return the words of stanza's ``Document`` objects as documents.

    Parameters
    ----------
    documents : stanza Document or iterable of them
        For example ``nlp.bulk_process(texts)``.
    attribute : str or callable, default "lemma"
        The attribute that is taken as the word, such as "text", "lemma" or "upos"; or a function
        from a stanza word to a str. Words without a value are left out.
    unit : {"document", "sentence"}, default "document"
        What a document is: a Document, or a sentence of it.
    keep : callable, optional
        A function from a stanza word to bool. Words for which it returns False are left out.

    Raises
    ------
    TypeError
        When the documents are read: if an item is not a Document, or if the attribute is not text.
    ValueError
        If `unit` is not one of the choices. When the documents are read: if `attribute` is a lemma,
        part of speech or relation (deprel) that no word of a document has, because the pipeline has
        no processor that sets it.

    Examples
    --------
    >>> from types import SimpleNamespace as Made  # stands for stanza's objects here
    >>> from glove_rs import tokens
    >>> words = [Made(text="Cats", lemma="cat"), Made(text="sat", lemma="sit")]
    >>> document = Made(sentences=[Made(words=words)])
    >>> list(tokens.from_stanza(document))
    [['cat', 'sit']]
    """
    choice("unit", unit, UNITS)
    several = [documents] if hasattr(documents, "sentences") else documents
    return Tokens(lambda: _of_stanza(several, attribute, unit, keep))


def _of_stanza(
    documents: Iterable[Any], attribute: Attribute, unit: str, keep: Keep | None
) -> Iterator[list[str]]:
    for number, document in enumerate(documents):
        if not hasattr(document, "sentences"):
            raise TypeError(f"documents must hold Documents of stanza, got {shown(document)}")
        sentences = [
            [word_of(word, attribute) for word in sentence.words if keep is None or keep(word)]
            for sentence in document.sentences
        ]
        words = [word for sentence in sentences for word in sentence]
        check_set(words, attribute, number, bool(words))
        for part in [words] if unit == "document" else sentences:
            yield [word for word in part if word]
