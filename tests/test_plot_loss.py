"""The plot of the losses: its lines, labels and axes."""

from __future__ import annotations

import numpy as np
import pytest

from glove_rs import Glove, NotFittedError
from libraries import later

plt = later("matplotlib.pyplot")


@pytest.fixture(scope="module")
def model():
    X = np.random.default_rng(3).uniform(1, 50, size=(20, 20))
    return Glove(dim=5, epochs=7).fit_cooccurrence(X + X.T)


@pytest.mark.slow
def test_the_line_has_the_loss_of_each_epoch(model):
    (line,) = model.plot_loss().lines
    assert line.get_xdata().tolist() == [1, 2, 3, 4, 5, 6, 7]
    assert line.get_ydata().tolist() == model.history


def legend_of(ax):
    return [text.get_text() for text in ax.get_legend().get_texts()]


def test_the_validation_loss_has_a_line_of_its_own():
    X = np.random.default_rng(3).uniform(1, 50, size=(20, 20))
    model = Glove(dim=5, epochs=4).fit_cooccurrence(X + X.T, validation=0.2)
    ax = model.plot_loss()
    training, validation = ax.lines
    assert training.get_ydata().tolist() == model.history
    assert validation.get_ydata().tolist() == model.history.validation
    assert validation.get_xdata().tolist() == [1, 2, 3, 4]
    assert legend_of(ax) == ["training", "validation"]


def test_the_data_term_has_a_line_of_its_own_if_it_is_not_the_objective():
    # Most pairs of words never co-occur, so that negative sampling adds to the loss.
    text = [f"w{k} w{k + 1} w{k + 2}" for k in range(30)]
    model = Glove(dim=5, epochs=4, min_count=1).fit(text, validation=0.2)
    assert model.history.data_loss != model.history
    ax = model.plot_loss()
    drawn = [line.get_ydata().tolist() for line in ax.lines]
    assert drawn == [model.history, model.history.data_loss, model.history.validation]
    assert legend_of(ax) == [
        "training: objective",
        "training: data term",
        "validation: data term",
    ]


def test_a_legend_names_the_line(model):
    assert legend_of(model.plot_loss()) == ["training"]


def test_axes_are_named_and_count_whole_epochs(model):
    ax = model.plot_loss()
    ax.figure.canvas.draw()
    assert (ax.get_xlabel(), ax.get_ylabel()) == ("epoch", "loss (cost per record)")
    assert all(tick == int(tick) for tick in ax.get_xticks())


@pytest.mark.slow
def test_there_is_ink_at_each_epoch_and_it_falls(model):
    ax = model.plot_loss()
    ax.figure.canvas.draw()
    ink = np.asarray(ax.figure.canvas.buffer_rgba())[::-1, :, :3].min(axis=2) < 200
    pixels = ax.transData.transform(ax.lines[0].get_xydata()).round().astype(int)
    frame = ax.get_window_extent()
    for column, row in pixels:
        assert frame.x0 < column < frame.x1
        assert frame.y0 < row < frame.y1
        assert ink[row - 1 : row + 2, column - 1 : column + 2].all()
    assert pixels[0, 1] - pixels[-1, 1] > frame.height / 2


def test_given_axes_are_drawn_on_and_returned(model):
    figure, (left, right) = plt.subplots(1, 2)
    assert model.plot_loss(right) is right
    assert (len(left.lines), len(right.lines)) == (0, 1)
    assert plt.get_fignums() == [figure.number]


def test_an_unfitted_model_has_no_losses_to_draw():
    with pytest.raises(NotFittedError):
        Glove().plot_loss()
    assert plt.get_fignums() == []
