"""Every reader reads mutated files: a short, repeatable run of the campaign in ``fuzz/``."""

import importlib
import sys
from collections import Counter
from pathlib import Path

import pytest

FUZZ = Path(__file__).resolve().parents[1] / "fuzz"
sys.path.insert(0, str(FUZZ))
campaign = importlib.import_module("campaign")
READERS = importlib.import_module("readers").READERS

pytestmark = pytest.mark.slow

if sys.platform != "linux":
    pytest.skip("the campaign needs /proc", allow_module_level=True)

#: Seconds for which all readers together read files: mutated ones, and some of the corpus. A busy
#: machine may need longer, because each reader gets at least `LEAST` files. All tests of this
#: module together take about a minute.
SECONDS = 40
#: Smallest and largest number of files for each reader.
LEAST, MOST = 60, 2000


def needs_of(reader):
    if reader == "arrow":
        for library in ("pyarrow", "pandas", "polars"):
            pytest.importorskip(library)


def collected(reader, outcomes):
    report = campaign.Report(reader)
    for content, outcome in outcomes:
        report.add(content, outcome)
    return report


def complaint(report):
    examples = "".join(
        f"\n\n{cause}\n{content[:300]!r}\n{detail}"
        for cause, (content, detail) in report.examples.items()
    )
    return f"{report}{examples}"


@pytest.mark.parametrize("reader", READERS)
def test_mutated_files_are_read_or_refused_by_name(reader):
    needs_of(reader)
    seconds = SECONDS / len(READERS)
    report = collected(
        reader, campaign.attack(reader, seed=0, inputs=MOST, seconds=seconds, least=LEAST)
    )
    assert not report.faults, complaint(report)
    assert report.inputs >= LEAST
    # Some inputs are read and some are refused. The seeds of the corpus are among the inputs.
    assert report.outcomes["read"] > 0
    assert report.inputs > report.outcomes["read"]


@pytest.mark.parametrize("reader", [name for name in READERS if name != "commands"])
def test_known_files_are_read_and_old_faults_stay_mended(reader):
    needs_of(reader)
    files = sorted((campaign.CORPUS / reader).iterdir())
    contents = [path.read_bytes() for path in files]
    outcomes = list(campaign.replay(reader, contents))
    report = collected(reader, outcomes)
    assert not report.faults, complaint(report)
    # Most seeds are well-formed. If their readers refuse them, a format has changed: run
    # fuzz/seeds.py to write new seeds.
    seeds = [
        (path.name, outcome["kind"])
        for path, (_, outcome) in zip(files, outcomes, strict=True)
        if path.name.startswith("seed-")
    ]
    assert seeds
    refused = Counter(name for name, kind in seeds if kind != "read")
    assert len(refused) <= len(seeds) // 2, refused


def test_commands_understand_every_kind_of_file():
    report = collected("commands", campaign.replay("commands", campaign.seeds_of("commands")))
    assert not report.faults, complaint(report)
    assert report.outcomes["read"] > report.inputs // 2


def test_an_input_is_the_same_whenever_it_is_made():
    def first(reader):
        outcomes = campaign.attack(reader, seed=5, inputs=3, seconds=60, least=3)
        return [content for content, _ in outcomes]

    assert first("vocabulary") == first("vocabulary")


def test_a_worker_that_ends_is_a_fault_and_the_next_input_is_read():
    with campaign.Worker("vocabulary") as worker:
        assert worker.read(b"tide 1\n")["kind"] == "read"
        worker.process.kill()
        ended = worker.read(b"tide 1\n")
        assert ended["kind"] == "fault"
        assert "SIGKILL" in ended["cause"]
        assert worker.read(b"tide 1\n")["kind"] == "read"
        assert worker.read(b"tide\n") == {"kind": "refused", "cause": "FormatError", "detail": ""}
