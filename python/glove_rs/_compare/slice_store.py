"""The folder of slices.

| file | content |
|---|---|
| ``slices.json`` | version, settings, labels, and numbers that identify the text |
| ``compass.native`` | the vectors W of all of the text |
| ``contexts.native`` | W_tilde of all of the text, and a column each for b and b_tilde |
| ``slice-0001/``, … | the folder of a :class:`Bootstrap` for each label that is not left out |

The number in the name of a slice's folder is the place of its label in ``slices.json``.
``full.native`` in this folder has the vectors of the slice. ``contexts.native`` is needed to train
further slices and replicates, not to load finished ones. It is missing if slices without replicates
were trained without ``path`` and saved later.

Each file appears complete or not at all. A run writes ``slices.json`` after the files beside it,
and before the folders. So a folder that has ``slices.json`` can be loaded, with the slices and
replicates that were finished.
"""

from __future__ import annotations

import errno
import math
import os
import shutil
import zlib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt

from .. import _core
from .._bootstrap.store import ReplicateStore
from .._checks import integer, real, shown
from .._core import FormatError
from .._fit.documents import EncodedDocuments
from .._io.files import replacing
from .._io.settings_folder import SettingsFolder
from ..vectors import WordVectors

__all__ = ["SliceStore", "check_same", "new_folder", "stored", "text_of"]

_SETTINGS, _COMPASS, _CONTEXTS = "slices.json", "compass.native", "contexts.native"

_F32: TypeAlias = npt.NDArray[np.float32]


def text_of(
    documents: EncodedDocuments, groups: Mapping[Any, npt.NDArray[np.uint32]]
) -> dict[str, Any]:
    """Return the labels of the slices, and numbers that identify the text and its slices.

    The number `by` is a checksum of the division of the documents into slices.
    """
    lengths = documents.lengths
    by, entries = 0, []
    for label, weights in groups.items():
        chosen = weights > 0
        by = zlib.crc32(np.packbits(chosen).tobytes(), by)
        entries.append(
            {
                "label": label,
                "documents": int(chosen.sum()),
                "units": int((lengths[chosen] > 0).sum()),
                "tokens": int(lengths[chosen].sum(dtype=np.int64)),
            }
        )
    return {
        "text": {
            "documents": len(documents),
            "tokens": int(lengths.sum(dtype=np.int64)),
            "words": len(documents.vocabulary),
            "checksum": documents.checksum(),
        },
        "labels": entries,
        "by": by,
    }


def stored(settings: Mapping[str, Any]) -> dict[str, Any]:
    """Return `settings` with labels that JSON stores exactly.

    Raises
    ------
    TypeError
        If a label is not a str, an int, a finite float or a bool, of Python or numpy.
    """
    entries = [{**own, "label": _stored_label(own["label"])} for own in settings["labels"]]
    return {**settings, "labels": entries}


def _stored_label(label: Any) -> Any:
    plain = label.item() if isinstance(label, np.generic) else label
    if not _is_stored(plain):
        raise TypeError(
            "labels must be str, int, finite float or bool to be stored in a folder, got "
            f"{shown(label)}: give texts, such as str(label)"
        )
    return plain


def _is_stored(label: object) -> bool:
    # Not isinstance: an item of an enumeration that is also a str would be loaded as a str.
    return type(label) in (str, int, bool) or (type(label) is float and math.isfinite(label))


def check_same(path: str, saved: Mapping[str, Any], given: Mapping[str, Any]) -> None:
    """Raise a ValueError if stored settings differ from those `given`.

    The number of replicates `n` may differ: a larger `n` trains more of them.
    """
    for name in given:
        if name == "n":
            continue
        if name == "labels":
            same = [own["label"] for own in saved[name]] == [own["label"] for own in given[name]]
        else:
            same = saved[name] == given[name]
        if not same:
            what = name
            if isinstance(given[name], Mapping):
                keys = [key for key in given[name] if saved[name].get(key) != given[name][key]]
                what = f"{name} ({', '.join(keys)})"
            raise ValueError(
                f"path has slices with another {what}: choose another folder, got {path!r}"
            )


@contextmanager
def new_folder(path: str) -> Iterator[str]:
    """Yield a folder to fill, which appears at `path` when the block ends without an exception.

    Raises
    ------
    FileExistsError
        If `path` is a file, or a folder that is not empty.
    """
    if os.path.lexists(path):
        if not os.path.isdir(path):
            raise FileExistsError(errno.EEXIST, "exists and is not a folder", path)
        if os.listdir(path):
            reason = "the folder is not empty: choose another folder"
            raise FileExistsError(errno.EEXIST, reason, path)
    writer = _core.FolderWriter.new(path, [])
    try:
        yield writer.folder
        writer.commit(False)
    finally:
        # `discard` removes only files, not the folders of slices. After a commit, there is nothing
        # to remove.
        shutil.rmtree(writer.folder, ignore_errors=True)
        writer.discard()


class SliceStore(SettingsFolder):
    """The files of slices in a folder."""

    _CONTENT = _CONTENT_OF = "slices"
    _FORMAT, _SETTINGS, _FIRST = "glove-rs slices", _SETTINGS, (_COMPASS, _CONTEXTS)
    _NEEDED = frozenset(
        {"n", "seed", "min_count", "epochs", "learning_rate", "text", "labels", "by", "model"}
    )

    def _check_settings(self, settings: Mapping[str, Any]) -> None:
        _check_settings(settings)

    def write_compass(self, compass: WordVectors) -> None:
        """Write the vectors W of all of the text."""
        compass.save(self._file(_COMPASS))

    def write_contexts(self, words: list[str], arrays: Mapping[str, _F32]) -> None:
        """Write W_tilde, b and b_tilde of all of the text."""
        columns = arrays["W_tilde"], arrays["b"][:, None], arrays["b_tilde"][:, None]
        table = np.concatenate(columns, axis=1)
        WordVectors._from_unique(words, table).save(self._file(_CONTEXTS))

    def copy_contexts(self, target: SliceStore) -> None:
        """Copy W_tilde and the biases, if this folder has them."""
        if os.path.exists(self._file(_CONTEXTS)):
            with (
                open(self._file(_CONTEXTS), "rb") as source,
                replacing(target._file(_CONTEXTS)) as copy,
            ):
                shutil.copyfileobj(source, copy, 1 << 22)

    def compass(self) -> WordVectors:
        """Map the vectors W of all of the text into memory."""
        return WordVectors.load(self._file(_COMPASS))

    def contexts(self, shape: tuple[int, ...]) -> dict[str, _F32]:
        """Return W_tilde, b and b_tilde. `shape` is that of W.

        Raises
        ------
        ValueError
            If the slices were saved without them.
        FormatError
            If the file has another shape.
        """
        path = self._file(_CONTEXTS)
        if not os.path.exists(path):
            raise ValueError(
                "path has slices that were saved without their context vectors, and cannot be "
                f"continued: choose another folder, got {self.path!r}"
            )
        table = WordVectors.load(path).vectors
        wanted = (shape[0], shape[1] + 2)
        if table.shape != wanted:
            raise FormatError(f"{path}: has numbers of shape {table.shape}, expected {wanted}")
        table = np.asarray(table, dtype=np.float32)
        dim = shape[1]
        return {
            "W_tilde": np.ascontiguousarray(table[:, :dim]),
            "b": table[:, dim].copy(),
            "b_tilde": table[:, dim + 1].copy(),
        }

    def slice(self, number: int) -> ReplicateStore:
        """Return the store of a slice, by its place in the labels, from 0."""
        return ReplicateStore(self._file(f"slice-{number + 1:04}"))

    def write_slice(self, number: int, settings: Mapping[str, Any], vectors: WordVectors) -> None:
        """Write the vectors of a slice, without replicates."""
        store, own = self.slice(number), settings["labels"][number]
        store.create()
        store.write_full(vectors)
        text = {name: own[name] for name in ("documents", "units", "tokens")}
        store.write_settings(
            {
                "method": "bootstrap",
                "unit": "document",
                "seed": settings["seed"],
                "n": settings["n"],
                "slice": str(own["label"]),
                "text": {**text, "words": len(vectors)},
                "model": settings["model"],
            }
        )

    def read_slice(self, number: int, settings: Mapping[str, Any], dim: int) -> WordVectors | None:
        """Return the vectors of a slice, or None if they are not in the folder.

        Raises
        ------
        FormatError
            If the folder of the slice holds something else.
        """
        store, label = self.slice(number), settings["labels"][number]["label"]
        if not store.exists():
            return None
        found = store.read_settings().get("slice")
        if found != str(label) or store.full.vector_size != dim:
            raise FormatError(f"{store.path}: not the vectors of the slice {label!r}")
        return store.full


def _check_settings(settings: Mapping[str, Any]) -> None:
    """Raise a ValueError for a setting of ``slices.json`` of a wrong type or out of its range.

    If there are several, the first of them is named.
    """
    for name in ("n", "seed", "by"):
        integer(name, settings[name], 0)
    for name in ("min_count", "epochs"):
        integer(name, settings[name], 1)
    real("learning_rate", settings["learning_rate"], above=True)
    for name in ("text", "model"):
        if not isinstance(settings[name], dict):
            raise ValueError(f"{name} must be an object, got {shown(settings[name])}")
    if not isinstance(settings["labels"], list):
        raise ValueError(f"labels must be a list, got {shown(settings['labels'])}")
    for own in settings["labels"]:
        if not isinstance(own, dict) or not _is_stored(own.get("label")):
            raise ValueError(f"labels must be objects with a label, got {shown(own)}")
        for name in ("documents", "units", "tokens"):
            integer(f"{name} of the slice {own['label']!r}", own.get(name), 0)
    if len({own["label"] for own in settings["labels"]}) < len(settings["labels"]):
        raise ValueError("labels must not have a label twice")
