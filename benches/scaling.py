"""Time the stages of a fit on a local Dask cluster, and print them beside those of `Glove`.

Every worker is a process with one thread, and every run has its own process. In each of `--rounds`
rounds, `Glove` and each number of workers run once; the table has medians over the rounds. Columns
with "moved" have the bytes that workers received from each other. "Tiles" is the time to prepare
the training, "first epoch" the time of the first epoch, and "epoch" the median time of the other
epochs.

examples:
  python benches/scaling.py --corpus my.txt --workers 1 2 4 --dim 100
  python benches/scaling.py --corpus my.txt --workers 2 --questions questions-words.txt --rounds 5
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
import statistics
import time
from concurrent.futures import ProcessPoolExecutor
from typing import Any

from distributed import Client, LocalCluster

from glove_rs import Cooccurrence, Glove, evaluation
from glove_rs.dask import DaskGlove


def main() -> None:
    """Run everything and print a line for each run, then the table."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--corpus", required=True, metavar="FILE")
    parser.add_argument("--workers", type=int, nargs="+", default=[1, 2, 4], metavar="N")
    parser.add_argument("--dim", type=int, default=100, metavar="N")
    parser.add_argument("--epochs", type=int, default=8, metavar="N")
    parser.add_argument("--threads", type=int, default=2, metavar="N", help="of Glove")
    parser.add_argument("--rounds", type=int, default=3, metavar="N")
    parser.add_argument("--questions", metavar="FILE", help="analogies, as questions-words.txt")
    options = parser.parse_args()
    runs: dict[str, list[dict[str, float]]] = {}
    for _ in range(options.rounds):
        for workers in (0, *options.workers):
            with ProcessPoolExecutor(1, multiprocessing.get_context("spawn")) as alone:
                run = alone.submit(_on_cluster if workers else _alone, options, workers).result()
            plural = "" if workers == 1 else "s"
            name = f"{workers} worker{plural}" if workers else f"Glove, {options.threads} threads"
            print(json.dumps({"": name, **run}), flush=True)
            runs.setdefault(name, []).append(run)
    units = next(iter(runs.values()))[0]
    print("\n| | " + " | ".join(units) + " |\n|---|" + "---:|" * len(units))
    for name, found in runs.items():
        medians = (statistics.median(run[title] for run in found) for title in units)
        cells = (
            f"{median:,.{_digits(title)}f}" for title, median in zip(units, medians, strict=True)
        )
        print(f"| {name} | " + " | ".join(cells) + " |")


def _digits(title: str) -> int:
    return 6 if title == "loss" else 0 if "MB" in title else 2


def _settings(options: argparse.Namespace) -> dict[str, Any]:
    return {"dim": options.dim, "epochs": options.epochs, "preset": "paper", "x_max": 10.0}


def _alone(options: argparse.Namespace, _: int) -> dict[str, float]:
    begun = time.monotonic()
    counts = Cooccurrence.from_corpus(options.corpus, adjacent=False, threads=options.threads)
    counting = time.monotonic() - begun
    begun = time.monotonic()
    model = Glove(threads=options.threads, deterministic=True, **_settings(options))
    model.fit_cooccurrence(counts)
    preparing = time.monotonic() - begun - sum(model.history.seconds)
    stages: dict[str, dict[str, Any]] = {
        "counting": {"seconds": counting, "bytes": 0},
        "preparing": {"seconds": preparing, "bytes": 0},
        "training": {"seconds": model.history.seconds, "bytes": [0] * options.epochs},
    }
    return _figures(options, model, stages)


def _on_cluster(options: argparse.Namespace, workers: int) -> dict[str, float]:
    with (
        LocalCluster(n_workers=workers, threads_per_worker=1, dashboard_address=":0") as cluster,
        Client(cluster) as client,
    ):
        model = DaskGlove(client=client, **_settings(options)).fit(options.corpus)
    return _figures(options, model, model.stages_)


def _figures(
    options: argparse.Namespace, model: Glove, stages: dict[str, dict[str, Any]]
) -> dict[str, float]:
    training = stages["training"]
    figures = {
        "counting, s": stages["counting"]["seconds"],
        "moved, MB": stages["counting"]["bytes"] / 1e6,
        "tiles, s": stages["preparing"]["seconds"],
        "first epoch, s": training["seconds"][0],
        "epoch, s": statistics.median(training["seconds"][1:]),
        "moved in an epoch, MB": statistics.median(training["bytes"][1:]) / 1e6,
        "loss": model.history[-1],
    }
    if options.questions is not None:
        accuracy = evaluation.analogies(model.vectors, options.questions).accuracy
        figures["analogies, %"] = 100 * accuracy
    return {title: round(figure, _digits(title) + 2) for title, figure in figures.items()}


if __name__ == "__main__":
    main()
