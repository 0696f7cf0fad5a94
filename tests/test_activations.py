"""Activation functions: hand numbers, large inputs, names, errors."""

import math
from typing import Any

import numpy as np
import pytest

import minikeras
from minikeras import GradientTape, Variable, activations
from minikeras._core.tensor import Tensor

HAND: dict[str, list[tuple[float, float]]] = {
    "celu": [(-1.0, math.expm1(-1)), (2.0, 2.0)],
    "elu": [(-1.0, math.expm1(-1)), (0.0, 0.0), (2.0, 2.0)],
    "exponential": [(0.0, 1.0), (1.0, math.e)],
    "gelu": [
        (-1.0, -0.5 * math.erfc(math.sqrt(0.5))),
        (0.0, 0.0),
        (3.0, 3 - 1.5 * math.erfc(3 * math.sqrt(0.5))),
    ],
    "hard_shrink": [(0.4, 0.0), (0.5, 0.0), (-0.6, -0.6)],
    "hard_sigmoid": [(-3.0, 0.0), (0.0, 0.5), (1.5, 0.75), (9.0, 1.0)],
    "hard_silu": [(-4.0, 0.0), (1.5, 1.125), (9.0, 9.0)],
    "hard_tanh": [(-2.0, -1.0), (0.3, 0.3), (2.0, 1.0)],
    "leaky_relu": [(-1.0, -0.2), (2.0, 2.0)],
    "linear": [(-1.5, -1.5)],
    "log_sigmoid": [(0.0, -math.log(2)), (-50.0, -50.0)],
    "mish": [(0.0, 0.0), (1.0, math.tanh(math.log1p(math.e)))],
    "relu": [(-1.0, 0.0), (0.0, 0.0), (2.0, 2.0)],
    "relu6": [(-1.0, 0.0), (2.0, 2.0), (7.0, 6.0)],
    "selu": [(-1.0, 1.0507009873554805 * 1.6732632423543772 * math.expm1(-1)), (2.0, 2 * 1.0507009873554805)],
    "sigmoid": [(0.0, 0.5), (math.log(3), 0.75)],
    "silu": [(0.0, 0.0), (math.log(3), 0.75 * math.log(3))],
    "soft_shrink": [(0.4, 0.0), (2.0, 1.5), (-2.0, -1.5)],
    "softplus": [(0.0, math.log(2)), (50.0, 50.0)],
    "softsign": [(-1.0, -0.5), (3.0, 0.75)],
    "sparse_plus": [(-1.0, 0.0), (0.0, 0.25), (1.0, 1.0), (3.0, 3.0)],
    "sparse_sigmoid": [(-1.0, 0.0), (0.5, 0.75), (2.0, 1.0)],
    "squareplus": [(0.0, 1.0), (1.5, 2.0)],
    "tanh": [(0.0, 0.0), (math.log(3), 0.8)],
    "tanh_shrink": [(0.0, 0.0), (math.log(3), math.log(3) - 0.8)],
}
ELEMENTWISE = sorted({*activations.registry.names} - {"glu", "log_softmax", "softmax", "sparsemax", "threshold"})


@pytest.mark.parametrize("name", ELEMENTWISE)
def test_hand_numbers(name: str) -> None:
    known = {"swish": "silu", "hard_swish": "hard_silu"}.get(name, name)
    function = getattr(activations, name)
    for x, y in HAND[known]:
        assert float(function(minikeras.Tensor(np.array(x)))) == pytest.approx(y, rel=1e-14, abs=1e-16)
        assert float(function(minikeras.ops.convert_to_tensor(x))) == pytest.approx(y, rel=1e-6)


def test_along_an_axis() -> None:
    x = [[0.0, math.log(3)], [math.log(3), 0.0]]
    np.testing.assert_allclose(activations.softmax(x).numpy(), [[0.25, 0.75], [0.75, 0.25]], 1e-6)
    np.testing.assert_allclose(activations.softmax(x, (0, 1)).numpy(), [[0.125, 0.375], [0.375, 0.125]], 1e-6)
    np.testing.assert_allclose(activations.log_softmax(x, 0).numpy(), np.log([[0.25, 0.75], [0.75, 0.25]]), 1e-6)
    np.testing.assert_array_equal(activations.sparsemax([1.0, 0.5, -1.0]).numpy(), [0.75, 0.25, 0.0])
    np.testing.assert_array_equal(activations.glu([[4.0, 0.0]]).numpy(), [[2.0]])
    np.testing.assert_array_equal(activations.leaky_relu([np.inf, -1.0], 0.0).numpy(), [np.inf, 0.0])
    np.testing.assert_array_equal(activations.threshold([0.5, 2.0], 1.0, 9.0).numpy(), [9.0, 2.0])


def test_slopes_that_are_learned() -> None:
    slopes = Variable([0.5, 1.5, 0.9])
    x = np.array([[-2.0, -2.0, 4.0]])
    with GradientTape() as tape:
        y = activations.leaky_relu(x, slopes)
    assert y.numpy().tolist() == [[-1.0, -3.0, 4.0]]
    gradient = tape.gradient(y, slopes)
    assert gradient is not None
    assert gradient.numpy().tolist() == [-2.0, -2.0, 0.0]
    with GradientTape() as tape:
        y = activations.elu(x, alpha=slopes)
    low = math.expm1(-2)
    np.testing.assert_allclose(y.numpy(), [[0.5 * low, 1.5 * low, 4.0]], 1e-6)
    gradient = tape.gradient(y, slopes)
    assert gradient is not None
    np.testing.assert_allclose(gradient.numpy(), [low, low, 0.0], 1e-6)


@pytest.mark.parametrize("setting", [np.float64(0.5), np.array(0.5), np.int64(1)])
def test_settings_of_numpy_leave_the_dtype(setting: Any) -> None:
    x = np.array([[-2.0, -0.25, 0.25, 2.0]], "float32")
    for name in ("celu", "elu", "hard_shrink", "leaky_relu", "soft_shrink", "squareplus"):
        y = getattr(activations, name)(x, setting)
        assert y.dtype == "float32"
        np.testing.assert_allclose(y.numpy(), getattr(activations, name)(x, float(setting)).numpy(), 1e-6)
    assert activations.threshold(x, setting, setting).dtype == "float32"


def test_relu_in_general() -> None:
    x = [-10.0, -1.0, 0.5, 2.0, 9.0]
    np.testing.assert_allclose(
        activations.relu(x, negative_slope=0.1, max_value=6.0, threshold=1.0).numpy(),
        [-1.1, -0.2, -0.05, 2, 6],
        1e-6,
    )


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("name", sorted({*activations.registry.names} - {"exponential"}))
def test_large_inputs_neither_overflow_nor_give_nan(name: str, dtype: str) -> None:
    x = Tensor(np.array([[-1e4, -1.0, 0.0, 1e4]], dtype))
    arguments = (0.5, 0.0) if name == "threshold" else ()
    # Underflow to 0 is the right answer of exp(-1e4), and NumPy does not warn of it.
    with np.errstate(all="raise", under="ignore"), minikeras.GradientTape() as tape:
        tape.watch(x)
        y = getattr(activations, name)(x, *arguments)
        gradient = tape.gradient(y, x)
    assert isinstance(gradient, Tensor)
    assert gradient.dtype == y.dtype == dtype
    assert np.isfinite(y.numpy()).all()
    assert np.isfinite(gradient.numpy()).all()


@pytest.mark.parametrize("name", sorted(activations.registry.names))
def test_dtype_is_kept_and_symbols_pass(name: str) -> None:
    arguments = (0.5, 0.0) if name == "threshold" else ()
    function = getattr(activations, name)
    for dtype in ("float16", "float32", "float64"):
        assert function(Tensor(np.ones((2, 4), dtype)), *arguments).dtype == dtype
    symbol = function(minikeras.KerasTensor((None, 4)), *arguments)
    assert symbol.shape == (None, 2 if name == "glu" else 4)


@pytest.mark.parametrize("name", sorted(activations.registry.names))
def test_names(name: Any) -> None:
    function = activations.get(name)
    assert activations.get(function) is function
    assert activations.get(activations.serialize(function)) is function


def double(x: Any) -> Any:
    return 2 * x


def test_custom_activations() -> None:
    assert activations.get(None) is activations.linear
    assert activations.get(double) is double
    config = activations.serialize(double)
    assert config["config"] == "double"
    assert activations.deserialize(config, {"double": double}) is double
    with pytest.raises(ValueError, match="double"):
        activations.deserialize(config)
    assert activations.serialize(lambda x: x)["class_name"] == "__lambda__"  # as Keras writes it
    layer = activations.deserialize(activations.serialize(minikeras.layers.ReLU(max_value=3.0)))
    assert float(layer(np.array([5.0]))[0]) == 3.0


def test_errors_help() -> None:
    with pytest.raises(ValueError, match="'relu'"):
        activations.get("rellu")
    with pytest.raises(ValueError, match="even"):
        activations.glu(np.ones((2, 3)))
    with pytest.raises(ValueError, match="activation"):
        activations.get(3)  # type: ignore[arg-type]
    with pytest.warns(UserWarning, match="sigmoid"):
        activations.softmax(np.ones((2, 1)))


def test_slopes_at_ends_and_corners() -> None:
    x = Variable([-math.inf, -2.0, -1.0, 0.0, 1.0, 2.0, math.inf])
    slopes = {"sparse_sigmoid": [0, 0, 0.25, 0.5, 0.25, 0, 0], "softplus": [0, 0.1192, 0.2689, 0.5, 0.7311, 0.8808, 1]}
    for name, expected in slopes.items():
        with GradientTape() as tape:
            y = activations.get(name)(x)
        found: Any = tape.gradient(y, x)
        assert found.numpy().tolist() == pytest.approx(expected, abs=1e-4)
