"""Train with several settings, score the vectors, and print one table.

Each setting is trained with every seed, from the text file on. A cell is the median over the seeds,
followed by the range if there are several. Scores are those of W + W_tilde, words lower-cased:
analogies by 3CosAdd as in Stanford's evaluation, word similarity as Spearman's correlation.
"""

from __future__ import annotations

import argparse
import importlib
import json
import statistics
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from glove_rs import Glove, WordVectors, evaluation

# What is compared by default. A setting without a preset builds on "best".
SETTINGS: dict[str, dict[str, Any]] = {
    "paper, x_max 10, 15 epochs": {"preset": "paper", "x_max": 10, "epochs": 15},
    "fast": {
        "preset": "paper",
        "x_max": 10,
        "learning_rate": 0.2,
        "bias_learning_rate": 0.2,
        "schedule": "linear",
        "epochs": 5,
    },
    "best": {},
    "best, linear": {"schedule": "linear"},
    "best, 4 epochs": {"epochs": 4},
    "best, 15 epochs": {"epochs": 15},
    "best without unseen pairs": {"negative": 0},
    "best, x_max 10": {"preset": "best", "x_max": 10},
    "best, x_max 100": {"preset": "best", "x_max": 100},
    "best, negative 2": {"negative": 2},
    "best, window 5": {"window": 5},
}
PARTS = ("all", "rest", "aside")
ASIDE = 4  # every fourth document

EXAMPLES = """\
examples:
  python benches/quality.py --corpus my.txt --questions questions-words.txt \\
      --similarity wordsim353.tsv simlex999.txt
  python benches/quality.py --corpus my.txt --questions questions-words.txt --part aside \\
      --only best "paper, x_max 10, 15 epochs" --dim 100 --gensim
  python benches/quality.py --corpus my.txt --questions questions-words.txt \\
      --set '{"alpha": 0.5, "preset": "best"}' --only best

Settings chosen while looking at --part rest (three documents of four) can be judged on --part
aside, which they have never seen.
"""


def part_of(corpus: Path, part: str, folder: Path) -> Path:
    """The documents of that part, in a file."""
    if part == "all":
        return corpus
    path = folder / f"{part}.txt"
    with corpus.open("rb") as text, path.open("wb") as out:
        for number, document in enumerate(text):
            if (number % ASIDE == ASIDE - 1) == (part == "aside"):
                out.write(document)
    return path


def glove(corpus: Path, settings: dict[str, Any]) -> tuple[float, float | None, WordVectors]:
    """Seconds, last loss, vectors."""
    start = time.perf_counter()
    model = Glove(**settings, progress=False).fit(corpus)
    vectors = model.vectors
    return time.perf_counter() - start, model.history[-1], vectors


def skip_gram(corpus: Path, settings: dict[str, Any]) -> tuple[float, float | None, WordVectors]:
    """gensim's, with its defaults but for the dimension, on as many threads."""
    word2vec = importlib.import_module("gensim.models.word2vec")
    start = time.perf_counter()
    model = word2vec.Word2Vec(
        corpus_file=str(corpus),  # its fastest way in
        sg=1,
        vector_size=settings["dim"],
        min_count=5,
        workers=settings["threads"],
        seed=settings["seed"] + 1,
    )
    seconds = time.perf_counter() - start
    return seconds, None, WordVectors(model.wv.index_to_key, model.wv.vectors)


def scores(vectors: WordVectors, questions: Path | None, pairs: Sequence[Path]) -> dict[str, float]:
    found = {}
    if questions is not None:
        result = evaluation.analogies(vectors, questions)
        for kind in ("semantic", "syntactic", "total"):
            found[f"{kind} %"] = 100 * getattr(result, kind).accuracy
    for path in pairs:
        found[path.stem] = evaluation.similarity(vectors, path).spearman
    return found


def cell(values: Sequence[float | None]) -> str:
    numbers = [value for value in values if value is not None]
    if not numbers:
        return ""
    middle = statistics.median(numbers)
    digits = 4 if middle < 0.1 else 3 if middle < 1 else 1
    low, high = min(numbers), max(numbers)
    spread = f" ({low:.{digits}f} to {high:.{digits}f})" if len(numbers) > 1 else ""
    return f"{middle:.{digits}f}{spread}"


def parse_arguments(arguments: Sequence[str] | None = None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, epilog=EXAMPLES, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    add = parser.add_argument
    add("--corpus", type=Path, required=True, metavar="FILE", help="UTF-8, a document a line")
    add("--part", choices=PARTS, default="all", help="of its documents: all, every fourth "
        "(aside), or the others (default: all)")  # fmt: skip
    add("--questions", type=Path, metavar="FILE", help="analogies, as questions-words.txt")
    add("--similarity", type=Path, nargs="+", default=[], metavar="FILE", help="rated word pairs")
    add("--dim", type=int, default=50, metavar="N", help="(default: 50)")
    add("--seeds", type=int, default=3, metavar="N", help="seeds 0 to N - 1 (default: 3)")
    add("--threads", type=int, default=2, metavar="N", help="(default: 2)")
    add("--only", nargs="+", metavar="NAME", choices=SETTINGS, help="some of the settings: "
        + "; ".join(SETTINGS))  # fmt: skip
    add("--set", type=json.loads, action="append", default=[], metavar="JSON",
        help="also these parameters of Glove; may be repeated")  # fmt: skip
    add("--gensim", action="store_true", help="also gensim's skip-gram, window 5, 5 epochs")
    options = parser.parse_args(arguments)
    for path in (options.corpus, options.questions, *options.similarity):
        if path is not None and not path.is_file():
            parser.error(f"'{path}' is not a file")
    return options


def main() -> int:
    options = parse_arguments()
    settings = {name: SETTINGS[name] for name in options.only or SETTINGS}
    settings |= {json.dumps(extra): extra for extra in options.set}
    rows: list[list[str]] = []
    head: list[str] = []
    with tempfile.TemporaryDirectory(prefix="glove-rs-quality-") as folder:
        corpus = part_of(options.corpus, options.part, Path(folder))
        common = {"dim": options.dim, "threads": options.threads}
        jobs = [(name, glove, chosen) for name, chosen in settings.items()]
        if options.gensim:
            jobs.append(("gensim skip-gram", skip_gram, {}))
        for name, train, chosen in jobs:
            runs: list[dict[str, float | None]] = []
            for seed in range(options.seeds):
                seconds, loss, vectors = train(corpus, {**common, **chosen, "seed": seed})
                found = scores(vectors, options.questions, options.similarity)
                runs.append({"seconds": seconds, "loss": loss, **found})
                print(name, runs[-1], file=sys.stderr, flush=True)
            head = ["setting", *runs[0]]
            rows.append([name, *(cell([run[key] for run in runs]) for key in runs[0])])
    print(
        f"{options.corpus.name}, {options.part}; dim {options.dim}, {options.threads} threads, "
        f"{options.seeds} seeds: median (range)\n"
    )
    for row in [head, ["---", *["---:"] * (len(head) - 1)], *rows]:
        print("| " + " | ".join(row) + " |")
    return 0


if __name__ == "__main__":
    sys.exit(main())
