"""The map of words: looked at, not only drawn."""

from __future__ import annotations

import numpy as np
import pytest

from glove_rs import WordVectors

matplotlib = pytest.importorskip("matplotlib", reason="matplotlib is not installed")
matplotlib.use("Agg")
plt = pytest.importorskip("matplotlib.pyplot")

WORDS = ["ice", "snow", "steam", "extraordinarily", "fire", "Gletscher", "water", "smoke"]


@pytest.fixture
def wv():
    """Vectors that differ mostly in one direction, less in another, little in the rest."""
    rng = np.random.default_rng(5)
    spread = np.array([3.0, 1.5, *[0.05] * 8])
    turn, _ = np.linalg.qr(rng.normal(size=(10, 10)))
    matrix = (rng.normal(size=(len(WORDS), 10)) * spread) @ turn + 7.0
    return WordVectors(WORDS, matrix)


@pytest.fixture(autouse=True)
def no_figure_is_left():
    yield
    plt.close("all")


def drawn(ax):
    """Render the axes and return the points, the texts by word, and the renderer."""
    ax.figure.canvas.draw()
    (collection,) = ax.collections
    points = np.asarray(collection.get_offsets())
    return points, {text.get_text(): text for text in ax.texts}, ax.figure.canvas.get_renderer()


def test_there_is_a_point_and_a_name_for_each_word_in_order(wv):
    words = ["snow", "fire", "ice"]
    ax = wv.plot(words)
    assert isinstance(ax, matplotlib.axes.Axes)
    points, texts, _ = drawn(ax)
    assert list(texts) == words
    assert points.shape == (3, 2)
    for point, word in zip(points, words, strict=True):
        np.testing.assert_array_equal(texts[word].xy, point)


def test_points_are_the_first_two_principal_components(wv):
    points, _, _ = drawn(wv.plot(WORDS))
    centred = wv[WORDS].astype(float) - wv[WORDS].astype(float).mean(axis=0)
    _, directions = np.linalg.eigh(centred.T @ centred)
    expected = centred @ directions[:, [-1, -2]]
    signs = np.sign((expected * points).sum(axis=0))
    np.testing.assert_allclose(points, expected * signs, atol=1e-4)
    # Distances on the map are those of the space, nearly all of whose variance is in the plane.
    for i in range(len(WORDS)):
        for j in range(i):
            there = np.linalg.norm(centred[i] - centred[j])
            assert np.linalg.norm(points[i] - points[j]) == pytest.approx(there, abs=0.3)


def test_the_furthest_point_of_each_component_is_positive(wv):
    # A component has no sign of its own; without a rule the map depends on the machine.
    for left_out in range(len(WORDS)):
        points, _, _ = drawn(wv.plot(WORDS[:left_out] + WORDS[left_out + 1 :]))
        assert (points.max(axis=0) >= -points.min(axis=0)).all()


def test_axis_labels_tell_the_share_of_the_variance(wv):
    ax = wv.plot(WORDS)
    centred = wv[WORDS].astype(float) - wv[WORDS].astype(float).mean(axis=0)
    squares = np.linalg.svd(centred, compute_uv=False) ** 2
    first, second = squares[:2] / squares.sum()
    assert f"({first:.0%} of the variance)" in ax.get_xlabel()
    assert f"({second:.0%} of the variance)" in ax.get_ylabel()


def test_both_axes_have_one_scale(wv):
    ax = wv.plot(WORDS)
    drawn(ax)
    origin, right, up = ax.transData.transform([(0, 0), (1, 0), (0, 1)])
    assert right[0] - origin[0] == pytest.approx(up[1] - origin[1])


def test_every_name_is_inside_the_axes_and_next_to_its_point(wv):
    ax = wv.plot(WORDS)
    points, texts, renderer = drawn(ax)
    frame = ax.get_window_extent(renderer)
    pixels = ax.transData.transform(points)
    for pixel, word in zip(pixels, WORDS, strict=True):
        box = texts[word].get_window_extent(renderer)
        assert frame.x0 <= box.x0 < box.x1 <= frame.x1, word
        assert frame.y0 <= box.y0 < box.y1 <= frame.y1, word
        nearest = np.clip(pixel, box.min, box.max)
        assert np.linalg.norm(nearest - pixel) < 20, word


def test_there_is_ink_at_each_point_and_each_name(wv):
    ax = wv.plot(WORDS)
    points, texts, renderer = drawn(ax)
    ink = np.asarray(ax.figure.canvas.buffer_rgba())[::-1, :, :3].min(axis=2) < 200
    for column, row in ax.transData.transform(points).round().astype(int):
        assert ink[row - 2 : row + 3, column - 2 : column + 3].all()
    for word, text in texts.items():
        box = text.get_window_extent(renderer)
        part = ink[int(box.y0) : int(box.y1) + 1, int(box.x0) : int(box.x1) + 1]
        assert part.sum() > 5 * len(word), word


def test_given_axes_are_drawn_on_and_returned(wv):
    figure, (left, right) = plt.subplots(1, 2)
    assert wv.plot(["ice", "fire"], ax=right) is right
    assert [text.get_text() for text in right.texts] == ["ice", "fire"]
    assert not left.texts
    assert plt.get_fignums() == [figure.number]


def test_the_map_is_the_same_each_time_and_whatever_the_offset(wv):
    first, _, _ = drawn(wv.plot(WORDS))
    again, _, _ = drawn(wv.plot(WORDS))
    np.testing.assert_array_equal(first, again)
    moved, _, _ = drawn(WordVectors(WORDS, wv.vectors + 3).plot(WORDS))
    np.testing.assert_allclose(first, moved, atol=1e-4)


@pytest.mark.parametrize("dtype", [np.float32, np.float16])
def test_two_words_lie_on_a_line_as_far_apart_as_they_are(wv, dtype):
    wv = WordVectors(WORDS, wv.vectors.astype(dtype))
    points, _, _ = drawn(wv.plot(["ice", "snow"]))
    apart = np.linalg.norm(wv["ice"].astype(float) - wv["snow"].astype(float))
    assert np.ptp(points[:, 0]) == pytest.approx(apart)
    np.testing.assert_allclose(points[:, 1], 0, atol=1e-6)


def test_one_dimension_and_equal_vectors_can_be_drawn():
    points, _, _ = drawn(WordVectors(["a", "b"], np.array([[1.0], [3.0]])).plot(["a", "b"]))
    np.testing.assert_allclose(np.abs(points), [[1, 0], [1, 0]])
    points, _, _ = drawn(WordVectors(["a", "b"], np.ones((2, 4))).plot(["a", "b"]))
    np.testing.assert_allclose(points, 0)


def test_too_few_words_are_an_error(wv):
    for words in ([], ["ice"], "ice"):
        with pytest.raises(ValueError, match="at least two words"):
            wv.plot(words)
    assert plt.get_fignums() == []


@pytest.mark.parametrize("bad", [np.nan, np.inf])
def test_a_vector_that_is_not_finite_is_an_error_that_names_its_word(bad):
    wv = WordVectors(["a", "b", "c"], np.array([[1, 2], [3, bad], [0, 1]]))
    with pytest.raises(ValueError, match="finite vectors, and that of 'b' is not"):
        wv.plot(["a", "b", "c"])
    assert plt.get_fignums() == []


def test_an_unknown_word_is_an_error_before_anything_is_drawn(wv):
    with pytest.raises(KeyError, match="'nice'"):
        wv.plot(["ice", "nice"])
    assert plt.get_fignums() == []
