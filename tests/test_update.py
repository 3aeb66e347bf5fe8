"""``Glove.update``: training a model further on more text."""

import os
import pickle

import numpy as np
import pytest

import reference
from glove_rs import Cooccurrence, Glove, TrainingDiverged, Vocabulary

SETTINGS = {
    "dim": 10,
    "epochs": 4,
    "preset": "paper",
    "x_max": 10.0,
    "deterministic": True,
    "min_count": 3,
}
ARRAYS = ("W", "W_tilde", "b", "b_tilde", "G_W", "G_W_tilde", "G_b", "G_b_tilde")


@pytest.fixture
def halves(zipf):
    half = len(zipf.documents) // 2
    return zipf.documents[:half], zipf.documents[half:]


def arrays(model):
    return {name: array.copy() for name, array in model._state.arrays.items()}


def dense(counts, words):
    """X as a dense matrix in the order of `words`."""
    place = [counts.vocabulary[word] for word in words]
    return counts.to_scipy().toarray()[np.ix_(place, place)]


@pytest.mark.parametrize("symmetric", [True, False])
def test_counts_of_both_texts_add_up(halves, symmetric):
    settings = SETTINGS | {"symmetric": symmetric, "min_count": 1}
    model = Glove(**settings).fit(halves[0]).update(halves[1])
    both = Cooccurrence.from_corpus(halves[0] + halves[1], min_count=1, symmetric=symmetric)
    assert model.vocabulary == both.vocabulary
    assert (model.cooccurrence.symmetric, model.cooccurrence.nnz) == (symmetric, both.nnz)
    words = both.vocabulary.words
    np.testing.assert_allclose(dense(model.cooccurrence, words), dense(both, words), rtol=1e-12)


def test_words_enter_when_both_texts_together_have_enough_of_them():
    old, new = ["a b c rare"] * 3 + ["a b hapax"], ["a rare new"] * 2 + ["new b once"]
    model = Glove(dim=3, epochs=1, min_count=3).fit(old)
    assert set(model.vocabulary.words) == {"a", "b", "c", "rare"}
    model = Glove(dim=3, epochs=1, min_count=4).fit(old)
    assert set(model.vocabulary.words) == {"a", "b"}
    model.update(new)
    # "rare" occurs three times in the old text and twice in the new text; "new" occurs too rarely.
    counts = dict(zip(model.vocabulary.words, model.vocabulary.counts.tolist(), strict=True))
    assert counts == {"a": 6, "b": 5, "rare": 5}
    model.update(["new x"])
    assert model.vocabulary["new"] == 3
    assert (
        model.vocabulary.words == Vocabulary.from_corpus([*old, *new, "new x"], min_count=4).words
    )


def test_pickled_counts_keep_the_words_that_may_enter_later():
    old, new = ["a b c rare"] * 3, ["a rare new"] * 2
    model = Glove(dim=3, epochs=1, min_count=4).fit([*old, "a b"])
    counts = pickle.loads(pickle.dumps(model.cooccurrence))
    model.update(new, counts=counts)
    assert dict(zip(model.vocabulary.words, model.vocabulary.counts.tolist(), strict=True)) == {
        "a": 6,
        "rare": 5,
        "b": 4,
    }


def test_rows_stay_in_the_order_of_counts(halves):
    model = Glove(**SETTINGS).fit(halves[0]).update(halves[1])
    both = Vocabulary.from_corpus(halves[0] + halves[1], min_count=3)
    assert model.vocabulary == both


def test_new_words_start_with_the_vectors_of_a_first_training(halves):
    frozen = {**SETTINGS, "optimizer": "sgd", "learning_rate": 1e-30, "epochs": 1, "min_count": 1}
    model = Glove(**frozen).fit(halves[0])
    old = len(model.vocabulary)
    words = model.vocabulary.words
    model.update(halves[1], epochs=1)
    new = np.setdiff1d(np.arange(len(model.vocabulary)), [model.vocabulary[w] for w in words])
    first = Glove(**frozen).fit([[f"w{number}" for number in range(old + len(new))]])
    for name in ("W", "W_tilde"):
        rows, expected = getattr(model, name)[new], getattr(first, name)[old:]
        np.testing.assert_array_equal(np.sort(rows, axis=0), np.sort(expected, axis=0))


def test_old_words_keep_their_parameters_and_new_ones_start_small(halves):
    model = Glove(**SETTINGS).fit(halves[0])
    words, before = model.vocabulary.words, arrays(model)
    # The steps are negligible, so that the parameters after the update are those at its start.
    model.set_params(optimizer="sgd", learning_rate=1e-30)
    model.update(halves[1], epochs=1)
    old = [model.vocabulary[word] for word in words]
    new = np.setdiff1d(np.arange(len(model.vocabulary)), old)
    assert len(new) > 5
    for name in ARRAYS:
        array = model._state.arrays[name]
        np.testing.assert_array_equal(array[old], before[name], err_msg=name)
        if name.startswith("G_"):
            assert (array[new] == 1).all()
        elif name.startswith("W"):
            assert np.abs(array[new]).max() <= 0.5 / 10
            assert array[new].std() > 0.1 / 10
    # The biases of new words start at those of equally rare words.
    rare = float(before["b"][-100:].mean())
    assert model.b[new].mean() == pytest.approx(rare, abs=0.05 + 0.2 * abs(rare))


@pytest.mark.slow
def test_training_goes_on_from_there(halves):
    model = Glove(**SETTINGS | {"epochs": 10}).fit(halves[0])
    before = model.history.epochs()
    model.update(halves[1])
    assert model.history.epochs()[:10] == before
    assert len(model.history) == 14  # the update has 0.4 times as many epochs as the fit: 4
    # The loss of the update's first epoch is less than that of a first epoch from scratch.
    scratch = Glove(**SETTINGS | {"epochs": 1}).fit(halves[0] + halves[1])
    assert model.history[10] < scratch.history[0]
    assert len(model.update(halves[1], epochs=3).history) == 17


@pytest.mark.slow
def test_an_update_is_deterministic_if_it_is_asked_for(halves):
    one, other = (
        Glove(**SETTINGS, threads=threads).fit(halves[0]).update(halves[1]) for threads in (1, 3)
    )
    for name in ARRAYS:
        np.testing.assert_array_equal(
            one._state.arrays[name], other._state.arrays[name], err_msg=name
        )


def test_updates_can_follow_each_other(zipf):
    thirds = [zipf.documents[k::3] for k in range(3)]
    model = Glove(**SETTINGS | {"min_count": 1}).fit(thirds[0])
    for more in thirds[1:]:
        model.update(more, epochs=1)
    both = Cooccurrence.from_corpus(
        [document for third in thirds for document in third], min_count=1
    )
    words = both.vocabulary.words
    assert model.vocabulary == both.vocabulary
    np.testing.assert_allclose(dense(model.cooccurrence, words), dense(both, words), rtol=1e-12)
    assert len(model.history) == 6


def test_without_new_words_the_vocabulary_stays_in_its_order(halves):
    words = ["w5", "w1", "w3"]
    model = Glove(**SETTINGS).fit(halves[0], vocabulary=words).update(halves[1], new_words=False)
    assert model.vocabulary.words == words
    counts = Cooccurrence.from_corpus(halves[0] + halves[1], words)
    np.testing.assert_allclose(dense(model.cooccurrence, words), dense(counts, words), rtol=1e-12)


def test_max_vocab_bounds_what_is_added(halves):
    model = Glove(**SETTINGS | {"min_count": 1, "max_vocab": 50}).fit(halves[0])
    words = set(model.vocabulary.words)
    assert set(model.update(halves[1]).vocabulary.words) == words
    model.set_params(max_vocab=60).update(halves[1])
    assert len(model.vocabulary) == 60
    assert words < set(model.vocabulary.words)


@pytest.mark.slow
def test_files_serve_as_well_as_documents(zipf, halves, tmp_path):
    (tmp_path / "more.txt").write_text("".join(" ".join(d) + "\n" for d in halves[1]))
    one, other = (
        Glove(**SETTINGS).fit(halves[0]).update(source)
        for source in (halves[1], tmp_path / "more.txt")
    )
    np.testing.assert_array_equal(one.W, other.W)


# --- counts -------------------------------------------------------------------------------------


@pytest.mark.parametrize("memory", [None, "1MB"])
@pytest.mark.parametrize("keep", [None, True])
@pytest.mark.parametrize("kind", ["path", "documents"])
def test_counts_are_those_of_the_text(zipf, kind, keep, memory):
    model = Glove(**SETTINGS, memory=memory).fit(getattr(zipf, kind), keep_counts=keep)
    for _ in range(2):
        reference.assert_same_records(
            model.cooccurrence.records(),
            Cooccurrence.from_corpus(zipf.path, min_count=3).records(),
            rtol=1e-12,
        )


def test_counts_that_were_given_are_held_on_to(zipf):
    X = Cooccurrence.from_corpus(zipf.path)
    assert Glove(**SETTINGS).fit_cooccurrence(X).cooccurrence.nnz == X.nnz


@pytest.mark.slow
def test_a_file_is_counted_again_if_it_has_not_changed(halves, tmp_path):
    path = tmp_path / "text.txt"
    path.write_text("".join(" ".join(document) + "\n" for document in halves[0]))
    model, kept = Glove(**SETTINGS).fit(path), Glove(**SETTINGS).fit(path, keep_counts=True)
    np.testing.assert_array_equal(model.update(halves[1]).W, kept.update(halves[1]).W)
    model, kept = Glove(**SETTINGS).fit(path), Glove(**SETTINGS).fit(path, keep_counts=True)
    path.write_text("other text\n")
    with pytest.raises(ValueError, match=r"text\.txt'\) is gone or has changed"):
        model.update(halves[1])
    path.unlink()
    with pytest.raises(ValueError, match=r"text\.txt'\) is gone or has changed"):
        _ = model.cooccurrence
    kept.update(halves[1])


@pytest.mark.slow
@pytest.mark.parametrize("how", ["dropped", "loaded"])
def test_a_model_without_counts_takes_them_from_the_caller(halves, tmp_path, how):
    model = Glove(**SETTINGS).fit(halves[0])
    expected = Glove(**SETTINGS).fit(halves[0]).update(halves[1])
    model.cooccurrence.save(tmp_path / "counts")
    if how == "loaded":
        model.save(tmp_path / "model")
        model = Glove.load(tmp_path / "model")
    else:
        model = Glove(**SETTINGS).fit(halves[0], keep_counts=False)
    for ask in (lambda: model.update(halves[1]), lambda: model.cooccurrence):
        with pytest.raises(ValueError, match=r"no counts of the text so far.*counts=\)"):
            ask()
    model.update(halves[1], counts=Cooccurrence.load(tmp_path / "counts"))
    np.testing.assert_array_equal(model.W, expected.W)


def test_counts_of_other_words_are_refused(halves):
    model = Glove(**SETTINGS).fit(halves[0])
    with pytest.raises(ValueError, match="counts must have the same words as the model"):
        model.update(halves[1], counts=Cooccurrence.from_corpus(halves[0], min_count=2))
    with pytest.raises(ValueError, match="counts must be a Cooccurrence"):
        model.update(halves[1], counts=np.eye(3))


# --- failures -----------------------------------------------------------------------------------


@pytest.mark.filterwarnings("ignore:training diverged")
@pytest.mark.parametrize("failure", ["source", "diverged", "interrupted", "parameter"])
def test_an_update_that_fails_leaves_the_model_as_it_was(halves, tmp_path, failure):
    model = Glove(**SETTINGS).fit(halves[0])
    before, vocabulary, history = arrays(model), model.vocabulary, list(model.history)

    def interrupt(stage, done, total, info):
        raise KeyboardInterrupt

    source, error, settings = {
        "source": (tmp_path / "missing", FileNotFoundError, {}),
        "diverged": (halves[1], TrainingDiverged, {"learning_rate": 1e6}),
        "interrupted": (halves[1] * 300, KeyboardInterrupt, {"progress": interrupt}),
        "parameter": (halves[1], ValueError, {"dim": 11}),
    }[failure]
    model.set_params(**settings)
    with pytest.raises(error):
        model.update(source)
    assert model.vocabulary is vocabulary
    assert model.history == history
    for name, array in before.items():
        np.testing.assert_array_equal(model._state.arrays[name], array)
    model.set_params(**SETTINGS, progress=None, learning_rate=0.05)
    assert len(model.update(halves[1]).history) == 6


@pytest.mark.slow
def test_ctrl_c_in_an_update_leaves_its_last_epoch(halves):
    class Stop(Exception):  # noqa: N818
        pass

    def stop(state):
        assert state.epoch >= 5  # `fit` had four epochs
        if state.epoch == 6:
            raise Stop

    model = Glove(**SETTINGS).fit(halves[0])
    with pytest.raises(Stop):
        model.update(halves[1], epochs=5, callbacks=[stop])
    assert len(model.history) == 6
    expected = Glove(**SETTINGS).fit(halves[0]).update(halves[1], epochs=2)
    np.testing.assert_array_equal(model.W, expected.W)
    assert model.vocabulary == expected.vocabulary


@pytest.mark.slow
def test_an_interrupted_update_is_resumed(halves, tmp_path):
    class Killed(Exception):  # noqa: N818
        pass

    def kill(state):
        if state.epoch == 6:
            raise Killed

    model = Glove(**SETTINGS).fit(halves[0])
    with pytest.raises(Killed):
        model.update(halves[1], epochs=4, callbacks=[kill], checkpoint_dir=tmp_path)
    with pytest.raises(ValueError, match=r"is of an update: continue it with Glove\.resume$"):
        Glove(**SETTINGS).fit(halves[1], checkpoint_dir=tmp_path, resume=True)
    again = Glove.resume(tmp_path)
    expected = Glove(**SETTINGS).fit(halves[0]).update(halves[1], epochs=4)
    assert again.vocabulary == expected.vocabulary
    assert again.history == expected.history
    for name in ARRAYS:
        np.testing.assert_array_equal(
            again._state.arrays[name], expected._state.arrays[name], err_msg=name
        )
    assert sorted(os.listdir(tmp_path)) == [
        "cooccurrence.counts",
        "training.checkpoint",
        "training.lock",
    ]


@pytest.mark.parametrize(
    ("text", "options"),
    [([], {}), ([""], {}), ([" \n"], {}), (["unseen"], {}), (["unseen"] * 9, {"new_words": False})],
    ids=str,
)
def test_a_text_that_adds_nothing_is_refused(text, options):
    model = Glove(dim=2, epochs=1, min_count=2).fit(["a b c"] * 9)
    before = model.W.copy()
    for counts in (None, model.cooccurrence):
        with pytest.raises(ValueError, match=r"source must .* the new text has no such word"):
            model.update(text, counts=counts, **options)
    np.testing.assert_array_equal(model.W, before)
    assert len(model.history) == 1
    model.update(["a"])  # a text with one known word and no pair is accepted
    assert len(model.history) == 2


@pytest.mark.parametrize("epochs", [0, -1, 1.5])
def test_epochs_of_an_update_are_checked(halves, epochs):
    with pytest.raises(ValueError, match="epochs must be"):
        Glove(**SETTINGS).fit(halves[0]).update(halves[1], epochs=epochs)
