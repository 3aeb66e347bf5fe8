"""Ctrl-C stops counting and training within half a second, and no temporary file remains."""

from __future__ import annotations

import gzip
import os
import signal
import subprocess
import sys
import textwrap
import time

import numpy as np
import pytest

from interrupting import HANG, LIMIT, cpu_seconds

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(os.name != "posix", reason="needs POSIX signals"),
]

# The child prints when the work has begun, and how much CPU time it has used when KeyboardInterrupt
# is raised.
CHILD = textwrap.dedent(
    """
    import sys, time
    import numpy as np
    from glove_rs import Cooccurrence, Glove, Vocabulary, WordVectors

    stages = set()

    def report(stage, done, total, info):
        if stage not in stages:
            stages.add(stage)
            print(stage, flush=True)

    def work():
    {work}

    try:
        work()
    except KeyboardInterrupt:
        print("interrupted", time.process_time(), flush=True)
        raise
    print("finished", flush=True)
    """
)


@pytest.fixture(scope="module")
def corpus(tmp_path_factory):
    """Three million tokens of 2,000 words with Zipf's frequencies. A wide window is slow."""
    rng = np.random.default_rng(2)
    frequency = 1.0 / np.arange(1, 2001)
    words = np.array([f"w{k}" for k in range(2000)])
    path = tmp_path_factory.mktemp("interrupt") / "corpus.txt"
    with path.open("w") as file:
        for _ in range(3):
            tokens = rng.choice(words, size=10**6, p=frequency / frequency.sum())
            file.write(" ".join(tokens.tolist()) + "\n")
    return path


def interrupt(work, stage, folder, *, after=0.3):
    """Run `work` in a child process. Send SIGINT ``after`` seconds after ``stage`` has begun.

    Returns the CPU seconds from the signal to the exception. The child writes temporary files to
    ``folder``, and none may remain there.
    """
    code = CHILD.replace("{work}", textwrap.indent(textwrap.dedent(work), "    "))
    child = subprocess.Popen(
        [sys.executable, "-c", code],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, "TMPDIR": str(folder)},
        cwd=folder,
    )
    try:
        for line in child.stdout:
            if line.strip() == stage:
                break
            assert line.strip() != "finished", f"the work ended before its stage {stage!r}"
        else:
            pytest.fail(f"the child never reached {stage!r}: {child.stderr.read()}")
        time.sleep(after)
        sent = cpu_seconds(child.pid)
        child.send_signal(signal.SIGINT)
        child.wait(timeout=HANG)
    finally:
        child.kill()
        child.wait()
    out, err = child.stdout.read(), child.stderr.read()
    assert out.startswith("interrupted"), f"the stage was over before the signal: {out} {err}"
    assert err.rstrip().endswith("KeyboardInterrupt"), err
    assert child.returncode == -signal.SIGINT
    assert list(folder.iterdir()) == []
    return float(out.split()[1]) - sent


@pytest.mark.parametrize("threads", [1, 2])
def test_counting_stops(corpus, tmp_path, threads):
    work = f"""
        Cooccurrence.from_corpus(
            {str(corpus)!r}, window=5000, threads={threads}, progress=report
        )
    """
    assert interrupt(work, "counting", tmp_path) < LIMIT
    assert [entry.name for entry in corpus.parent.iterdir()] == [corpus.name]


def test_counting_inside_fit_stops(corpus, tmp_path):
    work = f"Glove(window=5000, threads=1, progress=report).fit({str(corpus)!r})"
    assert interrupt(work, "counting", tmp_path) < LIMIT


@pytest.mark.parametrize("threads", [1, 2])
def test_training_stops_in_the_middle_of_an_epoch(tmp_path, threads):
    # An epoch of four million records with vectors of a thousand components takes seconds.
    work = f"""
        X = np.ones((2000, 2000))
        Glove(dim=1000, threads={threads}, progress=report).fit_cooccurrence(X)
    """
    assert interrupt(work, "training", tmp_path) < LIMIT


def test_training_stops_among_many_short_epochs(tmp_path):
    work = """
        X = np.ones((30, 30))
        Glove(dim=10, epochs=10**7, progress=report).fit_cooccurrence(X)
    """
    assert interrupt(work, "training", tmp_path) < LIMIT


def test_training_without_a_progress_report_stops(tmp_path):
    work = """
        X = np.ones((2000, 2000))
        print("starting", flush=True)
        Glove(dim=1000, epochs=1000).fit_cooccurrence(X)
    """
    assert interrupt(work, "starting", tmp_path, after=1.5) < LIMIT


def test_reading_an_endless_iterator_stops(tmp_path):
    work = """
        import itertools
        print("starting", flush=True)
        Vocabulary.from_corpus(itertools.repeat("the same few words"))
    """
    assert interrupt(work, "starting", tmp_path) < LIMIT


@pytest.mark.parametrize("tokenizer", ["'unicode'", "str.split"])
@pytest.mark.parametrize("write", [False, True])
def test_waiting_for_a_pipe_stops(tmp_path_factory, tmp_path, tokenizer, write):
    path = tmp_path_factory.mktemp("interrupt") / "pipe"
    os.mkfifo(path)
    # With `write`, the pipe has a writer that has stopped. Otherwise it has no writer.
    work = f"""
        import os
        held = os.open({str(path)!r}, os.O_RDWR) if {write} else None
        held and os.write(held, b"a few words\\n")
        print("starting", flush=True)
        Vocabulary.from_corpus({str(path)!r}, tokenizer={tokenizer})
    """
    assert interrupt(work, "starting", tmp_path) < LIMIT


@pytest.mark.parametrize("tokenizer", ["'unicode'", "str.split"])
def test_waiting_for_standard_input_stops(tmp_path, tokenizer):
    work = f"""
        import os, sys
        end, held = os.pipe()
        os.dup2(end, 0)
        print("starting", flush=True)
        Vocabulary.from_corpus("-", tokenizer={tokenizer})
    """
    assert interrupt(work, "starting", tmp_path) < LIMIT


@pytest.mark.parametrize("threads", [1, 2])
def test_fitting_subwords_stops(tmp_path, threads):
    work = f"""
        from glove_rs import Subwords
        wv = WordVectors([f"{{i * i:x}}" for i in range(20_000)], np.ones((20_000, 100)))
        Subwords.fit(wv, steps=10**6, threads={threads}, progress=report)
    """
    assert interrupt(work, "subwords", tmp_path) < LIMIT


def test_loading_vectors_stops(tmp_path_factory, tmp_path):
    # A compressed file of two megabytes with a hundred million lines.
    path = tmp_path_factory.mktemp("interrupt") / "vectors.gz"
    path.write_bytes(gzip.compress(b"word 1 2 3\n" * 10**6) * 100)
    work = f"WordVectors.load({str(path)!r}, progress=report)"
    assert interrupt(work, "loading", tmp_path) < LIMIT


def test_saving_vectors_stops_and_keeps_the_older_file(tmp_path_factory, tmp_path):
    path = tmp_path_factory.mktemp("interrupt") / "vectors"
    path.write_bytes(b"the older file")
    work = f"""
        wv = WordVectors([str(i) for i in range(400_000)], np.full((400_000, 200), 1 / 3))
        print("starting", flush=True)
        wv.save_word2vec_format({str(path)!r})
    """
    assert interrupt(work, "starting", tmp_path) < LIMIT
    assert path.read_bytes() == b"the older file"
    assert list(path.parent.iterdir()) == [path]
