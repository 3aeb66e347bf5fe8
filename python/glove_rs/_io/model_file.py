"""The model file `.glove`: a fitted model in an ``.npz`` archive without pickled objects."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from typing import IO, Any, TypeVar

import numpy as np
import numpy.typing as npt

from .. import _core, _settings
from .._checks import plain, shown
from .._fit.fitted import Fitted
from .._fit.history import History
from .._fit.protocol import Trainable
from ..subwords import Subwords
from ..vocabulary import Vocabulary
from . import output_folder
from .archives import Archive, open_regular, refusing
from .files import output_path, readable, replacing

__all__ = ["read", "write"]

_TrainableT = TypeVar("_TrainableT", bound=Trainable)

#: The parameters and accumulators in a file.
_ARRAYS = ("W", "W_tilde", "b", "b_tilde", "G_W", "G_W_tilde", "G_b", "G_b_tilde")


def write(path: str | os.PathLike[str], state: Fitted, parameters: Mapping[str, Any]) -> None:
    """Write a fitted model. `parameters` are those of the constructor of :class:`glove_rs.Glove`.

    Raises
    ------
    ValueError
        If the ending of `path` is that of another format.
    OSError
        If the file cannot be written. An existing file is then unchanged.
    """
    _core.check_ending(output_path("path", path), "model")
    settings = _settings.saved(state.as_read(parameters))
    if callable(settings["progress"]):
        settings["progress"] = None
    settings["dim"] = state.arrays["W"].shape[1]
    used = {**state.settings, **{name: settings[name] for name in _settings.CONVERTED}}
    # Version 1 has no separate context words. Older versions of glove-rs can read it.
    version = 1 if state.contexts is None else 2
    header = {
        "format": "glove-rs model",
        "version": version,
        "settings": settings,
        "used": used,
    }
    extra: dict[str, Any] = _packed_words(state.vocabulary)
    if state.contexts is not None:
        packed = _packed_words(state.contexts)
        extra |= {f"context_{name}": array for name, array in packed.items()}
    if state.subwords is not None:
        extra["subwords"] = state.subwords._core.to_bytes()
    with replacing(path) as file:
        np.savez(
            file,
            allow_pickle=False,
            header=np.frombuffer(json.dumps(header, default=plain).encode(), dtype=np.uint8),
            history=np.array(state.history.epochs()),
            **state.arrays,
            **extra,
        )


def read(cls: type[_TrainableT], path: str | os.PathLike[str] | IO[bytes]) -> _TrainableT:
    """Create a model of the class `cls` from the file or output folder `path`, or an open file.

    Raises
    ------
    FormatError
        If the file is not a model, is damaged, or was written by a later version.
    OSError
        If the file cannot be read or is a pipe.
    """
    found = readable("path", path)
    if isinstance(found, str):
        found = name = output_folder.model_file(found)
    else:
        name = str(getattr(found, "name", "<file>"))
    with open_regular(found) as file, refusing(name, "a glove-rs model", "model"):
        archive = Archive(file)
        header = json.loads(archive.read("header", "u1", (None,)).tobytes())
        if header["format"] != "glove-rs model":
            raise ValueError("another format")
        if header["version"] not in {1, 2}:
            raise _core.FormatError(
                f"{name}: model of version {header['version']!r}; this glove-rs reads versions "
                "1 and 2"
            )
        model = cls._of_settings(header["settings"])
        vocabulary = _unpacked_words(archive, "")
        contexts = None if header["version"] == 1 else _unpacked_words(archive, "context_")
        history = History(archive.rows("history"))
        arrays = _arrays(archive, vocabulary, contexts, model.dim)
        subwords = _subwords(archive, model.dim)
        used = _used(model, header.get("used"))
        model.set_params(**_settings.pinned(model.get_params(), used))
    model._fitted = Fitted(vocabulary, history, arrays, used, _subwords=subwords, contexts=contexts)
    return model


def _packed_words(vocabulary: Vocabulary) -> dict[str, npt.NDArray[Any]]:
    """Return the words of a vocabulary and their counts as arrays of a model file."""
    words = [word.encode() for word in vocabulary.words]
    return {
        "words": np.frombuffer(b"".join(words), dtype=np.uint8),
        "word_ends": np.cumsum([len(word) for word in words], dtype=np.int64),
        "counts": vocabulary.counts,
    }


def _unpacked_words(archive: Archive, prefix: str) -> Vocabulary:
    """Read the arrays of :func:`_packed_words`; raise a ValueError if they are inconsistent."""
    ends = archive.read(f"{prefix}word_ends", "i8", (None,))
    if (np.diff(ends, prepend=0) < 0).any():
        raise ValueError("the ends of the words are not in order")
    length = int(ends[-1]) if len(ends) else 0
    text = archive.read(f"{prefix}words", "u1", (length,)).tobytes()
    words = [
        text[start:end].decode()
        for start, end in zip([0, *ends[:-1].tolist()], ends.tolist(), strict=True)
    ]
    counts = archive.read(f"{prefix}counts", "i8", (len(words),))
    return Vocabulary(words, counts.tolist())


def _arrays(
    archive: Archive, vocabulary: Vocabulary, contexts: Vocabulary | None, dim: int
) -> dict[str, npt.NDArray[np.float32]]:
    """Read the parameters and accumulators; raise a ValueError if a shape is wrong."""
    arrays = {}
    for key in _ARRAYS:
        # A vector has one accumulator (row-wise AdaGrad) or one for each component.
        width = None if key.startswith("G_") else dim
        own = contexts if contexts is not None and "_tilde" in key else vocabulary
        shape = (len(own), width)
        arrays[key] = archive.read(key, "f4", shape if "W" in key else shape[:1])
    widths = {arrays[key].shape[1] for key in ("G_W", "G_W_tilde")}
    if widths not in ({1}, {dim}):
        raise ValueError(f"a vector of {dim} components has {widths} accumulators")
    return arrays


def _subwords(archive: Archive, dim: int) -> Subwords | None:
    """Read the subword model, if there is one; raise a ValueError if it is damaged."""
    if "subwords" not in archive:
        return None
    content = archive.read("subwords", "u1", (None,)).tobytes()
    try:
        subwords = Subwords(_core.restore_subwords(content))
    except _core.FormatError as error:
        # `refusing` converts a ValueError to a FormatError with the path of the model.
        raise ValueError(str(error)) from None
    if subwords.vector_size != dim:
        raise ValueError(f"subwords of {subwords.vector_size} components")
    return subwords


def _used(model: Trainable, saved: Any) -> dict[str, Any]:
    """Return the settings that training used, from the settings `saved` in a file.

    `saved` is None in a file of an older version, which did not save them. The result then has the
    parameters of the model.
    """
    used = _settings.used(model.get_params())
    if saved is None:
        saved = used | _settings.OLDER
    if not isinstance(saved, dict):
        raise ValueError(f"used is {shown(saved)}")
    return {**_settings.OLDER, **saved, **{name: used[name] for name in _settings.CONVERTED}}
