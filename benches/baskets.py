"""Recall at 10 of item neighbours: GloVe on whole baskets, and the recommenders of `implicit`.

    .venv/bin/python benches/baskets.py         # needs: pip install implicit

The data are simulated. Each of 10,000 customers draws a mixture of 40 topics and fills one basket
of 5 to 40 of 3,000 items; the items of a topic follow Zipf's law. One item of each of 2,000
baskets is hidden. A method finds it if it is among the ten items that the method suggests for the
other items of the basket. Recall at 10 is the fraction of the hidden items that a method finds. All
methods are trained on the same baskets, without the hidden items. No setting was tuned.
"""

from __future__ import annotations

import os
import time

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

import implicit.als
import implicit.nearest_neighbours
import numpy as np
import scipy.sparse

from glove_rs import Glove

ITEMS, TOPICS, CUSTOMERS, TESTED, TOP = 3000, 40, 10_000, 2000, 10


def baskets(seed: int) -> list[list[int]]:
    """Return simulated baskets of different items."""
    rng = np.random.default_rng(seed)
    topics = []
    for _ in range(TOPICS):
        weights = np.zeros(ITEMS)
        chosen = rng.choice(ITEMS, 200, replace=False)
        weights[chosen] = 1 / np.arange(1, 201)
        topics.append(weights / weights.sum())
    baskets = []
    for _ in range(CUSTOMERS):
        mixture = rng.dirichlet(np.full(TOPICS, 0.05)) @ np.array(topics)
        size = rng.integers(5, 41)
        size = min(size, np.count_nonzero(mixture))
        baskets.append(rng.choice(ITEMS, size, replace=False, p=mixture / mixture.sum()).tolist())
    return baskets


def recall(scores: np.ndarray, kept: list[list[int]], hidden: list[int]) -> float:
    """Return the fraction of baskets for which the hidden item is among the ten best new items.

    New items are those that are not in the basket.
    """
    hits = 0
    for row, basket, item in zip(scores, kept, hidden, strict=True):
        row = row.copy()
        row[basket] = -np.inf
        hits += item in np.argpartition(-row, TOP)[:TOP]
    return hits / len(hidden)


def main() -> None:
    for seed in range(3):
        rng = np.random.default_rng(100 + seed)
        train = baskets(seed)
        hidden = [basket.pop(rng.integers(len(basket))) for basket in train[:TESTED]]
        kept = train[:TESTED]
        rows = np.repeat(np.arange(len(train)), [len(basket) for basket in train])
        matrix = scipy.sparse.csr_matrix(
            (np.ones(len(rows), np.float32), (rows, np.concatenate(train))),
            shape=(len(train), ITEMS),
        )
        results = {}
        popularity = np.asarray(matrix.sum(axis=0)).ravel()
        results["popularity"] = (recall(np.tile(popularity, (TESTED, 1)), kept, hidden), 0.0)
        for name, weighted in (("GloVe, 1/(n - 1)", True), ("GloVe, weight 1", False)):
            start = time.perf_counter()
            model = Glove(
                dim=64, window=None, distance_weighting=weighted, min_count=1, threads=2, seed=seed
            ).fit([[str(item) for item in basket] for basket in train])
            seconds = time.perf_counter() - start
            index = np.array([int(word) for word in model.vocabulary.words])
            vectors = np.zeros((ITEMS, 64))
            vectors[index] = model.vectors.vectors
            unit = vectors / np.maximum(np.linalg.norm(vectors, axis=1, keepdims=True), 1e-9)
            results[f"{name}: cosine"] = (
                recall(matrix[:TESTED] @ unit @ unit.T, kept, hidden),
                seconds,
            )
            # For items i and j, the count that the model predicts, without the factor exp(b_i):
            # with it, the frequent items i of a basket would weigh more than the others.
            w, c, b = np.zeros((ITEMS, 64)), np.zeros((ITEMS, 64)), np.full(ITEMS, -20.0)
            w[index], c[index], b[index] = model.W, model.W_tilde, model.b_tilde
            predicted = np.exp(np.minimum(w @ c.T + b, 20))
            results[f"{name}: prediction"] = (
                recall(matrix[:TESTED] @ predicted, kept, hidden),
                seconds,
            )
        for name, model in (
            ("implicit, item-item cosine", implicit.nearest_neighbours.CosineRecommender(K=100)),
            ("implicit, item-item BM25", implicit.nearest_neighbours.BM25Recommender(K=100)),
            (
                "implicit, ALS",
                implicit.als.AlternatingLeastSquares(factors=64, random_state=seed, num_threads=2),
            ),
        ):
            start = time.perf_counter()
            model.fit(matrix, show_progress=False)
            seconds = time.perf_counter() - start
            users = np.arange(TESTED)
            found, _ = model.recommend(users, matrix[:TESTED], N=TOP)
            hits = np.mean([item in ids for ids, item in zip(found, hidden, strict=True)])
            results[name] = (float(hits), seconds)
        for name, (fraction, seconds) in results.items():
            print(f"seed {seed}: {name:30} recall at 10 {fraction:.3f}, {seconds:.1f} s")


if __name__ == "__main__":
    main()
