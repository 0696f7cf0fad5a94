"""Metrics: how good a model's predictions are, accumulated batch by batch."""

# ruff: noqa: I001  # many names a line
# fmt: off
from collections.abc import Mapping
from typing import Any, Final

from .._base.lazy import lazily
from .._serialization.serialization import serialize as serialize
from .._base.typing import CustomObjects
from .base import Mean, MeanMetricWrapper, Metric, Sum, functions as _functions, registry as registry

with lazily(globals()):
    from ..losses import (
        binary_crossentropy, binary_focal_crossentropy, categorical_crossentropy, categorical_focal_crossentropy,
        categorical_hinge, hinge, huber, kl_divergence, log_cosh, mean_absolute_error, mean_absolute_percentage_error,
        mean_squared_error, mean_squared_logarithmic_error, poisson, sparse_categorical_crossentropy, squared_hinge)
    from .accuracy import (
        Accuracy, BinaryAccuracy, CategoricalAccuracy, SparseCategoricalAccuracy, SparseTopKCategoricalAccuracy,
        TopKCategoricalAccuracy, binary_accuracy, categorical_accuracy, sparse_categorical_accuracy,
        sparse_top_k_categorical_accuracy, top_k_categorical_accuracy)
    from .confusion import (
        AUC, F1Score, FBetaScore, FalseNegatives, FalsePositives, Precision, PrecisionAtRecall, Recall,
        RecallAtPrecision, SensitivityAtSpecificity, SpecificityAtSensitivity, TrueNegatives, TruePositives)
    from .iou import BinaryIoU, IoU, MeanIoU, OneHotIoU, OneHotMeanIoU
    from .losses import (
        BinaryCrossentropy, CategoricalCrossentropy, CategoricalHinge, Hinge, KLDivergence, LogCoshError,
        MeanAbsoluteError, MeanAbsolutePercentageError, MeanSquaredError, MeanSquaredLogarithmicError, Poisson,
        SparseCategoricalCrossentropy, SquaredHinge)
    from .regression import (
        ConcordanceCorrelation, CosineSimilarity, PearsonCorrelation, R2Score, RootMeanSquaredError,
        concordance_correlation, pearson_correlation)

__all__ = [
    "AUC", "Accuracy", "BinaryAccuracy", "BinaryCrossentropy", "BinaryIoU", "CategoricalAccuracy",
    "CategoricalCrossentropy", "CategoricalHinge", "ConcordanceCorrelation", "CosineSimilarity", "F1Score",
    "FBetaScore", "FalseNegatives", "FalsePositives", "Hinge", "IoU", "KLDivergence", "LogCoshError", "Mean",
    "MeanAbsoluteError", "MeanAbsolutePercentageError", "MeanIoU", "MeanMetricWrapper", "MeanSquaredError",
    "MeanSquaredLogarithmicError", "Metric", "OneHotIoU", "OneHotMeanIoU", "PearsonCorrelation", "Poisson",
    "Precision", "PrecisionAtRecall", "R2Score", "Recall", "RecallAtPrecision", "RootMeanSquaredError",
    "SensitivityAtSpecificity", "SparseCategoricalAccuracy", "SparseCategoricalCrossentropy",
    "SparseTopKCategoricalAccuracy", "SpecificityAtSensitivity", "SquaredHinge", "Sum", "TopKCategoricalAccuracy",
    "TrueNegatives", "TruePositives", "binary_accuracy", "binary_crossentropy", "binary_focal_crossentropy",
    "categorical_accuracy", "categorical_crossentropy", "categorical_focal_crossentropy", "categorical_hinge",
    "concordance_correlation", "deserialize", "get", "hinge", "huber", "kl_divergence", "log_cosh",
    "mean_absolute_error", "mean_absolute_percentage_error", "mean_squared_error", "mean_squared_logarithmic_error",
    "pearson_correlation", "poisson", "serialize", "sparse_categorical_accuracy", "sparse_categorical_crossentropy",
    "sparse_top_k_categorical_accuracy", "squared_hinge", "top_k_categorical_accuracy"]
# fmt: on

get: Final = registry.get


def deserialize(config: str | Mapping[str, Any], custom_objects: CustomObjects | None = None) -> Any:
    """Return the metric, or the function, of a name or of a configuration made by `serialize`.

    `custom_objects` maps names to functions or classes of the caller's. An unknown name raises a ValueError.

    Example:
        >>> deserialize(serialize(AUC(name="area")))
        <AUC name=area>
    """
    is_function = isinstance(config, Mapping) and config.get("class_name") == "function"
    return (_functions if is_function else registry).deserialize(config, custom_objects)
