"""Categorisation purity: clusters of vectors against categories that people made."""

from __future__ import annotations

import itertools
import json
import math

import numpy as np
import pytest

pytest.importorskip("scipy", reason="scipy is not installed")

from glove_rs import FormatError, WordVectors, evaluation
from glove_rs.evaluation import CategoryResult, _categories


def written(folder, text, name="categories.tsv"):
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return path


def around(centres, spread, each=8, seed=0):
    """Words `c-i` of each category c, with vectors in about the direction of `centres[c]`."""
    rng = np.random.default_rng(seed)
    words = [f"{name}-{i}" for name, i in itertools.product(centres, range(each))]
    matrix = np.repeat(np.array(list(centres.values()), float), each, axis=0)
    matrix = matrix + spread * rng.normal(size=matrix.shape)
    return WordVectors(words, matrix * rng.uniform(0.1, 10, size=(len(words), 1)))


CENTRES = {"animal": [1, 0, 0], "fruit": [0, 1, 0], "country": [0, 0, 1]}


def lines_of(wv):
    return "".join(f"{word}\t{word.split('-')[0]}\n" for word in wv.index_to_key)


@pytest.mark.slow
def test_separate_categories_are_pure_whatever_the_lengths_of_their_vectors(tmp_path):
    wv = around(CENTRES, 0.05)
    result = evaluation.categories(wv, written(tmp_path, lines_of(wv)))
    assert (result.purity, result.clusters, result.answerable, result.skipped) == (1, 3, 24, 0)


def test_purity_is_the_share_of_the_most_frequent_categories(tmp_path):
    # One word of each category has the direction of the other category.
    rows = {"a1": (1, 0), "a2": (1, 0.1), "a3": (0, 1), "b1": (0.1, 1), "b2": (0, 2), "b3": (3, 0)}
    wv = WordVectors(list(rows), np.array(list(rows.values()), float))
    path = written(tmp_path, "".join(f"{word} {word[0]}\n" for word in rows))
    assert evaluation.categories(wv, path).purity == pytest.approx(4 / 6)


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(4))
def test_purity_is_that_of_scikit_learns_clusters(tmp_path, seed):
    cluster = pytest.importorskip("sklearn.cluster", reason="scikit-learn is not installed")
    wv = around(CENTRES, 0.5, seed=seed)
    units = wv.vectors / np.linalg.norm(wv.vectors, axis=1, keepdims=True)
    found = cluster.AgglomerativeClustering(3, linkage="ward").fit_predict(units)
    names = np.array([word.split("-")[0] for word in wv.index_to_key])
    right = sum(max((names[found == k] == name).sum() for name in CENTRES) for k in range(3))
    result = evaluation.categories(wv, written(tmp_path, lines_of(wv)))
    assert result.purity == pytest.approx(right / 24)
    assert 0.4 < result.purity < 1


def test_unknown_words_and_vectors_that_are_not_finite_are_left_out_and_counted(tmp_path):
    wv = around(CENTRES, 0.05)
    path = written(tmp_path, lines_of(wv) + "zebra\tanimal\nquince\tfruit\n")
    matrix = wv.vectors.copy()
    matrix[3, 1] = np.nan
    result = evaluation.categories(WordVectors(wv.index_to_key, matrix), path)
    assert (result.purity, result.answerable, result.skipped, result.not_finite) == (1, 23, 3, 1)
    assert "1 of the skipped words have a vector with NaN or infinity" in str(result)


def test_a_vector_of_zeros_is_clustered(tmp_path):
    wv = WordVectors(["a", "b", "c", "zero"], np.array([[1, 0], [1, 0.1], [0, 1], [0, 0.0]]))
    result = evaluation.categories(wv, written(tmp_path, "a x\nb x\nc y\nzero y\n"))
    assert result.answerable == 4
    assert 0.5 <= result.purity <= 1


@pytest.mark.parametrize("known", [[], ["cat"], ["cat", "dog"]])
def test_purity_of_fewer_than_two_categories_is_undefined_and_says_so(tmp_path, known):
    words = [*known, "other"]
    wv = WordVectors(words, np.eye(len(words)))
    result = evaluation.categories(wv, written(tmp_path, "cat\tanimal\ndog\tanimal\npear\tfruit\n"))
    assert math.isnan(result.purity)
    assert result.to_dict()["purity"] is None
    assert "n/a" in str(result)
    assert "fewer than two categories" in str(result)


def test_restrict_vocab_and_lowercase_choose_the_words(tmp_path):
    wv = around(CENTRES, 0.05)
    path = written(tmp_path, lines_of(wv).title())
    assert evaluation.categories(wv, path).answerable == 24
    assert evaluation.categories(wv, path, lowercase=False).answerable == 0
    result = evaluation.categories(wv, path, restrict_vocab=16)
    assert (result.answerable, result.clusters) == (16, 2)
    assert "first 16 words" in result.protocol


def test_a_result_prints_and_converts(tmp_path):
    wv = around(CENTRES, 0.05)
    path = written(tmp_path, lines_of(wv))
    result = evaluation.categories(wv, path)
    protocol, head, rule, row = str(result).splitlines()
    assert "Ward" in protocol
    assert head.split() == ["file", "purity", "clusters", "answerable", "skipped"]
    assert set(rule) == {"-"}
    assert row.split() == ["categories.tsv", "100.0%", "3", "24", "0"]
    assert json.loads(json.dumps(result.to_dict())) == result.to_dict()
    assert wv.evaluate(path) == result
    assert isinstance(result, CategoryResult)


def test_more_words_than_can_be_clustered_are_refused(tmp_path, monkeypatch):
    wv = around(CENTRES, 0.05)
    monkeypatch.setattr(_categories, "_MOST_WORDS", 23)
    with pytest.raises(FormatError, match=r"categories\.tsv:1: expected at most 23 words to"):
        evaluation.categories(wv, written(tmp_path, lines_of(wv)))
