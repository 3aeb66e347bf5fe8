"""Train five methods on one text, each in its own process, and print one table.

The methods are GloVe with the presets "best" and "paper", the loss of GloVe written in PyTorch,
gensim's skip-gram, and the singular value decomposition of the PPMI matrix with scipy. Each begins
with the text and ends with vectors. GloVe, PyTorch and the decomposition use the same counts:
window 15, weight 1/distance. The notebook `docs/en/09-compared.ipynb` has the same methods in short
form.
"""

from __future__ import annotations

import argparse
import importlib.util
import json
import os
import re
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from peers import markdown

from glove_rs import Cooccurrence, Glove, WordVectors, evaluation

NAMES = {
    "best": 'glove-rs, preset "best"',
    "paper": 'glove-rs, preset "paper", `x_max=10`, 15 epochs',
    "pytorch": "the same loss in PyTorch, AdaGrad, {epochs} epochs, batches of {batch:,}",
    "skip-gram": "skip-gram (gensim), window 5, 5 epochs",
    "svd": "truncated SVD of PPMI (scipy)",
}


LIBRARIES = {"pytorch": "torch", "skip-gram": "gensim", "svd": "scipy"}


def best(corpus: str, options: argparse.Namespace) -> WordVectors:
    return Glove(options.dim, threads=options.threads, progress=False).fit(corpus).vectors


def paper(corpus: str, options: argparse.Namespace) -> WordVectors:
    model = Glove(
        options.dim, preset="paper", x_max=10, epochs=15, threads=options.threads, progress=False
    )
    return model.fit(corpus).vectors


def pytorch(corpus: str, options: argparse.Namespace) -> WordVectors:
    """Minimise the loss of `paper` with torch.optim.Adagrad and the same learning rate."""
    import torch

    torch.manual_seed(0)
    torch.set_num_threads(options.threads)
    X = Cooccurrence.from_corpus(corpus, adjacent=False, threads=options.threads)
    i, j, x = (torch.from_numpy(array) for array in X.records())
    f = (x / 10).clamp(max=1).pow(0.75).float()
    log_x = x.log().float()
    words, dim = len(X.vocabulary), options.dim
    W, W_tilde = (torch.nn.Embedding(words, dim) for _ in range(2))
    b, b_tilde = (torch.nn.Embedding(words, 1) for _ in range(2))
    for embedding in (W, W_tilde, b, b_tilde):
        torch.nn.init.uniform_(embedding.weight, -0.5 / dim, 0.5 / dim)
    parameters = [embedding.weight for embedding in (W, W_tilde, b, b_tilde)]
    optimizer = torch.optim.Adagrad(parameters, lr=0.05)
    for epoch in range(options.epochs):
        total = 0.0
        for batch in torch.randperm(len(x)).split(options.batch):
            rows, columns = i[batch], j[batch]
            products = (W(rows) * W_tilde(columns)).sum(1)
            diff = products + b(rows)[:, 0] + b_tilde(columns)[:, 0] - log_x[batch]
            loss = (0.5 * f[batch] * diff**2).sum()
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            total += loss.item()
        print(f"epoch {epoch + 1}: {total / len(x):.4f}", file=sys.stderr, flush=True)
    vectors = (W.weight + W_tilde.weight).detach().numpy()
    return WordVectors(X.vocabulary.words, vectors)


def skip_gram(corpus: str, options: argparse.Namespace) -> WordVectors:
    import gensim_models

    model = gensim_models.skip_gram(
        corpus, dim=options.dim, min_count=5, threads=options.threads, seed=0
    )
    return WordVectors(model.wv.index_to_key, model.wv.vectors)


def svd(corpus: str, options: argparse.Namespace) -> WordVectors:
    """Return U √S of the truncated singular value decomposition U S V of the PPMI matrix.

    See Levy, Goldberg and Dagan (2015).
    """
    from scipy.sparse.linalg import svds

    X = Cooccurrence.from_corpus(corpus, adjacent=False, threads=options.threads)
    ppmi = X.to_scipy()
    sums = ppmi.sum(axis=1)
    rows = np.repeat(np.arange(len(sums)), np.diff(ppmi.indptr))
    ppmi.data = np.log(ppmi.data * sums.sum() / (sums[rows] * sums[ppmi.indices]))
    ppmi.data = np.maximum(ppmi.data, 0)
    ppmi.eliminate_zeros()
    U, S, _ = svds(ppmi.astype(np.float32), k=options.dim, random_state=0)
    return WordVectors(X.vocabulary.words, (U * np.sqrt(S)).astype(np.float32))


METHODS: dict[str, Callable[[str, argparse.Namespace], WordVectors]] = {
    "best": best,
    "paper": paper,
    "pytorch": pytorch,
    "skip-gram": skip_gram,
    "svd": svd,
}


def peak_memory() -> int:
    """The largest resident set of this process so far, in bytes (Linux)."""
    status = Path("/proc/self/status").read_text()
    return int(re.search(r"VmHWM:\s+(\d+) kB", status)[1]) * 1024


def one(options: argparse.Namespace) -> None:
    """Train one method in this process, save its vectors and print times and memory as JSON."""
    start, cpu = time.perf_counter(), time.process_time()
    vectors = METHODS[options.only](str(options.corpus), options)
    cost = {
        "seconds": time.perf_counter() - start,
        "cpu": time.process_time() - cpu,
        "memory": peak_memory(),
    }
    vectors.save(options.save)
    print(json.dumps(cost))


def row(method: str, options: argparse.Namespace, folder: str) -> list[str]:
    path = os.path.join(folder, f"{method}.vectors")
    command = [sys.executable, __file__, *sys.argv[1:], "--only", method, "--save", path]
    done = subprocess.run(command, stdout=subprocess.PIPE, check=True, text=True)
    cost: dict[str, Any] = json.loads(done.stdout)
    print(f"{method}: {cost}", file=sys.stderr, flush=True)
    vectors = WordVectors.load(path)
    cells = [NAMES[method].format(batch=options.batch, epochs=options.epochs)]
    cells += [f"{cost['seconds']:.1f} s", f"{cost['cpu']:.1f} s", f"{cost['memory'] / 1e6:,.0f} MB"]
    analogies = evaluation.analogies(vectors, options.sets / "questions-words.txt").total
    cells.append(f"{100 * analogies.correct / analogies.answerable:.1f} %")
    for name in ("wordsim353.tsv", "men.tsv", "simlex999.txt"):
        cells.append(f"{evaluation.similarity(vectors, options.sets / name).spearman:.3f}")
    return cells


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    add = parser.add_argument
    add("--corpus", type=Path, required=True, metavar="FILE", help="UTF-8, a document a line")
    add("--sets", type=Path, required=True, metavar="DIR", help="a folder of evaluation sets")
    add("--methods", nargs="+", choices=METHODS, default=list(METHODS), metavar="NAME",
        help=f"some of: {' '.join(METHODS)} (default: all)")  # fmt: skip
    add("--dim", type=int, default=50, metavar="N", help="(default: 50)")
    add("--threads", type=int, default=2, metavar="N", help="(default: 2)")
    add("--batch", type=int, default=16384, metavar="N", help="batch of PyTorch (default: 16384)")
    add("--epochs", type=int, default=15, metavar="N", help="epochs of PyTorch (default: 15)")
    add("--only", choices=METHODS, help=argparse.SUPPRESS)
    add("--save", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.only:
        one(options)
        return
    for method, library in LIBRARIES.items():
        if method in options.methods and importlib.util.find_spec(library) is None:
            print(f"{method} is left out: pip install {library}", file=sys.stderr)
            options.methods.remove(method)
    head = ["method", "wall time", "CPU time", "peak memory"]
    head += ["analogies", "wordsim353", "MEN", "simlex999"]
    with tempfile.TemporaryDirectory(prefix="glove-rs-methods-") as folder:
        cells = [head, *(row(method, options, folder) for method in options.methods)]
    print(markdown(cells, left=1))


if __name__ == "__main__":
    main()
