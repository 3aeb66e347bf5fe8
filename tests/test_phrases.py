"""Phrases and stop words: learnt as gensim learns them, and applied wherever text is read."""

from __future__ import annotations

import copy
import gzip
import json
import math
import os
import pickle
from collections import Counter

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

import glove_rs
from glove_rs import (
    Cooccurrence,
    FormatError,
    Glove,
    Phrases,
    Vocabulary,
    _user_dictionary,
    _word_lists,
    compare,
)
from glove_rs.phrases import ENGLISH_CONNECTOR_WORDS

DOCUMENTS = ["new york is a large city", "she lives in new york", "the bank of england"] * 6


def naive_phrases(documents, min_count, threshold, scoring, connectors, delimiter="_"):
    """The phrases of documents with their scores, from the rules of gensim."""
    counts, total, candidates = Counter(), 0, set()
    for words in documents:
        start = None
        for place, word in enumerate(words):
            total += 1
            if word in connectors:
                continue
            counts[word] += 1
            if start is not None:
                own = tuple(words[start : place + 1])
                counts[delimiter.join(own)] += 1
                candidates.add(own)
            start = place
    found = {}
    for own in candidates:
        a, b, both = counts[own[0]], counts[own[-1]], counts[delimiter.join(own)]
        if scoring == "default":
            score = (both - min_count) / (a * b) * len(counts)
        elif both < min_count:
            continue
        else:
            score = math.log(both / total / (a / total * (b / total))) / -math.log(both / total)
        if score > threshold:
            found[own] = score
    return found


def naive_join(words, found, connectors, delimiter="_"):
    """The words of a document with its phrases joined, from left to right."""
    joined, place = [], 0
    while place < len(words):
        end = place + 1
        if words[place] not in connectors:
            while end < len(words) and words[end] in connectors:
                end += 1
            if end < len(words) and tuple(words[place : end + 1]) in found:
                joined.append(delimiter.join(words[place : end + 1]))
                place = end + 1
                continue
        joined.append(words[place])
        place += 1
    return joined


# Words with the delimiter are spelled like phrases of other words. With the delimiter "__", so are
# words that begin or end with "_".
WORDS = ["a", "b", "c", "of", "in", "a_b", "b_c", "a_of_b", "a_", "_b", "a___b", "ü"]
documents = st.lists(st.lists(st.sampled_from(WORDS), max_size=9), max_size=12)
rules = st.one_of(
    st.tuples(st.just("default"), st.sampled_from([0.01, 0.3, 1.0])),
    st.tuples(st.just("npmi"), st.sampled_from([-1.0, -0.2, 0.3])),
)


@pytest.mark.slow
@example([["a", "_b"], ["a_", "b"]], 1, ("default", 0.01), False, 1, "__")
@given(
    documents,
    st.integers(1, 3),
    rules,
    st.booleans(),
    st.integers(1, 3),
    st.sampled_from(["_", "__", "_a_", "b"]),
)
def test_phrases_are_those_of_the_definition(text, min_count, rule, connected, threads, delimiter):
    connectors = {"of", "in"} if connected else set()
    scoring, threshold = rule
    found = Phrases.learn(
        text,
        min_count=min_count,
        threshold=threshold,
        scoring=scoring,
        connector_words=connectors,
        threads=threads,
        delimiter=delimiter,
    )
    expected = naive_phrases(text, min_count, threshold, scoring, connectors, delimiter)
    assert dict(found) == pytest.approx(expected, rel=1e-12)
    assert list(found.values()) == sorted(found.values(), reverse=True)
    for words in text:
        assert found.join(words) == naive_join(words, expected, connectors, delimiter)


@pytest.mark.slow
@given(documents, st.integers(1, 3), rules, st.booleans())
def test_phrases_and_joined_texts_are_those_of_gensim(text, min_count, rule, connected):
    gensim = pytest.importorskip("gensim.models.phrases")
    connectors = frozenset({"of", "in"}) if connected else frozenset()
    scoring, threshold = rule
    theirs = gensim.Phrases(
        text, min_count=min_count, threshold=threshold, scoring=scoring, connector_words=connectors
    )
    ours = Phrases.learn(
        text, min_count=min_count, threshold=threshold, scoring=scoring, connector_words=connectors
    )
    assert [ours.join(words) for words in text] == [theirs[words] for words in text]
    found = theirs.find_phrases(text)
    assert found.items() <= {("_".join(words), score) for words, score in ours.items()}


def test_the_second_pass_finds_phrases_of_phrases():
    text = ["the new york times", "a new york times reader", "new york times", "york", "new"] * 4
    found = Phrases.learn(text, min_count=1, threshold=0.3, passes=2)
    assert ("new_york", "times") in found
    assert found.join(["a", "b", "new", "york", "times"])[-1] == "new_york_times"


@pytest.fixture(scope="module")
def phrases():
    return Phrases.learn(
        DOCUMENTS, min_count=2, threshold=0.4, connector_words=ENGLISH_CONNECTOR_WORDS
    )


def test_phrases_are_counted_as_one_word(phrases):
    assert ("bank", "of", "england") in phrases
    joined = [phrases.join(document.split()) for document in DOCUMENTS]
    expected = Cooccurrence.from_corpus(joined, min_count=1)
    X = Cooccurrence.from_corpus(DOCUMENTS, min_count=1, phrases=phrases)
    assert X.vocabulary == expected.vocabulary
    assert (X.to_scipy() != expected.to_scipy()).nnz == 0
    assert "bank_of_england" in Vocabulary.from_corpus(DOCUMENTS, phrases=phrases)
    # Phrases are also joined in lists of words and after a tokenizer in Python, in lower case.
    lists = [document.upper().split() for document in DOCUMENTS]
    for source, settings in ((lists, {}), (DOCUMENTS, {"tokenizer": str.split})):
        found = Vocabulary.from_corpus(source, phrases=phrases, lowercase=True, **settings)
        assert "bank_of_england" in found


def test_saved_phrases_are_the_same(phrases, tmp_path):
    path = tmp_path / "phrases.json"
    phrases.save(path)
    assert Phrases.load(path) == phrases
    assert copy.deepcopy(phrases) == pickle.loads(pickle.dumps(phrases)) == phrases
    X = Cooccurrence.from_corpus(DOCUMENTS, min_count=1, phrases=path)
    assert "bank_of_england" in X.vocabulary
    path.write_text(path.read_text(), encoding="utf-8-sig")  # with a byte order mark
    assert Phrases.load(path) == phrases
    path.write_bytes(gzip.compress(path.read_bytes()))
    with pytest.raises(FormatError, match=r"phrases\.json: byte 1 is not UTF-8"):
        Phrases.load(path)
    path.write_text("[1, 2]")
    with pytest.raises(FormatError, match=r"phrases\.json: not a file of phrases"):
        Phrases.load(path)
    damaged = json.dumps({"format": "glove-rs phrases", "version": 1, "delimiter": "_"})
    path.write_text(damaged)
    with pytest.raises(FormatError, match="damaged"):
        Phrases.load(path)
    good = {**json.loads(damaged), "connector_words": ["of"]}
    for words, what in [
        (["bank"], r'two or more words, got \["bank"\]'),
        (["bank", "", "england"], r'no empty word, got \["bank", "", "england"\]'),
        (["bank", "in", "england"], "only connector words between the first and the last word"),
    ]:
        path.write_text(json.dumps({**good, "passes": [[[words, 1.5]]]}))
        with pytest.raises(FormatError, match=rf"not a file of phrases: phrases must have {what}"):
            Phrases.load(path)
    with pytest.raises(FileNotFoundError):
        Phrases.load(tmp_path / "missing")


def test_a_model_keeps_its_phrases_and_stop_words_for_updates(phrases, tmp_path):
    settings = {"dim": 3, "min_count": 1, "epochs": 1, "threads": 1}
    model = Glove(**settings, phrases=phrases, stop_words=["the", "is"])
    model.fit(DOCUMENTS, keep_counts=True)
    assert "bank_of_england" in model.vocabulary
    assert "is" not in model.vocabulary
    model.save(tmp_path / "model.glove")
    loaded = Glove.load(tmp_path / "model.glove")
    assert loaded.phrases == phrases
    assert loaded.stop_words == ["is", "the"]
    model.update(["the mayor of new york is the mayor"] * 3)
    assert "mayor_of_new_york" not in model.vocabulary
    assert "mayor" in model.vocabulary
    assert not {"the", "is", "york"} & set(model.vocabulary)


def test_a_checkpoint_names_other_stop_words(tmp_path):
    settings = {"dim": 3, "min_count": 1, "epochs": 1, "threads": 1}
    path = tmp_path / "checkpoints"
    Glove(**settings, stop_words=["is"]).fit(DOCUMENTS, checkpoint_dir=path)
    Glove(**settings, stop_words=["is"]).fit(DOCUMENTS, checkpoint_dir=path, resume=True)
    with pytest.raises(ValueError, match=r"stop_words=.*differs from the checkpoint"):
        Glove(**settings).fit(DOCUMENTS, checkpoint_dir=path, resume=True)


@pytest.mark.slow
def test_messages_and_the_repr_show_the_beginning_of_long_lists(tmp_path):
    words = [f"word{number}" for number in range(50_000)]
    model = Glove(dim=2, epochs=1, min_count=1, stop_words=words, window=2)
    assert len(repr(model)) < 300
    assert "stop_words=['word0', 'word1', 'word2', ... 50,000 in all]" in repr(model)
    assert len(model._repr_html_()) < 10_000
    assert copy.deepcopy(model).stop_words == words == model.get_params()["stop_words"]
    sklearn = pytest.importorskip("sklearn.base")
    assert sklearn.clone(model).stop_words == words
    model.fit(DOCUMENTS, checkpoint_dir=tmp_path / "words")
    other = sklearn.clone(model).set_params(stop_words=[*words[1:], "xyz"])
    with pytest.raises(ValueError, match=r"stop_words=.*differs from the checkpoint") as caught:
        other.fit(DOCUMENTS, checkpoint_dir=tmp_path / "words", resume=True)
    message = str(caught.value)
    assert len(message) < 700
    assert "only the new list has ['xyz']; only that of the checkpoint has ['word0']" in message
    # `repr` compares each parameter with its default. With an array, this must not raise an error.
    assert "stop_words=array(['the', 'a']" in repr(Glove(dim=2, stop_words=np.array(["the", "a"])))


def test_a_message_of_other_phrases_names_the_phrases(tmp_path):
    few = Phrases.learn(DOCUMENTS, min_count=1, threshold=1)
    settings = {"dim": 2, "epochs": 1, "min_count": 1, "phrases": few}
    Glove(**settings).fit(DOCUMENTS, checkpoint_dir=tmp_path)
    other = Phrases.learn([*DOCUMENTS, *["red wine"] * 9], min_count=1, threshold=1)
    with pytest.raises(ValueError, match=r"only the new list has .*'red wine'"):
        Glove(**settings | {"phrases": other}).fit(DOCUMENTS, checkpoint_dir=tmp_path, resume=True)


@pytest.mark.parametrize("keep_gaps", [False, True])
def test_stop_words_are_dropped_like_unknown_words(keep_gaps):
    text = ["an apple a day", "keeps an apple away"]
    kept = [word for word in Vocabulary.from_corpus(text, min_count=1) if word not in {"a", "an"}]
    settings = {"min_count": 1, "window": 2, "keep_gaps": keep_gaps}
    expected = Cooccurrence.from_corpus(text, kept, **settings)
    X = Cooccurrence.from_corpus(text, stop_words=("A", "an"), lowercase=True, **settings)
    assert X.vocabulary.words == expected.vocabulary.words
    assert (X.to_scipy() != expected.to_scipy()).nnz == 0


def test_stop_words_come_from_a_file_or_a_language(tmp_path):
    path = tmp_path / "stop.txt"
    path.write_text("is\n\n a \n", encoding="utf-8")
    for given_path in (path, str(path)):
        assert "is" not in Vocabulary.from_corpus(DOCUMENTS, stop_words=given_path)
    with pytest.raises(FileNotFoundError):
        Vocabulary.from_corpus(DOCUMENTS, stop_words=tmp_path / "missing")
    for mark in (b"", b"\xef\xbb\xbf"):
        path.write_bytes(mark + b"is\r\na\n" * 5000)
        assert "is" not in Vocabulary.from_corpus(DOCUMENTS, stop_words=path)
        path.write_bytes(mark + b"is\r\na\n" * 5000 + b"\xe9t\xe9\n")
        with pytest.raises(FormatError, match=f"stop.txt: byte {30_000 + len(mark)} is not UTF-8"):
            Vocabulary.from_corpus(DOCUMENTS, stop_words=path)
    pytest.importorskip("stop_words")
    words = Vocabulary.from_corpus(DOCUMENTS, stop_words="english").words
    assert "is" not in words
    assert "york" in words
    with pytest.raises(ValueError, match="the path of a file or one of the languages"):
        Vocabulary.from_corpus(DOCUMENTS, stop_words="klingon")


def test_wrong_arguments_are_named():
    with pytest.raises(ValueError, match="stop_words must be words, the path of a file"):
        Vocabulary.from_corpus(DOCUMENTS, stop_words=7)
    with pytest.raises(ValueError, match="phrases must be Phrases, or the path"):
        Vocabulary.from_corpus(DOCUMENTS, phrases=7)
    with pytest.raises(ValueError, match="scoring must be one of 'default', 'npmi'"):
        Phrases.learn(DOCUMENTS, scoring="pmi")
    with pytest.raises(ValueError, match="threshold must be a finite number > 0"):
        Phrases.learn(DOCUMENTS, threshold=0)
    with pytest.raises(ValueError, match="delimiter must be text without white space"):
        Phrases.learn(DOCUMENTS, delimiter=" ")
    with pytest.raises(ValueError, match="3 of the words are stop words"):
        Vocabulary.from_corpus(["a b c"], min_count=1, stop_words=["a", "b", "c"])
    assert len(Phrases.learn([])) == 0


@pytest.mark.parametrize("name", ["stop_words", "user_dictionary"])
def test_a_long_list_of_words_is_checked_once_in_a_fit(name, monkeypatch):
    module = {"stop_words": _word_lists, "user_dictionary": _user_dictionary}[name]
    checked = []
    original = module.words
    monkeypatch.setattr(
        module, "words", lambda own, *rest: checked.append(own) or original(own, *rest)
    )
    tokenizer = "whitespace" if name == "stop_words" else "zh"
    settings = {name: ["alpha", "beta"], "tokenizer": tokenizer}
    model = Glove(dim=2, epochs=1, min_count=1, threads=1, **settings).fit(DOCUMENTS)
    assert checked == [name]
    assert model.get_params()[name] is settings[name]
    checked.clear()
    Cooccurrence.from_corpus(DOCUMENTS, min_count=1, **settings)
    assert checked == [name]


def test_a_wrong_item_far_into_a_list_of_words_is_shown():
    words = [*map(str, range(1000)), 7]
    for name, options in (("stop_words", {}), ("user_dictionary", {"tokenizer": "zh"})):
        with pytest.raises(ValueError, match=f"{name} must be words, .*got item 1000: 7"):
            Vocabulary.from_corpus(DOCUMENTS, **{name: words}, **options)


def test_stop_words_must_not_be_words_of_a_given_vocabulary():
    given = Vocabulary(["the", "bank", "of"], [3, 2, 1])
    with pytest.raises(
        ValueError, match=r"stop_words must not have words of the given vocabulary.*1 more"
    ):
        Cooccurrence.from_corpus(DOCUMENTS, vocabulary=given, stop_words=["of", "the", "a"])
    with pytest.raises(ValueError, match=r'stop_words must not have.*"the"'):
        Glove(dim=2, epochs=1, stop_words=["the"]).fit(DOCUMENTS, vocabulary=given)
    X = Cooccurrence.from_corpus(DOCUMENTS, vocabulary=given, stop_words=["england"])
    assert X.vocabulary.words == given.words
    model = Glove(dim=2, epochs=1, stop_words=["THE"], lowercase=True)
    with pytest.raises(ValueError, match=r'stop_words must not have.*"the"'):
        glove_rs.bootstrap(model, DOCUMENTS, 0, vocabulary=given)
    with pytest.raises(ValueError, match=r'stop_words must not have.*"the"'):
        compare.slices(model, {"x": DOCUMENTS, "y": DOCUMENTS}, vocabulary=given)
    slices = compare.slices(model, {"x": DOCUMENTS, "y": DOCUMENTS}, min_count=1)
    assert "the" not in slices.compass


@pytest.mark.parametrize("tokenizer", ["whitespace", str.split])
def test_stop_words_are_lower_cased_by_the_rules_that_lower_case_the_text(tokenizer):
    # U+A7CB, which Unicode 16 added, is U+0264 in lower case. Python before 3.14 does not know it.
    text, stop_words = ["\ua7cb a", "\uff34\uff48\uff45 a"], ["\ua7cb", "THE"]
    settings = {"lowercase": True, "normalize": "NFKC", "min_count": 1, "tokenizer": tokenizer}
    assert Vocabulary.from_corpus(text, **settings).words == ["a", "\u0264", "the"]
    assert Vocabulary.from_corpus(text, stop_words=stop_words, **settings).words == ["a"]


def test_an_estimate_leaves_stop_words_out():
    settings = {"min_count": 1, "window": 2}
    stop_words = ["the", "of", "nowhere"]
    X = Cooccurrence.from_corpus(DOCUMENTS, stop_words=stop_words, **settings)
    found = Cooccurrence.estimate(DOCUMENTS, stop_words=stop_words, **settings)
    assert (found.words, found.records) == (len(X.vocabulary), X.nnz)
    assert found.words == Cooccurrence.estimate(DOCUMENTS, **settings).words - 2
    with pytest.raises(ValueError, match="stop words"):
        Cooccurrence.estimate(["a b a b"], stop_words=["a", "b"], min_count=1)


def test_phrases_are_learned_from_a_column_and_from_a_store(tmp_path):
    pa = pytest.importorskip("pyarrow")
    fsspec = pytest.importorskip("fsspec")
    from pyarrow import parquet

    rule = {"min_count": 2, "threshold": 1, "passes": 2}
    expected = Phrases.learn(DOCUMENTS, **rule)
    assert len(expected) > 0
    table = pa.table({"text": DOCUMENTS, "tokens": [text.split() for text in DOCUMENTS]})
    parquet.write_table(table, tmp_path / "t.parquet")
    for source in (table, tmp_path / "t.parquet", table.to_reader()):
        assert Phrases.learn(source, column="tokens", **rule) == expected
    system = fsspec.filesystem("memory")
    system.pipe("/phrases/t.parquet", (tmp_path / "t.parquet").read_bytes())
    try:
        for source, options in (("memory://phrases/t.parquet", {}), ("/phrases", system)):
            where = {"column": "text", "storage_options": options}
            assert Phrases.learn(source, **where, **rule) == expected
    finally:
        system.rm("/phrases", recursive=True)


def test_each_pass_reads_all_of_an_open_file(tmp_path, monkeypatch):
    import io
    import sys

    rule = {"min_count": 2, "threshold": 1, "passes": 2}
    expected = Phrases.learn(DOCUMENTS, **rule)
    assert expected != Phrases.learn(DOCUMENTS, **{**rule, "passes": 1})
    path = tmp_path / "corpus.txt"
    path.write_text("\n".join(DOCUMENTS))
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(path.read_bytes())))
    with path.open() as text, path.open("rb") as content:
        for source in (text, content, "-", io.BytesIO(path.read_bytes()), iter(DOCUMENTS)):
            assert Phrases.learn(source, **rule) == expected


@pytest.mark.skipif(os.name == "nt", reason="needs the files of Unix")
def test_a_pipe_is_refused_for_several_passes(tmp_path):
    from program import reason

    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(ValueError, match="source must be a text that can be read twice"):
        Phrases.learn(tmp_path / "pipe", passes=2)
    pytest.importorskip("fsspec")
    with pytest.raises(ValueError, match="source must be a text that can be read twice"):
        Phrases.learn((tmp_path / "pipe").as_uri(), passes=2)
    wrong = reason(1, "phrases", "-", "--passes", "2", "-o", tmp_path / "x", stdin=b"a b")
    assert "must be a text that can be read twice, got /dev/stdin" in wrong


@pytest.mark.parametrize("name", ["x.json.gz", "x.zst"])
def test_a_file_of_phrases_is_not_compressed(name, tmp_path):
    from program import reason

    phrases = Phrases.learn(DOCUMENTS, min_count=2, threshold=1)
    with pytest.raises(ValueError, match=r"not end in \.\w+: glove-rs does not compress phrases"):
        phrases.save(tmp_path / name)
    (tmp_path / "corpus.txt").write_text("\n".join(DOCUMENTS))
    wrong = reason(2, "phrases", tmp_path / "corpus.txt", "-o", tmp_path / name)
    assert "--output must not end in" in wrong
    assert "does not compress phrases" in wrong
    assert [path.name for path in tmp_path.iterdir()] == ["corpus.txt"]


def test_info_describes_a_file_of_phrases(tmp_path):
    from program import answer

    phrases = Phrases.learn(DOCUMENTS, min_count=2, threshold=1, passes=2)
    phrases.save(tmp_path / "x.json")
    (found,) = answer("info", tmp_path / "x.json")
    assert found["what"] == "phrases of glove-rs"
    assert (found["phrases"], found["passes"]) == (len(phrases), 2)
    best = max(phrases, key=phrases.__getitem__)
    assert found["highest_scores"][0].startswith("_".join(best))
    (report,) = answer("info", "--bug-report", tmp_path / "x.json")[1:]
    assert "highest_scores" not in report
    assert report["phrases"] == len(phrases)


@pytest.mark.parametrize("name", ["x.json", "phrases"])
def test_the_command_phrases_writes_json(name, tmp_path):
    from program import done

    (tmp_path / "corpus.txt").write_text("\n".join(DOCUMENTS))
    output = tmp_path / name
    done("phrases", tmp_path / "corpus.txt", "-o", output, "--min-count", "2", "--threshold", "1")
    assert len(Phrases.load(output)) > 0
