"""`tf.math`: tables of the functions that equal an op of Keras; those with other arguments are written out."""

import builtins
import functools
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import numpy as np

from ... import ops
from ..._base.typing import DTypeLike
from ..._core.tensor import Tensor, TensorOps, as_array
from ...ops.reduction import segments
from .dtypes import DType, as_dtype
from .errors import InvalidArgumentError
from .missing import missing, named
from .ragged import RaggedTensor
from .tensors import BINARY, Composite, Rows, convert_to_tensor, on_elements

__getattr__: Callable[[str], Any] = missing(__name__)


def unary(op: Callable[..., Any], doc: str = "", name: str = "call") -> Callable[..., Any]:
    """Return an op of one tensor with TensorFlow's conversions; the argument may be passed under any name."""

    def call(x: Any = None, name: str | None = None, **given: Any) -> Any:
        if len(given) > (x is None):
            raise TypeError(f"Got an unexpected keyword argument: {', '.join(given)}")
        (x,) = given.values() or (x,)
        return on_elements(call, x) if isinstance(x, Rows) else op(convert_to_tensor(x))

    call.__doc__, call.__name__ = doc, name
    return call


_SAME = ("abs angle ceil conj cos cosh erf erfc erfinv exp expm1 floor imag log log1p log_sigmoid logical_not "
         "negative real reciprocal round sigmoid sign sin sinh softplus softsign sqrt square tan tanh")  # fmt: skip
_UNARY = {name: name for name in _SAME.split()} | {
    "acos": "arccos", "acosh": "arccosh", "asin": "arcsin", "asinh": "arcsinh", "atan": "arctan",
    "atanh": "arctanh", "is_finite": "isfinite", "is_inf": "isinf", "is_nan": "isnan", "rint": "round"}  # fmt: skip
globals().update({key: unary(getattr(ops, op), "", key) for key, op in _UNARY.items()}, **BINARY)
rsqrt: Callable[..., Any] = unary(np.errstate(divide="ignore")(ops.rsqrt), "1 / sqrt(x).")
_OF_NOTHING = {ops.max: ("min", -np.inf), ops.min: ("max", np.inf)}
"""Reduction -> its value without elements: of integers and of rows a limit of the dtype, of other floats infinity."""


def axes_of(axis: Any) -> Any:
    """Return an axis, which may be a list or a tensor, as an integer, a tuple of integers or None."""
    if axis is None or isinstance(axis, int):
        return axis
    axes = as_array(axis).astype(int)
    return int(axes) if not axes.ndim else tuple(axes.tolist())


def reduction(op: Callable[..., Any]) -> Callable[..., Any]:
    """Return a reduction as TensorFlow has it: sums, products and means of integers keep the dtype."""

    def call(input_tensor: Any, axis: Any = None, keepdims: bool = False, name: str | None = None) -> Tensor:
        if isinstance(input_tensor, RaggedTensor):
            return _of_rows(op, call, input_tensor, axis, keepdims)
        x = convert_to_tensor(input_tensor)
        dtype = as_dtype(x.dtype)
        limit = _OF_NOTHING.get(op) if 0 in x.shape else None
        start = {} if limit is None else {"initial": limit[1] if dtype.is_floating else getattr(dtype, limit[0])}
        y: Tensor = op(x, axis=axes_of(axis), keepdims=keepdims, **start)
        keeps = dtype.is_integer and op in (ops.sum, ops.prod, ops.mean)
        return ops.cast(y, dtype.name) if keeps and y.dtype != dtype else y

    return call


def _of_rows(op: Callable[..., Any], call: Callable[..., Any], rows: RaggedTensor, axis: Any, keepdims: bool) -> Any:
    """Return the reduction of a ragged tensor; an empty row gives TensorFlow's value, such as the lowest for max."""
    if op in (ops.mean, ops.std, ops.var) and rows.dtype.is_integer:  # the mean of integers is a float
        rows = rows.with_flat_values(ops.cast(rows.flat_values, "float64"))
    if op is ops.mean:
        ones = rows.with_flat_values(ops.ones_like(rows.flat_values))
        with np.errstate(all="ignore"):
            return reduce_sum(rows, axis, keepdims) / reduce_sum(ones, axis, keepdims)
    rank, given = len(rows.shape), axes_of(axis)
    axes = {n % rank for n in (range(rank) if given is None else np.atleast_1d(given).tolist())}
    if op in _OF_NOTHING:
        call = reduction(functools.partial(op, initial=getattr(rows.dtype, _OF_NOTHING[op][0])))
    result = rows.reduced(call, axes)
    for n in sorted(axes) if keepdims else ():
        result = result.expanded(n) if isinstance(result, RaggedTensor) else ops.expand_dims(result, n)
    return result


_REDUCTIONS = ("mean", "min", "prod", "std", "all", "any", "logsumexp", "var")
globals().update({f"reduce_{name.replace('var', 'variance')}": reduction(getattr(ops, name)) for name in _REDUCTIONS})
reduce_sum: Callable[..., Tensor] = reduction(ops.sum)
reduce_max: Callable[..., Tensor] = reduction(ops.max)


def _arg(op: Callable[..., Any], instead: float) -> Callable[..., Any]:
    def call(input: Any, axis: Any = None, output_type: DTypeLike = "int64", name: str | None = None) -> Tensor:
        x = ops.nan_to_num(convert_to_tensor(input), instead, np.inf, -np.inf)
        return ops.cast(op(x, axis=0 if axis is None else axes_of(axis)), as_dtype(output_type).name)

    return call


argmax: Callable[..., Tensor] = _arg(ops.argmax, -np.inf)
argmin: Callable[..., Tensor] = _arg(ops.argmin, np.inf)


def _cumulative(op: Callable[..., Tensor], start: int) -> Callable[..., Tensor]:
    def call(x: Any, axis: Any = 0, exclusive: bool = False, reverse: bool = False, name: str | None = None) -> Tensor:
        x, axis = convert_to_tensor(x), int(axes_of(axis))
        x = ops.flip(x, axis) if reverse else x
        if exclusive:
            first = ops.full_like(ops.take(x, [0], axis), start)
            x = ops.concatenate([first, ops.take(x, np.arange(x.shape[axis] - 1), axis)], axis)
        y = op(x, axis)
        return ops.flip(y, axis) if reverse else y

    return call


TopKV2 = NamedTuple("TopKV2", [("values", Tensor), ("indices", Tensor)])  # noqa: UP014 - in one line
cumsum: Callable[..., Tensor] = _cumulative(ops.cumsum, 0)
cumprod: Callable[..., Tensor] = _cumulative(ops.cumprod, 1)


def add_n(inputs: Sequence[Any], name: str | None = None) -> Tensor:
    """The sum of a list of tensors."""
    first, *others = map(convert_to_tensor, inputs)
    if any(x.shape != first.shape for x in others):
        raise InvalidArgumentError(f"add_n needs tensors of one shape. Received: {[x.shape for x in (first, *others)]}")
    return functools.reduce(BINARY["add"], others, first)


def top_k(input: Any, k: Any = 1, sorted: bool = True, index_type: DTypeLike = "int32", name: Any = None) -> TopKV2:
    """The k largest elements along the last axis, in descending order."""
    values, indices = ops.top_k(convert_to_tensor(input), int(k), sorted)
    return TopKV2(values, ops.cast(indices, as_dtype(index_type).name))


def bincount(arr: Any, weights: Any = None, minlength: Any = None, maxlength: Any = None, dtype: DTypeLike = "int32",
             name: str | None = None) -> Tensor:  # fmt: skip
    """The number of times that each integer occurs, or the sum of its weights."""
    values = as_array(arr).astype(int).ravel()
    if (values < 0).any():
        raise InvalidArgumentError(f"`bincount` needs integers that are not negative. Received: {values.min()}.")
    parts = np.ones(values.shape, as_dtype(dtype).name) if weights is None else as_array(weights).ravel()
    length = int(np.max(values, initial=int(minlength or 0) - 1)) + 1
    return segments(Tensor(parts), values, length, 0, "add")[: None if maxlength is None else int(maxlength)]


def confusion_matrix(labels: Any, predictions: Any, num_classes: Any = None, weights: Any = None,
                     dtype: DTypeLike = "int32", **_: Any) -> Tensor:  # fmt: skip
    """The number of times that each label (row) was predicted as each class (column)."""
    rows, columns = (as_array(x).astype(int).ravel() for x in (labels, predictions))
    if (lowest := np.min([rows, columns], initial=0)) < 0:
        raise InvalidArgumentError(f"`labels` and `predictions` must not be negative. Received: {lowest}.")
    size = int(num_classes) if num_classes is not None else 1 + builtins.max(rows.max(), columns.max())
    values = np.broadcast_to(1 if weights is None else as_array(weights), rows.shape).astype(as_dtype(dtype).name)
    return ops.scatter(np.stack([rows, columns], -1), Tensor(values), (size, size))


def _segments(start: Callable[[DType], Any], reduction: str) -> Callable[..., Tensor]:
    """Return a reduction of the rows that share a segment id; `start` gives the value of an id without rows."""

    def call(data: Any, segment_ids: Any, num_segments: Any = None, name: str | None = None) -> Tensor:
        data, ids = convert_to_tensor(data), as_array(segment_ids).astype(int)
        rows = ops.reshape(data, (-1, *data.shape[ids.ndim :]))
        count = None if num_segments is None else int(as_array(num_segments))
        if (np.diff(ids.ravel()) < 0).any() if count is None else (ids >= count).any():
            problem = "are not increasing" if count is None else f"must be below {count}"
            raise InvalidArgumentError(f"segment ids {problem}. Received: {ids.tolist()!r:.80}")
        return segments(rows, ids.ravel(), count, start(as_dtype(data.dtype)), reduction)

    return call


segment_sum: Callable[..., Tensor] = _segments(lambda t: 0, "add")


def segment_mean(data: Any, segment_ids: Any, num_segments: Any = None, name: str | None = None) -> Tensor:
    """The mean of the rows that share a segment id, 0 for an id without rows."""
    data = convert_to_tensor(data)
    total, counts = (segment_sum(x, segment_ids, num_segments) for x in (data, ops.ones_like(data)))
    return BINARY["divide"](total, ops.maximum(counts, 1))


_SEGMENTS: dict[str, Callable[..., Tensor]] = {
    "sum": segment_sum, "mean": segment_mean, "prod": _segments(lambda t: 1, "mul"),
    "max": _segments(lambda t: t.min, "max"), "min": _segments(lambda t: t.max, "min")}  # fmt: skip
globals().update({f"{order}segment_{name}": op for name, op in _SEGMENTS.items() for order in ("", "unsorted_")})


def _or_zero(op: Callable[..., Tensor]) -> Callable[..., Tensor]:
    """Return a reduction by sorted segment ids that gives 0 for an id without rows, and keeps the dtype."""

    def call(data: Any, segment_ids: Any, name: str | None = None) -> Tensor:
        rows = ops.cast(op(data, segment_ids), convert_to_tensor(data).dtype)
        has_rows = np.isin(np.arange(len(rows)), as_array(segment_ids)).reshape(-1, *[1] * (rows.ndim - 1))
        return ops.where(has_rows, rows, ops.zeros_like(rows))

    return call


globals().update({f"segment_{name}": _or_zero(_SEGMENTS[name]) for name in ("max", "min", "mean")})
globals().update(named({
    "count_nonzero": ("The number of elements along axes that are not 0, or not empty text.",
        lambda input, axis=None, keepdims=False, dtype="int64", name=None: ops.cast(ops.sum(ops.cast(
            BINARY["not_equal"](x := convert_to_tensor(input), "" if as_dtype(x.dtype) == "string" else 0), "int64"
        ), axes_of(axis), keepdims), as_dtype(dtype).name)),
    "complex_": ("`tf.complex`: complex numbers of real and imaginary parts.",
        lambda real, imag, name=None: ops.view_as_complex(ops.stack(
            [ops.where(first, *map(convert_to_tensor, (real, imag))) for first in (True, False)], -1))),
    "is_tensor": ("Whether x is a tensor, ragged, sparse or variable.", lambda x: isinstance(x, TensorOps | Composite)),
    "l2_normalize": ("x / sqrt(max(sum(x * x), epsilon)), with the sum along axes.",
        lambda x, axis=None, epsilon=1e-12, name=None: (x := convert_to_tensor(x)) * ops.rsqrt(
            ops.maximum(ops.sum(ops.square(x), axes_of(axis), True), epsilon))),
    "xlogy": ("x * log(y), 0 where x is 0.", lambda x, y, name=None: BINARY["multiply"](
        x, ops.log(ops.where(ops.equal(convert_to_tensor(x), 0), 1.0, convert_to_tensor(y))))),
    "in_top_k": ("Whether each target class is among the k largest predictions.",
        lambda targets, predictions, k, name=None: ops.in_top_k(convert_to_tensor(targets), predictions, int(k))),
    "squared_difference": ("(x - y) squared.", lambda x, y, name=None: ops.square(BINARY["subtract"](x, y))),
    "softmax": ("exp(x) / sum(exp(x)) along an axis, the last by default.",
        lambda logits, axis=None, name=None: ops.softmax(convert_to_tensor(logits), -1 if axis is None else axis)),
    "log_softmax": ("The logarithm of `softmax`.",
        lambda logits, axis=None, name=None: ops.log_softmax(convert_to_tensor(logits), -1 if axis is None else axis)),
}))  # fmt: skip
