"""Pictures: what is drawn (the artists), what is seen (pixels), in whose colours, and what is refused."""

import csv
import importlib
import sys
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import matplotlib as mpl
import numpy as np
import pytest
from cycler import cycler
from matplotlib import pyplot as plt
from matplotlib.axes import Axes

import minikeras as keras
from minikeras.layers import LSTM, Conv1D, Conv2D, Dense, Flatten, MaxPooling2D
from minikeras.plots import (
    LiveCurves,
    plot_activations,
    plot_confusion_matrix,
    plot_decision_surface,
    plot_filters,
    plot_history,
    plot_weights,
)

X = np.random.default_rng(0).normal(size=(40, 2))
Y = (X.sum(axis=1) > 0).astype(int)


@pytest.fixture(autouse=True)
def canvas() -> Iterator[None]:
    """Draw in memory, in matplotlib's own style, and leave no figure open."""
    mpl.use("agg")
    with plt.style.context("default"):
        yield
    plt.close("all")


def fitted(**options: Any) -> keras.callbacks.History:
    keras.utils.set_random_seed(1)
    model = keras.Sequential([keras.Input((2,)), Dense(4, "relu"), Dense(1, "sigmoid")])
    model.compile("adam", "binary_crossentropy", metrics=["accuracy"])
    return model.fit(X, Y, **{"epochs": 6, "validation_split": 0.25, "verbose": 0, **options})


def lines(ax: Any) -> dict[str, tuple[list[float], list[float]]]:
    return {str(line.get_label()): (list(line.get_xdata()), list(line.get_ydata())) for line in ax.lines}


def pixels(ax: Axes, *points: tuple[float, float]) -> list[np.ndarray[Any, Any]]:
    """Return the colours (red, green, blue from 0 to 1) that are seen at points of the axes."""
    canvas: Any = ax.figure.canvas
    canvas.draw()
    image = np.asarray(canvas.buffer_rgba())
    places = ax.transData.transform(points)
    return [image[int(image.shape[0] - up), int(across), :3] / 255 for across, up in places]


def pixel(ax: Axes, x: float, y: float) -> np.ndarray[Any, Any]:
    return pixels(ax, (x, y))[0]


def values_of(ax: Any) -> Any:
    """Return what the picture on the axes is made of, NaN in gaps."""
    return np.ma.filled(ax.images[0].get_array(), np.nan)


def over_white(colour: Any, alpha: float) -> np.ndarray[Any, Any]:
    return alpha * np.array(mpl.colors.to_rgb(colour)) + (1 - alpha)


def near(a: Any, b: Any) -> bool:
    return bool(np.abs(np.asarray(a) - np.asarray(b)).max() < 0.02)


# --- curves


def test_curves_are_the_history_with_the_best_epoch_marked() -> None:
    history = fitted()
    loss, accuracy = plot_history(history)
    assert [ax.get_ylabel() for ax in (loss, accuracy)] == ["loss", "accuracy"]
    for ax, name in ((loss, "loss"), (accuracy, "accuracy")):
        drawn = lines(ax)
        for key in (name, f"val_{name}"):
            assert drawn[key] == ([1, 2, 3, 4, 5, 6], history.history[key])
        assert [line.get_linestyle() for line in ax.lines[:3]] == ["-", "--", ":"]
        assert ax.lines[0].get_color() != ax.lines[1].get_color()
    best = int(np.argmin(history.history["val_loss"])) + 1
    for ax in (loss, accuracy):
        assert lines(ax)[f"best val_loss: epoch {best}"] == ([best, best], [0, 1])
    assert loss.lines[-1].get_marker() == "*"
    assert loss.lines[-1].get_xydata().tolist() == [[best, min(history.history["val_loss"])]]  # type: ignore[union-attr]
    assert accuracy.lines[-1].get_marker() != "*"


def test_curves_are_seen_where_they_are_and_dashes_have_gaps() -> None:
    (ax,) = plot_history({"loss": [1.0, 3.0, 5.0], "val_loss": [5.0, 5.5, 6.0]})
    solid, *seen = pixels(ax, (2, 3), *((x, 5 + (x - 1) / 2) for x in np.linspace(1.1, 2.9, 60)))
    assert near(solid, mpl.colors.to_rgb("C0"))
    assert any(near(colour, mpl.colors.to_rgb("C1")) for colour in seen)
    assert any(near(colour, (1, 1, 1)) for colour in seen)


def test_an_epoch_between_epochs_of_nan_is_seen() -> None:
    (ax,) = plot_history({"loss": [1.0, np.nan, 3.0, np.inf, 5.0]}, mode="max")
    assert all(near(seen, mpl.colors.to_rgb("C0")) for seen in pixels(ax, (1, 1), (3, 3)))


def test_epochs_without_validation_have_no_value_and_those_with_stand_where_they_were() -> None:
    history = fitted(validation_freq=3, epochs=7)
    assert lines(plot_history(history, "loss")[0])["val_loss"][0] == [3, 6]
    with pytest.raises(ValueError, match="2 values for 7 epochs, and it is unknown for which"):
        plot_history(history.history)
    assert lines(plot_history(fitted(initial_epoch=4), "loss")[0])["loss"][0] == [5, 6]


def test_the_model_tells_what_is_best_or_the_user_does() -> None:
    history = fitted()
    values = history.history["val_accuracy"]
    best = f"best val_accuracy: epoch {int(np.argmax(values)) + 1}"
    assert best in lines(plot_history(history, "loss", monitor="val_accuracy")[0])
    with pytest.raises(ValueError, match="cannot tell whether monitor='val_accuracy'"):
        plot_history(history.history, monitor="val_accuracy")
    assert best in lines(plot_history(history.history, monitor="val_accuracy", mode="max")[1])


def test_values_that_are_no_number_are_never_the_best() -> None:
    nan = float("nan")
    assert "best loss: epoch 3" in lines(plot_history({"loss": [nan, 3.0, 2.0, nan]})[0])
    assert list(lines(plot_history({"loss": [nan, nan]})[0])) == ["loss"]
    (ax,) = plot_history({"loss": [2.0, 1.0], "each": [np.ones(2), np.ones(2)]})  # several numbers an epoch
    assert ax.get_ylabel() == "loss"


def test_one_epoch_is_seen_and_the_scale_of_given_axes_stays() -> None:
    (ax,) = plot_history({"loss": [2.0], "val_loss": [20.0]})
    ax.figure.canvas.draw()
    beside = ax.transData.inverted().transform(ax.transData.transform((1, 2)) - (3, 0))  # the dotted line
    assert near(pixel(ax, *beside), mpl.colors.to_rgb("C0"))
    assert 1 in ax.get_xticks()
    _, given = plt.subplots()
    given.set(xscale="log", yscale="log")
    assert plot_history({"loss": [3.0, 2.0]}, axes=given) == [given]
    assert (given.get_xscale(), given.get_yscale()) == ("log", "log")


@pytest.mark.parametrize("separator", [",", ";", "\t"])
def test_a_file_of_csv_logger_gives_the_same_curves(separator: str, tmp_path: Path) -> None:
    path = tmp_path / "log.csv"
    history = fitted(callbacks=[keras.callbacks.CSVLogger(path, separator)])
    for ours, other in zip(plot_history(path), plot_history(history), strict=True):
        for key, (epochs, values) in lines(other).items():
            if not key.startswith("_"):
                assert lines(ours)[key][0] == pytest.approx(epochs)
                assert lines(ours)[key][1] == pytest.approx(values)


def test_files_with_gaps_and_several_runs(tmp_path: Path) -> None:
    path = tmp_path / "log.csv"
    logger = keras.callbacks.CSVLogger(path, append=True)
    for values in ([3.0, 2.0], [1.5, 1.0]):  # two runs, both from epoch 0
        logger.on_train_begin()
        for epoch, loss in enumerate(values):
            logger.on_epoch_end(epoch, {"loss": loss, "each": np.ones(2)})
    (ax,) = plot_history(str(path))
    assert lines(ax)["loss"] == ([1, 2, 3, 4], [3, 2, 1.5, 1])
    assert list(lines(ax))[:2] == ["loss", "best loss: epoch 4"]
    with path.open("w", newline="") as file:
        csv.writer(file).writerows([["epoch", "loss", "val_loss"], [0, 2.5, "NA"], [1, "nan", 4e-05]])
    assert lines(plot_history(path)[0])["val_loss"] == ([2], [4e-05])


def test_what_cannot_be_drawn_is_said(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"no values of \{'acc'\}.*\['loss'\]"):
        plot_history({"loss": [1.0]}, ["loss", "acc"])
    with pytest.raises(ValueError, match=r"no values of \{'val_loss'\}"):
        plot_history({"loss": [1.0]}, monitor="val_loss")
    with pytest.raises(ValueError, match="no values of any epoch"):
        plot_history(keras.callbacks.History())
    path = tmp_path / "other.csv"
    path.write_text("a,b\n1,2\n")
    with pytest.raises(ValueError, match="no file of CSVLogger"):
        plot_history(path)
    _, axes = plt.subplots(1, 3)
    with pytest.raises(ValueError, match="needs 2 axes"):
        plot_history(fitted(), axes=axes)
    with pytest.raises(ValueError, match="needs 1 axes"):
        plot_history({"loss": [1.0]}, axes="here")  # type: ignore[arg-type]


def test_pictures_are_in_the_style_of_the_user() -> None:
    with plt.style.context({"axes.prop_cycle": cycler(color=["#123456", "#654321"]), "figure.figsize": (3, 2)}):
        (ax,) = plot_history({"loss": [2.0, 1.0], "val_loss": [3.0, 2.0]})
        assert [line.get_color() for line in ax.lines[:2]] == ["#123456", "#654321"]
        assert ax.figure.get_size_inches().tolist() == [3, 2]  # type: ignore[union-attr]
    with plt.style.context("dark_background"):
        (ax,) = plot_history({"loss": [2.0, 1.0]})
        assert near(pixel(ax, 1.5, 1.1), (0, 0, 0))
        assert ax.lines[1].get_color() == "white"
    with plt.style.context({"image.cmap": "cividis", "axes.grid": True}):
        ax = plot_confusion_matrix([0, 1], [0, 1])
        assert ax.images[0].get_cmap().name == "cividis"
        assert not any(line.get_visible() for line in ax.get_xgridlines())


# --- live curves


def notebook(monkeypatch: pytest.MonkeyPatch, kinds: list[str]) -> list[tuple[dict[str, str], bool, str]]:
    """Stand in for IPython, and return the list of what it is given to show."""
    shown: list[tuple[dict[str, str], bool, str]] = []

    def display(data: dict[str, str], raw: bool, display_id: str, update: bool) -> None:
        assert raw
        shown.append((data, update, display_id))

    shell = SimpleNamespace(display_formatter=SimpleNamespace(active_types=kinds))
    monkeypatch.setitem(sys.modules, "IPython", SimpleNamespace(get_ipython=lambda: shell))
    monkeypatch.setitem(sys.modules, "IPython.display", SimpleNamespace(display=display))
    return shown


def test_a_notebook_shows_one_picture_that_changes(monkeypatch: pytest.MonkeyPatch) -> None:
    shown = notebook(monkeypatch, ["text/plain", "text/html", "image/png"])
    live = LiveCurves("loss", interval=0)
    assert fitted(callbacks=[live], validation_freq=2, epochs=2) is live
    assert [update for _, update, _ in shown] == [False, True, True]
    assert len({place for *_, place in shown}) == 1
    data, *_ = shown[1]
    assert data["image/png"].startswith("iVBORw0KGgo")  # how a PNG file begins in base 64
    assert data["text/plain"].startswith(f"epoch 2: accuracy {live.history['accuracy'][1]:.4g}, loss ")
    assert shown[0][0]["image/png"] != shown[-1][0]["image/png"]
    assert plt.get_fignums() == []
    shown.clear()
    live = LiveCurves("loss", interval=1000)
    for _ in range(2):
        fitted(callbacks=[live], epochs=3)
    assert [update for _, update, _ in shown] == [False, True] * 2  # the first and the last epoch
    assert len({place for *_, place in shown}) == 2  # of two cells


@pytest.mark.parametrize("terminal", [True, False])
def test_a_terminal_shows_nothing(monkeypatch: pytest.MonkeyPatch, capsys: Any, terminal: bool) -> None:
    shown = notebook(monkeypatch, ["text/plain"]) if terminal else []
    history = fitted(callbacks=[LiveCurves()])
    assert history.epoch == [*range(6)]
    assert (shown, plt.get_fignums(), capsys.readouterr().out) == ([], [], "")


# --- classifiers


def test_a_surface_is_the_output_and_its_line_stands_at_the_threshold() -> None:
    corners, classes = np.array([[0.0, 0.0], [10.0, 10.0]]), [0, 1]
    ax = plot_decision_surface(lambda x: x[:, 0] / 10, corners, classes)
    assert ax.images[0].get_clim() == pytest.approx((-0.1, 1.1))
    *seen, edge = pixels(ax, (1, 5), (4, 5), (9, 5), (5, 3))
    for at, colour in zip((1.0, 4.0, 9.0), seen, strict=True):
        assert near(colour, over_white(mpl.colormaps["viridis"]((at / 10 + 0.1) / 1.2), 0.5))
    assert near(edge, mpl.colors.to_rgb("black"))
    (line,) = ax.collections[:1]
    assert line.get_paths()[0].vertices[:, 0] == pytest.approx(np.full(200, 5.0))  # type: ignore[index]
    assert (ax.get_xlabel(), ax.get_ylabel()) == ("x[:, 0]", "x[:, 1]")
    ax = plot_decision_surface(lambda x: x[:, :1] - 7, corners, threshold=0)
    assert ax.collections[0].get_paths()[0].vertices[0, 0] == pytest.approx(7)  # type: ignore[index]
    assert ax.get_legend() is None


def test_a_surface_of_a_model_shows_what_it_predicts() -> None:
    model = fitted().model
    _, given = plt.subplots()
    assert plot_decision_surface(model, X, Y, names=["no", "yes"], ax=given) is given
    shown = values_of(given)
    left, right, bottom, top = given.images[0].get_extent()
    across, up = np.linspace(left, right, 200), np.linspace(bottom, top, 200)
    wanted = model.predict(np.array([[across[20], up[30]], [across[150], up[199]]]), verbose=0)[:, 0]
    assert [shown[30, 20], shown[199, 150]] == pytest.approx(wanted.tolist(), abs=1e-6)
    legend: Any = given.get_legend()
    assert [text.get_text() for text in legend.get_texts()] == ["no", "yes"]


def test_several_outputs_are_regions_whose_classes_have_markers_of_their_own() -> None:
    def scores(x: Any) -> Any:
        return np.stack([-x[:, 0], x[:, 0], 4 - 0 * x[:, 0]], axis=1)  # 0 left of -4, 1 right of 4, 2 between

    x, y = np.array([[-6.0, 0], [6, 1], [0, 0], [0, 1]]), np.eye(3)[[0, 1, 2, 2]]
    ax = plot_decision_surface(scores, x, y)
    for k, colour in enumerate(pixels(ax, (-5, 0.5), (5, 0.5), (1, 0.5))):
        assert near(colour, over_white(mpl.colormaps["viridis"](k / 2), 0.5))
    points = ax.collections[-3:]
    assert [len(p.get_offsets()) for p in points] == [1, 1, 2]  # type: ignore[arg-type]
    assert len({p.get_paths()[0].vertices.tobytes() for p in points}) == 3  # type: ignore[union-attr]
    edges: Any = ax.collections[:3]
    found = sorted({round(float(v), 6) for c in edges for p in c.get_paths() for v in p.vertices[:, 0]})
    assert found == [-4, 4]


def test_columns_of_a_frame_name_the_axes() -> None:
    class Frame:
        columns = ("temperature", "minutes")

        def __array__(self, dtype: Any = None, copy: Any = None) -> Any:
            return np.asarray(X, dtype)

    frame: Any = Frame()
    ax = plot_decision_surface(lambda x: x[:, 0], frame, Y)
    assert (ax.get_xlabel(), ax.get_ylabel()) == ("temperature", "minutes")
    with pytest.raises(ValueError, match=r"two features.*shape \(4, 3\)"):
        plot_decision_surface(lambda x: x[:, 0], np.ones((4, 3)))
    with pytest.raises(ValueError, match="39 classes"):
        plot_decision_surface(lambda x: x[:, 0], X, Y[:39])
    with pytest.raises(ValueError, match=r"names=\['a'\]"):
        plot_decision_surface(lambda x: x[:, 0], X, Y, names=["a"])


@pytest.mark.parametrize("predicted", [
    [0, 1, 1, 0, 1], [[0], [1], [1], [0], [1]], [0.1, 0.9, 0.51, 0.5, 1.0], [[False], [True], [True], [False], [True]],
    [[0.9, 0.1], [0.2, 0.8], [0.3, 0.7], [0.6, 0.4], [0.0, 1.0]],
])  # fmt: skip
def test_a_confusion_matrix_counts(predicted: Any) -> None:
    ax = plot_confusion_matrix([0, 1, 0, 1, 1], np.array(predicted), names=["tea", "coffee"])
    assert [text.get_text() for text in ax.texts] == ["1", "1", "1", "2"]
    parts = values_of(ax)
    assert parts == pytest.approx(np.array([[1 / 2, 1 / 2], [1 / 3, 2 / 3]]))
    assert [label.get_text() for label in ax.get_yticklabels()] == ["tea", "coffee"]
    seen = pixels(ax, *((j + 0.3, i - 0.3) for i, j in np.ndindex(2, 2)))
    assert near(seen, mpl.colormaps["viridis"](parts.ravel())[:, :3])


def test_numbers_in_cells_can_be_read() -> None:
    def luminance(colour: Any) -> float:  # of WCAG 2
        c = np.array(mpl.colors.to_rgb(colour))
        return float(np.where(c <= 0.04045, c / 12.92, ((c + 0.055) / 1.055) ** 2.4) @ (0.2126, 0.7152, 0.0722))

    for cmap in ("viridis", "cividis", "Blues", "gray"):
        with plt.style.context({"image.cmap": cmap}):
            true, predicted = np.repeat(range(11), 10), [j < k for k in range(11) for j in range(10)]
            ax = plot_confusion_matrix(true, predicted)
            for k in range(11):  # of ten rows of class k, k are taken for class 1
                low, high = sorted(map(luminance, (mpl.colormaps[cmap](k / 10), ax.texts[11 * k + 1].get_color())))
                assert (high + 0.05) / (low + 0.05) >= 3


@pytest.mark.parametrize(("classes", "rows"), [(10, 20_000), (30, 60), (2, 10**6)])
def test_numbers_fit_into_their_cells(classes: int, rows: int) -> None:
    true = np.repeat(range(classes), rows)
    for ax in (plot_confusion_matrix(true, true), plot_confusion_matrix(true, true, ax=plt.subplots(1, 2)[1][0])):
        ax.figure.canvas.draw()
        for k, text in enumerate(ax.texts):
            (left, down), (right, up) = ax.transData.inverted().transform(text.get_window_extent())
            assert abs(left - k % classes) < 0.5 > abs(right - k % classes)
            assert abs(down - k // classes) < 0.5 > abs(up - k // classes)


def test_names_may_be_an_array() -> None:
    names = np.array(["tea", "coffee"])  # as in the `target_names` of scikit-learn's data
    ax = plot_confusion_matrix([0, 1, 1], [0, 1, 0], names=names)
    assert [label.get_text() for label in ax.get_xticklabels()] == ["tea", "coffee"]
    ax = plot_decision_surface(lambda x: x[:, 0], X, Y, names=names)
    assert [text.get_text() for text in ax.get_legend().get_texts()] == ["tea", "coffee"]  # type: ignore[union-attr]
    with pytest.raises(ValueError, match="a name for each class"):
        plot_confusion_matrix([0, 1, 2], [0, 1, 2], names=names)


def test_what_are_no_classes_is_refused() -> None:
    for wrong in (
        [[np.nan, 0.2], [0.1, 0.9]],
        [0, -1],
        [0.5, 1.5],
        [0.5, float("nan")],
        ["a", "b"],
        np.ones((2, 2, 2)),
        3,
    ):
        with pytest.raises(ValueError, match="Classes must be integers from 0 or probabilities"):
            plot_confusion_matrix([0, 1], wrong)
    with pytest.raises(ValueError, match="3 predictions of 2 rows"):
        plot_confusion_matrix([0, 1], [0, 1, 1])
    with pytest.raises(ValueError, match="3 classes"):
        plot_confusion_matrix([0, 1], [0, 2], names=["a", "b"])


DEUTERANOPIA = [[0.367, 0.861, -0.228], [0.280, 0.673, 0.047], [-0.012, 0.043, 0.969]]
PROTANOPIA = [[0.152, 1.053, -0.205], [0.115, 0.786, 0.099], [-0.004, -0.048, 1.052]]
TRITANOPIA = [[1.256, -0.077, -0.179], [-0.078, 0.931, 0.148], [0.005, 0.691, 0.304]]


def test_a_surface_that_is_nan_in_part_has_its_line_and_filled_markers_elsewhere() -> None:
    corners, classes = np.array([[0.0, 0.0], [10.0, 10.0]]), [0, 1]
    ax = plot_decision_surface(lambda x: np.where(x[:, 1] > 5, np.nan, x[:, 0] / 10), corners, classes)
    assert ax.images[0].get_clim() == pytest.approx((-0.1, 1.1))
    shapes: Any = ax.collections
    line, *points = shapes
    across, up = line.get_paths()[0].vertices.T
    assert across == pytest.approx(np.full(len(up), 5.0))
    assert up.max() <= 5
    for shown, end in zip(points, (0.0, 1.0), strict=True):
        assert near(shown.get_facecolor()[0][:3], mpl.colormaps["viridis"](end)[:3])


@pytest.mark.parametrize("sight", [DEUTERANOPIA, PROTANOPIA, TRITANOPIA])
def test_colours_are_told_apart_by_the_colour_blind(sight: Any) -> None:
    """The matrices are those of Machado, Oliveira and Fernandes 2009, for linear red, green and blue."""

    def seen(colour: Any) -> np.ndarray[Any, Any]:
        return np.asarray(sight) @ np.array(mpl.colors.to_rgb(colour)) ** 2.2

    y = np.arange(40) % 4
    regions = plot_decision_surface(lambda x: np.ones((len(x), 4)), X, y)
    colours = [seen(points.get_facecolor()[0]) for points in regions.collections]
    (weights,) = plot_weights(built(Dense(2, use_bias=False)))
    signs = [seen(weights.images[0].get_cmap()(end)) for end in (0.1, 0.9)]
    for group in (colours, signs):
        for i, colour in enumerate(group):
            assert all(np.linalg.norm(colour - other) > 0.2 for other in group[:i])


# --- inside of a model


def built(layer: keras.Layer, shape: tuple[int | None, ...] = (None, 2)) -> keras.Layer:
    layer.build(shape)
    return layer


def test_weights_are_maps_with_zero_in_the_middle() -> None:
    dense = built(Dense(3, name="d"))
    dense.set_weights([np.array([[4.0, 0, -2], [0, 0, -4]]), np.array([1.0, 2.0, 3.0])])
    kernel, bias = plot_weights(dense)
    shown = values_of(kernel)
    assert shown.tolist() == [[4, 0, -2], [0, 0, -4]]
    assert (kernel.images[0].get_clim(), bias.images[0].get_clim()) == ((-4, 4), (-3, 3))
    assert (kernel.get_title(), bias.get_title()) == ("d/kernel", "d/bias")
    purple, white, orange = pixels(kernel, (0, 0), (1, 0), (2, 1))
    assert near(purple, mpl.colormaps["PuOr"](1.0)[:3])
    assert near(orange, mpl.colormaps["PuOr"](0.0)[:3])
    assert near(white, (0.97, 0.97, 0.97))
    assert all(float(tick).is_integer() for ax in (kernel, bias) for tick in [*ax.get_xticks(), *ax.get_yticks()])
    with pytest.raises(ValueError, match="no weights to draw"):
        plot_weights(Dense(2))


def test_titles_of_weights_stand_side_by_side() -> None:
    inner = keras.Sequential([keras.Input((5, 4)), keras.layers.Bidirectional(LSTM(3))], name="encoder_of_sentences")
    axes = plot_weights(keras.Sequential([inner]))
    axes[0].figure.canvas.draw()
    assert "".join(axes[1].get_title().split()) == inner.weights[1].path
    places = [ax.title.get_window_extent() for ax in axes]
    assert not any(a.overlaps(b) for k, a in enumerate(places) for b in places[:k])


def test_weights_beside_infinite_ones_keep_their_colours() -> None:
    dense = built(Dense(3))
    dense.set_weights([np.array([[np.inf, 0, -2], [np.nan, 0, -4]]), np.zeros(3)])
    kernel, _ = plot_weights(dense)
    assert kernel.images[0].get_clim() == (-4, 4)
    white, half, orange = pixels(kernel, (1, 0), (2, 0), (2, 1))
    assert near(white, (0.97, 0.97, 0.97))
    assert near(half, mpl.colormaps["PuOr"](0.25)[:3])
    assert near(orange, mpl.colormaps["PuOr"](0.0)[:3])


def test_weights_of_a_model_and_of_more_axes() -> None:
    model = keras.Sequential([keras.Input((8, 8, 2)), Conv2D(3, 3), Flatten(), Dense(2)])
    axes = plot_weights(model)
    assert [values_of(ax).shape for ax in axes] == [(18, 3), (1, 3), (108, 2), (1, 2)]
    assert len({ax.get_subplotspec().rowspan.start for ax in axes}) == 2  # type: ignore[union-attr]


class Own(keras.Model):
    def __init__(self) -> None:
        super().__init__()
        self.inner = keras.Sequential([keras.Input((4,)), Dense(3, "tanh", name="deep")])
        self.recurrent = LSTM(5, return_sequences=True)
        self.head = Dense(4)

    def call(self, x: keras.Tensor) -> keras.Tensor:
        x = self.recurrent(x)[:, -1]
        return self.inner(self.head(x)) + self.inner(self.head(-x))


def test_activations_are_those_of_the_layer() -> None:
    x = np.random.default_rng(1).normal(size=(1, 8, 8, 1)).astype("float32")
    model = keras.Sequential([keras.Input((8, 8, 1)), Conv2D(5, 3, name="c"), MaxPooling2D(), Flatten(), Dense(3)])
    for _ in range(40):  # so that calls are replays
        before = model(x)
    (maps,) = keras.Model(model.inputs, model.get_layer("c").output).predict(x, verbose=0)
    ax = plot_activations(model, x, "c")
    sheet = values_of(ax)
    assert sheet.shape == (2 * 7 - 1, 3 * 7 - 1)
    for k in range(5):
        top, left = k // 3 * 7, k % 3 * 7
        assert sheet[top : top + 6, left : left + 6] == pytest.approx(maps[..., k], abs=1e-6)
    assert np.isnan(sheet[6]).all()  # the gap, and the place of a sixth
    assert np.isnan(sheet[7:, 14:]).all()
    bars = plot_activations(model, x, -1)
    assert [bar.get_height() for bar in bars.patches] == pytest.approx(before.numpy()[0].tolist(), abs=1e-6)  # type: ignore[attr-defined]
    assert "call" not in vars(model.get_layer("c"))
    assert model(x).numpy() == pytest.approx(before.numpy())


def test_activations_in_a_model_of_ones_own_and_of_a_layer_called_twice() -> None:
    model, x = Own(), np.random.default_rng(1).normal(size=(1, 6, 2)).astype("float32")
    model(x)
    series = model.recurrent(x).numpy()[0]
    assert values_of(plot_activations(model, x, model.recurrent)) == pytest.approx(series.T, abs=1e-6)
    deep = model.inner.get_layer("deep")
    first = deep(model.head(series[None, -1])).numpy()[0]
    bars = plot_activations(model, x, deep)
    assert [bar.get_height() for bar in bars.patches] == pytest.approx(first.tolist(), abs=1e-6)  # type: ignore[attr-defined]
    with pytest.raises(ValueError, match=r"'own' got no output of <Dense name=dense"):
        plot_activations(model, x, Dense(2))
    with pytest.raises(ValueError, match=r"one row, as x\[:1\].*\(2, 6, 2\)"):
        plot_activations(model, np.ones((2, 6, 2)), deep)


def test_activations_with_channels_first_and_several_inputs() -> None:
    a, b = keras.Input((2, 4, 4), name="a"), keras.Input((3,), name="b")
    pooled = MaxPooling2D(2, data_format="channels_first", name="pool")(a)
    model = keras.Model([a, b], keras.layers.Concatenate()([Flatten()(pooled), b]))
    ax = plot_activations(model, [np.ones((1, 2, 4, 4)), np.ones((1, 3))], "pool")
    assert values_of(ax).shape == (2, 5)
    with pytest.raises(ValueError, match="one row"):
        plot_activations(model, [np.ones((1, 2, 4, 4)), np.ones((2, 3))], "pool")


def test_filters_of_convolutions() -> None:
    model = keras.Sequential([keras.Input((5, 5, 2)), keras.layers.Rescaling(2.0), Conv2D(3, 2), Conv2D(4, 2)])
    kernel = model.layers[1].get_weights()[0]
    sheet = values_of(plot_filters(model))
    assert sheet.shape == (5, 8)  # six tiles in two rows of three: two channels of each of three filters
    order = [kernel[..., channel, unit] for unit in range(3) for channel in range(2)]
    for k, tile in enumerate(order):
        assert sheet[k // 3 * 3 :, k % 3 * 3 :][:2, :2] == pytest.approx(tile)
    series = built(Conv1D(4, 3), (None, 9, 2))
    assert values_of(plot_filters(series))[:2, :3] == pytest.approx(series.get_weights()[0][..., 0].T)


def test_filters_for_colours_are_drawn_in_them() -> None:
    layer = built(Conv2D(2, 1, use_bias=False), (None, 4, 4, 3))
    layer.set_weights([np.array([[1.0, -1.0], [-1.0, 1.0], [0.0, -1.0]]).reshape(1, 1, 3, 2)])
    ax = plot_filters(layer)
    assert near(pixels(ax, (0, 0), (2, 0), (1, 0)), [(1, 0, 0.5), (0, 1, 0), (1, 1, 1)])  # the last is the gap


def test_filters_of_dense_are_images() -> None:
    plain = built(Dense(4), (None, 36))
    assert values_of(plot_filters(plain)).shape == (13, 13)
    assert values_of(plot_filters(plain, shape=(4, 9))).shape == (9, 19)
    flat = keras.Sequential([keras.Input((3, 12)), Flatten(), Dense(1)])
    kernel = flat.get_weights()[0]
    assert values_of(plot_filters(flat)) == pytest.approx(kernel.reshape(3, 12))
    colours = keras.Sequential([keras.Input((2, 2, 3)), Flatten(), Dense(1)])
    assert values_of(plot_filters(colours)).shape == (2, 2, 4)
    with pytest.raises(ValueError, match=r"takes 2 values, which are no image of shape \(1, 1\)"):
        plot_filters(built(Dense(4)))
    for without in (Dense(4), keras.Sequential([keras.Input((4, 4)), LSTM(2)])):
        with pytest.raises(ValueError, match="no built layer with filters"):
            plot_filters(without)


# --- all of it


def test_without_matplotlib_the_command_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    real = importlib.import_module

    def missing(name: str) -> Any:
        if name.startswith("matplotlib"):
            raise ModuleNotFoundError(f"No module named {name!r}")
        return real(name)

    monkeypatch.setattr("minikeras._base.lazy.import_module", missing)
    dense = built(Dense(4))
    for draw in (lambda: plot_weights(dense), lambda: plot_history({"loss": [1.0]}), LiveCurves):
        with pytest.raises(ImportError, match=r'needs matplotlib.*pip install "\.\[plot\]"'):
            draw()
