"""A traced run does what an eager one does, to the last bit, and what is wrong is refused alike."""

from collections.abc import Callable
from functools import wraps
from typing import Any

import numpy as np
import pytest

import minikeras as keras
from minikeras import Sequential, Tensor, layers, ops
from minikeras._jit.trace import trace
from minikeras.ops import activation

RNG = np.random.default_rng(0)
ODD = np.array([0.0, -0.0, np.inf, -np.inf, np.nan, 1e-45, -1e-40, 3e38, -100.0, 100.0, 1e-7, 1.0])
SHAPES = [(), (1,), (2,), (5000,), (1, 1), (3, 12), (32, 10), (64, 65), (400, 12), (2, 3, 12), (16, 20, 20, 4), (0, 3)]
LAYOUTS: list[Callable[[Any], Any]] = [
    lambda x: x,
    lambda x: np.asfortranarray(x),
    lambda x: np.repeat(x, 2, -1)[..., ::2],
]
"""Arrays whose rows lie one after the other, columns that do, and neither."""

REDUCTIONS: dict[str, Callable[..., Any]] = {
    "sum": ops.sum,
    "mean": ops.mean,
    "var": ops.var,
    "max": ops.max,
    "logsumexp": ops.logsumexp,
}
POINTWISE: dict[str, Callable[..., Any]] = {"relu": ops.relu, "sigmoid": ops.sigmoid}
ALONG: dict[str, Callable[..., Any]] = {"softmax": ops.softmax, "log_softmax": ops.log_softmax}


def bits(y: Any) -> Any:
    """Return all that is to be the same of a result."""
    a = y.array
    return a.dtype, a.shape, [s for s, n in zip(a.strides, a.shape, strict=True) if n > 1], a.tobytes()


def check(function: Callable[..., Any], *arrays: Any) -> None:
    """Compare a traced run of an op with an eager one, which fail alike where they do."""
    tensors = [Tensor(a) for a in arrays]
    try:
        with np.errstate(all="ignore"):
            want: Any = bits(function(*tensors))
    except Exception as error:
        with pytest.raises(type(error)), np.errstate(all="ignore"):
            trace(lambda xs: function(*xs), tensors)
        return
    with np.errstate(all="ignore"):
        y, record = trace(lambda xs: function(*xs), tensors)
    assert bits(y) == want
    assert not record.escaped


def numbers(shape: tuple[int, ...], dtype: str) -> list[Any]:
    """Return arrays of a shape: plain numbers, and, where there is room, such as are none or too large."""
    plain = RNG.normal(size=shape).astype(dtype)
    with np.errstate(over="ignore"):
        odd = np.resize(ODD, shape).astype(dtype)
    return [layout(x) if x.ndim else x for x in (plain, odd) for layout in LAYOUTS]


@pytest.mark.filterwarnings("ignore:Mean of empty slice")
@pytest.mark.parametrize("dtype", ["float64", "float32", "float16", "bool", "uint8", "int32"])
@pytest.mark.parametrize("shape", SHAPES, ids=str)
def test_a_unary_op_equals_its_decomposition_to_the_last_bit(shape: tuple[int, ...], dtype: str) -> None:
    with np.errstate(invalid="ignore"):
        arrays = numbers(shape, dtype)
    axes = [None, *range(-len(shape), 0), *([(0, 1), tuple(range(len(shape) - 1))] if len(shape) > 2 else [])]
    for x in arrays:
        for function in POINTWISE.values():
            check(function, x)
        for function in ALONG.values():
            for axis in axes[1:]:
                check(lambda x, f=function, a=axis: f(x, axis=a), x)
        for function in REDUCTIONS.values():
            for axis in axes:
                for keep in (False, True):
                    check(lambda x, f=function, a=axis, k=keep: f(x, axis=a, keepdims=k), x)


@pytest.mark.parametrize("dtype", ["float64", "float32", "float16"])
@pytest.mark.parametrize("goal", ["float64", "float32", "bool", "uint8", "int32"])
@pytest.mark.parametrize("shape", [(), (6,), (8, 1), (8, 5), (8, 70), (2, 3, 5), (0, 5)], ids=str)
def test_so_are_cross_entropies(shape: tuple[int, ...], goal: str, dtype: str) -> None:
    for low, high in ((0, 1), (-3, 3)):
        scores = RNG.uniform(low, high, shape).astype(dtype)
        target = RNG.integers(0, 2, shape).astype(goal)
        for logits in (False, True):
            check(lambda t, p, n=logits: ops.binary_crossentropy(t, p, from_logits=n), target, scores)
            check(lambda t, p, n=logits: ops.categorical_crossentropy(t, p, from_logits=n), target, scores)
            for axis in range(-len(shape), 0):
                labels = np.zeros(np.delete(shape, axis), goal)
                check(lambda t, p, n=logits, a=axis: ops.sparse_categorical_crossentropy(t, p, n, a), labels, scores)
        check(lambda t, p: ops.binary_crossentropy(t, p), target, scores[..., None])  # which NumPy would broadcast


@pytest.mark.parametrize("dtype", ["float64", "float32", "float16"])
@pytest.mark.parametrize("shape", [(1, 3), (32, 20), (300, 200), (4, 5, 20), (0, 4)], ids=str)
def test_so_are_products(shape: tuple[int, ...], dtype: str) -> None:
    for x in numbers(shape, dtype)[:3]:
        for kernel in numbers((shape[-1], 70), dtype)[:3]:
            check(activation.project, x, kernel)
            check(activation.affine, x, kernel, RNG.normal(size=70).astype(dtype))
            check(activation.affine, x, kernel, RNG.normal(size=70))
            check(lambda x, k: ops.einsum("...i,ij->...j", x, k), x, kernel)
            check(lambda x, k: ops.einsum("...i,ij->j...", x, k), x, kernel)
            check(activation.affine, x, kernel[1:], np.zeros(70, dtype))


class Counting(layers.Layer):
    """Counts in Python how often it is run."""

    runs = 0

    def call(self, x: Any) -> Any:
        type(self).runs += 1
        return x


def net(*more: Any) -> Any:
    """Return a compiled model."""
    keras.utils.set_random_seed(0)
    model = Sequential([keras.Input((3,)), layers.Dense(4, "relu"), *more, layers.Dropout(0.5), layers.Dense(1)])
    model.compile("adam", "mse", metrics=["mae"])
    return model


def test_a_step_of_this_packages_code_alone_has_a_program_after_one_run() -> None:
    x, y = RNG.normal(size=(8, 3)), RNG.normal(size=(8, 1))
    model = net()
    model.train_on_batch(x, y)
    model.train_on_batch(x[:5], y[:5])  # the first of another kind waits: it may come but once
    programs = model._jits["train"]._programs
    assert [key[1][0][0] for key in programs] == [8]
    model.train_on_batch(x[:5], y[:5])
    assert [key[1][0][0] for key in programs] == [8, 5]


@pytest.mark.parametrize("own", ["layer", "loss", "regularizer", "metric", "method", "wrapped method", "step"])
def test_code_of_the_users_is_run_twice_first(own: str, monkeypatch: pytest.MonkeyPatch) -> None:
    model = net(*([Counting()] if own == "layer" else []))
    if own == "loss":
        model.compile("adam", lambda y, p: (y - p) ** 2)
    elif own == "metric":
        model.compile("adam", "mse", metrics=[lambda y, p: y - p])
    elif own == "regularizer":
        model.layers[0].kernel.regularizer = lambda w: ops.sum(w * w)
    elif own == "method":
        monkeypatch.setattr(layers.Dense, "call", lambda self, x, training=None: x @ self.kernel + self.bias)
    elif own == "step":
        model.train_step = lambda data: Sequential.train_step(model, data)
    elif own == "wrapped method":
        call = layers.Dense.call
        monkeypatch.setattr(layers.Dense, "call", wraps(call)(lambda *args, **kwargs: call(*args, **kwargs)))
    x, y = RNG.normal(size=(8, 3)), RNG.normal(size=(8, 1))
    counts = []
    for _ in range(3):
        model.train_on_batch(x, y)
        counts.append(len(model._jits["train"]._programs))
    assert counts == [0, 1, 1]


def test_large_steps_leave_alone_what_others_hold() -> None:
    """Their programs write to the arrays of the first run, and to no others."""
    x = RNG.normal(size=(512, 300)).astype("float32")
    before = x.copy()
    losses, weights = [], []
    for eager in (False, True):
        keras.utils.set_random_seed(1)
        inputs = keras.Input((300,))
        h = layers.BatchNormalization()(layers.Dense(600, "relu")(layers.Flatten()(inputs)))
        model = keras.Model(inputs, [layers.Dense(300)(layers.Dropout(0.1)(h)), layers.Identity()(inputs)])
        model.compile("adam", ["mse", "mse"], run_eagerly=eager)
        losses.append(model.fit(x, [x, x], batch_size=256, epochs=4, verbose=0, shuffle=False).history["loss"])
        weights.append([w.numpy() for w in model.variables])
    assert losses[0] == losses[1]
    for a, b in zip(*weights, strict=True):
        np.testing.assert_array_equal(a, b)
    np.testing.assert_array_equal(x, before)
