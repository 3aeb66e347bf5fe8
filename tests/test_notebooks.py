"""The notebooks of docs/en and docs/zh run, and agree with their sources in docs/notebooks."""

from __future__ import annotations

import importlib.util
import re
import sys
from collections.abc import Iterator
from functools import cached_property
from pathlib import Path
from typing import Any

import pytest

from libraries import later

for needed in ("jupytext", "nbclient", "ipykernel", "pandas", "scipy", "matplotlib"):
    later(needed)
nbformat = later("nbformat")

DOCS = Path(__file__).resolve().parents[1] / "docs"


def load_generator() -> Any:
    """Import docs/notebooks.py."""
    spec = importlib.util.spec_from_file_location("write_notebooks", DOCS / "notebooks.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


class Generator:
    """docs/notebooks.py, which is imported when a test needs it."""

    @cached_property
    def module(self) -> Any:
        return load_generator()

    def __getattr__(self, name: str) -> Any:
        if name.startswith("_"):  # pytest asks for `__test__` and `_mock_name`
            raise AttributeError(name)
        return getattr(self.module, name)


generator = Generator()
LANGUAGES = ("en", "zh")
SOURCES = sorted((DOCS / "notebooks").glob("*.py"))
EVERY = [
    pytest.param(source, language, id=f"{language}/{source.stem}")
    for source in SOURCES
    for language in LANGUAGES
]


@pytest.fixture(scope="module")
def kernel() -> Iterator[Any]:
    if sys.platform == "win32":
        pytest.skip("the kernel of the notebooks uses sockets of Unix")
    with generator.kernel() as manager:
        yield manager


def cells(notebook: Any) -> list[tuple[str, str]]:
    return [(cell.cell_type, cell.source) for cell in notebook.cells]


@pytest.mark.slow
def test_the_series_has_ten_notebooks_in_each_language():
    assert len(SOURCES) == 10
    assert (generator.sources(), generator.LANGUAGES) == (SOURCES, LANGUAGES)
    for language in LANGUAGES:
        written = {path.stem for path in (DOCS / language).glob("*.ipynb")}
        assert written == {source.stem for source in SOURCES}


@pytest.mark.slow
@pytest.mark.parametrize(("source", "language"), EVERY)
def test_every_notebook_runs(source, language, kernel):
    # Each notebook asserts that glove-rs and numpy give the same numbers.
    content = generator.notebook(source, language)
    assert any("assert " in cell.source for cell in content.cells if cell.cell_type == "code")
    generator.execute(content, kernel)


@pytest.mark.parametrize("source", SOURCES, ids=lambda source: source.stem)
@pytest.mark.parametrize("language", ["en", "zh"])
def test_committed_notebooks_have_the_cells_of_their_source(source, language):
    committed = nbformat.read(generator.path_of(source, language), as_version=4)
    assert cells(committed) == cells(generator.notebook(source, language))
    nbformat.validate(committed)
    generator.refuse_warnings(committed)


@pytest.mark.parametrize("source", SOURCES, ids=lambda source: source.stem)
def test_both_languages_have_the_same_cells_in_the_same_order(source):
    english, chinese = (generator.notebook(source, language).cells for language in ("en", "zh"))
    assert [cell.cell_type for cell in english] == [cell.cell_type for cell in chinese]
    for ours, theirs in zip(english, chinese, strict=True):
        if ours.cell_type == "markdown":
            assert ours.source != theirs.source
            assert re.search(r"[\u4e00-\u9fff]", theirs.source)
            assert len(re.findall("^#+ ", ours.source, re.MULTILINE)) == len(
                re.findall("^#+ ", theirs.source, re.MULTILINE)
            )


@pytest.mark.parametrize("source", SOURCES, ids=lambda source: source.stem)
@pytest.mark.parametrize("language", ["en", "zh"])
def test_links_lead_to_files(source, language):
    path = generator.path_of(source, language)
    text = "\n".join(text for kind, text in cells(generator.notebook(source, language)))
    links = re.findall(r"\]\((?!https?://|#)([^)#\s]+)\)", text)
    assert links
    assert [link for link in links if not (path.parent / link).exists()] == []


@pytest.mark.parametrize("source", SOURCES, ids=lambda source: source.stem)
@pytest.mark.parametrize("language", ["en", "zh"])
def test_outputs_load_nothing_from_other_hosts(source, language):
    text = generator.path_of(source, language).read_text(encoding="utf-8")
    assert re.findall(r'(?:src|href)=\\?["\']https?://', text) == []


@pytest.mark.slow
def test_chinese_notebooks_have_chinese_comments_and_docstrings():
    found = 0
    for source in SOURCES:
        for cell in generator.notebook(source, "zh").cells:
            if cell.cell_type == "code":
                texts = re.findall(r'(?:^|  )# (.*)|"""(.*?)"""', cell.source, re.MULTILINE)
                found += len(texts)
                for comment, docstring in texts:
                    assert re.search(r"[\u4e00-\u9fff]", comment + docstring), comment or docstring
    assert found > 20


def test_each_translation_is_used():
    code = "\n".join(source.read_text(encoding="utf-8") for source in SOURCES)
    unused = [english for english in generator.translations() if english not in code]
    assert unused == []
