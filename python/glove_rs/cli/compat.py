"""``glove-rs compat``: Stanford's four tools with their own flags, files, input and output.

Where Stanford's tools have faults, the commands of this module differ from them:

- ``cooccur`` counts the first pair of a text once, not twice.
- ``glove -model 3`` writes a file, and the header of ``-write-header 1`` has the right numbers: it
  counts ``<unk>`` and all components.
- Control bytes in a word do not change the words after it, and long words are not cut.
- Truncated files and malformed numbers are errors.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, cast

from .. import TrainingDiverged
from .._checks import integer, real, shown
from .._settings import SETTINGS
from .._settings.value_types import Integer, Real
from . import _stanford_tools as stanford_tools
from ._parser import Commands, Parser
from ._stanford_tools import say
from ._streams import refuse_closed_output

__all__ = ["TOOLS", "add", "main", "usage"]


@dataclass(frozen=True)
class Flag:
    """A flag of a tool. Values are converted to the type of `default`."""

    name: str
    default: int | float | str
    text: str
    #: Whether the flag is accepted but has no effect.
    ignored: bool = False
    #: The least value of an integer; None if any negative number is accepted.
    least: int | None = None
    #: The greatest value of an integer.
    most: int = 2**63 - 1
    #: Whether a float must be above 0, and not only at least 0.
    above: bool = False


@dataclass(frozen=True)
class Tool:
    """A tool. `run` is called with the values of the flags by name."""

    text: str
    flags: tuple[Flag, ...]
    run: Callable[[dict[str, Any]], None]
    example: str
    #: Whether the tool prints its usage if it is called without flags.
    needs_flags: bool
    #: Whether the tool writes its result to standard output.
    prints: bool = True


# --- the flags of the tools -----------------------------------------------------------------------


def _setting(name: str, default: int | float, text: str, parameter: str) -> Flag:
    """Return the flag for a parameter of the Python API, with the range of this parameter."""
    kind = SETTINGS[parameter].type
    if isinstance(kind, Integer):
        return Flag(name, default, text, least=kind.least, most=kind.most)
    return Flag(name, default, text, above=cast("Real", kind).above)


_VERBOSE = Flag("verbose", 2, "0 prints little, 2 shows progress on a terminal")
_SEED = Flag("seed", 0, "random seed; 0 takes the seed from the clock", most=2**64 - 1)

TOOLS = {
    "vocab_count": Tool(
        "Count words: text on standard input, words and counts on standard output.",
        (
            _VERBOSE,
            Flag(
                "max-vocab", 0, "keep only the most frequent words, at most this many; 0 keeps all"
            ),
            Flag("min-count", 1, "leave out words that occur fewer than this many times"),
        ),
        stanford_tools.vocab_count,
        "vocab_count -min-count 5 < corpus.txt > vocab.txt",
        False,
    ),
    "cooccur": Tool(
        "Count co-occurrences: text on standard input, records on standard output, sorted.",
        (
            _VERBOSE,
            Flag("symmetric", 1, "0 counts only the words to the left"),
            _setting(
                "window-size",
                15,
                "number of words on each side that a word co-occurs with",
                "window",
            ),
            Flag("vocab-file", "vocab.txt", "the words to count, as written by vocab_count"),
            Flag("memory", 3.0, "limit of memory in GiB; larger data goes to temporary files"),
            Flag("max-product", 0, "", ignored=True),
            Flag("overflow-length", 0, "", ignored=True),
            Flag("overflow-file", "overflow", "temporary files go to the folder of this file"),
            Flag("distance-weighting", 1, "0 adds 1 for every pair instead of 1/distance"),
        ),
        stanford_tools.cooccur,
        "cooccur -memory 4.0 -vocab-file vocab.txt -window-size 15 < corpus.txt > cooccurrence.bin",
        True,
    ),
    "shuffle": Tool(
        "Shuffle records from standard input to standard output; every order is equally likely.",
        (
            _VERBOSE,
            Flag("memory", 2.0, "limit of memory in GiB; larger data goes to temporary files"),
            Flag("array-size", 0, "limit of memory as a number of records; 0 uses -memory"),
            Flag("temp-file", "temp_shuffle", "temporary files go to the folder of this file"),
            _SEED,
        ),
        stanford_tools.shuffle,
        "shuffle -memory 4.0 < cooccurrence.bin > cooccurrence.shuf.bin",
        False,
    ),
    "glove": Tool(
        "Train on records.",
        (
            _VERBOSE,
            Flag(
                "write-header",
                0,
                "1 writes a first line with the number of words and of components",
            ),
            _setting("vector-size", 50, "number of components of each vector", "dim"),
            Flag("threads", 8, "number of threads, at most one for each processor", least=1),
            Flag("iter", 25, "number of passes over the records"),
            _setting("eta", 0.05, "learning rate", "learning_rate"),
            _setting("alpha", 0.75, "exponent of the weighting function", "alpha"),
            _setting("x-max", 100.0, "count at which the weighting function reaches 1", "x_max"),
            _setting("grad-clip", 100.0, "bound of each component of a gradient", "grad_clip"),
            Flag("binary", 0, "0 writes text, 1 binary, 2 both"),
            Flag(
                "model",
                2,
                "numbers of a word in the text file: 0 all parameters, 1 W, 2 W + W_tilde, "
                "3 W and W_tilde",
                least=0,
                most=3,
            ),
            Flag("input-file", "cooccurrence.shuf.bin", "the records, in any order"),
            Flag("vocab-file", "vocab.txt", "the words of the records"),
            Flag("save-file", "vectors", "beginning of the names of the output files"),
            Flag(
                "gradsq-file", "", "beginning of the names of the accumulator files; '' writes none"
            ),
            Flag(
                "save-gradsq",
                0,
                "1 writes accumulator files named gradsq, unless -gradsq-file is given",
            ),
            Flag(
                "checkpoint-every",
                0,
                "number of passes between two checkpoints; 0 writes no checkpoints",
            ),
            Flag("load-init-param", 0, "1 starts from the parameters in -init-param-file"),
            Flag("save-init-param", 0, "1 writes the initial parameters, as checkpoint 000"),
            Flag("init-param-file", "vectors.000.bin", "parameters for -load-init-param 1"),
            Flag("load-init-gradsq", 0, "1 starts from the accumulators in -init-gradsq-file"),
            Flag("init-gradsq-file", "gradsq.000.bin", "accumulators for -load-init-gradsq 1"),
            _SEED,
        ),
        stanford_tools.glove,
        "glove -save-file vectors -threads 8 -input-file cooccurrence.shuf.bin -x-max 10 -iter 15\n"
        "      -vector-size 50 -binary 2 -vocab-file vocab.txt",
        True,
        prints=False,
    ),
}


#: The flag for each parameter of the Python API that an error of a tool may name, for messages.
_FLAGS = {
    "alpha": "alpha",
    "dim": "vector-size",
    "grad_clip": "grad-clip",
    "learning_rate": "eta",
    "model": "model",
    "threads": "threads",
    "window": "window-size",
    "x_max": "x-max",
}


def _values(tool: Tool, arguments: Sequence[str]) -> dict[str, Any]:
    """Read the flags. The first value of a repeated flag is used. Unknown flags are reported."""
    known = {f"-{flag.name}": flag for flag in tool.flags}
    values: dict[str, Any] = {}
    strange = []
    rest = iter(arguments)
    for argument in rest:
        flag = known.get(argument)
        if flag is None:
            strange.append(argument)
            continue
        value = next(rest, None)
        if value is None:
            raise ValueError(f"{argument} needs a value")
        if flag.name not in values:
            values[flag.name] = _number(flag, value)
    ignored = [f"-{flag.name}" for flag in tool.flags if flag.ignored and flag.name in values]
    for what, names in (("has no effect here", ignored), ("is not known", strange)):
        if names:
            say(f"{' '.join(names)} {what}: ignored")
    values = {flag.name: flag.default for flag in tool.flags} | values
    if values.get("save-gradsq") and not values["gradsq-file"]:
        values["gradsq-file"] = "gradsq"
    return values


def _number(flag: Flag, value: str) -> int | float | str:
    if isinstance(flag.default, str):
        if not value and flag.default:
            raise ValueError(f"-{flag.name} must name a file, got ''")
        return value
    if isinstance(flag.default, float):
        return real(f"-{flag.name}", _parsed(value, float), above=flag.above)
    return integer(f"-{flag.name}", _parsed(value, int, _truncated), flag.least, flag.most)


def _parsed(text: str, *parsers: Callable[[str], int | float]) -> int | float | str:
    """Return the number that the first of `parsers` reads in `text`; if none can, return `text`."""
    for parse in parsers:
        with suppress(ValueError, OverflowError):
            return parse(text)
    return text


def _truncated(text: str) -> int:
    """Read a number with decimals or an exponent as an integer: "2.5" and "2e0" are 2."""
    return int(float(text))


# --- the command ----------------------------------------------------------------------------------

_DESCRIPTION = """\
Run Stanford's tools vocab_count, cooccur, shuffle and glove with their own flags. In a
script for Stanford's GloVe, replace `build/` by `glove-rs compat `.
`glove-rs compat TOOL -help` lists the flags of a tool.
"""


def add(commands: Commands) -> None:
    """Add the command to the list of commands. Not argparse but `main` reads the flags."""
    commands.add_parser(
        "compat",
        usage="glove-rs compat TOOL [flags]",
        help="run Stanford's tools with their own flags",
        description=_DESCRIPTION,
        epilog="tools:\n" + "\n".join(f"  {name:<12} {t.text}" for name, t in TOOLS.items()) + "\n",
    )


def usage(name: str) -> str:
    """Return the help of a tool."""
    tool = TOOLS[name]
    rows = []
    for flag in tool.flags:
        kind = {int: "<int>", float: "<float>"}.get(type(flag.default), "<file>")
        default = f" (default: {flag.default})" if flag.default != "" else ""
        text = "accepted, but has no effect" if flag.ignored else flag.text + default
        rows.append(f"  -{flag.name + ' ' + kind:<27} {text}")
    return "\n".join(
        [
            f"usage: glove-rs compat {name} [flags]",
            "",
            tool.text,
            "",
            "flags:",
            *rows,
            "",
            "example:",
            *(
                f"  {'glove-rs compat ' if not line[0].isspace() else ''}{line}"
                for line in tool.example.splitlines()
            ),
        ]
    )


def main(arguments: Sequence[str], parser: Callable[[], Parser]) -> int:
    """Run a tool and return its exit code."""
    if not arguments or arguments[0] not in TOOLS:
        if arguments[:1] in (["-h"], ["--help"]):
            parser().parse_args(["compat", "--help"])
        what = f"got {shown(arguments[0])}" if arguments else "got none"
        say(f"glove-rs compat: TOOL must be one of {', '.join(TOOLS)}, {what}")
        return 2
    tool, flags = TOOLS[arguments[0]], arguments[1:]
    if tool.prints:
        refuse_closed_output()
    if (tool.needs_flags and not flags) or flags in (["-h"], ["-help"], ["--help"]):
        print(usage(arguments[0]))
    else:
        values = _values(tool, flags)
        try:
            tool.run(values)
        except ValueError as error:
            # The message names the parameter of the Python API. Name the flag instead.
            found = re.match(r"(\w+)( must .*)", str(error), re.S)
            if found is None or found.group(1) not in _FLAGS:
                raise
            raise ValueError(f"-{_FLAGS[found.group(1)]}{found.group(2)}") from None
        except TrainingDiverged as error:
            # -eta sets both learning rates.
            message = str(error).replace("learning_rate or bias_learning_rate", "-eta")
            error.args = (message, *error.args[1:])
            raise
    return 0
