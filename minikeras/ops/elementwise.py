"""Operations on one element at a time: arithmetic, comparison, logic, bits, elementary functions."""

import math
from typing import Any

import numpy as np

from .. import _state
from .._typing import Array, TensorLike
from ..tensor import NUMPY_OPS, Tensor, composite, primitive
from .arrays import as_float, common_dtype, promote, strong

# Arithmetic. The engine sums each rule's result over broadcast axes and casts it to the input's dtype.


@primitive(lambda g, y, x1, x2: g, lambda g, y, x1, x2: g, inplace=True)
def add(x1: TensorLike, x2: TensorLike, out: Array | None = None) -> Array:
    """Sum of two tensors, x1 + x2, with broadcasting."""
    a, b = promote(x1, x2)
    return np.add(a, b, out=out)


@primitive(lambda g, y, x1, x2: g, lambda g, y, x1, x2: -g, inplace=True)
def subtract(x1: TensorLike, x2: TensorLike, out: Array | None = None) -> Array:
    """Difference of two tensors, x1 - x2, with broadcasting."""
    a, b = promote(x1, x2)
    return np.subtract(a, b, out=out)


@primitive(lambda g, y, x1, x2: g * x2, lambda g, y, x1, x2: g * x1, inplace=True)
def multiply(x1: TensorLike, x2: TensorLike, out: Array | None = None) -> Array:
    """Product of two tensors, element by element, with broadcasting."""
    a, b = promote(x1, x2)
    return np.multiply(a, b, out=out)


@primitive(lambda g, y, x1, x2: g / x2, lambda g, y, x1, x2: -g * y / x2, inplace=True)
def divide(x1: TensorLike, x2: TensorLike, out: Array | None = None) -> Array:
    """Quotient x1 / x2 as floats, with broadcasting."""
    a, b = promote(x1, x2, floating=True)
    return np.divide(a, b, out=out)


true_divide = divide
NUMPY_OPS["true_divide"] = divide


@primitive(
    lambda g, y, x1, x2: np.where(x2 == 0, 0, g / np.where(x2 == 0, 1, x2)),
    lambda g, y, x1, x2: -g * y / np.where(x2 == 0, 1, x2),
)
def divide_no_nan(x1: TensorLike, x2: TensorLike) -> Array:
    """Quotient x1 / x2, and 0 where x2 is 0.

    Example:
        >>> divide_no_nan([1.0, 2.0], [0.0, 4.0]).numpy()
        array([0. , 0.5], dtype=float32)
    """
    target = common_dtype(x1, x2, 0.0)
    a, b = np.asarray(x1, target), np.asarray(x2, target)
    return np.where(b == 0, np.zeros((), b.dtype), np.divide(a, np.where(b == 0, np.ones((), b.dtype), b)))


@primitive(None, None)
def floor_divide(x1: TensorLike, x2: TensorLike) -> Array:
    """Quotient rounded down, x1 // x2."""
    return np.floor_divide(*promote(x1, x2))


@primitive(lambda g, y, x1, x2: g, lambda g, y, x1, x2: -g * np.floor_divide(x1, x2), name="remainder")
def mod(x1: TensorLike, x2: TensorLike) -> Array:
    """Remainder of x1 / x2 with the sign of x2, as Python's %."""
    return np.mod(*_no_bool(x1, x2))


@primitive(lambda g, y, x1, x2: g, lambda g, y, x1, x2: -g * np.trunc(x1 / x2))
def fmod(x1: TensorLike, x2: TensorLike) -> Array:
    """Remainder of x1 / x2 with the sign of x1, as C's fmod."""
    return np.fmod(*_no_bool(x1, x2))


@primitive(
    lambda g, y, x1, x2: g * x2 * x1 ** _less_one(x2),
    lambda g, y, x1, x2: g * y * np.log(np.where(x1 > 0, x1, 1)),  # d b^x = b^x log b; taken as 0 at b <= 0
    inplace=True,
)
def power(x1: TensorLike, x2: TensorLike, out: Array | None = None) -> Array:
    """Power x1 ** x2, with broadcasting."""
    a, b = promote(x1, x2)
    return np.square(a, out=out) if type(b) in (int, float) and b == 2 else np.power(a, b, out=out)


def _less_one(x2: Any) -> Any:
    """Return x2 - 1, but 0 for a zero, so that 0 * 0 ** -1 does not make a NaN of d x^0 = 0."""
    if isinstance(x2, int | float):
        return x2 - 1 if x2 else x2
    return np.where(x2 == 0, 0, x2 - 1)


def _no_bool(*values: TensorLike) -> list[Array]:
    target = common_dtype(*values)
    return [np.asarray(x, "int32" if target.kind == "b" else target) for x in values]


@primitive(lambda g, y, x: -g, inplace=True)
def negative(x: TensorLike, out: Array | None = None) -> Array:
    """Negation -x."""
    return np.negative(strong(x), out=out)


@primitive(lambda g, y, x: g)
def positive(x: TensorLike) -> Array:
    """x itself, as +x."""
    return strong(x)


@primitive(lambda g, y, x: g * np.sign(x), inplace=True)
def absolute(x: TensorLike, out: Array | None = None) -> Array:
    """Absolute value |x|."""
    return np.absolute(strong(x), out=out)


abs = absolute


@primitive(lambda g, y, x: g * np.sign(x))
def fabs(x: TensorLike) -> Array:
    """Absolute value |x| as floats."""
    return np.fabs(as_float(x))


@primitive(None)
def sign(x: TensorLike) -> Array:
    """Sign of x: -1, 0 or 1."""
    return np.sign(strong(x))


@primitive(None)
def signbit(x: TensorLike) -> Array:
    """Whether x has its sign bit set: true for negative numbers and -0.0."""
    return np.signbit(strong(x))


@primitive(lambda g, y, x: 2 * g * x, inplace=True)
def square(x: TensorLike, out: Array | None = None) -> Array:
    """Square x * x."""
    a = strong(x)
    return np.square(a.astype("int32") if a.dtype == bool else a, out=out)


@primitive(lambda g, y, x: 0.5 * g / y, inplace=True)
def sqrt(x: TensorLike, out: Array | None = None) -> Array:
    """Square root of x."""
    return np.sqrt(as_float(x), out=out)


@primitive(lambda g, y, x: -0.5 * g * y * y * y)  # d x^(-1/2) = -1/2 x^(-3/2)
def rsqrt(x: TensorLike) -> Array:
    """Reciprocal of the square root, 1 / sqrt(x)."""
    return 1 / np.sqrt(as_float(x))


@primitive(lambda g, y, x: g / (3 * y * y))
def cbrt(x: TensorLike) -> Array:
    """Cube root of x."""
    return np.cbrt(as_float(x))


@primitive(lambda g, y, x: -g * y * y, inplace=True)
def reciprocal(x: TensorLike, out: Array | None = None) -> Array:
    """Reciprocal 1 / x in the dtype of x."""
    return np.reciprocal(strong(x), out=out)


@primitive(lambda g, y, x1, x2: g * _share(x1, x2), lambda g, y, x1, x2: g * _share(x2, x1), inplace=True)
def maximum(x1: TensorLike, x2: TensorLike, out: Array | None = None) -> Array:
    """Larger of x1 and x2, element by element; NaN where either is."""
    a, b = promote(x1, x2)
    return np.maximum(a, b, out=out)


@primitive(lambda g, y, x1, x2: g * _share(x2, x1), lambda g, y, x1, x2: g * _share(x1, x2), inplace=True)
def minimum(x1: TensorLike, x2: TensorLike, out: Array | None = None) -> Array:
    """Smaller of x1 and x2, element by element; NaN where either is."""
    a, b = promote(x1, x2)
    return np.minimum(a, b, out=out)


@primitive(lambda g, y, x1, x2: g * _share(x1, x2), lambda g, y, x1, x2: g * _share(x2, x1))
def fmax(x1: TensorLike, x2: TensorLike) -> Array:
    """Larger of x1 and x2, element by element; where one is NaN, the other."""
    return np.fmax(*promote(x1, x2))


@primitive(lambda g, y, x1, x2: g * _share(x2, x1), lambda g, y, x1, x2: g * _share(x1, x2))
def fmin(x1: TensorLike, x2: TensorLike) -> Array:
    """Smaller of x1 and x2, element by element; where one is NaN, the other."""
    return np.fmin(*promote(x1, x2))


def _share(winner: Array, other: Array) -> Array:
    """Return what part of the gradient the winner gets: all, nothing, or half where both are equal."""
    return 0.5 * (np.greater(winner, other) * 1.0 + np.greater_equal(winner, other))


@primitive(lambda g, y, x, x_min, x_max: g * (y == x), None, None)
def clip(x: TensorLike, x_min: TensorLike, x_max: TensorLike) -> Array:
    """x limited to the range from x_min to x_max, in the dtype of x; None leaves a side open.

    Example:
        >>> clip([-2.0, 0.5, 3.0], 0.0, 1.0).numpy()
        array([0. , 0.5, 1. ], dtype=float32)
    """
    a = strong(x)
    return np.clip(a, x_min, x_max).astype("int32" if a.dtype == bool else a.dtype, copy=False)


@primitive(lambda g, y, x, *_, **__: g * np.isfinite(x))
def nan_to_num(x: TensorLike, nan: float = 0.0, posinf: float | None = None, neginf: float | None = None) -> Array:
    """x with NaN replaced by `nan` and the infinities by large finite numbers or those given."""
    return np.nan_to_num(strong(x), nan=nan, posinf=posinf, neginf=neginf)


@primitive(lambda g, y, x1, x2: g * x1 / y, lambda g, y, x1, x2: g * x2 / y)
def hypot(x1: TensorLike, x2: TensorLike) -> Array:
    """Length of the hypotenuse, sqrt(x1 ** 2 + x2 ** 2)."""
    return np.hypot(*promote(x1, x2, floating=True))


@primitive(lambda g, y, x1, x2: g * np.exp2(x2), None)
def ldexp(x1: TensorLike, x2: TensorLike) -> Array:
    """x1 * 2 ** x2 for integer x2.

    Raises:
        TypeError: if x2 is not of an integer dtype.
    """
    b = strong(x2)
    if b.dtype.kind not in "iu":
        raise TypeError(f"ldexp exponent must be an integer type. Received: x2 dtype={b.dtype}")
    return np.ldexp(as_float(x1), b)


@primitive(None, None)
def heaviside(x1: TensorLike, x2: TensorLike) -> Array:
    """Step function: 0 for x1 < 0, x2 at 0, 1 for x1 > 0."""
    return np.heaviside(*promote(x1, x2, floating=True))


@primitive(None, None)
def nextafter(x1: TensorLike, x2: TensorLike) -> Array:
    """Next floating-point number after x1 towards x2."""
    return np.nextafter(*promote(x1, x2, floating=True))


@primitive(None, None)
def gcd(x1: TensorLike, x2: TensorLike) -> Array:
    """Greatest common divisor of integers."""
    return np.gcd(*promote(x1, x2))


@primitive(None, None)
def lcm(x1: TensorLike, x2: TensorLike) -> Array:
    """Least common multiple of integers."""
    return np.lcm(*promote(x1, x2))


# Rounding.


@primitive(None)
def ceil(x: TensorLike) -> Array:
    """x rounded up, as floats."""
    return np.ceil(as_float(x))


@primitive(None)
def floor(x: TensorLike) -> Array:
    """x rounded down, as floats."""
    return np.floor(as_float(x))


@primitive(None)
def trunc(x: TensorLike) -> Array:
    """x rounded towards zero, in its dtype."""
    return np.trunc(strong(x))


@primitive(None)
def round(x: TensorLike, decimals: int = 0) -> Array:
    """x rounded to decimals, halves to the even neighbour."""
    return np.round(strong(x), decimals)


# Exponentials and logarithms.


@primitive(lambda g, y, x: g * y, inplace=True)
def exp(x: TensorLike, out: Array | None = None) -> Array:
    """Exponential e ** x."""
    return np.exp(as_float(x), out=out)


@primitive(lambda g, y, x: g * y * math.log(2))
def exp2(x: TensorLike) -> Array:
    """Power of two, 2 ** x."""
    return np.exp2(as_float(x))


@primitive(lambda g, y, x: g * (y + 1))
def expm1(x: TensorLike) -> Array:
    """e ** x - 1, exact for small x."""
    return np.expm1(as_float(x))


@primitive(lambda g, y, x: g / x, inplace=True)
def log(x: TensorLike, out: Array | None = None) -> Array:
    """Natural logarithm of x."""
    return np.log(as_float(x), out=out)


@primitive(lambda g, y, x: g / (x * math.log(2)))
def log2(x: TensorLike) -> Array:
    """Logarithm of x to the base 2."""
    return np.log2(as_float(x))


@primitive(lambda g, y, x: g / (x * math.log(10)))
def log10(x: TensorLike) -> Array:
    """Logarithm of x to the base 10."""
    return np.log10(as_float(x))


@primitive(lambda g, y, x: g / (1 + x))
def log1p(x: TensorLike) -> Array:
    """log(1 + x), exact for small x."""
    return np.log1p(as_float(x))


@primitive(lambda g, y, x1, x2: g * np.exp(x1 - y), lambda g, y, x1, x2: g * np.exp(x2 - y))
def logaddexp(x1: TensorLike, x2: TensorLike) -> Array:
    """log(exp(x1) + exp(x2)) without overflow."""
    return np.logaddexp(*promote(x1, x2, floating=True))


@primitive(lambda g, y, x1, x2: g * np.exp2(x1 - y), lambda g, y, x1, x2: g * np.exp2(x2 - y))
def logaddexp2(x1: TensorLike, x2: TensorLike) -> Array:
    """log2(2 ** x1 + 2 ** x2) without overflow."""
    return np.logaddexp2(*promote(x1, x2, floating=True))


# Trigonometric and hyperbolic functions, angles in radians.


@primitive(lambda g, y, x: g * np.cos(x))
def sin(x: TensorLike) -> Array:
    """Sine of x."""
    return np.sin(as_float(x))


@primitive(lambda g, y, x: -g * np.sin(x))
def cos(x: TensorLike) -> Array:
    """Cosine of x."""
    return np.cos(as_float(x))


@primitive(lambda g, y, x: g * (1 + y * y))
def tan(x: TensorLike) -> Array:
    """Tangent of x."""
    return np.tan(as_float(x))


@primitive(lambda g, y, x: g / np.sqrt(1 - x * x))
def arcsin(x: TensorLike) -> Array:
    """Angle whose sine is x."""
    return np.arcsin(as_float(x))


@primitive(lambda g, y, x: -g / np.sqrt(1 - x * x))
def arccos(x: TensorLike) -> Array:
    """Angle whose cosine is x."""
    return np.arccos(as_float(x))


@primitive(lambda g, y, x: g / (1 + x * x))
def arctan(x: TensorLike) -> Array:
    """Angle whose tangent is x."""
    return np.arctan(as_float(x))


@primitive(lambda g, y, x1, x2: g * x2 / (x1 * x1 + x2 * x2), lambda g, y, x1, x2: -g * x1 / (x1 * x1 + x2 * x2))
def arctan2(x1: TensorLike, x2: TensorLike) -> Array:
    """Angle of the point (x2, x1), from -pi to pi."""
    return np.arctan2(*promote(x1, x2, floating=True))


@primitive(lambda g, y, x: g * np.cosh(x))
def sinh(x: TensorLike) -> Array:
    """Hyperbolic sine of x."""
    return np.sinh(as_float(x))


@primitive(lambda g, y, x: g * np.sinh(x))
def cosh(x: TensorLike) -> Array:
    """Hyperbolic cosine of x."""
    return np.cosh(as_float(x))


@primitive(lambda g, y, x: g * (1 - y * y), inplace=True)
def tanh(x: TensorLike, out: Array | None = None) -> Array:
    """Hyperbolic tangent of x."""
    return np.tanh(as_float(x), out=out)


@primitive(lambda g, y, x: g / np.sqrt(x * x + 1))
def arcsinh(x: TensorLike) -> Array:
    """Inverse of the hyperbolic sine."""
    return np.arcsinh(as_float(x))


@primitive(lambda g, y, x: g / np.sqrt(x * x - 1))
def arccosh(x: TensorLike) -> Array:
    """Inverse of the hyperbolic cosine, for x >= 1."""
    return np.arccosh(as_float(x))


@primitive(lambda g, y, x: g / (1 - x * x))
def arctanh(x: TensorLike) -> Array:
    """Inverse of the hyperbolic tangent, for |x| < 1."""
    return np.arctanh(as_float(x))


@primitive(lambda g, y, x: g * np.where(x == 0, 0, (np.cos(math.pi * x) - y) / np.where(x == 0, 1, x)))
def sinc(x: TensorLike) -> Array:
    """sin(pi x) / (pi x), and 1 at 0."""
    a = as_float(x)
    return np.sinc(a).astype(a.dtype, copy=False)


@primitive(lambda g, y, x: g * (math.pi / 180))
def deg2rad(x: TensorLike) -> Array:
    """Degrees to radians."""
    return np.deg2rad(as_float(x))


@primitive(lambda g, y, x: g * (180 / math.pi))
def rad2deg(x: TensorLike) -> Array:
    """Radians to degrees."""
    return np.rad2deg(as_float(x))


# Special functions.


@primitive(None)
def i0(x: TensorLike) -> Array:
    """Modified Bessel function of the first kind and order 0."""
    a = as_float(x)
    return np.i0(a).astype(a.dtype, copy=False)


# Complex numbers.


@primitive(lambda g, y, x: g)
def real(x: TensorLike) -> Array:
    """Real part of x."""
    return np.real(strong(x))


@primitive(None)
def imag(x: TensorLike) -> Array:
    """Imaginary part of x."""
    return np.imag(strong(x))


@primitive(lambda g, y, x: np.conjugate(g))
def conjugate(x: TensorLike) -> Array:
    """Complex conjugate of x."""
    return np.conjugate(strong(x))


conj = conjugate


@primitive(None)
def angle(x: TensorLike) -> Array:
    """Angle of a complex number in the plane, in radians."""
    return np.angle(as_float(x))


@composite
def polar(abs_: TensorLike, angle: TensorLike) -> Tensor:
    """Complex number with the given absolute value and angle."""
    return abs_ * (cos(angle) + sin(angle) * 1j)  # type: ignore[return-value]  # a tensor as soon as one side is


# Comparison and logic: bools out.


@primitive(None, None)
def equal(x1: TensorLike, x2: TensorLike) -> Array:
    """Whether x1 == x2, element by element."""
    return np.equal(x1, x2)


@primitive(None, None)
def not_equal(x1: TensorLike, x2: TensorLike) -> Array:
    """Whether x1 != x2, element by element."""
    return np.not_equal(x1, x2)


@primitive(None, None)
def less(x1: TensorLike, x2: TensorLike) -> Array:
    """Whether x1 < x2, element by element."""
    return np.less(x1, x2)


@primitive(None, None)
def less_equal(x1: TensorLike, x2: TensorLike) -> Array:
    """Whether x1 <= x2, element by element."""
    return np.less_equal(x1, x2)


@primitive(None, None)
def greater(x1: TensorLike, x2: TensorLike) -> Array:
    """Whether x1 > x2, element by element."""
    return np.greater(x1, x2)


@primitive(None, None)
def greater_equal(x1: TensorLike, x2: TensorLike) -> Array:
    """Whether x1 >= x2, element by element."""
    return np.greater_equal(x1, x2)


@primitive(None, None)
def isclose(x1: TensorLike, x2: TensorLike, rtol: float = 1e-5, atol: float = 1e-8, equal_nan: bool = False) -> Array:
    """Whether |x1 - x2| <= atol + rtol * |x2|, element by element."""
    return np.asarray(np.isclose(x1, x2, rtol, atol, equal_nan))


@primitive(None, None)
def allclose(x1: TensorLike, x2: TensorLike, rtol: float = 1e-5, atol: float = 1e-8, equal_nan: bool = False) -> Array:
    """Whether all elements are close, as `isclose` says."""
    return np.asarray(np.allclose(x1, x2, rtol, atol, equal_nan))


@primitive(None, None)
def isin(x1: TensorLike, x2: TensorLike, assume_unique: bool = False, invert: bool = False) -> Array:
    """Whether each element of x1 occurs in x2.

    Example:
        >>> isin([1, 2, 3], [2, 5]).numpy()
        array([False,  True, False])
    """
    return np.isin(x1, x2, assume_unique=assume_unique, invert=invert)


@primitive(None)
def isfinite(x: TensorLike) -> Array:
    """Whether x is neither NaN nor infinite."""
    return np.isfinite(x)


@primitive(None)
def isinf(x: TensorLike) -> Array:
    """Whether x is infinite."""
    return np.isinf(x)


@primitive(None)
def isnan(x: TensorLike) -> Array:
    """Whether x is NaN."""
    return np.isnan(x)


@primitive(None)
def isposinf(x: TensorLike) -> Array:
    """Whether x is positive infinity."""
    return np.isposinf(strong(x))


@primitive(None)
def isneginf(x: TensorLike) -> Array:
    """Whether x is negative infinity."""
    return np.isneginf(strong(x))


@primitive(None)
def isreal(x: TensorLike) -> Array:
    """Whether x has no imaginary part."""
    return np.isreal(strong(x))


@primitive(None, None)
def logical_and(x1: TensorLike, x2: TensorLike) -> Array:
    """Whether both x1 and x2 are true, element by element."""
    return np.logical_and(x1, x2)


@primitive(None, None)
def logical_or(x1: TensorLike, x2: TensorLike) -> Array:
    """Whether x1 or x2 or both are true, element by element."""
    return np.logical_or(x1, x2)


@primitive(None, None)
def logical_xor(x1: TensorLike, x2: TensorLike) -> Array:
    """Whether exactly one of x1 and x2 is true, element by element."""
    return np.logical_xor(x1, x2)


@primitive(None)
def logical_not(x: TensorLike) -> Array:
    """Whether x is false."""
    return np.logical_not(x)


# Bits of integers and bools.


@primitive(None, None)
def bitwise_and(x: TensorLike, y: TensorLike) -> Array:
    """Bits set in both x and y."""
    return np.bitwise_and(*promote(x, y))


@primitive(None, None)
def bitwise_or(x: TensorLike, y: TensorLike) -> Array:
    """Bits set in x or y or both."""
    return np.bitwise_or(*promote(x, y))


@primitive(None, None)
def bitwise_xor(x: TensorLike, y: TensorLike) -> Array:
    """Bits set in exactly one of x and y."""
    return np.bitwise_xor(*promote(x, y))


@primitive(None, name="invert")
def bitwise_not(x: TensorLike) -> Array:
    """All bits of x inverted; on bools logical not."""
    return np.invert(strong(x))


bitwise_invert = bitwise_not


@primitive(None, None, name="left_shift")
def bitwise_left_shift(x: TensorLike, y: TensorLike) -> Array:
    """Bits of x moved left by y places, x << y."""
    return np.left_shift(*promote(x, y))


left_shift = bitwise_left_shift


@primitive(None, None, name="right_shift")
def bitwise_right_shift(x: TensorLike, y: TensorLike) -> Array:
    """Bits of x moved right by y places, x >> y."""
    return np.right_shift(*promote(x, y))


right_shift = bitwise_right_shift


@composite
def saturate_cast(x: TensorLike, dtype: str) -> Tensor:
    """x limited to the range of an integer dtype, then cast to it."""
    name = _state.standardize_dtype(dtype)
    info = np.iinfo(name) if np.dtype(name).kind in "iu" else np.finfo(name)
    values = strong(x) if not isinstance(x, Tensor) else x
    return clip(values, float(info.min), float(info.max)).astype(name)
