"""Losses of regions, such as those of an image: how little they overlap."""

from .. import ops
from .._base.settings import epsilon
from .._base.typing import Axis, TensorLike
from .._core.tensor import Tensor
from .base import MEAN, DType, Name, NamedLoss, Reduction, floats


def dice(y_true: TensorLike, y_pred: TensorLike, axis: Axis = None) -> Tensor:
    """Return 1 - 2 * sum(y_true * y_pred) / (sum(y_true) + sum(y_pred)) over axes, all by default. Dice 1945.

    Args:
        y_true: 1 within a region, 0 outside.
        y_pred: Probabilities of the same shape.
        axis: Axes to sum over.

    Example:
        >>> round(float(dice([1.0, 0.0], [1.0, 1.0])), 4)
        0.3333
    """
    true, predicted = floats(y_true, y_pred, squeeze=False)
    shared = ops.sum(true * predicted, axis=axis)
    return 1.0 - 2.0 * shared / (ops.sum(true, axis=axis) + ops.sum(predicted, axis=axis) + epsilon())


class Dice(NamedLoss, fn=dice):
    """One minus the overlap of regions; see the function `dice`."""

    axis: Axis

    def __init__(self, reduction: Reduction = MEAN, name: Name = "dice", axis: Axis = None,
                 dtype: DType = None) -> None:  # fmt: skip
        self._configure(locals())


def tversky(y_true: TensorLike, y_pred: TensorLike, alpha: float = 0.5, beta: float = 0.5, axis: Axis = None) -> Tensor:
    """Return 1 - s / (s + alpha * missed + beta * wrong) over axes, all by default. Salehi et al. 2017.

    Here s = sum(y_true * y_pred), missed = sum(y_true * (1 - y_pred)), wrong = sum((1 - y_true) * y_pred).

    Args:
        y_true, y_pred, axis: See `dice`, which this is for alpha = beta = 0.5.
        alpha: Weight of `missed`, the false negatives.
        beta: Weight of `wrong`, the false positives.

    Example:
        >>> round(float(tversky([1.0, 0.0], [1.0, 1.0], beta=1.0)), 4)
        0.5
    """
    true, predicted = floats(y_true, y_pred, squeeze=False)
    shared = ops.sum(true * predicted, axis=axis)
    missed = ops.sum((1.0 - predicted) * true, axis=axis)
    wrong = ops.sum(predicted * (1.0 - true), axis=axis)
    return 1.0 - shared / (shared + missed * alpha + wrong * beta + epsilon())


class Tversky(NamedLoss, fn=tversky):
    """One minus the overlap of regions, with a weight for either error; see the function `tversky`."""

    alpha: float
    beta: float
    axis: Axis

    def __init__(self, alpha: float = 0.5, beta: float = 0.5, reduction: Reduction = MEAN, name: Name = "tversky",
                 axis: Axis = None, dtype: DType = None) -> None:  # fmt: skip
        self._configure(locals())
