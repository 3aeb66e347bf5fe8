"""``glove-rs contrast``: two words compared by their contexts."""

from __future__ import annotations

import argparse
from typing import Any

from .. import Cooccurrence
from .._settings import names
from ._counts import add_counts, read_counts
from ._options import add_parameters, add_settings, given
from ._parser import Commands, command
from ._printing import add_json, emit

__all__ = ["add"]

_CONTRAST = ("topn", "smoothing", "prior")


def add(commands: Commands) -> None:
    """Add the command."""
    parser = command(
        commands,
        "contrast",
        _contrast,
        "COUNTS I J [--probes WORD...] [options]",
        summary="compare two words by their contexts, as table 1 of the paper",
        text=(
            "Print how often each context word k occurs beside the words I and J: the counts, "
            "P(k|I), P(k|J), their ratio, and the log-odds with an informative Dirichlet prior "
            "(Monroe et al. 2008). Without --probes, print three groups of context words, each of "
            "at most --topn words: contexts of I more than of J, contexts of J more than of I, and "
            "contexts that both share."
        ),
        example=(
            "glove-rs contrast counts ice steam --probes solid gas water fashion\n"
            "glove-rs contrast counts ice steam --topn 20 --smoothing 1"
        ),
    )
    add_counts(parser)
    parser.add_argument("i", metavar="I", help="a word of the vocabulary")
    parser.add_argument("j", metavar="J", help="another word of the vocabulary")
    parser.add_argument("--probes", metavar="WORD", nargs="+", help="the context words to show")
    add_parameters(parser.add_argument_group("contrast"), Cooccurrence.contrast, _CONTRAST)
    add_json(parser)
    add_settings(parser.add_argument_group("running"), names("running"))


def _contrast(options: argparse.Namespace) -> None:
    found = read_counts(options).contrast(
        options.i, options.j, options.probes, **given(options, _CONTRAST)
    )
    values = {name: column.tolist() for name, column in found.values.items()}
    rows: list[dict[str, Any]] = [
        {"k": word, "group": group, **dict(zip(values, line, strict=True)), "note": note}
        for word, group, note, *line in zip(
            found.words, found.groups, found.notes, *values.values(), strict=True
        )
    ]
    result = {
        "i": found.i,
        "j": found.j,
        "totals": found.totals,
        "smoothing": found.smoothing,
        "prior": found.prior,
        "contexts": rows,
    }
    emit(options, result, str(found))
