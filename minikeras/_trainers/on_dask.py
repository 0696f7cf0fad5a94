"""Dask's arrays and data frames, chunk by chunk: lazy predictions, metrics summed over chunks, batches to train on."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from importlib import import_module
from itertools import count, islice
from operator import itemgetter
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from .. import random
from .._base.nested import leaves, map_present, map_structure, present
from .._base.settings import settings
from .._base.typing import Array
from .._serialization.configurable import is_built_in
from .minibatch import arranged, count_rows

if TYPE_CHECKING:
    from .data_adapters import Data
    from .trainer import Trainer


def is_dask(x: Any) -> bool:
    """Return whether data, or the first of several inputs, is a Dask collection."""
    while isinstance(x, list | tuple | dict) and x:
        x = next(iter(x.values() if isinstance(x, dict) else x))
    return hasattr(x, "__dask_graph__") and getattr(x, "chunks", True) is not None  # xarray: None if it is NumPy's


def predict(model: Trainer, x: Any, batch_size: int | None) -> Any:
    """Return the outputs as lazy Dask arrays with x's chunks of rows, in the structure that `call` returns."""
    data = _in_chunks((x,))
    outputs = None if _is_stateful(model) else model.predict(_zeros(data)[0], verbose=0)  # of two rows
    if outputs is None or {len(y) for y in leaves(outputs)} != {2}:
        raise ValueError("Chunks can be predicted one by one only if each row of output depends on one row of input "
                         "alone. This model is stateful, or returns more or fewer rows: pass an array.")  # fmt: skip
    chunks, places = _map_chunks(lambda m, rows: leaves(m.predict(rows[0], batch_size, 0)), data, model), count()

    def lazy(y: Array) -> Any:
        sizes, new = (chunks.chunks[0], *((n,) for n in y.shape[1:])), [*range(1, y.ndim)]
        return chunks.map_blocks(itemgetter(next(places)), chunks=sizes, new_axis=new, meta=y[:0])

    return map_structure(lazy, outputs)


def evaluate(model: Trainer, data: Data, batch_size: int | None) -> bool:
    """Set the states of the metrics to their sums over chunks, which are cut at the ends of batches.

    Return whether that was possible. It is not if the states may be no sums: for a user's own metrics or `test_step`,
    and for a model that keeps a state from batch to batch.
    """
    if not is_dask(data) or model._replaces() or _is_stateful(model):
        return False
    data = _in_chunks(data)
    _metric_states(model, _zeros(data))
    if not all(is_built_in(metric) for group in model.metrics for metric in getattr(group, "metrics", [group])):
        return False
    data = map_present(lambda a: a.compute_chunk_sizes() if np.isnan(a.shape[0]) else a, data)
    ends = np.cumsum(leaves(data)[0].chunks[0])
    ends[:-1] -= ends[:-1] % (batch_size or 32)
    sizes = tuple(np.diff(np.unique([0, *ends])).tolist())
    data = map_present(lambda a: a.rechunk({0: sizes}), data)
    chunks = _map_chunks(partial(_metric_states, batch_size=batch_size), data, model)
    states = import_module("dask").compute(*chunks.to_delayed())
    for variable, *parts in zip((v for metric in model.metrics for v in metric.variables), *states, strict=True):
        variable.assign(sum(parts))
    return True


class Chunks:
    """The batches of (x, y, sample_weight), of the same sizes as those of arrays, with one chunk in memory at a time.

    Shuffling draws a new order in each pass: of the chunks, and of the rows in each chunk.
    """

    def __init__(self, data: Data, size: int, shuffle: bool | Literal["batch"]) -> None:
        arrays = _in_chunks(data)
        chunks = _map_chunks(lambda _, rows: present(rows), arrays)
        self._rows, self._chunks = chunks.shape[0], chunks.to_delayed()
        self._structure, self._size, self._shuffle = _zeros(arrays), size, shuffle

    def __length_hint__(self) -> int:
        return NotImplemented if np.isnan(self._rows) else -(-self._rows // self._size)

    def keras_pass(self, whole: bool = True) -> Iterator[Data]:
        """Begin a pass."""
        parts, missing = list[list[Array]](), self._size  # of the next batch: its rows so far, how many it still needs
        for chunk in self._chunks[_order(len(self._chunks), self._shuffle is True)]:
            arrays = chunk.compute()
            order = _order(count_rows(arranged(arrays, self._structure)), self._shuffle is True)
            for rows in np.split(order, range(missing, len(order), self._size)):
                parts, missing = [*parts, [a[rows] for a in arrays]], missing - len(rows)
                if not missing:
                    yield self._batch(parts)
                    parts, missing = [], self._size
            del arrays  # frees the memory before the next chunk is computed
        if missing < self._size:
            yield self._batch(parts)

    __iter__ = keras_pass

    def _batch(self, parts: list[list[Array]]) -> Data:
        order = _order(sum(len(part[0]) for part in parts), self._shuffle == "batch")
        return arranged([np.concatenate(pieces)[order] for pieces in zip(*parts, strict=True)], self._structure)


def _zeros(data: Data) -> Any:
    """Return two rows of zeros to try a model on. With one row, an output that always has one row would not show."""
    return map_present(lambda a: np.zeros((2, *a.shape[1:]), a.dtype), data)


def _in_chunks(data: Data) -> Any:
    """Return data as Dask arrays, cut into chunks along the rows alone."""

    def convert(a: Any) -> Any:
        if hasattr(a, "to_dask_array"):
            a = (a.to_frame() if a.ndim == 1 else a).to_dask_array()  # a series becomes an array of one column
        a = import_module("dask.array").asarray(a)
        return a.rechunk(dict.fromkeys(range(1, a.ndim), -1))

    return map_present(convert, data)


def _map_chunks(run: Callable[..., Any], data: Data, model: Trainer | None = None) -> Any:
    """Return a Dask array of the results of run(model, rows), one for each chunk of rows; the model is copied now."""
    arrays, axes = present(data), count(1)
    pairs = [part for a in arrays for part in (a, (0, *islice(axes, a.ndim - 1)))]
    pickled = import_module("cloudpickle").dumps((model, settings.floatx, settings.epsilon))
    sent = import_module("dask").delayed(pickled, traverse=False)  # as a task, it goes to each worker once
    known = not any(np.isnan(a.shape[0]) for a in arrays)  # arrays of unknown length must have the same partitions
    blockwise, apply = import_module("dask.array").blockwise, partial(_apply, run, _zeros(data))
    return blockwise(apply, (0,), sent, None, *pairs, meta=np.empty(0, object), align_arrays=known)


def _apply(run: Callable[..., Any], structure: Data, pickled: bytes, *blocks: Any) -> Any:
    model, settings.floatx, settings.epsilon = import_module("cloudpickle").loads(pickled)
    arrays = [*import_module("dask.core").flatten([*blocks])]  # Dask nests each in a list for each further axis
    return run(model, arranged(arrays, structure))


def _metric_states(model: Trainer, data: Data, batch_size: int | None = None) -> list[Array]:
    model.evaluate(data[0], data[1], batch_size, 0, data[2])
    return [np.asarray(v, "float64") for metric in model.metrics for v in metric.variables]


def _is_stateful(model: Trainer) -> bool:
    return any(getattr(layer, "stateful", False) for layer in model._flatten_layers())


def _order(rows: int, mixed: bool) -> Array:
    return random.source.order(rows) if mixed else np.arange(rows)
