"""Sources of text: the same words from every source; odd bytes lose, add or move no word."""

from __future__ import annotations

import bz2
import codecs
import errno
import gzip
import io
import lzma
import os
import subprocess
import sys
import threading
import zipfile
from contextlib import contextmanager, suppress
from functools import cache
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, reject
from hypothesis import strategies as st

import reference
from glove_rs import Cooccurrence, FormatError, Glove, Vocabulary, _core
from glove_rs._fit.documents import EncodedDocuments

SETTINGS = {"min_count": 1, "window": 3}


def documents():
    """About 1.9 MB of words of several scripts, more than one chunk. Some documents are empty."""
    rng = np.random.default_rng(6)
    words = ["ice", "steam", "été", "лёд", "水", "蒸气", "😀", "a\x0bb", "x" * 40, "don't"]
    lengths = rng.integers(0, 40, size=11_000)
    return [rng.choice(words, size=length).tolist() for length in lengths]


DOCUMENTS = documents()
LINES = [" ".join(document) for document in DOCUMENTS]
TEXT = "".join(line + "\n" for line in LINES)
BYTES = TEXT.encode()


def same(counts, expected):
    """Whether two counts are equal to the last bit."""
    return (
        counts.vocabulary == expected.vocabulary
        and all(map(np.array_equal, counts.records(), expected.records()))
        and counts.total == expected.total
    )


@pytest.fixture(scope="module")
def expected(tmp_path_factory):
    """The counts of the text in a plain file."""
    path = tmp_path_factory.mktemp("expected") / "corpus.txt"
    path.write_bytes(BYTES)
    return Cooccurrence.from_corpus(path, **SETTINGS)


# ------------------------------------------------------------------ the same text from every source


def zstandard(content):
    """Compress with pyarrow's library, because Python has its own only since 3.14."""
    return pytest.importorskip("pyarrow").Codec("zstd").compress(content, asbytes=True)


def in_two(pack):
    """Return a function that compresses two parts of a content, and joins the results."""
    return lambda content: pack(content[:777_777]) + pack(content[777_777:])


PACKERS = {
    "plain": bytes,
    "gzip": gzip.compress,
    "bzip2": bz2.compress,
    "xz": lambda content: lzma.compress(content, preset=0),
    "zstandard": zstandard,
}
PACKERS |= {f"{name} in two": in_two(pack) for name, pack in PACKERS.items() if name != "plain"}
SLOW_PACKERS = {"bzip2", "xz", "bzip2 in two", "xz in two", "zstandard in two"}
ENCODINGS = {
    "utf-8 with its mark": codecs.BOM_UTF8 + BYTES,
    "utf-16, little end first": codecs.BOM_UTF16_LE + TEXT.encode("utf-16-le"),
    "utf-16, big end first": codecs.BOM_UTF16_BE + TEXT.encode("utf-16-be"),
    "carriage returns": BYTES.replace(b"\n", b"\r\n"),
    "no newline at the end": BYTES.rstrip(b"\n"),
}


@cache
def packed(name):
    """The text, packed."""
    return PACKERS[name](BYTES)


@pytest.mark.slow
@pytest.mark.parametrize(
    "name",
    [
        pytest.param(name, marks=pytest.mark.slow) if name in SLOW_PACKERS else name
        for name in PACKERS
    ],
)
@pytest.mark.parametrize("threads", [pytest.param(1, marks=pytest.mark.slow), 3])
def test_a_packed_file_is_the_text_in_it_whatever_its_name(tmp_path, expected, name, threads):
    path = tmp_path / "corpus.txt"
    path.write_bytes(packed(name))
    assert same(Cooccurrence.from_corpus(path, threads=threads, **SETTINGS), expected)
    with path.open("rb") as file:
        assert same(Cooccurrence.from_corpus(file, threads=threads, **SETTINGS), expected)


@pytest.mark.parametrize("content", ENCODINGS.values(), ids=ENCODINGS)
def test_encodings_are_recognised(tmp_path, expected, content):
    path = tmp_path / "corpus.txt"
    path.write_bytes(content)
    assert same(Cooccurrence.from_corpus(path, **SETTINGS), expected)
    path.write_bytes(gzip.compress(content, 1))
    assert same(Cooccurrence.from_corpus(path, **SETTINGS), expected)


@pytest.fixture
def folder(tmp_path):
    """The text in three files of a folder, the second compressed, and a hidden file."""
    parts = {"a.txt": LINES[:4000], "b/c.gz": LINES[4000:4003], "b/d.txt": LINES[4003:]}
    for name, lines in parts.items():
        path = tmp_path / "texts" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        content = "\n".join(lines).encode()
        path.write_bytes(gzip.compress(content) if name.endswith("gz") else content)
    (tmp_path / "texts" / ".hidden").write_bytes(b"\xff")
    return tmp_path / "texts"


FILES = {
    "folder": lambda folder: folder,
    "name of a folder": str,
    "glob": lambda folder: f"{folder}/**/*",
    "list of paths": lambda folder: [folder / "a.txt", folder / "b"],
    "tuple of names": lambda folder: (f"{folder}/a.txt", f"{folder}/b/c.gz", f"{folder}/b/d.txt"),
    "generator of paths": lambda folder: (folder / name for name in ("a.txt", "b/c.gz", "b/d.txt")),
}


@pytest.mark.parametrize("source", FILES.values(), ids=FILES)
def test_several_files_are_one_text(folder, expected, source):
    assert same(Cooccurrence.from_corpus(source(folder), **SETTINGS), expected)


@pytest.mark.parametrize("tokenizer", ["unicode", str.split], ids=["core", "function"])
def test_progress_is_told_in_bytes_of_the_files(folder, tokenizer):
    calls = []
    files = [folder / "a.txt", folder / "b/c.gz"]
    Vocabulary.from_corpus(
        files, tokenizer=tokenizer, progress=lambda *report: calls.append(report[:3])
    )
    size = sum(file.stat().st_size for file in files)
    assert calls[-1] == ("tokenizing", size, size)


class Once:
    """An iterable that can be iterated over only once."""

    def __init__(self, items):
        self.items = items

    def __iter__(self):
        items, self.items = self.items, None
        return iter(items)


ITERABLES = {
    "text file": lambda: io.StringIO(TEXT),
    "bytes file": lambda: io.BytesIO(BYTES),
    "packed bytes file": lambda: io.BytesIO(gzip.compress(BYTES, 1)),
    "list": lambda: LINES,
    "one long str": lambda: [TEXT],
    "generator": lambda: (line for line in LINES),
    "one-shot iterable": lambda: Once(LINES),
    "token lists": lambda: DOCUMENTS,
    "generator of token generators": lambda: (iter(document) for document in DOCUMENTS),
    "tuples and str mixed": lambda: [
        tuple(document) if number % 3 else LINES[number]
        for number, document in enumerate(DOCUMENTS)
    ],
    "array": lambda: np.array(LINES),
}


@pytest.mark.slow
@pytest.mark.parametrize("source", ITERABLES.values(), ids=ITERABLES)
@pytest.mark.parametrize("threads", [pytest.param(1, marks=pytest.mark.slow), 3])
def test_documents_are_the_lines_of_the_file(expected, source, threads):
    assert same(Cooccurrence.from_corpus(source(), threads=threads, **SETTINGS), expected)


def test_a_url_may_have_spaces():
    fsspec = pytest.importorskip("fsspec")
    system = fsspec.filesystem("memory")
    system.pipe("/spaces/my corpus.txt", b"a b\n")
    try:
        url = "memory://spaces/my corpus.txt"
        for source in (url, [url], [url, url]):
            assert Vocabulary.from_corpus(source, min_count=1).words == ["a", "b"]
        with pytest.raises(FileNotFoundError, match=r"memory://spaces/no corpus\.txt"):
            Vocabulary.from_corpus("memory://spaces/no corpus.txt", min_count=1)
    finally:
        system.rm("/spaces", recursive=True)


#: Files of one word each. The word is the last character of the name before `.txt`.
_NAMED = (
    *("a.txt", "a [1]b.txt", "a 1c.txt", "d#d.txt", "e%20e.txt", "f?f.txt", "f.f.txt", "中.txt"),
    *(".h.txt", "in/i.txt", "in/deep/j.txt", ".hidden/k.txt", "in/.hidden/l.txt", "[x]/m.txt"),
    *("x/n.txt", "o.txt/o.txt", "only/.p.txt"),
)


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        # files and folders
        ("a [1]b.txt", "b"),
        ("f?f.txt", "f"),
        ("d#d.txt", "d"),
        ("e%20e.txt", "e"),
        ("中.txt", "中"),
        ("[x]", "m"),
        ("[x]/m.txt", "m"),
        ("in", "ij"),
        ("in/", "ij"),
        ("in/.hidden", "l"),
        (".h.txt", "h"),
        # patterns
        ("*", "abcdeff中"),
        ("*.txt", "abcdeff中"),
        ("a [!x]*.txt", "bc"),
        ("[[]x]/*", "m"),
        ("[x]/*", "n"),
        ("**/*.txt", "abcdeff中ijmno"),
        ("**", "abcdeff中ijmno"),
        ("**/**/j.txt", "j"),
        ("in/**/*.txt", "ij"),
        ("*/*.txt", "imno"),
        ("a**", "abc"),
        (".*", "h"),
        (".*/*", "k"),
        (".h**", "h"),
        ("in/.hidden/*", "l"),
        ("*/.*/*", "l"),
        ("only/.*", "p"),
        ("f[?]f.txt", "f"),
        # nothing
        ("only", "No files in the folder"),
        ("only/*", "No file matches"),
        ("none*", "No file matches"),
        ("none/*", "No file matches"),
        ("i[n]", "No file matches, only folders"),
        ("none", "No such file"),
    ],
)
@pytest.mark.parametrize("store", ["path", "file", "memory", "file system", "folder", "pyarrow"])
def test_a_name_means_the_same_files_in_every_store(tmp_path, store, name, expected):
    fsspec = pytest.importorskip("fsspec")
    arrow = pytest.importorskip("pyarrow.fs")
    from fsspec.implementations.dirfs import DirFileSystem

    if os.name == "nt":
        pytest.skip("Windows refuses these names")
    memory = fsspec.filesystem("memory")
    for file in _NAMED:
        word = file.removesuffix(".txt")[-1].encode()
        if store in {"memory", "file system"}:
            memory.pipe(f"/alike/{file}", word)
        else:
            (tmp_path / file).parent.mkdir(exist_ok=True, parents=True)
            (tmp_path / file).write_bytes(word)
    source, options = {
        "path": (f"{tmp_path}/{name}", None),
        "file": (f"file://{tmp_path}/{name}", None),
        "memory": (f"memory://alike/{name}", None),
        "file system": (f"/alike/{name}", memory),
        "folder": (name, DirFileSystem(str(tmp_path), fsspec.filesystem("file"))),
        "pyarrow": (f"{tmp_path}/{name}", arrow.LocalFileSystem()),
    }[store]
    try:
        if expected.startswith("No "):
            with pytest.raises(FileNotFoundError) as caught:
                Vocabulary.from_corpus(source, storage_options=options)
            assert caught.value.strerror.partition(" (")[0].startswith(expected)
        else:
            found = Vocabulary.from_corpus(source, storage_options=options, min_count=1)
            counts = dict(zip(found.words, found.counts.tolist(), strict=True))
            assert counts == {word: expected.count(word) for word in expected}
    finally:
        if memory.exists("/alike"):
            memory.rm("/alike", recursive=True)


@pytest.mark.parametrize("name", ["a.txt", "*.txt", "", "?.txt"])
def test_an_archive_is_read_through_a_chain_of_urls(tmp_path, name):
    pytest.importorskip("fsspec")
    with zipfile.ZipFile(tmp_path / "texts.zip", "w") as archive:
        archive.writestr("a.txt", "a")
        archive.writestr("in/b.txt", "b")
    url = f"zip://{name}::{(tmp_path / 'texts.zip').as_uri()}"
    words = Vocabulary.from_corpus(url, min_count=1).words
    assert words == (["a"] if name else ["a", "b"])


@pytest.mark.skipif(os.name == "nt", reason="needs links and pipes")
def test_links_to_folders_are_left_out_by_url_as_by_path(tmp_path):
    pytest.importorskip("fsspec")
    (tmp_path / "texts").mkdir()
    (tmp_path / "other").mkdir()
    (tmp_path / "other" / "b.txt").write_text("b")
    (tmp_path / "texts" / "a.txt").write_text("a")
    (tmp_path / "texts" / "folder").symlink_to(tmp_path / "other")
    (tmp_path / "texts" / "file").symlink_to(tmp_path / "other" / "b.txt")
    for source in (f"{tmp_path}/texts", f"{tmp_path}/texts/*"):
        for named in (source, f"file://{source}"):
            assert sorted(Vocabulary.from_corpus(named, min_count=1).words) == ["a", "b"]


def test_documents_that_begin_with_a_url_are_documents():
    documents = ["https://a.b/c is a page", "https://a.b/d is another one"]
    words = Vocabulary.from_corpus(documents, min_count=1).words
    assert {"is", "page", "https://a.b/c"} <= set(words)


def test_an_open_text_file_is_read_from_where_it_is(tmp_path):
    path = tmp_path / "corpus.txt"
    path.write_text("left out\na b\n", encoding="utf-16")
    with path.open(encoding="utf-16") as file:
        file.readline()
        assert Vocabulary.from_corpus(file, min_count=1).words == ["a", "b"]


def columns(kind):
    """Columns and tables of a library that hold the text."""
    if kind == "pandas":
        pandas = pytest.importorskip("pandas")
        missing = [None, *LINES]
        yield pandas.Series(missing, dtype=object, index=range(1, len(missing) + 1))
        yield pandas.Series(DOCUMENTS)
        if "pyarrow" in sys.modules:
            yield pandas.Series(missing, dtype="string[pyarrow]")
            yield pandas.DataFrame({"number": range(len(LINES)), "text": LINES})
        return
    pyarrow = pytest.importorskip("pyarrow")
    if kind == "polars":
        polars = pytest.importorskip("polars")
        yield polars.Series([None, *LINES])
        yield polars.Series(LINES).cast(polars.Categorical)
        yield polars.Series(DOCUMENTS)
        yield polars.DataFrame({"number": range(len(LINES)), "text": LINES})
        return
    if kind == "datasets":
        datasets = pytest.importorskip("datasets")
        dataset = datasets.Dataset.from_dict({"number": range(len(LINES)), "text": LINES})
        yield dataset
        yield dataset["text"]
        yield list(dataset["text"])
        yield dataset.to_iterable_dataset()
        backwards = dataset.select(range(len(LINES) - 1, -1, -1))
        yield backwards.sort("number")
        yield backwards.sort("number").with_transform(lambda rows: rows)["text"]
        yield datasets.Dataset.from_dict({"tokens": DOCUMENTS})
        return
    for of_text in (pyarrow.string(), pyarrow.large_string(), pyarrow.string_view()):
        column = pyarrow.array([None, *LINES, None], of_text)
        yield column
        yield pyarrow.chunked_array([column[:5000], column[5000:]])
    plain = pyarrow.array(LINES)
    yield plain.dictionary_encode()
    yield pyarrow.array(DOCUMENTS)
    yield pyarrow.array(DOCUMENTS, pyarrow.large_list(pyarrow.large_string()))
    table = pyarrow.table({"number": range(len(LINES)), "text": plain})
    yield table
    yield table.to_reader(max_chunksize=1000)
    yield (batch for batch in table.to_batches(max_chunksize=1000))
    yield [*table["text"][:7000].chunks, *LINES[7000:]]


@pytest.mark.slow
@pytest.mark.parametrize(
    # Importing `datasets` takes a second. So the test with this library is marked as slow.
    "kind",
    ["pyarrow", "polars", "pandas", pytest.param("datasets", marks=pytest.mark.slow)],
)
def test_columns_of_tables_are_documents(expected, kind):
    seen = 0
    for source in columns(kind):
        assert same(Cooccurrence.from_corpus(source, **SETTINGS), expected), type(source)
        seen += 1
    assert seen


@pytest.mark.slow
@pytest.mark.parametrize("by_column", [False, True])
def test_a_streaming_dataset_may_have_nulls_and_empty_lists_anywhere(by_column):
    datasets = pytest.importorskip("datasets")
    rows = [
        {"text": "a b c", "number": 1, "tags": ["x"]},
        {"text": "c d", "number": None, "tags": []},
        {"text": None, "number": 3, "tags": None},
        {"text": "e f", "number": 2, "tags": ["y", "z"]},
    ] * 300
    features = {
        "text": "string",
        "number": "int64",
        "tags": datasets.List(datasets.Value("string")),
    }
    features = {
        name: kind if name == "tags" else datasets.Value(kind) for name, kind in features.items()
    }

    def stream(*names):
        made = [{name: row[name] for name in names} for row in rows]
        kinds = {name: features[name] for name in names}
        return datasets.IterableDataset.from_generator(
            lambda: iter(made), features=datasets.Features(kinds)
        )

    expected = Cooccurrence.from_corpus([row["text"] for row in rows if row["text"]], **SETTINGS)
    source = stream("text", "number", "tags")["text"] if by_column else stream("text", "number")
    assert same(Cooccurrence.from_corpus(source, **SETTINGS), expected)
    words = Cooccurrence.from_corpus(stream("number", "tags"), **SETTINGS).vocabulary
    assert set(words.words) == {"x", "y", "z"}


@pytest.mark.parametrize("names", [["a", "b"], []])
def test_a_table_without_its_one_column_of_text_says_so(names):
    pyarrow = pytest.importorskip("pyarrow")
    table = pyarrow.table({"number": [1, 2], **{name: ["x", "y"] for name in names}})
    with pytest.raises(ValueError, match=r"one column of text.*\d among its columns .*number"):
        Vocabulary.from_corpus(table)
    with pytest.raises(TypeError, match=r"column of strings .* got Int64"):
        Vocabulary.from_corpus(table["number"])


def test_arrow_text_that_is_none_is_refused_or_repaired():
    pyarrow = pytest.importorskip("pyarrow")
    buffers = pyarrow.array([b"a b", b"b \xff c"]).buffers()
    column = pyarrow.StringArray.from_buffers(2, buffers[1], buffers[2])
    with pytest.raises(ValueError, match=r"row 1 .*utf-8"):
        Vocabulary.from_corpus(column, min_count=1)
    assert Vocabulary.from_corpus(column, min_count=1, errors="ignore").words == ["b", "a", "c"]
    words = Vocabulary.from_corpus(column, min_count=1, errors="replace").words
    assert sorted(words) == ["a", "b", "c", "\ufffd"]


def test_an_exception_in_a_stream_of_batches_surfaces_unchanged():
    pyarrow = pytest.importorskip("pyarrow")

    class OwnError(Exception):
        pass

    def batches():
        yield pyarrow.record_batch({"text": ["a b"]})
        raise OwnError("mine")

    schema = pyarrow.schema({"text": pyarrow.string()})
    with pytest.raises(OwnError, match="mine"):
        Vocabulary.from_corpus(pyarrow.RecordBatchReader.from_batches(schema, batches()))


@pytest.mark.slow
def test_dash_is_standard_input(tmp_path, expected):
    code = """
import sys
from glove_rs import Cooccurrence
print(sys.stdin.buffer.readline().decode(), end="")
Cooccurrence.from_corpus("-", window=3, min_count=1).save(sys.argv[1])
"""
    command = [sys.executable, "-c", code, tmp_path / "counts"]
    done = subprocess.run(command, input=b"first line\n" + BYTES, capture_output=True, check=True)
    assert done.stdout == b"first line\n"
    assert same(Cooccurrence.load(tmp_path / "counts"), expected)


def test_dash_is_whatever_stands_for_standard_input(monkeypatch):
    monkeypatch.setattr(sys, "stdin", io.StringIO("a b\n"))
    assert Vocabulary.from_corpus("-", min_count=1).words == ["a", "b"]


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="needs named pipes")
@pytest.mark.parametrize("tokenizer", ["whitespace", str.split], ids=["core", "function"])
def test_a_named_pipe_is_read_to_its_end(tmp_path, expected, tokenizer):
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    writer = threading.Thread(target=pipe.write_bytes, args=(gzip.compress(BYTES, 1),))
    writer.start()
    words = [word.replace("\x0b", "") for word in expected.vocabulary.words]
    vocabulary = Vocabulary.from_corpus(pipe, min_count=1, tokenizer=tokenizer)
    writer.join()
    if tokenizer == "whitespace":
        assert vocabulary == expected.vocabulary
    else:
        assert set(vocabulary.words) == {*words, "a", "b"} - {"ab"}


# -------------------------------------------------------------------------------- what is no source


def test_a_text_in_place_of_a_path_is_told_where_it_goes():
    with pytest.raises(FileNotFoundError, match=r"to pass text, put it into a list"):
        Vocabulary.from_corpus("the quick brown fox")
    for text in ("fox " * 10**5, "null\0byte here", "lone \ud800 surrogate"):
        with pytest.raises(FileNotFoundError) as caught:
            Vocabulary.from_corpus(text)
        assert len(str(caught.value)) < 1000


@pytest.mark.parametrize("ending", ["txt", *_core.COMPRESSED_ENDINGS])
def test_names_of_missing_files_are_no_documents(ending):
    with pytest.raises(FileNotFoundError, match=rf"part-0\.{ending}"):
        Vocabulary.from_corpus([f"part-0.{ending}", f"part-1.{ending}"])


@pytest.mark.parametrize(("name", "hint"), [("o*", " (end the pattern with /*)"), ("o*/**", "")])
def test_a_pattern_that_matches_only_folders_says_so(tmp_path, name, hint):
    (tmp_path / "outer" / "inner").mkdir(parents=True)
    with pytest.raises(FileNotFoundError) as caught:
        Vocabulary.from_corpus(tmp_path / name)
    assert caught.value.strerror == f"No file matches, only folders{hint}"


@pytest.mark.parametrize("name", ["*.nothing", "[a]/**/x?"])
def test_a_pattern_that_matches_nothing_says_so(tmp_path, monkeypatch, name):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(FileNotFoundError, match="No file matches") as caught:
        Vocabulary.from_corpus(name)
    assert caught.value.filename == name


def test_a_file_whose_name_looks_like_a_pattern_is_itself(tmp_path):
    (tmp_path / "[a].txt").write_text("literal")
    (tmp_path / "a.txt").write_text("matched")
    words = Vocabulary.from_corpus(tmp_path / "[a].txt", min_count=1).words
    assert words == ["literal"]


def test_a_folder_without_files_says_so(tmp_path):
    (tmp_path / "empty").mkdir()
    with pytest.raises(FileNotFoundError, match="No files in the folder"):
        Vocabulary.from_corpus(tmp_path)


def test_one_missing_file_of_several_is_named_before_any_is_read(tmp_path):
    (tmp_path / "there").write_bytes(b"\xff")
    with pytest.raises(FileNotFoundError) as caught:
        Vocabulary.from_corpus([tmp_path / "there", tmp_path / "missing"])
    assert caught.value.filename == str(tmp_path / "missing")


def test_str_and_path_objects_may_be_mixed_in_any_order(tmp_path):
    first, second = tmp_path / "first", tmp_path / "second.txt"
    first.write_text("a b\n" * 9)
    second.write_text("b c\n" * 9)
    expected = Vocabulary.from_corpus([first, second])
    for source in ([str(first), second], [first, str(second)], (str(first), second)):
        assert Vocabulary.from_corpus(source) == expected
        assert Glove(dim=2, epochs=1).fit(source).vocabulary == expected
        assert Cooccurrence.estimate(source).words == 3
    for source in ([5, first], ["no such file", first]):
        with pytest.raises((TypeError, FileNotFoundError)):
            Vocabulary.from_corpus(source)


def test_strings_that_are_not_all_names_of_files_are_documents(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    Path("word").write_text("something else")
    assert Vocabulary.from_corpus(["word", "other"], min_count=1).words == ["other", "word"]
    assert Vocabulary.from_corpus(["word"], min_count=1).words == ["else", "something"]
    with pytest.raises(TypeError, match="paths"):
        Vocabulary.from_corpus([Path("word"), 5])


@pytest.mark.parametrize("name", list(PACKERS)[1:5])
@pytest.mark.parametrize("damage", ["cut off", "overwritten"])
def test_damaged_packed_files_are_format_errors(tmp_path, name, damage):
    damaged = bytearray(packed(name))
    if damage == "cut off":
        del damaged[len(damaged) // 2 :]
    else:
        damaged[len(damaged) // 2 :] = bytes(len(damaged) - len(damaged) // 2)
    path = tmp_path / "corpus"
    path.write_bytes(damaged)
    with pytest.raises(FormatError, match=r"corpus, byte \d+: the .* data are damaged or cut off"):
        Vocabulary.from_corpus(path)


@pytest.mark.parametrize("result", [5, None, ["a"]])
def test_a_file_object_that_reads_something_else_is_a_type_error(result):
    class Odd:
        def read(self, size):
            return result

    with pytest.raises((TypeError, BlockingIOError)):
        Vocabulary.from_corpus(Odd())


# ---------------------------------------------------------------------------------------- documents


def pairs(source, **parameters):
    """The pairs of adjacent words."""
    counts = Cooccurrence.from_corpus(source, window=1, min_count=1, **parameters)
    words = np.array(counts.vocabulary.words)
    row, column, _ = counts.records()
    return {"".join(sorted(pair)) for pair in zip(words[row], words[column], strict=True)}


WINDOWS = {"line": {"ab", "cd", "ef"}, "paragraph": {"ab", "bc", "cd", "ef"}}
WINDOWS["file"] = WINDOWS["paragraph"] | {"de"}


@pytest.mark.parametrize("unit", WINDOWS)
@pytest.mark.parametrize("tokenizer", ["whitespace", "unicode", "zh", str.split])
@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_no_window_crosses_the_end_of_a_document(tmp_path, unit, tokenizer, end):
    text = "a b\nc d\n \t\ne f\n".replace("\n", end)
    parameters = {"documents": unit, "tokenizer": tokenizer}
    for name in ("x", "y"):
        (tmp_path / name).write_bytes(text.encode())
    for source in (tmp_path, [text, text], io.StringIO(text), io.BytesIO(text.encode())):
        assert pairs(source, **parameters) == WINDOWS[unit], source


@pytest.mark.parametrize("tokenizer", ["whitespace", str.split])
def test_a_newline_at_the_end_of_an_item_begins_no_document(tmp_path, tokenizer):
    def lengths(source, by=None, **parameters):
        settings = {"min_count": 1, "tokenizer": tokenizer, **parameters}
        return EncodedDocuments.read(source, settings, None, by=by).lengths.tolist()

    assert lengths(["a b\n", "c\n", "", "\n", "d"]) == [2, 1, 0, 0, 1]
    assert lengths(["a\nb c\n", "d\n\n"]) == [1, 2, 1, 0]
    long = "ab " * 400_000 + "\n"  # longer than a chunk
    assert lengths(["a\n", long, "b\n"]) == [1, 400_000, 1]
    assert lengths(["a\n", "b c\n"], documents="file") == [1, 2]
    text = "a b\n\nc d e\n"
    (tmp_path / "text").write_text(text)
    assert lengths(iter(io.StringIO(text))) == lengths(tmp_path / "text") == [2, 0, 3]
    # So a label for each line is a label for each document.
    assert lengths((line for line in io.StringIO(text)), by=len) == [2, 0, 3]


def test_a_list_of_words_is_a_document_whatever_the_unit():
    for unit in WINDOWS:
        assert pairs([["a", "b"], ["c", "d"]], documents=unit) == {"ab", "cd"}


@pytest.mark.slow
@pytest.mark.parametrize("unit", WINDOWS)
def test_long_documents_are_the_same_in_chunks(tmp_path, unit):
    # Lines of one or two megabytes, longer than a chunk, and blank lines.
    text = "\n".join(["a b " * 300_000, "", "c d " * 500_000, "  ", "e"] * 2)
    by_unit = {
        "line": text.split("\n"),
        "paragraph": text.replace("\n  \n", "\n\n").split("\n\n"),
        "file": [text],
    }
    lists = [document.split() for document in by_unit[unit]]
    (tmp_path / "corpus").write_text(text)
    given_words = ["a", "b", "c", "d", "e"]
    counts = Cooccurrence.from_corpus(tmp_path / "corpus", given_words, window=2, documents=unit)
    expected = Cooccurrence.from_corpus(lists, given_words, window=2)
    assert all(map(np.array_equal, counts.records(), expected.records()))


# ------------------------------------------------------------------------------------- invalid text


@pytest.mark.parametrize("packed", [bytes, gzip.compress], ids=["plain", "gzip"])
@pytest.mark.parametrize("as_file", [Path, lambda path: path.open("rb")], ids=["path", "file"])
@pytest.mark.parametrize(
    ("content", "offset"),
    [
        (b"fine " * 300_000 + b"\xffbad", 1_500_000),
        (codecs.BOM_UTF8 + b"ok\n\xe6\xb0", 6),
        (codecs.BOM_UTF16_LE + "ok ".encode("utf-16-le") + b"\x00\xd8a\x00", 8),
        (codecs.BOM_UTF16_BE + "水".encode("utf-16-be") + b"\x00", 4),
    ],
)
def test_invalid_bytes_are_named_by_their_offset(tmp_path, content, offset, packed, as_file):
    path = tmp_path / "corpus.txt"
    path.write_bytes(packed(content))
    source = as_file(path)
    with pytest.raises(FormatError, match=rf"{path}, byte {offset}: invalid UTF-(8|16)"):
        Vocabulary.from_corpus(source, min_count=1)


@pytest.mark.slow
@given(content=st.lists(st.sampled_from([b"a", b" ", b"\xe6\xb0\xb4", b"\xe6", b"\xff", b"\n"])))
@pytest.mark.parametrize("errors", ["replace", "ignore"])
def test_invalid_utf8_is_repaired_as_by_python(tmp_path, content, errors):
    path = tmp_path / "corpus"
    path.write_bytes(b"x " + b"".join(content))
    text = path.read_bytes().decode(errors=errors)
    expected = Vocabulary.from_corpus([text], min_count=1)
    assert Vocabulary.from_corpus(path, min_count=1, errors=errors) == expected


LONE = {"replace": "a\ufffdb \ufffd", "ignore": "ab "}


@pytest.mark.parametrize("tokenizer", ["whitespace", str.split])
def test_lone_surrogates_are_invalid_too(tokenizer):
    document = "a\ud800b \udfff"
    sources = [[document], [document.split()], io.StringIO(document)]
    for source in sources:
        with pytest.raises(UnicodeEncodeError, match="surrogate") as caught:
            Vocabulary.from_corpus(source, min_count=1, tokenizer=tokenizer)
    assert "in document 0 of the source" in _note(sources[0])
    for errors, text in LONE.items():
        for source in ([document], [document.split()], io.StringIO(document)):
            vocabulary = Vocabulary.from_corpus(
                source, min_count=1, errors=errors, tokenizer=tokenizer
            )
            assert set(vocabulary.words) == set(text.split())
    assert isinstance(caught.value, ValueError)


def _note(source):
    with pytest.raises(UnicodeEncodeError) as caught:
        Vocabulary.from_corpus(source, min_count=1)
    return "".join(caught.value.__notes__)


# ------------------------------------------------------------------- arbitrary bytes and characters

odd_bytes = st.lists(
    st.one_of(
        st.binary(max_size=8),
        st.sampled_from([b" ", b"\n", b"\r\n", b"\0", b"\x0c", b"\x1f\x8b", b"BZh9", b"\xff\xfe"]),
    ),
    max_size=30,
).map(b"".join)
PARAMETERS = [
    {"tokenizer": tokenizer, "documents": unit}
    for tokenizer in ("whitespace", "unicode", "zh")
    for unit in ("line", "paragraph", "file")
]


@pytest.mark.slow
@given(odd=odd_bytes, parameters=st.sampled_from(PARAMETERS), errors=st.sampled_from([*LONE]))
def test_arbitrary_bytes_change_no_other_words_counts(tmp_path, odd, parameters, errors):
    path = tmp_path / "corpus"
    path.write_bytes(b"known words known\n\n" + odd + b"\n\nknown words\n")
    try:
        vocabulary = Vocabulary.from_corpus(path, min_count=1, errors=errors, **parameters)
    except FormatError as error:
        # Many zero bytes are recognised as UTF-16, and many control characters as binary data.
        refusals = ("this is not text but", "this is not text: many of its bytes are control")
        if not any(refusal in str(error) for refusal in refusals):
            raise
        reject()
    counted = dict(zip(vocabulary.words, vocabulary.counts.tolist(), strict=True))
    # Unless the odd bytes contain "know" or "word", the counts of "known" and "words" are certain.
    inside = odd.decode(errors=errors).replace("\r", "")
    if "know" not in inside and "word" not in inside:
        assert (counted["known"], counted["words"]) == (3, 2)
    counts = Cooccurrence.from_corpus(
        path, ["known", "words"], window=1, errors=errors, **parameters
    )
    assert counts.records()[2].min() >= 1


@contextmanager
def suppress_no_words():
    """Ignore the error that a text has no words."""
    try:
        yield
    except FormatError:
        raise
    except ValueError as error:
        if "no words" not in str(error):
            raise


@pytest.mark.slow
@given(odd=odd_bytes)
def test_arbitrary_bytes_are_a_text_or_a_clear_error(tmp_path, odd):
    path = tmp_path / "corpus"
    path.write_bytes(odd)
    for source in (path, io.BytesIO(odd)):
        with suppress(FormatError), suppress_no_words():
            Vocabulary.from_corpus(source, min_count=1)


# Only characters that Python's Unicode tables know; the tables of the core may be newer.
any_text = st.text(
    st.one_of(
        st.characters(exclude_categories=["Cn"]), st.sampled_from(" \t\n\r\0\x85\u2028\u3000Σİß")
    )
)


@pytest.mark.slow
@given(text=any_text, lowercase=st.booleans(), normalize=st.sampled_from([None, "NFC", "NFKC"]))
def test_arbitrary_unicode_has_the_words_that_python_splits(tmp_path, text, lowercase, normalize):
    import unicodedata

    text = text.encode(errors="ignore").decode()
    folded = text if normalize is None else unicodedata.normalize(normalize, text)
    folded = folded.lower() if lowercase else folded
    lines = folded.replace("\r", "").replace("\t", " ").split("\n")
    documents = [line.split(" ") for line in lines]
    documents = [[word for word in words if word] for words in documents]
    if not any(documents):
        return
    path = tmp_path / "corpus"
    path.write_text("marked\n" + text, encoding="utf-8", newline="")
    words, counts = reference.vocabulary([["marked"], *documents])
    parameters = {"min_count": 1, "lowercase": lowercase, "normalize": normalize}
    for source in (path, ["marked", text], io.StringIO("marked\n" + text)):
        try:
            vocabulary = Vocabulary.from_corpus(source, **parameters)
        except FormatError as error:
            if "this is not text but" not in str(error):
                raise
            reject()  # text with many zero bytes is recognised as UTF-16
        assert vocabulary.words == words
        assert vocabulary.counts.tolist() == counts


@pytest.mark.parametrize("text", ['a b "c d', 'one, "two\nthree, four\n', '"\n x'])
def test_a_quotation_mark_without_its_partner_is_a_character(tmp_path, text):
    (tmp_path / "corpus").write_text(text)
    expected = Vocabulary.from_corpus([text], min_count=1)
    assert Vocabulary.from_corpus(tmp_path / "corpus", min_count=1) == expected


HUGE = {
    "a word of a megabyte": "known " + "x" * 2**20 + " known " + "水" * 2**19,
    "a line of ten million words": "known x " * 5_000_000,
    "nothing but empty documents": "known\n" + "\n" * 10**6 + "known",
    "zero bytes": "known \0 \0known\0 known" + "\0" * 10**6,  # words may contain zero bytes
}


@pytest.mark.slow
@pytest.mark.parametrize("text", HUGE.values(), ids=HUGE)
@pytest.mark.parametrize("tokenizer", ["whitespace", "unicode", "zh"])
def test_huge_words_lines_and_gaps_are_counted(tmp_path, text, tokenizer):
    path = tmp_path / "corpus"
    path.write_text(text)
    settings = {"min_count": 1, "max_word_bytes": 2**22}
    vocabulary = Vocabulary.from_corpus(path, tokenizer=tokenizer, **settings)
    known = text.count("known")
    if tokenizer == "whitespace":
        known = text.replace("\n", " ").split(" ").count("known")
    assert vocabulary.counts[vocabulary["known"]] == known
    if tokenizer == "whitespace":
        assert vocabulary == Vocabulary.from_corpus([text.split()], **settings)


# -------------------------------------------------------------------- exceptions of the user's code


class OwnError(Exception):
    """An exception that only the tests raise."""


def _broken_generator():
    for number in range(10**6):
        if number == 50_000:
            raise OwnError("mine")
        yield "a few words"


def _broken_tokenizer(text):
    if "mine" in text:
        raise OwnError("mine")
    return text.split()


class _BrokenFile(io.RawIOBase):
    def readinto(self, buffer):
        raise OwnError("mine")

    def read(self, size=-1):
        if size:
            raise OwnError("mine")
        return b""


BROKEN = {
    "generator": lambda: {"source": _broken_generator()},
    "file": lambda: {"source": _BrokenFile()},
    "tokenizer": lambda: {
        "source": ["words"] * 10_000 + ["mine"],
        "tokenizer": _broken_tokenizer,
    },
}


@pytest.mark.parametrize("broken", BROKEN.values(), ids=BROKEN)
def test_an_exception_of_the_users_code_surfaces_unchanged(tmp_path, monkeypatch, broken):
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    before = threading.active_count()
    parameters = {**broken(), "memory": "1MB", "tmp_dir": tmp_path}
    with pytest.raises(OwnError, match=r"^mine$") as caught:
        Vocabulary.from_corpus(parameters.pop("source"), **parameters)
    assert type(caught.value) is OwnError
    assert not hasattr(caught.value, "__notes__")
    assert list(tmp_path.iterdir()) == []
    assert threading.active_count() == before


def test_a_one_shot_source_is_read_once():
    reads = []

    def once():
        for number in range(3):
            reads.append(number)
            yield "a b c d e"

    Glove(dim=2, min_count=1, epochs=1, memory="1MB").fit(once())
    assert reads == [0, 1, 2]


def test_a_model_that_was_counted_from_any_source_trains_to_the_same_bits(tmp_path):
    path = tmp_path / "corpus.gz"
    path.write_bytes(gzip.compress("".join(line + "\n" for line in LINES[:300]).encode()))
    parameters = {"dim": 4, "min_count": 1, "epochs": 2, "deterministic": True}
    models = [
        Glove(**parameters).fit(source)
        for source in (path, LINES[:300], iter(LINES[:300]), DOCUMENTS[:300])
    ]
    for model in models[1:]:
        np.testing.assert_array_equal(model.W, models[0].W)


def test_a_disk_error_keeps_its_class_and_name(tmp_path):
    class Disk(io.RawIOBase):
        def read(self, size=-1):
            if size:
                raise OSError(errno.EIO, "worn out", "disk")
            return b""

    with pytest.raises(OSError, match="worn out") as caught:
        Vocabulary.from_corpus(Disk())
    assert (caught.value.errno, caught.value.filename) == (errno.EIO, "disk")


def test_bytes_are_no_source():
    with pytest.raises(TypeError, match=r"^source must not be bytes"):
        Vocabulary.from_corpus(b"corpus.txt")
