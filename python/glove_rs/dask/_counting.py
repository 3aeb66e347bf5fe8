"""Counting on the workers of a cluster: from a text to the counts of each group of words."""

from __future__ import annotations

import itertools
import operator
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt
from dask.sizeof import sizeof
from distributed import Future, as_completed, get_worker

from .. import _core
from .._checks import byte_count
from .._io.sources import documents_of, source_arguments
from .._io.table_files import Piece
from .._io.table_objects import column_of
from .._progress import ProgressCallback
from .._settings import checked, core_counting, core_encoding
from ..vocabulary import Vocabulary
from ._cluster import Cluster
from ._shards import FileRange, shards_of

__all__ = ["Counted", "count"]

#: The largest number of inputs that one task merges.
FAN_IN = 16
#: A text of at most `TOGETHER` shards and `TOGETHER_BYTES` bytes is small: all workers receive it,
#: and each counts some rows of X. So no two tasks count the same row, and no counts are added.
TOGETHER, TOGETHER_BYTES = 16, 2**30
#: Bytes of a table that a worker decodes at once.
_BATCH_BYTES = 4 << 20
#: A number for each call of `count`. It makes the names of tasks of different calls different.
_COUNTS = itertools.count()


sizeof.register(
    (_core.CoreVocabulary, _core.CoreShard, _core.CoreGroupCounts), operator.attrgetter("nbytes")
)


@dataclass(frozen=True)
class Counted:
    """The result of counting on a cluster.

    Attributes
    ----------
    vocabulary : Vocabulary
        The words of the rows and columns, by rank.
    group_counts : list of Future
        The counts of each group of words: each future has a ``CoreGroupCounts``.
    tokens : int
        Number of tokens in the text, including those outside the vocabulary.
    seconds : dict
        Wall time of the stages "tokenizing", "vocabulary", "counting" and "merging". Tasks of
        different stages overlap. The time of a stage is therefore the time from the end of the
        previous stage to the end of this stage.
    """

    vocabulary: Vocabulary
    group_counts: list[Future]
    tokens: int
    seconds: dict[str, float] = field(default_factory=dict)


@dataclass(frozen=True)
class _ShardReader:
    """Reads shards on a worker. `settings` are the parameters of reading and encoding."""

    settings: dict[str, Any]
    #: The column to read in a partition of dicts.
    column: str | None = None

    def read_ranges(self, ranges: Sequence[FileRange]) -> _core.CoreShard:
        """Read and tokenise ranges of files."""
        return self._read("ranges", itertools.chain.from_iterable(p.open() for p in ranges))

    def read_documents(self, documents: Iterable[Any]) -> _core.CoreShard:
        """Tokenise a partition of a bag or of a column of a table."""
        column = self.column
        if column is not None:
            documents, column = column_of(documents, column)
        return self._read("iterable", documents_of(documents), column)

    def read_piece(self, piece: Piece) -> _core.CoreShard:
        """Tokenise a piece of a file of tables."""
        return self._read("iterable", piece.batches(_BATCH_BYTES), piece.column)

    def _read(self, kind: str, value: object, column: str | None = None) -> _core.CoreShard:
        source = source_arguments([], self.settings)
        encoding = core_encoding(self.settings)
        return _core.CoreShard.read(
            {**source, "kind": kind, "value": value, "column": column}, encoding
        )


def count(
    cluster: Cluster,
    source: Any,
    *,
    vocabulary: Vocabulary | None = None,
    groups: int,
    blocksize: int | str = "64MiB",
    progress: ProgressCallback | None = None,
    **settings: Any,
) -> Counted:
    """Count the co-occurrences of `source` on the workers of `cluster`.

    Every shard is tokenised once. A small text is sent to all workers, and each worker counts some
    rows of X. In a larger text each worker counts whole shards. The counts depend on `source`,
    `groups`, `blocksize` and the other settings, and not on the number of workers. They equal the
    counts of :meth:`Cooccurrence.from_corpus`, except for rounding: the order of summation differs.

    Parameters
    ----------
    source : path, paths, dask.bag.Bag, column of a dask.dataframe or list of documents
        Files, local or with a protocol of fsspec, or documents.
    vocabulary : Vocabulary, optional
        The words to count, instead of those that `min_count` and `max_vocab` select.
    groups : int
        Number of groups of words, >= 1. One worker collects the counts of a group.
    blocksize : int or str
        The largest size of a shard in bytes. A shard may be longer by the rest of its last
        document. Shards are made smaller than `blocksize` so that their number is about a multiple
        of `groups`. A compressed file, a file in a zip archive, a piece of a table and a partition
        of a bag are never divided. So partitions should have about `blocksize` bytes.
    progress : callable, optional
        As for :class:`glove_rs.Glove`. While a bag or a column of a dask.dataframe is tokenised,
        `done` and `total` are numbers of partitions, not of bytes.
    **settings
        `column` and `storage_options` as for :meth:`glove_rs.Glove.fit`, and parameters of reading,
        encoding and counting as for :class:`glove_rs.Glove`. Adjacent words are not counted.

    Raises
    ------
    ValueError, OSError, FormatError
        As for :meth:`Cooccurrence.from_corpus`.
    TypeError
        If `source` is of a type that is not read.
    """
    encoding = core_encoding(settings)
    counting = core_counting({**settings, "adjacent": False})
    read_settings = checked(settings, "reading", "encoding")
    where = checked(settings, "source")
    if vocabulary is not None:
        vocabulary._core.refuse_stop_words(encoding)
    blocksize = byte_count("blocksize", blocksize, 1000)
    text = shards_of(
        source,
        documents=read_settings["documents"],
        blocksize=blocksize,
        least=groups,
        **where,
    )
    reader = _ShardReader(read_settings, text.column)
    submit, this = cluster.submit, f"count-{next(_COUNTS)}"
    if text.partitions:
        shards = cluster.compute(reader.read_documents, text.partitions, name=f"{this}-shard")
    elif text.pieces:
        shards = [
            submit(reader.read_piece, piece, name=f"{this}-shard-{k}")
            for k, piece in enumerate(text.pieces)
        ]
    else:
        shards = [
            submit(reader.read_ranges, ranges, name=f"{this}-shard-{k}")
            for k, ranges in enumerate(text.ranges)
        ]
    vocabularies = [
        submit(_vocabulary, shard, name=f"{this}-words-{k}") for k, shard in enumerate(shards)
    ]
    given = None if vocabulary is None else vocabulary._core
    # `_encoding` returns its argument. Dask sends the result of a task to a worker only once, but
    # sends an argument with each task.
    rules = submit(_encoding, encoding, name=f"{this}-encoding")
    words = submit(
        _chosen,
        _merged(cluster, _core.merge_vocabularies, vocabularies, f"{this}-words"),
        given,
        text.name,
        rules,
        name=f"{this}-vocabulary",
    )
    tokens = [submit(_tokens, shard, name=f"{this}-tokens-{k}") for k, shard in enumerate(shards)]
    texts = [
        submit(_encoded, shard, words, rules, groups, name=f"{this}-text-{k}")
        for k, shard in enumerate(shards)
    ]
    together = _is_small(len(texts), text.text_bytes(blocksize))
    counts = _counts(cluster, texts, together, words, counting, groups, this)
    group_counts = _merged_by_group(cluster, counts, groups, this)
    stages = _StageTimer(progress)
    stages.wait("tokenizing", shards, text.sizes)
    counted_words = words.result()
    lengths = cluster.client.gather(tokens)
    stages.wait("vocabulary", [words], [0])
    # Delete the futures: workers keep the result of a task as long as its future exists.
    shards.clear()
    texts.clear()
    stages.wait("counting", counts, _divided(sum(lengths), len(counts)))
    stages.wait("merging", group_counts, [1] * groups)
    return Counted(
        Vocabulary._of(counted_words) if vocabulary is None else vocabulary,
        group_counts,
        sum(lengths),
        stages.seconds,
    )


def _is_small(shards: int, size: int) -> bool:
    """Return whether a text is small: it is sent to all workers, and each counts some rows of X."""
    return shards <= TOGETHER and size <= TOGETHER_BYTES


def _counts(
    cluster: Cluster,
    texts: list[Future],
    together: bool,
    words: Future,
    counting: _core._Counting,
    groups: int,
    name: str,
) -> list[Future]:
    """Submit the tasks that count. `texts` are the encoded shards.

    If `together`, there is one task for each thread of the workers, and each task counts some rows
    of X in all shards. The sums do not depend on how the rows are divided among these tasks.
    Otherwise there is one task for each shard, and each task counts all rows in its shard.
    """
    if together:
        workers, task_count = cluster.workers, cluster.threads()
        # If there is one group for each worker, most of the rows that a task counts belong to the
        # group of the worker on which the task runs. So few counts move between workers.
        owners = [workers[task * len(workers) // task_count] for task in range(task_count)]
        tasks: list[tuple[list[Future], int, str | None]]
        tasks = [(texts, task, at) for task, at in enumerate(owners)]
    else:
        task_count = 1
        tasks = [([text], 0, None) for text in texts]
    return [
        cluster.submit(
            _count,
            some,
            words,
            counting,
            groups,
            task,
            task_count,
            name=f"{name}-counts-{k}",
            at=at,
        )
        for k, (some, task, at) in enumerate(tasks)
    ]


def _merged_by_group(
    cluster: Cluster, counts: list[Future], groups: int, name: str
) -> list[Future]:
    """Merge the counts of each group on the worker that trains the group."""
    group_counts = []
    for group in range(groups):
        parts = [
            cluster.submit(operator.getitem, by_group, group, name=f"{name}-counts-{group}-{k}")
            for k, by_group in enumerate(counts)
        ]
        owner = cluster.owner(group)
        group_counts.append(
            _merged(cluster, _merge_group_counts, parts, f"{name}-counts-{group}", owner)
        )
    return group_counts


class _StageTimer:
    """Waits for the tasks of each stage in turn, reports progress and measures seconds."""

    def __init__(self, progress: ProgressCallback | None) -> None:
        self._progress = progress
        self._begun = time.monotonic()
        self.seconds: dict[str, float] = {}

    def wait(self, stage: str, futures: Sequence[Future], sizes: Sequence[int]) -> None:
        done, total = 0, sum(sizes)
        size_of = dict(zip(futures, sizes, strict=True))
        for future in as_completed(futures):
            if future.status != "finished":
                future.result()  # raises the exception of the task
            done += size_of[future]
            if self._progress is not None and total > 0:
                self._progress(stage, done, total, {})
        now = time.monotonic()
        self.seconds[stage] = now - self._begun
        self._begun = now


def _merged(
    cluster: Cluster,
    merge: Callable[[list[Any]], Any],
    parts: list[Future],
    name: str,
    owner: str | None = None,
) -> Future:
    """Merge parts in their order, in a tree of tasks with up to `FAN_IN` inputs each.

    The last task runs on the worker `owner`, or on any worker if `owner` is None.
    """
    for level in itertools.count():
        last = len(parts) <= FAN_IN
        parts = [
            cluster.submit(merge, some, name=f"{name}-{level}-{k}", at=owner if last else None)
            for k, some in enumerate(_batched(parts))
        ]
        if last:
            return parts[0]
    raise AssertionError("a tree has a root")


def _divided(whole: int, parts: int) -> list[int]:
    """Divide a whole number into parts that differ by at most 1."""
    return [whole * (part + 1) // parts - whole * part // parts for part in range(parts)]


def _batched(parts: list[Future]) -> Iterator[list[Future]]:
    return (parts[k : k + FAN_IN] for k in range(0, len(parts), FAN_IN))


# --- tasks: their results depend only on their arguments ------------------------------------------


def _vocabulary(shard: _core.CoreShard) -> _core.CoreVocabulary:
    return shard.vocabulary


def _encoding(parameters: _core._Encoding) -> _core._Encoding:
    return parameters


def _tokens(shard: _core.CoreShard) -> int:
    return shard.tokens


def _chosen(
    found: _core.CoreVocabulary,
    given: _core.CoreVocabulary | None,
    name: str,
    encoding: _core._Encoding,
) -> _core.CoreVocabulary:
    """Return the words to count, by rank, with their numbers of occurrences in the whole text."""
    if given is not None:
        return given.counted(found)
    return found.chosen(name, encoding)


def _encoded(
    shard: _core.CoreShard,
    vocabulary: _core.CoreVocabulary,
    encoding: _core._Encoding,
    groups: int,
) -> npt.NDArray[np.uint8]:
    return shard.encode(vocabulary, encoding, groups).view(np.uint8)


def _count(
    texts: list[npt.NDArray[np.uint8]],
    vocabulary: _core.CoreVocabulary,
    counting: _core._Counting,
    groups: int,
    task: int,
    tasks: int,
) -> list[_core.CoreGroupCounts]:
    return _core.count_by_group(texts, vocabulary, counting, groups, task, tasks)


def _merge_group_counts(parts: list[_core.CoreGroupCounts]) -> _core.CoreGroupCounts:
    return (
        parts[0]
        if len(parts) == 1
        else _core.CoreGroupCounts.merge(parts, get_worker().state.nthreads)
    )
