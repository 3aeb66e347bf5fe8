"""`window`, `min_count` and `seed` of a model: the numbers of its preset, unless they are given."""

from __future__ import annotations

import copy
import json
import pickle
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from glove_rs import Cooccurrence, Glove, Vocabulary, _settings
from program import done

NUMBERS = {
    "best": {"window": 15, "min_count": 5, "seed": 0},
    "paper": {"window": 15, "min_count": 5, "seed": 0},
    "stanford2024": {"window": 10, "min_count": 20, "seed": 2024},
}
TEXT = ["often rare", *["often seen words"] * 25, *["often " * 11 + "far"] * 20]

presets = st.sampled_from(sorted(NUMBERS))
# Values that are given by hand: those of all presets, and others.
by_hand = st.fixed_dictionaries(
    {},
    optional={
        "window": st.sampled_from([None, 1, 10, 15]),
        "min_count": st.sampled_from([1, 5, 20]),
        "seed": st.sampled_from([0, 7, 2024]),
        "dim": st.sampled_from([2, 10, 300]),
        "x_max": st.sampled_from([10.0, 20, 100]),
        "epochs": st.sampled_from([1, 7, 100]),
        "subwords": st.booleans(),
        "threads": st.sampled_from([None, 1]),
    },
)


def read(model: Glove) -> dict[str, Any]:
    """Read the numbers of a model in every way, and return them."""
    found = {name: getattr(model, name) for name in NUMBERS["best"]}
    assert found.items() <= model.get_params().items()
    assert found.items() <= vars(model).items()
    used = _settings.used(model.get_params())
    assert found.items() <= used.items()
    assert all(type(used[name]) in (int, type(None)) for name in found)
    return found


def clone(model: Glove) -> Glove:
    """Copy a model as scikit-learn's `clone` does."""
    parameters = copy.deepcopy(model.get_params())
    again = type(model)(**parameters)
    assert all(value is parameters[name] for name, value in again.get_params().items())
    return again


@pytest.mark.parametrize("preset", NUMBERS)
def test_a_model_shows_the_numbers_of_its_preset(preset: str) -> None:
    model = Glove(preset=preset)
    assert read(model) == NUMBERS[preset]
    assert eval(repr(model)).get_params() == model.get_params()


def test_the_text_of_a_model_has_the_numbers_that_differ_from_the_signature() -> None:
    assert repr(Glove()) == "Glove(dim=50)"
    assert repr(Glove(preset="stanford2024")) == (
        "Glove(dim=50, window=10, min_count=20, preset='stanford2024', seed=2024)"
    )
    given = Glove(preset="stanford2024", window=15, min_count=5, seed=0)
    assert repr(given) == "Glove(dim=50, window=15, min_count=5, preset='stanford2024', seed=0)"
    assert ">20</td>" in Glove(preset="stanford2024")._repr_html_()


@pytest.mark.slow
@given(presets, by_hand, st.lists(st.one_of(presets, by_hand), max_size=4), st.randoms())
def test_numbers_follow_every_new_preset_until_they_are_given(
    preset: str, given: dict[str, Any], changes: list[Any], random: Any
) -> None:
    model = Glove(preset=preset, **given)
    for change in [None, *changes]:
        if isinstance(change, str):
            preset = change
            if random.random() < 0.5:
                model.preset = preset
            else:
                model.set_params(preset=preset)
        elif change is not None:
            given = given | change
            # A parameter that is set together with the preset is given too.
            preset = random.choice(sorted(NUMBERS))
            pairs = [*change.items(), ("preset", preset)]
            random.shuffle(pairs)
            model.set_params(**dict(pairs))
        expected = NUMBERS[preset] | {k: v for k, v in given.items() if k in NUMBERS[preset]}
        assert read(model) == expected
        copies = (clone, copy.copy, copy.deepcopy, lambda model: pickle.loads(pickle.dumps(model)))
        model = random.choice(copies)(model)
        assert read(model) == expected


@pytest.mark.slow
@given(presets, by_hand)
def test_json_keeps_the_meaning_of_parameters(preset: str, given: dict[str, Any]) -> None:
    model = Glove(preset=preset, **given)
    again = Glove(**json.loads(json.dumps(model.get_params())))
    assert _settings.used(again.get_params()) == _settings.used(model.get_params())
    assert repr(again) == repr(model)
    assert _settings.used(eval(repr(model)).get_params()) == _settings.used(model.get_params())


def test_the_parameters_of_a_model_with_another_preset_follow_this_preset() -> None:
    for old, new in (("best", "stanford2024"), ("stanford2024", "paper")):
        parameters = Glove(preset=old).get_params() | {"preset": new}
        assert read(Glove(**parameters)) == NUMBERS[new]
        assert read(Glove(dim=3).set_params(**parameters)) == NUMBERS[new]
    mixed = Glove(preset="stanford2024", window=15).get_params()
    assert read(Glove(**mixed | {"preset": "best"})) == NUMBERS["best"]
    assert read(Glove(**mixed)) == NUMBERS["stanford2024"] | {"window": 15}


def test_a_number_that_is_read_from_a_model_is_given_by_hand_to_another() -> None:
    other = Glove(preset="stanford2024")
    window = other.window
    models = [
        Glove(window=window),
        Glove(window=window, preset="stanford2024").set_params(preset="best"),
        Glove().set_params(window=window),
        Glove(),
        Glove(window, window=window, epochs=other.min_count),
    ]
    models[3].window = window
    for model in models:
        assert read(clone(model)) == NUMBERS["best"] | {"window": 10}
        assert read(model.set_params(preset="paper")) == NUMBERS["paper"] | {"window": 10}
    assert (models[4].dim, models[4].epochs) == (10, 20)
    counts = Cooccurrence.from_corpus(TEXT, window=window, min_count=other.min_count)
    expected = Cooccurrence.from_corpus(TEXT, window=10, min_count=20)
    assert (counts.nnz, counts.total) == (expected.nnz, expected.total)
    assert counts.total != Cooccurrence.from_corpus(TEXT, min_count=20).total
    assert len(Vocabulary.from_corpus(TEXT, min_count=other.min_count)) == 4


@pytest.mark.parametrize("preset", NUMBERS)
def test_all_numbers_that_are_read_from_a_model_are_given_by_hand_to_another(preset: str) -> None:
    other = Glove(preset="stanford2024")
    numbers = {name: getattr(other, name) for name in NUMBERS[preset]}
    models = [
        Glove(**numbers, preset=preset),
        Glove(**numbers).set_params(preset=preset),
        Glove().set_params(**numbers, preset=preset),
        Glove(preset=preset).set_params(**numbers),
    ]
    for model in models:
        assert read(clone(model)) == NUMBERS["stanford2024"]
        assert read(model.set_params(preset="best")) == NUMBERS["stanford2024"]


def test_a_preset_that_does_not_exist_changes_no_number() -> None:
    model = Glove(preset="stanford2024")
    for wrong in ("typo", None, ["best"], 3):
        model.preset = wrong
        assert (model.window, model.min_count, model.seed) == (10, 20, 2024)
        clone(model)
    model.preset = "best"
    assert read(model) == NUMBERS["best"]
    model = Glove(preset="typo")
    assert model.window == 15
    model.preset = "stanford2024"
    assert read(model) == NUMBERS["stanford2024"]


def test_a_fitted_model_counts_other_texts_with_the_numbers_of_its_preset(tmp_path: Any) -> None:
    model = Glove(4, preset="stanford2024", epochs=2, threads=1).fit(TEXT)
    model.save(tmp_path / "model")
    loaded = Glove.load(tmp_path / "model")
    assert read(loaded) == NUMBERS["stanford2024"]
    text = ["far " + "seen " * 11 + "words often"] * 3
    assert model.score(text) == loaded.score(text)
    by_hand = pickle.loads(pickle.dumps(model)).set_params(window=15)
    assert by_hand.score(text) != model.score(text)
    assert model.infer_vector(text, "far").tobytes() == loaded.infer_vector(text, "far").tobytes()


def test_a_checkpoint_has_the_numbers_of_the_preset(tmp_path: Any) -> None:
    settings: dict[str, Any] = {"preset": "stanford2024", "threads": 1, "deterministic": True}
    whole = Glove(4, **settings, epochs=3).fit(TEXT)

    def stop(state: Any) -> bool:
        return bool(state.epoch == 2)

    Glove(4, **settings, epochs=3).fit(TEXT, checkpoint_dir=tmp_path, callbacks=[stop])
    for model in (
        Glove(4, **settings, **NUMBERS["stanford2024"], epochs=3),
        Glove(4, **settings, epochs=3),
    ):
        again = model.fit(TEXT, checkpoint_dir=tmp_path, resume=True)
        assert again.W.tobytes() == whole.W.tobytes()
    resumed = Glove.resume(tmp_path)
    assert read(resumed) == NUMBERS["stanford2024"]
    with pytest.raises(ValueError, match=r"^window=15 differs"):
        Glove(4, **settings, window=15).fit(TEXT, checkpoint_dir=tmp_path, resume=True)


def test_parameters_from_stanford_s_files_follow_the_preset(tmp_path: Any) -> None:
    model = Glove(4, min_count=1, epochs=1, threads=1).fit(TEXT)
    model.save_stanford(tmp_path / "vectors", text=False)
    loaded = Glove.load_stanford(tmp_path / "vectors.bin", model.vocabulary, preset="stanford2024")
    assert read(loaded) == NUMBERS["stanford2024"]
    loaded.preset = "paper"
    assert read(loaded) == NUMBERS["paper"]


@pytest.mark.slow
def test_the_command_line_shows_the_numbers_of_the_preset(tmp_path: Any) -> None:
    corpus, out = tmp_path / "corpus.txt", tmp_path / "model"
    corpus.write_text("\n".join(TEXT))
    command = ["fit", str(corpus), "--out", str(out), "--preset", "stanford2024", "--dim", "4"]
    done(*command, "--epochs", "1", "--min-count", "5")
    expected = NUMBERS["stanford2024"] | {"min_count": 5}
    settings = json.loads((out / "settings.json").read_text())["settings"]
    assert {name: settings[name] for name in expected} == expected
    assert read(Glove.load(out)) == expected


@pytest.mark.slow
def test_a_model_of_a_cluster_follows_its_preset() -> None:
    pytest.importorskip("distributed", reason="distributed is not installed")
    from glove_rs.dask import DaskGlove

    model = DaskGlove(preset="stanford2024", partitions=2)
    assert read(model) == NUMBERS["stanford2024"]
    assert "window=10" in repr(model)
    again = clone(model).set_params(preset="best")
    assert read(again) == NUMBERS["best"]
    assert read(DaskGlove(**Glove(preset="stanford2024").get_params())) == NUMBERS["stanford2024"]
    assert read(pickle.loads(pickle.dumps(model)).set_params(preset="paper")) == NUMBERS["paper"]


def test_a_constructor_may_run_again_with_another_preset():
    model = Glove()
    model.__init__(preset="stanford2024")
    assert (model.window, model.min_count) == (10, 20)
    model.preset = "best"
    assert (model.window, model.min_count) == (15, 5)
