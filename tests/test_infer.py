"""Inference of vectors for words that were not in the training text."""

import numpy as np
import pytest

import reference
from glove_rs import Cooccurrence, Glove, NotFittedError, Vocabulary, _core
from glove_rs._fit import infer
from glove_rs._fit.infer import _fit, _negative_pairs, _solve


@pytest.fixture(scope="module")
def model(zipf):
    return Glove(dim=8, epochs=10, preset="paper", x_max=10.0, min_count=2, deterministic=True).fit(
        zipf.path
    )


def test_the_solution_is_the_least_of_what_is_minimised():
    rng = np.random.default_rng(0)
    rows, target = rng.normal(size=(30, 5)), rng.normal(size=30)
    weight, prior = rng.random(30), rng.normal(1, 2, (200, 5))
    mean, precision = prior.mean(axis=0), np.linalg.inv(np.cov(prior, rowvar=False))

    def objective(theta):
        data = np.sum(weight * (rows @ theta - target) ** 2) / 0.3
        return data + (theta - mean) @ precision @ (theta - mean)

    best = _solve(rows, target, weight, prior, 0.3)
    for k in range(5):
        for sign in (1, -1):
            assert objective(best) < objective(best + sign * 1e-3 * np.eye(5)[k])
    np.testing.assert_allclose(
        best,
        np.linalg.lstsq(
            np.vstack([rows * np.sqrt(weight / 0.3)[:, None], np.linalg.cholesky(precision).T]),
            np.concatenate(
                [target * np.sqrt(weight / 0.3), np.linalg.cholesky(precision).T @ mean]
            ),
        )[0],
        rtol=1e-4,
    )


def test_a_negative_pair_counts_only_above_its_target():
    rng = np.random.default_rng(1)
    records = rng.normal(size=(40, 5)), rng.normal(size=40), rng.random(40)
    negatives = rng.normal(size=(60, 5)), rng.normal(-1, 1, size=60), np.full(60, 0.4)
    prior = rng.normal(1, 2, (200, 5))
    mean, precision = prior.mean(axis=0), np.linalg.inv(np.cov(prior, rowvar=False))

    def objective(theta):
        data = np.sum(records[2] * (records[0] @ theta - records[1]) ** 2)
        above = np.maximum(0, negatives[0] @ theta - negatives[1])
        data += np.sum(negatives[2] * above**2)
        return data / 0.3 + (theta - mean) @ precision @ (theta - mean)

    alone = _solve(*records, prior, 0.3)
    best = _fit(records, negatives, prior, 0.3)
    assert objective(best) < objective(alone)
    for k in range(5):
        for sign in (1, -1):
            assert objective(best) < objective(best + sign * 0.1 * np.eye(5)[k])
    nothing = tuple(array[:0] for array in negatives)
    np.testing.assert_array_equal(_fit(records, nothing, prior, 0.3), alone)


def test_negative_pairs_are_drawn_among_the_words_that_were_not_met(zipf):
    vocabulary = Vocabulary.from_corpus(zipf.path)
    met, x = np.array([0, 3, 5], dtype=np.int32), np.array([2.0, 1.0, 0.5])
    rng = np.random.default_rng(0)
    drawn, expected = _negative_pairs(vocabulary, met, x, 40.0, rng)
    assert 0 < len(drawn) <= 120
    assert not set(drawn) & set(met)
    share = vocabulary.counts[drawn] / vocabulary.counts.sum()
    np.testing.assert_allclose(expected, 3.5 * share)
    np.testing.assert_allclose(_core.negative_targets(expected), np.log(expected) / 2 - 1)
    # Frequent words are drawn more often.
    assert np.mean(drawn < len(vocabulary) / 2) > 0.5
    for unknown in (
        _negative_pairs(vocabulary, met, x, 0.0, rng)[0],
        _negative_pairs(Vocabulary(vocabulary.words, [0] * len(vocabulary)), met, x, 40.0, rng)[0],
    ):
        assert len(unknown) == 0


@pytest.mark.slow
def test_words_that_never_co_occur_change_a_vector_if_training_had_them(zipf, monkeypatch):
    settings = {"dim": 8, "epochs": 10, "min_count": 2, "deterministic": True, "subwords": False}
    contexts = [[*document[:4], "fresh", *document[4:9]] for document in zipf.documents[:30]]
    models = [Glove(**settings, negative=negative).fit(zipf.path) for negative in (2.0, 0.0)]
    inferred = [model.infer_vector(contexts, word="fresh") for model in models]
    again = [model.infer_vector(contexts, word="fresh") for model in models]
    np.testing.assert_array_equal(inferred, again)
    nothing = np.empty(0, dtype=np.int64), np.empty(0)
    monkeypatch.setattr(infer, "_negative_pairs", lambda *_: nothing)
    without = [model.infer_vector(contexts, word="fresh") for model in models]
    assert np.abs(without[0] - inferred[0]).max() > 0.01
    np.testing.assert_array_equal(without[1], inferred[1])


def test_a_vector_is_solved_from_the_counts_of_the_word(zipf, model):
    # Solve for the expected vector from the counts of the contexts that `infer_vector` gets below.
    contexts = [[*document[:4], "fresh", *document[4:9]] for document in zipf.documents[:30]]
    words = [*model.vocabulary.words, "fresh"]
    X = Cooccurrence.from_corpus(contexts, words)
    row, col, x = X.records()
    theirs = (row == words.index("fresh")) & (col != words.index("fresh"))
    col, x = col[theirs], x[theirs]
    expected = np.zeros(8)
    for own, met in (("", "_tilde"), ("_tilde", "")):
        arrays = model._state.arrays
        rows = np.column_stack([arrays[f"W{met}"][col].astype(float), np.ones(len(col))])
        prior = np.column_stack([arrays[f"W{own}"].astype(float), arrays[f"b{own}"]])
        # The counts of the 30 examples are scaled to 100 examples.
        weight = reference.weight(x * 100 / 30, reference.Config(x_max=10.0))
        target = np.log(x * 100 / 30) - arrays[f"b{met}"][col]
        variance = 4 * model.history.data_loss[-1] * 100 / 30
        expected += _solve(rows, target, weight, prior, variance)[:-1]
    inferred = model.infer_vector(contexts, word="fresh")
    assert inferred.shape == (8,)
    assert inferred.dtype == np.float32
    np.testing.assert_allclose(inferred, expected, rtol=1e-4, atol=1e-6)
    # Texts give the same vector as lists of words.
    lines = [" ".join(context) for context in contexts]
    np.testing.assert_array_equal(model.infer_vector(lines, word="fresh"), inferred)


def test_a_model_of_files_of_stanford_infers_vectors(zipf, model, tmp_path):
    model.save_stanford(tmp_path / "model", text=False)
    loaded = Glove.load_stanford(tmp_path / "model.bin", model.vocabulary, x_max=10.0, min_count=2)
    assert len(loaded.history) == 0
    contexts = [[*document[:4], "fresh", *document[4:9]] for document in zipf.documents[:30]]
    found, expected = (m.infer_vector(contexts, word="fresh") for m in (loaded, model))
    cosine = found @ expected / np.linalg.norm(found) / np.linalg.norm(expected)
    assert cosine > 0.9


def test_the_placeholder_may_be_a_word_of_the_vocabulary(zipf, model):
    contexts = [[*document[:4], "fresh", *document[4:9]] for document in zipf.documents[:30]]
    renamed = [["w9" if word == "fresh" else word for word in c if word != "w9"] for c in contexts]
    without = [[word for word in context if word != "w9"] for context in contexts]
    np.testing.assert_allclose(
        model.infer_vector(renamed, word="w9"),
        model.infer_vector(without, word="fresh"),
        rtol=1e-5,
        atol=1e-6,
    )


def test_a_word_that_was_left_out_stood_in_the_middle(model):
    expected = model.infer_vector([["w1", "w2", "new", "w3", "w4"]], word="new")
    for contexts in ([["w1", "w2", "w3", "w4"]], ["w1 w2 w3 w4"], "w1 w2 w3 w4"):
        np.testing.assert_array_equal(model.infer_vector(contexts), expected)
    odd = model.infer_vector([["w1", "new", "w2", "w3"]], word="new")
    np.testing.assert_array_equal(model.infer_vector([["w1", "w2", "w3"]]), odd)


def test_direction_matters_where_counting_has_one(zipf):
    model = Glove(
        dim=8,
        epochs=5,
        preset="paper",
        x_max=10.0,
        min_count=2,
        symmetric=False,
        deterministic=True,
    )
    model.fit(zipf.path)
    left = model.infer_vector([["w1", "w2", "new"]], word="new")
    right = model.infer_vector([["new", "w2", "w1"]], word="new")
    assert not np.allclose(left, right)


def test_settings_of_counting_hold(zipf):
    model = Glove(dim=4, epochs=2, window=1, min_count=1, lowercase=True).fit(zipf.path)
    near = model.infer_vector([["w9", "w1", "NEW", "w2", "w8"]], word="NEW")
    np.testing.assert_array_equal(near, model.infer_vector(["W1 new W2"], word="New"))


def test_the_model_stays_as_it_is(zipf, model):
    before = model.W.copy()
    model.infer_vector(zipf.lines[:5], word="w1")
    np.testing.assert_array_equal(model.W, before)


@pytest.mark.slow
def test_more_examples_bring_the_vector_nearer_to_words_of_the_same_use():
    # Two topics have words of their own, which also occur in the other topic now and then. The new
    # word belongs to the second topic.
    rng = np.random.default_rng(3)
    topics = [[f"{topic}{k}" for k in range(40)] for topic in "ab"]

    def text(topic, length=14):
        stray = rng.random(length) < 0.15
        return [rng.choice(topics[topic ^ int(s)]) for s in stray]

    model = Glove(dim=10, epochs=30, preset="paper", x_max=10.0, min_count=1, deterministic=True)
    model.fit([text(k % 2) for k in range(4000)])
    shares = []
    for n in (1, 100):
        contexts = [[*text(1)[:6], "new", *text(1)[:6]] for _ in range(n)]
        vector = model.infer_vector(contexts, word="new")
        found = [word for word, _ in model.vectors.similar_by_vector(vector, topn=20)]
        shares.append(np.mean([word.startswith("b") for word in found]))
    assert shares[1] >= max(0.95, shares[0])


@pytest.mark.parametrize(
    ("contexts", "word", "message"),
    [
        ([], "new", "contexts must hold words of the vocabulary near the word 'new'"),
        (["nothing known new here"], "new", "contexts must hold words"),
        (["w1 w2"], "absent", "contexts must hold words"),
        ([[]], None, "contexts must hold words of the vocabulary near the word$"),
        (["w1 w2"], "", "word must be a str"),
        (["w1 w2"], 5, "word must be a str"),
    ],
)
def test_contexts_that_tell_nothing_are_refused(model, contexts, word, message):
    with pytest.raises(ValueError, match=message):
        model.infer_vector(contexts, word=word)


def test_an_example_is_never_the_name_of_a_file(model, tmp_path, monkeypatch):
    one, two = model.vectors.index_to_key[:2]
    (tmp_path / "notes.txt").write_text(f"{one} sultan {two}\n")
    monkeypatch.chdir(tmp_path)
    assert model.infer_vector([f"{one} sultan {two}"], word="sultan").shape == (model.dim,)
    with pytest.raises(ValueError, match="contexts must hold words"):
        model.infer_vector(["notes.txt"], word="sultan")


def test_contexts_must_be_text(model):
    with pytest.raises(TypeError, match="document 0"):
        model.infer_vector([5], word="new")
    with pytest.raises(NotFittedError):
        Glove().infer_vector(["w1 w2"])


@pytest.mark.slow
@pytest.mark.parametrize(("text", "times"), [("topics", 4), ("enwiki_1m", 20)])
def test_a_hidden_words_neighbours_are_found_far_above_chance(request, text, times):
    text = request.getfixturevalue(text)
    settings = {"dim": 50, "preset": "paper", "x_max": 10.0, "epochs": 8, "deterministic": True}
    vocabulary = Vocabulary.from_corpus(text)
    hidden = [
        word
        for word, count in zip(vocabulary.words, vocabulary.counts, strict=True)
        if 150 <= count < 250
    ][:40]
    kept = [word for word in vocabulary.words if word not in hidden]
    full = Glove(**settings).fit(text)
    partial = Glove(**settings).fit(text, vocabulary=kept)
    contexts = {word: [] for word in hidden}
    for line in text.read_text(encoding="utf-8").splitlines():
        tokens = line.split()
        for k, token in enumerate(tokens):
            if token in contexts:
                contexts[token].append(tokens[max(0, k - 15) : k + 16])
    overlap = []
    for word in hidden:
        true = [w for w, _ in full.vectors.most_similar(word, topn=150) if w not in hidden][:100]
        vector = partial.infer_vector(contexts[word], word=word)
        found = {w for w, _ in partial.vectors.similar_by_vector(vector, topn=100)}
        overlap.append(len(found & set(true)) / 100)
    assert np.mean(overlap) > times * 100 / len(kept)
