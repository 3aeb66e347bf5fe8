"""When training stops: held-out records, time limits, callbacks, Ctrl-C."""

import os
import signal
import subprocess
import sys
import textwrap
import time

import numpy as np
import pytest

import reference
from glove_rs import Cooccurrence, EpochState, Glove, WordVectors
from interrupting import LIMIT, cpu_seconds
from libraries import later

sparse = later("scipy.sparse")

SETTINGS = {
    "dim": 10,
    "epochs": 5,
    "preset": "paper",
    "x_max": 10.0,
    "deterministic": True,
    "min_count": 2,
}


@pytest.fixture(scope="module")
def counts(zipf):
    return Cooccurrence.from_corpus(zipf.path, min_count=2)


# --- records held out ---------------------------------------------------------------------------


def frozen_loss(model, row, col, x):
    config = reference.Config(x_max=model.x_max)
    p = {name: np.array(getattr(model, name), np.float64) for name in reference.MODEL}
    return reference.loss(p, row, col, x, config) / len(x)


@pytest.mark.parametrize("symmetric", [True, False])
@pytest.mark.parametrize("optimizer", ["sgd", "adagrad", "rowwise_adagrad"])
@pytest.mark.parametrize("dim", [6, 21, 50])
def test_held_out_and_trained_records_are_together_all(zipf, symmetric, optimizer, dim):
    # With this learning rate the parameters do not change, so the losses of held-out and of
    # trained records are those of one model.
    counts = Cooccurrence.from_corpus(zipf.path, min_count=2, symmetric=symmetric)
    words = list(counts.vocabulary)
    vectors = WordVectors(words, np.random.default_rng(0).random((len(words), dim)))
    options = {"preset": "paper", "x_max": 10.0, "optimizer": optimizer}
    model = Glove(dim=dim, epochs=1, learning_rate=1e-30, bias_learning_rate=1e-30, **options)
    model.fit_cooccurrence(counts, validation=0.3, init=vectors)
    rate = model.history.records_per_second[0] * model.history.seconds[0]
    trained = round(rate)
    held_out = counts.nnz - trained
    assert 0.25 < held_out / counts.nnz < 0.35
    together = trained * model.history[0] + held_out * model.history.validation[0]
    assert together / counts.nnz == pytest.approx(frozen_loss(model, *counts.records()), rel=1e-4)


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore:training diverged")
def test_held_out_pairs_are_not_trained_on_in_either_direction():
    # With random counts, a pair tells nothing about other pairs. So the model fits only pairs that
    # it was trained on. If it fits held-out pairs badly, neither direction of them was trained on.
    rng = np.random.default_rng(5)
    X = sparse.triu(sparse.random(300, 300, 0.05, random_state=rng), k=1)
    X.data = np.exp(rng.normal(0, 2, X.nnz))
    X = (X + X.T).tocsr()
    settings = {
        "dim": 80,
        "epochs": 60,
        "preset": "paper",
        "x_max": 1e-3,
        "learning_rate": 0.1,
        "deterministic": True,
        "seed": 9,
    }
    model = Glove(**settings).fit_cooccurrence(X, validation=0.2)
    row, col, x = sparse.find(X)
    p = {name: np.array(getattr(model, name), np.float64) for name in reference.MODEL}
    error = np.abs(reference.error(p, row, col, x))
    fitted = sparse.coo_array((error < 0.3, (row, col)), shape=X.shape).toarray()
    agree = fitted[row, col] == fitted[col, row]
    assert agree.mean() > 0.95
    assert 0.7 < fitted[row, col].mean() < 0.9
    assert model.history[-1] < 0.01 < 1 < model.history.validation[-1]


@pytest.mark.slow
def test_holding_out_does_not_depend_on_threads_or_memory(topics, tmp_path):
    X = Cooccurrence.from_corpus(topics)
    options = {"dim": 8, "epochs": 2, "deterministic": True, "tmp_dir": tmp_path}
    one, *others = (
        Glove(**options, threads=threads, memory=memory).fit_cooccurrence(X, validation=0.02)
        for threads, memory in [(1, None), (2, None), (3, "4MB")]
    )
    for other in others:
        np.testing.assert_array_equal(other.W, one.W)
        assert other.history.validation == one.history.validation
    # The validation loss is measured after an epoch, the data loss during an epoch. So compare the
    # validation loss with the data loss of the next epoch.
    assert one.history.validation[0] == pytest.approx(one.history.data_loss[1], rel=0.5)


def test_without_validation_nothing_is_held_out(counts):
    model = Glove(**SETTINGS).fit_cooccurrence(counts)
    assert model.history.validation == []
    assert model.history.records_per_second[0] * model.history.seconds[0] == pytest.approx(
        counts.nnz
    )


@pytest.mark.parametrize("fraction", [0, -0.1, 1, 1.5, np.nan, "0.1", True])
def test_validation_must_be_a_share(counts, fraction):
    with pytest.raises(ValueError, match="validation must be"):
        Glove(**SETTINGS).fit_cooccurrence(counts, validation=fraction)


def test_a_share_that_holds_out_nothing_is_refused():
    with pytest.raises(ValueError, match=r"validation = 0\.0+1 leaves 4 records .* out 0"):
        Glove(**SETTINGS).fit_cooccurrence(np.ones((2, 2)), validation=1e-12)


# --- early stopping -----------------------------------------------------------------------------


@pytest.mark.parametrize("patience", [1, 4])
def test_early_stopping_keeps_the_parameters_of_the_least_validation_loss(counts, patience):
    seen = []

    def look(state):
        seen.append((state.validation_loss, state.W.copy(), state.b_tilde.copy()))

    options = {"validation": 0.1, "early_stopping": patience}
    model = Glove(**SETTINGS | {"epochs": 60, "learning_rate": 0.3})
    model.fit_cooccurrence(counts, callbacks=[look], **options)
    losses = model.history.validation
    best = int(np.argmin(losses))
    assert losses == [loss for loss, _, _ in seen]
    assert len(losses) == best + 1 + patience < 60
    np.testing.assert_array_equal(model.W, seen[best][1])
    np.testing.assert_array_equal(model.b_tilde, seen[best][2])


def test_early_stopping_needs_validation(counts):
    with pytest.raises(ValueError, match=r"early_stopping .* set validation"):
        Glove(**SETTINGS).fit_cooccurrence(counts, early_stopping=2)
    with pytest.raises(ValueError, match="early_stopping must be an integer >= 1"):
        Glove(**SETTINGS).fit_cooccurrence(counts, validation=0.1, early_stopping=0)


# --- max_seconds --------------------------------------------------------------------------------


@pytest.mark.slow
def test_no_epoch_begins_that_would_end_too_late(counts):
    model = Glove(**SETTINGS | {"epochs": 10**6})
    start = time.monotonic()
    model.fit_cooccurrence(counts, max_seconds=0.1)
    assert time.monotonic() - start < 20
    assert 1 <= len(model.history) < 10**6
    np.testing.assert_array_equal(
        model.W, Glove(**SETTINGS | {"epochs": len(model.history)}).fit_cooccurrence(counts).W
    )


def test_one_epoch_is_always_run(counts):
    model = Glove(**SETTINGS).fit_cooccurrence(counts, max_seconds=1e-9)
    assert len(model.history) == 1


@pytest.mark.parametrize("seconds", [0, -1, np.nan, np.inf, "1"])
def test_max_seconds_must_be_a_number_above_zero(counts, seconds):
    with pytest.raises(ValueError, match="max_seconds must be"):
        Glove(**SETTINGS).fit_cooccurrence(counts, max_seconds=seconds)


# --- callbacks ----------------------------------------------------------------------------------


def test_callbacks_see_each_epoch_on_the_calling_thread(counts):
    import threading

    seen = []

    def look(state):
        assert threading.current_thread() is threading.main_thread()
        assert isinstance(state, EpochState)
        seen.append((state.epoch, state.loss, state.seconds, state.validation_loss))
        assert state.W.shape == state.W_tilde.shape == (len(counts.vocabulary), 10)
        assert state.b.shape == state.b_tilde.shape == (len(counts.vocabulary),)
        assert state.vocabulary == counts.vocabulary
        assert state.vectors.most_similar("w1", topn=2)
        assert f"epoch {state.epoch}" in repr(state)

    model = Glove(**SETTINGS).fit_cooccurrence(counts, callbacks=[look])
    assert [epoch for epoch, *_ in seen] == [1, 2, 3, 4, 5]
    assert [loss for _, loss, *_ in seen] == model.history
    assert [seconds for _, _, seconds, _ in seen] == model.history.seconds
    assert all(loss is None for *_, loss in seen)


def test_the_last_state_is_the_model(counts):
    last = []
    model = Glove(**SETTINGS).fit_cooccurrence(
        counts, callbacks=[lambda state: last.append(state.W) or last.append(state.b_tilde)]
    )
    np.testing.assert_array_equal(last[-2], model.W)
    np.testing.assert_array_equal(last[-1], model.b_tilde)


def test_a_state_is_read_only_and_past_when_the_callback_returns(counts):
    states = []

    def keep(state):
        states.append(state)
        if state.epoch == 1:
            with pytest.raises(ValueError, match="read-only"):
                state.W[0, 0] = 1.0
            with pytest.raises(AttributeError):
                state.W = None

    Glove(**SETTINGS).fit_cooccurrence(counts, callbacks=[keep])
    assert states[0].W.shape[1] == 10  # W was read while its epoch was the current one
    with pytest.raises(RuntimeError, match="epoch 2 is past"):
        _ = states[1].W


@pytest.mark.parametrize("answer", [True, np.True_])
def test_true_stops(counts, answer):
    called = []
    model = Glove(**SETTINGS).fit_cooccurrence(
        counts, callbacks=[lambda state: answer if state.epoch == 2 else None, called.append]
    )
    assert len(model.history) == len(called) == 2
    np.testing.assert_array_equal(
        model.W, Glove(**SETTINGS | {"epochs": 2}).fit_cooccurrence(counts).W
    )


@pytest.mark.parametrize("answer", [None, False, 1, "stop", [True]])
def test_anything_else_goes_on(counts, answer):
    model = Glove(**SETTINGS).fit_cooccurrence(counts, callbacks=[lambda _: answer])
    assert len(model.history) == 5


def test_an_exception_surfaces_unchanged_and_leaves_the_model_of_its_epoch(counts):
    class Mine(Exception):  # noqa: N818
        pass

    def fail(state):
        if state.epoch == 3:
            raise Mine("in epoch 3")

    model = Glove(**SETTINGS)
    with pytest.raises(Mine, match="in epoch 3"):
        model.fit_cooccurrence(counts, callbacks=[fail])
    assert len(model.history) == 3
    np.testing.assert_array_equal(
        model.W, Glove(**SETTINGS | {"epochs": 3}).fit_cooccurrence(counts).W
    )


def test_callbacks_change_no_bit(counts):
    plain = Glove(**SETTINGS).fit_cooccurrence(counts)
    watched = Glove(**SETTINGS).fit_cooccurrence(counts, callbacks=[lambda s: s.vectors and None])
    np.testing.assert_array_equal(watched.W, plain.W)


@pytest.mark.parametrize("callbacks", [print, [1], "x", [print, None]])
def test_callbacks_must_be_callables(counts, callbacks):
    with pytest.raises(ValueError, match="callbacks must be a list of callables"):
        Glove(**SETTINGS).fit_cooccurrence(counts, callbacks=callbacks)


# --- Ctrl-C -------------------------------------------------------------------------------------

CHILD = textwrap.dedent(
    """
    import os, sys, time
    import numpy as np
    from glove_rs import Glove

    def ready(state):
        if state.epoch == 2:
            print("ready", flush=True)
    settings = dict(dim=200, preset="paper", deterministic=True)
    model = Glove(**settings, epochs=1000)
    options = {options}
    try:
        model.fit_cooccurrence(np.ones((2000, 2000)), callbacks=[ready], **options)
    except KeyboardInterrupt:
        print(time.process_time(), flush=True)
    done = len(model.history)
    assert 2 <= done < 1000, done
    assert len(model.vectors.most_similar("5")) == 10
    model.save_word2vec("vectors.txt")
    again = Glove(**settings, epochs=done).fit_cooccurrence(np.ones((2000, 2000)))
    assert np.array_equal(model.W, again.W), "not the parameters of the last finished epoch"
    assert model.history == again.history
    """
)


@pytest.mark.slow
@pytest.mark.skipif(os.name != "posix", reason="needs POSIX signals")
@pytest.mark.parametrize("options", ["{}", "{'checkpoint_dir': 'checkpoints'}"])
def test_ctrl_c_leaves_the_model_of_the_last_finished_epoch(tmp_path, options):
    child = subprocess.Popen(
        [sys.executable, "-c", CHILD.replace("{options}", options)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        cwd=tmp_path,
    )
    assert child.stdout.readline() == "ready\n"
    time.sleep(0.2)
    sent = cpu_seconds(child.pid)
    child.send_signal(signal.SIGINT)
    out, err = child.communicate(timeout=120)
    assert child.returncode == 0, err
    assert float(out) - sent < LIMIT
    assert not [name for name in os.listdir(tmp_path) if name.endswith(".tmp")]


def test_ctrl_c_in_a_callback_leaves_its_epoch(counts):
    def interrupt(state):
        if state.epoch == 2:
            os.kill(os.getpid(), signal.SIGINT)
            time.sleep(5)

    model = Glove(**SETTINGS)
    with pytest.raises(KeyboardInterrupt):
        model.fit_cooccurrence(counts, callbacks=[interrupt])
    assert len(model.history) == 2


@pytest.mark.slow
def test_ctrl_c_before_an_epoch_is_finished_leaves_the_model_as_it_was(counts):
    def interrupt(stage, done, total, info):
        raise KeyboardInterrupt

    model = Glove(**SETTINGS).fit_cooccurrence(counts)
    before = model.W.copy()
    with pytest.raises(KeyboardInterrupt):
        model.set_params(dim=500, progress=interrupt).fit_cooccurrence(np.ones((3000, 3000)))
    np.testing.assert_array_equal(model.W, before)
