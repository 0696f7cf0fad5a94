"""Every layer, and random programs in a layer of one's own, four ways: replayed and run eagerly they train alike to
the last bit, gradients are central differences, all weights that matter have one, and batches do not matter.
"""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import minikeras as keras
from minikeras import Model, layers, ops
from minikeras._base.typing import Array

from . import programs
from .layers.test_layers import EXAMPLES, HELD_ELSEWHERE, Shapes

Graph = Callable[[Any], Any]
"""Makes of symbolic inputs an output."""

MORE: dict[str, tuple[Graph, Shapes]] = {
    "MultiHeadAttention": (lambda x: layers.MultiHeadAttention(2, 3)(*x), [(2, 5, 3), (2, 4, 3)]),
    "GroupQueryAttention": (lambda x: layers.GroupQueryAttention(3, 4, 2)(*x), [(2, 5, 3), (2, 4, 3)]),
    "GRUCell": (lambda x: layers.RNN(layers.GRUCell(3))(x), (2, 4, 2)),
    "LSTMCell": (lambda x: layers.RNN(layers.LSTMCell(3), return_sequences=True)(x), (2, 4, 2)),
    "SimpleRNNCell": (lambda x: layers.RNN(layers.SimpleRNNCell(3))(x), (2, 4, 2)),
    "StackedRNNCells": (
        lambda x: layers.RNN(layers.StackedRNNCells([layers.SimpleRNNCell(3), layers.GRUCell(2)]))(x),
        (2, 4, 2),
    ),
    "kernel that is used at each step and has a penalty": (
        lambda x: layers.GlobalMaxPooling1D()(layers.SimpleRNN(5, kernel_regularizer="l1", return_sequences=True)(x)),
        (2, 5, 1),
    ),
}
LOOKUPS = {
    *("CategoryEncoding", "Discretization", "IntegerLookup", "StringLookup", "TextVectorization"),
    *("HashedCrossing", "Hashing"),
}
"""Layers of which nothing is trained, and which pass no gradient."""
GRAPHS: dict[str, tuple[Graph, Shapes]] = MORE | {
    name: ((lambda x, make=make: make()(x)), shapes)
    for name, (make, shapes) in EXAMPLES.items()
    if name != "InputLayer"
}
SEEDS = range(100)


class Own(layers.Layer):
    """Runs a random program with weights of its own."""

    def __init__(self, seed: int) -> None:
        super().__init__()
        self.steps = tuple(programs.program(seed, mixing=seed % 2 == 1))

    def build(self, input_shape: Any) -> None:
        normal = keras.initializers.RandomNormal(stddev=0.7)
        self.free = [self.add_weight(shape, normal) for shape in programs.shapes(input_shape[-1])]

    def call(self, x: Any) -> Any:
        return programs.run(self.steps, x, self.free)


def test_every_layer_that_is_trained_is_here() -> None:
    assert MORE.keys() >= HELD_ELSEWHERE - LOOKUPS


def sample(shapes: Shapes, rows: int, name: str = "") -> Any:
    """Return an array of so many rows, or a list of arrays."""
    rng = np.random.default_rng(0)

    def one(shape: tuple[int, ...]) -> Array:
        sizes = (rows, *shape[1:])
        return (
            rng.integers(0, 9, sizes)
            if name.endswith("Embedding")
            else rng.normal(size=sizes).astype(keras.config.floatx())
        )

    return [one(shape) for shape in shapes] if isinstance(shapes, list) else one(shapes)


def build(graph: Graph, shapes: Shapes) -> Model:
    """Return a model with the same weights each time."""
    keras.utils.clear_session()
    keras.utils.set_random_seed(1)
    inputs = [keras.Input(shape[1:]) for shape in shapes] if isinstance(shapes, list) else keras.Input(shapes[1:])
    return Model(inputs, graph(inputs))


def check_training(make: Callable[[], Model], x: Any) -> None:
    """Train with plans and without, and compare all numbers."""
    found = []
    for eagerly in (True, False):
        model = make()
        rows = x[:4] if isinstance(x, np.ndarray) else [part[:4] for part in x]
        y = np.random.default_rng(1).normal(size=(8, *model(rows).shape[1:])).astype("float32")
        model.compile(keras.optimizers.RMSprop(0.01), "mse", metrics=["mae"], run_eagerly=eagerly)
        history = model.fit(x, y, batch_size=4, epochs=3, verbose=0).history
        found.append((repr(history), [w.numpy().tobytes() for w in model.weights]))
    assert found[0] == found[1]


def check_prediction(model: Model, x: Any) -> None:
    """Predict in batches of several sizes."""
    expected = model(x, training=False).numpy()
    for size in (1, 2, 7, len(expected)):
        np.testing.assert_allclose(model.predict(x, batch_size=size, verbose=0), expected, rtol=2e-5, atol=2e-6)
    np.testing.assert_allclose(model(x, training=False), expected, rtol=2e-5, atol=2e-6)


def check_gradients(function: Callable[[], Any], variables: list[keras.Variable]) -> int:
    """Compare the gradient for each variable with central differences along a direction; return how many agree.

    Others are at a corner, where two differences of other sizes do not agree either.
    """
    rng = np.random.default_rng(3)
    with keras.GradientTape() as tape:
        y = function()
        weights = rng.normal(size=y.shape)
        loss = ops.sum(y * weights)
    compared = 0
    for v, g in zip(variables, tape.gradient(loss, variables), strict=True):
        start, direction = v.numpy(), rng.normal(size=v.shape)

        def slope(h: float, v: Any = v, start: Any = start, direction: Any = direction) -> float:
            ends = []
            for sign in (h, -h):
                v.assign(start + sign * direction)
                ends.append(float(np.sum(ops.convert_to_numpy(function()) * weights)))
            v.assign(start)
            return (ends[0] - ends[1]) / (2 * h)

        found = 0.0 if g is None else float(np.sum(g.numpy() * direction))
        wanted = slope(1e-6)
        if np.isclose(found, wanted, rtol=2e-4, atol=2e-6):
            compared += 1
        else:
            assert not np.isclose(slope(3e-7), wanted, rtol=2e-4, atol=2e-6), f"{v.path}: {found}, not {wanted}"
    return compared


@pytest.mark.parametrize("name", GRAPHS)
def test_a_layer(name: str) -> None:
    graph, shapes = GRAPHS[name]
    x = sample(shapes, 8, name)
    check_training(lambda: build(graph, shapes), x)
    check_prediction(build(graph, shapes), x)
    keras.config.set_floatx("float64")
    model, x = build(graph, shapes), sample(shapes, 3, name)
    for w in model.trainable_weights:
        w.assign(w + 0.1 * np.random.default_rng(2).normal(size=w.shape))
    parts = x if isinstance(x, list) else [x]
    inputs = [keras.Variable(part, dtype="float64") for part in parts if part.dtype == "float64"]
    given: Any = (inputs if isinstance(x, list) else inputs[0]) if inputs else x
    variables = [*inputs, *model.trainable_weights]
    assert check_gradients(lambda: model(given, training=False), variables) == len(variables)


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.filterwarnings("ignore:The loss is NaN")  # as that of a few is
@pytest.mark.filterwarnings("ignore:Gradients do not exist")  # of weights that a program does not use
def test_a_program(seed: int) -> None:
    def graph(x: Any) -> Any:
        return Own(seed)(layers.Dense(4, "tanh")(x))

    x = sample((2, 3), 8)
    check_training(lambda: build(graph, (2, 3)), x)
    if seed % 2 == 0:  # each row is by itself
        check_prediction(build(graph, (2, 3)), x)
    keras.config.set_floatx("float64")
    own, rng = Own(seed), np.random.default_rng(0)
    own(rng.normal(size=(5, 4)))
    rows = keras.Variable(rng.normal(size=(5, 4)), dtype="float64")
    assert check_gradients(lambda: own(rows), [rows, *own.free]) > 1
