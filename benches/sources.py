"""Time every way into the vocabulary: megabytes or tokens per second, from the page cache.

    python benches/sources.py --english enwiki.txt --chinese zhwiki.txt

Each line is the median of runs of `Vocabulary.from_corpus` in this process, with its range; what the
packed files are compared with, the decompressor alone, is run in turn with them. The text is written
to files of every kind under --work first.
"""

from __future__ import annotations

import argparse
import bz2
import gzip
import importlib
import lzma
import re
import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from glove_rs import Vocabulary


def seconds(work: Callable[[], Any]) -> float:
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


def report(name: str, unit: str, amount: float, times: list[float]) -> float:
    rate = amount / statistics.median(times)
    low, high = amount / max(times), amount / min(times)
    print(f"{name:42} {rate:8.1f} {unit}  ({low:.1f} to {high:.1f})", flush=True)
    return rate


def drain(open_packed: Callable[..., Any], path: Path) -> None:
    """Read what a packed file holds and do nothing with it."""
    with open_packed(path, "rb") as file:
        while file.read(1 << 20):
            pass


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--english", type=Path, required=True)
    parser.add_argument("--chinese", type=Path)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--work", type=Path, help="folder for the packed files; default: temporary")
    parser.add_argument("--only", default="", help="a pattern for the lines to run")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(dir=options.work) as folder:
        run(options, Path(folder))


def run(options: argparse.Namespace, folder: Path) -> None:
    english: Path = options.english
    text = english.read_bytes()
    lines = text.decode().splitlines()
    megabytes = len(text) / 1e6

    def read(source: Any, **parameters: Any) -> None:
        Vocabulary.from_corpus(source, threads=options.threads, min_count=1, **parameters)

    def measure(name: str, unit: str, amount: float, *works: Callable[[], Any]) -> list[float]:
        """Run works in turn; the first one is what the line is about."""
        if not re.search(options.only, name):
            return []
        times: list[list[float]] = [[] for _ in works]
        for _ in range(options.rounds):
            for work, spent in zip(works, times, strict=True):
                spent.append(seconds(work))
        rates = [report(name, unit, amount, times[0])]
        for spent in times[1:]:
            rates.append(report("  the decompressor alone", unit, amount, spent))
            print(f"  share of it {rates[0] / rates[-1]:39.0%}")
        return rates

    measure("whitespace, file", "MB/s", megabytes, lambda: read(english))
    measure("unicode, file", "MB/s", megabytes, lambda: read(english, tokenizer="unicode"))
    measure("whitespace, lowercase", "MB/s", megabytes, lambda: read(english, lowercase=True))
    measure("whitespace, NFC", "MB/s", megabytes, lambda: read(english, normalize="NFC"))
    if options.chinese:
        chinese: Path = options.chinese
        size = chinese.stat().st_size / 1e6
        read(chinese, tokenizer="zh")  # the dictionary is loaded once
        measure("zh, file", "MB/s", size, lambda: read(chinese, tokenizer="zh"))
    for name, pack, open_packed in (
        ("gzip", lambda: gzip.compress(text, 6), gzip.open),
        ("bzip2", lambda: bz2.compress(text), bz2.open),
        ("xz", lambda: lzma.compress(text, preset=2), lzma.open),
    ):
        if not re.search(options.only, name):
            continue
        path = folder / name
        path.write_bytes(pack())
        alone = lambda open_packed=open_packed, path=path: drain(open_packed, path)  # noqa: E731
        measure(f"{name}, file", "MB/s", megabytes, lambda path=path: read(path), alone)
    utf16 = folder / "utf16"
    utf16.write_bytes(text.decode().encode("utf-16"))
    measure("UTF-16, file", "MB/s of UTF-8", megabytes, lambda: read(utf16))
    measure("list of str", "MB/s", megabytes, lambda: read(lines))
    part = [line.split() for line in lines[: max(1, len(lines) // 4)]]
    tokens = sum(map(len, part)) / 1e6
    measure("lists of words", "M tokens/s", tokens, lambda: read(part))
    words = re.compile(r"\w+")
    quarter = lines[: max(1, len(lines) // 4)]
    measure(
        "pattern \\w+, list of str", "MB/s", megabytes / 4, lambda: read(quarter, tokenizer=words)
    )
    measure(
        "str.split, list of str", "MB/s", megabytes / 4, lambda: read(quarter, tokenizer=str.split)
    )
    for library, make in (
        ("pyarrow", lambda module: module.array(lines)),
        ("polars", lambda module: module.Series(lines)),
    ):
        try:
            column = make(importlib.import_module(library))
        except ImportError:
            continue
        measure(f"{library} column", "MB/s", megabytes, lambda column=column: read(column))


if __name__ == "__main__":
    main()
