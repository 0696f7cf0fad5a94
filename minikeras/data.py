"""What users pass as data -> batches of arrays."""

from collections.abc import Callable, Iterable, Iterator
from typing import Any

import numpy as np

from ._typing import Array
from .tensor import TensorOps, as_array


def as_input(x: Any, argument: str = "x") -> Array:
    """Return data as an array of numbers, without a copy where it is one already.

    Raises:
        ValueError: for strings, objects, ragged lists or symbolic tensors.
    """
    if x is None or isinstance(x, str | bytes):
        raise ValueError(f"`{argument}` must be an array of numbers. Received: {x!r} (of type {type(x).__name__}).")
    array = x if isinstance(x, np.ndarray) else as_array(x)
    if array.dtype.kind == "O":
        try:
            array = array.astype("float64")
        except (TypeError, ValueError):
            raise ValueError(
                f"`{argument}` must hold numbers. Received an array of objects of shape {array.shape}, "
                f"such as {array.flat[0]!r}."
            ) from None
    if array.dtype.kind not in "fiubc":
        raise ValueError(
            f"`{argument}` must hold numbers. Received an array of dtype {array.dtype}, shape {array.shape}. "
            "Convert it to float first."
        )
    if not array.ndim:
        raise ValueError(f"`{argument}` must have a batch axis. Received a scalar: {array!r}.")
    return array


def is_batches(x: Any) -> bool:
    """Tell an iterable of batches, such as a generator, from data that is an array or becomes one."""
    if isinstance(x, np.ndarray | TensorOps | list | tuple | dict | str | bytes) or hasattr(x, "__array__"):
        return False
    return isinstance(x, Iterable) or (hasattr(x, "__getitem__") and hasattr(x, "__len__"))


def batches(x: Any, batch_size: int | None, steps: int | None) -> tuple[Iterator[Array], int | None]:
    """Cut data into batches.

    Args:
        x: An array or what becomes one, or an iterable of batches (each an array, or a tuple that starts with it).
        batch_size: Rows a batch, 32 if not given.
        steps: How many batches to take at most; needed for endless iterables.

    Returns:
        The batches, and how many there are, None if that is unknown.
    """
    if is_batches(x):
        known = len(x) if hasattr(x, "__len__") else None
        count = steps if steps is not None else known
        return _given(x, count), count
    array = as_input(x)
    size = 32 if batch_size is None else batch_size
    if isinstance(size, bool) or not isinstance(size, int | np.integer) or size <= 0:
        raise ValueError(f"`batch_size` must be a positive integer. Received: batch_size={batch_size!r}.")
    count = -(-len(array) // size)
    if steps is not None:
        count = min(steps, count)
    return (array[i * size : (i + 1) * size] for i in range(count)), count


def _given(x: Any, count: int | None) -> Iterator[Array]:
    items = iter(x) if isinstance(x, Iterable) else (x[i] for i in range(len(x)))
    taken = 0
    while count is None or taken < count:
        try:
            item = next(items)
        except StopIteration:
            return
        yield as_input(item[0] if isinstance(item, tuple) else item)
        taken += 1


def map_structure(function: Callable[[Any], Any], structure: Any) -> Any:
    """Apply a function to each leaf of nested lists, tuples and dicts."""
    if isinstance(structure, dict):
        return {key: map_structure(function, value) for key, value in structure.items()}
    if isinstance(structure, list | tuple):
        return type(structure)(map_structure(function, value) for value in structure)
    return function(structure)
