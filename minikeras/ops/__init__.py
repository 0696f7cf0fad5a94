"""All maths: each forward function beside its gradient rules."""

# ruff: noqa: I001  # many names a line
# fmt: off
from ..gradients import custom_gradient
from .activation import (
    celu, elu, gelu, glu, hard_shrink, hard_sigmoid, hard_silu, hard_swish, hard_tanh, leaky_relu, log_sigmoid,
    log_softmax, relu, relu6, selu, sigmoid, silu, soft_shrink, softmax, softplus, softsign, sparse_plus,
    sparse_sigmoid, sparsemax, squareplus, swish, tanh_shrink, threshold,
)
from .classes import (
    binary_crossentropy, categorical_crossentropy, in_top_k, multi_hot, one_hot, sparse_categorical_crossentropy,
    top_k,
)
from .control import cond, fori_loop, map, scan, switch, vectorized_map, while_loop
from .convolution import average_pool, conv, conv_transpose, depthwise_conv, max_pool, separable_conv
from .creation import (
    arange, array, cast, convert_to_numpy, convert_to_tensor, copy, dtype, empty, empty_like, eye, full, full_like,
    identity, is_tensor, linspace, logspace, ndim, ones, ones_like, shape, size, stop_gradient, tri, zeros,
    zeros_like,
)
from .elementwise import (
    abs, absolute, add, allclose, angle, arccos, arccosh, arcsin, arcsinh, arctan, arctan2, arctanh, bitwise_and,
    bitwise_invert, bitwise_left_shift, bitwise_not, bitwise_or, bitwise_right_shift, bitwise_xor, cbrt, ceil, clip,
    conj, conjugate, cos, cosh, deg2rad, divide, divide_no_nan, equal, exp, exp2, expm1, fabs, floor, floor_divide,
    fmax, fmin, greater, greater_equal, hypot, imag, isclose, isfinite, isin, isinf, isnan, isneginf, isposinf,
    isreal, left_shift, less, less_equal, log, log10, log1p, log2, logaddexp, logical_and, logical_not, logical_or,
    logical_xor, maximum, minimum, mod, multiply, nan_to_num, negative, not_equal, power, rad2deg, real, reciprocal,
    right_shift, round, rsqrt, sign, signbit, sin, sinh, sqrt, square, subtract, tan, tanh, true_divide, trunc,
)
from .linalg import (
    cholesky, cross, det, dot, eig, eigh, einsum, inner, inv, logdet, matmul, norm, outer, qr, slogdet, solve, svd,
    tensordot, trace, vdot,
)
from .normalization import (
    batch_normalization, dot_product_attention, layer_normalization, moments, normalize, rms_normalization,
)
from .reduction import (
    all, amax, amin, any, argmax, argmin, average, bincount, count_nonzero, cumprod, cumsum, digitize, histogram,
    logsumexp, max, mean, median, min, nanmax, nanmean, nanmin, nanstd, nansum, nanvar, nonzero, percentile, prod,
    ptp, quantile, searchsorted, std, sum, unique, var,
)
from .shapes import (
    append, argsort, array_split, broadcast_to, concatenate, diag, diagonal, diff, expand_dims, flip, fliplr,
    flipud, get_item, hstack, meshgrid, moveaxis, pad, ravel, repeat, reshape, roll, rot90, scatter, scatter_update,
    slice, slice_update, sort, split, squeeze, stack, swapaxes, take, take_along_axis, tile, transpose, tril, triu,
    unstack, vstack, where,
)
from .special import erf, erfc, erfinv

__all__ = [
    "abs", "absolute", "add", "all", "allclose", "amax", "amin", "angle", "any", "append", "arange", "arccos",
    "arccosh", "arcsin", "arcsinh", "arctan", "arctan2", "arctanh", "argmax", "argmin", "argsort", "array",
    "array_split", "average", "average_pool", "batch_normalization", "binary_crossentropy", "bincount", "bitwise_and",
    "bitwise_invert", "bitwise_left_shift", "bitwise_not", "bitwise_or", "bitwise_right_shift", "bitwise_xor",
    "broadcast_to", "cast", "categorical_crossentropy", "cbrt", "ceil", "celu", "cholesky", "clip", "concatenate",
    "cond", "conj", "conjugate", "conv", "conv_transpose", "convert_to_numpy", "convert_to_tensor", "copy", "cos",
    "cosh", "count_nonzero", "cross", "cumprod", "cumsum", "custom_gradient", "deg2rad", "depthwise_conv", "det",
    "diag", "diagonal", "diff", "digitize", "divide", "divide_no_nan", "dot", "dot_product_attention", "dtype", "eig",
    "eigh", "einsum", "elu", "empty", "empty_like", "equal", "erf", "erfc", "erfinv", "exp", "exp2", "expand_dims",
    "expm1", "eye", "fabs", "flip", "fliplr", "flipud", "floor", "floor_divide", "fmax", "fmin", "fori_loop", "full",
    "full_like", "gelu", "get_item", "glu", "greater", "greater_equal", "hard_shrink", "hard_sigmoid", "hard_silu",
    "hard_swish", "hard_tanh", "histogram", "hstack", "hypot", "identity", "imag", "in_top_k", "inner", "inv",
    "is_tensor", "isclose", "isfinite", "isin", "isinf", "isnan", "isneginf", "isposinf", "isreal",
    "layer_normalization", "leaky_relu", "left_shift", "less", "less_equal", "linspace", "log", "log1p", "log2",
    "log10", "log_sigmoid", "log_softmax", "logaddexp", "logdet", "logical_and", "logical_not", "logical_or",
    "logical_xor", "logspace", "logsumexp", "map", "matmul", "max", "max_pool", "maximum", "mean", "median", "meshgrid",
    "min", "minimum", "mod", "moments", "moveaxis", "multi_hot", "multiply", "nan_to_num", "nanmax", "nanmean",
    "nanmin", "nanstd", "nansum", "nanvar", "ndim", "negative", "nonzero", "norm", "normalize", "not_equal", "one_hot",
    "ones", "ones_like", "outer", "pad", "percentile", "power", "prod", "ptp", "qr", "quantile", "rad2deg", "ravel",
    "real", "reciprocal", "relu", "relu6", "repeat", "reshape", "right_shift", "rms_normalization", "roll", "rot90",
    "round", "rsqrt", "scan", "scatter", "scatter_update", "searchsorted", "selu", "separable_conv", "shape", "sigmoid",
    "sign", "signbit", "silu", "sin", "sinh", "size", "slice", "slice_update", "slogdet", "soft_shrink", "softmax",
    "softplus", "softsign", "solve", "sort", "sparse_categorical_crossentropy", "sparse_plus", "sparse_sigmoid",
    "sparsemax", "split", "sqrt", "square", "squareplus", "squeeze", "stack", "std", "stop_gradient", "subtract", "sum",
    "svd", "swapaxes", "swish", "switch", "take", "take_along_axis", "tan", "tanh", "tanh_shrink", "tensordot",
    "threshold", "tile", "top_k", "trace", "transpose", "tri", "tril", "triu", "true_divide", "trunc", "unique",
    "unstack", "var", "vdot", "vectorized_map", "vstack", "where", "while_loop", "zeros", "zeros_like",
]

from . import nn as nn
from . import numpy as numpy
