"""`tf.nn`: the functions that layers are made of: activations, convolutions, pooling, losses."""

from collections.abc import Callable
from typing import Any

import numpy as np

from ... import ops
from ..._core.tensor import Tensor
from ...ops import classes as _classes, convolution as _conv
from ...ops.shapes import blocks
from . import math as _math, random as _random
from .arrays import gather, sizes_of
from .errors import InvalidArgumentError
from .math import axes_of, unary
from .missing import missing, named
from .tensors import BINARY, alike, convert_to_tensor

__getattr__: Callable[[str], Any] = missing(__name__)
_SAME = "erf in_top_k l2_normalize log_sigmoid log_softmax sigmoid softmax softplus softsign tanh top_k"
globals().update({name: vars(_math)[name] for name in _SAME.split()})
globals().update({name: unary(getattr(ops, name), "", name) for name in ("relu", "elu", "selu")})
relu6: Callable[..., Tensor] = unary(lambda x: _math.minimum(6, ops.relu(x)), "min(max(x, 0), 6).", "relu6")
l2_loss: Callable[..., Tensor] = unary(lambda x: ops.sum(ops.square(x)) / 2, "Half the sum of squares.")
scale_regularization_loss: Callable[..., Tensor] = unary(ops.sum, "The sum of losses, divided by 1 replica.")


def sigmoid_cross_entropy_with_logits(labels: Any = None, logits: Any = None, name: str | None = None) -> Tensor:
    """Cross-entropy of each label z in [0, 1] with sigmoid(logit x): log(1 + exp(-|x|)) + (max(x, 0) - x z)."""
    x, z = map(convert_to_tensor, alike("Sigmoid", logits, labels))
    if x.shape != z.shape:
        raise ValueError(f"`logits` and `labels` must have the same shape, received ({x.shape} vs {z.shape}).")
    return ops.softplus(_math.minimum(-x, x)) + (_math.maximum(x, 0.0) - x * z)


def softmax_cross_entropy_with_logits(labels: Any, logits: Any, axis: int = -1, name: str | None = None) -> Tensor:
    """Cross-entropy of each row of probabilities with softmax(logits)."""
    x, z = map(convert_to_tensor, alike("SoftmaxCrossEntropyWithLogits", logits, labels))
    z, x = (ops.broadcast_to(value, np.broadcast_shapes(x.shape, z.shape)) for value in (z, x))
    return ops.categorical_crossentropy(z, x, True, axis)  # a broadcast x has no logits of a softmax before it


def compute_average_loss(per_example_loss: Any, sample_weight: Any = None, global_batch_size: Any = None,
                         **_: Any) -> Tensor:  # fmt: skip
    """The weighted sum of losses, divided by the number of rows or by `global_batch_size`."""
    losses = convert_to_tensor(per_example_loss)
    if sample_weight is not None:
        weights = ops.cast(convert_to_tensor(sample_weight), losses.dtype)
        losses = losses * ops.reshape(weights, weights.shape + (1,) * (losses.ndim - weights.ndim))
    return ops.sum(losses) / float(len(losses) if global_batch_size is None else global_batch_size)


def _middle(value: Any, rank: int, data_format: str | None) -> Any:
    """Return the sizes of the spatial axes, given one number, `rank` numbers, or those of all rank + 2 axes."""
    if isinstance(value, int) or value is None:
        return value
    sizes = [int(n) for n in value]
    if len(sizes) == rank + 2:
        middle = slice(2, None) if _format(data_format) == "channels_first" else slice(1, -1)
        if np.prod(sizes) != np.prod(sizes[middle]):
            raise NotImplementedError(f"Sizes along the batch and the channels must be 1. Received: {sizes}.")
        sizes = sizes[middle]
    return sizes[0] if len(sizes) == 1 else tuple(sizes)


def _format(data_format: str | None) -> Any:
    return "channels_first" if data_format and data_format.startswith("NC") else "channels_last"


def _padded(x: Tensor, padding: Any, fill: float = 0.0) -> tuple[Tensor, Any]:
    """Return a tensor padded by explicit widths, and the padding "valid"; or unchanged, with the padding's name."""
    if isinstance(padding, str):
        return x, padding.lower()
    return ops.pad(x, [tuple(map(int, pair)) for pair in padding], "constant", fill), "valid"


def _convolution(rank: int, op: Callable[..., Tensor] = ops.conv) -> Callable[..., Tensor]:
    def call(input: Any, filters: Any, strides: Any = 1, padding: Any = "VALID", data_format: str | None = None,
             dilations: Any = None, name: str | None = None) -> Tensor:  # fmt: skip
        x, kernel = map(convert_to_tensor, alike(f"Conv{rank}D", input, filters))
        x, kind = _padded(x, padding)
        steps, spread = (_middle(v, rank, data_format) for v in (strides, dilations))
        return op(x, kernel, steps, kind, _format(data_format), spread or 1)

    return call


conv2d: Callable[..., Tensor] = _convolution(2)
_depthwise = _convolution(2, ops.depthwise_conv)
globals().update(conv3d=_convolution(3), convolution=conv2d)


def _transposed(rank: int) -> Callable[..., Tensor]:
    def call(input: Any, filters: Any, output_shape: Any, strides: Any, padding: str = "SAME",
             data_format: str | None = None, dilations: Any = None, name: str | None = None) -> Tensor:  # fmt: skip
        form = _format(data_format)
        x, kernel = _conv.to_channels_last(convert_to_tensor(input), form), convert_to_tensor(filters)
        steps, spread = (_middle(v, rank, data_format) for v in (strides, dilations))
        sizes, window = sizes_of(output_shape[1:]), kernel.shape[:-2]
        sizes = sizes if form == "channels_last" else (*sizes[1:], sizes[0])
        how = _conv._sliding(sizes[:-1], window, steps, padding, spread or 1)
        if (*x.shape[1:], kernel.shape[-2]) != (*how.places(sizes[:-1]), kernel.shape[-1], sizes[-1]):
            raise InvalidArgumentError(f"Shapes do not fit: {x.shape}, {kernel.shape} and {output_shape=}.")
        return _conv.from_channels_last(_conv._input_gradient(x, kernel, how, sizes), form)

    return call


def _pooling(op: Callable[..., Tensor], rank: int) -> Callable[..., Tensor]:
    def call(input: Any, ksize: Any, strides: Any, padding: Any, data_format: str | None = None,
             name: Any = None) -> Tensor:  # fmt: skip
        form, window, x = _format(data_format), np.atleast_1d(ksize), convert_to_tensor(input)
        of_channels = window.size == rank + 2 and max(window[:-1]) == 1 and np.array_equal(window, strides)
        if of_channels and op is ops.max_pool and form == "channels_last":
            return ops.max(ops.reshape(x, (*x.shape[:-1], -1, window[-1])), axis=-1)
        size, steps = (_middle(v, rank, data_format) for v in (ksize, 1 if strides is None else strides))
        x, kind = _padded(x, padding, -np.inf) if op is ops.max_pool else (x, padding.lower())
        return op(x, size, steps, kind, form)

    return call


globals().update({f"conv{rank}d_transpose": _transposed(rank) for rank in (1, 2, 3)})
globals().update({
    f"{kind}_pool{rank}": _pooling(op, int(rank[:1] or 2))
    for kind, op in (("max", ops.max_pool), ("avg", ops.average_pool)) for rank in ("", "1d", "2d", "3d")})  # fmt: skip


def dropout(x: Any, rate: Any, noise_shape: Any = None, seed: Any = None, name: str | None = None) -> Tensor:
    """A random fraction `rate` of the elements set to 0, the others divided by 1 - rate."""
    if not 0 <= (0 if hasattr(rate, "numpy") else rate) < 1:
        raise ValueError(f"`rate` must be a scalar tensor or a float in the range [0, 1). Received: rate={rate}")
    x = convert_to_tensor(x)
    sizes = [size if n is None else int(n) for n, size in zip(noise_shape or x.shape, x.shape, strict=True)]
    return ops.where(_random.uniform(sizes, seed=seed) >= rate, x / (1 - rate), 0.0)


globals().update(named({
    "bias_add": ("value + bias, with one bias a channel.",
        lambda value, bias, data_format=None, name=None: BINARY["add"](x := convert_to_tensor(value), ops.reshape(
            bias, (-1, *[1] * (len(x.shape) - 2 if _format(data_format) == "channels_first" else 0))))),
    **dict.fromkeys(("silu", "swish"), ("x * sigmoid(beta * x).",
        lambda features, beta=1.0: unary(lambda x: x * ops.sigmoid(x * beta))(features))),
    "batch_normalization": ("(x - mean) / sqrt(variance + epsilon) * scale + offset.",
        lambda x, mean, variance, offset, scale, variance_epsilon, name=None: convert_to_tensor(x) * (
            factor := ops.rsqrt(convert_to_tensor(variance) + variance_epsilon) * (1.0 if scale is None else scale)
        ) + ((0.0 if offset is None else offset) - convert_to_tensor(mean) * factor)),
    "conv1d": ("A convolution along one axis.",
        lambda input, filters, stride, padding, data_format="NWC", dilations=None, name=None:
            _convolution(1)(input, filters, stride, padding, data_format, dilations)),
    "depthwise_conv2d": ("A convolution of each channel with filters of its own.",
        lambda input, filter, strides, padding, data_format=None, dilations=None, name=None:
            _depthwise(input, filter, strides, padding, data_format, dilations)),
    "separable_conv2d": ("A depthwise convolution, and one of single pixels that mixes its channels.",
        lambda input, depthwise_filter, pointwise_filter, strides, padding, data_format=None, dilations=None, name=None:
            conv2d(_depthwise(input, depthwise_filter, strides, padding, data_format, dilations), pointwise_filter,
                   data_format=data_format)),
    "sparse_softmax_cross_entropy_with_logits": ("Cross-entropy of each class index with softmax(logits).",
        lambda labels, logits, name=None: _classes.sparse_categorical_crossentropy(
            convert_to_tensor(labels), convert_to_tensor(logits), from_logits=True)),
    "weighted_cross_entropy_with_logits": ("Sigmoid cross-entropy, `pos_weight` times as much for positive labels.",
        lambda labels, logits, pos_weight, name=None: (1 - (z := convert_to_tensor(labels))) * (
            x := convert_to_tensor(logits)) + (1 + (pos_weight - 1) * z) * (ops.softplus(-ops.abs(x)) + ops.relu(-x))),
    "depth_to_space": ("Channels moved into blocks of pixels: (n, h, w, c * b * b) -> (n, h * b, w * b, c).",
        lambda input, block_size, data_format="NHWC", name=None: blocks(
            convert_to_tensor(input), block_size, _format(data_format),
            ("n h w (i j c) -> n (h i) (w j) c", "n (i j c) h w -> n c (h i) (w j)"))),
    "space_to_depth": ("Blocks of pixels moved into channels: (n, h * b, w * b, c) -> (n, h, w, c * b * b).",
        lambda input, block_size, data_format="NHWC", name=None: blocks(
            convert_to_tensor(input), block_size, _format(data_format),
            ("n (h i) (w j) c -> n h w (i j c)", "n c (h i) (w j) -> n (i j c) h w"))),
    "leaky_relu": ("x where it is positive, alpha * x elsewhere.",
        lambda features, alpha=0.2, name=None: unary(lambda x: ops.leaky_relu(x, float(alpha)))(features)),
    "gelu": ("x * Phi(x), with the distribution function Phi of the normal distribution.",
        lambda features, approximate=False, name=None: ops.gelu(convert_to_tensor(features), approximate)),
    **dict.fromkeys(("local_response_normalization", "lrn"), (
        "x / (bias + alpha * sum of squares) ** beta; the sum is over up to `depth_radius` channels on both sides.",
        lambda input, depth_radius=5, bias=1.0, alpha=1.0, beta=0.5, name=None: (x := convert_to_tensor(input)) / (
            bias + alpha * sum(ops.pad(x * x, [(0, 0)] * (len(x.shape) - 1) + [(depth_radius,) * 2])[
                ..., i : i + x.shape[-1]] for i in range(2 * depth_radius + 1))) ** beta)),
    "moments": ("Mean and variance along axes.",
        lambda x, axes, shift=None, keepdims=False, name=None:
            ops.moments(convert_to_tensor(x), axes_of(axes), keepdims)),
    "embedding_lookup": ("The rows of a table, by their ids.", lambda params, ids, *, name=None:
        gather(params[0] if isinstance(params, list) and len(params) == 1 else params, ids))}))  # fmt: skip
