"""The panel: every evaluation set of a folder in one table."""

from __future__ import annotations

import json
import math
import os
import re
import sys
import warnings
from html.parser import HTMLParser

import numpy as np
import pytest

from glove_rs import FormatError, WordVectors, evaluation
from glove_rs._core import COMPRESSED_ENDINGS
from glove_rs.evaluation import Panel, PanelRow, Score, _bootstrap

pytest.importorskip("scipy", reason="scipy is not installed")

SIZE = 60
WORDS = [f"w{i}" for i in range(SIZE)]


def vectors(seed=0, noise=0.0, words=WORDS):
    """Fixed vectors plus noise: normal numbers from `seed` with standard deviation `noise`."""
    rows = np.random.default_rng(0).normal(size=(SIZE, 6))
    rows = rows + noise * np.random.default_rng(seed + 1).normal(size=rows.shape)
    return WordVectors(words, rows[: len(words)])


def pairs(seed=0, number=80, words=WORDS):
    """Rated pairs. A rating is 5 plus 4 times the cosine of `vectors`, plus noise."""
    rng = np.random.default_rng(seed)
    wv = vectors()
    found = []
    for one, other in rng.choice(words, size=(number, 2)).tolist():
        rating = 5 + 4 * wv.similarity(one, other) + rng.normal()
        found.append(f"{one}\t{other}\t{rating:.2f}\n")
    return "".join(found)


def questions(sections, each=15, seed=0):
    """Questions. In about half of them, the fourth word is the answer of `vectors()`."""
    rng = np.random.default_rng(seed)
    wv, lines = vectors(), []
    for section in sections:
        if section:
            lines.append(f": {section}")
        for a, b, c in (rng.choice(WORDS, 3, replace=False).tolist() for _ in range(each)):
            answer = wv.analogy(a, b, c)[0][0]
            lines.append(f"{a} {b} {c} {answer if rng.random() < 0.5 else rng.choice(WORDS)}")
    return "\n".join(lines) + "\n"


def categories():
    return "".join(f"{word}\tgroup{i % 4}\n" for i, word in enumerate(WORDS))


@pytest.fixture
def folder(tmp_path):
    path = tmp_path / "sets"
    path.mkdir()
    for name, text in {
        "men.tsv": pairs(0),
        "Rare.csv": pairs(1).replace("\t", ","),
        "google.txt": questions(["capital", "gram1-plural"]),
        "msr.txt": questions([""]),
        "groups.tsv": categories(),
    }.items():
        (path / name).write_text(text)
    return path


@pytest.mark.slow
def test_each_score_is_that_of_the_set_alone(folder):
    wv = vectors(noise=0.3)
    table = evaluation.panel(wv, folder)
    scores = {row.name: (row.measure, row.score.value, row.score.found) for row in table.rows}
    google = evaluation.analogies(wv, folder / "google.txt")
    msr = evaluation.analogies(wv, folder / "msr.txt")
    similarities = {
        name: evaluation.similarity(wv, folder / file)
        for name, file in {"men": "men.tsv", "Rare": "Rare.csv"}.items()
    }
    expected = {
        name: ("Spearman", pytest.approx(result.spearman), 80)
        for name, result in similarities.items()
    }
    for part in ("semantic", "syntactic", "total"):
        part_of = getattr(google, part)
        expected[f"google: {part}"] = (
            "accuracy",
            pytest.approx(part_of.accuracy),
            part_of.answerable,
        )
    expected["msr"] = ("accuracy", pytest.approx(msr.accuracy), 15)
    purity = evaluation.categories(wv, folder / "groups.tsv").purity
    expected["groups"] = ("purity", pytest.approx(purity), 60)
    assert scores == expected
    # The rows are sorted by kind (similarity, analogies, categories), then by name.
    assert [row.name for row in table.rows] == list(expected)[1::-1] + list(expected)[2:]
    assert table.skipped == ()


@pytest.mark.slow
def test_intervals_hold_the_score_and_shrink_with_more_items(folder, tmp_path):
    wide = evaluation.panel(vectors(noise=0.3), folder)
    for row in wide.rows:
        assert row.score.low < row.score.value < row.score.high
        assert row.score.note == ""
        assert row.baseline is row.difference is None
    (tmp_path / "more").mkdir()
    (tmp_path / "more" / "men.tsv").write_text(pairs(0, number=3000))
    [narrow] = evaluation.panel(vectors(noise=0.3), tmp_path / "more").rows
    before = next(row for row in wide.rows if row.name == "men").score
    assert narrow.score.high - narrow.score.low < (before.high - before.low) / 3


@pytest.mark.slow
def test_an_interval_is_the_quantiles_of_a_loop_over_draws(folder):
    wv = vectors(noise=0.3)
    table = evaluation.panel(wv, folder, n=200, seed=9)
    lines = (folder / "men.tsv").read_text().splitlines()
    rng = np.random.default_rng(9)
    assert 200 * len(lines) < _bootstrap._DRAWN_ITEMS  # one block of draws
    found = []
    for rows in rng.integers(80, size=(200, 80)):
        drawn = folder.parent / "drawn.tsv"
        drawn.write_text("\n".join(lines[row] for row in rows))
        found.append(evaluation.similarity(wv, drawn).spearman)
    score = next(row for row in table.rows if row.name == "men").score
    assert (score.low, score.high) == pytest.approx(tuple(np.quantile(found, (0.025, 0.975))))


@pytest.mark.slow
def test_an_interval_depends_on_the_seed_and_not_on_other_sets(folder):
    wv = vectors(noise=0.3)
    whole = {row.name: row for row in evaluation.panel(wv, folder, n=50).rows}
    other = {row.name: row for row in evaluation.panel(wv, folder, n=50, seed=1).rows}
    (folder / "Rare.csv").unlink()
    fewer = {row.name: row for row in evaluation.panel(wv, folder, n=50).rows}
    assert all(fewer[name] == whole[name] for name in fewer)
    assert whole["men"].score.low != other["men"].score.low
    assert whole["men"].score.value == other["men"].score.value


# ---------------------------------------------------------------- two models


@pytest.mark.slow
def test_a_model_does_not_differ_from_itself(folder):
    wv = vectors(noise=0.3)
    for row in evaluation.panel(wv, folder, baseline=wv).rows:
        assert row.baseline == row.score
        assert row.difference == Score(row.score.found, 0, 0, 0)


def test_the_difference_is_that_of_the_scores_and_turns_its_sign_with_them(folder):
    good, bad = vectors(noise=0.1), vectors(noise=2)
    table = evaluation.panel(good, folder, baseline=bad)
    turned = evaluation.panel(bad, folder, baseline=good)
    for row, other in zip(table.rows, turned.rows, strict=True):
        assert row.difference.value == pytest.approx(row.score.value - row.baseline.value)
        assert other.difference.value == pytest.approx(-row.difference.value)
        assert (other.difference.low, other.difference.high) == pytest.approx(
            (-row.difference.high, -row.difference.low)
        )
    men = next(row for row in table.rows if row.name == "men")
    assert men.difference.low > 0


def test_a_paired_difference_is_told_where_the_intervals_of_the_scores_overlap(folder):
    (folder / "men.tsv").write_text(pairs(0, number=150))
    good, close = vectors(noise=0.2), vectors(noise=0.2, seed=1)
    better = WordVectors(WORDS, (good.vectors + close.vectors) / 2)
    men = next(
        row for row in evaluation.panel(better, folder, baseline=close).rows if row.name == "men"
    )
    width = men.difference.high - men.difference.low
    assert width < (men.score.high - men.score.low) * 0.7


def test_the_difference_is_of_the_items_that_both_models_find(folder):
    # Each model lacks ten words that the other model has.
    first = vectors(noise=0.1, words=WORDS[:50])
    second = WordVectors(WORDS[10:], vectors(noise=1).vectors[10:])
    table = evaluation.panel(first, folder, baseline=second)
    common = folder.parent / "common.tsv"
    lines = (folder / "men.tsv").read_text().splitlines()
    both = set(WORDS[10:50])
    kept = [line for line in lines if set(line.split("\t")[:2]) <= both]
    common.write_text("\n".join(kept))
    men = next(row for row in table.rows if row.name == "men")
    one, two = (evaluation.similarity(wv, common).spearman for wv in (first, second))
    assert men.difference.found == len(kept)
    assert men.score.found > len(kept) < men.baseline.found
    assert men.difference.value == pytest.approx(one - two)
    assert men.total == 80
    head = next(line for line in str(table).splitlines() if line.startswith("set "))
    assert re.split(" {2,}", head) == [
        "set", "measure", "found", "all", "score", "95 % interval",
        "found", "baseline", "95 % interval", "both find", "difference", "95 % interval",
    ]  # fmt: skip
    assert "of the items that both find" in table.protocol


def test_models_without_a_common_item_have_no_difference(folder):
    first = vectors(words=WORDS[:30])
    second = WordVectors(WORDS[30:], vectors().vectors[30:])
    for row in evaluation.panel(first, folder, baseline=second).rows:
        assert row.difference.found == 0
        assert math.isnan(row.difference.value)
        assert row.difference.note == "no score: no item is found"


# ---------------------------------------------------------------- what has no score


def scored(tmp_path, text, wv, name="set.tsv"):
    folder = tmp_path / "one"
    folder.mkdir(exist_ok=True)
    (folder / name).write_text(text)
    table = evaluation.panel(wv, folder)
    return table.rows[0].score, str(table)


@pytest.mark.parametrize(
    ("text", "words", "note"),
    [
        ("w1 w2 3\nw2 w3 3\nw3 w4 3\n", WORDS, "no score: all ratings are equal"),
        ("w1 w1 3\nw2 w2 4\nw3 w3 5\n", WORDS, "no score: all cosines are equal"),
        ("w1 w2 3\nx y 4\n", WORDS, "no score: one pair alone is found"),
        ("x y 3\ny z 4\n", WORDS, "no score: no item is found"),
        ("x y z w3\n", WORDS, "no score: no item is found"),
        ("w1\ta\nw2\ta\nx\tb\n", WORDS, "no score: fewer than two categories are found"),
        ("w1 w2 3\nw2 w3 5\nw3 w4 1\n", WORDS, "no interval: fewer than 10 items"),
        ("w1 w2 w3 w1\n" * 10, WORDS, "no interval: all items are wrong"),
        ("w1 w2 3\n" * 40 + "w2 w3 1\n", WORDS, "no interval: many draws have no score"),
    ],
)
def test_an_undefined_score_or_interval_says_why(tmp_path, text, words, note):
    score, shown = scored(tmp_path, text, vectors(words=words))
    assert score.note == note
    assert math.isnan(score.value) == note.startswith("no score")
    assert math.isnan(score.low)
    assert math.isnan(score.high)
    assert score.to_dict()["low"] is None
    assert f"set: {note}" in shown
    assert "n/a" in shown
    assert "nan" not in shown


def test_ties_share_their_ranks_in_scores_and_draws(tmp_path):
    text = "".join(f"w{i}\tw{i + 1}\t{i % 3}\n" for i in range(40))
    score, _ = scored(tmp_path, text, vectors())
    path = tmp_path / "pairs.tsv"
    path.write_text(text)
    assert score.value == pytest.approx(evaluation.similarity(vectors(), path).spearman)
    assert score.low < score.value < score.high


def test_vectors_that_are_not_finite_are_left_out_and_counted(folder):
    matrix = vectors().vectors.copy()
    matrix[7] = np.nan
    table = evaluation.panel(WordVectors(WORDS, matrix), folder)
    men = next(row for row in table.rows if row.name == "men")
    lines = (folder / "men.tsv").read_text().splitlines()
    lost = sum("w7" in line.split("\t")[:2] for line in lines)
    assert lost > 0
    assert (men.score.found, men.score.not_finite) == (80 - lost, lost)
    assert f"men: {lost} items are not found because a vector has NaN or infinity" in str(table)


def test_unknown_words_and_case_follow_the_options(folder):
    (folder / "men.tsv").write_text(pairs(0).upper())
    wv = vectors()
    by_name = {row.name: row.score.found for row in evaluation.panel(wv, folder).rows}
    assert by_name["men"] == 80
    table = evaluation.panel(wv, folder, lowercase=False, restrict_vocab=30)
    by_name = {row.name: row.score.found for row in table.rows}
    assert by_name["men"] == 0
    assert 0 < by_name["Rare"] < 80
    assert by_name["groups"] == 30
    assert "the first 30 words" in table.protocol
    assert "as written" in table.protocol


# ---------------------------------------------------------------- the folder


def test_a_file_that_is_no_set_is_named_and_skipped(folder):
    wv = vectors()
    before = evaluation.panel(wv, folder).rows
    (folder / "README.md").write_text("# Sets\n\nThe sets that we use.\nThey are five.\n")
    (folder / "broken.tsv").write_text("w1\tw2\t3\nw2\tw3\n")
    (folder / "empty.txt").write_text("")
    (folder / "latin.txt").write_bytes(b"\xe9 b 5\nc d 4\n")
    (folder / "more").mkdir()
    (folder / ".hidden").write_text("not looked at")
    wv.save(folder / "vectors.native")
    with pytest.warns(UserWarning, match="skipped in the panel") as told:
        table = evaluation.panel(wv, folder)
    assert table.rows == before
    skipped = dict(table.skipped)
    assert list(skipped) == [
        "README.md", "broken.tsv", "empty.txt", "latin.txt", "more", "vectors.native"
    ]  # fmt: skip
    assert [str(warning.message) for warning in told] == [
        f"skipped in the panel: {reason}" for reason in skipped.values()
    ]
    assert all(warning.filename == __file__ for warning in told)
    assert all(str(folder / name) in reason for name, reason in skipped.items())
    assert "not an evaluation set" in skipped["README.md"]
    assert "broken.tsv:2: expected two words and a number" in skipped["broken.tsv"]
    assert "it is empty" in skipped["empty.txt"]
    assert "line 1: not UTF-8" in skipped["latin.txt"]
    assert "a folder" in skipped["more"]
    assert "vectors" in skipped["vectors.native"]


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no named pipes")
def test_a_pipe_and_a_dangling_link_are_skipped(folder):
    os.mkfifo(folder / "pipe")
    (folder / "link").symlink_to(folder / "nowhere")
    with pytest.warns(UserWarning, match="skipped"):
        skipped = dict(evaluation.panel(vectors(), folder).skipped)
    assert "not a regular file" in skipped["pipe"]
    assert skipped["link"] == f"{folder / 'link'}: No such file or directory"


@pytest.mark.skipif(
    sys.platform == "win32" or os.geteuid() == 0, reason="root or Windows can read every file"
)
def test_a_file_that_cannot_be_read_is_skipped_and_a_folder_is_an_error(folder):
    (folder / "men.tsv").chmod(0)
    with pytest.warns(UserWarning, match="Permission denied"):
        skipped = dict(evaluation.panel(vectors(), folder).skipped)
    assert list(skipped) == ["men.tsv"]
    folder.chmod(0)
    with pytest.raises(PermissionError, match="sets"):
        evaluation.panel(vectors(), folder)
    folder.chmod(0o700)


def test_a_folder_without_a_set_is_an_error(tmp_path, folder):
    (tmp_path / "empty").mkdir()
    with pytest.raises(FormatError, match="empty: there is no evaluation set in this folder"):
        evaluation.panel(vectors(), tmp_path / "empty")
    with pytest.raises(FileNotFoundError, match="missing"):
        evaluation.panel(vectors(), tmp_path / "missing")
    with pytest.raises(NotADirectoryError):
        evaluation.panel(vectors(), folder / "men.tsv")


def test_files_of_one_name_keep_their_endings(tmp_path):
    for name in ("men.tsv", "men.csv", "simlex.v1.2"):
        (tmp_path / name).write_text(pairs(0).replace("\t", ","))
    names = [row.name for row in evaluation.panel(vectors(), tmp_path).rows]
    assert names == ["men.csv", "men.tsv", "simlex.v1.2"]


@pytest.mark.parametrize("ending", COMPRESSED_ENDINGS)
def test_the_name_of_a_set_has_no_ending_of_a_compression(tmp_path, ending):
    # The content tells whether a file is compressed.
    (tmp_path / f"men.tsv.{ending}").write_text(pairs(0))
    assert [row.name for row in evaluation.panel(vectors(), tmp_path).rows] == ["men"]


def test_without_scipy_the_categories_are_skipped_and_the_reason_said(folder, monkeypatch):
    monkeypatch.setitem(sys.modules, "scipy.cluster.hierarchy", None)
    with pytest.warns(UserWarning, match=r"groups\.tsv: categories needs scipy"):
        table = evaluation.panel(vectors(), folder)
    assert len(table.rows) == 6
    with pytest.raises(ImportError, match="pip install scipy"):
        evaluation.categories(vectors(), folder / "groups.tsv")


@pytest.mark.parametrize(
    ("parameters", "error", "message"),
    [
        ({"n": 0}, ValueError, "n must be an integer >= 1, got 0"),
        ({"seed": -1}, ValueError, "seed must be an integer >= 0, got -1"),
        ({"method": "x"}, ValueError, "method must be one of"),
        ({"restrict_vocab": 0}, ValueError, "restrict_vocab must be an integer >= 1, got 0"),
        ({"lowercase": 2}, ValueError, "lowercase must be True or False, got 2"),
        ({"baseline": "model.glove"}, TypeError, "baseline must be word vectors, .* got 'model"),
        ({"folder": 3}, TypeError, "folder must be a path, got 3"),
        ({"folder": ""}, ValueError, "folder must name a folder, got ''"),
    ],
)
def test_a_wrong_parameter_is_named(folder, parameters, error, message):
    with pytest.raises(error, match=message):
        evaluation.panel(vectors(), **{"folder": folder, **parameters})
    with pytest.raises(TypeError, match="wv must be word vectors"):
        evaluation.panel(None, folder)


# ---------------------------------------------------------------- output


class Cells(HTMLParser):
    """The cells of a table, row by row."""

    def __init__(self):
        super().__init__()
        self.rows, self.inside = [], False

    def handle_starttag(self, tag, attrs):
        if tag == "tr":
            self.rows.append([])
        self.inside = tag in ("td", "th")

    def handle_data(self, data):
        if self.inside:
            self.rows[-1].append(data)

    def handle_endtag(self, tag):
        self.inside = False


def cells_of(text):
    lines = text.splitlines()
    start = next(i for i, line in enumerate(lines) if line.startswith("set "))
    lines = [line for line in lines[start:] if "  " in line]
    assert len({len(line) for line in lines}) == 1  # aligned
    return [re.split(r" {2,}", line.strip()) for line in lines]


@pytest.mark.parametrize("paired", [False, True])
def test_text_and_html_show_the_same_cells(folder, paired):
    baseline = vectors(noise=2) if paired else None
    table = evaluation.panel(vectors(noise=0.2), folder, baseline=baseline)
    cells = cells_of(str(table))
    assert cells[0][:6] == ["set", "measure", "found", "all", "score", "95 % interval"]
    men = next(row for row in cells if row[0] == "men")
    score = next(row for row in table.rows if row.name == "men").score
    assert men[1:6] == [
        "Spearman", "80", "80", f"{score.value:.3f}", f"[{score.low:.3f}, {score.high:.3f}]"
    ]  # fmt: skip
    total = next(row for row in cells if row[0] == "google: total")
    score = next(row for row in table.rows if row.name == "google: total").score
    assert total[4:6] == [
        f"{score.value:.1%}", f"[{100 * score.low:.1f}, {100 * score.high:.1f}]"
    ]  # fmt: skip
    if paired:
        assert cells[0][6:] == ["baseline", "95 % interval", "difference", "95 % interval"]
        assert re.fullmatch(r"[+-]\d\.\d{3}", men[8])
        assert re.fullmatch(r"\[[+-]\d\.\d{3}, [+-]\d\.\d{3}\]", men[9])
        assert re.fullmatch(r"[+-]\d+\.\d", total[8])
    for page in (table._repr_html_(), table.to_html()):
        parser = Cells()
        parser.feed(page)
        assert parser.rows == cells
    assert table.to_html().startswith("<!DOCTYPE html>")
    assert "bootstrap, 1,000 draws" in table._repr_html_()


def test_names_are_escaped_in_html(tmp_path):
    folder = tmp_path / "a&b"
    folder.mkdir()
    (folder / "x&amp;y.tsv").write_text(pairs(0))
    page = evaluation.panel(vectors(), folder).to_html()
    assert "x&amp;amp;y" in page
    assert "a&amp;b" in page


@pytest.mark.skipif(sys.platform != "linux", reason="other systems refuse such names")
def test_names_that_are_not_utf8_are_shown(tmp_path):
    (tmp_path / os.fsdecode(b"m\xffn.tsv")).write_text(pairs(0))
    table = evaluation.panel(vectors(), tmp_path)
    table.to_html().encode()
    assert len(table.rows) == 1


def test_a_panel_converts_to_json_and_back_to_its_numbers(folder):
    table = evaluation.panel(
        vectors(noise=0.3), folder, baseline=vectors(1, noise=0.1), n=100, seed=5
    )
    numbers = json.loads(json.dumps(table.to_dict()))
    assert numbers == table.to_dict()
    assert (numbers["n"], numbers["seed"], numbers["folder"]) == (100, 5, str(folder))
    assert numbers["skipped"] == []
    for row, record in zip(table.rows, numbers["rows"], strict=True):
        scores = {name: Score(**record[name]) for name in ("score", "baseline", "difference")}
        assert PanelRow(record["name"], record["measure"], record["total"], **scores) == row


def test_a_panel_converts_to_pandas(folder):
    pytest.importorskip("pandas", reason="pandas is not installed")
    (folder / "equal.tsv").write_text("w1 w2 3\nw2 w3 3\n")
    frame = evaluation.panel(vectors(), folder).to_pandas()
    assert list(frame.columns) == ["measure", "total", "found", "score", "low", "high"]
    assert frame.index.name == "set"
    assert math.isnan(frame.loc["equal", "score"])
    table = evaluation.panel(vectors(), folder, baseline=vectors(noise=1))
    frame = table.to_pandas()
    men = next(row for row in table.rows if row.name == "men")
    assert frame.loc["men", "difference_low"] == men.difference.low
    assert frame.loc["men", "baseline_found"] == 80
    assert list(frame.columns)[6:] == [
        "baseline_found", "baseline", "baseline_low", "baseline_high",
        "difference_found", "difference", "difference_low", "difference_high",
    ]  # fmt: skip


def test_a_panel_is_frozen_and_compares_by_value(folder):
    one, other = (evaluation.panel(vectors(noise=0.3), folder, n=20) for _ in range(2))
    assert isinstance(one, Panel)
    assert one == other
    with pytest.raises(AttributeError):
        one.n = 3


@pytest.mark.slow
def test_gensims_vectors_are_measured_too(folder):
    keyed = pytest.importorskip("gensim.models.keyedvectors", reason="gensim is not installed")
    wv = vectors(noise=0.2)
    theirs = keyed.KeyedVectors(6)
    theirs.add_vectors(WORDS, wv.vectors)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert evaluation.panel(theirs, folder, n=20) == evaluation.panel(wv, folder, n=20)


def test_the_standard_sets_are_recognised(shared):
    table = evaluation.panel(vectors(), shared / "eval", n=1)
    assert table.skipped == ()
    assert {row.name: row.total for row in table.rows} == {
        "men": 3000,
        "mturk287": 287,
        "rarewords-dev": 1017,
        "simlex999": 999,
        "simverb-dev": 500,
        "wordsim353": 353,
        "wordsim353-relatedness": 252,
        "wordsim353-similarity": 203,
        "questions-words: semantic": 8869,
        "questions-words: syntactic": 10_675,
        "questions-words: total": 19_544,
    }
