"""Command-line options that are made from the Python API.

Options of counting and training come from the table of settings. Options of queries and files come
from the signature and the docstring of the function that has these parameters. So the type, the
default and the help of an option are written only once.
"""

from __future__ import annotations

import argparse
import inspect
import re
from collections.abc import Callable, Iterable
from typing import Any

from .. import _core
from .._settings import SETTINGS, VARIANTS, content_paths

__all__ = ["add_parameters", "add_settings", "flag", "given", "given_files"]

# The metavar of a parameter, by a part of its type in the docstring.
_METAVARS = {"path": "PATH", "int or str": "SIZE"}
# The help of parameters whose docstring describes Python values and not options.
_TEXTS = {
    "format": f"{', '.join(_core.VECTOR_FORMATS[:-1])} or {_core.VECTOR_FORMATS[-1]} "
    "(default: detected)",
    "member": "name of the file to read, if the first argument is a zip archive of several files",
    "restrict_vocab": "use only the first N words",
    "topn": "number of words to print",
    "full_windows": "keep only occurrences with as many words on each side as --window says",
    "min_n": "length of the shortest n-gram in characters, from 1 to 20; give --max-n too "
    "(default: 1 if most words have at most four characters, as in Chinese and Korean, else 3)",
    "max_n": "length of the longest n-gram in characters, from 1 to 20; give --min-n too "
    "(default: 3 if most words have at most four characters, as in Chinese and Korean, else 6)",
    "alternative": "alternative hypothesis (default: greater; for --sc-weat, two-sided); for "
    "--weat, greater means that X is associated with A, and Y with B",
    "exact": "count all divisions of the targets (with --sc-weat: of the attributes) into two "
    "sets; possible for at most 40 words; with --no-exact, draw --permutations random divisions "
    "(default: --exact for at most 30 words)",
}


def flag(name: str) -> str:
    """Return the option of a parameter: ``--max-vocab`` for ``max_vocab``."""
    return "--" + name.replace("_", "-")


def add_settings(
    group: argparse._ArgumentGroup, names: Iterable[str], preset: str | None = None
) -> None:
    """Add options for settings. The parsed namespace has only the options that were given.

    The help shows the defaults of `preset`, or those of all presets for a command with --preset.
    """
    for name in names:
        setting = SETTINGS[name]
        options: dict[str, Any] = {
            "default": argparse.SUPPRESS,
            "help": (setting.help + _default(name, preset)).replace("%", "%%"),
        }
        if setting.type.metavar is None:
            options["action"] = argparse.BooleanOptionalAction
        else:
            options |= {"type": setting.type.parse, "metavar": setting.type.metavar}
        group.add_argument(flag(name), dest=name, **options)


def _default(name: str, preset: str | None) -> str:
    """Return the default of an option as text for its help: in a preset, or in all of them.

    Return "" if there is no default, or if the default depends on `dim`: then the help in the table
    of settings states the default.
    """
    default, presets = SETTINGS[name].default, SETTINGS[name].presets
    if any(map(callable, presets.values())):
        return ""
    # The defaults of variants are not shown here, because the help of --preset lists them.
    shown = [name for name in presets if name not in VARIANTS] if preset is None else [preset]
    values = {name: _shown(presets[name]) for name in shown if name in presets}
    if len(set(values.values())) == 1:
        default = next(iter(values.values()))
    elif values:
        default = ", ".join(f"{preset} {value}" for preset, value in values.items())
    return "" if default is None else f" (default: {_shown(default)})"


def _shown(value: Any) -> str:
    """Return a default as text: yes or no for a bool."""
    if isinstance(value, bool):
        return "yes" if value else "no"
    return f"{value:g}" if isinstance(value, float) else str(value)


def add_parameters(
    group: argparse._ArgumentGroup, function: Callable[..., Any], names: Iterable[str]
) -> None:
    """Add options for parameters of `function`. The namespace has only the options that were given.

    Parameters
    ----------
    group
        The group of a parser to add the options to.
    function : callable
        It must have an annotated signature and a docstring in numpy's style.
    names : iterable of str
        The parameters. :func:`add_settings` adds those that are settings and that the docstring
        does not describe.
    """
    texts = _parameters(function)
    parameters = inspect.signature(function).parameters
    for name in names:
        if name in SETTINGS and name not in texts:
            add_settings(group, [name])
            continue
        kind, text = texts.get(name, ("", ""))
        text = _TEXTS.get(name) or _uncapitalised(text)
        types = {part.strip() for part in str(parameters[name].annotation).split("|")}
        default = parameters[name].default
        if default not in (None, inspect.Parameter.empty) and "(default: " not in text:
            text += f" (default: {_shown(default)})"
        options: dict[str, Any] = {"default": argparse.SUPPRESS, "help": text.replace("%", "%%")}
        if "bool" in types:
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
    """Return the parameters in `names` that were given on the command line."""
    return {name: getattr(options, name) for name in names if hasattr(options, name)}


def given_files(options: argparse.Namespace) -> list[str]:
    """Return the paths of stop words, phrases and user dictionary. No output may replace them.

    A language that is given as stop words is returned too.
    """
    return list(content_paths(vars(options)).values())


def _parameters(documented: Callable[..., Any]) -> dict[str, tuple[str, str]]:
    """Return the type and the description of each parameter in a docstring, as plain text.

    Only the first paragraph of a description is returned. A parameter whose description begins with
    "As for" is left out.
    """
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
    """Return `text` with a small first letter, unless its first word is a name such as AdaGrad."""
    first = text.partition(" ")[0]
    return text[:1].lower() + text[1:] if first == "A" or first[1:].islower() else text


def _choices(kind: str) -> str:
    """Return a metavar with the names of a type: ``adagrad|sgd`` for ``{"adagrad", "sgd"}``."""
    names = re.search(r"\{([^}]*)\}", kind)
    return "|".join(re.findall(r"[\w-]+", names.group(1))) if names else ""
