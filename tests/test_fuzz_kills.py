"""``glove-rs fit`` that is killed at any moment leaves the old model or the new one."""

import csv
import json
import os
import random
import shutil
import signal
import subprocess
import sys
import time

import numpy as np
import pytest

from glove_rs import Glove, Vocabulary

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="needs SIGKILL"),
]

SETTINGS = ("--dim", "8", "--epochs", "4", "--min-count", "1", "--window", "4", "--deterministic")
FILES = {"model.glove", "vocab.txt", "settings.json", "history.csv"}


@pytest.fixture(scope="module")
def text():
    """A text of over two pipe buffers: when it is written, the program has read most of it."""
    rng = np.random.default_rng(8)
    words = np.array([f"word{k}" for k in range(400)])
    lines = (" ".join(rng.choice(words, size=40)) for _ in range(450))
    content = "".join(line + "\n" for line in lines).encode()
    assert len(content) > 2 * 65536
    return content


class Program:
    """Runs `glove-rs fit` with a text on standard input."""

    def __init__(self, folder, text, *options):
        self.folder, self.text, self.options = folder, text, options

    def start(self, seed):
        """Start the program, and return when it has read most of the text."""
        command = [sys.executable, "-m", "glove_rs", "fit", "-", *SETTINGS, "--seed", str(seed)]
        process = subprocess.Popen(
            [*command, *self.options],
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            cwd=self.folder,
        )
        try:
            process.stdin.write(self.text)
            process.stdin.close()
        except BrokenPipeError:  # the program has ended: `finish` shows its message
            pass
        process.stdin = None
        return process

    def finish(self, seed):
        """Run the program to its end. Return how many seconds it took after `start` returned."""
        process = self.start(seed)
        begin = time.monotonic()
        _, said = process.communicate(timeout=300)
        assert process.returncode == 0, said.decode()
        return time.monotonic() - begin

    def kill(self, seed, delay, *, watched):
        """Run the program and kill it after `delay` seconds. Return whether it was still running.

        If `watched`, the delay begins when an entry of the folder changes, or after 10 seconds.
        """
        before = entries(self.folder)
        process = self.start(seed)
        end = time.monotonic() + 10
        while watched and time.monotonic() < end and process.poll() is None:
            if entries(self.folder) != before:
                break
        time.sleep(delay)
        process.kill()
        _, said = process.communicate(timeout=300)
        assert process.returncode in (0, -signal.SIGKILL), said.decode()
        return process.returncode == -signal.SIGKILL


def parameters(folder):
    """The parameters in a model folder, which must be complete."""
    assert set(os.listdir(folder)) >= FILES, os.listdir(folder)
    model = Glove.load(folder)
    assert Vocabulary.load(folder / "vocab.txt") == model.vocabulary
    settings = json.loads((folder / "settings.json").read_text())
    assert settings["words"] == len(model.vocabulary)
    with (folder / "history.csv").open() as file:
        assert len(list(csv.reader(file))) == 1 + len(model.history) == 5
    return {name: array.tobytes() for name, array in model._state.arrays.items()}


def entries(folder):
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*"))


def kill_often(kills, took, seed, kill):
    """Call `kill` until it has killed a running program `kills` times.

    In turn, one kill comes at any moment of the run, and the next one while files are written.
    """
    rng = random.Random(seed)
    longest = [1.1 * took, 0.03]  # the longest delay of each kind of kill
    met = 0
    for number in range(20 * kills):
        watched = number % 2
        if kill(rng.uniform(0, longest[watched]), watched=bool(watched)):
            met += 1
            longest[watched] *= 1.1
        else:  # the program ended first: the machine is faster than when `took` was measured
            longest[watched] *= 0.7
        if met == kills:
            return
    pytest.fail(f"only {met} of {kills} kills met the program")


def test_a_killed_fit_leaves_a_complete_model_or_none(tmp_path, text):
    whole = tmp_path / "whole"
    whole.mkdir()
    took = Program(whole, text, "--out", "model").finish(1)
    expected = parameters(whole / "model")

    killed = tmp_path / "killed"
    killed.mkdir()
    program = Program(killed, text, "--out", "model", "--overwrite")

    def once(delay, *, watched):
        met = program.kill(1, delay, watched=watched)
        if (killed / "model").exists():
            assert parameters(killed / "model") == expected
        return met

    kill_often(6, took, 1, once)
    program.finish(1)
    assert parameters(killed / "model") == expected
    assert entries(killed) == entries(whole), "temporaries of a killed run are left"


def test_a_killed_overwrite_leaves_the_old_model_or_the_new_one(tmp_path, text):
    program = Program(tmp_path, text, "--out", "model", "--overwrite")
    models = []
    for seed in (1, 2):
        took = program.finish(seed)
        models.append(parameters(tmp_path / "model"))
    assert models[0] != models[1]
    expected = entries(tmp_path)
    present = 2

    def once(delay, *, watched):
        nonlocal present
        other = 3 - present
        met = program.kill(other, delay, watched=watched)
        assert (tmp_path / "model").exists(), "the old model and the new one are gone"
        found = parameters(tmp_path / "model")
        assert found in (models[present - 1], models[other - 1])
        present = 1 + models.index(found)
        return met

    kill_often(7, took, 2, once)
    program.finish(1)
    assert parameters(tmp_path / "model") == models[0]
    assert entries(tmp_path) == expected, "temporaries of a killed run are left"


def test_a_killed_training_goes_on_to_the_same_bits(tmp_path, text):
    options = ("--out", "model", "--overwrite", "--checkpoint-dir", "state", "--resume")
    whole = tmp_path / "whole"
    whole.mkdir()
    took = Program(whole, text, *options).finish(3)
    expected = parameters(whole / "model")

    killed = tmp_path / "killed"
    killed.mkdir()
    program = Program(killed, text, *options)

    def once(delay, *, watched):
        met = program.kill(3, delay, watched=watched)
        if not met:  # the training has finished: begin a new one
            assert parameters(killed / "model") == expected
            shutil.rmtree(killed / "state")
            shutil.rmtree(killed / "model")
        return met

    kill_often(7, took, 3, once)
    program.finish(3)
    assert parameters(killed / "model") == expected
    assert entries(killed) == entries(whole), "temporaries of a killed run are left"
