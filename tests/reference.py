"""A reference of GloVe in plain numpy and float64, slow and short. Tests compare the core with it.

The model:

    J = sum over X_ij > 0 of  f(X_ij) (w_i . w~_j + b_i + b~_j - ln X_ij)^2
    f(x) = min(1, (x / x_max)^alpha)

Parameters are a dict with the names that ``glove_rs._core.train_records`` uses: ``W``, ``W_tilde``,
``b``, ``b_tilde`` and their AdaGrad accumulators ``G_W``, ``G_W_tilde``, ``G_b``, ``G_b_tilde``.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

Parameters = dict[str, NDArray[np.floating]]
Records = tuple[NDArray[np.int32], NDArray[np.int32], NDArray[np.float64]]

MODEL = ("W", "W_tilde", "b", "b_tilde")
ACCUMULATORS = ("G_W", "G_W_tilde", "G_b", "G_b_tilde")

STANFORD_RECORD = np.dtype([("word1", "<i4"), ("word2", "<i4"), ("x", "<f8")])


@dataclass(frozen=True)
class Config:
    """The constants of one training run."""

    x_max: float = 100.0
    alpha: float = 0.75
    learning_rate: float = 0.05
    grad_clip: float = 100.0
    bias_learning_rate: float = 1.0
    # If given, all records are negative pairs of this weight. Then ln x is the target of a pair,
    # and `train` takes a diff below 0 as 0.
    negative_weight: float | None = None


# ---------------------------------------------------------------------------------------- counting


def _c_string(word: str) -> list[int]:
    """The bytes of a word as C's signed ``char``, with a final NUL."""
    return [byte - 256 if byte > 127 else byte for byte in word.encode()] + [0]


def _stanford_hash(word: str) -> int:
    """The number of a word's list in Stanford's hash table of 2^20 lists (``bitwisehash``)."""
    h = 1159241
    for c in _c_string(word)[:-1]:
        h ^= ((h << 5) + c + (h >> 2)) & 0xFFFFFFFF
    return (h & 0x7FFFFFFF) % 2**20


def vocabulary(
    documents: Iterable[Sequence[str]], *, min_count: int = 1, max_vocab: int | None = None
) -> tuple[list[str], list[int]]:
    """The words of the vocabulary and their counts, in the order of Stanford's ``vocab_count``.

    The most frequent word comes first. Equally frequent words are compared as C strings of signed
    bytes, so "é" comes before "a", and even "fortín" before "fort". If ``max_vocab`` keeps only
    some of the equally frequent words, it keeps those that come first in Stanford's hash table.
    """
    counts = Counter(token for document in documents for token in document)
    kept = [word for word in counts if counts[word] >= min_count]
    if max_vocab is not None and max_vocab < len(kept):
        kept.sort(key=lambda word: (-counts[word], _stanford_hash(word), _c_string(word)))
        del kept[max_vocab:]
    kept.sort(key=lambda word: (-counts[word], _c_string(word)))
    return kept, [counts[word] for word in kept]


def cooccurrence(
    documents: Iterable[Sequence[str]],
    words: Sequence[str],
    *,
    window: int,
    symmetric: bool = True,
    distance_weighting: bool = True,
    keep_gaps: bool = False,
) -> Records:
    """Count pairs with two nested loops. Return 0-based records, sorted by row and column."""
    index = {word: i for i, word in enumerate(words)}
    counts: Counter[tuple[int, int]] = Counter()
    for document in documents:
        ids = [index.get(token, -1) for token in document]
        if not keep_gaps:
            ids = [i for i in ids if i >= 0]
        for right, j in enumerate(ids):
            for left in range(max(0, right - window), right):
                i = ids[left]
                if i < 0 or j < 0:
                    continue
                x = 1.0 / (right - left) if distance_weighting else 1.0
                counts[i, j] += x
                if symmetric:
                    counts[j, i] += x
    cells = sorted(counts)
    return (
        np.array([i for i, _ in cells], dtype=np.int32),
        np.array([j for _, j in cells], dtype=np.int32),
        np.array([counts[cell] for cell in cells], dtype=np.float64),
    )


def assert_same_records(actual: Records, expected: Records, rtol: float = 1e-9) -> None:
    """Check that the cells and their order are the same, and values equal within ``rtol``."""
    np.testing.assert_array_equal(actual[0], expected[0], err_msg="rows")
    np.testing.assert_array_equal(actual[1], expected[1], err_msg="columns")
    np.testing.assert_allclose(actual[2], expected[2], rtol=rtol, atol=0, err_msg="values")


def read_stanford_records(path: Path) -> Records:
    """Records of a Stanford co-occurrence file in the order of the file, with 0-based indices."""
    raw = np.fromfile(path, dtype=STANFORD_RECORD)
    return raw["word1"] - 1, raw["word2"] - 1, raw["x"].copy()


def read_stanford_parameters(path: Path, dim: int, prefix: str = "") -> Parameters:
    """Read a ``.bin`` of Stanford's ``glove``: V rows (vector, bias) of W, then V rows of W~."""
    word, context = np.fromfile(path, dtype="<f8").reshape(2, -1, dim + 1)
    return {
        f"{prefix}W": word[:, :dim].copy(),
        f"{prefix}W_tilde": context[:, :dim].copy(),
        f"{prefix}b": word[:, dim].copy(),
        f"{prefix}b_tilde": context[:, dim].copy(),
    }


# ---------------------------------------------------------------------------------------- training


def as_type(parameters: Parameters, dtype: type[np.floating]) -> Parameters:
    """A copy of the parameters in another float type."""
    return {name: np.array(value, dtype=dtype, order="C") for name, value in parameters.items()}


def with_ones(model: Parameters) -> Parameters:
    """The parameters of a model with new AdaGrad accumulators, which are 1."""
    return {**model, **{f"G_{name}": np.ones_like(model[name]) for name in MODEL}}


def weight(x: NDArray[np.float64] | float, config: Config) -> NDArray[np.float64]:
    """f(x) = min(1, (x / x_max)^alpha), or the weight of negative pairs."""
    if config.negative_weight is not None:
        return np.full_like(np.asarray(x, dtype=np.float64), config.negative_weight)
    return np.minimum(1.0, (np.asarray(x, dtype=np.float64) / config.x_max) ** config.alpha)


def error(p: Parameters, row: NDArray, col: NDArray, x: NDArray) -> NDArray[np.float64]:
    """diff = w_i . w~_j + b_i + b~_j - ln x, of each record."""
    dot = np.einsum("nd,nd->n", p["W"][row], p["W_tilde"][col], dtype=np.float64)
    return dot + p["b"][row] + p["b_tilde"][col] - np.log(x)


def loss(p: Parameters, row: NDArray, col: NDArray, x: NDArray, config: Config) -> float:
    """Sum over the records of 1/2 f(x) diff^2: the reported loss times the number of records."""
    return float(np.sum(0.5 * weight(x, config) * error(p, row, col, x) ** 2))


def gradient(p: Parameters, row: NDArray, col: NDArray, x: NDArray, config: Config) -> Parameters:
    """The derivative of :func:`loss` by every parameter."""
    fdiff = weight(x, config) * error(p, row, col, x)
    g = {name: np.zeros_like(p[name], dtype=np.float64) for name in MODEL}
    np.add.at(g["W"], row, fdiff[:, None] * p["W_tilde"][col])
    np.add.at(g["W_tilde"], col, fdiff[:, None] * p["W"][row])
    np.add.at(g["b"], row, fdiff)
    np.add.at(g["b_tilde"], col, fdiff)
    return g


def train(
    parameters: Parameters,
    row: NDArray,
    col: NDArray,
    x: NDArray,
    config: Config,
    *,
    optimizer: str = "adagrad",
    epochs: int = 1,
) -> tuple[Parameters, list[float], Parameters]:
    """Train on the records one after another, ``epochs`` times.

    Returns
    -------
    parameters
        A trained copy, accumulators included.
    losses
        For each epoch, the sum of 1/2 f diff^2 over the records, divided by their number.
    travelled
        For each parameter the sum of its absolute steps. Tests allow the float32 core a deviation
        in proportion to this sum.
    """
    p = as_type(parameters, np.float64)
    travelled = {name: np.zeros_like(p[name]) for name in MODEL}
    weights, logs = weight(x, config), np.log(x)
    eta, clip = config.learning_rate, config.grad_clip
    losses = []
    for _ in range(epochs):
        total = 0.0
        for i, j, f, log in zip(row, col, weights, logs, strict=True):
            diff = p["W"][i] @ p["W_tilde"][j] + p["b"][i] + p["b_tilde"][j] - log
            if config.negative_weight is not None:
                diff = max(diff, 0.0)
            fdiff = f * diff
            total += 0.5 * fdiff * diff
            vector = {
                ("W", i): eta * bounded(fdiff * p["W_tilde"][j], clip, optimizer),
                ("W_tilde", j): eta * bounded(fdiff * p["W"][i], clip, optimizer),
            }
            # SGD has one learning rate for vectors and biases.
            rate = 1.0 if optimizer == "sgd" else config.bias_learning_rate
            scalar = dict.fromkeys([("b", i), ("b_tilde", j)], rate * fdiff)
            for (name, k), g in (vector | scalar).items():
                if optimizer == "sgd":
                    step = g if name.startswith("W") else eta * g
                else:
                    step = g / np.sqrt(p[f"G_{name}"][k])
                    one_each = optimizer == "adagrad" or name.startswith("b")
                    p[f"G_{name}"][k] += g * g if one_each else np.mean(g * g)
                p[name][k] -= step
                travelled[name][k] += np.abs(step)
        losses.append(total / len(x))
    return p, losses, travelled


def bounded(g: NDArray, clip: float, optimizer: str) -> NDArray:
    """The gradient `g` of a vector, with its components or its root mean square within `clip`."""
    if optimizer != "rowwise_adagrad":
        return np.clip(g, -clip, clip)
    root_mean_square = np.sqrt(np.mean(g * g))
    return g * min(1.0, clip / root_mean_square) if root_mean_square > 0 else g


def of_optimizer(parameters: Parameters, optimizer: str) -> Parameters:
    """The parameters with accumulators of the optimizer: row-wise AdaGrad has one per vector."""
    if optimizer != "rowwise_adagrad":
        return parameters
    first = {name: parameters[name][:, :1].copy() for name in ("G_W", "G_W_tilde")}
    return {**parameters, **first}


# Bounds of relative errors in the kernel: `_EPS` for an operation in float32, `_RSQRT` for the
# approximate instruction of 1/sqrt(G). `_TINY` allows for results that are too small for float32.
_EPS = 2.0**-23
_RSQRT = 3e-4
_TINY = 1e-36


def one_step_tolerance(
    parameters: Parameters, i: int, j: int, x: float, config: Config, optimizer: str
) -> tuple[Parameters, float]:
    """How far one step on one record in float32 may differ from :func:`train`.

    The bound adds up the roundings of the update: of the dot product (relative to the sum of
    absolute products), the logarithm and the power, the reciprocal square root, and the final
    subtraction. It is returned for every entry of ``parameters`` (0 for entries that the record
    does not change) and for the loss.
    """
    p = as_type(parameters, np.float64)
    w, w_tilde, b, b_tilde = p["W"][i], p["W_tilde"][j], p["b"][i], p["b_tilde"][j]
    log = np.log(x)
    f = float(weight(x, config))
    diff = w @ w_tilde + b + b_tilde - log
    fdiff = f * diff
    eta, clip = config.learning_rate, config.grad_clip

    diff_error = _EPS * (w.size + 4) * (np.abs(w) @ np.abs(w_tilde))
    diff_error += 8 * _EPS * (abs(b) + abs(b_tilde) + abs(log) + 1)
    f_error = 16 * _EPS * (1 + config.alpha * abs(np.log(x / config.x_max)))
    fdiff_error = f * diff_error + abs(fdiff) * f_error + _TINY * (1 + abs(diff))
    if config.negative_weight is not None and diff < 0:
        diff = fdiff = 0.0
    rate = 1.0 if optimizer == "sgd" else config.bias_learning_rate

    tolerance = {name: np.zeros_like(value) for name, value in p.items()}
    moved = {
        ("W", i): (eta * bounded(fdiff * w_tilde, clip, optimizer), eta * np.abs(w_tilde)),
        ("W_tilde", j): (eta * bounded(fdiff * w, clip, optimizer), eta * np.abs(w)),
        ("b", i): (rate * fdiff, rate),
        ("b_tilde", j): (rate * fdiff, rate),
    }
    for (name, k), (g, by_fdiff) in moved.items():
        g_error = by_fdiff * fdiff_error + 4 * _EPS * np.abs(g)
        if optimizer == "rowwise_adagrad" and name.startswith("W"):
            # To bound a gradient, row-wise AdaGrad takes the root of a sum of squares.
            g_error = g_error + (_RSQRT + _EPS * (w.size + 8)) * np.abs(g)
            G = p[f"G_{name}"][k]
            step, step_error = g / np.sqrt(G), g_error / np.sqrt(G)
            step_error = step_error + _RSQRT * np.abs(step)
            tolerance[f"G_{name}"][k] = np.mean(2 * np.abs(g) * g_error + g_error**2)
            tolerance[f"G_{name}"][k] += _EPS * (w.size + 8) * (G + np.mean(g * g))
        elif optimizer != "sgd":
            G = p[f"G_{name}"][k]
            step, step_error = g / np.sqrt(G), g_error / np.sqrt(G)
            step_error = step_error + _RSQRT * np.abs(step)
            tolerance[f"G_{name}"][k] = 2 * np.abs(g) * g_error + g_error**2
            tolerance[f"G_{name}"][k] += 2 * _EPS * (G + g * g)
        else:
            scale = 1.0 if name.startswith("W") else eta
            step, step_error = scale * g, scale * g_error
        tolerance[name][k] = step_error + 2 * _EPS * (np.abs(p[name][k]) + np.abs(step))
    loss_error = abs(diff) * fdiff_error + abs(fdiff) * diff_error + fdiff_error * diff_error
    return tolerance, float(0.5 * (loss_error + 8 * _EPS * abs(fdiff * diff)) + _TINY)
