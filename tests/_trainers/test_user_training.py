"""Training with code of the user's: replayed where that is the same, run where it is not, right in any case."""

import copy
import pickle
import tracemalloc
from collections.abc import Callable
from contextlib import nullcontext
from functools import cache
from itertools import cycle
from typing import Any, Literal, cast
from weakref import WeakKeyDictionary

import numpy as np
import pytest

import minikeras as keras
from minikeras import GradientTape, Model, Sequential, Tensor, Variable, ops
from minikeras._base.typing import Array
from minikeras.callbacks import Callback, LambdaCallback
from minikeras.layers import Dense, Flatten, Input, Lambda, Layer, RandomFlip

X = np.random.default_rng(0).normal(size=(16, 3)).astype("float32")
Y = (2 * X[:, :1] - X[:, 1:2]).astype("float32")
CALLS: list[str] = []


def both(
    make: Callable[[], Model], x: Any = X, y: Any = Y, loss: Any = "mse", optimizer: Any = None, **options: Any
) -> tuple[bool, dict[str, Any], Model]:
    """Train with programs and without; tell whether the Python ran for the first steps only, after comparing all."""
    found = []
    for eagerly in (True, False):
        keras.utils.clear_session()
        keras.utils.set_random_seed(3)
        CALLS.clear()
        model = make()
        chosen = optimizer() if optimizer else keras.optimizers.Adam(0.05)
        model.compile(chosen, loss, run_eagerly=eagerly, **options)
        model(x[:4])
        CALLS.clear()
        history = model.fit(x, y, batch_size=4, epochs=4, verbose=0).history
        found.append((repr(history), [w.numpy() for w in model.weights], len(CALLS)))
    assert found[0][0] == found[1][0]
    for a, b in zip(found[0][1], found[1][1], strict=True):
        np.testing.assert_array_equal(a, b)
    return found[1][2] < found[0][2], history, model


def same(a: list[Any], b: list[Any]) -> bool:
    return len(a) == len(b) and all(np.array_equal(x, y) for x, y in zip(a, b, strict=True))


# Layers.


class Custom(Layer):
    """Runs a function of itself, its input and the mode; `k` is trained, `v` is not."""

    def __init__(self, function: Callable[[Any, Tensor, bool], Any]) -> None:
        super().__init__()
        self.function = function
        self.notes = [0]

    def build(self, input_shape: Any) -> None:
        self.k = self.add_weight((input_shape[-1], 3), name="k")
        self.v = self.add_weight((3,), "ones", trainable=False, name="v")

    def call(self, x: Tensor, training: bool = False) -> Any:
        CALLS.append("call")
        return self.function(self, x, training)


def count(layer: Any, x: Tensor, training: bool) -> Any:
    layer.v.assign_add(ops.ones(3))
    return x @ layer.k / layer.v


def follow_mean(layer: Any, x: Tensor, training: bool) -> Any:
    if training:
        layer.v.assign(0.9 * layer.v + 0.1 * ops.mean(x, axis=0))
    return x @ layer.k - layer.v


def penalize(layer: Any, x: Tensor, training: bool) -> Any:
    y = x @ layer.k
    layer.add_loss(0.1 * ops.mean(y * y))
    return y


def keep_old(view: Callable[[Any], Any]) -> Callable[[Any, Tensor, bool], Tensor]:
    def function(layer: Any, x: Tensor, training: bool) -> Any:
        old = view(layer.v)
        layer.v.assign(layer.v * 0.9 + 0.2)
        return x @ layer.k * ops.reshape(old, (1, 3))

    return function


def assign_twice(layer: Any, x: Tensor, training: bool) -> Any:
    first = ops.reshape(layer.v.assign(layer.v + 1), (1, 3))
    layer.v.assign(layer.v * 0.5)
    return x @ layer.k * first + layer.v


def attribute(layer: Any, x: Tensor, training: bool) -> Any:
    layer.times = vars(layer).get("times", 0) + 1
    return x @ layer.k * layer.times


def own_gradient(layer: Any, x: Tensor, training: bool) -> Any:
    @ops.custom_gradient
    def bent(z: Any) -> Any:
        e = ops.exp(z)
        return e, lambda *args, upstream=None: (args[0] if upstream is None else upstream) * e * 0.5

    return bent(x @ layer.k)


def view_of_a_view(layer: Any, x: Tensor, training: bool) -> Any:
    h = x @ layer.k
    return np.ravel(h)[:3][None] @ layer.k + h


STATES: WeakKeyDictionary[Any, Any] = WeakKeyDictionary()
"""What a layer keeps where no one sees it change."""


def draw(layer: Any, x: Tensor, training: bool) -> Any:
    return x @ layer.k + STATES.setdefault(layer, np.random.default_rng(1)).normal(size=(1, 3))


def count_in_a_list(layer: Any, x: Tensor, training: bool) -> Any:
    STATES.setdefault(layer, [0])[0] += 1
    return x @ layer.k * float(STATES[layer][0])


REPLAYED: dict[str, Callable[[Any, Tensor, bool], Any]] = {
    "ops": lambda layer, x, training: ops.relu(ops.matmul(x, layer.k)) * layer.v,
    "operators": lambda layer, x, training: (x @ layer.k) ** 2 / (1 + abs(x)) - layer.v,
    "numpy": lambda layer, x, training: np.maximum(np.dot(x, layer.k), 0) + np.tanh(x),
    "einsum": lambda layer, x, training: ops.einsum("ij,jk->ik", x, layer.k),
    "turned": lambda layer, x, training: x @ ops.reshape(ops.reshape(ops.transpose(layer.k), (-1,)), (3, 3)),
    "converted": lambda layer, x, training: x @ ops.convert_to_tensor(layer.k),
    "rows": lambda layer, x, training: ops.stack([row @ layer.k for row in x]),
    "shape": lambda layer, x, training: x @ layer.k / len(x) * x.shape[-1],
    "of_truths": lambda layer, x, training: ops.sigmoid(x > 0.5) * (x @ layer.k) + ops.softmax(x > 0),
    "mode": lambda layer, x, training: x @ layer.k if training else x,
    "noise": lambda layer, x, training: x @ layer.k + keras.random.normal((1, 3)),
    "two_draws": lambda layer, x, training: (keras.random.dropout(x, 0.5) - keras.random.dropout(x, 0.5)) @ layer.k,
    "draw_for_a_constant": lambda layer, x, training: x @ layer.k * keras.random.dropout(ops.ones((1, 1)), 0.5),
    "unused_draw": lambda layer, x, training: [x @ layer.k + keras.random.normal((3,)), keras.random.shuffle(x)][0],
    "count": count,
    "follow_mean": follow_mean,
    "penalize": penalize,
    "keep_a_copy": keep_old(lambda v: v.value),
    "own_gradient": own_gradient,
    "view_of_a_view": view_of_a_view,
    "backwards": lambda layer, x, training: x @ layer.k * np.max(np.flip(x, 0)) + np.sum(x[::-1], axis=0),
    "mean_backwards": lambda layer, x, training: x @ layer.k - np.mean(np.flip(x @ layer.k, 0)),
    "list_of_tensors": lambda layer, x, training: x @ [layer.k[0], layer.k[1], 2 * layer.k[2]],
}
RUN: dict[str, Callable[[Any, Tensor, bool], Any]] = {
    "attribute": attribute,
    "numpy_noise": lambda layer, x, training: x @ layer.k + np.random.normal(size=(1, 3)),  # noqa: NPY002
    "own_generator": draw,
    "own_list": count_in_a_list,
    "branch": lambda layer, x, training: x @ layer.k * (1 if ops.mean(x) > 0 else -2),
    "float": lambda layer, x, training: x @ layer.k * float(ops.mean(x)),
    "int": lambda layer, x, training: x @ layer.k * int(ops.sum(x)),
    "format": lambda layer, x, training: x @ layer.k * float(f"{ops.mean(x):.3f}"),
    "text": lambda layer, x, training: x @ layer.k * len(str(x)) / len(repr(layer.k)),
    "cond": lambda layer, x, training: ops.cond(ops.mean(x) > 0, lambda: x, lambda: -x) @ layer.k,
    "mask": lambda layer, x, training: x @ layer.k + ops.sum(x[x > 0]),
    "where": lambda layer, x, training: x @ layer.k + len(ops.where(x[:, 0] > 0)[0]),
    "index": lambda layer, x, training: x @ layer.k + layer.k[ops.argmax(x[0])],
    "values": lambda layer, x, training: x @ layer.k + np.cumsum(np.asarray(x), axis=0)[-1],
    "keep_a_view": keep_old(lambda v: ops.reshape(v, (1, 3))),
    "keep_a_part": keep_old(lambda v: v[None]),
    "keep_an_assigned": assign_twice,
}


@pytest.mark.parametrize("name", [*REPLAYED, *RUN])
def test_a_layer_of_ones_own(name: str) -> None:
    function = {**REPLAYED, **RUN}[name]
    replayed, _, model = both(lambda: Sequential([Input((3,)), Custom(function), Dense(1)]))
    assert replayed == (name in REPLAYED)
    if name == "count":
        assert model.non_trainable_weights[0].numpy().tolist() == [18.0] * 3  # once a step, in the first call too


def hidden(layer: Any, x: Tensor, training: bool) -> Any:
    @ops.custom_gradient
    def times(z: Any) -> Any:
        return z * ops.sum(x), lambda *args, upstream=None: (args[0] if upstream is None else upstream) * ops.sum(x)

    return times(ops.ones(())) * (x @ layer.k)


UNTYPED: Any = keras
"""For arguments that run, though their types are refused."""
READ: dict[str, Callable[[Any, Tensor, bool], Any]] = {
    "hidden": hidden,
    "pickled": lambda layer, x, training: pickle.loads(pickle.dumps(x)) @ layer.k,
    "copied": lambda layer, x, training: copy.deepcopy(x) @ layer.k,
    "range": lambda layer, x, training: x @ layer.k * ops.sum(ops.arange(ops.sum(x * x) + 1)),
    "step": lambda layer, x, training: x @ layer.k + ops.arange(0.0, 2.0, ops.max(x) + 3)[0] * ops.max(x),
    "logspace": lambda layer, x, training: x @ layer.k * ops.sum(ops.logspace(ops.tanh(x[0, 0]), 0.5, 3)),
    "linspace": lambda layer, x, training: x @ layer.k + ops.linspace(x[0, 0], 1.0, 3),
    "roll": lambda layer, x, training: UNTYPED.ops.roll(x, ops.argmax(x[0]), 1) @ layer.k,
    "key": lambda layer, x, training: x[:, [ops.argmax(x[0]), 0, 1]] @ layer.k,
    "slice": lambda layer, x, training: UNTYPED.ops.slice(x, (0, ops.argmax(x[0, :2])), (len(x), 1)) * (x @ layer.k),
    "repeat": lambda layer, x, training: UNTYPED.ops.repeat(x, ops.cast(x[0] > 0, "int32") + 1, 1)[:, :3] @ layer.k,
    "bounds": lambda layer, x, training: ops.clip(x @ layer.k, -ops.abs(x[0, 0]), x_max=ops.abs(x[0, 1])),
    "fill": lambda layer, x, training: x @ layer.k + ops.full((3,), x[0, 0]),
    "noise": lambda layer, x, training: x @ layer.k + UNTYPED.random.normal((3,), x[0, 0], 1.0, seed=1),
    "list": lambda layer, x, training: ops.add([x[0], x[1]], 1.0)[:1] + x @ [layer.k[0], layer.k[1], layer.k[2]],
    "plain list": lambda layer, x, training: x @ layer.k + np.array([x[0, 0], x[0, 1], x[0, 2]]),
    "sort": lambda layer, x, training: np.sort(x, axis=-1) @ layer.k,
    "reduced": lambda layer, x, training: x @ layer.k + np.asarray(np.max(np.asarray(x), 0)),
}


@pytest.mark.parametrize("name", [*REPLAYED, *RUN, *READ])
def test_no_value_of_one_batch_is_kept_for_another(name: str) -> None:
    """Two equal batches in a row, after which a step counts as fixed, do not make it forget what it depends on."""
    function = {**REPLAYED, **RUN, **READ}[name]
    found = []
    for eagerly in (False, True):
        keras.utils.clear_session()
        keras.utils.set_random_seed(3)
        model = Sequential([Input((3,)), Custom(function), Dense(1)])
        model.compile(keras.optimizers.Adam(0.05), "mse", run_eagerly=eagerly)
        logs = [model.train_on_batch(X[rows], Y[rows]) for rows in [slice(4)] * 3 + [slice(4, 8), slice(8, 12)] * 2]
        found.append((logs, [w.numpy().tobytes() for w in model.weights]))
    assert found[0] == found[1]
    assert np.isfinite(found[0][0]).all()


def test_a_list_with_tensors_in_it_is_a_tensor_and_differentiated() -> None:
    x = Variable([1.0, 2.0])
    with GradientTape() as tape:
        y = ops.sum(UNTYPED.ops.multiply([x[0], [x[1]][0], 5.0], [[1.0], [x[0]]])) + [x[0], x[1]] @ ops.ones(2)
    assert float(y) == 19.0  # (a + b + 5) (1 + a) + a + b
    gradient = tape.gradient(y, x)
    assert gradient is not None
    assert gradient.numpy().tolist() == [11.0, 3.0]


def test_what_a_layer_prints_of_values_is_printed_in_each_step(capsys: pytest.CaptureFixture[str]) -> None:
    def call(layer: Any, x: Tensor, training: bool) -> Any:
        print("value:", x[0, 0])
        return x @ layer.k

    model = Sequential([Input((3,)), Custom(call), Dense(1)])
    model.compile("sgd", "mse")
    model.fit(X, Y, batch_size=4, epochs=2, shuffle=False, verbose=0)
    lines = [line for line in capsys.readouterr().out.splitlines() if line.startswith("value:")]
    assert len(lines) >= 8
    assert [f"value: {ops.convert_to_tensor(X[i, 0])!s}" for i in (0, 4, 8, 12)] == lines[-4:]


class Block(Layer):
    """Weights in lists and dicts, layers in layers."""

    def __init__(self) -> None:
        super().__init__()
        self.inner = [Dense(3, activation="tanh"), Custom(REPLAYED["ops"])]
        self.named = {"last": Dense(3)}

    def build(self, input_shape: Any) -> None:
        self.scales = [self.add_weight((3,), "ones", name=f"scale_{i}") for i in range(2)]
        self.table = {"shift": self.add_weight((3,), "zeros", name="shift")}

    def call(self, x: Tensor) -> Any:
        for layer, scale in zip(self.inner, self.scales, strict=True):
            x = layer(x) * scale
        return self.named["last"](x) + self.table["shift"]


def test_weights_in_lists_and_dicts_are_trained() -> None:
    replayed, _, model = both(lambda: Sequential([Input((3,)), Block(), Dense(1)]))
    assert replayed
    start = Sequential([Input((3,)), Block()])
    assert len(model.trainable_weights) == len(start.trainable_weights) + 2
    block = cast(Block, model.layers[0])
    assert not same([block.scales[0].numpy()], [np.ones(3)])
    assert not same([block.table["shift"].numpy()], [np.zeros(3)])


def test_a_variable_given_to_a_layer_is_trained() -> None:
    class Latent(Layer):
        def __init__(self) -> None:
            super().__init__()
            self.inner = Dense(3)

        def build(self, input_shape: Any) -> None:
            self.code = self.add_weight((1, 2), name="code")

        def call(self, x: Tensor) -> Any:
            CALLS.append("call")
            return x + self.inner(self.code)

    start = Latent()
    replayed, _, model = both(lambda: Sequential([Input((3,)), Latent(), Dense(1)]))
    assert replayed
    with GradientTape() as tape:
        loss = ops.sum(start(X))
    assert tape.gradient(loss, start.code) is not None
    assert cast(Latent, model.layers[0]).code in model.trainable_weights


# train_step and its kin.


class Net(Model):
    """Two layers, a step in TensorFlow's style, and what a test adds to it."""

    def __init__(self, step: Callable[["Net", Any], Any] | None = None) -> None:
        super().__init__()
        self.a, self.b = Dense(4, activation="tanh"), Dense(1)
        self.step = step
        self.second = keras.optimizers.SGD(0.1)
        self.mean = keras.metrics.Mean(name="loss")
        self.steps = Variable(0.0, trainable=False, name="steps")

    def call(self, x: Tensor, training: bool = False) -> Any:
        CALLS.append("call")
        return self.b(self.a(x))

    def train_step(self, data: Any) -> Any:
        return super().train_step(data) if self.step is None else self.step(self, data)


def gradients(model: Net, data: Any) -> tuple[Any, Any, Any]:
    x, y = data
    with GradientTape() as tape:
        loss = model.compute_loss(x=x, y=y, y_pred=model(x, training=True))
    variables = model.trainable_variables
    return loss, tape.gradient(loss, variables), variables


def plain(model: Net, data: Any) -> Any:
    loss, found, variables = gradients(model, data)
    model.optimizer.apply_gradients(zip(found, variables, strict=True))
    model.mean.update_state(loss)
    return {"loss": model.mean.result()}


def counted(model: Net, data: Any) -> Any:
    before = model.steps.value
    logs = plain(model, data)
    after = model.steps.assign_add(1.0)
    return {**logs, "before": before, "after": after, "steps": model.steps}


def norms(model: Net, data: Any) -> Any:
    loss, found, variables = gradients(model, data)
    old = [v.value for v in variables]
    weights, part = ops.norm(variables[0]), variables[0][0, 0]
    model.optimizer.apply_gradients(zip(found, variables, strict=True))
    moved = sum(ops.sum(ops.abs(v - o)) for v, o in zip(variables, old, strict=True))
    return {"loss": loss, "norm": ops.norm(found[0]), "weights": weights, "part": part, "moved": moved}


def clipped(model: Net, data: Any) -> Any:
    loss, found, variables = gradients(model, data)
    norm = ops.sqrt(sum(ops.sum(g * g) for g in found))
    scaled = [g * ops.minimum(1.0, 0.1 / norm) for g in found]
    model.optimizer.apply_gradients(zip(scaled, variables, strict=True))
    return {"loss": loss, "norm": norm, "first": scaled[0][0, 0]}


def by_hand(model: Net, data: Any) -> Any:
    loss, found, variables = gradients(model, data)
    for g, v in zip(found, variables, strict=True):
        v.assign_sub(0.1 * g)
    return {"loss": loss}


def decayed(model: Net, data: Any) -> Any:
    logs = plain(model, data)
    for v in model.a.trainable_variables:
        v.assign(ops.clip(0.9 * v, -0.5, 0.5))
    return logs


def twice(model: Net, data: Any) -> Any:
    plain(model, data)
    return plain(model, data)


def applied_twice(model: Net, data: Any) -> Any:
    loss, found, variables = gradients(model, data)
    for _ in range(2):
        model.optimizer.apply_gradients(zip(found, variables, strict=True))
    return {"loss": loss}


def sharpness(model: Net, data: Any) -> Any:
    loss, found, variables = gradients(model, data)
    old = [v.value for v in variables]
    for g, v in zip(found, variables, strict=True):
        v.assign_add(0.05 * g)
    worse, found, _ = gradients(model, data)
    for o, v in zip(old, variables, strict=True):
        v.assign(o)
    model.optimizer.apply_gradients(zip(found, variables, strict=True))
    return {"loss": loss, "worse": worse}


def gradient_penalty(model: Net, data: Any) -> Any:
    x, y = data
    with GradientTape() as tape:
        with GradientTape() as inner:
            inner.watch(x)
            y_pred = model(x, training=True)
        slope = inner.gradient(y_pred, x)
        loss = model.compute_loss(y=y, y_pred=y_pred) + ops.mean((ops.norm(slope, axis=1) - 1) ** 2)
    variables = model.trainable_variables
    model.optimizer.apply_gradients(zip(tape.gradient(loss, variables), variables, strict=True))
    return {"loss": loss}


def two_optimizers(model: Net, data: Any) -> Any:
    x, y = data
    with GradientTape(persistent=True) as tape:
        loss = model.compute_loss(y=y, y_pred=model(x, training=True))
    for optimizer, layer in ((model.optimizer, model.b), (model.second, model.a)):
        own = layer.trainable_variables
        optimizer.apply_gradients(zip(tape.gradient(loss, own), own, strict=True))  # the second at the old values
    return {"loss": loss}


def shared_by_optimizers(model: Net, data: Any) -> Any:
    for optimizer in (model.optimizer, model.second):
        loss, found, variables = gradients(model, data)
        optimizer.apply_gradients(zip(found, variables, strict=True))
    return {"loss": loss, "weight": model.b.kernel[0, 0]}


def looks(model: Net, data: Any) -> Any:
    logs = plain(model, data)
    return {name: float(value) for name, value in logs.items()}


@pytest.mark.parametrize(
    ("step", "replays"),
    [
        (None, True),
        (plain, True),
        (counted, True),
        (clipped, True),
        (by_hand, True),
        (decayed, True),
        (twice, True),
        (applied_twice, True),
        (sharpness, True),
        (gradient_penalty, True),
        (norms, None),  # a part of a weight is kept while the weight changes
        (two_optimizers, None),
        (shared_by_optimizers, None),
        (looks, False),
    ],
)
@pytest.mark.parametrize("optimizer", [None, lambda: keras.optimizers.Lamb(0.05, clipnorm=0.1)])
def test_a_train_step_of_ones_own(step: Any, replays: bool | None, optimizer: Any) -> None:
    replayed, history, _ = both(lambda: Net(step), optimizer=optimizer)
    assert replays is None or replayed == replays
    if step is counted:
        assert history["before"] == [3.0, 7.0, 11.0, 15.0]
        assert history["after"] == history["steps"] == [4.0, 8.0, 12.0, 16.0]


def test_a_plain_step_is_the_built_in_one() -> None:
    own, built_in = both(lambda: Net(plain))[2], both(Net)[2]
    assert same(own.get_weights()[:4], built_in.get_weights()[:4])


def test_both_styles_of_keras_3() -> None:
    class Style(Model):
        """As Keras's guide has it: compute_loss and metrics by hand in train_step and test_step."""

        def __init__(self) -> None:
            super().__init__()
            self.dense = Dense(1)
            self.loss_tracker = keras.metrics.Mean(name="loss")
            self.mae_metric = keras.metrics.MeanAbsoluteError(name="mae")
            self.loss_fn = keras.losses.MeanSquaredError()

        def call(self, x: Tensor) -> Any:
            CALLS.append("call")
            return self.dense(x)

        @property
        def metrics(self) -> list[keras.Metric]:
            return [self.loss_tracker, self.mae_metric]

        def train_step(self, data: Any) -> Any:
            x, y = data
            with GradientTape() as tape:
                y_pred = self(x, training=True)
                loss = self.loss_fn(y, y_pred)
            weights = self.trainable_weights
            self.optimizer.apply(tape.gradient(loss, weights), weights)
            return self.told(loss, y, y_pred)

        def test_step(self, data: Any) -> Any:
            x, y = data
            y_pred = self(x, training=False)
            return self.told(self.loss_fn(y, y_pred), y, y_pred)

        def told(self, loss: Any, y: Any, y_pred: Any) -> Any:
            self.loss_tracker.update_state(loss)
            self.mae_metric.update_state(y, y_pred)
            return {m.name: m.result() for m in self.metrics}

    replayed, history, model = both(Style)
    assert replayed
    assert list(history) == ["loss", "mae"]
    values = model.evaluate(X, Y, verbose=0)
    error = model.predict(X, verbose=0) - Y
    np.testing.assert_allclose(values, [np.mean(error**2), np.mean(abs(error))], rtol=1e-5)

    class Overrides(Model):
        """The other way: compute_loss and compute_metrics alone."""

        def __init__(self) -> None:
            super().__init__()
            self.dense = Dense(1)
            self.tracker = keras.metrics.Mean(name="own")

        def call(self, x: Tensor) -> Any:
            CALLS.append("call")
            return self.dense(x)

        def compute_loss(
            self, x: Any = None, y: Any = None, y_pred: Any = None, sample_weight: Any = None, training: bool = True
        ) -> Any:
            loss = ops.mean(ops.square(y - y_pred)) + 0.01 * ops.sum(ops.abs(self.dense.kernel))
            self.tracker.update_state(loss)
            return loss

        def compute_metrics(self, x: Any, y: Any, y_pred: Any, sample_weight: Any = None) -> dict[str, Any]:
            return {**super().compute_metrics(x, y, y_pred, sample_weight), "twice": 2 * self.tracker.result()}

    replayed, history, _ = both(Overrides, loss=None)
    assert replayed
    assert set(history) == {"loss", "own", "twice"}
    np.testing.assert_allclose(history["twice"], 2 * np.array(history["own"]))
    np.testing.assert_allclose(history["loss"], history["own"], rtol=1e-6)


def test_an_autoencoder_learns_and_a_variational_one_gets_x_alone() -> None:
    class Sampling(Layer):
        def __init__(self) -> None:
            super().__init__()
            self.seed_generator = keras.random.SeedGenerator(7)

        def call(self, inputs: Any) -> Any:
            mean, log_variance = inputs
            return mean + ops.exp(0.5 * log_variance) * keras.random.normal(ops.shape(mean), seed=self.seed_generator)

    class Vae(Model):
        def __init__(self) -> None:
            super().__init__()
            self.encoder, self.mean, self.spread = Dense(6, activation="relu"), Dense(2), Dense(2)
            self.sample, self.decoder = Sampling(), Dense(3)
            self.total = keras.metrics.Mean(name="loss")
            self.divergence = keras.metrics.Mean(name="kl")

        @property
        def metrics(self) -> list[keras.Metric]:
            return [self.total, self.divergence]

        def call(self, x: Tensor) -> Any:
            CALLS.append("call")
            h = self.encoder(x)
            mean, spread = self.mean(h), self.spread(h)
            return mean, spread, self.decoder(self.sample([mean, spread]))

        def train_step(self, data: Any) -> Any:
            assert isinstance(data, Tensor)
            with GradientTape() as tape:
                mean, spread, back = self(data)
                reconstruction = ops.mean(ops.sum(ops.square(data - back), axis=-1))
                kl = -0.5 * ops.mean(ops.sum(1 + spread - ops.square(mean) - ops.exp(spread), axis=-1))
                loss = reconstruction + 0.1 * kl
            found = tape.gradient(loss, self.trainable_weights)
            self.optimizer.apply_gradients(zip(found, self.trainable_weights, strict=True))
            self.total.update_state(loss)
            self.divergence.update_state(kl)
            return {m.name: m.result() for m in self.metrics}

    replayed, history, _ = both(Vae, y=None, loss=None)
    assert replayed
    assert history["loss"][-1] < history["loss"][0]
    replayed, history, _ = both(lambda: Sequential([Input((3,)), Dense(2), Dense(3)]), y=X)
    assert history["loss"][-1] < history["loss"][0]


def test_a_gan_with_two_optimizers() -> None:
    class Gan(Model):
        def __init__(self) -> None:
            super().__init__()
            self.discriminator = Sequential([Input((3,)), Dense(8, activation="leaky_relu"), Dense(1)])
            self.generator = Sequential([Input((2,)), Dense(8, activation="leaky_relu"), Dense(3)])
            self.seed_generator = keras.random.SeedGenerator(5)
            self.d_loss, self.g_loss = keras.metrics.Mean(name="d_loss"), keras.metrics.Mean(name="g_loss")

        def compile(self, d_optimizer: Any, g_optimizer: Any, loss_fn: Any, **options: Any) -> None:  # type: ignore[override]
            super().compile(optimizer=None, **options)
            self.d_optimizer, self.g_optimizer, self.loss_fn = d_optimizer, g_optimizer, loss_fn

        def call(self, x: Tensor) -> Any:
            return self.discriminator(x)

        @property
        def metrics(self) -> list[keras.Metric]:
            return [self.d_loss, self.g_loss]

        def train_step(self, data: Any) -> Any:
            CALLS.append("step")
            size = ops.shape(data)[0]
            noise = keras.random.normal((size, 2), seed=self.seed_generator)
            both_kinds = ops.concatenate([self.generator(noise), data], axis=0)
            labels = ops.concatenate([ops.ones((size, 1)), ops.zeros((size, 1))], axis=0)
            labels += 0.05 * keras.random.uniform(ops.shape(labels), seed=self.seed_generator)
            with GradientTape() as tape:
                d_loss = self.loss_fn(labels, self.discriminator(both_kinds))
            weights = self.discriminator.trainable_weights
            self.d_optimizer.apply_gradients(zip(tape.gradient(d_loss, weights), weights, strict=True))
            noise = keras.random.normal((size, 2), seed=self.seed_generator)
            with GradientTape() as tape:
                g_loss = self.loss_fn(ops.zeros((size, 1)), self.discriminator(self.generator(noise)))
            weights = self.generator.trainable_weights
            self.g_optimizer.apply_gradients(zip(tape.gradient(g_loss, weights), weights, strict=True))
            self.d_loss.update_state(d_loss)
            self.g_loss.update_state(g_loss)
            return {"d_loss": self.d_loss.result(), "g_loss": self.g_loss.result()}

    found = []
    for eagerly in (False, True):
        keras.utils.set_random_seed(0)
        gan = Gan()
        binary = keras.losses.BinaryCrossentropy(from_logits=True)
        gan.compile(keras.optimizers.Adam(0.01), keras.optimizers.Adam(0.02), binary, run_eagerly=eagerly)
        before = gan.get_weights()
        CALLS.clear()
        history = gan.fit(X, batch_size=4, epochs=5, verbose=0).history
        assert not any(np.array_equal(a, b) for a, b in zip(before, gan.get_weights(), strict=True))
        found.append((history, gan.get_weights(), len(CALLS)))
    assert found[0][0] == found[1][0]
    assert same(found[0][1], found[1][1])
    assert found[0][2] < found[1][2] == 20


@pytest.mark.parametrize("value", [None, 3, [1.0]])
@pytest.mark.parametrize("verbose", [0, 1])
def test_a_train_step_without_a_dict_is_refused(value: Any, verbose: Any) -> None:
    model = Net(lambda model, data: value)
    model.compile("sgd", "mse")
    with pytest.raises(TypeError, match="must return a dict"):
        model.fit(X, Y, verbose=verbose)


# Losses, metrics, optimizers and the like.


class Steep(keras.Loss):
    def call(self, y_true: Any, y_pred: Any) -> Any:
        return ops.mean(ops.abs(y_true - y_pred) ** 3, axis=-1)


class Largest(keras.Metric):
    def __init__(self, name: str = "largest") -> None:
        super().__init__(name=name)
        self.largest = self.add_weight((), "zeros", name="largest")

    def update_state(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> None:
        self.largest.assign(ops.maximum(self.largest, ops.max(ops.abs(y_true - y_pred))))

    def result(self) -> Any:
        return self.largest.value


class Listed(keras.Metric):
    """Keeps values in a Python list, so that it cannot be replayed."""

    def __init__(self) -> None:
        super().__init__(name="listed")
        self.values: list[float] = []

    def update_state(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> None:
        self.values.append(float(ops.mean(y_pred)))

    def result(self) -> float:
        return sum(self.values)

    def reset_state(self) -> None:
        self.values.clear()


class Signed(keras.Optimizer):
    """Moves by the sign of a running mean."""

    def build(self, variables: Any) -> None:
        if not self.built:
            super().build(variables)
            self.means = self.add_optimizer_variables(variables, "mean")

    def update_step(self, gradient: Any, variable: Any, learning_rate: Any) -> None:
        mean = self.means[self._get_variable_index(variable)]
        assert mean is not None
        self.assign(mean, 0.9 * mean + 0.1 * gradient)
        self.assign_sub(variable, ops.cast(learning_rate, variable.dtype) * ops.sign(mean))


class Start(keras.Initializer):
    def __call__(self, shape: Any, dtype: Any = None) -> Any:
        return ops.full(shape, 0.25, dtype=dtype)


class Away(keras.Regularizer):
    def __call__(self, x: Any) -> Any:
        return 0.1 * ops.sum(ops.exp(-x * x))


class Ball(keras.constraints.Constraint):
    def __call__(self, w: Any) -> Any:
        return w / ops.maximum(ops.norm(w), 1.0)


def test_losses_metrics_and_the_rest_of_ones_own() -> None:
    def make() -> Model:
        inner = Dense(3, kernel_initializer=Start(), kernel_regularizer=Away(), kernel_constraint=Ball())
        return Sequential([Input((3,)), Custom(REPLAYED["ops"]), inner, Lambda(lambda x: x * 2), Dense(1)])

    def spread(y_true: Any, y_pred: Any) -> Any:
        return ops.max(y_pred, axis=-1) - ops.min(y_true, axis=-1)

    replayed, history, model = both(make, loss=Steep(), optimizer=lambda: Signed(0.05), metrics=[Largest(), spread])
    assert replayed
    assert list(history) == ["largest", "loss", "spread"]
    assert float(ops.norm(model.layers[1].weights[0])) <= 1 + 1e-6
    replayed, history, _ = both(make, loss=lambda y_true, y_pred: (y_true - y_pred) ** 2, metrics=[Listed()])
    assert not replayed
    assert history["listed"][0] != history["listed"][1]


def test_a_metric_may_serve_one_model_after_another() -> None:
    metric = keras.metrics.MeanAbsoluteError(name="mae")
    found = []
    for scale in (1.0, 100.0, 1.0):
        keras.utils.set_random_seed(3)
        model = Sequential([Input((3,)), Dense(1)])
        model.compile("sgd", "mse", metrics=[metric])
        found.append(model.fit(scale * X, scale * Y, batch_size=4, verbose=0).history["mae"])
    assert found[0] == found[2]


# Callbacks that meddle.


class ByAllMetrics(Model):
    """Returns what `metrics` lists, as Keras's guide does: those of `compile` are one, a dict."""

    def train_step(self, data: Any) -> Any:
        x, y = data
        with GradientTape() as tape:
            p = self(x, training=True)
            loss = self.compute_loss(y=y, y_pred=p)
        self.optimizer.apply(tape.gradient(loss, self.trainable_variables), self.trainable_variables)
        for metric in self.metrics:
            metric.update_state(loss) if metric.name == "loss" else metric.update_state(y, p)
        return {metric.name: metric.result() for metric in self.metrics}


def test_a_metric_that_returns_a_dict_keeps_its_place_in_the_logs() -> None:
    x = Input((3,))
    model = ByAllMetrics(x, Dense(1)(x))
    model.compile("sgd", "mse", metrics=["mae"])
    seen: list[list[str]] = []
    watch = LambdaCallback(on_train_batch_end=lambda batch, logs: seen.append(list(logs)))
    history = model.fit(X, Y, batch_size=16, validation_data=(X, Y), callbacks=[watch], verbose=0).history
    assert seen == [["mae", "loss"]]
    assert list(history) == ["mae", "loss", "val_loss", "val_mae"]
    assert list(model.train_on_batch(X, Y, return_dict=True)) == ["mae", "loss"]


def trained(callbacks: Callable[[Model], list[Callback]]) -> tuple[dict[str, Any], list[Array], list[Array]]:
    """Train with programs and without, callbacks in between, and return what came of it if it is the same."""
    found = []
    for eagerly in (False, True):
        keras.utils.clear_session()
        keras.utils.set_random_seed(4)
        model = Sequential([Input((3,)), Dense(4, activation="tanh"), Dense(1)])
        model.compile(keras.optimizers.Adam(0.05), "mse", metrics=["mae"], run_eagerly=eagerly)
        history = model.fit(X, Y, batch_size=4, epochs=3, callbacks=callbacks(model), verbose=0).history
        found.append((history, model.get_weights(), [v.numpy() for v in model.optimizer.variables]))
    assert found[0][0] == found[1][0]
    assert same(found[0][1], found[1][1])
    assert same(found[0][2], found[1][2])
    return found[0]


@cache
def trained_in_peace() -> tuple[Any, ...]:
    return trained(lambda model: [])


ACTIONS: dict[str, Callable[[Any], Any]] = {
    "set_weights": lambda m: m.set_weights([0.9 * w for w in m.get_weights()]),
    "assign": lambda m: m.layers[0].kernel.assign(m.layers[0].kernel * 0.9),
    "assign_part": lambda m: m.layers[1].bias.assign_add([0.1]),
    "assign_slots": lambda m: [v.assign(v * 0.5) for v in m.optimizer.variables[2:]],
    "rate": lambda m: setattr(m.optimizer, "learning_rate", float(m.optimizer.learning_rate) * 0.7),
    "decay": lambda m: setattr(m.optimizer, "weight_decay", 0.2),
    "freeze": lambda m: setattr(m.layers[0], "trainable", not m.layers[0].trainable),
    "attribute": lambda m: setattr(m, "note", "seen"),
}
HARMLESS: dict[str, Callable[[Any], Any]] = {
    "predict": lambda m: m.predict(X, verbose=0),
    "call": lambda m: m(X),
    "call_training": lambda m: m(X, training=True),
    "get_weights": lambda m: [w.fill(0) for w in m.get_weights()],
    "new_layers": lambda m: Sequential([Input((2,)), Dense(2)]).predict(np.ones((1, 2)), verbose=0),
    "summary": lambda m: m.summary(print_fn=len),
}


@pytest.mark.parametrize("hook", ["on_train_batch_end", "on_train_batch_begin", "on_epoch_end"])
@pytest.mark.parametrize("name", [*ACTIONS, *HARMLESS])
def test_a_callback_may_meddle(name: str, hook: str) -> None:
    def callbacks(model: Model) -> list[Callback]:
        def run(*args: Any, **kwargs: Any) -> None:
            {**ACTIONS, **HARMLESS}[name](model)

        return [LambdaCallback(**{hook: run})]

    history, weights, _ = trained(callbacks)
    quiet, untouched, _ = trained_in_peace()
    if name in HARMLESS:
        assert history == quiet
        assert same(weights, untouched)
    elif name != "attribute":
        assert not same(weights, untouched)


@pytest.mark.parametrize(
    "action",
    [
        lambda m: m.evaluate(X, Y, verbose=0),
        lambda m: m.train_on_batch(X[:4], Y[:4]),
        lambda m: m.train_on_batch(X[:5], Y[:5]),
        lambda m: m.reset_metrics(),
        lambda m: Sequential.from_config(m.get_config()).predict(X, verbose=0),
    ],
)
def test_steps_in_a_callback_leave_the_logs_of_the_step_before(action: Any) -> None:
    seen: list[float] = []

    def callbacks(model: Model) -> list[Callback]:
        seen.clear()

        class Meddle(Callback):
            def on_train_batch_end(self, batch: int, logs: Any = None) -> None:
                action(model)
                seen.append(logs["loss"])

        return [Meddle()]

    history, _, _ = trained(callbacks)
    assert history["loss"] == seen[3::4]


def test_a_fit_of_another_model_in_a_callback() -> None:
    others: list[Model] = []

    def callbacks(model: Model) -> list[Callback]:
        other = Sequential([Input((3,)), Dense(1)])
        other.compile("sgd", "mae")
        others.append(other)

        def train(batch: int, logs: Any) -> None:
            other.fit(X, Y, shuffle=False, verbose=0)

        return [LambdaCallback(on_train_batch_end=train)]

    history, _, _ = trained(callbacks)
    quiet, _, _ = trained(lambda model: [])
    assert history["loss"][-1] < history["loss"][0]
    assert list(history) == list(quiet)
    assert [int(other.optimizer.iterations) for other in others] == [12, 12]
    assert same(others[0].get_weights(), others[1].get_weights())


# What is kept stays what it was.

KEPT: dict[str, Callable[[Any], Any]] = {
    "get_weights": lambda m: m.get_weights()[0],
    "value": lambda m: m.layers[0].kernel.value,
    "numpy": lambda m: m.layers[0].kernel.numpy(),
    "asarray": lambda m: np.asarray(m.layers[0].kernel),
    "convert": lambda m: ops.convert_to_tensor(m.layers[0].kernel),
    "reshape": lambda m: ops.reshape(m.layers[0].kernel, (-1,)),
    "transpose": lambda m: ops.transpose(m.layers[0].kernel),
    "row": lambda m: m.layers[0].kernel[0],
    "rows": lambda m: list(m.layers[0].kernel)[1],
    "slice": lambda m: m.layers[0].kernel[:],
    "numpy_view": lambda m: np.transpose(m.layers[0].kernel),
    "stopped": lambda m: ops.stop_gradient(m.layers[0].kernel),
    "flatten": lambda m: Flatten()(m.layers[0].kernel),
    "variable": lambda m: Variable(m.layers[0].kernel),
    "assigned": lambda m: m.layers[0].bias.assign(m.layers[0].bias),
    "slot": lambda m: ops.reshape(m.optimizer.variables[2], (-1,)),
    "rate": lambda m: m.optimizer.learning_rate.value,
    "metric": lambda m: ops.reshape(m.metrics[0].variables[0], (1,)),
    "result": lambda m: m.metrics[0].result(),
    "output": lambda m: m(X),
    "prediction": lambda m: m.predict(X, verbose=0),
}


@pytest.mark.parametrize("eagerly", [False, True])
@pytest.mark.parametrize("name", KEPT)
def test_what_is_kept_never_changes(name: str, eagerly: bool) -> None:
    keras.utils.set_random_seed(0)
    model = Sequential([Input((3,)), Dense(4, activation="tanh"), Dense(1)])
    model.compile(keras.optimizers.Adam(0.05), "mse", metrics=["mae"], run_eagerly=eagerly)
    kept: list[tuple[Any, Array]] = []

    def keep(*args: Any, **kwargs: Any) -> None:
        thing = KEPT[name](model)
        kept.append((thing, np.array(thing)))

    model.fit(X, Y, batch_size=4, epochs=2, verbose=0)
    keep()
    model.fit(X, Y, batch_size=4, epochs=2, callbacks=[LambdaCallback(on_train_batch_end=keep)], verbose=0)
    model.fit(X, Y, batch_size=4, verbose=0)
    model.train_on_batch(X[:4], Y[:4])
    assert len(kept) == 9
    for thing, then in kept:
        np.testing.assert_array_equal(np.asarray(thing), then)
    if name not in ("rate", "metric", "result"):
        assert not np.array_equal(kept[0][1], kept[-1][1])


def test_a_tape_keeps_the_weights_it_saw() -> None:
    model = Sequential([Input((3,)), Dense(4, activation="tanh"), Dense(1)])
    model.compile(keras.optimizers.Adam(0.05), "mse")
    tapes = []

    def look(*args: Any, **kwargs: Any) -> None:
        with GradientTape(persistent=True) as tape:
            loss = ops.mean((model(X, training=True) - Y) ** 2)
        tapes.append((tape, loss, [np.asarray(g) for g in tape.gradient(loss, model.trainable_variables)]))

    model.fit(X, Y, batch_size=4, epochs=2, verbose=0)
    look()
    model.fit(X, Y, batch_size=4, epochs=2, callbacks=[LambdaCallback(on_train_batch_end=look)], verbose=0)
    model.fit(X, Y, batch_size=4, verbose=0)
    for tape, loss, then in tapes:
        now = tape.gradient(loss, model.trainable_variables)
        assert same([np.asarray(g) for g in now], then)


def test_arrays_given_to_a_model_are_never_written_to() -> None:
    start = np.ones((3, 1), "float32")
    given = [np.full((3, 1), 2.0, "float32"), np.zeros(1, "float32")]
    model = Sequential([Input((3,)), Dense(1, kernel_initializer=lambda shape, dtype=None: start)])
    model.compile("sgd", "mse")
    x, y = X.copy(), Y.copy()
    model.fit(x, y, batch_size=4, epochs=2, verbose=0)
    model.set_weights(given)
    model.fit(x, y, batch_size=4, epochs=2, verbose=0)
    assert same([start, *given, x, y], [np.ones((3, 1)), np.full((3, 1), 2.0), np.zeros(1), X, Y])


# Loops of one's own.


@pytest.mark.parametrize("use", [lambda model, x: model(x), lambda model, x: ops.matmul(x, model.weights[0])])
def test_an_array_may_be_written_to_before_the_gradient_is_taken(use: Any) -> None:
    """As an environment does that moves on in the array it gave."""
    model, loss_fn = Sequential([Input((3,)), Dense(1)]), keras.losses.MeanSquaredError()
    for _ in range(5):
        x, y, found = X.copy(), Y.copy(), []
        for later in (0, 1):
            with GradientTape() as tape:
                loss = loss_fn(y, use(model, x))
            x += later
            y += later
            found.append(np.asarray(tape.gradient(loss, model.weights[0])))
        assert same(found[:1], found[1:])


@pytest.mark.parametrize("view", [lambda x: ops.expand_dims(x, 0), ops.transpose, Flatten()])
def test_a_view_of_an_array_stays_what_it_was(view: Any) -> None:
    x = X.copy()
    seen = view(x)
    then = seen.numpy()
    x += 1
    assert same([seen.numpy()], [then])


def test_a_loop_with_a_tape_is_fit() -> None:
    keras.utils.set_random_seed(0)
    model = Sequential([Input((3,)), Dense(4, activation="tanh"), Dense(1)])
    twin = Sequential.from_config(model.get_config())
    twin.set_weights(model.get_weights())
    optimizer, loss_fn = keras.optimizers.Adam(0.05), keras.losses.MeanSquaredError()
    metric = keras.metrics.MeanAbsoluteError()
    for _ in range(3):
        metric.reset_state()
        for start in range(0, 16, 4):
            x, y = X[start : start + 4], Y[start : start + 4]
            with GradientTape() as tape:
                y_pred = model(x, training=True)
                loss = loss_fn(y, y_pred)
            found = tape.gradient(loss, model.trainable_weights)
            optimizer.apply_gradients(zip(found, model.trainable_weights, strict=True))
            metric.update_state(y, y_pred)
    twin.compile(keras.optimizers.Adam(0.05), "mse", metrics=["mae"])
    history = twin.fit(X, Y, batch_size=4, epochs=3, shuffle=False, verbose=0).history
    assert same(model.get_weights(), twin.get_weights())
    assert history["mae"][-1] == float(metric.result())


def test_weights_assigned_in_a_loop_are_used_by_fit() -> None:
    found = []
    for eagerly in (False, True):
        keras.utils.set_random_seed(0)
        model = Sequential([Input((3,)), Dense(1)])
        model.compile(keras.optimizers.SGD(0.05, momentum=0.9), "mse", run_eagerly=eagerly)
        for _ in range(5):
            model.fit(X, Y, batch_size=4, shuffle=False, verbose=0)
            with GradientTape() as tape:
                loss = ops.mean((model(X) - Y) ** 2)
            weights = model.trainable_weights
            for g, v in zip(tape.gradient(loss, weights), weights, strict=True):
                assert g is not None
                v.assign_sub(0.1 * g)
        found.append(model.get_weights())
    assert same(*found)


# A loop of one's own around a model of built-in layers: replayed, with the same numbers.


@pytest.mark.parametrize("last", ["sigmoid", "softmax", "linear"])
def test_a_model_under_a_tape_gives_the_same_gradients_when_it_is_replayed(
    last: Literal["sigmoid", "softmax", "linear"],
) -> None:
    keras.utils.set_random_seed(3)
    model = keras.Sequential([keras.Input((2,)), keras.layers.Dense(3, "relu"), keras.layers.Dense(2, last)])
    x, t = np.random.randn(8, 2).astype("float32"), np.eye(2, dtype="float32")[[0, 1] * 4]  # noqa: NPY002
    loss: Any = keras.losses.CategoricalCrossentropy() if last == "softmax" else keras.losses.BinaryCrossentropy()
    found = []
    for _ in range(5):
        with keras.GradientTape() as tape:
            value = loss(t, model(x, training=True))
        gradients = tape.gradient(value, model.trainable_variables)
        found.append([value.numpy().tobytes(), *(g.numpy().tobytes() for g in gradients if g is not None)])
    assert all(item == found[0] for item in found)


def test_gradients_are_those_of_the_weights_in_the_forward_pass() -> None:
    model = keras.Sequential([keras.Input((1,)), keras.layers.Dense(1, use_bias=False, kernel_initializer="ones")])
    model.add(keras.layers.Dense(1, use_bias=False, kernel_initializer="ones"))
    first, second = model.weights
    for _ in range(5):
        second.assign([[3.0]])
        with keras.GradientTape() as tape:
            y = model(np.array([[2.0]], "float32"))
        second.assign([[100.0]])
        gradient = tape.gradient(y, first)
        assert gradient is not None
        assert gradient.numpy().tolist() == [[6.0]]


def test_a_replayed_model_is_differentiated_again_and_with_respect_to_its_input() -> None:
    model = keras.Sequential([keras.Input((1,)), keras.layers.Dense(1, "sigmoid", kernel_initializer="ones")])
    x = keras.ops.convert_to_tensor([[0.0]])
    for _ in range(5):
        with keras.GradientTape() as outer:
            outer.watch(x)
            with keras.GradientTape() as inner:
                inner.watch(x)
                y = model(x)
            slope = inner.gradient(y, x)
        assert float(slope) == 0.25  # type: ignore[arg-type]  # it depends on x
        assert float(outer.gradient(slope, x)) == 0.0  # type: ignore[arg-type]  # the same


def test_a_replayed_model_and_loss_are_differentiated_again_by_the_tape_that_saw_them() -> None:
    model = keras.Sequential([keras.Input((1,)), keras.layers.Dense(1, "tanh", kernel_initializer="ones")])
    model.add(keras.layers.Dense(1, kernel_initializer="ones"))
    x, loss = keras.ops.convert_to_tensor([[0.5]]), keras.losses.MeanSquaredError()
    found = []
    for _ in range(5):
        with keras.GradientTape(persistent=True) as tape:
            tape.watch(x)
            value = loss([[0.0]], model(x))
            slope = tape.gradient(value, x)
        slopes = tape.gradient(slope, [x, *model.trainable_variables])
        found.append([float(g) for g in slopes if g is not None])
    assert len(found[0]) == 5
    np.testing.assert_allclose(found, [found[0]] * 5, rtol=1e-6)


def test_a_loop_of_ones_own_moves_statistics_and_draws_once_a_call() -> None:
    def final(by_hand: bool) -> list[Any]:
        keras.utils.set_random_seed(3)
        model = keras.Sequential(
            [keras.Input((4,)), keras.layers.BatchNormalization(), keras.layers.Dropout(0.5), keras.layers.Dense(1)]
        )
        x = np.arange(32.0, dtype="float32").reshape(8, 4)
        for _ in range(6):
            if by_hand:
                model.layers[0](x, training=True)
                model.layers[1](x, training=True)
            else:
                with GradientTape():
                    model(x, training=True)
        return [*model.get_weights(), model.layers[1](x, training=True).numpy()]

    for ours, expected in zip(final(False), final(True), strict=True):
        np.testing.assert_array_equal(ours, expected)


@pytest.mark.parametrize("between", ["another tape", "a fit", "nothing", "a persistent tape", "two optimizers"])
def test_a_tape_s_gradients_are_those_of_the_weights_that_it_saw(between: str) -> None:
    """Weights that a tape holds are changed in place only once it needs them no more."""
    keras.utils.set_random_seed(1)
    model = Sequential([Input((3,)), Dense(4, "tanh"), Dense(1)])
    optimizers = [keras.optimizers.Adam(0.1), keras.optimizers.SGD(0.1)][: 1 + (between == "two optimizers")]
    model.compile(optimizers[0], "mse")

    def loss() -> Any:
        return ops.mean(ops.square(model(X, training=True) - Y))

    def gradients(tape: Any, value: Any) -> list[Array]:
        return [ops.convert_to_numpy(g) for g in tape.gradient(value, model.trainable_weights)]

    for _ in range(6):  # from the third on the pass is replayed
        with GradientTape() as tape:
            value = loss()
        found = gradients(tape, value)
        for optimizer in optimizers:
            optimizer.apply(found, model.trainable_weights)
    with GradientTape(persistent=between == "a persistent tape") as tape:
        value = loss()
    kept = [ops.reshape(w, w.shape) for w in model.weights]
    copies = [w.numpy() for w in model.weights]
    if between == "a persistent tape":
        wanted = gradients(tape, value)
    else:
        with GradientTape() as other:
            again = loss()
        wanted = gradients(other, again)
    if between == "a fit":
        model.fit(X, Y, epochs=3, verbose=0)
    elif between != "nothing":
        for optimizer in optimizers:
            optimizer.apply(wanted, model.trainable_weights)
    assert between == "nothing" or any((w.numpy() != c).any() for w, c in zip(model.weights, copies, strict=True))
    for a, b in zip(gradients(tape, value), wanted, strict=True):
        np.testing.assert_array_equal(a, b)
    optimizer.apply(wanted, model.trainable_weights)
    for tensor, before in zip(kept, copies, strict=True):
        np.testing.assert_array_equal(tensor, before)


def test_the_call_that_builds_a_model_is_not_counted() -> None:
    class Counting(Model):
        def __init__(self) -> None:
            super().__init__()
            self.calls = self.add_weight((), "zeros", trainable=False)
            self.dense = Dense(1)

        def call(self, x: Tensor) -> Tensor:
            self.calls.assign_add(1)
            return self.dense(x)

    class Preset(Layer):
        def build(self, shape: Any) -> None:
            self.offset = self.add_weight((), "zeros")
            self.offset.assign(2)

        def call(self, x: Tensor) -> Tensor:
            return x + self.offset

    model = Counting()
    seen: list[int] = []
    model.compile("sgd", "mse")
    watch = LambdaCallback(on_train_batch_end=lambda batch, logs: seen.append(int(model.calls)))
    model.fit(X, Y, batch_size=4, callbacks=[watch], verbose=0)
    assert seen == [1, 2, 3, 4]
    model = Counting()
    model.predict(X, batch_size=4, verbose=0)
    assert int(model.calls) == 4
    assert Sequential([Preset()]).predict(np.zeros((1, 1)), verbose=0).tolist() == [[2.0]]  # `build` is no call


def test_a_step_of_ones_own_builds_the_model() -> None:
    class Pair(Model):
        def __init__(self) -> None:
            super().__init__()
            self.near, self.far = Dense(1), Dense(2)

        def call(self, noise: Tensor, label: Tensor) -> Tensor:  # which `fit` has nothing for
            return ops.concatenate([self.near(noise), self.far(label)], -1)

        def train_step(self, data: Any) -> dict[str, Any]:
            x, y = data
            with GradientTape() as tape:
                loss = ops.mean(ops.square(self.near(x[:, :2]) - y))
            weights = self.near.trainable_weights
            self.optimizer.apply(tape.gradient(loss, weights), weights)
            return {"loss": loss}

        def predict_step(self, data: Any) -> Any:
            return self(data[:, :2], data)

    model = Pair()
    model.compile("adam")
    losses = model.fit(X, Y, epochs=3, verbose=0).history["loss"]
    assert losses[2] < losses[0]
    assert not model.far.built
    assert model.predict(X, verbose=0).shape == (16, 3)
    assert [w.shape for w in model.weights] == [(2, 1), (1,), (3, 2), (2,)]


@pytest.mark.parametrize("how", ["model", "layer", "called", "not"])
def test_a_custom_train_step_trains_layers_built_before_or_during_it(how: str) -> None:
    class Own(keras.Model):
        def __init__(self) -> None:
            super().__init__()
            self.hidden, self.last = Dense(3), Dense(1)

        def call(self, x: Any) -> Any:
            return self.last(self.hidden(x))

        def train_step(self, data: Any) -> dict[str, Any]:
            x, y = data
            with keras.GradientTape() as tape:
                loss = ops.mean((self(x, training=True) - y) ** 2)
            gradients = tape.gradient(loss, self.trainable_variables)
            self.optimizer.apply(gradients, self.trainable_variables)
            return {"loss": loss}

    model = Own()
    if how == "model":
        with pytest.warns(UserWarning, match="leaves layers unbuilt"):
            model.build((None, 2))
    elif how == "layer":
        model.hidden.build((None, 2))
    elif how == "called":
        model(np.ones((1, 2)))
    model.compile("adam")
    model.fit(np.ones((8, 2)), np.ones((8, 1)), epochs=2, verbose=0)
    assert len(model.optimizer.variables) == 2 + 2 * 4


def test_a_list_of_one_input_is_what_call_gets() -> None:
    class First(Model):
        def call(self, x: Any) -> Any:
            return x[0] * 2

    x = np.arange(4.0).reshape(2, 2)
    assert First().predict([x], verbose=0).tolist() == (x * 2).tolist()
    with pytest.raises(ValueError, match="list of tensors"):
        Sequential([Dense(1)]).predict([x], verbose=0)
    single = Sequential([Input((2,)), Dense(1)])
    assert single.predict([x], verbose=0).tolist() == single.predict(x, verbose=0).tolist()


def test_lists_of_one_output_within_a_dict() -> None:
    a = Input((2,))
    model = Model(a, {"p": Dense(1, name="first")(a), "l": [Dense(2, name="second")(a)]})
    losses: Any = {"p": "mse", "l": ["mae"]}
    model.compile("sgd", losses)
    targets = {"p": np.ones((6, 1)), "l": [np.ones((6, 2))]}
    model.fit(np.ones((6, 2)), targets, epochs=2, verbose=0)
    assert model.evaluate(np.ones((6, 2)), targets, verbose=0) is not None


def test_a_metric_that_fails_leaves_the_weights() -> None:
    model = Sequential([Input((2,)), Dense(1, kernel_initializer="zeros")])

    def broken(y_true: Any, y_pred: Any) -> Any:
        raise ArithmeticError("no such metric")

    model.compile("sgd", "mse", metrics=[broken])
    x, y = np.ones((4, 2)), np.ones((4, 1))
    for train in (lambda: model.fit(x, y, verbose=0), lambda: model.train_on_batch(x, y)):
        with pytest.raises(ArithmeticError):
            train()
    assert model.get_weights()[0].tolist() == [[0.0], [0.0]]
    assert int(model.optimizer.iterations) == 0


@pytest.mark.parametrize("eagerly", [False, True])
def test_a_step_that_fails_leaves_statistics_and_seeds(eagerly: bool) -> None:
    normalization = keras.layers.BatchNormalization()
    model = Sequential([Input((2,)), normalization, keras.layers.Dropout(0.5), Dense(2)])
    model.compile("sgd", "mse", run_eagerly=eagerly)
    x = np.array([[1.0, 5.0], [3.0, 9.0]])
    first = [v.numpy() for v in model.variables]
    for _ in range(3):
        with pytest.raises(ValueError, match="shape"):
            model.train_on_batch(x, np.ones((2, 7)))
    for before, variable in zip(first, model.variables, strict=True):
        np.testing.assert_array_equal(variable.numpy(), before)
    model.train_on_batch(x, np.ones((2, 2)))
    np.testing.assert_allclose(normalization.moving_mean.numpy(), [0.02, 0.07], rtol=1e-6)  # 0.01 of the batch's means
    model.train_on_batch(x, np.ones((2, 2)))
    np.testing.assert_allclose(normalization.moving_mean.numpy(), [0.0398, 0.1393], rtol=1e-6)


@pytest.mark.parametrize("steps", [0, 1, 2, 40])
def test_a_label_that_a_step_refuses_leaves_statistics_and_seeds(steps: int) -> None:
    model = Sequential(
        [Input((2,)), keras.layers.BatchNormalization(), keras.layers.Dropout(0.5), Dense(3, activation="softmax")]
    )
    model.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"])
    x, labels = np.array([[1.0, 5.0], [3.0, 9.0]]), np.array([0, 2])
    for _ in range(steps):
        model.train_on_batch(x, labels)
    before = [v.numpy() for v in model.variables]
    for bad in (np.array([0, 3]), np.array([-1, 0])):
        with pytest.raises(ValueError, match="class numbers from 0 to 2"):
            model.train_on_batch(x, bad)
        for old, variable in zip(before, model.variables, strict=True):
            np.testing.assert_array_equal(variable.numpy(), old)
    assert int(model.optimizer.iterations) == steps


@pytest.mark.parametrize("eagerly", [False, True])
@pytest.mark.parametrize("steps", [0, 1, 2])
@pytest.mark.parametrize("scales", [False, True])
def test_a_step_of_ones_own_that_fails_after_its_update_leaves_a_whole_one(
    scales: bool, steps: int, eagerly: bool
) -> None:
    """The weights and all that led to them, such as moving averages and seeds; what the step did later is undone."""

    class Net(Sequential):
        broken = False

        def train_step(self, *args: Any, **kwargs: Any) -> Any:
            logs = super().train_step(*args, **kwargs)
            second.apply([ops.ones(())], [share])
            if self.broken:
                share.assign(9.0)
                raise ArithmeticError("mine")
            return logs

    def state() -> list[Any]:
        return [v.numpy() for v in (*model.variables, *model.optimizer.variables, share, *second.variables)]

    x, y = np.array([[1.0, 5.0], [3.0, 9.0]]), np.ones((2, 1))
    ends = []
    for fails in (True, False):
        keras.utils.set_random_seed(3)
        model = Net([Input((2,)), keras.layers.BatchNormalization(), keras.layers.Dropout(0.5), Dense(1)])
        share, second = keras.Variable(1.0), keras.optimizers.SGD(0.5, momentum=0.9)
        adam = keras.optimizers.Adam(0.01)
        model.compile(keras.optimizers.LossScaleOptimizer(adam) if scales else adam, "mse", run_eagerly=eagerly)
        model.optimizer.build(model.trainable_variables)
        second.build([share])
        for _ in range(steps):
            model.train_on_batch(x, y)
        model.broken = fails
        for _ in range(2):
            with pytest.raises(ArithmeticError) if fails else nullcontext():
                model.train_on_batch(x, y)
        model.broken = False
        logs = [model.train_on_batch(x, y) for _ in range(4)]
        ends.append((logs, state()))
    np.testing.assert_equal(ends[0], ends[1])


def test_a_train_function_that_fails_after_its_update_leaves_a_whole_one() -> None:
    class Net(Sequential):
        def make_train_function(self, force: bool = False) -> Any:
            def train(batches: Any) -> Any:
                self.train_step(next(batches))
                raise ArithmeticError("mine")

            self.train_function = train
            return train

    ends = []
    for net in (Net, Sequential):
        keras.utils.set_random_seed(3)
        model = net([Input((2,)), keras.layers.BatchNormalization(), Dense(1)])
        model.compile("adam", "mse")
        with pytest.raises(ArithmeticError) if net is Net else nullcontext():
            model.fit(np.array([[1.0, 5.0], [3.0, 9.0]]), np.ones((2, 1)), verbose=0)
        ends.append([v.numpy() for v in (*model.weights, *model.optimizer.variables)])
    np.testing.assert_equal(ends[0], ends[1])


def test_a_call_may_need_to_know_whether_it_trains() -> None:
    seen = []

    class Asks(keras.Model):
        def __init__(self) -> None:
            super().__init__()
            self.dense = Dense(1)

        def call(self, x: Any, training: bool) -> Any:
            seen.append(training)
            return self.dense(x)

    model = Asks()
    model.compile("sgd", "mse")
    model.fit(np.ones((4, 3)), np.ones((4, 1)), verbose=0)
    assert seen == [False, True]
    model.evaluate(np.ones((4, 3)), np.ones((4, 1)), verbose=0)
    assert seen[-1] is False


def test_values_that_change_beside_recorded_steps_are_warned_of() -> None:
    factor = [1.0]
    model = Sequential([Input((3,)), Dense(1)])
    model.compile(keras.optimizers.SGD(0.0), lambda y, p: factor[0] * keras.ops.mean((y - p) ** 2))
    change = keras.callbacks.LambdaCallback(on_epoch_begin=lambda epoch, logs: factor.__setitem__(0, 1 / (epoch + 1)))
    with pytest.warns(UserWarning, match="A step computes otherwise than before"):
        model.fit(np.ones((10, 3)), np.ones((10, 1)), batch_size=4, epochs=3, verbose=0, callbacks=[change])


def test_a_step_keeps_one_old_array_of_what_it_assigns_often() -> None:
    class Counts(Model):
        def __init__(self) -> None:
            super().__init__()
            self.total = keras.Variable(np.zeros(100_000), trainable=False)

        def train_step(self, data: Any) -> dict[str, Any]:
            for _ in range(50):
                self.total.assign(self.total.numpy() + 1)
            return {"loss": 0.0}

    model = Counts()
    model.compile(run_eagerly=True)
    model.train_on_batch(np.ones((1, 1)))
    tracemalloc.start()
    model.train_on_batch(np.ones((1, 1)))
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 10 * 400_000
    assert model.total.numpy()[0] == 100.0


OWN_NAMES = (
    "jit _optimizer _predictor _hooks inputs outputs input_shape output_names _graph _entry _held _inside _computed "
    "_contents _attributes _sublayers _is_built _connections _output_names _build_for _step_logs"
)


@pytest.mark.parametrize("name", OWN_NAMES.split())
def test_a_model_may_have_attributes_and_methods_of_its_own_names(name: str) -> None:
    class Net(Model):
        def __init__(self) -> None:
            super().__init__()
            self.out = Dense(1)
            setattr(self, name, 7)

        def call(self, x: Any) -> Any:
            return self.out(x)

        def _prepare(self, x: Any) -> Any:
            raise AssertionError

        _report = _convert = _computed = _contents = _attributes = _sublayers = _with_shapes = _test_logs = _prepare

    model = Net()
    model.compile("sgd", "mse")
    model.fit(X, Y, verbose=0, validation_data=(X, Y))
    assert model.predict(X, verbose=0).shape == (16, 1)
    assert getattr(model, name) == 7
    assert getattr(copy.deepcopy(model), name) == 7
    with pytest.raises(AttributeError, match="outputs"):
        Model(x := Input((3,)), Dense(1)(x)).outputs = []  # type: ignore[misc]  # which checkers refuse too


def test_the_state_of_a_model_from_an_earlier_version_is_read() -> None:
    model = Model(x := Input((3,)), Dense(1)(x))
    names = {"_own_graph": "_graph", "_found_metrics": "_held"}
    earlier = Model.__new__(Model)
    earlier.__setstate__({names.get(key, key): value for key, value in model.__getstate__().items()})
    np.testing.assert_array_equal(earlier.predict(X, verbose=0), model.predict(X, verbose=0))


class Functions(Sequential):
    """Makes the functions that `fit` and its kin run, each from a step and the next batch."""

    def make_train_function(self, force: bool = False) -> Any:
        if self.train_function is not None and not force:
            return self.train_function

        def train(batches: Any) -> Any:
            x, y = next(batches)
            return {**self.train_step((2 * x, y)), "rows": ops.cast(len(x), "float32")}

        self.train_function = train
        return None

    def make_test_function(self, force: bool = False) -> Any:
        self.test_function = lambda batches: {"loss": 0.0 * ops.sum(next(batches)[0]) + 43.0}

    def make_predict_function(self, force: bool = False) -> Any:
        return lambda batches: 3 * self.predict_step(batches[0])  # as in Keras 2, nothing is set


@pytest.mark.parametrize("eagerly", [False, True])
def test_functions_made_by_a_subclass_are_run(eagerly: bool) -> None:
    model, same_steps = (kind([Input((3,)), Dense(1, kernel_initializer="ones")]) for kind in (Functions, Sequential))
    for each in (model, same_steps):
        each.compile(keras.optimizers.SGD(0.01), "mse", run_eagerly=eagerly)
    logs = model.fit(X, Y, batch_size=4, epochs=3, shuffle=False, verbose=0).history
    assert logs["rows"] == [4.0] * 3
    same_steps.fit(2 * X, Y, batch_size=4, epochs=3, shuffle=False, verbose=0)
    assert same(model.get_weights(), same_steps.get_weights())
    assert model.train_on_batch(X, Y, return_dict=True)["rows"] == len(X)
    assert model.evaluate(X, Y, verbose=0) == 43.0
    for predicted in (model.predict(X, verbose=0), model.predict_on_batch(X)):
        np.testing.assert_allclose(predicted, 3 * np.asarray(model(X)), rtol=1e-6)
    copy = pickle.loads(pickle.dumps(model))
    assert copy.train_function is None


class Several(Sequential):
    """Takes several batches from the iterator that its functions get, as `steps_per_execution` says."""

    def make_train_function(self, force: bool = False) -> Any:
        def train(batches: Any) -> Any:
            return [self.train_step(next(batches)) for _ in range(3)][-1]

        self.train_function = train

    def make_test_function(self, force: bool = False) -> Any:
        self.test_function = lambda batches: [self.test_step(batch) for batch in batches][-1]


class Usual(Sequential):
    """Runs the usual function for training."""

    def make_train_function(self, force: bool = False) -> Any:
        super().make_train_function(force)


@pytest.mark.parametrize("eagerly", [False, True])
@pytest.mark.parametrize("kind", [Several, Usual])
@pytest.mark.parametrize("endless", [False, True])
def test_functions_get_as_many_batches_as_an_execution_has_steps(
    kind: type[Sequential], eagerly: bool, endless: bool
) -> None:
    x, y, hooks = np.tile(X, (9, 1))[:24], np.tile(Y, (9, 1))[:24], []
    model, plain = (new([Input((3,)), Dense(1, kernel_initializer="ones")]) for new in (kind, Sequential))
    note = LambdaCallback(on_train_batch_end=lambda batch, logs: hooks.append(batch))
    for each, at_once in ((model, 3), (plain, 1)):
        each.compile(keras.optimizers.SGD(0.01), "mse", run_eagerly=eagerly, steps_per_execution=at_once)
    batches = ((x[i : i + 4], y[i : i + 4]) for i in cycle(range(0, 24, 4)))
    arrays = {"x": x, "y": y, "batch_size": 4, "shuffle": False}
    data: Any = {"x": batches, "steps_per_epoch": 6} if endless else arrays
    logs = model.fit(**data, epochs=3, callbacks=[note], verbose=0).history
    usual = plain.fit(x, y, batch_size=4, shuffle=False, epochs=3, verbose=0).history
    np.testing.assert_allclose(logs["loss"], usual["loss"], rtol=1e-6)
    assert same(model.get_weights(), plain.get_weights())
    assert hooks == [2, 5] * 3
    np.testing.assert_allclose(model.evaluate(x, y, 4, verbose=0), plain.evaluate(x, y, verbose=0), rtol=1e-6)


def test_a_function_that_wants_more_batches_than_are_left_ends_the_epoch_with_a_warning() -> None:
    model, hooks = Several([Input((3,)), Dense(1)]), []
    model.compile("sgd", "mse", steps_per_execution=3)
    note = LambdaCallback(on_train_batch_end=lambda batch, logs: hooks.append(batch))
    with pytest.warns(UserWarning, match="ran out of data"):
        logs = model.fit(np.ones((16, 3)), np.ones(16), batch_size=4, callbacks=[note], verbose=0).history
    assert hooks == [2]
    assert len(logs["loss"]) == 1


@pytest.mark.parametrize("eagerly", [False, True])
def test_what_the_steps_of_a_too_short_group_change_stays(eagerly: bool) -> None:
    x, y = np.tile(X, (4, 1))[:16], np.tile(Y, (4, 1))[:16]
    first, runs = Dense(1, kernel_initializer="ones").get_config(), []
    for kind, at_once in ((Several, 3), (Sequential, 1)):
        model = kind([Input((3,)), keras.layers.BatchNormalization(), Dense.from_config(first)])
        model.compile("sgd", "mse", steps_per_execution=at_once, run_eagerly=eagerly)
        with nullcontext() if at_once == 1 else pytest.warns(UserWarning, match="ran out of data"):
            model.fit(x, y, batch_size=4, shuffle=False, epochs=3, verbose=0)
        runs.append([*model.get_weights(), np.asarray(model.get_metrics_result()["loss"])])
    assert same(*runs)


def test_a_call_without_training_is_not_given_it() -> None:
    class Bare(keras.Model):
        def __init__(self) -> None:
            super().__init__()
            self.dense = Dense(1)

        def __call__(self, x: Any) -> Any:
            return super().__call__(x)

        def call(self, x: Any) -> Any:
            return self.dense(x)

        def predict_step(self, data: Any) -> Any:
            return super().predict_step(data)

    model = Bare()
    model.compile("sgd", "mse")
    model.fit(X, Y, validation_data=(X, Y), verbose=0)
    assert model.predict(X, verbose=0).shape == (len(X), 1)


@pytest.mark.parametrize("built_before", [True, False])
def test_a_call_without_training_leaves_augmentation_its_default(built_before: bool) -> None:
    flip = RandomFlip(seed=1)
    flips = Sequential([flip])

    class Bare(keras.Model):
        def build(self, input_shape: Any) -> None:
            self.dense = Dense(1)
            super().build(input_shape)

        def call(self, x: Any) -> Any:
            return self.dense(flips(x))

    images = np.ones((20, 4, 4, 1), "float32")
    if built_before:
        flips.build((None, 4, 4, 1))
    model = Bare()
    model.compile("sgd", "mse")
    model.fit(images, images, batch_size=8, verbose=0)
    assert np.asarray(flip.generator.state).tolist() == [1, 3]  # as in Keras: once a batch


@pytest.mark.parametrize("watched", [False, True])
def test_a_step_that_draws_from_an_iterator_that_ends_ends_the_epoch_with_a_warning(watched: bool) -> None:
    others = iter(range(6))

    class Own(Sequential):
        def train_step(self, data: Any) -> Any:
            next(others)
            return super().train_step(data)

    model = Own([Input((3,)), Dense(1)])
    model.compile("sgd", "mse", run_eagerly=True)
    notes = [LambdaCallback(on_train_batch_begin=lambda batch, logs: None)] if watched else []
    with pytest.warns(UserWarning, match="ran out of data"):
        logs = model.fit(np.ones((16, 3)), np.ones(16), batch_size=4, epochs=2, callbacks=notes, verbose=0).history
    assert len(logs["loss"]) == 2
    assert model.optimizer.iterations.numpy() == 6


def test_the_batches_of_an_execution_differ_where_a_generator_overwrites_its_arrays() -> None:
    def batches() -> Any:
        x, y = np.empty((4, 3), "float32"), np.empty((4, 1), "float32")
        for i in cycle(range(6)):
            x[:], y[:] = i, i % 2
            yield x, y

    models = [kind([Input((3,)), Dense(1, kernel_initializer="ones")]) for kind in (Several, Sequential)]
    for model in models:
        model.compile(keras.optimizers.SGD(0.01), "mse", steps_per_execution=3)
        model.fit(batches(), steps_per_epoch=6, epochs=2, verbose=0)
    assert same(models[0].get_weights(), models[1].get_weights())


def test_functions_set_on_a_model_are_run_until_it_is_compiled() -> None:
    model = Sequential([Input((3,)), Dense(1)])
    for _ in range(2):
        model.compile("sgd", "mse")
        model.fit(X, Y, verbose=0)
        for make in (model.make_train_function, model.make_test_function, model.make_predict_function):
            make(force=True)
        assert model.evaluate(X, Y, verbose=0) != 7.0
        model.train_function = model.test_function = lambda batches: {"loss": 0.0 * ops.sum(next(batches)[0]) + 7.0}
        assert model.fit(X, Y, verbose=0).history == {"loss": [7.0]}
        assert model.evaluate(X, Y, verbose=0) == 7.0


@pytest.mark.parametrize("name", ["predict_step", "predict_function"])
def test_a_prediction_set_on_a_model_is_run(name: str) -> None:
    model, calls = Sequential([Input((3,)), Dense(1)]), []

    def predict(data: Any) -> Any:
        calls.append(data)
        return 3 * model(keras.utils.unpack_x_y_sample_weight(data[0] if name == "predict_function" else data)[0])

    model.predict(X, verbose=0)
    setattr(model, name, predict)
    for predicted in (model.predict(X, verbose=0), model.predict_on_batch(X), model.predict(X, verbose=0)):
        np.testing.assert_allclose(predicted, 3 * np.asarray(model(X)), rtol=1e-6)
    assert len(calls) == 3


class Wrapping(Sequential):
    """Wraps the usual functions, as a count of batches that begins anew each time that they are made."""

    def make_train_function(self, force: bool = False) -> Any:
        self.train_function = None
        super().make_train_function(force)
        usual, self.count = self.train_function, 0

        def train(batches: Any) -> Any:
            self.count += 1
            return {**usual(batches), "count": ops.cast(self.count, "float32")}

        self.train_function = train

    def make_predict_function(self, force: bool = False) -> Any:
        self.predict_function = None
        super().make_predict_function(force)
        usual = self.predict_function
        self.predict_function = lambda batches: 3 * usual(batches)


def test_functions_are_made_once_a_run_and_may_wrap_the_usual_ones() -> None:
    model, plain = (kind([Input((3,)), Dense(1, kernel_initializer="ones")]) for kind in (Wrapping, Sequential))
    for each in (model, plain):
        each.compile(keras.optimizers.SGD(0.01), "mse")
    for _ in range(2):
        logs, expected = (each.fit(X, Y, batch_size=5, epochs=2, shuffle=False, verbose=0).history
                          for each in (model, plain))  # fmt: skip
        batches = -(-len(X) // 5)
        assert logs["count"] == [batches, 2 * batches]
        assert logs["loss"] == expected["loss"]
    assert model.train_on_batch(X, Y, return_dict=True)["count"] == 1
    plain.train_on_batch(X, Y)
    for predicted in (model.predict(X, verbose=0), model.predict_on_batch(X), model.predict(X, verbose=0)):
        np.testing.assert_allclose(predicted, 3 * np.asarray(plain(X)), rtol=1e-5)


@pytest.mark.parametrize("phase", ["train", "test", "predict"])
def test_a_maker_set_on_a_model_is_run(phase: str) -> None:
    model, made = Sequential([Input((3,)), Dense(1)]), []
    model.compile("sgd", "mse")
    runs: dict[str, Callable[[], Any]] = {
        "train": lambda: model.fit(X, Y, batch_size=5, verbose=0).history["loss"][0],
        "test": lambda: model.evaluate(X, Y, batch_size=5, verbose=0),
        "predict": lambda: model.predict(X, batch_size=5, verbose=0)[0, 0]}  # fmt: skip
    run = runs[phase]

    def make(force: bool = False) -> None:
        def function(batches: Any) -> Any:
            seven = 0.0 * ops.sum(next(iter(batches))[0]) + 7.0
            return ops.reshape(seven, (1, 1)) if phase == "predict" else {"loss": seven}

        setattr(model, f"{phase}_function", function)
        made.append(function)

    assert run() != 7.0
    setattr(model, f"make_{phase}_function", make)
    assert run() == 7.0
    assert len(made) == 1


class OwnLoss(Sequential):
    """Has a loss of its weights and outputs, which counts in a metric and changes a weight."""

    def compute_loss(self, x: Any = None, y: Any = None, y_pred: Any = None, sample_weight: Any = None,
                     training: bool = True) -> Any:  # fmt: skip
        dense: Any = self.layers[0]
        loss = 10 * ops.sum(dense.kernel) + ops.sum(y_pred)
        dense.bias.assign([7.0])
        self.metrics[0].update_state(5.0 if training else 6.0)
        return loss


def values_by_kind(model: Model) -> list[list[Tensor]]:
    kinds = (model.trainable_variables, model.non_trainable_variables, model.metrics_variables)
    return [[v.value for v in kind] for kind in kinds]


def test_a_stateless_loss_is_that_of_the_values_given() -> None:
    model = OwnLoss([Input((3,)), Dense(1, kernel_initializer="ones")])
    model.compile("sgd", "mse")
    before = values_by_kind(model)
    trained, frozen, counts = [2 * ops.ones_like(v) for v in before[0]], before[1], before[2]
    loss, after = model.stateless_compute_loss(trained, frozen, counts, X, Y, ops.ones((4, 1)))
    assert float(loss) == 64.0
    assert [[v.numpy().tolist() for v in kind] for kind in after] == [[[[2.0]] * 3, [2.0]], [], [5.0, 1.0]]
    assert [[v.numpy().tolist() for v in kind] for kind in values_by_kind(model)] == [[[[1.0]] * 3, [0.0]], [], [0, 0]]
    _, after = model.stateless_compute_loss(trained, frozen, counts, y_pred=ops.ones((4, 1)), training=False)
    assert after[2][0] == 6.0
    for short, counted in ((trained[:1], counts), (trained, counts[:1])):
        with pytest.raises(ValueError, match="pass a value for each"):
            model.stateless_compute_loss(short, frozen, counted, y_pred=ops.ones((4, 1)))


def test_a_stateless_loss_has_the_penalties_of_weights_and_a_gradient() -> None:
    model = Sequential([Input((3,)), Dense(1, kernel_regularizer="l2", activity_regularizer="l2")])
    model.compile("sgd", "mse")
    model(X)  # leaves a penalty of its outputs, which belongs to this call
    (kernel, bias), frozen, counts = values_by_kind(model)
    y_pred = model.stateless_call([kernel, bias], frozen, X)[0]
    with GradientTape() as tape:
        tape.watch(y_pred)
        loss, _ = model.stateless_compute_loss([kernel, bias], frozen, counts, X, Y, y_pred, np.ones(len(X)))
    residual = X @ kernel.numpy() + bias.numpy() - Y
    np.testing.assert_allclose(loss, np.mean(residual**2) + 0.01 * np.sum(kernel.numpy() ** 2), rtol=1e-5)
    np.testing.assert_allclose(tape.gradient(loss, y_pred), 2 * residual / len(X), rtol=1e-4, atol=1e-6)
    assert len(model.losses) == 2


@pytest.mark.parametrize("eagerly", [False, True])
def test_a_compute_metrics_of_ones_own_sees_the_updated_model(eagerly: bool) -> None:
    """As in Keras on TensorFlow and PyTorch; on JAX it cannot see the optimizer."""

    class Reports(keras.Model):
        def __init__(self) -> None:
            super().__init__()
            self.dense = Dense(1, kernel_initializer="ones")

        def call(self, x: Any) -> Any:
            return self.dense(x)

        def compute_metrics(self, x: Any, y: Any, y_pred: Any, sample_weight: Any = None) -> dict[str, Any]:
            logs = super().compute_metrics(x, y, y_pred, sample_weight)
            rate, kernel = self.optimizer.learning_rate, self.dense.kernel
            return {**logs, "rate": rate, "sum": ops.sum(kernel), "steps": self.optimizer.iterations + 0}

    model = Reports()
    rate = keras.optimizers.schedules.ExponentialDecay(0.1, 1, 0.5)
    model.compile(keras.optimizers.SGD(rate), "mse", run_eagerly=eagerly)
    x = np.ones((12, 2), "float32")
    history = model.fit(x, x[:, :1], batch_size=4, epochs=3, verbose=0).history
    assert history["steps"] == [3, 6, 9]
    np.testing.assert_allclose(history["rate"], [0.0125, 0.0015625, 0.0001953125], rtol=1e-6)
    np.testing.assert_allclose(history["sum"], [1.492, 1.4719, 1.4697], atol=5e-5)  # of Keras on TensorFlow


def test_a_compute_metrics_of_ones_own_that_fails_leaves_a_whole_update() -> None:
    class Fails(Sequential):
        def compute_metrics(self, x: Any, y: Any, y_pred: Any, sample_weight: Any = None) -> dict[str, Any]:
            raise ArithmeticError("no such metric")

    model = Fails([Input((2,)), Dense(1, kernel_initializer="zeros")])
    model.compile("adam", "mse")
    with pytest.raises(ArithmeticError):
        model.fit(np.ones((4, 2)), np.ones((4, 1)), verbose=0)
    assert model.get_weights()[0] == pytest.approx(0.001, rel=1e-3)
    assert int(model.optimizer.iterations) == 1


def test_what_a_model_returns_stays_when_its_input_changes() -> None:
    model = Sequential([Input((6, 2, 1)), Flatten()])
    for _ in range(3):
        x = np.ones((4, 6, 2, 1), "float32")
        y = model(x)
        x[:] = 0
        assert np.min(y) == 1


def test_an_own_predict_step_gets_what_train_step_gets() -> None:
    seen: list[Any] = []

    class Seeing(keras.Model):
        def predict_step(self, data: Any) -> Any:
            seen.append(keras.tree.map_structure(lambda x: len(x.shape), data))
            return keras.utils.unpack_x_y_sample_weight(data)[0][1]

    model = Seeing()
    assert model.predict([X, Y], verbose=0).shape == Y.shape  # the second input, and not a column of the first
    model.predict(iter([((X, Y), Y)]), verbose=0)
    model.predict_on_batch([X, Y])
    assert seen == [([2, 2],), ((2, 2), 2), ([2, 2],)]
