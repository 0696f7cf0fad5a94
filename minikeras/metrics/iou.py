"""Overlap of predicted and true regions: intersection over union (Jaccard 1912)."""

from collections.abc import Sequence
from typing import Annotated

from .. import ops
from .._base.checks import between
from .._base.settings import epsilon
from .._base.typing import TensorLike
from .._base.user_warning import warn_user
from .._core.tensor import Tensor
from .._core.variable import Variable
from .base import DType, Metric, Name


class IoU(Metric):
    """Mean over classes of intersection (both true and predicted) / union (true or predicted).

    A class that is neither true nor predicted anywhere does not count.

    Args:
        num_classes: How many classes there are; other labels do not count.
        target_class_ids: The classes that the mean is over.
        dtype: Dtype of the counts, an integer by default.
        ignore_class: A class whose labels do not count.
        sparse_y_true, sparse_y_pred: Whether these hold class numbers, and not scores along `axis`.
        axis: The axis of the scores.

    Example:
        >>> round(float(IoU(num_classes=2, target_class_ids=[0])([0, 0, 1, 1], [0, 1, 0, 1])), 4)
        0.3333
    """

    _direction = "up"
    num_classes: Annotated[int, between(1, 10**6)]
    ignore_class: int | None
    sparse_y_true: bool
    sparse_y_pred: bool
    axis: int

    def __init__(self, num_classes: int, target_class_ids: Sequence[int], name: Name = None, dtype: DType = None,
                 ignore_class: int | None = None, sparse_y_true: bool = True, sparse_y_pred: bool = True,
                 axis: int = -1) -> None:  # fmt: skip
        dtype = dtype or "int32"
        self._configure(locals())
        self.target_class_ids: list[int] = list(target_class_ids)
        if max(target_class_ids) >= num_classes:
            raise ValueError(f"`target_class_ids` must be less than {num_classes=}. Received: {self.target_class_ids}.")
        shape = (num_classes, num_classes)
        self.total_cm: Variable = self.add_variable(shape, "zeros", self.dtype, name="total_confusion_matrix")

    def update_state(self, y_true: TensorLike, y_pred: TensorLike, sample_weight: TensorLike | None = None) -> None:
        """Count a batch, with weights of its labels' shape, or a single one."""
        kind = str(getattr(sample_weight, "dtype", ""))
        if "float" in kind and "int" in self.dtype:
            warn_user(f"Weights of dtype {kind} are cut to whole numbers: the metric counts in {self.dtype}. "
                      "Pass dtype='float32' to the metric.")  # fmt: skip
        true = _flat(y_true if self.sparse_y_true else ops.argmax(y_true, self.axis), self.dtype)
        predicted = _flat(y_pred if self.sparse_y_pred else ops.argmax(y_pred, self.axis), self.dtype)
        counts = ops.one_hot(ops.cast(true, "int32"), self.num_classes, dtype=self.dtype)  # no 1 if out of range
        if self.ignore_class is not None:
            counts = counts * ops.expand_dims(ops.cast(true != self.ignore_class, self.dtype), 1)
        if sample_weight is not None:
            counts = counts * ops.expand_dims(_flat(sample_weight, self.dtype), 1)
        hits = ops.one_hot(ops.cast(predicted, "int32"), self.num_classes, dtype=self.dtype)
        self.total_cm.assign_add(ops.cast(ops.matmul(ops.transpose(counts), hits), self.dtype))

    def result(self) -> Tensor:
        """Return the mean of the chosen classes so far."""
        shared = ops.diag(self.total_cm)
        union = ops.sum(self.total_cm, axis=0) + ops.sum(self.total_cm, axis=1) - shared
        shared, union = (ops.cast(ops.take(x, self.target_class_ids), "float32") for x in (shared, union))
        occurs = ops.cast(union > 1e-9, "float32")
        return ops.sum(occurs * shared / (union + epsilon())) / (ops.sum(occurs) + epsilon())


def _flat(x: TensorLike, dtype: str) -> Tensor:
    return ops.reshape(ops.convert_to_tensor(x, dtype), (-1,))


class BinaryIoU(IoU):
    """Mean of the `IoU` of the classes 0 and 1, or of one of them, for predictions that are probabilities of 1.

    Args:
        threshold: The least prediction that counts as class 1.

    Example:
        >>> round(float(BinaryIoU(threshold=0.3)([0, 1, 0, 1], [0.1, 0.2, 0.4, 0.7])), 4)
        0.3333
    """

    def __init__(self, target_class_ids: Sequence[int] = (0, 1), threshold: float = 0.5, name: Name = None,
                 dtype: DType = None) -> None:  # fmt: skip
        super().__init__(2, target_class_ids, name, dtype)
        self.threshold = threshold

    def update_state(self, y_true: TensorLike, y_pred: TensorLike, sample_weight: TensorLike | None = None) -> None:
        """Count a batch of labels 0 and 1 and predictions, with weights as for `IoU`."""
        super().update_state(y_true, ops.convert_to_tensor(y_pred, "float32") >= self.threshold, sample_weight)


class MeanIoU(IoU):
    """Mean of the `IoU` of all classes.

    Example:
        >>> round(float(MeanIoU(num_classes=2)([0, 0, 1, 1], [0, 1, 0, 1])), 4)
        0.3333
    """

    def __init__(self, num_classes: int, name: Name = None, dtype: DType = None, ignore_class: int | None = None,
                 sparse_y_true: bool = True, sparse_y_pred: bool = True, axis: int = -1) -> None:  # fmt: skip
        super().__init__(num_classes, range(num_classes), name, dtype, ignore_class, sparse_y_true, sparse_y_pred, axis)


class OneHotIoU(IoU):
    """`IoU` of labels that are one-hot rows, and predictions that are scores of the classes."""

    def __init__(self, num_classes: int, target_class_ids: Sequence[int], name: Name = None, dtype: DType = None,
                 ignore_class: int | None = None, sparse_y_pred: bool = False, axis: int = -1) -> None:  # fmt: skip
        super().__init__(num_classes, target_class_ids, name, dtype, ignore_class, False, sparse_y_pred, axis)


class OneHotMeanIoU(MeanIoU):
    """`MeanIoU` of labels that are one-hot rows, and predictions that are scores of the classes."""

    def __init__(self, num_classes: int, name: Name = None, dtype: DType = None, ignore_class: int | None = None,
                 sparse_y_pred: bool = False, axis: int = -1) -> None:  # fmt: skip
        super().__init__(num_classes, name, dtype, ignore_class, False, sparse_y_pred, axis)
