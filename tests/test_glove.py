"""``Glove`` as a Python object: parameters, fitted attributes, memory, progress and files."""

from __future__ import annotations

import copy
import inspect
import os
import pickle
import stat
import threading
import time
import warnings

import numpy as np
import pytest

from glove_rs import Cooccurrence, FormatError, Glove, NotFittedError, Vocabulary
from glove_rs._fit.fitted import Fitted
from libraries import later

sparse = later("scipy.sparse")


def sparse_array(X):
    return sparse.csr_array(X)


DEFAULTS = {
    "dim": 50,
    "window": 15,
    "min_count": 5,
    "max_vocab": None,
    "symmetric": True,
    "distance_weighting": True,
    "keep_gaps": False,
    "tokenizer": "whitespace",
    "lowercase": False,
    "preset": "best",
    "x_max": None,
    "alpha": None,
    "learning_rate": None,
    "epochs": None,
    "optimizer": None,
    "grad_clip": None,
    "deterministic": False,
    "threads": None,
    "seed": 0,
    "memory": None,
    "progress": None,
    "tmp_dir": None,
    "bias_learning_rate": None,
    "schedule": None,
    "negative": None,
    "negative_weight": None,
    "subwords": None,
    "normalize": None,
    "documents": "line",
    "errors": "strict",
    "max_word_bytes": 2**20,
    "phrases": None,
    "stop_words": None,
    "user_dictionary": None,
    "simplified_lookup": False,
    "adjacent": None,
}

SMALL = {"dim": 12, "window": 5, "min_count": 3, "epochs": 3, "threads": 1}

PARAMETERS = ["W", "W_tilde", "b", "b_tilde"]


@pytest.fixture(scope="module")
def model(zipf):
    """A small model of the Zipf text."""
    return Glove(**SMALL).fit(zipf.path)


def assert_same_model(actual, expected):
    """Check that two models have the same parameters, words, history and settings."""
    for name in PARAMETERS:
        np.testing.assert_array_equal(getattr(actual, name), getattr(expected, name), err_msg=name)
        assert getattr(actual, name).dtype == np.float32
    assert actual.vocabulary == expected.vocabulary
    assert actual.history == expected.history
    assert actual.get_params() == expected.get_params()


# ------------------------------------------------------------------ the conventions of scikit-learn


def test_constructor_has_the_documented_parameters_and_defaults():
    assert Glove().get_params() == DEFAULTS


def test_only_dim_may_be_given_by_position():
    parameters = inspect.signature(Glove).parameters
    assert list(parameters) == list(DEFAULTS)
    assert parameters["dim"].kind is inspect.Parameter.POSITIONAL_OR_KEYWORD
    others = [p for name, p in parameters.items() if name != "dim"]
    assert all(p.kind is inspect.Parameter.KEYWORD_ONLY for p in others)


def test_constructor_stores_its_arguments_and_checks_nothing():
    dim, rate = "not a number", object()
    model = Glove(dim, preset="paper", learning_rate=rate)
    assert model.dim is dim
    assert model.get_params()["dim"] is dim
    assert model.get_params(deep=False)["learning_rate"] is rate


def test_set_params_returns_the_model_itself():
    model = Glove()
    assert model.set_params(dim=7, epochs=2) is model
    assert (model.dim, model.epochs) == (7, 2)


def test_set_params_refuses_an_unknown_name_and_changes_nothing():
    model = Glove()
    with pytest.raises(ValueError, match="dimension"):
        model.set_params(window=3, dimension=7)
    assert model.get_params() == DEFAULTS


def test_a_clone_has_the_parameters_and_is_not_fitted(model):
    clone = type(model)(**model.get_params())
    assert clone.get_params() == model.get_params()
    with pytest.raises(NotFittedError):
        _ = clone.W


@pytest.mark.parametrize("name", [*PARAMETERS, "vocabulary", "history", "vectors"])
def test_fitted_attributes_do_not_exist_before_fit(name):
    model = Glove()
    assert not hasattr(model, name)
    with pytest.raises(NotFittedError, match="fit"):
        getattr(model, name)


@pytest.mark.parametrize("save", ["save", "save_word2vec"])
def test_an_unfitted_model_cannot_be_saved(tmp_path, save):
    with pytest.raises(NotFittedError, match="fit"):
        getattr(Glove(), save)(tmp_path / "model")
    assert list(tmp_path.iterdir()) == []


def test_not_fitted_error_is_a_value_error_and_an_attribute_error():
    assert issubclass(NotFittedError, ValueError)
    assert issubclass(NotFittedError, AttributeError)


def test_fit_returns_the_model_itself(zipf):
    model = Glove(**SMALL)
    assert model.fit(zipf.path) is model
    X = np.array([[0.0, 2.0], [2.0, 0.0]])
    assert model.fit_cooccurrence(X) is model


def test_fitting_again_replaces_what_was_fitted(zipf):
    again = Glove(**SMALL)
    again.fit_cooccurrence(np.array([[0.0, 2.0], [2.0, 0.0]]))
    assert len(again.vocabulary) == 2
    again.fit(zipf.path)
    assert len(again.vocabulary) > 2
    assert again.W.shape[0] == len(again.vocabulary)
    assert len(again.history) == SMALL["epochs"]


@pytest.mark.parametrize("duplicate", [copy.deepcopy, lambda m: pickle.loads(pickle.dumps(m))])
def test_a_fitted_model_pickles_and_copies(model, duplicate):
    again = duplicate(model)
    assert_same_model(again, model)
    assert not np.shares_memory(again.W, model.W)


def test_a_pickle_of_an_earlier_version_still_loads(model, monkeypatch):
    now = Fitted.__getstate__

    def before(fitted):  # that version had another name for the arrays
        state = now(fitted)
        state["made"] = state.pop("trained")
        return state

    monkeypatch.setattr(Fitted, "__getstate__", before)
    blob = pickle.dumps(model, 2)  # protocol 2 has the modules of classes as lines of text
    for module in (b"fitted", b"history"):  # that version had the classes in one module
        assert b"glove_rs._fit.%b\n" % module in blob
        blob = blob.replace(b"glove_rs._fit.%b\n" % module, b"glove_rs._fit.training\n")
    assert_same_model(pickle.loads(blob), model)


@pytest.mark.parametrize("duplicate", [copy.deepcopy, lambda m: pickle.loads(pickle.dumps(m))])
def test_an_unfitted_model_pickles_and_copies(duplicate):
    again = duplicate(Glove(9, alpha=0.5))
    assert again.get_params() == {**DEFAULTS, "dim": 9, "alpha": 0.5}
    assert not hasattr(again, "W")


def test_numpy_numbers_are_numbers(zipf):
    settings = {name: np.int64(value) for name, value in SMALL.items()}
    rates = {
        "x_max": np.float64(100.0),
        "learning_rate": np.float32(0.05),
        "alpha": np.float64(0.75),
    }
    expected = Glove(**SMALL, preset="paper").fit(zipf.path)
    np.testing.assert_allclose(
        Glove(**settings, **rates, preset="paper").fit(zipf.path).W, expected.W, atol=1e-6
    )


# ------------------------------------------------------------------------------- fitted attributes


def test_parameters_have_a_row_per_word(model):
    size = len(model.vocabulary)
    shapes = [getattr(model, name).shape for name in PARAMETERS]
    assert shapes == [(size, 12), (size, 12), (size,), (size,)]


@pytest.mark.parametrize("name", PARAMETERS)
def test_parameters_share_memory_with_what_rust_produced(model, name):
    array = getattr(model, name)
    assert array.dtype == np.float32
    assert array.flags.c_contiguous
    assert not array.flags.owndata
    owner = array
    while isinstance(owner, np.ndarray):
        owner = owner.base
    assert type(owner).__name__ == "PySliceContainer"  # memory of Rust, freed with the array
    assert getattr(model, name).ctypes.data == array.ctypes.data
    assert np.shares_memory(getattr(model, name), array)


def test_parameters_outlive_the_model(zipf):
    model = Glove(**SMALL).fit(zipf.path)
    W, copied = model.W, model.W.copy()
    del model
    np.testing.assert_array_equal(W, copied)


def test_history_has_one_finite_falling_loss_per_epoch(model):
    assert isinstance(model.history, list)
    assert len(model.history) == SMALL["epochs"]
    assert all(type(loss) is float for loss in model.history)
    assert model.history == sorted(model.history, reverse=True)
    assert np.isfinite(model.history).all()


def test_every_parameter_is_finite(model):
    for name in PARAMETERS:
        assert np.isfinite(getattr(model, name)).all(), name


def test_vocabulary_is_that_of_the_corpus(model, zipf):
    assert model.vocabulary == Vocabulary.from_corpus(zipf.path, min_count=SMALL["min_count"])


def test_a_words_vector_is_the_sum_of_its_two_vectors(model):
    for word in model.vocabulary.words[::17]:
        i = model.vocabulary[word]
        np.testing.assert_allclose(model.vectors[word], model.W[i] + model.W_tilde[i], rtol=1e-6)
    assert len(model.vectors) == len(model.vocabulary)
    assert model.vectors.index_to_key == model.vocabulary.words


# ------------------------------------------------------------------------------------------ fitting


def test_any_combination_of_a_words_two_vectors_can_be_had(model):
    W, W_tilde = model.W, model.W_tilde
    expected = {
        "sum": W + W_tilde,
        "mean": (W + W_tilde) / 2,
        "word": W,
        "context": W_tilde,
        "concat": np.hstack([W, W_tilde]),
    }
    for how, matrix in expected.items():
        wv = model.word_vectors(combine=how)
        assert wv.index_to_key == model.vocabulary.words
        np.testing.assert_array_equal(wv.vectors, matrix)
    np.testing.assert_array_equal(model.word_vectors().vectors, expected["sum"])
    assert np.shares_memory(model.word_vectors("word").vectors, W)
    with pytest.raises(ValueError, match=r"combine must be one of 'sum', .* got 'max'"):
        model.word_vectors("max")


def test_fit_counts_and_then_trains(zipf, model):
    counts = Cooccurrence.from_corpus(
        zipf.path, window=SMALL["window"], min_count=SMALL["min_count"], threads=1
    )
    assert_same_model(Glove(**SMALL).fit_cooccurrence(counts), model)


@pytest.mark.slow
def test_fit_takes_a_path_strings_token_lists_and_iterators(zipf, model):
    for source in (str(zipf.path), zipf.lines, zipf.documents, (line for line in zipf.lines)):
        assert_same_model(Glove(**SMALL).fit(source), model)


def test_counting_settings_reach_the_counts(zipf):
    settings = {
        "window": 3,
        "min_count": 2,
        "max_vocab": 40,
        "symmetric": False,
        "distance_weighting": False,
        "keep_gaps": True,
        "lowercase": True,
    }
    counts = Cooccurrence.from_corpus(zipf.path, **settings)
    training = {"dim": 4, "epochs": 2, "threads": 1}
    direct = Glove(**settings, **training).fit(zipf.path)
    assert len(direct.vocabulary) == 40
    assert direct.history == Glove(**training).fit_cooccurrence(counts).history


def test_fit_uses_a_given_vocabulary(zipf):
    given_words = Vocabulary(["w3", "never-seen", "w1", "w2"], [4, 3, 2, 1])
    model = Glove(**SMALL).fit(zipf.path, vocabulary=given_words)
    assert model.vocabulary == given_words


def test_fit_cooccurrence_takes_counts_sparse_and_dense_matrices_alike():
    X = np.array([[0.0, 2.0, 7.0], [2.0, 1.0, 0.0], [7.0, 0.0, 3.0]])
    expected = Glove(**SMALL).fit_cooccurrence(X)
    assert expected.vocabulary.words == ["0", "1", "2"]
    for same in (
        Cooccurrence.from_scipy(X),
        sparse.csr_array(X),
        sparse.coo_array(X),
        sparse.csc_matrix(X),
    ):
        model = Glove(**SMALL).fit_cooccurrence(same)
        for name in PARAMETERS:
            np.testing.assert_array_equal(getattr(model, name), getattr(expected, name))


@pytest.mark.parametrize("as_words", [list, lambda words: Vocabulary(words, [3, 2])])
def test_fit_cooccurrence_names_the_rows_by_the_vocabulary(as_words):
    words = as_words(["ice", "steam"])
    model = Glove(**SMALL).fit_cooccurrence(np.ones((2, 2)), vocabulary=words)
    assert model.vocabulary.words == ["ice", "steam"]
    assert "ice" in model.vectors


COUNTS = np.array([[0.0, 2.0, 7.0], [2.0, 1.0, 0.0], [7.0, 0.0, 3.0]])


def same_counts(X, words):
    """Whether training on X gives the same model as training on COUNTS with `words`."""
    expected = Glove(**SMALL).fit_cooccurrence(COUNTS, vocabulary=words)
    model = Glove(**SMALL).fit_cooccurrence(X)
    return model.vocabulary.words == words and all(
        np.array_equal(getattr(model, name), getattr(expected, name)) for name in PARAMETERS
    )


@pytest.mark.slow
def test_fit_cooccurrence_keeps_the_labels_of_a_pandas_frame():
    pandas = pytest.importorskip("pandas", reason="pandas is not installed")
    words = ["ice", "steam", "water"]
    frame = pandas.DataFrame(COUNTS, index=words, columns=words)
    for labelled in (
        frame,
        frame[["water", "ice", "steam"]],
        pandas.DataFrame(COUNTS, columns=words),
        pandas.DataFrame(COUNTS, index=words),
        frame.astype(pandas.SparseDtype(float, 0)),
        frame.astype(int),
    ):
        assert same_counts(labelled, words)
    assert same_counts(pandas.DataFrame(COUNTS), ["0", "1", "2"])
    assert same_counts(
        pandas.DataFrame(COUNTS, index=[7, 8, 9], columns=[7, 8, 9]), ["7", "8", "9"]
    )
    assert Cooccurrence.from_scipy(frame).probability("water", given="ice") == 7 / 9


def test_a_vocabulary_orders_the_rows_of_a_labelled_frame():
    pandas = pytest.importorskip("pandas", reason="pandas is not installed")
    words, turned = ["ice", "steam", "water"], ["water", "ice", "steam"]
    expected = Cooccurrence.from_scipy(COUNTS[np.ix_([2, 0, 1], [2, 0, 1])], turned)
    frame = pandas.DataFrame(COUNTS, index=words, columns=words)
    frames = [frame, frame[turned], pandas.DataFrame(COUNTS, columns=words)]
    frames.append(frame.astype(pandas.SparseDtype(float, 0)))
    for labelled in frames:
        for vocabulary in (turned, Vocabulary(turned, [3, 2, 1])):
            X = Cooccurrence.from_scipy(labelled, vocabulary)
            assert X.vocabulary.words == turned
            np.testing.assert_array_equal(X.to_scipy().toarray(), expected.to_scipy().toarray())
    for other in (["a", "b", "c"], ["ice", "steam", "tea"], ["ice", "steam"]):
        with pytest.raises(ValueError, match=r"same words as the labels of X.*'ice'") as got:
            Glove(**SMALL).fit_cooccurrence(frame, vocabulary=other)
        assert repr(other[-1]) in str(got.value)
    model = Glove(**SMALL).fit_cooccurrence(pandas.DataFrame(COUNTS), vocabulary=["a", "b", "c"])
    assert model.vocabulary.words == ["a", "b", "c"]


def test_a_label_that_is_missing_is_named_by_its_place():
    pandas = pytest.importorskip("pandas", reason="pandas is not installed")
    for missing in (None, float("nan"), pandas.NA, pandas.NaT):
        words = ["ice", missing, "water"]
        with pytest.raises(ValueError, match=r"X must have labels that are words.* row 1"):
            Cooccurrence.from_scipy(pandas.DataFrame(COUNTS, index=words))
        with pytest.raises(ValueError, match=r"X must have labels.* column 1"):
            Cooccurrence.from_scipy(pandas.DataFrame(COUNTS, columns=words))


def test_fit_cooccurrence_keeps_the_columns_of_a_polars_frame():
    polars = pytest.importorskip("polars", reason="polars is not installed")
    words = ["ice", "steam", "water"]
    assert same_counts(polars.DataFrame(COUNTS, schema=words), words)
    assert same_counts(polars.DataFrame(COUNTS), ["0", "1", "2"])
    X = Cooccurrence.from_scipy(polars.DataFrame(COUNTS, schema=words), words[::-1])
    np.testing.assert_array_equal(X.to_scipy().toarray(), COUNTS[::-1, ::-1])


def test_rows_and_columns_of_a_frame_have_the_same_labels():
    pandas = pytest.importorskip("pandas", reason="pandas is not installed")
    for columns in (["ice", "steam", "fire"], ["ice", "ice", "steam"]):
        frame = pandas.DataFrame(COUNTS, index=["ice", "steam", "water"], columns=columns)
        with pytest.raises(ValueError, match=r"same labels for rows and columns, got .*'water'"):
            Glove(**SMALL).fit_cooccurrence(frame)
    with pytest.raises(ValueError, match="square"):
        Glove(**SMALL).fit_cooccurrence(pandas.DataFrame(COUNTS[:2]))


def pickled(X):
    return pickle.loads(pickle.dumps(Cooccurrence.from_scipy(X)))


@pytest.mark.parametrize(
    ("X", "kind"),
    [
        (np.triu(COUNTS), "upper-triangular"),
        (np.tril(COUNTS), "lower-triangular"),
        (COUNTS + np.array([[0, 1, 0], [0, 0, 0], [0, 0, 0]]), "not symmetric"),
        (COUNTS * np.array([[1, 1, 1], [1, 1, 1], [1.001, 1, 1]]), "not symmetric"),
    ],
)
@pytest.mark.parametrize("form", [np.asarray, sparse_array, Cooccurrence.from_scipy, pickled])
def test_a_matrix_that_is_not_symmetric_gets_a_warning_unless_it_is_meant_so(X, kind, form):
    with pytest.warns(UserWarning, match=rf"X is {kind}.*symmetric=False") as caught:
        Glove(**SMALL).fit_cooccurrence(form(X))
    assert caught[0].filename == __file__
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        Glove(**SMALL, symmetric=False).fit_cooccurrence(form(X))


def test_symmetric_counts_get_no_warning():
    rounded = COUNTS * 0.1
    rounded[0, 2] = np.nextafter(rounded[0, 2], 1)
    counted = Cooccurrence.from_corpus(["a b c a b"], symmetric=False, min_count=1)
    assert not counted.symmetric
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        for X in (COUNTS, rounded, Cooccurrence.from_scipy(rounded), counted):
            Glove(**SMALL).fit_cooccurrence(X)


@pytest.mark.parametrize("threads", [1, 2, 8])
def test_any_number_of_threads_trains(zipf, threads, model):
    history = Glove(**{**SMALL, "threads": threads}).fit(zipf.path).history
    np.testing.assert_allclose(history, model.history, rtol=0.05)


@pytest.mark.slow
def test_other_python_threads_run_while_fit_works():
    rng = np.random.default_rng(3)
    X = rng.exponential(10.0, (600, 600))
    model = Glove(dim=100, epochs=20, threads=1)
    worker = threading.Thread(target=model.fit_cooccurrence, args=(X,))
    start = last = time.monotonic()
    longest, turns = 0.0, 0
    worker.start()
    while worker.is_alive():
        time.sleep(0.001)
        turns += 1
        longest = max(longest, time.monotonic() - last)
        last = time.monotonic()
    elapsed = time.monotonic() - start
    assert len(model.history) == 20
    assert turns > 2, "the fit is too short to tell"
    assert longest < elapsed / 2


# ----------------------------------------------------------------------------------------- progress


def slowly(lines):
    """Yield the lines so slowly that progress is reported while they are read."""
    for line in lines:
        time.sleep(0.5 / len(lines))
        yield line


@pytest.mark.slow
def test_progress_callable_sees_the_stages_advance(zipf):
    calls = []
    settings = {**SMALL, "progress": lambda *call: calls.append(call)}
    Glove(**settings).fit(slowly(zipf.lines))
    stages = list(dict.fromkeys(stage for stage, *_ in calls))
    known = [stage for stage in stages if stage in ("tokenizing", "counting", "training")]
    assert known == ["tokenizing", "counting", "training"]
    for stage in stages:
        seen = [(done, total) for name, done, total, _ in calls if name == stage]
        done = [d for d, _ in seen]
        assert done == sorted(done), stage
        assert all(d <= total for d, total in seen if total), stage
    assert stages[-1] == "subwords"
    _, done, total, info = [call for call in calls if call[0] == "training"][-1]
    assert done == total
    assert info["epoch"] == SMALL["epochs"]
    assert info["loss"] > 0


@pytest.mark.slow
@pytest.mark.parametrize("stage", ["tokenizing", "counting", "training"])
def test_an_exception_of_the_progress_callable_surfaces_unchanged(zipf, stage):
    failure = RuntimeError("the notebook is closed")

    def report(now, done, total, info):
        if now == stage:
            raise failure

    model = Glove(**{**SMALL, "progress": report})
    with pytest.raises(RuntimeError) as caught:
        model.fit(slowly(zipf.lines))
    assert caught.value is failure
    # A training that is interrupted keeps its finished epochs. Without a finished epoch there is no
    # model.
    if stage != "training":
        assert not hasattr(model, "W")


def test_progress_bar_goes_to_standard_error(zipf, capfd):
    Glove(**{**SMALL, "progress": True}).fit(zipf.path)
    captured = capfd.readouterr()
    assert captured.out == ""
    assert "loss" in captured.err


@pytest.mark.parametrize("progress", [None, False])
def test_fit_is_silent_unless_asked(zipf, capfd, progress):
    Glove(**{**SMALL, "progress": progress}).fit(zipf.path)
    captured = capfd.readouterr()
    assert (captured.out, captured.err) == ("", "")


# -------------------------------------------------------------------------------------------- files


def test_loading_undoes_saving(model, tmp_path):
    model.save(tmp_path / "model.glove")
    assert_same_model(Glove.load(tmp_path / "model.glove"), model)
    assert_same_model(Glove.load(str(tmp_path / "model.glove")), model)


def test_a_saved_model_may_be_saved_over_itself(model, tmp_path):
    path = tmp_path / "model.glove"
    model.save(path)
    Glove.load(path).save(path)
    assert_same_model(Glove.load(path), model)
    assert [entry.name for entry in tmp_path.iterdir()] == ["model.glove"]


@pytest.mark.parametrize("keep", [0, 1, 7, 0.5, -1], ids=str)
def test_a_truncated_model_is_a_format_error_with_its_path(model, tmp_path, keep):
    path = tmp_path / "model.glove"
    model.save(path)
    whole = path.read_bytes()
    path.write_bytes(whole[: int(len(whole) * keep) if isinstance(keep, float) else keep])
    with pytest.raises(FormatError) as caught:
        Glove.load(path)
    assert str(path) in str(caught.value)


def test_another_kind_of_file_is_a_format_error(tmp_path):
    path = tmp_path / "notes.txt"
    path.write_text("This is not a model, but it is long enough to be mistaken for one.\n" * 99)
    with pytest.raises(FormatError) as caught:
        Glove.load(path)
    assert str(path) in str(caught.value)


SAVERS = {
    "model": lambda model, path: model.save(path),
    "word2vec text": lambda model, path: model.save_word2vec(path),
    "word2vec binary": lambda model, path: model.save_word2vec(path, binary=True),
    "vocabulary": lambda model, path: model.vocabulary.save(path),
}


@pytest.mark.parametrize("save", SAVERS.values(), ids=SAVERS)
def test_saved_files_have_the_permissions_of_ordinary_files(model, tmp_path, save):
    umask = os.umask(0o027)
    try:
        save(model, tmp_path / "saved")
    finally:
        os.umask(umask)
    assert stat.S_IMODE((tmp_path / "saved").stat().st_mode) == 0o640


@pytest.mark.parametrize("save", SAVERS.values(), ids=SAVERS)
def test_saving_replaces_an_older_file_and_leaves_nothing_else(model, tmp_path, save):
    (tmp_path / "saved").write_bytes(b"older" * 10**6)
    save(model, tmp_path / "saved")
    assert (tmp_path / "saved").stat().st_size < 5 * 10**6
    assert [entry.name for entry in tmp_path.iterdir()] == ["saved"]
