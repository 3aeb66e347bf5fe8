"""Analogy questions and similarity ratings, compared with simple implementations in the tests."""

from __future__ import annotations

import itertools
import json
import math

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from glove_rs import FormatError, WordVectors, evaluation
from glove_rs._vectors import analogy
from glove_rs.evaluation import AnalogyResult, AnalogyScore, SimilarityResult, _similarity

QUESTIONS = """\
: capital
Athens Greece Oslo Norway
Athens Greece Paris France
Oslo Norway Nowhere Noland
: family
king queen man woman
: gram1-plural
cat cats dog dogs
cat cats mouse mice
"""


def stanfords_answers(wv, questions, limit=None):
    """Answer questions as Stanford's evaluation does: in float64, one question at a time.

    Scale the rows of the first `limit` words to unit length, compute their dot products with
    b - a + c, exclude the rows of a, b and c, and take the word with the largest product. The
    answer is None if a word of the question has no row.
    """
    size = min(limit or len(wv), len(wv))
    W = wv.vectors[:size].astype(np.float64)
    W /= np.linalg.norm(W, axis=1, keepdims=True)
    rows = {word: row for row, word in enumerate(wv.index_to_key[:size])}
    answers = []
    for question in questions:
        if not all(word in rows for word in question):
            answers.append(None)
            continue
        a, b, c = (rows[word] for word in question[:3])
        scores = W @ (W[b] - W[a] + W[c])
        scores[[a, b, c]] = -np.inf
        answers.append(wv.index_to_key[int(np.argmax(scores))])
    return answers


def cosmul_answers(wv, questions):
    """Answer questions by equation (4) of Levy & Goldberg (2014), one at a time."""
    W = wv.vectors.astype(np.float64)
    W /= np.linalg.norm(W, axis=1, keepdims=True)
    answers = []
    for question in questions:
        a, b, c = (wv.key_to_index[word] for word in question[:3])
        near = [(1 + W @ W[row]) / 2 for row in (a, b, c)]
        scores = near[1] * near[2] / (near[0] + 1e-6)
        scores[[a, b, c]] = -np.inf
        answers.append(wv.index_to_key[int(np.argmax(scores))])
    return answers


def analogous_vectors(words, dim=12, seed=0):
    """Random vectors of `words` and of 500 more words, in random order."""
    rng = np.random.default_rng(seed)
    names = [*words, *(f"other{i}" for i in range(500))]
    order = rng.permutation(len(names))
    return WordVectors(
        [names[i] for i in order], rng.normal(size=(len(names), dim)).astype(np.float32)
    )


def written(folder, text, name="questions.txt", encoding="utf-8"):
    path = folder / name
    path.write_bytes(text.encode(encoding))
    return path


@pytest.fixture
def questions(tmp_path):
    return written(tmp_path, QUESTIONS)


def words_of(text):
    lines = [line for line in text.lower().splitlines() if not line.startswith(":")]
    return list(dict.fromkeys(word for line in lines for word in line.split()))


@pytest.fixture
def wv():
    """Vectors of all words of QUESTIONS except nowhere and noland. Some answers are right."""
    pairs = {
        "athens": (0, 0), "greece": (0, 1), "oslo": (1, 0), "norway": (1, 1),
        "paris": (2, 0), "france": (2, 1), "king": (3, 2), "queen": (3, 3),
        "man": (4, 2), "woman": (4, 3), "cat": (5, 4), "cats": (5, 5),
        "dog": (6, 4), "dogs": (6, 5), "mouse": (7, 4), "mice": (8, 5),
    }  # fmt: skip
    matrix = np.zeros((len(pairs), 15), np.float32)
    for row, (thing, form) in zip(matrix, pairs.values(), strict=True):
        row[thing], row[9 + form] = 2, 1
    return WordVectors(list(pairs), matrix * np.arange(1, 17, dtype=np.float32)[:, None])


# ---------------------------------------------------------------- analogies: the answers


@pytest.mark.parametrize("blocks", [(1 << 22, 128), (2_000, 3)])
def test_answers_are_stanfords_question_by_question(tmp_path, monkeypatch, blocks):
    monkeypatch.setattr(analogy, "_PRODUCTS", blocks[0])
    monkeypatch.setattr(analogy, "_QUESTIONS", blocks[1])
    rng = np.random.default_rng(3)
    wv = analogous_vectors([f"word{i}" for i in range(40)])
    asked = [tuple(rng.choice(wv.index_to_key[:60], 4)) for _ in range(700)]
    asked += [tuple(q) for q in itertools.product(wv.index_to_key[:4], repeat=4)]
    path = written(tmp_path, ": all\n" + "".join(" ".join(q) + "\n" for q in asked))
    result = evaluation.analogies(wv, path)
    assert list(result.questions) == asked
    assert list(result.predictions) == stanfords_answers(wv, asked)
    assert result.total.correct == sum(
        answer == question[3] for answer, question in zip(result.predictions, asked, strict=True)
    )


@pytest.mark.slow
@given(
    hnp.arrays(
        np.float32,
        st.tuples(st.integers(4, 25), st.integers(1, 8)),
        elements=st.floats(-3, 3, width=32),
    ),
    st.data(),
)
def test_answers_of_any_vectors_are_stanfords(tmp_path, matrix, data):
    assume((np.linalg.norm(matrix.astype(float), axis=1) > 1e-3).all())
    wv = WordVectors([f"w{i}" for i in range(len(matrix))], matrix)
    asked = data.draw(
        st.lists(st.tuples(*[st.sampled_from(wv.index_to_key)] * 4), min_size=1, max_size=20)
    )
    path = written(tmp_path, ": all\n" + "".join(" ".join(q) + "\n" for q in asked))
    W = matrix.astype(np.float64)
    W /= np.linalg.norm(W, axis=1, keepdims=True)
    expected = stanfords_answers(wv, asked)
    found = evaluation.analogies(wv, path).predictions
    for question, ours, theirs in zip(asked, found, expected, strict=True):
        a, b, c = (wv.key_to_index[word] for word in question[:3])
        assert ours not in question[:3]
        target = W[b] - W[a] + W[c]
        # Both answers are the same word, or words whose scores differ only by rounding.
        ours_score, theirs_score = (W[wv.key_to_index[word]] @ target for word in (ours, theirs))
        assert ours == theirs or ours_score == pytest.approx(theirs_score, abs=1e-12)


@pytest.mark.parametrize("cells", [1 << 22, 1])
def test_a_hair_decides_as_in_double_precision(tmp_path, monkeypatch, cells):
    # Every vector has three near copies that differ by a few units in the last place of float32.
    # The copies are scattered over the vocabulary, and with `cells` = 1 over several blocks of the
    # search.
    monkeypatch.setattr(analogy, "_PRODUCTS", cells)
    rng = np.random.default_rng(8)
    matrix = np.tile(rng.normal(size=(250, 10)), (4, 1))
    matrix *= 1 + rng.normal(size=matrix.shape) * 2e-7
    words = [f"w{i}" for i in range(len(matrix))]
    wv = WordVectors(words, rng.permutation(matrix).astype(np.float32))
    asked = [tuple(rng.choice(words, 4)) for _ in range(500)]
    path = written(tmp_path, ": all\n" + "".join(" ".join(q) + "\n" for q in asked))
    assert list(evaluation.analogies(wv, path).predictions) == stanfords_answers(wv, asked)


@pytest.mark.parametrize("blocks", [(1 << 22, 128), (2_000, 3)])
def test_cosmul_answers_are_levy_and_goldbergs(tmp_path, monkeypatch, blocks):
    monkeypatch.setattr(analogy, "_PRODUCTS", blocks[0])
    monkeypatch.setattr(analogy, "_QUESTIONS", blocks[1])
    rng = np.random.default_rng(4)
    wv = analogous_vectors([f"word{i}" for i in range(40)])
    asked = [tuple(rng.choice(wv.index_to_key[:60], 4)) for _ in range(400)]
    path = written(tmp_path, ": all\n" + "".join(" ".join(q) + "\n" for q in asked))
    result = evaluation.analogies(wv, path, method="3cosmul")
    assert list(result.predictions) == cosmul_answers(wv, asked)
    assert list(result.predictions) != stanfords_answers(wv, asked)


@pytest.mark.parametrize("method", ["3cosadd", "3cosmul"])
def test_answers_are_those_of_the_query_methods(tmp_path, method):
    rng = np.random.default_rng(6)
    wv = analogous_vectors([f"word{i}" for i in range(40)])
    asked = [tuple(rng.choice(wv.index_to_key[:60], 4)) for _ in range(100)]
    path = written(tmp_path, ": all\n" + "".join(" ".join(q) + "\n" for q in asked))
    query = wv.most_similar if method == "3cosadd" else wv.most_similar_cosmul
    result = evaluation.analogies(wv, path, method=method)
    for (a, b, c, _), answer in zip(asked, result.predictions, strict=True):
        assert query([b, c], [a], 1)[0][0] == answer


def test_the_unknown_word_of_stanfords_files_is_no_answer(tmp_path, wv):
    path = written(tmp_path, ": f\nking queen cat dog\n")
    unit = {word: wv.get_vector(word, norm=True) for word in ("king", "queen", "cat")}
    target = unit["queen"] - unit["king"] + unit["cat"]
    with_unk = WordVectors([*wv.index_to_key, "<unk>"], np.vstack([wv.vectors, target]))
    assert with_unk.analogy("king", "queen", "cat")[0][0] == "<unk>"
    expected = evaluation.analogies(wv, path).predictions
    assert evaluation.analogies(with_unk, path).predictions == expected


def test_vectors_without_a_direction_are_no_answers(tmp_path, wv):
    matrix = np.vstack([np.zeros(15), np.full(15, np.nan), np.full(15, np.inf), wv.vectors])
    spoilt = WordVectors(["zero", "nan", "inf", *wv.index_to_key], matrix)
    path = written(tmp_path, QUESTIONS)
    for method in evaluation.METHODS:
        whole = evaluation.analogies(wv, path, method=method)
        assert evaluation.analogies(spoilt, path, method=method).predictions == whole.predictions


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
def test_questions_with_a_vector_that_is_not_finite_are_left_out_and_counted(
    tmp_path, questions, wv, bad
):
    matrix = wv.vectors.copy()
    matrix[wv.get_index("cats"), 3] = bad
    spoilt = WordVectors(wv.index_to_key, matrix)
    result = evaluation.analogies(spoilt, questions)
    plain = evaluation.analogies(wv, questions)
    counts = [(s.answerable, s.skipped, s.not_finite) for s in result.sections]
    assert counts == [(2, 1, 0), (1, 0, 0), (0, 2, 2)]
    assert (result.answerable, result.skipped, result.not_finite) == (3, 3, 2)
    assert result.predictions[:4] == plain.predictions[:4]
    assert result.predictions[4:] == (None, None)
    assert "2 of the skipped questions have a vector with NaN or infinity" in str(result)
    assert "NaN" not in str(plain)
    assert result.to_dict()["total"]["not_finite"] == 2


def test_a_question_that_leaves_no_word_is_answered_wrongly(tmp_path):
    wv = WordVectors(["a", "b", "c"], np.eye(3))
    result = evaluation.analogies(wv, written(tmp_path, ": s\na b c a\n"))
    assert result.predictions == (None,)
    assert result.total == AnalogyScore("total", 0, 1, 0)


def test_restrict_vocab_knows_and_searches_the_first_words_only(tmp_path):
    rng = np.random.default_rng(7)
    wv = analogous_vectors([f"word{i}" for i in range(100)])
    asked = [tuple(rng.choice(wv.index_to_key[:120], 4)) for _ in range(200)]
    path = written(tmp_path, ": all\n" + "".join(" ".join(q) + "\n" for q in asked))
    result = evaluation.analogies(wv, path, restrict_vocab=90)
    expected = stanfords_answers(wv, asked, limit=90)
    assert list(result.predictions) == expected
    assert result.skipped == expected.count(None) > 0
    assert "first 90 words" in result.protocol
    with pytest.raises(ValueError, match="restrict_vocab must be an integer >= 1, got 0"):
        evaluation.analogies(wv, path, restrict_vocab=0)


def test_float16_vectors_can_be_evaluated(questions, wv):
    half = WordVectors(wv.index_to_key, wv.vectors.astype(np.float16))
    assert (
        evaluation.analogies(half, questions).predictions
        == evaluation.analogies(wv, questions).predictions
    )


# ---------------------------------------------------------------- analogies: the counts


def test_sections_and_sums_are_counted(questions, wv):
    result = evaluation.analogies(wv, questions)
    assert result.sections == (
        AnalogyScore("capital", 2, 2, 1),
        AnalogyScore("family", 1, 1, 0),
        AnalogyScore("gram1-plural", 1, 2, 0),
    )
    assert [section.kind for section in result.sections] == ["semantic", "semantic", "syntactic"]
    assert result.semantic == AnalogyScore("semantic", 3, 3, 1)
    assert result.syntactic == AnalogyScore("syntactic", 1, 2, 0)
    assert result.total == AnalogyScore("total", 4, 5, 1)
    assert result.accuracy == 0.8
    assert (result.answerable, result.skipped) == (5, 1)
    assert result.predictions[2] is None
    assert result.questions[0] == ("athens", "greece", "oslo", "norway")


def test_case_is_kept_on_request(questions, wv):
    result = evaluation.analogies(wv, questions, lowercase=False)
    assert [section.answerable for section in result.sections] == [0, 1, 2]
    assert result.questions[0] == ("Athens", "Greece", "Oslo", "Norway")
    assert "lower-cased" in evaluation.analogies(wv, questions).protocol
    assert "as written" in result.protocol


def test_the_protocol_and_method_are_named(questions, wv):
    added = evaluation.analogies(wv, questions)
    multiplied = evaluation.analogies(wv, questions, method="3cosmul")
    assert added.method == "3cosadd"
    assert "3CosAdd" in added.protocol
    assert "b - a + c" in added.protocol
    assert multiplied.method == "3cosmul"
    assert "3CosMul" in multiplied.protocol
    with pytest.raises(ValueError, match="method must be one of '3cosadd', '3cosmul', got 'x'"):
        evaluation.analogies(wv, questions, method="x")


def test_an_analogy_result_prints_as_a_table(questions, wv):
    lines = str(evaluation.analogies(wv, questions)).splitlines()
    assert lines[0].startswith("3CosAdd")
    head, *rows = lines[1:]
    assert head.split() == ["section", "accuracy", "correct", "answerable", "skipped"]
    assert len({len(row) for row in (head, *rows)}) == 1
    cells = [row.split() for row in rows if not row.startswith("-")]
    assert cells == [
        ["capital", "100.0%", "2", "2", "1"],
        ["family", "100.0%", "1", "1", "0"],
        ["gram1-plural", "50.0%", "1", "2", "0"],
        ["semantic", "100.0%", "3", "3", "1"],
        ["syntactic", "50.0%", "1", "2", "0"],
        ["total", "80.0%", "4", "5", "1"],
    ]


def test_an_analogy_result_converts_to_a_dict(questions, wv):
    result = evaluation.analogies(wv, questions)
    numbers = result.to_dict()
    assert json.loads(json.dumps(numbers)) == numbers
    assert numbers["protocol"] == result.protocol
    assert numbers["method"] == "3cosadd"
    assert numbers["path"] == str(questions)
    assert numbers["total"] == {
        "name": "total",
        "correct": 4,
        "answerable": 5,
        "skipped": 1,
        "not_finite": 0,
        "accuracy": 0.8,
    }
    assert numbers["semantic"]["accuracy"] == 1
    assert numbers["syntactic"]["accuracy"] == 0.5
    assert [section["name"] for section in numbers["sections"]] == [
        "capital",
        "family",
        "gram1-plural",
    ]
    assert numbers["sections"][2]["kind"] == "syntactic"


def test_accuracy_is_undefined_when_no_question_is_answerable(questions):
    wv = WordVectors(["a", "b"], np.eye(2))
    result = evaluation.analogies(wv, questions)
    assert math.isnan(result.accuracy)
    assert (result.answerable, result.skipped) == (0, 6)
    assert result.to_dict()["total"]["accuracy"] is None
    assert str(result).splitlines()[-1].split() == ["total", "n/a", "0", "0", "6"]
    assert set(result.predictions) == {None}


def test_the_repr_does_not_list_every_question(questions, wv):
    assert "athens" not in repr(evaluation.analogies(wv, questions))


# ---------------------------------------------------------------- analogies: the file


@pytest.mark.parametrize(
    "text",
    [
        QUESTIONS.replace("\n", "\r\n"),
        "\ufeff" + QUESTIONS,
        QUESTIONS.replace("\n", "\n\n").rstrip("\n"),
        QUESTIONS.replace(": ", ":"),
        QUESTIONS.replace(": ", ":  "),
        QUESTIONS.replace("king queen", "  king\t queen "),
    ],
)
def test_oddities_of_files_do_not_matter(tmp_path, wv, questions, text):
    plain = evaluation.analogies(wv, questions)
    odd = evaluation.analogies(wv, written(tmp_path, text, "odd.txt"))
    assert (odd.sections, odd.questions) == (plain.sections, plain.questions)


def test_questions_before_the_first_section_are_named_after_the_file(tmp_path, wv):
    # A file without sections, as in Stanford's eval/question-data.
    path = written(tmp_path, "cat cats dog dogs\n", "gram8-plural.txt")
    (section,) = evaluation.analogies(wv, path).sections
    assert section == AnalogyScore("gram8-plural", 1, 1, 0)
    assert section.kind == "syntactic"


def test_a_section_may_be_empty(tmp_path, wv):
    path = written(tmp_path, ": none\n: family\nking queen man woman\n: last\n")
    assert [score.answerable for score in evaluation.analogies(wv, path).sections] == [0, 1, 0]


def test_words_may_hold_unicode_spaces(tmp_path):
    words = ["a\u00a0a", "b\u0085b", "c\u3000c", "d"]
    wv = WordVectors(words, np.eye(4) + 1)
    result = evaluation.analogies(wv, written(tmp_path, ": s\n" + " ".join(words) + "\n"))
    assert result.questions == (tuple(words),)
    assert result.answerable == 1


@pytest.mark.parametrize(
    ("text", "line"),
    [
        (": s\na b c d\na b c\n", 3),
        (": s\n\na b c d e\n", 3),
        ("a\n", 1),
        (": s\r\na b c d\r\n\r\na b\r\n", 4),
        ("", 1),
        (": only a section\n", 1),
    ],
)
def test_a_malformed_question_names_file_and_line(tmp_path, wv, text, line):
    path = written(tmp_path, text)
    with pytest.raises(FormatError, match=rf"questions\.txt:{line}: ") as error:
        evaluation.analogies(wv, path)
    assert isinstance(error.value, ValueError)
    assert str(path) in str(error.value)


def test_bytes_that_are_not_utf8_name_file_and_line(tmp_path, wv):
    for measure in (evaluation.analogies, evaluation.similarity):
        path = written(tmp_path, ": s\na b c d\né b c d\n", encoding="latin-1")
        with pytest.raises(FormatError, match=r"questions\.txt, line 3: not UTF-8"):
            measure(wv, path)


@pytest.mark.parametrize("measure", [evaluation.analogies, evaluation.similarity])
def test_a_file_that_cannot_be_read_is_an_os_error_with_its_path(tmp_path, wv, measure):
    with pytest.raises(FileNotFoundError, match=r"missing\.txt"):
        measure(wv, tmp_path / "missing.txt")
    with pytest.raises(IsADirectoryError):
        measure(wv, str(tmp_path))


# ---------------------------------------------------------------- similarity


def ranked(size=30, seed=0):
    rng = np.random.default_rng(seed)
    words = [f"w{i}" for i in range(size)]
    wv = WordVectors(words, rng.normal(size=(size, 5)).astype(np.float32))
    pairs = [(*rng.choice(words, 2), float(rng.integers(0, 11))) for _ in range(200)]
    return wv, pairs


@pytest.mark.parametrize("seed", range(5))
def test_correlations_are_scipys_ties_included(tmp_path, seed):
    stats = pytest.importorskip("scipy.stats", reason="scipy is not installed")
    wv, pairs = ranked(seed=seed)
    path = written(tmp_path, "".join(f"{a}\t{b}\t{rating}\n" for a, b, rating in pairs))
    result = evaluation.similarity(wv, path)
    ratings = [rating for _, _, rating in pairs]
    cosines = [wv.similarity(a, b) for a, b, _ in pairs]
    assert result.spearman == pytest.approx(stats.spearmanr(ratings, cosines)[0], abs=1e-9)
    assert result.pearson == pytest.approx(stats.pearsonr(ratings, cosines)[0], abs=1e-9)
    assert (result.answerable, result.skipped) == (200, 0)


def test_spearman_of_ties_worked_by_hand(tmp_path):
    # Cosines 1, 0.6, 0.6, 0 have ranks 4, 2.5, 2.5, 1; ratings 9, 5, 4, 5 have 4, 2.5, 1, 2.5.
    # Less their mean 2.5, the ranks are (1.5, 0, 0, -1.5) and (1.5, 0, -1.5, 0). So Spearman's
    # correlation is 2.25 / sqrt(4.5 * 4.5) = 0.5.
    matrix = np.array([[1, 0], [2, 0], [3, 4], [3, -4], [0, 1]], np.float32)
    wv = WordVectors(["a", "b", "c", "d", "e"], matrix)
    path = written(tmp_path, "a b 9\na c 5\na d 4\na e 5\n")
    assert evaluation.similarity(wv, path).spearman == pytest.approx(0.5)


@pytest.mark.slow
@given(st.lists(st.integers(-5, 5), min_size=2, max_size=30), st.data())
def test_ranks_share_the_mean_of_their_places(values, data):
    ranks = _similarity.ranks(np.array(values, float))
    for value, rank in zip(values, ranks, strict=True):
        places = [place for place, other in enumerate(sorted(values), 1) if other == value]
        assert rank == np.mean(places)


@pytest.mark.parametrize(
    "text",
    [
        "ice\tsnow\t9\nice\tsteam\t2\nsnow\tsteam\t3.5\n",
        "ice,snow,9\nice,steam,2\nsnow,steam,3.5\n",
        "ice, snow, 9\nice, steam, 2\nsnow, steam, 3.5\n",
        "ice snow 9\nice   steam 2\n  snow steam\t 3.5\n".replace("\t", " "),
        "Word 1,Word 2,Human (mean)\nice,snow,9\nice,steam,2\nsnow,steam,3.5\n",
        "word1\tword2\tPOS\tscore\tsd\nice\tsnow\tN\t9\t1\nice\tsteam\tN\t2\t1\nsnow\tsteam\tN\t3.5\t0\n",
        "# a comment\n# Word 1\tWord 2\tMean\n\nice\tsnow\t9\n#x\nice\tsteam\t2\nsnow\tsteam\t3.5",
        "\ufeffice\tsnow\t9\r\nice\tsteam\t2\r\nsnow\tsteam\t3.5\r\n",
        "# comment\nword1 word2 score\nICE Snow 9\nIce STEAM 2e0\nsnow steam 3.5\n",
    ],
)
def test_separators_headers_and_comments(tmp_path, text):
    wv = WordVectors(["ice", "snow", "steam"], np.array([[2, 0], [3, 1], [0, 4]]))
    result = evaluation.similarity(wv, written(tmp_path, text))
    assert (result.answerable, result.skipped) == (3, 0)
    cosines = [1 / math.sqrt(1 + 1 / 9), 0, 1 / math.sqrt(10)]
    assert result.pearson == pytest.approx(np.corrcoef([9, 2, 3.5], cosines)[0, 1], abs=1e-6)
    assert result.spearman == pytest.approx(1)


def test_words_may_hold_spaces_where_tabs_or_commas_separate(tmp_path):
    wv = WordVectors(["new york", "paris", "oslo"], np.eye(3) + 1)
    for separator in "\t,":
        text = "new york,paris,3\noslo,paris,2\n".replace(",", separator)
        assert evaluation.similarity(wv, written(tmp_path, text)).answerable == 2


def test_pairs_with_unknown_words_are_left_out_and_counted(tmp_path):
    wv, pairs = ranked()
    path = written(tmp_path, "".join(f"{a},{b},{rating}\n" for a, b, rating in pairs))
    whole = evaluation.similarity(wv, path)
    more = path.read_text() + "w1,pear,3\nplum,w2,4\nplum,pear,5\n"
    with_unknown = evaluation.similarity(wv, written(tmp_path, more, "more.txt"))
    assert (with_unknown.answerable, with_unknown.skipped) == (200, 3)
    assert with_unknown.spearman == whole.spearman
    assert with_unknown.pearson == whole.pearson
    restricted = evaluation.similarity(wv, path, restrict_vocab=10)
    known = [pair for pair in pairs if {pair[0], pair[1]} <= set(wv.index_to_key[:10])]
    assert (restricted.answerable, restricted.skipped) == (len(known), 200 - len(known))


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
def test_pairs_with_a_vector_that_is_not_finite_are_left_out_and_counted(tmp_path, bad):
    matrix = np.array([[1, 0], [1, 1], [0, 1], [bad, 1]])
    wv = WordVectors(["a", "b", "c", "bad"], matrix)
    text = "a b 9\na c 2\nb c 5\n"
    plain = evaluation.similarity(wv, written(tmp_path, text))
    path = written(tmp_path, text + "a bad 9\nbad bad 9\nbad unknown 1\na unknown 2\n", "more.txt")
    result = evaluation.similarity(wv, path)
    assert (result.answerable, result.skipped, result.not_finite) == (3, 4, 2)
    assert (result.spearman, result.pearson) == (plain.spearman, plain.pearson)
    assert "2 of the skipped pairs have a vector with NaN or infinity" in str(result)
    assert result.to_dict()["not_finite"] == 2


def test_the_cosine_of_a_pair_with_a_vector_of_zeros_is_0_as_similarity_says(tmp_path):
    wv = WordVectors(["a", "b", "c", "zero"], np.array([[1, 0], [1, 1], [-1, 0.5], [0, 0]]))
    path = written(tmp_path, "a b 9\na c 1\na zero 5\n")
    result = evaluation.similarity(wv, path)
    assert (result.answerable, result.not_finite, wv.similarity("a", "zero")) == (3, 0, 0)
    assert result.spearman == pytest.approx(1)


def test_case_of_pairs_is_kept_on_request(tmp_path):
    wv = WordVectors(["ice", "snow", "steam"], np.array([[2, 0], [3, 1], [0, 4]]))
    path = written(tmp_path, "Ice snow 9\nice steam 2\nsnow steam 3\n")
    assert evaluation.similarity(wv, path).skipped == 0
    assert evaluation.similarity(wv, path, lowercase=False).skipped == 1


@pytest.mark.parametrize("text", ["a b 1\n", "a b 1\na b 2\n", "a b 1\nb c 1\n", "x y 1\n"])
def test_a_correlation_without_variation_is_undefined(tmp_path, text):
    wv = WordVectors(["a", "b", "c"], np.array([[2, 0], [3, 1], [0, 4]]))
    result = evaluation.similarity(wv, written(tmp_path, text))
    assert math.isnan(result.spearman)
    assert math.isnan(result.pearson)
    assert result.to_dict()["spearman"] is None
    assert "n/a" in str(result)


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("a\tb\t1\na\tb\n", 2),
        ("a b 1\na b many\n", 2),
        ("word1,word2,score\nword1,word2,score\na,b,1\n", 2),
        ("# comment\na b 1\n\na 1\n", 4),
        ("a,b,1\na,,3\n", 2),
        ("a\tb\t1\na\tb\tnan\n", 2),
        ("", 1),
        ("# nothing\nword1 word2 score\n", 1),
    ],
)
def test_a_malformed_pair_names_file_and_line(tmp_path, text, line):
    wv = WordVectors(["a", "b"], np.eye(2))
    with pytest.raises(FormatError, match=rf"pairs\.txt:{line}: "):
        evaluation.similarity(wv, written(tmp_path, text, "pairs.txt"))


def test_a_similarity_result_prints_and_converts(tmp_path):
    wv, pairs = ranked()
    path = written(tmp_path, "".join(f"{a} {b} {rating}\n" for a, b, rating in pairs), "pairs.txt")
    result = evaluation.similarity(wv, path)
    protocol, head, rule, row = str(result).splitlines()
    assert "cosine" in protocol
    assert head.split() == ["file", "Spearman", "Pearson", "answerable", "skipped"]
    assert set(rule) == {"-"}
    expected = ["pairs.txt", f"{result.spearman:.4f}", f"{result.pearson:.4f}", "200", "0"]
    assert row.split() == expected
    numbers = result.to_dict()
    assert json.loads(json.dumps(numbers)) == numbers
    assert numbers == {
        "protocol": result.protocol,
        "path": str(path),
        "spearman": result.spearman,
        "pearson": result.pearson,
        "answerable": 200,
        "skipped": 0,
        "not_finite": 0,
    }


# ---------------------------------------------------- both kinds of file


def test_evaluate_tells_the_two_kinds_of_file_apart(tmp_path, questions, wv):
    pairs = written(tmp_path, "# comment\nking queen 9\ncat dog 7\n", "pairs.txt")
    assert isinstance(wv.evaluate(questions), AnalogyResult)
    assert isinstance(wv.evaluate(str(pairs)), SimilarityResult)
    assert wv.evaluate(questions) == evaluation.analogies(wv, questions)
    assert wv.evaluate(
        questions, method="3cosmul", restrict_vocab=10, lowercase=False
    ) == evaluation.analogies(wv, questions, method="3cosmul", restrict_vocab=10, lowercase=False)
    # One pair is left, so the correlations are NaN. From Python 3.13 on, NaN makes results unequal.
    restricted = wv.evaluate(pairs, restrict_vocab=10)
    assert restricted.to_dict() == evaluation.similarity(wv, pairs, restrict_vocab=10).to_dict()
    with pytest.raises(FormatError, match="questions"):
        wv.evaluate(written(tmp_path, ""))


@pytest.mark.parametrize(
    "text",
    [
        "king queen man woman\ncat cats dog dogs\n",
        "king queen man woman\n",
        "\n king\tqueen\tman\twoman \r\ncat cats dog dogs\r\n",
        "1990 king queen man\nking queen man woman\n",
    ],
)
def test_questions_without_sections_are_recognised_as_such(tmp_path, wv, text):
    # A file without sections, as in Stanford's eval/question-data.
    path = written(tmp_path, text, "family.txt")
    result = wv.evaluate(path)
    assert isinstance(result, AnalogyResult)
    assert result == evaluation.analogies(wv, path)
    assert [section.name for section in result.sections] == ["family"]
    assert len(result.questions) == len(text.split("\n")) - 1 - text.startswith("\n")


@pytest.mark.parametrize(
    "text",
    [
        "word1 word2 POS rating\nking queen N 9\n",
        "word1\tword2\tPOS\trating\nking\tqueen\tN\t9\n",
        "king queen 9\n",
        "king queen 9 1.5\n",
        "king,queen,9,1.5\ncat,dog,7,3\n",
        "# one two three\nking queen 9\n",
    ],
)
def test_rated_pairs_with_other_columns_or_a_header_are_no_questions(tmp_path, wv, text):
    result = wv.evaluate(written(tmp_path, text, "pairs.txt"))
    assert isinstance(result, SimilarityResult)
    assert result.answerable >= 1


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "utf-16-le", "utf-16-be"])
def test_a_byte_order_mark_tells_the_encoding(tmp_path, wv, questions, encoding):
    mark = "\ufeff" if encoding.endswith("e") else ""
    path = written(tmp_path, mark + QUESTIONS, "marked.txt", encoding)
    assert wv.evaluate(path).to_dict()["sections"] == wv.evaluate(questions).to_dict()["sections"]
    pairs = written(tmp_path, mark + "king queen 9\ncat dog 7\n", "pairs.txt", encoding)
    assert wv.evaluate(pairs).answerable == 2


# ---------------------------------------------------------------- the standard sets


@pytest.fixture(scope="module")
def standard(shared):
    folder = shared / "eval"
    if not folder.is_dir():
        pytest.skip(f"no evaluation sets in {folder}: set GLOVE_RS_SHARED to the shared folder")
    return folder


@pytest.fixture(scope="module")
def many_questions(tmp_path_factory):
    """A file like questions-words.txt: 5 semantic and 9 syntactic sections of made-up words.

    A section asks every pair of its words with every other pair. So a word is in many questions.
    """
    names = ["capital-common-countries", "capital-world", "currency", "city-in-state", "family"]
    names += [f"gram{k}-{k}" for k in range(1, 10)]
    lines = []
    for section, name in enumerate(names):
        lines.append(f": {name}")
        # A word has a different partner in each section, so that not all answers are right.
        pairs = [f"Left{k} right{k * (section + 1) % 97}" for k in range(6 + section)]
        lines += [f"{one} {other}" for one in pairs for other in pairs if one != other]
    path = tmp_path_factory.mktemp("questions") / "questions.txt"
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


def standard_vectors(path, size, dim, seed=0):
    """Random vectors of the words of a question file and of other words.

    For the pairs (a, b) of a section, b - a is nearly the same vector.
    """
    rng = np.random.default_rng(seed)
    words: dict[str, None] = {}
    for line in path.read_text(encoding="utf-8").lower().splitlines():
        if not line.startswith(":"):
            words.update(dict.fromkeys(line.split()))
    names = [*words, *(f"other{i}" for i in range(size - len(words)))]
    order = rng.permutation(len(names))
    matrix = rng.standard_normal((size, dim), dtype=np.float32)
    rows = {names[i]: row for row, i in enumerate(order)}
    for line in path.read_text(encoding="utf-8").lower().splitlines():
        if line.startswith(":"):
            offset = rng.standard_normal(dim, dtype=np.float32)
        else:
            a, b, c, d = line.split()
            matrix[rows[b]] = matrix[rows[a]] + offset
            matrix[rows[d]] = matrix[rows[c]] + offset
    return WordVectors([names[i] for i in order], matrix)


@pytest.mark.slow
def test_every_question_is_answered_as_by_stanford(many_questions):
    wv = standard_vectors(many_questions, 3_000, 50)
    result = evaluation.analogies(wv, many_questions)
    sizes = [(6 + section) * (5 + section) for section in range(14)]
    assert [section.answerable for section in result.sections] == sizes
    assert (result.semantic.answerable, result.syntactic.answerable) == (
        sum(sizes[:5]),
        sum(sizes[5:]),
    )
    assert list(result.predictions) == stanfords_answers(wv, result.questions)
    assert 0.2 < result.accuracy < 0.999


def test_every_standard_question_is_answered_as_by_stanford(standard):
    path = standard / "questions-words.txt"
    wv = standard_vectors(path, 3_000, 50)
    result = evaluation.analogies(wv, path)
    assert len(result.questions) == result.answerable == 19_544
    assert [len(result.sections), result.sections[0].name] == [14, "capital-common-countries"]
    assert sum(section.kind == "semantic" for section in result.sections) == 5
    assert (result.semantic.answerable, result.syntactic.answerable) == (8_869, 10_675)
    assert list(result.predictions) == stanfords_answers(wv, result.questions)
    # If all answers were right or all were wrong, the test would prove nothing.
    assert 0.2 < result.accuracy < 0.999


def test_rated_pairs_are_read_below_comments(tmp_path):
    # wordsim353.tsv and simlex999.txt begin like this.
    text = "# A collection (https://example.org)\n# Word 1\tWord 2\tHuman (mean)\n"
    path = written(tmp_path, text + "tiger\tcat\t7.35\ntiger\ttiger\t10.00\nold\tnew\t1.58\n")
    result = evaluation.similarity(WordVectors(["tiger", "cat", "old"], np.eye(3)), path)
    assert (result.answerable, result.skipped) == (2, 1)


def test_rated_pairs_of_the_standard_sets_are_read(standard):
    for name, pairs in [("wordsim353.tsv", 353), ("simlex999.txt", 999)]:
        wv = WordVectors(["tiger", "cat", "old"], np.eye(3))
        result = evaluation.similarity(wv, standard / name)
        assert result.answerable + result.skipped == pairs


@pytest.mark.slow
def test_all_19544_questions_over_89082_words_are_answered_as_by_stanford(standard):
    path = standard / "questions-words.txt"
    wv = standard_vectors(path, 89_082, 50)
    result = evaluation.analogies(wv, path)
    assert result.answerable == 19_544
    some = range(0, 19_544, 200)
    assert [result.predictions[i] for i in some] == stanfords_answers(
        wv, [result.questions[i] for i in some]
    )
