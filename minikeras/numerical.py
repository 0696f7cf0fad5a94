"""Helpers that prepare data: `to_categorical` and `normalize`."""

from typing import overload

import numpy as np

from . import ops
from ._typing import Array, FloatArray, TensorLike
from .tensor import Tensor, TensorOps


@overload
def normalize(x: Tensor, axis: int = -1, order: int = 2) -> Tensor: ...
@overload
def normalize(x: Array, axis: int = -1, order: float = 2) -> FloatArray: ...
@overload
def normalize(x: TensorLike, axis: int = -1, order: float = 2) -> FloatArray | Tensor: ...
def normalize(x: TensorLike, axis: int = -1, order: float = 2) -> FloatArray | Tensor:
    """Return x divided by its norm along an axis; where that is 0, x as it is.

    Args:
        x: An array, which gives an array; or a tensor or a list, which give a tensor. A single axis of an array
            counts as one row: (n,) gives (1, n).
        axis: The axis along which a norm is taken.
        order: Which norm: sum(|x| ** order) ** (1 / order), for an array also np.inf, the largest |x|.

    Example:
        >>> normalize(np.array([[3.0, 4.0], [0.0, 0.0]]))
        array([[0.6, 0.8],
               [0. , 0. ]])
    """
    if not isinstance(x, np.ndarray):
        return ops.normalize(x, axis=axis, order=order)  # type: ignore[arg-type] # which checks the order
    norm = np.atleast_1d(np.linalg.norm(x, order, axis))
    norm[norm == 0] = 1
    result: FloatArray = x / np.expand_dims(norm, axis)
    return result


@overload
def to_categorical(x: Tensor, num_classes: int | None = None) -> Tensor: ...
@overload
def to_categorical(x: TensorLike, num_classes: int | None = None) -> FloatArray | Tensor: ...
def to_categorical(x: TensorLike, num_classes: int | None = None) -> FloatArray | Tensor:
    """Return labels as one-hot vectors along a new last axis, which takes the place of a last axis of size 1.

    Args:
        x: Integers from 0 to num_classes - 1, of any shape. A tensor gives a tensor of floatx, anything else an
            array of float64.
        num_classes: How many classes there are, the largest label plus one if not given.

    Raises:
        ValueError: if a label is no number, or there are none to count classes from.
        IndexError: if a label is negative or not below `num_classes`.

    Example:
        >>> to_categorical([0, 2])
        array([[1., 0., 0.],
               [0., 0., 1.]])
    """
    if isinstance(x, TensorOps):
        x = ops.squeeze(x, -1) if x.ndim > 1 and x.shape[-1] == 1 else x
        return ops.one_hot(x, num_classes or int(ops.max(x)) + 1)
    labels = np.array(x, dtype="int64")
    if labels.ndim > 1 and labels.shape[-1] == 1:
        labels = labels[..., 0]
    if not num_classes:
        if not labels.size:
            raise ValueError("There are no labels to count the classes of. Pass `num_classes`.")
        num_classes = int(labels.max()) + 1
    wrong = labels[(labels < 0) | (labels >= num_classes)]
    if wrong.size:
        raise IndexError(f"Labels must lie between 0 and num_classes - 1 = {num_classes - 1}. Received: {wrong[0]}.")
    hot = np.zeros((labels.size, num_classes))
    hot[np.arange(labels.size), labels.ravel()] = 1
    return hot.reshape(*labels.shape, num_classes)
