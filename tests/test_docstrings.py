"""The examples of the docstrings run as written."""

from __future__ import annotations

import doctest
import importlib
import importlib.util

import pytest

import glove_rs
import program

# The examples of Dask need a cluster, the compiled module `_core` has no examples, and importing
# `__main__` runs the program.
MODULES = program.modules(glove_rs, but=("glove_rs.dask", "glove_rs._core", "glove_rs.__main__"))


def imported(test: doctest.DocTest) -> list[str]:
    """The libraries in the `import` lines of a docstring; some are not installed everywhere."""
    lines = (example.source.split() for example in test.examples)
    return [
        name.strip(",").partition(".")[0]
        for words in lines
        if words[0] == "import"
        for name in words[1:]
    ]


@pytest.mark.parametrize("name", ["glove_rs", *MODULES])
def test_the_examples_of_a_module_run(name, monkeypatch, tmp_path, capsys):
    monkeypatch.chdir(tmp_path)
    module = importlib.import_module(name)
    tests = doctest.DocTestFinder(exclude_empty=True).find(module)
    runner = doctest.DocTestRunner(optionflags=doctest.IGNORE_EXCEPTION_DETAIL)
    for test in tests:
        if all(importlib.util.find_spec(library) for library in imported(test)):
            runner.run(test)
    assert runner.summarize(verbose=False).failed == 0, capsys.readouterr().out


def test_there_are_examples():
    finder = doctest.DocTestFinder()
    found = [test for name in MODULES for test in finder.find(importlib.import_module(name))]
    assert sum(bool(test.examples) for test in found) > 40
