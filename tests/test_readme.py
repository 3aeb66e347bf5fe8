"""The README is executed as written: its Python in one namespace, on a generated corpus.txt.

So are pages of docs/.
"""

import random
import re
from pathlib import Path

import pytest

import glove_rs

ROOT = Path(__file__).resolve().parents[1]
README = (ROOT / "README.md").read_text(encoding="utf-8")
FENCE = re.compile(r"^```(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)


def blocks(language: str, page: str = README) -> list[str]:
    return [text for name, text in FENCE.findall(page) if name == language]


def write_corpus(path: Path, sentences: int = 600) -> None:
    """Generate sentences in which the README's words occur, each more often than min_count."""
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


@pytest.mark.parametrize("name", ["README.md", "docs/sources.md"])
def test_python_blocks_run_in_order_in_one_namespace(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    examples = blocks("python", (ROOT / name).read_text(encoding="utf-8"))
    assert len(examples) >= 3
    write_corpus(tmp_path / "corpus.txt")
    monkeypatch.chdir(tmp_path)
    namespace: dict[str, object] = {"__name__": "readme"}
    for number, example in enumerate(examples, start=1):
        exec(compile(example, f"<{name}, Python block {number}>", "exec"), namespace)


def test_make_targets_exist() -> None:
    code = "\n".join(re.findall(r"`([^`\n]+)`", FENCE.sub("", README)) + blocks("console"))
    named = set(re.findall(r"\bmake ([a-z][a-z-]*)", code))
    assert {"demo", "test"} <= named
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    targets = set(re.findall(r"^([a-z][a-z-]*):", makefile, re.MULTILINE))
    assert named <= targets


def test_linked_files_exist() -> None:
    links = re.findall(r"\]\((?!https?://|#)([^)#]+)", README)
    assert links
    assert [link for link in links if not (ROOT / link).exists()] == []


def test_names_in_the_api_table_exist() -> None:
    names = re.findall(r"`((?:Glove|Vocabulary|Cooccurrence|WordVectors)\.[a-z_]\w*)", README)
    assert names
    missing = []
    for name in names:
        owner, attribute = name.split(".")
        if not hasattr(getattr(glove_rs, owner), attribute):
            missing.append(name)
    assert missing == []
