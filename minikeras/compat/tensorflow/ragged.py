"""`tf.ragged`: rows of different lengths."""

import functools
import math
from collections.abc import Callable, Iterator
from itertools import chain, pairwise
from typing import Any

import numpy as np
from numpy.lib.array_utils import normalize_axis_index

from ... import ops
from ..._base.typing import Array, DTypeLike
from ..._core.tensor import Tensor, TensorOps, as_array
from .dtypes import TensorShape, TensorSpec, accessor, as_dtype
from .errors import InvalidArgumentError
from .missing import missing
from .sparse import SparseTensor
from .tensors import Rows, array_of, constant as _constant, convert_to_tensor, empty_of, on_elements

__getattr__: Callable[[str], Any] = missing(__name__)


class RaggedTensor(Rows):
    """Rows of different lengths, stored as the values of all rows in one tensor, and the splits between the rows.

    Example:
        >>> t = constant([[1, 2], [], [3]])
        >>> t
        <tf.RaggedTensor [[1, 2], [], [3]]>
        >>> t.to_tensor().numpy().tolist()
        [[1, 2], [0, 0], [3, 0]]
    """

    def __init__(self, values: Any, row_splits: Any) -> None:
        self.values: Any = values if isinstance(values, RaggedTensor) else convert_to_tensor(values)
        self.row_splits: Tensor = Tensor(as_array(row_splits).astype("int64"))

    @classmethod
    def from_row_splits(cls, values: Any, row_splits: Any, name: Any = None, validate: bool = True) -> "RaggedTensor":
        """Return rows of values: row i is `values[row_splits[i] : row_splits[i + 1]]`."""
        ends = as_array(row_splits)
        if validate and (ends[0] != 0 or ends[-1] != len(values) or (np.diff(ends) < 0).any()):
            raise InvalidArgumentError(f"Splits must rise from 0 to {len(values)}. Received: {ends.tolist()!r:.80}")
        return cls(values, ends)

    @classmethod
    def from_nested_row_splits(cls, flat_values: Any, nested_row_splits: Any, *_: Any, **__: Any) -> Any:
        """Return nested rows, given the splits from the outermost level to the innermost."""
        return functools.reduce(cls.from_row_splits, reversed(list(nested_row_splits)), flat_values)

    @classmethod
    def from_sparse(cls, st_input: SparseTensor, name: Any = None, row_splits_dtype: Any = None) -> "RaggedTensor":
        """Return the rows of a sparse matrix, whose elements must be the leftmost ones of each row."""
        if len(st_input.shape) != 2:
            raise ValueError("rank(st_input) must be 2.")
        rows, columns = as_array(st_input.indices).T
        ragged = cls.from_value_rowids(st_input.values, rows, st_input.shape[0])
        if not np.array_equal(columns, ragged.coordinates[1]):
            raise InvalidArgumentError("SparseTensor is not right-ragged")
        return ragged

    @classmethod
    def from_row_lengths(cls, values: Any, row_lengths: Any, name: Any = None, validate: bool = True) -> "RaggedTensor":
        """Return rows of the given lengths."""
        return cls.from_row_splits(values, np.concatenate([[0], np.cumsum(as_array(row_lengths))]), None, validate)

    @classmethod
    def from_uniform_row_length(cls, values: Any, uniform_row_length: Any, nrows: Any = None,
                                **_: Any) -> "RaggedTensor":  # fmt: skip
        """Return rows of equal length."""
        size = int(uniform_row_length)
        return cls(values, size * np.arange(1 + (len(values) // size if size else int(nrows or 0))))

    @classmethod
    def from_value_rowids(cls, values: Any, value_rowids: Any, nrows: Any = None, **_: Any) -> "RaggedTensor":
        """Return rows of values, given the row number of each value, in ascending order."""
        return cls.from_row_lengths(values, np.bincount(as_array(value_rowids), minlength=int(nrows or 0)))

    @classmethod
    def from_tensor(cls, tensor: Any, lengths: Any = None, padding: Any = None, ragged_rank: int = 1,
                    **_: Any) -> "RaggedTensor":  # fmt: skip
        """Return the rows of a tensor, without the padding at their ends."""
        array = array_of(tensor)
        if not 0 < ragged_rank < array.ndim or (lengths is not None and padding is not None):
            raise ValueError("from_tensor takes one of `lengths` and `padding`, and a `ragged_rank` from 1 to the "
                             f"tensor's rank - 1. Received: {ragged_rank=}, {array.shape=}")  # fmt: skip
        *outer, width = array.shape[1 : ragged_rank + 1]
        rows = array.reshape(math.prod(array.shape[:ragged_rank]), *array.shape[ragged_rank:])
        if padding is not None:
            TensorShape((unlike := array_of(padding)).shape).assert_is_compatible_with(rows.shape[2:])
            lengths = ((rows != unlike).any(tuple(range(2, rows.ndim))) * np.arange(1, width + 1)).max(1, initial=0)
        sizes = np.clip(np.full(len(rows), width) if lengths is None else as_array(lengths), 0, width)
        ragged = cls.from_row_lengths(rows[np.arange(width) < sizes[:, None]], sizes)
        return functools.reduce(cls.from_uniform_row_length, reversed(outer), ragged)

    flat_values: Tensor = accessor(lambda self: self._levels()[-1].values, "All values, in one tensor.")
    dtype: Any = accessor(lambda self: as_dtype(self.flat_values.dtype), "The dtype of the values.")
    spec: "RaggedTensorSpec" = accessor(lambda self: RaggedTensorSpec(self.shape, self.dtype, self.ragged_rank))
    shape: TensorShape = accessor(lambda self: TensorShape([len(self), None, *self.values.shape[1:]]))
    ragged_rank: int = accessor(lambda self: len(self._levels()), "The number of ragged axes.")

    def get_shape(self) -> TensorShape:
        """Return the sizes of the axes, None for ragged ones."""
        return self.shape

    def _levels(self) -> list["RaggedTensor"]:
        """Return this tensor and the ragged tensors nested in it, the outermost first."""
        return [self, *(self.values._levels() if isinstance(self.values, RaggedTensor) else ())]

    nested_row_splits: tuple[Tensor, ...] = accessor(
        lambda self: tuple(level.row_splits for level in self._levels()), "Splits, outermost first.")  # fmt: skip

    def nested_row_lengths(self, name: Any = None) -> tuple[Tensor, ...]:
        """The row lengths of each level, the outermost first."""
        return tuple(level.row_lengths() for level in self._levels())

    def nested_value_rowids(self, name: Any = None) -> tuple[Tensor, ...]:
        """The row number of each value, on each level, the outermost first."""
        return tuple(level.value_rowids() for level in self._levels())

    @property
    def _ancestors(self) -> list[Array]:
        """For each flat value: the number of its row on each level, the outermost first, and last its own number."""
        numbers = [np.arange(len(self.flat_values))]
        for rowids in reversed(self.nested_value_rowids()):
            numbers.insert(0, as_array(rowids)[numbers[0]])
        return numbers

    @property
    def coordinates(self) -> list[Array]:
        """For each flat value: its index along each axis, up to the innermost ragged one."""
        first, *others = self._ancestors
        starts = [as_array(level.row_starts()) for level in self._levels()]
        return [first, *(n - start[row] for row, n, start in zip([first, *others], others, starts, strict=False))]

    def fitted(self, other: Any) -> Any:
        """Return another operand of an elementwise operation, broadcast to the flat values.

        Raises:
            InvalidArgumentError: if it does not broadcast: a size is neither 1 nor the length of all rows.
        """
        flat, places = self.flat_values, self.coordinates
        sizes = [{len(self)}, *({*as_array(n).tolist()} for n in self.nested_row_lengths())]
        if isinstance(other, RaggedTensor):
            depth = other.ragged_rank
            pairs = zip(other.nested_row_splits, self.nested_row_splits, strict=False)
            if not all(np.array_equal(a, b) for a, b in pairs):
                raise InvalidArgumentError(f"The rows of {other!r:.80} and {self!r:.80} have different lengths.")
            places = [self._ancestors[depth], *places[depth + 1 :]]
            sizes = [{len(other.flat_values)}, *sizes[depth + 1 :]]
            other = other.flat_values
        elif not isinstance(other, TensorOps | np.ndarray | list) or np.ndim(other) < np.ndim(flat):
            return other
        operand = convert_to_tensor(other)
        new_axes = len(places) + np.ndim(flat) - 1 - np.ndim(operand)
        operand = ops.reshape(operand, (1,) * new_axes + tuple(operand.shape))
        for axis, (size, lengths) in enumerate(zip(operand.shape, sizes, strict=False)):
            if size != 1 and lengths != {size}:
                raise InvalidArgumentError(f"Size {size} of axis {axis} does not fit row lengths {sorted(lengths)}.")
        return operand[tuple(i if n != 1 else np.zeros_like(i) for i, n in zip(places, operand.shape, strict=False))]

    def take(self, rows: Any) -> "RaggedTensor":
        """Return the rows with the given numbers."""
        starts, sizes = (as_array(x)[np.array(rows, int)].astype(int) for x in (self.row_starts(), self.row_lengths()))
        places = np.repeat(starts - np.cumsum(sizes) + sizes, sizes) + np.arange(sizes.sum())
        return self.from_row_lengths(_take(self.values, places), sizes)

    def row_lengths(self, axis: int = 1, name: Any = None) -> Any:
        """The lengths of the rows, or those of the nested rows along a later axis."""
        if axis > 1:
            return self.with_values(self.values.row_lengths(axis - 1))
        return Tensor(np.diff(as_array(self.row_splits)))

    def row_starts(self, name: Any = None) -> Tensor:
        """The index of the first value of each row."""
        return self.row_splits[:-1]

    def value_rowids(self, name: Any = None) -> Tensor:
        """The row number of each value."""
        return Tensor(np.repeat(np.arange(len(self)), as_array(self.row_lengths()).astype(int)))

    def nrows(self, out_type: Any = None, name: Any = None) -> Tensor:
        """The number of rows."""
        return Tensor(np.asarray(len(self), as_dtype(out_type or "int64").name))

    def bounding_shape(self, axis: Any = None, name: Any = None, out_type: Any = None) -> Tensor:
        """The smallest shape into which all rows fit."""
        longest = (as_array(lengths).max(initial=0) for lengths in self.nested_row_lengths())
        shape = Tensor(np.array([len(self), *longest, *self.flat_values.shape[1:]], as_dtype(out_type or "int64").name))
        return shape if axis is None else shape[axis]

    def to_sparse(self, name: Any = None) -> SparseTensor:
        """Return the elements as a sparse tensor."""
        values, inner = self.flat_values, np.indices(self.flat_values.shape).reshape(np.ndim(self.flat_values), -1)
        indices = [*(place[inner[0]] for place in self.coordinates), *inner[1:]]
        return SparseTensor(np.stack(indices, 1), ops.reshape(values, (-1,)), self.bounding_shape())

    def with_values(self, new_values: Any) -> "RaggedTensor":
        """Return the same rows of other values."""
        return RaggedTensor(new_values, self.row_splits)

    def with_flat_values(self, new_values: Any) -> "RaggedTensor":
        """Return the same rows, on all levels, of other flat values."""
        return functools.reduce(lambda values, level: level.with_values(values), reversed(self._levels()), new_values)

    def merge_dims(self, outer_axis: int, inner_axis: int) -> Any:
        """Return the values with the axes from the outer to the inner one merged into one."""
        first, last = (normalize_axis_index(axis, len(self.shape)) for axis in (outer_axis, inner_axis))
        if first > last:
            raise ValueError(f"Expected outer_axis ({first}) to be less than or equal to inner_axis ({last}).")
        return _merged(self, first, last)

    def to_list(self) -> list[Any]:
        """Return nested lists of the values."""
        return [row.to_list() if isinstance(row, RaggedTensor) else row.numpy_view().tolist() for row in self]

    def to_tensor(self, default_value: Any = None, name: Any = None, shape: Any = None) -> Tensor:
        """Return a tensor of the rows, padded to the longest one, or padded and cut to a shape."""
        kind = as_array(self.flat_values).dtype
        fill = empty_of(kind) if default_value is None else array_of(default_value)
        sizes = as_array(self.bounding_shape()).tolist()
        if shape is not None:
            sizes = [n if asked is None else int(asked) for n, asked in zip(sizes, TensorShape(shape), strict=True)]
        places = np.stack(self.coordinates, 1)
        inside = np.flatnonzero((places < sizes[: places.shape[1]]).all(1))
        return ops.scatter_update(np.full(sizes, fill, kind), places[inside], ops.take(self.flat_values, inside, 0))

    def reduced(self, reduce: Callable[..., Any], axes: set[int]) -> Any:
        """Return a reduction of the values along axes, which are not negative."""
        inner = {axis - 1 for axis in axes if axis}
        if 0 in axes and 1 in axes:
            return _reduced(reduce, self.values, inner)
        if not axes & {0, 1}:
            return self.with_values(_reduced(reduce, self.values, inner)) if axes else self
        parts: Any = self
        if 0 in axes:
            column = np.arange(len(self.values)) - as_array(self.row_starts())[as_array(self.value_rowids())]
            parts = [_take(self.values, np.flatnonzero(column == i)) for i in range(max(column, default=-1) + 1)]
        parts = [_reduced(reduce, part, inner | (axes & {0})) for part in parts]
        if isinstance(self.values, RaggedTensor):
            return stack(parts) if parts else _reduced(reduce, self.values[:0], inner)
        return ops.stack(parts) if parts else self.values[:0]

    def expanded(self, axis: int) -> "RaggedTensor":
        """Return the rows with a new axis of size 1."""
        if axis < 2:
            return self.from_row_lengths(self, [1] * len(self) if axis else [len(self)])
        nested = isinstance(self.values, RaggedTensor)
        return self.with_values(self.values.expanded(axis - 1) if nested else ops.expand_dims(self.values, axis - 1))

    def tiled(self, multiples: Any) -> "RaggedTensor":
        """Return the rows repeated, with one number of repeats for each axis."""
        first, times, *rest = multiples
        nested = isinstance(self.values, RaggedTensor)
        values = self.values.tiled([1, *rest]) if nested else ops.tile(self.values, [1, *rest])
        places = [i for ends in pairwise(as_array(self.row_splits).tolist()) for i in [*range(*ends)] * times]
        tiled = self.from_row_lengths(_take(values, places), as_array(self.row_lengths()) * times)
        return tiled.take([*range(len(self))] * first)

    def numpy(self) -> Array:
        """Return an array of the rows; an array of arrays if their lengths differ."""
        rows = np.split(self.values.numpy(), as_array(self.row_splits)[1:-1]) if len(self) else []
        return np.array(rows, None if len({len(row) for row in rows}) == 1 else object)

    def __len__(self) -> int:
        return len(as_array(self.row_splits)) - 1

    def __iter__(self) -> Iterator[Any]:
        return (self[i] for i in range(len(self)))

    def __getitem__(self, key: Any) -> Any:
        first, *inner = key if isinstance(key, tuple) else (key,)
        if not isinstance(first, slice):
            splits, i = as_array(self.row_splits), range(len(self))[int(first)]
            row = self.values[int(splits[i]) : int(splits[i + 1])]
            return row[tuple(inner)] if inner else row
        rows = self.take(range(*first.indices(len(self))))
        if not inner:
            return rows
        if not isinstance(inner[0], slice):
            return stack([row[tuple(inner)] for row in rows])
        places = [range(*ends)[inner[0]] for ends in pairwise(as_array(rows.row_splits).tolist())]
        values = _take(rows.values, [*chain(*places)])
        return self.from_row_lengths(values[(slice(None), *inner[1:])], [*map(len, places)])

    def __repr__(self) -> str:
        def shown(x: Any) -> str:
            if isinstance(x, np.ndarray):
                return np.array2string(x, separator=", ") if x.size else str(x.tolist())
            return str(x)

        with np.printoptions(formatter={"all": shown}):
            return f"<tf.RaggedTensor {shown(self.numpy())}>"


def _take(values: Any, places: Any) -> Any:
    places = np.asarray(places, int)
    return values.take(places) if isinstance(values, RaggedTensor) else ops.take(values, places, 0)


def _reduced(reduce: Callable[..., Any], values: Any, axes: set[int]) -> Any:
    return values.reduced(reduce, axes) if isinstance(values, RaggedTensor) else reduce(values, tuple(axes))


def _merged(values: Any, first: int, last: int) -> Any:
    if first == last:
        return values
    if not isinstance(values, RaggedTensor):
        shape = values.shape
        return ops.reshape(values, (*shape[:first], math.prod(shape[first : last + 1]), *shape[last + 1 :]))
    inner, splits = values.values, values.row_splits
    if first == 0:
        return _merged(inner, 0, last - 1)
    if first > 1:
        return values.with_values(_merged(inner, first - 1, last - 1))
    if isinstance(inner, RaggedTensor):
        return _merged(RaggedTensor(inner.values, inner.row_splits[splits]), 1, last - 1)
    return RaggedTensor(_merged(inner, 0, last - 1), splits * math.prod(inner.shape[1:last]))


def gather(params: Any, indices: Any, axis: int, batch_dims: int, dense: Callable[..., Any]) -> Any:
    """Return the elements at indices, where either argument may be ragged; `dense` gathers if neither is."""
    if not isinstance(params, RaggedTensor) and not isinstance(indices, RaggedTensor):
        return dense(params, indices, axis=axis, batch_dims=batch_dims)
    if batch_dims:
        pairs = zip(params, indices, strict=True)
        return stack([gather(*pair, max(axis, 1) - 1, batch_dims - 1, dense) for pair in pairs])
    if axis:
        return stack([gather(row, indices, axis - 1, 0, dense) for row in params])
    if isinstance(indices, RaggedTensor):
        return indices.with_flat_values(gather(params, indices.flat_values, 0, 0, dense))
    where = as_array(dense(np.arange(len(params)), indices))
    if not where.ndim:
        return params[where]
    return functools.reduce(RaggedTensor.from_uniform_row_length, reversed(where.shape[1:]), params.take(where.ravel()))


class RaggedTensorSpec(TensorSpec):
    """Shape, dtype and number of ragged axes of a ragged tensor.

    Example:
        >>> RaggedTensorSpec([None, None], "int32")
        RaggedTensorSpec(TensorShape([None, None]), tf.int32, 1, tf.int64)
    """

    def __init__(self, shape: Any = None, dtype: DTypeLike = "float32", ragged_rank: int | None = None,
                 row_splits_dtype: DTypeLike = "int64", *_: Any, **__: Any) -> None:  # fmt: skip
        super().__init__(shape, dtype)
        self.ragged_rank: int = len(self.shape) - 1 if ragged_rank is None else ragged_rank

    @classmethod
    def from_value(cls, value: Any) -> Any:
        """Return the specification of a ragged tensor."""
        return value.spec

    def like(self, shape: Any) -> "RaggedTensorSpec":
        return RaggedTensorSpec(shape, self.dtype, self.ragged_rank + len(shape) - len(self.shape))

    def _fields(self) -> tuple[Any, ...]:
        return *super()._fields(), self.ragged_rank

    def stack(self, elements: Any) -> Any:
        """Return a ragged tensor with the elements as its rows."""
        if n := self.ragged_rank:
            elements = (x if isinstance(x, Rows) else RaggedTensor.from_tensor(x, ragged_rank=n) for x in elements)
        return stack(elements)

    def __repr__(self) -> str:
        return f"RaggedTensorSpec({self.shape!r}, {self.dtype!r}, {self.ragged_rank}, tf.int64)"


def constant(pylist: Any, dtype: DTypeLike | None = None, ragged_rank: int | None = None, inner_shape: Any = None,
             name: str | None = None, row_splits_dtype: DTypeLike = "int64") -> Any:  # fmt: skip
    """Return nested lists as a ragged tensor, or a flat list as a tensor."""
    if inner_shape or as_dtype(row_splits_dtype).name != "int64":
        raise NotImplementedError("tf.ragged.constant takes no `inner_shape` here, and int64 row splits. Received: "
                                  f"inner_shape={inner_shape}, row_splits_dtype={row_splits_dtype}.")  # fmt: skip
    if not any(isinstance(row, list | tuple | np.ndarray) for row in pylist):
        return _constant(pylist, dtype)
    if not all(isinstance(row, list | tuple | np.ndarray) for row in pylist):
        raise ValueError("all scalar values must have the same nesting depth")
    values = [item.item() if isinstance(item, np.integer) else item for row in pylist for item in row]
    inner = constant if values and ragged_rank != 1 else _constant
    return RaggedTensor.from_row_lengths(inner(values, dtype), [len(row) for row in pylist])


def stack(values: Any, axis: int = 0, name: Any = None) -> Any:
    """Return a ragged tensor with tensors as its rows, which may differ in length; of scalars, a tensor."""
    rows = list(values)
    if axis:
        return stack([stack(parts, axis - 1) for parts in zip(*rows, strict=True)])
    if all(not isinstance(row, Rows) and np.ndim(as_array(row)) == 0 for row in rows):
        return convert_to_tensor(rows)
    joined: Any = np.zeros(0)
    if any(isinstance(row, RaggedTensor) for row in rows):
        rows = [row if isinstance(row, RaggedTensor) else RaggedTensor.from_tensor(row) for row in rows]
        inner = [row.values for row in rows]
        below = stack(inner).values if isinstance(inner[0], RaggedTensor) else ops.concatenate(inner)
        joined = RaggedTensor.from_row_lengths(below, np.concatenate([as_array(row.row_lengths()) for row in rows]))
    elif rows:
        joined = ops.concatenate([convert_to_tensor(row) for row in rows])
    return RaggedTensor.from_row_lengths(joined, [len(row) for row in rows])


def concat(values: Any, axis: int) -> Any:
    """Return ragged tensors (and tensors) concatenated: axis 0 appends rows, axis 1 joins the rows pairwise."""
    if axis and not any(isinstance(value, RaggedTensor) for value in values):
        return ops.concatenate(values, axis)
    if axis > 1 and all(isinstance(value, RaggedTensor) for value in values):
        return values[0].with_values(concat([value.values for value in values], axis - 1))
    return stack([concat(parts, axis - 1) for parts in zip(*values, strict=True)]) if axis else stack(values).values


map_flat_values: Callable[..., Any] = on_elements
