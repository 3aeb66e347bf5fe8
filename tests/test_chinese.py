"""Tests of the tokenizer "zh": user dictionaries and the simplified look-up."""

from __future__ import annotations

import os
import threading
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
    _user_dictionary,
    _word_lists,
    compare,
    kwic,
)
from glove_rs._io import text_file
from glove_rs.cli import main

ZH = {"tokenizer": "zh", "min_count": 1}
RUN = {**ZH, "dim": 4, "epochs": 2, "threads": 1, "progress": False}
MADE_UP = "糊涂虫机器"
TEXT = ["糊涂虫机器是自然語言的朋友"] * 3


def words(text, **settings):
    return set(Vocabulary.from_corpus([text], **ZH, **settings).words)


@pytest.mark.slow
def test_traditional_words_are_found_and_keep_their_characters():
    assert "自然語言" not in words("自然語言")
    assert words("自然語言", simplified_lookup=True) == {"自然語言"}


@pytest.mark.slow
def test_words_of_a_list_or_a_file_stay_whole(tmp_path):
    path = tmp_path / "words.txt"
    path.write_bytes(f"\ufeff{MADE_UP} 3 n\r\n\n石墨烯\n云 nz\n".encode())
    assert MADE_UP not in words(TEXT[0])
    for given in ([MADE_UP], [f"{MADE_UP} 1000000"], (MADE_UP,), path, str(path)):
        X = Cooccurrence.from_corpus(TEXT, **ZH, user_dictionary=given)
        assert MADE_UP in X.vocabulary


@pytest.mark.slow
def test_a_traditional_entry_matches_simplified_text_with_the_simplified_look_up():
    given = {"user_dictionary": ["糊塗蟲機器"]}
    assert MADE_UP not in words(TEXT[0], **given)
    assert MADE_UP in words(TEXT[0], **given, simplified_lookup=True)


@pytest.mark.parametrize(
    "line",
    [b"a b c d", b"a 0", b"a -1", b"a 1.5", b"a 99999999999", "a １".encode(), b"a n 3", b"a\xff"],
)
def test_a_bad_line_is_named_with_its_path(line, tmp_path):
    path = tmp_path / "words.txt"
    path.write_bytes(b"good 3 n\n" + line + b"\n")
    with pytest.raises(FormatError, match=r"words\.txt: line 2"):
        words("a", user_dictionary=path)


@pytest.mark.parametrize("given", [7, [1], ["a b c d"], ["a 0"], b"a", ["\ud800"]])
def test_a_bad_list_is_a_value_error(given):
    with pytest.raises(ValueError, match="user_dictionary"):
        words("a", user_dictionary=given)


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(FileNotFoundError, match="missing"):
        words("a", user_dictionary=tmp_path / "missing")


@pytest.mark.parametrize("tokenizer", ["whitespace", "unicode", str.split])
@pytest.mark.parametrize("given", [{"user_dictionary": ["a"]}, {"simplified_lookup": True}])
def test_another_tokenizer_is_refused(tokenizer, given):
    with pytest.raises(ValueError, match=r"must come with tokenizer='zh'"):
        Glove(tokenizer=tokenizer, **given).fit(TEXT)
    with pytest.raises(ValueError, match=r"must come with tokenizer='zh'"):
        Cooccurrence.estimate(TEXT, tokenizer=tokenizer, **given)


@pytest.mark.slow
def test_a_saved_model_and_a_checkpoint_do_not_need_the_file(tmp_path):
    path = tmp_path / "words.txt"
    path.write_text(f"{MADE_UP} 1000000 n\n", encoding="utf-8")
    settings = {**RUN, "user_dictionary": path, "simplified_lookup": True}
    folder = tmp_path / "checkpoint"
    model = Glove(**settings).fit(TEXT, checkpoint_dir=folder)
    model.save(tmp_path / "model")
    taken = {name: settings[name] for name in (*ZH, "user_dictionary", "simplified_lookup")}
    counts = Cooccurrence.from_corpus(TEXT, **taken)
    path.unlink()
    loaded = Glove.load(tmp_path / "model")
    assert loaded.user_dictionary == [f"{MADE_UP} 1000000"]
    assert loaded.simplified_lookup is True
    loaded.update(["自然語言和糊涂虫机器"], counts=counts)
    assert {MADE_UP, "自然語言"} <= set(loaded.vocabulary.words)
    assert len(kwic.contexts(TEXT, MADE_UP, model=loaded)) == 3
    again = {**settings, "user_dictionary": [f"{MADE_UP} 1000000"]}
    Glove(**again).fit(TEXT, checkpoint_dir=folder, resume=True)
    with pytest.raises(ValueError, match=r"user_dictionary=.*differs from the checkpoint"):
        Glove(**{**again, "user_dictionary": ["石"]}).fit(TEXT, checkpoint_dir=folder, resume=True)


def test_the_command_line_takes_both(tmp_path):
    (tmp_path / "text").write_text("\n".join(TEXT), encoding="utf-8")
    (tmp_path / "words").write_text(MADE_UP, encoding="utf-8")
    out = tmp_path / "vocab.txt"
    options = ["--tokenizer", "zh", "--min-count", "1", "--simplified-lookup"]
    given = ["--user-dictionary", str(tmp_path / "words")]
    main(["vocab", str(tmp_path / "text"), *options, *given, "-o", str(out)])
    found = {line.split()[0] for line in out.read_text(encoding="utf-8").splitlines()}
    assert {MADE_UP, "自然語言"} <= found


# --- words that can be read only once, and files that change after training ---------------------


def _pipe(path: Path, text: str) -> threading.Thread:
    os.mkfifo(path)
    thread = threading.Thread(target=path.write_text, args=(text,), kwargs={"encoding": "utf-8"})
    thread.start()
    return thread


@pytest.mark.parametrize("way", ["generator", "open file", "pipe"])
def test_words_that_can_be_read_once_are_read_once(tmp_path, way):
    path, thread = tmp_path / "words.txt", None
    if way == "pipe":
        thread = _pipe(path, "糊涂虫机器\n")
        given = path
    else:
        path.write_text("糊涂虫机器\n", encoding="utf-8")
        given = iter(["糊涂虫机器"]) if way == "generator" else path.open(encoding="utf-8")
    model = Glove(tokenizer="zh", user_dictionary=given, min_count=1, dim=4, epochs=2)
    model.fit(["糊涂虫机器很好用吗"] * 20)
    if thread is not None:
        thread.join()
    assert "糊涂虫机器" in model.vocabulary
    assert model.settings_["user_dictionary"] == ["糊涂虫机器"]
    model.update(["糊涂虫机器很好用吗"] * 3)
    assert model.settings_["user_dictionary"] == ["糊涂虫机器"]
    if way == "open file":
        given.close()


def test_a_keyword_is_found_in_the_words_of_a_fit():
    text = ["他用ＡＢＣ机器很好", "ABC机器坏了", "Abc机器"]
    settings = {"tokenizer": "zh", "lowercase": True, "normalize": "NFKC"}
    settings["user_dictionary"] = ["ABC机器 100000"]
    words = Vocabulary.from_corpus(text, min_count=1, **settings).words
    found = kwic.contexts(text, "ABC机器", **settings)
    assert [context.keyword for context in found] == ["abc机器"] * 3
    assert {word for context in found for word in (*context.left, *context.right)} < set(words)


CALLS = {
    "Glove.fit": lambda text, **own: Glove(dim=4, epochs=1, **own).fit(text),
    "Glove.estimate": lambda text, **own: Glove(dim=4, epochs=1, **own).estimate(text),
    "Vocabulary": lambda text, **own: Vocabulary.from_corpus(text, **own),
    "Cooccurrence": lambda text, **own: Cooccurrence.from_corpus(text, **own),
    "Cooccurrence.estimate": lambda text, **own: Cooccurrence.estimate(text, **own),
    "kwic": lambda text, min_count, **own: kwic.contexts(text, "很", **own),
    "bootstrap": lambda text, **own: glove_rs.bootstrap(Glove(dim=4, epochs=1, **own), text, 1),
    "slices": lambda text, **own: compare.slices(
        Glove(dim=4, epochs=1, **own), text, ["a", "b"] * 10
    ),
}


@pytest.mark.parametrize("call", CALLS)
def test_a_file_of_words_is_read_once_by_each_call(tmp_path, monkeypatch, call):
    paths = {"user_dictionary": tmp_path / "user", "stop_words": tmp_path / "stop"}
    for path in paths.values():
        path.write_text("机器\n", encoding="utf-8")
    paths["phrases"] = tmp_path / "phrases"
    Phrases.learn(["机器 很 好"] * 9, min_count=1, threshold=0.1).save(paths["phrases"])
    opened = []

    def counting_open(file, *arguments, **options):
        opened.append(str(file))
        return open(file, *arguments, **options)

    for module in _word_lists, _user_dictionary, text_file:
        monkeypatch.setattr(module, "open", counting_open, raising=False)
    given = {name: str(path) for name, path in paths.items()}
    CALLS[call](["糊涂虫机器很好用吗"] * 20, tokenizer="zh", min_count=1, **given)
    assert sorted(opened) == sorted(given.values())


@pytest.mark.parametrize(
    "read",
    [Vocabulary.from_corpus, Cooccurrence.from_corpus, Cooccurrence.estimate, Phrases.learn],
)
def test_a_pipe_of_words_is_read_once_by_each_function(tmp_path, read):
    """A second reading of the pipe would wait for another writer for ever."""
    pipe = tmp_path / "pipe"
    thread = _pipe(pipe, "糊涂虫机器\n")
    least = {} if read == Phrases.learn else {"min_count": 1}
    found = read(["糊涂虫机器很好用吗"] * 9, tokenizer="zh", user_dictionary=pipe, **least)
    thread.join()
    if isinstance(found, Vocabulary):
        assert "糊涂虫机器" in found
    if read != Phrases.learn:
        thread = _pipe(tmp_path / "stop", "的\n")
        read(["的 a b"] * 9, stop_words=tmp_path / "stop", **least)
        thread.join()


def test_a_generator_of_stop_words_drops_them():
    model = Glove(stop_words=(word for word in ["the"]), min_count=1, dim=4, epochs=2)
    model.fit(["the ice and the steam"] * 20)
    assert "the" not in model.vocabulary


@pytest.mark.parametrize("name", ["user_dictionary", "stop_words"])
@pytest.mark.parametrize("change", [Path.unlink, lambda path: path.write_text("其他\n", "utf-8")])
def test_a_trained_model_keeps_the_content_of_a_file(tmp_path, name, change):
    path, text = tmp_path / "words.txt", ["糊涂虫机器很好用吗"] * 20
    path.write_text("糊涂虫机器\n" if name == "user_dictionary" else "很\n", encoding="utf-8")
    model = Glove(tokenizer="zh", **{name: str(path)}, min_count=1, dim=4, epochs=2).fit(text)
    content, words = model.settings_[name], set(model.vocabulary.words)
    change(path)
    model.save(tmp_path / "model.glove")
    loaded = Glove.load(tmp_path / "model.glove")
    assert loaded.settings_[name] == getattr(loaded, name) == content
    assert set(model.update(text).vocabulary.words) == words
    assert model.settings_[name] == content
    assert model.infer_vector(["糊涂虫机器很新词用吗"], word="新词").shape == (4,)
    assert np.isfinite(model.score(text))


@pytest.mark.slow
def test_a_large_dictionary_is_saved_and_read_again(tmp_path):
    words = [chr(0x4E00 + i % 2000) + chr(0x4E00 + i // 2000) + "词条" for i in range(80_000)]
    model = Glove(tokenizer="zh", user_dictionary=words, min_count=1, dim=4, epochs=2)
    model.fit(["糊涂虫机器很好用吗"] * 20).save(tmp_path / "model.glove")
    assert Glove.load(tmp_path / "model.glove").user_dictionary == words
    with pytest.raises(ValueError, match="user_dictionary must have at most 1048576 bytes"):
        Glove(tokenizer="zh", user_dictionary=[word * 10 for word in words]).fit(["糊涂虫"])
