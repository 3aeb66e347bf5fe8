"""spaCy reads exported vectors. Skipped without spaCy, which ``make spacy-check`` installs."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from glove_rs import WordVectors, tokens

spacy = pytest.importorskip("spacy", reason="spaCy is not installed: make spacy-check")


def test_spacy_init_vectors_reads_word2vec_text(tmp_path):
    words = ["ice", "Schnee", "水", "l'été", "a\u00a0b", "c\u0085d", "3.14", "<unk>"]
    matrix = np.random.default_rng(0).normal(size=(len(words), 20)).astype(np.float32)
    text, folder = tmp_path / "vectors.txt", tmp_path / "pipeline"
    WordVectors(words, matrix).save_word2vec_format(text)
    subprocess.run(
        [sys.executable, "-m", "spacy", "init", "vectors", "xx", text, folder],
        capture_output=True,
        check=True,
    )
    vocab = spacy.load(folder).vocab
    assert vocab.vectors.shape == matrix.shape
    for word, row in zip(words, matrix, strict=True):
        np.testing.assert_array_equal(vocab.get_vector(word), row)


def made(lemmas=None, pos=None):
    words = ["The", "cats", "\n", "sat", ".", "Oh", "!"]
    return spacy.tokens.Doc(
        spacy.blank("en").vocab,
        words=words,
        lemmas=lemmas,
        pos=pos,
        sent_starts=[True, False, False, False, False, True, False],
    )


LEMMAS = ["the", "cat", "\n", "sit", ".", "oh", "!"]


def test_lemmas_of_docs_are_documents_or_sentences():
    docs = [made(LEMMAS), made(LEMMAS)]
    words = ["the", "cat", "sit", ".", "oh", "!"]
    assert list(tokens.from_spacy(docs)) == [words, words]
    assert list(tokens.from_spacy(docs[:1], unit="sentence")) == [words[:4], words[4:]]
    assert list(tokens.from_spacy(docs[:1], keep=lambda t: t.is_alpha)) == [
        ["the", "cat", "sit", "oh"]
    ]


@pytest.mark.parametrize("attribute", ["text", "lower_", "lemma_", "norm_", "shape_"])
def test_attributes_have_the_same_texts_with_and_without_a_token_object(attribute):
    doc = made(LEMMAS)
    slow = list(tokens.from_spacy([doc], lambda token: getattr(token, attribute)))
    assert list(tokens.from_spacy([doc], attribute)) == slow
    assert list(tokens.from_spacy([doc], attribute, keep=lambda token: True)) == slow


def test_a_function_makes_words_of_several_attributes():
    doc = made(LEMMAS, ["DET", "NOUN", "SPACE", "VERB", "PUNCT", "INTJ", "PUNCT"])
    [found] = tokens.from_spacy([doc], lambda t: f"{t.lemma_}_{t.pos_}", keep=lambda t: t.is_alpha)
    assert found == ["the_DET", "cat_NOUN", "sit_VERB", "oh_INTJ"]
    assert next(iter(tokens.from_spacy([doc], "pos_")))[:2] == ["DET", "NOUN"]


def test_an_attribute_that_the_pipeline_does_not_set_is_an_error():
    docs = list(spacy.blank("en").pipe(["The cat sat."]))
    with pytest.raises(ValueError, match="no token of document 0 has lemma_"):
        list(tokens.from_spacy(docs))
    with pytest.raises(TypeError, match=r"lemma gives .*has the text in lemma_"):
        list(tokens.from_spacy(docs, "lemma"))
    assert list(tokens.from_spacy(docs, "ent_type_")) == [[]]


def test_the_example_of_the_documentation_runs():
    page = Path(__file__).resolve().parents[1] / "docs" / "tables.md"
    [code] = re.findall(r"^```py\n(.*?)^```$", page.read_text(encoding="utf-8"), re.M | re.S)
    exec(compile(code, "tables.md", "exec"), {})
