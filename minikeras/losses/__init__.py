"""Losses: how far predictions are from the truth, as a number to minimize.

Each loss is a function, which returns one number for each sample, and a class, which returns their mean.
"""

# ruff: noqa: I001  # many names a line
# fmt: off
from typing import Any, Final, TypeAlias, overload

from .._base.lazy import lazily
from .._base.typing import AnyCallable, Config, Function2, LossName
from .._serialization.serialization import serialize as serialize
from .base import Loss, LossFunctionWrapper, registry as registry

with lazily(globals()):
    from .margins import CategoricalHinge, Circle, Hinge, SquaredHinge, categorical_hinge, circle, hinge, squared_hinge
    from .probabilities import (
        CTC, BinaryCrossentropy, BinaryFocalCrossentropy, CategoricalCrossentropy, CategoricalFocalCrossentropy,
        CategoricalGeneralizedCrossEntropy, KLDivergence, Poisson, SparseCategoricalCrossentropy, binary_crossentropy,
        binary_crossentropy as BCE, binary_crossentropy as bce, binary_focal_crossentropy, categorical_crossentropy,
        categorical_focal_crossentropy, categorical_generalized_cross_entropy, ctc, kl_divergence, kl_divergence as KLD,
        kl_divergence as kld, kl_divergence as kullback_leibler_divergence, poisson, sparse_categorical_crossentropy)
    from .regions import Dice, Tversky, dice, tversky
    from .regression import (
        CosineSimilarity, Huber, LogCosh, MeanAbsoluteError, MeanAbsolutePercentageError, MeanSquaredError,
        MeanSquaredLogarithmicError, cosine_similarity, huber, log_cosh, log_cosh as logcosh, mean_absolute_error,
        mean_absolute_error as MAE, mean_absolute_error as mae, mean_absolute_percentage_error,
        mean_absolute_percentage_error as MAPE, mean_absolute_percentage_error as mape, mean_squared_error,
        mean_squared_error as MSE, mean_squared_error as mse, mean_squared_logarithmic_error,
        mean_squared_logarithmic_error as MSLE, mean_squared_logarithmic_error as msle)

__all__ = [
    "BCE", "CTC", "KLD", "MAE", "MAPE", "MSE", "MSLE", "BinaryCrossentropy", "BinaryFocalCrossentropy",
    "CategoricalCrossentropy", "CategoricalFocalCrossentropy", "CategoricalGeneralizedCrossEntropy",
    "CategoricalHinge", "Circle", "CosineSimilarity", "Dice", "Hinge", "Huber", "KLDivergence", "LogCosh", "Loss",
    "LossFunctionWrapper", "MeanAbsoluteError", "MeanAbsolutePercentageError", "MeanSquaredError",
    "MeanSquaredLogarithmicError", "Poisson", "SparseCategoricalCrossentropy", "SquaredHinge", "Tversky", "bce",
    "binary_crossentropy", "binary_focal_crossentropy", "categorical_crossentropy", "categorical_focal_crossentropy",
    "categorical_generalized_cross_entropy", "categorical_hinge", "circle", "cosine_similarity", "ctc", "deserialize",
    "dice", "get", "hinge", "huber", "kl_divergence", "kld", "kullback_leibler_divergence", "log_cosh", "logcosh",
    "mae", "mape", "mean_absolute_error", "mean_absolute_percentage_error", "mean_squared_error",
    "mean_squared_logarithmic_error", "mse", "msle", "poisson", "serialize", "sparse_categorical_crossentropy",
    "squared_hinge", "tversky"]
# fmt: on

LossLike: TypeAlias = LossName | Loss | type[Loss] | Function2 | Config
"""The argument of `get`."""

deserialize: Final = registry.deserialize


@overload
def get(identifier: None) -> None: ...
@overload
def get(identifier: Loss | type[Loss]) -> Loss: ...
@overload
def get(identifier: LossLike | str) -> AnyCallable: ...
def get(identifier: Any) -> Any:
    """Return the loss that a name, a configuration, a class or a function stands for; None for None.

    An unknown name raises a ValueError, which suggests the nearest known one.

    Example:
        >>> get("mse") is mean_squared_error, get("MeanSquaredError").name
        (True, 'mean_squared_error')
    """
    return registry.get(identifier)
