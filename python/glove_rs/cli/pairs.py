"""``glove-rs pairs``: counts from a table of pairs."""

from __future__ import annotations

import argparse

from .. import Cooccurrence, FormatError
from .._settings import names
from ._options import add_settings, given
from ._output_files import add_overwrite, check_files, written
from ._parser import Commands, command
from ._printing import add_json, columns, emit

__all__ = ["add"]

_RUNNING = names("running")
#: The section "source" also has the parameter `column`, a column of text. It is no option of this
#: command, whose own `--column` names the column of the table with the keys of the columns of X.
_STORE = ("storage_options",)


def add(commands: Commands) -> None:
    """Add the command."""
    parser = command(
        commands,
        "pairs",
        _pairs,
        "TABLE --row NAME --column NAME -o FILE [options]",
        summary="make counts of a table of pairs",
        text=(
            "Make a matrix X of counts from a table in Parquet files. Each row of the table has "
            "the key of a row of X, the key of a column of X, and a value, which is added to the "
            "element of X in that row and column. The keys become words. The output gets the "
            "counts and their words in a compressed format of glove-rs, for glove-rs train. The "
            "command needs pyarrow."
        ),
        example=(
            "glove-rs pairs edges.parquet --row a --column b --value n --symmetric -o counts\n"
            "glove-rs pairs ratings.parquet --row user --column film --rectangular -o counts\n"
            "glove-rs pairs s3://bucket/edges --row a --column b -o counts "
            "--storage-options '{\"anon\": true}'"
        ),
    )
    parser.add_argument(
        "table",
        metavar="INPUT",
        help="Parquet file, a folder or a pattern of Parquet files, or a URL",
    )
    parser.add_argument(
        "--row",
        required=True,
        metavar="NAME",
        help="column of the table with the keys of the rows of X",
    )
    parser.add_argument(
        "--column",
        required=True,
        metavar="NAME",
        help="column of the table with the keys of the columns of X",
    )
    parser.add_argument(
        "--value",
        metavar="NAME",
        help="column of the table that has the values (default: each row of the table adds 1)",
    )
    parser.add_argument(
        "--symmetric",
        action="store_true",
        help="the pairs have no order: each row of the table adds to X[row, column] and to "
        "X[column, row]",
    )
    parser.add_argument(
        "--rectangular",
        action="store_true",
        help="rows and columns of X have words of their own, such as users and items",
    )
    parser.add_argument("-o", "--output", metavar="FILE", required=True, help="file to write")
    add_overwrite(parser)
    add_json(parser)
    add_settings(parser.add_argument_group("source"), _STORE)
    add_settings(parser.add_argument_group("running"), _RUNNING)


def _pairs(options: argparse.Namespace) -> None:
    if options.output == "-":
        raise ValueError("output must be a file, got -")
    outputs, contents = {"output": options.output}, {"output": "counts"}
    check_files(outputs, [options.table], overwrite=options.overwrite, contents=contents)
    try:
        counts = Cooccurrence.from_pairs(
            options.table,
            options.row,
            options.column,
            options.value,
            symmetric=options.symmetric,
            rectangular=options.rectangular,
            **given(options, (*_STORE, *_RUNNING)),
        )
    except TypeError as error:  # a column has a type that is not read
        raise FormatError(f"{options.table}: {error}") from error
    check_files(outputs, [options.table], overwrite=options.overwrite, contents=contents)
    with written(options.output, overwrite=options.overwrite) as path:
        counts.save(path)
    rows, contexts = counts.shape
    result = {"words": rows, "records": counts.nnz, "total": counts.total}
    shown = [("words", f"{rows:,}")]
    if counts.is_rectangular:
        result["context_words"] = contexts
        shown.append(("context words", f"{contexts:,}"))
    shown += [
        ("records", f"{counts.nnz:,}"),
        ("total", f"{counts.total:,.1f}"),
        ("saved", options.output),
    ]
    emit(options, result, columns(shown))
