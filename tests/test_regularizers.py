"""Regularizers: hand numbers, gradients, names, errors."""

from typing import Any

import numpy as np
import pytest

import minikeras
import minikeras as keras
from minikeras import regularizers
from minikeras._core.tensor import Tensor

X = np.array([[1.0, -2.0], [3.0, 0.0]], "float32")
SLOPES = np.where(X >= 0, 1, -1)  # of |x|; at 0 what JAX takes


def test_hand_numbers() -> None:
    assert float(regularizers.L1(0.5)(X)) == 3
    assert float(regularizers.L2(0.5)(X)) == 7
    assert float(regularizers.L1L2(0.5, 0.5)(X)) == 10
    assert float(regularizers.L1L2()(X)) == 0
    half = regularizers.OrthogonalRegularizer(1.0)([[1.0, 0.0], [1.0, 1.0]])
    assert float(half) == pytest.approx(np.sqrt(0.5), rel=1e-6)  # the cosine of 45 degrees
    columns = regularizers.OrthogonalRegularizer(1.0, "columns")([[1.0, 1.0], [0.0, 1.0]])
    assert float(columns) == pytest.approx(np.sqrt(0.5), rel=1e-6)


@pytest.mark.parametrize(
    ("regularizer", "expected"),
    [
        (regularizers.L1(0.5), 0.5 * SLOPES),
        (regularizers.L2(0.5), X),
        (regularizers.L1L2(0.5, 0.5), 0.5 * SLOPES + X),
    ],
)
def test_gradients(regularizer: Any, expected: Any) -> None:
    x = Tensor(X)
    with minikeras.GradientTape() as tape:
        tape.watch(x)
        penalty = regularizer(x)
    gradient = tape.gradient(penalty, x)
    assert gradient is not None
    np.testing.assert_array_equal(gradient.numpy(), expected)


@pytest.mark.parametrize("name", sorted(regularizers.registry.names))
def test_names(name: str) -> None:
    regularizer = regularizers.get(name)
    assert regularizers.get(regularizer) is regularizer
    assert type(regularizers.get(type(regularizer))) is type(regularizer)
    assert regularizers.get(None) is None
    if type(regularizer) is not regularizers.Regularizer:
        copy = regularizers.deserialize(regularizers.serialize(regularizer))
        assert copy.get_config() == regularizer.get_config()


class Largest(regularizers.Regularizer):
    def __call__(self, x: Any) -> Any:
        return minikeras.ops.max(x)

    def get_config(self) -> dict[str, Any]:
        return {}


def test_custom_regularizers() -> None:
    layer = minikeras.layers.Dense(1, kernel_initializer="ones", kernel_regularizer=Largest())
    layer.build((None, 2))
    assert [float(loss) for loss in layer.losses] == [1.0]
    config = regularizers.serialize(Largest())
    assert isinstance(regularizers.deserialize(config, {"Largest": Largest}), Largest)
    with pytest.raises(NotImplementedError):
        regularizers.Regularizer().get_config()
    assert regularizers.Regularizer()(X) == 0.0


def test_errors_help() -> None:
    with pytest.raises(ValueError, match="l1"):
        regularizers.L1(-0.1)
    with pytest.raises(ValueError, match="l2"):
        regularizers.L2(float("nan"))
    with pytest.raises(ValueError, match="rows"):
        regularizers.OrthogonalRegularizer(mode="diagonal")  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="rank 2"):
        regularizers.OrthogonalRegularizer()([1.0])
    with pytest.raises(ValueError, match=r"Known names: .*l1, l1_l2"):
        regularizers.get("l3")
    with pytest.raises(ValueError, match="regularizer"):
        regularizers.get(0.01)  # type: ignore[call-overload]


def test_a_factor_that_is_set_between_steps_counts() -> None:
    penalty = regularizers.L2(0.0)
    model = keras.Sequential([keras.Input((1,)), keras.layers.Dense(1, kernel_regularizer=penalty)])
    model.compile(keras.optimizers.SGD(0.0), "mse")
    model.layers[0].set_weights([np.array([[2.0]]), np.zeros(1)])
    x, y = np.ones((4, 1)), np.full((4, 1), 2.0)
    assert [model.train_on_batch(x, y) for _ in range(3)] == [0.0, 0.0, 0.0]
    penalty.l2 = 0.5
    assert model.train_on_batch(x, y) == 2.0
