"""``glove-rs convert`` and ``info``: write a file in another format, and describe files."""

from __future__ import annotations

import argparse
import os
from collections.abc import Callable
from typing import Any

import numpy as np

from .. import Cooccurrence, FormatError, Glove, Phrases, Subwords, Vocabulary, WordVectors, _core
from .._fit import checkpoints
from .._io import output_folder
from .._io.files import is_url, without_file_protocol
from ..vectors import COMBINATIONS
from . import _bug_report, _inputs
from ._options import add_parameters, add_settings, given
from ._output import (
    add_json,
    add_overwrite,
    check_files,
    columns,
    emit,
    refuse_terminal,
    written,
)
from ._parser import Commands, command

__all__ = ["FORMATS", "add"]

#: The formats that `convert` writes, each with its text in the help of the command.
FORMATS = {
    "word2vec": "vectors as text after a first line 'V dim', for gensim and spaCy",
    "word2vec_binary": "vectors in word2vec's binary format",
    "glove": "vectors as text without a first line, like pretrained GloVe files",
    "native": "vectors in glove-rs's own format, which opens at once: the file is mapped",
    "model": "the whole model in one file of glove-rs",
    "stanford": "OUTPUT.txt, OUTPUT.bin and OUTPUT.gradsq.bin, like Stanford's glove",
    "vocab": "words and counts, as text",
    "counts": "co-occurrence counts with their words",
    "pairs": "co-occurrence counts as a Parquet file with the columns word, context and x",
    "records": "co-occurrence records in the format of Stanford's tools, sorted",
}
# The default format of models and vectors, by the ending of OUTPUT.
_BY_NAME = {".bin": "word2vec_binary", ".glove": "model"}
# What a file of each format holds, for `check_files`. "stanford" is missing: this module makes the
# endings of its files, so they need no check.
_CONTENTS = {
    "word2vec": "text",
    "word2vec_binary": "binary",
    "glove": "text",
    "native": "native",
    "model": "model",
    "vocab": "vocabulary",
    "counts": "counts",
    "pairs": "pairs",
    "records": "counts",
}
# The only parameter of the section "source" that `convert` takes: the options of the store, if
# OUTPUT of `--to pairs` is a URL.
_STORE = ("storage_options",)
# The formats that are text, which a terminal can show.
_TEXT_FORMATS = {"word2vec", "glove", "vocab"}
# Endings of the files of `--to stanford`, and the parameter of `Glove.save_stanford` for each.
_STANFORD = {".txt": "text", ".bin": "binary", ".gradsq.bin": "gradsq"}


def add(commands: Commands) -> None:
    """Add the commands."""
    _add_convert(commands)
    _add_info(commands)


# --- convert --------------------------------------------------------------------------------------


def _add_convert(commands: Commands) -> None:
    formats = "\n".join(f"  {name:<16}{what}" for name, what in FORMATS.items())
    parser = command(
        commands,
        "convert",
        _convert,
        "INPUT OUTPUT [options]",
        summary="write a file in another format",
        text=(
            f"Read vectors, a model or counts in any format and write them in another:\n\n{formats}"
        ),
        example=(
            "glove-rs convert model vectors.txt\n"
            "glove-rs convert vectors.txt vectors.bin --to word2vec_binary\n"
            "glove-rs convert vectors.bin model.glove --vocab vocab.txt --gradsq gradsq.bin\n"
            "glove-rs convert cooccurrence.bin counts --vocab vocab.txt"
        ),
    )
    parser.add_argument("input", metavar="INPUT", help="file or folder to read")
    parser.add_argument(
        "output",
        metavar="OUTPUT",
        help="file to write; - is standard output; with --to pairs also a URL",
    )
    add_overwrite(parser)
    parser.add_argument(
        "--to",
        metavar="FORMAT",
        choices=list(FORMATS),
        help="format to write. Default for counts: records if OUTPUT ends in .bin, else counts."
        " Default for models and vectors: model if OUTPUT ends in .glove, word2vec_binary if it"
        " ends in .bin, else word2vec",
    )
    parser.add_argument(
        "--vocab", metavar="FILE", help="file of the words, if INPUT is a .bin of Stanford's tools"
    )
    parser.add_argument(
        "--gradsq",
        metavar="FILE",
        help="file of the accumulators, if INPUT is a .bin of Stanford's glove",
    )
    parser.add_argument(
        "--combine",
        metavar="|".join(COMBINATIONS),
        choices=COMBINATIONS,
        default="sum",
        help="if INPUT is a model: how to make one vector of the word vector and the context"
        " vector of a word (default: sum)",
    )
    add_parameters(
        parser.add_argument_group("reading vectors"), WordVectors.load, _inputs.VECTOR_FILE
    )
    add_settings(parser.add_argument_group("writing pairs"), _STORE)
    group = parser.add_argument_group("writing glove and stanford")
    group.add_argument(
        "--unk",
        action=argparse.BooleanOptionalAction,
        help="add a last line <unk>, the mean of the vectors of the 100 rarest words (default: only"
        " for --to stanford)",
    )
    group.add_argument(
        "--model",
        type=int,
        default=2,
        metavar="0|1|2|3",
        help="numbers of a word in the text of --to stanford: 0 all parameters, 1 W, 2 W + W_tilde,"
        " 3 W and W_tilde (default: 2)",
    )
    group.add_argument(
        "--header", action="store_true", help="begin the text of --to stanford with a line 'V dim'"
    )


def _convert(options: argparse.Namespace) -> None:
    if options.to == "pairs":
        options.output = without_file_protocol(options.output)
    if options.to is not None:
        _check(options, options.to)
    kind, _ = _inputs.recognised(options.input)
    is_counts = kind in {"counts", "records"}
    to = options.to or _format_of(options.output, is_counts)
    _check(options, to)
    if is_counts:
        _convert_counts(options, to)
    elif kind in {"model", "folder", "parameters"}:
        _convert_model(options, _inputs.model(options.input, options.vocab, options.gradsq), to)
    else:
        reading = given(options, _inputs.VECTOR_FILE)
        _convert_vectors(options, _inputs.vectors(options.input, options.vocab, **reading), to)


def _format_of(output: str, is_counts: bool) -> str:
    """Return the default format of an output."""
    ending = _core.ending(output)
    if is_counts:
        return "records" if ending == ".bin" else "counts"
    return _BY_NAME.get(ending, "word2vec")


def _check(options: argparse.Namespace, to: str) -> None:
    """Check the output files; called before the input is read, and again before writing."""
    files = [options.output]
    if to == "pairs" and is_url(options.output):
        return  # `to_parquet` checks the URL
    if given(options, _STORE):
        raise ValueError("storage_options must come with --to pairs and a URL as OUTPUT")
    if to == "stanford":
        if options.output == "-":
            raise ValueError("output must be the beginning of file names with --to stanford, got -")
        files = [options.output + end for end in _STANFORD]
    elif to not in _TEXT_FORMATS:
        refuse_terminal(options.output)
    inputs = [options.input, options.vocab, options.gradsq]
    contents = {"output": _CONTENTS[to]} if to in _CONTENTS else {}
    for file in files:
        check_files({"output": file}, inputs, overwrite=options.overwrite, contents=contents)


def _refuse(options: argparse.Namespace, to: str, what: str) -> FormatError:
    return FormatError(f"{options.input}: {what} cannot be converted to {to}")


def _convert_counts(options: argparse.Namespace, to: str) -> None:
    counts = _inputs.counts(options.input, options.vocab)
    match to:
        case "pairs" if is_url(options.output):
            counts.to_parquet(options.output, overwrite=options.overwrite, **given(options, _STORE))
        case "pairs":
            _write(options, to, lambda path: counts.to_parquet(path, overwrite=True))
        case "vocab":
            _write(options, to, counts.vocabulary.save)
        case "counts":
            _write(options, to, counts._core.save)
        case "records":
            _write(options, to, counts._core.save_stanford)
        case _:
            raise _refuse(options, to, "counts")


def _convert_model(options: argparse.Namespace, model: Glove, to: str) -> None:
    match to:
        case "model":
            _write(options, to, model.save)
        case "vocab":
            _write(options, to, model.vocabulary.save)
        case "stanford":
            _write_stanford(options, model)
        case "counts" | "records" | "pairs":
            raise _refuse(options, to, "a model")
        case _:
            # With the default "sum", use `model.vectors`. They are W + W̃, or W alone if the counts
            # were rectangular, because then the context words are other words.
            is_default = options.combine == "sum"
            wv = model.vectors if is_default else model.word_vectors(options.combine)
            _write_vectors(options, wv, to)


def _convert_vectors(options: argparse.Namespace, wv: WordVectors, to: str) -> None:
    if to == "stanford" or to not in _core.VECTOR_FORMATS:
        raise _refuse(options, to, "vectors")
    _write_vectors(options, wv, to)


def _write_vectors(options: argparse.Namespace, wv: WordVectors, to: str) -> None:
    if to == "native":
        _write(options, to, wv.save)
    elif to == "glove":
        _write(options, to, lambda path: wv.save_glove(path, unk=bool(options.unk)))
    else:
        binary = to == "word2vec_binary"
        _write(options, to, lambda path: wv.save_word2vec_format(path, binary=binary))


def _write(options: argparse.Namespace, to: str, save: Callable[[str], object]) -> None:
    _check(options, to)
    with written(options.output, overwrite=options.overwrite) as path:
        save(path)


def _write_stanford(options: argparse.Namespace, model: Glove) -> None:
    _check(options, "stanford")
    for end, this in _STANFORD.items():
        with written(options.output + end, overwrite=options.overwrite) as path:
            model.save_stanford(
                path.removesuffix(end),
                **{file: file == this for file in _STANFORD.values()},
                unk=options.unk is not False,
                model=options.model,
                header=options.header,
            )


# --- info -----------------------------------------------------------------------------------------


def _add_info(commands: Commands) -> None:
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
