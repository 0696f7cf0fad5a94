"""Class numbers and one-hot vectors, cross-entropies, and sequences of classes (CTC)."""

from collections.abc import Callable
from functools import lru_cache
from math import prod
from typing import Any, TypeAlias

import numpy as np

from .._base.settings import settings, standardize_dtype
from .._base.typing import Array, DTypeLike, TensorLike
from .._core.op import composite, primitive, structured
from .._core.tape import open_tapes
from .._core.tensor import Tensor, as_array
from .activation import log_softmax, row_sums, sigmoid, softmax
from .arrays import as_float, bare, ones
from .creation import convert_to_tensor, roomy
from .elementwise import clip, logaddexp, maximum
from .reduction import is_narrow, max, sum
from .shapes import moveaxis, pad, repeat, reshape, squeeze, take_along_axis, where


@primitive(None)
def one_hot(x: TensorLike, num_classes: int, axis: int = -1, dtype: DTypeLike | None = None,
            sparse: bool = False) -> Array:  # fmt: skip
    """Vectors with a 1 at the index that each integer gives, along a new axis; all zeros for an integer out of range.

    They have length num_classes, or if that is None, the largest integer plus one.

    Example:
        >>> print(one_hot([0, 2], 3))
        Tensor(
        [[1. 0. 0.]
         [0. 0. 1.]], shape=(2, 3), dtype=float32)
    """
    if sparse:
        raise ValueError("Sparse tensors are not supported. Received: sparse=True; expected False.")
    labels = np.asarray(x)
    if labels.dtype.kind not in "biuf":
        raise TypeError(f"one_hot takes class numbers. Received: {labels.dtype}. StringLookup turns words into them.")
    hot = labels[..., None] == np.arange(int(labels.max()) + 1 if num_classes is None else num_classes)
    return np.moveaxis(hot, -1, axis).astype(standardize_dtype(dtype))


@composite
def multi_hot(inputs: TensorLike, num_classes: int | None = None, axis: int = -1, dtype: DTypeLike | None = None,
              sparse: bool = False, *, num_tokens: int | None = None) -> Tensor:  # fmt: skip
    """Vectors with a 1 at each index that a row of integers gives; num_tokens is an older name of num_classes.

    Example:
        >>> print(multi_hot([0, 2, 2], 4))
        Tensor([1. 0. 1. 0.], shape=(4,), dtype=float32)
    """
    classes = num_classes if num_classes is not None else num_tokens
    if classes is None:
        raise ValueError("multi_hot needs num_classes, the length of its vectors. Received: num_classes=None.")
    if axis == -1 and not sparse:
        return _hot_rows(inputs, classes, standardize_dtype(dtype))
    hot = one_hot(inputs, classes, axis=axis, dtype=dtype, sparse=sparse)
    return max(hot, axis=1 if hot.ndim > 2 else 0)


@primitive(None)
def _hot_rows(x: TensorLike, num_classes: int, dtype: str) -> Array:
    return tally(np.moveaxis(np.atleast_1d(x), 1 if np.ndim(x) > 1 else 0, -1), num_classes, dtype, once=True)


def tally(numbers: Array, depth: int, dtype: str, weights: Array | None = None, *, once: bool = False) -> Array:
    """Count 0..depth - 1 along the last axis, (..., n) -> (..., depth); other integers are ignored.

    With `once`, a number that occurs gives 1, however often. `weights` are added up in place of ones.
    """
    *shape, _ = numbers.shape
    rows = np.zeros((*shape, depth), dtype)
    inside = (numbers >= 0) & (numbers < depth)
    places = (numbers.astype("int64", copy=False) + depth * np.arange(prod(shape)).reshape(*shape, 1))[inside]
    if once:
        rows.reshape(-1)[places] = 1
    else:
        each = np.ones((), dtype) if weights is None else np.broadcast_to(weights, numbers.shape)[inside].astype(dtype)
        np.add.at(rows.reshape(-1), places, each)
    return rows


@structured
def top_k(x: TensorLike, k: int, sorted: bool = True) -> tuple[Tensor, Tensor]:
    """The k largest elements of the last axis in descending order, and their indices; of equals the first leads.

    Example:
        >>> values, indices = top_k([3.0, 9.0, 5.0], 2)
        >>> print(values, indices)
        Tensor([9. 5.], shape=(2,), dtype=float32) Tensor([1 2], shape=(2,), dtype=int32)
    """
    indices = _places_of_largest(x, k)
    return take_along_axis(x, indices, axis=-1), indices


@primitive(None)
def _places_of_largest(x: TensorLike, k: int) -> Array:
    array = np.asarray(x)
    size = array.shape[-1]
    if not 0 <= k <= size:
        raise ValueError(f"top_k needs a k from 0 to the size of the last axis, {size}. Received: k={k}.")
    if 0 < k < size and array.size > 1000:  # without ties, k elements are not less than the kth; NaN is the largest
        chosen = ~(array < np.partition(array, size - k)[..., size - k, None])
        if (np.count_nonzero(chosen, -1) == k).all():
            places = np.nonzero(chosen)[-1].reshape(*array.shape[:-1], k).astype("int32")
            return np.take_along_axis(places, bare(_places_of_largest)(array[chosen].reshape(places.shape), k), -1)
    ascending = np.argsort(array[..., ::-1], axis=-1, kind="stable")  # reversed twice: stable and descending
    return (size - 1 - ascending[..., ::-1][..., :k]).astype("int32")


@primitive(None, None)
def in_top_k(targets: TensorLike, predictions: TensorLike, k: int) -> Array:
    """Whether each target class, (batch,), is among the k largest predictions (batch, classes), or ties with them."""
    scores, classes = np.asarray(predictions), np.asarray(targets)
    scores = np.where(np.isnan(scores), -np.inf, scores)
    if classes.shape != scores.shape[:-1]:
        raise ValueError(f"Expected a class for each row. Received shapes: {classes.shape} and {scores.shape}.")
    valid = (classes >= 0) & (classes < scores.shape[-1])
    target_scores = np.take_along_axis(scores, np.where(valid, classes, 0)[:, None], axis=-1)
    return valid & (np.sum(scores > target_scores, axis=-1) < k)


def _clip(x: Any) -> Any:
    return np.minimum(np.maximum(x, settings.epsilon), 1 - settings.epsilon)


def _inside(x: Any) -> Any:
    """Return the slope of `_clip`: 1 between the bounds, 0 beyond them, half at a bound itself (as JAX has it)."""
    return 0.5 * (np.sign(x - settings.epsilon) + np.sign(1 - settings.epsilon - x))


@lru_cache
def _bounds(epsilon: float, dtype: np.dtype[Any]) -> tuple[float, float]:
    """Return the bounds of `_clip`, rounded to a dtype."""
    return dtype.type(epsilon).item(), dtype.type(1 - epsilon).item()


@primitive(lambda g, y, x, p: _within_rule(g, p), None, inplace=True)
def _within(x: TensorLike, p: TensorLike, out: Array | None = None) -> Array:
    """x where p is within the bounds of `_clip`, 0 elsewhere; p has x's shape, or one number for each row of x."""
    a, b = np.asarray(x), np.asarray(p)
    low, high = _bounds(settings.epsilon, b.dtype)
    y = a if out is a else np.positive(a, out)
    if not b.size or (b.item(b.argmin()) >= low and b.item(b.argmax()) <= high):  # the usual case
        return y
    outside = np.logical_or(np.less(b, low), np.greater(b, high))
    np.copyto(y, 0, where=outside.reshape(outside.shape + (1,) * (a.ndim - b.ndim)))
    return y


_within_rule: Callable[..., Any] = bare(_within)


def _log_probabilities(output: Any, from_logits: bool, axis: int) -> Any:
    if from_logits:
        return bare(log_softmax)(output, axis)
    return np.log(_clip(output / bare(sum)(output, axis=axis, keepdims=True)))


def _aligned(target: Any, output: Any) -> Any:
    """Return targets cast to the output's dtype; a ValueError if the shapes differ."""
    if np.shape(target) != np.shape(output):
        received = f"target.shape={np.shape(target)}, output.shape={np.shape(output)}"
        raise ValueError(f"Arguments `target` and `output` must have the same shape. Received: {received}.")
    return target if getattr(target, "dtype", output.dtype) == output.dtype else target.astype(output.dtype)


def _binary_target_rule(g: Any, y: Any, target: Any, output: Any, from_logits: bool = False) -> Any:
    if from_logits:
        return -g * output
    p = _clip(output)
    return g * (np.log(1 - p) - np.log(p))


def _binary_output_rule(g: Any, y: Any, target: Any, output: Any, from_logits: bool = False) -> Any:
    if from_logits:
        return g * (bare(sigmoid)(output) - target)
    p = _clip(output)
    return g * _inside(output) * (p - target) / (p * (1 - p))


def _binary_logit_rule(g: Any, y: Any, target: Any, output: Any, from_logits: bool = False) -> Any:
    if from_logits:  # the logits themselves came from a sigmoid
        return _binary_output_rule(g, y, target, output, True) * output * (1 - output)
    return g * _within_rule(output - target, output)  # (p - t) / (p (1 - p)) times p (1 - p)


def _binary_parts(target: Any, output: Any, from_logits: bool = False) -> Any:
    target = _aligned(target, output)
    if from_logits:  # log(1 + exp(x)) - target * x, with an exponential that cannot overflow
        return np.maximum(output, 0) - target * output + np.log1p(np.exp(-np.abs(output)))
    p = _clip(output)
    return -(np.log(p) * target + np.log(1 - p) * (1 - target))


@primitive(_binary_target_rule, _binary_output_rule, fused_vjp={"sigmoid": (1, _binary_logit_rule)},
           decomposition=_binary_parts)  # fmt: skip
def binary_crossentropy(target: TensorLike, output: TensorLike, from_logits: bool = False) -> Array:
    """-(target * log(p) + (1 - target) * log(1 - p)), element by element, for targets from 0 to 1.

    `output` holds the probabilities p, of the same shape, clipped to [epsilon, 1 - epsilon]. With `from_logits` it
    holds logits x, p is sigmoid(x), and nothing is clipped.
    """
    return np.asarray(_binary_parts(np.asarray(target), as_float(output), from_logits))


def _output_rule(g: Any, y: Any, target: Any, output: Any, from_logits: bool = False, axis: int = -1) -> Any:
    g = np.expand_dims(g, axis)
    if from_logits:
        return g * (bare(softmax)(output, axis) * bare(sum)(target, axis=axis, keepdims=True) - target)
    total = bare(sum)(output, axis=axis, keepdims=True)
    p = output / total
    d = target / -_clip(p) * _inside(p)
    return g * (d - bare(sum)(d * p, axis=axis, keepdims=True)) / total


def _logit_rule(g: Any, y: Any, target: Any, output: Any, from_logits: bool = False, axis: int = -1) -> Any:
    if from_logits:  # the logits themselves came from a softmax
        weighted = output * _output_rule(g, y, target, output, True, axis)
        return weighted - output * bare(sum)(weighted, axis=axis, keepdims=True)
    counted = target * np.equal(_clip(output), output)
    return np.expand_dims(g, axis) * (output * bare(sum)(counted, axis=axis, keepdims=True) - counted)


def _categorical_parts(target: Any, output: Any, from_logits: bool = False, axis: int = -1) -> Any:
    _check_axis(output)
    return -bare(sum)(_aligned(target, output) * _log_probabilities(output, from_logits, axis), axis)


@primitive(lambda g, y, target, output, from_logits=False, axis=-1:
           -np.expand_dims(g, axis) * _log_probabilities(output, from_logits, axis),
           _output_rule, fused_vjp={"softmax": (1, _logit_rule)}, decomposition=_categorical_parts)  # fmt: skip
def categorical_crossentropy(target: TensorLike, output: TensorLike, from_logits: bool = False,
                             axis: int = -1) -> Array:  # fmt: skip
    """-sum(target * log(p)) over the classes.

    Targets are probabilities, such as one-hot rows, and outputs are scores of the same shape. p is the scores divided
    by their sum, clipped to [epsilon, 1 - epsilon]. With `from_logits`, p is softmax(output), and nothing is clipped.
    The classes lie along `axis`, which the result does not have.
    """
    return np.asarray(_categorical_parts(np.asarray(target), as_float(output), from_logits, axis))


def _check_axis(output: Any) -> None:
    if not output.ndim:
        raise ValueError("A cross-entropy needs an axis of classes. Received: a scalar.")


def _numbers(values: Array, count: int) -> Array:
    """Return labels as integers; a ValueError unless all are in 0..count - 1."""
    if values.dtype.kind == "i" and values.size:
        unsigned = values.view(f"u{values.itemsize}")  # as unsigned numbers, negative ones are huge
        if np.maximum.reduce(unsigned, None) < count:  # the common case, quickly
            return values
    if values.dtype.kind not in "biuf":
        raise ValueError(f"Integer targets must be class numbers. Received: {values.flat[0]!r}, dtype {values.dtype}.")
    with np.errstate(invalid="ignore"):  # a NaN is refused below
        labels: Array = values.astype(np.intp, copy=False)
    if values.dtype.kind == "f" and (labels != values).any():
        raise ValueError(f"Integer targets must be whole class numbers from 0 to {count - 1}. Received: "
                         f"{values[labels != values][0]} among the targets. For one-hot rows use "
                         "categorical_crossentropy.")  # fmt: skip
    if labels.size and labels.view(np.uintp).max() >= count:
        raise ValueError(f"Integer targets must be class numbers from 0 to {count - 1}. Received: targets from "
                         f"{labels.min()} to {labels.max()}.{advice_on_range(labels, count)}")  # fmt: skip
    return labels


def advice_on_range(labels: Array, count: int) -> str:
    """Return a hint for labels of which some are not in 0..count - 1."""
    low, high = int(labels.min()), int(labels.max())
    if (low, high) == (1, count):
        return " Class numbers begin at 0: use y - 1."
    return f" That makes {high + 1} classes." if low >= 0 else ""


SURPLUS_AXES = ("The output has axes that the targets lack: put a Flatten or a global pooling layer before the last "
                "one, or leave out return_sequences=True in the last recurrent layer.")  # fmt: skip
"""The hint of errors where targets have fewer axes than the output."""


def _labels(target: Any, output: Any, axis: int) -> Any:
    """Return labels, without a last axis of size 1, in the output's shape without its classes; or a ValueError."""
    if np.ndim(target) == np.ndim(output) and np.shape(target)[-1] == 1:
        target = np.squeeze(target, axis=-1)
    expected = list(np.shape(output))
    del expected[axis]
    if np.shape(target) != tuple(expected):
        advice = SURPLUS_AXES if np.ndim(target) < np.ndim(output) else "For one-hot rows use categorical_crossentropy."
        raise ValueError("Integer targets must have the output's shape without the axis of classes, here "
                         f"{tuple(expected)}. Received: target.shape={np.shape(target)}, output.shape="
                         f"{np.shape(output)}, axis={axis}. {advice}")  # fmt: skip
    return target


@primitive(None)
def _labelled(labels: TensorLike, count: int) -> Array:
    return _numbers(np.asarray(labels), count).reshape(-1)


@primitive(None, None)
def _chosen(labels: TensorLike, rows: TensorLike) -> Array:
    """Return the score of its label in each row of scores, (n, classes) -> (n,)."""
    scores = np.asarray(rows)
    return scores.reshape(-1).take(np.asarray(labels) + _starts(*scores.shape))


@primitive(None)
def _hot(labels: TensorLike, count: int, letter: str) -> Array:
    """Return class numbers as one-hot rows of `count` floats."""
    rows = np.asarray(labels)
    return _eye(count, letter).take(rows, 0) if count <= 100 else tally(rows[:, None], count, letter, once=True)


_starts = lru_cache(4)(lambda rows, columns: np.arange(0, rows * columns, columns))
_eye = lru_cache(64)(lambda size, letter: np.eye(size, dtype=letter))


def class_numbers(target: Any, output: Any, axis: int) -> Any:
    """Return labels as a vector of integers; a ValueError for any that is no class of the output's axis."""
    return bare(_labelled)(_labels(target, output, axis), np.shape(output)[axis])


def _flat(target: Any, output: Any, axis: int) -> tuple[Any, Any]:
    """Return class numbers as a vector, and scores as a matrix (samples, classes)."""
    rows = output if axis in (-1, np.ndim(output) - 1) else np.moveaxis(output, axis, -1)
    labels = class_numbers(target, output, axis)
    return labels, rows if np.ndim(rows) == 2 else np.reshape(rows, (-1, np.shape(rows)[-1]))


def _unflat(rows: Any, output: Any, axis: int) -> Any:
    """Return a matrix (samples, classes) in the shape of the output: the inverse of `_flat`."""
    if np.ndim(output) == 2 and axis in (-1, 1):
        return rows
    shape = [*np.shape(output)]
    shape.append(shape.pop(axis))
    return np.moveaxis(np.reshape(rows, shape), -1, axis)


def _rows(g: Any, target: Any, output: Any, axis: int) -> tuple[Any, Any, Any, Any]:
    """Return the gradient, class numbers, scores and one-hot vectors, each with one row for a sample."""
    labels, rows = _flat(target, output, axis)
    return np.reshape(g, (-1,)), labels, rows, bare(_hot)(labels, np.shape(rows)[1], np.dtype(rows.dtype).char)


def _sparse_rule(g: Any, y: Any, target: Any, output: Any, from_logits: bool = False, axis: int = -1) -> Any:
    g, _, rows, hot = _rows(g, target, output, axis)
    if from_logits:
        return _unflat((bare(softmax)(rows) - hot) * np.expand_dims(g, -1), output, axis)
    return _unflat(_output_rule(g, y, hot, rows), output, axis)


def _sparse_logit_rule(g: Any, y: Any, target: Any, output: Any, from_logits: bool = False, axis: int = -1) -> Any:
    g, labels, rows, hot = _rows(g, target, output, axis)
    if from_logits:  # the logits themselves came from a softmax
        return _unflat(_logit_rule(g, y, hot, rows, True), output, axis)
    narrow = is_narrow(rows, -1)  # on short rows a product is faster than indexing
    p = np.dot(hot * rows, ones(np.shape(rows)[1], rows.dtype)) if narrow else bare(_chosen)(labels, rows)
    return _unflat(_within_rule(rows - hot, p) * np.expand_dims(g, -1), output, axis)


def _sparse_parts(target: Any, output: Any, from_logits: bool = False, axis: int = -1) -> Any:
    _check_axis(output)
    labels, rows = _flat(target, output, axis)
    if from_logits:
        shifted = rows - bare(max)(rows, -1, keepdims=True)  # exp cannot overflow
        losses = np.log(row_sums(np.exp(shifted), -1)[:, 0]) - bare(_chosen)(labels, shifted)
    else:
        sums = row_sums(rows, -1)[:, 0]
        sums = sums + (sums - sums)  # NaN in place of infinity
        losses = -np.log(_clip(bare(_chosen)(labels, rows) / sums))
    return losses if np.ndim(output) == 2 else np.reshape(losses, np.delete(np.shape(output), axis))


@primitive(None, _sparse_rule, fused_vjp={"softmax": (1, _sparse_logit_rule)}, decomposition=_sparse_parts)
def sparse_categorical_crossentropy(target: TensorLike, output: TensorLike, from_logits: bool = False,
                                    axis: int = -1) -> Array:  # fmt: skip
    """-log(p[target]): `categorical_crossentropy` for class numbers instead of one-hot rows.

    The target has the output's shape without the axis of classes; a last axis of size 1 is allowed.
    """
    return np.asarray(_sparse_parts(target, as_float(output), from_logits, axis))


# Connectionist temporal classification: labels of a sequence, without an alignment with its steps (Graves et al. 2006).

_NEVER, _NOWHERE = -1e5, -1e6
"""Stand for log(0). Labels that do not fit pay the first, as in Keras, for a blank or first labels left out."""
_TOGETHER = 32
"""Steps whose shares are computed at once: their arrays fit the cache."""
Path: TypeAlias = tuple[int, ...]
Beam: TypeAlias = dict[Path, tuple[float, float]]


@composite
def ctc_loss(target: TensorLike, output: TensorLike, target_length: TensorLike, output_length: TensorLike,
             mask_index: int = 0) -> Tensor:  # fmt: skip
    """-log(p) for each sequence, with p the probability of its labels when repeats and blanks are dropped.

    Args:
        target: Class numbers, (batch, labels).
        output: Logits of the classes, (batch, steps, classes).
        target_length, output_length: The number of labels and of steps of each sequence, (batch,).
        mask_index: The class that is the blank.

    Example:
        >>> print(ctc_loss([[1]], [[[0.0, 0.0], [0.0, 0.0]]], [1], [2]).numpy().round(4))  # 3 of 4 ways: log(4 / 3)
        [0.2877]
    """
    labels, lengths = convert_to_tensor(target, "int32"), convert_to_tensor(target_length, "int32")
    return -_log_likelihood(log_softmax(roomy(output), axis=-1), labels, lengths, output_length, mask_index)


@primitive(None, None, None, stepwise=True)
def _passed_back(g: Any, y: Any, cost: Any) -> Any:
    """The gradient of what is emitted, from that of what `_reached` returns, y; with tensors it can be differentiated.

    It goes back step by step, from each state to those from which it was reached.
    """
    last = np.zeros_like(g[0, :, :2])
    found = [g[-1, :, 2:]]
    for start in range((len(y) - 2) // _TOGETHER * _TOGETHER, -1, -_TOGETHER):
        part = slice(start or 1, min(start + _TOGETHER, len(y) - 1))
        before = y[part]
        ways = np.stack([before[..., 2:], before[..., 1:-1], before[..., :-2] + cost])
        ways = np.exp(ways - np.max(ways, 0))
        stay, move, skip = ways / np.sum(ways, 0)  # the share of each way to a state
        by_step = g[part, :, 2:], stay, np.roll(move, -1, -1), np.roll(skip, -2, -1)  # the last two by where they start
        for own, stayed, moved, skipped in zip(*(x[::-1] for x in by_step), strict=True):
            ahead = np.concatenate([found[-1], last], -1)
            found.append(own + found[-1] * stayed + ahead[:, 1:-1] * moved + ahead[:, 2:] * skipped)
    return np.stack(found[::-1])


@primitive(lambda g, y, emitted, cost: (vars(_passed_back)["op"].forward if open_tapes() else bare(_passed_back))(
    g, y, cost), None, stepwise=True)  # fmt: skip
def _reached(emitted: TensorLike, cost: TensorLike) -> Array:
    """log(p) of being in each state, before the first step and after each one, for CTC's forward algorithm.

    A step stays in a state, goes to the next, or to the one behind that, at a cost for each state, (batch, states).
    `emitted`, (steps, batch, states), are the log-probabilities of the classes of the states. The result has
    (steps + 1, batch, 2 + states): first come two states in which nothing ever is.
    """
    e = as_float(emitted)
    y = np.full((len(e) + 1, e.shape[1], 2 + e.shape[2]), _NEVER, e.dtype)
    y[:, :, :2], y[0, :, 2] = _NOWHERE, 0
    ways = np.empty((3, *e.shape[1:]), e.dtype)
    for before, own, after in zip(y, e, y[1:, :, 2:], strict=False):
        ways[0], ways[1], ways[2] = before[:, 2:], before[:, 1:-1], before[:, :-2] + cost
        top = ways.max(0)
        np.exp(np.subtract(ways, top, ways), ways)
        np.add(np.log(ways.sum(0)) + top, own, after)
    return y


def _log_likelihood(log_probs: Tensor, labels: TensorLike, lengths: TensorLike, steps: TensorLike, blank: int,
                    allowed: Array | None = None) -> Tensor:  # fmt: skip
    """Return log(p) of labels by the forward algorithm, from the log-probabilities of the classes at each step.

    `allowed`, (batch, steps, labels + 1), says whether a path may have emitted so many labels after a step.
    """
    labels, last = convert_to_tensor(labels), 2 * convert_to_tensor(lengths)[:, None]
    steps = convert_to_tensor(steps, "int32")[:, None]
    place = np.arange(2 * labels.shape[1] + 1)
    odd = place % 2 == 1  # the states are blank, label, blank, label, ..., blank
    states = where(odd, pad(repeat(labels, 2, axis=1), ((0, 0), (1, 0))), blank)
    skips = pad(states[:, 2:] != states[:, :-2], ((0, 0), (2, 0)))  # a blank between two labels may be skipped
    cost = where(odd, where(skips, 0.0, _NEVER), _NOWHERE).astype(log_probs.dtype)
    emitted = take_along_axis(log_probs, states[:, None], axis=-1)
    if allowed is not None:
        emitted = where(allowed[..., (place + 1) // 2], emitted, _NEVER)
    reached = _reached(moveaxis(emitted, 1, 0), cost)[..., 2:]
    alpha = take_along_axis(reached, clip(steps, 0, log_probs.shape[1])[None], axis=0)[0]
    in_label = where(last > 0, take_along_axis(alpha, maximum(last - 1, 0), axis=-1), _NEVER)
    return squeeze(logaddexp(take_along_axis(alpha, last, axis=-1), in_label), -1)


@structured
def ctc_decode(inputs: TensorLike, sequence_lengths: TensorLike, strategy: str = "greedy", beam_width: int = 100,
               top_paths: int = 1, merge_repeated: bool = True,
               mask_index: int = 0) -> tuple[Tensor, Tensor]:  # fmt: skip
    """The labels decoded from logits, padded with -1: (paths, batch, steps), and a score for each path.

    Args:
        inputs: Logits of the classes, (batch, steps, classes).
        sequence_lengths: The number of steps of each sequence, (batch,).
        strategy: "greedy" takes the best class of each step; its score is the negative sum of their logits, (batch, 1).
            "beam_search" looks for the likeliest sequences; their scores are log-probabilities, (batch, paths).
        beam_width: How many prefixes to keep at each step.
        top_paths: How many sequences to return.
        merge_repeated: Whether a class that is best in several steps in a row counts once.
        mask_index: The class that is the blank.

    Example:
        >>> labels, scores = ctc_decode([[[0.0, 3.0], [0.0, 3.0], [3.0, 0.0]]], [3])
        >>> labels.numpy().tolist(), scores.numpy().tolist()
        ([[[1, -1, -1]]], [[-9.0]])
    """
    if strategy not in ("greedy", "beam_search"):
        raise ValueError(f"Invalid strategy {strategy}. Supported values are 'greedy' and 'beam_search'.")
    scores = roomy(inputs)
    batch, steps = scores.shape[:2]
    lengths = as_array(convert_to_tensor(sequence_lengths, "int32")).ravel()
    log_probs = scores if strategy == "greedy" else log_softmax(scores, axis=-1)
    rows = [row[:n] for row, n in zip(as_array(log_probs), lengths, strict=True)]
    if strategy == "greedy":
        best = [[_greedy_path(row, merge_repeated, mask_index)] for row in rows]
        quality = -sum(where(np.arange(steps) < lengths[:, None], max(scores, -1), 0), 1, keepdims=True)
    else:
        beams = [_beams(row, beam_width, mask_index) for row in rows]
        best = [([*of_row[-1]] + [()] * top_paths)[:top_paths] for of_row in beams]
        quality = _beam_scores(log_probs, lengths, best, beams, mask_index)
    paths = np.full((len(best[0]), batch, steps), -1, "int32")
    for i, j in np.ndindex(batch, len(paths)):
        paths[j, i, : len(best[i][j])] = best[i][j]
    return Tensor(paths), quality


def _beam_scores(log_probs: Tensor, lengths: Array, best: list[list[Path]], beams: list[list[Beam]],
                 blank: int) -> Tensor:  # fmt: skip
    """Return log(p) of the best paths, over prefixes that were kept; -inf where there were fewer paths than asked."""
    shape = len(best), len(best[0]), log_probs.shape[1]
    sizes = np.array([[len(path) for path in row] for row in best])
    labels = np.zeros((*shape[:2], int(np.max(sizes, initial=1))), "int32")
    kept = np.ones((*shape, labels.shape[2] + 1), bool)
    for i, j in np.ndindex(shape[:2]):
        path = best[i][j]
        labels[i, j, : len(path)] = path
        for step, beam in enumerate(beams[i][1:]):
            kept[i, j, step, : len(path) + 1] = [path[:n] in beam for n in range(len(path) + 1)]
    labels, sizes, kept = (a.reshape(-1, *a.shape[2:]) for a in (labels, sizes, kept))
    log_probs, lengths = repeat(log_probs, shape[1], 0), np.repeat(lengths, shape[1])
    scores = reshape(_log_likelihood(log_probs, labels, sizes, lengths, blank, kept), shape[:2])
    return where([[j < len(of_row[-1]) for j in range(shape[1])] for of_row in beams], scores, -np.inf)


def _greedy_path(scores: Array, merge: bool, blank: int) -> Path:
    best = scores.argmax(axis=-1).tolist()
    return tuple(c for i, c in enumerate(best) if c != blank and not (merge and i and c == best[i - 1]))


def _beams(log_probs: Array, width: int, blank: int) -> list[Beam]:
    """Return the likeliest paths after 0, 1, 2, ... steps, best first; log(p) of each ending in a blank, in a label."""
    beams: list[Beam] = [{(): (0.0, -np.inf)}]
    for step in log_probs.astype("float64").tolist():
        grown: dict[Path, list[float]] = {}
        for path, (in_blank, in_label) in beams[-1].items():
            total = float(np.logaddexp(in_blank, in_label))
            for label, p in enumerate(step):
                if label == blank:
                    moves = [(path, 0, total + p)]
                elif path and path[-1] == label:
                    moves = [(path, 1, in_label + p), ((*path, label), 1, in_blank + p)]
                else:
                    moves = [((*path, label), 1, total + p)]
                for longer, end, log_p in moves:
                    ends = grown.setdefault(longer, [-np.inf, -np.inf])
                    ends[end] = log_p if ends[end] == -np.inf else float(np.logaddexp(ends[end], log_p))
        paths, scores = [*grown], np.logaddexp(*np.array([*grown.values()]).T)
        likeliest = np.argsort(-scores, kind="stable")[:width].tolist()
        beams.append({paths[i]: (grown[paths[i]][0], grown[paths[i]][1]) for i in likeliest})
    return beams
