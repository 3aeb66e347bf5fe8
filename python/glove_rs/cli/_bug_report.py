"""``glove-rs info --bug-report``: the facts that a bug report needs, without paths and words."""

from __future__ import annotations

import importlib.metadata
import os
import platform
import sys
from collections.abc import Mapping
from typing import Any

from .. import _core
from .._settings import SETTINGS, FolderPath
from ._machine import free_memory, processors

__all__ = ["of_file", "of_system"]

#: The libraries whose versions a report names, if they are installed.
_LIBRARIES = (
    "numpy",
    "tqdm",
    "scipy",
    "gensim",
    "matplotlib",
    "dask",
    "distributed",
    "fsspec",
    "pyarrow",
    "pandas",
    "polars",
    "scikit-learn",
    "datasets",
)


def of_system() -> dict[str, Any]:
    """Return versions, the machine and its SIMD level. Nothing names a user or a folder."""
    libraries = {}
    for name in _LIBRARIES:
        try:
            libraries[name] = importlib.metadata.version(name)
        except importlib.metadata.PackageNotFoundError:
            continue
    return {
        "glove_rs": _core.__version__,
        "python": f"{platform.python_implementation()} {platform.python_version()}",
        "gil": _gil(),
        "system": f"{platform.system()} {platform.release()}",
        "machine": platform.machine(),
        "c_library": " ".join(part for part in platform.libc_ver() if part) or None,
        "simd": _simd(),
        "simd_levels": ", ".join(_core.simd_levels()),
        "processors": processors(),
        "free_memory": _free_memory(),
        "encoding": sys.getfilesystemencoding(),
        "libraries": libraries,
    }


def of_file(about: Mapping[str, Any]) -> dict[str, Any]:
    """Return what a report may say of a file: its kind, numbers and settings, but no name or word.

    `about` is what ``glove-rs info`` prints of the file.
    """
    report: dict[str, Any] = {"what": about["what"]}
    for name, value in about.items():
        if name == "settings":
            report[name] = {key: _public(key, item) for key, item in value.items()}
        elif isinstance(value, int | float) or name in ("numbers", "version"):
            report[name] = value
    return report


def _gil() -> str:
    """Return whether this process has a global interpreter lock."""
    enabled = getattr(sys, "_is_gil_enabled", lambda: True)()
    return "on" if enabled else "off"


def _free_memory() -> str:
    try:
        return f"{free_memory() / 2**30:.1f} GiB"
    except (AttributeError, OSError, ValueError):  # the system does not report it
        return "unknown"


def _simd() -> str:
    """Return the SIMD level of the processor, or the reason if glove-rs refuses the processor."""
    try:
        return _core.simd_level()
    except ValueError as error:
        return f"none: {error}"


def _public(name: str, value: Any) -> Any:
    """Return what a report may show of a setting.

    A report shows None, a bool, a number, and a str that is not a path. A path becomes
    ``(not shown)``, and so does a str or an object of an unknown setting. Of any other value only
    the type is shown, such as ``(list)``.
    """
    setting = SETTINGS.get(name)
    is_path = setting is not None and isinstance(setting.type, FolderPath)
    if value is None or isinstance(value, bool | int | float):
        return value
    if is_path or name not in SETTINGS or (isinstance(value, str) and os.sep in value):
        return "(not shown)"
    if isinstance(value, str):
        return value
    return f"({type(value).__name__})"
