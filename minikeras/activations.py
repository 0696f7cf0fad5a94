"""Activation functions, and their names; those that are not defined here are the ops of the same name."""

# ruff: noqa: I001  # many names a line
# fmt: off

from collections.abc import Callable, Mapping
from typing import Any, TypeAlias, cast, get_args

from ._base.user_warning import warn_user as _warn_user
from ._serialization import registry as _registry
from ._serialization.configurable import is_built_in as _is_built_in
from ._serialization.serialization import serialize as _serialize
from ._base.typing import AnyCallable, ActivationName, Axis, Config, CustomObjects, Function1, T, TensorLike
from .ops import activation as nn, convert_to_tensor, exp, minimum, shape as _shape, tanh
from .ops.activation import (
    celu, elu, glu, hard_shrink, hard_sigmoid, hard_silu, hard_swish, hard_tanh, leaky_relu, log_sigmoid,
    log_softmax, relu6, selu, sigmoid, silu, soft_shrink, softplus, softsign, sparse_plus, sparse_sigmoid,
    sparsemax, squareplus, swish, tanh_shrink, threshold)
from ._core.op import as_op as _as_op
from ._core.tensor import Tensor

__all__ = [
    "celu", "deserialize", "elu", "exponential", "gelu", "get", "glu", "hard_shrink", "hard_sigmoid", "hard_silu",
    "hard_swish", "hard_tanh", "leaky_relu", "linear", "log_sigmoid", "log_softmax", "mish", "relu", "relu6",
    "selu", "serialize", "sigmoid", "silu", "soft_shrink", "softmax", "softplus", "softsign", "sparse_plus",
    "sparse_sigmoid", "sparsemax", "squareplus", "swish", "tanh", "tanh_shrink", "threshold"]
__dir__: AnyCallable = __all__.copy
# fmt: on

Activation: TypeAlias = Callable[..., Tensor]
"""A function from a tensor to a tensor of the same shape, or an activation layer."""

ActivationLike: TypeAlias = ActivationName | Function1 | Config
"""The kinds of things that `get` takes."""


def linear(x: T) -> T:
    """x itself: no activation."""
    return x


@_as_op
def exponential(x: TensorLike) -> Tensor:
    """exp(x), element by element."""
    return exp(x)


@_as_op
def relu(x: TensorLike, negative_slope: float = 0.0, max_value: float | None = None, threshold: float = 0.0) -> Tensor:
    """Rectified linear unit; by default max(x, 0), element by element.

    Args:
        x: A tensor of any shape.
        negative_slope: Below the threshold the result is negative_slope * (x - threshold).
        max_value: Upper limit of the result, None for none.
        threshold: Up to here x counts as negative.

    Example:
        >>> print(relu([-10.0, 1.0, 9.0], negative_slope=0.1, max_value=6.0))
        Tensor([-1.  1.  6.], shape=(3,), dtype=float32)
    """
    if negative_slope and max_value is None and threshold == 0:
        return nn.leaky_relu(x, negative_slope)
    y = nn.threshold(x, threshold, 0.0) if threshold else nn.relu(x)
    if max_value is not None:
        y = nn.relu6(x) if max_value == 6 and threshold == 0 else minimum(nn.relu(y), max_value)
    return y - negative_slope * nn.relu(threshold - convert_to_tensor(x)) if negative_slope else y


@_as_op
def gelu(x: TensorLike, approximate: bool = False) -> Tensor:
    """Gaussian error linear unit: x * P(X <= x) for a standard normal X, or `ops.gelu`'s formula that approximates it.

    Example:
        >>> print(f"{float(gelu(-1.0)):.4f}")
        -0.1587
    """
    return nn.gelu(x, approximate)


@_as_op
def softmax(x: TensorLike, axis: Axis = -1) -> Tensor:
    """Probabilities along an axis: exp(x) / sum(exp(x)). An axis of size 1 gives a warning, since the result is all 1.

    Example:
        >>> print(softmax([0.0, 0.0]))
        Tensor([0.5 0.5], shape=(2,), dtype=float32)
    """
    shape = _shape(x)
    if isinstance(axis, int) and -len(shape) <= axis < len(shape) and shape[axis] == 1:
        what = f"a softmax over axis {axis} of a tensor of shape {shape}"
        _warn_user(f"You are using {what}: of a single number it is always 1. Did you mean a sigmoid?")
    return nn.softmax(x, axis)


@_as_op
def mish(x: TensorLike) -> Tensor:
    """x * tanh(softplus(x)), element by element. Misra 2019."""
    t = convert_to_tensor(x)
    return t * tanh(softplus(t))


registry: _registry.Registry[Activation] = _registry.Registry(
    "keras.activations", "activation", functions=True, names=get_args(ActivationName),
    guests=dict.fromkeys(("Activation", "ELU", "LeakyReLU", "PReLU", "ReLU", "Softmax"), "keras.layers"))  # fmt: skip


def serialize(activation: Activation) -> Any:
    """Return the name of a built-in activation, or the configuration of any other.

    Example:
        >>> serialize(relu)
        'relu'
    """
    name = getattr(activation, "__name__", "")
    return name if name in registry and _is_built_in(activation) else _serialize(activation)


def deserialize(config: str | Config, custom_objects: CustomObjects | None = None) -> Activation:
    """Return the activation of a name, or of what `serialize` returned: a function, or an activation layer."""
    return cast(Activation, registry.deserialize(config, custom_objects))


def get(identifier: ActivationLike | str | None) -> Activation:
    """Return the activation that a name, a configuration or a function stands for; `linear` for None.

    An unknown name raises a ValueError, which suggests the nearest known one.

    Example:
        >>> print(get("relu")([-1.0, 2.0]))
        Tensor([0. 2.], shape=(2,), dtype=float32)
    """
    if identifier is None:
        return linear
    return deserialize(identifier) if isinstance(identifier, Mapping) else registry.get(identifier)
