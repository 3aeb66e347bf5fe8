"""Libraries that glove-rs works without."""

from __future__ import annotations

import importlib
from typing import Any

__all__ = ["optional"]


def optional(module: str, needed_by: str, install: str) -> Any:
    """Import a module that glove-rs works without, or say what to install."""
    try:
        return importlib.import_module(module)
    except ImportError as error:
        package = module.split(".", maxsplit=1)[0]
        raise ImportError(
            f"{needed_by} needs {package}, which is not installed: pip install {install}"
        ) from error
