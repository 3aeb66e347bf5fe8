"""The examples of the docstrings run as written."""

from __future__ import annotations

import doctest
import importlib
import pkgutil

import pytest

import glove_rs

# The examples of Dask need a cluster, and importing `__main__` runs the program.
MODULES = [
    module.name
    for module in pkgutil.walk_packages(glove_rs.__path__, "glove_rs.")
    if not module.name.startswith(("glove_rs.dask", "glove_rs._core", "glove_rs.__main__"))
]


@pytest.mark.parametrize("name", ["glove_rs", *MODULES])
def test_the_examples_of_a_module_run(name, monkeypatch, tmp_path, capsys):
    monkeypatch.chdir(tmp_path)
    module = importlib.import_module(name)
    tests = doctest.DocTestFinder(exclude_empty=True).find(module)
    runner = doctest.DocTestRunner(optionflags=doctest.IGNORE_EXCEPTION_DETAIL)
    for test in tests:
        runner.run(test)
    assert runner.summarize(verbose=False).failed == 0, capsys.readouterr().out


def test_there_are_examples():
    finder = doctest.DocTestFinder()
    found = [test for name in MODULES for test in finder.find(importlib.import_module(name))]
    assert sum(bool(test.examples) for test in found) > 40
