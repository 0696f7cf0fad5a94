"""Numbers that nothing can be learned from are warned of: once, at the line that passes them."""

import re
import warnings
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest

import minikeras as keras
from minikeras import layers

X, Y = np.ones((70, 3), "float32"), np.zeros((70, 1), "float32")
LABELS = np.arange(70) % 3


SOFTMAX = layers.Dense(3, activation="softmax")
BINARY = "binary_crossentropy"


def holed(array: Any, value: float) -> Any:
    return np.where(np.arange(70)[:, None] + np.arange(array.shape[1]) == 50, value, array).astype("float32")


def model(*stack: Any, loss: Any = "mse", **options: Any) -> Any:
    made = keras.Sequential(list(stack or [layers.Dense(1)]))
    made.compile("sgd", loss, **options)
    return made


def batches(value: float = np.nan) -> Iterator[Any]:
    yield X, Y
    yield holed(X, value), Y


def logits(kind: str) -> Any:
    return getattr(keras.losses, kind)(from_logits=True)


class Own(keras.Model):
    def __init__(self) -> None:
        super().__init__()
        self.dense = layers.Dense(3)

    def call(self, x: Any) -> Any:
        return keras.ops.softmax(self.dense(x))


def diverging() -> Any:
    made = model()
    made.compile(keras.optimizers.SGD(1e20), "mse")
    return made


def compiled(made: Any, loss: Any) -> Any:
    made.compile("sgd", loss)
    return made


NONSENSE: dict[str, tuple[str, Callable[[], Any]]] = {
    "NaN in x": (r"`x\[48, 2\]` is nan", lambda: model().fit(holed(X, np.nan), Y, epochs=3, verbose=0)),
    "inf in x": (r"`x\[48, 2\]` is inf", lambda: model().fit(holed(X, np.inf), Y, epochs=3, verbose=0)),
    "NaN in y": (r"`y\[50, 0\]` is nan", lambda: model().fit(X, holed(Y, np.nan), epochs=3, verbose=0)),
    "NaN in a batch": (r"`x.*` is nan", lambda: model().fit(batches(), verbose=0)),
    "NaN in evaluate": (r"`y.*` is nan", lambda: model().evaluate(X, holed(Y, np.nan), verbose=0)),
    "NaN in float64": (r"`x.*` is nan", lambda: model().fit(holed(X, np.nan).astype(float), Y, verbose=0)),
    "NaN in predict": (r"`x\[48, 2\]` is nan", lambda: model().predict(holed(X, np.nan), verbose=0)),
    "inf in predict": (r"`x.*` is inf", lambda: model().predict((b[:1] for b in batches(np.inf)), verbose=0)),
    "diverging": ("Try a smaller learning rate", lambda: diverging().fit(X, Y, epochs=9, verbose=0)),
    "classes": ("targets from 0 to 1. Received: [12]", lambda: model(loss=BINARY).fit(X, LABELS, verbose=0)),
    "signs": ("Received: -1", lambda: model(loss=logits("BinaryCrossentropy")).fit(X, Y - 1, epochs=2, verbose=0)),
    "softmax twice": (
        "the model ends with a softmax already",
        lambda: model(SOFTMAX, loss=logits("SparseCategoricalCrossentropy")).fit(X, LABELS, epochs=2, verbose=0),
    ),
    "sigmoid twice": (
        "the model ends with a sigmoid already",
        lambda: model(layers.Dense(1, activation="sigmoid"), loss=logits("BinaryCrossentropy")).fit(X, Y, verbose=0),
    ),
    "softmax in a model of one's own": (
        "the model ends with a softmax already",
        lambda: compiled(Own(), logits("CategoricalCrossentropy")).fit(X, np.eye(3)[LABELS], verbose=0),
    ),
    "negative rate": ("negative learning rate", lambda: keras.optimizers.Adam(-0.1)),
    "negative rate set": ("negative learning rate", lambda: setattr(keras.optimizers.SGD(0.1), "learning_rate", -0.1)),
    "scaled words": ("whole numbers", lambda: layers.Embedding(5, 2)(np.array([[0.25, 3.0]]))),
    "scaled words in fit": (
        "whole numbers",
        lambda: model(layers.Embedding(5, 1), layers.Flatten()).fit(X * 0.5, np.ones((70, 3)), epochs=2, verbose=0),
    ),
}


@pytest.mark.parametrize("name", NONSENSE)
def test_nonsense_is_warned_of_once_at_the_users_line(name: str) -> None:
    message, run = NONSENSE[name]
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        run()
    assert [w.filename for w in caught] == [__file__]
    assert re.search(message, str(caught[0].message))


SENSE: list[Callable[[], Any]] = [
    lambda: model().fit(X, Y, epochs=2, verbose=0),
    lambda: model(loss=BINARY).fit(X, Y + 0.5, verbose=0),
    lambda: model(SOFTMAX, loss="sparse_categorical_crossentropy").fit(X, LABELS, verbose=0),
    lambda: model(loss=logits("BinaryCrossentropy")).fit(X, Y, verbose=0),
    lambda: model(keras.Input((3,)), layers.Embedding(5, 1), layers.Flatten()).fit(X, np.ones((70, 3)), verbose=0),
    lambda: model().predict(X, verbose=0),
    lambda: model(layers.Lambda(keras.ops.nan_to_num)).predict(holed(X, np.nan), verbose=0),
    lambda: model(layers.Lambda(lambda x: x + np.inf)).predict(X, verbose=0),
    lambda: keras.optimizers.SGD(0.0),
    lambda: model().fit(X, Y, verbose=0, sample_weight=np.zeros(70)),
]


@pytest.mark.parametrize("run", SENSE)
def test_sense_is_not(run: Callable[[], Any]) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        run()
