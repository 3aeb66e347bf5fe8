"""Train a model: the common part of `fit`, `fit_cooccurrence`, `resume` and `update`."""

from __future__ import annotations

import json
import math
import os
from collections.abc import Mapping, Sequence
from contextlib import nullcontext
from typing import Any, TypeVar, cast

import numpy as np

from .. import _core, _settings
from .._checks import boolean, integer
from .._checks import words as words_of
from .._io.archives import refusing
from .._io.sources import source_arguments
from .._progress import reporter
from .._warnings import warn
from ..cooccurrence import Cooccurrence
from ..subwords import Subwords
from ..vocabulary import Vocabulary
from . import checkpoints
from .checkpoints import Folder
from .protocol import Trainable
from .training import CheckedFitOptions, FitOptions, Fitted, History, Init, Text, keeps_counts

__all__ = ["counts_of", "fit", "given_counts", "resume", "update"]

_TrainableT = TypeVar("_TrainableT", bound=Trainable)

#: Epochs of an update, as a fraction of the model's epochs. With this fraction, `fit` on half of
#: enwiki-17m and `update` with the other half answer 45.2 % of the analogies. `fit` on the whole
#: text answers 44.8 % (benches/EXPERIMENTS.md, "Epochs of an update").
UPDATE_FRACTION = 0.4
#: The biases of a new word start near the mean of the biases of this many old words.
ALIKE = 100


def count_text(parameters: Mapping[str, Any], text: Text) -> Cooccurrence:
    """Count a text with the parameters of a model."""
    names = _settings.names("reading", "encoding", "counting", "running")
    settings = {name: parameters[name] for name in names if name in parameters}
    return Cooccurrence.from_corpus(text.source, text.vocabulary, **settings, **text.where())


def given_counts(
    X: Any, vocabulary: Vocabulary | Sequence[str] | None, symmetric: object
) -> Cooccurrence:
    """Return the counts that a user gave as `X` to train on.

    `symmetric` is the parameter of the model. If it is True, this function warns of a matrix, a
    data frame or a result of :meth:`Cooccurrence.from_scipy` that is not symmetric. Other counts
    are not checked.

    Raises
    ------
    ValueError, TypeError
        As for :meth:`Cooccurrence.from_scipy`. A ValueError also if `X` is a Cooccurrence and
        `vocabulary` has other words, or if `symmetric` is not a bool.
    """
    counts: Cooccurrence
    if not isinstance(X, Cooccurrence):
        counts = Cooccurrence.from_scipy(X, vocabulary)
    else:
        counts = X
        if vocabulary is not None and X.vocabulary.words != words_of("vocabulary", vocabulary):
            raise ValueError("vocabulary must be None, or the words of X, a Cooccurrence")
    expected = boolean("symmetric", symmetric)
    if expected and counts._is_matrix and (asymmetry := counts._asymmetry()):
        warn(
            f"X is {asymmetry}, but symmetric counts are expected: pass X + X.T with the "
            "diagonal added only once, or set symmetric=False if X is right as it is"
        )
    return counts


def counts_of(model: Trainable) -> Cooccurrence:
    """Return the counts of all text so far. If the model did not keep them, count the text again.

    Raises
    ------
    ValueError
        If the model did not keep the counts and cannot read the same text again.
    """
    state = model._state
    if state.counts is not None:
        return state.counts
    if state.text is None:
        raise ValueError(
            "this Glove has no counts of the text so far: save and pickle leave them out, and "
            "keep_counts=False does not keep them; give them to update(source, counts=)"
        )
    if not state.text.is_unchanged():
        raise ValueError(
            f"{state.text.source!r} is gone or has changed since it was counted; "
            "fit(keep_counts=True) keeps the counts in the model"
        )
    return count_text(state.as_read(model.get_params()), state.text)


def fit(
    model: Trainable,
    data: Text | Cooccurrence,
    fit_options: CheckedFitOptions,
    init: Init | None,
    *,
    resume: bool,
    start: _core._Start | None = None,
) -> None:
    """Train on a text or on counts, from the beginning, from `start` or from a checkpoint."""
    parameters = _settings.with_content(model.get_params())
    training = _settings.core_training(
        parameters,
        has_init=init is not None,
        is_rectangular=isinstance(data, Cooccurrence) and data.is_rectangular,
    )
    if start is not None:
        training["epochs"] += start["epochs_done"]
    text = data if isinstance(data, Text) else None
    # Check the parameters of counting even if counts are given: they are saved with the model.
    _settings.check_text(parameters)
    if text is not None:
        _settings.checked(text.where(), "source")
    settings = checkpoints.settings(
        parameters,
        training,
        fit_options.settings()
        | {
            "anchor": 0.0 if init is None else init.anchor,
            "column": None if text is None else text.column,
        },
        source=None if text is None else text.fingerprint,
        every=fit_options.every,
        grown=False,
        before=[],
    )
    folder, saved = fit_options.folder, None
    if boolean("resume", resume) and folder is None:
        raise ValueError("resume needs a folder with a checkpoint: set checkpoint_dir")
    with nullcontext() if folder is None else folder.locked(make=True):
        if folder is not None and folder.has_checkpoint():
            if not resume:
                raise ValueError(
                    f"checkpoint_dir has a checkpoint already, {folder.state}: continue from it "
                    "with resume=True, delete it, or choose another folder"
                )
            saved = folder.read()
            preset = checkpoints.left_to_preset(saved.settings, settings)
            training = cast("_core._Training", training | preset)
            settings["training"] = training
            folder.check(saved.settings, settings)
            counts = folder.counts_of(saved, _settings.core_running(parameters))
            if isinstance(data, Cooccurrence):
                folder.check_counts(counts, data)
            elif data.vocabulary is not None:
                folder.check_vocabulary(counts, data.vocabulary)
            init = None  # the training that is resumed has already started from these vectors
        else:
            if folder is not None:
                folder.claim()
            counts = data if isinstance(data, Cooccurrence) else count_text(parameters, data)
        _train(
            model,
            parameters,
            counts,
            training,
            fit_options,
            settings,
            start=start if saved is None else saved.core,
            init=init,
            text=text,
            # If nothing else refers to the counts, their memory is freed while tiles are built.
            consume=counts is not data,
        )


def resume(
    cls: type[_TrainableT],
    checkpoint_dir: str | os.PathLike[str],
    options: FitOptions,
    parameters: Mapping[str, Any],
) -> _TrainableT:
    """Create the model of a checkpoint and train it to the end."""
    folder = Folder(checkpoint_dir)
    if not folder.has_checkpoint():
        folder.read()  # raises the FileNotFoundError or another OSError
    with folder.locked(make=False):
        return _resume(cls, folder, options, parameters)


def _resume(
    cls: type[_TrainableT], folder: Folder, options: FitOptions, parameters: Mapping[str, Any]
) -> _TrainableT:
    saved = folder.read()
    settings = saved.settings
    may_change = checkpoints.may_change(settings)
    for name in parameters:
        if name not in may_change:
            raise ValueError(
                f"{name} cannot change when training is resumed; these can: "
                f"{', '.join(sorted(may_change))}"
            )
    with refusing(folder.state, "a checkpoint of glove_rs"):
        # Leave out saved values that the caller replaces: they may be invalid on this machine.
        unchanged = {k: v for k, v in settings["parameters"].items() if k not in parameters}
        model = cls._of_settings(unchanged)
        saved_options: FitOptions = {
            "validation": settings["session"]["validation"],
            "early_stopping": settings["session"]["early_stopping"],
            "checkpoint_every": settings["every"],
            "checkpoint_dir": folder.path,
        }
        CheckedFitOptions(**saved_options)
        History(settings["before"])
        optimizer = settings["training"]["optimizer"]
        if not saved.core.is_of_optimizer(optimizer):
            raise ValueError(f"its parameters are not those of the optimizer {optimizer!r}")
    model.set_params(**parameters)
    fit_options = CheckedFitOptions(**options | saved_options)
    # Train with the values in the checkpoint: the presets of this version may have other values.
    training = cast("_core._Training", settings["training"])
    if "epochs" in parameters:
        training["epochs"] = _settings.core_training(model.get_params())["epochs"]
    counts = folder.counts_of(saved, _settings.core_running(model.get_params()))
    parameters = model.get_params()
    _train(
        model, parameters, counts, training, fit_options, settings, start=saved.core, consume=True
    )
    return model


def update(
    model: Trainable,
    text: Text,
    fit_options: CheckedFitOptions,
    *,
    epochs: int | None,
    new_words: bool,
    counts: Cooccurrence | None,
) -> None:
    """Count more text, add its counts to the earlier ones, and continue the training."""
    state = model._state
    state.check_square("update")
    training = _settings.core_training(model.get_params())
    _settings.checked(text.where(), "source")
    dim = state.arrays["W"].shape[1]
    if model.dim != dim:
        raise ValueError(f"dim must stay {dim} in an update, got {model.dim}")
    if epochs is None:
        training["epochs"] = math.ceil(UPDATE_FRACTION * training["epochs"])
    else:
        training["epochs"] = integer("epochs", epochs, 1)
    folder = fit_options.folder
    with nullcontext() if folder is None else folder.locked(make=True):
        if folder is not None and folder.has_checkpoint():
            raise ValueError(
                f"checkpoint_dir has a checkpoint already, {folder.state}: continue from it with "
                "Glove.resume, delete it, or choose another folder"
            )
        if folder is not None:
            folder.claim()
        old_counts = counts_of(model) if counts is None else counts
        if not isinstance(old_counts, Cooccurrence):
            raise ValueError(f"counts must be a Cooccurrence, got {type(counts).__name__}")
        rows = _rows(old_counts.vocabulary, state.vocabulary)
        parameters = _settings.with_content(state.as_read(model.get_params()))
        with reporter(model.progress) as callback:
            core = old_counts._core.with_more_text(
                source_arguments(text.source, {**parameters, **text.where()}),
                _settings.core_encoding(parameters),
                _settings.core_counting(parameters),
                _settings.core_running(parameters),
                callback,
                boolean("new_words", new_words),
            )
        merged = Cooccurrence._of(core)
        _check_more(
            old_counts.vocabulary, merged.vocabulary, parameters["min_count"] if new_words else None
        )
        settings = checkpoints.settings(
            parameters,
            training,
            fit_options.settings() | {"anchor": 0.0, "column": text.column},
            source=None,
            every=fit_options.every,
            grown=new_words,
            before=state.history.epochs(),
        )
        start = _grown(state.arrays, rows, merged.vocabulary, training["seed"])
        _train(
            model, parameters, merged, training, fit_options, settings, start=start, consume=True
        )


def _check_more(before: Vocabulary, after: Vocabulary, min_count: int | None) -> None:
    """Raise a ValueError if the new text added no occurrence of a word of the vocabulary.

    Further training would only repeat the old text. With `min_count` None, no word is added to the
    vocabulary.
    """
    if len(after) == len(before) and after.counts.sum() == before.counts.sum():
        frequent = (
            ""
            if min_count is None
            else f", or words that now occur at least min_count={min_count} times in all the text"
        )
        raise ValueError(
            f"source must hold words of the vocabulary{frequent}: the new text has no such word, "
            "so it adds nothing to train on"
        )


def _rows(words: Vocabulary, model: Vocabulary) -> np.ndarray[Any, np.dtype[np.int64]]:
    """Return the row in `model` of each word of `words`. Both must have the same words."""
    if len(words) != len(model) or any(word not in model for word in words.words):
        raise ValueError(
            f"counts must have the same words as the model: they have {len(words)} words, the "
            f"model has {len(model)}"
        )
    return np.array([model[word] for word in words.words], dtype=np.int64)


def _grown(
    arrays: Mapping[str, np.ndarray[Any, np.dtype[np.float32]]],
    rows: np.ndarray[Any, np.dtype[np.int64]],
    vocabulary: Vocabulary,
    seed: int,
) -> _core._Start:
    """Return start parameters for a vocabulary: first the model's words, then the new words.

    The old word i gets the row ``rows[i]`` of each array. The vectors of a new word are random. Its
    biases are random numbers around the mean biases of the `ALIKE` old words with the nearest
    counts. It gets no accumulators: the core starts them as in a first training.
    """
    old, words = len(rows), len(vocabulary)
    rng = np.random.default_rng(seed)
    by_count = np.argsort(-vocabulary.counts[:old], kind="stable")
    rank = np.searchsorted(-vocabulary.counts[:old][by_count], -vocabulary.counts[old:])
    alike = min(ALIKE, old)
    first = np.clip(rank - alike // 2, 0, old - alike)
    start = {}
    for name, array in arrays.items():
        if name.startswith("G_"):
            start[name] = array[rows]
            continue
        new = np.empty((words, *array.shape[1:]), dtype=np.float32)
        new[:old] = array[rows]
        new[old:] = (rng.random(new[old:].shape) - 0.5) / arrays["W"].shape[1]
        if name.startswith("b"):
            sums = np.cumsum(new[:old][by_count], dtype=np.float64)
            sums = np.concatenate([[0.0], sums])
            new[old:] += (sums[first + alike] - sums[first]) / alike
        start[name] = new
    return {**start, "epochs_done": 0, "halvings": 0}  # type: ignore[typeddict-item]


def _warn_of_spaces(vocabulary: Vocabulary) -> None:
    """Warn before the training if the usual file formats cannot hold the words."""
    spaced = vocabulary._first_spaced()
    if spaced is not None:
        warn(
            f"the vocabulary has words with spaces, such as {spaced!r}, which the formats of "
            "word2vec and Stanford's tools cannot hold: save the model with save, and its vectors "
            "with vectors.save or vectors.save_glove"
        )


def _train(
    model: Trainable,
    parameters: Mapping[str, Any],
    counts: Cooccurrence,
    training: _core._Training,
    fit_options: CheckedFitOptions,
    settings: dict[str, Any],
    *,
    start: _core._Start | _core.CoreCheckpoint | None = None,
    init: Init | None = None,
    text: Text | None = None,
    consume: bool,
) -> None:
    """Train, and store the result in the model, even if the training is interrupted.

    `parameters` are those of the model; files of words and phrases are replaced by their content.
    """
    keep_counts = keeps_counts(fit_options.keep_counts, text)
    if fit_options.keep_counts is False:
        text = None
    vocabulary, order = counts.vocabulary, None
    contexts = counts.context_vocabulary if counts.is_rectangular else None
    if text is None or not isinstance(text.source, str | os.PathLike):
        _warn_of_spaces(vocabulary)
    if settings["grown"]:
        core, order = vocabulary._core.by_count()
        vocabulary = Vocabulary._of(core)
    before = settings["before"]
    files = _settings.content_paths(model.get_params())
    used = _settings.used(parameters) | training | settings["session"]

    def store_result(trained: _core.CoreParameters) -> None:
        held_out = [math.nan if loss is None else loss for loss in trained.validation]
        epochs = zip(trained.history, held_out, trained.data_loss, strict=True)
        history = History([*before, *((*epoch[1:], *losses) for epoch, *losses in epochs)])
        retained_counts = None if trained.counts is None else Cooccurrence._of(trained.counts)
        subwords = None if trained.subwords is None else Subwords(trained.subwords)
        model._fitted = Fitted(
            vocabulary,
            history,
            trained,
            used,
            retained_counts,
            text,
            order,
            subwords,
            contexts=contexts,
            files=files,
        )

    checkpoint: _core._Checkpoint | None = None
    if fit_options.folder is not None:
        checkpoint = {
            "path": fit_options.folder.state,
            "counts": None
            if isinstance(start, _core.CoreCheckpoint)
            else fit_options.folder.counts,
            "every": fit_options.every,
            "settings": json.dumps(settings | {"counts": checkpoints.identity(counts)}),
        }
    arguments: _core._FitArguments = {
        "validation": fit_options.validation,
        "early_stopping": fit_options.early_stopping,
        "seconds_left": fit_options.seconds_left(),
        "callback": fit_options.callback(counts.vocabulary, len(before), counts.is_rectangular),
        "checkpoint": checkpoint,
        "init": None if init is None else init.core(counts.vocabulary),
        "keep_counts": keep_counts,
        "store_result": store_result,
    }
    running = _settings.core_running(model.get_params())
    with reporter(model.progress) as callback:
        # The core calls `store_result`, so that Ctrl-C cannot come between the training and storing
        # its result.
        _core.train(counts._core, model.dim, training, running, callback, consume, start, arguments)
