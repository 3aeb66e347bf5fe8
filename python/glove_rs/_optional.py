"""Libraries that glove-rs works without."""

from __future__ import annotations

import importlib
from typing import Any

__all__ = ["optional"]


#: What to install for a package, where its name alone does not say it. These are the libraries
#: themselves, not extras of glove-rs: an index of packages need not have glove-rs.
_INSTALLED_AS = {
    "matplotlib": "matplotlib adjustText",
    "dask": "dask distributed",
    "distributed": "dask distributed",
    "sklearn": "scikit-learn",
}


def optional(module: str, needed_by: str) -> Any:
    """Import a module that glove-rs works without, or say what to install."""
    try:
        return importlib.import_module(module)
    except ImportError as error:
        package = module.split(".", maxsplit=1)[0]
        install = _INSTALLED_AS.get(package, package)
        raise ImportError(
            f"{needed_by} needs {package}, which is not installed: pip install {install}"
        ) from error
