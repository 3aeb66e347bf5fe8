"""Counts looked up by words: single counts and labelled tables, against the formulas."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from glove_rs import Cooccurrence

KINDS = ("count", "probability", "log", "pmi", "ppmi")


def naive(kind: str, X: np.ndarray, i: int, j: int) -> float:
    """The value of the kind `kind` for the words i and j, from its definition."""
    x, row, column, total = X[i, j], math.fsum(X[i]), math.fsum(X[:, j]), math.fsum(X.ravel())
    if kind == "count":
        return x
    if kind == "log":
        return math.log(x) if x else -math.inf
    if kind == "probability":
        return x / row if row else math.nan
    if kind == "ppmi" and not x:
        return 0.0
    if not row or not column:
        return math.nan
    pmi = math.log(x * total / (row * column)) if x else -math.inf
    return max(pmi, 0.0) if kind == "ppmi" else pmi


counts = st.integers(1, 8).flatmap(
    lambda n: arrays.arrays(
        np.float64, (n, n), elements=st.sampled_from([0.0, 0.0, 0.5, 1.0, 1 / 3, 7.0, 1e6])
    )
)


@pytest.mark.slow
@given(counts, st.sampled_from(KINDS), st.booleans(), st.data())
def test_a_table_has_the_values_of_the_definition(matrix, kind, mirrored, data):
    pytest.importorskip("pandas")
    if mirrored:
        matrix = matrix + matrix.T
    X = Cooccurrence.from_scipy(matrix)
    place = st.lists(st.integers(0, len(matrix) - 1), max_size=10)  # words may be repeated
    rows, columns = data.draw(place), data.draw(place)
    frame = X.to_pandas(map(str, rows), (str(j) for j in columns), kind=kind)
    expected = [[naive(kind, matrix, i, j) for j in columns] for i in rows]
    np.testing.assert_allclose(
        frame.to_numpy(), np.reshape(expected, (len(rows), len(columns))), rtol=1e-9, atol=1e-9
    )
    assert frame.index.tolist() == [str(i) for i in rows]
    assert frame.columns.tolist() == [str(j) for j in columns]
    for i in rows:
        for j in columns:
            assert X[str(i), str(j)] == matrix[i, j]


def test_a_table_of_the_whole_vocabulary_is_the_matrix():
    pytest.importorskip("pandas")
    X = Cooccurrence.from_corpus(["an apple a day", "an apple"], min_count=1, symmetric=False)
    frame = X.to_pandas()
    assert frame.index.tolist() == frame.columns.tolist() == X.vocabulary.words
    assert (frame.index.name, frame.columns.name) == ("word", "context")
    np.testing.assert_array_equal(frame.to_numpy(), X.to_scipy().toarray())
    assert X["an", "apple"] == 2.0
    assert X["apple", "an"] == 0.0


@pytest.mark.slow
def test_counts_on_disk_give_the_same_table(tmp_path):
    pytest.importorskip("pandas")
    rng = np.random.default_rng(1)
    words = [f"w{n}" for n in range(2_000)]
    text = [" ".join(rng.choice(words, 300)) for _ in range(300)]
    settings = {"min_count": 1, "window": 8, "tmp_dir": tmp_path}
    in_memory = Cooccurrence.from_corpus(text, **settings)
    on_disk = Cooccurrence.from_corpus(text, memory="1MB", **settings)
    assert "on disk" in repr(on_disk)
    assert "on disk" not in repr(in_memory)
    chosen = ["w3", "w1999", "w7"]
    for kind in KINDS:
        np.testing.assert_allclose(
            on_disk.to_pandas(chosen, kind=kind), in_memory.to_pandas(chosen, kind=kind), rtol=1e-9
        )


@pytest.fixture(scope="module")
def X():
    return Cooccurrence.from_corpus(["ice is solid", "steam is a gas"], min_count=1)


def test_an_unknown_word_is_named_with_a_suggestion(X):
    with pytest.raises(KeyError, match=r"'staem' not present in vocabulary; did you mean 'steam'"):
        X["ice", "staem"]
    with pytest.raises(KeyError, match=r"'staem' not present .* 'steam'"):
        X.to_pandas(["ice", "staem"])


def test_all_unknown_words_are_named(X):
    pytest.importorskip("pandas")
    with pytest.raises(KeyError, match=r"'staem', 'xyzzy' not .* did you mean 'steam' instead of"):
        X.to_pandas(["ice"], ["staem", "xyzzy", "ice"])
    with pytest.raises(KeyError, match=r"'word9' and 15 more not present"):
        X.to_pandas([f"word{n}" for n in range(25)])


@pytest.mark.parametrize("pair", ["ice", ("ice",), ("ice", "is", "solid"), 0, slice(None)])
def test_a_count_is_asked_for_by_two_words(X, pair):
    with pytest.raises(TypeError, match=r"takes two words, such as X\['ice', 'steam'\], got"):
        X[pair]


def test_a_matrix_is_not_a_collection_of_words(X):
    with pytest.raises(TypeError):
        iter(X)
    with pytest.raises(TypeError):
        "ice" in X  # noqa: B015
    assert (np.float64(2) * X)["ice", "is"] == 2.0


def test_wrong_arguments_of_a_table_are_named(X):
    pytest.importorskip("pandas")
    with pytest.raises(TypeError, match=r"words must be a sequence of words, got 'ice'"):
        X.to_pandas("ice")
    with pytest.raises(TypeError, match=r"contexts must be a sequence of words"):
        X.to_pandas(["ice"], [1, 2])
    with pytest.raises(ValueError, match=r"kind must be one of 'count', .*'ppmi', got 'PMI'"):
        X.to_pandas(["ice"], kind="PMI")
    assert X.to_pandas([]).shape == (0, 0)


def test_a_table_of_a_large_vocabulary_needs_words():
    pytest.importorskip("pandas")
    X = Cooccurrence.from_corpus([" ".join(f"w{n}" for n in range(6_000))], min_count=1, window=1)
    with pytest.raises(ValueError, match=r"words must name the words .* got None for 6,000 words"):
        X.to_pandas()
    assert X.to_pandas(["w1", "w2"]).loc["w1", "w2"] == 1.0


def test_a_word_that_co_occurs_with_none_has_no_probabilities():
    pytest.importorskip("pandas")
    X = Cooccurrence.from_scipy(np.array([[0, 2.0], [0, 0]]), ["left", "right"])
    assert np.isnan(X.to_pandas(kind="probability").loc["right"]).all()
    assert np.isnan(X.to_pandas(kind="pmi").loc["right", "right"])
    assert (X.to_pandas(kind="ppmi").loc["right"] == 0).all()
