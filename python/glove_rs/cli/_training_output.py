"""What ``fit``, ``train`` and ``update`` write, also after Ctrl-C: --out and other files."""

from __future__ import annotations

import argparse
import os
import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

from .. import Glove, Vocabulary
from .._io import output_folder
from ._options import given_files
from ._output_files import add_overwrite, check_ending, check_files, refuse_terminal, written
from ._parser import Parser
from ._printing import add_json, columns, emit, refuse_json_beside, say

__all__ = ["Outputs", "add_out", "add_save_counts", "finish", "refuse_spaces"]


def add_out(parser: Parser) -> None:
    """Add --out and the options that go with it."""
    parser.add_argument("--out", metavar="DIR", required=True, help="folder to write")
    add_overwrite(parser, "replace an existing folder of glove-rs and existing files")
    parser.add_argument(
        "--vectors", metavar="FILE", help="also write the vectors to this file, as word2vec text"
    )
    add_json(parser)


def add_save_counts(parser: Parser) -> None:
    """Add the option --save-counts."""
    parser.add_argument(
        "--save-counts",
        metavar="FILE",
        help="also write the counts of all the text to this file, for glove-rs update",
    )


def refuse_spaces(path: str, words: Vocabulary) -> None:
    """Refuse words that the file vocab.txt cannot hold, before the training."""
    spaced = words._first_spaced()
    if spaced is not None:
        raise ValueError(
            f"{path}: the word {spaced!r} has a space or newline, which the file vocab.txt cannot "
            "hold: join its parts with another character, or train in Python"
        )


#: What the files of these options hold.
_CONTENTS = {"vectors": "text", "save_counts": "counts"}


class Outputs:
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


def finish(
    options: argparse.Namespace,
    model: Glove,
    outputs: Outputs,
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
                _waiting_for_files(f"after the last epoch: the model is in {options.out}")
            )
        except BaseException as error:
            if model._fitted is before:  # no epoch has been finished
                raise
            done = len(model.history) - epochs
            what = (
                f"after {done} epoch{'s' * (done > 1)}: the model of the last one is in "
                f"{options.out}"
            )
            with _waiting_for_files(what):
                _write(options, model, outputs, source)
            if isinstance(error, KeyboardInterrupt):
                raise KeyboardInterrupt(f"interrupted {what}") from None
            say(f"glove-rs: training failed {what}")
            raise
        _write(options, model, outputs, source)


def _write(options: argparse.Namespace, model: Glove, outputs: Outputs, source: str) -> None:
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


@contextmanager
def _waiting_for_files(what: str) -> Iterator[None]:
    """Delay the first Ctrl-C to the end of the ``with`` block, so that the block can write files.

    After a delayed Ctrl-C, the end of the block raises a KeyboardInterrupt with the message
    "interrupted " + `what`. A second Ctrl-C raises a KeyboardInterrupt at once. Outside the main
    thread, or if another handler of SIGINT is set, nothing is delayed.
    """
    before = signal.getsignal(signal.SIGINT)
    if before is not signal.default_int_handler or (
        threading.current_thread() is not threading.main_thread()
    ):
        yield
        return
    interrupted = False

    def wait(number: int, frame: object) -> None:
        nonlocal interrupted
        if interrupted:
            raise KeyboardInterrupt
        interrupted = True
        say("glove-rs: writing the files of the training; press Ctrl-C again to stop at once")

    signal.signal(signal.SIGINT, wait)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)
    if interrupted:
        raise KeyboardInterrupt(f"interrupted {what}")
