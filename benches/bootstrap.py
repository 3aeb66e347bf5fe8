"""Measure intervals of `glove_rs.bootstrap`: coverage, widths, and time.

    python benches/bootstrap.py coverage text.txt --trials 20 --replicates 25
    python benches/bootstrap.py width text.txt
    python benches/bootstrap.py schedules text.txt --schedules 7 5 5:0.3 4
    python benches/bootstrap.py time text.txt --dim 100 --replicates 5

``coverage``: the text is the population. Each trial draws as many documents as the text has, with
replacement (with ``--fraction``, that fraction of the documents without replacement), and makes a
bootstrap of the drawn text. The true similarity of a pair of words is the mean of the similarities
in several models of the whole text, which have different seeds. For each kind of interval, the
output has the fraction of intervals that contain the true similarity. The same is done for
intervals around the mean of ``--fits`` models of the drawn text.

``width``: prints the median standard deviation of a similarity over the replicates: for replicates
with different seeds, for replicates with the same seed, and for replicates of a model of 4 epochs.

``schedules``: as ``coverage``, with the same texts and true similarities, but the replicates are
trained with several schedules. A schedule is a number of epochs, and a learning rate if it differs
from that of a replicate by default. Replicate number r has the same documents and the same seed in
each schedule. The other schedules are compared with the first one. With ``--seeds 0`` the whole
text is resampled instead of drawn texts. The true similarity is then unknown, and there is no
coverage.

``time``: prints the time of a fit and of a replicate.
"""

from __future__ import annotations

import argparse
import resource
import time
from pathlib import Path

import numpy as np

import glove_rs
from glove_rs import Glove
from glove_rs._bootstrap.estimates import INTERVALS, interval_of
from glove_rs._vectors.cosine import cosines_of_pairs


def cpu() -> float:
    """Return the CPU seconds of all threads of this process."""
    usage = resource.getrusage(resource.RUSAGE_SELF)
    return usage.ru_utime + usage.ru_stime


def lines_of(path: str, tokens: int | None) -> list[str]:
    """Read the documents of a text up to a number of tokens."""
    lines: list[str] = []
    for line in Path(path).read_text().splitlines():
        if tokens is not None and tokens <= 0:
            break
        lines.append(line)
        tokens = None if tokens is None else tokens - len(line.split())
    return lines


def pairs_of(wv: glove_rs.WordVectors, number: int, seed: int = 0) -> np.ndarray:
    """Draw pairs of words: half of them neighbours, half of them random."""
    rng = np.random.default_rng(seed)
    rows = rng.choice(np.arange(30, min(len(wv), 3000)), number, replace=False)
    near = [
        (row, wv.key_to_index[wv.most_similar(wv.index_to_key[row], topn=10)[rng.integers(10)][0]])
        for row in rows[: number // 2]
    ]
    far = rng.choice(np.arange(30, min(len(wv), 3000)), (number - number // 2, 2))
    return np.array([*near, *far], dtype=np.intp)


def model(options: argparse.Namespace, **settings: object) -> Glove:
    settings |= {"min_count": options.min_count, "threads": options.threads, "progress": False}
    return Glove(options.dim, **settings)


def coverage(options: argparse.Namespace) -> None:
    lines = lines_of(options.text, options.tokens)
    whole = [model(options, seed=seed).fit(iter(lines)).vectors for seed in range(options.seeds)]
    words = whole[0].index_to_key
    pairs = pairs_of(whole[0], options.pairs, options.first)
    truths = np.array([cosines_of_pairs(wv.vectors, pairs) for wv in whole])
    truth = truths.mean(axis=0)
    print(f"{len(lines)} documents, {len(words)} words, dim {options.dim}")
    print(f"sd of the true similarity between seeds: {truths.std(axis=0, ddof=1).mean():.4f}")
    hits: dict[str, list[np.ndarray]] = {}
    shifts = []
    for trial in range(options.first, options.first + options.trials):
        rng = np.random.default_rng([9, trial])
        n = len(lines)
        if options.fraction is None:
            drawn = rng.integers(0, n, n)
        else:
            drawn = rng.permutation(n)[: int(n * options.fraction)]
        text = [lines[i] for i in drawn]
        b = glove_rs.bootstrap(
            model(options, seed=100 + trial), text, options.replicates, vocabulary=words, seed=trial
        )
        value = cosines_of_pairs(b.full.vectors, pairs)
        replicates = np.array([cosines_of_pairs(wv.vectors, pairs) for wv in b.models])
        found = np.isfinite(value) & (np.isfinite(replicates).sum(axis=0) == len(b))
        limits = {
            kind: interval_of(value, replicates, "bootstrap", kind, 0.95) for kind in INTERVALS
        }
        bias = replicates.mean(axis=0) - value
        error = replicates.std(axis=0, ddof=1)
        # The mean of several models of the drawn text, as an alternative estimate.
        others = [model(options, seed=200 + trial + 50 * k) for k in range(1, options.fits)]
        fits = [m.fit(text, vocabulary=words).vectors for m in others]
        mean = np.mean([value, *(cosines_of_pairs(wv.vectors, pairs) for wv in fits)], axis=0)
        for kind in INTERVALS:
            name = f"{kind}, {options.fits} fits"
            limits[name] = interval_of(mean, replicates, "bootstrap", kind, 0.95)
        shifts.append([(value - truth)[found], bias[found], error[found]])
        for kind, (low, high) in limits.items():
            hits.setdefault(kind, []).append(((low <= truth) & (truth <= high))[found])
        shift, bias, error = (np.concatenate(x) for x in zip(*shifts, strict=True))
        rows = ", ".join(f"{kind} {np.concatenate(h).mean():.1%}" for kind, h in hits.items())
        print(
            f"trial {trial + 1}: {rows}; error of estimates {shift.mean():+.4f} sd "
            f"{shift.std():.4f}, bias {bias.mean():+.4f}, sd of replicates {error.mean():.4f}, "
            f"{cpu():.0f} CPU s",
            flush=True,
        )
    for kind, h in hits.items():
        by_trial = [x.mean() for x in h]
        print(
            f"{kind:16} {np.concatenate(h).mean():.1%} (trials {min(by_trial):.1%} to "
            f"{max(by_trial):.1%})"
        )


def width(options: argparse.Namespace) -> None:
    """Print the spread of replicates with different seeds, with one seed, and with 4 epochs."""
    lines = lines_of(options.text, options.tokens)
    pairs = None
    for name, epochs, same in (
        ("other seeds", None, False),
        ("one seed", None, True),
        ("4 epochs", 4, False),
    ):
        b = glove_rs.bootstrap(model(options, epochs=epochs), lines, 0)
        if same:
            b._trainer.resampling.training_seed = lambda replicate, seed: seed
        b.extend(options.replicates)
        pairs = pairs_of(b.full, options.pairs) if pairs is None else pairs
        replicates = np.array([cosines_of_pairs(wv.vectors, pairs) for wv in b.models])
        error = np.nanstd(replicates, axis=0, ddof=1)
        print(f"{name}: median sd of replicates {np.nanmedian(error):.4f}", flush=True)


class Schedule:
    """One schedule, and what was measured with it in the trials until now."""

    def __init__(self, name: str) -> None:
        epochs, _, rate = name.partition(":")
        self.name = name
        self.training: dict[str, object] = {"epochs": int(epochs)}
        if rate:
            self.training["learning_rate"] = float(rate)
        self.seconds = 0.0
        self.columns: dict[str, list[np.ndarray]] = {}

    def add(self, **columns: np.ndarray) -> None:
        for name, values in columns.items():
            self.columns.setdefault(name, []).append(np.asarray(values, dtype=float))

    def __getitem__(self, name: str) -> np.ndarray:
        return np.concatenate(self.columns[name])


def shared_neighbours(full: glove_rs.WordVectors, half: np.ndarray, words: np.ndarray) -> float:
    """Return the mean fraction of the 10 nearest neighbours of a word that both models share.

    `half` has the vectors of the other model. The mean is over the words with the rows `words`.
    """
    other = glove_rs.WordVectors(full.index_to_key, half.astype(np.float32))
    fractions = []
    for row in words:
        word = full.index_to_key[row]
        if np.isfinite(half[row]).all():
            lists = [{w for w, _ in wv.most_similar(word, topn=10)} for wv in (full, other)]
            fractions.append(len(lists[0] & lists[1]) / 10)
    return float(np.mean(fractions))


def schedules(options: argparse.Namespace) -> None:
    """Compare spread, bias and coverage of replicates of several schedules."""
    lines = lines_of(options.text, options.tokens)
    whole = [model(options, seed=seed).fit(iter(lines)).vectors for seed in range(options.seeds)]
    words = whole[0].index_to_key if whole else None
    compared = [Schedule(name) for name in options.schedules]
    pairs = None
    for trial in range(options.first, options.first + options.trials):
        rng = np.random.default_rng([9, trial])
        text = [lines[i] for i in rng.integers(0, len(lines), len(lines))] if whole else lines
        fitted = model(options, seed=100 + trial)
        b = glove_rs.bootstrap(fitted, text, 0, vocabulary=words, seed=trial)
        if pairs is None:
            pairs = pairs_of(whole[0] if whole else b.full, options.pairs, options.first)
            truths = [cosines_of_pairs(wv.vectors, pairs) for wv in whole]
            truth = np.mean(truths, axis=0) if whole else np.full(len(pairs), np.nan)
        value = cosines_of_pairs(b.full.vectors, pairs)
        found = np.isfinite(value)
        samples, usual = [], dict(b._trainer.replicate_training)
        for schedule in compared:
            b._trainer.replicate_training = usual | schedule.training
            cosines, fractions = [], []
            for number in range(options.replicates):
                start = cpu()
                half = b._trainer.replicate(number, 0, b.full, None).astype(np.float16)
                schedule.seconds += cpu() - start
                cosines.append(cosines_of_pairs(half, pairs))
                fractions.append(shared_neighbours(b.full, half, np.unique(pairs[::4, 0])))
            samples.append(np.array(cosines))
            found &= np.isfinite(samples[-1]).all(axis=0)
            schedule.add(shared=np.array(fractions))
        for schedule, sample in zip(compared, samples, strict=True):
            bias, error = sample.mean(axis=0) - value, sample.std(axis=0, ddof=1)
            gaps = sample[:, found]
            gaps = gaps[:, 1:] - gaps[:, :-1]
            schedule.add(bias=bias[found], error=error[found], gap=gaps.std(axis=0, ddof=1))
            schedule.add(near=(np.arange(len(pairs)) < options.pairs // 2)[found])
            for kind in ("rms", "standard"):
                low, high = interval_of(value, sample, "bootstrap", kind, 0.95)
                hit = (low <= truth) & (truth <= high)
                schedule.add(**{kind: hit[found], f"{kind} width": (high - low)[found]})
        print(f"trial {trial + 1}: error of estimates {(value - truth)[found].mean():+.4f}")
        for schedule in compared:
            show(schedule, compared[0], options.replicates * (trial + 1 - options.first))


def show(schedule: Schedule, standard: Schedule, replicates: int) -> None:
    """Print the means of a schedule over the trials until now, and ratios to those of `standard`.

    `replicates` is the number of replicates until now.
    """
    near = standard["near"] == 1

    def ratio(name: str, rows: np.ndarray | slice = slice(None)) -> float:
        return schedule[name][rows].mean() / standard[name][rows].mean()

    both = np.corrcoef(schedule["error"], standard["error"])[0, 1]
    better = schedule["rms"] - standard["rms"]
    print(
        f"  {schedule.name:8} s {schedule['error'].mean():.4f} (x {ratio('error'):.3f}; near "
        f"{ratio('error', near):.3f}, far {ratio('error', ~near):.3f}, differences "
        f"{ratio('gap'):.3f}; r of s {both:.2f}), bias {schedule['bias'].mean():+.4f} (near "
        f"{schedule['bias'][near].mean():+.4f}, far {schedule['bias'][~near].mean():+.4f}), "
        f"coverage rms {schedule['rms'].mean():.1%} ({better.mean():+.1%}), standard "
        f"{schedule['standard'].mean():.1%}, width {schedule['rms width'].mean():.4f} "
        f"(x {ratio('rms width'):.3f}), neighbours shared with the estimate "
        f"{schedule['shared'].mean():.3f}, {schedule.seconds / replicates:.2f} CPU s",
        flush=True,
    )


def measure(options: argparse.Namespace) -> None:
    """Print CPU and wall time of a fit and of replicates."""
    begun, start = time.time(), cpu()
    b = glove_rs.bootstrap(model(options), options.text, 0)
    print(f"text and model of all of it: {time.time() - begun:.1f} s, {cpu() - start:.1f} CPU s")
    begun, start = time.time(), cpu()
    b.extend(options.replicates)
    n = options.replicates
    print(
        f"a replicate: {(time.time() - begun) / n:.1f} s, {(cpu() - start) / n:.1f} CPU s; peak "
        f"memory {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e3:.0f} MB"
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("what", choices=["coverage", "width", "schedules", "time"])
    parser.add_argument("text")
    parser.add_argument("--tokens", type=int, help="read only this many tokens")
    parser.add_argument("--dim", type=int, default=25)
    parser.add_argument("--min-count", type=int, default=5)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--trials", type=int, default=20)
    parser.add_argument("--first", type=int, default=0, help="seed of the pairs and first trial")
    parser.add_argument("--replicates", type=int, default=25)
    parser.add_argument("--pairs", type=int, default=200)
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--fits", type=int, default=3)
    parser.add_argument("--fraction", type=float)
    parser.add_argument("--schedules", nargs="+", default=["7", "5", "4"], help="epochs[:rate]")
    options = parser.parse_args()
    run = {"coverage": coverage, "width": width, "schedules": schedules, "time": measure}
    run[options.what](options)


if __name__ == "__main__":
    main()
