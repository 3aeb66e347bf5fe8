"""spaCy reads exported vectors (``make spacy-check`` installs spaCy; else this is skipped)."""

from __future__ import annotations

import subprocess
import sys

import numpy as np
import pytest

from glove_rs import WordVectors

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
