"""Very long and very short vectors: every query agrees with cosines computed in float64."""

from __future__ import annotations

import numpy as np
import pytest

from glove_rs import WordVectors, evaluation

WORDS = [f"w{k}" for k in range(40)]
DIRECTIONS = np.random.default_rng(3).standard_normal((40, 6))
#: Ordinary lengths, and lengths for which squares of components leave the range of float32.
SCALES = {
    "ordinary": np.ones(40),
    "1e30": np.full(40, 1e30),
    "1e-22": np.full(40, 1e-22),
    "1e-40": np.full(40, 1e-40),
    "mixed": np.tile([1.0, 1e30, 1e-22, 1e-40, 1e37], 8),
    "float16": np.tile([1.0, 1e4, 1e-4, 1e-6, 1e-2], 8),
}


@pytest.fixture(params=SCALES)
def wv(request) -> WordVectors:
    kind = np.float16 if request.param == "float16" else np.float32
    vectors = (DIRECTIONS * SCALES[request.param][:, None]).astype(kind)
    vectors[7] = 0
    return WordVectors(WORDS, vectors)


@pytest.fixture
def cosines(wv) -> np.ndarray:
    """The cosines of all pairs of words in float64; NaN for the word whose vector is 0."""
    wide = wv.vectors.astype(np.float64)
    with np.errstate(invalid="ignore"):
        unit = wide / np.linalg.norm(wide, axis=1, keepdims=True)
    return unit @ unit.T


def test_neighbours_are_those_of_float64(wv, cosines):
    for row in (0, 1, 2, 3, 4):
        near = wv.most_similar(WORDS[row], topn=39)
        expected = np.delete(cosines[row], [row, 7])
        found = [value for word, value in near if word != "w7"]
        np.testing.assert_allclose(found, np.sort(expected)[::-1], atol=2e-6)
        assert near[-1][0] == "w7"
        assert np.isnan(near[-1][1])
        np.testing.assert_allclose(wv.most_similar(WORDS[row], topn=None), cosines[row], atol=2e-6)


def test_the_batch_agrees(wv):
    batch = wv.most_similar_batch(WORDS[:5], topn=5)
    for word, near in zip(WORDS[:5], batch, strict=True):
        one = wv.most_similar(word, topn=5)
        assert [name for name, _ in near] == [name for name, _ in one]
        np.testing.assert_allclose([c for _, c in near], [c for _, c in one], atol=2e-6)


def test_similarities_and_distances_agree(wv, cosines):
    for row in range(5):
        np.testing.assert_allclose(wv.distances(WORDS[row]), 1 - cosines[row], atol=2e-6)
        some = [3, 12, 25, 31]
        np.testing.assert_allclose(
            wv.distances(WORDS[row], [WORDS[k] for k in some]), 1 - cosines[row, some], atol=2e-6
        )
        for other in some:
            assert wv.similarity(WORDS[row], WORDS[other]) == pytest.approx(cosines[row, other])
            assert wv.n_similarity([WORDS[row]], [WORDS[other]]) == pytest.approx(
                cosines[row, other]
            )
    assert wv.similarity("w7", "w1") == 0


def test_unit_vectors_have_unit_length(wv):
    for word in ("w0", "w1", "w2", "w3", "w4"):
        assert np.linalg.norm(wv.get_vector(word, norm=True)) == pytest.approx(1, abs=1e-6)


def test_the_odd_one_out_is_that_of_the_directions(wv):
    odd = WordVectors(WORDS, DIRECTIONS).doesnt_match(WORDS[8:13])
    assert wv.doesnt_match(WORDS[8:13]) == odd


def test_analogies_and_ratings_are_those_of_the_directions(wv, tmp_path):
    path = tmp_path / "questions.txt"
    path.write_text(": x\n" + "".join(f"w{k} w{k + 1} w{k + 2} w{k + 3}\n" for k in range(8, 30)))
    # Unit vectors of the stored numbers, which are rounded if they are subnormal.
    rounded = wv.vectors.astype(np.float64)
    lengths = np.linalg.norm(rounded, axis=1, keepdims=True)
    plain = WordVectors(WORDS, np.divide(rounded, lengths, where=lengths > 0, out=rounded))
    ours = evaluation.analogies(wv, path)
    assert ours.predictions == evaluation.analogies(plain, path).predictions
    assert None not in ours.predictions
    assert [w for w, _ in wv.analogy("w8", "w9", "w10")] == [
        w for w, _ in plain.analogy("w8", "w9", "w10")
    ]
    path = tmp_path / "pairs.txt"
    path.write_text("".join(f"w{k} w{k + 1} {k % 7}\n" for k in range(8, 30)))
    assert evaluation.similarity(wv, path).pearson == pytest.approx(
        evaluation.similarity(plain, path).pearson, abs=1e-6
    )


def test_a_query_may_be_of_any_length_too():
    wv = WordVectors(WORDS, DIRECTIONS)
    for scale in (1e-300, 1e-30, 1.0, 1e30, 1e300):
        query = DIRECTIONS[3] * scale
        assert wv.similar_by_vector(query, topn=1)[0][0] == "w3"
        assert wv.distances(query)[3] == pytest.approx(0, abs=1e-6)
