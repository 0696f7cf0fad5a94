"""What users pass as data -> batches of arrays."""

from collections.abc import Iterable
from typing import Any

import numpy as np

from ._structure import leaves, map_structure
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


def as_inputs(x: Any) -> Any:
    """Return a model's inputs: one array, or a list or dict of arrays for a model of several inputs.

    Raises:
        ValueError: if one is not numeric, or their numbers of rows differ.
    """
    if isinstance(x, list | tuple) and x and all(hasattr(item, "__array__") for item in x):
        found: Any = [as_input(item, f"x[{i}]") for i, item in enumerate(x)]
        arrays = found
    elif isinstance(x, dict):
        found = {key: as_input(item, f"x[{key!r}]") for key, item in x.items()}
        arrays = list(found.values())
    else:
        return as_input(x)
    if len({len(array) for array in arrays}) != 1:
        raise ValueError(f"All inputs must have the same number of rows. Received shapes {[a.shape for a in arrays]}.")
    return arrays[0] if isinstance(found, list) and len(found) == 1 else found


def is_batches(x: Any) -> bool:
    """Tell an iterable of batches, such as a generator, from data that is an array or becomes one."""
    if isinstance(x, np.ndarray | TensorOps | list | tuple | dict | str | bytes) or hasattr(x, "__array__"):
        return False
    return isinstance(x, Iterable) or (hasattr(x, "__getitem__") and hasattr(x, "__len__"))


class Batches:
    """Data, given out batch by batch.

    Args:
        x: An array or what becomes one, or an iterable of batches (each an array, or a tuple that starts with it).
        batch_size: Rows a batch, 32 if not given.
        steps: How many batches to give at most, all if not given.

    Attributes:
        array: The data as an array, or as a list or dict of arrays for several inputs; None for an iterable.
        size: Rows a batch.
        count: How many batches there are, None if that is unknown.
        rows: How many rows there are, None if that is unknown.

    Raises:
        ValueError: if x is not numeric, or `batch_size` not a positive integer.
    """

    def __init__(self, x: Any, batch_size: int | None, steps: int | None) -> None:
        self.size: int = 32 if batch_size is None else batch_size
        if isinstance(self.size, bool) or not isinstance(self.size, int | np.integer) or self.size <= 0:
            raise ValueError(f"`batch_size` must be a positive integer. Received: batch_size={batch_size!r}.")
        self.array: Any = None
        self.count: int | None
        self.rows: int | None = None
        self._given = 0
        if is_batches(x):
            self._items = iter(x) if isinstance(x, Iterable) else (x[i] for i in range(len(x)))
            self.count = steps if steps is not None else len(x) if hasattr(x, "__len__") else None
            return
        self.array = as_inputs(x)
        total = len(leaves(self.array)[0])
        self.count = -(-total // self.size)
        if steps is not None:
            self.count = min(steps, self.count)
        self.rows = min(total, self.count * self.size)

    def take(self, most: int = 1) -> tuple[Any, int]:
        """Return the next batch, or several joined where that costs nothing, and how many; None at the end."""
        left = most if self.count is None else min(most, self.count - self._given)
        if left <= 0:
            return None, 0
        if self.array is not None:
            start = self._given * self.size
            self._given += left
            stop = self._given * self.size
            return map_structure(lambda array: array[start:stop], self.array), left
        item = next(self._items, None)
        if item is None:
            return None, 0
        self._given += 1
        return as_inputs(item[0] if isinstance(item, tuple) else item), 1
