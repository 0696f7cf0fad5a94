"""Ops that create and convert tensors, and tell their shape and dtype."""

import math
from collections.abc import Callable, Sequence
from operator import index
from typing import Any, Literal, overload

import numpy as np

from .._base.context import context
from .._base.settings import settings, standardize_dtype
from .._base.typing import Array, DTypeLike, TensorLike
from .._core.op import VJP, composite, primitive
from .._core.tensor import NUMPY_OPS, Tensor, TensorOps, as_array, as_values, coerce, has_tensor, in_dtype
from .arrays import common_dtype, named, strong
from .elementwise import Unary, unary


@primitive(lambda g, y, x, dtype: g)
def cast(x: TensorLike, dtype: DTypeLike) -> Array:
    """x in another dtype."""
    array = strong(x)
    if context.dry and array.dtype.kind in "OUS":  # trial values of text need not be numbers
        array = np.zeros(array.shape)
    return in_dtype(array, standardize_dtype(dtype), copy=True)


@composite
def saturate_cast(x: TensorLike, dtype: DTypeLike) -> Tensor:
    """x in another dtype; values beyond its range become its limits."""
    name = standardize_dtype(dtype)
    values = convert_to_tensor(x)
    own = np.dtype(values.dtype)
    if own.kind == "b":
        return cast(values, name)
    limits: Any = np.iinfo if "int" in name else np.finfo
    known: Any = np.iinfo(own) if own.kind in "iu" else np.finfo(own)
    low, high = 0, 1
    if name != "bool":
        low, high = max(limits(name).min, known.min, key=float), min(limits(name).max, known.max, key=float)
    rounds_up = own.kind == "f" and "int" in name and int(own.type(high)) > high
    top = np.nextafter(own.type(high), own.type(0)) if rounds_up else high  # the last float within the range
    result = cast(NUMPY_OPS["clip"](values, low, top), name)
    return NUMPY_OPS["where"](values > top, np.array(high, name), result) if rounds_up else result


@composite
def convert_to_tensor(x: TensorLike, dtype: DTypeLike | None = None, sparse: bool | None = None,
                      ragged: bool | None = None) -> Tensor:  # fmt: skip
    """A tensor of the values of x; Python numbers become float32 or int32, arrays keep their dtype.

    An array of float64 becomes float32, unless `dtype` or floatx is float64.

    Rows of several lengths, text, `sparse` and `ragged` raise a ValueError.

    Example:
        >>> print(convert_to_tensor([1, 2]))
        Tensor([1 2], shape=(2,), dtype=int32)
    """
    if sparse or ragged:
        raise ValueError(f"Tensors are dense here. Received: {sparse=}, {ragged=}. Convert the data to an array first.")
    if type(x) is Tensor and (dtype is None or dtype == x.dtype):
        return x
    if isinstance(x, TensorOps):
        name = x.dtype if dtype is None else standardize_dtype(dtype)
        return x if isinstance(x, Tensor) and x.dtype == name else cast(x, name)
    if has_tensor(x):
        rows = NUMPY_OPS["stack"]([convert_to_tensor(item, dtype) for item in x])
        return rows if isinstance(rows, Tensor) else Tensor(rows)
    array = as_values(x) if dtype is None else as_array(x, dtype)
    is_new = isinstance(x, list | tuple | np.ndarray) and array is not x and array.base is None
    return Tensor(array if is_new else array.copy())  # the caller may change x later


def floating(x: TensorLike) -> Tensor:
    """Return x as a tensor of floats, or of complex numbers if it has such."""
    tensor = convert_to_tensor(x)
    return tensor if tensor.dtype.startswith(("float", "complex")) else cast(tensor, settings.floatx)


def roomy(x: TensorLike) -> Tensor:
    """Return x as a tensor of float32 or float64, so that sums of many numbers neither overflow nor lose digits."""
    tensor = convert_to_tensor(x)
    return tensor if tensor.dtype in ("float32", "float64") else cast(tensor, "float32")


def array(x: TensorLike, dtype: DTypeLike | None = None) -> Tensor:
    """A tensor of the values of x, as `convert_to_tensor` makes it."""
    return convert_to_tensor(x, dtype)


def convert_to_numpy(x: TensorLike) -> Array:
    """A NumPy array of the values of x, which the caller may change."""
    return np.array(x if type(x) is np.ndarray else as_array(x))


copy: Unary = unary(lambda x: x.copy(), lambda g, y, x: g, "A copy of x.", strong, name="copy")


@primitive(None, view=True)
def stop_gradient(variable: TensorLike) -> Array:
    """The values of a tensor, through which no gradient flows."""
    return strong(variable)


def is_tensor(x: object) -> bool:
    """Return whether x is a tensor, a symbolic tensor among them, or an array."""
    return isinstance(x, Tensor | np.ndarray | np.generic)


def shape(x: TensorLike) -> tuple[Any, ...]:
    """Sizes of the axes of x, None for those a symbolic tensor does not know."""
    return tuple(x.shape if isinstance(x, TensorOps) else np.shape(x))


def ndim(x: TensorLike) -> int:
    """Number of axes of x."""
    return len(shape(x))


def size(x: TensorLike) -> Any:
    """Number of elements of x, a symbolic one if it depends on a size that is not known."""
    return _size(x) if None in shape(x) else math.prod(shape(x))


def dtype(x: TensorLike) -> str:
    """Name of the dtype of x."""
    return x.dtype if isinstance(x, TensorOps) else as_array(x).dtype.name


NUMPY_OPS.update({"shape": shape, "ndim": ndim, "size": size})
_size: Unary = unary(lambda x: np.asarray(x.size, "int32"), None, "`size` in a graph.", strong, name="_size")


def _sizes(shape: Any) -> Any:
    return tuple(map(index, shape)) if np.iterable(shape) else index(shape)


def zeros(shape: int | Sequence[int], dtype: DTypeLike | None = None) -> Tensor:
    """Zeros of a shape."""
    return Tensor(np.zeros(_sizes(shape), standardize_dtype(dtype)))


def ones(shape: int | Sequence[int], dtype: DTypeLike | None = None) -> Tensor:
    """Ones of a shape."""
    return Tensor(np.ones(_sizes(shape), standardize_dtype(dtype)))


def empty(shape: int | Sequence[int], dtype: DTypeLike | None = None) -> Tensor:
    """A tensor of a shape with arbitrary values."""
    return Tensor(np.empty(_sizes(shape), standardize_dtype(dtype)))


def full(shape: int | Sequence[int], fill_value: TensorLike, dtype: DTypeLike | None = None) -> Tensor:
    """A tensor of a shape, filled with one value (or one that broadcasts to it)."""
    return _filled(fill_value, _sizes(shape), standardize_dtype(dtype))


@primitive(lambda g, y, fill_value, shape, dtype: g)
def _filled(fill_value: TensorLike, shape: int | tuple[int, ...], dtype: str) -> Array:
    return np.full(shape, fill_value, dtype)


@primitive(None)
def zeros_like(x: TensorLike, dtype: DTypeLike | None = None) -> Array:
    """Zeros of x's shape, and dtype if none is given."""
    return np.zeros_like(strong(x), dtype and standardize_dtype(dtype))


@primitive(None)
def ones_like(x: TensorLike, dtype: DTypeLike | None = None) -> Array:
    """Ones of x's shape, and dtype if none is given."""
    return np.ones_like(strong(x), dtype and standardize_dtype(dtype))


@primitive(None)
def empty_like(x: TensorLike, dtype: DTypeLike | None = None) -> Array:
    """A tensor of x's shape, and dtype if none is given, with arbitrary values."""
    return np.empty_like(strong(x), dtype and standardize_dtype(dtype))


@primitive(None, lambda g, y, x, fill_value, dtype=None: g)
def full_like(x: TensorLike, fill_value: TensorLike, dtype: DTypeLike | None = None) -> Array:
    """A tensor of x's shape, and dtype if none is given, filled with one value."""
    return np.full_like(strong(x), fill_value, dtype and standardize_dtype(dtype))


def arange(start: Any, stop: Any = None, step: Any = None, dtype: DTypeLike | None = None) -> Tensor:
    """Numbers from `start` (0 if it is the only argument) up to but without `stop`.

    Example:
        >>> print(arange(3), arange(1, 2, 0.5))
        Tensor([0 1 2], shape=(3,), dtype=int32) Tensor([1.  1.5], shape=(2,), dtype=float32)
    """
    first, last = (0, start) if stop is None else (start, stop)
    limits: Any = [as_array(v) if isinstance(v, TensorOps) else coerce(v) for v in (first, last, step) if v is not None]
    return Tensor(np.arange(*limits).astype(common_dtype(*limits) if dtype is None else standardize_dtype(dtype)))


def _spaced(name: str, function: Any, outer: VJP, inner: VJP = lambda end: 1.0) -> Callable[..., Tensor]:
    """Declare an op of `num` numbers that are evenly spaced on some scale, such as `np.geomspace`.

    `outer` (gradient, numbers, dtype, base if any) returns the gradient on that scale; `inner` is the slope of an end.
    """

    def rule_of(end: int) -> VJP:
        def rule(g: Any, y: Any, start: Any, stop: Any, num: int, endpoint: bool, axis: int, *rest: Any) -> Any:
            part = np.linspace(0, 1, num, endpoint).astype(g.dtype)
            share = np.moveaxis(outer(g, y, *rest), axis, -1) * (part if end else 1 - part)
            return np.sum(share[None], -1)[0] * inner((start, stop)[end])  # sums of vectors round otherwise

        return rule

    def forward(start: TensorLike, stop: TensorLike, num: int, endpoint: bool, axis: int, dtype: DTypeLike | None,
                *base: float) -> Array:  # fmt: skip
        name = common_dtype(start, stop, 0.0) if dtype is None else standardize_dtype(dtype)
        # In a dry run the ends are zeros, which have no ratio: 1 is added. In float16 the sum may overflow.
        one = np.asarray(context.dry > 0, "float32" if name == "float16" else name)
        return function(strong(start) + one, strong(stop) + one, num, endpoint, *base, dtype=name, axis=axis)

    return primitive(rule_of(0), rule_of(1))(named(forward, name, ""))


_linspace = _spaced("_linspace", np.linspace, lambda g, y, dtype: g)
_powers = _spaced("_powers", np.logspace, lambda g, y, dtype, base: g * y * math.log(base))
_geometric = _spaced("_geometric", np.geomspace, lambda g, y, dtype: g * y, lambda end: 1.0 / end)


@overload
def linspace(start: TensorLike, stop: TensorLike, num: int = 50, endpoint: bool = True, retstep: Literal[False] = False,
             dtype: DTypeLike | None = None, axis: int = 0) -> Tensor: ...  # fmt: skip
@overload
def linspace(start: TensorLike, stop: TensorLike, num: int = 50, endpoint: bool = True, *, retstep: Literal[True],
             dtype: DTypeLike | None = None, axis: int = 0) -> tuple[Tensor, Tensor]: ...  # fmt: skip
def linspace(start: TensorLike, stop: TensorLike, num: int = 50, endpoint: bool = True, retstep: bool = False,
             dtype: DTypeLike | None = None, axis: int = 0) -> Any:  # fmt: skip
    """`num` evenly spaced numbers from `start` to `stop`; with `retstep` a pair, with their distance."""
    values = _linspace(start, stop, int(num), endpoint, axis, dtype)
    if not retstep:
        return values
    distance = convert_to_tensor(stop) - convert_to_tensor(start)
    return values, cast(distance / float(num - endpoint or "nan"), values.dtype)


def logspace(start: TensorLike, stop: TensorLike, num: int = 50, endpoint: bool = True, base: float = 10,
             dtype: DTypeLike | None = None, axis: int = 0) -> Tensor:  # fmt: skip
    """`num` powers of `base`, with evenly spaced exponents from `start` to `stop`."""
    return _powers(start, stop, num, endpoint, axis, dtype, base)


def geomspace(start: TensorLike, stop: TensorLike, num: int = 50, endpoint: bool = True, dtype: DTypeLike | None = None,
              axis: int = 0) -> Tensor:  # fmt: skip
    """`num` numbers from `start` to `stop`, each the one before times the same ratio."""
    return _geometric(start, stop, num, endpoint, axis, dtype)


def _window(function: Any, doc: str) -> Unary:
    return unary(lambda x: function(int(x)).astype(settings.floatx), None, doc, np.asarray, name=function.__name__)


bartlett: Unary = _window(np.bartlett, "Bartlett window of x points: a triangle.")
blackman: Unary = _window(np.blackman, "Blackman window of x points.")
hamming: Unary = _window(np.hamming, "Hamming window of x points.")
hanning: Unary = _window(np.hanning, "Hann window of x points: a raised cosine.")


@primitive(None)
def kaiser(x: TensorLike, beta: float) -> Array:
    """Kaiser window of x points; a larger beta makes it narrower."""
    return np.kaiser(int(np.asarray(x)), beta).astype(settings.floatx)


def eye(N: int, M: int | None = None, k: int = 0, dtype: DTypeLike | None = None) -> Tensor:
    """Matrix with ones on the kth diagonal: the identity by default."""
    return Tensor(np.eye(index(N), M if M is None else index(M), index(k), standardize_dtype(dtype)))


def identity(n: int, dtype: DTypeLike | None = None) -> Tensor:
    """Identity matrix of n rows."""
    return eye(n, dtype=dtype)


def tri(N: int, M: int | None = None, k: int = 0, dtype: DTypeLike | None = None) -> Tensor:
    """Matrix with ones at and below the kth diagonal, zeros above."""
    return Tensor(np.tri(N, M, k, np.dtype(standardize_dtype(dtype))))
