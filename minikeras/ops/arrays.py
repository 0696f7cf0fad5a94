"""Helpers on plain arrays that several primitives share."""

from collections.abc import Callable
from functools import cache, lru_cache
from typing import Any

import numpy as np

from .._base.context import context
from .._base.settings import settings
from .._base.typing import Array, Shape, TensorLike
from .._core.op import composite
from .._core.tensor import Tensor, TensorOps, as_array

NP: Any = np
"""NumPy, for functions whose annotations differ between its releases."""
_LETTERS = np.typecodes["AllInteger"] + np.typecodes["AllFloat"] + "?"
ZERO = {letter: np.zeros((), letter) for letter in _LETTERS}
"""0 in the dtype of each letter: NumPy takes twice as long with a Python number on small arrays."""
ONE = {letter: np.ones((), letter) for letter in _LETTERS}
"""1 in the dtype of each letter."""
ones: Callable[[int | Shape, Any], Array] = lru_cache(64)(lambda shape, dtype: np.ones(shape, dtype))
"""A shared array of ones, for sums that are computed as products. Nobody writes to it."""
long_ones: Callable[[int, Any], Array] = lru_cache(4)(lambda size, dtype: np.ones(size, dtype))  # few, as they are long
_KINDS = "buifc"  # NumPy's letters for bool, unsigned, int, float, complex: of two, the later one wins
_WEAK = {bool: "b", int: "i", float: "f", complex: "c"}  # Python numbers, whose type gives way to an array's


def dry_size(x: TensorLike) -> int:
    """Return a trial size, different in each dry run, for an axis that depends on the values of x; else 0."""
    return context.dry if isinstance(x, Tensor) else 0


def half_away(x: Any) -> Any:
    """Return numbers rounded, halves away from zero, as XLA and SciPy round positions and pixels."""
    return np.sign(x) * np.floor(np.abs(x) + 0.5)


def as_float(x: TensorLike) -> Array:
    """Return x as an array of floats or complex numbers; other dtypes become the default float type."""
    array = np.asarray(x)
    kept = array is x or isinstance(x, np.generic)  # which NumPy returns in place of 0-d arrays
    return array if kept and array.dtype.kind in "fc" else array.astype(settings.floatx)


def strong(x: TensorLike) -> Array:
    """Return x as an array; a Python number gets the dtype that Keras gives it."""
    return x if type(x) is np.ndarray else as_array(x)


def named(function: Any, name: str, doc: str) -> Any:
    """Set the name and the docstring of a generated function, and return it."""
    function.__name__ = function.__qualname__ = name
    function.__doc__ = doc
    return function


def composed(function: Any, name: str, doc: str) -> Any:
    """Declare a composite op by a function of other ops, often a lambda."""
    return composite(named(function, name, doc))


def common_dtype(*values: Any) -> np.dtype[Any]:
    """Return the common dtype of values: a float wins over any integer, a Python number gives way to arrays."""
    strong_types = [x.dtype for x in values if isinstance(x, np.ndarray | np.generic)]
    if strange := [t for t in strong_types if t.kind not in _KINDS]:
        raise TypeError(f"An array of dtype {strange[0]} is no array of numbers. Convert it first.")
    top = max([t.kind for t in strong_types] + [_WEAK[type(x)] for x in values if type(x) in _WEAK], key=_KINDS.index)
    floating = top in "fc"
    members = [t for t in strong_types if (t.kind in "fc") == floating and (t.kind != "b" or top == "b")]
    if not members or (top == "c" and not any(t.kind == "c" for t in members)):
        default = {"b": "bool", "u": "int32", "i": "int32", "f": settings.floatx, "c": "complex64"}[top]
        return np.result_type(default, *members)
    common = np.result_type(*members)
    return np.dtype(settings.floatx) if common.kind == "f" and not floating else common  # as of uint64 and int64


def promote(*values: TensorLike, floating: bool = False, integral: bool = False) -> Any:
    """Return values cast to their common dtype, no bool or no integer if asked; Python numbers may stay as they are."""
    if len(values) == 2 and _agree(*values, floating or integral):  # the common cases, quickly
        return values
    target = common_dtype(*values, *[0.0] * floating, *[0] * integral)
    return [np.asarray(x, target) for x in values]


def _agree(a: Any, b: Any, converts: bool) -> bool:
    """Return whether NumPy promotes two values as Keras does."""
    if type(a) is not np.ndarray:
        return type(b) is np.ndarray and b.dtype.kind == "f" and type(a) in _WEAK
    if type(b) is not np.ndarray:
        return a.dtype.kind == "f" and type(b) in _WEAK
    return a.dtype == b.dtype and (a.dtype.kind == "f" or not converts)


def axes(axis: Any) -> Any:
    """Return an axis argument as NumPy wants it: a tuple in place of a list or an array."""
    return tuple(axis) if isinstance(axis, list) or getattr(axis, "ndim", False) else axis


def restore(g: Any, axis: Any, keepdims: bool) -> Any:
    """Return a reduced array with its axes put back, of size 1, so that it broadcasts against the input."""
    return g if keepdims or axis is None else np.expand_dims(g, axes(axis))


def conjugated(x: Any) -> Any:
    """Return complex conjugates, or x itself where it is real."""
    return np.conjugate(x) if np.dtype(x.dtype).kind == "c" else x


@cache
def bare(op: Callable[..., Any]) -> Callable[..., Any]:
    """Return a function that runs a primitive on tensors, and its forward function alone on arrays."""
    forward = vars(op)["op"].forward
    return lambda *args, **kwargs: (op if any(isinstance(x, TensorOps) for x in args) else forward)(*args, **kwargs)
