"""Tokens of spaCy's Docs as documents."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from .._checks import choice, shown
from ._documents import UNITS, Attribute, Keep, Tokens, check_set, word_of

__all__ = ["from_spacy"]


def from_spacy(
    docs: Iterable[Any],
    attribute: Attribute = "lemma_",
    *,
    unit: str = "document",
    keep: Keep | None = None,
) -> Tokens:
    """Return the tokens of spaCy's ``Doc`` objects as documents.

    Parameters
    ----------
    docs : iterable of spacy.tokens.Doc
        For example ``nlp.pipe(texts)`` or ``DocBin.get_docs(vocab)``.
    attribute : str or callable, default "lemma_"
        The attribute of a token that is the word, such as "text", "lower_", "lemma_" or "pos_"; or
        a function from a token to a str, such as ``lambda t: f"{t.lemma_}_{t.pos_}"``. Tokens of
        white space, and tokens without a value, are left out.
    unit : {"document", "sentence"}, default "document"
        What a document is: a Doc, or a sentence of it. Windows never cross the end of a document.
    keep : callable, optional
        A function from a token to bool, such as ``lambda t: not t.is_punct``. Tokens for which it
        returns False are left out. Reading is faster without `keep` and with one of the attributes
        text, orth_, lemma_, lower_, norm_, shape_, pos_, tag_, dep_ and ent_type_, because no
        Python object is created for each token.

    Returns
    -------
    Tokens
        An iterable of lists of words.

    Raises
    ------
    TypeError
        When the documents are read: if an item is not a Doc, or if the attribute is not text.
    ValueError
        If `unit` is not one of the choices. When the documents are read: if `attribute` is a lemma,
        part of speech, tag or dependency that no token of a document has, because the pipeline has
        no component that sets it; or if `unit` is "sentence" and the pipeline has no component that
        finds sentences.

    Examples
    --------
    >>> import spacy
    >>> from glove_rs import Vocabulary, tokens
    >>> docs = spacy.blank("en").pipe(["The cat sat.", "A cat!"])
    >>> source = tokens.from_spacy(docs, "lower_", keep=lambda token: token.is_alpha)
    >>> Vocabulary.from_corpus(source, min_count=1).words
    ['cat', 'a', 'sat', 'the']
    """
    choice("unit", unit, UNITS)
    return Tokens(lambda: _of_spacy(docs, attribute, unit, keep))


def _of_spacy(
    docs: Iterable[Any], attribute: Attribute, unit: str, keep: Keep | None
) -> Iterator[list[str]]:
    known: dict[int, str] = {}
    for number, doc in enumerate(docs):
        if not hasattr(doc, "to_array") or not hasattr(doc, "vocab"):
            raise TypeError(
                f"docs must hold Docs of spaCy, got {shown(doc)}: pass nlp.pipe(texts) for texts"
            )
        words = _by_number(doc, attribute, known) if keep is None else None
        if words is None:
            used = [not token.is_space and (keep is None or keep(token)) for token in doc]
            pairs = zip(doc, used, strict=True)
            words = [word_of(token, attribute) if use else "" for token, use in pairs]
            has_tokens = any(used)
        else:
            has_tokens = any(words) or any(not token.is_space for token in doc)
        check_set(words, attribute, number, has_tokens)
        if unit == "document":
            yield [word for word in words if word]
        else:
            for sentence in doc.sents:
                yield [word for word in words[sentence.start : sentence.end] if word]


def _by_number(doc: Any, attribute: Attribute, known: dict[int, str]) -> list[str] | None:
    """Return the word of each token; "" for white space. No Python objects of tokens are created.

    The attributes are read with ``Doc.to_array``, in which each text is a number. `known` caches
    the text of each number. The result is None if `attribute` is a function, or is not in the list
    of attributes at the parameter `keep` of :func:`from_spacy`.
    """
    if not isinstance(attribute, str):
        return None
    name = {"text": "ORTH", "orth_": "ORTH", "ent_type_": "ENT_TYPE"}.get(attribute)
    if attribute in {"lemma_", "lower_", "norm_", "shape_", "pos_", "tag_", "dep_"}:
        name = attribute[:-1].upper()
    if name is None:
        return None
    numbers = doc.to_array([name, "IS_SPACE"])
    strings = doc.vocab.strings
    words = []
    for key, is_space in numbers.tolist():
        word = known.get(key)
        if word is None:
            if len(known) >= 1 << 20:
                known.clear()
            word = known[key] = strings[key]
        words.append("" if is_space else word)
    return words
