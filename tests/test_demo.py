"""The demo: the text that it takes from the standard library, and a whole run of it."""

import os
import random
import re
import subprocess
import sys
from pathlib import Path
from xml.etree import ElementTree

import numpy as np
import pytest

from glove_rs import Glove, WordVectors
from glove_rs.cli import demo
from glove_rs.cli._map import words_map
from program import call, done

DEMO = Path(__file__).resolve().parents[1] / "examples" / "demo.py"

MODULE = '''\
#!/usr/bin/env python
"""Open and close FILES, safely.

>>> hidden_doctest_input()
"""
# Locks are taken in order,
# so that two threads never wait for each other.
LIMIT = 3  # don't raise this: 4096 bytes

class Door:
    """A door in a wall."""

    async def close(self):
        """Close the door."""
        text = "# an ordinary string"
        return text
'''


def extracted(library: Path, out: Path) -> list[str]:
    count = demo.extract(library, out / "made" / "corpus.txt")
    lines = (out / "made" / "corpus.txt").read_text(encoding="utf-8").splitlines()
    assert len(lines) == count
    return lines


def test_docstrings_and_comments_become_one_document_each(tmp_path: Path) -> None:
    library = tmp_path / "library"
    library.mkdir()
    (library / "door.py").write_text(MODULE, encoding="utf-8")
    assert sorted(extracted(library, tmp_path)) == [
        "a door in a wall",
        "close the door",
        "don't raise this bytes",
        "locks are taken in order so that two threads never wait for each other",
        "open and close files safely",
    ]


def test_tests_packages_and_broken_files_are_left_out(tmp_path: Path) -> None:
    library = tmp_path / "test" / "library"  # the names of the parent folders do not matter
    for folder in ("test", "pkg/tests", "site-packages/numpy", "encodings"):
        (library / folder).mkdir(parents=True)
        (library / folder / "module.py").write_text("# left out entirely\n", encoding="utf-8")
    (library / "broken.py").write_text("# left out too\ndef (:\n", encoding="utf-8")
    (library / "latin.py").write_bytes(b"# left out \xe9t\xe9 too\n")
    (library / "nul.py").write_bytes(b"# left out as well\nx = '\0'\n")
    (library / "data.txt").write_text("# not Python at all\n", encoding="utf-8")
    (library / "pkg" / "good.py").write_text("# kept as it is\n", encoding="utf-8")
    assert extracted(library, tmp_path) == ["kept as it is"]


def test_repeated_and_one_word_documents_are_written_once_or_never(tmp_path: Path) -> None:
    library = tmp_path / "library"
    library.mkdir()
    for name in ("one.py", "two.py"):
        (library / name).write_text("# The same licence.\n\n# word\n\n#####\n", encoding="utf-8")
    assert extracted(library, tmp_path) == ["the same licence"]


def test_words_to_show_are_frequent_but_not_the_most_frequent() -> None:
    words = [f"w{rank}" for rank in range(5000)]
    assert demo.words_to_show(words) == ["w99", "w199", "w299", "w399", "w499"]
    assert demo.words_to_show(["only"]) == ["only"]
    english = [*words, *demo.WORDS_TO_SHOW]
    assert demo.words_to_show(english) == list(demo.WORDS_TO_SHOW)


def run_demo(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, DEMO, *map(str, arguments)],
        capture_output=True,
        text=True,
        encoding="utf-8",
        timeout=120,
        check=False,
    )


@pytest.mark.slow
def test_own_corpus_from_end_to_end(tmp_path: Path) -> None:
    rng = random.Random(7)
    words = [f"word{number}" for number in range(40)]
    corpus = tmp_path / "my corpus.txt"
    corpus.write_text(
        "".join(" ".join(rng.choices(words, k=12)) + "\n" for _ in range(100)), encoding="utf-8"
    )
    out = tmp_path / "results"
    result = run_demo("--corpus", corpus, "--out", out, "--dim", "8", "--epochs", "3")
    assert result.returncode == 0, result.stderr
    rows = dict(line.split()[:2] for line in result.stdout.splitlines()[1:5])
    assert (rows["documents"], rows["tokens"], rows["vocabulary"]) == ("100", "1,200", "40")
    assert int(rows["records"].replace(",", "")) > 40
    assert "nearest neighbours" in result.stdout
    assert f"to {out / 'vectors.txt'}" in result.stdout
    losses = result.stdout.split("loss per epoch\n")[1].splitlines()[0].split()[1:]
    assert len(losses) == 3
    assert float(losses[2]) < float(losses[0])
    assert "glove-rs: epoch 3: loss" in result.stderr  # also if standard error is a pipe
    lines = (out / "vectors.txt").read_text(encoding="utf-8").splitlines()
    assert lines[0] == "40 8"
    assert len(lines) == 41


@pytest.mark.slow
def test_a_corpus_that_cannot_be_read_twice_is_told_from_a_missing_one(tmp_path: Path) -> None:
    if not hasattr(os, "mkfifo"):
        return
    os.mkfifo(tmp_path / "pipe")
    result = run_demo("--corpus", tmp_path / "pipe")
    assert result.returncode == 2
    assert "pipe' is not a regular file" in result.stderr


@pytest.mark.slow
def test_missing_corpus_is_named(tmp_path: Path) -> None:
    missing = run_demo("--corpus", tmp_path / "nowhere.txt")
    assert missing.returncode == 2
    assert "nowhere.txt' does not exist" in missing.stderr
    folder = run_demo("--corpus", tmp_path)
    assert folder.returncode == 2
    assert "is a folder" in folder.stderr
    assert "Traceback" not in missing.stderr + folder.stderr


@pytest.mark.slow
def test_unusable_corpus_is_an_error_without_a_traceback(tmp_path: Path) -> None:
    empty = tmp_path / "empty.txt"
    empty.write_text("", encoding="utf-8")
    result = run_demo("--corpus", empty, "--out", tmp_path / "results")
    assert result.returncode == 1
    assert result.stderr.startswith("glove-rs demo: ")
    assert "Traceback" not in result.stderr


@pytest.mark.slow
def test_the_model_is_that_of_the_default_preset(tmp_path: Path) -> None:
    corpus = tmp_path / "corpus.txt"
    corpus.write_text("the quick brown fox jumps over the lazy dog\n" * 20, encoding="utf-8")
    out = tmp_path / "results"
    shown = run_demo("--corpus", corpus, "--out", out).stdout
    expected = Glove(threads=1, deterministic=True).fit(corpus)
    found = WordVectors.load(out / "vectors.txt")
    assert found.index_to_key == expected.vocabulary.words
    assert found.vector_size == expected.dim
    losses = shown.split("loss per epoch\n")[1].split("\n\n")[0]
    assert len(re.findall(r"\d\.\d{4}", losses)) == len(expected.history)


# --- the picture and the advice at the end -------------------------------------------------------


def labels(svg: str) -> list[tuple[str, float, float]]:
    """Return each word of an SVG picture with its x and y. Raise an error if `svg` is not XML."""
    space = "{http://www.w3.org/2000/svg}"
    texts = ElementTree.fromstring(svg).iter(f"{space}text")
    return [(text.text or "", float(text.get("x", "")), float(text.get("y", ""))) for text in texts]


def vectors_of(words: list[str], dim: int = 6) -> WordVectors:
    rng = np.random.default_rng(2014)
    return WordVectors(words, rng.normal(size=(len(words), dim)).astype(np.float32))


def test_the_picture_has_each_word_once_and_inside() -> None:
    wv = vectors_of([f"word{number}" for number in range(40)])
    shown = labels(words_map(wv, ["word1", "word2", "word3"], neighbours=5))
    names = [word for word, _, _ in shown]
    assert len(names) == len(set(names))
    assert {"word1", "word2", "word3"} <= set(names)
    assert len(names) > 10
    assert all(0 <= x <= 860 and 0 <= y <= 520 for _, x, y in shown)


def test_labels_of_the_picture_do_not_overlap() -> None:
    words = ["a", *[f"neighbour{number}" for number in range(12)]]
    wv = WordVectors(words, np.ones((13, 3), dtype=np.float32))  # all at the same place
    shown = labels(words_map(wv, ["a"], neighbours=12))
    assert len(shown) == 13
    for number, (_, x, y) in enumerate(shown):
        for _, other_x, other_y in shown[:number]:
            assert abs(y - other_y) >= 12 or abs(x - other_x) >= 60


@pytest.mark.parametrize(
    "words", [["<b>&\"'", "x"], ["冰", "水"], ["only"], ["nan", "zero", "one"]], ids=repr
)
def test_the_picture_of_odd_words_is_well_formed(words: list[str]) -> None:
    wv = vectors_of(words)
    if "nan" in words:
        wv.vectors[:2] = [[np.nan] * 6, [0.0] * 6]
    assert {word for word, _, _ in labels(words_map(wv, words[:1]))} <= set(words)


def test_the_demo_draws_and_says_what_to_try_next(tmp_path: Path) -> None:
    corpus = tmp_path / "corpus.txt"
    corpus.write_text("the quick brown fox jumps over the lazy dog\n" * 20, encoding="utf-8")
    out = tmp_path / "results"
    printed = done("demo", "--corpus", corpus, "--out", out, "--dim", "8", "--epochs", "2").decode()
    assert labels((out / "words.svg").read_text(encoding="utf-8"))
    assert f"open {out / 'words.svg'} in a browser" in printed
    advice = printed.split("try next\n")[1]
    assert f"similar {out / 'vectors.txt'}" in advice
    assert "demo --corpus YOUR.txt" in advice
    assert b"exists" in call("demo", "--corpus", corpus, "--out", out).stderr
