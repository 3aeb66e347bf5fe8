"""gensim's models that benchmarks compare with glove-rs: skip-gram and FastText.

Both have 5 epochs and a window of 5.

The caller gives the dimension, the number of threads, the minimum count and the seed. `sg=1`
selects skip-gram, also for FastText, as in the paper of Bojanowski et al. (2017); gensim's default
is CBOW. All other settings are gensim's defaults.
"""

from __future__ import annotations

import importlib
from typing import Any


def skip_gram(corpus: str, *, dim: int, min_count: int, threads: int, seed: int) -> Any:
    """Train gensim's `Word2Vec` on a file with a document on each line."""
    word2vec = importlib.import_module("gensim.models.word2vec")
    return word2vec.Word2Vec(**_settings(corpus, dim, min_count, threads, seed))


def fasttext(corpus: str, *, dim: int, min_count: int, threads: int, seed: int) -> Any:
    """Train gensim's `FastText` on a file with a document on each line."""
    models = importlib.import_module("gensim.models.fasttext")
    return models.FastText(**_settings(corpus, dim, min_count, threads, seed))


def _settings(corpus: str, dim: int, min_count: int, threads: int, seed: int) -> dict[str, Any]:
    return {
        "corpus_file": corpus,  # faster in gensim than an iterable of sentences
        "sg": 1,
        "vector_size": dim,
        "window": 5,
        "epochs": 5,
        "min_count": min_count,
        "workers": threads,
        "seed": seed + 1,
    }
