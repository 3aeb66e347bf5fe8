"""Saves files again and again, and lets another system call fail each time.

``campaign.py SHIM FOLDER KIND [SAVER ...]`` runs the savers of these names, or all savers. It
prints a JSON object: "faults" has the number of faults for each saver, and "calls" has for each
system call the number of faults that began at it. With "kill", "calls" has the numbers of the calls
instead of their names.

Each save has one fault, at its first, second, ... system call below FOLDER. KIND says what happens
there: "error" (this call fails), "outage" (this call and all later calls fail), "stuck" (this call
and all later calls of its name fail), "interrupt" or "kill" (a signal is sent before this call).

SHIM is the compiled `shim.c`. LD_PRELOAD must name it too, as in test_faults.py.
"""

from __future__ import annotations

import collections
import ctypes
import errno
import itertools
import json
import os
import shutil
import signal
import sys
from collections.abc import Callable
from contextlib import redirect_stdout
from dataclasses import dataclass
from io import StringIO
from pathlib import Path
from typing import Any

from glove_rs import Cooccurrence, Glove
from glove_rs._io.output_folder import OutputFolder
from glove_rs.cli import main

TEXT = ["a b c d e f g h"] * 20
#: The errors with which calls fail: a disk error, no permission, no space left.
ERRORS = (errno.EIO, errno.EACCES, errno.ENOSPC)
PRECIOUS = {"precious.txt": b"precious", ".model.x.glove-rs-0.tmp": b"another's"}


def trained(seed: int) -> Glove:
    return Glove(dim=3, epochs=1, min_count=1, seed=seed).fit(TEXT)


@dataclass
class Saver:
    """A function that writes the files `names` into a folder, with one of two contents."""

    #: Takes the folder, and 0 for the old content or 1 for the new one.
    save: Callable[[Path, int], object]
    names: list[str]
    #: Whether the files must be all old or all new. If false, each file must be old or new.
    together: bool = True
    exchange: bool = True


def savers(around: Path) -> dict[str, Saver]:
    models = [trained(0), trained(1)]
    words = [model.vocabulary for model in models]
    words[1] = Cooccurrence.from_corpus(TEXT[:9], min_count=1).vocabulary
    counts = [Cooccurrence.from_corpus(TEXT[:n], min_count=1) for n in (9, 20)]
    inputs = []
    for number, model in enumerate(models):
        inputs.append(str(around / f"input{number}"))
        model.save(inputs[-1])

    def one(save: Callable[[Any, int], object]) -> Saver:
        return Saver(lambda folder, new: save(str(folder / "model"), new), ["model"])

    def convert(path: str, new: int) -> None:
        if main(["convert", inputs[new], path, "--to", "word2vec", "--overwrite"]) != 0:
            raise OSError(0, "as the command says")

    def out(folder: Path, new: int) -> None:
        OutputFolder(folder / "model", overwrite=True).write(models[new], "text")

    def train(folder: Path, new: int) -> None:
        path = folder / "model"
        path.mkdir(exist_ok=True)
        if (path / "training.checkpoint").exists():
            Glove.resume(path, threads=1, epochs=2 + new)
        else:
            Glove(dim=3, epochs=2, min_count=1, threads=1, schedule="constant").fit(
                TEXT, checkpoint_dir=path
            )

    return {
        "Glove.save": one(lambda path, new: models[new].save(path)),
        "save_word2vec": one(lambda path, new: models[new].save_word2vec(path)),
        "save_word2vec_binary": one(lambda path, new: models[new].save_word2vec(path, binary=True)),
        "WordVectors.save": one(lambda path, new: models[new].vectors.save(path)),
        "save_glove": one(lambda path, new: models[new].vectors.save_glove(path)),
        "Vocabulary.save": one(lambda path, new: words[new].save(path)),
        "Cooccurrence.save": one(lambda path, new: counts[new].save(path)),
        "records": one(lambda path, new: counts[new]._core.save_stanford(path)),
        "convert": one(convert),
        "save_stanford": Saver(
            lambda folder, new: models[new].save_stanford(folder / "model", gradsq=True),
            ["model.txt", "model.bin", "model.gradsq.bin"],
            together=False,
        ),
        "fit --out": Saver(out, ["model"]),
        "fit --out without exchange": Saver(out, ["model"], exchange=False),
        "checkpoint_dir": Saver(train, ["model"]),
    }


def content(path: Path) -> object:
    """The content of a file, or of each file of a folder; None if nothing is at the path."""
    if path.is_dir():
        return {p.name: content(p) for p in sorted(path.iterdir())}
    if not path.exists():
        return None
    if path.name == "settings.json":
        settings = json.loads(path.read_text())
        return {**settings, "created": None}
    if path.name == "training.checkpoint":
        return path.stat().st_size  # the file contains times; `check_training` reads it
    return path.read_bytes()


class Campaign:
    def __init__(self, shim: str, around: Path, kind: str) -> None:
        self.shim = ctypes.CDLL(shim)
        self.shim.faults_fired.restype = ctypes.c_char_p
        self.around = around
        self.kind = kind
        self.calls: collections.Counter[str] = collections.Counter()

    def reset(self, saver: Saver, old: bool) -> Path:
        """Make a new folder, with files of the user and, if `old`, with the old content."""
        folder = self.around / "folder"
        shutil.rmtree(folder, ignore_errors=True)
        if old:
            shutil.copytree(self.around / "old", folder)
        else:
            folder.mkdir()
            for name, text in PRECIOUS.items():
                (folder / name).write_bytes(text)
        return folder

    def state(self, saver: Saver, folder: Path) -> dict[str, object]:
        return {name: content(folder / name) for name in saver.names}

    def run(self, name: str, saver: Saver) -> int:
        """Save once for each system call, with a fault at this call. Return the number of faults.

        In a first round, each save replaces old files. In a second round, there are none.
        """
        old = self.around / "old"
        shutil.rmtree(old, ignore_errors=True)
        folder = self.reset(saver, old=False)
        saver.save(folder, 0)
        shutil.copytree(folder, old)
        before = self.state(saver, folder)
        saver.save(folder, 1)
        after = self.state(saver, folder)
        assert before != after, f"{name}: the states must differ"
        nothing: dict[str, object] = dict.fromkeys(saver.names)
        faults = 0
        for had in (True, False):
            start = before if had else nothing
            number = 0
            for number in itertools.count(1):
                error = ERRORS[number % len(ERRORS)]
                folder = self.reset(saver, old=had)
                fired, failed = self.fail(saver, folder, number, error)
                if not fired:
                    break
                faults += 1
                self.calls[fired] += 1
                where = f"{name}, call {number} ({fired}), {'old' if had else 'nothing'} before"
                self.check(saver, folder, where, start, after, failed)
            assert number > 4, f"{name}: only {number} calls were seen"
        return faults

    def fail(
        self, saver: Saver, folder: Path, number: int, error: int
    ) -> tuple[str, BaseException | None]:
        """Save, with a fault at call `number`.

        Return the name of the call, or "" if there were fewer calls, and the exception that `save`
        raised, if any. With "kill" there is no exception, and "call `number`" stands for the name.
        """
        if self.kind == "kill":
            return self.kill(saver, folder, number)
        signal_number = signal.SIGINT if self.kind == "interrupt" else 0
        raised: BaseException | None = None
        self.arm(saver, folder, number, error, signal_number)
        try:
            saver.save(folder, 1)
            for _ in range(100):
                pass  # Python may handle the signal only here
        except (OSError, KeyboardInterrupt) as exception:
            raised = exception
        finally:
            self.shim.faults_disarm()
        fired = self.shim.faults_fired().decode()
        if (
            self.kind in ("error", "outage", "stuck")
            and isinstance(raised, OSError)
            and raised.errno
        ):
            assert raised.errno == error, raised
            assert str(raised.filename).startswith(str(folder)), raised
            assert "glove-rs-" not in str(raised.filename), raised
        return fired, raised

    def arm(self, saver: Saver, folder: Path, number: int, error: int, signal_number: int) -> None:
        scope = os.fsencode(f"{folder}/")
        lasting = {"outage": 1, "stuck": 2}.get(self.kind, 0)
        at = ctypes.c_long(number)
        self.shim.faults_arm(scope, at, error, lasting, signal_number, saver.exchange)

    def kill(self, saver: Saver, folder: Path, number: int) -> tuple[str, None]:
        child = os.fork()
        if child == 0:
            self.arm(saver, folder, number, 0, signal.SIGKILL)
            code = 1
            try:
                saver.save(folder, 1)
                code = 0
            finally:
                os._exit(code)
        _, status = os.waitpid(child, 0)
        if os.WIFSIGNALED(status):
            return f"call {number}", None
        assert os.waitstatus_to_exitcode(status) == 0
        return "", None

    def check(
        self,
        saver: Saver,
        folder: Path,
        where: str,
        start: dict[str, object],
        target: dict[str, object],
        failed: BaseException | None,
    ) -> None:
        state = self.state(saver, folder)
        training = "checkpoint_dir" in where
        if training:
            self.check_training(folder, where, had=start["model"] is not None)
        elif start != state and self.may_be_aside(saver) and state == dict.fromkeys(saver.names):
            # The save ended between two renames. The next save puts the old folder back.
            (aside,) = folder.glob(".model.glove-rs-*.tmp/old")
            assert content(aside) == start["model"], f"{where}: the old folder is lost"
        else:
            groups = [saver.names] if saver.together else [[name] for name in saver.names]
            for names in groups:
                found = {name: state[name] for name in names}
                allowed = [{name: side[name] for name in names} for side in (start, target)]
                assert found in allowed, f"{where}: neither old nor new is there"
            if failed is None and self.kind in ("error", "outage", "stuck"):
                assert state == target, f"{where}: no error, but not all files are new"
        self.check_precious(folder, where)
        removal = any(name in where for name in ("(unlink", "(rmdir", "(flock"))
        if self.kind in ("error", "interrupt") and not removal:
            self.check_names(saver, folder, where)
        # The next save removes whatever is left.
        saver.save(folder, 1)
        if not training:
            assert self.state(saver, folder) == target, f"{where}: the next run failed"
        self.check_precious(folder, where)
        self.check_names(saver, folder, where)

    def may_be_aside(self, saver: Saver) -> bool:
        return not saver.exchange and self.kind in ("kill", "outage", "stuck")

    def check_training(self, folder: Path, where: str, *, had: bool) -> None:
        """Check that a checkpoint can be read, or that there is none and there was none before."""
        path = folder / "model"
        if (path / "training.checkpoint").exists():
            copy = self.around / "copy"
            shutil.rmtree(copy, ignore_errors=True)
            shutil.copytree(path, copy)
            assert len(Glove.resume(copy, threads=1, epochs=3).history) == 3, where
        else:
            assert not had, f"{where}: the checkpoint is gone"

    def check_precious(self, folder: Path, where: str) -> None:
        for name, text in PRECIOUS.items():
            assert (folder / name).read_bytes() == text, f"{where}: {name} is lost"

    def check_names(self, saver: Saver, folder: Path, where: str) -> None:
        extra = set(os.listdir(folder)) - {*saver.names, *PRECIOUS}
        assert not extra, f"{where}: {extra} is left"
        inside = folder / "model"
        if inside.is_dir():
            left = [name for name in os.listdir(inside) if name.endswith(".tmp")]
            assert not left, f"{where}: {left} is left in the folder"


if __name__ == "__main__":
    shim, where, kind = sys.argv[1:4]
    around = Path(where)
    campaign = Campaign(shim, around, kind)
    report = {}
    open_before = len(os.listdir("/proc/self/fd"))
    with redirect_stdout(StringIO()):
        sys.stderr = StringIO()  # hide the error messages of commands
        try:
            for name, saver in savers(around).items():
                if not sys.argv[4:] or name in sys.argv[4:]:
                    report[name] = campaign.run(name, saver)
        finally:
            sys.stderr = sys.__stderr__
    assert len(os.listdir("/proc/self/fd")) <= open_before, "descriptors were left open"
    print(json.dumps({"faults": report, "calls": campaign.calls}))
