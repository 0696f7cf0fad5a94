"""Compiled models that are saved after a step of training, once for Keras and minikeras.

As a program it runs Keras on JAX: it saves all models in one folder, and loads those that minikeras saved in another.
"""

import json
import os
import sys
import warnings
from pathlib import Path
from typing import Any

import numpy as np

from tests.parity import functional_models
from tests.parity.functional_models import Make, data, fill

OPTIMIZERS: list[tuple[str, dict[str, Any]]] = [
    ("SGD", {}),
    ("RMSprop", {}),
    ("Adam", {}),
    ("AdamW", {"weight_decay": 0.1}),
    ("Adamax", {}),
    ("Nadam", {}),
    ("Adagrad", {}),
    ("Adadelta", {}),
    ("Ftrl", {}),
    ("Lion", {}),
    ("Lamb", {}),
    ("Adafactor", {}),
    ("ScheduleFreeAdamW", {}),
    ("SGD", {"momentum": 0.9, "nesterov": True}),
    ("RMSprop", {"momentum": 0.9, "centered": True}),
    ("Adam", {"amsgrad": True, "clipnorm": 0.1}),
    ("Adam", {"use_ema": True, "ema_momentum": 0.7}),
    ("SGD", {"momentum": 0.5, "gradient_accumulation_steps": 2}),
    ("Adam", {"loss_scale_factor": 3.0, "global_clipnorm": 0.5}),
    ("SGD", {"learning_rate": ("ExponentialDecay", {"initial_learning_rate": 0.1, "decay_steps": 1, "decay_rate": 1})}),
    ("Adam", {"learning_rate": ("CosineDecay", {"initial_learning_rate": 0.1, "decay_steps": 3})}),
]


def pictures(k: Any) -> Any:
    """Return a Sequential with layers that have state besides trained weights."""
    images = [k.layers.Conv2D(3, 2), k.layers.BatchNormalization(), k.layers.LeakyReLU(), k.layers.MaxPooling2D()]
    numbers = [k.layers.Flatten(), k.layers.Dropout(0.0), k.layers.Dense(2, k.layers.LeakyReLU(0.2), name="last")]
    return k.Sequential([k.Input((5, 5, 2)), k.layers.Normalization(), *images, *numbers])


def late(k: Any) -> Any:
    """Return a Sequential that is built by its first batch."""
    return k.Sequential([k.layers.Dense(3, "tanh", kernel_regularizer="l2"), k.layers.Dense(1)], name="late")


def own(k: Any) -> Any:
    """Return a model of a class of the user's, with layers in attributes, lists and dicts."""
    return own_classes(k)["Net"](3)


def own_classes(k: Any) -> dict[str, Any]:
    """Return classes and functions of the user's."""

    class Scale(k.layers.Layer):  # type: ignore[misc]  # of either package, so Any
        def build(self, input_shape: Any) -> None:
            self.scale = self.add_weight(shape=(input_shape[-1],), initializer="ones", name="scale")
            self.calls = self.add_weight(shape=(), initializer="zeros", trainable=False, name="calls")

        def call(self, x: Any) -> Any:
            return x * self.scale

    class Net(k.Model):  # type: ignore[misc]  # of either package, so Any
        def __init__(self, units: int, **options: Any) -> None:
            super().__init__(**options)
            self.units = units
            self.first = k.layers.Dense(units)
            self.blocks = [k.layers.Dense(4, "tanh"), [k.layers.Dense(4), Scale()]]
            self.by_name = {"z": k.layers.Dense(2), "a": k.Sequential([k.layers.Dense(2)])}
            self._hidden = Scale()

        def call(self, x: Any) -> Any:
            x = self.blocks[1][1](self.blocks[1][0](self.blocks[0](self.first(x))))
            return self._hidden(self.by_name["a"](self.by_name["z"](x)))

        def get_config(self) -> Any:
            return {**super().get_config(), "units": self.units}

    return {"Net": Net, "Scale": Scale}


GRAPHS = ["chain", "two_inputs", "residual", "outputs_in_a_list", "dicts", "tuples", "siamese", "nested", "features",
          "from_the_middle", "operators", "a_model_first", "two_towers", "residual_block", "autoencoder", "text",
          "image_and_numbers", "attention", "gates"]  # fmt: skip
MODELS: dict[str, Make] = {
    **{name: functional_models.MODELS[name] for name in GRAPHS},
    "pictures": pictures,
    "late": late,
    "own": own,
}
BY_HAND = {"late": (4,), "own": (4,)}
"""Models without `inputs`: shape of a row."""


def optimizer(k: Any, number: int) -> Any:
    """Return one of the optimizers."""
    name, options = OPTIMIZERS[number % len(OPTIMIZERS)]
    rate = options.get("learning_rate")
    if rate is not None:
        options = {**options, "learning_rate": getattr(k.optimizers.schedules, rate[0])(**rate[1])}
    return getattr(k.optimizers, name)(**options)


def batch(name: str, m: Any) -> tuple[Any, Any]:
    """Return inputs and targets for a model."""
    if name in BY_HAND:
        x = np.random.default_rng(0).normal(size=(8, *BY_HAND[name])).astype("float32")
        return x, np.full((8, 1 if name == "late" else 2), 0.5, "float32")
    y: Any = [np.full((8, *y.shape[1:]), 0.5, "float32") for y in m.outputs]
    structure = m.output if hasattr(m, "output") else None
    return data(m), dict(zip(m.output_names, y, strict=True)) if isinstance(structure, dict) else y if len(
        y
    ) > 1 else y[0]


def losses(m: Any, y: Any) -> dict[str, Any]:
    """Return losses and metrics for a model."""
    if isinstance(y, dict):
        return {"loss": dict.fromkeys(y, "mse"), "metrics": {next(iter(y)): ["mae"]}}
    if isinstance(y, list):
        return {"loss": ["mse"] * len(y), "loss_weights": [1.0] * len(y), "metrics": [["mae"]] * len(y)}
    return {"loss": "huber", "metrics": ["mae", "mean_squared_error"]}


def save(k: Any, folder: Path) -> dict[str, Any]:
    """Save each model, and its weights alone, after a step; return what they do then, by name."""
    found = {}
    for number, (name, make) in enumerate(MODELS.items()):
        k.utils.clear_session(free_memory=False)
        m = make(k)
        x, y = batch(name, m)
        m.compile(optimizer(k, number), **losses(m, y))
        if name in BY_HAND:
            m.predict(x, verbose=0)
        fill(m)
        for layer in m.layers:
            if hasattr(layer, "finalize_state"):
                layer.finalize_state()
        m.train_on_batch(x, y)
        m.save(folder / f"{name}.keras")
        m.save_weights(folder / f"{name}.weights.h5")
        found[name] = outcome(k, m, x, y)
    return found


def load(k: Any, folder: Path) -> dict[str, Any]:
    """Load each model that is in a folder; return what it does, by name."""
    found = {}
    for name in MODELS:
        m = k.saving.load_model(folder / f"{name}.keras", custom_objects=own_classes(k))
        found[name] = outcome(k, m, *batch(name, m))
    return found


def outcome(k: Any, m: Any, x: Any, y: Any) -> dict[str, Any]:
    """Return the configuration, the predictions, the optimizer's state, and what the next step of training makes."""
    predictions = m.predict(x, verbose=0)
    if isinstance(predictions, dict):
        predictions = [predictions[key] for key in sorted(predictions)]
    found = {
        "config": json.loads(json.dumps(m.get_config())),
        "optimizer": m.optimizer.get_config() | {"learning_rate": None},
        "predict": [np.asarray(p).tolist() for p in predictions],
        "weights": [np.asarray(w).tolist() for w in m.get_weights()],
        "state": [np.asarray(v).tolist() for v in m.optimizer.variables],
    }
    found["loss"] = [float(value) for value in np.atleast_1d(m.train_on_batch(x, y))]
    found["after"] = [np.asarray(w).tolist() for w in m.get_weights()]
    return found


if __name__ == "__main__":
    os.environ["KERAS_BACKEND"] = "jax"
    warnings.simplefilter("ignore")
    import keras

    there, here = map(Path, sys.argv[1:])
    print(json.dumps({"saved": save(keras, there), "loaded": load(keras, here)}))
