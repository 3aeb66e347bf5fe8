"""The documentation site: every public name has an entry, every page has a place."""

from __future__ import annotations

import ast
import importlib
import pkgutil
import re
import tomllib
from pathlib import Path

import pytest

import glove_rs

ROOT = Path(__file__).resolve().parents[1]
DOCS = ROOT / "docs"
CONFIG = (ROOT / "mkdocs.yml").read_text(encoding="utf-8")
REFERENCE = "\n".join(
    page.read_text(encoding="utf-8") for page in sorted((DOCS / "reference").glob("*.md"))
)
ENTRIES = set(re.findall(r"^::: ([\w.]+)$", REFERENCE, re.MULTILINE)) | set(
    re.findall(r"\{#([\w.]+)\}", REFERENCE)
)


#: Modules whose public names all have an entry, because the entry of the module has its members.
WHOLE = set(re.findall(r"^::: ([\w.]+)$(?!\n    options:\n      members: false)", REFERENCE, re.M))


def public_modules() -> list[str]:
    """Return the public modules of the package, except those of the command line."""
    found = [
        module.name
        for module in pkgutil.walk_packages(glove_rs.__path__, "glove_rs.")
        if not any(part.startswith("_") for part in module.name.split("."))
        and not module.name.startswith("glove_rs.cli")
    ]
    return ["glove_rs", *found]


def canonical(module: str, name: str) -> set[str]:
    """Return the ways to write a public name in the reference."""
    ways = {f"{module}.{name}"}
    if name in glove_rs.__all__:
        ways.add(f"glove_rs.{name}")
    return ways


def test_every_public_name_has_an_entry_in_the_reference() -> None:
    modules = public_modules()
    assert {"glove_rs", "glove_rs.glove", "glove_rs.evaluation"} <= set(modules)
    missing = []
    for module in modules:
        try:
            names = importlib.import_module(module).__all__
        except ImportError:  # an optional library is missing
            assert module.startswith("glove_rs.dask")
            continue
        if module in WHOLE:
            continue
        for name in names:
            if isinstance(getattr(importlib.import_module(module), name), type(glove_rs)):
                continue  # a module, whose own names are looked at
            if not canonical(module, name) & ENTRIES:
                missing.append(f"{module}.{name}")
    assert missing == []


def test_every_public_name_is_used_in_an_example() -> None:
    """The example is in the docstring of the name, or on a page, whose code the tests run."""
    text = "\n".join(page.read_text(encoding="utf-8") for page in sorted(DOCS.rglob("*.md")))
    code = "\n".join(re.findall(r"^```python\n(.*?)^```$", text, re.M | re.S))
    names = 0
    for module in public_modules():
        if module.startswith("glove_rs.dask"):
            continue  # its examples need a cluster: docs/scaling.md
        for name in importlib.import_module(module).__all__:
            value = getattr(importlib.import_module(module), name)
            if isinstance(value, type(glove_rs)) or name.startswith("__"):
                continue
            # The classes of these modules are results of functions, which the examples call.
            findings = ("alc", "associations", "kwic", "compare", "phrases", "tokens")
            if isinstance(value, type) and module.split(".")[-1] in findings:
                continue
            names += 1
            shown = callable(value) and ">>>" in (value.__doc__ or "")
            assert shown or re.search(rf"\b{name}\b", code), f"{module}.{name}"
    assert names > 30


def test_every_entry_of_the_reference_exists() -> None:
    assert len(ENTRIES) > 30
    for entry in ENTRIES:
        module, _, name = entry.rpartition(".")
        try:
            owner = importlib.import_module(module or entry)
        except ImportError:
            assert module.startswith("glove_rs.dask")
            continue
        assert hasattr(owner, name) or importlib.import_module(entry), entry


@pytest.mark.slow
def test_the_stubs_have_the_docstrings_of_the_exceptions() -> None:
    stubs = ast.parse((ROOT / "python/glove_rs/_core.pyi").read_text(encoding="utf-8"))
    classes = {
        node.name: ast.get_docstring(node) for node in stubs.body if isinstance(node, ast.ClassDef)
    }
    for name in ("FormatError", "InternalError", "TrainingDiverged"):
        assert classes[name] == getattr(glove_rs, name).__doc__


def test_every_page_has_a_place_in_the_navigation() -> None:
    # The hook adds the notebooks. A notebook here would be in the navigation twice.
    assert ".ipynb" not in CONFIG
    named = set(re.findall(r"- (?:[^:\n]+: )?([\w/-]+\.md)$", CONFIG, re.MULTILINE))
    pages = {page.relative_to(DOCS).as_posix() for page in DOCS.rglob("*.md")}
    assert pages
    assert pages <= named
    elsewhere = {page for page in named - pages if not page.startswith(("results/", "project/"))}
    assert elsewhere == set()


@pytest.mark.parametrize(
    "page",
    sorted([*DOCS.rglob("*.md"), *ROOT.glob("*.md"), *ROOT.glob("benches/*.md")]),
    ids=lambda page: page.relative_to(ROOT).as_posix(),
)
def test_links_between_pages_lead_to_headings_that_exist(page: Path) -> None:
    text = re.sub(r"^```.*?^```$", "", page.read_text(encoding="utf-8"), flags=re.M | re.S)
    for target, anchor in re.findall(r"\]\((?!\w+:)([^)#\s]*\.md)?#([^)\s]+)\)", text):
        other = (page.parent / target) if target else page
        assert other.is_file(), (page, target)
        assert anchor in headings(other), f"{page.name} links to {target}#{anchor}"


def headings(page: Path) -> set[str]:
    """Return the anchors of a page: those that GitHub makes from its headings, and {#anchor}."""
    text = re.sub(r"^```.*?^```$", "", page.read_text(encoding="utf-8"), flags=re.M | re.S)
    anchors = set(re.findall(r"\{#([^}]+)\}", text))
    for heading in re.findall(r"^#+ +(.+)$", text, re.MULTILINE):
        plain = re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", heading).replace("`", "")
        anchors.add(re.sub(r"[^\w\- ]", "", plain.strip().lower()).replace(" ", "-"))
    return anchors


def test_every_file_has_the_address_of_the_project_that_pyproject_sets() -> None:
    urls = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]["urls"]
    repository, site = urls["Repository"], urls["Documentation"]
    assert all(url.startswith((repository, site)) for url in urls.values())
    files = {
        "Cargo.toml": {repository},
        "CITATION.cff": {repository},
        "mkdocs.yml": {repository, site},
        ".github/ISSUE_TEMPLATE/config.yml": {f"{repository}/security/advisories/new", site},
    }
    for name, expected in files.items():
        text = (ROOT / name).read_text(encoding="utf-8")
        found = set(re.findall(r"https?://[^\s\"'<>]*glove-rs[^\s\"'<>]*", text))
        assert found == expected, f"{name}: {sorted(found)}, not {sorted(expected)}"


def test_no_page_claims_a_published_package_at_the_address_of_the_project() -> None:
    """Until a release is published, no page has a badge or a link to a package index."""
    for page in [ROOT / "README.md", *sorted(DOCS.rglob("*.md"))]:
        text = page.read_text(encoding="utf-8")
        claims = r"pypi\.org/project/glove|img\.shields\.io|crates\.io/crates/glove|docs\.rs/glove"
        assert not re.search(claims, text), page
