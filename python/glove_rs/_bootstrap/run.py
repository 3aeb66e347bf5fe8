"""The function `bootstrap`: read a text, train on all of it, and train the replicates."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from .._checks import choice, instance, integer
from .._fit.documents import By
from .._io.sources import Source
from .._progress import Progress, reporter
from ..glove import Glove
from ..vocabulary import Vocabulary
from .reading import documents_of, parameters_of, trainer_on
from .resampling import RESAMPLING_METHODS, RESAMPLING_UNITS, jackknife_blocks
from .result import Bootstrap
from .schedule import replicate_schedule, stored_schedule
from .store import ReplicateStore
from .trainer import model_settings

__all__ = ["bootstrap"]


def bootstrap(
    model: Glove,
    source: Source,
    n: int = 50,
    *,
    unit: str = "document",
    by: By | None = None,
    column: str | None = None,
    storage_options: Any = None,
    method: str = "bootstrap",
    replicate_epochs: int | None = None,
    vocabulary: Vocabulary | Sequence[str] | None = None,
    seed: int = 0,
    threads: int | None = None,
    memory: int | str | None = None,
    progress: Progress = None,
    path: str | os.PathLike[str] | None = None,
) -> Bootstrap:
    """Train a model on all of a text, and replicates of it on resampled texts.

    The text is read and encoded once, and stays in memory: two bytes for each token, more for a
    token of a rare word. The vocabulary of all models is that of the whole text, or `vocabulary`
    if it is given. Each replicate counts the documents with different weights. The
    replicates of a bootstrap also start training at different random parameters, so the intervals
    include the randomness of training.

    Parameters
    ----------
    model : Glove
        The settings. The model is not changed and need not be fitted.
    source : path, paths, open file or iterable
        As for :meth:`glove_rs.Glove.fit`. What a document is depends on the model's `documents`.
    n : int, default 50
        The number of replicates. With 0, only the model of all of the text is trained. Then
        :meth:`Bootstrap.extend` can add the replicates: if Ctrl-C interrupts `extend`, the finished
        replicates stay.
    unit : {"document", "group"}, default "document"
        What is resampled: documents, or groups of documents with the same label. If the documents
        of an author, a speaker or a day are similar, resample these groups: intervals from single
        documents would be too short.
    by : sequence or callable, optional
        The labels for ``unit="group"``: a label for each document, empty documents included. If
        `source` is an iterable of documents, `by` may be a function that returns the label of a
        document.
    column, storage_options
        As for :meth:`glove_rs.Glove.fit`. Each row of a table whose text is not null is a document.
    method : {"bootstrap", "jackknife"}, default "bootstrap"
        "bootstrap" draws as many units as the text has, with replacement. "jackknife" divides the
        units into `n` blocks, `n` ≥ 2; each replicate leaves out one block. If `n` is larger than
        the number of units, it is set to this number. With ``n=0``, the first call of
        :meth:`Bootstrap.extend` decides the number of blocks, which cannot change later.
    replicate_epochs : int, optional
        The number of epochs of a replicate, >= 1. The default is 4 if `method` is "bootstrap", the
        model has the default `epochs`, `learning_rate`, `schedule` and `optimizer` and a `dim` of
        at most 100, and the text has at least 300,000 tokens (only those of the vocabulary, unless
        `keep_gaps` is set). In a bootstrap, the default of `epochs` is 7 in the preset "best",
        whatever the size of the text. In measurements with such models and texts, replicates of 4
        epochs did not vary less than replicates with all epochs. For other models and texts, the
        default is the number of epochs of the model. If `path` already holds a bootstrap, the
        default is the number of epochs of its replicates. With fewer epochs than the model, the
        learning rate of the model is multiplied by epochs of the model / epochs of the replicate,
        but by at most 1.6 up to dim 50, and by at most 1.4 from dim 100 on.
    vocabulary : Vocabulary or sequence of str, optional
        The words to train, instead of those that `min_count` and `max_vocab` select.
    seed : int, default 0
        Seed of the resampling, >= 0. For a bootstrap, the weights and the training seed of
        replicate r depend on this seed and r, not on the seed of the model. For a jackknife, the
        weights also depend on `n`, and every replicate is trained with the seed of the model.
    threads, memory, progress : optional
        If given, they replace those of the model.
    path : path, optional
        The folder to write to. Each replicate is stored when it is finished, so a killed or
        interrupted run can continue: call the function again with the same arguments. By default
        the vectors are in a temporary folder, which is removed when the result is deleted.

    Returns
    -------
    Bootstrap

    Raises
    ------
    ValueError
        If a parameter is out of its range, if a label is missing (None, NaN, NaT or the NA of
        pandas), if the text has fewer than two units, or if `path` holds a bootstrap with other
        settings or of another text.
    TypeError
        If `model` is not a :class:`glove_rs.Glove`.
    FileExistsError
        If `path` is a file, or a folder that is not empty and holds no bootstrap.

    Notes
    -----
    See Antoniak and Mimno (2018), Evaluating the stability of embedding-based word similarities.

    Examples
    --------
    >>> import glove_rs
    >>> text = ["ice is cold", "snow is cold", "steam is hot", "fire is hot"] * 20
    >>> model = glove_rs.Glove(dim=5, threads=1, deterministic=True)
    >>> b = glove_rs.bootstrap(model, text, n=10)
    >>> b
    <bootstrap of 80 documents: 10 models of 7 words, dim=5>
    >>> similarity = b.similarity("ice", "snow")
    >>> similarity.low < similarity.value < similarity.high
    True
    """
    model = instance("model", model, Glove)
    n, seed = integer("n", n, 0), integer("seed", seed, 0)
    if replicate_epochs is not None:
        replicate_epochs = integer("replicate_epochs", replicate_epochs, 1)
    unit, method = (
        choice("unit", unit, RESAMPLING_UNITS),
        choice("method", method, RESAMPLING_METHODS),
    )
    if method == "jackknife":
        jackknife_blocks(n, n)  # checks n before the text is read
    if (by is None) != (unit == "document"):
        raise ValueError("by must be given if and only if unit is 'group'")
    parameters = parameters_of(model, threads, memory)
    settings: dict[str, Any] = {
        "method": method,
        "unit": unit,
        "seed": seed,
        "model": model_settings(parameters),
    }
    store = None if path is None else ReplicateStore(path)
    if store is not None:  # check the folder before the text is read
        store.check()
        if store.exists():
            _check_same(store, settings, replicate_epochs)
    if progress is None:
        progress = model.progress
    with reporter(progress) as callback:
        where = {"column": column, "storage_options": storage_options}
        documents = documents_of(source, {**parameters, **where}, callback, by, vocabulary)
        if store is not None and store.exists():
            schedule = stored_schedule(store.read_settings())
        else:
            tokens = int(documents.lengths.sum(dtype=np.int64))
            schedule = replicate_schedule(settings["model"], method, tokens, replicate_epochs)
        trainer = trainer_on(documents, parameters, unit, method, seed, schedule)
        units = trainer.resampling.units
        if method == "jackknife":
            n = jackknife_blocks(n, units)
        settings |= {"n": n, "text": trainer.identity(), **schedule}
        temporary = None
        if store is None:
            temporary = tempfile.TemporaryDirectory(
                prefix="glove-rs-bootstrap-", dir=parameters["tmp_dir"], ignore_cleanup_errors=True
            )
            store = ReplicateStore(temporary.name)
        if store.exists():
            _check_same(store, settings, replicate_epochs)
        else:
            store.create()
            store.write_full(trainer.full(callback))
            store.write_settings(settings)
        result = Bootstrap(store, trainer, temporary)
        result._run(n, callback)
    return result


def _check_same(store: ReplicateStore, settings: Mapping[str, Any], epochs: int | None) -> None:
    """Raise a ValueError if the bootstrap in the folder has other settings than `settings`.

    `epochs` is the number of epochs of a replicate that the user gave, or None.
    """
    saved = store.read_settings()
    saved |= stored_schedule(saved)
    if epochs is not None:
        settings = {**settings, "replicate_epochs": epochs}
    # A bootstrap may be continued to another n. A jackknife may not, because its blocks depend on
    # n. A saved or given n of 0 is an exception: it means that there are no blocks.
    any_n = settings["method"] != "jackknife" or 0 in (saved["n"], settings.get("n"))
    for name in settings:
        if saved[name] != settings[name] and not (name == "n" and any_n):
            found, given = saved[name], settings[name]
            if isinstance(found, dict):
                changed = [key for key in given if found.get(key) != given[key]]
                name = f"{name} ({', '.join(changed)})"
            raise ValueError(
                f"path has a bootstrap with another {name}: choose another folder, got "
                f"{store.path!r}"
            )
