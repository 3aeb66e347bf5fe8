"""Fixtures and hypothesis profiles for the whole suite.

With ``HYPOTHESIS_PROFILE=ci``, or if ``CI`` is set and ``HYPOTHESIS_PROFILE`` is not, hypothesis
draws the same examples on every run. The default profile draws new examples each time and
remembers those that fail. ``make quick`` sets ``HYPOTHESIS_PROFILE=quick``, which draws fewer
examples.
"""

from __future__ import annotations

import gc
import itertools
import lzma
import os
import shutil
import signal
import sys
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, settings

import golden_files
import topic_text
from golden_files import SHARED

_CHECKS = [HealthCheck.too_slow, HealthCheck.function_scoped_fixture]
settings.register_profile("full", max_examples=60, deadline=None, suppress_health_check=_CHECKS)
settings.register_profile("quick", max_examples=10, deadline=None, suppress_health_check=_CHECKS)
settings.register_profile(
    "ci", max_examples=100, deadline=None, derandomize=True, suppress_health_check=_CHECKS
)
settings.load_profile(
    os.environ.get("HYPOTHESIS_PROFILE", "ci" if os.environ.get("CI") else "full")
)

if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    # A shell script makes the commands that it starts with `&` ignore Ctrl-C, and their children
    # inherit this. Tests send Ctrl-C, so let Python handle it again.
    signal.signal(signal.SIGINT, signal.default_int_handler)


# The plots of the tests need no display.
os.environ["MPLBACKEND"] = "Agg"

# Collecting the tests makes a million objects that live until the end. Each full garbage collection
# would look through all of them, so there is none until the tests are collected.
gc.disable()


def pytest_collection_finish() -> None:
    """Leave the objects that exist now out of later garbage collections."""
    gc.freeze()
    gc.enable()


@pytest.fixture(autouse=True)
def no_figure_is_left():
    """Close the figures of a test after it, because other tests look at all open figures."""
    yield
    if pyplot := sys.modules.get("matplotlib.pyplot"):
        pyplot.close("all")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark tests as slow that start Dask workers or read files from outside the repository."""
    for item in items:
        parameters = item.callspec.params.values() if hasattr(item, "callspec") else ()
        names = {value for value in parameters if isinstance(value, str)}
        names.update(getattr(item, "fixturenames", ()))
        paths = [value for value in parameters if isinstance(value, Path)]
        outside = any(path.is_relative_to(SHARED) for path in paths)
        if outside or names & {"client", "shared", "enwiki_1m"}:
            item.add_marker(pytest.mark.slow)


_numbers = itertools.count()


@dataclass(frozen=True)
class Corpus:
    """A text on disk, and its tokens."""

    path: Path
    documents: list[list[str]]

    @property
    def lines(self) -> list[str]:
        """The documents as text, one string each."""
        return [" ".join(document) for document in self.documents]


@pytest.fixture
def tmp_path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An empty folder of a test.

    pytest's own fixture also replaces a link to the newest folder. This takes longer than making a
    folder, and half as long as most tests.
    """
    path = tmp_path_factory.getbasetemp() / f"test-{next(_numbers)}"
    path.mkdir(mode=0o700)
    return path


@pytest.fixture(scope="session")
def shared() -> Path:
    """The folder of texts and evaluation sets that are too large for a clone of the repository.

    Each test that uses this folder has a small variant that does not need it.
    """
    if not (SHARED / "data").is_dir():
        pytest.skip(f"no large texts in {SHARED}: set GLOVE_RS_SHARED to the folder that has them")
    return SHARED


@pytest.fixture(scope="session", params=golden_files.FOLDERS, ids=lambda path: path.parent.name)
def golden(request: pytest.FixtureRequest) -> Path:
    """A folder with a ``corpus.txt`` and the files that Stanford's tools wrote for it."""
    return request.param


@pytest.fixture(scope="session")
def golden_losses(golden: Path) -> list[float]:
    """The cost of each epoch that Stanford's ``glove`` printed."""
    return golden_files.losses(golden)


@pytest.fixture(scope="session", params=golden_files.counts(), ids=golden_files.name)
def golden_counts(request: pytest.FixtureRequest) -> Path:
    """A file of sorted records that Stanford's ``cooccur`` wrote."""
    return request.param


@pytest.fixture(scope="session", params=golden_files.vocabularies(), ids=golden_files.name)
def golden_vocabulary(request: pytest.FixtureRequest) -> Path:
    """A file that Stanford's ``vocab_count`` wrote."""
    return request.param


@pytest.fixture(scope="session")
def topics(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A made-up text of 400,000 tokens, 2 MB. Each of its documents has one topic."""
    path = tmp_path_factory.mktemp("topics") / "topics.txt"
    lines = topic_text.documents(400_000, rare=30_000, length=100, seed=3)
    path.write_text("".join(" ".join(line) + "\n" for line in lines), encoding="utf-8")
    return path


def _unpacked(shared: Path, name: str, tmp_path_factory: pytest.TempPathFactory) -> Path:
    packed = shared / "data" / f"{name}.xz"
    if not packed.is_file():
        pytest.skip(f"{packed} does not exist")
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
    """What tests need of the counts of a large text. The counts themselves are not kept."""

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
    """What tests need of the counts of enwiki-17m with window 15 and min_count 5.

    Stanford's tools counted the same text with these settings (``test_real_run.py``).
    """
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

    Some documents are empty, and some words are not ASCII. Many words are rare, so that dropping
    them with ``min_count`` leaves gaps between the other words.
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
