"""The readers that are fuzzed, and checks of everything that they read.

Each function in `READERS` reads an input and checks the result. It may raise only the exceptions
that are documented for a malformed file; :func:`attempt` judges that.
"""

from __future__ import annotations

import contextlib
import io
import os
import random
import re
import shutil
import traceback
import warnings
import zlib
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
from seeds import CORPUS, LINES, TRAINING, WORDS

from glove_rs import (
    Cooccurrence,
    FormatError,
    Glove,
    TrainingDiverged,
    Vocabulary,
    WordVectors,
    _core,
    cli,
    evaluation,
)
from glove_rs._io import output_folder

__all__ = ["READERS", "Outcome", "attempt", "prepare"]


def prepare() -> None:
    """Prepare this process to read many inputs quickly."""
    cli.parser = cache(cli.parser)  # making the parser takes longer than most inputs


class Inconsistent(Exception):  # noqa: N818 - what the result is
    """The result of a reader contradicts itself."""


def expect(holds: object, what: str) -> None:
    if not holds:
        raise Inconsistent(what)


# --- the outcome of an input ----------------------------------------------------------------------


@dataclass(frozen=True)
class Outcome:
    """The outcome of an input."""

    #: "read", "refused", "memory", or "fault"
    kind: str
    #: For a fault, text that is the same for all inputs with this fault; else the kind of error.
    cause: str = ""
    #: For a fault, the traceback.
    detail: str = ""


def attempt(reader: str, path: Path) -> Outcome:
    """Let a reader read an input, and judge the outcome."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            READERS[reader](path)
    except MemoryError as error:
        return Outcome("memory", detail=str(error))
    except OSError as error:
        if error.filename is not None:
            return Outcome("refused", "OSError")
        return _fault("OSError that names no file", error)
    except FormatError as error:
        if path.name in str(error):
            return Outcome("refused", "FormatError")
        return _fault("FormatError that does not name the file", error)
    except ValueError as error:
        if type(error) is ValueError and path.name in str(error):
            return Outcome("refused", "ValueError")
        return _fault(f"{type(error).__name__} that does not name the file", error)
    except Refused:
        return Outcome("refused", "as documented")
    except Inconsistent as error:
        return _fault(f"inconsistent: {error}", error)
    except BaseException as error:
        return _fault(type(error).__name__, error)
    return Outcome("read")


class Refused(Exception):  # noqa: N818 - what was done
    """The input was refused, and the reader found the refusal to be as documented."""


def _fault(cause: str, error: BaseException) -> Outcome:
    frames = traceback.extract_tb(error.__traceback__)
    ours = [frame for frame in frames if "glove_rs" in frame.filename] or frames
    where = f"{Path(ours[-1].filename).name}:{ours[-1].name}"
    message = "" if isinstance(error, Inconsistent) else f": {_normalised(str(error))}"
    detail = "".join(traceback.format_exception(error))
    return Outcome("fault", f"{cause} ({where}){message}", detail[-4000:])


def _normalised(message: str) -> str:
    """The message without paths, values, names and numbers, which vary between inputs."""
    message = re.sub(r"/\S*/", "", message)
    message = re.sub(r", got .*", ", got …", message, flags=re.DOTALL)
    message = re.sub(r"'[^']*'|\"[^\"]*\"|b'[^']*'", "'…'", message)
    return re.sub(r"-?\d+(\.\d+)?(e[+-]?\d+)?", "N", message)[:160]


def pick(path: Path, choices: Sequence[Any], salt: int = 0) -> Any:
    """One of `choices`, always the same for the same content."""
    return choices[zlib.crc32(path.read_bytes(), salt) % len(choices)]


# --- vectors --------------------------------------------------------------------------------------


def check_vectors(wv: WordVectors, path: Path) -> None:
    words = wv.index_to_key
    expect(wv.vectors.ndim == 2, "vectors have two dimensions")
    expect(wv.vectors.shape[0] == len(words) == len(wv), "a row for each word")
    expect(len(set(words)) == len(words), "words are different")
    expect(all(isinstance(word, str) for word in words), "words are str")
    if words:
        expect(wv.key_to_index[words[-1]] == len(words) - 1, "words are found")
        np.testing.assert_array_equal(wv[words[0]], wv.vectors[0])
    again = path.with_name("again")
    wv.save(again)
    saved = WordVectors.load(again, dtype=wv.vectors.dtype)
    expect(saved.index_to_key == words, "words survive saving")
    expect(np.array_equal(saved.vectors, wv.vectors, equal_nan=True), "vectors survive saving")


def vectors(formats: Sequence[str | None]) -> Callable[[Path], None]:
    def read(path: Path) -> None:
        options: dict[str, Any] = {
            "format": pick(path, formats),
            "dtype": pick(path, ("float32", "float32", "float16"), 1),
            "limit": pick(path, (None, None, None, 1, 2), 2),
        }
        check_vectors(WordVectors.load(path, **options), path)

    return read


def vocabulary(path: Path) -> None:
    words = Vocabulary.load(path)
    check_vocabulary(words)
    again = path.with_name("again")
    try:
        words.save(again)
    except ValueError as error:  # a word with a space, which the format cannot hold
        expect("must not contain" in str(error), "a vocabulary can be saved")
    else:
        expect(Vocabulary.load(again) == words, "a vocabulary survives saving")


def check_vocabulary(words: Vocabulary) -> None:
    expect(len(words.words) == len(words) == len(words.counts), "a count for each word")
    expect(len(set(words.words)) == len(words), "words are different")
    expect((words.counts >= 0).all(), "counts are not negative")
    expect(all(words.words), "no word is empty")
    if len(words):
        expect(words[words.words[-1]] == len(words) - 1, "words are found")


# --- counts ---------------------------------------------------------------------------------------


@cache
def known_words() -> Vocabulary:
    return Vocabulary(list(WORDS), list(WORDS.values()))


def check_counts(X: Cooccurrence, path: Path) -> None:
    check_vocabulary(X.vocabulary)
    rows, columns, values = X.records()
    expect(len(rows) == len(columns) == len(values) == X.nnz, "as many records as nnz")
    expect(np.isfinite(values).all() and (values > 0).all(), "counts are finite and above 0")
    expect(np.isfinite(X.total), "the sum of the counts is finite")
    expect(np.isclose(values.sum(), X.total, rtol=1e-9, atol=0), "total is the sum of the counts")
    if len(rows):
        size = len(X.vocabulary)
        places = rows.astype(np.int64) * size + columns
        expect((np.diff(places) > 0).all(), "records ascend")
        expect(places[0] >= 0 and places[-1] < size * size and columns.max() < size, "words exist")
    again = path.with_name("again")
    X.save(again)
    same = all(map(np.array_equal, Cooccurrence.load(again, threads=1).records(), X.records()))
    expect(same, "counts survive saving")


def counts(path: Path) -> None:
    memory = pick(path, (None, None, "1MB"))
    X = Cooccurrence.load(path, threads=1, memory=memory)
    check_counts(X, path)
    if pick(path, (False, False, True), 1) and X.nnz:
        check_counts(X * 0.5, path)
        try:
            double = X + X
        except ValueError as error:
            expect("whose sum is at most" in str(error), "counts can be added")
            expect(not np.isfinite(2 * X.total), "a finite sum is not refused")
        else:
            check_counts(double, path)


def stanford_records(path: Path) -> None:
    memory = pick(path, (None, None, "1MB"))
    shuffled = path.with_name("shuffled")
    running: Any = {"threads": 1, "memory": None, "tmp_dir": None}
    number = None
    with contextlib.suppress(FormatError):
        number = _core.shuffle(path, shuffled, 1, running, None)
    X = Cooccurrence.load(path, known_words(), threads=1, memory=memory)
    expect(number == path.stat().st_size // 16, "a shuffle keeps every record")
    check_counts(X, path)
    other = Cooccurrence.load(shuffled, known_words(), threads=1)
    expect(X.nnz == other.nnz, "a shuffle loses no record")


# --- models ---------------------------------------------------------------------------------------


def check_model(model: Glove, path: Path) -> None:
    check_vocabulary(model.vocabulary)
    size = len(model.vocabulary)
    for name, array in model._state.arrays.items():
        expect(array.shape[0] == size and array.dtype == np.float32, f"{name} has a row per word")
    expect(model.W.shape == model.W_tilde.shape, "both sides have one shape")
    expect(len(model.vectors) == size, "a vector for each word")
    repr(model)
    list(model.history)
    again = path.with_name("again")
    model.save(again)
    saved = Glove.load(again)
    expect(saved.vocabulary == model.vocabulary, "words survive saving")
    expect(np.array_equal(saved.W, model.W, equal_nan=True), "parameters survive saving")


def stanford_parameters(path: Path) -> None:
    words = known_words()
    combine = pick(path, ("sum", "mean", "word", "context", "concat"))
    check_vectors(WordVectors.load(path, vocabulary=words, combine=combine), path)
    gradsq = pick(path, (None, path), 1)
    check_model(Glove.load_stanford(path, words, gradsq=gradsq), path)


def model(path: Path) -> None:
    check_model(Glove.load(path), path)


def folder_settings(path: Path) -> None:
    """Read a folder of `glove-rs fit` whose settings are the input."""
    folder = path.with_name("folder")
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    shutil.copy(path, folder / "settings.json")
    shutil.copy(CORPUS / "model" / "seed-model", folder / "model.glove")
    check_model(Glove.load(folder), path)
    expect(run_command("info", folder, "--json"), "a model is shown whatever its settings are")
    try:
        output_folder.read_settings(folder)
    except FormatError as error:
        expect("settings.json: " in str(error), "the file is named")
        raise Refused from error


def resumed(damaged: str) -> Callable[[Path], None]:
    """Return a reader that resumes from a checkpoint folder in which the input is one of two files.

    `damaged` is the name of this file in the folder.
    """
    others = {"training.checkpoint": "checkpoint", "cooccurrence.counts": "checkpoint_counts"}

    def read(path: Path) -> None:
        folder = path.with_name(f"{path.name}-checkpoints")
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir()
        try:
            for name, corpus in others.items():
                if name != damaged:
                    content = next((CORPUS / corpus).glob("seed-*"))
                    shutil.copy(content, folder / name)
            shutil.copy(path, folder / damaged)
            # The settings of the input may ask for any number of epochs: limit the time.
            options: dict[str, Any] = {"max_seconds": 0.001, "keep_counts": False}
            if pick(path, (False, False, True)):
                model = Glove(**TRAINING, epochs=3)
                model.fit(LINES, checkpoint_dir=folder, resume=True, **options)
            else:
                model = Glove.resume(folder, **options)
            check_model(model, path)
        except TrainingDiverged as error:  # the parameters may be finite but too large
            raise Refused from error
        finally:
            shutil.rmtree(folder, ignore_errors=True)

    return read


# --- text -----------------------------------------------------------------------------------------

_TOKENIZERS: tuple[Any, ...] = (
    *("whitespace", "whitespace", "unicode", "zh", re.compile(r"\w+"), re.compile(r"(\w)(\w*)")),
    str.split,
)


def corpus(path: Path) -> None:
    reading: dict[str, Any] = {
        "tokenizer": pick(path, _TOKENIZERS),
        "errors": pick(path, ("strict", "replace", "ignore"), 1),
        "documents": pick(path, ("line", "paragraph", "file"), 2),
        "lowercase": pick(path, (False, True), 3),
        "normalize": pick(path, (None, None, "NFC", "NFKC"), 4),
        "min_count": 1,
        "threads": 1,
        "memory": pick(path, (None, None, "1MB"), 5),
    }
    how = pick(path, ("path", "path", "bytes", "text"), 6)
    with contextlib.ExitStack() as stack:

        def source() -> Any:
            if how == "path":
                return path
            if how == "bytes":
                return stack.enter_context(path.open("rb"))
            policy = reading["errors"]
            return stack.enter_context(path.open(encoding="utf-8", errors=policy, newline=""))

        try:
            words = Vocabulary.from_corpus(source(), **reading)
        except UnicodeDecodeError as error:
            if how == "text":  # raised by Python's text file
                raise Refused from error
            raise
        except ValueError as error:
            if how != "path" and type(error) in (ValueError, FormatError):
                raise Refused from error  # the message need not name an open file
            raise
        check_vocabulary(words)
        X = Cooccurrence.from_corpus(source(), window=3, **reading)
        expect(X.vocabulary == words, "counting and listing find the same words")
        check_counts(X, path)


# --- Arrow ----------------------------------------------------------------------------------------

_STRINGS = ("tide", "the boat", "", "été 水面", "a\nb", "\0", "fog " * 20, " ", "x\r\ny")


def arrow(path: Path) -> None:
    """Count the words of a random Arrow column. The number in the file is the seed."""
    import pyarrow as pa

    try:
        seed = int(path.read_bytes() or b"0")
    except ValueError as error:
        raise Refused from error
    rng = random.Random(seed)
    column, texts = _column(pa, rng)
    try:
        words = Vocabulary.from_corpus(column, min_count=1, threads=1)
    except (TypeError, ValueError) as error:
        # If all values are null, the message may say that there is no column of text.
        expected = ("no words", "one column of text")
        empty = texts is not None and not any(map(_words_of, texts))
        if texts is None or (empty and any(reason in str(error) for reason in expected)):
            raise Refused from error
        raise Inconsistent(f"{type(error).__name__} for a column of text: {error}") from error
    expect(texts is not None, "a column without text is refused")
    found = Counter(word for text in texts or () for word in _words_of(text))
    counted = dict(zip(words.words, words.counts.tolist(), strict=True))
    expect(counted == found, "the words of a column")


def _words_of(text: str) -> list[str]:
    """The words that the default tokenizer finds."""
    return re.findall(r"[^ \t\n]+", text.replace("\r", ""))


def _column(pa: Any, rng: random.Random) -> tuple[Any, list[str] | None]:
    """A random column, and its texts; None instead of texts if it holds something else."""
    nulls = rng.choice((0.0, 0.3, 1.0))
    texts = [
        None if rng.random() < nulls else rng.choice(_STRINGS)
        for _ in range(rng.choice((0, 1, 2, 5, 70)))
    ]
    kind = rng.randrange(12)
    strings = rng.choice((pa.string(), pa.large_string(), pa.string_view()))
    if kind <= 3:
        chunks = [pa.array(texts, strings)]
    elif kind <= 7:
        index = rng.choice((pa.int8(), pa.int16(), pa.int32(), pa.int64(), pa.uint8(), pa.uint32()))
        values = rng.choice((pa.string(), pa.large_string()))
        chunks = [_dictionary(pa, texts, index, values, rng)]
    elif kind == 8:
        chunks = [pa.nulls(len(texts), rng.choice((pa.null(), pa.string())))]
        texts = []
    elif kind == 9:
        words = [None if text is None else text.split() for text in texts]
        chunks = [pa.array(words, rng.choice((pa.list_, pa.large_list))(pa.string()))]
        texts = [None if some is None else " ".join(some) for some in words]
    elif kind == 10:
        other = rng.choice((pa.int64(), pa.float32(), pa.bool_(), pa.binary(), pa.date32()))
        return pa.nulls(3, other), None
    else:
        return _foreign(texts, rng), [text for text in texts if text is not None]
    if rng.random() < 0.3:
        start = rng.randrange(len(chunks[0]) + 1)
        chunks = [chunks[0][:start], chunks[0][start:]]
    elif rng.random() < 0.2 and texts:
        start = rng.randrange(len(chunks[0]) + 1)
        chunks, texts = [chunks[0][start:]], texts[start:]
    if rng.random() < 0.1:
        chunks.insert(0, chunks[0][:0])
    kept = [text for text in texts if text is not None]
    column = pa.chunked_array(chunks)
    match rng.randrange(5):
        case 0:
            return pa.table({"text": column}), kept
        case 1 if len(chunks) == 1:
            return chunks[0], kept
        case 2:
            return pa.table({"text": column}).to_reader(), kept
        case 3:
            return pa.table({"text": column}).to_batches(), kept
        case _:
            return column, kept


def _dictionary(
    pa: Any, texts: list[str | None], index: Any, values: Any, rng: random.Random
) -> Any:
    known = list(dict.fromkeys(text for text in texts if text is not None))
    if rng.random() < 0.3:
        known.append(rng.choice(_STRINGS))
        known = list(dict.fromkeys(known))
    places = [None if text is None else known.index(text) for text in texts]
    dictionary = known
    if rng.random() < 0.3:  # a null in the dictionary, to which rows may refer
        dictionary = [*known, None]
        places = [len(known) if p is None and rng.random() < 0.5 else p for p in places]
    return pa.DictionaryArray.from_arrays(
        pa.array(places, index), pa.array(dictionary, values), safe=True
    )


def _foreign(texts: list[str | None], rng: random.Random) -> Any:
    """A column of pandas or of polars."""
    if rng.random() < 0.5:
        import pandas as pd
        import pyarrow as pa

        dtype = rng.choice(
            (
                *("object", "string", "category", pd.ArrowDtype(pa.string())),
                pd.ArrowDtype(pa.dictionary(pa.int32(), pa.string())),
            )
        )
        return pd.Series(texts, dtype=dtype)
    import polars as pl

    values = sorted({text for text in texts if text is not None})
    return pl.Series(texts, dtype=rng.choice((pl.String, pl.Categorical, pl.Enum(values))))


# --- evaluation and the command line --------------------------------------------------------------


@cache
def five_vectors() -> WordVectors:
    rows = np.random.default_rng(1).normal(size=(len(WORDS), 3))
    return WordVectors(list(WORDS), rows.astype(np.float32))


def analogies(path: Path) -> None:
    method = pick(path, ("3cosadd", "3cosmul"))
    result = evaluation.analogies(five_vectors(), path, method=method)
    expect(len(result.questions) == len(result.predictions), "an answer to each question")
    expect(result.answerable + result.skipped == len(result.questions), "all questions count")
    str(result)
    result.to_dict()


def similarity(path: Path) -> None:
    result = evaluation.similarity(five_vectors(), path)
    expect(result.answerable >= 0 and result.skipped >= 0, "pairs are counted")
    for r in (result.spearman, result.pearson):
        expect(np.isnan(r) or abs(r) <= 1 + 1e-9, "a correlation is within -1 and 1")
    str(result)
    result.to_dict()


def categories(path: Path) -> None:
    result = evaluation.categories(five_vectors(), path)
    expect(result.answerable >= 0 and result.skipped >= 0, "words are counted")
    expect(np.isnan(result.purity) or 0 < result.purity <= 1, "a purity is within 0 and 1")
    str(result)
    result.to_dict()


def panel(path: Path) -> None:
    folder = Path(f"{path}.sets")
    folder.mkdir()
    try:
        shutil.copyfile(path, folder / "set.txt")
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # a warning names the file if it is not read
            result = evaluation.panel(five_vectors(), folder, baseline=five_vectors(), n=5)
    finally:
        shutil.rmtree(folder)
    for row in result.rows:
        expect(row.score.found <= row.total, "what is found is in the set")
        expect(row.score == row.baseline or np.isnan(row.score.low), "a model is like itself")
    str(result)
    result.to_html()
    result.to_dict()


def run_command(*arguments: object) -> bool:
    """Run a command in this process and return whether it succeeds. A failure prints one line."""
    out, err = io.StringIO(), io.StringIO()
    showwarning = warnings.showwarning
    try:
        with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
            code = cli.main([os.fspath(a) if isinstance(a, Path) else str(a) for a in arguments])
    finally:
        warnings.showwarning = showwarning
    expect(code in (0, 1), f"exit code {code} of {arguments[0]}")
    lines = [line for line in err.getvalue().splitlines() if ": warning: " not in line]
    expect(
        bool(lines) == (code == 1) and len(lines) <= 1, f"one line says why {arguments[0]} fails"
    )
    return code == 0


def commands(path: Path) -> None:
    vocabulary = path.with_name("vocab.txt")
    known_words().save(vocabulary)
    words = pick(path, ([], ["--vocab", vocabulary]))
    good = run_command("info", path, "--json", *words)
    converted = path.with_name("converted")
    converted.unlink(missing_ok=True)
    to = pick(
        path, ("word2vec", "word2vec_binary", "glove", "native", "model", "vocab", "counts"), 1
    )
    good |= run_command("convert", path, converted, "--to", to, *words)
    good |= run_command("similar", path, "tide", *words)
    if not good:
        raise Refused


#: The readers, by the names of their corpora.
READERS: dict[str, Callable[[Path], None]] = {
    "vectors_text": vectors((None, None, "glove", "word2vec")),
    "vectors_word2vec_binary": vectors((None, "word2vec_binary")),
    "vectors_native": vectors((None, "native")),
    "vectors_packed": vectors((None,)),
    "vocabulary": vocabulary,
    "counts": counts,
    "stanford_records": stanford_records,
    "stanford_parameters": stanford_parameters,
    "model": model,
    "folder_settings": folder_settings,
    "checkpoint": resumed("training.checkpoint"),
    "checkpoint_anchored": resumed("training.checkpoint"),
    "checkpoint_counts": resumed("cooccurrence.counts"),
    "corpus": corpus,
    "arrow": arrow,
    "analogies": analogies,
    "similarity": similarity,
    "categories": categories,
    "panel": panel,
    "commands": commands,
}
