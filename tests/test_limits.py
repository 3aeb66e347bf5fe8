"""Limits of the machine and of the text: reaching one raises an error and ends no process."""

from __future__ import annotations

import gzip
import os
import re
import signal
import subprocess
import sys
import textwrap
import time

import numpy as np
import pytest

from glove_rs import Cooccurrence, FormatError, Glove, Vocabulary, _core
from interrupting import HANG, LIMIT, cpu_seconds

posix = pytest.mark.skipif(os.name != "posix", reason="needs POSIX signals and limits")
linux = pytest.mark.skipif(sys.platform != "linux", reason="needs Linux's limit of address space")

# Time limits are generous, so that only a hang fails a test. The time is printed.

MOST = _core.most_threads()


# --- memory -------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def text(tmp_path_factory):
    """Half a million tokens of up to 100,000 different words, which have up to 30 characters."""
    rng = np.random.default_rng(5)
    path = tmp_path_factory.mktemp("limits") / "corpus.txt"
    with path.open("w") as file:
        for _ in range(500):
            ranks = (rng.pareto(0.5, size=1000) * 3).astype(np.int64) % 100_000
            file.write(
                " ".join(f"word-{rank:x}" * (1 + rank % 3) for rank in ranks.tolist()) + "\n"
            )
    return path


WORK = {
    "vocabulary": "Vocabulary.from_corpus(text, min_count=1)",
    "counts": "Cooccurrence.from_corpus(text, min_count=1, window=20)",
    "estimate": "Cooccurrence.estimate(text, min_count=1)",
    "scipy": "X.to_scipy()",
    "from_scipy": "Cooccurrence.from_scipy(S)",
    "sum": "X + X",
    "fit": "Glove(dim=100, epochs=1).fit(text, validation=0.1, checkpoint_dir=folder)",
}
LIMITED = """
import resource, sys
import numpy as np
from glove_rs import Cooccurrence, Glove, Vocabulary
work, text, folder, room = *sys.argv[1:4], int(sys.argv[4])
X = Cooccurrence.from_corpus(text) if "X" in work else None
if "scipy" in work:
    import scipy.sparse
if "S" in work:
    S = scipy.sparse.random(5000, 5000, 0.04, "csr", random_state=1)
with open("/proc/self/statm") as file:
    limit = int(file.read().split()[0]) * 4096 + room * 10**6
resource.setrlimit(resource.RLIMIT_AS, (limit, limit))
try:
    eval(work)
except MemoryError as error:
    print(error)
else:
    print("done")
"""


@pytest.mark.slow
@linux
@pytest.mark.parametrize("work", WORK)
def test_too_little_address_space_is_a_memory_error(text, tmp_path, work):
    if "scipy" in WORK[work]:
        pytest.importorskip("scipy")
    endings = []
    for room in (8, 20, 40, 80, 160, 4000):
        folder = tmp_path / str(room)
        child = subprocess.run(
            [sys.executable, "-c", LIMITED, WORK[work], text, folder, str(room)],
            capture_output=True,
            text=True,
            timeout=300,
            check=False,
        )
        assert child.returncode == 0, (room, child.stderr)
        endings.append(child.stdout.strip())
    assert endings[-1] == "done"
    assert endings[0] != "done"
    for ending in set(endings) - {"done"}:
        # The second message is that of NumPy.
        assert re.search(r"could not allocate \d+ bytes.*memory=|Unable to allocate", ending), (
            ending
        )


# --- threads ------------------------------------------------------------------------------------


@pytest.mark.parametrize("threads", [MOST + 1, 2048, 4096, 10**9])
def test_more_threads_than_make_sense_are_refused(threads):
    with pytest.raises(ValueError, match=f"^threads must be an integer from 1 to {MOST}, got"):
        Vocabulary.from_corpus(["a b c"], min_count=1, threads=threads)
    with pytest.raises(ValueError, match=f"^threads must be an integer from 1 to {MOST}, got"):
        Glove(threads=threads).fit(["a b c"])


@pytest.mark.slow
def test_as_many_threads_as_are_allowed_count_the_same(text):
    one, most = (Cooccurrence.from_corpus(text, threads=threads) for threads in (1, MOST))
    assert one.vocabulary == most.vocabulary
    for ours, theirs in zip(one.records(), most.records(), strict=True):
        np.testing.assert_array_equal(ours, theirs)


# --- words --------------------------------------------------------------------------------------


@pytest.mark.parametrize("tokenizer", ["whitespace", "unicode", "zh"])
def test_a_file_without_white_space_is_no_text(tmp_path, tokenizer):
    path = tmp_path / "one-word"
    path.write_bytes(b"a b\n" + b"x" * 10**7)
    with pytest.raises(FormatError, match=r"one-word, byte \d+: a word of .*max_word_bytes"):
        Vocabulary.from_corpus(path, min_count=1, tokenizer=tokenizer)


def test_a_long_word_is_named_with_its_place(tmp_path):
    path = tmp_path / "text"
    path.write_text("a b\nc " + "x" * 100 + " d\n")
    message = r"text, byte 6: a word of 100 bytes; the limit is max_word_bytes=99$"
    for call in (Vocabulary.from_corpus, Cooccurrence.from_corpus):
        with pytest.raises(FormatError, match=message):
            call(path, min_count=1, max_word_bytes=99)
    with pytest.raises(FormatError, match=message):
        Glove(min_count=1, max_word_bytes=99).fit(path)
    assert len(Vocabulary.from_corpus(path, min_count=1, max_word_bytes=100)) == 5


@pytest.mark.parametrize("document", ["a " + "x" * 100, ["a", "x" * 100]])
def test_a_long_word_of_a_document_is_refused(document):
    with pytest.raises(ValueError, match="a word of 100 bytes; the limit is max_word_bytes=99"):
        Vocabulary.from_corpus([document], min_count=1, max_word_bytes=99)


@pytest.mark.parametrize("most", [1, 2, 15, 16, 17])
@pytest.mark.parametrize("folding", [{}, {"lowercase": True}])
def test_the_limit_holds_for_short_words_too(most, folding):
    settings = {"min_count": 1, "max_word_bytes": most, **folding}
    longest = "x" * most
    for document in (f"a {longest} b", ["a", longest, "b"]):
        assert longest in Vocabulary.from_corpus([document], **settings)
    message = f"a word of {most + 1} bytes; the limit is max_word_bytes={most}$"
    for document in (f"a {longest}y b", ["a", longest + "y", "b"]):
        with pytest.raises(ValueError, match=message):
            Vocabulary.from_corpus([document], **settings)


@pytest.mark.parametrize("value", [0, -1, 2**31, 1.5, "1MB", None])
def test_a_bad_limit_of_words_is_refused(value):
    with pytest.raises(ValueError, match=r"^max_word_bytes must be an integer"):
        Vocabulary.from_corpus(["a"], max_word_bytes=value)


@pytest.mark.slow
def test_chinese_without_white_space_is_cut_at_punctuation(tmp_path):
    sentence = "我来到北京清华大学，他来到了网易杭研大厦。"
    path = tmp_path / "text"
    path.write_text(sentence * 50_000)  # three megabytes
    whole = Vocabulary.from_corpus(path, min_count=1, tokenizer="zh")
    one = Vocabulary.from_corpus([sentence], min_count=1, tokenizer="zh")
    assert set(whole.words) == set(one.words)
    assert whole.counts.sum() == 50_000 * one.counts.sum()


def test_a_window_may_be_wider_than_any_document():
    wide = Cooccurrence.from_corpus(["a b c a b"] * 3, window=10**9, min_count=1)
    narrow = Cooccurrence.from_corpus(["a b c a b"] * 3, window=4, min_count=1)
    for ours, theirs in zip(wide.records(), narrow.records(), strict=True):
        # For windows above 16 words, counting adds in another order: last bits may differ.
        np.testing.assert_allclose(ours, theirs, rtol=1e-14)


# --- small files with large content -------------------------------------------------------------

BOMB = """
import resource, sys, time
from glove_rs import Cooccurrence, FormatError
def peak():
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss >> 10
before = peak()
try:
    Cooccurrence.from_corpus(sys.argv[1], min_count=1, memory="64MB", threads=2)
except (FormatError, ValueError) as error:
    print(type(error).__name__)
else:
    print("done")
print(peak() - before)
"""


@pytest.mark.slow
@linux
@pytest.mark.parametrize(
    ("unit", "ending"), [("x", "FormatError"), (" ", "ValueError"), ("ab cd ", "done")]
)
def test_a_line_of_a_gigabyte_stays_within_the_memory_limit(tmp_path, unit, ending):
    path = tmp_path / "bomb.gz"
    packed = gzip.compress(unit.encode() * (2**20 // len(unit)))
    # Only "ab cd " is counted. This takes longer than refusing the other texts, so its text is
    # shorter: 128 MiB instead of 1 GiB.
    path.write_bytes(packed * (2**10 if unit != "ab cd " else 2**7))
    start = time.monotonic()
    child = subprocess.run(
        [sys.executable, "-c", BOMB, path], capture_output=True, text=True, timeout=600, check=True
    )
    how, megabytes = child.stdout.split()
    print(
        f"{path.stat().st_size} bytes, {unit!r}: {time.monotonic() - start:.1f} s, {megabytes} MB"
    )
    assert how == ending
    # The limit of 64 MB does not include buffers, stacks and the chunks that threads work on.
    assert int(megabytes) < 64 + 64


@pytest.mark.slow
@linux
def test_a_word_that_may_be_long_stays_within_the_memory_limit(tmp_path):
    path = tmp_path / "bomb.gz"
    path.write_bytes(gzip.compress(b"x" * 2**20) * 2**8)
    code = BOMB.replace("min_count=1,", "min_count=1, max_word_bytes=2**31 - 1,")
    code = code.replace("print(type(error).__name__)", "print(str(error).replace(' ', '_'))")
    child = subprocess.run(
        [sys.executable, "-c", code, path], capture_output=True, text=True, timeout=600, check=True
    )
    how, megabytes = child.stdout.split()
    assert how.startswith("memory_must_leave_room_for_a_word_of_"), how
    assert int(megabytes) < 64 + 64


# --- Ctrl-C -------------------------------------------------------------------------------------

INTERRUPTED = textwrap.dedent(
    """
    import itertools, re, sys, time
    from glove_rs import Cooccurrence, Vocabulary
    folder = sys.argv[1]
    print("begun", flush=True)
    try:
        {work}
    except KeyboardInterrupt:
        print("interrupted", time.process_time(), flush=True)
    except Exception as error:
        print("failed", type(error).__name__, flush=True)
    else:
        print("finished", flush=True)
    """
)
ENDLESS = {
    "a window of a billion": "Cooccurrence.from_corpus("
    "['a b c d ' * 200_000], window=10**9, threads=2)",
    "a window of a million, keep_gaps": "Cooccurrence.from_corpus("
    "['a b c d ' * 200_000], ['a'], window=10**6, keep_gaps=True)",
    "/dev/zero": "Vocabulary.from_corpus('/dev/zero', max_word_bytes=2**31 - 1)",
    # The documents have an end: a single endless document would be refused at 1 GiB, which a fast
    # machine reads before the interrupt.
    "lines for a function": "Vocabulary.from_corpus("
    "itertools.repeat('a b c ' * 10**5), tokenizer=str.split)",
    "empty lines": "Vocabulary.from_corpus(itertools.repeat('\\n' * 10**6))",
    "empty lines for a function": "Vocabulary.from_corpus("
    "itertools.repeat('\\n' * 10**6), tokenizer=str.split)",
    "one document of words": "Vocabulary.from_corpus([itertools.repeat('a')])",
    "the words of a pattern": "Vocabulary.from_corpus("
    "itertools.repeat('a ' * 10**5), tokenizer=re.compile('a'))",
    "Chinese": "Vocabulary.from_corpus("
    "itertools.repeat('我来到北京清华大学' * 30_000), tokenizer='zh')",
    "one word repeated": "Cooccurrence.from_corpus(['w ' * 10**7], window=1000, threads=1)",
}


@pytest.mark.slow
@posix
@pytest.mark.parametrize(
    ("work", "after"),
    # Not /dev/zero after 2 s: it is refused at 2 GiB, which a fast machine reads by then.
    [
        (work, after)
        for work in ENDLESS
        for after in (0.3, 2.0)
        if (work, after) != ("/dev/zero", 2.0)
    ],
)
def test_ctrl_c_stops_what_has_no_end(tmp_path, work, after):
    script = INTERRUPTED.format(work=ENDLESS[work])
    child = subprocess.Popen(
        [sys.executable, "-c", script, tmp_path], stdout=subprocess.PIPE, text=True
    )
    with child:
        assert child.stdout is not None
        assert child.stdout.readline() == "begun\n"
        time.sleep(after)
        sent = cpu_seconds(child.pid)
        child.send_signal(signal.SIGINT)
        try:
            output, _ = child.communicate(timeout=HANG)
        except subprocess.TimeoutExpired:
            child.kill()
            pytest.fail(f"{work}: not interrupted within {HANG} s")
    word, when = output.split()
    assert word == "interrupted", output
    print(f"{work}: {float(when) - sent:.3f} CPU s")
    assert float(when) - sent < LIMIT
