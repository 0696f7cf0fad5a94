"""Activation functions, and their names.

All but those defined here are the ops of the same name.

Example:
    >>> from minikeras import activations
    >>> print(activations.get("relu")([-1.0, 2.0]))
    Tensor([0. 2.], shape=(2,), dtype=float32)
"""

import warnings
from collections.abc import Callable, Mapping
from typing import Any, TypeAlias, TypeVar, cast

import numpy as np

from . import registry as _registry
from ._typing import ActivationName, Axis, Config, CustomObjects, TensorLike
from .ops import nn
from .ops.elementwise import exp
from .ops.elementwise import tanh as tanh
from .ops.nn import celu as celu
from .ops.nn import elu as elu
from .ops.nn import glu as glu
from .ops.nn import hard_shrink as hard_shrink
from .ops.nn import hard_sigmoid as hard_sigmoid
from .ops.nn import hard_silu as hard_silu
from .ops.nn import hard_swish as hard_swish
from .ops.nn import hard_tanh as hard_tanh
from .ops.nn import leaky_relu as leaky_relu
from .ops.nn import log_sigmoid as log_sigmoid
from .ops.nn import log_softmax as log_softmax
from .ops.nn import relu6 as relu6
from .ops.nn import selu as selu
from .ops.nn import sigmoid as sigmoid
from .ops.nn import silu as silu
from .ops.nn import soft_shrink as soft_shrink
from .ops.nn import softplus as softplus
from .ops.nn import softsign as softsign
from .ops.nn import sparse_plus as sparse_plus
from .ops.nn import sparse_sigmoid as sparse_sigmoid
from .ops.nn import sparsemax as sparsemax
from .ops.nn import squareplus as squareplus
from .ops.nn import swish as swish
from .ops.nn import tanh_shrink as tanh_shrink
from .ops.nn import threshold as threshold
from .tensor import Tensor, composite

X = TypeVar("X")

Activation: TypeAlias = Callable[..., Any]
"""A function from a tensor to a tensor of the same shape, or an activation layer."""

ActivationLike: TypeAlias = ActivationName | Activation | Config | None
"""What `get` takes."""


def linear(x: X) -> X:
    """x itself: no activation.

    Example:
        >>> linear(3.0)
        3.0
    """
    return x


def exponential(x: TensorLike) -> Tensor:
    """Exponential function, exp(x), element by element.

    Example:
        >>> print(exponential([0.0, 1.0]))
        Tensor([1.        2.7182817], shape=(2,), dtype=float32)
    """
    return exp(x)


def relu(
    x: TensorLike, negative_slope: float = 0.0, max_value: float | None = None, threshold: float = 0.0
) -> Tensor:
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
    if threshold == 0 and max_value is None:
        return nn.leaky_relu(x, negative_slope) if negative_slope else nn.relu(x)
    return _general_relu(x, negative_slope, max_value, threshold)


@composite
def _general_relu(x: TensorLike, negative_slope: float, max_value: float | None, threshold: float) -> Tensor:
    y = nn.threshold(x, threshold, 0.0) if threshold else nn.relu(x)
    if max_value is not None:
        y = nn.relu(y) - nn.relu(y - max_value)  # the lesser of y and max_value
    return y - negative_slope * nn.relu(threshold - nn.linear(x)) if negative_slope else y


def gelu(x: TensorLike, approximate: bool = False) -> Tensor:
    """Gaussian error linear unit: x * P(X <= x) for a standard normal X.

    Args:
        x: A tensor of any shape.
        approximate: Whether to use the formula with tanh instead.

    Source: Hendrycks and Gimpel 2016.

    Example:
        >>> print(gelu([-1.0, 2.0]))
        Tensor([-0.15865526  1.9544997 ], shape=(2,), dtype=float32)
    """
    return nn.gelu(x, approximate)


def softmax(x: TensorLike, axis: Axis = -1) -> Tensor:
    """Probabilities along an axis: exp(x) / sum(exp(x)).

    Warns if that axis has size 1, as the result is then 1 whatever x is.

    Example:
        >>> print(softmax([0.0, 0.0]))
        Tensor([0.5 0.5], shape=(2,), dtype=float32)
    """
    shape = np.shape(x)
    if isinstance(axis, int) and -len(shape) <= axis < len(shape) and shape[axis] == 1:
        warnings.warn(
            f"You are using a softmax over axis {axis} of a tensor of shape {shape}: of a single number it is "
            "always 1. Did you mean a sigmoid?",
            stacklevel=2,
        )
    return nn.softmax(x, axis)
