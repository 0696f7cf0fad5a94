"""What users pass as data -> batches of arrays."""

import math
import random
import warnings
from collections.abc import Callable, Iterable, Iterator, Mapping
from itertools import chain, count, islice
from operator import length_hint
from sys import getrefcount
from typing import Any, Literal, TypeAlias

import numpy as np

from . import _state
from ._structure import leaves, map_structure
from ._typing import Array, FloatArray
from .tensor import TensorOps, as_array

Data: TypeAlias = tuple[Any, ...]
"""(x,), (x, y) or (x, y, sample_weight): each an array, or a structure of arrays that its user chose, hence Any."""

Run: TypeAlias = list[Any]
"""Batches of one shape: for each array of a batch its rows of all batches, as a sequence of arrays."""

RUN = 64
"""At most so many batches make a run."""
RUN_BYTES = 1 << 18
"""A run has so many bytes of rows gathered at once, which a cache holds."""
GATHERED = 1 << 14
"""Of batches with more bytes each is gathered by itself, where the last one was."""
SMALL = 1 << 20
"""Arrays of so many bytes are made floatx, and contiguous, as a whole for a pass, larger ones batch by batch."""


def as_input(x: Any, argument: str = "x") -> Array:
    """Return data as an array of numbers, without a copy where it is one already.

    Raises:
        ValueError: for strings among targets, objects, ragged lists, sparse matrices or symbolic tensors.
    """
    if x is None or isinstance(x, str | bytes):
        raise ValueError(f"`{argument}` must be an array of numbers. Received: {x!r} (of type {type(x).__name__}).")
    if hasattr(x, "toarray"):
        raise ValueError(f"`{argument}` must be an array. Received a sparse matrix: pass its toarray().")
    is_series = hasattr(x, "iloc")
    if hasattr(x, "to_numpy"):
        x = x.to_numpy()
    array = np.asarray(x) if isinstance(x, np.ndarray) else as_array(x)  # a memmap becomes a plain view of its file
    if argument[0] == "x" and array.dtype.kind in "OSU" and all(isinstance(item, str | bytes) for item in array.flat):
        return array  # for a layer such as TextVectorization; others refuse it
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
            "Convert it to float first, or names of classes to integers."
        )
    if not array.ndim:
        raise ValueError(f"`{argument}` must have a batch axis. Received a scalar: {array!r}.")
    return array[:, None] if is_series and array.ndim == 1 else array  # a column of a data frame, as in Keras


def as_inputs(x: Any) -> Any:
    """Return a model's inputs: one array, or a list, tuple or dict of arrays for a model of several inputs.

    Raises:
        ValueError: if one is not numeric, or their numbers of rows differ.
    """
    return as_data(x)[0]


def as_data(x: Any, y: Any = None, sample_weight: Any = None, class_weight: Mapping[int, float] | None = None) -> Data:
    """Return inputs, targets and weights as (x,), (x, y) or (x, y, sample_weight), of arrays or structures of them.

    Args:
        x: Inputs: an array, what becomes one, or a list, tuple or dict of arrays; a list of one is its array.
        y: Targets, likewise.
        sample_weight: Weight of each row in the loss: one array for all outputs, or one for each in y's structure.
        class_weight: In its place the weight of each class; a class that is not in it weighs 1.

    Raises:
        ValueError: if something is not numeric, the numbers of rows differ, or the weights do not fit the targets.
    """
    x = _as_structure(x, "x")
    y = None if y is None else _as_structure(y, "y")
    if class_weight is not None:
        if sample_weight is not None:
            raise ValueError("`class_weight` and `sample_weight` cannot be used at the same time. Pass one of them.")
        sample_weight = class_weight_to_sample_weights(y, class_weight)
    elif sample_weight is not None:
        sample_weight = _weights_for(y, _as_structure(sample_weight, "sample_weight"))
    data: Data = (x,) if y is None else (x, y) if sample_weight is None else (x, y, sample_weight)
    _rows(data)
    return data


def as_batch(x: Any, y: Any = None, sample_weight: Any = None, class_weight: Mapping[int, float] | None = None) -> Data:
    """Return one batch as `as_data` does, with floats as floatx."""
    data = as_data(x, y, sample_weight, class_weight)
    return tuple(map_structure(lambda array: array if array is None else _to_floatx(array), data))


def _rows(data: Data) -> int:
    """Return how many rows all arrays of (x, y, sample_weight) have."""
    sizes = [[len(array) for array in leaves(part) if array is not None] for part in data]
    found = {size for part in sizes for size in part}
    if not found:
        raise ValueError(f"There is no array in the data. Received: {data!r}.")
    if len(found) > 1:
        parts = zip(("x", "y", "sample_weight"), sizes, strict=False)
        raise ValueError(
            "Data cardinality is ambiguous: all arrays must have the same number of rows. Received: "
            f"{'; '.join(f'{name}: ' + ', '.join(map(str, part)) for name, part in parts if part)}."
        )
    return found.pop()


def _as_structure(data: Any, argument: str) -> Any:
    """Return one array, or a structure of arrays and of None where an input or target is absent."""
    if isinstance(data, dict):
        return {key: _as_item(value, f"{argument}[{key!r}]") for key, value in data.items()}
    if isinstance(data, list | tuple) and data and all(map(_is_item, data)):
        found = [_as_item(value, f"{argument}[{i}]") for i, value in enumerate(data)]
        return found[0] if len(found) == 1 else type(data)(found)
    return as_input(data, argument)


def _as_item(value: Any, argument: str) -> Any:
    return None if value is None else _as_structure(value, argument)


def _is_item(value: Any) -> bool:
    """Tell an array, or a structure of arrays, from a row of numbers."""
    if isinstance(value, list | tuple):
        return bool(value) and all(map(_is_item, value))
    return value is None or isinstance(value, dict) or (hasattr(value, "__array__") and getattr(value, "ndim", 1) != 0)


def _weights_for(y: Any, sample_weight: Any) -> Any:
    """Return weights in y's structure."""
    if not isinstance(y, list | tuple | dict):
        return sample_weight
    if isinstance(sample_weight, list | tuple | dict):
        if _skeleton(sample_weight) != _skeleton(y):
            raise ValueError(
                "`sample_weight` must be one array for all outputs, or have one for each output in the structure of "
                f"`y`. Received: y={_skeleton(y)}, sample_weight={_skeleton(sample_weight)}."
            )
        return sample_weight
    if sample_weight.ndim > 1 and sample_weight.shape[1:] != (1,):
        raise ValueError(
            "For a model of several outputs a single `sample_weight` must have one number a row. "
            f"Received: sample_weight of shape {sample_weight.shape}. Pass one array for each output instead."
        )
    return map_structure(lambda _: sample_weight, y)


def _skeleton(structure: Any) -> Any:
    if isinstance(structure, dict):
        return {key: _skeleton(value) for key, value in structure.items()}
    return [_skeleton(item) for item in structure] if isinstance(structure, list | tuple) else "array"


def class_weight_to_sample_weights(y: Any, class_weight: Mapping[int, float]) -> FloatArray:
    """Return the weight of each row's class: its own where `class_weight` has one, else 1.

    Args:
        y: Integer labels of shape (rows,) or (rows, 1), or one-hot labels of shape (rows, classes).
        class_weight: Class to weight.

    Raises:
        ValueError: if y is missing, has several outputs or other axes, or `class_weight` is no dict.

    Example:
        >>> class_weight_to_sample_weights(np.array([0, 1, 2]), {0: 5.0, 2: 0.5})
        array([5. , 1. , 0.5], dtype=float32)
    """
    if not isinstance(y, np.ndarray):
        raise ValueError(f"`class_weight` needs one array of labels, for a single output. Received: y={y!r}.")
    if not isinstance(class_weight, Mapping):
        raise ValueError(f"`class_weight` must be a dict of class to weight. Received: {class_weight!r}.")
    if y.ndim > 1:
        y = y.argmax(axis=-1) if y.shape[-1] != 1 else y[..., 0]
    if y.ndim != 1:
        raise ValueError(f"`class_weight` needs one label a row. Received labels of shape {y.shape}.")
    labels = np.round(y)
    weights = np.ones(len(labels), _state.settings.floatx)
    for label, weight in class_weight.items():
        weights[labels == label] = weight
    return weights


def unpack_x_y_sample_weight(data: Any) -> tuple[Any, Any, Any]:
    """Return a batch as (x, y, sample_weight), with None for what it does not have.

    Args:
        data: x alone, or a tuple or list of up to three of x, y and sample_weight.

    Raises:
        ValueError: if there are none or more than three.

    Example:
        >>> unpack_x_y_sample_weight((1, 2))
        (1, 2, None)
    """
    if not isinstance(data, tuple | list):
        return data, None, None
    if not 1 <= len(data) <= 3:
        raise ValueError(f"A batch must be x, (x,), (x, y) or (x, y, sample_weight). Received: {data!r}.")
    x, y, sample_weight = (*data, None, None)[:3]
    return x, y, sample_weight


def pack_x_y_sample_weight(x: Any, y: Any = None, sample_weight: Any = None) -> Any:
    """Return x, (x, y) or (x, y, sample_weight), whatever is given; x alone is (x,) if it is a list or tuple.

    Args:
        x: Inputs.
        y: Targets.
        sample_weight: Weights of the rows; left out where there are no targets.

    Example:
        >>> pack_x_y_sample_weight(1, 2), pack_x_y_sample_weight(1)
        ((1, 2), 1)
    """
    if y is None:
        return (x,) if isinstance(x, tuple | list) else x
    return (x, y) if sample_weight is None else (x, y, sample_weight)


def train_validation_split(arrays: Data, validation_split: float) -> tuple[Data, Data]:
    """Return the first and the last rows of data, as views; they are not shuffled before.

    Args:
        arrays: Such as (x, y, sample_weight), where None stays None.
        validation_split: Which fraction the last rows are, between 0 and 1.

    Raises:
        ValueError: if the data is an iterable of batches, its numbers of rows differ, or a part would have no row.

    Example:
        >>> train_validation_split((np.arange(5), None), 0.3)
        ((array([0, 1, 2]), None), (array([3, 4]), None))
    """
    for item in leaves(arrays):
        if is_batches(item):
            raise ValueError(
                f"`validation_split` needs arrays. Received: {item!r} (of type {type(item).__name__}). "
                "Pass `validation_data` instead."
            )
    arrays = tuple(_as_item(part, name) for part, name in zip(arrays, ("x", "y", "sample_weight"), strict=False))
    rows = _rows(arrays)
    at = math.floor(rows * (1.0 - validation_split))
    if not 0 < at < rows:
        raise ValueError(
            f"`validation_split` must leave rows on both sides, but {rows} rows cannot be split so. "
            f"Received: validation_split={validation_split}."
        )
    return _rows_of(arrays, slice(None, at)), _rows_of(arrays, slice(at, None))


def _rows_of(structure: Any, rows: slice) -> Any:
    """Return views of some rows of all arrays in a structure, whose None stay."""
    return map_structure(lambda array: None if array is None else array[rows], structure)


class PyDataset:
    """Base class of data made batch by batch; `keras.utils.Sequence` is its other name.

    A subclass has `__len__`, the number of batches (or a property `num_batches`, None if there is no end), and
    `__getitem__`, which returns batch `index` as (x,), (x, y) or (x, y, sample_weight). With `shuffle=True` the
    batches of an epoch come in the order of `random.shuffle`.

    Args:
        workers: Accepted as in Keras, like the others; batches are made one by one when they are needed.
        use_multiprocessing: Not used.
        max_queue_size: Not used.

    Example:
        >>> class Squares(PyDataset):
        ...     def __len__(self):
        ...         return 2
        ...     def __getitem__(self, index):
        ...         x = np.arange(2.0) + 2 * index
        ...         return x, x**2
        >>> [y.tolist() for _, y in Squares()]
        [[0.0, 1.0], [4.0, 9.0]]
    """

    workers: int = 1
    use_multiprocessing: bool = False
    max_queue_size: int = 10

    def __init__(self, workers: int = 1, use_multiprocessing: bool = False, max_queue_size: int = 10) -> None:
        self.workers = workers
        self.use_multiprocessing = use_multiprocessing
        self.max_queue_size = max_queue_size

    def __getitem__(self, index: int) -> Any:
        """Return one batch."""
        raise NotImplementedError(f"{type(self).__name__} must implement __getitem__(index), which returns a batch.")

    def __iter__(self) -> Iterator[Any]:
        total = self.num_batches
        return (self[index] for index in (count() if total is None else range(total)))

    @property
    def num_batches(self) -> int | None:
        """How many batches an epoch has, None if there is no end."""
        if hasattr(self, "__len__"):
            return len(self)
        raise NotImplementedError(f"{type(self).__name__} must implement __len__, or the property num_batches.")

    def on_epoch_begin(self) -> None:
        """Run before each epoch."""

    def on_epoch_end(self) -> None:
        """Run after each epoch, and as in Keras once before the first."""


def is_batches(x: Any) -> bool:
    """Tell an iterable of batches, such as a generator, from data that is an array or becomes one."""
    if isinstance(x, np.ndarray | TensorOps | list | tuple | dict | str | bytes | range):
        return False
    if any(hasattr(x, name) for name in ("__array__", "to_numpy", "toarray")):
        return False
    return isinstance(x, Iterable) or (hasattr(x, "__getitem__") and hasattr(x, "__len__"))


class Batches:
    """Data, given out batch by batch, epoch after epoch. Floats come as floatx, integers as they are.

    Args:
        x: Arrays as in `as_data`; or batches: a generator, another iterable, or a PyDataset, whose items are each
            (x,), (x, y) or (x, y, sample_weight), or x alone.
        y: Targets, for arrays.
        sample_weight: Weights of the rows, for arrays.
        batch_size: Rows a batch, for arrays: 32 if not given, or what makes `steps` batches of them.
        steps: How many batches an epoch takes; the next epoch goes on where it ended. One pass over the data if not
            given.
        shuffle: True to draw the order anew in each pass: of rows by NumPy's global `np.random.permutation`, of a
            PyDataset's batches by `random.shuffle`. "batch" mixes the rows within each batch. Other iterables come
            in their own order.
        class_weight: Class to weight, for arrays and PyDatasets.

    Attributes:
        array: The arrays as (x,), (x, y) or (x, y, sample_weight), as they came, not copied; None for an iterable.
        size: Rows a batch of arrays.
        count: How many batches an epoch has, None if that is unknown.
        rows: How many rows an epoch has, None if that is unknown.

    Raises:
        ValueError: if an argument is wrong, or does not go with an iterable.

    Example:
        >>> [batch[0].tolist() for batch in Batches(np.arange(5), batch_size=2).epoch()]
        [[0, 1], [2, 3], [4]]
    """

    def __init__(
        self,
        x: Any,
        y: Any = None,
        sample_weight: Any = None,
        *,
        batch_size: int | None = None,
        steps: int | None = None,
        shuffle: bool | Literal["batch"] = False,
        class_weight: Mapping[int, float] | None = None,
    ) -> None:
        for name, value, least in (("batch_size", batch_size, 1), ("steps", steps, 0)):
            if value is not None and (
                isinstance(value, bool) or not isinstance(value, int | np.integer) or value < least
            ):
                raise ValueError(f"`{name}` must be a positive integer. Received: {name}={value!r}.")
        self.array: Data | None = None
        self.size: int = 32 if batch_size is None else int(batch_size)
        self.rows: int | None = None
        self._steps = _state.limited(None if not steps else int(steps), "steps_per_epoch")
        self._shuffle = shuffle
        self._class_weight = class_weight
        self._available: int | None  # batches a pass
        self._dataset = x if isinstance(x, PyDataset) else None
        self._stream: Iterator[Data] | None = None  # the pass that goes on in the next epoch
        self._seen = 0  # batches of that pass
        self._taken: int = 0  # batches that `take` gave
        self._taking: Iterator[Data] | None = None
        self._any = False  # whether there ever was a batch
        self._source: Any = None
        if is_batches(x):
            self._source = x
            _refuse_beside_batches(x, y, sample_weight, class_weight)
            self._available = _length(x)
            if self._dataset is not None and self._available is None and self._steps is None:
                raise ValueError("A PyDataset without end needs the number of steps an epoch. Pass steps_per_epoch.")
        else:
            self.array = as_data(x, y, sample_weight, class_weight)
            self._total = _rows(self.array)
            if batch_size is None and self._steps is not None:
                self.size = max(1, -(-self._total // self._steps))
            self._available = -(-self._total // self.size)
            self.rows = self._total if self._steps is None else min(self._total, self._steps * self.size)
        self.count: int | None = self._available if self._steps is None else self._steps

    def join(self, rows: int) -> None:
        """Give out as many batches as one as make that many rows, where there are arrays and no number of steps."""
        if self.array is not None and self._steps is None:
            self.size *= max(1, rows // self.size)
            self.count = self._available = -(-self._total // self.size)

    def epoch(self) -> Iterator[Data]:
        """Give the batches of one epoch, as tuples of arrays or of structures of arrays.

        A batch of arrays in their order is a view of them. Where there are fewer batches than were asked for, a
        UserWarning says so; a generator that is at its end gives none.

        Raises:
            ValueError: if there never is a batch, or one has the wrong form.
        """
        for run in self.runs():
            yield from zip(*run, strict=True)

    def runs(self) -> Iterator[Run]:
        """Give the batches of one epoch as `epoch` does, in runs of batches of one shape."""
        if self.array is not None and self._steps is None and self._total:
            self._any = True
            yield from self._runs(self.array)
            return
        if self._dataset is not None:
            self._dataset.on_epoch_begin()
        goes_on = self._stream is not None and self._steps is not None
        given = 0
        while True:
            if self._stream is None or not goes_on:
                self._stream, self._seen = self._start(), 0
            for batch in islice(self._stream, self._steps):
                given += 1
                yield [[part] for part in batch]
            if given or not goes_on:
                break
            goes_on = False  # the pass had ended exactly with the last epoch
        self._seen += given
        self._any |= given > 0
        if not self._any:
            raise ValueError(_NO_BATCH)
        if self.count is None:
            self.count = given
        if given < self.count:
            _warn_of_the_end()
        if given < self.count or self._seen == self._available:
            self._stream = None
        if self._dataset is not None:
            self._dataset.on_epoch_end()

    def peek(self) -> Data:
        """Return the first batch, for a model that is built from it; `reset` comes next.

        As in Keras this starts an epoch: rows are shuffled for it, and again for the real first one. An iterator
        keeps the batch for its first epoch.

        Raises:
            ValueError: if there is no batch.
        """
        if self._dataset is not None:
            self._dataset.on_epoch_begin()
        batch = next(self._start(), None)
        if batch is None:
            raise ValueError(_NO_BATCH)
        if self._dataset is None and isinstance(self._source, Iterator):
            self._source = chain([batch], self._source)
        return batch

    def reset(self) -> None:
        """Begin a new pass with the next epoch; an iterator goes on. Keras does so before it trains or evaluates."""
        self._stream, self._taken, self._taking = None, 0, None
        if self._dataset is not None:
            self._dataset.on_epoch_end()

    def take(self, most: int = 1) -> tuple[Any, int]:
        """Return x of the next batch, or of several joined where that costs nothing, and how many; None at the end.

        Unlike those of `epoch`, arrays keep their dtype.
        """
        if self.array is None:
            if self._taking is None:
                self._taking = self.epoch()
            batch = next(self._taking, None)
            return (None, 0) if batch is None else (batch[0], 1)
        assert self.count is not None
        assert self._available is not None
        taken = min(most, min(self.count, self._available) - self._taken)
        if taken <= 0:
            if self._available < self.count:
                _warn_of_the_end()
            return None, 0
        start = self._taken * self.size
        self._taken += taken
        return _rows_of(self.array[0], slice(start, self._taken * self.size)), taken

    def _start(self) -> Iterator[Data]:
        """Begin a pass over the data."""
        if self.array is not None:
            return chain.from_iterable(zip(*run, strict=True) for run in self._runs(self.array))
        x = self._source
        if self._dataset is None and isinstance(x, Iterable):
            return map(self._as_batch, x)
        total = _length(x)
        order: Iterable[int] = count()
        if total is not None:
            order = list(range(total))
            if self._shuffle:
                random.shuffle(order)
        return (self._as_batch(x[index]) for index in order)

    def _runs(self, arrays: Data) -> Iterator[Run]:
        """Begin a pass over rows."""
        total, size, shuffle = self._total, self.size, self._shuffle
        parts = [array for array in leaves(arrays) if array is not None]
        getters = [_getter(array, bool(shuffle)) for array in parts]
        is_flat = all(isinstance(part, np.ndarray) for part in arrays)
        order = np.random.permutation(total) if shuffle and shuffle != "batch" else None  # noqa: NPY002 - Keras's stream
        start = 0
        if is_flat and shuffle != "batch" and all(array.flags.c_contiguous or array.nbytes <= SMALL for array in parts):
            makers = [_stacked if array[:size].nbytes <= GATHERED else _Gathered for array in parts]
            together = sum(array[:size].nbytes for array, make in zip(parts, makers, strict=True) if make is _stacked)
            step = size * max(1, min(RUN, RUN_BYTES // max(1, together)))
            while start + size <= total:
                stop = min(start + step, total - total % size)
                rows: Any = slice(start, stop) if order is None else order[start:stop]
                yield [make(get, rows, size, array) for make, get, array in zip(makers, getters, parts, strict=True)]
                start = stop
        for begin in range(start, total, size):
            stop = min(begin + size, total)
            rows = slice(begin, stop)
            if order is not None:
                rows = order[rows]
            elif shuffle:
                rows = np.random.permutation(stop - begin) + begin  # noqa: NPY002 - the same
            taken = [get(rows) for get in getters]
            yield [[part] for part in (taken if is_flat else _arranged(taken, arrays))]

    def _as_batch(self, item: Any) -> Data:
        return as_batch(*unpack_x_y_sample_weight(item), self._class_weight)


_NO_BATCH = "There is no batch: the data has no rows, or the iterable is empty."


def _length(x: Any) -> int | None:
    """Return how many batches an iterable has, None if it does not know; an iterator is never asked."""
    if isinstance(x, PyDataset):
        return x.num_batches
    length = -1 if isinstance(x, Iterator) else length_hint(x, -1)
    return None if length < 0 else length


def _refuse_beside_batches(x: Any, y: Any, sample_weight: Any, class_weight: Any) -> None:
    kind = "PyDataset" if isinstance(x, PyDataset) else type(x).__name__
    for name, value in (("y", y), ("sample_weight", sample_weight)):
        if value is not None:
            raise ValueError(f"`{name}` cannot be passed where `x` is a {kind}: its batches must contain it.")
    if class_weight is not None and not isinstance(x, PyDataset):
        raise ValueError(
            f"`class_weight` cannot be passed where `x` is a {kind}: its batches may contain sample weights instead."
        )


def _warn_of_the_end() -> None:
    warnings.warn(
        "Your input ran out of data; interrupting training. There must be at least `steps_per_epoch * epochs` batches: "
        "ask for fewer, or have the generator go on for ever.",
        stacklevel=3,
    )


def _to_floatx(array: Array) -> Array:
    return array.astype(_state.settings.floatx) if _is_other_float(array) else array


def _is_other_float(array: Array) -> bool:
    return array.dtype.kind == "f" and array.dtype != _state.settings.floatx


def _getter(array: Array, by_index: bool) -> Callable[[Any], Array]:
    """Return what takes rows out of an array, in the quickest way that makes no large copy of it."""
    if array.nbytes <= SMALL:
        array = np.ascontiguousarray(_to_floatx(array))
    get: Callable[[Any], Array] = array.__getitem__
    if by_index and array.flags.c_contiguous and array.flags.aligned and array.dtype.isnative:
        get = _Taker(array)  # a quarter of the time; of any other array `take` copies the whole first
    return (lambda rows: _to_floatx(get(rows))) if _is_other_float(array) else get


def _stacked(get: Callable[[Any], Array], rows: Any, size: int, array: Array) -> Array:
    """Return batches of an array as one."""
    return get(rows).reshape(-1, size, *array.shape[1:])


class _Gathered:
    """Batches of an array, each taken when it is its turn; `shape` and `dtype` are those of all together."""

    def __init__(self, get: Callable[[Any], Array], rows: Any, size: int, array: Array) -> None:
        self._get = get
        if isinstance(rows, slice):
            self._rows: Any = [slice(start, start + size) for start in range(rows.start, rows.stop, size)]
        else:
            self._rows = rows.reshape(-1, size)
        self.shape: tuple[int, ...] = (len(self._rows), size, *array.shape[1:])
        self.dtype: np.dtype[Any] = np.dtype(_state.settings.floatx) if _is_other_float(array) else array.dtype

    def __len__(self) -> int:
        return len(self._rows)

    def __iter__(self) -> Iterator[Array]:
        return map(self._get, self._rows)


class _Taker:
    """Takes rows by index, to where it put others before once nobody holds these: memory that is in the cache."""

    def __init__(self, array: Array) -> None:
        self._array = array
        self._last = self._older = array[:0]

    def __call__(self, rows: Any) -> Array:
        out = self._older
        if len(out) != len(rows) or getrefcount(out) > 3:  # one here, one in `self`, one in the call
            out = np.empty((len(rows), *self._array.shape[1:]), self._array.dtype)
        self._older, self._last = self._last, out
        return self._array.take(rows, 0, out, "clip")  # "raise" would make a copy in between


def _arranged(flat: list[Array], structure: Data) -> Data:
    """Return arrays in a structure, whose None stay."""
    arrays = iter(flat)
    return tuple(map_structure(lambda leaf: None if leaf is None else next(arrays), structure))
