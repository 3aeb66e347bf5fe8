"""The command line: ``glove-rs COMMAND ...``, and the same as ``python -m glove_rs``.

Results go to standard output, everything else to standard error. The exit code is 0 for success, 1
for a failure, with a line that states the reason, 2 for wrong arguments, and 130 after Ctrl-C.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING

# Nothing else is imported before `main` can end with a line instead of a traceback.

if TYPE_CHECKING:
    from ._parser import Parser

__all__ = ["main", "parser"]


def parser() -> Parser:
    """Return the parser of the whole command line."""
    from . import _program

    return _program.parser()


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a command line and return its exit code."""
    try:
        from . import _program

        return _program.run(sys.argv[1:] if arguments is None else list(arguments))
    except KeyboardInterrupt as interrupt:
        if sys.stderr is not None:
            reason = interrupt.args[0] if interrupt.args else "interrupted"
            print(f"glove-rs: {reason}", file=sys.stderr)
        return 130
