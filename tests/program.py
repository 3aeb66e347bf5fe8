"""Runs the installed ``glove-rs`` as a process, as a shell does."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

#: The script that pip put beside the interpreter.
PROGRAM = Path(sys.executable).with_name("glove-rs" + (".exe" if os.name == "nt" else ""))


def call(
    *arguments: object, stdin: bytes = b"", cwd: Path | None = None, **options: Any
) -> subprocess.CompletedProcess[bytes]:
    """Run it, whatever comes of it."""
    return subprocess.run(
        [PROGRAM, *map(str, arguments)],
        input=stdin,
        capture_output=True,
        cwd=cwd,
        timeout=600,
        check=False,
        **options,
    )


def done(*arguments: object, **options: Any) -> bytes:
    """Run it to its end and return standard output."""
    result = call(*arguments, **options)
    assert result.returncode == 0, result.stderr.decode()
    assert b"Traceback" not in result.stderr
    return result.stdout


def answer(*arguments: object, **options: Any) -> Any:
    """What it prints with ``--json``."""
    return json.loads(done(*arguments, "--json", **options))


def reason(code: int, *arguments: object, **options: Any) -> str:
    """Run it into a failure and return the one line that says why."""
    result = call(*arguments, **options)
    message = result.stderr.decode()
    assert result.returncode == code, message
    lines = message.splitlines()
    # argparse puts the usage before it.
    assert len(lines) == 1 or (code == 2 and lines[0].startswith("usage: ")), message
    return lines[-1]
