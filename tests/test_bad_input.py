"""Bad input raises one clear error of the right class and changes no file."""

from __future__ import annotations

import errno
import inspect
import math
import os
import re
import shutil
import subprocess
import sys
import textwrap
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pytest

import glove_rs
from glove_rs import (
    Cooccurrence,
    FormatError,
    Glove,
    Phrases,
    Vocabulary,
    WordVectors,
    alc,
    associations,
    kwic,
    tokens,
)

X = np.array([[0.0, 2.0], [2.0, 0.0]])

READERS = {
    "Vocabulary.from_corpus": Vocabulary.from_corpus,
    "Cooccurrence.from_corpus": Cooccurrence.from_corpus,
    "Glove.fit": lambda source, **settings: Glove(**settings).fit(source),
}

LOADERS = {
    "Vocabulary.load": Vocabulary.load,
    "Cooccurrence.load": lambda path: Cooccurrence.load(
        path, vocabulary=Vocabulary(["a", "b"], [1, 1])
    ),
    "Glove.load": Glove.load,
    "WordVectors.load": WordVectors.load,
    "WordVectors.load, Stanford's": lambda path: WordVectors.load(
        path, vocabulary=Vocabulary(["a", "b"], [1, 1])
    ),
}

read_by = pytest.mark.parametrize("read", READERS.values(), ids=READERS)
load_by = pytest.mark.parametrize(
    "load", {**READERS, **LOADERS}.values(), ids={**READERS, **LOADERS}
)


@pytest.fixture
def corpus(tmp_path):
    """A function that writes bytes to a file and returns its path."""

    def write(content):
        path = tmp_path / "corpus.txt"
        path.write_bytes(content)
        return path

    return write


# -------------------------------------------------------------------------------------- the source


@load_by
@pytest.mark.parametrize("as_source", [str, Path])
def test_a_missing_file_is_file_not_found_with_its_name(tmp_path, load, as_source):
    path = tmp_path / "missing.bin"
    with pytest.raises(FileNotFoundError) as caught:
        load(as_source(path))
    assert caught.value.filename == str(path)
    assert str(caught.value).endswith(f": {str(path)!r}")


@pytest.mark.parametrize("load", LOADERS.values(), ids=LOADERS)
def test_a_directory_is_no_file(tmp_path, load):
    path = tmp_path / "folder.bin"
    path.mkdir()
    with pytest.raises(IsADirectoryError) as caught:
        load(path)
    assert os.fspath(caught.value.filename) == str(path)


@contextmanager
def unprivileged():
    """Run the block as the user nobody instead of root, because root may read every file."""
    if os.geteuid() != 0:
        yield
        return
    os.seteuid(65534)
    try:
        yield
    finally:
        os.seteuid(0)


@load_by
@pytest.mark.skipif(not hasattr(os, "seteuid"), reason="needs POSIX permissions")
def test_an_unreadable_file_is_a_permission_error(corpus, load):
    path = corpus(b"a b c\n")
    path.chmod(0)
    with unprivileged(), pytest.raises(PermissionError) as caught:
        load(path)
    assert os.fspath(caught.value.filename) == str(path)


@read_by
@pytest.mark.parametrize("content", [b"", b"\n", b"   \t  \n \n", b" "])
def test_a_text_without_words_says_so(corpus, read, content):
    with pytest.raises(ValueError, match="no words"):
        read(corpus(content), min_count=1)


@read_by
@pytest.mark.parametrize(
    "documents",
    [[], [""], [[]], ["", "  "], iter([])],
    ids=lambda given: repr(given) if isinstance(given, list) else "iterator",
)
def test_documents_without_words_say_so(read, documents):
    with pytest.raises(ValueError, match="no words"):
        read(documents, min_count=1)


@read_by
def test_words_all_below_min_count_name_the_setting(corpus, read):
    with pytest.raises(ValueError, match="min_count") as caught:
        read(corpus(b"one two three two\n"), min_count=3)
    assert "3" in str(caught.value)


@read_by
def test_a_one_word_text_is_too_short_for_the_default_min_count(corpus, read):
    with pytest.raises(ValueError, match="min_count"):
        read(corpus(b"word\n"))


@pytest.mark.parametrize("content", [b"word", b"word\nanother\n", b"word\nword\nword\n"])
def test_a_text_without_pairs_cannot_be_trained_on(corpus, content):
    with pytest.raises(ValueError, match=r"no pairs|no co-occurrences"):
        Glove(min_count=1).fit(corpus(content))


def test_a_matrix_without_counts_cannot_be_trained_on():
    with pytest.raises(ValueError, match=r"no pairs|no co-occurrences"):
        Glove().fit_cooccurrence(np.zeros((3, 3)))


@pytest.mark.parametrize("value", [-1.0, math.nan, math.inf])
def test_a_matrix_with_impossible_counts_cannot_be_trained_on(value):
    with pytest.raises(ValueError, match=r"negative|finite|NaN|nan|>= 0"):
        Glove().fit_cooccurrence(np.array([[1.0, value], [1.0, 1.0]]))


def test_a_given_vocabulary_that_never_occurs_leaves_no_pairs(corpus):
    with pytest.raises(ValueError, match=r"no pairs|no co-occurrences|no words"):
        Glove().fit(corpus(b"a b c\n"), vocabulary=Vocabulary(["x", "y"], [1, 1]))


@read_by
@pytest.mark.parametrize("source", [None, 5, 2.5, object()], ids=lambda given: type(given).__name__)
def test_something_that_is_no_source_is_a_type_error(read, source):
    with pytest.raises(TypeError):
        read(source)


@read_by
@pytest.mark.parametrize("document", [None, 5, b"bytes", [b"bytes"], ["a", 5]], ids=repr)
def test_a_document_that_is_no_text_is_a_type_error(read, document):
    with pytest.raises(TypeError):
        read(["a fine document", document], min_count=1)


@read_by
@pytest.mark.parametrize(
    "threads", [pytest.param(1, marks=pytest.mark.slow), 2, pytest.param(5, marks=pytest.mark.slow)]
)
@pytest.mark.parametrize("good", [b"", b"fine words\n" * 2, b"quite a lot of text\n" * 400_000])
def test_invalid_utf8_is_a_format_error_with_path_and_byte_offset(corpus, read, threads, good):
    path = corpus(good + b"\xff is no text\n" + good)
    with pytest.raises(FormatError) as caught:
        read(path, min_count=1, threads=threads)
    assert isinstance(caught.value, ValueError)
    message = str(caught.value)
    assert str(path) in message
    assert re.search(rf"\bbyte {len(good)}\b", message.replace(str(path), ""))


# -------------------------------------------------------------------------------------- parameters

NOT_POSITIVE = [0, -1, -(10**20)]
NOT_A_RATE = [math.nan, -0.05, math.inf, -math.inf]

OF_COUNTING = {
    "window": [*NOT_POSITIVE, 2.5, "wide"],
    "min_count": [0, -1, 1.5],
    "max_vocab": [0, -1, 1.5],
    "threads": [*NOT_POSITIVE, 1.5],
    "tokenizer": ["klingon"],
}
OF_TRAINING = {
    "dim": [*NOT_POSITIVE, 2.5, "fifty", None, math.nan],
    "x_max": [0, *NOT_A_RATE],
    "alpha": NOT_A_RATE,
    "learning_rate": [0, *NOT_A_RATE, "fast"],
    "epochs": [0, -1, 2.5],
    "optimizer": ["newton", 3],
    "grad_clip": [math.nan, 0, -1],
    "threads": [*NOT_POSITIVE, 1.5],
    "seed": [-1, 0.5],
}


def cases(table):
    """Each parameter with each of its bad values."""
    return pytest.mark.parametrize(
        ("name", "value"), [(name, value) for name, values in table.items() for value in values]
    )


def refuses(name, value):
    """Expect an error that names the parameter, its range and the given value."""
    given = re.escape(str(value)) if math.isfinite(as_float(value)) else r"-?(nan|inf)"
    return pytest.raises(ValueError, match=rf"(?is)\b{name} must be .+, got .*{given}")


def as_float(value):
    """The value as a number; 0 if it is not a number."""
    return float(value) if isinstance(value, int | float) else 0.0


@read_by
@cases({name: values for name, values in OF_COUNTING.items() if name != "window"})
def test_counting_refuses_a_bad_parameter_by_name_and_range(read, name, value):
    with refuses(name, value):
        read(["a b"], **{name: value})


@pytest.mark.parametrize("value", OF_COUNTING["window"])
@pytest.mark.parametrize("read", ["Cooccurrence.from_corpus", "Glove.fit"])
def test_counting_refuses_a_bad_window_by_name_and_range(read, value):
    with refuses("window", value):
        READERS[read](["a b"], window=value)


@cases(OF_TRAINING)
def test_training_refuses_a_bad_parameter_by_name_and_range(name, value):
    model = Glove(**{name: value})
    with refuses(name, value):
        model.fit_cooccurrence(X)
    assert not hasattr(model, "W")


@cases({**OF_COUNTING, **OF_TRAINING})
def test_fit_refuses_bad_parameters_before_it_opens_the_text(tmp_path, name, value):
    with refuses(name, value):
        Glove(**{name: value}).fit(tmp_path / "never-opened.txt")


def test_an_unknown_tokenizer_is_answered_with_the_known_ones():
    with pytest.raises(ValueError, match="whitespace"):
        Vocabulary.from_corpus(["a b"], tokenizer="klingon")


def test_an_unknown_optimizer_is_answered_with_the_known_ones():
    with pytest.raises(ValueError, match=r"adagrad.+rowwise_adagrad.+sgd"):
        Glove(optimizer="newton").fit_cooccurrence(X)


def test_fit_cooccurrence_refuses_what_is_no_matrix():
    with pytest.raises((TypeError, ValueError)):
        Glove().fit_cooccurrence("corpus.txt")


def test_fit_cooccurrence_refuses_a_matrix_that_is_not_square():
    with pytest.raises(ValueError, match="square"):
        Glove().fit_cooccurrence(np.ones((2, 3)))


def test_fit_cooccurrence_refuses_a_vocabulary_of_another_size():
    with pytest.raises(ValueError, match="vocabulary"):
        Glove().fit_cooccurrence(X, vocabulary=["one", "two", "three"])


# ------------------------------------------------------------------------------------------ saving

KINDS = [
    "model",
    "word2vec text",
    "word2vec binary",
    "vocabulary",
    "counts.bin",
    "glove text",
    "native vectors",
]


def savers():
    """Functions that save an object of each kind, large enough to fill a disk of 64 KiB."""
    counts = np.ones((200, 200))
    model = Glove(dim=200, epochs=1).fit_cooccurrence(counts)
    words = Vocabulary(["w" * 100 + str(i) for i in range(2000)], [1] * 2000)
    ways = [
        model.save,
        model.save_word2vec,
        lambda path: model.save_word2vec(path, binary=True),
        words.save,
        Cooccurrence.from_scipy(counts).save,
        model.vectors.save_glove,
        model.vectors.save,
    ]
    return dict(zip(KINDS, ways, strict=True))


@pytest.fixture(scope="module")
def save():
    """The functions of `savers`, made once for all tests."""
    return savers()


@pytest.mark.parametrize("kind", KINDS)
def test_saving_into_a_missing_folder_is_file_not_found(tmp_path, save, kind):
    path = tmp_path / "no-such-folder" / kind
    with pytest.raises(FileNotFoundError) as caught:
        save[kind](path)
    assert os.fspath(caught.value.filename) == str(path)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("kind", KINDS)
def test_saving_over_a_folder_is_refused_and_leaves_nothing(tmp_path, save, kind):
    path = tmp_path / kind
    path.mkdir()
    with pytest.raises(IsADirectoryError) as caught:
        save[kind](path)
    assert os.fspath(caught.value.filename) == str(path)
    assert list(tmp_path.iterdir()) == [path]
    assert list(path.iterdir()) == []


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.skipif(not hasattr(os, "seteuid"), reason="needs POSIX permissions")
def test_saving_where_writing_is_forbidden_is_a_permission_error(tmp_path, save, kind):
    folder = tmp_path / "read-only"
    folder.mkdir(mode=0o555)
    with unprivileged(), pytest.raises(PermissionError) as caught:
        save[kind](folder / kind)
    assert os.fspath(caught.value.filename) == str(folder / kind)
    assert list(folder.iterdir()) == []


@pytest.fixture
def tiny_disk(tmp_path):
    """A file system of 64 KiB."""
    folder = tmp_path / "disk"
    folder.mkdir()
    mount, umount = shutil.which("mount"), shutil.which("umount")
    if mount is None or umount is None:
        pytest.skip("no mount command: the file size limit below tests the same")
    mounted = subprocess.run(
        [mount, "-t", "tmpfs", "-o", "size=64k", "tmpfs", str(folder)], capture_output=True
    )
    if mounted.returncode != 0:
        pytest.skip("cannot mount a tmpfs here: the file size limit below tests the same")
    yield folder
    subprocess.run([umount, str(folder)], check=True)


@pytest.mark.parametrize("kind", KINDS)
def test_no_space_left_keeps_the_older_file_and_leaves_nothing_else(tiny_disk, save, kind):
    path = tiny_disk / kind
    path.write_bytes(b"the older file")
    with pytest.raises(OSError, match="space") as caught:
        save[kind](path)
    assert caught.value.errno == errno.ENOSPC
    assert os.fspath(caught.value.filename) == str(path)
    assert path.read_bytes() == b"the older file"
    assert list(tiny_disk.iterdir()) == [path]


@pytest.mark.slow
def test_a_write_that_fails_keeps_the_older_file_and_leaves_nothing_else(tmp_path):
    pytest.importorskip("resource", reason="needs POSIX file size limits")
    child = textwrap.dedent(
        """
        import errno, pathlib, resource, signal, sys
        from test_bad_input import savers

        ways = savers()
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (65536, 65536))
        for kind, save in ways.items():
            path = pathlib.Path(sys.argv[1], kind)
            path.write_bytes(b"the older file")
            try:
                save(path)
            except OSError as error:
                assert error.errno == errno.EFBIG, error
                assert str(error.filename) == str(path), error.filename
                print(kind)
        """
    )
    done = subprocess.run(
        [sys.executable, "-c", child, str(tmp_path)],
        capture_output=True,
        text=True,
        timeout=60,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
    )
    assert done.stderr == ""
    assert done.stdout.splitlines() == KINDS
    assert sorted(entry.name for entry in tmp_path.iterdir()) == sorted(KINDS)
    assert {entry.read_bytes() for entry in tmp_path.iterdir()} == {b"the older file"}


def test_format_error_is_a_value_error():
    assert issubclass(glove_rs.FormatError, ValueError)


# ------------------------------------------------------------------------------- lone surrogates


@pytest.mark.parametrize("kind", ["vocabulary", "word2vec", "binary", "glove", "native"])
def test_a_word_that_utf8_cannot_hold_is_named(tmp_path, kind):
    words = ["ice", "a\ud800b"]
    wv = WordVectors(words, np.eye(2))
    save = {
        "vocabulary": lambda _: Vocabulary(words, [1, 1]),
        "word2vec": wv.save_word2vec_format,
        "binary": lambda path: wv.save_word2vec_format(path, binary=True),
        "glove": wv.save_glove,
        "native": wv.save,
    }[kind]
    with pytest.raises(ValueError, match=r"^words must be text, got 'a\\ud800b', which holds"):
        save(tmp_path / "vectors")
    assert list(tmp_path.iterdir()) == []


# ----------------------------------------------------------------------- one str as several words


#: Parameters that take several words or names. They refuse a str, an iterable of its letters.
SEVERAL = {
    "Vocabulary, words": lambda: Vocabulary("ab", [1, 1]),
    "WordVectors, words": lambda: WordVectors("ab", np.eye(2)),
    "WordVectors.load, words": lambda path: WordVectors.load(path, words="ab"),
    "Glove.fit, vocabulary": lambda: Glove(min_count=1).fit(["a b"], vocabulary="ab"),
    "Cooccurrence.from_corpus, vocabulary": lambda: Cooccurrence.from_corpus(["a b"], "ab"),
    "alc.embed, vectors": lambda: alc.embed(["a"], ("ab", np.eye(2)), False),
    "alc.similarity, words": lambda found: alc.similarity(found, "ab"),
    "alc.nearest, candidates": lambda found: alc.nearest(found, candidates="ab"),
    "alc.ratio, candidates": lambda found: alc.ratio(found, ["x", "y"], candidates="ab"),
    "associations.rnd, X": lambda wv: associations.rnd(wv, "ab", ["a"], ["b"]),
    "associations.axis, positive": lambda wv: associations.axis(wv, "ab", ["b"]),
    "associations.ripa, pairs": lambda wv: associations.ripa(wv, "ab", ["b"]),
    "associations.WordSet": lambda: associations.WordSet("set", "ab"),
    "kwic.contexts, metadata": lambda: kwic.contexts(["a", "a"], "a", metadata={"x": "ab"}),
    "tokens.from_conllu, columns": lambda: tokens.from_conllu([], columns="form"),
    "Phrases.learn, connector_words": lambda: Phrases.learn(["a b"], connector_words="ab"),
}


@pytest.mark.parametrize("call", SEVERAL.values(), ids=SEVERAL)
def test_one_str_is_not_taken_for_its_letters(call, tmp_path):
    wv = WordVectors(["a", "b"], np.eye(2))
    wv.save(tmp_path / "vectors")
    given = {
        "path": tmp_path / "vectors",
        "wv": wv,
        "found": alc.embed(["a", "b"], wv, False),
    }
    with pytest.raises(TypeError, match=r"must .* got '(ab|form)'"):
        call(*(given[name] for name in inspect.signature(call).parameters))
