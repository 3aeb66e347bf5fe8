"""Messages of the command line: they do not mix with data on standard output, or read it twice."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from glove_rs import Cooccurrence, Vocabulary, WordVectors
from program import call, done, reason

TEXT = "a b c\nb c a\n" * 10
QUICK = ["--dim", "2", "--epochs", "1", "--min-count", "1", "--threads", "1"]

needs_pipes = pytest.mark.skipif(os.name == "nt", reason="/dev/stdin and /dev/stdout")


@pytest.fixture
def corpus(tmp_path, monkeypatch) -> Path:
    """The current directory, with a text and counts of it."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "corpus.txt").write_text(TEXT)
    Cooccurrence.from_corpus(TEXT.splitlines(), min_count=1).save("counts")
    return tmp_path


# --- data on standard output ----------------------------------------------------------------------


@needs_pipes
@pytest.mark.parametrize("out", ["-", "/dev/stdout"])
@pytest.mark.parametrize(
    ("command", "summary"),
    [
        (["fit", "corpus.txt", "--out", "m", *QUICK, "--vectors"], "saved"),
        (["train", "counts", "--out", "m", "--dim", "2", "--epochs", "1", "--vectors"], "saved"),
        (["cooccur", "corpus.txt", "-o", "c", "--min-count", "1", "--save-vocab"], "records"),
        (["cooccur", "corpus.txt", "--show", "a", "--min-count", "1", "--save-vocab"], "a"),
        (["phrases", "corpus.txt", "--min-count", "1", "-o"], "phrases"),
    ],
    ids=["fit", "train", "cooccur", "cooccur --show", "phrases"],
)
def test_a_summary_goes_to_standard_error_if_data_go_to_standard_output(
    corpus, command, summary, out
):
    result = call(*command, out)
    assert result.returncode == 0, result.stderr
    assert summary in result.stderr.decode()
    (corpus / "found").write_bytes(result.stdout)
    (corpus / "file").unlink(missing_ok=True)
    again = [argument if argument not in {"m", "c"} else f"{argument}2" for argument in command]
    printed = done(*again, "file")
    assert summary in printed.decode()
    if "--vectors" in command:
        assert len(WordVectors.load("found")) == 3
    elif "--save-vocab" in command:
        assert Vocabulary.load("found").words == Vocabulary.load("file").words
    else:
        assert (corpus / "found").read_bytes() == (corpus / "file").read_bytes()
    # Both would be printed.
    assert "must be a file with --json" in reason(2, *again, out, "--json", "--overwrite")


# --- inputs that can be read only once ------------------------------------------------------------


@needs_pipes
@pytest.mark.parametrize(
    ("arguments", "names"),
    [
        ("vocab - --stop-words /dev/stdin", "CORPUS and --stop-words"),
        ("fit /dev/stdin --out m --phrases /dev/stdin", "CORPUS and --phrases"),
        ("cooccur - --vocab /dev/stdin -o c", "CORPUS and --vocab"),
        ("vocab - -", "CORPUS and CORPUS"),
        ("kwic a - --user-dictionary /dev/stdin --tokenizer zh", "FILE and --user-dictionary"),
    ],
)
def test_standard_input_is_one_input(corpus, arguments, names):
    message = reason(2, *arguments.split(), stdin=TEXT.encode())
    assert f"{names} are both standard input, which can be read only once" in message


@needs_pipes
def test_a_named_pipe_is_one_input(corpus):
    os.mkfifo("pipe")
    message = reason(2, "vocab", "pipe", "--stop-words", "pipe")
    assert "CORPUS and --stop-words are both pipe, which can be read only once" in message


@needs_pipes
def test_standard_input_may_stand_beside_standard_output(corpus):
    assert done("vocab", "-", "-o", "-", "--min-count", "1", stdin=b"a a\nb\n") == b"a 2\nb 1\n"
    done("vocab", "/dev/null", "corpus.txt", "/dev/null", "-o", "v")
