"""TensorFlow's `DType`, `TensorShape` and `TensorSpec`: a string, a tuple and a pair with TensorFlow's attributes."""

from collections.abc import Callable, Iterable, Sequence
from functools import cache
from importlib import import_module
from typing import Any, overload

import numpy as np

from ..._base.typing import DTypeLike, T
from ..._core.tensor import TensorOps
from .missing import missing

_BY_NUMBER = (". float32 float64 int32 uint8 int16 int8 string complex64 int64 bool . . . bfloat16 . . uint16 "
              "complex128 float16 resource variant uint32 uint64")  # fmt: skip
_NUMBERS = _BY_NUMBER.split()
"""The dtypes in the order of TensorFlow's enumeration, by which its files number them; "." is not supported."""
_OTHER_NAMES = {"half": "float16", "float": "float32", "double": "float64", "int": "int32"}
_PYTHON: dict[type[Any], str] = {float: "float32", int: "int32", str: "string"}


def accessor(get: Callable[[Any], T], doc: str | None = None) -> T:
    """Return a property, which type checkers see as an attribute of the type that `get` returns."""
    return property(get, doc=doc)  # type: ignore[return-value]


class DType(str):
    """A dtype such as `tf.float32`. It is a string, its own name, so that every function that takes a name takes it.

    Example:
        >>> print(as_dtype("float32"), as_dtype("float32").is_floating, as_dtype("float32") == np.float32)
        <dtype: 'float32'> True True
    """

    __slots__ = ()

    name: str = accessor(lambda self: str.__str__(self), "The name, as a plain string.")
    as_numpy_dtype: type[Any] = accessor(
        lambda self: np.object_ if self.name == "string" else np.dtype(self.name).type, "NumPy's type.")  # fmt: skip

    base_dtype: "DType" = accessor(lambda self: self)
    is_floating: bool = accessor(lambda self: "float" in self.name)
    is_integer: bool = accessor(lambda self: "int" in self.name)
    is_unsigned: bool = accessor(lambda self: self.name.startswith("uint"))
    is_complex: bool = accessor(lambda self: self.name.startswith("complex"))
    is_bool: bool = accessor(lambda self: self.name == "bool")

    size: int = accessor(  # bytes an element
        lambda self: 1 if self.name in ("string", "resource", "variant") else np.dtype(self.name).itemsize)  # fmt: skip
    min: Any = accessor(lambda self: self._bounds.min)
    max: Any = accessor(lambda self: self._bounds.max)

    @property
    def _bounds(self) -> Any:
        if not (self.is_floating or self.is_integer):
            raise TypeError(f"Cannot find the limits of {self}.")
        return np.finfo(self.name) if self.is_floating else np.iinfo(self.name)

    def __eq__(self, other: object) -> bool:
        return other is not None and bool(self.name == _name(other))

    __ne__: Callable[..., bool] = object.__ne__  # by `__eq__`
    __hash__: Callable[..., int] = str.__hash__

    def __repr__(self) -> str:
        return f"tf.{self.name}"

    def __str__(self) -> str:
        return f"<dtype: '{self.name}'>"

    __format__: Callable[..., str] = object.__format__

    def __reduce__(self) -> tuple[Any, ...]:
        return as_dtype, (self.name,)


DTYPES: dict[str, DType] = {name: DType(name) for name in _NUMBERS if name != "."}


def _name(dtype: Any) -> str | None:
    """Return the name of a dtype in any form, None if the value is not a dtype."""
    if isinstance(dtype, type) and dtype in _PYTHON:
        return _PYTHON[dtype]
    if isinstance(dtype, str) and (name := str.__str__(dtype)) in DTYPES:
        return name
    try:
        kind = dtype if isinstance(dtype, np.dtype) else np.dtype(getattr(dtype, "name", dtype))
    except TypeError:
        return None
    return "string" if kind.kind in "OSU" else kind.name


def as_dtype(type_value: Any) -> DType:
    """Return TensorFlow's dtype for a name, a number, a NumPy dtype or a Python type, or raise a TypeError."""
    if isinstance(type_value, int) and 0 < type_value < len(_NUMBERS):
        type_value = _NUMBERS[type_value]
    name = _OTHER_NAMES.get(type_value) if isinstance(type_value, str) else None
    name = name or _name(type_value)
    if name not in DTYPES:
        raise TypeError(f"Cannot convert the argument `type_value`: {type_value!r} to a TensorFlow DType.")
    return DTYPES[name]


def _find(name: str) -> Any:
    if name == "cast":
        return import_module(f"{__package__}.arrays").cast
    return as_dtype(name) if name in _OTHER_NAMES else DTYPES[name]


__getattr__: Callable[[str], Any] = missing(__name__, _find)
dtype_of: Callable[..., Any] = cache(as_dtype)
"""`as_dtype` with a cache, for NumPy dtypes."""


class TensorShape(tuple[Any, ...]):
    """A tuple of sizes, None where unknown, with TensorFlow's methods.

    Example:
        >>> TensorShape([None, 3]), TensorShape([2, 3]).as_list(), str(TensorShape([2]))
        (TensorShape([None, 3]), [2, 3], '(2,)')
    """

    rank: int | None

    def __new__(cls, dims: Any) -> "TensorShape":
        """Make a shape from sizes or another shape; None makes a shape of unknown rank."""
        if isinstance(dims, TensorShape):
            return dims
        if isinstance(dims, TensorOps):
            dims = dims.numpy_view()
        sizes = () if dims is None else (dims,) if isinstance(dims, int | np.integer) else tuple(dims)
        shape = super().__new__(cls, (None if n is None or n == -1 else int(n) for n in sizes))
        shape.rank = None if dims is None else len(sizes)
        return shape

    ndims: int | None = accessor(lambda self: self.rank)
    dims: list[int | None] | None = accessor(lambda self: None if self.rank is None else list(self))

    def as_list(self) -> list[int | None]:
        """Return the sizes as a list."""
        if self.rank is None:
            raise ValueError("as_list() is not defined on an unknown TensorShape.")
        return list(self)

    def num_elements(self) -> int | None:
        """Return the number of elements, None if it is unknown."""
        return int(np.prod(list(self), dtype=int)) if self.is_fully_defined() else None

    def is_fully_defined(self) -> bool:
        """Return whether every size is known."""
        return self.rank is not None and None not in tuple(self)

    def is_compatible_with(self, other: Any) -> bool:
        """Return whether a tensor could have both shapes."""
        other = TensorShape(other)
        if self.rank is None or other.rank is None:
            return True
        return self.rank == other.rank and all(None in (m, n) or m == n for m, n in zip(self, other, strict=True))

    def assert_is_compatible_with(self, other: Any) -> None:
        """Raise a ValueError if no tensor could have both shapes."""
        if not self.is_compatible_with(other):
            raise ValueError(f"Shapes {self} and {TensorShape(other)} are incompatible")

    def concatenate(self, other: Any) -> "TensorShape":
        """Return the sizes followed by those of another shape."""
        return TensorShape((*self, *TensorShape(other)))

    __add__: Callable[..., Any] = concatenate
    __radd__: Callable[..., Any] = lambda self, other: TensorShape(other).concatenate(self)

    @overload  # type: ignore[override]  # a slice of a shape is a shape
    def __getitem__(self, key: slice) -> "TensorShape": ...
    @overload
    def __getitem__(self, key: int) -> Any: ...
    def __getitem__(self, key: Any) -> Any:
        sizes = tuple.__getitem__(self, key)
        return TensorShape(sizes) if isinstance(key, slice) else sizes

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Iterable | int) and tuple(self) == tuple(TensorShape(other))

    __ne__: Callable[..., bool] = object.__ne__  # by `__eq__`
    __hash__: Callable[..., int] = tuple.__hash__

    def __str__(self) -> str:
        return "<unknown>" if self.rank is None else str(tuple(self))

    def __repr__(self) -> str:
        return f"TensorShape({None if self.rank is None else list(self)})"

    __format__: Callable[..., str] = object.__format__

    def __reduce__(self) -> tuple[Any, ...]:
        return TensorShape, (self.dims,)


class TensorSpec:
    """Shape and dtype of a tensor.

    Example:
        >>> TensorSpec([None, 3], "float32")
        TensorSpec(shape=(None, 3), dtype=tf.float32, name=None)
    """

    def __init__(self, shape: Sequence[int | None] | None, dtype: DTypeLike = "float32", name: Any = None) -> None:
        self.shape: TensorShape = TensorShape(shape)
        self.dtype: DType = as_dtype(dtype)
        self.name = name

    @classmethod
    def from_tensor(cls, tensor: Any, name: str | None = None) -> "TensorSpec":
        """Return the specification of a tensor."""
        return cls(tensor.shape, tensor.dtype, name)

    def like(self, shape: Any) -> "TensorSpec":
        """Return the same specification with another shape."""
        return type(self)(shape, self.dtype)

    def is_compatible_with(self, value: Any) -> bool:
        """Return whether a tensor has this dtype and a compatible shape."""
        return self.dtype == value.dtype and self.shape.is_compatible_with(value.shape)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, TensorSpec) and (type(self), self._fields()) == (type(other), other._fields())

    def _fields(self) -> tuple[Any, ...]:
        return self.shape, self.dtype

    __hash__: Callable[..., int] = lambda self: hash((self.shape, self.dtype))

    def __repr__(self) -> str:
        return f"TensorSpec(shape={self.shape}, dtype={self.dtype!r}, name={self.name!r})"
