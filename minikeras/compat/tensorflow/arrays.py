"""Functions of `tf` itself that make, shape, join, index and sort tensors."""

import builtins
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import numpy as np

from ... import ops
from ..._base.checks import one_of
from ..._base.typing import DTypeLike, TensorLike
from ..._core.keras_tensor import KerasTensor
from ..._core.tensor import Tensor, TensorOps, as_array
from ..._core.variable import Variable as KerasVariable
from ...ops.arrays import dry_size
from . import ragged
from .dtypes import TensorShape, as_dtype
from .errors import InvalidArgumentError, UnimplementedError
from .math import axes_of, maximum, minimum, sqrt, unary
from .missing import named
from .sparse import SparseTensor
from .tensors import NAMES, NODE, Rows, alike, array_of, constant, convert_to_tensor, elementwise, on_elements, places


def sizes_of(shape: Any) -> tuple[int, ...]:
    """Return a shape as integers, given as one number, a tensor, or a sequence of numbers and scalar tensors."""
    return tuple(int(n) for n in (shape if np.ndim(shape) or isinstance(shape, list | tuple) else [shape]))


def fill(dims: Any, value: Any, name: str | None = None, **_: Any) -> Tensor:
    """A tensor filled with one value."""
    filler = convert_to_tensor(value).numpy_view()
    return Tensor(np.full(sizes_of(dims), filler, filler.dtype))


def range(start: Any, limit: Any = None, delta: Any = 1, dtype: DTypeLike | None = None, name: str = "range") -> Tensor:
    """Numbers from `start` up to, but without, `limit`; with one argument from 0 up to it."""
    first, last = (0, start) if limit is None else (start, limit)
    numbers = ops.arange(first, last, delta, None if dtype is None else as_dtype(dtype).name)
    if not as_dtype(numbers.dtype).is_floating:
        return numbers
    kind = as_dtype(numbers.dtype).as_numpy_dtype  # each number is computed in this dtype
    return Tensor(kind(first) + np.arange(len(numbers)).astype(kind) * kind(delta))


def linspace(start: Any, stop: Any, num: Any, name: str | None = None, axis: int = 0) -> Tensor:
    """`num` evenly spaced numbers from `start` to `stop`, both included."""
    first, last = alike("LinSpace", convert_to_tensor(start), stop)
    dtype = as_dtype(first.dtype).name
    return ops.linspace(first, last, int(num), dtype=dtype if "float" in dtype else "float64", axis=axis)


@elementwise
def cast(x: Any, dtype: DTypeLike, name: str | None = None) -> Tensor:
    """x converted to another dtype; floats are truncated to integers.

    Example:
        >>> print(cast([1.9, -1.9], "int32"))
        tf.Tensor([ 1 -1], shape=(2,), dtype=int32)
    """
    if isinstance(x, SparseTensor):
        sparse: Any = x.with_values(cast(x.values, dtype))
        return sparse
    tensor = x if isinstance(x, TensorOps) else convert_to_tensor(x)
    if isinstance(tensor, Tensor) and as_dtype(dtype) == tensor.dtype:
        return tensor
    old, new = (NAMES.get(name, name) for name in (as_dtype(tensor.dtype).name, as_dtype(dtype).name))
    if "string" in (old, new):
        raise UnimplementedError(f"{NODE.format('Cast')}Cast {old} to {new} is not supported [Op:Cast] name: ")
    return ops.cast(tensor, as_dtype(dtype).name)


@elementwise
def one_hot(indices: Any, depth: Any, on_value: Any = None, off_value: Any = None, axis: int | None = None,
            dtype: DTypeLike | None = None, name: str | None = None) -> Tensor:  # fmt: skip
    """`on_value` (1) at each index and `off_value` (0) elsewhere, along a new axis of size `depth`."""
    hot = ops.one_hot(convert_to_tensor(indices), int(depth), -1 if axis is None else axis, "bool")
    kinds = [convert_to_tensor(v).dtype for v in (on_value, off_value) if v is not None]
    kind = as_dtype(dtype if dtype is not None else kinds[0] if kinds else "float32").name
    on, off = 1 if on_value is None else on_value, 0 if off_value is None else off_value
    return ops.where(hot, constant(on, kind), constant(off, kind))


def shape(input: Any, out_type: DTypeLike = "int32", name: str | None = None) -> Any:
    """The shape as a tensor; of a symbolic tensor as a tuple, with None for open sizes."""
    if isinstance(input, KerasTensor):
        return input.shape
    sizes = np.shape(input if isinstance(input, TensorOps) else as_array(input))
    return Tensor(np.array(sizes, as_dtype(out_type).name))


def ensure_shape(x: Any, shape: Any, name: str | None = None) -> Tensor:
    """x, if its shape is compatible, else an InvalidArgumentError."""
    y = convert_to_tensor(x)
    if not TensorShape(y.shape).is_compatible_with(shape):
        raise InvalidArgumentError(f"Shape of tensor {list(y.shape)} is not compatible with expected shape {shape}.")
    return y


identity: Callable[..., Tensor] = unary(ops.copy, "A copy of a tensor.")
stop_gradient: Callable[..., Tensor] = unary(ops.stop_gradient, "A tensor through which no gradient flows.")


def reshape(tensor: Any, shape: Any, name: str | None = None) -> Tensor:
    """A tensor with its elements in another shape, of which one size may be -1."""
    x = convert_to_tensor(tensor)
    sizes = [-1 if n is None else int(n) for n in (shape if np.ndim(shape) else [shape])]
    is_whole, total = -1 not in sizes, int(np.prod([n for n in sizes if n != -1], dtype=int))
    if not isinstance(x, KerasTensor) and (x.size != total if is_whole else x.size % max(total, 1)):
        expected = f"the requested shape {'has' if is_whole else 'requires a multiple of'} {total}"
        text = f"Input to reshape is a tensor with {x.size} values, but {expected}"
        raise InvalidArgumentError(f"{NODE.format('Reshape')}{text} [Op:Reshape]")
    return ops.reshape(x, sizes)


def expand_dims(input: Any, axis: Any, name: str | None = None) -> Tensor:
    """A tensor with a new axis of size 1."""
    if isinstance(input, ragged.RaggedTensor):
        rows: Any = input.expanded(axes_of(axis) % (len(input.shape) + 1))
        return rows
    return ops.expand_dims(convert_to_tensor(input), axes_of(axis))


def tile(input: Any, multiples: Any, name: str | None = None) -> Any:
    """A tensor repeated `multiples` times, one number an axis."""
    times = as_array(multiples).tolist()
    if isinstance(input, ragged.RaggedTensor):
        return input.tiled(times)
    x = convert_to_tensor(input)
    if len(times) != len(x.shape):
        raise InvalidArgumentError(f"A tensor of {len(x.shape)} axes needs as many multiples. Received: {times}.")
    return ops.tile(x, times)


def pad(tensor: Any, paddings: Any, mode: str = "CONSTANT", constant_values: Any = 0, name: Any = None) -> Tensor:
    """A tensor padded before and after each axis by the pairs of numbers in `paddings`."""
    kind: Any = mode.lower()
    x = convert_to_tensor(tensor)
    widths = as_array(paddings).astype(int).tolist()
    if len(widths) != len(x.shape) or kind not in ("constant", "reflect", "symmetric"):
        raise InvalidArgumentError(f"A tensor of {len(x.shape)} axes needs as many paddings, in the mode CONSTANT, "
                                   f"REFLECT or SYMMETRIC. Received: paddings={widths}, {mode=}.")  # fmt: skip
    fill: Any = np.array(b"", "object") if as_dtype(x.dtype) == "string" else as_array(constant_values).item()
    return ops.pad(x, widths, kind, fill if kind == "constant" else None)


def _joined(join: Callable[..., Tensor], kernel: str) -> Callable[..., Tensor]:
    def call(values: Any, axis: Any = 0, name: str = kernel) -> Tensor:
        if isinstance(values, TensorOps | np.ndarray):
            values = [values] if kernel == "ConcatV2" else list(convert_to_tensor(values))
        try:
            if any(isinstance(v, Rows) for v in values):
                alike(kernel, *(getattr(v, "flat_values", v) for v in values))  # refuses other dtypes
                rank = max(len(v.shape) for v in values if isinstance(v, ragged.RaggedTensor)) + (kernel == "Pack")
                where = builtins.range(rank)[int(axes_of(axis))]
                return (ragged.concat if kernel == "ConcatV2" else ragged.stack)(values, where)
            return join([convert_to_tensor(v) for v in alike(kernel, *values)], int(axes_of(axis)))
        except (ValueError, IndexError) as error:
            if isinstance(error, InvalidArgumentError):
                raise
            raise InvalidArgumentError(f"{error} [Op:{kernel}] name: {name}") from None

    return call


Unique = NamedTuple("Unique", [("y", Tensor), ("idx", Tensor)])  # noqa: UP014 - in one line
concat: Callable[..., Tensor] = _joined(ops.concatenate, "ConcatV2")
stack: Callable[..., Tensor] = _joined(ops.stack, "Pack")


def split(value: Any, num_or_size_splits: Any, axis: Any = 0, num: Any = None, name: str = "split") -> list[Tensor]:
    """Equal parts along an axis, given their number; or parts of the given sizes, of which one may be -1."""
    x, axis, parts = convert_to_tensor(value), int(axes_of(axis)), as_array(num_or_size_splits)
    if not parts.ndim:
        if x.shape[axis] % int(parts):
            raise InvalidArgumentError(f"Dimension {axis} of size {x.shape[axis]} cannot be split into {parts} parts.")
        return list(ops.split(x, int(parts), axis))
    sizes = parts.astype(int)
    sizes = np.where(sizes < 0, x.shape[axis] - sizes[sizes >= 0].sum(), sizes)
    if sizes.sum() != x.shape[axis] or sizes.min() < 0:
        raise InvalidArgumentError(f"Sizes {parts.tolist()} do not add up to {x.shape[axis]}, the size of axis {axis}.")
    return list(ops.split(x, np.cumsum(sizes)[:-1].tolist(), axis))


def unstack(value: Any, num: int | None = None, axis: int = 0, name: str = "unstack") -> list[Tensor]:
    """Slices along an axis, without this axis."""
    x = convert_to_tensor(value)
    parts = list(ops.unstack(x, num, axis))  # `num` counts if the axis is open
    size = x.shape[axis] if isinstance(x, KerasTensor) else len(parts)
    if None not in (num, size) and num != size:
        raise InvalidArgumentError(f"Input shape axis {axis} must equal {num}, got shape {list(x.shape)} [Op:Unpack]")
    return parts


def _grids(counts: Sequence[int], ndim: int) -> list[Any]:
    """Return `arange` of each of the first axes, shaped to broadcast against `ndim` axes."""
    return [np.arange(n).reshape(-1, *[1] * (ndim - 1 - axis)) for axis, n in enumerate(counts)]


def gather(params: Any, indices: Any, validate_indices: Any = None, axis: Any = None, batch_dims: int = 0,
           name: Any = None) -> Tensor:  # fmt: skip
    """Elements at indices along an axis; the first `batch_dims` axes of both arguments are paired.

    Example:
        >>> print(gather([[1, 2], [3, 4]], [1, 0], batch_dims=1))
        tf.Tensor([2 3], shape=(2,), dtype=int32)
    """
    if isinstance(params, Rows) or isinstance(indices, Rows):
        return ragged.gather(params, indices, int(axes_of(axis) or 0), batch_dims, gather)
    x = params if isinstance(params, KerasVariable) else convert_to_tensor(params)
    if isinstance(x, KerasTensor) or isinstance(indices, KerasTensor):
        return ops.take(x, indices, 0 if axis is None else axis)
    where = as_array(indices)
    where = where if where.size else where.astype("int32")
    axis = builtins.range(x.ndim)[batch_dims if axis is None else int(axes_of(axis))]
    batch = batch_dims % where.ndim if batch_dims < 0 else batch_dims
    outside = (where < 0) | (where >= x.shape[axis])
    if outside.any():
        at = np.argwhere(outside)[0].tolist()
        place = f"indices{str(at).replace(' ', '') if at else ''} = {where[tuple(at)]}"
        raise InvalidArgumentError(f"{NODE.format('GatherV2')}{place} is not in [0, {x.shape[axis]}) [Op:GatherV2]")
    if not batch:
        return ops.take(x, indices if isinstance(indices, TensorOps) else where, axis)
    between = axis - batch
    picked = ops.get_item(ops.moveaxis(x, axis, batch), (*_grids(x.shape[:batch], where.ndim), where))
    old, new = ([*builtins.range(first, first + between)] for first in (where.ndim, batch))
    return ops.moveaxis(picked, old, new) if between else picked


def gather_nd(params: Any, indices: Any, batch_dims: int = 0, name: str | None = None, **_: Any) -> Tensor:
    """Elements or slices at positions, each given by a row of indices."""
    x = convert_to_tensor(params)
    where = places("GatherNd", indices, x.shape[batch_dims:])
    return x[(*(g[..., 0] for g in _grids(x.shape[:batch_dims], where.ndim)), *np.moveaxis(where, -1, 0))]


def boolean_mask(tensor: Any, mask: Any, axis: Any = None, name: str = "boolean_mask") -> Tensor:
    """The elements or slices where a mask is true."""
    whole = (builtins.slice(None),) * int(axis or 0)
    chosen = ops.cast(mask, "bool") if isinstance(mask, TensorOps) else as_array(mask).astype(bool)
    return ops.get_item(convert_to_tensor(tensor), (*whole, chosen))


def where(condition: Any, x: Any = None, y: Any = None, name: str | None = None) -> Tensor:
    """x where a condition holds, and y elsewhere; without x and y, the positions where it holds, one a row."""
    if isinstance(condition, ragged.RaggedTensor):
        cells = condition.to_sparse()
        rows: Tensor = boolean_mask(cells.indices, cells.values) if x is None else on_elements(where, condition, x, y)
        return rows
    if x is None and y is None:
        places, count = as_array(condition), dry_size(condition)
        return Tensor(np.zeros((count, places.ndim), int) if count else np.argwhere(places))
    test = condition if isinstance(condition, TensorOps) else as_array(condition)
    return ops.where(test, *alike("SelectV2", x if isinstance(y, TensorOps) else convert_to_tensor(x), y))


def slice(input_: Any, begin: Any, size: Any, name: str | None = None) -> Tensor:
    """A block that starts at `begin`; a size of -1 takes the rest of its axis."""
    starts, sizes = as_array(begin).astype(int).tolist(), as_array(size).astype(int).tolist()
    x = convert_to_tensor(input_)
    for axis, (start, n, length) in enumerate(zip(starts, sizes, x.shape, strict=True)):
        if length is not None and not (0 <= start <= length and n <= length - start):
            what, limit, got = ("size", length - start, n) if 0 <= start <= length else ("begin", length, start)
            expected = f"Expected {what}[{axis}] in [0, {limit}], but got {got}"
            raise InvalidArgumentError(f"{NODE.format('Slice')}{expected} [Op:Slice]")
    parts = [builtins.slice(start, None if n < 0 else start + n) for start, n in zip(starts, sizes, strict=True)]
    return ops.get_item(x, tuple(parts))


def _scattered(reduction: str | None, sign: int = 1) -> Callable[..., Tensor]:
    def call(tensor: Any, indices: Any, updates: Any, name: str | None = None) -> Tensor:
        x, new = map(convert_to_tensor, alike("TensorScatterUpdate", convert_to_tensor(tensor), updates))
        where = places("TensorScatterUpdate", indices, x.shape)
        return ops.scatter_update(x, where, new if sign > 0 else -new, reduction)

    return call


tensor_scatter_nd_update: Callable[..., Tensor] = _scattered(None)
tensor_scatter_nd_add: Callable[..., Tensor] = _scattered("add")
tensor_scatter_nd_sub: Callable[..., Tensor] = _scattered("add", -1)
tensor_scatter_nd_max: Callable[..., Tensor] = _scattered("max")
tensor_scatter_nd_min: Callable[..., Tensor] = _scattered("min")


class IndexedSlices:
    """Values of some rows of a tensor, and the numbers of these rows."""

    def __init__(self, values: Any, indices: Any, dense_shape: Any = None) -> None:
        self.values: Tensor = convert_to_tensor(values)
        self.indices: Tensor = convert_to_tensor(indices)
        self.dense_shape: Any = dense_shape


def _descending(direction: str) -> bool:
    return one_of("direction", direction, ("ASCENDING", "DESCENDING")) == "DESCENDING"


def argsort(values: Any, axis: int = -1, direction: str = "ASCENDING", stable: bool = False,
            name: Any = None) -> Tensor:  # fmt: skip
    """Indices that sort an axis; equal elements keep their order."""
    x = array_of(values)
    if _descending(direction):
        return ops.moveaxis(ops.top_k(ops.moveaxis(x, axis, -1), x.shape[axis])[1], -1, axis)
    return Tensor(np.argsort(x, axis, kind="stable").astype("int32"))


def unique(x: Any, out_idx: DTypeLike = "int32", name: str | None = None) -> Unique:
    """The distinct elements of a vector in order of first occurrence, and the index of each element among them."""
    values = convert_to_tensor(x).numpy_view()
    values = np.arange(dry_size(x)).astype(values.dtype) if dry_size(x) else values
    _, first, inverse = np.unique(values, return_index=True, return_inverse=True)
    order = np.argsort(first)
    return Unique(Tensor(values[first[order]]), Tensor(np.argsort(order)[inverse].astype(as_dtype(out_idx).name)))


@elementwise
def clip_by_value(t: Any, clip_value_min: Any, clip_value_max: Any, name: str | None = None) -> Tensor:
    """A tensor with its elements clipped to limits."""
    x, low, high = alike("ClipByValue", convert_to_tensor(t), clip_value_min, clip_value_max)
    return maximum(minimum(x, high), low)


def global_norm(t_list: Sequence[Any], name: str | None = None) -> Tensor:
    """The L2 norm of several tensors taken as one vector."""
    return ops.sqrt(ops.sum(ops.stack([ops.sum(ops.square(convert_to_tensor(t))) for t in t_list if t is not None])))


def clip_by_global_norm(t_list: Sequence[Any], clip_norm: Any, use_norm: TensorLike | None = None,
                        name: str | None = None) -> tuple[list[Any], Tensor]:  # fmt: skip
    """Tensors scaled down to a global norm of at most `clip_norm`, and their global norm before."""
    norm = global_norm(t_list) if use_norm is None else convert_to_tensor(use_norm)
    scale = clip_norm / ops.maximum(norm, clip_norm)
    return [None if t is None else convert_to_tensor(t) * scale for t in t_list], norm


transpose: Callable[..., Tensor]
sort: Callable[..., Tensor]
globals().update(named({
    "zeros": ("Zeros, float32 by default.",
        lambda shape, dtype="float32", name=None, **_:
            fill(shape, b"" if as_dtype(dtype).name == "string" else np.zeros((), as_dtype(dtype).as_numpy_dtype))),
    "ones": ("Ones, float32 by default.",
        lambda shape, dtype="float32", name=None, **_: fill(shape, np.ones((), as_dtype(dtype).as_numpy_dtype))),
    **{f"{kind}_like": (f"{kind.title()} in the shape of another tensor.",
        elementwise(lambda input, dtype=None, name=None, kind=kind, **_: getattr(ops, f"{kind}_like")(
            convert_to_tensor(input), None if dtype is None else as_dtype(dtype).name)))
       for kind in ("zeros", "ones")},
    "sequence_mask": ("True at the positions before each length.",
        lambda lengths, maxlen=None, dtype="bool", name=None: Tensor((
            np.arange(as_array(lengths).max() if maxlen is None else int(maxlen)) < as_array(lengths)[..., None]
        ).astype(as_dtype(dtype).name))),
    "size": ("The number of elements.",
        lambda input, out_type="int32", name=None: Tensor(np.asarray(
            ops.size(convert_to_tensor(getattr(input, "flat_values", input))), as_dtype(out_type).name))),
    "clip_by_norm": ("A tensor scaled down to an L2 norm of at most `clip_norm`.",
        lambda t, clip_norm, axes=None, name=None: (x := convert_to_tensor(t)) * clip_norm / maximum(
            sqrt(ops.sum(ops.square(x), axes_of(axes), True)), clip_norm)),
    "transpose": ("A tensor with its axes in another order, reversed by default.",
        lambda a, perm=None, conjugate=False, name=None: ops.transpose(
            (ops.conj if conjugate else convert_to_tensor)(convert_to_tensor(a)), axes_of(perm))),
    "sort": ("Elements sorted along an axis.",
        lambda values, axis=-1, direction="ASCENDING", name=None: (ops.flip if _descending(direction) else identity)(
            ops.sort(convert_to_tensor(values), axis), axis)),
    "rank": ("The number of axes.",
        lambda input, name=None: Tensor(np.asarray(
            len((input if isinstance(input, ragged.RaggedTensor) else convert_to_tensor(input)).shape), "int32"))),
    "squeeze": ("A tensor without all its axes of size 1, or without those given.",
        lambda input, axis=None, name=None:
            ops.squeeze(convert_to_tensor(input), None if (axes := axes_of(axis)) == () else axes)),
    "broadcast_to": ("A tensor repeated to fill a shape.",
        lambda input, shape, name=None: ops.broadcast_to(convert_to_tensor(input), sizes_of(shape))),
    "repeat": ("Each element repeated.",
        lambda input, repeats, axis=None, name=None: ops.repeat(convert_to_tensor(input), repeats, axes_of(axis))),
    "reverse": ("A tensor with the order along axes reversed.",
        lambda tensor, axis, name=None: ops.flip(convert_to_tensor(tensor), axes_of(axis))),
    "roll": ("A tensor shifted along axes.",
        lambda input, shift, axis, name=None: ops.roll(convert_to_tensor(input), axes_of(shift), axes_of(axis))),
    "meshgrid": ("Coordinate arrays of a grid.",
        lambda *args, indexing="xy", name=None: list(ops.meshgrid(*map(convert_to_tensor, args), indexing=indexing))),
    "dynamic_partition": ("A list of the rows of each partition number.",
        lambda data, partitions, num_partitions, name=None:
            [boolean_mask(data, as_array(partitions) == i) for i in builtins.range(num_partitions)]),
    "scatter_nd": ("Zeros with updates added at positions, each a row of indices.",
        lambda indices, updates, shape, name=None:
            ops.scatter(places("ScatterNd", indices, sizes_of(shape)), convert_to_tensor(updates), sizes_of(shape))),
    }))  # fmt: skip
