"""The losses, averaged over batches, as metrics."""

from .. import losses
from .base import DType, Name, NamedMean


class MeanSquaredError(NamedMean, fn=losses.mean_squared_error):
    """Mean of squared differences: `losses.mean_squared_error`."""


class MeanAbsoluteError(NamedMean, fn=losses.mean_absolute_error):
    """Mean of absolute differences: `losses.mean_absolute_error`."""


class MeanAbsolutePercentageError(NamedMean, fn=losses.mean_absolute_percentage_error):
    """Mean of differences in percent of the truth: `losses.mean_absolute_percentage_error`."""


class MeanSquaredLogarithmicError(NamedMean, fn=losses.mean_squared_logarithmic_error):
    """Mean of squared differences of logarithms: `losses.mean_squared_logarithmic_error`."""


class LogCoshError(NamedMean, fn=losses.log_cosh, name="logcosh"):
    """Mean of the logarithm of the hyperbolic cosine of differences: `losses.log_cosh`."""


class KLDivergence(NamedMean, fn=losses.kl_divergence):
    """Mean Kullback-Leibler divergence of predicted from true probabilities: `losses.kl_divergence`."""


class Poisson(NamedMean, fn=losses.poisson):
    """Mean of the Poisson loss of counts: `losses.poisson`."""


class Hinge(NamedMean, fn=losses.hinge):
    """Mean shortfall from a margin of 1: `losses.hinge`."""


class SquaredHinge(NamedMean, fn=losses.squared_hinge):
    """Mean squared shortfall from a margin of 1: `losses.squared_hinge`."""


class CategoricalHinge(NamedMean, fn=losses.categorical_hinge):
    """Mean shortfall of the right class's score from a margin over the others: `losses.categorical_hinge`."""


class BinaryCrossentropy(NamedMean, fn=losses.binary_crossentropy):
    """Mean cross-entropy of yes-or-no labels and predicted probabilities: `losses.binary_crossentropy`."""

    from_logits: bool
    label_smoothing: float

    def __init__(self, name: Name = "binary_crossentropy", dtype: DType = None, from_logits: bool = False,
                 label_smoothing: float = 0) -> None:  # fmt: skip
        self._configure(locals())


class CategoricalCrossentropy(NamedMean, fn=losses.categorical_crossentropy):
    """Mean cross-entropy of one-hot rows and predicted probabilities: `losses.categorical_crossentropy`."""

    from_logits: bool
    label_smoothing: float
    axis: int

    def __init__(self, name: Name = "categorical_crossentropy", dtype: DType = None, from_logits: bool = False,
                 label_smoothing: float = 0, axis: int = -1) -> None:  # fmt: skip
        self._configure(locals())


class SparseCategoricalCrossentropy(NamedMean, fn=losses.sparse_categorical_crossentropy):
    """Mean cross-entropy of class numbers and predicted probabilities: `losses.sparse_categorical_crossentropy`."""

    from_logits: bool
    ignore_class: int | None
    axis: int

    def __init__(self, name: Name = "sparse_categorical_crossentropy", dtype: DType = None, from_logits: bool = False,
                 ignore_class: int | None = None, axis: int = -1) -> None:  # fmt: skip
        self._configure(locals())
