"""Operations along an axis: sums, means, extremes, statistics, running sums, counts."""

from collections.abc import Callable
from typing import Any

import numpy as np

from .. import _state
from .._typing import Array, Axis, TensorLike
from ..tensor import Tensor, as_array, as_values, composite, primitive
from .arrays import as_float, axes, common_dtype, promote, restore, strong
from .creation import cast, convert_to_tensor, shape
from .creation import dtype as dtype_of
from .elementwise import add, isnan, logical_not, multiply, sqrt, square
from .shapes import diff, moveaxis, where

_NARROW = {"bool": "int32", "int8": "int32", "int16": "int32", "uint8": "uint32", "uint16": "uint32"}


def _accumulated(x: Array) -> np.dtype[Any]:
    """Return the dtype of a sum of x: small integers are added as 32-bit ones."""
    return np.dtype(_NARROW.get(x.dtype.name, x.dtype))


@primitive(lambda g, y, x, axis=None, keepdims=False: restore(g, axis, keepdims))
def sum(x: TensorLike, axis: Axis = None, keepdims: bool = False) -> Array:
    """Sum along axes, of all elements by default."""
    a = strong(x)
    total = np.add.reduce(a, axes(axis), keepdims=keepdims)  # type: ignore[call-overload]  # bool, not Literal
    return total if total.dtype == a.dtype else np.asarray(total, _accumulated(a))


@primitive(lambda g, y, x, axis=None, keepdims=False: restore(g, axis, keepdims) * (np.size(y) / np.size(x)))
def mean(x: TensorLike, axis: Axis = None, keepdims: bool = False) -> Array:
    """Mean along axes, of all elements by default."""
    a = strong(x)
    if a.dtype.kind == "f" and a.dtype.itemsize > 2 and a.size:  # what np.mean does, in half the time
        total = np.add.reduce(a, axes(axis), keepdims=keepdims)  # type: ignore[call-overload]  # bool, not Literal
        return total / (a.size // total.size)
    result = np.mean(a, axes(axis), keepdims=keepdims)
    return result.astype(a.dtype if a.dtype.kind in "fc" else _state.floatx())


@primitive(
    lambda g, y, x, axis=None, keepdims=False: (
        restore(g, axis, keepdims) * (x - np.mean(x, axes(axis), keepdims=True)) * (2 * np.size(y) / np.size(x))
    )
)
def var(x: TensorLike, axis: Axis = None, keepdims: bool = False) -> Array:
    """Variance along axes: mean of the squared distance from the mean."""
    return np.var(as_float(x), axes(axis), keepdims=keepdims)


@primitive(
    lambda g, y, x, axis=None, keepdims=False: (
        restore(g / y, axis, keepdims) * (x - np.mean(x, axes(axis), keepdims=True)) * (np.size(y) / np.size(x))
    )
)
def std(x: TensorLike, axis: Axis = None, keepdims: bool = False) -> Array:
    """Standard deviation along axes: square root of the variance."""
    return np.std(as_float(x), axes(axis), keepdims=keepdims)


def _best(g: Any, y: Any, x: Any, axis: Any = None, keepdims: bool = False, initial: Any = None) -> Any:
    """Share the gradient of an extreme evenly among the elements that attain it."""
    ties = np.equal(x, restore(y, axis, keepdims)).astype(x.dtype)
    count = np.sum(ties, axes(axis), keepdims=True)
    return restore(g, axis, keepdims) * ties / np.maximum(count, 1)  # none attains it where `initial` does


@primitive(_best)
def max(x: TensorLike, axis: Axis = None, keepdims: bool = False, initial: float | None = None) -> Array:
    """Largest element along axes, at least `initial`."""
    return np.max(strong(x), axes(axis), keepdims=keepdims, **_start(initial))


@primitive(_best)
def min(x: TensorLike, axis: Axis = None, keepdims: bool = False, initial: float | None = None) -> Array:
    """Smallest element along axes, at most `initial`."""
    return np.min(strong(x), axes(axis), keepdims=keepdims, **_start(initial))


def _start(initial: float | None) -> dict[str, Any]:
    return {} if initial is None else {"initial": initial}


@primitive(_best)
def amax(x: TensorLike, axis: Axis = None, keepdims: bool = False) -> Array:
    """Largest element along axes."""
    return np.max(strong(x), axes(axis), keepdims=keepdims)


@primitive(_best)
def amin(x: TensorLike, axis: Axis = None, keepdims: bool = False) -> Array:
    """Smallest element along axes."""
    return np.min(strong(x), axes(axis), keepdims=keepdims)


@composite
def ptp(x: TensorLike, axis: Axis = None, keepdims: bool = False) -> Tensor:
    """Range along axes: the largest element minus the smallest."""
    return max(x, axis, keepdims) - min(x, axis, keepdims)


def _prod_rule(g: Any, y: Any, x: Any, axis: Any = None, keepdims: bool = False, dtype: Any = None) -> Any:
    """Multiply by the product of the other elements, also where some are zero."""
    zero = np.equal(x, 0)
    filled = np.where(zero, 1, x)
    count = np.sum(zero, axes(axis), keepdims=True)
    rest = np.prod(filled, axes(axis), keepdims=True) / filled
    return restore(g, axis, keepdims) * np.where(np.equal(count - zero * 1, 0), rest, 0)


@primitive(_prod_rule)
def prod(x: TensorLike, axis: Axis = None, keepdims: bool = False, dtype: str | None = None) -> Array:
    """Product along axes, of all elements by default."""
    a = strong(x)
    return np.prod(a, axes(axis), keepdims=keepdims, dtype=dtype or _accumulated(a))


@primitive(
    lambda g, y, x, axis=None, keepdims=False: restore(g, axis, keepdims) * np.exp(x - restore(y, axis, keepdims))
)
def logsumexp(x: TensorLike, axis: Axis = None, keepdims: bool = False) -> Array:
    """log(sum(exp(x))) along axes, without overflow."""
    a, where = as_float(x), axes(axis)
    top = np.max(a, where, keepdims=True)
    top = np.where(np.isfinite(top), top, np.zeros((), a.dtype))  # exp(x - max) cannot overflow
    with np.errstate(divide="ignore"):  # log(0) is the right answer where all elements are -inf
        total = np.log(np.sum(np.exp(a - top), where, keepdims=True)) + top
    return total if keepdims else np.squeeze(total, where)


@primitive(None)
def all(x: TensorLike, axis: Axis = None, keepdims: bool = False) -> Array:
    """Whether all elements along axes are true."""
    return np.all(x, axes(axis), keepdims=keepdims)


@primitive(None)
def any(x: TensorLike, axis: Axis = None, keepdims: bool = False) -> Array:
    """Whether any element along axes is true."""
    return np.any(x, axes(axis), keepdims=keepdims)


@primitive(None)
def argmax(x: TensorLike, axis: int | None = None, keepdims: bool = False) -> Array:
    """Position of the first largest element along an axis, in the flattened tensor by default."""
    return np.argmax(strong(x), axis, keepdims=keepdims).astype("int32")


@primitive(None)
def argmin(x: TensorLike, axis: int | None = None, keepdims: bool = False) -> Array:
    """Position of the first smallest element along an axis, in the flattened tensor by default."""
    return np.argmin(strong(x), axis, keepdims=keepdims).astype("int32")


@primitive(None)
def count_nonzero(x: TensorLike, axis: Axis = None) -> Array:
    """Number of elements along axes that are not zero."""
    return np.asarray(np.count_nonzero(strong(x), axes(axis)), "int32")


def _reverse_cumsum(g: Any, axis: int) -> Any:
    return np.flip(np.cumsum(np.flip(g, axis), axis), axis)


def _cumsum_rule(g: Any, y: Any, x: Any, axis: Any = None, dtype: Any = None) -> Any:
    return np.reshape(_reverse_cumsum(g, 0 if axis is None else axis), np.shape(x))


def _cumprod_rule(g: Any, y: Any, x: Any, axis: Any = None, dtype: Any = None) -> Any:
    return np.reshape(_reverse_cumsum(g * y, 0 if axis is None else axis), np.shape(x)) / x


@primitive(_cumsum_rule)
def cumsum(x: TensorLike, axis: int | None = None, dtype: str | None = None) -> Array:
    """Running sum along an axis, of the flattened tensor by default."""
    a = strong(x)
    return np.cumsum(a, axis, dtype=dtype or _bool_as_int(a))


@primitive(_cumprod_rule)  # for elements other than 0
def cumprod(x: TensorLike, axis: int | None = None, dtype: str | None = None) -> Array:
    """Running product along an axis, of the flattened tensor by default."""
    a = strong(x)
    return np.cumprod(a, axis, dtype=dtype or _bool_as_int(a))


def _bool_as_int(a: Array) -> Any:
    return "int32" if a.dtype == bool else a.dtype


@composite
def average(x: TensorLike, axis: Axis = None, weights: TensorLike | None = None) -> Tensor:
    """Mean along axes, weighted by `weights` (of x's shape, or of the length of the axis).

    Example:
        >>> print(average([1.0, 3.0], weights=[3, 1]))
        Tensor(1.5, shape=(), dtype=float32)
    """
    if weights is None:
        return mean(x, axis)
    w = convert_to_tensor(weights)
    sizes = shape(x)
    if w.shape != sizes:
        if not isinstance(axis, int) or w.ndim != 1 or w.shape[0] != sizes[axis]:
            raise ValueError(
                f"average needs weights of x's shape, or one weight for each element along one axis. "
                f"Received: x.shape={sizes}, weights.shape={w.shape}, axis={axis}"
            )
        w = w.reshape([-1 if i == axis % len(sizes) else 1 for i in range(len(sizes))])
    product = multiply(x, w)
    return sum(product, axis) / sum(w + product * 0, axis)


# Order statistics. Their gradient is not defined here.


def _quantile(function: Callable[..., Any]) -> Callable[..., Array]:
    def call(x: TensorLike, q: Any, axis: Any, method: str, keepdims: bool) -> Array:
        a = as_float(x)
        return np.asarray(function(a, np.asarray(q, a.dtype), axes(axis), method=method, keepdims=keepdims), a.dtype)

    return call


@primitive(None)
def median(x: TensorLike, axis: Axis = None, keepdims: bool = False) -> Array:
    """Median along axes."""
    return np.asarray(np.median(as_float(x), axes(axis), keepdims=keepdims))


@primitive(None, None)
def quantile(x: TensorLike, q: TensorLike, axis: Axis = None, method: str = "linear", keepdims: bool = False) -> Array:
    """Value below which a part q of the elements along axes lies, for each q from 0 to 1."""
    return _quantile(np.quantile)(x, q, axis, method, keepdims)


@primitive(None, None)
def percentile(
    x: TensorLike, q: TensorLike, axis: Axis = None, method: str = "linear", keepdims: bool = False
) -> Array:
    """Value below which q percent of the elements along axes lie, for each q from 0 to 100."""
    return _quantile(np.percentile)(x, q, axis, method, keepdims)


# The same without the NaNs: a NaN counts as nothing, and gets no gradient.


@composite
def nansum(x: TensorLike, axis: Axis = None, keepdims: bool = False) -> Tensor:
    """Sum along axes, NaN as 0."""
    return sum(_filled(x, 0), axis, keepdims)


@composite
def nanprod(x: TensorLike, axis: Axis = None, keepdims: bool = False) -> Tensor:
    """Product along axes, NaN as 1."""
    return prod(_filled(x, 1), axis, keepdims)


@composite
def nancumsum(x: TensorLike, axis: int | None = None, dtype: str | None = None) -> Tensor:
    """Running sum along an axis, NaN as 0."""
    return cumsum(_filled(x, 0), axis, dtype)


@composite
def nancumprod(x: TensorLike, axis: int | None = None, dtype: str | None = None) -> Tensor:
    """Running product along an axis, NaN as 1."""
    return cumprod(_filled(x, 1), axis, dtype)


@composite
def nanmean(x: TensorLike, axis: Axis = None, keepdims: bool = False) -> Tensor:
    """Mean along axes of the elements that are not NaN."""
    return nansum(x, axis, keepdims) / _present(x, axis, keepdims)


@composite
def nanvar(x: TensorLike, axis: Axis = None, keepdims: bool = False) -> Tensor:
    """Variance along axes of the elements that are not NaN."""
    distance = _filled(x - nanmean(x, axis, True), 0)
    return sum(square(distance), axis, keepdims) / _present(x, axis, keepdims)


@composite
def nanstd(x: TensorLike, axis: Axis = None, keepdims: bool = False) -> Tensor:
    """Standard deviation along axes of the elements that are not NaN."""
    return sqrt(nanvar(x, axis, keepdims))


@composite
def nanmax(x: TensorLike, axis: Axis = None, keepdims: bool = False) -> Tensor:
    """Largest element along axes that is not NaN."""
    return _all_nan(x, axis, keepdims, max(_filled(x, -np.inf), axis, keepdims))


@composite
def nanmin(x: TensorLike, axis: Axis = None, keepdims: bool = False) -> Tensor:
    """Smallest element along axes that is not NaN."""
    return _all_nan(x, axis, keepdims, min(_filled(x, np.inf), axis, keepdims))


@composite
def nanargmax(x: TensorLike, axis: int | None = None, keepdims: bool = False) -> Tensor:
    """Position of the largest element along an axis that is not NaN, -1 where all are."""
    return _all_nan(x, axis, keepdims, argmax(_filled(x, -np.inf), axis, keepdims), -1)


@composite
def nanargmin(x: TensorLike, axis: int | None = None, keepdims: bool = False) -> Tensor:
    """Position of the smallest element along an axis that is not NaN, -1 where all are."""
    return _all_nan(x, axis, keepdims, argmin(_filled(x, np.inf), axis, keepdims), -1)


@primitive(None)
def nanmedian(x: TensorLike, axis: Axis = None, keepdims: bool = False) -> Array:
    """Median along axes of the elements that are not NaN."""
    return np.asarray(np.nanmedian(as_float(x), axes(axis), keepdims=keepdims))


@primitive(None, None)
def nanquantile(
    x: TensorLike, q: TensorLike, axis: Axis = None, method: str = "linear", keepdims: bool = False
) -> Array:
    """Value below which a part q of the elements along axes lies that are not NaN."""
    return _quantile(np.nanquantile)(x, q, axis, method, keepdims)


@primitive(None, None)
def nanpercentile(
    x: TensorLike, q: TensorLike, axis: Axis = None, method: str = "linear", keepdims: bool = False
) -> Array:
    """Value below which q percent of the elements along axes lie that are not NaN."""
    return _quantile(np.nanpercentile)(x, q, axis, method, keepdims)


def _filled(x: TensorLike, value: float) -> Any:
    """Return x with a value in place of NaN; integers have none."""
    floating = dtype_of(x).startswith("float")
    return where(isnan(x), value, x) if floating else x


def _present(x: TensorLike, axis: Axis, keepdims: bool) -> Tensor:
    return sum(logical_not(isnan(x)), axis, keepdims)


def _all_nan(x: TensorLike, axis: Axis, keepdims: bool, value: Tensor, otherwise: float = np.nan) -> Tensor:
    """Return a value, but another where there is nothing but NaN."""
    if not dtype_of(x).startswith("float"):
        return value
    return where(all(isnan(x), axis, keepdims), otherwise, value)


# Counting and searching.


@primitive(None)
def bincount(x: TensorLike, weights: TensorLike | None = None, minlength: int = 0, sparse: bool = False) -> Array:
    """How often each of 0, 1, 2, ... occurs in x, or the sum of its weights; by row for a matrix.

    Example:
        >>> bincount([1, 2, 2, 4]).numpy()
        array([0, 1, 2, 0, 1], dtype=int32)
    """
    if sparse:
        raise ValueError("bincount gives dense arrays only. Received: sparse=True")
    a = strong(x)
    w = None if weights is None else as_values(weights)
    dtype = "int32" if w is None else common_dtype(a, w)
    if a.ndim == 2:
        length = int(np.max(a, initial=minlength - 1)) + 1
        rows = [np.bincount(a[i], None if w is None else w[i], length) for i in range(len(a))]
        return np.stack(rows).astype(dtype)
    return np.bincount(a, w, minlength).astype(dtype)


@primitive(None, None)
def digitize(x: TensorLike, bins: TensorLike) -> Array:
    """Index of the bin to which each element belongs, for ascending bin edges."""
    return np.digitize(strong(x), strong(bins)).astype("int32")


@primitive(None, None)
def searchsorted(sorted_sequence: TensorLike, values: TensorLike, side: str = "left") -> Array:
    """Where in an ascending sequence each value would be inserted.

    Raises:
        ValueError: if the sequence has more than one axis.
    """
    a = strong(sorted_sequence)
    if a.ndim != 1:
        raise ValueError(f"searchsorted needs a sequence with one axis. Received: sorted_sequence.shape={a.shape}")
    return np.searchsorted(a, values, side=side).astype("int32")  # type: ignore[call-overload]  # NumPy checks it


@composite
def histogram(x: TensorLike, bins: int = 10, range: tuple[float, float] | None = None) -> tuple[Tensor, Tensor]:
    """Counts and edges of equal bins over a range, that of the values by default."""
    counts, edges = np.histogram(as_values(x), bins, range)
    return Tensor(counts.astype("int32")), Tensor(edges)


@composite
def unique(
    x: TensorLike,
    sorted: bool = True,
    return_index: bool = False,
    return_inverse: bool = False,
    return_counts: bool = False,
    axis: int | None = None,
    size: int | None = None,
    fill_value: float | None = None,
) -> Any:
    """Different elements in ascending order, with their first index, inverse index and counts if asked.

    Args:
        x: Any tensor.
        sorted: Accepted for Keras's sake: they always are.
        return_index, return_inverse, return_counts: What to return beside the values, in this order.
        axis: Axis along which to compare slices; None flattens.
        size: How many to return, cut or filled up with `fill_value` (0 by default).
    """
    flags = {"return_index": return_index, "return_inverse": return_inverse, "return_counts": return_counts}
    found = np.unique(as_values(x), axis=axis, equal_nan=False, **flags)  # type: ignore[call-overload]  # bool, not Literal
    outputs = list(found) if isinstance(found, tuple) else [found]
    if size is not None:
        names = ["values", *(name for name, wanted in flags.items() if wanted)]
        fills = {"values": fill_value or 0, "return_index": 1, "return_counts": 0}
        for i, name in enumerate(names):
            if name in fills:
                where = (axis or 0) if name == "values" else 0
                part = np.take(outputs[i], np.arange(np.minimum(size, outputs[i].shape[where])), where)
                widths = [(0, size - n if k == where % part.ndim else 0) for k, n in enumerate(part.shape)]
                outputs[i] = np.pad(part, widths, constant_values=fills[name])
    tensors = (Tensor(outputs[0]), *(Tensor(i.astype("int32")) for i in outputs[1:]))
    return tensors[0] if len(tensors) == 1 else tensors


@composite
def nonzero(x: TensorLike) -> tuple[Tensor, ...]:
    """Indices of the elements that are not zero, a tensor for each axis."""
    return tuple(Tensor(i.astype("int32")) for i in np.nonzero(as_array(x)))


@primitive(None, None)
def correlate(x1: TensorLike, x2: TensorLike, mode: str = "valid") -> Array:
    """Cross-correlation of two vectors; `mode` is "valid", "same" or "full"."""
    return np.correlate(*promote(x1, x2, floating=True), mode)  # type: ignore[call-overload]  # NumPy checks the mode


@primitive(None)
def corrcoef(x: TensorLike) -> Array:
    """Pearson correlation of the rows of a matrix with each other."""
    a = as_float(x)
    return np.corrcoef(a).astype(a.dtype)


@composite
def trapezoid(y: TensorLike, x: TensorLike | None = None, dx: TensorLike = 1.0, axis: int = -1) -> Tensor:
    """Integral of y along an axis by the trapezoidal rule, over the points x or steps of dx."""
    values = moveaxis(y if dtype_of(y).startswith("float") else cast(y, _state.floatx()), axis, -1)
    steps: Any = dx
    if x is not None:
        points = convert_to_tensor(x)
        steps = diff(points if points.ndim == 1 else moveaxis(points, axis, -1))
    return sum(multiply(add(values[..., 1:], values[..., :-1]), steps), -1) / 2
