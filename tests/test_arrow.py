"""Text in Arrow columns of every layout: it is counted like a Python list of the same texts."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from glove_rs import Vocabulary

pa = pytest.importorskip("pyarrow", reason="pyarrow is not installed")

TEXTS = ["a b", None, "", "ü 水", "a"]
LISTS = [["a", "b"], None, [], ["ü", None, "水"], ["a"]]
KEYS = [pa.int8(), pa.int16(), pa.int32(), pa.int64()]
KEYS += [pa.uint8(), pa.uint16(), pa.uint32(), pa.uint64()]
STRINGS = [pa.string(), pa.large_string(), pa.string_view()]


def counted(source: Any) -> dict[str, int]:
    vocabulary = Vocabulary.from_corpus(source, min_count=1, progress=False)
    return dict(zip(vocabulary.words, vocabulary.counts.tolist(), strict=True))


def encoded(texts: list[str | None], kind: Any) -> Any:
    """A column of the texts: plain strings, dictionary-encoded or run-end encoded."""
    if pa.types.is_dictionary(kind):
        return pa.array(texts, kind.value_type).dictionary_encode().cast(kind)
    if pa.types.is_run_end_encoded(kind):
        ends, values = [], []
        for row, text in enumerate(texts, 1):
            if values and values[-1] == text:
                ends[-1] = row
            else:
                ends.append(row)
                values.append(text)
        ends, values = pa.array(ends, kind.run_end_type), encoded(values, kind.value_type)
        return pa.RunEndEncodedArray.from_arrays(ends, values)
    return pa.array(texts, kind)


def lists_of(lists: list[list[str | None] | None], kind: Any) -> Any:
    """A column of the lists; the items may be dictionary-encoded."""
    flat = [token for tokens in lists for token in tokens or []]
    sizes = [len(tokens or []) for tokens in lists]
    values = encoded(flat, kind.value_type)
    nulls = pa.array([tokens is None for tokens in lists], pa.bool_())
    starts = [sum(sizes[:row]) for row in range(len(sizes))]
    if isinstance(kind, pa.ListType | pa.LargeListType):
        width, column = (
            (pa.int32(), pa.ListArray)
            if isinstance(kind, pa.ListType)
            else (pa.int64(), pa.LargeListArray)
        )
        return column.from_arrays(pa.array([*starts, len(flat)], width), values, mask=nulls)
    is_small = isinstance(kind, pa.ListViewType)
    width, column = (
        (pa.int32(), pa.ListViewArray) if is_small else (pa.int64(), pa.LargeListViewArray)
    )
    return column.from_arrays(pa.array(starts, width), pa.array(sizes, width), values, mask=nulls)


SCALARS = [
    *STRINGS,
    *(pa.dictionary(key, pa.string()) for key in KEYS),
    pa.dictionary(pa.int32(), pa.large_string()),
    *(pa.run_end_encoded(ends, pa.string()) for ends in (pa.int16(), pa.int32(), pa.int64())),
    pa.run_end_encoded(pa.int32(), pa.dictionary(pa.int8(), pa.string())),
]
NESTED = [
    make(item)
    for make in (pa.list_, pa.large_list, pa.list_view, pa.large_list_view)
    for item in (*STRINGS, pa.dictionary(pa.int32(), pa.string()))
]


@pytest.mark.parametrize("kind", SCALARS, ids=str)
def test_a_column_of_every_type_of_text_is_read(kind):
    column = encoded(TEXTS, kind)
    expected = counted([text for text in TEXTS if text is not None])
    assert column.type == kind
    assert counted(column) == expected
    assert counted(iter([column])) == expected
    assert counted(pa.table({"text": column, "other": [1] * len(TEXTS)})) == expected


@pytest.mark.parametrize("kind", NESTED, ids=str)
def test_a_column_of_every_type_of_lists_is_read(kind):
    column = lists_of(LISTS, kind)
    expected = counted([[word for word in words if word] for words in LISTS if words])
    assert column.type == kind
    assert counted(column) == expected


def test_lists_of_one_length_are_read_and_null_lists_are_not():
    column = pa.array([["a", "b"], None, ["a", None]], pa.list_(pa.string(), 2))
    assert counted(column) == {"a": 2, "b": 1}
    assert counted(column[1:]) == {"a": 1}


@pytest.mark.slow
@pytest.mark.parametrize("kind", [*SCALARS, pa.null()], ids=str)
@pytest.mark.parametrize("rows", [0, 1, 3])
def test_a_column_of_nulls_has_no_documents(kind, rows):
    column = pa.nulls(rows) if kind == pa.null() else encoded([None] * rows, kind)
    for source in (column, pa.table({"text": column}), pa.chunked_array([column, column])):
        with pytest.raises(ValueError, match="there are no words in the text"):
            counted(source)
        assert counted(iter([source, "a"])) == {"a": 1}


def test_dictionaries_whose_values_are_all_null_have_no_documents():
    values = pa.array([None], pa.string())
    column = pa.DictionaryArray.from_arrays(pa.array([0, None, 0], pa.int8()), values)
    assert counted(iter([column, "a"])) == {"a": 1}
    assert counted(iter([pa.array([[None], None], pa.list_(pa.null())), ["a"]])) == {"a": 1}


def test_a_chunk_of_nulls_among_others_is_skipped():
    some = pa.array(["a", None]).dictionary_encode()
    none = pa.array([None, None], pa.string()).dictionary_encode()
    empty = pa.array([], pa.string()).dictionary_encode()
    assert counted(pa.chunked_array([none, empty, some, none])) == {"a": 1}


def test_null_rows_of_a_table_are_no_documents_whatever_they_hide():
    hidden = pa.array(["a", "b"])
    rows = pa.StructArray.from_arrays([hidden], names=["text"], mask=pa.array([False, True]))
    assert counted(rows) == {"a": 1}


def test_of_a_table_the_column_of_nulls_is_not_taken_where_there_is_text():
    table = pa.table({"none": pa.nulls(2), "text": ["a", "b"]})
    assert counted(table) == {"a": 1, "b": 1}


@pytest.mark.parametrize(
    "column",
    [
        pa.array([1]),
        pa.array([True]),
        pa.array([b"a"]),
        pa.array([b"ab"], pa.binary(2)),
        pa.array([1.5]),
        pa.array([[["a"]]]),
        pa.array([1]).dictionary_encode(),
        pa.array([1], pa.timestamp("us", "UTC")),
        pa.array([1], pa.duration("s")),
        pa.array([1], pa.decimal128(3)),
        pa.array([[("a", "b")]], pa.map_(pa.string(), pa.string())),
        pa.array([(1, 2, 3)], pa.month_day_nano_interval()),
        pa.UnionArray.from_sparse(pa.array([0], pa.int8()), [pa.array(["a"])]),
    ],
    ids=lambda column: str(column.type),
)
def test_other_types_are_refused_by_name_before_anything_is_read(column):
    with pytest.raises(TypeError, match=r"must be a column of strings or of lists.*, got [A-Z]"):
        counted(column)
    with pytest.raises(TypeError, match="got"):
        counted(column[:0])


def test_arrays_that_contradict_themselves_are_refused():
    offsets = pa.py_buffer(b"".join(n.to_bytes(4, "little") for n in (0, 2, 1)))
    column = pa.Array.from_buffers(pa.string(), 2, [None, offsets, pa.py_buffer(b"ab")])
    with pytest.raises(ValueError, match="not valid in Arrow's format"):
        counted(column)
    values, keys = pa.array(["a"]), pa.array([0, 7], pa.int8())
    column = pa.DictionaryArray.from_arrays(keys, values, safe=False)
    with pytest.raises(ValueError, match=r"not valid in Arrow's format: .*value 7 of 1"):
        counted(column)


def test_columns_of_other_libraries_that_hold_only_nulls_have_no_documents():
    pandas = pytest.importorskip("pandas", reason="pandas is not installed")
    polars = pytest.importorskip("polars", reason="polars is not installed")
    none: list[str | None] = [None, None]
    for column in (
        pandas.Series(none, dtype=pandas.ArrowDtype(pa.null())),
        pandas.Series(none, dtype=pandas.ArrowDtype(pa.dictionary(pa.int32(), pa.string()))),
        pandas.Series(none, dtype="category"),
        polars.Series(none),
        polars.Series(none, dtype=polars.Categorical),
        polars.Series(none, dtype=polars.Enum([])),
        polars.Series([none]),
        polars.DataFrame({"text": none}),
    ):
        with pytest.raises(ValueError, match="there are no words in the text"):
            counted(column)
    assert counted(polars.Series(["a", None], dtype=polars.Categorical)) == {"a": 1}
    assert counted(polars.Series(["a", None], dtype=polars.Enum(["a", "b"]))) == {"a": 1}
    assert counted(polars.Series([["a", None]], dtype=polars.List(polars.Categorical))) == {"a": 1}
    assert counted(polars.DataFrame({"none": none, "text": ["a", None]})) == {"a": 1}


@pytest.mark.parametrize(
    ("columns", "message"),
    [
        ({"n": pa.array([1]), "text": pa.nulls(1)}, "there are no words in the text"),
        ({"n": pa.array([[1]]), "text": pa.nulls(1)}, "there are no words in the text"),
        ({"none": pa.nulls(1), "text": pa.array([[None]])}, "there are no words in the text"),
        (
            {"n": pa.array([1]), "s": pa.nulls(1), "t": pa.nulls(1)},
            'it has 0 among .*"n", "s", "t"',
        ),
    ],
)
def test_a_frame_of_polars_with_columns_of_nulls_is_read_as_the_table_of_arrow(columns, message):
    polars = pytest.importorskip("polars", reason="polars is not installed")
    frame = polars.DataFrame({name: column.to_pylist() for name, column in columns.items()})
    for source in (pa.table(columns), frame, frame.lazy()):
        with pytest.raises(ValueError, match=message):
            counted(source)


words = st.sampled_from(["a", "b", "ü", "水"])
texts = st.one_of(st.none(), st.lists(words, max_size=3).map(" ".join))
lists = st.one_of(st.none(), st.lists(st.one_of(st.none(), words), max_size=3))


@st.composite
def columns(draw: st.DrawFn) -> tuple[Any, list[Any]]:
    """A chunked column of any type, and its values as a list. A chunk may be a slice."""
    nested = draw(st.booleans())
    kind = draw(st.sampled_from(NESTED if nested else SCALARS))
    chunks, expected = [], []
    for _ in range(draw(st.integers(1, 3))):
        rows = draw(st.lists(lists if nested else texts, max_size=8))
        start = draw(st.integers(0, len(rows)))
        stop = draw(st.integers(start, len(rows)))
        array = (lists_of if nested else encoded)(rows, kind)
        chunks.append(array[start:stop])
        expected += rows[start:stop]
    return pa.chunked_array(chunks, type=kind), expected


@pytest.mark.slow
@given(columns())
@settings(max_examples=min(150, 3 * settings.default.max_examples), deadline=None)
def test_any_column_is_read_as_the_same_list(case):
    column, rows = case
    documents = [
        [word for word in row if word is not None] if isinstance(row, list) else row
        for row in rows
        if row is not None
    ]
    marker: list[Any] = [["end"]] if isinstance(next(iter(documents), ""), list) else ["end"]
    assert counted(iter([column, *marker])) == counted([*documents, *marker])
