"""Losses of numbers: how far predictions are from the truth."""

import numpy as np

from .. import ops
from .._base.checks import FromZero
from .._base.settings import epsilon
from .._base.typing import Axis, TensorLike
from .._core.tensor import Tensor
from .base import MEAN, DType, Name, NamedLoss, Reduction, floats


def mean_squared_error(y_true: TensorLike, y_pred: TensorLike) -> Tensor:
    """Return mean((y_true - y_pred) ** 2) over the last axis.

    Args:
        y_true: Targets, (..., n).
        y_pred: Predictions, (..., n).

    Example:
        >>> float(mean_squared_error([0.0, 2.0], [0.0, 4.0]))
        2.0
    """
    true, predicted = floats(y_true, y_pred)
    return ops.mean(ops.square(predicted - true), axis=-1)


class MeanSquaredError(NamedLoss, fn=mean_squared_error):
    """Mean of squared differences; see the function `mean_squared_error`."""


def mean_absolute_error(y_true: TensorLike, y_pred: TensorLike) -> Tensor:
    """Return mean(|y_true - y_pred|) over the last axis; shapes as in `mean_squared_error`.

    Example:
        >>> float(mean_absolute_error([0.0, 2.0], [0.0, 4.0]))
        1.0
    """
    true, predicted = floats(y_true, y_pred)
    return ops.mean(ops.absolute(true - predicted), axis=-1)


class MeanAbsoluteError(NamedLoss, fn=mean_absolute_error):
    """Mean of absolute differences; see the function `mean_absolute_error`."""


def mean_absolute_percentage_error(y_true: TensorLike, y_pred: TensorLike) -> Tensor:
    """Return 100 * mean(|y_true - y_pred| / max(|y_true|, epsilon)), a percentage, over the last axis.

    Example:
        >>> float(mean_absolute_percentage_error([1.0, 2.0], [1.0, 3.0]))
        25.0
    """
    true, predicted = floats(y_true, y_pred)
    return 100.0 * ops.mean(ops.absolute((true - predicted) / ops.maximum(ops.absolute(true), epsilon())), axis=-1)


class MeanAbsolutePercentageError(NamedLoss, fn=mean_absolute_percentage_error):
    """Mean of differences in percent of the truth; see the function `mean_absolute_percentage_error`."""


def mean_squared_logarithmic_error(y_true: TensorLike, y_pred: TensorLike) -> Tensor:
    """Return mean((log(1 + y_true) - log(1 + y_pred)) ** 2) over the last axis; what is below 0 counts as 0.

    Example:
        >>> round(float(mean_squared_logarithmic_error([0.0], [1.0])), 4)  # log(2) ** 2
        0.4805
    """
    true, predicted = (ops.log(ops.maximum(y, epsilon()) + 1.0) for y in floats(y_true, y_pred))
    return ops.mean(ops.square(predicted - true), axis=-1)


class MeanSquaredLogarithmicError(NamedLoss, fn=mean_squared_logarithmic_error):
    """Mean of squared differences of logarithms; see the function `mean_squared_logarithmic_error`."""


def cosine_similarity(y_true: TensorLike, y_pred: TensorLike, axis: Axis = -1) -> Tensor:
    """Return minus the cosine of the angle between vectors along an axis: -1 where they point the same way.

    Args:
        y_true: Targets; a vector of zeros has the cosine 0.
        y_pred: Predictions of the same shape.
        axis: The axis along which the vectors lie.

    Example:
        >>> float(cosine_similarity([0.0, 2.0], [0.0, 3.0]))
        -1.0
    """
    true, predicted = (ops.normalize(y, axis=axis) for y in floats(y_true, y_pred))
    return -ops.sum(true * predicted, axis=axis)


class CosineSimilarity(NamedLoss, fn=cosine_similarity):
    """Minus the cosine between vectors; see the function `cosine_similarity`."""

    _unwritten = (("axis", -1),)
    axis: Axis

    def __init__(self, axis: Axis = -1, reduction: Reduction = MEAN, name: Name = "cosine_similarity",
                 dtype: DType = None) -> None:  # fmt: skip
        self._configure(locals())


def huber(y_true: TensorLike, y_pred: TensorLike, delta: float = 1.0) -> Tensor:
    """Return the mean over the last axis of e ** 2 / 2 where |e| <= delta, delta * (|e| - delta / 2) elsewhere.

    Here e = y_true - y_pred; large errors count linearly. Huber 1964.

    Args:
        y_true, y_pred: Targets and predictions, (..., n).
        delta: Larger errors than this count linearly.

    Example:
        >>> float(huber([0.0, 0.0], [1.0, 3.0]))  # (0.5 + 2.5) / 2
        1.5
    """
    true, predicted = floats(y_true, y_pred)
    size = ops.absolute(predicted - true)
    small = ops.minimum(size, delta)  # so that no large error is squared, which could overflow
    return ops.mean(small * (size - 0.5 * small), axis=-1)


class Huber(NamedLoss, fn=huber):
    """Squares of small errors, sizes of large ones; see the function `huber`."""

    _unwritten = (("delta", 1.0),)
    delta: FromZero

    def __init__(self, delta: float = 1.0, reduction: Reduction = MEAN, name: Name = "huber_loss",
                 dtype: DType = None) -> None:  # fmt: skip
        self._configure(locals())


def log_cosh(y_true: TensorLike, y_pred: TensorLike) -> Tensor:
    """Return mean(log(cosh(y_pred - y_true))) over the last axis: e ** 2 / 2 for small errors, |e| - log(2) for large.

    Example:
        >>> round(float(log_cosh([0.0], [1.0])), 4)
        0.4338
    """
    true, predicted = floats(y_true, y_pred)
    error = predicted - true  # cosh(e) = exp(e) * (1 + exp(-2 e)) / 2, whose logarithm cannot overflow
    return ops.mean(error + ops.softplus(-2.0 * error) - float(np.log(2.0)), axis=-1)


class LogCosh(NamedLoss, fn=log_cosh):
    """Logarithm of the hyperbolic cosine of the error; see the function `log_cosh`."""
