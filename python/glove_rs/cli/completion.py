"""``glove-rs completion``: print a script with which a shell completes commands and options."""

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
            "Print a script for a shell. When the shell has loaded the script, the tab key "
            "completes commands, options, their values and file names. This command needs shtab: "
            "pip install shtab."
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
    # The parser of compat has no argument TOOL, because `compat.main` reads its command line.
    program.command("compat").add_argument("tool", choices=list(TOOLS))
    print(shtab.complete(_with_values(program, shtab.FILE), options.shell))


def _with_values(parser: argparse.ArgumentParser, files: object) -> argparse.ArgumentParser:
    """Let shtab complete values: file names, and the names in a metavar such as ``a|b``."""
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
