"""How often predictions are right."""

from .. import ops
from .._base.settings import floatx
from .._base.typing import TensorLike
from .._core.tensor import Tensor
from ..losses.base import same_rank
from .base import DType, Name, NamedMean, pair


def accuracy(y_true: TensorLike, y_pred: TensorLike) -> Tensor:
    """Return 1 where y_pred equals y_true, 0 elsewhere.

    Example:
        >>> print(accuracy([1, 2], [1, 3]))
        Tensor([1. 0.], shape=(2,), dtype=float32)
    """
    return ops.cast(ops.equal(*pair(y_true, y_pred)), floatx())


def binary_accuracy(y_true: TensorLike, y_pred: TensorLike, threshold: float = 0.5) -> Tensor:
    """Return 1 where the predicted class (1 if y_pred exceeds the threshold) equals y_true, 0 elsewhere.

    Args:
        y_true: 0 or 1.
        y_pred: Predictions of the same shape.
        threshold: Larger predictions stand for class 1.

    Example:
        >>> print(binary_accuracy([1, 1], [0.9, 0.5]))
        Tensor([1. 0.], shape=(2,), dtype=float32)
    """
    true, predicted = same_rank(ops.convert_to_tensor(y_true), ops.convert_to_tensor(y_pred))
    return ops.cast(ops.equal(true, ops.greater(predicted, ops.convert_to_tensor(threshold))), floatx())


def categorical_accuracy(y_true: TensorLike, y_pred: TensorLike) -> Tensor:
    """Return 1 where y_true and y_pred have their largest value at the same index of the last axis, 0 elsewhere.

    Example:
        >>> print(categorical_accuracy([[0, 1], [0, 1]], [[0.1, 0.9], [0.8, 0.2]]))
        Tensor([1. 0.], shape=(2,), dtype=float32)
    """
    return ops.cast(ops.equal(*same_rank(ops.argmax(y_true, axis=-1), ops.argmax(y_pred, axis=-1))), floatx())


def sparse_categorical_accuracy(y_true: TensorLike, y_pred: TensorLike) -> Tensor:
    """Return 1 where y_true is the index of y_pred's largest value along the last axis, 0 elsewhere.

    Args:
        y_true: Class numbers, (...) or (..., 1).
        y_pred: Scores, (..., classes).

    Example:
        >>> print(sparse_categorical_accuracy([1, 1], [[0.1, 0.9], [0.8, 0.2]]))
        Tensor([1. 0.], shape=(2,), dtype=float32)
    """
    true, predicted = ops.convert_to_tensor(y_true), ops.convert_to_tensor(y_pred)
    if true.ndim == predicted.ndim and true.shape[-1] == 1:
        true = ops.squeeze(true, -1)
    matches = ops.cast(ops.equal(true, ops.argmax(predicted, axis=-1)), floatx())
    return ops.squeeze(matches, -1) if matches.ndim > 1 and matches.shape[-1] == 1 else matches


def top_k_categorical_accuracy(y_true: TensorLike, y_pred: TensorLike, k: int = 5) -> Tensor:
    """Return 1 where the class of y_true is among the k classes with the largest y_pred, 0 elsewhere.

    Args:
        y_true: One-hot rows, (..., classes).
        y_pred: Scores of the same shape.
        k: How many classes count.

    Example:
        >>> print(top_k_categorical_accuracy([[0, 1, 0]], [[0.2, 0.3, 0.5]], k=2))
        Tensor([1.], shape=(1,), dtype=float32)
    """
    return sparse_top_k_categorical_accuracy(ops.argmax(y_true, axis=-1), y_pred, k)


def sparse_top_k_categorical_accuracy(y_true: TensorLike, y_pred: TensorLike, k: int = 5,
                                      from_sorted_ids: bool = False) -> Tensor:  # fmt: skip
    """Return 1 where y_true is among the k classes with the largest y_pred, 0 elsewhere.

    Args:
        y_true: Class numbers, (...).
        y_pred: Scores, (..., classes); classes with equal scores share a rank.
        k: How many classes count.
        from_sorted_ids: Whether y_pred holds class numbers instead, the best first.

    Example:
        >>> print(sparse_top_k_categorical_accuracy([1, 0], [[0.2, 0.3, 0.5], [0.2, 0.3, 0.5]], k=2))
        Tensor([1. 0.], shape=(2,), dtype=float32)
    """
    predicted = ops.convert_to_tensor(y_pred)
    true = ops.convert_to_tensor(y_true, predicted.dtype if from_sorted_ids else "int32")
    rows, labels = ops.reshape(predicted, (-1, predicted.shape[-1])), ops.reshape(true, (-1,))
    if from_sorted_ids:
        matches = ops.any(ops.equal(ops.expand_dims(labels, 1), rows[:, :k]), axis=1)
    else:
        matches = ops.in_top_k(labels, rows, k)
    return ops.reshape(ops.cast(matches, floatx()), true.shape or (1,))


class Accuracy(NamedMean, fn=accuracy):
    """Share of the predictions that equal the truth: `accuracy`."""


class CategoricalAccuracy(NamedMean, fn=categorical_accuracy):
    """Share of the samples whose class, a one-hot row, has the largest score: `categorical_accuracy`."""


class SparseCategoricalAccuracy(NamedMean, fn=sparse_categorical_accuracy):
    """Share of the samples whose class, a number, has the largest score: `sparse_categorical_accuracy`."""


class BinaryAccuracy(NamedMean, fn=binary_accuracy):
    """Share of the samples whose predicted class, 1 above the threshold, is right: `binary_accuracy`.

    Example:
        >>> float(BinaryAccuracy()([[1], [1], [0], [0]], [[0.98], [1.0], [0.0], [0.6]]))
        0.75
    """

    threshold: float

    def __init__(self, name: Name = "binary_accuracy", dtype: DType = None, threshold: float = 0.5) -> None:
        self._configure(locals())


class TopKCategoricalAccuracy(NamedMean, fn=top_k_categorical_accuracy):
    """Share of the samples whose class, a one-hot row, is among the k best: `top_k_categorical_accuracy`."""

    k: int

    def __init__(self, k: int = 5, name: Name = "top_k_categorical_accuracy", dtype: DType = None) -> None:
        self._configure(locals())


class SparseTopKCategoricalAccuracy(NamedMean, fn=sparse_top_k_categorical_accuracy):
    """Share of the samples whose class, a number, is among the k best: `sparse_top_k_categorical_accuracy`."""

    _unwritten = (("from_sorted_ids", False),)
    k: int
    from_sorted_ids: bool

    def __init__(self, k: int = 5, name: Name = "sparse_top_k_categorical_accuracy", dtype: DType = None,
                 from_sorted_ids: bool = False) -> None:  # fmt: skip
        self._configure(locals())
