"""``Glove`` among scikit-learn's estimators: pipelines, searches, and the checks that apply."""

from __future__ import annotations

import math
import warnings

import numpy as np
import pytest

from glove_rs import Cooccurrence, Glove, NotFittedError
from libraries import later

clone = later("sklearn.base", "clone")
GridSearchCV = later("sklearn.model_selection", "GridSearchCV")
KFold = later("sklearn.model_selection", "KFold")
cross_val_score = later("sklearn.model_selection", "cross_val_score")
Pipeline = later("sklearn.pipeline", "Pipeline")
make_pipeline = later("sklearn.pipeline", "make_pipeline")
FunctionTransformer = later("sklearn.preprocessing", "FunctionTransformer")
estimator_checks = later("sklearn.utils.estimator_checks")
get_tags = later("sklearn.utils", "get_tags")
check_is_fitted = later("sklearn.utils.validation", "check_is_fitted")
exceptions = later("sklearn.exceptions")


@pytest.fixture(scope="module", autouse=True)
def with_tags():
    pytest.importorskip("sklearn", minversion="1.6", reason="scikit-learn is too old")


SMALL = {"dim": 4, "min_count": 1, "window": 3, "epochs": 3, "threads": 1, "deterministic": True}
DOCUMENTS = [
    "ice is cold and solid",
    "steam is hot and a gas",
    "water is neither ice nor steam",
    "the cold ice becomes water",
    "the hot water becomes steam",
    "a solid is no gas",
] * 5


def test_a_pipeline_of_one_step_is_the_model():
    pipeline = make_pipeline(Glove(**SMALL)).fit(DOCUMENTS)
    expected = Glove(**SMALL).fit(DOCUMENTS)
    np.testing.assert_array_equal(pipeline[-1].W, expected.W)
    check_is_fitted(pipeline)


def test_a_pipeline_may_prepare_the_text():
    upper = FunctionTransformer(lambda documents: [text.upper() for text in documents])
    pipeline = Pipeline([("upper", upper), ("glove", Glove(**SMALL))])
    pipeline.set_params(glove__dim=6).fit(DOCUMENTS, y=[0] * len(DOCUMENTS))
    model = pipeline.named_steps["glove"]
    assert "ICE" in model.vectors
    assert model.W.shape[1] == 6
    assert pipeline.score(DOCUMENTS) == model.score([text.upper() for text in DOCUMENTS])


def test_y_is_ignored():
    with_y = Glove(**SMALL).fit(DOCUMENTS, [1] * len(DOCUMENTS))
    np.testing.assert_array_equal(with_y.W, Glove(**SMALL).fit(DOCUMENTS, y=None).W)
    assert with_y.score(DOCUMENTS, [1] * len(DOCUMENTS)) == with_y.score(DOCUMENTS)


def test_a_clone_has_the_parameters_and_is_not_fitted():
    model = Glove(**SMALL, tokenizer=str.split).fit(DOCUMENTS)
    copy = clone(model)
    assert copy.get_params() == model.get_params()
    with pytest.raises(NotFittedError):
        copy.score(DOCUMENTS)
    with pytest.raises(exceptions.NotFittedError):
        check_is_fitted(copy)
    check_is_fitted(model)


@pytest.mark.parametrize("preset", ["best", "paper", "stanford2024"])
@pytest.mark.parametrize("given", [{}, {"window": 15}, {"min_count": 20, "seed": 0}])
def test_a_clone_has_the_numbers_of_its_preset(preset, given):
    model = clone(Glove(preset=preset, **given))
    assert model.get_params() == Glove(preset=preset, **given).get_params()
    model = clone(model.set_params(preset="stanford2024"))
    numbers = {"window": 10, "min_count": 20, "seed": 2024} | given
    assert {name: getattr(model, name) for name in numbers} == numbers


@pytest.mark.slow
def test_a_search_over_presets_uses_their_numbers():
    windows = []

    def score(model, documents):
        windows.append(model.settings_["window"])
        return 0.0

    grid = {"preset": ["best", "stanford2024"]}
    model = Glove(4, epochs=1, threads=1, subwords=False)
    GridSearchCV(model, grid, scoring=score, cv=2, refit=False).fit(["often seen words"] * 60)
    assert windows == [15, 15, 10, 10]


@pytest.mark.slow
def test_a_grid_search_finds_the_model_that_explains_held_out_text_best():
    grid = {"dim": [2, 4], "learning_rate": [0.001, 0.2]}
    search = GridSearchCV(Glove(**{**SMALL, "epochs": 10}), grid, cv=KFold(3)).fit(DOCUMENTS)
    assert search.best_params_["learning_rate"] == 0.2
    scores = search.cv_results_["mean_test_score"]
    assert len(scores) == 4
    assert np.isfinite(scores).all()
    assert search.best_score_ == scores.max() < 0
    assert "ice" in search.best_estimator_.vectors
    own = GridSearchCV(Glove(**SMALL), {"dim": [2, 3]}, scoring=lambda model, X: model.dim, cv=2)
    assert own.fit(DOCUMENTS).best_params_ == {"dim": 3}
    assert len(cross_val_score(Glove(**SMALL), DOCUMENTS, cv=2)) == 2


def test_the_score_is_minus_the_loss_of_the_text():
    model = Glove(**SMALL).fit(DOCUMENTS)
    text = ["ice is a cold solid", "unknown words", "hot steam"]
    X = Cooccurrence.from_corpus(text, model.vocabulary, window=3).to_scipy().tocoo()
    cost = 0.0
    for i, j, x in zip(X.row, X.col, X.data, strict=True):
        diff = float(model.W[i] @ model.W_tilde[j] + model.b[i] + model.b_tilde[j]) - math.log(x)
        cost += 0.5 * min(1, (x / model.settings_["x_max"]) ** model.settings_["alpha"]) * diff**2
    assert X.nnz > 5
    assert model.score(text) == pytest.approx(-cost / X.nnz, rel=1e-6)
    longer = Glove(**{**SMALL, "epochs": 200}).fit(DOCUMENTS)
    assert model.score(DOCUMENTS) < longer.score(DOCUMENTS) < 0
    with pytest.raises(ValueError, match="source must hold words"):
        model.score(["unknown words"])


def test_tags_say_that_it_takes_text_and_no_y():
    tags = get_tags(Glove())
    assert tags.input_tags.string
    assert not tags.input_tags.two_d_array
    assert not tags.target_tags.required
    assert tags.requires_fit
    assert tags.non_deterministic
    assert not get_tags(Glove(deterministic=True)).non_deterministic


@pytest.mark.slow
def test_a_notebook_can_show_a_pipeline():
    assert "Glove" in make_pipeline(Glove())._repr_html_()


#: The checks of scikit-learn that do not call fit with arrays of numbers.
CHECKS = [
    "check_estimator_cloneable",
    "check_estimator_tags_renamed",
    "check_valid_tag_types",
    "check_estimator_repr",
    "check_no_attributes_set_in_init",
    "check_do_not_raise_errors_in_init_or_set_params",
    "check_parameters_default_constructible",
    "check_get_params_invariance",
    "check_set_params",
    "check_mixin_order",
    "check_estimators_unfitted",
]


@pytest.mark.parametrize("settings", [SMALL, {"preset": "stanford2024"}], ids=["best", "stanford"])
@pytest.mark.parametrize("name", CHECKS)
def test_an_estimator_check_passes(name, settings):
    check = getattr(estimator_checks, name, None)
    if check is None:
        pytest.skip(f"this scikit-learn has no {name}")
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        # Glove does not inherit from BaseEstimator, because scikit-learn is optional.
        warnings.filterwarnings("ignore", message=".*does not inherit from.*BaseEstimator")
        check("Glove", Glove(**settings))


def test_fitting_changes_no_parameter_and_sets_no_public_attribute():
    # Like check_dont_overwrite_parameters and check_estimators_overwrite_params, but with text.
    model = Glove(**SMALL)
    before, attributes = model.get_params(), set(vars(model))
    assert model.fit(DOCUMENTS) is model
    assert model.get_params() == before
    assert {name for name in set(vars(model)) - attributes if not name.startswith("_")} == set()


def test_fitting_twice_gives_the_same():
    # Like check_fit_idempotent, but with text.
    model = Glove(**SMALL).fit(DOCUMENTS)
    first = model.W.copy()
    np.testing.assert_array_equal(model.fit(DOCUMENTS).W, first)
