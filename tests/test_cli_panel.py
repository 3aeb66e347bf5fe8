"""``glove-rs evaluate --panel``: the table as text, JSON and a web page, and its errors."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

pytest.importorskip("scipy", reason="scipy is not installed")

from glove_rs import evaluation
from program import answer, call, done, preload, reason
from test_panel import categories, pairs, questions, vectors


@pytest.fixture(scope="module", autouse=True)
def libraries() -> None:
    preload("scipy.cluster.hierarchy")


@pytest.fixture(scope="module")
def made(tmp_path_factory) -> Path:
    """A folder with two models and a folder of sets."""
    folder = tmp_path_factory.mktemp("panel")
    vectors(noise=0.3).save(folder / "ours.native")
    vectors(1, noise=0.5).save(folder / "theirs.native")
    (folder / "sets").mkdir()
    (folder / "sets" / "men.tsv").write_text(pairs())
    (folder / "sets" / "google.txt").write_text(questions(["capital", "gram1-plural"]))
    (folder / "sets" / "groups.csv").write_text(categories().replace("\t", ","))
    return folder


def test_the_table_is_that_of_python(made):
    shown = done("evaluate", made / "ours.native", "--panel", made / "sets").decode()
    assert shown == f"{evaluation.panel(vectors(noise=0.3), made / 'sets')}\n"


def test_json_has_every_number(made):
    found = answer(
        *("evaluate", made / "ours.native", "--panel", made / "sets", "--n", 50, "--seed", 3),
        *("--baseline", made / "theirs.native", "--method", "3cosmul", "--restrict-vocab", 40),
    )
    expected = evaluation.panel(
        vectors(noise=0.3),
        made / "sets",
        baseline=vectors(1, noise=0.5),
        method="3cosmul",
        restrict_vocab=40,
        n=50,
        seed=3,
    )
    assert found == json.loads(json.dumps(expected.to_dict()))
    assert len(found["rows"]) == 5
    assert all(row["difference"]["found"] == row["score"]["found"] for row in found["rows"])


@pytest.mark.slow
def test_the_web_page_is_written_beside_the_table(made, tmp_path):
    page = tmp_path / "panel.html"
    command = ("evaluate", made / "ours.native", "--panel", made / "sets")
    shown = done(*command, "--html", page)
    assert shown == done(*command)
    written = page.read_text(encoding="utf-8")
    assert written == evaluation.panel(vectors(noise=0.3), made / "sets").to_html()
    assert done(*command, "--html", "-").decode() == f"{written}\n"
    message = reason(1, *command, "--html", page)
    assert "panel.html: exists; choose another name" in message
    page.write_text("old")
    done(*command, "--html", page, "--overwrite", "--json")
    assert page.read_text(encoding="utf-8") == written


def test_a_file_that_is_no_set_is_named_in_a_warning(made, tmp_path):
    (tmp_path / "men.tsv").write_text(pairs())
    (tmp_path / "notes.md").write_text("Only some notes on them\n")
    result = call("evaluate", made / "ours.native", "--panel", tmp_path)
    assert result.returncode == 0
    [line] = result.stderr.decode().splitlines()
    path = tmp_path / "notes.md"
    assert line.startswith(f"glove-rs: warning: skipped in the panel: {path}: this is not an eval")


@pytest.mark.slow
def test_a_failure_says_why(made, tmp_path):
    command = ("evaluate", made / "ours.native", "--panel")
    assert "there is no evaluation set in this folder" in reason(1, *command, tmp_path)
    assert "No such file or directory" in reason(1, *command, tmp_path / "missing")
    assert "Not a directory" in reason(1, *command, made / "ours.native")
    message = reason(2, *command, made / "sets", "--n", 0)
    assert message == "glove-rs evaluate: --n must be an integer >= 1, got 0"
    message = reason(1, *command, made / "sets", "--baseline", tmp_path / "missing")
    assert "missing: No such file or directory" in message
    inside = made / "sets" / "men.tsv"
    message = reason(2, *command, made / "sets", "--html", inside, "--overwrite")
    assert message.startswith("glove-rs evaluate: --html must be another file than the input")
    assert inside.read_text() == pairs()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ([], "name a FILE, or a folder of evaluation sets with --panel DIR"),
        (["sets/men.tsv", "--html", "x.html"], "--html needs --panel DIR"),
        (["--n", "9", "sets/men.tsv"], "--n needs --panel DIR"),
        (["--seed", "9", "sets/men.tsv"], "--seed needs --panel DIR"),
        (["sets/men.tsv", "--baseline", "theirs.native"], "--baseline needs --panel DIR"),
        (["--panel", "sets", "sets/men.tsv"], "leave FILE out with --panel, got sets/men.tsv"),
        (["--panel", "sets", "--html", "-", "--json"], "--json and --html - both print"),
        (["--panel", ""], "argument --panel: must name a file or folder, got ''"),
    ],
)
def test_options_that_do_not_fit_are_refused(made, arguments, message):
    result = call("evaluate", "ours.native", *arguments, cwd=made)
    assert result.returncode == 2
    assert result.stderr.decode().splitlines()[-1] == f"glove-rs evaluate: error: {message}"


@pytest.mark.parametrize(
    "arguments",
    [
        ["similar", "ours.native", "w1", "w2", "--topn", "2"],
        ["similar", "ours.native", "--topn", "2", "w1", "w2"],
        ["similar", "ours.native", "w1", "--topn", "2", "w2"],
        ["similar", "ours.native", "w1", "--topn", "2", "--", "w2"],
    ],
)
def test_words_behind_an_option_are_words(made, arguments):
    assert done(*arguments, cwd=made) == done(
        "similar", "ours.native", "w1", "w2", "--topn", "2", cwd=made
    )


def test_files_behind_an_option_are_files(made):
    files = ["sets/men.tsv", "sets/groups.csv"]
    found = answer("evaluate", "ours.native", "--lowercase", *files, cwd=made)
    assert [Path(result["path"]).name for result in found] == ["men.tsv", "groups.csv"]
    assert found[1]["purity"] > 0
