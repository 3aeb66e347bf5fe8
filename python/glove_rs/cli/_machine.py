"""Memory and processors of this machine."""

from __future__ import annotations

import os

from .._workers import processors

__all__ = ["free_memory", "processors"]


def free_memory() -> float:
    """Return the free memory in bytes; all memory if the system does not report free memory."""
    try:
        with open("/proc/meminfo", encoding="ascii") as file:
            for line in file:
                if line.startswith("MemAvailable:"):
                    return float(line.split()[1]) * 1024
    except OSError:
        pass
    return float(os.sysconf("SC_PHYS_PAGES")) * os.sysconf("SC_PAGE_SIZE")
