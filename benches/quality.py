"""Train several models on one text, score them on a folder of evaluation sets, and print one table.

By default the models are the preset "best", gensim's skip-gram and gensim's FastText, with the same
dimension, threads and minimum count. Each is trained with every seed, in turn. A score is the
median over the seeds, with the medians of the bounds of its 95 % bootstrap interval. The difference
between the first model and another model is paired: both are scored on the same draws of the
questions, pairs or words that both find. GloVe is scored with W + W_tilde. Here FastText, like the
other models, has no vectors for words below the minimum count.
"""

from __future__ import annotations

import argparse
import dataclasses
import importlib.util
import json
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from peers import markdown

from glove_rs import Glove, WordVectors, evaluation
from glove_rs.evaluation import Panel, PanelRow, Score

# The models of GloVe that can be compared: parameters of `Glove`. The default preset is "best".
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
GENSIM = {"skip-gram": "skip_gram", "FastText": "fasttext"}
DEFAULT = ["best", *GENSIM]
PARTS = ("all", "rest", "aside")
ASIDE = 4  # every fourth document is set aside

EXAMPLES = """\
examples:
  python benches/quality.py --corpus my.txt --panel sets --dim 100
  python benches/quality.py --corpus my.txt --panel sets --models best "paper, x_max 10, 15 epochs"
  python benches/quality.py --corpus my.txt --panel sets --part rest --seeds 1 \\
      --models best '{"alpha": 0.5}' '{"negative": 2}'

A folder of sets holds files such as questions-words.txt, wordsim353.tsv and simlex999.txt. Choose
settings on --part rest (three documents of four). Then measure them on --part aside, which was not
used for the choice.
"""


def part_of(corpus: Path, part: str, folder: Path) -> Path:
    """Return the path of a file with the documents of a part.

    For "all" this is the corpus, otherwise a new file in `folder`.
    """
    if part == "all":
        return corpus
    path = folder / f"{part}.txt"
    with corpus.open("rb") as text, path.open("wb") as out:
        for number, document in enumerate(text):
            if (number % ASIDE == ASIDE - 1) == (part == "aside"):
                out.write(document)
    return path


@dataclasses.dataclass
class Trained:
    """A model, the seconds from text to vectors, and the loss of the last epoch, if it has one."""

    vectors: WordVectors
    seconds: float
    loss: float | None = None


def glove(corpus: Path, settings: dict[str, Any]) -> Trained:
    start = time.perf_counter()
    model = Glove(**settings, progress=False).fit(corpus)
    vectors = model.vectors
    return Trained(vectors, time.perf_counter() - start, model.history[-1])


def gensim(name: str) -> Callable[[Path, dict[str, Any]], Trained]:
    import gensim_models

    def train(corpus: Path, settings: dict[str, Any]) -> Trained:
        start = time.perf_counter()
        model = getattr(gensim_models, GENSIM[name])(str(corpus), **settings)
        seconds = time.perf_counter() - start
        return Trained(WordVectors(model.wv.index_to_key, model.wv.vectors), seconds)

    return train


# --- the table ------------------------------------------------------------------------------------


def middle(values: Sequence[float | None], digits: int) -> str:
    """Return the median as text, with the range if there are several values; "" for no value."""
    numbers = [value for value in values if value is not None]
    if not numbers:
        return ""
    low, high = min(numbers), max(numbers)
    spread = f" ({low:.{digits}f} to {high:.{digits}f})" if len(numbers) > 1 else ""
    return f"{statistics.median(numbers):.{digits}f}{spread}"


def cell(measure: str, scores: Sequence[Score], sign: str = "") -> str:
    """Return the medians of a score and of its bounds as text; accuracy and purity in per cent.

    The text is "n/a" if there is no score. The bounds are left out if the scores have none.
    """
    factor, digits = (1, 3) if measure == "Spearman" else (100, 1)

    def median(values: Sequence[float]) -> str:
        return f"{factor * statistics.median(values):{sign}z.{digits}f}"

    if any(score.note.startswith("no score") for score in scores):
        return "n/a"
    value = median([score.value for score in scores])
    if any(score.note for score in scores):
        return value
    bounds = [median([getattr(score, bound) for score in scores]) for bound in ("low", "high")]
    return f"{value} [{', '.join(bounds)}]"


def table(
    names: Sequence[str], runs: Sequence[Sequence[Trained]], panels: list[list[Panel]]
) -> str:
    """Return a row for each set, and a column for each model and each difference from the first.

    Parameters
    ----------
    names : sequence of str
        The models.
    runs : sequence of sequences of Trained
        For each model, the training with each seed.
    panels : sequence of sequences of Panel
        For each model, the panel of each seed. The first model has a panel of its own scores. Every
        other model has a panel of the first model's scores with this model as baseline.
    """
    first, others = names[0], list(zip(names[1:], panels[1:], strict=True))
    head = ["set", "measure", "found", "all", first]
    seconds = ["seconds", "", "", "", middle([run.seconds for run in runs[0]], 1)]
    losses = ["loss of the last epoch", "", "", "", middle([run.loss for run in runs[0]], 4)]
    for (name, _), run in zip(others, runs[1:], strict=True):
        head += [name, f"{first} − {name}"]
        seconds += [middle([one.seconds for one in run], 1), ""]
        losses += [middle([one.loss for one in run], 4), ""]
    cells = [head, seconds, losses]
    for number, row in enumerate(panels[0][0].rows):
        own = [panel.rows[number] for panel in panels[0]]
        measure = row.measure if row.measure == "Spearman" else f"{row.measure}, %"
        line = [row.name, measure, f"{row.score.found:,}", f"{row.total:,}"]
        line.append(cell(row.measure, [one.score for one in own]))
        for _, of_seeds in others:
            paired: list[PanelRow] = [panel.rows[number] for panel in of_seeds]
            line.append(cell(row.measure, [one.baseline for one in paired if one.baseline]))
            differences = [one.difference for one in paired if one.difference]
            line.append(cell(row.measure, differences, "+"))
        cells.append(line)
    return markdown(cells, left=2)


# --- the command line -----------------------------------------------------------------------------


def parse_arguments(arguments: Sequence[str] | None = None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, epilog=EXAMPLES, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    add = parser.add_argument

    def at_least_1(text: str) -> int:
        if (value := int(text)) < 1:
            raise argparse.ArgumentTypeError(f"must be at least 1, got {value}")
        return value

    def model(text: str) -> tuple[str, dict[str, Any] | None]:
        if text in GENSIM:
            return text, None
        if text in SETTINGS:
            return text, SETTINGS[text]
        try:
            settings = json.loads(text)
        except ValueError:
            settings = None
        if not isinstance(settings, dict):
            raise argparse.ArgumentTypeError(
                f"{text!r} must be JSON such as '{{\"negative\": 2}}', or one of "
                + "; ".join([*GENSIM, *SETTINGS])
            )
        return text, settings

    add("--corpus", type=Path, required=True, metavar="FILE", help="UTF-8, a document a line")
    add("--panel", type=Path, required=True, metavar="DIR", help="a folder of evaluation sets")
    add("--part", choices=PARTS, default="all", help="documents to use: all, every fourth "
        "one (aside), or the others (rest) (default: all)")  # fmt: skip
    add("--models", type=model, nargs="+", metavar="NAME", default=[model(n) for n in DEFAULT],
        help="settings of Glove as JSON, or some of: "
        f"{'; '.join([*GENSIM, *SETTINGS])} (default: {' '.join(DEFAULT)})")  # fmt: skip
    add("--dim", type=at_least_1, default=50, metavar="N", help="(default: 50)")
    add("--min-count", type=at_least_1, default=5, metavar="N", help="(default: 5)")
    add("--threads", type=at_least_1, default=2, metavar="N", help="(default: 2)")
    add("--seeds", type=at_least_1, default=3, metavar="N", help="seeds 0 to N - 1 (default: 3)")
    add("--json", type=Path, metavar="FILE", help="also write the panels of every seed to it")
    options = parser.parse_args(arguments)
    if not options.corpus.is_file():
        parser.error(f"--corpus: '{options.corpus}' is not a file")
    if not options.panel.is_dir():
        parser.error(f"--panel: '{options.panel}' is not a folder")
    is_installed = importlib.util.find_spec("gensim") is not None
    if not is_installed and any(settings is None for _, settings in options.models):
        parser.error("gensim is not installed in this Python: pip install gensim")
    return options


def main() -> int:
    options = parse_arguments()
    names = [name for name, _ in options.models]
    common = {"dim": options.dim, "threads": options.threads, "min_count": options.min_count}
    runs: list[list[Trained]] = [[] for _ in names]
    panels: list[list[Panel]] = [[] for _ in names]
    with tempfile.TemporaryDirectory(prefix="glove-rs-quality-") as folder:
        corpus = part_of(options.corpus, options.part, Path(folder))
        for seed in range(options.seeds):
            for number, (name, settings) in enumerate(options.models):
                train = gensim(name) if settings is None else glove
                run = train(corpus, {**common, **(settings or {}), "seed": seed})
                baseline = run.vectors if number else None
                first = runs[0][-1] if number else run
                scored = evaluation.panel(first.vectors, options.panel, baseline=baseline)
                if number:  # the first model's vectors are needed for all other models
                    run.vectors = WordVectors([], run.vectors.vectors[:0])
                runs[number].append(run)
                panels[number].append(scored)
                print(f"seed {seed}, {name}: {run.seconds:.1f} s", file=sys.stderr, flush=True)
    print(
        f"{options.corpus.name}, {options.part}; dim {options.dim}, min_count {options.min_count}, "
        f"threads={options.threads}; medians of seeds 0 to {options.seeds - 1}, with 95 % "
        "bootstrap intervals; found: by the first model\n"
    )
    print(table(names, runs, panels))
    if options.json is not None:
        content = [
            {
                "model": name,
                "seconds": [run.seconds for run in of_model],
                "panels": [panel.to_dict() for panel in tables],
            }
            for name, of_model, tables in zip(names, runs, panels, strict=True)
        ]
        options.json.write_text(json.dumps(content, indent=1) + "\n", encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
