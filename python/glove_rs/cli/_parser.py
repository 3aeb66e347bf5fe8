"""A parser on top of argparse. The layout of its help is the same in every version of Python."""

from __future__ import annotations

import argparse
import difflib
import re
import textwrap
from collections.abc import Callable, Mapping
from typing import Any, NoReturn, TypeAlias, cast

__all__ = ["Commands", "Parser", "attribute_of", "command", "flag_of", "subcommands"]

Commands: TypeAlias = "argparse._SubParsersAction[Parser]"
_WIDTH = 88
Run: TypeAlias = Callable[[argparse.Namespace], object]


class _Formatter(argparse.RawDescriptionHelpFormatter):
    def __init__(self, prog: str, **_: Any) -> None:
        super().__init__(prog, max_help_position=26, width=_WIDTH)

    def _format_action_invocation(self, action: argparse.Action) -> str:
        # Python before 3.13 repeats the metavar after each name of an option.
        if not action.option_strings or action.nargs == 0:
            return super()._format_action_invocation(action)
        metavar = self._get_default_metavar_for_optional(action)
        return f"{', '.join(action.option_strings)} {self._format_args(action, metavar)}"


class Parser(argparse.ArgumentParser):
    """A parser with a hand-written usage line and without abbreviated options."""

    def __init__(self, prog: str, **settings: Any) -> None:
        super().__init__(
            prog, formatter_class=_Formatter, allow_abbrev=False, add_help=False, **settings
        )
        self.add_argument("-h", "--help", action="help", help="print this help and exit")

    def command(self, name: str) -> Parser:
        """Return the parser of the command `name`."""
        actions = (a for a in self._actions if isinstance(a, argparse._SubParsersAction))
        return cast(Parser, next(actions).choices[name])

    def parse_known_args(self, args: Any = None, namespace: Any = None) -> Any:
        """Parse arguments, but refuse an unknown option first.

        Otherwise a mistyped option could give the misleading error that a required argument is
        missing.

        An argument such as FILE... takes any number of values. argparse ends the values of such an
        argument at the first option. Here values after an option also belong to the argument.
        """
        for argument in args or ():
            if argument == "--" or (self._subparsers is not None and argument[:1] != "-"):
                break
            if (name := _option_name(argument)) and name not in self._option_string_actions:
                self.unknown([argument])
        found, rest = super().parse_known_args(args, namespace)
        several = [a for a in self._actions if not a.option_strings and a.nargs == "*"]
        if not rest or not several:
            return found, rest
        before = getattr(found, several[0].dest)
        before = [] if before is several[0].default else before
        if "--" in rest:  # what follows "--" is never an option
            rest.remove("--")
        setattr(found, several[0].dest, [*before, *rest])
        return found, []

    def unknown(self, arguments: list[str]) -> NoReturn:
        """Exit with an error that names the unknown arguments and options of similar spelling."""
        options = list(self._option_string_actions)
        near = [_nearest(argument.partition("=")[0], options) for argument in arguments]
        self.error(f"unrecognized arguments: {' '.join(arguments)}{_suggested(near)}")

    def _get_value(self, action: argparse.Action, arg_string: str) -> Any:
        try:
            return super()._get_value(action, arg_string)
        except argparse.ArgumentError as error:
            from .._checks import shown  # imports numpy, which most calls of a parser do without

            message = error.message.replace(repr(arg_string), shown(arg_string))
            raise argparse.ArgumentError(action, message) from None

    def _check_value(self, action: argparse.Action, value: Any) -> None:
        try:
            super()._check_value(action, value)
        except argparse.ArgumentError as error:
            near = _nearest(str(value), [str(choice) for choice in action.choices or ()])
            raise argparse.ArgumentError(action, error.message + _suggested([near])) from None


def _option_name(argument: str) -> str:
    """Return the name of the option in an argument, or '' if argparse sees no option in it."""
    if argument.startswith("--") and " " not in argument:
        return argument.partition("=")[0]
    if re.fullmatch(r"-[^-].*", argument, re.S) and not re.fullmatch(r"-\d*\.?\d+", argument):
        return argument[:2]
    return ""


#: A spelling is suggested only if its similarity, from 0 to 1, is at least this number.
_NEAR = 0.8


def _nearest(word: str, words: list[str]) -> str | None:
    """Return the one of `words` that the user may have meant by `word`; None if there is none.

    It is the first of `words` that begins with `word`; if there is none, the longest one with which
    `word` begins; otherwise the one with the most similar spelling.
    """
    # Compare without the dashes, which all options have.
    spelled = {other.lstrip("-").lower(): other for other in words}
    bare = word.lstrip("-").lower()
    longer = [other for other in spelled if len(bare) > 1 and other.startswith(bare)]
    shorter = [other for other in spelled if len(other) > 2 and bare.startswith(other)]
    near = longer or sorted(shorter, key=len, reverse=True)
    near = near or difflib.get_close_matches(bare, spelled, 1, _NEAR)
    return spelled[near[0]] if near else None


def _suggested(words: list[str | None]) -> str:
    near = [word for word in words if word is not None]
    return f"; did you mean {', '.join(near)}?" if near else ""


def subcommands(parent: Parser) -> Commands:
    """Return the object that commands are added to."""
    return parent.add_subparsers(
        prog=parent.prog,
        dest="command",
        metavar="COMMAND",
        title="commands",
        required=True,
        parser_class=Parser,
    )


def command(
    commands: Commands,
    name: str,
    run: Run,
    arguments: str,
    *,
    summary: str,
    text: str,
    example: str,
    renamed: Mapping[str, str] | None = None,
) -> Parser:
    """Add a command with its arguments, summary, description and example.

    `renamed` has the parameters of the Python API whose options have another name: the name of the
    parameter as key, and that of the option's attribute in the parsed namespace as value. Messages
    replace such a parameter by its option.
    """
    parser = commands.add_parser(
        name,
        usage=f"glove-rs {name} {arguments}",
        help=summary,
        description="\n\n".join(_filled(paragraph) for paragraph in text.split("\n\n")),
        epilog=f"example:\n{textwrap.indent(example, '  ')}\n",
    )
    parser.set_defaults(run=run, parser=parser, renamed=renamed or {})
    return parser


def _filled(paragraph: str) -> str:
    # An indented list keeps its line breaks.
    return paragraph if paragraph.startswith(" ") else textwrap.fill(paragraph, _WIDTH)


def flag_of(options: argparse.Namespace, name: str, value: bool = True) -> str | None:
    """Return the command-line option of the parameter `name`; None if there is no such option.

    With `value` False, return the option that sets a bool to False, such as ``--no-lowercase``.
    """
    parser = getattr(options, "parser", None)
    for action in () if parser is None else parser._actions:
        flags = [flag for flag in action.option_strings if flag.startswith("--")]
        flags = flags if value else [flag for flag in flags if flag.startswith("--no-")]
        if action.dest == attribute_of(options, name) and flags:
            return str(flags[0])
    return None


def attribute_of(options: argparse.Namespace, name: str) -> str:
    """Return the name of the attribute of `options` that holds the parameter `name`."""
    return str(getattr(options, "renamed", {}).get(name, name))
