"""Methods with the names of gensim: compared with results by hand and, if installed, gensim."""

from __future__ import annotations

import inspect
import re
from pathlib import Path

import numpy as np
import pytest

from glove_rs import FormatError, WordVectors

PAGE = Path(__file__).resolve().parents[1] / "docs" / "gensim.md"
TOLERANCE = {"rtol": 1e-5, "atol": 1e-5}
# gensim warns of its own deprecated names.
pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning")


@pytest.fixture
def wv():
    """Vectors whose cosines are easy to compute by hand."""
    return WordVectors(
        ["ice", "snow", "steam", "Ice"], np.array([[2, 0], [3, 4], [0, 5], [-1, 0]], np.float32)
    )


@pytest.fixture
def many():
    """Random vectors. Every fourth word has a twin that differs from it only in case."""
    rng = np.random.default_rng(7)
    words = [f"w{i}" for i in range(120)]
    words[3::4] = [word.upper() for word in words[2::4]]
    lengths = rng.lognormal(size=(120, 1))
    return WordVectors(words, (rng.normal(size=(120, 8)) * lengths).astype(np.float32))


def keyed_vectors(wv):
    models = pytest.importorskip("gensim.models", reason="gensim is not installed")
    keyed = models.KeyedVectors(wv.vector_size)
    keyed.add_vectors(list(wv.index_to_key), wv.vectors.copy())
    return keyed


def written(folder, text, name="file.txt", encoding="utf-8"):
    path = folder / name
    path.write_text(text, encoding=encoding)
    return path


# ------------------------------------------------------ results computed by hand


def test_has_index_for_is_membership(wv):
    assert wv.has_index_for("ice")
    assert not wv.has_index_for("fire")
    assert wv.has_index_for(3)
    assert not wv.has_index_for(4)


def test_normed_vectors_have_unit_length_and_are_new(wv):
    np.testing.assert_allclose(wv.get_normed_vectors(), [[1, 0], [0.6, 0.8], [0, 1], [-1, 0]])
    wv.get_normed_vectors()[:] = 0
    assert wv.vectors[0].tolist() == [2, 0]
    bad = WordVectors(["zero", "nan", "inf"], [[0, 0], [np.nan, 1], [np.inf, 1]])
    assert np.isnan(bad.get_normed_vectors()).all()


def test_vectors_for_all_takes_known_words_once_in_the_order_given(wv):
    some = wv.vectors_for_all(word for word in ["steam", "fire", "ice", "steam"])
    assert type(some) is WordVectors
    assert some.index_to_key == ["steam", "ice"]
    np.testing.assert_array_equal(some.vectors, [[0, 5], [2, 0]])
    some.vectors[:] = 7
    assert wv["ice"].tolist() == [2, 0]
    assert some.most_similar("ice")[0][0] == "steam"
    assert len(wv.vectors_for_all([])) == 0
    half = WordVectors(["a"], np.ones((1, 2), np.float16)).vectors_for_all(["a"], False, True)
    assert half.vectors.dtype == np.float16


def test_a_word_is_added_after_the_others(wv):
    before, words = wv.vectors, wv.index_to_key
    assert wv.add_vector("hail", [4.0, 3.0]) == 4
    assert wv.index_to_key == ["ice", "snow", "steam", "Ice", "hail"]
    assert wv["hail"].tolist() == [4, 3]
    assert wv.most_similar("ice", topn=1) == [("hail", pytest.approx(0.8))]
    # The older vectors are unchanged.
    assert before.shape == (4, 2)
    assert words == ["ice", "snow", "steam", "Ice"]
    # A known word keeps its vector.
    assert wv.add_vector("ice", np.array([0, 9])) == 0
    assert wv["ice"].tolist() == [2, 0]


def test_words_are_added_and_replaced_together(wv):
    original = wv.vectors
    wv.add_vectors(["hail", "ice"], np.array([[1, 1], [9, 9]]))
    assert (wv["hail"].tolist(), wv["ice"].tolist()) == ([1, 1], [2, 0])
    wv.add_vectors(["rain", "ice"], [[5, 5], [8, 8]], replace=True)
    assert (wv["rain"].tolist(), wv["ice"].tolist()) == ([5, 5], [8, 8])
    wv["ice"] = np.array([3.0, 0.0])
    wv[["fog", "steam"]] = np.array([[0, 1], [0, 2]])
    assert [wv[w].tolist() for w in ("ice", "fog", "steam")] == [[3, 0], [0, 1], [0, 2]]
    assert len(wv) == len(wv.vectors) == len(wv.key_to_index) == 7
    assert wv.similarity("fog", "steam") == 1
    np.testing.assert_array_equal(original, [[2, 0], [3, 4], [0, 5], [-1, 0]])


def test_a_mapped_file_can_be_added_to(wv, tmp_path):
    wv.save(tmp_path / "vectors")
    mapped = WordVectors.load(tmp_path / "vectors")
    assert not mapped.vectors.flags.writeable
    mapped["ice"] = np.array([0.0, 1.0])
    assert mapped["ice"].tolist() == [0, 1]
    assert WordVectors.load(tmp_path / "vectors")["ice"].tolist() == [2, 0]


@pytest.mark.parametrize(
    ("keys", "weights"),
    [
        ("hail", [1.0, 2.0, 3.0]),
        (["hail"], [[1.0, 2.0], [3.0, 4.0]]),
        (["hail", "fog"], [[1.0, 2.0], [3.0]]),
        (["hail"], "12"),
    ],
)
def test_vectors_that_do_not_fit_are_an_error_and_add_nothing(wv, keys, weights):
    with pytest.raises(ValueError, match=r"weights must hold . vectors of 2 numbers"):
        wv.add_vectors(keys, weights)
    assert len(wv) == 4
    with pytest.raises(ValueError, match="extras"):
        wv.add_vectors(["hail"], [[1, 2]], {"count": np.ones(1)})
    with pytest.raises(TypeError, match="keys"):
        wv.add_vectors([7], [[1, 2]])


def test_similar_by_key_and_words_closer_than_are_other_names(wv):
    assert wv.similar_by_key("ice", 2, 3) == wv.similar_by_word("ice", 2, 3)
    assert wv.words_closer_than("ice", "steam") == wv.closer_than("ice", "steam") == ["snow"]


def test_the_most_similar_of_a_list(wv):
    assert wv.most_similar_to_given("ice", ["Ice", "steam", "snow"]) == "snow"
    assert wv.most_similar_to_given("ice", ["steam"]) == "steam"
    with pytest.raises(KeyError, match="fire"):
        wv.most_similar_to_given("ice", ["fire"])
    with pytest.raises(ValueError, match="keys_list"):
        wv.most_similar_to_given("ice", [])


def test_relative_cosine_similarity_is_a_share_of_the_neighbours(wv):
    # The neighbours of ice are snow with the cosine 0.6, and steam with 0.
    assert wv.relative_cosine_similarity("ice", "snow", topn=2) == pytest.approx(1)
    # The neighbours of snow are steam with the cosine 0.8, and ice with 0.6.
    assert wv.relative_cosine_similarity("snow", "ice", topn=2) == pytest.approx(0.6 / 1.4)
    with pytest.raises(ValueError, match="neighbours"):
        wv.relative_cosine_similarity("ice", "snow", topn=0)


def test_words_are_ranked_by_their_closeness_to_the_mean(wv):
    # The unit vectors (1, 0), (0.6, 0.8), (0, 1) have a mean in the direction of (1.6, 1.8).
    length = np.hypot(1.6, 1.8)
    ranked = wv.rank_by_centrality(["ice", "snow", "steam"])
    assert [word for _, word in ranked] == ["snow", "steam", "ice"]
    np.testing.assert_allclose(
        [score for score, _ in ranked], np.array([2.4, 1.8, 1.6]) / length, **TOLERANCE
    )
    # The vectors (2, 0), (3, 4), (0, 5) have a mean in the direction of (5, 9). A score is the dot
    # product of a vector with the unit vector in this direction.
    ranked = wv.rank_by_centrality(["ice", "snow", "steam"], use_norm=False)
    np.testing.assert_allclose(
        [score for score, _ in ranked], np.array([51, 45, 10]) / np.hypot(5, 9), **TOLERANCE
    )
    with pytest.warns(UserWarning, match="'fire'") as caught:
        assert wv.rank_by_centrality(["ice", "fire"]) == [(pytest.approx(1), "ice")]
    assert caught[0].filename == __file__


def test_words_without_a_direction_are_ranked_last():
    words = ["zero", "left", "nan", "right", "up", "inf"]
    matrix = np.array([[0.0, 0], [-2, 0], [np.nan, 1], [3, 0], [1, 1], [np.inf, 0]])
    wv = WordVectors(words, matrix)
    ranked = wv.rank_by_centrality(words)
    # The words with a direction are ranked as they are without the other words.
    assert ranked[:3] == wv.rank_by_centrality(["left", "right", "up"])
    assert [word for _, word in ranked] == ["up", "right", "left", "zero", "nan", "inf"]
    assert ranked[2][0] < 0
    assert np.isnan([score for score, _ in ranked[3:]]).all()
    assert wv.doesnt_match(words) == "inf"
    assert wv.closer_than("right", "zero") == wv.closer_than("right", "nan") == ["left", "up"]
    assert (wv.rank("right", "up"), wv.rank("right", "zero")) == (1, 3)
    assert wv.closer_than("zero", "nan") == []
    # The dot product of a zero vector with the mean is 0.
    ranked = wv.rank_by_centrality(words, use_norm=False)
    assert [word for _, word in ranked] == ["right", "up", "zero", "left", "nan", "inf"]
    assert ranked[2][0] == 0
    assert np.isnan([score for score, _ in ranked[4:]]).all()
    with np.errstate(all="raise"):
        for use_norm in (True, False):
            ((score, word),) = wv.rank_by_centrality(["nan"], use_norm)
            assert word == "nan"
            assert np.isnan(score)


def test_bytes_in_another_encoding_are_named_with_their_place(wv, tmp_path):
    pytest.importorskip("scipy", reason="scipy is not installed")
    path = tmp_path / "pairs.txt"
    # The message has the offset in the file, also far from its beginning and after a mark.
    for mark in (b"", b"\xef\xbb\xbf"):
        path.write_bytes(mark + b"ice\tsnow\t9\n" * 3000 + b"\xe9")
        message = f"pairs.txt: byte {33_000 + len(mark)} is not UTF-8: set encoding="
        for encoding in ("utf-8", "UTF8", "utf-8-sig"):
            with pytest.raises(FormatError, match=message):
                wv.evaluate_word_pairs(path, encoding=encoding)
    path.write_text(
        "ice\tsnow\t9\r\nsnow\tsteam\t2\rice\tsteam\t1\n", encoding="utf-16", newline=""
    )
    assert wv.evaluate_word_pairs(path, encoding="utf-16")[2] == 0
    with pytest.raises(LookupError):
        wv.evaluate_word_pairs(path, encoding="no such encoding")


def test_word_pairs_by_hand(wv, tmp_path):
    pytest.importorskip("scipy", reason="scipy is not installed")
    text = "# a\tb\t1\nice\tsnow\t9\nICE\tsteam\t2\nsnow\tsteam\t5\nbad line\nice\tfire\t1\n"
    path = written(tmp_path, text)
    pearson, spearman, unknown = wv.evaluate_word_pairs(path)
    # The cosines 0.6, 0 and 0.8 have the ranks 2, 1, 3; the ratings 9, 2 and 5 have 3, 1, 2.
    assert spearman[0] == pytest.approx(0.5)
    assert pearson[0] == pytest.approx(np.corrcoef([9, 2, 5], [0.6, 0, 0.8])[0, 1])
    assert unknown == 25
    pearson, _, unknown = wv.evaluate_word_pairs(path, dummy4unknown=True)
    assert pearson[0] == pytest.approx(np.corrcoef([9, 2, 5, 1], [0.6, 0, 0.8, 0])[0, 1])
    assert unknown == 25
    # Now "Ice" and "ice" are different words, and "ICE" is unknown.
    *_, unknown = wv.evaluate_word_pairs(path, case_insensitive=False)
    assert unknown == 50
    for text, left in (("bad line\n", 0), ("bad line\nice\tsnow\t9\nice\tfire\t1\n", 1)):
        with pytest.raises(ValueError, match=rf"at least two lines of .*bad\.txt .* got {left}"):
            wv.evaluate_word_pairs(written(tmp_path, text, "bad.txt"))


def test_pairs_that_are_not_finite_are_left_out_with_a_warning(tmp_path):
    pytest.importorskip("scipy", reason="scipy is not installed")
    wv = WordVectors(["a", "b", "c", "bad"], [[1, 0], [1, 1], [0, 1], [np.nan, 1]])
    path = written(tmp_path, "a\tb\t9\na\tc\t1\nb\tc\t5\n")
    expected = wv.evaluate_word_pairs(path)
    more = written(tmp_path, "a\tb\t9\na\tc\t1\nb\tc\t5\na\tbad\t9\n", "more.txt")
    with pytest.warns(UserWarning, match="1 pairs left out") as caught:
        assert wv.evaluate_word_pairs(more) == expected
    assert caught[0].filename == __file__


QUESTIONS = ": family\nman king woman queen\nman king woman man\n: other\nman king fire x\n"


@pytest.fixture
def royal():
    return WordVectors(
        ["man", "woman", "king", "queen"], np.array([[1.0, 0], [-1, 0], [1, 2], [-1, 2]])
    )


def test_word_analogies_by_hand(royal, tmp_path):
    path = written(tmp_path, QUESTIONS)
    score, sections = royal.evaluate_word_analogies(path)
    right = ("MAN", "KING", "WOMAN", "QUEEN")
    wrong = ("MAN", "KING", "WOMAN", "MAN")
    assert score == 0.5
    assert sections == [
        {"section": "family", "correct": [right], "incorrect": [wrong]},
        {"section": "other", "correct": [], "incorrect": []},
        {"section": "Total accuracy", "correct": [right], "incorrect": [wrong]},
    ]
    score, sections = royal.evaluate_word_analogies(path, dummy4unknown=True)
    assert score == pytest.approx(1 / 3)
    assert sections[1]["incorrect"] == [("MAN", "KING", "FIRE", "X")]
    score, sections = royal.evaluate_word_analogies(path, case_insensitive=False)
    assert sections[0]["correct"] == [("man", "king", "woman", "queen")]
    assert royal.evaluate_word_analogies(path, restrict_vocab=3)[0] == 0
    assert royal.evaluate_word_analogies(path, similarity_function="most_similar_cosmul")[0] == 0.5
    with pytest.raises(ValueError, match="similarity_function"):
        royal.evaluate_word_analogies(path, similarity_function="nearest")


def test_lines_that_are_no_questions_are_left_out_with_a_warning(royal, tmp_path):
    path = written(tmp_path, QUESTIONS + "three words only\n")
    with pytest.warns(UserWarning, match=r"1 lines of .* the first is line 6") as caught:
        assert royal.evaluate_word_analogies(path)[0] == 0.5
    assert caught[0].filename == __file__
    with pytest.raises(FormatError, match="no question"):
        royal.evaluate_word_analogies(written(tmp_path, "three words only\n", "bad.txt"))


def test_another_spelling_of_a_question_word_is_no_answer(tmp_path):
    # KING is nearest to the answer vector, but the answer is queen.
    words = ["man", "woman", "king", "KING", "queen", "apple"]
    rows = [[1, 0, 0], [0, 1, 0], [1, 0, 1], [-0.3, 1, 0.7], [-0.3, 1, 0.5], [-1, 0, 0]]
    path = written(tmp_path, ": s\nman king woman queen\n")
    wv = WordVectors(words, np.array(rows))
    assert wv.analogy("man", "king", "woman", topn=1)[0][0] == "KING"
    assert wv.evaluate_word_analogies(path)[0] == 1
    assert wv.evaluate_word_analogies(path, case_insensitive=False)[0] == 0


@pytest.mark.parametrize("binary", [False, True])
def test_load_word2vec_format_reads_what_save_word2vec_format_writes(wv, tmp_path, binary):
    wv.save_word2vec_format(tmp_path / "vectors", binary=binary)
    copy = WordVectors.load_word2vec_format(tmp_path / "vectors", binary=binary)
    assert copy.index_to_key == wv.index_to_key
    np.testing.assert_array_equal(copy.vectors, wv.vectors)
    first = WordVectors.load_word2vec_format(
        tmp_path / "vectors", None, binary, limit=2, datatype=np.float16
    )
    assert (first.index_to_key, first.vectors.dtype) == (["ice", "snow"], np.float16)


def test_load_word2vec_format_reads_files_without_a_header(wv, tmp_path):
    wv.save_glove(tmp_path / "vectors")
    copy = WordVectors.load_word2vec_format(tmp_path / "vectors", no_header=True)
    assert copy.index_to_key == wv.index_to_key
    np.testing.assert_array_equal(copy.vectors, wv.vectors)


def test_words_that_are_not_utf8_are_read_on_request(tmp_path):
    path = tmp_path / "vectors"
    path.write_bytes(b"2 1\na\xff 1\nb 2\n")
    with pytest.raises(FormatError, match="UTF-8"):
        WordVectors.load_word2vec_format(path)
    replaced = WordVectors.load_word2vec_format(path, unicode_errors="replace")
    assert replaced.index_to_key == ["a\ufffd", "b"]
    assert WordVectors.load_word2vec_format(path, unicode_errors="ignore").index_to_key == [
        "a",
        "b",
    ]


@pytest.mark.parametrize(
    "option", [{"fvocab": "counts.txt"}, {"encoding": "latin1"}, {"unicode_errors": "no"}]
)
def test_options_that_cannot_be_kept_are_refused(wv, tmp_path, option):
    wv.save_word2vec_format(tmp_path / "vectors")
    with pytest.raises(ValueError, match=next(iter(option))):
        WordVectors.load_word2vec_format(tmp_path / "vectors", **option)


# ---------------------------------------------------------------- against gensim


def test_the_methods_answer_as_in_gensim(many):
    keyed = keyed_vectors(many)
    words = many.index_to_key
    np.testing.assert_allclose(many.get_normed_vectors(), keyed.get_normed_vectors(), **TOLERANCE)
    some = many.vectors_for_all([words[9], "?", words[2], words[9]])
    theirs = keyed.vectors_for_all([words[9], "?", words[2], words[9]])
    assert some.index_to_key == theirs.index_to_key
    np.testing.assert_array_equal(some.vectors, theirs.vectors)
    for start in range(0, 100, 9):
        one, other, *rest = words[start : start + 8]
        assert many.has_index_for(one) == keyed.has_index_for(one)
        assert many.words_closer_than(one, other) == keyed.words_closer_than(one, other)
        assert many.most_similar_to_given(one, rest) == keyed.most_similar_to_given(one, rest)
        assert many.relative_cosine_similarity(one, other, 5) == pytest.approx(
            keyed.relative_cosine_similarity(one, other, 5), abs=1e-5
        )
        ours, theirs = many.similar_by_key(one, 7, 90), keyed.similar_by_key(one, 7, 90)
        assert [word for word, _ in ours] == [word for word, _ in theirs]
        for use_norm in (True, False):
            ours = many.rank_by_centrality(rest, use_norm)
            theirs = keyed.rank_by_centrality(rest, use_norm)
            assert [word for _, word in ours] == [word for _, word in theirs]
            np.testing.assert_allclose(
                [score for score, _ in ours], [score for score, _ in theirs], **TOLERANCE
            )
        assert many.doesnt_match(rest) == keyed.doesnt_match(rest)


def test_adding_vectors_gives_what_gensim_has(many):
    keyed = keyed_vectors(many)
    rng = np.random.default_rng(0)
    keys = ["new", many.index_to_key[3], "newer"]
    weights = rng.normal(size=(3, 8)).astype(np.float32)
    for replace in (False, True):
        both = [f"{word}{replace}" if word.startswith("new") else word for word in keys]
        many.add_vectors(both, weights, None, replace)
        keyed.add_vectors(both, weights, None, replace)
        assert many.index_to_key == keyed.index_to_key
        np.testing.assert_array_equal(many.vectors, keyed.vectors)
    assert many.add_vector("last", weights[0]) == keyed.add_vector("last", weights[0])
    many["last"] = weights[1]
    keyed["last"] = weights[1]
    np.testing.assert_array_equal(many.vectors, keyed.vectors)


@pytest.mark.parametrize("restrict_vocab", [300_000, 60, None])
@pytest.mark.parametrize("case_insensitive", [True, False])
@pytest.mark.parametrize("dummy4unknown", [True, False])
def test_word_pairs_correlate_as_in_gensim(
    many, tmp_path, restrict_vocab, case_insensitive, dummy4unknown
):
    keyed = keyed_vectors(many)
    rng = np.random.default_rng(1)
    words = [*many.index_to_key[:80], "unknown", "W5", "w5"]
    lines = [
        f"{rng.choice(words)}\t{rng.choice(words)}\t{rng.integers(0, 9) / 2}\n" for _ in range(150)
    ]
    path = written(tmp_path, "# comment\n" + "".join(lines) + "too\tfew\n")
    options = {
        "restrict_vocab": restrict_vocab,
        "case_insensitive": case_insensitive,
        "dummy4unknown": dummy4unknown,
    }
    ours, theirs = (each.evaluate_word_pairs(path, **options) for each in (many, keyed))
    for our, their in zip(ours[:2], theirs[:2], strict=True):
        assert type(our) is type(their)
        np.testing.assert_allclose(tuple(our), tuple(their), rtol=1e-4)
    assert ours[2] == pytest.approx(theirs[2])
    assert 0 < ours[2] < 100


@pytest.mark.parametrize("restrict_vocab", [300_000, 60, None])
@pytest.mark.parametrize("case_insensitive", [True, False])
@pytest.mark.parametrize("dummy4unknown", [True, False])
def test_word_analogies_are_answered_as_in_gensim(
    many, tmp_path, restrict_vocab, case_insensitive, dummy4unknown
):
    keyed = keyed_vectors(many)
    rng = np.random.default_rng(2)
    words = [*many.index_to_key[:80], "unknown"]
    lines = []
    for number in range(3):
        lines.append(f": section {number}\n")
        for _ in range(60):
            a, b, c = rng.choice(words, 3, replace=False)
            near = "unknown"
            if "unknown" not in (a, b, c):
                near = many.most_similar([b, c], [a], topn=3)[rng.integers(0, 3)][0]
            lines.append(f"{a} {b} {c} {near}\n")
    path = written(tmp_path, "".join(lines))
    options = {
        "restrict_vocab": restrict_vocab,
        "case_insensitive": case_insensitive,
        "dummy4unknown": dummy4unknown,
    }
    ours, theirs = (each.evaluate_word_analogies(path, **options) for each in (many, keyed))
    assert ours[1] == theirs[1]
    assert ours[0] == theirs[0]
    assert 0 < ours[0] < 1


@pytest.mark.parametrize("binary", [False, True])
def test_load_word2vec_format_reads_what_gensim_writes(many, tmp_path, binary):
    keyed_vectors(many).save_word2vec_format(str(tmp_path / "vectors"), binary=binary)
    copy = WordVectors.load_word2vec_format(tmp_path / "vectors", binary=binary)
    assert copy.index_to_key == many.index_to_key
    np.testing.assert_allclose(copy.vectors, many.vectors, rtol=1e-6)


# ---------------------------------------------------------------- the page docs/gensim.md


def public(kind: type) -> set[str]:
    return {name for name in dir(kind) if not name.startswith("_")}


def test_the_page_names_every_method_of_gensim_that_is_missing_here():
    models = pytest.importorskip("gensim.models", reason="gensim is not installed")
    named = set(re.findall(r"`(?:wv\.)?(\w+)", PAGE.read_text(encoding="utf-8")))
    missing = public(models.KeyedVectors) - public(WordVectors)
    assert missing <= named
    # A method that KeyedVectors and WordVectors have takes gensim's arguments in gensim's order.
    # Otherwise the page names the method and the missing arguments.
    for name in sorted(public(models.KeyedVectors) & public(WordVectors) - {"save", "load"}):
        their = inspect.getattr_static(models.KeyedVectors, name)
        if isinstance(their, property):
            continue
        theirs = list(inspect.signature(getattr(models.KeyedVectors, name)).parameters)
        ours = list(inspect.signature(getattr(WordVectors, name)).parameters)
        if ours[: len(theirs)] != theirs:
            assert {name, *theirs} - set(ours) - {"args", "kwds", "self"} <= named, name
