"""Losses of probabilities: cross-entropies and similar ones, for single labels and for sequences of labels."""

from collections.abc import Sequence
from typing import Any, cast

from .. import ops
from .._base.settings import epsilon
from .._base.typing import Axis, TensorLike
from .._base.user_warning import warn_user
from .._core.tensor import Tensor
from ..ops.classes import class_numbers
from ..ops.creation import convert_to_tensor, floating
from .base import MEAN, DType, Name, NamedLoss, Reduction, floats, limit


def kl_divergence(y_true: TensorLike, y_pred: TensorLike) -> Tensor:
    """Return sum(y_true * log(y_true / y_pred)) over the last axis. Kullback and Leibler 1951.

    Args:
        y_true: Probabilities, (..., classes), kept between epsilon and 1.
        y_pred: Probabilities of the same shape, kept likewise.

    Example:
        >>> round(float(kl_divergence([1.0, 0.0], [0.5, 0.5])), 4)
        0.6931
    """
    true, predicted = (limit(y, epsilon(), 1.0) for y in floats(y_true, y_pred, squeeze=False))
    return ops.sum(true * ops.log(true / predicted), axis=-1)


class KLDivergence(NamedLoss, fn=kl_divergence):
    """Divergence of two distributions; see the function `kl_divergence`."""


def poisson(y_true: TensorLike, y_pred: TensorLike) -> Tensor:
    """Return mean(y_pred - y_true * log(y_pred + epsilon)) over the last axis, for counts and positive predictions.

    Example:
        >>> round(float(poisson([1.0, 3.0], [1.0, 1.0])), 4)
        1.0
    """
    true, predicted = floats(y_true, y_pred, squeeze=False)
    return ops.mean(predicted - true * ops.log(predicted + epsilon()), axis=-1)


class Poisson(NamedLoss, fn=poisson):
    """Negative log-likelihood of counts, up to a constant; see the function `poisson`."""


class _Crossentropy(NamedLoss):
    """A cross-entropy.

    Args:
        from_logits: Whether predictions are logits: the loss takes their sigmoid or softmax first.
        label_smoothing: How far labels are moved towards equal probabilities of all classes, from 0 to 1.
        axis: The axis of the classes; for yes-or-no labels, the axis that the mean is over.
    """

    from_logits: bool
    label_smoothing: float
    axis: Any  # an int, or axes for yes-or-no labels

    def __init__(self, from_logits: bool = False, label_smoothing: float = 0.0, axis: Any = -1,
                 reduction: Reduction = MEAN, name: Name = None, dtype: DType = None) -> None:  # fmt: skip
        self._configure(locals())


def _smoothed(y_true: Tensor, label_smoothing: float, classes: Any) -> Tensor:
    return y_true * (1.0 - label_smoothing) + label_smoothing / classes if label_smoothing else y_true


def binary_crossentropy(y_true: TensorLike, y_pred: TensorLike, from_logits: bool = False, label_smoothing: float = 0.0,
                        axis: Axis = -1) -> Tensor:  # fmt: skip
    """Return the mean over an axis of -y_true * log(y_pred) - (1 - y_true) * log(1 - y_pred).

    Args:
        y_true: 0 or 1.
        y_pred: Probabilities, or any numbers with `from_logits`, of the same shape.
        from_logits: Whether to take the sigmoid of y_pred first.
        label_smoothing: How far y_true is moved towards 0.5, from 0 to 1.
        axis: The axis.

    Example:
        >>> round(float(binary_crossentropy([1.0, 0.0], [0.5, 0.5])), 4)
        0.6931
    """
    true, predicted = floats(y_true, y_pred, squeeze=False)
    return ops.mean(ops.binary_crossentropy(_smoothed(true, label_smoothing, 2), predicted, from_logits), axis=axis)


class BinaryCrossentropy(_Crossentropy, fn=binary_crossentropy):
    """Cross-entropy of yes-or-no labels and predicted probabilities; see the function `binary_crossentropy`."""


def binary_focal_crossentropy(y_true: TensorLike, y_pred: TensorLike, apply_class_balancing: bool = False,
                              alpha: float = 0.25, gamma: float = 2.0, from_logits: bool = False,
                              label_smoothing: float = 0.0, axis: Axis = -1) -> Tensor:  # fmt: skip
    """Return the mean of `binary_crossentropy` times (1 - p) ** gamma, p being the probability of the right answer.

    Easy samples count less. Lin et al. 2017.

    Args:
        y_true, y_pred, from_logits, label_smoothing, axis: See `binary_crossentropy`.
        apply_class_balancing: Whether to weigh ones by alpha, zeros by 1 - alpha.
        alpha: The weight of ones.
        gamma: How much less easy samples count; 0 makes all count alike.

    Example:
        >>> round(float(binary_focal_crossentropy([1.0], [0.5])), 4)  # log(2) / 4
        0.1733
    """
    true, predicted = floats(y_true, y_pred, squeeze=False)
    true = _smoothed(true, label_smoothing, 2)
    predicted = ops.sigmoid(predicted) if from_logits else predicted
    right = true * predicted + (1 - true) * (1 - predicted)
    losses = ops.power(1.0 - right, gamma) * ops.binary_crossentropy(true, predicted)
    if apply_class_balancing:
        losses = (true * alpha + (1 - true) * (1 - alpha)) * losses
    return ops.mean(losses, axis=axis)


class BinaryFocalCrossentropy(_Crossentropy, fn=binary_focal_crossentropy):
    """Cross-entropy in which easy samples count less; see the function `binary_focal_crossentropy`."""

    apply_class_balancing: bool
    alpha: float
    gamma: float

    def __init__(self, apply_class_balancing: bool = False, alpha: float = 0.25, gamma: float = 2.0,
                 from_logits: bool = False, label_smoothing: float = 0.0, axis: Axis = -1, reduction: Reduction = MEAN,
                 name: Name = "binary_focal_crossentropy", dtype: DType = None) -> None:  # fmt: skip
        self._configure(locals())


def _rows(y_true: TensorLike, y_pred: TensorLike, label_smoothing: float, axis: Any) -> tuple[Tensor, Tensor]:
    """Return smoothed one-hot rows and predictions as float tensors, after checks of both."""
    if isinstance(axis, bool):
        raise ValueError(f"`axis` must be of type `int`. Received: axis={axis} of type {type(axis)}.")
    if ops.ndim(y_true) != ops.ndim(y_pred):
        raise ValueError("y_true takes one-hot rows or probabilities, sparse_categorical_crossentropy class numbers. "
                         f"Received: y_true.shape={ops.shape(y_true)}, y_pred.shape={ops.shape(y_pred)}.")  # fmt: skip
    true, predicted = floats(y_true, y_pred, squeeze=False)
    if predicted.ndim and predicted.shape[-1] == 1:
        warn_user("A categorical cross-entropy needs more than one class, or it is always 0. Received: "
                  f"y_pred.shape={predicted.shape}. For two classes in one column use binary_crossentropy.",
                  SyntaxWarning)  # fmt: skip
    return (_smoothed(true, label_smoothing, true.shape[-1]) if label_smoothing else true), predicted


def categorical_crossentropy(y_true: TensorLike, y_pred: TensorLike, from_logits: bool = False,
                             label_smoothing: float = 0.0, axis: int = -1) -> Tensor:  # fmt: skip
    """Return -sum(y_true * log(y_pred)) over the classes.

    Args:
        y_true: One-hot rows or probabilities, (..., classes).
        y_pred: Scores of the same shape, divided by their sum; any numbers with `from_logits`.
        from_logits: Whether to take the softmax of y_pred first.
        label_smoothing: How far y_true is moved towards 1 / classes, from 0 to 1.
        axis: Axis of the classes.

    Example:
        >>> round(float(categorical_crossentropy([0.0, 1.0], [0.5, 0.5])), 4)
        0.6931
    """
    true, predicted = _rows(y_true, y_pred, label_smoothing, axis)
    return ops.categorical_crossentropy(true, predicted, from_logits, axis)


class CategoricalCrossentropy(_Crossentropy, fn=categorical_crossentropy):
    """Cross-entropy of one-hot rows and predicted probabilities; see the function `categorical_crossentropy`."""


def categorical_focal_crossentropy(y_true: TensorLike, y_pred: TensorLike, alpha: float | Sequence[float] = 0.25,
                                   gamma: float = 2.0, from_logits: bool = False, label_smoothing: float = 0.0,
                                   axis: int = -1) -> Tensor:  # fmt: skip
    """Return -sum(alpha * (1 - p) ** gamma * y_true * log(p)) over the classes. Lin et al. 2017.

    Args:
        y_true, y_pred, from_logits, label_smoothing, axis: See `categorical_crossentropy`.
        alpha: Weight of all classes, or one for each.
        gamma: How much less easy samples count; 0 makes all count alike.

    Example:
        >>> round(float(categorical_focal_crossentropy([0.0, 1.0], [0.5, 0.5])), 4)  # log(2) / 16
        0.0433
    """
    true, predicted = _rows(y_true, y_pred, label_smoothing, axis)
    scores = ops.softmax(predicted, axis) if from_logits else predicted
    p = limit(scores / ops.sum(scores, axis=axis, keepdims=True), epsilon(), 1 - epsilon())
    return ops.sum(alpha * ops.power(1.0 - p, gamma) * -true * ops.log(p), axis=axis)


class CategoricalFocalCrossentropy(_Crossentropy, fn=categorical_focal_crossentropy):
    """Cross-entropy in which easy samples count less; see the function `categorical_focal_crossentropy`."""

    alpha: float | Sequence[float]
    gamma: float

    def __init__(self, alpha: float | Sequence[float] = 0.25, gamma: float = 2.0, from_logits: bool = False,
                 label_smoothing: float = 0.0, axis: int = -1, reduction: Reduction = MEAN,
                 name: Name = "categorical_focal_crossentropy", dtype: DType = None) -> None:  # fmt: skip
        self._configure(locals())


def sparse_categorical_crossentropy(y_true: TensorLike, y_pred: TensorLike, from_logits: bool = False,
                                    ignore_class: int | None = None, axis: int = -1) -> Tensor:  # fmt: skip
    """Return -log(y_pred[y_true]), `categorical_crossentropy` for class numbers.

    Args:
        y_true: Class numbers from 0, as integers or whole floats, (...) or (..., 1); others raise a ValueError.
        y_pred: Scores (..., classes), divided by their sum; any numbers with `from_logits`.
        from_logits, axis: See `categorical_crossentropy`.
        ignore_class: A class whose samples have the loss 0 and are masked; it need not be in range.

    Example:
        >>> round(float(sparse_categorical_crossentropy(1, [0.5, 0.5])), 4)
        0.6931
    """
    true, predicted = convert_to_tensor(y_true), floating(y_pred)
    if true.ndim == predicted.ndim and true.shape[axis] == 1:
        true = ops.squeeze(true, axis)
    if ignore_class is None:
        return ops.sparse_categorical_crossentropy(true, predicted, from_logits, axis)
    mask = ops.not_equal(true, ignore_class)
    rows = ops.where(ops.expand_dims(mask, axis), predicted, 1.0)
    losses = ops.sparse_categorical_crossentropy(ops.where(mask, true, 0), rows, from_logits, axis)
    result: Any = ops.where(mask, losses, 0.0)
    result.keras_mask = mask
    return cast(Tensor, result)


class SparseCategoricalCrossentropy(NamedLoss, fn=sparse_categorical_crossentropy):
    """Cross-entropy of class numbers and probabilities; see the function `sparse_categorical_crossentropy`."""

    _takes_classes = True
    _unwritten = (("axis", -1),)
    from_logits: bool
    ignore_class: int | None
    axis: int

    def __init__(self, from_logits: bool = False, ignore_class: int | None = None, reduction: Reduction = MEAN,
                 axis: int = -1, name: Name = "sparse_categorical_crossentropy",
                 dtype: DType = None) -> None:  # fmt: skip
        self._configure(locals())


def categorical_generalized_cross_entropy(y_true: TensorLike, y_pred: TensorLike, q: float) -> Tensor:
    """Return (1 - y_pred[y_true] ** q) / q, which is robust to wrong labels. Zhang and Sabuncu 2018.

    Args:
        y_true: Class numbers from 0, as integers or whole floats, (...) or (..., 1); others raise a ValueError.
        y_pred: Probabilities, (..., classes).
        q: Above 0, where the loss approaches the cross-entropy, up to 1, where it is the absolute error.

    Example:
        >>> float(categorical_generalized_cross_entropy(1, [0.75, 0.25], q=0.5))
        1.0
    """
    predicted = floating(y_pred)
    labels = class_numbers(convert_to_tensor(y_true), predicted, -1)
    chosen = ops.take_along_axis(predicted, ops.reshape(labels, (*predicted.shape[:-1], 1)), axis=-1)
    return (1.0 - ops.power(ops.squeeze(chosen, -1), q)) / q


class CategoricalGeneralizedCrossEntropy(NamedLoss, fn=categorical_generalized_cross_entropy):
    """Cross-entropy that is robust to wrong labels: `categorical_generalized_cross_entropy`, with q in (0, 1)."""

    q: float

    def __init__(self, q: float = 0.5, reduction: Reduction = MEAN,
                 name: Name = "categorical_generalized_cross_entropy", dtype: DType = None) -> None:  # fmt: skip
        if not 0 < q < 1:
            raise ValueError(f"q must be in the interval (0, 1). Received: q={q}.")
        self._configure(locals())


def ctc(y_true: TensorLike, y_pred: TensorLike) -> Tensor:
    """Return -log(p): the steps spell the labels, without repeats and blanks, with probability p. Graves et al. 2006.

    Args:
        y_true: Class numbers from 1, with zeros after the last, (batch, labels).
        y_pred: Scores of the classes, before a softmax, (batch, steps, classes); class 0 is the blank.

    Example:
        >>> print(ctc([[1]], [[[0.0, 0.0], [0.0, 0.0]]]).numpy().round(4))  # 3 of 4 ways spell a 1: log(4 / 3)
        [0.2877]
    """
    labels, scores = convert_to_tensor(y_true, "int32"), floating(y_pred)
    if labels.ndim != 2 or scores.ndim != 3:
        raise ValueError("ctc needs y_true of shape (batch, labels) and y_pred of shape (batch, steps, classes). "
                         f"Received: y_true.shape={labels.shape}, y_pred.shape={scores.shape}.")  # fmt: skip
    lengths = ops.sum(ops.cast(ops.not_equal(labels, 0), "int32"), axis=-1)
    return ops.ctc_loss(labels, scores, lengths, ops.full_like(lengths, scores.shape[1]))


class CTC(NamedLoss, fn=ctc):
    """How improbable it is that sequences spell their labels; see the function `ctc`."""

    _takes_classes = True
