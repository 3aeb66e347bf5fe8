"""A fitted model in use: threads, copies, pickles, fork and other processes."""

import copy
import multiprocessing
import os
import pickle
import threading
import warnings

import numpy as np
import pytest

from glove_rs import Glove, WordVectors

WORDS = [f"w{k}" for k in range(1, 40) if k % 7]


@pytest.fixture
def fresh(zipf):
    """A model whose arrays have not been read yet: they are still in the core."""
    return Glove(dim=16, epochs=2, min_count=2, deterministic=True).fit(zipf.path)


@pytest.fixture(scope="module")
def expected(zipf):
    model = Glove(dim=16, epochs=2, min_count=2, deterministic=True).fit(zipf.path)
    return [model.vectors.most_similar(word) for word in WORDS], model.W.copy()


def answers(model):
    return [model.vectors.most_similar(word) for word in WORDS]


@pytest.mark.slow
def test_many_threads_query_one_model(fresh, expected):
    found, barrier = [None] * 16, threading.Barrier(16)

    def query(k):
        barrier.wait()  # all threads ask for the arrays at once
        found[k] = (answers(fresh), id(fresh.W))

    threads = [threading.Thread(target=query, args=(k,)) for k in range(16)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert all(found[k] == (expected[0], id(fresh.W)) for k in range(16))


def test_many_threads_infer_and_train_at_once(fresh, zipf):
    alone = fresh.infer_vector(zipf.lines[:20], word="w1")
    results = [None] * 6

    def work(k):
        if k % 2:
            results[k] = fresh.infer_vector(zipf.lines[:20], word="w1")
        else:
            results[k] = Glove(dim=4, epochs=2, deterministic=True).fit(zipf.path).W

    threads = [threading.Thread(target=work, args=(k,)) for k in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for k in range(6):
        np.testing.assert_array_equal(results[k], alone if k % 2 else results[0])


@pytest.mark.parametrize(
    "duplicate",
    [copy.copy, copy.deepcopy, *(lambda m, p=p: pickle.loads(pickle.dumps(m, p)) for p in (2, 5))],
    ids=["copy", "deepcopy", "pickle2", "pickle5"],
)
def test_duplicates_answer_alike(fresh, expected, duplicate):
    again = duplicate(fresh)
    assert answers(again) == expected[0]
    assert again.history == fresh.history
    assert again.history.seconds == fresh.history.seconds
    assert again.get_params() == fresh.get_params()
    np.testing.assert_array_equal(again._state.arrays["G_W"], fresh._state.arrays["G_W"])


def test_an_updated_model_pickles_in_the_order_of_its_words(fresh):
    fresh.update(["fresh w1 w2"] * 50, epochs=1)
    again = pickle.loads(pickle.dumps(fresh))
    assert again.vocabulary == fresh.vocabulary
    np.testing.assert_array_equal(again.W, fresh.W)
    np.testing.assert_array_equal(again.vectors["fresh"], fresh.vectors["fresh"])


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
@pytest.mark.parametrize("asked", [False, True])
def test_a_forked_process_queries_infers_and_trains(fresh, zipf, expected, asked):
    if asked:
        answers(fresh)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # Python 3.12 warns of fork
        child = os.fork()
    if child == 0:
        code = 1
        try:
            same = answers(fresh) == expected[0]
            fresh.infer_vector(zipf.lines[:5], word="w1")
            trained = Glove(dim=16, epochs=2, min_count=2, deterministic=True).fit(zipf.path)
            code = 0 if same and np.array_equal(trained.W, expected[1]) else 2
        finally:
            os._exit(code)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0


def neighbours(model, word):
    """The function that other processes call. They must be able to import it by name."""
    return model.vectors.most_similar(word)


@pytest.mark.slow
def test_spawned_processes_query(fresh, expected):
    with multiprocessing.get_context("spawn").Pool(2) as pool:
        found = pool.starmap(neighbours, [(fresh, word) for word in WORDS[:6]])
    assert found == expected[0][:6]


@pytest.mark.slow
def test_joblib_queries_a_model_and_vectors(fresh, expected):
    joblib = pytest.importorskip("joblib")
    calls = (joblib.delayed(neighbours)(fresh, word) for word in WORDS[:6])
    assert joblib.Parallel(n_jobs=2)(calls) == expected[0][:6]
    vectors = pickle.loads(pickle.dumps(fresh.vectors))
    assert isinstance(vectors, WordVectors)
    calls = (joblib.delayed(vectors.most_similar)(word) for word in WORDS[:6])
    assert joblib.Parallel(n_jobs=2)(calls) == expected[0][:6]
