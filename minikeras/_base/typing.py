"""Shapes, array aliases and literal names: the vocabulary of every annotation in the package."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Concatenate, Literal, TypeAlias, TypeVar

import numpy as np
from numpy.typing import ArrayLike, NDArray

Shape: TypeAlias = tuple[int, ...]
"""A shape whose every size is known."""
PartialShape: TypeAlias = tuple[int | None, ...]
"""A shape in which None stands for a size not known yet, such as that of the batch."""
ShapeLike: TypeAlias = Sequence[int | None]
"""A shape as a caller may pass it."""
Array: TypeAlias = NDArray[Any]
"""An array of any dtype: a dtype is a run-time setting in Keras, so no static one would be true."""
FloatArray: TypeAlias = NDArray[np.floating[Any]]
"""An array of weights, gradients or predictions."""
Config: TypeAlias = dict[str, Any]
"""A JSON-like configuration. Its values depend on the class it describes, hence Any."""
TensorLike: TypeAlias = ArrayLike
"""Anything that an op or a layer takes as a tensor: numbers, nested lists, arrays, tensors, variables, data frames."""
DTypeName: TypeAlias = Literal[
    "float16", "float32", "float64", "uint8", "uint16", "uint32", "uint64",
    "int8", "int16", "int32", "int64", "bool", "complex64", "complex128", "string"]  # fmt: skip
DTypeChoice: TypeAlias = DTypeName | np.dtype[Any] | type[Any]
"""A dtype that a user writes down; type checkers find a misspelt name."""
DTypeLike: TypeAlias = DTypeChoice | str
"""A dtype that may be computed, such as that of a tensor."""
DataFormat: TypeAlias = Literal["channels_last", "channels_first"]
Axis: TypeAlias = int | Sequence[int] | None
Sizes: TypeAlias = int | Sequence[int]
"""One number for each axis between batch and channels, or one for all of them."""
S = TypeVar("S", bound=tuple[int, ...])
T = TypeVar("T")
One: TypeAlias = tuple[int]
Two: TypeAlias = tuple[int, int]
Three: TypeAlias = tuple[int, int, int]
SizesOf: TypeAlias = int | list[int] | S
"""The same, where the number of axes is known."""
Padding: TypeAlias = Literal["valid", "same"]
CausalPadding: TypeAlias = Literal["valid", "same", "causal"]
Interpolation: TypeAlias = Literal["nearest", "bilinear", "bicubic", "lanczos3", "lanczos5"]
Sampling: TypeAlias = Literal["nearest", "bilinear"]
"""How an image is read between its pixels."""
FillMode: TypeAlias = Literal["constant", "nearest", "wrap", "mirror", "reflect"]
"""How points beyond the edges of an image are filled."""
OutputMode: TypeAlias = Literal["int", "one_hot", "multi_hot", "count"]
TextOutputMode: TypeAlias = Literal[OutputMode, "tf_idf"]
"""How the number of a category is encoded."""
CustomObjects: TypeAlias = Mapping[str, Any]
"""The caller's classes and functions by name."""
ActivationName: TypeAlias = Literal[
    "celu", "elu", "exponential", "gelu", "glu", "hard_shrink", "hard_sigmoid", "hard_silu", "hard_swish",
    "hard_tanh", "leaky_relu", "linear", "log_sigmoid", "log_softmax", "mish", "relu", "relu6", "selu",
    "sigmoid", "silu", "soft_shrink", "softmax", "softplus", "softsign", "sparse_plus", "sparse_sigmoid",
    "sparsemax", "squareplus", "swish", "tanh", "tanh_shrink", "threshold"]  # fmt: skip
InitializerName: TypeAlias = Literal[
    "constant", "glorot_normal", "glorot_uniform", "he_normal", "he_uniform", "identity", "lecun_normal",
    "lecun_uniform", "ones", "orthogonal", "random_normal", "random_uniform", "truncated_normal", "variance_scaling",
    "zeros", "normal", "uniform", "one", "zero", "Constant", "GlorotNormal", "GlorotUniform", "HeNormal", "HeUniform",
    "Identity", "LecunNormal", "LecunUniform", "Ones", "Orthogonal", "RandomNormal", "RandomUniform", "TruncatedNormal",
    "VarianceScaling", "Zeros"]  # fmt: skip
RegularizerName: TypeAlias = Literal["l1", "l2", "l1_l2", "L1", "L2", "L1L2", "orthogonal_regularizer"]
ConstraintName: TypeAlias = Literal[
    "max_norm", "min_max_norm", "non_neg", "unit_norm", "MaxNorm", "MinMaxNorm", "NonNeg", "UnitNorm"]  # fmt: skip
_LossAndMetric: TypeAlias = Literal[
    "binary_crossentropy", "categorical_crossentropy", "categorical_hinge", "cosine_similarity", "hinge",
    "kl_divergence", "mean_absolute_error", "mean_absolute_percentage_error", "mean_squared_error",
    "mean_squared_logarithmic_error", "poisson", "sparse_categorical_crossentropy", "squared_hinge", "bce", "BCE",
    "mae", "MAE", "mape", "MAPE", "mse", "MSE", "msle", "MSLE", "BinaryCrossentropy", "CategoricalCrossentropy",
    "CategoricalHinge", "CosineSimilarity", "Hinge", "KLDivergence", "MeanAbsoluteError", "MeanAbsolutePercentageError",
    "MeanSquaredError", "MeanSquaredLogarithmicError", "Poisson", "SparseCategoricalCrossentropy",
    "SquaredHinge"]  # fmt: skip
LossName: TypeAlias = Literal[
    _LossAndMetric, "binary_focal_crossentropy", "categorical_focal_crossentropy",
    "categorical_generalized_cross_entropy", "circle", "ctc", "dice", "huber", "log_cosh", "tversky", "kld", "KLD",
    "kullback_leibler_divergence", "logcosh", "BinaryFocalCrossentropy", "CTC", "CategoricalFocalCrossentropy",
    "CategoricalGeneralizedCrossEntropy", "Circle", "Dice", "Huber", "LogCosh", "Tversky"]  # fmt: skip
MetricName: TypeAlias = Literal[
    _LossAndMetric, "accuracy", "acc", "auc", "binary_accuracy", "binary_io_u", "categorical_accuracy",
    "concordance_correlation", "f1_score", "f_beta_score", "false_negatives", "false_positives", "log_cosh_error",
    "mean", "pearson_correlation", "precision", "r2_score", "recall", "root_mean_squared_error",
    "sparse_categorical_accuracy", "sparse_top_k_categorical_accuracy", "sum", "top_k_categorical_accuracy",
    "true_negatives", "true_positives", "crossentropy", "ce", "AUC", "Accuracy", "BinaryAccuracy", "BinaryIoU",
    "CategoricalAccuracy", "ConcordanceCorrelation", "F1Score", "FBetaScore", "FalseNegatives", "FalsePositives",
    "LogCoshError", "Mean", "PearsonCorrelation", "Precision", "R2Score", "Recall", "RootMeanSquaredError",
    "SparseCategoricalAccuracy", "SparseTopKCategoricalAccuracy", "Sum", "TopKCategoricalAccuracy", "TrueNegatives",
    "TruePositives"]  # fmt: skip
"""Metrics that need no argument. "acc", "crossentropy" and "ce" are for `compile` alone, which chooses their kind."""
OptimizerName: TypeAlias = Literal[
    "adadelta", "adafactor", "adagrad", "adam", "adamax", "adamw", "ftrl", "lamb", "lion", "nadam", "rmsprop",
    "schedulefreeadamw", "sgd", "Adadelta", "Adafactor", "Adagrad", "Adam", "Adamax", "AdamW", "Ftrl", "Lamb", "Lion",
    "Nadam", "RMSprop", "ScheduleFreeAdamW", "SGD"]  # fmt: skip

AnyCallable: TypeAlias = Callable[..., Any]
"""A function whose signature its author chooses, such as `Layer.call`."""
Function1: TypeAlias = Callable[[Any], Any] | Callable[Concatenate[Any, ...], Any]
"""A function of one argument, and of others with defaults. By the first half pyright infers what a lambda takes."""
Function2: TypeAlias = Callable[[Any, Any], Any] | AnyCallable
"""A function of two arguments, which may be passed by name."""
