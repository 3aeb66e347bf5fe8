"""``glove-rs compat``: Stanford's four tools with their own flags, files, input and output.

The commands of this module do not have these faults of Stanford's tools:

- ``cooccur`` counts the first pair of a text once, not twice.
- ``glove -model 3`` writes a file, and the header of ``-write-header 1`` has the right numbers: it
  counts ``<unk>`` and all components.
- Control bytes in a word do not change the words after it, and long words are not cut.
- Truncated files and malformed numbers are errors.
"""

from __future__ import annotations

import math
import os
import re
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt

from .. import Cooccurrence, Glove, Vocabulary, _core
from .._checks import shown
from .._fit import fitting
from .._fit.fit_options import CheckedFitOptions
from .._io import stanford
from ._inputs import local
from ._machine import free_memory, processors
from ._output_files import check_files, written
from ._parser import Commands, Parser

__all__ = ["TOOLS", "add", "main", "usage"]

_F32: TypeAlias = npt.NDArray[np.float32]
_GIB = 2**30


@dataclass(frozen=True)
class Flag:
    """A flag of a tool. Values are converted to the type of `default`."""

    name: str
    default: int | float | str
    text: str
    #: Whether the flag is accepted but has no effect.
    ignored: bool = False


@dataclass(frozen=True)
class Tool:
    """A tool. `run` is called with the values of the flags by name."""

    text: str
    flags: tuple[Flag, ...]
    run: Callable[[dict[str, Any]], None]
    example: str
    #: Whether the tool prints its usage if it is called without flags.
    needs_flags: bool


# --- the tools ------------------------------------------------------------------------------------


def _vocab_count(value: dict[str, Any]) -> None:
    check_files({"output": "-"}, ["-"], overwrite=True)
    every = Vocabulary.from_corpus(local("-"), min_count=1, progress=_bars(value))
    if "<unk>" in every:
        raise ValueError(
            "the text has a word <unk>, which is reserved for unknown words: rename it"
        )
    kept = every._core.pruned(max(value["min-count"], 0), value["max-vocab"] or None)
    with written("-", overwrite=True) as output:
        kept.save(output)
    if value["verbose"] > 0:
        _say(f"{sum(every.counts.tolist())} tokens, {len(every)} different words")
    _say(f"Using vocabulary of size {len(kept)}.")


def _cooccur(value: dict[str, Any]) -> None:
    check_files({"output": "-"}, ["-", value["vocab-file"]], overwrite=True)
    vocabulary = Vocabulary.load(value["vocab-file"])
    symmetric = value["symmetric"] != 0
    if value["verbose"] > 0:
        context = "symmetric" if symmetric else "left words only"
        _say(f"{len(vocabulary)} words, window {value['window-size']}, {context}")
    counts = Cooccurrence.from_corpus(
        local("-"),
        vocabulary,
        window=value["window-size"],
        symmetric=symmetric,
        distance_weighting=value["distance-weighting"] != 0,
        memory=_memory(value["memory"] * _GIB),
        tmp_dir=_folder(value["overflow-file"]),
        progress=_bars(value),
    )
    counts.save("-")
    if value["verbose"] > 0:
        _say(f"{counts.nnz} records")


def _shuffle(value: dict[str, Any]) -> None:
    check_files({"output": "-"}, ["-"], overwrite=True)
    seed = _seed(value)
    size = value["array-size"] * 16 or value["memory"] * _GIB
    running: _core._Running = {
        "threads": None,
        "memory": _memory(size),
        "tmp_dir": _folder(value["temp-file"]),
    }
    records = _core.shuffle("-", "-", seed, running, None)
    if value["verbose"] > 0:
        _say(f"{records} records")


def _glove(value: dict[str, Any]) -> None:
    every, last = value["checkpoint-every"], value["iter"]
    stops = list(range(every, last, every)) if every > 0 else []
    _check_outputs(value, [*stops, last])
    vocabulary = Vocabulary.load(value["vocab-file"])
    model = Glove(
        value["vector-size"],
        preset="paper",
        x_max=value["x-max"],
        alpha=value["alpha"],
        learning_rate=value["eta"],
        grad_clip=value["grad-clip"],
        # -seed is used for the initial parameters only. The order of training must not depend on
        # -seed: a training that loads saved initial parameters must give the same result as the
        # training that saved them, for any seed.
        seed=0,
        threads=min(value["threads"], processors()),
        memory=int(free_memory() / 2),
        tmp_dir=_folder(value["save-file"]),
    )
    arrays, done = _initial(value, len(vocabulary))
    counts = Cooccurrence.load(
        value["input-file"],
        vocabulary,
        threads=model.threads,
        memory=model.memory,
        tmp_dir=model.tmp_dir,
        progress=_bars(value),
    )
    _say(f"{counts.nnz} records of {len(vocabulary)} words")
    if value["save-init-param"]:
        _save(value, vocabulary, arrays, 0)
    before = 0
    for stop in [*stops, last] if last > 0 else []:
        model.epochs, model.progress = stop - before, _Log(done, before)
        start: Any = {**arrays, "epochs_done": done + before, "halvings": 0}
        fit_options = CheckedFitOptions(keep_counts=False)
        fitting.fit(model, counts, fit_options, None, resume=False, start=start)
        arrays = model._state.arrays
        if every > 0 and stop % every == 0:
            _save(value, vocabulary, arrays, stop)
        before = stop
    _save(value, vocabulary, arrays, None)


def _initial(value: dict[str, Any], words: int) -> tuple[dict[str, _F32], int]:
    """Return parameters and accumulators to start from, and the number of epochs already trained.

    The number is 0 if no accumulators are loaded. Otherwise it is the number of the epoch in the
    name of the file of accumulators, or 1 if the name has no number.
    """
    dim = value["vector-size"]
    if value["load-init-param"]:
        arrays = _loaded(value["init-param-file"], words, dim)
    else:
        arrays = _core.random_parameters(0, words, dim, _seed(value))
    if not value["load-init-gradsq"]:
        sums = stanford.start_accumulators(arrays)
        return arrays | {f"G_{name}": array for name, array in sums.items()}, 0
    sums = _loaded(value["init-gradsq-file"], words, dim)
    # The name of a checkpoint contains the number of its epoch. The order of records in later
    # epochs depends on this number.
    number = re.search(r"\.(\d{3,})\.bin$", value["init-gradsq-file"])
    done = int(number.group(1)) if number else 1
    return arrays | {f"G_{name}": array for name, array in sums.items()}, done


def _loaded(path: str, words: int, dim: int) -> dict[str, _F32]:
    arrays = stanford.read_parameters(path, words)
    if arrays["W"].shape[1] != dim:
        raise ValueError(
            f"{path}: its vectors have {arrays['W'].shape[1]} components, but -vector-size is {dim}"
        )
    return arrays


def _save(
    value: dict[str, Any], vocabulary: Vocabulary, arrays: dict[str, _F32], epoch: int | None
) -> None:
    """Write the files of a checkpoint, or the final files if `epoch` is None."""
    for _, path, prefix in _saved(value, epoch):
        if path.endswith(".bin"):
            stanford.write_parameters(path, arrays, prefix)
        else:
            stanford.write_text(
                path,
                vocabulary.words,
                stanford.text_rows(arrays, 0 if prefix else value["model"], prefix),
                header=bool(value["write-header"]) and not prefix,
                unk=not prefix,
            )


def _saved(value: dict[str, Any], epoch: int | None) -> Iterator[tuple[str, str, str]]:
    """Yield the flag, path and prefix of each file that :func:`_save` writes.

    The prefix tells which arrays the file gets: "" for the parameters, such as "W", and "G_" for
    the accumulators.
    """
    infix = "" if epoch is None else f".{epoch:03d}"
    for flag, prefix in ("save-file", ""), ("gradsq-file", "G_"):
        if base := value[flag]:
            if value["binary"] > 0 or epoch == 0:
                yield flag, f"{base}{infix}.bin", prefix
            if value["binary"] != 1:
                yield flag, f"{base}{infix}.txt", prefix


def _check_outputs(value: dict[str, Any], stops: Sequence[int]) -> None:
    """Refuse an output that is an input. Other files are replaced, as by Stanford's tools."""
    epochs: list[int | None] = [*([0] if value["save-init-param"] else []), *stops, None]
    inputs = [value["input-file"], value["vocab-file"]]
    inputs += [
        value[f"init-{what}-file"] for what in ("param", "gradsq") if value[f"load-init-{what}"]
    ]
    outputs = [(f"-{flag}", path) for epoch in epochs for flag, path, _ in _saved(value, epoch)]
    check_files(outputs, inputs, overwrite=True)


class _Log:
    """A progress callback that prints a line for each epoch as soon as its loss is known."""

    def __init__(self, done: int, printed: int) -> None:
        self._done = done
        self._printed = printed

    def __call__(self, stage: str, done: int, total: int, info: dict[str, Any]) -> None:
        if info and info["epoch"] - self._done > self._printed:
            self._print(info["loss"])

    def _print(self, loss: float) -> None:
        self._printed += 1
        now = time.strftime("%x - %I:%M.%S%p")
        _say(f"{now}, iter: {self._printed:03d}, cost: {loss:.6f}")


# --- the flags of the tools -----------------------------------------------------------------------

_VERBOSE = Flag("verbose", 2, "0 prints little, 2 shows progress on a terminal")
_SEED = Flag("seed", 0, "random seed; 0 takes the seed from the clock")

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
        _vocab_count,
        "vocab_count -min-count 5 < corpus.txt > vocab.txt",
        False,
    ),
    "cooccur": Tool(
        "Count co-occurrences: text on standard input, records on standard output, sorted.",
        (
            _VERBOSE,
            Flag("symmetric", 1, "0 counts only the words to the left"),
            Flag("window-size", 15, "number of words on each side that a word co-occurs with"),
            Flag("vocab-file", "vocab.txt", "the words to count, as written by vocab_count"),
            Flag("memory", 3.0, "limit of memory in GiB; larger data goes to temporary files"),
            Flag("max-product", 0, "", ignored=True),
            Flag("overflow-length", 0, "", ignored=True),
            Flag("overflow-file", "overflow", "temporary files go to the folder of this file"),
            Flag("distance-weighting", 1, "0 adds 1 for every pair instead of 1/distance"),
        ),
        _cooccur,
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
        _shuffle,
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
            Flag("vector-size", 50, "number of components of each vector"),
            Flag("threads", 8, "number of threads, at most one for each processor"),
            Flag("iter", 25, "number of passes over the records"),
            Flag("eta", 0.05, "learning rate"),
            Flag("alpha", 0.75, "exponent of the weighting function"),
            Flag("x-max", 100.0, "count at which the weighting function reaches 1"),
            Flag("grad-clip", 100.0, "bound of each component of a gradient"),
            Flag("binary", 0, "0 writes text, 1 binary, 2 both"),
            Flag(
                "model",
                2,
                "numbers of a word in the text file: 0 all parameters, 1 W, 2 W + W_tilde, "
                "3 W and W_tilde",
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
        _glove,
        "glove -save-file vectors -threads 8 -input-file cooccurrence.shuf.bin -x-max 10 -iter 15\n"
        "      -vector-size 50 -binary 2 -vocab-file vocab.txt",
        True,
    ),
}


#: The flag for each parameter of the Python API, for messages.
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
        values.setdefault(flag.name, _number(flag, value))
    ignored = [f"-{flag.name}" for flag in tool.flags if flag.ignored and flag.name in values]
    for what, names in (("has no effect here", ignored), ("is not known", strange)):
        if names:
            _say(f"{' '.join(names)} {what}: ignored")
    values = {flag.name: flag.default for flag in tool.flags} | values
    if values.get("save-gradsq") and not values["gradsq-file"]:
        values["gradsq-file"] = "gradsq"
    return values


def _number(flag: Flag, value: str) -> int | float | str:
    if isinstance(flag.default, str):
        if not value and flag.default:
            raise ValueError(f"-{flag.name} must name a file, got ''")
        return value
    try:
        number = float(value)
    except ValueError:
        number = math.nan
    if not abs(number) < 2**63:
        raise ValueError(f"-{flag.name} must be a number, got {shown(value)}")
    return type(flag.default)(number)


def _seed(value: dict[str, Any]) -> int:
    seed = value["seed"] or int(time.time())
    _say(f"Using random seed {seed}")
    return int(seed) % 2**64


def _memory(size: float) -> int:
    """Return a memory limit in bytes, within the range that the API accepts."""
    return int(min(max(size, 16_000_000), 2**62))


def _folder(path: str) -> str:
    return os.path.dirname(path) or "."


def _bars(value: dict[str, Any]) -> bool | None:
    """Return the value of `progress` for the Python API: bars on a terminal from -verbose 2 on."""
    return None if value["verbose"] > 1 else False


def _say(line: str) -> None:
    if sys.stderr is not None:
        print(line, file=sys.stderr, flush=True)


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
        _say(f"glove-rs compat: TOOL must be one of {', '.join(TOOLS)}, {what}")
        return 2
    tool, flags = TOOLS[arguments[0]], arguments[1:]
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
    return 0
