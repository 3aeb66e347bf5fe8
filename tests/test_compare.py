"""`glove_rs.compare`: alignment, changed words, slices with frozen context vectors."""

from __future__ import annotations

import copy
import datetime
import gc
import io
import itertools
import json
import math
import os
import pickle
import random
import runpy
import sys
import warnings
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import glove_rs
from glove_rs import Bootstrap, Cooccurrence, Glove, WordVectors, _core, _settings, compare
from glove_rs._bootstrap.store import ReplicateStore
from glove_rs._compare import slices as internals
from glove_rs._compare.attenuation import _factors_without_change

QUICK = {"dim": 4, "epochs": 2, "min_count": 1, "threads": 1, "deterministic": True}


def named(vectors: np.ndarray) -> WordVectors:
    return WordVectors([f"w{i}" for i in range(len(vectors))], vectors.astype(np.float32))


def orthogonal(rng: np.random.Generator, dim: int) -> np.ndarray:
    return np.linalg.qr(rng.normal(size=(dim, dim)))[0]


# --- align ----------------------------------------------------------------------------------------


@pytest.mark.slow
@given(st.integers(0, 10_000), st.integers(1, 6), st.floats(0.1, 9))
def test_a_rotation_and_a_scale_are_undone(seed, dim, factor):
    rng = np.random.default_rng(seed)
    a = named(rng.normal(size=(12, dim)))
    turned = named(factor * a.vectors @ orthogonal(rng, dim))
    assert np.allclose(compare.align(a, turned, scale=True).vectors, a.vectors, atol=1e-4)
    only_turned = compare.align(a, turned).vectors
    assert np.allclose(only_turned, factor * a.vectors, atol=1e-4 * factor)


@pytest.mark.slow
@given(st.integers(0, 10_000))
def test_align_is_the_best_rotation_and_keeps_cosines(seed):
    rng = np.random.default_rng(seed)
    a, b = (named(rng.normal(size=(9, 3))) for _ in range(2))
    aligned = compare.align(a, b)

    def distance(vectors: np.ndarray) -> float:
        u, v = (x / np.linalg.norm(x, axis=1, keepdims=True) for x in (vectors, a.vectors))
        return float(((u - v) ** 2).sum())

    best = distance(aligned.vectors)
    others = [distance(b.vectors @ orthogonal(rng, 3)) for _ in range(20)]
    assert best <= min(others) + 1e-5
    for w1, w2 in itertools.combinations(b.index_to_key, 2):
        assert aligned.similarity(w1, w2) == pytest.approx(b.similarity(w1, w2), abs=1e-5)


def test_anchors_decide_and_words_may_differ():
    rng = np.random.default_rng(2)
    a = named(rng.normal(size=(20, 3)))
    turned = a.vectors @ orthogonal(rng, 3)
    turned[:10] = rng.normal(size=(10, 3))  # these words changed
    order = rng.permutation(20)
    b = WordVectors(
        [a.index_to_key[i] for i in order] + ["new"], np.vstack([turned[order], [1, 2, 3]])
    )
    anchors = [f"w{i}" for i in range(10, 20)]
    aligned = compare.align(a, b, anchors=anchors)
    assert np.allclose(aligned[anchors], a[anchors], atol=1e-5)
    assert len(aligned) == 21
    assert not np.allclose(compare.align(a, b)[anchors], a[anchors], atol=1e-2)


def test_wrong_models_and_anchors_are_named():
    a, b = named(np.eye(3)), named(np.eye(3)[:, :2])
    with pytest.raises(ValueError, match="same length, got 3 and 2"):
        compare.align(a, b)
    with pytest.raises(KeyError, match="w9"):
        compare.align(a, a, anchors=["w9"])
    with pytest.raises(ValueError, match="anchors must have at least one word"):
        compare.align(a, a, anchors=[])
    with pytest.raises(TypeError, match="b must be WordVectors"):
        compare.align(a, "vectors.txt")
    with pytest.raises(ValueError, match="a word in common"):
        compare.align(a, WordVectors(["x"], np.ones((1, 3))))
    with pytest.raises(ValueError, match="finite vectors other than zero"):
        compare.align(a, named(np.zeros((3, 3))))


# --- changed words --------------------------------------------------------------------------------


def test_words_without_bootstraps_are_sorted_by_distance():
    rng = np.random.default_rng(3)
    vectors = rng.normal(size=(30, 6))
    moved = vectors.copy()
    moved[[4, 7]] = -vectors[[4, 7]]
    b = named(moved @ orthogonal(rng, 6))
    table = compare.changed_words(named(vectors), b, topn=5)
    assert sorted(table["word"][:2]) == ["w4", "w7"]
    assert (np.diff(table["change"]) <= 0).all()
    assert list(table.columns) == ["word", "change"]
    chosen = compare.changed_words(named(vectors), b, words=["w1", "w4"])
    assert chosen["word"].tolist() == ["w4", "w1"]
    assert compare.changed_words(named(vectors), b, words="w4")["word"].tolist() == ["w4"]
    with pytest.raises(ValueError, match="words must have at least one word"):
        compare.changed_words(named(vectors), b, words=[])
    with pytest.raises(TypeError, match="words must be a sequence of words"):
        compare.changed_words(named(vectors), b, words=3)


def sampled(
    folder: Path, true: np.ndarray, noise: float, rng: np.random.Generator, excess: float = 1.0
) -> Bootstrap:
    """A bootstrap whose full vectors are `true` plus noise.

    Each replicate adds `excess` times as much noise to the full vectors. One random rotation turns
    all vectors.
    """
    full = true + rng.normal(size=true.shape) * noise
    store = ReplicateStore(folder)
    store.create()
    rotation = orthogonal(rng, true.shape[1])
    words = [f"w{i}" for i in range(len(true))]
    store.write_full(WordVectors(words, (full @ rotation).astype(np.float32)))
    for number in range(20):
        store.write(number, (full + rng.normal(size=true.shape) * noise * excess) @ rotation)
    text = {"documents": 9, "units": 9, "tokens": 99, "words": len(true)}
    settings = {"method": "bootstrap", "unit": "document", "seed": 0, "n": 20}
    store.write_settings({**settings, "text": text, "model": {}})
    return Bootstrap(store, None)


@pytest.mark.slow
def test_only_changed_words_have_intervals_above_zero(tmp_path):
    rng = np.random.default_rng(4)
    true = rng.normal(size=(300, 20))
    other = true.copy()
    other[:10] = rng.normal(size=(10, 20))
    a = sampled(tmp_path / "a", true, 0.3, rng)
    b = sampled(tmp_path / "b", other, 0.3, rng)
    table = compare.changed_words(a, b)
    assert {int(word[1:]) for word in table["word"][:10]} == set(range(10))
    unchanged = [row for row in table if int(row["word"][1:]) >= 10]
    assert len(unchanged) == 290
    covered = np.mean([row["low"] <= 0 <= row["high"] for row in unchanged])
    assert covered > 0.9
    assert abs(np.mean([row["change"] for row in unchanged])) < 0.02
    plain = compare.changed_words(a.full, b.full)
    assert np.mean(plain["change"][10:]) > 0.05  # without replicates, noise adds to the change


@pytest.mark.slow
@pytest.mark.parametrize(
    "excess", [1.5, *(pytest.param(x, marks=pytest.mark.slow) for x in (1.2, 2.0))]
)
def test_replicates_that_vary_more_than_the_models_do_not_hide_changes(tmp_path, excess):
    rng = np.random.default_rng(14)
    true = rng.normal(size=(900, 20))
    true[:100] *= 2  # the bands of frequent and of rare words have factors of their own
    other = true.copy()
    other[[5, 250, 850]] = rng.normal(size=(3, 20))
    a = sampled(tmp_path / "a", true, 0.4, rng, excess)
    b = sampled(tmp_path / "b", other, 0.4, rng, excess)
    table = compare.changed_words(a, b)
    assert set(table["word"][:3]) == {"w5", "w250", "w850"}
    assert len(table) > 880
    assert abs(np.median(table["change"])) < 0.01
    chosen = compare.changed_words(a, b, words=["w250", "w7"])
    rows = {row["word"]: row for row in table}
    assert [row["word"] for row in chosen] == ["w250", "w7"]
    assert all(row == rows[row["word"]] for row in chosen)


@pytest.mark.slow
@given(
    st.floats(0.1, 1), st.floats(0.1, 100), st.floats(0.1, 100), st.floats(0, 9), st.floats(0.01, 9)
)
def test_the_factor_of_a_word_makes_its_change_zero(cosine, p, q, s, t):
    dot = cosine * np.sqrt(p * q)
    (k,) = _factors_without_change(np.array([dot]), np.array([[p], [q]]), np.array([[s], [t]]))
    np.testing.assert_allclose((p - k * s) * (q - k * t), dot**2, rtol=1e-9, atol=1e-9)
    assert p - k * s > -1e-9 * p  # k is the smaller root: no squared length is negative
    assert q - k * t > -1e-9 * q
    opposite = _factors_without_change(np.array([-dot]), np.array([[p], [q]]), np.array([[s], [t]]))
    assert opposite == np.inf


@pytest.mark.slow
def test_changed_words_say_why_words_are_left_out_and_warn_of_missing_replicates(tmp_path):
    rng = np.random.default_rng(4)
    true = rng.normal(size=(60, 20))
    a, b = (sampled(tmp_path / name, true, 0.2, rng) for name in "ab")
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert compare.changed_words(a, b).title == ""
    for number in range(20):
        vectors = np.array(b.models[number].vectors)
        vectors[3] = np.nan if number else vectors[3]  # in one replicate only
        vectors[5] = np.nan if number % 2 else vectors[5]
        b._store.write(number, vectors)
    full = np.array(b.full.vectors)
    full[[7, 8]] = 0
    b._store.write_full(WordVectors(b.full.index_to_key, full))
    with pytest.warns(UserWarning, match="^changed_words: only 10 of 20 replicates have a value"):
        table = compare.changed_words(a, b)
    assert table.title == (
        "2 words are left out: their vectors are zero in one of the models; "
        "1 word is left out: its vector is in fewer than 2 replicates"
    )
    assert not {"w3", "w7", "w8"} & set(table["word"])
    with warnings.catch_warnings():
        warnings.simplefilter("error")  # no replicate lacks a word of this table
        assert compare.changed_words(a, b, words=["w1", "w3"])["word"].tolist() == ["w1"]


def test_changed_words_need_replicates(tmp_path):
    rng = np.random.default_rng(5)
    a = sampled(tmp_path / "a", rng.normal(size=(9, 3)), 0.1, rng)
    a._done = 1
    with pytest.raises(ValueError, match="at least 2 replicates of each model, got 1"):
        compare.changed_words(a, a)


def test_neighbours_stand_side_by_side():
    rng = np.random.default_rng(6)
    a, b = named(rng.normal(size=(9, 3))), named(rng.normal(size=(5, 3)))
    table = compare.neighbours("w7", {"a": a, "b": b}, topn=4)
    assert [cell.split()[0] for cell in table["a"]] == [w for w, _ in a.most_similar("w7", topn=4)]
    assert table["b"].tolist() == [""] * 4  # b does not have the word w7
    assert list(compare.neighbours("w1", [a, b]).columns) == ["rank", "1", "2"]
    with pytest.raises(KeyError, match="w99"):
        compare.neighbours("w99", [a, b])
    with pytest.raises(TypeError, match="several models"):
        compare.neighbours("w1", a)


# --- frozen context vectors -----------------------------------------------------------------------


@pytest.mark.parametrize("optimizer", ["rowwise_adagrad", "adagrad", "sgd"])
def test_frozen_context_vectors_keep_their_bits(optimizer):
    rng = np.random.default_rng(7)
    X = rng.poisson(1.0, size=(60, 60)).astype(float)
    counts = Cooccurrence.from_scipy(X + X.T)._core
    values = Glove(9, optimizer=optimizer, epochs=3, learning_rate=0.05).get_params()
    training = _settings.core_training(values) | {"subwords": False, "adjacent": False}
    assert training["negative"] > 0
    running = {"threads": 2, "memory": None, "tmp_dir": None}
    first = _core.train(counts, 9, training, running, None, False).arrays
    session = dict.fromkeys(
        ["validation", "early_stopping", "seconds_left", "callback", "checkpoint", "init"]
    ) | {"keep_counts": False, "store_result": None}
    start = {**first, "epochs_done": 0, "halvings": 0}
    frozen = session | {"frozen_contexts": True}
    found = _core.train(counts, 9, training, running, None, False, start, frozen).arrays
    for name in ("W_tilde", "b_tilde"):
        assert found[name].tobytes() == first[name].tobytes()
    assert (found["W"] != first["W"]).all()
    assert (found["b"] != first["b"]).all()
    free = _core.train(counts, 9, training, running, None, False, start, session).arrays
    assert (free["W_tilde"] != first["W_tilde"]).all()
    few = frozen | {"trained_words": 10}
    some = _core.train(counts, 9, training, running, None, False, start, few).arrays
    moved = (some["W"] != first["W"]).any(axis=1)
    assert moved[:10].all()
    assert 10 <= moved.sum() < 30  # all words of a block are trained, so more than 10 may move
    free_few = session | {"trained_words": 10}
    with pytest.raises(ValueError, match=r"trained_words must be .* 60, unless .* got 10"):
        _core.train(counts, 9, training, running, None, False, start, free_few)
    for name in ("subwords", "adjacent"):
        with pytest.raises(ValueError, match="frozen_contexts cannot be combined"):
            _core.train(counts, 9, {**training, name: True}, running, None, False, start, frozen)


# --- slices ---------------------------------------------------------------------------------------


def planted(documents: int, seed: int = 0) -> tuple[list[str], list[str]]:
    """Documents of ten topics, and dates. In the late half, "c0w1" and "c5w1" exchange topics."""
    draw = random.Random(seed)
    text, dates = [], []
    common = [f"the{i}" for i in range(15)]
    swap = {"c0w1": "c5w1", "c5w1": "c0w1"}
    for number in range(documents):
        topic = draw.randrange(10)
        words = [
            draw.choice(common) if draw.random() < 0.4 else f"c{topic}w{draw.randrange(8)}"
            for _ in range(20)
        ]
        late = number >= documents // 2
        text.append(" ".join(swap.get(word, word) if late else word for word in words))
        dates.append("late" if late else "early")
    return text, dates


@pytest.mark.slow
def test_planted_changes_come_first_and_other_words_stay_within_intervals():
    text, dates = planted(800)
    training = {"x_max": 10, "learning_rate": 0.2, "epochs": 8}
    training |= {"negative": 2, "negative_weight": 0.3, "deterministic": True, "seed": 1}
    model = Glove(8, window=10, min_count=10, **training)
    periods = compare.slices(model, text, dates, n=8)
    table = periods.changed_words("early", "late")
    assert sorted(table["word"][:2]) == ["c0w1", "c5w1"]
    assert min(table["low"][:2]) > 0
    others = [row for row in table if row["word"] not in {"c0w1", "c5w1"}]
    assert len(others) > 70
    assert np.mean([row["low"] <= 0 <= row["high"] for row in others]) > 0.9
    # The words "the0", … co-occur with all words equally often, so their vectors are mostly noise.
    assert "words are left out: their vectors are mostly noise" in table.title
    near = {label: [w for w, _ in wv.most_similar("c0w1", topn=5)] for label, wv in periods.items()}
    assert sum(word.startswith("c0") for word in near["early"]) >= 4
    assert sum(word.startswith("c5") for word in near["late"]) >= 4
    similarity = periods.similarity("c0w1", "c0w2")
    assert similarity["slice"].tolist() == ["early", "late"]
    assert similarity["similarity"][0] > similarity["similarity"][1]
    assert periods.drift("c0w1")["drift"][1] > periods.drift("c0w2")["drift"][1]


@pytest.mark.slow
def test_a_slice_has_four_of_seven_epochs_unless_epochs_are_given(monkeypatch):
    train, schedules = _core.train, []

    def recorded(counts, dim, training, *rest):
        schedules.append((training["epochs"], round(training["learning_rate"], 6)))
        return train(counts, dim, training, *rest)

    monkeypatch.setattr(_core, "train", recorded)
    text, labels = ["a b c", "a b d"] * 4, ["x", "y"] * 4
    for epochs, own in [(7, 4), (1, 1), (2, 2), (8, 5), (25, 15)]:
        model = Glove(**{**QUICK, "epochs": epochs}, learning_rate=0.1)
        compare.slices(model, text, labels, n=2)
        # Each of the 2 slices has a model and 2 replicates.
        assert schedules == [(epochs, 0.1)] + [(own, 0.16)] * 6
        schedules.clear()
        compare.slices(model, text, labels, epochs=3)
        assert schedules == [(epochs, 0.1), (3, 0.1), (3, 0.1)]
        schedules.clear()


def test_a_slice_starts_at_the_predictions_of_the_compass():
    rng = random.Random(2)
    text = [" ".join(rng.choices("abcdefgh", k=9)) for _ in range(60)]
    parameters = _settings.with_content(Glove(**QUICK, subwords=False).get_params())
    documents = internals._documents(text, ["x", "y"] * 30, parameters, None, None)
    compass = internals._Compass(documents, parameters, None, None)
    for weights in internals._groups(documents, None).values():
        trainer = internals._SliceTrainer(compass, weights, 1)
        rows = [documents.vocabulary[word] for word in trainer.words]
        own, whole = trainer._arrays, {name: a[rows] for name, a in compass.arrays.items()}

        def predictions(a):
            return a["W"] @ a["W_tilde"].T + a["b"][:, None] + a["b_tilde"]

        assert np.allclose(predictions(own), predictions(whole), atol=1e-5)
        assert np.array_equal(own["W"], whole["W"])
        shares = trainer.documents.vocabulary.counts.astype(float) ** 0.75
        assert np.allclose(shares @ own["W_tilde"] / shares.sum(), 0, atol=1e-6)
        assert not np.allclose(shares @ whole["W_tilde"] / shares.sum(), 0, atol=1e-3)


def test_labels_that_look_alike_have_columns_of_their_own():
    wv = WordVectors(["ice", "snow", "steam"], np.array([[2.0, 0], [3, 1], [0, 4]]))
    table = compare.neighbours("ice", {1: wv, "1": wv}, topn=10**9)
    assert list(table.columns) == ["rank", "1", "'1'"]
    assert list(table["rank"]) == ["1", "2"]
    assert list(compare.neighbours("ice", {"rank": wv}).columns) == ["rank", "'rank'"]


@pytest.mark.slow
def test_a_bootstrap_of_a_slice_outlives_the_slices():
    text, labels = ["a b c", "a b d"] * 12, ["x"] * 12 + ["y"] * 12
    slices = compare.slices(Glove(**QUICK), text, labels, n=2)
    with pytest.raises(TypeError, match="cannot be pickled"):
        pickle.dumps(slices)
    bootstrap = slices.bootstraps["x"]
    with pytest.raises(TypeError, match="cannot be pickled or copied"):
        pickle.dumps(bootstrap)
    del slices
    gc.collect()
    assert np.isfinite(bootstrap.similarities([("a", "b")])["similarity"]).all()


@pytest.mark.slow
def test_slices_have_one_space_and_their_own_words():
    text = ["a b c", "a b d"] * 6 + ["a b e", "a b"] * 6
    labels = [1] * 12 + [2] * 12
    periods = compare.slices(Glove(**QUICK), text, labels)
    assert list(periods) == [1, 2]
    assert periods.tokens == {1: 36, 2: 30}
    assert set(periods[1].index_to_key) == {"a", "b", "c", "d"}
    assert set(periods[2].index_to_key) == {"a", "b", "e"}
    assert len(periods.compass) == 5
    assert "e" not in periods[1]
    assert np.isnan(periods.drift("e")["drift"][0])
    assert np.isnan(periods.similarity("a", "e")["similarity"][0])
    found = compare.slices(Glove(**QUICK), text, labels, min_count=12)
    assert found[2].index_to_key == ["a", "b"]
    with pytest.warns(UserWarning, match="slice 3 has no word 5 times: it is left out"):
        found = compare.slices(Glove(**QUICK), text, [*labels[:-1], 3], min_count=5)
    assert list(found) == list(found.tokens) == [1, 2]
    with pytest.raises(ValueError, match="no slice has a word min_count=20 times"):
        compare.slices(Glove(4, preset="stanford2024", epochs=2), text, labels)
    assert list(compare.slices(Glove(**QUICK), text, labels, labels=[2])) == [2]
    assert "36" in str(periods)
    assert len(periods.to_pandas()) == 2
    with pytest.raises(KeyError, match="no slice 3: there are 1, 2"):
        periods.changed_words(1, 3)
    with pytest.raises(KeyError, match="f"):
        periods.drift("f")


@pytest.mark.slow
def test_labels_from_a_function_or_a_mapping_give_the_same_slices(tmp_path):
    text = ["x a b c", "x a b", "y a c", "y c b"] * 5
    by_labels = compare.slices(Glove(**QUICK), text, [line[0] for line in text])
    by_function = compare.slices(Glove(**QUICK), iter(text), lambda line: line[0])
    for label in "xy":
        assert np.array_equal(by_labels[label].vectors, by_function[label].vectors)
    path = tmp_path / "x.txt"
    path.write_text("\n".join(line for line in text if line[0] == "x"))
    sources = {"x": path, "y": (line for line in text if line[0] == "y")}
    by_mapping = compare.slices(Glove(**QUICK), sources)
    assert by_mapping.tokens == by_labels.tokens
    for label in "xy":
        assert set(by_mapping[label].index_to_key) == set(by_labels[label].index_to_key)


@pytest.mark.parametrize("empty", [[], iter([]), [1]], ids=["list", "iterator", "no text"])
def test_a_text_that_cannot_be_read_is_named_by_its_label(empty):
    for vocabulary in (None, ["a", "b"]):
        sources = {"x": ["a b", "b a"], "y z": empty}
        with pytest.raises((TypeError, ValueError), match=r"^source\['y z'\]: "):
            compare.slices(Glove(**QUICK), sources, vocabulary=vocabulary)


def test_an_empty_file_is_named_by_its_label(tmp_path):
    (tmp_path / "empty.txt").touch()
    sources = {1: ["a b", "b a"], 2: tmp_path / "empty.txt"}
    with pytest.raises(ValueError, match=r"^source\[2\]: .*no words in the text"):
        compare.slices(Glove(**QUICK), sources)


def test_the_bootstrap_of_a_slice_is_not_extended(tmp_path):
    text, labels = ["a b c", "a b d"] * 12, ["x"] * 12 + ["y"] * 12
    found = compare.slices(Glove(**QUICK), text, labels, n=1).bootstraps["x"]
    with pytest.raises(ValueError, match=r"call compare\.slices with a larger n"):
        found.similarity("a", "b")
    found.save(tmp_path / "saved")
    for bootstrap in (found, Bootstrap.load(tmp_path / "saved")):
        for source in (None, text[:12]):
            with pytest.raises(ValueError, match=r"slice 'x' cannot be extended.*slices with n=3"):
                bootstrap.extend(3, source)


@pytest.mark.slow
def test_slices_read_a_column_of_tables_and_stores(tmp_path):
    pa = pytest.importorskip("pyarrow")
    fsspec = pytest.importorskip("fsspec")
    from pyarrow import parquet

    text = ["a b c a", "b c a b"] * 5
    labels = [1, 2] * 5
    expected = compare.slices(Glove(**QUICK), text, labels)
    table = pa.table({"text": text, "n": range(10)})
    parquet.write_table(table, tmp_path / "t.parquet")
    system = fsspec.filesystem("memory")
    system.pipe("/slices/t.parquet", (tmp_path / "t.parquet").read_bytes())
    where = {"column": "text", "storage_options": system}
    parts = {label: table.filter([own == label for own in labels]) for label in (1, 2)}
    try:
        for found in (
            compare.slices(Glove(**QUICK), tmp_path / "t.parquet", labels, column="text"),
            compare.slices(Glove(**QUICK), "/slices", labels, **where),
            compare.slices(Glove(**QUICK), parts, column="text"),
        ):
            assert all(np.array_equal(found[k].vectors, expected[k].vectors) for k in (1, 2))
    finally:
        system.rm("/slices", recursive=True)
    with pytest.raises(TypeError, match="by must be a sequence of labels"):
        compare.slices(Glove(**QUICK), table, len, column="text")
    for named, options in ((["memory://a.txt", "memory://b.txt"], None), (["a.txt", "b"], system)):
        with pytest.raises(TypeError, match="by must be a sequence of labels"):
            compare.slices(Glove(**QUICK), named, len, storage_options=options)
    if hasattr(os, "mkfifo"):
        os.mkfifo(tmp_path / "pipe")
        with pytest.raises(ValueError, match=r"source\[2\]: source must be a text that can be"):
            compare.slices(Glove(**QUICK), {1: text, 2: tmp_path / "pipe"})
        system = fsspec.filesystem("file")
        for named, options in (
            ((tmp_path / "pipe").as_uri(), None),
            ([str(tmp_path / "pipe"), (tmp_path / "t.parquet").as_uri()], None),
            (str(tmp_path / "pipe"), system),
        ):
            with pytest.raises(ValueError, match=r"source\[2\]: source must be a text that can be"):
                compare.slices(Glove(**QUICK), {2: named}, storage_options=options)


def test_wrong_arguments_of_slices_are_named():
    text = ["a b"] * 4
    with pytest.raises(ValueError, match="by must give the label of each document"):
        compare.slices(Glove(**QUICK), text)
    with pytest.raises(ValueError, match="2 labels, 4 documents"):
        compare.slices(Glove(**QUICK), text, ["x", "y"])
    with pytest.raises(ValueError, match="set documents='file'"):
        compare.slices(Glove(**QUICK), ["a b\na", "b"], lambda document: "x")
    with pytest.raises(ValueError, match="labels must occur in the text, and 'z' does not"):
        compare.slices(Glove(**QUICK), text, ["x"] * 4, labels=["z"])
    with pytest.raises(ValueError, match="subwords=False"):
        compare.slices(Glove(**QUICK, subwords=True), text, ["x"] * 4)
    for once in (io.StringIO("a b"), io.BytesIO(b"a b"), "-"):
        with pytest.raises(ValueError, match=r"source must be readable twice, got .* for 'x'"):
            compare.slices(Glove(**QUICK), {"x": once, "y": ["a b"]})
    with pytest.raises(ValueError, match="at least one label"):
        compare.slices(Glove(**QUICK), {})
    with pytest.raises(ValueError, match="by must be None"):
        compare.slices(Glove(**QUICK), {"x": text}, ["x"] * 4)
    with pytest.raises(TypeError, match="hashable"):
        compare.slices(Glove(**QUICK), text, [["x"]] * 4)
    with pytest.raises(ValueError, match="slice 'x': source must have at least 2 documents"):
        compare.slices(Glove(**QUICK), text, ["x", "y", "y", "y"], n=2)


@pytest.mark.parametrize("missing", ["None", "nan", "NaT", "<NA>"])
def test_a_missing_label_is_refused(missing):
    if missing == "<NA>":
        label = pytest.importorskip("pandas").NA
    else:
        label = {"None": None, "nan": math.nan, "NaT": np.datetime64("NaT")}[missing]
    text, by = ["a b", "a b", "b a", "b a"], ["x", "y", label, "x"]
    message = f"by must have a label for each document, got {missing} for document 2"
    for labels in by, lambda document: label if document == "b a" else "x":
        with pytest.raises(ValueError, match=message):
            compare.slices(Glove(**QUICK), text, labels)
        with pytest.raises(ValueError, match=message):
            glove_rs.bootstrap(Glove(**QUICK), text, 2, unit="group", by=labels)
    with pytest.raises(ValueError, match=f"source must have a label for each text, got {missing}"):
        compare.slices(Glove(**QUICK), {"x": text, label: text})


def test_an_empty_slice_is_left_out_with_a_warning():
    with pytest.warns(UserWarning, match="slice 'z' has no word of the vocabulary"):
        found = compare.slices(Glove(**QUICK), ["a b", "a b", ""], ["x", "y", "z"])
    assert list(found) == ["x", "y"]


def test_the_drift_of_a_word_that_no_slice_has_is_nan_with_a_warning():
    slices = compare.slices(
        Glove(**QUICK), ["a b c", "a b", "a b c", "a b"], [0, 0, 1, 1], min_count=2
    )
    assert "c" in slices.compass
    with pytest.warns(UserWarning, match="no slice has 'c' often enough"):
        drift = slices.drift("c")["drift"]
    assert np.isnan(drift).all()
    assert len(drift) == 2


EXAMPLE = Path(__file__).parents[1] / "examples" / "studies.py"


def studied(folder):
    """Write a text for the studies of `EXAMPLE`; return its path."""
    rng = random.Random(1)
    words = [f"w{i}" for i in range(30)]
    text = folder / "text.txt"
    text.write_text("\n".join(" ".join(rng.choices(words, k=12)) for _ in range(200)))
    return text


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["missing.txt"], "missing.txt: No such file"),
        (["."], r"\.: Is a directory"),
        (["binary"], "binary: byte 1 is not UTF-8"),
        (["short"], "short: a study needs a text of at least 4 lines, got 1"),
        (["text.txt", "--sets", "missing.csv"], "missing.csv: No such file"),
        (["text.txt", "--sets", "short"], "short: .*header must be set,word"),
        (["text.txt", "--sets", "two.json"], "two.json: there must be four sets.*got 2"),
        (["text.txt", "--sets", "rare.json"], "all words of B are too rare: a word must occur 5"),
        (["text.txt", "--words", "w1", "xyz"], "'xyz' is too rare in the first half"),
        (["text.txt", "--words", "early"], "'early' is too rare in the second half"),
    ],
)
def test_the_example_names_what_is_wrong_before_it_trains(
    tmp_path, monkeypatch, arguments, message
):
    lines = studied(tmp_path).read_text().splitlines()
    lines[0] = "early early early early early " + lines[0]
    (tmp_path / "text.txt").write_text("\n".join(lines))
    (tmp_path / "binary").write_bytes(b"a\xff")
    (tmp_path / "short").write_text("a b c")
    (tmp_path / "two.json").write_text('{"X": ["w0"], "Y": ["w2"]}')
    (tmp_path / "rare.json").write_text('{"X": ["w0"], "Y": ["w2"], "A": ["w4"], "B": ["xyz"]}')
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "argv", [str(EXAMPLE), *arguments])
    monkeypatch.setattr(_core, "train", None)  # training would raise a TypeError
    with pytest.raises(SystemExit, match=message):
        runpy.run_path(str(EXAMPLE), run_name="__main__")


@pytest.mark.parametrize("option", ["--replicates", "--parts", "--dim"])
def test_the_example_checks_its_numbers_first(monkeypatch, capsys, option):
    monkeypatch.setattr(sys, "argv", [str(EXAMPLE), "missing.txt", option, "0"])
    with pytest.raises(SystemExit):
        runpy.run_path(str(EXAMPLE), run_name="__main__")
    assert f"argument {option}: must be at least" in capsys.readouterr().err


@pytest.mark.slow
def test_the_example_runs_all_studies_on_a_text(tmp_path, monkeypatch, capsys):
    text = studied(tmp_path)
    sets = tmp_path / "sets.json"
    sets.write_text('{"X": ["w0", "w1"], "Y": ["w2", "w3"], "A": ["w4"], "B": ["w5"]}')
    options = ["--words", "w7", "--sets", sets, "--replicates", "3", "--parts", "2", "--dim", "4"]
    monkeypatch.setattr(sys, "argv", [str(EXAMPLE), str(text), *map(str, options)])
    warnings.simplefilter("ignore")
    runpy.run_path(str(EXAMPLE), run_name="__main__")
    printed = capsys.readouterr().out
    for title in ("changed most", "Drift of w7", "Regression of the contexts of w7", "second half"):
        assert title in printed


@pytest.mark.slow
def test_a_slice_without_pairs_is_left_out_and_a_replicate_without_pairs_has_no_vectors():
    model = Glove(4, epochs=2, min_count=1, subwords=False)
    with pytest.warns(UserWarning, match="slice 'b' has no document of two words"):
        found = compare.slices(model, {"a": ["the cat sat"], "b": ["the"]}, min_count=1)
    assert list(found) == ["a"]
    texts = {"a": ["the cat sat", "the", "cat"], "c": ["the cat", "sat the"]}
    found = compare.slices(model, texts, min_count=1, n=6)
    have_pairs = [
        np.isfinite(wv.vectors).any() for label in texts for wv in found.bootstraps[label].models
    ]
    assert len(have_pairs) == 12
    assert 0 < sum(have_pairs) < 12
    resampled = glove_rs.bootstrap(model, ["the cat sat", "the"], n=10)
    with pytest.warns(UserWarning, match="of 10 replicates have a value"):
        similarity = resampled.similarity("the", "cat")
    assert 0 < np.isfinite(similarity.replicates).sum() < 10


def test_labels_of_one_str_are_refused():
    text, labels = ["ice is cold", "fire is hot"] * 10, ["a", "b"] * 10
    model = Glove(4, epochs=1, min_count=1, threads=1, progress=False)
    with pytest.raises(TypeError, match="labels must be several labels, got 'ab'"):
        compare.slices(model, text, labels, labels="ab")


# --- the folder of slices -------------------------------------------------------------------------

TEXT = ["a b c d", "a b d", "b c a", "d a c"] * 6
YEARS = [1990] * 12 + [2000] * 12


def same_slices(one: compare.Slices, two: compare.Slices) -> bool:
    """Whether two results have the same bits."""
    assert list(one) == list(two) == list(one.bootstraps or one) == list(two.bootstraps or two)
    assert one.tokens == two.tokens
    pairs = [(one.compass, two.compass), *((one[label], two[label]) for label in one)]
    for label, own in one.bootstraps.items():
        assert len(own) == len(two.bootstraps[label])
        pairs += zip(own.models, two.bootstraps[label].models, strict=True)
        pairs.append((own.full, one[label]))
    return all(
        a.index_to_key == b.index_to_key
        and np.array_equal(a.vectors, b.vectors, equal_nan=True)
        and a.vectors.dtype == b.vectors.dtype
        for a, b in pairs
    )


@pytest.mark.slow
def test_a_callback_gets_each_slice_and_each_replicate():
    steps: list[tuple[str, int, int]] = []
    compare.slices(
        Glove(**QUICK),
        TEXT,
        YEARS,
        n=3,
        progress=lambda stage, *own: steps.append((stage, *own[:2])),
    )
    found = [step for step in steps if step[0] in ("slices", "replicates")]
    assert found == [
        *(("slices", done, 2) for done in range(3)),
        *(("replicates", done, 6) for done in range(7)),
    ]


@pytest.mark.slow
@pytest.mark.parametrize(
    "optimizer",
    ["rowwise_adagrad", *(pytest.param(o, marks=pytest.mark.slow) for o in ("adagrad", "sgd"))],
)
def test_interrupted_slices_go_on_from_what_is_done(tmp_path, optimizer):
    model = Glove(**QUICK, optimizer=optimizer)
    whole = compare.slices(model, TEXT, YEARS, n=3)
    stops = [("training", 0), ("slices", 0), ("slices", 1), ("slices", 2), ("replicates", 4)]
    for number, stop in enumerate(stops):
        path = tmp_path / str(number)

        def interrupt(stage: str, done: int, *_: object, stop: tuple[str, int] = stop) -> None:
            if stage == stop[0] and done >= stop[1]:
                raise KeyboardInterrupt

        with pytest.raises(KeyboardInterrupt):
            compare.slices(model, TEXT, YEARS, n=3, path=path, progress=interrupt)
        written = {file: file.stat().st_mtime_ns for file in path.rglob("*.native")}
        if stop[0] != "training":
            partial = compare.Slices.load(path)
            assert len(partial) == (stop[1] if stop[0] == "slices" else 2)
            replicates = sum(map(len, partial.bootstraps.values()))
            assert replicates == (stop[1] if stop[0] == "replicates" else 0)
        steps: list[tuple] = []
        found = compare.slices(
            model, TEXT, YEARS, n=3, path=path, progress=lambda *own, s=steps: s.append(own)
        )
        assert ("training" in [step[0] for step in steps]) == (stop[0] == "training")
        start = next(step[1] for step in steps if step[0] == "replicates")
        assert start == (stop[1] if stop[0] == "replicates" else 0)
        if stop[0] != "training":
            assert {f: t for f, t in written.items() if f.stat().st_mtime_ns != t} == {}
        assert same_slices(found, whole)
        assert same_slices(compare.Slices.load(path), whole)


@pytest.mark.slow
def test_slices_in_a_folder_get_more_replicates(tmp_path):
    model = Glove(**QUICK)
    for n in (0, 1, 3):
        found = compare.slices(model, TEXT, YEARS, n=n, path=tmp_path / "run")
        assert same_slices(found, compare.slices(model, TEXT, YEARS, n=n))
    fewer = compare.slices(model, TEXT, YEARS, n=2, path=tmp_path / "run")
    assert same_slices(fewer, found)


@pytest.mark.slow
def test_slices_that_were_killed_before_their_settings_were_written_go_on(tmp_path):
    model = Glove(**QUICK)
    whole = compare.slices(model, TEXT, YEARS, n=1)
    old = WordVectors(["old"], np.ones((1, 4), np.float32))
    temporary = ".slices.json.glove-rs-0.tmp", ".contexts.native.glove-rs-0.tmp"
    for number, left in enumerate((["compass.native"], ["compass.native", "contexts.native"])):
        path = tmp_path / str(number)
        path.mkdir()
        for name in left:
            old.save(path / name)
        (path / temporary[number]).write_bytes(b"par")
        assert same_slices(compare.slices(model, TEXT, YEARS, n=1, path=path), whole)
    # As if the second slice had been interrupted before its settings were written.
    (path / "slice-0002/bootstrap.json").unlink()
    (path / "slice-0002/replicate-0001.native").unlink()
    assert list(compare.Slices.load(path)) == [1990]
    assert same_slices(compare.slices(model, TEXT, YEARS, n=1, path=path), whole)


@pytest.mark.slow
def test_a_folder_of_other_slices_is_refused(tmp_path):
    model, path = Glove(**QUICK), tmp_path / "run"
    whole = compare.slices(model, TEXT, YEARS, n=1, path=path)
    before = {file: file.read_bytes() for file in path.rglob("*") if file.is_file()}
    for options, what in [
        ({"seed": 1}, "seed"),
        ({"min_count": 2}, "min_count"),
        ({"epochs": 5}, "epochs"),
        ({"labels": [2000, 1990]}, "labels"),
        ({"by": [1990] * 11 + [2000] * 13}, "by"),
        ({"source": [*TEXT[:-1], "d a b c"]}, "text .tokens, checksum"),
        ({"model": Glove(**QUICK | {"dim": 5})}, "model .dim"),
    ]:
        given = {"model": model, "source": TEXT, "by": YEARS, **options}
        with pytest.raises(ValueError, match=f"path has slices with another {what}"):
            compare.slices(**given, n=1, path=path)
    assert {file: file.read_bytes() for file in path.rglob("*") if file.is_file()} == before
    assert same_slices(compare.slices(model, TEXT, YEARS, n=1, path=path), whole)


def test_a_folder_without_slices_is_refused_before_the_text_is_read(tmp_path):
    (tmp_path / "mine.txt").write_text("mine")
    (tmp_path / "folder").mkdir()
    (tmp_path / "folder/slice-0001").mkdir()
    for path in (tmp_path, tmp_path / "mine.txt", tmp_path / "folder"):
        with pytest.raises(FileExistsError, match=r"holds no slices|is not a folder"):
            compare.slices(Glove(**QUICK), tmp_path / "no text", YEARS, path=path)
    with pytest.raises(NotADirectoryError):
        compare.slices(Glove(**QUICK), tmp_path / "no text", YEARS, path=tmp_path / "mine.txt/a")
    assert (tmp_path / "mine.txt").read_text() == "mine"
    # A slice's folder with a file of the user is refused: nothing is removed or written there.
    path = tmp_path / "run"
    compare.slices(Glove(**QUICK), TEXT, YEARS, path=path, labels=[1990, 2000])
    (path / "slice-0002/bootstrap.json").unlink()
    (path / "slice-0002/mine.txt").write_text("mine")
    with pytest.raises(FileExistsError, match="slice-0002"):
        compare.slices(Glove(**QUICK), TEXT, YEARS, path=path)
    assert (path / "slice-0002/mine.txt").read_text() == "mine"
    assert list(compare.Slices.load(path)) == [1990]


def test_damaged_folders_of_slices_are_named(tmp_path):
    model, path = Glove(**QUICK), tmp_path / "run"
    compare.slices(model, TEXT, YEARS, n=1, path=path)
    file = path / "slices.json"
    good = file.read_text()
    settings = json.loads(good)
    label = settings["labels"][0]
    for content, what in [
        (good[:40], "not valid JSON"),
        ("[" * 100_000, "not valid JSON"),
        (good + " " * 2**23, "has more than 8,388,608 bytes, too many for settings"),
        ("{}", "not the settings of slices"),
        ('"a"', "not the settings of slices"),
        (json.dumps({**settings, "n": -1}), "n must be"),
        (json.dumps({**settings, "epochs": "7"}), "epochs must be"),
        (json.dumps({**settings, "learning_rate": "high"}), "learning_rate must be"),
        (json.dumps({**settings, "text": 3}), "text must be an object"),
        (json.dumps({**settings, "labels": 3}), "labels must be a list"),
        (json.dumps({**settings, "labels": [1]}), "labels must be objects"),
        (json.dumps({**settings, "labels": [{**label, "label": [1]}]}), "labels must be objects"),
        (json.dumps({**settings, "labels": [label, label]}), "a label twice"),
        (json.dumps({**settings, "labels": [{**label, "tokens": -1}]}), "tokens of the slice 1990"),
    ]:
        file.write_text(content)
        for run in (
            lambda: compare.Slices.load(path),
            lambda: compare.slices(model, TEXT, YEARS, n=1, path=path),
        ):
            with pytest.raises(_core.FormatError, match=rf"slices\.json: .*{what}"):
                run()
    file.write_text(good)
    (path / "slice-0001").rename(path / "other")
    (path / "slice-0002").rename(path / "slice-0001")
    with pytest.raises(_core.FormatError, match="slice-0001: not the vectors of the slice 1990"):
        compare.Slices.load(path)
    (path / "slice-0001").rename(path / "slice-0002")
    WordVectors(["a"], np.ones((1, 4), np.float32)).save(path / "contexts.native")
    with pytest.raises(_core.FormatError, match=r"contexts\.native: has numbers of shape"):
        compare.slices(model, TEXT, YEARS, n=1, path=path)
    with pytest.raises(FileNotFoundError, match=r"slices\.json"):
        compare.Slices.load(tmp_path / "none")


@pytest.mark.parametrize("n", [0, 2])
def test_saved_slices_load_and_can_be_pickled(tmp_path, n):
    model = Glove(**QUICK)
    made = compare.slices(model, TEXT, YEARS, n=n)
    made.save(tmp_path / "saved")
    loaded = compare.Slices.load(tmp_path / "saved")
    assert same_slices(made, loaded)
    assert str(made) == str(loaded)
    assert list(loaded) == [1990, 2000]
    if n:
        assert str(loaded.similarity("a", "b")) == str(made.similarity("a", "b"))
    assert same_slices(pickle.loads(pickle.dumps(loaded)), made)
    loaded.save(tmp_path / "saved")  # its own folder
    copy.copy(loaded).save(tmp_path / "again")
    assert same_slices(compare.Slices.load(tmp_path / "again"), made)
    names = [sorted(p.relative_to(f) for p in f.rglob("*")) for f in sorted(tmp_path.iterdir())]
    assert names[0] == names[1]
    assert len(list(tmp_path.iterdir())) == 2
    with pytest.raises(FileExistsError, match="is not empty"):
        made.save(tmp_path)
    # `slices` goes on from saved slices that have replicates.
    assert same_slices(compare.slices(model, TEXT, YEARS, n=n, path=tmp_path / "again"), made)
    if n:
        more = compare.slices(model, TEXT, YEARS, n=n + 1, path=tmp_path / "again")
        assert same_slices(more, compare.slices(model, TEXT, YEARS, n=n + 1))
    else:
        with pytest.raises(ValueError, match="saved without their context vectors"):
            compare.slices(model, TEXT, YEARS, n=1, path=tmp_path / "again")


@pytest.mark.slow
def test_labels_of_stored_slices_are_exact(tmp_path):
    model = Glove(**QUICK)
    kinds: list[list] = [["ü\n", ""], [2, 2.5], [False, True], list(np.array([3, 4]))]
    for number, (a, b) in enumerate(kinds):
        found = compare.slices(model, {a: TEXT, b: TEXT}, path=tmp_path / str(number))
        loaded = compare.Slices.load(tmp_path / str(number))
        assert list(loaded) == list(found) == sorted([a, b])
        assert found[a] is not None
        assert all(type(label) in (str, int, float, bool) for label in loaded)
    for label in (("a", 1), datetime.date(2000, 1, 1), float("inf"), b"a"):
        texts = {label: TEXT, "b": TEXT}
        with pytest.raises(TypeError, match="labels must be str, int, finite float or bool"):
            compare.slices(model, texts, path=tmp_path / "refused")
        made = compare.slices(model, texts)
        assert label in made
        with pytest.raises(TypeError, match="labels must be str"):
            made.save(tmp_path / "refused")
        assert not (tmp_path / "refused").exists()


@pytest.mark.slow
def test_a_slice_that_is_left_out_stays_out_when_slices_go_on(tmp_path):
    texts = {"a": TEXT, "b": ["a"], "c": TEXT}
    for _ in range(2):
        with pytest.warns(UserWarning, match="slice 'b' has no document of two words"):
            found = compare.slices(Glove(**QUICK), texts, n=1, path=tmp_path / "run")
        assert list(found) == list(compare.Slices.load(tmp_path / "run")) == ["a", "c"]
    found.save(tmp_path / "saved")
    assert same_slices(compare.Slices.load(tmp_path / "saved"), found)
    with pytest.raises(ValueError, match="slice 'b': source must have at least 2 documents"):
        compare.slices(Glove(**QUICK), {"a": TEXT, "b": ["a b"]}, n=1, path=tmp_path / "one")
