"""Limits on weights, applied after each step of training, and their names.

Example:
    >>> from minikeras import constraints
    >>> print(constraints.get("non_neg")([-1.0, 2.0]))
    Tensor([0. 2.], shape=(2,), dtype=float32)
"""

from collections.abc import Callable
from typing import Any, Self, TypeAlias, overload

from . import _state
from . import registry as _registry
from ._typing import Axis, Config, ConstraintName, CustomObjects, TensorLike
from .ops.creation import convert_to_tensor
from .ops.elementwise import clip, maximum, sqrt, square
from .ops.reduction import sum as _sum
from .tensor import Tensor


class Constraint:
    """Base of all constraints: subclass it with `__call__`, and `get_config` for `__init__` arguments.

    Example:
        >>> class Halved(Constraint):
        ...     def __call__(self, w):
        ...         return w / 2
        >>> print(Halved()(convert_to_tensor([2.0])))
        Tensor([1.], shape=(1,), dtype=float32)
    """

    def __call__(self, w: TensorLike) -> Any:
        """Return the weights that are allowed in place of w."""
        return w

    def get_config(self) -> Config:
        """Return the arguments that make a constraint like this one."""
        return {}

    @classmethod
    def from_config(cls, config: Config) -> Self:
        """Return the constraint of a configuration."""
        return cls(**config)


def _norms(w: Tensor, axis: Axis) -> Tensor:
    return sqrt(_sum(square(w), axis, keepdims=True))


class MaxNorm(Constraint):
    """Norms along an axis of at most `max_value`: those of the columns of a dense kernel, by default.

    Args:
        max_value: The limit.
        axis: Along which axis (or axes) a norm is taken.

    Example:
        >>> print(MaxNorm(1.0)([[3.0], [4.0]]))
        Tensor(
        [[0.6]
         [0.8]], shape=(2, 1), dtype=float32)
    """

    def __init__(self, max_value: float = 2, axis: Axis = 0) -> None:
        self.max_value = max_value
        self.axis = axis

    def __call__(self, w: TensorLike) -> Tensor:
        """Return w, scaled down where its norm is too large."""
        tensor = convert_to_tensor(w)
        norms = _norms(tensor, self.axis)
        return tensor * (clip(norms, 0, self.max_value) / (_state.settings.epsilon + norms))

    def get_config(self) -> Config:
        """Return the arguments that make a constraint like this one."""
        return {"max_value": self.max_value, "axis": self.axis}


class NonNeg(Constraint):
    """No negative weights: they become 0.

    Example:
        >>> print(NonNeg()([-1.0, 2.0]))
        Tensor([0. 2.], shape=(2,), dtype=float32)
    """

    def __call__(self, w: TensorLike) -> Tensor:
        """Return w with zeros in place of negative weights."""
        return maximum(w, 0)


class UnitNorm(Constraint):
    """Norms of 1 along an axis.

    Args:
        axis: Along which axis (or axes) a norm is taken.

    Example:
        >>> print(UnitNorm()([[3.0], [4.0]]))
        Tensor(
        [[0.6]
         [0.8]], shape=(2, 1), dtype=float32)
    """

    def __init__(self, axis: Axis = 0) -> None:
        self.axis = axis

    def __call__(self, w: TensorLike) -> Tensor:
        """Return w divided by its norms."""
        tensor = convert_to_tensor(w)
        return tensor / (_state.settings.epsilon + _norms(tensor, self.axis))

    def get_config(self) -> Config:
        """Return the arguments that make a constraint like this one."""
        return {"axis": self.axis}


class MinMaxNorm(Constraint):
    """Norms along an axis from `min_value` to `max_value`.

    Args:
        min_value, max_value: The limits.
        rate: How much of the way to them each application goes, from 0 to 1.
        axis: Along which axis (or axes) a norm is taken.

    Example:
        >>> print(MinMaxNorm(max_value=1.0, rate=0.5)([[3.0], [4.0]]))
        Tensor(
        [[1.8000001]
         [2.4      ]], shape=(2, 1), dtype=float32)
    """

    def __init__(self, min_value: float = 0.0, max_value: float = 1.0, rate: float = 1.0, axis: Axis = 0) -> None:
        self.min_value = min_value
        self.max_value = max_value
        self.rate = rate
        self.axis = axis

    def __call__(self, w: TensorLike) -> Tensor:
        """Return w, scaled towards the limits where its norm is outside of them."""
        tensor = convert_to_tensor(w)
        norms = _norms(tensor, self.axis)
        desired = self.rate * clip(norms, self.min_value, self.max_value) + (1 - self.rate) * norms
        return tensor * (desired / (_state.settings.epsilon + norms))

    def get_config(self) -> Config:
        """Return the arguments that make a constraint like this one."""
        return {
            "min_value": self.min_value,
            "max_value": self.max_value,
            "rate": self.rate,
            "axis": self.axis,
        }


ConstraintFunction: TypeAlias = Callable[..., Any]
"""A function of the caller's from a tensor to one of the same shape."""

ConstraintLike: TypeAlias = ConstraintName | Constraint | type[Constraint] | ConstraintFunction | Config
"""What `get` takes."""

registry: _registry.Registry[Constraint] = _registry.Registry("keras.constraints", "constraint")
"""The named constraints."""

max_norm = MaxNorm
min_max_norm = MinMaxNorm
non_neg = NonNeg
unit_norm = UnitNorm

for _cls in (Constraint, MaxNorm, MinMaxNorm, NonNeg, UnitNorm):
    registry.register(_cls, _state.to_snake_case(_cls.__name__))


def serialize(constraint: Constraint | ConstraintFunction | None) -> Any:
    """Return the configuration of a constraint, None for None.

    Example:
        >>> serialize(UnitNorm())["config"]
        {'axis': 0}
    """
    return _registry.serialize(constraint)


def deserialize(config: str | Config, custom_objects: CustomObjects | None = None) -> Any:
    """Return the constraint of what `serialize` gave.

    Args:
        config: A configuration or a name.
        custom_objects: Names to functions or classes of the caller's.

    Raises:
        ValueError: if the name is unknown.

    Example:
        >>> deserialize({"class_name": "MaxNorm", "config": {"max_value": 3}}).max_value
        3
    """
    return registry.deserialize(config, custom_objects)


@overload
def get(identifier: None) -> None: ...


@overload
def get(identifier: str | Constraint | type[Any] | Config) -> Constraint: ...


@overload
def get(identifier: ConstraintFunction) -> ConstraintFunction: ...


def get(identifier: Any) -> Any:
    """Return the constraint that a name, a configuration, a class or a function stands for; None for None.

    Raises:
        ValueError: if it stands for none, with the nearest known name.

    Example:
        >>> type(get("max_norm")).__name__
        'MaxNorm'
    """
    return registry.build(identifier)
