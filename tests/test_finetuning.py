"""Training that starts at pretrained vectors and stays near them (Dingwall and Potts 2018)."""

import numpy as np
import pytest

import reference
from glove_rs import Cooccurrence, Glove, WordVectors, _settings

CONFIG = reference.Config(x_max=10.0)


def random_counts(seed, size, density=1.0):
    rng = np.random.default_rng(seed)
    X = np.exp(rng.normal(1, 1, (size, size))) * (rng.random((size, size)) < density)
    return X + X.T


def pretrained(seed, words, dim, scale=0.5):
    rng = np.random.default_rng(seed)
    return WordVectors([str(k) for k in words], rng.normal(0, scale, (len(words), dim)))


def penalty(p, given, anchor):
    """μ Σ ‖(w + w̃) − r‖² over the words with a pretrained vector r; μ is `anchor`."""
    rows = [int(word) for word in given.index_to_key]
    distance = p["W"][rows] + p["W_tilde"][rows] - given.vectors
    return anchor * np.sum(np.asarray(distance, np.float64) ** 2)


def parameters(model):
    return {name: np.array(getattr(model, name), np.float64) for name in reference.MODEL}


def total_loss(model, X, given, anchor):
    records = reference_records(X)
    p = parameters(model)
    return reference.loss(p, *records, CONFIG) + penalty(p, given, anchor)


def reference_records(X):
    row, col = np.nonzero(X)
    return row, col, X[row, col]


# --- init ---------------------------------------------------------------------------------------


def frozen(dim, **options):
    """A model whose training hardly changes its parameters."""
    return Glove(
        deterministic=True,
        dim=dim,
        epochs=1,
        preset="paper",
        x_max=10.0,
        optimizer="sgd",
        learning_rate=1e-30,
        **options,
    )


@pytest.mark.parametrize("dtype", [np.float32, np.float16])
def test_shared_words_start_at_their_vectors_and_the_others_at_random(dtype):
    X, given = random_counts(0, 30), pretrained(1, [3, 17, 4, 99], 8)
    given = WordVectors(given.index_to_key, given.vectors.astype(dtype))
    model = frozen(8).fit_cooccurrence(X, init=given)
    plain = frozen(8).fit_cooccurrence(X)
    shared = [3, 17, 4]
    np.testing.assert_allclose(model.vectors.vectors[shared], given.vectors[:3], atol=1e-6)
    others = np.setdiff1d(np.arange(30), shared)
    for name in ("W", "W_tilde", "b", "b_tilde"):
        np.testing.assert_array_equal(getattr(model, name)[others], getattr(plain, name)[others])
    # W and W_tilde start differently. If they started equal, they would stay nearly equal,
    # because X is symmetric.
    difference = model.W[shared] - model.W_tilde[shared]
    assert 0 < np.abs(difference).max() <= 1.0 / 8 + 1e-6
    assert all((model._state.arrays[f"G_{name}"] == 1).all() for name in reference.MODEL)


@pytest.mark.slow
def test_a_pretrained_start_begins_better(zipf):
    settings = {"dim": 10, "epochs": 15, "preset": "paper", "x_max": 10.0, "deterministic": True}
    scratch = Glove(**settings).fit(zipf.path)
    tuned = Glove(**settings, seed=1).fit(zipf.path, init=scratch.vectors)
    assert tuned.history[0] < 0.9 * scratch.history[0]


def test_vectors_far_from_the_counts_are_no_divergence():
    X, given = random_counts(2, 40), pretrained(3, range(40), 20, scale=3.0)
    model = Glove(dim=20, epochs=5, preset="paper", x_max=10.0).fit_cooccurrence(X, init=given)
    assert len(model.history) == 5
    assert model.history[4] < model.history[0]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"init": pretrained(0, [1, 2], 7)}, "init must have vectors of the model's dim, 8, got 7"),
        ({"init": pretrained(0, [100], 8)}, "init must share words"),
        ({"init": {"1": [0.0] * 8}}, "init must be a WordVectors"),
        ({"anchor": 0.1}, "anchor needs pretrained vectors"),
        ({"init": pretrained(0, [1], 8), "anchor": -1}, "anchor must be a finite number >= 0"),
        ({"init": pretrained(0, [1], 8), "anchor": np.inf}, "anchor must be a finite number"),
        (
            {"init": WordVectors(["1"], np.full((1, 8), np.inf, np.float32))},
            "init must be finite numbers",
        ),
    ],
)
def test_what_cannot_be_started_from_is_refused(options, message):
    with pytest.raises(ValueError, match=message):
        Glove(dim=8).fit_cooccurrence(random_counts(0, 30), **options)


# --- anchor -------------------------------------------------------------------------------------


@pytest.mark.parametrize("size", [30, pytest.param(3000, marks=pytest.mark.slow)])
def test_at_the_pretrained_vectors_only_the_records_move_the_parameters(size):
    # Training starts at the pretrained vectors. The gradient of the anchor is 0 there. The tiny
    # steps of an epoch add up to one step along the gradient of the objective of the records.
    X = random_counts(4, size, density=min(1.0, 20 / size))
    given, anchor, eta = pretrained(5, range(0, size, 3), 6), 0.7, 1e-4
    settings = {"init": given, "anchor": anchor}
    model = frozen(6).set_params(learning_rate=eta)
    start = parameters(frozen(6).fit_cooccurrence(X, **settings))
    for name, end in parameters(model.fit_cooccurrence(X, **settings)).items():
        slope = reference.gradient(start, *reference_records(X), CONFIG)[name]
        step = (start[name] - end) / eta
        atol = 0.02 * np.abs(slope).max() + 1e-3
        np.testing.assert_allclose(step, slope, rtol=0.05, atol=atol, err_msg=name)


def adagrad_by_hand(p, g, given, anchor, eta, clip, optimizer):
    """One step of the anchor in float64, as the core takes it after an epoch."""
    rows = [int(word) for word in given.index_to_key]
    distance = p["W"][rows] + p["W_tilde"][rows] - given.vectors
    gradients = [reference.bounded(2 * anchor * row, clip, optimizer) for row in distance]
    step = eta * np.array(gradients)
    for name in ("W", "W_tilde"):
        p[name][rows] -= step / np.sqrt(g[name][rows])
        one_each = optimizer == "adagrad"
        g[name][rows] += step**2 if one_each else np.mean(step**2, axis=1, keepdims=True)
    return p, g


@pytest.mark.parametrize("optimizer", ["adagrad", "rowwise_adagrad", "sgd"])
def test_the_step_and_the_term_of_the_anchor_are_those_of_the_reference(optimizer):
    # The weights f(X) are nearly 0, so that only the anchor moves the parameters and adds to the
    # loss. Training starts at `other`, far from the pretrained vectors `given`.
    X, given = random_counts(6, 12), pretrained(7, [2, 5, 11], 5, scale=3.0)
    other = pretrained(8, range(12), 5)
    settings = {
        "dim": 5,
        "preset": "paper",
        "x_max": 1e30,
        "alpha": 1.5,
        "optimizer": optimizer,
        "grad_clip": 2.0,
    }
    begun = Glove(**settings, epochs=1, learning_rate=1e-30).fit_cooccurrence(X, init=other)
    arrays = {name: array.copy() for name, array in begun._state.arrays.items()}
    made = core_epochs(X, arrays, settings, given, anchor=0.9, epochs=3)
    trained, terms = made.arrays, []
    p = {name: arrays[name].astype(np.float64) for name in reference.MODEL}
    g = {name: np.ones_like(p[name]) for name in reference.MODEL}
    for _ in range(3):
        terms.append(penalty(p, given, 0.9))
        if optimizer == "sgd":
            ones = {name: np.ones_like(p[name]) for name in p}
            p, _ = adagrad_by_hand(p, ones, given, 0.9, 0.05, 2.0, "adagrad")
        else:
            p, g = adagrad_by_hand(p, g, given, 0.9, 0.05, 2.0, optimizer)
    for name in ("W", "W_tilde"):
        assert np.abs(p[name] - arrays[name]).max() > 0.01
        np.testing.assert_allclose(trained[name], p[name], atol=2e-5, err_msg=name)
    losses = np.array([loss for _, loss, *_ in made.history])
    np.testing.assert_allclose(losses * np.count_nonzero(X), terms, rtol=1e-4)
    np.testing.assert_allclose(made.data_loss, 0, atol=1e-12)


def core_epochs(X, arrays, settings, given, anchor, epochs):
    """The arrays after the core has trained them for `epochs` epochs with an anchor."""
    from glove_rs import _core

    dim = arrays["W"].shape[1]
    model = Glove(**{**settings, "dim": dim, "preset": "paper"}, deterministic=True)
    training = _settings.core_training(model.set_params(epochs=epochs).get_params())
    init = {
        "words": np.array(sorted(int(word) for word in given.index_to_key), np.uint32),
        "vectors": given.vectors,
        "anchor": anchor,
    }
    session = {
        "validation": None,
        "early_stopping": None,
        "seconds_left": None,
        "callback": None,
        "checkpoint": None,
        "init": init,
        "keep_counts": False,
        "store_result": None,
    }
    running = {"threads": 2, "memory": None, "tmp_dir": None}
    start = {**arrays, "epochs_done": 0, "halvings": 0}
    counts = Cooccurrence.from_scipy(X)._core
    return _core.train(counts, dim, training, running, None, False, start, session)


@pytest.mark.slow
def test_the_stronger_the_anchor_the_nearer_the_vectors_stay():
    X, given = random_counts(9, 30), pretrained(10, range(20), 8)
    settings = {"dim": 8, "epochs": 50, "preset": "paper", "x_max": 10.0, "deterministic": True}
    distances = []
    for anchor in (0.0, 0.1, 1.0, 3.0):
        model = Glove(**settings).fit_cooccurrence(X, init=given, anchor=anchor)
        distances.append(np.linalg.norm(model.vectors.vectors[:20] - given.vectors))
    assert distances == sorted(distances, reverse=True)
    assert distances[-1] < 0.25 * distances[0]


# The objective is not convex: two implementations end at different parameters. So the tests compare
# the value of the objective, and check that neither can improve the result of the other.
SIZE, DIM = 12, 3
NEAR = {
    "dim": DIM,
    "preset": "paper",
    "x_max": 10.0,
    "epochs": 6000,
    "deterministic": True,
    "threads": 1,
}


def descend(p, X, given, anchor, steps):
    """Full-batch AdaGrad in float64; returns the objective before and after."""
    records = reference_records(X)
    rows = [int(word) for word in given.index_to_key]
    sums = {name: np.full_like(p[name], 0.1) for name in p}

    def objective():
        return reference.loss(p, *records, CONFIG) + penalty(p, given, anchor)

    before = objective()
    for _ in range(steps):
        g = reference.gradient(p, *records, CONFIG)
        distance = p["W"][rows] + p["W_tilde"][rows] - given.vectors
        g["W"][rows] += 2 * anchor * distance
        g["W_tilde"][rows] += 2 * anchor * distance
        for name in p:
            sums[name] += g[name] ** 2
            p[name] = p[name] - 0.05 * g[name] / np.sqrt(sums[name])
    return before, objective()


@pytest.mark.slow
@pytest.mark.parametrize(("anchor", "fraction"), [(0.05, 0.999), (0.5, 0.97)])
def test_training_ends_where_the_reference_has_nothing_to_gain(anchor, fraction):
    X, given = random_counts(11, SIZE), pretrained(12, range(0, SIZE, 2), DIM)
    model = Glove(**NEAR).fit_cooccurrence(X, init=given, anchor=anchor)
    before, after = descend(parameters(model), X, given, anchor, steps=3000)
    assert before == pytest.approx(total_loss(model, X, given, anchor))
    assert 0.99 * before <= after <= before
    # Without the anchor the data loss falls further. So the anchor did have an effect.
    _, free = descend(parameters(model), X, given, 0.0, steps=3000)
    assert free < fraction * (before - penalty(parameters(model), given, anchor))


@pytest.mark.slow
@pytest.mark.parametrize("anchor", [0.1, 0.5])
def test_training_and_mittens_leave_each_others_optimum_alone(anchor):
    mittens = pytest.importorskip("mittens", reason="pip install mittens")
    X, given = random_counts(13, SIZE), pretrained(14, range(0, SIZE, 2), DIM)

    def by_mittens(p, iterations):
        other = mittens.Mittens(
            n=DIM, mittens=anchor, xmax=10, max_iter=iterations, display_progress=0, test_mode=True
        )
        start = {"W": p["W"], "C": p["W_tilde"], "bw": p["b"][:, None], "bc": p["b_tilde"][:, None]}
        other.fit(
            X,
            vocab=[str(k) for k in range(SIZE)],
            initial_embedding_dict=dict(zip(given.index_to_key, given.vectors, strict=True)),
            fixed_initialization=start,
        )
        ends = {"W": other.W, "W_tilde": other.C, "b": other.bw[:, 0], "b_tilde": other.bc[:, 0]}
        return ends, other.errors

    model = Glove(**NEAR).fit_cooccurrence(X, init=given, anchor=anchor)
    ours = total_loss(model, X, given, anchor)
    _, errors = by_mittens(parameters(model), 3000)
    assert errors[0] == pytest.approx(ours, rel=1e-6)  # at our parameters, the objectives agree
    assert 0.99 * ours <= errors[-1] <= ours

    begun = Glove(**NEAR | {"epochs": 1}).fit_cooccurrence(X, init=given, anchor=anchor)
    start = parameters(begun)
    theirs, errors = by_mittens(start, 10_000)
    arrays = reference.as_type(reference.with_ones(theirs), np.float32)
    settings = {
        "preset": "paper",
        "x_max": 10.0,
        "alpha": 0.75,
        "optimizer": "adagrad",
        "grad_clip": 100.0,
    }
    ends = core_epochs(X, arrays, settings, given, anchor, 1000).arrays
    records = reference_records(X)
    p = {name: np.array(ends[name], np.float64) for name in reference.MODEL}
    left = reference.loss(p, *records, CONFIG) + penalty(p, given, anchor)
    assert left == pytest.approx(errors[-1], rel=0.01)
