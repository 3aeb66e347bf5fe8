"""Fixtures and hypothesis profiles that the whole suite shares.

``HYPOTHESIS_PROFILE=ci`` (or a set ``CI``) draws the same examples on every run; the default
profile draws new ones each time and remembers the failing ones.
"""

from __future__ import annotations

import lzma
import os
import shutil
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, settings

_CHECKS = [HealthCheck.too_slow, HealthCheck.function_scoped_fixture]
settings.register_profile("quick", max_examples=60, deadline=None, suppress_health_check=_CHECKS)
settings.register_profile(
    "ci", max_examples=100, deadline=None, derandomize=True, suppress_health_check=_CHECKS
)
settings.load_profile(
    os.environ.get("HYPOTHESIS_PROFILE", "ci" if os.environ.get("CI") else "quick")
)


@dataclass(frozen=True)
class Corpus:
    """A text on disk next to the tokens it is made of."""

    path: Path
    documents: list[list[str]]

    @property
    def lines(self) -> list[str]:
        """The documents as text, one string each."""
        return [" ".join(document) for document in self.documents]


@pytest.fixture(scope="session")
def shared() -> Path:
    """The project's shared folder: golden files, texts and evaluation sets."""
    beside = Path(__file__).resolve().parents[2] / "shared"
    folder = Path(os.environ.get("GLOVE_RS_SHARED", beside))
    if not (folder / "golden").is_dir():
        pytest.skip(f"no golden files in {folder}: set GLOVE_RS_SHARED to the shared folder")
    return folder


@pytest.fixture(scope="session")
def golden(shared: Path) -> Path:
    """What Stanford's tools wrote for ``golden/corpus.txt``."""
    return shared / "golden"


def _unpacked(shared: Path, name: str, tmp_path_factory: pytest.TempPathFactory) -> Path:
    packed = shared / "data" / f"{name}.xz"
    if not packed.is_file():
        pytest.skip(f"{packed} is not there")
    text = tmp_path_factory.mktemp("data") / name
    with lzma.open(packed) as source, text.open("wb") as target:
        shutil.copyfileobj(source, target, 1 << 20)
    return text


@pytest.fixture(scope="session")
def enwiki_1m(shared: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One million tokens of English Wikipedia, unpacked."""
    return _unpacked(shared, "enwiki-1m.txt", tmp_path_factory)


@pytest.fixture(scope="session")
def zhwiki(shared: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two thousand articles of Chinese Wikipedia, unpacked."""
    return _unpacked(shared, "zhwiki-sample.txt", tmp_path_factory)


@dataclass(frozen=True)
class CountedText:
    """What the tests ask about a counted text too large to keep in memory for the whole session."""

    vocabulary_size: int
    nnz: int
    total: float
    ratio: dict[str, float]
    """P(k|ice) / P(k|steam) of some words k."""


@pytest.fixture(scope="session")
def enwiki_17m(shared: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Seventeen million tokens of English Wikipedia, unpacked."""
    return _unpacked(shared, "enwiki-17m.txt", tmp_path_factory)


@pytest.fixture(scope="session")
def enwiki_17m_counts(enwiki_17m: Path) -> CountedText:
    """The counts of enwiki-17m with window 15 and min_count 5, as Stanford's tools were run."""
    from glove_rs import Cooccurrence

    counts = Cooccurrence.from_corpus(enwiki_17m, window=15, min_count=5)
    probes = ("solid", "gas", "water", "cold", "engine", "fashion")
    return CountedText(
        vocabulary_size=len(counts.vocabulary),
        nnz=counts.nnz,
        total=counts.total,
        ratio={k: counts.ratio(k, "ice", "steam") for k in probes},
    )


@pytest.fixture(scope="session")
def zipf(tmp_path_factory: pytest.TempPathFactory) -> Corpus:
    """About six thousand tokens of 400 words whose frequencies follow Zipf's law.

    Some documents are empty, some words are not ASCII, and enough of them are rare for
    ``min_count`` to leave gaps.
    """
    rng = np.random.default_rng(1935)
    words = np.array([f"w{k}" if k % 7 else f"wört{k}水" for k in range(400)])
    frequency = 1.0 / np.arange(1, words.size + 1)
    documents = [
        rng.choice(words, size=size, p=frequency / frequency.sum()).tolist()
        for size in rng.integers(0, 60, size=200)
    ]
    path = tmp_path_factory.mktemp("zipf") / "corpus.txt"
    path.write_text("".join(" ".join(document) + "\n" for document in documents), encoding="utf-8")
    return Corpus(path, documents)
