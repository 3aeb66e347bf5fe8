"""Files of vectors: reading and writing every format and variant, compared with gensim."""

from __future__ import annotations

import base64
import gzip
import os
import pickle
import re
import subprocess
import sys
import textwrap
import warnings
from pathlib import Path
from typing import get_args

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from glove_rs import Cooccurrence, FormatError, Glove, Vocabulary, WordVectors, _core
from glove_rs import vectors as vectors_module
from glove_rs._io.vector_files import Format
from glove_rs.cli import _inputs as inputs
from glove_rs.cli.convert import FORMATS as WRITERS
from glove_rs.vectors import COMBINATIONS, combine

FORMATS = ["glove", "word2vec", "word2vec_binary", "native"]


def save(wv, path, format):
    """Write the vectors `wv` to a file in the format that `format` names."""
    match format:
        case "glove":
            wv.save_glove(path)
        case "word2vec":
            wv.save_word2vec_format(path)
        case "word2vec_binary":
            wv.save_word2vec_format(path, binary=True)
        case "native":
            wv.save(path)


def random_vectors(size=300, dim=20, seed=0, dtype=np.float32):
    rng = np.random.default_rng(seed)
    return WordVectors(
        [f"wört{i}水" for i in range(size)], rng.normal(size=(size, dim)).astype(dtype)
    )


def assert_same(read, wv, dtype=np.float32):
    """Check that words and numbers are equal; numbers to the last bit, except for NaNs."""
    assert read.index_to_key == wv.index_to_key
    assert read.vectors.dtype == dtype
    with np.errstate(over="ignore"):
        expected = wv.vectors.astype(dtype)
    np.testing.assert_array_equal(read.vectors, expected)
    numbers = ~np.isnan(expected)
    np.testing.assert_array_equal(np.signbit(read.vectors[numbers]), np.signbit(expected[numbers]))


@pytest.fixture
def file(tmp_path):
    """A function that writes bytes to a file and returns its path."""

    def write(content, name="vectors"):
        path = tmp_path / name
        path.write_bytes(content)
        return path

    return write


def load(path, **options):
    """Load vectors; no warning is allowed except that of numbers that are not finite."""
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        warnings.filterwarnings("ignore", r"\d+ of \d+ vectors hold NaN or infinity")
        return WordVectors.load(path, **options)


# --------------------------------------------------------------------------------- round trips

# All characters except newlines and lone surrogates, which UTF-8 cannot encode.
LETTERS = st.characters(exclude_categories=["Cs"], exclude_characters="\n")
ANY_WORD = st.text(st.characters(exclude_categories=["Cs"]), max_size=8)
SPACED_WORD = st.text(LETTERS, min_size=1, max_size=8) | st.sampled_from(
    [". . .", "new york", "at name@domain.com", "1 2", "\x85", "\xa0", "a\u2003b", "<unk>", "3.5"]
)
PLAIN_WORD = SPACED_WORD.map(lambda word: word.replace(" ", "_"))
NUMBERS = st.floats(width=32) | st.sampled_from([0.0, -0.0, 1e-45, 3.4028235e38, 0.1])


@st.composite
def word_vectors(draw, words, dtype=np.float32):
    words = draw(st.lists(words, unique=True, min_size=1, max_size=20))
    dim = draw(st.integers(1, 5))
    numbers = st.floats(width=16) if dtype == np.float16 else NUMBERS
    return WordVectors(words, draw(hnp.arrays(dtype, (len(words), dim), elements=numbers)))


@pytest.mark.slow
@given(word_vectors(ANY_WORD))
def test_the_native_format_keeps_any_words_and_numbers(tmp_path, wv):
    wv.save(tmp_path / "vectors")
    assert_same(load(tmp_path / "vectors"), wv)


@pytest.mark.slow
@given(word_vectors(ANY_WORD, np.float16))
def test_the_native_format_keeps_float16(tmp_path, wv):
    wv.save(tmp_path / "vectors")
    assert_same(load(tmp_path / "vectors"), wv, np.float16)
    assert_same(load(tmp_path / "vectors", dtype="float16"), wv, np.float16)
    assert_same(load(tmp_path / "vectors", dtype="float32"), wv)


def _is_text(numbers: bytes) -> bool:
    """Return whether a file with these bytes of numbers may be taken for text.

    They must be valid UTF-8 without NUL bytes, or valid UTF-8 of at most 8 bytes.
    """
    try:
        numbers.decode()
    except UnicodeDecodeError:
        return False
    return b"\0" not in numbers or len(numbers) <= 8


@pytest.mark.slow
@given(word_vectors(PLAIN_WORD), st.booleans())
def test_word2vec_formats_keep_words_and_numbers(tmp_path, wv, binary):
    wv.save_word2vec_format(tmp_path / "vectors", binary=binary)
    # If a reader may take the file for text, name the format.
    named = {"format": "word2vec_binary"} if binary and _is_text(wv.vectors.tobytes()) else {}
    read = WordVectors.load(tmp_path / "vectors", **named)
    assert_same(read, wv)
    read = WordVectors.load(tmp_path / "vectors", dtype=np.float16, **named)
    assert_same(read, wv, np.float16)


@pytest.mark.slow
@example(WordVectors(["\x80", "0\0"], np.zeros((2, 1), np.float32)))
@given(word_vectors(SPACED_WORD))
def test_glove_text_keeps_words_with_spaces(tmp_path, wv):
    try:
        wv.save_glove(tmp_path / "vectors")
    except ValueError:
        # Vectors are refused only if the first word begins with a byte order mark, or if a reader
        # could not tell where the words end, because of separators in them.
        words = wv.index_to_key
        if words[0].startswith("\ufeff") or any(re.search(r"[ \t;,]", word) for word in words):
            return
        # Or a NUL character makes the file look like one of a binary format, so it cannot be read.
        rows = zip(words, wv.vectors.tolist(), strict=True)
        lines = [f"{word} {' '.join(map(str, vector))}\n" for word, vector in rows]
        (tmp_path / "by hand").write_bytes("".join(lines).encode())
        try:
            read = WordVectors.load(tmp_path / "by hand")
        except ValueError:
            return
        assert read.index_to_key != words or not np.array_equal(read.vectors, wv.vectors)
        return
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "[0-9]+ lines have one number more")
        assert_same(WordVectors.load(tmp_path / "vectors"), wv)


def test_every_list_of_vector_formats_is_the_cores():
    assert get_args(Format) == _core.VECTOR_FORMATS
    assert set(FORMATS) | {"stanford"} == set(_core.VECTOR_FORMATS)
    assert set(_core.VECTOR_FORMATS) < set(WRITERS)


@pytest.mark.slow
@pytest.mark.parametrize("format", FORMATS)
@pytest.mark.parametrize("dtype", ["float32", pytest.param("float16", marks=pytest.mark.slow)])
def test_many_blocks_of_a_file_are_put_together_in_order(tmp_path, format, dtype):
    wv = random_vectors(60_000, 10)
    save(wv, tmp_path / "vectors", format)
    assert (tmp_path / "vectors").stat().st_size > 2_000_000
    assert_same(load(tmp_path / "vectors", dtype=dtype), wv, np.dtype(dtype))
    limited = load(tmp_path / "vectors", dtype=dtype, limit=50_001)
    assert limited.index_to_key == wv.index_to_key[:50_001]
    np.testing.assert_array_equal(limited.vectors, wv.vectors[:50_001].astype(dtype))


@pytest.mark.parametrize("format", FORMATS)
@pytest.mark.parametrize("size", [1, 7, 9_999, pytest.param(100_000, marks=pytest.mark.slow)])
def test_vectors_of_one_component(tmp_path, format, size):
    wv = WordVectors([str(i) for i in range(size)], np.arange(size, dtype=np.float32)[:, None] / 8)
    save(wv, tmp_path / "vectors", format)
    assert_same(load(tmp_path / "vectors"), wv)


@pytest.mark.parametrize("format", FORMATS)
def test_a_format_may_be_named(tmp_path, format):
    wv = random_vectors()
    save(wv, tmp_path / "vectors", format)
    assert_same(load(tmp_path / "vectors", format=format), wv)


@pytest.mark.parametrize("format", FORMATS)
def test_a_limit_beyond_the_end_is_no_limit(tmp_path, format):
    wv = random_vectors(30)
    save(wv, tmp_path / "vectors", format)
    assert_same(load(tmp_path / "vectors", limit=31), wv)
    assert len(load(tmp_path / "vectors", limit=1)) == 1


def test_float16_vectors_are_written_as_they_are(tmp_path):
    wv = random_vectors(dtype=np.float16)
    for format in FORMATS:
        save(wv, tmp_path / format, format)
        assert_same(load(tmp_path / format, dtype="float16"), wv, np.float16)


def test_numbers_too_large_for_float16_become_infinite(file):
    assert load(file(b"a 1e6 -1e6\n"), dtype="float16")["a"].tolist() == [np.inf, -np.inf]


# ---------------------------------------------------------------------- compared with gensim


@pytest.fixture(scope="module")
def keyed():
    return pytest.importorskip("gensim.models", reason="gensim is not installed").KeyedVectors


@pytest.mark.parametrize("binary", [False, True])
def test_gensim_reads_the_same_from_our_files(tmp_path, keyed, binary):
    wv = random_vectors()
    wv.save_word2vec_format(tmp_path / "vectors", binary=binary)
    read = keyed.load_word2vec_format(tmp_path / "vectors", binary=binary)
    assert read.index_to_key == wv.index_to_key
    np.testing.assert_array_equal(read.vectors, wv.vectors)


@pytest.mark.parametrize("binary", [False, True])
@pytest.mark.parametrize("limit", [None, 7])
def test_gensims_files_give_what_gensim_reads_from_them(tmp_path, keyed, binary, limit):
    theirs = keyed(20)
    wv = random_vectors()
    theirs.add_vectors(wv.index_to_key, wv.vectors)
    theirs.save_word2vec_format(str(tmp_path / "vectors"), binary=binary)
    theirs = keyed.load_word2vec_format(tmp_path / "vectors", binary=binary, limit=limit)
    ours = load(tmp_path / "vectors", limit=limit)
    assert ours.index_to_key == theirs.index_to_key
    np.testing.assert_array_equal(ours.vectors, theirs.vectors)


def test_gensim_reads_the_same_from_glove_text(tmp_path, keyed):
    wv = random_vectors()
    wv.save_glove(tmp_path / "vectors")
    theirs = keyed.load_word2vec_format(tmp_path / "vectors", no_header=True)
    assert theirs.index_to_key == wv.index_to_key
    np.testing.assert_array_equal(theirs.vectors, wv.vectors)


# ----------------------------------------------------------------------------- Stanford's files


def test_stanfords_parameters_are_its_text(golden):
    text = load(golden / "train.txt")
    vocabulary = golden / "vocab.min3.txt"
    for given_as in (vocabulary, str(vocabulary), Vocabulary.load(vocabulary)):
        wv = load(golden / "train.bin", vocabulary=given_as)
        assert [*wv.index_to_key, "<unk>"] == text.index_to_key
        np.testing.assert_allclose(wv.vectors, text.vectors[:-1], atol=5e-7)
    few = load(golden / "train.bin", vocabulary=vocabulary, format="stanford", limit=5)
    assert few.index_to_key == text.index_to_key[:5]


@pytest.fixture
def parameters():
    """Parameters of three words with two components, as Stanford's `glove` writes them."""
    rows = np.arange(18, dtype="<f8").reshape(6, 3)
    return rows.tobytes(), (rows[:3] + rows[3:])[:, :2].astype(np.float32)


@pytest.mark.parametrize("pack", [bytes, gzip.compress])
def test_biases_are_left_out_of_stanfords_parameters(file, parameters, pack):
    content, expected = parameters
    words = Vocabulary(["a", "b", "c"], [3, 2, 1])
    wv = load(file(pack(content)), vocabulary=words)
    np.testing.assert_array_equal(wv.vectors, expected)


@pytest.mark.parametrize("dtype", ["float32", "float16"])
def test_stanfords_parameters_hold_two_vectors_of_a_word(file, parameters, dtype):
    content, _ = parameters
    rows = np.frombuffer(content).reshape(6, 3)[:, :2]
    words = Vocabulary(["a", "b", "c"], [3, 2, 1])
    for how in COMBINATIONS:
        wv = load(file(content), vocabulary=words, combine=how, dtype=dtype)
        assert wv.vectors.dtype == dtype
        np.testing.assert_array_equal(wv.vectors, combine(rows[:3], rows[3:], how))
        few = load(file(content), vocabulary=words, combine=how, limit=2)
        np.testing.assert_array_equal(few.vectors, wv.vectors[:2])
    with pytest.raises(ValueError, match=r'combine must be one of \["sum", .*, got "max"'):
        load(file(content), vocabulary=words, combine="max")


@pytest.mark.parametrize("format", FORMATS)
def test_the_other_formats_hold_one_vector_of_a_word(tmp_path, format):
    save(random_vectors(9), tmp_path / "vectors", format)
    with pytest.raises(ValueError, match='combine must be "sum"'):
        load(tmp_path / "vectors", combine="mean")


@pytest.mark.parametrize("end", [1, 47, 48, 136, 143])
def test_stanfords_parameters_must_fit_the_vocabulary(file, parameters, end):
    path = file(parameters[0][:end])
    with pytest.raises(FormatError, match=rf"byte {end}: .*3 words") as caught:
        load(path, vocabulary=Vocabulary(["a", "b", "c"], [3, 2, 1]))
    assert str(path) in str(caught.value)


def test_stanfords_parameters_without_their_words_say_what_to_give(file, parameters):
    path = file(parameters[0])
    with pytest.raises(FormatError, match="vocabulary="):
        load(path)
    with pytest.raises(ValueError, match="vocabulary must be given"):
        load(path, format="stanford")


def test_a_vocabulary_is_for_stanfords_parameters_only(file):
    with pytest.raises(ValueError, match="vocabulary is for Stanford"):
        load(file(b"a 1\n"), format="glove", vocabulary=Vocabulary(["a"], [1]))


# ---------------------------------------------------------------------------- oddities of files

ODDITIES = {
    "words with spaces": (
        b". . . 1 2\nat name@domain.com 3 4\nx 5 6\n",
        [". . .", "at name@domain.com", "x"],
    ),
    "Unicode spaces inside": (
        "a\x85b 1 2\nc\xa0d 3 4\ne\u2003f\u2028g\u3000 5 6\n".encode(),
        ["a\x85b", "c\xa0d", "e\u2003f\u2028g\u3000"],
    ),
    "only a Unicode space": (
        "\x85 1 2\n\xa0 3 4\n\u2028 5 6\n".encode(),
        ["\x85", "\xa0", "\u2028"],
    ),
    "control characters": (b"\x1c 1 2\n\x0b\x0c 3 4\n\x00 5 6\n", ["\x1c", "\x0b\x0c", "\x00"]),
    "<unk>": (b"a 1 2\nb 3 4\n<unk> 5 6\n", ["a", "b", "<unk>"]),
    "an empty last line": (b"a 1 2\nb 3 4\nc 5 6\n\n", ["a", "b", "c"]),
    "several empty lines": (b"a 1 2\nb 3 4\nc 5 6\n \n\r\n\n", ["a", "b", "c"]),
    "no newline at the end": (b"a 1 2\nb 3 4\nc 5 6", ["a", "b", "c"]),
    "CRLF": (b"a 1 2\r\nb 3 4\r\nc 5 6\r\n", ["a", "b", "c"]),
    "a byte order mark": (b"\xef\xbb\xbfa 1 2\nb 3 4\nc 5 6\n", ["a", "b", "c"]),
    "fastText's last space": (b"a 1 2 \nb 3 4 \nc 5 6 \n", ["a", "b", "c"]),
    "tabs": (b"a\t1\t2\nb\t3\t4\nc\t5\t6\n", ["a", "b", "c"]),
    "numbers as words": (b"1 1 2\n-2.5e3 3 4\nnan 5 6\n", ["1", "-2.5e3", "nan"]),
    "exponents and signs": (b"a +1 2e0\nb 0.3e1 4.\nc 5 6E+00\n", ["a", "b", "c"]),
    "a quotation mark": (b"\" 1 2\n' 3 4\n# 5 6\n", ['"', "'", "#"]),
    "an empty word": (b" 1 2\nb 3 4\nc 5 6\n", ["", "b", "c"]),
}


@pytest.mark.parametrize("header", [b"", b"3 2\n", b"3 2 \r\n", b"3\t2\n"], ids=repr)
@pytest.mark.parametrize("name", ODDITIES)
def test_text_of_published_files(file, name, header):
    content, words = ODDITIES[name]
    if header and content.startswith(b"\xef\xbb\xbf"):
        content, header = content[3:], b"\xef\xbb\xbf" + header
    wv = load(file(header + content))
    assert wv.index_to_key == words
    assert wv.vectors.tolist() == [[1, 2], [3, 4], [5, 6]]


def test_what_is_not_a_finite_number_is_kept(file):
    wv = load(file(b"a nan NaN -nan 1e999\nb inf -inf Infinity 0\n"))
    np.testing.assert_array_equal(
        wv.vectors, np.array([[np.nan] * 3 + [np.inf], [np.inf, -np.inf, np.inf, 0]], np.float32)
    )


@pytest.mark.parametrize(
    ("content", "words", "dim"),
    [
        (b"7 3\na 1\nb 2\n", ["7", "a", "b"], 1),
        (b"7 3 1\na 1 2\nb 2 3\n", ["7", "a", "b"], 2),
        (b"1 2 3 4\na 3 4\nb 5 6\n", ["1 2", "a", "b"], 2),
        (b". . 1 2\na 3 4\nb 5 6\n", [". .", "a", "b"], 2),
        (b"2 1\na 1\nb 2\n", ["a", "b"], 1),
        (b"3 1\na 1\nb 2\n", ["3", "a", "b"], 1),
    ],
)
@pytest.mark.filterwarnings("ignore:1 lines have one number more")
def test_a_first_line_that_looks_like_something_else(file, content, words, dim):
    wv = WordVectors.load(file(content))
    assert (wv.index_to_key, wv.vector_size) == (words, dim)


def test_a_word_that_comes_twice_keeps_its_first_vector_and_warns(file):
    path = file(b"a 1 2\nb 3 4\na 5 6\nc 7 8\n")
    with pytest.warns(UserWarning, match=r"^1 of 4 vectors dropped.*'a'") as caught:
        wv = WordVectors.load(path)
    assert caught[0].filename == __file__
    assert wv.index_to_key == ["a", "b", "c"]
    assert wv.vectors.tolist() == [[1, 2], [3, 4], [7, 8]]


def test_a_number_too_many_is_a_word_to_warn_of(file):
    with pytest.warns(UserWarning, match=r"1 lines have one number more.*'b 0\.5'"):
        wv = WordVectors.load(file(b"a 1 2\nb 0.5 3 4\nc 5 6\n"))
    assert wv.index_to_key == ["a", "b 0.5", "c"]


def test_spaces_in_the_words_of_text_with_a_header(file):
    assert load(file(b"2 2\nnew york 1 2\na 3 4\n")).index_to_key == ["new york", "a"]


def test_more_words_than_the_header_says_are_read(file):
    # Stanford's -write-header does not count <unk>.
    assert load(file(b"1 2\na 1 2\n<unk> 3 4\n")).index_to_key == ["a", "<unk>"]


@pytest.mark.slow
def test_a_line_longer_than_any_block(file):
    numbers = np.linspace(-1, 1, 700_000, dtype=np.float32)
    wv = WordVectors(["a", "b"], np.stack([numbers, -numbers]))
    path = file(b"")
    for format in FORMATS:
        save(wv, path, format)
        assert_same(load(path), wv)


def test_no_words_at_all_but_a_header(file):
    path = file(b"0 5\n")
    assert load(path).vectors.shape == (0, 5)
    for format in ("word2vec", "word2vec_binary", "native"):
        save(WordVectors([], np.empty((0, 5), np.float32)), path, format)
        assert load(path).vectors.shape == (0, 5)


# ------------------------------------------------------------------------------ malformed files


def fault(path, **options):
    """The message about a malformed file, without the path at its beginning."""
    with pytest.raises(FormatError) as caught:
        load(path, **options)
    message = str(caught.value)
    assert message.startswith(f"{path}, ")
    return message.removeprefix(f"{path}, ")


MALFORMED = {
    b"b 3\n": "expected a word and 2 numbers, found 2 fields",
    b"b\n": "expected a word and 2 numbers, found 1 field",
    b"b 3 x\n": 'expected a word and 2 numbers, but number 2 is "x"',
    b"b 3 4,5\n": 'but number 2 is "4,5"',
    b"b x 4\n": 'but number 1 is "x"',
    b"b 3  4\n": 'but number 1 is ""',
    b"b 3 0x10\n": 'but number 2 is "0x10"',
    b"b\xff 3 4\n": "not valid UTF-8 (byte 0xff); errors=",
}


@pytest.mark.parametrize("pack", [bytes, gzip.compress])
@pytest.mark.parametrize("header", [b"", b"8 2\n"])
@pytest.mark.parametrize("bad", MALFORMED, ids=repr)
def test_a_malformed_line_is_named(file, bad, header, pack):
    lines = [b"a 1 2\n", b"c 3 4\n", bad, b"d 5 6\n", b"e 7 8\n"]
    message = fault(file(pack(header + b"".join(lines))))
    assert message.startswith(f"line {3 + bool(header)}: ")
    assert MALFORMED[bad] in message


@pytest.mark.parametrize("place", [0, 1, 150_000, 399_999])
def test_the_number_of_a_malformed_line_is_right_anywhere(file, place):
    lines = [b"word 0.125 0.25 0.5\n"] * 400_000
    lines[place] = b"word 0.125 0.25\n"
    assert fault(file(b"".join(lines))).startswith(f"line {place + 1}: ")


def test_a_header_of_fewer_components_than_the_lines_have_is_malformed(file):
    message = fault(file(b"3 2\na 1 2 3\nb 3 4 5\nc d 6 7 8\n"))
    assert message == "line 1: the header says 2 components, but most lines end in 3 numbers"


def test_a_text_that_ends_too_early_says_so(file):
    assert "says 3 words, but there are 2" in fault(file(b"3 2\na 1 2\nb 3 4\n"))


@pytest.mark.parametrize("content", [b"", b"\n\n", b"\xef\xbb\xbf", b" \r\n"], ids=repr)
def test_a_file_without_vectors(file, content):
    assert fault(file(content)).startswith("line 1: ")


@pytest.mark.parametrize(
    ("content", "advice"),
    [
        (b"PK\x03\x04....", "zip"),
        (b"\xfd7zXZ\0", "xz"),
        (b"\xba\x16\x4f\x2f\x0c\0\0\0", r"\.vec"),
        (pickle.dumps(list(range(99)), protocol=4), "pickle"),
        (b"just some prose\nin two lines\n", "a word and its numbers"),
    ],
)
def test_what_is_no_file_of_vectors_gets_advice(file, content, advice):
    assert re.search(advice, fault(file(content)))


def test_a_model_of_glove_is_pointed_to_its_loader(tmp_path):
    from glove_rs import Glove

    path = tmp_path / "model"
    Glove(dim=2, epochs=1).fit_cooccurrence(np.ones((2, 2))).save(path)
    assert "Glove.load" in fault(path)


@pytest.mark.slow
@pytest.mark.parametrize("format", ["word2vec_binary", "native"])
def test_every_cut_of_a_binary_file_is_noticed_with_its_byte(tmp_path, format):
    wv = random_vectors(9, 3)
    path = tmp_path / "vectors"
    save(wv, path, format)
    content = path.read_bytes()
    first = 4 if format == "word2vec_binary" else 8
    for end in range(first, len(content)):
        path.write_bytes(content[:end])
        byte = re.match(r"byte (\d+): ", fault(path, format=format))
        assert byte is not None
        assert end - 24 <= int(byte[1]) <= end


def test_a_binary_file_that_goes_on_is_malformed(file):
    content = b"1 1\na \0\0\x80?"
    assert load(file(content)).vectors.tolist() == [[1]]
    assert "goes on" in fault(file(content + b"b \0\0\x80?"))


def test_a_header_that_cannot_be_true_takes_no_memory(file):
    assert fault(file(b"9999999999999 1\na 1\nb 2\n"), format="word2vec")
    assert fault(file(b"1 9999999999999\na 1\nb 2\n"))
    assert fault(file(b"9999999999999 9\na \0\1\2\xff"))


@pytest.mark.parametrize("at", [0, 9, 12, 17, 30, 45, 50, 55, 61, 64, 71, 90])
def test_a_changed_byte_before_the_matrix_of_a_native_file_is_noticed(tmp_path, at):
    path = tmp_path / "vectors"
    random_vectors(9, 3).save(path)
    content = bytearray(path.read_bytes())
    content[at] ^= 0x10
    path.write_bytes(content)
    assert fault(path, format="native").startswith("byte ")


def test_a_format_that_is_not_the_files_is_malformed(file):
    text = file(b"a 1 2\nb 3 4\n")
    assert "number of words" in fault(text, format="word2vec")
    assert "number of words" in fault(text, format="word2vec_binary")
    assert "WordVectors.save" in fault(text, format="native")


# ----------------------------------------------------------------------------- compressed files

# Written by the program `zstd`, because Python 3.11 cannot: "ice 2 0.5", "snow 3 1", "steam 0 4".
ZSTD = base64.b64decode("KLUv/SQd6QAAaWNlIDIgMC41CnNub3cgMyAxCnN0ZWFtIDAgNAoOjUAC")


@pytest.mark.parametrize("format", FORMATS)
@pytest.mark.parametrize("name", ["vectors", "vectors.txt", "vectors.bin", "vectors.gz"])
def test_packing_is_recognised_by_content_not_by_name(tmp_path, format, name):
    wv = random_vectors()
    save(wv, tmp_path / "plain", format)
    content = (tmp_path / "plain").read_bytes()
    (tmp_path / name).write_bytes(gzip.compress(content))
    assert_same(load(tmp_path / name), wv)
    (tmp_path / name).write_bytes(content)
    assert_same(load(tmp_path / name), wv)


def test_gzip_of_several_members(file):
    wv = load(file(gzip.compress(b"a 1 2\nb 3") + gzip.compress(b" 4\n")))
    assert wv.vectors.tolist() == [[1, 2], [3, 4]]


def test_zstandard(file):
    wv = load(file(ZSTD, "vectors.txt"))
    assert wv.index_to_key == ["ice", "snow", "steam"]
    assert wv.vectors.tolist() == [[2, 0.5], [3, 1], [0, 4]]


@pytest.mark.parametrize("content", [gzip.compress(b"a 1 2\n" * 99), ZSTD], ids=["gzip", "zstd"])
def test_packed_files_that_are_cut_off(file, content):
    assert fault(file(content[:-6])).startswith("byte ")


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="needs named pipes")
def test_text_comes_through_a_pipe(tmp_path):
    path = tmp_path / "pipe"
    os.mkfifo(path)
    code = "import sys; open(sys.argv[1], 'wb').write(b'a 1 2\\nb 3 4\\n')"
    with subprocess.Popen([sys.executable, "-c", code, str(path)]) as writer:
        try:
            assert load(path).vectors.tolist() == [[1, 2], [3, 4]]
        finally:
            writer.kill()  # if the reader failed, the writer would wait for ever


# ------------------------------------------------------------------------------ columns and words

COLUMNS = {
    "aligned": "w0   1.50  -1.50   2.50\nw1  -1.00   1.50   2.50\n",
    "aligned on the right": "  w0     1.50   -1.50    2.50\n  w1    -1.00    1.50    2.50\n",
    "padded words": "w0   1.5 -1.5 2.5\nw1   -1 1.5 2.5\n",
    "tabs and blanks": "w0\t 1.5\t -1.5\t 2.5\nw1\t -1\t 1.5\t 2.5\n",
    "commas": "w0,1.5,-1.5,2.5\nw1,-1,1.5,2.5\n",
    "commas and blanks": "w0, 1.5, -1.5, 2.5\nw1, -1, 1.5, 2.5\n",
    "names of columns": "word,x,y,z\nw0,1.5,-1.5,2.5\nw1,-1,1.5,2.5\n",
    "numbers of columns": ",0,1,2\nw0,1.5,-1.5,2.5\nw1,-1,1.5,2.5\n",
    "semicolons": "w0;1.5;-1.5;2.5\nw1;-1;1.5;2.5\n",
    "decimal commas": "w0 1,5 -1,5 2,5\nw1 -1 1,5 2,5\n",
    "aligned decimal commas": "w0   1,5  -1,5  2,5\nw1  -1,0   1,5  2,5\n",
    "semicolons and decimal commas": "w0;1,5;-1,5;2,5\nw1;-1;1,5;2,5\n",
    "quotation marks": '"w0",1.5,-1.5,2.5\n"w1",-1,1.5,2.5\n',
    "a list of commas": "w0 1.5,-1.5,2.5\nw1 -1,1.5,2.5\n",
    "a list of commas under a header": "2 3\nw0 1.5,-1.5,2.5\nw1 -1,1.5,2.5\n",
    "a list of commas and blanks": "w0 1.5, -1.5, 2.5\nw1 -1, 1.5, 2.5\n",
    "a list after a tab": "w0\t1.5,-1.5,2.5\nw1\t-1,1.5,2.5\n",
    "a list after a colon": "w0:1.5,-1.5,2.5\nw1:-1,1.5,2.5\n",
    "a list after a colon and a blank": "w0: 1.5,-1.5,2.5\nw1: -1,1.5,2.5\n",
    "a list after a colon under a header": "2 3\nw0:1.5,-1.5,2.5\nw1:-1,1.5,2.5\n",
    "a list of semicolons": "w0 1.5;-1.5;2.5\nw1 -1;1.5;2.5\n",
    "a list of decimal commas": "2 3\nw0 1,5;-1,5;2,5\nw1 -1;1,5;2,5\n",
    "names of columns and blanks": "word d1 d2 d3\nw0 1.5 -1.5 2.5\nw1 -1 1.5 2.5\n",
    "names of columns and tabs": "word\td1\td2\td3\nw0\t1.5\t-1.5\t2.5\nw1\t-1\t1.5\t2.5\n",
    "aligned under a header": "2   3\nw0   1.50  -1.50   2.50\nw1  -1.00   1.50   2.50\n",
}


@pytest.mark.parametrize("end", ["\n", "\r\n"])
@pytest.mark.parametrize("name", COLUMNS)
def test_columns_may_be_separated_otherwise(file, name, end):
    wv = load(file(COLUMNS[name].replace("\n", end).encode()))
    assert wv.index_to_key == ["w0", "w1"]
    assert wv.vectors.tolist() == [[1.5, -1.5, 2.5], [-1, 1.5, 2.5]]


@pytest.mark.parametrize(
    ("content", "words", "matrix"),
    [
        (b"2 2\nking 1,5\nqueen 0,3\n", ["king", "queen"], [[1, 5], [0, 3]]),
        (b"king 1,5\nqueen 0,25\n", ["king", "queen"], [[1.5], [0.25]]),
        (b"psalm 23,1.5,2.5\nroute 66,1.5,2.5\n", ["psalm 23", "route 66"], [[1.5, 2.5]] * 2),
        (b"psalm 23\t1.5\t2.5\nroute 66\t1.5\t2.5\n", ["psalm 23", "route 66"], [[1.5, 2.5]] * 2),
        (b"psalm 23\t1,5\nroute 66\t2,5\n", ["psalm 23", "route 66"], [[1.5], [2.5]]),
        (b"http: 1.5,2.5\na,b 1.5,2.5\n", ["http:", "a,b"], [[1.5, 2.5]] * 2),
    ],
)
def test_words_end_where_the_separators_of_all_lines_say(file, content, words, matrix):
    wv = load(file(content))
    assert wv.index_to_key == words
    assert wv.vectors.tolist() == matrix


@pytest.mark.parametrize("header", [b"", b"2 2\n"])
def test_commas_between_thousands_are_refused(file, header):
    message = fault(file(header + b"a 1,234.5 2,345.6\nb 1,111.0 3,222.1\n"))
    assert '"1,234.5" have commas between their thousands' in message


@pytest.mark.parametrize("header", ["", "2 2\n"])
@pytest.mark.parametrize("separator", " ,")
def test_lines_that_end_in_carriage_returns_alone_are_refused(file, header, separator):
    text = (header + "a 1.5 2.5\nb 2.5 1.5\n").replace(" ", separator).replace("\n", "\r")
    assert "carriage returns alone" in fault(file(text.encode()))


def test_bytes_that_are_all_text_are_never_binary(file):
    message = fault(file(b"3 3\nking 0.1|0.2|0.3\nqueen 0.3|0.2|0.1\nman 0.3|0.2|0.1\n"))
    assert message.startswith("line 2: expected a word and 3 numbers")


@pytest.mark.parametrize("errors", ["replace", "ignore"])
def test_a_broken_byte_in_a_number_is_an_error_however_words_are_read(file, errors):
    message = fault(file(b"a 1.\xff5 2.5\nb 1.\xff5 2.5\n"), errors=errors)
    assert message.startswith("line 1: the number")
    assert "0xff" in message


def test_words_of_a_table_may_be_quoted(file):
    wv = load(file(b'",",0.5,1.5\n"new york, usa",1,2\n"a ""b""",3,4\n,5,6\n'))
    assert wv.index_to_key == [",", "new york, usa", 'a "b"', ""]


def test_a_malformed_line_of_other_columns_is_named(file):
    assert fault(file(b"a,1.5,2\nb,1\nc,3,4\nd,5,6\n")).startswith("line 2: expected a word and 2")
    message = fault(file(b"a   1.5  2\nb  x  1\nc   3   4\nd   5   6\n"))
    assert message.startswith("line 2: expected a word and 2 numbers, but number 1 is")
    message = fault(file(b"word,x,y\na,1.5,2\nb,1\nc,3,4\nd,5,6\n"))
    assert message.startswith("line 3: ")


@pytest.mark.filterwarnings("ignore:3 lines have one number more")
def test_phrases_that_end_in_a_number_are_told_by_the_header(file):
    lines = b"psalm 22 1.5 2.5\npsalm 23 -1.5 0.5\npsalm 24 0.5 0.25\n"
    wv = WordVectors.load(file(b"3 2\n" + lines))
    assert wv.index_to_key == ["psalm 22", "psalm 23", "psalm 24"]
    assert wv["psalm 23"].tolist() == [-1.5, 0.5]
    wv = WordVectors.load(file(b"4 2\n" + lines + b"of 1.5 2.5\n"))
    assert wv.index_to_key[-1] == "of"


BROKEN = {
    "text": b"caf\xe9 1 2\nb 3 4\ncaf\xff 5 6\n",
    "header": b"3 2\ncaf\xe9 1 2\nb 3 4\ncaf\xff 5 6\n",
}
BROKEN["binary"] = b"3 2\n" + b"".join(
    word + b" " + np.array(row, "<f4").tobytes() + b"\n"
    for word, row in ((b"caf\xe9", [1, 2]), (b"b", [3, 4]), (b"caf\xff", [5, 6]))
)


@pytest.mark.parametrize("name", BROKEN)
@pytest.mark.parametrize(("errors", "word"), [("replace", "caf\ufffd"), ("ignore", "caf")])
def test_broken_words_are_read_if_asked_for(file, name, errors, word):
    path = file(BROKEN[name])
    with pytest.raises(FormatError, match=r'"caf.*" is not valid UTF-8 .*errors="replace"'):
        WordVectors.load(path)
    with pytest.warns(UserWarning, match=rf"^1 of 3 vectors dropped.*'{word}'"):
        wv = WordVectors.load(path, errors=errors)
    assert wv.index_to_key == [word, "b"]
    assert wv.vectors.tolist() == [[1, 2], [3, 4]]


@pytest.mark.slow
@given(words=st.lists(st.binary(min_size=1, max_size=6), min_size=1, max_size=9))
@pytest.mark.parametrize("errors", ["replace", "ignore"])
def test_broken_words_are_repaired_as_by_python(tmp_path, words, errors):
    words = [b"w" + re.sub(rb"[\x00-\x20]", b"", word) for word in words]
    content = b"%d 1\n" % len(words)
    content += b"".join(word + b" \0\0\x80?\n" for word in words)
    (tmp_path / "vectors").write_bytes(content)
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", r"\d+ of \d+ vectors dropped")
        wv = WordVectors.load(tmp_path / "vectors", errors=errors, format="word2vec_binary")
    assert wv.index_to_key == list(dict.fromkeys(w.decode(errors=errors) for w in words))


@pytest.mark.parametrize("format", FORMATS)
@pytest.mark.parametrize("dtype", ["float32", "float16"])
def test_vectors_of_nan_and_infinity_are_counted(tmp_path, format, dtype):
    wv = random_vectors(9, 3)
    matrix = wv.vectors.copy()
    matrix[2, 1], matrix[5] = np.nan, [np.inf, 0, -np.inf]
    path = tmp_path / "vectors"
    save(WordVectors(wv.index_to_key, matrix), path, format)
    message = r"^2 of 9 vectors hold NaN or infinity.*: 'wört2水', 'wört5水'$"
    with pytest.warns(UserWarning, match=message) as caught:
        WordVectors.load(path, dtype=dtype, mmap=False)
    assert caught[0].filename == __file__
    if format == "native":
        load(path)  # the file is mapped, so its numbers are not read


# ----------------------------------------------------------------------------------- parameters


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("format", "word3vec"),
        ("errors", "lenient"),
        ("limit", 0),
        ("limit", -1),
        ("limit", 2.5),
        ("dtype", "float64"),
        ("dtype", "int8"),
        ("dtype", None),
        ("dtype", "number"),
        ("progress", "yes"),
    ],
)
def test_a_bad_parameter_is_named(file, name, value):
    with pytest.raises(ValueError, match=rf"{name} must be .*{re.escape(str(value))}"):
        load(file(b"a 1\n"), **{name: value})


def test_progress_is_reported_in_bytes_of_the_file(file):
    path = file(b"word 1 2 3\n" * 10)
    reports = []
    with pytest.warns(UserWarning, match="9 of 10"):
        WordVectors.load(path, progress=lambda *report: reports.append(report))
    assert reports[-1] == ("loading", 110, 110, {})


def test_a_vocabulary_that_is_missing_is_named(file):
    with pytest.raises(FileNotFoundError, match="no-such-file"):
        load(file(b""), vocabulary="no-such-file")


# ---------------------------------------------------------------------------- the native format


@pytest.mark.parametrize(
    "load",
    [
        WordVectors.load,
        Vocabulary.load,
        Cooccurrence.load,
        Glove.load,
        WordVectors(["a"], np.eye(1)).evaluate,
        inputs.vectors,
        lambda url: inputs.model(url, None),
        lambda url: inputs.counts(url, None),
    ],
)
def test_a_url_says_that_only_texts_have_one(load):
    with pytest.raises(FileNotFoundError, match="Only texts are read from URLs") as got:
        load("s3://bucket/vectors.txt")
    assert got.value.filename == "s3://bucket/vectors.txt"


def test_a_folder_says_what_reads_that_of_a_model(tmp_path):
    with pytest.raises(IsADirectoryError, match=r"Glove\.load\(path\)\.vectors"):
        WordVectors.load(tmp_path)


def test_a_native_file_is_mapped_not_read(tmp_path):
    wv = random_vectors()
    wv.save(tmp_path / "vectors")
    read = load(tmp_path / "vectors")
    assert type(read.vectors) is np.ndarray
    assert isinstance(read.vectors.base, np.memmap)
    assert read.vectors.ctypes.data % 64 == 0
    assert not read.vectors.flags.writeable
    assert read.most_similar("wört3水") == wv.most_similar("wört3水")
    assert_same(pickle.loads(pickle.dumps(read)), wv)


def test_words_of_a_native_file_are_made_when_asked_for(tmp_path):
    random_vectors().save(tmp_path / "vectors")
    read = load(tmp_path / "vectors")
    assert callable(read._words)
    assert "wört3水" in read
    assert isinstance(read._words, list)


def test_a_native_file_may_be_saved_over_while_it_is_mapped(tmp_path):
    path = tmp_path / "vectors"
    wv = random_vectors()
    wv.save(path)
    read = load(path)
    read.save(path)
    assert_same(read, wv)
    assert_same(load(path), wv)
    random_vectors(seed=1).save(path)
    assert_same(read, wv)


def test_a_native_file_replaced_while_it_is_opened_is_opened_again(tmp_path, monkeypatch):
    path = tmp_path / "vectors"
    old, new = random_vectors(10, 3), random_vectors(20, 5, seed=1)
    old.save(path)
    core = vectors_module.vector_files._core
    original = core.load_vectors

    def load_and_replace(*arguments):
        found = original(*arguments)
        if len(found) == 10:
            new.save(path)
        return found

    monkeypatch.setattr(core, "load_vectors", load_and_replace)
    assert_same(load(path), new)


def test_the_other_dtype_is_converted(tmp_path):
    wv = random_vectors()
    wv.save(tmp_path / "vectors")
    assert_same(load(tmp_path / "vectors", dtype="float16"), wv, np.float16)


@pytest.mark.slow
@pytest.mark.skipif(not Path("/proc/self/smaps").exists(), reason="needs Linux's smaps")
def test_processes_share_the_pages_of_a_native_file(tmp_path):
    path = tmp_path / "vectors"
    random_vectors(20_000, 50).save(path)
    child = textwrap.dedent(
        """
        import re, sys
        from glove_rs import WordVectors

        wv = WordVectors.load(sys.argv[1])
        total = float(wv.vectors.sum())
        print("ready", flush=True)
        sys.stdin.readline()
        maps = open("/proc/self/smaps").read()
        entry = maps[maps.index(sys.argv[1]):]
        for name in ("Rss", "Pss", "Private_Dirty"):
            print(re.search(name + r":\\s+(\\d+)", entry)[1], end=" ")
        print(flush=True)
        sys.stdin.readline()  # the pages are shared as long as both processes live
        """
    )
    children = [
        subprocess.Popen(
            [sys.executable, "-c", child, str(path)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        for _ in range(2)
    ]
    for process in children:
        assert process.stdout.readline() == "ready\n"
    for process in children:
        process.stdin.write("\n")
        process.stdin.flush()
        resident, proportional, dirty = map(int, process.stdout.readline().split())
        assert resident * 1024 >= 20_000 * 50 * 4
        assert proportional <= 0.6 * resident
        assert dirty == 0
    for process in children:
        process.communicate("\n")


# --------------------------------------------------------------------------------------- saving


def test_glove_text_may_end_with_the_mean_of_the_rarest_words(tmp_path):
    wv = random_vectors(150, 4)
    wv.save_glove(tmp_path / "vectors", unk=True)
    read = load(tmp_path / "vectors")
    assert read.index_to_key == [*wv.index_to_key, "<unk>"]
    np.testing.assert_array_equal(read.vectors[:-1], wv.vectors)
    np.testing.assert_allclose(read["<unk>"], wv.vectors[-100:].mean(axis=0), rtol=1e-5, atol=1e-6)


def test_an_unk_that_is_there_is_not_made_up(tmp_path):
    with pytest.raises(ValueError, match="unk must be False"):
        WordVectors(["<unk>"], np.ones((1, 1))).save_glove(tmp_path / "vectors", unk=True)


@pytest.mark.parametrize("format", ["glove", "word2vec", "word2vec_binary"])
@pytest.mark.parametrize("word", ["", "a\nb", "a b"])
def test_words_that_a_format_cannot_hold_are_refused(tmp_path, format, word):
    path = tmp_path / "vectors"
    path.write_bytes(b"the older file")
    wv = WordVectors(["fine", word], np.eye(2))
    if format == "glove" and word == "a b":
        save(wv, path, format)
        assert_same(load(path), wv)
        return
    with pytest.raises(ValueError, match=r"words must not be empty or contain") as caught:
        save(wv, path, format)
    assert word.encode("unicode_escape").decode() in str(caught.value)
    assert path.read_bytes() == b"the older file"
    assert list(tmp_path.iterdir()) == [path]


def test_words_that_end_in_numbers_are_refused_where_they_could_not_be_told(tmp_path):
    wv = WordVectors(["part 1", "part 2"], np.eye(2))
    with pytest.raises(ValueError, match="words cannot be told from the numbers"):
        wv.save_glove(tmp_path / "vectors")
    assert list(tmp_path.iterdir()) == []
    wv.save(tmp_path / "vectors")
    assert_same(load(tmp_path / "vectors"), wv)


@pytest.mark.parametrize("format", FORMATS[:3])
def test_vectors_without_components_are_refused(tmp_path, format):
    with pytest.raises(ValueError, match="vectors must have at least one component"):
        save(WordVectors(["a"], np.empty((1, 0))), tmp_path / "vectors", format)


@pytest.mark.parametrize("format", FORMATS)
def test_the_same_vectors_make_the_same_file(tmp_path, format):
    for name in ("first", "second"):
        save(random_vectors(5000, 7), tmp_path / name, format)
    assert (tmp_path / "first").read_bytes() == (tmp_path / "second").read_bytes()
