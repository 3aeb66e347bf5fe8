"""Presets, learning-rate schedules and negative pairs."""

from __future__ import annotations

import ast
import copy
import json
import pickle
import re
from pathlib import Path

import numpy as np
import pytest

from glove_rs import Cooccurrence, Glove, _settings
from program import done

PAPER = {
    "optimizer": "adagrad",
    "x_max": 100.0,
    "learning_rate": 0.05,
    "bias_learning_rate": 1.0,
    "schedule": "constant",
    "epochs": 25,
    "grad_clip": 100.0,
    "negative": 0.0,
    "adjacent": False,
}
RUN = {"dim": 8, "deterministic": True, "threads": 1}


@pytest.fixture(scope="module")
def counts(zipf):
    return Cooccurrence.from_corpus(zipf.path, window=5, min_count=1)


def assert_same_bits(one, other):
    for name in ("W", "W_tilde", "b", "b_tilde"):
        np.testing.assert_array_equal(getattr(one, name), getattr(other, name))
    assert one.history == other.history


def fit(counts, **settings):
    return Glove(**RUN, **settings).fit_cooccurrence(counts)


@pytest.mark.slow
def test_the_paper_preset_is_the_paper_s_settings(counts):
    assert_same_bits(fit(counts, preset="paper"), fit(counts, **PAPER))


def core_defaults(file, options):
    """Return the defaults of a struct of the core, as they stand in its source.

    Parameters that the package does not have are left out, and so are those whose default is a
    constant with a name of its own.
    """
    code = (Path(__file__).resolve().parents[1] / "src" / file).read_text(encoding="utf-8")
    start = rf"impl Default for {options} {{\n    fn default\(\) -> Self {{\n        Self {{\n"
    [body] = re.findall(rf"{start}(.*?)\n        }}", code, re.S)
    values = dict(line.strip().rstrip(",").split(": ") for line in body.splitlines())

    def value(text):
        if "::" in text:  # a variant of an enum, such as Optimizer::AdaGrad for "adagrad"
            return text.partition("::")[2].lower()
        return ast.literal_eval(text.title() if text in ("true", "false") else text)

    return {
        name: value(text)
        for name, text in values.items()
        if name in _settings.SETTINGS and not text.isupper()
    }


KNOWN = _settings.Known(dim=50, records=None)


def test_a_rust_program_has_the_defaults_of_the_paper_preset():
    core = core_defaults("training/options.rs", "TrainingOptions")
    names = {*_settings.names("training"), "early_stopping"} - {"preset", "dim", "subwords"}
    assert core == {name: _settings.default(name, "paper", KNOWN) for name in names}


@pytest.mark.parametrize(
    ("file", "options", "sections"),
    [
        ("cooccurrence/options.rs", "CountingOptions", ["counting"]),
        ("encoding/options.rs", "EncodingOptions", ["encoding"]),
    ],
)
def test_a_rust_program_counts_with_the_same_defaults(file, options, sections):
    core = core_defaults(file, options)
    assert set(core) <= {*_settings.names(*sections)}
    # A default that depends on the preset is that of the preset "paper".
    assert core == {name: _settings.default(name, "paper", KNOWN) for name in core}
    assert len(core) >= 3


@pytest.mark.slow
def test_the_default_is_the_best_preset_whatever_the_number_of_epochs(counts):
    assert_same_bits(fit(counts), fit(counts, preset="best"))
    assert_same_bits(fit(counts, epochs=3), fit(counts, preset="best", epochs=3))
    assert len(fit(counts, epochs=3).history) == 3


@pytest.mark.slow
def test_a_setting_beats_the_preset(counts):
    everything = fit(counts, preset="best", **PAPER)
    assert_same_bits(everything, fit(counts, preset="paper"))


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"preset": "fast"}, "preset must be one of 'best', 'paper', 'stanford2024', got 'fast'"),
        ({"preset": 1}, "preset must be one of"),
        ({"schedule": "step"}, "schedule must be one of .*'cosine', got 'step'"),
        ({"schedule": 3}, "schedule must be one of .*, got 3"),
        ({"preset": None}, "preset must be one of 'best', 'paper', 'stanford2024', got None"),
        ({"bias_learning_rate": 0}, "bias_learning_rate must be a finite number > 0, got 0"),
        ({"negative": -1}, "negative must be a finite number >= 0, got -1"),
        ({"negative": 1001}, "negative must be at most 1000, got 1001"),
        ({"negative_weight": 0}, "negative_weight must be a finite number > 0, got 0"),
    ],
)
def test_bad_settings_are_refused_by_name(counts, settings, message):
    with pytest.raises(ValueError, match=message):
        fit(counts, **settings)


# A matrix with a single record, whose steps can be computed by hand.


def one_record(**settings):
    X = np.array([[0.0, 0.0], [5.0, 0.0]])
    return Glove(4, threads=1, preset="paper", x_max=1.0, seed=3, **settings).fit_cooccurrence(X)


def test_rates_fall_as_the_schedule_says():
    # With tiny steps of SGD the gradient hardly changes: the loss falls in proportion to the rate.
    falls = {}
    for schedule in ("constant", "linear", "cosine"):
        settings = {"optimizer": "sgd", "learning_rate": 1e-4, "epochs": 400}
        history = np.array(one_record(schedule=schedule, **settings).history)
        falls[schedule] = -np.diff(history) / history[:-1]
    time = np.arange(399) / 400
    constant = falls["constant"]
    np.testing.assert_allclose(falls["linear"], (1 - time) * constant, atol=0.02 * constant[0])
    cosine = 0.5 * (1 + np.cos(np.pi * time))
    np.testing.assert_allclose(falls["cosine"], cosine * constant, atol=0.02 * constant[0])


def test_the_bias_rate_scales_the_first_step_of_the_biases():
    start = one_record(learning_rate=1e-9, bias_learning_rate=1e-9, epochs=1)
    steps = [
        (one_record(learning_rate=1e-9, bias_learning_rate=rate, epochs=1).b - start.b)[1]
        for rate in (1e-3, 1e-2)
    ]
    assert steps[0] > 0
    assert steps[1] == pytest.approx(10 * steps[0], rel=1e-3)


def block_counts():
    """Two groups of words: only words of the same group co-occur."""
    X = np.zeros((24, 24))
    X[:12, :12] = X[12:, 12:] = 20.0
    return X


def test_negative_pairs_are_pushed_below_pairs_that_co_occur():
    def predictions(**settings):
        m = Glove(6, preset="paper", x_max=10, epochs=60, threads=1, **settings).fit_cooccurrence(
            block_counts()
        )
        return m.W @ m.W_tilde.T + m.b[:, None] + m.b_tilde

    negative = block_counts() == 0
    target = 0.5 * np.log(240.0 * 240 / block_counts().sum()) - 1
    free = predictions()[negative].mean()
    pushed = predictions(negative=2, negative_weight=0.5)
    assert free > target + 0.5
    assert pushed[negative].mean() < target + 0.15
    # Pairs that co-occur are still fitted.
    np.testing.assert_allclose(pushed[~negative], np.log(20), atol=0.2)


def test_the_loss_is_the_objective_and_the_data_loss_leaves_negative_pairs_out():
    rng = np.random.default_rng(1)
    X = np.triu(rng.uniform(1, 20, (60, 60)) * (rng.random((60, 60)) < 0.3))
    X = X + np.triu(X, 1).T
    settings = {"preset": "paper", "x_max": 10, "epochs": 60, "schedule": "linear", "threads": 1}
    m = Glove(2, **settings, negative=2, negative_weight=0.5).fit_cooccurrence(X)
    records = X > 0
    predicted = m.W @ m.W_tilde.T + m.b[:, None] + m.b_tilde
    diff = predicted[records] - np.log(X[records])
    f = np.minimum(1, (X[records] / 10) ** 0.75)
    assert m.history.data_loss[-1] == pytest.approx(np.mean(0.5 * f * diff**2), rel=0.02)
    # Two pairs are drawn for each record; both words have probabilities in proportion to sums^0.75.
    p = X.sum(1) ** 0.75 / (X.sum(1) ** 0.75).sum()
    draws = 2 * p[:, None] * p
    target = 0.5 * np.log(X.sum(1)[:, None] * X.sum(0) / X.sum()) - 1
    above = np.maximum(predicted - target, 0)
    negatives = np.array(m.history) - m.history.data_loss
    expected = (draws * 0.5 * 0.5 * above**2)[~records].sum()
    assert negatives[-10:].mean() == pytest.approx(expected, rel=0.1)


def test_without_negative_pairs_the_loss_is_the_data_loss(counts):
    history = fit(counts, epochs=2, preset="paper").history
    assert history.data_loss == history
    best = fit(counts, epochs=2, preset="best").history
    assert all(data < loss for data, loss in zip(best.data_loss, best, strict=True))


def test_a_full_matrix_has_no_negative_pairs():
    X = np.full((9, 9), 3.0)
    settings = {"dim": 4, "preset": "paper", "x_max": 10, "deterministic": True, "epochs": 3}
    assert_same_bits(
        Glove(**settings, negative=5).fit_cooccurrence(X), Glove(**settings).fit_cooccurrence(X)
    )


@pytest.mark.parametrize("threads", [2, 3, 8])
@pytest.mark.parametrize("memory", [None, "1MB"])
def test_the_best_preset_gives_the_same_bits_whatever_the_threads_and_memory(
    counts, threads, memory
):
    settings = {"dim": 20, "deterministic": True, "epochs": 3, "preset": "best"}
    one = Glove(**settings, threads=1).fit_cooccurrence(counts)
    assert_same_bits(
        Glove(**settings, threads=threads, memory=memory).fit_cooccurrence(counts), one
    )


@pytest.mark.parametrize("value", [1e-300, 1e300])
def test_extreme_counts_do_not_break_the_best_preset(value):
    X = np.diag(np.full(40, value)) + np.eye(40, k=1)
    model = Glove(5, preset="best", threads=1).fit_cooccurrence(X)
    assert np.isfinite(model.W).all()
    assert np.isfinite(model.history).all()


def test_the_best_bound_of_gradients_falls_beyond_dim_100():
    bounds = {dim: _settings.resolve({"dim": dim})["grad_clip"] for dim in (50, 100, 200, 300)}
    assert bounds == {50: 3.0, 100: 3.0, 200: 0.75, 300: pytest.approx(1 / 3)}
    assert _settings.resolve({"dim": 300, "grad_clip": 2.0})["grad_clip"] == 2.0
    assert _settings.resolve({"dim": 300, "preset": "paper"})["grad_clip"] == 100.0


# --- epochs that follow the counts ----------------------------------------------------------------

SENTENCES = ["ice is cold", "steam is hot and steam is gas", "ice is solid"] * 3


def epochs(records, **given):
    return _settings.for_records(Glove(100, **given).get_params(), records)["epochs"]


def test_the_best_preset_has_more_epochs_for_fewer_records():
    sizes = 0, 1, 10**6, 1_803_523, 6_579_622, 22_415_521, 68_984_037, 184_161_631, 10**9, 10**12
    assert [epochs(records) for records in sizes] == [20, 20, 20, 20, 16, 12, 10, 9, 9, 8]


def test_the_best_preset_has_most_epochs_at_dim_100():
    dims = 2, 50, 75, 100, 200, 300, 1_000
    of_dims = [_settings.for_records({"dim": dim}, 68_984_037)["epochs"] for dim in dims]
    assert of_dims == [7, 7, 9, 10, 9, 8, 8]


def test_a_training_of_few_epochs_has_larger_steps():
    def rate(epochs=None, records=None, **given):
        return _settings.resolve({"epochs": epochs, **given}, records)["learning_rate"]

    assert [rate(epochs) for epochs in (1, 7, 8, 100)] == [0.25, 0.25, 0.16, 0.16]
    assert [rate(), rate(records=10**6), rate(7, 10**6)] == [0.25, 0.16, 0.25]
    assert rate(records=10**6, learning_rate=0.3) == 0.3
    assert rate(8, preset="paper") == 0.05


def test_given_epochs_and_those_of_the_paper_do_not_depend_on_the_counts():
    for records in (1, 10**9):
        assert epochs(records, epochs=3) == 3
        assert epochs(records, preset="paper") == 25
        assert epochs(records, preset="stanford2024") == 100
    with pytest.raises(ValueError, match="epochs must"):
        epochs(1, epochs=0)


def test_a_fit_uses_the_epochs_of_its_counts_and_a_loaded_model_chooses_again(tmp_path):
    model = Glove(4, min_count=1, threads=1).fit(SENTENCES)
    assert model.epochs is None
    assert model.settings_["epochs"] == len(model.history) == 20
    model.save(tmp_path / "model")
    loaded = Glove.load(tmp_path / "model")
    assert loaded.settings_["epochs"] == 20
    assert loaded.epochs is None
    assert len(Glove.load(tmp_path / "model").update(SENTENCES, counts=counts_of()).history) == 28


def test_a_loaded_model_chooses_the_learning_rate_again(tmp_path):
    model = Glove(4, min_count=1, threads=1).fit(SENTENCES)
    model.save(tmp_path / "model")
    loaded = Glove.load(tmp_path / "model")
    assert loaded.settings_["learning_rate"] == 0.16
    assert loaded.learning_rate is None
    assert loaded.set_params(epochs=5).fit(SENTENCES).settings_["learning_rate"] == 0.25


@pytest.mark.parametrize("preset", ["best", "paper"])
def test_epochs_of_an_update_and_of_a_start_do_not_become_parameters(tmp_path, preset):
    given = {"preset": preset, "threads": 1, "subwords": False}
    first = Glove(4, **given, epochs=2).fit_cooccurrence(counts_of())
    model = Glove(4, **given, min_count=1).fit_cooccurrence(counts_of(), start=first)
    model.update(SENTENCES, counts=counts_of())
    model.save(tmp_path / "model")
    assert Glove.load(tmp_path / "model").epochs is None


def test_an_estimate_has_the_epochs_of_the_fit():
    estimate = Glove(4, min_count=1).estimate(SENTENCES)
    assert estimate.epochs == 20
    assert "(20 epochs)" in str(estimate)
    assert Glove(4, min_count=1, epochs=3).estimate(SENTENCES).epochs == 3


def counts_of():
    return Cooccurrence.from_corpus(SENTENCES, min_count=1)


def stop_after(epoch):
    def stop(state):
        if state.epoch == epoch:
            raise KeyboardInterrupt

    return stop


def test_more_epochs_are_trained_from_start_values():
    first = Glove(4, epochs=2, threads=1, subwords=False).fit_cooccurrence(counts_of())
    again = Glove(4, threads=1, subwords=False).fit_cooccurrence(counts_of(), start=first)
    assert len(again.history) == 20


@pytest.mark.parametrize("given", [{}, {"epochs": 30}])
def test_a_resumed_training_has_the_epochs_of_its_start_too(tmp_path, given):
    settings = {"preset": "paper", "min_count": 1, "threads": 1, "deterministic": True}
    first = Glove(4, epochs=2, **settings).fit_cooccurrence(counts_of())
    options = {"start": first, "checkpoint_dir": tmp_path}
    with pytest.raises(KeyboardInterrupt):
        Glove(4, **settings).fit_cooccurrence(counts_of(), callbacks=[stop_after(4)], **options)
    again = Glove.resume(tmp_path, **given)
    whole = Glove(4, **settings | given).fit_cooccurrence(counts_of(), start=first)
    assert again.settings_["epochs"] == whole.settings_["epochs"] == 2 + given.get("epochs", 25)
    assert_same_bits(again, whole)


@pytest.mark.parametrize("given", [{}, {"epochs": 20}])
def test_a_checkpoint_keeps_the_epochs_of_its_counts(tmp_path, given):
    settings = {"min_count": 1, "deterministic": True, "threads": 1}
    whole = Glove(4, **settings).fit(SENTENCES)
    with pytest.raises(KeyboardInterrupt):
        Glove(4, **settings).fit(SENTENCES, checkpoint_dir=tmp_path, callbacks=[stop_after(2)])
    again = Glove(4, **settings, **given).fit(SENTENCES, checkpoint_dir=tmp_path, resume=True)
    assert_same_bits(again, whole)
    with pytest.raises(ValueError, match="epochs=14 differs"):
        Glove(4, **settings, epochs=14).fit(SENTENCES, checkpoint_dir=tmp_path, resume=True)


# --- the recipe of Stanford's vectors of 2024 ----------------------------------------------------

RECIPE = {"window": 10, "min_count": 20, "x_max": 10.0, "epochs": 100, "seed": 2024}
REST_OF_PAPER = (
    "alpha",
    "learning_rate",
    "bias_learning_rate",
    "schedule",
    "optimizer",
    "negative",
)


def test_stanford2024_is_the_published_recipe():
    used = _settings.used(Glove(preset="stanford2024").get_params())
    paper = _settings.used(Glove(preset="paper").get_params())
    assert {name: used[name] for name in RECIPE} == RECIPE
    assert {name: used[name] for name in REST_OF_PAPER} == {n: paper[n] for n in REST_OF_PAPER}
    assert used["symmetric"]
    assert used["distance_weighting"]


@pytest.mark.parametrize("given", [{"window": 15}, {"min_count": 5}, {"seed": 0}, {"epochs": 50}])
def test_a_default_given_by_hand_is_kept_in_stanford2024(given):
    used = _settings.used(Glove(preset="stanford2024", **given).get_params())
    assert {name: used[name] for name in RECIPE} == RECIPE | given


def test_the_other_presets_keep_the_window_and_the_least_count_of_the_signature():
    for preset in ("best", "paper"):
        used = _settings.used(Glove(preset=preset).get_params())
        assert (used["window"], used["min_count"], used["seed"]) == (15, 5, 0)


def test_stanford2024_counts_and_trains_with_its_settings_and_survives_copies_and_files(tmp_path):
    text = ["often rare", *["often seen words"] * 25, *["often " * 11 + "far"] * 20]
    model = Glove(4, preset="stanford2024", epochs=2, threads=1).fit(text)
    assert set(model.vocabulary.words) == {"often", "seen", "words", "far"}  # not "rare"
    by_hand = Glove(4, preset="paper", threads=1, **RECIPE | {"epochs": 2}).fit(text)
    assert_same_bits(model, by_hand)
    for again in (pickle.loads(pickle.dumps(model)), clone_of(model)):
        assert _settings.used(again.get_params()) == _settings.used(model.get_params())
    model.save(tmp_path / "model")
    loaded = Glove.load(tmp_path / "model")
    assert loaded.settings_ == model.settings_
    assert loaded.get_params()["window"] == 10
    assert _settings.used(loaded.get_params()) == _settings.used(model.get_params())


def clone_of(model):
    """Copy a model as scikit-learn's `clone` does."""
    parameters = {name: copy.deepcopy(value) for name, value in model.get_params().items()}
    again = type(model)(**parameters)
    assert all(getattr(again, name) is value for name, value in parameters.items())
    return again


def test_stanford2024_on_the_command_line(tmp_path):
    corpus = tmp_path / "corpus.txt"
    corpus.write_text("often seen words\n" * 25 + "rare words\n")
    done(
        "fit",
        str(corpus),
        "--out",
        str(tmp_path / "m"),
        "--preset",
        "stanford2024",
        "--dim",
        "4",
        "--epochs",
        "1",
        "--seed",
        "123",
    )
    settings = json.loads((tmp_path / "m" / "settings.json").read_text())["settings"]
    expected = RECIPE | {"epochs": 1, "seed": 123, "preset": "stanford2024"}
    assert {name: settings[name] for name in expected} == expected
