"""The contenders: minikeras, the loops written by hand, and the peers."""

import importlib
import os
import warnings
from collections.abc import Callable
from typing import Any

import numpy as np

from benchmarks.workloads import BULK_BATCH, Float, HandTuned, Products, Workload


class KerasModel:
    """The workload as a script for Keras says it; minikeras runs the same script.

    Args:
        keras: The module.
        workload: The workload.
        losses: What to compile with instead of the built-in loss.
        layer: Makes the hidden layers, of so many units, instead of the built-in `Dense`.
        metrics: Metrics to compile with.
    """

    def __init__(
        self,
        keras: Any,
        workload: Workload,
        loss: Any = None,
        layer: Callable[[int, str], Any] | None = None,
        metrics: list[str] | None = None,
    ) -> None:
        self.keras, self.workload = keras, workload
        self.x, self.y = workload.data()
        self.y = self.y.reshape(-1, 1) if workload.is_binary else self.y
        model = keras.Sequential([keras.Input((workload.features,))])
        for i, (units, activation) in enumerate(zip(workload.units, workload.activations, strict=True)):
            inner = layer is not None and i < len(workload.units) - 1
            model.add(layer(units, activation) if inner and layer else keras.layers.Dense(units, activation))
        model.set_weights(workload.weights())
        if loss is None and workload.is_binary:
            loss = keras.losses.BinaryCrossentropy()
        elif loss is None:
            loss = keras.losses.SparseCategoricalCrossentropy(from_logits=workload.activations[-1] == "linear")
        self.optimizer = keras.optimizers.get(workload.optimizer)
        self.loss = loss
        model.compile(optimizer=self.optimizer, loss=loss, metrics=metrics)
        self.model = model

    def fit(self, epochs: int, **options: Any) -> list[float]:
        """Train, with the rows in a new order each epoch, and return the mean loss of each."""
        options = {"batch_size": self.workload.batch, "epochs": epochs, "verbose": 0, **options}
        losses: list[float] = self.model.fit(self.x, self.y, **options).history["loss"]
        return losses

    def call(self, x: Float) -> Any:
        """Return the outputs for one row, as the library's tensor."""
        return self.model(x)

    def predict(self, x: Float) -> Any:
        """Return the outputs for one row, as an array."""
        return self.model.predict(x, verbose=0)

    def bulk(self, x: Float) -> Any:
        """Return the outputs for many rows."""
        return self.model.predict(x, batch_size=BULK_BATCH, verbose=0)

    def eager(self, x: Float) -> None:
        """Compute the outputs for many rows layer by layer, which runs eagerly."""
        for start in range(0, len(x), BULK_BATCH):
            y: Any = x[start : start + BULK_BATCH]
            for layer in self.model.layers:
                y = layer(y)

    def tape(self, epochs: int) -> None:
        """Train in a loop of one's own with a GradientTape, in TensorFlow inside `tf.function`."""
        n, x, y = self.workload.batch, self.x, self.y
        batches = [(x[start : start + n], y[start : start + n]) for start in range(0, len(x), n)]
        if self.keras.__name__ == "keras":
            tensorflow = importlib.import_module("tensorflow")
            make_tape, convert = tensorflow.GradientTape, tensorflow.convert_to_tensor
            batches = [(convert(a), convert(b)) for a, b in batches]
        else:
            make_tape = self.keras.GradientTape

        def step(x: Any, y: Any) -> Any:
            with make_tape() as tape:
                loss = self.loss(y, self.model(x, training=True))
            variables = self.model.trainable_variables
            self.optimizer.apply_gradients(zip(tape.gradient(loss, variables), variables, strict=True))
            return loss

        if self.keras.__name__ == "keras":
            if "_step" not in vars(self):
                self._step = tensorflow.function(step)
            step = self._step
        for _ in range(epochs):
            for a, b in batches:
                step(a, b)

    def get_weights(self) -> list[Float]:
        """Return the weights: kernel, bias, kernel, ..."""
        weights: list[Float] = self.model.get_weights()
        return weights


class Torch:
    """The workload in PyTorch alone, with its fused optimizer where it has one."""

    def __init__(self, workload: Workload) -> None:
        torch: Any = importlib.import_module("torch")
        self.torch, self.workload = torch, workload
        x, y = workload.data()
        self.x, self.y = torch.from_numpy(x), torch.from_numpy(y if workload.is_binary else y.astype("int64"))
        self.y = self.y.reshape(-1, 1) if workload.is_binary else self.y
        parts: list[Any] = []
        given = iter(workload.weights())
        sizes = (workload.features, *workload.units)
        for i, activation in enumerate(workload.activations):
            linear = torch.nn.Linear(sizes[i], sizes[i + 1])
            linear.weight.data = torch.from_numpy(np.ascontiguousarray(next(given).T))
            linear.bias.data = torch.from_numpy(next(given))
            parts.append(linear)
            if i < len(workload.units) - 1:
                parts.append({"relu": torch.nn.ReLU, "sigmoid": torch.nn.Sigmoid}[activation]())
        self.logits = torch.nn.Sequential(*parts)
        last = {"sigmoid": torch.nn.Sigmoid, "softmax": lambda: torch.nn.Softmax(-1), "linear": torch.nn.Identity}
        self.model = torch.nn.Sequential(*parts, last[workload.activations[-1]]())
        self.loss = torch.nn.BCEWithLogitsLoss() if workload.is_binary else torch.nn.CrossEntropyLoss()
        if workload.optimizer == "adam":
            self.optimizer = torch.optim.Adam(self.logits.parameters(), 0.001, eps=1e-7, fused=True)
        else:
            self.optimizer = torch.optim.RMSprop(self.logits.parameters(), 0.001, alpha=0.9, eps=1e-7)

    def fit(self, epochs: int) -> list[float]:
        """Train, with the rows in a new order each epoch, and return the mean loss of each."""
        losses = []
        for _ in range(epochs):
            order, total = self.torch.randperm(len(self.x)), self.torch.zeros(())
            for rows in order.split(self.workload.batch):
                self.optimizer.zero_grad()
                loss = self.loss(self.logits(self.x[rows]), self.y[rows])
                loss.backward()
                self.optimizer.step()
                total += loss.detach()
            losses.append(float(total) / self.workload.steps)
        return losses

    def call(self, x: Float) -> Any:
        """Return the outputs for one row, as a tensor."""
        with self.torch.inference_mode():
            return self.model(self.torch.from_numpy(x))

    def predict(self, x: Float) -> Any:
        """Return the outputs for one row, as an array."""
        return self.call(x).numpy()

    def bulk(self, x: Float) -> Any:
        """Return the outputs for many rows."""
        with self.torch.inference_mode():
            parts = [self.model(part) for part in self.torch.from_numpy(x).split(BULK_BATCH)]
            return self.torch.cat(parts).numpy()


class ScikitLearn:
    """The workload as scikit-learn's classifier, which always ends in probabilities and has Adam for RMSprop."""

    def __init__(self, workload: Workload) -> None:
        self.workload = workload
        self.x, y = workload.data()
        self.y = y.astype("int32")
        self.kind: Any = importlib.import_module("sklearn.neural_network").MLPClassifier
        self.model = self._train(1)

    def _train(self, epochs: int) -> Any:
        activation = {"sigmoid": "logistic", "relu": "relu"}[self.workload.activations[0]]
        options = {"hidden_layer_sizes": self.workload.units[:-1], "batch_size": self.workload.batch, "alpha": 0.0}
        model = self.kind(activation=activation, max_iter=epochs, tol=0.0, n_iter_no_change=1 << 30, **options)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return model.fit(self.x, self.y)

    def fit(self, epochs: int) -> list[float]:
        """Train, with the rows in a new order each epoch, and return the mean loss of each."""
        self.model = self._train(epochs)
        losses: list[float] = self.model.loss_curve_
        return losses

    def call(self, x: Float) -> Any:
        """Return the outputs for one row, as an array."""
        return self.model.predict_proba(x)

    predict = call
    bulk = call


def library(name: str) -> Any:
    """Return the module that stands for Keras."""
    os.environ["KERAS_BACKEND"] = name.removeprefix("keras-")
    return importlib.import_module("keras" if name.startswith("keras-") else "minikeras")


def _keras(name: str) -> Callable[[Workload], KerasModel]:
    return lambda workload: KerasModel(library(name), workload)


CONTENDERS: dict[str, tuple[Callable[[Workload], Any], tuple[str, ...]]] = {
    "minikeras": (_keras("minikeras"), ("numpy",)),
    "hand-tuned": (HandTuned, ("numpy",)),
    "products": (Products, ("numpy",)),
    "keras-jax": (_keras("keras-jax"), ("keras", "jax")),
    "keras-tensorflow": (_keras("keras-tensorflow"), ("keras", "tensorflow")),
    "keras-torch": (_keras("keras-torch"), ("keras", "torch")),
    "torch": (Torch, ("torch",)),
    "scikit-learn": (ScikitLearn, ("sklearn",)),
}
"""Each contender's class, and the modules it needs."""
PEERS = tuple(CONTENDERS)[3:]
