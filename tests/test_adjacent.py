"""Adjacent words: their counts N, and training with them as contexts of their own."""

from __future__ import annotations

import copy
import json
import pickle
import zlib

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

import reference
from glove_rs import Cooccurrence, Glove, Vocabulary, _core, bootstrap, compare
from glove_rs._fit.documents import EncodedDocuments
from libraries import later
from program import answer, done, reason

arrow = later("pyarrow")

ARRAYS = ("W", "W_tilde", "b", "b_tilde", "G_W", "G_W_tilde", "G_b", "G_b_tilde")
SETTINGS = {"dim": 6, "window": 4, "min_count": 2, "epochs": 3, "deterministic": True, "seed": 4}


def naive(documents, words, **settings):
    """The records of N, counted with a loop."""
    only = {"window": 1, "symmetric": False, "distance_weighting": False}
    return reference.cooccurrence(documents, words, **only, **settings)


def assert_adjacent(counts, documents, **settings):
    """Compare N with the result of a loop over the documents. Its counts are exact integers."""
    expected = naive(documents, counts.vocabulary.words, **settings)
    reference.assert_same_records(counts.adjacent.records(), expected, rtol=0)
    assert counts.adjacent.vocabulary == counts.vocabulary


def drawn(words, documents, seed):
    """Documents of 30 words whose frequencies fall."""
    rng = np.random.default_rng(seed)
    weights = 1 / np.arange(1, words + 1)
    chosen = rng.choice(words, size=(documents, 30), p=weights / weights.sum())
    return [[f"w{word}" for word in document] for document in chosen]


def assert_same_bits(one, other):
    for name in ARRAYS:
        np.testing.assert_array_equal(one._state.arrays[name], other._state.arrays[name], name)
    assert one.history == other.history


@pytest.fixture(scope="module")
def text():
    return drawn(60, 80, seed=0)


@pytest.fixture(scope="module")
def fitted(text):
    """A model of the text with the default of `adjacent`, and with its counts."""
    return Glove(**SETTINGS).fit(text, keep_counts=True)


# ------------------------------------------------------------------------------------------- counts


@given(
    documents=st.lists(st.lists(st.sampled_from("abcdefgh"), max_size=40), min_size=1, max_size=8),
    min_count=st.integers(1, 4),
    window=st.integers(1, 40),
    symmetric=st.booleans(),
    distance_weighting=st.booleans(),
    keep_gaps=st.booleans(),
    threads=st.sampled_from([1, 2, 5]),
)
def test_adjacent_words_are_counted_as_by_a_loop(
    documents, min_count, window, symmetric, distance_weighting, keep_gaps, threads
):
    words, _ = reference.vocabulary(documents, min_count=min_count)
    assume(words)
    counting = {
        "window": window,
        "symmetric": symmetric,
        "distance_weighting": distance_weighting,
    }
    counts = Cooccurrence.from_corpus(
        documents, min_count=min_count, threads=threads, keep_gaps=keep_gaps, **counting
    )
    assert_adjacent(counts, documents, keep_gaps=keep_gaps)
    without = Cooccurrence.from_corpus(
        documents, min_count=min_count, keep_gaps=keep_gaps, adjacent=False, **counting
    )
    assert without.adjacent is None
    reference.assert_same_records(counts.records(), without.records(), rtol=0)


def test_pairs_end_at_documents_and_gaps():
    documents = ["the cat sat", "sat the the", "cat rare the"]
    vocabulary = Vocabulary(["the", "cat", "sat"], [4, 2, 2])
    kept, dropped = (
        Cooccurrence.from_corpus(documents, vocabulary, keep_gaps=gaps).adjacent
        for gaps in (True, False)
    )
    assert kept["the", "cat"] == kept["cat", "sat"] == kept["sat", "the"] == kept["the", "the"] == 1
    assert kept["cat", "the"] == 0
    assert kept["sat", "sat"] == 0
    assert dropped["cat", "the"] == 1
    assert (kept.total, dropped.total) == (4.0, 5.0)
    assert not kept.symmetric


@pytest.mark.slow
def test_a_memory_limit_and_threads_do_not_change_the_counts():
    documents = drawn(20_000, 20_000, seed=1)
    settings = {"min_count": 1, "window": 3}
    whole = Cooccurrence.from_corpus(documents, threads=1, **settings)
    limited = Cooccurrence.from_corpus(documents, threads=2, memory="1MB", **settings)
    assert limited._core.on_disk
    for counts in (whole, limited):
        assert_adjacent(counts, documents)


def test_counts_of_a_text_have_adjacent_words_and_others_do_not(text, tmp_path):
    counts = Cooccurrence.from_corpus(text)
    counts.save(tmp_path / "counts.bin")
    table = arrow.table({"word": ["a", "b"], "context": ["b", "a"]})
    for without in (
        Cooccurrence.from_corpus(text, window=None),
        Cooccurrence.load(tmp_path / "counts.bin", counts.vocabulary),
        Cooccurrence.from_scipy(np.ones((3, 3))),
        Cooccurrence.from_pairs(table, "word", "context"),
        Cooccurrence.from_pairs(table, "word", "context", rectangular=True),
        counts.adjacent,
    ):
        assert without.adjacent is None
    assert repr(counts.adjacent).startswith("<Cooccurrence of 60 words, ")
    for function in (Cooccurrence.from_corpus, Cooccurrence.estimate):
        with pytest.raises(ValueError, match="adjacent must be False with window=None"):
            function(text, window=None, adjacent=True)


def test_files_and_pickles_keep_adjacent_words(text, tmp_path):
    counts = Cooccurrence.from_corpus(text, min_count=2)
    for name in ("counts", "counts.zst"):
        counts.save(tmp_path / name)
        for memory in (None, "1MB"):
            loaded = Cooccurrence.load(tmp_path / name, memory=memory)
            assert_adjacent(loaded, text)
            reference.assert_same_records(loaded.records(), counts.records(), rtol=0)
    assert_adjacent(pickle.loads(pickle.dumps(counts)), text)
    Cooccurrence.from_corpus(text, adjacent=False).save(tmp_path / "without")
    assert Cooccurrence.load(tmp_path / "without").adjacent is None


def test_sums_have_adjacent_words_if_all_terms_have_them(text):
    first, second = (Cooccurrence.from_corpus(part, min_count=1) for part in (text[:30], text[30:]))
    assert_adjacent(first + second, text)
    doubled = (2 * first).adjacent
    rows, columns, values = first.adjacent.records()
    reference.assert_same_records(doubled.records(), (rows, columns, 2 * values), rtol=0)
    without = Cooccurrence.from_corpus(text[30:], min_count=1, adjacent=False)
    assert (first + without).adjacent is None
    assert (first + without).nnz == (first + second).nnz


def test_weighted_documents_count_as_repeated_ones(text):
    settings = {**Glove().get_params(), "min_count": 1}
    weights = np.arange(len(text), dtype=np.uint32) % 3
    repeated = [document for k, document in enumerate(text) for _ in range(weights[k])]
    documents = EncodedDocuments.read(text, settings, None)
    assert_adjacent(documents.count(weights, settings, None), repeated)


# ----------------------------------------------------------------------------------------- settings


def test_the_preset_decides_and_the_settings_say_what_was_used(text):
    counts = Cooccurrence.from_corpus(text, min_count=2, window=4)
    without = Cooccurrence.from_corpus(text, min_count=2, window=4, adjacent=False)
    for settings, X, used in (
        ({}, counts, True),
        ({"preset": "paper"}, counts, False),
        ({"preset": "stanford2024"}, counts, False),
        ({"preset": "paper", "adjacent": True}, counts, True),
        ({"adjacent": False}, counts, False),
        ({}, without, False),
        ({}, without.to_scipy(), False),
    ):
        model = Glove(**{**SETTINGS, "epochs": 1, **settings}).fit_cooccurrence(X)
        assert model.settings_["adjacent"] is used, settings
        assert model.adjacent is settings.get("adjacent")
        assert model.W_tilde.shape == model.W.shape == (60, 6)
        assert model.b_tilde.shape == (60,)
    assert Glove(**SETTINGS).set_params(window=None).fit(text).settings_["adjacent"] is False


def test_true_is_refused_where_it_is_not_possible(text):
    model = Glove(**SETTINGS, adjacent=True)
    for X in (Cooccurrence.from_corpus(text, adjacent=False), np.ones((3, 3))):
        with pytest.raises(ValueError, match=r"adjacent must be left out, .*from_corpus"):
            model.fit_cooccurrence(X)
    with pytest.raises(ValueError, match="adjacent must be False with window=None"):
        Glove(**{**SETTINGS, "window": None}, adjacent=True).fit(text)
    with pytest.raises(ValueError, match=r"adjacent=True is not supported by compare\.slices"):
        compare.slices(model, text, ["x", "y"] * 40)
    with pytest.raises(ValueError, match="adjacent must be True or False, got 1"):
        Glove(**SETTINGS, adjacent=1).fit(text)  # type: ignore[arg-type]


@pytest.mark.slow
def test_a_cluster_trains_without(text):
    pytest.importorskip("distributed", reason="distributed is not installed")
    from glove_rs.dask import DaskGlove

    for call in (
        lambda model: model.fit([" ".join(document) for document in text]),
        lambda model: model.fit_cooccurrence(Cooccurrence.from_corpus(text)),
    ):
        with pytest.raises(ValueError, match="adjacent=True is not supported on a cluster"):
            call(DaskGlove(**SETTINGS, adjacent=True))


def test_the_parameter_is_copied_and_shown():
    model = Glove(adjacent=False)
    assert "adjacent=False" in repr(model)
    assert copy.deepcopy(model).adjacent is False
    assert pickle.loads(pickle.dumps(model)).get_params() == model.get_params()
    assert "adjacent" not in repr(Glove())


# ----------------------------------------------------------------------------------------- training


def test_fit_is_counting_and_training(text, fitted):
    counts = Cooccurrence.from_corpus(text, min_count=2, window=4)
    assert_same_bits(Glove(**SETTINGS).fit_cooccurrence(counts), fitted)
    assert_same_bits(Glove(**SETTINGS, threads=2).fit(text), fitted)
    assert_adjacent(fitted.cooccurrence, text)
    without = Glove(**SETTINGS, adjacent=False).fit(text)
    assert not np.allclose(without.W, fitted.W)


@pytest.mark.slow
def test_the_side_on_which_a_word_stands_changes_its_vector():
    # The words a and the words b have the same neighbours in X, but on opposite sides.
    rng = np.random.default_rng(2)
    lines = []
    for _ in range(3000):
        a, b, x, y = (f"{kind}{rng.integers(4)}" for kind in "abxy")
        lines += [[x, a, y], [y, b, x]]

    def contrast(adjacent):
        settings = {"dim": 8, "window": 1, "epochs": 100, "subwords": False, "threads": 1}
        model = Glove(**settings, adjacent=adjacent).fit(lines)
        rows = model.W - model.W.mean(axis=0)
        rows /= np.linalg.norm(rows, axis=1, keepdims=True)
        a, b = (rows[[model.vocabulary[f"{kind}{k}"] for k in range(4)]] for kind in "ab")
        same = [(a @ a.T)[np.triu_indices(4, 1)], (b @ b.T)[np.triu_indices(4, 1)]]
        return np.mean(same) - np.mean(a @ b.T)

    assert contrast(adjacent=True) > 0.5
    assert abs(contrast(adjacent=False)) < 0.05


def test_a_model_is_saved_with_its_setting_and_without_other_contexts(fitted, tmp_path):
    fitted.save(tmp_path / "model")
    loaded = Glove.load(tmp_path / "model")
    assert_same_bits(loaded, fitted)
    assert loaded.adjacent is None
    assert loaded.settings_["adjacent"] is True
    with np.load(tmp_path / "model") as archive:
        members = dict(archive)
    # A file of a version without the setting: such a version trained without adjacent words.
    header = json.loads(members["header"].tobytes())
    del header["settings"]["adjacent"], header["used"]["adjacent"]
    members["header"] = np.frombuffer(json.dumps(header).encode(), np.uint8)
    with (tmp_path / "older").open("wb") as file:
        np.savez(file, **members)
    older = Glove.load(tmp_path / "older")
    assert older.adjacent is False
    assert older.settings_["adjacent"] is False


def stop(state):
    return state.epoch == 1


def test_a_resumed_training_ends_with_the_bits_of_one_without_a_pause(text, fitted, tmp_path):
    Glove(**SETTINGS).fit(text, checkpoint_dir=tmp_path, callbacks=[stop])
    assert_adjacent(Cooccurrence.load(tmp_path / "cooccurrence.counts"), text)
    assert _core.CoreCheckpoint.load(tmp_path / "training.checkpoint").shape == (60, 60, 6)
    with pytest.raises(ValueError, match="adjacent=False differs from the checkpoint"):
        Glove(**SETTINGS, adjacent=False).fit(text, checkpoint_dir=tmp_path, resume=True)
    resumed = Glove.resume(tmp_path)
    assert_same_bits(resumed, fitted)
    assert resumed.settings_["adjacent"] is True


def test_a_checkpoint_with_counts_of_another_training_is_refused(text, tmp_path):
    Glove(**SETTINGS).fit(text, checkpoint_dir=tmp_path, callbacks=[stop])
    without = Cooccurrence.from_corpus(text, min_count=2, window=4, adjacent=False)
    without.save(tmp_path / "cooccurrence.counts")
    with pytest.raises(ValueError, match=r"needs counts of adjacent words, which .* not have"):
        Glove.resume(tmp_path)


def test_a_checkpoint_of_an_older_version_is_resumed_without(text, tmp_path):
    whole = Glove(**SETTINGS, adjacent=False).fit(text)
    Glove(**SETTINGS, adjacent=False).fit(text, checkpoint_dir=tmp_path, callbacks=[stop])
    path = tmp_path / "training.checkpoint"
    saved = _core.CoreCheckpoint.load(path).settings
    settings = json.loads(saved)
    del settings["training"]["adjacent"], settings["parameters"]["adjacent"]
    # Spaces after the JSON keep its length. The last four bytes are the checksum of all others.
    older = json.dumps(settings).encode().ljust(len(saved.encode()))
    content = path.read_bytes()[:-4].replace(saved.encode(), older)
    path.write_bytes(content + zlib.crc32(content).to_bytes(4, "little"))
    with pytest.raises(ValueError, match="adjacent=True differs from the checkpoint"):
        Glove(**SETTINGS, adjacent=True).fit(text, checkpoint_dir=tmp_path, resume=True)
    resumed = Glove(**SETTINGS).fit(text, checkpoint_dir=tmp_path, resume=True)
    assert_same_bits(resumed, whole)
    assert resumed.settings_["adjacent"] is False


@pytest.mark.parametrize("new_words", [True, False])
def test_an_update_adds_the_adjacent_words_of_the_new_text(text, new_words):
    more = [*drawn(70, 20, seed=5), *[["new", "w1", "new"]] * 3]
    model = Glove(**SETTINGS).fit(text).update(more, new_words=new_words)
    assert ("new" in model.vocabulary) is new_words
    assert model.settings_["adjacent"] is True
    # The pairs of new words in the earlier text were not counted, and new words were no gaps there.
    old = Cooccurrence.from_corpus(text, min_count=2)
    new = Cooccurrence.from_corpus(more, model.vocabulary)
    expected, found = (old + new).adjacent, model.cooccurrence.adjacent
    assert found.nnz == expected.nnz
    for pair in (("w1", "w2"), ("w0", "w1"), ("w2", "w1")):
        assert found[pair] == expected[pair]
    assert found.total == old.adjacent.total + new.adjacent.total


def test_an_update_of_counts_without_adjacent_words_trains_without(text):
    counts = Cooccurrence.from_corpus(text, min_count=2, window=4, adjacent=False)
    model = Glove(**SETTINGS).fit_cooccurrence(counts).update(drawn(60, 20, seed=5))
    assert model.settings_["adjacent"] is False
    assert model.cooccurrence.adjacent is None
    assert_same_bits(
        model,
        Glove(**SETTINGS, adjacent=False).fit_cooccurrence(counts).update(drawn(60, 20, seed=5)),
    )


def test_a_bootstrap_trains_the_model_of_its_settings(text, fitted):
    result = bootstrap(Glove(**SETTINGS), text, n=0)
    np.testing.assert_array_equal(result.full.vectors, fitted.vectors.vectors)
    assert result.settings["model"]["adjacent"] is True


def without_setting(path):
    """Remove the setting from a file of settings, as in a folder of an older version."""
    settings = json.loads(path.read_text())
    assert settings["model"].pop("adjacent") is False
    path.write_text(json.dumps(settings))


def test_folders_of_older_versions_go_on_without(text, tmp_path):
    model = Glove(**SETTINGS, adjacent=False)
    bootstrap(model, text, n=1, path=tmp_path / "bootstrap")
    without_setting(tmp_path / "bootstrap" / "bootstrap.json")
    assert len(bootstrap(model, text, n=2, path=tmp_path / "bootstrap")) == 2
    with pytest.raises(ValueError, match=r"another model \(adjacent\)"):
        bootstrap(Glove(**SETTINGS), text, n=2, path=tmp_path / "bootstrap")
    labels = ["x", "y"] * 40
    slices = compare.slices(Glove(**SETTINGS), text, labels, path=tmp_path / "slices")
    without_setting(tmp_path / "slices" / "slices.json")
    again = compare.slices(Glove(**SETTINGS), text, labels, path=tmp_path / "slices")
    np.testing.assert_array_equal(again["x"].vectors, slices["x"].vectors)


def test_scores_and_inferred_vectors_need_no_adjacent_words(fitted, text):
    assert fitted.score(text) < 0
    assert fitted.infer_vector(["w1 new w2"], word="new").shape == (6,)


def test_the_estimate_includes_adjacent_words(text):
    with_them, without = (
        Glove(**SETTINGS, adjacent=adjacent).estimate(text) for adjacent in (True, False)
    )
    assert with_them.memory > without.memory
    assert with_them.counts.records == without.counts.records
    again = Glove(**SETTINGS).estimate(text)
    assert (again.memory, again.parameters) == (with_them.memory, with_them.parameters)


# --------------------------------------------------------------------------------- the command line


def test_cooccur_and_train_are_fit(text, tmp_path):
    corpus = tmp_path / "corpus.txt"
    corpus.write_text("".join(" ".join(document) + "\n" for document in text))
    counting = ["--window", 4, "--min-count", 2]
    training = ["--dim", 6, "--epochs", 2, "--deterministic"]
    done("cooccur", corpus, "-o", tmp_path / "counts", "--adjacent", *counting)
    done("train", tmp_path / "counts", "--out", tmp_path / "trained", *training)
    done("fit", corpus, "--out", tmp_path / "fitted", *counting, *training)
    trained, fitted = (Glove.load(tmp_path / name) for name in ("trained", "fitted"))
    assert_same_bits(trained, fitted)
    assert trained.settings_["adjacent"] is fitted.settings_["adjacent"] is True
    N = Cooccurrence.load(tmp_path / "counts").adjacent
    assert answer("info", tmp_path / "counts")[0]["adjacent records"] == N.nnz

    done("cooccur", corpus, "-o", tmp_path / "without", "--no-adjacent", *counting)
    assert Cooccurrence.load(tmp_path / "without").adjacent is None
    message = reason(2, "train", tmp_path / "without", "--adjacent", "--out", tmp_path / "model")
    assert "--adjacent must be left out, or counts of adjacent words given" in message
    message = reason(2, "cooccur", corpus, "-o", tmp_path / "counts.bin", "--adjacent")
    assert "--adjacent must come with an output file in the format of glove-rs" in message
    done("cooccur", corpus, "-o", tmp_path / "counts.bin", *counting)
