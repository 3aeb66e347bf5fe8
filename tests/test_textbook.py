"""Examples from lectures on GloVe and from the paper, computed by hand."""

from __future__ import annotations

import math

import numpy as np
import pytest

import glove_rs
from glove_rs import Cooccurrence


def test_i_like_deep_learning_counts_neighbours():
    counts = Cooccurrence.from_corpus(
        ["I like deep learning"], window=1, min_count=1, distance_weighting=False
    )
    order = [counts.vocabulary[word] for word in ["I", "like", "deep", "learning"]]
    X = counts.to_scipy().toarray()[np.ix_(order, order)]
    np.testing.assert_array_equal(
        X,
        [
            [0, 1, 0, 0],
            [1, 0, 1, 0],
            [0, 1, 0, 1],
            [0, 0, 1, 0],
        ],
    )
    assert counts.total == 6


def test_i_like_deep_learning_gives_like_two_equally_likely_neighbours():
    counts = Cooccurrence.from_corpus(
        ["I like deep learning"], window=1, min_count=1, distance_weighting=False
    )
    assert counts.probability("I", given="like") == 0.5
    assert counts.probability("deep", given="like") == 0.5
    assert counts.probability("learning", given="like") == 0.0
    assert counts.probability("like", given="I") == 1.0


def test_an_apple_a_day_counts_every_pair_within_two_words():
    counts = Cooccurrence.from_corpus(
        ["an apple a day keeps an apple a day"], window=2, min_count=1, distance_weighting=False
    )
    words = ["an", "apple", "a", "day", "keeps"]
    order = [counts.vocabulary[word] for word in words]
    X = counts.to_scipy().toarray()[np.ix_(order, order)]
    np.testing.assert_array_equal(
        X,
        [
            # an apple a day keeps
            [0, 2, 2, 1, 1],
            [2, 0, 2, 2, 1],
            [2, 2, 0, 2, 1],
            [1, 2, 2, 0, 1],
            [1, 1, 1, 1, 0],
        ],
    )


def one_plain_step(w, w_tilde, b, b_tilde, x, x_max):
    """One SGD step with learning rate 1 on one record."""
    arrays = [np.array([value], dtype=np.float32) for value in (w, w_tilde, b, b_tilde)]
    ones = [np.ones_like(array) for array in arrays]
    return glove_rs._core.train_records(
        np.zeros(1, dtype=np.int32),
        np.zeros(1, dtype=np.int32),
        np.array([x], dtype=np.float64),
        *arrays,
        *ones,
        x_max=x_max,
        alpha=0.75,
        learning_rate=1.0,
        grad_clip=100.0,
        optimizer="sgd",
    )


@pytest.mark.parametrize(("x", "f"), [(1, 0.0316), (50, 0.5946), (100, 1.0), (1000, 1.0)])
def test_rare_pairs_weigh_less_and_frequent_pairs_weigh_one(x, f):
    # With zero vectors and b = 1 the error is 1 − ln x. The step of the bias is f(x) (1 − ln x).
    trained = one_plain_step([0.0], [0.0], 1.0, 0.0, x, x_max=100.0)
    measured = (1.0 - trained["b"][0]) / (1.0 - math.log(x))
    assert measured == pytest.approx(f, abs=5e-5)


def test_one_prediction_worked_by_hand():
    w, w_tilde, b, b_tilde, x = [0.2, -0.5], [0.1, 0.3], 0.1, -0.2, 3
    error = -1.3286  # the prediction −0.23, less ln 3
    trained = one_plain_step(w, w_tilde, b, b_tilde, x, x_max=1.0)
    assert trained["b"][0] == pytest.approx(b - error, abs=5e-5)
    assert trained["b_tilde"][0] == pytest.approx(b_tilde - error, abs=5e-5)
    for part, value, partner in [("W", w, w_tilde), ("W_tilde", w_tilde, w)]:
        moved = np.subtract(value, np.multiply(error, partner))
        np.testing.assert_allclose(trained[part][0], moved, rtol=0, atol=5e-5)
    assert trained["losses"] == [pytest.approx(0.5 * error**2, abs=1e-4)]


def test_a_prediction_that_is_right_moves_nothing():
    trained = one_plain_step([0.2, -0.5], [0.1, 0.3], 0.1, -0.2, math.exp(-0.23), x_max=1.0)
    assert trained["b"][0] == pytest.approx(0.1, abs=1e-6)
    assert trained["losses"] == [pytest.approx(0.0, abs=1e-10)]


def test_solid_belongs_to_ice_and_gas_to_steam(topics):
    counts = Cooccurrence.from_corpus(topics)
    # Ratios computed from the records that Stanford's tools counted in this text.
    measured = {"solid": 24.7848, "gas": 0.038389, "water": 1.05821, "fashion": 0.806387}
    for word, ratio in measured.items():
        assert counts.ratio(word, "ice", "steam") == pytest.approx(ratio, rel=1e-4), word


@pytest.mark.slow
def test_solid_belongs_to_ice_and_gas_to_steam_in_wikipedia(enwiki_17m_counts):
    ratio = enwiki_17m_counts.ratio
    assert ratio["solid"] > 1
    assert ratio["gas"] < 1
    assert ratio["solid"] > ratio["water"] > ratio["gas"]
