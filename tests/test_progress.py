"""Progress as bars, as lines and as a log, and warnings that point at the user's line."""

from __future__ import annotations

import contextlib
import logging
import re
import subprocess
import sys
import textwrap
import types
import warnings

import numpy as np
import pytest

import glove_rs
from glove_rs import Cooccurrence, Glove, WordVectors

DOCUMENTS = [f"w{k % 7} w{k % 5} w{k % 3} w{k % 11}" for k in range(200)]
SMALL = {"dim": 3, "min_count": 1, "epochs": 4, "threads": 1}


@pytest.fixture
def log(caplog):
    caplog.set_level(logging.INFO, logger="glove_rs")
    return caplog


def test_the_log_has_a_line_for_each_stage_and_each_epoch(log):
    model = Glove(**SMALL).fit(DOCUMENTS)
    assert {record.name for record in log.records} == {"glove_rs"}
    assert {record.levelname for record in log.records} == {"INFO"}
    lines = [record.getMessage() for record in log.records]
    stages = [line.split(":")[0] for line in lines if not line.startswith("epoch")]
    assert stages[:2] == ["tokenizing", "counting"]
    assert stages[-2:] == ["training", "subwords"]
    assert len(set(stages)) == len(stages)
    epochs = [
        re.fullmatch(r"epoch (\d): loss (\d\.\d{6}), \d+\.\d\d s, [\d,]+ records/s", line)
        for line in lines
        if line.startswith("epoch")
    ]
    assert [int(epoch[1]) for epoch in epochs] == [1, 2, 3, 4]
    assert [epoch[2] for epoch in epochs] == [f"{loss:.6f}" for loss in model.history]
    assert re.fullmatch(r"counting: 800 tokens in \d+\.\d s", lines[1])


@pytest.mark.parametrize("window", [1, 2, 17])
@pytest.mark.parametrize("adjacent", [False, True])
def test_the_progress_of_counting_ends_with_the_number_of_tokens(window, adjacent):
    seen = []

    def progress(stage, done, total, _):
        if stage == "counting":
            seen.append((done, total))

    Cooccurrence.from_corpus(
        DOCUMENTS, window=window, adjacent=adjacent, min_count=1, progress=progress
    )
    assert seen[-1] == (800, 800)


def test_the_log_has_the_validation_loss(log):
    model = Glove(**SMALL).fit(DOCUMENTS, validation=0.2)
    lines = [r.getMessage() for r in log.records if r.getMessage().startswith("epoch")]
    assert [re.search(r"validation loss (\d\.\d{6})", line)[1] for line in lines] == [
        f"{loss:.6f}" for loss in model.history.validation
    ]


def test_epochs_are_logged_before_the_stage_that_follows_training(log):
    Glove(**SMALL, subwords=True).fit(DOCUMENTS)
    lines = [record.getMessage() for record in log.records]
    epochs = [place for place, line in enumerate(lines) if line.startswith("epoch")]
    assert len(epochs) == 4
    assert lines[epochs[-1] + 1 :][-1].startswith("subwords: ")


@pytest.mark.slow
def test_thousands_of_short_epochs_are_all_logged(log):
    Glove(**SMALL | {"epochs": 3000}).fit([["a", "b"]] * 3)
    epochs = [r.getMessage().split()[1] for r in log.records if r.getMessage()[:5] == "epoch"]
    assert epochs == [f"{epoch}:" for epoch in range(1, 3001)]


def test_a_callable_is_called_for_each_stage_and_each_epoch_and_the_log_written_too(log):
    calls = []
    Glove(**SMALL, progress=lambda *call: calls.append(call)).fit(DOCUMENTS)
    stages = dict.fromkeys(stage for stage, *_ in calls)
    assert list(stages)[:2] == ["tokenizing", "counting"]
    assert list(stages)[-2:] == ["training", "subwords"]
    seen = dict.fromkeys(info["epoch"] for *_, info in calls if info)
    assert list(seen) == [1, 2, 3, 4]
    assert len(log.records) >= 7


def test_nothing_is_logged_unless_it_is_read(capsys):
    Glove(**SMALL).fit(DOCUMENTS)
    assert capsys.readouterr() == ("", "")


@pytest.mark.slow
def test_a_program_that_logs_nothing_does_not_import_logging():
    code = "import sys; from glove_rs import _progress; print('logging' in sys.modules)"
    shown = subprocess.run([sys.executable, "-c", code], capture_output=True, check=True).stdout
    assert shown == b"False\n"


def test_lines_are_printed_where_there_is_no_terminal(capsys):
    Glove(**SMALL, progress=True).fit(DOCUMENTS)
    lines = capsys.readouterr().err.splitlines()
    assert all(line.startswith("glove-rs: ") for line in lines)
    assert sum(line.startswith("glove-rs: epoch ") for line in lines) == 4
    assert "\r" not in "".join(lines)


def test_lines_are_printed_besides_a_log_that_goes_elsewhere(log, capsys):
    Glove(**SMALL, progress=True).fit(DOCUMENTS)
    lines = capsys.readouterr().err.splitlines()
    assert sum(line.startswith("glove-rs: epoch ") for line in lines) == 4
    assert log.records


def test_lines_are_not_printed_twice_if_the_log_goes_to_standard_error(log, capsys):
    handler = logging.StreamHandler(sys.stderr)
    logger = logging.getLogger("glove_rs")
    logger.addHandler(handler)
    try:
        Glove(**SMALL, progress=True).fit(DOCUMENTS)
    finally:
        logger.removeHandler(handler)
    lines = capsys.readouterr().err.splitlines()
    assert sum("epoch " in line for line in lines) == 4


# --- notebooks ------------------------------------------------------------------------------------


@pytest.fixture
def notebook(monkeypatch):
    """A stand-in for IPython in a Jupyter kernel without ipywidgets."""
    shell = types.SimpleNamespace(kernel=object())
    module = types.SimpleNamespace(get_ipython=lambda: shell)
    monkeypatch.setitem(sys.modules, "IPython", module)
    monkeypatch.setitem(sys.modules, "ipywidgets", None)
    return shell


@pytest.mark.parametrize("progress", [None, True])
def test_a_notebook_without_widgets_gets_bars_and_no_red_box(notebook, capsys, progress):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        Glove(**SMALL, progress=progress).fit(DOCUMENTS)
    shown = capsys.readouterr()
    assert "training: 100%" in shown.out
    assert shown.err == ""  # Jupyter shows standard error in a red box


def test_a_notebook_can_be_quiet(notebook, capsys):
    Glove(**SMALL, progress=False).fit(DOCUMENTS)
    assert capsys.readouterr() == ("", "")


def test_a_shell_of_ipython_is_no_notebook(notebook, capsys):
    del notebook.kernel
    Glove(**SMALL).fit(DOCUMENTS)
    assert capsys.readouterr() == ("", "")


# --- warnings -------------------------------------------------------------------------------------


def line_of(function) -> int:
    """The line to which all warnings of a function point: 1 is the line below its `def`."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        function()
    assert {warning.filename for warning in caught} == {__file__}
    (line,) = {warning.lineno - function.__code__.co_firstlineno for warning in caught}
    return line


def test_a_divergence_points_at_the_line_that_trains():
    X = np.full((30, 30), 5.0)
    model = Glove(
        3, learning_rate=8.0, bias_learning_rate=8.0, optimizer="sgd", grad_clip=1e9, epochs=5
    )

    def train():
        with contextlib.suppress(glove_rs.TrainingDiverged):
            model.fit_cooccurrence(X)

    assert line_of(train) == 2

    def train_on_text():
        with contextlib.suppress(glove_rs.TrainingDiverged):
            model.set_params(min_count=1).fit(DOCUMENTS)

    assert line_of(train_on_text) == 2


def test_words_with_spaces_are_told_before_the_training(tmp_path):
    documents = [["New York", "is", "a", "city"]] * 5

    def train():
        Glove(**SMALL).fit(documents)

    with pytest.warns(UserWarning, match=r"words with spaces, such as 'New York'.*vectors\.save"):
        train()
    assert line_of(train) == 1
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        Glove(**SMALL).fit([["New", "York"]])
        Glove(**SMALL).fit(["New York"])


def test_words_with_spaces_can_be_saved_as_the_warning_says(tmp_path):
    with pytest.warns(UserWarning, match="words with spaces"):
        model = Glove(**SMALL).fit([["New York", "is", "a", "city"]] * 5)
    model.save(tmp_path / "model")
    assert "New York" in Glove.load(tmp_path / "model").vectors
    model.vectors.save(tmp_path / "native")
    assert "New York" in WordVectors.load(tmp_path / "native")
    model.vectors.save_glove(tmp_path / "glove")
    assert "New York" in WordVectors.load(tmp_path / "glove")


# --- imports --------------------------------------------------------------------------------------


@pytest.mark.slow
def test_the_package_imports_its_parts_when_they_are_used():
    code = textwrap.dedent(
        """
        import sys
        import glove_rs
        assert not {"numpy", "tqdm", "glove_rs.glove"} & set(sys.modules)
        assert set(glove_rs.__all__) <= set(dir(glove_rs))
        for name in glove_rs.__all__:
            assert getattr(glove_rs, name) is getattr(glove_rs, name)
        assert glove_rs.vectors.WordVectors is glove_rs.WordVectors
        assert "tqdm" not in sys.modules
        """
    )
    subprocess.run([sys.executable, "-c", code], check=True)
    with pytest.raises(AttributeError, match="no attribute 'Glov'"):
        glove_rs.Glov  # noqa: B018


def test_the_version_is_printed_without_numpy():
    code = (
        "import sys\nfrom glove_rs.cli import main\ntry:\n    main(['--version'])\n"
        "except SystemExit:\n    print('numpy' in sys.modules)"
    )
    shown = subprocess.run([sys.executable, "-c", code], capture_output=True, check=True).stdout
    assert shown.split(b"\n")[1] == b"False"
