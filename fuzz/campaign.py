"""Fuzz every reader of the Python package with mutated files: ``python fuzz/campaign.py --help``.

A worker process with limited memory reads the inputs. Faults are: an exception that is not
documented, a panic, a result that contradicts itself, an input that takes too long or too much
memory, and a worker process that ends. For each cause of a fault, up to three inputs are saved with
a description.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import random
import re
import resource
import select
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Self

__all__ = ["CORPUS", "Report", "Worker", "attack", "replay", "seeds_of"]

HERE = Path(__file__).resolve().parent
CORPUS = HERE / "corpus"

#: Seconds after which an input counts as hanging. Most inputs take a millisecond, but the machine
#: may be busy.
HANGS = 60
#: Bytes of address space that the worker may use in addition to those in use when it becomes ready.
ADDRESS_SPACE = 3 << 30
#: Bytes of memory that reading one input may take. No input is larger than 1 MiB.
MEMORY = 512 << 20
#: Number of inputs to save for each cause of a fault.
KEPT = 3
#: Readers whose seeds are the files of all corpora.
_MANY = ("commands",)


@dataclass
class Report:
    """The outcomes of the inputs of one reader."""

    reader: str
    inputs: int = 0
    outcomes: Counter[str] = field(default_factory=Counter)
    #: Number of inputs that caused a fault, by cause.
    faults: Counter[str] = field(default_factory=Counter)
    #: For each cause of a fault, the shortest input with this fault, and the details of the fault.
    examples: dict[str, tuple[bytes, str]] = field(default_factory=dict)

    def add(self, content: bytes, outcome: dict[str, str]) -> bool:
        """Count an outcome. Returns whether it is a fault."""
        self.inputs += 1
        kind, cause = outcome["kind"], outcome["cause"]
        if kind != "fault":
            self.outcomes[f"{kind} ({cause})" if cause else kind] += 1
            return False
        self.faults[cause] += 1
        known = self.examples.get(cause)
        if known is None or len(content) < len(known[0]):
            self.examples[cause] = (content, outcome["detail"])
        return True

    def __str__(self) -> str:
        parts = ", ".join(f"{kind} {n}" for kind, n in self.outcomes.most_common())
        text = f"{self.reader}: {self.inputs} inputs: {parts}; faults {sum(self.faults.values())}"
        for cause, number in self.faults.most_common():
            text += f"\n{number:8} × {cause}"
        return text


class Worker:
    """A process that reads inputs with one reader. It is started again if it ends."""

    def __init__(self, reader: str) -> None:
        self.reader = reader
        memory = Path("/dev/shm")
        parent = memory if memory.is_dir() else None
        self.folder = Path(tempfile.mkdtemp(prefix="glove-rs-", dir=parent))
        self.number = 0
        self.process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._stop()
        shutil.rmtree(self.folder, ignore_errors=True)

    def _start(self) -> subprocess.Popen[bytes]:
        self.said = (self.folder / "stderr").open("w+b")
        self.process = subprocess.Popen(
            [sys.executable, __file__, "--worker", self.reader],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self.said,
            cwd=self.folder,
            env={**os.environ, "PYTHONFAULTHANDLER": "1", "RUST_BACKTRACE": "0"},
        )
        self.peak = self._answer()["peak"]
        return self.process

    def _stop(self) -> None:
        if self.process is not None:
            self.process.kill()
            self.process.communicate()
            self.said.close()
            self.process = None

    def _answer(self) -> dict[str, Any]:
        """The next answer. Raises TimeoutError if it is late, EOFError if the worker has ended."""
        assert self.process is not None
        assert self.process.stdout is not None
        if not select.select([self.process.stdout], [], [], HANGS)[0]:
            raise TimeoutError
        line = self.process.stdout.readline()
        if not line:
            raise EOFError
        answer: dict[str, Any] = json.loads(line)
        return answer

    def _stderr(self) -> str:
        self.said.seek(0)
        said = self.said.read().decode(errors="replace")
        self.said.truncate(0)
        return said

    def read(self, content: bytes) -> dict[str, str]:
        """Let the worker read an input. Returns the outcome."""
        process = self.process or self._start()
        self.number += 1
        path = self.folder / f"input{self.number:06}"
        path.write_bytes(content)
        assert process.stdin is not None
        try:
            process.stdin.write(f"{path}\n".encode())
            process.stdin.flush()
            answer = self._answer()
        except TimeoutError:
            process.send_signal(signal.SIGABRT)  # faulthandler then prints where the worker hangs
            process.wait()
            said = self._stderr()
            self._stop()
            return fault(f"takes longer than {HANGS} s", said)
        except (EOFError, BrokenPipeError):
            code = process.wait()
            said = self._stderr()
            self._stop()
            ended = signal.Signals(-code).name if code < 0 else f"exit code {code}"
            return fault(f"the process ends: {ended}{_reason(said)}", said)
        finally:
            path.unlink(missing_ok=True)
        before, self.peak = self.peak, answer.pop("peak")
        grown = self.peak - before
        if self.said.seek(0, os.SEEK_END):
            said = self._stderr()
            if "panicked at" in said:
                return fault(f"a panic{_reason(said)}", f"{answer['detail']}\n{said}")
            if "Exception ignored" in said:
                return fault("an exception that nobody can catch", said)
        if grown > MEMORY and answer["kind"] != "fault":
            self._stop()  # the peak of a process never falls, so start a new one
            return fault(f"takes more than {MEMORY >> 20} MiB", f"{grown >> 20} MiB; {answer}")
        return answer


def fault(cause: str, detail: str) -> dict[str, str]:
    return {"kind": "fault", "cause": cause, "detail": detail[-4000:]}


def _reason(said: str) -> str:
    """The cause that a process printed to standard error, with N for numbers; "" if none."""
    found = re.search(r"panicked at ([^\n]*):\d+:\d+:\n([^\n]*)", said)
    if found:
        location = re.sub(r".*/(?=[^/]+/[^/]+$)", "", found[1])
        return ": " + location + ": " + re.sub(r"\d+", "N", found[2])[:120]
    for line in said.splitlines():
        if "memory allocation of" in line or "Fatal Python error" in line:
            return ": " + re.sub(r"\d+", "N", line)
    return ""


def seeds_of(reader: str) -> list[bytes]:
    """The files of a reader's corpus, or those of all corpora for a reader in `_MANY`."""
    pattern = "*/*" if reader in _MANY else f"{reader}/*"
    return [path.read_bytes() for path in sorted(CORPUS.glob(pattern))]


def attack(
    reader: str, *, seed: int, inputs: int, seconds: float, least: int = 0
) -> Iterator[tuple[bytes, dict[str, str]]]:
    """Give inputs to a reader, and yield each input with its outcome.

    Stop after `inputs` inputs, or when `seconds` have passed and `least` inputs have been read.
    Files of the corpus and mutated files take turns until all files of the corpus have been read.
    """
    from mutations import mutated

    seeds = seeds_of(reader)
    end = time.monotonic() + seconds
    with Worker(reader) as worker:
        for number in range(inputs):
            if number >= least and time.monotonic() > end:
                break
            if number % 2 == 0 and number // 2 < len(seeds):
                content = seeds[number // 2]
            else:
                # Each mutated file has its own random generator, so that it can be made again
                # without the others.
                content = mutated(reader, seeds, random.Random(f"{seed} {reader} {number}"))
            yield content, worker.read(content)


def minimised(reader: str, content: bytes, cause: str, tries: int = 300) -> bytes:
    """Return an input without the parts that are not needed to cause its fault.

    The removed parts become ever shorter, down to one byte. The search ends after this, or after
    about `tries` inputs.
    """
    from layouts import LAYOUTS, Layout

    layout = LAYOUTS.get(reader, Layout())
    with Worker(reader) as worker:
        length = len(content) // 2
        while length and tries > 0:
            start = 0
            while start < len(content) and tries > 0:
                less = content[:start] + content[start + length :]
                for shorter in dict.fromkeys((less, layout.repair(less))):
                    tries -= 1
                    if worker.read(shorter)["cause"] == cause:
                        content = shorter
                        break
                else:
                    start += length
            length //= 2
    return content


def replay(reader: str, contents: list[bytes]) -> Iterator[tuple[bytes, dict[str, str]]]:
    """Let a reader read these inputs, and yield each of them with its outcome."""
    with Worker(reader) as worker:
        for content in contents:
            yield content, worker.read(content)


# --- the worker -----------------------------------------------------------------------------------


def work(reader: str) -> None:
    """Read the inputs whose paths come on standard input, and write outcomes to standard output."""
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)  # other prints go to standard error: they are not outcomes
    requests = os.fdopen(os.dup(0))
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
    import readers

    readers.prepare()
    for content in sorted((CORPUS / reader).glob("seed-*"))[:1]:
        # Load modules and dictionaries with one input first, so that their memory does not count as
        # memory for reading an input.
        copy = Path("first").resolve()
        shutil.copy(content, copy)
        readers.attempt(reader, copy)
    pages = int(Path("/proc/self/statm").read_text().split()[0])
    most = pages * resource.getpagesize() + ADDRESS_SPACE
    resource.setrlimit(resource.RLIMIT_AS, (most, most))
    print(json.dumps({"peak": _peak()}), file=answers, flush=True)
    for line in requests:
        outcome = asdict(readers.attempt(reader, Path(line.rstrip("\n"))))
        print(json.dumps({**outcome, "peak": _peak()}), file=answers, flush=True)


def _peak() -> int:
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak if sys.platform == "darwin" else peak * 1024


# --- the command line -----------------------------------------------------------------------------


def save(report: Report, content: bytes, outcome: dict[str, str], folder: Path) -> None:
    """Save an input that caused a fault, with a description of the fault."""
    name = hashlib.sha256(content).hexdigest()[:12]
    cause = re.sub(r"[^A-Za-z0-9]+", "-", outcome["cause"])[:80].strip("-").lower()
    reader_folder = folder / report.reader
    reader_folder.mkdir(parents=True, exist_ok=True)
    (reader_folder / f"{cause}.{name}").write_bytes(content)
    text = f"reader: {report.reader}\ncause: {outcome['cause']}\n\n{outcome['detail']}\n"
    (reader_folder / f"{cause}.{name}.txt").write_text(text, encoding="utf-8")


def main() -> int:
    from readers import READERS

    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n\n")[0])
    known = f"one of {', '.join(READERS)}; default: all"
    parser.add_argument("readers", nargs="*", metavar="READER", help=known)
    parser.add_argument("--seed", type=int, help="seed of the mutations (default: the time)")
    parser.add_argument("--seconds", type=float, default=60, help="seconds for all readers (60)")
    parser.add_argument("--inputs", type=int, default=10**9, help="at most this many per reader")
    parser.add_argument("--replay", nargs="+", metavar="FILE", help="read only these files")
    parser.add_argument(
        "--minimise", action="store_true", help="also save a small input for each cause of a fault"
    )
    parser.add_argument(
        "--findings", type=Path, default=HERE / "findings", help="folder for inputs with faults"
    )
    options = parser.parse_args()
    names = options.readers or list(READERS)
    if unknown := set(names) - set(READERS):
        parser.error(f"no such reader: {', '.join(unknown)}")
    if options.replay and len(names) != 1:
        parser.error("--replay needs one READER")
    seed = int(time.time()) if options.seed is None else options.seed
    print(f"seed {seed}", flush=True)
    faults = inputs = 0
    for name in names:
        report = Report(name)
        if options.replay:
            outcomes = replay(name, [Path(path).read_bytes() for path in options.replay])
        else:
            seconds = options.seconds / len(names)
            outcomes = attack(name, seed=seed, inputs=options.inputs, seconds=seconds)
        for content, outcome in outcomes:
            if report.add(content, outcome) and report.faults[outcome["cause"]] <= KEPT:
                save(report, content, outcome, options.findings)
        if options.minimise:
            for cause, (content, detail) in report.examples.items():
                smaller = minimised(name, content, cause)
                if len(smaller) < len(content):
                    outcome = fault(cause, detail)
                    save(report, smaller, outcome, options.findings)
        print(report, flush=True)
        inputs += report.inputs
        faults += sum(report.faults.values())
    print(f"{inputs} inputs, {faults} faults" + (f", in {options.findings}" if faults else ""))
    return 1 if faults else 0


if __name__ == "__main__":
    if sys.argv[1:2] == ["--worker"]:
        work(sys.argv[2])
    else:
        sys.exit(main())
