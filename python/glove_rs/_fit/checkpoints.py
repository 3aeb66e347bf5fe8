"""Checkpoints: a folder with the counts of a text and the state of a training on these counts."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from .. import _core, _settings
from .._checks import integer, plain, shown
from .._io.archives import MOST_JSON, refusing
from .._io.files import output_path
from ..cooccurrence import Cooccurrence
from ..vocabulary import Vocabulary

__all__ = ["Folder", "Saved", "left_to_preset", "may_change", "settings"]

_STATE, _COUNTS = "training.checkpoint", "cooccurrence.counts"
#: The names of these files in older versions. If the checkpoint in a folder has the older name,
#: both files keep the older names.
_OLDER = {_STATE: "checkpoint.glove", _COUNTS: "counts.glove"}
#: The file that a training locks, and its content once a training has begun in the folder.
_LOCK, _MARK = "training.lock", b"glove-rs training\n"

#: Parameters that may always change when a training is resumed. They do not decide what is
#: computed, but without `deterministic`, the number of threads changes a result a little.
_MAY_CHANGE = frozenset(_settings.names("limits", "running"))


@dataclass(frozen=True)
class Saved:
    """The content of a checkpoint file: the state of the training, and its settings."""

    core: _core.CoreCheckpoint
    settings: dict[str, Any]


class Folder:
    """The folder of one training's checkpoints. It is created when the training begins.

    ``cooccurrence.counts`` holds the counts in the native format and is written once.
    Each checkpoint replaces ``training.checkpoint``. The settings in this file identify the counts
    that the checkpoint belongs to. Counts without a checkpoint are not used: they may be of another
    text.
    """

    def __init__(self, path: str | os.PathLike[str]) -> None:
        self.path = output_path("checkpoint_dir", path, "folder")
        state, older = (os.path.join(self.path, name) for name in (_STATE, _OLDER[_STATE]))
        is_older = os.path.exists(older) and not os.path.exists(state)
        names = (_OLDER[name] if is_older else name for name in (_STATE, _COUNTS))
        self.state, self.counts = (os.path.join(self.path, name) for name in names)

    def has_checkpoint(self) -> bool:
        """Return whether the folder has a checkpoint to resume from."""
        return os.path.exists(self.state)

    @contextmanager
    def locked(self, *, make: bool) -> Iterator[None]:
        """Lock the folder against other trainings. With `make`, create a missing folder first.

        Raises
        ------
        BlockingIOError
            If another training uses the folder, in this process or another.
        """
        if make:
            os.makedirs(self.path, exist_ok=True)
        lock = _core.FolderLock.new(self.path)
        try:
            yield
        finally:
            lock.release()

    def claim(self) -> None:
        """Check that the files to write do not exist, or that an earlier training wrote them here.

        Call this method while the folder is locked, and before counting. The method also writes the
        mark into the lock file. The mark allows a later training to replace the counts that this
        training leaves if it is killed.

        Raises
        ------
        FileExistsError
            If a file or link has one of the names, and no training in this folder wrote it.
        """
        lock = os.path.join(self.path, _LOCK)
        try:
            with open(lock, "r+b") as file:
                mark = file.read(len(_MARK) + 1)
                if not _MARK.startswith(mark):  # a failed write may leave the beginning of the mark
                    raise FileExistsError(17, "exists and is not the lock of a training")
                has_begun = mark == _MARK
                self._check_counts(has_begun)
                if not has_begun:
                    file.seek(0)
                    file.write(_MARK)
        except OSError as error:
            error.filename = error.filename or lock
            raise

    def _check_counts(self, has_begun: bool) -> None:
        for path in (self.state, self.counts):
            if os.path.lexists(path) and not (has_begun and _is_counts(path)):
                reason = "exists, and no training in this folder wrote it: choose another folder"
                raise FileExistsError(17, reason, path)

    def read(self) -> Saved:
        """Read the checkpoint in the folder with :func:`read`."""
        return read(self.state)

    def counts_of(self, saved: Saved, running: _core._Running) -> Cooccurrence:
        """Read the counts in the folder, and check that the checkpoint belongs to them.

        Raises
        ------
        OSError, FormatError
            As for :meth:`read`; FormatError also if the shape of the parameters in the checkpoint
            does not fit the words of the counts or `dim`.
        ValueError
            If the checkpoint belongs to other counts.
        """
        counts = Cooccurrence._of(_core.CoreCooccurrence.load(self.counts, None, running, None))
        for name, value in identity(counts).items():
            if value != saved.settings["counts"][name]:
                raise ValueError(
                    f"{self.state} is for {_IDENTITY[name]} than {self.counts} has: the folder "
                    "holds files of two different trainings"
                )
        if saved.settings["training"]["adjacent"] and not counts._core.has_adjacent:
            raise ValueError(
                f"{self.state} needs counts of adjacent words, which {self.counts} does not have: "
                "the folder holds files of two different trainings"
            )
        shape = *counts.shape, saved.settings["parameters"]["dim"]
        if saved.core.shape != shape:
            raise _core.FormatError(
                f"{self.state}: the parameters have shape {saved.core.shape}, but the words and "
                f"dim need {shape}"
            )
        return counts

    def check(self, saved: Mapping[str, Any], wanted: Mapping[str, Any]) -> None:
        """Raise a ValueError unless a training with the settings `wanted` may continue from here.

        `saved` are the settings of the checkpoint. Settings that :func:`may_change` returns may
        differ. The fingerprints of the texts must be equal, if both are known.
        """
        if saved["grown"] or saved["before"]:
            raise ValueError(
                f"the checkpoint in {self.path} is of an update: continue it with Glove.resume"
            )
        # The values that a preset supplies are in the section "training", so the name of the preset
        # is not compared.
        ours, theirs = (
            {**settings["parameters"], **settings["training"], **settings["session"]}
            for settings in (wanted, saved)
        )
        for name in sorted({*ours, *theirs} - may_change(saved) - {"preset"}):
            if ours.get(name) != theirs.get(name):
                mine, other = _words(ours.get(name)), _words(theirs.get(name))
                raise ValueError(
                    f"{name}={shown(mine)} differs from the checkpoint in {self.path}, which has "
                    f"{name}={shown(other)}{_difference(mine, other)}: continue with the same "
                    "settings, or use another checkpoint_dir"
                )
        ours, theirs = wanted["source"], saved["source"]
        if ours is not None and theirs is not None and ours != theirs:
            raise ValueError(
                f"source is not the text of the checkpoint in {self.path}: source has "
                f"{ours['bytes']} bytes, and the text of the checkpoint had {theirs['bytes']} "
                "bytes; if the sizes are equal, the beginning or the end of a file differs"
            )

    def check_counts(self, saved: Cooccurrence, given: Cooccurrence) -> None:
        """Raise a ValueError if `given` are not the counts of the checkpoint, `saved`."""
        theirs = identity(saved)
        for name, value in identity(given).items():
            if value != theirs[name]:
                raise ValueError(
                    f"X is not the matrix of the checkpoint in {self.path}, which has "
                    f"{_IDENTITY[name]}"
                )

    def check_vocabulary(self, saved: Cooccurrence, given: Vocabulary) -> None:
        """Raise a ValueError if `given` has other words than the counts of the checkpoint."""
        if given.words != saved.vocabulary.words:
            raise ValueError(
                f"the checkpoint in {self.path} is for another vocabulary: it has "
                f"{len(saved.vocabulary)} words, the given one {len(given)}"
            )


def _words(value: Any) -> Any:
    """Return the phrases in a saved setting as a list of text, and any other setting as it is."""
    if not isinstance(value, dict) or "passes" not in value:
        return value
    return [" ".join(words) for found in value["passes"] for words, _ in found]


def _difference(ours: object, theirs: object) -> str:
    """Return text that names the entries in which two lists differ; "" for other values."""
    if not isinstance(ours, list) or not isinstance(theirs, list):
        return ""
    known, others = set(ours), set(theirs)
    parts = [
        f"{where} has {shown(found)}"
        for where, found in (
            ("only the new list", [entry for entry in ours if entry not in others]),
            ("only that of the checkpoint", [entry for entry in theirs if entry not in known]),
        )
        if found
    ]
    return f" ({'; '.join(parts)})" if parts else ""


def read(path: str | os.PathLike[str]) -> Saved:
    """Read a checkpoint file.

    Raises
    ------
    OSError, FormatError
        For a file that is missing, cut off or damaged. The message has the path. That of a
        FormatError also has the byte offset of the damage, unless only the settings are malformed.
    """
    core = _core.CoreCheckpoint.load(path)
    with refusing(os.fspath(path), "a checkpoint of glove_rs"):
        if len(core.settings) > MOST_JSON:
            raise ValueError(
                f"its settings have {len(core.settings):,} characters, the limit is {MOST_JSON:,}"
            )
        return Saved(core, _checked(json.loads(core.settings)))


def _is_counts(path: str) -> bool:
    """Return whether a path is a file of counts in the native format, and not a link."""
    is_file = os.path.isfile(path) and not os.path.islink(path)
    return is_file and _core.recognise(path)[0] == "counts"


def _checked(settings: dict[str, Any]) -> dict[str, Any]:
    """Check that all settings that are read later are there and have the right type."""
    kinds = dict.fromkeys(("parameters", "training", "session", "counts"), dict)
    for name, kind in {**kinds, "every": int, "grown": bool, "before": list}.items():
        if not isinstance(settings[name], kind):
            raise ValueError(f"{name} is {shown(settings[name])}")
    _complete(settings)
    _core.check_training(settings["training"])
    integer("every", settings["every"], 1)
    for section, name in (
        ("parameters", "tokenizer"),
        ("session", "validation"),
        ("session", "early_stopping"),
        *(("counts", name) for name in _IDENTITY),
    ):
        settings[section][name]
    integer("records", settings["counts"]["records"], 0)
    # The epochs of the model that the training started from. Older versions did not store them.
    integer("start_epochs", settings.setdefault("start_epochs", 0), 0)
    if settings["source"] is not None:
        integer("bytes", settings["source"]["bytes"], 0)
    return settings


def _complete(settings: dict[str, Any]) -> None:
    """Add the parameters that the version of the checkpoint did not have, with their defaults."""
    saved = _settings.of_older_version(settings["parameters"])
    resolved = _settings.resolve({"preset": saved["preset"], "dim": saved["dim"]})
    resolved |= _settings.OLDER
    settings["training"] = {
        name: settings["training"].get(name, resolved[name])
        for name in resolved.keys() - {"preset", "dim"}
    }
    missing = _settings.CONSTRUCTOR - saved.keys()
    settings["parameters"] = saved | {name: _settings.SETTINGS[name].default for name in missing}


def left_to_preset(saved: Mapping[str, Any], wanted: Mapping[str, Any]) -> dict[str, Any]:
    """Return the training values that the preset supplied when the checkpoint was written.

    A checkpoint has the parameters as they were given, and the values that were used. The result
    has the used values of the parameters that were not given (None), neither in the checkpoint nor
    in `wanted`. They are needed because the preset of this version may have other defaults. The
    result is empty if the presets differ.
    """
    ours, theirs = wanted["parameters"], saved["parameters"]
    if ours["preset"] != theirs["preset"]:
        return {}
    training: dict[str, Any] = saved["training"]
    return {
        name: value
        for name, value in training.items()
        if ours.get(name) is None and theirs.get(name) is None
    }


# The values that identify counts, and the text with which a message describes a difference.
_IDENTITY = {
    "vocabulary": "another vocabulary",
    "records": "another number of records",
    "total": "another sum of counts",
}


def identity(counts: Cooccurrence) -> dict[str, Any]:
    """Return values that identify counts: a hash of the vocabulary, number of records, and sum."""
    import hashlib  # imported here: it takes longer to import than most of this package

    words = hashlib.sha256("\0".join(counts.vocabulary.words).encode())
    words.update(counts.vocabulary.counts.tobytes())
    if counts.is_rectangular:
        words.update("\0".join(counts.context_vocabulary.words).encode())
        words.update(counts.context_vocabulary.counts.tobytes())
    return {"vocabulary": words.hexdigest(), "records": counts.nnz, "total": counts.total.hex()}


def may_change(saved: Mapping[str, Any]) -> frozenset[str]:
    """Return the names of the parameters that may change when a training is resumed.

    `epochs` may change only if the schedule is constant: with any other schedule the learning rate
    of each epoch depends on the number of epochs.
    """
    constant = saved["training"]["schedule"] == "constant"
    return _MAY_CHANGE | {"epochs"} if constant else _MAY_CHANGE


def settings(
    parameters: Mapping[str, Any],
    training: Mapping[str, Any],
    fit_options: Mapping[str, Any],
    **others: Any,
) -> dict[str, Any]:
    """Return the settings that a checkpoint holds, converted to JSON and back.

    The conversion makes them comparable with settings that were read from a file.
    """
    parameters = _settings.saved(parameters)
    if callable(parameters["progress"]):
        parameters["progress"] = None
    values = {
        "glove_rs": _core.__version__,
        "simd": _core.simd_level(),
        "parameters": parameters,
        "training": training,
        "session": fit_options,  # the key in the files of every version
        **others,
    }
    as_json: dict[str, Any] = json.loads(json.dumps(values, default=plain))
    return as_json
