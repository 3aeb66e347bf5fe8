"""Contexts of a word, and two words in contrast, against naive formulas."""

from __future__ import annotations

import json
import math
import re

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from glove_rs import Cooccurrence, Glove, Vocabulary
from program import answer, done, reason

MEASURES = ("count", "probability", "pmi", "npmi", "llr")

counts = st.integers(2, 7).flatmap(
    lambda n: arrays.arrays(
        np.float64, (n, n), elements=st.sampled_from([0.0, 0.0, 0.5, 1.0, 1 / 3, 7.0, 1e4])
    )
)


def naive_measures(X, i, j):
    """The measures of one pair with a count above 0, from their definitions."""
    x, row, column, total = X[i, j], X[i].sum(), X[:, j].sum(), X.sum()
    pmi = math.log(x * total / (row * column))
    npmi = 1.0 if x == total else pmi / -math.log(x / total)
    g2 = 0.0
    for observed, expected in (
        (x, row * column / total),
        (row - x, row * (total - column) / total),
        (column - x, (total - row) * column / total),
        (total - row - column + x, (total - row) * (total - column) / total),
    ):
        g2 += 2 * observed * math.log(observed / expected) if observed > 1e-9 else 0.0
    llr = -g2 if x < row * column / total else g2
    return {"count": x, "probability": x / row, "pmi": pmi, "npmi": npmi, "llr": llr}


@pytest.mark.slow
@given(counts, st.sampled_from(MEASURES), st.data())
def test_contexts_have_the_values_of_the_definitions_best_first(matrix, by, data):
    X = Cooccurrence.from_scipy(matrix)
    i = data.draw(st.integers(0, len(matrix) - 1))
    found = X.contexts(str(i), topn=None, by=by)
    assert sorted(found.words) == sorted(str(j) for j in np.flatnonzero(matrix[i]))
    for place, word in enumerate(found.words):
        expected = naive_measures(matrix, i, int(word))
        for name in MEASURES:
            assert found.values[name][place] == pytest.approx(expected[name], rel=1e-6, abs=1e-5)
    values = found.values[by].tolist()
    assert values == sorted(values, reverse=True)
    assert list(found) == list(zip(found.words, values, strict=True))
    assert X.contexts(str(i), topn=2, by=by)[:] == list(found)[:2]


def test_npmi_of_words_that_only_meet_each_other_is_one():
    X = Cooccurrence.from_scipy(np.array([[0, 3.0, 0], [0, 0, 0], [0, 0, 1.0]]), ["a", "b", "c"])
    assert X.contexts("a", by="npmi")[0] == ("b", pytest.approx(1.0))


@pytest.fixture(scope="module")
def X():
    text = [
        "ice is solid water",
        "ice is cold",
        "steam is water gas",
        "steam is hot gas",
        "<b> & x",
    ]
    return Cooccurrence.from_corpus(text, min_count=1, window=3)


def test_contexts_print_as_a_table_and_convert_to_pandas(X):
    pytest.importorskip("pandas")
    found = X.contexts("ice", topn=2)
    lines = str(found).splitlines()
    assert lines[0].split() == ["context", *MEASURES]
    assert len(lines) == 3
    assert repr(found) == "<2 contexts of ice by count>"
    frame = found.to_pandas()
    assert frame.index.tolist() == found.words
    assert frame.columns.tolist() == list(MEASURES)
    assert frame["count"].tolist() == [value for _, value in found]


def test_contexts_below_min_count_are_left_out(X):
    assert {word for word, _ in X.contexts("ice", min_count=0.5)} == {"is", "solid", "cold"}
    with pytest.raises(ValueError, match="min_count must be a finite number >= 0"):
        X.contexts("ice", min_count=-1)
    with pytest.raises(ValueError, match="by must be one of 'count', 'probability', 'pmi'"):
        X.contexts("ice", by="ppmi")
    with pytest.raises(KeyError, match="did you mean 'ice'"):
        X.contexts("icee")


def naive_contrast(X, i, j, k, prior, smoothing=0.0):
    """The ratio of the probabilities, and the log-odds and z of Monroe et al. 2008, term by term.

    Log-odds and z are equations 15, 16, 20 and 22.
    """
    a_k, a_0 = prior * X[:, k].sum() / X.sum(), prior
    odds, variance, probability = [], 0.0, []
    for row in (i, j):
        y, n = X[row, k], X[row].sum()
        odds.append(math.log((y + a_k) / (n + a_0 - y - a_k)))
        variance += 1 / (y + a_k)
        probability.append((y + smoothing) / (n + smoothing * len(X)))
    delta = odds[0] - odds[1]
    ratio = probability[0] / probability[1] if probability[1] else math.inf
    return ratio, delta, delta / math.sqrt(variance)


@pytest.mark.slow
@given(counts, st.sampled_from([0.0, 0.5, 1.0]), st.sampled_from([0.7, 10.0, 3000.0]), st.data())
def test_a_contrast_has_the_values_of_the_definition(matrix, smoothing, prior, data):
    matrix = matrix + 0.25 * (np.arange(len(matrix))[:, None] % 2)
    i, j = data.draw(st.permutations(range(len(matrix))))[:2]
    assume(matrix[i].sum() > 0 and matrix[j].sum() > 0)
    X = Cooccurrence.from_scipy(matrix)
    probes = [k for k in range(len(matrix)) if matrix[:, k].sum() > 0]
    found = X.contrast(str(i), str(j), map(str, probes), smoothing=smoothing, prior=prior)
    assert found.words == [str(k) for k in probes]
    assert found.values["count_i"].tolist() == matrix[i, probes].tolist()
    for place, k in enumerate(probes):
        if matrix[i, k] + smoothing == 0:
            continue
        ratio, delta, z = naive_contrast(matrix, i, j, k, prior, smoothing)
        assert found.values["ratio"][place] == pytest.approx(ratio, rel=1e-9)
        assert found.values["log_odds"][place] == pytest.approx(delta, rel=1e-6, abs=1e-9)
        assert found.values["z"][place] == pytest.approx(z, rel=1e-6, abs=1e-9)


def test_a_contrast_without_probes_finds_words_of_each_and_words_of_both(X):
    found = X.contrast("ice", "steam", topn=2)
    groups = dict(zip(found.words, found.groups, strict=True))
    assert groups["gas"] == "j"
    assert "i" in groups.values()
    assert {groups.get("is"), groups.get("water")} & {"shared"}
    assert not {"<b>", "&", "x"} & groups.keys()
    z = dict(zip(found.words, found.values["z"], strict=True))
    assert all(z[word] > 0 for word, group in groups.items() if group == "i")
    assert all(z[word] < 0 for word, group in groups.items() if group == "j")
    text = str(found)
    for title in ("contexts of ice more than of steam", "contexts of both", "Monroe et al. 2008"):
        assert title in text


@pytest.mark.slow
def test_solid_and_gas_tell_ice_and_steam_apart(topics):
    found = Cooccurrence.from_corpus(topics).contrast("ice", "steam", topn=5)
    groups = dict(zip(found.words, found.groups, strict=True))
    assert groups["solid"] == "i"
    assert groups["gas"] == "j"


def test_a_contrast_says_why_a_ratio_is_not_finite(X):
    found = X.contrast("ice", "steam", ["solid", "gas", "x"])
    assert found.values["ratio"][0] == math.inf
    assert found.values["ratio"][1] == 0.0
    assert math.isnan(found.values["ratio"][2])
    assert found.notes == [
        "'solid' co-occurs with 'ice' but never with 'steam'",
        "",
        "'x' co-occurs neither with 'ice' nor with 'steam'",
    ]
    assert np.isfinite(
        X.contrast("ice", "steam", ["solid", "x"], smoothing=1).values["ratio"]
    ).all()


def test_ratio_warns_why_it_is_not_finite(X):
    with pytest.warns(
        RuntimeWarning, match=r"inf: 'solid' co-occurs with 'ice' but never .* = 0 of"
    ):
        assert X.ratio("solid", "ice", "steam") == math.inf
    with pytest.warns(RuntimeWarning, match="nan: 'x' co-occurs neither with 'ice' nor") as caught:
        assert math.isnan(X.ratio("x", "ice", "steam"))
    assert caught[0].filename == __file__
    assert X.ratio("solid", "ice", "steam", smoothing=1) > 1


def test_wrong_arguments_of_a_contrast_are_named(X):
    with pytest.raises(ValueError, match="i and j must be two different words, got 'ice' twice"):
        X.contrast("ice", "ice")
    with pytest.raises(KeyError, match=r"'steem' not present .* did you mean 'steam'"):
        X.contrast("ice", "steem")
    with pytest.raises(KeyError, match="'foo', 'bar' not present"):
        X.contrast("ice", "steam", ["foo", "gas", "bar"])
    with pytest.raises(ValueError, match="prior must be a finite number > 0"):
        X.contrast("ice", "steam", prior=0)
    with pytest.raises(ValueError, match="smoothing must be a finite number >= 0"):
        X.ratio("gas", "ice", "steam", smoothing=-1)


def test_a_contrast_converts_to_pandas(X):
    pytest.importorskip("pandas")
    frame = X.contrast("ice", "steam", ["solid", "gas"]).to_pandas()
    assert frame.index.tolist() == ["solid", "gas"]
    assert frame.loc["gas", "count_j"] == X["steam", "gas"]
    assert frame.loc["gas", "probability_j"] == X.probability("gas", given="steam")


@pytest.mark.slow
def test_a_contrast_is_drawn_with_arrows_for_infinite_ratios(X):
    matplotlib = pytest.importorskip("matplotlib")
    matplotlib.use("agg")
    pyplot = pytest.importorskip("matplotlib.pyplot")
    ax = X.contrast("ice", "steam", ["solid", "gas", "x", "is"]).plot()
    assert [label.get_text() for label in ax.get_yticklabels()] == ["solid", "gas", "x", "is"]
    assert ax.get_xscale() == "log"
    assert (
        sum(
            len(points.get_offsets())
            for points in ax.collections
            if hasattr(points, "get_offsets") and len(points.get_offsets())
        )
        >= 3
    )
    ax.figure.canvas.draw()
    pyplot.close(ax.figure)


HOSTILE = "<script>&\"'"


@pytest.fixture(scope="module")
def hostile():
    return Cooccurrence.from_corpus([[HOSTILE, "b", "c"], [HOSTILE, "b"]], min_count=1)


@pytest.mark.parametrize(
    "shown",
    [
        lambda X: X,
        lambda X: X.vocabulary,
        lambda X: X.contexts("b"),
        lambda X: X.contexts(HOSTILE),
        lambda X: X.contrast(HOSTILE, "b"),
        lambda X: X.contrast("b", "c", [HOSTILE]),
    ],
)
def test_notebooks_show_escaped_words(hostile, shown):
    text = shown(hostile)._repr_html_()
    assert "&lt;script&gt;&amp;" in text
    assert "<script" not in text
    assert text.count("<table") == text.count("</table>") == 1
    assert len(re.findall("<tr", text)) == len(re.findall("</tr", text)) > 1


def test_notebooks_show_models_vocabularies_and_estimates():
    model = Glove(dim=3, min_count=1, threads=1, epochs=1)
    assert "not fitted" in model._repr_html_()
    model.fit(["an apple a day"])
    assert "fitted: 4 words, 1 epochs" in model._repr_html_()
    assert "and 5 more words" in Vocabulary([str(n) for n in range(15)], range(15))._repr_html_()
    assert "tokens" in Cooccurrence.estimate(["an apple a day"], min_count=1)._repr_html_()
    assert "parameters" in Glove(min_count=1).estimate(["an apple a day"])._repr_html_()


@pytest.fixture(scope="module")
def counts_file(X, tmp_path_factory):
    path = tmp_path_factory.mktemp("counts") / "counts"
    X.save(path)
    return path


def test_the_command_contexts_prints_the_table(X, counts_file):
    text = done("contexts", counts_file, "ice", "--by", "llr", "--topn", 2)
    assert text.decode().rstrip("\n") == str(X.contexts("ice", by="llr", topn=2))
    found = json.loads(done("contexts", counts_file, "ice", "--json"))
    assert found["contexts"][0]["context"] == X.contexts("ice").words[0]
    assert "'icy' not present" in reason(1, "contexts", counts_file, "icy")


def test_the_command_contrast_prints_the_table(X, counts_file):
    text = done("contrast", counts_file, "ice", "steam", "--probes", "solid", "gas")
    assert text.decode().rstrip("\n") == str(X.contrast("ice", "steam", ["solid", "gas"]))
    assert answer("contrast", counts_file, "ice", "steam", "--topn", 1)["i"] == "ice"
    found = answer("contrast", counts_file, "ice", "steam", "--probes", "gas", "--smoothing", 1)
    assert found["contexts"][0]["ratio"] == pytest.approx(
        X.ratio("gas", "ice", "steam", smoothing=1)
    )


def test_cooccur_shows_the_counts_of_words(tmp_path):
    text = tmp_path / "text.txt"
    text.write_text("ice is solid\nsteam is gas\n")
    shown = done("cooccur", text, "--min-count", 1, "--show", "ice", "is")
    assert [line.split() for line in shown.decode().splitlines()] == [
        ["ice", "is"],
        ["ice", "0", "1"],
        ["is", "1", "0"],
    ]
    done("cooccur", text, "--min-count", 1, "-o", tmp_path / "counts", "--show", "ice", "is")
    assert Cooccurrence.load(tmp_path / "counts")["ice", "is"] == 1
    assert "output" in reason(2, "cooccur", text, "--min-count", 1)
