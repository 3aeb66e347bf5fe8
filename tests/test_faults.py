"""Saving under faults: if any system call fails or a signal comes at any time, no data are lost."""

import json
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

HERE = Path(__file__).parent / "faults"

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(sys.platform != "linux", reason="needs LD_PRELOAD of Linux"),
]


@pytest.fixture(scope="module")
def shim(tmp_path_factory):
    compiler = shutil.which("cc") or shutil.which("gcc")
    if compiler is None:
        pytest.skip("needs a C compiler")
    library = tmp_path_factory.mktemp("shim") / "shim.so"
    command = [compiler, "-shared", "-fPIC", "-o", library, HERE / "shim.c", "-ldl", "-lpthread"]
    subprocess.run(command, check=True)
    return library


@pytest.fixture
def place(tmp_path):
    """A folder in memory if possible: on a disk, syncing would take most of the time."""
    memory = Path("/dev/shm")
    if not os.access(memory, os.W_OK):
        yield tmp_path
        return
    with tempfile.TemporaryDirectory(dir=memory) as folder:
        yield Path(folder)


@pytest.mark.parametrize("kind", ["error", "outage", "stuck", "interrupt", "kill"])
def test_old_or_new_is_complete_whatever_fails(shim, place, kind):
    ran = subprocess.run(
        [sys.executable, HERE / "campaign.py", shim, place, kind],
        env=os.environ | {"LD_PRELOAD": str(shim)},
        capture_output=True,
        check=False,
        timeout=600,
    )
    assert ran.returncode == 0, ran.stderr.decode()
    report = json.loads(ran.stdout)
    print(kind, report)
    # All savers ran, and the campaign saw the system calls that matter.
    assert len(report["faults"]) == 13
    assert sum(report["faults"].values()) > 300
    if kind != "kill":
        assert {"open", "write", "fsync", "rename", "renameat2", "unlink"} <= report["calls"].keys()
