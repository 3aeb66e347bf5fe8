"""docs/cli.md has the help texts of the commands, and its examples run."""

from __future__ import annotations

import importlib.util
import re
import subprocess
from pathlib import Path

import pytest

from program import PROGRAM, done
from test_cli import COMMANDS
from test_readme import write_corpus

DOCS = Path(__file__).resolve().parents[1] / "docs"
MANUAL = (DOCS / "cli.md").read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def generator():
    spec = importlib.util.spec_from_file_location("cli_docs", DOCS / "cli.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.mark.slow
def test_the_manual_holds_the_help_of_every_command(generator):
    assert generator.updated(MANUAL) == MANUAL, "run `make manual`"
    for command in COMMANDS:
        assert done(command, "--help").decode().rstrip() in MANUAL
    for tool in ("vocab_count", "cooccur", "shuffle", "glove"):
        assert done("compat", tool, "-help").decode().rstrip() in MANUAL


@pytest.mark.slow
def test_the_generator_owns_nothing_but_its_blocks(generator):
    stale = MANUAL.replace("--window N", "--windows N")
    assert stale != MANUAL
    assert generator.updated(stale) == MANUAL
    by_hand = MANUAL.replace("## In short", "## Shortly")
    assert generator.updated(by_hand) == by_hand


@pytest.mark.slow
def test_the_examples_run_in_order(tmp_path):
    write_corpus(tmp_path / "corpus.txt")
    commands = [
        line
        for block in re.findall(r"^```console\n(.*?)^```$", MANUAL, re.M | re.S)
        for line in block.splitlines()
    ]
    assert len(commands) > 10
    for command in commands:
        shell, found = re.subn(r"(?:^|(?<=\| ))glove-rs ", lambda _: f"'{PROGRAM}' ", command)
        assert found == 1, command
        result = subprocess.run(
            ["bash", "-c", shell], cwd=tmp_path, capture_output=True, check=False
        )
        assert result.returncode == 0, (command, result.stderr.decode())


def test_the_bounds_of_an_estimate_are_no_promise():
    section = MANUAL.partition("## estimate")[2].partition("\n## ")[0]
    assert "no guarantee" in section
    assert "at the most" not in section


def test_linked_files_exist():
    links = re.findall(r"\]\((?!https?://|#)([^)#]+)", MANUAL)
    assert links
    assert [link for link in links if not (DOCS / link).exists()] == []
