"""Decompression of open files by the core, which the readers of tables and of CoNLL-U use."""

from __future__ import annotations

import base64
import bz2
import gzip
import io
import lzma
import os
import subprocess
import sys
import textwrap
from typing import Any

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from glove_rs import FormatError, Vocabulary
from glove_rs._io.decompression import Stream

# Written by the program `zstd`: "ice 2 0.5", "snow 3 1", "steam 0 4".
ZSTD = base64.b64decode("KLUv/SQd6QAAaWNlIDIgMC41CnNub3cgMyAxCnN0ZWFtIDAgNAoOjUAC")
ZSTD_CONTENT = b"ice 2 0.5\nsnow 3 1\nsteam 0 4\n"


def _xz(content: bytes) -> bytes:
    return lzma.compress(content, preset=0)


PACK = {"gzip": gzip.compress, "bzip2": bz2.compress, "xz": _xz}
packs = st.sampled_from([*PACK.values()])
parts = st.lists(st.binary(max_size=200), min_size=1, max_size=4)
sizes = st.lists(st.integers(1, 300), min_size=1, max_size=5)


class File:
    """A file that counts how often it is closed. `sizes` limit its reads, in turn."""

    def __init__(self, content: bytes, sizes: list[int]) -> None:
        self._file, self._sizes, self.closed = io.BytesIO(content), sizes, 0

    def read(self, size: int) -> bytes:
        self._sizes = self._sizes[1:] + self._sizes[:1]
        return self._file.read(min(size, self._sizes[0]))

    def close(self) -> None:
        self.closed += 1


def content(file: Any, sizes: list[int]) -> bytes:
    """Return all that a stream reads from `file`, in blocks of `sizes` bytes, in turn."""
    found = b""
    with Stream(file, "name", 0) as stream:
        while True:
            for size in sizes:
                if not (block := stream.read(size)):
                    return found
                found += block


# --- content ----------------------------------------------------------------------------------


@pytest.mark.slow
@given(parts, packs, sizes, sizes, st.integers(0, 500))
def test_any_streams_are_read_in_blocks_of_any_size(parts, pack, blocks, reads, look):
    packed, text = b"".join(map(pack, parts)), b"".join(parts)
    # A byte order mark would be dropped, and these bytes may be one.
    assume(not text.startswith((b"\xff\xfe", b"\xfe\xff", b"\xef\xbb\xbf")))
    assert content(File(packed, blocks), reads) == text
    file = File(packed, blocks)
    with Stream(file, "name", look) as stream:
        assert stream.head == text[:look]
        assert stream.look(look + 3) == text[: look + 3]
        assert stream.is_decompressed
        assert stream.buffered().read() == text
    assert file.closed == 1


@pytest.mark.slow
@given(st.binary(max_size=400), sizes, sizes)
def test_plain_bytes_are_read_as_they_are(text, blocks, reads):
    marks = (b"\xff\xfe", b"\xfe\xff", b"\xef\xbb\xbf", b"\x1f\x8b", b"BZh", b"\xfd7z", b"(\xb5")
    assume(not text.startswith(marks) and text[1:4] != b"\x2a\x4d\x18")
    assert content(File(text, blocks), reads) == text
    assert not Stream(io.BytesIO(text), "name", 0).is_decompressed


@pytest.mark.slow
@given(st.text(max_size=200), st.sampled_from(["utf-16-le", "utf-16-be", "utf-8"]), sizes, sizes)
def test_text_in_utf_16_becomes_utf_8_without_its_mark(text, encoding, blocks, reads):
    assume(not text.startswith("\0"))  # two more zero bytes would make a mark of UTF-32
    for pack in (bytes, gzip.compress):
        packed = pack(f"\ufeff{text}".encode(encoding))
        assert content(File(packed, blocks), reads) == text.encode()


@pytest.mark.slow
def test_zstandard_is_read_and_needs_no_pyarrow(tmp_path):
    assert content(io.BytesIO(ZSTD), [7]) == ZSTD_CONTENT
    assert content(io.BytesIO(ZSTD * 3), [7]) == ZSTD_CONTENT * 3
    (tmp_path / "a.conllu").write_bytes(ZSTD)
    code = f"""
        import sys
        sys.modules["pyarrow"] = None
        from glove_rs import tokens
        path = {str(tmp_path / "a.conllu")!r}
        print([*tokens.from_conllu(path, "form", columns=("form", "n", "x"))])
    """
    assert run(code) == "[['ice', 'snow', 'steam']]\n"


def test_zero_bytes_may_follow_a_member_of_gzip(tmp_path):
    one = gzip.compress(b"a b\n")
    for zeros in (1, 511, 3 << 20):
        path = tmp_path / "text"
        path.write_bytes(one + bytes(zeros) + one + bytes(zeros))
        assert content(path.open("rb"), [9]) == b"a b\na b\n"
        found = Vocabulary.from_corpus(path, min_count=1, progress=False)
        assert found.counts.tolist() == [2, 2]


# --- damage -----------------------------------------------------------------------------------


@pytest.mark.slow
@given(parts, packs, sizes, st.data())
def test_streams_that_are_cut_anywhere_are_refused(parts, pack, reads, data):
    packed = [pack(part) for part in parts]
    whole = b"".join(packed)
    ends = {sum(map(len, packed[:number])) for number in range(len(packed) + 1)}
    # With fewer bytes than the magic number the file is not recognised, so keep at least 10.
    cut = data.draw(st.integers(10, len(whole) - 1).filter(lambda cut: cut not in ends))
    with pytest.raises(FormatError, match=rf"name, byte {cut}: the .* data are damaged or cut off"):
        content(io.BytesIO(whole[:cut]), reads)


@given(parts, packs, sizes, st.binary(min_size=1, max_size=30))
def test_other_bytes_after_the_end_are_refused(parts, pack, reads, junk):
    packed = b"".join(map(pack, parts))
    assume(junk.strip(b"\0"))
    with pytest.raises(FormatError, match="data are damaged or cut off"):
        content(io.BytesIO(packed + junk), reads)


@given(st.binary(min_size=1, max_size=300), packs, st.data())
def test_a_changed_byte_never_gives_other_content(text, pack, data):
    packed = bytearray(pack(text))
    at = data.draw(st.integers(10, len(packed) - 1))
    packed[at] ^= data.draw(st.integers(1, 255))
    try:
        found = content(io.BytesIO(packed), [100])
    except FormatError:
        return
    assert found == text  # the byte was, for example, in the padding


def test_xz_may_have_zero_bytes_in_fours():
    one = _xz(b"a b\n")
    assert content(io.BytesIO(one + bytes(8) + one + bytes(4)), [9]) == b"a b\na b\n"
    with pytest.raises(FormatError, match="the xz data are damaged"):
        content(io.BytesIO(one + bytes(3)), [9])


def test_malformed_utf_16_is_refused_with_its_byte():
    for pack, where in ((bytes, ""), (gzip.compress, ", in the decompressed gzip data")):
        packed = pack(b"\xff\xfea\0\0\xdcb\0")
        message = rf"^name, byte 4: invalid UTF-16 \(unpaired surrogate 0xdc00\){where}$"
        with pytest.raises(FormatError, match=message):
            content(io.BytesIO(packed), [9])


def test_nothing_is_read_after_an_error():
    packed = gzip.compress(bytes(1 << 20) + b"end")
    stream = Stream(io.BytesIO(packed[:-9]), "name", 10)
    with pytest.raises(FormatError, match="cut off"):
        stream.buffered().read()
    stream = Stream(io.BytesIO(packed[:-9]), "name", 10)
    with pytest.raises(FormatError, match="cut off"):
        stream.read(1 << 22)
    for _ in range(2):
        with pytest.raises(ValueError, match="after an error"):
            stream.read(1)


# --- files ------------------------------------------------------------------------------------


ERRORS = [
    KeyboardInterrupt(),
    OSError(5, "not enough memory"),
    FileNotFoundError(2, "gone", "elsewhere"),
    ZeroDivisionError("memory limit"),
]


@pytest.mark.parametrize("error", ERRORS, ids=lambda error: type(error).__name__)
@pytest.mark.parametrize("pack", [bytes, *PACK.values()], ids=["plain", *PACK])
def test_an_exception_of_the_file_is_raised_unchanged(pack, error):
    packed = pack(os.urandom(5000))

    class Failing(File):
        def read(self, size: int) -> bytes:
            if block := super().read(size):
                return block
            raise error

    file = Failing(packed[:-100], [999])
    with pytest.raises(type(error)) as raised:
        content(file, [10_000])
    assert raised.value is error
    assert file.closed == 1


def test_files_that_are_not_open_for_bytes_are_refused():
    for file in (io.StringIO("text"), io.StringIO("")):
        with pytest.raises(TypeError, match=r"open for bytes \(mode 'rb'\), not for text"):
            Stream(file, "name", 16)
    for block, error in ((7, TypeError), (None, BlockingIOError)):
        file = File(b"", [1])
        file.read = lambda _, block=block: block
        with pytest.raises(error):
            Stream(file, "name", 16)
        assert file.closed == 1


def test_a_file_that_reads_its_own_stream_is_refused():
    class Circle(File):
        stream = None

        def read(self, size: int) -> bytes:
            if self.stream is not None:
                self.stream.read(1)
            return super().read(size)

    file = Circle(b"some text " * 99, [9])
    file.stream = stream = Stream(file, "name", 5)
    with pytest.raises(RuntimeError, match="read already"):
        stream.read(100)


def run(code: str) -> str:
    """Run a program. Return what it prints."""
    done = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(code)], capture_output=True, text=True, timeout=60
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.mark.slow
def test_ctrl_c_ends_the_reading_of_a_file_without_content():
    # `File.read` is not Python code: Python code would handle the signal itself.
    code = """
        import gzip, os, signal, threading, time
        from glove_rs._io.decompression import Stream

        class File:
            read = {1 << 20: gzip.compress(b"") * 20_000}.__getitem__

            def close(self):
                pass

        threading.Timer(0.3, os.kill, (os.getpid(), signal.SIGINT)).start()
        before = time.monotonic()
        try:
            Stream(File(), "endless", 16)
        except KeyboardInterrupt:
            print(time.monotonic() - before < 10)
    """
    assert run(code) == "True\n"


@pytest.mark.slow
@pytest.mark.skipif(sys.platform != "linux", reason="needs /proc")
def test_streams_of_much_content_are_read_in_bounded_memory():
    code = """
        import lzma, re
        from pathlib import Path
        from glove_rs._io.decompression import Stream

        class Source:
            # An endless file of streams, each of 64 MiB of zeros.
            stream = lzma.compress(bytes(1 << 26), preset=0)
            rest = b""

            def read(self, size):
                self.rest = self.rest or self.stream
                block, self.rest = self.rest[:size], self.rest[size:]
                return block

            def close(self):
                pass

        def most():
            return int(re.search(r"VmHWM:\\s*(\\d+)", Path("/proc/self/status").read_text())[1])

        Path("/proc/self/clear_refs").write_text("5")  # sets the maximum to the present size
        before = most()
        stream = Stream(Source(), "endless", 16)
        read = sum(len(stream.read(1 << 20)) for _ in range(200))
        print(read > 1 << 26, most() - before < 32 << 10)
    """
    assert run(code) == "True True\n"


@pytest.mark.parametrize("kind", [bytearray, memoryview])
def test_a_file_may_return_any_bytes_like_object(kind):
    class Source:
        def __init__(self) -> None:
            self.file = io.BytesIO(gzip.compress(b"a b c " * 1000))

        def read(self, size: int) -> object:
            return kind(self.file.read(size))

    assert Stream(Source(), "source", 16).buffered().read() == b"a b c " * 1000


@pytest.mark.skipif(os.name == "nt", reason="pipes have no non-blocking mode")
def test_a_file_that_has_no_data_yet_is_not_taken_for_one_that_has_ended():
    read, write = os.pipe()
    os.set_blocking(read, False)
    os.write(write, b"one two\n")
    with open(read, "rb") as file, os.fdopen(write, "wb"), pytest.raises(BlockingIOError):
        Stream(file, "pipe", 16).buffered().read()


def test_a_file_that_can_wait_is_not_read_again_after_its_end():
    class Terminal:
        """A terminal. After the block b"", which is its end, another read would wait for input."""

        def __init__(self) -> None:
            self.blocks = [b"", b"a b c"]

        def read1(self, size: int) -> bytes:
            return self.blocks.pop()

        def read(self, size: int) -> bytes:
            raise AssertionError("read again")

    assert Stream(Terminal(), "terminal", 16).buffered().read() == b"a b c"
