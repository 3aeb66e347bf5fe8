"""Measure on a real text the figures that the notebooks of `docs/en` and `docs/zh` quote.

The tables are: the probabilities and ratios of ice and steam; the scores of W + W_tilde, W and
W_tilde; the length of vectors against the frequency of words; analogies with the words of the
question allowed as answers, and with these words excluded; and the accuracy in each section of the
analogies. A model is trained with each of two groups of settings.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np
from peers import markdown

from glove_rs import Cooccurrence, Glove, WordVectors, evaluation

PROBES = ["solid", "gas", "water", "fashion", "cold", "engine", "the"]
# The settings that differ between versions of the preset "best" are given explicitly.
SETTINGS = {
    "negative sampling": {
        "x_max": 10, "learning_rate": 0.2, "epochs": 8, "negative": 1, "negative_weight": 0.3,
        "subwords": False,
        "adjacent": False,
    },
    "paper, x_max 10, 15 epochs": {"preset": "paper", "x_max": 10, "epochs": 15},
}  # fmt: skip
BANDS = [0, 100, 1000, 10_000, 50_000]


def ratios(X: Cooccurrence) -> str:
    """Return table 1 of the paper for this text, and the counts behind it."""
    matrix = X.to_scipy()
    ice, steam = (X.vocabulary[word] for word in ("ice", "steam"))
    cells = [["word k", "X(ice, k)", "X(steam, k)", "P(k given ice)", "P(k given steam)", "ratio"]]
    for word in PROBES:
        k = X.vocabulary[word]
        counts = [f"{matrix[row, k]:.2f}" for row in (ice, steam)]
        probabilities = [f"{X.probability(word, given=given):.2e}" for given in ("ice", "steam")]
        cells.append([word, *counts, *probabilities, f"{X.ratio(word, 'ice', 'steam'):.4g}"])
    sums = [f"{matrix[[row]].sum():,.1f}" for row in (ice, steam)]
    return markdown([*cells, ["sum of the row", *sums, "", "", ""]])


def spearman(a: np.ndarray, b: np.ndarray) -> float:
    from scipy.stats import spearmanr

    return float(spearmanr(a, b).statistic)


def questions(path: Path, wv: WordVectors) -> np.ndarray:
    """Return the questions whose four words are known, as rows of four indices.

    The words of the questions are lower-cased.
    """
    lines = (line.lower().split() for line in path.read_text(encoding="utf-8").splitlines())
    known = [line for line in lines if len(line) == 4 and all(word in wv for word in line)]
    return np.array([[wv.key_to_index[word] for word in line] for line in known])


def with_inputs_allowed(wv: WordVectors, path: Path) -> str:
    """Return, as text, how often the word nearest to b - a + c is d, and how often it is b or c.

    A question is "a is to b as c is to d". No word is excluded from the answers.
    """
    units = wv.vectors / np.linalg.norm(wv.vectors, axis=1, keepdims=True)
    asked = questions(path, wv)
    a, b, c, d = asked.T
    right = inputs = 0
    for start in range(0, len(asked), 1000):
        part = slice(start, start + 1000)
        target = units[b[part]] - units[a[part]] + units[c[part]]
        nearest = (target @ units.T).argmax(axis=1)
        right += (nearest == d[part]).sum()
        inputs += ((nearest == b[part]) | (nearest == c[part])).sum()
    return (
        f"{len(asked):,} questions, inputs allowed: right {right / len(asked):.1%}, "
        f"one of the inputs {inputs / len(asked):.1%}"
    )


def answers(wv: WordVectors, a: str, b: str, c: str) -> list[str]:
    """Return a row of cells for the question "a is to b as c is to what?".

    The cells are b − a + c, the answers without a, b and c, and the answers among all words.
    """
    target = wv.get_vector(b, norm=True) - wv.get_vector(a, norm=True) + wv.get_vector(c, norm=True)
    excluded = wv.analogy(a, b, c, topn=4)
    allowed = wv.similar_by_vector(target, topn=3)
    listed = [", ".join(f"{word} {cos:.2f}" for word, cos in near) for near in (excluded, allowed)]
    return [f"{b} − {a} + {c}", *listed]


def vectors(model: Glove, sets: Path) -> None:
    """Print the tables about the vectors of a model."""
    path = sets / "questions-words.txt"
    cells = [["vectors", "analogies", "wordsim353", "MEN", "simlex999"]]
    for combine in ("sum", "word", "context"):
        wv = model.word_vectors(combine)
        total = evaluation.analogies(wv, path).total
        scores = [evaluation.similarity(wv, sets / name).spearman for name in
                  ("wordsim353.tsv", "men.tsv", "simlex999.txt")]  # fmt: skip
        cells.append(
            [combine, f"{100 * total.correct / total.answerable:.1f} %"]
            + [f"{score:.3f}" for score in scores]
        )
    print(markdown(cells), "\n")

    wv = model.vectors
    counts = np.asarray(model.vocabulary.counts)
    lengths = np.linalg.norm(wv.vectors, axis=1)
    print(f"length and frequency: Spearman {spearman(lengths, counts):.3f}\n")
    cells = [["ranks", "occurrences", "median length of w + w̃", "median b + b̃"]]
    biases = model.b + model.b_tilde
    for low, high in zip(BANDS, [*BANDS[1:], len(wv)], strict=True):
        cells.append(
            [f"{low + 1:,} to {high:,}", f"{counts[high - 1]:,} to {counts[low]:,}"]
            + [f"{np.median(values[low:high]):.2f}" for values in (lengths, biases)]
        )
    print(markdown(cells), "\n")

    print(with_inputs_allowed(wv, path), "\n")
    cells = [["question", "inputs excluded", "inputs allowed"]]
    asked = ["man king woman", "man doctor woman", "france paris japan", "king throne doctor"]
    asked += ["good better bad", "kitten cat puppy"]
    cells += [answers(wv, *words.split()) for words in asked if all(w in wv for w in words.split())]
    print(markdown(cells, left=3), "\n")
    print(evaluation.analogies(wv, path), "\n")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    add = parser.add_argument
    add("--corpus", type=Path, required=True, metavar="FILE", help="UTF-8, a document a line")
    add("--sets", type=Path, required=True, metavar="DIR", help="a folder of evaluation sets")
    add("--dim", type=int, default=100, metavar="N", help="(default: 100)")
    options = parser.parse_args()
    X = Cooccurrence.from_corpus(options.corpus)
    print(ratios(X), "\n")
    for name, settings in SETTINGS.items():
        print(f"### {name}, dim {options.dim}\n", flush=True)
        vectors(Glove(options.dim, progress=False, **settings).fit_cooccurrence(X), options.sets)


if __name__ == "__main__":
    main()
