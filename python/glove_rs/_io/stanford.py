"""Files of Stanford's ``glove``: parameters and accumulators, binary and as text."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt

from .. import _core
from .._checks import boolean, integer, path_text
from .._progress import Progress, reporter
from .._vectors.combine import combine
from ..vocabulary import Vocabulary
from . import vector_files
from .files import local_path, output_path

__all__ = [
    "read_model",
    "read_parameters",
    "start_accumulators",
    "text_rows",
    "write_model",
    "write_parameters",
    "write_text",
]

_F32: TypeAlias = npt.NDArray[np.float32]
_PARAMETER_NAMES = ("W", "W_tilde", "b", "b_tilde")

#: The vector of ``<unk>`` is the mean of the vectors of this many rarest words.
RARE = 100


def read_parameters(
    path: str | os.PathLike[str], words: int, progress: Progress = None
) -> dict[str, _F32]:
    """Return the arrays of a ``.bin`` file of parameters or accumulators, by `_PARAMETER_NAMES`.

    `words` is the number of words of the vocabulary.
    """
    file = local_path("path", path)
    with reporter(progress) as callback:
        return dict(
            zip(_PARAMETER_NAMES, _core.load_parameters(file, words, callback), strict=True)
        )


def start_accumulators(arrays: Mapping[str, _F32]) -> dict[str, _F32]:
    """Return the accumulators of parameters before training, by `_PARAMETER_NAMES`."""
    return {name: np.full_like(arrays[name], _core.START_ACCUMULATOR) for name in _PARAMETER_NAMES}


def write_parameters(
    path: str | os.PathLike[str], arrays: Mapping[str, _F32], prefix: str = ""
) -> None:
    """Write a ``.bin`` file of parameters, or with `prefix` "G_" of accumulators.

    If a vector has only one accumulator, it is written once for each component.
    """
    shaped = (np.broadcast_to(arrays[prefix + n], arrays[n].shape) for n in _PARAMETER_NAMES)
    _core.save_parameters(output_path("path", path), *map(np.ascontiguousarray, shaped))


def text_rows(arrays: Mapping[str, _F32], model: int, prefix: str = "") -> _F32:
    """Return the numbers to write as text for each word, as Stanford's ``glove`` writes them.

    Parameters
    ----------
    arrays : mapping of str to ndarray
        Arrays named `prefix` + "W", "W_tilde", "b" and "b_tilde".
    model : {0, 1, 2, 3}
        As the flag ``-model`` of ``glove``. 0: W, b, W_tilde and b_tilde side by side; 1: W;
        2: W + W_tilde; 3: W and W_tilde side by side.

    Returns
    -------
    ndarray of float32
        A row for each word.
    """
    W, W_tilde, b, b_tilde = (arrays[prefix + name] for name in _PARAMETER_NAMES)
    match integer("model", model, 0, 3):
        case 0:
            return np.column_stack([W, b, W_tilde, b_tilde])
        case 1:
            return combine(W, W_tilde, "word")
        case 2:
            return combine(W, W_tilde, "sum")
        case _:
            return combine(W, W_tilde, "concat")


def write_text(
    path: str | os.PathLike[str],
    words: Sequence[str],
    rows: npt.NDArray[Any],
    *,
    header: bool = False,
    unk: bool = False,
) -> None:
    """Write words and numbers with six decimals.

    With `header`, the first line has the number of words and of components. With `unk`, the last
    line is ``<unk>`` with the mean of the rows of the :data:`RARE` rarest words.

    Raises
    ------
    ValueError
        If `unk` is set and the vocabulary has a word ``<unk>``.
    ValueError, OSError
        As for :func:`vector_files.write`.
    """
    words = list(words)
    if boolean("unk", unk):
        if "<unk>" in words:
            raise ValueError("unk must be False: the vocabulary has a word <unk>")
        words.append("<unk>")
        rows = np.vstack([rows, rows[-RARE:].mean(axis=0, keepdims=True)])
    vector_files.write(
        path,
        words,
        np.ascontiguousarray(rows),
        "six_decimals_header" if boolean("header", header) else "six_decimals",
    )


def write_model(
    prefix: str | os.PathLike[str],
    vocabulary: Vocabulary,
    arrays: Mapping[str, _F32],
    *,
    text: bool,
    binary: bool,
    gradsq: bool,
    unk: bool,
    model: int,
    header: bool,
) -> None:
    """Write the files of a model, as :meth:`glove_rs.Glove.save_stanford` describes.

    `arrays` has the parameters and accumulators by name.
    """
    prefix = output_path("prefix", prefix)
    if os.path.basename(prefix) in {"", os.curdir, os.pardir}:
        raise ValueError(f"prefix must be the beginning of the names of files, got {prefix!r}")
    if text:
        rows = text_rows(arrays, model)
        write_text(prefix + ".txt", vocabulary.words, rows, header=header, unk=unk)
    if binary:
        write_parameters(prefix + ".bin", arrays)
    if gradsq:
        write_parameters(prefix + ".gradsq.bin", arrays, "G_")


def read_model(
    path: str | os.PathLike[str],
    vocabulary: str | os.PathLike[str] | Vocabulary,
    gradsq: str | os.PathLike[str] | None,
) -> tuple[Vocabulary, dict[str, _F32]]:
    """Return the words of a model, and its parameters and accumulators by name.

    The arguments and the errors are those of :meth:`glove_rs.Glove.load_stanford`.
    """
    if isinstance(vocabulary, Vocabulary):
        words = vocabulary
    else:
        words = Vocabulary.load(path_text("vocabulary", vocabulary))
    arrays = read_parameters(path, len(words))
    if gradsq is None:
        sums = start_accumulators(arrays)
    else:
        sums = read_parameters(path_text("gradsq", gradsq), len(words))
        if sums["W"].shape != arrays["W"].shape:
            raise ValueError(
                f"gradsq must have the shape of the parameters, {arrays['W'].shape}, "
                f"got {sums['W'].shape}"
            )
    return words, arrays | {f"G_{name}": array for name, array in sums.items()}
