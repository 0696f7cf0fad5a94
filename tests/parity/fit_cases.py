"""Trainings, written once for Keras and minikeras; as a program, Keras's on JAX, a line of JSON for each.

A case gets one of the two libraries and returns what is compared: a dict of numbers, texts, and lists and dicts of
them. What is under "history" is a number an epoch, what is under "weights" is compared as arrays.
"""

import json
import os
import pty
import random
import re
import sys
import threading
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np

Case = Callable[[Any], dict[str, Any]]

N = 24
_draw = np.random.default_rng(0)
X = _draw.uniform(-1, 1, (N, 4)).astype("float32")
T = _draw.uniform(-1, 1, (N, 3, 4)).astype("float32")  # three moments of time
BINARY = (X.sum(1, keepdims=True) > 0).astype("float32")
SPARSE = _draw.integers(0, 3, N)
ONE_HOT = np.eye(3, dtype="float32")[SPARSE]
REAL = _draw.uniform(-1, 1, (N, 2)).astype("float32")
MANY = _draw.integers(0, 2, (N, 3)).astype("float32")  # several yes or no
TIMES = _draw.integers(0, 3, (N, 3))
WEIGHTS = np.linspace(0, 2, N)

# kind -> loss, targets, units and activation of the last layer
KINDS: dict[str, tuple[Callable[[Any], Any], Any, int, str | None]] = {
    "mse": (lambda k: "mse", REAL, 2, None),
    "binary": (lambda k: "binary_crossentropy", BINARY, 1, "sigmoid"),
    "binary logits": (lambda k: k.losses.BinaryCrossentropy(from_logits=True), BINARY, 1, None),
    "categorical": (lambda k: "categorical_crossentropy", ONE_HOT, 3, "softmax"),
    "categorical logits": (lambda k: k.losses.CategoricalCrossentropy(from_logits=True), ONE_HOT, 3, None),
    "sparse": (lambda k: "sparse_categorical_crossentropy", SPARSE, 3, "softmax"),
    "sparse logits": (lambda k: k.losses.SparseCategoricalCrossentropy(from_logits=True), SPARSE, 3, None),
}


def fill(model: Any, seed: int = 1) -> Any:
    """Give a model that is built the same weights in both libraries."""
    rng = np.random.default_rng(seed)
    model.set_weights([rng.uniform(-0.6, 0.6, w.shape).astype("float32") for w in model.get_weights()])
    return model


def net(k: Any, units: int = 2, last: str | None = None, shape: tuple[int, ...] = (4,), **hidden: Any) -> Any:
    """Return a model of two layers; `hidden` goes to the first."""
    first = k.layers.Dense(5, **{"activation": "tanh", **hidden})
    return fill(k.Sequential([k.Input(shape), first, k.layers.Dense(units, activation=last)]))


def arrays(model: Any) -> list[Any]:
    return [np.array(w) for w in model.get_weights()]


def train(model: Any, x: Any, y: Any = None, **options: Any) -> dict[str, Any]:
    """Fit, and tell all that can be seen of it."""
    history = model.fit(x, y, **{"epochs": 3, "batch_size": 8, "verbose": 0, **options})
    return {
        "history": history.history,
        "epochs": history.epoch,
        "params": {key: value for key, value in history.params.items() if key != "verbose"},
        "weights": arrays(model),
        "iterations": int(np.array(model.optimizer.iterations)),
        "drawn": np.random.random(),  # noqa: NPY002 - the stream that shuffles
    }


def evaluated(model: Any, x: Any, y: Any = None, **options: Any) -> dict[str, Any]:
    """Evaluate in both forms."""
    options = {"batch_size": 8, "verbose": 0, **options}
    return {
        "evaluate": model.evaluate(x, y, **options),
        "dict": model.evaluate(x, y, return_dict=True, **options),
        "names": list(model.metrics_names),
    }


def fit(
    k: Any, kind: str = "mse", model: Any = None, compiled: dict[str, Any] | None = None, **options: Any
) -> dict[str, Any]:
    """Compile, fit and evaluate a model for one of the KINDS."""
    loss, y, units, activation = KINDS[kind]
    y = options.pop("y", y)
    model = model or net(k, units, activation)
    model.compile(**{"optimizer": k.optimizers.SGD(0.2, momentum=0.5), "loss": loss(k), **(compiled or {})})
    x = options.pop("x", X)
    return {**train(model, x, y, **options), **evaluated(model, x, y)}


class _Anything:
    """Stands for a library, and for all that is in it, where a table is asked for its names alone."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        """Take anything."""

    def __getattr__(self, name: str) -> Any:
        return _Anything if name[0].isupper() else self


_NO_LIBRARY = _Anything()
CASES: dict[str, Case] = {}


def case(function: Case) -> Case:
    """Add a case under its name."""
    CASES[function.__name__.replace("_", " ")] = function
    return function


# Every optimizer with every kind of loss ------------------------------------------------------------------------

OPTIMIZERS = {
    "SGD": 0.1, "RMSprop": 0.01, "Adam": 0.02, "AdamW": 0.02, "Adamax": 0.02, "Nadam": 0.02, "Adagrad": 0.1,
    "Adadelta": 1.0, "Ftrl": 0.1, "Lion": 0.01, "Lamb": 0.02, "Adafactor": 0.05, "ScheduleFreeAdamW": 0.02,
}  # fmt: skip


def _ten_epochs(name: str, kind: str) -> Case:
    def run(k: Any) -> dict[str, Any]:
        loss, y, units, activation = KINDS[kind]
        model = net(k, units, activation)
        model.compile(getattr(k.optimizers, name)(learning_rate=OPTIMIZERS[name]), loss(k))
        return train(model, X, y, epochs=10)

    return run


CASES |= {f"{name}, {kind}": _ten_epochs(name, kind) for name in OPTIMIZERS for kind in KINDS}


# Options of optimizers --------------------------------------------------------------------------------------------


def _optimizers(k: Any) -> dict[str, Callable[[], Any]]:
    o, s = k.optimizers, k.optimizers.schedules

    def excluding() -> Any:
        made = o.AdamW(0.05, weight_decay=0.5)
        made.exclude_from_weight_decay(var_names=["bias"])
        return made

    return {
        "by name": lambda: "adam",
        "by configuration": lambda: {"class_name": "SGD", "config": {"learning_rate": 0.3, "momentum": 0.5}},
        "nesterov": lambda: o.SGD(0.2, momentum=0.9, nesterov=True),
        "amsgrad": lambda: o.Adam(0.05, amsgrad=True),
        "centered": lambda: o.RMSprop(0.01, momentum=0.5, centered=True),
        "clipnorm": lambda: o.SGD(0.5, clipnorm=0.1),
        "clipvalue": lambda: o.SGD(0.5, clipvalue=0.05),
        "global clipnorm": lambda: o.SGD(0.5, global_clipnorm=0.1),
        "weight decay": lambda: o.SGD(0.1, weight_decay=0.3),
        "weight decay but of biases": excluding,
        "ema": lambda: o.SGD(0.3, use_ema=True, ema_momentum=0.7),
        "ema that overwrites": lambda: o.SGD(0.3, use_ema=True, ema_momentum=0.7, ema_overwrite_frequency=4),
        "accumulation": lambda: o.Adam(0.05, gradient_accumulation_steps=2),
        "accumulation over epochs": lambda: o.SGD(0.5, gradient_accumulation_steps=5),
        "loss scale": lambda: o.SGD(0.2, loss_scale_factor=8.0),
        "exponential": lambda: o.SGD(s.ExponentialDecay(0.5, 3, 0.5)),
        "staircase": lambda: o.SGD(s.ExponentialDecay(0.5, 4, 0.5, staircase=True)),
        "cosine": lambda: o.Adam(s.CosineDecay(0.1, 7, alpha=0.1)),
        "warm cosine": lambda: o.SGD(s.CosineDecay(0.0, 6, warmup_target=0.5, warmup_steps=3)),
        "cosine restarts": lambda: o.SGD(s.CosineDecayRestarts(0.5, 3)),
        "piecewise": lambda: o.SGD(s.PiecewiseConstantDecay([2, 5], [0.5, 0.1, 0.3])),
        "polynomial": lambda: o.SGD(s.PolynomialDecay(0.5, 4, 0.01, power=2.0, cycle=True)),
        "inverse time": lambda: o.SGD(s.InverseTimeDecay(0.5, 2, 0.5)),
    }


def _with_optimizer(name: str) -> Case:
    return lambda k: fit(k, compiled={"optimizer": _optimizers(k)[name]()})


CASES |= {f"optimizer {name}": _with_optimizer(name) for name in _optimizers(_NO_LIBRARY)}


@case
def learning_rate_set_between_fits(k: Any) -> dict[str, Any]:
    model = net(k)
    model.compile(k.optimizers.Adam(0.05), "mse")
    first = train(model, X, REAL)
    model.optimizer.learning_rate = 0.01
    return {"first": first["weights"], **train(model, X, REAL)}


# Losses -------------------------------------------------------------------------------------------------------------

_LOSSES: dict[str, tuple[Any, int, str | None]] = {
    "mae": (REAL, 2, None), "mape": (abs(REAL) + 1, 2, None), "msle": (abs(REAL), 2, "sigmoid"),
    "huber": (REAL, 2, None), "log_cosh": (REAL, 2, None), "cosine_similarity": (REAL, 2, None),
    "hinge": (BINARY, 1, "tanh"), "squared_hinge": (BINARY, 1, "tanh"), "categorical_hinge": (ONE_HOT, 3, None),
    "kl_divergence": (ONE_HOT, 3, "softmax"), "poisson": (abs(REAL), 2, "softplus"),
    "binary_focal_crossentropy": (BINARY, 1, "sigmoid"), "categorical_focal_crossentropy": (ONE_HOT, 3, "softmax"),
    "dice": (ONE_HOT, 3, "softmax"), "tversky": (ONE_HOT, 3, "softmax"),
}  # fmt: skip


def _with_loss(name: str) -> Case:
    y, units, activation = _LOSSES[name]
    rate = 0.002 if name == "mape" else 0.2
    return lambda k: fit(
        k, model=net(k, units, activation), y=y, compiled={"loss": name, "optimizer": k.optimizers.SGD(rate)}
    )


CASES |= {f"loss {name}": _with_loss(name) for name in _LOSSES}


def _squared(y_true: Any, y_pred: Any) -> Any:
    return (y_true - y_pred) ** 2  # not reduced: the model takes the mean


CASES |= {
    "binary smoothed": lambda k: fit(k, "binary", compiled={"loss": k.losses.BinaryCrossentropy(label_smoothing=0.2)}),
    "categorical smoothed": lambda k: fit(
        k, "categorical", compiled={"loss": k.losses.CategoricalCrossentropy(from_logits=False, label_smoothing=0.1)}
    ),
    "focal with alpha": lambda k: fit(
        k, "binary", compiled={"loss": k.losses.BinaryFocalCrossentropy(apply_class_balancing=True, gamma=1.5)}
    ),
    "generalized by class numbers": lambda k: fit(
        k, "sparse", compiled={"loss": k.losses.CategoricalGeneralizedCrossEntropy(q=0.4)}
    ),
    "sparse with a class ignored": lambda k: fit(
        k, "sparse", compiled={"loss": k.losses.SparseCategoricalCrossentropy(ignore_class=1)}
    ),
    "loss of pairs": lambda k: fit(k, "sparse", compiled={"loss": k.losses.Circle()}),
    "loss of pairs by name": lambda k: fit(k, "sparse", y=SPARSE[:, None], compiled={"loss": "circle"}),
    "loss of sequences": lambda k: fit(
        k, model=net(k, 4, shape=(3, 4)), x=T, y=TIMES[:, :2], compiled={"loss": k.losses.CTC()}
    ),
    "loss summed": lambda k: fit(k, compiled={"loss": k.losses.MeanSquaredError(reduction="sum")}),
    "loss by mean of weights": lambda k: fit(
        k, compiled={"loss": k.losses.MeanSquaredError(reduction="mean_with_sample_weight")}, sample_weight=WEIGHTS
    ),
    "loss in a list": lambda k: fit(k, compiled={"loss": ["mae"]}),
    "loss weight": lambda k: fit(k, compiled={"loss_weights": 0.3}),
    "loss weight in a list": lambda k: fit(k, compiled={"loss": ["mse"], "loss_weights": [0.3]}),
    "loss function": lambda k: fit(k, compiled={"loss": lambda a, b: k.ops.mean(k.ops.abs(a - b) ** 1.5, axis=-1)}),
    "loss function that broadcasts": lambda k: fit(
        k, compiled={"loss": lambda a, b: (k.ops.broadcast_to(k.ops.exp(b), (8, 2)) * 2.0 - a) ** 2}
    ),
    "loss function by name": lambda k: fit(k, compiled={"loss": k.losses.mean_absolute_error, "metrics": [_squared]}),
    "loss not reduced by its function": lambda k: fit(k, compiled={"loss": _squared}),
    "loss ce binary": lambda k: fit(k, "binary", compiled={"loss": "crossentropy", "metrics": ["acc"]}),
    "loss ce sparse": lambda k: fit(k, "sparse", compiled={"loss": "crossentropy", "metrics": ["acc"]}),
    "loss ce categorical": lambda k: fit(k, "categorical", compiled={"loss": "ce", "metrics": ["accuracy"]}),
}


@case
def loss_class(k: Any) -> dict[str, Any]:
    class Pinball(k.losses.Loss):  # type: ignore[misc]
        def call(self, y_true: Any, y_pred: Any) -> Any:
            error = y_true - y_pred
            return k.ops.mean(k.ops.maximum(0.9 * error, -0.1 * error), axis=-1)

    return fit(k, compiled={"loss": Pinball(name="pinball"), "metrics": [Pinball()]}, sample_weight=WEIGHTS)


@case
def loss_of_a_layer(k: Any) -> dict[str, Any]:
    class Penalized(k.layers.Layer):  # type: ignore[misc]
        def call(self, inputs: Any) -> Any:
            self.add_loss(0.1 * k.ops.sum(k.ops.square(inputs)))
            return inputs

    model = fill(k.Sequential([k.Input((4,)), k.layers.Dense(3), Penalized(), k.layers.Dense(2)]))
    return fit(k, model=model, compiled={"metrics": ["mae"]})


@case
def loss_of_layers_alone(k: Any) -> dict[str, Any]:
    class Penalized(k.layers.Layer):  # type: ignore[misc]
        def call(self, inputs: Any) -> Any:
            self.add_loss(k.ops.mean(k.ops.square(inputs)))
            return inputs

    model = fill(k.Sequential([k.Input((4,)), k.layers.Dense(3), Penalized()]))
    return fit(k, model=model, compiled={"loss": None}, y=None)


def _compute_loss_model(k: Any, with_training: bool) -> Any:
    def loss(y: Any, y_pred: Any) -> Any:
        return k.ops.mean(k.ops.square(y - y_pred))

    if with_training:

        class Net(k.Sequential):  # type: ignore[misc]
            def compute_loss(
                self, x: Any = None, y: Any = None, y_pred: Any = None, sample_weight: Any = None, training: bool = True
            ) -> Any:
                factor = 1.0 if training else 10.0
                return factor * loss(y, y_pred) + 0.1 * k.ops.mean(k.ops.abs(x[:, :2] - y_pred))
    else:

        class Net(k.Sequential):  # type: ignore[misc, no-redef]
            def compute_loss(self, x: Any = None, y: Any = None, y_pred: Any = None, sample_weight: Any = None) -> Any:
                return 2 * loss(y, y_pred)

    return fill(Net([k.Input((4,)), k.layers.Dense(2)]))


CASES |= {
    "compute loss": lambda k: fit(k, model=_compute_loss_model(k, True), compiled={"loss": None, "metrics": ["mae"]}),
    "compute loss of old": lambda k: fit(k, model=_compute_loss_model(k, False), compiled={"loss": None}),
}


@case
def compute_metrics(k: Any) -> dict[str, Any]:
    class Net(k.Sequential):  # type: ignore[misc]
        def compute_metrics(self, x: Any, y: Any, y_pred: Any, sample_weight: Any = None) -> Any:
            found = super().compute_metrics(x, y, y_pred, sample_weight)
            return {**found, "b": found["mae"] * 2, "a": found["mae"] * 0}

    return fit(k, model=fill(Net([k.Input((4,)), k.layers.Dense(2)])), compiled={"metrics": ["mae"]})


# Penalties and constraints ------------------------------------------------------------------------------------------

_LAYERS: dict[str, Callable[[Any], dict[str, Any]]] = {
    "l1": lambda k: {"kernel_regularizer": "l1"},
    "l2": lambda k: {"kernel_regularizer": k.regularizers.L2(0.1)},
    "l1 l2 of both": lambda k: {"kernel_regularizer": "L1L2", "bias_regularizer": k.regularizers.L1L2(0.1, 0.2)},
    "orthogonal": lambda k: {"kernel_regularizer": k.regularizers.OrthogonalRegularizer(0.1)},
    "regularizer function": lambda k: {"kernel_regularizer": lambda w: 0.1 * k.ops.sum(k.ops.square(w))},
    "activity l2": lambda k: {"activity_regularizer": k.regularizers.L2(0.1)},
    "max norm": lambda k: {"kernel_constraint": k.constraints.MaxNorm(0.5), "bias_constraint": "non_neg"},
    "unit norm": lambda k: {"kernel_constraint": "unit_norm"},
    "min max norm": lambda k: {"kernel_constraint": k.constraints.MinMaxNorm(0.4, 0.8, rate=0.5, axis=1)},
    "without bias": lambda k: {"use_bias": False},
}


def _with_layer(name: str) -> Case:
    return lambda k: fit(k, model=net(k, **_LAYERS[name](k)), compiled={"metrics": ["mse"]})


CASES |= {f"layer {name}": _with_layer(name) for name in _LAYERS}


_SERIES: dict[str, Callable[[Any], list[Any]]] = {
    "simple": lambda layers: [layers.SimpleRNN(3, "relu", return_sequences=True), layers.SimpleRNN(3)],
    "lstm": lambda layers: [layers.LSTM(3, return_sequences=True, go_backwards=True), layers.LSTM(2, use_bias=False)],
    "gru": lambda layers: [layers.GRU(3, return_sequences=True), layers.GRU(2, reset_after=False)],
    "with gaps": lambda layers: [
        layers.Masking(),
        layers.Bidirectional(layers.LSTM(3, return_sequences=True)),
        layers.Bidirectional(layers.GRU(2)),
    ],
}


def _with_series(name: str) -> Case:
    def run(k: Any) -> dict[str, Any]:
        model = fill(k.Sequential([k.Input((3, 4)), *_SERIES[name](k.layers), k.layers.Dense(2)]))
        gaps = np.where(np.arange(N * 3).reshape(N, 3, 1) % 5 > 1, T, 0)
        return fit(k, model=model, x=gaps)

    return run


CASES |= {f"series {name}": _with_series(name) for name in _SERIES}


def _with_activation(name: str) -> Case:
    return lambda k: fit(k, model=net(k, activation=name))


_ACTIVATIONS = ("relu", "sigmoid", "elu", "selu", "gelu", "silu", "softplus", "leaky_relu", "softsign", "log_softmax")
CASES |= {f"activation {name}": _with_activation(name) for name in _ACTIVATIONS}


@case
def activity_regularization(k: Any) -> dict[str, Any]:
    layers = [k.layers.Dense(3), k.layers.ActivityRegularization(l1=0.1, l2=0.2), k.layers.Dense(2)]
    return fit(k, model=fill(k.Sequential([k.Input((4,)), *layers])), compiled={"metrics": ["mse"]})


@case
def layers_without_weights(k: Any) -> dict[str, Any]:
    y = k.layers
    layers = [y.Rescaling(2.0, 0.5), y.Reshape((2, 2)), y.Permute((2, 1)), y.Dense(3), y.PReLU(), y.Flatten()]
    layers += [y.ELU(), y.RepeatVector(2), y.LeakyReLU(0.1), y.Softmax(), y.Flatten(), y.Identity(), y.Dense(2)]
    return fit(k, model=fill(k.Sequential([k.Input((4,)), *layers])))


@case
def normalization(k: Any) -> dict[str, Any]:
    layer = k.layers.Normalization()
    layer.adapt(X)
    model = k.Sequential([k.Input((4,)), layer, k.layers.Dense(2, kernel_initializer="ones")])
    return fit(k, model=model)


@case
def lambda_layer(k: Any) -> dict[str, Any]:
    layers = [k.layers.Dense(3), k.layers.Lambda(lambda x: x * k.ops.sigmoid(x)), k.layers.Dense(2)]
    return fit(k, model=fill(k.Sequential([k.Input((4,)), *layers])))


@case
def models_inside(k: Any) -> dict[str, Any]:
    inner = k.Sequential([k.layers.Dense(3, activation="relu", kernel_regularizer="l2"), k.layers.Dense(3)])
    return fit(k, model=fill(k.Sequential([k.Input((4,)), inner, k.layers.Dense(2)])))


# Data ---------------------------------------------------------------------------------------------------------------


def _options() -> dict[str, dict[str, Any]]:
    validation = (X[:8] * 0.5, REAL[:8])
    return {
        "partial batch": {"batch_size": 10},
        "batch of all": {"batch_size": 100},
        "default batch": {"batch_size": None},
        "shuffle false": {"shuffle": False},
        "shuffle batch": {"shuffle": "batch"},
        "validation split": {"validation_split": 1 / 3},
        "validation data": {"validation_data": validation},
        "validation with weights": {"validation_data": (*validation, WEIGHTS[:8])},
        "validation batch size": {"validation_data": validation, "validation_batch_size": 3},
        "validation steps": {"validation_data": validation, "validation_steps": 2, "validation_batch_size": 2},
        "validation every second epoch": {"validation_data": validation, "validation_freq": 2, "epochs": 5},
        "validation in some epochs": {"validation_data": validation, "validation_freq": [1, 4], "epochs": 5},
        "initial epoch": {"initial_epoch": 2, "epochs": 4},
        "initial epoch beyond": {"initial_epoch": 4, "epochs": 4},
        "steps per epoch": {"steps_per_epoch": 2, "epochs": 4},
        "steps per epoch without size": {"steps_per_epoch": 4, "batch_size": None},
        "sample weight": {"sample_weight": WEIGHTS},
        "sample weight and split": {"sample_weight": WEIGHTS, "validation_split": 1 / 3},
        "sample weight of a column": {"sample_weight": WEIGHTS[:, None]},
        "sample weights of zero": {"sample_weight": np.zeros(N)},
        "float64": {"x": X.astype("float64"), "y": REAL.astype("float64")},
        "float16": {"x": X.astype("float16")},
        "integers": {"x": (X * 10).astype("int64"), "y": (REAL * 3).astype("int32")},
        "booleans": {"x": X > 0, "y": REAL > 0},
        "fortran order": {"x": np.asfortranarray(X)},
        "infinite": {"x": np.where(X > 0.9, np.inf, X)},
        "validation data of several weights": {
            "validation_data": (X[:8], REAL[:8], WEIGHTS[8:16]),
            "sample_weight": WEIGHTS,
            "validation_freq": [2],
        },
        "shuffle and steps": {"steps_per_epoch": 2, "shuffle": "batch", "epochs": 4},
        "steps beyond the data": {"steps_per_epoch": 5, "epochs": 2},
    }


def _with_options(name: str) -> Case:
    def run(k: Any) -> dict[str, Any]:
        return fit(k, compiled={"metrics": ["mae"], "weighted_metrics": ["mse"]}, **_options()[name])

    return run


CASES |= {name: _with_options(name) for name in _options()}


def _batches(epochs: int = 1, weights: bool = False) -> Iterator[Any]:
    for _ in range(epochs):
        for i in range(0, N, 10):
            rows = slice(i, i + 10)
            yield (X[rows], REAL[rows], WEIGHTS[rows]) if weights else (X[rows], REAL[rows])


def dataset(k: Any, log: list[str], weights: bool = False, y: Any = REAL) -> Any:
    class Data(k.utils.PyDataset):  # type: ignore[misc]
        def __len__(self) -> int:
            return 3

        def __getitem__(self, index: int) -> Any:
            rows = slice(index * 10, index * 10 + 10)
            return (X[rows], y[rows], WEIGHTS[rows]) if weights else (X[rows], y[rows])

        def on_epoch_begin(self) -> None:
            log.append("begin")

        def on_epoch_end(self) -> None:
            log.append("end")

    return Data()


def _from(make: Callable[[], Any], kind: str = "mse", **options: Any) -> Case:
    """Return a case whose data is made anew for each run; evaluation is on arrays."""

    def run(k: Any) -> dict[str, Any]:
        _, y, units, activation = KINDS[kind]
        model = net(k, units, activation)
        model.compile(k.optimizers.SGD(0.3), KINDS[kind][0](k), weighted_metrics=["mae"])
        made = make()
        found = train(model, made, batch_size=None, **options)
        return {**found, **evaluated(model, X, y)}

    return run


CASES |= {
    "generator": _from(lambda: _batches(3), steps_per_epoch=3),
    "generator with weights": _from(lambda: _batches(3, True), steps_per_epoch=3),
    "generator of one epoch": _from(_batches, epochs=1),
    "generator across epochs": _from(lambda: _batches(4), steps_per_epoch=4),
    "list of batches": _from(lambda: (batch for batch in list(_batches())), epochs=1),
    "generator with validation by another": _from(
        lambda: _batches(3), steps_per_epoch=3, validation_data=(X[:10], REAL[:10]), validation_batch_size=4
    ),
}


def _from_dataset(**options: Any) -> Case:
    def run(k: Any) -> dict[str, Any]:
        log: list[str] = []
        model = net(k)
        model.compile(k.optimizers.SGD(0.3), "mse", weighted_metrics=["mae"])
        weights = options.get("weights", False)
        rest = {key: value for key, value in options.items() if key not in ("weights", "validated")}
        if options.get("validated"):
            rest["validation_data"] = dataset(k, log)
        found = train(model, dataset(k, log, weights), batch_size=None, **rest)
        calls = "".join(word[0] for word in log)
        return {
            **found,
            "log": calls,
            "drawn next": random.random(),
            "evaluate": model.evaluate(dataset(k, []), verbose=0),
        }

    return run


CASES |= {
    "dataset": _from_dataset(),
    "dataset in order": _from_dataset(shuffle=False),
    "dataset with weights": _from_dataset(weights=True),
    "dataset, some steps": _from_dataset(steps_per_epoch=2, shuffle=False),
    "dataset for validation": _from_dataset(validated=True, validation_steps=2),
}


@case
def dataset_with_class_weight(k: Any) -> dict[str, Any]:
    model = net(k, 3, "softmax")
    model.compile(k.optimizers.SGD(0.3), "sparse_categorical_crossentropy", weighted_metrics=["acc"])
    return train(model, dataset(k, [], y=SPARSE), batch_size=None, class_weight={0: 0.5, 2: 3.0})


@case
def run_eagerly(k: Any) -> dict[str, Any]:
    return fit(k, compiled={"run_eagerly": True, "metrics": ["mae"]}, epochs=2)


CASES |= {
    "steps per execution": lambda k: fit(k, compiled={"steps_per_execution": 2, "metrics": ["mae"]}, batch_size=6),
    "without jit": lambda k: fit(k, compiled={"jit_compile": False}, epochs=1),
    "labels in a column": lambda k: fit(k, "sparse", y=SPARSE[:, None], compiled={"metrics": ["acc"]}),
    "labels as floats": lambda k: fit(k, "sparse", y=SPARSE.astype("float32"), compiled={"metrics": ["acc"]}),
    "labels in bytes": lambda k: fit(k, "sparse", y=SPARSE.astype("uint8"), compiled={"metrics": ["acc"]}),
    "binary flat": lambda k: fit(k, "binary", y=BINARY[:, 0].astype(int), compiled={"metrics": ["acc"]}),
    "binary of many": lambda k: fit(
        k, model=net(k, 3, "sigmoid"), y=MANY, compiled={"loss": "bce", "metrics": ["acc", "binary_accuracy"]}
    ),
    "one-hot of integers": lambda k: fit(k, "categorical", y=ONE_HOT.astype(int), compiled={"metrics": ["acc"]}),
    "flat target": lambda k: fit(k, model=net(k, 1), y=REAL[:, 0], compiled={"metrics": ["mae", "acc"]}),
}


@case
def iterables_evaluated(k: Any) -> dict[str, Any]:
    model = net(k)
    model.compile("sgd", "mse", metrics=["mae"])
    return {
        "generator": model.evaluate(_batches(weights=True), verbose=0),
        "some steps": model.evaluate(_batches(), steps=2, verbose=0),
        "rows of some steps": model.evaluate(X, REAL, batch_size=5, steps=3, verbose=0),
        "dataset": model.evaluate(dataset(k, []), verbose=0, return_dict=True),
        "weights": [
            model.predict((batch[:1] for batch in _batches()), verbose=0),
            model.predict(X, batch_size=5, steps=3, verbose=0),
            model.predict(dataset(k, []), verbose=0),
        ],
    }


def _at_random(seed: int) -> Case:
    """Return a case that combines options by chance."""

    def run(k: Any) -> dict[str, Any]:
        rng = np.random.default_rng(seed)

        def some(*choices: Any) -> Any:
            return choices[rng.integers(len(choices))]

        kind = some("mse", "binary logits", "categorical", "sparse")
        _, _, units, activation = KINDS[kind]
        hidden = {
            "activation": some("relu", "tanh", "selu"),
            "kernel_regularizer": some(None, "l2", k.regularizers.L1(0.01)),
            "bias_constraint": some(None, "non_neg"),
        }
        rate = some(0.05, k.optimizers.schedules.CosineDecay(0.1, 20))
        optimizer = getattr(k.optimizers, some("SGD", "Adam", "RMSprop", "AdamW", "Nadam"))(
            rate, **some({}, {"clipnorm": 0.1}, {"global_clipnorm": 0.2}, {"weight_decay": 0.01}, {"use_ema": True})
        )
        options: dict[str, Any] = {"batch_size": int(some(5, 8, 16)), "shuffle": some(True, False, "batch")}
        options |= some({}, {"validation_split": 0.3}, {"validation_data": (X[:9], KINDS[kind][1][:9])})
        options |= some({}, {"sample_weight": WEIGHTS}, {"sample_weight": WEIGHTS[::-1].copy()})
        if kind == "sparse" and "sample_weight" not in options:
            options["class_weight"] = {0: 2.0, 2: 0.5}
        metrics = {
            "metrics": some(None, ["mae"]) if kind != "sparse" else ["acc"],
            "weighted_metrics": some(None, ["acc"]),
        }
        compiled = {"optimizer": optimizer, "loss_weights": some(None, 0.7), **metrics}
        return fit(k, kind, model=net(k, units, activation, **hidden), compiled=compiled, **options)

    return run


CASES |= {f"at random {seed}": _at_random(seed) for seed in range(16)}


# Weights of classes and rows ----------------------------------------------------------------------------------------

CASES |= {
    "class weight binary": lambda k: fit(
        k, "binary", compiled={"weighted_metrics": ["acc"], "metrics": ["acc"]}, class_weight={0: 0.3, 1: 4.0}
    ),
    "class weight sparse": lambda k: fit(k, "sparse", class_weight={0: 0.3, 1: 4.0, 2: 0.0}),
    "class weight categorical": lambda k: fit(k, "categorical", class_weight={0: 0.3, 1: 4.0, 2: 1.0}),
    "class weight of some": lambda k: fit(k, "sparse", class_weight={1: 4.0}),
    "class weight and validation": lambda k: fit(
        k, "sparse", class_weight={1: 4.0}, validation_split=0.5, compiled={"weighted_metrics": ["acc"]}
    ),
}


def _in_time(k: Any, weights: Any, **compiled: Any) -> dict[str, Any]:
    model = net(k, 3, "softmax", (3, 4))
    compiled = {"loss": "sparse_categorical_crossentropy", **compiled}
    return fit(k, model=model, x=T, y=TIMES, sample_weight=weights, compiled=compiled)


_BOTH = {"metrics": ["acc"], "weighted_metrics": ["acc"]}
CASES |= {
    "temporal": lambda k: _in_time(k, None, **_BOTH),
    "temporal, a weight a row": lambda k: _in_time(k, WEIGHTS[:, None], **_BOTH),
    "temporal, a weight a moment": lambda k: _in_time(k, np.outer(WEIGHTS, [1, 0, 2.0]), **_BOTH),
    "temporal mse, a weight a moment": lambda k: fit(
        k,
        model=net(k, 4, None, (3, 4)),
        x=T,
        y=T[:, ::-1],
        sample_weight=np.outer(WEIGHTS, [1, 0, 2.0]),
        compiled={"weighted_metrics": ["mae"]},
    ),
}


# Metrics ------------------------------------------------------------------------------------------------------------


def _metrics(k: Any) -> dict[str, tuple[str, dict[str, Any]]]:
    m = k.metrics
    return {
        "order": ("mse", {"metrics": ["mae", "mse", "cosine_similarity", "mae", m.MeanSquaredError(), "mse"]}),
        "weighted": (
            "mse", {"metrics": ["mae", "mse"], "weighted_metrics": ["mse", "mae", "mape", m.RootMeanSquaredError()]},
        ),
        "weighted alone": ("mse", {"weighted_metrics": ["mae"]}),
        "nested list": ("mse", {"metrics": [["mae", "mse"]]}),
        "tuple": ("mse", {"metrics": ("mae", "mse")}),
        "dict": ("mse", {"metrics": {"anything": ["mae"], "else": "mse"}}),
        "binary": (
            "binary",
            {"metrics": ["acc", "binary_accuracy", m.AUC(), m.Precision(), m.Recall(),
            m.F1Score(average="micro", threshold=0.4), m.TruePositives(), m.FalseNegatives(name="missed"),
            m.BinaryAccuracy(threshold=0.3), "binary_crossentropy"]},
        ),
        "categorical": (
            "categorical",
            {"metrics": ["accuracy", "categorical_accuracy", m.TopKCategoricalAccuracy(2), m.F1Score(average="macro"),
            m.AUC(multi_label=True), m.CategoricalCrossentropy(), m.KLDivergence(), m.Precision(class_id=1)]},
        ),
        "sparse": (
            "sparse",
            {"metrics": ["accuracy", "sparse_categorical_accuracy", m.SparseTopKCategoricalAccuracy(2),
            m.SparseCategoricalCrossentropy()]},
        ),
        "array": ("categorical", {"metrics": [m.F1Score()]}),
        "functions": ("mse", {"metrics": [_squared, lambda a, b: k.ops.mean(a - b), m.mean_absolute_error]}),
        "classes": ("mse", {"metrics": [m.MeanAbsoluteError]}),
        "r2": (
            "mse", {"metrics": [m.R2Score(), m.R2Score(class_aggregation=None, name="each"), m.PearsonCorrelation()]},
        ),
        "none": ("mse", {"metrics": [], "weighted_metrics": []}),
        "of a loss": ("mse", {"metrics": [k.losses.huber, k.losses.log_cosh, k.losses.Huber()]}),
        "named like the loss": ("mse", {"metrics": [m.MeanAbsoluteError(name="loss")]}),
    }  # fmt: skip


def _with_metrics(name: str) -> Case:
    def run(k: Any) -> dict[str, Any]:
        kind, compiled = _metrics(k)[name]
        return fit(k, kind, compiled=compiled, sample_weight=WEIGHTS, validation_split=1 / 3, epochs=2)

    return run


CASES |= {f"metrics {name}": _with_metrics(name) for name in _metrics(_NO_LIBRARY)}


@case
def metric_class(k: Any) -> dict[str, Any]:
    class Largest(k.metrics.Metric):  # type: ignore[misc]
        def __init__(self, name: str = "largest", **options: Any) -> None:
            super().__init__(name=name, **options)
            self.value = self.add_weight(shape=(), initializer="zeros", name="value")

        def update_state(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> None:
            error = k.ops.abs(k.ops.cast(y_true, "float32") - y_pred)
            if sample_weight is not None:
                error = error * k.ops.reshape(k.ops.cast(sample_weight, "float32"), (-1, 1))
            self.value.assign(k.ops.maximum(self.value, k.ops.max(error)))

        def result(self) -> Any:
            return self.value + 0.0

        def reset_state(self) -> None:
            self.value.assign(0.0)

    options = {"metrics": [Largest()], "weighted_metrics": [Largest(name="heaviest")]}
    return fit(k, compiled=options, sample_weight=WEIGHTS)


@case
def metric_of_the_model(k: Any) -> dict[str, Any]:
    class Net(k.Sequential):  # type: ignore[misc]
        def __init__(self, layers: Any) -> None:
            super().__init__(layers)
            self.size = k.metrics.Mean(name="size")

        def compute_loss(self, x: Any = None, y: Any = None, y_pred: Any = None, *args: Any, **kwargs: Any) -> Any:
            self.size.update_state(k.ops.abs(y_pred))
            return super().compute_loss(x, y, y_pred, *args, **kwargs)

    return fit(k, model=fill(Net([k.Input((4,)), k.layers.Dense(2)])), compiled={"metrics": ["mae"]})


_SHAPES = {
    "binary column": ((N, 1), (N, 1)), "binary flat": ((N,), (N, 1)), "sparse flat": ((N,), (N, 3)),
    "sparse column": ((N, 1), (N, 3)), "one hot": ((N, 3), (N, 3)), "sparse in time": ((N, 2), (N, 2, 3)),
    "sparse column in time": ((N, 2, 1), (N, 2, 3)), "one hot in time": ((N, 2, 3), (N, 2, 3)),
    "binary in time": ((N, 2, 1), (N, 2, 1)), "binary flat in time": ((N, 2), (N, 2, 1)),
}  # fmt: skip


def _resolved(name: str, loss: Any) -> Case:
    """Return a case in which "accuracy" and "crossentropy" are to be understood, from shapes."""
    target, output = _SHAPES[name]

    def run(k: Any) -> dict[str, Any]:
        rng = np.random.default_rng(0)
        x = rng.uniform(0.05, 0.95, output).astype("float32")
        if output[-1] == 3:
            x /= x.sum(-1, keepdims=True)
        hot = target == output and output[-1] == 3
        y = rng.integers(0, 2 if output[-1] == 1 or hot else 3, target)
        model = k.Sequential([k.Input(output[1:]), k.layers.Identity()])
        model.compile(None, loss, metrics=["acc", "accuracy"], weighted_metrics=["accuracy"])
        options = {
            "sample_weight": WEIGHTS
            if len(output) == 2 or name == "binary flat in time"
            else np.outer(WEIGHTS, [1.0, 3.0])
        }
        return {**evaluated(model, x, y, **options), "classes": [type(m).__name__ for m in model.metrics[1].metrics]}

    return run


CASES |= {f"accuracy, {name}": _resolved(name, "crossentropy") for name in _SHAPES}


# Several inputs and outputs -----------------------------------------------------------------------------------------


def several(k: Any, kind: str) -> Any:
    """Return a model with outputs in a list, a tuple, a dict or deeper."""

    class Net(k.Model):  # type: ignore[misc]
        def __init__(self) -> None:
            super().__init__()
            self.p = k.layers.Dense(2, name="pp")
            self.q = k.layers.Dense(1, name="qq", activation="sigmoid")

        def call(self, x: Any) -> Any:
            p, q = self.p(x), self.q(x)
            return {
                "list": [p, q], "tuple": (p, q), "dict": {"u": p, "k": q}, "deep": {"a": [p, q], "b": p},
                "list of one": [p], "dict of one": {"u": p},
            }[kind]  # fmt: skip

    model = Net()
    model(X[:1])
    return fill(model)


P, Q = REAL, BINARY
_Y: dict[str, Any] = {
    "list": [P, Q], "tuple": (P, Q), "dict": {"u": P, "k": Q}, "deep": {"a": [P, Q], "b": P}, "list of one": [P],
    "dict of one": {"u": P},
}  # fmt: skip
_SEVERAL: dict[str, tuple[str, dict[str, Any], dict[str, Any]]] = {
    "one loss": ("list", {"loss": "mse"}, {}),
    "one loss, dict": ("dict", {"loss": "mse", "metrics": {"u": "mae", "k": ["acc", "mse"]}}, {}),
    "one loss, deep": ("deep", {"loss": "mse"}, {}),
    "losses in a list": ("list", {"loss": ["mse", "binary_crossentropy"], "metrics": [["mae"], ["acc"]]}, {}),
    "losses in a list, tuple": ("tuple", {"loss": ["mse", "mae"], "metrics": ["mae", None]}, {}),
    "losses in a dict": ("dict", {"loss": {"u": "mse", "k": "bce"}, "metrics": {"k": ["acc"]}}, {}),
    "losses in a list, dict": ("dict", {"loss": ["bce", "mse"]}, {}),
    "losses deep": (
        "deep", {"loss": {"a": ["mse", "mae"], "b": "mae"}, "metrics": {"a": [["mae"], ["mse"]], "b": ["mse"]}}, {},
    ),
    "weights in a list": ("list", {"loss": ["mse", "bce"], "loss_weights": [0.3, 2.0]}, {}),
    "weights in a dict": (
        "dict", {"loss": {"u": "mse", "k": "bce"}, "loss_weights": {"u": 0.3, "k": 2.0}, "metrics": {"u": "mae"}}, {},
    ),
    "an output without loss": ("list", {"loss": ["mse", None], "metrics": [["mae"], ["mae"]]}, {}),
    "an output of a dict without loss": ("dict", {"loss": {"u": "mse", "k": None}}, {}),
    "an output not named": ("dict", {"loss": {"u": "mse"}}, {}),
    "targets of one only": ("list", {"loss": ["mse", None]}, {"y": [P]}),
    "list of one": ("list of one", {"loss": ["mse"], "metrics": ["mae"]}, {}),
    "dict of one": ("dict of one", {"loss": {"u": "mse"}, "metrics": {"u": ["mae"]}}, {}),
    "list of one, target alone": ("list of one", {"loss": "mse"}, {"y": P}),
    "targets in a tuple": ("list", {"loss": ["mse", "bce"]}, {"y": (P, Q)}),
    "a sample weight for all": (
        "list", {"loss": ["mse", "bce"], "weighted_metrics": [["mae"], ["mae"]]}, {"sample_weight": WEIGHTS},
    ),
    "sample weights in a list": (
        "list", {"loss": ["mse", "bce"], "metrics": [["mae"], ["mae"]], "weighted_metrics": [["mae"], ["mae"]]},
        {"sample_weight": [WEIGHTS, WEIGHTS[::-1].copy()]},
    ),
    "sample weights in a dict": (
        "dict", {"loss": "mse", "weighted_metrics": {"k": ["acc"], "u": ["mae"]}},
        {"sample_weight": {"u": WEIGHTS, "k": WEIGHTS[::-1].copy()}},
    ),
    "validation of several": (
        "list", {"loss": ["mse", "bce"], "metrics": [["mae"], ["acc"]]}, {"validation_split": 1 / 3},
    ),
    "metrics of one": ("list", {"loss": "mse", "metrics": [["mae", "mse"], None]}, {}),
}  # fmt: skip


def _with_several(name: str) -> Case:
    kind, compiled, options = _SEVERAL[name]

    def run(k: Any) -> dict[str, Any]:
        model = several(k, kind)
        model.compile(**{"optimizer": k.optimizers.SGD(0.2), **compiled})
        y = options.get("y", _Y[kind])
        rest = {key: value for key, value in options.items() if key != "y"}
        found = {**train(model, X, y, **rest), **evaluated(model, X, y)}
        return {**found, "predict": model.predict(X[:3], verbose=0), "loss": type(model.loss).__name__}

    return run


CASES |= {f"several, {name}": _with_several(name) for name in _SEVERAL}


def _with_inputs(kind: str) -> Case:
    def run(k: Any) -> dict[str, Any]:
        class Net(k.Model):  # type: ignore[misc]
            def __init__(self) -> None:
                super().__init__()
                self.left, self.right = k.layers.Dense(2), k.layers.Dense(2, activation="tanh")

            def call(self, x: Any) -> Any:
                a, b = (x["a"], x["b"]) if kind == "dict" else x
                return self.left(a) + self.right(b) * self.left(b)  # a layer shared

        x: Any = {"dict": {"a": X, "b": X[::-1].copy()}, "list": [X, X[::-1].copy()], "tuple": (X, X[::-1].copy())}[
            kind
        ]
        model = Net()
        model({key: value[:1] for key, value in x.items()} if kind == "dict" else type(x)(a[:1] for a in x))
        fill(model)
        model.compile(k.optimizers.SGD(0.2), "mse", metrics=["mae"])
        found = {**train(model, x, REAL, validation_split=1 / 3), **evaluated(model, x, REAL)}
        return {**found, "predict": model.predict(x, verbose=0)}

    return run


CASES |= {f"inputs in a {kind}": _with_inputs(kind) for kind in ("list", "tuple", "dict")}


# Batch by batch -----------------------------------------------------------------------------------------------------


@case
def on_batch(k: Any) -> dict[str, Any]:
    model = net(k, 3, "softmax")
    model.compile(k.optimizers.Adam(0.1), "sparse_categorical_crossentropy", metrics=["acc"], weighted_metrics=["acc"])
    found: dict[str, Any] = {"before": list(model.metrics_names)}
    for i in range(3):
        rows = slice(8 * i, 8 * i + 8)
        found[f"train {i}"] = model.train_on_batch(X[rows], SPARSE[rows])
        found[f"test {i}"] = model.test_on_batch(X[rows], SPARSE[rows])
    weights = WEIGHTS[:8]
    found["train, weights"] = model.train_on_batch(X[:8], SPARSE[:8], sample_weight=weights)
    found["train, classes"] = model.train_on_batch(X[:8], SPARSE[:8], class_weight={0: 2.0, 1: 0.5})
    found["train, dict"] = model.train_on_batch(X[:8], SPARSE[:8], return_dict=True)
    found["test, weights"] = model.test_on_batch(X[:8], SPARSE[:8], sample_weight=weights)
    found["test, dict"] = model.test_on_batch(X[:8], SPARSE[:8], return_dict=True)
    found["predict"] = model.predict_on_batch(X[:8])
    found["evaluate"] = model.evaluate(X, SPARSE, sample_weight=WEIGHTS, verbose=0)
    found["reset"] = model.reset_metrics()
    return {**found, "after": list(model.metrics_names), "weights": arrays(model)}


@case
def on_batch_of_several(k: Any) -> dict[str, Any]:
    model = several(k, "list")
    model.compile(k.optimizers.SGD(0.1), ["mse", "bce"], metrics=[["mae"], ["acc"]], loss_weights=[0.5, 1.0])
    found = {f"train {i}": model.train_on_batch(X, [P, Q]) for i in range(2)}
    found["test"] = model.test_on_batch(X, [P, Q])
    found["dict"] = model.test_on_batch(X, [P, Q], return_dict=True)
    return {**found, "names": list(model.metrics_names), "weights": arrays(model)}


@case
def on_batch_without_metrics(k: Any) -> dict[str, Any]:
    model = net(k)
    model.compile(k.optimizers.SGD(0.1), "mse")
    found = {"train": model.train_on_batch(X, REAL), "test": model.test_on_batch(X, REAL)}
    return {**found, "evaluate": model.evaluate(X, REAL, verbose=0), "weights": arrays(model)}


@case
def metrics_names_at_all_times(k: Any) -> dict[str, Any]:
    model = net(k)
    found: dict[str, Any] = {"new": list(model.metrics_names)}
    model.compile("sgd", "mse", metrics=["mae"])
    found["compiled"] = list(model.metrics_names)
    model.fit(X, REAL, verbose=0)
    found["trained"] = list(model.metrics_names)
    found["result"] = sorted(model.get_metrics_result())
    return found


# The life of a model ------------------------------------------------------------------------------------------------


@case
def fit_again(k: Any) -> dict[str, Any]:
    model = net(k)
    model.compile(k.optimizers.Adam(0.05), "mse")
    first = train(model, X, REAL)
    return {"first": first["history"]["loss"], **train(model, X, REAL, initial_epoch=3, epochs=5)}


@case
def compile_again(k: Any) -> dict[str, Any]:
    model = net(k)
    model.compile(k.optimizers.Adam(0.05), "mse", metrics=["mae"])
    first = train(model, X, REAL)
    model.compile(k.optimizers.SGD(0.1), "mae", metrics=["mse"])
    return {"first": first["history"]["mae"], **train(model, X, REAL), **evaluated(model, X, REAL)}


@case
def compile_again_without_metrics(k: Any) -> dict[str, Any]:
    model = net(k)
    model.compile(k.optimizers.Adam(0.05), "mse", metrics=["mae"])
    train(model, X, REAL)
    model.compile(k.optimizers.SGD(0.1), "mae")
    return {**train(model, X, REAL), **evaluated(model, X, REAL)}


@case
def compile_again_with_the_same_optimizer(k: Any) -> dict[str, Any]:
    model, optimizer = net(k), k.optimizers.Adam(0.05)
    model.compile(optimizer, "mse")
    train(model, X, REAL)
    model.compile(optimizer, "mae")
    return train(model, X, REAL)


@case
def weights_set_between_fits(k: Any) -> dict[str, Any]:
    model = net(k)
    model.compile(k.optimizers.SGD(0.1, momentum=0.9), "mse")
    train(model, X, REAL)
    fill(model, 2)
    return train(model, X, REAL)


@case
def frozen_before_compile(k: Any) -> dict[str, Any]:
    model = net(k)
    model.layers[0].trainable = False
    return fit(k, model=model, compiled={"optimizer": k.optimizers.AdamW(0.05, weight_decay=0.1)})


@case
def frozen_between_compiles(k: Any) -> dict[str, Any]:
    model = net(k)
    model.compile(k.optimizers.Adam(0.05), "mse")
    train(model, X, REAL)
    model.layers[0].trainable = False
    return fit(k, model=model, compiled={"optimizer": k.optimizers.Adam(0.05)})


@case
def frozen_after_compile(k: Any) -> dict[str, Any]:
    model = net(k)
    model.compile(k.optimizers.Adam(0.05), "mse")
    model.layers[0].trainable = False
    return train(model, X, REAL)


@case
def thawed_between_compiles(k: Any) -> dict[str, Any]:
    model = net(k)
    model.layers[0].trainable = False
    model.compile(k.optimizers.Adam(0.05), "mse")
    train(model, X, REAL)
    model.layers[0].trainable = True
    model.compile(k.optimizers.Adam(0.05), "mse")
    return train(model, X, REAL)


@case
def all_frozen(k: Any) -> dict[str, Any]:
    model = net(k)
    model.trainable = False
    model.compile(k.optimizers.SGD(0.05), "mse")
    return train(model, X, REAL)


@case
def a_layer_added(k: Any) -> dict[str, Any]:
    model = net(k)
    model.compile(k.optimizers.SGD(0.1), "mse")
    train(model, X, REAL)
    model.add(k.layers.Dense(2, kernel_initializer="ones"))
    model.compile(k.optimizers.SGD(0.1), "mse")
    return train(model, X, REAL)


def _built_late(k: Any) -> dict[str, Any]:
    """Train a model that `fit` builds: its initial weights are those that do not depend on the backend."""
    layers = [k.layers.Dense(3, kernel_initializer="ones", activation="tanh"), k.layers.Dense(2)]
    layers[1].kernel_initializer = k.initializers.Constant(0.3)
    model = k.Sequential(layers)
    model.compile(k.optimizers.SGD(0.2), "mse", metrics=["mae"])
    return {
        "built": bool(model.built),
        **train(model, X, REAL, validation_split=1 / 3),
        "shapes": [w.shape for w in model.weights],
    }


CASES["built by fit"] = _built_late


@case
def drawn_by_building(k: Any) -> dict[str, Any]:
    """How much of the global streams a fit that builds its model takes."""
    k.utils.set_random_seed(11)
    model = k.Sequential([k.layers.Dense(3), k.layers.Dropout(0.5), k.layers.Dense(2, kernel_initializer="he_normal")])
    model.compile("sgd", "mse")
    model.fit(X, REAL, epochs=2, verbose=0)
    return {"python": random.random(), "numpy": np.random.random()}  # noqa: NPY002 - the stream that is compared


# Callbacks in a run -------------------------------------------------------------------------------------------------


@case
def early_stopping(k: Any) -> dict[str, Any]:
    stop = k.callbacks.EarlyStopping("val_loss", patience=1, restore_best_weights=True, min_delta=0.01)
    found = fit(k, validation_data=(X[:8], -REAL[:8]), epochs=12, callbacks=[stop])
    return {**found, "stopped": stop.stopped_epoch}


@case
def scheduler(k: Any) -> dict[str, Any]:
    return fit(k, callbacks=[k.callbacks.LearningRateScheduler(lambda epoch, rate: rate * 0.5)])


@case
def plateau(k: Any) -> dict[str, Any]:
    calls = [k.callbacks.ReduceLROnPlateau("loss", factor=0.3, patience=1, min_delta=0.2)]
    return fit(k, callbacks=calls, epochs=6)


@case
def nan_ends(k: Any) -> dict[str, Any]:
    x = X.copy()
    x[20] = np.nan
    return fit(k, x=x, shuffle=False, callbacks=[k.callbacks.TerminateOnNaN()])


@case
def stopped_by_a_callback(k: Any) -> dict[str, Any]:
    class Stop(k.callbacks.Callback):  # type: ignore[misc]
        def on_train_batch_end(self, batch: int, logs: Any = None) -> None:
            if self.seen and batch == 1:
                self.model.stop_training = True
            self.seen = True

        seen = False

    return fit(k, callbacks=[Stop()], batch_size=6)


@case
def hooks_and_logs(k: Any) -> dict[str, Any]:
    seen: list[Any] = []

    def hook(name: str) -> Any:
        def run(self: Any, *args: Any, **kwargs: Any) -> None:
            logs: Any = kwargs.get("logs", args[-1] if args else None)
            values = {k: float(v) for k, v in logs.items() if k != "outputs"} if hasattr(logs, "items") else {}
            seen.append([name, [a for a in args if isinstance(a, int)], values, list(values)])

        return run

    names = [f"on_{part}_{end}" for part in ("train", "test", "predict") for end in ("begin", "end")]
    names += [f"on_{part}_batch_{end}" for part in ("train", "test", "predict") for end in ("begin", "end")]
    spy = type("Spy", (k.callbacks.Callback,), {n: hook(n) for n in (*names, "on_epoch_begin", "on_epoch_end")})
    model = net(k)
    model.compile(k.optimizers.SGD(0.1), "mse", metrics=["mae"])
    model.fit(X, REAL, epochs=2, batch_size=10, validation_data=(X, REAL), verbose=0, callbacks=[spy()])
    model.evaluate(X, REAL, batch_size=10, verbose=0, callbacks=[spy()])
    model.predict(X, batch_size=10, verbose=0, callbacks=[spy()])
    return {"seen": seen, "weights": arrays(model)}


@case
def averages_swapped(k: Any) -> dict[str, Any]:
    optimizer = k.optimizers.SGD(0.3, use_ema=True, ema_momentum=0.8)
    swap = k.callbacks.SwapEMAWeights(swap_on_epoch=True)
    return fit(k, compiled={"optimizer": optimizer}, callbacks=[swap], validation_data=(X, REAL))


# Dropout: masks as Keras draws them on its NumPy backend ------------------------------------------------------------

RATE, SEED = 0.4, 5


def masks(count: int, shape: tuple[int, ...]) -> list[Any]:
    """Return which inputs each call of `Dropout(RATE, seed=SEED)` keeps."""
    return [np.random.default_rng([SEED, i]).uniform(size=shape) < 1.0 - RATE for i in range(count)]


@case
def dropout(k: Any) -> dict[str, Any]:
    """Our Dropout beside a layer of Keras's that is fed with the masks."""
    real = k.__name__ == "minikeras"

    class Net(k.Model):  # type: ignore[misc]
        def __init__(self) -> None:
            super().__init__()
            self.one, self.two = k.layers.Dense(6, activation="relu"), k.layers.Dense(2)
            self.drop = k.layers.Dropout(RATE, seed=SEED)

        def call(self, inputs: Any, training: bool = False) -> Any:
            x, mask = inputs
            h = self.one(x)
            if real:
                h = self.drop(h, training=training)
            elif training:
                h = h / (1 - RATE) * mask
            return self.two(h)

    kept = iter(masks(9, (8, 6)))

    def batches() -> Iterator[Any]:
        for i in range(9):
            rows = slice(i % 3 * 8, i % 3 * 8 + 8)
            yield (X[rows], next(kept).astype("float32")), REAL[rows]

    model = Net()
    ones = np.ones((N, 6), "float32")
    model((X[:1], ones[:1]))
    fill(model)
    if not real:
        model.drop.seed_generator.state.trainable = False
    model.compile(k.optimizers.Adam(0.05), "mse", metrics=["mae"])
    options = {"validation_data": ((X, ones), REAL), "validation_batch_size": N}
    history = model.fit(batches(), epochs=3, steps_per_epoch=3, verbose=0, **options).history
    weights = [np.array(v) for v in model.trainable_variables]
    return {"history": history, "weights": weights, "evaluate": model.evaluate((X, ones), REAL, verbose=0)}


@case
def call_without_training(k: Any) -> dict[str, Any]:
    """A model whose `call` does not take `training`: its Dropout and BatchNormalization do not train in `fit`."""

    class Net(k.Model):  # type: ignore[misc]
        def __init__(self) -> None:
            super().__init__()
            self.one, self.two = k.layers.Dense(6, activation="relu"), k.layers.Dense(2)
            self.drop, self.norm = k.layers.Dropout(0.5), k.layers.BatchNormalization(momentum=0.5)

        def call(self, x: Any) -> Any:
            return self.two(self.drop(self.norm(self.one(x))))

    model = Net()
    model(X[:1])
    fill(model)
    model.norm.set_weights([np.full(6, value) for value in (1.1, 0.2, 0.1, 0.9)])
    model.compile(k.optimizers.SGD(0.05), "mse")
    history = model.fit(X, REAL, epochs=2, batch_size=8, shuffle=False, verbose=0).history
    loss = float(model.train_on_batch(X, REAL))
    return {"history": history, "loss": loss, "weights": [np.array(v) for v in model.weights if "seed" not in v.path]}


# What is printed ----------------------------------------------------------------------------------------------------


def printed(action: Callable[[], Any], terminal: bool) -> str:
    """Return what an action writes to a pipe or a pseudo-terminal."""
    reading, writing = pty.openpty() if terminal else os.pipe()
    parts: list[bytes] = []

    def drain() -> None:
        while True:
            try:
                part = os.read(reading, 1 << 16)
            except OSError:  # how a pseudo-terminal ends
                break
            if not part:
                break
            parts.append(part)

    reader = threading.Thread(target=drain)
    reader.start()
    before = sys.stdout
    try:
        with open(writing, "w", encoding="utf-8") as sys.stdout:
            action()
    finally:
        sys.stdout = before
        reader.join()
        os.close(reading)
    return b"".join(parts).decode().replace("\r\n", "\n")


_TIME = re.compile(r"\d+(:\d\d)*s\b(?!/)|\d+(s|ms|us)/step")
_CODES = re.compile(r"\x1b\[\d+m")


def lines(text: str, terminal: bool) -> list[str]:
    """Return what is left in the end of what was printed, with all times alike.

    That is the last drawing of each line. Keras draws into a pipe as in a terminal, with colours; minikeras writes the
    last drawing there, plainly.
    """
    found = [_TIME.sub("T", line.split("\r")[-1].rstrip()) for line in text.split("\n")]
    return found if terminal else [_CODES.sub("", line) for line in found if line]


def _small(y_true: Any, y_pred: Any) -> Any:
    return y_pred[..., 0] * 1e-5


def _below(y_true: Any, y_pred: Any) -> Any:
    return -1.0 - y_pred[..., 0]


def _prints(verbose: Any, terminal: bool, what: str) -> Case:
    def run(k: Any) -> dict[str, Any]:
        model = net(k, 3, "softmax")
        metrics = [
            "acc",
            k.metrics.MeanMetricWrapper(_small, name="tiny"),
            k.metrics.MeanMetricWrapper(_below, name="below"),
        ]
        model.compile(k.optimizers.SGD(0.001), "sparse_categorical_crossentropy", metrics=metrics)
        actions = {
            "fit": lambda: model.fit(X, SPARSE, epochs=3, batch_size=10, verbose=verbose, validation_split=1 / 3),
            "fit once": lambda: model.fit(X, SPARSE, batch_size=2, verbose=verbose),
            "fit generator": lambda: model.fit(
                ((X[:8], SPARSE[:8]) for _ in range(3)),
                verbose=verbose,
                callbacks=[
                    k.callbacks.LambdaCallback(on_train_batch_end=lambda batch, logs: None)
                ],  # Keras waits for it
            ),
            "fit late": lambda: model.fit(X, SPARSE, initial_epoch=9, epochs=11, batch_size=10, verbose=verbose),
            "evaluate": lambda: model.evaluate(X, SPARSE, verbose=verbose, batch_size=10),
            "predict": lambda: model.predict(X, verbose=verbose, batch_size=10),
        }
        return {"text": lines(printed(actions[what], terminal), terminal)}

    return run


for _what in ("fit", "fit once", "fit generator", "fit late", "evaluate", "predict"):
    for _verbose in (1, 2):
        for _terminal in (False, True):
            _place = "terminal" if _terminal else "pipe"
            CASES[f"printed by {_what}, verbose {_verbose}, {_place}"] = _prints(_verbose, _terminal, _what)
CASES["printed by fit, verbose auto, terminal"] = _prints("auto", True, "fit")
CASES["printed by fit, verbose 0, terminal"] = _prints(0, True, "fit")


# Wrong uses ---------------------------------------------------------------------------------------------------------


def _wrong(k: Any) -> dict[str, Callable[[], Any]]:
    """Return wrong uses, and some that look so and are none."""
    o = k.optimizers

    def ready(units: int = 2, loss: Any = "mse", activation: str | None = None, **options: Any) -> Any:
        model = net(k, units, activation)
        model.compile(**{"optimizer": "sgd", "loss": loss, **options})
        return model

    def fitted(x: Any = X, y: Any = REAL, model: Any = None, **options: Any) -> Any:
        return (model or ready()).fit(x, y, **{"verbose": 0, **options})

    def of_several(kind: str = "list", y: Any = None, **options: Any) -> Any:
        model = several(k, kind)
        model.compile("sgd", **options)
        return model.fit(X, _Y[kind] if y is None else y, verbose=0)

    class NoCall(k.Model):  # type: ignore[misc]
        pass

    class Bad(k.Sequential):  # type: ignore[misc]
        def train_step(self, *args: Any, **kwargs: Any) -> Any:
            raise KeyError("of the user's")

    probabilities: dict[str, Any] = {"units": 3, "loss": "sparse_categorical_crossentropy", "activation": "softmax"}
    return {
        "fit before compile": lambda: net(k).fit(X, REAL, verbose=0),
        "evaluate before compile": lambda: net(k).evaluate(X, REAL, verbose=0),
        "train_on_batch before compile": lambda: net(k).train_on_batch(X, REAL),
        "test_on_batch before compile": lambda: net(k).test_on_batch(X, REAL),
        "predict before compile": lambda: net(k).predict(X, verbose=0),
        "compile a function as optimizer": lambda: net(k).compile(max, "mse"),
        "compile an unknown optimizer": lambda: net(k).compile("adm", "mse"),
        "compile an optimizer's class": lambda: net(k).compile(o.Adam, "mse"),
        "compile a number as optimizer": lambda: net(k).compile(3, "mse"),
        "compile an unknown keyword": lambda: net(k).compile("sgd", "mse", metric=["mae"]),
        "compile metrics in a string": lambda: net(k).compile("sgd", "mse", metrics="mae"),
        "compile weighted metrics in a string": lambda: net(k).compile("sgd", "mse", weighted_metrics="mae"),
        "compile metrics in a set": lambda: net(k).compile("sgd", "mse", metrics={"mae"}),
        "compile loss weights in a string": lambda: net(k).compile("sgd", "mse", loss_weights="a"),
        "fit an unknown loss": lambda: fitted(model=ready(loss="mze")),
        "fit a number as loss": lambda: fitted(model=ready(loss=3)),
        "fit a loss's class": lambda: fitted(model=ready(loss=k.losses.MeanSquaredError)),
        "fit an unknown metric": lambda: fitted(model=ready(metrics=["mze"])),
        "fit a number as metric": lambda: fitted(model=ready(metrics=[3])),
        "fit None as metric": lambda: fitted(model=ready(metrics=[None])),
        "fit without loss": lambda: fitted(model=ready(loss=None)),
        "fit without optimizer": lambda: fitted(model=ready(optimizer=None)),
        "fit a loss's configuration": lambda: fitted(
            model=ready(loss={"class_name": "Huber", "config": {"delta": 0.5}})
        ),
        "fit a loss that is not reduced": lambda: fitted(model=ready(loss=k.losses.MeanSquaredError(reduction="none"))),
        "fit two losses for one output": lambda: fitted(model=ready(loss=["mse", "mae"])),
        "fit losses by unknown name": lambda: fitted(model=ready(loss={"e": "mse"})),
        "fit loss weights in a wrong list": lambda: fitted(model=ready(loss_weights=[1.0, 2.0])),
        "fit without y": lambda: ready().fit(X, verbose=0),
        "fit without x": lambda: ready().fit(verbose=0),
        "fit fewer y": lambda: fitted(y=REAL[:5]),
        "fit fewer weights": lambda: fitted(sample_weight=WEIGHTS[:5]),
        "fit weights of wrong shape": lambda: fitted(sample_weight=np.ones((N, 2, 3))),
        "fit wide weights": lambda: fitted(sample_weight=np.ones((N, 5))),
        "fit y too wide": lambda: fitted(y=np.zeros((N, 5))),
        "fit y too narrow": lambda: fitted(y=np.zeros((N, 1))),
        "fit y flat": lambda: fitted(y=np.zeros(N)),
        "fit y of rank 3": lambda: fitted(y=np.zeros((N, 2, 2))),
        "fit y too wide for binary": lambda: fitted(y=np.zeros((N, 5)), model=ready(1, "bce", "sigmoid")),
        "fit y too wide for categorical": lambda: fitted(
            y=np.zeros((N, 5)), model=ready(3, "categorical_crossentropy", "softmax")
        ),
        "fit class numbers to categorical": lambda: fitted(
            y=SPARSE, model=ready(3, "categorical_crossentropy", "softmax")
        ),
        "fit one-hot to sparse": lambda: fitted(y=ONE_HOT, model=ready(**probabilities)),
        "fit labels too large": lambda: fitted(y=SPARSE + 5, model=ready(**probabilities)),
        "fit labels below 0": lambda: fitted(y=SPARSE - 5, model=ready(**probabilities)),
        "fit fractions as labels": lambda: fitted(y=SPARSE + 0.5, model=ready(**probabilities)),
        "fit words as y": lambda: fitted(y=np.array(["a"] * N)),
        "fit words as x": lambda: fitted(x=np.array([["a"] * 4] * N)),
        "fit objects": lambda: fitted(x=np.array([[object()] * 4] * N)),
        "fit x too wide": lambda: fitted(x=np.zeros((N, 5))),
        "fit x flat": lambda: fitted(x=np.zeros(N)),
        "fit a scalar": lambda: fitted(x=np.float32(3), y=np.float32(2)),
        "fit nested lists": lambda: fitted(X.tolist(), REAL.tolist()),
        "fit a list for y": lambda: fitted(X, REAL.tolist()),
        "fit a ragged list": lambda: fitted(x=[[1.0, 2.0], [3.0]], y=[1.0, 2.0]),
        "fit nothing": lambda: fitted(X[:0], REAL[:0]),
        "fit an empty generator": lambda: ready().fit(iter([]), verbose=0),
        "fit an empty list": lambda: fitted([], []),
        "fit a generator and y": lambda: ready().fit(_batches(), REAL, verbose=0),
        "fit a generator and weights": lambda: ready().fit(_batches(), sample_weight=WEIGHTS, verbose=0),
        "fit a generator and class weight": lambda: ready().fit(_batches(), class_weight={0: 1.0}, verbose=0),
        "fit a generator and split": lambda: ready().fit(_batches(), validation_split=0.2, verbose=0),
        "fit a generator of numbers": lambda: ready().fit(iter([1, 2]), verbose=0),
        "fit a generator of four": lambda: ready().fit(iter([(X, REAL, WEIGHTS, 1)]), verbose=0),
        "fit a dataset and y": lambda: ready().fit(dataset(k, []), REAL, verbose=0),
        "fit both kinds of weights": lambda: fitted(
            y=SPARSE, model=ready(**probabilities), class_weight={0: 1.0}, sample_weight=WEIGHTS
        ),
        "fit class weight to two columns": lambda: fitted(class_weight={0: 1.0, 1: 2.0}),
        "fit class weight in time": lambda: fitted(x=T, y=TIMES, model=None, class_weight={0: 1.0, 1: 2.0}),
        "fit class weight as a list": lambda: fitted(
            y=SPARSE, model=ready(**probabilities), class_weight=[1.0, 2.0, 3.0]
        ),
        "split 0": lambda: fitted(validation_split=0),
        "split 1": lambda: fitted(validation_split=1),
        "split 1.0": lambda: fitted(validation_split=1.0),
        "split 2": lambda: fitted(validation_split=2),
        "split -1": lambda: fitted(validation_split=-1),
        "split so small": lambda: fitted(validation_split=1e-9),
        "validation data of one": lambda: fitted(validation_data=(X,)),
        "validation data of four": lambda: fitted(validation_data=(X, REAL, WEIGHTS, X)),
        "validation data of wrong width": lambda: fitted(validation_data=(X[:, :3], REAL)),
        "validation data of unequal rows": lambda: fitted(validation_data=(X, REAL[:3])),
        "validation freq a": lambda: fitted(validation_data=(X, REAL), validation_freq="a"),
        "validation freq 0": lambda: fitted(validation_data=(X, REAL), validation_freq=0),
        "validation freq 1.5": lambda: fitted(validation_data=(X, REAL), validation_freq=1.5),
        "epochs 0": lambda: fitted(epochs=0),
        "epochs -1": lambda: fitted(epochs=-1),
        "epochs 1.5": lambda: fitted(epochs=1.5),
        "epochs in a string": lambda: fitted(epochs="3"),
        "batch size 0": lambda: fitted(batch_size=0),
        "batch size -1": lambda: fitted(batch_size=-1),
        "batch size 2.5": lambda: fitted(batch_size=2.5),
        "batch size in a string": lambda: fitted(batch_size="3"),
        "steps 0": lambda: fitted(steps_per_epoch=0),
        "steps -1": lambda: fitted(steps_per_epoch=-1),
        "verbose x": lambda: fitted(verbose="x"),
        "verbose 5": lambda: fitted(verbose=5),
        "fit an unknown keyword": lambda: fitted(nb_epoch=1),
        "fit a callback's class": lambda: fitted(callbacks=[k.callbacks.EarlyStopping]),
        "fit a function as callback": lambda: fitted(callbacks=[max]),
        "fit one callback": lambda: fitted(callbacks=k.callbacks.TerminateOnNaN()),
        "evaluate an unknown keyword": lambda: ready().evaluate(X, REAL, verbose=0, foo=1),
        "evaluate without y": lambda: ready().evaluate(X, verbose=0),
        "evaluate fewer y": lambda: ready().evaluate(X, REAL[:3], verbose=0),
        "evaluate nothing": lambda: ready().evaluate(X[:0], REAL[:0], verbose=0),
        "evaluate y too wide": lambda: ready().evaluate(X, np.zeros((N, 5)), verbose=0),
        "evaluate without loss": lambda: ready(loss=None).evaluate(X, REAL, verbose=0),
        "predict nothing": lambda: ready().predict(X[:0], verbose=0),
        "predict an empty generator": lambda: ready().predict(iter([]), verbose=0),
        "train_on_batch both weights": lambda: ready(**probabilities).train_on_batch(
            X, SPARSE, sample_weight=WEIGHTS, class_weight={0: 1.0}
        ),
        "train_on_batch fewer y": lambda: ready().train_on_batch(X, REAL[:3]),
        "train_on_batch without y": lambda: ready().train_on_batch(X),
        "train_on_batch of a generator": lambda: ready().train_on_batch(_batches()),
        "test_on_batch y too wide": lambda: ready().test_on_batch(X, np.zeros((N, 5))),
        "test_on_batch of nothing": lambda: ready().test_on_batch(X[:0], REAL[:0]),
        "several, too few losses": lambda: of_several(loss=["mse"]),
        "several, too many losses": lambda: of_several(loss=["mse"] * 3),
        "several, loss by unknown name": lambda: of_several("dict", loss={"u": "mse", "z": "mae"}),
        "several, losses by name for a list": lambda: of_several(loss={"pp": "mse", "qq": "mae"}),
        "several, too few targets": lambda: of_several(loss="mse", y=[P]),
        "several, one target": lambda: of_several(loss="mse", y=P),
        "several, targets by wrong name": lambda: of_several("dict", loss="mse", y={"u": P, "z": Q}),
        "several, targets in a list for a dict": lambda: of_several("dict", loss="mse", y=[P, Q]),
        "several, targets by name for a list": lambda: of_several(loss="mse", y={"a": P, "b": Q}),
        "several, metrics in a flat list": lambda: of_several(loss="mse", metrics=["mae", "mse", "mape"]),
        "several, one metric for all": lambda: of_several(loss="mse", metrics=["mae"]),
        "several, metrics by unknown name": lambda: of_several("dict", loss="mse", metrics={"z": "mae"}),
        "several, loss weights in a wrong list": lambda: of_several(loss="mse", loss_weights=[1.0]),
        "several, loss weights by unknown name": lambda: of_several("dict", loss="mse", loss_weights={"z": 1.0}),
        "several, one loss weight": lambda: of_several(loss="mse", loss_weights=2.0),
        "several, no loss at all": lambda: of_several(loss=[None, None]),
        "fit a model without call": lambda: _compiled(NoCall()).fit(X, REAL, verbose=0),
        "fit a model without layers": lambda: _compiled(k.Sequential()).fit(X, REAL, verbose=0),
        "fit a step that raises": lambda: _compiled(Bad([k.Input((4,)), k.layers.Dense(2)])).fit(X, REAL, verbose=0),
    }


@case
def a_kernel_of_singular_value_1(k: Any) -> dict[str, Any]:
    start = k.initializers.Constant(0.5)
    layer = k.layers.SpectralNormalization(k.layers.Dense(3, kernel_initializer=start), power_iterations=2)
    model = k.Sequential([k.Input((4,)), layer, k.layers.Dense(2, kernel_initializer=start)])
    layer.vector_u.assign(np.full((1, 3), 0.1))
    found = fit(k, model=model)
    layer.trainable = False  # what is frozen is replaced for good
    model.compile(k.optimizers.SGD(0.01), "mse")
    return {**found, "frozen": train(model, X, REAL)}


@case
def batch_renormalization(k: Any) -> dict[str, Any]:
    found = {}
    for limits in (None, {"rmin": 0.9, "rmax": 1.1, "dmax": 0.1}):
        options: dict[str, Any] = {"renorm": True, "renorm_clipping": limits, "momentum": 0.8, "renorm_momentum": 0.7}
        norm = k.layers.BatchNormalization(**options, scale=limits is None)
        model = fill(k.Sequential([k.Input((4,)), norm, k.layers.Dense(2)]))
        model.compile(k.optimizers.SGD(0.01), "mse")
        found[str(limits)] = [
            train(model, X, REAL),
            norm.get_config()["renorm_clipping"],
            [w.name for w in norm.weights],
        ]
    return found


@case
def an_f1_score_of_each_of_one_column(k: Any) -> dict[str, Any]:
    return fit(k, "binary", compiled={"metrics": [k.metrics.F1Score(average=None, threshold=0.5)]})


def _compiled(model: Any) -> Any:
    model.compile("sgd", "mse")
    return model


def _with_wrong(name: str) -> Case:
    def run(k: Any) -> dict[str, Any]:
        _wrong(k)[name]()
        return {}

    return run


WRONG: dict[str, Case] = {name: _with_wrong(name) for name in _wrong(_NO_LIBRARY)}


# Running ------------------------------------------------------------------------------------------------------------


def outcome(k: Any, run: Case) -> dict[str, Any]:
    """Return what a case returns, or the class of its error, after everything random began anew."""
    k.utils.clear_session(free_memory=False)  # which takes a tenth of a second
    np.random.seed(7)  # noqa: NPY002 - the stream that is compared
    random.seed(7)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return plain(run(k))  # type: ignore[no-any-return]
    except Exception as error:
        return {"error": type(error).__name__, "text": str(error)}


def plain(value: Any) -> Any:
    """Return nested lists and dicts of numbers and texts."""
    if isinstance(value, dict):
        return {str(key): plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [plain(item) for item in value]
    if value is None or isinstance(value, str | bool | int | float):
        return value
    array = np.asarray(value)
    short = array.astype(str).astype(float) if array.dtype == np.float32 else array  # as few digits as tell them apart
    return short.tolist()


_KEPT = ("at random ", "optimizer ", "activation ", *(f"{name}, " for name in OPTIMIZERS))
STORED = [name for name in CASES if name.startswith(_KEPT)]
"""Cases whose results are kept in a file, since Keras takes half a second to compile each."""
FILE = Path(__file__).with_name("fit_numbers.json")


if __name__ == "__main__":  # takes names of cases; without any it makes the file
    os.environ["KERAS_BACKEND"] = "jax"
    import keras

    results, sys.stdout = sys.stdout, sys.stderr
    found = []
    for name in sys.argv[1:] or STORED:
        found.append(json.dumps(outcome(keras, {**CASES, **WRONG}[name])))
        print(found[-1], file=results, flush=True)
    if not sys.argv[1:]:
        rows = [f"{json.dumps(name)}: {row}" for name, row in zip(STORED, found, strict=True)]
        FILE.write_text("{\n" + ",\n".join(rows) + "\n}\n")
