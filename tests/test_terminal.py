"""Control characters in words and names are escaped on a terminal, and unchanged in a pipe."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import unicodedata
from pathlib import Path

import numpy as np
import pytest

from glove_rs import WordVectors
from glove_rs.cli._terminal import escaped
from program import PROGRAM, call, done

pty = pytest.importorskip("pty", reason="no pseudo-terminals on this system")

#: Words that change the title or the colour, or contain DEL, CSI of C1 or a text direction.
EVIL = ["a\x1b]0;owned\x07", "b\x1b[31mred", "c\x7f", "d\x9b2J", "e\u202egpj", "f\u2066x"]
#: Words with joiners and combining marks, as in Persian, Devanagari, emoji and separate accents.
GOOD = ["می\u200cخواهم", "क\u094d\u200dष", "👩\u200d🚀", "e\u0301"]


@pytest.fixture
def vectors(tmp_path) -> Path:
    words = EVIL + GOOD
    path = tmp_path / "vectors"
    rng = np.random.default_rng(1)
    WordVectors(words, rng.standard_normal((len(words), 3))).save(path)
    return path


def on_terminal(*arguments: object) -> str:
    """Run the program on a terminal. Return what it prints there."""
    ours, theirs = pty.openpty()
    process = subprocess.Popen(
        [PROGRAM, *map(str, arguments)], stdin=theirs, stdout=theirs, stderr=theirs
    )
    os.close(theirs)
    shown = b""
    while True:
        try:
            block = os.read(ours, 1 << 16)
        except OSError:  # the other end is closed
            break
        if not block:
            break
        shown += block
    os.close(ours)
    process.wait(timeout=300)
    return shown.decode("utf-8", "surrogateescape").replace("\r\n", "\n")


def steering(text: str) -> set[str]:
    return {
        character
        for character in text
        if (unicodedata.category(character) == "Cc" and character not in "\n\t")
        or character in "\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069"
    }


@pytest.mark.slow
def test_similar_words_are_escaped_on_a_terminal_and_plain_in_a_pipe(vectors):
    options = ["similar", vectors, GOOD[0], "--topn", 9, "--no-progress"]
    shown = on_terminal(*options)
    assert not steering(shown)
    for word in EVIL:
        assert escaped(word) in shown
        assert escaped(word) != word
    for word in GOOD[1:]:
        assert word in shown
    piped = done(*options).decode()
    assert all(word in piped for word in [*EVIL, *GOOD[1:]])


@pytest.mark.slow
def test_json_on_a_terminal_is_escaped_json(vectors):
    shown = on_terminal("similar", vectors, GOOD[0], "--topn", 9, "--json", "--no-progress")
    assert not steering(shown)
    assert {near["word"] for near in json.loads(shown)["similar"]} == {*EVIL, *GOOD[1:]}


@pytest.mark.slow
@pytest.mark.parametrize(
    "arguments",
    [
        ["info", "no\x1b[31msuch\u202efile"],
        ["similar", "vectors", "unknown\x1b[2Jword"],
        ["evaluate", "vectors", "questions\x1b[31m"],
        ["fit", "no\x07such", "--out", "x"],
        ["fit", "c.txt", "--dim", "\x1b[31m", "--out", "x"],
        ["\x1b[31m"],
        ["compat", "\x1b[31m"],
        ["compat", "vocab_count", "-min-count", "\x1b[31m"],
        ["info", os.fsdecode(b"not\xffutf8\x1b[31m")],
    ],
    ids=lambda arguments: ascii(arguments[-1]),
)
def test_errors_are_escaped_on_a_terminal(arguments, vectors, monkeypatch):
    monkeypatch.chdir(vectors.parent)
    Path(vectors.parent / "questions\x1b[31m").write_text("a b\x1b[31m c\n: x\n")
    shown = on_terminal(*arguments)
    assert shown
    assert not steering(shown)
    assert "Traceback" not in shown


@pytest.mark.slow
def test_warnings_are_escaped_on_a_terminal(tmp_path):
    path = tmp_path / "twice.txt"
    path.write_text("a\x1b[31m 1 2\na\x1b[31m 3 4\nb 1 1\n")
    shown = on_terminal("similar", path, "b", "--no-progress")
    assert "their words are repeated" in shown
    assert not steering(shown)


@pytest.mark.slow
@pytest.mark.skipif(sys.platform != "linux", reason="other systems refuse such names")
def test_files_whose_names_are_not_utf8_are_read_and_written(tmp_path):
    corpus = os.fsencode(tmp_path) + b"/corpus\xff.txt"
    Path(os.fsdecode(corpus)).write_text("a b c d\n" * 20)
    target = os.fsencode(tmp_path) + b"/vocab\xfe.txt"
    result = subprocess.run(
        [os.fsencode(PROGRAM), b"vocab", corpus, b"--min-count", b"1", b"-o", target],
        capture_output=True,
        timeout=300,
        check=False,
    )
    assert (result.returncode, b"Traceback" in result.stderr) == (0, False), result.stderr
    assert Path(os.fsdecode(target)).read_text() == "a 20\nb 20\nc 20\nd 20\n"
    shown = call("info", os.fsdecode(target), "--json")
    assert shown.returncode == 0
    json.loads(shown.stdout)


@pytest.mark.slow
@pytest.mark.parametrize("to", ["word2vec", "glove"])
def test_converted_words_are_escaped_on_a_terminal_and_plain_in_a_pipe(vectors, to):
    shown = on_terminal("convert", vectors, "-", "--to", to)
    assert not steering(shown)
    lines = shown.splitlines()[to == "word2vec" :]
    assert [line.split()[0] for line in lines] == [escaped(word) for word in EVIL + GOOD]
    piped = done("convert", vectors, "-", "--to", to).decode()
    assert all(f"{word} " in piped for word in EVIL + GOOD)


@pytest.mark.slow
@pytest.mark.parametrize("to", ["word2vec_binary", "native"])
def test_what_is_not_text_is_not_written_to_a_terminal(vectors, to):
    shown = on_terminal("convert", vectors, "-", "--to", to)
    assert "output must be a file: this format is not text for a terminal" in shown


@pytest.mark.slow
def test_a_vocabulary_is_escaped_on_a_terminal(tmp_path):
    (tmp_path / "corpus.txt").write_text("".join(f"{word}\n" for word in EVIL))
    shown = on_terminal("vocab", tmp_path / "corpus.txt", "--min-count", 1, "--no-progress")
    assert not steering(shown)
    assert all(escaped(word) in shown for word in EVIL)


@pytest.mark.slow
def test_words_are_asked_for_at_a_prompt(vectors):
    ours, theirs = pty.openpty()
    process = subprocess.Popen(
        [PROGRAM, "similar", vectors, "--topn", "1", "--no-progress"],
        stdin=theirs,
        stdout=theirs,
        stderr=theirs,
    )
    os.close(theirs)
    answers, shown = [f"{GOOD[0]}\n".encode(), b"unknown " + GOOD[1].encode() + b"\n", b"\x04"], b""
    try:
        while True:
            try:
                block = os.read(ours, 1 << 16)
            except OSError:  # the other end is closed
                break
            if not block:
                break
            shown += block
            if answers and shown.count(b"word> ") > 3 - len(answers):
                os.write(ours, answers.pop(0))
        assert process.wait(timeout=60) == 1  # one word is unknown
    finally:
        process.kill()
        process.wait()
        os.close(ours)
    text = shown.decode()
    assert answers == []
    assert "'unknown' not present" in text
    assert len(re.findall(r"^  \S+ +-?\d\.\d{4}\r$", text, re.M)) == 2
    assert "Traceback" not in text
