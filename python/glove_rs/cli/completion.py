"""``completion``: a script that completes commands and options in a shell."""

from __future__ import annotations

import argparse

from .._optional import optional
from ._parser import Commands, command

__all__ = ["add"]

_SHELLS = ("bash", "zsh", "fish")


def add(commands: Commands) -> None:
    """Add the command."""
    parser = command(
        commands,
        "completion",
        _completion,
        "bash|zsh|fish",
        summary="print a script that completes commands in a shell",
        text=(
            "Print a script for a shell, after which the tab key completes commands, options, "
            "their values and file names. This needs shtab: pip install shtab."
        ),
        example=(
            "glove-rs completion bash > ~/.local/share/bash-completion/completions/glove-rs\n"
            "glove-rs completion zsh > ~/.zfunc/_glove-rs"
        ),
    )
    parser.add_argument("shell", metavar="bash|zsh|fish", choices=_SHELLS, help="the shell")


def _completion(options: argparse.Namespace) -> None:
    from ._program import parser
    from .compat import TOOLS

    shtab = optional("shtab", "completion")
    program = parser()
    # The program reads the tool itself, before argparse.
    program.command("compat").add_argument("tool", choices=list(TOOLS))
    print(shtab.complete(_with_values(program, shtab.FILE), options.shell))


def _with_values(parser: argparse.ArgumentParser, files: object) -> argparse.ArgumentParser:
    """Have values completed: file names, and the names that a metavar such as ``a|b`` lists."""
    from ._program import PATHS

    for action in parser._actions:
        if isinstance(action, argparse._SubParsersAction):
            for command in action.choices.values():
                _with_values(command, files)
        elif action.metavar in PATHS:
            action.complete = files  # type: ignore[attr-defined]
        elif isinstance(action.metavar, str) and "|" in action.metavar:
            action.choices = action.metavar.split("|")
    return parser
