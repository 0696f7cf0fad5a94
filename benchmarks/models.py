"""Models of the kinds that courses train, as a script for Keras makes them; minikeras runs the same lines."""

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

from benchmarks.workloads import Float

STEPS = 20
"""Batches of the data."""
WORDS = [f"word {i}" for i in range(500)]
_OF_TOKENS = ("tokens", "padded")


def chain(x: Any, *layers: Any) -> Any:
    """Return what layers make of x, one after another."""
    for layer in layers:
        x = layer(x)
    return x


class Model(NamedTuple):
    """A model, and how it is trained.

    Attributes:
        build: Given the module of layers and the input, returns the output.
        shape: Of a row.
        batch: Rows of a batch.
        kind: What rows are: "numbers", "tokens" below 2000, "padded" tokens, of which 0 stands for none at the end,
            "places" of words, or "words".
        classes: How many classes there are; 0 where the target is a number, None where it is the input.
        policy: The dtype policy of its layers.
    """

    build: Callable[[Any, Any], Any]
    shape: tuple[int, ...]
    batch: int = 32
    kind: str = "numbers"
    classes: int | None = 0
    policy: str = "float32"

    @property
    def is_sequence(self) -> bool:
        """Whether a row is a sequence, which may have any length."""
        return self.kind in _OF_TOKENS or len(self.shape) == 2

    def compiled(self, keras: Any, any_length: bool = False) -> Any:
        """Return the model, to be trained by Adam, for sequences of the usual length or of any."""
        dtype = {"numbers": "float32", "words": "string"}.get(self.kind, "int32")
        keras.config.set_dtype_policy(self.policy)
        inputs = keras.Input((None, *self.shape[1:]) if any_length else self.shape, dtype=dtype)
        model = keras.Model(inputs, self.build(keras.layers, inputs))
        keras.config.set_dtype_policy("float32")
        model.compile("adam", "sparse_categorical_crossentropy" if self.classes else "mse")
        return model

    def data(self) -> tuple[Any, Any]:
        """Return rows and targets."""
        rng, rows = np.random.default_rng(0), STEPS * self.batch
        x: Any = rng.standard_normal((rows, *self.shape), "float32")
        if self.kind != "numbers":
            x = rng.integers(1, 2000 if self.kind in _OF_TOKENS else len(WORDS), (rows, *self.shape)).astype("int32")
        if self.kind == "padded":
            x *= np.arange(self.shape[0]) < rng.integers(1, self.shape[0], (rows, 1))
        y: Float | Any = x if self.classes is None else rng.standard_normal((rows, 1), "float32")
        y = rng.integers(0, self.classes, rows).astype("int32") if self.classes else y
        return np.array(WORDS)[x] if self.kind == "words" else x, y


def _attention(L: Any, x: Any) -> Any:
    x = L.Embedding(2000, 32)(x)
    x = L.LayerNormalization()(L.Add()([x, L.MultiHeadAttention(2, 16)(x, x)]))
    x = L.LayerNormalization()(L.Add()([x, chain(x, L.Dense(64, "relu"), L.Dense(32))]))
    return chain(x, L.GlobalAveragePooling1D(), L.Dense(1))


def _convolutions(L: Any, x: Any) -> Any:
    x = chain(x, L.Conv2D(32, 3, activation="relu"), L.MaxPooling2D(), L.Conv2D(64, 3, activation="relu"))
    return chain(x, L.MaxPooling2D(), L.Flatten(), L.Dropout(0.5), L.Dense(10, "softmax"))


def _separable(L: Any, x: Any) -> Any:
    x = chain(x, L.Conv2D(16, 3), L.BatchNormalization(), L.ReLU(), L.MaxPooling2D())
    x = chain(x, L.SeparableConv2D(32, 3), L.BatchNormalization(), L.ReLU(), L.GlobalAveragePooling2D())
    return L.Dense(10, "softmax")(x)


def _branches(L: Any, x: Any) -> Any:
    first = chain(x, L.Dense(64, "relu"), L.BatchNormalization(), L.Dropout(0.2))
    return chain(L.Add()([first, L.Dense(64, "relu")(first)]), L.Dense(1))


def _autoencoder(L: Any, x: Any) -> Any:
    return chain(x, L.Dense(128, "relu"), L.Dense(32, "relu"), L.Dense(128, "relu"), L.Dense(784, "sigmoid"))


def _embedded(L: Any, x: Any) -> Any:
    return chain(x, L.Embedding(len(WORDS) + 1, 16), L.Flatten(), L.Dense(16, "relu"), L.Dense(1))


def _padded(L: Any, x: Any) -> Any:
    return chain(x, L.Embedding(2000, 32, mask_zero=True), L.LSTM(32), L.Dense(1))


def _dropped(L: Any, x: Any) -> Any:
    return chain(x, L.GRU(32, dropout=0.2, recurrent_dropout=0.25), L.Dense(1))


def _cells(L: Any, x: Any) -> Any:
    return chain(x, L.RNN([L.LSTMCell(32), L.LSTMCell(32)]), L.Dense(1))


def _groups(L: Any, x: Any) -> Any:
    x = chain(x, L.Conv2D(16, 3, padding="same"), L.GroupNormalization(4), L.Activation("silu"))
    return chain(x, L.Conv2D(16, 3, padding="same"), L.GlobalAveragePooling2D(), L.Dense(10, "softmax"))


def _varied(L: Any, x: Any) -> Any:
    x = chain(x, L.RandomFlip("horizontal"), L.RandomRotation(0.1), L.RandomZoom(0.1))
    x = chain(x, L.Conv2D(32, 3, activation="relu"), L.MaxPooling2D(), L.Conv2D(64, 3, activation="relu"))
    return chain(x, L.MaxPooling2D(), L.Flatten(), L.Dense(64, "relu"), L.Dense(10, "softmax"))


def _vgg(L: Any, x: Any) -> Any:
    for filters in (32, 64):
        for _ in range(2):
            x = L.Conv2D(filters, 3, padding="same", activation="relu")(x)
        x = L.MaxPooling2D()(x)
    return chain(x, L.Flatten(), L.Dense(128, "relu"), L.Dense(10, "softmax"))


def _game(L: Any, x: Any) -> Any:
    x = chain(x, L.Conv2D(32, 8, 4, activation="relu"), L.Conv2D(64, 4, 2, activation="relu"))
    return chain(x, L.Conv2D(64, 3, activation="relu"), L.Flatten(), L.Dense(512, "relu"), L.Dense(1))


def _up(L: Any, x: Any) -> Any:
    x = chain(x, L.Conv2D(16, 3, 2, "same", activation="relu"), L.Conv2D(32, 3, 2, "same", activation="relu"))
    x = chain(x, L.Conv2DTranspose(16, 3, 2, "same", activation="relu"), L.UpSampling2D())
    return L.Conv2D(1, 3, padding="same", activation="sigmoid")(x)


def _tagged(L: Any, x: Any) -> Any:
    return chain(x, L.Embedding(2000, 128), L.GlobalAveragePooling1D(), L.Dense(64, "relu"), L.Dense(1))


MODELS: dict[str, Model] = {
    "LSTM": Model(lambda L, x: chain(x, L.LSTM(64), L.Dense(1)), (40, 16)),
    "GRU": Model(lambda L, x: chain(x, L.GRU(64), L.Dense(1)), (40, 16)),
    "bidirectional": Model(
        lambda L, x: chain(x, L.Embedding(2000, 32), L.Bidirectional(L.LSTM(32)), L.Dense(1)), (60,), kind="tokens"
    ),
    "attention": Model(_attention, (60,), kind="tokens"),
    "convolutions": Model(_convolutions, (28, 28, 1), 64, classes=10),
    "separable": Model(_separable, (28, 28, 1), 64, classes=10),
    "branches": Model(_branches, (30,)),
    "autoencoder": Model(_autoencoder, (784,), 256, classes=None),
    "wide": Model(
        lambda L, x: chain(x, L.Dense(1024, "relu"), L.Dense(1024, "relu"), L.Dense(10, "softmax")),
        (784,), 256, classes=10,
    ),
    "words as numbers": Model(_embedded, (8,), kind="places"),
    "words": Model(lambda L, x: _embedded(L, L.StringLookup(vocabulary=WORDS)(x)), (8,), kind="words"),
}  # fmt: skip
"""Those that README.md beside this file describes. Keras takes no arrays of words, so the last one runs here alone."""
OTHERS: dict[str, Model] = {
    "LSTM, 1000 steps": Model(lambda L, x: chain(x, L.LSTM(32), L.Dense(1)), (1000, 8)),
    "LSTM, padded": Model(_padded, (100,), kind="padded"),
    "LSTM, selu": Model(lambda L, x: chain(x, L.LSTM(64, activation="selu"), L.Dense(1)), (40, 16)),
    "GRU, dropout": Model(_dropped, (200, 16)),
    "GRU, reset before": Model(lambda L, x: chain(x, L.GRU(64, reset_after=False), L.Dense(1)), (40, 16)),
    "cells": Model(_cells, (40, 16)),
    "groups": Model(_groups, (32, 32, 3), classes=10),
    "varied images": Model(_varied, (32, 32, 3), classes=10),
    "VGG": Model(_vgg, (32, 32, 3), classes=10),
    "game": Model(_game, (84, 84, 4)),
    "images out": Model(_up, (28, 28, 1), classes=None),
    "tagged texts": Model(_tagged, (200,), kind="tokens"),
    "gelu": Model(lambda L, x: chain(x, L.Dense(1024, "gelu"), L.Dense(1024, "gelu"), L.Dense(1)), (256,), 128),
    "halves": Model(
        lambda L, x: chain(x, L.Dense(128, "relu"), L.Dense(64, "relu"), L.Dense(10, "softmax", dtype="float32")),
        (784,), classes=10, policy="mixed_float16",
    ),
}  # fmt: skip
"""Those of section `others`, which README.md describes too: what the first ones leave out."""
