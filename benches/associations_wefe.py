"""Compare glove_rs.associations with WEFE on random vectors: values and times.

Run it in an environment with WEFE 1.0 and glove_rs:

    python benches/associations_wefe.py
"""

from __future__ import annotations

import time

import numpy as np
from gensim.models import KeyedVectors
from wefe.metrics import RIPA, RND, WEAT
from wefe.query import Query
from wefe.word_embedding_model import WordEmbeddingModel

from glove_rs import WordVectors, associations

N, DIM = 25, 300  # words of each set, components of a vector


def main() -> None:
    rng = np.random.default_rng(1)
    words = [f"w{k}" for k in range(4 * N)]
    rows = rng.normal(size=(4 * N, DIM)).astype(np.float32)
    keyed = KeyedVectors(DIM)
    keyed.add_vectors(words, rows)
    model, wv = WordEmbeddingModel(keyed), WordVectors(words, rows)
    X, Y, A, B = (words[N * k : N * (k + 1)] for k in range(4))

    weat = WEAT().run_query(Query([X, Y], [A, B]), model)
    ours = associations.weat(wv, X, Y, A, B, exact=False, permutations=1)
    query = Query([X, Y], [A])
    norm = RND().run_query(query, model)
    cos = RND().run_query(query, model, distance="cos")
    ripa = RIPA().run_query(query, model)
    pairs = list(zip(X, Y, strict=True))
    for what, mine, theirs in (
        ("WEAT statistic", ours.statistic, weat["weat"]),
        ("WEAT effect size", ours.effect_size, weat["effect_size"]),
        ("RND, norm", associations.rnd(wv, X, Y, A).value, norm["rnd"]),
        ("RND, cos", associations.rnd(wv, X, Y, A, distance="cos").value, cos["rnd"]),
        ("RIPA", associations.ripa(wv, pairs, A).value, ripa["ripa"]),
    ):
        print(f"{what:20} {mine: .9f} {float(theirs): .9f}  difference {abs(mine - theirs):.1e}")

    taken = []
    for _ in range(5):
        start = time.process_time()
        associations.weat(wv, X, Y, A, B, exact=False, permutations=100_000)
        taken.append(time.process_time() - start)
    print(f"100,000 permutations, {2 * N} targets: median {sorted(taken)[2]:.3f} CPU seconds of 5")
    start = time.process_time()
    WEAT().run_query(Query([X, Y], [A, B]), model, calculate_p_value=True, p_value_iterations=20)
    per_permutation = (time.process_time() - start) / 20
    print(f"WEFE: {per_permutation * 100_000:,.0f} CPU seconds, from 20 permutations")


main()
