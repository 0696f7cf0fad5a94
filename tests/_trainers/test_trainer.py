"""What `compile`, `fit` and their kin promise: numbers by hand, programs equal to eager runs, clear errors."""

import _thread
import copy
import gc
import pickle
import signal
import sys
import threading
import tracemalloc
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any, NamedTuple

import numpy as np
import pytest
from hypothesis import given, settings, strategies as st

import minikeras as keras
from minikeras import Sequential, Tensor, ops
from minikeras._base.typing import Array
from minikeras._trainers.epoch import Logs
from minikeras.callbacks import Callback, LambdaCallback, TerminateOnNaN
from minikeras.layers import Dense, Dropout, Flatten, GaussianNoise, Input, Layer, Reshape

X = np.random.default_rng(0).normal(size=(16, 3)).astype("float32")
Y = (2 * X[:, :1] - X[:, 1:2]).astype("float32")
LABELS = np.arange(16) % 3
CALLS: list[str] = []


class Probe(Layer):
    """Passes its input on, and tells when its Python runs."""

    def call(self, x: Tensor) -> Tensor:
        CALLS.append(self.name)
        return x


def net(loss: Any = "mse", units: int = 1, activation: Any = None, optimizer: Any = None, **options: Any) -> Sequential:
    """Return a compiled model that is the same each time."""
    keras.utils.set_random_seed(1)
    model = Sequential([Input((3,)), Dense(4, activation="tanh"), Dense(units, activation=activation)])
    model.compile(optimizer or keras.optimizers.Adam(0.05), loss, **options)
    return model


def classifier(**options: Any) -> Sequential:
    return net("sparse_categorical_crossentropy", 3, "softmax", **options)


def same(a: list[Any], b: list[Any]) -> bool:
    return len(a) == len(b) and all(np.array_equal(x, y, equal_nan=True) for x, y in zip(a, b, strict=True))


class Snapshots(Callback):
    """Keeps the weights after each step."""

    def __init__(self) -> None:
        self.weights: list[list[Array]] = []

    def on_train_batch_end(self, batch: int, logs: Any = None) -> None:
        self.weights.append(self.model.get_weights())


# Numbers by hand.


def test_one_step_of_a_linear_neuron() -> None:
    x, y = np.array([[1.0, 2.0], [3.0, -1.0]]), np.array([[1.0], [2.0]])
    w, b, rate = np.array([[0.5], [-0.25]]), 0.125, 0.1
    model = Sequential([Input((2,)), Dense(1)])
    model.set_weights([w, [b]])
    model.compile(keras.optimizers.SGD(rate), "mse", metrics=["mae"])
    error = x @ w + b - y
    loss, mae = float(np.mean(error**2)), float(np.mean(np.abs(error)))
    np.testing.assert_allclose(model.evaluate(x, y, verbose=0), [loss, mae], rtol=1e-6)
    np.testing.assert_allclose(model.test_on_batch(x, y), [loss, mae], rtol=1e-6)
    np.testing.assert_allclose(model.predict(x, verbose=0), x @ w + b, rtol=1e-6)
    history = model.fit(x, y, verbose=0)
    assert list(history.history) == ["loss", "mae"]
    np.testing.assert_allclose([history.history["loss"], history.history["mae"]], [[loss], [mae]], rtol=1e-6)
    kernel, bias = model.get_weights()
    np.testing.assert_allclose(kernel, w - rate * x.T @ (2 * error / 2), rtol=1e-6)
    np.testing.assert_allclose(bias, [b - rate * np.mean(2 * error)], rtol=1e-6)
    assert int(model.optimizer.iterations) == 1


def test_one_step_of_a_logistic_neuron() -> None:
    x, y = np.array([[1.0, 2.0], [3.0, -1.0], [0.5, 0.5]]), np.array([1.0, 0.0, 1.0])
    w, b, rate = np.array([0.5, -0.25]), 0.125, 0.3
    model = Sequential([Input((2,)), Dense(1, activation="sigmoid")])
    model.compile(keras.optimizers.SGD(rate), "binary_crossentropy", metrics=["accuracy"])
    model.set_weights([w[:, None], [b]])
    p = 1 / (1 + np.exp(-(x @ w + b)))
    loss = -np.mean(y * np.log(p) + (1 - y) * np.log(1 - p))
    expected = {"accuracy": np.mean((p > 0.5) == y), "loss": loss}
    found = model.train_on_batch(x, y, return_dict=True)
    assert list(found) == ["accuracy", "loss"]
    np.testing.assert_allclose(list(found.values()), list(expected.values()), rtol=1e-5)
    np.testing.assert_allclose(model.get_weights()[0][:, 0], w - rate * x.T @ (p - y) / 3, rtol=1e-5)
    np.testing.assert_allclose(model.get_weights()[1], [b - rate * np.mean(p - y)], rtol=1e-5)


def test_the_loss_of_an_epoch_weighs_batches_by_their_rows() -> None:
    model = Sequential([Input((1,)), Dense(1, kernel_initializer="zeros", trainable=False)])
    model.compile("sgd", "mse")
    y = np.array([1.0, 2.0, 3.0])
    history = model.fit(np.ones((3, 1)), y, batch_size=2, verbose=0)
    assert history.history["loss"] == [pytest.approx(np.mean(y**2))]
    weighted = model.evaluate(np.ones((3, 1)), y, sample_weight=np.array([1.0, 0.0, 2.0]), verbose=0)
    assert weighted == pytest.approx((1 + 18) / 3)  # the sum over the rows, not over the weights


def test_penalties_are_part_of_the_loss() -> None:
    model = Sequential([Input((1,)), Dense(1, kernel_regularizer=keras.regularizers.L2(0.5))])
    model.set_weights([[[2.0]], [0.0]])
    model.compile(keras.optimizers.SGD(0.1), "mse")
    assert model.train_on_batch(np.ones((1, 1)), np.ones(1)) == pytest.approx(1 + 0.5 * 4)
    assert float(model.get_weights()[0].item()) == pytest.approx(2 - 0.1 * (2 * 1 + 2 * 0.5 * 2))


def test_validation_uses_the_last_rows_after_each_epoch() -> None:
    model, twin = net(), net()
    history = model.fit(X, Y, batch_size=4, epochs=2, shuffle=False, validation_split=0.25, verbose=0).history
    for epoch in range(2):
        twin.fit(X[:12], Y[:12], batch_size=4, shuffle=False, verbose=0)
        assert history["val_loss"][epoch] == twin.evaluate(X[12:], Y[12:], batch_size=4, verbose=0)
    assert same(model.get_weights(), twin.get_weights())


# Plans: the same numbers as the Python of the layers, to the last bit.

CASES = [  # units and activation of the output, loss, metrics
    (2, None, "mse", ["mae"]),
    (1, None, "mae", [keras.metrics.RootMeanSquaredError]),
    (1, "softplus", "poisson", []),
    (2, None, keras.losses.Huber(0.3), ["mse", "cosine_similarity"]),
    (1, "sigmoid", "binary_crossentropy", ["accuracy", keras.metrics.Precision]),
    (1, None, keras.losses.BinaryCrossentropy(from_logits=True, label_smoothing=0.1), ["accuracy"]),
    (3, "softmax", "categorical_crossentropy", ["accuracy"]),
    (3, "softmax", "sparse_categorical_crossentropy", ["accuracy", keras.metrics.SparseCategoricalAccuracy]),
    (3, None, keras.losses.SparseCategoricalCrossentropy(from_logits=True), ["accuracy"]),
    (1, "tanh", "hinge", ["accuracy"]),
]
OPTIMIZERS = ["SGD", "RMSprop", "Adam", "AdamW", "Adagrad", "Adadelta", "Adamax", "Nadam", "Ftrl", "Lion", "Lamb"]
OPTIONS: list[dict[str, Any]] = [
    {},
    {},
    {"clipnorm": 0.1},
    {"global_clipnorm": 0.1},
    {"clipvalue": 0.01},
    {"weight_decay": 0.01},
    {"use_ema": True, "ema_overwrite_frequency": 2},
    {"gradient_accumulation_steps": 3},
]


class Stack(NamedTuple):
    """Layers between the input, of shape (2, 3), and the output."""

    kinds: list[str]
    units: int
    activation: Any
    use_bias: bool
    penalty: Any
    active: Any
    constraint: Any

    def layers(self) -> list[Layer]:
        makers: dict[str, Callable[[], Layer]] = {
            "dense": lambda: Dense(
                self.units,
                activation=self.activation,
                use_bias=self.use_bias,
                kernel_regularizer=self.penalty,
                activity_regularizer=self.active,
                kernel_constraint=self.constraint,
            ),
            "dropout": lambda: Dropout(0.4),
            "noise": lambda: GaussianNoise(0.1),
            "flatten": Flatten,
            "reshape": lambda: Reshape((1, -1)),
            "prelu": keras.layers.PReLU,
        }
        return [makers[kind]() for kind in self.kinds]


STACKS = st.builds(
    Stack,
    kinds=st.lists(st.sampled_from(["dense", "dropout", "noise", "flatten", "reshape", "prelu"]), max_size=5),
    units=st.integers(2, 5),
    activation=st.sampled_from(["relu", "tanh", "sigmoid", "gelu", "softmax", "elu", "silu", "linear"]),
    use_bias=st.booleans(),
    penalty=st.sampled_from([None, "l1", "l2", "l1_l2"]),
    active=st.sampled_from([None, None, "l2"]),
    constraint=st.sampled_from([None, "max_norm", "non_neg"]),
)


@settings(max_examples=50)
@given(
    stack=STACKS,
    case=st.sampled_from(CASES),
    optimizer=st.sampled_from(OPTIMIZERS),
    options=st.sampled_from(OPTIONS),
    rows=st.integers(1, 23),
    batch=st.integers(1, 9),
    weighted=st.sampled_from(["no", "sample", "class"]),
    dtype=st.sampled_from(["float32", "float64"]),
    shuffle=st.booleans(),
    validation=st.booleans(),
)
@pytest.mark.filterwarnings("ignore:`class_weight` has keys")
def test_a_plan_is_eager_to_the_last_bit(
    stack: Stack,
    case: tuple[int, Any, Any, list[Any]],
    optimizer: str,
    options: dict[str, Any],
    rows: int,
    batch: int,
    weighted: str,
    dtype: str,
    shuffle: bool,
    validation: bool,
) -> None:
    units, activation, loss, metrics = case
    rng = np.random.default_rng(rows)
    x = rng.normal(size=(rows, 2, 3))
    labels = rng.integers(0, units if activation == "softmax" or units == 3 else 2, rows)
    one_hot = np.eye(3)[labels]
    y: Any = labels if "sparse" in str(getattr(loss, "name", loss)) else one_hot
    if units < 3:
        y = labels[:, None] * np.ones((1, units))
    found = []
    for eagerly in (False, True):
        keras.utils.clear_session()
        keras.utils.set_random_seed(rows)
        keras.config.set_floatx(dtype)
        CALLS.clear()
        model = Sequential([Input((2, 3)), Probe(), *stack.layers(), Flatten(), Dense(units, activation=activation)])
        made: list[Any] = [m if isinstance(m, str) else m() for m in metrics]
        chosen = getattr(keras.optimizers, optimizer)(0.01, **options)
        model.compile(chosen, loss, metrics=made, run_eagerly=eagerly)
        CALLS.clear()
        history = model.fit(
            x,
            y,
            batch_size=batch,
            epochs=4,
            shuffle=shuffle,
            sample_weight=np.linspace(0, 2, rows) if weighted == "sample" else None,
            class_weight={0: 0.5, 1: 2.0} if weighted == "class" else None,
            validation_data=(x[:3], y[:3]) if validation else None,
            verbose=0,
        )
        state = [w.numpy() for w in model.weights], [v.numpy() for v in model.optimizer.variables]
        found.append((repr(history.history), *state, len(CALLS)))
    (history_a, weights_a, state_a, calls), (history_b, weights_b, state_b, eager_calls) = found
    assert history_a == history_b
    assert same(weights_a, weights_b)
    assert same(state_a, state_b)
    assert all(w.dtype == dtype for w in weights_a)
    steps, is_uneven = 4 * -(-rows // batch), rows > batch and rows % batch > 0
    assert eager_calls >= steps
    # The Python of the layers ran for the first batches only: two, and three of another size, which may come but once.
    assert calls <= eager_calls - (steps - 2 - 3 * is_uneven)


class Both(NamedTuple):
    """Two outputs with names."""

    once: Any
    twice: Any


class Twice(keras.Model):
    """Gives a named tuple."""

    def call(self, x: Tensor) -> Any:
        return Both(x, 2 * x)


def test_outputs_may_be_named_tuples() -> None:
    x = np.ones((40, 2), "float32")
    found: Any = Twice().predict(x, verbose=0)
    assert isinstance(found, Both)
    assert found.twice.tolist() == (2 * x).tolist()


def test_a_model_may_give_more_rows_than_it_gets() -> None:
    x = np.arange(160.0, dtype="float32").reshape(40, 4)
    model = Sequential([Input((4,)), keras.layers.Lambda(lambda x: ops.reshape(x, (-1, 2)))])
    assert model.predict(x, verbose=0).tolist() == x.reshape(80, 2).tolist()
    assert model.predict(x[:3], verbose=0).shape == (6, 2)


def test_prediction_after_training_uses_the_new_weights() -> None:
    model, twin = net(), net(run_eagerly=True)
    for _ in range(3):
        for m in (model, twin):
            m.fit(X, Y, batch_size=5, shuffle=False, verbose=0)
        np.testing.assert_array_equal(model.predict(X, verbose=0), twin.predict(X, verbose=0))
        np.testing.assert_array_equal(model(X), twin(X, training=False))
        assert model.evaluate(X, Y, verbose=0) == twin.evaluate(X, Y, verbose=0)


def test_one_number_weighs_all_rows_of_a_batch() -> None:
    model = Sequential([Input((2,)), Dense(1, kernel_initializer="ones")])
    model.compile("sgd", "mse", weighted_metrics=["mae"])
    x, y = np.ones((4, 2)), np.zeros((4, 1))
    for weight in (3, 3.0, np.float32(3), np.array(3.0)):
        assert model.test_on_batch(x, y, weight) == [12.0, 2.0]
    assert model.train_on_batch(x, y, 0.5) == [2.0, 2.0]


def test_train_on_batch_agrees_with_fit() -> None:
    a, b = net(metrics=["mae"]), net(metrics=["mae"])
    for start in range(0, 16, 4):
        rows = slice(start, start + 4)
        logs = a.train_on_batch(X[rows], Y[rows], return_dict=True)
        history = b.fit(X[rows], Y[rows], shuffle=False, verbose=0).history
        assert {name: [value] for name, value in logs.items()} == history
    assert same(a.get_weights(), b.get_weights())


def test_two_models_train_by_turns() -> None:
    a, b, eager = net(), net(), net(run_eagerly=True)
    for step in range(20):
        rows = slice(step % 4 * 4, step % 4 * 4 + 4)
        losses = {m.train_on_batch(X[rows], Y[rows]) for m in (a, b, eager)}
        assert len(losses) == 1
    assert same(a.get_weights(), eager.get_weights())


def test_a_layer_shared_by_two_models() -> None:
    found = []
    for eagerly in (False, True):
        keras.utils.set_random_seed(2)
        shared = Dense(3, activation="tanh")
        a = Sequential([Input((3,)), shared, Dense(1)])
        b = Sequential([Input((3,)), shared, Dense(3, activation="tanh"), Dense(1)])
        a.compile("adam", "mse", run_eagerly=eagerly)
        b.compile(keras.optimizers.SGD(0.1, momentum=0.9), "mae", run_eagerly=eagerly)
        losses = []
        for _ in range(3):
            losses += [m.train_on_batch(X[i : i + 4], Y[i : i + 4]) for i in range(0, 16, 4) for m in (a, b)]
            losses += [m.fit(X, Y, batch_size=4, shuffle=False, verbose=0).history["loss"] for m in (a, b)]
        assert same(a.layers[0].get_weights(), b.layers[0].get_weights())
        found.append((losses, a.get_weights() + b.get_weights()))
    assert found[0][0] == found[1][0]
    assert same(found[0][1], found[1][1])


def test_threads_evaluate_one_model_in_turn() -> None:
    x = np.arange(96.0)[:, None]
    model = keras.Sequential([Input((1,)), Dense(1, kernel_initializer="ones")])
    model.compile(loss="mse", metrics=["mae"])

    def evaluate(k: int) -> Any:
        batches = ((x[i : i + 1], x[i : i + 1] + k) for i in range(96))
        return model.evaluate(batches, verbose=0)

    with ThreadPoolExecutor(8) as pool:
        assert list(pool.map(evaluate, range(40))) == [[k * k, k] for k in range(40)]


def test_threads_evaluate_a_model_in_turn_as_soon_as_it_is_compiled() -> None:
    x = np.arange(96.0)[:, None]
    model = keras.Sequential([Input((1,)), Dense(1, kernel_initializer="ones")])
    together = threading.Barrier(4)

    def evaluate(k: int) -> Any:
        together.wait(60)
        return model.evaluate(x, x + k, batch_size=8, verbose=0)

    seldom = sys.getswitchinterval()
    with ThreadPoolExecutor(4) as pool:
        sys.setswitchinterval(1e-7)
        try:
            for _ in range(150):
                model.compile(loss="mse", metrics=["mae"])
                assert list(pool.map(evaluate, range(4))) == [[k * k, k] for k in range(4)]
        finally:
            sys.setswitchinterval(seldom)


def test_threads_that_begin_to_train_a_model_build_its_optimizer_once(four_threads: ThreadPoolExecutor) -> None:
    x, y = np.ones((4, 3)), np.ones((4, 1))

    def new() -> Any:
        model = keras.Sequential([Dense(2, kernel_initializer="ones"), Dense(1, kernel_initializer="ones")])
        model.compile("adam", "mse")
        return model

    alone = new()
    losses = [alone.train_on_batch(x, y) for _ in range(4)]
    for _ in range(60):
        model = new()
        results = four_threads.map(lambda _, now=model: now.train_on_batch(x, y), range(4))
        assert sorted(results, reverse=True) == losses
        for weight, other in zip(model.optimizer.variables, alone.optimizer.variables, strict=True):
            np.testing.assert_array_equal(weight, other)


def test_a_recorded_step_follows_weights_that_another_thread_moves_in_memory() -> None:
    x, y = np.ones((4, 3)), np.ones((4, 1))

    def trained(eagerly: bool) -> list[Any]:
        moves = 4

        @ops.custom_gradient
        def moving(x: Any) -> Any:
            def gradient(g: Any) -> Any:
                nonlocal moves
                if moves:  # the update by another optimizer, of zeros, gives the weights other arrays
                    moves -= 1
                    weights = model.trainable_variables
                    zeros = [np.zeros(w.shape) for w in weights]
                    thread = threading.Thread(target=keras.optimizers.SGD().apply, args=(zeros, weights))
                    thread.start()
                    thread.join()
                return g

            return x, gradient

        layers = [Dense(2, kernel_initializer="ones"), Dense(1, moving, kernel_initializer="ones")]
        model = keras.Sequential([keras.Input((3,)), *layers])
        model.compile(keras.optimizers.SGD(0.0), "mse", run_eagerly=eagerly)
        for _ in range(4):
            model.train_on_batch(x, y)
        model.optimizer.learning_rate = 0.01
        for _ in range(4):
            model.train_on_batch(x, y)
        return model.get_weights()

    for weight, other in zip(trained(False), trained(True), strict=True):
        np.testing.assert_allclose(weight, other, rtol=1e-6)


@pytest.mark.parametrize("eagerly", [False, True])
def test_a_step_adds_its_own_penalties_though_another_thread_predicts(
    eagerly: bool, four_threads: ThreadPoolExecutor
) -> None:
    class Penalty(keras.layers.Layer):
        def call(self, x: Any) -> Any:
            self.add_loss(ops.sum(x))
            return x

    x = np.ones((4, 3))
    for _ in range(20):
        ends: list[bool] = []
        model = keras.Sequential([Input((3,)), Penalty(), Dense(1, kernel_initializer="ones")])
        model.compile(keras.optimizers.SGD(0.0), "mse", run_eagerly=eagerly)

        def predict(model: Any = model, ends: list[bool] = ends) -> None:
            while not ends:
                model.predict(x, verbose=0)

        other = four_threads.submit(predict)
        try:
            assert [model.train_on_batch(x, np.zeros((4, 1))) for _ in range(30)] == [9 + 12] * 30
        finally:
            ends.append(True)
        other.result()


def test_a_model_is_evaluated_and_trained_in_threads_in_turn() -> None:
    x = np.arange(96.0)[:, None]
    model = keras.Sequential([Input((1,)), Dense(1, kernel_initializer="ones")])
    model.compile(keras.optimizers.SGD(0.0), "mse", metrics=["mae"])
    runs: dict[int, Callable[[Any, Any], Any]] = {
        0: lambda x, y: model.evaluate(x, y, batch_size=1, verbose=0),
        1: lambda x, y: model.evaluate(iter(zip(x[:, None], y[:, None], strict=True)), verbose=0),
        2: lambda x, y: list(model.fit(x, y, batch_size=1, verbose=0).history.values()),
        3: lambda x, y: model.train_on_batch(x, y),
        4: lambda x, y: model.test_on_batch(x, y),
    }

    def run(k: int) -> Any:
        return np.ravel(runs[k % 5](x, x + k)).tolist()

    with ThreadPoolExecutor(8) as pool:
        assert list(pool.map(run, range(40))) == [[k * k, k] for k in range(40)]


def test_a_fit_returns_its_own_history_though_another_thread_fits_meanwhile(four_threads: ThreadPoolExecutor) -> None:
    model, ended, again = net(), threading.Event(), threading.Event()

    def wait(logs: Any) -> None:
        ended.set()
        again.wait(20)

    first = four_threads.submit(model.fit, X, Y, verbose=0, callbacks=LambdaCallback(on_train_end=wait))
    ended.wait(20)
    second = model.fit(X, Y, epochs=2, verbose=0)
    again.set()
    assert [len(history.epoch) for history in (first.result(), second)] == [1, 2]


def test_two_models_train_in_two_threads() -> None:
    models = [net() for _ in range(3)]
    errors: list[BaseException] = []

    def train(model: Sequential) -> None:
        try:
            model.fit(X, Y, batch_size=4, epochs=40, shuffle=False, verbose=0)
        except BaseException as error:
            errors.append(error)

    threads = [threading.Thread(target=train, args=(model,)) for model in models[:2]]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    train(models[2])
    assert errors == []
    assert all(same(model.get_weights(), models[2].get_weights()) for model in models)


@pytest.mark.parametrize("copied", [copy.deepcopy, lambda model: pickle.loads(pickle.dumps(model))])
def test_a_copy_trains_on_by_itself(copied: Callable[[Sequential], Sequential]) -> None:
    model = net(metrics=["mae"])
    model.fit(X, Y, batch_size=4, epochs=2, verbose=0)
    twin = copied(model)
    assert same(model.get_weights(), twin.get_weights())
    histories = [m.fit(X, Y, batch_size=4, epochs=2, shuffle=False, verbose=0).history for m in (model, twin)]
    assert histories[0] == histories[1]
    assert same(model.get_weights(), twin.get_weights())
    before = model.get_weights()
    twin.fit(X, -Y, verbose=0)
    assert same(model.get_weights(), before)


# What is frozen stays, what is changed on the way counts.


def test_frozen_layers_stay() -> None:
    model = net()
    model.layers[0].trainable = False
    before = model.get_weights()
    model.fit(X, Y, batch_size=4, verbose=0)
    assert same(model.get_weights()[:2], before[:2])
    assert not same(model.get_weights()[2:], before[2:])
    model.layers[0].trainable = True
    model.compile("sgd", "mse")
    model.fit(X, Y, batch_size=4, verbose=0)
    assert not same(model.get_weights()[:2], before[:2])


def test_freezing_between_fits_needs_no_compile() -> None:
    model = net()
    model.fit(X, Y, batch_size=4, verbose=0)
    model.layers[1].trainable = False
    before = model.get_weights()
    model.fit(X, Y, batch_size=4, verbose=0)
    assert not same(model.get_weights()[:2], before[:2])
    assert same(model.get_weights()[2:], before[2:])


def test_a_layer_unfrozen_after_compile_is_named() -> None:
    model = net()
    model.layers[0].trainable = False
    model.compile("adam", "mse")
    model.fit(X, Y, verbose=0)
    model.layers[0].trainable = True
    before = model.get_weights()
    with pytest.raises(ValueError, match=r"Unknown variable: .*dense.*/kernel.*`compile\(\)`"):
        model.fit(X, Y, verbose=0)
    assert same(model.get_weights(), before)
    model.compile("adam", "mse")
    model.fit(X, Y, verbose=0)


def test_a_model_without_trainable_weights_runs() -> None:
    model = net()
    model.trainable = False
    before = model.get_weights()
    losses = model.fit(X, Y, batch_size=4, epochs=3, shuffle=False, verbose=0).history["loss"]
    assert len(set(losses)) == 1
    assert same(model.get_weights(), before)


def test_compiling_again_starts_a_new_optimizer_and_keeps_the_weights() -> None:
    model = net()
    model.fit(X, Y, verbose=0)
    before = model.get_weights()
    model.compile("sgd", "mae")
    assert same(model.get_weights(), before)
    assert model.evaluate(X, Y, verbose=0) == pytest.approx(float(np.mean(np.abs(model.predict(X, verbose=0) - Y))))
    model.fit(X, Y, verbose=0)
    assert int(model.optimizer.iterations) == 1


# Bad input: a clear error, and nothing half changed.


@pytest.mark.parametrize("method", ["train_on_batch", "test_on_batch"])
def test_errors_of_a_batch_name_the_method(method: str) -> None:
    with pytest.raises(TypeError, match=rf"^`{method}\(\)` takes the arrays of one batch"):
        getattr(net(), method)(iter([(X, Y)]))
    with pytest.raises(ValueError, match=r"^A batch needs rows"):
        getattr(net(), method)(X[:0], Y[:0])


@pytest.mark.parametrize("method", ["fit", "evaluate", "predict"])
@pytest.mark.parametrize("sizes", [(0, 4), (4, 0, 4), (4, 0)])
@pytest.mark.parametrize("kind", ["generator", "dataset"])
def test_a_batch_without_rows_has_no_loss(kind: str, sizes: tuple[int, ...], method: str) -> None:
    class Numbered(keras.utils.PyDataset):
        def __len__(self) -> int:
            return len(sizes)

        def __getitem__(self, index: int) -> Any:
            return X[: sizes[index]], Y[: sizes[index]]

    model = net()
    data = Numbered() if kind == "dataset" else (batch for batch in [(X[:n], Y[:n]) for n in sizes])
    if method == "predict":
        answers = model.predict(data, verbose=0)
        np.testing.assert_allclose(answers, np.tile(model.predict(X[:4], verbose=0), (sum(sizes) // 4, 1)), rtol=1e-6)
        return
    with pytest.raises(ValueError, match=r"^A batch needs rows\. Received: x=array\(\[\], shape=\(0, 3\)"):
        getattr(model, method)(data, verbose=0)
    assert np.isfinite(model.predict(X, verbose=0)).all()


@pytest.mark.parametrize("method", ["fit", "evaluate", "train_on_batch", "test_on_batch"])
def test_compile_comes_first(method: str) -> None:
    with pytest.raises(ValueError, match=rf"call `compile\(\)`.*{method}"):
        getattr(Sequential([Input((3,)), Dense(1)]), method)(X, Y)


def test_a_model_without_an_optimizer_is_evaluated_but_not_trained() -> None:
    model = Sequential([Input((2,)), Dense(1, kernel_initializer="ones")])
    model.compile(optimizer=None, loss="mse")
    assert model.evaluate(np.ones((4, 2)), np.ones((4, 1)), verbose=0) == 1
    with pytest.raises(AttributeError, match="without an optimizer"):
        model.fit(np.ones((4, 2)), np.ones((4, 1)), verbose=0)


NAN_LABELS = np.where(LABELS == 2, np.nan, LABELS)


@pytest.mark.parametrize(
    ("model", "data", "words"),
    [
        (net, {"x": X, "y": Y[:5]}, "x: 16; y: 5"),
        (net, {"x": X, "y": Y, "sample_weight": np.ones(3)}, "sample_weight: 3"),
        (net, {"x": X[:, :2], "y": Y}, r"have value 3, found 2. Full shape received: \(16, 2\)"),
        (net, {"x": X, "y": X}, r"`y` of shape \(16, 3\).*output 'dense_1' has shape \(16, 1\)"),
        (net, {"x": X}, "no `y` for output 'dense_1'"),
        (net, {"x": X[:0], "y": Y[:0]}, "no rows"),
        (net, {"x": iter([])}, "no rows"),
        (net, {"x": "abc", "y": Y}, "must be an array of numbers"),
        (net, {"x": X, "y": Y, "batch_size": 0}, "batch_size=0"),
        (net, {"x": X, "y": Y, "verbose": 7}, "verbose=7"),
        (net, {"x": X, "y": Y, "validation_split": 1.0}, "validation_split=1.0"),
        (net, {"x": X, "y": Y, "validation_split": 2}, "validation_split=2"),
        (net, {"x": X, "y": Y, "validation_split": -0.5}, "validation_split=-0.5"),
        (net, {"x": iter([(X, Y)]), "validation_split": 0.5}, "validation_split"),
        (net, {"x": X, "y": Y, "validation_data": (X[:, :2], Y)}, r"received: \(16, 2\)"),
        (net, {"x": X, "y": Y, "validation_freq": "often"}, "validation_freq='often'"),
        (classifier, {"x": X, "y": LABELS + 1}, "from 0 to 2. Received: targets from 1 to 3"),
        (classifier, {"x": X, "y": LABELS - 1}, "from 0 to 2. Received: targets from -1 to 1"),
        (classifier, {"x": X, "y": LABELS + 0.5}, "whole class numbers from 0 to 2. Received: .*5 among"),
        (classifier, {"x": X, "y": NAN_LABELS}, "nan among the targets"),
        (classifier, {"x": X, "y": np.array(list("abcd" * 4))}, "`y` must hold numbers"),
        (classifier, {"x": X, "y": np.eye(3)[LABELS]}, "categorical_crossentropy"),
    ],
)
@pytest.mark.parametrize("eagerly", [False, True])
def test_bad_data_is_refused(model: Callable[..., Sequential], data: dict[str, Any], words: str, eagerly: bool) -> None:
    trained, twin = model(run_eagerly=eagerly), model()
    good = LABELS if model is classifier else Y
    before = trained.get_weights()
    with pytest.raises(ValueError, match=words):
        trained.fit(**{"verbose": 0, **data})
    if "validation_data" not in data:
        assert same(trained.get_weights(), before)
        for m in (trained, twin):
            m.fit(X, good, shuffle=False, verbose=0)
        assert same(trained.get_weights(), twin.get_weights())  # the failure left nothing behind


@pytest.mark.parametrize("epochs", ["3", 2.5])
def test_epochs_are_an_integer(epochs: Any) -> None:
    with pytest.raises(TypeError, match=f"`epochs` must be an integer. Received: epochs={epochs!r}"):
        net().fit(X, Y, epochs=epochs, verbose=0)
    assert len(net().fit(X, Y, epochs=np.int64(2), verbose=0).epoch) == 2  # type: ignore[arg-type]


def test_a_single_number_is_compared_with_each_unit() -> None:
    model = Sequential([Input((1,)), Dense(3, kernel_initializer="ones", use_bias=False)])
    model.compile("sgd", loss="mse")
    assert model.evaluate(np.ones((2, 1)), np.array([3.0, 2.0]), batch_size=1, verbose=0) == (4 + 1) / 2


def test_whole_labels_may_be_floats() -> None:
    a, b = classifier(), classifier()
    histories = [m.fit(X, y, shuffle=False, verbose=0).history for m, y in ((a, LABELS), (b, LABELS.astype("float64")))]
    assert histories[0] == histories[1]


def test_a_bad_label_in_a_later_batch_leaves_the_last_whole_step() -> None:
    model, steps = classifier(), Snapshots()
    bad = np.where(np.arange(16) == 15, 7, LABELS)
    with pytest.raises(ValueError, match="to 7"):
        model.fit(X, bad, batch_size=4, shuffle=False, callbacks=[steps], verbose=0)
    assert len(steps.weights) == 3
    assert same(model.get_weights(), steps.weights[-1])
    model.fit(X, LABELS, batch_size=4, verbose=0)


@pytest.mark.parametrize(
    ("value", "error", "words"),
    [
        (lambda y_true, y_pred: None, ValueError, "None"),
        (lambda y_true, y_pred: "low", ValueError, "'low'"),
        (lambda y_true, y_pred: 3.0, ValueError, "No gradients provided.*does not depend"),
        (lambda y_true, y_pred: y_pred.numpy() - 1, ValueError, "No gradients provided.*does not depend"),
        (lambda y_true: y_true, TypeError, "argument"),
        (lambda y_true, y_pred: 1 / 0, ZeroDivisionError, "division"),
    ],
)
def test_a_loss_that_gives_no_loss(value: Any, error: type[Exception], words: str) -> None:
    model = net(value)
    before = model.get_weights()
    with pytest.raises(error, match=words):
        model.fit(X, Y, verbose=0)
    assert same(model.get_weights(), before)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ({"loss": "mse2"}, "Unknown loss: 'mse2'.*'mse'"),
        ({"optimizer": "adamm"}, "Unknown optimizer: 'adamm'"),
        ({"metrics": ["accuraci"]}, "Unknown metric: 'accuraci'"),
        ({"metrics": "mae"}, "to be a list, tuple, or dict"),
        ({"loss": "mse", "loss_weights": "big"}, "loss_weights='big'"),
        ({"loss": "mse", "loss_weights": ["mae"]}, r"loss_weights=\['mae'\]. Name the metrics"),
        ({"loss": "mse", "loss_weights": [keras.metrics.MeanSquaredError()]}, "Name the metrics"),
    ],
)
def test_a_failed_compile_changes_nothing(arguments: dict[str, Any], words: str) -> None:
    model, twin = net(), net()
    with pytest.raises(ValueError, match=words):
        model.compile(**arguments)
    histories = [m.fit(X, Y, epochs=2, shuffle=False, verbose=0).history for m in (model, twin)]
    assert histories[0] == histories[1]


def test_functions_name_metrics_in_snake_case() -> None:
    """As in Keras: `PSNR` becomes "psnr", `rootMSE` "root_mse"; an attribute `name` counts as it is."""

    def rootMSE(y_true: Tensor, y_pred: Tensor) -> Tensor:
        return ops.sqrt(ops.mean(ops.square(y_true - y_pred)))

    class PixelError:
        def __call__(self, y_true: Tensor, y_pred: Tensor) -> Tensor:
            return ops.mean(y_pred)

    class Named(PixelError):
        name = "MyName"

    model = Sequential([Input((2,)), Dense(1)])
    model.compile("sgd", "mse", metrics=[rootMSE, PixelError(), Named(), lambda y_true, y_pred: ops.mean(y_pred)])
    history = model.fit(np.ones((4, 2)), np.ones(4), verbose=0).history
    assert list(history) == ["MyName", "lambda", "loss", "pixel_error", "root_mse"]


def test_without_a_loss_there_is_nothing_to_train() -> None:
    with pytest.raises(ValueError, match="No loss to compute"):
        net(None).fit(X, Y, verbose=0)


@pytest.mark.filterwarnings("ignore:`x.* is (nan|inf)")
def test_nan_trains_on_unless_a_callback_stops_it(capsys: pytest.CaptureFixture[str]) -> None:
    x = np.where(np.arange(16)[:, None] == 9, np.nan, X)
    history = net().fit(x, Y, batch_size=4, epochs=3, shuffle=False, verbose=0).history
    assert np.isnan(history["loss"]).tolist() == [True] * 3
    stopped = Snapshots()
    net().fit(x, Y, batch_size=4, epochs=3, shuffle=False, callbacks=[TerminateOnNaN(), stopped], verbose=0)
    assert len(stopped.weights) == 3
    assert "Batch 2: Invalid loss" in capsys.readouterr().out
    infinite = np.where(np.isnan(x), np.inf, x)
    assert len(net().fit(infinite, Y, epochs=2, verbose=0).history["loss"]) == 2


def test_a_generator_that_ends_early_warns() -> None:
    def batches() -> Iterator[Any]:
        for _ in range(3):
            yield X[:4], Y[:4]

    model = net()
    with pytest.warns(UserWarning, match="ran out of data"):
        model.fit(batches(), steps_per_epoch=2, epochs=2, verbose=0)
    assert int(model.optimizer.iterations) == 3


def test_validation_on_a_generator_goes_on_where_it_stood_and_ends_with_it() -> None:
    x, y = np.arange(6.0).reshape(3, 2, 1), np.zeros((3, 2, 1))
    model = Sequential([Input((1,)), Dense(1, kernel_initializer="ones")])
    model.compile(keras.optimizers.SGD(0.0), "mse")

    def validated(batches: int) -> Any:
        data = iter([*zip(x, y, strict=True)][:batches])
        return model.fit(x[0], y[0], epochs=3, verbose=0, validation_data=data, validation_steps=1).history["val_loss"]

    np.testing.assert_allclose(validated(3), [0.5, 6.5, 20.5])
    with pytest.warns(UserWarning, match="ran out of data"):
        np.testing.assert_allclose(validated(2), [0.5, 6.5])


def test_a_generator_that_raises_keeps_the_last_whole_step() -> None:
    def batches() -> Iterator[Any]:
        for _ in range(3):
            yield X[:4], Y[:4]
        raise OSError("disk")

    model, steps = net(), Snapshots()
    with pytest.raises(OSError, match="disk"):
        model.fit(batches(), callbacks=[steps], verbose=0)
    assert len(steps.weights) == 3
    assert same(model.get_weights(), steps.weights[-1])
    model.fit(X, Y, verbose=0)


# Interrupts.


def interrupt_at(count: int, hook: str) -> Callback:
    """Return a callback that presses Ctrl-C when a hook runs for the nth time."""
    seen = []

    def run(*args: Any, **kwargs: Any) -> None:
        seen.append(1)
        if len(seen) == count:
            signal.raise_signal(signal.SIGINT)

    return LambdaCallback(**{hook: run})


@pytest.mark.parametrize(
    ("count", "hook", "steps"), [(6, "on_train_batch_end", 6), (6, "on_train_batch_begin", 5), (2, "on_epoch_end", 8)]
)
def test_an_interrupt_leaves_the_last_whole_step(
    count: int, hook: str, steps: int, capsys: pytest.CaptureFixture[str]
) -> None:
    model, seen = net(), Snapshots()
    with pytest.raises(KeyboardInterrupt):
        model.fit(X, Y, batch_size=4, epochs=9, callbacks=[seen, interrupt_at(count, hook)])
    assert len(seen.weights) == steps
    assert same(model.get_weights(), seen.weights[-1])
    assert capsys.readouterr().out.endswith("\n")
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler
    twin = net()
    twin.set_weights(model.get_weights())
    assert model.predict(X, verbose=0).tolist() == twin.predict(X, verbose=0).tolist()
    model.fit(X, Y, batch_size=4, verbose=0)
    assert int(model.optimizer.iterations) == steps + 4


class Struck(Layer):
    """Presses Ctrl-C within its nth call; it looks at values, so that it is never replayed."""

    left = 0

    def call(self, x: Tensor) -> Tensor:
        Struck.left -= 1
        if Struck.left == 0 and float(ops.max(x)) > -np.inf:
            signal.raise_signal(signal.SIGINT)
        return x if float(ops.max(x)) < np.inf else -x


def struck_net() -> Sequential:
    keras.utils.set_random_seed(1)
    model = Sequential([Input((3,)), Struck(), Dense(4, activation="tanh"), Dense(1)])
    model.compile(keras.optimizers.Adam(0.05), "mse")
    return model


def test_an_interrupt_within_a_step_waits_for_its_end() -> None:
    model, twin = struck_net(), net()
    Struck.left = 3
    with pytest.raises(KeyboardInterrupt):
        model.fit(X, Y, batch_size=4, epochs=9, shuffle=False, verbose=0)
    assert int(model.optimizer.iterations) == 3
    twin.fit(X[:12], Y[:12], batch_size=4, shuffle=False, verbose=0)
    assert same(model.get_weights(), twin.get_weights())
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler


def test_an_interrupt_within_a_fit_in_a_callback() -> None:
    inner, twin, outer = struck_net(), net(), net()
    Struck.left = 3
    again = LambdaCallback(
        on_epoch_end=lambda epoch, logs: inner.fit(X, Y, batch_size=4, shuffle=False, verbose=0) and None
    )
    with pytest.raises(KeyboardInterrupt):
        outer.fit(X, Y, callbacks=[again], verbose=0)
    assert int(inner.optimizer.iterations) == 3
    twin.fit(X[:12], Y[:12], batch_size=4, shuffle=False, verbose=0)
    assert same(inner.get_weights(), twin.get_weights())
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler


def test_an_interrupt_from_outside_at_any_time() -> None:
    for delay in (0.0, 0.02, 0.033, 0.05):
        model, twin = net(), net()
        for m in (model, twin):  # no step may be done in time
            m.optimizer.build(m.trainable_variables)
        timer = threading.Timer(delay, _thread.interrupt_main)
        start = LambdaCallback(on_train_begin=lambda logs, timer=timer: timer.start())
        with pytest.raises(KeyboardInterrupt):
            model.fit(X, Y, batch_size=4, epochs=10**6, shuffle=False, callbacks=[start], verbose=0)
        timer.join()
        for step in range(int(model.optimizer.iterations)):
            rows = slice(step % 4 * 4, step % 4 * 4 + 4)
            twin.train_on_batch(X[rows], Y[rows])
        assert same(model.get_weights(), twin.get_weights())
        assert same([v.numpy() for v in model.optimizer.variables], [v.numpy() for v in twin.optimizer.variables])


def test_a_callback_that_raises(capsys: pytest.CaptureFixture[str]) -> None:
    def fail(batch: int, logs: Any) -> None:
        if batch == 2:
            raise LookupError("mine")

    model, steps = net(), Snapshots()
    with pytest.raises(LookupError, match="mine"):
        model.fit(X, Y, batch_size=4, callbacks=[steps, LambdaCallback(on_train_batch_end=fail)])
    assert len(steps.weights) == 3
    assert same(model.get_weights(), steps.weights[-1])
    text = capsys.readouterr().out
    assert text == "" or text.endswith("\n")
    model.fit(X, Y, verbose=0)


# Memory.


@pytest.mark.parametrize("eagerly", [False, True])
def test_training_on_allocates_nothing_that_stays(eagerly: bool) -> None:
    x, y = np.ones((300, 3), "float32"), np.ones((300, 1), "float32")
    model = net(metrics=["mae"], run_eagerly=eagerly)
    for _ in range(4):  # until what is remembered of a step is full
        model.fit(x, y, batch_size=1, verbose=0)
    # Python's type cache would hold the names of some attributes, drawn by their addresses, in thousands of steps.
    clear = getattr(sys, "_clear_internal_caches", None) or sys._clear_type_cache
    held = []
    tracemalloc.start()
    try:
        for _ in range(5):
            model.fit(x, y, batch_size=1, verbose=0)
            gc.collect()
            clear()
            held.append(tracemalloc.get_traced_memory()[0])
    finally:
        tracemalloc.stop()
    assert max(np.diff(held)) < 300 * 8  # less than a word a step


def test_the_data_is_not_copied() -> None:
    x, y = np.ones((100_000, 32), "float32"), np.ones((100_000, 1), "float32")
    model = Sequential([Input((32,)), Dense(1)])
    model.compile("sgd", "mse")
    tracemalloc.start()
    try:
        model.fit(x, y, batch_size=1000, epochs=2, validation_split=0.2, verbose=0)
        model.evaluate(x, y, batch_size=1000, verbose=0)
        model.predict(x, batch_size=1000, verbose=0)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert peak < x.nbytes / 4


def test_evaluation_does_not_depend_on_the_batches_where_it_need_not() -> None:
    x, y = np.random.default_rng(0).normal(size=(70, 3)).astype("float32"), np.arange(70) % 4
    model = Sequential([Input((3,)), Dense(4, "softmax")])
    for ignored, same_loss in ((None, True), (1, False)):
        model.compile("sgd", keras.losses.SparseCategoricalCrossentropy(ignore_class=ignored), metrics=["accuracy"])
        model.evaluate(x, y, verbose=0)
        small, large = (model.evaluate(x, y, batch_size=n, verbose=0, return_dict=True) for n in (16, 70))
        assert small["accuracy"] == pytest.approx(large["accuracy"], abs=1e-6)
        assert (small["loss"] == pytest.approx(large["loss"], rel=1e-6)) is same_loss


@pytest.mark.parametrize("first", [
    lambda x: keras.layers.Embedding(5, 4, mask_zero=True)(x), lambda x: keras.layers.Embedding(5, 4)(x),
    lambda x: keras.layers.Masking()(keras.ops.one_hot(x, 5) * keras.ops.cast(x > 0, "float32")[..., None]),
], ids=["mask_zero", "no mask", "Masking"])  # fmt: skip
def test_batches_are_evaluated_together_unless_they_have_masks(first: Any, request: pytest.FixtureRequest) -> None:
    """A loss with a mask is the mean over what counts in a batch, which is not that over all rows."""
    rng = np.random.default_rng(0)
    x, y = rng.integers(0, 5, (64, 6)), rng.integers(0, 2, (64, 6))
    h = first(tokens := Input((6,), dtype="int32"))
    merged = keras.layers.Add()([Dense(4)(h), keras.layers.Concatenate()([Dense(2)(h), Dense(2, "tanh")(h)])])
    model = keras.Model(tokens, Dense(2, "softmax")(merged))
    model.compile("sgd", "sparse_categorical_crossentropy")
    alone = np.mean([model.evaluate(x[k : k + 8], y[k : k + 8], verbose=0) for k in range(0, 64, 8)])
    for _ in range(3):
        assert model.evaluate(x, y, batch_size=8, verbose=0) == pytest.approx(alone, rel=1e-5)
    together = any(rows > 8 for (_, ((rows, *_), _), *_) in model._jits["test"]._programs)
    assert together is (request.node.callspec.id == "no mask")


@pytest.mark.parametrize(
    "options",
    [{"use_ema": True}, {"use_ema": True, "ema_overwrite_frequency": 1}, {"gradient_accumulation_steps": 2},
     {"loss_scale_factor": 8.0}, {"weight_decay": 0.1}, {"clipnorm": 0.1}],
    ids=str,
)  # fmt: skip
@pytest.mark.parametrize("name", ["SGD", "Adam", "LossScaleOptimizer"])
def test_nothing_changes_before_the_first_step_is_done(name: str, options: dict[str, Any]) -> None:
    class Stop(keras.callbacks.Callback):
        def on_train_batch_begin(self, batch: int, logs: Any = None) -> None:
            raise KeyboardInterrupt

    inner = keras.optimizers.get("Adam" if name == "LossScaleOptimizer" else name)
    optimizer = type(inner)(**options)
    x, y = np.ones((4, 2)), np.ones((4, 1))
    model = Sequential([Input((2,)), Dense(1)])
    model.compile(keras.optimizers.LossScaleOptimizer(optimizer) if name == "LossScaleOptimizer" else optimizer, "mse")
    before = model.get_weights()
    wrong: list[tuple[type[BaseException], dict[str, Any]]] = [
        (ValueError, {"y": np.ones((4, 3))}), (KeyboardInterrupt, {"callbacks": [Stop()]})
    ]  # fmt: skip
    for error, arguments in wrong:
        with pytest.raises(error):
            model.fit(**{"x": x, "y": y, "verbose": 0, **arguments})
        np.testing.assert_equal(model.get_weights(), before)
    unusable: list[dict[str, Any]] = [{"metrics": [5]}, {"loss": 5}]
    for arguments in unusable:
        with pytest.raises(ValueError, match=r"Received|Could not interpret"):
            model.compile(optimizer, **{"loss": "mse", **arguments})
    np.testing.assert_equal(model.get_weights(), before)


def test_validation_data_without_rows_is_left_out() -> None:
    model = Sequential([Input((2,)), Dense(1)])
    model.compile("sgd", "mse")
    with pytest.warns(UserWarning, match="ran out of data") as caught:
        history = model.fit(
            np.ones((4, 2)), np.ones((4, 1)), epochs=2, validation_data=(np.ones((0, 2)), np.ones((0, 1))), verbose=0
        ).history
    assert (list(history), len(history["loss"])) == (["loss"], 2)
    assert caught[0].filename == __file__


def test_the_first_of_several_inputs_may_be_none() -> None:
    inputs = [keras.Input((2,), optional=True), keras.Input((2,))]

    class Second(keras.Layer):
        def call(self, a: Any, b: Any) -> Any:
            return b if a is None else a + b

    model = keras.Model(inputs, keras.layers.Dense(1)(Second()(*inputs)))
    model.compile("sgd", "mse")
    x = np.ones((8, 2))
    assert np.isfinite(model.fit([None, x], x[:, :1], verbose=0).history["loss"][0])


def test_an_interrupt_in_the_last_moment_of_an_epoch_is_raised(monkeypatch: pytest.MonkeyPatch) -> None:
    model = keras.Sequential([keras.Input((2,)), keras.layers.Dense(1)])
    model.compile("sgd", "mse")
    values = vars(Logs)["given"].func

    def interrupted(logs: Logs) -> Any:
        signal.raise_signal(signal.SIGINT)
        return values(logs)

    x = np.ones((8, 2))
    for run in (model.fit, model.evaluate):
        run(x, x[:, :1], verbose=0)
        with monkeypatch.context() as patch:
            patch.setattr(vars(Logs)["given"], "func", interrupted)
            with pytest.raises(KeyboardInterrupt):
                run(x, x[:, :1], verbose=0)


class Sums(Layer):
    """The sum of the nodes of each of two graphs."""

    def call(self, inputs: Any) -> Any:
        CALLS.append("sums")
        nodes, graphs = inputs
        return ops.segment_sum(nodes, graphs, num_segments=2)


GRAPHS: list[Any] = [
    ((np.array([[1.0], [10.0]] * 2, "float32"), np.array([0, 0, 1, 1])), np.full((2, 1), 21.0)),
    ((np.array([[1.0], [5.0], [5.0]] * 2, "float32"), np.array([0, 0, 0, 1, 1, 1])), np.full((2, 1), 21.0)),
]


class Graphs(keras.utils.PyDataset):
    def __len__(self) -> int:
        return len(GRAPHS)

    def __getitem__(self, index: int) -> Any:
        return GRAPHS[index]


def sums_model(**options: Any) -> keras.Model:
    inputs = [Input((1,)), Input((), dtype="int32")]
    model = keras.Model(inputs, Dense(1, kernel_initializer="ones")(Sums()(inputs)))
    model.compile(keras.optimizers.SGD(1e-3), "mse", metrics=["mae"], **options)
    return model


def test_a_batch_may_be_graphs_with_any_number_of_nodes() -> None:
    model = sums_model()
    x, y = GRAPHS[0]
    assert model.evaluate(Graphs(), verbose=0) == [100.0, 10.0]
    assert model.evaluate(iter(GRAPHS), verbose=0) == [100.0, 10.0]
    assert model.test_on_batch(x, y) == [100.0, 10.0]
    assert model.predict_on_batch(x).tolist() == [[11.0], [11.0]]
    assert model.predict(Graphs(), verbose=0).tolist() == [[11.0]] * 4
    assert model.train_on_batch(x, y) == [100.0, 10.0]
    losses = model.fit(Graphs(), epochs=2, verbose=0, shuffle=False, class_weight={21: 2.0}).history["loss"]
    assert losses[1] < losses[0] < 200
    with pytest.raises(ValueError, match="must have the shape of their output"):
        model.train_on_batch(x, y[:1])
    with pytest.raises(ValueError, match="same number of rows"):
        model.fit(x, y, verbose=0)


def test_steps_with_segments_that_are_inputs_are_replayed() -> None:
    losses = []
    for eager in (True, False):
        model = sums_model(run_eagerly=eager)
        CALLS.clear()
        losses.append(model.fit(Graphs(), epochs=20, verbose=0, shuffle=False).history["loss"])
    assert len(CALLS) < 20  # of 40 steps
    np.testing.assert_allclose(losses[0], losses[1], rtol=1e-5)
