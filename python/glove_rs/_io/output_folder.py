"""The folder that ``glove-rs fit --out`` writes: a model, and files for other programs.

| file | content |
|---|---|
| ``model.glove`` | the model in the format of :meth:`glove_rs.Glove.save` |
| ``vocab.txt`` | the words of the model and their counts, in Stanford's format |
| ``settings.json`` | version, date, source and settings |
| ``history.csv`` | loss, seconds, records per second and data loss of each epoch |
"""

from __future__ import annotations

import io
import json
import os
from collections.abc import Iterator
from typing import Any, Protocol

from .. import _core
from .._core import FormatError, __version__
from .._settings import saved
from ..vocabulary import Vocabulary
from .file_systems import EXISTS
from .files import output_path, replacing
from .settings_folder import read_json

__all__ = ["FILES", "OutputFolder", "is_folder", "model_file", "read_settings"]

MODEL, VOCABULARY, SETTINGS, HISTORY = "model.glove", "vocab.txt", "settings.json", "history.csv"
#: The names of the files that every output folder has. A file of vectors may be added.
FILES = (MODEL, VOCABULARY, SETTINGS, HISTORY)
FORMAT = "glove-rs folder"


class _History(Protocol):
    """The type of a history: a list of the loss of each epoch, with further lists of numbers."""

    data_loss: list[float]
    seconds: list[float]
    records_per_second: list[float]

    def __iter__(self) -> Iterator[float]: ...


class _Savable(Protocol):
    """The type of the model to write.

    This module cannot import :class:`glove_rs.Glove`, because the module of that class imports this
    one.
    """

    @property
    def history(self) -> _History: ...

    @property
    def vocabulary(self) -> Vocabulary: ...

    @property
    def settings_(self) -> dict[str, Any]: ...

    def save(self, path: str, /) -> None: ...

    def save_word2vec(self, path: str, /) -> None: ...


def model_file(path: str) -> str:
    """Return the path of the model file in the folder `path`; if there is none, `path` itself."""
    model = os.path.join(path, MODEL)
    return model if os.path.isfile(model) else path


def is_folder(path: str | os.PathLike[str]) -> bool:
    """Return whether `path` is a folder of :class:`OutputFolder`, judged by ``settings.json``."""
    try:
        read_settings(path)
    except (OSError, FormatError):
        return False
    return True


def read_settings(folder: str | os.PathLike[str]) -> dict[str, Any]:
    """Read the ``settings.json`` that :meth:`OutputFolder.write` wrote.

    Raises
    ------
    FormatError
        If the file is not such a ``settings.json``.
    FileNotFoundError
        If there is no such file.
    """
    path = os.path.join(os.fspath(folder), SETTINGS)
    if os.path.exists(path) and not os.path.isfile(path):
        raise FormatError(f"{path}: not a file")
    settings = read_json(path)
    if not isinstance(settings, dict) or settings.get("format") != FORMAT:
        raise FormatError(f"{path}: not the settings of a glove-rs folder")
    return settings


class OutputFolder:
    """A folder to write. It appears complete or not at all.

    Parameters
    ----------
    path : path
        The path of the folder. If it is a link, the folder that the link points to is replaced.
    overwrite : bool
        Whether to replace an existing folder of glove-rs. A folder is never replaced if it holds a
        folder, or a file that is neither in `FILES`, nor `vectors`, nor a temporary file of these.
        An empty folder is replaced even if `overwrite` is False.
    vectors : str, optional
        The name of an additional file in the folder: the vectors as word2vec text.
    """

    def __init__(
        self, path: str | os.PathLike[str], *, overwrite: bool, vectors: str | None = None
    ) -> None:
        self.path = output_path("out", path, "folder")
        # Absolute, so that a later change of the current directory does not change the folder.
        self.target = os.path.realpath(self.path)
        self.overwrite = overwrite
        self.vectors = vectors
        self.names = [*FILES] if vectors is None else [*FILES, vectors]

    def check(self) -> None:
        """Raise the OSError that :meth:`write` would raise. Call this before a long training.

        Missing parent folders are created, and leftovers of killed runs are removed.
        """
        self._check()
        writer = self._writer()
        try:
            writer.check(self.overwrite)
        except OSError as error:
            error.filename = self.path
            raise
        finally:
            writer.discard()

    def _check(self) -> None:
        if not os.path.lexists(self.target):
            return
        if not os.path.isdir(self.target):
            raise self._refused("exists and is not a folder; choose another name")
        for folder, what in (os.curdir, "the current directory"), (os.sep, "the root folder"):
            if os.path.samefile(self.target, folder):
                raise self._refused(f"is {what}; name a folder inside it")
        if os.path.ismount(self.target):
            raise self._refused("is a mount point; name a folder inside it")
        if not os.listdir(self.target):
            return
        try:
            read_settings(self.target)
        except (FileNotFoundError, FormatError) as error:
            reason = "exists and is not a folder of glove-rs; choose another name"
            raise self._refused(reason) from error
        if not self.overwrite:
            raise self._refused(EXISTS)

    def _refused(self, reason: str) -> FileExistsError:
        return FileExistsError(17, reason, self.path)

    def _writer(self) -> _core.FolderWriter:
        try:
            return _core.FolderWriter.new(self.target, self.names)
        except OSError as error:
            error.filename = self.path
            raise

    def write(self, model: _Savable, source: str) -> None:
        """Write a fitted model. `source` names the text of its training, for ``settings.json``.

        Raises
        ------
        OSError
            If the folder cannot be written, or if it exists and must not be replaced.
        """
        self._check()
        writer = self._writer()
        try:
            self._fill(writer.folder, model, source)
            writer.commit(self.overwrite)
        except OSError as error:
            # The error must name the path that was asked for, not the temporary folder.
            name = os.path.basename(error.filename or "")
            inside = name in self.names
            error.filename = os.path.join(self.path, name) if inside else self.path
            raise
        finally:
            writer.discard()

    def _fill(self, folder: str, model: _Savable, source: str) -> None:
        # Imported here, because only this method needs these modules.
        import csv
        from datetime import UTC, datetime

        model.save(os.path.join(folder, MODEL))
        model.vocabulary.save(os.path.join(folder, VOCABULARY))
        if self.vectors is not None:
            model.save_word2vec(os.path.join(folder, self.vectors))
        used = model.settings_
        settings = {
            "format": FORMAT,
            "glove_rs": __version__,
            "created": datetime.now(UTC).isoformat(timespec="seconds"),
            "source": source,
            "words": len(model.vocabulary),
            "settings": saved(used),
        }
        text = json.dumps(settings, indent=2, ensure_ascii=False, default=str) + "\n"
        with replacing(os.path.join(folder, SETTINGS)) as file:
            file.write(text.encode("utf-8", "surrogateescape"))
        history = model.history
        table = io.StringIO(newline="")
        rows = csv.writer(table, lineterminator="\n")
        rows.writerow(["epoch", "loss", "seconds", "records_per_second", "data_loss"])
        epochs = zip(
            history, history.seconds, history.records_per_second, history.data_loss, strict=True
        )
        rows.writerows([epoch, *row] for epoch, row in enumerate(epochs, 1))
        with replacing(os.path.join(folder, HISTORY)) as file:
            file.write(table.getvalue().encode())
