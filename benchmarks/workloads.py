"""What is measured: networks with data, and the same work written by hand in NumPy, which is the limit to compare with.

`HandTuned` is a training loop and a forward pass as one would write them for speed: parameters in one flat array,
buffers made beforehand, arithmetic in place, sums as products, the optimizer in pieces that fit the cache. `Products`
does the matrix products of the same steps and nothing else.
"""

import math
from collections.abc import Callable
from itertools import accumulate, pairwise
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

Float = NDArray[np.float32]
BULK_BATCH = 1024
"""How many rows of a bulk prediction go together."""
PIECE = 2**15
"""Weights that an update takes at once: their gradients and slots, 128 kB each, stay in the cache meanwhile."""


class Workload(NamedTuple):
    """A dense network and how it is trained.

    A last layer of one sigmoid learns two classes by binary cross-entropy; one of "softmax", or of "linear", which
    gives logits, learns as many classes as it has units.
    """

    features: int
    units: tuple[int, ...]
    activations: tuple[str, ...]
    batch: int
    rows: int
    optimizer: str = "adam"

    @property
    def steps(self) -> int:
        """Steps an epoch; all batches are whole."""
        return self.rows // self.batch

    @property
    def bulk_rows(self) -> int:
        """Rows of a bulk prediction."""
        return max(1, 8 * self.rows // BULK_BATCH) * BULK_BATCH

    @property
    def is_binary(self) -> bool:
        """Whether there are two classes and one output."""
        return self.activations[-1] == "sigmoid"

    def data(self) -> tuple[Float, NDArray[Any]]:
        """Return rows and classes that depend on them."""
        rng = np.random.default_rng(0)
        x = rng.standard_normal((self.rows, self.features), "float32")
        scores = x @ rng.standard_normal((self.features, self.units[-1]), "float32")
        return x, (scores > 0).astype("float32") if self.is_binary else scores.argmax(1).astype("int32")

    def weights(self) -> list[Float]:
        """Return weights to start from: kernel, bias, kernel, ..."""
        rng = np.random.default_rng(1)
        found: list[Float] = []
        for a, b in pairwise((self.features, *self.units)):
            limit = math.sqrt(6 / (a + b))
            found += [rng.uniform(-limit, limit, (a, b)).astype("float32"), np.zeros(b, "float32")]
        return found


WORKLOADS: dict[str, Workload] = {
    "2-3-1": Workload(2, (3, 1), ("sigmoid", "sigmoid"), 32, 6400),
    "400-25-15-10": Workload(400, (25, 15, 10), ("relu", "relu", "linear"), 32, 6400),
    "784-512-10": Workload(784, (512, 10), ("relu", "softmax"), 128, 6400, "rmsprop"),
    "784-1024-1024-10": Workload(784, (1024, 1024, 10), ("relu", "relu", "softmax"), 256, 5120),
}


class Layer(NamedTuple):
    """A layer's part of the flat arrays, and its buffers for a batch."""

    kernel: Float
    bias: Float
    kernel_gradient: Float
    bias_gradient: Float
    output: Float
    gradient: Float
    room: Float
    mask: NDArray[np.bool]
    activation: str


def _number(value: float) -> Float:
    """Return a number as NumPy takes it quickest."""
    return np.array(value, "float32")


ZERO, ONE, TINY = _number(0), _number(1), _number(1e-7)


def activate(y: Float, activation: str) -> None:
    """Apply an activation in place."""
    if activation == "relu":
        np.maximum(y, ZERO, out=y)
    elif activation == "sigmoid":
        np.negative(y, y)
        np.exp(y, y)
        np.add(y, ONE, y)
        np.reciprocal(y, y)
    elif activation == "softmax":
        np.subtract(y, y.max(1, keepdims=True), y)
        np.exp(y, y)
        np.divide(y, y.sum(1, keepdims=True), y)


class HandTuned:
    """The workload in NumPy alone."""

    def __init__(self, workload: Workload) -> None:
        self.workload = workload
        self.x, y = workload.data()
        given, n, last = workload.weights(), workload.batch, workload.units[-1]
        self.targets: Float = y if workload.is_binary else np.eye(last, dtype="float32")[y]
        self.flat = np.concatenate([w.ravel() for w in given])
        self.gradients = np.zeros_like(self.flat)
        self.first, self.second, self.room = (
            np.zeros_like(self.flat),
            np.zeros_like(self.flat),
            self.flat[:PIECE].copy(),
        )
        self.powers = [1.0, 1.0]
        cuts = list(pairwise(accumulate((w.size for w in given), initial=0)))
        views = [self.flat[a:b].reshape(w.shape) for w, (a, b) in zip(given, cuts, strict=True)]
        slopes = [self.gradients[a:b].reshape(w.shape) for w, (a, b) in zip(given, cuts, strict=True)]
        self.layers = [
            Layer(
                kernel=views[2 * i],
                bias=views[2 * i + 1],
                kernel_gradient=slopes[2 * i],
                bias_gradient=slopes[2 * i + 1],
                output=np.ones((n, units), "float32"),
                gradient=np.ones((n, units), "float32"),
                room=np.ones((n, units), "float32"),
                mask=np.ones((n, units), "bool"),
                activation=activation,
            )
            for i, (units, activation) in enumerate(zip(workload.units, workload.activations, strict=True))
        ]
        self.pieces = [
            tuple(array[start : start + PIECE] for array in (self.flat, self.gradients, self.first, self.second))
            for start in range(0, self.flat.size, PIECE)
        ]
        self.batch_x, self.batch_t = np.ones((n, workload.features), "float32"), np.ones((n, last), "float32")
        self.ones, self.units = np.ones(n, "float32"), np.ones(last, "float32")
        self.column, self.sums, self.share = np.empty((n, 1), "float32"), np.empty(n, "float32"), _number(1 / n)
        self.row, self.block = (
            [np.ones((size, units), "float32") for units in workload.units] for size in (1, BULK_BATCH)
        )
        self.loss: Callable[[Float], float] = self._binary if workload.is_binary else self._classes
        self.update: Callable[[], None] = self._adam if workload.optimizer == "adam" else self._rmsprop

    def fit(self, epochs: int) -> list[float]:
        """Train, with the rows in a new order each epoch, and return the mean loss of each."""
        x, targets, batch_x, batch_t, n = self.x, self.targets, self.batch_x, self.batch_t, self.workload.batch
        losses = []
        with np.errstate(all="ignore"):
            for _ in range(epochs):
                order, total = np.random.permutation(len(x)), 0.0  # noqa: NPY002 - the stream that Keras takes
                for start in range(0, len(x), n):
                    rows = order[start : start + n]
                    x.take(rows, 0, batch_x, "clip")
                    targets.take(rows, 0, batch_t, "clip")
                    total += self._step()
                losses.append(total / len(x))
        return losses

    def _step(self) -> float:
        x, layers = self.batch_x, self.layers
        for layer in layers:
            y = layer.output
            np.dot(x, layer.kernel, y)
            np.add(y, layer.bias, y)
            if layer is not layers[-1]:
                activate(y, layer.activation)
            x = y
        loss = self.loss(x)
        for i in range(len(layers) - 1, -1, -1):
            layer = layers[i]
            g = layer.gradient
            np.dot(self.ones, g, layer.bias_gradient)
            if not i:
                np.dot(self.batch_x.T, g, layer.kernel_gradient)
                break
            below = layers[i - 1]
            np.dot(below.output.T, g, layer.kernel_gradient)
            np.dot(g, layer.kernel.T, below.gradient)
            self._through(below)
        self.update()
        return loss

    def _through(self, layer: Layer) -> None:
        """Take the gradient through an activation, from the output alone."""
        y, g, s = layer.output, layer.gradient, layer.room
        if layer.activation == "sigmoid":
            np.subtract(ONE, y, s)
            np.multiply(s, y, s)
            np.multiply(g, s, g)
        elif y.size < 4096:
            np.sign(y, s)
            np.multiply(g, s, g)
        else:
            np.greater(y, ZERO, layer.mask)
            np.multiply(g, layer.mask, g)

    def _binary(self, z: Float) -> float:
        """Return the summed loss of logits, and leave its mean's gradient in the last layer."""
        g, s, t = self.layers[-1].gradient, self.layers[-1].room, self.batch_t
        activate(z, "sigmoid")
        np.subtract(z, t, g)
        np.abs(g, s)  # |p - t| is the chance of the wrong class
        np.subtract(ONE, s, s)
        np.maximum(s, TINY, out=s)
        np.log(s, s)
        np.multiply(g, self.share, g)
        return -float(np.dot(self.ones, s)[0])

    def _classes(self, z: Float) -> float:
        """Return the summed loss of logits, and leave its mean's gradient in the last layer."""
        g, t, column, sums = self.layers[-1].gradient, self.batch_t, self.column, self.sums
        np.maximum.reduce(z, 1, out=column, keepdims=True)
        np.subtract(z, column, z)
        loss = -np.vdot(z, t)
        np.exp(z, z)
        np.dot(z, self.units, sums)
        np.divide(z, sums[:, None], g)
        np.subtract(g, t, g)
        np.multiply(g, self.share, g)
        np.log(sums, sums)
        return float(loss + np.dot(self.ones, sums))

    def _adam(self, rate: float = 0.001, b1: float = 0.9, b2: float = 0.999, epsilon: float = 1e-7) -> None:
        """Update with means that are sums, so that the shares 1 - b need no calls: they go into the rate."""
        self.powers = [self.powers[0] * b1, self.powers[1] * b2]
        root = math.sqrt(1 - b2)
        alpha = _number(rate * math.sqrt(1 - self.powers[1]) / (1 - self.powers[0]) * (1 - b1) / root)
        b1_, b2_, epsilon_ = _number(b1), _number(b2), _number(epsilon / root)
        for p, g, m, v in self.pieces:
            s = self.room[: p.size]
            np.multiply(m, b1_, m)
            np.add(m, g, m)
            np.multiply(g, g, g)
            np.multiply(v, b2_, v)
            np.add(v, g, v)
            np.sqrt(v, s)
            np.add(s, epsilon_, s)
            np.divide(m, s, s)
            np.multiply(s, alpha, s)
            np.subtract(p, s, p)

    def _rmsprop(self, rate: float = 0.001, rho: float = 0.9, epsilon: float = 1e-7) -> None:
        """Update, with a sum for the mean as in `_adam`."""
        rho_, rate_, epsilon_ = _number(rho), _number(rate / math.sqrt(1 - rho)), _number(epsilon / (1 - rho))
        for p, g, _, v in self.pieces:
            s = self.room[: p.size]
            np.multiply(v, rho_, v)
            np.multiply(g, g, s)
            np.add(v, s, v)
            np.add(v, epsilon_, s)
            np.sqrt(s, s)
            np.divide(g, s, s)
            np.multiply(s, rate_, s)
            np.subtract(p, s, p)

    def _forward(self, x: Float, buffers: list[Float]) -> Float:
        for layer, out in zip(self.layers, buffers, strict=True):
            np.dot(x, layer.kernel, out)
            np.add(out, layer.bias, out)
            activate(out, layer.activation)
            x = out
        return x

    def call(self, x: Float) -> Float:
        """Return the outputs for one row."""
        with np.errstate(over="ignore"):
            y: Float = self._forward(x, self.row).copy()
        return y

    predict = call

    def bulk(self, x: Float) -> Float:
        """Return the outputs for many rows."""
        result = np.empty((len(x), self.workload.units[-1]), "float32")
        with np.errstate(over="ignore"):
            for start in range(0, len(x), BULK_BATCH):
                stop = start + BULK_BATCH
                result[start:stop] = self._forward(x[start:stop], self.block)
        return result

    def get_weights(self) -> list[Float]:
        """Return the weights: kernel, bias, kernel, ..."""
        return [w.copy() for layer in self.layers for w in (layer.kernel, layer.bias)]


class Products(HandTuned):
    """The bare matrix products of the same work."""

    def fit(self, epochs: int) -> list[float]:
        """Do the products of so many epochs of training, on one batch."""
        for _ in range(epochs * self.workload.steps):
            x = self.batch_x
            for layer in self.layers:
                x = np.dot(x, layer.kernel, layer.output)
            for i, layer in reversed(list(enumerate(self.layers))):
                below = self.layers[i - 1].output if i else self.batch_x
                np.dot(below.T, layer.gradient, layer.kernel_gradient)
                if i:
                    np.dot(layer.gradient, layer.kernel.T, self.layers[i - 1].gradient)
        return []

    def _forward(self, x: Float, buffers: list[Float]) -> Float:
        for layer, out in zip(self.layers, buffers, strict=True):
            x = np.dot(x, layer.kernel, out)
        return x

    def call(self, x: Float) -> Float:
        """Do the products of one row."""
        return self._forward(x, self.row)

    predict = call

    def bulk(self, x: Float) -> Float:
        """Do the products of many rows."""
        for start in range(0, len(x), BULK_BATCH):
            self._forward(x[start : start + BULK_BATCH], self.block)
        return x
