"""The pages of the project agree with each other: addresses, versions, forms and workflows."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import pytest

yaml = pytest.importorskip("yaml")

ROOT = Path(__file__).resolve().parents[1]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
CRATE = tomllib.loads((ROOT / "Cargo.toml").read_text(encoding="utf-8"))["package"]
URLS = PROJECT["urls"]
WORKFLOWS = sorted((ROOT / ".github/workflows").glob("*.yml"))


def read(path: str) -> str:
    return (ROOT / path).read_text(encoding="utf-8")


def test_every_page_has_the_addresses_of_pyproject() -> None:
    repository, site = URLS["Repository"], URLS["Documentation"]
    assert CRATE["repository"] == repository
    assert yaml.safe_load(read("CITATION.cff"))["repository-code"] == repository
    assert f"site_url: {site}\n" in read("mkdocs.yml")
    assert f"link: {repository}\n" in read("mkdocs.yml")
    links = yaml.safe_load(read(".github/ISSUE_TEMPLATE/config.yml"))["contact_links"]
    assert {link["url"] for link in links} == {f"{repository}/security/advisories/new", site}
    assert all(url.startswith((repository, site)) for url in URLS.values())


def test_the_citation_has_the_version_of_the_crate() -> None:
    citation = yaml.safe_load(read("CITATION.cff"))
    assert citation["version"] == CRATE["version"]
    assert citation["title"].startswith("glove-rs")


def test_the_form_for_faults_asks_for_the_report_of_the_program() -> None:
    form = yaml.safe_load(read(".github/ISSUE_TEMPLATE/bug.yml"))
    [field] = [field for field in form["body"] if field.get("id") == "report"]
    assert "glove-rs info --bug-report" in field["attributes"]["label"]
    assert field["validations"]["required"]
    assert "glove-rs info --bug-report" in read("SECURITY.md")


@pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: path.name)
def test_a_workflow_pins_its_actions_and_asks_for_no_more_rights_than_it_names(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    workflow = yaml.safe_load(text)
    assert workflow["permissions"] == {}
    assert all("permissions" in job for job in workflow["jobs"].values())
    uses = re.findall(r"uses: (\S+)(.*)", text)
    assert uses
    for action, comment in uses:
        assert re.fullmatch(r"[\w./-]+@[0-9a-f]{40}", action), action
        assert re.fullmatch(r" # v\d+\.\d+\.\d+", comment), action


def test_there_is_a_workflow_for_each_purpose() -> None:
    names = ["benchmarks.yml", "docs.yml", "release.yml", "tests.yml"]
    assert [path.name for path in WORKFLOWS] == names


def test_the_tests_run_on_every_system_and_interpreter() -> None:
    matrix = yaml.safe_load(read(".github/workflows/tests.yml"))["jobs"]["python"]["strategy"][
        "matrix"
    ]
    systems = " ".join(matrix["os"])
    assert all(system in systems for system in ("ubuntu", "macos", "windows"))
    assert matrix["python"] == ["3.11", "3.12", "3.13", "3.14", "3.14t"]
