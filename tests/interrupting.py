"""Measures how soon a process notices an interrupt: in CPU time, so that load does not matter."""

from __future__ import annotations

import os

import psutil

#: Seconds after which an interrupted process counts as hanging, even on a busy machine.
HANG = 60
#: The most CPU seconds that may pass between a signal and the exception: what all processors
#: together can use in the half second that the documentation promises. Waiting for another process
#: takes no CPU time.
LIMIT = 0.5 * (os.cpu_count() or 1)


def cpu_seconds(pid: int) -> float:
    """CPU time of all threads of a process. ``time.process_time()`` measures only its caller."""
    times = psutil.Process(pid).cpu_times()
    return times.user + times.system
