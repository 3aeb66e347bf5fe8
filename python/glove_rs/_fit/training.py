"""The arguments of a training that are not parameters of the model, and its results."""

from __future__ import annotations

import math
import os
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Protocol, TypeAlias, TypedDict

import numpy as np
import numpy.typing as npt

from .. import _core, _settings
from .._checks import boolean, shown
from .._io.sources import Source
from ..cooccurrence import Cooccurrence
from ..subwords import Subwords
from ..vectors import WordVectors, combine
from ..vocabulary import Vocabulary
from .checkpoints import Folder, fingerprint

__all__ = [
    "CheckedFitOptions",
    "EpochCallback",
    "EpochState",
    "FitOptions",
    "Fitted",
    "History",
    "Init",
    "Text",
    "keeps_counts",
]

_F32: TypeAlias = npt.NDArray[np.float32]


class History(list[float]):
    """A list of the loss of each epoch, measured while the epoch ran.

    The loss is the objective that training minimises, divided by the number of records.

    Attributes
    ----------
    data_loss : list of float
        The data loss of each epoch, Σ ½ f(X) diff² / nnz: the loss without the terms of negative
        pairs and of the anchor. diff is w·w̃ + b + b̃ − ln X, and nnz is the number of records.
    seconds : list of float
        Wall time of each epoch.
    records_per_second : list of float
        Records trained per second of wall time, in each epoch.
    validation : list of float
        The data loss of the held-out records after each epoch; NaN for an epoch without held-out
        records. Empty if no epoch had held-out records.
    """

    def __init__(self, epochs: Iterable[Sequence[float]] = ()) -> None:
        # Each epoch is (loss, seconds, records per second[, validation loss[, data loss]]). Older
        # versions saved no data loss, because the loss that they saved was the data loss.
        epochs = [tuple(epoch) for epoch in epochs]
        super().__init__(epoch[0] for epoch in epochs)
        self.seconds = [epoch[1] for epoch in epochs]
        self.records_per_second = [epoch[2] for epoch in epochs]
        losses = [epoch[3] if len(epoch) > 3 else math.nan for epoch in epochs]
        self.validation = [] if all(map(math.isnan, losses)) else losses
        self.data_loss = [epoch[4] if len(epoch) > 4 else epoch[0] for epoch in epochs]

    def epochs(self) -> list[tuple[float, float, float, float, float]]:
        """Return (loss, seconds, records per second, validation loss, data loss) of each epoch."""
        validation = self.validation or [math.nan] * len(self)
        columns = self, self.seconds, self.records_per_second, validation, self.data_loss
        return list(zip(*columns, strict=False))

    def __reduce__(
        self,
    ) -> tuple[type[History], tuple[list[tuple[float, float, float, float, float]]]]:
        return History, (self.epochs(),)


class Epoch(Protocol):
    """A finished epoch, from the core or from a training on a cluster."""

    @property
    def epoch(self) -> int: ...
    @property
    def loss(self) -> float: ...
    @property
    def data_loss(self) -> float: ...
    @property
    def validation(self) -> float | None: ...
    @property
    def seconds(self) -> float: ...
    @property
    def records_per_second(self) -> float: ...
    def side(self, contexts: bool) -> tuple[_F32, _F32]:
        """Return W and b, or W̃ and b̃ if `contexts`."""
        ...


class EpochState:
    """A finished epoch: the argument of a callback. The four arrays are read-only.

    Attributes
    ----------
    epoch : int
        The number of the epoch, from 1. Epochs before an `update` are counted too.
    loss, data_loss : float
        The loss of the epoch, as in `Glove.history`.
    validation_loss : float or None
        The data loss of the held-out records; None without `validation`.
    seconds, records_per_second : float
        Wall time of the epoch, and records trained per second.
    vocabulary : Vocabulary
        The words, in the order of the rows.
    W, W_tilde : numpy.ndarray of float32, (V, dim)
    b, b_tilde : numpy.ndarray of float32, (V,)
        The parameters. If X is rectangular, W_tilde and b_tilde have a row for each context word.
        When a callback first reads one of these arrays, all of them are copied. If no callback of
        the epoch reads one, the arrays cannot be read after the callbacks have returned.
    vectors : WordVectors
        The vectors W + W_tilde with their words; W alone if X is rectangular.
    """

    def __init__(
        self, core: Epoch, vocabulary: Vocabulary, before: int, rectangular: bool = False
    ) -> None:
        self._core = core
        self._rectangular = rectangular
        self.vocabulary = vocabulary
        self.epoch = before + core.epoch
        self.loss = core.loss
        self.data_loss = core.data_loss
        self.validation_loss = core.validation
        self.seconds = core.seconds
        self.records_per_second = core.records_per_second

    @cached_property
    def _sides(self) -> list[tuple[_F32, _F32]]:
        sides = [self._core.side(contexts) for contexts in (False, True)]
        for array in (array for side in sides for array in side):
            array.flags.writeable = False
        return sides

    @property
    def W(self) -> _F32:
        """Word vectors: float32, (V, dim)."""
        return self._sides[0][0]

    @property
    def W_tilde(self) -> _F32:
        """Context vectors: float32, (V, dim); (C, dim) for C context words if X is rectangular."""
        return self._sides[1][0]

    @property
    def b(self) -> _F32:
        """Word biases: float32, (V,)."""
        return self._sides[0][1]

    @property
    def b_tilde(self) -> _F32:
        """Context biases: float32, (V,); (C,) for C context words if X is rectangular."""
        return self._sides[1][1]

    @cached_property
    def vectors(self) -> WordVectors:
        """The vectors W + W_tilde with their words; W alone if X is rectangular."""
        how = "word" if self._rectangular else "sum"
        return WordVectors(self.vocabulary.words, combine(self.W, self.W_tilde, how))

    def __repr__(self) -> str:
        validation = self.validation_loss
        held_out = "" if validation is None else f", validation loss {validation:.6f}"
        return f"<epoch {self.epoch}: loss {self.loss:.6f}{held_out}, {self.seconds:.2f} s>"


#: A function that is called after each epoch. Training stops if it returns True.
EpochCallback: TypeAlias = Callable[[EpochState], object]


class FitOptions(TypedDict, total=False):
    """The keyword arguments that `fit`, `fit_cooccurrence` and `update` share: see `Glove.fit`."""

    validation: float | None
    early_stopping: int | None
    max_seconds: float | None
    callbacks: Sequence[EpochCallback]
    checkpoint_dir: str | os.PathLike[str] | None
    checkpoint_every: int
    keep_counts: bool | None


class CheckedFitOptions:
    """The checked :class:`FitOptions` of one training."""

    def __init__(
        self,
        *,
        validation: float | None = None,
        early_stopping: int | None = None,
        max_seconds: float | None = None,
        callbacks: Sequence[EpochCallback] = (),
        checkpoint_dir: str | os.PathLike[str] | None = None,
        checkpoint_every: int = 1,
        keep_counts: bool | None = None,
    ) -> None:
        given = {
            "validation": validation,
            "early_stopping": early_stopping,
            "max_seconds": max_seconds,
            "checkpoint_dir": checkpoint_dir,
            "checkpoint_every": checkpoint_every,
            "keep_counts": keep_counts,
        }
        checked = _settings.checked(given, "fitting")
        self.validation: float | None = checked["validation"]
        self.early_stopping: int | None = checked["early_stopping"]
        if self.early_stopping is not None and self.validation is None:
            raise ValueError("early_stopping needs held-out records: set validation")
        seconds = checked["max_seconds"]
        self._end = None if seconds is None else time.monotonic() + seconds
        if not isinstance(callbacks, Sequence) or not all(map(callable, callbacks)):
            raise ValueError(f"callbacks must be a list of callables, got {shown(callbacks)}")
        self.callbacks = tuple(callbacks)
        self.every: int = checked["checkpoint_every"]
        self.folder = None if checkpoint_dir is None else Folder(checkpoint_dir)
        if self.folder is None and self.every != 1:
            raise ValueError("checkpoint_every needs a folder: set checkpoint_dir")
        self.keep_counts: bool | None = checked["keep_counts"]

    def settings(self) -> dict[str, Any]:
        """Return the options that must not change when a training is resumed, by their names."""
        return {"validation": self.validation, "early_stopping": self.early_stopping}

    def seconds_left(self) -> float | None:
        """Return the seconds until the time limit, at least 0; None without a limit."""
        return None if self._end is None else max(0.0, self._end - time.monotonic())

    def callback(
        self, vocabulary: Vocabulary, before: int, rectangular: bool = False
    ) -> Callable[[Epoch], bool] | None:
        """Return one function for the core that calls all callbacks; None without callbacks.

        If any callback returns True, the function returns True, which stops the training. `before`
        is the number of epochs of earlier trainings.
        """
        if not self.callbacks:
            return None

        def after_epoch(core: Epoch) -> bool:
            state = EpochState(core, vocabulary, before, rectangular)
            answers = [callback(state) for callback in self.callbacks]
            return any(isinstance(answer, bool | np.bool_) and bool(answer) for answer in answers)

        return after_epoch


class Init:
    """Pretrained vectors, and the weight of the term that keeps the trained vectors near them."""

    def __init__(self, vectors: WordVectors, anchor: float, dim: int) -> None:
        self._vectors = vectors
        self.anchor = anchor
        if vectors.vectors.shape[1] != dim:
            found = vectors.vectors.shape[1]
            raise ValueError(f"init must have vectors of the model's dim, {dim}, got {found}")

    @classmethod
    def of(cls, init: WordVectors | None, anchor: float, dim: int) -> Init | None:
        """Check the public parameters `init` and `anchor`; return None without `init`."""
        anchor = _settings.SETTINGS["anchor"].check(anchor)
        if init is None:
            if anchor > 0:
                raise ValueError("anchor needs pretrained vectors: set init")
            return None
        if not isinstance(init, WordVectors):
            raise ValueError(f"init must be a WordVectors, got {type(init).__name__}")
        return cls(init, anchor, dim)

    def core(self, vocabulary: Vocabulary) -> _core._Init:
        """Return the initial vectors as the core takes them.

        The result has the indices in `vocabulary` of the words with a pretrained vector, these
        vectors in the same order, and the weight of the anchor.

        Raises
        ------
        ValueError
            If no word of `vocabulary` has a pretrained vector.
        """
        known = self._vectors.key_to_index
        rows = [(i, known[word]) for i, word in enumerate(vocabulary.words) if word in known]
        if not rows:
            raise ValueError("init must share words with the text: no word of the text is in it")
        words, rows_of_init = np.array(rows).T
        vectors = np.ascontiguousarray(self._vectors.vectors[rows_of_init], dtype=np.float32)
        return {"words": words.astype(np.uint32), "vectors": vectors, "anchor": self.anchor}


@dataclass
class Text:
    """A text to count."""

    source: Source
    vocabulary: Vocabulary | None
    column: str | None = None
    storage_options: Any = None

    def where(self) -> dict[str, Any]:
        """Return `column` and `storage_options` by name, as keyword arguments."""
        return {"column": self.column, "storage_options": self.storage_options}

    @cached_property
    def fingerprint(self) -> dict[str, int] | None:
        """The fingerprint of a text in local regular files, computed once; None for other texts."""
        return fingerprint(self.source, self.storage_options)

    def is_unchanged(self) -> bool:
        """Return whether the files of the text still have the fingerprint that was computed first.

        False if there was no fingerprint, or if a file cannot be read.
        """
        try:
            return self.fingerprint is not None and self.fingerprint == fingerprint(
                self.source, self.storage_options
            )
        except OSError:
            return False


def keeps_counts(keep_counts: bool | None, text: Text | None) -> bool:
    """Return whether a model keeps the counts that it was trained on.

    By default it keeps them unless they are those of a text in local regular files, which can be
    counted again.
    """
    if keep_counts is None:
        return text is None or text.fingerprint is None
    return boolean("keep_counts", keep_counts)


@dataclass
class Fitted:
    """The results of a training."""

    vocabulary: Vocabulary
    history: History
    # The parameters and accumulators by name, or the object of the core that holds them.
    trained: _core.CoreParameters | dict[str, _F32]
    # The settings that were used, by their public names.
    settings: dict[str, Any]
    # The counts of all text so far, or the text to count them from again. Both can be None.
    counts: Cooccurrence | None = None
    text: Text | None = None
    # The row of each word of `vocabulary` in the arrays of the core's object; None if both have the
    # same order. Not used once `trained` is a dict, whose rows have the order of `vocabulary`.
    order: npt.NDArray[np.int64] | None = None
    # The subword model that `vectors` gets when it is created. After that, a user may set another
    # one as `vectors.subwords`.
    _subwords: Subwords | None = None
    _vectors: WordVectors | None = None
    # The context words, if X was rectangular, and their vectors.
    contexts: Vocabulary | None = None
    _context_vectors: WordVectors | None = None
    # The parameters whose values were paths of files, with these paths; also `stop_words` if it was
    # the name of a language. `settings` has the words and phrases that were read.
    files: dict[str, Any] = field(default_factory=dict)

    def as_read(self, parameters: Mapping[str, Any]) -> dict[str, Any]:
        """Return the parameters with words and phrases instead of the files that hold them.

        The words and phrases are those that the training read: a file may have been changed or
        removed since. The name of a language is replaced by its stop words. A parameter that was
        set to another path or language after the training is returned unchanged.
        """
        content = {
            name: self.settings[name]
            for name, path in self.files.items()
            if name in parameters and parameters[name] == path
        }
        return {**parameters, **content}

    @property
    def arrays(self) -> dict[str, _F32]:
        """The parameters and accumulators by name, with rows in the order of the vocabulary."""
        if isinstance(self.trained, dict):
            return self.trained
        arrays = self.trained.arrays
        if self.order is not None:
            arrays = {name: array[self.order] for name, array in arrays.items()}
            self.trained = arrays
        return arrays

    @property
    def vectors(self) -> WordVectors:
        """The vectors W + W_tilde, or W if X was rectangular, with their words; computed once."""
        if self._vectors is None:
            how = "sum" if self.contexts is None else "word"
            rows = combine(self.arrays["W"], self.arrays["W_tilde"], how)
            self._vectors = WordVectors(self.vocabulary.words, rows)
            self._vectors.subwords = self._subwords
        return self._vectors

    @property
    def context_vocabulary(self) -> Vocabulary:
        """The words of the context vectors."""
        return self.vocabulary if self.contexts is None else self.contexts

    @property
    def context_vectors(self) -> WordVectors:
        """The vectors W_tilde with the context words; created once."""
        if self._context_vectors is None:
            rows = self.arrays["W_tilde"]
            self._context_vectors = WordVectors(self.context_vocabulary.words, rows)
        return self._context_vectors

    def check_square(self, what: str) -> None:
        """Raise a ValueError if X was rectangular: `what` needs the same words on both sides."""
        if self.contexts is not None:
            raise ValueError(
                f"{what} needs a model whose words and context words are the same, but this model "
                "was trained on rectangular counts, whose columns have words of their own"
            )

    @property
    def subwords(self) -> Subwords | None:
        """The subword model of `vectors`: that of the training, or one that a user has set."""
        return self._subwords if self._vectors is None else self._vectors.subwords

    def __getstate__(self) -> dict[str, Any]:
        # A pickle has no vectors, which can be computed again, and no counts, which have their own
        # file format.
        left_out = dict.fromkeys(("_vectors", "_context_vectors", "counts", "text", "order"))
        return {**self.__dict__, **left_out, "trained": self.arrays, "_subwords": self.subwords}

    def __setstate__(self, state: dict[str, Any]) -> None:
        # Pickles of earlier versions have the arrays under another name.
        arrays = state.pop("made", None)
        self.__dict__.update(state if arrays is None else {**state, "trained": arrays})
