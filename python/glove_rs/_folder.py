"""The folder that ``glove-rs fit --out`` leaves: a model and what can be read without this package.

| file | what |
|---|---|
| ``model.glove`` | the model, as :meth:`glove_rs.Glove.save` writes it |
| ``vocab.txt`` | its words and their counts, in Stanford's format |
| ``settings.json`` | version, date, source and settings |
| ``history.csv`` | loss, seconds and speed of each epoch |
"""

from __future__ import annotations

import csv
import json
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ._core import FormatError, __version__

if TYPE_CHECKING:
    from .glove import Glove

__all__ = ["model_file", "read_settings", "refuse_existing", "write"]

MODEL, VOCABULARY, SETTINGS, HISTORY = "model.glove", "vocab.txt", "settings.json", "history.csv"
FORMAT = "glove-rs folder"


def model_file(path: str | os.PathLike[str]) -> str | os.PathLike[str]:
    """Return the model of a folder, or `path` itself if it is none."""
    model = os.path.join(os.fspath(path), MODEL)
    return model if os.path.isfile(model) else path


def refuse_existing(folder: str | os.PathLike[str], *, overwrite: bool) -> None:
    """Raise a FileExistsError now rather than after hours of training."""
    taken = os.path.lexists(folder) and not (os.path.isdir(folder) and not os.listdir(folder))
    if taken and not (overwrite and is_folder(folder)):
        reason = "exists; choose another name" + (
            ", or replace it with --overwrite" if is_folder(folder) else ""
        )
        raise FileExistsError(17, reason, os.fspath(folder))


def is_folder(path: str | os.PathLike[str]) -> bool:
    """Whether `path` is a folder that :func:`write` made."""
    return os.path.isfile(os.path.join(os.fspath(path), SETTINGS))


def write(
    folder: str | os.PathLike[str], model: Glove, *, source: str, overwrite: bool = False
) -> None:
    """Write a fitted model as a folder, which appears complete or not at all.

    Raises
    ------
    OSError
        If it cannot be written, or `folder` is there and is not to be replaced.
    """
    refuse_existing(folder, overwrite=overwrite)
    with _replacing(folder) as new:
        model.save(new / MODEL)
        model.vocabulary.save(new / VOCABULARY)
        settings = {
            "format": FORMAT,
            "glove_rs": __version__,
            "created": datetime.now(UTC).isoformat(timespec="seconds"),
            "source": source,
            "words": len(model.vocabulary),
            "settings": _plain(model.get_params()),
        }
        text = json.dumps(settings, indent=2, ensure_ascii=False, default=str) + "\n"
        (new / SETTINGS).write_text(text, encoding="utf-8")
        history = model.history
        with (new / HISTORY).open("w", encoding="utf-8", newline="") as file:
            rows = csv.writer(file, lineterminator="\n")
            rows.writerow(["epoch", "loss", "seconds", "records_per_second"])
            epochs = zip(history, history.seconds, history.records_per_second, strict=True)
            rows.writerows([epoch, *row] for epoch, row in enumerate(epochs, 1))


def _plain(settings: dict[str, Any]) -> dict[str, Any]:
    # How progress was shown is nothing to keep.
    return {name: value for name, value in settings.items() if name != "progress"}


def read_settings(folder: str | os.PathLike[str]) -> dict[str, Any]:
    """Read what :func:`write` put into ``settings.json``.

    Raises
    ------
    FormatError
        If it is something else.
    """
    path = os.path.join(os.fspath(folder), SETTINGS)
    with open(path, encoding="utf-8") as file:
        try:
            settings = json.load(file)
        except ValueError as error:
            raise FormatError(f"{path}: not a JSON text ({error})") from error
    if not isinstance(settings, dict) or settings.get("format") != FORMAT:
        raise FormatError(f"{path}: not the settings of a glove-rs folder")
    return settings


@contextmanager
def _replacing(folder: str | os.PathLike[str]) -> Iterator[Path]:
    """Give a new folder beside `folder` that takes its name when the block ends well."""
    target = Path(os.path.abspath(folder))
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        scratch = Path(
            tempfile.mkdtemp(prefix=f".{target.name}.", suffix=".tmp", dir=target.parent)
        )
    except OSError as error:
        error.filename = os.fspath(folder)
        raise
    try:
        new = scratch / "new"
        new.mkdir()
        try:
            yield new
        except OSError as error:
            # Named for whoever asked, not for where it was put meanwhile.
            name = os.path.basename(error.filename or "")
            error.filename = os.path.join(os.fspath(folder), name)
            raise
        if target.exists():
            target.rename(scratch / "old")
        new.rename(target)
    finally:
        shutil.rmtree(scratch, ignore_errors=True)
