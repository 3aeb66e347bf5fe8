"""``glove-rs fit``, ``vocab``, ``cooccur``, ``train`` and ``update``: from text to a model.

``fit`` counts and trains. ``vocab``, ``cooccur`` and ``train`` do this in three steps. ``update``
continues a training with more text.
"""

from __future__ import annotations

import argparse
import os
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from .. import Cooccurrence, Glove, Vocabulary
from .._io import output_folder
from .._settings import CONSTRUCTOR, names
from . import _inputs
from ._options import add_settings, given, given_files
from ._output import (
    add_json,
    add_overwrite,
    check_ending,
    check_files,
    columns,
    emit,
    refuse_json_beside,
    refuse_terminal,
    say,
    waiting_for_files,
    written,
)
from ._parser import Commands, Parser, command
from .counts import counts_among, text_of

__all__ = ["add"]

_SOURCE = names("source")
_RUNNING = names("running")
_VOCABULARY = names("reading", "vocabulary")
# keep_counts is not an option, because a model file does not contain the counts. --save-counts
# writes them to a file of their own.
_FITTING = tuple(name for name in names("fitting") if name != "keep_counts")
_UPDATING = tuple(name for name in _FITTING if name not in {"anchor", "resume"})


def add(commands: Commands) -> None:
    """Add the commands."""
    _add_fit(commands)
    _add_vocab(commands)
    _add_cooccur(commands)
    _add_train(commands)
    _add_update(commands)


# --- fit ------------------------------------------------------------------------------------------


def _add_fit(commands: Commands) -> None:
    parser = command(
        commands,
        "fit",
        _fit,
        "CORPUS... --out DIR [options]",
        summary="train on text, and write a folder with the model and other files",
        text=(
            "Count the co-occurrences of a text and train word vectors on them. The folder DIR "
            "gets the model (model.glove), its vocabulary (vocab.txt), settings (settings.json) "
            "and the loss of each epoch (history.csv)."
        ),
        example=(
            "glove-rs fit corpus.txt --out model --dim 100 --epochs 15 --memory 4GB\n"
            "glove-rs fit 's3://bucket/*.txt' --out model --scheduler tcp://host:8786"
        ),
    )
    _add_corpus(parser)
    _add_out(parser)
    _add_save_counts(parser)
    parser.add_argument(
        "--vocab",
        dest="vocabulary",
        metavar="FILE",
        help="file of glove-rs vocab: train vectors of these words instead of choosing words by "
        "frequency",
    )
    add_settings(parser.add_argument_group("counting"), (*_SOURCE, *_inputs.TEXT_TO_COUNTS))
    _add_training(parser)
    group = parser.add_argument_group("cluster (pip install dask distributed)")
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
        help="with --scheduler: number of groups of words (default: the number of workers)",
    )
    group.add_argument(
        "--blocksize",
        metavar="SIZE",
        default=argparse.SUPPRESS,
        help="with --scheduler: size of the part of a text that a worker counts at a time "
        "(default: 64MiB)",
    )


# The parameters that `DaskGlove` has and `Glove` does not have. They are listed here because
# `DaskGlove` cannot be imported without Dask, and `--help` must work without Dask.
_CLUSTER = ("partitions", "blocksize")


def _fit(options: argparse.Namespace) -> None:
    outputs = _Outputs(options, [*options.corpus, options.vocabulary])
    fitting = _fitting(options)
    words = None if options.vocabulary is None else Vocabulary.load(options.vocabulary)
    if words is not None:
        _refuse_spaces(options.vocabulary, words)
    source = _inputs.corpus(options.corpus)
    if options.scheduler is not None:
        _fit_on_cluster(options, source, words, fitting, outputs)
        return
    for name in given(options, _CLUSTER):
        raise ValueError(f"{name} must come with --scheduler")
    model = Glove(**given(options, CONSTRUCTOR))

    def train() -> None:
        keep = options.save_counts is not None
        where = given(options, _SOURCE)
        model.fit(source, vocabulary=words, keep_counts=keep, **where, **fitting)

    _finish(options, model, outputs, ", ".join(options.corpus), train)


def _fit_on_cluster(
    options: argparse.Namespace,
    source: list[_inputs.Argument],
    words: Vocabulary | None,
    fitting: dict[str, Any],
    outputs: _Outputs,
) -> None:
    if options.save_counts is not None:
        raise ValueError("save_counts must be left out with --scheduler: no machine has all counts")
    if "-" in options.corpus:
        raise ValueError(
            "corpus must be files or URLs with --scheduler: workers cannot read standard input"
        )
    from ..dask import DaskGlove  # imported first: without Dask, its error says what to install

    from distributed import Client  # isort: skip

    try:
        connected = Client(options.scheduler)
    except (ValueError, TypeError) as error:
        # Dask raises a TypeError for tls:// without certificates, and for the address of a worker.
        raise ValueError(
            "scheduler must be the address of a Dask scheduler, such as tcp://host:8786, got "
            f"{options.scheduler!r} ({error})"
        ) from error
    with connected as client:
        model = DaskGlove(client=client, **given(options, (*CONSTRUCTOR, *_CLUSTER)))

        def train() -> None:
            model.fit(source, vocabulary=words, **given(options, _SOURCE), **fitting)

        _finish(options, model, outputs, ", ".join(options.corpus), train)


# --- vocab ----------------------------------------------------------------------------------------


def _add_vocab(commands: Commands) -> None:
    parser = command(
        commands,
        "vocab",
        _vocab,
        "CORPUS... [options]",
        summary="count the words of a text",
        text=(
            "Write each word and its count, most frequent first, in the format of Stanford's "
            "vocabulary files."
        ),
        example=(
            "glove-rs vocab corpus.txt --min-count 10 -o vocab.txt\n"
            "zcat corpus.gz | glove-rs vocab - | head"
        ),
    )
    _add_corpus(parser)
    _add_output(parser)
    add_overwrite(parser)
    add_settings(parser.add_argument_group("counting"), (*_SOURCE, *_VOCABULARY))
    add_settings(parser.add_argument_group("running"), _RUNNING)


def _vocab(options: argparse.Namespace) -> None:
    outputs, inputs = {"output": options.output}, [*options.corpus, *given_files(options)]
    check: dict[str, Any] = {"overwrite": options.overwrite, "contents": {"output": "vocabulary"}}
    check_files(outputs, inputs, **check)
    settings = given(options, (*_SOURCE, *_VOCABULARY, *_RUNNING))
    words = Vocabulary.from_corpus(_inputs.corpus(options.corpus), **settings)
    check_files(outputs, inputs, **check)
    with written(options.output, overwrite=options.overwrite) as path:
        words.save(path)


# --- cooccur --------------------------------------------------------------------------------------


def _add_cooccur(commands: Commands) -> None:
    parser = command(
        commands,
        "cooccur",
        _cooccur,
        "CORPUS... (-o FILE | --show WORD...) [options]",
        summary="count which words stand near each other",
        text=(
            "Count co-occurrences. If the name of the output ends in .bin, or the output is "
            "standard output, it gets records in the format of Stanford's tools, sorted. Any other "
            "file gets the counts and their words in a compressed format of glove-rs. With --show, "
            "print the counts of some words; -o is then optional."
        ),
        example=(
            "glove-rs cooccur corpus.txt --window 10 -o counts\n"
            "glove-rs cooccur corpus.txt --vocab vocab.txt -o cooccurrence.bin\n"
            "glove-rs cooccur corpus.txt --show ice steam solid gas"
        ),
    )
    _add_corpus(parser)
    parser.add_argument(
        "-o", "--output", metavar="FILE", help="file to write; - is standard output"
    )
    parser.add_argument(
        "--show",
        metavar="WORD",
        nargs="+",
        default=[],
        help="print the counts of these words with each other as a table",
    )
    add_overwrite(parser)
    parser.add_argument(
        "--vocab",
        dest="vocabulary",
        metavar="FILE",
        help="file of glove-rs vocab: count these words instead of choosing words by frequency",
    )
    parser.add_argument(
        "--save-vocab",
        metavar="FILE",
        help="also write the words to this file: Stanford's records do not contain them",
    )
    add_json(parser)
    add_settings(parser.add_argument_group("counting"), (*_SOURCE, *_inputs.TEXT_TO_COUNTS))
    add_settings(parser.add_argument_group("running"), _RUNNING)


def _cooccur(options: argparse.Namespace) -> None:
    if options.output is None and not options.show:
        options.parser.error("one of -o/--output and --show is required")
    if options.output == "-" and options.show:
        raise ValueError("output must be a file with --show, which prints to standard output")
    if options.output is not None:
        refuse_terminal(options.output)
    outputs = {"output": options.output, "save_vocab": options.save_vocab}
    if options.show or options.output != "-":
        refuse_json_beside(options, outputs)
    inputs = [*options.corpus, options.vocabulary, *given_files(options)]
    check: dict[str, Any] = {
        "overwrite": options.overwrite,
        "contents": {"output": "counts", "save_vocab": "vocabulary"},
    }
    check_files(outputs, inputs, **check)
    words = None if options.vocabulary is None else Vocabulary.load(options.vocabulary)
    counts = Cooccurrence.from_corpus(
        _inputs.corpus(options.corpus),
        words,
        **given(options, (*_SOURCE, *_inputs.TEXT_TO_COUNTS, *_RUNNING)),
    )
    check_files(outputs, inputs, **check)
    # Write the counts first, so that they are not lost if a word to show is unknown, or if the
    # words cannot be saved.
    if options.output is not None:
        with written(options.output, overwrite=options.overwrite) as path:
            counts.save(path)
    if options.save_vocab is not None:
        with written(options.save_vocab, overwrite=options.overwrite) as path:
            counts.vocabulary.save(path)
    if options.show:
        shown = counts_among(counts, options.show)
        table = dict(zip(("words", "counts"), shown, strict=True))
        emit(options, table, text_of(*shown), outputs.values())
    elif options.output != "-":
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
            outputs.values(),
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
            "tools, sorted or shuffled. The output folder has the same files as that of glove-rs "
            "fit."
        ),
        example=(
            "glove-rs train counts --out model --dim 100\n"
            "glove-rs train cooccurrence.shuf.bin --vocab vocab.txt --x-max 10 --out model"
        ),
    )
    parser.add_argument("counts", metavar="COUNTS", help="file of counts or records")
    _add_out(parser)
    parser.add_argument(
        "--vocab",
        dest="vocabulary",
        metavar="FILE",
        help="file of the words, if COUNTS are records of Stanford's tools",
    )
    parser.add_argument(
        "--start",
        metavar="MODEL",
        help="continue from this model, or from Stanford's parameters (.bin), for --epochs more "
        "epochs",
    )
    parser.add_argument(
        "--gradsq",
        metavar="FILE",
        help="with --start: file of the accumulators that belong to Stanford's parameters",
    )
    _add_training(parser)


def _train(options: argparse.Namespace) -> None:
    inputs = [options.counts, options.vocabulary, options.start, options.gradsq]
    outputs = _Outputs(options, inputs)
    parameters = given(options, CONSTRUCTOR)
    start = None
    if options.start is not None:
        start = _inputs.model(options.start, options.vocabulary, options.gradsq)
        parameters.setdefault("dim", start.W.shape[1])
    elif options.gradsq is not None:
        raise ValueError("gradsq must come with --start")
    model = Glove(**parameters)
    counts = _inputs.counts(options.counts, options.vocabulary, **given(options, _RUNNING))
    _refuse_spaces(options.counts, counts.vocabulary)
    fitting = _fitting(options)

    def train() -> None:
        model.fit_cooccurrence(counts, start=start, **fitting)

    _finish(options, model, outputs, options.counts, train)


# --- update ---------------------------------------------------------------------------------------


def _add_update(commands: Commands) -> None:
    parser = command(
        commands,
        "update",
        _update,
        "MODEL CORPUS... --counts FILE --out DIR [options]",
        summary="train a model further with more text",
        text=(
            "Count more text with the settings of a model, add its counts to those of the earlier "
            "text, and continue the training. Words that are now frequent enough are added. The "
            "output folder has the same files as that of glove-rs fit."
        ),
        example=(
            "glove-rs update model more.txt --counts counts --out model2 --save-counts counts2"
        ),
    )
    parser.add_argument("model", metavar="MODEL", help="a model, or the folder of a model")
    _add_corpus(parser)
    parser.add_argument(
        "--counts",
        metavar="FILE",
        required=True,
        help="file of the counts of the earlier text, from --save-counts or glove-rs cooccur",
    )
    _add_out(parser)
    _add_save_counts(parser)
    add_settings(parser.add_argument_group("counting"), _SOURCE)
    group = parser.add_argument_group("training")
    group.add_argument(
        "--epochs",
        type=int,
        metavar="N",
        default=argparse.SUPPRESS,
        help="number of passes over all counts (default: 0.4 times the epochs of the model)",
    )
    group.add_argument(
        "--new-words",
        action=argparse.BooleanOptionalAction,
        default=argparse.SUPPRESS,
        help="add words that are now frequent enough (default: yes)",
    )
    add_settings(group, _UPDATING)
    add_settings(parser.add_argument_group("running"), _RUNNING)


def _update(options: argparse.Namespace) -> None:
    outputs = _Outputs(options, [options.model, *options.corpus, options.counts])
    source = _inputs.corpus(options.corpus)
    arguments = _checkpointed(given(options, ("epochs", "new_words", *_UPDATING)))
    running = given(options, _RUNNING)
    model = _inputs.model(options.model).set_params(**running)
    counts = _inputs.counts(options.counts, **running)
    _refuse_spaces(options.counts, counts.vocabulary)

    def train() -> None:
        keep = options.save_counts is not None
        where = given(options, _SOURCE)
        model.update(source, counts=counts, keep_counts=keep, **where, **arguments)

    _finish(options, model, outputs, ", ".join(options.corpus), train)


# --- options and output of several commands -------------------------------------------------------


def _add_training(parser: Parser) -> None:
    group = parser.add_argument_group("training")
    add_settings(group, names("training"))
    group.add_argument(
        "--init",
        metavar="FILE",
        default=argparse.SUPPRESS,
        help="file of pretrained vectors: words in it start at these vectors, all other words at "
        "random",
    )
    add_settings(group, _FITTING)
    add_settings(parser.add_argument_group("running"), _RUNNING)


def _add_corpus(parser: Parser) -> None:
    parser.add_argument(
        "corpus",
        metavar="CORPUS",
        nargs="+",
        help="texts with a document on each line: files (plain or compressed), folders, patterns "
        "and URLs; - is standard input; with --column, tables",
    )


def _add_output(parser: Parser) -> None:
    parser.add_argument(
        "-o",
        "--output",
        metavar="FILE",
        default="-",
        help="file to write; - is standard output (default: -)",
    )


def _add_out(parser: Parser) -> None:
    parser.add_argument("--out", metavar="DIR", required=True, help="folder to write")
    add_overwrite(parser, "replace an existing folder of glove-rs and existing files")
    parser.add_argument(
        "--vectors", metavar="FILE", help="also write the vectors to this file, as word2vec text"
    )
    add_json(parser)


def _add_save_counts(parser: Parser) -> None:
    parser.add_argument(
        "--save-counts",
        metavar="FILE",
        help="also write the counts of all the text to this file, for glove-rs update",
    )


def _fitting(options: argparse.Namespace) -> dict[str, Any]:
    """Return the parameters of the section "fitting" that were given, and the vectors of --init."""
    arguments = _checkpointed(given(options, ("init", *_FITTING)))
    if "init" in arguments:
        arguments["init"] = _inputs.vectors(arguments["init"])
    return arguments


def _checkpointed(arguments: dict[str, Any]) -> dict[str, Any]:
    """Return `arguments`, or refuse --checkpoint-every without --checkpoint-dir."""
    if "checkpoint_every" in arguments and arguments.get("checkpoint_dir") is None:
        raise ValueError("checkpoint_every must come with --checkpoint-dir")
    return arguments


def _refuse_spaces(path: str, words: Vocabulary) -> None:
    """Refuse words that the file vocab.txt cannot hold, before the training."""
    spaced = words._first_spaced()
    if spaced is not None:
        raise ValueError(
            f"{path}: the word {spaced!r} has a space or newline, which the file vocab.txt cannot "
            "hold: join its parts with another character, or train in Python"
        )


#: What the files of these options hold.
_CONTENTS = {"vectors": "text", "save_counts": "counts"}


class _Outputs:
    """The output files of ``fit``, ``train`` and ``update``, checked before and after the work."""

    def __init__(self, options: argparse.Namespace, inputs: list[str | None]) -> None:
        self._overwrite = options.overwrite
        self._inputs = [*inputs, getattr(options, "init", None), *given_files(options)]
        self._vectors = options.vectors
        self._counts = getattr(options, "save_counts", None)
        inside = None
        if options.vectors is not None and options.vectors != "-":
            parent, name = os.path.split(os.path.realpath(options.vectors))
            if options.out and parent == os.path.realpath(options.out):
                # The file is written and replaced together with the other files of the folder.
                self._vectors, inside = None, name
        if inside in output_folder.FILES:
            raise ValueError(f"vectors must not be one of the files in --out, got {inside}")
        if inside is not None:
            check_ending("vectors", options.vectors, _CONTENTS["vectors"])
        refuse_json_beside(options, self._files())
        refuse_terminal(self._counts, "save_counts")
        self._folder = output_folder.OutputFolder(
            options.out, overwrite=options.overwrite, vectors=inside
        )
        folder = getattr(options, "checkpoint_dir", None)
        if folder and Path(os.path.realpath(folder)).is_relative_to(self._folder.target):
            raise ValueError(f"checkpoint_dir must be outside of --out, got {folder}")
        for option, path in self._files().items():
            if folder and path not in {None, "-"}:
                file = Path(os.path.realpath(path))
                if file.is_relative_to(os.path.realpath(folder)):
                    raise ValueError(f"{option} must be outside of --checkpoint-dir, got {path}")
        self._check(parents=False)
        self._folder.check()  # creates missing parent folders
        self._check()

    def _files(self) -> dict[str, str | None]:
        """Return the output files that are not in the output folder, by option."""
        return {"vectors": self._vectors, "save_counts": self._counts}

    def files(self) -> list[str | None]:
        """Return the output files that are not in the output folder."""
        return [*self._files().values()]

    def _check(self, *, parents: bool = True) -> None:
        check_files(
            self._files(),
            self._inputs,
            overwrite=self._overwrite,
            contents=_CONTENTS,
            folder=self._folder,
            parents=parents,
        )

    def write(self, model: Glove, source: str) -> None:
        check_files({}, self._inputs, overwrite=self._overwrite, folder=self._folder)
        # Write the model first: if another file cannot be written, hours of training are not lost.
        self._folder.write(model, source)
        self._check()
        if self._vectors is not None:
            with written(self._vectors, overwrite=self._overwrite) as path:
                model.save_word2vec(path)
        if self._counts is not None:
            with written(self._counts, overwrite=self._overwrite) as path:
                model.cooccurrence.save(path)


def _finish(
    options: argparse.Namespace,
    model: Glove,
    outputs: _Outputs,
    source: str,
    train: Callable[[], None],
) -> None:
    """Train, write the files and print a summary.

    If the training is interrupted or fails after an epoch has finished, the model of the last
    finished epoch is written. While files are written, the first Ctrl-C takes effect after the
    last file, and a second Ctrl-C at once.
    """
    before = model._fitted
    epochs = 0 if before is None else len(before.history)
    with ExitStack() as files:
        try:
            train()
            files.enter_context(
                waiting_for_files(f"after the last epoch: the model is in {options.out}")
            )
        except BaseException as error:
            if model._fitted is before:  # no epoch has been finished
                raise
            done = len(model.history) - epochs
            what = (
                f"after {done} epoch{'s' * (done > 1)}: the model of the last one is in "
                f"{options.out}"
            )
            with waiting_for_files(what):
                _write(options, model, outputs, source)
            if isinstance(error, KeyboardInterrupt):
                raise KeyboardInterrupt(f"interrupted {what}") from None
            say(f"glove-rs: training failed {what}")
            raise
        _write(options, model, outputs, source)


def _write(options: argparse.Namespace, model: Glove, outputs: _Outputs, source: str) -> None:
    outputs.write(model, source)
    history = model.history
    result: dict[str, Any] = {
        "out": options.out,
        "words": len(model.vocabulary),
        "dim": model.W.shape[1],
        "settings": model.settings_,
        "epochs": [
            {"loss": loss, "data_loss": data, "seconds": seconds, "records_per_second": rate}
            for loss, data, seconds, rate in zip(
                history,
                history.data_loss,
                history.seconds,
                history.records_per_second,
                strict=True,
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
    emit(options, result, columns(rows), outputs.files())
