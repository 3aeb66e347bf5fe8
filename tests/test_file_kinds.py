"""A file is recognised by its content. A reader reads it, or says what it is and refuses it."""

from __future__ import annotations

import bz2
import codecs
import gzip
import io
import os
import pickle
import re
import warnings
import zipfile

import numpy as np
import pytest

from glove_rs import (
    Cooccurrence,
    FormatError,
    Glove,
    Phrases,
    Subwords,
    Vocabulary,
    WordVectors,
    _core,
)
from odd_files import FOREIGN, TABLES, TEXT, archive, available

WORDS = Vocabulary(["a", "b"], [2, 1])
#: All readers of files, by the kind of file that they read.
READERS = {
    "text": lambda path: Vocabulary.from_corpus(path, min_count=1),
    "vectors": WordVectors.load,
    "vocabulary": Vocabulary.load,
    "counts": Cooccurrence.load,
    "records": lambda path: Cooccurrence.load(path, WORDS),
    "parameters": lambda path: Glove.load_stanford(path, WORDS),
    "parameters' vectors": lambda path: WordVectors.load(path, vocabulary=WORDS),
    "model": Glove.load,
    "subwords": Subwords.load,
}
DENIED = {
    "text": "this is not text but ",
    "vectors": "these are not vectors but ",
    "vocabulary": "this is not a vocabulary but ",
    "counts": "these are not counts but ",
    "records": "these are not counts but ",
    "parameters": "these are not parameters of Stanford's glove but ",
    "parameters' vectors": "these are not parameters of Stanford's glove but ",
    "model": "this is not a model but ",
    "subwords": "this is not a subword model but ",
}


@pytest.fixture(scope="module")
def ours(tmp_path_factory):
    """A folder with a file of each kind that this package writes.

    Also a dict. For the name of each file, it has the kind of the file (see `READ_BY`), the name
    of this kind in error messages, and a pattern of their advice.
    """
    folder = tmp_path_factory.mktemp("ours")
    text = folder / "text"
    text.write_text(TEXT)
    counts = Cooccurrence.from_corpus(text, min_count=1)
    model = Glove(dim=3, epochs=1, min_count=1).fit_cooccurrence(counts)
    files = {
        "text": ("text", "text", "fit"),
        "counts": ("counts", "co-occurrence counts of glove-rs", r"Cooccurrence\.load"),
        "records": ("records", "co-occurrence records", "glove-rs train --vocab"),
        "parameters": ("parameters", "64-bit numbers", "vocabulary="),
        "vocabulary": ("vocabulary", "a vocabulary", r"Vocabulary\.load"),
        "model": ("model", "a model of glove-rs", r"Glove\.load"),
        "subwords": ("subwords", "a subword model of glove-rs", r"Subwords\.load"),
        "phrases": ("phrases", "phrases of glove-rs", r"Phrases\.load"),
        "word2vec": ("vectors", "word vectors", r"WordVectors\.load"),
        "binary": ("vectors", "word vectors", r"WordVectors\.load"),
        "glove": ("vectors", "word vectors", r"WordVectors\.load"),
        "native": ("vectors", "word vectors", r"WordVectors\.load"),
    }
    counts.save(folder / "counts")
    counts._core.save_stanford(folder / "records")
    counts.vocabulary.save(folder / "vocabulary")
    model.save(folder / "model")
    Subwords.fit(model.vectors, min_words=1).save(folder / "subwords")
    Phrases.learn(text, min_count=1, threshold=0.01).save(folder / "phrases")
    model.save_stanford(folder / "p", text=False)
    os.rename(folder / "p.bin", folder / "parameters")
    model.vectors.save_word2vec_format(folder / "word2vec")
    model.vectors.save_word2vec_format(folder / "binary", binary=True)
    model.vectors.save_glove(folder / "glove")
    model.vectors.save(folder / "native")
    return folder, files


def refusal(read, path):
    """The message with which `read` refuses a file, without the path at its beginning."""
    with pytest.raises(FormatError) as caught:
        read(path)
    message = str(caught.value)
    assert message.startswith(str(path)), message
    assert "allow_pickle" not in message
    return message.removeprefix(str(path))


OURS = ["text", "counts", "records", "parameters", "vocabulary", "model", "subwords", "phrases"]
OURS += ["word2vec", "binary", "glove", "native"]
READ_BY = {"text": {"text"}, "parameters": {"parameters", "parameters' vectors"}}


@pytest.mark.parametrize("name", OURS)
@pytest.mark.parametrize("wanted", READERS)
@pytest.mark.parametrize("pack", [bytes, gzip.compress], ids=["plain", "gzip"])
def test_a_file_of_ours_is_refused_by_other_readers_with_what_reads_it(
    ours, tmp_path, name, wanted, pack
):
    folder, files = ours
    kind, what, advice = files[name]
    path = tmp_path / "file"
    path.write_bytes(pack((folder / name).read_bytes()))
    if pack is not bytes and "model" in {name, wanted}:
        pytest.skip("a model is never compressed")
    if wanted in READ_BY.get(kind, {kind}) or (kind, wanted) == ("counts", "records"):
        assert _core.recognise(path)[0] == kind
        return
    message = refusal(READERS[wanted], path)
    if (name, wanted) == ("text", "vectors"):
        assert "expected a word and its numbers" in message
        return
    if (name, wanted) == ("records", "counts"):
        assert "vocabulary must be given" in message
        return
    assert DENIED[wanted] + what in message
    assert re.search(advice, message)


@pytest.mark.parametrize("name", FOREIGN)
@pytest.mark.parametrize("wanted", READERS)
def test_what_is_not_read_is_refused_by_what_it_is(tmp_path, name, wanted):
    if not available(name):
        pytest.skip("the library that writes this file is not installed")
    content, what, advice = FOREIGN[name]
    path = tmp_path / "file.txt"
    path.write_bytes(content())
    message = refusal(READERS[wanted], path)
    assert re.search(re.escape(DENIED[wanted]) + ".*" + what, message), message
    assert re.search(advice, message), message
    assert _core.recognise(path)[0] == "foreign"


@pytest.mark.parametrize("name", ["HTML", "git-lfs", "npz", "UTF-16 LE"])
def test_questions_and_rated_pairs_are_recognised_too(tmp_path, name):
    content, what, advice = FOREIGN[name]
    (tmp_path / "questions.txt").write_bytes(content())
    message = refusal(WordVectors(["a", "b"], np.eye(2)).evaluate, tmp_path / "questions.txt")
    assert re.search(
        f"not questions, rated pairs or categories but .*{what}.*: .*{advice}", message
    )


@pytest.mark.parametrize("name", FOREIGN)
def test_what_is_packed_or_open_is_recognised_too(tmp_path, name):
    if not available(name):
        pytest.skip("the library that writes this file is not installed")
    content, what, _ = FOREIGN[name]
    path = tmp_path / "file.gz"
    path.write_bytes(gzip.compress(content()))
    for wanted in ("text", "vectors", "vocabulary"):
        assert re.search(what, refusal(READERS[wanted], path))
    with path.open("rb") as file, pytest.raises(FormatError, match=what):
        Vocabulary.from_corpus(file)
    with pytest.raises(FormatError, match=what):
        WordVectors.load(io.BytesIO(content()))


@pytest.mark.parametrize("errors", ["replace", "ignore"])
def test_another_encoding_is_no_matter_of_bad_bytes(tmp_path, errors):
    (tmp_path / "text").write_bytes(TEXT.encode("utf-16-le"))
    with pytest.raises(FormatError, match="UTF-16 without its byte order mark"):
        Vocabulary.from_corpus(tmp_path / "text", errors=errors)


@pytest.mark.parametrize("encoding", ["utf-16-le", "utf-16-be", "utf-32-le", "utf-32-be"])
@pytest.mark.parametrize("text", ["नमस्ते दुनिया यह वाक्य\n", "plain words in a line\n"])
@pytest.mark.parametrize("errors", ["strict", "ignore", "replace"])
def test_wide_text_without_a_mark_is_refused_by_its_name(tmp_path, encoding, text, errors):
    (tmp_path / "text").write_bytes(text.encode(encoding) * 9)
    with pytest.raises(FormatError, match=f"(?i){encoding[:6]} without .*encoding=.{encoding}"):
        Vocabulary.from_corpus(tmp_path / "text", min_count=1, errors=errors)


def test_control_characters_make_text_of_no_bytes_but_of_many(tmp_path):
    path = tmp_path / "text"
    path.write_bytes(b"ab\x00\x01" * 40)
    with pytest.raises(FormatError, match="many of its bytes are control characters"):
        Vocabulary.from_corpus(path, min_count=1)
    path.write_bytes("\x00\x80\U00010000".encode())
    assert Vocabulary.from_corpus(path, min_count=1).words == ["\x00\x80\U00010000"]
    path.write_bytes(b"words with a zero\x00 among them " * 9)
    assert "zero\x00" in Vocabulary.from_corpus(path, min_count=1)


@pytest.mark.parametrize("protocol", [0, 1])
@pytest.mark.parametrize("value", [["a", "b"], {"a": 1}, "king", np.eye(2)], ids=repr)
def test_pickles_of_the_first_protocols_are_recognised(tmp_path, protocol, value):
    path = tmp_path / "file"
    path.write_bytes(pickle.dumps(value, protocol=protocol))
    with pytest.raises(FormatError, match="pickle"):
        Vocabulary.from_corpus(path, min_count=1)


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16"])
def test_latin_text_with_a_mark_is_text(tmp_path, encoding):
    (tmp_path / "text").write_text(TEXT, encoding=encoding)
    assert _core.recognise(tmp_path / "text")[0] == "text"
    expected = Vocabulary.from_corpus(TEXT.splitlines(), min_count=1)
    assert Vocabulary.from_corpus(tmp_path / "text", min_count=1) == expected


# ------------------------------------------------------------------------------------------ tables


@pytest.mark.parametrize("name", TABLES)
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
@pytest.mark.parametrize("tokenizer", ["whitespace", str.split], ids=["core", "function"])
def test_a_table_is_read_as_text_with_a_warning(tmp_path, name, encoding, tokenizer):
    text, what = TABLES[name]
    path = tmp_path / "corpus.txt"
    path.write_text(text, encoding=encoding)
    with pytest.warns(RuntimeWarning, match=f"{path}: this looks like .*{what}") as caught:
        words = Vocabulary.from_corpus(path, min_count=1, tokenizer=tokenizer)
    assert len(caught) == 1
    assert "are read as words" in str(caught[0].message)
    assert words == Vocabulary.from_corpus(text.split("\n"), min_count=1)


def test_of_many_tables_the_first_is_warned_of(tmp_path):
    for number in range(5):
        (tmp_path / str(number)).write_text(TABLES["CSV"][0])
    with pytest.warns(RuntimeWarning, match=f"{tmp_path / '0'}: ") as caught:
        Vocabulary.from_corpus(tmp_path, min_count=1)
    assert len(caught) == 1


@pytest.mark.parametrize(
    "text",
    [
        TEXT,
        "well, a sentence\nand, of course, another\nno, not more\n",
        "a b c\n" * 9,
        "1 2 3\n4 5 6\n7 8 9\n",
        "{a set of words}\n{another one}\n{a third}\n",
        "- a list\n- of things\n- to do\n",
        "# Heading\n\nsome, text.\n",
    ],
)
def test_plain_text_is_read_without_a_warning(tmp_path, text):
    (tmp_path / "text").write_text(text)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        Vocabulary.from_corpus(tmp_path / "text", min_count=1)


# ---------------------------------------------------------------------------------------- archives

VECTORS = b"the 0.5 1.5\nof -0.5 2.5\n"
OTHERS = b"2 1\nking 1.0\nqueen 2.0\n"
MANY = {"glove.50d.txt": VECTORS, "more/glove.300d.txt": OTHERS, "__MACOSX/._x": b"\0", ".x": b"\0"}


@pytest.fixture(params=[zipfile.ZIP_DEFLATED, zipfile.ZIP_STORED], ids=["deflated", "stored"])
def packed(tmp_path, request):
    """A zip archive of two files of vectors."""
    path = tmp_path / "glove.zip"
    path.write_bytes(archive(MANY, request.param))
    return path


def test_a_file_in_an_archive_is_read_by_its_name(packed):
    for named in (
        {"path": packed, "member": "glove.50d.txt"},
        {"path": f"{packed}:glove.50d.txt"},
    ):
        wv = WordVectors.load(**named)
        assert wv.index_to_key == ["the", "of"]
        assert wv.vectors.tolist() == [[0.5, 1.5], [-0.5, 2.5]]
    for name in ("more/glove.300d.txt", "glove.300d.txt"):
        assert WordVectors.load(packed, member=name).index_to_key == ["king", "queen"]


def test_an_archive_of_one_file_is_that_file(tmp_path):
    path = tmp_path / "glove.2024.zip"
    path.write_bytes(archive({"wiki_giga_2024_combined.txt": VECTORS}))
    assert WordVectors.load(path).index_to_key == ["the", "of"]
    path.write_bytes(archive({"vocab.txt": b"the 9\nof 3\nnew 1\n"}))
    assert Vocabulary.load(path).words == ["the", "of", "new"]


def test_an_archive_of_several_files_lists_them(packed):
    with pytest.raises(ValueError, match=r"^member must name one of the files in .*zip") as caught:
        WordVectors.load(packed)
    assert '"glove.50d.txt", "more/glove.300d.txt"' in str(caught.value)
    assert "MACOSX" not in str(caught.value)
    for missing in ("glove.100d.txt", "more/"):
        with pytest.raises(FileNotFoundError, match=r"which holds .*glove\.50d\.txt"):
            WordVectors.load(packed, member=missing)


def test_a_member_is_for_archives(tmp_path):
    (tmp_path / "vectors.txt").write_bytes(VECTORS)
    with pytest.raises(ValueError, match="member must be None"):
        WordVectors.load(tmp_path / "vectors.txt", member="x")
    with pytest.raises(ValueError, match="member must be None"):
        WordVectors.load(io.BytesIO(VECTORS), member="x")
    with pytest.raises(FileNotFoundError):
        WordVectors.load(f"{tmp_path}/vectors.txt:x")
    with pytest.raises(TypeError, match="member must be a str"):
        WordVectors.load(tmp_path / "vectors.txt", member=3)


def test_a_file_whose_name_looks_like_a_file_in_an_archive_is_itself(packed):
    named = packed.with_name("glove.zip:glove.50d.txt")
    named.write_bytes(b"own 1.0 2.0\n")
    assert WordVectors.load(named).index_to_key == ["own"]


def test_an_archive_of_texts_is_a_corpus(tmp_path):
    path = tmp_path / "text8.zip"
    path.write_bytes(archive({"a/one.txt": b"a b c", "two.txt.gz": gzip.compress(b"c d\n")}))
    expected = Cooccurrence.from_corpus(["a b c", "c d"], min_count=1, window=2)
    counts = Cooccurrence.from_corpus(path, min_count=1, window=2)
    assert counts.vocabulary == expected.vocabulary
    assert all(map(np.array_equal, counts.records(), expected.records()))
    one = Vocabulary.from_corpus(f"{path}:one.txt", min_count=1)
    assert one.words == ["a", "b", "c"]
    reports = []
    Vocabulary.from_corpus(path, min_count=1, progress=lambda *report: reports.append(report))
    size = path.stat().st_size
    assert reports[-1][:3] == ("tokenizing", size, size)


def test_an_archive_with_something_else_in_it_says_so(tmp_path):
    path = tmp_path / "files.zip"
    path.write_bytes(archive({"one.txt": b"a b c", "two.npy": FOREIGN["npy"][0]()}))
    with pytest.raises(FormatError, match=r"files\.zip:two\.npy, byte 0: .* NumPy array"):
        Vocabulary.from_corpus(path, min_count=1)


@pytest.mark.parametrize("damage", ["cut off", "overwritten", "directory"])
@pytest.mark.parametrize("method", [zipfile.ZIP_DEFLATED, zipfile.ZIP_STORED])
def test_damaged_archives_are_format_errors(tmp_path, damage, method):
    content = bytearray(archive({"vectors.txt": VECTORS * 99}, method))
    if damage == "cut off":
        del content[len(content) // 2 :]
    elif damage == "overwritten":
        content[60:70] = bytes(10)
    else:
        content[-10:] = b"\xff" * 10
    path = tmp_path / "vectors.zip"
    path.write_bytes(content)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for read in (WordVectors.load, Vocabulary.from_corpus):
            with pytest.raises(FormatError, match="damaged or cut off"):
                read(path)


def test_a_method_that_is_not_read_says_so(tmp_path):
    path = tmp_path / "vectors.zip"
    path.write_bytes(archive({"vectors.txt": VECTORS}, zipfile.ZIP_LZMA))
    with pytest.raises(OSError, match="unpack it first"):
        WordVectors.load(path)


# -------------------------------------------------------------------------------------- open files


@pytest.mark.parametrize("pack", [bytes, gzip.compress, bz2.compress])
def test_an_open_file_is_read_from_where_it_is(tmp_path, pack):
    path = tmp_path / "vectors"
    path.write_bytes(b"skip me\n" + pack(VECTORS))
    with path.open("rb") as file:
        file.readline()
        assert WordVectors.load(file).index_to_key == ["the", "of"]
    assert WordVectors.load(io.BytesIO(pack(VECTORS)), limit=1).index_to_key == ["the"]
    assert Vocabulary.load(io.BytesIO(pack(b"the 9\nof 3\n"))).words == ["the", "of"]


def test_open_counts_and_records_are_read(tmp_path):
    counts = Cooccurrence.from_corpus(["a b c"], min_count=1)
    for name in ("x.counts", "x.bin.gz"):
        counts.save(tmp_path / name)
        words = None if name == "x.counts" else counts.vocabulary
        with (tmp_path / name).open("rb") as file:
            read = Cooccurrence.load(file, words)
        assert all(map(np.array_equal, read.records(), counts.records()))


def test_an_open_file_of_text_is_read(tmp_path):
    path = tmp_path / "vectors"
    path.write_text("été 0.5 1.5\n", encoding="latin-1")
    with path.open(encoding="latin-1") as file:
        assert WordVectors.load(file).index_to_key == ["été"]
    assert Vocabulary.load(io.StringIO("été 3\n")).words == ["été"]


def test_an_open_model_is_read(tmp_path):
    model = Glove(dim=2, epochs=1).fit_cooccurrence(np.ones((3, 3)))
    model.save(tmp_path / "model")
    with (tmp_path / "model").open("rb") as file:
        np.testing.assert_array_equal(Glove.load(file).W, model.W)
    with pytest.raises(FormatError, match="<file>: not a glove-rs model"):
        Glove.load(io.BytesIO(b"something else"))


def test_an_exception_of_an_open_file_surfaces_unchanged():
    class OwnError(Exception):
        pass

    class Broken(io.RawIOBase):
        def read(self, size=-1):
            raise OwnError("mine")

    for read in (WordVectors.load, Vocabulary.load):
        with pytest.raises(OwnError, match=r"^mine$"):
            read(Broken())


# -------------------------------------------------------------------------------- byte order marks

MARKS = {
    "UTF-8": codecs.BOM_UTF8,
    "UTF-16 LE": codecs.BOM_UTF16_LE,
    "UTF-16 BE": codecs.BOM_UTF16_BE,
}


def marked(text, name):
    codec = {"UTF-8": "utf-8", "UTF-16 LE": "utf-16-le", "UTF-16 BE": "utf-16-be"}[name]
    return MARKS[name] + text.encode(codec)


@pytest.mark.parametrize("name", MARKS)
@pytest.mark.parametrize("pack", [bytes, gzip.compress])
def test_every_text_file_may_begin_with_a_byte_order_mark(tmp_path, name, pack):
    path = tmp_path / "file"

    def write(text):
        path.write_bytes(pack(marked(text, name)))
        return path

    assert Vocabulary.load(write("été 3\nof 1\n")).words == ["été", "of"]
    for header in ("", "2 2\n"):
        wv = WordVectors.load(write(header + "été 0.5 1.5\nof 2 3\n"))
        assert wv.index_to_key == ["été", "of"]
        assert wv.vectors.tolist() == [[0.5, 1.5], [2, 3]]
    questions = "été of été of\n"
    assert wv.evaluate(write(": section\n" + questions)).total.answerable == 1
    assert wv.evaluate(write("été\tof\t1.5\n")).answerable == 1
    assert Vocabulary.from_corpus(write("été été\n"), min_count=1).words == ["été"]


# --------------------------------------------------------------- names of files that are written


@pytest.mark.slow
@pytest.mark.parametrize("ending", ["gz", "bz2", "xz", "zst", "GZ"])
def test_a_name_says_how_its_file_is_packed(tmp_path, ending):
    rng = np.random.default_rng(0)
    wv = WordVectors([f"w{i}" for i in range(500)], rng.normal(size=(500, 9)))
    counts = Cooccurrence.from_corpus(["a b c d e f g"] * 9, min_count=1)
    words = Vocabulary(wv.index_to_key, [1] * 500)
    first = {"gz": b"\x1f\x8b", "bz2": b"BZh", "xz": b"\xfd7zXZ", "zst": b"\x28\xb5\x2f\xfd"}
    writers = {
        "vectors.txt": (wv.save_word2vec_format, WordVectors.load),
        "vectors.bin": (lambda path: wv.save_word2vec_format(path, binary=True), WordVectors.load),
        "glove.txt": (wv.save_glove, WordVectors.load),
        "vectors": (wv.save, WordVectors.load),
        "vocab.txt": (words.save, Vocabulary.load),
        "x.counts": (counts.save, Cooccurrence.load),
        "x.bin": (counts.save, lambda path: Cooccurrence.load(path, counts.vocabulary)),
    }
    for name, (save, load) in writers.items():
        path = tmp_path / f"{name}.{ending}"
        save(path)
        assert path.read_bytes().startswith(first[ending.lower()]), name
        read = load(path)
        if isinstance(read, WordVectors):
            np.testing.assert_array_equal(read.vectors, wv.vectors)
        elif isinstance(read, Cooccurrence):
            assert read.total == counts.total
        else:
            assert read == words
        content = path.read_bytes()
        save(path)
        assert path.read_bytes() == content, "the same content makes the same file"


@pytest.mark.slow
def test_gensim_reads_what_is_packed_by_its_name(tmp_path):
    models = pytest.importorskip("gensim.models", reason="gensim is not installed")
    wv = WordVectors(["ice", "steam"], np.eye(2))
    wv.save_word2vec_format(tmp_path / "vectors.txt.gz")
    read = models.KeyedVectors.load_word2vec_format(tmp_path / "vectors.txt.gz")
    assert read.index_to_key == ["ice", "steam"]


ENDINGS = [".npz", ".npy", ".safetensors", ".parquet", ".json", ".csv", ".zip", ".tar.gz"]
ENDINGS += [".JSON", ".pkl", ".h5", ".csv.gz", ".tsv", ".feather", ".jsonl.zst"]


@pytest.mark.parametrize("ending", ENDINGS)
def test_names_of_formats_that_are_not_written_are_refused(tmp_path, ending):
    wv = WordVectors(["ice", "steam"], np.eye(2))
    counts = Cooccurrence.from_corpus(["a b"], min_count=1)
    model = Glove(dim=2, epochs=1).fit_cooccurrence(np.ones((3, 3)))
    path = tmp_path / f"vectors{ending}"
    writers = [wv.save, wv.save_word2vec_format, wv.save_glove, counts.save]
    writers += [counts.vocabulary.save, model.save_word2vec]
    writers += [model.save] if ending != ".npz" else []
    for save in writers:
        with pytest.raises(ValueError, match=r"^path must not end ") as caught:
            save(path)
        assert str(path) in str(caught.value)
    assert list(tmp_path.iterdir()) == []


OTHERS = {
    "text": [".bin", ".counts", ".glove", ".bin.gz"],
    "binary": [".txt", ".vec", ".counts", ".glove"],
    "headless": [".bin", ".BIN"],
    "native": [".txt", ".vec", ".bin", ".glove"],
    "vocabulary": [".bin", ".vec", ".counts", ".glove"],
    "counts": [".txt", ".vec", ".glove"],
    "model": [".txt", ".vec", ".bin", ".counts"],
}


@pytest.mark.parametrize("name", OTHERS)
def test_names_of_what_else_is_written_are_refused(tmp_path, name):
    wv = WordVectors(["ice", "steam"], np.eye(2))
    counts = Cooccurrence.from_corpus(["a b"], min_count=1)
    save = {
        "text": wv.save_word2vec_format,
        "binary": lambda path: wv.save_word2vec_format(path, binary=True),
        "headless": wv.save_glove,
        "native": wv.save,
        "vocabulary": counts.vocabulary.save,
        "counts": counts.save,
        "model": Glove(dim=2, epochs=1).fit_cooccurrence(np.ones((3, 3))).save,
    }[name]
    for ending in OTHERS[name]:
        path = tmp_path / f"file{ending}"
        with pytest.raises(
            ValueError, match=r"^path must not end in .* because the file holds"
        ) as caught:
            save(path)
        assert str(path) in str(caught.value)
    assert list(tmp_path.iterdir()) == []


def test_a_model_may_be_called_npz_but_is_not_packed(tmp_path):
    model = Glove(dim=2, epochs=1).fit_cooccurrence(np.ones((3, 3)))
    model.save(tmp_path / "model.npz")
    assert np.load(tmp_path / "model.npz")["W"].shape == (3, 2)
    with pytest.raises(ValueError, match="does not compress a model"):
        model.save(tmp_path / "model.glove.gz")


@pytest.mark.parametrize("name", ["new/.", "new/..", "new/", "new/./"])
def test_a_name_that_is_a_folders_is_not_a_files(tmp_path, name):
    model = Glove(dim=2, epochs=1).fit_cooccurrence(np.ones((3, 3)))
    for save in (model.save, model.vectors.save, model.vocabulary.save):
        with pytest.raises(OSError, match=r"directory|Directory"):
            save(f"{tmp_path}/{name}")
    with pytest.raises(ValueError, match="prefix must be the beginning of the names of files"):
        model.save_stanford(f"{tmp_path}/{name}")
    assert list(tmp_path.iterdir()) == []
