"""What the annotations of `tf` promise, checked by mypy; the same lines run, so that they are true."""

import importlib
import inspect
from pathlib import Path
from typing import TYPE_CHECKING, assert_type

import numpy as np
import pytest

import minikeras as keras
import minikeras.compat.tensorflow as tf
import minikeras.compat.tensorflow.keras.backend as backend
from minikeras.compat.tensorflow.keras import layers
from minikeras.compat.tensorflow.keras.datasets import mnist
from minikeras.compat.tensorflow.keras.layers import Dense
from minikeras.compat.tensorflow.keras.optimizers.schedules import ExponentialDecay
from minikeras.compat.tensorflow.keras.preprocessing.sequence import pad_sequences
from minikeras.compat.tensorflow.keras.preprocessing.text import Tokenizer

STUBS = Path(keras.__file__).parent / "compat" / "tensorflow"


@tf.function
def scaled(x: tf.Tensor, times: int = 2) -> tf.Tensor:
    return x * times


class Net(tf.keras.Model):
    """A model as scripts write it."""

    def __init__(self) -> None:
        super().__init__()
        self.dense = Dense(1)

    def call(self, x: tf.Tensor) -> tf.Tensor:
        return self.dense(x)


def test_tensors() -> None:
    t = assert_type(tf.constant([1.0, 2.0]), tf.Tensor)
    assert_type(tf.float32, tf.DType)
    assert_type(tf.reduce_mean(t), tf.Tensor)
    assert_type(tf.matmul([[1.0]], [[2.0]]), tf.Tensor)
    assert_type(tf.concat([t, t], 0) + 1.0, tf.Tensor)
    assert_type(scaled(t, times=3), tf.Tensor)
    v = tf.Variable(2.0)
    assert_type(v, tf.Variable)
    with tf.GradientTape() as tape:
        y = scaled(v * v)
    assert_type(tape, tf.GradientTape)
    assert float(assert_type(tape.gradient(y, v), tf.Tensor | None) or 0) == 8.0
    with tf.GradientTape() as tape:
        y = v * v
    assert_type(tape.gradient(y, [v]), list[tf.Tensor | None])
    dataset = assert_type(tf.data.Dataset.from_tensor_slices([1, 2, 3]).map(scaled).batch(2), tf.data.Dataset)
    assert len(dataset) == 2


def test_keras() -> None:
    assert Dense is tf.keras.layers.Dense is layers.Dense is keras.layers.Dense
    assert_type(tf.keras.layers.Dense(1)(tf.constant([[1.0]])), tf.Tensor)
    assert_type(layers.Dense(1)(tf.keras.Input((1,))), tf.keras.KerasTensor)
    assert_type(Net()(np.ones((1, 2))), tf.Tensor)
    model = tf.keras.Sequential([tf.keras.Input((1,)), Dense(1)])
    model.compile(tf.keras.optimizers.Adam(ExponentialDecay(0.1, 2, 0.5)), tf.losses.MeanSquaredError())
    assert_type(model.fit([[1.0]], [1.0], verbose=0), tf.keras.callbacks.History)
    assert_type(backend.epsilon(), float)
    with pytest.warns(DeprecationWarning, match=r"keras\.ops\.square"):
        assert backend.square([3.0]).numpy().tolist() == [9.0]
    assert callable(mnist.load_data)
    assert Tokenizer().texts_to_sequences([]) == []
    assert pad_sequences([[1]], 2).tolist() == [[0, 1]]


def test_a_module_that_is_missing_is_not_found() -> None:
    with pytest.raises(ModuleNotFoundError, match=r"tensorflow\.keras\.nonsense"):
        importlib.import_module("minikeras.compat.tensorflow.keras.nonsense")


@pytest.mark.parametrize("path", sorted(STUBS.rglob("*.pyi")), ids=lambda p: p.relative_to(STUBS).as_posix())
def test_checkers_see_what_there_is(path: Path) -> None:
    """Every name that a stub lists is there, and every module of Keras's has one."""
    address = ".".join(path.relative_to(STUBS).with_suffix("").parts).removesuffix("__init__").rstrip(".")
    module = importlib.import_module(f"minikeras.compat.tensorflow.{address}".rstrip("."))
    text = path.read_text("utf8")
    listed = {line.split(" as ")[1].strip(",;\n ") for line in text.replace(",", "\n").splitlines() if " as " in line}
    listed |= {item.partition(":")[0].strip() for item in text.replace(";", "\n").splitlines() if item[:1] != "_"
               and ": " in item and not item.startswith(("def", '"', "#"))}  # fmt: skip
    assert [name for name in listed if not hasattr(module, name)] == []
    if address == "keras":
        modules = {name for name in keras.__all__ if inspect.ismodule(getattr(keras, name))}
        assert set(keras.__all__) <= listed
        assert modules <= {p.stem for p in path.parent.glob("*.pyi")} | {p.name for p in path.parent.iterdir()}


if TYPE_CHECKING:  # what must be refused: mypy reports any of these ignores that is not needed
    tf.keras.layers.Dense(3, activation="rellu")  # type: ignore[arg-type]
    Dense(3, activation="rellu")  # type: ignore[arg-type]
    tf.keras.layers.Dnse(3)  # type: ignore[attr-defined]
    layers.Dnse(3)  # type: ignore[attr-defined]
    tf.keras.nonsense()  # type: ignore[attr-defined]
    tf.keras.Sequential([1])  # type: ignore[list-item]
    tf.keras.Sequential().compile("adm")  # type: ignore[arg-type]
    tf.constant(1).nonsense()  # type: ignore[attr-defined]
    tf.constant(1.0, shap=3)  # type: ignore[call-arg]
    tf.Variable(1.0).asign(2.0)  # type: ignore[attr-defined]
    tf.GradientTape(persistant=True)  # type: ignore[call-arg]
    tf.data.Dataset.from_tensor_slices([1]).bath(3)  # type: ignore[attr-defined]
    tf.data.Dataset.range(3).batch()  # type: ignore[call-arg]
    scaled(tf.constant(2.0), "three")  # type: ignore[arg-type]
    tf.float32.is_flaoting  # type: ignore[attr-defined]  # noqa: B018
