"""Tests of à la carte embeddings and their regression, against naive references with numpy."""

from __future__ import annotations

import itertools
import json
import math
import re
import warnings

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.testing import assert_allclose

from glove_rs import Cooccurrence, Glove, WordVectors, alc, kwic
from glove_rs.alc._ols import ClusterSums, Decomposition
from topic_text import documents

seeds = st.integers(0, 2**32 - 1)


@pytest.fixture(scope="module")
def text() -> list[str]:
    return [" ".join(words) for words in documents(6000, rare=50, seed=23)]


@pytest.fixture(scope="module")
def model(text) -> Glove:
    return Glove(dim=6, min_count=5, epochs=3, threads=1, progress=False).fit(iter(text))


def embeddings(Y: np.ndarray, **metadata) -> alc.Embeddings:
    """Embeddings that are the rows of Y: context k is the single word with row k as its vector."""
    words = [f"w{k}" for k in range(len(Y))]
    found = alc.embed([[word] for word in words], (words, Y), transform=np.eye(Y.shape[1]))
    assert_allclose(found.vectors, Y)
    found.metadata = {name: np.array(values, dtype=object) for name, values in metadata.items()}
    return found


def random_case(seed: int, n: int = 12, dim: int = 4, covariates: int = 2):
    rng = np.random.default_rng(seed)
    return rng.normal(size=(n, dim)), rng.normal(size=(n, covariates)), rng


# --- the transformation matrix ------------------------------------------------------------------


def reference_transform(words, vectors, X, weighting) -> np.ndarray:
    rows, targets, weights = [], [], []
    dense = X.to_scipy().toarray()
    for i, word in enumerate(X.vocabulary.words):
        known = [j for j, other in enumerate(X.vocabulary.words) if other in words]
        total = sum(dense[i, j] for j in known)
        if word not in words or total == 0:
            continue
        mean = sum(dense[i, j] * vectors[words.index(X.vocabulary.words[j])] for j in known) / total
        count = X.vocabulary.counts[i]
        weight = math.log(count) if weighting == "log" else float(count >= (weighting or 0))
        rows.append(math.sqrt(weight) * mean)
        targets.append(math.sqrt(weight) * vectors[words.index(word)])
        weights.append(weight)
    return np.linalg.lstsq(np.array(rows), np.array(targets), rcond=None)[0].T


@pytest.mark.slow
@pytest.mark.parametrize("weighting", ["log", 20, None])
@pytest.mark.parametrize("has_scipy", [True, False])
def test_the_transform_is_weighted_least_squares(model, weighting, has_scipy, monkeypatch):
    if not has_scipy:
        monkeypatch.setitem(__import__("sys").modules, "scipy.sparse", None)
        monkeypatch.setattr("glove_rs.alc._transform._BLOCK_ELEMENTS", 1000)
    found = model.transform_matrix(weighting)
    monkeypatch.undo()
    vectors = model.vectors.vectors.astype(np.float64)
    expected = reference_transform(
        model.vectors.index_to_key, vectors, model.cooccurrence, weighting
    )
    assert_allclose(found, expected, rtol=1e-7, atol=1e-9)


@pytest.mark.slow
def test_words_without_a_vector_are_left_out_of_the_transform(model):
    words = model.vectors.index_to_key[3:]
    vectors = model.vectors.vectors[3:].astype(np.float64)
    found = alc.transform_matrix((words, vectors), model.cooccurrence)
    expected = reference_transform(words, vectors, model.cooccurrence, "log")
    assert_allclose(found, expected, rtol=1e-7, atol=1e-9)


@pytest.mark.parametrize("use", [alc.transform_matrix, alc.feature_embeddings])
def test_rectangular_counts_are_refused(model, use):
    table = {"row": ["ice", "ice", "steam"], "context": ["a", "b", "a"], "value": [1.0, 2.0, 3.0]}
    X = Cooccurrence.from_pairs(pytest.importorskip("pyarrow").table(table), "row", "context",
                                "value", rectangular=True)  # fmt: skip
    arguments = (model, X) if use is alc.transform_matrix else (X, model, False)
    with pytest.raises(ValueError, match="X must have the same words as rows and as contexts"):
        use(*arguments)


@pytest.mark.slow
def test_a_vocabulary_smaller_than_the_dimension_has_no_transform():
    model = Glove(dim=8, min_count=1, epochs=1, threads=1, progress=False).fit([["a", "b"] * 9])
    with pytest.raises(ValueError, match="at least 8 words with linearly independent contexts"):
        model.transform_matrix()


@pytest.mark.parametrize("weighting", ["count", -1, 1.5, True])
def test_a_wrong_weighting_is_refused(model, weighting):
    with pytest.raises(ValueError, match="weighting must be"):
        model.transform_matrix(weighting)


# --- embeddings -----------------------------------------------------------------------------------


@pytest.mark.slow
@settings(max_examples=40)
@given(
    st.lists(st.lists(st.sampled_from(["a", "b", "c", "unknown"]), max_size=6), min_size=1),
    seeds,
)
def test_an_embedding_is_the_transformed_mean_of_known_words(contexts, seed):
    rng = np.random.default_rng(seed)
    vectors = dict(zip("abc", rng.normal(size=(3, 4)), strict=True))
    A = rng.normal(size=(4, 4))
    pair = (list(vectors), np.array(list(vectors.values())))
    expected = {
        row: A @ np.mean([vectors[w] for w in words if w in vectors], axis=0)
        for row, words in enumerate(contexts)
        if any(w in vectors for w in words)
    }
    for form in (contexts, [" ".join(words) for words in contexts]):
        if not expected:
            with pytest.raises(ValueError, match="contexts must have words with a vector"):
                alc.embed(form, pair, A)
            continue
        if len(expected) < len(contexts):
            with pytest.warns(UserWarning, match="contexts are left out"):
                found = alc.embed(form, pair, A)
        else:
            found = alc.embed(form, pair, A)
        assert found.rows.tolist() == list(expected)
        assert found.contexts == len(contexts)
        assert_allclose(found.vectors, list(expected.values()), atol=1e-9)
        counts = [sum(w in vectors for w in contexts[row]) for row in expected]
        assert found.known_words.tolist() == counts


def test_windows_of_a_keyword_are_embedded_with_their_metadata(text, model):
    rows = [{"text": line, "half": "ab"[k % 2]} for k, line in enumerate(text)]
    contexts = kwic.contexts(rows, "water", window=4)
    found = alc.embed(contexts, model)
    assert len(found) == len(contexts) > 20
    by_hand = alc.embed(list(contexts.windows(keyword=False)), model, model.transform_matrix())
    assert_allclose(found.vectors, by_hand.vectors)
    assert found.metadata["half"].tolist() == contexts.metadata["half"].tolist()
    assert found.metadata["document"].tolist() == contexts.documents.tolist()
    part = found[found.metadata["half"] == "a"]
    means = found.mean("half")
    assert_allclose([means[str(k)][0] for k in range(6)], part.vectors.mean(axis=0))
    assert means["n"].tolist() == [len(part), len(found) - len(part)]


def test_blocks_of_words_do_not_change_the_sums(monkeypatch):
    rng = np.random.default_rng(1)
    pair = (["a", "b", "c"], rng.normal(size=(3, 4)))
    contexts = [list(rng.choice(["a", "b", "c"], size=n)) for n in (5, 1, 90, 3, 33)]
    one = alc.embed(contexts, pair, transform=False).vectors
    for block in (1, 10_000, 20_000):  # bytes for a part of a context, or for several
        monkeypatch.setattr("glove_rs._workers._BLOCK", block)
        assert np.array_equal(alc.embed(contexts, pair, transform=False).vectors, one)


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda p: alc.embed(["a"], p), ValueError, "transform must be a matrix if vectors is not"),
        (lambda p: alc.embed(["a"], p, np.eye(3)), ValueError, r"shape \(4, 4\), got shape \(3, 3"),
        (lambda p: alc.embed(["a"], p, np.full((4, 4), np.nan)), ValueError, "finite numbers"),
        (lambda p: alc.embed("a", p, np.eye(4)), TypeError, "contexts must be texts or lists"),
        (lambda p: alc.embed([1], p, np.eye(4)), TypeError, "got 1 as item 0"),
        (lambda p: alc.embed([], p, np.eye(4)), ValueError, "contexts must have words"),
        (lambda p: alc.embed(["a"], "a", np.eye(4)), TypeError, "vectors must be word vectors"),
        (lambda p: alc.embed(["a"], (["a"], p[1]), np.eye(4)), ValueError, "a row for each"),
        (lambda p: alc.embed(["a"], (["a"] * 3, p[1]), np.eye(4)), ValueError, "different words"),
        (lambda p: alc.embed(["a"], p, np.eye(4)).groups("x"), ValueError, "must be a column"),
        (lambda p: alc.embed(["a"], p, np.eye(4)).groups([1, 2]), ValueError, "must have a value"),
        (lambda p: alc.embed(["a"], p, np.eye(4)).groups([None]), ValueError, "a missing one"),
        (lambda p: alc.embed(["a"], p, np.eye(4))[0], TypeError, "a slice or an array"),
    ],
)
def test_wrong_arguments_of_embed_are_refused(call, error, message):
    with pytest.raises(error, match=message):
        call((["a", "b", "c"], np.ones((3, 4))))


# --- regression -----------------------------------------------------------------------------------


def reference_norms(Y, X, clusters) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Coefficients, their squared norms, and the bias of each squared norm, computed by loops."""
    Z = np.column_stack([np.ones(len(Y)), X])
    n, p = Z.shape
    names = np.unique(clusters)
    w = np.array([1 / np.sum(clusters == c) for c in clusters])
    bread = np.linalg.pinv(Z.T @ np.diag(w) @ Z)
    beta = bread @ Z.T @ np.diag(w) @ Y
    variances = np.zeros((p, Y.shape[1]))
    rank = np.linalg.matrix_rank(Z)
    correction = (n - 1) / (n - rank) * len(names) / (len(names) - 1)
    for d in range(Y.shape[1]):
        residuals = Y[:, d] - Z @ beta[:, d]
        meat = np.zeros((p, p))
        for c in names:
            own = clusters == c
            score = (w[own] * residuals[own]) @ Z[own]
            meat += np.outer(score, score)
        variances[:, d] = np.diagonal(correction * bread @ meat @ bread)
    return beta, (beta[1:] ** 2).sum(axis=1), variances[1:].sum(axis=1)


def reference_jackknife(Y, X, clusters) -> np.ndarray:
    found = []
    for c in np.unique(clusters):
        kept = clusters != c
        _, raw, bias = reference_norms(Y[kept], X[kept], clusters[kept])
        found.append(raw - bias)
    return np.array(found)


@pytest.mark.slow
@settings(max_examples=12)
@given(seed=seeds, clustered=st.booleans())
def test_regress_is_the_naive_computation(seed, clustered):
    Y, X, rng = random_case(seed)
    clusters = np.arange(12)
    if clustered:
        clusters = rng.permutation(np.repeat(np.arange(6), [1, 1, 2, 2, 3, 3]))
    if clustered:
        result = _few(embeddings(Y), X, clusters)
    else:
        result = alc.regress(embeddings(Y), X, permutations=0)
    beta, raw, bias = reference_norms(Y, X, clusters)
    assert_allclose(result.beta, beta, atol=1e-8)
    assert_allclose(result["norm_squared"], raw, rtol=1e-7)
    assert_allclose(result["bias"], bias, rtol=1e-7)
    assert_allclose(result["debiased"], raw - bias, atol=1e-8 * (raw + bias).max())
    partial = reference_jackknife(Y, X, clusters)
    spread = ((partial - partial.mean(axis=0)) ** 2).sum(axis=0)
    assert_allclose(result["std_error"], np.sqrt(spread * 11 / 12), rtol=1e-5)
    from scipy.stats import t

    half = t.ppf(0.975, 11) * result["std_error"]
    assert_allclose(result["low"], result["debiased"] - half)
    assert_allclose(result["high"], result["debiased"] + half)
    assert_allclose(result.predict({"x1": 2.0}), beta[0] + 2 * beta[1], atol=1e-8)


def _few(found, X, clusters):
    with pytest.warns(UserWarning, match="only 6 clusters: the intervals are too narrow"):
        return alc.regress(found, X, cluster=clusters, permutations=0)


@settings(max_examples=25)
@given(seed=seeds, clustered=st.booleans())
def test_a_replicate_is_the_fit_of_copied_clusters(seed, clustered):
    Y, X, rng = random_case(seed)
    clusters = np.arange(12)
    if clustered:
        clusters = rng.permutation(np.repeat(np.arange(6), 2))
    groups = int(clusters.max()) + 1
    counts = np.bincount(rng.integers(groups, size=groups), minlength=groups)
    if len(np.flatnonzero(counts)) < 4:
        return  # too few different clusters for three coefficients
    rows, copies = [], []
    for c, number in enumerate(counts):
        for copy in range(number):
            own = np.flatnonzero(clusters == c)
            rows += own.tolist()
            copies += [100 * c + copy] * len(own)
    _, raw, bias = reference_norms(Y[rows], X[rows], np.array(copies))
    Z = np.column_stack([np.ones(12), X])
    found = ClusterSums(Decomposition(Z, clusters).fit(Y)).debiased(counts[None].astype(float))[0]
    assert_allclose(found, raw - bias, rtol=1e-5, atol=1e-6 * np.abs(raw).max())


def all_permutations(residuals, X) -> np.ndarray:
    """The squared norm of the coefficient for each order of the residuals."""
    solve = np.linalg.pinv(np.column_stack([np.ones(len(X)), X]))[1]
    orders = itertools.permutations(range(len(X)))
    return np.array([((solve @ residuals[list(order)]) ** 2).sum() for order in orders])


def test_the_permutation_test_is_near_the_share_of_all_permutations():
    Y, X, _ = random_case(5, n=6, covariates=1)
    _, raw, _ = reference_norms(Y, X, np.arange(6))
    Z = np.column_stack([np.ones(6), X])
    residuals = Y - Z @ np.linalg.lstsq(Z, Y, rcond=None)[0]
    exact = np.mean(all_permutations(residuals, X) >= raw)
    result = alc.regress(embeddings(Y), X, errors=None, permutations=2000)
    assert 0 < exact < 1
    assert abs(result["p_value"][0] - exact) < 5 * math.sqrt(exact * (1 - exact) / 2000) + 1e-3


@pytest.mark.slow
def test_permutations_of_clusters_keep_the_residuals_of_a_cell_together():
    """If all contexts of a cluster have the same covariates, the cluster means are permuted."""
    rng = np.random.default_rng(8)
    clusters = np.repeat(np.arange(6), [1, 2, 3, 1, 2, 3])
    x = np.array([0.0, 0, 1, 1, 0, 1])[clusters][:, None]
    Y = rng.normal(size=(12, 3)) + 0.8 * x
    _, raw, _ = reference_norms(Y, x, clusters)
    Z = np.column_stack([np.ones(12), x])
    residuals = Y - Z @ Decomposition(Z, clusters).fit(Y).beta
    means = np.array([residuals[clusters == c].mean(axis=0) for c in range(6)])
    flags = np.array([0.0, 0, 1, 1, 0, 1])[:, None]
    exact = np.mean(all_permutations(means, flags) >= raw * (1 - 1e-12))
    with pytest.warns(UserWarning, match="only 6 clusters"):
        result = alc.regress(embeddings(Y), x, cluster=clusters, permutations=2000)
    assert abs(result["p_value"][0] - exact) < 5 * math.sqrt(0.25 / 2000)


def test_cells_with_several_covariate_values_in_a_cluster_are_permuted():
    Y, X, rng = random_case(3, n=30)
    X[:, 0] = rng.integers(2, size=30)
    X[:, 1] = rng.integers(2, size=30)
    clusters = np.arange(30) // 2
    with pytest.warns(UserWarning, match="only 15 clusters"):
        result = alc.regress(embeddings(Y), X, cluster=clusters, permutations=200)
    assert ((result["p_value"] > 0) & (result["p_value"] <= 1)).all()


def test_a_planted_difference_has_a_small_p_value_and_none_has_not():
    rng = np.random.default_rng(0)
    party = rng.permutation(np.repeat(["D", "R"], 60))
    noise = rng.permutation(np.repeat(["x", "y"], 60))
    Y = rng.normal(size=(120, 5)) + (party == "R")[:, None] * np.array([2.0, 0, 0, 0, 0])
    result = alc.regress(embeddings(Y, party=party, noise=noise), ["party", "noise"])
    assert result["coefficient"].tolist() == ["party_R", "noise_y"]
    assert result["p_value"][0] == 1 / 1001
    assert result["p_value"][1] > 0.05
    assert result["low"][0] < 4 < result["high"][0]  # 4 = ‖(2, 0, 0, 0, 0)‖²
    assert result["low"][1] < 0 < result["high"][1]


@pytest.mark.slow
def test_the_bootstrap_and_the_jackknife_give_like_errors():
    Y, X, _ = random_case(2, n=300)
    Y[:, 0] += X[:, 0]
    jackknife = alc.regress(embeddings(Y), X, permutations=0)
    bootstrap = alc.regress(embeddings(Y), X, permutations=0, errors="bootstrap", bootstraps=300)
    assert_allclose(bootstrap["std_error"][0], jackknife["std_error"][0], rtol=0.3)
    again = alc.regress(embeddings(Y), X, permutations=0, errors="bootstrap", bootstraps=300)
    assert_allclose(again["std_error"], bootstrap["std_error"], rtol=0)
    other = alc.regress(
        embeddings(Y), X, permutations=0, errors="bootstrap", bootstraps=300, seed=2
    )
    assert (other["std_error"] != bootstrap["std_error"]).all()


@pytest.mark.slow
@settings(max_examples=25)
@given(seed=seeds, scale=st.floats(0.1, 10))
def test_regress_does_not_depend_on_rotation_and_order_and_scales_with_the_square(seed, scale):
    Y, X, rng = random_case(seed)
    one = alc.regress(embeddings(Y), X, permutations=0)
    rotation = np.linalg.qr(rng.normal(size=(4, 4)))[0]
    order = rng.permutation(12)
    other = alc.regress(embeddings(scale * Y[order] @ rotation), X[order], permutations=0)
    for name in ("norm_squared", "bias", "std_error"):
        assert_allclose(other[name], scale**2 * one[name], rtol=1e-5)


@pytest.mark.slow
@settings(max_examples=40)
@given(
    seed=seeds,
    errors=st.sampled_from(["jackknife", "bootstrap", None]),
    clustered=st.booleans(),
    product=st.booleans(),
    shift=st.integers(-100_000, 100_000) | st.integers(19_000_000, 21_000_000),
    exponent=st.floats(-6, 6),
)
def test_regress_does_not_depend_on_origins_and_units(
    seed, errors, clustered, product, shift, exponent
):
    rng = np.random.default_rng(seed)
    Y, x, group = rng.normal(size=(60, 4)), rng.integers(0, 8, 60), rng.permutation(60) % 2
    scale = 10.0**exponent
    moved = scale * (x + shift)
    one, other = (
        alc.regress(
            embeddings(Y),
            {"x": values, "group": group} | ({"both": values * group} if product else {}),
            cluster=np.arange(60) // 3 if clustered else None,
            errors=errors,
            bootstraps=30,
            permutations=30,
        )
        for values in (x, moved)
    )
    # With a product, the coefficient of `group` is the difference of the groups where x is 0. It
    # depends on the origin of x, so it is left out.
    units = {"x": scale, "both": scale} if product else {"x": scale, "group": 1.0}
    rows = [one.names.index(name) - 1 for name in units]
    factors = np.array(list(units.values()))
    squares = ["norm_squared", "bias", "debiased"]
    for name in squares + ["std_error", "low", "high"] * (errors is not None):
        # Differences of large numbers, such as `debiased`, have the rounding errors of these.
        size = (one["norm_squared"] + one["bias"])[rows].max()
        assert_allclose(
            other[name][rows] * factors**2, one[name][rows], rtol=1e-6, atol=1e-7 * size
        )
    assert other["p_value"][rows].tolist() == one["p_value"][rows].tolist()
    for name, factor in units.items():
        assert_allclose(factor * other.coefficient(name), one.coefficient(name), atol=1e-6)
    point = {"group": 1.0} | ({"both": x[0]} if product else {})
    moved_point = {"group": 1.0} | ({"both": moved[0]} if product else {})
    assert_allclose(
        other.predict(moved_point | {"x": moved[0]}), one.predict(point | {"x": x[0]}), atol=1e-5
    )


@pytest.mark.parametrize("errors", ["jackknife", "bootstrap"])
def test_timestamps_are_regressed_on_as_days_are(errors):
    Y, _, rng = random_case(1, n=60)
    days = rng.uniform(0, 3, 60)
    one, other = (
        alc.regress(embeddings(Y), {"x": x}, errors=errors, bootstraps=50, permutations=50)
        for x in (days, 1.6e9 + 86400 * days)
    )
    assert_allclose(other["norm_squared"] * 86400**2, one["norm_squared"], rtol=1e-6)
    assert_allclose(other["std_error"] * 86400**2, one["std_error"], rtol=1e-6)
    assert other["p_value"] == one["p_value"]


@pytest.mark.slow
def test_covariates_come_from_columns_formulas_mappings_frames_and_arrays():
    pandas = pytest.importorskip("pandas")
    pytest.importorskip("formulaic")
    Y, X, rng = random_case(7, n=20)
    party = [str(x) for x in rng.choice(["D", "I", "R"], size=20)]
    year = X[:, 0].tolist()
    found = embeddings(Y, party=party, year=year)
    flags = np.array([[p == "I", p == "R"] for p in party], dtype=float)
    options = {"errors": None, "permutations": 0}
    one = alc.regress(found, np.column_stack([flags, year]), **options)
    forms = {
        "columns": ["party", "year"],
        "formula": "party + year",
        "tilde": "~ party + year",
        "mapping": {"party": party, "year": year},
        "frame": pandas.DataFrame({"party": party, "year": year}),
    }
    for form in forms.values():
        other = alc.regress(found, form, **options)
        assert_allclose(other["debiased"], one["debiased"], rtol=1e-9)
    assert alc.regress(found, ["party", "year"], **options).names == [
        "(Intercept)",
        "party_I",
        "party_R",
        "year",
    ]
    assert alc.regress(found, "year + year:party", **options).names[1] == "year"


def test_covariates_may_be_given_for_all_contexts_or_for_those_with_a_vector():
    pair = (["a", "b"], np.array([[1.0, 0], [0, 1]]))
    contexts = ["a", "b", "x", "a b", "b b a", "a a b"]
    with pytest.warns(UserWarning, match="1 of 6 contexts are left out"):
        found = alc.embed(contexts, pair, np.eye(2))
    options = {"errors": None, "permutations": 0}
    one = alc.regress(found, {"x": [0, 1, 9, 1, 0, 1]}, **options)
    other = alc.regress(found, {"x": [0, 1, 1, 0, 1]}, **options)
    assert_allclose(one.beta, other.beta)


def collinear() -> dict[str, list[float]]:
    return {"a": [1, 2, 3, 4, 5, 7], "b": [2, 4, 6, 8, 10, 14]}


@pytest.mark.parametrize(
    ("covariates", "options", "message"),
    [
        (collinear(), {}, "covariates must not be collinear: 'b' follows from"),
        ({"a": [1] * 6}, {}, "covariates must vary: 'a' is 1 for all contexts"),
        ({"a": [0.1 + 0.2, 0.3] * 3}, {}, "is 0.3 for all contexts, except for rounding errors"),
        ({"a": [0, 1e-200, 0, 0, 1e-200, 0]}, {}, "that of 'a' is 4.71405e-201; use another unit"),
        ({"a": [0, 1.7e308, -1.7e308, 0, 1, 0]}, {}, "that of 'a' is 9.8"),
        (
            {"a": [0.1, 0.7, 0.2, 0.4, 0.9, 0.3], "b": 2e7 + np.array([1, 7, 2, 4, 9, 3]) / 10},
            {},
            "covariates must not be collinear: 'b' follows from",
        ),
        ({"a": ["x"] * 6}, {}, "covariates must vary: all 6 values of 'a' are 'x'"),
        ({"a": [1, 2, None, 4, 5, 6]}, {}, "got 1 missing values in 'a'"),
        ({"a": [1, 2, math.nan, 4, 5, 6]}, {}, "got 1 missing values in 'a'"),
        ({"a": [1, 2, math.inf, 4, 5, 6]}, {}, "covariates must be finite"),
        ({"a": [1, 2]}, {}, "must have a value for each of 6 vectors, got 2"),
        ({}, {}, "covariates must have at least one column"),
        (np.eye(6), {}, "got 6 embeddings for 7 coefficients"),
        (np.eye(6)[:, :1], {"cluster": [0, 0, 0, 1, 1, 1]}, "got 2 clusters for 2 coefficients"),
        (
            {"a": [1, 2, 3, 4, 5, 7]},
            {"cluster": ["a", "b", None, "d", "e", "f"]},
            "cluster must have a value for each vector, got a missing one, None, for context 2",
        ),
        (["none"], {}, "must be a column of the metadata"),
        ({1: [1, 2, 3, 4, 5, 7], "1": [2, 1, 3, 5, 4, 7]}, {}, "different names, got '1' twice"),
        (
            {"a": ["x", "y", "z"] * 2, "a_y": [1, 2, 3, 4, 5, 7]},
            {},
            "covariates must have columns of different names, got 'a_y' twice",
        ),
        ({"(Intercept)": [1, 2, 3, 4, 5, 7]}, {}, r"must not have the name '\(Intercept\)'"),
        ({"a": [1, 2, 3, 4, 5, 7]}, {"errors": "none"}, "errors must be one of"),
        ({"a": [1, 2, 3, 4, 5, 7]}, {"permutations": -1}, "permutations must be an integer >= 0"),
        ({"a": [1, 2, 3, 4, 5, 7]}, {"level": 1.0}, "level must be"),
    ],
)
def test_degenerate_regressions_are_refused(covariates, options, message):
    with pytest.raises(ValueError, match=message):
        alc.regress(embeddings(random_case(1, n=6)[0]), covariates, **options)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("formula", "message"),
    [
        ("y ~ x", "without a left side"),
        ("x - 1", "must keep the intercept"),
        ("none", "Unable to evaluate factor `none`.*columns of the metadata: 'x', 'cat'"),
        ("x + I(1)", "each term must have a value for each context, and be no constant"),
        ("x +", "must be a formula"),
        ("1", "at least one column"),
        ("np.log(x - 1)", r"must be finite, got infinity in 'np.log\(x - 1\)'"),
        ("x | cat", "got 'x | cat': it must be one part without a left side"),
        ("x + same", "covariates must vary: 'same' has the same value for all contexts"),
        ("cat + `cat[T.q]`", r"columns of different names, got 'cat\[T.q\]' twice"),
        ("x + `1`", r"got 'x \+ `1`': formulaic reads `1` as the intercept: write I\(`1`\)"),
        ("x + {x * 1j}", "Cannot cast array data from .*complex128"),
        # A local variable of the function that calls formulaic.
        ("x + formula", "Unable to evaluate factor `formula`"),
        # formulaic shows the place with control characters, in further lines.
        ("x #", "Unknown operator '#'. .columns"),
    ],
)
def test_a_wrong_formula_is_refused(formula, message):
    pytest.importorskip("formulaic")
    x = [1, 2, 3, 4, 5, 7]
    metadata = {"x": x, "cat": ["p", "q", "r"] * 2, "same": ["k"] * 6, "cat[T.q]": x, "1": x}
    with pytest.raises(ValueError, match=message):
        alc.regress(embeddings(random_case(1, n=6)[0], **metadata), formula)


def test_a_data_frame_with_two_columns_of_a_name_is_refused():
    pandas = pytest.importorskip("pandas")
    frame = pandas.DataFrame(np.eye(6)[:, :2], columns=["a", "a"])
    with pytest.raises(ValueError, match="columns of different names, got 'a' twice"):
        alc.regress(embeddings(random_case(1, n=6)[0]), frame)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("formula", "name"),
    [
        ("Intercept", "Intercept"),
        ("`a ~ b`", "a ~ b"),
        ("I(`1`)", "I(`1`)"),
        ("I(1):Intercept", "I(1):Intercept"),
    ],
)
def test_a_formula_may_have_a_column_with_any_name(formula, name):
    pytest.importorskip("formulaic")
    Y, X, _ = random_case(7, n=20)
    x = X[:, 0].tolist()
    found = embeddings(Y, **{"Intercept": x, "a ~ b": x, "1": x})
    options = {"errors": None, "permutations": 0}
    one, other = (alc.regress(found, form, **options) for form in (formula, {name: x}))
    assert one.names == other.names == ["(Intercept)", name]
    assert_allclose(one.beta, other.beta)


def test_one_context_has_no_regression():
    with pytest.raises(ValueError, match="got 1 embeddings for 2 coefficients"):
        alc.regress(embeddings(np.ones((1, 3))), {"a": [1.0]})


def test_a_group_of_one_has_no_jackknife_error_and_the_others_have_the_naive_one():
    Y, X, _ = random_case(4, n=10)
    X[:, 0] = np.arange(10) == 3
    with pytest.warns(
        UserWarning, match="standard error of 'x1' is undefined: without one context"
    ):
        result = alc.regress(embeddings(Y), X, permutations=0)
    assert np.isnan(result["std_error"][0])
    partial = reference_jackknife(Y, X, np.arange(10))[:, 1]
    error = math.sqrt(((partial - partial.mean()) ** 2).sum() * 0.9)
    assert_allclose(result["std_error"][1], error, rtol=1e-6)
    assert "n/a" in str(result)
    with pytest.warns(
        UserWarning, match="'x1' is undefined: more than 5% of the draws .* contexts"
    ):
        result = alc.regress(embeddings(Y), X, permutations=0, errors="bootstrap", bootstraps=100)
    assert np.isnan(result["std_error"]).tolist() == [True, False]


# --- neighbours -----------------------------------------------------------------------------------


def cosine(a, b) -> float:
    return float(a @ b / math.sqrt(float(a @ a) * float(b @ b)))


@pytest.fixture(scope="module")
def grouped():
    rng = np.random.default_rng(11)
    words = [f"w{k}" for k in range(30)]
    pair = (words, rng.normal(size=(30, 5)))
    contexts = [list(rng.choice(words, size=4)) for _ in range(40)]
    labels = [str(x) for x in rng.choice(["x", "y"], size=40)]
    A = rng.normal(size=(5, 5))
    found = alc.embed(contexts, pair, A)
    means = {g: found.vectors[[k for k in range(40) if labels[k] == g]].mean(axis=0) for g in "xy"}
    return found, labels, means, dict(zip(words, pair[1], strict=True)), contexts


def test_nearest_words_and_similarities_are_the_naive_cosines(grouped):
    found, labels, means, vectors, _ = grouped
    table = alc.nearest(found, labels, topn=3)
    for g in "xy":
        expected = sorted(vectors, key=lambda w: -cosine(means[g], vectors[w]))[:3]
        own = [row for row in table if row["group"] == g]
        assert [row["word"] for row in own] == expected
        assert [row["rank"] for row in own] == [1, 2, 3]
        assert_allclose(
            [row["cosine"] for row in own], [cosine(means[g], vectors[w]) for w in expected]
        )
    asked = ["w3", "w1"]
    table = alc.similarity(found, asked, labels)
    assert table["word"].tolist() == asked * 2
    expected = [cosine(means[g], vectors[w]) for g in "xy" for w in asked]
    assert_allclose(table["cosine"], expected)
    chosen = alc.nearest(found, topn=5, candidates=["w5", "w6"])
    assert sorted(chosen["word"]) == ["w5", "w6"]
    assert "group" not in chosen.columns


def test_a_ratio_is_that_of_the_naive_cosines(grouped):
    found, labels, means, vectors, _ = grouped
    table = alc.ratio(found, labels, "y", topn=4)
    near = {
        word
        for g in "xy"
        for word in sorted(vectors, key=lambda w: -cosine(means[g], vectors[w]))[:4]
    }
    assert set(table["word"]) == near
    expected = [
        cosine(means["y"], vectors[w]) / cosine(means["x"], vectors[w]) for w in table["word"]
    ]
    assert_allclose(table["ratio"], expected)
    assert (np.diff(table["ratio"]) <= 0).all()
    inverse = alc.ratio(found, labels, topn=4)
    assert_allclose(
        dict(zip(inverse["word"], inverse["ratio"], strict=True))[table["word"][0]],
        1 / table["ratio"][0],
    )


def test_intervals_and_p_values_of_groups_are_those_of_draws(grouped):
    found, labels, _, _, _ = grouped
    table = alc.nearest(found, labels, topn=3, bootstraps=200)
    assert (table["low"] < table["cosine"]).all()
    assert (table["high"] > table["low"]).all()
    again = alc.nearest(found, labels, topn=3, bootstraps=200)
    assert again["low"].tolist() == table["low"].tolist()
    ratios = alc.ratio(found, labels, topn=2, bootstraps=100, permutations=100)
    assert ((ratios["p_value"] >= 1 / 101) & (ratios["p_value"] <= 1)).all()
    assert "100 permutations of the groups" in str(ratios)
    planted = embeddings(np.repeat(np.eye(4), 30, axis=0) + 0.01)
    same = alc.similarity(planted, ["w0"], np.arange(120) // 30, bootstraps=50)
    assert_allclose(same["std_error"], 0, atol=1e-9)


def test_a_group_of_one_context_is_warned_of(grouped):
    found, _, _, _, _ = grouped
    groups = ["only"] + ["rest"] * (len(found) - 1)
    with pytest.warns(UserWarning, match="a group with one context have no width: only"):
        alc.nearest(found, groups, bootstraps=10)


def test_nearest_contexts_are_typical_uses(grouped):
    found, labels, means, _, contexts = grouped
    table = alc.nearest_contexts(found, contexts, labels, topn=2)
    order = sorted(range(40), key=lambda k: -cosine(means["x"], found.vectors[k]))[:2]
    assert table["context"][:2].tolist() == order
    assert table["text"][0] == " ".join(contexts[order[0]])
    with pytest.raises(ValueError, match="contexts must be the 40 contexts"):
        alc.nearest_contexts(found, contexts[:3])


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda f, g: alc.nearest(f, g, topn=0), ValueError, "topn must be"),
        (lambda f, g: alc.nearest(f, g, bootstraps=1), ValueError, "bootstraps must be 0 or"),
        (lambda f, g: alc.nearest(f, g, candidates="w1"), TypeError, "candidates must be"),
        (lambda f, g: alc.similarity(f, ["none"]), ValueError, "words must have words with a"),
        (lambda f, g: alc.ratio(f, ["x"] * 40), ValueError, "by must have two groups, got 1"),
        (lambda f, g: alc.ratio(f, g, "z"), ValueError, "numerator must be one of"),
        (lambda f, g: alc.nearest([1], g), TypeError, "embeddings must be a Embeddings"),
    ],
)
def test_wrong_arguments_of_neighbours_are_refused(grouped, call, error, message):
    with pytest.raises(error, match=message):
        call(grouped[0], grouped[1])


def test_unknown_words_of_a_similarity_are_in_a_warning_and_a_note(grouped):
    with pytest.warns(UserWarning, match="words without a vector: none"):
        table = alc.similarity(grouped[0], ["w1", "none"])
    assert "without a vector: none" in str(table)


@pytest.mark.slow
@given(seed=seeds)
def test_cosines_do_not_depend_on_a_rotation_of_the_space(seed):
    rng = np.random.default_rng(seed)
    words = [f"w{k}" for k in range(8)]
    V, A = rng.normal(size=(8, 3)), rng.normal(size=(3, 3))
    Q = np.linalg.qr(rng.normal(size=(3, 3)))[0]
    contexts = [["w0", "w1"], ["w2", "w3", "w0"], ["w4"]]
    one = alc.similarity(alc.embed(contexts, (words, V), A), words)
    other = alc.similarity(alc.embed(contexts[::-1], (words, V @ Q), Q.T @ A @ Q), words)
    assert_allclose(other["cosine"], one["cosine"], atol=1e-9)


# --- embeddings of all words ----------------------------------------------------------------------


@pytest.mark.slow
def test_feature_embeddings_are_transformed_means_of_counts(model, text):
    half = Cooccurrence.from_corpus(iter(text[:80]), min_count=1, window=5, progress=False)
    A = model.transform_matrix()
    found = alc.feature_embeddings(half, model, A)
    vectors = model.vectors
    dense, words = half.to_scipy().toarray(), half.vocabulary.words
    expected = {}
    for i, word in enumerate(words):
        known = [(dense[i, j], other) for j, other in enumerate(words) if other in vectors]
        total = sum(x for x, _ in known)
        if total > 0:
            mean = sum(x * vectors[other].astype(float) for x, other in known) / total
            expected[word] = A @ mean
    assert found.words == list(expected)
    assert_allclose(found.vectors, list(expected.values()), atol=1e-9)
    other = alc.feature_embeddings(model.cooccurrence, model, A)
    table = alc.feature_similarity(found, other)
    by_word = dict(zip(other.words, other.vectors, strict=True))
    cosines = {w: cosine(expected[w], by_word[w]) for w in expected if w in by_word}
    assert table["word"].tolist() == sorted(cosines, key=cosines.get)
    assert_allclose(table["cosine"], sorted(cosines.values()))
    with pytest.warns(UserWarning, match="not in both texts: nowhere"):
        assert len(alc.feature_similarity(found, other, ["water", "nowhere"])) == 1
    with pytest.raises(ValueError, match="words must be in both texts"):
        alc.feature_similarity(found, other, ["nowhere"])


@pytest.mark.parametrize("value", [np.nan, np.inf])
@pytest.mark.parametrize("transform", [False, np.eye(2)])
def test_feature_embeddings_need_finite_vectors(value, transform):
    X = Cooccurrence.from_corpus([["ice", "cold"], ["hot"]], min_count=1, progress=False)
    vectors = np.array([[1.0, 2.0], [3.0, value], [value, 5.0]])
    with pytest.raises(ValueError, match="vectors must have only finite numbers for the words of"):
        alc.feature_embeddings(X, (["ice", "cold", "hot"], vectors), transform)
    # "hot" occurs with no other word, so its vector is not used.
    vectors[1] = 4.0
    assert len(alc.feature_embeddings(X, (["ice", "cold", "hot"], vectors), transform)) == 2


def test_a_text_without_known_words_has_no_feature_embeddings(model):
    X = Cooccurrence.from_corpus([["zz", "yy"]], min_count=1, progress=False)
    with pytest.raises(ValueError, match="X must have words that occur with words"):
        alc.feature_embeddings(X, model, False)


# --- results --------------------------------------------------------------------------------------


@pytest.mark.slow
def test_results_print_convert_and_plot(grouped):
    pytest.importorskip("matplotlib").use("Agg")
    pytest.importorskip("pandas")
    found, labels, _, _, contexts = grouped
    X = np.arange(40.0)[:, None]
    tables = [
        alc.nearest(found, labels, topn=2, bootstraps=5),
        alc.similarity(found, ["w1"], labels),
        alc.ratio(found, labels, topn=2),
        alc.nearest_contexts(found, contexts, labels),
        alc.regress(found, X, permutations=9),
    ]
    for table in tables:
        assert str(table).splitlines()[0] == table.title
        assert table._repr_html_().startswith("<table>")
        json.dumps(table.to_dict(), allow_nan=False)
        assert len(table.to_pandas()) == len(table)
        assert table.plot() is not None
    assert found.plot(labels) is not None
    assert len(found.to_pandas()) == 40
    assert "40 embeddings of 5 components" in str(found)
    assert repr(tables[-1]).startswith("<Regression: 1 rows")


def test_progress_is_reported(grouped):
    calls = []
    alc.regress(
        grouped[0],
        np.arange(40.0),
        errors="bootstrap",
        bootstraps=10,
        permutations=70,
        progress=lambda *args: calls.append(args[:3]),
    )
    ends = [at for at, call in enumerate(calls) if call == ("resampling", 10, 10)]
    assert len(ends) == 1
    for part, total in ((calls[: ends[0] + 1], 10), (calls[ends[0] + 1 :], 70)):
        assert len(part) > 1
        assert [call[2] for call in part] == [total] * len(part)
        assert part == sorted(part)
    assert calls[-1] == ("resampling", 70, 70)


def test_vectors_of_a_model_are_taken_with_its_own_transform(model):
    wv = model.vectors
    assert isinstance(wv, WordVectors)
    one = alc.embed(["ice water"], model)
    other = alc.embed(["ice water"], wv, model.transform_matrix())
    assert_allclose(one.vectors, other.vectors)


# --- degenerate input -----------------------------------------------------------------------------


def longdouble_fit(Z: np.ndarray, Y: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The squared norms of coefficients and their bias HC1, in long double.

    They are computed by Gram-Schmidt, three times for each column.
    """
    Z, Y = Z.astype(np.longdouble), Y.astype(np.longdouble)
    n, p = Z.shape
    Q, R = np.zeros((n, p), np.longdouble), np.zeros((p, p), np.longdouble)
    for k in range(p):
        rest = Z[:, k].copy()
        for _ in range(3):
            for j in range(k):
                part = (Q[:, j] * rest).sum()
                R[j, k] += part
                rest -= Q[:, j] * part
        R[k, k] = np.sqrt((rest**2).sum())
        Q[:, k] = rest / R[k, k]
    inverse = np.zeros((p, p), np.longdouble)
    for column in range(p):
        for k in reversed(range(p)):
            own = np.longdouble(k == column) - (R[k, k + 1 :] * inverse[k + 1 :, column]).sum()
            inverse[k, column] = own / R[k, k]
    gamma = (Q[:, :, None] * Y[:, None, :]).sum(axis=0)
    residuals = Y - (Q[:, :, None] * gamma).sum(axis=1)
    beta = (inverse[:, :, None] * gamma).sum(axis=1)
    rows = (Q[:, None, :] * inverse).sum(axis=2)
    bias = (rows**2 * (residuals**2).sum(axis=1)[:, None]).sum(axis=0) * n / (n - p)
    return (beta**2).sum(axis=1)[1:], bias[1:]


@pytest.mark.skipif(np.finfo(np.longdouble).eps > 1e-18, reason="needs floats longer than float64")
@pytest.mark.parametrize("spread", [1e-2, 1e-5, 1e-7, 1e-8, 1e-10, 1e-15])
def test_a_product_with_an_almost_constant_covariate_is_exact_or_refused(spread):
    rng = np.random.default_rng(0)
    a, b = 1 + spread * rng.normal(size=80), rng.normal(size=80)
    found = embeddings(rng.normal(size=(80, 5)) + b[:, None])
    fitted_ones = 0
    for X in ({"b": b, "ab": a * b}, {"a": a, "b": b, "ab": a * b}, {"a": a, "ab": a * b}):
        try:
            result = alc.regress(found, X, permutations=9)
        except ValueError as error:
            if not re.match("covariates must (not be collinear|vary)", str(error)):
                raise
            continue
        fitted_ones += 1
        raw, bias = longdouble_fit(np.column_stack([np.ones(80), *X.values()]), found.vectors)
        assert_allclose(result["norm_squared"], raw.astype(float), rtol=1e-6)
        assert_allclose(result["bias"], bias.astype(float), rtol=1e-6)
        assert all(np.isfinite(result[name]).all() for name in result.columns[1:])
    assert fitted_ones == {1e-2: 3, 1e-5: 3, 1e-7: 3, 1e-8: fitted_ones, 1e-10: 1, 1e-15: 0}[spread]


def test_a_ratio_warns_of_groups_of_one_context():
    rng = np.random.default_rng(2)
    found = embeddings(rng.normal(size=(5, 3)))
    with pytest.warns(UserWarning, match="group with one context have no width: a$"):
        alc.ratio(found, ["a", "b", "b", "b", "b"], bootstraps=5)
    with pytest.warns(UserWarning, match="group with one context have no width: b, a$"):
        alc.ratio(found[:2], ["a", "b"], "b", bootstraps=5)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        alc.ratio(found, ["a", "b", "b", "b", "b"])  # no intervals


def test_permuted_ratios_are_those_of_each_permutation():
    rng = np.random.default_rng(5)
    found = embeddings(rng.normal(size=(9, 4)))
    labels = np.array(["a", "b"])[[0, 0, 1, 0, 1, 1, 1, 0, 1]]
    words = [f"w{k}" for k in range(4)]
    table = alc.ratio(found, labels, candidates=words, permutations=50, seed=3)
    units = found.vectors[:4] / np.linalg.norm(found.vectors[:4], axis=1)[:, None]

    def ratios(first: np.ndarray, second: np.ndarray) -> np.ndarray:
        means = np.stack([first.mean(axis=0), second.mean(axis=0)])
        cosines = means @ units.T / np.linalg.norm(means, axis=1)[:, None]
        return cosines[0] / cosines[1]

    observed = np.abs(ratios(found.vectors[labels == "a"], found.vectors[labels == "b"]) - 1)
    draws, beyond = np.random.default_rng(3), np.zeros(4)
    for _ in range(50):
        order = draws.permutation(9)
        drawn = ratios(found.vectors[order[:4]], found.vectors[order[4:]])
        beyond += np.abs(drawn - 1) >= observed * (1 - 1e-12)
    expected = dict(zip(words, (beyond + 1) / 51, strict=True))
    assert {row["word"]: row["p_value"] for row in table} == pytest.approx(expected)


def test_columns_of_metadata_keep_their_values_beside_other_columns():
    pytest.importorskip("pandas")
    wv = (["a", "b"], np.eye(2))
    metadata = {"document": ["p", "q"], "context": [7, 8], "0": [5, 6]}
    found = alc.embed(kwic.contexts(["a x", "x b"], "x", metadata=metadata), wv, False)
    frame = found.to_pandas()
    assert list(frame.columns) == [
        *("context", "known_words", "document", "document_metadata"),
        *("context_metadata", "0_metadata", "0", "1"),
    ]
    assert frame["document"].tolist() == [0, 1]
    assert frame["document_metadata"].tolist() == ["p", "q"]
    assert frame["context_metadata"].tolist() == [7, 8]
    assert frame["0_metadata"].tolist() == [5, 6]
    assert frame["0"].tolist() == [1.0, 0.0]
    assert found.groups("document")[0] == ["0", "1"]
    assert found.groups("document_metadata")[0] == ["p", "q"]


def feature_embeddings(words: list[str], dim: int = 2) -> alc.FeatureEmbeddings:
    n = len(words)
    return alc.FeatureEmbeddings(words, np.ones((n, dim)), np.ones(n, dtype=np.int64))


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda e: alc.nearest(e[:0]), ValueError, "at least one vector, got a selection of none"),
        (lambda e: e[:0].mean(), ValueError, "at least one vector"),
        (lambda e: alc.nearest_contexts(e[:0], ["a"] * 4), ValueError, "at least one vector"),
        (
            lambda e: alc.nearest(e, np.zeros((4, 2))),
            ValueError,
            r"one dimension, got shape \(4, 2",
        ),
        (lambda e: alc.nearest(e, {1, 2, 3, 4}), TypeError, "by must be .* a sequence of values"),
        (lambda e: alc.nearest(e, dict.fromkeys("abcd")), TypeError, "a sequence of values"),
        (lambda e: alc.nearest(e, 5), TypeError, "by must be a column .* got 5"),
        (lambda e: alc.nearest(e, candidates="w1"), TypeError, "candidates must be a sequence"),
        (lambda e: alc.nearest(e, candidates=[]), ValueError, "candidates must have words"),
        (lambda e: alc.similarity(e, "w1"), TypeError, "words must be a sequence of words"),
        (
            lambda e: alc.regress(e, np.array(3.0)),
            ValueError,
            r"a matrix of numbers, got shape \(\)",
        ),
        (lambda e: alc.regress(e, {"x": [1, 2, 3, np.nan]}), ValueError, "1 missing values in 'x'"),
        (lambda e: alc.regress(e, {"x": "abcd"}), ValueError, "got 'abcd'"),
        (lambda e: alc.regress(e, [1.0, 2, 3, 4], cluster=3), TypeError, "covariates must be"),
        (lambda e: alc.regress(e, np.arange(4.0), cluster=3), TypeError, "cluster must be"),
        (
            lambda e: alc.feature_similarity(
                feature_embeddings(["a", "b"]), feature_embeddings(["a"]), "ab"
            ),
            TypeError,
            "words must be a sequence of words, got 'ab'",
        ),
        (
            lambda e: alc.feature_similarity(
                feature_embeddings(["a"]), feature_embeddings(["a"], 3)
            ),
            ValueError,
            "vectors of the same length, got 2 and 3",
        ),
    ],
)
def test_degenerate_input_is_refused_by_name(call, error, message):
    found = embeddings(np.random.default_rng(1).normal(size=(4, 3)))
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        with pytest.raises(error, match=message):
            call(found)
    assert str(found[:0]).startswith("0 embeddings of 3 components")
