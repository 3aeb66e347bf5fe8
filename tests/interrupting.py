"""How promptly an interrupt is noticed, measured so that a busy machine does not change it."""

from __future__ import annotations

import os

import psutil

#: Seconds after which an interrupted process hangs, on a machine however busy.
HANG = 60
#: CPU seconds between a signal and its exception: those that all processors have in the half second
#: that the documentation promises. A wait for another process costs none.
LIMIT = 0.5 * (os.cpu_count() or 1)


def cpu_seconds(pid: int) -> float:
    """CPU time of all threads of a process, as its own ``time.process_time()`` tells it."""
    times = psutil.Process(pid).cpu_times()
    return times.user + times.system
