"""Loading only some words of a file, and the precision in which a file is loaded."""

from __future__ import annotations

import gzip
import io
import warnings

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from glove_rs import FormatError, Vocabulary, WordVectors

FORMATS = ("word2vec", "word2vec_binary", "glove", "native", "native, read", "packed native")


def vectors(size=5_000, dim=12, seed=0, dtype=np.float32):
    rng = np.random.default_rng(seed)
    return WordVectors([f"w{i}" for i in range(size)], rng.normal(size=(size, dim)).astype(dtype))


def saved(wv, folder, format):
    """Write `wv` to a file in a format. Return its path and the options to load it."""
    path = folder / "vectors"
    if format.startswith("word2vec"):
        wv.save_word2vec_format(path, binary=format == "word2vec_binary")
    elif format == "glove":
        wv.save_glove(path)
    else:
        wv.save(path)
    if format == "packed native":
        path.write_bytes(gzip.compress(path.read_bytes(), 1))
    return path, {"mmap": False} if format == "native, read" else {}


@pytest.fixture(scope="module")
def many():
    return vectors()


@pytest.fixture(scope="module", params=FORMATS)
def of_many(request, many, tmp_path_factory):
    """The path of a file with the vectors `many` in a format, and the options to load it."""
    return saved(many, tmp_path_factory.mktemp("many"), request.param)


@pytest.mark.parametrize(
    "asked",
    [
        ["w4999", "w0", "w17", "w16", "w4998"],
        ["w3"],
        ["w3", "no such word", "w3", "w"],
        ["no such word"],
        [],
        [f"w{i}" for i in range(5_000)],
        {f"w{i}" for i in range(0, 5_000, 7)},
    ],
    ids=["some", "one", "unknown too", "unknown", "none", "all", "a set"],
)
def test_only_the_words_asked_for_are_loaded_in_the_order_of_the_file(many, of_many, asked):
    wv = many
    path, options = of_many
    found = WordVectors.load(path, words=asked, **options)
    wanted = set(asked)
    expected = [word for word in wv.index_to_key if word in wanted]
    assert found.index_to_key == expected
    np.testing.assert_array_equal(found.vectors, wv[expected])
    assert found.vector_size == wv.vector_size
    assert found.key_to_index == {word: row for row, word in enumerate(expected)}


@pytest.mark.slow
@given(
    st.lists(st.text("ab .,\t1", min_size=1, max_size=5), min_size=1, max_size=30, unique=True),
    st.data(),
)
def test_words_with_blanks_and_numbers_are_found(tmp_path_factory, words, data):
    words = [word for word in words if word.strip(" \t")]
    wv = WordVectors(words, np.arange(len(words) * 3, dtype=np.float32).reshape(-1, 3) + 0.5)
    path = tmp_path_factory.mktemp("vectors") / "vectors.txt"
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            wv.save_glove(path)
            whole = WordVectors.load(path)
        except (ValueError, FormatError):
            return
        asked = data.draw(st.lists(st.sampled_from([*words, "x"])))
        found = WordVectors.load(path, words=asked)
    expected = [word for word in whole.index_to_key if word in asked]
    assert found.index_to_key == expected
    np.testing.assert_array_equal(found.vectors, whole[expected])


def test_lines_of_other_words_are_not_parsed_and_reading_stops_at_the_last_word(tmp_path):
    lines = [f"w{i} {i} 0.5\n" for i in range(200)]
    lines[50] = "broken 1 two\n"
    path = tmp_path / "vectors.txt"
    path.write_text("".join(lines))
    with pytest.raises(FormatError, match="line 51"):
        WordVectors.load(path)
    found = WordVectors.load(path, words=["w7", "w150"])
    assert found.vectors.tolist() == [[7, 0.5], [150, 0.5]]
    with pytest.raises(FormatError, match="line 51"):
        WordVectors.load(path, words=["broken", "w150"])


def test_a_header_that_promises_more_than_was_needed_is_no_error(tmp_path):
    path = tmp_path / "vectors.txt"
    path.write_text("9 2\n" + "".join(f"w{i} {i} 0.5\n" for i in range(5)))
    assert WordVectors.load(path, words=["w1"]).vectors.tolist() == [[1, 0.5]]
    with pytest.raises(FormatError, match="the header says 9 words, but there are 5"):
        WordVectors.load(path, words=["w1", "w8"])


@pytest.mark.parametrize("format", ["glove", "word2vec", "native"])
def test_the_limit_counts_lines_of_the_file_with_a_warning_of_words_beyond(tmp_path, format):
    path, _ = saved(vectors(200), tmp_path, format)
    with pytest.warns(UserWarning, match="1 of the words are not among the first 20 .*'w50'"):
        assert WordVectors.load(path, words=["w5", "w50"], limit=20).index_to_key == ["w5"]
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert WordVectors.load(path, words=["w5"], limit=20).index_to_key == ["w5"]
        assert WordVectors.load(path, words=["w5", "no"]).index_to_key == ["w5"]


def test_other_layouts_of_text_are_searched_too(tmp_path):
    path = tmp_path / "vectors.csv"
    path.write_text("word,x,y\n" + "".join(f'"w{i}",{i},0.5\n' for i in range(50)))
    assert WordVectors.load(path, words=["w7"])["w7"].tolist() == [7, 0.5]
    path.write_bytes(b"".join(b"w%d\xff %d 0.5\n" % (i, i) for i in range(50)))
    found = WordVectors.load(path, words=["w7\ufffd"], errors="replace")
    assert found["w7\ufffd"].tolist() == [7, 0.5]


def test_open_files_and_stanfords_parameters_are_searched_too(tmp_path):
    wv = vectors(50, 3)
    path, _ = saved(wv, tmp_path, "word2vec")
    found = WordVectors.load(io.BytesIO(path.read_bytes()), words=["w7"])
    np.testing.assert_array_equal(found.vectors, wv[["w7"]])
    path = tmp_path / "parameters.bin"
    np.arange(12.0).reshape(4, 3).tofile(path)
    words = Vocabulary(["a", "b"], [2, 1])
    found = WordVectors.load(path, vocabulary=words, words=["b"])
    assert (found.index_to_key, found.vectors.tolist()) == (["b"], [[12, 14]])


@pytest.mark.parametrize("words", ["w1", 7, [1, 2], b"w1"])
def test_words_that_are_no_sequence_of_words_are_an_error(tmp_path, words):
    path, _ = saved(vectors(5), tmp_path, "glove")
    with pytest.raises(TypeError, match="words must be a sequence of words"):
        WordVectors.load(path, words=words)


# ---------------------------------------------------------------- precision


@pytest.mark.parametrize("format", ["native", "native, read", "packed native"])
@pytest.mark.parametrize("dtype", [np.float32, np.float16])
def test_a_native_file_is_loaded_in_its_own_precision(tmp_path, format, dtype):
    wv = vectors(30, 4, dtype=dtype)
    path, options = saved(wv, tmp_path, format)
    found = WordVectors.load(path, **options)
    assert found.vectors.dtype == dtype
    np.testing.assert_array_equal(found.vectors, wv.vectors)
    assert isinstance(found.vectors.base, np.memmap) == (format == "native")
    for other in (np.float32, np.float16):
        assert WordVectors.load(path, dtype=other, **options).vectors.dtype == other
    if format == "packed native":
        file = io.BytesIO(path.read_bytes())
        assert WordVectors.load(file).vectors.dtype == dtype


@pytest.mark.parametrize("format", ["word2vec", "word2vec_binary", "glove"])
def test_other_files_are_loaded_in_float32(tmp_path, format):
    path, _ = saved(vectors(30, 4, dtype=np.float16), tmp_path, format)
    assert WordVectors.load(path).vectors.dtype == np.float32
