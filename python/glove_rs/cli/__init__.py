"""The command line: ``glove-rs COMMAND ...``, and the same as ``python -m glove_rs``.

Results go to standard output, everything else to standard error. The exit code is 0 when done, 1
after a failure with a line that says why, 2 for a wrong call, 130 after Ctrl-C.
"""

from __future__ import annotations

import argparse
import os
import re
import sys
import warnings
from collections.abc import Sequence
from typing import Any

from .. import InternalError, __version__
from . import compat, demo, estimate, files, queries, training
from ._parser import Parser, flag_of, subcommands
from ._terminal import guarded

__all__ = ["main", "parser"]

_DESCRIPTION = "GloVe word vectors: train, query, measure and convert them."
_EPILOG = """\
examples:
  glove-rs fit corpus.txt --out model
  glove-rs similar model ice steam
  zcat corpus.gz | glove-rs vocab - | head

`glove-rs COMMAND --help` tells all options of a command. docs/cli.md is the manual.
"""


def parser() -> Parser:
    """Return the parser of the whole command line."""
    top = Parser("glove-rs", usage="glove-rs COMMAND ...", description=_DESCRIPTION, epilog=_EPILOG)
    version = f"glove-rs {__version__}"
    top.add_argument("--version", action="version", version=version, help="print it and exit")
    commands = subcommands(top)
    for module in (training, queries, files, estimate, demo, compat):
        module.add(commands)
    return top


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a command line and return its exit code."""
    arguments = sys.argv[1:] if arguments is None else list(arguments)
    for stream, errors in ((sys.stdout, "surrogateescape"), (sys.stdin, "strict")):
        if hasattr(stream, "reconfigure"):
            # Words are UTF-8, whatever the locale; names of files may hold any bytes.
            stream.reconfigure(encoding="utf-8", errors=errors)
    if hasattr(sys.stderr, "reconfigure"):
        sys.stderr.reconfigure(errors="backslashreplace")  # a message, whatever it quotes
    warnings.showwarning = _warn
    with guarded():
        return _main(list(arguments))


def _main(arguments: list[str]) -> int:
    try:
        try:
            return _run(arguments)
        finally:
            if sys.stdout is not None:
                sys.stdout.flush()
    except KeyboardInterrupt:
        _say("glove-rs: interrupted")
        return 130
    except BrokenPipeError:
        # Whoever reads has enough. Python flushes once more at its end.
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
        return 0
    except OSError as error:  # of the flush
        _say(f"glove-rs: {_reason(error)}")
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
        return 1


def _run(arguments: list[str]) -> int:
    name = " ".join(arguments[: 2 if arguments[:1] == ["compat"] else 1])
    options = argparse.Namespace()
    try:
        if any("\0" in argument for argument in arguments):
            raise ValueError("an argument holds a zero byte, which is in no name and in no text")
        if arguments[:1] == ["compat"]:
            # Flags with one dash are not what argparse reads.
            return compat.main(arguments[1:], parser)
        options = parser().parse_args(arguments)
        if sys.stdout is None:
            raise OSError(9, "it is closed", "-")
        _refuse_empty_paths(options)
        options.run(options)
    except BrokenPipeError:
        raise
    except Exception as error:
        wrong = _wrong_option(error, options)
        reason = wrong or _reason(error)
        if reason is None:
            raise
        _say(f"glove-rs {name}: {reason}")
        return 2 if wrong else 1
    return 0


# What stands for a path in a help text.
_PATHS = {"CORPUS", "COUNTS", "DIR", "FILE", "INPUT", "MODEL", "OUTPUT", "PATH", "VECTORS"}


def _refuse_empty_paths(options: argparse.Namespace) -> None:
    """Refuse what an unset variable of a script leaves of a path."""
    for action in options.parser._actions:
        value = getattr(options, action.dest, None)
        if action.metavar in _PATHS and "" in (value if isinstance(value, list) else [value]):
            error = argparse.ArgumentError(action, "must name a file or folder, got ''")
            options.parser.error(str(error))


def _wrong_option(error: Exception, options: argparse.Namespace) -> str | None:
    """Return what is wrong with an option, if the API complains about one by its name."""
    found = re.match(r"(\w+)( must .*)", str(error), re.S)
    if not isinstance(error, ValueError) or found is None or not hasattr(options, found.group(1)):
        return None
    flag = flag_of(options, found.group(1))
    return flag and flag + found.group(2)


# RuntimeError itself is that of a cluster; those derived from it are faults of a program.
_EXPECTED = (OSError, ValueError, KeyError, ArithmeticError, ImportError)


def _reason(error: Exception) -> str | None:
    """Return a line that says what failed, or None for a fault of this program itself."""
    if isinstance(error, OSError) and error.strerror:
        reason = error.strerror if error.filename is None else f"{error.filename}: {error.strerror}"
    elif isinstance(error, MemoryError):
        reason = str(error) or "out of memory"
    elif isinstance(error, _EXPECTED) or type(error) in (RuntimeError, InternalError):
        reason = str(error)
    else:
        return None
    reason = re.sub(r"^(-|/dev/stdin)(?=[:,])", lambda name: _STREAMS[name.group(1)], reason)
    return " ".join(reason.split())


_STREAMS = {"-": "standard output", "/dev/stdin": "standard input"}


def _warn(message: Warning | str, *_: Any, **__: Any) -> None:
    _say(f"glove-rs: warning: {message}")


def _say(line: str) -> None:
    if sys.stderr is not None:
        print(line, file=sys.stderr)
