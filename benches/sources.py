"""Time `Vocabulary.from_corpus` for each kind of source, in megabytes or tokens per second.

    python benches/sources.py --english enwiki.txt --chinese zhwiki.txt

Each line has the median rate of several runs, with the lowest and the highest rate. Files are read
from the page cache. Runs on compressed files alternate with runs of the programs gzip, bzip2, xz
and zstd, which only decompress the file. `cargo bench --bench tokenizing` measures our reader of
compressed text. Files are written to a temporary folder in --work.
"""

from __future__ import annotations

import argparse
import importlib
import json
import re
import shutil
import statistics
import subprocess
import tempfile
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

from glove_rs import Vocabulary


class Table:
    """A printed table of speeds. Each line is a benchmark; only names that match `only` are run."""

    def __init__(self, rounds: int, only: str) -> None:
        self.rounds = rounds
        self.only = re.compile(only)

    def line(
        self, name: str, unit: str, amount: float, *works: Callable[[], object]
    ) -> list[float]:
        """Run `works` in turn, print the rate of the first, and return the median rate of each.

        The list is empty if the line does not match `only`.
        """
        if not self.only.search(name):
            return []
        seconds: list[list[float]] = [[] for _ in works]
        for _ in range(self.rounds):
            for work, spent in zip(works, seconds, strict=True):
                start = time.perf_counter()
                work()
                spent.append(time.perf_counter() - start)
        low, high = amount / max(seconds[0]), amount / min(seconds[0])
        rates = [amount / statistics.median(spent) for spent in seconds]
        print(f"{name:28} {rates[0]:7.1f} {unit:11} ({low:.1f} to {high:.1f})", flush=True)
        return rates


def packed(table: Table, program: str, english: Path, read: Any, folder: Path) -> None:
    """Time reading a file that `program` compressed, in turn with decompressing it by `program`."""
    if shutil.which(program) is None or not table.only.search(program):
        return
    path = folder / program
    with path.open("wb") as file:
        subprocess.run([program, "-c", english], stdout=file, check=True)
    alone = partial(subprocess.run, [program, "-dc", path], stdout=subprocess.DEVNULL, check=True)
    megabytes = english.stat().st_size / 1e6
    ours, theirs = table.line(program, "MB/s", megabytes, partial(read, path), alone)
    print(f"  the program alone          {theirs:7.1f} MB/s         ours is {ours / theirs:.0%}")


def columns(table: Table, english: Path, lines: list[str], read: Any, folder: Path) -> None:
    """Time reading a column of a table file, in turn with the same text in a plain file."""
    try:
        import pyarrow
        import pyarrow.csv
        import pyarrow.feather
        import pyarrow.orc
        import pyarrow.parquet as parquet
    except ImportError:
        return
    megabytes = english.stat().st_size / 1e6
    texts = pyarrow.table({"id": range(len(lines)), "text": lines})
    rows = max(1, len(lines) // 8)

    def json_lines(path: Path) -> None:
        with path.open("w", encoding="utf-8") as file:
            for number, line in enumerate(lines):
                file.write(json.dumps({"id": number, "text": line}, ensure_ascii=False) + "\n")

    writers: dict[str, Callable[[Path], object]] = {
        "Parquet": lambda path: parquet.write_table(texts, path, row_group_size=rows),
        "Parquet, Zstandard": lambda path: parquet.write_table(
            texts, path, row_group_size=rows, compression="zstd"
        ),
        "Parquet, one row group": lambda path: parquet.write_table(texts, path),
        "Arrow": lambda path: pyarrow.feather.write_feather(texts, path, "uncompressed"),
        "ORC": lambda path: pyarrow.orc.write_table(texts, path),
        "JSON lines": json_lines,
        "CSV": lambda path: pyarrow.csv.write_csv(texts, path),
    }
    for name, write in writers.items():
        if table.only.search(f"column of {name}"):
            path = folder / "table"
            write(path)
            works = partial(read, path, column="text"), partial(read, english)
            ours, plain = table.line(f"column of {name}", "MB/s", megabytes, *works)
            print(
                f"  the plain text             {plain:7.1f} MB/s       ours is {ours / plain:.0%}"
            )


def run(table: Table, english: Path, chinese: Path | None, threads: int, folder: Path) -> None:
    def read(source: Any, **parameters: Any) -> None:
        Vocabulary.from_corpus(source, threads=threads, **parameters)

    text = english.read_text(encoding="utf-8")
    megabytes = english.stat().st_size / 1e6
    table.line("whitespace", "MB/s", megabytes, partial(read, english))
    table.line("unicode", "MB/s", megabytes, partial(read, english, tokenizer="unicode"))
    table.line("lowercase", "MB/s", megabytes, partial(read, english, lowercase=True))
    table.line("NFC", "MB/s", megabytes, partial(read, english, normalize="NFC"))
    if chinese:
        size = chinese.stat().st_size / 1e6
        read(chinese, tokenizer="zh")  # loads the dictionary, which is not measured
        table.line("zh", "MB/s", size, partial(read, chinese, tokenizer="zh"))
    for program in ("gzip", "bzip2", "xz", "zstd"):
        packed(table, program, english, read, folder)
    if table.only.search("UTF-16"):
        (folder / "utf16").write_text(text, encoding="utf-16")
        table.line("UTF-16", "MB/s (UTF-8)", megabytes, partial(read, folder / "utf16"))
    lines = text.splitlines()
    table.line("list of str", "MB/s", megabytes, partial(read, lines))
    for library, make in (("pyarrow", "array"), ("polars", "Series")):
        try:
            column = getattr(importlib.import_module(library), make)(lines)
        except ImportError:
            continue
        table.line(f"{library} column", "MB/s", megabytes, partial(read, column))
    columns(table, english, lines, read, folder)
    part = lines[: max(1, len(lines) // 4)]
    size = sum(len(line.encode()) for line in part) / 1e6
    table.line(r"pattern \w+", "MB/s", size, partial(read, part, tokenizer=re.compile(r"\w+")))
    table.line("str.split", "MB/s", size, partial(read, part, tokenizer=str.split))
    tokens = [line.split() for line in part]
    millions = sum(map(len, tokens)) / 1e6
    table.line("lists of words", "M tokens/s", millions, partial(read, tokens))


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument(
        "--english", type=Path, required=True, help="text with words between spaces"
    )
    parser.add_argument("--chinese", type=Path, help="text for the tokenizer zh")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--only", default="", help="pattern for the names of the lines to run")
    parser.add_argument("--work", type=Path, help="folder for packed files; default: the system's")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(dir=options.work) as folder:
        table = Table(options.rounds, options.only)
        run(table, options.english, options.chinese, options.threads, Path(folder))


if __name__ == "__main__":
    main()
