"""Counting under a memory limit, files of counts, sums of counts, large vocabularies."""

import ctypes
import gzip
import os
import pickle
import re
import signal
import subprocess
import sys
import textwrap
import time

import numpy as np
import pytest

import reference
from glove_rs import Cooccurrence, FormatError, Glove, Vocabulary


@pytest.fixture(scope="module")
def long_text(tmp_path_factory):
    """Two megabytes of text: several chunks, and several segments with a small memory limit."""
    rng = np.random.default_rng(3)
    words = np.array([f"w{k}" for k in range(5000)])
    frequency = 1.0 / np.arange(1, words.size + 1)
    path = tmp_path_factory.mktemp("long") / "corpus.txt"
    with path.open("w") as file:
        for _ in range(800):
            tokens = rng.choice(words, size=rng.integers(0, 1000), p=frequency / frequency.sum())
            file.write(" ".join(tokens) + "\n")
    return path


@pytest.fixture(scope="module")
def one_line(long_text, tmp_path_factory):
    """The text of `long_text` as one document. Windows must cross the ends of segments."""
    path = tmp_path_factory.mktemp("line") / "corpus.txt"
    path.write_text(long_text.read_text().replace("\n", " "))
    return path


@pytest.mark.slow
@pytest.mark.parametrize("symmetric", [True, pytest.param(False, marks=pytest.mark.slow)])
@pytest.mark.parametrize("window", [3, pytest.param(40, marks=pytest.mark.slow)])
@pytest.mark.parametrize("text", ["long_text", "one_line"])
def test_a_memory_limit_changes_no_record(request, text, window, symmetric, tmp_path):
    source = request.getfixturevalue(text)
    settings = {"window": window, "symmetric": symmetric}
    free = Cooccurrence.from_corpus(source, **settings)
    limited = Cooccurrence.from_corpus(source, memory="1MB", tmp_dir=tmp_path, **settings)
    assert "on disk" in repr(limited)
    assert "on disk" not in repr(free)
    reference.assert_same_records(limited.records(), free.records())
    assert limited.nnz == free.nnz
    assert limited.total == pytest.approx(free.total, rel=1e-12)
    assert limited.vocabulary == free.vocabulary
    assert list(tmp_path.iterdir()) == []


def test_gaps_survive_the_cut_between_segments(one_line):
    settings = {"window": 7, "min_count": 200, "keep_gaps": True}
    free = Cooccurrence.from_corpus(one_line, **settings)
    limited = Cooccurrence.from_corpus(one_line, memory="1MB", **settings)
    reference.assert_same_records(limited.records(), free.records())


@pytest.fixture(scope="module")
def one_thread_records(long_text):
    """The records that one thread counts under a memory limit."""
    return Cooccurrence.from_corpus(long_text, memory="2MB", threads=1).records()


@pytest.mark.slow
@pytest.mark.parametrize("threads", [2, *(pytest.param(n, marks=pytest.mark.slow) for n in (3, 8))])
def test_a_limit_gives_the_same_bits_for_any_number_of_threads(
    long_text, one_thread_records, threads
):
    many = Cooccurrence.from_corpus(long_text, memory="2MB", threads=threads)
    reference.assert_same_records(many.records(), one_thread_records, rtol=0)


@pytest.mark.slow
def test_counts_on_disk_answer_and_train_as_those_in_memory(long_text):
    free = Cooccurrence.from_corpus(long_text)
    limited = Cooccurrence.from_corpus(long_text, memory="1MB")
    assert limited.probability("w1", given="w7") == pytest.approx(
        free.probability("w1", given="w7"), rel=1e-9
    )
    assert limited.ratio("w3", "w1", "w2") == pytest.approx(free.ratio("w3", "w1", "w2"), rel=1e-9)
    options = {"dim": 5, "epochs": 2, "deterministic": True}
    np.testing.assert_allclose(
        Glove(**options).fit_cooccurrence(limited).history,
        Glove(**options).fit_cooccurrence(free).history,
        rtol=1e-6,
    )


@pytest.mark.slow
def test_a_reference_text_of_seventeen_million_words(enwiki_17m):
    X = Cooccurrence.from_corpus(enwiki_17m, memory="256MB")
    assert len(X.vocabulary) == 89_082
    assert X.nnz == 68_984_037
    # The sum of the records that Stanford's tools counted in this text.
    assert X.total == pytest.approx(107_870_595.274, rel=1e-9)


# --- faults -------------------------------------------------------------------------------------


@pytest.mark.parametrize("missing", ["nowhere", "a/b/c"])
def test_a_missing_tmp_dir_is_named(long_text, tmp_path, missing):
    with pytest.raises(FileNotFoundError) as error:
        Cooccurrence.from_corpus(long_text, memory="1MB", tmp_dir=tmp_path / missing)
    assert error.value.filename == str(tmp_path / missing)


@pytest.fixture
def tiny_disk(request, tmp_path):
    """A file system of one megabyte, or of the size that the test names."""
    libc = ctypes.CDLL(None, use_errno=True)
    folder = tmp_path / "tiny"
    folder.mkdir()
    size = os.fsencode(f"size={getattr(request, 'param', '1m')}")
    if not hasattr(libc, "mount") or libc.mount(b"tmpfs", os.fsencode(folder), b"tmpfs", 0, size):
        pytest.skip("a tmpfs cannot be mounted here (needs root on Linux)")
    yield folder
    libc.umount2(os.fsencode(folder), 2)


def test_a_full_tmp_dir_says_where_and_how_much_space_is_needed(long_text, tiny_disk):
    with pytest.raises(OSError, match=r"about \d+ MB or more are needed") as error:
        Cooccurrence.from_corpus(long_text, memory="1MB", tmp_dir=tiny_disk)
    assert error.value.errno == 28
    assert error.value.filename == str(tiny_disk)
    assert list(tiny_disk.iterdir()) == []
    assert os.statvfs(tiny_disk).f_bfree > 200  # the space of the temporary files is free again


def space_needed(source, tmp_dir):
    """Count on a disk that is too small; return the megabytes that the message names."""
    with pytest.raises(OSError, match="No space left") as error:
        Cooccurrence.from_corpus(source, memory="1MB", tmp_dir=tmp_dir, min_count=1)
    return int(re.search(r"about (\d+) MB or more", str(error.value))[1])


@pytest.mark.slow
@pytest.mark.parametrize("tiny_disk", ["256k"], indirect=True)
def test_the_space_for_a_compressed_text_is_that_for_the_text(long_text, tmp_path, tiny_disk):
    packed = tmp_path / "corpus.txt.gz"
    packed.write_bytes(gzip.compress(long_text.read_bytes()))
    # How much of a compressed file was read is known only in whole blocks of the decompressor. So
    # the space is less exact.
    assert space_needed(packed, tiny_disk) >= 0.7 * space_needed(long_text, tiny_disk)


@pytest.mark.slow
@pytest.mark.parametrize("tiny_disk", ["4m"], indirect=True)
def test_the_space_needed_includes_that_of_all_segments(tmp_path, tiny_disk):
    rng = np.random.default_rng(1)
    # The text has 12 MB, which is twelve chunks, because its words are long. Their ids take 4 bytes
    # for each word of the text, 1.6 MB in all, and fit on the disk. So the disk is full only when
    # the rows of counts are written.
    words = np.array([f"{k:030}" for k in range(1000)])
    path = tmp_path / "corpus.txt"
    path.write_text("\n".join(" ".join(rng.choice(words, size=100)) for _ in range(4000)))
    assert space_needed(path, tiny_disk) > 4


@pytest.mark.slow
def test_an_interrupted_count_leaves_no_temporary_file(long_text, tmp_path):
    code = """
        import sys
        from glove_rs import Cooccurrence
        print("ready", flush=True)
        while True:
            Cooccurrence.from_corpus(sys.argv[1], memory="1MB", tmp_dir=sys.argv[2])
    """
    child = subprocess.Popen(
        [sys.executable, "-c", textwrap.dedent(code), long_text, tmp_path],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert child.stdout.readline() == "ready\n"
    time.sleep(0.7)
    child.send_signal(signal.SIGINT)
    _, errors = child.communicate(timeout=60)
    assert "KeyboardInterrupt" in errors
    assert list(tmp_path.iterdir()) == []


# --- files --------------------------------------------------------------------------------------


@pytest.fixture(scope="module", params=[True, False], ids=["symmetric", "directed"])
def counts(request, zipf):
    return Cooccurrence.from_corpus(zipf.path, symmetric=request.param, min_count=2)


def test_native_files_hold_counts_and_words_exactly(counts, tmp_path):
    counts.save(tmp_path / "counts")
    again = Cooccurrence.load(tmp_path / "counts")
    assert again.vocabulary == counts.vocabulary
    assert again.symmetric == counts.symmetric
    assert (again.nnz, again.total) == (counts.nnz, counts.total)
    reference.assert_same_records(again.records(), counts.records(), rtol=0)


@pytest.mark.slow
@pytest.mark.parametrize("symmetric", [True, False])
def test_native_files_take_at_most_half_of_stanfords(topics, tmp_path, symmetric):
    X = Cooccurrence.from_corpus(topics, symmetric=symmetric)
    assert X.nnz > 100_000
    X.save(tmp_path / "counts")
    assert (tmp_path / "counts").stat().st_size <= 8 * X.nnz


@pytest.mark.parametrize("keep", [0, 7, 40, 200, -1])
def test_a_truncated_native_file_is_refused_with_its_offset(counts, tmp_path, keep):
    counts.save(tmp_path / "counts")
    whole = (tmp_path / "counts").read_bytes()
    (tmp_path / "counts").write_bytes(whole[:keep])
    with pytest.raises((FormatError, ValueError)) as error:
        Cooccurrence.load(tmp_path / "counts")
    assert str(tmp_path / "counts") in str(error.value)


def test_a_native_file_brings_its_own_words(counts, tmp_path):
    counts.save(tmp_path / "counts")
    with pytest.raises(ValueError, match="vocabulary must be None"):
        Cooccurrence.load(tmp_path / "counts", counts.vocabulary)


def test_stanfords_records_need_words(counts, tmp_path):
    counts.save(tmp_path / "counts.bin")
    with pytest.raises(ValueError, match="vocabulary must be given"):
        Cooccurrence.load(tmp_path / "counts.bin")


def test_counts_pickle(counts):
    again = pickle.loads(pickle.dumps(counts))
    assert again.vocabulary == counts.vocabulary
    reference.assert_same_records(again.records(), counts.records(), rtol=0)


# --- arithmetic ---------------------------------------------------------------------------------


@pytest.mark.parametrize("symmetric", [True, False])
def test_counts_of_two_texts_add_up_to_those_of_both(zipf, symmetric):
    settings = {"min_count": 1, "symmetric": symmetric}
    half = len(zipf.documents) // 2
    both = Cooccurrence.from_corpus(zipf.documents, **settings)
    parts = [
        Cooccurrence.from_corpus(documents, **settings)
        for documents in (zipf.documents[:half], zipf.documents[half:])
    ]
    assert parts[0].vocabulary != parts[1].vocabulary
    merged = parts[0] + parts[1]
    assert merged.vocabulary == both.vocabulary
    assert merged.symmetric == both.symmetric
    reference.assert_same_records(merged.records(), both.records())


def test_texts_counted_with_the_same_given_words_keep_them(zipf):
    vocabulary = Vocabulary.from_corpus(zipf.path)
    half = len(zipf.documents) // 2
    parts = [
        Cooccurrence.from_corpus(documents, vocabulary)
        for documents in (zipf.documents[:half], zipf.documents[half:])
    ]
    merged = parts[0] + parts[1]
    assert merged.vocabulary == vocabulary
    reference.assert_same_records(
        merged.records(), Cooccurrence.from_corpus(zipf.path, vocabulary).records()
    )


def test_a_number_scales_counts(counts):
    row, col, x = counts.records()
    reference.assert_same_records((counts * 0.5).records(), (row, col, x * 0.5), rtol=0)
    reference.assert_same_records((2 * counts).records(), (row, col, x * 2), rtol=0)
    assert (counts * 0.5).vocabulary == counts.vocabulary


@pytest.mark.parametrize("weight", [0, -1, float("nan"), float("inf")])
def test_a_weight_must_be_a_finite_number_above_zero(counts, weight):
    with pytest.raises(ValueError, match="weight"):
        counts * weight


def test_counts_add_to_counts_only(counts):
    with pytest.raises(TypeError):
        counts + 1
    with pytest.raises(TypeError):
        counts * "2"


# --- large vocabularies and estimates -----------------------------------------------------------


@pytest.mark.slow
def test_rare_rows_of_a_large_vocabulary_equal_brute_force(tmp_path):
    # There are more words than the 65,536 of DENSE_WIDTH in accumulator.rs, so that the last rows
    # are summed in a hash table.
    words = [f"w{k:06d}" for k in range(70_000)]
    rng = np.random.default_rng(8)
    documents = [words[k : k + 50] for k in range(0, len(words), 50)]
    documents += [rng.choice(words[60_000:], size=200).tolist() for _ in range(3)]
    vocabulary = Vocabulary(words, [1] * len(words))
    settings = {"window": 3, "symmetric": True, "distance_weighting": True, "keep_gaps": False}
    X = Cooccurrence.from_corpus(documents, vocabulary, window=3)
    reference.assert_same_records(
        X.records(), reference.cooccurrence(documents, words, **settings), rtol=1e-12
    )


@pytest.mark.slow
def test_an_estimate_reads_part_of_a_longer_text(long_text, tmp_path):
    longer = tmp_path / "longer.txt"
    longer.write_bytes(3 * long_text.read_bytes())
    estimate = Cooccurrence.estimate(longer, memory="1MB")
    X = Cooccurrence.from_corpus(longer)
    assert estimate.bytes_read < estimate.bytes_total == longer.stat().st_size
    assert estimate.tokens == pytest.approx(X.vocabulary.counts.sum(), rel=0.25)
    assert estimate.words == pytest.approx(len(X.vocabulary), rel=0.01)
    assert estimate.disk > 0
    assert Cooccurrence.estimate(longer).disk == 0


@pytest.mark.slow
def test_an_estimate_of_a_large_text_is_within_a_quarter_and_reads_little(enwiki_17m):
    estimate = Cooccurrence.estimate(enwiki_17m, memory="256MB")
    assert estimate.bytes_read <= 0.05 * estimate.bytes_total
    assert estimate.bytes_total == enwiki_17m.stat().st_size
    assert estimate.tokens == pytest.approx(16_938_729, rel=0.25)
    assert estimate.words == pytest.approx(89_082, rel=0.25)
    assert estimate.records == pytest.approx(68_984_037, rel=0.25)
    assert estimate.disk > 0
    assert Cooccurrence.estimate(enwiki_17m).disk == 0


def test_an_estimate_of_a_small_text_is_exact(zipf):
    estimate = Cooccurrence.estimate(zipf.path, min_count=2, window=4)
    X = Cooccurrence.from_corpus(zipf.path, min_count=2, window=4)
    assert (estimate.words, estimate.records) == (len(X.vocabulary), X.nnz)
    assert estimate.tokens == sum(map(len, zipf.documents))
    assert "tokens" in str(estimate)
