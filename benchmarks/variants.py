"""What only minikeras is asked: training with more around it, with parts of one's own, and what it allocates."""

import importlib
import io
import statistics
import timeit
import tracemalloc
from collections.abc import Callable
from contextlib import redirect_stdout
from functools import partial
from typing import Any

import numpy as np

import minikeras as keras
from benchmarks.contenders import KerasModel
from benchmarks.workloads import HandTuned, Workload
from minikeras import ops


class Loaded(KerasModel):
    """With accuracy, and callbacks, validation on a tenth as many rows and a progress bar in each `fit`."""

    def __init__(self, workload: Workload) -> None:
        super().__init__(keras, workload, metrics=["accuracy"])

    def fit(self, epochs: int, **options: Any) -> list[float]:
        """Train."""
        some = len(self.x) // 10
        callbacks = [
            keras.callbacks.EarlyStopping(monitor="val_loss", patience=1 << 30),
            keras.callbacks.ReduceLROnPlateau(patience=1 << 30),
            keras.callbacks.LambdaCallback(on_epoch_end=lambda epoch, logs: None),
        ]
        validation = self.x[:some], self.y[:some]
        with redirect_stdout(_Terminal()):
            return super().fit(epochs, callbacks=callbacks, validation_data=validation, verbose=1)


class _Terminal(io.StringIO):
    """Takes what a terminal would, so that the bar is redrawn."""

    def isatty(self) -> bool:
        return True


class _Own(keras.Layer):
    """What custom dense layers share."""

    def __init__(self, units: int, activation: str) -> None:
        super().__init__()
        self.units, self.activation = units, activation

    def build(self, input_shape: Any) -> None:
        self.kernel = self.add_weight((input_shape[-1], self.units), name="kernel")
        self.bias = self.add_weight((self.units,), "zeros", name="bias")


class OpsDense(_Own):
    """Dense in ops."""

    def call(self, x: Any) -> Any:
        z = ops.matmul(x, self.kernel) + self.bias
        return ops.relu(z) if self.activation == "relu" else ops.sigmoid(z)


class NumPyDense(_Own):
    """Dense in NumPy functions and operators."""

    def call(self, x: Any) -> Any:
        z = x @ self.kernel + self.bias
        return np.maximum(z, 0) if self.activation == "relu" else 1 / (1 + np.exp(-z))


def ops_squares(y: Any, p: Any) -> Any:
    """Mean squared error in ops."""
    return ops.mean(ops.square(y - p), axis=-1)


def numpy_squares(y: Any, p: Any) -> Any:
    """Mean squared error in NumPy functions."""
    return np.mean(np.square(y - p), axis=-1)


def ops_entropy(y: Any, p: Any) -> Any:
    """Cross-entropy in ops: of two classes, or of logits and the numbers of classes."""
    if p.shape[-1] == 1:
        return -ops.mean(y * ops.log(p) + (1 - y) * ops.log(1 - p), axis=-1)
    one_hot = ops.one_hot(ops.reshape(y, (-1,)), p.shape[-1])
    return ops.logsumexp(p, axis=-1) - ops.sum(one_hot * p, axis=-1)


def numpy_entropy(y: Any, p: Any) -> Any:
    """Cross-entropy in NumPy functions: of two classes, or of logits and the numbers of classes."""
    if p.shape[-1] == 1:
        return -np.mean(y * np.log(p) + (1 - y) * np.log(1 - p), axis=-1)
    p = p - np.max(p, axis=-1, keepdims=True)
    chosen = np.where(np.reshape(y, (-1, 1)) == np.arange(p.shape[-1]), p, 0)
    return np.log(np.sum(np.exp(p), axis=-1)) - np.sum(chosen, axis=-1)


VARIANTS: dict[str, Callable[[Workload], KerasModel]] = {
    "callbacks, accuracy, validation, bar": Loaded,
    "layers in ops": partial(KerasModel, keras, layer=OpsDense),
    "layers in NumPy": partial(KerasModel, keras, layer=NumPyDense),
    "entropy in ops": partial(KerasModel, keras, loss=ops_entropy),
    "entropy in NumPy": partial(KerasModel, keras, loss=numpy_entropy),
    "squares built in": partial(KerasModel, keras, loss="mse"),
    "squares in ops": partial(KerasModel, keras, loss=ops_squares),
    "squares in NumPy": partial(KerasModel, keras, loss=numpy_squares),
}


def _both(workload: Workload) -> tuple[float, float, float]:
    """Train an epoch; return the losses, and how far the weights are apart, as a share of the way they have come."""
    model, loop = KerasModel(keras, workload), HandTuned(workload)
    np.random.seed(7)  # noqa: NPY002 - the stream that shuffles
    (loss,) = model.fit(1)
    np.random.seed(7)  # noqa: NPY002 - the same
    np.random.permutation(workload.rows)  # noqa: NPY002 - like Keras, a first `fit` draws an order to look at a batch
    (other,) = loop.fit(1)
    ours, theirs, start = (
        np.concatenate([w.ravel() for w in weights])
        for weights in (model.get_weights(), loop.get_weights(), workload.weights())
    )
    return loss, other, float(np.linalg.norm(ours - theirs) / np.linalg.norm(ours - start))


def check(workload: Workload) -> tuple[float, float]:
    """Return how far the hand-tuned loop is from minikeras: in the loss of an epoch, and in weights after 5 steps.

    Both are relative. Longer runs drift apart, since a difference in the last bit turns a relu on or off some day.
    """
    loss, other, _ = _both(workload)
    *_, distance = _both(workload._replace(rows=5 * workload.batch))
    return abs(loss / other - 1), distance


def eager(workload: Workload) -> dict[str, dict[str, float]]:
    """Return microseconds of code that runs eagerly, after those of the same with less around it.

    A layer has its bare ops beside it, a tensor of `tf` one of `keras.ops`, a gradient its op, and an op a plainer one
    on the same numbers.
    """
    tf, rows = importlib.import_module("minikeras.compat.tensorflow"), np.ones((workload.batch, 64), "float32")
    x, t, layer = ops.convert_to_tensor(rows), tf.constant(rows), keras.layers.Dense(64, "relu")
    layer(x)
    kernel, bias = layer.weights
    rng = np.random.default_rng(0)
    images = ops.convert_to_tensor(rng.normal(size=(16, 32, 32, 16)).astype("float32"))
    numbers, places = ops.reshape(images, (-1, 64))[:4000], rng.integers(0, 500, (4000, 1))
    runs: dict[str, tuple[Callable[[], object], Callable[[], object]]] = {
        "Dense(64, 'relu')": (lambda: ops.relu(ops.matmul(x, kernel) + bias), lambda: layer(x)),
        "a + a of tf": (lambda: x + x, lambda: t + t),
        "a.shape of tf": (lambda: x.shape, lambda: t.shape),
        "gradient of abs": _with_gradient(ops.abs, images),
        "gradient of leaky_relu": _with_gradient(ops.leaky_relu, images),
        "gradient of pad": _with_gradient(lambda x: ops.pad(x, ((0, 0), (2, 2), (2, 2), (0, 0)), "reflect"), images),
        "gradient of take": _with_gradient(lambda x: ops.take(x, np.arange(64) // 2, 1), images),
        "max, to sum": (lambda: ops.sum(images, (1, 2)), lambda: ops.max(images, (1, 2))),
        "scatter_update by max, to add": (
            lambda: ops.add(numbers, 1),
            lambda: ops.scatter_update(ops.zeros((500, 64)), places, numbers, "max"),
        ),
        "scatter few, to fill": (
            lambda: ops.ones((3000, 3000)),
            lambda: ops.scatter(np.tile(places, 2), numbers[:, 0], (3000, 3000)),
        ),
    }
    found = {row: {"less, us": _microseconds(less), "us": _microseconds(run)} for row, (less, run) in runs.items()}
    return {row: {**pair, "times": pair["us"] / pair["less, us"]} for row, pair in found.items()}


def _with_gradient(op: Callable[[Any], Any], x: Any) -> tuple[Callable[[], object], Callable[[], object]]:
    """Return an op on `x`, and the same with its gradient."""

    def run() -> object:
        with keras.GradientTape() as tape:
            tape.watch(x)
            y = op(x)
        return tape.gradient(y, x)

    return lambda: op(x), run


def _microseconds(run: Callable[[], object]) -> float:
    timer = timeit.Timer(run)
    timer.timeit(1)  # the first call makes what later ones find
    number = 1 + int(0.02 / timer.timeit(1))
    return statistics.median(timer.repeat(number=number, repeat=9)) / number * 1e6


class _Watch(keras.callbacks.Callback):
    """Notes the most bytes that were allocated at once within each step; the batch exists before the step begins."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[int] = []

    def on_train_batch_begin(self, batch: int, logs: Any = None) -> None:
        tracemalloc.reset_peak()
        self.before = tracemalloc.get_traced_memory()[0]

    def on_train_batch_end(self, batch: int, logs: Any = None) -> None:
        self.found.append(tracemalloc.get_traced_memory()[1] - self.before)


def allocated(workload: Workload) -> list[int]:
    """Return the bytes allocated at once in the first training step, and at most in one of the later steps."""
    model, watch = KerasModel(keras, workload), _Watch()
    tracemalloc.start()
    model.fit(2, callbacks=[watch])
    tracemalloc.stop()
    return [watch.found[0], max(watch.found[2:])]
