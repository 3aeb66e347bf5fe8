"""Columns of text in tables: the same counts from every format, and errors that name the row."""

from __future__ import annotations

import bz2
import gzip
import io
import json
import lzma
import os
import re
import sys
import threading
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from glove_rs import Cooccurrence, FormatError, Glove, Vocabulary, _core, kwic
from program import answer, done, reason

pa = pytest.importorskip("pyarrow", reason="pyarrow is not installed")
import pyarrow.csv  # noqa: E402
import pyarrow.dataset  # noqa: E402
import pyarrow.feather  # noqa: E402
import pyarrow.orc  # noqa: E402
import pyarrow.parquet as pq  # noqa: E402

TEXTS = ["the cat sat on the mat", None, 'a dog\nran, "far"', "", "été 水 水; the end"] * 30
EXPECTED = [text for text in TEXTS if text]


def table() -> Any:
    """A table with a column of numbers, one of text, one of lists, and one of structs."""
    lists = [None if text is None else text.split() for text in TEXTS]
    return pa.table(
        {
            "id": list(range(len(TEXTS))),
            "text": TEXTS,
            "tokens": lists,
            "meta": [{"body": text, "n": 1} for text in TEXTS],
        }
    )


def rows() -> list[dict[str, Any]]:
    return table().to_pylist()


def json_lines() -> bytes:
    return "".join(json.dumps(row) + "\n" for row in rows()).encode()


def csv_text(delimiter: str = ",") -> bytes:
    sink = io.BytesIO()
    options = pyarrow.csv.WriteOptions(delimiter=delimiter)
    pyarrow.csv.write_csv(table().select(["id", "text"]), sink, options)
    return sink.getvalue()


def _parquet(path: Path) -> None:
    pq.write_table(table(), path, row_group_size=40)


def _stream(path: Path) -> None:
    with pa.OSFile(str(path), "wb") as file, pa.ipc.new_stream(file, table().schema) as writer:
        writer.write_table(table(), max_chunksize=30)


WRITERS = {
    "Parquet": _parquet,
    "Feather": lambda path: pyarrow.feather.write_feather(table(), path, chunksize=30),
    "Arrow stream": _stream,
    "ORC": lambda path: pyarrow.orc.write_table(table(), path, stripe_size=1024),
    "JSON lines": lambda path: path.write_bytes(json_lines()),
    "CSV": lambda path: path.write_bytes(csv_text()),
    "TSV": lambda path: path.write_bytes(csv_text("\t")),
    "semicolons": lambda path: path.write_bytes(csv_text(";")),
    "UTF-16": lambda path: path.write_bytes(csv_text().decode().encode("utf-16")),
    "byte order mark": lambda path: path.write_bytes(b"\xef\xbb\xbf" + json_lines()),
}
FLAT = {"CSV", "TSV", "semicolons", "UTF-16"}
PACKERS = {
    "gzip": gzip.compress,
    "bzip2": bz2.compress,
    "xz": lambda content: lzma.compress(content, preset=0),
    "zstandard": lambda content: pa.Codec("zstd").compress(content, asbytes=True),
    "gzip in two": lambda content: gzip.compress(content[:999]) + gzip.compress(content[999:]),
    "bzip2 in three": lambda content: in_three(bz2.compress, content),
    "xz in three": lambda content: in_three(lzma.compress, content),
    "xz with zeros between": lambda content: in_three(
        lambda part: lzma.compress(part) + bytes(20_000), content
    ),
}


def in_three(pack: Callable[[bytes], bytes], content: bytes) -> bytes:
    return b"".join(map(pack, (content[:7], content[7:999], content[999:])))


def counted(source: Any, **options: Any) -> Vocabulary:
    return Vocabulary.from_corpus(source, min_count=1, progress=False, **options)


@pytest.fixture(scope="module")
def expected() -> Vocabulary:
    return counted(EXPECTED)


# --- the same column in every format and type -------------------------------------------------


@pytest.mark.parametrize("name", WRITERS)
def test_a_column_of_every_format_has_the_same_words(tmp_path, expected, name):
    path = tmp_path / "table"  # the content tells the format, not the name
    WRITERS[name](path)
    for column in ["text"] if name in FLAT else ["text", "tokens", "meta.body"]:
        assert counted(path, column=column) == expected
    assert counted([path, path], column="text").counts.sum() == 2 * expected.counts.sum()


@pytest.mark.parametrize("packing", PACKERS)
@pytest.mark.parametrize("content", [json_lines(), csv_text()], ids=["JSON lines", "CSV"])
def test_packed_tables_of_text_are_unpacked(tmp_path, expected, content, packing):
    path = tmp_path / "table"
    path.write_bytes(PACKERS[packing](content))
    assert counted(path, column="text") == expected


def test_a_table_is_unpacked_if_and_only_if_the_core_recognises_its_compression(tmp_path):
    path = tmp_path / "table"
    path.write_bytes(b"BZh9,text\n1,a b\n")  # the first three bytes of bzip2
    assert counted(path, column="text").words == ["a", "b"]
    skippable = b"\x50\x2a\x4d\x18\x04\0\0\0skip"
    path.write_bytes(skippable + PACKERS["zstandard"](b"text\na b\n"))
    assert counted(path, column="text").words == ["a", "b"]


@pytest.mark.parametrize("pack", [bz2.compress, lzma.compress], ids=["bzip2", "xz"])
@pytest.mark.parametrize("content", [json_lines(), csv_text()], ids=["JSON lines", "CSV"])
def test_a_damaged_later_stream_of_a_packed_table_is_refused_by_name(tmp_path, content, pack):
    path = tmp_path / "table"
    cut = content.rindex(b"\n", 0, 999) + 1
    first, second = pack(content[:cut]), pack(content[cut:])
    middle = len(second) // 2
    damaged = {
        "start": b"?" + second[1:],
        "header": second[:4] + bytes(9) + second[13:],
        "middle": second[:middle] + bytes(9) + second[middle + 9 :],
        "cut": second[:-1],
        "between": b"?" + second,
        "junk": second + b"junk",
        "zeros": second + bytes(3),
    }
    for name, end in damaged.items():
        path.write_bytes(first + end)
        with pytest.raises(FormatError, match=r"table"):
            pytest.fail(f"{name}: {counted(path, column='text')}")
        with pytest.raises(FormatError, match=r"table"):
            pytest.fail(f"{name}: {kwic.contexts(path, 'word', text='text')}")


def test_a_table_that_is_alone_in_a_zip_archive_is_read(tmp_path, expected):
    for name, write in (("a.csv", WRITERS["CSV"]), ("a.parquet", _parquet)):
        write(tmp_path / name)
        with zipfile.ZipFile(tmp_path / "one.zip", "w", zipfile.ZIP_DEFLATED) as archive:
            archive.write(tmp_path / name, name)
        assert counted(tmp_path / "one.zip", column="text") == expected
    packed = gzip.compress(csv_text())
    with zipfile.ZipFile(tmp_path / "one.zip", "w") as archive:
        archive.writestr("a.csv.gz", packed)
    assert counted(tmp_path / "one.zip", column="text") == expected


@pytest.mark.parametrize("method", [zipfile.ZIP_STORED, zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
def test_a_table_in_an_archive_may_be_packed_by_any_method(tmp_path, expected, method):
    with zipfile.ZipFile(tmp_path / "t.zip", "w", method) as archive:
        archive.writestr("a.csv", csv_text())
    assert counted(f"{tmp_path / 't.zip'}:a.csv", column="text") == expected


@pytest.mark.parametrize("name", ["CSV", "Parquet"])
def test_a_damaged_table_in_a_zip_archive_is_refused_by_name(tmp_path, name):
    WRITERS[name](tmp_path / "table")
    content = (tmp_path / "table").read_bytes()
    with zipfile.ZipFile(tmp_path / "t.zip", "w") as archive:
        archive.writestr("b/table", content)
        archive.writestr("b/other", "text\n")
    damaged = (tmp_path / "t.zip").read_bytes()
    at = damaged.index(content) + len(content) // 2
    (tmp_path / "t.zip").write_bytes(damaged[:at] + bytes([damaged[at] ^ 1]) + damaged[at + 1 :])
    with pytest.raises(FormatError, match=r"t\.zip:b/table.*(damaged|CRC)"):
        counted(tmp_path / "t.zip", column="text")


def test_files_that_are_no_tables_are_refused_even_if_they_are_text(tmp_path):
    for content, what in {
        b"<!DOCTYPE html>\n<p>text,\n": "an HTML page",
        b"version https://git-lfs.github.com/spec/v1\n": "Git LFS",
        b"%PDF-1.4\ntext\n": "a PDF",
    }.items():
        (tmp_path / "t.csv").write_bytes(content)
        with pytest.raises(FormatError, match=rf"t\.csv.*{what}"):
            counted(tmp_path / "t.csv", column="text")


def test_a_packed_arrow_stream_is_read_and_a_packed_parquet_file_is_refused(tmp_path, expected):
    for name, write in (("stream", _stream), ("parquet", _parquet)):
        write(tmp_path / name)
        (tmp_path / f"{name}.gz").write_bytes(gzip.compress((tmp_path / name).read_bytes()))
    assert counted(tmp_path / "stream.gz", column="text") == expected
    with pytest.raises(FormatError, match=r"parquet\.gz: this is a packed Parquet file.*unpack"):
        counted(tmp_path / "parquet.gz", column="text")


@pytest.fixture
def folder(tmp_path, expected):
    """Six tables in folders as Spark and Hive write them, with files that are not tables."""
    root = tmp_path / "tables"
    (root / "lang=en").mkdir(parents=True)
    _parquet(root / "lang=en" / "part-0.parquet")
    _stream(root / "lang=en" / "part-1.arrows")
    (root / "part-2.jsonl.gz").write_bytes(gzip.compress(json_lines()))
    (root / "part-3.csv").write_bytes(csv_text())
    with zipfile.ZipFile(root / "part-4.zip", "w") as archive:
        archive.writestr("inner/a.csv", csv_text())
        archive.writestr("b.jsonl", json_lines())
    (root / "part-5.csv").write_bytes(b"")  # an empty partition
    (root / "_SUCCESS").write_bytes(b"")
    (root / ".part-3.csv.crc").write_bytes(b"\0\0")
    return root


def test_folders_patterns_and_lists_of_tables_are_read(folder, expected):
    paths = sorted(path for path in folder.rglob("part-*") if path.is_file())
    assert len(paths) == 6
    for source in (folder, str(folder), f"{folder}/**/part-*", paths, iter(paths)):
        found = counted(source, column="text")
        assert found.words == expected.words
        np.testing.assert_array_equal(found.counts, 6 * expected.counts)
    assert counted(f"{folder}/part-4.zip:a.csv", column="text") == expected


def test_a_last_part_that_two_members_have_names_neither(tmp_path, expected):
    path = tmp_path / "tables.zip"
    with zipfile.ZipFile(path, "w") as archive:
        for name in ("a/x.csv", "b/x.csv", "b/y.csv", "y.csv"):
            archive.writestr(name, csv_text() if name != "b/y.csv" else "text\nother\n")
    for member in ("a/x.csv", "y.csv"):
        assert counted(f"{path}:{member}", column="text") == expected
    message = r'several files in the archive have this name: "a/x.csv", "b/x.csv"'
    with pytest.raises(FileNotFoundError, match=message):
        counted(f"{path}:x.csv", column="text")
    with pytest.raises(FileNotFoundError, match="no such file in the archive, which holds"):
        counted(f"{path}:z.csv", column="text")


def test_counts_have_the_same_bits_as_those_of_the_texts(tmp_path):
    _parquet(tmp_path / "t.parquet")
    options = {"window": 4, "min_count": 1}
    lists = [text.split() for text in EXPECTED]
    wanted = Cooccurrence.from_corpus(lists, **options)
    for threads in (1, 3):
        found = Cooccurrence.from_corpus(
            tmp_path / "t.parquet", column="tokens", threads=threads, **options
        )
        assert found.vocabulary == wanted.vocabulary
        for ours, theirs in zip(found.records(), wanted.records(), strict=True):
            np.testing.assert_array_equal(ours, theirs)


def _pandas() -> Any:
    return pytest.importorskip("pandas").DataFrame({"n": 1, "text": TEXTS})


def _polars() -> Any:
    return pytest.importorskip("polars").from_arrow(table())


def _duckdb() -> Any:
    connection = pytest.importorskip("duckdb").connect()
    connection.register("reviews", table())
    return connection.sql("SELECT * FROM reviews")


def _hugging_face() -> Any:
    return pytest.importorskip("datasets").Dataset.from_dict({"n": TEXTS, "text": TEXTS})


def _dataset(**options: Any) -> Any:
    batches = table().to_batches(max_chunksize=30)
    return pyarrow.dataset.dataset(pa.Table.from_batches(batches), **options)


OBJECTS = {
    "table": table,
    "batch": lambda: table().to_batches()[0],
    "reader": lambda: table().to_reader(max_chunksize=7),
    "tables": lambda: iter([table().slice(0, 70), table().slice(70)]),
    "pandas": _pandas,
    "Polars": _polars,
    "lazy frame": lambda: _polars().lazy(),
    "DuckDB": _duckdb,
    "Hugging Face": _hugging_face,
    "dataset": _dataset,
    "scanner": lambda: _dataset().scanner(columns=["text"]),
    "dict of columns": lambda: {"n": [1], "text": EXPECTED},
    "dicts": rows,
    "generator of dicts": lambda: iter(rows()),
    "open file": lambda: io.BytesIO(csv_text()),
}


@pytest.mark.parametrize(
    "make",
    [
        # "Hugging Face" is slow, because `datasets` takes long to import.
        pytest.param(make, id=name, marks=[pytest.mark.slow] if name == "Hugging Face" else [])
        for name, make in OBJECTS.items()
    ],
)
def test_a_column_of_tables_in_memory_is_read(make, expected):
    assert counted(make(), column="text") == expected


@pytest.mark.parametrize("name", ["table", "pandas", "Polars", "lazy frame", "DuckDB", "dicts"])
def test_tables_in_memory_without_the_column_list_their_columns(name):
    with pytest.raises(ValueError, match=r"column must name a column of .*'?\"?txt.* has .*text"):
        counted(OBJECTS[name](), column="txt")


def test_nested_columns_of_objects_are_found_and_null_structs_have_no_text(expected):
    assert counted(table(), column="meta.body") == expected
    assert counted(_polars(), column="meta.body") == expected
    structs = pa.array([{"body": "a b"}, None, {"body": None}], pa.struct({"body": pa.string()}))
    assert set(counted(pa.table({"meta": structs}), column="meta.body").words) == {"a", "b"}
    dotted = pa.table({"meta.body": ["exact"], "meta": [{"body": "nested"}]})
    assert counted(dotted, column="meta.body").words == ["exact"]


def test_open_files_stay_open_and_parquet_needs_to_seek(tmp_path, expected):
    _parquet(tmp_path / "t.parquet")
    with (tmp_path / "t.parquet").open("rb") as file:
        assert counted(file, column="text") == expected
        assert not file.closed

    class Pipe(io.BytesIO):
        def seekable(self) -> bool:
            return False

    assert counted(Pipe(gzip.compress(json_lines())), column="text") == expected
    with pytest.raises(FormatError, match="cannot be read from a pipe"):
        counted(Pipe((tmp_path / "t.parquet").read_bytes()), column="text")
    with pytest.raises(TypeError, match="open for bytes"):
        counted(io.StringIO(csv_text().decode()), column="text")


@pytest.mark.slow
@given(st.lists(st.none() | st.text(st.characters(exclude_categories=["Cs"]), max_size=12)))
@settings(deadline=None, max_examples=25)
def test_any_text_survives_every_format(tmp_path_factory, texts):
    texts = [None if text is None else text.replace("\0", "") for text in texts]
    texts = [*texts, "end"]
    wanted = counted(iter([text for text in texts if text is not None]))
    folder = tmp_path_factory.mktemp("texts")
    written = pa.table({"text": pa.array(texts, pa.string()), "n": range(len(texts))})
    pq.write_table(written, folder / "t.parquet", row_group_size=3)
    pyarrow.feather.write_feather(written, folder / "t.feather")
    lines = "".join(json.dumps({"n": 1, "text": text}) + "\n" for text in texts)
    (folder / "t.jsonl").write_text(lines, encoding="utf-8")
    for name in ("t.parquet", "t.feather", "t.jsonl"):
        assert counted(folder / name, column="text") == wanted
    pyarrow.csv.write_csv(written, folder / "t.csv")
    assert counted(folder / "t.csv", column="text") == wanted


# --- memory, sizes, order ---------------------------------------------------------------------


def test_rows_longer_than_a_block_are_read(tmp_path):
    long = " ".join(["long"] * 150_000)
    texts = ["first one", long, "last one"]
    lines = "".join(json.dumps({"text": text}) + "\n" for text in texts)
    (tmp_path / "t.jsonl").write_text(lines)
    (tmp_path / "t.csv").write_text("text\n" + "".join(f"{text}\n" for text in texts))
    wanted = counted(texts)
    for name in ("t.jsonl", "t.csv"):
        assert counted(tmp_path / name, column="text", memory="1MB") == wanted


@pytest.mark.slow
def test_a_large_row_group_is_decoded_in_small_batches(tmp_path):
    from glove_rs._io.tables import TextTables

    texts = [f"{number} " * 50 for number in range(40_000)]
    pq.write_table(pa.table({"text": texts}), tmp_path / "t.parquet")
    tables = TextTables.of([str(tmp_path / "t.parquet")], "text", threads=2, memory=2_000_000)
    before, most, read = pa.total_allocated_bytes(), 0, 0
    for batch in tables.batches():
        read += len(batch.rows)
        assert batch.nbytes < 500_000
        most = max(most, pa.total_allocated_bytes() - before)
    assert read == len(texts)
    assert most < 5_000_000 < sum(map(len, texts)) / 2


@pytest.mark.parametrize(
    ("memory", "waiting"), [(1, 2**16), (2 * 10**7, 1_250_000), (2**40, 2**26)]
)
def test_decoded_tables_take_a_sixteenth_of_the_memory_limit_and_at_most_64_mib(memory, waiting):
    assert _core.table_bytes(memory) == waiting


def test_pieces_are_in_order_for_any_number_of_threads(tmp_path):
    from glove_rs._io.tables import TextTables

    texts = [f"word{number}" for number in range(2000)]
    names = []
    for number in range(4):
        names.append(str(tmp_path / f"{number}.parquet"))
        part = texts[500 * number : 500 * (number + 1)]
        pq.write_table(pa.table({"text": part}), names[-1], row_group_size=100)
    for threads in (1, 2, 7):
        batches = TextTables.of(names, "text", threads=threads).batches()
        assert [t for batch in batches for t in batch.rows["text"].to_pylist()] == texts


def test_reading_that_is_given_up_leaves_no_threads(tmp_path):
    from glove_rs._io.tables import TextTables

    pq.write_table(pa.table({"text": ["a b"] * 9000}), tmp_path / "t", row_group_size=100)
    batches = TextTables.of([str(tmp_path / "t")], "text", threads=3, memory=10**6).batches()
    next(batches)
    assert any("glove-rs-table" in thread.name for thread in threading.enumerate())
    batches.close()
    for thread in threading.enumerate():
        if "glove-rs-table" in thread.name:
            thread.join(20)
            assert not thread.is_alive()


def test_bytes_are_text_and_errors_says_what_to_do_with_bad_ones(tmp_path):
    texts = [b"caf\xc3\xa9 one", None, b"bad \xff word"]
    pq.write_table(pa.table({"text": pa.array(texts, pa.binary())}), tmp_path / "t.parquet")
    (tmp_path / "t.csv").write_bytes(b"text\ncaf\xc3\xa9 one\n\nbad \xff word\n")
    for name, row in (("t.parquet", 2), ("t.csv", 1)):
        path = tmp_path / name
        with pytest.raises(
            FormatError, match=rf"{name}, row {row} \(from 0.*\): invalid utf-8.*errors="
        ):
            counted(path, column="text")
        assert "\ufffd" in counted(path, column="text", errors="replace")
        assert set(counted(path, column="text", errors="ignore").words) == {
            "café",
            "one",
            "bad",
            "word",
        }


def test_a_bad_row_is_named_by_its_file_and_its_row_in_this_file(tmp_path):
    from pyarrow import orc

    good = pa.array([b"a b"] * 5, pa.binary())
    bad = pa.array([*good.to_pylist(), b"bad \xff"], pa.binary())
    pq.write_table(pa.table({"text": good}), tmp_path / "a.parquet")
    pq.write_table(pa.table({"text": bad}), tmp_path / "b.parquet", row_group_size=2)
    with pytest.raises(
        FormatError, match=r"b\.parquet, row 5 \(from 0, in row group 2\): invalid utf-8"
    ):
        counted(tmp_path, column="text")
    orc.write_table(pa.table({"text": bad}), tmp_path / "c.orc")
    with pytest.raises(FormatError, match=r"c\.orc, row 5 of stripe 0 \(from 0\): invalid utf-8"):
        counted(tmp_path / "c.orc", column="text")
    parts = [pa.record_batch({"text": part.view(pa.string())}) for part in (good, bad)]
    with pytest.raises(
        ValueError, match=r"row 10 \(from 0\) of a table of the source: invalid utf-8"
    ):
        counted(pa.Table.from_batches(parts), column="text")


def test_json_fields_of_other_types_do_not_matter_and_times_are_text(tmp_path):
    lines = [
        '{"text": "2020-01-01", "id": 1}',
        '{"text": "a b", "id": "x", "new": [1]}',
        '{"id": 3}',
    ]
    (tmp_path / "t").write_text("\n".join(lines))
    assert set(counted(tmp_path / "t", column="text").words) == {"2020-01-01", "a", "b"}


# --- errors -----------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["Parquet", "Feather", "Arrow stream", "ORC", "JSON lines", "CSV"])
def test_a_missing_column_lists_the_columns_and_their_types(tmp_path, name):
    WRITERS[name](tmp_path / "t")
    types = "'id', 'text'" if name == "CSV" else r"id: int64, text: string, tokens: list<"
    with pytest.raises(
        ValueError, match=rf"t, got 'txt' \(did you mean 'text'\?\); it has {types}"
    ):
        counted(tmp_path / "t", column="txt")
    if name != "CSV":
        with pytest.raises(ValueError, match=r"'id' of .*t has the type int64.* text, tokens"):
            counted(tmp_path / "t", column="id")


def test_a_file_without_the_column_among_others_is_an_error(tmp_path):
    _parquet(tmp_path / "a.parquet")
    pq.write_table(pa.table({"other": ["x"]}), tmp_path / "b.parquet")
    with pytest.raises(ValueError, match=r"b\.parquet, got 'text'; it has other: string"):
        counted(tmp_path, column="text")


@pytest.mark.parametrize(
    ("column", "message"),
    [
        ("", "column must be the name of a column, got ''"),
        (3, "the name of a column, got 3"),
        ("\udcff", "column must be text, got '.udcff', which holds a lone surrogate"),
    ],
)
def test_a_column_that_is_no_name_is_refused(column, message):
    with pytest.raises(ValueError, match=message):
        counted(table(), column=column)


def test_sources_that_are_no_tables_are_refused_with_a_column():
    with pytest.raises(TypeError, match="item 0 is of type str"):
        counted(["a text"], column="text")
    with pytest.raises(ValueError, match="the source is a column itself"):
        counted(table()["text"], column="text")
    with pytest.raises(TypeError, match="a table if column is given, got int"):
        counted(3, column="text")


@pytest.mark.parametrize("cut", [3, 200, -1, -9])
def test_a_parquet_file_that_is_cut_short_is_refused_by_name(tmp_path, cut):
    _parquet(tmp_path / "t.parquet")
    content = (tmp_path / "t.parquet").read_bytes()
    (tmp_path / "cut.parquet").write_bytes(content[:cut])
    with pytest.raises((FormatError, ValueError), match=r"cut\.parquet"):
        counted(tmp_path / "cut.parquet", column="text")


def test_a_damaged_row_group_is_named(tmp_path):
    path = tmp_path / "t.parquet"
    pq.write_table(
        pa.table({"text": TEXTS}), path, row_group_size=40, use_dictionary=False, compression="NONE"
    )
    chunk = pq.read_metadata(path).row_group(2).column(0)
    content = bytearray(path.read_bytes())
    content[chunk.data_page_offset : chunk.data_page_offset + 20] = b"\xff" * 20
    path.write_bytes(content)
    with pytest.raises(FormatError, match=r"t\.parquet, row group 2: "):
        counted(path, column="text")


@pytest.mark.parametrize("name", ["Feather", "Arrow stream", "ORC"])
def test_other_tables_that_are_cut_short_are_refused_by_name(tmp_path, name):
    WRITERS[name](tmp_path / "whole")
    content = (tmp_path / "whole").read_bytes()
    (tmp_path / "cut").write_bytes(content[: len(content) // 2])
    with pytest.raises(FormatError, match=r"cut"):
        counted(tmp_path / "cut", column="text")


def test_offsets_of_an_arrow_file_that_point_outside_are_refused_by_name(tmp_path):
    path = tmp_path / "t.arrow"
    column = pa.array(["some", "words", "here"] * 9)
    pyarrow.feather.write_feather(pa.table({"text": column}), path, compression="uncompressed")
    content = path.read_bytes()
    offsets = np.frombuffer(column.buffers()[1], np.int32)[:28].tobytes()
    assert content.count(offsets) == 1
    path.write_bytes(content.replace(offsets, np.int32([0, 2**30]).tobytes() + offsets[8:]))
    with pytest.raises(FormatError, match=r"t\.arrow, after row 0 .*not valid in Arrow"):
        counted(path, column="text")


@pytest.mark.parametrize("packing", ["gzip", "bzip2", "xz", "zstandard"])
def test_a_packed_table_that_is_cut_short_is_refused_by_name(tmp_path, packing):
    rng = np.random.default_rng(0)
    text = " ".join(map(str, rng.integers(0, 10**9, 30_000)))
    content = PACKERS[packing](f"text\n{text}\n".encode())
    (tmp_path / "cut").write_bytes(content[: len(content) // 2])
    with pytest.raises(FormatError, match=r"cut, byte \d+: the .* data are damaged or cut off"):
        counted(tmp_path / "cut", column="text")


def test_malformed_rows_of_csv_and_json_are_named(tmp_path):
    (tmp_path / "t.csv").write_text("id,text\n1,a b\n2,c,d\n")
    with pytest.raises(FormatError, match=r"t\.csv, after row \d: .*Expected 2 columns, got 3"):
        counted(tmp_path / "t.csv", column="text")
    (tmp_path / "t.jsonl").write_text('{"text": "a b"}\n{"text": \n')
    with pytest.raises(FormatError, match=r"t\.jsonl, line 2: "):
        counted(tmp_path / "t.jsonl", column="text")
    (tmp_path / "types.jsonl").write_text('{"text": "a b"}\n{"text": 7}\n')
    with pytest.raises(FormatError, match=r"types\.jsonl, after row 0: .*number in row 1"):
        counted(tmp_path / "types.jsonl", column="text")
    many = ['{"text": "a b"}\n'] * 40_000
    (tmp_path / "t.jsonl").write_text("".join([*many, '{"text": 7}\n']))
    with pytest.raises(FormatError, match=r"after row [1-9]\d*: .*to number in row 40000"):
        counted(tmp_path / "t.jsonl", column="text", memory="1MB")
    (tmp_path / "t.json").write_text(json.dumps([{"text": "a b"}], indent=1))
    with pytest.raises(FormatError, match=r"t\.json: this is one JSON list.*jq"):
        counted(tmp_path / "t.json", column="text")


def test_tables_without_rows_have_no_words(tmp_path):
    pq.write_table(pa.table({"text": pa.array([], pa.string())}), tmp_path / "t.parquet")
    (tmp_path / "t.csv").write_text("text\n")
    (tmp_path / "empty").write_bytes(b"")
    for name in ("t.parquet", "t.csv", "empty"):
        with pytest.raises(ValueError, match=name):
            counted(tmp_path / name, column="text")
    pq.write_table(pa.table({"text": [None, None]}), tmp_path / "t.parquet")
    with pytest.raises(ValueError, match=r"t\.parquet: there are no words"):
        counted(tmp_path / "t.parquet", column="text")


def test_files_of_other_kinds_are_named(tmp_path):
    (tmp_path / "t.db").write_bytes(b"SQLite format 3\0" + bytes(90))
    with pytest.raises(FormatError, match=r"t\.db.*SQLite"):
        counted(tmp_path / "t.db", column="text")
    with pytest.raises(FileNotFoundError, match="missing"):
        counted(tmp_path / "missing.parquet", column="text")


def test_tables_without_a_column_say_how_to_read_one(tmp_path):
    _parquet(tmp_path / "t.parquet")
    with pytest.raises(FormatError, match=r'column="text".*--column text'):
        counted(tmp_path / "t.parquet")
    lines = [json.dumps({"id": n, "text": f"some words {n}"}) for n in range(9)]
    (tmp_path / "t.jsonl").write_text("\n".join(lines))
    with pytest.warns(RuntimeWarning, match='JSON.*column="text".*--column text'):
        counted(tmp_path / "t.jsonl")
    records = [f"{n},some words of text {n}" for n in range(9)]
    (tmp_path / "t.csv").write_text("id,text\n" + "\n".join(records) + "\n")
    with pytest.warns(RuntimeWarning, match='commas.*column="text".*--column text'):
        counted(tmp_path / "t.csv")


def test_without_pyarrow_the_error_says_what_to_install(tmp_path, monkeypatch):
    (tmp_path / "t.csv").write_text("text\na b\n")
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    with pytest.raises(ImportError, match="pip install pyarrow"):
        counted(tmp_path / "t.csv", column="text")


# --- stores -----------------------------------------------------------------------------------


@pytest.fixture
def store():
    """A store of fsspec in memory, with a table in two formats and a text."""
    fsspec = pytest.importorskip("fsspec")
    memory = fsspec.filesystem("memory")
    with memory.open("/bucket/a/t.parquet", "wb") as file:
        pq.write_table(table(), file, row_group_size=40)
    with memory.open("/bucket/a/t.jsonl", "wb") as file:
        file.write(json_lines())
    with memory.open("/bucket/plain.txt", "wb") as file:
        file.write("\n".join(EXPECTED).encode())
    yield memory
    memory.rm("/bucket", recursive=True)


def test_tables_in_a_store_are_read(store, expected):
    assert counted("memory://bucket/a/t.parquet", column="text") == expected
    for source in ("memory://bucket/a", "memory://bucket/a/*"):
        found = counted(source, column="text")
        assert found.words == expected.words
        assert found.counts.sum() == 2 * expected.counts.sum()
    assert counted("/bucket/a/t.jsonl", column="text", storage_options=store) == expected
    with pytest.raises(FileNotFoundError, match="none"):
        counted("/bucket/none", column="text", storage_options=store)


def test_storage_options_reach_the_store(store, expected, monkeypatch):
    from fsspec.implementations.memory import MemoryFileSystem

    seen = []
    original = MemoryFileSystem.__init__

    def remember(self, *args, **options):
        seen.append(options.get("anon"))
        original(self, *args, **{k: v for k, v in options.items() if k != "anon"})

    monkeypatch.setattr(MemoryFileSystem, "__init__", remember)
    options = {"anon": True, "skip_instance_cache": True}
    for source, column in (("memory://bucket/a/t.parquet", "text"), ("memory://bucket/p*", None)):
        seen.clear()
        assert counted(source, column=column, storage_options=options) == expected
        assert set(seen) == {True}


def test_a_file_system_of_pyarrow_reads_tables_and_texts(tmp_path, expected):
    pytest.importorskip("fsspec")
    from pyarrow import fs

    _parquet(tmp_path / "t.parquet")
    (tmp_path / "plain.txt").write_text("\n".join(EXPECTED), encoding="utf-8")
    local = fs.SubTreeFileSystem(str(tmp_path), fs.LocalFileSystem())
    assert counted("t.parquet", column="text", storage_options=local) == expected
    assert counted(["plain.txt"], storage_options=local) == expected


@pytest.mark.parametrize("value", [3, "anon", ["anon"], {1: 2}])
def test_storage_options_of_other_types_are_refused_without_showing_them(value):
    with pytest.raises(ValueError, match="storage_options must be a dict") as error:
        counted("memory://bucket", storage_options=value)
    assert "anon', '" not in str(error.value)
    with pytest.raises(ValueError, match="storage_options must come with paths"):
        counted(["a text"], storage_options={"anon": True})


# --- models -----------------------------------------------------------------------------------


RUN = {"dim": 4, "min_count": 1, "threads": 1, "epochs": 2, "deterministic": True}


def test_fit_estimate_update_and_score_take_a_column(tmp_path):
    _parquet(tmp_path / "t.parquet")
    where = {"column": "text"}
    model = Glove(**RUN).fit(tmp_path / "t.parquet", **where)
    plain = Glove(**RUN).fit(EXPECTED)
    assert model.W.tobytes() == plain.W.tobytes()
    assert model.settings_["column"] == "text"
    assert model.score(tmp_path / "t.parquet", **where) == plain.score(EXPECTED)
    estimate = Glove(**RUN).estimate(tmp_path / "t.parquet", **where)
    assert estimate.counts.words == len(model.vocabulary)
    assert estimate.memory > Glove(**RUN).estimate(EXPECTED).memory  # pyarrow needs memory
    # `fit` does not keep the counts of local files, so `update` counts the old text again.
    model.update(tmp_path / "t.parquet", epochs=1, **where)
    plain.update(EXPECTED, epochs=1)
    assert model.W.tobytes() == plain.W.tobytes()


def test_a_checkpoint_of_one_column_is_not_resumed_with_another(tmp_path):
    _parquet(tmp_path / "t.parquet")
    settings = {**RUN, "epochs": 3, "schedule": "constant"}
    run = {"checkpoint_dir": tmp_path / "run"}
    stop = [lambda state: state.epoch == 1]
    Glove(**settings).fit(tmp_path / "t.parquet", column="text", callbacks=stop, **run)
    with pytest.raises(ValueError, match=r"column='tokens' differs.*column='text'"):
        Glove(**settings).fit(tmp_path / "t.parquet", column="tokens", resume=True, **run)
    resumed = Glove(**settings).fit(tmp_path / "t.parquet", column="text", resume=True, **run)
    assert len(resumed.history) == 3
    assert len(Glove.resume(tmp_path / "run").history) == 3


def test_storage_options_are_saved_nowhere(tmp_path, store):
    model = Glove(**RUN).fit(
        "/bucket/a/t.parquet",
        column="text",
        storage_options=store,
        checkpoint_dir=tmp_path / "run",
    )
    model.save(tmp_path / "model.glove")
    assert "storage_options" not in model.settings_
    assert "storage_options" not in repr(model)
    for file in (tmp_path / "model.glove", tmp_path / "run" / "training.checkpoint"):
        assert b"storage_options" not in file.read_bytes()


@pytest.mark.slow
def test_a_large_table_is_estimated_from_a_sample(tmp_path, monkeypatch):
    from glove_rs._io import tables

    monkeypatch.setattr(tables, "_SAMPLE", 100_000)
    rng = np.random.default_rng(4)
    texts = [" ".join(f"w{n}" for n in rng.zipf(1.3, 30) if n < 10**6) for _ in range(20_000)]
    pq.write_table(
        pa.table({"text": texts}), tmp_path / "t.parquet", row_group_size=500, compression="NONE"
    )
    found = Cooccurrence.estimate(tmp_path / "t.parquet", column="text", window=3)
    assert found.bytes_read < found.bytes_total / 5
    tokens = sum(len(text.split()) for text in texts)
    assert found.tokens == pytest.approx(tokens, rel=0.1)


@pytest.mark.parametrize("kind", ["json", "csv"])
def test_a_row_that_is_longer_than_the_largest_block_is_an_error(tmp_path, monkeypatch, kind):
    from glove_rs._io import table_files
    from glove_rs._io.table_input import TableFile

    monkeypatch.setattr(table_files, "_LEAST_BLOCK", 1_000)
    monkeypatch.setattr(table_files, "_MOST_BLOCK", 20_000)

    def texts(longest: int) -> list[str]:
        rows = ["a b", "x" * longest, "c d"]
        lines = [json.dumps({"text": row}) for row in rows] if kind == "json" else ["text", *rows]
        (tmp_path / "t").write_text("\n".join([*lines, ""]))
        [piece] = table_files.pieces_of(TableFile(str(tmp_path / "t")), "text")
        batches = piece.batches(1_000)
        return [row["text"] for batch in batches for row in batch.rows.to_pylist()]

    assert texts(15_000) == ["a b", "x" * 15_000, "c d"]
    with pytest.raises(FormatError, match=r"t, after row .: a row is longer than 20000 bytes"):
        texts(50_000)


# --- the command line -------------------------------------------------------------------------


@pytest.mark.slow
def test_the_commands_take_a_column(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    _parquet(Path("t.parquet"))
    Path("t.txt").write_text("\n".join(EXPECTED), encoding="utf-8")
    for command in (["vocab", "-o", "{}.out"], ["cooccur", "--window", "3", "-o", "{}.bin"]):
        for name, options in (("t.txt", []), ("t.parquet", ["--column", "text"])):
            names = [part.format(name) for part in command]
            assert _run([*names[:1], name, *names[1:], "--min-count", "1", *options]) == 0
    assert Path("t.txt.out").read_bytes() == Path("t.parquet.out").read_bytes()
    assert Path("t.txt.bin").read_bytes() == Path("t.parquet.bin").read_bytes()
    column = ["--column", "text", "--min-count", "1"]
    assert answer("estimate", "t.parquet", *column)["words"] == len(counted(EXPECTED))
    fit = ["fit", "t.parquet", *column, "--dim", "4", "--epochs", "1", "--save-counts", "counts"]
    assert answer(*fit, "--out", "m")["settings"]["column"] == "text"
    content = gzip.compress(json_lines())
    assert done("vocab", "-", *column, stdin=content) == Path("t.txt.out").read_bytes()
    update = ["update", "m", "t.parquet", "--column", "text", "--counts", "counts"]
    assert answer(*update, "--epochs", "1", "--out", "m2")["words"] == len(counted(EXPECTED))


def _run(arguments: list[str]) -> int:
    from glove_rs.cli import main

    return main(arguments)


@pytest.mark.slow
def test_the_command_line_names_its_options_in_errors(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    _parquet(Path("t.parquet"))
    wrong = reason(2, "vocab", "t.parquet", "--column", "txt")
    assert re.search(r"--column must name a column of t\.parquet, got 'txt'.*text: string", wrong)
    wrong = reason(2, "vocab", "t.parquet", "--column", "text", "--storage-options", "x")
    assert "--storage-options must be a dict" in wrong
    Path("cut.parquet").write_bytes(Path("t.parquet").read_bytes()[:99])
    fit = ("fit", "cut.parquet", "--column", "text", "--out", "m", "--min-count", "1")
    assert "cut.parquet" in reason(1, *fit)
    assert not os.path.exists("m")
