"""`tf.ragged`: rows of different lengths."""

from collections.abc import Callable, Iterator
from itertools import chain
from typing import Any

import numpy as np

from ..._base.typing import Array, DTypeLike
from ..._core.tensor import Tensor, as_array
from .dtypes import TensorShape, as_dtype
from .missing import missing
from .tensors import Rows, array_of, convert_to_tensor, empty_of, on_elements
from .tensors import constant as _constant

__getattr__: Callable[[str], Any] = missing(__name__)


class RaggedTensor(Rows):
    """Rows of different lengths: all values one behind the other, and where each row ends.

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
        """Return rows that end where the splits say."""
        return cls(values, row_splits)

    @classmethod
    def from_row_lengths(cls, values: Any, row_lengths: Any, name: Any = None, validate: bool = True) -> "RaggedTensor":
        """Return rows of these lengths."""
        return cls(values, np.concatenate([[0], np.cumsum(as_array(row_lengths))]))

    @classmethod
    def from_uniform_row_length(cls, values: Any, uniform_row_length: Any, nrows: Any = None,
                                **_: Any) -> "RaggedTensor":  # fmt: skip
        """Return rows of one length."""
        size = int(uniform_row_length)
        return cls(values, size * np.arange(1 + (len(values) // size if size else int(nrows or 0))))

    @classmethod
    def from_row_starts(cls, values: Any, row_starts: Any, name: Any = None, validate: bool = True) -> "RaggedTensor":
        """Return rows that begin at these places."""
        return cls(values, [*as_array(row_starts), len(values)])

    @classmethod
    def from_row_limits(cls, values: Any, row_limits: Any, name: Any = None, validate: bool = True) -> "RaggedTensor":
        """Return rows that end at these places."""
        return cls(values, [0, *as_array(row_limits)])

    @classmethod
    def from_value_rowids(cls, values: Any, value_rowids: Any, nrows: Any = None, **_: Any) -> "RaggedTensor":
        """Return values in the rows of these numbers, which do not decrease."""
        return cls.from_row_lengths(values, np.bincount(as_array(value_rowids), minlength=int(nrows or 0)))

    @classmethod
    def from_tensor(cls, tensor: Any, lengths: Any = None, padding: Any = None, **_: Any) -> "RaggedTensor":
        """Return the rows of a tensor, without the padding at their ends."""
        array = array_of(tensor)
        sizes: Any = np.full(len(array), array.shape[1]) if lengths is None else as_array(lengths)
        if padding is not None:
            filled = array != array_of(padding)
            sizes = np.where(filled.any(1), array.shape[1] - np.argmax(filled[:, ::-1], 1), 0)
        return cls.from_row_lengths(np.concatenate([row[:n] for row, n in zip(array, sizes, strict=True)]), sizes)

    @property
    def flat_values(self) -> Tensor:
        """All values, one behind the other."""
        values: Tensor = self.values.flat_values if isinstance(self.values, RaggedTensor) else self.values
        return values

    @property
    def dtype(self) -> Any:
        """The dtype of the values."""
        return as_dtype(self.flat_values.dtype)

    @property
    def shape(self) -> TensorShape:
        """Sizes of the axes, None for those that differ."""
        return TensorShape([len(self), None, *self.values.shape[1:]])

    def get_shape(self) -> TensorShape:
        """The same as `shape`."""
        return self.shape

    @property
    def ragged_rank(self) -> int:
        """How many axes differ in size."""
        return 1 + (self.values.ragged_rank if isinstance(self.values, RaggedTensor) else 0)

    def row_lengths(self, axis: int = 1, name: Any = None) -> Any:
        """The lengths of the rows, or of the rows within them along a later axis."""
        if axis > 1:
            return self.with_values(self.values.row_lengths(axis - 1))
        return Tensor(np.diff(as_array(self.row_splits)))

    def row_starts(self, name: Any = None) -> Tensor:
        """Where the rows begin."""
        return self.row_splits[:-1]

    def row_limits(self, name: Any = None) -> Tensor:
        """Where the rows end."""
        return self.row_splits[1:]

    def value_rowids(self, name: Any = None) -> Tensor:
        """The row of each value."""
        return Tensor(np.repeat(np.arange(len(self)), as_array(self.row_lengths())))

    def nrows(self, out_type: Any = None, name: Any = None) -> Tensor:
        """The number of rows."""
        return Tensor(np.asarray(len(self), "int64"))

    def bounding_shape(self, axis: Any = None, name: Any = None, out_type: Any = None) -> Tensor:
        """The shape that all rows fit into."""
        return Tensor(np.asarray(self.to_tensor().shape, "int64"))

    def with_values(self, new_values: Any) -> "RaggedTensor":
        """Return other values in rows of the same lengths."""
        return RaggedTensor(new_values, self.row_splits)

    def with_flat_values(self, new_values: Any) -> "RaggedTensor":
        """Return other values in the innermost rows."""
        nested = isinstance(self.values, RaggedTensor)
        return self.with_values(self.values.with_flat_values(new_values) if nested else new_values)

    def to_list(self) -> list[Any]:
        """Return the rows as lists."""
        return [row.to_list() if isinstance(row, RaggedTensor) else row.numpy_view().tolist() for row in self]

    def to_tensor(self, default_value: Any = None, name: Any = None, shape: Any = None) -> Tensor:
        """Return the rows as one tensor, filled up to the longest, or to a shape."""
        rows = [as_array(row.to_tensor(default_value) if isinstance(row, RaggedTensor) else row) for row in self]
        kind = as_array(self.flat_values).dtype
        fill = empty_of(kind) if default_value is None else array_of(default_value)
        inner = np.max([row.shape for row in rows], axis=0, initial=0) if rows else [0]
        sizes = [len(rows), *inner]
        if shape is not None:
            sizes = [n if asked is None else int(asked) for n, asked in zip(sizes, TensorShape(shape), strict=True)]
        whole = np.full(sizes, fill, kind)
        for place, row in zip(whole, rows, strict=False):
            part = row[tuple(slice(n) for n in place.shape)]
            place[tuple(slice(n) for n in part.shape)] = part
        return Tensor(whole)

    def reduced(self, reduce: Callable[..., Any], axis: Any) -> Any:
        """Return what a reduction makes of all values, or of each row."""
        if axis is None:
            return reduce(self.flat_values)
        if axis == 0:
            raise ValueError(f"minikeras reduces ragged tensors along their rows. Received: axis={axis!r}, "
                             f"{self!r:.80}.")  # fmt: skip
        return stack([reduce(row, axis - 1 if axis > 0 else axis) for row in self])

    def numpy(self) -> Array:
        """Return an array of the rows, each an array where they differ in length."""
        rows = [row.numpy() for row in self]
        if len({row.shape for row in rows}) == 1:
            return np.stack(rows)
        array = np.empty(len(rows), object)
        array[:] = rows
        return array

    def __len__(self) -> int:
        return len(as_array(self.row_splits)) - 1

    def __iter__(self) -> Iterator[Any]:
        return (self[i] for i in range(len(self)))

    def __getitem__(self, key: Any) -> Any:
        if isinstance(key, tuple) and key:
            rows = self[key[0]]
            if len(key) == 1 or not isinstance(key[0], slice):
                return rows[key[1:]] if len(key) > 1 else rows
            return stack([row[key[1:] if len(key) > 2 else key[1]] for row in rows])
        if isinstance(key, slice):
            return stack([self[i] for i in range(*key.indices(len(self)))])
        splits, i = as_array(self.row_splits), range(len(self))[int(key)]
        return self.values[int(splits[i]) : int(splits[i + 1])]

    def __repr__(self) -> str:
        return f"<tf.RaggedTensor {self.to_list()}>"


def constant(pylist: Any, dtype: DTypeLike | None = None, ragged_rank: int | None = None, **_: Any) -> Any:
    """Return nested lists as a ragged tensor, or as a tensor where there are no lists in lists."""
    if not any(isinstance(row, list | tuple | np.ndarray) for row in pylist):
        return _constant(pylist, dtype)
    values = [item for row in pylist for item in row]
    inner = constant if values and ragged_rank != 1 else _constant
    return RaggedTensor.from_row_lengths(inner(values, dtype), [len(row) for row in pylist])


def stack(values: Any, axis: int = 0, name: Any = None) -> Any:
    """Return tensors, of different lengths perhaps, as the rows of a ragged tensor; scalars as a tensor."""
    rows = [value.to_list() if isinstance(value, RaggedTensor) else as_array(value) for value in values]
    if all(isinstance(row, np.ndarray) and row.ndim == 0 for row in rows):
        return convert_to_tensor(list(values))
    if any(isinstance(row, list) for row in rows):
        return constant([row if isinstance(row, list) else row.tolist() for row in rows])
    return RaggedTensor.from_row_lengths(np.concatenate(rows) if rows else np.zeros(0), [len(row) for row in rows])


def concat(values: Any, axis: int) -> Any:
    """Return the rows of ragged tensors (and tensors) below each other, or with axis 1 behind each other."""
    dtype = next(value.dtype for value in values if isinstance(value, RaggedTensor))
    rows = [v.to_list() if isinstance(v, RaggedTensor) else array_of(v).tolist() for v in values]
    joined = chain(*rows) if axis == 0 else (chain(*parts) for parts in zip(*rows, strict=True))
    return constant([list(row) for row in joined], dtype)


map_flat_values: Callable[..., Any] = on_elements
