"""`glove_rs.bootstrap`: weights, counts with weights, estimates, files, continuation."""

from __future__ import annotations

import itertools
import json
import os
import warnings
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import glove_rs
import topic_text
from glove_rs import Bootstrap, Cooccurrence, Glove, WordVectors, _settings
from glove_rs._bootstrap import queries
from glove_rs._bootstrap.estimates import INTERVALS, interval_of
from glove_rs._bootstrap.resampling import Resampling
from glove_rs._bootstrap.schedule import replicate_schedule
from glove_rs._bootstrap.store import ReplicateStore
from glove_rs._bootstrap.trainer import model_settings
from glove_rs._fit import short_schedule
from glove_rs._fit.documents import EncodedDocuments
from program import done, reason

QUICK = {"dim": 4, "epochs": 2, "min_count": 1, "threads": 1, "deterministic": True}
TEXT = ["ice is cold", "snow is cold", "steam is hot", "fire is hot"] * 5
WORDS = st.sampled_from(["a", "b", "c", "d"])


def documents_of(text: Sequence[str], **options: object) -> EncodedDocuments:
    return EncodedDocuments.read(iter(text), Glove(**QUICK).get_params(), None, **options)


def made(
    folder: Path, full: np.ndarray, replicates: Sequence[np.ndarray], method: str = "bootstrap"
) -> Bootstrap:
    """A bootstrap in which `full` and `replicates` are the vectors of the words w0, w1, …"""
    store = ReplicateStore(folder)
    store.create()
    store.write_full(WordVectors([f"w{i}" for i in range(len(full))], full))
    for number, vectors in enumerate(replicates):
        store.write(number, vectors)
    text = {"documents": 9, "units": 9, "tokens": 99, "words": len(full)}
    n = len(replicates)
    settings = {"method": method, "unit": "document", "seed": 0, "n": n, "text": text, "model": {}}
    store.write_settings(settings)
    return Bootstrap(store, None)


def noisy(seed: int, n: int = 8, words: int = 30, dim: int = 5, noise: float = 0.3) -> list:
    """Full vectors, and replicates with noise, in numbers that float16 holds exactly."""
    rng = np.random.default_rng(seed)
    full = rng.normal(size=(words, dim)).astype(np.float16).astype(np.float32)
    replicates = [full + rng.normal(size=full.shape) * noise for _ in range(n)]
    return [full, [replicate.astype(np.float16) for replicate in replicates]]


# --- counts with weights --------------------------------------------------------------------------


@pytest.mark.slow
@given(
    st.lists(st.tuples(st.lists(WORDS, max_size=5), st.integers(0, 3)), min_size=1, max_size=8),
    st.integers(1, 4),
    st.booleans(),
)
def test_counts_with_weights_are_those_of_a_text_that_repeats_its_documents(
    text, window, symmetric
):
    settings = Glove(**QUICK | {"window": window, "symmetric": symmetric}).get_params()
    # A document of `text` may have no words. The document after them has all words.
    read = [" ".join(words) for words, _ in text] + ["a b c d"]
    weights = np.array([weight for _, weight in text] + [1], dtype=np.uint32)
    documents = EncodedDocuments.read(iter(read), settings, None, vocabulary=list("abcd"))
    assert documents.lengths.tolist() == [len(line.split()) for line in read]
    repeated = [line for line, weight in zip(read, weights, strict=True) for _ in range(weight)]
    found = documents.count(weights, settings, None)
    expected = Cooccurrence.from_corpus(
        iter(repeated), list("abcd"), window=window, symmetric=symmetric, threads=1
    )
    for one, other in zip(found.records(), expected.records(), strict=True):
        assert one.tolist() == other.tolist()
    words = " ".join(repeated).split()
    assert documents.word_counts(weights).tolist() == [words.count(word) for word in "abcd"]


@pytest.mark.slow
@given(
    st.lists(st.tuples(st.lists(WORDS, max_size=5), st.integers(0, 2)), min_size=1, max_size=8),
    st.booleans(),
)
def test_a_subset_has_the_counts_of_its_documents_and_only_their_words(text, two):
    settings = Glove(**QUICK).get_params()
    read = [" ".join(words) for words, _ in text] + ["a b b"]
    weights = np.array([weight for _, weight in text] + [1], dtype=np.uint32)
    if two:
        sources = {"x": read, "y": read[::-1]}
        documents = EncodedDocuments.read_labelled(sources, settings, None, vocabulary=list("dabc"))
        weights = np.concatenate([weights, weights[::-1]])
    else:
        documents = EncodedDocuments.read(read, settings, None, vocabulary=list("dabc"))
    subset, rows = documents.subset(weights)
    assert subset.lengths.tolist() == documents.lengths[weights > 0].tolist()
    counts = documents.word_counts(np.minimum(weights, 1))
    assert subset.vocabulary.words == ["dabc"[row] for row in rows]
    assert subset.vocabulary.counts.tolist() == sorted(counts[counts > 0], reverse=True)
    assert subset.vocabulary.counts.tolist() == counts[rows].tolist()
    expected = documents.count(weights, settings, None).to_scipy().toarray()
    found = subset.count(weights[weights > 0], settings, None).to_scipy().toarray()
    assert found.tolist() == expected[np.ix_(rows, rows)].tolist()


def test_documents_without_words_keep_their_number(tmp_path):
    path = tmp_path / "text.txt"
    path.write_text("a b\n\n\nc\n \nd a\n")
    settings = Glove(**QUICK).get_params()
    assert EncodedDocuments.read(path, settings, None).lengths.tolist() == [2, 0, 0, 1, 0, 2]
    listed = EncodedDocuments.read(["a b", "", "", "c", " ", "d a"], settings, None)
    assert listed.lengths.tolist() == [2, 0, 0, 1, 0, 2]
    tokens = EncodedDocuments.read([["a", "b"], [], ["c"]], settings, None)
    assert tokens.lengths.tolist() == [2, 0, 1]
    other = tmp_path / "other.txt"
    other.write_text("a\n")
    files = EncodedDocuments.read([path, other, path], settings, None)
    assert files.lengths.tolist() == [2, 0, 0, 1, 0, 2, 1, 2, 0, 0, 1, 0, 2]


# --- weights --------------------------------------------------------------------------------------


@pytest.mark.slow
@given(st.lists(st.integers(0, 3), min_size=2, max_size=40), st.integers(0, 9))
def test_a_bootstrap_draws_as_many_documents_as_have_words(lengths, seed):
    lengths = np.array([*lengths, 1, 1], dtype=np.uint32)
    resampling = Resampling(lengths, None, "bootstrap", seed)
    drawn = [resampling.weights(replicate, 3) for replicate in range(3)]
    for weights in drawn:
        assert weights.sum() == resampling.units == np.count_nonzero(lengths)
        assert not weights[lengths == 0].any()
    again = Resampling(lengths, None, "bootstrap", seed).weights(2, 9)
    assert again.tolist() == drawn[2].tolist()


@given(st.integers(2, 30), st.integers(2, 30), st.integers(0, 9))
def test_a_jackknife_leaves_out_each_document_once(units, n, seed):
    n = min(n, units)
    resampling = Resampling(np.ones(units, dtype=np.uint32), None, "jackknife", seed)
    weights = np.array([resampling.weights(replicate, n) for replicate in range(n)])
    assert set(weights.ravel().tolist()) <= {0, 1}
    assert (weights == 0).sum(axis=0).tolist() == [1] * units
    blocks = (weights == 0).sum(axis=1)
    assert blocks.max() - blocks.min() <= 1


def test_all_documents_of_a_group_have_one_weight():
    labels = ["x", "y", "x", "z", "y", "w"]
    lengths = np.array([1, 2, 3, 1, 1, 0], dtype=np.uint32)
    resampling = Resampling(lengths, labels, "bootstrap", 4)
    assert resampling.units == 3  # the document of the group "w" has no words
    seen = [resampling.weights(replicate, 20).tolist() for replicate in range(20)]
    assert all(w[0] == w[2] and w[1] == w[4] and w[0] + w[1] + w[3] == 3 for w in seen)
    assert len({tuple(w) for w in seen}) > 5


# --- estimates ------------------------------------------------------------------------------------


@pytest.mark.slow
def test_the_estimate_of_a_mean_is_that_of_textbooks():
    rng = np.random.default_rng(1)
    data = rng.normal(size=40)
    value = np.asarray(data.mean())
    left_out = np.array([np.delete(data, i).mean() for i in range(40)])
    low, high = interval_of(value, left_out, "jackknife", "percentile", 0.95)
    error = data.std(ddof=1) / np.sqrt(40)
    stats = pytest.importorskip("scipy.stats")
    expected = value + np.array([-1, 1]) * stats.t.ppf(0.975, 39) * error
    assert np.allclose([low, high], expected, rtol=1e-4)
    drawn = np.array([rng.choice(data, 40).mean() for _ in range(4000)])
    assert np.isclose(drawn.std(ddof=1), error, rtol=0.1)
    for kind in INTERVALS:
        limits = interval_of(value, drawn, "bootstrap", kind, 0.95)
        assert np.allclose(limits, expected, atol=0.05), kind


@pytest.mark.slow
@given(st.integers(0, 1000), st.sampled_from(INTERVALS))
def test_intervals_shift_and_scale_with_the_statistic(seed, kind):
    rng = np.random.default_rng(seed)
    value, replicates = rng.normal(size=3), rng.normal(size=(12, 3))
    low, high = interval_of(value, replicates, "bootstrap", kind, 0.9)
    moved = interval_of(2 * value + 1, 2 * replicates + 1, "bootstrap", kind, 0.9)
    assert np.allclose(moved, [2 * low + 1, 2 * high + 1])
    assert (low < high).all()
    wider = interval_of(value, replicates, "bootstrap", kind, 0.99)
    assert (wider[0] <= low).all()
    assert (wider[1] >= high).all()


@pytest.mark.slow
def test_all_queries_agree_with_numpy(tmp_path):
    full, replicates = noisy(3)
    b = made(tmp_path, full, replicates)

    def unit(vectors: np.ndarray) -> np.ndarray:
        wide = vectors.astype(float)
        return wide / np.linalg.norm(wide, axis=1, keepdims=True)

    units = [unit(full), *map(unit, replicates)]

    def expected(function: Callable[[np.ndarray], float]) -> tuple[float, np.ndarray]:
        first, *others = map(function, units)
        return first, np.array(others)

    def check(estimate: glove_rs._bootstrap.Estimate, function: Callable) -> None:
        value, others = expected(function)
        assert np.isclose(estimate.value, value, atol=1e-5)
        assert np.allclose(estimate.replicates, others, atol=1e-5)
        assert np.isclose(estimate.standard_error, others.std(ddof=1), atol=1e-5)
        assert np.isclose(estimate.bias, others.mean() - value, atol=1e-5)

    check(b.similarity("w1", "w2"), lambda u: u[1] @ u[2])
    check(
        b.similarity_difference(("w1", "w2"), ("w3", "w4")),
        lambda u: u[1] @ u[2] - u[3] @ u[4],
    )

    def projected(u: np.ndarray) -> float:
        axis = u[[1, 2]].mean(axis=0) - u[[3, 4, 5]].mean(axis=0)
        return u[9] @ axis / np.linalg.norm(axis)

    check(b.projection("w9", ["w1", "w2"], ["w3", "w4", "w5"]), projected)
    table = b.projection(["w8", "w9"], ["w1", "w2"], ["w3", "w4", "w5"])
    assert np.isclose(table["projection"][1], projected(units[0]), atol=1e-5)
    listed = b.similarities([("w1", "w2"), ("w5", "w6")])
    assert listed["word1"].tolist() == ["w1", "w5"]
    one = b.similarity("w5", "w6")
    assert np.allclose([listed["low"][1], listed["high"][1]], one.interval)
    vector = b.estimate(lambda wv: wv.vectors[0] ** 2)
    assert vector.value.shape == (5,)
    assert vector.low.shape == (5,)


@pytest.mark.parametrize("query", ["neighbours", "analogy"])
def test_ranks_are_those_of_a_full_sort(tmp_path, query):
    full, replicates = noisy(5, noise=0.2)
    b = made(tmp_path, full, replicates)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        table = b.neighbours("w0", 5) if query == "neighbours" else b.analogy("w0", "w1", "w2", 5)
    out = [0] if query == "neighbours" else [0, 1, 2]

    def ranks(vectors: np.ndarray) -> dict[str, int]:
        units = vectors / np.linalg.norm(vectors, axis=1, keepdims=True)
        target = units[0] if query == "neighbours" else units[1] - units[0] + units[2]
        scores = units @ target
        order = [i for i in np.argsort(-scores).tolist() if i not in out]
        return {f"w{i}": rank for rank, i in enumerate(order, 1)}

    all_ranks = [ranks(r.astype(float)) for r in replicates]
    for row in table:
        own = [r[row["word"]] for r in all_ranks]
        assert np.isclose(row["mean_rank"], np.mean(own))
        assert np.isclose(row["share"], np.mean(np.array(own) <= 5))
        assert row["rank_low"] <= np.median(own) <= row["rank_high"]
    assert len(table) == 5
    assert (np.diff(table["mean_rank"]) >= 0).all()
    best = {w for r in all_ranks for w, rank in r.items() if rank <= 5}
    means = sorted(np.mean([r[w] for r in all_ranks]) for w in best)
    assert np.allclose(means[:5], table["mean_rank"])


def test_stability_is_the_mean_overlap_of_two_replicates(tmp_path):
    full, replicates = noisy(6, n=4)
    b = made(tmp_path, full, replicates)
    nearest = [
        {w for w, _ in WordVectors(b.full.index_to_key, r).most_similar("w0", topn=3)}
        for r in replicates
    ]
    overlaps = [len(one & other) / 3 for one, other in itertools.combinations(nearest, 2)]
    assert np.isclose(b.stability("w0", topn=3), np.mean(overlaps))
    table = b.stability([f"w{i}" for i in range(5)])
    assert (np.diff(table["stability"]) <= 0).all()
    same = made(tmp_path / "same", full, [full.astype(np.float16)] * 3)
    assert same.stability("w0") == 1.0
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        same.neighbours("w0")


def test_stability_reads_each_replicate_once_for_all_words(tmp_path, monkeypatch):
    b = made(tmp_path, *noisy(3, n=4))
    words = [f"w{i}" for i in range(9)]
    one_by_one = {word: b.stability(word, topn=3) for word in words}
    loaded: list[int] = []
    load = ReplicateStore.load

    def counted(store: ReplicateStore, replicate: int) -> WordVectors:
        loaded.append(replicate)
        return load(store, replicate)

    monkeypatch.setattr(ReplicateStore, "load", counted)
    stages: list[tuple[str, int, int]] = []
    table = b.stability(words, topn=3, progress=lambda *given: stages.append(given[:3]))
    assert dict(zip(table["word"], table["stability"], strict=True)) == one_by_one
    assert loaded == [0, 1, 2, 3]
    assert stages == [("replicates", done, 4) for done in range(5)]
    # If the neighbours of all words do not fit into memory, blocks of words are read.
    monkeypatch.setattr(queries, "_MOST_NEIGHBOURS", 4 * 3 * 5)
    table = b.stability(words, topn=3)
    assert dict(zip(table["word"], table["stability"], strict=True)) == one_by_one
    assert loaded == 3 * [0, 1, 2, 3]
    assert len(b.stability([])["word"]) == 0


def test_a_low_stability_warns(tmp_path):
    rng = np.random.default_rng(0)
    noise = [rng.normal(size=(200, 5)) for _ in range(4)]
    b = made(tmp_path, noise[0].astype(np.float32), noise[1:])
    with pytest.warns(UserWarning, match="neighbours of 'w0' are not stable"):
        b.neighbours("w0")


def test_replicates_without_a_word_are_left_out_with_a_warning(tmp_path):
    full, replicates = noisy(7)
    replicates[2][1] = np.nan
    b = made(tmp_path, full, replicates)
    with pytest.warns(UserWarning, match="only 7 of 8 replicates have a value, for example"):
        estimate = b.similarity("w0", "w1")
    assert np.isfinite([estimate.value, estimate.low, estimate.high]).all()
    assert np.isnan(estimate.replicates).sum() == 1
    for replicate in replicates[1:]:
        replicate[1] = np.nan
    rare = made(tmp_path / "rare", full, replicates)
    with pytest.raises(ValueError, match=r"similarity\(w0, w1\) must have a value in at least 2"):
        rare.similarity("w0", "w1")
    assert np.isnan(rare.stability("w1"))


def test_wrong_arguments_are_named(tmp_path):
    b = made(tmp_path, *noisy(8, n=3))
    with pytest.raises(KeyError, match="w99"):
        b.similarity("w0", "w99")
    with pytest.raises(KeyError, match="w99"):
        b.neighbours("w99")
    with pytest.raises(ValueError, match="pair1"):
        b.similarity_difference("w0", ("w1", "w2"))
    with pytest.raises(ValueError, match="positive must have at least one word"):
        b.projection("w0", [], ["w1"])
    b.level = 1.5
    with pytest.raises(ValueError, match="level"):
        b.similarity("w0", "w1")
    b.level, b.interval = 0.95, "bca"
    with pytest.raises(ValueError, match="interval must be one of"):
        b.similarity("w0", "w1")
    single = made(tmp_path / "one", *noisy(8, n=1))
    with pytest.raises(ValueError, match="at least 2 replicates, got 1"):
        single.similarity("w0", "w1")


@pytest.mark.slow
def test_results_print_convert_and_plot(tmp_path):
    pytest.importorskip("matplotlib").use("Agg")
    b = made(tmp_path, *noisy(9, noise=0.05))
    estimate = b.similarity("w0", "w1")
    assert str(estimate).startswith("similarity(w0, w1): ")
    table = b.similarities([("w0", "w1")])
    assert str(table).splitlines()[0].split() == [
        "word1", "word2", "similarity", "low", "high", "standard", "error"
    ]  # fmt: skip
    assert ">w1</td>" in table._repr_html_()
    frame = table.to_pandas()
    assert frame.similarity[0] == pytest.approx(estimate.value, abs=1e-6)
    for drawn in (estimate, table, b.neighbours("w0")):
        assert drawn.plot().get_xlabel()
        assert len(drawn.to_pandas())
    assert "models" in str(b)
    assert "<table>" in b._repr_html_()


# --- training -------------------------------------------------------------------------------------


@pytest.mark.slow
def test_a_replicate_depends_on_seed_and_number_only(tmp_path):
    model = Glove(**QUICK)
    whole = glove_rs.bootstrap(model, TEXT, 4, path=tmp_path / "whole")
    parts = glove_rs.bootstrap(model, TEXT, 0)
    assert len(parts) == 0
    assert parts.extend(2).extend(4) is parts
    for one, other in zip(whole.models, parts.models, strict=True):
        assert np.array_equal(one.vectors, other.vectors, equal_nan=True)
    assert whole.full.vectors.tolist() == model.fit(TEXT).vectors.vectors.tolist()
    other_seed = glove_rs.bootstrap(model, TEXT, 1, seed=5)
    assert not np.array_equal(other_seed.models[0].vectors, whole.models[0].vectors)


def test_replicates_are_trained_on_their_text_and_rotated(tmp_path):
    model = Glove(**QUICK)
    b = glove_rs.bootstrap(model, TEXT, 3)
    documents = documents_of(TEXT)
    resampling = Resampling(documents.lengths, None, "bootstrap", 0)
    for number, found in enumerate(b.models):
        weights = resampling.weights(number, 3)
        seed = resampling.training_seed(number, 0)
        repeated = [line for line, w in zip(TEXT, weights, strict=True) for _ in range(w)]
        words = documents.vocabulary.words
        expected = Glove(**QUICK | {"seed": seed}).fit(iter(repeated), vocabulary=words).vectors
        for w1, w2 in itertools.combinations(words, 2):
            similarity = expected.similarity(w1, w2)
            assert found.similarity(w1, w2) == pytest.approx(similarity, abs=5e-3)
        assert found.vectors.dtype == np.float16
        # No other rotation brings the replicate nearer to the model of the whole text.
        turned = found.vectors.astype(float) / np.linalg.norm(found.vectors, axis=1)[:, None]
        product = turned.T @ (b.full.vectors / np.linalg.norm(b.full.vectors, axis=1)[:, None])
        assert np.trace(product) == pytest.approx(np.linalg.svd(product)[1].sum(), rel=1e-3)


@pytest.mark.slow
@pytest.mark.parametrize("method", ["bootstrap", "jackknife"])
def test_replicates_may_have_other_epochs_than_the_model_of_all_of_the_text(method):
    usual = glove_rs.bootstrap(Glove(**QUICK), TEXT, 2, method=method)
    b = glove_rs.bootstrap(Glove(**QUICK), TEXT, 2, method=method, replicate_epochs=5)
    assert np.array_equal(b.full.vectors, usual.full.vectors)
    # A bootstrap of a model with five epochs has the same replicates, up to a rotation.
    other = glove_rs.bootstrap(Glove(**QUICK | {"epochs": 5}), TEXT, 2, method=method)
    assert not np.array_equal(b.full.vectors, other.full.vectors)
    for pair in itertools.combinations(b.full.index_to_key, 2):
        found, expected, before = (
            [wv.similarity(*pair) for wv in each.models] for each in (b, other, usual)
        )
        assert found == pytest.approx(expected, abs=5e-3)
        assert found != before
    assert b.settings["replicate_epochs"] == 5
    assert b.settings["model"]["epochs"] == 2


@pytest.mark.slow
def test_a_bootstrap_goes_on_with_the_epochs_that_it_was_made_with(tmp_path):
    path = tmp_path / "run"
    b = glove_rs.bootstrap(Glove(**QUICK), TEXT, 2, path=path, replicate_epochs=3)
    whole = glove_rs.bootstrap(Glove(**QUICK), TEXT, 4, replicate_epochs=3)
    assert len(glove_rs.bootstrap(Glove(**QUICK), TEXT, 3, path=path)) == 3
    assert len(Bootstrap.load(path).extend(4, TEXT)) == 4
    for found, expected in zip(Bootstrap.load(path).models, whole.models, strict=True):
        assert np.array_equal(found.vectors, expected.vectors, equal_nan=True)
    assert b.settings["replicate_epochs"] == 3
    with pytest.raises(ValueError, match="another replicate_epochs"):
        glove_rs.bootstrap(Glove(**QUICK), TEXT, 4, path=path, replicate_epochs=2)


def test_a_bootstrap_of_an_earlier_version_goes_on_with_all_epochs_of_its_model(tmp_path):
    path = tmp_path / "run"
    model = Glove(**QUICK | {"epochs": 7})
    glove_rs.bootstrap(model, TEXT, 1, path=path, replicate_epochs=7)
    settings = json.loads((path / "bootstrap.json").read_text())
    del settings["replicate_epochs"]
    (path / "bootstrap.json").write_text(json.dumps(settings))
    assert len(glove_rs.bootstrap(model, TEXT, 2, path=path)) == 2
    assert len(Bootstrap.load(path).extend(3, TEXT)) == 3
    expected = glove_rs.bootstrap(model, TEXT, 3, replicate_epochs=7)
    for one, other in zip(Bootstrap.load(path).models, expected.models, strict=True):
        assert np.array_equal(one.vectors, other.vectors, equal_nan=True)


def test_replicates_have_fewer_epochs_only_where_intervals_were_measured():
    def of(tokens=300_000, method="bootstrap", epochs=None, **settings):
        model = model_settings(Glove(**settings).get_params())
        return tuple(replicate_schedule(model, method, tokens, epochs).values())

    assert of() == (4, pytest.approx(0.4))
    assert of(threads=1, window=5) == of(dim=2) == of()
    assert of(dim=75) == (4, pytest.approx(0.375))
    assert of(dim=100) == (4, pytest.approx(0.35))
    assert of(tokens=299_999) == of(method="jackknife") == (7, 0.25)
    assert of(epochs=7) == (7, 0.25)
    assert of(dim=101) == (7, 0.25)
    others = ({"epochs": 8}, {"learning_rate": 0.2}, {"schedule": "linear"}, {"preset": "paper"})
    for other in others:
        settings = model_settings(Glove(**other).get_params())
        schedule = replicate_schedule(settings, "bootstrap", 300_000, None)
        assert tuple(schedule.values()) == (settings["epochs"], settings["learning_rate"])
    assert of(epochs=5) == (5, 0.35)
    assert of(epochs=3, dim=300) == (3, pytest.approx(0.35))
    assert of(epochs=6) == (6, pytest.approx(0.25 * 7 / 6))
    assert of(epochs=9) == (9, 0.25)


@pytest.mark.parametrize("rate", [0.25, 0.1, 1 / 3])
def test_shorter_trainings_have_the_bits_of_the_rates_that_were_measured(rate):
    def replicate(dim, epochs):
        model = {"dim": dim, "learning_rate": rate, "epochs": 7}
        return short_schedule.of_replicate(model, "bootstrap", 300_000, epochs)

    assert replicate(50, 4) == (4, rate * 1.6)
    assert replicate(100, 4) == replicate(300, 4) == (4, rate * 1.4)
    assert replicate(50, 6) == (6, rate * (7 / 6))
    assert replicate(50, 7) == (7, rate)
    # A slice trains 4/7 of the epochs, rounded up, and its rate has the factor 1.6: with any dim,
    # and also if 4/7 are rounded up to all epochs.
    for epochs, own in [(7, 4), (1, 1), (2, 2), (8, 5), (25, 15)]:
        model = {"dim": 300, "learning_rate": rate, "epochs": epochs}
        assert short_schedule.of_slice(model, None) == (own, rate * 1.6)
        assert short_schedule.of_slice(model, 3) == (3, rate)


def test_fewer_epochs_were_measured_with_the_values_of_the_preset_best():
    measured = (7, 0.25, "cosine", "rowwise_adagrad")
    best = _settings.resolve({"preset": "best", "dim": 100})
    found = tuple(best[name] for name in short_schedule._MEASURED)
    assert found == measured, "measure the epochs of replicates again: see _fit/short_schedule.py"


@pytest.mark.slow
def test_replicates_of_a_long_text_have_four_epochs(monkeypatch):
    model = {"dim": 4, "min_count": 1, "threads": 1, "deterministic": True}
    assert glove_rs.bootstrap(Glove(**model), TEXT, 0).settings["replicate_epochs"] == 7
    monkeypatch.setattr(short_schedule, "_LEAST_TOKENS", 60)  # TEXT has 60 words
    b = glove_rs.bootstrap(Glove(**model), TEXT, 2)
    assert b.settings["replicate_epochs"] == 4
    shorter = Glove(**model, epochs=4, learning_rate=b.settings["replicate_learning_rate"])
    expected = glove_rs.bootstrap(shorter, TEXT, 2)
    for pair in itertools.combinations(b.full.index_to_key, 2):
        found = [wv.similarity(*pair) for wv in b.models]
        assert found == pytest.approx([wv.similarity(*pair) for wv in expected.models], abs=5e-3)
    with pytest.raises(ValueError, match="replicate_epochs must be an integer >= 1"):
        glove_rs.bootstrap(Glove(**model), TEXT, 2, replicate_epochs=0)


def test_words_of_no_document_in_a_replicate_are_nan():
    text = [*TEXT, "unique word"]
    b = glove_rs.bootstrap(Glove(**QUICK), text, 8)
    row = b.full.key_to_index["unique"]
    resampling = Resampling(documents_of(text).lengths, None, "bootstrap", 0)
    absent = [resampling.weights(number, 8)[-1] == 0 for number in range(8)]
    assert 0 < sum(absent) < 8
    assert [bool(np.isnan(model.vectors[row]).all()) for model in b.models] == absent


@pytest.mark.slow
def test_an_interrupted_run_goes_on_from_what_is_done(tmp_path):
    model, path = Glove(**QUICK), tmp_path / "run"

    def interrupt(stage: str, done: int, total: int, info: dict) -> None:
        if stage == "replicates" and done == 2:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        glove_rs.bootstrap(model, TEXT, 4, path=path, progress=interrupt)
    assert len(Bootstrap.load(path)) == 2
    written = {name: os.stat(path / name).st_mtime_ns for name in os.listdir(path)}
    b = glove_rs.bootstrap(model, TEXT, 4, path=path)
    assert len(b) == 4
    assert {n: t for n, t in written.items() if os.stat(path / n).st_mtime_ns != t} == {}
    whole = glove_rs.bootstrap(model, TEXT, 4)
    assert np.array_equal(b.models[3].vectors, whole.models[3].vectors, equal_nan=True)
    # Without a folder, the object keeps the finished replicates.
    partial = glove_rs.bootstrap(model, TEXT, 0)
    with pytest.raises(KeyboardInterrupt):
        partial.extend(4, progress=interrupt)
    assert len(partial) == 2
    assert len(partial.extend(3)) == 3


def test_a_callback_gets_the_stages_of_the_bootstrap():
    stages: list[str] = []
    model = Glove(**QUICK, subwords=True)
    glove_rs.bootstrap(model, TEXT, 2, progress=lambda stage, *_: stages.append(stage))
    found = list(dict.fromkeys(stages))
    assert "idle" not in found
    assert found[-1] == "replicates"


def test_a_folder_of_another_bootstrap_is_refused(tmp_path):
    path = tmp_path / "run"
    glove_rs.bootstrap(Glove(**QUICK), TEXT, 2, path=path)
    for change in ({"dim": 5}, {"window": 3}):
        with pytest.raises(ValueError, match=f"another model .{next(iter(change))}"):
            glove_rs.bootstrap(Glove(**QUICK | change), TEXT, 2, path=path)
    with pytest.raises(ValueError, match="another text"):
        glove_rs.bootstrap(Glove(**QUICK), [*TEXT, "ice is hot"], 2, path=path)
    with pytest.raises(ValueError, match="another seed"):
        glove_rs.bootstrap(Glove(**QUICK), TEXT, 2, seed=1, path=path)
    other = tmp_path / "other"
    other.mkdir()
    (other / "mine.txt").write_text("mine")
    with pytest.raises(FileExistsError, match="holds no bootstrap"):
        glove_rs.bootstrap(Glove(**QUICK), TEXT, 2, path=other)
    assert (other / "mine.txt").read_text() == "mine"


@pytest.mark.slow
def test_a_run_that_was_killed_before_its_settings_were_written_goes_on(tmp_path):
    whole = glove_rs.bootstrap(Glove(**QUICK), TEXT, 2)
    full, settings = ".full.native.glove-rs-0.tmp", ".bootstrap.json.glove-rs-0.tmp"
    for number, left in enumerate(([full], ["full.native"], [settings, "full.native"])):
        path = tmp_path / str(number)
        path.mkdir()
        for name in left:
            (path / name).write_bytes(b"par")
        if "full.native" in left:
            WordVectors(["old"], np.ones((1, 4), np.float32)).save(path / "full.native")
        b = glove_rs.bootstrap(Glove(**QUICK), TEXT, 2, path=path)
        assert np.array_equal(b.full.vectors, whole.full.vectors)
        replicates = ["replicate-0001.native", "replicate-0002.native"]
        assert sorted(os.listdir(path)) == ["bootstrap.json", "full.native", *replicates]


@pytest.mark.parametrize(
    "name",
    ["full.native", ".full.native.tmp", ".mine.glove-rs-0.tmp", ".full.native.glove-rs-0.tmp/"],
)
def test_files_that_no_killed_run_left_are_refused_and_stay(tmp_path, name):
    WordVectors(["old"], np.ones((1, 4), np.float32)).save(tmp_path / "full.native")
    (tmp_path / ".bootstrap.json.glove-rs-0.tmp").write_text("par")
    if name.endswith("/"):
        (tmp_path / name).mkdir()
    else:
        (tmp_path / name).write_text("mine 0.1 0.2")
    before = {p.name: p.read_bytes() for p in tmp_path.iterdir() if p.is_file()}
    with pytest.raises(FileExistsError, match="holds no bootstrap"):
        glove_rs.bootstrap(Glove(**QUICK), TEXT, 2, path=tmp_path)
    assert {p.name: p.read_bytes() for p in tmp_path.iterdir() if p.is_file()} == before


@pytest.mark.slow
def test_a_saved_bootstrap_loads_and_extends(tmp_path):
    b = glove_rs.bootstrap(Glove(**QUICK), TEXT, 3)
    path = tmp_path / "saved"
    b.save(path)
    loaded = Bootstrap.load(path)
    assert repr(loaded) == repr(b)
    assert loaded.similarity("ice", "hot") == b.similarity("ice", "hot")
    with pytest.raises(ValueError, match="give source"):
        loaded.extend(4)
    with pytest.raises(ValueError, match="must be the text of this bootstrap"):
        loaded.extend(4, TEXT[:-1])
    assert len(loaded.extend(5, TEXT)) == len(Bootstrap.load(path)) == 5
    again = b.extend(5).models[4].vectors
    assert np.array_equal(loaded.models[4].vectors, again, equal_nan=True)
    with pytest.raises(FileExistsError, match="overwrite=True"):
        b.save(path)
    b.extend(6).save(path, overwrite=True)
    assert len(Bootstrap.load(path)) == 6
    Bootstrap.load(path).save(path)  # into its own folder: nothing is written
    assert len(Bootstrap.load(path)) == 6
    foreign = tmp_path / "foreign"
    foreign.mkdir()
    (foreign / "letter.txt").write_text("x")
    with pytest.raises(FileExistsError, match="not a bootstrap"):
        b.save(foreign, overwrite=True)
    with pytest.raises(FileNotFoundError):
        Bootstrap.load(tmp_path / "missing")
    (tmp_path / "bad").mkdir()
    (tmp_path / "bad" / "bootstrap.json").write_text('{"format": "x"}')
    with pytest.raises(glove_rs.FormatError, match="not the settings of a bootstrap"):
        Bootstrap.load(tmp_path / "bad")


def test_groups_are_resampled_together():
    labels = ["x", "y"] * 10
    b = glove_rs.bootstrap(Glove(**QUICK), TEXT, 2, unit="group", by=labels)
    assert b.unit == "group"
    assert b.settings["text"]["units"] == 2
    by_function = glove_rs.bootstrap(
        Glove(**QUICK), TEXT, 2, unit="group", by=lambda line: line.split()[0]
    )
    assert by_function.settings["text"]["units"] == 4
    with pytest.raises(ValueError, match="3 labels, 20 documents"):
        glove_rs.bootstrap(Glove(**QUICK), TEXT, 2, unit="group", by=["x", "y", "z"])
    with pytest.raises(ValueError, match="at least 2 groups"):
        glove_rs.bootstrap(Glove(**QUICK), TEXT, 2, unit="group", by=["x"] * 20)
    with pytest.raises(ValueError, match="by must be given"):
        glove_rs.bootstrap(Glove(**QUICK), TEXT, 2, unit="group")
    with pytest.raises(ValueError, match="by must be given"):
        glove_rs.bootstrap(Glove(**QUICK), TEXT, 2, by=labels)


@pytest.mark.slow
def test_a_jackknife_has_a_block_for_each_replicate():
    b = glove_rs.bootstrap(Glove(**QUICK), TEXT, 50, method="jackknife")
    assert len(b) == 20  # no more blocks than documents
    estimate = b.similarity("cold", "hot")
    assert estimate.low < estimate.value < estimate.high
    assert b.extend(30) is b
    assert len(b) == 20
    with pytest.raises(ValueError, match="n must be 0 or at least 2 for a jackknife, got 1"):
        glove_rs.bootstrap(Glove(**QUICK), iter(()), 1, method="jackknife")


@pytest.mark.slow
def test_a_jackknife_without_replicates_takes_its_blocks_from_extend(tmp_path):
    empty = glove_rs.bootstrap(Glove(**QUICK), TEXT, 0, method="jackknife", path=tmp_path / "j")
    assert len(empty) == 0
    whole = glove_rs.bootstrap(Glove(**QUICK), TEXT, 5, method="jackknife")
    assert len(empty.extend(5)) == 5
    for one, other in zip(empty.models, whole.models, strict=True):
        assert np.array_equal(one.vectors, other.vectors)
    with pytest.raises(ValueError, match="n=5 cannot be extended to n=6"):
        empty.extend(6)
    again = glove_rs.bootstrap(Glove(**QUICK), TEXT, 0, method="jackknife", path=tmp_path / "j")
    assert len(again) == 5
    assert again.settings["n"] == 5
    many = glove_rs.bootstrap(Glove(**QUICK), TEXT, 0, method="jackknife")
    with pytest.raises(ValueError, match="n must be 0 or at least 2 for a jackknife, got 1"):
        many.extend(1)
    assert many.settings["n"] == 0
    assert len(many.extend(99)) == 20


def test_a_bootstrap_keeps_the_phrases_of_its_model(tmp_path):
    phrases = glove_rs.Phrases.learn(TEXT, min_count=1, threshold=0.01)
    assert len(phrases)
    model = Glove(**QUICK, phrases=phrases, stop_words=["the"])
    whole = glove_rs.bootstrap(model, TEXT, 3, path=tmp_path / "b")
    assert any("_" in word for word in whole.full.index_to_key)
    part = glove_rs.bootstrap(model, TEXT, 2, path=tmp_path / "c")
    again = Bootstrap.load(part._store.path).extend(3, TEXT)
    for one, other in zip(again.models, whole.models, strict=True):
        assert np.array_equal(one.vectors, other.vectors, equal_nan=True)
    with pytest.raises(ValueError, match=r"another model \(phrases\)"):
        glove_rs.bootstrap(model.set_params(phrases=None), TEXT, 2, path=tmp_path / "b")


def test_a_jackknife_that_was_interrupted_says_to_what_it_can_be_extended(tmp_path):
    path = tmp_path / "j"
    whole = glove_rs.bootstrap(Glove(**QUICK), TEXT, 5, method="jackknife", path=path)
    (path / "replicate-0004.native").unlink()
    cut = Bootstrap.load(path)
    assert len(cut) == 3
    message = r"n=5 cannot be extended to n=7.*extend\(5\) trains its missing.*bootstrap again"
    with pytest.raises(ValueError, match=message):
        cut.extend(7)
    with pytest.raises(ValueError, match=r"n=5 cannot be extended to n=4"):
        cut.extend(4, TEXT)
    cut.extend(5, TEXT)
    for one, other in zip(cut.models, whole.models, strict=True):
        assert np.array_equal(one.vectors, other.vectors)


@pytest.mark.parametrize(
    ("source", "message"),
    [(["one document only"], "at least 2 documents"), ([], "no words"), ([""], "no words")],
)
def test_texts_that_cannot_be_resampled(source, message):
    with pytest.raises(ValueError, match=message):
        glove_rs.bootstrap(Glove(**QUICK), source, 2)


def test_wrong_types_are_refused():
    with pytest.raises(TypeError, match="model must be a Glove"):
        glove_rs.bootstrap("text.txt", TEXT)
    with pytest.raises(ValueError, match="n must be an integer"):
        glove_rs.bootstrap(Glove(**QUICK), TEXT, -1)
    with pytest.raises(ValueError, match="method must be one of"):
        glove_rs.bootstrap(Glove(**QUICK), TEXT, 2, method="boot")
    with pytest.raises(ValueError, match="unit must be one of"):
        glove_rs.bootstrap(Glove(**QUICK), TEXT, 2, unit="word")
    with pytest.raises(TypeError, match="by must be a sequence of labels"):
        glove_rs.bootstrap(Glove(**QUICK), __file__, 2, unit="group", by=len)


@pytest.mark.slow
def test_a_temporary_folder_goes_with_the_result(tmp_path):
    b = glove_rs.bootstrap(Glove(**QUICK | {"tmp_dir": tmp_path}), TEXT, 2)
    assert len(os.listdir(tmp_path)) == 1
    models = b.models
    del b
    assert len([wv.similarity("ice", "hot") for wv in models]) == 2
    del models
    assert os.listdir(tmp_path) == []
    model = Glove(**QUICK | {"tmp_dir": tmp_path})
    assert [len(wv) for wv in glove_rs.bootstrap(model, TEXT, 2)] == [7, 7]
    assert len(glove_rs.bootstrap(model, TEXT, 2).models[0]) == 7
    assert os.listdir(tmp_path) == []


@pytest.mark.slow
def test_topics_are_found_with_certainty():
    text = [" ".join(words) for words in topic_text.documents(60_000, rare=50, seed=3)]
    b = glove_rs.bootstrap(Glove(10, min_count=10, threads=2, epochs=5), text, 8)
    assert b.similarity_difference(("ice", "snow"), ("ice", "engine")).low > 0


# --- commands -------------------------------------------------------------------------------------


@pytest.mark.slow
def test_the_commands_train_print_and_compare(tmp_path):
    text, study = tmp_path / "text.txt", tmp_path / "study"
    text.write_text("\n".join(TEXT))
    train = ["bootstrap", text, "--out", study, "--dim", "4", "--epochs", "2", "--replicates", "3"]
    assert b"models" in done(*train)
    assert b"3" in done(*train)  # nothing is left to do
    shown = json.loads(
        done("bootstrap", "--out", study, "--pair", "ice", "hot", "--near", "ice", "--json")
    )
    assert shown["models"] == 3
    row = shown["similarities"][0]
    assert row["low"] < row["similarity"] < row["high"]
    assert {"word", "mean_rank", "share"} <= set(shown["neighbours"]["ice"][0])
    groups = tmp_path / "groups.txt"
    groups.write_text("x\ny\n" * 10)
    by_group = tmp_path / "groups"
    done(
        "bootstrap", text, "--out", by_group, "--groups", groups, "--dim", "4", "--replicates", "2"
    )
    assert Bootstrap.load(by_group).unit == "group"
    changed = json.loads(done("compare", study, by_group, "--json"))
    assert {"word", "change", "low", "high", "reliability"} <= set(changed["words"][0]) or (
        "left out" in changed["note"]
    )
    full = by_group / "full.native"
    assert len(json.loads(done("compare", study, full, "--topn", "2", "--json"))["words"]) == 2
    assert b"A " in done("compare", study, full, "ice")
    assert "another model" in reason(2, *train[:4], "--dim", "5")
    assert "another --replicate-epochs" in reason(2, *train, "--replicate-epochs", "3")
    assert "bootstrap.json" in reason(1, "bootstrap", "--out", tmp_path / "missing")


# --- degenerate input -----------------------------------------------------------------------------


def test_the_limits_of_few_replicates_use_students_quantile():
    special = pytest.importorskip("scipy.special")
    for level in (0.5, 0.9, 0.95, 0.999):
        for n in (2, 3, 4, 5, 10, 31, 200, 501, 502, 5000):
            values = np.arange(float(n))[:, None]
            for kind in ("standard", "rms", "bias_corrected"):
                center = values.mean(axis=0)
                low, high = interval_of(center, values, "bootstrap", kind, level)
                expected = special.stdtrit(n - 1, 0.5 + level / 2) * values.std(ddof=1)
                assert np.allclose([center - low, high - center], expected, rtol=1e-8)
    two = np.array([[0.0], [2.0]])
    low, high = interval_of(np.array([1.0]), two, "bootstrap", "standard", 0.95)
    assert (high - low)[0] / 2 == pytest.approx(12.706204736 * 2**0.5)
    one = np.array([[0.0, 1.0], [2.0, np.nan]])  # the second statistic has one value only
    low, high = interval_of(np.array([1.0, 1.0]), one, "bootstrap", "rms", 0.95)
    assert np.isfinite([low[0], high[0]]).all()
    assert np.isnan([low[1], high[1]]).all()


@pytest.mark.parametrize(
    ("name", "value", "message"),
    [
        ("replicate_epochs", "seven", "replicate_epochs must be an integer >= 1, got 'seven'"),
        ("replicate_epochs", -1, "replicate_epochs must be an integer >= 1, got -1"),
        ("replicate_epochs", 2.0, "replicate_epochs must be an integer >= 1, got 2.0"),
        ("replicate_epochs", None, "replicate_epochs must be an integer >= 1, got None"),
        ("replicate_epochs", 10**30, "replicate_epochs must be an integer from 1 to"),
        ("replicate_learning_rate", 0, "replicate_learning_rate must be a finite number > 0"),
        ("replicate_learning_rate", "x", "replicate_learning_rate must be a finite number > 0"),
        ("method", "jack", "method must be one of"),
        ("unit", 3, "unit must be one of"),
        ("seed", -1, "seed must be an integer >= 0"),
        ("n", "4", "n must be an integer >= 0"),
        ("text", [], "text must be an object"),
        ("text", {"documents": 1}, "units of text must be an integer"),
        ("model", None, "model must be an object"),
        ("model", {"epochs": "x"}, "epochs of model must be an integer"),
        ("model", {"window": "x"}, "window of model must be an integer"),
        ("model", {"tokenizer": "x"}, "settings of model: tokenizer must be 'whitespace'"),
        ("model", {"tokenizer": 3}, "tokenizer of model: there is no tokenizer 3"),
        ("model", {"tokenizer": {}}, "tokenizer of model: a pattern must have its text"),
        ("model", {"tokenizer": {"pattern": "(", "flags": 32}}, "tokenizer of model: not a"),
        ("model", {"user_dictionary": "x"}, "user_dictionary of model must be its content"),
        ("model", {"user_dictionary": ["a 0"]}, "user_dictionary must have a word"),
        ("model", {"user_dictionary": ["a"]}, "settings of model: user_dictionary must come with"),
        ("model", {"stop_words": "x"}, "stop_words of model must be its content, got 'x'"),
        ("model", {"stop_words": [3]}, "stop_words must"),
        ("model", {"phrases": "x"}, "phrases of model must be its content, got 'x'"),
        ("model", {"phrases": []}, "phrases of model: "),
        ("slice", 3, "slice must be text"),
    ],
)
def test_damaged_settings_are_named_with_their_file(tmp_path, name, value, message):
    b = made(tmp_path / "b", *noisy(1))
    path = tmp_path / "b" / "bootstrap.json"
    settings = json.loads(path.read_text())
    path.write_text(json.dumps(settings | {name: value}))
    with pytest.raises(glove_rs.FormatError, match=rf"bootstrap\.json: {message}"):
        Bootstrap.load(tmp_path / "b")
    path.write_text(json.dumps(settings))
    assert len(Bootstrap.load(tmp_path / "b")) == len(b)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"tokenizer": ...}, "model has no tokenizer"),
        ({"dim": ...}, "model has no dim"),
        ({"dim": 99}, "dim of model must be 5 as in full.native, got 99"),
    ],
)
def test_extend_names_what_the_model_of_a_damaged_file_lacks(tmp_path, changes, message):
    glove_rs.bootstrap(Glove(**QUICK | {"dim": 5}), TEXT, 2, path=tmp_path)
    path = tmp_path / "bootstrap.json"
    settings = json.loads(path.read_text())
    own = {k: v for k, v in (settings["model"] | changes).items() if v is not ...}
    path.write_text(json.dumps(settings | {"model": own}))
    b = Bootstrap.load(tmp_path)
    assert len(b.stability(["ice"])["word"]) == 1  # estimates need no settings of the model
    with pytest.raises(glove_rs.FormatError, match=rf"bootstrap\.json: {message}"):
        b.extend(3, TEXT)
    # Settings that an older version did not have keep their defaults.
    older = {
        k: v for k, v in settings["model"].items() if k not in ("phrases", "simplified_lookup")
    }
    path.write_text(json.dumps(settings | {"model": older | {"preset": None}}))
    assert len(Bootstrap.load(tmp_path)) == 2  # None was the default of `preset`
    path.write_text(json.dumps(settings | {"model": older}))
    assert len(Bootstrap.load(tmp_path).extend(3, TEXT)) == 3


def test_settings_without_any_epochs_are_an_error_when_they_are_needed(tmp_path):
    path = tmp_path / "run"
    glove_rs.bootstrap(Glove(**QUICK), TEXT, 1, path=path)
    settings = json.loads((path / "bootstrap.json").read_text())
    del settings["replicate_epochs"], settings["model"]["epochs"]
    (path / "bootstrap.json").write_text(json.dumps(settings))
    with pytest.raises(glove_rs.FormatError, match="neither replicate_epochs nor epochs"):
        Bootstrap.load(path).extend(2, TEXT)


@pytest.mark.slow
def test_extend_names_arguments_that_it_does_not_take():
    b = glove_rs.bootstrap(Glove(**QUICK), TEXT, 1, replicate_epochs=3)
    for source in (None, TEXT):
        with pytest.raises(TypeError, match=r"'replicate_epochs': all .* replicate_epochs 3$"):
            b.extend(3, source, replicate_epochs=7)
        with pytest.raises(TypeError, match="'seed': all replicates of this bootstrap have seed 0"):
            b.extend(3, source, seed=7)
        with pytest.raises(TypeError, match="'dim': all replicates of this bootstrap have dim 4"):
            b.extend(3, source, dim=7)
        with pytest.raises(TypeError, match=r"'thread': it takes by, column, .*, threads, memory"):
            b.extend(3, source, thread=1)
    with pytest.raises(ValueError, match="threads needs a source"):
        b.extend(3, threads=1)
    assert len(b) == 1
    assert len(b.extend(2, TEXT, threads=2)) == 2


def test_labels_without_order_are_refused():
    for by in (set(range(20)), dict.fromkeys(range(20))):
        with pytest.raises(TypeError, match="by must be a sequence of labels in the order of"):
            glove_rs.bootstrap(Glove(**QUICK), TEXT, 1, unit="group", by=by)


def test_statistics_have_one_shape_and_empty_lists_give_empty_tables(tmp_path):
    b = made(tmp_path / "b", *noisy(1))
    sizes = itertools.count(1)
    with pytest.raises(ValueError, match=r"arrays of one shape, got \(1,\) .* and \(2,\) for a"):
        b.estimate(lambda wv: np.zeros(next(sizes)))
    assert len(b.projection([], ["w0"], ["w1"])) == 0
    assert len(b.similarities([])) == 0
