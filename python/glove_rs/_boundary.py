"""Turn panics of the Rust core into :class:`InternalError`.

pyo3 raises a panic as `PanicException`. ``except Exception`` does not catch it, because it is a
direct subclass of BaseException. When the package is imported, :func:`guard` wraps the functions of
the compiled module, except `take_panic`, and the methods and properties of its classes. It cannot
wrap a ``__new__``, because Python does not let one replace the ``__new__`` of a compiled class. So
no class has one: a static method `new` makes an object.

The wrapper also improves one message of pyo3: for an argument of a wrong type, pyo3 puts the name
of the argument into a note of the exception, and the wrapper puts it into the message.
"""

from __future__ import annotations

import functools
import re
import types
from collections.abc import Callable
from typing import Any

from . import _core

__all__ = ["guard"]

_ARGUMENT = re.compile("while processing '(.*)'")
_METHOD_TYPES = (types.MethodDescriptorType, types.WrapperDescriptorType)


def guard() -> None:
    """Wrap the functions of the compiled module, and the methods and properties of its classes."""
    for name, value in vars(_core).items():
        if isinstance(value, types.BuiltinFunctionType) and value is not _core.take_panic:
            setattr(_core, name, _guarded(value))
        elif isinstance(value, type) and not issubclass(value, BaseException):
            _guard_class(value)


def _guard_class(kind: type) -> None:
    for name, value in [*vars(kind).items()]:
        if isinstance(value, _METHOD_TYPES):
            setattr(kind, name, _guarded(value))
        elif isinstance(value, staticmethod):
            function = _guarded(value.__func__)
            function.__module__ = kind.__module__  # pickles of objects refer to `new`
            setattr(kind, name, staticmethod(function))
        elif isinstance(value, types.GetSetDescriptorType):
            setattr(kind, name, property(_guarded(value.__get__), doc=value.__doc__))


def _guarded(function: Callable[..., Any]) -> Callable[..., Any]:
    @functools.wraps(function)
    def call(*args: Any, **options: Any) -> Any:
        try:
            return function(*args, **options)
        except TypeError as error:
            # If pyo3 could not convert an argument, a note of the exception names this argument.
            names = [_ARGUMENT.fullmatch(note) for note in getattr(error, "__notes__", ())]
            if not names or names[0] is None:
                raise
            raise TypeError(f"{names[0].group(1)} is of a wrong type: {error}") from None
        except _core.PanicException as panic:
            what = _core.take_panic() or str(panic)
            raise _core.InternalError(
                f"a fault of glove-rs {_core.__version__} itself ({what}). Please report it with "
                "this message and the call that led to it. No file is left half written: each is "
                "complete or unchanged"
            ) from None

    return call
