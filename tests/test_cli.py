"""The command line, run as a process: its output, its files and its exit codes."""

from __future__ import annotations

import csv
import gzip
import inspect
import itertools
import json
import os
import random
import re
import shutil
import signal
import subprocess
import sys
import time
import zipfile
from pathlib import Path

import numpy as np
import pytest

import glove_rs
from glove_rs import Cooccurrence, Glove, Vocabulary, WordVectors, associations
from glove_rs._core import OPTIMIZERS
from glove_rs._optional import optional
from glove_rs.cli._options import add_parameters, given
from glove_rs.cli._parser import Parser
from program import HANG, PROGRAM, answer, call, done, reason

COMMANDS = [
    "fit",
    "vocab",
    "cooccur",
    "contexts",
    "contrast",
    "phrases",
    "train",
    "update",
    "evaluate",
    "kwic",
    "associations",
    "similar",
    "analogy",
    "infer",
    "pairs",
    "subwords",
    "bootstrap",
    "compare",
    "convert",
    "info",
    "estimate",
    "demo",
    "completion",
]
SETTINGS = ["--dim", 6, "--epochs", 3, "--min-count", 2, "--window", 4, "--x-max", 10]
SETTINGS += ["--preset", "paper"]
REPEATABLE = ["--deterministic", "--seed", 5]


@pytest.fixture(scope="module")
def text(tmp_path_factory) -> Path:
    """Sixty words, some not ASCII, in three hundred documents."""
    rng = random.Random(7)
    words = [f"w{k}" if k % 5 else f"wört{k}水" for k in range(60)]
    lines = (" ".join(rng.choices(words, k=rng.randrange(1, 30))) + "\n" for _ in range(300))
    path = tmp_path_factory.mktemp("text") / "corpus.txt"
    path.write_text("".join(lines), encoding="utf-8")
    return path


@pytest.fixture(scope="module")
def made(text, tmp_path_factory) -> Path:
    """A folder with one file of every kind."""
    folder = tmp_path_factory.mktemp("made")
    vocabulary = Vocabulary.from_corpus(text, min_count=2)
    vocabulary.save(folder / "vocab.txt")
    counts = Cooccurrence.from_corpus(text, vocabulary, window=4)
    counts.save(folder / "counts")
    counts.save(folder / "cooccurrence.bin")
    model = Glove(6, epochs=2, deterministic=True).fit_cooccurrence(counts)
    model.save(folder / "model.glove")
    model.save_word2vec(folder / "vectors.txt")
    model.vectors.save(folder / "vectors.native")
    model.save_stanford(folder / "stanford", gradsq=True)
    (folder / "vectors.txt.gz").write_bytes(gzip.compress((folder / "vectors.txt").read_bytes()))
    (folder / "text.txt").write_bytes(text.read_bytes())
    return folder


# --- the program ----------------------------------------------------------------------------------


def test_the_version_is_the_packages():
    assert done("--version").decode() == f"glove-rs {glove_rs.__version__}\n"


@pytest.mark.slow
def test_python_m_is_the_same_program():
    module = subprocess.run(
        [sys.executable, "-m", "glove_rs", "fit", "--help"], capture_output=True, check=True
    )
    assert module.stdout == done("fit", "--help")


@pytest.mark.parametrize("command", COMMANDS)
def test_help_has_an_example_and_the_defaults(command):
    shown = done(command, "--help").decode()
    assert re.search(rf"^example:\n  .*glove-rs {command} ", shown + " ", re.M) or (
        command == "demo" and "example:\n  glove-rs demo\n" in shown
    )
    for option in ("--topn", "--window"):
        if option in shown and command != "infer":
            assert re.search(rf"{option} N[^-]*\(default:\s+\d+\)", shown), option
    if "--x-max" in shown:
        assert re.search(r"--x-max X[^-]*\(default:\s+best \d+, paper\s+\d+\)", shown)
    assert max(map(len, shown.splitlines())) <= 100


@pytest.mark.parametrize(
    ("command", "functions"),
    [
        ("fit", [Glove, Glove.fit]),
        ("vocab", [Vocabulary.from_corpus]),
        ("cooccur", [Cooccurrence.from_corpus]),
        ("estimate", [Cooccurrence.estimate]),
        ("update", [Glove.update]),
        ("similar", []),
    ],
)
def test_every_parameter_of_the_python_api_is_an_option(command, functions):
    shown = done(command, "--help").decode()
    for name in itertools.chain.from_iterable(inspect.signature(f).parameters for f in functions):
        if name not in {"self", "source", "y", "vocabulary", "callbacks", "keep_counts", "options"}:
            assert f"--{name.replace('_', '-')}" in shown, name
    if functions and command not in {"vocab", "estimate", "update"}:
        assert "--vocab FILE" in shown


def documented(
    rounds: int = 3,
    share: float | None = None,
    how: str = "plain",
    quick: bool = False,
    folder: str | os.PathLike[str] | None = None,
    start: object = None,
    other: WordVectors | None = None,
):
    """Do nothing.

    Parameters
    ----------
    rounds : int, default 3
        How often, in
        100 % of cases.
    share : float, optional
        AdaGrad's part, see :func:`glove_rs.Glove` and `how`.
    how : {"plain", "in-turn"}, default "plain"
        The way.
    quick, folder
        As for :class:`glove_rs.Glove`.
    other : WordVectors, optional
        Vectors.

    Returns
    -------
    None
    """


def test_the_default_of_alternative_is_given_for_each_test():
    parser = Parser("test", usage="test")
    add_parameters(parser.add_argument_group("some"), associations.weat, ["alternative"])
    shown = " ".join(parser.format_help().split())
    assert shown.count("default") == 1
    assert "(default: greater; for --sc-weat, two-" in shown


def test_a_parameter_that_the_api_gains_is_an_option():
    parser = Parser("test", usage="test")
    names = ["rounds", "share", "how", "quick", "folder", "min_count"]
    add_parameters(parser.add_argument_group("some"), documented, names)
    lines = [" ".join(line.split()) for line in parser.format_help().splitlines()]
    shown = "\n".join(lines)
    assert "--rounds N how often, in 100 % of cases (default: 3)" in lines
    assert "--share X AdaGrad's part, see glove_rs.Glove and how" in lines
    assert "--how plain|in-turn the way (default: plain)" in lines
    assert "--quick, --no-quick (default: no)" in lines
    assert "--min-count N drop words that occur fewer than N times" in shown  # text from _settings
    arguments = ["--rounds", "4", "--share", "0.5", "--no-quick", "--min-count", "2"]
    arguments += ["--folder", "."]
    assert given(parser.parse_args(arguments), names) == {
        "rounds": 4,
        "share": 0.5,
        "quick": False,
        "folder": ".",
        "min_count": 2,
    }
    assert given(parser.parse_args([]), names) == {}


def test_alone_it_prints_its_help():
    result = call()
    assert (result.returncode, result.stdout) == (2, b"")
    assert result.stderr == done("--help")


@pytest.mark.slow
def test_an_unknown_option_is_answered_with_the_nearest_and_the_usage_of_its_command():
    usage = "usage: glove-rs fit CORPUS... --out DIR [options]"
    for arguments, near in {
        ("corpus.txt", "--windwo", 3): "--window",
        ("corpus.txt", "--out", "m", "--epoch", 3): "--epochs",
        ("corpus.txt", "--out", "m", "--max-vocabulary=3"): "--max-vocab",
        ("corpus.txt", "--out", "m", "--Dim", 3): "--dim",
        ("--deterministc", "corpus.txt"): "--deterministic",
    }.items():
        lines = call("fit", *arguments).stderr.decode().splitlines()
        assert lines[0] == usage
        assert lines[-1].endswith(f"; did you mean {near}?")
    for arguments in (
        ("update", "m", "c.txt", "--optimizer", "sgd"),
        ("fit", "c.txt", "--lr", 0.1),
        ("fit", "c.txt", "--verbose"),
    ):  # no option has a similar name, so none is suggested
        assert "did you mean" not in reason(2, *arguments)
    assert "did you mean fit?" in reason(2, "fitt")
    assert "did you mean --version?" in reason(2, "--versoin")
    assert "did you mean word2vec?" in reason(2, "convert", "a", "b", "--to", "word2vecs")
    shown = call("fit", "corpus.txt", "--out", "m", "-x").stderr.decode()
    assert shown.startswith(usage)
    assert shown.endswith("unrecognized arguments: -x\n")
    shown = call("analogy", "v", "a", "b", "c", "d").stderr.decode()
    assert shown.startswith("usage: glove-rs analogy VECTORS A B C")


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_a_shell_can_complete_commands_and_options(shell):
    pytest.importorskip("shtab")
    script = done("completion", shell).decode()
    values = ("rowwise_adagrad", "paper", "3cosmul", "word2vec_binary", "vocab_count")
    for word in ("similar", "min-count", "checkpoint-dir", *values):
        assert word in script
    if shell == "bash":
        completed = (
            script
            + """
complete_line() {
    COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1))
    _shtab_glove_rs "$1" "${@: -1}" "${@: -2:1}"
    echo "${COMPREPLY[@]}"
}
complete_line glove-rs fit c.txt --optimizer ""
complete_line glove-rs compat ""
"""
        )
        found = subprocess.run(
            ["bash"], input=completed.encode(), capture_output=True, check=True
        ).stdout.split(b"\n")
        assert found[0].split() == [name.encode() for name in OPTIMIZERS]
        assert found[1].split() == [b"vocab_count", b"cooccur", b"shuffle", b"glove"]


@pytest.mark.parametrize(
    ("module", "install"),
    [
        ("matplotlib.pyplot", "matplotlib adjustText"),
        ("dask", "dask distributed"),
        ("distributed", "dask distributed"),
        ("scipy.sparse", "scipy"),
        ("shtab", "shtab"),
        ("sklearn.utils", "scikit-learn"),
    ],
)
def test_a_missing_library_is_named_itself_and_not_as_an_extra(monkeypatch, module, install):
    package = module.partition(".")[0]
    monkeypatch.setitem(sys.modules, module, None)
    with pytest.raises(ImportError) as found:
        optional(module, "it")
    assert str(found.value) == (
        f"it needs {package}, which is not installed: pip install {install}"
    )


def test_no_text_for_users_names_an_extra_of_a_package_that_no_index_has():
    package = Path(glove_rs.__file__).parent
    files = [*package.rglob("*.py"), *package.parents[1].glob("docs/*.md")]
    assert len(files) > 30
    assert [str(file) for file in files if "install glove-rs[" in file.read_text("utf-8")] == []


def test_wrong_calls_end_with_2():
    assert "invalid choice: 'fitt'" in reason(2, "fitt")
    assert "--out" in reason(2, "fit", "corpus.txt")
    assert "--window" in reason(2, "vocab", "corpus.txt", "--window", 3)
    assert "must be a number of words or document, got 'x'" in reason(
        2, "cooccur", "c", "-o", "x", "--window", "x"
    )
    # Abbreviated options are refused, because a new option could change their meaning.
    assert "--wind" in reason(2, "cooccur", "c", "-o", "x", "--wind", "3")


@pytest.mark.slow
def test_a_value_out_of_range_is_a_wrong_call_that_names_the_option(text, tmp_path):
    out = ["--out", tmp_path / "m"]
    assert reason(2, "fit", text, *out, "--window", 0) == (
        "glove-rs fit: --window must be an integer >= 1, got 0"
    )
    assert "--max-vocab must be" in reason(2, "fit", text, *out, "--max-vocab", "-3")
    assert "--optimizer must be" in reason(2, "fit", text, *out, "--optimizer", "adam")
    assert "--memory must be" in reason(2, "fit", text, *out, "--memory", "lots")
    assert "--within must be" in reason(2, "estimate", text, "--within", "lots")
    for options, message in {
        ("--early-stopping", 3): "--early-stopping needs held-out records: set --validation",
        ("--anchor", 0.1): "--anchor needs pretrained vectors: set --init",
        ("--resume",): "--resume needs a folder with a checkpoint: set --checkpoint-dir",
    }.items():
        assert reason(2, "fit", text, *out, *options) == f"glove-rs fit: {message}"
    message = reason(2, "fit", text, *out, "--checkpoint-every", 1)
    assert message == "glove-rs fit: --checkpoint-every must come with --checkpoint-dir"
    assert list(tmp_path.iterdir()) == []


# --- from text to a model -------------------------------------------------------------------------


def test_fit_leaves_a_folder_that_tells_everything(text, tmp_path):
    out = tmp_path / "model"
    result = answer("fit", text, "--out", out, *SETTINGS, *REPEATABLE)
    assert sorted(p.name for p in out.iterdir()) == [
        "history.csv",
        "model.glove",
        "settings.json",
        "vocab.txt",
    ]
    settings = {"epochs": 3, "min_count": 2, "window": 4, "preset": "paper", "x_max": 10}
    expected = Glove(6, **settings, deterministic=True, seed=5).fit(text)
    model = Glove.load(out)
    np.testing.assert_array_equal(model.W, expected.W)
    assert model.get_params() == expected.get_params()
    assert Vocabulary.load(out / "vocab.txt") == expected.vocabulary
    assert [epoch["loss"] for epoch in result["epochs"]] == expected.history
    assert (result["words"], result["dim"]) == (len(expected.vocabulary), 6)

    with (out / "history.csv").open(encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    assert [float(row["loss"]) for row in rows] == expected.history
    assert [row["epoch"] for row in rows] == ["1", "2", "3"]
    settings = json.loads((out / "settings.json").read_text(encoding="utf-8"))
    assert settings["glove_rs"] == glove_rs.__version__
    assert settings["source"] == str(text)
    assert settings["settings"]["window"] == 4


def test_fit_prints_what_it_made(text, tmp_path):
    shown = done("fit", text, "--out", tmp_path / "m", *SETTINGS, "--vectors", tmp_path / "v.txt")
    rows = dict(line.split(maxsplit=1) for line in shown.decode().splitlines())
    assert rows["words"] == "60"
    assert len(rows["loss"].split()) == 3
    assert rows["saved"] == str(tmp_path / "m")
    assert len(WordVectors.load(tmp_path / "v.txt")) == 60


@pytest.mark.slow
def test_a_folder_is_replaced_only_if_asked_and_only_if_it_is_ours(text, tmp_path):
    out = tmp_path / "model"
    done("fit", text, "--out", out, *SETTINGS)
    before = (out / "model.glove").read_bytes()
    assert "--overwrite" in reason(1, "fit", text, "--out", out, *SETTINGS)
    assert (out / "model.glove").read_bytes() == before
    done("fit", text, "--out", out, *SETTINGS, "--dim", 7, "--overwrite")
    assert Glove.load(out).W.shape[1] == 7

    other = tmp_path / "other"
    other.mkdir()
    (other / "thesis.txt").write_text("do not touch")
    for extra in [], ["--overwrite"]:
        assert "exists" in reason(1, "fit", text, "--out", other, *SETTINGS, *extra)
    assert [p.name for p in other.iterdir()] == ["thesis.txt"]
    assert sorted(p.name for p in tmp_path.iterdir()) == ["model", "other"]


@pytest.mark.skipif(not Path("/proc").is_dir(), reason="needs a folder that nobody can write to")
def test_a_folder_that_cannot_be_made_is_refused_before_training(text):
    message = reason(1, "fit", text, "--out", "/proc/model", "--epochs", 10**9)
    assert message.startswith("glove-rs fit: /proc/model: ")


@pytest.mark.slow
def test_step_by_step_is_the_same_as_at_once(text, tmp_path):
    done("vocab", text, "--min-count", 2, "-o", tmp_path / "vocab.txt")
    common = ["--vocab", tmp_path / "vocab.txt", "--window", 4]
    done("cooccur", text, *common, "-o", tmp_path / "counts")
    result = answer("cooccur", text, *common, "-o", tmp_path / "cooccurrence.bin")
    training = ["--dim", 6, "--epochs", 3, "--x-max", 10, *REPEATABLE]
    done("train", tmp_path / "counts", *training, "--out", tmp_path / "native")
    done(
        "train",
        tmp_path / "cooccurrence.bin",
        "--vocab",
        tmp_path / "vocab.txt",
        *training,
        "--out",
        tmp_path / "records",
    )
    settings = {"epochs": 3, "min_count": 2, "window": 4, "x_max": 10, "seed": 5}
    # Stanford's records have no counts of adjacent words.
    for name, adjacent in (("native", True), ("records", False)):
        once = Glove(6, **settings, deterministic=True, adjacent=adjacent).fit(text)
        np.testing.assert_array_equal(Glove.load(tmp_path / name).W, once.W)
    counts = Cooccurrence.load(tmp_path / "counts")
    assert result == {"words": 60, "records": counts.nnz, "total": pytest.approx(counts.total)}


@pytest.mark.slow
def test_training_goes_on_from_a_model(made, tmp_path):
    common = ["--preset", "paper", "--x-max", 10, *REPEATABLE]
    counts = made / "counts"
    done("train", counts, "--dim", 6, "--epochs", 4, *common, "--out", tmp_path / "whole")
    done("train", counts, "--dim", 6, "--epochs", 1, *common, "--out", tmp_path / "part")
    result = answer(
        *("train", counts, "--epochs", 3, *common, "--out", tmp_path / "rest"),
        *("--start", tmp_path / "part"),
    )
    whole, rest = Glove.load(tmp_path / "whole"), Glove.load(tmp_path / "rest")
    np.testing.assert_array_equal(whole.W, rest.W)
    assert [epoch["loss"] for epoch in result["epochs"]] == whole.history[1:]
    refused = reason(
        *(2, "train", counts, "--dim", 5, "--out", tmp_path / "x"),
        *("--start", tmp_path / "part"),
    )
    assert "--start must have --dim=5" in refused


@pytest.mark.slow
def test_an_update_is_that_of_the_api(text, tmp_path):
    (tmp_path / "more.txt").write_text("w1 new w2 new\n" * 5)
    saved = ["--save-counts", "counts"]
    done("fit", text, "--out", "old", *SETTINGS, *REPEATABLE, *saved, cwd=tmp_path)
    counts = Cooccurrence.load(tmp_path / "counts")
    result = answer(
        *("update", "old", "more.txt", "--counts", "counts", "--out", "new", "--epochs", 2),
        *("--save-counts", "counts2"),
        cwd=tmp_path,
    )
    expected = Glove.load(tmp_path / "old").update(tmp_path / "more.txt", counts=counts, epochs=2)
    found = Glove.load(tmp_path / "new")
    assert "new" in found.vocabulary
    assert found.vocabulary == expected.vocabulary
    np.testing.assert_array_equal(found.W, expected.W)
    assert [epoch["loss"] for epoch in result["epochs"]] == expected.history
    assert Cooccurrence.load(tmp_path / "counts2").total == expected.cooccurrence.total
    # Update once more, from the counts of the first update.
    done("update", "new", "more.txt", "--counts", "counts2", "--out", "newer", cwd=tmp_path)
    assert "--counts" in reason(2, "update", "old", "more.txt", "--out", "x", cwd=tmp_path)
    (tmp_path / "empty.txt").write_text("")
    arguments = ("update", "old", "empty.txt", "--counts", "counts", "--out", "none")
    assert "the new text has no such word" in reason(1, *arguments, cwd=tmp_path)
    assert not (tmp_path / "none").exists()


def test_words_that_files_cannot_hold_are_refused_before_the_training(tmp_path):
    counts = Cooccurrence.from_corpus([["New York", "is", "a", "city"]] * 9)
    counts.save(tmp_path / "counts")
    message = reason(1, "train", "counts", "--out", "m", "--epochs", 10**9, cwd=tmp_path)
    assert "counts: the word 'New York' has a space" in message
    assert [p.name for p in tmp_path.iterdir()] == ["counts"]


def test_the_vocabulary_goes_to_standard_output(text, made):
    expected = (made / "vocab.txt").read_bytes()
    assert done("vocab", text, "--min-count", 2) == expected
    assert done("vocab", "-", "--min-count", 2, stdin=text.read_bytes()) == expected


def test_several_texts_are_one(text, made, tmp_path):
    lines = text.read_bytes().splitlines(keepends=True)
    (tmp_path / "a.txt").write_bytes(b"".join(lines[:100]))
    rest = b"".join(lines[100:])
    shown = done("vocab", tmp_path / "a.txt", "-", "--min-count", 2, stdin=rest)
    assert shown == (made / "vocab.txt").read_bytes()


def test_records_go_to_standard_output(text, made):
    shown = done("cooccur", text, "--vocab", made / "vocab.txt", "--window", 4, "-o", "-")
    assert shown == (made / "cooccurrence.bin").read_bytes()


# --- queries --------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["model.glove", "vectors.txt", "vectors.native", "vectors.txt.gz"])
def test_any_file_of_vectors_can_be_asked(made, name):
    expected = Glove.load(made / "model.glove").vectors.most_similar("w1", topn=3)
    found = answer("similar", made / name, "w1", "--topn", 3)
    assert found["word"] == "w1"
    assert [item["word"] for item in found["similar"]] == [word for word, _ in expected]
    np.testing.assert_allclose(
        [item["cosine"] for item in found["similar"]], [c for _, c in expected], atol=1e-5
    )


@pytest.mark.parametrize("name", ["model.glove", "vectors.txt"])
def test_a_part_of_the_vectors_is_read(made, name):
    word = Vocabulary.load(made / "vocab.txt").words[0]
    few = answer("similar", made / name, word, "--limit", 10, "--dtype", "float16", "--topn", 100)
    assert len(few["similar"]) == 9
    assert "--limit must be" in reason(2, "similar", made / name, word, "--limit", 0)


def test_a_format_that_is_named_is_taken(made):
    message = reason(1, "similar", made / "stanford.txt", "w1", "--format", "word2vec")
    assert "line 1: expected the number of words and the number of components" in message
    assert "--format must be one of" in reason(2, "similar", made / "vectors.txt", "--format", "x")


def test_words_come_from_standard_input(made):
    shown = done(
        *("similar", made / "vectors.txt", "--topn", 2, "--json"),
        stdin="w1 wört5水\nw2\n".encode(),
    )
    found = [json.loads(line) for line in shown.splitlines()]
    assert [item["word"] for item in found] == ["w1", "wört5水", "w2"]
    assert all(len(item["similar"]) == 2 for item in found)


def test_neighbours_of_a_difference_and_an_analogy(made):
    wv = WordVectors.load(made / "vectors.txt")
    shown = done("similar", made / "vectors.txt", "w1", "w2", "--not", "w3", "--topn", 4)
    expected = wv.most_similar(["w1", "w2"], ["w3"], topn=4)
    assert [line.split()[0] for line in shown.decode().splitlines()] == [w for w, _ in expected]
    found = answer("analogy", made / "vectors.txt", "w1", "w2", "w3", "--topn", 4)
    assert [item["word"] for item in found] == [w for w, _ in wv.analogy("w1", "w2", "w3", 4)]


def test_an_unknown_word_is_named(made):
    message = reason(1, "similar", made / "vectors.txt", "w999")
    assert message.startswith("glove-rs similar: ")
    assert "'w999'" in message


def test_an_unknown_word_ends_no_batch(made):
    result = call("similar", made / "vectors.txt", "w1", "w999", "W2", "w3", "--topn", 1)
    assert result.returncode == 1
    shown = result.stdout.decode().split("\n")
    assert [line for line in shown if line and not line.startswith(" ")] == ["w1", "w3"]
    messages = result.stderr.decode().splitlines()
    assert len(messages) == 2
    assert "'w999'" in messages[0]
    assert "'W2' not present in vocabulary; did you mean 'w2'" in messages[1]
    lines = call("similar", made / "vectors.txt", "--json", stdin=b"w1 w999 w3\n")
    assert lines.returncode == 1
    found = [json.loads(line) for line in lines.stdout.splitlines()]
    assert [item["word"] for item in found] == ["w1", "w999", "w3"]
    assert found[1]["similar"] == []
    assert "w999" in found[1]["error"]
    assert done("similar", made / "vectors.txt", "w1", "w3", "--topn", 1)


@pytest.mark.parametrize("topn", [0, -3])
def test_to_print_no_words_is_refused(made, topn):
    for command in (["similar", made / "vectors.txt", "w1"], ["analogy", made / "vectors.txt"]):
        words = ["w1", "w2", "w3"] if command[0] == "analogy" else []
        message = reason(2, *command, *words, "--topn", topn)
        assert message.endswith(f"--topn must be an integer >= 1, got {topn}")


@pytest.mark.slow
def test_a_new_word_gets_a_vector_of_examples(made, tmp_path):
    examples = ["w1 sultan w2 w3\n", "w4 w1 sultan\n"]
    (tmp_path / "examples.txt").write_text("".join(examples) + "\n")
    expected = Glove.load(made / "model.glove").infer_vector(examples, word="sultan")
    line = done("infer", made / "model.glove", tmp_path / "examples.txt", "--word", "sultan")
    word, *numbers = line.decode().split()
    assert word == "sultan"
    np.testing.assert_array_equal(np.array(numbers, np.float32), expected)
    found = answer(
        *("infer", made / "model.glove", "--word", "sultan", "--topn", 2),
        stdin="".join(examples).encode(),
    )
    np.testing.assert_allclose(found["vector"], expected)
    near = Glove.load(made / "model.glove").vectors.similar_by_vector(expected, topn=2)
    assert [item["word"] for item in found["similar"]] == [word for word, _ in near]
    assert "sultan" in reason(1, "infer", made / "model.glove", "--word", "sultan", stdin=b"w1 w2")


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["gz", "utf-16", "zip", "folder", "pattern", "url"])
def test_examples_of_a_new_word_are_read_as_any_text(made, tmp_path, kind):
    examples = "w1 sultan w2 w3\nw4 w1 sultan\n"
    folder = tmp_path / "texts"
    folder.mkdir()
    plain = folder / "examples.txt"
    plain.write_text(examples)
    command = ("infer", "--word", "sultan", made / "model.glove")
    expected = done(*command, plain)
    named: object = {"folder": folder, "pattern": folder / "*.txt"}.get(kind, tmp_path / "packed")
    if kind == "gz":
        Path(named).write_bytes(gzip.compress(examples.encode()))
    elif kind == "utf-16":
        Path(named).write_text(examples, encoding="utf-16")
    elif kind == "zip":
        with zipfile.ZipFile(named, "w") as archive:
            archive.write(plain, "examples.txt")
    elif kind == "url":
        pytest.importorskip("fsspec", reason="fsspec is not installed")
        named = plain.as_uri()
    assert done(*command, named) == expected


def test_examples_that_are_no_text_are_of_standard_input(made):
    command = ("infer", made / "model.glove", "--word", "x")
    message = reason(1, *command, stdin=b"the \xff x\n")
    assert message.startswith("glove-rs infer: standard input, byte 4: invalid UTF-8")
    assert "standard input: there are no words" in reason(1, *command, stdin=b"")


@pytest.mark.slow
def test_questions_come_from_standard_input_too(made, tmp_path):
    (tmp_path / "questions.txt").write_text("w1 w2 w3 w4\n")
    (tmp_path / "pairs.txt").write_text("w1 w2 3\nw3 w4 1\n")
    for name in ("questions.txt", "pairs.txt"):
        [expected] = answer("evaluate", made / "vectors.txt", tmp_path / name)
        stdin = (tmp_path / name).read_bytes()
        [found] = answer("evaluate", made / "vectors.txt", "-", stdin=stdin)
        assert {key: found[key] for key in found if key not in {"path", "sections"}} == {
            key: expected[key] for key in expected if key not in {"path", "sections"}
        }
    message = reason(1, "evaluate", made / "vectors.txt", "-")
    assert message.startswith("glove-rs evaluate: standard input:1: the file holds no")


def test_models_and_counts_are_not_read_from_standard_input(made, text, tmp_path):
    model, counts, out = made / "model.glove", made / "counts", ("--out", tmp_path / "m")
    for command in (
        ("update", model, text, "--counts", "-", *out),
        ("update", "-", text, "--counts", counts, *out),
        ("train", "-", *out),
        ("train", counts, "--start", "-", *out),
        ("infer", "-", text),
    ):
        message = reason(1, *command)
        assert message.startswith(f"glove-rs {command[0]}: standard input: ")
        assert re.search("name (a|the) file of (counts|a model) instead of -", message)


def test_vectors_are_measured(made, tmp_path):
    (tmp_path / "questions.txt").write_text(": some\nw1 w2 w3 w4\nw1 w2 w3 zebra\n")
    (tmp_path / "pairs.tsv").write_text("w1\tw2\t7\nw1\tw3\t3\nw2\tw4\t5\n")
    files = [tmp_path / "questions.txt", tmp_path / "pairs.tsv"]
    found = answer("evaluate", made / "vectors.txt", *files)
    wv = WordVectors.load(made / "vectors.txt")
    assert found == [json.loads(json.dumps(wv.evaluate(f).to_dict())) for f in files]
    shown = done("evaluate", made / "vectors.txt", *files, "--method", "3cosmul").decode()
    assert "3CosMul" in shown
    assert "Spearman" in shown


# --- files ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("to", "name"),
    [
        ("word2vec", "out.txt"),
        ("word2vec_binary", "out.bin"),
        ("glove", "out.vectors"),
        ("native", "out"),
        ("model", "out.glove"),
    ],
)
def test_a_model_becomes_any_file_of_vectors(made, tmp_path, to, name):
    by_name = to not in {"glove", "native"}
    done("convert", made / "model.glove", tmp_path / name, *([] if by_name else ["--to", to]))
    expected = Glove.load(made / "model.glove").vectors
    if to == "model":
        found = Glove.load(tmp_path / name).vectors
    else:
        found = WordVectors.load(tmp_path / name, format=to)
    assert found.index_to_key == expected.index_to_key
    np.testing.assert_array_equal(found.vectors, expected.vectors)


def test_a_model_becomes_stanfords_files_and_these_a_model_again(made, tmp_path):
    done("convert", made / "model.glove", tmp_path / "s", "--to", "stanford", "--model", 0)
    assert sorted(p.name for p in tmp_path.iterdir()) == ["s.bin", "s.gradsq.bin", "s.txt"]
    done(
        *("convert", tmp_path / "s.bin", tmp_path / "again.glove"),
        *("--vocab", made / "vocab.txt", "--gradsq", tmp_path / "s.gradsq.bin"),
    )
    before, again = Glove.load(made / "model.glove"), Glove.load(tmp_path / "again.glove")
    for name, array in before._state.arrays.items():
        found = again._state.arrays[name]
        # Stanford's files have an accumulator for each component. The model has one for each row.
        np.testing.assert_array_equal(found, np.broadcast_to(array, found.shape))
    assert len((tmp_path / "s.txt").read_text(encoding="utf-8").splitlines()[0].split()) == 15


def test_sides_are_chosen_and_combined(made, tmp_path):
    model = Glove.load(made / "model.glove")
    for how, rows in {"word": model.W, "mean": (model.W + model.W_tilde) / 2}.items():
        done("convert", made / "model.glove", tmp_path / "v.txt", "--combine", how, "--overwrite")
        np.testing.assert_allclose(
            WordVectors.load(tmp_path / "v.txt").vectors, rows, rtol=1e-6, atol=1e-7
        )


def test_counts_are_converted_both_ways(made, tmp_path):
    vocabulary = ["--vocab", made / "vocab.txt"]
    done("convert", made / "cooccurrence.bin", tmp_path / "counts", *vocabulary)
    done("convert", tmp_path / "counts", tmp_path / "again.bin")
    again = (tmp_path / "again.bin").read_bytes()
    assert again == (made / "cooccurrence.bin").read_bytes()
    assert done("convert", made / "counts", "-", "--to", "records") == again
    words = done("convert", made / "counts", "-", "--to", "vocab")
    assert words == (made / "vocab.txt").read_bytes()


def test_what_cannot_be_made_is_said(made, tmp_path):
    out = tmp_path / "out"
    message = reason(1, "convert", made / "vectors.txt", out, "--to", "model")
    assert message.endswith("vectors.txt: vectors cannot be converted to model")
    assert "counts cannot" in reason(1, "convert", made / "counts", out, "--to", "native")
    assert not out.exists()


def test_every_kind_of_file_is_told(made):
    names = {
        "model.glove": ("a model", 60),
        "vectors.txt": ("word vectors", 60),
        "vectors.txt.gz": ("word vectors", 60),
        "vectors.native": ("word vectors", 60),
        "counts": ("co-occurrence counts of glove-rs", 60),
        "cooccurrence.bin": ("co-occurrence records of Stanford", 60),
        "vocab.txt": ("a vocabulary", 60),
        "stanford.txt": ("word vectors", 61),
        "stanford.bin": ("64-bit numbers", None),
        "text.txt": ("text", None),
    }
    found = answer("info", *(made / name for name in names))
    for about, (name, (what, words)) in zip(found, names.items(), strict=True):
        assert about["what"].startswith(what), name
        assert about["bytes"] == (made / name).stat().st_size
        assert about.get("words") == words, name
    by_name = dict(zip(names, found, strict=True))
    nnz = Cooccurrence.load(made / "counts").nnz
    assert by_name["counts"]["records"] == by_name["cooccurrence.bin"]["records"] == nnz
    assert by_name["cooccurrence.bin"]["sorted"] is True
    assert by_name["text.txt"]["lines"] == 300
    assert by_name["vectors.txt"]["dim"] == 6
    assert by_name["model.glove"]["epochs"] == 2
    assert by_name["stanford.bin"]["numbers"] == 2 * 60 * 7
    shown = done("info", made / "stanford.bin", "--vocab", made / "vocab.txt").decode()
    assert re.search(r"^dim +6$", shown, re.M)


def test_shuffled_records_are_told(made, tmp_path):
    records = (made / "cooccurrence.bin").read_bytes()
    (tmp_path / "shuffled.bin").write_bytes(records[16:] + records[:16])
    assert answer("info", tmp_path / "shuffled.bin")[0]["sorted"] is False


@pytest.mark.slow
def test_records_and_parameters_are_described_as_their_numbers_say(made, tmp_path):
    records = np.fromfile(made / "cooccurrence.bin", "<i4, <i4, <f8")
    [found] = answer("info", made / "cooccurrence.bin")
    assert found["records"] == len(records)
    assert found["total"] == pytest.approx(records["f2"].sum(), rel=1e-14)
    assert found["first"] == [f"{i} {j} {x:.4f}" for i, j, x in records[:5].tolist()]
    numbers = np.fromfile(made / "stanford.bin", "<f8")
    [parameters] = answer("info", made / "stanford.bin")
    assert parameters["numbers"] == len(numbers)
    assert parameters["first"] == [f"{x:.6f}" for x in numbers[:5]]
    # The figures are those of the content, not of the compressed file.
    for name, about in (("cooccurrence.bin", found), ("stanford.bin", parameters)):
        content = (made / name).read_bytes()
        (tmp_path / name).write_bytes(gzip.compress(content))
        [packed] = answer("info", tmp_path / name)
        same = ("file", "bytes")
        assert {k: v for k, v in packed.items() if k not in same} == {
            k: v for k, v in about.items() if k not in same
        }
    cut = gzip.compress((made / "cooccurrence.bin").read_bytes()[:-5])
    (tmp_path / "cut.bin").write_bytes(cut)
    at = 16 * (len(records) - 1)
    message = f"cut.bin, byte {at}: the last record is cut off: 11 bytes of 16"
    assert message in reason(1, "info", tmp_path / "cut.bin")


# --- estimate -------------------------------------------------------------------------------------


def test_an_estimate_of_a_small_text_is_what_counting_finds(text):
    found = answer("estimate", text, "--min-count", 2, "--window", 4, "--dim", 6)
    counts = Cooccurrence.from_corpus(text, min_count=2, window=4)
    assert found["words"] == len(counts.vocabulary)
    assert found["records"] == counts.nnz
    assert found["advice"]["fits"] is True
    assert found["seconds"]["total"] == pytest.approx(
        sum(s for name, s in found["seconds"].items() if name != "total")
    )
    assert 0 < found["seconds"]["total"] < 60
    # A row has 6 components, ‖w‖², a bias and two accumulators, padded to 64 bytes. Each of the 60
    # words has a row, and one for each of its three contexts: in the window, directly to the left
    # and directly to the right. The estimate includes a copy of all rows.
    assert found["parameters"] == 2 * 60 * 4 * 64
    without = answer("estimate", text, "--min-count", 2, "--dim", 6, "--no-adjacent")
    assert without["parameters"] == 2 * 60 * 2 * 64
    assert found["bounds"]["records"] == [counts.nnz, counts.nnz]


def test_an_estimate_of_standard_input_has_no_counts_that_fit_would_not_keep(text):
    piped = json.loads(done("estimate", "-", "--json", stdin=text.read_bytes()))
    assert piped["memory"] == answer("estimate", text)["memory"]


@pytest.mark.slow
def test_an_estimate_names_settings_that_fit(tmp_path):
    rng = np.random.default_rng(1)
    words = np.array([f"w{k}" for k in range(30_000)])
    text = tmp_path / "corpus.txt"
    with text.open("w") as file:
        for _ in range(2000):
            file.write(" ".join(words[(30_000 ** rng.random(100)).astype(int)]) + "\n")
    free = answer("estimate", text, "--min-count", 1, "--within", "100GB")
    assert free["advice"]["fits"] is True
    assert free["advice"]["text"] == "fits without a change"
    needed = answer("estimate", text, "--min-count", 1, "--dim", 25)["memory"]
    within = f"{(needed - 2 * 10**6) // 10**6}MB"
    tight = answer("estimate", text, "--min-count", 1, "--dim", 25, "--within", within)
    assert tight["advice"]["fits"] is False
    limit = f"{tight['advice']['memory'] // 10**6}MB"
    assert f"--memory {limit}" in tight["advice"]["text"]
    again = answer(
        *("estimate", text, "--min-count", 1, "--dim", 25),
        *("--within", within, "--memory", limit),
    )
    assert again["advice"]["fits"] is True
    assert again["disk"] > 0
    wide = answer("estimate", text, "--min-count", 1, "--dim", 300, "--within", "100MB")
    assert wide["advice"]["dim"] in {50, 25}
    assert 0 < wide["advice"]["max_vocab"] < 30_000


# --- errors ---------------------------------------------------------------------------------------


@pytest.mark.slow
def test_files_of_the_wrong_kind_are_refused_by_what_they_are(made, tmp_path):
    out = ["--out", tmp_path / "m"]
    text, vectors = made / "text.txt", made / "vectors.txt"
    cases = [
        (["fit", vectors, *out], "this is not text but word vectors"),
        (["fit", made / "vocab.txt", *out], "this is not text but a vocabulary"),
        (["vocab", made / "model.glove"], "this is not text but a model of glove-rs"),
        (["vocab", made / "cooccurrence.bin"], "this is not text but co-occurrence records"),
        (["train", vectors, *out], "these are not counts but word vectors"),
        (["train", text, *out], "these are not counts but text"),
        (["train", made / "cooccurrence.bin", *out], "name the file of their words with --vocab"),
        (["similar", made / "counts", "w1"], "these are not vectors but co-occurrence counts"),
        (["similar", made / "vocab.txt", "w1"], "these are not vectors but a vocabulary"),
        (["similar", made / "stanford.bin", "w1"], "name the file of their words with --vocab"),
        (["train", made / "counts", *out, "--start", text], "this is not a model but text"),
    ]
    for arguments, message in cases:
        assert message in reason(1, *arguments), arguments
    assert list(tmp_path.iterdir()) == []


@pytest.mark.slow
def test_a_command_without_vocab_does_not_advise_vocab(made, tmp_path):
    out = ["--out", tmp_path / "m"]
    text, numbers = made / "text.txt", made / "stanford.bin"
    update = ["update", made / "model.glove", text, *out, "--counts"]
    for arguments in (
        ["update", numbers, text, "--counts", made / "counts", *out],
        ["infer", numbers, text],
        ["fit", text, "--init", numbers, *out],
        [*update, made / "cooccurrence.bin"],
    ):
        message = reason(1, *arguments)
        assert ": glove-rs convert --vocab joins them with the file of their words" in message
    done("convert", numbers, tmp_path / "joined.glove", "--vocab", made / "vocab.txt")
    assert reason(1, "infer", tmp_path, text).endswith(f"{tmp_path}: Is a directory")


def test_a_file_of_an_unknown_format_is_no_model(made, tmp_path):
    (tmp_path / "x").write_bytes(b"\x90" * 40)
    train = ["train", made / "counts", "--out", tmp_path / "m", "--start", tmp_path / "x"]
    for arguments in (["infer", tmp_path / "x", made / "text.txt"], train):
        message = reason(1, *arguments)
        assert f"{tmp_path / 'x'}: not a glove-rs model, or damaged" in message
        assert "--vocab" not in message


def test_lines_of_numbers_are_a_text_after_all(tmp_path):
    # A text of random walks over a graph looks like vectors, but its numbers are whole.
    rng = random.Random(3)
    walks = "".join(" ".join(str(rng.randrange(50)) for _ in range(20)) + "\n" for _ in range(100))
    (tmp_path / "walks.txt").write_text(walks)
    assert done("vocab", tmp_path / "walks.txt") == done("vocab", "-", stdin=walks.encode())


def test_truncated_files_are_refused_with_their_offset(made, tmp_path):
    vocabulary = ["--vocab", made / "vocab.txt"]
    for name, message in {
        "cooccurrence.bin": r"cut\.bin, byte \d+: the last record is cut off: 11 bytes of 16",
        "stanford.bin": r"cut\.bin, byte \d+: \d+ bytes are not 2 rows .* vocabulary's 60 words",
        "counts": r"cut\.bin, byte \d+: the file is cut off",
    }.items():
        (tmp_path / "cut.bin").write_bytes((made / name).read_bytes()[:-5])
        given = [] if name == "counts" else vocabulary
        assert re.search(message, reason(1, "info", tmp_path / "cut.bin", *given)), name
    (tmp_path / "cut.bin").write_bytes((made / "cooccurrence.bin").read_bytes()[:-5])
    assert "cut off" in reason(1, "info", tmp_path / "cut.bin")
    assert "cut off" in reason(
        1, "train", tmp_path / "cut.bin", *vocabulary, "--out", tmp_path / "m"
    )


@pytest.mark.slow
def test_a_vocabulary_of_other_counts_is_noticed(made, tmp_path):
    lines = (made / "vocab.txt").read_bytes().splitlines(keepends=True)
    (tmp_path / "short.txt").write_bytes(b"".join(lines[:-5]))
    train = ["train", made / "cooccurrence.bin", "--epochs", 1, "--out", tmp_path / "m"]
    message = reason(1, *train, "--vocab", tmp_path / "short.txt")
    assert re.search(r"word index \d+ is outside the vocabulary of 55 words", message)
    longer = [*lines, *(b"x%d 1\n" % k for k in range(40))]
    (tmp_path / "long.txt").write_bytes(b"".join(longer))
    result = call(*train, "--vocab", tmp_path / "long.txt")
    assert result.returncode == 0
    warning = result.stderr.decode()
    assert "warning: " in warning
    assert "the highest word number is 60, but the vocabulary has 100 words" in warning
    assert call(*train, "--vocab", made / "vocab.txt", "--overwrite").stderr == b""


def test_a_missing_file_is_named(tmp_path):
    missing = tmp_path / "nowhere.txt"
    for arguments in (["vocab", missing], ["info", missing], ["similar", missing, "w"]):
        message = reason(1, *arguments)
        assert message == f"glove-rs {arguments[0]}: {missing}: No such file or directory"


def test_a_text_that_cannot_be_trained_on_is_explained(tmp_path):
    (tmp_path / "text.txt").write_text("one two three\n")
    message = reason(1, "fit", tmp_path / "text.txt", "--out", tmp_path / "m")
    assert "lower --min-count" in message
    (tmp_path / "text.txt").write_bytes(b"one tw\xff three\n")
    assert "byte 6: invalid UTF-8" in reason(1, "vocab", tmp_path / "text.txt")
    assert "standard input" in reason(1, "vocab", "-", stdin=b"one tw\xff three\n")


@pytest.mark.slow
@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs /dev/full")
def test_a_full_disk_ends_with_1(text, made):
    with open("/dev/full", "wb") as full:
        for arguments in (
            ["vocab", text],
            ["similar", made / "vectors.txt", "w1"],
            ["convert", made / "counts", "-", "--to", "records"],
        ):
            result = subprocess.run(
                [PROGRAM, *map(str, arguments)], stdout=full, stderr=subprocess.PIPE, check=False
            )
            assert result.returncode == 1
            assert b"No space left on device" in result.stderr
            assert b"Traceback" not in result.stderr
            assert b"Exception ignored" not in result.stderr
    assert "No space left" in reason(1, "vocab", text, "-o", "/dev/full")


@pytest.mark.slow
@pytest.mark.skipif(os.name != "posix", reason="needs resource limits")
def test_a_folder_that_does_not_fit_the_disk_leaves_nothing(text, tmp_path):
    import resource

    def limit():
        resource.setrlimit(resource.RLIMIT_FSIZE, (3000, 3000))

    message = reason(
        1, "fit", text, "--out", tmp_path / "m", *SETTINGS, preexec_fn=limit, cwd=tmp_path
    )
    assert message == f"glove-rs fit: {tmp_path / 'm' / 'model.glove'}: File too large"
    assert list(tmp_path.iterdir()) == []


@pytest.mark.slow
def test_a_pipe_whose_reader_has_enough_is_no_error(tmp_path):
    words = "".join(f"w{k}\n" for k in range(200_000))
    (tmp_path / "text.gz").write_bytes(gzip.compress(words.encode()))
    shell = (
        f"set -o pipefail; gzip -dc {tmp_path / 'text.gz'} "
        f"| '{PROGRAM}' vocab - --min-count 1 | head -n 2"
    )
    result = subprocess.run(["bash", "-c", shell], capture_output=True, check=False)
    assert result.stderr == b""
    assert result.returncode == 0
    assert len(result.stdout.splitlines()) == 2


@pytest.mark.slow
def test_printing_to_a_reader_that_has_enough_is_no_error(made):
    # The results are larger than the buffer of a pipe, so `head` closes it while Python prints.
    shell = f"set -o pipefail; '{PROGRAM}' similar '{made / 'vectors.txt'}' --topn 50 | head -n 1"
    words = b"w1\n" * 5000
    result = subprocess.run(["bash", "-c", shell], input=words, capture_output=True, check=False)
    assert (result.returncode, result.stderr, result.stdout) == (0, b"", b"w1\n")


# --- interrupted work -----------------------------------------------------------------------------

needs_signals = pytest.mark.skipif(os.name != "posix", reason="needs POSIX signals")


def interrupted(*arguments, at: bytes, cwd: Path) -> tuple[int, bytes]:
    """Run a command line, and send Ctrl-C when a line of standard error contains `at`.

    Return the exit code and the last line of standard error.
    """
    child = subprocess.Popen(
        [PROGRAM, *map(str, arguments), "--progress"],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        cwd=cwd,
        env={**os.environ, "TMPDIR": str(cwd)},
    )
    try:
        for line in child.stderr:
            if at in line:
                break
        else:
            pytest.fail("the program ended before it was interrupted")
        child.send_signal(signal.SIGINT)
        lines = child.stderr.readlines()
        child.wait(timeout=60)
    finally:
        child.kill()
        child.wait()
    return child.returncode, lines[-1]


@pytest.mark.slow
@needs_signals
@pytest.mark.parametrize("command", ["fit", "train", "update"])
def test_an_interrupt_in_training_leaves_the_model_of_the_last_epoch(command, made, tmp_path):
    arguments = {
        "fit": ["fit", made / "text.txt"],
        "train": ["train", made / "counts"],
        "update": ["update", made / "model.glove", made / "text.txt", "--counts", made / "counts"],
    }[command]
    arguments += ["--out", "model", "--epochs", 10**7, "--vectors", "vectors.txt"]
    code, line = interrupted(*arguments, at=b"epoch 3:", cwd=tmp_path)
    assert code == 130
    said = re.fullmatch(
        rb"glove-rs: interrupted after (\d+) epochs: the model of the last one is in model\n", line
    )
    assert said, line
    model = Glove.load(tmp_path / "model")
    before = 2 if command == "update" else 0
    assert len(model.history) == before + int(said[1]) >= 3
    np.testing.assert_allclose(
        WordVectors.load(tmp_path / "vectors.txt").vectors, model.vectors.vectors, rtol=1e-6
    )
    assert sorted(p.name for p in tmp_path.iterdir()) == ["model", "vectors.txt"]


@pytest.mark.slow
@needs_signals
def test_an_interrupt_before_the_first_epoch_leaves_nothing(made, tmp_path):
    fcntl, termios = pytest.importorskip("fcntl"), pytest.importorskip("termios")
    ours, theirs = os.pipe()
    os.write(theirs, b"w1 w2 w3\n")  # nothing follows, so that the program waits
    try:
        child = subprocess.Popen(
            [PROGRAM, "fit", made / "text.txt", "-", "--out", "model"],
            stdin=ours,
            stderr=subprocess.PIPE,
            cwd=tmp_path,
        )
        end = time.monotonic() + HANG
        while fcntl.ioctl(ours, termios.FIONREAD, bytes(4)) != bytes(4):  # the line is not read yet
            assert child.poll() is None
            assert time.monotonic() < end
            time.sleep(0.01)
        child.send_signal(signal.SIGINT)
        _, message = child.communicate(timeout=60)
    finally:
        os.close(ours)
        os.close(theirs)
    assert (child.returncode, message) == (130, b"glove-rs: interrupted\n")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.slow
def test_a_training_that_fails_leaves_the_model_of_the_last_epoch(made, tmp_path):
    code = f"""
import sys
from glove_rs import Glove
from glove_rs.cli import main
fit = Glove.fit
def fails(self, *args, **options):
    def last(state):
        if state.epoch == 2:
            raise OSError(28, "No space left on device", "disk")
    return fit(self, *args, callbacks=[last], **options)
Glove.fit = fails
sys.exit(main(["fit", {str(made / "text.txt")!r}, "--out", "model", "--epochs", "5"]))
"""
    result = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, cwd=tmp_path, check=False
    )
    assert result.returncode == 1
    assert result.stderr.decode().splitlines() == [
        "glove-rs: training failed after 2 epochs: the model of the last one is in model",
        "glove-rs fit: disk: No space left on device",
    ]
    assert len(Glove.load(tmp_path / "model").history) == 2


def interrupted_while_saving(text, folder, times):
    """Run `fit`, and send it Ctrl-C `times` times while it saves its vectors."""
    code = f"""
import os, signal, sys
from glove_rs import Glove
from glove_rs.cli import main
save = Glove.save_word2vec
def slow(self, path, **options):
    for _ in range({times}):
        os.kill(os.getpid(), signal.SIGINT)
    save(self, path, **options)
Glove.save_word2vec = slow
sys.exit(main(["fit", {str(text)!r}, "--out", "model", "--vectors", "v.txt", "--epochs", "2"]))
"""
    return subprocess.run(
        [sys.executable, "-c", code], capture_output=True, cwd=folder, check=False, text=True
    )


@pytest.mark.slow
@pytest.mark.skipif(os.name != "posix", reason="needs POSIX signals")
def test_ctrl_c_while_files_are_written_waits_for_them(made, tmp_path):
    result = interrupted_while_saving(made / "text.txt", tmp_path, times=1)
    assert result.returncode == 130
    last = result.stderr.splitlines()[-1]
    assert last == "glove-rs: interrupted after the last epoch: the model is in model"
    assert WordVectors.load(tmp_path / "v.txt").index_to_key == (
        Glove.load(tmp_path / "model").vocabulary.words
    )
    (tmp_path / "v.txt").unlink()
    shutil.rmtree(tmp_path / "model")
    result = interrupted_while_saving(made / "text.txt", tmp_path, times=2)
    assert result.returncode == 130
    assert not (tmp_path / "v.txt").exists()
    assert len(Glove.load(tmp_path / "model").history) == 2


@pytest.mark.slow
@pytest.mark.parametrize("module", ["numpy", "glove_rs._settings", "argparse"])
def test_an_interrupt_while_modules_are_imported_is_no_traceback(module):
    code = f"""
import sys
class Interrupt:
    def find_spec(self, name, *_):
        if name == {module!r}:
            raise KeyboardInterrupt
sys.meta_path.insert(0, Interrupt())
from glove_rs.cli import main
sys.exit(main(["vocab", "corpus.txt"]))
"""
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, check=False)
    assert (result.returncode, result.stderr) == (130, b"glove-rs: interrupted\n")


# --- progress -------------------------------------------------------------------------------------


@pytest.mark.slow
def test_progress_is_shown_on_a_terminal_only(text, tmp_path):
    pty, termios = pytest.importorskip("pty"), pytest.importorskip("termios")
    arguments = [PROGRAM, "fit", text, *map(str, SETTINGS), "--overwrite", "--out", tmp_path / "m"]

    def on_terminal(*more):
        ours, theirs = pty.openpty()
        termios.tcsetwinsize(theirs, (24, 100))
        try:
            child = subprocess.run(
                [*arguments, *more], stderr=theirs, stdout=subprocess.PIPE, check=True
            )
        finally:
            os.close(theirs)
        shown = b""
        while True:
            try:
                block = os.read(ours, 1 << 16)
            except OSError:  # on Linux this is the end of the output
                break
            if not block:
                break
            shown += block
        os.close(ours)
        return shown, child.stdout

    shown, printed = on_terminal()
    assert b"training" in shown
    assert b"training" not in printed
    assert on_terminal("--no-progress")[0] == b""
    assert call(*arguments[1:]).stderr == b""
    lines = call(*arguments[1:], "--progress").stderr.decode().splitlines()
    assert [line.split()[1].rstrip(":") for line in lines if "epoch" not in line][::3] == [
        "tokenizing",
        "training",
    ]
    assert [line.split()[2] for line in lines if "epoch" in line] == ["1:", "2:", "3:"]
    demo = call("demo", "--corpus", text, "--epochs", 2, "--out", tmp_path / "demo")
    assert (demo.returncode, demo.stderr) == (0, b"")


# --- archives, packed files and names ------------------------------------------------------------


@pytest.mark.slow
def test_a_file_in_an_archive_is_an_input(made, tmp_path):
    packed = tmp_path / "files.zip"
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        for name in ("text.txt", "vectors.txt", "vocab.txt"):
            archive.write(made / name, name)
    near = done("similar", made / "vectors.txt", "w1")
    assert done("similar", f"{packed}:vectors.txt", "w1") == near
    assert done("similar", packed, "w1", "--member", "vectors.txt") == near
    assert done("vocab", f"{packed}:text.txt") == done("vocab", made / "text.txt")
    assert answer("info", f"{packed}:vocab.txt")[0]["words"] == 60
    message = reason(1, "similar", packed, "w1")
    assert "member must name one of the files in" in message
    assert '"text.txt", "vectors.txt", "vocab.txt"' in message
    about = answer("info", packed)[0]
    assert about["what"] == "a zip archive"
    assert about["files"] == ["text.txt", "vectors.txt", "vocab.txt"]


@pytest.mark.slow
def test_outputs_are_packed_by_their_names(made, tmp_path):
    for name, first in (("v.txt.gz", b"\x1f\x8b"), ("v.bin.zst", b"\x28\xb5\x2f\xfd")):
        done("convert", made / "model.glove", tmp_path / name)
        assert (tmp_path / name).read_bytes().startswith(first)
        about = answer("info", tmp_path / name)[0]
        assert about["words"] == 60
    content = gzip.decompress((tmp_path / "v.txt.gz").read_bytes())
    assert content.startswith(b"60 ")
    done("convert", made / "counts", tmp_path / "records.bin.gz")
    assert len(gzip.decompress((tmp_path / "records.bin.gz").read_bytes())) % 16 == 0


@pytest.mark.parametrize("name", ["v.safetensors", "v.npz", "v.parquet", "v.json", "v.csv.gz"])
def test_a_name_of_a_format_that_is_not_written_is_a_wrong_call(made, tmp_path, name):
    text = made / "text.txt"
    for code, option, arguments in (
        (1, "output", ["convert", made / "vectors.txt", tmp_path / name]),
        (2, "output", ["vocab", text, "-o", tmp_path / name]),
        (2, "vectors", ["fit", text, "--out", tmp_path / "m", "--vectors", tmp_path / name]),
    ):
        message = reason(code, *arguments)
        assert f"{option} must not end in" in message, message
    assert list(tmp_path.iterdir()) == []
