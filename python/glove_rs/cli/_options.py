"""Command line options that come from the signatures and docstrings of the Python API.

A parameter that the API gains is an option here without further code: its name, its type and its
default come from the signature, its help from the docstring.
"""

from __future__ import annotations

import argparse
import inspect
import re
from collections.abc import Callable, Iterable
from typing import Any

from .. import Glove

__all__ = ["RUNNING", "add_parameters", "flag", "given", "names_of"]

#: Parameters that say what a call may use.
RUNNING = ("threads", "memory", "tmp_dir", "progress")
# What has no form on a command line, or another one.
_LEFT_OUT = {"self", "cls", "source", "path", "X", "vocabulary", "callbacks", "start"}
# Of a type in a docstring that holds the word.
_METAVARS = {"path": "PATH", "int or str": "SIZE"}
# Here the docstring speaks of Python's values.
_TEXTS = {
    "format": "glove, word2vec, word2vec_binary, stanford or native (default: found out)",
    "progress": "show progress bars, or show none (default: on a terminal)",
    "restrict_vocab": "know only the first so many words",
    "topn": "how many to print",
}


def names_of(function: Callable[..., Any]) -> list[str]:
    """Return the parameters of `function` that can be options."""
    return [name for name in inspect.signature(function).parameters if name not in _LEFT_OUT]


def flag(name: str) -> str:
    """Return the option of a parameter: ``--max-vocab`` of ``max_vocab``."""
    return "--" + name.replace("_", "-")


def add_parameters(
    group: argparse._ArgumentGroup,
    function: Callable[..., Any],
    names: Iterable[str],
    of_files: Iterable[str] = (),
) -> None:
    """Add parameters of `function` as options; only those given will be in the namespace.

    Parameters
    ----------
    group
        Where to add them.
    function : callable
        With an annotated signature. What its docstring leaves to :class:`Glove` comes from there.
    names : iterable of str
        Which parameters.
    of_files : iterable of str, optional
        Those that take what a file holds: their options take its path.
    """
    texts = {**_parameters(Glove), **_parameters(Glove.fit), **_parameters(function)}
    parameters = inspect.signature(function).parameters
    for name in names:
        kind, text = texts.get(name, ("", ""))
        text = _TEXTS.get(name) or _uncapitalised(text)
        types = {part.strip() for part in str(parameters[name].annotation).split("|")}
        default = parameters[name].default
        if default not in (None, inspect.Parameter.empty) and not isinstance(default, bool):
            text += f" (default: {default})"
        elif isinstance(default, bool):
            text += f" (default: {'yes' if default else 'no'})"
        options: dict[str, Any] = {"default": argparse.SUPPRESS, "help": text.replace("%", "%%")}
        if name in of_files:
            options["metavar"] = "FILE"
        elif types & {"bool", "Progress"}:
            options["action"] = argparse.BooleanOptionalAction
        elif "str" in types or not types & {"int", "float"}:
            options["metavar"] = _choices(kind) or next(
                (metavar for word, metavar in _METAVARS.items() if word in kind), "TEXT"
            )
        elif "float" in types:
            options |= {"type": float, "metavar": "X"}
        else:
            options |= {"type": int, "metavar": "N"}
        group.add_argument(flag(name), dest=name, **options)


def given(options: argparse.Namespace, names: Iterable[str]) -> dict[str, Any]:
    """Return those parameters that are on the command line."""
    return {name: getattr(options, name) for name in names if hasattr(options, name)}


def _parameters(documented: Callable[..., Any]) -> dict[str, tuple[str, str]]:
    """Type and description of each parameter in a docstring of numpy's style, in plain text."""
    doc = inspect.getdoc(documented) or ""
    section = re.search(r"^Parameters\n-+\n(.*?)(?=^\w[\w ]*\n-+\n|\Z)", doc, re.M | re.S)
    found = {}
    entry = re.compile(r"^(\S[^:\n]*?)(?: : (.*))?\n((?:[ \t]+.*\n?|\n)*)", re.M)
    for names, kind, text in entry.findall(section.group(1) + "\n" if section else ""):
        text = " ".join(text.split("\n\n")[0].split())
        if text.startswith("As for "):
            continue
        text = re.sub(r":\w+:`~?([^`]*)`|`+([^`]*)`+", r"\1\2", text).rstrip(".")
        for name in names.split(","):
            found[name.strip()] = (kind, text)
    return found


def _uncapitalised(text: str) -> str:
    """Begin with a small letter, as the other texts of a help, unless it is a name that begins."""
    first = text.partition(" ")[0]
    return text[:1].lower() + text[1:] if first == "A" or first[1:].islower() else text


def _choices(kind: str) -> str:
    """Return the names that a type such as ``{"adagrad", "sgd"}`` allows, for a metavar."""
    names = re.search(r"\{([^}]*)\}", kind)
    return "|".join(re.findall(r"[\w-]+", names.group(1))) if names else ""
