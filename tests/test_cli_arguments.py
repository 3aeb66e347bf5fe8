"""The command line, whatever its arguments: an answer or a line that says why not, never a traceback."""

from __future__ import annotations

import argparse
import os
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from glove_rs import Glove, Vocabulary, WordVectors
from glove_rs.cli import compat, main, parser
from program import PROGRAM, call

#: What scripts and slips of the keyboard put where a number, a name or a path belongs.
NASTY = [
    *("", " ", "-", "--", "-1", "0", "1", "9" * 25, "9" * 5000, "1e400", "-1e400", "nan", "inf"),
    *("1.5", "True", "x", "\udcff", "a\0b", "\x1b[31m", "☃", "x" * 5000, "/", ".", "/dev/null"),
    *("no/such/file", "--help", "%s", "{}", "\n", "-memory"),
]
#: Exit codes: done, failed, a wrong call, interrupted.
CODES = {0, 1, 2, 130}
QUICK = {
    "fit": ["--dim", "2", "--epochs", "1", "--min-count", "1"],
    "train": ["--dim", "2", "--epochs", "1"],
}


@pytest.fixture(scope="module")
def made(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("made")
    (folder / "corpus.txt").write_text("a b c d\n" * 20)
    (folder / "questions.txt").write_text(": x\na b c d\n")
    model = Glove(2, min_count=1, epochs=1).fit(folder / "corpus.txt")
    model.save(folder / "model.glove")
    model.save_word2vec(folder / "vectors.txt")
    Vocabulary.from_corpus(folder / "corpus.txt", min_count=1).save(folder / "vocab.txt")
    model._state.counts or None
    from glove_rs import Cooccurrence

    Cooccurrence.from_corpus(folder / "corpus.txt", min_count=1).save(folder / "counts")
    return folder


def positionals(command: str, made: Path) -> list[str]:
    """Arguments with which a command does something, and quickly."""
    given = {
        "fit": ["corpus.txt", "--out", "@"],
        "vocab": ["corpus.txt"],
        "cooccur": ["corpus.txt", "--min-count", "1", "-o", "@"],
        "train": ["counts", "--out", "@"],
        "similar": ["vectors.txt", "a"],
        "analogy": ["vectors.txt", "a", "b", "c"],
        "evaluate": ["vectors.txt", "questions.txt"],
        "convert": ["vectors.txt", "@"],
        "info": ["vectors.txt"],
        "estimate": ["corpus.txt"],
    }[command]
    return [str(made / part) if (made / part).exists() else part for part in given]


def cases(made: Path) -> list[list[str]]:
    """Every option of every command with every nasty value, and every nasty positional."""
    lines = []
    top = parser()
    choices = next(a for a in top._actions if isinstance(a, argparse._SubParsersAction)).choices
    for name, sub in choices.items():
        if name in {"compat", "demo"}:  # one has flags of its own, the other always trains for long
            continue
        base = [name, *positionals(name, made), *QUICK.get(name, [])]
        for action in sub._actions:
            if action.option_strings and action.nargs != 0:
                lines += [[*base, action.option_strings[-1], value] for value in NASTY]
        for at in range(1, 1 + len(positionals(name, made))):
            lines += [[*base[:at], value, *base[at + 1 :]] for value in NASTY]
        lines += [[name, value] for value in NASTY]
    lines += [[value] for value in NASTY]
    files = {"vocab-file": "vocab.txt", "input-file": "records"}
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
