"""The update rule of every kernel compared with float64 (docs/architecture.md, The model)."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

import glove_rs
import reference
from glove_rs import Cooccurrence, Glove
from libraries import later

sparse = later("scipy.sparse")

SIMD = glove_rs._core.simd_levels()
OPTIMIZERS = ["adagrad", "rowwise_adagrad", "sgd"]

# Dimensions around multiples of 4, 8, 16 and 32, where vectorised loops take another path.
EDGE_DIMS = [*range(1, 34), 47, 48, 49, 63, 64, 65, 100, 127, 128, 129, 255, 256, 257, 399, 400]

dims = st.one_of(st.integers(1, 400), st.sampled_from(EDGE_DIMS))
seeds = st.integers(0, 2**32 - 1)


def powers_of_ten(low, high):
    """Numbers whose logarithms are spread evenly."""
    return st.floats(low, high).map(lambda exponent: 10.0**exponent)


configs = st.builds(
    reference.Config,
    x_max=st.one_of(st.sampled_from([1.0, 10.0, 100.0]), powers_of_ten(-2, 4)),
    alpha=st.one_of(st.just(0.75), st.floats(0.05, 1.5)),
    learning_rate=st.one_of(st.just(0.05), powers_of_ten(-4, 0)),
    grad_clip=st.one_of(st.just(100.0), powers_of_ten(-3, 3)),
    bias_learning_rate=st.one_of(st.just(1.0), powers_of_ten(-3, 0)),
    negative_weight=st.one_of(st.none(), powers_of_ten(-2, 1)),
)


def random_parameters(seed, rows, columns, dim, scale, squares=0.0):
    """Normal parameters of this `scale`, some 0, with accumulators from 1 to 1 + `squares`."""
    rng = np.random.default_rng(seed)

    def draw(*shape):
        return rng.normal(0, scale, shape) * (rng.random(shape) > 0.1)

    model = {
        "W": draw(rows, dim),
        "W_tilde": draw(columns, dim),
        "b": draw(rows),
        "b_tilde": draw(columns),
    }
    p = reference.with_ones(model)
    for name in reference.ACCUMULATORS:
        p[name] += squares * rng.random(p[name].shape)
    return reference.as_type(p, np.float32)


def train_records(p, row, col, x, config, **run):
    """Train on these records with the kernel of the core, in this order and on one thread."""
    return glove_rs._core.train_records(
        np.asarray(row, dtype=np.int32),
        np.asarray(col, dtype=np.int32),
        np.asarray(x, dtype=np.float64),
        *(p[name] for name in reference.MODEL + reference.ACCUMULATORS),
        x_max=config.x_max,
        alpha=config.alpha,
        learning_rate=config.learning_rate,
        grad_clip=config.grad_clip,
        bias_learning_rate=config.bias_learning_rate,
        negative_weight=config.negative_weight,
        **run,
    )


def assert_one_step(p, i, j, x, config, optimizer, simd):
    """Check that a step on one record changes the parameters as the reference does."""
    trained = train_records(p, [i], [j], [x], config, optimizer=optimizer, simd=simd)
    expected, losses, _ = reference.train(
        p, np.array([i]), np.array([j]), np.array([x]), config, optimizer=optimizer
    )
    tolerance, loss_tolerance = reference.one_step_tolerance(p, i, j, x, config, optimizer)
    for name, bound in tolerance.items():
        if optimizer == "sgd" and name in reference.ACCUMULATORS:
            continue
        assert trained[name].dtype == np.float32
        deviation = np.abs(trained[name].astype(np.float64) - expected[name])
        assert (deviation <= bound).all(), (
            f"{name} is off by {deviation.max()}, allowed {bound.flat[deviation.argmax()]}"
        )
    assert trained["losses"] == [pytest.approx(losses[0], rel=0, abs=loss_tolerance)]


# --------------------------------------------------------------------------------- one update step


@pytest.mark.slow
@pytest.mark.parametrize("simd", SIMD)
@pytest.mark.parametrize("optimizer", OPTIMIZERS)
@given(
    dim=dims,
    x=st.one_of(powers_of_ten(-3, 6), powers_of_ten(-30, 30)),
    seed=seeds,
    scale=powers_of_ten(-4, 1),
    squares=st.one_of(st.just(0.0), powers_of_ten(-3, 6)),
    config=configs,
    place=st.tuples(st.integers(0, 3), st.integers(0, 3)),
)
def test_one_step_equals_the_reference_for_any_parameters(
    simd, optimizer, dim, x, seed, scale, squares, config, place
):
    p = reference.of_optimizer(random_parameters(seed, 4, 4, dim, scale, squares), optimizer)
    assert_one_step(p, *place, x, config, optimizer, simd)


@pytest.mark.parametrize("simd", SIMD)
@pytest.mark.parametrize("optimizer", OPTIMIZERS)
def test_one_step_equals_the_reference_around_every_vector_width(simd, optimizer):
    for dim in EDGE_DIMS:
        p = reference.of_optimizer(random_parameters(dim, 2, 2, dim, 0.3, squares=2.0), optimizer)
        assert_one_step(p, 0, 1, 7.5, reference.Config(x_max=10.0), optimizer, simd)


@pytest.mark.parametrize("simd", SIMD)
def test_gradients_of_vectors_are_clipped_and_those_of_biases_are_not(simd):
    p = random_parameters(3, 1, 1, 20, scale=10.0)
    p["b"][0] = 500.0
    config = reference.Config(grad_clip=2.0, learning_rate=1.0)
    trained = train_records(p, [0], [0], [1000.0], config, optimizer="sgd", simd=simd)
    step = np.abs(trained["W"] - p["W"]).max()
    assert step == pytest.approx(2.0, rel=1e-5)
    assert abs(trained["b"][0] - p["b"][0]) > 100


@pytest.mark.parametrize("simd", SIMD)
def test_the_root_mean_square_of_a_gradient_is_bounded_under_rowwise_adagrad(simd):
    p = reference.of_optimizer(random_parameters(3, 1, 1, 20, scale=10.0), "rowwise_adagrad")
    config = reference.Config(grad_clip=2.0, learning_rate=1.0)
    run = {"optimizer": "rowwise_adagrad", "simd": simd}
    trained = train_records(p, [0], [0], [1000.0], config, **run)
    for name in ("W", "W_tilde"):
        step = trained[name] - p[name]
        assert np.sqrt(np.mean(step**2)) == pytest.approx(2.0, rel=1e-3)
        assert trained[f"G_{name}"] == pytest.approx(1 + 2.0**2, rel=1e-3)
        # The bound does not change the direction of the step.
        other = p["W_tilde" if name == "W" else "W"]
        assert abs(np.corrcoef(step.ravel(), other.ravel())[0, 1]) > 0.9999


@pytest.mark.slow
@pytest.mark.parametrize("simd", SIMD)
@pytest.mark.parametrize("optimizer", OPTIMIZERS)
@given(
    size=st.integers(1, 5),
    dim=st.integers(1, 40),
    n=st.integers(1, 60),
    epochs=st.integers(1, 3),
    seed=seeds,
)
@settings(max_examples=min(25, settings.default.max_examples))
def test_many_steps_on_shared_rows_equal_the_reference(simd, optimizer, size, dim, n, epochs, seed):
    rng = np.random.default_rng(seed)
    row, col = rng.integers(0, size, (2, n))
    x = np.exp(rng.normal(1, 2, n))
    config = reference.Config(x_max=10.0)
    p = reference.of_optimizer(random_parameters(seed, size, size, dim, scale=0.5 / dim), optimizer)
    trained = train_records(p, row, col, x, config, optimizer=optimizer, epochs=epochs, simd=simd)
    expected, losses, travelled = reference.train(
        p, row, col, x, config, optimizer=optimizer, epochs=epochs
    )
    for name in reference.MODEL:
        deviation = np.abs(trained[name].astype(np.float64) - expected[name])
        assert (deviation <= 1e-3 * travelled[name].max() + 1e-6).all(), name
    np.testing.assert_allclose(trained["losses"], losses, rtol=2e-3, atol=1e-7)


def test_the_hook_leaves_its_inputs_alone():
    p = random_parameters(1, 2, 2, 8, scale=0.1)
    before = {name: value.copy() for name, value in p.items()}
    train_records(p, [0, 1], [1, 0], [2.0, 3.0], reference.Config())
    for name, value in before.items():
        np.testing.assert_array_equal(p[name], value)


@pytest.mark.parametrize(("row", "col"), [(2, 0), (0, 2), (-1, 0), (0, -1)])
def test_the_hook_refuses_records_outside_the_parameters(row, col):
    p = random_parameters(1, 2, 2, 8, scale=0.1)
    with pytest.raises((ValueError, IndexError)):
        train_records(p, [row], [col], [1.0], reference.Config())


def test_an_instruction_set_that_does_not_exist_is_refused():
    p = random_parameters(1, 2, 2, 8, scale=0.1)
    with pytest.raises(ValueError, match=r"(?i)simd.+mmx"):
        train_records(p, [0], [0], [1.0], reference.Config(), simd="mmx")


def test_the_active_instruction_set_is_a_usable_one():
    assert glove_rs.simd_level() in SIMD
    assert "portable" in SIMD


# ---------------------------------------------------------------------------------------- gradient


def numeric_gradient(p, row, col, x, config, h=1e-5):
    """Central finite differences of the loss by every parameter."""
    g = {}
    for name in reference.MODEL:
        g[name] = np.zeros_like(p[name])
        for k in np.ndindex(p[name].shape):
            ends = []
            for sign in (1, -1):
                moved = {**p, name: p[name].copy()}
                moved[name][k] += sign * h
                ends.append(reference.loss(moved, row, col, x, config))
            g[name][k] = (ends[0] - ends[1]) / (2 * h)
    return g


@pytest.mark.slow
@given(size=st.integers(1, 4), dim=st.integers(1, 6), seed=seeds, config=configs)
def test_analytic_gradient_equals_finite_differences_of_the_loss(size, dim, seed, config):
    rng = np.random.default_rng(seed)
    row, col = np.nonzero(rng.random((size, size)) < 0.7)
    x = np.exp(rng.normal(1, 2, row.size))
    p = reference.as_type(random_parameters(seed, size, size, dim, scale=1.0), np.float64)
    numeric = numeric_gradient(p, row, col, x, config)
    for name, value in reference.gradient(p, row, col, x, config).items():
        np.testing.assert_allclose(value, numeric[name], rtol=1e-6, atol=1e-6, err_msg=name)


@pytest.mark.parametrize("simd", SIMD)
@given(size=st.integers(1, 4), dim=st.integers(1, 20), seed=seeds)
@settings(max_examples=min(25, settings.default.max_examples))
def test_kernel_descends_along_finite_differences_of_the_loss(simd, size, dim, seed):
    # No two records share a row or a column. So the steps add up to the gradient of the loss.
    rng = np.random.default_rng(seed)
    row, col = np.arange(size), rng.permutation(size)
    x = np.exp(rng.normal(1, 2, size))
    config = reference.Config(x_max=10.0, learning_rate=1.0, grad_clip=1e6)
    p = random_parameters(seed, size, size, dim, scale=0.5)
    exact = reference.as_type(p, np.float64)
    trained = train_records(p, row, col, x, config, optimizer="sgd", simd=simd)
    for name, slope in numeric_gradient(exact, row, col, x, config).items():
        step = exact[name] - trained[name]
        np.testing.assert_allclose(step, slope, rtol=2e-5, atol=2e-5, err_msg=name)


# ------------------------------------------------------------------ losses and weights of the core


@pytest.mark.slow
@given(
    config=configs.filter(lambda config: config.negative_weight is None),
    x=st.lists(powers_of_ten(-4, 8), min_size=1, max_size=20),
)
def test_the_weights_of_the_core_are_those_of_the_paper(config, x):
    x = np.array(x)
    found = glove_rs._core.weights(x, config.x_max, config.alpha)
    np.testing.assert_allclose(found, reference.weight(x, config), rtol=1e-12)


@pytest.mark.slow
@given(
    shape=st.tuples(st.integers(1, 30), st.integers(1, 30)),
    kind=st.sampled_from(["symmetric", "square", "rectangular"]),
    dim=dims,
    config=configs.filter(lambda config: config.negative_weight is None),
    seed=seeds,
)
def test_the_data_loss_of_given_parameters_is_the_mean_over_all_records(
    shape, kind, dim, config, seed
):
    rng = np.random.default_rng(seed)
    size, columns = (shape[0], shape[1] if kind == "rectangular" else shape[0])
    X = np.where(rng.random((size, columns)) < 0.5, np.exp(rng.normal(1, 2, (size, columns))), 0.0)
    X[0, 0] = 1.0
    X = X + X.T if kind == "symmetric" else X
    p = random_parameters(seed, size, columns, dim, scale=0.5)
    words = [f"w{word}" for word in range(size)]
    contexts = [f"c{word}" for word in range(columns)] if kind == "rectangular" else None
    counts = Cooccurrence.from_scipy(X, words, contexts)._core
    found = [
        counts.data_loss(
            *(p[name] for name in reference.MODEL),
            config.x_max,
            config.alpha,
            glove_rs._settings.core_running({"threads": threads}),
        )
        for threads in (1, 4)
    ]
    assert found[0] == found[1]
    records = sparse.find(X)
    expected = reference.loss(reference.as_type(p, np.float64), *records, config) / records[2].size
    np.testing.assert_allclose(found[0], expected, rtol=1e-9)


def test_the_data_loss_needs_parameters_of_the_shape_of_the_counts():
    counts = Cooccurrence.from_scipy(np.ones((2, 2)))._core
    p = random_parameters(0, 3, 2, 4, scale=1.0)
    arrays = [p[name] for name in reference.MODEL]
    running = glove_rs._settings.core_running({})
    with pytest.raises(ValueError, match="W must have 8 numbers"):
        counts.data_loss(*arrays, 10.0, 0.75, running)
    with pytest.raises(ValueError, match="x_max must be"):
        counts.data_loss(*arrays, 0.0, 0.75, running)


# --------------------------------------------------------------------------------------- whole runs


def random_symmetric_counts(seed, size, density):
    """Log-normal counts of about ``density * size**2`` cells, in a symmetric sparse matrix."""
    rng = np.random.default_rng(seed)
    pairs = rng.integers(0, size, (2, max(1, round(density * size**2 / 2))))
    x = np.exp(rng.normal(1, 1.5, pairs.shape[1]))
    X = sparse.coo_array((x, tuple(pairs)), shape=(size, size)).tocsr()
    return (X + X.T).tocsr()


@pytest.mark.slow
@given(
    size=st.integers(3, 40),
    density=st.floats(0.05, 1.0),
    dim=st.integers(1, 30),
    seed=seeds,
    threads=st.sampled_from([1, 2, 4]),
    x_max=st.sampled_from([10.0, 100.0]),
)
def test_loss_decreases_over_epochs_on_random_symmetric_counts(
    size, density, dim, seed, threads, x_max
):
    X = random_symmetric_counts(seed, size, density)
    model = Glove(
        dim=dim, epochs=10, threads=threads, preset="paper", x_max=x_max, seed=seed % 1000
    )
    history = model.fit_cooccurrence(X).history
    assert len(history) == 10
    assert np.isfinite(history).all()
    assert history[-1] < history[0]
    assert sum(history[5:]) < sum(history[:5])


@st.composite
def small_texts(draw):
    """3 to 50 sentences of 2 to 25 words, drawn from 2 to 60 words, uniformly or by Zipf's law."""
    words, longest = draw(st.integers(2, 60)), draw(st.integers(2, 25))
    power, rng = draw(st.sampled_from([0.0, 1.0])), np.random.default_rng(draw(seeds))
    frequency = 1 / np.arange(1, words + 1) ** power
    sentences = [
        rng.choice(words, size=rng.integers(2, longest + 1), p=frequency / frequency.sum())
        for _ in range(draw(st.integers(3, 50)))
    ]
    return [" ".join(f"w{word}" for word in sentence) for sentence in sentences]


@pytest.mark.slow
@example(["I like deep learning .", "I like NLP .", "I enjoy flying ."])
@example(["w0 w0", "w0 w0", "w0 w0"])
@given(small_texts())
def test_the_objective_of_the_default_falls_on_any_small_text(text):
    # The objective of the default varies with the few negative pairs that are drawn from so small a
    # text. More pairs of a smaller weight give the same objective on average, with less variation.
    history = Glove(min_count=1, threads=1, negative=150, negative_weight=0.001).fit(text).history
    assert history[-1] < 0.95 * history[0]


def parameters_of(model):
    """A copy of the model's parameters in float64."""
    return {name: np.array(getattr(model, name), dtype=np.float64) for name in reference.MODEL}


def frozen(dim, **settings):
    """A model whose training computes losses but does not change the parameters."""
    return Glove(dim=dim, preset="paper", optimizer="sgd", learning_rate=1e-30, seed=7, **settings)


@pytest.mark.parametrize("threads", [1, 2, 5])
@pytest.mark.parametrize(("size", "density"), [(1, 1.0), (30, 0.8), (5000, 0.001)])
def test_reported_loss_is_the_mean_over_all_records(size, density, threads):
    X = random_symmetric_counts(11, size, density)
    row, col, x = sparse.find(X)
    model = frozen(8, epochs=2, threads=threads, x_max=10.0).fit_cooccurrence(X)
    config = reference.Config(x_max=10.0)
    expected = reference.loss(parameters_of(model), row, col, x, config) / x.size
    np.testing.assert_allclose(model.history, [expected, expected], rtol=2e-5)


@pytest.mark.parametrize(("size", "density"), [(30, 0.8), (5000, 0.001)])
def test_an_epoch_applies_the_gradient_of_every_record_once(size, density):
    # With tiny steps of SGD the parameters hardly change during the epoch. So the steps add up to
    # one step along the gradient of the whole loss, however the tiles divide the records.
    X = random_symmetric_counts(12, size, density)
    records = sparse.find(X)
    eta, config = 1e-3, reference.Config(x_max=10.0)
    settings = {"epochs": 1, "threads": 1, "x_max": 10.0}
    start = parameters_of(frozen(6, **settings).fit_cooccurrence(X))
    model = frozen(6, **settings).set_params(learning_rate=eta).fit_cooccurrence(X)
    slope = reference.gradient(start, *records, config)
    for name, end in parameters_of(model).items():
        step = (start[name] - end) / eta
        np.testing.assert_allclose(
            step, slope[name], rtol=0.05, atol=0.02 * np.abs(slope[name]).max(), err_msg=name
        )


def test_training_depends_on_x_not_on_who_counted_it():
    X = random_symmetric_counts(13, 20, 0.5)
    settings = {"dim": 5, "epochs": 3, "threads": 1, "seed": 3}
    of_array = Glove(**settings).fit_cooccurrence(X)
    of_counts = Glove(**settings).fit_cooccurrence(Cooccurrence.from_scipy(X))
    for name in reference.MODEL:
        np.testing.assert_array_equal(getattr(of_array, name), getattr(of_counts, name))


def test_parameters_start_uniform_within_half_a_unit_over_dim():
    X = random_symmetric_counts(14, 500, 0.01)
    start = parameters_of(frozen(20, epochs=1).fit_cooccurrence(X))
    for name, value in start.items():
        assert np.abs(value).max() <= 0.5 / 20
        assert value.std() == pytest.approx(1 / 20 / np.sqrt(12), rel=0.1), name
        assert abs(value.mean()) < 0.1 / 20, name
    assert not np.array_equal(start["W"], start["W_tilde"])


def test_the_seed_decides_the_start():
    X = random_symmetric_counts(15, 10, 0.5)
    start = [
        frozen(4, epochs=1).set_params(seed=seed).fit_cooccurrence(X).W.copy() for seed in (1, 1, 2)
    ]
    np.testing.assert_array_equal(start[0], start[1])
    assert not np.array_equal(start[0], start[2])


def test_one_thread_repeats_to_the_last_bit():
    X = random_symmetric_counts(16, 60, 0.3)
    first, second = (
        Glove(dim=10, epochs=4, threads=1, seed=5).fit_cooccurrence(X) for _ in range(2)
    )
    assert first.history == second.history
    for name in reference.MODEL:
        np.testing.assert_array_equal(getattr(first, name), getattr(second, name))


@pytest.mark.parametrize(
    ("size", "density"), [(60, 0.3), pytest.param(5000, 0.002, marks=pytest.mark.slow)]
)
def test_deterministic_training_gives_the_same_bits_for_any_number_of_threads(size, density):
    X = random_symmetric_counts(18, size, density)
    one, *others = (
        Glove(dim=10, epochs=3, threads=threads, deterministic=True).fit_cooccurrence(X)
        for threads in (1, 2, 3, 8)
    )
    for other in others:
        assert other.history == one.history
        for name in reference.MODEL:
            np.testing.assert_array_equal(getattr(other, name), getattr(one, name))


def test_plain_gradient_descent_trains_too():
    X = random_symmetric_counts(17, 30, 0.5)
    settings = {
        "dim": 10,
        "optimizer": "sgd",
        "learning_rate": 0.02,
        "epochs": 20,
        "preset": "paper",
        "x_max": 10.0,
    }
    history = Glove(**settings).fit_cooccurrence(X).history
    assert history[-1] < 0.5 * history[0]
