"""Tensors without values: shapes and dtypes, and how they are inferred."""

from collections.abc import Callable
from typing import Any

import numpy as np

from . import _state, tensor
from ._typing import DTypeLike, PartialShape, ShapeLike
from .tensor import Tensor, TensorOps, stop_recording


class KerasTensor(Tensor):
    """A tensor known by shape and dtype alone, as `Input` gives it.

    Args:
        shape: Sizes of all axes, None where unknown.
        dtype: Name of the dtype.
        name: Its name, made up if not given.

    Example:
        >>> KerasTensor((None, 3), "float32", name="x")
        <KerasTensor shape=(None, 3), dtype=float32, sparse=False, ragged=False, name=x>
    """

    __slots__ = ("_dtype", "_shape", "layer", "name")

    layer: Any
    """The layer that gave it, None for the result of an op; layers sit above this file, hence Any."""

    def __init__(
        self, shape: ShapeLike, dtype: DTypeLike | None = None, name: str | None = None, layer: Any = None
    ) -> None:
        self.array: None = None
        self._shape = tuple(shape)
        self._dtype = _state.standardize_dtype(dtype)
        self.name: str = name or _state.auto_name("keras_tensor")
        self.layer = layer

    @property
    def shape(self) -> PartialShape:
        """Sizes of the axes, None where unknown."""
        return self._shape

    @property
    def dtype(self) -> str:
        """Name of the dtype."""
        return self._dtype

    def __reduce__(self) -> tuple[Any, ...]:
        return (KerasTensor, (self._shape, self._dtype, self.name))

    def __deepcopy__(self, memo: dict[int, Any]) -> "KerasTensor":
        return KerasTensor(self._shape, self._dtype, self.name)

    def __repr__(self) -> str:
        return f"<KerasTensor shape={self.shape}, dtype={self.dtype}, sparse=False, ragged=False, name={self.name}>"

    __str__ = __repr__


def is_keras_tensor(x: object) -> bool:
    """Tell whether x is a tensor without a value.

    Example:
        >>> is_keras_tensor(KerasTensor((None, 3)))
        True
    """
    return isinstance(x, KerasTensor)


def infer(function: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
    """Return what a function gives for symbolic arguments, by running it on zeros of two batch sizes.

    An axis of the result that differs between the two runs depends on an unknown size and is None. Nothing
    random is drawn, no loss is kept and nothing is recorded.

    Args:
        function: What to run; it returns a tensor, an array, or a list or dict of them.
        args, kwargs: Its arguments, with a KerasTensor in place of each tensor.

    Returns:
        The structure the function returned, with a KerasTensor in place of each tensor.
    """
    results = []
    with _state.dry_run(), stop_recording(), np.errstate(all="ignore"):
        for size in (2, 3):
            filled = [_fill(value, size) for value in args]
            named = {key: _fill(value, size) for key, value in kwargs.items()}
            results.append(function(*filled, **named))
    return _merge(*results)


def _fill(value: Any, size: int) -> Any:
    if isinstance(value, KerasTensor):
        return Tensor(np.zeros([size if n is None else n for n in value.shape], value.dtype))
    if isinstance(value, list | tuple):
        return type(value)(_fill(item, size) for item in value)
    if isinstance(value, dict):
        return {key: _fill(item, size) for key, item in value.items()}
    return value


def _merge(a: Any, b: Any) -> Any:
    if isinstance(a, list | tuple):
        return type(a)(_merge(x, y) for x, y in zip(a, b, strict=True))
    if isinstance(a, dict):
        return {key: _merge(a[key], b[key]) for key in a}
    if isinstance(a, TensorOps | np.ndarray | np.generic):
        shape = [m if m == n else None for m, n in zip(a.shape, b.shape, strict=True)]
        return KerasTensor(shape, str(a.dtype))
    return a


def _infer_call(function: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    return infer(function, *args, **kwargs)


tensor.symbolic_call = _infer_call
