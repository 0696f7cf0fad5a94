"""The Variable class: a named array that can be set, such as a weight."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from operator import attrgetter
from typing import Any, cast

import numpy as np

from .._base.checks import standardize_shape
from .._base.context import context, current_path, undone
from .._base.naming import checked_name
from .._base.pool import Turns
from .._base.settings import floatx, standardize_dtype
from .._base.typing import Array, DTypeLike, Function2, Shape, ShapeLike, TensorLike
from .._serialization.registry import table
from .op import Entry, Op, note
from .ownership import EXCLUSIVE, EXPOSED, Changes
from .tensor import NUMPY_OPS, Tensor, TensorOps, as_array, dtype_name, recorders

_holding = Turns()


def _watched(slot: str, doc: str) -> property:
    """Return a property whose changes programs notice."""

    def change(self: Variable, value: Any) -> None:
        if value is not None and not callable(value):
            raise ValueError(f"`{slot[1:]}` must be a callable or None. Received: {slot[1:]}={value!r}")
        setattr(self, slot, value)
        Changes.layers += 1

    return property(attrgetter(slot), change, doc=doc)


class Variable(TensorOps):
    """An array with a name, a path and a `trainable` mark, whose value is set with `assign`.

    Every `assign` stores a new array, so tensors computed from the old value do not change. While a model trains, the
    arrays of its weights are changed in place; this class gives out copies. The array is always in C order, so that an
    operation that once gave a view of it always does.

    Args:
        initializer: A value, the name of an initializer, or a function (shape, dtype=) -> array.
        shape: Sizes of the axes, needed if `initializer` makes the value. An unknown size is a ValueError.
        dtype: Name of the dtype. By default that of the value, or `floatx`.
        trainable: Whether training changes it.
        autocast: Whether a layer with a mixed policy reads it in the dtype that it computes in.
        aggregation, synchronization: Kept, but unused: in Keras they are for distributed training.
        name: Last part of its path. A slash in it is a ValueError.

    Example:
        >>> v = Variable([1.0, 2.0], name="v")
        >>> _ = v.assign(v * 2)
        >>> v.numpy()
        array([2., 4.], dtype=float32)
        >>> v.path, v.shape
        ('v', (2,))
    """

    __slots__ = ("__dict__", "__weakref__", "_constraint", "_declared_trainable", "_regularizer", "_trainable",
                 "aggregation", "array", "autocast", "exposed", "name", "overwrite_with_gradient", "path",
                 "synchronization")  # fmt: skip

    bits = "logical"

    def __init__(self, initializer: str | TensorLike | Function2, shape: ShapeLike | None = None,
                 dtype: DTypeLike | None = None, trainable: bool = True, autocast: bool = True,
                 aggregation: str | None = "none", synchronization: str | None = "auto",
                 name: str | None = None) -> None:  # fmt: skip
        name = checked_name(name, "variable")
        self.name: str = name
        self.array: Array = self._first_value(initializer, shape, dtype)
        self.exposed: bool | int = EXPOSED
        self.path: str = "/".join(filter(None, (current_path(), name)))  # not yet `self.name` in a tf.Variable
        self._trainable = self._declared_trainable = bool(trainable)
        self.autocast: bool = autocast
        self.aggregation: str | None = aggregation
        self.synchronization: str | None = synchronization
        self._regularizer = self._constraint = None
        self.overwrite_with_gradient: bool = False

    def _first_value(self, initializer: Any, shape: ShapeLike | None, dtype: DTypeLike | None) -> Array:
        """Return the array that an initializer makes, or a copy of a value, in C order."""
        if isinstance(initializer, str | type | Mapping):
            initializer = table("keras.initializers").get(initializer)
        if callable(initializer) and not isinstance(initializer, TensorOps):
            if shape is None:
                raise ValueError("When creating a Variable from an initializer, the `shape` argument should be "
                                 f"specified. Received: initializer={initializer!r} and shape={shape}.")  # fmt: skip
            sizes, name = _sizes(shape), standardize_dtype(dtype)
            if context.loading is not None:
                value: Array = context.loading.reserve(self, initializer, sizes, name)
            else:
                value = np.asarray(as_array(initializer(sizes, dtype=name), dtype), order="C")
            if value.shape != sizes:
                raise ValueError(f"An initializer gave an array of shape {value.shape} instead of {sizes}.")
            return value
        value = as_array(initializer, dtype).copy()
        if dtype is None and not isinstance(initializer, TensorOps):  # NumPy makes 64 bits unasked
            value = value.astype({"float64": floatx(), "int64": "int32"}.get(value.dtype.name, value.dtype))
        if shape is not None and value.shape != _sizes(shape):
            raise ValueError(f"The value of a Variable must have its shape {_sizes(shape)}. Received: {value.shape}.")
        return value

    @property
    def value(self) -> Tensor:
        """The present value as a tensor; a later `assign` does not change it."""
        return self._tensor()

    def _tensor(self) -> Tensor:
        return cast(Tensor, NUMPY_OPS["copy"](self))

    @property
    def trainable(self) -> bool:
        """Whether training changes it."""
        return self._trainable

    @trainable.setter
    def trainable(self, value: bool) -> None:
        if self._trainable != value:
            self._trainable = bool(value)
            Changes.turn(self)

    constraint: property = _watched("_constraint", "The function that projects the value after each update, or None.")
    regularizer: property = _watched("_regularizer", "The function that gives a penalty on the value, or None.")

    @property
    def shape(self) -> Shape:
        return self.array.shape

    @property
    def dtype(self) -> str:
        """Name of the dtype: its own, or inside a layer with a mixed policy the one that the layer computes in."""
        own, read_in = self.array.dtype, context.autocast
        return read_in if read_in is not None and self.autocast and own.kind == "f" else dtype_name(own)

    def numpy_view(self) -> Array:
        """Return the values as an array, after telling open recorders that Python reads them."""
        return super().numpy_view().copy()

    numpy = numpy_view

    def assign(self, value: TensorLike) -> Tensor:
        """Store a new value, cast to the variable's dtype, and return it. Raises a ValueError for another shape."""
        array = value.array if isinstance(value, TensorOps) else None
        if array is None:  # no tensor, or a symbolic one, which `as_array` refuses
            array = as_array(value, self.array.dtype)
        if array.shape != self.array.shape:
            raise ValueError("The shape of the target variable and the shape of the target value in "
                             f"`variable.assign(value)` must match. Variable {self.path!r} has shape "
                             f"{self.array.shape}. Received: {array.shape}.")  # fmt: skip
        if context.undo is not None:
            context.undo.setdefault(id(self), (self, self.array))
        self.array, self.exposed = np.array(array, self.array.dtype, order="C"), EXPOSED
        Changes.arrays += 1
        output = Tensor(self.array)
        if recorders.open:
            note(Entry(ASSIGN, (value,), (array,), (self,), {}, output))
        return output

    def adopt(self, array: Array) -> None:
        """Store an array without copying it. It has the same shape and dtype, and nobody else holds it."""
        self.array, self.exposed = array, EXCLUSIVE
        Changes.arrays += 1

    def clear(self) -> None:
        """Set the value to zero, in place if nobody else holds the array."""
        if self.exposed or recorders.open or context.undo is not None:
            self.assign(np.zeros_like(self.array))
        else:
            self.array.fill(0)

    def assign_add(self, value: TensorLike) -> Tensor:
        """Add to the value, and return the new one."""
        return self.assign(self + value)

    def assign_sub(self, value: TensorLike) -> Tensor:
        """Subtract from the value, and return the new one."""
        return self.assign(self - value)

    def make_exclusive(self) -> None:
        """Copy the array if somebody else may hold it, so that it can be changed in place."""
        while self.exposed:
            copied = (held := self.array).copy()
            if self.array is held:  # else another thread has assigned meanwhile
                self.array, self.exposed = copied, EXCLUSIVE
                Changes.arrays += 1

    def __getstate__(self) -> dict[str, Any]:
        return {slot: getattr(self, slot) for slot in Variable.__slots__ if slot != "__weakref__"}

    def __setstate__(self, state: dict[str, Any]) -> None:
        for slot in Variable.__slots__:
            if slot in state or slot[1:] in state:  # the name in pickles of earlier versions
                setattr(self, slot, state[slot] if slot in state else state[slot[1:]])
        self.array, self.exposed, self.__dict__ = self.array.copy(), EXPOSED, {**vars(self)}  # a copy has the same ones

    def __repr__(self) -> str:
        return f"<Variable path={self.path}, shape={self.shape}, dtype={self.dtype}, value={self.numpy_view()}>"


def _overwrite(value: Array, variable: Variable) -> Array:
    """Replay an assignment, in place in the present array of the variable."""
    np.copyto(variable.array, value, casting="unsafe")
    return variable.array


ASSIGN = Op(_overwrite, (None,), 1, effect=True)
ASSIGN.call = lambda value, variable: variable.assign(value)


def assign_all(variables: Iterable[Variable], values: Iterable[TensorLike]) -> None:
    """Set each variable to its value, of its shape; none if one is no number."""
    checked = [(v, x if isinstance(x, TensorOps) else as_array(x, v.array.dtype))
               for v, x in zip(variables, values, strict=True)]  # fmt: skip
    for variable, value in checked:
        variable.assign(value)


@contextmanager
def holding(variables: Sequence[Variable], values: Iterable[TensorLike]) -> Iterator[None]:
    """Within this context variables have other values. At its end these, and what else was assigned, are as before."""
    with _holding.lock, undone():
        assign_all(variables, values)
        yield


def as_shape(shape: Any) -> tuple[Any, ...]:  # a number is the shape of a vector
    return tuple(shape) if np.iterable(shape) else (shape,)


def _sizes(shape: ShapeLike) -> tuple[int, ...]:
    sizes = as_shape(shape)
    if any(n is None for n in sizes):
        raise ValueError(f"Shapes used to initialize variables must be fully-defined. Received: shape={sizes}.")
    if any(isinstance(n, tuple) for n in sizes):
        raise ValueError(f"A shape consists of integers. Received: shape={sizes}. Is it that of a list of tensors, "
                         "which a layer for one tensor was called on?")  # fmt: skip
    return cast(Shape, standardize_shape(sizes))
