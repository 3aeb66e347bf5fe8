"""The golden files: written by Stanford's tools, with known settings (``golden/README.md``)."""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import Any

_TESTS = Path(__file__).resolve().parent

#: A folder outside the repository, of texts that are too large for it or belong to others.
SHARED = Path(os.environ.get("GLOVE_RS_SHARED", _TESTS.parents[1] / "shared"))

#: The folders of golden files: that of this repository and, if it exists, that of `SHARED`.
#: Files with the same settings have the same name in both folders.
FOLDERS = [folder for folder in (_TESTS / "golden", SHARED / "golden") if folder.is_dir()]

DIM = 10
X_MAX = 10.0

_LOSSES_OF_SHARED = [0.070883, 0.060853, 0.058471]


def losses(folder: Path) -> list[float]:
    """The cost of each epoch that Stanford's ``glove`` printed."""
    path = folder / "losses.txt"
    return [float(n) for n in path.read_text().split()] if path.exists() else _LOSSES_OF_SHARED


def vocabularies() -> list[Path]:
    """The path of every vocabulary that Stanford's ``vocab_count`` wrote."""
    return [path for folder in FOLDERS for path in sorted(folder.glob("vocab.*.txt"))]


def counts() -> list[Path]:
    """The path of every file of sorted records that Stanford's ``cooccur`` wrote."""
    return [path for folder in FOLDERS for path in sorted(folder.glob("cooc.*.dist?.bin"))]


def name(path: Path) -> str:
    """The name of a file, as the names of tests show it: "shared" marks a file of `SHARED`."""
    return path.name if path.parent == FOLDERS[0] else f"shared {path.name}"


def vocabulary_settings(path: Path) -> dict[str, int]:
    """The parameters of glove_rs for a vocabulary, read from the name of its file."""
    found = re.search(r"\.(min|max)(\d+)\.", path.name)
    assert found is not None, path
    if found[1] == "min":
        return {"min_count": int(found[2])}
    return {"min_count": 1, "max_vocab": int(found[2])}


def vocabulary_flags(path: Path) -> list[object]:
    """The flags of ``vocab_count`` for a vocabulary."""
    settings = vocabulary_settings(path)
    return [f for key, n in settings.items() for f in (f"-{key.replace('_', '-')}", n)]


def vocabulary_of(path: Path) -> Path:
    """The vocabulary file whose line numbers are the word numbers in a file of records."""
    found = re.search(r"\.(max\d+)\.", path.name)
    return path.with_name(f"vocab.{found[1] if found else 'min3'}.txt")


def counting_settings(path: Path) -> dict[str, Any]:
    """The parameters of glove_rs for a file of records, read from its name."""
    found = re.search(r"\.w(\d+)\.sym([01])\.dist([01])\.", path.name)
    assert found is not None, path
    return {
        "window": int(found[1]),
        "symmetric": found[2] == "1",
        "distance_weighting": found[3] == "1",
    }


def counting_flags(path: Path) -> list[object]:
    """The flags of ``cooccur`` for a file of records."""
    settings = counting_settings(path)
    return [
        *("-vocab-file", vocabulary_of(path), "-window-size", settings["window"]),
        *("-symmetric", int(settings["symmetric"])),
        *("-distance-weighting", int(settings["distance_weighting"])),
    ]


def documents(folder: Path) -> list[list[str]]:
    """The documents of a golden text as lists of words, by the rules of Stanford's tools."""
    text = (folder / "corpus.txt").read_bytes().decode().replace("\r", "")
    return [re.findall(r"[^ \t]+", line) for line in text.split("\n")]
