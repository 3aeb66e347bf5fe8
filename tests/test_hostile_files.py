"""Files with any content: none ends the process, fills the memory or blocks Ctrl-C."""

from __future__ import annotations

import gzip
import io
import json
import os
import re
import signal
import struct
import subprocess
import sys
import textwrap
import threading
import time
import zipfile
import zlib

import numpy as np
import pytest

from glove_rs import Cooccurrence, FormatError, Glove, Vocabulary, WordVectors, _core
from glove_rs._fit import checkpoints
from glove_rs._io import archives, output_folder
from interrupting import HANG, LIMIT, cpu_seconds

TEXT = ["an apple a day keeps the doctor away", "one apple a day"] * 10
REFUSED = (FormatError, OSError, MemoryError)


def run(code, *arguments, timeout=60):
    """Run Python code in a process of its own, which can print the peak of its memory."""
    return subprocess.run(
        [sys.executable, "-c", textwrap.dedent(code), *map(str, arguments)],
        capture_output=True,
        text=True,
        timeout=timeout,
    )


# ------------------------------------------------------------------------------- sizes in headers


PROMISES = [
    b"0 1000000000000\na 1\n",
    b"0 9223372036854775808\na 1\n",
    b"0 1000000000\na 1\n",
    b"1 1000000000\na 1\n",
    b"1 30000000\n" + b"a 1 1\n" * 1000,
    b"1000000000000 3\na 1 2 3\n",
    b"4 4611686018427387905\na 1\n",
    b"18446744073709551615 1\na \0\0\0\0",
    b"9223372036854775807 4611686018427387905\na \0\0\0\0",
    b"1000000000000 1000\na \0\0\0\0",
]


@pytest.mark.slow
@pytest.mark.parametrize("pack", [bytes, gzip.compress])
@pytest.mark.parametrize("format", [None, "word2vec", "word2vec_binary"])
def test_vectors_that_a_header_promises_take_no_memory(tmp_path, pack, format):
    for number, content in enumerate(PROMISES):
        (tmp_path / str(number)).write_bytes(pack(content))
    done = run(
        """
        import os, resource, sys
        from glove_rs import FormatError, WordVectors
        used = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        for name in sorted(os.listdir(sys.argv[1]), key=int):
            path = os.path.join(sys.argv[1], name)
            try:
                WordVectors.load(path, format=sys.argv[2] or None)
            except FormatError as error:
                print(path in str(error), end=" ")
            else:
                print("loaded", end=" ")
        print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - used)
        """,
        tmp_path,
        format or "",
    )
    *refused, used = done.stdout.split()
    assert refused == ["True"] * len(PROMISES), done.stdout + done.stderr
    assert int(used) < 100_000  # kB


def native_vectors(words, dim, rows):
    """The bytes of a native file of `words`. `rows` are the bytes of vectors of `dim` numbers."""
    text = b"".join(words)
    ends = np.cumsum([len(word) for word in words]).astype("<u8").tobytes()
    start = -(-(64 + len(ends) + len(text)) // 64) * 64
    header = struct.pack(
        "<8sIIQQQQIQ",
        b"\x89GloVe\r\n",
        1,
        4,
        len(words),
        dim,
        len(text),
        start,
        zlib.crc32(ends + text),
        0,
    )
    header += struct.pack("<I", zlib.crc32(header))
    return (header + ends + text).ljust(start, b"\0") + rows


def test_a_native_file_shorter_than_its_header_says_is_refused_when_it_is_opened(tmp_path):
    path = tmp_path / "vectors"
    whole = native_vectors([b"a", b"b"], 3, bytes(24))
    path.write_bytes(whole)
    assert len(WordVectors.load(path)) == 2
    for mmap in (True, False):
        path.write_bytes(whole[:-1])
        with pytest.raises(FormatError, match=rf"byte {len(whole) - 1}"):
            WordVectors.load(path, mmap=mmap)
        path.write_bytes(native_vectors([b"a", b"b"], 2**60, bytes(24)))
        with pytest.raises(FormatError, match=r"vectors, byte"):
            WordVectors.load(path, mmap=mmap)
    path.write_bytes(gzip.compress(native_vectors([b"a", b"b"], 2**40, bytes(24))))
    with pytest.raises(FormatError, match="ends within the matrix"):
        WordVectors.load(path)


def test_a_native_file_is_read_instead_of_mapped_on_request(tmp_path):
    path = tmp_path / "vectors"
    WordVectors(["a", "b"], np.eye(2, 50_000, dtype=np.float32)).save(path)
    mapped, read = WordVectors.load(path), WordVectors.load(path, mmap=False)
    np.testing.assert_array_equal(mapped.vectors, read.vectors)
    assert not mapped.vectors.flags.writeable
    del mapped
    os.truncate(path, 100)
    assert read["a"][0] == 1  # if the file were mapped, this read would crash
    with pytest.raises(ValueError, match="mmap must be True or False"):
        WordVectors.load(path, mmap="no")


# -------------------------------------------------------------------------------------- duplicates


def test_a_word_comes_once_in_a_native_file(tmp_path):
    path = tmp_path / "file"
    path.write_bytes(native_vectors([b"a", b"b", b"a"], 1, bytes(12)))
    for mmap in (True, False):
        with pytest.raises(FormatError, match=r'file, byte \d+: the word "a" appears twice'):
            WordVectors.load(path, mmap=mmap)
    path.write_bytes(native_counts([(b"a", 2), (b"a", 1)]))
    with pytest.raises(FormatError, match=r'file, byte \d+: .*"a" appears twice'):
        Cooccurrence.load(path)
    path.write_bytes(native_counts([(b"a", 2), (b"b", 1)], rare=[(b"b", 1)]))
    with pytest.raises(FormatError, match=r'file, byte \d+: .*"b" is both in the vocabulary'):
        Cooccurrence.load(path)
    for content, line in (
        (b"a 2\nb 1\na 1\n", 3),
        (b"\n\r\na 2\nb 1\n\n\nc 1\nb 1\n\na 1\n", 8),
        (b"a 2\n\na 1", 3),
    ):
        path.write_bytes(content)
        with pytest.raises(FormatError, match=rf'file, line {line}: .*"[ab]" appears twice'):
            Vocabulary.load(path)


# ------------------------------------------------------------------------------------------ counts


def leb128(n):
    out = b""
    while n >= 128:
        out += bytes([n & 127 | 128])
        n >>= 7
    return out + bytes([n])


def native_counts(words, rare=(), values=()):
    """The bytes of a file of symmetric counts.

    `words` and `rare` hold pairs of a word and its count. `values` are X[0, 0], X[1, 0], …; all
    other counts are 0.
    """

    def vocabulary(words):
        sizes = b"".join(leb128(len(word)) + leb128(count) for word, count in words)
        return sizes + b"".join(word for word, _ in words)

    kept, left_out = vocabulary(words), vocabulary(rare)
    rows = [leb128(1) if k < len(values) else leb128(0) for k in range(len(words))]
    block = leb128(0) + leb128(len(words)) + leb128(0) + b"".join(rows)
    block += leb128(0) * len(values)
    block += b"".join(b"\0" + struct.pack("<d", x) for x in values)
    header = struct.pack(
        "<8sIIQQQQQ", b"gloveCNT", 3, 1, len(words), 1, len(kept), len(rare), len(left_out)
    )
    header += struct.pack("<I", zlib.crc32(kept + left_out))
    header += struct.pack("<I", zlib.crc32(header))
    block = struct.pack("<QI", len(block), zlib.crc32(block)) + block
    return header + kept + left_out + block


NO_COUNTS = [float("nan"), float("inf"), -float("inf"), -1.0, -1e-300]


def test_native_counts_are_finite_and_not_negative(tmp_path):
    path, words = tmp_path / "counts", [(b"a", 2), (b"b", 1)]
    path.write_bytes(native_counts(words, values=[1.5, 2.5]))
    assert Cooccurrence.load(path).total == 1.5 + 2 * 2.5
    for x in NO_COUNTS:
        path.write_bytes(native_counts(words, values=[1.5, x]))
        with pytest.raises(FormatError, match=r"counts, byte \d+: a block of counts is damaged"):
            Cooccurrence.load(path)


@pytest.mark.parametrize("x", [*NO_COUNTS, 0.0])
def test_records_are_finite_and_above_0(tmp_path, x):
    path = tmp_path / "cooccurrence.bin"
    path.write_bytes(struct.pack("<iid", 1, 2, 1.0) + struct.pack("<iid", 1, 1, x))
    with pytest.raises(FormatError, match=r"cooccurrence\.bin, byte 24: count"):
        Cooccurrence.load(path, Vocabulary(["a", "b"], [1, 1]))


@pytest.mark.parametrize("x", NO_COUNTS)
def test_counts_from_a_matrix_are_finite_and_not_negative(x):
    with pytest.raises(ValueError, match=r"^X must hold finite counts >= 0"):
        Cooccurrence.from_scipy(np.array([[1.0, x], [1.0, 1.0]]))


def test_records_of_several_blocks_are_read_whole(tmp_path):
    path = tmp_path / "cooccurrence.bin"
    records = np.zeros(600_000, [("words", "<i4", 2), ("x", "<f8")])
    records["words"], records["x"] = 1, 1.0
    path.write_bytes(records.tobytes())
    assert Cooccurrence.load(path, Vocabulary(["a"], [1])).total == 600_000


def test_counts_whose_sum_is_beyond_a_float_are_refused(tmp_path):
    X = Cooccurrence.from_scipy(np.array([[1e308]]))
    with pytest.raises(ValueError, match="X must have counts whose sum"):
        X + X
    with pytest.raises(ValueError, match="X must have counts whose sum"):
        Cooccurrence.from_scipy(np.full((2, 2), 1e308))
    path = tmp_path / "counts.bin"
    path.write_bytes(struct.pack("<iid", 1, 1, 1e308) * 2)
    with pytest.raises(FormatError, match=r"counts\.bin, byte 0: .* sum"):
        Cooccurrence.load(path, Vocabulary(["a"], [1]))
    path.write_bytes(native_counts([(b"a", 2), (b"b", 1)], values=[1e308, 1e308]))
    with pytest.raises(FormatError, match=r"counts\.bin, byte 0: .* sum"):
        Cooccurrence.load(path)


def test_counts_of_words_that_add_up_beyond_the_largest_are_refused():
    X, Y = (
        Cooccurrence.from_scipy(np.ones((2, 2)), Vocabulary(["a", word], [2**63 - 1, 1]))
        for word in "bc"
    )
    with pytest.raises(ValueError, match=r"counts must be below 2\^63"):
        X + Y


# -------------------------------------------------------------------------------- flipped bits


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    """A folder with a model and its vectors, counts, words, checkpoint and Stanford's files."""
    folder = tmp_path_factory.mktemp("files")
    model = Glove(dim=2, epochs=2, min_count=2, threads=1).fit(
        TEXT, checkpoint_dir=folder / "checkpoint", keep_counts=True
    )
    model.save(folder / "model")
    model.vectors.save(folder / "vectors")
    model.cooccurrence.save(folder / "counts")
    model.vocabulary.save(folder / "words")
    model.save_stanford(folder / "stanford", gradsq=True)
    return folder


def same_model(a, b):
    return (
        a.vocabulary == b.vocabulary
        and a.get_params() == b.get_params()
        and np.array_equal(a.history.epochs(), b.history.epochs(), equal_nan=True)
        and all(np.array_equal(getattr(a, n), getattr(b, n)) for n in ("W", "W_tilde", "b"))
    )


def same_counts(a, b):
    return a.vocabulary == b.vocabulary and all(map(np.array_equal, a.records(), b.records()))


def same_vectors(a, b):
    # The components of the vectors have no checksum, so a flipped bit in one is not noticed.
    return a.index_to_key == b.index_to_key and a.vectors.shape == b.vectors.shape


def sweep(path, load, same, places):
    """Flip one bit of the file at each offset of `places(size)`, one offset at a time.

    Each file must be refused with an error that names it, or load as an object that is `same` as
    the original. Return how often it loads.
    """
    good = path.read_bytes()
    original, accepted = load(path), 0
    try:
        for place in places(len(good)):
            flipped = bytearray(good)
            flipped[place] ^= 1 << (5 * place % 8)
            path.write_bytes(flipped)
            try:
                loaded = load(path)
            except REFUSED as error:
                unnamed = path.name not in str(error)
                if unnamed:
                    pytest.fail(f"byte {place}: {error!r}")
                continue
            accepted += 1
            assert same(loaded, original), place
    finally:
        path.write_bytes(good)
    return accepted


@pytest.mark.slow
@pytest.mark.filterwarnings("error")
def test_a_model_with_a_flipped_bit_is_the_same_model_or_refused(trained):
    sweep(trained / "model", Glove.load, same_model, range)


@pytest.mark.slow
@pytest.mark.filterwarnings("error")
def test_counts_with_a_flipped_bit_are_refused(trained):
    assert sweep(trained / "counts", Cooccurrence.load, same_counts, range) == 0


@pytest.mark.slow
@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("mmap", [True, False])
def test_native_vectors_with_a_flipped_bit_have_the_same_words_or_are_refused(trained, mmap):
    def load(path):
        return WordVectors.load(path, mmap=mmap)

    sweep(trained / "vectors", load, same_vectors, range)


@pytest.mark.slow
def test_a_checkpoint_with_a_flipped_bit_is_refused(trained):
    folder = trained / "checkpoint"

    def resume(_):
        return Glove.resume(folder, threads=1)

    def few(size):
        return range(0, size, 5)

    for name in ("training.checkpoint", "cooccurrence.counts"):
        assert sweep(folder / name, resume, same_model, few) == 0


def rewritten(model, change):
    """The bytes of a model file after `change(header, arrays)`, with correct checksums."""
    with zipfile.ZipFile(model) as archive:
        members = {info.filename: archive.read(info) for info in archive.infolist()}
    arrays = {name: np.load(io.BytesIO(content)) for name, content in members.items()}
    arrays = {name.removesuffix(".npy"): array for name, array in arrays.items()}
    header = json.loads(arrays["header"].tobytes())
    change(header, arrays)
    arrays["header"] = np.frombuffer(json.dumps(header).encode(), np.uint8)
    out = io.BytesIO()
    np.savez(out, **arrays)
    return out.getvalue()


CHANGES = {
    "a setting of another type": lambda h, a: h["settings"].update(epochs="many"),
    "a setting out of its range": lambda h, a: h["settings"].update(learning_rate=-1),
    "a folder that is a number": lambda h, a: h["settings"].update(tmp_dir=3),
    "a list as a setting": lambda h, a: h["settings"].update(window=[1]),
    "an unknown setting": lambda h, a: h["settings"].update(colour="red"),
    "a huge dim": lambda h, a: h["settings"].update(dim=10**400),
    "another dim": lambda h, a: h["settings"].update(dim=3),
    "no settings": lambda h, a: h.pop("settings"),
    "no format": lambda h, a: h.pop("format"),
    "another version": lambda h, a: h.update(version=2),
    "a broken pattern": lambda h, a: h["settings"].update(tokenizer={"pattern": "(", "flags": 0}),
    "a huge pattern": lambda h, a: h["settings"].update(
        tokenizer={"pattern": "a{99999999999999}", "flags": 0}
    ),
    "flags that are none": lambda h, a: h["settings"].update(
        tokenizer={"pattern": "a", "flags": "x"}
    ),
    "too few counts": lambda h, a: a.update(counts=a["counts"][1:]),
    "negative counts": lambda h, a: a.update(counts=-a["counts"]),
    "words that overlap": lambda h, a: a.update(word_ends=a["word_ends"][::-1].copy()),
    "words beyond the text": lambda h, a: a.update(word_ends=a["word_ends"] + 1),
    "words that are no UTF-8": lambda h, a: a.update(words=a["words"] | 128),
    "equal words": lambda h, a: a.update(words=np.full_like(a["words"], 97)),
    "wide numbers": lambda h, a: a.update(W=a["W"].astype(np.float64)),
    "a history of one number": lambda h, a: a.update(history=np.ones((2, 1))),
    "objects": lambda h, a: a.update(W=np.array(["x", "y"])),
}


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES)
def test_a_crafted_model_is_refused(trained, tmp_path, change):
    path = tmp_path / "model"
    path.write_bytes(rewritten(trained / "model", change))
    with pytest.raises(FormatError, match=rf"^{path}: "):
        Glove.load(path)


def test_a_model_that_diverged_loads(trained, tmp_path):
    path = tmp_path / "model"
    path.write_bytes(
        rewritten(trained / "model", lambda h, a: a.update(W=np.full_like(a["W"], np.nan)))
    )
    assert np.isnan(Glove.load(path).W).all()


def test_a_packed_archive_of_a_model_loads(trained, tmp_path):
    with zipfile.ZipFile(trained / "model") as archive:
        members = {info.filename: archive.read(info) for info in archive.infolist()}
    with zipfile.ZipFile(tmp_path / "model", "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    assert same_model(Glove.load(tmp_path / "model"), Glove.load(trained / "model"))


def test_a_model_of_a_machine_with_more_processors_loads(tmp_path, trained):
    path = tmp_path / "model"
    path.write_bytes(rewritten(trained / "model", lambda h, a: h["settings"].update(threads=10**6)))
    model = Glove.load(path)
    assert model.threads == _core.most_threads()
    np.testing.assert_array_equal(model.W, Glove.load(trained / "model").W)


# ------------------------------------------------------------------ small files with large content

LOAD = """
    import resource, sys, time
    from glove_rs import FormatError, Glove, Vocabulary, WordVectors
    used = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    start = time.perf_counter()
    try:
        {load}(sys.argv[1])
    except FormatError as error:
        print(error)
    seconds = time.perf_counter() - start
    print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - used, seconds)
"""


@pytest.mark.slow
@pytest.mark.parametrize("load", ["WordVectors.load", "Vocabulary.load"])
@pytest.mark.parametrize("before", [b"", b"a 1\n"])
def test_a_line_without_end_is_refused_with_little_memory(tmp_path, load, before):
    path = tmp_path / "line"
    with path.open("wb") as file:
        file.write(before)
        file.seek(1 << 30)
        file.write(b"\n")
    packed = tmp_path / "packed"
    with gzip.open(packed, "wb", 1) as file:
        file.write(before)
        for _ in range(256):
            file.write(b"x" * (1 << 20))
    for file in (path, packed) if load == "WordVectors.load" else (path,):
        done = run(LOAD.replace("{load}", load), file)
        message, rest = done.stdout.splitlines()
        assert "line" in message, done.stdout + done.stderr
        assert int(rest.split()[0]) < 400_000, rest  # kB


def test_the_longest_line_is_a_parameter(tmp_path):
    path = tmp_path / "vectors"
    path.write_text("a 1 2\nbbbb 1 2\n")
    assert len(WordVectors.load(path, max_line_bytes=8)) == 2
    with pytest.raises(FormatError, match=r"line 2: .*max_line_bytes, 7 bytes"):
        WordVectors.load(path, max_line_bytes=7)
    with pytest.raises(ValueError, match=r"^max_line_bytes must be"):
        WordVectors.load(path, max_line_bytes=0)


@pytest.mark.slow
def test_a_small_archive_of_a_huge_member_is_refused_at_once(trained, tmp_path):
    path = tmp_path / "model"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive:
        with zipfile.ZipFile(trained / "model") as model:
            for info in model.infolist():
                if info.filename != "words.npy":
                    archive.writestr(info.filename, model.read(info))
        with archive.open("words.npy", "w", force_zip64=True) as member:
            size = 256 << 20
            np.lib.format.write_array_header_1_0(
                member, {"descr": "|u1", "fortran_order": False, "shape": (size,)}
            )
            for _ in range(size >> 20):
                member.write(b"a" * (1 << 20))
    done = run(LOAD.replace("{load}", "Glove.load"), path)
    message, rest = done.stdout.splitlines()
    assert re.search(r"unpack to [\d,]+ bytes, the limit is [\d,]+\)$", message)
    assert int(rest.split()[0]) < 50_000, rest  # kB


# ------------------------------------------------------------------------------- pipes and devices

WAITING = {
    "WordVectors.load": "WordVectors.load(path)",
    "Vocabulary.load": "Vocabulary.load(path)",
    "Cooccurrence.load": "Cooccurrence.load(path)",
    "Cooccurrence.load, Stanford's": "Cooccurrence.load(path, Vocabulary(['a', 'b'], [1, 1]))",
    "Glove.resume": "Glove.resume(os.path.dirname(path))",
}

WAIT = """
    import os, sys, threading, time
    from glove_rs import Cooccurrence, Glove, Vocabulary, WordVectors
    path = sys.argv[1]
    ticks = 0

    def tick():
        global ticks
        while True:
            time.sleep(0.01)
            ticks += 1

    threading.Thread(target=tick, daemon=True).start()
    print("waiting", flush=True)
    try:
        {load}
    except KeyboardInterrupt:
        print("interrupted", time.process_time(), ticks, flush=True)
    os._exit(0)
"""


def interrupt(load, path):
    """Interrupt a process that waits for `path`.

    Return the CPU seconds from the signal to the exception, and how often another thread of the
    process has run.
    """
    child = subprocess.Popen(
        [sys.executable, "-c", textwrap.dedent(WAIT).replace("{load}", load), str(path)],
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        assert child.stdout.readline() == "waiting\n"
        time.sleep(1)
        sent = cpu_seconds(child.pid)
        child.send_signal(signal.SIGINT)
        watchdog = threading.Timer(HANG, child.kill)
        watchdog.start()
        answer = child.stdout.readline().split()
        watchdog.cancel()
        assert answer[:1] == ["interrupted"], answer
        return float(answer[1]) - sent, int(answer[2])
    finally:
        child.kill()
        child.wait()


@pytest.mark.slow
@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere, opening a pipe waits")
@pytest.mark.parametrize("load", WAITING.values(), ids=WAITING)
@pytest.mark.parametrize("written", [None, b"", b"a 1"])
def test_ctrl_c_ends_the_wait_for_a_pipe_and_other_threads_run(tmp_path, load, written):
    path = tmp_path / "training.checkpoint"
    os.mkfifo(path)
    writer = None if written is None else os.open(path, os.O_RDWR)
    if written:
        os.write(writer, written)
    seconds, ticks = interrupt(load, path)
    assert seconds < LIMIT
    assert ticks > 10
    if writer is not None:
        os.close(writer)


@pytest.mark.slow
@pytest.mark.skipif(not os.path.exists("/dev/zero"), reason="needs /dev/zero")
@pytest.mark.parametrize("load", ["Vocabulary.load", "WordVectors.load", "Cooccurrence.load"])
def test_a_device_without_end_is_refused(load):
    done = run(
        LOAD.replace("{load}", load).replace("import F", "import Cooccurrence, F"), "/dev/zero"
    )
    message, rest = done.stdout.splitlines()
    assert message.startswith("/dev/zero"), done.stdout + done.stderr
    assert int(rest.split()[0]) < 400_000, rest  # kB


def test_a_model_is_not_read_from_a_pipe(tmp_path):
    os.mkfifo(tmp_path / "model")
    for path in (tmp_path / "model", "/dev/zero"):
        with pytest.raises(OSError, match="not a pipe or device") as caught:
            Glove.load(path)
        assert os.fspath(caught.value.filename) == str(path)


@pytest.mark.parametrize("name", ["vectors", "stanford.txt", "words", "counts", "cooccurrence.bin"])
def test_files_come_through_a_pipe_as_they_are(trained, tmp_path, name):
    path = trained / name
    load = {"words": Vocabulary.load, "counts": Cooccurrence.load}.get(name, WordVectors.load)
    if name == "cooccurrence.bin":
        X = Cooccurrence.load(trained / "counts")
        X.save(path)

        def load(path):
            return Cooccurrence.load(path, X.vocabulary)

    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    writer = threading.Thread(target=lambda: pipe.write_bytes(path.read_bytes()))
    writer.start()
    piped, plain = load(pipe), load(path)
    writer.join()
    if isinstance(plain, Cooccurrence):
        assert same_counts(piped, plain)
    elif isinstance(plain, WordVectors):
        assert same_vectors(piped, plain)
        np.testing.assert_array_equal(piped.vectors, plain.vectors)
    else:
        assert piped == plain


# ----------------------------------------------------------------------------- limits of the system

LIMITED = """
    import os, resource, sys
    from glove_rs import Cooccurrence, Glove, Vocabulary, WordVectors
    path, more = sys.argv[1], int(sys.argv[2]) << 20
    with open("/proc/self/statm") as file:
        used = int(file.read().split()[0]) * os.sysconf("SC_PAGE_SIZE")
    resource.setrlimit(resource.RLIMIT_AS, (used + more, used + more))
    try:
        {load}
    except MemoryError:
        print("MemoryError")
    else:
        print("loaded")
"""


@pytest.fixture(scope="module")
def large(tmp_path_factory):
    """A folder of files, each of which needs at least 80 MB of memory when it is loaded."""
    folder = tmp_path_factory.mktemp("large")
    count, dim = 200_000, 100
    words = [f"word{k}" for k in range(count)]
    rows = np.zeros((count, dim), np.float32)
    wv = WordVectors(words, rows)
    wv.save(folder / "native")
    wv.save_word2vec_format(folder / "text")
    wv.save_word2vec_format(folder / "binary", binary=True)
    (folder / "packed").write_bytes(gzip.compress((folder / "binary").read_bytes(), 1))
    with (folder / "words").open("w") as file:
        file.writelines(f"{'w' * 50}{k} 1\n" for k in range(1_500_000))
    return folder


@pytest.mark.slow
@pytest.mark.skipif(sys.platform != "linux", reason="needs /proc and RLIMIT_AS")
@pytest.mark.parametrize("more", [60, 120, 240])
@pytest.mark.parametrize(
    ("name", "load"),
    [
        ("text", "WordVectors.load(path)"),
        ("binary", "WordVectors.load(path)"),
        ("packed", "WordVectors.load(path)"),
        ("native", "WordVectors.load(path, mmap=False)"),
        ("native", "WordVectors.load(path)"),
        ("words", "Vocabulary.load(path)"),
    ],
)
def test_a_lack_of_address_space_is_a_memory_error(large, name, load, more):
    done = run(LIMITED.replace("{load}", load), large / name, more)
    assert done.returncode == 0, done.stderr
    assert done.stdout in {"MemoryError\n", "loaded\n"}


@pytest.mark.parametrize("method", [zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
def test_a_model_that_is_compressed_with_anything_but_deflate_is_refused(tmp_path, method):
    # Python unpacks files of these methods without a bound on memory, whatever the archive states.
    Glove(dim=2, epochs=1, min_count=1).fit(["a b c"] * 5).save(tmp_path / "model")
    with (
        zipfile.ZipFile(tmp_path / "model") as saved,
        zipfile.ZipFile(tmp_path / "bomb", "w", method) as bomb,
    ):
        for name in saved.namelist():
            bomb.writestr(name, saved.read(name))
    with pytest.raises(FormatError, match=r"bomb.*deflate"):
        Glove.load(tmp_path / "bomb")


def test_settings_of_many_megabytes_are_refused(tmp_path):
    (tmp_path / "settings.json").write_text("[" + "[]," * 3 * 10**6 + "[]]")
    with pytest.raises(FormatError, match=r"settings\.json: has more than 8,388,608 bytes"):
        output_folder.read_settings(tmp_path)


def test_models_and_checkpoints_with_large_settings_are_refused(tmp_path, monkeypatch):
    model = Glove(dim=2, epochs=1, min_count=1).fit(["a b c"] * 5, checkpoint_dir=tmp_path / "run")
    model.save(tmp_path / "model")
    for module in (archives, checkpoints):
        monkeypatch.setattr(module, "MOST_JSON", 10)
    with pytest.raises(FormatError, match=r"its settings have [\d,]+ bytes, the limit is 10\)"):
        Glove.load(tmp_path / "model")
    with pytest.raises(FormatError, match=r"settings have [\d,]+ characters, the limit is 10\)"):
        Glove.resume(tmp_path / "run")


def test_a_model_whose_arrays_are_in_the_memory_order_of_fortran_scores_the_same(tmp_path):
    model = Glove(dim=3, min_count=1, epochs=2, threads=1)
    model.fit(["an apple a day keeps them away"] * 9)
    model.save(tmp_path / "c.npz")
    with np.load(tmp_path / "c.npz") as arrays:
        np.savez(tmp_path / "f.npz", **{k: np.asfortranarray(v) for k, v in arrays.items()})
    loaded = Glove.load(tmp_path / "f.npz")
    assert loaded.score(["an apple a day"]) == model.score(["an apple a day"])
