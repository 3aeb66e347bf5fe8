"""The model of memory behind ``glove-rs estimate``, against the measured peak of a fit."""

import json
import subprocess
import sys

import numpy as np
import pytest

from glove_rs import Cooccurrence, _settings

#: Prints what a fit adds to the memory of a process that has imported the package. `getrusage`
#: would not do: its peak begins with the memory of the process that started this one.
MEASURE = """
import json, sys
from glove_rs import Glove

def status(name):
    with open("/proc/self/status") as file:
        return next(int(line.split()[1]) * 1024 for line in file if line.startswith(name))

settings = json.loads(sys.argv[2])
before = status("VmRSS")
Glove(**settings, progress=False).fit(sys.argv[1], keep_counts=False)
print(status("VmHWM") - before)
"""


@pytest.fixture(scope="module")
def text(tmp_path_factory):
    """Less than a megabyte, all of which is read for the estimate: its counts are exact."""
    rng = np.random.default_rng(5)
    words = np.array([f"{k:x}" for k in range(40_000)])
    lines = (" ".join(words[(40_000 ** rng.random(200)).astype(int)]) for _ in range(1300))
    path = tmp_path_factory.mktemp("estimate") / "corpus.txt"
    path.write_text("\n".join(lines))
    assert 8e5 < path.stat().st_size < 2**20
    return path


@pytest.mark.slow
@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="the peak is read from /proc")
@pytest.mark.parametrize("preset", ["best", "paper"])
@pytest.mark.parametrize("dim", [50, 300])
def test_the_estimated_memory_is_within_15_percent_of_the_peak_of_a_fit(text, dim, preset):
    settings = {"dim": dim, "preset": preset, "epochs": 1, "min_count": 1, "threads": 2}
    result = subprocess.run(
        [sys.executable, "-c", MEASURE, str(text), json.dumps(settings)],
        capture_output=True,
        text=True,
        check=True,
    )
    estimate = Cooccurrence.estimate(text, min_count=1, threads=2)
    negative = _settings.resolve({"dim": dim, "preset": preset})["negative"]
    parameters, memory, disk = estimate._sample.fit(dim, negative)
    assert disk == 0
    assert parameters < memory
    assert memory == pytest.approx(int(result.stdout), rel=0.15)


def test_a_limit_within_some_memory_is_the_largest_that_fits(text):
    sample = Cooccurrence.estimate(text, min_count=1)._sample
    parameters, free, _ = sample.fit(50, 1.0)
    available = (parameters + free) / 2
    limit = sample.limit_within(50, 1.0, available, 1_000_000)
    assert limit is not None
    assert sample.fit(50, 1.0, limit)[1] <= available
    assert sample.fit(50, 1.0, limit + 1_000_000)[1] > available
    assert sample.limit_within(50, 1.0, parameters / 2, 1_000_000) is None
