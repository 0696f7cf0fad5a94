"""`tf.sparse`: tensors that store only some elements, with their indices."""

from collections.abc import Callable
from typing import Any

import numpy as np

from ... import ops
from ..._core.tensor import Tensor, as_array
from .dtypes import TensorShape, TensorSpec, accessor
from .missing import missing
from .tensors import BINARY, Composite, array_of, convert_to_tensor, empty_of

__getattr__: Callable[[str], Any] = missing(__name__)


class SparseTensor(Composite):
    """A tensor stored as `values` and their `indices`, one row each; all other elements are 0 or empty text.

    Example:
        >>> print(to_dense(SparseTensor([[0, 1], [1, 0]], [5.0, 6.0], [2, 2])))
        tf.Tensor(
        [[0. 5.]
         [6. 0.]], shape=(2, 2), dtype=float32)
    """

    def __init__(self, indices: Any, values: Any, dense_shape: Any) -> None:
        self.indices: Tensor = Tensor(array_of(indices).astype("int64"))
        self.values: Tensor = convert_to_tensor(values)
        self.dense_shape: Tensor = Tensor(array_of(dense_shape).astype("int64"))

    dtype: Any = accessor(lambda self: self.values.dtype, "The dtype of the stored elements.")
    spec: "SparseTensorSpec" = accessor(lambda self: SparseTensorSpec(self.shape, self.dtype), "Shape and dtype.")
    shape: TensorShape = accessor(lambda self: TensorShape(as_array(self.dense_shape).tolist()), "Sizes of the axes.")

    def __len__(self) -> int:
        return int(self.shape[0])

    def __getitem__(self, row: int) -> "SparseTensor":
        indices = as_array(self.indices)
        chosen = np.flatnonzero(indices[:, 0] == range(len(self))[row])
        return SparseTensor(indices[chosen, 1:], ops.take(self.values, chosen, 0), as_array(self.dense_shape)[1:])

    def __mul__(self, other: Any) -> "SparseTensor":
        return self.with_values(BINARY["multiply"](self.values, self._at_indices(other)))

    def __truediv__(self, other: Any) -> "SparseTensor":
        return self.with_values(BINARY["divide"](self.values, self._at_indices(other)))

    __rmul__ = __mul__

    def _at_indices(self, other: Any) -> Any:
        """Return the elements of another operand, broadcast to this shape, at the indices of the stored ones."""
        places = tuple(as_array(self.indices).T)
        return ops.broadcast_to(convert_to_tensor(other), tuple(self.shape))[places] if np.ndim(other) else other

    def with_values(self, new_values: Any) -> "SparseTensor":
        """Return a sparse tensor of other values at the same indices."""
        return SparseTensor(self.indices, new_values, self.dense_shape)

    def __str__(self) -> str:
        return f"SparseTensor(indices={self.indices!s}, values={self.values!s}, dense_shape={self.dense_shape!s})"

    __repr__ = __str__


class SparseTensorSpec(TensorSpec):
    """Shape and dtype of a sparse tensor."""

    def stack(self, elements: Any) -> SparseTensor:
        """Return sparse tensors stacked into one, along a new first axis."""
        parts = list(elements)
        indices = [np.insert(as_array(part.indices), 0, i, 1) for i, part in enumerate(parts)]
        shape = [len(parts), *np.max([as_array(part.dense_shape) for part in parts], 0)]
        return SparseTensor(np.concatenate(indices), ops.concatenate([part.values for part in parts]), shape)

    def __repr__(self) -> str:
        return f"SparseTensorSpec({self.shape!r}, {self.dtype!r})"


def to_dense(sp_input: SparseTensor, default_value: Any = None, validate_indices: bool = True, name: Any = None) -> Any:
    """The dense tensor, with a default value (0 or empty text) where no element is stored."""
    array = as_array(sp_input.values)
    fill = empty_of(array.dtype) if default_value is None else array_of(default_value)
    start = np.full(as_array(sp_input.dense_shape), fill, array.dtype)
    return ops.scatter_update(start, as_array(sp_input.indices), sp_input.values)


def from_dense(tensor: Any, name: str | None = None) -> SparseTensor:
    """A sparse tensor of the elements that are not 0, or not empty text."""
    array = array_of(tensor)
    places = np.argwhere(array != empty_of(array.dtype))
    return SparseTensor(places, array[tuple(places.T)], array.shape)


def sparse_dense_matmul(sp_a: SparseTensor, b: Any, adjoint_a: bool = False, adjoint_b: bool = False,
                        name: str | None = None) -> Any:  # fmt: skip
    """The matrix product of a sparse and a dense matrix, dense."""
    a, b = (ops.conj(ops.swapaxes(x, -1, -2)) if is_adjoint else x
            for x, is_adjoint in ((to_dense(sp_a), adjoint_a), (b, adjoint_b)))  # fmt: skip
    return BINARY["matmul"](a, b)
