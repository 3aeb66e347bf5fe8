"""Whole documents as windows: ``window=None`` counts every pair of a document."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

import reference
from glove_rs import Cooccurrence, Glove
from program import done

baskets = st.lists(st.lists(st.sampled_from("abcdefgh"), max_size=30), min_size=1, max_size=8)


def brute_force(documents, words, *, symmetric, distance_weighting, keep_gaps):
    """X by two loops over each document."""
    rank = {word: number for number, word in enumerate(words)}
    X = np.zeros((len(words), len(words)))
    for document in documents:
        kept = [rank.get(word) for word in document]
        if not keep_gaps:
            kept = [word for word in kept if word is not None]
        weight = 1 / (len(kept) - 1) if distance_weighting and len(kept) > 1 else 1.0
        for right, j in enumerate(kept):
            for i in kept[:right]:
                if i is not None and j is not None:
                    X[i, j] += weight
                    if symmetric:
                        X[j, i] += weight
    return X


@pytest.mark.slow
@given(
    documents=baskets,
    min_count=st.integers(1, 3),
    symmetric=st.booleans(),
    distance_weighting=st.booleans(),
    keep_gaps=st.booleans(),
    threads=st.sampled_from([1, 2, 3]),
)
def test_every_pair_of_a_document_is_counted(
    documents, min_count, symmetric, distance_weighting, keep_gaps, threads
):
    settings = {
        "symmetric": symmetric,
        "distance_weighting": distance_weighting,
        "keep_gaps": keep_gaps,
    }
    words, _ = reference.vocabulary(documents, min_count=min_count)
    expected = brute_force(documents, words, **settings)
    assume(expected.any())
    X = Cooccurrence.from_corpus(
        documents, window=None, min_count=min_count, threads=threads, **settings
    )
    assert X.vocabulary.words == words
    np.testing.assert_allclose(X.to_scipy().toarray(), expected, rtol=1e-12)


@pytest.mark.slow
@given(documents=baskets, symmetric=st.booleans())
def test_without_weights_a_document_is_a_window_that_is_long_enough(documents, symmetric):
    settings = {"symmetric": symmetric, "distance_weighting": False, "min_count": 1}
    assume(any(len(document) > 1 for document in documents))
    whole = Cooccurrence.from_corpus(documents, window=None, **settings)
    window = Cooccurrence.from_corpus(documents, window=1000, **settings)
    assert (whole.to_scipy() != window.to_scipy()).nnz == 0


def test_each_item_of_a_basket_has_the_weight_1_in_all():
    X = Cooccurrence.from_corpus(
        [["milk", "bread", "eggs"], ["milk", "tea"]], window=None, min_count=1
    )
    sums = dict(zip(X.vocabulary.words, X.to_scipy().sum(axis=1), strict=True))
    assert sums == {"milk": 2.0, "bread": 1.0, "eggs": 1.0, "tea": 1.0}


@pytest.mark.slow
def test_words_far_apart_and_rare_words_are_counted_in_several_segments():
    rng = np.random.default_rng(3)
    # More than 65,536 different words, so that some of them share a symbol of the encoded text.
    documents = [[f"w{k}" for k in rng.integers(0, 70_000, 40)] for _ in range(300)]
    documents += [[f"w{k}" for k in range(k, 70_000, 900)] for k in range(900)]
    settings = {"window": None, "min_count": 1, "threads": 2}
    free = Cooccurrence.from_corpus(documents, **settings)
    limited = Cooccurrence.from_corpus(documents, memory="1MB", **settings)
    assert len(free.vocabulary) == 70_000
    assert limited._core.on_disk
    for ours, theirs in zip(limited.records(), free.records(), strict=True):
        np.testing.assert_allclose(ours, theirs, rtol=1e-9)
    window = Cooccurrence.from_corpus(
        documents, **settings | {"window": 100}, distance_weighting=False
    )
    assert free.nnz == window.nnz


@pytest.mark.slow
def test_a_document_of_10000_words_is_counted_and_a_longer_one_is_named():
    long = [f"w{k % 100}" for k in range(10_000)]
    X = Cooccurrence.from_corpus([long], window=None, min_count=1, distance_weighting=False)
    assert X.total == 10_000 * 9_999
    with pytest.raises(
        ValueError, match=r"window must be .* document 3.*w0 w1 w2 w3 w4.* 10001 words"
    ):
        Cooccurrence.from_corpus([["w1", "w2"], ["w3"], [*long, "w0"]], window=None, min_count=1)


def test_the_number_of_a_document_does_not_count_blank_lines(tmp_path):
    path = tmp_path / "baskets.txt"
    path.write_text("a b c\n\nb c\n" + "a b " * 6000 + "\nc a\n")
    with pytest.raises(ValueError, match=r"document 3, which begins \"[ab] [ab] "):
        Cooccurrence.from_corpus(path, window=None, min_count=1)


@pytest.mark.slow
def test_dropped_words_do_not_count_for_the_length_of_a_document():
    # 9,000 of the 20,000 tokens are words of the vocabulary. Without the others, the document is
    # within the limit of 10,000 words.
    document = ["a", "b", "c"] * 3000 + [f"rare{k}" for k in range(11_000)]
    X = Cooccurrence.from_corpus([document], window=None, min_count=2, distance_weighting=False)
    assert X.total == 9000 * 8999
    message = r"document 1, .* has 20000 words or more \(dropped words count too, because dis"
    with pytest.raises(ValueError, match=message):
        Cooccurrence.from_corpus([document], window=None, min_count=2, keep_gaps=True)
    with pytest.raises(ValueError, match=r"has 20000 words or more$"):
        Cooccurrence.from_corpus([document], window=None, min_count=1, keep_gaps=True)


@pytest.mark.parametrize("window", [0, -1, 2.5, "all", True])
def test_other_windows_are_refused(window):
    with pytest.raises(ValueError, match="window"):
        Cooccurrence.from_corpus([["a", "b"]], window=window)


def test_a_model_keeps_the_window_in_files_and_checkpoints(tmp_path):
    documents = [["milk", "bread", "eggs"], ["milk", "tea", "bread"]] * 9
    model = Glove(dim=4, window=None, min_count=1, epochs=2, threads=1, preset="paper")
    model.fit(documents, checkpoint_dir=tmp_path / "checkpoints")
    model.save(tmp_path / "model")
    assert Glove.load(tmp_path / "model").window is None
    resumed = Glove.resume(tmp_path / "checkpoints", epochs=3)
    assert resumed.window is None
    assert len(resumed.history) == 3
    with pytest.raises(ValueError, match="window=5 differs"):
        Glove(dim=4, window=5, min_count=1, epochs=2, threads=1, preset="paper").fit(
            documents, checkpoint_dir=tmp_path / "checkpoints", resume=True
        )
    assert model.score(documents) < 0
    assert model.infer_vector([["milk", "honey", "bread"]], word="honey").shape == (4,)
    assert "honey" in model.update([["honey", "milk"]] * 3).vocabulary


def test_estimate_takes_whole_documents():
    documents = [["milk", "bread", "eggs"], ["milk", "tea", "bread"]]
    estimate = Cooccurrence.estimate(documents, window=None, min_count=1)
    assert estimate.records == Cooccurrence.from_corpus(documents, window=None, min_count=1).nnz
    assert Glove(window=None, min_count=1).estimate(documents).counts.records == estimate.records


@pytest.mark.parametrize("name", ["document", "none"])
def test_the_command_line_counts_whole_documents(name, tmp_path):
    path = tmp_path / "baskets.txt"
    path.write_text("milk bread eggs\nmilk tea\n")
    counts = tmp_path / "counts"
    done("cooccur", path, "--window", name, "--min-count", 1, "-o", counts)
    expected = Cooccurrence.from_corpus(path, window=None, min_count=1)
    assert (Cooccurrence.load(counts).to_scipy() != expected.to_scipy()).nnz == 0
