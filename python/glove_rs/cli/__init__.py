"""The command line: ``glove-rs COMMAND ...`` or ``python -m glove_rs COMMAND ...``.

Results go to standard output, and messages and progress to standard error. The exit code is 0
after success, 1 after a failure, 2 for wrong arguments, and 130 after Ctrl-C. After a failure, a
line states the reason, but a fault of the program itself gives a traceback.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING

# Imports take time, and the user may press Ctrl-C meanwhile. So the other modules of the command
# line are imported in `main`, which catches Ctrl-C and prints a line instead of a traceback.

if TYPE_CHECKING:
    from ._parser import Parser

__all__ = ["main", "parser"]


def parser() -> Parser:
    """Return the parser of the whole command line."""
    from . import _program

    return _program.parser()


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a command line, by default that of the process, and return its exit code.

    Raises
    ------
    SystemExit
        With the exit code, for ``--help``, ``--version`` and arguments that the parser refuses.
    """
    try:
        from . import _program

        return _program.run(sys.argv[1:] if arguments is None else list(arguments))
    except KeyboardInterrupt as interrupt:
        if sys.stderr is not None:
            reason = interrupt.args[0] if interrupt.args else "interrupted"
            reason = "; ".join([str(reason), *getattr(interrupt, "__notes__", ())])
            print(f"glove-rs: {reason}", file=sys.stderr)
        return 130
