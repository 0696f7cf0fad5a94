"""Normalization and attention."""

import math
from typing import Any, cast

import numpy as np

from .._base.settings import settings
from .._base.typing import Array, Axis, TensorLike
from .._core.op import composite, primitive, structured
from .._core.tensor import Tensor, TensorOps
from . import linalg
from .activation import softmax
from .arrays import NP, as_float, axes as as_axes, bare
from .creation import convert_to_tensor, floating
from .reduction import mean_of, var
from .shapes import repeat, reshape


def _wide(x: Any) -> Any:
    """Return a tensor, float16 as float32, so that its statistics do not overflow. Any, as NumPy declares arrays."""
    t = convert_to_tensor(x)
    return t.astype("float32") if t.dtype == "float16" else t


@structured
def moments(x: TensorLike, axes: int | list[int] | tuple[int, ...], keepdims: bool = False,
            synchronized: bool = False) -> tuple[Tensor, Tensor]:  # fmt: skip
    """Mean and variance of x along axes, which `keepdims` keeps with size 1.

    Example:
        >>> mean, variance = moments([1.0, 3.0], axes=[0])
        >>> print(float(mean), float(variance))
        2.0 1.0
    """
    if synchronized:
        raise NotImplementedError("There is only one device. Received: synchronized=True; expected False.")
    where, wide = as_axes(axes), _wide(x)
    center = np.mean(wide, axis=where, keepdims=True)  # as the variance computes it
    variance: Any = var(wide, where, keepdims)
    mean: Any = center if keepdims else np.squeeze(center, where)
    if wide is x or wide.dtype == convert_to_tensor(x).dtype:
        return mean, variance
    top = float(np.finfo("float16").max)
    return np.clip(mean, -top, top).astype("float16"), np.clip(variance, -top, top).astype("float16")


@composite
def batch_normalization(x: TensorLike, mean: TensorLike, variance: TensorLike, axis: int,
                        offset: TensorLike | None = None, scale: TensorLike | None = None,
                        epsilon: float = 1e-3) -> Tensor:  # fmt: skip
    """(x - mean) / sqrt(variance + epsilon) * scale + offset, where each is a vector along an axis.

    Example:
        >>> print(batch_normalization([[1.0], [3.0]], [2.0], [1.0], axis=-1, epsilon=0.0))
        Tensor(
        [[-1.]
         [ 1.]], shape=(2, 1), dtype=float32)
    """
    t = convert_to_tensor(x)
    shape = [1] * t.ndim
    shape[axis] = -1
    factor = 1 / np.sqrt(reshape(variance, shape) + epsilon)
    factor = factor if scale is None else factor * reshape(scale, shape)
    shift = -reshape(mean, shape) * factor
    return t * factor + (shift if offset is None else shift + reshape(offset, shape))


def _broadcast_to_axes(value: Any, x: Any, where: tuple[int, ...]) -> Any:
    """Return a scale or an offset with x's sizes along some axes, and size 1 along the others."""
    value = value if isinstance(value, TensorOps) else convert_to_tensor(value)
    shape = [n if i in where else 1 for i, n in enumerate(x.shape)]
    return value if value.ndim in (0, x.ndim) else np.reshape(value, shape)


def _standard_rule(g: Any, y: Any, x: Any, axes: tuple[int, ...], epsilon: float) -> Any:
    """Remove from the gradient what shifts or scales all numbers alike, which standardization undoes."""
    factor = 1 / np.sqrt(bare(var)(x, axes, True) + epsilon)
    return (g - mean_of(g, axes, True) - y * mean_of(g * y, axes, True)) * factor


def _standard_parts(x: Any, axes: tuple[int, ...], epsilon: float) -> Any:
    distance = x - mean_of(x, axes, True)
    return distance * (1 / np.sqrt(mean_of(np.square(distance), axes, True) + epsilon))


@primitive(_standard_rule, decomposition=_standard_parts)
def _standardized(x: TensorLike, axes: tuple[int, ...], epsilon: float) -> Array:
    """Numbers of mean 0 and variance 1 along axes."""
    return NP.asarray(_standard_parts(as_float(x), axes, epsilon))


@composite
def layer_normalization(x: TensorLike, gamma: TensorLike | None = None, beta: TensorLike | None = None,
                        axis: int | list[int] | tuple[int, ...] = -1,
                        epsilon: float | None = None) -> Tensor:  # fmt: skip
    """(x - mean) / sqrt(variance + epsilon) * gamma + beta, with mean and variance along axes. Ba et al. 2016."""
    dtype, t = convert_to_tensor(x).dtype, _wide(x)
    where = tuple(sorted(a % t.ndim for a in ([axis] if isinstance(axis, int) else axis)))
    result = _standardized(t, where, settings.epsilon if epsilon is None else epsilon)
    if gamma is not None:
        result = result * _broadcast_to_axes(gamma, t, where)
    if beta is not None:
        result = result + _broadcast_to_axes(beta, t, where)
    return result.astype(dtype) if result.dtype != dtype else result


@composite
def rms_normalization(x: TensorLike, scale: TensorLike | None = None, axis: int | list[int] | tuple[int, ...] = -1,
                      epsilon: float | None = None) -> Tensor:  # fmt: skip
    """x / sqrt(mean(x * x) + epsilon) * scale, with the mean along axes. Zhang and Sennrich 2019."""
    dtype, t = convert_to_tensor(x).dtype, _wide(floating(x))  # squares of small integers would wrap around
    square = np.mean(np.square(t), axis=as_axes(axis), keepdims=True)
    result: Tensor = t * (1 / np.sqrt(square + (settings.epsilon if epsilon is None else epsilon)))
    if scale is not None:
        result = result * convert_to_tensor(scale)
    return result.astype(dtype) if result.dtype != dtype else result


@composite
def normalize(x: TensorLike, axis: Axis = -1, order: int = 2, epsilon: float | None = None) -> Tensor:
    """x / max(norm, epsilon): sum(|x| ** order) ** (1 / order) along an axis; of two and order 1, a matrix's norm."""
    if not isinstance(order, int) or order < 1:
        raise ValueError(f"Argument `order` must be an int >= 1. Received: order={order}")
    whole = floating(x)
    dtype, t = whole.dtype, _wide(whole)
    t = t if t.ndim else t.reshape([1])
    least = settings.epsilon if epsilon is None else epsilon
    if order == 2:  # the bound is inside the root, whose derivative at 0 is infinite
        norm = np.sqrt(np.maximum(np.sum(np.square(t), axis=as_axes(axis), keepdims=True), least * least))
    else:
        norm = np.maximum(linalg.norm(t, order, axis, keepdims=True), least)
    return cast(Tensor, t / norm if t.dtype == dtype else (t / norm).astype(dtype))


@composite
def dot_product_attention(query: TensorLike, key: TensorLike, value: TensorLike, bias: TensorLike | None = None,
                          mask: TensorLike | None = None, scale: float | None = None, is_causal: bool = False,
                          flash_attention: bool | None = None,
                          attn_logits_soft_cap: float | None = None) -> Tensor:  # fmt: skip
    """softmax(query @ key^T * scale + bias) @ value, for each head. Vaswani et al. 2017.

    Args:
        query: Of shape (batch, target length, heads, size); `key` and `value` (batch, source length, heads, size).
        bias: Added to the logits; broadcasts to (batch, heads, target length, source length).
        mask: False where a target must not see a source; of the bias's shape.
        scale: 1 / sqrt(size) if not given.
        is_causal: Whether a target sees no source after its own place.
        flash_attention, attn_logits_soft_cap: Not supported; a ValueError if set.
    """
    if flash_attention or attn_logits_soft_cap is not None:
        raise ValueError("`flash_attention` and `attn_logits_soft_cap` are not supported. Leave them at None.")
    q, k, v = _wide(query), _wide(key), convert_to_tensor(value)
    if not q.ndim == k.ndim == v.ndim == 4:
        raise ValueError("dot_product_attention needs tensors of shape (batch, length, heads, size). "
                         f"Received: query.shape={q.shape}, key.shape={k.shape}, value.shape={v.shape}.")  # fmt: skip
    if q.shape[2] != k.shape[2]:  # each head of keys serves a group of query heads
        if q.shape[2] % k.shape[2]:
            raise ValueError(f"The heads of keys must divide those of queries. Received: {q.shape}, {k.shape}.")
        k, v = (repeat(x, q.shape[2] // k.shape[2], 2) for x in (k, v))
    heads_first = (0, 2, 1, 3)
    scale = 1 / math.sqrt(q.shape[-1]) if scale is None else scale
    logits = np.matmul(np.transpose(q, heads_first), np.transpose(k, (0, 2, 3, 1))) * scale
    if bias is not None:
        logits = logits + convert_to_tensor(bias)
    if is_causal:
        causal = np.tril(np.ones(logits.shape[-2:], bool))
        mask = causal if mask is None else np.logical_and(convert_to_tensor(mask), causal)
    if mask is not None:
        logits = np.where(mask, logits, 0.7 * float(np.finfo(logits.dtype).min))  # finite: no NaN if all are masked
    result = np.matmul(softmax(logits).astype(v.dtype), np.transpose(v, heads_first))
    return cast(Tensor, NP.transpose(result, heads_first))
