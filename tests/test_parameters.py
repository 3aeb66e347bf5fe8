"""Parameters take values of every kind, or raise an error that names the parameter."""

from __future__ import annotations

import decimal
import enum
import fractions
import inspect
import pathlib
import re
import warnings
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest

from glove_rs import Cooccurrence, Glove, Vocabulary, WordVectors, evaluation


class Name(enum.StrEnum):
    BEST = "best"


class Number(enum.IntEnum):
    TWO = 2


class Text(str):
    pass


class Hidden:
    """A value whose repr raises an exception."""

    def __repr__(self) -> str:
        raise RuntimeError("no repr")


VALUES: list[Any] = [
    *(decimal.Decimal(text) for text in ("2", "1.5", "NaN", "sNaN", "Infinity")),
    *(fractions.Fraction(1, 2), np.int64(2), np.float32(0.5), np.float64("nan"), np.bool_(True)),
    *(np.array(2), np.array([2]), np.array([1.5]), np.array(["a"]), np.array("best")),
    *(np.array([]), np.array([1, 2]), np.str_("best"), np.datetime64("2020-01-01")),
    *(np.complex128(1j), 1j, True, False, b"x", b"\xff", pathlib.Path("no such"), Text("best")),
    *(enum.Enum("Other", "A").A, Name.BEST, Number.TWO),  # type: ignore[attr-defined]
    *(10**400, -(10**400), 10**5000, 2**63, 2**64, -1, 0, float("nan"), float("inf"), 1e308),
    *("", "a\0b", "\udcff", "x" * 5000, [], [1], (), {}, None, object(), Hidden(), ..., range(2)),
]
QUICK: dict[str, Any] = {"min_count": 1, "progress": False, "threads": 1}
# Parameters for documents, vectors or functions: they have no range of values.
DATA = {"self", "source", "X", "tokenizer", "progress", "callbacks", "contexts", "options"}


@pytest.fixture(scope="module")
def folder(tmp_path_factory) -> pathlib.Path:
    path = tmp_path_factory.mktemp("parameters")
    (path / "corpus").write_text("a b c d\n" * 20)
    (path / "questions").write_text(": x\na b c d\n")
    (path / "pairs").write_text("a b 3\na c 1\n")
    (path / "sets").mkdir()
    (path / "sets" / "categories").write_text("a x\nb x\nc y\n")
    model = Glove(2, epochs=1, **QUICK).fit(path / "corpus")
    model.save(path / "model")
    model.save_word2vec(path / "vectors")
    Cooccurrence.from_corpus(path / "corpus", **QUICK).save(path / "counts")
    return path


def calls(folder: pathlib.Path) -> Iterator[tuple[str, Callable[..., Any], dict[str, Any]]]:
    """Names of public functions to test, the functions, and the arguments to call them with."""
    text = folder / "corpus"
    wv = WordVectors(["a", "b", "c", "d"], np.eye(4))

    def fit(**parameters: Any) -> None:
        Glove(**{"dim": 2, "epochs": 1, **QUICK, **parameters}).fit(text)

    fit.__signature__ = inspect.signature(Glove.__init__)  # type: ignore[attr-defined]
    yield "Glove", fit, {}
    yield "fit", Glove(2, epochs=1, **QUICK).fit, {"source": text}
    yield "Vocabulary.from_corpus", Vocabulary.from_corpus, {"source": text, "progress": False}
    yield "Cooccurrence.from_corpus", Cooccurrence.from_corpus, {"source": text, "progress": False}
    yield "Cooccurrence.load", Cooccurrence.load, {"path": folder / "counts", "progress": False}
    yield "WordVectors.load", WordVectors.load, {"path": folder / "vectors", "progress": False}
    yield "Vocabulary", Vocabulary, {"words": ["a"], "counts": [1]}
    yield "Glove.load", Glove.load, {}
    yield "Vocabulary.load", Vocabulary.load, {}
    yield "most_similar", wv.most_similar, {"positive": "a", "negative": None}
    yield "most_similar_cosmul", wv.most_similar_cosmul, {"positive": "a", "negative": None}
    yield "most_similar_batch", wv.most_similar_batch, {"words": ["a"]}
    yield "analogies", evaluation.analogies, {"wv": wv, "path": folder / "questions"}
    yield "similarity", evaluation.similarity, {"wv": wv, "path": folder / "pairs"}
    yield "categories", evaluation.categories, {"wv": wv, "path": folder / "sets" / "categories"}
    yield "panel", evaluation.panel, {"wv": wv, "folder": folder / "sets", "n": 10}
    yield "evaluate", wv.evaluate, {"path": folder / "pairs"}


@pytest.mark.slow
def test_any_value_is_taken_or_refused_by_the_parameters_name(folder, monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    tried = 0
    for call, function, given in calls(folder):
        names = [name for name in inspect.signature(function).parameters if name not in DATA]
        for name in names:
            if name in {"wv", "positive", "negative", "init"} or (
                name == "words" and "counts" not in given
            ):
                continue
            for value in VALUES:
                tried += 1
                case = f"{call}({name}={type(value).__name__})"
                try:
                    with warnings.catch_warnings():
                        warnings.simplefilter("ignore")
                        function(**{**given, name: value})
                except (OSError, KeyError, ArithmeticError):
                    pass  # the file does not exist, or the training diverged
                except (ValueError, TypeError) as error:
                    named = re.search(rf"\b{name}\b", str(error))
                    if not named and not isinstance(error, UnicodeEncodeError):
                        raise AssertionError(case) from error
                except BaseException as error:
                    raise AssertionError(case) from error
    assert tried > 2000


@pytest.mark.parametrize(
    "two",
    [2, np.int8(2), np.uint64(2), np.array(2), Number.TWO],
    ids=lambda two: type(two).__name__,
)
def test_integers_of_every_kind_are_taken(two):
    assert Glove(two, epochs=two, window=two, **QUICK).fit(["a b c"] * 3).W.shape == (3, 2)


@pytest.mark.parametrize(
    "half",
    [0.5, np.float16(0.5), np.array(0.5), decimal.Decimal("0.5"), fractions.Fraction(1, 2)],
    ids=lambda half: type(half).__name__,
)
def test_real_numbers_of_every_kind_are_taken_and_saved(half, tmp_path):
    model = Glove(2, epochs=1, alpha=half, x_max=half, **QUICK).fit(["a b c"] * 3)
    model.save(tmp_path / "model")
    assert Glove.load(tmp_path / "model").alpha == 0.5


@pytest.mark.parametrize("best", ["best", Text("best"), np.str_("best"), Name.BEST])
def test_names_of_every_kind_are_taken(best):
    assert Glove(2, preset=best, epochs=1, **QUICK).fit(["a b c"] * 3).W.shape == (3, 2)


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        ({"dim": np.array([2])}, r"dim must be an integer >= 1, got array\(\[2\]\)"),
        ({"dim": True}, "dim must be an integer >= 1, got True"),
        ({"dim": 2.0}, r"dim must be an integer >= 1, got 2\.0"),
        ({"epochs": 10**400}, "epochs must be an integer from 1 to 9223372036854775807, got 1000"),
        ({"alpha": np.bool_(True)}, "alpha must be a finite number >= 0, got"),
        ({"alpha": decimal.Decimal("sNaN")}, "alpha must be a finite number >= 0, got Decimal"),
        ({"x_max": "10"}, "x_max must be a finite number > 0, got '10'"),
        ({"symmetric": 1}, "symmetric must be True or False, got 1"),
        ({"documents": b"line"}, "documents must be one of 'line', .* got b'line'"),
        ({"tmp_dir": "a\0b"}, "tmp_dir must be a path without null characters"),
        ({"tmp_dir": ""}, "tmp_dir must name a folder"),
        ({"seed": Hidden()}, "seed must be an integer >= 0, got a value of type Hidden"),
    ],
)
def test_other_values_are_refused_by_name(parameters, message):
    with pytest.raises(ValueError, match=message):
        Glove(**{"dim": 2, **QUICK, **parameters}).fit(["a b c"] * 3)


def test_a_parameter_that_counting_would_refuse_is_refused_with_counts_too():
    X = Cooccurrence.from_corpus(["a b c"] * 3, min_count=1)
    with pytest.raises(ValueError, match="window must be an integer >= 1, got 0"):
        Glove(2, window=0).fit_cooccurrence(X)
    with pytest.raises(TypeError, match="start must be a Glove, got 3"):
        Glove(2).fit_cooccurrence(X, start=3)  # type: ignore[arg-type]


def test_a_folder_may_be_given_in_bytes(tmp_path):
    model = Glove(2, epochs=1, tmp_dir=str(tmp_path).encode(), **QUICK)  # type: ignore[arg-type]
    assert model.fit(["a b c"] * 3).W.shape == (3, 2)
