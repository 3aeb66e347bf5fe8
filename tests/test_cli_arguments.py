"""The command line with any arguments: it succeeds, or says on standard error why not."""

from __future__ import annotations

import argparse
import io
import os
import random
import subprocess
import sys
from pathlib import Path

import pytest

from glove_rs import Cooccurrence, Glove, Vocabulary
from glove_rs.cli import compat, main, parser
from glove_rs.cli._program import PATHS
from program import PROGRAM, call

#: Values that scripts and typing errors may give instead of a number, a name or a path.
NASTY = [
    *("", " ", "-", "--", "-1", "0", "1", "9" * 25, "9" * 5000, "1e400", "-1e400", "nan", "inf"),
    *("1.5", "True", "x", "\udcff", "a\0b", "\x1b[31m", "☃", "x" * 5000, "/", ".", "/dev/null"),
    *("no/such/file", "--help", "%s", "{}", "\n", "-memory"),
]
#: The exit codes: success, failure, a wrong call, an interrupt.
CODES = {0, 1, 2, 130}
QUICK = {
    "fit": ["--dim", "2", "--epochs", "1", "--min-count", "1"],
    "train": ["--dim", "2", "--epochs", "1"],
    "update": ["--epochs", "1"],
}


@pytest.fixture(scope="module")
def made(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("made")
    (folder / "corpus.txt").write_text("a b c d\n" * 20)
    (folder / "questions.txt").write_text(": x\na b c d\n")
    (folder / "sets.csv").write_text("set,word\nx,a\ny,b\na,c\nb,d\n")
    model = Glove(2, min_count=1, epochs=1).fit(folder / "corpus.txt")
    model.save(folder / "model.glove")
    model.save_word2vec(folder / "vectors.txt")
    Vocabulary.from_corpus(folder / "corpus.txt", min_count=1).save(folder / "vocab.txt")
    counts = Cooccurrence.from_corpus(folder / "corpus.txt", min_count=1)
    counts.save(folder / "counts")
    counts.save(folder / "records.bin")
    counts.to_parquet(folder / "pairs.parquet")
    return folder


def positionals(command: str, made: Path) -> list[str]:
    """Arguments with which a command succeeds quickly. "@" stands for an output."""
    given = {
        "fit": ["corpus.txt", "--out", "@"],
        "vocab": ["corpus.txt"],
        "cooccur": ["corpus.txt", "--min-count", "1", "-o", "@"],
        "train": ["counts", "--out", "@"],
        "update": ["model.glove", "corpus.txt", "--counts", "counts", "--out", "@"],
        "similar": ["vectors.txt", "a"],
        "infer": ["model.glove", "corpus.txt", "--word", "a"],
        "completion": ["bash"],
        "analogy": ["vectors.txt", "a", "b", "c"],
        "evaluate": ["vectors.txt", "questions.txt"],
        "contexts": ["counts", "a"],
        "contrast": ["counts", "a", "b"],
        "phrases": ["corpus.txt", "-o", "@"],
        "pairs": ["pairs.parquet", "--row", "word", "--column", "context", "-o", "@"],
        "bootstrap": ["corpus.txt", "--out", "@", "--replicates", "1", "--min-count", "1"],
        "compare": ["model.glove", "model.glove"],
        "kwic": ["a", "corpus.txt"],
        "associations": ["vectors.txt", "sets.csv", "--weat", "x", "y", "a", "b"],
        "convert": ["vectors.txt", "@"],
        "subwords": ["vectors.txt", "@"],
        "info": ["vectors.txt"],
        "estimate": ["corpus.txt"],
    }[command]
    return [str(made / part) if (made / part).exists() else part for part in given]


def commands() -> dict[str, argparse.ArgumentParser]:
    """The parsers of the commands. `compat` has flags of its own, and `demo` trains too long."""
    top = parser()
    choices = next(a for a in top._actions if isinstance(a, argparse._SubParsersAction)).choices
    return {name: sub for name, sub in choices.items() if name not in {"compat", "demo"}}


def cases(made: Path) -> list[list[str]]:
    """Command lines, each with one value of `NASTY` as the value of an option or as an argument."""
    lines = []
    for name, sub in commands().items():
        base = [name, *positionals(name, made), *QUICK.get(name, [])]
        for action in sub._actions:
            if action.option_strings and action.nargs != 0:
                lines += [[*base, action.option_strings[-1], value] for value in NASTY]
        for at in range(1, 1 + len(positionals(name, made))):
            lines += [[*base[:at], value, *base[at + 1 :]] for value in NASTY]
        lines += [[name, value] for value in NASTY]
    lines += [[value] for value in NASTY]
    files = {"vocab-file": "vocab.txt", "input-file": "records.bin"}
    for name, tool in compat.TOOLS.items():
        known = {flag.name for flag in tool.flags}
        base = [
            part
            for flag, file in files.items()
            if flag in known
            for part in (f"-{flag}", str(made / file))
        ]
        for flag in tool.flags:
            lines += [["compat", name, f"-{flag.name}", value, *base] for value in NASTY]
        lines += [["compat", name, value] for value in NASTY]
    return lines


@pytest.fixture
def quiet(tmp_path, monkeypatch):
    """Work in an empty folder, with /dev/null as standard input and standard output."""
    monkeypatch.chdir(tmp_path)
    nothing = os.open(os.devnull, os.O_RDWR)
    saved = [os.dup(descriptor) for descriptor in (0, 1)]
    for descriptor in (0, 1):
        os.dup2(nothing, descriptor)
    yield tmp_path
    for descriptor, before in enumerate(saved):
        os.dup2(before, descriptor)
        os.close(before)
    os.close(nothing)


@pytest.mark.slow
def test_the_arguments_that_the_cases_change_are_right(made, quiet, monkeypatch):
    for name in commands():
        arguments = [name, *positionals(name, made), *QUICK.get(name, [])]
        code, errors = run(
            [f"out-{name}" if part == "@" else part for part in arguments], monkeypatch
        )
        assert code == 0, (name, errors)


def run(arguments: list[str], monkeypatch) -> tuple[object, str]:
    """Run the command line in this process; return its exit code and what it wrote to stderr."""
    # pytest decodes what it captures as UTF-8, but the command line may write other bytes. So the
    # command line gets streams of its own.
    streams = [io.TextIOWrapper(io.BytesIO(), "utf-8") for _ in range(2)]
    monkeypatch.setattr(sys, "stdout", streams[0])
    monkeypatch.setattr(sys, "stderr", streams[1])
    try:
        code = main(arguments)
    except SystemExit as stop:
        code = stop.code
    streams[1].flush()
    return code, streams[1].buffer.getvalue().decode("utf-8", "replace")


# All cases take minutes. So the tests run a sample of them, the same on every machine.
@pytest.mark.slow
@pytest.mark.parametrize(
    "sample", [slice(50), pytest.param(slice(50, 500), marks=pytest.mark.slow)]
)
def test_any_value_of_any_option_ends_with_an_answer_or_a_reason(made, quiet, monkeypatch, sample):
    every = cases(made)
    assert len(every) > 3000
    random.Random(16).shuffle(every)
    for number, line in enumerate(every[sample]):
        arguments = [f"out{number}" if part == "@" else part for part in line]
        shown = [argument[:40] for argument in arguments]
        try:
            code, errors = run(arguments, monkeypatch)
        except BaseException as error:
            raise AssertionError(f"{shown}: {type(error).__name__}") from error
        assert code in CODES, (shown, code)
        assert "Traceback" not in errors, shown
        assert code in {0, 130} or errors, shown


@pytest.mark.parametrize(
    ("arguments", "flag"),
    [
        (["vocab_count", "-min-count", "x"], "-min-count"),
        (["cooccur", "-window-size", "0"], "-window-size"),
        (["cooccur", "-memory", "1e400"], "-memory"),
        (["shuffle", "-array-size", "9" * 25], "-array-size"),
        (["glove", "-vector-size", "0"], "-vector-size"),
        (["glove", "-eta", "nan"], "-eta"),
        (["glove", "-alpha", "-1"], "-alpha"),
    ],
)
def test_a_value_of_stanfords_flags_is_refused_by_its_name(arguments, flag, made):
    result = call(
        "compat", *arguments, "-vocab-file", made / "vocab.txt", "-input-file", made / "records.bin"
    )
    assert result.returncode in {1, 2}
    assert flag.encode() in result.stderr.splitlines()[-1]
    assert b"Traceback" not in result.stderr


@pytest.mark.slow
@pytest.mark.parametrize("closed", [0, 1, 2])
@pytest.mark.parametrize(
    "arguments",
    [
        ["--version"],
        ["info", "vectors.txt"],
        ["info", "missing"],
        ["similar", "vectors.txt"],
        ["vocab", "-"],
        ["compat", "vocab_count"],
        ["compat", "cooccur", "-verbose", "0"],
        ["compat", "shuffle"],
        ["compat", "glove", "-input-file", "records.bin", "-iter", "1"],
    ],
)
def test_a_closed_stream_ends_no_program_with_a_traceback(closed, arguments, made):
    def close() -> None:
        os.close(closed)

    result = subprocess.run(
        [PROGRAM, *arguments],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        cwd=made,
        timeout=300,
        check=False,
        preexec_fn=close,
    )
    assert result.returncode in CODES
    assert b"Traceback" not in result.stdout + result.stderr
    if closed == 1 and arguments[:2] == ["compat", "glove"]:
        assert result.returncode == 0  # it writes nothing to standard output
    elif closed == 1 and arguments[0] != "--version":
        assert result.returncode == 1
        assert result.stderr.endswith(b": standard output: is closed\n")
    if closed == 0 and arguments[0] == "similar":
        assert result.stderr == b"glove-rs similar: standard input: is closed\n"


#: The metavars of values that are not paths.
OTHERS = set("ABCIJNXY") | {
    *("ADDRESS", "FORMAT", "JSON", "MEMORY", "NAME", "NEGATIVE", "POSITIVE", "SIZE", "TEXT"),
    *("WORD", "WORDS"),
}


def test_every_path_is_checked_and_completed_as_a_path():
    metavars = {
        metavar
        for sub in commands().values()
        for action in sub._actions
        if action.metavar is not None
        for metavar in ([action.metavar] if isinstance(action.metavar, str) else action.metavar)
    }
    assert PATHS - {"OUTPUT", "INPUT"} <= metavars
    assert {name for name in metavars - PATHS - OTHERS if "|" not in name} == set()


def test_an_empty_folder_or_file_of_sets_is_refused(capsys):
    sets = ["associations", "vectors.txt", "", "--weat", "x", "y", "a", "b"]
    for arguments in (sets, ["bootstrap", "c.txt", "--out", ""]):
        with pytest.raises(SystemExit):
            main(arguments)
        assert "must name a file or folder, got ''" in capsys.readouterr().err


@pytest.mark.parametrize("digits", [400, 5000])
def test_a_huge_integer_is_shortened_in_the_message(digits, tmp_path):
    result = call("fit", "c.txt", "--out", tmp_path / "out", "--dim", "9" * digits)
    message = result.stderr.decode().splitlines()[-1]
    assert "--dim" in message
    assert len(message) < 300
    assert digits != 400 or message.endswith(f"got {'9' * 40}... (400 digits)")


@pytest.mark.slow
@pytest.mark.parametrize("locale", ["C", "C.UTF-8", "POSIX", "xx_NOWHERE"])
@pytest.mark.parametrize(
    "argument", [b"\xff", "ü☃".encode(), b"\x1b[31m", b"x" * 100_000], ids=lambda a: ascii(a[:9])
)
def test_any_bytes_are_answered_in_any_locale(locale, argument, made):
    environment = {**os.environ, "LC_ALL": locale, "LANG": locale}
    for line in ([b"info", argument], [b"similar", b"vectors.txt", argument], [argument]):
        result = subprocess.run(
            [os.fsencode(PROGRAM), *line],
            capture_output=True,
            cwd=made,
            timeout=300,
            check=False,
            env=environment,
        )
        assert result.returncode in {1, 2}
        assert result.stderr
        assert b"Traceback" not in result.stderr
