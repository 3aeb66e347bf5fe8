"""Write the help of every command into docs/cli.md.

python docs/cli.py            write the file
python docs/cli.py --check    fail if the file is not up to date

A line such as ``<!-- glove-rs fit --help -->`` names a command. This script replaces the block
after the line by the help of the command. All other text of the page is written by hand.
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
    """Return the help of a command."""
    name, _, tool = command.strip().partition(" ")
    if tool:
        return compat.usage(tool)
    top = parser()
    return (top.command(name) if name else top).format_help()


def updated(text: str) -> str:
    """Return the text of the page with all blocks up to date."""
    return BLOCK.sub(lambda m: f"{m[1]}{help_of(m['command']).rstrip()}\n{m[3]}", text)


def main() -> None:
    text = MANUAL.read_text(encoding="utf-8")
    new = updated(text)
    if sys.argv[1:] == ["--check"]:
        if new != text:
            sys.exit("docs/cli.md is not up to date with the help: run `make manual`")
    else:
        MANUAL.write_text(new, encoding="utf-8")


if __name__ == "__main__":
    main()
