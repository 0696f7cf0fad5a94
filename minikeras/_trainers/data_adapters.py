"""Data as users pass it -> arrays of numbers: inputs, targets and weights."""

import math
from collections.abc import Iterable, Mapping
from contextlib import suppress
from operator import itemgetter
from typing import Any, TypeAlias

import numpy as np

from .._base.nested import leaves, like, map_present, map_structure, present
from .._base.settings import settings
from .._base.typing import Array, FloatArray, TensorLike
from .._base.user_warning import warn_user
from .._core.tensor import Tensor, TensorOps, as_array
from .minibatch import count_rows, to_floatx
from .on_dask import is_dask
from .output_matching import paths_in

Inputs: TypeAlias = TensorLike | Iterable[Any]
ClassWeights: TypeAlias = Mapping[int, float] | None
Data: TypeAlias = tuple[Any, ...]
"""(x,), (x, y) or (x, y, sample_weight). Each is an array or a structure of arrays that the user chose, hence Any."""
_LIKE_ARRAYS = ("__array__", "to_numpy", "toarray")  # methods of what becomes an array
_NO_NUMBERS = str | bytes | np.datetime64 | np.timedelta64  # though NumPy casts digits and times to floats


def as_input(x: Any, argument: str = "x") -> Array:
    """Return data as an array of numbers, or of texts for x, without a copy if it is one already.

    A ValueError for other objects, ragged lists and symbolic tensors, and for texts as targets.
    """
    if x is None or isinstance(x, str | bytes) or callable(x):
        raise ValueError(f"`{argument}` must be an array of numbers. Received: {x!r} (of type {type(x).__name__}).")
    if hasattr(x, "toarray"):  # a sparse matrix of SciPy
        x = x.toarray()
    is_series, columns = hasattr(x, "iloc"), getattr(x, "columns", None)
    if hasattr(x, "to_numpy") or isinstance(x, np.recarray):  # to_numpy of pyarrow may refuse to copy
        x = np.asarray(x) if hasattr(x, "__array__") else x.to_numpy()
    array = x if type(x) is np.ndarray and x.dtype.isnative else as_array(x)  # a memmap becomes a view of its file
    if argument[0] == "x" and array.dtype.kind in "OSU" and all(isinstance(item, str | bytes) for item in array.flat):
        return array.astype(object, copy=False)  # texts, which layers such as StringLookup take
    if array.dtype.kind == "O" and not any(isinstance(item, _NO_NUMBERS) for item in array.flat):
        with suppress(TypeError, ValueError):
            array = array.astype("float64")
    if array.dtype.kind not in "fiubc":
        raise ValueError(f"`{argument}` must hold numbers. Received an array of dtype {array.dtype}, shape "
                         f"{array.shape}{culprit(array, columns)}. Pass floats, or integers for names.")  # fmt: skip
    if not array.ndim:
        raise ValueError(f"`{argument}` must have a batch axis. Received a scalar: {array!r}.")
    return array[:, None] if is_series and array.ndim == 1 else array  # a column of a data frame, as in Keras


def plain_arrays(x: Any) -> Any:
    """Return a tensor or an array, or a structure of them, as arrays; None if it has a mask, or something else."""
    arrays = map_structure(lambda a: a.array if type(a) is Tensor and getattr(a, "keras_mask", None) is None else a, x)
    return arrays if all(type(a) is np.ndarray for a in leaves(arrays)) else None


def is_numeric(arrays: Any) -> bool:
    """Return whether arrays have numbers, in the machine's order of bytes."""
    return all(a.dtype.kind in "fiub" and a.dtype.isnative for a in leaves(arrays))


def culprit(array: Array, columns: Any = None) -> str:
    """Return words for the first value that is no number, with its row and the index, or name, of its column."""
    for (row, *rest), value in np.ndenumerate(np.atleast_1d(array)):
        try:
            float(value)
        except (TypeError, ValueError):
            column = f", column {rest[0] if columns is None else columns[rest[0]]!r}" if rest else ""
            value = str(value) if isinstance(value, str) else value  # the repr of np.str_ is longer
            return f", with {value!r:.80} in row {row}{column}"
    return ""


def as_data(x: Any, y: Any = None, sample_weight: Any = None, class_weight: Mapping[int, float] | None = None,
            whole: bool = True) -> Data:  # fmt: skip
    """Return inputs, targets and weights as (x,), (x, y) or (x, y, sample_weight); a ValueError if they do not fit.

    Numbers of rows are not compared: those of a batch may differ, as in a graph with more edges than nodes.

    Args:
        x, y: Inputs and targets: an array, what converts to one, or a list, tuple or dict of these.
        sample_weight: Weight of each row in the loss: one array for all outputs, or one for each in y's structure.
        class_weight: The weight of each class instead, 1 for a class that it lacks.
        whole: Whether these are all rows, so that a class without a row deserves a warning, and one weight is an error.
    """
    x = _as_structure(x, "x")
    y = None if y is None else _as_structure(y, "y")
    if class_weight is not None:
        if sample_weight is not None:
            raise ValueError("`class_weight` and `sample_weight` cannot be used at the same time. Pass one of them.")
        sample_weight = class_weight_to_sample_weights(y, class_weight, whole)
    elif sample_weight is not None:
        if not whole and isinstance(sample_weight, int | float | np.number | np.ndarray) and not np.ndim(sample_weight):
            sample_weight = np.full(count_rows((x, y)), sample_weight)
        sample_weight = _weights_for(y, _as_structure(sample_weight, "sample_weight"))
    return (x,) if y is None else (x, y) if sample_weight is None else (x, y, sample_weight)


def as_batch(x: Any, y: Any, sample_weight: Any, class_weight: Mapping[int, float] | None, has_loss: bool) -> Data:
    """Return one batch as `as_data` does, with floats as floatx; a ValueError if its loss is that of no rows, NaN."""
    data = as_data(x, y, sample_weight, class_weight, whole=False)
    if has_loss and not any(map(len, present(data))):
        raise ValueError(f"A batch needs rows. Received: x={data[0]!r:.80}.")
    return tuple(map_present(to_floatx, data))


def _as_structure(data: Any, argument: str) -> Any:
    """Return an array, or a structure of arrays and None; a list of one target or weight becomes that array."""
    if isinstance(data, dict):
        return {key: _as_item(value, f"{argument}[{key!r}]") for key, value in data.items()}
    if isinstance(data, list | tuple) and data and all(map(_is_item, data)):
        items = [_as_item(value, f"{argument}[{i}]") for i, value in enumerate(data)]
        data = () if settings.tensorflow_batches and type(data) is list else data
        return items[0] if len(items) == 1 and argument in ("y", "sample_weight") else like(data, items)
    return as_input(data, argument)


def _as_item(value: Any, argument: str) -> Any:
    return None if value is None else _as_structure(value, argument)


def _is_item(value: Any) -> bool:
    """Return whether a value is an array, or a structure of arrays, and not a row of numbers."""
    if isinstance(value, list | tuple):
        return bool(value) and all(map(_is_item, value))
    is_array = any(hasattr(value, name) for name in _LIKE_ARRAYS) and getattr(value, "ndim", 1) != 0
    return value is None or isinstance(value, dict) or is_array


def _weights_for(y: Any, sample_weight: Any) -> Any:
    """Return sample weights in y's structure, where one array serves all outputs; a ValueError if they do not fit."""
    if not isinstance(y, list | tuple | dict):
        return sample_weight
    if isinstance(sample_weight, list | tuple | dict):
        if paths_in(sample_weight) != paths_in(y):
            raise ValueError("`sample_weight` must be one array for all outputs, or have the structure of `y`. "
                             f"Received: `y` at {paths_in(y)}, weights at {paths_in(sample_weight)}.")  # fmt: skip
        return sample_weight
    if sample_weight.ndim > 1 and sample_weight.shape[1:] != (1,):
        raise ValueError("A single `sample_weight` for several outputs must have one number for each row. Received "
                         f"shape {sample_weight.shape}. Pass one array for each output.")  # fmt: skip
    return map_structure(lambda _: sample_weight, y)


def class_weight_to_sample_weights(y: Any, class_weight: Mapping[int, float], whole: bool = False) -> FloatArray:
    """Return for each row the weight of its class, 1 if `class_weight` lacks the class.

    Labels y are class numbers of shape (rows,) or (rows, 1), or one-hot rows (rows, classes); a ValueError for others.
    Keys that are no numbers give a warning, and if y is the `whole` data, so do classes without a row.
    """
    if not isinstance(y, np.ndarray):
        raise ValueError(f"`class_weight` needs one array of labels, for a single output. Received: y={y!r:.80}.")
    if not isinstance(class_weight, Mapping):
        raise ValueError(f"`class_weight` must be a dict of class to weight. Received: {class_weight!r}.")
    if y.ndim > 1:
        y = y.argmax(axis=-1) if y.shape[-1] != 1 else y[..., 0]
    if y.ndim != 1:
        raise ValueError(f"`class_weight` needs one label for each row. Received labels of shape {y.shape}.")
    labels = np.round(y)
    weights = np.ones(len(labels), settings.floatx)
    idle = []
    for label, weight in class_weight.items():
        rows = labels == label if isinstance(label, int | float | np.number) else np.False_
        if not rows.any() and (whole or not rows.ndim):
            idle.append(label)
        weights[rows] = weight
    if idle:
        warn_user(f"`class_weight` has keys that are no class numbers of the targets, and are ignored: {idle}.")
    return weights


def unpack_x_y_sample_weight(data: Any) -> tuple[Any, Any, Any]:
    """Return a batch as (x, y, sample_weight), with None for what it does not have.

    `data` is x alone, or a tuple or list of one to three of x, y and sample_weight; a ValueError for another number.

    Example:
        >>> unpack_x_y_sample_weight((1, 2))
        (1, 2, None)
    """
    if not isinstance(data, tuple | list):
        return data, None, None
    if not 1 <= len(data) <= 3:
        raise ValueError(f"A batch must be x, (x,), (x, y) or (x, y, sample_weight). Received: {data!r:.80}.")
    x, y, sample_weight = (*data, None, None)[:3]
    return x, y, sample_weight


def pack_x_y_sample_weight(x: Any, y: Any = None, sample_weight: Any = None) -> Any:
    """Return x, (x, y) or (x, y, sample_weight), without those that are None; x alone is (x,) if it is a list or tuple.

    Without targets, weights are left out as well.

    Example:
        >>> pack_x_y_sample_weight(1, 2), pack_x_y_sample_weight(1)
        ((1, 2), 1)
    """
    if y is None:
        return (x,) if isinstance(x, tuple | list) else x
    return (x, y) if sample_weight is None else (x, y, sample_weight)


def train_validation_split(arrays: Data, validation_split: float) -> tuple[Data, Data]:
    """Split data into its first and its last rows, as views, without shuffling.

    `validation_split` is the fraction of the last. None stays None. A ValueError if the data is an iterable of batches,
    its numbers of rows differ, or a part would have no row.
    """
    for item in leaves(arrays):
        if is_batches(item):
            raise ValueError(f"`validation_split` needs arrays. Received: {item!r} (of type {type(item).__name__}). "
                             "Pass `validation_data` instead.")  # fmt: skip
    if not is_dask(arrays):
        arrays = tuple(_as_item(part, name) for part, name in zip(arrays, ("x", "y", "sample_weight"), strict=False))
    rows = count_rows(arrays)
    at = math.floor(rows * (1.0 - validation_split))
    if not 0 < at < rows:
        raise ValueError(f"`validation_split` must leave rows to train on and rows to validate on, of {rows}. "
                         f"Received: validation_split={validation_split}.")  # fmt: skip
    return map_present(itemgetter(slice(at)), arrays), map_present(itemgetter(slice(at, None)), arrays)


def is_batches(x: Any) -> bool:
    """Return whether data comes in batches, as from a generator, and cannot be made an array."""
    if isinstance(x, TensorOps | list | tuple | dict | str | bytes | range) or any(hasattr(x, n) for n in _LIKE_ARRAYS):
        return False
    return isinstance(x, Iterable) or all(hasattr(type(x), name) for name in ("__getitem__", "__len__"))
