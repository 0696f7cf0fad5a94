"""Losses of labels -1 and 1, or of classes, whose scores should keep a margin."""

from typing import Any

import numpy as np

from .. import ops
from .._base.typing import Array, TensorLike
from .._core.op import primitive
from .._core.tensor import Tensor
from .base import NamedLoss, floats


@primitive(lambda g, y, x: g * np.where(_is_binary(x), 2, 1))
def _signs(y_true: TensorLike) -> Array:
    """Return labels of 0 and 1 as -1 and 1, others as they are."""
    array = np.asarray(y_true)
    return 2 * array - 1 if _is_binary(array) else array


def _is_binary(x: Any) -> bool:
    return bool(np.all(np.equal(x, 0) | np.equal(x, 1)))


def _shortfall(y_true: TensorLike, y_pred: TensorLike) -> Tensor:
    true, predicted = floats(y_true, y_pred, squeeze=False)
    return ops.maximum(1.0 - _signs(true) * predicted, 0.0)


def hinge(y_true: TensorLike, y_pred: TensorLike) -> Tensor:
    """Return mean(max(1 - y_true * y_pred, 0)) over the last axis.

    Args:
        y_true: -1 or 1; 0 and 1 are taken for these.
        y_pred: Predictions of the same shape.

    Example:
        >>> float(hinge([1.0, -1.0], [0.5, 0.5]))
        1.0
    """
    return ops.mean(_shortfall(y_true, y_pred), axis=-1)


class Hinge(NamedLoss, fn=hinge):
    """How much predictions miss the margin of 1; see the function `hinge`."""


def squared_hinge(y_true: TensorLike, y_pred: TensorLike) -> Tensor:
    """Return mean(max(1 - y_true * y_pred, 0) ** 2) over the last axis; arguments as in `hinge`.

    Example:
        >>> float(squared_hinge([1.0, -1.0], [0.5, 0.5]))
        1.25
    """
    return ops.mean(ops.square(_shortfall(y_true, y_pred)), axis=-1)


class SquaredHinge(NamedLoss, fn=squared_hinge):
    """Square of how much predictions miss the margin of 1; see the function `squared_hinge`."""


def categorical_hinge(y_true: TensorLike, y_pred: TensorLike) -> Tensor:
    """Return max(neg - pos + 1, 0): pos is the score of the right class, neg the largest of the others.

    Args:
        y_true: One-hot rows, (..., classes).
        y_pred: Scores of the same shape.

    Example:
        >>> float(categorical_hinge([0.0, 1.0], [0.75, 0.5]))
        1.25
    """
    true, predicted = floats(y_true, y_pred, squeeze=False)
    right = ops.sum(true * predicted, axis=-1)
    other = ops.max((1.0 - true) * predicted, axis=-1)
    return ops.maximum(other - right + 1.0, 0.0)


class CategoricalHinge(NamedLoss, fn=categorical_hinge):
    """How much the right class misses its margin over the others; see the function `categorical_hinge`."""
