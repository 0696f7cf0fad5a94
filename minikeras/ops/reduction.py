"""Operations along an axis: sums, means, extremes, statistics, running sums, counts."""

import math
from typing import Any, Literal, Protocol, TypeAlias, TypeVar, cast, overload

import numpy as np
from numpy.lib.array_utils import normalize_axis_tuple

from .._base.checks import one_of
from .._base.nested import only
from .._base.settings import floatx, wide
from .._base.typing import Array, Axis, TensorLike
from .._core.keras_tensor import KerasTensor
from .._core.op import VJP, composite, primitive, structured
from .._core.tensor import Tensor, TensorOps, as_array, as_values, recorders
from . import arrays
from .arrays import NP, as_float, axes, bare, common_dtype, composed, conjugated, dry_size, named, ones, restore, strong
from .creation import convert_to_tensor, dtype as dtype_of, floating, linspace, ndim, shape, zeros_like
from .elementwise import isnan, logical_not, multiply, sqrt, square
from .shapes import add_along, diff, flip, moveaxis, pad, scatter_update, squeeze, take, where

A = TypeVar("A", contravariant=True)


class Along(Protocol[A]):
    """An op along `axis`, of type A, or over all elements by default."""

    @overload
    def __call__(self, x: KerasTensor, axis: A | None = None, keepdims: bool = False) -> KerasTensor: ...
    @overload
    def __call__(self, x: TensorLike, axis: A | None = None, keepdims: bool = False) -> Tensor: ...


Reduction: TypeAlias = Along[Axis]
Position: TypeAlias = Along[int]


def reduction(function: Any, vjp: VJP | None, doc: str, name: str = "") -> Reduction:
    """Declare a reduction from a function of arrays."""

    def forward(x: TensorLike, axis: Axis = None, keepdims: bool = False) -> Array:
        return function(strong(x), axes(axis), keepdims=keepdims)

    return cast(Reduction, primitive(vjp)(named(forward, name or function.__name__, doc)))


def _accumulated(x: Array) -> np.dtype[Any]:
    """Return the dtype of a sum of x: small integers are added as 32-bit ones."""
    narrow = {"bool": "int32", "int8": "int32", "int16": "int32", "uint8": "uint32", "uint16": "uint32"}
    return np.dtype(narrow.get(x.dtype.name, x.dtype))


def _is_short(x: Array, axis: Axis, keepdims: bool) -> bool:
    """Return whether a sum is over all elements of a small contiguous array of floats."""
    over_all = axis is None or (x.ndim == 1 and axis in (0, -1, (0,)))
    few = over_all and not keepdims and x.ndim > 0 and x.size <= 4096 and x.dtype in ("float32", "float64")
    return few and x.flags.c_contiguous


def _as_rows(x: Array, axis: Axis) -> tuple[int, int, int] | None:
    """Return the sizes (before, summed, behind) of a large array if its sum along axes is faster as a product."""
    if x.size < 2**12 or axis is None or x.dtype not in ("float32", "float64") or x.strides[-1] != x.itemsize:
        return None
    summed = sorted(normalize_axis_tuple(axes(axis), x.ndim))
    if not summed or summed != [*range(summed[0], summed[-1] + 1)]:
        return None
    before, count = math.prod(x.shape[: summed[0]]), math.prod(x.shape[summed[0] : summed[-1] + 1])
    behind = x.size // (before * count)
    faster = (behind == 1 and before > 1 and count <= 2**12) or (count >= 16 and 1 < behind <= 256)
    return (before, count, behind) if faster and (before == 1 or x.flags.c_contiguous) else None


def _sum_by_product(x: Any, rows: tuple[int, int, int]) -> Any:
    """Return the sums along the second axis of x, reshaped to `rows`, by a product with ones."""
    before, count, behind = rows
    factors = arrays.long_ones(count, str(x.dtype))
    if behind == 1:
        return np.dot(np.reshape(x, (before, count)), factors)
    return np.dot(factors, np.reshape(x, rows[1:])) if before == 1 else np.matmul(factors, np.reshape(x, rows))


def _total(x: Array, axis: Axis, keepdims: bool, out: Array | None = None) -> Any:
    """Return sums of floats, by a product with ones where that takes a fraction of the time."""
    if _is_short(x, axis, keepdims):
        total = np.dot(x.reshape(-1), ones(x.size, str(x.dtype)), out)
        return total if out is None else out
    rows = _as_rows(x, axis)
    if rows is None:
        summed = sorted(normalize_axis_tuple(axes(axis), x.ndim)) if axis is not None and x.size >= 2**12 else []
        first = [a for k, a in enumerate(summed) if a == summed[0] + k and x.shape[a] > 1]
        if first and first != summed and summed[-1] == x.ndim - 1 and x.shape[-1] <= 32:  # or NumPy loops over the last
            x = _total(x, first, True)
        for a in summed:  # two slices along an axis are added as they are
            if x.shape[a] == 2 and a < x.ndim - 1:
                x = np.add(*np.split(x, 2, a))
        return NP.add.reduce(x, axes(axis), None, out, keepdims)
    total = _sum_by_product(x, rows).reshape(_reduced_shape(x, axis, keepdims))
    return total if out is None else np.positive(total, out)


def _reduced_shape(x: Any, axis: Axis, keepdims: bool) -> list[int]:
    reduced = normalize_axis_tuple(axes(axis), x.ndim)
    return [1 if a in reduced else n for a, n in enumerate(np.shape(x)) if keepdims or a not in reduced]


def _sum_parts(x: Any, axis: Axis = None, keepdims: bool = False) -> Any:
    if _is_short(x.array, axis, keepdims):
        return np.dot(np.reshape(x, (-1,)), ones(x.size, str(x.dtype)))
    rows = _as_rows(x.array, axis)
    return x if rows is None else np.reshape(_sum_by_product(x, rows), _reduced_shape(x, axis, keepdims))


@primitive(lambda g, y, x, axis=None, keepdims=False: restore(g, axis, keepdims), decomposition=_sum_parts)
def sum(x: TensorLike, axis: Axis = None, keepdims: bool = False, out: Array | None = None) -> Array:
    """Sum along axes, of all elements by default."""
    a = strong(x)
    if a.dtype.kind == "f" and a.dtype.itemsize > 2:
        return _total(a, axis, keepdims, out)
    total = np.asarray(NP.add.reduce(a, axes(axis), wide(a.dtype), keepdims=keepdims), _accumulated(a))
    return total if out is None else np.positive(total, out)


@primitive(
    lambda g, y, x, axis=None, keepdims=False: restore(g, axis, keepdims) * (np.size(y) / (np.size(x) or 1)),
    name="mean", decomposition=lambda x, axis=None, keepdims=False: (
        (total := np.sum(x, axis, keepdims=keepdims)) / (x.size // total.size)))  # fmt: skip
def _mean(x: TensorLike, axis: Axis = None, keepdims: bool = False) -> Array:
    a = strong(x)
    if a.dtype.kind == "f" and a.dtype.itemsize > 2 and a.size:  # what np.mean does, in half the time
        total = _total(a, axis, keepdims)
        return total / (a.size // total.size)
    return NP.mean(a, axes(axis), keepdims=keepdims).astype(a.dtype if a.dtype.kind in "fc" else floatx())


mean_of: Any = bare(_mean)


@composite
def mean(x: TensorLike, axis: Axis = None, keepdims: bool = False) -> Tensor:
    """Mean along axes, of all elements by default."""
    if isinstance(x, Tensor) and isinstance(axis, int) and x.ndim and x.shape[axis] == 1 and "float" in x.dtype:
        return x if keepdims else squeeze(x, axis)
    return _mean(x, axis, keepdims)


def _var_rule(g: Any, y: Any, x: Any, axis: Any = None, keepdims: bool = False) -> Any:
    distance = conjugated(x - mean_of(x, axes(axis), True))
    return restore(g, axis, keepdims) * (2 * np.size(y) / (np.size(x) or 1)) * distance


def _var_parts(x: Any, axis: Any = None, keepdims: bool = False) -> Any:
    return mean_of(np.square(x - mean_of(x, axes(axis), True)), axes(axis), keepdims)


@primitive(_var_rule, decomposition=_var_parts)
def var(x: TensorLike, axis: Axis = None, keepdims: bool = False) -> Array:
    """Variance along axes: mean squared distance from the mean."""
    a = as_float(x)
    exact = a.dtype in ("float32", "float64")
    y = _var_parts(a, axis, keepdims) if exact else NP.var(a, axes(axis), wide(a.dtype), keepdims=keepdims)
    return np.asarray(y, a.real.dtype)


std: Reduction = composed(lambda x, axis=None, keepdims=False: sqrt(var(x, axis, keepdims)),
                          "std", "Standard deviation along axes: root of the variance.")  # fmt: skip


def _product_before(x: Any) -> Any:
    """Return the product of the elements before each one, along the last axis."""
    return np.concatenate([np.ones_like(x[..., :1]), np.cumprod(x[..., :-1], -1)], -1)


def _prod_rule(g: Any, y: Any, x: Any, axis: Any = None, keepdims: bool = False, dtype: Any = None) -> Any:
    """The slope is the product of all other elements, without a division, for some may be zero."""
    where = normalize_axis_tuple(range(x.ndim) if axis is None else axes(axis), x.ndim)
    first, last = x.ndim - len(where), range(-len(where), 0)
    moved = np.moveaxis(x, where, last)
    rows = np.reshape(moved, (*moved.shape[:first], math.prod(moved.shape[first:])))
    others = _product_before(rows) * np.flip(_product_before(np.flip(rows, -1)), -1)
    return restore(g, axis, keepdims) * np.moveaxis(np.reshape(others, moved.shape), last, where)


@primitive(_prod_rule)
def prod(x: TensorLike, axis: Axis = None, keepdims: bool = False, dtype: str | None = None) -> Array:
    """Product along axes, of all elements by default."""
    a = strong(x)
    return NP.prod(a, axes(axis), keepdims=keepdims, dtype=dtype or _accumulated(a))


@composite
def average(x: TensorLike, axis: Axis = None, weights: TensorLike | None = None) -> Tensor:
    """Mean along axes, weighted by `weights` (of x's shape, or of the length of the axis)."""
    if weights is None:
        return mean(x, axis)
    w, sizes = convert_to_tensor(weights), shape(x)
    if w.shape != sizes:
        if not isinstance(axis, int) or w.ndim != 1 or w.shape[0] != sizes[axis]:
            received = f"x.shape={sizes}, weights.shape={w.shape}, axis={axis}"
            raise ValueError(f"average needs weights of x's shape, or one for each place on axis. Received: {received}")
        w = w.reshape([-1 if i == axis % len(sizes) else 1 for i in range(len(sizes))])
    product = multiply(x if "float" in dtype_of(w) else floating(x), w)
    return sum(product, axis) / sum(w + zeros_like(product), axis)


# Extremes, truth, positions and quantiles.


def _extreme_rule(g: Any, y: Any, x: Any, axis: Any = None, keepdims: bool = False, initial: Any = None) -> Any:
    """Share the gradient of an extreme evenly among the elements that attain it."""
    ties = np.equal(x, restore(y, axis, keepdims)).astype(x.dtype)
    count = bare(sum)(ties, axis, True)
    # If `initial` is the extreme, no element attains it: 0 / 1. If the extreme is NaN, so is the gradient: 0 / 0.
    return restore(g, axis, keepdims) * ties / np.maximum(count, restore(np.equal(y, y), axis, keepdims))


@primitive(None)
def _row_max(rows: TensorLike, out: Array | None = None) -> Array:
    """Largest element of each row, (n, columns) -> (n, 1)."""
    a = np.asarray(rows)
    y = np.empty((len(a), 1), a.dtype) if out is None else out
    if a.shape[1] <= 24:
        NP.maximum.reduce(a.T.copy(), 0, None, y.reshape(-1))
    else:  # `reduce` takes up to three times as long for each row
        NP.maximum.reduceat(a.reshape(-1), np.arange(0, a.size, a.shape[1]), out=y.reshape(-1))
    return y


def is_narrow(x: Any, axis: Axis) -> bool:
    """Return whether a reduction is over short rows of a matrix, which NumPy reduces slowly, one by one."""
    return np.ndim(x) == 2 and axis in (-1, 1) and 0 < np.shape(x)[1] <= 64 and x.dtype in ("float32", "float64")


def _max_parts(x: Any, axis: Axis = None, keepdims: bool = False, initial: float | None = None) -> Any:
    """Return the maxima of rows, in a third of NumPy's time if there are many; for other reductions x itself."""
    a = getattr(x, "array", x)
    in_rows = a.ndim > 1 and axis in (-1, a.ndim - 1) and a.size > 16 * a.shape[-1] and a.flags.c_contiguous
    if initial not in (None, -np.inf) or not in_rows or a.dtype not in ("float32", "float64"):
        return x
    return np.reshape(bare(_row_max)(np.reshape(x, (-1, a.shape[-1]))), _reduced_shape(x, axis, keepdims))


def _extreme_of(ufunc: Any, x: Array, axis: Axis, keepdims: bool, initial: Any, out: Array | None = None) -> Any:
    """Return an extreme, of two halves where `reduce` would loop over the few numbers behind the axes."""
    if (rows := _as_rows(x, axis)) and 1 < rows[2] <= 64:
        y = x.reshape(rows)
        while (n := y.shape[1]) > 1:
            y = ufunc(y[:, : (n + 1) // 2], y[:, n // 2 :])
        x = y.reshape(_reduced_shape(x, axis, True))
    return ufunc.reduce(x, axes(axis), None, out, keepdims, initial)


@primitive(_extreme_rule, decomposition=_max_parts)
def max(x: TensorLike, axis: Axis = None, keepdims: bool = False, initial: float | None = None,
        out: Array | None = None) -> Array:  # fmt: skip
    """Largest element along axes, at least `initial`."""
    a = strong(x)
    y = _max_parts(a, axis, keepdims, initial) if out is None and a.ndim > 1 and a.size > 64 * a.shape[-1] else a
    return _extreme_of(np.maximum, a, axis, keepdims, initial, out) if y is a else y


@primitive(_extreme_rule)
def min(x: TensorLike, axis: Axis = None, keepdims: bool = False, initial: float | None = None) -> Array:
    """Smallest element along axes, at most `initial`."""
    return _extreme_of(np.minimum, strong(x), axis, keepdims, initial)


def _logsumexp(x: Any, axis: Axis, keepdims: bool) -> Any:
    narrow, limit = is_narrow(x, axis), float(np.finfo(x.dtype).max)
    top = bare(max)(x, axis, True, initial=None if narrow else -limit)
    top = np.minimum(np.maximum(top, -limit), limit)  # finite, and exp(x - top) cannot overflow
    e = np.exp(x - top)
    y = np.log(np.dot(e, ones((np.shape(e)[1], 1), e.dtype)) if narrow else bare(sum)(e, axis, True)) + top
    return y if keepdims else np.squeeze(y, axes(axis))


def _logsumexp_rule(g: Any, y: Any, x: Any, axis: Any = None, keepdims: bool = False) -> Any:
    e = np.exp(x - restore(y, axis, keepdims))  # if y is large, it is rounded, and the sum of these is not 1
    return restore(g, axis, keepdims) * (e / bare(sum)(e, axis, True))


@primitive(_logsumexp_rule, decomposition=lambda x, axis=None, keepdims=False:
           _logsumexp(x, axis, keepdims) if is_narrow(x, axis) else x)  # fmt: skip
def logsumexp(x: TensorLike, axis: Axis = None, keepdims: bool = False) -> Array:
    """log(sum(exp(x))) along axes, without overflow."""
    with np.errstate(divide="ignore", over="ignore", under="ignore"):  # exp(-inf) and log(0) may be the right answers
        return _logsumexp(as_float(x), axis, keepdims)


amax: Reduction = reduction(bare(max), _extreme_rule, "Largest element along axes.", name="amax")
amin: Reduction = reduction(bare(min), _extreme_rule, "Smallest element along axes.", name="amin")
all: Reduction = reduction(np.all, None, "Whether all elements along axes are true.")
any: Reduction = reduction(np.any, None, "Whether any element along axes is true.")
ptp: Reduction = composed(lambda x, axis=None, keepdims=False: max(x, axis, keepdims) - min(x, axis, keepdims),
                          "ptp", "Range along axes: the largest element minus the smallest.")  # fmt: skip


def _position(function: Any, name: str, doc: str, fill: float | None = None) -> Position:
    """Declare an op that finds where an extreme is; with `fill`, NaNs are replaced by it, and so ignored."""

    def forward(x: TensorLike, axis: int | None = None, keepdims: bool = False) -> Array:
        if fill is None:
            return function(strong(x), axis, keepdims=keepdims).astype("int32")
        a = as_float(x)
        missing = np.isnan(a)
        place = function(np.where(missing, np.asarray(fill, a.dtype), a), axis, keepdims=keepdims)
        return np.where(NP.all(missing, axis, keepdims=keepdims), -1, place).astype("int32")

    return cast(Position, primitive(None)(named(forward, name, doc)))


argmax: Position = _position(np.argmax, "argmax", "Position of the first largest element.")
argmin: Position = _position(np.argmin, "argmin", "Position of the first smallest element.")
nanargmax: Position = _position(
    np.argmax, "nanargmax", "Position of the largest element that is not NaN; -1 where all are.", -np.inf)  # fmt: skip
nanargmin: Position = _position(
    np.argmin, "nanargmin", "Position of the smallest element that is not NaN; -1 where all are.", np.inf)  # fmt: skip


class Quantile(Protocol):
    """A quantile or percentile along axes."""

    def __call__(self, x: TensorLike, q: TensorLike, axis: Axis = None, method: str = "linear",
                 keepdims: bool = False) -> Tensor: ...  # fmt: skip


_METHODS: dict[str, Any] = {
    "linear": lambda index: index, "lower": np.floor, "higher": np.ceil, "nearest": lambda index: np.ceil(index - 0.5),
    "midpoint": lambda index: (np.floor(index) + np.ceil(index)) / 2}  # fmt: skip
"""Method -> from a quantile's fractional index among sorted elements to the index that is read, by interpolation."""


def _quantile(x: TensorLike, q: Any, axis: Axis, method: str, keepdims: bool, top: float, skip: bool) -> Tensor:
    """Return quantiles along axes, for q from 0 to `top`. NaNs are ignored if `skip`, else they make the result NaN.

    While a tape or trace is open, this runs on tensors; otherwise on arrays, in a tenth of the time.
    """
    one_of("method", method, tuple(_METHODS))
    if not isinstance(q, TensorOps) and not np.all((np.asarray(q) >= 0) & (np.asarray(q) <= top)):
        raise ValueError(f"Expected q from 0 to {top}. Received: q={q}")
    values: Any = floating(x)
    if values.dtype.startswith("complex"):
        raise ValueError(f"Quantiles need numbers that have an order. Received: dtype={values.dtype}")
    levels: Any = convert_to_tensor(q, "float64" if values.dtype == "float64" else "float32")
    if not recorders.open:
        values, levels = values.array, levels.array
    reduced = normalize_axis_tuple(range(values.ndim) if axis is None else axes(axis), values.ndim)
    others = [i for i in range(values.ndim) if i not in reduced]
    count = math.prod(values.shape[i] for i in reduced)
    rows = np.reshape(np.transpose(values, [*others, *reduced]), [*(values.shape[i] for i in others), count])
    rows = np.sort(rows, -1)  # NaNs are last
    if skip:
        count = np.sum(~np.isnan(rows), axis=-1, keepdims=True).astype(levels.dtype)
    index = np.reshape(levels / top, [1] * len(others) + [-1]) * (count - 1)
    index = _METHODS[method](np.minimum(np.maximum(index, 0), count - 1))
    low, high = (np.take_along_axis(rows, f(index).astype("int32"), -1) for f in (np.floor, np.ceil))
    share = index - np.floor(index)
    with np.errstate(invalid="ignore"):  # infinity times 0, which `where` drops
        quantiles = np.where(share == 0, low, low * (1 - share) + high * share)
    quantiles = np.where(np.isnan(low if skip else rows[..., -1:]), np.nan, quantiles)
    sizes = _reduced_shape(values, reduced, keepdims)
    result: Any = np.reshape(np.moveaxis(quantiles, -1, 0), [*shape(q), *sizes]).astype(values.dtype)
    return result if isinstance(result, Tensor) else Tensor(result)


def _order(name: str, doc: str, top: float = 1, skip: bool = False) -> Quantile:
    return composed(lambda x, q, axis=None, method="linear", keepdims=False: _quantile(
        x, q, axis, method, keepdims, top, skip), name, doc)  # fmt: skip


quantile: Quantile = _order("quantile", "Value below which a part q of the elements lies, for each q.")
percentile: Quantile = _order("percentile", "Value below which q percent of the elements lie, for each q.", 100)
nanquantile: Quantile = _order("nanquantile", "Quantiles, see `quantile`, of the elements other than NaN.", skip=True)
nanpercentile: Quantile = _order("nanpercentile", "Percentiles of the elements other than NaN.", 100, skip=True)
median: Reduction = composed(lambda x, axis=None, keepdims=False: quantile(x, 0.5, axis, "midpoint", keepdims),
                             "median", "Median along axes.")  # fmt: skip
nanmedian: Reduction = composed(lambda x, axis=None, keepdims=False: nanquantile(x, 0.5, axis, "midpoint", keepdims),
                                "nanmedian", "Median along axes of the elements that are not NaN.")  # fmt: skip


def _cumsum_rule(g: Any, y: Any, x: Any, axis: int | None = None, dtype: Any = None) -> Any:
    where = 0 if axis is None else axis
    return np.reshape(np.flip(bare(cumsum)(np.flip(g, where), where), where), np.shape(x))


@primitive(_cumsum_rule)
def cumsum(x: TensorLike, axis: int | None = None, dtype: str | None = None) -> Array:
    """Running sum along an axis, of the flattened tensor by default."""
    a = strong(x)
    kept = dtype or ("int32" if a.dtype == bool else a.dtype)
    return np.cumsum(a, axis, wide(kept) or kept).astype(kept, copy=False)


def _cumprod_rule(g: Any, y: Any, x: Any, axis: int | None = None, dtype: Any = None) -> Any:
    """dx_i = (product of the elements before i) * r_i, with r_i = g_i + x_(i+1) r_(i+1) from the end."""
    rows, slopes = (np.reshape(v, -1) if axis is None else np.moveaxis(v, axis, -1) for v in (x, g))
    sums = [slopes[..., i] for i in range(rows.shape[-1])]
    for i in reversed(range(len(sums) - 1)):
        sums[i] = sums[i] + rows[..., i + 1] * sums[i + 1]
    gradient = _product_before(rows) * np.stack(sums, -1) if sums else rows
    return np.reshape(gradient, x.shape) if axis is None else np.moveaxis(gradient, -1, axis)


@primitive(_cumprod_rule)
def cumprod(x: TensorLike, axis: int | None = None, dtype: str | None = None) -> Array:
    """Running product along an axis, of the flattened tensor by default."""
    a = strong(x)
    return np.cumprod(a, axis, dtype=dtype or ("int32" if a.dtype == bool else a.dtype))


# Reductions that ignore NaN, which also gets no gradient.


def _filled(x: TensorLike, value: float) -> Any:
    """Return x with a value in place of NaN; integers have none."""
    return where(isnan(x), value, x) if dtype_of(x).startswith("float") else x


def _present(x: TensorLike, axis: Axis, keepdims: bool) -> Tensor:
    return sum(logical_not(isnan(x)), axis, keepdims)


def _extreme(op: Any, x: TensorLike, axis: Axis, keepdims: bool, start: float) -> Tensor:
    """Return an extreme of the elements other than NaN; NaN if there are none."""
    value: Tensor = op(_filled(x, start), axis, keepdims)
    return where(all(isnan(x), axis, keepdims), np.nan, value) if dtype_of(x).startswith("float") else value


nansum: Reduction = composed(lambda x, axis=None, keepdims=False: sum(_filled(x, 0), axis, keepdims),
                             "nansum", "Sum along axes, NaN as 0.")  # fmt: skip
nanprod: Reduction = composed(lambda x, axis=None, keepdims=False: prod(_filled(x, 1), axis, keepdims),
                              "nanprod", "Product along axes, NaN as 1.")  # fmt: skip
nanmean: Reduction = composed(
    lambda x, axis=None, keepdims=False: nansum(x, axis, keepdims) / _present(x, axis, keepdims),
    "nanmean", "Mean along axes of the elements that are not NaN.")  # fmt: skip
nanvar: Reduction = composed(
    lambda x, axis=None, keepdims=False: sum(square(where(isnan(x), 0, x - nanmean(x, axis, True))), axis, keepdims)
    / _present(x, axis, keepdims), "nanvar", "Variance along axes of the elements that are not NaN.")  # fmt: skip
nanstd: Reduction = composed(lambda x, axis=None, keepdims=False: sqrt(nanvar(x, axis, keepdims)),
                             "nanstd", "Standard deviation along axes of the elements that are not NaN.")  # fmt: skip
nanmax: Reduction = composed(lambda x, axis=None, keepdims=False: _extreme(max, x, axis, keepdims, -np.inf),
                             "nanmax", "Largest element along axes that is not NaN.")  # fmt: skip
nanmin: Reduction = composed(lambda x, axis=None, keepdims=False: _extreme(min, x, axis, keepdims, np.inf),
                             "nanmin", "Smallest element along axes that is not NaN.")  # fmt: skip


@composite
def nancumsum(x: TensorLike, axis: int | None = None, dtype: str | None = None) -> Tensor:
    """Running sum, NaN as 0."""
    return cumsum(_filled(x, 0), axis, dtype)


@composite
def nancumprod(x: TensorLike, axis: int | None = None, dtype: str | None = None) -> Tensor:
    """Running product, NaN as 1."""
    return cumprod(_filled(x, 1), axis, dtype)


@composite
def trapezoid(y: TensorLike, x: TensorLike | None = None, dx: float = 1.0, axis: int = -1) -> Tensor:
    """Integral of y along an axis by the trapezoidal rule, at the places x or `dx` apart."""
    values = moveaxis(floating(y), axis, -1)
    steps: Any = dx if x is None else diff(moveaxis(floating(x), axis, -1) if ndim(x) > 1 else floating(x))
    return sum((values[..., 1:] + values[..., :-1]) * steps, -1) / 2.0


@composite
def corrcoef(x: TensorLike) -> Tensor:
    """Correlation coefficients between the rows of a matrix."""
    rows = convert_to_tensor(x).reshape(shape(x) if ndim(x) > 1 else (1, -1))
    centred = rows - mean(rows, 1, True)
    covariance = centred @ np.transpose(conjugated(centred))
    deviations = sqrt(covariance[tuple(np.diag_indices(rows.shape[0]))])
    return squeeze(covariance / deviations[:, None] / deviations)


@composite
def correlate(x1: TensorLike, x2: TensorLike, mode: Literal["valid", "same", "full"] = "valid") -> Tensor:
    """Cross-correlation of two vectors: sums of products at all shifts ("full", "same", or "valid" without padding)."""
    a, b = convert_to_tensor(x1), conjugated(convert_to_tensor(x2))
    one_of("mode", mode, ("valid", "same", "full"))
    if "float" not in a.dtype + b.dtype and "complex" not in a.dtype + b.dtype:
        a = a.astype("float32")
    swapped = a.shape[0] < b.shape[0]
    a, b = (b, a) if swapped else (a, b)
    n, m = a.shape[0], b.shape[0]
    before, after = {"valid": (0, 0), "full": (m - 1, m - 1), "same": (m // 2, (m - 1) // 2)}[mode]
    sums = sum(take(pad(a, (before, after)), np.arange(n + before + after - m + 1)[:, None] + np.arange(m)) * b, -1)
    return flip(sums) if swapped else sums


@primitive(None)
def count_nonzero(x: TensorLike, axis: Axis = None) -> Array:
    """Number of elements along axes that are not zero."""
    return np.asarray(np.count_nonzero(strong(x), axes(axis)), "int32")


def segments(data: TensorLike, segment_ids: TensorLike, num_segments: int | None, start: float, how: str) -> Tensor:
    """Combine the rows of each segment number, beginning with `start`; one more segment, left out, takes the others."""
    ids, rows = convert_to_tensor(segment_ids), convert_to_tensor(data)
    if ids.shape != rows.shape[:1]:
        raise ValueError(f"`segment_ids` needs a number for each row of `data`. Received: {ids.shape}, {rows.shape}.")
    if num_segments is None:
        num_segments = dry_size(segment_ids) or int(np.max(np.append(-1, as_array(ids)))) + 1
    ids = where((ids >= 0) & (ids < num_segments), ids.astype("int64") if "int" in ids.dtype else ids, num_segments)
    size = (num_segments + 1, *rows.shape[1:])
    if how == "add":
        return add_along(rows, ids, size, 0)[:-1]
    dtype = np.dtype(rows.dtype)
    if np.isinf(start) and dtype.kind in "biu":
        dtype = np.dtype("int32") if dtype.kind == "b" else dtype
        start = np.iinfo(dtype).min if start < 0 else np.iinfo(dtype).max
    return scatter_update(np.full(size, start, dtype), ids[:, None], rows.astype(dtype), how)[:-1]


class Segments(Protocol):
    """An op that combines the rows of a tensor with the same segment number."""

    def __call__(self, data: TensorLike, segment_ids: TensorLike, num_segments: int | None = None,
                 sorted: bool = False) -> Tensor: ...  # fmt: skip


def _segment(name: str, start: float, reduction: str, what: str) -> Segments:
    doc = f"{what} of the rows of each segment, numbered from 0 to num_segments - 1; other rows are left out."
    return composed(lambda data, segment_ids, num_segments=None, sorted=False: segments(
        data, segment_ids, num_segments, start, reduction), name, doc)  # fmt: skip


segment_sum: Segments = _segment("segment_sum", 0, "add", "Sum")
segment_prod: Segments = _segment("segment_prod", 1, "mul", "Product")
segment_max: Segments = _segment("segment_max", -np.inf, "max", "Largest elements")
segment_min: Segments = _segment("segment_min", np.inf, "min", "Smallest elements")


@primitive(None, lambda g, y, x, weights, minlength: np.take_along_axis(g, x, -1), optional=True)
def _bincount(x: TensorLike, weights: TensorLike | None, minlength: int) -> Array:
    a, w = strong(x), None if weights is None else strong(weights)
    dtype = "int32" if w is None else common_dtype(a, w)
    if a.ndim == 2:
        length = int(np.max(a, initial=minlength - 1)) + 1
        return np.stack([np.bincount(a[i], None if w is None else w[i], length) for i in range(len(a))]).astype(dtype)
    return np.bincount(a, w, minlength).astype(dtype)


@composite
def bincount(x: TensorLike, weights: TensorLike | None = None, minlength: int = 0, sparse: bool = False) -> Tensor:
    """How often each of 0, 1, 2, ... occurs in x, or the sum of its weights; by row for a matrix.

    Example:
        >>> bincount([1, 2, 2, 4]).numpy()
        array([0, 1, 2, 0, 1], dtype=int32)
    """
    if sparse:
        raise ValueError("bincount gives dense arrays only. Received: sparse=True")
    return _bincount(x, weights, minlength + dry_size(x))


@primitive(None, None)
def digitize(x: TensorLike, bins: TensorLike) -> Array:
    """Index of the bin to which each element belongs, for ascending bin edges."""
    return np.digitize(strong(x), strong(bins)).astype("int32")


@primitive(None, None)
def searchsorted(sorted_sequence: TensorLike, values: TensorLike, side: Literal["left", "right"] = "left") -> Array:
    """Where in an ascending sequence with one axis each value would be inserted."""
    a = strong(sorted_sequence)
    if a.ndim != 1:
        raise ValueError(f"searchsorted needs a sequence with one axis. Received: sorted_sequence.shape={a.shape}")
    v, places = np.asarray(values), np.empty(np.shape(values), "int32")
    order = np.argsort(v, None) if v.size > 4096 and a.size > 128 else slice(None)  # for the cache's sake
    places.reshape(-1)[order] = np.searchsorted(a, v.reshape(-1)[order], side)
    return places


@structured
def histogram(x: TensorLike, bins: int = 10, range: tuple[float, float] | None = None) -> tuple[Tensor, Tensor]:
    """Counts and edges of equal bins over a range, that of the values by default."""
    values = convert_to_tensor(x)
    counts, edges = np.histogram(as_values(values), bins, range)
    if range is not None or not values.size or np.ndim(bins):
        return Tensor(counts.astype("int32")), Tensor(edges.astype("float32"))
    ends = (min(values), edges[0]), (max(values), edges[-1])
    first, last = (end - float(end) + float(edge) for end, edge in ends)  # the edges, with the gradients of the ends
    return Tensor(counts.astype("int32")), linspace(first, last, bins + 1)


@structured
def unique(x: TensorLike, sorted: bool = True, return_index: bool = False, return_inverse: bool = False,
           return_counts: bool = False, axis: int | None = None, size: int | None = None,
           fill_value: float | None = None) -> Any:  # fmt: skip
    """Different elements (slices along `axis`) in ascending order; first index, inverse index and counts if asked.

    `size` says how many to return, cut or filled up with `fill_value` (0 by default).
    """
    size = dry_size(x) or None if size is None else size
    flags = {"return_index": return_index, "return_inverse": return_inverse, "return_counts": return_counts}
    extra = {**flags, "return_index": return_index or bool(recorders.open)}
    arrays = np.unique(as_values(x), axis=axis, equal_nan=False, **extra)  # type: ignore[call-overload]  # not Literal
    outputs = list(map(Tensor, arrays if isinstance(arrays, tuple) else [arrays]))
    if recorders.open:  # the same, with a gradient
        outputs[:2] = [take(x, outputs[1], axis), outputs[1]][: 1 + return_index]
    fills = {"values": fill_value or 0, "return_index": 1, "return_counts": 0}  # as Keras on NumPy
    for i, name in enumerate(["values", *(name for name, flag in flags.items() if flag)]):
        if size is not None and name in fills:
            where = (axis or 0) if name == "values" else 0
            part = take(outputs[i], np.arange(np.minimum(size, outputs[i].shape[where])), where)
            widths = [(0, size - n if k == where % part.ndim else 0) for k, n in enumerate(part.shape)]
            outputs[i] = pad(part, widths, constant_values=fills[name])
    return only((outputs[0], *(i.astype("int32") for i in outputs[1:])))
