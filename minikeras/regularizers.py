"""Penalties on weights and outputs, and their names."""

import math
from typing import Any, Final, Literal, TypeAlias

import numpy as np

from ._base.checks import one_of
from ._base.settings import settings
from ._base.typing import AnyCallable, Config, Function1, RegularizerName, TensorLike
from ._core.ownership import Changes
from ._core.tensor import Tensor
from ._serialization.configurable import Configurable
from ._serialization.registry import Registry
from ._serialization.serialization import serialize as serialize
from .ops import absolute, convert_to_tensor, matmul, normalize, square, sum as _sum, transpose

__all__ = ["L1", "L1L2", "L2", "OrthogonalRegularizer", "Regularizer", "deserialize", "get", "l1", "l1_l2", "l2",
           "orthogonal_regularizer", "serialize"]  # fmt: skip
__dir__: AnyCallable = __all__.copy


class Regularizer(Configurable):
    """Base of all regularizers: subclass it with your own `__call__`, and `get_config` to save models.

    Args:
        l1, l2, factor: The factor of a subclass that has one, from 0.

    Example:
        >>> class Sum(Regularizer):
        ...     def __call__(self, x):
        ...         return x.sum()
    """

    def __setattr__(self, name: str, value: Any) -> None:
        super().__setattr__(name, value)
        Changes.layers += 1  # compiled programs hold the factors: they must notice

    def __call__(self, x: Any) -> Any:
        """Return the penalty on a tensor, a scalar."""
        return 0.0

    def get_config(self) -> Config:
        if not self._arguments:
            raise NotImplementedError(f"{self} does not implement get_config()")
        return super().get_config()


def _factor(name: str, value: float | None, default: float = 0.01) -> float:
    value = default if value is None else value
    if not isinstance(value, float | int) or not math.isfinite(value) or value < 0:
        raise ValueError(f"Invalid value for argument {name}: expected a non-negative float. Received: {name}={value}")
    return float(value)


def _rounded(value: float) -> float:
    """Return a number rounded to the default float type, as Keras does with some factors."""
    return float(np.asarray(value, settings.floatx))


class L1L2(Regularizer):
    """l1 * sum(|x|) + l2 * sum(x * x).

    Args:
        l1, l2: Factors of the absolute values and of the squares, from 0; None stands for 0.

    Example:
        >>> print(L1L2(l1=1.0, l2=1.0)([-1.0, 2.0]))
        Tensor(8.0, shape=(), dtype=float32)
    """

    def __init__(self, l1: float | None = 0.0, l2: float | None = 0.0) -> None:
        self.l1: float = _factor("l1", l1, 0.0)
        self.l2: float = _factor("l2", l2, 0.0)

    def __call__(self, x: TensorLike) -> Tensor:
        tensor = convert_to_tensor(x)
        pairs = (self.l1, absolute), (self.l2, square)
        return sum((k * _sum(f(tensor)) for k, f in pairs if k), Tensor(np.zeros((), tensor.dtype)))


class L1(Regularizer):
    """l1 * sum(|x|), which drives weights to exactly 0.

    Example:
        >>> print(L1(1.0)([-1.0, 2.0]))
        Tensor(3.0, shape=(), dtype=float32)
    """

    def __init__(self, l1: float | None = 0.01) -> None:
        self.l1: float = _rounded(_factor("l1", l1))

    def __call__(self, x: TensorLike) -> Tensor:
        return self.l1 * _sum(absolute(x))


class L2(Regularizer):
    """l2 * sum(x * x), which keeps weights small.

    Example:
        >>> print(L2(1.0)([-1.0, 2.0]))
        Tensor(5.0, shape=(), dtype=float32)
    """

    def __init__(self, l2: float | None = 0.01) -> None:
        self.l2: float = _factor("l2", l2)

    def __call__(self, x: TensorLike) -> Tensor:
        return self.l2 * _sum(square(x))


class OrthogonalRegularizer(Regularizer):
    """factor * mean |cosine| between the rows (or columns) of a matrix, which makes them orthogonal.

    Args:
        mode: "rows" or "columns".

    Example:
        >>> print(OrthogonalRegularizer(factor=1.0)([[3.0, 0.0], [0.0, 5.0]]))
        Tensor(0.0, shape=(), dtype=float32)
    """

    def __init__(self, factor: float = 0.01, mode: Literal["rows", "columns"] = "rows") -> None:
        self.factor: float = _rounded(_factor("factor", factor))
        self.mode: Literal["rows", "columns"] = one_of("mode", mode, ("rows", "columns"))

    def __call__(self, inputs: TensorLike) -> Tensor:
        x = convert_to_tensor(inputs)
        if x.ndim != 2:
            raise ValueError(f"Inputs to OrthogonalRegularizer must have rank 2. Received: inputs.shape={x.shape}")
        unit = normalize(x if self.mode == "rows" else transpose(x), axis=1)
        size = int(unit.shape[0])
        total = _sum(absolute(matmul(unit, transpose(unit)) * (1 - np.eye(size, dtype=unit.dtype))))
        return self.factor * 0.5 * total / (size * (size - 1.0) / 2.0)


RegularizerLike: TypeAlias = RegularizerName | Regularizer | type[Regularizer] | Function1 | Config | None
"""The argument of `get`; a user's function takes a tensor and returns a scalar."""

l1 = L1
l1_l2 = L1L2
l2 = L2
orthogonal_regularizer = OrthogonalRegularizer

registry: Registry[Regularizer] = Registry("keras.regularizers", "regularizer", Regularizer, snake_case=True,
                                           aliases={"l1_l2": "L1L2"})  # fmt: skip
get: Final = registry.get
deserialize: Final = registry.deserialize
