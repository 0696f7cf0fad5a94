"""Errors and correlations of predicted numbers."""

from typing import Annotated, Literal, TypeAlias

from .. import losses, ops
from .._base.checks import between
from .._base.settings import epsilon
from .._base.typing import Axis, TensorLike
from .._core.tensor import Tensor
from .._core.variable import Variable
from .base import DType, Mean, Metric, Name, NamedMean, pair

ClassAggregation: TypeAlias = Literal["uniform_average", "variance_weighted_average"] | None


def cosine_similarity(y_true: TensorLike, y_pred: TensorLike, axis: Axis = -1) -> Tensor:
    """Return the cosine of the angle between y_true and y_pred along an axis: 1 where they point the same way.

    Example:
        >>> print(cosine_similarity([[0.0, 2.0]], [[0.0, 5.0]]))
        Tensor([1.], shape=(1,), dtype=float32)
    """
    return -losses.cosine_similarity(y_true, y_pred, axis)


def _centred(y_true: TensorLike, y_pred: TensorLike, axis: Axis) -> tuple[Tensor, Tensor, Tensor]:
    """Return both without their means along an axis, and the difference of the means."""
    true, predicted = pair(y_true, y_pred)
    means = ops.mean(true, axis, True), ops.mean(predicted, axis, True)
    return true - means[0], predicted - means[1], means[0] - means[1]


def _divide(x1: Tensor, x2: Tensor) -> Tensor:
    """Return x1 / x2, and NaN, without a warning, where x2 is 0."""
    return ops.where(x2 == 0, float("nan"), ops.divide_no_nan(x1, x2))


def pearson_correlation(y_true: TensorLike, y_pred: TensorLike, axis: Axis = -1) -> Tensor:
    """Return covariance / (standard deviation of y_true * that of y_pred) along an axis, NaN where one is 0.

    Example:
        >>> print(pearson_correlation([[1.0, 2.0, 3.0]], [[10.0, 20.0, 30.0]]).numpy().round(4))
        [1.]
    """
    true, predicted, _ = _centred(y_true, y_pred, axis)
    return ops.mean(ops.multiply(*(_divide(x, ops.std(x, axis, True)) for x in (true, predicted))), axis)


def concordance_correlation(y_true: TensorLike, y_pred: TensorLike, axis: Axis = -1) -> Tensor:
    """Return 2 * covariance / (variance of y_true + that of y_pred + squared difference of means) along an axis.

    Source: Lin 1989.

    Example:
        >>> print(concordance_correlation([[1.0, 2.0, 3.0]], [[2.0, 3.0, 4.0]]).numpy().round(4))
        [0.5714]
    """
    true, predicted, distance = _centred(y_true, y_pred, axis)
    scale = ops.var(true, axis, True) + ops.var(predicted, axis, True) + ops.square(distance)
    return ops.mean(2 * (true + distance) * predicted / (scale + epsilon()), axis)


class RootMeanSquaredError(Mean):
    """Root of the mean of squared differences.

    Example:
        >>> float(RootMeanSquaredError()([[0.0, 1.0], [0.0, 0.0]], [[1.0, 1.0], [0.0, 0.0]]))
        0.5
    """

    _direction = "down"

    def __init__(self, name: Name = "root_mean_squared_error", dtype: DType = None) -> None:
        super().__init__(name, dtype)

    def update_state(self, y_true: TensorLike, y_pred: TensorLike,  # type: ignore[override]  # values are made of them
                     sample_weight: TensorLike | None = None) -> None:  # fmt: skip
        """Add a batch, with weights that broadcast over the differences."""
        true, predicted = pair(y_true, y_pred, self.dtype)
        super().update_state(ops.square(predicted - true), sample_weight)

    def result(self) -> Tensor:
        return ops.sqrt(super().result())


class _AlongAxis(NamedMean):
    """A mean over vectors.

    Args:
        axis: Axis along which the vectors lie, or axes.
    """

    axis: Axis

    def __init__(self, name: Name = None, dtype: DType = None, axis: Axis = -1) -> None:
        self._configure(locals())


class CosineSimilarity(_AlongAxis, fn=cosine_similarity):
    """Mean cosine of the angle between vectors: `cosine_similarity`. Configurations name an axis other than -1."""

    _unwritten = (("axis", -1),)


class PearsonCorrelation(_AlongAxis, fn=pearson_correlation):
    """Mean of the correlations of vectors: `pearson_correlation`."""


class ConcordanceCorrelation(_AlongAxis, fn=concordance_correlation):
    """Mean of the concordance correlations of vectors: `concordance_correlation`."""


class R2Score(Metric):
    """Coefficient of determination of each output: 1 - residual sum of squares / total sum of squares.

    An output whose true values do not vary scores 0, or NaN if all its predictions are exact.

    Args:
        class_aggregation: "uniform_average" (the mean over outputs), "variance_weighted_average", or None (no mean).
        num_regressors: For p > 0 the score is adjusted to 1 - (1 - score) * (n - 1) / (n - p - 1), n being the number
            of values. If n is too small, the score is not adjusted; unlike Keras, there is no warning.

    Example:
        >>> round(float(R2Score()([[1.0], [4.0], [3.0]], [[2.0], [4.0], [4.0]])), 4)
        0.5714
    """

    _direction = "up"
    class_aggregation: ClassAggregation
    num_regressors: Annotated[int, between(0)]

    def __init__(self, class_aggregation: ClassAggregation = "uniform_average", num_regressors: int = 0,
                 name: Name = "r2_score", dtype: DType = None) -> None:  # fmt: skip
        self._configure(locals())
        self.num_samples: Variable = self.add_variable((), "zeros", name="num_samples")

    def update_state(self, y_true: TensorLike, y_pred: TensorLike, sample_weight: TensorLike | None = None) -> None:
        """Add a batch of shape (samples, outputs), with a weight for each sample, or for each value."""
        true, predicted = pair(y_true, y_pred, self.dtype)
        if true.ndim != 2 or predicted.ndim != 2:
            received = f"y_true.shape={true.shape}, y_pred.shape={predicted.shape}"
            raise ValueError(f"R2Score needs tensors of shape (samples, outputs). Received: {received}.")
        if not hasattr(self, "count"):
            outputs = (predicted.shape[1],)
            self.squared_sum: Variable = self.add_variable(outputs, "zeros", name="squared_sum")
            self.sum: Variable = self.add_variable(outputs, "zeros", name="sum")
            self.total_mse: Variable = self.add_variable(outputs, "zeros", name="residual")
            self.count: Variable = self.add_variable(outputs, "zeros", name="count")
        weights = ops.convert_to_tensor(1 if sample_weight is None else sample_weight, self.dtype)
        weights = ops.broadcast_to(ops.expand_dims(weights, 1) if weights.ndim == 1 else weights, true.shape)
        weighted = true * weights
        self.sum.assign_add(ops.sum(weighted, axis=0))
        self.squared_sum.assign_add(ops.sum(true * weighted, axis=0))
        self.total_mse.assign_add(ops.sum(ops.square(true - predicted) * weights, axis=0))
        self.count.assign_add(ops.sum(weights, axis=0))
        self.num_samples.assign_add(true.size)

    def result(self) -> Tensor:
        total = self.squared_sum - self.sum * ops.divide_no_nan(self.sum, self.count)
        scores: Tensor = 1 - _divide(self.total_mse.value, total)
        scores = ops.where(((total == 0) & (self.total_mse > 0)) | ops.isinf(scores), 0.0, scores)
        if self.class_aggregation == "uniform_average":
            scores = ops.mean(scores)
        elif self.class_aggregation == "variance_weighted_average":
            scores = _divide(ops.sum(total * scores), ops.sum(total))
        if self.num_regressors:
            freedom = self.num_samples - (self.num_regressors + 1)
            adjusted = 1 - ops.divide_no_nan((1 - scores) * (self.num_samples - 1), freedom)
            scores = ops.where(freedom > 0, adjusted, scores)
        return scores
