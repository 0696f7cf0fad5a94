"""Helpers that prepare data: `to_categorical`, `normalize` and `pad_sequences`."""

from collections.abc import Sequence
from typing import Any, Literal, cast, overload

import numpy as np

from .. import ops
from .._base.checks import one_of
from .._base.signature import suggests
from .._base.typing import Array, DTypeLike, FloatArray, TensorLike
from .._core.tensor import Tensor, TensorOps, as_array
from ..ops.classes import advice_on_range, tally


@overload
def normalize(x: Tensor, axis: int = -1, order: int = 2) -> Tensor: ...
@overload
def normalize(x: Array, axis: int | None = -1, order: float = 2) -> FloatArray: ...
@overload
def normalize(x: TensorLike, axis: int | None = -1, order: float = 2) -> FloatArray | Tensor: ...
def normalize(x: TensorLike, axis: int | None = -1, order: float = 2) -> FloatArray | Tensor:
    """Return x divided by its norm along an axis; vectors of norm 0 stay as they are.

    Args:
        x: An array, which returns an array; or a tensor or a list, which returns a tensor. An array with a single axis
            counts as one row: (n,) returns (1, n).
        axis: The axis along which norms are taken; None for one norm of the whole array.
        order: The norm: sum(|x| ** order) ** (1 / order). For an array it may be np.inf, the largest |x|.

    Example:
        >>> normalize(np.array([[3.0, 4.0], [0.0, 0.0]]))
        array([[0.6, 0.8],
               [0. , 0. ]])
    """
    if not isinstance(x, np.ndarray):
        return ops.normalize(x, axis=axis, order=cast(int, order))  # `ops.normalize` checks the order
    norm = np.atleast_1d(np.linalg.norm(x, order, axis))
    norm[norm == 0] = 1
    return cast(FloatArray, x / np.expand_dims(norm, -1 if axis is None else axis))


@overload
def to_categorical(x: TensorOps, num_classes: int | None = None) -> Tensor: ...
@overload
def to_categorical(x: TensorLike, num_classes: int | None = None) -> FloatArray: ...
@suggests
def to_categorical(x: TensorLike, num_classes: int | None = None) -> FloatArray | Tensor:
    """Return labels as one-hot vectors along a new last axis, which takes the place of a last axis of size 1.

    Args:
        x: Integers from 0 to num_classes - 1, of any shape. A tensor gives one of floatx, all else an array of float64.
        num_classes: How many classes there are, the largest label plus one if not given.

    Raises:
        ValueError, TypeError: if a label is a text, or no number; a ValueError if there are none to count.
        IndexError: if a label is not below `num_classes`, or below -num_classes: -1 stands for the last class.

    Example:
        >>> to_categorical([0, 2])
        array([[1., 0., 0.],
               [0., 0., 1.]])
    """
    if isinstance(x, TensorOps):
        x = ops.squeeze(x, -1) if x.ndim > 1 and x.shape[-1] == 1 else x
        return ops.one_hot(x, num_classes or int(ops.max(x)) + 1)
    try:
        labels = np.array(as_array(x) if isinstance(x, np.ndarray) else x, "int64")  # as_array refuses masked values
    except (TypeError, ValueError) as error:
        kind = TypeError if isinstance(error, TypeError) else ValueError
        raise kind(f"Labels must be integers. Received: {x!r:.80}. Names of classes become integers by "
                   "np.unique(names, return_inverse=True)[1].") from None  # fmt: skip
    if labels.ndim > 1 and labels.shape[-1] == 1:
        labels = labels[..., 0]
    if not num_classes:
        if not labels.size:
            raise ValueError("There are no labels to count the classes of. Pass `num_classes`.")
        num_classes = int(labels.max()) + 1
    wrong = labels[(labels < -num_classes) | (labels >= num_classes)]  # -1 stands for the last class, as in an index
    if wrong.size:
        raise IndexError(f"Labels must lie between 0 and num_classes - 1 = {num_classes - 1}. Received: {wrong[0]}."
                         f"{advice_on_range(labels, num_classes)}")  # fmt: skip
    return tally(labels[..., None] % num_classes, num_classes, "float64", once=True)


@suggests
def pad_sequences(sequences: Sequence[Any] | Array, maxlen: int | None = None, dtype: DTypeLike = "int32",
                  padding: Literal["pre", "post"] = "pre", truncating: Literal["pre", "post"] = "pre",
                  value: float | str = 0.0) -> Array:  # fmt: skip
    """Return sequences of different lengths as the rows of one array.

    Args:
        sequences: Lists or arrays of any lengths, whose items all have the same shape.
        maxlen: The length of all rows, by default that of the longest sequence.
        dtype: Dtype of the array; `object` for text.
        padding: Whether short sequences are padded at the start ("pre") or at the end ("post").
        truncating: Whether long sequences are cut at the start ("pre") or at the end ("post").
        value: The value to pad with.

    Returns:
        An array of shape (number of sequences, maxlen, ...).

    Raises:
        ValueError: if an item of `sequences` is no sequence, items differ in shape, or an argument is unknown.

    Example:
        >>> pad_sequences([[1], [2, 3, 4]])
        array([[0, 0, 1],
               [2, 3, 4]], dtype=int32)
        >>> pad_sequences([[1], [2, 3, 4]], maxlen=2, padding="post", value=-1)
        array([[ 1, -1],
               [ 3,  4]], dtype=int32)
    """
    one_of("padding", padding, ("pre", "post"))
    one_of("truncating", truncating, ("pre", "post"))
    if isinstance(value, str) and np.dtype(dtype).kind not in "OSU":
        raise ValueError(f"A `value` that is text needs `dtype=object`. Received: value={value!r}, dtype={dtype!r}.")
    if not hasattr(sequences, "__len__") or not all(hasattr(x, "__len__") for x in sequences):
        raise ValueError(f"`sequences` must be a list of lists or arrays. Received: {sequences!r}.")
    if maxlen is None:
        if not len(sequences):
            raise ValueError("There are no sequences to tell a length from. Pass `maxlen`.")
        maxlen = max(map(len, sequences))
    item = next((np.asarray(x).shape[1:] for x in sequences if len(x)), ())
    padded = np.full((len(sequences), maxlen, *item), value, dtype)
    for i, x in enumerate(sequences):
        part = np.asarray(x[max(0, len(x) - maxlen) :] if truncating == "pre" else x[:maxlen], dtype)
        if len(part) and part.shape[1:] != item:
            raise ValueError(f"All items must have one shape. Received: {item}, then {part.shape[1:]} in sequence {i}.")
        start = maxlen - len(part) if padding == "pre" else 0
        padded[i, start : start + len(part)] = part.reshape(len(part), *item)
    return padded
