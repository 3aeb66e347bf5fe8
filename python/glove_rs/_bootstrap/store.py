"""The folder of a bootstrap.

| file | content |
|---|---|
| ``bootstrap.json`` | version, settings, and numbers that identify the text |
| ``full.native`` | the vectors of the model of all of the text, float32 |
| ``replicate-0001.native``, … | vectors of a replicate, float16, in the space of ``full.native`` |

A row of NaN stands for a word that does not occur in a replicate. Each file appears complete or not
at all. ``bootstrap.json`` is written after ``full.native``, so a folder that has ``bootstrap.json``
can be loaded.
"""

from __future__ import annotations

import errno
import os
import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

from .. import _core
from .._checks import choice, integer, shown
from .._core import FormatError
from .._io.files import replacing
from .._io.settings_folder import SettingsFolder
from .._python_tokenizers import from_json
from .._settings import SETTINGS, content_paths, of_older_version, used
from .._word_lists import phrases_from_json
from ..vectors import WordVectors
from .resampling import RESAMPLING_METHODS, RESAMPLING_UNITS

__all__ = ["ReplicateStore"]

_SETTINGS, _FULL = "bootstrap.json", "full.native"
_REPLICATE = re.compile(r"replicate-(\d{4,})\.native")


def _name(replicate: int) -> str:
    return f"replicate-{replicate + 1:04}.native"


class ReplicateStore(SettingsFolder):
    """The files of a bootstrap in a folder."""

    _CONTENT, _CONTENT_OF = "bootstrap", "a bootstrap"
    _FORMAT, _SETTINGS, _FIRST = "glove-rs bootstrap", _SETTINGS, (_FULL,)
    _NEEDED = frozenset({"method", "unit", "seed", "n", "text", "model"})

    def __init__(self, path: str | os.PathLike[str]) -> None:
        super().__init__(path)
        self._full: WordVectors | None = None

    def _check_settings(self, settings: Mapping[str, Any]) -> None:
        _check_settings(settings)

    def check_model(self, settings: Mapping[str, Any]) -> None:
        """Check that `settings` have what training needs and what no default can replace.

        Raises
        ------
        FormatError
            If a setting is missing, or if `dim` is not that of ``full.native``. The message names
            the file and the setting.
        """
        path, model = self._file(_SETTINGS), settings["model"]
        for name in ("tokenizer", "dim"):
            if name not in model:
                raise FormatError(f"{path}: model has no {name}")
        if model["dim"] != self.full.vector_size:
            raise FormatError(
                f"{path}: dim of model must be {self.full.vector_size} as in {_FULL}, got "
                f"{model['dim']}"
            )

    def write_full(self, vectors: WordVectors) -> None:
        """Write the vectors of the model of all of the text."""
        vectors.save(self._file(_FULL))
        self._full = None

    @property
    def full(self) -> WordVectors:
        """The vectors of the model of all of the text."""
        if self._full is None:
            self._full = WordVectors.load(self._file(_FULL))
        return self._full

    def write(self, replicate: int, vectors: npt.NDArray[Any]) -> None:
        """Write the vectors of a replicate as float16."""
        half = np.ascontiguousarray(vectors, dtype=np.float16)
        full = self.full
        WordVectors._from_unique(full.index_to_key, half).save(self._file(_name(replicate)))

    def finished(self) -> int:
        """Return the largest n such that the folder has the replicates 1 to n."""
        found = {int(m[1]) for m in map(_REPLICATE.fullmatch, os.listdir(self.path)) if m}
        return next(n for n in range(len(found) + 1) if n + 1 not in found)

    def load(self, replicate: int) -> WordVectors:
        """Map the vectors of a replicate into memory, with the words of :attr:`full`."""
        path = self._file(_name(replicate))
        loaded, full = WordVectors.load(path), self.full
        if loaded.vectors.shape != full.vectors.shape:
            shape, wanted = loaded.vectors.shape, full.vectors.shape
            raise FormatError(f"{path}: has vectors of shape {shape}, expected {wanted}")
        vectors = WordVectors._from_unique(full.index_to_key, loaded.vectors)
        vectors._key_to_index = full.key_to_index
        return vectors

    def names(self, replicates: int) -> Iterator[str]:
        """Yield the names of the files of a bootstrap with this many replicates.

        ``bootstrap.json`` is the last, so it is copied after all other files.
        """
        yield _FULL
        for replicate in range(replicates):
            yield _name(replicate)
        yield _SETTINGS

    def copy(self, target: str, replicates: int, *, overwrite: bool) -> None:
        """Copy the files to the folder `target`, which appears complete or not at all.

        Only the first `replicates` replicates are copied. If `target` is the folder of this store,
        nothing is written.

        Raises
        ------
        FileExistsError
            If `target` is a file, or another folder that is not empty; with `overwrite`, if it is a
            file, or another folder that holds anything other than a bootstrap.
        """
        names = list(self.names(replicates))
        target = os.path.realpath(target)
        if os.path.lexists(target) and os.path.samefile(target, self.path):
            return
        _check_replaceable(target, overwrite)
        # The writer replaces a folder only if it was given the names of all files in the folder. So
        # it is given these names too.
        replaced = os.listdir(target) if os.path.isdir(target) else []
        writer = _core.FolderWriter.new(target, list(dict.fromkeys([*names, *replaced])))
        try:
            for name in names:
                with (
                    open(self._file(name), "rb") as source,
                    replacing(os.path.join(writer.folder, name)) as copy,
                ):
                    while part := source.read(1 << 22):
                        copy.write(part)
            writer.commit(overwrite)
        finally:
            writer.discard()


#: Pickles of earlier versions have the class under this name.
Store = ReplicateStore


def _check_settings(settings: Mapping[str, Any]) -> None:
    """Raise a ValueError for the first setting of ``bootstrap.json`` that is out of its range."""
    choice("method", settings["method"], RESAMPLING_METHODS)
    choice("unit", settings["unit"], RESAMPLING_UNITS)
    for name in ("seed", "n"):
        integer(name, settings[name], 0)
    if not isinstance(settings.get("slice", ""), str):
        raise ValueError(f"slice must be text, got {shown(settings['slice'])}")
    text, model = settings["text"], settings["model"]
    for name, content in (("text", text), ("model", model)):
        if not isinstance(content, dict):
            raise ValueError(f"{name} must be an object, got {shown(content)}")
    for name in ("documents", "units", "tokens", "words"):
        integer(f"{name} of text", text.get(name), 0)
    # Older versions did not store the settings of a replicate: see `stored_schedule`.
    for name in ("epochs", "learning_rate"):
        check = SETTINGS[name].type.check
        if f"replicate_{name}" in settings:
            check(f"replicate_{name}", settings[f"replicate_{name}"])
    _check_model(model)


def _check_model(model: Mapping[str, Any]) -> None:
    """Raise a ValueError for the first setting of the model that is out of its range.

    A setting that is missing is no error here: estimates do not need the settings of the model.
    """
    values = of_older_version(model)
    # If the user gave words by a path or by a language, their words are stored instead.
    for name, value in content_paths(values).items():
        raise ValueError(f"{name} of model must be its content, got {shown(value)}")
    for name, setting in SETTINGS.items():
        value = values.get(name)
        is_given = name in values and not (value is None and setting.optional)
        if is_given and name not in ("tokenizer", "phrases"):
            setting.type.check(f"{name} of model", value)
    values["tokenizer"] = _as_setting("tokenizer", from_json, model.get("tokenizer"))
    if model.get("phrases") is not None:
        values["phrases"] = _as_setting("phrases", phrases_from_json, model["phrases"])
    _as_setting("settings", used, values)


def _as_setting(name: str, convert: Callable[[Any], Any], value: Any) -> Any:
    """Return ``convert(value)``. The message of a ValueError gets "{name} of model: " in front."""
    try:
        return convert(value)
    except ValueError as error:
        raise ValueError(f"{name} of model: {error}") from None


def _check_replaceable(target: str, overwrite: bool) -> None:
    if not os.path.lexists(target):
        return
    if not os.path.isdir(target):
        raise FileExistsError(errno.EEXIST, "exists and is not a folder", target)
    found = os.listdir(target)
    known = {_SETTINGS, _FULL}
    others = [name for name in found if name not in known and not _REPLICATE.fullmatch(name)]
    if found and (others or _SETTINGS not in found):
        raise FileExistsError(errno.EEXIST, "exists and is not a bootstrap of glove-rs", target)
    if found and not overwrite:
        raise FileExistsError(errno.EEXIST, "exists: replace it with overwrite=True", target)
