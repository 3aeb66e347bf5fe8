"""Reading the text of a bootstrap, and the trainer of its replicates."""

from __future__ import annotations

import inspect
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from .. import _settings
from .._checks import shown
from .._fit.documents import By, EncodedDocuments
from .._io.sources import Source
from .._progress import Progress, reporter
from .._python_tokenizers import from_json
from .._word_lists import phrases_from_json
from ..glove import Glove
from ..vocabulary import Vocabulary
from .resampling import Resampling
from .schedule import stored_schedule
from .trainer import Trainer

__all__ = ["check_reading", "documents_of", "parameters_of", "trainer_of", "trainer_on"]


def check_reading(given: Iterable[str], settings: Mapping[str, Any]) -> None:
    """Raise a TypeError for an argument of :meth:`Bootstrap.extend` that it does not take.

    Parameters
    ----------
    given : iterable of str
        The names of the arguments.
    settings : mapping
        The stored settings of the bootstrap.
    """
    known = inspect.signature(trainer_of).parameters.values()
    allowed = [p.name for p in known if p.kind is p.KEYWORD_ONLY]
    stored = {**settings, **stored_schedule(settings)}
    for name in given:
        if name not in allowed:
            why = f"it takes {', '.join(allowed)}"
            if name in stored or name in stored["model"]:
                value = stored.get(name, stored["model"].get(name))
                why = f"all replicates of this bootstrap have {name} {shown(value)}"
            raise TypeError(f"extend() got an unexpected keyword argument {name!r}: {why}")


def trainer_of(
    settings: Mapping[str, Any],
    source: Source,
    progress: Progress,
    *,
    by: By | None = None,
    column: str | None = None,
    storage_options: Any = None,
    vocabulary: Vocabulary | Sequence[str] | None = None,
    threads: int | None = None,
    memory: int | str | None = None,
    tokenizer: Any = None,
) -> Trainer:
    """Return the trainer of a loaded bootstrap. `settings` are the stored settings.

    Raises
    ------
    ValueError
        If :meth:`Trainer.identity` of the text differs from that of the bootstrap, if `by` is
        given for a bootstrap of documents, or if `by` is missing for a bootstrap of groups.
    """
    saved = dict(settings["model"])
    saved["tokenizer"] = from_json(saved["tokenizer"]) if tokenizer is None else tokenizer
    if saved.get("phrases") is not None:
        saved["phrases"] = phrases_from_json(saved["phrases"])
    model = Glove(**{name: saved[name] for name in Glove().get_params() if name in saved})
    parameters = parameters_of(model, threads, memory)
    if (by is None) != (settings["unit"] == "document"):
        raise ValueError("by must be given if and only if the bootstrap is of groups")
    with reporter(progress) as callback:
        where = {"column": column, "storage_options": storage_options}
        documents = documents_of(source, {**parameters, **where}, callback, by, vocabulary)
    trainer = trainer_on(
        documents,
        parameters,
        settings["unit"],
        settings["method"],
        settings["seed"],
        stored_schedule(settings),
    )
    if trainer.identity() != settings["text"]:
        raise ValueError("source must be the text of this bootstrap, and it is not")
    return trainer


def parameters_of(model: Glove, threads: int | None, memory: int | str | None) -> dict[str, Any]:
    """Return the parameters of a model. Files of words or phrases are replaced by their content.

    `threads` and `memory`, if given, replace the values of the model.
    """
    parameters = _settings.with_content(model.get_params())
    given = {"threads": threads, "memory": memory}
    return parameters | {name: value for name, value in given.items() if value is not None}


def documents_of(
    source: Source,
    parameters: Mapping[str, Any],
    callback: Any,
    by: By | None,
    vocabulary: Vocabulary | Sequence[str] | None,
) -> EncodedDocuments:
    """Read and encode a text.

    `parameters` has the parameters of the model, and `column` and `storage_options`.
    """
    return EncodedDocuments.read(source, parameters, callback, vocabulary=vocabulary, by=by)


def trainer_on(
    documents: EncodedDocuments,
    parameters: Mapping[str, Any],
    unit: str,
    method: str,
    seed: int,
    schedule: Mapping[str, Any],
) -> Trainer:
    """Return the trainer of replicates on resampled documents.

    `schedule` has the epochs and the learning rate of a replicate.
    """
    labels = documents.labels if unit == "group" else None
    resampling = Resampling(documents.lengths, labels, method, seed)
    return Trainer(documents, resampling, parameters, schedule)
