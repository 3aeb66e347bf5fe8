"""Checkpoints: a folder with the counts of a text, and the state of the training on them."""

from __future__ import annotations

import json
import os
import zlib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from .. import _core, _settings
from .._checks import integer, path_text, plain
from .._io.archives import MOST_JSON, refusing
from .._io.sources import files_of
from .._tokenizers import to_json
from ..cooccurrence import Cooccurrence
from ..vocabulary import Vocabulary

__all__ = ["Folder", "Saved", "fingerprint", "may_change", "settings"]

_STATE, _COUNTS = "training.checkpoint", "cooccurrence.counts"
#: The names that older versions gave them. A folder of such a version keeps them.
_OLDER = {_STATE: "checkpoint.glove", _COUNTS: "counts.glove"}
#: The file that is locked, and its content once a training of the folder has begun.
_LOCK, _MARK = "training.lock", b"glove-rs training\n"
#: Bytes at each end of a file that its fingerprint covers.
_ENDS = 1 << 16

#: Parameters that change nothing but the way to the outcome.
_RUNNING = frozenset({*_settings.names("running"), "max_word_bytes"})


@dataclass(frozen=True)
class Saved:
    """A checkpoint that was read."""

    core: _core.CoreCheckpoint
    settings: dict[str, Any]


class Folder:
    """The folder of one training's checkpoints; it is made when the training begins.

    It holds ``cooccurrence.counts``, the counts in their native format, written once, and
    ``training.checkpoint``, replaced by each checkpoint, whose settings tell which counts it
    belongs to. Counts without a checkpoint are not trusted: they may be of another text.
    """

    def __init__(self, path: str | os.PathLike[str]) -> None:
        self.path = path_text("checkpoint_dir", path, "folder")
        state, older = (os.path.join(self.path, name) for name in (_STATE, _OLDER[_STATE]))
        is_older = os.path.exists(older) and not os.path.exists(state)
        names = (_OLDER[name] if is_older else name for name in (_STATE, _COUNTS))
        self.state, self.counts = (os.path.join(self.path, name) for name in names)

    def has_checkpoint(self) -> bool:
        """Whether there is anything to resume."""
        return os.path.exists(self.state)

    @contextmanager
    def locked(self, *, make: bool) -> Iterator[None]:
        """Keep other trainings out of the folder, which is made if `make`.

        Raises
        ------
        BlockingIOError
            If another training uses it, in this process or another.
        """
        if make:
            os.makedirs(self.path, exist_ok=True)
        lock = _core.FolderLock(self.path)
        try:
            yield
        finally:
            lock.release()

    def claim(self) -> None:
        """Refuse files that no training of this folder wrote, before the work and under the lock.

        Then mark the folder: what a killed training leaves is replaced by the next one.

        Raises
        ------
        FileExistsError
            For a file or link that has the name of one of ours and is not.
        """
        lock = os.path.join(self.path, _LOCK)
        try:
            with open(lock, "r+b") as file:
                mark = file.read(len(_MARK) + 1)
                if not _MARK.startswith(mark):  # a write that failed leaves a part of it
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
                reason = "exists and is not of a training in this folder: choose another"
                raise FileExistsError(17, reason, path)

    def read(self) -> Saved:
        """Read the checkpoint, as :func:`read` does."""
        return read(self.state)

    def counts_of(self, saved: Saved, running: _core._Running) -> Cooccurrence:
        """Read the counts and make sure that they are those of the checkpoint.

        Raises
        ------
        OSError, FormatError
            As for :meth:`read`; also if the parameters have not a row for each word.
        ValueError
            If the checkpoint belongs to other counts.
        """
        counts = Cooccurrence._of(_core.CoreCooccurrence.load(self.counts, None, running, None))
        for name, value in identity(counts).items():
            if value != saved.settings["counts"][name]:
                raise ValueError(
                    f"{self.state} is for {_IDENTITY[name]} than {self.counts} has: the folder "
                    "holds files of two trainings"
                )
        shape = len(counts.vocabulary), saved.settings["parameters"]["dim"]
        if saved.core.shape != shape:
            raise _core.FormatError(
                f"{self.state}: the parameters have shape {saved.core.shape}, but the words and "
                f"dim need {shape}"
            )
        return counts

    def check(self, saved: Mapping[str, Any], wanted: Mapping[str, Any]) -> None:
        """Refuse to go on with other settings than those of the checkpoint."""
        # What training takes from a preset is among its own settings.
        ours, theirs = (
            # Versions before subwords trained without them.
            {
                "subwords": False,
                **settings["parameters"],
                **settings["training"],
                **settings["session"],
            }
            for settings in (wanted, saved)
        )
        for name in sorted({*ours, *theirs} - may_change(saved) - {"preset"}):
            if ours.get(name) != theirs.get(name):
                raise ValueError(
                    f"{name}={ours.get(name)!r} differs from the checkpoint in {self.path}, "
                    f"which has {name}={theirs.get(name)!r}: go on with the same settings, or "
                    "train into another checkpoint_dir"
                )
        ours, theirs = wanted["source"], saved["source"]
        if ours is not None and theirs is not None and ours != theirs:
            raise ValueError(
                f"source is not the text of the checkpoint in {self.path}: {ours['bytes']} bytes, "
                f"and that had {theirs['bytes']} or began or ended otherwise"
            )

    def check_counts(self, saved: Cooccurrence, given: Cooccurrence) -> None:
        """Refuse to go on with other counts."""
        theirs = identity(saved)
        for name, value in identity(given).items():
            if value != theirs[name]:
                raise ValueError(
                    f"X is not what the checkpoint in {self.path} was trained on, which has "
                    f"{_IDENTITY[name]}"
                )

    def check_vocabulary(self, saved: Cooccurrence, given: Vocabulary) -> None:
        """Refuse to go on with another vocabulary."""
        if given.words != saved.vocabulary.words:
            raise ValueError(
                f"the checkpoint in {self.path} is for another vocabulary: it has "
                f"{len(saved.vocabulary)} words, the given one {len(given)}"
            )


def read(path: str | os.PathLike[str]) -> Saved:
    """Read a checkpoint file.

    Raises
    ------
    OSError, FormatError
        For a file that is missing, truncated or damaged, with its path and the byte.
    """
    core = _core.CoreCheckpoint.load(path)
    with refusing(os.fspath(path), "a checkpoint of glove_rs"):
        if len(core.settings) > MOST_JSON:
            raise ValueError(f"its settings take {len(core.settings)} characters")
        return Saved(core, _checked(json.loads(core.settings)))


def _is_counts(path: str) -> bool:
    """Return whether a path is a file, not a link, of counts in the native format."""
    is_file = os.path.isfile(path) and not os.path.islink(path)
    return is_file and _core.recognise(path)[0] == "counts"


def _checked(settings: dict[str, Any]) -> dict[str, Any]:
    """Return the settings of a checkpoint if what is read of them is there and of its type."""
    kinds = dict.fromkeys(("parameters", "training", "session", "counts"), dict)
    for name, kind in {**kinds, "every": int, "grown": bool, "before": list}.items():
        if not isinstance(settings[name], kind):
            raise ValueError(f"{name} is {settings[name]!r}")
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
    if settings["source"] is not None:
        integer("bytes", settings["source"]["bytes"], 0)
    return settings


def _complete(settings: dict[str, Any]) -> None:
    """Add the parameters that the version that wrote the checkpoint did not have."""
    saved = _settings.of_older_version(settings["parameters"])
    resolved = _settings.resolve({"preset": saved["preset"], "dim": saved["dim"]})
    settings["training"] = {
        name: settings["training"].get(name, resolved[name])
        for name in resolved.keys() - {"preset", "dim"}
    }
    missing = _settings.CONSTRUCTOR - saved.keys()
    settings["parameters"] = saved | {name: _settings.SETTINGS[name].default for name in missing}


_IDENTITY = {
    "vocabulary": "another vocabulary",
    "records": "another number of records",
    "total": "another sum of counts",
}


def identity(counts: Cooccurrence) -> dict[str, Any]:
    """Tell counts from others: a hash of their words, how many there are, and their sum."""
    import hashlib  # takes longer to import than most of this package

    words = hashlib.sha256("\0".join(counts.vocabulary.words).encode())
    words.update(counts.vocabulary.counts.tobytes())
    return {"vocabulary": words.hexdigest(), "records": counts.nnz, "total": counts.total.hex()}


def fingerprint(source: object) -> dict[str, int] | None:
    """Return size and checksum of regular files, without reading all of them; None for others."""
    files = files_of(source)
    if files is None or not all(map(os.path.isfile, files)):  # a pipe can be read only once
        return None
    total = checksum = 0
    for name in files:
        with open(name, "rb") as file:
            size = os.fstat(file.fileno()).st_size
            checksum = zlib.crc32(file.read(_ENDS), checksum)
            file.seek(max(0, size - _ENDS))
            checksum = zlib.crc32(file.read(_ENDS), checksum)
            total += size
    return {"bytes": total, "checksum": checksum}


def may_change(saved: Mapping[str, Any]) -> frozenset[str]:
    """Name the parameters that may be others when training goes on.

    `epochs` may change only with a constant schedule, where no epoch depends on their number.
    """
    constant = saved["training"]["schedule"] == "constant"
    return _RUNNING | {"epochs"} if constant else _RUNNING


def settings(
    parameters: Mapping[str, Any],
    training: Mapping[str, Any],
    session: Mapping[str, Any],
    **others: Any,
) -> dict[str, Any]:
    """Make the settings that a checkpoint holds, as JSON gives them back."""
    parameters = dict(parameters)
    parameters["tokenizer"] = to_json(parameters["tokenizer"])
    if callable(parameters["progress"]):
        parameters["progress"] = None
    made = {
        "glove_rs": _core.__version__,
        "simd": _core.simd_level(),
        "parameters": parameters,
        "training": training,
        "session": session,
        **others,
    }
    as_json: dict[str, Any] = json.loads(json.dumps(made, default=plain))
    return as_json
