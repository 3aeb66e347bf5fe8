"""Counts from tables of pairs, and rectangular counts: users × items, words × documents."""

from __future__ import annotations

import os
import pickle
import re
import shutil
import subprocess
import sys
from collections import Counter
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.dataset
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

from glove_rs import Cooccurrence, FormatError, Glove, WordVectors
from glove_rs.cli import main
from libraries import later
from program import answer, done, preload, reason

pd, pl, sparse = later("pandas"), later("polars"), later("scipy.sparse")

RATINGS = {
    "user": ["ann", "ann", "bob", "ann", "cy", "bob"],
    "film": [7, 9, 7, 7, 300, 9],
    "n": [1.0, 2.0, 5.0, 0.5, 3.0, 0.25],
}


def records(X):
    """The records of X by their words."""
    rows, columns, values = X.records()
    words, contexts = X.vocabulary.words, X.context_vocabulary.words
    pairs = [(words[i], contexts[j]) for i, j in zip(rows, columns, strict=True)]
    assert len(set(pairs)) == len(pairs)
    return dict(zip(pairs, values.tolist(), strict=True))


def summed(rows, columns, values, *, symmetric=False):
    """What `records` should return, computed by pandas."""
    frame = pd.DataFrame({"i": map(str, rows), "j": map(str, columns), "x": values}, dtype=object)
    if symmetric:
        other = frame[frame.i != frame.j].rename(columns={"i": "j", "j": "i"})
        frame = pd.concat([frame, other])
    sums = frame.astype({"x": float}).groupby(["i", "j"]).x.sum()
    return {pair: x for pair, x in sums.items() if x > 0}


# ------------------------------------------------------------------------------ the sums

integers = st.one_of(st.integers(0, 8), st.integers(-(2**63), 2**63 - 1))
texts = st.text(min_size=1, max_size=20).filter(lambda text: "\0" not in text)
values = st.integers(0, 40).map(lambda x: x / 8)  # multiples of 1/8: their sums are exact


@st.composite
def tables(draw):
    rectangular = draw(st.booleans())
    row = draw(st.sampled_from([integers, texts]))
    column = draw(st.sampled_from([integers, texts])) if rectangular else row
    rows = draw(st.lists(st.tuples(row, column, values), min_size=1, max_size=60))
    return rectangular, [list(side) for side in zip(*rows, strict=True)]


@pytest.mark.slow
@given(tables(), st.booleans(), st.sampled_from([1, 2, 3]), st.sampled_from([None, "1MB"]))
def test_duplicates_add_up_as_in_pandas_and_scipy(table, symmetric, threads, memory):
    rectangular, (rows, columns, x) = table
    symmetric = symmetric and not rectangular
    X = Cooccurrence.from_pairs(
        pa.table({"a": rows, "b": columns, "n": x}),
        "a",
        "b",
        "n",
        symmetric=symmetric,
        rectangular=rectangular,
        threads=threads,
        memory=memory,
    )
    expected = summed(rows, columns, x, symmetric=symmetric)
    assert records(X) == expected
    assert (X.nnz, X.total) == (len(expected), sum(expected.values()))
    assert X.is_rectangular == rectangular
    if symmetric:
        assert X.symmetric
    # The count of a word is the number of keys that are this word; the most frequent come first.
    uses = [Counter(map(str, rows)), Counter(map(str, columns))]
    if not rectangular:
        uses = [uses[0] + uses[1]] * 2
    for words, use in zip((X.vocabulary, X.context_vocabulary), uses, strict=True):
        assert dict(zip(words.words, words.counts.tolist(), strict=True)) == use
        assert sorted(words.counts, reverse=True) == words.counts.tolist()
    # SciPy must make the same matrix from the rows of the table.
    i = [X.vocabulary[str(key)] for key in rows]
    j = [X.context_vocabulary[str(key)] for key in columns]
    matrix = sparse.coo_array((x, (i, j)), shape=X.shape).tocsr()
    if symmetric:
        off_diagonal = matrix - sparse.diags_array(matrix.diagonal())
        matrix = matrix + off_diagonal.T
    difference = X.to_scipy() - matrix
    assert difference.shape == X.shape
    assert not np.any(difference.toarray())


def exports():
    """Names and objects: the table `RATINGS` in every form that exports Arrow data."""
    frame = pd.DataFrame(RATINGS)
    table = pa.table(RATINGS)
    yield "pandas", frame
    yield "pandas with categories", frame.astype({"user": "category", "film": "category"})
    yield "pandas with other columns", frame.assign(other=[object()] * 6)
    yield "pandas with small types", frame.astype({"film": "uint16", "n": "float32"})
    yield "polars", pl.DataFrame(RATINGS)
    yield "polars, lazy", pl.LazyFrame(RATINGS)
    yield (
        "polars with categories",
        pl.DataFrame(RATINGS).with_columns(pl.col("user").cast(pl.Categorical)),
    )
    yield "pyarrow", table
    yield "pyarrow, in pieces", pa.concat_tables([table.slice(k, 2) for k in (0, 2, 4)])
    yield "a batch", table.to_batches()[0]
    yield "a stream", table.to_reader(max_chunksize=4)
    yield "a data set", pyarrow.dataset.dataset(table)
    yield "large text", table.set_column(0, "user", table["user"].cast(pa.large_string()))
    yield "views", table.set_column(0, "user", table["user"].cast(pa.string_view()))
    yield "dictionaries", table.set_column(0, "user", table["user"].dictionary_encode())
    yield "unsigned", table.set_column(1, "film", table["film"].cast(pa.uint64()))
    yield "other order", table.select(["n", "film", "user"])


@pytest.mark.parametrize(("name", "table"), [*exports()], ids=[name for name, _ in exports()])
def test_any_table_that_exports_arrow_is_counted(name, table):
    X = Cooccurrence.from_pairs(table, "user", "film", "n", rectangular=True)
    assert X.vocabulary.words == ["ann", "bob", "cy"], name
    assert X.context_vocabulary.words == ["7", "9", "300"]
    assert X.to_scipy().toarray().tolist() == [[1.5, 2, 0], [5, 0.25, 0], [0, 0, 3]]


@pytest.mark.slow
def test_a_relation_of_duckdb_is_counted():
    duckdb = pytest.importorskip("duckdb")
    ratings = pa.table(RATINGS)
    relation = duckdb.sql("SELECT * FROM ratings WHERE film < 300")
    assert ratings.num_rows == 6
    X = Cooccurrence.from_pairs(relation, "user", "film", "n", rectangular=True)
    assert X.shape == (2, 2)


def test_without_values_each_row_counts_1():
    X = Cooccurrence.from_pairs(pa.table(RATINGS), "user", "film", rectangular=True)
    assert records(X)["ann", "7"] == 2.0


def test_rows_and_columns_share_words_unless_rectangular():
    edges = {"a": ["x", "y"], "b": ["y", "z"]}
    X = Cooccurrence.from_pairs(pa.table(edges), "a", "b")
    assert X.vocabulary.words == ["y", "x", "z"]
    assert X.shape == (3, 3)
    X = Cooccurrence.from_pairs(pa.table(edges), "a", "b", symmetric=True)
    assert X.symmetric
    assert records(X)["z", "y"] == 1.0
    X = Cooccurrence.from_pairs(pa.table(edges), "a", "b", rectangular=True)
    assert (X.vocabulary.words, X.context_vocabulary.words) == (["x", "y"], ["y", "z"])


def test_the_same_column_may_be_named_twice():
    X = Cooccurrence.from_pairs(pa.table({"a": [3, 4]}), "a", "a", "a")
    assert records(X) == {("3", "3"): 3.0, ("4", "4"): 4.0}


# ------------------------------------------------------------------------------ Parquet files


@pytest.fixture
def folder(tmp_path):
    """Two Parquet files of several row groups, one in a subfolder."""
    (tmp_path / "tables" / "more").mkdir(parents=True)
    table = pa.table(RATINGS)
    pq.write_table(table.slice(0, 4), tmp_path / "tables" / "a.parquet", row_group_size=2)
    pq.write_table(table.slice(4), tmp_path / "tables" / "more" / "b.parquet")
    return tmp_path / "tables"


def test_files_folders_and_patterns_are_read(folder):
    whole = Cooccurrence.from_pairs(pa.table(RATINGS), "user", "film", "n", rectangular=True)
    for path in (folder, str(folder / "**" / "*.parquet")):
        X = Cooccurrence.from_pairs(path, "user", "film", "n", rectangular=True)
        assert records(X) == records(whole)
    X = Cooccurrence.from_pairs(folder / "a.parquet", "user", "film", "n", rectangular=True)
    assert X.total == 8.5
    paths = [folder / "a.parquet", str(folder / "more")]
    X = Cooccurrence.from_pairs(paths, "user", "film", "n", rectangular=True)
    assert records(X) == records(whole)
    scanner = pa.dataset.dataset(folder).scanner()
    X = Cooccurrence.from_pairs(scanner, "user", "film", "n", rectangular=True)
    assert records(X) == records(whole)


def test_a_fault_in_a_file_names_the_file_and_its_row_group(folder):
    bad = pa.table({"user": ["x"] * 5, "film": [1] * 5, "n": [1.0, 1.0, 1.0, -2.0, 1.0]})
    pq.write_table(bad, folder / "c.parquet", row_group_size=3)
    with pytest.raises(
        ValueError,
        match=r"c\.parquet, row 3 \(from 0, in row group 1\): table must not have a negative",
    ):
        Cooccurrence.from_pairs(folder, "user", "film", "n", rectangular=True)


@pytest.mark.parametrize("keys", [pa.int64(), pa.string()])
def test_a_fault_in_one_of_several_files_has_its_row_in_this_file(tmp_path, keys):
    good = pa.table({"a": pa.array(["1"] * 100).cast(keys), "n": [1.0] * 100})
    for name in ("a.parquet", "b.parquet", "d.parquet"):
        pq.write_table(good, tmp_path / name, row_group_size=30)
    bad = ["1"] * 70 + [None] + ["1"] * 9
    table = pa.table({"a": pa.array(bad).cast(keys), "n": [1.0] * 80})
    pq.write_table(table, tmp_path / "c.parquet", row_group_size=50)
    place = r"c\.parquet, row 70 \(from 0, in row group 1\): table must not have a null in column"
    for source in (tmp_path, f"{tmp_path}/*.parquet"):
        with pytest.raises(ValueError, match=place):
            Cooccurrence.from_pairs(source, "a", "a", "n")
    data = pa.dataset.dataset(tmp_path)
    with pytest.raises(
        ValueError, match=r"c\.parquet, row 70 \(from 0\): table must not have a null"
    ):
        Cooccurrence.from_pairs(data, "a", "a", "n")
    # Rows of a filtered data set have other numbers than in their files, so no file is named.
    with pytest.raises(ValueError, match=r"must not have a null.*, but row \d+"):
        Cooccurrence.from_pairs(data.filter(pa.compute.field("n") == 1), "a", "a", "n")


def test_a_key_that_a_dictionary_repeats_is_named_by_its_first_row(tmp_path):
    keys = ["x", "y", "x", "", "y", ""]
    pq.write_table(pa.table({"a": keys}), tmp_path / "t.parquet")
    table = pa.table({"a": pa.array(keys).dictionary_encode()})
    with pytest.raises(ValueError, match=r"an empty key in column \"a\", but row 3"):
        Cooccurrence.from_pairs(table, "a", "a")
    with pytest.raises(
        ValueError, match=r"t\.parquet, row 3 \(from 0, in row group 0\).*empty key"
    ):
        Cooccurrence.from_pairs(tmp_path / "t.parquet", "a", "a")
    numbers = pa.array([5, 2**63, 2**63], pa.uint64()).dictionary_encode()
    with pytest.raises(ValueError, match=r"above 2\^63 - 1 in column \"a\", but row 1"):
        Cooccurrence.from_pairs(pa.table({"a": numbers}), "a", "a")


@pytest.mark.parametrize("kind", [pa.binary(), pa.large_binary(), pa.binary_view()])
def test_bytes_are_keys_if_they_are_utf8(kind):
    keys = pa.array(["é".encode(), b"b", b"b"], kind)
    assert records(Cooccurrence.from_pairs(pa.table({"a": keys}), "a", "a")) == {
        ("é", "é"): 1.0,
        ("b", "b"): 2.0,
    }
    bad = pa.array([b"b", b"caf\xe9"], kind)
    with pytest.raises(ValueError, match=r"a key that is not UTF-8 .*in column \"a\", but row 1"):
        Cooccurrence.from_pairs(pa.table({"a": bad}), "a", "a")


def test_decimals_and_half_floats_are_values():
    from decimal import Decimal

    table = {"a": [1, 2], "n": pa.array([Decimal("1.25"), Decimal("-0.50")], pa.decimal128(9, 2))}
    with pytest.raises(ValueError, match=r"a negative value in column \"n\", but row 1"):
        Cooccurrence.from_pairs(pa.table(table), "a", "a", "n")
    table["n"] = pa.array([Decimal("1.25"), Decimal("7.5")], pa.decimal128(38, 2))
    assert Cooccurrence.from_pairs(pa.table(table), "a", "a", "n").total == 8.75
    table["n"] = pa.array(np.array([0.5, 2], dtype=np.float16))
    assert Cooccurrence.from_pairs(pa.table(table), "a", "a", "n").total == 2.5


def test_columns_of_pandas_may_have_numbers_as_names_but_no_name_twice():
    frame = pd.DataFrame([[1, 2, 3.0], [1, 4, 5.0]])
    assert records(Cooccurrence.from_pairs(frame, "0", "1", "2")) == {
        ("1", "2"): 3.0,
        ("1", "4"): 5.0,
    }
    frame.columns = ["a", "b", "a"]
    with pytest.raises(ValueError, match="row must name one column, but the table has several"):
        Cooccurrence.from_pairs(frame, "a", "b")


def test_sums_of_groups_of_pandas_are_a_table():
    frame = pd.DataFrame(RATINGS)
    sums = frame.groupby(["user", "film"])["n"].sum()
    expected = records(Cooccurrence.from_pairs(frame, "user", "film", "n", rectangular=True))
    for table in (sums, sums.to_frame(), sums.reset_index("film")):
        X = Cooccurrence.from_pairs(table, "user", "film", "n", rectangular=True)
        assert records(X) == expected


def test_other_columns_may_hold_anything():
    objects = pl.DataFrame({"a": [1], "b": [2]}).with_columns(pl.Series("o", [object()]))
    for table in (objects, objects.lazy(), pd.DataFrame({"a": [1], "b": [2], "o": [object()]})):
        assert records(Cooccurrence.from_pairs(table, "a", "b")) == {("1", "2"): 1.0}


def test_a_data_set_without_the_column_lists_its_columns(folder):
    with pytest.raises(
        ValueError, match=r"row must name a column of the table, which has \"user\""
    ):
        Cooccurrence.from_pairs(pa.dataset.dataset(folder), "x", "film")


def test_logs_beside_tables_are_not_read(folder):
    (folder / "_delta_log").mkdir()
    pq.write_table(pa.table({"log": [1]}), folder / "_delta_log" / "1.checkpoint.parquet")
    assert Cooccurrence.from_pairs(folder, "user", "film", rectangular=True).total == 6


@pytest.mark.parametrize("protocol", ["", "file://", "memory://"])
def test_a_folder_that_is_named_like_a_file_is_read_as_a_folder(tmp_path, protocol):
    fsspec = pytest.importorskip("fsspec")
    url = f"{protocol}{tmp_path.as_posix()}"
    system = fsspec.filesystem(protocol.removesuffix("://") or "file", auto_mkdir=True)

    def read(name):
        return records(Cooccurrence.from_pairs(f"{url}/{name}", "a", "b"))

    names = ("s/x.parquet", "s/d.parquet/part-0.parquet", "s/.h.parquet", "[s]/y.parquet")
    try:
        for number, name in enumerate(names):
            with system.open(f"{tmp_path.as_posix()}/{name}", "wb") as file:
                pq.write_table(pa.table({"a": [number], "b": [7]}), file)
        both = {("0", "7"): 1.0, ("1", "7"): 1.0}
        for name in ("s", "s/**/*.parquet", "s/**/**/*.parquet"):
            assert read(name) == both
        assert read("s/*.parquet") == {("0", "7"): 1.0}
        assert read("s/d.parquet") == read("s/d.*/*") == {("1", "7"): 1.0}
        assert read("[s]") == read("[s]/y.parquet") == {("3", "7"): 1.0}
        with pytest.raises(FileNotFoundError, match=r"only folders \(end the pattern with /\*\)"):
            read("s/d.*")
        system.rm_file(f"{tmp_path.as_posix()}/s/d.parquet/part-0.parquet")
        assert read("s") == {("0", "7"): 1.0}
    finally:
        if protocol == "memory://":
            system.rm(tmp_path.as_posix(), recursive=True)


def test_pairs_are_read_from_an_archive_through_a_chain_of_urls(folder):
    pytest.importorskip("fsspec")
    archive = shutil.make_archive(str(folder), "zip", folder)
    whole = records(Cooccurrence.from_pairs(folder, "user", "film", rectangular=True))
    for name in ("", "**/*.parquet"):
        url = f"zip://{name}::{Path(archive).as_uri()}"
        assert records(Cooccurrence.from_pairs(url, "user", "film", rectangular=True)) == whole


def test_a_file_that_is_cut_short_or_damaged_is_refused(tmp_path):
    path = tmp_path / "pairs.parquet"
    rng = np.random.default_rng(0)
    table = pa.table({"a": rng.integers(0, 1000, 20_000), "b": rng.integers(0, 1000, 20_000)})
    pq.write_table(table, path, row_group_size=5000, compression="none")
    good = path.read_bytes()
    for length in (0, 3, 1000, len(good) - 1):
        path.write_bytes(good[:length])
        with pytest.raises(FormatError, match=r"pairs\.parquet: this is not a whole Parquet file"):
            Cooccurrence.from_pairs(path, "a", "b")
    path.write_bytes(b"a,b\n1,2\n" * 100)
    with pytest.raises(FormatError, match=r"pairs\.parquet"):
        Cooccurrence.from_pairs(path, "a", "b")
    damaged = bytearray(good)
    damaged[4:60] = b"\xff" * 56  # the head of the first page
    path.write_bytes(damaged)
    with pytest.raises(FormatError, match=r"pairs\.parquet, row group 0: the file is damaged"):
        Cooccurrence.from_pairs(path, "a", "b")
    assert os.listdir(tmp_path) == ["pairs.parquet"]


def test_files_with_other_columns_are_refused(folder):
    pq.write_table(pa.table({"user": ["x"], "item": [1]}), folder / "c.parquet")
    with pytest.raises(
        ValueError, match=r"column must name a column .*c\.parquet has 'user' \(string\)"
    ):
        Cooccurrence.from_pairs(folder, "user", "film", rectangular=True)
    pq.write_table(pa.table({"user": [1], "film": [1]}), folder / "c.parquet")
    with pytest.raises(ValueError, match=r"c\.parquet must have the types of .*a\.parquet"):
        Cooccurrence.from_pairs(folder, "user", "film", rectangular=True)


@pytest.mark.parametrize("first", ["narrow", "wide"])
def test_files_may_have_types_of_other_widths(tmp_path, first):
    narrow = {
        "i": pa.array([1, 2, 3], pa.int32()),
        "u": pa.array([1, 2, 3], pa.uint8()),
        "s": pa.array(["a", "b", "a"], pa.string()),
        "b": pa.array([b"a", b"b", b"a"], pa.binary()),
        "n": pa.array([1, 0, 2], pa.int16()),
        "x": pa.array([0.5, 1, 2], pa.float32()),
    }
    large = 2**40
    wide = {
        "i": pa.array([1, large, 3], pa.int64()),
        "u": pa.array([1, large, 3], pa.uint64()),
        "s": pa.array(["a", "c", "a"], pa.large_string()),
        "b": pa.array(["a", "c", "a"], pa.string()),
        "n": pa.array([0.25, 1, 2], pa.float64()),
        "x": pa.array([4, 2**60 + 1, 2], pa.int64()),
    }
    parts = [narrow, wide] if first == "narrow" else [wide, narrow]
    for name, part in zip("ab", parts, strict=True):
        pq.write_table(pa.table(part), tmp_path / f"{name}.parquet")
    for row, column, value in [("i", "u", "n"), ("s", "b", "x"), ("i", "i", None)]:
        frames = [pa.table(part).to_pandas() for part in parts]
        frame = pd.concat(frames)
        frame["b"] = [key.decode() if isinstance(key, bytes) else key for key in frame["b"]]
        frame = frame.astype({"i": "int64", "u": "int64", "n": float, "x": float})
        found = Cooccurrence.from_pairs(tmp_path, row, column, value)
        assert records(found) == records(Cooccurrence.from_pairs(frame, row, column, value))


def test_a_key_that_does_not_fit_the_type_of_the_first_file_is_refused(tmp_path):
    pq.write_table(pa.table({"a": [1], "b": [1]}), tmp_path / "a.parquet")
    keys = pa.array([2**63], pa.uint64())
    pq.write_table(pa.table({"a": keys, "b": [1]}), tmp_path / "b.parquet")
    with pytest.raises(ValueError, match=r"the columns of .*b\.parquet do not fit the types of"):
        Cooccurrence.from_pairs(tmp_path, "a", "b")


def test_missing_files_are_named(tmp_path):
    for path in ("none.parquet", "*.parquet", ""):
        with pytest.raises(FileNotFoundError):
            Cooccurrence.from_pairs(tmp_path / path, "a", "b")


# ------------------------------------------------------------------------------ large vocabularies


@pytest.mark.parametrize("rectangular", [False, True])
def test_words_of_more_than_2_gib_have_64_bit_offsets_and_are_no_dictionary_of_a_file(
    tmp_path, monkeypatch, rectangular
):
    from glove_rs._counts import records as module

    keys = [f"{letter * 40}{number}" for number, letter in enumerate("abcdefgh" * 9)]
    table = pa.table({"a": keys, "b": keys[::-1] if rectangular else keys})
    X = Cooccurrence.from_pairs(table, "a", "b", rectangular=rectangular)
    small = X.to_table()
    assert small.schema.field("word").type == pa.dictionary(pa.int32(), pa.string())
    # Lower the limits of 2 GiB and 256 MiB to 1 kB: the words together have more than 3 kB.
    monkeypatch.setattr(module, "_STRINGS", 1000)
    monkeypatch.setattr(module, "_DICTIONARY", 1000)
    large = X.to_table()
    large.validate(full=True)
    assert large.schema.field("word").type == pa.dictionary(pa.int32(), pa.large_string())
    assert large.to_pylist() == small.to_pylist()
    X.to_parquet(tmp_path / "x.parquet")
    written = pq.ParquetFile(tmp_path / "x.parquet")
    assert written.schema_arrow.field("word").type == pa.large_string()
    assert written.metadata.num_row_groups > 3
    assert written.read().to_pylist() == small.to_pylist()
    assert records(
        Cooccurrence.from_pairs(
            tmp_path / "x.parquet", "word", "context", "x", rectangular=rectangular
        )
    ) == records(X)


# ------------------------------------------------------------------------------ bad input


@pytest.mark.parametrize(
    ("columns", "message"),
    [
        ({"a": [1, None], "b": [1, 2], "n": [1, 1]}, 'a null in column "a", but row 1'),
        ({"a": ["x", None], "b": ["x", "y"], "n": [1, 1]}, 'a null in column "a", but row 1'),
        ({"a": [1, 2], "b": [1, 2], "n": [None, 1]}, 'a null in column "n", but row 0'),
        ({"a": [None, None], "b": [1, 2], "n": [1, 1]}, 'a null in column "a", but row 0'),
        ({"a": ["", "x"], "b": ["x", "x"], "n": [1, 1]}, 'an empty key in column "a", but row 0'),
        ({"a": [1, 2], "b": [1, 2], "n": [1, -1]}, 'a negative value in column "n", but row 1'),
        ({"a": [1, 2], "b": [1, 2], "n": [1, float("nan")]}, 'not finite in column "n", but row 1'),
        ({"a": [1, 2], "b": [1, 2], "n": [float("inf"), 1]}, 'not finite in column "n", but row 0'),
        ({"a": [1, 2], "b": [1, 2], "n": [1e308, 1e308]}, "sum is at most"),
    ],
)
def test_rows_that_cannot_be_used_are_named(columns, message):
    for table in (pa.table(columns), pl.DataFrame(columns, strict=False)):
        with pytest.raises(ValueError, match=message):
            Cooccurrence.from_pairs(table, "a", "b", "n")


def test_a_bad_row_far_into_a_table_is_named():
    n = np.ones(300_000)
    n[271_828] = -1
    table = pa.table({"a": np.arange(300_000) % 7, "b": np.arange(300_000) % 5, "n": n})
    with pytest.raises(ValueError, match="row 271828") as found:
        Cooccurrence.from_pairs(table, "a", "b", "n")
    assert found.value.row == 271_828


def test_unsigned_keys_beyond_63_bits_are_refused():
    table = pa.table({"a": pa.array([1, 2**63], pa.uint64()), "b": [1, 2]})
    with pytest.raises(ValueError, match=r"a key above 2\^63 - 1 in column \"a\", but row 1"):
        Cooccurrence.from_pairs(table, "a", "b")


@pytest.mark.parametrize(
    ("columns", "error", "message"),
    [
        ({"a": [1.5, 2.0], "b": [1, 2]}, TypeError, '"a" must hold integers or text.*Float64'),
        ({"a": [True], "b": [1]}, TypeError, '"a" must hold integers or text as keys, got Boolean'),
        ({"a": [["x"]], "b": [1]}, TypeError, '"a" must hold integers or text as keys, got List'),
        ({"a": ["x"], "b": [1]}, TypeError, "must both hold integers or both hold text"),
        ({"a": [1], "c": [1]}, ValueError, 'column must name a column .* has "a" .Int64., "c"'),
        ({"a": [], "b": []}, TypeError, "null|"),
    ],
)
def test_columns_that_cannot_be_used_are_named(columns, error, message):
    with pytest.raises((error, ValueError), match=message):
        Cooccurrence.from_pairs(pa.table(columns), "a", "b")


def test_values_must_be_numbers():
    table = pa.table({"a": [1], "b": [1], "n": ["1"]})
    with pytest.raises(TypeError, match='"n" must hold numbers, got Utf8'):
        Cooccurrence.from_pairs(table, "a", "b", "n")


def test_an_empty_table_is_refused():
    for table in (pd.DataFrame({"a": [1], "b": [2]})[:0], pa.table({"a": [1], "b": [2]})[:0]):
        with pytest.raises(ValueError, match="table must have rows"):
            Cooccurrence.from_pairs(table, "a", "b")


def test_a_table_of_zeros_has_words_and_no_records():
    X = Cooccurrence.from_pairs(pa.table({"a": [1, 2], "b": [2, 3], "n": [0, 0]}), "a", "b", "n")
    assert X.nnz == 0
    assert len(X.vocabulary) == 3
    with pytest.raises(ValueError, match=r"no pairs of words.*in a table .* every value is 0"):
        Glove(threads=1).fit_cooccurrence(X)


def test_pandas_columns_of_mixed_types_are_refused():
    frame = pd.DataFrame({"a": [1, "x"], "b": [1, 2]})
    with pytest.raises(TypeError, match=r"must have columns of integers or text.*astype\(str\)"):
        Cooccurrence.from_pairs(frame, "a", "b")
    frame = pd.DataFrame({"a": [1, None], "b": [1, 2]})
    with pytest.raises(TypeError, match="pandas makes floats"):
        Cooccurrence.from_pairs(frame, "a", "b")
    with pytest.raises(ValueError, match=r'value must name a column .* has "a"'):
        Cooccurrence.from_pairs(frame, "a", "b", "n")


def test_a_list_must_have_paths():
    for table in ([], ()):
        with pytest.raises(ValueError, match="table must name at least one Parquet file, got"):
            Cooccurrence.from_pairs(table, "a", "b")
    for table in ([("a", "b", 1)], [{"a": 1, "b": 2}], ["a.parquet", 5]):
        with pytest.raises(TypeError, match="or a list of paths of Parquet files, got"):
            Cooccurrence.from_pairs(table, "a", "b")


@pytest.mark.parametrize("table", [5, None, [("a", "b", 1)], {"a": [1]}, pa.array([1, 2])])
def test_what_is_no_table_is_refused(table):
    with pytest.raises(TypeError, match="table must be"):
        Cooccurrence.from_pairs(table, "a", "b")


def test_wrong_parameters_are_refused():
    table = pa.table({"a": [1], "b": [1]})
    with pytest.raises(TypeError, match="row must be the name of a column, got 0"):
        Cooccurrence.from_pairs(table, 0, "b")
    with pytest.raises(ValueError, match="symmetric must be False with rectangular=True"):
        Cooccurrence.from_pairs(table, "a", "b", symmetric=True, rectangular=True)
    with pytest.raises(ValueError, match="rectangular"):
        Cooccurrence.from_pairs(table, "a", "b", rectangular=2)
    twice = pa.Table.from_arrays([pa.array([1])] * 3, names=["a", "a", "b"])
    with pytest.raises(ValueError, match="row must name one column"):
        Cooccurrence.from_pairs(twice, "a", "b")


def test_an_error_of_a_stream_is_raised():
    def batches():
        yield pa.record_batch({"a": [1], "b": [2]})
        raise RuntimeError("the source broke")

    schema = pa.schema([("a", pa.int64()), ("b", pa.int64())])
    reader = pa.RecordBatchReader.from_batches(schema, batches())
    with pytest.raises(RuntimeError, match=r"^the source broke$"):
        Cooccurrence.from_pairs(reader, "a", "b")


def test_progress_counts_rows():
    seen = []
    table = pa.table({"a": np.arange(500_000) % 9, "b": np.arange(500_000) % 4})
    Cooccurrence.from_pairs(table, "a", "b", progress=lambda *call: seen.append(call[:3]))
    assert ("counting", 500_000, 500_000) in seen or ("counting", 500_000, 0) in seen


# ------------------------------------------------------------------------ tables of counts


@pytest.mark.slow
@given(tables())
def test_a_table_comes_back(table):
    rectangular, (rows, columns, x) = table
    X = Cooccurrence.from_pairs(
        pa.table({"a": rows, "b": columns, "n": x}), "a", "b", "n", rectangular=rectangular
    )
    out = X.to_table()
    assert out.schema.names == ["word", "context", "x"]
    words, contexts, found = (out[name].to_pylist() for name in out.schema.names)
    assert dict(zip(zip(words, contexts, strict=True), found, strict=True)) == records(X)
    if X.nnz:
        again = Cooccurrence.from_pairs(out, "word", "context", "x", rectangular=rectangular)
        assert records(again) == records(X)


@pytest.mark.slow
@pytest.mark.parametrize("memory", [pytest.param(None, marks=pytest.mark.slow), "1MB"])
def test_parquet_has_the_records_in_order_for_any_memory_limit(memory, tmp_path):
    rng = np.random.default_rng(1)
    table = pa.table({name: rng.integers(0, 2000, 200_000) for name in "ab"})
    X = Cooccurrence.from_pairs(table, "a", "b", memory=memory)
    assert X._core.on_disk == (memory is not None)
    assert (len(X._core.row_bounds()) > 2) == (memory is not None)
    path = tmp_path / "pairs.parquet"
    X.to_parquet(path)
    assert pq.read_table(path).cast(X.to_table().schema).equals(X.to_table())
    again = Cooccurrence.from_pairs(path, "word", "context", "x")
    assert records(again) == records(X)
    with pytest.raises(FileExistsError, match="overwrite=True"):
        X.to_parquet(path)
    (X * 2).to_parquet(path, overwrite=True)
    assert Cooccurrence.from_pairs(path, "word", "context", "x").total == 2 * X.total
    with pytest.raises(FileNotFoundError):
        X.to_parquet(tmp_path / "none" / "pairs.parquet")
    assert os.listdir(tmp_path) == ["pairs.parquet"]


# ------------------------------------------------------------------------------ rectangular counts


@pytest.fixture
def ratings():
    return Cooccurrence.from_pairs(pa.table(RATINGS), "user", "film", "n", rectangular=True)


def test_sums_and_lookups_use_both_vocabularies(ratings):
    assert ratings.shape == (3, 3)
    assert not ratings.symmetric
    assert ratings.probability("7", given="bob") == 5 / 5.25
    assert ratings.ratio("7", "bob", "cy") == float("inf")
    assert ratings["bob", "7"] == 5.0
    with pytest.raises(KeyError, match="bob"):
        ratings.probability("bob", given="bob")
    with pytest.raises(KeyError, match="7"):
        ratings.probability("7", given="7")


@pytest.mark.parametrize("shape", [(1, 5), (5, 1), (4, 4), (3, 40), (40, 3)])
def test_a_matrix_of_any_shape_comes_back_from_files_pickles_and_scipy(shape, tmp_path):
    rng = np.random.default_rng(shape[0])
    dense = rng.poisson(0.6, shape) * 0.5
    rows, columns = ([f"{name}{k}" for k in range(n)] for name, n in zip("rc", shape, strict=True))
    X = Cooccurrence.from_scipy(sparse.csr_array(dense), rows, columns)
    X.save(tmp_path / "counts")
    for same in (X, Cooccurrence.load(tmp_path / "counts"), pickle.loads(pickle.dumps(X))):
        assert same.is_rectangular
        assert same.shape == shape
        assert same.to_scipy().toarray().tolist() == dense.tolist()
        assert same.context_vocabulary.words == columns
        assert same.vocabulary.words == rows
        assert same.total == dense.sum()
        assert same.nnz == (dense > 0).sum()
    assert (X * 2).to_scipy().toarray().tolist() == (2 * dense).tolist()
    other = Cooccurrence.from_scipy(dense[:, ::-1], rows[::-1], columns)
    both = X + other
    assert both.is_rectangular
    assert both.shape == shape
    total = records(other) | {}
    for pair, x in records(X).items():
        total[pair] = total.get(pair, 0.0) + x
    assert records(both) == total


def test_what_needs_a_square_is_refused(ratings, tmp_path):
    with pytest.raises(ValueError, match="Stanford's tools"):
        ratings.save(tmp_path / "counts.bin")
    square = Cooccurrence.from_scipy(np.eye(2))
    with pytest.raises(ValueError, match="both have words of their own"):
        ratings + square
    with pytest.raises(ValueError, match="context_vocabulary"):
        Cooccurrence.from_scipy(np.ones((2, 3)))
    with pytest.raises(ValueError, match="context_vocabulary must have a word for each column"):
        Cooccurrence.from_scipy(np.ones((2, 3)), ["a", "b"], ["x"])
    assert not any(tmp_path.iterdir())


@pytest.fixture
def model(ratings):
    return Glove(dim=4, threads=1, epochs=3, deterministic=True).fit_cooccurrence(ratings)


@pytest.mark.parametrize("preset", ["best", "paper"])
def test_training_is_that_of_the_square_matrix_with_empty_rows_and_columns(preset):
    """Making X square by empty rows changes no bit of the parameters of the words of X."""
    rng = np.random.default_rng(5)
    rows, columns = 30, 70
    square = np.zeros((70, 70))
    square[:rows, :columns] = rng.poisson(0.5, (rows, columns))
    names = [[f"{side}{k}" for k in range(70)] for side in "rc"]
    options = {"dim": 6, "threads": 1, "epochs": 3, "preset": preset, "deterministic": True}
    wide = Cooccurrence.from_scipy(square[:rows], names[0][:rows], names[1])
    whole = Cooccurrence.from_scipy(square, names[0], names[1])
    small = Glove(**options).fit_cooccurrence(wide)
    large = Glove(**options).fit_cooccurrence(whole)
    assert small.W.shape == (30, 6)
    assert small.W_tilde.shape == (70, 6)
    assert small.b.shape == (30,)
    assert small.b_tilde.shape == (70,)
    assert np.array_equal(small.W, large.W[:30])
    assert np.array_equal(small.W_tilde, large.W_tilde)
    assert np.array_equal(small.b, large.b[:30])
    assert np.array_equal(small.b_tilde, large.b_tilde)
    assert list(small.history) == list(large.history)


@pytest.mark.slow
def test_a_low_rank_matrix_is_recovered():
    """If ln X of users × items has a low rank, W, W_tilde and the biases predict it."""
    rng = np.random.default_rng(2)
    log_x = rng.normal(0, 1, (40, 3)) @ rng.normal(0, 1, (3, 90)) * 0.5 + 2
    users, items = ([f"{side}{k}" for k in range(n)] for side, n in (("u", 40), ("i", 90)))
    X = Cooccurrence.from_scipy(np.exp(log_x), users, items)
    model = Glove(dim=8, threads=1, epochs=200, preset="paper", x_max=1.0).fit_cooccurrence(X)
    found = model.W @ model.W_tilde.T + model.b[:, None] + model.b_tilde
    assert np.corrcoef(found.ravel(), log_x.ravel())[0, 1] > 0.99


def test_each_side_has_its_vectors(model, tmp_path):
    assert model.vocabulary.words == ["ann", "bob", "cy"]
    assert model.context_vocabulary.words == ["7", "9", "300"]
    assert isinstance(model.context_vectors, WordVectors)
    assert model.context_vectors.index_to_key == ["7", "9", "300"]
    assert np.array_equal(model.vectors.vectors, model.W)
    assert np.array_equal(model.context_vectors["9"], model.W_tilde[1])
    assert np.array_equal(model.word_vectors("context")["9"], model.W_tilde[1])
    assert model.word_vectors("word").index_to_key == ["ann", "bob", "cy"]
    best = model.context_vectors.similar_by_vector(model.vectors["ann"])
    assert {item for item, _ in best} == {"7", "9", "300"}
    with pytest.raises(KeyError, match="ann"):
        model.context_vectors["ann"]


def test_a_square_model_has_context_vectors_too():
    model = Glove(dim=4, threads=1, min_count=1, epochs=2).fit(["an apple a day"] * 5)
    assert model.context_vocabulary == model.vocabulary
    assert np.array_equal(model.context_vectors["day"], model.W_tilde[model.vocabulary["day"]])


def test_a_model_file_and_a_pickle_keep_both_vocabularies(model, tmp_path):
    model.save(tmp_path / "model.glove")
    for again in (Glove.load(tmp_path / "model.glove"), pickle.loads(pickle.dumps(model))):
        assert again.vocabulary == model.vocabulary
        assert again.context_vocabulary == model.context_vocabulary
        assert np.array_equal(again.W_tilde, model.W_tilde)
        assert again.context_vectors.index_to_key == model.context_vectors.index_to_key
        assert np.array_equal(again.vectors.vectors, model.W)


def test_a_model_can_start_another_training(model, ratings):
    more = Glove(dim=4, threads=1, epochs=2).fit_cooccurrence(ratings, start=model)
    assert len(more.history) == 2
    square = Cooccurrence.from_scipy(np.ones((3, 3)), model.vocabulary.words)
    with pytest.raises(ValueError, match="start must have the words of X"):
        Glove(dim=4, threads=1).fit_cooccurrence(square, start=model)


@pytest.mark.parametrize("shape", [(6, 3), (3, 6), (4, 4)])
def test_a_training_resumes_from_a_checkpoint(shape, tmp_path):
    rng = np.random.default_rng(0)
    names = [[f"{side}{k}" for k in range(n)] for side, n in zip("rc", shape, strict=True)]
    X = Cooccurrence.from_scipy(rng.poisson(2.0, shape), *names)
    options = {"dim": 4, "threads": 1, "preset": "paper", "deterministic": True}
    whole = Glove(epochs=4, **options).fit_cooccurrence(X)
    Glove(epochs=2, **options).fit_cooccurrence(X, checkpoint_dir=tmp_path)
    resumed = Glove.resume(tmp_path, epochs=4)
    assert resumed.context_vocabulary.words == names[1]
    assert np.array_equal(resumed.W, whole.W)
    assert np.array_equal(resumed.b_tilde, whole.b_tilde)
    other = Cooccurrence.from_scipy(rng.poisson(2.0, shape), names[0], names[1][::-1])
    with pytest.raises(ValueError, match="not the matrix of the checkpoint"):
        Glove(epochs=4, **options).fit_cooccurrence(other, checkpoint_dir=tmp_path, resume=True)


def test_callbacks_see_vectors_of_the_rows(ratings):
    seen = []
    Glove(dim=4, threads=1, epochs=1).fit_cooccurrence(
        ratings,
        callbacks=[lambda state: seen.append((state.vectors.index_to_key, state.W_tilde.shape))],
    )
    assert seen == [(["ann", "bob", "cy"], (3, 4))]


def test_validation_and_early_stopping_work():
    rng = np.random.default_rng(0)
    names = [[f"{side}{k}" for k in range(n)] for side, n in (("r", 30), ("c", 50))]
    X = Cooccurrence.from_scipy(rng.poisson(2.0, (30, 50)), *names)
    model = Glove(dim=4, threads=1, epochs=6)
    model.fit_cooccurrence(X, validation=0.2, early_stopping=2)
    assert len(model.history.validation) == len(model.history)


@pytest.mark.parametrize("use", ["update", "infer_vector", "score", "combine", "stanford"])
def test_what_needs_words_that_are_their_own_contexts_is_refused(use, model, tmp_path):
    call = {
        "update": lambda: model.update(["ann 7"]),
        "infer_vector": lambda: model.infer_vector(["ann 7"]),
        "score": lambda: model.score(["ann 7"]),
        "combine": lambda: model.word_vectors("sum"),
        "stanford": lambda: model.save_stanford(tmp_path / "old"),
    }[use]
    with pytest.raises(ValueError, match="words and context words are the same"):
        call()
    assert not any(tmp_path.iterdir())


def test_init_and_subwords_are_refused(ratings):
    pretrained = WordVectors(["ann"], np.ones((1, 4), dtype=np.float32))
    with pytest.raises(ValueError, match="init must be left out for rectangular counts"):
        Glove(dim=4).fit_cooccurrence(ratings, init=pretrained)
    with pytest.raises(ValueError, match="subwords must be left out for rectangular counts"):
        Glove(dim=4, subwords=True).fit_cooccurrence(ratings)


@pytest.mark.slow
def test_the_unused_rows_of_the_shorter_side_take_no_memory():
    """100 users and 300,000 items: W has 100 rows, not 300,000."""
    script = """
import resource
import numpy as np, pyarrow as pa
from glove_rs import Cooccurrence, Glove
items = np.arange(300_000)
table = pa.table({"u": items % 100, "i": items})
X = Cooccurrence.from_pairs(table, "u", "i", rectangular=True)
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
model = Glove(dim=100, epochs=1, threads=1).fit_cooccurrence(X)
print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before)
"""
    if sys.platform != "linux":
        pytest.skip("the test expects the KiB that Linux returns as ru_maxrss")
    found = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True
    )
    # A row of W_tilde with 100 components takes 448 bytes, and while an epoch runs, there are two
    # copies of all parameters. If W had 300,000 rows too, memory would grow by twice as much.
    assert int(found.stdout) * 1024 < 1.6 * 2 * 300_000 * 448


# ------------------------------------------------------------------------------ the command line


@pytest.fixture(scope="module")
def with_pandas() -> None:
    """Import pandas once in the server: pyarrow imports it in each command that writes a table."""
    preload("pandas")


@pytest.mark.slow
@pytest.mark.usefixtures("with_pandas")
def test_pairs_train_and_convert_on_the_command_line(tmp_path):
    pq.write_table(pa.table(RATINGS), tmp_path / "ratings.parquet")
    counts, model = tmp_path / "x.counts", tmp_path / "model"
    arguments = ["pairs", tmp_path / "ratings.parquet", "--row", "user", "--column", "film"]
    arguments += ["--value", "n", "--rectangular", "-o", counts]
    assert answer(*arguments, "--json") == {
        "words": 3,
        "context_words": 3,
        "records": 5,
        "total": 11.75,
    }
    assert "--overwrite" in reason(1, *arguments)
    assert b"context words" in done("info", counts)
    done("convert", counts, tmp_path / "out.parquet", "--to", "pairs")
    again = Cooccurrence.from_pairs(
        tmp_path / "out.parquet", "word", "context", "x", rectangular=True
    )
    assert records(again) == records(Cooccurrence.load(counts))
    done("train", counts, "--out", model, "--dim", 4, "--epochs", 2, "--threads", 1)
    assert Glove.load(model).context_vocabulary.words == ["7", "9", "300"]
    done("convert", model, tmp_path / "users.txt")
    assert (tmp_path / "users.txt").read_text().split()[:2] == ["3", "4"]
    done("convert", model, tmp_path / "films.txt", "--combine", "context")
    assert (tmp_path / "films.txt").read_text().split()[2] == "7"


@pytest.mark.slow
def test_faults_name_the_option_on_the_command_line(tmp_path):
    path = tmp_path / "t.parquet"
    pq.write_table(pa.table({"a": [1], "b": [1]}), path)
    out = tmp_path / "x.counts"
    assert "--row must name a column" in reason(
        2, "pairs", path, "--row", "c", "--column", "b", "-o", out
    )
    both = ["--symmetric", "--rectangular"]
    assert "--symmetric must be False" in reason(
        2, "pairs", path, "--row", "a", "--column", "b", *both, "-o", out
    )
    path.write_bytes(path.read_bytes()[:-5])
    assert "not a whole Parquet file" in reason(
        1, "pairs", path, "--row", "a", "--column", "b", "-o", out
    )
    assert not out.exists()


# --- object stores --------------------------------------------------------------------------------


@pytest.fixture
def store():
    """A file system in memory with two Parquet files and another file."""
    fsspec = pytest.importorskip("fsspec")
    system = fsspec.filesystem("memory")
    table = pa.table(RATINGS)
    for name, part in [("a", table.slice(0, 3)), ("b", table.slice(3))]:
        with system.open(f"/pairs/{name}.parquet", "wb") as file:
            pq.write_table(part, file)
    with system.open("/pairs/notes.txt", "wb") as file:
        file.write(b"no table")
    yield system
    system.rm("/pairs", recursive=True)


def test_pairs_are_read_from_urls_and_file_systems(store):
    names = ("user", "film", "n")
    expected = records(Cooccurrence.from_pairs(pa.table(RATINGS), *names, rectangular=True))
    first = records(
        Cooccurrence.from_pairs(pa.table(RATINGS).slice(0, 3), *names, rectangular=True)
    )
    for source, options, wanted in [
        ("memory://pairs/a.parquet", None, first),
        ("memory://pairs/a.parquet", {}, first),
        ("memory://pairs", None, expected),
        ("memory://pairs/*.parquet", None, expected),
        ("/pairs/a.parquet", store, first),
        ("/pairs", store, expected),
    ]:
        X = Cooccurrence.from_pairs(source, *names, rectangular=True, storage_options=options)
        assert records(X) == wanted, source


@pytest.mark.slow
def test_the_command_reads_pairs_from_a_url_with_options(tmp_path):
    pytest.importorskip("fsspec")
    pq.write_table(pa.table(RATINGS), tmp_path / "r.parquet")
    # A file, because the command runs in another process, which does not see a store in the memory
    # of this process.
    url = (tmp_path / "r.parquet").as_uri()
    arguments = ["pairs", url, "--row", "user", "--column", "film", "--rectangular"]
    counts = tmp_path / "counts"
    found = answer(*arguments, "--storage-options", '{"auto_mkdir": true}', "-o", counts, "--json")
    assert found["total"] == 6
    wrong = reason(2, *arguments, "--storage-options", "secret", "-o", tmp_path / "other")
    assert "--storage-options must be a dict" in wrong
    assert "secret" not in wrong
    assert not (tmp_path / "other").exists()


@pytest.mark.slow
@pytest.mark.usefixtures("with_pandas")
def test_the_command_writes_pairs_to_a_url_of_this_machine_as_to_its_path(tmp_path):
    counts, link = tmp_path / "counts", tmp_path / "link.parquet"
    Cooccurrence.from_pairs(pa.table(RATINGS), "user", "film", rectangular=True).save(counts)
    (tmp_path / "made").mkdir()
    link.symlink_to(tmp_path / "made" / "x.parquet")
    convert = ["convert", counts, link.as_uri(), "--to", "pairs"]
    done(*convert)
    assert link.is_symlink()
    assert os.listdir(tmp_path / "made") == ["x.parquet"]
    assert "--overwrite" in reason(1, *convert)
    done(*convert, "--overwrite")
    before = counts.read_bytes()
    same = ["convert", counts, counts.as_uri(), "--to", "pairs", "--overwrite"]
    assert "must be another file than the input" in reason(1, *same)
    assert counts.read_bytes() == before
    text = (tmp_path / "y.txt").as_uri()
    assert "must not end in .txt" in reason(1, "convert", counts, text, "--to", "pairs")
    assert "--storage-options must come with --to pairs" in reason(
        2, "convert", counts, tmp_path / "y", "--to", "counts", "--storage-options", "{}"
    )


def test_faults_in_a_store_name_the_url(store):
    with pytest.raises(FileNotFoundError, match="missing"):
        Cooccurrence.from_pairs("memory://pairs/missing.parquet", "user", "film")
    with pytest.raises(FormatError, match=r"memory://.*notes\.txt"):
        Cooccurrence.from_pairs("memory://pairs/notes.txt", "user", "film")
    with pytest.raises(ValueError, match=r"row must name a column.*'user' \(string\)"):
        Cooccurrence.from_pairs("memory://pairs/a.parquet", "x", "film")
    whole = store.cat("/pairs/a.parquet")
    store.pipe("/pairs/cut.parquet", whole[: len(whole) // 2])
    with pytest.raises(FormatError, match=r"memory://.*cut\.parquet"):
        Cooccurrence.from_pairs("memory://pairs/cut.parquet", "user", "film")
    with pytest.raises(ValueError, match="storage_options must come with a path or URL"):
        Cooccurrence.from_pairs(pa.table(RATINGS), "user", "film", storage_options={})
    with pytest.raises((TypeError, ValueError), match="storage_options"):
        Cooccurrence.from_pairs("memory://pairs", "user", "film", storage_options=7)


@pytest.mark.parametrize("name", ["x.csv", "x.parquet.gz", "x.counts"])
def test_a_table_is_not_written_under_the_name_of_another_format(name, store, tmp_path):
    X = Cooccurrence.from_pairs(pa.table(RATINGS), "user", "film", "n", rectangular=True)
    before = store.ls("/pairs", detail=False)
    for path in (tmp_path / name, f"memory://pairs/{name}"):
        with pytest.raises(ValueError, match=rf"path must not end in \.{name.split('.')[-1]}"):
            X.to_parquet(path)
    assert store.ls("/pairs", detail=False) == before
    assert not os.listdir(tmp_path)


def test_a_table_is_written_to_a_store(store):
    X = Cooccurrence.from_pairs(pa.table(RATINGS), "user", "film", "n", rectangular=True)
    names = ("word", "context", "x")
    for path, options in [
        ("memory://pairs/x.parquet", None),
        ("memory://pairs/[1]*.parquet", {}),
        ("/pairs/y.parquet", store),
    ]:
        X.to_parquet(path, storage_options=options)
        with store.open(path.removeprefix("memory:/"), "rb") as file:
            again = Cooccurrence.from_pairs(pq.read_table(file), *names, rectangular=True)
        assert records(again) == records(X)
        with pytest.raises(FileExistsError, match="overwrite=True"):
            X.to_parquet(path, storage_options=options)
        X.to_parquet(path, overwrite=True, storage_options=options)
    assert sorted(store.ls("/pairs", detail=False)) == sorted(
        f"/pairs/{name}"
        for name in (
            "a.parquet",
            "b.parquet",
            "notes.txt",
            "x.parquet",
            "[1]*.parquet",
            "y.parquet",
        )
    )
    with pytest.raises(IsADirectoryError):
        X.to_parquet("memory://pairs", overwrite=True)
    with pytest.raises(ValueError, match="storage_options must come with a URL"):
        X.to_parquet("x.parquet", storage_options={})
    with pytest.raises(ValueError, match="Protocol not known: none-such"):
        X.to_parquet("none-such://x.parquet")


def test_a_table_is_written_through_a_file_system_of_pyarrow_and_a_file_url(tmp_path, store):
    from pyarrow import fs

    X = Cooccurrence.from_pairs(pa.table(RATINGS), "user", "film", "n", rectangular=True)
    system = fs.SubTreeFileSystem(str(tmp_path), fs.LocalFileSystem())
    for number in range(2):
        X.to_parquet("x.parquet", storage_options=system, overwrite=number == 1)
        X.to_parquet((tmp_path / "y.parquet").as_uri(), overwrite=number == 1)
    assert sorted(os.listdir(tmp_path)) == ["x.parquet", "y.parquet"]
    for path in tmp_path.iterdir():
        again = Cooccurrence.from_pairs(path, "word", "context", "x", rectangular=True)
        assert records(again) == records(X)


@pytest.mark.parametrize("at", ["write", "close", "mv"])
def test_a_table_in_a_store_is_complete_or_unchanged(store, at, monkeypatch):
    from fsspec.implementations.memory import MemoryFile, MemoryFileSystem

    X = Cooccurrence.from_pairs(pa.table(RATINGS), "user", "film", "n", rectangular=True)
    before = store.cat("/pairs/a.parquet")

    def fail(*_, **__):
        raise OSError(28, "No space left on device", "/pairs/.hidden")

    if at == "mv":
        monkeypatch.setattr(MemoryFileSystem, "cp_file", fail)
    else:
        monkeypatch.setattr(MemoryFile, at, fail)
    with pytest.raises(OSError, match="No space left"):
        X.to_parquet("memory://pairs/a.parquet", overwrite=True)
    with pytest.raises(OSError, match="No space left"):
        X.to_parquet("memory://pairs/new.parquet")
    monkeypatch.undo()
    names = sorted(store.ls("/pairs", detail=False))
    assert names == ["/pairs/a.parquet", "/pairs/b.parquet", "/pairs/notes.txt"]
    assert store.cat("/pairs/a.parquet") == before


def test_an_error_of_a_store_names_the_file(store, monkeypatch):
    from fsspec.implementations.memory import MemoryFile

    X = Cooccurrence.from_pairs(pa.table(RATINGS), "user", "film", "n", rectangular=True)
    for raised in (OSError(28, "No space left on device"), OSError("the store is full")):

        def fail(*_, raised=raised):
            raise raised

        monkeypatch.setattr(MemoryFile, "write", fail)
        with pytest.raises(OSError, match="memory://pairs/new"):
            X.to_parquet("memory://pairs/new.parquet")


@pytest.mark.parametrize("kind", [OSError, KeyboardInterrupt])
def test_a_hidden_file_that_cannot_be_removed_is_named(store, kind, monkeypatch, tmp_path, capsys):
    from fsspec.implementations.memory import MemoryFileSystem

    counts = tmp_path / "counts"
    X = Cooccurrence.from_pairs(pa.table(RATINGS), "user", "film", "n", rectangular=True)
    X.save(counts)

    def fail(*_, **__):
        raise kind(5, "the copy failed") if kind is OSError else kind

    def refuse(*_, **__):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(MemoryFileSystem, "cp_file", fail)
    monkeypatch.setattr(MemoryFileSystem, "rm_file", refuse)
    with pytest.raises(kind) as caught:
        X.to_parquet("memory://pairs/new.parquet")
    (note,) = caught.value.__notes__
    found = re.search(r"incomplete file memory://(/pairs/\.new\.parquet\.[0-9a-f]{8}\.part) ", note)
    assert found is not None, note
    assert store.exists(found[1])
    assert "Permission denied" in note
    code = main(["convert", str(counts), "memory://pairs/new.parquet", "--to", "pairs"])
    assert code == (1 if kind is OSError else 130)
    (line,) = capsys.readouterr().err.splitlines()
    assert "; the incomplete file memory://" in line
    # The hidden incomplete file is not read.
    wanted = records(Cooccurrence.from_pairs("memory://pairs", "user", "film", rectangular=True))
    whole = pa.table(RATINGS)
    assert wanted == records(Cooccurrence.from_pairs(whole, "user", "film", rectangular=True))


def test_an_existing_object_is_replaced_with_the_option_of_the_command(store, tmp_path, capsys):
    counts = tmp_path / "counts"
    Cooccurrence.from_pairs(pa.table(RATINGS), "user", "film", rectangular=True).save(counts)
    convert = ["convert", str(counts), "memory://pairs/a.parquet", "--to", "pairs"]
    before = store.cat("/pairs/a.parquet")
    assert main(convert) == 1
    message = capsys.readouterr().err
    assert "choose another name, or replace it with --overwrite\n" in message
    assert store.cat("/pairs/a.parquet") == before
    assert main([*convert, "--overwrite"]) == 0
    assert store.cat("/pairs/a.parquet") != before


def local_systems():
    """Functions that take a folder. They return a file system, and the path of "link" in it."""
    fsspec = pytest.importorskip("fsspec")
    from fsspec.implementations.dirfs import DirFileSystem
    from pyarrow import fs

    local = fsspec.filesystem("file")
    return {
        "pyarrow": lambda folder: (fs.LocalFileSystem(), f"{folder}/link"),
        "folder of pyarrow": lambda folder: (
            fs.SubTreeFileSystem(str(folder), fs.LocalFileSystem()),
            "link",
        ),
        "fsspec": lambda folder: (local, f"{folder}/link"),
        "folder of fsspec": lambda folder: (DirFileSystem(str(folder), local), "link"),
        "URL": lambda folder: (None, f"local://{folder}/link"),
    }


@pytest.mark.skipif(os.name == "nt", reason="needs symbolic links")
@pytest.mark.parametrize(
    "name", ["pyarrow", "folder of pyarrow", "fsspec", "folder of fsspec", "URL"]
)
def test_a_link_stays_if_a_file_system_of_this_machine_is_given(tmp_path, name):
    system, path = local_systems()[name](tmp_path)
    X = Cooccurrence.from_pairs(pa.table(RATINGS), "user", "film", "n", rectangular=True)
    (tmp_path / "made").mkdir()
    (tmp_path / "link").symlink_to(tmp_path / "made" / "x.parquet")
    with pytest.raises(FileExistsError, match="overwrite=True"):
        X.to_parquet(path, storage_options=system)
    X.to_parquet(path, storage_options=system, overwrite=True)
    assert (tmp_path / "link").is_symlink()
    assert os.listdir(tmp_path / "made") == ["x.parquet"]
    file = tmp_path / "made" / "x.parquet"
    again = Cooccurrence.from_pairs(file, "word", "context", "x", rectangular=True)
    assert records(again) == records(X)


def test_a_table_that_appears_while_it_is_written_is_not_replaced(store, monkeypatch):
    from glove_rs._counts import records as module

    X = Cooccurrence.from_pairs(pa.table(RATINGS), "user", "film", "n", rectangular=True)
    original = module._Records.for_file

    def meanwhile(self, table):
        store.pipe("/pairs/new.parquet", b"of another program")
        return original(self, table)

    monkeypatch.setattr(module._Records, "for_file", meanwhile)
    with pytest.raises(FileExistsError, match="overwrite=True"):
        X.to_parquet("memory://pairs/new.parquet")
    assert store.cat("/pairs/new.parquet") == b"of another program"
    assert len(store.ls("/pairs", detail=False)) == 4


# --- symmetric by chance --------------------------------------------------------------------------


@pytest.mark.parametrize("shape", [(2, 5), (5, 2), (3, 3)])
@pytest.mark.parametrize("entries", [[(0, 0)], [(0, 1), (1, 0)], []])
def test_rectangular_counts_with_symmetric_values_have_both_sums(shape, entries, tmp_path):
    matrix = np.zeros(shape)
    for i, j in entries:
        matrix[i, j] = 3
    words = [[f"{name}{k}" for k in range(size)] for name, size in zip("rc", shape, strict=True)]
    first = Cooccurrence.from_scipy(sparse.csr_array(matrix), *words)
    first.save(tmp_path / "counts")
    loaded = Cooccurrence.load(tmp_path / "counts")
    for X in (first, loaded, first * 1.0, first + first * 0.5):
        assert X.is_rectangular
        assert not X.symmetric
        rows, columns = X._sums
        assert np.array_equal(rows, X.to_scipy().sum(axis=1))
        assert np.array_equal(columns, X.to_scipy().sum(axis=0))
        assert X.to_pandas(kind="pmi").shape == shape
        for word in words[0]:
            assert [*X.contexts(word, by="pmi").words] == [
                words[1][j] for i, j in entries if words[0][i] == word
            ]
        if entries:
            assert X.contrast(words[0][0], words[0][1], probes=words[1][:2]) is not None
