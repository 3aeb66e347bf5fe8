"""``fit``, ``vocab``, ``cooccur`` and ``train``: from text to a model, at once or step by step."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import Any

from .. import Cooccurrence, Glove, Vocabulary, _folder
from . import _inputs
from ._options import RUNNING, add_parameters, given, names_of
from ._output import add_json, columns, emit
from ._parser import Commands, Parser, command

__all__ = ["add"]

_COUNTING = [name for name in names_of(Cooccurrence.from_corpus) if name not in RUNNING]
_TRAINING = [name for name in names_of(Glove) if name not in {*_COUNTING, *RUNNING}]
_FITTING = names_of(Glove.fit)
# What makes an object of a file, for parameters of `fit` that take one.
_CONVERT = {"init": _inputs.vectors}


def add(commands: Commands) -> None:
    """Add the commands."""
    _add_fit(commands)
    _add_vocab(commands)
    _add_cooccur(commands)
    _add_train(commands)


# --- fit ------------------------------------------------------------------------------------------


def _add_fit(commands: Commands) -> None:
    parser = command(
        commands,
        "fit",
        _fit,
        "CORPUS... --out DIR [options]",
        summary="train on text and leave a folder with all that was made",
        text=(
            "Count the co-occurrences of a text and train word vectors on them. The folder holds "
            "the model (model.glove), its vocabulary (vocab.txt), settings (settings.json) and the "
            "loss of each epoch (history.csv)."
        ),
        example=(
            "glove-rs fit corpus.txt --out model --dim 100 --epochs 15 --memory 4GB\n"
            "glove-rs fit 's3://bucket/*.txt' --out model --scheduler tcp://host:8786"
        ),
    )
    _add_corpus(parser)
    _add_out(parser)
    parser.add_argument(
        "--vocab",
        dest="vocabulary",
        metavar="FILE",
        help="train these words, a file of glove-rs vocab, instead of choosing by frequency",
    )
    add_parameters(parser.add_argument_group("counting"), Glove, _COUNTING)
    group = parser.add_argument_group("training")
    add_parameters(group, Glove, _TRAINING)
    add_parameters(group, Glove.fit, _FITTING, _CONVERT)
    add_parameters(parser.add_argument_group("running"), Glove, RUNNING)
    group = parser.add_argument_group("cluster (pip install glove-rs[dask])")
    group.add_argument(
        "--scheduler",
        metavar="ADDRESS",
        help="count and train on the workers of this Dask scheduler, such as tcp://host:8786",
    )
    group.add_argument(
        "--partitions",
        type=int,
        metavar="N",
        default=argparse.SUPPRESS,
        help="with --scheduler: groups of words (default: as many as workers)",
    )
    group.add_argument(
        "--blocksize",
        metavar="SIZE",
        default=argparse.SUPPRESS,
        help="with --scheduler: text that a worker counts at a time (default: 64MiB)",
    )


# Parameters of `DaskGlove` alone. Importing it needs Dask, and so do not `--help` and the rest.
_CLUSTER = ("partitions", "blocksize")


def _fit(options: argparse.Namespace) -> None:
    _folder.check(options.out, overwrite=options.overwrite)
    words = None if options.vocabulary is None else Vocabulary.load(options.vocabulary)
    if options.scheduler is not None:
        model = _fit_on_cluster(options, words)
    else:
        for name in given(options, _CLUSTER):
            raise ValueError(f"{name} must come with --scheduler")
        source = _inputs.corpus(options.corpus)
        model = Glove(**given(options, names_of(Glove)))
        model.fit(source, vocabulary=words, **given(options, _FITTING))
    _finish(options, model, ", ".join(options.corpus))


def _fit_on_cluster(options: argparse.Namespace, words: Vocabulary | None) -> Glove:
    from ..dask import DaskGlove  # says what to install, hence before distributed itself

    from distributed import Client  # isort: skip

    with Client(options.scheduler) as client:
        model = DaskGlove(client=client, **given(options, (*names_of(Glove), *_CLUSTER)))
        model.fit(options.corpus, vocabulary=words, **given(options, _FITTING))
    model.client = None  # it is closed
    return model


# --- vocab ----------------------------------------------------------------------------------------


def _add_vocab(commands: Commands) -> None:
    parser = command(
        commands,
        "vocab",
        _vocab,
        "CORPUS... [options]",
        summary="count the words of a text",
        text=(
            "Write each word and its count, most frequent first: the vocabulary file of Stanford's "
            "tools."
        ),
        example=(
            "glove-rs vocab corpus.txt --min-count 10 -o vocab.txt\n"
            "zcat corpus.gz | glove-rs vocab - | head"
        ),
    )
    _add_corpus(parser)
    _add_output(parser)
    names = names_of(Vocabulary.from_corpus)
    group = parser.add_argument_group("counting")
    add_parameters(group, Vocabulary.from_corpus, [name for name in names if name not in RUNNING])
    add_parameters(parser.add_argument_group("running"), Vocabulary.from_corpus, RUNNING)


def _vocab(options: argparse.Namespace) -> None:
    names = names_of(Vocabulary.from_corpus)
    words = Vocabulary.from_corpus(_inputs.corpus(options.corpus), **given(options, names))
    words.save(options.output)


# --- cooccur --------------------------------------------------------------------------------------


def _add_cooccur(commands: Commands) -> None:
    parser = command(
        commands,
        "cooccur",
        _cooccur,
        "CORPUS... -o FILE [options]",
        summary="count which words stand near each other",
        text=(
            "Count co-occurrences. A file whose name ends in .bin, and standard output, get the "
            "records of Stanford's tools, sorted; any other file the counts and their words in a "
            "compressed format of our own."
        ),
        example=(
            "glove-rs cooccur corpus.txt --window 10 -o counts\n"
            "glove-rs cooccur corpus.txt --vocab vocab.txt -o cooccurrence.bin"
        ),
    )
    _add_corpus(parser)
    _add_output(parser, required=True)
    parser.add_argument(
        "--vocab",
        dest="vocabulary",
        metavar="FILE",
        help="count these words, a file of glove-rs vocab, instead of choosing by frequency",
    )
    parser.add_argument(
        "--save-vocab", metavar="FILE", help="write the words too: Stanford's records need them"
    )
    add_json(parser)
    add_parameters(parser.add_argument_group("counting"), Cooccurrence.from_corpus, _COUNTING)
    add_parameters(parser.add_argument_group("running"), Cooccurrence.from_corpus, RUNNING)


def _cooccur(options: argparse.Namespace) -> None:
    if options.output == "-" and sys.stdout.isatty():
        raise ValueError("output must be a file: records are not for a terminal")
    names = names_of(Cooccurrence.from_corpus)
    words = None if options.vocabulary is None else Vocabulary.load(options.vocabulary)
    counts = Cooccurrence.from_corpus(
        _inputs.corpus(options.corpus), words, **given(options, names)
    )
    if options.save_vocab is not None:
        counts.vocabulary.save(options.save_vocab)
    counts.save(options.output)
    if options.output != "-":
        result = {"words": len(counts.vocabulary), "records": counts.nnz, "total": counts.total}
        emit(
            options,
            result,
            columns(
                [
                    ("words", f"{result['words']:,}"),
                    ("records", f"{result['records']:,}"),
                    ("total", f"{result['total']:,.1f}"),
                    ("saved", options.output),
                ]
            ),
        )


# --- train ----------------------------------------------------------------------------------------


def _add_train(commands: Commands) -> None:
    parser = command(
        commands,
        "train",
        _train,
        "COUNTS --out DIR [options]",
        summary="train on counts",
        text=(
            "Train word vectors on the counts of glove-rs cooccur, or on the records of Stanford's "
            "tools, sorted or shuffled. The folder is that of glove-rs fit."
        ),
        example=(
            "glove-rs train counts --out model --dim 100\n"
            "glove-rs train cooccurrence.shuf.bin --vocab vocab.txt --x-max 10 --out model"
        ),
    )
    parser.add_argument("counts", metavar="COUNTS", help="file of counts")
    _add_out(parser)
    parser.add_argument(
        "--vocab", dest="vocabulary", metavar="FILE", help="words of Stanford's records"
    )
    parser.add_argument(
        "--start",
        metavar="MODEL",
        help="go on from this model, or from Stanford's parameters (.bin), for --epochs more",
    )
    parser.add_argument(
        "--gradsq", metavar="FILE", help="with --start: the accumulators of Stanford's parameters"
    )
    group = parser.add_argument_group("training")
    add_parameters(group, Glove, _TRAINING)
    add_parameters(group, Glove.fit_cooccurrence, names_of(Glove.fit_cooccurrence), _CONVERT)
    add_parameters(parser.add_argument_group("running"), Glove, RUNNING)


def _train(options: argparse.Namespace) -> None:
    _folder.check(options.out, overwrite=options.overwrite)
    parameters = given(options, names_of(Glove))
    start = None
    if options.start is not None:
        start = _inputs.model(options.start, options.vocabulary, options.gradsq)
        parameters.setdefault("dim", start.W.shape[1])
    elif options.gradsq is not None:
        raise ValueError("gradsq must come with --start")
    model = Glove(**parameters)
    counts = _inputs.counts(options.counts, options.vocabulary, **given(options, RUNNING))
    names = names_of(Glove.fit_cooccurrence)
    model.fit_cooccurrence(counts, start=start, **given(options, names))
    _finish(options, model, options.counts)


# --- what they share ------------------------------------------------------------------------------


def _add_corpus(parser: Parser) -> None:
    parser.add_argument(
        "corpus",
        metavar="CORPUS",
        nargs="+",
        help="UTF-8 text, a document on each line; - is standard input",
    )


def _add_output(parser: Parser, *, required: bool = False) -> None:
    parser.add_argument(
        "-o",
        "--output",
        metavar="FILE",
        required=required,
        default=None if required else "-",
        help="file to write; - is standard output" + ("" if required else " (default: -)"),
    )


def _add_out(parser: Parser) -> None:
    parser.add_argument("--out", metavar="DIR", required=True, help="folder to make")
    parser.add_argument(
        "--overwrite", action="store_true", help="replace a folder of glove-rs that is there"
    )
    parser.add_argument(
        "--vectors", metavar="FILE", help="write the vectors to this file too, as word2vec text"
    )
    add_json(parser)


def _finish(options: argparse.Namespace, model: Glove, source: str) -> None:
    """Write the folder and print what was trained."""
    _folder.write(options.out, model, source=source, overwrite=options.overwrite)
    if options.vectors is not None:
        model.save_word2vec(options.vectors)
    history = model.history
    result: dict[str, Any] = {
        "out": options.out,
        "words": len(model.vocabulary),
        "dim": model.W.shape[1],
        "epochs": [
            {"loss": loss, "seconds": seconds, "records_per_second": rate}
            for loss, seconds, rate in zip(
                history, history.seconds, history.records_per_second, strict=True
            )
        ],
    }
    losses = [f"{loss:.6f}" for loss in history]
    rows = [
        ("words", f"{result['words']:,}"),
        ("dim", str(result["dim"])),
        ("loss", "  ".join(losses[:8])),
        *(("", "  ".join(losses[first : first + 8])) for first in range(8, len(losses), 8)),
        ("seconds", f"{sum(history.seconds):.1f} for {len(history)} epochs"),
        ("saved", str(Path(options.out))),
    ]
    emit(options, result, columns(rows))
