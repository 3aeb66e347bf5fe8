"""Train a model: the common part of `fit`, `fit_cooccurrence` and `resume`."""

from __future__ import annotations

import json
import math
import os
from collections.abc import Mapping
from contextlib import nullcontext
from typing import Any, TypeVar, cast

from .. import _core, _settings
from .._checks import boolean
from .._io.archives import refusing
from .._progress import reporter
from .._warnings import warn
from ..cooccurrence import Cooccurrence
from ..subwords import Subwords
from ..vocabulary import Vocabulary
from . import checkpoints
from .checkpoints import Folder
from .counted_text import Text, keeps_counts
from .fit_options import CheckedFitOptions, FitOptions
from .fitted import Fitted
from .history import History
from .pretrained import Init
from .protocol import Trainable
from .training_counts import count_text

__all__ = ["fit", "resume", "train"]

_TrainableT = TypeVar("_TrainableT", bound=Trainable)


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
        has_adjacent=not isinstance(data, Cooccurrence) or data._core.has_adjacent,
    )
    done = 0 if start is None else start["epochs_done"]
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
        start_epochs=done,
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
            records = saved.settings["counts"]["records"]
            training.update(_settings.for_records(parameters, records))
            training["epochs"] += done
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
            training.update(_settings.for_records(parameters, counts.nnz))
            training["epochs"] += done
            settings["training"] = training
        train(
            model,
            parameters,
            counts,
            training,
            fit_options,
            settings,
            start=start if saved is None else saved.core,
            init=init,
            text=text,
            # If nothing else refers to the counts, the core may free their memory while it puts the
            # records into tiles.
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
    counts = folder.counts_of(saved, _settings.core_running(model.get_params()))
    if "epochs" in parameters:
        of_fit = _settings.for_records(model.get_params(), counts.nnz)["epochs"]
        training["epochs"] = settings["start_epochs"] + of_fit
    parameters = model.get_params()
    train(
        model, parameters, counts, training, fit_options, settings, start=saved.core, consume=True
    )
    return model


def _warn_of_spaces(vocabulary: Vocabulary) -> None:
    """Warn before the training if the usual file formats cannot hold the words."""
    spaced = vocabulary._first_spaced()
    if spaced is not None:
        warn(
            f"the vocabulary has words with spaces, such as {spaced!r}, which the formats of "
            "word2vec and Stanford's tools cannot hold: save the model with save, and its vectors "
            "with vectors.save or vectors.save_glove"
        )


def train(
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
