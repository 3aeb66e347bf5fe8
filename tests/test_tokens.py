"""Tokens of other tools become documents: CoNLL-U, stanza; spaCy's are in test_spacy.py."""

from __future__ import annotations

import bz2
import gzip
import lzma
from types import SimpleNamespace as Made

import pytest

from glove_rs import FormatError, Vocabulary, tokens

CONLLU = """\
# newdoc id = one
# sent_id = 1
1-2\tDon't\t_\t_\t_\t_\t_\t_\t_\t_
1\tDo\tdo\tAUX\t_\tMood=Imp\t3\taux\t_\t_
2\tn't\tnot\tPART\t_\t_\t3\tadvmod\t_\t_
3\tpanic\t_\tVERB\t_\t_\t0\troot\t_\t_
3.1\tyou\tyou\tPRON\t_\t_\t_\t_\t_\t_
4\t!\t!\tPUNCT\t_\t_\t3\tpunct\t_\t_

1\t_\t_\tSYM\t_\t_\t0\troot\t_\t_

# newdoc
1\tCats\tcat\tNOUN\t_\t_\t0\troot\t_\t_
"""


@pytest.fixture
def file(tmp_path):
    path = tmp_path / "a.conllu"
    path.write_text(CONLLU, encoding="utf-8")
    return path


def test_words_are_lemmas_without_multiword_tokens_and_empty_nodes(file):
    assert list(tokens.from_conllu(file)) == [["do", "not", "panic", "!"], ["_"], ["cat"]]
    forms = [["Do", "n't", "panic", "!"], ["_"], ["Cats"]]
    assert list(tokens.from_conllu(str(file), "form")) == forms
    assert list(tokens.from_conllu([file], "feats")) == [["Mood=Imp"], [], []]


def test_files_in_a_store_are_read_with_its_options(file):
    fsspec = pytest.importorskip("fsspec")
    system = fsspec.filesystem("memory")
    system.pipe("/conllu/a.conllu", file.read_bytes())
    expected = list(tokens.from_conllu(file))
    try:
        for source, options in (("memory://conllu/*", {}), ("/conllu/a.conllu", system)):
            assert list(tokens.from_conllu(source, storage_options=options)) == expected
    finally:
        system.rm("/conllu", recursive=True)
    with pytest.raises(ValueError, match="storage_options must be a dict"):
        tokens.from_conllu(file, storage_options=3)
    with pytest.raises(ValueError, match="storage_options must come with paths"):
        tokens.from_conllu([[{"form": "a"}]], storage_options={})


def test_documents_end_at_newdoc_and_with_the_file(file, tmp_path):
    packed = tmp_path / "b.conllu.gz"
    packed.write_bytes(gzip.compress(CONLLU.replace("# newdoc\n", "").encode()))
    joined = ["do", "not", "panic", "!", "_"]
    found = tokens.from_conllu([file, packed], unit="document")
    assert list(found) == [joined, ["cat"], [*joined, "cat"]]
    assert list(found) == list(found)  # the files are read again


def test_tokens_are_chosen_by_their_columns(file):
    found = tokens.from_conllu(file, keep=lambda token: token["upos"] not in {"PUNCT", "SYM"})
    assert list(found) == [["do", "not", "panic"], [], ["cat"]]
    assert set(Vocabulary.from_corpus(found, min_count=1).words) == {"do", "not", "panic", "cat"}


def test_columns_of_other_formats_are_named(tmp_path):
    path = tmp_path / "conll2003"
    path.write_text(
        "-DOCSTART- -X- O O\n\nEU NNP B-NP B-ORG\n# # O O\n\n-DOCSTART- -X- O O\n\na b c d\n"
    )
    names = ("form", "xpos", "chunk", "entity")
    found = tokens.from_conllu(path, "form", columns=names, unit="document")
    assert list(found) == [["EU", "#"], ["a"]]
    plus = tmp_path / "plus.conllup"
    plus.write_text("# global.columns = ID FORM PARSEME:MWE\n1\tgo\t1:VPC\n\n")
    assert list(tokens.from_conllu(plus, "parseme:mwe")) == [["1:VPC"]]


@pytest.mark.slow
def test_errors_of_conllu_name_file_line_and_columns(file, tmp_path):
    with pytest.raises(ValueError, match=r"column must be one of id, form, lemma, .*got 'lema'"):
        list(tokens.from_conllu(file, "lema"))
    bad = tmp_path / "bad.conllu"
    bad.write_text("# text\n1\tCats\tcat\n")
    with pytest.raises(FormatError, match=r"bad\.conllu, line 2: the line has 3 columns"):
        list(tokens.from_conllu(bad))
    bad.write_bytes(b"1\t\xff\n")
    with pytest.raises(FormatError, match=r"bad\.conllu, line 1: not UTF-8$"):
        list(tokens.from_conllu(bad))
    sentences = CONLLU + "\n\n"
    bad.write_bytes(sentences.encode() * 999 + b"1\t\xff\n")
    line = 999 * sentences.count("\n") + 1
    with pytest.raises(FormatError, match=rf"bad\.conllu, line {line}: not UTF-8$"):
        list(tokens.from_conllu(bad))
    # The text is longer than the blocks of two megabytes that are decoded together.
    text = ("\ufeff" + sentences * 6000).encode("utf-16-le")
    for end in (b"\x00\xdc", b"\x00\xdc" + text[2:], b"\x00"):
        bad.write_bytes(text + end)
        with pytest.raises(FormatError, match=rf"bad\.conllu, byte {len(text)}: invalid UTF-16"):
            list(tokens.from_conllu(bad))
    packed = gzip.compress(CONLLU.encode())[:-30]
    bad.write_bytes(packed)
    end = rf"bad\.conllu, byte {len(packed)}: the gzip data are damaged or cut off"
    with pytest.raises(FormatError, match=end):
        list(tokens.from_conllu(bad))
    damaged = bytearray(bz2.compress(CONLLU.encode()))
    damaged[len(damaged) // 2] ^= 255
    bad.write_bytes(damaged)
    with pytest.raises(FormatError, match=r"bad\.conllu, byte \d+: the bzip2 data are damaged"):
        list(tokens.from_conllu(bad))
    with pytest.raises(FileNotFoundError):
        tokens.from_conllu(tmp_path / "missing.conllu")
    with pytest.raises(TypeError, match="source must be a path"):
        tokens.from_conllu(3)
    with pytest.raises(ValueError, match="unit must be"):
        tokens.from_conllu(file, unit="word")


@pytest.mark.parametrize("pack", [bz2.compress, lzma.compress], ids=["bzip2", "xz"])
def test_later_streams_of_a_packed_file_are_read_or_refused(tmp_path, pack):
    file = tmp_path / "f.conllu"
    file.write_text(CONLLU + "\n")
    once = list(tokens.from_conllu(file))
    packed = pack(f"{CONLLU}\n".encode())
    file.write_bytes(packed * 3)
    assert list(tokens.from_conllu(file)) == once * 3
    middle = len(packed) // 2
    for end in (
        b"?" + packed[1:],
        packed[:4] + bytes(9) + packed[13:],
        packed[:middle] + bytes(9) + packed[middle + 9 :],
        packed[:-1],
        packed + b"junk",
    ):
        file.write_bytes(packed + end)
        with pytest.raises(FormatError, match=r"f\.conllu, byte \d+: the .* data are damaged or"):
            list(tokens.from_conllu(file))


def test_parsed_sentences_of_libraries_are_read():
    mappings = [
        {"id": (1, "-", 2), "form": "don't", "lemma": "_"},
        {"id": 1, "form": "do", "lemma": "do", "feats": {"Mood": "Imp"}},
        {"id": 2, "form": "n't", "lemma": None, "feats": None},
    ]
    assert list(tokens.from_conllu([mappings])) == [["do", "n't"]]
    assert list(tokens.from_conllu([mappings[1:]], "feats")) == [["Mood=Imp"]]
    objects = [Made(id="1-2", form="x", lemma=None), Made(id="1", form="Cats", lemma="cat")]
    assert list(tokens.from_conllu([objects])) == [["cat"]]
    with pytest.raises(ValueError, match="column must be one of id, form, lemma, got 'upos'"):
        list(tokens.from_conllu([objects], "upos"))
    with pytest.raises(TypeError, match="parsed tokens, got the token 'a'"):
        list(tokens.from_conllu(iter([["a"]])))


def document(*sentences):
    words = [
        [Made(text=text, lemma=lemma, upos="X", id=1) for text, lemma in sentence]
        for sentence in sentences
    ]
    return Made(sentences=[Made(words=some) for some in words])


def test_words_of_stanza_are_documents_or_sentences():
    one = document([("Cats", "cat"), ("sat", "sit")], [("Oh", None), ("dogs", "dog")])
    assert list(tokens.from_stanza(one)) == [["cat", "sit", "dog"]]
    assert list(tokens.from_stanza([one, one], unit="sentence")) == [["cat", "sit"], ["dog"]] * 2
    chosen = tokens.from_stanza(one, "text", keep=lambda word: word.lemma is not None)
    assert list(chosen) == [["Cats", "sat", "dogs"]]
    both = tokens.from_stanza(one, lambda word: f"{word.text}|{word.upos}", unit="sentence")
    assert list(both) == [["Cats|X", "sat|X"], ["Oh|X", "dogs|X"]]


def test_missing_annotations_and_other_objects_are_refused():
    with pytest.raises(ValueError, match="no token of document 1 has lemma"):
        list(tokens.from_stanza([document([("a", "b")]), document([("a", None)])]))
    with pytest.raises(TypeError, match="Documents of stanza, got 'text'"):
        list(tokens.from_stanza(["text"]))
    with pytest.raises(TypeError, match="attribute must give a str, but id gives 1"):
        list(tokens.from_stanza(document([("a", "b")]), "id"))
    with pytest.raises(TypeError, match=r"Docs of spaCy, got 'text': pass nlp\.pipe"):
        list(tokens.from_spacy(["text"]))


def test_columns_of_one_str_are_refused(file):
    with pytest.raises(TypeError, match=r"columns must be a sequence of names .*, got 'form'"):
        tokens.from_conllu(file, columns="form")
    with pytest.raises(TypeError, match="columns must be a sequence of names"):
        tokens.from_conllu([], columns=["form", 3])
    with pytest.raises(ValueError, match="columns must have at least one name"):
        tokens.from_conllu(file, columns=[])
