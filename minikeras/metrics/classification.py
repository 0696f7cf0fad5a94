"""The losses of classifiers, averaged: cross-entropies, divergences, hinges."""

from .. import losses
from .base import DType, FixedMean, Name


class BinaryCrossentropy(FixedMean):
    """Mean cross-entropy of yes-or-no labels and predicted probabilities: `losses.binary_crossentropy`.

    Example:
        >>> round(float(BinaryCrossentropy()([[0, 1], [0, 0]], [[0.6, 0.4], [0.4, 0.6]])), 4)
        0.8149
    """

    def __init__(
        self, name: Name = "binary_crossentropy", dtype: DType = None, from_logits: bool = False,
        label_smoothing: float = 0,
    ) -> None:  # fmt: skip
        options = {"from_logits": from_logits, "label_smoothing": label_smoothing}
        super().__init__(losses.binary_crossentropy, name, dtype, **options)
        self.from_logits = from_logits
        self.label_smoothing = label_smoothing


class CategoricalCrossentropy(FixedMean):
    """Mean cross-entropy of one-hot rows and predicted probabilities: `losses.categorical_crossentropy`.

    Example:
        >>> round(float(CategoricalCrossentropy()([[0, 1, 0], [0, 0, 1]], [[0.05, 0.95, 0], [0.1, 0.8, 0.1]])), 4)
        1.1769
    """

    def __init__(
        self, name: Name = "categorical_crossentropy", dtype: DType = None, from_logits: bool = False,
        label_smoothing: float = 0, axis: int = -1,
    ) -> None:  # fmt: skip
        options = {"from_logits": from_logits, "label_smoothing": label_smoothing, "axis": axis}
        super().__init__(losses.categorical_crossentropy, name, dtype, **options)
        self.from_logits = from_logits
        self.label_smoothing = label_smoothing
        self.axis = axis


class SparseCategoricalCrossentropy(FixedMean):
    """Mean cross-entropy of class numbers and predicted probabilities: `losses.sparse_categorical_crossentropy`.

    Example:
        >>> round(float(SparseCategoricalCrossentropy()([1, 2], [[0.05, 0.95, 0], [0.1, 0.8, 0.1]])), 4)
        1.1769
    """

    def __init__(
        self, name: Name = "sparse_categorical_crossentropy", dtype: DType = None, from_logits: bool = False,
        ignore_class: int | None = None, axis: int = -1,
    ) -> None:  # fmt: skip
        options = {"from_logits": from_logits, "ignore_class": ignore_class, "axis": axis}
        super().__init__(losses.sparse_categorical_crossentropy, name, dtype, **options)
        self.from_logits = from_logits
        self.ignore_class = ignore_class
        self.axis = axis


class KLDivergence(FixedMean):
    """Mean Kullback-Leibler divergence of predicted from true probabilities: `losses.kl_divergence`.

    Example:
        >>> round(float(KLDivergence()([[0.0, 1.0], [0.0, 0.0]], [[0.6, 0.4], [0.4, 0.6]])), 4)
        0.4581
    """

    def __init__(self, name: Name = "kl_divergence", dtype: DType = None) -> None:
        super().__init__(losses.kl_divergence, name, dtype)


class Poisson(FixedMean):
    """Mean of the Poisson loss of counts: `losses.poisson`.

    Example:
        >>> round(float(Poisson()([[0.0, 1.0], [0.0, 0.0]], [[1.0, 1.0], [0.0, 0.0]])), 4)
        0.5
    """

    def __init__(self, name: Name = "poisson", dtype: DType = None) -> None:
        super().__init__(losses.poisson, name, dtype)


class Hinge(FixedMean):
    """Mean shortfall from a margin of 1: `losses.hinge`.

    Example:
        >>> round(float(Hinge()([[0, 1], [0, 0]], [[0.6, 0.4], [0.4, 0.6]])), 4)
        1.3
    """

    def __init__(self, name: Name = "hinge", dtype: DType = None) -> None:
        super().__init__(losses.hinge, name, dtype)


class SquaredHinge(FixedMean):
    """Mean squared shortfall from a margin of 1: `losses.squared_hinge`.

    Example:
        >>> round(float(SquaredHinge()([[0, 1], [0, 0]], [[0.6, 0.4], [0.4, 0.6]])), 4)
        1.86
    """

    def __init__(self, name: Name = "squared_hinge", dtype: DType = None) -> None:
        super().__init__(losses.squared_hinge, name, dtype)


class CategoricalHinge(FixedMean):
    """Mean shortfall of the right class's score from a margin over the others: `losses.categorical_hinge`.

    Example:
        >>> round(float(CategoricalHinge()([[0, 1], [0, 0]], [[0.6, 0.4], [0.4, 0.6]])), 4)
        1.4
    """

    def __init__(self, name: Name = "categorical_hinge", dtype: DType = None) -> None:
        super().__init__(losses.categorical_hinge, name, dtype)
