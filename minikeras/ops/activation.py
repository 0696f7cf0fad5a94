"""Activations and the dense product. At a kink, which has no derivative, rules return what JAX does."""

import math
from typing import Any

import numpy as np

from .._base.pool import product
from .._base.typing import Array, Axis, TensorLike
from .._core.op import composite, primitive
from .._core.tensor import Tensor, row_of
from .arrays import ONE, ZERO, as_float, bare, long_ones, ones, promote, strong
from .creation import convert_to_tensor
from .elementwise import Unary, logaddexp_of, normal_cdf, normal_density, unary, where_of
from .reduction import is_narrow, max, sum
from .shapes import split

# Every activation maps a tensor of any shape to one of the same shape, unless it says otherwise.


@primitive(  # the slope is 1 where y > 0; np.sign would be slow, as it branches on each number
    lambda g, y, x: g * (np.ceil(np.minimum(y, 1)) if np.size(y) < 2048 else np.greater(y, 0)), inplace=True,
    decomposition=lambda x: np.maximum(x, 0))  # fmt: skip
def relu(x: TensorLike, out: Array | None = None) -> Array:
    """Rectified linear unit, max(x, 0)."""
    x = strong(x)
    zero = ZERO.get(x.dtype.char, 0)  # of text NumPy refuses the maximum
    return np.maximum(x, row_of(zero, x.shape) if x.size >= 2048 else zero, out=out)


relu6: Unary = unary(lambda x: np.minimum(np.maximum(x, 0), 6), lambda g, y, x: g * ((y > 0) & (y < 6)),
                     "Rectified linear unit up to 6, min(max(x, 0), 6).", name="relu6")  # fmt: skip


@primitive(lambda g, y, x, negative_slope: where_of(x >= 0, g, negative_slope * g),
           lambda g, y, x, negative_slope: g * np.minimum(x, 0), inplace=True)  # fmt: skip
def leaky_relu(x: TensorLike, negative_slope: Any = 0.2, out: Array | None = None) -> Array:
    """Leaky rectified linear unit: x where it is positive, negative_slope * x elsewhere."""
    a, slope = promote(x, negative_slope, floating=True)
    if np.ndim(slope):
        return np.multiply(a, np.where(a >= 0, 1, slope), out=out)
    negative = a * slope if slope else 0  # 0 * infinity would be NaN
    return (np.maximum if slope <= 1 else np.minimum)(a, negative, out=out)


@primitive(lambda g, y, x, alpha: g * where_of(x > 0, 1, np.exp(np.minimum(x, 0)) * alpha),
           lambda g, y, x, alpha: g * np.expm1(np.minimum(x, 0)), inplace=True)  # fmt: skip
def elu(x: TensorLike, alpha: Any = 1.0, out: Array | None = None) -> Array:
    """Exponential linear unit: x where it is positive, alpha * (exp(x) - 1) elsewhere. Clevert et al. 2015."""
    x = as_float(x)
    negative = np.expm1(np.minimum(x, 0)) * alpha  # no positive x, so that exp cannot overflow
    y = np.empty_like(x) if out is None else out
    return np.add(np.maximum(x, 0, out=y), negative, out=y)


SELU_ALPHA, SELU_SCALE = 1.6732632423543772, 1.0507009873554805  # Klambauer et al. 2017: keep mean 0 and variance 1
selu: Unary = unary(lambda x: (np.maximum(x, 0) + np.expm1(np.minimum(x, 0)) * SELU_ALPHA) * SELU_SCALE,
                    lambda g, y, x: g * (where_of(x > 0, 1, np.exp(np.minimum(x, 0)) * SELU_ALPHA) * SELU_SCALE),
                    "Scaled exponential linear unit: 1.0507 * elu(x, 1.6733). Klambauer et al. 2017.",
                    name="selu")  # fmt: skip


@primitive(lambda g, y, x, alpha=1.0: g * np.exp(np.minimum(x, 0) / alpha))
def celu(x: TensorLike, alpha: float = 1.0) -> Array:
    """Differentiable elu: max(x, 0) + min(0, alpha * (exp(x / alpha) - 1)). Barron 2017."""
    x = as_float(x)
    return np.asarray(np.maximum(x, 0) + np.expm1(np.minimum(x, 0) / alpha) * alpha, x.dtype)


_ROOT = math.sqrt(2 / math.pi)
_cdf = bare(normal_cdf)


def _gelu_rule(g: Any, y: Any, x: Any, approximate: bool = True) -> Any:
    if approximate:
        t = np.tanh(_ROOT * (x + 0.044715 * x * x * x))
        return g * 0.5 * (1 + t + x * (1 - t * t) * _ROOT * (1 + 3 * 0.044715 * x * x))
    return g * (_cdf(x) + x * normal_density(x))  # d x P(x) = P(x) + x p(x)


def _gelu(x: Any, approximate: bool = True) -> Any:
    return 0.5 * x * (1 + np.tanh(_ROOT * (x + 0.044715 * x * x * x))) if approximate else x * _cdf(x)


@primitive(_gelu_rule, decomposition=_gelu)  # a program shares tanh and the probability with the gradient
def gelu(x: TensorLike, approximate: bool = True) -> Array:
    """Gaussian error linear unit: x * P(X <= x) for a standard normal X. Hendrycks and Gimpel 2016.

    If `approximate`, it is 0.5 * x * (1 + tanh(sqrt(2 / pi) * (x + 0.044715 * x ** 3))) instead.
    """
    return _gelu(as_float(x), approximate)


_overflows = np.errstate(over="ignore", under="ignore")
"""Ignores that exp(-x) overflows to infinity: 1 / infinity is right. A program ignores it for all its steps at once."""


@primitive(lambda g, y, x: g * y * (1 - y), inplace=True, decomposition=lambda x: np.reciprocal(np.exp(-x) + 1))
@_overflows
def sigmoid(x: TensorLike, out: Array | None = None) -> Array:
    """Logistic function, 1 / (1 + exp(-x)).

    Example:
        >>> print(sigmoid([-1e4, 0.0, 1e4]))
        Tensor([0.  0.5 1. ], shape=(3,), dtype=float32)
    """
    return _sigmoid(as_float(x), out)


def _sigmoid(x: Array, out: Array | None = None) -> Array:
    y = np.empty_like(x) if out is None else out
    np.negative(x, y)
    np.exp(y, y)
    np.add(y, ONE[y.dtype.char], y)
    return np.reciprocal(y, y)


@primitive(lambda g, y, x: g * ((s := bare(sigmoid)(x)) + y * (1 - s)), inplace=True)
@_overflows
def silu(x: TensorLike, out: Array | None = None) -> Array:
    """Sigmoid linear unit, also called swish: x * sigmoid(x). Ramachandran et al. 2017."""
    x = as_float(x)
    return np.multiply(x, _sigmoid(x), out=out)


hard_sigmoid: Unary = unary(
    lambda x: np.minimum(np.maximum(x / 6 + 0.5, 0), 1), lambda g, y, x: g * ((y > 0) & (y < 1)) / 6,
    "Piecewise linear sigmoid: x / 6 + 0.5, clipped to [0, 1].", name="hard_sigmoid")  # fmt: skip
hard_silu: Unary = unary(
    lambda x: x * np.minimum(np.maximum(x / 6 + 0.5, 0), 1),
    lambda g, y, x: g * ((h := bare(hard_sigmoid)(x)) + where_of((h > 0) & (h < 1), x / 6, 0)),
    "silu with the piecewise linear sigmoid: x * hard_sigmoid(x). Howard et al. 2019.", name="hard_silu")  # fmt: skip
swish = silu
hard_swish = hard_silu
hard_tanh: Unary = unary(lambda x: np.minimum(np.maximum(x, -1), 1), lambda g, y, x: g * ((x >= -1) & (x <= 1)),
                         "x clipped to [-1, 1].", strong, name="hard_tanh")  # fmt: skip
tanh_shrink: Unary = unary(lambda x: x - np.tanh(x), lambda g, y, x: g * np.square(np.tanh(x)),  # 1 - (1 - tanh^2)
                           "x minus its hyperbolic tangent.", name="tanh_shrink")  # fmt: skip


@primitive(lambda g, y, x, threshold=0.5: g * (np.abs(x) > threshold))
def hard_shrink(x: TensorLike, threshold: float = 0.5) -> Array:
    """x where |x| > threshold, 0 elsewhere."""
    return where_of(np.abs(x) > threshold, as_float(x), 0)


@primitive(lambda g, y, x, threshold=0.5: g * (np.abs(x) > threshold))
def soft_shrink(x: TensorLike, threshold: float = 0.5) -> Array:
    """x moved by `threshold` towards 0, and 0 where |x| <= threshold."""
    x = as_float(x)
    return np.asarray(np.maximum(x - threshold, 0) + np.minimum(x + threshold, 0), x.dtype)


@primitive(lambda g, y, x, threshold, default_value: g * (x > threshold))
def threshold(x: TensorLike, threshold: float, default_value: float) -> Array:
    """x where x > threshold, `default_value` elsewhere."""
    return where_of(strong(x) > threshold, x, np.asarray(default_value).item())


softplus: Unary = unary(lambda x, out=None: logaddexp_of(x, 0, out), lambda g, y, x: g * bare(sigmoid)(x),
                        "Smooth form of relu, log(1 + exp(x)).", writes=True, name="softplus")  # fmt: skip
log_sigmoid: Unary = unary(  # exp(y) is the sigmoid s of x, and d log s = 1 - s
    lambda x: -logaddexp_of(-x, 0), lambda g, y, x: -g * np.expm1(y),
    "Logarithm of the sigmoid, -log(1 + exp(-x)).", name="log_sigmoid")  # fmt: skip
softsign: Unary = unary(lambda x: x / (1 + np.abs(x)), lambda g, y, x: g / np.square(1 + np.abs(x)),
                        "x / (1 + |x|).", name="softsign")  # fmt: skip
sparse_plus: Unary = unary(
    lambda x: where_of(x < 1, 0.25 * np.square(np.minimum(np.maximum(x, -1), 1) + 1), x),
    lambda g, y, x: g * np.minimum(np.maximum(0.5 * (x + 1), 0), 1),
    "Smooth form of relu with straight ends: 0 up to -1, x from 1 on, (x + 1) ** 2 / 4 between.",
    name="sparse_plus")  # fmt: skip
sparse_sigmoid: Unary = unary(
    lambda x: np.minimum(np.maximum(0.5 * (x + 1), 0), 1), lambda g, y, x: 0.25 * g * (1 + np.sign(1 - np.abs(x))),
    "Piecewise linear sigmoid: (x + 1) / 2, clipped to [0, 1].", name="sparse_sigmoid")  # fmt: skip


@primitive(lambda g, y, x, b=4: g * 0.5 * (1 + x / np.sqrt(x * x + b)))
def squareplus(x: TensorLike, b: float = 4) -> Array:
    """Smooth form of relu without exponentials: (x + sqrt(x * x + b)) / 2. Barron 2021."""
    x = as_float(x)
    return np.asarray((x + np.sqrt(x * x + b)) / 2, x.dtype)


@composite
def glu(x: TensorLike, axis: int = -1) -> Tensor:
    """Gated linear unit: a * sigmoid(b), a and b being the halves of x along an axis. Dauphin et al. 2016."""
    t = convert_to_tensor(x)
    if t.shape[axis] % 2:
        raise ValueError(f"glu halves an axis, whose size must be even. Received: x.shape={t.shape}, axis={axis}.")
    a, b = split(t, 2, axis)
    return a * sigmoid(b)


def row_sums(x: Any, axis: Axis) -> Any:
    """Return sums along an axis, for broadcasting; of short rows as a product with ones, which takes half the time."""
    return np.dot(x, ones((np.shape(x)[1],) * 2, x.dtype)) if is_narrow(x, axis) else bare(sum)(x, axis, True)


def _softmax_parts(x: Any, axis: Axis = -1) -> Any:
    e = np.exp(x - bare(max)(x, axis, True, -np.inf))  # cannot overflow
    return e / row_sums(e, axis)


@primitive(lambda g, y, x, axis=-1: (weighted := g * y) - y * bare(sum)(weighted, axis, True),
           inplace=True, decomposition=_softmax_parts)  # fmt: skip
@_overflows
def softmax(x: TensorLike, axis: Axis = -1, out: Array | None = None) -> Array:
    """Probabilities exp(x) / sum(exp(x)) along an axis (or axes).

    Example:
        >>> print(softmax([1e4, 1e4, -1e4]))
        Tensor([0.5 0.5 0. ], shape=(3,), dtype=float32)
    """
    x = as_float(x)
    y = np.asarray(np.subtract(x, bare(max)(x, axis, True, -np.inf), out=out))  # exp cannot overflow
    np.exp(y, out=y)
    return np.divide(y, row_sums(y, axis), out=y)


def _log_softmax_parts(x: Any, axis: Axis = -1) -> Any:
    shifted = x - bare(max)(x, axis, True, -np.inf)  # exp cannot overflow
    return shifted - np.log(row_sums(np.exp(shifted), axis))


@primitive(lambda g, y, x, axis=-1: g - np.exp(y) * bare(sum)(g, axis, True), decomposition=_log_softmax_parts)
@_overflows
def log_softmax(x: TensorLike, axis: Axis = -1) -> Array:
    """Logarithms of the softmax along an axis (or axes): x - log(sum(exp(x)))."""
    return np.asarray(_log_softmax_parts(as_float(x), axis))


def _sparsemax_rule(g: Any, y: Any, x: Any, axis: int = -1) -> Any:
    support = (y > 0).astype(y.dtype)
    return support * (g - bare(sum)(g * support, axis, True) / bare(sum)(support, axis, True))


@primitive(_sparsemax_rule)
def sparsemax(x: TensorLike, axis: int = -1) -> Array:
    """The probabilities nearest to x along an axis, many exactly 0. Martins and Astudillo 2016, algorithm 1.

    Keras 3.15.1 gives less than these where more than one is positive (its issue 23425, mended since).

    Example:
        >>> print(sparsemax([1.0, 0.5, -1.0]))
        Tensor([0.75 0.25 0.  ], shape=(3,), dtype=float32)
    """
    z = np.moveaxis(as_float(x), axis, -1)
    z = z - z.max(axis=-1, keepdims=True)  # the result is the same, and large x keep their digits
    ordered = -np.sort(-z, axis=-1)
    excess = np.cumsum(ordered, axis=-1) - 1
    count = (ordered * np.arange(1, z.shape[-1] + 1, dtype=z.dtype) > excess).sum(axis=-1, keepdims=True)
    level = np.take_along_axis(excess, count - 1, axis=-1) / count.astype(z.dtype)
    return np.moveaxis(np.maximum(z - level, 0), -1, axis)


def _rows(x: Any) -> Any:
    return x if np.ndim(x) == 2 else np.reshape(x, (-1, np.shape(x)[-1]))


def _column_sums(g: Any) -> Any:
    """Return the sum over all axes but the last, by a product with ones, which takes half the time."""
    rows = _rows(g)
    return np.dot(long_ones(len(rows), g.dtype), rows) if g.dtype in ("float32", "float64") else bare(sum)(rows, 0)


def _product(x: Any, kernel: Any) -> Any:
    """Return x @ kernel as one product of matrices; np.dot takes half the time of matmul on small ones."""
    if np.ndim(x) == 2:
        return product(x, kernel)
    return np.reshape(product(_rows(x), kernel), (*np.shape(x)[:-1], np.shape(kernel)[-1]))


@primitive(lambda g, y, x, kernel: _product(g, np.transpose(kernel)),
           lambda g, y, x, kernel: product(np.transpose(_rows(x)), _rows(g)), decomposition=_product)  # fmt: skip
def project(x: TensorLike, kernel: TensorLike) -> Array:
    """`dense` without a bias."""
    return np.asarray(_product(np.asarray(x), np.asarray(kernel)))


@primitive(lambda g, y, x, kernel, bias: _product(g, np.transpose(kernel)),
           lambda g, y, x, kernel, bias: product(np.transpose(_rows(x)), _rows(g)),
           lambda g, y, x, kernel, bias: _column_sums(g),
           decomposition=lambda x, kernel, bias: _product(x, kernel) + bias)  # fmt: skip
def affine(x: TensorLike, kernel: TensorLike, bias: TensorLike) -> Array:
    """`dense` with a bias."""
    y = _product(np.asarray(x), np.asarray(kernel))
    return np.add(y, bias, y)


def dense(x: TensorLike, kernel: TensorLike, bias: TensorLike | None = None) -> Tensor:
    """One fused step, x @ kernel + bias: (batch, ..., n) @ (n, units) + (units,) -> (batch, ..., units)."""
    return project(x, kernel) if bias is None else affine(x, kernel, bias)
