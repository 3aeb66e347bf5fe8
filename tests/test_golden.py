"""What Stanford's tools wrote for ``golden/corpus.txt`` is what this package computes."""

from __future__ import annotations

import numpy as np
import pytest

import glove_rs
import reference
from glove_rs import Cooccurrence, Glove, Vocabulary

DIM = 10
CONFIG = reference.Config(x_max=10.0)
LOSSES = [0.070883, 0.060853, 0.058471]

VOCABULARIES = [
    ("vocab.min1.txt", {"min_count": 1}),
    ("vocab.min3.txt", {"min_count": 3}),
    ("vocab.max100.txt", {"min_count": 1, "max_vocab": 100}),
]

COUNTS = [
    ("cooc.w5.sym1.dist1.bin", {"window": 5}),
    ("cooc.w5.sym1.dist0.bin", {"window": 5, "distance_weighting": False}),
    ("cooc.w5.sym0.dist1.bin", {"window": 5, "symmetric": False}),
    ("cooc.w15.sym1.dist1.bin", {"window": 15}),
]


@pytest.fixture(scope="module")
def vocabulary(golden):
    """The vocabulary of all golden counts."""
    return Vocabulary.load(golden / "vocab.min3.txt")


@pytest.mark.parametrize(("name", "settings"), VOCABULARIES)
def test_vocabulary_is_stanfords_byte_for_byte(golden, tmp_path, name, settings):
    Vocabulary.from_corpus(golden / "corpus.txt", **settings).save(tmp_path / name)
    assert (tmp_path / name).read_bytes() == (golden / name).read_bytes()


@pytest.mark.parametrize("name", [name for name, _ in VOCABULARIES])
def test_a_loaded_vocabulary_is_saved_byte_for_byte(golden, tmp_path, name):
    Vocabulary.load(golden / name).save(tmp_path / name)
    assert (tmp_path / name).read_bytes() == (golden / name).read_bytes()


@pytest.mark.parametrize("threads", [1, 2, 7])
@pytest.mark.parametrize(("name", "settings"), COUNTS)
def test_counts_are_stanfords_record_for_record(golden, vocabulary, name, settings, threads):
    counts = Cooccurrence.from_corpus(
        golden / "corpus.txt", vocabulary, threads=threads, **settings
    )
    reference.assert_same_records(counts.records(), reference.read_stanford_records(golden / name))


def test_counts_with_their_own_vocabulary_are_the_same(golden, vocabulary):
    counts = Cooccurrence.from_corpus(golden / "corpus.txt", window=5, min_count=3)
    assert counts.vocabulary == vocabulary
    expected = reference.read_stanford_records(golden / "cooc.w5.sym1.dist1.bin")
    reference.assert_same_records(counts.records(), expected)


def test_saved_counts_are_stanfords_file(golden, vocabulary, tmp_path):
    Cooccurrence.from_corpus(golden / "corpus.txt", vocabulary, window=5).save(tmp_path / "c.bin")
    expected = reference.read_stanford_records(golden / "cooc.w5.sym1.dist1.bin")
    reference.assert_same_records(reference.read_stanford_records(tmp_path / "c.bin"), expected)


@pytest.mark.parametrize("name", ["cooc.w5.sym1.dist1.bin", "cooc.shuf.bin"])
def test_stanfords_file_loads_sorted_or_shuffled(golden, vocabulary, name):
    counts = Cooccurrence.load(golden / name, vocabulary=vocabulary)
    expected = reference.read_stanford_records(golden / "cooc.w5.sym1.dist1.bin")
    reference.assert_same_records(counts.records(), expected, rtol=0)


# ----------------------------------------------------------------------------------------- training


def stanford_run(golden, epochs, simd=None):
    """Train from Stanford's first parameters over its shuffled records, in their order."""
    start = reference.with_ones(reference.read_stanford_parameters(golden / "train.000.bin", DIM))
    p = reference.as_type(start, np.float32)
    return glove_rs._core.train_records(
        *reference.read_stanford_records(golden / "cooc.shuf.bin"),
        *(p[name] for name in reference.MODEL + reference.ACCUMULATORS),
        x_max=CONFIG.x_max,
        alpha=CONFIG.alpha,
        learning_rate=CONFIG.learning_rate,
        grad_clip=CONFIG.grad_clip,
        epochs=epochs,
        simd=simd,
    )


@pytest.mark.parametrize(("epochs", "name"), [(1, "train.001.bin"), (3, "train.bin")])
@pytest.mark.parametrize("simd", glove_rs._core.simd_levels())
def test_training_ends_at_stanfords_parameters(golden, simd, epochs, name):
    trained = stanford_run(golden, epochs, simd)
    expected = reference.read_stanford_parameters(golden / name, DIM)
    for part in reference.MODEL:
        np.testing.assert_allclose(trained[part], expected[part], rtol=0, atol=2e-4, err_msg=part)


@pytest.mark.parametrize("simd", glove_rs._core.simd_levels())
def test_training_reports_stanfords_losses(golden, simd):
    losses = stanford_run(golden, 3, simd)["losses"]
    np.testing.assert_allclose(losses, LOSSES, rtol=0, atol=1e-5)


def test_training_ends_at_stanfords_squared_gradients(golden):
    trained = stanford_run(golden, 3)
    expected = reference.read_stanford_parameters(golden / "train.gradsq.bin", DIM, "G_")
    for part in reference.ACCUMULATORS:
        np.testing.assert_allclose(trained[part], expected[part], rtol=5e-4, err_msg=part)


def test_fit_on_stanfords_records_reaches_its_losses(golden, vocabulary):
    # Its own start and another order in every epoch, which alone moves the loss by up to 2 %: the
    # curve can be asked for, not the numbers.
    counts = Cooccurrence.load(golden / "cooc.shuf.bin", vocabulary=vocabulary)
    model = Glove(dim=DIM, x_max=CONFIG.x_max, epochs=3).fit_cooccurrence(counts)
    np.testing.assert_allclose(model.history, LOSSES, rtol=0.05)


def test_the_numpy_reference_itself_agrees_with_stanford(golden):
    start = reference.with_ones(reference.read_stanford_parameters(golden / "train.000.bin", DIM))
    records = reference.read_stanford_records(golden / "cooc.shuf.bin")
    trained, losses, _ = reference.train(start, *records, CONFIG)
    expected = reference.read_stanford_parameters(golden / "train.001.bin", DIM)
    for part in reference.MODEL:
        np.testing.assert_allclose(trained[part], expected[part], rtol=0, atol=1e-12)
    assert losses[0] == pytest.approx(LOSSES[0], abs=1e-6)
