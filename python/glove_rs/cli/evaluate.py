"""``glove-rs evaluate``: measure vectors on evaluation sets."""

from __future__ import annotations

import argparse

from .. import WordVectors, evaluation
from .._io.files import replacing
from . import _inputs
from ._options import add_parameters, flag, given
from ._output_files import add_overwrite, check_files, written
from ._parser import Commands, command
from ._printing import add_json, emit, refuse_json_beside
from ._vectors import add_vectors, read_vectors

__all__ = ["add"]

_EVALUATION = ("method", "restrict_vocab", "lowercase")
_BOOTSTRAP = ("n", "seed")


def add(commands: Commands) -> None:
    """Add the command."""
    parser = command(
        commands,
        "evaluate",
        _evaluate,
        "VECTORS FILE... [options]\n       glove-rs evaluate VECTORS --panel DIR [options]",
        summary="measure vectors on analogy questions, rated word pairs and categories",
        text=(
            "Score vectors on files of analogy questions, such as questions-words.txt, of rated "
            "word pairs, such as wordsim353.tsv (two words and a rating on each line), and of "
            "categories (a word and its category on each line). The kind of a file is recognised "
            "by its content.\n\n"
            "With --panel, score the vectors on all sets of a folder, and print one table with the "
            "coverage and a 95 % bootstrap interval of each score. With --baseline, the table also "
            "has the difference of the two models. For the difference, both models are scored on "
            "the items whose words both models have, with the same bootstrap draws. A file that is "
            "not an evaluation set is named and skipped."
        ),
        example=(
            "glove-rs evaluate model questions-words.txt wordsim353.tsv --json\n"
            "glove-rs evaluate model --panel sets\n"
            "glove-rs evaluate model --panel sets --baseline other.txt --html panel.html"
        ),
    )
    add_vectors(parser)
    parser.add_argument(
        "files",
        metavar="FILE",
        nargs="*",
        help="file of questions, rated pairs or categories; - is standard input",
    )
    add_parameters(parser.add_argument_group("protocol"), WordVectors.evaluate, _EVALUATION)
    group = parser.add_argument_group("panel")
    group.add_argument(
        "--panel", metavar="DIR", help="a folder of evaluation sets, instead of FILE"
    )
    group.add_argument(
        "--baseline",
        metavar="VECTORS",
        help="a second model, read as VECTORS is; differences are scores of VECTORS minus scores "
        "of this model",
    )
    add_parameters(group, evaluation.panel, _BOOTSTRAP)
    group.add_argument(
        "--html",
        metavar="FILE",
        help="also write the table as a web page; - prints the web page instead of the table",
    )
    add_overwrite(group, "replace the file of --html if it exists")
    add_json(parser)


def _evaluate(options: argparse.Namespace) -> None:
    if options.panel is not None:
        _panel(options)
        return
    given_for_panel = {"baseline": options.baseline, "html": options.html}
    for name in [
        *(n for n, value in given_for_panel.items() if value),
        *given(options, _BOOTSTRAP),
    ]:
        options.parser.error(f"{flag(name)} needs --panel DIR")
    if not options.files:
        options.parser.error("name a FILE, or a folder of evaluation sets with --panel DIR")
    wv = read_vectors(options)
    files = map(_inputs.local, options.files)
    results = [wv.evaluate(path, **given(options, _EVALUATION)) for path in files]
    emit(options, [result.to_dict() for result in results], "\n\n".join(map(str, results)))


def _panel(options: argparse.Namespace) -> None:
    if options.files:
        options.parser.error(f"leave FILE out with --panel, got {options.files[0]}")
    if options.json and options.html == "-":
        options.parser.error("--json and --html - both print")
    inputs = (options.vectors, options.vocab, options.baseline, options.panel)
    page = None if options.html == "-" else options.html
    contents = {"html": "page"}
    refuse_json_beside(options, {"html": page})
    check_files({"html": page}, inputs, overwrite=options.overwrite, contents=contents)
    wv = read_vectors(options)
    baseline = None if options.baseline is None else read_vectors(options, options.baseline)
    found = evaluation.panel(
        wv, options.panel, baseline=baseline, **given(options, (*_EVALUATION, *_BOOTSTRAP))
    )
    if page is not None:
        check_files({"html": page}, inputs, overwrite=options.overwrite, contents=contents)
        with written(page, overwrite=options.overwrite) as path, replacing(path) as file:
            file.write(found.to_html().encode())
    text = found.to_html() if options.html == "-" else str(found)
    emit(options, found.to_dict(), text, [page])
