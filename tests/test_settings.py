"""Tests of the table of settings, which has all names, ranges, defaults, presets and options."""

from __future__ import annotations

import ast
import inspect
import json
import re
import tempfile
import warnings
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from glove_rs import (
    Cooccurrence,
    Glove,
    Phrases,
    TrainingDiverged,
    Vocabulary,
    _core,
    _settings,
    kwic,
)
from glove_rs.cli import main, parser

TEXT = ["an apple a day keeps the doctor away", "a doctor eats an apple a day"] * 5
RUN = {"dim": 4, "min_count": 1, "threads": 1, "deterministic": True}


def signature(function):
    parameters = inspect.signature(function).parameters
    return {name: p.default for name, p in parameters.items() if name not in ("self", "cls")}


def test_the_constructor_has_the_parameters_and_defaults_of_the_table():
    expected = {name: _settings.SETTINGS[name].default for name in _settings.CONSTRUCTOR}
    assert signature(Glove.__init__) == expected


def test_fit_has_the_parameters_and_defaults_of_the_table():
    found = signature(Glove.fit)
    for name in _settings.names("fitting"):
        assert found[name] == _settings.SETTINGS[name].default


#: The parameters of the model and of a call of `fit` that are numbers. The core does not get
#: `max_seconds`, but the seconds that are left when its work begins.
NUMBERS = [
    name
    for name in _settings.names("training", "fitting")
    if hasattr(_settings.SETTINGS[name].type, "least") and name != "max_seconds"
]


@st.composite
def numbers_for(draw, name):
    """Return a number that may be in the range of a parameter or not, often next to a bound.

    Floats are bounds, their neighbours (not those of 0), special ones and 32-bit floats, because
    the core converts some parameters to 32 bits. An integer has at most 63 bits, because the table
    accepts no other.
    """
    kind = _settings.SETTINGS[name].type
    bounds = [bound for bound in (kind.least, kind.most) if bound is not None]
    if isinstance(kind.least, int):
        near = [bound + by for bound in bounds for by in (-1, 0, 1)]
        return draw(st.sampled_from([n for n in near if n < 2**63]) | st.integers(-5, 60))
    beside = [np.nextafter(bound, to) for bound in bounds if bound for to in (-np.inf, np.inf)]
    special = [0.0, -0.0, -1.0, np.nan, np.inf, -np.inf, 1e-45, 3e38]
    return draw(st.sampled_from([*bounds, *map(float, beside), *special]) | st.floats(width=32))


def ask_the_core(name, value):
    """Raise an error if the core refuses the value of a parameter."""
    training = _settings.core_training({"epochs": 1, "subwords": False, "preset": "best"})
    if name in training:
        _core.check_training({**training, name: value})
        return
    fitting = dict.fromkeys(
        ["validation", "early_stopping", "seconds_left", "callback", "checkpoint", "init"]
    )
    fitting |= {"keep_counts": False, "store_result": None}
    dim = 2
    with tempfile.TemporaryDirectory() as folder:
        if name == "dim":
            dim = value
        elif name == "anchor":
            words, vectors = np.zeros(1, dtype=np.uint32), np.ones((1, 2), dtype=np.float32)
            fitting["init"] = {"words": words, "vectors": vectors, "anchor": value}
        elif name == "checkpoint_every":
            path = f"{folder}/state"
            fitting["checkpoint"] = {"path": path, "counts": None, "every": value, "settings": ""}
        else:
            fitting[name] = value
        if name == "early_stopping":
            fitting["validation"] = 0.5
        counts = Cooccurrence.from_scipy(np.ones((8, 8)))._core
        running = _settings.core_running({"threads": 1})
        _core.train(counts, dim, training, running, None, False, None, fitting)


def accepts(check, name, value):
    """Return whether a check accepts the value of a parameter."""
    message = None
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # a training with a large anchor diverges
        try:
            check(name, value)
        except TrainingDiverged:
            return True
        except (TypeError, OverflowError, ValueError) as error:
            message = str(error)
    # A `validation` in its range is accepted, even if it holds out all or none of the 36 pairs.
    if message is None or (name == "validation" and " leaves " in message):
        return True
    # The binding refuses a negative number for an unsigned integer before the core sees it.
    wrong_type = isinstance(value, int) and value < 0
    assert re.match(f"{name} must be ", message) or wrong_type
    return False


@pytest.mark.slow
@pytest.mark.parametrize("name", NUMBERS)
@given(data=st.data())
def test_the_core_has_the_ranges_of_the_table(name, data):
    value = data.draw(numbers_for(name))
    assert accepts(ask_the_core, name, value) == accepts(
        lambda name, value: _settings.SETTINGS[name].type.check(name, value), name, value
    )


def test_numbers_that_32_bits_cannot_hold_are_refused_by_name():
    for name in ("learning_rate", "bias_learning_rate", "grad_clip", "negative_weight"):
        for value in (1e-50, 1e39):
            with pytest.raises(ValueError, match=f"{name} must be a finite 32-bit float > 0, got"):
                _settings.core_training({name: value})


@pytest.mark.parametrize(
    ("function", "groups", "without"),
    [
        (Vocabulary.from_corpus, ("reading", "encoding", "running"), {"keep_gaps"}),
        (Cooccurrence.from_corpus, ("reading", "encoding", "counting", "running"), set()),
        (
            Cooccurrence.estimate,
            ("reading", "encoding", "counting", "running"),
            {"tmp_dir", "progress"},
        ),
    ],
)
def test_functions_that_read_a_text_show_the_settings_they_accept(function, groups, without):
    found = signature(function)
    for name in _settings.names(*groups):
        if name in without:
            assert name not in found
        else:
            assert found[name] == _settings.SETTINGS[name].default
    with pytest.raises(TypeError, match="unexpected keyword argument 'colour'"):
        function(TEXT, colour="red")


@pytest.mark.parametrize(
    ("function", "declared"),
    [
        (Vocabulary.from_corpus, _settings.VocabularySettings),
        (Cooccurrence.from_corpus, _settings.CooccurrenceSettings),
        (Cooccurrence.estimate, _settings.EstimateSettings),
        (Phrases.learn, _settings.PhraseSettings),
        (kwic.contexts, _settings.KeywordSettings),
    ],
)
def test_type_checkers_see_the_settings_that_a_function_accepts(function, declared):
    named = inspect.signature(inspect.unwrap(function)).parameters
    assert f"Unpack[{declared.__name__}]" in str(named["settings"].annotation)
    assert declared.__optional_keys__ == set(signature(function)) - set(named)
    assert not declared.__required_keys__


def test_the_parameters_of_encoding_are_those_of_its_groups():
    vocabulary = _settings.names("tokenizing", "limits", "lists", "choosing")
    assert _settings.names("vocabulary") == vocabulary
    assert set(_settings.names("encoding")) == {*vocabulary, *_settings.names("gaps")}
    grouped = _settings.names("source", "reading", "encoding", "counting", "training", "fitting")
    assert {*grouped, *_settings.names("running")} == set(_settings.SETTINGS)


def named(path: Path) -> set[str]:
    """The names, attributes, keywords and strings of a module, without comments and docstrings."""
    nodes = list(ast.walk(ast.parse(path.read_text())))
    words = {node.id for node in nodes if isinstance(node, ast.Name)}
    words |= {node.attr for node in nodes if isinstance(node, ast.Attribute)}
    words |= {node.arg for node in nodes if isinstance(node, ast.arg | ast.keyword) and node.arg}
    constants = {node.value for node in nodes if isinstance(node, ast.Constant)}
    return words | {value for value in constants if isinstance(value, str)}


@pytest.mark.slow
def test_a_parameter_of_the_core_is_named_where_it_is_declared_only():
    package = Path(_settings.__file__).parents[1]
    modules = {str(path.relative_to(package)): named(path) for path in package.rglob("*.py")}
    assert len(modules) > 50
    for name, others in {
        "keep_gaps": set(),
        "max_word_bytes": set(),
        "user_dictionary": {
            "_user_dictionary.py",
            "_settings/saving.py",
            "_settings/core_arguments.py",
        },
        "simplified_lookup": {"_user_dictionary.py"},
    }.items():
        found = {module for module, words in modules.items() if name in words}
        assert found == {"_settings/table.py", "_settings/keywords.py", "glove.py", *others}, name


def test_the_docstrings_explain_every_setting():
    documented = inspect.getdoc(Glove) + inspect.getdoc(Glove.fit)
    entries = re.findall(r"^([\w, ]+) : ", documented, re.M)
    names = {name.strip() for entry in entries for name in entry.split(",")}
    assert names >= set(_settings.SETTINGS)


def test_fit_has_an_option_for_every_setting(capsys):
    with pytest.raises(SystemExit):
        parser().parse_args(["fit", "--help"])
    text = capsys.readouterr().out
    # The command line saves counts to a file (save_counts) instead of keeping them.
    for name in _settings.SETTINGS.keys() - {"keep_counts"} | {"save_counts"}:
        assert f"--{name.replace('_', '-')}" in text


@pytest.mark.parametrize("preset", ["best", "paper", "stanford2024"])
def test_every_value_of_a_preset_is_in_its_range(preset):
    for dim in (1, 50, 300):
        resolved = _settings.resolve({"preset": preset, "dim": dim})
        assert all(value is not None for value in resolved.values())
        assert resolved["preset"] == preset


@pytest.mark.parametrize(
    "by_hand",
    [
        {"x_max": 7.0},
        {"alpha": 0.5},
        {"learning_rate": 0.1},
        {"optimizer": "sgd"},
        {"epochs": 2},
        {"negative": 0.0},
        {"grad_clip": 50.0},
    ],
)
@pytest.mark.parametrize("preset", ["best", "paper", "stanford2024"])
def test_a_parameter_given_by_hand_changes_itself_alone(preset, by_hand):
    with_it = _settings.resolve({"preset": preset, **by_hand})
    assert with_it == _settings.resolve({"preset": preset}) | by_hand


def test_the_help_of_the_presets_has_every_number_in_which_stanford2024_differs_from_paper():
    paper, stanford = (_settings.PRESETS[name] for name in ("paper", "stanford2024"))
    text = _settings.SETTINGS["preset"].help
    for name, value in stanford.items():
        if value != paper.get(name):
            assert re.search(rf"\b({name} {value:g}|{value:g} {name})\b", text), name
    assert "{" not in text


def test_the_preset_s_own_value_changes_nothing():
    assert Glove(**RUN, epochs=2).fit(TEXT).W.tobytes() == (
        Glove(**RUN, epochs=2, x_max=20).fit(TEXT).W.tobytes()
    )


def test_the_settings_that_were_used_are_in_the_model_its_file_and_its_folder(tmp_path, capsys):
    model = Glove(**RUN, epochs=2, x_max=3).fit(TEXT, validation=0.3)
    used = model.settings_
    assert used["x_max"] == 3.0
    assert used["learning_rate"] == 0.25
    assert used["schedule"] == "cosine"
    assert used["window"] == 15
    assert used["validation"] == 0.3
    assert set(_settings.CONSTRUCTOR) - {"progress"} <= used.keys()
    model.set_params(x_max=99)
    assert model.settings_["x_max"] == 3.0
    model.set_params(x_max=3)
    model.save(tmp_path / "model")
    assert Glove.load(tmp_path / "model").settings_ == used

    corpus = tmp_path / "corpus.txt"
    corpus.write_text("\n".join(TEXT))
    folder = str(tmp_path / "folder")
    command = ["fit", str(corpus), "--out", folder, "--dim", "4", "--min-count", "1"]
    assert main([*command, "--x-max", "3", "--epochs", "2", "--json"]) == 0
    printed = json.loads(capsys.readouterr().out)["settings"]
    saved = json.loads((tmp_path / "folder" / "settings.json").read_text())["settings"]
    assert main(["info", folder, "--json"]) == 0
    [told] = json.loads(capsys.readouterr().out)
    told = told["settings"]
    for settings in (printed, saved, told):
        assert settings["x_max"] == 3.0
        assert settings["learning_rate"] == 0.25
        assert settings["preset"] == "best"


@pytest.mark.parametrize(
    ("saved", "meant"),
    [
        ({"preset": None}, "best"),
        ({"preset": None, "x_max": 10}, "paper"),
        ({"preset": None, "learning_rate": 0.1}, "paper"),
        ({"preset": None, "alpha": 0.5}, "paper"),
        ({"preset": None, "optimizer": "sgd"}, "paper"),
        ({"preset": "best", "x_max": 10}, "best"),
    ],
)
def test_a_model_of_an_older_version_keeps_its_meaning(tmp_path, saved, meant):
    older = {"alpha": 0.75, "optimizer": "adagrad", **saved}
    assert _settings.of_older_version(older)["preset"] == meant

    # The same check with a model file of an older version: without used settings and data loss.
    model = Glove(**RUN, epochs=2).fit(TEXT)
    model.save(tmp_path / "new")
    with np.load(tmp_path / "new") as archive:
        members = dict(archive)
    header = json.loads(members["header"].tobytes())
    del header["used"], header["settings"]["max_word_bytes"]
    header["settings"] |= older
    members["header"] = np.frombuffer(json.dumps(header).encode(), np.uint8)
    members["history"] = members["history"][:, :4]
    with (tmp_path / "old").open("wb") as file:
        np.savez(file, **members)
    loaded = Glove.load(tmp_path / "old")
    assert loaded.preset == meant
    assert loaded.history == model.history == loaded.history.data_loss
    assert loaded.settings_["epochs"] == 2
    assert loaded.settings_["grad_clip"] == {"best": 3.0, "paper": 100.0}[meant]


def test_a_parameter_that_is_new_does_not_refuse_older_checkpoints(tmp_path, monkeypatch):
    text = tmp_path / "text"
    text.write_text("\n".join(TEXT))
    settings = {**RUN, "epochs": 3, "schedule": "constant"}

    def stop(state):
        return state.epoch == 2

    with monkeypatch.context() as older:
        rows = {k: v for k, v in _settings.SETTINGS.items() if k != "max_word_bytes"}
        original = Glove.get_params
        older.setattr(
            Glove,
            "get_params",
            lambda self, deep=True: {k: v for k, v in original(self).items() if k in rows},
        )
        Glove(**settings).fit(text, checkpoint_dir=tmp_path / "run", callbacks=[stop])
    resumed = Glove(**settings).fit(text, checkpoint_dir=tmp_path / "run", resume=True)
    assert len(resumed.history) == 3
    assert Glove.resume(tmp_path / "run").max_word_bytes == 2**20
