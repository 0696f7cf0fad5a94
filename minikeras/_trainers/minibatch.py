"""Rows of arrays -> batches, quickly: the rows of several batches are gathered at once, as many as the cache holds."""

from collections.abc import Callable, Iterator
from functools import lru_cache, partial
from typing import Any, Literal

import numpy as np

from .. import random
from .._base.nested import map_structure, present
from .._base.pool import run_all
from .._base.settings import settings
from .._base.typing import Array
from .._jit.multi_step import LONGEST, Stretch

STRETCH_BYTES = 1 << 18
"""The most bytes of rows that are gathered at once; a cache holds them."""
GATHERED = 1 << 14
"""Larger batches, in bytes, are gathered one by one."""
WHOLE = 1 << 20
"""Up to so many bytes an array is made floatx and contiguous as a whole, in each pass; a larger one batch by batch."""
SHARED = 1 << 21
"""So many bytes are gathered by two threads: 20 MB take 0.7 ms rather than 1."""


def stretches_of(arrays: tuple[Any, ...], total: int, size: int, shuffle: bool | Literal["batch"]) -> Iterator[Stretch]:
    """Yield one pass over arrays (or structures of them) of `total` rows, as stretches of batches of `size` rows.

    `shuffle` mixes all rows, or ("batch") those within each batch.
    """
    parts = present(arrays)
    getters = [_getter(array, bool(shuffle)) for array in parts]
    is_flat = all(isinstance(part, np.ndarray) for part in arrays)
    order = random.source.order(total) if shuffle and shuffle != "batch" else None
    start = 0
    if is_flat and shuffle != "batch" and all(array.flags.c_contiguous or array.nbytes <= WHOLE for array in parts):
        makers = {id(array): partial(_stacked if 0 < array[:size].nbytes <= GATHERED else _Gathered, get, size, array)
                  for array, get in zip(parts, getters, strict=True)}  # fmt: skip
        together = sum(array[:size].nbytes for array in parts if makers[id(array)].func is _stacked)
        step = size * max(1, min(LONGEST, STRETCH_BYTES // max(1, together)))
        while start + size <= total:
            stop = min(start + step, total - total % size)
            rows: Any = slice(start, stop) if order is None else order[start:stop]
            stretch = {key: make(rows) for key, make in makers.items()}  # targets may be the inputs themselves
            yield [stretch[id(array)] for array in parts]
            start = stop
    for begin in range(start, total, size):
        stop = min(begin + size, total)
        rows = slice(begin, stop)
        if order is not None:
            rows = order[rows]
        elif shuffle:
            rows = random.source.order(stop - begin) + begin
        batch = [get(rows) for get in getters]
        yield [[part] for part in (batch if is_flat else arranged(batch, arrays))]


def to_floatx(array: Array) -> Array:
    """Return an array whose floats are floatx, in C order: products round differently in another."""
    return np.asarray(array, settings.floatx if _is_other_float(array) else None, order="C")


def _is_other_float(array: Array) -> bool:
    return array.dtype.kind == "f" and array.dtype != settings.floatx


def _getter(array: Array, by_index: bool) -> Callable[[Any], Array]:
    """Return the quickest function that takes rows out of an array without a copy of a large array."""
    if array.nbytes <= WHOLE:
        array = to_floatx(array)
    get: Callable[[Any], Array] = array.__getitem__
    if by_index and array.flags.c_contiguous and array.flags.aligned and array.dtype.isnative:
        get = partial(_take, array)  # in a quarter of the time; any other array `take` would first copy whole
    return get if array.flags.c_contiguous and not _is_other_float(array) else (lambda rows: to_floatx(get(rows)))


def _take(array: Array, rows: Array) -> Array:
    if array[: (half := len(rows) // 2)].nbytes < SHARED // 2:
        return array.take(rows, 0)
    out = np.empty((len(rows), *array.shape[1:]), array.dtype)
    run_all([partial(array.take, rows[cut], 0, out[cut], "clip") for cut in (slice(half), slice(half, None))])
    return out


def _stacked(get: Callable[[Any], Array], size: int, array: Array, rows: Any) -> Array:
    """Return the batches of a run as one array, gathered now; the array must have elements."""
    return get(rows).reshape(-1, size, *array.shape[1:])


class _Gathered:
    """The batches of a run, each gathered when it is first used; `shape` and `dtype` are those of all stacked."""

    def __init__(self, get: Callable[[Any], Array], size: int, array: Array, rows: Any) -> None:
        if isinstance(rows, slice):
            cuts: Any = [slice(start, start + size) for start in range(rows.start, rows.stop, size)]
        else:
            cuts = rows.reshape(-1, size)
        self._batch = lru_cache(1)(lambda k: get(cuts[k]))  # once, if a run has this array in two places
        self.shape: tuple[int, ...] = (len(cuts), size, *array.shape[1:])
        self.dtype: np.dtype[Any] = np.dtype(settings.floatx) if _is_other_float(array) else array.dtype

    def __len__(self) -> int:
        return self.shape[0]

    def __iter__(self) -> Iterator[Array]:
        return map(self._batch, range(len(self)))


def count_rows(data: tuple[Any, ...]) -> int:
    """Return how many rows all arrays of (x, y, sample_weight) have."""
    sizes = [[len(array) for array in present(part)] for part in data]
    lengths = {size for part in sizes for size in part}
    if not lengths:
        raise ValueError(f"There is no array in the data. Received: {data!r}.")
    if len(lengths) > 1:
        parts = zip(("x", "y", "sample_weight"), (", ".join(map(str, part)) for part in sizes), strict=False)
        advice = " If a list has the rows of one input, np.array(list) joins them." if len(sizes[0]) > 1 else ""
        raise ValueError("Data cardinality is ambiguous: all arrays must have the same number of rows. Received: "
                         f"{'; '.join(f'{name}: {part:.60}' for name, part in parts if part)}.{advice}")  # fmt: skip
    return lengths.pop()


def arranged(flat: list[Array], structure: tuple[Any, ...]) -> tuple[Any, ...]:
    """Return a flat list of arrays in a structure; None in it stays None."""
    arrays = iter(flat)
    return tuple(map_structure(lambda leaf: None if leaf is None else next(arrays), structure))
