"""``glove-rs convert``: write vectors, a model or counts in another format."""

from __future__ import annotations

import argparse
from collections.abc import Callable

from .. import FormatError, Glove, WordVectors, _core
from .._io.files import is_url, without_file_protocol
from ..vectors import COMBINATIONS
from . import _inputs
from ._options import add_parameters, add_settings, given
from ._output_files import add_overwrite, check_files, refuse_terminal, written
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
    """Add the command."""
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
