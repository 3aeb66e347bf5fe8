"""Every result of an analysis prints as a table, converts to a data frame, plots and pickles."""

from __future__ import annotations

import pickle
import sys
import tempfile
import warnings
from collections.abc import Callable
from functools import cache
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import glove_rs
from glove_rs import Glove, WordVectors, alc, associations, compare, evaluation, kwic
from glove_rs._bootstrap.estimates import Estimate
from glove_rs._bootstrap.store import ReplicateStore
from glove_rs._results import IntervalTable, ResultTable
from glove_rs.associations._sets import KnownWords
from libraries import later
from test_replicates import made, noisy

pandas = later("pandas")
matplotlib = later("matplotlib")
plt = later("matplotlib.pyplot")

YEARS = [1990, 1995, 2010]
COLD, HOT = ["ice", "snow"], ["steam", "fire"]
LINES = [f"the {word} is {kind} today" for word in (*COLD, *HOT) for kind in ("here", "there")]
ROWS = [
    {"text": line, "year": YEARS[k % 3], "side": "ab"[k % 2]} for k, line in enumerate(LINES * 12)
]


TEMPORARY = tempfile.TemporaryDirectory(prefix="glove-rs-results-")


@cache
def folder() -> Path:
    """A folder with an evaluation set of each kind."""
    path = Path(TEMPORARY.name) / "sets"
    path.mkdir()
    words = [*COLD, *HOT, "today", "here"]
    pairs = [(a, b) for a in words for b in words if a < b]
    (path / "pairs.tsv").write_text("".join(f"{a}\t{b}\t{len(a)}.5\n" for a, b in pairs))
    (path / "questions.txt").write_text(
        ": first\nice snow steam fire\nsnow ice fire steam\n: gram-second\nice fire snow steam\n"
        ": third\nno such words known\n"
    )
    (path / "kinds.tsv").write_text(
        "".join(f"{word}\t{'cold' if word in COLD else 'hot'}\n" for word in [*COLD, *HOT])
    )
    return path


@cache
def base() -> SimpleNamespace:
    """Models, counts and embeddings of a small text, from which the results are made."""
    text = [row["text"] for row in ROWS]
    model = Glove(dim=4, epochs=2, min_count=1, threads=1, deterministic=True)
    path = Path(TEMPORARY.name)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        contexts = kwic.contexts(ROWS, "ice", 3)
        fitted = Glove(dim=4, epochs=2, min_count=1, threads=1, seed=2).fit(text)
        return SimpleNamespace(
            model=fitted,
            wv=fitted.vectors,
            bootstrap=glove_rs.bootstrap(model, text, 3, path=path / "one"),
            slices=compare.slices(model, text, by=[row["year"] for row in ROWS], n=4),
            plain_slices=compare.slices(model, text, by=[row["year"] for row in ROWS]),
            exact=made(path / "exact", *noisy(1, noise=0.01)),
            contexts=contexts,
            embeddings=alc.embed(contexts, fitted, np.eye(4)),
            features=alc.feature_embeddings(fitted.cooccurrence, fitted, False),
            axis=associations.axis(fitted.vectors, COLD, HOT),
        )


#: How to make each result, and the number of rows of its data frame; None for one of any length.
RESULTS: dict[str, tuple[Callable[[SimpleNamespace], Any], int | None]] = {
    "bootstrap": (lambda t: t.bootstrap, 3),
    "estimate": (lambda t: t.bootstrap.similarity("ice", "snow"), 1),
    "estimate of an array": (
        lambda t: t.bootstrap.estimate(lambda wv: wv.vectors[:3, 0], name="first"),
        3,
    ),
    "similarities": (lambda t: t.bootstrap.similarities([("ice", "snow"), ("ice", "fire")]), 2),
    "similarity_difference": (
        lambda t: t.bootstrap.similarity_difference(("ice", "snow"), ("ice", "fire")),
        1,
    ),
    "projection": (lambda t: t.bootstrap.projection("today", COLD, HOT), 1),
    "projections": (lambda t: t.bootstrap.projection(["today", "here"], COLD, HOT), 2),
    "bootstrap.neighbours": (lambda t: t.bootstrap.neighbours("ice", 3), 3),
    "bootstrap.analogy": (lambda t: t.bootstrap.analogy("ice", "snow", "fire", 3), 3),
    "stability": (lambda t: t.bootstrap.stability([*COLD, *HOT]), 4),
    "align": (lambda t: compare.align(t.wv, t.bootstrap), 9),
    "changed_words": (lambda t: compare.changed_words(t.wv, t.bootstrap), 9),
    "changed_words with intervals": (
        lambda t: compare.changed_words(t.exact, t.exact, words=["w0", "w1"]),
        2,
    ),
    "neighbours": (lambda t: compare.neighbours("ice", {"a": t.wv, "b": t.bootstrap}, 3), 6),
    "slices": (lambda t: t.slices, 3),
    "slices.neighbours": (lambda t: t.slices.neighbours("ice", 2), 6),
    "slices.similarity": (lambda t: t.slices.similarity("ice", "snow"), 3),
    "similarity over slices without replicates": (
        lambda t: t.plain_slices.similarity("ice", "snow"),
        3,
    ),
    "drift": (lambda t: t.slices.drift("ice"), 3),
    "slices.changed_words": (lambda t: t.plain_slices.changed_words(1990, 2010, topn=3), 3),
    "embeddings": (lambda t: t.embeddings, 24),
    "mean embeddings": (lambda t: t.embeddings.mean("side"), 2),
    "nearest": (lambda t: alc.nearest(t.embeddings, "side", topn=2, bootstraps=4), 4),
    "nearest of all": (lambda t: alc.nearest(t.embeddings, topn=2), 2),
    "alc.similarity": (lambda t: alc.similarity(t.embeddings, COLD, "year"), 6),
    "ratio": (lambda t: alc.ratio(t.embeddings, "side", topn=2, permutations=3), None),
    "nearest_contexts": (lambda t: alc.nearest_contexts(t.embeddings, t.contexts, topn=2), 2),
    "regress": (lambda t: alc.regress(t.embeddings, ["side", "year"], permutations=3), 2),
    "feature_embeddings": (lambda t: t.features, 9),
    "feature_similarity": (lambda t: alc.feature_similarity(t.features, t.features), 9),
    "weat": (
        lambda t: associations.weat(t.wv, COLD, HOT, ["here"], ["there"], bootstrap=t.bootstrap),
        1,
    ),
    "weat.by_word": (lambda t: associations.weat(t.wv, COLD, HOT, ["here"], ["there"]).by_word, 4),
    "sc_weat": (
        lambda t: associations.sc_weat(t.wv, COLD, ["here", "is"], ["there", "the"]),
        2,
    ),
    "rnd": (lambda t: associations.rnd(t.wv, COLD, HOT, ["here", "there"]), 2),
    "ripa": (lambda t: associations.ripa(t.wv, [("ice", "fire")], ["here", "there"]), 2),
    "axis": (lambda t: t.axis, 4),
    "axis of pairs": (
        lambda t: associations.axis(t.wv, pairs=[("ice", "fire"), ("ice", "steam")]),
        3,
    ),
    "axis.project": (lambda t: t.axis.project(["here", "is"], bootstrap=t.bootstrap), 2),
    "kwic": (lambda t: t.contexts, 24),
    "contexts": (lambda t: t.model.cooccurrence.contexts("ice"), None),
    "contrast": (lambda t: t.model.cooccurrence.contrast("ice", "fire", ["here", "is"]), 2),
    "analogies": (lambda t: evaluation.analogies(t.wv, folder() / "questions.txt"), 3),
    "evaluation.similarity": (lambda t: evaluation.similarity(t.wv, folder() / "pairs.tsv"), 15),
    "categories": (lambda t: evaluation.categories(t.wv, folder() / "kinds.tsv"), 1),
    "panel": (lambda t: evaluation.panel(t.wv, folder(), n=5), 5),
    "panel with a baseline": (lambda t: evaluation.panel(t.wv, folder(), baseline=t.wv, n=5), 5),
}


@pytest.fixture
def ax():
    return plt.figure().subplots()


@pytest.fixture(autouse=True)
def labels_are_not_moved(monkeypatch):
    monkeypatch.setitem(sys.modules, "adjustText", None)  # moving labels takes seconds


def quiet(make: Callable[[SimpleNamespace], Any]) -> Any:
    """Make a result without the warnings of so small a text."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)
        return make(base())


def marks(ax: Any) -> int:
    """The number of dots, bars, whiskers and points in the axes."""
    dots = sum(int(np.isfinite(np.asarray(own.get_ydata(), float)).sum()) for own in ax.lines)
    return dots + len(ax.patches) + sum(len(own.get_offsets()) for own in ax.collections)


def labels_of(axis: Any) -> list[str]:
    return [label.get_text() for label in axis.get_ticklabels()]


def points(line: Any) -> list[tuple[float, float]]:
    return [tuple(map(float, point)) for point in line.get_xydata()]


@pytest.mark.slow
@pytest.mark.parametrize("name", RESULTS)
def test_every_result_prints_converts_plots_and_pickles(name, ax):
    make, rows = RESULTS[name]
    result = quiet(make)
    assert str(result).strip()
    assert "object at 0x" not in str(result)
    assert "<table>" in result._repr_html_()
    frame = result.to_pandas()
    assert isinstance(frame, pandas.DataFrame)
    assert len(frame) > 0
    assert rows is None or len(frame) == rows
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert result.plot(ax=ax) is ax
        ax.figure.canvas.draw()
    assert marks(ax) >= 1
    assert ax.get_xlabel() or ax.get_ylabel()
    if name != "slices":  # not pickled: its replicates are in a temporary folder
        again = pickle.loads(pickle.dumps(result))
        assert str(again) == str(result)
        pandas.testing.assert_frame_equal(again.to_pandas(), frame)


@pytest.mark.parametrize("name", RESULTS)
def test_a_plot_without_matplotlib_says_what_to_install(name, monkeypatch):
    result = quiet(RESULTS[name][0])
    loaded = [name for name in sys.modules if name.partition(".")[0] == "matplotlib"]
    for module in {"matplotlib", *loaded}:
        monkeypatch.setitem(sys.modules, module, None)
    with pytest.raises(ImportError, match=r"plot needs matplotlib.* pip install matplotlib"):
        result.plot()


@pytest.mark.parametrize("name", ["slices", "drift", "neighbours", "bootstrap", "panel", "axis"])
def test_only_without_axes_there_is_a_new_figure(name, ax):
    result = quiet(RESULTS[name][0])
    result.plot(ax=ax)
    assert plt.get_fignums() == [ax.figure.number]
    assert result.plot().figure is not ax.figure


WORD = "\u51b0"
CHINESE: dict[str, Callable[[SimpleNamespace], Any]] = {
    "dots": lambda t: IntervalTable({"word": [WORD], "x": [1.0]}).plot(),
    "series": lambda t: compare.neighbours("a", {WORD: pair(), "b": pair()}).plot(),
    "slices": lambda t: compare.Slices(pair(), {WORD: pair()}, {WORD: 1}, {}).plot(),
    "estimate": lambda t: Estimate(0, 0, 0, 0, 0, 0.9, WORD, np.arange(3.0)).plot(),
    "contexts": lambda t: counts_of(f"a {WORD}").contexts("a").plot(),
    "contexts of the word": lambda t: counts_of(f"a {WORD}").contexts(WORD).plot(),
    "kwic": lambda t: kwic.contexts([WORD], WORD).plot(),
    "kwic by": lambda t: kwic.contexts([{"text": "a", "of": WORD}], "a").plot("of"),
    "embeddings": lambda t: t.embeddings[:2].plot([WORD, "b"]),
    "means": lambda t: t.embeddings[:2].mean([WORD, "b"]).plot(),
    "words": lambda t: pair().plot(),
    "weat": lambda t: associations.weat(pair(), [WORD], ["a"], ["c"], ["d"]).plot(),
}


def pair() -> WordVectors:
    return WordVectors(
        ["a", WORD, "c", "d"], np.array([[1.0, 0, 2], [0, 1, 1], [1, 1, 0], [2, 0, 1]])
    )


def counts_of(text: str) -> glove_rs.Cooccurrence:
    return glove_rs.Cooccurrence.from_corpus([text], min_count=1, progress=False)


@pytest.mark.parametrize("name", CHINESE)
def test_words_are_drawn_with_a_font_that_has_them(name, monkeypatch):
    from glove_rs._vectors import fonts

    base()
    monkeypatch.setattr(
        fonts,
        "families_for",
        lambda words: ([["serif"], ["monospace"]][WORD in "".join(words)], set()),
    )
    drawn = CHINESE[name](base())
    texts = [text for text in drawn.findobj(matplotlib.text.Text) if WORD in text.get_text()]
    assert texts
    assert {tuple(text.get_fontfamily()) for text in texts} == {("monospace",)}


# --- nothing to draw ------------------------------------------------------------------------------

NAN = float("nan")
NOTHING: dict[str, tuple[Callable[[SimpleNamespace], Any], str]] = {
    "no rows": (lambda t: IntervalTable({"word": [], "change": np.empty(0)}), "at least one row"),
    "no numbers": (lambda t: IntervalTable({"a": ["x"], "b": ["y"]}), "at least one row"),
    "all NaN": (lambda t: IntervalTable({"word": ["a"], "change": [NAN]}), "finite value"),
    "a table without values": (lambda t: ResultTable({"a": ["x"]}), "at least one row of values"),
    "infinite": (lambda t: IntervalTable({"word": ["a"], "change": [np.inf]}), "finite value"),
    "drift of a rare word": (lambda t: rare_drift(t), "finite value"),
    "no embeddings": (lambda t: t.embeddings[:0], "at least one embedding"),
    "one group": (lambda t: t.embeddings.mean(), "at least two groups, got 1"),
    "one word": (lambda t: WordVectors(["a"], np.eye(1)), "at least two words, got 1"),
    "no finite word": (
        lambda t: WordVectors(["a", "b"], np.full((2, 2), np.nan)),
        "at least two words, got 0",
    ),
    "no occurrences": (lambda t: kwic.contexts(["no such word"], "ice"), "occurrence of 'ice'"),
    "no contexts": (lambda t: t.model.cooccurrence.contexts("ice", topn=0), "context word"),
    "no ratio": (lambda t: t.model.cooccurrence.contrast("ice", "fire", []), "with a ratio"),
    "no replicates": (lambda t: glove_rs.bootstrap(Glove(dim=2), ["a b"] * 9, 0), "finite value"),
    "an estimate without replicates": (lambda t: Estimate(0, 0, 0, 0, 0, 0.9), "finite value"),
    "no question": (lambda t: evaluated(t, "q.txt", ": x\nno such words at\n"), "finite value"),
    "no pair": (lambda t: evaluated(t, "p.tsv", "none\tsuch\t3\nno\tpair\t2\n"), "finite value"),
    "no category": (lambda t: evaluated(t, "c.tsv", "x\tu\ny\tv\nz\tv\n"), "finite value"),
}


def evaluated(t: SimpleNamespace, name: str, content: str) -> Any:
    """The result for an evaluation set of this `content`, which has no known word."""
    path = Path(TEMPORARY.name) / name
    path.write_text(content)
    return t.wv.evaluate(path)


def rare_drift(t: SimpleNamespace) -> Any:
    """The drift of a word that no slice has."""
    small = WordVectors(["ice"], np.eye(1, 4))
    return compare.Slices(t.wv, {"a": small}, {"a": 1}, {}).drift("fire")


@pytest.mark.parametrize("name", NOTHING)
def test_nothing_to_draw_is_a_clear_error(name):
    make, message = NOTHING[name]
    result = quiet(make)
    assert str(result).strip()
    before = plt.get_fignums()
    with pytest.raises(ValueError, match=f"plot needs .*{message}"):
        result.plot()
    assert plt.get_fignums() == before


# --- what is drawn --------------------------------------------------------------------------------


def test_dots_are_the_values_from_top_to_bottom_with_their_intervals(ax):
    table = IntervalTable(
        {
            "word": ["a", "$b$", "c"],
            "x": [2.0, NAN, -1.0],
            "low": [1.0, NAN, NAN],
            "high": [3.0, NAN, 4.0],
        }
    )
    table.plot(ax)
    dots, zero = ax.lines
    assert points(dots) == [(2.0, 0.0), (-1.0, -2.0)]
    assert zero.get_xdata() == [0.0, 0.0]
    (whiskers,) = ax.collections  # an interval without a limit is not drawn
    assert [segment.tolist() for segment in whiskers.get_segments()] == [[[1.0, 0.0], [3.0, 0.0]]]
    assert labels_of(ax.yaxis) == ["a", "$b$", "c"]
    assert ax.get_yticks().tolist() == [0, -1, -2]
    assert ax.get_xlabel() == "x"
    ax.figure.canvas.draw()  # "$b$" is not a formula


@pytest.mark.slow
@given(
    st.lists(
        st.tuples(
            st.text("ab$_{^é\\ ", max_size=4),
            st.floats(allow_nan=True, allow_infinity=True, width=32),
            st.floats(-9, 9),
        ),
        max_size=8,
    ),
    st.booleans(),
)
def test_each_finite_value_has_a_dot_for_any_table(rows, is_ordered):
    table = IntervalTable(
        {
            "word": [word for word, _, _ in rows],
            "value": np.array([value for _, value, _ in rows], dtype=np.float64),
            "low": np.array([low for _, _, low in rows], dtype=np.float64),
            "high": np.array([low + 1 for _, _, low in rows], dtype=np.float64),
        }
    )
    table._is_ordered = is_ordered
    assert len(str(table).splitlines()) == 2 + len(rows)
    assert len(table.to_pandas()) == len(rows)
    ax = matplotlib.figure.Figure().subplots()
    finite = sorted(float(value) for _, value, _ in rows if np.isfinite(value))
    if not finite:
        with pytest.raises(ValueError, match="plot needs"):
            table.plot(ax)
        return
    table.plot(ax)
    drawn = ax.lines[0].get_ydata() if is_ordered else ax.lines[0].get_xdata()
    assert sorted(np.asarray(drawn)[np.isfinite(drawn)].tolist()) == finite
    assert len(ax.collections[0].get_segments()) == len(rows)


@pytest.mark.slow
def test_of_many_rows_the_first_100_are_drawn_and_the_axis_says_so(ax):
    table = IntervalTable({"word": [f"w{k}" for k in range(20_000)], "x": np.arange(20_000.0)})
    table.plot(ax)
    assert points(ax.lines[0]) == [(float(k), float(-k)) for k in range(100)]
    assert len(ax.get_yticks()) == 100
    assert ax.get_ylabel() == "the first 100 of 20,000 rows"


def test_there_is_a_line_at_zero_if_an_interval_contains_zero(ax):
    columns = {"word": ["a"], "x": [2.0], "low": [-1.0], "high": [5.0]}
    IntervalTable(columns).plot(ax)
    assert ax.lines[1].get_xdata() == [0.0, 0.0]
    IntervalTable({**columns, "low": [1.0]}).plot(other := plt.figure().subplots())
    assert len(other.lines) == 1


def test_a_ratio_is_compared_with_1(ax):
    result = quiet(lambda t: alc.ratio(t.embeddings, "side", topn=3))
    assert result["ratio"].min() < 1 < result["ratio"].max()
    result.plot(ax)
    assert ax.lines[1].get_xdata() == [1.0, 1.0]


def test_neighbours_have_words_and_cosines_apart_and_a_colour_for_each_model(ax):
    t = base()
    models = {"one": t.wv, "other": t.bootstrap.full, "without": WordVectors(["a", "b"], np.eye(2))}
    table = compare.neighbours("ice", models, topn=3)
    assert table.columns == ["rank", "one", "other", "without"]
    frame = table.to_pandas()
    assert list(frame.columns) == ["model", "rank", "word", "cosine"]
    assert frame["cosine"].dtype == np.float64
    assert frame["rank"].tolist() == [1, 2, 3, 1, 2, 3]
    for name in ("one", "other"):
        own = frame[frame["model"] == name]
        assert list(zip(own["word"], own["cosine"], strict=True)) == [
            (word, pytest.approx(cosine))
            for word, cosine in models[name].most_similar("ice", topn=3)
        ]
        cells = [f"{w} {c:.3f}" for w, c in zip(own["word"], own["cosine"], strict=True)]
        assert table[name].tolist() == cells
    table.plot(ax)
    names = labels_of(ax.yaxis)
    assert names == list(dict.fromkeys(frame["word"]))
    legend = [text.get_text() for text in ax.get_legend().get_texts()]
    assert legend == ["one", "other"]
    for name, line in zip(legend, ax.lines, strict=False):
        own = frame[frame["model"] == name]
        # The dots of the models stand one above the other on the line of the word.
        shift = 0.1 if name == "one" else -0.1
        assert points(line) == [
            (cosine, pytest.approx(shift - names.index(word)))
            for word, cosine in zip(own["word"], own["cosine"], strict=True)
        ]
    assert ax.lines[0].get_color() != ax.lines[1].get_color()


def test_drift_is_a_line_over_the_periods_to_scale_with_gaps(ax):
    a = WordVectors(["ice", "fire"], np.array([[1.0, 0], [0, 1]]))
    b = WordVectors(["fire"], np.array([[0.0, 1]]))
    c = WordVectors(["ice"], np.array([[0.0, 1]]))
    slices = compare.Slices(
        a, {1990: a, 1995: b, 2010: c}, dict.fromkeys((1990, 1995, 2010), 5), {}
    )
    slices.drift("ice").plot(ax)
    (line,) = ax.lines
    assert line.get_xdata().tolist() == [1990, 1995, 2010]
    np.testing.assert_allclose(line.get_ydata(), [0, NAN, 1], atol=1e-9)
    assert line.get_label() == "ice"
    assert labels_of(ax.xaxis) == ["1990", "1995", "2010"]
    assert (ax.get_xlabel(), ax.get_ylabel()) == ("slice", "drift")
    named = compare.Slices(a, {"late": a, "early": c}, {"late": 1, "early": 2}, {})
    named.plot(other := plt.figure().subplots())
    assert points(other.lines[0]) == [(0.0, 1.0), (1.0, 2.0)]
    assert labels_of(other.xaxis) == ["late", "early"]
    assert (other.get_ylim()[0], other.get_ylabel()) == (0, "tokens")


@pytest.mark.parametrize(
    ("labels", "expected", "rotation"),
    [
        ([str(year) for year in range(1900, 1960)], None, 0),
        ([f"{k % 12 + 1}/{k // 12}" for k in range(60)], 20, 90),
        (["first", "second", "third"], 3, 0),
    ],
)
def test_many_slices_have_ticks_that_can_be_read(ax, labels, expected, rotation):
    wv = WordVectors(["ice"], np.eye(1, 2))
    slices = compare.Slices(wv, dict.fromkeys(labels, wv), dict.fromkeys(labels, 1), {})
    slices.drift("ice").plot(ax)
    assert len(ax.lines[0].get_xdata()) == len(labels)
    ticks = ax.xaxis.get_ticklabels()
    assert len(ticks) == expected if expected else len(ticks) < 25
    assert {tick.get_rotation() for tick in ticks} == {rotation}
    assert (
        expected is None or [tick.get_text() for tick in ticks] == labels[:: -(-len(labels) // 25)]
    )


def test_similarity_over_slices_has_whiskers_where_there_are_intervals(ax):
    table = quiet(lambda t: t.slices.similarity("ice", "snow"))
    table.plot(ax)
    assert ax.lines[0].get_ydata().tolist() == table["similarity"].tolist()
    segments = np.array(ax.collections[0].get_segments())
    assert segments[:, 0, 1].tolist() == table["low"].tolist()
    assert segments[:, 1, 1].tolist() == table["high"].tolist()
    assert segments[:, 0, 0].tolist() == YEARS


@pytest.mark.parametrize("has", [0, 2])
def test_a_line_of_one_value_has_all_slices_on_its_axis(ax, has):
    wv = WordVectors(["ice", "hot"], np.array([[0.1, 0.7, -0.3], [1.0, 0.2, 0.5]]))
    without = WordVectors(["hot"], wv.vectors[1:])
    periods = [1990, 2000, 2010]
    vectors = {label: wv if number == has else without for number, label in enumerate(periods)}
    slices = compare.Slices(wv, vectors, dict.fromkeys(periods, 9), {})
    drift = slices.drift("ice")
    assert drift["drift"][has] == 0
    drift.plot(ax)
    left, right = ax.get_xlim()
    assert 1985 < left < 1990
    assert 2010 < right < 2015
    assert max(ax.get_ylim()) > 0.01
    one = plt.figure().subplots()
    compare.Slices(wv, {2010: wv}, {2010: 9}, {}).drift("ice").plot(one)
    assert 2009 < one.get_xlim()[0] < 2010 < one.get_xlim()[1] < 2011


def test_the_drift_of_the_first_slice_is_zero():
    rng = np.random.default_rng(1)
    words = [f"w{i}" for i in range(50)]
    wv = WordVectors(words, rng.normal(size=(50, 7)).astype(np.float32))
    slices = compare.Slices(wv, {1: wv, 2: wv}, {1: 9, 2: 9}, {})
    for word in words:
        drift = slices.drift(word)["drift"]
        assert drift[0] == 0
        assert 0 <= drift[1] < 1e-15


def test_stability_is_sorted_from_the_top(ax):
    table = quiet(lambda t: t.bootstrap.stability([*COLD, *HOT], 2))
    table.plot(ax)
    assert labels_of(ax.yaxis) == table["word"].tolist()
    values = ax.lines[0].get_xdata()
    assert values.tolist() == sorted(table["stability"], reverse=True)
    assert (np.diff(ax.lines[0].get_ydata()) < 0).all()


def test_a_bootstrap_has_a_row_for_each_replicate(tmp_path, ax):
    full, replicates = noisy(3, n=4, words=12)
    replicates[2][5] = np.nan
    b = made(tmp_path, full, replicates)
    frame = b.to_pandas()
    assert frame["replicate"].tolist() == [0, 1, 2, 3]
    assert frame["words"].tolist() == [12, 12, 11, 12]
    for number, own in enumerate(replicates):
        u, v = (x.astype(np.float64) for x in (full, own))
        lengths = np.linalg.norm(u, axis=1) * np.linalg.norm(v, axis=1)
        expected = np.nanmean((u * v).sum(axis=1) / lengths)
        assert frame["cosine"][number] == pytest.approx(expected, abs=1e-6)
    b.plot(ax)
    assert sum(bar.get_height() for bar in ax.patches) == 4
    assert ax.get_xlabel() == "mean cosine with the full model"


def test_one_far_replicate_does_not_make_millions_of_bars(ax):
    near = np.linspace(0, 1e-12, 50)
    Estimate(0.0, 0.0, 0.0, 0.0, 0.0, 0.95, "x", np.append(near, 1.0)).plot(ax)
    assert len(ax.patches) < 50


def test_an_axis_lists_the_words_of_its_ends_by_their_projection(ax):
    words = ["hot", "warm", "cold", "ice"]
    wv = WordVectors(words, np.array([[2.0, 1], [1, 1], [-2, 1], [-1, 3]]))
    axis = associations.axis(wv, words[:2], words[2:])
    frame = axis.to_pandas()
    assert frame["word"].tolist() == ["hot", "warm", "ice", "cold"]
    assert frame["end"].tolist() == ["positive"] * 2 + ["negative"] * 2
    projected = axis.project(words)
    assert frame["projection"].tolist() == pytest.approx(projected["projection"].tolist())
    assert str(axis).splitlines()[1].split() == ["word", "end", "projection"]
    axis.plot(ax)
    assert [text.get_text() for text in ax.get_legend().get_texts()] == ["positive", "negative"]
    assert len(ax.lines[0].get_xdata()) == 2


def test_words_of_several_pairs_are_listed_once_for_each_end():
    t = base()
    axis = associations.axis(t.wv, pairs=[("ice", "fire"), ("ice", "steam"), ("fire", "ice")])
    rows = axis.to_pandas()
    found = sorted(zip(rows["end"], rows["word"], strict=True))
    assert found == [
        ("first words", "fire"), ("first words", "ice"),
        ("second words", "fire"), ("second words", "ice"), ("second words", "steam"),
    ]  # fmt: skip


def test_mean_embeddings_are_points_of_the_plane_of_their_components(ax):
    means = base().embeddings.mean("year")
    means.plot(ax)
    assert sorted(text.get_text() for text in ax.texts) == ["1990", "1995", "2010"]
    drawn = np.asarray(ax.collections[0].get_offsets())
    rows = means.to_pandas().iloc[:, 2:].to_numpy()
    for i in range(3):
        for j in range(i):
            # Three points lie in a plane, so the picture has their distances.
            distance = np.linalg.norm(drawn[i] - drawn[j])
            assert distance == pytest.approx(np.linalg.norm(rows[i] - rows[j]))


def test_nearest_contexts_of_groups_have_a_colour_for_each_group(ax):
    t = base()
    table = alc.nearest_contexts(t.embeddings, t.contexts, "side", topn=2)
    table.plot(ax)
    assert [text.get_text() for text in ax.get_legend().get_texts()] == ["a", "b"]
    drawn = [x for line in ax.lines[:2] for x in line.get_xdata()]
    assert drawn == table["cosine"].tolist()


def test_a_pickled_embedding_is_used_like_the_original():
    t = base()
    for vectors in (t.wv, t.model, (t.wv.index_to_key, t.wv.vectors.astype(np.float64))):
        found = alc.embed(t.contexts, vectors, np.eye(4))
        again = pickle.loads(pickle.dumps(found))
        assert str(alc.nearest(again, "side")) == str(alc.nearest(found, "side"))
        np.testing.assert_array_equal(again.vectors, found.vectors)


@pytest.mark.parametrize(
    ("cls", "earlier", "result"),
    [(ReplicateStore, "Store", "bootstrap"), (KnownWords, "Chosen", "axis")],
)
def test_a_pickle_loads_that_has_a_class_under_its_earlier_name(cls, earlier, result):
    own = getattr(base(), result)
    named = f"{cls.__module__}\n{cls.__name__}\n".encode()
    pickled = pickle.dumps(own, protocol=0)
    assert named in pickled
    before = pickled.replace(named, f"{cls.__module__}\n{earlier}\n".encode())
    assert repr(pickle.loads(before)) == repr(own)


def test_a_pickled_bootstrap_is_like_a_loaded_one():
    again = pickle.loads(pickle.dumps(base().bootstrap))
    assert len(again) == 3
    with pytest.raises(ValueError, match="give source"):
        again.extend(4)
    assert str(again.models) == "<3 models of replicates>"


def test_printed_embeddings_have_no_commas_in_years():
    lines = str(base().embeddings).splitlines()
    assert lines[0].startswith("24 embeddings of 4 components; each is of ")
    assert lines[1].split() == ["context", "known", "words", "document", "year", "side"]
    assert lines[3].split()[3] == "1990"


def test_words_to_draw_are_frequent_but_not_the_most_frequent(ax):
    wv = WordVectors([f"w{k}" for k in range(200)], np.random.default_rng(0).normal(size=(200, 3)))
    wv.plot(ax=ax)
    assert [text.get_text() for text in ax.texts] == [f"w{k}" for k in range(100, 130)]


def test_vectors_print_their_first_words_and_components():
    wv = WordVectors([f"w{k}" for k in range(9)], np.arange(90, dtype=np.float32).reshape(9, 10))
    lines = str(wv).splitlines()
    assert lines[0] == repr(wv) == "WordVectors(9 words, dim=10, float32)"
    assert lines[1].split() == ["word", *map(str, range(8))]
    assert lines[3].split()[:3] == ["w0", "0.0000", "1.0000"]
    assert lines[-2:] == ["… and 1 more words", "… and 2 more components"]


def test_features_are_drawn_by_word(ax):
    found = base().features
    found.plot(["ice", "fire"], ax)
    assert [text.get_text() for text in ax.texts] == ["ice", "fire"]
    with pytest.raises(KeyError, match="ices"):
        found.plot(["ices", "fire"])
    with pytest.raises(ValueError, match="at least two words, got 1"):
        found.plot(["ice"])
    assert str(found).splitlines()[1].split() == ["word", "count"]


def test_evaluations_draw_what_they_measured(ax):
    t = base()
    pairs = evaluation.similarity(t.wv, folder() / "pairs.tsv")
    frame = pairs.to_pandas()
    assert frame["rating"].corr(frame["cosine"]) == pytest.approx(pairs.pearson)
    pairs.plot(ax)
    np.testing.assert_array_equal(ax.lines[0].get_xydata(), frame[["rating", "cosine"]])
    assert "pairs" not in pairs.to_dict()
    other = plt.figure().subplots()
    questions = evaluation.analogies(t.wv, folder() / "questions.txt")
    questions.plot(other)
    assert labels_of(other.yaxis) == ["first", "gram-second", "third"]
    assert len(other.lines[0].get_xdata()) == 2  # the third section has no answerable question
    assert other.lines[1].get_xdata() == [questions.accuracy] * 2


def test_a_panel_draws_a_colour_for_each_model(ax):
    t = base()
    panel = evaluation.panel(t.wv, folder(), baseline=t.bootstrap.full, n=5)
    panel.plot(ax)
    assert [text.get_text() for text in ax.get_legend().get_texts()] == ["score", "baseline"]
    first, second = ax.lines[:2]
    assert first.get_xdata().tolist() == [row.score.value for row in panel.rows]
    assert second.get_xdata().tolist() == [row.baseline.value for row in panel.rows]
    assert (first.get_ydata() > second.get_ydata()).all()


@pytest.mark.slow
def test_importing_the_analyses_imports_no_library_of_plots_or_frames():
    import subprocess

    code = (
        "import sys, glove_rs; from glove_rs import alc, associations, compare, evaluation, kwic; "
        "glove_rs.Bootstrap; "
        "print([m for m in ('matplotlib', 'pandas') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
