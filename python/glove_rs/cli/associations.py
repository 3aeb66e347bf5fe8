"""``glove-rs associations``: test the associations of sets of words."""

from __future__ import annotations

import argparse
from typing import Any

from .. import associations
from .._results import ResultTable
from . import _inputs
from ._options import add_parameters, given
from ._parser import Commands, command
from ._printing import add_json, emit
from ._vectors import add_vectors, read_vectors

__all__ = ["add"]

_WEAT = ("alternative", "exact", "permutations", "seed", "threads", "memory")
#: The sets of each test, in the order in which they follow its option.
_TESTS = {
    "weat": ("X", "Y", "A", "B"),
    "sc_weat": ("WORDS", "A", "B"),
    "rnd": ("X", "Y", "A"),
    "ripa": ("X", "Y", "A"),
    "axis": ("POSITIVE", "NEGATIVE", "WORDS"),
}
_HELP = {
    "weat": "Word Embedding Association Test of targets X and Y with attributes A and B",
    "sc_weat": "association of each of WORDS with A and B",
    "rnd": "Relative Norm Distance of A from X and Y",
    "ripa": "Relational Inner Product Association of A with pairs of the words of X and Y",
    "axis": "projections of WORDS on the axis from NEGATIVE to POSITIVE",
}


def add(commands: Commands) -> None:
    """Add the command."""
    parser = command(
        commands,
        "associations",
        _associations,
        "VECTORS SETS --TEST SET... [options]",
        summary="test associations of sets of words, and project words on axes",
        text=(
            "Test how sets of words are associated in VECTORS. SETS is a JSON file such as "
            '{"cold": ["ice", "snow"], "hot": ["fire"]}, or a file with the header set,word and '
            "the name of a set and a word on each line. Words without a vector are named and left "
            "out."
        ),
        example=(
            "glove-rs associations model sets.json --weat x y a b\n"
            "glove-rs associations model sets.json --axis a b x --json"
        ),
    )
    add_vectors(parser)
    parser.add_argument("sets", metavar="SETS", help="the file of the sets")
    group = parser.add_argument_group("tests").add_mutually_exclusive_group(required=True)
    for name, sets in _TESTS.items():
        group.add_argument(
            f"--{name.replace('_', '-')}",
            dest=name,
            nargs=len(sets),
            metavar=sets,
            help=_HELP[name],
        )
    add_parameters(parser.add_argument_group("of --weat and --sc-weat"), associations.weat, _WEAT)
    add_json(parser)


def _associations(options: argparse.Namespace) -> None:
    sets = associations.read_sets(_inputs.local(options.sets))
    name = next(name for name in _TESTS if getattr(options, name) is not None)
    for own in getattr(options, name):
        if own not in sets:
            raise ValueError(
                f"{options.sets} has no set {own!r}; its sets are {', '.join(map(repr, sets))}"
            )
    chosen = [sets[own] for own in getattr(options, name)]
    wv = read_vectors(options)
    search = given(options, _WEAT)
    if name not in ("weat", "sc_weat"):
        for own in search:
            options.parser.error(f"--{own} needs --weat or --sc-weat")
    result: ResultTable
    if name == "weat":
        result = associations.weat(wv, *chosen, **search)
    elif name == "sc_weat":
        result = associations.sc_weat(wv, *chosen, **search)
    elif name == "rnd":
        result = associations.rnd(wv, *chosen)
    elif name == "ripa":
        result = _ripa(wv, *chosen)
    else:
        positive, negative, words = chosen
        result = associations.axis(wv, positive, negative).project(words)
    emit(options, result.to_dict(), str(result))


def _ripa(wv: Any, first: Any, second: Any, attributes: Any) -> ResultTable:
    if len(first) != len(second):
        raise ValueError(
            f"{first.name} and {second.name} must have the same number of words to form pairs, "
            f"got {len(first)} and {len(second)}"
        )
    return associations.ripa(wv, list(zip(first, second, strict=True)), attributes)
