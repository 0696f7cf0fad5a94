"""Harmonic means of precision and recall."""

from typing import Literal, TypeAlias

from .. import ops
from .._base.settings import epsilon as default_epsilon
from .._base.typing import TensorLike
from .._core.tensor import Tensor
from .._core.variable import Variable
from ..ops.creation import convert_to_tensor
from .base import DType, Metric, Name

Average: TypeAlias = Literal["micro", "macro", "weighted"] | None
_COUNTS = ("true_positives", "false_positives", "false_negatives", "intermediate_weights")


class FBetaScore(Metric):
    """(1 + beta ** 2) * precision * recall / (beta ** 2 * precision + recall), class by class.

    Args:
        average: None (the score of each class), "micro" (one score from the counts of all classes), "macro" (the mean
            over classes) or "weighted" (the mean weighted by how often each class occurs).
        beta: How much more recall counts than precision, a positive float.
        threshold: A class is predicted where its score exceeds this float, above 0 and up to 1; None predicts the class
            with the largest score.
        name, dtype: See `Metric`.

    Raises:
        ValueError: for an argument outside of its range, or tensors that are not of rank 2.

    Example:
        >>> y_pred = [[0.2, 0.6, 0.7], [0.2, 0.6, 0.6], [0.6, 0.8, 0.0]]
        >>> FBetaScore(beta=2.0, threshold=0.5)([[1, 1, 1], [1, 0, 0], [1, 1, 0]], y_pred).numpy().round(4)
        array([0.3846, 0.9091, 0.8333], dtype=float32)
    """

    _direction = "up"
    true_positives: Variable
    false_positives: Variable
    false_negatives: Variable
    intermediate_weights: Variable
    average: Average
    beta: float
    threshold: float | None

    def __init__(self, average: Average = None, beta: float = 1.0, threshold: float | None = None,
                 name: Name = "fbeta_score", dtype: DType = None) -> None:  # fmt: skip
        self._configure(locals())
        if not isinstance(beta, float) or not beta > 0:
            raise ValueError(f"`beta` must be a positive Python float. Received: beta={beta!r}.")
        if threshold is not None and not (isinstance(threshold, float) and 0 < threshold <= 1):
            raise ValueError(f"`threshold` must be None, or a Python float in (0, 1]. Received: {threshold!r}.")

    def update_state(self, y_true: TensorLike, y_pred: TensorLike, sample_weight: TensorLike | None = None) -> None:
        """Take labels of 0 and 1 and scores into account, (samples, classes), with one weight a sample."""
        true, scores = convert_to_tensor(y_true, self.dtype), convert_to_tensor(y_pred, self.dtype)
        if true.ndim != 2 or scores.ndim != 2:
            received = f"y_true.shape={true.shape}, y_pred.shape={scores.shape}"
            raise ValueError(f"{type(self).__name__} needs tensors of shape (samples, classes). Received: {received}.")
        if not hasattr(self, "true_positives"):
            shape = () if self.average == "micro" else (scores.shape[1],)
            for count in _COUNTS:
                setattr(self, count, self.add_variable(shape, "zeros", self.dtype, name=count))
        if self.threshold is None:  # and a row of zeros predicts no class
            chosen = (scores >= ops.max(scores, axis=-1, keepdims=True)) & (ops.absolute(scores) > 1e-9)
        else:
            chosen = scores > self.threshold
        predicted = ops.cast(chosen, self.dtype)
        hits: tuple[Tensor, ...] = (predicted * true, predicted * (1 - true), (1 - predicted) * true, true)
        if sample_weight is not None:
            weights = convert_to_tensor(sample_weight, self.dtype)
            hits = tuple(x * (ops.expand_dims(weights, 1) if weights.ndim == 1 else weights) for x in hits)
        for count, values in zip(_COUNTS, hits, strict=True):
            getattr(self, count).assign_add(ops.sum(values, axis=None if self.average == "micro" else 0))

    def result(self) -> Tensor:
        """Return the score so far: a scalar, or one a class if `average` is None."""
        epsilon, square = default_epsilon(), self.beta**2
        precision = self.true_positives / (self.true_positives + self.false_positives + epsilon)
        recall = self.true_positives / (self.true_positives + self.false_negatives + epsilon)
        score = precision * recall / (square * precision + recall + epsilon) * (1 + square)
        if self.average == "weighted":
            return ops.sum(score * (self.intermediate_weights / (ops.sum(self.intermediate_weights) + epsilon)))
        return score if self.average is None else ops.mean(score)


class F1Score(FBetaScore):
    """2 * precision * recall / (precision + recall), class by class: an `FBetaScore` whose beta is 1."""

    def __init__(self, average: Average = None, threshold: float | None = None, name: Name = "f1_score",
                 dtype: DType = None) -> None:  # fmt: skip
        super().__init__(average, 1.0, threshold, name, dtype)
