"""Training of models with the layers whose weights or masks change on the way, the same for Keras and minikeras.

As a program it runs Keras on JAX and writes the results to a file.
"""

import os
import sys
import warnings
from collections.abc import Callable
from typing import Any

import numpy as np

ROWS = 30
RNG = np.random.default_rng(5)
X = RNG.normal(2.0, 3.0, size=(ROWS, 6)).astype("float32")
IMAGES = RNG.normal(1.0, 2.0, size=(ROWS, 3, 2, 4)).astype("float32")
WORDS = RNG.integers(0, 7, size=(ROWS, 5))
WORDS[:, 0] = np.maximum(WORDS[:, 0], 1)
SERIES = RNG.normal(size=(ROWS, 5, 3)).astype("float32")
SERIES[::2, 3:] = 0.0
Y = (X[:, :1] * X[:, 1:2] > 4).astype("float32")
TAGS = (WORDS[..., None] % 3).astype("int32")
NUMBERS = SERIES.sum(axis=2, keepdims=True)


def normalized(k: Any) -> Any:
    """Return a classifier that normalizes batches."""
    return k.Sequential(
        [
            k.Input((6,)),
            k.layers.BatchNormalization(momentum=0.8),
            k.layers.Dense(5, use_bias=False),
            k.layers.BatchNormalization(momentum=0.6, gamma_regularizer="l2", beta_constraint="non_neg"),
            k.layers.Activation("relu"),
            k.layers.Dense(1, "sigmoid"),
        ]
    )


def frozen(k: Any) -> Any:
    """Return a classifier with one layer that is not trained."""
    model = normalized(k)
    model.layers[2].trainable = False
    return model


def channels(k: Any) -> Any:
    """Return a model of images with statistics of another axis, and without gamma and beta."""
    return k.Sequential(
        [
            k.Input((3, 2, 4)),
            k.layers.BatchNormalization(axis=1, momentum=0.7, center=False, scale=False),
            k.layers.GroupNormalization(2),
            k.layers.Flatten(),
            k.layers.Dense(1, "sigmoid"),
        ]
    )


def samples(k: Any) -> Any:
    """Return a model that normalizes each sample."""
    return k.Sequential(
        [
            k.Input((6,)),
            k.layers.LayerNormalization(),
            k.layers.Dense(4, "tanh"),
            k.layers.RMSNormalization(),
            k.layers.EinsumDense("ab,bcd->acd", (2, 3), "tanh", "cd"),
            k.layers.Flatten(),
            k.layers.UnitNormalization(),
            k.layers.Dense(1, "sigmoid"),
        ]
    )


def words(k: Any) -> Any:
    """Return a model that tags words, of which 0 stands for none."""
    return k.Sequential(
        [
            k.Input((5,), dtype="int32"),
            k.layers.Embedding(7, 4, mask_zero=True),
            k.layers.BatchNormalization(momentum=0.5),
            k.layers.TimeDistributed(k.layers.Dense(4, "tanh")),
            k.layers.Dense(3, "softmax"),
        ]
    )


def series(k: Any) -> Any:
    """Return a model of series with steps that do not count."""
    return k.Sequential(
        [
            k.Input((5, 3)),
            k.layers.Masking(),
            k.layers.Dense(4, "tanh"),
            k.layers.TimeDistributed(k.layers.BatchNormalization(momentum=0.5)),
            k.layers.Dense(1),
        ]
    )


def branches(k: Any) -> Any:
    """Return a model that takes two ways and merges them in all manners."""
    x = k.Input((6,))
    a, b = k.layers.Dense(3, "tanh")(x), k.layers.BatchNormalization(momentum=0.5)(k.layers.Dense(3)(x))
    merged = [getattr(k.layers, n)([a, b]) for n in ("add", "subtract", "multiply", "average", "maximum", "minimum")]
    y = k.layers.concatenate([*merged, k.layers.dot([a, b], axes=1), k.layers.dot([a, b], axes=1, normalize=True)])
    return k.Model(x, k.layers.Dense(1, "sigmoid")(y))


Case = tuple[Callable[[Any], Any], Any, Any, str]
CASES: dict[str, Case] = {
    "normalized": (normalized, X, Y, "binary_crossentropy"),
    "frozen": (frozen, X, Y, "binary_crossentropy"),
    "channels": (channels, IMAGES, Y, "binary_crossentropy"),
    "samples": (samples, X, Y, "binary_crossentropy"),
    "words": (words, WORDS, TAGS, "sparse_categorical_crossentropy"),
    "series": (series, SERIES, NUMBERS, "mean_squared_error"),
    "branches": (branches, X, Y, "binary_crossentropy"),
}


def run(k: Any, name: str, run_eagerly: bool = False, epochs: int = 4) -> dict[str, Any]:
    """Return the history, the weights, the evaluation and the predictions of a model that was trained."""
    make, x, y, loss = CASES[name]
    model = make(k)
    rng = np.random.default_rng(3)
    model.set_weights(
        [np.abs(rng.normal(size=w.shape)) if v.name != "kernel" else rng.normal(size=w.shape) * 0.5
         for v, w in zip(model.weights, model.get_weights(), strict=True)]
    )  # fmt: skip
    optimizer = k.optimizers.SGD(0.1, momentum=0.5)  # which does not divide by the size of a gradient that is all noise
    model.compile(optimizer, loss, metrics=["mse"] if loss[0] != "s" else ["accuracy"], run_eagerly=run_eagerly)
    np.random.seed(7)  # noqa: NPY002 - the stream that both libraries shuffle with
    history = model.fit(x, y, epochs=epochs, batch_size=8, validation_data=(x[:11], y[:11]), verbose=0).history
    found = {f"history {key}": np.array(value) for key, value in history.items()}
    found |= {f"weight {i} {v.name}": np.array(v) for i, v in enumerate(model.weights)}
    found["evaluate"] = np.array(model.evaluate(x, y, verbose=0, batch_size=7))
    found["predict"] = np.array(model.predict(x, verbose=0, batch_size=4))
    return found


if __name__ == "__main__":
    os.environ["KERAS_BACKEND"] = "jax"
    warnings.simplefilter("ignore")
    import keras

    results = {f"{name}|{key}": value for name in CASES for key, value in run(keras, name).items()}
    np.savez(sys.argv[1], **results)
