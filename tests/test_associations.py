"""Tests of associations between sets of words, against naive references with numpy."""

from __future__ import annotations

import itertools
import json
import math
import re
import time
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.testing import assert_allclose

from glove_rs import Bootstrap, FormatError, WordVectors, associations
from glove_rs._bootstrap.estimates import INTERVALS, interval_of
from glove_rs._bootstrap.store import ReplicateStore


def model(rows: np.ndarray) -> WordVectors:
    return WordVectors([f"w{k}" for k in range(len(rows))], rows)


def random_model(n: int, dim: int = 6, seed: int = 0) -> WordVectors:
    return model(np.random.default_rng(seed).normal(size=(n, dim)))


def names(first: int, last: int) -> list[str]:
    return [f"w{k}" for k in range(first, last)]


# --- naive references -------------------------------------------------------------------------


def cosine(a: np.ndarray, b: np.ndarray) -> float:
    return float(a @ b / math.sqrt(float(a @ a) * float(b @ b)))


def vector(wv: WordVectors, word: str) -> np.ndarray:
    return wv[word].astype(np.float64)


def association(wv, word, A, B) -> float:
    first = np.mean([cosine(vector(wv, word), vector(wv, a)) for a in A])
    return float(first - np.mean([cosine(vector(wv, word), vector(wv, b)) for b in B]))


def reference_weat(wv, X, Y, A, B) -> tuple[float, float]:
    x = [association(wv, word, A, B) for word in X]
    y = [association(wv, word, A, B) for word in Y]
    return sum(x) - sum(y), (np.mean(x) - np.mean(y)) / np.std(x + y)


def reference_p_value(values, k, alternative) -> float:
    n = len(values)

    def difference(members) -> float:
        rest = [i for i in range(n) if i not in members]
        return np.mean([values[i] for i in members]) - np.mean([values[i] for i in rest])

    observed = difference(range(k))
    found = [difference(set(members)) for members in itertools.combinations(range(n), k)]
    beyond = {
        "greater": lambda d: d >= observed - 1e-12,
        "less": lambda d: d <= observed + 1e-12,
        "two-sided": lambda d: abs(d) >= abs(observed) - 1e-12,
    }[alternative]
    return sum(map(beyond, found)) / len(found)


sizes = st.integers(1, 4)
seeds = st.integers(0, 2**32 - 1)
alternatives = st.sampled_from(["greater", "less", "two-sided"])


@pytest.mark.slow
@given(seed=seeds, x=sizes, y=sizes, a=sizes, b=sizes, alternative=alternatives)
def test_weat_is_the_naive_computation(seed, x, y, a, b, alternative):
    wv = random_model(x + y + a + b, seed=seed)
    ends = np.cumsum([0, x, y, a, b])
    sets = [names(*pair) for pair in itertools.pairwise(map(int, ends))]
    result = associations.weat(wv, *sets, alternative=alternative)
    statistic, effect = reference_weat(wv, *sets)
    assert_allclose(result.statistic, statistic, atol=1e-9)
    assert_allclose(result.effect_size, effect, rtol=1e-7)
    values = [association(wv, word, *sets[2:]) for word in sets[0] + sets[1]]
    assert_allclose(result.by_word["association"], values, atol=1e-9)
    assert result.is_exact
    assert_allclose(result.p_value, reference_p_value(values, x, alternative))


@pytest.mark.slow
@given(seed=seeds, a=st.integers(1, 4), b=st.integers(1, 4), alternative=alternatives)
def test_sc_weat_is_the_naive_computation(seed, a, b, alternative):
    wv = random_model(2 + a + b, seed=seed)
    words, A, B = names(0, 2), names(2, 2 + a), names(2 + a, 2 + a + b)
    result = associations.sc_weat(wv, words, A, B, alternative=alternative)
    for row in result:
        values = [cosine(vector(wv, row["word"]), vector(wv, c)) for c in A + B]
        difference = np.mean(values[:a]) - np.mean(values[a:])
        assert_allclose(row["difference"], difference, atol=1e-9)
        assert_allclose(row["effect_size"], difference / np.std(values), rtol=1e-6)
        assert_allclose(row["p_value"], reference_p_value(values, a, alternative))
    assert list(result["word"]) == words


@pytest.mark.slow
@given(seed=seeds, x=sizes, y=sizes, a=sizes)
def test_rnd_and_ripa_are_the_naive_computations(seed, x, y, a):
    wv = random_model(x + y + a, seed=seed)
    X, Y, A = names(0, x), names(x, x + y), names(x + y, x + y + a)
    means = [np.mean([vector(wv, w) for w in words], axis=0) for words in (X, Y)]
    by_norm = [np.subtract(*[np.linalg.norm(vector(wv, w) - m) for m in means]) for w in A]
    by_cosine = [np.subtract(*[cosine(vector(wv, w), m) for m in means]) for w in A]
    result = associations.rnd(wv, X, Y, A)
    assert_allclose(result["value"], by_norm, atol=1e-9)
    assert_allclose(result.value, np.mean(by_norm), atol=1e-9)
    assert_allclose(associations.rnd(wv, X, Y, A, distance="cos")["value"], by_cosine, atol=1e-9)
    pairs = list(zip(X, Y, strict=False))
    differences = [vector(wv, p) - vector(wv, q) for p, q in pairs]
    scores = np.array([[vector(wv, w) @ d / np.linalg.norm(d) for d in differences] for w in A])
    result = associations.ripa(wv, pairs, A)
    assert_allclose(result["value"], scores.mean(axis=1), atol=1e-9)
    assert_allclose(result["std_of_pairs"], scores.std(axis=1), atol=1e-9)


@pytest.mark.slow
@given(seed=seeds)
def test_an_axis_is_the_difference_of_means_or_the_mean_of_unit_differences(seed):
    wv = random_model(7, seed=seed)
    rows = [vector(wv, f"w{k}") for k in range(7)]
    centroids = np.mean(rows[:2], axis=0) - np.mean(rows[2:4], axis=0)
    found = associations.axis(wv, ["w0", "w1"], ["w2", "w3"])
    assert_allclose(found.vector, centroids, atol=1e-9)
    units = [d / np.linalg.norm(d) for d in (rows[0] - rows[2], rows[1] - rows[3])]
    by_pairs = associations.axis(wv, pairs=[("w0", "w2"), ("w1", "w3")])
    assert_allclose(by_pairs.vector, np.mean(units, axis=0), atol=1e-9)
    table = found.project(["w4", "w5", "w6"])
    expected = {f"w{k}": cosine(rows[k], centroids) for k in (4, 5, 6)}
    assert list(table["word"]) == sorted(expected, key=expected.get, reverse=True)
    assert_allclose(table["projection"], sorted(expected.values(), reverse=True), atol=1e-9)
    scalar = found.project(["w4"], scale="scalar")["projection"][0]
    assert_allclose(scalar, rows[4] @ centroids / np.linalg.norm(centroids), atol=1e-9)


# --- invariances ------------------------------------------------------------------------------


@pytest.mark.slow
@given(seed=seeds, scale=st.floats(0.5, 20))
def test_cosine_tests_do_not_change_by_rotation_order_and_scaling(seed, scale):
    wv = random_model(12, seed=seed)
    rng = np.random.default_rng(seed)
    rotation = np.linalg.qr(rng.normal(size=(6, 6)))[0]
    lengths = rng.uniform(0.5, 2, size=(12, 1))
    turned = WordVectors(wv.index_to_key, scale * lengths * (wv.vectors @ rotation))
    X, Y, A, B = names(0, 3), names(3, 6), names(6, 9), names(9, 12)
    one = associations.weat(wv, X, Y, A, B)
    other = associations.weat(turned, X[::-1], Y[1:] + Y[:1], A[::-1], B)
    assert_allclose(other.effect_size, one.effect_size, atol=1e-4)
    assert_allclose(other.p_value, one.p_value)
    swapped = associations.weat(wv, Y, X, A, B)
    assert_allclose(swapped.effect_size, -one.effect_size, atol=1e-9)
    first = associations.axis(wv, X, Y).project(A)
    rotated = WordVectors(wv.index_to_key, wv.vectors @ rotation * scale)
    second = associations.axis(rotated, X[::-1], Y).project(A[::-1])
    assert_allclose(second["projection"], first["projection"], atol=1e-5)


# --- p-values ---------------------------------------------------------------------------------


@pytest.mark.parametrize("alternative", ["greater", "less", "two-sided"])
def test_a_sampled_p_value_is_near_the_exact_one_and_never_zero(alternative):
    wv = random_model(24, seed=3)
    sets = names(0, 6), names(6, 14), names(14, 20), names(20, 24)
    exact = associations.weat(wv, *sets, alternative=alternative).p_value
    sampled = associations.weat(
        wv, *sets, alternative=alternative, exact=False, permutations=20_000
    ).p_value
    assert abs(sampled - exact) < 5 * math.sqrt(exact * (1 - exact) / 20_000) + 1e-4
    few = associations.weat(wv, *sets, alternative=alternative, exact=False, permutations=3)
    assert few.p_value >= 1 / 4


def test_the_seed_decides_the_permutations():
    wv = random_model(24, seed=3)
    sets = names(0, 6), names(6, 14), names(14, 20), names(20, 24)
    found = [
        associations.weat(wv, *sets, exact=False, permutations=999, seed=seed).p_value
        for seed in (1, 1, 2)
    ]
    assert found[0] == found[1] != found[2]


def test_a_hundred_thousand_permutations_take_seconds_at_most():
    wv = random_model(100, seed=1)
    start = time.perf_counter()
    result = associations.weat(
        wv, names(0, 25), names(25, 50), names(50, 75), names(75, 100), exact=False
    )
    # Measured: 0.5 s. The limit catches a loop in Python, which takes minutes.
    assert time.perf_counter() - start < 30
    assert "100,000 drawn divisions" in result.notes[0]


@pytest.mark.slow
def test_forty_targets_have_an_exact_p_value_and_more_do_not():
    wv = random_model(45, seed=2)
    result = associations.weat(wv, names(0, 20), names(20, 40), ["w41"], ["w42"], exact=True)
    sampled = associations.weat(
        wv, names(0, 20), names(20, 40), ["w41"], ["w42"], exact=False, permutations=20_000
    )
    assert abs(result.p_value - sampled.p_value) < 0.02
    with pytest.raises(ValueError, match="exact must be False for more than 40 targets, got 41"):
        associations.weat(wv, names(0, 20), names(20, 41), ["w41"], ["w42"], exact=True)


# --- bootstraps -------------------------------------------------------------------------------


#: Sets of words of a model of nine words, w0 to w8.
SETS = names(0, 2), names(2, 4), names(4, 6), names(6, 9)


def noisy(n: int, noise: float = 0.1, words: int = 9) -> tuple[WordVectors, list[WordVectors]]:
    """A model of vectors of length 1, and `n` models of the same vectors with noise, in float16."""
    rng = np.random.default_rng(7)
    full = rng.normal(size=(words, 6))
    full /= np.linalg.norm(full, axis=1)[:, None]
    full = full.astype(np.float32)
    shift = rng.normal(size=full.shape) * noise  # a bias that all replicates share
    moved = [full + shift + rng.normal(size=full.shape) * noise for _ in range(n)]
    return model(full), [model(rows.astype(np.float16)) for rows in moved]


def made_bootstrap(folder: Path, method: str = "bootstrap", *, scaled: bool = False) -> Bootstrap:
    full, models = noisy(12)
    store = ReplicateStore(folder)
    store.create()
    store.write_full(full)
    for number, wv in enumerate(models):
        lengths = np.linalg.norm(wv.vectors.astype(np.float32), axis=1)[:, None] if scaled else 1
        store.write(number, (wv.vectors / lengths).astype(np.float16))
    text = {"documents": 99, "units": 99, "tokens": 99, "words": 9}
    settings = {"method": method, "unit": "document", "seed": 0, "n": 12, "text": text, "model": {}}
    store.write_settings(settings)
    return Bootstrap.load(folder)


def values_and_bounds(wv: WordVectors, **options: object) -> list[tuple]:
    """The estimates of each function with their bounds, which are NaN without a bootstrap."""
    weat = associations.weat(wv, *SETS, **options)
    rnd = associations.rnd(wv, *SETS[:3], **options)
    ripa = associations.ripa(wv, [("w0", "w1")], SETS[2], **options)
    found = [
        (weat.effect_size, weat.low, weat.high),
        (rnd.value, rnd.low, rnd.high),
        (ripa.value, ripa.low, ripa.high),
    ]
    tables = {
        "effect_size": associations.sc_weat(wv, SETS[0], *SETS[2:], **options),
        "projection": associations.axis(wv, *SETS[:2]).project(SETS[3], **options),
    }
    nan = np.full(3, np.nan)
    for name, table in tables.items():
        bounds = [table[at] if at in table.columns else nan for at in ("low", "high")]
        rows = zip(table["word"], table[name], *bounds, strict=False)
        found += [tuple(row[1:]) for row in sorted(rows, key=lambda row: row[0])]
    return found


@pytest.mark.slow
@pytest.mark.parametrize("method", ["bootstrap", "jackknife"])
@pytest.mark.parametrize("kind", INTERVALS)
def test_intervals_are_those_of_the_bootstrap(tmp_path, method, kind):
    b = made_bootstrap(tmp_path / "b", method)
    b.interval = kind
    found = values_and_bounds(b.full, bootstrap=b)
    expected = b.estimate(lambda wv: np.array([row[0] for row in values_and_bounds(wv)]))
    assert_allclose(found, np.transpose([expected.value, expected.low, expected.high]), rtol=1e-9)
    table = associations.rnd(b.full, *SETS[:3], bootstrap=b)
    named = "standard" if method == "jackknife" else kind
    assert table.notes[-1] == f"95% {named} intervals over the models of a {method}"


def test_projections_agree_with_those_of_the_bootstrap(tmp_path):
    # `associations.axis` and `Bootstrap.projection` have the same axis if vectors have length 1.
    b = made_bootstrap(tmp_path / "b", scaled=True)
    found = associations.axis(b.full, *SETS[:2]).project(SETS[3], bootstrap=b)
    expected = {row["word"]: row for row in b.projection(SETS[3], *SETS[:2])}
    for row in found:
        own = expected[row["word"]]
        for column in ("projection", "low", "high"):
            assert_allclose(row[column], own[column], atol=2e-3)


def test_an_interval_of_a_list_of_models_is_rms_and_contains_the_estimate():
    full, models = noisy(40)
    found = values_and_bounds(full, bootstrap=models)
    assert all(low < value < high for value, low, high in found)
    values = [associations.weat(wv, *SETS).effect_size for wv in models]
    effect = associations.weat(full, *SETS).effect_size
    bounds = interval_of(np.array([effect]), np.array(values)[:, None], "bootstrap", "rms", 0.9)
    for bootstrap in (models, SimpleNamespace(models=models)):
        result = associations.weat(full, *SETS, bootstrap=bootstrap, level=0.9)
        assert_allclose([result.low, result.high], np.ravel(bounds), rtol=1e-9)
        assert_allclose(result["low"], [result.low])
        assert result.notes[-1] == "90% rms intervals over the models of a bootstrap"


def test_an_undefined_estimate_has_no_interval():
    models = [random_model(9, seed=seed) for seed in range(5)]
    with pytest.warns(UserWarning, match="the effect size is undefined"):
        result = associations.sc_weat(model(np.ones((9, 3))), "w0", *SETS[2:], bootstrap=models)
    assert math.isnan(result["low"][0])
    assert result.notes[-1] == "no interval: the estimate is undefined"


def test_replicates_without_a_word_are_counted_in_a_warning():
    models = [random_model(9, seed=seed) for seed in range(10)]
    models[3] = random_model(8)
    with pytest.warns(UserWarning, match="1 of 10 replicates are left out"):
        result = associations.rnd(models[0], ["w0"], ["w1"], ["w8"], bootstrap=models)
    assert math.isnan(result.low)  # more than 5 % of the replicates have no value
    assert "without an interval" in result.notes[0]
    assert result.notes[-1] == "no interval: 1 of 10 replicates lack 'w8'"
    assert "nan]" not in str(result)


def test_a_table_says_why_there_is_no_interval():
    models = [random_model(9, seed=seed) for seed in range(9)]
    few = [random_model(3, seed=seed) for seed in range(2)]
    with pytest.warns(UserWarning, match="2 of 11 replicates are left out: they lack 'w5'"):
        result = associations.weat(
            models[0], ["w0"], ["w1"], ["w2"], ["w5"], bootstrap=models + few
        )
    assert result.notes[-1] == "no interval: 2 of 11 replicates lack 'w5'"
    assert math.isnan(result.low)
    # Equal cosines give no effect size. The note must not say that a word is missing.
    flat = [model(np.ones((9, 3))) for _ in range(2)]
    result = associations.sc_weat(models[0], "w0", ["w1"], ["w2"], bootstrap=models + flat)
    assert result.notes[-1] == "no interval: 2 of 11 replicates have no value"
    # If at most 5 % of the replicates lack a word, the interval leaves them out.
    many = [random_model(9, seed=seed) for seed in range(39)]
    with pytest.warns(UserWarning, match="1 of 40 replicates are left out"):
        result = associations.ripa(
            models[0], [("w0", "w1")], ["w8"], bootstrap=[*many, random_model(8)]
        )
    assert result.notes[-2].startswith("95% rms intervals")
    assert result.notes[-1] == "the intervals leave out replicates: 1 of 40 replicates lack 'w8'"
    assert result.low < result.high


@pytest.mark.parametrize(
    "ask",
    [
        lambda wv, b: associations.weat(wv, ["w0"], ["w1"], ["w2"], ["w8"], bootstrap=b).low,
        lambda wv, b: associations.sc_weat(wv, ["w8"], ["w0"], ["w1"], bootstrap=b)["low"][0],
        lambda wv, b: associations.rnd(wv, ["w0"], ["w1"], ["w8"], bootstrap=b).low,
        lambda wv, b: associations.ripa(wv, [("w0", "w1")], ["w8"], bootstrap=b)["low"][0],
        lambda wv, b: associations.axis(wv, ["w0"], ["w8"]).project("w1", bootstrap=b)["low"][0],
    ],
)
def test_a_replicate_with_a_vector_of_nan_is_left_out_and_counted(ask):
    models = [random_model(9, seed=seed) for seed in range(40)]
    rows = models[3].vectors.copy()
    rows[8] = np.nan  # a Bootstrap stores this row if a replicate lacks the word
    models[3] = model(rows)
    with pytest.warns(UserWarning, match="1 of 40 replicates are left out"):
        low = ask(models[0], models)
    assert low == ask(models[0], models[:3] + models[4:])


@pytest.mark.parametrize(
    ("bootstrap", "error", "message"),
    [
        (3, TypeError, "bootstrap must be a Bootstrap or several models"),
        ("abc", TypeError, "bootstrap must be a Bootstrap or several models"),
        ([1, 2], TypeError, "each model of bootstrap must be word vectors"),
        (
            SimpleNamespace(models=[random_model(9)] * 2, interval="exact"),
            ValueError,
            "interval must be one of",
        ),
        ([random_model(9)], ValueError, "at least 2 models, got 1"),
        ([random_model(2), random_model(2)], ValueError, "with the words of the sets"),
    ],
)
@pytest.mark.filterwarnings("ignore:.*replicates are left out")
def test_a_wrong_bootstrap_is_refused(bootstrap, error, message):
    with pytest.raises(error, match=message):
        associations.rnd(random_model(9), ["w0"], ["w1"], ["w8"], bootstrap=bootstrap)


# --- words ------------------------------------------------------------------------------------


def test_words_without_a_vector_are_in_the_warning_and_in_the_result():
    wv = random_model(8)
    flowers = associations.WordSet("flowers", ["w0", "w1", "lily"])
    with pytest.warns(UserWarning, match="flowers: words without a vector: lily"):
        result = associations.weat(wv, flowers, ["w2"], ["w3"], ["w4"])
    assert result.missing == {"flowers": ["lily"]}
    assert "flowers without a vector: lily" in str(result)
    assert "flowers - Y" in str(result)
    with pytest.warns(UserWarning, match="words without a vector: W0; did you mean 'w0'"):
        associations.sc_weat(wv, ["W0", "w5"], ["w3"], ["w4", "w6"])
    with pytest.warns(UserWarning, match=r"pairs left out, because words have no vector \(lily\)"):
        ripa = associations.ripa(wv, [("w0", "w1"), ("w2", "lily")], ["w3"])
    assert ripa.missing == {"pairs": ["w2 - lily"]}
    with pytest.warns(UserWarning, match="without a vector: lily"):
        found = associations.axis(wv, ["w0", "lily"], ["w1"])
    assert found.missing == {"positive": ["lily"]}
    with pytest.warns(UserWarning, match="without a vector: rose"):
        assert "rose" in str(found.project(["w3", "rose"]))


@pytest.mark.parametrize(
    ("sets", "message"),
    [
        ((["lily"], ["w2"], ["w3"], ["w4"]), "X must have at least 1 word with a vector, got 0"),
        (([], ["w2"], ["w3"], ["w4"]), "X must have at least 1 word with a vector, got 0 of 0"),
        ((["w0"], ["w0", "w2"], ["w3"], ["w4"]), "X and Y must not share words, got w0"),
        ((["w0"], ["w2"], ["w3"], ["w3"]), "A and B must not share words, got w3"),
    ],
)
def test_empty_and_overlapping_sets_are_refused(sets, message):
    with pytest.raises(ValueError, match=message):
        associations.weat(random_model(8), *sets)


def test_a_word_that_is_target_and_attribute_or_stands_twice_is_warned_of():
    with pytest.warns(UserWarning, match="in an attribute set raise the association .*: w3"):
        associations.weat(random_model(8), ["w0", "w3"], ["w2"], ["w3"], ["w4"])
    with pytest.warns(UserWarning, match="X: words that occur twice are counted once: w0"):
        result = associations.weat(random_model(8), ["w0", "w1", "w0"], ["w2"], ["w3"], ["w4"])
    assert len(result.by_word) == 3


def test_equal_associations_have_no_effect_size():
    wv = model(np.ones((6, 3)))
    with pytest.warns(UserWarning, match="the effect size is undefined"):
        result = associations.weat(wv, ["w0"], ["w1"], ["w2"], ["w3"], alternative="two-sided")
    assert math.isnan(result.effect_size)
    assert result.p_value == 1.0
    assert result.to_dict()["rows"][0]["effect_size"] is None


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda wv: associations.weat(wv, "w0", ["w1"], ["w2"], ["w3"]), TypeError, "X must be"),
        (lambda wv: associations.weat(wv, [1], ["w1"], ["w2"], ["w3"]), TypeError, "X must be"),
        (
            lambda wv: associations.weat(wv, ["w0"], ["w1"], ["w2"], ["w3"], alternative="both"),
            ValueError,
            "alternative must be one of",
        ),
        (
            lambda wv: associations.weat(wv, ["w0"], ["w1"], ["w2"], ["w3"], permutations=0),
            ValueError,
            "permutations must be an integer >= 1",
        ),
        (
            lambda wv: associations.weat(wv, ["w0"], ["w1"], ["w2"], ["w3"], level=1),
            ValueError,
            "level must be",
        ),
        (lambda wv: associations.weat({}, ["w0"], ["w1"], ["w2"], ["w3"]), TypeError, "wv must"),
        (
            lambda wv: associations.rnd(wv, ["w0"], ["w1"], ["w2"], distance="l1"),
            ValueError,
            "distance must be one of 'norm', 'cos'",
        ),
        (lambda wv: associations.ripa(wv, ["w0", "w1"], ["w2"]), TypeError, "pairs of words"),
        (lambda wv: associations.ripa(wv, [("x", "y")], ["w2"]), ValueError, "got none of 1"),
        (lambda wv: associations.ripa(wv, [("w0", "w0")], ["w2"]), ValueError, "the same for 'w0'"),
        (lambda wv: associations.axis(wv), ValueError, "positive and negative, or pairs"),
        (lambda wv: associations.axis(wv, ["w0"]), ValueError, "both positive and negative"),
        (lambda wv: associations.axis(wv, ["w0"], ["w0"]), ValueError, "must not share words"),
        (
            lambda wv: associations.axis(wv, ["w0"], ["w1"]).project(["x"]),
            ValueError,
            "words must have at least 1 word with a vector",
        ),
    ],
)
def test_wrong_arguments_are_refused(call, error, message):
    with pytest.raises(error, match=message):
        call(random_model(8))


def test_vectors_that_are_not_finite_are_named():
    rows = np.ones((5, 3))
    rows[2, 1] = np.nan
    with pytest.raises(ValueError, match="A must have finite vectors, got NaN or infinity for"):
        associations.weat(model(rows), ["w0"], ["w1"], ["w2"], ["w3"])


# --- files of sets ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    "content",
    [
        '{"cold": ["ice", "snow"], "hot": ["fire"]}',
        "set,word\ncold,ice\ncold,snow\nhot,fire\n",
        "\ufeffset\tword\r\ncold\tice\r\n\r\nhot\tfire\r\ncold\tsnow\r\n",
        'Set, Word\ncold, "ice"\ncold, snow\nhot, fire',
    ],
)
def test_sets_are_read_from_json_and_from_tables(tmp_path, content):
    path = tmp_path / "sets"
    path.write_bytes(content.encode())
    found = associations.read_sets(path)
    assert {name: list(words) for name, words in found.items()} == {
        "cold": ["ice", "snow"],
        "hot": ["fire"],
    }
    assert found["cold"].name == "cold"


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "has no set"),
        (b"{}", "has no set"),
        (b"[1]", "must have an object of lists"),
        (b'{"a": "b"}', "the set 'a' must be a list"),
        (b'{"a": ["b"], "c": []}', "the set 'c' has no words"),
        (b'{"a":\n [}', "line 2"),
        (b"cold,ice\n", "line 1: the header must be set,word, got cold,ice"),
        (b"set,word\ncold\n", "line 2: there must be a set and a word, got 1"),
        (b"set,word\ncold,ice\ncold,ice\n", "line 3: 'ice' occurs twice in the set 'cold'"),
        (b"set,word\ncold,\n", "line 2: the name of a set or a word is empty"),
        (b"set,word\ncold,\xff\n", "byte 14 is not UTF-8"),
        (b"\xef\xbb\xbfset,word\ncold,\xff\n", "byte 17 is not UTF-8"),
    ],
)
def test_malformed_sets_are_refused_with_the_line(tmp_path, content, message):
    path = tmp_path / "sets"
    path.write_bytes(content)
    with pytest.raises(FormatError, match=re.escape(str(path)) + ".*" + message):
        associations.read_sets(path)


def test_a_missing_file_of_sets_is_an_error_of_the_system(tmp_path):
    with pytest.raises(FileNotFoundError):
        associations.read_sets(tmp_path / "none.json")


# --- results ----------------------------------------------------------------------------------


@pytest.mark.slow
def test_results_print_convert_and_plot():
    pytest.importorskip("matplotlib").use("Agg")
    wv = random_model(10)
    sets = names(0, 2), names(2, 4), names(4, 6), names(6, 8)
    found = [
        associations.weat(wv, *sets),
        associations.sc_weat(wv, *[sets[0]], *sets[2:]),
        associations.rnd(wv, *sets[:3]),
        associations.ripa(wv, [("w0", "w1")], sets[2]),
        associations.axis(wv, *sets[:2]).project(sets[2]),
        associations.weat(wv, *sets).by_word,
    ]
    for result in found:
        lines = str(result).splitlines()
        assert lines[0] == result.title
        assert len(lines) >= 3 + len(result)
        assert result._repr_html_().count("<tr>") == 1 + len(result)
        json.dumps(result.to_dict(), allow_nan=False)
        assert result.plot() is not None
        assert len(list(result)) == len(result)
        pandas = pytest.importorskip("pandas")
        frame = result.to_pandas()
        assert isinstance(frame, pandas.DataFrame)
        assert list(frame.columns) == result.columns
    with pytest.raises(ValueError, match="column must be one of"):
        found[0]["none"]


def test_a_model_without_a_direction_has_no_value():
    full = random_model(9)
    flat = model(np.ones((9, full.vector_size)))  # all words have the same vector
    models = [random_model(9, seed=seed) for seed in range(3)]
    expected = associations.ripa(full, [("w0", "w1")], ["w2"], bootstrap=models)
    many = [*models * 13, flat]
    for call in (
        lambda b: associations.ripa(full, [("w0", "w1")], ["w2"], bootstrap=b),
        lambda b: associations.axis(full, ["w0"], ["w1"]).project(["w2"], bootstrap=b),
    ):
        assert call([*models, flat]).notes[-1].endswith("1 of 4 replicates have no value")
        # At most 5 % of the replicates have no value: the interval leaves them out.
        found, without = call(many), call(many[:-1])
        assert_allclose([found["low"], found["high"]], [without["low"], without["high"]])
    assert expected["low"][0] < expected.value < expected["high"][0]
    with pytest.raises(ValueError, match="pairs must have different vectors"):
        associations.ripa(flat, [("w0", "w1")], ["w2"])


@pytest.mark.parametrize("wrong", ["abc", {"a": 1}, model(np.ones((9, 3))), 3])
def test_one_model_is_not_a_bootstrap(wrong):
    with pytest.raises(TypeError, match="a Bootstrap or several models of word vectors, got"):
        associations.rnd(random_model(9), ["w0"], ["w1"], ["w2"], bootstrap=wrong)


def test_a_set_of_one_str_is_refused():
    with pytest.raises(TypeError, match="words must be a sequence of words, got 'ice'"):
        associations.WordSet("cold", "ice")
