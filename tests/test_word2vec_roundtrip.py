"""gensim reads the same vectors that ``save_word2vec`` writes."""

from __future__ import annotations

import numpy as np
import pytest

from glove_rs import Glove
from libraries import later

models = later("gensim.models")


@pytest.fixture(scope="module")
def model(zipf):
    """A small model whose words are not all ASCII."""
    model = Glove(dim=17, min_count=2, epochs=3).fit(zipf.path)
    assert any(not word.isascii() for word in model.vocabulary.words)
    return model


@pytest.mark.parametrize("binary", [False, True])
def test_gensim_reads_every_word_and_every_float(model, tmp_path, binary):
    path = tmp_path / "vectors"
    model.save_word2vec(path, binary=binary)
    read = models.KeyedVectors.load_word2vec_format(path, binary=binary)
    assert read.index_to_key == model.vocabulary.words
    assert read.vectors.shape == model.W.shape
    np.testing.assert_allclose(read.vectors, model.W + model.W_tilde, rtol=0, atol=1e-6)


def test_text_is_the_default(model, tmp_path):
    model.save_word2vec(tmp_path / "default")
    model.save_word2vec(str(tmp_path / "text"), binary=False)
    assert (tmp_path / "default").read_bytes() == (tmp_path / "text").read_bytes()


def test_the_header_tells_the_number_of_words_and_dimensions(model, tmp_path):
    for binary in (False, True):
        model.save_word2vec(tmp_path / "vectors", binary=binary)
        header = (tmp_path / "vectors").read_bytes().split(b"\n", 1)[0]
        assert header == f"{len(model.vocabulary)} 17".encode()


def test_text_has_one_line_per_word_and_no_invented_word(model, tmp_path):
    model.save_word2vec(tmp_path / "vectors.txt")
    lines = (tmp_path / "vectors.txt").read_text(encoding="utf-8").splitlines()
    assert [line.split(" ")[0] for line in lines[1:]] == model.vocabulary.words
    assert {len(line.rstrip().split(" ")) for line in lines[1:]} == {1 + 17}


@pytest.mark.parametrize("binary", [False, True])
def test_extreme_floats_survive(tmp_path, binary):
    rng = np.random.default_rng(8)
    X = np.exp(rng.normal(0, 15, (40, 40)))  # counts from 1e-20 to 1e20 spread the parameters
    model = Glove(dim=5, epochs=30).fit_cooccurrence(X)
    model.save_word2vec(tmp_path / "vectors", binary=binary)
    read = models.KeyedVectors.load_word2vec_format(tmp_path / "vectors", binary=binary)
    expected = model.W + model.W_tilde
    assert np.isfinite(expected).all()
    np.testing.assert_allclose(read.vectors, expected, rtol=1e-6, atol=1e-6)
