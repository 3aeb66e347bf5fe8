"""The map of words: positions, labels and fonts in the drawn figure."""

from __future__ import annotations

import itertools
import sys
import warnings

import numpy as np
import pytest

from glove_rs import WordVectors
from glove_rs._vectors import fonts
from libraries import later

matplotlib = later("matplotlib")
plt = later("matplotlib.pyplot")

WORDS = ["ice", "snow", "steam", "extraordinarily", "fire", "Gletscher", "water", "smoke"]


@pytest.fixture
def wv():
    """Vectors that differ much in one direction, less in a second, and little in all others."""
    rng = np.random.default_rng(5)
    spread = np.array([3.0, 1.5, *[0.05] * 8])
    rotation, _ = np.linalg.qr(rng.normal(size=(10, 10)))
    matrix = (rng.normal(size=(len(WORDS), 10)) * spread) @ rotation + 7.0
    return WordVectors(WORDS, matrix)


def drawn(ax):
    """Render the axes and return the points, the texts by word, and the renderer."""
    ax.figure.canvas.draw()
    (collection,) = ax.collections
    points = np.asarray(collection.get_offsets())
    return points, {text.get_text(): text for text in ax.texts}, ax.figure.canvas.get_renderer()


@pytest.mark.slow
def test_there_is_a_point_and_a_name_for_each_word_in_order(wv):
    words = ["snow", "fire", "ice"]
    ax = wv.plot(words)
    assert isinstance(ax, matplotlib.axes.Axes)
    points, texts, _ = drawn(ax)
    assert list(texts) == words
    assert points.shape == (3, 2)
    for point, word in zip(points, words, strict=True):
        np.testing.assert_array_equal(texts[word].xy, point)


@pytest.mark.slow
@pytest.mark.parametrize("apart", [True, False])
def test_dollar_signs_are_drawn_as_they_are(monkeypatch, apart):
    if apart:
        pytest.importorskip("adjustText", reason="adjustText is not installed")
    else:
        monkeypatch.setitem(sys.modules, "adjustText", None)
    words = ["$x^2$", "$5_", r"$\nosuchcommand$"]
    ax = WordVectors(words, np.eye(3)).plot(words)
    assert list(drawn(ax)[1]) == words
    assert not any(text.get_parse_math() for text in ax.texts)


@pytest.mark.slow
def test_points_are_the_first_two_principal_components(wv):
    points, _, _ = drawn(wv.plot(WORDS))
    centred = wv[WORDS].astype(float) - wv[WORDS].astype(float).mean(axis=0)
    _, directions = np.linalg.eigh(centred.T @ centred)
    expected = centred @ directions[:, [-1, -2]]
    signs = np.sign((expected * points).sum(axis=0))
    np.testing.assert_allclose(points, expected * signs, atol=1e-4)
    # Nearly all variance is in the plane of the map, so distances on it are nearly the real ones.
    for i in range(len(WORDS)):
        for j in range(i):
            there = np.linalg.norm(centred[i] - centred[j])
            assert np.linalg.norm(points[i] - points[j]) == pytest.approx(there, abs=0.3)


@pytest.mark.slow
def test_the_furthest_point_of_each_component_is_positive(wv):
    # A principal component has no sign. Without a rule, the map would depend on the machine.
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


@pytest.mark.slow
def test_both_axes_have_one_scale(wv):
    ax = wv.plot(WORDS)
    drawn(ax)
    origin, right, up = ax.transData.transform([(0, 0), (1, 0), (0, 1)])
    assert right[0] - origin[0] == pytest.approx(up[1] - origin[1])


@pytest.mark.slow
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


def overlapping(ax):
    """The pairs of names that cover each other."""
    _, texts, renderer = drawn(ax)
    boxes = {word: text.get_window_extent(renderer) for word, text in texts.items()}
    return [
        (one, other)
        for one, other in itertools.combinations(boxes, 2)
        if boxes[one].overlaps(boxes[other])
    ]


@pytest.mark.slow
def test_names_of_close_points_are_moved_apart():
    pytest.importorskip("adjustText", reason="adjustText is not installed")
    close = {"king": (1, 0), "queen": (1.001, 0.001), "prince": (1, 0.002), "princess": (1.002, 0)}
    far = {"ice": (-1, 0.5), "water": (0, -1), "steam": (0.2, 1)}
    wv = WordVectors([*close, *far], np.array([*close.values(), *far.values()]))
    assert overlapping(wv.plot([*close, *far])) == []


@pytest.mark.slow
def test_equal_vectors_are_drawn_with_names_apart():
    pytest.importorskip("adjustText", reason="adjustText is not installed")
    wv = WordVectors(["king", "queen", "apple"], np.array([[1, 0], [1, 0], [0, 1]]))
    assert overlapping(wv.plot(["king", "queen", "apple"])) == []


@pytest.mark.slow
def test_names_are_drawn_without_adjust_text_too(wv, monkeypatch):
    monkeypatch.setitem(sys.modules, "adjustText", None)
    test_there_is_a_point_and_a_name_for_each_word_in_order(wv)
    test_every_name_is_inside_the_axes_and_next_to_its_point(wv)


def square_font(path, name, characters):
    """Write a font that has a square for each of some characters and nothing else."""
    builder_module = pytest.importorskip("fontTools.fontBuilder")
    pens = pytest.importorskip("fontTools.pens.ttGlyphPen")
    pen = pens.TTGlyphPen(None)
    pen.moveTo((100, 0))
    for corner in ((100, 800), (900, 800), (900, 0)):
        pen.lineTo(corner)
    pen.closePath()
    square = pen.glyph()
    names = [".notdef", *(f"uni{ord(c):04X}" for c in characters)]
    builder = builder_module.FontBuilder(1000, isTTF=True)
    builder.setupGlyphOrder(names)
    builder.setupCharacterMap({ord(c): f"uni{ord(c):04X}" for c in characters})
    builder.setupGlyf(dict.fromkeys(names, square))
    builder.setupHorizontalMetrics(dict.fromkeys(names, (1000, 100)))
    builder.setupHorizontalHeader(ascent=800, descent=-200)
    builder.setupNameTable({"familyName": name, "styleName": "Regular"})
    builder.setupOS2(sTypoAscender=800, usWinAscent=800, usWinDescent=200)
    builder.setupPost()
    builder.save(path)


@pytest.fixture
def installed(monkeypatch):
    """Let matplotlib find only its own fonts, and the files that a test appends to this list."""
    manager = matplotlib.font_manager
    own = [e for e in manager.fontManager.ttflist if "mpl-data" in e.fname.replace("\\", "/")]
    monkeypatch.setattr(manager.fontManager, "ttflist", own)
    paths = []
    monkeypatch.setattr(manager, "findSystemFonts", lambda: list(map(str, paths)))
    fonts._installed_for.cache_clear()
    manager.fontManager._findfont_cached.cache_clear()
    yield paths
    fonts._installed_for.cache_clear()


CHINESE = ["冰雪", "水", "ice"]


@pytest.mark.slow
@pytest.mark.parametrize("known", [True, False], ids=["in matplotlib's list", "installed later"])
def test_a_font_that_has_the_characters_is_chosen(tmp_path, installed, known):
    square_font(tmp_path / "squares.ttf", "Squares of Ice", "冰雪")
    square_font(tmp_path / "water.ttf", "Squares of Water", "水")
    for name in ("squares.ttf", "water.ttf"):
        if known:
            matplotlib.font_manager.fontManager.addfont(tmp_path / name)
        else:
            installed.append(tmp_path / name)
    wv = WordVectors(CHINESE, np.array([[1, 0], [0, 1], [-1, 1]]))
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        ax = wv.plot(CHINESE)
        _, texts, renderer = drawn(ax)
    for text in texts.values():
        assert text.get_fontfamily()[-2:] == ["Squares of Ice", "Squares of Water"]
    # The glyphs of the font are filled squares, so most of the box is ink.
    ink = np.asarray(ax.figure.canvas.buffer_rgba())[::-1, :, :3].min(axis=2) < 200
    box = texts["冰雪"].get_window_extent(renderer)
    part = ink[int(box.y0) + 2 : int(box.y1) - 2, int(box.x0) + 2 : int(box.x1) - 2]
    assert part.mean() > 0.5


def test_words_of_the_default_font_are_drawn_with_it_alone(installed):
    wv = WordVectors(["ice", "лёд"], np.eye(2))
    default = matplotlib.font_manager.FontProperties().get_family()
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert [text.get_fontfamily() for text in wv.plot(["ice", "лёд"]).texts] == [default] * 2


@pytest.mark.slow
def test_characters_without_a_font_get_one_warning_that_says_what_to_install(installed):
    wv = WordVectors(CHINESE, np.array([[1, 0], [0, 1], [-1, 1]]))
    with pytest.warns(UserWarning, match="no installed font") as caught:
        wv.plot(CHINESE)
    assert [str(warning.message) for warning in caught] == [
        "no installed font has 冰 水 雪: install a font that does, such as Noto Sans CJK "
        "(Debian, Ubuntu: fonts-noto-cjk)"
    ]
    assert caught[0].filename == __file__
    wv = WordVectors(["𓀀", "a"], np.eye(2))
    with pytest.warns(UserWarning, match="no installed font has 𓀀.*Noto"):
        wv.plot(["𓀀", "a"])


@pytest.mark.slow
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


@pytest.mark.slow
def test_given_axes_are_drawn_on_and_returned(wv):
    figure, (left, right) = plt.subplots(1, 2)
    assert wv.plot(["ice", "fire"], ax=right) is right
    assert [text.get_text() for text in right.texts] == ["ice", "fire"]
    assert not left.texts
    assert plt.get_fignums() == [figure.number]


@pytest.mark.slow
def test_the_map_is_the_same_each_time_and_whatever_the_offset(wv):
    first, _, _ = drawn(wv.plot(WORDS))
    again, _, _ = drawn(wv.plot(WORDS))
    np.testing.assert_array_equal(first, again)
    moved, _, _ = drawn(WordVectors(WORDS, wv.vectors + 3).plot(WORDS))
    np.testing.assert_allclose(first, moved, atol=1e-4)


@pytest.mark.slow
@pytest.mark.parametrize("dtype", [np.float32, np.float16])
def test_two_words_lie_on_a_line_as_far_apart_as_they_are(wv, dtype):
    wv = WordVectors(WORDS, wv.vectors.astype(dtype))
    points, _, _ = drawn(wv.plot(["ice", "snow"]))
    apart = np.linalg.norm(wv["ice"].astype(float) - wv["snow"].astype(float))
    assert np.ptp(points[:, 0]) == pytest.approx(apart)
    np.testing.assert_allclose(points[:, 1], 0, atol=1e-6)


@pytest.mark.slow
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
    with pytest.raises(ValueError, match="finite vectors, but that of 'b' has NaN or infinity"):
        wv.plot(["a", "b", "c"])
    assert plt.get_fignums() == []


def test_an_unknown_word_is_an_error_before_anything_is_drawn(wv):
    with pytest.raises(KeyError, match="'nice'"):
        wv.plot(["ice", "nice"])
    assert plt.get_fignums() == []
