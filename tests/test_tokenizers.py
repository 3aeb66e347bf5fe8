"""Tokenizers: those of the core, patterns and functions."""

from __future__ import annotations

import io
import pickle
import re
import string
import unicodedata
from collections import Counter

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from glove_rs import Cooccurrence, Glove, Vocabulary

ENGLISH = "The quick (“brown”) fox can’t jump 32.3 feet — right?"
CHINESE = "我来到北京清华大学，他说：“C++ 3.14 很好！”…"


def words(text, **parameters):
    """How often each word is found in `text`."""
    # An iterator is always read as documents. A list could be taken for names of files.
    vocabulary = Vocabulary.from_corpus(iter([text]), min_count=1, **parameters)
    return dict(zip(vocabulary.words, vocabulary.counts.tolist(), strict=True))


def test_unicode_words_are_those_of_annex_29():
    expected = {"The", "quick", "brown", "fox", "can’t", "jump", "32.3", "feet", "right"}
    assert set(words(ENGLISH, tokenizer="unicode")) == expected


def test_chinese_is_segmented_without_punctuation():
    expected = {"我", "来到", "北京", "清华大学", "他", "说", "C++", "3.14", "很", "好"}
    assert set(words(CHINESE, tokenizer="zh")) == expected


def test_chinese_prose_falls_into_words():
    text = (
        "我们的大学在北京，学生很喜欢音乐。\n这家公司建设铁路；火车经过很多城市！\n"
        "中国的冬天很冷：“今天下雪了，”他说。\n她的朋友在图书馆看书、喝茶（每天下午）。\n"
    )
    found = words(text, tokenizer="zh")
    expected = {
        "我们",
        "大学",
        "北京",
        "学生",
        "音乐",
        "公司",
        "铁路",
        "火车",
        "城市",
        "中国",
        "冬天",
    }
    assert expected | {"今天", "朋友", "图书馆", "下午"} <= set(found)
    assert found["的"] == 3
    assert not [word for word in found if set(word) & set("，。、；：？！“”（） \n")]


def test_chinese_wikipedia_falls_into_words(zhwiki):
    vocabulary = Vocabulary.from_corpus(zhwiki, tokenizer="zh", min_count=20)
    assert {"中国", "美国", "公司", "大学", "铁路", "音乐"} <= set(vocabulary.words)
    assert set(vocabulary.words[:8]) & {"的", "年", "月", "在", "是"}
    punctuation = set(
        string.punctuation + "，。、；：？！“”‘’（）《》〈〉【】「」『』…—·\u3000 \t\r\n"
    )
    assert not [word for word in vocabulary.words if set(word) <= punctuation]
    assert not [
        word for word in vocabulary.words if set(word) & set("，。、；：？！（）《》\u3000 \n")
    ]
    long = [word for word in vocabulary.words if len(word) > 6 and not word.isascii()]
    assert len(long) < len(vocabulary) / 200


def test_lowercase_and_normalization_come_before_the_words():
    text = "Ｅ\u0301té ÉTÉ Straße ﬁn"
    assert set(words(text)) == {"Ｅ\u0301té", "ÉTÉ", "Straße", "ﬁn"}
    assert set(words(text, lowercase=True, normalize="NFC")) == {
        "ｅ\u0301té",
        "été",
        "straße",
        "ﬁn",
    }
    assert words(text, lowercase=True, normalize="NFKC") == {"été": 2, "straße": 1, "fin": 1}


@pytest.mark.parametrize("tokenizer", ["whitespace", "unicode", str.split], ids=str)
@pytest.mark.parametrize("normalize", [None, "NFC", "NFKC"])
def test_token_lists_are_folded_but_not_split(tokenizer, normalize):
    parameters = {"tokenizer": tokenizer, "lowercase": True, "normalize": normalize}
    vocabulary = Vocabulary.from_corpus([["New York", "É\u0301"]], min_count=1, **parameters)
    accented = "É\u0301" if normalize is None else unicodedata.normalize(normalize, "É\u0301")
    assert set(vocabulary.words) == {"new york", accented.lower()}


# The two examples are names of files as well: the folder of the package, and a pattern.
@pytest.mark.slow
@example("python")
@example("*n")
@given(text=st.text(st.characters(max_codepoint=0x24F, exclude_categories=["Cs"])))
def test_folding_is_pythons(text):
    for form in ("NFC", "NFKC"):
        expected = Counter(
            word
            for line in unicodedata.normalize(form, text).lower().replace("\r", "").split("\n")
            for word in re.split("[ \t]", line)
            if word
        )
        if expected:
            assert words(text, lowercase=True, normalize=form) == expected


@pytest.mark.parametrize("library", ["re", "regex"])
def test_the_matches_of_a_pattern_are_words(library):
    module = pytest.importorskip(library)
    text = "one-two 3.5 (four) FIVE"
    for pattern, expected in {
        r"\w+": ["one", "two", "3", "5", "four", "FIVE"],
        r"(\w)(\w+)": ["one", "two", "four", "FIVE"],
        r"(?i)[a-z]+(?=\))": ["four"],
        r"\d*": ["3", "5"],
        r"(?<=-)two\s3": ["two 3"],
    }.items():
        assert words(text, tokenizer=module.compile(pattern)) == Counter(expected)
    with pytest.raises(ValueError, match="tokenizer must be a pattern for str"):
        words(text, tokenizer=module.compile(rb"\w+"))


@pytest.mark.slow
def test_a_function_is_given_each_document_once_and_whole():
    given_texts = []

    def tokenize(text):
        given_texts.append(text)
        return text.split(" ")

    long = "a " * 10**6
    source = ["First line\r\nsecond", "", long]
    Vocabulary.from_corpus(source, tokenizer=tokenize, lowercase=True, min_count=1)
    assert given_texts == ["first line", "second", long]
    del given_texts[:]
    Vocabulary.from_corpus(source, tokenizer=tokenize, documents="file", min_count=1)
    assert given_texts == ["First line\r\nsecond", long]


def test_a_function_may_return_any_iterable_of_str():
    for result in (["a", "b", ""], ("a", "b"), iter("ab"), {"a": 1, "b": 2}, np.array(["a", "b"])):
        assert words("text", tokenizer=lambda _, result=result: result) == {"a": 1, "b": 1}


@pytest.mark.parametrize("result", ["a b", b"a", None, 5, ["a", 5], [b"a"], [None]], ids=repr)
def test_what_a_function_must_not_return_is_a_type_error(result):
    with pytest.raises(TypeError, match="tokenizer must return"):
        words("text", tokenizer=lambda _: result)


@pytest.mark.parametrize("tokenizer", ["klingon", 5, None, b"whitespace", ["zh"]], ids=repr)
def test_what_is_no_tokenizer_is_a_value_error(tokenizer):
    with pytest.raises(ValueError, match=r"(?s)tokenizer must be .*zh.*pattern.*function"):
        words("text", tokenizer=tokenizer)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("normalize", "NFD"),
        ("normalize", 5),
        ("documents", "page"),
        ("documents", None),
        ("errors", "surrogateescape"),
        ("errors", None),
    ],
)
def test_other_parameters_of_reading_are_checked_before_anything_is_read(name, value):
    with pytest.raises(ValueError, match=f"^{name} must be .* got {value!r}"):
        Glove(**{name: value}).fit("never-opened.txt")


@pytest.mark.slow
@pytest.mark.parametrize("tokenizer", ["unicode", "zh", re.compile(r"\w+"), str.split], ids=str)
@pytest.mark.parametrize("threads", [pytest.param(1, marks=pytest.mark.slow), 3])
def test_every_tokenizer_gives_the_same_for_file_list_and_tokens(tmp_path, tokenizer, threads):
    lines = [ENGLISH, CHINESE, "", ENGLISH.upper() + CHINESE] * 3000
    path = tmp_path / "corpus"
    path.write_text("\n".join(lines), encoding="utf-8")
    parameters = {"tokenizer": tokenizer, "threads": threads, "min_count": 1, "window": 4}
    expected = Cooccurrence.from_corpus(path, **parameters)
    for source in (lines, iter(lines), io.StringIO("\n".join(lines))):
        counts = Cooccurrence.from_corpus(source, **parameters)
        assert counts.vocabulary == expected.vocabulary
        assert all(map(np.array_equal, counts.records(), expected.records()))


def test_a_model_keeps_its_tokenizer_where_it_can(tmp_path):
    text = ["An apple a day"] * 5
    pattern = re.compile(r"[a-z]+", re.IGNORECASE)
    model = Glove(dim=2, epochs=1, tokenizer=pattern, normalize="NFC", documents="file").fit(text)
    assert "An" in model.vocabulary
    for again in (pickle.loads(pickle.dumps(model)), _saved(model, tmp_path)):
        assert again.get_params() == model.get_params()
    model.set_params(tokenizer=str.split)
    again = _saved(model, tmp_path)
    with pytest.raises(ValueError, match="tokenizer must be"):
        again.fit(text)
    assert again.set_params(tokenizer="unicode").fit(text).vocabulary == model.vocabulary


def _saved(model, folder):
    model.save(folder / "model")
    return Glove.load(folder / "model")


def test_an_estimate_reads_as_counting_does(tmp_path):
    path = tmp_path / "corpus"
    path.write_text((CHINESE + "\n") * 20, encoding="utf-8")
    parameters = {"tokenizer": "zh", "lowercase": True, "normalize": "NFKC"}
    counts = Cooccurrence.from_corpus(path, **parameters)
    estimate = Cooccurrence.estimate(path, **parameters)
    assert (estimate.words, estimate.records) == (len(counts.vocabulary), counts.nnz)
    split = {"tokenizer": list, "min_count": 1}
    counts = Cooccurrence.from_corpus(path, **split)
    estimate = Cooccurrence.estimate(path, **split)
    assert (estimate.words, estimate.records) == (len(counts.vocabulary), counts.nnz)
