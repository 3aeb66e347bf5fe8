"""Queries on word vectors: gensim's names, argument order and results."""

from __future__ import annotations

import html.parser
import importlib
import pickle
import subprocess
import sys
import textwrap
import tracemalloc
import warnings
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

import golden_files
from glove_rs import Cooccurrence, Glove, WordVectors
from glove_rs._vectors import cosine as cosine_module
from glove_rs._vectors import nearest
from glove_rs.vectors import COMBINATIONS, combine

# gensim calls its own deprecated method in most_similar_cosmul.
pytestmark = pytest.mark.filterwarnings("ignore:Call to deprecated `init_sims`:DeprecationWarning")

TOLERANCE = {"rtol": 1e-5, "atol": 1e-5}


def random_vectors(size: int = 200, dim: int = 20, seed: int = 0) -> WordVectors:
    rng = np.random.default_rng(seed)
    words = [f"w{i}" for i in range(size)]
    # Lengths differ widely, so that a missing normalisation changes results.
    lengths = rng.lognormal(size=(size, 1))
    return WordVectors(words, (rng.normal(size=(size, dim)) * lengths).astype(np.float32))


def keyed_vectors(wv: WordVectors):
    """The vectors of ``wv`` as gensim's KeyedVectors, built without our code."""
    models = pytest.importorskip("gensim.models", reason="gensim is not installed")
    keyed = models.KeyedVectors(wv.vector_size)
    keyed.add_vectors(list(wv.index_to_key), wv.vectors.copy())
    return keyed


@pytest.fixture(scope="module", params=["random", "trained by Stanford", "trained here"])
def wv(request):
    if request.param == "random":
        return random_vectors()
    if request.param == "trained here":
        corpus = request.getfixturevalue("zipf")
        # Deterministic, so that the same words have equal scores in every run.
        settings = {"dim": 25, "window": 5, "min_count": 2, "epochs": 5, "deterministic": True}
        return Glove(**settings).fit(corpus.path).vectors
    path = golden_files.FOLDERS[0] / "train.txt"
    rows = [line.split(" ") for line in path.read_text(encoding="utf-8").splitlines()]
    return WordVectors([row[0] for row in rows], np.array([row[1:] for row in rows], np.float32))


@pytest.fixture(scope="module")
def keyed(wv):
    return keyed_vectors(wv)


def assert_same_neighbours(ours, theirs):
    """Check that the scores are equal at each place, and the words too.

    The words may differ at places with equal scores, and at the last place, because the next word
    may have the same score.
    """
    assert len(ours) == len(theirs)
    our_scores = np.array([score for _, score in ours])
    their_scores = np.array([score for _, score in theirs])
    np.testing.assert_allclose(our_scores, their_scores, **TOLERANCE)
    for place, (our, their) in enumerate(zip(ours, theirs, strict=True)):
        if our[0] != their[0]:
            near = np.abs(their_scores - their_scores[place]) < 2e-5
            assert near.sum() > 1 or place == len(ours) - 1, (place, our, their)


def cosmul_in_double(wv, positive, negative):
    """3CosMul of every word in float64, and how much float32 arithmetic may differ from it.

    A cosine of float32 rows has an error of at most about (dim + 4) roundings; 3CosMul halves it by
    mapping the cosine to [0, 1]. A product or quotient adds up the relative errors of its factors.
    So a small factor in the denominator causes a large error.
    """
    vectors = wv.vectors.astype(np.float64)
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    eps = np.finfo(np.float32).eps
    off = (wv.vector_size + 4) * eps / 2
    relative = np.full(len(wv), 8 * eps)
    products = []
    for items, least in ((positive, 0.0), (negative, 1e-6)):
        product = np.ones(len(wv))
        for item in items:
            row = item if isinstance(item, np.ndarray) else vectors[wv.key_to_index[item]]
            factor = (1 + vectors @ row) / 2
            product *= factor
            relative += off / np.maximum(factor + least, off)
        products.append(product + least)
    scores = products[0] / products[1]
    return scores, scores * relative


def assert_cosmul_is_gensims(wv, keyed, positive, negative, topn=10):
    scores, tolerance = cosmul_in_double(wv, positive, negative)
    ours = wv.most_similar_cosmul(positive, negative, topn=None)
    theirs = keyed.most_similar_cosmul(positive, negative, topn=None)
    assert (np.abs(ours - scores) <= tolerance).all()
    assert (np.abs(ours - theirs) <= 2 * tolerance).all()
    # The best words are those with the highest scores in `ours`, except the words of the query.
    asked = {item for item in [*positive, *negative] if isinstance(item, str)}
    order = [i for i in np.argsort(-ours, kind="stable") if wv.index_to_key[i] not in asked]
    found = wv.most_similar_cosmul(positive, negative, topn)
    assert [score for _, score in found] == [float(ours[i]) for i in order[:topn]]
    assert all(score == ours[wv.key_to_index[word]] for word, score in found)
    assert not asked & {word for word, _ in found}
    assert len(keyed.most_similar_cosmul(positive, negative, topn)) == len(found)


# ---------------------------------------------------------------- results equal to gensim's


@pytest.mark.parametrize("topn", [1, 10, 10_000])
def test_most_similar_of_each_word_is_gensims(wv, keyed, topn):
    for word in wv.index_to_key[::7]:
        ours = wv.most_similar(word, topn=topn)
        assert_same_neighbours(ours, keyed.most_similar(word, topn=topn))
        assert all(type(other) is str and type(score) is float for other, score in ours)


def test_most_similar_of_sums_and_differences_is_gensims(wv, keyed):
    a, b, c, d = wv.index_to_key[3:7]
    rng = np.random.default_rng(1)
    vector = rng.normal(size=wv.vector_size).astype(np.float32)
    for positive, negative in [
        ([a, b], [c]),
        ([a, b, c], [d]),
        (a, b),
        ([a], None),
        (None, [a]),
        ([(a, 0.5), (b, 2.0)], [(c, -0.25)]),
        ([(a, 1.5), b], [(c, 0.75)]),
        ([vector], []),
        (vector, [a]),
        ([vector, a], [b]),
        (wv.vectors[:3].copy(), []),
        ([0, 5], [2]),
        ([a, a], []),
    ]:
        ours = wv.most_similar(positive, negative, 12)
        assert_same_neighbours(ours, keyed.most_similar(positive, negative, 12))


def test_argument_order_is_gensims(wv, keyed):
    a, b = wv.index_to_key[:2]
    assert_same_neighbours(
        wv.most_similar([a], [b], 5, 2, 30, None), keyed.most_similar([a], [b], 5, 2, 30, None)
    )
    assert_cosmul_is_gensims(wv, keyed, [a], [b], 5)
    assert_same_neighbours(wv.similar_by_word(a, 5, 30), keyed.similar_by_word(a, 5, 30))
    vector = wv[a] + wv[b]
    assert_same_neighbours(
        wv.similar_by_vector(vector, 5, 30), keyed.similar_by_vector(vector, 5, 30)
    )
    ours = wv.get_mean_vector([a, b, "?"], [1, 2, 3], False, True, True)
    theirs = keyed.get_mean_vector([a, b, "?"], [1, 2, 3], False, True, True)
    np.testing.assert_allclose(ours, theirs, **TOLERANCE)


@pytest.mark.parametrize(
    "limits",
    [
        {"restrict_vocab": 15},
        {"clip_start": 10},
        {"clip_end": 20},
        {"clip_start": 5, "clip_end": 25},
        {"clip_start": 5, "clip_end": 25, "restrict_vocab": 15},
        {"restrict_vocab": 10**9},
    ],
)
def test_limits_of_the_search_are_gensims(wv, keyed, limits):
    for word in (wv.index_to_key[2], wv.index_to_key[12], wv.index_to_key[30]):
        assert_same_neighbours(wv.most_similar(word, **limits), keyed.most_similar(word, **limits))
        np.testing.assert_allclose(
            wv.most_similar(word, topn=None, **limits),
            keyed.most_similar(word, topn=None, **limits),
            **TOLERANCE,
        )


def test_topn_none_returns_every_cosine_in_the_order_of_the_words(wv, keyed):
    a = wv.index_to_key[0]
    for ours, theirs in [
        (wv.most_similar(a, topn=None), keyed.most_similar(a, topn=None)),
        (wv.similar_by_word(a, topn=None), keyed.similar_by_word(a, topn=None)),
        (wv.similar_by_vector(wv[a], topn=None), keyed.similar_by_vector(wv[a], topn=None)),
    ]:
        assert ours.shape == (len(wv),)
        assert ours.dtype == np.float32
        np.testing.assert_allclose(ours, theirs, **TOLERANCE)


def test_cosmul_is_gensims(wv, keyed):
    a, b, c, d = wv.index_to_key[3:7]
    unit = wv.get_vector(d, norm=True)
    for positive, negative in [
        ([a, b], [c]),
        ([a], []),
        ([a, b, d], [c, wv.index_to_key[8]]),
        ([unit, a], [b]),
    ]:
        assert_cosmul_is_gensims(wv, keyed, positive, negative)
    for alone in [(a, b), (a, None), (a,)]:
        listed = [[] if item is None else [item] for item in alone]
        assert wv.most_similar_cosmul(*alone) == wv.most_similar_cosmul(*listed)
    scores = wv.most_similar_cosmul(a, b, None)
    assert scores.shape == (len(wv),)
    assert scores.dtype == np.float32


def test_comparisons_are_gensims(wv, keyed):
    words = wv.index_to_key
    for a, b in zip(words[::5], words[1::5], strict=False):
        assert wv.similarity(a, b) == pytest.approx(keyed.similarity(a, b), abs=1e-5)
        assert wv.distance(a, b) == pytest.approx(keyed.distance(a, b), abs=1e-5)
        assert wv.rank(a, b) == keyed.rank(a, b)
        assert wv.closer_than(a, b) == keyed.closer_than(a, b)
    for start in range(0, len(words) - 8, 8):
        first, second = words[start : start + 3], words[start + 3 : start + 8]
        ours = wv.n_similarity(first, second)
        assert ours == pytest.approx(keyed.n_similarity(first, second), abs=1e-5)
        assert wv.doesnt_match(second) == keyed.doesnt_match(second)


def test_distances_are_gensims(wv, keyed):
    a, b, c = wv.index_to_key[:3]
    vector = np.linspace(-1, 2, wv.vector_size, dtype=np.float32)
    for query, others in [(a, ()), (a, [b, c, a]), (vector, ()), (vector, [a, b]), (a, None)]:
        np.testing.assert_allclose(
            wv.distances(query, others), keyed.distances(query, others), **TOLERANCE
        )
    np.testing.assert_allclose(wv.distances(a), keyed.distances(a), **TOLERANCE)


def test_vectors_are_gensims(wv, keyed):
    for word in wv.index_to_key[::9]:
        np.testing.assert_array_equal(wv[word], keyed[word])
        np.testing.assert_allclose(
            wv.get_vector(word, norm=True), keyed.get_vector(word, norm=True), **TOLERANCE
        )
    np.testing.assert_array_equal(wv[wv.index_to_key[:4]], keyed[wv.index_to_key[:4]])


@pytest.mark.parametrize("pre_normalize", [True, False])
@pytest.mark.parametrize("post_normalize", [True, False])
@pytest.mark.parametrize("weights", [None, [1.0, -2.0, 0.5], np.array([0.0, 0.0, 1.0])])
def test_mean_vectors_are_gensims(wv, keyed, pre_normalize, post_normalize, weights):
    array = np.arange(wv.vector_size, dtype=np.float32)
    for keys in (wv.index_to_key[2:5], [wv.index_to_key[2], "no such word", array], [0, 3, 5]):
        arguments = (keys, weights, pre_normalize, post_normalize)
        ours, theirs = wv.get_mean_vector(*arguments), keyed.get_mean_vector(*arguments)
        np.testing.assert_allclose(ours, theirs, **TOLERANCE)
        assert ours.dtype == np.float32


@pytest.mark.slow
@given(
    hnp.arrays(
        np.float32,
        st.tuples(st.integers(3, 30), st.integers(1, 12)),
        elements=st.floats(-4, 4, width=16).filter(lambda x: x == 0 or abs(x) > 1e-2),
    ),
    st.data(),
)
def test_any_matrix_answers_as_in_gensim_rows_of_zeros_included(matrix, data):
    wv = WordVectors([f"w{i}" for i in range(len(matrix))], matrix)
    keyed = keyed_vectors(wv)
    a, b, c = data.draw(st.permutations(wv.index_to_key))[:3]
    with warnings.catch_warnings():
        # The methods of glove_rs return the NaNs that gensim returns, but without a warning.
        warnings.simplefilter("error")
        ours = wv.most_similar([a, b], [c], topn=None)
        pairs = [(wv.distances(a), None)]
        assert wv.similarity(a, b) == pytest.approx(keyed.similarity(a, b), abs=1e-5)
        means = wv.get_mean_vector([a, b, c])
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        pairs = [(pairs[0][0], keyed.distances(a)), (means, keyed.get_mean_vector([a, b, c]))]
        unnormalised = keyed.get_mean_vector([a, b, c], [1, 1, -1])
        # If the sum nearly cancels, its direction is only rounding errors.
        if not np.linalg.norm(unnormalised) < 1e-3:
            pairs.append((ours, keyed.most_similar([a, b], [c], topn=None)))
    for our, their in pairs:
        np.testing.assert_allclose(our, their, rtol=1e-4, atol=1e-5, equal_nan=True)


# ---------------------------------------------------------------- results known by hand


@pytest.fixture
def small():
    return WordVectors(
        ["king", "queen", "man", "woman", "apple"],
        np.array([[2, 1, 0], [2, -1, 0], [0, 1, 0.1], [0, -1, 0.1], [0, 0, 3]], dtype=np.float32),
    )


def test_analogy_man_king_woman_is_queen(small):
    assert small.analogy("man", "king", "woman")[0][0] == "queen"
    assert small.analogy("man", "king", "woman", topn=2) == small.most_similar(
        ["king", "woman"], ["man"], topn=2
    )


def test_words_of_the_query_are_not_answers(small):
    answers = [word for word, _ in small.most_similar(["king", "woman"], ["man"], topn=99)]
    assert sorted(answers) == ["apple", "queen"]
    answers = [word for word, _ in small.most_similar_cosmul(["king", "woman"], ["man"], topn=99)]
    assert sorted(answers) == ["apple", "queen"]


def test_a_vector_as_query_excludes_no_word(small):
    word, cosine = small.similar_by_vector(small["apple"])[0]
    assert (word, cosine) == ("apple", pytest.approx(1))


def test_topn_below_one_returns_nothing(small):
    assert small.most_similar("king", topn=0) == []
    assert small.most_similar("king", topn=-3) == []
    assert small.most_similar_cosmul("king", topn=0) == []
    assert small.most_similar_batch(["king", "man"], topn=0) == [[], []]


def test_equal_cosines_come_in_the_order_of_the_words():
    rng = np.random.default_rng(0)
    names = [f"w{i}" for i in rng.permutation(300)]
    # 200 words are equally near and scattered among words that are farther away.
    near = np.sort(rng.permutation(300)[:200])
    matrix = np.zeros((300, 2), np.float32)
    matrix[:, 1] = 1
    matrix[near] = [1, 1]
    wv = WordVectors(["query", *names], np.vstack([[[1, 0]], matrix]))
    expected = [names[row] for row in near[:120]]
    assert [word for word, _ in wv.most_similar("query", topn=120)] == expected
    assert [word for word, _ in wv.most_similar_batch(["query"], topn=120)[0]] == expected


def test_restrict_vocab_limits_cosmul(small):
    # gensim documents the argument and ignores it.
    assert [word for word, _ in small.most_similar_cosmul("apple", restrict_vocab=2)] == [
        "king",
        "queen",
    ]
    assert small.most_similar_cosmul("apple", topn=None, restrict_vocab=2).shape == (2,)


@pytest.mark.parametrize("topn", [1, 2, 3, 4, 9])
def test_a_vector_of_zeros_comes_last_and_is_similar_to_nothing(topn):
    matrix = np.array([[1, 0], [0, 0], [-1, 0], [0, 0], [-1, 1]], np.float32)
    wv = WordVectors(["one", "zero", "minus", "nought", "other"], matrix)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        expected = ["other", "minus", "zero", "nought"][:topn]
        near = wv.most_similar("one", topn=topn)
        assert [word for word, _ in near] == expected
        assert [word for word, _ in wv.most_similar_batch(["one"], topn)[0]] == expected
        assert [np.isnan(cosine) for _, cosine in near] == [False, False, True, True][:topn]
        assert wv.similarity("one", "zero") == 0


def test_nan_in_a_vector_hides_no_neighbour():
    wv = random_vectors(100)
    matrix = wv.vectors.copy()
    matrix[50, 3] = np.nan
    spoilt = WordVectors(wv.index_to_key, matrix)
    expected = [word for word, _ in wv.most_similar("w1", topn=99) if word != "w50"]
    assert [word for word, _ in spoilt.most_similar("w1", topn=98)] == expected
    assert [word for word, _ in spoilt.most_similar_batch(["w1"], topn=98)[0]] == expected


@pytest.mark.parametrize("bad", [(np.nan, 1), (np.inf, 1), (-np.inf, 0), (np.inf, -np.inf)])
@pytest.mark.parametrize("dtype", [np.float32, np.float16])
def test_every_query_agrees_that_a_vector_that_is_not_finite_has_no_cosine(bad, dtype):
    wv = WordVectors(["a", "b", "bad"], np.array([[1, 0], [1, 0.1], bad], dtype))
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        of_a = wv.most_similar("a", topn=None)
        assert np.isnan(of_a).tolist() == [False, False, True]
        assert np.isnan([score for _, score in wv.most_similar("bad")]).tolist() == [True, True]
        for word in ("a", "b", "bad"):
            assert np.isnan(wv.similarity(word, "bad"))
            assert np.isnan(wv.similarity("bad", word))
            assert np.isnan(wv.distance(word, "bad"))
            assert np.isnan(wv.n_similarity([word], ["bad"]))
            assert np.isnan(wv.distances(word, ["bad"])).all()
            assert np.isnan(wv.most_similar_cosmul(word, topn=None)[2])
        assert np.isnan(wv.distances("bad")).all()
        assert np.isnan(wv.most_similar("bad", topn=None)).all()
        assert [word for word, _ in wv.most_similar("a")] == ["b", "bad"]
        assert [[word for word, _ in near] for near in wv.most_similar_batch(["a", "bad"])] == [
            ["b", "bad"],
            ["a", "b"],
        ]


@pytest.mark.parametrize("bad", [(0, 0), (np.nan, 1), (np.inf, 1)])
def test_a_vector_without_a_direction_does_not_match(bad):
    wv = WordVectors(["a", "b", "bad"], np.array([[1, 0], [1, 0.1], bad], np.float32))
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert wv.doesnt_match(["a", "b", "bad"]) == "bad"


def test_doesnt_match_leaves_unknown_words_out_with_a_warning(small):
    with pytest.warns(UserWarning, match="'pear'"):
        assert small.doesnt_match(["king", "queen", "apple", "pear"]) == "apple"
    with (
        pytest.warns(UserWarning, match="'pear'"),
        pytest.raises(ValueError, match="words must have at least one word"),
    ):
        small.doesnt_match(["pear"])


def test_rank_counts_from_one_at_the_nearest(small):
    near = [word for word, _ in small.most_similar("king")]
    assert [small.rank("king", word) for word in near] == [1, 2, 3, 4]
    assert small.closer_than("king", near[2]) == sorted(near[:2], key=small.get_index)


def test_empty_queries_are_errors(small):
    with pytest.raises(ValueError, match="at least one word or vector, got none"):
        small.most_similar()
    with pytest.raises(ValueError, match="at least one word or vector, got none"):
        small.most_similar_cosmul(negative=["king"])
    with pytest.raises(ValueError, match="at least one word or vector, got none"):
        small.get_mean_vector([])
    with pytest.raises(ZeroDivisionError, match="empty"):
        small.n_similarity([], ["king"])
    with pytest.raises(ValueError, match="weights"):
        small.get_mean_vector(["king", "queen"], [1.0])


def test_a_vector_of_another_dimension_is_an_error(small):
    short = np.ones(2, np.float32)
    for query in (
        lambda: small.similar_by_vector(short),
        lambda: small.distances(short),
        lambda: small.most_similar_cosmul([short]),
        lambda: small.get_mean_vector([short]),
    ):
        with pytest.raises(ValueError, match=r"\(3,\)"):
            query()


# ---------------------------------------------------------------- unknown words


@pytest.mark.parametrize(
    "query",
    [
        lambda wv: wv["quen"],
        lambda wv: wv[["king", "quen"]],
        lambda wv: wv.get_vector("quen"),
        lambda wv: wv.get_index("quen"),
        lambda wv: wv.most_similar("quen"),
        lambda wv: wv.most_similar("king", "quen"),
        lambda wv: wv.most_similar_cosmul("quen"),
        lambda wv: wv.most_similar_batch(["king", "quen"]),
        lambda wv: wv.similar_by_word("quen"),
        lambda wv: wv.similarity("king", "quen"),
        lambda wv: wv.distance("quen", "king"),
        lambda wv: wv.distances("king", ["quen"]),
        lambda wv: wv.rank("king", "quen"),
        lambda wv: wv.closer_than("quen", "king"),
        lambda wv: wv.analogy("man", "king", "quen"),
        lambda wv: wv.get_mean_vector(["quen"], ignore_missing=False),
        lambda wv: wv.plot(["king", "quen"]),
    ],
)
def test_an_unknown_word_is_a_key_error_that_names_it_and_a_close_spelling(small, query):
    with pytest.raises(KeyError, match=r"'quen' not present in vocabulary.*'queen'"):
        query(small)


@pytest.mark.parametrize("slip", ["King", "kng", "kingg", "ikng", "kimg", "KING", "Kng", "KIMG"])
def test_one_slip_of_the_pen_is_recognised(small, slip):
    with pytest.raises(KeyError, match="did you mean 'king'"):
        small[slip]


def test_at_most_three_spellings_are_suggested_frequent_first():
    wv = WordVectors(["cat", "bat", "hat", "rat", "mat"], np.eye(5))
    with pytest.raises(KeyError, match=r"'cat' or 'bat' or 'hat'\?$"):
        wv["at"]


def test_words_that_differ_in_case_only_are_suggested_first():
    wv = WordVectors(["iphones", "phone", "iPhone", "STRASSE"], np.eye(4))
    for asked in ("iphone", "IPHONE", "Iphone"):
        with pytest.raises(KeyError, match=r"did you mean 'iPhone' or 'iphones' or 'phone'\?$"):
            wv[asked]
    with pytest.raises(KeyError, match=r"did you mean 'STRASSE'\?$"):
        wv["straße"]


def test_no_spelling_is_suggested_when_none_is_close(small):
    with pytest.raises(KeyError) as error:
        small["zebra"]
    assert str(error.value) == "Key 'zebra' not present in vocabulary"


def test_suggestions_work_in_other_scripts():
    wv = WordVectors(["снег", "лёд", "北京"], np.eye(3))
    with pytest.raises(KeyError, match="'снег'"):
        wv["снек"]
    with pytest.raises(KeyError, match="'北京'"):
        wv["北"]


def test_a_key_error_crosses_processes_as_its_message(small):
    with pytest.raises(KeyError) as error:
        small["quen"]
    copy = pickle.loads(pickle.dumps(error.value))
    assert type(copy) is KeyError
    assert copy.args == (str(error.value),)


def test_get_returns_a_default_for_an_unknown_word(small):
    np.testing.assert_array_equal(small.get("queen"), small["queen"])
    assert small.get("quen") is None
    assert small.get("quen", 7) == 7
    np.testing.assert_array_equal(small.get(1, 7), small["queen"])
    with pytest.raises(ValueError, match="read-only"):
        small.get("queen")[0] = 9


def test_a_slice_is_a_read_only_view_of_the_rows(small):
    np.testing.assert_array_equal(small[:2], small.vectors[:2])
    np.testing.assert_array_equal(small[-2:], small[["woman", "apple"]])
    np.testing.assert_array_equal(small[::2], small.vectors[::2])
    assert small[9:].shape == (0, 3)
    assert np.shares_memory(small[1:3], small.vectors)
    with pytest.raises(ValueError, match="read-only"):
        small[:2][0, 0] = 9
    small.vectors[0, 0] = 2  # the matrix itself can be written to


def test_a_list_of_numbers_is_a_vector(small):
    vector = [2.0, -0.5, 0.1]
    expected = small.similar_by_vector(np.array(vector))
    for same in (vector, tuple(vector), np.array(vector, np.float32), [2, -0.5, np.float32(0.1)]):
        assert_same_neighbours(small.similar_by_vector(same), expected)
    np.testing.assert_allclose(small.distances(vector), small.distances(np.array(vector)))
    assert small.most_similar([vector, "king"]) == small.most_similar([np.array(vector), "king"])
    assert small.most_similar([(vector, 0.5)], "king") == small.most_similar(
        [(np.array(vector), 0.5)], "king"
    )
    with pytest.raises(ValueError, match=r"shape \(3,\), got \(2,\)"):
        small.similar_by_vector([1.0, 2.0])


def test_get_index_has_a_default(small):
    assert small.get_index("quen", -1) == -1
    assert small.get_index("quen", 0) == 0
    assert small.get_index("queen", -1) == 1


# ---------------------------------------------------------------- the container


def test_words_and_rows(small):
    assert len(small) == 5
    assert small.vector_size == 3
    assert small.index_to_key == ["king", "queen", "man", "woman", "apple"]
    assert small.key_to_index == {"king": 0, "queen": 1, "man": 2, "woman": 3, "apple": 4}
    assert "king" in small
    assert "pear" not in small
    assert 4 in small
    assert 5 not in small
    assert None not in small
    assert list(small) == small.index_to_key
    assert repr(small) == "WordVectors(5 words, dim=3, float32)"
    np.testing.assert_array_equal(small["queen"], [2, -1, 0])
    np.testing.assert_array_equal(small[1], small["queen"])
    np.testing.assert_array_equal(small[["queen", "king"]], [[2, -1, 0], [2, 1, 0]])
    assert small[[]].shape == (0, 3)


@pytest.mark.parametrize("dtype", [np.float32, np.float16])
def test_a_contiguous_matrix_is_not_copied(dtype):
    matrix = np.ones((3, 4), dtype)
    wv = WordVectors(["a", "b", "c"], matrix)
    assert wv.vectors is matrix
    assert np.shares_memory(wv["b"], matrix)


@pytest.mark.parametrize(
    "matrix",
    [
        np.arange(12.0).reshape(3, 4),
        np.arange(12).reshape(3, 4),
        np.asfortranarray(np.arange(12, dtype=np.float32).reshape(3, 4)),
        np.arange(12, dtype=">f4").reshape(3, 4),
        np.arange(24, dtype=np.float32).reshape(3, 8)[:, ::2] / 2,
    ],
)
def test_other_matrices_become_contiguous_float32(matrix):
    wv = WordVectors(["a", "b", "c"], matrix)
    assert wv.vectors.dtype == np.dtype(np.float32)
    assert wv.vectors.dtype.isnative
    assert wv.vectors.flags.c_contiguous
    np.testing.assert_array_equal(wv.vectors, np.arange(12).reshape(3, 4))


def test_a_row_cannot_be_written_to(small):
    with pytest.raises(ValueError, match="read-only"):
        small["king"][0] = 9
    # The matrix belongs to the caller, so it stays writeable.
    assert small.vectors.flags.writeable


def test_a_word_that_comes_twice_keeps_its_first_vector():
    matrix = np.arange(10, dtype=np.float32).reshape(5, 2)
    with pytest.warns(UserWarning, match="2 of 5 vectors dropped.*'a'") as caught:
        wv = WordVectors(["a", "b", "a", "c", "a"], matrix)
    assert caught[0].filename == __file__
    assert wv.index_to_key == ["a", "b", "c"]
    np.testing.assert_array_equal(wv.vectors, matrix[[0, 1, 3]])
    assert wv.key_to_index == {"a": 0, "b": 1, "c": 2}


def test_lengths_that_differ_are_an_error():
    with pytest.raises(ValueError, match="2 words and 3 vectors"):
        WordVectors(["a", "b"], np.ones((3, 4), np.float32))


@pytest.mark.parametrize("matrix", [np.ones(3), np.ones((1, 2, 3)), np.ones((3, 2), complex)])
def test_what_is_not_a_real_matrix_is_an_error(matrix):
    with pytest.raises(ValueError, match="matrix of real numbers"):
        WordVectors(["a", "b", "c"][: len(matrix)], matrix)


def test_no_words_at_all():
    wv = WordVectors([], np.empty((0, 5), np.float32))
    assert len(wv) == 0
    assert wv.similar_by_vector(np.ones(5, np.float32)) == []
    assert wv.most_similar_batch([]) == []
    assert "<table>" in wv._repr_html_()


def test_one_word_has_no_neighbours():
    wv = WordVectors(["alone"], np.ones((1, 5), np.float32))
    assert wv.most_similar("alone") == []
    assert wv.most_similar_batch(["alone"]) == [[]]


def test_pickle_keeps_words_and_vectors_and_drops_what_can_be_computed(wv):
    wv.most_similar(wv.index_to_key[0])
    blob = pickle.dumps(wv)
    copy = pickle.loads(blob)
    assert copy.index_to_key == wv.index_to_key
    np.testing.assert_array_equal(copy.vectors, wv.vectors)
    assert copy.most_similar(wv.index_to_key[0]) == wv.most_similar(wv.index_to_key[0])
    assert len(blob) < wv.vectors.nbytes + 40 * len(wv) + 1000


def test_queries_see_what_is_written_to_the_vectors():
    wv = WordVectors(["a", "b", "c"], np.array([[1, 0], [3, 4], [0, 2]], np.float32))
    assert wv.most_similar("a")[0] == ("b", pytest.approx(0.6))
    wv.vectors[0] *= 32
    wv.vectors[2] = [100, 0]
    assert [word for word, _ in wv.most_similar("a")] == ["c", "b"]
    np.testing.assert_allclose(wv.most_similar("a", topn=None), [1, 0.6, 1], **TOLERANCE)
    np.testing.assert_allclose(wv.get_vector("c", norm=True), [1, 0])
    np.testing.assert_allclose(wv.distances("b"), [0.4, 0, 0.4], **TOLERANCE)
    assert wv.most_similar_batch(["a"])[0][0] == ("c", pytest.approx(1))
    assert wv.similarity("a", "c") == 1


def test_words_may_be_read_when_first_asked_for():
    matrix = np.eye(3, dtype=np.float32)
    calls = []

    def read():
        calls.append(1)
        return ["a", "b", "c"]

    wv = WordVectors._from_unique(read, matrix)
    assert (len(wv), wv.vector_size, wv.vectors is matrix, calls) == (3, 3, True, [])
    assert wv["b"].tolist() == [0, 1, 0]
    assert wv.index_to_key == ["a", "b", "c"]
    assert calls == [1]


@pytest.mark.slow
def test_many_threads_may_ask_at_once():
    for seed in range(5):
        wv = random_vectors(2_000, 16, seed)
        reference = random_vectors(2_000, 16, seed)
        lazy = WordVectors._from_unique(lambda wv=wv: list(wv.index_to_key), wv.vectors)
        words = [f"w{i}" for i in range(64)]
        with ThreadPoolExecutor(8) as pool:
            answers = list(pool.map(lazy.most_similar, words))
        assert answers == [reference.most_similar(word) for word in words]


# ---------------------------------------------------------------- float16


def test_float16_answers_like_its_float32_copy(monkeypatch):
    monkeypatch.setattr(cosine_module, "_COPIED_ROWS", 64)
    half = random_vectors(300, 24)
    half = WordVectors(half.index_to_key, half.vectors.astype(np.float16))
    single = WordVectors(half.index_to_key, half.vectors.astype(np.float32))
    assert half["w3"].dtype == np.float16
    for limits in ({}, {"clip_start": 100, "clip_end": 250}, {"restrict_vocab": 70}):
        assert_same_neighbours(
            half.most_similar(["w3", "w4"], ["w7"], **limits),
            single.most_similar(["w3", "w4"], ["w7"], **limits),
        )
    for ours, theirs in zip(
        half.most_similar_batch(["w3", "w250"]),
        single.most_similar_batch(["w3", "w250"]),
        strict=True,
    ):
        assert_same_neighbours(ours, theirs)
    np.testing.assert_allclose(half.distances("w5"), single.distances("w5"), **TOLERANCE)
    assert half.similarity("w1", "w2") == pytest.approx(single.similarity("w1", "w2"), abs=1e-6)


def test_float16_queries_do_not_expand_the_matrix():
    wv = WordVectors([str(i) for i in range(100_000)], np.ones((100_000, 50), np.float16))
    wv.get_index("0")
    tracemalloc.start()
    wv.most_similar("7")
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < wv.vectors.nbytes


# ---------------------------------------------------------------- batches


@pytest.mark.parametrize("topn", [1, 10, 63, 64, 65, 199, 5_000])
@pytest.mark.parametrize(("rows", "queries", "a_pass"), [(64, 7, 20), (16_384, 256, 1_024)])
def test_a_batch_answers_like_single_queries(monkeypatch, topn, rows, queries, a_pass):
    monkeypatch.setattr(cosine_module, "_COPIED_ROWS", rows)
    monkeypatch.setattr(nearest, "_QUERIES", queries)
    monkeypatch.setattr(nearest, "_PASS", a_pass)
    wv = random_vectors()
    words = [*wv.index_to_key[::3], "w0", "w0"]
    for word, near in zip(words, wv.most_similar_batch(words, topn), strict=True):
        assert_same_neighbours(near, wv.most_similar(word, topn=topn))
        assert all(type(other) is str and type(score) is float for other, score in near)


@pytest.mark.slow
@given(
    hnp.arrays(
        np.float32, st.tuples(st.integers(1, 40), st.integers(1, 4)), elements=st.integers(-2, 2)
    ),
    st.integers(1, 45),
)
def test_a_batch_answers_like_single_queries_whatever_ties_and_zeros(matrix, topn):
    wv = WordVectors([f"w{i}" for i in range(len(matrix))], matrix)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(cosine_module, "_COPIED_ROWS", 8)
        patch.setattr(nearest, "_QUERIES", 3)
        batch = wv.most_similar_batch(wv.index_to_key, topn)
    for word, near in zip(wv.index_to_key, batch, strict=True):
        single = wv.most_similar(word, topn=topn)
        assert len(near) == len(single)
        np.testing.assert_allclose(
            [score for _, score in near], [score for _, score in single], rtol=1e-5, atol=1e-6
        )
        assert word not in {other for other, _ in near}
        assert len({other for other, _ in near}) == len(near)


def test_best_neighbours_last_in_the_vocabulary_are_found(monkeypatch):
    # The best words come last: the worst order for a search that keeps the best so far.
    monkeypatch.setattr(cosine_module, "_COPIED_ROWS", 100)
    angles = np.linspace(3, 0.01, 1_000)
    matrix = np.stack([np.cos(angles), np.sin(angles)], axis=1)
    wv = WordVectors([*(f"w{i}" for i in range(1_000)), "query"], np.vstack([matrix, [1, 0]]))
    near = [word for word, _ in wv.most_similar_batch(["query"], topn=300)[0]]
    assert near == [f"w{i}" for i in range(999, 699, -1)]


@pytest.mark.slow
def test_memory_of_a_batch_does_not_grow_with_the_number_of_words():
    wv = random_vectors(40_000, 8)
    wv.most_similar("w0")
    peaks = []
    for count in (1_024, 8_192):
        tracemalloc.start()
        result = wv.most_similar_batch(wv.index_to_key[:count], topn=1)
        kept, peak = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        assert len(result) == count
        peaks.append(peak - kept)
    assert peaks[1] < peaks[0] * 1.1
    assert peaks[1] < 60e6


# ------------------------------------------- sum, mean, word or context vector


def test_combine_makes_one_vector_of_two():
    W = np.array([[1, 2], [3, 4]], np.float32)
    W_tilde = np.array([[10, 20], [30, 40]], np.float32)
    expected = {
        "sum": W + W_tilde,
        "mean": (W + W_tilde) / 2,
        "word": W,
        "context": W_tilde,
        "concat": np.hstack([W, W_tilde]),
    }
    assert set(expected) == set(COMBINATIONS)
    for how, matrix in expected.items():
        combined = combine(W, W_tilde, how)
        assert combined.dtype == np.float32
        np.testing.assert_array_equal(combined, matrix)
        np.testing.assert_array_equal(W, [[1, 2], [3, 4]])
    np.testing.assert_array_equal(combine(W, W_tilde), expected["sum"])
    assert combine(W, W_tilde, "word") is W


def test_combine_names_its_choices():
    W = np.ones((2, 2), np.float32)
    with pytest.raises(ValueError, match="'sum', 'mean', 'word', 'context', 'concat', got 'max'"):
        combine(W, W, "max")
    with pytest.raises(ValueError, match="shape"):
        combine(W, np.ones((2, 3)), "sum")


# ---------------------------------------------------------------- other libraries


def test_to_gensim_shares_the_matrix_and_answers_alike(wv):
    pytest.importorskip("gensim", reason="gensim is not installed")
    keyed = wv.to_gensim()
    assert keyed.vectors is wv.vectors
    assert len(keyed) == len(wv)
    word = wv.index_to_key[4]
    assert_same_neighbours(wv.most_similar(word), keyed.most_similar(word))
    # A vector that is added in gensim does not appear here.
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        keyed.add_vector("a new word", np.ones(wv.vector_size, np.float32))
    assert "a new word" in keyed
    assert keyed["a new word"].tolist() == [1] * wv.vector_size
    assert "a new word" not in wv
    assert len(wv.index_to_key) == len(wv.vectors)


def test_gensim_saves_and_loads_what_to_gensim_gave(wv, tmp_path):
    models = pytest.importorskip("gensim.models", reason="gensim is not installed")
    wv.to_gensim().save(str(tmp_path / "keyed"))
    copy = models.KeyedVectors.load(str(tmp_path / "keyed"))
    assert copy.index_to_key == wv.index_to_key
    np.testing.assert_array_equal(copy.vectors, wv.vectors)


def test_to_pandas_has_a_row_per_word(wv):
    pytest.importorskip("pandas", reason="pandas is not installed")
    frame = wv.to_pandas()
    assert frame.index.tolist() == wv.index_to_key
    assert frame.shape == wv.vectors.shape
    np.testing.assert_array_equal(frame.to_numpy(), wv.vectors)
    word = wv.index_to_key[3]
    np.testing.assert_array_equal(frame.loc[word], wv[word])


@pytest.mark.parametrize("binary", [False, True])
def test_gensim_reads_what_save_word2vec_format_writes(wv, tmp_path, binary):
    models = pytest.importorskip("gensim.models", reason="gensim is not installed")
    wv.save_word2vec_format(tmp_path / "vectors", binary=binary)
    copy = models.KeyedVectors.load_word2vec_format(tmp_path / "vectors", binary=binary)
    assert copy.index_to_key == wv.index_to_key
    np.testing.assert_allclose(copy.vectors, wv.vectors, rtol=0, atol=1e-6)


def test_float16_is_saved_as_float32(tmp_path):
    models = pytest.importorskip("gensim.models", reason="gensim is not installed")
    matrix = np.linspace(-1, 1, 12).reshape(3, 4).astype(np.float16)
    WordVectors(["a", "b", "c"], matrix).save_word2vec_format(tmp_path / "vectors", True)
    copy = models.KeyedVectors.load_word2vec_format(tmp_path / "vectors", binary=True)
    np.testing.assert_array_equal(copy.vectors, matrix.astype(np.float32))


COUNTS = Cooccurrence.from_scipy(np.ones((3, 3)))


def trained():
    return Glove(dim=2, epochs=1).fit_cooccurrence(COUNTS)


@pytest.mark.parametrize(
    ("call", "module", "advice"),
    [
        (lambda wv: wv.to_gensim(), "gensim", "pip install gensim"),
        (lambda wv: wv.to_pandas(), "pandas", "pip install pandas"),
        (lambda wv: wv.plot(["king", "man"]), "matplotlib", "pip install matplotlib"),
        (lambda _: trained().plot_loss(), "matplotlib", "pip install matplotlib"),
        (lambda _: COUNTS.to_scipy(), "scipy", "pip install scipy"),
    ],
)
def test_a_missing_library_is_an_import_error_that_says_what_to_install(
    small, monkeypatch, call, module, advice
):
    real = importlib.import_module

    def without(name, package=None):
        if name.split(".")[0] == module:
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)
        return real(name, package)

    monkeypatch.setattr(importlib, "import_module", without)
    with pytest.raises(ImportError, match=f"{module}.*{advice}"):
        call(small)


def test_importing_the_package_imports_no_optional_library():
    program = """
        import sys, glove_rs
        print(*sorted({"gensim", "pandas", "matplotlib", "scipy"} & set(sys.modules)))
    """
    run = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(program)], capture_output=True, text=True, check=True
    )
    assert run.stdout.strip() == ""


# ---------------------------------------------------------------- notebooks


class Table(html.parser.HTMLParser):
    """Parses a table in HTML: the texts of its rows, and whether every tag is closed."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.rows: list[list[str]] = []

    def handle_starttag(self, tag, attrs):
        self.open.append(tag)
        if tag == "tr":
            self.rows.append([])
        if tag in {"td", "th"}:
            self.rows[-1].append("")

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        if self.open[-1] in {"td", "th"}:
            self.rows[-1][-1] += data


def parsed(text: str) -> Table:
    table = Table()
    table.feed(text)
    table.close()
    assert table.open == []
    return table


def test_a_notebook_shows_a_table_of_neighbours():
    wv = random_vectors(2_000)
    head, *rows = parsed(wv._repr_html_()).rows
    assert head[0] == "word"
    assert [row[0] for row in rows] == ["w100", "w200", "w400", "w800", "w1600"]
    for word, *near in rows:
        assert near == [f"{other} {cosine:.2f}" for other, cosine in wv.most_similar(word, topn=5)]


def test_the_table_escapes_words():
    wv = WordVectors(["<script>", "a&b"], np.eye(2))
    assert "<script>" not in wv._repr_html_()
    assert [row[0] for row in parsed(wv._repr_html_()).rows[1:]] == ["<script>", "a&b"]
