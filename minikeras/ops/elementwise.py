"""Operations on one element at a time: arithmetic, comparison, logic, bits, elementary functions.

`unary` and `binary` make most of them from a function of arrays, a gradient rule for each argument, and the
documentation. The tape sums each rule's result over broadcast axes and casts it to the input's dtype.
"""

import math
from collections.abc import Callable
from types import FunctionType
from typing import Any, Protocol, overload

import numpy as np

from .._base.typing import Array, TensorLike
from .._core.keras_tensor import KerasTensor
from .._core.op import VJP, primitive
from .._core.tensor import Tensor
from .arrays import as_float, bare, common_dtype, named, promote, strong


class Unary(Protocol):
    """An op of one tensor, element by element."""

    def __hash__(self) -> int: ...
    @overload
    def __call__(self, x: KerasTensor) -> KerasTensor: ...
    @overload
    def __call__(self, x: TensorLike) -> Tensor: ...


class Binary(Protocol):
    """An op of two tensors, element by element and with broadcasting."""

    @overload
    def __call__(self, x1: KerasTensor, x2: TensorLike) -> KerasTensor: ...
    @overload
    def __call__(self, x1: TensorLike, x2: KerasTensor) -> KerasTensor: ...
    @overload
    def __call__(self, x1: TensorLike, x2: TensorLike) -> Tensor: ...


class Bitwise(Protocol):
    """An op on the bits of two tensors."""

    @overload
    def __call__(self, x: KerasTensor, y: TensorLike) -> KerasTensor: ...
    @overload
    def __call__(self, x: TensorLike, y: KerasTensor) -> KerasTensor: ...
    @overload
    def __call__(self, x: TensorLike, y: TensorLike) -> Tensor: ...


def _declare(forward: Callable[..., Array], function: Any, name: str, doc: str, *vjps: VJP | None,
             optional: bool = False) -> Any:  # fmt: skip
    run = named(forward, name or function.__name__, doc)
    run.__module__ = next((f.__module__ for f in (*vjps, function) if isinstance(f, FunctionType)), __name__)
    numpy_name = name if isinstance(function, FunctionType) else function.__name__
    ufunc = function if isinstance(function, np.ufunc) else None  # the other functions take no `out`
    inplace = "out" in run.__code__.co_varnames
    return primitive(*vjps, optional=optional, inplace=inplace, name=numpy_name, ufunc=ufunc)(run)


def met(rule: VJP) -> VJP:
    """Let a rule compute on arrays in their common dtype, as it does on tensors."""
    return lambda g, y, a, b: rule(g, y, *(promote(a, b) if isinstance(y, np.ndarray) else (a, b)))


def unary(function: Any, vjp: VJP | None, doc: str, prepare: Any = as_float, *, writes: bool = False,
          name: str = "") -> Unary:  # fmt: skip
    """Declare an op of one tensor, of which `prepare` makes an array; `writes` says that `function` takes an `out`."""

    def forward(x: TensorLike) -> Array:
        return function(prepare(x))

    def writing(x: TensorLike, out: Array | None = None) -> Array:
        return function(prepare(x), out=out)

    return _declare(writing if writes else forward, function, name, doc, vjp)


def binary(function: Any, vjp1: VJP | None, vjp2: VJP | None, doc: str, *, floating: bool = False,
           integral: bool = False, writes: bool = False, name: str = "") -> Binary:  # fmt: skip
    """Declare an op of two tensors, cast to their common dtype as `promote` does it."""

    def forward(x1: TensorLike, x2: TensorLike) -> Array:
        return function(*promote(x1, x2, floating=floating, integral=integral))

    def writing(x1: TensorLike, x2: TensorLike, out: Array | None = None) -> Array:
        return function(*promote(x1, x2, floating=floating), out=out)

    return _declare(writing if writes else forward, function, name, doc, vjp1, vjp2)


def comparison(function: Any, doc: str, optional: bool = False) -> Binary:
    """Declare a comparison of two tensors, which returns bools; `optional` says that they may be None."""

    def forward(x1: TensorLike, x2: TensorLike) -> Array:
        return function(x1, x2)

    return _declare(forward, function, "", doc, None, None, optional=optional)


def bitwise(function: Any, doc: str, name: str = "") -> Bitwise:
    """Declare an op on the bits of two tensors of integers or bools."""

    def forward(x: TensorLike, y: TensorLike) -> Array:
        return function(*promote(x, y))

    return _declare(forward, function, name, doc, None, None)


@primitive(None, lambda g, y, c, a, b: where_of(c, g, 0), lambda g, y, c, a, b: where_of(c, 0, g))
def _where(condition: TensorLike, x1: TensorLike, x2: TensorLike) -> Array:
    c, (a, b) = np.asarray(condition), promote(x1, x2)
    dtype = np.result_type(a, b)
    if c.size < 4096 or c.dtype.kind != "b" or dtype.char not in "fd":
        return np.where(c, a, b)
    a, b = (np.asarray(x, dtype).view(f"i{dtype.itemsize}") for x in (a, b))  # np.where takes up to ten times as long,
    return ((a ^ b) * c ^ b).view(dtype)  # since a processor cannot guess what random conditions will be


def _magnitude_rule(g: Any, y: Any, x: Any) -> Any:
    """The slope is x / |x|; at 0 it is 1 for real numbers and 0 for complex ones, as in JAX."""
    return where_of(x >= 0, g, -g) if x.dtype == y.dtype else g * np.conjugate(x) / np.where(y == 0, 1, y)


add: Binary = binary(np.add, lambda g, y, a, b: g, lambda g, y, a, b: g, "Sum x1 + x2.", writes=True)
subtract: Binary = binary(np.subtract, lambda g, y, a, b: g, lambda g, y, a, b: -g, "Difference x1 - x2.", writes=True)
multiply: Binary = binary(np.multiply, lambda g, y, a, b: g * b, lambda g, y, a, b: g * a, "Product x1 * x2.",
                          writes=True)  # fmt: skip
divide: Binary = binary(np.divide, lambda g, y, a, b: g / b, lambda g, y, a, b: -g * y / b, "Quotient x1 / x2.",
                        floating=True, writes=True)  # fmt: skip
true_divide: Binary = divide
floor_divide: Binary = binary(np.floor_divide, None, None, "Quotient rounded down, x1 // x2.", integral=True)
negative: Unary = unary(np.negative, lambda g, y, x: -g, "Negation -x.", strong, writes=True)
positive: Unary = unary(np.positive, lambda g, y, x: g, "x itself, as +x.", strong)
absolute: Unary = unary(np.absolute, _magnitude_rule, "Absolute value |x|.", strong, writes=True)
abs: Unary = absolute
fabs: Unary = unary(np.fabs, _magnitude_rule, "Absolute value |x| as floats.")
sign: Unary = unary(np.sign, None, "Sign of x: -1, 0 or 1.", strong)
signbit: Unary = unary(np.signbit, None, "Whether x has its sign bit set, as -0.0 has.", strong)
sqrt: Unary = unary(np.sqrt, lambda g, y, x: 0.5 * g / y, "Square root of x.", writes=True)
cbrt: Unary = unary(np.cbrt, lambda g, y, x: g / (3 * y * y), "Cube root of x.")
reciprocal: Unary = unary(np.reciprocal, lambda g, y, x: -g * y * y, "1 / x.", writes=True)
rsqrt: Unary = unary(lambda x: 1 / np.sqrt(x), lambda g, y, x: -0.5 * g * y * y * y,  # d x^(-1/2) = -1/2 x^(-3/2)
                     "Reciprocal of the square root, 1 / sqrt(x).", name="rsqrt")  # fmt: skip
hypot: Binary = binary(np.hypot, met(lambda g, y, a, b: g * np.where(y == 0, 0.5, a / (y + (y == 0)))),  # as JAX's
                       met(lambda g, y, a, b: g * np.where(y == 0, 0.5, b / (y + (y == 0)))),
                       "sqrt(x1 ** 2 + x2 ** 2).", floating=True)  # fmt: skip


@primitive(lambda g, y, x: 2 * g * x, inplace=True)
def square(x: TensorLike, out: Array | None = None) -> Array:
    """Square x * x."""
    a = strong(x)
    return np.square(a.astype("int32") if a.dtype == bool else a, out=out)


@primitive(lambda g, y, a, b: np.where(b == 0, 0, g / (b + (b == 0))), lambda g, y, a, b: -g * y / (b + (b == 0)))
def divide_no_nan(x1: TensorLike, x2: TensorLike) -> Array:
    """Quotient x1 / x2, and 0 where x2 is 0."""
    a, b = (np.asarray(x, dtype) for dtype in [common_dtype(x1, x2, 0.0)] for x in (x1, x2))
    if not a.ndim and not b.ndim:
        return np.divide(a, b) if b else np.zeros((), b.dtype)
    return np.where(b == 0, np.zeros((), b.dtype), np.divide(a, np.where(b == 0, np.ones((), b.dtype), b)))


@primitive(met(lambda g, y, a, b: g * b * power_of(a, b - (b != 0))),  # 0 ** -1 * 0 is NaN
           met(lambda g, y, a, b: g * y * _log_or_zero(a)), inplace=True)  # fmt: skip  # d a^b = a^b log a
def power(x1: TensorLike, x2: TensorLike, out: Array | None = None) -> Array:
    """Power x1 ** x2, with broadcasting."""
    a, b = promote(x1, x2, integral=True)
    if type(b) not in (int, float) or not 2 <= b <= 16 or b % 1:
        return np.power(a, b, out=out)
    y = np.square(power_of(a, b // 2) if b > 3 else a, out=None if b % 2 else out)  # np.power is slow if a < 0
    return np.multiply(y, a, out=out) if b % 2 else y


power_of: Any = bare(power)
where_of: Any = bare(_where)
mod: Binary = binary(np.mod, lambda g, y, a, b: g, met(lambda g, y, a, b: -g * np.floor_divide(a, b)),
                     "Remainder of x1 / x2 with the sign of x2, as Python's %.", integral=True, name="mod")  # fmt: skip
fmod: Binary = binary(np.fmod, lambda g, y, a, b: g, met(lambda g, y, a, b: -g * np.trunc(a / b)),
                      "Remainder of x1 / x2 with the sign of x1, as C's %.", integral=True)  # fmt: skip
gcd: Binary = binary(np.gcd, None, None, "Greatest common divisor of integers.")
lcm: Binary = binary(np.lcm, None, None, "Least common multiple of integers.")


def _log_or_zero(x1: Any) -> Any:
    """Return log(x1), and 0 where it is not defined; a Python number stays one, and gives way to an array's dtype."""
    if isinstance(x1, int | float):
        return math.log(x1) if x1 > 0 else 0.0
    return np.log(np.where(x1 > 0, x1, 1))


def _first(g: Any, y: Any, x1: Any, x2: Any) -> Any:
    """Return the gradient of the first argument of maximum: all of g where it is larger, half where both are equal."""
    return 0.5 * (g * np.greater(x1, x2) + g * np.greater_equal(x1, x2))


def _second(g: Any, y: Any, x1: Any, x2: Any) -> Any:
    return _first(g, y, x2, x1)


def _present(g: Any, y: Any, x1: Any, x2: Any) -> Any:
    """Return the gradient of the first argument of fmax or fmin: g where it wins or the other is NaN; 0 for a tie."""
    return np.where(np.isnan(x2), g, g * np.equal(x1, y) * np.not_equal(x2, y))


maximum: Binary = binary(np.maximum, _first, _second, "Larger of x1 and x2; NaN where either is.", writes=True)
minimum: Binary = binary(np.minimum, _second, _first, "Smaller of x1 and x2; NaN where either is.", writes=True)
fmax: Binary = binary(np.fmax, _present, lambda g, y, a, b: np.where(np.isnan(a), g, g * np.equal(b, y)),
                      "Larger of x1 and x2; the other one where one is NaN.")  # fmt: skip
fmin: Binary = binary(np.fmin, _present, lambda g, y, a, b: np.where(np.isnan(a), g, g * np.equal(b, y)),
                      "Smaller of x1 and x2; the other one where one is NaN.")  # fmt: skip
heaviside: Binary = binary(np.heaviside, None, lambda g, y, a, b: g * (a == 0),
                           "0 where x1 < 0, 1 where x1 > 0, x2 between.", floating=True)  # fmt: skip
nextafter: Binary = binary(np.nextafter, None, None, "The next float after x1 towards x2.", floating=True)
ceil: Unary = unary(np.ceil, None, "x rounded up, as floats.")
floor: Unary = unary(np.floor, None, "x rounded down, as floats.")
trunc: Unary = unary(  # NumPy 2.0 makes floats of integers
    lambda x: x.copy() if x.dtype.kind in "biu" else np.trunc(x), None, "x rounded towards zero, in its dtype.", strong,
    name="trunc")  # fmt: skip


@primitive(None)
def round(x: TensorLike, decimals: int = 0) -> Array:
    """x rounded to decimals, halves to the even neighbour."""
    return np.round(strong(x), decimals)


def _clip_rule(index: int) -> VJP:
    """Return the rule for one argument of clip, which is min(max(x, x_min), x_max)."""

    def rule(g: Any, y: Any, x: Any, x_min: Any, x_max: Any) -> Any:
        above = x if x_min is None else np.maximum(x, x_min)
        if index == 2:
            return _first(g, y, above, x_max)
        g = g if x_max is None else _second(g, y, above, x_max)
        return g if x_min is None else (_first, _second)[index](g, above, x, x_min)

    return rule


@primitive(_clip_rule(0), _clip_rule(1), _clip_rule(2), optional=True)
def clip(x: TensorLike, x_min: TensorLike, x_max: TensorLike) -> Array:
    """x limited to the range from x_min to x_max, in the dtype of x; None leaves a side open."""
    a = strong(x)
    return np.clip(a, x_min, x_max).astype("int32" if a.dtype == bool else a.dtype, copy=False)


@primitive(lambda g, y, x, *_, **__: g * np.isfinite(x))
def nan_to_num(x: TensorLike, nan: float = 0.0, posinf: float | None = None, neginf: float | None = None) -> Array:
    """x with NaN replaced by `nan` and the infinities by large finite numbers or those given."""
    return np.nan_to_num(strong(x), nan=nan, posinf=posinf, neginf=neginf)


exp: Unary = unary(np.exp, lambda g, y, x: g * y, "Exponential e ** x.", writes=True)
exp2: Unary = unary(np.exp2, lambda g, y, x: g * y * math.log(2), "Power of two, 2 ** x.")
expm1: Unary = unary(np.expm1, lambda g, y, x: g * np.exp(x), "e ** x - 1, exact for small x.")
log: Unary = unary(np.log, lambda g, y, x: g / x, "Natural logarithm of x.", writes=True)
log2: Unary = unary(np.log2, lambda g, y, x: g / (x * math.log(2)), "Logarithm of x to the base 2.")
log10: Unary = unary(np.log10, lambda g, y, x: g / x / math.log(10), "Logarithm of x to the base 10.")
log1p: Unary = unary(np.log1p, lambda g, y, x: g / (1 + x), "log(1 + x), exact for small x.")
logaddexp2: Binary = binary(np.logaddexp2, met(lambda g, y, a, b: g * (e := np.exp2(a - y)) / (e + np.exp2(b - y))),
                            met(lambda g, y, a, b: g * (e := np.exp2(b - y)) / (e + np.exp2(a - y))),
                            "log2(2 ** x1 + 2 ** x2) without overflow.", floating=True)  # fmt: skip


@np.errstate(invalid="ignore", under="ignore")  # in the difference of infinities, and in exp
def logaddexp_of(x1: TensorLike, x2: TensorLike, out: Array | None = None) -> Array:
    """Return log(exp(x1) + exp(x2)), for which NumPy goes from number to number."""
    return np.add(np.maximum(x1, x2), np.log1p(np.fmin(np.exp(-np.abs(np.subtract(x1, x2))), 1)), out=out)


logaddexp: Binary = binary(logaddexp_of, met(lambda g, y, a, b: g * (e := np.exp(a - y)) / (e + np.exp(b - y))),
                           met(lambda g, y, a, b: g * (e := np.exp(b - y)) / (e + np.exp(a - y))),
                           "log(exp(x1) + exp(x2)) without overflow.", floating=True, name="logaddexp")  # fmt: skip


@primitive(lambda g, y, a, b: np.ldexp(g, b), None)
def ldexp(x1: TensorLike, x2: TensorLike) -> Array:
    """x1 * 2 ** x2, for integers x2."""
    if strong(x2).dtype.kind not in "bui":
        raise TypeError(f"ldexp exponent must be an integer type. Received: x2 dtype={strong(x2).dtype}")
    return np.ldexp(as_float(x1), x2)


def _i1(x: Any) -> Any:
    """Modified Bessel function of order 1: the mean of sinh(x cos t) cos t (Abramowitz and Stegun, 9.6.19)."""
    c = np.cos(np.pi * (np.arange(128) + 0.5) / 128).astype(x.dtype)
    return np.reshape(np.sum(np.sinh(np.reshape(x, (-1, 1)) * c) * (c / 128), -1), np.shape(x))


sin: Unary = unary(np.sin, lambda g, y, x: g * np.cos(x), "Sine of x in radians.")
cos: Unary = unary(np.cos, lambda g, y, x: -g * np.sin(x), "Cosine of x in radians.")
tan: Unary = unary(np.tan, lambda g, y, x: g * (1 + y * y), "Tangent of x in radians.")
arcsin: Unary = unary(np.arcsin, lambda g, y, x: g / np.sqrt((1 - x) * (1 + x)), "Angle whose sine is x.")
arccos: Unary = unary(np.arccos, lambda g, y, x: -g / np.sqrt((1 - x) * (1 + x)), "Angle whose cosine is x.")
arctan: Unary = unary(np.arctan, lambda g, y, x: g / (1 + x * x), "Angle whose tangent is x.")
arctan2: Binary = binary(np.arctan2, met(lambda g, y, a, b: g * b / (a * a + b * b)),
                         met(lambda g, y, a, b: -g * a / (a * a + b * b)),
                         "Angle of the point (x2, x1), from -pi to pi.", floating=True)  # fmt: skip
sinc: Unary = unary(np.sinc, lambda g, y, x: g * np.where(  # near 0 the quotient loses digits: a series in its place
    np.abs(x) < 0.05, -(math.pi**2) / 3 * x * (1 - (u := (math.pi * x) ** 2) / 10 * (1 - u / 28 * (1 - u / 54))),
    (np.cos(np.pi * x) - y) / np.where(x == 0, 1, x)), "sin(pi x) / (pi x), 1 at 0.")  # fmt: skip
i0: Unary = unary(lambda x: np.i0(x).astype(x.dtype), lambda g, y, x: g * _i1(x),
                  "Modified Bessel function of order 0.", name="i0")  # fmt: skip
sinh: Unary = unary(np.sinh, lambda g, y, x: g * np.cosh(x), "Hyperbolic sine of x.")
cosh: Unary = unary(np.cosh, lambda g, y, x: g * np.sinh(x), "Hyperbolic cosine of x.")
tanh: Unary = unary(np.tanh, lambda g, y, x: g * (1 - y * y), "Hyperbolic tangent of x.", writes=True)
arcsinh: Unary = unary(np.arcsinh, lambda g, y, x: g / np.cosh(y), "Inverse of sinh.")
arccosh: Unary = unary(np.arccosh, lambda g, y, x: g / (np.sqrt(x - 1) * np.sqrt(x + 1)), "Inverse of cosh, x >= 1.")
arctanh: Unary = unary(np.arctanh, lambda g, y, x: g / ((1 - x) * (1 + x)), "Inverse of tanh, |x| < 1.")
deg2rad: Unary = unary(np.deg2rad, lambda g, y, x: g * (math.pi / 180), "Degrees to radians.")
rad2deg: Unary = unary(np.rad2deg, lambda g, y, x: g * (180 / math.pi), "Radians to degrees.")


# Polynomials, highest power first, with as many terms as each dtype has digits for. The first two make a quotient, the
# best one for |x| up to 4. The others are Chebyshev series after Schonfelder, "Chebyshev expansions for the error and
# related functions", Math. Comp. 32 (1978).
_LOGIT = (1.785585172e-5, 3.231489437e-3, 5.233199308e-2, 0.3147174316, 1.128379143)  # arctanh(erf(x)) / x, times ...
_DIVISOR = (7.322273856e-4, 2.946009536e-2, 0.1878302276, 1.0)  # ... this, both functions of x * x
_SMALL = (  # erf(x) / x, a function of x * x, for |x| up to 1
    -7.798543850549947e-10, 1.3721520406351094e-8, -1.6208829856810202e-7, 1.6447471190594618e-6,
    -1.4924740785377576e-5, 1.2055295112667001e-4, -8.548325982543225e-4, 5.223977607269946e-3,
    -2.6866170643256995e-2, 0.1128379167094513, -0.37612638903183543, 1.1283791670955126)  # fmt: skip
_INNER = (2.81022636e-8, 3.43273939e-7, -3.5233877e-6, -4.39150654e-6, 2.1858087e-4, -1.25372503e-3,
          -4.17768164e-3, 0.246640727, 1.50140941)  # fmt: skip  # erfinv(x) / x, of -log(1 - x * x) - 2.5 up to 2.5 ...
_OUTER = (-2.00214257e-4, 1.00950558e-4, 1.34934322e-3, -3.67342844e-3, 5.73950773e-3, -7.6224613e-3,
          9.43887047e-3, 1.00167406, 2.83297682)  # fmt: skip  # ... and beyond, of sqrt(-log(1 - x * x)) - 3
_TAIL = {  # exp(x * x) * (1 + 2 * x) * erfc(x), a function of (x - 3.75) / (x + 3.75), for x from 0
    "f": (-2.241167467e-4, 3.96307613e-4, 1.675912218e-3, -9.84449486e-3, 2.840925236e-2, -5.864685874e-2,
          9.229076959e-2, -0.1088142701, 8.227841998e-2, 3.586270394e-3, -0.1402407139, 1.237512619),
    "d": (4.2514714447963895e-10, 3.1114333809799254e-10, -5.1739902140113095e-9, -3.744210080962018e-9,
          3.8675334242222354e-8, 2.3263508708859124e-8, -2.5866850716155884e-7, -5.7218230603224086e-8,
          1.751637648849062e-6, -9.73559896736775e-7, -1.1444146237700524e-5, 2.238423915508223e-5,
          5.164909889268241e-5, -2.901540805408417e-4, 2.937136655913448e-4, 1.7556258528952954e-3,
          -9.746579558029276e-3, 2.8362277418956406e-2, -5.869339858963677e-2, 9.230432116037748e-2,
          -0.10880393014174886, 8.22767384901452e-2, 3.5854154854644293e-3, -0.14024059858554697,
          1.2375126308378275)}  # fmt: skip
_PIECE = 1 << 16  # numbers at a time, so that intermediate arrays fit the cache


def _polynomial(powers: tuple[float, ...], x: Array) -> Array:
    first, second, *rest = powers
    y = x * first + second
    for term in rest:  # in place, unlike np.polyval
        y *= x
        y += term
    return y


def _logit(x: Array) -> Array:
    """Return arctanh(erf(x)) in float32; for |x| over 4 something as large."""
    square = np.clip(x, -4, 4) ** 2
    return _polynomial(_LOGIT, square) / _polynomial(_DIVISOR, square) * x


def normal_density(x: Any) -> Any:
    """The density of a standard normal variable at x."""
    return np.exp(-0.5 * x * x) / math.sqrt(2 * math.pi)


def _in_pieces(function: Callable[[Array], Array]) -> Callable[[Array], Array]:
    """Make a function compute in float32 or float64, and in pieces that fit the cache."""

    def run(x: Array) -> Array:
        out = np.array(x, "f" if x.dtype.itemsize < 8 else "d", order="C")
        with np.errstate(all="ignore"):  # results at the ends are exact: 0, 1 or infinite
            for y in np.split(out.reshape(-1), range(_PIECE, out.size, _PIECE)):
                y[...] = function(y)
        return out.astype(x.dtype, copy=False)

    return run


def _tail(x: Array) -> Array:
    """Return erfc(|x|)."""
    a = np.clip(np.abs(x), 0, 30)  # erfc(30) is 0 in float64
    head = np.floor(16 * a) / 16  # its square is exact, which keeps the digits of exp(-a * a)
    scaled = _polynomial(_TAIL[x.dtype.char], (a - 3.75) / (a + 3.75)) / (1 + 2 * a)
    return scaled * np.exp(-head * head) * np.exp((head - a) * (head + a))


def _erfc(x: Array) -> Array:
    return np.abs(x.dtype.type(2) * (x < 0) - _tail(x))


def _erf(x: Array) -> Array:
    if x.dtype.char == "f":
        return np.tanh(_logit(x))
    near = np.clip(x, -1, 1)
    return np.where(np.abs(x) < 1, near * _polynomial(_SMALL, near * near), np.copysign(1 - _tail(x), x))


def _cdf(x: Array) -> Array:
    a = x * -math.sqrt(0.5)
    return 1 / (1 + np.exp(2 * _logit(a))) if x.dtype.char == "f" else 0.5 * _erfc(a)


erf: Unary = unary(_in_pieces(_erf), lambda g, y, x: g * (2 / math.sqrt(math.pi)) * np.exp(-x * x),
                   "Error function: 2 / sqrt(pi) times the integral of exp(-t * t) from 0 to x, element by element.",
                   name="erf")  # fmt: skip
erfc: Unary = unary(
    _in_pieces(_erfc), lambda g, y, x: g * (-2 / math.sqrt(math.pi)) * np.exp(-x * x),
    "Complement of the error function, 1 - erf(x), with all digits where it is small.", name="erfc")  # fmt: skip
normal_cdf: Unary = unary(_in_pieces(_cdf), lambda g, y, x: g * normal_density(x),
                          "P(X <= x) for a standard normal X; float32 to 1e-7, and 6 digits from -5 on.",
                          name="_normal_cdf")  # fmt: skip


def _erfinv(x: Array) -> Array:
    """Giles 2010, "Approximating the erfinv function"; its seven digits are a first guess for Halley's method."""
    w = -np.log((1 - x) * (1 + x))
    far = np.minimum(np.sqrt(w) - 3, 1.1)  # beyond it the curve is all but straight
    y = np.where(w < 5, _polynomial(_INNER, w - 2.5), _polynomial(_OUTER, far) + (np.sqrt(w) - 3 - far)) * x
    for _ in range(3 if x.dtype.char == "d" else 0):
        error = np.where(np.abs(x) < 0.5, _erf(y) - x, np.sign(x) * ((1 - np.abs(x)) - _tail(y)))  # all digits
        step = error * (math.sqrt(math.pi) / 2) * np.exp(y * y)
        y = y - step / (1 + y * step)
    return np.where(np.abs(x) == 1, np.inf * x, y)


erfinv: Unary = unary(_in_pieces(_erfinv), lambda g, y, x: g * (math.sqrt(math.pi) / 2) * np.exp(y * y),
                      "Inverse of the error function: infinite at -1 and 1, NaN beyond.", name="erfinv")  # fmt: skip


# Complex numbers. The gradient at z = x + iy is dL/dx - i dL/dy, as in JAX: the chain rule then needs no conjugates.

real: Unary = unary(lambda x: np.real(x)[...], lambda g, y, x: g, "Real part of x.", strong, name="real")  # a view
imag: Unary = unary(np.imag, lambda g, y, x: np.multiply(g, -1j), "Imaginary part of x.", strong)
angle: Unary = unary(np.angle, lambda g, y, x: np.multiply(g, -1j) / x,  # d angle = Im(dz / z)
                     "Angle of a complex number in the plane, in radians.")  # fmt: skip
conjugate: Unary = unary(np.conjugate, lambda g, y, x: np.conjugate(g), "Complex conjugate of x.", strong)
conj: Unary = conjugate

equal: Binary = comparison(np.equal, "Whether x1 == x2, element by element.", optional=True)
not_equal: Binary = comparison(np.not_equal, "Whether x1 != x2, element by element.", optional=True)
less: Binary = comparison(np.less, "Whether x1 < x2, element by element.")
less_equal: Binary = comparison(np.less_equal, "Whether x1 <= x2, element by element.")
greater: Binary = comparison(np.greater, "Whether x1 > x2, element by element.")
greater_equal: Binary = comparison(np.greater_equal, "Whether x1 >= x2, element by element.")
logical_and: Binary = comparison(np.logical_and, "Whether both x1 and x2 are true, element by element.")
logical_or: Binary = comparison(np.logical_or, "Whether x1 or x2 or both are true, element by element.")
logical_xor: Binary = comparison(np.logical_xor, "Whether exactly one of x1 and x2 is true, element by element.")
logical_not: Unary = unary(np.logical_not, None, "Whether x is false.", np.asarray)
isfinite: Unary = unary(np.isfinite, None, "Whether x is neither NaN nor infinite.", np.asarray)
isinf: Unary = unary(np.isinf, None, "Whether x is infinite.", np.asarray)
isnan: Unary = unary(np.isnan, None, "Whether x is NaN.", np.asarray)
isposinf: Unary = unary(np.isposinf, None, "Whether x is positive infinity.", np.asarray)
isneginf: Unary = unary(np.isneginf, None, "Whether x is negative infinity.", np.asarray)
isreal: Unary = unary(np.isreal, None, "Whether x has no imaginary part.", np.asarray)


@primitive(None, None, None, None)
def isclose(x1: TensorLike, x2: TensorLike, rtol: float = 1e-5, atol: float = 1e-8, equal_nan: bool = False) -> Array:
    """Whether |x1 - x2| <= atol + rtol * |x2|, element by element."""
    return np.asarray(np.isclose(x1, x2, rtol, atol, equal_nan))


@primitive(None, None)
def allclose(x1: TensorLike, x2: TensorLike, rtol: float = 1e-5, atol: float = 1e-8, equal_nan: bool = False) -> Array:
    """Whether all elements are close, as `isclose` says."""
    return np.asarray(np.allclose(x1, x2, rtol, atol, equal_nan))


@primitive(None, None)
def isin(x1: TensorLike, x2: TensorLike, assume_unique: bool = False, invert: bool = False) -> Array:
    """Whether each element of x1 occurs in x2."""
    return np.isin(x1, x2, assume_unique=assume_unique, invert=invert)


bitwise_and: Bitwise = bitwise(np.bitwise_and, "Bits set in both x and y.")
bitwise_or: Bitwise = bitwise(np.bitwise_or, "Bits set in x or y or both.")
bitwise_xor: Bitwise = bitwise(np.bitwise_xor, "Bits set in exactly one of x and y.")
bitwise_not: Unary = unary(np.invert, None, "All bits of x inverted; on bools logical not.", strong, name="bitwise_not")
bitwise_invert: Unary = bitwise_not
bitwise_left_shift: Bitwise = bitwise(np.left_shift, "Bits of x moved left by y places.", "bitwise_left_shift")
left_shift: Bitwise = bitwise_left_shift
bitwise_right_shift: Bitwise = bitwise(np.right_shift, "Bits of x moved right by y places.", "bitwise_right_shift")
right_shift: Bitwise = bitwise_right_shift
