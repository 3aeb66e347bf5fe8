"""Bootstrap intervals, against a loop that draws and scores again, and against SciPy."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from glove_rs.evaluation import _bootstrap
from glove_rs.evaluation._bootstrap import interval, resampled_fraction, resampled_spearman
from glove_rs.evaluation._similarity import correlation, ranks


def drawn_items(items, n, seed):
    """The item numbers that `resampled_spearman` draws: `n` rows of `items` numbers each."""
    rng = np.random.default_rng(seed)
    step = max(1, _bootstrap._DRAWN_ITEMS // items)
    blocks = [
        rng.integers(items, size=(min(step, n - first), items)) for first in range(0, n, step)
    ]
    return np.concatenate(blocks)


def spearman(first, second):
    return correlation(ranks(first), ranks(second))


@pytest.mark.parametrize("cells", [1 << 16, 100, 1])
def test_each_draw_has_the_correlation_of_the_drawn_items(monkeypatch, cells):
    monkeypatch.setattr(_bootstrap, "_DRAWN_ITEMS", cells)
    rng = np.random.default_rng(5)
    ratings = rng.integers(0, 6, 40).astype(float)  # with ties
    values = np.stack([rng.normal(size=40), rng.integers(0, 9, 40) / 10])
    found = resampled_spearman(ratings, values, 60, seed=3)
    assert found.shape == (2, 60)
    for draw, items in enumerate(drawn_items(40, 60, seed=3)):
        for model in range(2):
            expected = spearman(ratings[items], values[model, items])
            assert found[model, draw] == pytest.approx(expected, abs=1e-12)


@pytest.mark.slow
@given(
    st.lists(st.tuples(*[st.integers(-3, 3)] * 3), min_size=2, max_size=12), st.integers(0, 2**32)
)
def test_draws_of_any_items_have_their_correlation_or_none(items, seed):
    ratings, first, second = np.array(items, float).T
    found = resampled_spearman(ratings, np.stack([first, second]), 5, seed)
    for draw, rows in enumerate(drawn_items(len(items), 5, seed)):
        for model, values in enumerate((first, second)):
            expected = spearman(ratings[rows], values[rows])
            assert found[model, draw] == pytest.approx(expected, abs=1e-12, nan_ok=True)


def test_a_draw_of_equal_values_has_no_correlation():
    ratings = np.array([1.0, 2])
    found = resampled_spearman(ratings, np.array([[5.0, 6]]), 200, seed=0)[0]
    assert np.isnan(found).any()
    assert set(found[~np.isnan(found)]) == {1.0}


@pytest.mark.slow
def test_shares_are_those_of_drawn_items():
    # `loop` draws 50 items at a time and averages them. `found` must have the same mean for each of
    # the two models, and the same covariances.
    rng = np.random.default_rng(1)
    right = (rng.random((2, 50)) < [[0.7], [0.4]]).astype(float)
    found = resampled_fraction(right, 20_000, seed=0)
    loop = np.stack([right[:, rng.integers(50, size=50)].mean(axis=1) for _ in range(20_000)])
    assert found.mean(axis=1) == pytest.approx(right.mean(axis=1), abs=0.003)
    assert np.cov(found) == pytest.approx(np.cov(loop.T), abs=0.0003)
    assert np.cov(found) == pytest.approx(np.cov(right, bias=True) / 50, abs=0.0003)
    # Each fraction is a whole number of items, divided by 50.
    assert np.allclose(found * 50, np.round(found * 50))


@pytest.mark.slow
@pytest.mark.parametrize(
    "measure",
    ["fraction", *(pytest.param(m, marks=pytest.mark.slow) for m in ("Spearman", "difference"))],
)
def test_intervals_are_scipys(measure):
    stats = pytest.importorskip("scipy.stats", reason="scipy is not installed")
    rng = np.random.default_rng(2)
    truth = rng.normal(size=60)
    ratings = np.round(truth * 3)
    values = truth + rng.normal(size=(2, 60)) * [[0.7], [1.2]]
    right = (values[:1] > 0).astype(float)

    def score(rows):
        if measure == "fraction":
            return right[0, rows].mean()
        first, second = (spearman(ratings[rows], column[rows]) for column in values)
        return first if measure == "Spearman" else first - second

    n = 4000
    expected = stats.bootstrap(
        (np.arange(60),), score, n_resamples=n, method="percentile", vectorized=False, rng=rng
    ).confidence_interval
    if measure == "fraction":
        drawn = resampled_fraction(right, n, seed=0)[0]
    else:
        both = resampled_spearman(ratings, values, n, seed=0)
        drawn = both[0] if measure == "Spearman" else both[0] - both[1]
    # The bounds are quantiles of random draws: their standard error is below 0.006 here.
    assert interval(drawn) == pytest.approx(tuple(expected), abs=0.025)
    assert expected.high - expected.low > 0.15


def test_the_bounds_are_the_quantiles_of_the_draws_that_have_a_score():
    scores = np.arange(1000.0)
    assert interval(scores) == pytest.approx((24.975, 974.025))
    scores[:50] = np.nan
    assert interval(scores) == pytest.approx(tuple(np.quantile(scores[50:], (0.025, 0.975))))
    scores[:51] = np.nan
    assert np.isnan(interval(scores)).all()
    assert interval(np.full(7, 0.5)) == (0.5, 0.5)


def test_the_same_seed_draws_the_same_items():
    ratings, values = np.arange(20.0), np.random.default_rng(0).normal(size=(1, 20))
    first, again, other = (resampled_spearman(ratings, values, 50, seed) for seed in (1, 1, 2))
    assert np.array_equal(first, again)
    assert not np.array_equal(first, other)


def coverage(truth, samples):
    """The fraction of the intervals that contain the true value."""
    return np.mean([low <= truth <= high for low, high in samples])


@pytest.mark.slow
def test_an_interval_of_a_share_holds_the_truth_19_times_in_20():
    rng = np.random.default_rng(4)
    samples = [
        interval(resampled_fraction((rng.random((1, 200)) < 0.6).astype(float), 500, seed)[0])
        for seed in range(400)
    ]
    # The expected fraction is 0.95, with a standard error of 0.011 for 400 samples. Percentile
    # intervals are a little too narrow.
    assert 0.91 < coverage(0.6, samples) < 0.98


@pytest.mark.slow
def test_an_interval_of_a_correlation_holds_the_truth_19_times_in_20():
    # Spearman's correlation of normal variables with correlation r is 6/π asin(r/2).
    rng = np.random.default_rng(6)
    r = 0.6
    samples = []
    for seed in range(300):
        x = rng.normal(size=120)
        y = r * x + np.sqrt(1 - r * r) * rng.normal(size=120)
        samples.append(interval(resampled_spearman(x, y[None], 300, seed)[0]))
    assert 0.90 < coverage(6 / np.pi * np.arcsin(r / 2), samples) < 0.98


@pytest.mark.slow
def test_an_interval_of_a_difference_holds_0_if_the_models_are_alike():
    rng = np.random.default_rng(7)
    samples, alone = [], []
    for seed in range(300):
        truth = rng.normal(size=120)
        values = truth + rng.normal(size=120) + 0.2 * rng.normal(size=(2, 120))
        both = resampled_spearman(truth, values, 300, seed)
        samples.append(interval(both[0] - both[1]))
        alone.append(interval(both[0]))
    assert 0.90 < coverage(0, samples) < 0.99
    # Both models err on the same items, so the interval of the difference is much narrower than
    # the interval of a score.
    width, width_alone = (np.mean(np.diff(some, axis=1)) for some in (samples, alone))
    assert width < 0.5 * width_alone
