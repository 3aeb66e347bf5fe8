"""Counts compared with brute force, for each rule (docs/architecture.md, Counting rules)."""

from __future__ import annotations

import math
import re

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

import reference
from glove_rs import Cooccurrence, FormatError, Vocabulary
from libraries import later

sparse = later("scipy.sparse")

THREADS = [1, 2, 3, 8]

token_lists = st.lists(st.lists(st.sampled_from("abcdefgh"), max_size=40), min_size=1, max_size=8)


def count(documents, words, **settings):
    """The counts of a text as a dense matrix, with a row and a column for each of `words`."""
    vocabulary = Vocabulary(list(words), [1] * len(words))
    return Cooccurrence.from_corpus(documents, vocabulary, **settings).to_scipy().toarray()


# ------------------------------------------------------------------------------ against brute force


@given(
    documents=token_lists,
    min_count=st.integers(1, 3),
    window=st.one_of(st.integers(1, 12), st.integers(13, 1000)),
    symmetric=st.booleans(),
    distance_weighting=st.booleans(),
    keep_gaps=st.booleans(),
    threads=st.sampled_from(THREADS),
)
def test_counts_equal_brute_force_for_any_tokens_and_settings(
    documents, min_count, window, symmetric, distance_weighting, keep_gaps, threads
):
    settings = {
        "window": window,
        "symmetric": symmetric,
        "distance_weighting": distance_weighting,
        "keep_gaps": keep_gaps,
    }
    words, word_counts = reference.vocabulary(documents, min_count=min_count)
    expected = reference.cooccurrence(documents, words, **settings)
    assume(expected[0].size > 0)

    counts = Cooccurrence.from_corpus(documents, min_count=min_count, threads=threads, **settings)

    assert counts.vocabulary == Vocabulary(words, word_counts)
    reference.assert_same_records(counts.records(), expected, rtol=1e-12)


@pytest.mark.parametrize("keep_gaps", [False, True])
@pytest.mark.parametrize("distance_weighting", [True, False])
@pytest.mark.parametrize("symmetric", [True, False])
@pytest.mark.parametrize(
    "window", [1, 4, *(pytest.param(w, marks=pytest.mark.slow) for w in (15, 100))]
)
def test_counts_of_a_file_equal_brute_force(zipf, window, symmetric, distance_weighting, keep_gaps):
    settings = {
        "window": window,
        "symmetric": symmetric,
        "distance_weighting": distance_weighting,
        "keep_gaps": keep_gaps,
    }
    words, _ = reference.vocabulary(zipf.documents, min_count=5)
    counts = Cooccurrence.from_corpus(zipf.path, min_count=5, **settings)
    expected = reference.cooccurrence(zipf.documents, words, **settings)
    reference.assert_same_records(counts.records(), expected, rtol=1e-12)


def test_any_number_of_threads_gives_the_same_bits(zipf):
    one = Cooccurrence.from_corpus(zipf.path, min_count=2, threads=1)
    for threads in (2, 3, 5, 16):
        many = Cooccurrence.from_corpus(zipf.path, min_count=2, threads=threads)
        assert many.vocabulary == one.vocabulary
        reference.assert_same_records(many.records(), one.records(), rtol=0)


@pytest.mark.slow
def test_threads_do_not_change_the_bits_of_a_large_text(topics):
    one, two = (Cooccurrence.from_corpus(topics, threads=threads) for threads in (1, 2))
    assert two.total == one.total
    reference.assert_same_records(two.records(), one.records(), rtol=0)


# -------------------------------------------------------------------------------------- the windows


def test_window_never_crosses_a_newline(tmp_path):
    path = tmp_path / "corpus.txt"
    path.write_text("a b\nc a\n\nb c\n")
    counts = Cooccurrence.from_corpus(path, Vocabulary(["a", "b", "c"], [1, 1, 1]), window=10)
    np.testing.assert_array_equal(counts.to_scipy().toarray(), [[0, 1, 1], [1, 0, 1], [1, 1, 0]])


def test_window_never_crosses_documents_of_an_iterable():
    expected = [[0, 1, 0, 0], [1, 0, 0, 0], [0, 0, 0, 1], [0, 0, 1, 0]]
    np.testing.assert_array_equal(count(["a b", "c d"], "abcd", window=10), expected)
    np.testing.assert_array_equal(count([["a", "b"], ["c", "d"]], "abcd", window=10), expected)


def test_a_newline_inside_a_document_string_ends_a_document_too():
    np.testing.assert_array_equal(
        count(["a b\nc d"], "abcd", window=10), count(["a b", "c d"], "abcd", window=10)
    )


def test_window_reaches_exactly_its_width():
    X = count(["a b c d"], "abcd", window=2, distance_weighting=False)
    np.testing.assert_array_equal(X, [[0, 1, 1, 0], [1, 0, 1, 1], [1, 1, 0, 1], [0, 1, 1, 0]])


def test_window_may_be_wider_than_any_document():
    wide, narrow = (count(["a b c d", "d a"], "abcd", window=w) for w in (10**6, 3))
    np.testing.assert_array_equal(wide, narrow)


def test_a_pair_at_distance_d_weighs_one_over_d():
    X = count(["a b c d e"], "abcde", window=4)
    np.testing.assert_allclose(X[0], [0, 1, 1 / 2, 1 / 3, 1 / 4], rtol=1e-15)


def test_flat_counting_gives_every_pair_weight_one():
    X = count(["a b c d e"], "abcde", window=4, distance_weighting=False)
    np.testing.assert_array_equal(X, np.ones((5, 5)) - np.eye(5))


def test_symmetric_counting_counts_both_directions():
    X = count(["a b c a"], "abc", window=3)
    np.testing.assert_array_equal(X, X.T)


def test_asymmetric_counting_has_the_left_word_in_the_row():
    np.testing.assert_array_equal(count(["a b"], "ab", window=1, symmetric=False), [[0, 1], [0, 0]])


def test_symmetric_counts_are_asymmetric_counts_plus_their_transpose(zipf):
    both, right = (
        Cooccurrence.from_corpus(zipf.path, min_count=3, symmetric=symmetric).to_scipy().toarray()
        for symmetric in (True, False)
    )
    np.testing.assert_allclose(both, right + right.T, rtol=1e-12)


def test_a_word_beside_itself_counts_once_per_direction():
    np.testing.assert_array_equal(count(["a a"], "a", window=1, symmetric=False), [[1]])
    np.testing.assert_array_equal(count(["a a"], "a", window=1, symmetric=True), [[2]])


def test_unknown_words_are_dropped_before_windows_are_laid():
    X = count(["a unknown b"], "ab", window=1)
    np.testing.assert_array_equal(X, [[0, 1], [1, 0]])


def test_keep_gaps_counts_the_distance_over_dropped_words():
    X = count(["a unknown b"], "ab", window=2, keep_gaps=True)
    np.testing.assert_array_equal(X, [[0, 1 / 2], [1 / 2, 0]])


def test_keep_gaps_keeps_words_behind_a_gap_out_of_a_narrow_window():
    X = count(["a unknown b a"], "ab", window=1, keep_gaps=True)
    np.testing.assert_array_equal(X, [[0, 1], [1, 0]])


def test_rare_words_leave_gaps_only_when_asked():
    documents = ["a rare b a b"]
    counted = {
        keep: Cooccurrence.from_corpus(documents, window=2, min_count=2, keep_gaps=keep)
        for keep in (False, True)
    }
    a, b = (counted[True].vocabulary[word] for word in "ab")
    assert counted[False].to_scipy()[a, b] == 1 + 1 + 1
    assert counted[True].to_scipy()[a, b] == 1 / 2 + 1 + 1


# ------------------------------------------------------------------------------------------ sources


def test_a_file_an_iterator_of_strings_and_token_lists_give_the_same_counts(zipf):
    of_file = Cooccurrence.from_corpus(zipf.path, min_count=2)
    for source in (
        str(zipf.path),
        zipf.lines,
        (line for line in zipf.lines),
        zipf.documents,
        iter(zipf.documents),
    ):
        counts = Cooccurrence.from_corpus(source, min_count=2)
        assert counts.vocabulary == of_file.vocabulary
        reference.assert_same_records(counts.records(), of_file.records(), rtol=0)


def test_the_last_line_needs_no_newline(tmp_path):
    ended, open_ended = tmp_path / "ended.txt", tmp_path / "open.txt"
    ended.write_text("a b\nb c\n")
    open_ended.write_text("a b\nb c")
    reference.assert_same_records(
        Cooccurrence.from_corpus(open_ended, min_count=1).records(),
        Cooccurrence.from_corpus(ended, min_count=1).records(),
    )


def test_a_given_vocabulary_decides_words_and_their_order():
    given_words = Vocabulary(["c", "a"], [1, 1])
    counts = Cooccurrence.from_corpus(["a b c", "b a"], given_words, window=1, min_count=99)
    assert counts.vocabulary == given_words
    np.testing.assert_array_equal(counts.to_scipy().toarray(), [[0, 1], [1, 0]])


def test_an_exception_of_the_source_surfaces_unchanged():
    failure = RuntimeError("the database went away")

    def documents():
        yield "a b"
        raise failure

    with pytest.raises(RuntimeError) as caught:
        Cooccurrence.from_corpus(documents(), min_count=1)
    assert caught.value is failure


# ------------------------------------------------------------------------------- the sparse matrix


@pytest.fixture(scope="module")
def counts(zipf):
    """Counts of the Zipf text with min_count 3 and otherwise default settings."""
    return Cooccurrence.from_corpus(zipf.path, min_count=3)


def test_records_are_sorted_by_row_and_column_and_typed(counts):
    row, col, x = counts.records()
    assert (row.dtype, col.dtype, x.dtype) == (np.int32, np.int32, np.float64)
    assert row.size == col.size == x.size == counts.nnz
    key = row.astype(np.int64) * len(counts.vocabulary) + col
    assert (np.diff(key) > 0).all()
    assert row.min() >= 0
    assert max(row.max(), col.max()) < len(counts.vocabulary)
    assert (x > 0).all()


def test_shape_nnz_and_total_describe_the_records(counts):
    size = len(counts.vocabulary)
    assert counts.shape == (size, size)
    assert counts.nnz == counts.records()[0].size
    assert counts.total == pytest.approx(math.fsum(counts.records()[2]), rel=1e-12)


@pytest.mark.parametrize("symmetric", [True, False])
def test_counts_remember_whether_they_are_symmetric(zipf, symmetric):
    counts = Cooccurrence.from_corpus(zipf.path, symmetric=symmetric)
    assert counts.symmetric is symmetric


def test_to_scipy_holds_the_records(counts):
    X = counts.to_scipy()
    assert isinstance(X, sparse.csr_array)
    assert X.dtype == np.float64
    assert X.shape == counts.shape
    row, col, x = counts.records()
    X_coo = X.tocoo()
    reference.assert_same_records((X_coo.row, X_coo.col, X_coo.data), (row, col, x), rtol=0)


def test_from_scipy_undoes_to_scipy(counts):
    again = Cooccurrence.from_scipy(counts.to_scipy(), counts.vocabulary)
    assert again.vocabulary == counts.vocabulary
    assert again.total == pytest.approx(counts.total, rel=1e-12)
    reference.assert_same_records(again.records(), counts.records(), rtol=0)


@pytest.mark.parametrize(
    "kind", ["array", "csr_array", "csc_array", "coo_array", "lil_array", "csr_matrix"]
)
@pytest.mark.parametrize("dtype", [np.float64, np.float32, np.int64])
def test_from_scipy_takes_any_matrix_format_and_type(kind, dtype):
    X = np.array([[0, 2, 0], [1, 0, 3], [0, 0, 4]], dtype=dtype)
    made = getattr(np if kind == "array" else sparse, kind)
    counts = Cooccurrence.from_scipy(made(X))
    assert counts.nnz == 4
    np.testing.assert_array_equal(counts.to_scipy().toarray(), X)


def test_from_scipy_names_words_by_their_number_unless_told():
    X = np.array([[0.0, 2.0], [1.0, 0.0]])
    assert Cooccurrence.from_scipy(X).vocabulary.words == ["0", "1"]
    assert Cooccurrence.from_scipy(X, ["left", "right"]).vocabulary.words == ["left", "right"]


def test_from_scipy_sums_cells_given_twice_and_leaves_out_zeros():
    cells = ([1.0, 2.0, 0.0], ([0, 0, 1], [1, 1, 0]))
    counts = Cooccurrence.from_scipy(sparse.coo_array(cells, shape=(2, 2)))
    reference.assert_same_records(counts.records(), ([0], [1], [3.0]))


@pytest.mark.parametrize("value", [-1.0, math.nan, math.inf, -math.inf])
@pytest.mark.parametrize("kind", ["array", "csr_array"])
def test_from_scipy_refuses_counts_that_are_no_counts(kind, value):
    made = getattr(np if kind == "array" else sparse, kind)
    with pytest.raises(ValueError, match=r"negative|finite|NaN|nan|>= 0"):
        Cooccurrence.from_scipy(made([[0.0, value], [1.0, 0.0]]))


def test_from_scipy_refuses_a_matrix_that_is_not_square():
    with pytest.raises(ValueError, match="square"):
        Cooccurrence.from_scipy(np.ones((2, 3)))


def test_from_scipy_refuses_an_array_that_is_not_a_matrix():
    with pytest.raises(ValueError, match=r"2-?D|two|dimension|square"):
        Cooccurrence.from_scipy(np.ones(4))


def test_from_scipy_refuses_a_vocabulary_of_another_size():
    with pytest.raises(ValueError, match="vocabulary"):
        Cooccurrence.from_scipy(np.ones((2, 2)), ["only"])


# ------------------------------------------------------------------------ probabilities and ratios


def test_probability_is_the_share_of_a_row(counts):
    X = counts.to_scipy().toarray()
    words = counts.vocabulary.words
    for given_word, word in [(0, 1), (1, 0), (5, 7), (20, 3)]:
        expected = X[given_word, word] / X[given_word].sum()
        measured = counts.probability(words[word], given=words[given_word])
        assert measured == pytest.approx(expected, rel=1e-12)


def test_probabilities_given_a_word_sum_to_one(counts):
    words = counts.vocabulary.words
    total = math.fsum(counts.probability(word, given=words[3]) for word in words)
    assert total == pytest.approx(1.0, rel=1e-12)


def test_nothing_is_probable_given_a_word_without_neighbours():
    counts = Cooccurrence.from_scipy(np.array([[2.0, 0.0], [0.0, 0.0]]), ["social", "hermit"])
    assert math.isnan(counts.probability("social", given="hermit"))


def test_ratio_divides_the_two_probabilities():
    X = np.array([[0.0, 6.0, 2.0], [6.0, 0.0, 1.0], [2.0, 1.0, 0.0]])
    counts = Cooccurrence.from_scipy(X, ["k", "i", "j"])
    assert counts.ratio("k", "i", "j") == pytest.approx((6 / 7) / (2 / 3), rel=1e-12)


def test_ratio_is_infinite_when_only_the_first_word_meets_k():
    X = np.array([[0.0, 1.0, 0.0], [1.0, 0.0, 1.0], [0.0, 1.0, 0.0]])
    counts = Cooccurrence.from_scipy(X, ["k", "i", "j"])
    with pytest.warns(RuntimeWarning, match="'k' co-occurs with 'i' but never with 'j'"):
        assert counts.ratio("k", "i", "j") == math.inf
    assert counts.ratio("k", "j", "i") == 0.0


def test_ratio_is_nan_when_neither_word_meets_k():
    X = np.array([[1.0, 0.0, 0.0], [0.0, 0.0, 1.0], [0.0, 1.0, 0.0]])
    with pytest.warns(RuntimeWarning, match="'k' co-occurs neither with 'i' nor with 'j'"):
        assert math.isnan(Cooccurrence.from_scipy(X, ["k", "i", "j"]).ratio("k", "i", "j"))


def test_an_unknown_word_is_a_key_error_that_names_it(counts):
    known = counts.vocabulary.words[0]
    with pytest.raises(KeyError, match="xyzzy"):
        counts.probability("xyzzy", given=known)
    with pytest.raises(KeyError, match="xyzzy"):
        counts.probability(known, given="xyzzy")
    for arguments in (("xyzzy", known, known), (known, "xyzzy", known), (known, known, "xyzzy")):
        with pytest.raises(KeyError, match="xyzzy"):
            counts.ratio(*arguments)


def test_an_unknown_word_is_answered_with_a_close_spelling():
    counts = Cooccurrence.from_scipy(np.ones((2, 2)), ["Steam", "ice"])
    for ask in (
        lambda: counts.probability("steam", given="ice"),
        lambda: counts.probability("ice", given="steam"),
        lambda: counts.ratio("ice", "ice", "steam"),
    ):
        with pytest.raises(KeyError, match="'steam' not present in vocabulary; did you mean 'St"):
            ask()


# --------------------------------------------------------------------------- Stanford's .bin format


def test_saving_writes_stanford_records(counts, tmp_path):
    counts.save(tmp_path / "cooc.bin")
    assert (tmp_path / "cooc.bin").stat().st_size == 16 * counts.nnz
    written = reference.read_stanford_records(tmp_path / "cooc.bin")
    reference.assert_same_records(written, counts.records(), rtol=0)


def test_loading_undoes_saving(counts, tmp_path):
    counts.save(tmp_path / "cooc.bin")
    again = Cooccurrence.load(tmp_path / "cooc.bin", vocabulary=counts.vocabulary)
    assert again.vocabulary == counts.vocabulary
    assert again.total == pytest.approx(counts.total, rel=1e-12)
    reference.assert_same_records(again.records(), counts.records(), rtol=0)


def test_loading_sorts_shuffled_records(counts, tmp_path):
    counts.save(tmp_path / "cooc.bin")
    raw = np.fromfile(tmp_path / "cooc.bin", dtype=reference.STANFORD_RECORD)
    np.random.default_rng(5).permutation(raw).tofile(tmp_path / "shuffled.bin")
    again = Cooccurrence.load(tmp_path / "shuffled.bin", vocabulary=counts.vocabulary)
    reference.assert_same_records(again.records(), counts.records(), rtol=0)


def stanford_file(path, *records):
    """Write records (word1, word2, x) to a file and return its path."""
    np.array(list(records), dtype=reference.STANFORD_RECORD).tofile(path)
    return path


def test_a_truncated_file_is_a_format_error_with_path_and_byte_offset(tmp_path):
    path = stanford_file(tmp_path / "cooc.bin", (1, 2, 1.0), (2, 1, 1.0))
    path.write_bytes(path.read_bytes()[:-5])
    with pytest.raises(FormatError) as caught:
        Cooccurrence.load(path, vocabulary=Vocabulary(["a", "b"], [1, 1]))
    message = str(caught.value)
    assert str(path) in message
    assert "byte 16" in message.replace(str(path), "")


@pytest.mark.parametrize(
    "bad",
    [(0, 1, 1.0), (1, 3, 1.0), (-1, 1, 1.0), (1, 2, math.nan), (1, 2, math.inf), (1, 2, -1.0)],
    ids=["word 0", "word beyond the vocabulary", "negative word", "NaN", "infinite", "negative x"],
)
def test_a_record_that_cannot_be_is_a_format_error_with_its_byte_offset(tmp_path, bad):
    path = stanford_file(tmp_path / "cooc.bin", (1, 2, 1.0), (2, 1, 1.0), bad, (1, 1, 1.0))
    with pytest.raises(FormatError) as caught:
        Cooccurrence.load(path, vocabulary=Vocabulary(["a", "b"], [1, 1]))
    offset = re.search(r"\bbyte (\d+)", str(caught.value).replace(str(path), ""))
    assert offset is not None
    assert 32 <= int(offset[1]) < 48
