"""Limits on weights, applied after each step of training, and their names."""

from typing import Any, Final, TypeAlias

from ._base.settings import settings
from ._base.typing import AnyCallable, Axis, Config, ConstraintName, Function1, TensorLike
from ._core.tensor import Tensor
from ._serialization.configurable import Configurable
from ._serialization.registry import Registry
from ._serialization.serialization import serialize as serialize
from .ops import clip, convert_to_tensor, maximum, sqrt, square, sum as _sum

__all__ = ["Constraint", "MaxNorm", "MinMaxNorm", "NonNeg", "UnitNorm", "deserialize", "get", "max_norm",
           "min_max_norm", "non_neg", "serialize", "unit_norm"]  # fmt: skip
__dir__: AnyCallable = __all__.copy


class Constraint(Configurable):
    """Base of all constraints: subclass it with `__call__`, and `get_config` for `__init__` arguments.

    Args:
        axis: Axis or axes along which norms are taken; 0 for the columns of a dense kernel.
        max_value: The largest norm.
        min_value: The smallest norm.

    Example:
        >>> class Halved(Constraint):
        ...     def __call__(self, w):
        ...         return w / 2
    """

    def __call__(self, w: Any) -> Any:
        """Return the constrained weights that replace w."""
        return w


def _norms(w: TensorLike, axis: Axis) -> tuple[Tensor, Tensor]:
    tensor = convert_to_tensor(w)
    return tensor, sqrt(_sum(square(tensor), axis, keepdims=True))


class MaxNorm(Constraint):
    """Norms along an axis (or axes) of at most `max_value`: those of the columns of a dense kernel, by default.

    Example:
        >>> print(MaxNorm(1.0)([3.0, 4.0]))
        Tensor([0.6 0.8], shape=(2,), dtype=float32)
    """

    def __init__(self, max_value: float = 2, axis: Axis = 0) -> None:
        self.max_value = max_value
        self.axis = axis

    def __call__(self, w: TensorLike) -> Tensor:
        tensor, norms = _norms(w, self.axis)
        return tensor * (clip(norms, 0, self.max_value) / (settings.epsilon + norms))


class NonNeg(Constraint):
    """No negative weights: they become 0.

    Example:
        >>> print(get("non_neg")([-1.0, 2.0]))
        Tensor([0. 2.], shape=(2,), dtype=float32)
    """

    def __call__(self, w: TensorLike) -> Tensor:
        return maximum(w, 0)


class UnitNorm(Constraint):
    """Norms of 1 along an axis (or axes)."""

    def __init__(self, axis: Axis = 0) -> None:
        self.axis = axis

    def __call__(self, w: TensorLike) -> Tensor:
        tensor, norms = _norms(w, self.axis)
        return tensor / (settings.epsilon + norms)


class MinMaxNorm(Constraint):
    """Norms along an axis (or axes) from `min_value` to `max_value`.

    Args:
        rate: How far each application moves norms towards these limits, from 0 (not at all) to 1 (all the way).
    """

    def __init__(self, min_value: float = 0.0, max_value: float = 1.0, rate: float = 1.0, axis: Axis = 0) -> None:
        self.min_value = min_value
        self.max_value = max_value
        self.rate = rate
        self.axis = axis

    def __call__(self, w: TensorLike) -> Tensor:
        tensor, norms = _norms(w, self.axis)
        desired = self.rate * clip(norms, self.min_value, self.max_value) + (1 - self.rate) * norms
        return tensor * (desired / (settings.epsilon + norms))


ConstraintLike: TypeAlias = ConstraintName | Constraint | type[Constraint] | Function1 | Config | None
"""The argument of `get`; a user's function takes a tensor and returns one of the same shape."""

max_norm = MaxNorm
min_max_norm = MinMaxNorm
non_neg = NonNeg
unit_norm = UnitNorm

registry: Registry[Constraint] = Registry("keras.constraints", "constraint", Constraint, snake_case=True)
get: Final = registry.get
deserialize: Final = registry.deserialize
