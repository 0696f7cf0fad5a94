"""Operations that move elements: shapes, order of axes, joining, splitting, indexing, sorting."""

import math
import re
from collections.abc import Sequence
from itertools import chain, pairwise
from operator import index
from typing import Any, Literal, Protocol, overload

import numpy as np
from numpy.lib.array_utils import normalize_axis_index

from .._base.checks import one_of, standardize_sizes, within
from .._base.context import context
from .._base.settings import standardize_data_format, standardize_dtype, wide
from .._base.typing import Array, DataFormat, DTypeLike, TensorLike
from .._core.keras_tensor import KerasTensor
from .._core.op import composite, primitive, structured
from .._core.tensor import Tensor, TensorOps, as_array
from .arrays import axes, bare, composed, dry_size, promote, strong
from .creation import convert_to_tensor, ndim, shape
from .elementwise import Unary, _where, multiply, power

slice_type = slice  # this file defines Keras's op of that name

# Reshaping. The gradient only takes back the shape of the input.


def _back(g: Any, y: Any, x: Any, *_: Any, **__: Any) -> Any:
    return np.reshape(g, np.shape(x))


@primitive(_back, view=True)
def reshape(x: TensorLike, newshape: int | Sequence[int]) -> Array:
    """x in another shape of as many elements; one size may be -1."""
    a = strong(x)
    entries: Any = [newshape] if np.ndim(newshape) == 0 else newshape
    sizes = [-1 if n is None else int(n) for n in entries]
    try:
        if min(sizes, default=0) < -1:  # NumPy would take it for -1
            raise ValueError
        return a.reshape(sizes)
    except ValueError:
        raise ValueError(f"Cannot reshape a tensor of shape {a.shape}, {a.size} elements, to {tuple(sizes)}: "
                         "the number of elements must stay the same.") from None  # fmt: skip


@primitive(_back, view=True)
def ravel(x: TensorLike) -> Array:
    """x as a vector, the last axis running fastest."""
    return strong(x).reshape(-1)


@primitive(_back, view=True)
def expand_dims(x: TensorLike, axis: int | Sequence[int]) -> Array:
    """x with a new axis of size 1 at each position in `axis`."""
    return np.expand_dims(strong(x), axes(axis))


@primitive(_back, view=True)
def squeeze(x: TensorLike, axis: int | Sequence[int] | None = None) -> Array:
    """x without the axes of size 1, all of them or those in `axis`."""
    return np.squeeze(strong(x), axes(axis))


@primitive(lambda g, y, x, shape: g, view=True)
def broadcast_to(x: TensorLike, shape: Sequence[int]) -> Array:
    """x repeated to fill a shape."""
    return np.broadcast_to(strong(x), axes(shape))


@primitive(lambda g, y, x, axes=None: np.transpose(g, None if axes is None else np.argsort([a % g.ndim for a in axes])),
           view=True)  # fmt: skip
def transpose(x: TensorLike, axes: Sequence[int] | None = None) -> Array:
    """x with its axes in another order, reversed by default."""
    return np.transpose(strong(x), axes)


@primitive(lambda g, y, x, axis1, axis2: np.swapaxes(g, axis1, axis2), view=True)
def swapaxes(x: TensorLike, axis1: int, axis2: int) -> Array:
    """x with two axes exchanged."""
    return np.swapaxes(strong(x), axis1, axis2)


@primitive(lambda g, y, x, source, destination: np.moveaxis(g, destination, source), view=True)
def moveaxis(x: TensorLike, source: int | Sequence[int], destination: int | Sequence[int]) -> Array:
    """x with axes moved to other positions; the others keep their order."""
    return np.moveaxis(strong(x), source, destination)


@primitive(lambda g, y, x, axis=None: np.flip(g, axis))
def flip(x: TensorLike, axis: int | Sequence[int] | None = None) -> Array:
    """x with the order of elements reversed along axes, all by default."""
    return np.flip(strong(x), axes(axis))


fliplr: Unary = composed(lambda x: flip(x, 1), "fliplr", "x with the order along its second axis reversed.")
flipud: Unary = composed(lambda x: flip(x, 0), "flipud", "x with the order along its first axis reversed.")


@primitive(lambda g, y, x, shift, axis=None: np.roll(g, np.negative(shift), axis))
def roll(x: TensorLike, shift: int | Sequence[int], axis: int | Sequence[int] | None = None) -> Array:
    """x shifted along axes; what leaves at one end enters at the other."""
    return np.roll(strong(x), shift, axes(axis))


@primitive(lambda g, y, array, k=1, axes=(0, 1): np.rot90(g, -k, axes))
def rot90(array: TensorLike, k: int = 1, axes: tuple[int, int] = (0, 1)) -> Array:
    """A tensor turned k times by 90 degrees, from the first of two axes towards the second."""
    a = strong(array)
    if a.ndim < 2 or len(axes) != 2 or axes[0] == axes[1]:
        raise ValueError(f"rot90 needs two different axes of a tensor. Received: shape={a.shape}, axes={axes}")
    return np.rot90(a, k, axes)


# Indexing. One primitive reads any NumPy index; its gradient is another, which adds to zeros at that index.


def _added(x: Array, key: tuple[Any, ...], shape: Sequence[int], out: Array | None = None) -> Array:
    """Return zeros of a shape with x added at an index; repeated positions add up."""
    y: Array = np.empty(shape, x.dtype) if out is None else out.reshape(shape)
    total = y if wide(x.dtype) is None else np.empty(shape, wide(x.dtype))
    total[...] = 0
    _combine(np.add, total, key, x.astype(total.dtype, copy=False))
    if total is not y:
        y[...] = total
    return y


def _combine(ufunc: Any, total: Array, key: tuple[Any, ...], x: Array) -> None:
    """Do what `ufunc.at` does, which takes many times as long with an index of several parts, and with rows."""
    if x.size <= 1024 or x.size < math.prod(total.shape[: len(key)]) // 32:
        ufunc.at(total, key, x)
        return
    by_row = all(isinstance(k, slice_type) or np.asarray(k).dtype.kind in "iu" for k in key)
    sizes = total.shape[: len(key) if by_row else total.ndim]
    are_rows = by_row and len(key) == 1
    places = np.asarray(key[0], np.intp) if are_rows else np.arange(math.prod(sizes)).reshape(sizes)[key]
    total = total.reshape(-1, *total.shape[len(sizes) :])
    x = np.broadcast_to(x, places.shape + total.shape[1:])
    if ufunc is np.add and places.ndim == 2 and x.shape[1] > 1 and x.strides[1] == 0:  # the same, as from a mean
        found = np.zeros(len(total), bool)
        found[places] = True
        if (n := np.count_nonzero(found)) * len(x) < x.size // 8 and np.isfinite(x[:, 0]).all():  # as 0 * inf is NaN
            keys = (np.cumsum(found) - 1)[places] + n * np.arange(len(x))[:, None]
            counts = np.bincount(keys.reshape(-1), minlength=n * len(x)).reshape(len(x), n).astype(total.dtype)
            total[found] += np.tensordot(counts, x[:, 0], (0, 0))
            return
    size = total.size // len(total)  # NumPy adds two real numbers as one complex number in the time of one
    pair = {"f": "F", "d": "D"}.get(total.dtype.char, total.dtype) if ufunc is np.add and size % 2 == 0 else total.dtype
    sums, rows = (np.ascontiguousarray(a).reshape(-1, size).view(pair) for a in (total, x))
    keys, count = places.reshape(-1), sums.shape[1]
    if count <= 8:
        for k in range(count):
            ufunc.at(sums[:, k], keys, rows[:, k])
    else:  # flat indices of numbers take NumPy a third of the time of indices of rows
        first = np.arange(0, sums.size, count)[keys]
        ufunc.at(sums.reshape(-1), np.add.outer(first, np.arange(count)).reshape(-1), rows.reshape(-1))


def _index(key: Any) -> tuple[Any, ...]:
    """Return an index with arrays in place of tensors; in a dry run, a mask selects `dry_size` elements."""
    index: list[Any] = []
    for k in key if isinstance(key, tuple) else (key,):
        part = as_array(k) if isinstance(k, TensorOps) else k
        is_dry_mask = part is not k and dry_size(k) and part.dtype == bool
        index += [np.zeros(dry_size(k), int)] * part.ndim if is_dry_mask else [part]
    return tuple(index)


@primitive(lambda g, y, x, shape, key: g[key])
def _put(x: TensorLike, shape: Sequence[int], key: Any) -> Array:
    """Zeros of a shape with x added at an index; repeated positions add up."""
    a, index = strong(x), _index(key)
    if not all(isinstance(k, int | slice_type | None) or k is Ellipsis for k in index):
        return _added(a, index, shape)
    zeros = np.zeros(shape, a.dtype)
    zeros[index] = a
    return zeros


@primitive(lambda g, y, x, key: bare(_put)(g, np.shape(x), key))
def get_item(x: TensorLike, key: Any) -> Array:
    """x[key], for any index that NumPy takes."""
    return strong(x)[_index(key)]


def along(axis: int, index: Any) -> tuple[Any, ...]:
    """Return the key that applies an index to one axis, which may be negative."""
    return (*[slice_type(None)] * axis, index) if axis >= 0 else (..., index, *[slice_type(None)] * (-1 - axis))


def _take_rule(g: Any, y: Any, x: Any, indices: Any, axis: int | None = None) -> Any:
    if axis is None:
        return np.reshape(bare(add_along)(g, indices, (np.size(x),), 0), np.shape(x))
    return bare(add_along)(g, indices, np.shape(x), axis)


@primitive(lambda g, y, x, indices, shape, axis: np.take(g, indices, axis), None)
def add_along(x: TensorLike, indices: TensorLike, shape: Sequence[int], axis: int, out: Array | None = None) -> Array:
    """Zeros of a shape with x added at indices along an axis; repeated positions add up."""
    return _added(strong(x), along(axis % len(shape), _whole(indices)), shape, out)


@primitive(_take_rule, None)
def take(x: TensorLike, indices: TensorLike, axis: int | None = None) -> Array:
    """Elements of x at indices along an axis, of the flattened tensor by default."""
    a, index = strong(x), _whole(indices)
    try:
        return np.take(a, index, axis)
    except IndexError as error:
        if isinstance(error, np.exceptions.AxisError):
            raise
        size = a.size if axis is None else a.shape[axis]
        raise IndexError(f"take: indices from {index.min()} to {index.max()} are out of bounds for size {size}. The "
                         "`input_dim` of an Embedding must be larger than each number.") from None  # fmt: skip


def _whole(indices: TensorLike) -> Array:
    """Return indices as an array; an empty list becomes integers."""
    a = strong(indices)
    return a if a.size else a.astype("int32")


@primitive(lambda g, y, x, indices, shape, axis: np.take_along_axis(g, indices, axis), None)
def _put_along(x: TensorLike, indices: TensorLike, shape: Sequence[int], axis: int) -> Array:
    """Zeros of a shape with x added at the positions that `take_along_axis` reads for these indices."""
    key = list(np.ix_(*map(np.arange, shape)))
    key[axis] = strong(indices)
    return _added(strong(x), tuple(key), shape)


@primitive(lambda g, y, x, indices, axis=None: _take_rule(g, y, x, indices) if axis is None else
           bare(_put_along)(g, indices, np.shape(x), axis), None)  # fmt: skip
def take_along_axis(x: TensorLike, indices: TensorLike, axis: int | None = None) -> Array:
    """Elements of x at indices along an axis; the indices have x's shape in all other axes."""
    a, index = strong(x), _whole(indices)
    return np.take(a, index.reshape(-1)) if axis is None else np.take_along_axis(a, index, axis)


@composite
def slice(inputs: TensorLike, start_indices: Sequence[int], shape: Sequence[int]) -> Tensor:
    """A block of a tensor: its first index, from the end if negative, and its size along each axis, -1 for the rest."""
    if len(start_indices) != len(shape):
        raise ValueError(f"slice needs as many start indices as sizes. Received: {start_indices=}, {shape=}")
    return get_item(inputs, _block(start_indices, shape))


def _block(corner: Any, sizes: Any) -> tuple[Any, ...]:
    pairs = [(int(i), int(n)) for i, n in zip(as_array(corner), sizes, strict=False)]
    return tuple(slice_type(i, None if n == -1 or i < 0 <= i + n else i + n) for i, n in pairs)  # None: to the end


def _without(g: Any, key: Any) -> Any:
    """Return a gradient with zeros at an index."""
    mask = np.ones(np.shape(g), g.dtype)
    mask[_index(key)] = 0
    return g * mask


@primitive(lambda g, y, inputs, start, updates: _without(g, _block(start, np.shape(updates))), None,
           lambda g, y, inputs, start, updates: g[_block(start, np.shape(updates))])  # fmt: skip
def slice_update(inputs: TensorLike, start_indices: TensorLike, updates: TensorLike) -> Array:
    """A copy of a tensor in which the block from a corner is replaced."""
    a, b = strong(inputs).copy(), strong(updates)
    a[_block(start_indices, b.shape)] = b
    return a


def _rows(indices: Any) -> tuple[Any, ...]:
    """Return a key from indices whose last axis holds the coordinates of one position."""
    return tuple(np.moveaxis(as_array(indices), -1, 0))


@primitive(None, lambda g, y, indices, values, shape: g[_rows(indices)])
def scatter(indices: TensorLike, values: TensorLike, shape: Sequence[int]) -> Array:
    """Zeros of a shape with values added at positions, one a row of `indices`."""
    return _added(strong(values), _rows(indices), axes(shape))


_REDUCTIONS = {"add": np.add, "max": np.maximum, "min": np.minimum, "mul": np.multiply}


def _rivals(y: Any, inputs: Any, indices: Any, updates: Any) -> Any:
    """Return how many numbers attain each scattered extreme, as these share its gradient evenly."""
    attained = np.equal(y[_rows(indices)], updates).astype(y.dtype)
    return np.maximum(bare(scatter_update)(np.equal(y, inputs).astype(y.dtype), indices, attained, "add"), 1)


def _inputs_rule(g: Any, y: Any, inputs: Any, indices: Any, updates: Any, reduction: Any = None) -> Any:
    """The gradient of the old values: none where they were replaced or are not the extreme."""
    if reduction is None:
        return _without(g, _rows(indices))
    if reduction == "mul":
        return g * bare(scatter_update)(np.ones(np.shape(g), g.dtype), indices, updates, "mul")
    return g if reduction == "add" else g * np.equal(y, inputs) / _rivals(y, inputs, indices, updates)


def _updates_rule(g: Any, y: Any, inputs: Any, indices: Any, updates: Any, reduction: Any = None) -> Any:
    key = _rows(indices)
    if reduction is None:  # the last of several updates of one position stays
        order = np.arange(key[0].size).reshape(key[0].shape)
        last = np.zeros(np.shape(g)[: len(key)], int)
        last[key] = order
        return g[key] * np.reshape(last[key] == order, (*order.shape, *[1] * (np.ndim(g) - len(key))))
    if reduction == "add":
        return g[key]
    if reduction == "mul":  # times the product of the other factors, which is 0 if one of these is
        is_zero = np.equal(updates, 0).astype(y.dtype)
        product = bare(scatter_update)(inputs, indices, updates + is_zero, "mul")[key]
        zeros = bare(scatter_update)(np.zeros(np.shape(y), y.dtype), indices, is_zero, "add")[key]
        return g[key] * np.where(np.equal(zeros, is_zero), product / (updates + is_zero), 0)
    return g[key] * np.equal(y[key], updates) / _rivals(y, inputs, indices, updates)[key]


@primitive(_inputs_rule, None, _updates_rule)
def scatter_update(inputs: TensorLike, indices: TensorLike, updates: TensorLike, reduction: str | None = None) -> Array:
    """A copy of a tensor, updated at positions, one in each row of `indices`.

    `reduction` None replaces the old values; "add", "mul", "max" and "min" combine both.
    """
    one_of("reduction", reduction, (None, *_REDUCTIONS))
    a = strong(inputs)
    sums = wide(a.dtype) if reduction in ("add", "mul") else None
    result = a.astype(sums or a.dtype, "C")
    if reduction is None:
        result[_rows(indices)] = updates
    else:
        _combine(_REDUCTIONS[reduction], result, _rows(indices), np.asarray(updates, result.dtype))
    return result.astype(a.dtype, copy=False)


def _concatenate_rule(index: int, g: Any, y: Any, *xs: Any, axis: int = 0) -> Any:
    start = sum(np.shape(x)[axis] for x in xs[:index])
    return g[along(axis, slice_type(start, start + np.shape(xs[index])[axis]))]


@primitive(_concatenate_rule, variadic=True)
def _concatenate(*xs: TensorLike, axis: int = 0) -> Array:
    arrays = [strong(x) for x in xs]
    if len({a.dtype for a in arrays}) > 1:
        arrays = promote(*arrays)
    try:
        return np.concatenate(arrays, axis)
    except ValueError:
        if len({a.ndim for a in arrays}) == 1 and not -arrays[0].ndim <= axis < arrays[0].ndim:
            raise
        raise ValueError(f"concatenate needs equal sizes on every axis but axis={axis}. "
                         f"Received shapes: {', '.join(str(a.shape) for a in arrays)}.") from None  # fmt: skip


@composite
def concatenate(xs: Sequence[TensorLike], axis: int | None = 0) -> Tensor:
    """Tensors joined along an axis."""
    return _concatenate(*map(ravel, xs), axis=0) if axis is None else _concatenate(*xs, axis=axis)


@composite
def append(x1: TensorLike, x2: TensorLike, axis: int | None = None) -> Tensor:
    """x2 appended to x1 along an axis; by default both are flattened first."""
    return concatenate([x1, x2], axis)


@composite
def stack(x: Sequence[TensorLike], axis: int = 0) -> Tensor:
    """Tensors of one shape joined along a new axis."""
    shapes = [shape(item) for item in x]
    if len(set(shapes)) > 1:
        raise ValueError(f"stack needs tensors of one shape. Received shapes: {', '.join(map(str, shapes))}.")
    return concatenate([expand_dims(item, axis) for item in x], axis)


@composite
def vstack(xs: Sequence[TensorLike]) -> Tensor:
    """Tensors joined along the first axis, vectors as rows."""
    return concatenate([reshape(x, (1, -1)) if ndim(x) < 2 else x for x in xs], 0)


@composite
def dstack(xs: Sequence[TensorLike]) -> Tensor:
    """Tensors joined along the third axis, which is added to vectors and matrices."""
    blocks = [reshape(x, (1, -1, 1)) if ndim(x) < 2 else x if ndim(x) > 2 else expand_dims(x, 2) for x in xs]
    return concatenate(blocks, 2)


@composite
def hstack(xs: Sequence[TensorLike]) -> Tensor:
    """Tensors joined along the second axis, vectors along their only one."""
    return concatenate([ravel(x) if ndim(x) < 1 else x for x in xs], 0 if ndim(xs[0]) < 2 else 1)


@structured
def split(x: TensorLike, indices_or_sections: int | Sequence[int], axis: int = 0) -> list[Tensor]:
    """Parts of x along an axis: a number of equal parts, or parts that begin at the given indices."""
    length = shape(x)[normalize_axis_index(axis, ndim(x))]
    if isinstance(indices_or_sections, int | np.integer) and length % indices_or_sections:
        raise ValueError(f"Cannot split axis {axis} of size {length} into {indices_or_sections} equal parts.")
    return array_split(x, indices_or_sections, axis)


@structured
def array_split(x: TensorLike, indices_or_sections: int | Sequence[int], axis: int = 0) -> list[Tensor]:
    """Parts of x along an axis, see `split`; if they cannot be equal, the first ones are longer by one."""
    length = shape(x)[normalize_axis_index(axis, ndim(x))]
    cuts = as_array(indices_or_sections)
    if not cuts.ndim:
        cuts = np.cumsum([len(part) for part in np.array_split(np.arange(length), int(cuts))])[:-1]
    ends = [0, *map(index, cuts), length]
    if context.dry and ends[-1] < ends[-2]:  # the trial size of an open axis is too short for these cuts
        ends[-1] = ends[-2] + length + 61  # longer, and different for each trial size
        x = get_item(x, along(axis, np.arange(ends[-1]) % length))
    if ends != sorted(ends):
        raise ValueError(f"Cuts must ascend within axis {axis}, of size {length}. Received: {cuts.tolist()}")
    return [get_item(x, along(axis, slice_type(i, j))) for i, j in pairwise(ends)]


@structured
def unstack(x: TensorLike, num: int | None = None, axis: int = 0) -> list[Tensor]:
    """Slices of x along an axis, without this axis."""
    size = shape(x)[normalize_axis_index(axis, ndim(x))]
    count = num if num and context.dry else size  # the trial size of an open axis may be shorter
    return [get_item(x, along(axis, 0 if context.dry else i)) for i in range(count)]


def _splitter(name: str, axis: int, which: str) -> Any:
    return composed(lambda x, indices_or_sections: split(x, indices_or_sections, axis if ndim(x) > 1 else 0),
                    name, f"Parts of x along its {which} axis, equal or cut at indices.")  # fmt: skip


class Splitter(Protocol):
    """An op that cuts a tensor along a certain axis."""

    def __call__(self, x: TensorLike, indices_or_sections: int | Sequence[int]) -> list[Tensor]: ...


vsplit: Splitter = _splitter("vsplit", 0, "first")
hsplit: Splitter = _splitter("hsplit", 1, "second (of a vector its only)")
dsplit: Splitter = _splitter("dsplit", 2, "third")


# Padding and repetition: elements are taken by their indices, so that the gradient is that of `take`.


@primitive(lambda g, y, x, widths, value: g[_block([before for before, _ in widths], np.shape(x))])
def _constant_pad(x: TensorLike, widths: Any, value: float) -> Array:
    return np.pad(strong(x), widths, constant_values=value)


@composite
def pad(x: TensorLike, pad_width: int | Sequence[int] | Sequence[Sequence[int]],
        mode: Literal["constant", "reflect", "symmetric", "edge", "wrap"] = "constant",
        constant_values: float | None = None) -> Tensor:  # fmt: skip
    """x with elements added before and after along each axis, `constant_values` (0) in mode "constant".

    `pad_width` is one number, one pair (before, after), or a pair for each axis.

    Example:
        >>> pad([1, 2, 3], (1, 2), mode="reflect").numpy()
        array([2, 1, 2, 3, 2, 1], dtype=int32)
    """
    sizes = shape(x)
    widths = [tuple(map(int, pair)) for pair in np.broadcast_to(as_array(pad_width), (len(sizes), 2))]
    if mode == "constant":
        return _constant_pad(x, widths, 0 if constant_values is None else constant_values)
    if constant_values is not None:
        raise ValueError(f"constant_values needs mode='constant'. Received: mode={mode!r}")
    one_of("mode", mode, ("constant", "reflect", "symmetric", "edge", "wrap"))
    result = convert_to_tensor(x)
    for axis, (width, n) in enumerate(zip(widths, sizes, strict=True)):
        if any(width):
            result = take(result, np.pad(np.arange(n), width, mode=mode), axis)
    return result


@composite
def repeat(x: TensorLike, repeats: TensorLike, axis: int | None = None) -> Tensor:
    """Each element of x `repeats` times in a row along an axis, of the flattened tensor by default."""
    values, where = (ravel(x), 0) if axis is None else (x, axis)
    count, times = dry_size(repeats), as_array(repeats).astype(np.intp, casting="same_kind")  # 32 bits in a browser
    return take(values, np.zeros(count, int) if count else np.arange(shape(values)[where]).repeat(times), where)


@composite
def tile(x: TensorLike, repeats: int | Sequence[int]) -> Tensor:
    """x as a whole, `repeats` times along each axis."""
    counts = [int(n) for n in np.atleast_1d(as_array(repeats))]
    sizes = (1,) * (len(counts) - ndim(x)) + shape(x)
    pairs = [*zip([1] * (len(sizes) - len(counts)) + counts, sizes, strict=True)]
    apart = reshape(x, [n for size in sizes for n in (1, size)])
    return reshape(broadcast_to(apart, [n for pair in pairs for n in pair]), [count * n for count, n in pairs])


@structured
def meshgrid(*x: TensorLike, indexing: str = "xy") -> list[Tensor]:
    """Coordinates of a grid over vectors, one tensor each; "xy" swaps the first two axes, "ij" does not."""
    one_of("indexing", indexing, ("xy", "ij"))
    vectors = [ravel(v) for v in x]
    sizes = [shape(v)[0] for v in vectors]
    along_axes = [reshape(v, [-1 if i == j else 1 for j in range(len(x))]) for i, v in enumerate(vectors)]
    grids = [broadcast_to(v, sizes) for v in along_axes]
    return [swapaxes(grid, 0, 1) for grid in grids] if indexing == "xy" and len(x) > 1 else grids


@composite
def kron(x1: TensorLike, x2: TensorLike) -> Tensor:
    """Kronecker product: each element of x1 times all of x2, in blocks."""
    sizes1, sizes2 = ((1,) * (max(ndim(x1), ndim(x2)) - ndim(x)) + shape(x) for x in (x1, x2))
    left = reshape(x1, [size for n in sizes1 for size in (n, 1)])
    right = reshape(x2, [size for n in sizes2 for size in (1, n)])
    return reshape(multiply(left, right), [n1 * n2 for n1, n2 in zip(sizes1, sizes2, strict=True)])


@composite
def vander(x: TensorLike, N: int | None = None, increasing: bool = False) -> Tensor:
    """Matrix of the powers of a vector's elements, from the highest down to 0 unless `increasing`."""
    t = convert_to_tensor(x)
    powers = np.arange(len(t) if N is None else N, dtype=t.dtype if "int" in t.dtype else "int32")
    return power(expand_dims(t, 1), powers[:: 1 if increasing else -1])


@composite
def extract_sequences(x: TensorLike, sequence_length: int, sequence_stride: int) -> Tensor:
    """Windows of the last axis, `sequence_stride` apart: (..., n) -> (..., windows, sequence_length)."""
    (sequence_stride,) = standardize_sizes(sequence_stride, 1, "sequence_stride")
    starts = np.arange(0, shape(x)[-1] - sequence_length + 1, sequence_stride)
    return take(x, starts[:, None] + np.arange(sequence_length), -1)


@composite
def rearrange(tensor: TensorLike, pattern: str, **axes_lengths: int) -> Tensor:
    """x with its axes named, split, ordered and joined anew, in the notation of einops.

    Example:
        >>> rearrange(np.zeros((2, 6, 3)), "b (h w) c -> b c h w", h=2).shape
        (2, 3, 2, 3)
    """
    before, after = ([part.strip("()").split() for part in re.findall(r"\w+|\(.*?\)", p)] for p in pattern.split("->"))
    sizes: dict[str, int] = dict(axes_lengths)
    if len(before) != ndim(tensor) or sorted(chain(*before)) != sorted(chain(*after)):
        raise ValueError(f"rearrange cannot apply {pattern!r} to a tensor of shape {shape(tensor)}.")
    for names, length in zip(before, shape(tensor), strict=True):
        unknown = [name for name in names if name not in sizes]
        if len(unknown) > 1:
            raise ValueError(f"rearrange needs the lengths of all but one of {names} as keywords in {pattern!r}.")
        if unknown:
            sizes[unknown[0]] = length // math.prod(sizes[name] for name in names if name in sizes)
    order = list(chain(*before))
    moved = transpose(reshape(tensor, [sizes[name] for name in order]), [order.index(name) for name in chain(*after)])
    return reshape(moved, [math.prod(sizes[name] for name in names) for names in after])


def blocks(x: TensorLike, block_size: int, data_format: str, patterns: tuple[str, str]) -> Tensor:
    """Return images rearranged by the pattern for their data format, in which `i` and `j` have the size of a block."""
    within("block_size", block_size, 2)
    return rearrange(x, patterns[standardize_data_format(data_format) == "channels_first"], i=block_size, j=block_size)


@composite
def depth_to_space(x: TensorLike, block_size: int, data_format: DataFormat = "channels_last") -> Tensor:
    """Channels of images rearranged to blocks of pixels: `block_size` times the height and width."""
    return blocks(x, block_size, data_format, ("n h w (i j c) -> n (h i) (w j) c", "n (c i j) h w -> n c (h i) (w j)"))


@composite
def space_to_depth(x: TensorLike, block_size: int, data_format: DataFormat = "channels_last") -> Tensor:
    """Blocks of pixels of images rearranged to channels: the inverse of `depth_to_space`."""
    return blocks(x, block_size, data_format, ("n (h i) (w j) c -> n h w (i j c)", "n c (h i) (w j) -> n (c i j) h w"))


@primitive(None)
def view(x: TensorLike, dtype: DTypeLike | None = None) -> Array:
    """The bytes of x read as another dtype; without one, x as it is."""
    a = strong(x).copy()
    return a if dtype is None else a.view(standardize_dtype(dtype))


@structured
def nonzero(x: TensorLike) -> tuple[Tensor, ...]:
    """Indices of the elements that are not zero, a tensor for each axis."""
    count = dry_size(x)
    return tuple(Tensor(i.astype("int32")) for i in (np.zeros((ndim(x), count)) if count else np.nonzero(as_array(x))))


@overload
def where(condition: KerasTensor, x1: TensorLike, x2: TensorLike) -> KerasTensor: ...
@overload
def where(condition: TensorLike, x1: TensorLike, x2: TensorLike) -> Tensor: ...
@overload
def where(condition: TensorLike, x1: None = None, x2: None = None) -> tuple[Tensor, ...]: ...
@structured
def where(condition: TensorLike, x1: TensorLike | None = None, x2: TensorLike | None = None) -> Any:
    """x1 where the condition holds, x2 elsewhere; without them, the indices where it holds."""
    if (x1 is None) != (x2 is None):
        raise ValueError(f"where needs both x1 and x2, or neither. Received: x1={x1!r:.80}, x2={x2!r:.80}")
    return nonzero(condition) if x1 is None or x2 is None else _where(condition, x1, x2)


@composite
def select(condlist: Sequence[TensorLike], choicelist: Sequence[TensorLike], default: TensorLike = 0) -> Tensor:
    """At each position the choice of the first condition that is true there; `default` where none is."""
    if not len(condlist):
        raise ValueError(f"`select` needs at least one condition. Received: condlist={condlist!r}.")
    result: Any = default
    for condition, choice in zip(reversed(condlist), reversed(choicelist), strict=True):
        result = where(condition, choice, result)
    return result


@structured
def unravel_index(indices: TensorLike, shape: Sequence[int]) -> tuple[Tensor, ...]:
    """Coordinates, in a tensor of a shape, of indices into the flattened tensor."""
    return tuple(Tensor(np.asarray(i, "int32")) for i in np.unravel_index(as_array(indices), tuple(shape)))


@primitive(lambda g, y, x, k=0: np.tril(g, k))
def tril(x: TensorLike, k: int = 0) -> Array:
    """x with zeros above the kth diagonal."""
    return np.tril(strong(x), k)


@primitive(lambda g, y, x, k=0: np.triu(g, k))
def triu(x: TensorLike, k: int = 0) -> Array:
    """x with zeros below the kth diagonal."""
    return np.triu(strong(x), k)


@composite
def diagonal(x: TensorLike, offset: int = 0, axis1: int = 0, axis2: int = 1) -> Tensor:
    """Diagonal of the matrices in two axes, as the last axis."""
    last = moveaxis(x, (axis1, axis2), (-2, -1))
    rows, columns = shape(last)[-2:]
    i = np.arange(max(0, -offset), max(0, -offset, min(rows, columns - offset)))
    return get_item(last, (..., i, i + offset))


@composite
def diag(x: TensorLike, k: int = 0) -> Tensor:
    """Matrix with a vector on its kth diagonal, or the kth diagonal of a matrix."""
    if ndim(x) == 2:
        return diagonal(x, k)
    if ndim(x) != 1:
        raise ValueError(f"diag needs a vector or a matrix. Received: x.shape={shape(x)}")
    n = shape(x)[0]
    i = np.arange(n) + max(0, -k)
    return _put(x, (n + abs(k), n + abs(k)), (i, i + k))


@composite
def diagflat(x: TensorLike, k: int = 0) -> Tensor:
    """Matrix with the elements of x on its kth diagonal."""
    return diag(ravel(x), k)


@composite
def diff(a: TensorLike, n: int = 1, axis: int = -1) -> Tensor:
    """Differences of neighbours along an axis, n times over."""
    result = convert_to_tensor(a)
    if n < 0 or not -result.ndim <= axis < result.ndim:
        raise ValueError(f"`n` must not be negative, and `axis` be one of {result.ndim}. Received: n={n}, axis={axis}")
    for _ in range(n):
        later, earlier = (get_item(result, along(axis, slice_type(*ends))) for ends in ((1, None), (None, -1)))
        result = later ^ earlier if result.dtype == "bool" else later - earlier
    return result


@primitive(None)
def argsort(x: TensorLike, axis: int | None = -1) -> Array:
    """Indices that sort x along an axis; equal elements keep their order."""
    return np.argsort(strong(x), axis, kind="stable").astype("int32")


@primitive(None)
def argpartition(x: TensorLike, kth: int, axis: int | None = -1) -> Array:
    """Indices that put the kth smallest element along an axis in its place, and smaller ones before it."""
    return np.argpartition(strong(x), kth, axis).astype("int32")


@primitive(lambda g, y, x, axis=-1: np.reshape(
    bare(_put_along)(g, bare(argsort)(x, axis), np.shape(g), -1 if axis is None else axis), np.shape(x)))  # fmt: skip
def sort(x: TensorLike, axis: int | None = -1) -> Array:
    """x in ascending order along an axis, of the flattened tensor for None."""
    return np.sort(strong(x), axis)
