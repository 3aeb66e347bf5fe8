"""Counting on a cluster: two worker processes that talk over the loopback interface."""

from __future__ import annotations

import bz2
import functools
import gzip
import json
import math
import os
import pickle
import re
import signal
import time
import zipfile
from typing import TYPE_CHECKING

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from glove_rs import Cooccurrence, FormatError, Vocabulary, _core
from glove_rs._io.sources import source_arguments
from glove_rs.cli._inputs import Argument
from libraries import later

if TYPE_CHECKING:
    from glove_rs.dask._cluster import Cluster

dask, distributed, fsspec = later("dask"), later("distributed"), later("fsspec")
bags, counting = later("dask.bag"), later("glove_rs.dask._counting")
count = later("glove_rs.dask._counting", "count")
is_small = later("glove_rs.dask._counting", "_is_small")
cluster_of = later("glove_rs.dask._cluster", "cluster_of")
shards_of = later("glove_rs.dask._shards", "shards_of")
DaskGlove = later("glove_rs.dask", "DaskGlove")

#: Values of `blocksize` in bytes. With `BLOCK`, a text has many shards, which are counted one by
#: one. With `LARGE_BLOCK`, it has a few shards, which are counted together.
BLOCK = 1000
LARGE_BLOCK = 4000


@pytest.fixture(scope="module")
def client():
    # By default, a worker waits up to 30 s to connect to another worker that was killed.
    import distributed  # sets options, which must outlive `with`

    with dask.config.set({"distributed.comm.timeouts.connect": "2s"}):
        local = distributed.LocalCluster(n_workers=2, threads_per_worker=1, dashboard_address=":0")
        with local, distributed.Client(local) as client:
            yield client


def wait_for_two_workers(client):
    """Wait for two workers. On a busy machine Dask may not replace a killed one: start another."""
    while True:
        try:
            return client.wait_for_workers(2, timeout=60)
        except TimeoutError:
            client.cluster.scale(len(client.cluster.worker_spec) + 1)


@pytest.fixture
def cluster(client):
    wait_for_two_workers(client)
    with cluster_of(client) as cluster:
        yield cluster


def records_of(cluster: Cluster, counted):
    """The records of each group, sorted by row and column."""
    for counts in cluster.client.gather(counted.group_counts):
        rows, columns, values = counts.records()
        order = np.lexsort((columns, rows))
        yield rows[order], columns[order], values[order]


def assert_counted(cluster: Cluster, counted, expected: Cooccurrence, rtol: float = 1e-12) -> None:
    """Assert that `counted` has the vocabulary and the records of `expected`.

    A group has the records whose row or column is one of its words.
    """
    assert counted.vocabulary == expected.vocabulary
    words, groups = len(expected.vocabulary), len(counted.group_counts)
    rows, columns, values = expected.records()
    for group, found in enumerate(records_of(cluster, counted)):
        own = np.isin(np.arange(words), _core.group_ranks(words, groups, group))
        touched = own[rows] | own[columns]
        np.testing.assert_array_equal(found[0], rows[touched])
        np.testing.assert_array_equal(found[1], columns[touched])
        np.testing.assert_allclose(found[2], values[touched], rtol=rtol, atol=0)


def test_a_last_part_that_two_members_have_names_neither(tmp_path):
    with zipfile.ZipFile(tmp_path / "texts.zip", "w") as archive:
        for name in ("a/x.txt", "b/x.txt", "b/y.txt"):
            archive.writestr(name, "a b c")
    shards = functools.partial(shards_of, documents="line", blocksize=1000, least=1)
    for member in ("a/x.txt", "y.txt"):
        assert shards(f"{tmp_path}/texts.zip:{member}").ranges
    with pytest.raises(FileNotFoundError, match="several files in the archive have this name"):
        shards(f"{tmp_path}/texts.zip:x.txt")


def test_a_compressed_file_is_recognised_by_any_ending_that_the_core_knows(tmp_path):
    for name in ("a.gz", "a.GZ", "a.zstd", "a.txt"):
        (tmp_path / name).write_bytes(b"a b c" * 20)
        shards = shards_of(tmp_path / name, documents="line", blocksize=1000, least=1)
        assert shards.text_bytes(1000) == (100 if name == "a.txt" else 400)


def test_a_path_object_may_hold_a_url(tmp_path):
    (tmp_path / "a.txt").write_text("a b c")
    url = Argument(f"file://{tmp_path}/*.txt")
    assert len(shards_of([url], documents="line", blocksize=1000, least=1).ranges) == 1


def test_hidden_files_of_a_remote_folder_are_left_out_as_on_one_machine():
    store = fsspec.filesystem("memory")
    try:
        for name in ("a.txt", ".a.txt.crc", ".hidden/b.txt", "in/c.txt"):
            store.pipe(f"/hiding/{name}", b"a b c")
        for source, options in (("memory:///hiding", None), ("/hiding", store)):
            arguments = {"documents": "line", "blocksize": 1000, "least": 1}
            [files] = shards_of(source, storage_options=options, **arguments).ranges
            assert [part.file.path for part in files] == ["/hiding/a.txt", "/hiding/in/c.txt"]
            assert [part.file.size for part in files] == [5, 5]
    finally:
        store.rm("/hiding", recursive=True)


def test_a_pipe_is_no_source_that_workers_can_read():
    for source in ("/dev/null", "file:///dev/null"):
        for column in ("text", None):
            with pytest.raises(FileNotFoundError, match="No regular file"):
                shards_of(source, documents="line", blocksize=1000, least=1, column=column)


@pytest.mark.parametrize("groups", [1, 2, 3, 7])
@pytest.mark.parametrize("blocksize", [BLOCK, LARGE_BLOCK])
def test_group_counts_have_every_pair_with_a_word_of_the_group(cluster, zipf, groups, blocksize):
    counted = count(cluster, zipf.path, groups=groups, blocksize=blocksize)
    shards = shards_of(zipf.path, documents="line", blocksize=blocksize, least=groups).ranges
    small = is_small(len(shards), zipf.path.stat().st_size)
    assert small == (blocksize == LARGE_BLOCK)
    assert (
        small or len(shards) > counting.FAN_IN
    )  # the vocabularies of many shards are merged in a tree
    assert counted.tokens == sum(map(len, zipf.documents))
    assert_counted(cluster, counted, Cooccurrence.from_corpus(zipf.path))


@pytest.mark.parametrize("blocks", [1, 3, 16])
@pytest.mark.parametrize("symmetric", [True, False])
def test_one_group_and_shards_that_are_counted_together_give_the_bits_of_one_machine(
    cluster, zipf, blocks, symmetric
):
    assert blocks <= counting.TOGETHER == 16
    blocksize = math.ceil(zipf.path.stat().st_size / blocks)
    shards = shards_of(zipf.path, documents="line", blocksize=blocksize, least=1).ranges
    assert len(shards) == blocks
    counted = count(cluster, zipf.path, groups=1, blocksize=blocksize, symmetric=symmetric)
    expected = Cooccurrence.from_corpus(zipf.path, symmetric=symmetric)
    assert_counted(cluster, counted, expected, rtol=0)


@pytest.mark.parametrize("settings", [{}, {"distance_weighting": False}, {"symmetric": False}])
@pytest.mark.parametrize("groups", [1, 3])
def test_whole_documents_are_windows_on_a_cluster_too(cluster, zipf, groups, settings):
    settings = {"window": None, **settings}
    for blocksize in (BLOCK, LARGE_BLOCK):
        counted = count(cluster, zipf.path, groups=groups, blocksize=blocksize, **settings)
        assert_counted(cluster, counted, Cooccurrence.from_corpus(zipf.path, **settings))


def test_a_document_that_is_too_long_to_be_a_window_is_refused_on_a_cluster(cluster):
    text = [" ".join(["a", "b"] * 5_001)]
    with pytest.raises(ValueError, match=r"10,?000"):
        Cooccurrence.from_corpus(text, window=None, min_count=1)
    with pytest.raises(ValueError, match=r"10,?000"):
        count(cluster, text, groups=2, window=None, min_count=1)


def test_stop_words_of_a_given_vocabulary_are_refused_on_a_cluster(cluster):
    given = Vocabulary(["the", "bank"], [2, 1])
    with pytest.raises(ValueError, match="stop_words must not have words of the given vocabulary"):
        count(cluster, ["the bank"], groups=1, vocabulary=given, stop_words=["the"])
    settings = {"stop_words": ["The"], "lowercase": True}
    with pytest.raises(ValueError, match=r'got "the"; leave them out'):
        count(cluster, ["the bank"], groups=1, vocabulary=given, **settings)


def test_stop_words_are_folded_on_a_cluster_as_elsewhere(cluster):
    settings = {"stop_words": ["The", "Of"], "lowercase": True, "min_count": 1}
    text = ["The bank of the river", "of The sea"]
    counted = count(cluster, text, groups=1, **settings)
    X = Cooccurrence.from_corpus(text, **settings)
    assert counted.vocabulary.words == X.vocabulary.words == ["bank", "river", "sea"]
    assert_counted(cluster, counted, X)
    for where in (
        lambda: count(cluster, ["The of"], groups=1, **settings),
        lambda: Cooccurrence.from_corpus(["The of"], **settings),
    ):
        with pytest.raises(ValueError, match="2 of the words are stop words"):
            where()


def test_a_row_group_of_a_table_or_a_file_of_a_table_is_a_shard(cluster, zipf, tmp_path):
    pa = pytest.importorskip("pyarrow")
    parquet = pytest.importorskip("pyarrow.parquet")
    lines = zipf.lines
    table = pa.table({"n": range(len(lines)), "text": lines, "tokens": zipf.documents})
    parquet.write_table(table, tmp_path / "t.parquet", row_group_size=math.ceil(len(lines) / 7))
    packed = gzip.compress("".join(json.dumps({"text": x}) + "\n" for x in lines).encode())
    (tmp_path / "t.jsonl.gz").write_bytes(packed)
    where = {"documents": "line", "blocksize": BLOCK, "least": 1, "column": "text"}
    shards = shards_of(str(tmp_path / "t.parquet"), **where)
    assert [piece.number for piece in shards.pieces] == list(range(7))
    assert shards.text_bytes(BLOCK) == sum(shards.sizes) > 0
    assert len(shards_of(tmp_path, **where).pieces) == 8

    expected = Cooccurrence.from_corpus(lines)
    for name, column in (("t.parquet", "text"), ("t.parquet", "tokens"), ("t.jsonl.gz", "text")):
        counted = count(cluster, tmp_path / name, groups=2, column=column)
        assert_counted(cluster, counted, expected)
    model = DaskGlove(dim=4, epochs=1, client=cluster.client)
    model.fit(tmp_path / "t.parquet", column="text")
    assert model.vocabulary == expected.vocabulary
    assert model.settings_["column"] == "text"
    with pytest.raises(ValueError, match=r"column must name .*t\.parquet, got 'txt'.*text: string"):
        count(cluster, tmp_path / "t.parquet", groups=1, column="txt")
    with pytest.raises(ValueError, match=r"column must name .*t\.jsonl\.gz, got 'txt'"):
        count(cluster, tmp_path / "t.jsonl.gz", groups=1, column="txt")


def test_bags_of_dicts_and_data_frames_of_dask_have_columns(cluster, zipf):
    rows = [{"n": 1, "text": line} for line in zipf.lines]
    expected = Cooccurrence.from_corpus(zipf.lines)
    for source in (rows, bags.from_sequence(rows, npartitions=3)):
        assert_counted(cluster, count(cluster, source, groups=2, column="text"), expected)
    with pytest.raises(ValueError, match="column must name a column of row 0"):
        count(cluster, rows, groups=1, column="txt")
    with pytest.raises(TypeError, match=r"dask.bag or list of dicts if column is given, got int"):
        count(cluster, 3, groups=1, column="text")
    pandas = pytest.importorskip("pandas")
    frames = pytest.importorskip("dask.dataframe")
    frame = frames.from_pandas(pandas.DataFrame(rows), npartitions=3)
    assert_counted(cluster, count(cluster, frame, groups=2, column="text"), expected)
    with pytest.raises(ValueError, match="column must name a column of the table, got 'txt'"):
        count(cluster, frame, groups=1, column="txt")


def test_texts_are_counted_together_if_they_are_small(tmp_path):
    assert is_small(counting.TOGETHER, 2**30)
    assert not is_small(1, 2**30 + 1)
    assert not is_small(counting.TOGETHER + 1, 1)
    for name in ("plain", "packed.gz"):
        (tmp_path / name).write_bytes(b"a b\n" * 100)
    shards = shards_of(tmp_path, documents="line", blocksize=300, least=1)
    assert shards.text_bytes(300) == 400 + 4 * 400
    bag = shards_of(bags.range(10, 2), documents="line", blocksize=300, least=1)
    assert bag.text_bytes(300) == 600


@pytest.mark.parametrize(
    "settings",
    [
        {"symmetric": False, "window": 3},
        {"symmetric": False, "keep_gaps": True, "window": 40},
        {"distance_weighting": False, "keep_gaps": True},
        {"max_vocab": 50, "min_count": 1},  # cuts through words that are equally frequent
        {"tokenizer": "unicode", "lowercase": True, "normalize": "NFKC"},
        {"tokenizer": re.compile(r"(w)\d+"), "lowercase": True, "min_count": 2},
        {"tokenizer": str.split, "min_count": 2},
        {"documents": "paragraph"},
        {"documents": "file", "window": 100},
    ],
    ids=str,
)
def test_every_setting_means_what_it_does_on_one_machine(cluster, tmp_path, settings):
    rng = np.random.default_rng(7)
    words = [f"{letter}{k}" for k in range(40) for letter in ("w", "W", "é", "ﬁ")]
    lines = [" ".join(rng.choice(words, size=n)) for n in rng.integers(0, 15, size=600)]
    path = tmp_path / "text.txt"
    path.write_text("\n".join(lines), encoding="utf-8")
    counted = count(cluster, path, groups=3, blocksize=BLOCK, **settings)
    assert_counted(cluster, counted, Cooccurrence.from_corpus(path, **settings))


@pytest.mark.parametrize("counts", [[0, 0, 0], [9, 5, 7]])
def test_given_words_are_counted(cluster, zipf, counts):
    vocabulary = Vocabulary(["w3", "not there", "w1"], counts)
    counted = count(cluster, zipf.path, vocabulary=vocabulary, groups=2, blocksize=BLOCK)
    assert_counted(cluster, counted, Cooccurrence.from_corpus(zipf.path, vocabulary))


# --------------------------------------------------------------------------------------- sources


@pytest.mark.parametrize("as_tokens", [False, True])
def test_a_bag_of_documents_is_read_where_it_is_made(cluster, zipf, as_tokens):
    here = os.getpid()

    def made(document):
        assert os.getpid() != here
        return document

    documents = zipf.documents if as_tokens else zipf.lines
    bag = bags.from_sequence(documents, npartitions=5).map(made)
    assert_counted(cluster, count(cluster, bag, groups=2), Cooccurrence.from_corpus(documents))


def test_lines_of_read_text_are_documents(cluster, zipf):
    bag = bags.read_text(str(zipf.path), blocksize=BLOCK)
    assert_counted(cluster, count(cluster, bag, groups=2), Cooccurrence.from_corpus(zipf.path))


def test_a_list_of_documents_is_sent_to_the_workers(cluster, zipf):
    expected = Cooccurrence.from_corpus(zipf.path)
    for documents in (zipf.lines, zipf.documents):
        assert_counted(cluster, count(cluster, documents, groups=2), expected)


def test_a_column_of_a_table_is_read_where_it_is(cluster, zipf, tmp_path):
    pandas = pytest.importorskip("pandas")
    tables = pytest.importorskip("dask.dataframe")
    texts = pandas.Series([*zipf.lines, None], name="text")
    frame = tables.from_pandas(pandas.DataFrame({"n": range(len(texts)), "text": texts}), 3)
    expected = Cooccurrence.from_corpus(zipf.path)
    assert_counted(cluster, count(cluster, frame.text, groups=2), expected)


def test_files_may_be_many_packed_remote_and_small(cluster, zipf, tmp_path):
    for k, line in enumerate(zipf.lines[:40]):
        (tmp_path / f"small-{k:02}.txt").write_text(line, encoding="utf-8")
    text = "\n".join(zipf.lines).encode()
    (tmp_path / "a.gz").write_bytes(gzip.compress(text))
    (tmp_path / "b.packed").write_bytes(bz2.compress(text))
    (tmp_path / "c.utf-16").write_bytes(text.decode().encode("utf-16"))
    (tmp_path / "d.marked").write_bytes(b"\xef\xbb\xbf" + text)
    expected = Cooccurrence.from_corpus(tmp_path)
    folder = tmp_path.as_uri()
    for source in (
        tmp_path,
        str(tmp_path / "*"),
        sorted(tmp_path.iterdir()),
        folder,
        [
            folder + "/small-*",
            *(folder + f"/{name}" for name in ["a.gz", "b.packed"]),
            tmp_path / "c.utf-16",
            str(tmp_path / "d.marked"),
        ],
    ):
        counted = count(cluster, source, groups=2, blocksize=BLOCK)
        assert_counted(cluster, counted, expected)


@pytest.mark.slow
@given(
    text=st.text("ab\n\r é", max_size=300).map(str.encode),
    blocksize=st.integers(1, 40),
    documents=st.sampled_from(["line", "paragraph", "file"]),
)
def test_every_byte_is_in_one_range_that_ends_with_a_document(text, blocksize, documents):
    system = fsspec.filesystem("memory")
    system.pipe_file("/text", text)
    shards = shards_of("memory:///text", documents=documents, blocksize=blocksize, least=2)
    read = b""
    for within in (within for ranges in shards.ranges for within in ranges):
        for name, start, file in within.open():
            assert name == "memory:///text"
            assert start in (None, len(read))
            part = file.read()
            read += part
            if len(read) < len(text):
                assert part.endswith({"line": b"\n", "paragraph": b"\n\n"}[documents]) or not part
    assert read == text


def test_small_texts_are_cut_into_as_many_shards_as_groups(tmp_path):
    path = tmp_path / "text.txt"
    path.write_bytes(b"a b c\n" * 1000)
    for least, blocksize, shards in ((1, 2**20, 1), (3, 2**20, 3), (2, 2500, 4)):
        cut = shards_of(path, documents="line", blocksize=blocksize, least=least)
        assert len(cut.ranges) == shards
        assert max(cut.sizes) - min(cut.sizes) <= 1
        assert sum(cut.sizes) == 6000


# ---------------------------------------------------------------------------------------- errors


def test_a_byte_that_is_no_text_is_named_with_its_file_and_place(cluster, tmp_path):
    path = tmp_path / "bad.txt"
    path.write_bytes(b"some words\n" * 1000 + b"bad \xff byte\n")
    with pytest.raises(FormatError, match=re.escape(f"{path}, byte 11004: invalid UTF-8")):
        count(cluster, path, groups=2, blocksize=BLOCK)
    counted = count(cluster, path, groups=2, blocksize=BLOCK, errors="replace", min_count=1)
    assert_counted(cluster, counted, Cooccurrence.from_corpus(path, errors="replace", min_count=1))


#: Contents of files that are not text, and patterns of the names of their kinds in messages.
KINDS = {
    "HTML": (b"<!DOCTYPE html><html><body><p>a b</p></body></html>\n" * 50, "an HTML page"),
    "pointer": (
        b"version https://git-lfs.github.com/spec/v1\noid sha256:" + b"4d7a" * 16 + b"\nsize 12\n",
        "git-lfs|Git LFS|pointer",
    ),
    "UTF-16": (("words of a text\n" * 99).encode("utf-16-le"), "UTF-16 without"),
    "vectors": (
        b"".join(b"w%d 0.25 -1.5 3.125 0.5\n" % number for number in range(99)),
        "WordVectors",
    ),
    "Parquet": (b"PAR1" + bytes(range(256)) * 20 + b"PAR1", "Parquet"),
}


@pytest.mark.parametrize("name", KINDS)
@pytest.mark.parametrize("blocksize", [BLOCK, 2**20])
def test_what_is_no_text_is_refused_before_work_is_sent(tmp_path, name, blocksize):
    content, what = KINDS[name]
    path = tmp_path / "corpus.txt"
    path.write_bytes(content)
    for source in (path, [path], path.as_uri()):
        with pytest.raises(FormatError, match=f"corpus.txt, byte 0: this is not text.*({what})"):
            shards_of(source, documents="line", blocksize=blocksize, least=2)


@pytest.mark.parametrize("pack", [bytes, gzip.compress], ids=["plain", "gzip"])
def test_json_lines_are_warned_of_once(tmp_path, pack):
    for name in ("a.json.gz", "b.json.gz"):
        path = tmp_path / name.removesuffix("" if pack is gzip.compress else ".gz")
        path.write_bytes(pack(b'{"text": "some words of a text"}\n' * 99))
    with pytest.warns(RuntimeWarning, match="this looks like JSON") as caught:
        shards_of(tmp_path, documents="line", blocksize=BLOCK, least=2)
    assert len(caught) == 1


def test_zip_archives_are_read_as_by_one_machine(cluster, tmp_path):
    path = tmp_path / "c.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as packed:
        packed.writestr("a.txt", "a b c\n" * 999)
        packed.writestr("more/b.txt", "b c d\n" * 99)
    for source in (path, f"{path}:a.txt", f"{path}:b.txt", [f"{path}:more/b.txt", str(path)]):
        counted = count(cluster, source, groups=2, blocksize=BLOCK)
        assert_counted(cluster, counted, Cooccurrence.from_corpus(source))
    with pytest.raises(FileNotFoundError, match=r'which holds "a\.txt", "more/b\.txt"'):
        count(cluster, f"{path}:c.txt", groups=2)


def test_a_zip_file_of_something_else_is_refused_by_what_it_is(tmp_path):
    np.savez(tmp_path / "arrays.npz", a=np.eye(3))
    with pytest.raises(FormatError, match=r"arrays\.npz.*this is not text"):
        shards_of(tmp_path / "arrays.npz", documents="line", blocksize=BLOCK, least=2)
    with zipfile.ZipFile(tmp_path / "page.zip", "w") as packed:
        packed.writestr("page.html", KINDS["HTML"][0])
    with pytest.raises(FormatError, match="HTML page"):
        shards_of(tmp_path / "page.zip", documents="line", blocksize=BLOCK, least=2)


def test_words_that_are_all_too_rare_name_the_setting(cluster, zipf):
    with pytest.raises(ValueError, match=re.escape(f"{zipf.path}: no words left")):
        count(cluster, zipf.path, groups=2, min_count=10**6)
    with pytest.raises(ValueError, match="there are no words in the text"):
        count(cluster, bags.from_sequence(["", " "], npartitions=2), groups=2)


def test_what_a_task_raises_is_raised_here_and_the_tasks_are_gone(client, zipf):
    def tokenizer(text):
        raise LookupError("no such language")

    with pytest.raises(LookupError, match="no such language"), cluster_of(client) as cluster:
        count(cluster, zipf.path, groups=2, blocksize=BLOCK, tokenizer=tokenizer)
    assert are_gone(cluster)


def are_gone(cluster: Cluster) -> bool:
    """Whether the scheduler has no task of `cluster`, after a wait of up to five seconds."""

    def left(prefix, dask_scheduler):
        return any(str(key).startswith(prefix) for key in dask_scheduler.tasks)

    for _ in range(100):
        if not cluster.client.run_on_scheduler(left, cluster._fit):
            return True
        time.sleep(0.05)
    return False


@pytest.mark.parametrize(
    ("source", "error"),
    [
        (["no-such-file.txt"], FileNotFoundError),
        ("file:///no/such/*.txt", FileNotFoundError),
        ("/dev/null", FileNotFoundError),
        ("-", TypeError),
        ([], TypeError),
        (7, TypeError),
    ],
)
def test_sources_that_workers_cannot_read_are_refused(cluster, source, error):
    with pytest.raises(error):
        count(cluster, source, groups=2)


@pytest.mark.parametrize(
    "settings",
    [{"blocksize": 10}, {"blocksize": "many"}, {"window": 0}, {"errors": "?"}, {"documents": "?"}],
    ids=str,
)
def test_bad_settings_are_named_before_any_work(cluster, zipf, settings):
    with pytest.raises(ValueError, match=next(iter(settings))):
        count(cluster, zipf.path, groups=2, **settings)


# ---------------------------------------------------------------------------------------- faults


class Killed:
    """A progress callback that kills a worker at the first report of the stage `stage`."""

    def __init__(self, client, stage: str) -> None:
        self._client = client
        self._stage = stage
        self.killed = 0

    def __call__(self, stage: str, done: int, total: int, info: object) -> None:
        if stage == self._stage and not self.killed:
            pids = self._client.run(os.getpid)
            self.killed = pids[sorted(pids)[0]]
            os.kill(self.killed, signal.SIGKILL)


@pytest.mark.slow
@pytest.mark.parametrize("stage", ["tokenizing", "counting"])
@pytest.mark.parametrize("blocksize", [BLOCK, LARGE_BLOCK])
def test_a_killed_worker_changes_nothing(client, cluster, zipf, stage, blocksize):
    whole = count(cluster, zipf.path, groups=2, blocksize=blocksize)
    expected = [*records_of(cluster, whole)]
    progress = Killed(client, stage)
    counted = count(cluster, zipf.path, groups=2, blocksize=blocksize, progress=progress)
    assert counted.vocabulary == whole.vocabulary
    for found, same in zip(records_of(cluster, counted), expected, strict=True):
        for ours, theirs in zip(found, same, strict=True):
            np.testing.assert_array_equal(ours, theirs)
    assert progress.killed
    wait_for_two_workers(client)


def test_an_interrupted_count_leaves_no_tasks(client, zipf):
    def progress(*_):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt), cluster_of(client) as cluster:
        count(cluster, zipf.path, groups=2, blocksize=BLOCK, progress=progress)
    assert are_gone(cluster)


# ------------------------------------------------------------------------------- progress, pickles


def test_progress_is_told_by_stage(cluster, zipf):
    told = {}

    def progress(stage, done, total, info):
        assert 0 < done <= total
        assert done >= told.get(stage, (0, total))[0]
        told[stage] = done, total

    counted = count(cluster, zipf.path, groups=3, blocksize=BLOCK, progress=progress)
    size, tokens = zipf.path.stat().st_size, sum(map(len, zipf.documents))
    assert told == {
        "tokenizing": (size, size),
        "counting": (tokens, tokens),
        "merging": (3, 3),
    }
    assert list(counted.seconds) == ["tokenizing", "vocabulary", "counting", "merging"]


@pytest.mark.parametrize("symmetric", [True, False])
def test_what_travels_comes_back_from_buffers_at_any_place(zipf, symmetric):
    def sent(thing):
        buffers = []
        data = pickle.dumps(thing, 5, buffer_callback=buffers.append)
        assert len(data) < 1000
        moved = [memoryview(b"?" + bytes(buffer.raw()))[1:] for buffer in buffers]
        return pickle.loads(data, buffers=moved)

    source = {**source_arguments([], {}), "kind": "items", "value": zipf.lines}
    encoding = {"tokenizer": "whitespace", "lowercase": False, "normalize": None}
    encoding |= {"phrases": None, "stop_words": None}
    encoding |= {"user_dictionary": None, "simplified_lookup": False}
    limits = {"min_count": 1, "max_vocab": None, "keep_gaps": False, "max_word_bytes": 1 << 20}
    shard = _core.CoreShard.read(source, {**encoding, **limits})
    chosen = {**encoding, **limits, "min_count": 2}
    vocabulary = shard.vocabulary.chosen("text", chosen)
    same = sent(vocabulary)
    assert same.words() == vocabulary.words()
    assert same.counts().tolist() == vocabulary.counts().tolist()
    counting = {"window": 5, "symmetric": symmetric, "distance_weighting": True, "adjacent": False}
    text = shard.encode(vocabulary, chosen, 2)
    assert sent(shard).encode(same, chosen, 2).tolist() == text.tolist()
    gaps = shard.encode(vocabulary, {**chosen, "keep_gaps": True}, 2)
    assert len(gaps) - len(text) == shard.tokens - vocabulary.counts().sum() > 0
    text = text.view(np.uint8)
    group_counts = _core.count_by_group([text], vocabulary, counting, 2, 0, 1)
    again = _core.count_by_group([sent(text)], same, counting, 2, 0, 1)
    merged = _core.CoreGroupCounts.merge([group_counts[1], again[1]], 2)
    assert sent(shard).nbytes == shard.nbytes
    for counts in (*group_counts, merged):
        for found, expected in zip(sent(counts).records(), counts.records(), strict=True):
            np.testing.assert_array_equal(found, expected)
    np.testing.assert_array_equal(merged.records()[2], 2 * group_counts[1].records()[2])
