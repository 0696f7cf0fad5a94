"""All maths: each forward function beside its gradient rules."""

# ruff: noqa: I001  # many names a line
# fmt: off
from sys import modules as _modules

from .._core import op as _op, tensor
from .._base.lazy import lazily
from .._core.keras_tensor import KerasTensor as KerasTensor
from .._core.tensor import Tensor as Tensor
from .._core.variable import Variable as Variable
from .activation import (
    celu, elu, gelu, glu, hard_shrink, hard_sigmoid, hard_silu, hard_swish, hard_tanh, leaky_relu, log_sigmoid,
    log_softmax, relu, relu6, selu, sigmoid, silu, soft_shrink, softmax, softplus, softsign, sparse_plus,
    sparse_sigmoid, sparsemax, squareplus, swish, tanh_shrink, threshold)
from .classes import (
    binary_crossentropy, categorical_crossentropy, ctc_decode, ctc_loss, in_top_k, multi_hot, one_hot,
    sparse_categorical_crossentropy, top_k)
from .creation import (
    arange, array, bartlett, blackman, cast, convert_to_numpy, convert_to_tensor, copy, dtype, empty, empty_like, eye,
    full, full_like, geomspace, hamming, hanning, identity, is_tensor, kaiser, linspace, logspace, ndim, ones,
    ones_like, saturate_cast, shape, size, stop_gradient, tri, zeros, zeros_like)
from .elementwise import (
    abs, absolute, add, allclose, angle, arccos, arccosh, arcsin, arcsinh, arctan, arctan2, arctanh, bitwise_and,
    bitwise_invert, bitwise_left_shift, bitwise_not, bitwise_or, bitwise_right_shift, bitwise_xor, cbrt, ceil, clip,
    conj, conjugate, cos, cosh, deg2rad, divide, divide_no_nan, equal, erf, erfc, erfinv, exp, exp2, expm1, fabs, floor,
    floor_divide, fmax, fmin, fmod, gcd, greater, greater_equal, heaviside, hypot, i0, imag, isclose, isfinite, isin,
    isinf, isnan, isneginf, isposinf, isreal, lcm, ldexp, left_shift, less, less_equal, log, log10, log1p, log2,
    logaddexp, logaddexp2, logical_and, logical_not, logical_or, logical_xor, maximum, minimum, mod, multiply,
    nan_to_num, negative, nextafter, not_equal, power, rad2deg, real, reciprocal, right_shift, round, rsqrt, sign,
    signbit, sin, sinc, sinh, sqrt, square, subtract, tan, tanh, true_divide, trunc)
from .linalg import (
    cdist, cholesky, cholesky_inverse, cross, det, dot, eig, eigh, einsum, inner, inv, jvp, logdet, lstsq, lu_factor,
    matmul, matrix_rank, norm, outer, pinv, psnr, qr, slogdet, solve, solve_triangular, svd, tensordot, trace, vdot)
from .normalization import (
    batch_normalization, dot_product_attention, layer_normalization, moments, normalize, rms_normalization)
from .reduction import (
    all, amax, amin, any, argmax, argmin, average, bincount, corrcoef, correlate, count_nonzero, cumprod, cumsum,
    digitize, histogram, logsumexp, max, mean, median, min, nanargmax, nanargmin, nancumprod, nancumsum, nanmax,
    nanmean, nanmedian, nanmin, nanpercentile, nanprod, nanquantile, nanstd, nansum, nanvar, percentile, prod,
    ptp, quantile, searchsorted, segment_max, segment_min, segment_prod, segment_sum, std, sum, trapezoid, unique, var)
from .shapes import (
    append, argpartition, argsort, array_split, broadcast_to, concatenate, depth_to_space, diag, diagflat, diagonal,
    diff, dsplit, dstack, expand_dims, extract_sequences, flip, fliplr, flipud, get_item, hsplit, hstack, kron,
    meshgrid, moveaxis, nonzero, pad, ravel, rearrange, repeat, reshape, roll, rot90, scatter, scatter_update, select,
    slice, slice_update, sort, space_to_depth, split, squeeze, stack, swapaxes, take, take_along_axis, tile, transpose,
    tril, triu, unravel_index, unstack, vander, view, vsplit, vstack, where)

__all__ = [
    "abs", "absolute", "adaptive_average_pool", "adaptive_max_pool", "add", "all", "allclose", "amax", "amin", "angle",
    "any", "append", "arange", "arccos", "arccosh", "arcsin", "arcsinh", "arctan", "arctan2", "arctanh", "argmax",
    "argmin", "argpartition", "argsort", "array", "array_split", "associative_scan", "average", "average_pool",
    "bartlett", "batch_normalization", "binary_crossentropy", "bincount", "bitwise_and", "bitwise_invert",
    "bitwise_left_shift", "bitwise_not", "bitwise_or", "bitwise_right_shift", "bitwise_xor", "blackman", "broadcast_to",
    "cast", "categorical_crossentropy", "cbrt", "cdist", "ceil", "celu", "cholesky", "cholesky_inverse", "clip",
    "concatenate", "cond", "conj", "conjugate", "conv", "conv_transpose", "convert_to_numpy", "convert_to_tensor",
    "copy", "corrcoef", "correlate", "cos", "cosh", "count_nonzero", "cross", "ctc_decode", "ctc_loss", "cumprod",
    "cumsum", "custom_gradient", "deg2rad", "depth_to_space", "depthwise_conv", "det", "diag", "diagflat", "diagonal",
    "diff", "digitize", "divide", "divide_no_nan", "dot", "dot_product_attention", "dsplit", "dstack", "dtype", "eig",
    "eigh", "einsum", "elu", "empty", "empty_like", "equal", "erf", "erfc", "erfinv", "exp", "exp2", "expand_dims",
    "expm1", "extract_sequences", "eye", "fabs", "fft", "fft2", "flip", "fliplr", "flipud", "floor", "floor_divide",
    "fmax", "fmin", "fmod", "fold", "fori_loop", "full", "full_like", "gcd", "gelu", "geomspace", "get_item", "glu",
    "greater", "greater_equal", "hamming", "hanning", "hard_shrink", "hard_sigmoid", "hard_silu", "hard_swish",
    "hard_tanh", "heaviside", "histogram", "hsplit", "hstack", "hypot", "i0", "identity", "ifft2", "imag", "in_top_k",
    "inner", "inv", "irfft", "is_tensor", "isclose", "isfinite", "isin", "isinf", "isnan", "isneginf", "isposinf",
    "isreal", "istft", "jvp", "kaiser", "kron", "layer_normalization", "lcm", "ldexp", "leaky_relu", "left_shift",
    "less", "less_equal", "linspace", "log", "log1p", "log2", "log10", "log_sigmoid", "log_softmax", "logaddexp",
    "logaddexp2", "logdet", "logical_and", "logical_not", "logical_or", "logical_xor", "logspace", "logsumexp", "lstsq",
    "lu_factor", "map", "matmul", "matrix_rank", "max", "max_pool", "maximum", "mean", "median", "meshgrid", "min",
    "minimum", "mod", "moments", "moveaxis", "multi_hot", "multiply", "nan_to_num", "nanargmax", "nanargmin",
    "nancumprod", "nancumsum", "nanmax", "nanmean", "nanmedian", "nanmin", "nanpercentile", "nanprod", "nanquantile",
    "nanstd", "nansum", "nanvar", "ndim", "negative", "nextafter", "nonzero", "norm", "normalize", "not_equal",
    "one_hot", "ones", "ones_like", "outer", "pad", "percentile", "pinv", "polar", "power", "prod", "psnr", "ptp", "qr",
    "quantile", "rad2deg", "ravel", "real", "rearrange", "reciprocal", "relu", "relu6", "repeat", "reshape", "rfft",
    "right_shift", "rms_normalization", "roll", "rot90", "round", "rsqrt", "saturate_cast", "scan", "scatter",
    "scatter_update", "searchsorted", "segment_max", "segment_min", "segment_prod", "segment_sum", "select", "selu",
    "separable_conv", "shape", "sigmoid", "sign", "signbit", "silu", "sin", "sinc", "sinh", "size", "slice",
    "slice_update", "slogdet", "soft_shrink", "softmax", "softplus", "softsign", "solve", "solve_triangular", "sort",
    "space_to_depth", "sparse_categorical_crossentropy", "sparse_plus", "sparse_sigmoid", "sparsemax", "split", "sqrt",
    "square", "squareplus", "squeeze", "stack", "std", "stft", "stop_gradient", "subtract", "sum", "svd", "swapaxes",
    "swish", "switch", "take", "take_along_axis", "tan", "tanh", "tanh_shrink", "tensordot", "threshold", "tile",
    "top_k", "trace", "transpose", "trapezoid", "tri", "tril", "triu", "true_divide", "trunc", "unfold", "unique",
    "unravel_index", "unstack", "vander", "var", "vdot", "vectorize", "vectorized_map", "view", "view_as_complex",
    "view_as_real", "vsplit", "vstack", "where", "while_loop", "zeros", "zeros_like"]


with lazily(globals()) as _rest:
    from .._core.tape import custom_gradient
    from .control import associative_scan, cond, fori_loop, map, scan, switch, vectorize, vectorized_map, while_loop
    from .convolution import (
        adaptive_average_pool, adaptive_max_pool, average_pool, conv, conv_transpose, depthwise_conv, fold, max_pool,
        separable_conv, unfold)
    from .fourier import fft, fft2, ifft2, irfft, istft, polar, rfft, stft, view_as_complex, view_as_real
    from . import image as image, nn as nn, numpy as numpy, numpy_functions as numpy_functions

_loaded = celu, one_hot, cast, abs, det, moments, all, append  # each from a module that Python 3.15 may leave for later
_op.late_ops.append(_rest)
tensor.numpy_functions = lambda: _modules[__name__].numpy_functions
