"""Subword models: vectors of any word from its character n-grams."""

from __future__ import annotations

import gzip
import io
import json
import pickle
import zlib

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from glove_rs import FormatError, Glove, Subwords, Vocabulary, WordVectors, _core
from glove_rs.vectors import UnknownWord
from program import answer, done, reason

STEMS = ["walk", "talk", "play", "jump", "climb", "paint", "cook", "clean", "call", "help"]
ENDINGS = ["", "s", "ed", "ing", "er", "ers"]
WORDS = [stem + ending for stem in STEMS for ending in ENDINGS]
DIM = 7


@pytest.fixture(scope="module")
def wv():
    """The vector of a word is the sum of a vector for its stem and one for its ending."""
    rng = np.random.default_rng(0)
    stems, endings = rng.normal(size=(len(STEMS), DIM)), rng.normal(size=(len(ENDINGS), DIM))
    matrix = (stems[:, None] + endings[None]).reshape(-1, DIM)
    return WordVectors(WORDS, matrix.astype(np.float32))


@pytest.fixture(scope="module")
def subwords(wv):
    return Subwords.fit(wv, threads=1)


def ngrams(word, least=3, most=6):
    """The n-grams of a word by their definition."""
    marked = f"<{word}>"
    return {
        marked[start : start + n]
        for n in range(least, most + 1)
        for start in range(len(marked) - n + 1)
        if n > 1 or 0 < start < len(marked) - 1
    }


def dense(words, kept, least=3, most=6):
    """The design matrix of words and kept n-grams, as an array."""
    matrix = np.zeros((len(words), len(kept)))
    for row, word in zip(matrix, words, strict=True):
        having = [kept.index(ngram) for ngram in ngrams(word, least, most) if ngram in kept]
        row[having] = 1 / np.sqrt(max(len(having), 1))
    return matrix


def kept_ngrams(words, min_words, least=3, most=6):
    """The n-grams that at least `min_words` of `words` have."""
    all_ngrams = [ngram for word in words for ngram in ngrams(word, least, most)]
    return sorted({ngram for ngram in all_ngrams if all_ngrams.count(ngram) >= min_words})


def test_the_prediction_is_that_of_ridge_regression(wv):
    counts = np.arange(len(WORDS)) * 7
    subwords = Subwords.fit(wv, counts=counts.tolist(), penalty=0.5, steps=200)
    kept = kept_ngrams(WORDS, 3)
    assert len(subwords) == len(kept)
    a = dense(WORDS, kept)
    c = np.minimum(1, np.sqrt(counts / 200))[:, None]
    b = np.linalg.solve(a.T @ (c * a) + 0.5 * np.eye(len(kept)), a.T @ (c * wv.vectors))
    unseen = ["painting", "calling", "walkable"]
    np.testing.assert_allclose(subwords.predict(unseen), dense(unseen, kept) @ b, atol=1e-4)
    np.testing.assert_allclose(subwords.predict(WORDS), a @ b, atol=1e-4)


def test_an_unseen_form_gets_the_vector_of_its_stem_and_ending(wv):
    # The model never sees "helping".
    rest = [row for row, word in enumerate(WORDS) if word != "helping"]
    subwords = Subwords.fit(WordVectors([WORDS[row] for row in rest], wv.vectors[rest]))
    guess, truth = subwords.predict("helping"), wv["helping"]
    assert guess @ truth / np.linalg.norm(guess) / np.linalg.norm(truth) > 0.8


def test_the_result_has_the_same_bits_for_any_number_of_threads(wv, subwords):
    for threads in (2, 5):
        other = Subwords.fit(wv, threads=threads)
        np.testing.assert_array_equal(other._core.to_bytes(), subwords._core.to_bytes())


def test_a_word_that_occurs_more_often_weighs_more(wv):
    matrix = np.zeros((2, 1), dtype=np.float32)
    matrix[0] = 1
    two = WordVectors(["abcd", "abce"], matrix)
    heavy = Subwords.fit(two, counts=[1000, 2], min_words=2).predict("abcd")
    light = Subwords.fit(two, counts=[2, 1000], min_words=2).predict("abcd")
    assert heavy > light
    by_vocabulary = Subwords.fit(two, counts=Vocabulary(["abce", "abcd"], [2, 1000]), min_words=2)
    np.testing.assert_array_equal(by_vocabulary.predict("abcd"), heavy)


def test_many_words_get_the_same_vectors_as_one_after_the_other(subwords):
    words = [f"walk{ending}{number}" for number in range(400) for ending in ENDINGS]
    together = subwords.predict(words)
    assert together.shape == (2400, DIM)
    assert together.dtype == np.float32
    for place in (0, 1234, 2399):
        np.testing.assert_array_equal(together[place], subwords.predict(words[place]))
    assert subwords.predict([]).shape == (0, DIM)


def test_short_words_have_short_ngrams():
    words = ["自然", "自己", "自我", "语言", "语法", "语音", "然后", "音乐"]
    wv = WordVectors(words, np.eye(8, dtype=np.float32))
    subwords = Subwords.fit(wv, min_words=2)
    assert (subwords.min_n, subwords.max_n) == (1, 3)
    assert set(subwords.ngrams("自然")) == {"<自", "自", "然"}
    given = Subwords.fit(wv, min_words=2, min_n=2, max_n=2)
    assert given.ngrams("自然") == ["<自"]


def test_unknown_spelling_is_a_key_error_that_says_so(subwords):
    assert "walkable" in subwords
    assert "語" not in subwords
    assert 3 not in subwords
    np.testing.assert_array_equal(subwords.covers(["walkable", "語", ""]), [True, False, False])
    for words in ("語", ["walkable", "語"]):
        with pytest.raises(KeyError, match="'語' has no vector: none of its character n-grams"):
            subwords.predict(words)


# --- files ----------------------------------------------------------------------------------------


def test_a_saved_model_is_read_as_it_was(subwords, tmp_path):
    for name in ("subwords", "subwords.gz"):
        subwords.save(tmp_path / name)
        read = Subwords.load(tmp_path / name)
        np.testing.assert_array_equal(read._core.to_bytes(), subwords._core.to_bytes())
    content = gzip.decompress((tmp_path / "subwords.gz").read_bytes())
    assert content == (tmp_path / "subwords").read_bytes()
    assert len(Subwords.load(io.BytesIO(content))) == len(subwords)
    assert repr(pickle.loads(pickle.dumps(subwords))) == repr(subwords)
    assert _core.recognise(tmp_path / "subwords")[0] == "subwords"


@pytest.mark.slow
def test_a_file_that_is_cut_or_damaged_is_refused(subwords, tmp_path):
    path = tmp_path / "subwords"
    subwords.save(path)
    good = path.read_bytes()
    rng = np.random.default_rng(1)
    for place in [*range(64), *rng.integers(64, len(good), 60).tolist()]:
        for bad in (good[:place], good[:place] + bytes([good[place] ^ 4]) + good[place + 1 :]):
            path.write_bytes(bad)
            with pytest.raises(FormatError, match="subwords"):
                Subwords.load(path)


def test_another_file_is_called_what_it_is(subwords, wv, tmp_path):
    wv.save(tmp_path / "vectors")
    with pytest.raises(FormatError, match="this is not a subword model but word vectors"):
        Subwords.load(tmp_path / "vectors")
    subwords.save(tmp_path / "subwords")
    with pytest.raises(FormatError, match=r"not vectors but a subword model .* Subwords\.load"):
        WordVectors.load(tmp_path / "subwords")
    with pytest.raises(ValueError, match=r"must not end in \.txt"):
        subwords.save(tmp_path / "subwords.txt")


# --- parameters -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        ({"min_n": 0, "max_n": 3}, "min_n must be an integer >= 1"),
        ({"min_n": 4, "max_n": 3}, "max_n must be an integer from min_n=4 to 20, got 3"),
        ({"min_n": 4}, "max_n must be given with min_n"),
        ({"max_n": 4}, "min_n must be given with max_n"),
        ({"max_n": 21, "min_n": 2}, "max_n must be an integer from min_n=2 to 20, got 21"),
        ({"min_words": 0}, "min_words must be an integer >= 1, got 0"),
        ({"penalty": 0}, "penalty must be a finite number > 0, got 0"),
        ({"penalty": 1e-60}, "penalty must be"),
        ({"steps": 0}, "steps must be an integer >= 1, got 0"),
        ({"threads": 0}, "threads must be"),
        ({"counts": [1, 2]}, "counts must be an integer >= 0 for each of the 60 words"),
        ({"counts": [-1] * 60}, "counts must be"),
        ({"counts": [0.5] * 60}, "counts must be"),
    ],
)
def test_bad_parameters_are_named(wv, parameters, message):
    with pytest.raises(ValueError, match=message):
        Subwords.fit(wv, **parameters)


def test_vectors_that_are_not_finite_are_refused():
    wv = WordVectors(["walk", "walks"], np.array([[np.nan], [1.0]]))
    with pytest.raises(ValueError, match="vectors must be finite numbers"):
        Subwords.fit(wv)


def test_progress_is_reported(wv):
    seen = []
    Subwords.fit(wv, steps=9, progress=lambda *args: seen.append(args))
    assert seen[-1][:3] == ("subwords", 9, 9)


# --- with word vectors ----------------------------------------------------------------------------


@pytest.fixture
def complete(wv, subwords):
    """The vectors with their subword model."""
    both = WordVectors(WORDS, wv.vectors.copy())
    both.subwords = subwords
    return both


def test_known_words_keep_their_vectors_and_others_are_predicted(complete, subwords):
    np.testing.assert_array_equal(complete.vector_of("walks"), complete["walks"])
    np.testing.assert_array_equal(complete.vector_of("walkies"), subwords.predict("walkies"))
    mixed = complete.vector_of(["walkies", "walks", 0, "talkies"])
    np.testing.assert_array_equal(mixed[1:3], complete.vectors[[1, 0]])
    np.testing.assert_array_equal(mixed[[0, 3]], subwords.predict(["walkies", "talkies"]))
    assert complete.vector_of([]).shape == (0, DIM)
    assert "walkies" not in complete
    with pytest.raises(KeyError, match="not present in vocabulary"):
        complete["walkies"]


def test_without_subwords_an_unknown_word_has_no_vector(wv):
    assert wv.subwords is None
    with pytest.raises(UnknownWord, match="did you mean 'walks'"):
        wv.vector_of(["walk", "walkss"])


def test_a_word_without_known_ngrams_is_a_key_error_that_says_so(complete):
    for query in (complete.vector_of, complete.most_similar, lambda w: complete.similarity(w, w)):
        with pytest.raises(KeyError, match="'語' has no vector: none of its character n-grams"):
            query("語")
    for key in (99, -1):
        with pytest.raises(UnknownWord):
            complete.vector_of(key)


def test_queries_take_unknown_words(complete):
    # The prediction for a form of a known stem is near the other forms.
    near = [word for word, _ in complete.most_similar("jumpings", topn=3)]
    assert any(word.startswith("jump") for word in near)
    vector = complete.vector_of("jumpings")
    assert complete.most_similar("jumpings") == complete.most_similar([vector])
    assert complete.most_similar("jumpings", topn=None).shape == (len(WORDS),)
    assert complete.most_similar_cosmul("jumpings", topn=2)
    expected = vector @ complete["jump"] / np.linalg.norm(vector) / np.linalg.norm(complete["jump"])
    assert complete.similarity("jumpings", "jump") == pytest.approx(expected, rel=1e-5)
    assert complete.distances("jumpings", ["jump"])[0] == pytest.approx(1 - expected, abs=1e-5)
    assert complete.analogy("walk", "walking", "helps", topn=1)
    mean = complete.get_mean_vector(["jumpings", "語"], pre_normalize=False)
    np.testing.assert_allclose(mean, vector, rtol=1e-6)


def test_loaded_vectors_get_a_subword_model(wv, subwords, tmp_path):
    wv.save(tmp_path / "vectors")
    subwords.save(tmp_path / "subwords")
    content = io.BytesIO((tmp_path / "subwords").read_bytes())
    for source in (subwords, tmp_path / "subwords", content):
        read = WordVectors.load(tmp_path / "vectors", subwords=source)
        np.testing.assert_array_equal(read.vector_of("walkies"), subwords.predict("walkies"))
    copy = pickle.loads(pickle.dumps(read))
    np.testing.assert_array_equal(copy.vector_of("walkies"), subwords.predict("walkies"))


def test_a_subword_model_of_another_size_is_refused(subwords):
    other = WordVectors(["a"], np.ones((1, DIM + 1)))
    with pytest.raises(ValueError, match=f"components, got {DIM}"):
        other.subwords = subwords
    with pytest.raises(TypeError, match="subwords must be a Subwords"):
        other.subwords = "subwords"  # type: ignore[assignment]


def test_a_model_keeps_its_subwords(tmp_path):
    text = [" ".join(WORDS)] * 3
    model = Glove(dim=DIM, epochs=2, min_count=1, threads=1).fit(text)
    model.save(tmp_path / "without.glove")
    assert Glove.load(tmp_path / "without.glove").vectors.subwords is None
    model.vectors.subwords = Subwords.fit(model.vectors, counts=model.vocabulary)
    model.save(tmp_path / "with.glove")
    for copy in (Glove.load(tmp_path / "with.glove"), pickle.loads(pickle.dumps(model))):
        np.testing.assert_array_equal(
            copy.vectors.vector_of("walkies"), model.vectors.vector_of("walkies")
        )
    content = bytearray((tmp_path / "with.glove").read_bytes())
    content[content.index(b"gloveSUB") + 100] ^= 1
    (tmp_path / "damaged.glove").write_bytes(content)
    with pytest.raises(FormatError, match=r"damaged\.glove"):
        Glove.load(tmp_path / "damaged.glove")


def test_a_model_with_subwords_of_another_size_is_refused(tmp_path):
    model = Glove(dim=DIM, epochs=1, min_count=1, threads=1).fit([" ".join(WORDS)])
    model._state._subwords = Subwords.fit(WordVectors(WORDS, np.ones((len(WORDS), DIM + 1))))
    model.save(tmp_path / "model.glove")
    with pytest.raises(FormatError, match=f"subwords of {DIM + 1} components"):
        Glove.load(tmp_path / "model.glove")


@pytest.mark.slow
def test_the_command_line_fits_and_uses_a_subword_model(wv, tmp_path):
    wv.save_glove(tmp_path / "vectors.txt")
    Vocabulary(WORDS, [200] * len(WORDS)).save(tmp_path / "vocab.txt")
    vectors, output = tmp_path / "vectors.txt", tmp_path / "subwords"
    done("subwords", vectors, output, "--counts", tmp_path / "vocab.txt", "--steps", 5)
    expected = Subwords.fit(wv, counts=[200] * len(WORDS), steps=5)
    np.testing.assert_array_equal(Subwords.load(output)._core.to_bytes(), expected._core.to_bytes())
    assert answer("info", output)[0]["ngrams"] == len(expected)
    found = answer("similar", vectors, "walkies", "--subwords", output)
    assert found["similar"][0]["word"].startswith("walk")
    assert answer("analogy", vectors, "walk", "walking", "helps", "--subwords", output)
    assert "not present" in reason(1, "similar", vectors, "walkies")
    assert "none of its character" in reason(1, "similar", vectors, "語", "--subwords", output)
    assert "exists" in reason(1, "subwords", vectors, output)


def test_the_command_line_finds_the_subwords_of_a_model(forms, tmp_path):
    model = Glove(**SETTINGS, subwords=True).fit(forms)
    model.save(tmp_path / "model.glove")
    assert answer("similar", tmp_path / "model.glove", "walkies")["similar"]
    assert answer("info", tmp_path / "model.glove")[0]["ngrams"] == len(model.vectors.subwords)
    done("subwords", tmp_path / "model.glove", tmp_path / "subwords")
    again = Subwords.fit(model.vectors, counts=model.vocabulary)
    np.testing.assert_array_equal(
        Subwords.load(tmp_path / "subwords").predict("walkies"), again.predict("walkies")
    )


# --- odd words ------------------------------------------------------------------------------------


@pytest.mark.slow
@given(
    words=st.lists(st.text(max_size=12), min_size=1, max_size=12, unique=True),
    others=st.lists(st.text(max_size=12), max_size=6),
    least=st.integers(1, 4),
    more=st.integers(0, 3),
)
def test_any_words_have_the_ngrams_of_their_characters(words, others, least, more):
    wv = WordVectors(words, np.arange(2.0 * len(words)).reshape(-1, 2))
    subwords = Subwords.fit(wv, min_n=least, max_n=least + more, min_words=1, threads=1)
    for word in [*words, *others]:
        # "<" and ">" of a word look like the marks of its edges, but are other characters.
        found = subwords.ngrams(word)
        expected = ngrams(word, least, least + more)
        assert set(found) <= expected
        assert (word in subwords) == bool(found)
        if word in words and not set("<>\ufdd0\ufdd1") & set(word):
            assert set(found) == expected
        if found:
            assert np.isfinite(subwords.predict(word)).all()


def test_a_word_that_utf8_cannot_hold_is_refused(subwords):
    with pytest.raises(ValueError, match="lone surrogate"):
        subwords.predict("\ud800")


# --- training -------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def forms():
    """Documents of forms of one stem each, so that the forms of a stem have similar contexts."""
    rng = np.random.default_rng(5)
    documents = []
    for _ in range(1_500):
        stem = STEMS[rng.integers(len(STEMS))]
        documents.append([f"{stem}{ENDINGS[rng.integers(len(ENDINGS))]}" for _ in range(8)])
    return documents


@pytest.fixture(scope="module")
def alternating(forms):
    """Documents in which a form with a prefix stands only beside forms without it, and vice versa.

    With window=1, half of the eigenvalues of the matrix of counts are then negative.
    """
    return [[f"un{word}" if i % 2 else word for i, word in enumerate(doc)] for doc in forms]


SETTINGS = {"dim": 10, "epochs": 6, "min_count": 1, "deterministic": True, "progress": False}


def opposite_directions(own, weights):
    """Return the directions in which w and w_tilde are opposite, as the columns of a matrix."""
    W, W_tilde = (side - weights @ side / weights.sum() for side in (own.W, own.W_tilde))
    difference = W - W_tilde
    _, directions = np.linalg.eigh((difference.T * weights) @ difference)
    largest = directions[:, -8:]
    in_w, in_w_tilde = W @ largest, W_tilde @ largest
    variances = (weights @ in_w**2) * (weights @ in_w_tilde**2)
    return largest[:, weights @ (in_w * in_w_tilde) < -0.1 * np.sqrt(variances)]


@pytest.mark.parametrize(("text", "window", "number"), [("forms", 15, 0), ("alternating", 1, 3)])
def test_training_moves_vectors_part_of_the_way_to_their_predictions(text, window, number, request):
    documents = request.getfixturevalue(text)
    # The eigenvalues are those of X alone.
    settings = {**SETTINGS, "window": window, "adjacent": False, "negative": 0}
    own = Glove(**settings, subwords=False).fit(documents)
    shrunk = Glove(**settings, subwords=True).fit(documents)
    subwords = shrunk.vectors.subwords
    assert own.vectors.subwords is None
    predicted = subwords.predict(own.vocabulary.words)
    weights = np.minimum(own.vocabulary.counts, 100) / 100
    opposite = opposite_directions(own, weights)
    assert opposite.shape == (10, number)
    # In the directions `opposite`, scale the components of w and w_tilde to equal variances, and
    # change the sign of those of w_tilde, before adding w_tilde to w.
    damped = (own.W + own.W_tilde).astype(np.float64)
    sides = [side - weights @ side / weights.sum() for side in (own.W, own.W_tilde)]
    in_w, in_w_tilde = (np.sqrt(weights @ (side @ opposite) ** 2) for side in sides)
    balance = np.sqrt(in_w_tilde / in_w)
    turned = balance * (own.W @ opposite) - (own.W_tilde @ opposite) / balance
    damped += (turned - damped @ opposite) @ opposite.T
    # Subtract the weighted mean, and halve the components in the two dominating directions. Words
    # have other weights in this mean than in the variances.
    counts = own.vocabulary.counts
    mean_weights = np.minimum(counts / max(100, 2.4e-5 * counts.sum()), 1)
    centred = damped - weights @ damped / weights.sum()
    damped -= mean_weights @ damped / mean_weights.sum()
    variance, directions = np.linalg.eigh((centred.T * weights) @ centred)
    assert np.argsort(variance).tolist() == list(range(10))
    damped -= 0.5 * damped @ directions[:, -2:] @ directions[:, -2:].T
    # The predictions are those for vectors of the mean length.
    lengths = np.linalg.norm(damped, axis=1)
    relative = np.maximum(lengths / np.average(lengths, weights=weights), 0.5)
    expected = 0.44 * damped + 0.56 * relative[:, None] * predicted
    np.testing.assert_allclose(shrunk.vectors.vectors, expected, atol=1e-4)
    # W and W_tilde move by the same amount, except in the directions `opposite`: there their
    # product stays negative. Biases and losses do not change.
    moves = shrunk.W - own.W - (shrunk.W_tilde - own.W_tilde)
    np.testing.assert_allclose(moves - moves @ opposite @ opposite.T, 0, atol=1e-4)
    products = (shrunk.W @ opposite) * (shrunk.W_tilde @ opposite)
    np.testing.assert_allclose(products, -((expected @ opposite) ** 2) / 4, atol=1e-3)
    np.testing.assert_array_equal(shrunk.b, own.b)
    assert shrunk.history == own.history
    assert shrunk.settings_["subwords"] is True
    assert shrunk.vectors.vector_of("walkings").shape == (10,)


def test_no_vector_moves_if_spelling_does_not_predict_vectors():
    rng = np.random.default_rng(6)
    words = np.array([f"{a}{b}" for a in "abcdefgh" for b in rng.integers(100, 999, 20)])
    rng.shuffle(words)
    frequency = 1 / np.arange(1, len(words) + 1)
    text = [rng.choice(words, 40, p=frequency / frequency.sum()).tolist() for _ in range(300)]
    own = Glove(**SETTINGS, subwords=False).fit(text)
    same = Glove(**SETTINGS, subwords=True).fit(text)
    np.testing.assert_array_equal(same.W, own.W)
    assert same.vectors.subwords is None


def test_a_resumed_training_ends_as_one_that_was_never_interrupted(forms, tmp_path):
    whole = Glove(**SETTINGS, subwords=True).fit(forms)

    def stop(state):
        if state.epoch == 3:
            raise InterruptedError

    cut = Glove(**SETTINGS, subwords=True)
    with pytest.raises(InterruptedError):
        cut.fit(forms, checkpoint_dir=tmp_path, callbacks=[stop])
    # An interrupted training keeps its last epoch, not yet shrunk towards the predictions.
    assert cut.vectors.subwords is None
    for resumed in (Glove.resume(tmp_path), Glove.resume(tmp_path)):
        np.testing.assert_array_equal(resumed.W, whole.W)
        np.testing.assert_array_equal(
            resumed.vectors.subwords._core.to_bytes(), whole.vectors.subwords._core.to_bytes()
        )


def test_a_checkpoint_of_a_version_before_subwords_is_resumed_without_them(forms, tmp_path):
    def stop(state):
        return state.epoch == 2

    Glove(**SETTINGS).fit(forms, checkpoint_dir=tmp_path, callbacks=[stop])
    path = tmp_path / "training.checkpoint"
    text = _core.CoreCheckpoint.load(path).settings
    settings = json.loads(text)
    del settings["training"]["subwords"], settings["parameters"]["subwords"]
    # Spaces after the JSON keep its length. The last four bytes are the checksum of all others.
    older = json.dumps(settings).encode().ljust(len(text.encode()))
    content = path.read_bytes()[:-4].replace(text.encode(), older)
    path.write_bytes(content + zlib.crc32(content).to_bytes(4, "little"))
    whole = Glove(**SETTINGS, subwords=False).fit(forms)
    resumed = Glove(**SETTINGS).fit(forms, checkpoint_dir=tmp_path, resume=True)
    for model in (resumed, Glove.resume(tmp_path)):
        np.testing.assert_array_equal(model.W, whole.W)
    with pytest.raises(ValueError, match="subwords=True differs from the checkpoint"):
        Glove(**SETTINGS, subwords=True).fit(forms, checkpoint_dir=tmp_path, resume=True)


def test_pretrained_vectors_are_not_moved_unless_that_is_asked_for(forms):
    init = Glove(**SETTINGS, subwords=False).fit(forms).vectors
    assert Glove(**SETTINGS).fit(forms, init=init).settings_["subwords"] is False
    assert Glove(**SETTINGS, subwords=True).fit(forms, init=init).vectors.subwords is not None


def test_an_update_moves_the_vectors_of_new_words_too(forms):
    model = Glove(**SETTINGS, subwords=True).fit(forms, keep_counts=True)
    model.update([["walkable", "walk", "walks", "jumpable", "jump"]] * 20, epochs=2)
    assert "walkable" in model.vectors.subwords
    assert "walkable" in model.vectors
