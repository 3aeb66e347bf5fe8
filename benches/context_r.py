"""Compare glove_rs.alc with the R package conText on the data of conText.

benches/context_r.R runs conText and writes its inputs and results as files; the first lines of
that script say how to run it. Then

    python benches/context_r.py FOLDER

computes the same results and prints the largest difference of each, relative to the largest value
of conText's result, and the times. The data belong to conText, so they are not in this repository.
"""

from __future__ import annotations

import csv
import json
import sys
import time
import warnings
from pathlib import Path

import numpy as np
from scipy.sparse import coo_array

from glove_rs import Cooccurrence, Vocabulary, alc, kwic

FOLDER = Path(sys.argv[1])


def rows(name: str) -> list[dict[str, str]]:
    with (FOLDER / f"{name}.csv").open(newline="") as file:
        return list(csv.DictReader(file))


def matrix(name: str) -> tuple[list[str], np.ndarray]:
    with (FOLDER / f"{name}.csv").open(newline="") as file:
        lines = list(csv.reader(file))[1:]
    return [line[0] for line in lines], np.array([line[1:] for line in lines], dtype=float)


def column(name: str, key: str) -> np.ndarray:
    return np.array([float(row[key]) for row in rows(name)])


def coefficients(result: alc.Regression, name: str) -> tuple[list[int], np.ndarray]:
    """Return the indices that put our coefficients in the order of conText's, and conText's."""
    names, beta = matrix(f"{name}_beta")
    return [result.names.index(known) for known in names], beta


def compare(what: str, ours: np.ndarray, theirs: np.ndarray) -> None:
    assert np.shape(ours) == np.shape(theirs), (what, np.shape(ours), np.shape(theirs))
    difference = np.abs(np.asarray(ours) - theirs).max() / np.abs(theirs).max()
    print(f"{what:45} {difference:.1e}  {'equal' if difference < 1e-6 else 'DIFFERENT'}")


def seconds(call, times: int = 5):
    """Make a call `times` times. Return its last result and the median of its CPU seconds."""
    taken = []
    for _ in range(times):
        start = time.process_time()
        result = call()
        taken.append(time.process_time() - start)
    return result, sorted(taken)[times // 2]


def cooccurrence(name: str) -> Cooccurrence:
    """Build a matrix of counts from conText's feature co-occurrences."""
    words = json.loads((FOLDER / f"fcm_words{name}.json").read_text())
    i, j, x = (column(f"fcm{name}", key) for key in "ijx")
    margins = FOLDER / f"fcm_margin{name}.json"
    counts = json.loads(margins.read_text()) if margins.exists() else [1] * len(words)
    # The vocabulary of glove_rs is sorted by falling counts.
    order = sorted(range(len(words)), key=lambda k: -counts[k])
    rank = np.argsort(order)
    dense = coo_array(
        (x, (rank[i.astype(int)], rank[j.astype(int)])), shape=(len(words), len(words))
    ).tocsr()
    vocabulary = Vocabulary([words[k] for k in order], [counts[k] for k in order])
    return Cooccurrence.from_scipy(dense, vocabulary)


def main() -> None:
    warnings.simplefilter("ignore")
    vectors = matrix("glove")
    transform = matrix("transform")[1]
    tokens = list(json.loads((FOLDER / "tokens.json").read_text()).values())
    metadata = {key: [row[key] for row in rows("docvars")] for key in ("party", "gender")}
    metadata["nominate_dim1"] = [float(row["nominate_dim1"]) for row in rows("docvars")]
    metadata["speaker"] = [k % 40 for k in range(len(tokens))]

    # conText ignores case in keywords, but not in the words of contexts.
    def contexts(word: str, every: int = 1) -> kwic.KeywordContexts:
        part = {key: values[::every] for key, values in metadata.items()}
        return kwic.contexts(tokens[::every], "(?i)" + word, 6, match="regex", metadata=part)

    found = alc.embed(contexts(r"immigr.*"), vectors, transform)
    compare("embeddings (dem)", found.vectors, matrix("dem")[1])
    party = found.metadata["party"]
    means = found.mean("party")
    ours = np.column_stack([means[str(k)] for k in range(vectors[1].shape[1])])
    compare("group means (dem_group)", ours, matrix("dem_group")[1])
    expected = rows("nns")
    features = {row["feature"] for row in expected}
    near = alc.nearest(found, party, candidates=sorted(features))
    theirs = {(r["target"], r["feature"]): float(r["value"]) for r in expected}
    values = {(r["group"], r["word"]): r["cosine"] for r in near}
    keys = [key for key in theirs if key in values]
    compare("nearest neighbours (nns)", [values[k] for k in keys], [theirs[k] for k in keys])
    table = alc.similarity(found, ["reform", "enforce"], party)
    values = {(r["group"], r["word"]): r["cosine"] for r in table}
    theirs = {(r["target"], r["feature"]): float(r["value"]) for r in rows("cos_sim")}
    compare("cosine similarities (cos_sim)", [values[k] for k in theirs], list(theirs.values()))
    words = [
        word
        for word in vectors[0]
        if any(word in context.left + context.right for context in contexts(r"immigr.*"))
    ]
    table = alc.ratio(found, party, "R", topn=10, candidates=words)
    theirs = {r["feature"]: float(r["value"]) for r in rows("nns_ratio")}
    values = dict(zip(table["word"], table["ratio"], strict=True))
    assert values.keys() == theirs.keys()
    compare("ratios of cosines (nns_ratio)", [values[k] for k in theirs], list(theirs.values()))
    X = cooccurrence("")
    for weighting in ("log", 5):
        A = alc.transform_matrix(vectors, X, weighting)
        compare(
            f"transform, {weighting} (compute_transform)", A, matrix(f"transform_{weighting}")[1]
        )
    groups = [alc.feature_embeddings(cooccurrence(f"_{g}"), vectors, transform) for g in "DR"]
    table = alc.feature_similarity(*groups)
    values = dict(zip(table["word"], table["cosine"], strict=True))
    theirs = {r["feature"]: float(r["value"]) for r in rows("feature_sim")}
    assert values.keys() == theirs.keys()
    compare(
        "similarity of features (feature_sim)", [values[k] for k in theirs], list(theirs.values())
    )

    covariates = ["party", "gender"]

    def run(every: int = 1, names: list[str] = covariates, **options):
        embeddings = alc.embed(contexts("immigration", every), vectors, transform)
        return alc.regress(embeddings, names, **options)

    one, jackknife = seconds(lambda: run(names=[*covariates, "nominate_dim1"], permutations=0))
    few, jackknife_few = seconds(lambda: run(every=5, names=["party"], permutations=0))
    same = {
        "norm_squared": "normed.estimate.orig",
        "debiased": "normed.estimate.deflated",
        "bias": "normed.estimate.beta.error.null",
        "std_error": "std.error",
        "low": "lower.ci",
        "high": "upper.ci",
    }
    clustered, both = seconds(lambda: run(cluster="speaker", permutations=100))
    for result, name, kind in (
        (one, "m1", f"{one.observations} contexts"),
        (few, "m4", f"{few.observations} contexts"),
        (clustered, "m3", f"{clustered.clusters} clusters"),
    ):
        order, beta = coefficients(result, name)
        compare(f"coefficients of {kind} (conText)", result.beta[order], beta)
        rank = [result.names.index(row["coefficient"]) - 1 for row in rows(name)]
        for ours, theirs in same.items():
            compare(f"{ours} of {kind} (conText)", result[ours][rank], column(name, theirs))
    permuted, permutation = seconds(lambda: run(errors=None, permutations=100))
    print("p-values, ours and conText's, 100 random permutations each:")
    for result, name in ((permuted, "m2"), (clustered, "m3")):
        print("  ", result["p_value"], column(name, "p.value"))

    def neighbours():
        embeddings = alc.embed(contexts("immigration"), vectors, transform)
        return alc.nearest(embeddings, "party", topn=10, bootstraps=100)

    _, near_seconds = seconds(neighbours)
    print(f"{one.observations} contexts; median CPU seconds of 5 runs:")
    for what, taken in (
        ("jackknife", jackknife),
        ("1 covariate, every 5th document, jackknife", jackknife_few),
        ("100 permutations", permutation),
        ("clusters, jackknife, 100 permutations", both),
        ("nearest neighbours, 100 bootstraps", near_seconds),
    ):
        print(f"  {what:40} {taken:.4f}")


main()
