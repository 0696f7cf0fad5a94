"""Error functions, which NumPy does not have."""

import math

import numpy as np

from .._base.typing import Array, TensorLike
from .._core.op import primitive
from .arrays import as_float

# Rational approximations, highest power first, from W. J. Cody, "Rational Chebyshev approximations for the
# error function", Math. Comp. 23 (1969): relative errors below 6e-19 in exact arithmetic.
_SMALL = (  # erf(x) / x, a function of x * x, for x up to 0.46875
    (1.85777706184603153e-1, 3.16112374387056560, 1.13864154151050156e2, 3.77485237685302021e2,
     3.20937758913846947e3),
    (1, 2.36012909523441209e1, 2.44024637934444173e2, 1.28261652607737228e3, 2.84423683343917062e3),
)  # fmt: skip
_MIDDLE = (  # exp(x * x) * erfc(x) for x up to 4
    (2.15311535474403846e-8, 5.64188496988670089e-1, 8.88314979438837594, 6.61191906371416295e1,
     2.98635138197400131e2, 8.81952221241769090e2, 1.71204761263407058e3, 2.05107837782607147e3,
     1.23033935479799725e3),
    (1, 1.57449261107098347e1, 1.17693950891312499e2, 5.37181101862009858e2, 1.62138957456669019e3,
     3.29079923573345963e3, 4.36261909014324716e3, 3.43936767414372164e3, 1.23033935480374942e3),
)  # fmt: skip
_LARGE = (  # (1 / sqrt(pi) - x * exp(x * x) * erfc(x)) * x * x, a function of 1 / (x * x), for x from 4
    (1.63153871373020978e-2, 3.05326634961232344e-1, 3.60344899949804439e-1, 1.25781726111229246e-1,
     1.60837851487422766e-2, 6.58749161529837803e-4),
    (1, 2.56852019228982242, 1.87295284992346725, 5.27905102951428412e-1, 6.05183413124413191e-2,
     2.33520497626869185e-3),
)  # fmt: skip


def _ratio(polynomials: tuple[tuple[float, ...], tuple[float, ...]], x: Array) -> Array:
    return np.polyval(polynomials[0], x) / np.polyval(polynomials[1], x)


def _small(x: Array) -> Array:
    """Return erf(x) for |x| up to 0.46875."""
    return x * _ratio(_SMALL, np.minimum(x * x, 0.46875**2))


def _tail(x: Array) -> Array:
    """Return erfc(x) for x from 0.46875."""
    a = np.clip(x, 0.46875, 30)  # erfc(30) is 0 in float64
    far = np.maximum(a, 4)
    z = 1 / (far * far)
    scaled = np.where(a <= 4, _ratio(_MIDDLE, a), (1 / math.sqrt(math.pi) - z * _ratio(_LARGE, z)) / far)
    head = np.floor(16 * a) / 16  # its square is exact, which keeps the digits of exp(-a * a)
    return scaled * np.exp(-head * head) * np.exp(-(a - head) * (a + head))


def _erf(x: Array) -> Array:
    a = np.abs(x)
    return np.where(a <= 0.46875, _small(x), np.copysign(1 - _tail(a), x))


def _erfc(x: Array) -> Array:
    a = np.abs(x)
    tail = _tail(a)
    return np.where(a <= 0.46875, 1 - _small(x), np.where(x < 0, 2 - tail, tail))


@primitive(lambda g, y, x: g * (2 / math.sqrt(math.pi)) * np.exp(-x * x))
def erf(x: TensorLike) -> Array:
    """Error function: 2 / sqrt(pi) times the integral of exp(-t * t) from 0 to x, element by element."""
    a = as_float(x)
    with np.errstate(under="ignore", over="ignore"):  # far out the answer is exactly 1
        return _erf(a.astype("float64")).astype(a.dtype)


@primitive(lambda g, y, x: g * (-2 / math.sqrt(math.pi)) * np.exp(-x * x))
def erfc(x: TensorLike) -> Array:
    """Complement of the error function, 1 - erf(x), with all digits where it is small."""
    a = as_float(x)
    with np.errstate(under="ignore", over="ignore"):  # far out the answer is exactly 0
        return _erfc(a.astype("float64")).astype(a.dtype)


@primitive(lambda g, y, x: g * (math.sqrt(math.pi) / 2) * np.exp(y * y))
def erfinv(x: TensorLike) -> Array:
    """Inverse of the error function: infinite at -1 and 1, NaN beyond.

    Source: Winitzki 2008 for the first guess, within 2e-3 of the root; then Halley's method.
    """
    given = as_float(x)
    p = np.abs(given.astype("float64"))
    with np.errstate(all="ignore"):  # the ends are put right below
        log = np.log1p(-p * p)
        first = 2 / (math.pi * 0.147) + log / 2
        y = np.sqrt(np.sqrt(first * first - log / 0.147) - first)
        for _ in range(3):
            error = np.where(p < 0.5, _erf(y) - p, (1 - p) - _erfc(y))  # each keeps its digits where it is used
            step = error * (math.sqrt(math.pi) / 2) * np.exp(y * y)
            y = y - step / (1 + y * step)
        return np.copysign(np.where(p == 1, np.inf, y), given).astype(given.dtype)
