"""Optional libraries: they are imported when a function needs them."""

from __future__ import annotations

import importlib
from typing import Any

__all__ = ["optional"]


#: The packages to install for a module, if they are not one package with the name of the module.
#: The message names packages and not an extra of glove-rs, because pip finds an extra only if
#: glove-rs is in a package index.
_INSTALLED_AS = {
    "matplotlib": "matplotlib adjustText",
    "dask": "dask distributed",
    "distributed": "dask distributed",
    "sklearn": "scikit-learn",
    "stop_words": "stop-words",
}


def optional(module: str, needed_by: str) -> Any:
    """Import and return a module, or raise an ImportError that says what to install.

    `needed_by` is the function or feature that needs the module, for the message.
    """
    try:
        return importlib.import_module(module)
    except ImportError as error:
        package = module.split(".", maxsplit=1)[0]
        install = _INSTALLED_AS.get(package, package)
        raise ImportError(
            f"{needed_by} needs {package}, which is not installed: pip install {install}"
        ) from error
