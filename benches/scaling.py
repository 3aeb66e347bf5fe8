"""Time the stages of a fit on a local Dask cluster, and print them beside those of `Glove`.

Every worker is a process of one thread. Bytes are what the workers received from each other. Of the
epochs, the first and the median of the others are told.

examples:
  python benches/scaling.py --corpus my.txt --workers 1 2 4 --dim 100
  python benches/scaling.py --corpus my.txt --workers 2 --questions questions-words.txt
"""

from __future__ import annotations

import argparse
import json
import statistics
import time
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
    parser.add_argument("--questions", metavar="FILE", help="analogies, as questions-words.txt")
    options = parser.parse_args()
    rows = [_alone(options), *(_on_cluster(options, workers) for workers in options.workers)]
    titles = list(rows[0])
    print("\n| " + " | ".join(titles) + " |\n|---|" + "---:|" * (len(titles) - 1))
    for row in rows:
        print("| " + " | ".join(row[title] for title in titles) + " |")


def _settings(options: argparse.Namespace) -> dict[str, Any]:
    return {"dim": options.dim, "epochs": options.epochs, "x_max": 10.0}


def _alone(options: argparse.Namespace) -> dict[str, str]:
    begun = time.monotonic()
    counts = Cooccurrence.from_corpus(options.corpus, threads=options.threads)
    counting = time.monotonic() - begun
    begun = time.monotonic()
    model = Glove(threads=options.threads, deterministic=True, **_settings(options))
    model.fit_cooccurrence(counts)
    tiling = time.monotonic() - begun - sum(model.history.seconds)
    stages = {
        "counting": {"seconds": counting, "bytes": 0},
        "tiling": {"seconds": tiling, "bytes": 0},
        "training": {"seconds": model.history.seconds, "bytes": [0] * options.epochs},
    }
    return _row(options, f"Glove, {options.threads} threads", model, stages)


def _on_cluster(options: argparse.Namespace, workers: int) -> dict[str, str]:
    with (
        LocalCluster(n_workers=workers, threads_per_worker=1, dashboard_address=":0") as cluster,
        Client(cluster) as client,
    ):
        model = DaskGlove(client=client, **_settings(options)).fit(options.corpus)
    return _row(options, f"{workers} workers", model, model.stages_)


def _row(
    options: argparse.Namespace, name: str, model: Glove, stages: dict[str, dict[str, Any]]
) -> dict[str, str]:
    training = stages["training"]
    row = {
        "": name,
        "counting": f"{stages['counting']['seconds']:.2f} s",
        "moved": _megabytes(stages["counting"]["bytes"]),
        "tiles": f"{stages['tiling']['seconds']:.2f} s",
        "first epoch": f"{training['seconds'][0]:.2f} s",
        "epoch": f"{statistics.median(training['seconds'][1:]):.2f} s",
        "moved in an epoch": _megabytes(statistics.median(training["bytes"][1:])),
        "loss": f"{model.history[-1]:.6f}",
    }
    if options.questions is not None:
        score = evaluation.analogies(model.vectors, options.questions).accuracy
        row["analogies"] = f"{100 * score:.2f} %"
    print(json.dumps(row), flush=True)
    return row


def _megabytes(count: float) -> str:
    return f"{count / 1e6:,.0f} MB"


if __name__ == "__main__":
    main()
