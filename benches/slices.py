"""Compare schedules of `glove_rs.compare.slices` on a text with planted exchanges of words.

    python benches/slices.py text.txt --dim 100
    python benches/slices.py text.txt --dim 100 --time

The text is cut into 20 slices of equal numbers of lines. In the second half, pairs of words of
nearly equal frequency are exchanged. The first and the last slice are trained with each schedule,
with two seeds. The distance of a word is 1 - cosine of its vectors in these two slices. Each line
has these figures of a schedule:

- the CPU seconds for a slice (one thread);
- the mean distance of all words, and of the exchanged words;
- AUC, once for each seed: the fraction of the unchanged words of nearly equal frequency whose
  distance is below that of an exchanged word, as a mean over the exchanged words; and the
  percentage of the exchanged words for which this fraction is at least 0.99;
- two correlations between this schedule with the second seed and the first schedule with the first
  seed: one of the distances, and one of the cosines of random pairs of words. In the first line
  they show how much two seeds differ.

``--time`` instead prints the seconds and CPU seconds of one fit of the text, and of the slices:
before the first slice (reading, counting and training on all of the text), after that, and in all.
"""

from __future__ import annotations

import argparse
import resource
import time
from collections import Counter
from pathlib import Path

import numpy as np

from glove_rs import Glove, compare
from glove_rs._compare import slices as module

SLICES = 20
SEEDS = (0, 1)
#: Epochs and learning rate; None stands for the setting of the model.
SCHEDULES = [(None, None), (40, None), (2, None), (3, 0.5), (4, None), (4, 0.4), (5, 0.35)]


def cpu() -> float:
    usage = resource.getrusage(resource.RUSAGE_SELF)
    return usage.ru_utime + usage.ru_stime


def exchanged(lines: list[str], parts: list[int], pairs: int) -> tuple[list[str], set[str]]:
    """Exchange pairs of words in the second half of the text.

    Return the changed lines and the exchanged words. At most `pairs` pairs are exchanged.
    """
    first, last = (
        Counter(w for line, p in zip(lines, parts, strict=True) if p == part for w in line.split())
        for part in (0, SLICES - 1)
    )
    known = sorted(
        (w for w in first if min(first[w], last[w]) >= 20 and w.isalpha()),
        key=lambda w: -min(first[w], last[w]),
    )
    rng = np.random.default_rng(3)
    swap: dict[str, str] = {}
    for index in rng.choice(np.arange(30, len(known) - 1), pairs, replace=False):
        a, b = known[index], known[index + 1]
        if a not in swap and b not in swap:
            swap |= {a: b, b: a}
    changed = [
        line if part < SLICES // 2 else " ".join(swap.get(w, w) for w in line.split())
        for line, part in zip(lines, parts, strict=True)
    ]
    return changed, set(swap)


def ranks(distance: np.ndarray, counts: np.ndarray, planted: np.ndarray) -> np.ndarray:
    """Return, for each exchanged word, the fraction of unchanged words with a smaller distance.

    These are the unchanged ones of the 200 words whose counts are nearest to that of the exchanged
    word. `planted` says of each word whether it was exchanged.
    """
    order = np.argsort(counts, kind="stable")
    rank = np.argsort(order)
    found = []
    for row in np.flatnonzero(planted):
        near = order[max(0, rank[row] - 100) : rank[row] + 100]
        found.append((distance[near[~planted[near]]] < distance[row]).mean())
    return np.array(found)


def measure(path: str, lines: list[str], parts: list[int], dim: int) -> None:
    """Print the seconds and CPU seconds of one fit, and of the slices."""
    marks: list[np.ndarray] = []

    def now() -> np.ndarray:
        return np.array([time.perf_counter(), cpu()])

    def progress(stage: str, done: int, total: int, values: object) -> None:
        if stage == "slices" and done in (0, total):
            marks.append(now())

    start = now()
    Glove(dim, threads=2).fit(path)
    fit = now() - start
    start = now()
    compare.slices(Glove(dim, threads=2), lines, parts, progress=progress)
    for name, spent in (
        ("one fit", fit),
        ("slices, before the first", marks[0] - start),
        ("slices, without this", marks[-1] - marks[0]),
        ("slices, in all", marks[-1] - start),
    ):
        print(
            f"{name}: {spent[0]:.1f} s, {spent[1]:.1f} CPU s ({spent[0] / fit[0]:.2f} and "
            f"{spent[1] / fit[1]:.2f} times one fit)"
        )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("text")
    parser.add_argument("--dim", type=int, default=100)
    parser.add_argument("--pairs", type=int, default=80)
    parser.add_argument("--time", action="store_true")
    options = parser.parse_args()
    lines = Path(options.text).read_text().lower().splitlines()
    parts = [line * SLICES // len(lines) for line in range(len(lines))]
    if options.time:
        measure(options.text, lines, parts, options.dim)
        return
    lines, swapped = exchanged(lines, parts, options.pairs)
    parameters = Glove(options.dim, threads=1, adjacent=False, subwords=False).get_params()
    documents = module._documents(lines, parts, parameters, None, None)
    groups = module._groups(documents, None)
    compass = module._Compass(documents, parameters, None, None)
    least = parameters["min_count"]
    trainers = [module._SliceTrainer(compass, groups[label], least) for label in (0, SLICES - 1)]
    own = [trainer.documents.vocabulary for trainer in trainers]
    counted = [Counter(dict(zip(v.words, v.counts.tolist(), strict=True))) for v in own]
    words = [word for word in documents.vocabulary.words if min(c[word] for c in counted) >= 20]
    counts = np.array([min(c[word] for c in counted) for word in words])
    rows = [[v[word] for word in words] for v in own]
    planted = np.array([word in swapped for word in words])
    random = np.random.default_rng(4).integers(0, len(words), (4000, 2))
    full: tuple[np.ndarray, np.ndarray] | None = None
    for epochs, rate in SCHEDULES:
        compass.slice_training["epochs"] = epochs or compass.training["epochs"]
        compass.slice_training["learning_rate"] = rate or compass.training["learning_rate"]
        start = cpu()
        trained = [
            [
                trainer.train(np.ones(len(trainer.documents), np.uint32), seed)[own].astype(float)
                for trainer, own in zip(trainers, rows, strict=True)
            ]
            for seed in SEEDS
        ]
        seconds = (cpu() - start) / len(SEEDS) / 2
        found = []
        for vectors in trained:
            units = [v / np.linalg.norm(v, axis=1, keepdims=True) for v in vectors]
            distance = 1 - np.einsum("ij,ij->i", *units)
            cosines = np.concatenate([np.einsum("ij,ij->i", *u[random.T]) for u in units])
            found.append((distance, cosines))
        full = full or found[0]
        r = [np.corrcoef(x, y)[0, 1] for x, y in zip(found[1], full, strict=True)]
        distances = [distance for distance, _ in found]
        above = [ranks(distance, counts, planted) for distance in distances]
        training = compass.slice_training
        print(
            f"{training['epochs']:2} epochs, rate {training['learning_rate']:4}: {seconds:5.2f} "
            f"CPU s, distance {np.mean(distances):.3f}, exchanged "
            f"{np.mean([d[planted] for d in distances]):.3f}, AUC "
            f"{' '.join(f'{a.mean():.3f}' for a in above)}, "
            f"{' '.join(f'{(a >= 0.99).mean():.0%}' for a in above)} of {len(above[0])} at 99 %; "
            f"r of distances {r[0]:.3f}, of cosines {r[1]:.3f}",
            flush=True,
        )


if __name__ == "__main__":
    main()
