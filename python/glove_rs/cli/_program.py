"""The program `glove-rs`: the parser of all commands, and the exit code and message of a run."""

from __future__ import annotations

import argparse
import importlib
import os
import re
import stat
import sys
import warnings
from typing import Any

from .. import InternalError, __version__
from ._parser import Parser, attribute_of, flag_of, subcommands
from ._printing import say
from ._streams import refuse_closed_output
from ._terminal import guarded

__all__ = ["PATHS", "parser", "run"]

#: The commands, in the order of the help. Each is a module of this name. For a command, only its
#: module is imported (and what this module imports), so that commands start fast. Help on all
#: commands imports all modules.
_COMMANDS = (
    "fit",
    "vocab",
    "cooccur",
    "train",
    "update",
    "contexts",
    "contrast",
    "phrases",
    "similar",
    "analogy",
    "infer",
    "evaluate",
    "kwic",
    "associations",
    "convert",
    "info",
    "pairs",
    "subwords",
    "bootstrap",
    "compare",
    "estimate",
    "demo",
    "completion",
    "compat",
)

_DESCRIPTION = "GloVe word vectors: train, query, measure and convert them."
_EPILOG = """\
examples:
  glove-rs fit corpus.txt --out model
  glove-rs similar model ice steam
  zcat corpus.gz | glove-rs vocab - | head

`glove-rs COMMAND --help` lists all options of a command.
"""


def parser(command: str | None = None) -> Parser:
    """Return the parser of all commands, or only of `command` if there is such a command.

    For "--version", the parser has no commands.
    """
    top = Parser("glove-rs", usage="glove-rs COMMAND ...", description=_DESCRIPTION, epilog=_EPILOG)
    version = f"glove-rs {__version__}"
    top.add_argument(
        "--version", action="version", version=version, help="print the version and exit"
    )
    commands = subcommands(top)
    named = [command] if command in _COMMANDS else _COMMANDS
    for module in [] if command == "--version" else named:
        importlib.import_module(f"{__package__}.{module}").add(commands)
    return top


def run(arguments: list[str]) -> int:
    """Run a command line and return its exit code.

    Raises
    ------
    KeyboardInterrupt
        After Ctrl-C. Its argument, if any, is the line to print instead of "interrupted".
    """
    for stream, errors in ((sys.stdout, "surrogateescape"), (sys.stdin, "strict")):
        if hasattr(stream, "reconfigure"):
            # Words are UTF-8 in every locale; file names may contain any bytes.
            stream.reconfigure(encoding="utf-8", errors=errors)
    if hasattr(sys.stderr, "reconfigure"):
        # A message may quote characters that the encoding of the terminal does not have.
        sys.stderr.reconfigure(errors="backslashreplace")
    warnings.showwarning = _warn
    with guarded():
        return _flushed(arguments)


def _flushed(arguments: list[str]) -> int:
    try:
        try:
            return _run(arguments)
        finally:
            if sys.stdout is not None:
                sys.stdout.flush()
    except BrokenPipeError:
        # The reader of the pipe has closed it. Python flushes standard output again when it exits:
        # redirect this output to the null device.
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
        return 0
    except OSError as error:  # raised by the flush
        error.filename = "-"
        say(f"glove-rs: {_reason(error, argparse.Namespace())}")
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
        return 1


def _run(arguments: list[str]) -> int:
    name = " ".join(arguments[: 2 if arguments[:1] == ["compat"] else 1])
    options = argparse.Namespace()
    try:
        if any("\0" in argument for argument in arguments):
            raise ValueError("an argument contains a zero byte, which is not allowed")
        if not arguments:
            parser().print_help(sys.stderr)
            return 2
        if arguments[:1] == ["compat"]:
            from . import compat

            # Stanford's flags have one dash. `Parser` would read -min-count as the option -m.
            return compat.main(arguments[1:], parser)
        options, unknown = parser(arguments[0]).parse_known_args(arguments)
        if unknown:
            options.parser.unknown(unknown)
        refuse_closed_output()
        _refuse_empty_paths(options)
        _refuse_shared_inputs(options)
        code = options.run(options)
    except BrokenPipeError:
        raise
    except Exception as error:
        wrong = _wrong_option(error, options)
        reason = wrong or _reason(error, options)
        if reason is None:
            raise
        say(f"glove-rs {name}: {_with_notes(reason, error)}")
        return 2 if wrong else 1
    return int(code or 0)


#: Metavars of the options and arguments that are checked and completed as paths. A and B are not
#: among them: they are paths for the command compare, but words for analogy.
PATHS = {
    "CORPUS",
    "COUNTS",
    "DIR",
    "FILE",
    "FOLDER",
    "INPUT",
    "MODEL",
    "OUTPUT",
    "PATH",
    "SETS",
    "VECTORS",
}


def _refuse_empty_paths(options: argparse.Namespace) -> None:
    """Refuse empty paths. A script passes an empty path if one of its variables is not set."""
    for action in options.parser._actions:
        value = getattr(options, action.dest, None)
        if action.metavar in PATHS and "" in (value if isinstance(value, list) else [value]):
            error = argparse.ArgumentError(action, "must name a file or folder, got ''")
            options.parser.error(str(error))


#: Options and arguments that are outputs, and so may be "-" beside an input that is "-". Only the
#: option --vectors is an output: the argument VECTORS is an input.
_OUTPUTS = {"output", "out", "vectors", "save_counts", "save_vocab", "html"}


def _refuse_shared_inputs(options: argparse.Namespace) -> None:
    """Refuse two inputs that are the same pipe or terminal, which can be read only once."""
    first: dict[tuple[int, int], str] = {}
    for action in options.parser._actions:
        is_output = action.dest in _OUTPUTS and action.metavar != "VECTORS"
        if is_output or not PATHS.intersection(str(action.metavar).split("|")):
            continue
        name = str(action.option_strings[-1] if action.option_strings else action.metavar)
        value = getattr(options, action.dest, None)
        for path in value if isinstance(value, list) else [value]:
            stream = _stream_of(path) if isinstance(path, str) else None
            if stream is not None and stream in first:
                what = "standard input" if path in _STANDARD_INPUT else path
                options.parser.error(
                    f"{first[stream]} and {name} are both {what}, which can be read only once: "
                    "save one of them to a file"
                )
            if stream is not None:
                first[stream] = name


_STANDARD_INPUT = {"-", "/dev/stdin"}


def _stream_of(path: str) -> tuple[int, int] | None:
    """Identify the pipe or socket that a path names, or the terminal that is standard input.

    Return None for anything else.
    """
    try:
        found = os.stat("/dev/stdin" if path == "-" else path)
    except (OSError, ValueError):
        return None
    is_stream = stat.S_ISFIFO(found.st_mode) or stat.S_ISSOCK(found.st_mode)
    if path in _STANDARD_INPUT and sys.stdin is not None:
        is_stream = is_stream or sys.stdin.isatty()
    return (found.st_dev, found.st_ino) if is_stream else None


def _wrong_option(error: Exception, options: argparse.Namespace) -> str | None:
    """Return the message of a ValueError, with the name of each parameter replaced by its option.

    Return None for any other exception, if the message does not begin with the name of a parameter
    that has an option, or if this option has no value in `options`.
    """
    found = re.match(r"(\w+)( (?:must|needs|has|cannot|is not possible) .*)", str(error), re.S)
    if not isinstance(error, ValueError) or found is None:
        return None
    name = found.group(1)
    flag = flag_of(options, name) if hasattr(options, attribute_of(options, name)) else None
    return flag and flag + _with_options(found.group(2), options)


#: A word of a message that may be a parameter. It is one only if it follows "set", precedes "=", or
#: has an underscore: `_with_options` checks this. A word beside a quotation mark or a slash, or
#: within a name with dots, such as the name of a file, does not match.
_PARAMETER = (
    r"""(?<![\w./\\'"-])(?P<set>set )?(?P<name>[a-z]+(?:_[a-z0-9]+)*)"""
    r"""(?:(?P<assigned>=)(?P<value>True\b|False\b)?|(?!\.?\w|[/\\'"]))"""
)
#: Quoted text in a message. An apostrophe within a word is not a quote.
_QUOTED = r"""(?<!\w)'[^']*'(?!\w)|"[^"]*\""""


def _with_options(message: str, options: argparse.Namespace) -> str:
    """Return a message in which each parameter that has an option is replaced by the option.

    Quoted text, and what the user gave on the command line, such as the name of a file, is kept.
    """
    texts = sorted(map(re.escape, _texts(options)), key=len, reverse=True)
    kept = "|".join([_QUOTED, *(rf"(?<!\w){text}(?!\w)" for text in texts)])

    def replaced(found: re.Match[str]) -> str:
        if found["kept"]:
            return found[0]
        name, assigned, value = found["name"], found["assigned"], found["value"]
        is_name = found["set"] or assigned or "_" in name
        if not is_name or _is_in_call(message[: found.start()]):
            return found[0]
        flag = flag_of(options, name, value != "False")
        if flag is None:
            return found[0]
        has_value = assigned and not value and message[found.end() : found.end() + 1].strip()
        return f"{found['set'] or ''}{flag}{'=' if has_value else ''}"

    return re.sub(f"(?P<kept>{kept})|{_PARAMETER}", replaced, message)


def _texts(options: argparse.Namespace) -> set[str]:
    """Return the arguments of the user in which a part may look like a parameter."""
    values = [
        value
        for given in vars(options).values()
        for value in (given if isinstance(given, list) else [given])
    ]
    return {text for text in values if isinstance(text, str) and re.search("[_=]|set ", text)}


def _is_in_call(before: str) -> bool:
    """Return whether `before` ends within the arguments of a call, such as ``fit(path, ``."""
    function, _, arguments = before.rpartition("(")
    return ")" not in arguments and function[-1:].isalnum()


# The exceptions that have a message for the user. `_reason` adds three more: a MemoryError, a plain
# RuntimeError, which comes from a cluster, and an InternalError of the core. Any other subclass of
# RuntimeError is a fault of this code and gives a traceback.
_EXPECTED = (OSError, ValueError, KeyError, ArithmeticError, ImportError)


def _reason(error: Exception, options: argparse.Namespace) -> str | None:
    """Return the reason of a failure in one line; None for a fault of this program."""
    if isinstance(error, OSError) and error.strerror:
        reason = _with_options(error.strerror, options)
        if error.filename is not None:
            reason = f"{error.filename}: {reason}"
    elif isinstance(error, MemoryError):
        reason = _with_options(str(error), options) or "out of memory"
    elif isinstance(error, KeyError):  # the message quotes words of the user: keep it unchanged
        reason = str(error)
    elif isinstance(error, _EXPECTED) or type(error) in (RuntimeError, InternalError):
        reason = _with_options(str(error), options)
    else:
        return None
    reason = re.sub(r"^(-|/dev/stdin)(?=[:,])", lambda name: _STREAMS[name.group(1)], reason)
    return " ".join(reason.split())


def _with_notes(reason: str, error: BaseException) -> str:
    """Return a reason and the notes of the exception, in one line."""
    return "; ".join([reason, *getattr(error, "__notes__", ())])


_STREAMS = {"-": "standard output", "/dev/stdin": "standard input"}


def _warn(message: Warning | str, *_: Any, **__: Any) -> None:
    say(f"glove-rs: warning: {message}")
