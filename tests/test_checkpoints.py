"""Checkpoints: a killed training is resumed from them, and unsuitable checkpoints are refused."""

import json
import os
import re
import shutil
import subprocess
import sys
import textwrap

import numpy as np
import pytest

from glove_rs import Cooccurrence, FormatError, Glove, Vocabulary, WordVectors
from glove_rs._fit import checkpoints
from glove_rs.cli._inputs import recognised
from program import answer, reason

ARRAYS = ("W", "W_tilde", "b", "b_tilde", "G_W", "G_W_tilde", "G_b", "G_b_tilde")
SETTINGS = {
    "dim": 12,
    "epochs": 6,
    "preset": "paper",
    "x_max": 10.0,
    "deterministic": True,
    "seed": 4,
    "min_count": 2,
}


def assert_same(one, other):
    assert one.vocabulary == other.vocabulary
    assert one.history == other.history
    np.testing.assert_array_equal(one.history.validation, other.history.validation)
    for name in ARRAYS:
        np.testing.assert_array_equal(
            one._state.arrays[name], other._state.arrays[name], err_msg=name
        )


class Killed(Exception):  # noqa: N818 - the name says what happened
    """Raised by a callback in place of a kill."""


def kill_after(epoch):
    def callback(state):
        if state.epoch == epoch:
            raise Killed

    return callback


def interrupted(source, folder, epoch=3, **options):
    """The checkpoint folder of a training that an exception ended after `epoch`."""
    settings = SETTINGS | options.pop("settings", {})
    with pytest.raises(Killed):
        Glove(**settings).fit(
            source, checkpoint_dir=folder, callbacks=[kill_after(epoch)], **options
        )
    return folder


@pytest.fixture(scope="module")
def stopped(zipf, tmp_path_factory):
    return interrupted(zipf.path, tmp_path_factory.mktemp("stopped") / "checkpoints")


@pytest.fixture
def folder(stopped, tmp_path):
    return shutil.copytree(stopped, tmp_path / "checkpoints")


@pytest.fixture(scope="module")
def whole(zipf):
    return Glove(**SETTINGS).fit(zipf.path)


# --- resuming -----------------------------------------------------------------------------------


@pytest.mark.parametrize("epoch", [1, 3, 6])
def test_a_training_that_goes_on_ends_with_the_bits_of_one_without_a_pause(
    zipf, whole, tmp_path, epoch
):
    interrupted(zipf.path, tmp_path, epoch)
    assert_same(Glove.resume(tmp_path), whole)


def test_fit_goes_on_where_there_is_a_checkpoint_and_begins_where_there_is_none(
    zipf, whole, tmp_path, folder
):
    calls = []
    for place in (folder, tmp_path / "new"):
        model = Glove(**SETTINGS).fit(
            zipf.path, checkpoint_dir=place, resume=True, callbacks=[calls.append]
        )
        assert_same(model, whole)
    assert [state.epoch for state in calls] == [4, 5, 6, 1, 2, 3, 4, 5, 6]


def test_a_folder_with_the_names_of_older_versions_goes_on_under_them(zipf, whole, folder):
    (folder / "training.checkpoint").rename(folder / "checkpoint.glove")
    (folder / "cooccurrence.counts").rename(folder / "counts.glove")
    before = (folder / "checkpoint.glove").read_bytes()
    assert_same(Glove.resume(folder), whole)
    assert sorted(os.listdir(folder)) == ["checkpoint.glove", "counts.glove", "training.lock"]
    assert (folder / "checkpoint.glove").read_bytes() != before
    # The training is finished. Resuming it trains no epoch, and makes no files with the new names
    # training.checkpoint and cooccurrence.counts.
    assert_same(Glove(**SETTINGS).fit(zipf.path, checkpoint_dir=folder, resume=True), whole)
    assert sorted(os.listdir(folder)) == ["checkpoint.glove", "counts.glove", "training.lock"]


def test_a_checkpoint_is_recognised_by_its_content(folder):
    for name, what in [("training.checkpoint", "checkpoint"), ("cooccurrence.counts", "counts")]:
        copy = folder / "vectors.txt"
        shutil.copy(folder / name, copy)
        with pytest.raises(FormatError, match=f"{re.escape(str(copy))}.*{what}"):
            WordVectors.load(copy)
        assert recognised(str(copy))[0] == what
    checkpoint = str(folder / "training.checkpoint")
    (found,) = answer("info", checkpoint)
    assert found["epochs"] == 3
    assert found["settings"]["dim"] == SETTINGS["dim"]


def test_the_folder_of_a_training_is_described(folder):
    (found,) = answer("info", folder)
    assert found["what"] == "a folder with checkpoints of a training"
    assert (found["epochs"], found["epochs_in_all"]) == (3, SETTINGS["epochs"])
    assert found["dim"] == SETTINGS["dim"]
    assert found["counts"] == str(folder / "cooccurrence.counts")
    assert "a folder with checkpoints" in reason(1, "similar", folder, "word")
    assert "this is not text but a folder with checkpoints" in reason(1, "vocab", folder)


def test_a_number_of_epochs_between_checkpoints_needs_a_folder(zipf):
    with pytest.raises(ValueError, match="checkpoint_every needs a folder: set checkpoint_dir"):
        Glove(**SETTINGS).fit(zipf.path, checkpoint_every=2)


def test_counts_alone_are_counted_again(zipf, whole, folder):
    (folder / "training.checkpoint").unlink()
    Cooccurrence.from_corpus(["of another text"], min_count=1).save(folder / "cooccurrence.counts")
    assert_same(Glove(**SETTINGS).fit(zipf.path, checkpoint_dir=folder, resume=True), whole)


@pytest.mark.slow
def test_counts_can_be_trained_on_with_checkpoints(zipf, tmp_path):
    X = Cooccurrence.from_corpus(zipf.path, symmetric=False)
    options = {"checkpoint_dir": tmp_path, "resume": True}
    with pytest.raises(Killed):
        Glove(**SETTINGS).fit_cooccurrence(X, callbacks=[kill_after(2)], **options)
    model = Glove(**SETTINGS).fit_cooccurrence(X, **options)
    assert_same(model, Glove(**SETTINGS).fit_cooccurrence(X))
    with pytest.raises(ValueError, match=r"X is not the matrix of the checkpoint"):
        Glove(**SETTINGS).fit_cooccurrence(X * 2, **options)


@pytest.mark.slow
def test_a_finished_training_is_not_trained_further_unless_there_are_more_epochs(
    zipf, whole, folder
):
    Glove.resume(folder)
    calls = []
    assert_same(Glove.resume(folder, callbacks=[calls.append]), whole)
    assert calls == []
    longer = Glove.resume(folder, epochs=8)
    assert longer.epochs == 8
    assert_same(longer, Glove(**SETTINGS | {"epochs": 8}).fit(zipf.path))


@pytest.mark.filterwarnings("ignore:training diverged")
def test_the_learning_rate_stays_halved(tmp_path):
    X = np.exp(np.random.default_rng(0).normal(1, 2, (40, 40)))
    settings = SETTINGS | {"learning_rate": 0.5, "optimizer": "sgd"}
    with pytest.warns(RuntimeWarning, match="learning rate halved"):
        whole = Glove(**settings).fit_cooccurrence(X)
    with pytest.warns(RuntimeWarning, match="learning rate halved"), pytest.raises(Killed):
        Glove(**settings).fit_cooccurrence(X, checkpoint_dir=tmp_path, callbacks=[kill_after(2)])
    assert_same(Glove.resume(tmp_path), whole)


@pytest.mark.slow
def test_early_stopping_and_anchors_go_on_as_they_were(zipf, whole, tmp_path):
    options = {
        "settings": {"epochs": 40, "learning_rate": 0.3},
        "validation": 0.1,
        "early_stopping": 3,
        "init": whole.vectors,
        "anchor": 0.2,
    }
    through = Glove(**SETTINGS | options["settings"]).fit(
        zipf.path, **{name: value for name, value in options.items() if name != "settings"}
    )
    best = int(np.argmin(through.history.validation)) + 1
    assert best < len(through.history) == best + 3 < 40
    # One checkpoint before the best epoch, and one after it, which also has the best parameters.
    for epoch in (best - 1, best + 2):
        interrupted(zipf.path, tmp_path / str(epoch), epoch, **dict(options))
        assert_same(Glove.resume(tmp_path / str(epoch)), through)
        assert_same(Glove.resume(tmp_path / str(epoch)), through)


def test_checkpoints_come_at_intervals_and_at_the_end(zipf, tmp_path):
    written = []

    def epoch_there():
        return int.from_bytes((tmp_path / "training.checkpoint").read_bytes()[32:40], "little")

    def look(state):
        written.append(epoch_there())

    Glove(**SETTINGS | {"epochs": 5}).fit(
        zipf.path, checkpoint_dir=tmp_path, checkpoint_every=2, callbacks=[look]
    )
    assert written == [0, 2, 2, 4, 4]
    assert epoch_there() == 5
    assert sorted(os.listdir(tmp_path)) == [
        "cooccurrence.counts",
        "training.checkpoint",
        "training.lock",
    ]


def test_a_resumed_model_can_be_updated(zipf, folder):
    model = Glove.resume(folder)
    model.update(["w1 w2 fresh w3"] * 10, epochs=1)
    assert "fresh" in model.vocabulary
    assert len(model.history) == 7


def test_a_memory_limit_holds_for_resumed_counts_too(zipf, whole, folder):
    limited = Glove.resume(folder, memory="1MB", threads=1)
    assert_same(limited, whole)


# --- killed at random moments -------------------------------------------------------------------

KILLER = textwrap.dedent(
    """
    import json, os, random, shutil, signal, sys, time
    import numpy as np
    from glove_rs import Glove

    source, folder, kills, seed = sys.argv[1], sys.argv[2], int(sys.argv[3]), int(sys.argv[4])
    tmp_dir = os.path.join(folder, "tmp")
    os.mkdir(tmp_dir)

    def fit(**options):
        model = Glove(
            dim=30, window=12, epochs=5, preset="paper", x_max=10, deterministic=True, threads=2,
            memory="4MB", tmp_dir=tmp_dir,
        )
        return model.fit(source, **options)

    start = time.monotonic()
    whole = fit()
    took = time.monotonic() - start
    rng = random.Random(seed)
    stages, finished = [], 0
    while len(stages) < kills:
        checkpoints = os.path.join(folder, "checkpoints")
        shutil.rmtree(checkpoints, ignore_errors=True)
        code, patience = None, 0.7 * took
        while code != 0:
            child = os.fork()
            if child == 0:
                try:
                    model = fit(checkpoint_dir=checkpoints, resume=True)
                    same = model.history == whole.history and all(
                        np.array_equal(array, whole._state.arrays[name])
                        for name, array in model._state.arrays.items()
                    )
                    os._exit(0 if same else 3)
                finally:
                    os._exit(4)
            time.sleep(rng.uniform(0, patience))
            patience *= 1.3  # so that a run can end: with checkpoints it takes longer
            os.kill(child, signal.SIGKILL)
            code = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
            if code == -signal.SIGKILL:
                found = os.listdir(checkpoints) if os.path.isdir(checkpoints) else []
                stages.append("training" if "training.checkpoint" in found else "counting")
            elif code != 0:
                sys.exit(f"after {stages}: the child ended with {code}")
        finished += 1
        left = sorted(os.listdir(checkpoints)), os.listdir(tmp_dir)
        assert left == (["cooccurrence.counts", "training.checkpoint", "training.lock"], []), left
    print(json.dumps({"stages": stages, "finished": finished}))
    """
)


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
@pytest.mark.slow
def test_killed_at_random_moments_a_run_ends_with_the_same_bits(tmp_path):
    rng = np.random.default_rng(6)
    frequency = 1.0 / np.arange(1, 3001)
    words = np.array([f"w{k}" for k in range(3000)])
    text = tmp_path / "corpus.txt"
    with text.open("w") as file:
        for _ in range(1000):
            tokens = rng.choice(words, size=300, p=frequency / frequency.sum())
            file.write(" ".join(tokens) + "\n")
    kills = int(os.environ.get("GLOVE_RS_KILLS", "24"))
    run = subprocess.run(
        [sys.executable, "-c", KILLER, text, tmp_path, str(kills), "1"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert run.returncode == 0, run.stderr
    report = json.loads(run.stdout)
    assert len(report["stages"]) >= 20
    assert set(report["stages"]) == {"counting", "training"}, report
    assert report["finished"] >= 1


# --- what is refused ----------------------------------------------------------------------------


@pytest.mark.parametrize("keep", [0, 7, 91, 100, 5000, -1])
def test_a_truncated_checkpoint_is_refused_with_its_path_and_length(zipf, folder, keep):
    state = folder / "training.checkpoint"
    state.write_bytes(state.read_bytes()[:keep])
    for go_on in (
        lambda: Glove.resume(folder),
        lambda: Glove(**SETTINGS).fit(zipf.path, checkpoint_dir=folder, resume=True),
    ):
        with pytest.raises(FormatError, match="cut off") as error:
            go_on()
        assert str(state) in str(error.value)


@pytest.mark.parametrize("name", ["training.checkpoint", "cooccurrence.counts"])
def test_a_file_that_goes_on_after_its_end_is_too_long(folder, name):
    path = folder / name
    length = path.stat().st_size
    with path.open("ab") as file:
        file.write(b"more")
    with pytest.raises(FormatError, match=rf"{name}, byte {length}: the file is too long"):
        Glove.resume(folder)


def test_a_damaged_checkpoint_is_refused(folder):
    state = folder / "training.checkpoint"
    content = bytearray(state.read_bytes())
    content[len(content) // 2] ^= 1
    state.write_bytes(content)
    with pytest.raises(FormatError, match="checksum"):
        Glove.resume(folder)


@pytest.mark.parametrize("content", [b"x" * 200, b"gloveCKP" + b"\x05\0\0\0" + b"x" * 200])
def test_another_file_is_refused(folder, content):
    (folder / "training.checkpoint").write_bytes(content)
    with pytest.raises(FormatError, match=r"not a checkpoint|version 5"):
        Glove.resume(folder)


def test_truncated_counts_are_refused(folder):
    counts = folder / "cooccurrence.counts"
    counts.write_bytes(counts.read_bytes()[:-5])
    with pytest.raises(FormatError, match=r"cooccurrence\.counts.*cut off"):
        Glove.resume(folder)


@pytest.mark.parametrize("name", ["training.checkpoint", "cooccurrence.counts"])
def test_a_missing_file_is_named(folder, name):
    (folder / name).unlink()
    with pytest.raises(FileNotFoundError) as error:
        Glove.resume(folder)
    assert error.value.filename == str(folder / name)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("dim", 13),
        ("window", 3),
        ("min_count", 1),
        ("symmetric", False),
        ("x_max", 20.0),
        ("alpha", 0.5),
        ("learning_rate", 0.01),
        ("optimizer", "sgd"),
        ("deterministic", False),
        ("seed", 5),
    ],
)
def test_other_settings_are_refused_by_name(zipf, folder, name, value):
    model = Glove(**SETTINGS | {name: value})
    with pytest.raises(ValueError, match=f"^{name}={value!r} differs from the checkpoint"):
        model.fit(zipf.path, checkpoint_dir=folder, resume=True)
    with pytest.raises(ValueError, match=f"{name} cannot change"):
        Glove.resume(folder, **{name: value})


@pytest.mark.parametrize("options", [{"validation": 0.1}, {"init": None, "anchor": 0.5}])
def test_other_options_are_refused_by_name(zipf, whole, folder, options):
    if "init" in options:
        options = options | {"init": whole.vectors}
    name = list(options)[-1]
    with pytest.raises(ValueError, match=f"^{name}=.* differs from the checkpoint"):
        Glove(**SETTINGS).fit(zipf.path, checkpoint_dir=folder, resume=True, **options)


def test_another_vocabulary_is_refused(zipf, folder):
    words = Vocabulary.from_corpus(zipf.path, min_count=3)
    with pytest.raises(ValueError, match="another vocabulary"):
        Glove(**SETTINGS).fit(zipf.path, vocabulary=words, checkpoint_dir=folder, resume=True)


def test_counts_of_another_training_are_refused(zipf, folder, tmp_path):
    other = interrupted(zipf.documents[:100], tmp_path / "other")
    shutil.copy(other / "cooccurrence.counts", folder)
    with pytest.raises(ValueError, match="another vocabulary"):
        Glove.resume(folder)


def test_another_text_is_refused(zipf, folder, tmp_path):
    other = tmp_path / "other.txt"
    other.write_bytes(zipf.path.read_bytes().replace(b"w1", b"w2"))
    with pytest.raises(ValueError, match="source is not the text of the checkpoint"):
        Glove(**SETTINGS).fit(other, checkpoint_dir=folder, resume=True)


def test_a_checkpoint_is_not_overwritten_by_mistake(zipf, folder):
    before = (folder / "training.checkpoint").read_bytes()
    with pytest.raises(ValueError, match="checkpoint_dir has a checkpoint already"):
        Glove(**SETTINGS).fit(zipf.path, checkpoint_dir=folder)
    with pytest.raises(ValueError, match="checkpoint_dir has a checkpoint already"):
        Glove(**SETTINGS).fit(zipf.path).update(zipf.path, checkpoint_dir=folder)
    assert (folder / "training.checkpoint").read_bytes() == before


def test_resuming_needs_a_folder(zipf):
    with pytest.raises(ValueError, match="set checkpoint_dir"):
        Glove(**SETTINGS).fit(zipf.path, resume=True)


def test_a_folder_that_cannot_be_written_is_named(zipf, tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(NotADirectoryError):
        Glove(**SETTINGS).fit(zipf.path, checkpoint_dir=tmp_path / "file" / "checkpoints")


def test_a_checkpoint_tells_what_it_is(stopped):
    content = (stopped / "training.checkpoint").read_bytes()
    assert content[:8] == b"gloveCKP"
    length = int.from_bytes(content[48:56], "little")
    settings = json.loads(content[92 : 92 + length])
    assert settings["parameters"]["dim"] == SETTINGS["dim"]
    assert len(settings["counts"]["vocabulary"]) == 64  # SHA-256
    assert int.from_bytes(content[32:40], "little") == 3  # epochs
    checkpoints._checked(settings)
    for wrong in ("x", None, -1, 10**400):
        settings["counts"]["records"] = wrong
        with pytest.raises(ValueError, match=r"^records must be an integer"):
            checkpoints._checked(settings)


# --- schedules ----------------------------------------------------------------------------------


@pytest.mark.slow
@pytest.mark.parametrize("schedule", ["linear", "cosine"])
def test_falling_rates_go_on_where_they_were(zipf, tmp_path, schedule):
    settings = {"schedule": schedule, "negative": 1.0, "learning_rate": 0.2}
    interrupted(zipf.path, tmp_path, 3, settings=settings)
    assert_same(Glove.resume(tmp_path), Glove(**SETTINGS | settings).fit(zipf.path))


def test_epochs_cannot_change_where_they_decide_the_rates(zipf, tmp_path):
    interrupted(zipf.path, tmp_path, 3, settings={"schedule": "linear"})
    with pytest.raises(ValueError, match="epochs cannot change"):
        Glove.resume(tmp_path, epochs=8)
    with pytest.raises(ValueError, match=r"^epochs=8 differs"):
        Glove(**SETTINGS | {"schedule": "linear", "epochs": 8}).fit(
            zipf.path, checkpoint_dir=tmp_path, resume=True
        )


@pytest.mark.slow
def test_a_preset_is_what_it_was_when_the_checkpoint_was_written(zipf, tmp_path, monkeypatch):
    settings = {"dim": 8, "deterministic": True, "min_count": 2}
    whole = Glove(**settings).fit(zipf.path)
    with pytest.raises(Killed):
        Glove(**settings).fit(zipf.path, checkpoint_dir=tmp_path, callbacks=[kill_after(2)])
    from glove_rs import _settings

    changed = {**_settings.PRESETS["best"], "epochs": 3, "x_max": 5.0}
    monkeypatch.setitem(_settings.PRESETS, "best", changed)
    for x_max in ({"x_max": 5.0}, {"preset": "paper"}):
        with pytest.raises(ValueError, match=r"^\w+=.* differs"):
            Glove(**settings, **x_max).fit(zipf.path, checkpoint_dir=tmp_path, resume=True)
    shutil.copytree(tmp_path, tmp_path / "copy", ignore=shutil.ignore_patterns("copy"))
    assert_same(Glove.resume(tmp_path / "copy"), whole)
    resumed = Glove(**settings).fit(zipf.path, checkpoint_dir=tmp_path, resume=True)
    assert_same(resumed, whole)
    assert resumed.settings_["x_max"] == whole.settings_["x_max"] != 5.0


def test_patterns_come_back_and_other_tokenizers_are_refused(zipf, tmp_path):
    settings = {"tokenizer": re.compile(r"\w+", re.IGNORECASE)}
    interrupted(zipf.path, tmp_path, 2, settings=settings)
    assert Glove.resume(tmp_path).tokenizer == settings["tokenizer"]
    with pytest.raises(ValueError, match=r"^tokenizer='whitespace' differs"):
        Glove(**SETTINGS).fit(zipf.path, checkpoint_dir=tmp_path, resume=True)


def test_a_folder_of_texts_is_known_again(zipf, whole, tmp_path):
    texts = tmp_path / "texts"
    texts.mkdir()
    half = len(zipf.lines) // 2
    for name, lines in (("a.txt", zipf.lines[:half]), ("b.txt", zipf.lines[half:])):
        (texts / name).write_text("".join(line + "\n" for line in lines), encoding="utf-8")
    place = tmp_path / "checkpoints"
    interrupted(texts, place)
    (texts / "b.txt").write_text("changed\n")
    with pytest.raises(ValueError, match="source is not the text"):
        Glove(**SETTINGS).fit(texts, checkpoint_dir=place, resume=True)
    assert_same(Glove.resume(place), whole)
