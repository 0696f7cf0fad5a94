"""Convolutions are the sums of products that their definition says, and so are both gradients, block by block."""

from itertools import product
from typing import Any

import numpy as np
import pytest

import minikeras as keras
from minikeras import GradientTape, Variable, layers, ops
from minikeras._base import pool
from minikeras._base.typing import Array
from minikeras.ops import convolution

RNG = np.random.default_rng(0)
CASES: list[tuple[tuple[int, ...], tuple[int, ...], dict[str, Any]]] = [
    ((3, 7, 6, 4), (3, 2, 4, 5), {}),
    ((3, 7, 6, 4), (3, 3, 4, 5), {"strides": (2, 3), "padding": "same"}),
    ((3, 7, 6, 8), (3, 2, 8, 3), {"padding": "same"}),
    ((3, 7, 9, 8), (3, 3, 4, 6), {"padding": "same", "dilation_rate": (1, 2)}),
    ((3, 9, 8, 6), (2, 3, 2, 9), {"strides": 2}),
    ((3, 7, 9, 4), (3, 3, 1, 4), {"padding": "same", "dilation_rate": (2, 1)}),
    ((3, 7, 9, 4), (2, 3, 1, 4), {"strides": (3, 2)}),
    ((3, 7, 9, 4), (2, 3, 1, 8), {"padding": "same"}),
    ((3, 7, 9, 1), (1, 1, 1, 20), {}),
    ((3, 11, 4), (3, 4, 2), {"padding": "causal", "dilation_rate": 2}),
    ((3, 11, 4), (3, 1, 4), {"padding": "same"}),
    ((3, 23, 4), (3, 1, 4), {"strides": 2}),
    ((2, 4, 5, 4, 2), (2, 2, 3, 1, 2), {"padding": "same"}),
]
"""Shapes of input and kernel, and how the window slides."""


def by_definition(x: Array, kernel: Array, strides: Any = 1, padding: str = "valid", dilation_rate: Any = 1) -> Array:
    """Return a convolution, one place and one element of the window after the other."""
    rank, (*window, channels, filters) = x.ndim - 2, kernel.shape
    s, d = (np.broadcast_to(a, rank).tolist() for a in (strides, dilation_rate))
    whole = [di * (k - 1) + 1 for di, k in zip(d, window, strict=True)]
    sizes = [(n - (w if padding == "valid" else 1)) // si + 1 for n, w, si in zip(x.shape[1:-1], whole, s, strict=True)]
    missing = [max(0, (m - 1) * si + w - n) for m, si, w, n in zip(sizes, s, whole, x.shape[1:-1], strict=True)]
    pads = [(0, 0) if padding == "valid" else (p, 0) if padding == "causal" else (p // 2, p - p // 2) for p in missing]
    x = np.pad(x, [(0, 0), *pads, (0, 0)])
    y = np.zeros((len(x), *sizes, filters))
    groups = x.shape[-1] // channels
    for at, i, f in product(np.ndindex(*sizes), np.ndindex(*window), range(filters)):
        where = tuple(a * si + e * di for a, si, e, di in zip(at, s, i, d, strict=True))
        first = f // (filters // groups) * channels
        y[(slice(None), *at, f)] += x[(slice(None), *where)][:, first : first + channels] @ kernel[i][:, f]
    return y


@pytest.mark.parametrize("samples", [1, 3])
@pytest.mark.parametrize("shared", [False, True])
@pytest.mark.parametrize("block", [64, 1 << 20])
@pytest.mark.parametrize(("sizes", "kernel_sizes", "how"), CASES)
def test_a_convolution_and_its_gradients(sizes: Any, kernel_sizes: Any, how: Any, block: int, shared: bool,
                                         samples: int, monkeypatch: pytest.MonkeyPatch) -> None:  # fmt: skip
    monkeypatch.setattr(convolution, "BLOCK", block)  # bytes: a small one holds a place or two
    monkeypatch.setattr(convolution, "PART_WORK", 1 if shared else 1 << 60)
    x, other = RNG.standard_normal((2, samples, *sizes[1:]))
    kernel, other_kernel = RNG.standard_normal((2, *kernel_sizes))
    v, w = Variable(x, dtype="float64"), Variable(kernel, dtype="float64")
    with GradientTape() as tape:
        y = ops.conv(v, w, **how)
        g = RNG.standard_normal(y.shape)
        loss = ops.sum(y * ops.convert_to_tensor(g, "float64"))
    np.testing.assert_allclose(y.numpy(), by_definition(x, kernel, **how), 1e-10, 1e-10)
    # The gradients do not depend on what they are with respect to, so other inputs and kernels must do as well.
    dx, dkernel = map(np.asarray, tape.gradient(loss, [v, w]))
    assert np.sum(dx * other) == pytest.approx(np.sum(by_definition(other, kernel, **how) * g), 1e-9)
    assert np.sum(dkernel * other_kernel) == pytest.approx(np.sum(by_definition(x, other_kernel, **how) * g), 1e-9)


@pytest.mark.parametrize(("samples", "shared"), [(1, 2), (6, 3)])
def test_large_convolutions_are_shared_by_two_threads_and_give_the_same_numbers_on_one(
    samples: int, shared: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    x = ops.convert_to_tensor(RNG.standard_normal((samples, 64, 64, 16)).astype("float32"))
    kernel = ops.convert_to_tensor(RNG.standard_normal((3, 3, 16, 32)).astype("float32"))
    calls, found = list[int](), []

    def run_all(parts: Any) -> None:
        calls.append(len(parts))
        pool.run_all(parts)

    monkeypatch.setattr(convolution, "run_all", run_all)
    for count in (1, 2):
        monkeypatch.setattr(pool, "max_threads", lambda count=count: count)
        with GradientTape() as tape:
            tape.watch([x, kernel])
            y = ops.conv(x, kernel, padding="same")
        found.append([np.asarray(a).tobytes() for a in (y, *tape.gradient(y, [x, kernel]))])
    assert calls == [2] * 2 * shared
    assert found[0] == found[1]


@pytest.mark.parametrize("pooling", [ops.max_pool, ops.average_pool])
def test_pooling_of_many_samples_is_that_of_each(pooling: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    x = Variable(np.maximum(RNG.standard_normal((5, 6, 6, 3)), 0).astype("float32"))  # with equal elements

    def gradient(rows: slice) -> Array:
        with GradientTape() as tape:
            loss = ops.sum(ops.square(pooling(x, 2)[rows]))
        return np.asarray(tape.gradient(loss, x))

    whole = gradient(slice(None))
    monkeypatch.setattr(convolution, "BLOCK", 500)
    np.testing.assert_array_equal(gradient(slice(None)), whole)
    np.testing.assert_array_equal(sum(gradient(slice(i, i + 1)) for i in range(5)), whole)


def test_means_of_large_windows_of_float16_are_not_cut_off() -> None:
    for x, mean in ((np.ones((1, 5000, 1)), 1.0), (np.full((1, 5000, 1), 100.0), 100.0)):
        layer = layers.AveragePooling1D(5000, dtype="mixed_float16")
        assert layer(x).dtype == "float16"
        np.testing.assert_allclose(layer(x), [[[mean]]], rtol=1e-3)
        np.testing.assert_allclose(
            ops.average_pool(x.astype("float16"), 4999, padding="same"), np.full((1, 2, 1), mean), 1e-3
        )


def test_pooling_passes_over_relu_in_its_gradient_and_in_that_of_the_gradient() -> None:
    x = Variable(np.round(RNG.standard_normal((2, 6, 6, 3)), 1), dtype="float64")  # with equal elements

    def gradients(pool: Any) -> list[Array]:
        with GradientTape() as outer:
            with GradientTape() as tape:
                y = ops.sum(ops.square(pool(ops.relu(x))))
            gradient: Any = tape.gradient(y, x)
            z = ops.sum(ops.sin(gradient))
        return [np.asarray(gradient), np.asarray(outer.gradient(z, x))]

    for how in ((2, 2), (3, 1, "same")):
        apart = gradients(lambda h, how=how: ops.max_pool(h * 1.0, *how))
        for found, expected in zip(gradients(lambda h, how=how: ops.max_pool(h, *how)), apart, strict=True):
            np.testing.assert_array_equal(found, expected)
        both = gradients(lambda h, how=how: ops.max_pool(h, *how) + ops.average_pool(h, *how))
        apart = gradients(lambda h, how=how: ops.max_pool(h * 1.0, *how) + ops.average_pool(h, *how))
        for found, expected in zip(both, apart, strict=True):
            np.testing.assert_allclose(found, expected, 1e-12)


@pytest.mark.parametrize("axis", [(0, 1, 2), (1, 2), [0, 1], 0, (0, -1), 3, (-1, -2), (0, 1, 2, 3)])
@pytest.mark.parametrize("keepdims", [False, True])
@pytest.mark.parametrize("order", [(0, 1, 2, 3), (1, 0, 2, 3), (0, 1, 3, 2)])
def test_sums_over_many_rows(axis: Any, keepdims: Any, order: tuple[int, ...]) -> None:
    x = RNG.standard_normal((8, 20, 15, 12)).astype("float32").transpose(order)
    where = tuple(axis) if isinstance(axis, list) else axis
    exact = x.astype("float64")
    for op, expected in (
        (ops.sum, exact.sum(where, keepdims=keepdims)),
        (ops.mean, exact.mean(where, keepdims=keepdims)),
        (ops.var, exact.var(where, keepdims=keepdims)),
    ):
        found = op(x, axis, keepdims).numpy()
        assert found.shape == expected.shape
        np.testing.assert_allclose(found, expected, 1e-4, 1e-4)


def test_a_net_of_images_trains_as_it_does_eagerly() -> None:
    x, y = RNG.standard_normal((48, 12, 12, 3)).astype("float32"), RNG.integers(0, 4, 48)

    def trained(eagerly: bool) -> list[Array]:
        keras.utils.set_random_seed(1)
        parts = [layers.Conv2D(8, 3), layers.BatchNormalization(), layers.ReLU(), layers.SeparableConv2D(12, 3),
                 layers.Softmax(axis=1), layers.MaxPooling2D(), layers.DepthwiseConv2D(2, padding="same"),
                 layers.LayerNormalization(), layers.Conv2DTranspose(4, 3, strides=2), layers.Dropout(0.3),
                 layers.GlobalAveragePooling2D(), layers.Dense(4)]  # fmt: skip
        model = keras.Sequential([keras.Input((12, 12, 3)), *parts])
        loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
        model.compile(keras.optimizers.SGD(0.1), loss, run_eagerly=eagerly)
        model.fit(x, y, batch_size=48, epochs=5, verbose=0)
        return model.get_weights()

    for replayed, eager in zip(trained(False), trained(True), strict=True):
        np.testing.assert_array_equal(replayed, eager)


@pytest.mark.parametrize("padding", ["valid", "same"])
def test_the_largest_of_booleans_and_of_complex_numbers(padding: Any) -> None:
    x = np.array([False, False, True, False, False, False]).reshape(1, 6, 1)
    y = layers.MaxPooling1D(2, padding=padding)(x)
    assert y.dtype == "bool"
    np.testing.assert_array_equal(y[0, :, 0], [False, True, False])
    z = np.array([1 + 1j, 2 - 1j, 0, 1j, -1, -2], "complex64").reshape(1, 6, 1)
    np.testing.assert_array_equal(layers.MaxPooling1D(2, padding=padding)(z)[0, :, 0], [2 - 1j, 1j, -1])
