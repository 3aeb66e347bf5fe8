"""``fit``, ``vocab``, ``cooccur``, ``train``, ``update``: from text to a model, at once or not."""

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
from ._options import add_settings, given
from ._output import (
    add_json,
    add_overwrite,
    check_files,
    columns,
    emit,
    refuse_terminal,
    say,
    waiting_for_files,
    written,
)
from ._parser import Commands, Parser, command

__all__ = ["add"]

_RUNNING = names("running")
_COUNTING = names("reading", "encoding", "counting")
_VOCABULARY = tuple(name for name in names("reading", "encoding") if name != "keep_gaps")
# Counts that a model keeps are lost when the program ends: --save-counts writes them.
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
    _add_save_counts(parser)
    parser.add_argument(
        "--vocab",
        dest="vocabulary",
        metavar="FILE",
        help="train these words, a file of glove-rs vocab, instead of choosing by frequency",
    )
    add_settings(parser.add_argument_group("counting"), _COUNTING)
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
        help="with --scheduler: groups of words (default: as many as workers)",
    )
    group.add_argument(
        "--blocksize",
        metavar="SIZE",
        default=argparse.SUPPRESS,
        help="with --scheduler: text that a worker counts at a time (default: 64MiB)",
    )


# Parameters of `DaskGlove` alone. They are listed here because importing it needs Dask, which
# `--help` must not need.
_CLUSTER = ("partitions", "blocksize")


def _fit(options: argparse.Namespace) -> None:
    outputs = _Outputs(options, [*options.corpus, options.vocabulary])
    fitting = _fitting(options)
    words = None if options.vocabulary is None else Vocabulary.load(options.vocabulary)
    if words is not None:
        _refuse_spaces(options.vocabulary, words)
    if options.scheduler is not None:
        _fit_on_cluster(options, words, fitting, outputs)
        return
    for name in given(options, _CLUSTER):
        raise ValueError(f"{name} must come with --scheduler")
    source = _inputs.corpus(options.corpus)
    model = Glove(**given(options, CONSTRUCTOR))

    def train() -> None:
        keep = options.save_counts is not None
        model.fit(source, vocabulary=words, keep_counts=keep, **fitting)

    _finish(options, model, outputs, ", ".join(options.corpus), train)


def _fit_on_cluster(
    options: argparse.Namespace,
    words: Vocabulary | None,
    fitting: dict[str, Any],
    outputs: _Outputs,
) -> None:
    if options.save_counts is not None:
        raise ValueError("save_counts must be left out with --scheduler: no machine has all counts")
    from ..dask import DaskGlove  # says what to install, hence before distributed itself

    from distributed import Client  # isort: skip

    with Client(options.scheduler) as client:
        model = DaskGlove(client=client, **given(options, (*CONSTRUCTOR, *_CLUSTER)))

        def train() -> None:
            model.fit(options.corpus, vocabulary=words, **fitting)

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
    add_overwrite(parser)
    add_settings(parser.add_argument_group("counting"), _VOCABULARY)
    add_settings(parser.add_argument_group("running"), _RUNNING)


def _vocab(options: argparse.Namespace) -> None:
    outputs = {"output": options.output}
    check_files(outputs, options.corpus, overwrite=options.overwrite)
    settings = given(options, (*_VOCABULARY, *_RUNNING))
    words = Vocabulary.from_corpus(_inputs.corpus(options.corpus), **settings)
    check_files(outputs, options.corpus, overwrite=options.overwrite)
    with written(options.output, overwrite=options.overwrite) as path:
        words.save(path)


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
    add_overwrite(parser)
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
    add_settings(parser.add_argument_group("counting"), _COUNTING)
    add_settings(parser.add_argument_group("running"), _RUNNING)


def _cooccur(options: argparse.Namespace) -> None:
    refuse_terminal(options.output)
    outputs = {"output": options.output, "save_vocab": options.save_vocab}
    inputs = [*options.corpus, options.vocabulary]
    check_files(outputs, inputs, overwrite=options.overwrite)
    words = None if options.vocabulary is None else Vocabulary.load(options.vocabulary)
    counts = Cooccurrence.from_corpus(
        _inputs.corpus(options.corpus), words, **given(options, (*_COUNTING, *_RUNNING))
    )
    check_files(outputs, inputs, overwrite=options.overwrite)
    if options.save_vocab is not None:
        with written(options.save_vocab, overwrite=options.overwrite) as path:
            counts.vocabulary.save(path)
    with written(options.output, overwrite=options.overwrite) as path:
        counts.save(path)
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
        summary="train a model on with more text",
        text=(
            "Count more text with the settings of a model, add the counts to those of the text so "
            "far, and train on. Words that are now frequent enough are added. The folder is that "
            "of glove-rs fit."
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
        help="counts of the text so far, of --save-counts or glove-rs cooccur",
    )
    _add_out(parser)
    _add_save_counts(parser)
    group = parser.add_argument_group("training")
    group.add_argument(
        "--epochs",
        type=int,
        metavar="N",
        default=argparse.SUPPRESS,
        help="number of passes over all counts (default: 0.4 times that of the model)",
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
    model = _inputs.model(options.model, None).set_params(**running)
    counts = _inputs.counts(options.counts, None, **running)
    _refuse_spaces(options.counts, counts.vocabulary)

    def train() -> None:
        keep = options.save_counts is not None
        model.update(source, counts=counts, keep_counts=keep, **arguments)

    _finish(options, model, outputs, ", ".join(options.corpus), train)


# --- what they share ------------------------------------------------------------------------------


def _add_training(parser: Parser) -> None:
    group = parser.add_argument_group("training")
    add_settings(group, names("training"))
    group.add_argument(
        "--init",
        metavar="FILE",
        default=argparse.SUPPRESS,
        help="pretrained vectors, whose words start there; the others start at random",
    )
    add_settings(group, _FITTING)
    add_settings(parser.add_argument_group("running"), _RUNNING)


def _add_corpus(parser: Parser) -> None:
    parser.add_argument(
        "corpus",
        metavar="CORPUS",
        nargs="+",
        help="text, a document on each line: files, packed or not, folders, patterns and URLs; "
        "- is standard input",
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
    add_overwrite(parser, "replace a folder of glove-rs, and files, that exist")
    parser.add_argument(
        "--vectors", metavar="FILE", help="write the vectors to this file too, as word2vec text"
    )
    add_json(parser)


def _add_save_counts(parser: Parser) -> None:
    parser.add_argument(
        "--save-counts",
        metavar="FILE",
        help="write the counts of all the text too, which glove-rs update needs",
    )


def _fitting(options: argparse.Namespace) -> dict[str, Any]:
    """Return the parameters of a training, with the vectors of --init."""
    arguments = _checkpointed(given(options, ("init", *_FITTING)))
    if "init" in arguments:
        arguments["init"] = _inputs.vectors(arguments["init"])
    return arguments


def _checkpointed(arguments: dict[str, Any]) -> dict[str, Any]:
    """Refuse to write checkpoints nowhere."""
    if "checkpoint_every" in arguments and arguments.get("checkpoint_dir") is None:
        raise ValueError("checkpoint_every must come with --checkpoint-dir")
    return arguments


def _refuse_spaces(path: str, words: Vocabulary) -> None:
    """Refuse words that vocab.txt cannot hold, before they are trained."""
    spaced = words._first_spaced()
    if spaced is not None:
        raise ValueError(
            f"{path}: the word {spaced!r} has a space or newline, and files of words cannot hold "
            "it: join its parts with another character, or train it in Python"
        )


class _Outputs:
    """What ``fit``, ``train`` and ``update`` write, checked before the work and again after it."""

    def __init__(self, options: argparse.Namespace, inputs: list[str | None]) -> None:
        self._overwrite = options.overwrite
        self._inputs = [*inputs, getattr(options, "init", None)]
        self._vectors = options.vectors
        self._counts = getattr(options, "save_counts", None)
        inside = None
        if options.vectors is not None and options.vectors != "-":
            parent, name = os.path.split(os.path.realpath(options.vectors))
            if options.out and parent == os.path.realpath(options.out):
                # Written and replaced together with the rest of the folder.
                self._vectors, inside = None, name
        if inside in output_folder.FILES:
            raise ValueError(f"vectors must be another file than those of --out, got {inside}")
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
        self._folder.check()  # makes missing parents
        self._check()

    def _files(self) -> dict[str, str | None]:
        return {"vectors": self._vectors, "save_counts": self._counts}

    def _check(self, *, parents: bool = True) -> None:
        check_files(
            self._files(),
            self._inputs,
            overwrite=self._overwrite,
            folder=self._folder,
            parents=parents,
        )

    def write(self, model: Glove, source: str) -> None:
        check_files({}, self._inputs, overwrite=self._overwrite, folder=self._folder)
        # First the model: another file that cannot be written any more does not cost hours of work.
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
    """Train, write the files and print what was trained.

    If the training is interrupted after an epoch, the model of that epoch is written first. Ctrl-C
    while files are written waits for them; a second one stops at once.
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
    emit(options, result, columns(rows))
