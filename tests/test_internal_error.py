"""Panics of the Rust core become an InternalError that asks the user to report it."""

from __future__ import annotations

import inspect
import os
import pickle
import re
import subprocess
import sys
import types

import pytest

import glove_rs
from glove_rs import Cooccurrence, InternalError, Vocabulary, _core

SOURCE = ["a b c"] * 5


def panicking(*_: object) -> None:
    """Raise an exception that PyO3 turns into a panic of the Rust code that called this."""
    raise _core.PanicException("index out of bounds")


def test_it_is_an_exception_that_except_exception_catches():
    assert issubclass(InternalError, RuntimeError)
    assert not issubclass(_core.PanicException, Exception)
    assert "report" in (InternalError.__doc__ or "")


@pytest.mark.parametrize(
    "call",
    [
        lambda: Vocabulary.from_corpus(SOURCE, min_count=1, progress=panicking),
        lambda: Cooccurrence.from_corpus(SOURCE, min_count=1, tokenizer=panicking),
        lambda: Vocabulary.from_corpus(SOURCE, min_count=1, tokenizer=panicking),
        lambda: Cooccurrence.estimate(SOURCE, min_count=1, tokenizer=panicking),
    ],
)
def test_a_panic_on_the_calling_thread_is_an_internal_error(call):
    with pytest.raises(InternalError) as caught:
        call()
    message = str(caught.value)
    assert glove_rs.__version__ in message
    assert "index out of bounds" in message
    assert "Please report it" in message
    assert "No file is left half written" in message
    # After the panic, the package still works.
    assert len(Vocabulary.from_corpus(SOURCE, min_count=1)) == 3


def test_a_panic_leaves_a_file_as_it_was(tmp_path):
    path = tmp_path / "vocab.txt"
    Vocabulary(["a"], [1]).save(path)
    before = path.read_bytes()
    with pytest.raises(InternalError):
        Vocabulary.from_corpus(SOURCE, min_count=1, progress=panicking).save(path)
    assert path.read_bytes() == before
    assert [*tmp_path.iterdir()] == [path]


def entries() -> list[tuple[str, object]]:
    """Every function, method and property of the compiled module."""
    found: list[tuple[str, object]] = []
    for name, value in vars(_core).items():
        if isinstance(value, type) and not issubclass(value, BaseException):
            found += [(f"{name}.{part}", member) for part, member in vars(value).items()]
        elif callable(value) and not isinstance(value, type):
            found.append((name, value))
    return found


def test_every_entry_of_the_compiled_module_is_guarded():
    bare = (types.BuiltinFunctionType, types.MethodDescriptorType, types.GetSetDescriptorType)
    bare += (types.WrapperDescriptorType, types.ClassMethodDescriptorType)
    found = entries()
    assert len(found) > 80
    unguarded = {name for name, value in found if isinstance(value, bare)}
    # `guard` leaves out `take_panic`, which only returns the place of a panic. It cannot wrap a
    # `__new__`, so no class has one.
    assert unguarded == {"take_panic"}


def test_guarded_functions_keep_their_signatures_and_can_be_pickled():
    assert "words" in inspect.signature(_core.save_vectors).parameters
    assert pickle.loads(pickle.dumps(_core.count_by_group)) is _core.count_by_group
    shard = _core.CoreVocabulary.new(["a"], [1])
    assert pickle.loads(pickle.dumps(shard)).words() == ["a"]


#: Ask the core for a row that does not exist. The public methods check the row first.
BEYOND = """
import glove_rs
X = glove_rs.Cooccurrence.from_corpus(["a b c"] * 5, min_count=1)
try:
    X._core.row_sum(10**6)
except Exception as error:
    print(type(error).__name__, error)
"""


@pytest.mark.slow
@pytest.mark.parametrize("backtrace", ["0", pytest.param("1", marks=pytest.mark.slow)])
def test_the_error_says_where_and_nothing_is_printed_unless_a_backtrace_is_asked_for(backtrace):
    done = subprocess.run(
        [sys.executable, "-c", BEYOND],
        capture_output=True,
        check=True,
        timeout=300,
        env={**os.environ, "RUST_BACKTRACE": backtrace},
    )
    assert re.match(rb"InternalError .*\(src/.*\.rs:\d+: index out of bounds.*\)\. ", done.stdout)
    assert (b"index out of bounds" in done.stderr) == (backtrace == "1")


def test_an_argument_of_a_wrong_type_is_named():
    with pytest.raises(TypeError, match="path is of a wrong type: "):
        _core.CoreCheckpoint.load(3)  # type: ignore[arg-type]
    with pytest.raises(TypeError, match="path must be a path, got 3"):
        Vocabulary.load(3)  # type: ignore[arg-type]
