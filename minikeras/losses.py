"""Losses: how far predictions are from the truth, as a number to make small."""

from typing import Any, ClassVar, Literal, TypeAlias

from . import _state, dtype_policies, ops
from ._typing import Config, DTypeLike, TensorLike
from .dtype_policies import DTypePolicy
from .ops.creation import convert_to_tensor
from .registry import Registry
from .tensor import Tensor

Reduction: TypeAlias = Literal["sum_over_batch_size", "mean", "sum", "mean_with_sample_weight", "none"]
_REDUCTIONS = ("sum_over_batch_size", "mean", "sum", "mean_with_sample_weight", "none", None)

registry: Registry["Loss"] = Registry("keras.losses", "loss")


class Loss:
    """Base class of losses. A subclass overrides `call(y_true, y_pred)`, which gives one loss a sample.

    Args:
        name: The loss's name, made up from its class if not given.
        reduction: "sum_over_batch_size" or "mean" (the mean over all losses), "sum", "mean_with_sample_weight" (the sum
            over that of the weights), "none" or None (no reduction).
        dtype: Dtype of the computation.

    Raises:
        ValueError: for an unknown reduction.

    Example:
        >>> from minikeras import ops
        >>> class Largest(Loss):
        ...     def call(self, y_true, y_pred):
        ...         return ops.max(ops.abs(y_true - y_pred), axis=-1)
        >>> float(Largest()([[1.0, 2.0]], [[1.0, 4.0]]))
        2.0
    """

    _arguments: ClassVar[tuple[str, ...]] = ()

    def __init__(
        self,
        name: str | None = None,
        reduction: Reduction | None = "sum_over_batch_size",
        dtype: DTypeLike | DTypePolicy | None = None,
    ) -> None:
        if reduction not in _REDUCTIONS:
            raise ValueError(f"A loss's `reduction` must be one of {_REDUCTIONS}. Received: reduction={reduction!r}.")
        self.name: str = name or _state.auto_name(type(self).__name__)
        self.reduction: Reduction | None = reduction
        self._policy = dtype_policies.get(dtype or _state.floatx())

    @property
    def dtype(self) -> str:
        """Dtype of the computation."""
        return self._policy.compute_dtype

    def call(self, y_true: Tensor, y_pred: Tensor) -> Any:
        """Return one loss a sample; both arguments are tensors of the loss's dtype."""
        raise NotImplementedError(f"Loss {type(self).__name__} does not have a `call()` method implemented.")

    def __call__(self, y_true: TensorLike, y_pred: TensorLike, sample_weight: TensorLike | None = None) -> Tensor:
        """Return the reduced loss.

        Args:
            y_true: What should have been predicted.
            y_pred: What was.
            sample_weight: Weight of each sample.
        """
        true, predicted = (convert_to_tensor(y, self.dtype) for y in (y_true, y_pred))
        losses = convert_to_tensor(self.call(true, predicted), self.dtype)
        weights: Tensor | None = None
        if sample_weight is not None:
            losses, weights = same_rank(losses, convert_to_tensor(sample_weight, self.dtype))
            losses = losses * weights
        if self.reduction in ("none", None) or not losses.ndim:
            return losses
        total = ops.sum(losses)
        if self.reduction in ("sum_over_batch_size", "mean"):
            return total / max(losses.size, 1)
        if self.reduction == "mean_with_sample_weight":
            return ops.divide_no_nan(total, losses.size if weights is None else ops.sum(weights))
        return total

    def get_config(self) -> Config:
        """Return the arguments that make an equal loss."""
        config = {"name": self.name, "reduction": self.reduction}
        return config | {key: getattr(self, key) for key in self._arguments}

    @classmethod
    def from_config(cls, config: Config) -> "Loss":
        """Return the loss of a configuration."""
        return cls(**config)


def same_rank(x1: Tensor, x2: Tensor) -> tuple[Tensor, Tensor]:
    """Return two tensors with a last axis of 1 added to, or dropped from, the one whose rank differs by one."""
    for a, b, swapped in ((x1, x2, False), (x2, x1, True)):
        if a.ndim == b.ndim + 1 and a.shape[-1] == 1:
            a, b = (a, ops.expand_dims(b, -1)) if b.ndim == 1 else (ops.squeeze(a, -1), b)
            return (b, a) if swapped else (a, b)
    return x1, x2


def mean_squared_error(y_true: TensorLike, y_pred: TensorLike) -> Tensor:
    """Return mean((y_true - y_pred) ** 2) over the last axis.

    Example:
        >>> float(mean_squared_error([0.0, 2.0], [0.0, 4.0]))
        2.0
    """
    predicted = convert_to_tensor(y_pred)
    true, predicted = same_rank(convert_to_tensor(y_true, predicted.dtype), predicted)
    return ops.mean(ops.square(true - predicted), axis=-1)


def binary_crossentropy(
    y_true: TensorLike,
    y_pred: TensorLike,
    from_logits: bool = False,
    label_smoothing: float = 0.0,
    axis: int = -1,
) -> Tensor:
    """Return the mean over an axis of -y_true * log(y_pred) - (1 - y_true) * log(1 - y_pred).

    Args:
        y_true: 0 or 1.
        y_pred: Probabilities, or any numbers with `from_logits`.
        from_logits: Whether to take the sigmoid of y_pred first.
        label_smoothing: Share by which y_true is drawn towards 0.5, from 0 to 1.
        axis: The axis.

    Example:
        >>> round(float(binary_crossentropy([1.0, 0.0], [0.5, 0.5])), 4)
        0.6931
    """
    predicted = convert_to_tensor(y_pred)
    true = convert_to_tensor(y_true, predicted.dtype)
    if label_smoothing:
        true = true * (1 - label_smoothing) + 0.5 * label_smoothing
    return ops.mean(ops.binary_crossentropy(true, predicted, from_logits), axis=axis)


class MeanSquaredError(Loss):
    """Mean of squared differences.

    Args:
        reduction: See `Loss`.
        name: The loss's name.
        dtype: Dtype of the computation.

    Example:
        >>> float(MeanSquaredError()([[0.0], [2.0]], [[0.0], [4.0]]))
        2.0
    """

    def __init__(
        self,
        reduction: Reduction | None = "sum_over_batch_size",
        name: str | None = "mean_squared_error",
        dtype: DTypeLike | DTypePolicy | None = None,
    ) -> None:
        super().__init__(name, reduction, dtype)

    def call(self, y_true: Tensor, y_pred: Tensor) -> Tensor:
        """Return one loss a sample."""
        return mean_squared_error(y_true, y_pred)


class BinaryCrossentropy(Loss):
    """Cross-entropy of yes-or-no labels and predicted probabilities.

    Args:
        from_logits: Whether to take the sigmoid of the predictions first.
        label_smoothing: Share by which labels are drawn towards 0.5, from 0 to 1.
        axis: The axis to average over.
        reduction: See `Loss`.
        name: The loss's name.
        dtype: Dtype of the computation.

    Example:
        >>> round(float(BinaryCrossentropy(from_logits=True)([[1.0]], [[0.0]])), 4)
        0.6931
    """

    _arguments = ("from_logits", "label_smoothing", "axis")

    def __init__(
        self,
        from_logits: bool = False,
        label_smoothing: float = 0.0,
        axis: int = -1,
        reduction: Reduction | None = "sum_over_batch_size",
        name: str | None = "binary_crossentropy",
        dtype: DTypeLike | DTypePolicy | None = None,
    ) -> None:
        super().__init__(name, reduction, dtype)
        self.from_logits = from_logits
        self.label_smoothing = label_smoothing
        self.axis = axis

    def call(self, y_true: Tensor, y_pred: Tensor) -> Tensor:
        """Return one loss a sample."""
        true, predicted = same_rank(y_true, y_pred)
        return binary_crossentropy(true, predicted, self.from_logits, self.label_smoothing, self.axis)


for _loss in (MeanSquaredError, BinaryCrossentropy):
    registry.register(_loss)

__all__ = [
    "BinaryCrossentropy",
    "Loss",
    "MeanSquaredError",
    "binary_crossentropy",
    "mean_squared_error",
]
