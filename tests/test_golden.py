"""This package computes what Stanford's tools compute (``golden/README.md`` has their files)."""

from __future__ import annotations

import numpy as np
import pytest

import glove_rs
import golden_files
import reference
import topic_text
from glove_rs import Cooccurrence, Glove, Vocabulary
from golden_files import DIM

CONFIG = reference.Config(x_max=golden_files.X_MAX)


@pytest.fixture(scope="module")
def vocabulary(golden):
    """The vocabulary of the shuffled records."""
    return Vocabulary.load(golden / "vocab.min3.txt")


def test_the_text_is_what_its_script_writes():
    assert (golden_files.FOLDERS[0] / "corpus.txt").read_bytes() == topic_text.golden_text()


def test_the_golden_set_has_files_of_every_kind():
    ours = golden_files.FOLDERS[0]
    assert sum(path.parent == ours for path in golden_files.vocabularies()) == 5
    settings = [
        golden_files.counting_settings(p) for p in golden_files.counts() if p.parent == ours
    ]
    assert len(settings) == 7
    for name, number in [("window", 4), ("symmetric", 2), ("distance_weighting", 2)]:
        assert len({each[name] for each in settings}) == number
    assert sum(path.stat().st_size for path in ours.iterdir()) <= 1_000_000


def test_vocabulary_is_stanfords_byte_for_byte(golden_vocabulary, tmp_path):
    settings = golden_files.vocabulary_settings(golden_vocabulary)
    corpus = golden_vocabulary.with_name("corpus.txt")
    Vocabulary.from_corpus(corpus, **settings).save(tmp_path / "vocab.txt")
    assert (tmp_path / "vocab.txt").read_bytes() == golden_vocabulary.read_bytes()


def test_a_loaded_vocabulary_is_saved_byte_for_byte(golden_vocabulary, tmp_path):
    Vocabulary.load(golden_vocabulary).save(tmp_path / "vocab.txt")
    assert (tmp_path / "vocab.txt").read_bytes() == golden_vocabulary.read_bytes()


@pytest.mark.parametrize("threads", [1, 2, 7])
def test_counts_are_stanfords_record_for_record(golden_counts, threads):
    counts = Cooccurrence.from_corpus(
        golden_counts.with_name("corpus.txt"),
        Vocabulary.load(golden_files.vocabulary_of(golden_counts)),
        threads=threads,
        **golden_files.counting_settings(golden_counts),
    )
    expected = reference.read_stanford_records(golden_counts)
    reference.assert_same_records(counts.records(), expected)


def test_stanfords_records_are_those_of_the_definition(golden_counts):
    # Stanford's `cooccur` may count its first pair twice. The flags in golden/README.md avoid this.
    words = Vocabulary.load(golden_files.vocabulary_of(golden_counts)).words
    documents = golden_files.documents(golden_counts.parent)
    settings = golden_files.counting_settings(golden_counts)
    expected = reference.cooccurrence(documents, words, **settings)
    reference.assert_same_records(reference.read_stanford_records(golden_counts), expected)


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
    """Train from Stanford's initial parameters on the shuffled records, in the file's order."""
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
def test_training_reports_stanfords_losses(golden, golden_losses, simd):
    losses = stanford_run(golden, 3, simd)["losses"]
    np.testing.assert_allclose(losses, golden_losses, rtol=0, atol=1e-5)


def test_training_ends_at_stanfords_squared_gradients(golden):
    trained = stanford_run(golden, 3)
    expected = reference.read_stanford_parameters(golden / "train.gradsq.bin", DIM, "G_")
    for part in reference.ACCUMULATORS:
        np.testing.assert_allclose(trained[part], expected[part], rtol=5e-4, err_msg=part)


def test_fit_on_stanfords_records_reaches_its_losses(golden, golden_losses, vocabulary):
    # The start values and the order of the records differ from Stanford's. The order alone changes
    # the loss by up to 2 %, so the tolerance is wide.
    counts = Cooccurrence.load(golden / "cooc.shuf.bin", vocabulary=vocabulary)
    model = Glove(dim=DIM, preset="paper", x_max=CONFIG.x_max, epochs=3).fit_cooccurrence(counts)
    np.testing.assert_allclose(model.history, golden_losses, rtol=0.05)


@pytest.mark.slow
def test_the_numpy_reference_itself_agrees_with_stanford(golden, golden_losses):
    start = reference.with_ones(reference.read_stanford_parameters(golden / "train.000.bin", DIM))
    records = reference.read_stanford_records(golden / "cooc.shuf.bin")
    trained, losses, _ = reference.train(start, *records, CONFIG)
    expected = reference.read_stanford_parameters(golden / "train.001.bin", DIM)
    for part in reference.MODEL:
        np.testing.assert_allclose(trained[part], expected[part], rtol=0, atol=1e-12)
    assert losses[0] == pytest.approx(golden_losses[0], abs=1e-6)
