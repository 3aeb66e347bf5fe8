"""Messages of the command line: they name options, and do not mix with data on standard output."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

from glove_rs import Cooccurrence, Glove, Vocabulary, WordVectors
from glove_rs.cli import parser
from glove_rs.cli._program import _with_options
from program import HANG, PROGRAM, call, done, reason

TEXT = "a b c\nb c a\n" * 10
QUICK = ["--dim", "2", "--epochs", "1", "--min-count", "1", "--threads", "1"]

needs_pipes = pytest.mark.skipif(os.name == "nt", reason="needs /dev/stdin and /dev/stdout")


@pytest.fixture
def corpus(tmp_path, monkeypatch) -> Path:
    """The current directory, with a text and counts of it."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "corpus.txt").write_text(TEXT)
    Cooccurrence.from_corpus(TEXT.splitlines(), min_count=1).save("counts")
    return tmp_path


# --- options instead of parameters ----------------------------------------------------------------


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ("vocab corpus.txt --min-count 99", "fewer than --min-count=99 times"),
        ("vocab corpus.txt --min-count 99", "lower --min-count"),
        ("fit corpus.txt --out m --window 0", "--window must be"),
        ("bootstrap corpus.txt --out m --groups labels --replicates 2", "--groups must give"),
        ("bootstrap corpus.txt --out m --method jackknife --replicates 1", "--replicates must"),
        ("kwic a corpus.txt --column ''", "--column must"),
    ],
)
def test_a_message_names_the_option_and_not_the_parameter(corpus, arguments, message):
    (corpus / "labels").write_text("x\ny\n")
    code = 1 if "min-count" in arguments else 2
    given = [argument.strip("'") for argument in arguments.split()]
    assert message in reason(code, *given)


def test_a_list_in_another_encoding_is_named(corpus):
    WordVectors(["a", "b"], [[1.0, 0], [0, 1]]).save("vectors")
    (corpus / "list").write_bytes(b"x\n" * 9000 + b"\xff\n")
    for arguments in (
        ["bootstrap", "corpus.txt", "--out", "m", "--groups", "list"],
        ["compare", "vectors", "vectors", "--anchors", "list"],
    ):
        assert "list: byte 18000 is not UTF-8" in reason(1, *arguments)


@pytest.mark.parametrize(
    ("message", "shown"),
    [
        (
            "set tmp_dir to another folder, or set memory to a larger limit",
            "set --tmp-dir to another folder, or set --memory to a larger limit",
        ),
        ("memory= limits what counting holds", "--memory limits what counting holds"),
        ("a smaller learning_rate.", "a smaller --learning-rate."),
        ("only with symmetric=False", "only with --no-symmetric"),
        ("set lowercase=True", "set --lowercase"),
        ("with window=5, tokenizer='zh'", "with --window=5, --tokenizer='zh'"),
        ("in memory, the window", "in memory, the window"),
        ("the word 'min_count' of min_count.txt, /min_count and fit(min_count=1)", ""),
    ],
)
def test_parameters_in_a_message_become_options(message, shown):
    options = parser().parse_args(["fit", "corpus.txt", "--out", "m"])
    assert _with_options(message, options) == (shown or message)


def test_a_message_about_counts_without_pairs_names_options(corpus):
    Cooccurrence.from_corpus(["a", "b"], min_count=1).save("none")
    message = reason(1, "train", "none", "--out", "m")
    assert "(see min_count and max_vocab)" in message  # `train` has no such options
    (corpus / "short.txt").write_text("a\nb\n")
    message = reason(1, "fit", "short.txt", "--out", "m", *QUICK)
    assert "(see --min-count and --max-vocab)" in message


@pytest.mark.slow
def test_names_of_files_and_words_are_no_parameters(corpus):
    for name in ("min_count", "dir/min_count.txt", "min_count=9"):
        assert f"{name}: No such file" in reason(1, "vocab", name)
    model = Glove(dim=2, epochs=1, min_count=1).fit(["min_count a", "a min_count"] * 3)
    model.save("m.glove")
    assert "min_counts" in reason(1, "similar", "m.glove", "min_counts")
    assert "--min-count" not in reason(1, "similar", "m.glove", "min_counts")


@pytest.mark.slow
def test_what_the_user_wrote_is_kept_in_messages(corpus):
    for name in ("tweets min_count 5.txt", "x_max", "epochs=5.txt", "window=5/text.txt"):
        Path(name).parent.mkdir(exist_ok=True)
        Path(name).write_bytes(b"\xff a b")
        assert reason(1, "fit", name, "--out", "m", "--documents", "file").startswith(
            f"glove-rs fit: {name}"
        )
    Path("t.csv").write_text("my dim=3 b,c\na,b\n")
    message = reason(2, "fit", "t.csv", "--out", "m", "--column", "my min_count")
    assert "'my min_count'" in message
    assert "'my dim=3 b'" in message


def test_columns_of_a_wrong_type_are_one_line(corpus):
    pyarrow = pytest.importorskip("pyarrow")
    parquet = pytest.importorskip("pyarrow.parquet")
    parquet.write_table(pyarrow.table({"a": [1.5], "b": [2]}), "t.parquet")
    message = reason(1, "pairs", "t.parquet", "--row", "a", "--column", "b", "-o", "c")
    assert 't.parquet: column "a" must hold integers or text' in message


def test_a_call_in_a_message_keeps_its_parameters(corpus):
    (corpus / "rows.jsonl").write_text('{"text": "a b"}\n' * 5)
    done("vocab", "rows.jsonl", "--min-count", "1", "-o", "v")
    warning = call("vocab", "rows.jsonl", "--min-count", "1").stderr.decode()
    assert 'fit(path, column="text"), or --column text' in warning
    (corpus / "rows.parquet").write_bytes(b"PAR1" + bytes(50) + b"PAR1")
    message = reason(1, "vocab", "rows.parquet")
    assert 'fit(path, column="text"), or --column text' in message


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
    # With --json, the data and the JSON would both go to standard output.
    assert "must be a file with --json" in reason(2, *again, out, "--json", "--overwrite")


@pytest.mark.slow
@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="no /dev/full")
@pytest.mark.parametrize(
    "arguments",
    [
        "info counts",
        *(
            pytest.param(other, marks=pytest.mark.slow)
            for other in ("info counts --json", "vocab corpus.txt", "kwic a corpus.txt")
        ),
    ],
)
def test_a_full_disk_is_named(corpus, arguments):
    with open("/dev/full", "wb") as full:
        result = subprocess.run(
            [PROGRAM, *arguments.split()],
            stdout=full,
            stderr=subprocess.PIPE,
            check=False,
            timeout=HANG,
        )
    assert result.returncode == 1
    assert b"standard output: No space left on device\n" in result.stderr
    message = reason(1, "convert", "counts", "/dev/full", "--to", "counts")
    assert message == "glove-rs convert: /dev/full: No space left on device"


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
