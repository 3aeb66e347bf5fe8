"""Several inputs on the command line mean the same as a list in Python."""

from __future__ import annotations

import gzip
import lzma
import os
from pathlib import Path

import numpy as np
import pytest

from glove_rs import Cooccurrence, Vocabulary
from glove_rs.cli import main

LINES = [
    "The Cat sat on the mat, where it's warm.\n",
    "the dog sat\n",
    "\n",
    "Ａ Ä a\u0301 ﬁne day\n",
    "the CAT and the dog and the mat\n" * 3,
    "\n",
    "sat on sat",
]
TEXTS = ["".join(LINES[:3]), "".join(LINES[3:5]), "".join(LINES[5:])]
BROKEN = b"the ca\xfft sat \xe2\x82 here\n"


def written(folder: Path, contents: list[bytes], ending: str = ".txt") -> list[str]:
    folder.mkdir(exist_ok=True)
    paths = [folder / f"{number}{ending}" for number in range(len(contents))]
    for path, content in zip(paths, contents, strict=True):
        path.write_bytes(content)
    return [str(path) for path in paths]


@pytest.fixture(scope="module")
def inputs(tmp_path_factory) -> dict[str, list[str]]:
    """The ways to name the files of `TEXTS`, each with its arguments.

    In "broken", one file is not valid UTF-8. "a folder and a pattern" names two texts twice, and
    "one twice" names only one text, twice.
    """
    folder = tmp_path_factory.mktemp("inputs")
    plain = [text.encode() for text in TEXTS]
    utf16 = [text.encode("utf-16") for text in TEXTS]
    made = {
        "plain": written(folder / "plain", plain),
        "packed": written(folder / "packed", [gzip.compress(text) for text in plain], ".gz"),
        "UTF-16": written(folder / "utf16", utf16),
        "packed UTF-16": written(folder / "xz", [lzma.compress(text) for text in utf16], ".xz"),
        "with a mark": written(folder / "mark", [text.encode("utf-8-sig") for text in TEXTS]),
        "broken": written(folder / "broken", [plain[0], BROKEN, plain[2]]),
    }
    made["mixed"] = [made["packed"][0], made["plain"][1], made["packed UTF-16"][2]]
    made["a folder"] = [str(folder / "plain")]
    made["a pattern"] = [str(folder / "packed" / "*.gz")]
    made["a folder and a pattern"] = [str(folder / "plain"), str(folder / "utf16" / "[12].txt")]
    made["one twice"] = [made["plain"][1], made["plain"][1]]
    return made


OPTIONS = {
    "defaults": {},
    "paragraphs": {"documents": "paragraph"},
    "whole files": {"documents": "file"},
    "replaced": {"errors": "replace"},
    "ignored": {"errors": "ignore"},
    "lower case": {"lowercase": True},
    "normalized": {"normalize": "NFKC"},
    "unicode words": {"tokenizer": "unicode", "lowercase": True},
    "segmented": {"tokenizer": "zh"},
    "frequent words": {"min_count": 3},
    "few words": {"max_vocab": 4},
    "gaps": {"min_count": 2, "keep_gaps": True},
    "one side": {"symmetric": False},
    "no weights": {"distance_weighting": False},
    "wide": {"window": 50},
    "long words": {"max_word_bytes": 4096},
    "one thread": {"threads": 1},
    "little memory": {"memory": "16MB"},
}
QUICK = {"defaults", "paragraphs", "replaced", "unicode words", "frequent words", "one side"}


def as_arguments(options: dict[str, object]) -> list[str]:
    arguments = []
    for name, value in options.items():
        flag = name.replace("_", "-")
        if isinstance(value, bool):
            arguments.append(f"--{flag}" if value else f"--no-{flag}")
        else:
            arguments += [f"--{flag}", str(value)]
    return arguments


@pytest.mark.slow
@pytest.mark.parametrize(
    "options",
    [
        pytest.param(options, id=name, marks=() if name in QUICK else pytest.mark.slow)
        for name, options in OPTIONS.items()
    ],
)
def test_counts_are_those_of_a_list_in_python(inputs, options, tmp_path, capsys):
    options = {"min_count": 1, "window": 2, **options}
    for name, paths in inputs.items():
        arguments = as_arguments(options)
        out = tmp_path / name
        code = main(["cooccur", *paths, *arguments, "-o", str(out)])
        message = capsys.readouterr().err
        # Python takes a list of names and a list of paths alike.
        sources = [paths, [Path(path) for path in paths]]
        if name == "broken" and options.get("errors", "strict") == "strict":
            assert code == 1
            assert "byte 6: invalid UTF-8" in message
            for source in sources:
                with pytest.raises(ValueError, match="byte 6: invalid UTF-8"):
                    Cooccurrence.from_corpus(source, **options)
            continue
        assert (code, message) == (0, "")
        found = Cooccurrence.load(out)
        for source in sources:
            expected = Cooccurrence.from_corpus(source, **options)
            assert found.vocabulary == expected.vocabulary
            for one, other in zip(found.records(), expected.records(), strict=True):
                np.testing.assert_array_equal(one, other)


@pytest.mark.parametrize("name", ["packed", "UTF-16", "mixed", "a folder", "a pattern"])
def test_every_way_to_name_the_texts_gives_the_same_counts(inputs, name, tmp_path):
    options = {"min_count": 1, "documents": "paragraph", "window": 2}
    expected = Cooccurrence.from_corpus(TEXTS, min_count=1, window=2, documents="paragraph")
    assert main(["cooccur", *inputs[name], *as_arguments(options), "-o", str(tmp_path / "x")]) == 0
    assert Cooccurrence.load(tmp_path / "x").total == expected.total


def test_standard_input_is_one_of_several(inputs, tmp_path, monkeypatch):
    with open(inputs["packed"][1], "rb") as text:
        saved = os.dup(0)
        os.dup2(text.fileno(), 0)
        try:
            arguments = [inputs["plain"][0], "-", inputs["plain"][2], "--min-count", "1"]
            assert main(["vocab", *arguments, "-o", str(tmp_path / "v")]) == 0
        finally:
            os.dup2(saved, 0)
            os.close(saved)
    found = Vocabulary.load(tmp_path / "v")
    assert found == Vocabulary.from_corpus(inputs["plain"], min_count=1)


def test_a_file_is_a_file_though_its_name_looks_like_a_text(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    Path("a b c").write_text("one two\n")
    assert main(["vocab", "a b c", "a b c", "--min-count", "1", "-o", "v"]) == 0
    assert Vocabulary.load("v").words == ["one", "two"]
    # A missing file is an error, even if other arguments look like text.
    assert main(["vocab", "no such", "nor this", "a b c", "--min-count", "1"]) == 1
    assert capsys.readouterr().err == "glove-rs vocab: no such: No such file or directory\n"


# --- lists in Python ------------------------------------------------------------------------------


@pytest.fixture
def here(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for name in ("one.txt", "two.txt"):
        Path(name).write_text("words in a file\n")
    return tmp_path


@pytest.mark.parametrize(
    ("source", "missing"),
    [
        (["one.txt", "twoo.txt"], "twoo.txt"),
        (["onee.txt", "two.txt"], "onee.txt"),
        (["one.txt", "two.txt", "three"], "three"),
        (["one.txt", "a.txt", "b.txt.gz", "c.jsonl"], "a.txt"),
        (["onee.txt", "twoo.txt"], "onee.txt"),
        (("one.txt", "[x-z].txt"), "[x-z].txt"),
        ([Path("one.txt"), "twoo"], "twoo"),
    ],
)
def test_a_missing_file_of_a_list_is_named(here, source, missing):
    with pytest.raises(FileNotFoundError) as error:
        Vocabulary.from_corpus(source, min_count=1)
    assert error.value.filename == missing


@pytest.mark.parametrize(
    "source", [["one.txt", "*wo.txt"], ["*.txt"], ["."], ["one.txt", "two.txt"]]
)
def test_patterns_and_folders_may_be_in_a_list(here, source):
    words = Vocabulary.from_corpus(source, min_count=1)
    assert words.words == ["a", "file", "in", "words"]


@pytest.mark.parametrize(
    "source",
    [
        ["is this a question?", "what is one.txt"],
        ["one.txt", "is the name of a file", "and this is not"],
        ["a", "b"],
        ["see one.txt and two.txt"],
        [],
    ],
)
def test_documents_are_documents(here, source):
    words = {word for document in source for word in document.split()}
    if words:
        assert set(Vocabulary.from_corpus(source, min_count=1)) == words
    else:
        with pytest.raises(ValueError, match="no word"):
            Vocabulary.from_corpus(source, min_count=1)


# --- remote files ---------------------------------------------------------------------------------


@pytest.fixture
def remote():
    """The three texts in the in-memory file system of fsspec."""
    fsspec = pytest.importorskip("fsspec")
    system = fsspec.filesystem("memory")
    for number, text in enumerate(TEXTS):
        packed = gzip.compress(text.encode()) if number == 1 else text.encode()
        system.pipe(f"/bucket/texts/{number}.txt", packed)
    system.pipe("/bucket/texts/.hidden", b"hidden words\n")
    yield "memory://bucket/texts"
    system.rm("/bucket", recursive=True)


@pytest.mark.parametrize("ending", ["", "/*.txt", "/[0-2].txt"])
@pytest.mark.parametrize("tokenizer", ["whitespace", str.split])
def test_remote_files_are_read_as_local_ones(inputs, remote, ending, tokenizer):
    found = Vocabulary.from_corpus(remote + ending, min_count=1, tokenizer=tokenizer)
    expected = Vocabulary.from_corpus(inputs["plain"], min_count=1, tokenizer=tokenizer)
    assert found == expected


def test_a_remote_pattern_that_matches_folders_only_matches_no_file(remote):
    folders = remote.removesuffix("texts") + "t*"
    with pytest.raises(FileNotFoundError, match="No file matches"):
        Vocabulary.from_corpus(folders)
    with pytest.raises(FileNotFoundError, match="No file matches"):
        Cooccurrence.from_pairs(folders, row="a", column="b")


def test_remote_and_local_files_are_one_text(inputs, remote, tmp_path):
    paths = [f"{remote}/0.txt", *inputs["packed"][1:]]
    assert main(["vocab", *paths, "--min-count", "1", "-o", str(tmp_path / "v")]) == 0
    expected = Vocabulary.from_corpus(inputs["plain"], min_count=1)
    assert Vocabulary.load(tmp_path / "v") == expected
    assert Vocabulary.from_corpus(paths, min_count=1) == expected


@pytest.mark.parametrize("name", ["a.txt", "*.txt", ""])
def test_an_output_must_not_be_an_input_that_is_named_by_url(tmp_path, name, capsys):
    pytest.importorskip("fsspec")
    path = tmp_path / "a.txt"
    path.write_text("a b")
    source = f"{tmp_path.as_uri()}/{name}"
    assert main(["vocab", source, "--min-count", "1", "-o", str(path), "--overwrite"]) == 2
    assert "must be another file than the input" in capsys.readouterr().err
    assert path.read_text() == "a b"


@pytest.mark.parametrize("ending", ["/3.txt", "/*.gz", "x"])
def test_a_missing_remote_file_is_named(remote, ending, capsys):
    assert main(["vocab", remote + ending]) == 1
    assert remote + ending in capsys.readouterr().err


def test_without_its_library_a_protocol_says_what_to_install(monkeypatch, capsys):
    import sys

    monkeypatch.setitem(sys.modules, "fsspec", None)
    assert main(["vocab", "s3://bucket/*.txt"]) == 1
    message = capsys.readouterr().err
    assert "reading s3://bucket/*.txt needs fsspec" in message
    assert "pip install fsspec" in message
