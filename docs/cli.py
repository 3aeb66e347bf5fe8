"""Write the help of every command into docs/cli.md, below the line that names the command.

python docs/cli.py            write it
python docs/cli.py --check    fail if it is not what would be written

A line ``<!-- glove-rs fit --help -->`` is followed by a block that this script owns; all other text
is written by hand.
"""

import re
import sys
from pathlib import Path

from glove_rs.cli import compat, parser

MANUAL = Path(__file__).with_suffix(".md")
BLOCK = re.compile(
    r"(<!-- glove-rs(?P<command>[\w ]*) -{1,2}help -->\n```text\n).*?(^```$)", re.M | re.S
)


def help_of(command: str) -> str:
    """What a command prints when asked for help."""
    name, _, tool = command.strip().partition(" ")
    if tool:
        return compat.usage(tool)
    top = parser()
    return (top.command(name) if name else top).format_help()


def updated(text: str) -> str:
    """The manual with every block as it should be."""
    return BLOCK.sub(lambda m: f"{m[1]}{help_of(m['command']).rstrip()}\n{m[3]}", text)


def main() -> None:
    text = MANUAL.read_text(encoding="utf-8")
    new = updated(text)
    if sys.argv[1:] == ["--check"]:
        if new != text:
            sys.exit("docs/cli.md is not what the programs say: run `make docs`")
    else:
        MANUAL.write_text(new, encoding="utf-8")


if __name__ == "__main__":
    main()
