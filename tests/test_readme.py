"""The code in README and docs runs: each page in one namespace, with a generated corpus.txt."""

import random
import re
from pathlib import Path

import pytest

import glove_rs

ROOT = Path(__file__).resolve().parents[1]
README = (ROOT / "README.md").read_text(encoding="utf-8")
# The examples of docs/cli.md are run by tests/test_cli_docs.py.
PAGES = [
    ROOT / "README.md",
    *sorted(page for page in (ROOT / "docs").rglob("*.md") if page.name != "cli.md"),
]
# Pages whose examples need libraries that are not installed everywhere.
NEEDS = {
    "counts-from-tables.md": ["pyarrow"],
    "scaling.md": ["distributed"],
    "tables.md": ["pyarrow", "polars", "fsspec"],
}
FENCE = re.compile(r"^```(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)


def blocks(language: str, page: Path = PAGES[0]) -> list[str]:
    text = page.read_text(encoding="utf-8")
    return [code for name, code in FENCE.findall(text) if name == language]


def write_corpus(path: Path, sentences: int = 600) -> None:
    """Write sentences of words of the README. Each occurs more often than the default min_count."""
    rng = random.Random(2014)
    subjects = ["ice", "steam", "water", "the king", "the queen", "the man", "the woman"]
    verbs = ["is", "was", "becomes", "meets", "follows"]
    objects = ["solid", "gas", "cold", "hot", "water", "a king", "a queen", "a man", "a woman"]
    lines = (
        f"{rng.choice(subjects)} {rng.choice(verbs)} {rng.choice(objects)} "
        f"and {rng.choice(subjects)} {rng.choice(verbs)} {rng.choice(objects)}\n"
        for _ in range(sentences)
    )
    path.write_text("".join(lines), encoding="utf-8")


WITH_CODE = [page for page in PAGES if "```python\n" in page.read_text(encoding="utf-8")]


def test_most_pages_have_python_blocks() -> None:
    assert PAGES[0] in WITH_CODE
    assert len(WITH_CODE) > 12


#: Pages whose examples train many models, or start processes.
SLOW = ["bootstrap.md", "compare.md", "serving.md", "stopping.md"]


@pytest.mark.parametrize(
    "page",
    [
        pytest.param(
            page,
            id=str(page.relative_to(ROOT)),
            marks=[pytest.mark.slow] if page.name in SLOW else [],
        )
        for page in WITH_CODE
    ],
)
def test_python_blocks_run_in_order_in_one_namespace(
    page: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for library in NEEDS.get(page.name, []):
        pytest.importorskip(library)
    examples = blocks("python", page)
    assert len(examples) >= (3 if page == PAGES[0] else 1)
    write_corpus(tmp_path / "corpus.txt")
    monkeypatch.chdir(tmp_path)
    namespace: dict[str, object] = {"__name__": "__main__"}
    for number, example in enumerate(examples, start=1):
        exec(compile(example, f"<{page.name}, Python block {number}>", "exec"), namespace)


def test_make_targets_exist() -> None:
    code = "\n".join(re.findall(r"`([^`\n]+)`", FENCE.sub("", README)) + blocks("console"))
    named = set(re.findall(r"\bmake ([a-z][a-z-]*)", code))
    assert {"demo", "test"} <= named
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    targets = set(re.findall(r"^([a-z][a-z-]*):", makefile, re.MULTILINE))
    assert named <= targets


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_linked_files_exist(page: Path) -> None:
    text = page.read_text(encoding="utf-8")
    links = re.findall(r"\]\((?!https?://|#)([^)#]+)", text)
    assert links or page != PAGES[0]
    assert [link for link in links if not (page.parent / link).exists()] == []


def test_names_in_the_api_table_exist() -> None:
    classes = "Glove|Vocabulary|Cooccurrence|WordVectors|Subwords"
    names = re.findall(rf"`((?:{classes})\.[a-z_]\w*)", README)
    assert names
    missing = []
    for name in names:
        owner, attribute = name.split(".")
        if not hasattr(getattr(glove_rs, owner), attribute):
            missing.append(name)
    assert missing == []
