"""Tests of keywords in context: every source, metadata, patterns and windows."""

from __future__ import annotations

import io
import json
import math
import re
import sys

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from glove_rs import Cooccurrence, Glove, kwic
from program import answer, call, done

TEXT = ["the ice is cold", "no keyword here", "ice on ice melts", "the end of the ice"]
EXPECTED = [
    (0, 1, ("the",), "ice", ("is", "cold")),
    (2, 0, (), "ice", ("on", "ice")),
    (2, 2, ("ice", "on"), "ice", ("melts",)),
    (3, 4, ("of", "the"), "ice", ()),
]


def found(source, word="ice", window=2, **options) -> list[tuple]:
    return [tuple(context) for context in kwic.contexts(source, word, window, **options)]


# --- contexts by definition, and the table of them -----------------------------------------------


@pytest.mark.slow
@given(
    st.lists(st.lists(st.sampled_from("abc"), max_size=8), min_size=1),
    st.lists(st.sampled_from("abc"), min_size=1, max_size=2),
    st.integers(1, 3),
)
@pytest.mark.filterwarnings("ignore:.*does not occur")
def test_every_occurrence_is_found_with_its_window(texts, phrase, window):
    expected = [
        (
            d,
            at,
            tuple(words[max(0, at - window) : at]),
            " ".join(phrase),
            tuple(words[end:][:window]),
        )
        for d, words in enumerate(texts)
        for at in range(len(words))
        if words[at : (end := at + len(phrase))] == phrase
    ]
    assert found(texts, " ".join(phrase), window) == expected
    assert found([" ".join(words) for words in texts], " ".join(phrase), window) == expected


def test_the_table_is_a_sequence_of_contexts():
    contexts = kwic.contexts(TEXT, "ice", 2)
    assert len(contexts) == 4
    assert [tuple(c) for c in contexts] == EXPECTED
    assert tuple(contexts[-1]) == EXPECTED[-1]
    assert [tuple(c) for c in contexts[1:3]] == EXPECTED[1:3]
    assert [tuple(c) for c in contexts[contexts.documents == 2]] == EXPECTED[1:3]
    assert [tuple(c) for c in contexts[[3, 0]]] == [EXPECTED[3], EXPECTED[0]]
    assert len(contexts[contexts.documents == 9]) == 0
    with pytest.raises(IndexError):
        contexts[4]
    assert contexts.documents_read == 4
    assert contexts.positions.tolist() == [1, 0, 2, 4]
    assert next(contexts.windows()) == ["the", "ice", "is", "cold"]
    assert list(contexts.windows(keyword=False))[2] == ["ice", "on", "melts"]


def test_a_sample_is_in_the_order_of_the_text_and_the_seed_decides_it():
    contexts = kwic.contexts([["a", str(k)] for k in range(50)], "a")
    one = contexts.sample(10, seed=3)
    assert (np.diff(one.documents) > 0).all()
    assert [tuple(c) for c in one] == [tuple(contexts[k]) for k in one.documents]
    assert contexts.sample(10, seed=3).documents.tolist() == one.documents.tolist()
    assert contexts.sample(10, seed=4).documents.tolist() != one.documents.tolist()
    assert len(contexts.sample(99)) == 50


# --- sources ------------------------------------------------------------------------------------


def sources(tmp_path):
    (tmp_path / "text.txt").write_text("\n".join(TEXT))
    yield "path", tmp_path / "text.txt"
    yield "str", str(tmp_path / "text.txt")
    yield "open", io.StringIO("\n".join(TEXT))
    yield "bytes", io.BytesIO("\n".join(TEXT).encode())
    yield "list", TEXT
    yield "generator", iter(TEXT)
    yield "words", [line.split() for line in TEXT]
    yield "mappings", [{"body": line} for line in TEXT]
    pandas = pytest.importorskip("pandas")
    yield "frame", pandas.DataFrame({"body": TEXT, "n": range(4)})
    yield "column", pandas.Series(TEXT)
    polars = pytest.importorskip("polars")
    yield "polars", polars.DataFrame({"body": TEXT, "n": range(4)})
    yield "lazy", polars.LazyFrame({"body": TEXT})
    pyarrow = pytest.importorskip("pyarrow")
    table = pyarrow.table({"body": TEXT, "n": list(range(4))})
    yield "arrow", table
    yield "reader", table.to_reader()


def test_every_source_gives_the_same_contexts(tmp_path):
    names = []
    for name, source in sources(tmp_path):
        assert found(source) == EXPECTED, name
        names.append(name)
    assert len(names) > 10


def test_settings_of_a_vocabulary_change_no_context(tmp_path):
    path = tmp_path / "text.txt"
    path.write_text("\n".join(TEXT))
    settings = {"max_word_bytes": 1, "stop_words": ["the", "ice"], "phrases": None}
    assert found(path, **settings) == found(TEXT, **settings) == EXPECTED
    with pytest.raises(TypeError, match="unexpected keyword argument 'max_vocab'"):
        kwic.contexts(TEXT, "ice", max_vocab=None)


@pytest.mark.slow
def test_other_columns_of_a_table_are_metadata():
    rows = [{"text": line, "year": 1900 + k, "body": "x"} for k, line in enumerate(TEXT)]
    contexts = kwic.contexts(rows, "ice")
    assert list(contexts.metadata) == ["year", "body"]
    assert contexts.metadata["year"].tolist() == [1900, 1902, 1902, 1903]
    frame = pytest.importorskip("pandas").DataFrame(rows)
    assert kwic.contexts(frame, "x", text="body").metadata["text"].tolist() == TEXT
    many = [{"text": "a", "n": k} for k in range(10_000)]
    assert kwic.contexts(many, "a").metadata["n"].tolist() == list(range(10_000))


def test_metadata_beside_a_source_belongs_to_its_documents(tmp_path):
    years = {"year": [1900, 1901, 1902, 1903]}
    for source in (TEXT, iter(TEXT), [{"text": line} for line in TEXT]):
        contexts = kwic.contexts(source, "ice", metadata=years)
        assert contexts.metadata["year"].tolist() == [1900, 1902, 1902, 1903]
    path = tmp_path / "text.txt"
    path.write_text("\n\n".join(TEXT))  # empty lines are no documents
    contexts = kwic.contexts(path, "ice", metadata=years)
    assert contexts.metadata["year"].tolist() == [1900, 1902, 1902, 1903]


@pytest.mark.parametrize("form", ["parquet", "csv", "feather", "json"])
def test_a_stream_of_pyarrow_has_the_columns_of_a_file(tmp_path, form):
    pa = pytest.importorskip("pyarrow")
    dataset = pytest.importorskip("pyarrow.dataset")
    rows = {"text": ["the ice", "no", "hot ice"], "party": ["D", "R", "R"], "year": [1, 2, 3]}
    if form == "json":
        lines = [
            json.dumps(dict(zip(rows, row, strict=True)))
            for row in zip(*rows.values(), strict=True)
        ]
        (tmp_path / "part.json").write_text("\n".join(lines))
    else:
        dataset.write_dataset(pa.table(rows), tmp_path, format=form)
    stream = dataset.dataset(tmp_path, format=form).scanner(batch_size=1).to_reader()
    contexts = kwic.contexts(stream, "ice", text="text")
    found = {name: values.tolist() for name, values in contexts.metadata.items()}
    assert found == {"party": ["D", "R"], "year": [1, 3]}
    assert contexts.documents.tolist() == [0, 2]


def test_several_files_have_a_column_of_files(tmp_path):
    names = ["a.txt", "b.txt", "c.txt"]
    for name, content in zip(names, ["ice\nno", "", "the ice"], strict=True):
        (tmp_path / name).write_text(content)
    paths = [tmp_path / name for name in names]
    contexts = kwic.contexts(paths, "ice")
    assert contexts.metadata["file"].tolist() == [str(paths[0]), str(paths[2])]
    assert contexts.documents.tolist() == [0, 2]


@pytest.mark.parametrize(
    ("unit", "expected"),
    [("line", ((), ("b",))), ("paragraph", (("a",), ("b",))), ("file", (("a",), ("b", "c")))],
)
def test_windows_do_not_cross_the_end_of_a_document(tmp_path, unit, expected):
    text = "a\nice b\n\nc"
    (tmp_path / "text.txt").write_text(text)
    for source in ([text], tmp_path / "text.txt"):
        (context,) = kwic.contexts(source, "ice", documents=unit)
        assert (context.left, context.right) == expected


@pytest.mark.slow
@given(st.text(alphabet="ab \t\r\n\x0b\x0c", max_size=20))
def test_windows_are_those_of_counting_whatever_the_blank_lines(text):
    text = "a " + text + " b"  # so that "a" and "b" occur as words
    options = {"documents": "paragraph", "window": 30}
    contexts = kwic.contexts([text], "a", **options)
    found = sum((c.left + c.right).count("b") for c in contexts)
    counts = Cooccurrence.from_corpus([text], min_count=1, distance_weighting=False, **options)
    words = counts.vocabulary.words
    assert found == counts.to_scipy().toarray()[words.index("a"), words.index("b")]


@pytest.mark.slow
def test_text_is_folded_and_split_as_by_a_fit():
    text = ["Ice, ICE; the Ｉｃｅ!"]
    options = {"tokenizer": "unicode", "lowercase": True, "normalize": "NFKC"}
    assert [c.position for c in kwic.contexts(text, "ICE", **options)] == [0, 1, 3]
    model = Glove(**options)
    assert len(kwic.contexts(text, "ice", model=model)) == 3
    assert (
        len(kwic.contexts(text, "ICE;", model=model, lowercase=False, tokenizer="whitespace")) == 1
    )
    assert len(kwic.contexts(["a\rb c"], "ab")) == 1  # a carriage return vanishes inside a word
    assert found(["I-C-E on"], "e", tokenizer=re.compile(r"\w"), lowercase=True)[0][2] == ("i", "c")
    assert len(kwic.contexts(["running"], "run", tokenizer=lambda t: [t[:3]])) == 1
    assert len(kwic.contexts(["我来到北京"], "北京", tokenizer="zh")) == 1


# --- keywords -----------------------------------------------------------------------------------


def test_keywords_are_words_phrases_patterns_or_several_of_them():
    text = ["the ice age and the iceberg of the ice ages"]
    assert [c.keyword for c in kwic.contexts(text, "ice age")] == ["ice age"]
    assert [c.keyword for c in kwic.contexts(text, ["ice", "ice age"])] == ["ice age", "ice"]
    globbed = kwic.contexts(text, "ice*", match="glob")
    assert [c.keyword for c in globbed] == ["ice", "iceberg", "ice"]
    assert [c.keyword for c in kwic.contexts(text, "ice age*", match="glob")] == [
        "ice age",
        "ice ages",
    ]
    assert len(kwic.contexts(text, r"(the|of)", match="regex")) == 4
    assert len(kwic.contexts(text, r"ice ag\w+", match="regex")) == 2
    assert kwic.contexts(text, ["ice", "of"]).word == "ice, of"


def test_only_full_windows_and_only_the_first_contexts_are_kept_on_request():
    assert found(TEXT, window=1, full_windows=True) == [
        (0, 1, ("the",), "ice", ("is",)),
        (2, 2, ("on",), "ice", ("melts",)),
    ]
    endless = ("ice" for _ in iter(int, 1))
    assert len(kwic.contexts(endless, "ice", limit=3)) == 3


def test_limit_stops_the_reading_of_files(tmp_path):
    path = tmp_path / "text.txt"
    path.write_text("ice\n" * 1000)
    contexts = kwic.contexts(path, "ice", limit=2)
    assert contexts.documents.tolist() == [0, 1]


def test_a_callback_gets_contexts_that_are_then_not_collected():
    calls = []
    rows = [{"text": line, "n": k} for k, line in enumerate(TEXT)]
    contexts = kwic.contexts(rows, "ice", 2, callback=lambda c, m: calls.append((tuple(c), m)))
    assert len(contexts) == 0
    assert [c for c, _ in calls] == EXPECTED
    assert calls[1][1] == {"n": 2}


def test_an_exception_of_a_callback_is_raised(tmp_path):
    path = tmp_path / "text.txt"
    path.write_text("ice")

    def fail(context, metadata):
        raise LookupError("mine")

    for source in (path, ["ice"]):
        with pytest.raises(LookupError, match="mine"):
            kwic.contexts(source, "ice", callback=fail)


def test_memory_is_four_bytes_for_a_word_of_a_window():
    contexts = kwic.contexts([["a", "b", "c"] * 1000], "a", 10)
    assert contexts.nbytes <= 1000 * (4 * 20 + 6 * 8)


# --- words that are not there, and wrong arguments ------------------------------------------------


def test_a_word_that_does_not_occur_is_a_warning_and_an_empty_table(tmp_path):
    empty = tmp_path / "empty.txt"
    empty.write_text("\n")
    for source, documents in ((TEXT, 4), ([], 0), (empty, 0)):
        with pytest.warns(UserWarning, match=f"'steam' does not occur in {documents} documents"):
            contexts = kwic.contexts(source, "steam")
        assert len(contexts) == 0
        assert list(contexts) == []
        assert "0 occurrences of 'steam'" in str(contexts)


@pytest.mark.parametrize(
    ("arguments", "options", "error", "message"),
    [
        ((TEXT, ""), {}, ValueError, "word must be a word"),
        ((TEXT, []), {}, ValueError, "word must be a word"),
        ((TEXT, 3), {}, TypeError, "word must be a str"),
        ((TEXT, "?"), {"tokenizer": "unicode"}, ValueError, "must hold letters or digits"),
        ((TEXT, "a", 0), {}, ValueError, "window must be an integer >= 1"),
        ((TEXT, "a"), {"match": "exact"}, ValueError, "match must be one of"),
        ((TEXT, "("), {"match": "regex"}, ValueError, "word must be a regular expression"),
        ((TEXT, "a"), {"limit": 0}, ValueError, "limit must be"),
        ((TEXT, "a"), {"full_windows": 1}, ValueError, "full_windows must be"),
        ((TEXT, "a"), {"min_count": 1}, TypeError, "unexpected keyword argument 'min_count'"),
        ((TEXT, "a"), {"text": "body"}, ValueError, "text must be None for a source without"),
        ((["a b", 3], "a"), {}, TypeError, "got 3 as item 1"),
        (([["a"], [3]], "a"), {}, TypeError, r"got \[3\] as item 1"),
        ((3, "a"), {}, TypeError, "source must be a path"),
        ((b"a", "a"), {}, TypeError, "source must not be bytes"),
        (([{"x": "a", "y": "b"}], "a"), {}, ValueError, "text must name the column of text"),
        (([{"x": "a"}], "a"), {"text": "z"}, ValueError, "text must be one of 'x', got 'z'"),
        (([{"x": "a"}, "b"], "a"), {}, TypeError, "mappings only if its first item"),
        ((TEXT, "ice"), {"metadata": {"y": [1]}}, ValueError, "got 1 values for more than 2"),
        ((TEXT, "ice"), {"metadata": {"y": [1] * 5}}, ValueError, "got 5 values for 4"),
        ((TEXT, "a"), {"metadata": {"y": [1], "z": []}}, ValueError, "columns of one length"),
        ((TEXT, "a"), {"metadata": [1]}, TypeError, "metadata must be a mapping"),
        (
            ([{"text": "a", "y": 1}], "a"),
            {"metadata": {"y": [1]}},
            ValueError,
            "other columns than the table",
        ),
    ],
)
def test_wrong_arguments_are_refused(arguments, options, error, message):
    with pytest.raises(error, match=message):
        kwic.contexts(*arguments, **options)


def test_a_missing_file_is_an_error_of_the_system(tmp_path):
    with pytest.raises(FileNotFoundError):
        kwic.contexts(tmp_path / "none.txt", "a")


def test_missing_texts_of_a_table_keep_their_number():
    contexts = kwic.contexts([{"text": None}, {"text": "ice"}], "ice", text="text")
    assert contexts.documents.tolist() == [1]


def test_a_column_of_files_of_tables_is_searched(tmp_path):
    pa = pytest.importorskip("pyarrow")
    from pyarrow import parquet

    rows = [*TEXT[:1], None, *TEXT[2:]]
    nested = pa.array([None if row is None else {"b": row.split()} for row in rows])
    table = pa.table({"year": range(4), "text": rows, "a": nested})
    parquet.write_table(table, tmp_path / "t.parquet", row_group_size=2)
    (tmp_path / "t.csv").write_text("year,text\n" + "".join(f'1,"{row or ""}"\n' for row in rows))
    for name, column in (("t.parquet", "text"), ("t.parquet", "a.b"), ("t.csv", "text")):
        assert found(tmp_path / name, text=column) == EXPECTED, name
    several = kwic.contexts(str(tmp_path / "t.*"), "ice", 2, text="text")
    assert [name[-5:] for name in several.metadata["file"]] == ["t.csv"] * 4 + ["rquet"] * 4
    with open(tmp_path / "t.csv", "rb") as file:
        assert found(file, text="text") == EXPECTED
    beside = kwic.contexts(tmp_path / "t.parquet", "ice", text="text", metadata={"n": range(4)})
    assert beside.to_pandas()["n"].tolist() == [0, 2, 2, 3]
    with pytest.raises(ValueError, match=r"column must name a column of .*did you mean 'text'"):
        kwic.contexts(tmp_path / "t.parquet", "ice", text="txt")


def test_bad_bytes_in_a_table_are_named_or_replaced(tmp_path):
    pa = pytest.importorskip("pyarrow")
    from pyarrow import parquet

    from glove_rs import FormatError

    texts = pa.array([b"the ice", b"ice \xff ice"], pa.binary())
    parquet.write_table(pa.table({"text": texts}), tmp_path / "t.parquet")
    with pytest.raises(
        FormatError, match=r"t\.parquet, row 1 \(from 0, in row group 0\): .*errors="
    ):
        kwic.contexts(tmp_path / "t.parquet", "ice", text="text")
    contexts = kwic.contexts(tmp_path / "t.parquet", "ice", text="text", errors="replace")
    assert len(contexts) == 3


def test_texts_and_tables_in_a_store_are_searched(tmp_path):
    fsspec = pytest.importorskip("fsspec")
    system = fsspec.filesystem("memory")
    system.pipe("/kwic/a.txt", "\n".join(TEXT).encode())
    system.pipe("/kwic/b.csv", b"text\n" + "\n".join(TEXT).encode())
    try:
        assert found("memory://kwic/a.txt", storage_options={}) == EXPECTED
        assert found("/kwic/a.txt", storage_options=system) == EXPECTED
        pytest.importorskip("pyarrow")
        assert found("/kwic/b.csv", text="text", storage_options=system) == EXPECTED
    finally:
        system.rm("/kwic", recursive=True)
    with pytest.raises(ValueError, match="storage_options must come with paths"):
        found(TEXT, storage_options={})


@pytest.mark.parametrize("dtype", [object, "string"])
@pytest.mark.parametrize("missing", [None, float("nan")])
def test_missing_texts_of_a_column_keep_their_number_as_in_a_table(missing, dtype):
    pd = pytest.importorskip("pandas")
    column = pd.Series([missing, "ice", missing, "ice"], dtype=dtype, name="text")
    for source in (column, column.to_frame()):
        assert kwic.contexts(source, "ice").documents.tolist() == [1, 3]


def test_missing_texts_of_a_column_of_polars_keep_their_number():
    pl = pytest.importorskip("polars")
    column = pl.Series("text", [None, "ice", None, "ice"])
    for source in (column, column.to_frame()):
        assert kwic.contexts(source, "ice").documents.tolist() == [1, 3]


def test_a_list_with_a_missing_text_is_refused():
    with pytest.raises(TypeError, match="got None as item 0"):
        kwic.contexts([None, "ice"], "ice")


# --- results: further use, printing and plots -----------------------------------------------------


def test_windows_go_into_infer_vector():
    model = Glove(dim=4, min_count=1, epochs=2, threads=1, progress=False).fit(iter(TEXT * 9))
    contexts = kwic.contexts(["the sorbet is cold", "sorbet melts"], "sorbet", model=model)
    vector = model.infer_vector(contexts.windows(), "sorbet")
    assert vector.shape == (4,)


@pytest.mark.slow
def test_the_table_prints_converts_and_plots():
    pytest.importorskip("matplotlib").use("Agg")
    rows = [{"text": line, "year": 1900 + k} for k, line in enumerate(TEXT * 9)]
    contexts = kwic.contexts(rows, "ice", 2)
    lines = str(contexts).splitlines()
    assert lines[0] == "36 occurrences of 'ice' in 27 of 36 documents; 2 words on each side"
    assert len(lines) == 23
    assert lines[-1] == "… and 16 more"
    at = {line.index(" ice ") for line in lines[2:4]}
    assert len(at) == 1  # the keywords stand below each other
    assert contexts._repr_html_().count("<tr>") == 21
    json.dumps(contexts.to_dict())
    frame = contexts.to_pandas() if pytest.importorskip("pandas") else None
    assert list(frame.columns) == ["document", "position", "left", "keyword", "right", "year"]
    assert contexts.plot() is not None
    assert contexts.plot("year") is not None
    with pytest.raises(ValueError, match="by must be one of 'year'"):
        contexts.plot("none")


def test_words_are_folded_by_the_unicode_of_the_core():
    # U+A7CB, which Unicode 16 added, is U+0264 in lower case. Python before 3.14 does not know it.
    text = ["the \ua7cb is cold"] * 9
    for word in "\ua7cb", "\u0264":
        assert len(kwic.contexts(text, word, lowercase=True)) == 9
    model = Glove(dim=4, min_count=1, epochs=1, lowercase=True, progress=False).fit(iter(text))
    vectors = [model.infer_vector(["the cold \ua7cb"], word) for word in ("\ua7cb", "\u0264")]
    assert np.array_equal(*vectors)


@pytest.mark.slow
def test_a_missing_value_of_metadata_is_a_group_of_its_own():
    rows = [{"text": "ice", "of": of} for of in ("x", None, math.nan, "x")]
    contexts = kwic.contexts(rows, "ice")
    text = json.dumps(contexts.to_dict(), allow_nan=False)
    assert [row["of"] for row in json.loads(text)["contexts"]] == ["x", None, None, "x"]
    pytest.importorskip("matplotlib").use("Agg")
    ax = contexts.plot("of")
    assert [label.get_text() for label in ax.get_xticklabels()] == ["(missing)", "x"]
    assert [bar.get_height() for bar in ax.patches] == [2, 2]


@pytest.mark.slow
def test_importing_the_package_does_not_import_the_analyses():
    import subprocess

    code = (
        "import sys, glove_rs; glove_rs.Glove; "
        "print([m for m in sys.modules if m.startswith(('glove_rs.kwic', 'glove_rs.alc', "
        "'glove_rs.associations'))])"
    )
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, check=True)
    assert result.stdout.strip() == b"[]"


# --- command line ---------------------------------------------------------------------------------


@pytest.mark.slow
def test_the_command_prints_the_contexts_as_they_are_found(tmp_path):
    path = tmp_path / "text.txt"
    path.write_text("\n".join(TEXT))
    lines = done("kwic", "ice", path, "--window", 2).decode().splitlines()
    assert [line.split("\t") for line in lines] == [
        [str(d), " ".join(left), word, " ".join(right)] for d, _, left, word, right in EXPECTED
    ]
    rows = [json.loads(line) for line in done("kwic", "ice", path, "--json").splitlines()]
    assert rows[0] == {
        "document": 0,
        "position": 1,
        "left": ["the"],
        "keyword": "ice",
        "right": ["is", "cold"],
    }
    first = done("kwic", "i*", "-", "--match", "glob", "--limit", 1, stdin=path.read_bytes())
    assert first.decode() == "0\tthe\tice\tis cold\n"
    table = tmp_path / "t.csv"
    table.write_text("text\n" + "\n".join(TEXT))
    options = ("--window", 2, "--column", "text", "--storage-options", "{}")
    assert done("kwic", "ice", table, *options).decode().splitlines() == lines
    result = call("kwic", "steam", path)
    assert result.returncode == 0
    assert b"does not occur" in result.stderr


@pytest.mark.slow
def test_the_command_of_associations_runs_every_test(tmp_path):
    rng = np.random.default_rng(1)
    names = [f"w{k}" for k in range(8)]
    vectors = tmp_path / "vectors.txt"
    rows = rng.normal(size=(8, 3))
    vectors.write_text(
        "".join(f"{w} {' '.join(map(str, row))}\n" for w, row in zip(names, rows, strict=True))
    )
    sets = tmp_path / "sets.json"
    sets.write_text(json.dumps({"x": names[:2], "y": names[2:4], "a": names[4:6], "b": names[6:]}))
    common = ("associations", vectors, sets)
    weat = answer(*common, "--weat", "x", "y", "a", "b")
    assert weat["rows"][0]["targets"] == "x - y"
    assert "p-value over all 6 divisions" in done(*common, "--weat", "x", "y", "a", "b").decode()
    single = answer(*common, "--sc-weat", "x", "a", "b", "--alternative", "less")
    assert [row["word"] for row in single["rows"]] == names[:2]
    assert len(answer(*common, "--rnd", "x", "y", "a")["rows"]) == 2
    assert len(answer(*common, "--ripa", "x", "y", "a")["rows"]) == 2
    assert len(answer(*common, "--axis", "x", "y", "a")["rows"]) == 2
    assert b"no set 'z'" in call(*common, "--rnd", "x", "y", "z").stderr
    assert call(*common).returncode == 2


# --- names of metadata ----------------------------------------------------------------------------


@pytest.mark.slow
def test_no_column_of_metadata_replaces_a_column_of_the_result():
    pandas = pytest.importorskip("pandas")
    pytest.importorskip("matplotlib").use("Agg")
    own = ["document", "position", "left", "keyword", "right"]
    rows = [
        {"text": "the ice is cold", "year": 1900} | {name: f"{name} 0" for name in own},
        {"text": "more ice", "year": 1901} | {name: f"{name} 1" for name in own},
    ]
    named = ["year", *(f"{name}_metadata" for name in own)]
    for source in (rows, pandas.DataFrame(rows)):
        contexts = kwic.contexts(source, "ice", 2)
        assert list(contexts.metadata) == named
        frame = contexts.to_pandas()
        assert list(frame.columns) == [*own, *named]
        assert frame["document"].tolist() == [0, 1]
        assert frame["right"].tolist() == ["is cold", ""]
        assert frame["right_metadata"].tolist() == ["right 0", "right 1"]
        first = contexts.to_dict()["contexts"][0]
        assert list(first) == [*own, *named]
        assert (first["document"], first["document_metadata"]) == (0, "document 0")
        assert "document_metadata" in str(contexts).splitlines()[1]
        assert "keyword 1" in str(contexts).splitlines()[3]
        assert "left_metadata" in contexts._repr_html_()
        assert contexts.plot("document_metadata").get_xlabel() == "document_metadata"
        with pytest.raises(ValueError, match="by must be one of 'year', 'document_metadata'"):
            contexts.plot("document")
    seen: list[dict] = []
    kwic.contexts(rows, "ice", callback=lambda _, metadata: seen.append(dict(metadata)))
    assert [list(metadata) for metadata in seen] == [named] * 2


def test_changed_names_of_metadata_are_unique():
    metadata = {"document": [1], "document_metadata": [2], "document_metadata_metadata": [3]}
    contexts = kwic.contexts(["ice"], "ice", metadata=metadata)
    assert {name: values[0] for name, values in contexts.metadata.items()} == {
        "document_metadata_metadata_metadata": 1,
        "document_metadata": 2,
        "document_metadata_metadata": 3,
    }


def test_repeated_columns_are_refused(tmp_path):
    pandas = pytest.importorskip("pandas")
    twice = pandas.DataFrame([["ice", 1, 2]], columns=["text", "x", "x"])
    with pytest.raises(ValueError, match="the table must have columns of different names"):
        kwic.contexts(twice, "ice")
    for metadata in ({"1": [1], 1: [2]}, twice[["x"]]):
        with pytest.raises(ValueError, match="metadata must have columns of different names"):
            kwic.contexts(["ice"], "ice", metadata=metadata)
    paths = [tmp_path / "a.txt", tmp_path / "b.txt"]
    for path in paths:
        path.write_text("ice")
    with pytest.raises(ValueError, match="different names, got 'file' twice"):
        kwic.contexts(paths, "ice", metadata={"file": [1, 2]})


def test_mappings_may_have_different_keys():
    rows = [{"text": "ice"}, {"year": 1900, "text": "ice"}, {"year": 1901}]
    contexts = kwic.contexts(rows, "ice")
    assert contexts.metadata["year"].tolist() == [None, 1900]
    assert contexts.documents_read == 3
    many = [{"text": "ice", "n": 1}] * 4096 + [{"text": "ice"}] * 2
    assert kwic.contexts(many, "ice").metadata["n"].tolist() == [1] * 4096 + [None] * 2


@pytest.mark.parametrize("values", ["ab", b"ab", 5])
def test_metadata_of_one_str_is_refused(values):
    with pytest.raises(TypeError, match=r"a value for each document, got .* as the column 'x'"):
        kwic.contexts(["ice", "ice"], "ice", metadata={"x": values})
