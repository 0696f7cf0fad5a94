"""Pictures of training and of models, drawn by matplotlib (the extra `plot`).

Each function draws on the axes passed as `ax` or `axes`, or on those of a new figure, and returns them. Colours, fonts
and sizes are those of the user's style. What differs by colour also differs by line, marker or number. Classes are
integers from 0, or one-hot rows; `names` are the names of the classes.
"""

from __future__ import annotations

import csv
import math
import os
import time
from binascii import b2a_base64
from collections.abc import Callable, Mapping, Sequence
from functools import wraps
from io import BytesIO
from textwrap import fill
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np

from ._base.nested import leaves
from ._base.typing import Array, TensorLike
from ._display.notebook import shown_by_ipython
from .callbacks import EarlyStopping, History
from .callbacks.callback import Logs
from .callbacks.monitor import Mode
from .layers import Conv1D, Conv2D, Dense, Flatten, Layer
from .models import Model
from .utils.model_visualization import extra

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["LiveCurves", "plot_activations", "plot_confusion_matrix", "plot_decision_surface", "plot_filters",
           "plot_history", "plot_weights"]  # fmt: skip

Log: TypeAlias = History | Mapping[str, Sequence[Any]] | str | os.PathLike[str]
Places: TypeAlias = "Axes | Sequence[Axes] | Array | None"
Metrics: TypeAlias = str | Sequence[str] | None
Names: TypeAlias = Sequence[object] | Array | None


def plot_history(history: Log, metrics: Metrics = None, *, monitor: str | None = None, mode: Mode = "auto",
                 axes: Places = None) -> list[Axes]:  # fmt: skip
    """Draw the loss and the metrics by epoch, counted from 1: solid lines for training, dashed ones for validation.

    A dotted line marks the best epoch, and a star its value. A ValueError for unknown metrics, for values whose epochs
    or mode are not known, and if the number of axes is not that of the metrics.

    Args:
        history: The result of `fit`, its `history`, or the path of a file that `CSVLogger` wrote.
        metrics: Names of the metrics to draw, without "val_"; by default all with one number for each epoch.
        monitor: Name of the metric that tells which epoch is the best, by default "val_loss" or else "loss".
        mode: Whether it should be small ("min") or large ("max"); "auto" asks the model, as `EarlyStopping` does.

    Example:
        >>> (ax,) = plot_history({"loss": [3.0, 2.0, 1.0], "val_loss": [3.0, 2.0, 2.5]})
        >>> [text.get_text() for text in ax.get_legend().get_texts()]
        ['loss', 'val_loss', 'best val_loss: epoch 2']
    """
    curves = _curves(history)
    known = list(dict.fromkeys(name.removeprefix("val_") for name in sorted(curves, key="loss".__ne__)))
    names = [metrics] if isinstance(metrics, str) else metrics or known
    unknown = {*names} - {*known} | {monitor} - {None, *curves}
    if unknown or not names:
        raise ValueError(f"There are no values of {unknown or 'any epoch'}. Known metrics: {list(curves)}.")
    monitor = monitor or ("val_loss" if "val_loss" in curves else "loss")
    best = _best(*curves.get(monitor, ([], [])), monitor, mode, getattr(history, "model", None))
    places = _axes(axes, len(names))
    for ax, name in zip(places, names, strict=True):
        ink = ax.xaxis.label.get_color()
        for key, line, marker in ((name, "-", "o"), (f"val_{name}", "--", "s")):
            if key in curves:  # an epoch alone, or beside NaN, needs a marker, since no line leads to it
                is_line = len(curves[key][0]) > 1 and np.isfinite(curves[key][1]).all()
                ax.plot(*curves[key], linestyle=line, marker=None if is_line else marker, label=key)
        if best is not None:
            ax.axvline(best[0], color=ink, linestyle=":", label=f"best {monitor}: epoch {best[0]:g}")
        if best is not None and monitor in (name, f"val_{name}"):
            ax.plot(*best, color=ink, marker="*", markersize=10)
        ax.set(xlabel="epoch", ylabel=name)
        if ax.get_xscale() == "linear":
            _integer_ticks(ax.xaxis)
        ax.legend()
    return places


def _curves(history: Log) -> dict[str, tuple[list[float], list[float]]]:
    """Return the epochs and values of the metrics that have one number for each epoch."""
    columns: Any = history.history if isinstance(history, History) else history
    epochs = history._epochs if isinstance(history, History) else {}
    if isinstance(history, str | os.PathLike):
        columns, epochs = _read(history)
    if not isinstance(columns, Mapping):
        raise ValueError(f"Expected the History that `fit` returned, a dict, or a CSV file. Received: {columns!r}")
    longest, curves = max(map(len, columns.values()), default=0), {}
    for name, values in columns.items():
        places = epochs.get(name, range(longest))
        if len(places) != len(values):
            raise ValueError(f"{name!r} has {len(values)} values for {longest} epochs, and it is unknown for which. "
                             "Pass the History that `fit` returned.")  # fmt: skip
        if [*places] != sorted({*places}):  # several runs, one after the other
            places = range(len(values))
        kept = [i for i, value in enumerate(values) if value is not None and np.ndim(value) == 0]
        if kept:
            curves[name] = [places[i] + 1.0 for i in kept], [float(values[i]) for i in kept]
    return curves


def _read(path: str | os.PathLike[str]) -> tuple[dict[str, list[float | None]], dict[str, list[int]]]:
    """Return the columns of a file that `CSVLogger` wrote, None for values that are no numbers, and their epochs."""
    with open(path, encoding="utf8", newline="") as file:
        first = file.readline().rstrip("\r\n")
        if not first.startswith("epoch") or len(first) < 7:
            raise ValueError(f"{os.fspath(path)!r} is no file of CSVLogger: its first line must begin with 'epoch'.")
        (_, *epochs), *table = zip(*csv.reader([first, *file], delimiter=first[5]), strict=True)
    columns = {name: [None if v == "NA" or "[" in v else float(v) for v in column] for name, *column in table}
    return columns, {name: [*map(int, epochs)] for name in columns}


def _best(epochs: list[float], values: list[float], monitor: str, mode: Mode, model: Any) -> tuple[float, float] | None:
    """Return the epoch whose weights `EarlyStopping` would keep, and its value; None if none is finite."""
    watch = EarlyStopping(monitor, patience=len(values) + 1, mode=mode)
    watch.set_model(model)
    points = [point for point in zip(epochs, values, strict=True) if math.isfinite(point[1])]
    for i, (_, value) in enumerate(points):
        watch.on_epoch_end(i, {monitor: value})
    return points[watch.best_epoch] if points else None


class LiveCurves(History):
    """A History that draws itself while `fit` runs in a notebook: one picture below the cell, which is updated.

    Outside of notebooks nothing is drawn or printed.

    Args:
        metrics: See `plot_history`.
        interval: The least seconds between two pictures. The last epoch is always drawn.

    Example:
        >>> model = keras.Sequential([keras.Input((1,)), keras.layers.Dense(1)])
        >>> model.compile("sgd", "mse")
        >>> history = model.fit(np.ones((4, 1)), np.ones((4, 1)), epochs=3, verbose=0, callbacks=[LiveCurves("loss")])
        >>> plot_history(history)[0].lines[0].get_xdata().tolist()
        [1.0, 2.0, 3.0]
    """

    def __init__(self, metrics: Metrics = None, interval: float = 0.5) -> None:
        super().__init__()
        self.metrics = metrics
        self.interval = interval
        extra("matplotlib")

    def on_train_begin(self, logs: Logs | None = None) -> None:
        super().on_train_begin(logs)
        self._place, self._drawn = f"minikeras {time.time_ns()}", -math.inf

    def on_epoch_end(self, epoch: int, logs: Logs | None = None) -> None:
        super().on_epoch_end(epoch, logs)
        if time.monotonic() >= self._drawn + self.interval:
            self._draw()

    def on_train_end(self, logs: Logs | None = None) -> None:
        if self.epoch:
            self._draw()

    def _draw(self) -> None:
        if "image/png" not in shown_by_ipython():
            return
        figure: Any = plot_history(self, self.metrics)[0].figure
        file = BytesIO()
        figure.savefig(file, format="png")
        extra("matplotlib.pyplot").close(figure)  # else the notebook shows it a second time
        text = ", ".join(f"{name} {np.mean(values[-1]):.4g}" for name, values in self.history.items())
        data = {"image/png": b2a_base64(file.getvalue()).decode(), "text/plain": f"epoch {self.epoch[-1] + 1}: {text}"}
        extra("IPython.display").display(data, raw=True, display_id=self._place, update=math.isfinite(self._drawn))
        self._drawn = time.monotonic()


def plot_decision_surface(model: Model | Callable[[Array], Any], x: TensorLike, y: TensorLike | None = None, *,
                          threshold: float = 0.5, names: Names = None, ax: Axes | None = None) -> Axes:  # fmt: skip
    """Draw the output of a classifier of two features over the plane, with lines where its decision changes.

    A single output is shown as it is; of several outputs, the largest decides. Each class of y has its own marker. A
    ValueError if x does not have two columns, or y another number of rows.

    Args:
        model: A model, or a function of an array (n, 2) that returns outputs, such as one that normalizes first.
        x: Rows (n, 2), which determine the part of the plane to draw. The columns of a data frame name the axes.
        y: The classes of the rows.
        threshold: For a single output, where class 0 changes to class 1; 0 for logits.

    Example:
        >>> ax = plot_decision_surface(lambda x: x.sum(axis=1) / 3, np.array([[0, 0], [1, 2]]), [0, 1])
        >>> [text.get_text() for text in ax.get_legend().get_texts()]
        ['0', '1']
    """
    rows = np.asarray(x, float)
    classes = np.zeros(len(rows), int) if y is None else _classes(y)
    labels = range(classes.max(initial=0) + 1) if names is None else names
    if rows.shape[1:] != (2,) or not 0 < len(rows) == len(classes) or classes.max() >= len(labels):
        raise ValueError("plot_decision_surface needs rows of two features; y a class for each, `names` all classes."
                         f" Received: x of shape {rows.shape}, {len(classes)} classes, names={names}.")  # fmt: skip
    margin = np.where(np.ptp(rows, axis=0) > 0, np.ptp(rows, axis=0), 1.0) / 10
    across, up = np.linspace(rows.min(axis=0) - margin, rows.max(axis=0) + margin, 200).T
    grid = np.stack(np.meshgrid(across, up), axis=-1).reshape(-1, 2)
    outputs = model.predict(grid, batch_size=4096, verbose=0) if isinstance(model, Model) else model(grid)
    surface = np.moveaxis(np.asarray(outputs, float).reshape(len(up), len(across), -1), -1, 0)
    if len(surface) == 1:
        shown, edges = surface[0], surface - threshold
        half = max(min(threshold, 1 - threshold), np.fmax.reduce(np.abs(edges), axis=None))  # NaN does not count
        ends = threshold - half, threshold + half
    else:
        shown, ends = surface.argmax(axis=0) + 0 * surface.sum(axis=0), (0, len(surface) - 1)  # NaN stays NaN
        edges = np.stack([s - np.delete(surface, k, axis=0).max(axis=0) for k, s in enumerate(surface)])
    (ax,) = _axes(ax, 1)
    ink = ax.xaxis.label.get_color()
    image = ax.imshow(shown, extent=(across[0], across[-1], up[0], up[-1]), origin="lower", aspect="auto", alpha=0.5,
                      vmin=ends[0], vmax=ends[1], interpolation="nearest")  # fmt: skip
    for edge in edges:
        if (edge < 0).any() and (edge > 0).any():
            ax.contour(across, up, edge, [0.0], colors=[ink])
    if len(edges) == 1:
        ax.figure.colorbar(image, ax=ax, label="output")
    if y is not None:
        for k in np.unique(classes):
            colour = image.cmap(image.norm(ends[k] if len(edges) == 1 and k < 2 else k))
            ax.scatter(*rows[classes == k].T, color=colour, edgecolors=ink, marker="os^Dv<>PX*"[k % 10],
                       label=str(labels[k]))  # fmt: skip
        ax.legend()
    columns = getattr(x, "columns", ("x[:, 0]", "x[:, 1]"))
    ax.set(xlabel=str(columns[0]), ylabel=str(columns[1]))
    return ax


def plot_confusion_matrix(y_true: TensorLike, y_pred: TensorLike, *, names: Names = None,
                          ax: Axes | None = None) -> Axes:  # fmt: skip
    """Draw how often each true class (down) was predicted as each class (across), coloured by the share of its row.

    A ValueError for other values, or if the numbers of predictions or of names do not fit.

    Args:
        y_true: The true classes.
        y_pred: The predictions: class numbers, probabilities (n, classes), or those of class 1, (n,) or (n, 1).

    Example:
        >>> [text.get_text() for text in plot_confusion_matrix([0, 1, 1, 1], [[0.2], [0.9], [0.4], [0.6]]).texts]
        ['1', '0', '1', '2']
    """
    true, predicted = _classes(y_true), _classes(y_pred)
    wide = [np.shape(y)[1] for y in (y_true, y_pred) if np.ndim(y) == 2]
    count = max(*wide, len(() if names is None else names), *(int(y.max(initial=0)) + 1 for y in (true, predicted)))
    labels = [*map(str, range(count) if names is None else names)]
    if len(true) != len(predicted) or len(labels) != count:
        raise ValueError("plot_confusion_matrix needs a prediction for each row and a name for each class. Received: "
                         f"{len(predicted)} predictions of {len(true)} rows, {count} classes, {names}.")  # fmt: skip
    table = np.bincount(true * count + predicted, minlength=count * count).reshape(count, count)
    (ax,) = _axes(ax, 1)
    image: Any = ax.imshow(table / np.maximum(table.sum(axis=1, keepdims=True), 1), vmin=0, vmax=1)
    light = image.cmap(image.norm(image.get_array()))[..., :3] @ (0.299, 0.587, 0.114)
    cell = min(ax.bbox.size) / count * 72 / ax.figure.dpi / 0.7  # the width of a cell, in letters of one point
    digits = min(10, cell / len(str(table.max(initial=0))))
    for (i, j), rows in np.ndenumerate(table):
        colour = "black" if light[i, j] > 0.5 else "white"
        ax.text(j, i, str(rows), ha="center", va="center", color=colour, fontsize=digits)
    ax.set(xlabel="predicted", ylabel="true", yticks=range(count), yticklabels=labels)
    ax.tick_params(labelsize=min(10, cell))
    leaning: Any = {"rotation": 45, "ha": "right", "rotation_mode": "anchor"}
    ax.set_xticks(range(count), labels, **(leaning if max(map(len, labels)) * 10 > cell else {}))
    ax.grid(visible=False)
    return ax


def _classes(y: TensorLike) -> Array:
    """Return class numbers, given as such, as rows with a value for each class, or as probabilities of class 1."""
    values: Array = np.asarray(y)
    if values.ndim == 2 and values.shape[1] > 1 and (values == values).all():  # without NaN, which has no class
        return np.asarray(values.argmax(axis=1))
    if values.dtype.kind in "biuf" and values.ndim and values.size == len(values):
        numbers = values.reshape(-1).astype(float)
        if (numbers % 1).any() and (numbers >= 0).all() and (numbers <= 1).all():
            numbers = np.where(numbers > 0.5, 1.0, 0.0)
        if (numbers >= 0).all() and not (numbers % 1).any():
            return numbers.astype(int)
    raise ValueError("Classes must be integers from 0 or probabilities (for logits, y > 0) of shape (n,) or (n, 1), or "
                     f"rows (n, classes). Received: {values.dtype} {values.shape} {values.ravel()[:3]}")  # fmt: skip


def plot_weights(layer: Layer, *, axes: Places = None) -> list[Axes]:
    """Draw each weight of a layer that is built, or of a model, as a heat map: units across, inputs down.

    Axes before the last are joined. Zero is white, and the colours are symmetric about it. Scalars are not drawn. A
    ValueError if there are no weights, or if the number of matplotlib's axes differs.

    Example:
        >>> dense = keras.layers.Dense(3)
        >>> dense.build((None, 2))
        >>> [ax.images[0].get_array().shape for ax in plot_weights(dense)]
        [(2, 3), (1, 3)]
    """
    weights = [weight for weight in layer.weights if weight.ndim]
    if not weights:
        raise ValueError(f"{layer!r} has no weights to draw. Build it first, or choose another layer.")
    places = _axes(axes, len(weights))
    for ax, weight in zip(places, weights, strict=True):
        _heat(ax, weight.numpy().reshape(-1, weight.shape[-1]), signed=True, aspect="auto")
        title = fill(weight.path.replace("/", "/ "), 36).replace("/ ", "/")  # in lines, for the titles side by side
        ax.set(title=title, xlabel="unit", ylabel="input" if weight.ndim > 1 else "", facecolor="gray")
    return places


def plot_activations(model: Model, x: Any, layer: Layer | str | int, *, ax: Axes | None = None) -> Axes:
    """Draw a layer's output for one input: bars for units, a heat map for steps, a tile for each channel of an image.

    A ValueError if x is not one row, the model does not call the layer, or there are too many axes.

    Args:
        model: The model that calls the layer, at whatever depth.
        x: One input as `predict` takes it, with a batch axis: `x[:1]`.
        layer: The layer, its name, or its index. If it is called several times, the first call is drawn.

    Example:
        >>> model = keras.Sequential([keras.Input((2,)), keras.layers.ReLU()])
        >>> [float(bar.get_height()) for bar in plot_activations(model, np.array([[3.0, -1.0]]), 0).patches]
        [3.0, 0.0]
    """
    if not isinstance(layer, Layer):
        layer = model.get_layer(layer) if isinstance(layer, str) else model.get_layer(index=layer)
    if any(np.shape(leaf)[:1] != (1,) for leaf in leaves(x)):
        raise ValueError(f"plot_activations needs one row, as x[:1]. Received: shapes {[*map(np.shape, leaves(x))]}.")
    call, outputs = layer.call, list[Any]()

    @wraps(call)
    def recorded(*args: Any, **kwargs: Any) -> Any:
        outputs.append(call(*args, **kwargs))
        return outputs[-1]

    own = "call" in vars(layer)
    setattr(layer, "call", recorded)  # noqa: B010 - checkers take methods for constant
    try:
        model(x)
    finally:
        setattr(layer, "call", call) if own else delattr(layer, "call")
    values = np.asarray(leaves(outputs[0])[0])[0] if outputs else np.zeros(())
    if not 0 < values.ndim < 4:
        raise ValueError(f"{model.name!r} got no output of {layer!r} with 1 to 3 axes. Received: {values.shape}.")
    (ax,) = _axes(ax, 1)
    xlabel, ylabel = ("step", "unit") if values.ndim == 2 else ("unit", "")
    ax.set(title=layer.name, xlabel=xlabel, ylabel=ylabel)
    if values.ndim == 1:
        ax.bar(range(len(values)), values)
        _integer_ticks(ax.xaxis)
    elif values.ndim == 2:
        _heat(ax, values.T, aspect="auto")
    else:
        _tiles(ax, values if getattr(layer, "data_format", "") == "channels_first" else np.moveaxis(values, -1, 0))
    return ax


def plot_filters(layer: Layer, *, shape: tuple[int, int] | None = None, ax: Axes | None = None) -> Axes:
    """Draw the filters of a layer, or of the first layer of a model that has some: a tile for each unit.

    Filters of three channels are drawn in colour; of others, each channel has a tile. A ValueError if there is no such
    layer, or if `shape` does not fit the number of inputs.

    Args:
        layer: A convolution, a `Dense` layer on flattened images, or a model.
        shape: For `Dense`, height and width of the images; by default the input of `Flatten`, or else a square.

    Example:
        >>> model = keras.Sequential([keras.Input((5, 5, 1)), keras.layers.Conv2D(4, 2)])
        >>> plot_filters(model).images[0].get_array().shape  # two by two of them, and a gap
        (5, 5)
    """
    layers = layer._flatten_layers()
    first: Any = next((inner for inner in layers if isinstance(inner, Conv1D | Conv2D | Dense) and inner.built), None)
    if first is None:
        raise ValueError(f"{layer!r} has no built layer with filters to draw. Build it first, or choose another one.")
    kernel = first.kernel.numpy()
    if kernel.ndim == 2:  # Dense
        side = math.isqrt(len(kernel))
        size = shape or next((inner.input.shape[1:] for inner in layers if isinstance(inner, Flatten)), (side, side))
        if math.prod(size) != len(kernel):
            raise ValueError(f"{first.name!r} takes {len(kernel)} values, which are no image of shape {size}. Pass its "
                             "shape=(height, width), or draw with plot_weights.")  # fmt: skip
        kernel = kernel.reshape(*size, *(1,) * (3 - len(size)), -1)
    tiles = np.moveaxis(kernel if kernel.ndim == 4 else kernel.swapaxes(0, 1)[:, :, None], -1, 0)
    (ax,) = _axes(ax, 1)
    ax.set_title(f"{first.name}: {len(tiles)} filters")
    _tiles(ax, tiles if tiles.shape[-1] == 3 else np.concatenate(np.moveaxis(tiles, -1, 1)))
    return ax


def _axes(axes: Any, count: int) -> list[Axes]:
    """Return `count` axes: those that were passed, or those of a new figure."""
    if axes is None:
        plt, columns = extra("matplotlib.pyplot"), min(count, 3)
        rows = -(-count // columns)
        size = plt.rcParams["figure.figsize"] * np.maximum((0.75 * columns, 0.75 * rows), 1)
        figure = plt.figure(figsize=size, layout="constrained")
        return [figure.add_subplot(rows, columns, k + 1) for k in range(count)]
    given = [*np.ravel(np.array(axes, object))]
    if len(given) != count or not all(hasattr(ax, "imshow") for ax in given):
        raise ValueError(f"The picture needs {count} axes of matplotlib. Received: {axes!r:.200}.")
    return given


def _heat(ax: Axes, values: Array, signed: bool = False, **options: Any) -> None:
    """Draw numbers as colours, with a colour bar; if some are negative, zero is in the middle of it."""
    reach = float(np.max(np.abs(values), initial=0.0, where=np.isfinite(values))) or 1.0
    signed = signed or bool((values < 0).any())
    image = ax.imshow(values, cmap="PuOr" if signed else None, vmin=-reach if signed else 0.0, vmax=reach,
                      interpolation="nearest", **options)  # fmt: skip
    ax.figure.colorbar(image, ax=ax)
    ax.grid(visible=False)
    _integer_ticks(ax.xaxis, ax.yaxis)


def _integer_ticks(*sides: Any) -> None:
    for side in sides:
        side.set_major_locator(extra("matplotlib.ticker").MaxNLocator("auto", integer=True, min_n_ticks=1))


def _tiles(ax: Axes, tiles: Array) -> None:
    """Draw images (n, height, width), or in colour (n, height, width, 3), as tiles with gaps of one pixel."""
    count, height, width, *rgb = tiles.shape
    columns = math.ceil(math.sqrt(count))
    sheet = np.full((-(-count // columns) * (height + 1) - 1, columns * (width + 1) - 1, *rgb), np.nan)
    for k, tile in enumerate(tiles):
        top, left = k // columns * (height + 1), k % columns * (width + 1)
        sheet[top : top + height, left : left + width] = tile
    if rgb:
        colours = (sheet - tiles.min()) / (np.ptp(tiles) or 1.0)
        ax.imshow(np.nan_to_num(np.concatenate([colours, ~np.isnan(colours[..., :1])], axis=-1)))
    else:
        _heat(ax, sheet)
    ax.set_axis_off()
