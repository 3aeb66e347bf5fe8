"""Time `Cooccurrence.from_pairs` on a table of random pairs, in memory or in a Parquet file.

    .venv/bin/python benches/pairs.py --rows 100000000 --keys integers
    .venv/bin/python benches/pairs.py --rows 100000000 --keys text --parquet /tmp/pairs.parquet

Keys follow Zipf's law over a million words. The table is made before the clock starts.
"""

from __future__ import annotations

import argparse
import os
import resource
import time

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from glove_rs import Cooccurrence

WORDS = 1_000_000


def table(rows: int, keys: str) -> pa.Table:
    """Return a table of pairs, in chunks of a million rows."""
    rng = np.random.default_rng(0)
    words = pa.array([f"word{k}" for k in range(WORDS)])
    chunks = []
    for first in range(0, rows, 1 << 20):
        size = min(1 << 20, rows - first)
        # The inverse of the distribution of Zipf's law with exponent 1.
        a, b = (np.exp(rng.random((2, size)) * np.log(WORDS)).astype(np.int64)) - 1
        sides = [pa.array(a), pa.array(b)]
        if keys == "text":
            sides = [words.take(side) for side in sides]
        chunks.append(pa.record_batch([*sides, pa.array(rng.random(size))], ["a", "b", "n"]))
    return pa.Table.from_batches(chunks)


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--rows", type=int, default=10_000_000)
    parser.add_argument("--keys", choices=["integers", "text"], default="integers")
    parser.add_argument("--parquet", help="write the table to this file, and count the file")
    parser.add_argument("--memory")
    parser.add_argument("--threads", type=int, default=2)
    options = parser.parse_args()
    source: object = table(options.rows, options.keys)
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
    print(f"{seconds:.1f} s ({cpu:.1f} s of processor time), {X!r}")


if __name__ == "__main__":
    main()
