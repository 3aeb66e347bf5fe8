"""Optional libraries that are imported when a test uses them, not when pytest collects the tests.

Each process of `make quick` collects all test files, but runs only some of them. Importing
scikit-learn, Dask, pandas, Polars and matplotlib would take half the time of collection.
"""

from __future__ import annotations

import importlib
import importlib.util
from functools import cached_property
from typing import Any

import pytest


class Later:
    """Stands for a module, or for the object `name` of a module, and imports it when it is used."""

    def __init__(self, module: str, name: str | None = None) -> None:
        self._origin = (module, name)

    @cached_property
    def _it(self) -> Any:
        module, name = self._origin
        found = importlib.import_module(module)
        return found if name is None else getattr(found, name)

    def __getattr__(self, name: str) -> Any:
        # pytest asks each object of a test file for `__test__` and `_mock_name`.
        if name.startswith("_"):
            raise AttributeError(name)
        return getattr(self._it, name)

    def __call__(self, *arguments: Any, **options: Any) -> Any:
        return self._it(*arguments, **options)


def later(module: str, name: str | None = None) -> Any:
    """Return an object that stands for a module, or for the object `name` of this module.

    If the library is not installed, skip the test file that calls this.
    """
    library = module.split(".", maxsplit=1)[0]
    if importlib.util.find_spec(library) is None:
        pytest.skip(f"{library} is not installed", allow_module_level=True)
    return Later(module, name)
