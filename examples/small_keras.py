"""Keras in two hundred lines: `Layer`, `Dense`, `Activation`, `Sequential`, a tape for gradients, and `fit`, on NumPy.

Read it from top to bottom: (1) arrays that remember how they were computed, (2) gradients, (3) layers that make their
weights when they first see data, (4) a chain of layers that is trained. The numbers are those of minikeras and Keras.
"""

from collections.abc import Callable, Sequence
from typing import Any, ClassVar, TypeAlias

import numpy as np
from numpy.typing import NDArray

Array: TypeAlias = NDArray[np.floating[Any]]
Rule: TypeAlias = Callable[[Array], Array]

# --- (1) Tensors: an array, and the inputs it was computed from -----------------------------------------------------


class Tensor:
    """An array that remembers from which tensors it was computed.

    `rules` has a function for each of the `inputs`: from the gradient of this tensor to its share in the gradient of
    that input. Such a function is called a vector-Jacobian product, VJP.
    """

    def __init__(self, array: Any, inputs: Sequence["Tensor"] = (), rules: Sequence[Rule] = ()) -> None:
        self.array: Array = array
        self.inputs, self.rules = inputs, rules
        for tape in GradientTape.recording:
            tape.entries.append(self)

    def __matmul__(self, other: "Tensor") -> "Tensor":
        a, b = self.array, other.array
        return Tensor(a @ b, (self, other), (lambda g: g @ b.T, lambda g: a.T @ g))

    def __add__(self, bias: "Tensor") -> "Tensor":  # one row for all rows: its gradient is the sum over them
        return Tensor(self.array + bias.array, (self, bias), (lambda g: g, lambda g: g.sum(axis=0)))


def relu(x: Tensor) -> Tensor:
    """Return x where it is positive, else 0."""
    return Tensor(np.maximum(x.array, 0), (x,), (lambda g: g * (x.array > 0),))


def sigmoid(x: Tensor) -> Tensor:
    """Return 1 / (1 + exp(-x)), between 0 and 1."""
    y = 1 / (1 + np.exp(-x.array))
    return Tensor(y, (x,), (lambda g: g * y * (1 - y),))


def mean_squared_error(y: Array, p: Tensor) -> Tensor:
    """Return the mean of (p - y)^2 over all elements."""
    error = p.array - y
    return Tensor(np.mean(error**2), (p,), (lambda g: g * 2 * error / error.size,))


def binary_crossentropy(y: Array, p: Tensor) -> Tensor:
    """Return the mean of -log(p) where y is 1 and of -log(1 - p) where it is 0."""
    q = np.clip(p.array, 1e-7, 1 - 1e-7)  # a logarithm of 0 would be infinite
    value = -np.mean(y * np.log(q) + (1 - y) * np.log(1 - q))
    return Tensor(value, (p,), (lambda g: g * (q - y) / (q * (1 - q)) / q.size,))


ACTIVATIONS: dict[str | None, Callable[[Tensor], Tensor]] = {None: lambda x: x, "relu": relu, "sigmoid": sigmoid}
LOSSES = {"mse": mean_squared_error, "binary_crossentropy": binary_crossentropy}

# --- (2) Gradients: back through the steps, the last one first -------------------------------------------------------


class GradientTape:
    """A list of the tensors that were computed while it was open, in their order."""

    recording: ClassVar[list["GradientTape"]] = []

    def __enter__(self) -> "GradientTape":
        self.entries: list[Tensor] = []
        self.recording.append(self)
        return self

    def __exit__(self, *error: object) -> None:
        self.recording.remove(self)

    def gradient(self, target: Tensor, sources: Sequence[Tensor]) -> list[Array]:
        """Return the gradient of a number with respect to each source: the sum over all steps that used it."""
        total: dict[int, Any] = {id(target): np.ones_like(target.array)}
        for tensor in reversed(self.entries):  # its users come later in the list: their gradients are complete
            for source, rule in zip(tensor.inputs, tensor.rules, strict=True):
                if id(tensor) in total:
                    total[id(source)] = total.get(id(source), 0) + rule(total[id(tensor)])
        return [total[id(source)] for source in sources]


# --- (3) Layers: functions whose weights are made at the first call --------------------------------------------------


class Layer:
    """A function with weights. A subclass has `call`, and `build` where it needs weights."""

    built = False

    def __init__(self) -> None:
        self.weights: list[Tensor] = []

    def build(self, width: int) -> None:
        """Make the weights for inputs with `width` columns."""

    def call(self, x: Tensor) -> Tensor:
        """Return the outputs for a batch of rows."""
        raise NotImplementedError(f"{type(self).__name__} needs a method `call`.")

    def __call__(self, x: Tensor) -> Tensor:
        if not self.built:
            self.build(x.array.shape[1])
            self.built = True
        return self.call(x)

    def add_weight(self, array: Array) -> Tensor:
        self.weights.append(Tensor(array.astype("float32")))
        return self.weights[-1]

    def get_weights(self) -> list[Array]:
        return [weight.array.copy() for weight in self.weights]

    def set_weights(self, arrays: Sequence[Array]) -> None:
        shapes, wanted = [np.shape(array) for array in arrays], [weight.array.shape for weight in self.weights]
        if shapes != wanted:  # check before setting any
            raise ValueError(f"Expected arrays of shapes {wanted}. Received arrays of shapes {shapes}.")
        for weight, array in zip(self.weights, arrays, strict=True):
            weight.array = np.array(array, "float32")


class Activation(Layer):
    """A function of each element, by its name."""

    def __init__(self, activation: str | None) -> None:
        super().__init__()
        self.activation = ACTIVATIONS[activation]

    def call(self, x: Tensor) -> Tensor:
        return self.activation(x)


class Dense(Layer):
    """activation(x @ kernel + bias), with a random kernel by the rule of Glorot and Bengio (2010)."""

    def __init__(self, units: int, activation: str | None = None) -> None:
        super().__init__()
        self.units, self.activation = units, ACTIVATIONS[activation]

    def build(self, width: int) -> None:
        limit = np.sqrt(6 / (width + self.units))
        self.kernel = self.add_weight(np.random.default_rng().uniform(-limit, limit, (width, self.units)))
        self.bias = self.add_weight(np.zeros(self.units))

    def call(self, x: Tensor) -> Tensor:
        return self.activation(x @ self.kernel + self.bias)


# --- (4) A model: layers in a chain, an optimizer, and a loop over batches -------------------------------------------


class Adam:
    """Kingma and Ba (2014): a step is the mean of the gradients over the root of the mean of their squares."""

    def __init__(self, learning_rate: float = 0.001) -> None:
        self.learning_rate, self.iterations = learning_rate, 0
        self.slots: list[list[Array]] = []  # both means of each weight, which start at 0

    def apply(self, grads: Sequence[Array], weights: Sequence[Tensor]) -> None:
        self.iterations += 1
        self.slots = self.slots or [[np.zeros_like(g), np.zeros_like(g)] for g in grads]
        rate = self.learning_rate * np.sqrt(1 - 0.999**self.iterations) / (1 - 0.9**self.iterations)
        for weight, g, slots in zip(weights, grads, self.slots, strict=True):
            slots[0] += 0.1 * (g - slots[0])
            slots[1] += 0.001 * (g * g - slots[1])
            weight.array = weight.array - np.float32(rate) * slots[0] / (np.sqrt(slots[1]) + np.float32(1e-7))


class Sequential(Layer):
    """A chain of layers: each takes the output of the one before."""

    def __init__(self, layers: Sequence[Layer]) -> None:
        super().__init__()
        self.layers = list(layers)

    def build(self, width: int) -> None:
        self.call(Tensor(np.zeros((1, width), "float32")))  # each layer builds itself on the way
        self.weights = [weight for layer in self.layers for weight in layer.weights]

    def call(self, x: Tensor) -> Tensor:
        for layer in self.layers:
            x = layer(x)
        return x

    def predict(self, x: Array) -> Array:
        return self(Tensor(np.asarray(x, "float32"))).array

    def compile(self, optimizer: Adam, loss: str) -> None:
        self.optimizer, self.loss = optimizer, LOSSES[loss]

    def fit(self, x: Array, y: Array, epochs: int = 1, batch_size: int = 32, shuffle: bool = True) -> list[float]:
        """Train, and return the mean loss of each epoch."""
        x, y = np.asarray(x, "float32"), np.asarray(y, "float32").reshape(len(x), -1)
        history = []
        for _ in range(epochs):
            order = np.random.default_rng().permutation(len(x)) if shuffle else np.arange(len(x))
            total = 0.0
            for start in range(0, len(x), batch_size):
                rows = order[start : start + batch_size]
                with GradientTape() as tape:
                    loss = self.loss(y[rows], self(Tensor(x[rows])))
                self.optimizer.apply(tape.gradient(loss, self.weights), self.weights)
                total += float(loss.array) * len(rows)
            history.append(total / len(x))
        return history


if __name__ == "__main__":
    x = np.array([[0, 0], [0, 1], [1, 0], [1, 1]] * 50, "float32")
    model = Sequential([Dense(32, "relu"), Dense(1), Activation("sigmoid")])
    print("weights before the first call:", model.get_weights())
    model.compile(Adam(learning_rate=0.05), loss="binary_crossentropy")
    history = model.fit(x, x[:, 0] != x[:, 1], epochs=50)  # exclusive or, which no single neuron can learn
    print(f"loss: {history[0]:.2f} at first, {history[-1]:.3f} in the end")
    print("predictions:", model.predict(x[:4]).round(2).ravel())
    assert history[-1] < 0.1
