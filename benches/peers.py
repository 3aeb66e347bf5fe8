"""Time glove-rs and Stanford's GloVe tools side by side, and print one table.

Every figure is the median of runs that took turns (ours, theirs, ours, theirs, ...) on the same
text with the same settings. Our runs and Stanford's glove have `--threads` threads, but in the
stage count-1 our run has one. The other tools of Stanford have one thread. Each run has its own
process: wall time and peak resident memory, from wait4, are those of the whole process. For our
runs the table also has the time of the call alone, without the start of the interpreter and the
imports.

Stanford's tools are not part of this project: build them (https://github.com/stanfordnlp/GloVe,
`make`) and give --stanford the folder with vocab_count, cooccur, shuffle and glove.
"""

from __future__ import annotations

import argparse
import contextlib
import importlib
import importlib.util
import itertools
import json
import os
import platform
import re
import resource
import statistics
import subprocess
import sys
import sysconfig
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import IO, Any

TOOLS = ("vocab_count", "cooccur", "shuffle", "glove")
STAGES = ("vocab", "count", "count-1", "train", "end-to-end")
RECORD_BYTES = 16  # a record in Stanford's files: two int32 and a float64

EXAMPLES = """\
examples:
  python benches/peers.py --stanford GloVe/build --corpus my.txt
  python benches/peers.py --stanford GloVe/build --corpus my.txt --stages train --dim 50 100 300
  python benches/peers.py --stanford GloVe/build --corpus my.txt --stages end-to-end --gensim \\
      --questions questions-words.txt --similarity wordsim353.tsv simlex999.txt --json runs.json

On a text of 17 million tokens the default stages take about 6 minutes and 5 GB under --work, and a
round of Stanford's tools from end to end about 7 minutes more.
"""


class PeerError(Exception):
    """An error that stops the comparison. The user sees its message."""


# --- in a child: one run of ours ------------------------------------------------------------------


def task_about() -> dict[str, Any]:
    import glove_rs

    return {"version": glove_rs.__version__, "simd": glove_rs.simd_level()}


def task_prose(out: str) -> dict[str, Any]:
    """Write the text of `make demo` to `out`: docstrings and comments of the standard library."""
    from glove_rs.cli import demo

    return {"documents": demo.extract(Path(sysconfig.get_path("stdlib")), Path(out))}


def task_vocabulary(corpus: str, min_count: int, threads: int) -> dict[str, Any]:
    from glove_rs import Vocabulary

    start = time.perf_counter()
    vocabulary = Vocabulary.from_corpus(corpus, min_count=min_count, threads=threads)
    return {"call_seconds": time.perf_counter() - start, "words": len(vocabulary)}


def task_count(corpus: str, window: int, min_count: int, threads: int) -> dict[str, Any]:
    from glove_rs import Cooccurrence

    start = time.perf_counter()
    counts = Cooccurrence.from_corpus(
        corpus, window=window, min_count=min_count, adjacent=False, threads=threads
    )
    seconds = time.perf_counter() - start
    return {"call_seconds": seconds, "words": len(counts.vocabulary), "records": counts.nnz}


def paper(x_max: float, epochs: int, threads: int, more: dict[str, Any]) -> dict[str, Any]:
    """Return the settings of our runs: preset "paper", the other arguments, and then `more`."""
    return {"preset": "paper", "x_max": x_max, "epochs": epochs, "threads": threads, **more}


def task_train(
    corpus: str,
    window: int,
    min_count: int,
    threads: int,
    dim: int,
    x_max: float,
    epochs: int,
    more: dict[str, Any],
) -> dict[str, Any]:
    from glove_rs import Cooccurrence, Glove

    counts = Cooccurrence.from_corpus(
        corpus, window=window, min_count=min_count, adjacent=False, threads=threads
    )
    model = Glove(dim, **paper(x_max, epochs, threads, more))
    start = time.perf_counter()
    model.fit_cooccurrence(counts)
    return {
        "call_seconds": time.perf_counter() - start,
        "records": counts.nnz,
        "epoch_seconds": list(model.history.seconds),
        "losses": list(model.history),
    }


def task_fit(
    corpus: str,
    window: int,
    min_count: int,
    threads: int,
    dim: int,
    x_max: float,
    epochs: int,
    more: dict[str, Any],
    out: str,
) -> dict[str, Any]:
    from glove_rs import Glove

    settings = paper(x_max, epochs, threads, more)
    model = Glove(dim, window=window, min_count=min_count, **settings)
    start = time.perf_counter()
    model.fit(corpus)
    model.save_word2vec(out)
    seconds = time.perf_counter() - start
    return {"call_seconds": seconds, "losses": [float(loss) for loss in model.history]}


def task_gensim(corpus: str, min_count: int, threads: int, dim: int, out: str) -> dict[str, Any]:
    importlib.import_module("gensim.models.word2vec")
    import gensim_models

    start = time.perf_counter()
    model = gensim_models.skip_gram(corpus, dim=dim, min_count=min_count, threads=threads, seed=0)
    model.wv.save_word2vec_format(out)
    return {"call_seconds": time.perf_counter() - start}


def task_evaluate(
    vectors: str, has_header: bool, dim: int, questions: str | None, similarity: list[str]
) -> dict[str, Any]:
    """Return the scores of a text file of vectors. The files of all tools are read by this code."""
    import numpy as np

    from glove_rs import WordVectors, evaluation

    words: list[str] = []
    rows: list[Any] = []
    with open(vectors, encoding="utf-8", newline="\n") as file:
        if has_header:
            next(file)
        for line in file:
            word, *numbers = line.rstrip("\n").rsplit(" ", dim)
            words.append(word)
            rows.append(np.array(numbers, dtype=np.float32))
    if not has_header and words[-1] == "<unk>":  # the mean of rare words, no word of the text
        del words[-1], rows[-1]
    wv = WordVectors(words, np.stack(rows))
    scores: dict[str, Any] = {"similarity": {}}
    if questions is not None:
        result = evaluation.analogies(wv, questions)
        for kind in ("total", "semantic", "syntactic"):
            scores[kind] = getattr(result, kind).to_dict()["accuracy"]
        scores["answerable"] = result.answerable
    for path in similarity:
        scores["similarity"][Path(path).stem] = evaluation.similarity(wv, path).to_dict()[
            "spearman"
        ]
    return scores


TASKS: dict[str, Callable[..., dict[str, Any]]] = {
    "about": task_about,
    "prose": task_prose,
    "vocabulary": task_vocabulary,
    "count": task_count,
    "train": task_train,
    "fit": task_fit,
    "gensim": task_gensim,
    "evaluate": task_evaluate,
}


# --- running --------------------------------------------------------------------------------------


@dataclass
class Run:
    """The time and memory of one process, or of several in sequence."""

    seconds: float  # wall time, process start to end
    peak: int  # bytes
    call_seconds: float | None = None
    words: int | None = None
    records: int | None = None
    epoch_seconds: list[float] = field(default_factory=list)
    losses: list[float] = field(default_factory=list)

    def __add__(self, after: Run) -> Run:
        return Run(
            self.seconds + after.seconds,
            max(self.peak, after.peak),
            words=after.words or self.words,
            records=after.records or self.records,
            epoch_seconds=self.epoch_seconds + after.epoch_seconds,
            losses=self.losses + after.losses,
        )

    @property
    def call(self) -> float:
        """Seconds of the call if it was timed, otherwise of the process."""
        return self.seconds if self.call_seconds is None else self.call_seconds

    @property
    def rate(self) -> float:
        """Records per second of all epochs together."""
        return (self.records or 0) * len(self.epoch_seconds) / sum(self.epoch_seconds)


def bytes_of(maxrss: int) -> int:
    return maxrss if sys.platform == "darwin" else maxrss * 1024


@dataclass
class Finished:
    seconds: float
    peak: int
    stderr: list[tuple[float, str]]  # seconds since the start, line


def execute(
    command: Sequence[object], folder: Path, stdin: Path | None = None, out: Path | None = None
) -> Finished:
    """Run a process to its end.

    Raises
    ------
    PeerError
        If the process fails. The message has the last 12 lines that it wrote to standard error.
    """
    os.sync()  # write back the files of the previous run before the clock starts
    with contextlib.ExitStack() as files:
        source: IO[bytes] | int = subprocess.DEVNULL
        sink: IO[bytes] | int = subprocess.DEVNULL
        if stdin is not None:
            source = files.enter_context(stdin.open("rb"))
        if out is not None:
            sink = files.enter_context(out.open("wb"))
        start = time.perf_counter()
        process = subprocess.Popen(
            [str(part) for part in command],
            cwd=folder,
            stdin=source,
            stdout=sink,
            stderr=subprocess.PIPE,
        )
        try:
            assert process.stderr is not None
            lines = [
                (time.perf_counter() - start, line.decode(errors="replace").rstrip("\n"))
                for line in iter(process.stderr.readline, b"")
            ]
            _, status, usage = os.wait4(process.pid, 0)
        except BaseException:
            process.kill()
            process.wait()
            raise
        seconds = time.perf_counter() - start
        process.stderr.close()
        process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode != 0:
        tail = "\n".join(f"    {line}" for _, line in lines[-12:])
        name = Path(str(command[0])).name
        raise PeerError(f"{name} ended with status {process.returncode}:\n{tail}")
    return Finished(seconds, bytes_of(usage.ru_maxrss), lines)


@dataclass
class Settings:
    corpus: Path
    work: Path
    tools: Path
    window: int
    min_count: int
    x_max: float
    threads: int
    rounds: int
    train_epochs: int
    epochs: int
    more: dict[str, Any]
    end_to_end_rounds: int
    questions: Path | None
    similarity: list[Path]

    def ours(self, task: str, **arguments: Any) -> tuple[Finished, dict[str, Any]]:
        """Run a task of ours in its own process."""
        out = self.work / "said.json"
        command = [sys.executable, Path(__file__).resolve(), "--child", task, json.dumps(arguments)]
        finished = execute(command, self.work, out=out)
        said: dict[str, Any] = json.loads(out.read_text())
        return finished, said

    def timed(self, task: str, **arguments: Any) -> Run:
        finished, said = self.ours(task, corpus=str(self.corpus), **arguments)
        return Run(finished.seconds, finished.peak, **said)

    # --- Stanford's tools, files under `work` ---

    @property
    def vocabulary(self) -> Path:
        return self.work / "vocab.txt"

    @property
    def counts(self) -> Path:
        return self.work / "cooccurrence.bin"

    @property
    def shuffled(self) -> Path:
        return self.work / "cooccurrence.shuf.bin"

    def vocab_count(self) -> Run:
        command = [self.tools / "vocab_count", "-verbose", "0", "-min-count", str(self.min_count)]
        finished = execute(command, self.work, stdin=self.corpus, out=self.vocabulary)
        with self.vocabulary.open("rb") as file:
            words = sum(1 for _ in file)
        return Run(finished.seconds, finished.peak, words=words)

    def cooccur(self) -> Run:
        command = [
            *(self.tools / "cooccur", "-verbose", "0", "-memory", "4"),
            *("-window-size", str(self.window), "-symmetric", "1"),
            *("-vocab-file", self.vocabulary, "-overflow-file", self.work / "overflow"),
        ]
        finished = execute(command, self.work, stdin=self.corpus, out=self.counts)
        records = self.counts.stat().st_size // RECORD_BYTES
        return Run(finished.seconds, finished.peak, records=records)

    def shuffle(self) -> Run:
        command = [
            *(self.tools / "shuffle", "-verbose", "0", "-memory", "4"),
            *("-temp-file", self.work / "temp_shuffle"),
        ]
        finished = execute(command, self.work, stdin=self.counts, out=self.shuffled)
        # The tool does not notice a full disk.
        if self.shuffled.stat().st_size != self.counts.stat().st_size:
            raise PeerError(f"shuffle lost records: is there room under {self.work}?")
        return Run(finished.seconds, finished.peak)

    def glove(self, dim: int, epochs: int) -> Run:
        command = [
            *(self.tools / "glove", "-verbose", "1", "-binary", "0"),
            *("-input-file", self.shuffled, "-vocab-file", self.vocabulary),
            *("-save-file", self.work / "stanford", "-threads", str(self.threads)),
            *("-vector-size", str(dim), "-x-max", str(self.x_max), "-iter", str(epochs)),
        ]
        finished = execute(command, self.work)
        # The tool prints a line at the end of each epoch. Just before the first epoch it prints its
        # last setting, alpha.
        times, losses = [], []
        for at, line in finished.stderr:
            if line.startswith("alpha:"):
                times.append(at)
            elif match := re.search(r"iter: \d+, cost: (\S+)", line):
                times.append(at)
                losses.append(float(match[1]))
        if len(losses) != epochs or len(times) != epochs + 1:
            raise PeerError(f"glove reported {len(losses)} of {epochs} epochs")
        records = self.shuffled.stat().st_size // RECORD_BYTES
        return Run(
            finished.seconds,
            finished.peak,
            records=records,
            epoch_seconds=[after - before for before, after in itertools.pairwise(times)],
            losses=losses,
        )


Contestants = Mapping[str, Callable[[], Run]]


def in_turn(
    stage: str, rounds: int, contestants: Contestants, log: list[Any]
) -> dict[str, list[Run]]:
    """Let each contestant run once per round."""
    runs: dict[str, list[Run]] = {name: [] for name in contestants}
    for number in range(1, rounds + 1):
        for name, start in contestants.items():
            run = start()
            say(f"{stage}, round {number} of {rounds}: {name} {run.call:.2f} s")
            runs[name].append(run)
            log.append({"stage": stage, "round": number, "who": name, **asdict(run)})
    return runs


def say(message: str) -> None:
    print(message, file=sys.stderr, flush=True)


# --- the table ------------------------------------------------------------------------------------


@dataclass
class Row:
    """A row of the table. `ratio` says how many times faster we are than the other tool."""

    stage: str
    unit: str = "s"
    ours: float | None = None
    theirs: float | None = None
    peaks: tuple[float, float] | None = None
    losses: tuple[float, float] | None = None
    analogies: tuple[float, float] | None = None

    @property
    def ratio(self) -> float | None:
        if not self.ours or not self.theirs or self.unit == "score":
            return None
        return self.theirs / self.ours if self.unit == "s" else self.ours / self.theirs

    def cells(self) -> tuple[str, ...]:
        def pair(values: tuple[float, float] | None, style: str, unit: str = "") -> str:
            return " / ".join(style.format(v) for v in values) + unit if values else "-"

        figure = {"s": "{:.3f} s", "records/s": "{:,.0f}/s", "score": "{:.4f}"}[self.unit]
        ratio = self.ratio
        return (
            self.stage,
            *("-" if v is None else figure.format(v) for v in (self.ours, self.theirs)),
            "-" if ratio is None else f"{ratio:.2f}×",
            pair(self.peaks and (self.peaks[0] / 1e6, self.peaks[1] / 1e6), "{:,.0f}", " MB"),
            pair(self.losses, "{:.6f}"),
            pair(self.analogies, "{:.2%}"),
        )


HEAD = ("stage", "ours", "theirs", "ratio", "peak memory", "loss", "analogies")


def markdown(cells: Sequence[Sequence[str]], left: int = 1) -> str:
    """Return a Markdown table with aligned columns, as in RESULTS.md.

    Parameters
    ----------
    cells : sequence of sequences of str
        The head and the rows.
    left : int, default 1
        The first `left` columns are aligned to the left, and all others to the right.
    """
    widths = [max(3, *map(len, column)) for column in zip(*cells, strict=True)]

    def line(parts: Sequence[str]) -> str:
        aligned = (
            part.ljust(width) if column < left else part.rjust(width)
            for column, (part, width) in enumerate(zip(parts, widths, strict=True))
        )
        return "| " + " | ".join(aligned) + " |"

    rule = [
        "-" * width if column < left else "-" * (width - 1) + ":"
        for column, width in enumerate(widths)
    ]
    return "\n".join([line(cells[0]), line(rule), *map(line, cells[1:])])


def median(runs: Sequence[Run], what: Callable[[Run], float]) -> float:
    return statistics.median(map(what, runs))


def peaks(ours: Sequence[Run], theirs: Sequence[Run]) -> tuple[float, float]:
    return median(ours, lambda run: run.peak), median(theirs, lambda run: run.peak)


def timing_rows(stage: str, ours: Sequence[Run], theirs: Sequence[Run]) -> Iterator[Row]:
    """Yield a row for the calls and a row for the whole processes.

    A tool of Stanford has no call within its process, so both rows have the time of the process.
    """
    ours_call, theirs_call = (median(runs, lambda run: run.call) for runs in (ours, theirs))
    yield Row(stage, ours=ours_call, theirs=theirs_call, peaks=peaks(ours, theirs))
    ours_whole, theirs_whole = (median(runs, lambda run: run.seconds) for runs in (ours, theirs))
    yield Row("  whole process", ours=ours_whole, theirs=theirs_whole)


# --- the comparison -------------------------------------------------------------------------------


@dataclass
class Comparison:
    settings: Settings
    rows: list[Row] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    log: list[Any] = field(default_factory=list)

    def vocab(self) -> None:
        s = self.settings
        runs = in_turn(
            "vocabulary",
            s.rounds,
            {
                "ours": lambda: s.timed("vocabulary", min_count=s.min_count, threads=s.threads),
                "Stanford": s.vocab_count,
            },
            self.log,
        )
        self.rows += timing_rows("vocabulary", runs["ours"], runs["Stanford"])

    def count(self, threads: Sequence[int]) -> None:
        s = self.settings

        def ours(threads: int) -> Callable[[], Run]:
            return lambda: s.timed("count", window=s.window, min_count=s.min_count, threads=threads)

        names = {n: f"ours with {n} thread{'s' * (n > 1)}" for n in threads}
        contestants = {name: ours(n) for n, name in names.items()}
        contestants["Stanford"] = lambda: s.vocab_count() + s.cooccur()
        runs = in_turn("vocabulary + counting", s.rounds, contestants, self.log)
        for n, name in names.items():
            stage = f"vocabulary + counting, {n} thread{'s' * (n > 1)}"
            self.rows += timing_rows(stage, runs[name], runs["Stanford"])
        first = runs[names[threads[0]]][0]
        self.note_records(first, runs["Stanford"][0])
        self.notes.append(
            "Stanford's vocab_count and cooccur have one thread; cooccur ran with -memory 4."
        )

    def note_records(self, ours: Run, theirs: Run) -> None:
        same = "the same" if ours.records == theirs.records else "NOT THE SAME"
        self.notes.append(f"Records: ours {ours.records:,}, theirs {theirs.records:,}: {same}.")

    def prepare_training(self) -> None:
        """Shuffle the counts of Stanford's tools. Make the counts first if no earlier stage did."""
        s = self.settings
        if not s.counts.exists():
            say("preparing: Stanford's vocab_count and cooccur")
            s.vocab_count()
            s.cooccur()
        say("preparing: Stanford's shuffle")
        run = s.shuffle()
        self.log.append({"stage": "shuffle", "round": 1, "who": "Stanford", **asdict(run)})
        self.notes.append(
            f"Before training: Stanford's shuffle took {run.seconds:.2f} s and "
            f"{run.peak / 1e6:,.0f} MB (one run). Our training needs no shuffled file."
        )

    def train(self, dim: int) -> None:
        s = self.settings
        runs = in_turn(
            f"training, dim {dim}",
            s.rounds,
            {
                "ours": lambda: s.timed(
                    "train",
                    window=s.window,
                    min_count=s.min_count,
                    threads=s.threads,
                    dim=dim,
                    x_max=s.x_max,
                    epochs=s.train_epochs,
                    more=s.more,
                ),
                "Stanford": lambda: s.glove(dim, s.train_epochs),
            },
            self.log,
        )
        ours, theirs = runs["ours"], runs["Stanford"]
        if not any(note.startswith("Records:") for note in self.notes):
            self.note_records(ours[0], theirs[0])
        self.rows.append(
            Row(
                f"training, dim {dim}, {s.train_epochs} epochs",
                "records/s",
                median(ours, lambda run: run.rate),
                median(theirs, lambda run: run.rate),
                peaks(ours, theirs),
                (
                    median(ours, lambda run: run.losses[-1]),
                    median(theirs, lambda run: run.losses[-1]),
                ),
            )
        )
        call = median(ours, lambda run: run.call)
        whole = median(theirs, lambda run: run.seconds)
        self.rows.append(Row("  with set-up and results", ours=call, theirs=whole))
        self.note_losses(f"training, dim {dim}", ours[-1], theirs[-1])

    def end_to_end(self, dim: int, *, stanford: bool, gensim: bool) -> None:
        s = self.settings
        base = {"min_count": s.min_count, "threads": s.threads, "dim": dim}
        vectors = s.work / "ours.txt"
        contestants: dict[str, Callable[[], Run]] = {
            "ours": lambda: s.timed(
                "fit",
                **base,
                window=s.window,
                x_max=s.x_max,
                epochs=s.epochs,
                more=s.more,
                out=str(vectors),
            )
        }
        if stanford:
            contestants["Stanford"] = lambda: (
                s.vocab_count() + s.cooccur() + s.shuffle() + s.glove(dim, s.epochs)
            )
        if gensim:
            out = s.work / "gensim.txt"
            contestants["gensim"] = lambda: s.timed("gensim", **base, out=str(out))
        stage = f"end to end, dim {dim}, {s.epochs} epochs"
        runs = in_turn(stage, s.end_to_end_rounds, contestants, self.log)
        say("scoring the vectors")
        scores = {
            name: self.score(s.work / f"{name.lower()}.txt", name != "Stanford", dim)
            for name in contestants
        }
        for name in list(contestants)[1:]:
            title = (
                stage if name == "Stanford" else f"against gensim skip-gram, dim {dim}, 5 epochs"
            )
            rows = list(timing_rows(title, runs["ours"], runs[name]))
            if name == "Stanford":
                ours, theirs = runs["ours"][-1], runs[name][-1]
                rows[0].losses = ours.losses[-1], theirs.losses[-1]
                self.note_losses(stage, ours, theirs)
            if s.questions is not None:
                rows[0].analogies = scores["ours"]["total"], scores[name]["total"]
            for file in s.similarity:
                pair = [scores[who]["similarity"][file.stem] for who in ("ours", name)]
                rows.append(Row(f"  {file.stem} (Spearman)", "score", *pair))
            self.rows += rows
        for name, score in scores.items():
            self.log.append({"stage": stage, "who": name, "scores": score})
            if s.questions is not None:
                self.notes.append(
                    f"Analogies of {name}, dim {dim}: semantic {score['semantic']:.2%}, syntactic "
                    f"{score['syntactic']:.2%}, total {score['total']:.2%} of "
                    f"{score['answerable']:,} answerable."
                )

    def score(self, vectors: Path, has_header: bool, dim: int) -> dict[str, Any]:
        s = self.settings
        _, scores = s.ours(
            "evaluate",
            vectors=str(vectors),
            has_header=has_header,
            dim=dim,
            questions=None if s.questions is None else str(s.questions),
            similarity=[str(path) for path in s.similarity],
        )
        return scores

    def note_losses(self, stage: str, ours: Run, theirs: Run) -> None:
        for who, run in (("ours", ours), ("theirs", theirs)):
            losses = " ".join(f"{loss:.6f}" for loss in run.losses)
            self.notes.append(f"Loss per epoch, {stage}, {who}: {losses}")
        worst = max(a / b - 1 for a, b in zip(ours.losses, theirs.losses, strict=True))
        self.notes.append(f"  At the worst epoch our loss differs from theirs by {worst:+.2%}.")


def machine() -> str:
    name = platform.processor() or platform.machine()
    with contextlib.suppress(OSError):
        for line in Path("/proc/cpuinfo").read_text().splitlines():
            if line.startswith("model name"):
                name = line.partition(":")[2].strip()
                break
    usable = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    return f"{name}, {usable} processors, {platform.system()}, Python {platform.python_version()}"


def read_once(path: Path) -> tuple[int, int]:
    """Return the number of bytes and of lines. This also reads the text into the page cache."""
    size = lines = 0
    with path.open("rb") as file:
        while block := file.read(1 << 20):
            size += len(block)
            lines += block.count(b"\n")
    return size, lines


# --- the command line -----------------------------------------------------------------------------


def parse_arguments(arguments: Sequence[str] | None = None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, epilog=EXAMPLES, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    add = parser.add_argument

    def at_least(least: int) -> Callable[[str], int]:
        def integer(text: str) -> int:
            if (value := int(text)) < least:
                raise argparse.ArgumentTypeError(f"must be at least {least}, got {value}")
            return value

        return integer

    def json_object(text: str) -> dict[str, Any]:
        try:
            value = json.loads(text)
        except json.JSONDecodeError as error:
            raise argparse.ArgumentTypeError(f"{text!r} is not JSON: {error}") from None
        if not isinstance(value, dict):
            raise argparse.ArgumentTypeError(f"must be a JSON object, got {text!r}")
        return value

    def file(text: str) -> Path:
        path = Path(text)
        if not path.is_file():
            raise argparse.ArgumentTypeError(f"{text!r} is not a file")
        return path.resolve()

    add("--stanford", type=Path, required=True, metavar="DIR", help="Stanford's built tools")
    add("--corpus", type=file, metavar="FILE", help="UTF-8, a document a line (default: prose of "
        "Python's standard library, as in `make demo`)")  # fmt: skip
    add("--stages", default=",".join(STAGES[:-1]), metavar="A,B,...",
        help=f"some of {','.join(STAGES)} (default: all but the last)")  # fmt: skip
    add("--end-to-end", action="store_true", help="also from text to saved vectors")
    add("--gensim", action="store_true", help="also gensim's skip-gram (window 5, 5 epochs), "
        "against ours from end to end")  # fmt: skip
    add("--dim", type=at_least(1), nargs="+", default=[50], metavar="N", help="(default: 50)")
    add("--window", type=at_least(1), default=15, metavar="N", help="(default: 15)")
    add("--min-count", type=at_least(1), default=5, metavar="N", help="(default: 5)")
    add("--x-max", type=float, default=10.0, metavar="X", help="(default: 10)")
    add("--threads", type=at_least(1), default=2, metavar="N", help="for ours, glove and gensim "
        "(default: 2)")  # fmt: skip
    add("--rounds", type=at_least(3), default=3, metavar="N", help="at least 3 (default: 3)")
    add("--settings", type=json_object, default={}, metavar="JSON", help="of our runs, added to "
        """preset "paper", such as '{"optimizer": "rowwise_adagrad"}'""")  # fmt: skip
    add("--train-epochs", type=at_least(1), default=3, metavar="N", help="epochs of the stage "
        "train (default: 3)")  # fmt: skip
    add("--epochs", type=at_least(1), default=15, metavar="N", help="epochs from end to end "
        "(default: 15)")  # fmt: skip
    add("--end-to-end-rounds", type=at_least(1), default=1, metavar="N", help="(default: 1)")
    add("--questions", type=file, metavar="FILE", help="analogies, as questions-words.txt")
    add("--similarity", type=file, nargs="+", default=[], metavar="FILE", help="rated word pairs")
    add("--work", type=Path, metavar="DIR", help="for intermediate files, which stay there "
        "(default: a temporary directory, deleted)")  # fmt: skip
    add("--json", type=Path, metavar="FILE", help="also write every single run to it")
    options = parser.parse_args(arguments)

    options.stages = options.stages.split(",")
    if unknown := set(options.stages) - set(STAGES):
        parser.error(f"--stages: {', '.join(sorted(unknown))} not among {', '.join(STAGES)}")
    if options.end_to_end and "end-to-end" not in options.stages:
        options.stages.append("end-to-end")
    for tool in TOOLS:
        if not os.access(options.stanford / tool, os.X_OK):
            parser.error(
                f"--stanford: there is no program '{tool}' in '{options.stanford}'; build the "
                "tools of https://github.com/stanfordnlp/GloVe (`make`) and name their build folder"
            )
    if options.json is not None and not options.json.resolve().parent.is_dir():
        parser.error(f"--json: there is no folder '{options.json.resolve().parent}'")
    if options.gensim and importlib.util.find_spec("gensim") is None:
        parser.error("--gensim: gensim is not installed in this Python: pip install gensim")
    if importlib.util.find_spec("glove_rs") is None:
        parser.error(
            "glove_rs is not installed in this Python: `make build`, then .venv/bin/python"
        )
    return options


def compare(options: argparse.Namespace, work: Path) -> None:
    settings = Settings(
        corpus=options.corpus or work / "prose.txt",
        work=work,
        tools=options.stanford.resolve(),
        window=options.window,
        min_count=options.min_count,
        x_max=options.x_max,
        threads=options.threads,
        rounds=options.rounds,
        train_epochs=options.train_epochs,
        epochs=options.epochs,
        more=options.settings,
        end_to_end_rounds=options.end_to_end_rounds,
        questions=options.questions,
        similarity=options.similarity,
    )
    _, about = settings.ours("about")
    if options.corpus is None:
        settings.ours("prose", out=str(settings.corpus))
    settings.counts.unlink(missing_ok=True)  # may be from an earlier run on another text
    size, lines = read_once(settings.corpus)

    comparison = Comparison(settings)
    if "vocab" in options.stages:
        comparison.vocab()
    counting = [("count", options.threads), ("count-1", 1)]
    threads = [n for stage, n in counting if stage in options.stages]
    if threads:
        comparison.count(list(dict.fromkeys(threads)))
    if "train" in options.stages:
        comparison.prepare_training()
        for dim in options.dim:
            comparison.train(dim)
    if "end-to-end" in options.stages or options.gensim:
        for dim in options.dim:
            comparison.end_to_end(
                dim, stanford="end-to-end" in options.stages, gensim=options.gensim
            )

    own = bytes_of(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)
    head = [
        f"glove-rs {about['version']} ({about['simd']}) against Stanford's tools: "
        f"{settings.corpus.name}, {size / 1e6:.1f} MB, {lines:,} documents",
        f"window {settings.window}, min_count {settings.min_count}, x_max {settings.x_max:g}, "
        f"threads={settings.threads}; medians of {settings.rounds} rounds in turn, "
        f"end to end of {settings.end_to_end_rounds}",
        machine(),
    ]
    notes = [
        *comparison.notes,
        "Peak memory is that of the whole process, or of the largest if there are several. In the "
        "stage train, our process also counts the text. Peaks below the memory of this script, "
        f"{own / 1e6:.0f} MB, are not visible.",
    ]
    print(
        *head, "", markdown([HEAD, *(row.cells() for row in comparison.rows)]), "", *notes, sep="\n"
    )
    if options.json is not None:
        content = {
            "head": head,
            "rows": [{**asdict(row), "ratio": row.ratio} for row in comparison.rows],
            "notes": notes,
            "runs": comparison.log,
        }
        options.json.write_text(json.dumps(content, indent=1) + "\n")


def main() -> int:
    if sys.argv[1:2] == ["--child"]:
        print(json.dumps(TASKS[sys.argv[2]](**json.loads(sys.argv[3]))))
        return 0
    options = parse_arguments()
    with contextlib.ExitStack() as stack:
        if options.work is None:
            folder = tempfile.TemporaryDirectory(prefix="glove-rs-peers-")
            work = Path(stack.enter_context(folder))
        else:
            options.work.mkdir(parents=True, exist_ok=True)
            work = options.work.resolve()
        try:
            compare(options, work)
        except PeerError as error:
            print(f"peers.py: {error}", file=sys.stderr)
            return 1
        except KeyboardInterrupt:
            return 130
    return 0


if __name__ == "__main__":
    sys.exit(main())
