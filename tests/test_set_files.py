"""Files of evaluation sets: how the kind of a set is recognised, and what is read from a file."""

from __future__ import annotations

import gzip

import pytest
from hypothesis import given
from hypothesis import strategies as st

from glove_rs import FormatError
from glove_rs.evaluation._set_files import (
    SetFile,
    kind_of,
    read_categories,
    read_pairs,
    read_questions,
)


def written(folder, text, name="set.txt"):
    path = folder / name
    path.write_bytes(text.encode())
    return path


PAIRS = ([("king", "queen"), ("cat", "dog")], [9.0, 7.5])


@pytest.mark.parametrize(
    "text",
    [
        "king\tqueen\t9\ncat\tdog\t7.5\n",
        "king,queen,9\ncat,dog,7.5\n",
        "king;queen;9\ncat;dog;7.5\n",
        "king queen 9\ncat dog 7.5\n",
        "King\tQueen\t 9\nCAT\tdog\t7.5",
        "king\tqueen\t9\r\n\r\ncat\tdog\t7.5\r\n",
        "\ufeffking\tqueen\t9\ncat\tdog\t7.5\n",
        # Comments and names of columns, as in wordsim353 and SimLex-999.
        "# The collection (https://example.org)\n# Word 1\tWord 2\tHuman (mean)\n"
        "king\tqueen\t9\ncat\tdog\t7.5\n",
        "Word 1,Word 2,Human (mean)\nking,queen,9\ncat,dog,7.5\n",
        "word1\tword2\tPOS\tSimLex999\tconc(w1)\nking\tqueen\tN\t9\t4.1\ncat\tdog\tN\t7.5\t4.9\n",
        # Ratings of several people follow the mean.
        "king\tqueen\t9\t8\t10\ncat\tdog\t7.5\t7\t8\n",
        '"king","queen",9\n"cat","dog",7.5\n',
        # As pandas writes a frame with its index: the index has no name, there is no header, or
        # the index has a name.
        ",word1,word2,similarity\n0,king,queen,9\n1,cat,dog,7.5\n",
        "\tword1\tword2\tsimilarity\n0\tking\tqueen\t9\n1\tcat\tdog\t7.5\n",
        "1,king,queen,9\n2,cat,dog,7.5\n",
        "id,word1,word2,similarity\n1,king,queen,9\n2,cat,dog,7.5\n",
    ],
)
def test_rated_pairs_are_read_in_every_usual_form(tmp_path, text):
    path = written(tmp_path, text)
    assert kind_of(SetFile(path)) == "similarity"
    assert read_pairs(path, lowercase=True) == PAIRS


def test_pairs_of_numbers_are_not_taken_for_row_numbers(tmp_path):
    path = written(tmp_path, "0 1 5\n1 2 4.5\n2 3 4\n")
    assert read_pairs(path, True) == ([("0", "1"), ("1", "2"), ("2", "3")], [5.0, 4.5, 4.0])
    path = written(tmp_path, "1 king queen 9\n1 cat dog 7\n")
    assert read_pairs(path, True)[0] == [("1", "king"), ("1", "cat")]


CATEGORIES = (["cat", "dog", "pear"], ["animal", "animal", "fruit"])


@pytest.mark.parametrize(
    "text",
    [
        "cat\tanimal\ndog\tanimal\npear\tfruit\n",
        "cat,animal\ndog,animal\npear,fruit\n",
        "cat;animal\ndog;animal\npear;fruit\n",
        "cat animal\ndog animal\npear fruit\n",
        "# categories\nCat\tanimal\nDog\tanimal\n\npear\tfruit\n",
        "word\tcategory\ncat\tanimal\ndog\tanimal\npear\tfruit\n",
        # The category is in the first column.
        "animal\tcat\nanimal\tdog\nfruit\tpear\n",
        ",category,word\n0,animal,cat\n1,animal,dog\n2,fruit,pear\n",
        "category word\nanimal cat\nanimal dog\nfruit pear\n",
    ],
)
def test_categorised_words_are_read_in_every_usual_form(tmp_path, text):
    path = written(tmp_path, text)
    assert kind_of(SetFile(path)) == "categories"
    assert read_categories(path, lowercase=True) == CATEGORIES


def test_categories_keep_their_case_and_words_on_request(tmp_path):
    path = written(tmp_path, "Cat\tAnimal\nDog\tAnimal\nPear\tFruit\n")
    assert read_categories(path, True) == (["cat", "dog", "pear"], ["Animal", "Animal", "Fruit"])
    assert read_categories(path, False)[0] == ["Cat", "Dog", "Pear"]


@pytest.mark.parametrize(
    ("text", "line", "reason"),
    [
        ("cat\tanimal\ndog\n", 2, "expected a word and its category: 'dog'"),
        ("cat\tanimal\ndog\tanimal\textra\n", 2, "expected a word and its category"),
        ("cat,animal\n# note\n\ndog,\n", 4, "expected a word and its category"),
        ("cat\tanimal\ndog\tanimal\n", 1, "at least two categories"),
        ("cat\tanimal\npear\tfruit\n", 1, "fewer categories than words, found 2 of 2 words"),
        ("", 1, "at least two categories"),
        ("word\tcategory\n", 1, "at least two categories"),
    ],
)
def test_a_malformed_category_names_file_and_line(tmp_path, text, line, reason):
    with pytest.raises(FormatError, match=rf"set\.txt:{line}: .*{reason}"):
        read_categories(written(tmp_path, text), True)


@pytest.mark.parametrize(
    "text",
    [
        ": family\nking queen man woman\n",
        "king queen man woman\ncat cats dog dogs\n",
        "# Questions of Mikolov et al.\n: family\nking queen man woman\n",
        "# four words a line\nking queen man woman\nboy girl man woman\n",
        "king\tqueen\tman\twoman\n",
    ],
)
def test_questions_are_recognised_with_and_without_sections(tmp_path, text):
    path = written(tmp_path, text)
    assert kind_of(SetFile(path)) == "analogies"
    _, owner, questions = read_questions(path)
    assert ("king", "queen", "man", "woman") in questions
    lines = [line for line in text.splitlines() if line[0] not in "#:"]
    assert len(owner) == len(questions) == len(lines)


def test_a_hash_below_the_first_section_is_a_word(tmp_path):
    path = written(tmp_path, ": signs\n# hash & and\n")
    assert read_questions(path)[2] == [("#", "hash", "&", "and")]


@pytest.mark.parametrize(
    "text",
    [
        "",
        "# nothing but a comment\n",
        "This folder holds the sets that we use.\nTheir licences differ.\n",
        "In 1990 the set was made by many people whose names are not known to us today, and "
        "it has 353 pairs.\nIn 2009 it was cut in two by 3 people, who say why in a paper of "
        "their own that has 8 pages or more.\n",
        # Vectors and vocabularies.
        "the 0.1 0.2 0.3\nof 0.4 0.5 0.6\n",
        "2 3\nthe 0.1 0.2 0.3\n",
        "the 1000\nof 900\n",
        "word\n",
    ],
)
def test_other_files_are_no_set(tmp_path, text):
    assert kind_of(SetFile(written(tmp_path, text))) is None


def test_a_packed_set_is_read(tmp_path):
    path = tmp_path / "pairs.tsv.gz"
    path.write_bytes(gzip.compress(b"king\tqueen\t9\ncat\tdog\t7.5\n"))
    assert read_pairs(path, True) == PAIRS


WORD = st.text(st.characters(categories=("L", "M")), min_size=1, max_size=6).filter(
    lambda word: word == word.strip() and float_of(word) is None
)


def float_of(text):
    try:
        return float(text)
    except ValueError:
        return None


@pytest.mark.slow
@given(
    st.lists(st.tuples(WORD, WORD, st.floats(-100, 100)), min_size=1, max_size=20),
    st.sampled_from(["\t", ";", ",", " "]),
    st.booleans(),
    st.booleans(),
)
def test_any_pairs_are_read_as_they_were_written(tmp_path, pairs, separator, numbered, header):
    lines = [separator.join([one, other, repr(rating)]) for one, other, rating in pairs]
    if numbered:
        lines = [f"{number}{separator}{line}" for number, line in enumerate(lines)]
    # In a single row, the first field cannot be recognised as a row number, so a header is needed.
    if header or (numbered and len(pairs) == 1):
        names = ["word1", "word2", "mean"]
        lines.insert(0, separator.join(["id", *names] if numbered else names))
    path = written(tmp_path, "\n".join(lines))
    assert kind_of(SetFile(path)) == "similarity"
    words, ratings = read_pairs(path, lowercase=False)
    assert words == [(one, other) for one, other, _ in pairs]
    assert ratings == [rating for _, _, rating in pairs]


@pytest.mark.slow
@given(
    st.lists(st.tuples(WORD, WORD, WORD, WORD), min_size=2, max_size=20),
    st.lists(WORD, max_size=3, unique=True),
)
def test_any_questions_are_read_as_they_were_written(tmp_path, questions, sections):
    lines = [" ".join(question) for question in questions]
    for name in sections:
        lines.insert(0, f": {name}")
    path = written(tmp_path, "\n".join(lines))
    assert kind_of(SetFile(path)) == "analogies"
    names, owner, found = read_questions(path)
    assert found == questions
    assert names == ([*reversed(sections)] or ["set"])
    assert set(owner) == {len(names) - 1}


@pytest.mark.slow
@given(st.dictionaries(WORD, st.sampled_from(["alpha", "beta", "gamma"]), min_size=4, max_size=30))
def test_any_categories_are_read_as_they_were_written(tmp_path, categories):
    if not 1 < len(set(categories.values())) < len(categories):
        return
    path = written(tmp_path, "\n".join(f"{word}\t{name}" for word, name in categories.items()))
    assert kind_of(SetFile(path)) == "categories"
    assert read_categories(path, False) == ([*categories], [*categories.values()])
