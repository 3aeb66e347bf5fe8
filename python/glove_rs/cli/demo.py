"""``glove-rs demo``: train on the docstrings and comments of Python's standard library.

This is English text that every machine with Python has.
"""

from __future__ import annotations

import argparse
import ast
import inspect
import io
import os
import re
import shlex
import shutil
import sys
import sysconfig
import tokenize
import warnings
from collections.abc import Iterator
from pathlib import Path

from .. import Cooccurrence, Glove, Vocabulary
from .._io.files import output_path, replacing
from ._map import words_map
from ._options import add_settings, given
from ._output_files import add_overwrite, check_files, written
from ._parser import Commands, command

__all__ = ["add", "extract", "words_to_show"]

WORDS_TO_SHOW = ("file", "month", "socket", "password", "exception")

# These folders are skipped: tests have little prose, "encodings" has tables of characters, and the
# content of "site-packages" and "dist-packages" differs between machines.
SKIPPED_FOLDERS = {"test", "tests", "idle_test", "encodings", "site-packages", "dist-packages"}
WORD = re.compile(r"[^\W\d_]+(?:['’][^\W\d_]+)?")  # letters, with an apostrophe inside


def words_of(text: str) -> list[str]:
    """Return the lower-cased words of `text`, without punctuation, digits and lines of doctests."""
    prose = (line for line in text.splitlines() if not line.lstrip().startswith((">>>", "...")))
    return WORD.findall("\n".join(prose).lower())


def docstrings(source: str) -> Iterator[str]:
    """Yield the docstrings of a module and of every class and function in it."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", SyntaxWarning)  # for example invalid escape sequences
        tree = ast.parse(source)
    for node in ast.walk(tree):
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
            text = ast.get_docstring(node, clean=False)
            if text:
                yield inspect.cleandoc(text)


def comments(source: str) -> Iterator[str]:
    """Yield the comments of a module. Comments on consecutive lines are one text.

    A comment that follows code on its line begins a new text.
    """
    block: list[str] = []
    last_line = 0
    for token in tokenize.generate_tokens(io.StringIO(source).readline):
        if token.type != tokenize.COMMENT or token.string.startswith("#!"):
            continue
        line, column = token.start
        follows_code = bool(token.line[:column].strip())
        if block and (line != last_line + 1 or follows_code):
            yield "\n".join(block)
            block = []
        block.append(token.string.lstrip("# "))
        last_line = line
    if block:
        yield "\n".join(block)


def docs_and_comments(folder: Path) -> Iterator[list[str]]:
    """Yield the words of each docstring and comment in the modules under `folder`.

    Repeated texts, texts of fewer than two words, and modules in `SKIPPED_FOLDERS` are left out.
    """
    seen = set()
    for path in sorted(folder.rglob("*.py")):
        if SKIPPED_FOLDERS.intersection(path.relative_to(folder).parts[:-1]):
            continue
        try:
            with tokenize.open(path) as file:
                source = file.read()
            texts = [*docstrings(source), *comments(source)]
        except (OSError, SyntaxError, ValueError, RecursionError, tokenize.TokenError):
            continue  # the file is not valid in this version of Python, or cannot be read
        for text in texts:
            words = words_of(text)
            if len(words) > 1 and (key := " ".join(words)) not in seen:
                seen.add(key)
                yield words


def extract(folder: Path, corpus: Path) -> int:
    """Write the docstrings and comments under `folder` to `corpus`. Return the number of lines."""
    corpus.parent.mkdir(parents=True, exist_ok=True)
    count = 0
    with replacing(corpus) as raw, io.BufferedWriter(raw) as out:
        for count, words in enumerate(docs_and_comments(folder), start=1):  # noqa: B007
            out.write((" ".join(words) + "\n").encode())
    return count


def count_lines(path: Path) -> int:
    """Count the lines of a text file."""
    lines, last = 0, b"\n"
    with path.open("rb") as file:
        while block := file.read(1 << 20):
            lines += block.count(b"\n")
            last = block[-1:]
    return lines + (last != b"\n")


def words_to_show(words: list[str]) -> list[str]:
    """Return `WORDS_TO_SHOW` if the vocabulary has them all, otherwise every 100th of its words.

    `words` is the vocabulary, with the most frequent word first. At most five words are returned,
    as many as `WORDS_TO_SHOW` has. In a vocabulary of fewer than 600 words, the step is smaller
    than 100, so that five words are returned if there are five.
    """
    known = set(words)
    chosen = [word for word in WORDS_TO_SHOW if word in known]
    if len(chosen) == len(WORDS_TO_SHOW):
        return chosen
    # Skip the most frequent words: in any language they are function words.
    step = min(100, max(1, len(words) // (len(WORDS_TO_SHOW) + 1)))
    return words[step - 1 :: step][: len(WORDS_TO_SHOW)]


def add(commands: Commands) -> None:
    """Add the command."""
    parser = command(
        commands,
        "demo",
        _demo,
        "[--corpus FILE] [options]",
        summary="train on the docstrings and comments of Python",
        text=(
            "Extract the docstrings and comments of this Python installation, train on them, print "
            "nearest neighbours, and draw a picture of them. Nothing is downloaded."
        ),
        example="glove-rs demo\nglove-rs demo --corpus my.txt --dim 100 --epochs 15",
    )
    parser.add_argument(
        "--corpus",
        metavar="FILE",
        help="text to train on instead (UTF-8, one document on each line)",
    )
    add_settings(parser.add_argument_group("training"), _TRAINING)
    parser.add_argument(
        "--out",
        metavar="DIR",
        default="glove-rs-demo",
        help="folder for the results (default: glove-rs-demo)",
    )
    add_overwrite(parser)
    add_settings(parser.add_argument_group("running"), ["progress"])


_TRAINING = ("dim", "epochs")


def _demo(options: argparse.Namespace) -> None:
    options.out = Path(output_path("out", options.out, "folder"))
    options.corpus = None if options.corpus is None else Path(options.corpus)
    if options.corpus is not None and not options.corpus.is_file():
        if not options.corpus.exists():
            what = "does not exist"
        elif options.corpus.is_dir():
            what = "is a folder, not a text file"
        else:
            what = "is not a regular file, but the demo reads it more than once"
        options.parser.error(
            f"the corpus '{options.corpus}' {what}; name a text file, "
            "or leave --corpus out to train on the docstrings and comments of Python"
        )
    run_demo(options)


def run_demo(options: argparse.Namespace) -> None:
    """Extract the corpus if none is given, train, and print and save the results."""
    progress = getattr(options, "progress", None)
    vectors, picture = options.out / "vectors.txt", options.out / "words.svg"
    outputs = {"out": str(vectors), "picture": str(picture)}
    if options.corpus is None:
        outputs["corpus"] = str(options.out / "corpus.txt")
    overwrite = options.overwrite
    check_files(outputs, [options.corpus], overwrite=overwrite, parents=False)
    options.out.mkdir(parents=True, exist_ok=True)
    if options.corpus is None:
        corpus = options.out / "corpus.txt"
        library = Path(sysconfig.get_paths()["stdlib"])
        print(f"Extracting docstrings and comments of Python {sys.version.split()[0]}")
        extract(library, corpus)
    else:
        corpus = options.corpus
    print(f"corpus      {corpus} ({corpus.stat().st_size / 1e6:.1f} MB)")
    print(f"documents   {count_lines(corpus):>12,}")

    model = Glove(**given(options, _TRAINING), progress=progress)
    least = model.min_count
    vocabulary = Vocabulary.from_corpus(corpus)
    print(f"tokens      {int(sum(vocabulary.counts)):>12,} of words seen {least} times or more")
    print(f"vocabulary  {len(vocabulary):>12,} words")

    X = Cooccurrence.from_corpus(corpus, vocabulary, progress=progress)
    window = model.window
    print(f"records     {X.nnz:>12,} pairs of words within {window} of each other", flush=True)

    model.fit_cooccurrence(X)
    print("\nloss per epoch")
    for first in range(0, len(model.history), 5):
        losses = model.history[first : first + 5]
        print(f"  {first + 1:>3}  " + "  ".join(f"{loss:.4f}" for loss in losses))

    print("\nnearest neighbours")
    words = words_to_show(list(model.vocabulary.words))
    for word in words:
        neighbours = model.vectors.most_similar(word, topn=6)
        print(f"  {word:<10}  " + "  ".join(f"{other} {score:.2f}" for other, score in neighbours))

    outputs.pop("corpus", None)
    check_files(outputs, [options.corpus], overwrite=overwrite)
    with written(str(vectors), overwrite=overwrite) as path:
        model.save_word2vec(path)
    with written(str(picture), overwrite=overwrite) as path:
        Path(path).write_text(words_map(model.vectors, words), encoding="utf-8")
    print(f"\nsaved {len(vocabulary):,} vectors of {model.dim} numbers to {vectors}")
    print(f"drew the neighbours: open {picture} in a browser")
    print(_next(vectors, corpus, words))


def _next(vectors: Path, corpus: Path, words: list[str]) -> str:
    """Return commands to try next."""
    program = _program()
    commands = {
        f"{program} similar {shlex.quote(str(vectors))} {shlex.quote(words[0])}": "more neighbours",
        f"{program} fit {shlex.quote(str(corpus))} --out model --dim 100": "a whole model",
        f"{program} demo --corpus YOUR.txt": "the same with your text",
        f"{program} --help": "all commands",
    }
    width = max(map(len, commands))
    lines = [f"  {command:<{width}}  # {what}" for command, what in commands.items()]
    return "\ntry next\n" + "\n".join(lines)


def _program() -> str:
    """Return the command with which the user can call this program from the current folder."""
    if shutil.which("glove-rs"):
        return "glove-rs"
    beside = Path(sys.executable).with_name("glove-rs")
    if beside.exists():
        return shlex.quote(os.path.relpath(beside))
    return f"{shlex.quote(os.path.relpath(sys.executable))} -m glove_rs"
