"""Estimates, compared with what counting the text and fitting a model need."""

import gzip
import json
import os
import re
import statistics
import subprocess
import sys
import threading
import zipfile
from collections import Counter

import numpy as np
import pytest

import glove_rs
from glove_rs import Cooccurrence, CountingEstimate, FormatError, Glove
from glove_rs._fit.estimate import INTERPRETER

#: A program that prints how many bytes a fit adds to the memory of a process that has imported the
#: package. It reads /proc, because the peak of `getrusage` would include the parent process.
MEASURE = """
import json, sys
from glove_rs import Glove

def status(name):
    with open("/proc/self/status") as file:
        return next(int(line.split()[1]) * 1024 for line in file if line.startswith(name))

settings = json.loads(sys.argv[2])
keep_counts = settings.pop("keep_counts")
before = status("VmRSS")
Glove(**settings, progress=False).fit(sys.argv[1], keep_counts=keep_counts)
print(status("VmHWM") - before)
"""


def zipf_lines(tokens, words, exponent, seed=5):
    """Lines of 200 words. The probability of a word is proportional to rank^-exponent."""
    rng = np.random.default_rng(seed)
    weights = np.arange(1.0, words + 1) ** -exponent
    ranks = np.searchsorted(np.cumsum(weights) / weights.sum(), rng.random((tokens // 200, 200)))
    names = np.array([f"word{k:x}" for k in range(words + 1)])
    return [" ".join(line) for line in names[ranks]]


@pytest.fixture(scope="module")
def small(tmp_path_factory):
    """A text so short that the estimate reads all of it and its counts are exact."""
    path = tmp_path_factory.mktemp("estimate") / "corpus.txt"
    path.write_text("\n".join(zipf_lines(260_000, 40_000, 1.0)))
    return path


@pytest.fixture(scope="module")
def many_words(tmp_path_factory):
    """A short text with many different words. The estimate reads all of it."""
    path = tmp_path_factory.mktemp("estimate") / "many_words.txt"
    path.write_text("\n".join(zipf_lines(20_000, 14_000, 0.3)))
    return path


@pytest.fixture(scope="module")
def large(tmp_path_factory):
    """A text of 9 MB, in which new words appear up to its end."""
    path = tmp_path_factory.mktemp("estimate") / "large.txt"
    path.write_text("\n".join(zipf_lines(2_000_000, 1_000_000, 1.15)))
    assert path.stat().st_size > 9e6
    return path


@pytest.fixture(scope="module")
def truth(large):
    return Cooccurrence.from_corpus(large, window=5)


# --- memory ---------------------------------------------------------------------------------------


@pytest.mark.slow
@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="the peak is read from /proc")
@pytest.mark.parametrize(
    ("preset", "optimizer"),
    [("best", "adagrad"), ("best", "rowwise_adagrad"), ("paper", "adagrad")],
)
@pytest.mark.parametrize(("dim", "keep_counts"), [(50, False), (300, False), (50, True)])
def test_the_estimated_memory_is_within_15_percent_of_the_peak_of_a_fit(
    small, dim, keep_counts, preset, optimizer
):
    settings = {
        "dim": dim,
        "preset": preset,
        "optimizer": optimizer,
        "epochs": 1,
        "min_count": 1,
        "threads": 2,
    }
    arguments = [str(small), json.dumps(settings | {"keep_counts": keep_counts})]

    def peak():
        command = [sys.executable, "-c", MEASURE, *arguments]
        # Workers of Dask, which other tests start, leave a setting of the allocator in the
        # environment of this process. With it the allocator returns freed memory earlier, so the
        # program does not get it.
        user = {k: v for k, v in os.environ.items() if not k.startswith("MALLOC_")}
        return int(subprocess.run(command, capture_output=True, check=True, env=user).stdout)

    estimate = Glove(**settings).estimate(small, keep_counts=keep_counts)
    assert estimate.disk == 0
    assert estimate.parameters < estimate.memory
    assert estimate.bounds["parameters"] == (estimate.parameters, estimate.parameters)
    low, high = estimate.bounds["memory"]
    assert low < estimate.memory < high
    # Compare the estimate with the median of three peaks: on a busy machine, one peak may be 10 MB
    # higher than the others. While the system has free huge pages of 2 MiB, the sizes of buffers
    # are rounded up to whole huge pages. For these small fits this can add as much as 16 MB:
    # a peak was 78 MB instead of 62.7 MB.
    peaks = [peak() for _ in range(3)]
    expected = pytest.approx(statistics.median(peaks), rel=0.15, abs=16e6)
    assert estimate.memory - INTERPRETER == expected, peaks


@pytest.mark.slow
def test_rowwise_adagrad_has_rows_of_half_the_length(many_words):
    each, rowwise = (
        Glove(dim=60, min_count=1, window=2, optimizer=optimizer).estimate(many_words)
        for optimizer in ("adagrad", "rowwise_adagrad")
    )
    assert rowwise.parameters == each.parameters // 2
    assert rowwise.memory < each.memory
    # The advice also depends on the optimizer: with "adagrad" the fit exceeds `available`.
    available = rowwise.memory + 10**5
    assert rowwise.within(available).fits
    assert not each.within(available).fits


@pytest.mark.slow
def test_kept_counts_take_memory(many_words):
    kept, freed = (
        Glove(min_count=1, window=2).estimate(many_words, keep_counts=keep).memory
        for keep in (True, False)
    )
    assert kept > freed


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="needs named pipes")
def test_the_counts_of_a_pipe_are_kept_as_in_a_fit(tmp_path):
    text = "a b c a b " * 100
    os.mkfifo(tmp_path / "pipe")
    writer = threading.Thread(target=(tmp_path / "pipe").write_text, args=[text])
    writer.start()
    found = Glove(min_count=1).estimate(tmp_path / "pipe")
    writer.join()
    (tmp_path / "file").write_text(text)
    kept, freed = (
        Glove(min_count=1).estimate(tmp_path / "file", keep_counts=keep).memory
        for keep in (True, False)
    )
    assert found.memory == kept > freed


@pytest.mark.parametrize("memory", [None, 999_999, "lots"])
def test_available_memory_must_be_a_size(memory):
    estimate = Glove(dim=5, min_count=1).estimate(["a b c a b"])
    with pytest.raises(ValueError, match="memory must be"):
        estimate.within(memory)


@pytest.mark.slow
def test_a_limit_within_some_memory_is_the_largest_that_fits(small):
    model = Glove(dim=50, min_count=1)
    free = model.estimate(small)
    available = free.memory - 4 * 10**6
    advice = free.within(available)
    assert not advice.fits
    assert "memory=" in str(advice)
    within = model.set_params(memory=advice.memory).estimate(small)
    assert within.memory <= available
    assert within.disk == advice.disk > 0
    assert within.within(available).fits
    assert model.set_params(memory=advice.memory + 10**6).estimate(small).memory > available


@pytest.mark.slow
def test_parameters_that_are_too_large_need_shorter_vectors_or_fewer_words(tmp_path):
    # The text has so many words that the parameters take most of the memory.
    path = tmp_path / "corpus.txt"
    path.write_text("\n".join(zipf_lines(60_000, 40_000, 0.3)))
    free = Glove(dim=300, min_count=1, window=2).estimate(path)
    advice = free.within(INTERPRETER + free.parameters // 3)
    assert advice.disk is None
    assert advice.dim in {25, 50}
    assert 0 < advice.max_vocab < free.counts.words
    assert str(free.within("1TB")) == "fits without a change"
    assert str(free.within("1MB")) == "the parameters alone are too large"


# --- sources --------------------------------------------------------------------------------------


def sources(path, folder):
    text = path.read_text()
    lines = text.splitlines()
    packed = folder / "packed.gz"
    packed.write_bytes(gzip.compress(text.encode()))
    halves = folder / "halves"
    halves.mkdir()
    for number, half in enumerate([lines[: len(lines) // 2], lines[len(lines) // 2 :]]):
        (halves / f"{number}.txt").write_text("\n".join(half))
    archive = folder / "halves.zip"
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED) as file:
        for half in sorted(halves.iterdir()):
            file.write(half, half.name)
        file.write(path, "notes/.whole.txt")  # hidden, so not part of the text
    utf16 = folder / "utf16"
    utf16.write_text(text, encoding="utf-16")
    return {
        "path": path,
        "name": str(path),
        "paths": sorted(halves.iterdir()),
        "folder": halves,
        "pattern": str(halves / "*.txt"),
        "packed": packed,
        "archive": archive,
        "members": [f"{archive}:0.txt", f"{archive}:1.txt"],
        "utf-16": utf16,
        "list": lines,
        "generator": (line for line in lines),
        "words": [line.split() for line in lines],
        "bytes": path.open("rb"),
        "text": path.open(encoding="utf-8"),
    }


@pytest.mark.slow
def test_every_source_has_the_estimate_of_its_text(small, tmp_path):
    X = Cooccurrence.from_corpus(small, min_count=2, window=3)
    expected = (int(Cooccurrence.from_corpus(small, min_count=1).vocabulary.counts.sum()),)
    expected += (len(X.vocabulary), X.nnz)
    for kind, source in sources(small, tmp_path).items():
        found = Cooccurrence.estimate(source, min_count=2, window=3)
        assert (found.tokens, found.words, found.records) == expected, kind
        assert found.bytes_read == found.bytes_total > 0, kind
        assert found.bounds["records"] == (X.nnz, X.nnz), kind


def test_a_column_of_a_table_is_a_source(many_words):
    pyarrow = pytest.importorskip("pyarrow")
    lines = many_words.read_text().splitlines()
    found = Cooccurrence.estimate(pyarrow.table({"text": lines}), window=3)
    assert found.records == Cooccurrence.from_corpus(many_words, window=3).nnz


@pytest.mark.slow
def test_a_function_splits_a_sample_into_words(large, truth):
    found = Cooccurrence.estimate(large, window=5, tokenizer=str.split)
    assert found.bytes_read < found.bytes_total
    assert found.words == pytest.approx(len(truth.vocabulary), rel=0.25)


@pytest.mark.slow
def test_a_long_file_that_is_no_text_is_refused(tmp_path):
    vectors = tmp_path / "vectors.txt"
    numbers = " ".join(["0.125"] * 50)
    vectors.write_text("".join(f"word{k} {numbers}\n" for k in range(20_000)))
    assert vectors.stat().st_size > 5e6
    with pytest.raises(FormatError, match=r"vectors\.txt.*not text but word vectors"):
        Cooccurrence.estimate(vectors)


@pytest.mark.slow
def test_a_long_table_is_sampled_with_a_warning(tmp_path):
    table = tmp_path / "table.csv"
    table.write_text("".join(f"{k},a text of some words,{k % 7}\n" for k in range(200_000)))
    with pytest.warns(RuntimeWarning, match=r"table\.csv: this looks like"):
        found = Cooccurrence.estimate(table)
    assert found.bytes_read < found.bytes_total


# --- estimates from a sample ----------------------------------------------------------------------


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["path", "paths", "packed", "archive", "generator"])
def test_a_sample_of_a_zipf_text_tells_its_words_and_records(large, truth, tmp_path, kind):
    source = sources(large, tmp_path)[kind]
    found = Cooccurrence.estimate(source, window=5)
    assert found.tokens == pytest.approx(2_000_000, rel=0.02)
    for name, true in [("words", len(truth.vocabulary)), ("records", truth.nnz)]:
        low, high = found.bounds[name]
        assert low <= true <= high, name
        assert low < getattr(found, name) < high
        assert getattr(found, name) == pytest.approx(true, rel=0.1), name
    if kind.startswith("path"):
        assert found.bytes_read < found.bytes_total == pytest.approx(large.stat().st_size, rel=0.01)


@pytest.mark.slow
def test_words_that_have_an_end_are_not_extrapolated_beyond_it(tmp_path):
    path = tmp_path / "corpus.txt"
    path.write_text("\n".join(zipf_lines(2_000_000, 5000, 0.8)))
    found = Cooccurrence.estimate(path, window=2)
    assert found.bytes_read < found.bytes_total
    assert found.words == pytest.approx(5000, rel=0.01)


@pytest.mark.slow
def test_max_vocab_keeps_the_words_that_counting_keeps():
    # All words are equally frequent, but they have different numbers of neighbours.
    words = [f"{k * k:x}{k}" for k in range(40)]
    lines = [" ".join([word, *words[: k % 7]]) for k, word in enumerate(words)]
    counts = Counter(" ".join(lines).split())
    lines += [word for word in words for _ in range(40 - counts[word])]
    for most in (3, 10, 20, 30):
        settings = {"min_count": 1, "max_vocab": most, "window": 5}
        expected = Cooccurrence.from_corpus(lines, **settings)
        found = Cooccurrence.estimate(lines, **settings)
        assert (found.words, found.records) == (most, expected.nnz)


@pytest.mark.slow
def test_max_vocab_bounds_the_words(large):
    found = Cooccurrence.estimate(large, window=2, max_vocab=1000)
    assert found.words == 1000
    X = Cooccurrence.from_corpus(large, window=2, max_vocab=1000)
    assert found.records == pytest.approx(X.nnz, rel=0.25)


# --- time, and how it is shown --------------------------------------------------------------------


@pytest.mark.slow
def test_the_time_has_three_stages_and_grows_with_the_epochs(many_words):
    few, many = (
        Glove(dim=10, min_count=2, epochs=epochs).estimate(many_words).seconds
        for epochs in (2, 200)
    )
    assert list(few) == ["counting", "preparing", "training"]
    assert all(0 < seconds < 60 for seconds in few.values())
    assert many["training"] > 5 * few["training"]


ROWS = ["text", "tokens", "words", "records", "memory", "parameters", "disk", "time"]


def rows_of(shown):
    return [line.split()[0] for line in shown.splitlines()]


@pytest.mark.slow
def test_an_estimate_from_a_sample_prints_as_a_table_with_ranges(large):
    shown = str(Glove(dim=20, memory="40MB").estimate(large))
    assert rows_of(shown) == ROWS
    assert re.search(r"^words +about [\d,]+ \([\d,]+ to [\d,]+\)$", shown, re.M)
    assert re.search(r"^disk +about [\d.]+ MB .* of temporary files$", shown, re.M)


def test_an_estimate_of_a_whole_text_prints_as_a_table(many_words):
    assert rows_of(str(Glove(dim=20).estimate(many_words))) == ROWS
    exact = str(Cooccurrence.estimate(many_words))
    assert re.search(r"^words +about [\d,]+$", exact, re.M)


def test_only_an_interval_around_a_value_is_called_an_estimate():
    found = Cooccurrence.estimate(["an apple a day"], min_count=1)
    assert type(found) is CountingEstimate
    assert glove_rs.cooccurrence.CountingEstimate is CountingEstimate
    assert not hasattr(glove_rs.cooccurrence, "Estimate")
    assert "Estimate" not in glove_rs.__all__
    with pytest.warns(DeprecationWarning, match="is now CountingEstimate") as caught:
        assert glove_rs.Estimate is CountingEstimate
    assert caught[0].filename == __file__
