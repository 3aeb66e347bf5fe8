"""Compares schedules of `glove_rs.compare.slices` on a text with planted exchanges of words.

    python benches/slices.py text.txt --dim 100
    python benches/slices.py text.txt --dim 100 --time

The text is cut into 20 slices of equal numbers of lines. In the second half, pairs of words of
nearly equal frequency are exchanged. The first and the last slice are trained with each schedule.
The distance of a word is 1 - cosine of its vectors in these two slices. The columns are:

- the CPU seconds for a slice (one thread);
- the mean distance of all words, and of the exchanged words;
- the share of the words of nearly equal frequency whose distance is below that of an exchanged word
  (AUC), and for how many of the exchanged words this share is at least 99 %;
- two correlations with the first schedule: of the distances, and of the cosines of random pairs.

``--time`` instead prints the CPU seconds of all slices, and those before the first slice: reading,
counting and training on all of the text.
"""

from __future__ import annotations

import argparse
import resource
from collections import Counter
from pathlib import Path

import numpy as np

from glove_rs import Glove, compare
from glove_rs._compare import slices as module

SLICES = 20
#: Epochs and learning rate; None stands for the setting of the model.
SCHEDULES = [(None, None), (40, None), (1, None), (2, None), (2, 0.5), (3, 0.5)]


def cpu() -> float:
    usage = resource.getrusage(resource.RUSAGE_SELF)
    return usage.ru_utime + usage.ru_stime


def exchanged(lines: list[str], parts: list[int], pairs: int) -> tuple[list[str], set[str]]:
    """Exchange pairs of words in the second half of the text."""
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
    for place in rng.choice(np.arange(30, len(known) - 1), pairs, replace=False):
        a, b = known[place], known[place + 1]
        if a not in swap and b not in swap:
            swap |= {a: b, b: a}
    changed = [
        line if part < SLICES // 2 else " ".join(swap.get(w, w) for w in line.split())
        for line, part in zip(lines, parts, strict=True)
    ]
    return changed, set(swap)


def ranks(distance: np.ndarray, counts: np.ndarray, planted: np.ndarray) -> np.ndarray:
    """Return the share of about 200 unchanged words of nearly equal count that moved less."""
    order = np.argsort(counts, kind="stable")
    place = np.argsort(order)
    found = []
    for row in np.flatnonzero(planted):
        near = order[max(0, place[row] - 100) : place[row] + 100]
        found.append((distance[near[~planted[near]]] < distance[row]).mean())
    return np.array(found)


def measure(lines: list[str], parts: list[int], dim: int) -> None:
    """Print the CPU seconds before the first slice and those of the slices."""
    marks: list[float] = []

    def progress(stage: str, done: int, total: int, values: object) -> None:
        if stage == "slices" and done in (0, total):
            marks.append(cpu())

    start = cpu()
    compare.slices(Glove(dim, threads=2), lines, parts, progress=progress)
    before, total = marks[0] - start, marks[-1] - start
    print(f"before the slices {before:.1f} CPU s, in all {total:.1f} ({total / before:.2f} times)")


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
        measure(lines, parts, options.dim)
        return
    lines, swapped = exchanged(lines, parts, options.pairs)
    parameters = Glove(options.dim, threads=1, subwords=False).get_params()
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
        compass.slice_training = {**compass.training}
        compass.slice_training["epochs"] = epochs or compass.training["epochs"]
        compass.slice_training["learning_rate"] = rate or compass.training["learning_rate"]
        start = cpu()
        vectors = [
            trainer.train(np.ones(len(trainer.documents), np.uint32), 0)[own].astype(float)
            for trainer, own in zip(trainers, rows, strict=True)
        ]
        seconds = (cpu() - start) / 2
        units = [v / np.linalg.norm(v, axis=1, keepdims=True) for v in vectors]
        distance = 1 - np.einsum("ij,ij->i", *units)
        cosines = np.concatenate([np.einsum("ij,ij->i", *u[random.T]) for u in units])
        full = full or (distance, cosines)
        above = ranks(distance, counts, planted)
        r = [np.corrcoef(x, y)[0, 1] for x, y in zip((distance, cosines), full, strict=True)]
        training = compass.slice_training
        print(
            f"{training['epochs']:2} epochs, rate {training['learning_rate']:4}: {seconds:5.2f} "
            f"CPU s, distance {distance.mean():.3f}, exchanged {distance[planted].mean():.3f}, AUC "
            f"{above.mean():.3f}, {(above >= 0.99).mean():.0%} of {len(above)} at 99 %; r of "
            f"distances {r[0]:.3f}, of cosines {r[1]:.3f}",
            flush=True,
        )


if __name__ == "__main__":
    main()
