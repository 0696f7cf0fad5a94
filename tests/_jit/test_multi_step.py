"""Many batches replayed as one run: the numbers are those of step after step."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import minikeras as keras
from minikeras import Sequential, layers, ops
from minikeras._jit import jit
from minikeras._jit.multi_step import MultiStep


@pytest.fixture(autouse=True)
def at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Make multi-steps without waiting for a thousand steps."""
    monkeypatch.setattr(jit, "WARMUP_STEPS", 0)


class Eachstep(keras.callbacks.Callback):
    """Looks at each batch, so that there are no runs."""

    def on_train_batch_end(self, batch: int, logs: Any = None) -> None:
        pass


class Overall(layers.Layer):
    """Mixes the rows of a batch."""

    def call(self, x: Any) -> Any:
        return x - ops.max(x) + ops.mean(x, axis=0)


def centred(y: Any, p: Any) -> Any:
    """Mixes the rows of a batch in what is only reported."""
    return ops.abs(y - p) - ops.mean(ops.abs(y - p))


def of_logits(y: Any, p: Any) -> Any:
    """Cross-entropies of one's own: largest of short rows, and sums of their exponentials."""
    scores = p - ops.max(p, axis=-1, keepdims=True)
    return 2 * ops.logsumexp(p, axis=-1) - p[:, -1] - ops.logsumexp(scores, -1, keepdims=True)[:, 0] - ops.max(p, -1)


DENSE = layers.Dense
CASES: dict[str, tuple[Callable[[], list[Any]], Any, list[Any]]] = {
    "binary": (lambda: [DENSE(3, "sigmoid"), DENSE(1, "sigmoid")], "binary_crossentropy", ["accuracy", "mae"]),
    "logits": (
        lambda: [DENSE(5, "relu"), DENSE(3)],
        keras.losses.SparseCategoricalCrossentropy(from_logits=True),
        ["accuracy"],
    ),
    "softmax": (
        lambda: [DENSE(5, "relu"), DENSE(3, "softmax")],
        "sparse_categorical_crossentropy",
        ["accuracy", "sparse_top_k_categorical_accuracy"],
    ),
    "statistics": (lambda: [DENSE(3), layers.BatchNormalization(), DENSE(1, "sigmoid")], "mse", ["AUC"]),
    "chance": (lambda: [DENSE(8, "tanh"), layers.Dropout(0.5), DENSE(1, "sigmoid")], "mae", ["Precision"]),
    "chance at first": (lambda: [layers.Dropout(0.5), layers.GaussianNoise(0.1), DENSE(1)], "mse", ["mae"]),
    "penalty": (lambda: [DENSE(4, "relu", kernel_regularizer="l2"), DENSE(1)], "huber", ["mse"]),
    "own logits": (lambda: [DENSE(5, "relu"), DENSE(3)], of_logits, ["sparse_categorical_accuracy"]),
    "mixed rows": (lambda: [DENSE(4), Overall(), DENSE(1)], "mse", [centred]),
}


@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("rows", [32 * 9 + 5, 600])
@pytest.mark.parametrize("case", CASES)
def test_a_run_is_step_after_step_to_the_last_bit(case: str, rows: int, weighted: bool) -> None:
    make, loss, metrics = CASES[case]
    x = np.random.default_rng(0).normal(size=(rows, 6)).astype("float32")
    y = (x[:, 0] > 0).astype("int32") + (x[:, 1] > 0 if "sparse" in str(loss).lower() else 0)
    weights = np.linspace(0, 2, rows) if weighted else None
    found = []
    for callbacks in ([], [Eachstep()]):
        keras.utils.clear_session()
        keras.utils.set_random_seed(1)
        model = Sequential([keras.Input((6,)), *make()])
        model.compile("adam", loss, metrics=metrics)
        for _ in range(2):
            history = model.fit(
                x, y, batch_size=32, epochs=3, sample_weight=weights, callbacks=callbacks, verbose=0
            ).history
        series = model._jits["train"]._multi_steps.values()
        assert any(isinstance(made, MultiStep) for made in series) == (not callbacks)
        found.append((history, [w.numpy().tobytes() for w in [*model.weights, *model.optimizer.variables]]))
    assert found[0] == found[1]


def test_what_a_batch_needs_not_fit_is_done_in_its_step() -> None:
    """Metrics of large outputs are not put off: what they need would have to be kept for all batches."""
    model = Sequential([keras.Input((6,)), DENSE(300), DENSE(1), DENSE(300)])
    model.compile("sgd", "mse", metrics=["mae"])
    x = np.ones((320, 6), "float32")
    model.fit(x, np.ones((320, 300)), epochs=3, verbose=0)
    (series,) = model._jits["train"]._multi_steps.values()
    assert isinstance(series, MultiStep)
    assert all(room.nbytes <= 64 * 2**13 for _, room, _ in series._kept)


@pytest.mark.parametrize("mix", [np.flip, ops.sort, ops.cumsum])
@pytest.mark.parametrize("first", [np.zeros((8, 1), "int32"), np.zeros((8, 1), "float32"), np.eye(8)[:, :1] > 0])
def test_a_first_batch_of_equal_targets_does_not_hide_that_rows_are_mixed(mix: Any, first: Any) -> None:
    def loss(y: Any, p: Any) -> Any:
        return ops.square(ops.cast(mix(y, axis=0), "float32") / 8 - p)

    rng = np.random.default_rng(0)
    x = rng.normal(size=(640, 2)).astype("float32")
    y = np.concatenate([first, first, first, rng.integers(0, 2, (616, 1)).astype(first.dtype)])
    found = []
    for eagerly in (False, True):
        keras.utils.set_random_seed(1)
        model = Sequential([keras.Input((2,)), DENSE(1)])
        model.compile("sgd", loss, run_eagerly=eagerly)
        model.fit(x, y, batch_size=8, epochs=2, shuffle=False, verbose=0)
        found.append([w.tobytes() for w in model.get_weights()])
        made = model._jits["train"]._multi_steps.values()
        assert eagerly or [isinstance(record, tuple) for record in made] == [False]
    assert found[0] == found[1]


def numbers(make: Callable[[], Any], x: Any, y: Any, size: int, metric: Any = "mae") -> list[Any]:
    """Return what training gives, with plans and without."""
    found = []
    for eagerly in (False, True):
        keras.utils.clear_session()
        keras.utils.set_random_seed(1)
        model = make()
        model.compile("sgd", "mse", metrics=[metric], run_eagerly=eagerly)
        history = model.fit(x, y, batch_size=size, epochs=5, verbose=0).history
        found.append((history, [w.tobytes() for w in model.get_weights()]))
    return found


def test_a_batch_may_be_one_number() -> None:
    x = np.random.default_rng(0).normal(size=(7, 4, 4, 1)).astype("float32")
    eager, planned = numbers(
        lambda: Sequential([keras.Input((4, 4, 1)), layers.GlobalAveragePooling2D(), DENSE(1)]), x, x[:, 0, 0] ** 2, 1
    )
    assert eager == planned


def test_outputs_that_do_not_lie_row_after_row_are_added_up_as_eagerly() -> None:
    rng = np.random.default_rng(0)
    x, y = rng.normal(size=(30, 4, 4, 1)).astype("float32"), rng.uniform(size=(30, 3, 3, 2))
    eager, planned = numbers(
        lambda: Sequential([keras.Input((4, 4, 1)), layers.Conv2DTranspose(2, 2, 2), layers.Resizing(3, 3)]),
        x,
        y,
        2,
        lambda y, p: ops.mean(p * p),
    )
    assert eager == planned


def test_bad_labels_are_refused_before_a_run() -> None:
    model = Sequential([keras.Input((2,)), DENSE(3, "softmax")])
    model.compile("sgd", "sparse_categorical_crossentropy")
    x, y = np.ones((640, 2), "float32"), np.zeros(640, "int32")
    model.fit(x, y, epochs=3, verbose=0)
    y[600] = 3
    with pytest.raises(ValueError, match="Integer targets must be class numbers from 0 to 2"):
        model.fit(x, y, verbose=0)


class Held(keras.optimizers.schedules.LearningRateSchedule):
    """Computes the rate from what a variable or a metric holds."""

    def __init__(self, rate: Callable[[], Any]) -> None:
        self.rate = rate

    def __call__(self, step: Any) -> Any:
        return self.rate()


class Assigning(keras.Model):
    """Assigns something in each step that the step itself reads no more, but an update does."""

    def __init__(self, case: str) -> None:
        super().__init__()
        self.case, self.dense, self.seen = case, DENSE(1), keras.metrics.Mean(name="seen")
        self.rate = self.add_weight((), "ones", trainable=False)
        self.step = self.add_weight((), "zeros", trainable=False)
        self.other = self.add_weight((1,), "zeros", trainable=False)
        self.averaging = keras.optimizers.SGD(0.1, use_ema=True, ema_momentum=0.5, ema_overwrite_frequency=3)

    def call(self, x: Any) -> Any:
        return self.dense(x)

    def schedule(self) -> Any:
        """Return the learning rate for `compile`."""
        if self.case == "metric":
            return Held(lambda: 0.1 / (1.0 + self.seen.result()))
        return Held(lambda: 0.1 * self.rate) if self.case == "schedule" else 0.1

    def train_step(self, data: Any) -> dict[str, Any]:
        x, y = data
        self.step.assign_add(1.0)
        with keras.GradientTape() as tape:
            loss = ops.mean((self(x, training=True) - y) ** 2)
        weights = self.trainable_weights
        gradients: Any = tape.gradient(loss, weights)
        if self.case == "average":  # an update of one weight moves the averages of all, and sets them to these
            weights[0].assign(weights[0] - 0.1 * gradients[0])
            weights[1].assign(weights[1] - 0.1 * gradients[1])
            self.averaging.apply([ops.ones((1,)) * 0.1], [self.other])
            return {"loss": loss}
        if self.case == "learning_rate":
            self.optimizer.learning_rate.assign(0.1 / self.step)
        if self.case == "metric":
            self.seen.update_state(loss)
        self.rate.assign(1.0 / self.step)
        self.optimizer.apply(gradients, weights)
        if self.case == "slots":
            for slot in self.optimizer.variables[2:]:
                slot.assign(slot * 0.5)
        return {"loss": loss, "seen": self.seen.result()}


@pytest.mark.parametrize("case", ["learning_rate", "slots", "average", "schedule", "metric"])
def test_what_an_update_reads_is_assigned_before_it(case: str) -> None:
    rng = np.random.default_rng(0)
    x = rng.normal(size=(320, 2)).astype("float32")
    found = []
    for eagerly in (False, True):
        keras.utils.set_random_seed(1)
        model = Assigning(case)
        model(x[:8])
        model.averaging.build([*model.trainable_weights, model.other])
        model.compile(keras.optimizers.SGD(model.schedule(), momentum=0.9), run_eagerly=eagerly)
        history = model.fit(x, x.sum(1, keepdims=True), batch_size=8, epochs=3, shuffle=False, verbose=0).history
        made = [*model._jits["train"]._multi_steps.values()]
        assert eagerly or (made and not isinstance(made[0], tuple))
        found.append((history, [w.tobytes() for w in model.get_weights()]))
    assert found[0] == found[1]
