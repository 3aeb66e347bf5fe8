"""Senseless input that must never end the process with a crash."""

import multiprocessing
import pickle
import sys

import numpy as np
import pytest

from glove_rs import Cooccurrence, FormatError, Glove, Vocabulary

TEXT = ["an apple a day keeps the doctor away"] * 10


def counts_in_a_child(queue):
    queue.put(Cooccurrence.from_scipy(np.ones((4, 4))).nnz)
    Glove(dim=3, epochs=1).fit(TEXT)
    queue.put("fitted")


@pytest.mark.slow
@pytest.mark.skipif(sys.platform != "linux", reason="fork is Linux's default start method")
@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_everything_works_after_fork():
    X = Cooccurrence.from_scipy(np.ones((4, 4)))
    Glove(dim=3, epochs=1).fit_cooccurrence((X + X) * 2)
    context = multiprocessing.get_context("fork")
    queue = context.Queue()
    child = context.Process(target=counts_in_a_child, args=(queue,))
    child.start()
    assert (queue.get(timeout=120), queue.get(timeout=120)) == (16, "fitted")
    child.join(120)
    assert child.exitcode == 0


@pytest.mark.parametrize("repeats", range(524_285, 524_291))
def test_a_document_that_ends_at_a_chunks_border_ends(tmp_path, repeats):
    path = tmp_path / "text"
    path.write_text("w " * repeats + "\nother thing\n")
    X = Cooccurrence.from_corpus(path, window=2, min_count=1, distance_weighting=False)
    row, column, _ = X.records()
    words = np.array(X.vocabulary.words)
    pairs = {frozenset(pair) for pair in zip(words[row], words[column], strict=True)}
    assert pairs == {frozenset({"w"}), frozenset({"other", "thing"})}


@pytest.mark.parametrize(
    ("data", "indices", "indptr"),
    [
        ([1.0], [7], [0, 1, 1, 1]),
        ([1.0], [-1], [0, 1, 1, 1]),
        ([1.0], [2**32 + 1], [0, 1, 1, 1]),
        ([1.0, 1.0], [0, 1], [0, 2, 1, 2]),
        ([1.0, 1.0], [0, 1], [1, 1, 2, 2]),
        ([1.0, 1.0], [0, 1], [0, 1, 1, 5]),
        ([1.0, 1.0], [0, 1], [0, -1, 1, 2]),
    ],
)
def test_malformed_sparse_rows_are_refused(data, indices, indptr):
    class Rows:
        shape = (3, 3)

        def tocsr(self):
            return self

    X = Rows()
    X.data, X.indices, X.indptr = map(np.array, (data, indices, indptr))
    with pytest.raises(ValueError, match=r"^X must"):
        Cooccurrence.from_scipy(X)


def test_complex_counts_are_refused():
    with pytest.raises(ValueError, match="real"):
        Cooccurrence.from_scipy(np.ones((2, 2), dtype=complex))


@pytest.mark.parametrize(
    "parameter", ["dim", "seed", "min_count", "max_vocab", "epochs", "threads", "window"]
)
@pytest.mark.parametrize("value", [2**63, 2**64, 10**400])
def test_numbers_too_large_for_the_machine_are_value_errors(parameter, value):
    with pytest.raises(ValueError, match=f"^{parameter} must be an integer from"):
        Glove(**{parameter: value}).fit(TEXT)


@pytest.mark.parametrize("parameter", ["x_max", "learning_rate", "alpha", "grad_clip", "memory"])
def test_huge_reals_are_value_errors(parameter):
    with pytest.raises(ValueError, match=f"^{parameter} must be"):
        Glove(**{parameter: 10**400}).fit(TEXT)


def test_a_window_wider_than_any_text_is_the_whole_document():
    wide = Cooccurrence.from_corpus(TEXT, window=2**63 - 1, min_count=1)
    assert wide.records()[2] == pytest.approx(
        Cooccurrence.from_corpus(TEXT, window=8, min_count=1).records()[2]
    )


@pytest.mark.parametrize("settings", [{"x_max": 1e60}, {"x_max": 1e-60}, {"alpha": 1e30}])
def test_odd_but_finite_settings_train(settings):
    model = Glove(dim=4, epochs=3, **settings).fit_cooccurrence(np.ones((20, 20)))
    assert np.isfinite(model.W).all()


def test_a_weight_that_makes_counts_infinite_is_refused():
    X = Cooccurrence.from_scipy(np.full((3, 3), 1e200))
    with pytest.raises(ValueError, match="weight"):
        X * 1e200


@pytest.mark.slow
def test_memory_that_no_machine_has_is_a_memory_error():
    big = Vocabulary([f"w{k}" for k in range(200_000)], [1] * 200_000)
    with pytest.raises(MemoryError):
        Glove(dim=2**20).fit([["w1", "w2"]], vocabulary=big)


def test_settings_from_numpy_survive_saving(tmp_path):
    model = Glove(
        dim=np.int64(4), learning_rate=np.float32(0.05), symmetric=np.bool_(True), min_count=1
    ).fit(TEXT)
    model.set_params(dim=9)
    model.save(tmp_path / "model")
    again = Glove.load(tmp_path / "model")
    np.testing.assert_array_equal(again.W, model.W)
    assert again.dim == 4


def test_an_array_is_no_model(tmp_path):
    np.save(tmp_path / "array.npy", np.ones(3))
    with pytest.raises(FormatError):
        Glove.load(tmp_path / "array.npy")


def test_words_may_be_given_as_a_list():
    X = Cooccurrence.from_corpus(TEXT, ["day", "apple"], 3)
    assert X.vocabulary.words == ["day", "apple"]
    assert Glove(dim=3, epochs=1).fit(TEXT, vocabulary=["day", "apple"]).W.shape == (2, 3)
    with pytest.raises(TypeError, match="vocabulary must be"):
        Cooccurrence.from_corpus(TEXT, "day")


def test_a_lone_surrogate_is_in_no_vocabulary():
    assert "\ud800" not in Vocabulary(["a"], [1])


def test_the_largest_count_pickles():
    vocabulary = Vocabulary(["a"], [2**63 - 1])
    assert pickle.loads(pickle.dumps(vocabulary)) == vocabulary
    with pytest.raises(ValueError, match="counts"):
        Vocabulary(["a"], [2**63])


@pytest.mark.slow
def test_a_slow_generator_lets_progress_through():
    import time

    calls = []

    def documents():
        for _ in range(20):
            time.sleep(0.03)
            yield from TEXT

    Glove(dim=2, epochs=1, progress=lambda *report: calls.append(report)).fit(documents())
    assert len(calls) >= 3
