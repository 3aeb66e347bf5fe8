"""Measure updates with more text, vectors for new words, checkpoints, and the response to Ctrl-C.

The argument `part` chooses what is measured. Each part trains models on the text `--corpus` with
the parameters `--set`, and prints a table. RESULTS.md has these figures in "More text", "Words that
training never saw", "Ctrl-C" and "Counts, checkpoints, vectors".
"""

from __future__ import annotations

import argparse
import json
import os
import random
import resource
import signal
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from glove_rs import Glove, Vocabulary, evaluation

EXAMPLES = """\
examples:
  python benches/living.py update --corpus my.txt --questions questions-words.txt
  python benches/living.py words --corpus my.txt --set '{"preset": "paper", "x_max": 10}'
  python benches/living.py checkpoints --corpus my.txt
  python benches/living.py interrupt --corpus my.txt --set '{"dim": 300}'
"""

#: Numbers of examples from which a vector is inferred; 0 stands for all examples.
EXAMPLE_COUNTS = (1, 5, 20, 100, 0)
#: Numbers of nearest neighbours that are compared between two vectors of a word.
NEIGHBOURS = (10, 100)
HIDDEN = 100
OCCURRENCES = range(100, 1000)


def row(*cells: object) -> None:
    print("| " + " | ".join(str(cell) for cell in cells) + " |", flush=True)


def head(*cells: str) -> None:
    print()
    row(*cells)
    row(*("---" for _ in cells))


def spread(numbers: Sequence[float], digits: int) -> str:
    middle, low, high = statistics.median(numbers), min(numbers), max(numbers)
    text = f"{middle:.{digits}f}"
    return text + (f" ({low:.{digits}f} to {high:.{digits}f})" if len(numbers) > 1 else "")


# --- more text ----------------------------------------------------------------------------------


def halves(corpus: Path, folder: Path) -> list[Path]:
    """Write each half of the documents to a file, and return the paths of the two files."""
    lines = corpus.read_bytes().splitlines(keepends=True)
    middle = len(lines) // 2
    paths = [folder / "first.txt", folder / "second.txt"]
    for path, part in zip(paths, (lines[:middle], lines[middle:]), strict=True):
        path.write_bytes(b"".join(part))
    return paths


def update(options: argparse.Namespace) -> None:
    """Compare training on the whole text with training on a half and updating with the other."""
    names = ("semantic", "syntactic", "total")
    found: dict[str, list[tuple[float, ...]]] = {}

    def note(name: str, model: Glove, seconds: float, work: float) -> None:
        result = evaluation.analogies(model.vectors, options.questions)
        scores = [100 * getattr(result, part).accuracy for part in names]
        found.setdefault(name, []).append((*scores, model.history[-1], seconds, work / 1e6))

    with tempfile.TemporaryDirectory() as folder:
        first, second = halves(options.corpus, Path(folder))
        for seed in range(options.seeds):
            settings = options.set | {"seed": seed, "progress": False}
            start = time.perf_counter()
            model = Glove(**settings).fit(options.corpus)
            took = time.perf_counter() - start
            note("all at once", model, took, visited(model))
            start = time.perf_counter()
            model = Glove(**settings).fit(first)
            took = time.perf_counter() - start
            note("the first half", model, took, visited(model))
            for epochs in options.epochs or [None]:
                again = Glove(**settings).fit(first)
                start = time.perf_counter()
                again.update(second, epochs=epochs)
                more = len(again.history) - len(model.history)
                seconds = took + time.perf_counter() - start
                note(f"and {more} epochs of update", again, seconds, visited(again))
    head("", *(f"{name} %" for name in names), "last loss", "s", "million records visited")
    for name, runs in found.items():
        digits = (1, 1, 1, 4, 1, 0)
        columns = zip(*runs, strict=True)
        row(name, *(spread(c, d) for c, d in zip(columns, digits, strict=True)))


def visited(model: Glove) -> float:
    """Return the number of records on which all epochs together trained."""
    history = model.history
    pairs = zip(history.seconds, history.records_per_second, strict=True)
    return sum(seconds * rate for seconds, rate in pairs)


# --- words never seen ---------------------------------------------------------------------------


def words(options: argparse.Namespace) -> None:
    """Compare vectors inferred for hidden words with vectors that training gives these words."""
    settings = options.set | {"progress": False}
    vocabulary = Vocabulary.from_corpus(options.corpus)
    middle = [
        w for w, n in zip(vocabulary.words, vocabulary.counts, strict=True) if n in OCCURRENCES
    ]
    hidden = random.Random(options.sample).sample(middle, HIDDEN)
    left_out = set(hidden)
    counts = zip(vocabulary.words, vocabulary.counts.tolist(), strict=True)
    known = {word: count for word, count in counts if word not in left_out}
    kept = list(known)
    full = [Glove(**settings, seed=seed).fit(options.corpus) for seed in (0, 1)]
    partial = Glove(**settings).fit(
        options.corpus, vocabulary=Vocabulary(kept, list(known.values()))
    )
    true = [unit(model.vectors[hidden]) for model in full]
    all_true = [unit(model.vectors[kept]) for model in full]
    near = [neighbours(t, v) for t, v in zip(true, all_true, strict=True)]
    head("examples", *(f"of {n} neighbours shared" for n in NEIGHBOURS), "ms a word")
    row("chance", *(f"{n / len(kept):.4f}" for n in NEIGHBOURS), "")
    contexts = occurrences(options.corpus, hidden, int(settings.get("window", 15)))
    for count in EXAMPLE_COUNTS:
        picked = [some(contexts[word], count) for word in hidden]
        start = time.perf_counter()
        pairs = zip(picked, hidden, strict=True)
        inferred = [partial.infer_vector(found, word=word) for found, word in pairs]
        took = (time.perf_counter() - start) / HIDDEN
        found = neighbours(unit(np.array(inferred)), unit(partial.vectors[kept]))
        row(count or "all", *overlap(found, near[0]), f"{1000 * took:.0f}")
    row("another training, seed 1", *overlap(near[1], near[0]), "")


def unit(vectors: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
    lengths: npt.NDArray[np.float32] = np.linalg.norm(vectors, axis=1, keepdims=True)
    return vectors / lengths


def neighbours(
    queries: npt.NDArray[np.float32], vectors: npt.NDArray[np.float32]
) -> npt.NDArray[np.int64]:
    return np.argsort(-(queries @ vectors.T), axis=1)[:, : max(NEIGHBOURS)]


def overlap(one: npt.NDArray[np.int64], other: npt.NDArray[np.int64]) -> list[str]:
    fractions = []
    for n in NEIGHBOURS:
        pairs = zip(one[:, :n], other[:, :n], strict=True)
        fractions.append(np.mean([len(set(a) & set(b)) / n for a, b in pairs]))
    return [f"{fraction:.3f}" for fraction in fractions]


def occurrences(corpus: Path, hidden: Sequence[str], window: int) -> dict[str, list[list[str]]]:
    """Return the window around every occurrence of each hidden word."""
    contexts: dict[str, list[list[str]]] = {word: [] for word in hidden}
    with corpus.open(encoding="utf-8") as text:
        for line in text:
            tokens = line.split()
            for index, token in enumerate(tokens):
                if token in contexts:
                    around = tokens[max(0, index - window) : index + window + 1]
                    contexts[token].append(around)
    return contexts


def some(contexts: list[list[str]], count: int) -> list[list[str]]:
    enough = count == 0 or len(contexts) <= count
    return contexts if enough else random.Random(1).sample(contexts, count)


# --- checkpoints and kept counts ----------------------------------------------------------------


def checkpoints(options: argparse.Namespace) -> None:
    """Measure the cost of checkpoints, kept counts, validation and a callback.

    Each run has its own process.
    """
    ways: dict[str, dict[str, Any]] = {
        "plain": {},
        "keep_counts=True": {"keep_counts": True},
        "a checkpoint after every epoch": {"checkpoint_every": 1},
        "validation=0.01": {"validation": 0.01},
        "a callback that takes W": {"callbacks": "W"},
    }
    found: dict[str, list[tuple[float, float]]] = {name: [] for name in ways}
    sizes: dict[str, int] = {}
    for _ in range(options.seeds):
        for name, arguments in ways.items():
            with tempfile.TemporaryDirectory() as folder:
                if "checkpoint_every" in arguments:
                    arguments = arguments | {"checkpoint_dir": folder}
                child = subprocess.run(
                    [sys.executable, __file__, "once", "--corpus", options.corpus, "--set",
                     json.dumps(options.set), "--fit", json.dumps(arguments)],
                    check=True, capture_output=True, text=True,
                )  # fmt: skip
                seconds, peak = json.loads(child.stdout)
                found[name].append((seconds, peak / 1e6))
                sizes |= {path.name: path.stat().st_size for path in Path(folder).iterdir()}
    head("fit with", "s", "peak GB")
    for name, runs in found.items():
        row(name, *(spread(column, 2) for column in zip(*runs, strict=True)))
    print("\nfiles:", ", ".join(f"{name} {size / 1e6:.0f} MB" for name, size in sizes.items()))


def once(options: argparse.Namespace) -> None:
    """Print seconds and peak memory of one `fit`."""
    arguments = options.fit
    if "callbacks" in arguments:
        arguments["callbacks"] = [lambda state: state.W is None]
    start = time.perf_counter()
    Glove(**options.set, progress=False).fit(options.corpus, **arguments)
    took = time.perf_counter() - start
    print(json.dumps([took, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss]))


# --- Ctrl-C -------------------------------------------------------------------------------------


def interrupt(options: argparse.Namespace) -> None:
    """Measure the time from the signal to the exception, without checkpoints and with them.

    Also measure how long it then takes until the model's W can be read.
    """
    head("Ctrl-C in", "ms until KeyboardInterrupt", "most", "ms until W is there")
    settings = options.set | {"epochs": 10**6, "schedule": "constant", "progress": False}
    rng = random.Random(0)
    with tempfile.TemporaryDirectory() as folder:
        for name, writes in (("training", False), ("training with checkpoints", True)):
            waits, first = [], []
            for number in range(options.times):
                checkpoints = {"checkpoint_dir": Path(folder) / str(number)} if writes else {}
                # The signal comes at a random time up to 2 s after the first epoch: during an
                # epoch, or while a checkpoint is written.
                wait, access = one_interrupt(
                    settings, options.corpus, checkpoints, rng.uniform(0, 2)
                )
                waits.append(1000 * wait)
                first.append(1000 * access)
            row(name, spread(waits, 0), f"{max(waits):.0f}", spread(first, 0))


def one_interrupt(
    settings: dict[str, Any], corpus: Path, checkpoints: dict[str, Any], after: float
) -> tuple[float, float]:
    sent = 0.0

    def send() -> None:
        nonlocal sent
        time.sleep(after)
        sent = time.monotonic()
        os.kill(os.getpid(), signal.SIGINT)

    def arm(state: Any) -> None:
        if state.epoch == 1:
            threading.Thread(target=send).start()

    model = Glove(**settings)
    try:
        model.fit(corpus, callbacks=[arm], **checkpoints)
    except KeyboardInterrupt:
        wait = time.monotonic() - sent
    start = time.monotonic()
    assert np.isfinite(model.W[-1]).all()
    return wait, time.monotonic() - start


def parse_arguments(arguments: Sequence[str] | None = None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, epilog=EXAMPLES, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parts: dict[str, Callable[[argparse.Namespace], None]] = {
        part.__name__: part for part in (update, words, checkpoints, interrupt, once)
    }
    add = parser.add_argument
    add("part", choices=parts, help="what to measure (once: a step of checkpoints)")
    add("--corpus", type=Path, required=True, metavar="FILE", help="UTF-8, a document a line")
    add("--questions", type=Path, metavar="FILE", help="analogies, as questions-words.txt")
    add("--set", type=json.loads, default={}, metavar="JSON", help="parameters of Glove")
    add("--fit", type=json.loads, default={}, metavar="JSON", help="arguments of fit, for once")
    add("--seeds", type=int, default=3, metavar="N", help="runs of each kind (default: 3)")
    add("--epochs", type=int, nargs="+", metavar="N", help="of updates (default: 0.4 of fit's)")
    add("--sample", type=int, default=1, metavar="SEED", help="which words are hidden (default: 1)")
    add("--times", type=int, default=10, metavar="N", help="interrupts of each kind (default: 10)")
    options = parser.parse_args(arguments)
    if options.part == "update" and options.questions is None:
        parser.error("update needs --questions")
    options.run = parts[options.part]
    return options


if __name__ == "__main__":
    chosen = parse_arguments()
    chosen.run(chosen)
