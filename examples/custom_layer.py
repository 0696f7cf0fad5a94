"""Your own typed layer, with its maths written in three ways: operators, NumPy functions, ops."""

from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

import minikeras as keras
from minikeras import Tensor, Variable, ops

Values = Tensor | NDArray[Any]
"""For type checkers: NumPy's stubs say that its functions return arrays, but called on tensors they return Tensors."""


class Gate(keras.Layer):
    """Multiplies each feature by a gate between 0 and 1: y = x * sigmoid(x @ kernel + bias).

    Args:
        style: How the formula is written.
        name: Name of the layer.
    """

    kernel: Variable
    bias: Variable

    def __init__(self, style: Literal["operators", "numpy", "ops"] = "ops", name: str | None = None) -> None:
        super().__init__(name=name)
        self.style = style

    def build(self, input_shape: tuple[int, ...]) -> None:
        """Make the weights once the number of features is known."""
        features = input_shape[-1]
        self.kernel = self.add_weight((features, features), "glorot_uniform", name="kernel")
        self.bias = self.add_weight((features,), "zeros", name="bias")

    def call(self, x: Tensor, training: bool | None = None) -> Values:
        """Return the gated features."""
        if self.style == "operators":
            return x * (1 / (1 + np.e ** -(x @ self.kernel + self.bias)))
        if self.style == "numpy":
            z = np.add(np.matmul(x, self.kernel), self.bias)
            return np.multiply(x, 1 / (1 + np.exp(-z)))
        return x * ops.sigmoid(ops.matmul(x, self.kernel) + self.bias)


def main() -> None:
    """Show that the three versions give the same results, in a model and on their own."""
    keras.utils.set_random_seed(1)
    x = np.random.default_rng(0).normal(size=(4, 3)).astype("float32")
    layers = [Gate("operators"), Gate("numpy"), Gate("ops")]
    for layer in layers:
        layer(x)
        layer.set_weights(layers[0].get_weights())
    results = [layer(x).numpy() for layer in layers]
    print(results[0].round(4))
    for result in results[1:]:
        assert np.allclose(result, results[0], rtol=1e-5)

    model = keras.Sequential([keras.Input((3,)), layers[0], keras.layers.Dense(1)])
    model.summary(line_length=72)
    assert model.count_params() == 3 * 3 + 3 + 3 + 1
    assert np.allclose(model.predict(x, verbose=0), model(x), rtol=1e-6)

    again = Gate.from_config(layers[2].get_config())
    assert again.style == "ops"
    print("three ways, one result")


if __name__ == "__main__":
    main()
