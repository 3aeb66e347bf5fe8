"""``glove-rs info``: the kind, the size and the beginning of files."""

from __future__ import annotations

import argparse
import os
from collections.abc import Callable
from typing import Any

import numpy as np

from .. import Cooccurrence, Glove, Phrases, Subwords, Vocabulary, WordVectors, _core
from .._fit import checkpoints
from .._io import output_folder
from . import _bug_report, _inputs
from ._parser import Commands, command
from ._printing import add_json, columns, emit

__all__ = ["add"]


def add(commands: Commands) -> None:
    """Add the command."""
    parser = command(
        commands,
        "info",
        _info,
        "[FILE...] [options]",
        summary="show the kind, the size and the beginning of files",
        text=(
            "Print the kind of each file, its sizes and a preview. The content decides the kind: a "
            "model, the folder of a model, vectors, counts, a vocabulary, a text or another kind. "
            "Most files are read to the end, so that damage is found. With --bug-report, print "
            "the facts that a bug report needs."
        ),
        example=(
            "glove-rs info model vectors.txt.gz cooccurrence.bin --vocab vocab.txt\n"
            "glove-rs info --bug-report model"
        ),
    )
    parser.add_argument("files", metavar="FILE", nargs="*", help="file or folder")
    parser.add_argument(
        "--bug-report",
        action="store_true",
        help="print versions, the SIMD level of the processor, and the kinds, sizes and settings "
        "of the files, if there are any; no paths, names or words",
    )
    parser.add_argument(
        "--vocab", metavar="FILE", help="file of the words, for .bin files of Stanford's tools"
    )
    add_json(parser)


def _info(options: argparse.Namespace) -> None:
    if not options.files and not options.bug_report:
        options.parser.error("the following arguments are required: FILE")
    results = []
    for path in options.files:
        kind, what = _inputs.recognised(path)
        about = {"file": path, "what": what}
        if os.path.isfile(path):
            about["bytes"] = os.path.getsize(path)
        results.append({**about, **_DESCRIBE[kind](path, options.vocab)})
    if options.bug_report:
        results = [_bug_report.of_system(), *map(_bug_report.of_file, results)]
    emit(options, results, "\n\n".join(_shown(result) for result in results))


def _shown(result: dict[str, Any]) -> str:
    rows: list[tuple[str, ...]] = []
    for name, value in result.items():
        name = name.replace("_", " ")
        if isinstance(value, list):
            rows += [(name if first else "", str(line)) for first, line in _first(value)]
        elif isinstance(value, dict):
            rows += [
                (name if first else "", f"{key} = {item}")
                for first, (key, item) in _first(list(value.items()))
            ]
        else:
            rows.append((name, _number(value)))
    return columns(rows)


def _first(items: list[Any]) -> list[tuple[bool, Any]]:
    return [(number == 0, item) for number, item in enumerate(items)]


def _number(value: object) -> str:
    if isinstance(value, bool) or value is None:
        return {True: "yes", False: "no", None: "-"}[value]
    return f"{value:,}" if isinstance(value, int) else str(value)


#: The largest number of words, records, phrases and components that `info` shows.
_SHOWN = 5


def _vocabulary_info(words: Vocabulary) -> dict[str, Any]:
    return {
        "words": len(words),
        "tokens": sum(words.counts.tolist()),
        "most_frequent": [
            f"{word} {count}"
            for word, count in zip(words.words[:_SHOWN], words.counts[:_SHOWN], strict=True)
        ],
    }


def _vectors_info(wv: WordVectors) -> dict[str, Any]:
    preview = []
    for word, row in zip(wv.index_to_key[:_SHOWN], wv.vectors[:_SHOWN], strict=True):
        numbers = " ".join(f"{x:.4f}" for x in row[:_SHOWN])
        preview.append(f"{word} {numbers}" + (" ..." if len(row) > _SHOWN else ""))
    kind = str(wv.vectors.dtype)
    return {"words": len(wv), "dim": wv.vector_size, "numbers": kind, "vectors": preview}


def _model_info(path: str, _: str | None) -> dict[str, Any]:
    model = Glove.load(path)
    about: dict[str, Any] = {}
    if output_folder.is_folder(path):
        settings = output_folder.read_settings(path)
        about = {name: settings.get(name) for name in ("created", "source")}
        about["version"] = settings.get("glove_rs")
    about |= _vocabulary_info(model.vocabulary)
    about |= {"dim": model.W.shape[1], "epochs": len(model.history)}
    if model.vectors.subwords is not None:
        about["ngrams"] = len(model.vectors.subwords)
    if model.history:
        about |= {
            "first_loss": round(model.history[0], 6),
            "last_loss": round(model.history[-1], 6),
            "seconds": round(sum(model.history.seconds), 3),
        }
    about["settings"] = model.settings_
    return about


def _counts_info(path: str, vocabulary: str | None) -> dict[str, Any]:
    return _counted(_inputs.counts(path, vocabulary))


def _counted(counts: Cooccurrence) -> dict[str, Any]:
    rows, columns_, values = counts.records()
    words, contexts = counts.vocabulary.words, counts.context_vocabulary.words
    largest = np.argsort(values)[::-1][:_SHOWN]
    return {
        "words": len(words),
        **({"context words": len(contexts)} if counts.is_rectangular else {}),
        "records": counts.nnz,
        "total": counts.total,
        "symmetric": counts.symmetric,
        **({} if counts.adjacent is None else {"adjacent records": counts.adjacent.nnz}),
        "largest": [
            f"{words[rows[k]]} {contexts[columns_[k]]} {values[k]:.4f}" for k in largest.tolist()
        ],
    }


def _records_info(path: str, vocabulary: str | None) -> dict[str, Any]:
    if vocabulary is not None:
        return _counts_info(path, vocabulary)
    words, records, total, is_sorted, first = _core.records_summary(path, _SHOWN)
    return {
        "words": words,
        "records": records,
        "total": total,
        "sorted": is_sorted,
        "first": [f"{row} {column} {x:.4f}" for row, column, x in first],
    }


def _parameters_info(path: str, vocabulary: str | None) -> dict[str, Any]:
    if vocabulary is not None:
        return _vectors_info(_inputs.vectors(path, vocabulary))
    numbers, first = _core.parameters_summary(path, _SHOWN)
    return {
        "numbers": numbers,
        "note": "name the file of its words with --vocab to see more",
        "first": [f"{x:.6f}" for x in first],
    }


def _text_info(path: str, _: str | None) -> dict[str, Any]:
    lines, begin = _core.count_lines(path)
    return {"lines": lines, "begins": begin[:70] + " ..." * (len(begin) > 70)}


def _archive_info(path: str, _: str | None) -> dict[str, Any]:
    return {"files": _core.members(path), **_advice(path, None)}


def _advice(path: str, _: str | None) -> dict[str, Any]:
    return {"advice": _core.recognise(path)[2]}


def _checkpoint_info(path: str, _: str | None) -> dict[str, Any]:
    saved = checkpoints.read(path)
    before = saved.settings["before"]
    words, contexts, dim = saved.core.shape
    return {
        "version": saved.settings.get("glove_rs"),
        "words": words,
        **({"context words": contexts} if contexts != words else {}),
        "dim": dim,
        "epochs": len(before) + saved.core.epochs,
        "epochs_in_all": len(before) + saved.settings["training"]["epochs"],
        "settings": {**saved.settings["parameters"], **saved.settings["training"]},
    }


def _checkpoints_info(path: str, _: str | None) -> dict[str, Any]:
    folder = checkpoints.Folder(path)
    about = {"checkpoint": folder.state, **_checkpoint_info(folder.state, None)}
    if os.path.exists(folder.counts):
        about["counts"] = folder.counts
    about["resume"] = f"Glove.resume({path!r})"
    return about


def _subwords_info(path: str, _: str | None) -> dict[str, Any]:
    subwords = Subwords.load(path)
    return {
        "ngrams": len(subwords),
        "dim": subwords.vector_size,
        "shortest": subwords.min_n,
        "longest": subwords.max_n,
    }


def _phrases_info(path: str, _: str | None) -> dict[str, Any]:
    phrases = Phrases.load(path)
    delimiter, connectors, passes = phrases._core.contents()
    best = sorted((found for own in passes for found in own), key=lambda pair: -pair[1])
    return {
        "phrases": len(phrases),
        "passes": len(passes),
        "delimiter": delimiter,
        "connector_words": len(connectors),
        "highest_scores": [
            f"{delimiter.join(words)} {score:.4g}" for words, score in best[:_SHOWN]
        ],
    }


def _nothing(_: str, __: str | None) -> dict[str, Any]:
    return {}


_DESCRIBE: dict[str, Callable[[str, str | None], dict[str, Any]]] = {
    "archive": _archive_info,
    "checkpoint": _checkpoint_info,
    "checkpoints": _checkpoints_info,
    "counts": lambda path, _: _counts_info(path, None),
    "empty": _nothing,
    "folder": _model_info,
    "foreign": _advice,
    "model": _model_info,
    "parameters": _parameters_info,
    "phrases": _phrases_info,
    "records": _records_info,
    "subwords": _subwords_info,
    "text": _text_info,
    "unknown": _nothing,
    "vectors": lambda path, _: _vectors_info(_inputs.vectors(path)),
    "vocabulary": lambda path, _: _vocabulary_info(Vocabulary.load(path)),
}
