"""Losses that ask for a margin: between the scores of labels -1 and 1, of classes, or between distances."""

from typing import Any, cast

import numpy as np

from .. import ops
from .._base.typing import Array, TensorLike
from .._core.op import primitive
from .._core.tensor import Tensor
from ..ops.creation import convert_to_tensor, floating
from .base import MEAN, DType, Name, NamedLoss, Reduction, floats


@primitive(lambda g, y, x: g * np.where(_is_binary(x), 2, 1))
def _signs(y_true: Any) -> Any:
    return 2 * y_true - 1 if _is_binary(y_true) else y_true


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
    right, other = ops.sum(true * predicted, axis=-1), ops.max((1.0 - true) * predicted, axis=-1)
    return ops.maximum(other - right + 1.0, 0.0)


class CategoricalHinge(NamedLoss, fn=categorical_hinge):
    """How much the right class misses its margin over the others; see the function `categorical_hinge`."""


@primitive(None, None)
def _alike(labels: TensorLike, others: TensorLike, remove_diagonal: bool) -> Array:
    """Return a matrix of whether each label equals each of the others, False on the diagonal if that is removed."""
    alike: Array = np.equal(np.ravel(labels)[:, None], np.ravel(others))
    if remove_diagonal:
        np.fill_diagonal(alike, False)
    return alike


def circle(y_true: TensorLike, y_pred: TensorLike, ref_labels: TensorLike | None = None,
           ref_embeddings: TensorLike | None = None, remove_diagonal: bool = True, gamma: float = 80,
           margin: float = 0.4) -> Tensor:  # fmt: skip
    """Return softplus(logsumexp over pairs of the same class + logsumexp over other pairs). Sun et al. 2020.

    The distance of a pair is d = max(1 - cosine, 0). The terms are gamma * (d ** 2 - margin ** 2) for a pair of one
    class, and gamma * max(1 + margin - d, 0) * (1 - margin - d) for other pairs. A sample with loss 0, such as the only
    one of its class, is masked.

    Args:
        y_true: Class numbers, (batch,) or (batch, 1).
        y_pred: Vectors of length 1, (batch, n).
        ref_labels: Class numbers of the vectors to compare with, by default `y_true`.
        ref_embeddings: The vectors to compare with, by default `y_pred`.
        remove_diagonal: Whether a vector is not compared with the one at its own place.
        gamma: Scale of the terms.
        margin: Distances should be below it within a class, and above 1 - margin between classes.

    Example:
        >>> print(circle([0, 0, 1], [[1.0, 0.0], [1.0, 0.0], [0.0, 1.0]], gamma=1).numpy().round(4))
        [0.5459 0.5459 0.    ]
    """
    predicted = floating(y_pred)
    others = predicted if ref_embeddings is None else convert_to_tensor(ref_embeddings, predicted.dtype)
    labels = y_true if ref_labels is None else ref_labels
    distances = ops.maximum(1.0 - ops.matmul(predicted, ops.transpose(others)), 0.0)
    within = (distances + margin) * (distances - margin)
    between = ops.maximum(1.0 + margin - distances, 0.0) * (1.0 - margin - distances)
    same, different = _alike(y_true, labels, remove_diagonal), ops.logical_not(_alike(y_true, labels, False))
    terms = ((same, within), (different, between))  # -1e9 adds nothing to the sum, and its gradient is finite
    total = sum(ops.logsumexp(ops.where(pairs, gamma * values, -1e9), axis=1) for pairs, values in terms)
    losses: Any = ops.softplus(total)
    losses.keras_mask = losses > 0
    return cast(Tensor, losses)


class Circle(NamedLoss, fn=circle):
    """Distances within a class against those between classes: `circle`, of the batch with itself.

    Predictions must be vectors of length 1, such as `UnitNormalization` gives.
    """

    _takes_classes = True
    gamma: float
    margin: float
    remove_diagonal: bool

    def __init__(self, gamma: float = 80.0, margin: float = 0.4, remove_diagonal: bool = True,
                 reduction: Reduction = MEAN, name: Name = "circle", dtype: DType = None) -> None:  # fmt: skip
        self._configure(locals())
