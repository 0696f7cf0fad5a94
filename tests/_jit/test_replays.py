"""A replayed step does what an eager one does, whatever is set, replaced or written to between the steps."""

import functools
import threading
from collections.abc import Callable, Iterator
from contextlib import nullcontext
from typing import Any

import numpy as np
import pytest

import minikeras as keras
from minikeras import layers, losses, ops, optimizers
from minikeras._base.typing import Array
from minikeras._jit import jit
from minikeras._jit.jit import key_of
from minikeras._jit.trace import trace
from minikeras._trainers.batches import Batches

WIDTH, ROWS = 4, 320


@pytest.fixture
def data() -> tuple[Array, Array]:
    rng = np.random.default_rng(0)
    x = rng.standard_normal((ROWS, WIDTH), np.float32)
    return x, x.sum(1, keepdims=True)


@pytest.fixture
def records(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Return a list that gets an item for each run that is recorded."""
    runs: list[int] = []

    def counted(*args: Any) -> Any:
        runs.append(1)
        return trace(*args)

    monkeypatch.setattr("minikeras._jit.jit.trace", counted)
    return runs


def eager_and_replayed(run: Callable[[bool], Any]) -> tuple[Any, Any]:
    """Return what a function returns that takes `run_eagerly`, with the same seed."""
    results = []
    for eager in (True, False):
        keras.utils.set_random_seed(0)
        results.append(run(eager))
    return results[0], results[1]


class Counting:
    """A function of the user's that does something else at each call."""

    def __init__(self) -> None:
        self.calls = 0

    def __call__(self, x: Any) -> Any:
        self.calls += 1
        return x * (1.0 + self.calls)


class PlainCell:
    """A cell that is no layer."""

    state_size = output_size = WIDTH

    def __init__(self, function: Counting) -> None:
        self.function = function

    def call(self, x: Any, states: Any) -> Any:
        h = self.function(x)
        return h, [h]


def of_cell(function: Counting) -> keras.Model:
    recurrent = layers.RNN(PlainCell(function))
    return keras.Sequential([keras.Input((WIDTH,)), layers.Reshape((1, WIDTH)), recurrent, layers.Dense(1)])


def of_map(function: Counting) -> keras.Model:
    x = keras.Input((WIDTH,))
    return keras.Model(x, layers.Dense(1)(ops.map(function, x)))


def of_wrapped(function: Counting) -> keras.Model:
    relu = functools.wraps(keras.activations.relu)(lambda x: function(x))
    return keras.Sequential([keras.Input((WIDTH,)), layers.Dense(3, relu), layers.Dense(1)])


@pytest.mark.parametrize("make", [of_cell, of_map, of_wrapped])
def test_code_of_the_users_runs_at_each_step(make: Callable[[Counting], keras.Model], data: Any) -> None:
    x, y = data

    def run(eager: bool) -> tuple[int, Array]:
        function = Counting()
        model = make(function)
        function.calls = 0
        model.compile(optimizers.SGD(1e-6), "mse", run_eagerly=eager)
        model.fit(x, y, shuffle=False, verbose=0)
        return function.calls, model.get_weights()[0]

    (calls, weights), (replayed_calls, replayed_weights) = eager_and_replayed(run)
    assert calls == replayed_calls >= ROWS // 32
    np.testing.assert_array_equal(weights, replayed_weights)


def test_methods_that_are_set_on_objects_run_at_each_step(data: Any) -> None:
    x, y = data

    def run(eager: bool) -> tuple[int, int, int]:
        of_loss, of_metric, of_update = Counting(), Counting(), Counting()
        loss, metric, optimizer = losses.MeanSquaredError(), keras.metrics.MeanSquaredError(), optimizers.SGD(1e-6)
        apply, update = optimizer.apply, metric.update_state
        setattr(loss, "call", lambda y, p: ops.mean(of_loss(y - p) ** 2, -1))  # noqa: B010 - types forbid it
        setattr(metric, "update_state", lambda *a, **k: update(of_metric(a[0]), a[1]))  # noqa: B010
        setattr(optimizer, "apply", lambda g, v=None: apply([of_update(a) for a in g], v))  # noqa: B010
        model = keras.Sequential([keras.Input((WIDTH,)), layers.Dense(1)])
        model.compile(optimizer, loss, metrics=[metric], run_eagerly=eager)
        model.fit(x, y, shuffle=False, verbose=0)
        return of_loss.calls, of_metric.calls, of_update.calls

    eager, replayed = eager_and_replayed(run)
    assert eager == replayed == (10, 10, 20)


@pytest.mark.parametrize("name", ["loss_scale_factor", "constraint", "regularizer"])
def test_what_is_set_between_epochs_holds_from_then_on(name: str, data: Any) -> None:
    x, y = data

    def run(eager: bool) -> list[Array]:
        model = keras.Sequential([keras.Input((WIDTH,)), layers.Dense(3), layers.Dense(1)])
        model.compile(optimizers.SGD(0.01), "mse", run_eagerly=eager)

        def change(epoch: int, logs: Any) -> None:
            kernel = model.trainable_weights[0]
            if name == "loss_scale_factor":
                model.optimizer.loss_scale_factor = 1024.0
            elif name == "constraint":
                kernel.constraint = keras.constraints.MaxNorm(0.1)
            else:
                kernel.regularizer = keras.regularizers.L2(5.0)

        callback = keras.callbacks.LambdaCallback(on_epoch_end=change)
        model.fit(x, y, epochs=3, shuffle=False, verbose=0, callbacks=[callback])
        return model.get_weights()

    for eager, replayed in zip(*eager_and_replayed(run), strict=True):
        np.testing.assert_allclose(replayed, eager, rtol=1e-5, atol=1e-7)


class Weighted(keras.Loss):
    """The square error times a factor, which may change."""

    factor = 1.0

    def call(self, y_true: Any, y_pred: Any) -> Any:
        return self.factor * ops.mean(ops.square(y_true - y_pred), -1)


class ByHand(keras.Sequential):
    """Descends by itself, at the rate of its optimizer."""

    def train_step(self, data: Any) -> dict[str, Any]:
        x, y = data
        with keras.GradientTape() as tape:
            loss = self.compute_loss(x, y, self(x, training=True))
        gradients: Any = tape.gradient(loss, self.trainable_weights)
        for w, g in zip(self.trainable_weights, gradients, strict=True):
            w.assign_sub(self.optimizer.learning_rate * g)
        return {"loss": loss}


@pytest.mark.parametrize("name", ["factor", "reduction", "learning_rate"])
def test_what_is_set_on_a_loss_or_read_by_a_step_holds_from_then_on(name: str, data: Any) -> None:
    x, y = data

    def run(eager: bool) -> list[Array]:
        model = ByHand([keras.Input((WIDTH,)), layers.Dense(1)])
        model.compile(optimizers.SGD(0.01), Weighted(), run_eagerly=eager)
        model.fit(x, y, epochs=2, shuffle=False, verbose=0)
        if name == "learning_rate":
            model.optimizer.learning_rate = optimizers.schedules.ExponentialDecay(1e-4, 10, 0.5)
        else:
            setattr(model.loss, name, {"factor": 0.01, "reduction": "sum"}[name])
        model.fit(x, y, shuffle=False, verbose=0)
        return model.get_weights()

    for eager, replayed in zip(*eager_and_replayed(run), strict=True):
        np.testing.assert_array_equal(replayed, eager)


class Counted(keras.Sequential):
    """Counts the steps that Python runs. Each of them makes its loss."""

    runs = 0

    def compute_loss(self, x: Any = None, y: Any = None, y_pred: Any = None, *args: Any, **options: Any) -> Any:
        Counted.runs += 1
        return Scaled()(y, y_pred)


class Scaled(Weighted):
    """Has its own factor."""

    def __init__(self) -> None:
        super().__init__()
        self.factor = 2.0


@pytest.mark.parametrize("name", [None, "weight_decay", "clipnorm", "ema_momentum"])
def test_a_loss_made_in_a_step_and_options_set_before_it_leave_it_recorded(name: str | None, data: Any) -> None:
    x, y = data
    model = Counted([keras.Input((WIDTH,)), layers.Dense(1)])
    model.compile(optimizers.SGD(0.01, weight_decay=0.1, clipnorm=1.0, use_ema=True))

    def change(batch: int, logs: Any = None) -> None:
        if name:
            setattr(model.optimizer, name, 0.1 + batch / 100)

    callback = keras.callbacks.LambdaCallback(on_train_batch_begin=change)
    model.fit(x, y, epochs=2, verbose=0, callbacks=[callback])
    before = Counted.runs
    model.fit(x, y, epochs=2, verbose=0, callbacks=[callback])
    assert Counted.runs == before


class Scale(layers.Layer):
    """A weight that its gradient replaces."""

    def build(self, shape: Any) -> None:
        self.w = self.add_weight(shape=(WIDTH,), initializer="ones")
        self.w.overwrite_with_gradient = True

    def call(self, x: Any) -> Any:
        return x * self.w


@pytest.mark.parametrize("scaled", [True, False])
def test_what_an_update_replaces_is_seen_in_long_runs_of_steps(scaled: bool) -> None:
    rng = np.random.default_rng(0)
    x = rng.standard_normal((16 * 1200, WIDTH), np.float32) * np.float32(0.3)
    y = rng.standard_normal((len(x), 1), np.float32)

    def run(eager: bool) -> list[Array]:
        first = [] if scaled else [Scale()]
        model = keras.Sequential([keras.Input((WIDTH,)), *first, layers.Dense(3, "tanh"), layers.Dense(1)])
        inner = optimizers.SGD(0.01)
        optimizer = optimizers.LossScaleOptimizer(inner, dynamic_growth_steps=100) if scaled else inner
        model.compile(optimizer, "mse", run_eagerly=eager)
        model.fit(x, y, batch_size=16, shuffle=False, verbose=0)
        return model.get_weights()

    for eager, replayed in zip(*eager_and_replayed(run), strict=True):
        np.testing.assert_allclose(replayed, eager, rtol=1e-4, atol=1e-6)


class Reporting(keras.Model):
    """Tells what it saw, and what a weight is after the update."""

    def __init__(self) -> None:
        super().__init__()
        self.scale, self.dense = Scale(), layers.Dense(1)

    def call(self, x: Any) -> Any:
        return self.dense(self.scale(x))

    def train_step(self, data: Any) -> dict[str, Any]:
        x, y = data
        with keras.GradientTape() as tape:
            loss = ops.mean((self(x, training=True) - y) ** 2)
        gradients = tape.gradient(loss, self.trainable_weights)
        self.optimizer.apply(gradients, self.trainable_weights)
        return {"loss": loss, "size": ops.mean(x * x), "scale": ops.sum(self.scale.w)}


class Stepping(Reporting):
    """Does what a function says with the gradients of two losses."""

    def __init__(self, update: Callable[..., dict[str, Any]]) -> None:
        super().__init__()
        self.update = update
        self.seen = self.add_weight((ROWS // 10, 1), "zeros", trainable=False)

    def train_step(self, data: Any) -> dict[str, Any]:
        x, y = data
        with keras.GradientTape(persistent=True) as tape:
            error = self(x, training=True) - y
            losses = ops.mean(error**2), ops.mean(ops.exp(error))
        weights = self.dense.trainable_weights
        return self.update(self, error, [tape.gradient(loss, weights) for loss in losses], weights)


def two_updates(model: Any, error: Any, gradients: Any, weights: Any) -> dict[str, Any]:
    for each in gradients:
        model.optimizer.apply(each, weights)
    return {"loss": ops.mean(error)}


def logs_from_the_forward_pass(model: Any, error: Any, gradients: Any, weights: Any) -> dict[str, Any]:
    model.optimizer.apply(gradients[0], weights)
    return {"size": ops.mean(ops.tanh(error))}


def an_output_beside_what_is_assigned(model: Any, error: Any, gradients: Any, weights: Any) -> dict[str, Any]:
    model.optimizer.apply(gradients[0], weights)
    size = ops.abs(error)
    shares = error / size
    model.seen.assign(size)
    return {"shares": shares, "seen": ops.mean(model.seen)}


def rows_and_elements(model: Any, error: Any, gradients: Any, weights: Any) -> dict[str, Any]:
    model.optimizer.apply(gradients[0], weights)
    kernel = weights[0]
    return {"rows": ops.sum(kernel[[0, 0]]), "element": ops.sum(kernel[0, 0]), "row": ops.sum(kernel[1]),
            "all": ops.sum(kernel[True])}  # fmt: skip


STEPS = [two_updates, logs_from_the_forward_pass, an_output_beside_what_is_assigned, rows_and_elements]


@pytest.mark.parametrize("update", STEPS)
def test_a_step_of_your_own_reports_and_does_what_it_does_eagerly(update: Any, data: Any) -> None:
    def run(eager: bool) -> Any:
        model = Stepping(update)
        model.compile(optimizers.Adam(0.1), run_eagerly=eager)
        logs = model.fit(data[0][:32], data[1][:32], batch_size=32, epochs=5, verbose=1).history
        return [*map(np.asarray, logs.values()), *model.get_weights()]

    for eager, replayed in zip(*eager_and_replayed(run), strict=True):
        np.testing.assert_array_equal(replayed, eager)


def test_logs_are_of_the_variables_as_they_were(data: Any) -> None:
    def rate(model: Any, error: Any, gradients: Any, weights: Any) -> dict[str, Any]:
        model.optimizer.apply(gradients[0], weights)
        return {"rate": model.optimizer.learning_rate}

    def run(eager: bool) -> Any:
        model = Stepping(rate)
        model.compile(optimizers.SGD(0.5), run_eagerly=eager)

        def fall(batch: int, logs: Any) -> None:
            model.optimizer.learning_rate = 0.5 / (batch + 2)

        callback = keras.callbacks.LambdaCallback(on_train_batch_end=fall)
        return model.fit(data[0], data[1], batch_size=32, callbacks=[callback], verbose=0).history["rate"]

    eager, replayed = eager_and_replayed(run)
    assert replayed == eager == pytest.approx([0.05])


def test_a_weight_that_its_gradient_replaces_is_replaced_after_an_option_has_changed(data: Any) -> None:
    def run(eager: bool) -> Any:
        model = keras.Sequential([keras.Input((WIDTH,)), Scale(), layers.Dense(1)])
        model.compile(optimizers.SGD(0.01), "mse", run_eagerly=eager)
        option = keras.callbacks.LambdaCallback(
            on_epoch_begin=lambda epoch, logs: setattr(model.optimizer, "clipvalue", 1.0 / (epoch + 1)))  # fmt: skip
        model.fit(data[0], data[1], epochs=3, callbacks=[option], verbose=0)
        return model.get_weights()

    for eager, replayed in zip(*eager_and_replayed(run), strict=True):
        np.testing.assert_array_equal(replayed, eager)


@pytest.mark.parametrize("name", ["RandomFlip", "RandomRotation", "RandomTranslation", "RandomZoom"])
def test_images_are_augmented_anew_in_each_recorded_step(name: str, records: list[int]) -> None:
    rng = np.random.default_rng(0)
    images, labels = rng.random((48, 6, 5, 2), "float32"), rng.random((48, 1), "float32")
    factors: dict[str, Any] = {"RandomFlip": (), "RandomTranslation": (0.2, (0.1, 0.3))}

    def run(eager: bool) -> list[Array]:
        augment = getattr(layers, name)(*factors.get(name, (0.2,)), seed=1)
        model = keras.Sequential([keras.Input((6, 5, 2)), augment, layers.Flatten(), layers.Dense(1)])
        model.compile("sgd", "mse", run_eagerly=eager)
        model.fit(images, labels, batch_size=8, epochs=5, verbose=0)
        return model.get_weights()

    for expected, found in zip(*eager_and_replayed(run), strict=True):
        np.testing.assert_array_equal(found, expected)
    assert 0 < len(records) < 6  # of 30 steps


@pytest.mark.parametrize("nested", [False, True])
@pytest.mark.parametrize("predicts_first", [False, True])
def test_a_model_flips_images_in_a_plain_call_alone_where_its_predictions_are_replayed(
    nested: bool, predicts_first: bool
) -> None:
    x = np.random.default_rng(0).random((1, 4, 4, 1), "float32")
    flips: Any = keras.Sequential([layers.RandomFlip(seed=1)]) if nested else layers.RandomFlip(seed=1)
    model = keras.Sequential([keras.Input((4, 4, 1)), flips])
    for predicts in (predicts_first, not predicts_first) * 2:
        found = {(model.predict(x, verbose=0) if predicts else model(x).numpy()).tobytes() for _ in range(20)}
        assert found == {x.tobytes()} if predicts else len(found) > 1
    assert model._forward_jit.find(key_of(x)) is not None
    assert np.array_equal(model(x, training=False), x)


def test_logs_are_of_the_arrays_as_they_were(data: Any) -> None:
    def batches() -> Iterator[tuple[Array, Array]]:
        x = np.empty((32, WIDTH), np.float32)
        for rows, targets in zip(np.split(data[0], 10), np.split(data[1], 10), strict=True):
            x[...] = rows
            yield x, targets
            x[...] = 0

    def run(eager: bool) -> dict[str, Any]:
        model = Reporting()
        model.compile(optimizers.SGD(0.01), run_eagerly=eager)
        return dict(model.fit(batches(), verbose=0).history)

    eager, replayed = eager_and_replayed(run)
    assert replayed["size"] == [pytest.approx(float(np.mean(data[0][-32:] ** 2)), rel=1e-5)]
    for name, values in eager.items():
        np.testing.assert_allclose(replayed[name], values, rtol=1e-5)


def test_what_is_assigned_in_half_precision_is_not_rounded_to_it() -> None:
    class Assigning(layers.Layer):
        def build(self, shape: Any) -> None:
            self.held = self.add_weight(shape=(2,), trainable=False)

        def call(self, x: Any) -> Any:
            self.held.assign([0.1, 100_000.0])
            return x

    layer = Assigning(dtype="mixed_float16")
    layer(np.ones((1, 2)))
    np.testing.assert_array_equal(layer.held.numpy(), np.array([0.1, 100_000.0], np.float32))


def test_layers_that_are_freed_again_are_trained(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(jit, "WARMUP_STEPS", 100)
    rng = np.random.default_rng(0)
    x = rng.normal(size=(1280, 200)).astype("float32")
    hidden = [layers.Dense(200, activation="tanh") for _ in range(30)]
    model = keras.Sequential([keras.Input((200,)), *hidden, layers.Dense(1)])
    model.compile(optimizers.SGD(0.01), "mse")
    model.optimizer.build(model.trainable_variables)
    for trainable, epochs in ((False, 2), (True, 3), (True, 2)):  # at last in runs of steps
        for layer in hidden:
            if layer.trainable != trainable:
                layer.trainable = trainable
        before = hidden[0].kernel.numpy()
        model.fit(x, x[:, :1], epochs=epochs, verbose=0)
        assert np.array_equal(hidden[0].kernel, before) != trainable


def test_strides_of_the_first_input_say_nothing_of_later_ones() -> None:
    x = np.arange(18, dtype="float32").reshape(2, 3, 3)
    windows = np.lib.stride_tricks.sliding_window_view(np.arange(25, dtype="float32").reshape(5, 5), (3, 3))
    for odd in (np.broadcast_to(np.float32(0), (2, 3, 3)), windows[0, :2]):
        model = keras.Sequential([keras.Input((3, 3)), layers.Permute((2, 1))])
        calls: list[Callable[[Any], Any]] = [model, lambda x, model=model: model.predict(x, verbose=0)]  # type: ignore[misc]
        for call in calls:
            call(odd)
            np.testing.assert_array_equal(call(x), x.transpose(0, 2, 1))


def test_a_model_may_be_called_on_an_array_in_the_other_order_of_bytes() -> None:
    x = np.arange(24, dtype=np.float32).reshape(2, 4, 3)
    for layer in (layers.LSTM(2), layers.Permute((2, 1))):
        model = keras.Sequential([keras.Input((4, 3)), layer])
        for _ in range(3):
            y = np.asarray(model(x.astype(x.dtype.newbyteorder())))
            assert y.dtype.isnative
            np.testing.assert_allclose(y, model(x), rtol=1e-6)


def test_a_first_call_too_large_for_a_program_keeps_the_mask(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("minikeras._trainers.trainer.PROGRAM_BYTES", 1)
    words = np.array([[1, 2, 0], [3, 0, 0]])
    model = keras.Sequential([keras.Input((3,)), layers.Embedding(4, 5, mask_zero=True), layers.Dense(2)])
    for _ in range(3):
        y: Any = model(words)
        assert model._forward_jit.find(key_of(words)) is None
        assert y.keras_mask.numpy().tolist() == [[True, True, False], [True, False, False]]
        np.testing.assert_allclose(layers.GlobalAveragePooling1D()(y)[1], y[1, 0], rtol=1e-6)


def test_another_generator_of_random_numbers_may_be_the_global_one(data: tuple[Array, Array]) -> None:
    model = keras.Sequential([layers.Dense(1)])
    model.compile("sgd", "mse")
    random: Any = np.random  # of which NumPy's stubs do not name these two
    before = random.get_bit_generator()
    try:
        random.set_bit_generator(np.random.PCG64(1))
        assert len(model.fit(*data, epochs=3, verbose=0).history["loss"]) == 3
    finally:
        random.set_bit_generator(before)


def test_many_shapes_keep_their_programs() -> None:
    model = keras.Sequential([keras.Input((2,)), layers.Dense(3)])
    batches = [np.ones((n, 2), "float32") for n in range(1, 31)]
    for _ in range(2):
        for x in batches:
            assert model.predict(x, verbose=0).shape == (len(x), 3)
    assert all(model._forward_jit.find(key_of(x)) is not None for x in batches)


@pytest.mark.parametrize("form", [list, tuple, dict])
def test_rows_of_several_inputs_and_of_lists_are_predicted_at_once(form: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    a, b = keras.Input((3,), name="a"), keras.Input((3,), name="b")
    y = layers.BatchNormalization()(layers.Dense(2, "tanh")(layers.Subtract()([a, b])))
    model, plain = keras.Model({"a": a, "b": b} if form is dict else [a, b], y), keras.Sequential([layers.Dense(2)])
    rng = np.random.default_rng(0)

    def check(call: Callable[[Any], Any]) -> None:
        for _ in range(2):
            model.set_weights([rng.random(w.shape) for w in model.get_weights()])
            for _ in range(4):
                pair = rng.random((2, 1, 3), "float32")
                x = form(zip("ab", pair, strict=True)) if form is dict else form(pair)
                assert model.predict(x, verbose=0).tobytes() == call(x).tobytes()
                for row in (pair[0].tolist(), ops.convert_to_tensor(pair[0])):
                    assert plain.predict(row, verbose=0).tobytes() == plain(pair[0]).numpy().tobytes()

    check(lambda x: model(x, training=False).numpy())
    monkeypatch.delattr(Batches, "inputs")  # there is nothing to go through
    check(lambda x: model(x, training=False).numpy())
    with pytest.raises(ValueError, match="cardinality"):
        model.predict([np.ones((2, 3)), np.ones((1, 3))], verbose=0)


def test_what_comes_but_once_is_not_recorded(records: list[int], monkeypatch: pytest.MonkeyPatch) -> None:
    model = keras.Sequential([keras.Input((2,)), layers.Dense(3)])
    model.compile("sgd", "mse")
    x, y = np.ones((32, 2), "float32"), np.ones((32, 3), "float32")
    model.predict(x, verbose=0)
    model.train_on_batch(x, y)
    records.clear()
    monkeypatch.setattr("minikeras._jit.taped_function.TapedProgram", None)  # model and loss get none of their own
    for n in range(1, 32):  # sizes that are new each time
        assert np.array_equal(model(x[:n]), model.predict(x, verbose=0)[:n])
        model.train_on_batch(x[:n], y[:n])
    for step in range(10):
        model.seen = step  # type: ignore[attr-defined]  # which a layer might read
        model.train_on_batch(x, y)
        model.predict(x, verbose=0)
    assert records == []
    model.predict(x, verbose=0)
    assert records == [1]
    model.trainable = True  # as it was
    model.predict(x, verbose=0)
    model.predict(x, verbose=0)
    assert records == [1]


def test_a_program_that_is_too_large_is_not_made_again(records: list[int]) -> None:
    step = jit.Jit(lambda x: ops.tanh(ops.matmul(x, x)), lambda: True, limit=1 << 15)
    for n in (2, 200, 3):
        for _ in range(4):
            assert step.run(np.ones((n, n), "float32")).shape == (n, n)
        assert (step.find(key_of(np.ones((n, n), "float32"))) is None) == (n == 200)
    assert len(records) == 3
    model = keras.Sequential([keras.Input((2,)), layers.Dense(3)])
    model.trainable = False  # a layer has changed, and the program may be another
    step.run(np.ones((200, 200), "float32"))
    step.run(np.ones((200, 200), "float32"))
    assert len(records) == 4


@pytest.mark.parametrize("reads", [float, lambda y: np.random.random()])  # noqa: NPY002 - a user's code may
def test_what_cannot_be_replayed_is_not_recorded_for_ever(reads: Any, records: list[int]) -> None:
    x = np.ones((2, 2), "float32")
    step = jit.Jit(lambda x: (reads(y := ops.sum(x)), y)[1], lambda: True)
    for _ in range(100):
        assert step.run(x) == 4
    assert len(records) <= 65
    records.clear()
    model = keras.Sequential([keras.Input((2,)), layers.Dense(3)])
    model.trainable = False  # a layer has changed, and may be what was read
    for _ in range(3):
        assert step.run(x) == 4
    assert len(records) == 1


@pytest.mark.parametrize("changes", ["an attribute", "a constant"])
def test_a_layer_that_is_never_the_same_is_not_recorded_for_ever(changes: str, records: list[int]) -> None:
    rng = np.random.default_rng(0)

    class Noisy(layers.Layer):
        def call(self, x: Any) -> Any:
            if changes == "an attribute":
                self.seen = x  # as a layer that keeps the scores of its attention
                return x
            return x + rng.normal()

    model, x = keras.Sequential([keras.Input((2,)), Noisy()]), np.ones((4, 2), "float32")
    for _ in range(100):
        model.predict(x, verbose=0)
    assert records
    records.clear()
    for _ in range(20):
        model.predict(x, verbose=0)
    assert records == []


class Joining(keras.Model):
    """Makes layers without weights in `call`, as the functions of merging layers do."""

    def __init__(self, rate: float = 2.0) -> None:
        super().__init__()
        self.hidden, self.out = layers.Dense(3), layers.Dense(1)
        self.scale = layers.Rescaling(rate)

    def call(self, x: Any) -> Any:
        joined = layers.concatenate([x, layers.Activation("tanh")(self.hidden(x))])
        return self.out(layers.Reshape((WIDTH + 3,))(self.scale(joined)))


def test_steps_that_make_layers_without_weights_are_replayed(data: tuple[Array, Array], records: list[int]) -> None:
    x, y = data

    def losses_of(eager: bool) -> list[float]:
        model = Joining()
        model.compile("sgd", "mse", run_eagerly=eager)
        return list(model.fit(x, y, epochs=3, shuffle=False, verbose=0).history["loss"])

    eager, replayed = eager_and_replayed(losses_of)
    np.testing.assert_allclose(replayed, eager, rtol=1e-5)
    assert len(records) <= 3  # of 30 steps


USES: dict[str, Any] = {
    "called": lambda layer, x: layer(x), "its call": lambda layer, x: layer.call(x),
    "read": lambda layer, x: x * layer.scale,
}  # fmt: skip


@pytest.mark.parametrize("use", USES.values(), ids=USES)
def test_a_layer_that_no_model_holds_may_be_set_between_calls(use: Any, data: Any) -> None:
    scale = layers.Rescaling(1.0)
    found = [scale]

    class Outside(keras.Model):
        def call(self, x: Any) -> Any:
            return use(found[0], x)

    model = Outside()
    for factor in (1.0, 3.0, 3.0):
        scale.scale = factor
        np.testing.assert_allclose(model.predict(data[0], verbose=0), data[0] * factor, rtol=1e-6)
        np.testing.assert_allclose(model.predict(data[0], verbose=0), data[0] * factor, rtol=1e-6)
    found[0] = layers.Rescaling(5.0)
    scale.scale = 1.0
    np.testing.assert_allclose(model.predict(data[0], verbose=0), data[0] * 5, rtol=1e-6)


def test_what_is_set_in_an_unbuilt_block_is_found() -> None:
    model: Any = keras.Sequential()
    model.inner = layers.Layer()
    assert model.weights == []
    model.inner.dense = dense = layers.Dense(2)
    dense.build((None, 3))
    assert [w.shape for w in model.weights] == [(3, 2), (2,)]


def test_lengths_too_many_to_remember_are_not_recorded_for_ever(records: list[int]) -> None:
    class Doubling(layers.Layer):
        def call(self, x: Any) -> Any:
            return x * 2

    model = keras.Sequential([keras.Input((None, 2)), Doubling()])
    for _ in range(3):  # texts that grow by a word at a time
        records.clear()
        for length in range(1, 200):
            assert model.predict(np.ones((1, length, 2), "float32"), verbose=0).shape == (1, length, 2)
    assert records == []


def test_programs_that_give_way_to_others_are_not_made_again_at_once(
    records: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(jit, "PROGRAM_BYTES", 0)  # so that only a few are kept
    model = keras.Sequential([keras.Input((None, 2)), layers.Dense(3), layers.LayerNormalization()])
    texts = [np.ones((1, length, 2), "float32") for length in range(1, 3 * jit.PROGRAMS_KEPT)]
    for _ in range(5):
        for text in texts:  # which grows by a word at a time
            model.predict(text, verbose=0)
    assert len(records) == len(texts)
    for _ in range(50):
        model.predict(texts[0], verbose=0)
    assert len(records) == len(texts) + 1


def test_predictions_that_depend_on_no_input_are_arrays_of_the_callers() -> None:
    class Numbered(keras.Model):
        def call(self, x: Any) -> Any:
            return {"y": x * 2, "place": ops.arange(x.shape[0]), "one": np.ones((len(x), 1), "float32")}

    def predictions(eager: bool) -> Any:
        model = Numbered()
        model.compile(run_eagerly=eager)
        results: list[Any] = []
        for rows in (8, 8, 8, 8, 40):  # in batches of 32 and 8
            results.append(model.predict(np.ones((rows, 2), "float32"), verbose=0))
            assert [*map(type, results[-1].values())] == [np.ndarray] * 3
        kept: list[Any] = [{name: y.copy() for name, y in result.items()} for result in results]
        results[-2]["place"][:] = -1
        kept.append(model.predict(np.ones((8, 2), "float32"), verbose=0))
        return kept

    eager, replayed = eager_and_replayed(predictions)
    for one, other in zip(eager, replayed, strict=True):
        assert all(np.array_equal(one[name], other[name]) for name in one)


def test_steps_between_which_layers_are_frozen_and_freed_are_replayed(records: list[int]) -> None:
    rng = np.random.default_rng(0)
    x, z = rng.standard_normal((2, 8, WIDTH)).astype("float32")
    y = np.ones((8, 1), "float32")

    def run(eager: bool) -> Any:
        maker = keras.Sequential([keras.Input((WIDTH,)), layers.Dense(WIDTH)])
        judge = keras.Sequential([keras.Input((WIDTH,)), layers.BatchNormalization(scale=False, center=False),
                                  layers.Dense(3, "relu"), layers.Dense(1)])  # fmt: skip
        judge.compile("adam", "mse", run_eagerly=eager)
        both = keras.Sequential([maker, judge])
        both.compile("adam", "mse", run_eagerly=eager)
        results = []
        for step in range(12):
            judge.trainable = True
            judge.layers[1].trainable = step != 6
            results += [judge.train_on_batch(x, y), judge.predict(x, verbose=0)]
            judge.trainable = False
            results.append(both.train_on_batch(z, y))
            if step == 8:  # nothing that was recorded before is right
                judge.layers[0].epsilon = 0.5  # type: ignore[attr-defined]
            counts.append(len(records))
        return [*results, *both.get_weights()]

    counts: list[int] = []
    assert all(map(np.array_equal, *eager_and_replayed(run)))
    assert np.diff(counts[-12:]).astype(bool).tolist() == [False] * 9 + [True, False]


def test_a_first_prediction_is_the_second_to_the_last_bit() -> None:
    inputs = keras.Input((None, 96))
    hidden = layers.LayerNormalization()(layers.Dense(512, "relu")(inputs))
    model = keras.Model(inputs, layers.Dense(7, "softmax")(layers.Dense(96, "relu")(hidden)))
    model(np.zeros((1, 4000, 96), "float32"))  # one whole, and larger than what comes: that is in blocks of rows
    x = np.random.default_rng(0).normal(size=(333, 9, 96)).astype("float32")
    assert np.array_equal(model(x), model(x))


def test_threads_that_train_one_model_take_turns() -> None:
    def trained(threads: int) -> Any:
        keras.utils.set_random_seed(0)
        hidden = [layers.Dense(16, "relu"), layers.BatchNormalization()]
        model = keras.Sequential([keras.Input((4,)), *hidden, layers.Dense(2)])
        model.compile("adam", "mse")
        x, y = np.random.default_rng(0).random((64, 4), "float32"), np.zeros((64, 2), "float32")
        model.train_on_batch(x, y)
        workers = [threading.Thread(target=lambda: [model.train_on_batch(x, y) for _ in range(120 // threads)])
                   for _ in range(threads)]  # fmt: skip
        for worker in workers:
            worker.start()
        for worker in workers:
            worker.join()
        return [w.tolist() for w in model.get_weights()]

    assert trained(3) == trained(1)


def programs_of(model: keras.Model, x: Any, y: Any) -> list[Any]:
    """Return the programs that three steps on one batch leave."""
    for _ in range(3):
        model.train_on_batch(x, y)
    return [*model._jits["train"]._programs.values()]


@pytest.mark.parametrize("words", [2, 40])  # of two lengths of a gradient, which are added up in two ways
def test_an_embedding_in_float16_learns_in_a_replay(words: int) -> None:
    def table(eagerly: bool) -> Any:
        embedding = layers.Embedding(5, 8, "ones", dtype="float16")
        model = keras.Sequential([embedding, layers.GlobalAveragePooling1D(dtype="float16")])
        model.compile(keras.optimizers.SGD(0.5), "mse", run_eagerly=eagerly)
        for _ in range(5):
            model.train_on_batch(np.arange(4 * words).reshape(4, words) % 4, np.zeros((4, 8)))
        return embedding.embeddings.numpy()

    np.testing.assert_array_equal(table(False), table(True))


@pytest.mark.parametrize(
    ("shape", "make"),
    [
        ((6,), lambda: [layers.Dense(8, "gelu", kernel_regularizer="l2"), layers.Dropout(0.2), layers.Dense(4)]),
        ((6,), lambda: [layers.Dense(8), layers.BatchNormalization(), layers.LayerNormalization()]),
        (
            (6, 6, 2),
            lambda: [layers.Conv2D(3, 2), layers.MaxPooling2D(), layers.Conv2DTranspose(2, 2), layers.Flatten()],
        ),
        ((6, 6, 2), lambda: [layers.SeparableConv2D(3, 2), layers.DepthwiseConv2D(2), layers.GlobalMaxPooling2D()]),
        ((5, 3), lambda: [layers.LSTM(4, return_sequences=True), layers.Bidirectional(layers.GRU(3))]),
        ((5, 3), lambda: [layers.EinsumDense("abc,cd->abd", (5, 4), bias_axes="d"), layers.PReLU(), layers.Flatten()]),
    ],
)
def test_steps_in_mixed_precision_are_replayed(shape: tuple[int, ...], make: Any) -> None:
    rng = np.random.default_rng(0)
    x, y = rng.standard_normal((24, *shape), np.float32), rng.integers(0, 2, 24)

    def trained(eagerly: bool) -> Any:
        keras.config.set_dtype_policy("mixed_float16")
        try:
            last = layers.Dense(2, "softmax", dtype="float32")
            model = keras.Sequential([keras.Input(shape), *make(), last])
        finally:
            keras.config.set_dtype_policy("float32")
        model.compile(optimizers.Adam(0.01), "sparse_categorical_crossentropy", run_eagerly=eagerly)
        losses = [model.fit(x, y, 8, epochs=1, verbose=0).history["loss"] for _ in range(4)]
        if not eagerly:
            assert model._jits["train"]._programs
        return losses, model.predict(x, verbose=0).tolist(), [w.tolist() for w in model.get_weights()]

    eager, replayed = eager_and_replayed(trained)
    assert eager == replayed


def test_a_loop_in_mixed_precision_has_the_gradients_of_its_first_steps() -> None:
    last = layers.Dense(1, dtype="mixed_float16")
    model = keras.Sequential([keras.Input((3,)), layers.Dense(4, "tanh", dtype="mixed_float16"), last])
    x = np.ones((2, 3), np.float32)

    def gradients() -> Any:
        with keras.GradientTape() as tape:
            y = model(x)
        return [np.asarray(g).tolist() for g in tape.gradient(y, model.trainable_variables)]

    first = gradients()
    assert all(gradients() == first for _ in range(5))
    last.kernel.assign(2 * last.kernel)
    after = gradients()
    assert after[-1] == first[-1]
    assert after[0] == [[2 * value for value in row] for row in first[0]]


def test_attention_that_drops_weights_is_replayed_with_a_mask() -> None:
    words = np.array([[1, 2, 3, 0], [4, 0, 0, 0]])
    inputs = keras.Input((4,))
    x = layers.Embedding(5, 8, mask_zero=True)(inputs)
    x = layers.MultiHeadAttention(2, 4, dropout=0.1)(x, x)
    model = keras.Model(inputs, layers.Dense(1)(layers.GlobalAveragePooling1D()(x)))
    model.compile("adam", "mse")
    assert programs_of(model, words, np.zeros((2, 1)))


def test_steps_with_nan_among_their_constants_are_replayed() -> None:
    model = keras.Sequential([keras.Input((3,)), layers.Dense(1)])
    model.compile("sgd", "mse", metrics=[keras.metrics.R2Score()])
    assert programs_of(model, np.ones((4, 3)), np.zeros((4, 1)))


@pytest.mark.parametrize("taped", [False, True])
def test_numpy_warns_in_a_replay_too(taped: bool) -> None:
    x = keras.Input((1,))
    model = keras.Model(x, layers.Dense(1, kernel_initializer="ones")(layers.Subtract()([x, x])))
    for _ in range(4):
        with pytest.warns(RuntimeWarning, match="invalid value"), keras.GradientTape() if taped else nullcontext():
            assert np.isnan(model(np.array([[np.inf]] * 3, "float32")).numpy()).all()


def test_gelu_and_its_gradient_share_what_takes_longest() -> None:
    for call, approximate in (("tanh(", True), ("_normal_cdf(", False)):
        gelu = functools.partial(ops.gelu, approximate=approximate)
        model = keras.Sequential([keras.Input((3,)), layers.Dense(4, gelu), layers.Dense(1)])
        model.compile("sgd", "mse")
        lines = keras.utils.profile_step(model, np.ones((4, 3)), np.zeros((4, 1)), steps=1)
        assert sum(call in line or "gelu(" in line for line, _ in lines) == 1


@pytest.mark.parametrize(
    "shape",
    [(1, 1, 1, 8, 1), (16, 1, 1, 8, 1), (1, 1, 9, 8, 4), (8, 4), (4,), (16, 9, 9, 1, 1), (16, 1, 9, 8, 1)],
    ids=str,
)
def test_a_replay_broadcasts_as_the_run_did(shape: tuple[int, ...]) -> None:
    rng = np.random.default_rng(0)
    scale = keras.Variable(rng.normal(size=shape))
    step = jit.Jit(lambda x: ops.tanh(x * scale) + scale, lambda: True)
    x = rng.normal(size=(16, 9, 9, 8, 4)).astype("float32")
    first = step.run(x)
    scale.assign(2 * scale)
    assert step.run(x).tobytes() == (np.tanh(x * scale.numpy()) + scale.numpy()).tobytes()
    scale.assign(scale / 2)
    assert step.run(x).tobytes() == first.tobytes()


@pytest.mark.parametrize("exponent", [3, 4, 5])
def test_gradients_of_small_powers_are_replayed_to_the_last_bit(exponent: int) -> None:
    def trained(eager: bool) -> Any:
        power = layers.Lambda(lambda x: x**exponent)
        model = keras.Sequential([keras.Input((40,)), layers.Dense(300), power])
        model.compile("sgd", "mse", run_eagerly=eager)
        x = np.random.default_rng(0).standard_normal((64, 40), np.float32)
        for _ in range(3):
            model.train_on_batch(x, np.zeros((64, 300), "float32"))
        return model.get_weights()[0].tolist()

    eager, replayed = eager_and_replayed(trained)
    assert eager == replayed


@pytest.mark.parametrize("activation", ["relu", "sparsemax"])
def test_crossentropies_of_what_no_softmax_made_are_replayed_to_the_last_bit(activation: Any) -> None:
    def trained(eager: bool) -> Any:
        model = keras.Sequential([keras.Input((40,)), layers.Dense(100), layers.Activation(activation)])
        model.compile("sgd", "categorical_crossentropy", run_eagerly=eager)
        x, y = np.random.default_rng(0).random((2, 64, 100), np.float32)
        values = [model.train_on_batch(x[:, :40], y) for _ in range(3)]
        return values, model.get_weights()[0].tolist()

    eager, replayed = eager_and_replayed(trained)
    assert eager == replayed


def test_a_step_reads_a_seed_before_and_after_it_draws(data: Any) -> None:
    class Drawing(Reporting):
        def __init__(self) -> None:
            super().__init__()
            self.seeds = keras.random.SeedGenerator(4)

        def train_step(self, data: Any) -> dict[str, Any]:
            before = ops.cast(self.seeds.state, "float32"), ops.reshape(self.seeds.state, (2, 1))
            keras.random.normal((2,), seed=self.seeds)
            after = ops.cast(self.seeds.state, "float32")
            return {"before": ops.sum(before[0]), "view": ops.sum(before[1]), "after": ops.sum(after)}

    model = Drawing()
    model.compile("sgd")
    logs = model.fit(data[0], data[1], batch_size=32, epochs=4, verbose=0).history
    assert logs == {"before": [13, 23, 33, 43], "view": [13, 23, 33, 43], "after": [14, 24, 34, 44]}


def test_buffers_that_are_last_used_in_a_view_serve_again() -> None:
    x = y = keras.Input((100,))
    for _ in range(20):
        y = layers.Reshape((100,))(layers.Reshape((10, 10))(layers.Dense(100, "tanh")(y)))
    model = keras.Model(x, y)
    data = np.random.default_rng(0).random((64, 100), np.float32)
    expected = model(data, training=True).numpy()
    for _ in range(3):
        outputs = model.predict(data, batch_size=64, verbose=0)
    (program,) = model._forward_jit._programs.values()
    assert program._codegen.size <= 3 * data.nbytes
    np.testing.assert_array_equal(outputs, expected)
