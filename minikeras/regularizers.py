"""Penalties on weights and outputs, and their names.

Example:
    >>> from minikeras import regularizers
    >>> print(regularizers.get("l2")([[1.0, 2.0]]))
    Tensor(0.049999997, shape=(), dtype=float32)
"""

import math
from collections.abc import Callable
from typing import Any, Literal, Self, TypeAlias, overload

import numpy as np

from . import _state
from . import registry as _registry
from ._typing import Config, CustomObjects, RegularizerName, TensorLike
from .ops.creation import convert_to_tensor
from .ops.elementwise import absolute, square
from .ops.linalg import matmul
from .ops.normalization import normalize
from .ops.reduction import sum as _sum
from .ops.shapes import transpose
from .tensor import Tensor


class Regularizer:
    """Base of all regularizers: subclass it with your own `__call__`, and `get_config` to save models.

    Example:
        >>> class Sum(Regularizer):
        ...     def __call__(self, x):
        ...         return x.sum()
        >>> print(Sum()(convert_to_tensor([1.0, 2.0])))
        Tensor(3.0, shape=(), dtype=float32)
    """

    def __call__(self, x: TensorLike) -> Any:
        """Return the penalty on a tensor, a scalar."""
        return 0.0

    def get_config(self) -> Config:
        """Return the arguments that make a regularizer like this one."""
        raise NotImplementedError(f"{self} does not implement get_config()")

    @classmethod
    def from_config(cls, config: Config) -> Self:
        """Return the regularizer of a configuration."""
        return cls(**config)


def _factor(value: float, name: str) -> float:
    if not isinstance(value, float | int) or not math.isfinite(value) or value < 0:
        raise ValueError(f"Invalid value for argument {name}: expected a non-negative float. Received: {name}={value}")
    return float(value)


def _rounded(value: float) -> float:
    """Return a number as the default float type holds it, which is what Keras keeps of some factors."""
    return float(np.asarray(value, _state.settings.floatx))


class L1L2(Regularizer):
    """l1 * sum(|x|) + l2 * sum(x * x).

    Args:
        l1, l2: Factors, not negative; None stands for 0.

    Raises:
        ValueError: for a negative or infinite factor.

    Example:
        >>> print(L1L2(l1=1.0, l2=1.0)([-1.0, 2.0]))
        Tensor(8.0, shape=(), dtype=float32)
    """

    def __init__(self, l1: float | None = 0.0, l2: float | None = 0.0) -> None:
        self.l1 = _factor(0.0 if l1 is None else l1, "l1")
        self.l2 = _factor(0.0 if l2 is None else l2, "l2")

    def __call__(self, x: TensorLike) -> Tensor:
        """Return the penalty on a tensor, a scalar."""
        tensor = convert_to_tensor(x)
        total = Tensor(np.zeros((), tensor.dtype))
        if self.l1:
            total = total + self.l1 * _sum(absolute(tensor))
        if self.l2:
            total = total + self.l2 * _sum(square(tensor))
        return total

    def get_config(self) -> Config:
        """Return the arguments that make a regularizer like this one."""
        return {"l1": self.l1, "l2": self.l2}


class L1(Regularizer):
    """l1 * sum(|x|), which drives weights to exactly 0.

    Args:
        l1: Factor, not negative.

    Raises:
        ValueError: for a negative or infinite factor.

    Example:
        >>> print(L1(1.0)([-1.0, 2.0]))
        Tensor(3.0, shape=(), dtype=float32)
    """

    def __init__(self, l1: float | None = 0.01) -> None:
        self.l1 = _rounded(_factor(0.01 if l1 is None else l1, "l1"))

    def __call__(self, x: TensorLike) -> Tensor:
        """Return the penalty on a tensor, a scalar."""
        return self.l1 * _sum(absolute(x))

    def get_config(self) -> Config:
        """Return the arguments that make a regularizer like this one."""
        return {"l1": self.l1}


class L2(Regularizer):
    """l2 * sum(x * x), which keeps weights small.

    Args:
        l2: Factor, not negative.

    Raises:
        ValueError: for a negative or infinite factor.

    Example:
        >>> print(L2(1.0)([-1.0, 2.0]))
        Tensor(5.0, shape=(), dtype=float32)
    """

    def __init__(self, l2: float | None = 0.01) -> None:
        self.l2 = _factor(0.01 if l2 is None else l2, "l2")

    def __call__(self, x: TensorLike) -> Tensor:
        """Return the penalty on a tensor, a scalar."""
        return self.l2 * _sum(square(x))

    def get_config(self) -> Config:
        """Return the arguments that make a regularizer like this one."""
        return {"l2": self.l2}


class OrthogonalRegularizer(Regularizer):
    """factor times the mean |cosine| between the rows (or columns) of a matrix, which keeps them apart.

    Args:
        factor: Not negative.
        mode: "rows" or "columns".

    Raises:
        ValueError: for a negative factor or an unknown mode; when called, for a tensor that is no matrix.

    Example:
        >>> print(OrthogonalRegularizer(factor=1.0)([[3.0, 0.0], [0.0, 5.0]]))
        Tensor(0.0, shape=(), dtype=float32)
    """

    def __init__(self, factor: float = 0.01, mode: Literal["rows", "columns"] = "rows") -> None:
        self.factor = _rounded(_factor(factor, "factor"))
        if mode not in ("rows", "columns"):
            raise ValueError(
                f"Invalid value for argument `mode`. Expected one of {{'rows', 'columns'}}. Received: mode={mode}"
            )
        self.mode = mode

    def __call__(self, inputs: TensorLike) -> Tensor:
        """Return the penalty on a matrix, a scalar."""
        x = convert_to_tensor(inputs)
        if x.ndim != 2:
            raise ValueError(f"Inputs to OrthogonalRegularizer must have rank 2. Received: inputs.shape={x.shape}")
        unit = normalize(x if self.mode == "rows" else transpose(x), axis=1)
        size = int(unit.shape[0])
        others = 1 - np.eye(size, dtype=unit.dtype)
        total = _sum(absolute(matmul(unit, transpose(unit)) * others))
        return self.factor * 0.5 * total / (size * (size - 1.0) / 2.0)

    def get_config(self) -> Config:
        """Return the arguments that make a regularizer like this one."""
        return {"factor": self.factor, "mode": self.mode}


RegularizerFunction: TypeAlias = Callable[..., Any]
"""A function of the caller's from a tensor to a scalar."""

RegularizerLike: TypeAlias = RegularizerName | Regularizer | type[Regularizer] | RegularizerFunction | Config
"""What `get` takes."""

registry: _registry.Registry[Regularizer] = _registry.Registry("keras.regularizers", "regularizer")
"""The named regularizers."""

l1 = L1
l1_l2 = L1L2
l2 = L2
orthogonal_regularizer = OrthogonalRegularizer

for _cls in (Regularizer, L1, L2, OrthogonalRegularizer):
    registry.register(_cls, _state.to_snake_case(_cls.__name__))
registry.register(L1L2, "l1l2", "l1_l2")


def serialize(regularizer: Regularizer | RegularizerFunction | None) -> Any:
    """Return the configuration of a regularizer, None for None.

    Example:
        >>> serialize(L2(0.5))["config"]
        {'l2': 0.5}
    """
    return _registry.serialize(regularizer)


def deserialize(config: str | Config, custom_objects: CustomObjects | None = None) -> Any:
    """Return the regularizer of what `serialize` gave.

    Args:
        config: A configuration or a name.
        custom_objects: Names to functions or classes of the caller's.

    Raises:
        ValueError: if the name is unknown.

    Example:
        >>> deserialize({"class_name": "L2", "config": {"l2": 0.5}}).l2
        0.5
    """
    return registry.deserialize(config, custom_objects)


@overload
def get(identifier: None) -> None: ...


@overload
def get(identifier: str | Regularizer | type[Any] | Config) -> Regularizer: ...


@overload
def get(identifier: RegularizerFunction) -> RegularizerFunction: ...


def get(identifier: Any) -> Any:
    """Return the regularizer that a name, a configuration, a class or a function stands for; None for None.

    Raises:
        ValueError: if it stands for none, with the nearest known name.

    Example:
        >>> type(get("l2")).__name__
        'L2'
    """
    return registry.build(identifier)
