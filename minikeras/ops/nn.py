"""Operations of neural networks: activations, normalization, losses on arrays."""

import numpy as np

from .._typing import Array, TensorLike
from ..tensor import primitive
from .arrays import buffer



@primitive(lambda g, y, x: g * y * (1 - y), inplace=True)  # d sigmoid = sigmoid * (1 - sigmoid)
def sigmoid(x: TensorLike, out: Array | None = None) -> Array:
    """Logistic function 1 / (1 + exp(-x))."""
    y = buffer(x, out)
    with np.errstate(over="ignore"):  # exp(-x) is inf below -88 in float32, and 1 / inf is the right answer
        np.exp(np.negative(x, out=y), out=y)
    np.add(y, 1, out=y)
    return np.reciprocal(y, out=y)
