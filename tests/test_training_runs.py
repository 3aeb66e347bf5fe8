"""Whole training runs: repeatability, memory, divergence, reports."""

import os
import pickle
import subprocess
import sys
import warnings

import numpy as np
import pytest

from glove_rs import Cooccurrence, Glove, TrainingDiverged, _core, simd_level

ARRAYS = ("W", "W_tilde", "b", "b_tilde")


@pytest.fixture(scope="module")
def counts(zipf):
    return Cooccurrence.from_corpus(zipf.path, min_count=1)


def parameters(model):
    return {name: getattr(model, name).copy() for name in ARRAYS}


@pytest.mark.parametrize(
    "dim",
    [14, 50, pytest.param(64, marks=pytest.mark.slow), pytest.param(300, marks=pytest.mark.slow)],
)
@pytest.mark.parametrize("threads", [1, 2, 3, pytest.param(8, marks=pytest.mark.slow)])
def test_deterministic_training_gives_the_same_bits(counts, threads, dim):
    options = {
        "dim": dim,
        "epochs": 3,
        "preset": "paper",
        "x_max": 10,
        "deterministic": True,
        "seed": 5,
    }
    one = Glove(threads=1, **options).fit_cooccurrence(counts)
    for _ in range(2):
        many = Glove(threads=threads, **options).fit_cooccurrence(counts)
        assert many.history == one.history
        for name in ARRAYS:
            np.testing.assert_array_equal(getattr(many, name), getattr(one, name))


def test_one_thread_is_repeatable_without_asking(counts):
    runs = [Glove(dim=8, epochs=2, threads=1, seed=2).fit_cooccurrence(counts) for _ in range(2)]
    np.testing.assert_array_equal(runs[0].W, runs[1].W)


def test_a_seed_decides_the_outcome(counts):
    options = {"dim": 8, "epochs": 2, "deterministic": True}
    runs = [Glove(seed=seed, **options).fit_cooccurrence(counts) for seed in (0, 1)]
    assert not np.array_equal(runs[0].W, runs[1].W)


@pytest.mark.slow
def test_a_memory_limit_changes_no_bit_of_deterministic_training(topics, tmp_path):
    options = {"dim": 10, "epochs": 2, "deterministic": True, "tmp_dir": tmp_path}
    X = Cooccurrence.from_corpus(topics)
    free = Glove(**options).fit_cooccurrence(X)
    limited = Glove(memory="4MB", **options).fit_cooccurrence(X)
    np.testing.assert_array_equal(limited.W, free.W)
    assert limited.history == free.history
    assert list(tmp_path.iterdir()) == []


def test_fitting_counts_leaves_them_usable(counts):
    before = counts.records()
    Glove(dim=4, epochs=1).fit_cooccurrence(counts)
    np.testing.assert_array_equal(counts.records()[2], before[2])


# --- continued training -------------------------------------------------------------------------


def core_train(counts, epochs, start=None, fitting=None, **changed):
    """Train deterministically with the core alone."""
    training = {
        "x_max": 10.0,
        "alpha": 0.75,
        "learning_rate": 0.05,
        "bias_learning_rate": 0.5,
        "schedule": "constant",
        "epochs": epochs,
        "optimizer": "adagrad",
        "grad_clip": 100.0,
        "negative": 0.5,
        "negative_weight": 0.1,
        "subwords": False,
        "deterministic": True,
        "seed": 3,
        "adjacent": False,
    } | changed
    running = {"threads": 2, "memory": None, "tmp_dir": None}
    return _core.train(counts._core, 20, training, running, None, False, start, fitting=fitting)


def test_ctrl_c_while_the_result_is_stored_does_not_lose_it(counts):
    results = []

    def store_result(trained):
        results.append(trained)
        if len(results) == 1:
            raise KeyboardInterrupt

    fitting = dict.fromkeys(
        ["validation", "early_stopping", "seconds_left", "callback", "checkpoint", "init"]
    )
    with pytest.raises(KeyboardInterrupt):
        core_train(
            counts, 2, fitting={**fitting, "keep_counts": False, "store_result": store_result}
        )
    first, second = results
    assert first is second
    assert len(second.history) == 2
    assert second.arrays["W"].shape[1] == 20


@pytest.mark.parametrize("done", [1, 2, 4])
def test_training_that_goes_on_ends_with_the_bits_of_one_without_a_pause(counts, done):
    whole = core_train(counts, 4)
    part = core_train(counts, done)
    assert part.history[-1][:2] == whole.history[done - 1][:2]
    rest = core_train(counts, 4, {**part.arrays, "epochs_done": done, "halvings": 0})
    assert [epoch[:2] for epoch in rest.history] == [epoch[:2] for epoch in whole.history[done:]]
    for name, array in whole.arrays.items():
        np.testing.assert_array_equal(rest.arrays[name], array)


def test_halvings_of_the_learning_rate_carry_over(counts):
    start = {**core_train(counts, 1).arrays, "epochs_done": 1, "halvings": 0}
    slower = core_train(counts, 2, start, learning_rate=0.0125)
    halved = core_train(counts, 2, {**start, "halvings": 2})
    np.testing.assert_array_equal(halved.arrays["W"], slower.arrays["W"])


@pytest.mark.parametrize(
    ("name", "value", "message"),
    [
        ("W", np.zeros((3, 20), np.float32), r"start must have arrays of shape \(\d+, 20\)"),
        ("b_tilde", np.zeros(3, np.float32), "b_tilde must have"),
        ("b", np.nan, "parameters must be finite"),
        ("G_W", 0.0, "accumulators G above 0"),
        ("G_b", np.inf, "accumulators G above 0"),
    ],
)
def test_a_start_that_cannot_be_trained_from_is_refused(counts, name, value, message):
    start = {**core_train(counts, 1).arrays, "epochs_done": 1, "halvings": 0}
    start[name] = value if np.ndim(value) else np.full_like(start[name], value)
    with pytest.raises(ValueError, match=message):
        core_train(counts, 2, start)


@pytest.mark.parametrize("optimizer", ["adagrad", "rowwise_adagrad"])
def test_the_accumulators_of_a_start_that_are_not_given_are_those_before_training(
    counts, optimizer
):
    start = {**core_train(counts, 1, optimizer=optimizer).arrays, "epochs_done": 0, "halvings": 0}
    names = [name for name in start if name.startswith("G_")]
    known = len(start["b"]) // 2
    trained = []
    for given in (known, 0):
        full, part = dict(start), dict(start)
        for name in names:
            full[name] = start[name].copy()
            full[name][given:] = _core.START_ACCUMULATOR
            part[name] = start[name][:given]
            if not given:
                del part[name]
        trained += [core_train(counts, 1, one, optimizer=optimizer).arrays for one in (full, part)]
    for full, part in (trained[:2], trained[2:]):
        for name in full:
            np.testing.assert_array_equal(part[name], full[name])
    assert not np.array_equal(trained[0]["W"], trained[2]["W"])


def test_a_start_with_some_arrays_of_accumulators_is_refused(counts):
    start = {**core_train(counts, 1).arrays, "epochs_done": 0, "halvings": 0}
    del start["G_b"]
    with pytest.raises(ValueError, match="start must have all accumulators or none of them"):
        core_train(counts, 1, start)
    start = {**core_train(counts, 1).arrays, "epochs_done": 0, "halvings": 0}
    start["G_b"] = start["G_b"][:3]
    with pytest.raises(ValueError, match=r"start must have arrays of shape \(3, 20\)"):
        core_train(counts, 1, start)


# --- divergence ---------------------------------------------------------------------------------


@pytest.mark.slow
def test_a_diverging_epoch_is_undone_and_the_rate_halved(topics):
    X = Cooccurrence.from_corpus(topics)
    options = {"dim": 50, "epochs": 3, "preset": "paper", "x_max": 10, "learning_rate": 1.0}
    with pytest.warns(RuntimeWarning, match="learning rate halved to 0.5"):
        model = Glove(**options).fit_cooccurrence(X)
    assert len(model.history) == 3
    assert model.history[2] < model.history[0] < 0.2
    for name in ARRAYS:
        assert np.isfinite(getattr(model, name)).all()


@pytest.mark.parametrize("optimizer", ["adagrad", "sgd"])
def test_hopeless_divergence_is_an_error_that_carries_the_history(counts, optimizer):
    options = {
        "dim": 20,
        "epochs": 4,
        "preset": "paper",
        "learning_rate": 1e6,
        "optimizer": optimizer,
    }
    with (
        pytest.warns(RuntimeWarning, match="diverged in epoch 1"),
        pytest.raises(TrainingDiverged, match="smaller learning_rate") as error,
    ):
        Glove(**options).fit_cooccurrence(counts)
    assert isinstance(error.value.history, list)
    assert len(error.value.history) < 4


def test_a_failed_training_keeps_the_model_of_the_last_fit(counts):
    model = Glove(dim=20, epochs=1).fit_cooccurrence(counts)
    before = parameters(model)
    model.set_params(learning_rate=1e6)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        with pytest.raises(TrainingDiverged):
            model.fit_cooccurrence(counts)
    np.testing.assert_array_equal(model.W, before["W"])


@pytest.mark.parametrize("x", [1e-300, 1e-30, 1.0, 1e30, 1e300])
def test_any_finite_count_is_handled(x):
    X = np.array([[0, x], [x, 1.0]])
    model = Glove(dim=5, epochs=3).fit_cooccurrence(X)
    for name in ARRAYS:
        assert np.isfinite(getattr(model, name)).all()


# --- instruction sets ---------------------------------------------------------------------------


def level_in_a_process(name):
    code = "import glove_rs; print(glove_rs.simd_level())"
    return subprocess.run(
        [sys.executable, "-c", code],
        env={**os.environ, "GLOVE_RS_SIMD": name},
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.mark.parametrize("name", _core.simd_levels())
def test_an_environment_variable_forces_the_instruction_set(name):
    assert level_in_a_process(name).stdout == name + "\n"


def test_the_fastest_instruction_set_is_the_default():
    if "GLOVE_RS_SIMD" not in os.environ:
        assert simd_level() == _core.simd_levels()[0]
    assert "portable" in _core.simd_levels()


def test_an_unknown_instruction_set_is_refused_with_the_choices():
    result = level_in_a_process("mmx")
    assert result.returncode == 1
    assert "ValueError: GLOVE_RS_SIMD must be one of" in result.stderr
    assert "portable" in result.stderr


# --- history and progress -----------------------------------------------------------------------


def test_history_keeps_loss_seconds_and_rate_of_each_epoch(counts, tmp_path):
    model = Glove(dim=6, epochs=4).fit_cooccurrence(counts)
    history = model.history
    # A count of adjacent words is a record of the word on the left, and one of that on the right.
    records = counts.nnz + 2 * counts.adjacent.nnz
    assert len(history) == len(history.seconds) == len(history.records_per_second) == 4
    for seconds, rate in zip(history.seconds, history.records_per_second, strict=True):
        assert seconds > 0
        assert rate == pytest.approx(records / seconds)
    again = pickle.loads(pickle.dumps(history))
    assert all(data < loss for data, loss in zip(history.data_loss, history, strict=True))
    model.save(tmp_path / "model")
    loaded = Glove.load(tmp_path / "model").history
    for other in (again, loaded):
        assert other == history
        assert other.seconds == history.seconds
        assert other.data_loss == history.data_loss


def test_progress_tells_loss_and_rate_of_the_last_epoch(zipf):
    seen = []
    Glove(dim=20, epochs=8, progress=lambda *report: seen.append(report)).fit(zipf.path)
    infos = [info for stage, _, _, info in seen if stage == "training"]
    assert infos[-1]["epoch"] == 8
    assert {"loss", "data_loss", "seconds", "records_per_second"} <= set(infos[-1])
