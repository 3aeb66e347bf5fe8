"""Tokens of other tools as documents: spaCy, stanza, and files in CoNLL-U and similar formats.

Each function returns an iterable of lists of words, which every function that reads a text takes.
Attributes such as the lemma thus become the words that are counted.

Examples
--------
>>> from glove_rs import Vocabulary, tokens
>>> sentence = [{"form": "Cats", "lemma": "cat"}, {"form": "sat", "lemma": "sit"}]
>>> Vocabulary.from_corpus(tokens.from_conllu([sentence]), min_count=1).words
['cat', 'sit']
"""

from ._conllu import from_conllu
from ._documents import Tokens
from ._spacy import from_spacy
from ._stanza import from_stanza

__all__ = ["Tokens", "from_conllu", "from_spacy", "from_stanza"]
