"""``glove-rs info --bug-report`` has what a report needs, but no paths or words of the user."""

from __future__ import annotations

import platform

import numpy as np

import glove_rs
from glove_rs import Glove
from program import answer, done, reason


def test_it_prints_versions_and_the_processor_level_without_a_file() -> None:
    [report] = answer("info", "--bug-report")
    assert report["glove_rs"] == glove_rs.__version__
    assert report["python"].endswith(platform.python_version())
    assert report["simd"] == glove_rs.simd_level()
    assert report["libraries"]["numpy"] == np.__version__
    assert report["gil"] in ("on", "off")
    shown = done("info", "--bug-report").decode()
    assert f"simd         {glove_rs.simd_level()}" in shown
    assert f"numpy = {np.__version__}" in shown


def test_it_has_the_settings_of_a_model_but_no_path_and_no_word(tmp_path) -> None:
    private = tmp_path / "private"
    private.mkdir()
    text = ["classified secrets", "secrets classified"] * 5
    model = Glove(4, min_count=1, epochs=1, tmp_dir=private).fit(text, checkpoint_dir=private / "c")
    model.save(private / "model")
    [_, report] = answer("info", "--bug-report", private / "model")
    assert report["what"] == "a model of glove-rs"
    assert report["settings"]["epochs"] == 1
    assert report["settings"]["tmp_dir"] == "(not shown)"
    assert report["words"] == 2
    everything = done("info", "--bug-report", private / "model").decode()
    for mine in ("private", "secrets", str(tmp_path)):
        assert mine not in everything


def test_it_works_where_the_processor_level_is_refused(monkeypatch) -> None:
    monkeypatch.setenv("GLOVE_RS_SIMD", "abacus")
    [report] = answer("info", "--bug-report")
    assert report["simd"].startswith("none: ")
    assert "abacus" in report["simd"]


def test_info_without_a_file_names_what_is_missing() -> None:
    assert "the following arguments are required: FILE" in reason(2, "info")
