"""Time `Cooccurrence.from_pairs` on a table of random pairs, in memory or in a Parquet file.

    .venv/bin/python benches/pairs.py --rows 100000000 --keys integers
    .venv/bin/python benches/pairs.py --rows 100000000 --keys text --parquet /tmp/pairs.parquet
    .venv/bin/python benches/pairs.py --rows 2147483658 --keys few --memory 4GB

Keys follow Zipf's law over a million words. The table is made before the clock starts. With
``--keys few`` the table is a stream of equal batches with a thousand keys, for tables of more rows
than fit into memory. In this stream every eighth row has the value 1 and all others have 0. Zeros
are dropped, so the counts take little memory. The counts of this stream are checked.
"""

from __future__ import annotations

import argparse
import os
import resource
import time
from collections.abc import Iterator

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from glove_rs import Cooccurrence

WORDS = 1_000_000


def table(rows: int, keys: str) -> pa.Table:
    """Return a table of random pairs, in chunks of 2^20 rows."""
    rng = np.random.default_rng(0)
    words = pa.array([f"word{k}" for k in range(WORDS)])
    chunks = []
    for first in range(0, rows, 1 << 20):
        size = min(1 << 20, rows - first)
        # Draw from Zipf's law with exponent 1, by the inverse of its distribution function.
        a, b = (np.exp(rng.random((2, size)) * np.log(WORDS)).astype(np.int64)) - 1
        sides = [pa.array(a), pa.array(b)]
        if keys == "text":
            sides = [words.take(side) for side in sides]
        chunks.append(pa.record_batch([*sides, pa.array(rng.random(size))], ["a", "b", "n"]))
    return pa.Table.from_batches(chunks)


def stream(rows: int) -> pa.RecordBatchReader:
    """Return a stream of batches of 2^20 rows with a thousand keys."""
    numbers = np.arange(1 << 20)
    keys = [pa.array(numbers * factor % 1000) for factor in (1, 7)]
    values = pa.array((numbers % 8 == 0).astype(np.float64))
    batch = pa.record_batch([*keys, values], ["a", "b", "n"])

    def batches() -> Iterator[pa.RecordBatch]:
        for first in range(0, rows, len(batch)):
            yield batch.slice(0, min(len(batch), rows - first))

    return pa.RecordBatchReader.from_batches(batch.schema, batches())


def check(X: Cooccurrence, rows: int) -> None:
    """Check counts of :func:`stream`: their sum, the occurrences of all keys, and one count."""
    assert X.total == (rows + 7) // 8, X.total
    assert X.vocabulary.counts.sum() == 2 * rows
    whole, rest = divmod(rows, 1 << 20)
    numbers = np.arange(1 << 20)
    own = (numbers % 1000 == 8) & (numbers * 7 % 1000 == 56) & (numbers % 8 == 0)
    assert X["8", "56"] == whole * own.sum() + own[:rest].sum()


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--rows", type=int, default=10_000_000)
    parser.add_argument("--keys", choices=["integers", "text", "few"], default="integers")
    parser.add_argument("--parquet", help="write the table to this file, and count the file")
    parser.add_argument("--memory")
    parser.add_argument("--threads", type=int, default=2)
    options = parser.parse_args()
    few = options.keys == "few"
    source: object = stream(options.rows) if few else table(options.rows, options.keys)
    if options.parquet:
        if not os.path.exists(options.parquet):
            pq.write_table(source, options.parquet)
        source = options.parquet
    before = resource.getrusage(resource.RUSAGE_SELF)
    start = time.perf_counter()
    X = Cooccurrence.from_pairs(
        source, "a", "b", "n", threads=options.threads, memory=options.memory
    )
    seconds = time.perf_counter() - start
    after = resource.getrusage(resource.RUSAGE_SELF)
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    print(f"{seconds:.1f} s ({cpu:.1f} s of processor time), {X!r}, peak {after.ru_maxrss} kB")
    if few:
        check(X, options.rows)


if __name__ == "__main__":
    main()
