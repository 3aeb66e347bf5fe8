"""Vocabularies: which words they have, in which order, and their files."""

from __future__ import annotations

import pickle

import numpy as np
import pytest
from hypothesis import assume, given, reject
from hypothesis import strategies as st

import reference
from glove_rs import FormatError, Vocabulary

words = st.text("abcXYZ0'-éßñ水語😀", min_size=1, max_size=4)
token_lists = st.lists(st.lists(words, max_size=30), min_size=1, max_size=6)


@pytest.fixture
def fruit():
    """A vocabulary of three words."""
    return Vocabulary(["apple", "pear", "fig"], [30, 20, 10])


# ------------------------------------------------------------------------------------ from a corpus


@given(
    documents=token_lists,
    min_count=st.integers(1, 4),
    max_vocab=st.one_of(st.none(), st.integers(1, 20)),
    threads=st.sampled_from([1, 2, 3, 8]),
)
def test_vocabulary_of_any_tokens_equals_the_reference(documents, min_count, max_vocab, threads):
    expected, counts = reference.vocabulary(documents, min_count=min_count, max_vocab=max_vocab)
    assume(expected)
    vocabulary = Vocabulary.from_corpus(
        documents, min_count=min_count, max_vocab=max_vocab, threads=threads
    )
    assert vocabulary.words == expected
    assert vocabulary.counts.tolist() == counts


@given(
    documents=token_lists,
    space=st.text(" \t", min_size=1, max_size=3),
    margin=st.text(" \t", max_size=3),
    end=st.sampled_from(["\n", "\r\n", "\n\n"]),
)
def test_any_run_of_blanks_separates_words(tmp_path, documents, space, margin, end):
    assume(any(documents))
    path = tmp_path / "corpus.txt"
    lines = (margin + space.join(document) + margin + end for document in documents)
    path.write_text("".join(lines), encoding="utf-8", newline="")
    expected, counts = reference.vocabulary(documents)
    try:
        vocabulary = Vocabulary.from_corpus(path, min_count=1)
    except FormatError as error:
        # Lines of a word and a number are taken for a vocabulary if the numbers do not rise.
        if "this is not text but a vocabulary" not in str(error):
            raise
        reject()
    assert vocabulary.words == expected
    assert vocabulary.counts.tolist() == counts


def test_vocabulary_of_a_file_equals_the_reference_for_any_number_of_threads(zipf):
    expected, counts = reference.vocabulary(zipf.documents, min_count=3)
    for threads in (None, 1, 2, 5, 16):
        vocabulary = Vocabulary.from_corpus(zipf.path, min_count=3, threads=threads)
        assert vocabulary == Vocabulary(expected, counts)


def test_most_frequent_words_come_first():
    assert Vocabulary.from_corpus(["b a b c b a"], min_count=1).words == ["b", "a", "c"]


def test_equally_frequent_words_are_ordered_by_their_bytes():
    assert Vocabulary.from_corpus(["b ab a B aa"], min_count=1).words == ["B", "a", "aa", "ab", "b"]


def test_words_below_min_count_are_dropped():
    vocabulary = Vocabulary.from_corpus(["a a a b b c"], min_count=2)
    assert vocabulary.words == ["a", "b"]
    assert vocabulary.counts.tolist() == [3, 2]


def test_min_count_is_five_unless_told():
    assert Vocabulary.from_corpus(["a a a a a b b b b"]).words == ["a"]


def test_max_vocab_keeps_the_most_frequent_words():
    assert Vocabulary.from_corpus(["c c c b b a"], min_count=1, max_vocab=2).words == ["c", "b"]


def test_max_vocab_above_the_number_of_words_changes_nothing(zipf):
    assert Vocabulary.from_corpus(zipf.path, max_vocab=10**6) == Vocabulary.from_corpus(zipf.path)


def test_case_is_kept_unless_lowercase_is_asked_for():
    documents = ["The the THE École école"]
    assert set(Vocabulary.from_corpus(documents, min_count=1).words) == set(documents[0].split())
    lowered = Vocabulary.from_corpus(documents, min_count=1, lowercase=True)
    assert lowered.words == ["the", "école"]
    assert lowered.counts.tolist() == [3, 2]


def test_an_exception_of_the_source_surfaces_unchanged():
    failure = LookupError("page 7 is gone")

    def documents():
        yield ["a", "b"]
        raise failure

    with pytest.raises(LookupError) as caught:
        Vocabulary.from_corpus(documents())
    assert caught.value is failure


# ------------------------------------------------------------------------------- as a Python object


def test_words_are_strings_and_counts_an_int64_array(fruit):
    assert fruit.words == ["apple", "pear", "fig"]
    assert isinstance(fruit.counts, np.ndarray)
    assert fruit.counts.dtype == np.int64
    assert fruit.counts.tolist() == [30, 20, 10]


def test_len_in_and_index_speak_of_the_words(fruit):
    assert len(fruit) == 3
    assert "pear" in fruit
    assert "plum" not in fruit
    assert [fruit[word] for word in fruit.words] == [0, 1, 2]


def test_an_unknown_word_is_a_key_error_that_names_it(fruit):
    with pytest.raises(KeyError, match="plum"):
        fruit["plum"]


@pytest.mark.parametrize("slip", ["aple", "Apple", "appel", "APPLE"])
def test_an_unknown_word_is_answered_with_a_close_spelling(fruit, slip):
    with pytest.raises(KeyError, match=r"did you mean 'apple'\?$"):
        fruit[slip]


def test_a_given_order_is_kept():
    assert Vocabulary(["rare", "frequent"], [1, 100]).words == ["rare", "frequent"]


def test_equality_compares_words_and_counts(fruit):
    assert fruit == Vocabulary(["apple", "pear", "fig"], [30, 20, 10])
    assert fruit != Vocabulary(["apple", "pear", "fig"], [30, 20, 11])
    assert fruit != Vocabulary(["pear", "apple", "fig"], [30, 20, 10])
    assert fruit != ["apple", "pear", "fig"]


def test_pickling_keeps_the_vocabulary(fruit):
    assert pickle.loads(pickle.dumps(fruit)) == fruit


def test_as_many_counts_as_words_are_needed():
    with pytest.raises(ValueError, match="counts"):
        Vocabulary(["a", "b"], [1])


def test_a_word_given_twice_is_refused_by_name():
    with pytest.raises(ValueError, match="echo"):
        Vocabulary(["echo", "b", "echo"], [1, 1, 1])


# -------------------------------------------------------------------------------------------- files


def test_saved_text_is_one_word_and_its_count_a_line(fruit, tmp_path):
    fruit.save(tmp_path / "vocab.txt")
    assert (tmp_path / "vocab.txt").read_bytes() == b"apple 30\npear 20\nfig 10\n"


def test_words_are_saved_as_utf8(tmp_path):
    Vocabulary(["水", "é"], [2, 1]).save(tmp_path / "vocab.txt")
    assert (tmp_path / "vocab.txt").read_bytes() == "水 2\né 1\n".encode()


def test_loading_undoes_saving(zipf, tmp_path):
    vocabulary = Vocabulary.from_corpus(zipf.path, min_count=1)
    vocabulary.save(tmp_path / "vocab.txt")
    assert Vocabulary.load(tmp_path / "vocab.txt") == vocabulary
    assert Vocabulary.load(str(tmp_path / "vocab.txt")) == vocabulary


@pytest.mark.parametrize("line", ["pear", "pear twenty", "pear -1", "pear 1.5"])
def test_a_malformed_line_is_a_format_error_with_path_and_line_number(tmp_path, line):
    path = tmp_path / "vocab.txt"
    path.write_text(f"apple 30\n{line}\nfig 10\n")
    with pytest.raises(FormatError) as caught:
        Vocabulary.load(path)
    message = str(caught.value)
    assert str(path) in message
    assert "line 2" in message.replace(str(path), "")
