"""Windows that slide over the axes between batch and channels: convolution and pooling.

All of it computes with the channels last. A convolution copies the windows of a few samples to a matrix that fits the
processor's cache, with a row for each place of the window, and multiplies it by the kernel. The gradient of the kernel
multiplies the same windows by the gradient of the result. The gradient of the input adds products to the windows, one
element of the window after the other. The gradients of these three are the same three, so that any order exists.
"""

from collections.abc import Callable, Iterator, Sequence
from functools import partial
from itertools import product
from math import prod
from typing import Any, NamedTuple

import numpy as np

from .._base.checks import standardize_padding, standardize_sizes
from .._base.context import context
from .._base.pool import PART_WORK, run_all
from .._base.settings import standardize_data_format
from .._base.typing import Array, CausalPadding, DataFormat, Padding, PartialShape, Shape, ShapeLike, Sizes, TensorLike
from .._core.op import composite, primitive
from .._core.tensor import Tensor
from .arrays import as_float, bare, promote, strong
from .creation import cast, convert_to_tensor, shape
from .reduction import mean
from .shapes import _put, moveaxis, pad, reshape, stack, transpose

BLOCK = 1 << 20
"""Bytes of windows that are copied and multiplied at a time: what fits a core's second cache."""
RUN = 16
"""Windows with fewer elements in a row are copied faster by element: each element for all places at once."""


class Sliding(NamedTuple):
    """How a window slides, with an entry for each axis; loops over the axes call them k, s, (lo, hi) and d.

    A pad is a number of zeros before and after the input; if it is negative, elements are left out there.
    """

    window: Shape
    strides: Shape
    pads: tuple[tuple[int, int], ...]
    dilation: Shape

    def back(self) -> "Sliding":
        """Return how the reversed kernel slides over the result's gradient to give the input's, for strides of 1."""
        axes = zip(self.window, self.pads, self.dilation, strict=True)
        return self._replace(pads=tuple((d * (k - 1) - lo, d * (k - 1) - hi) for k, (lo, hi), d in axes))

    def places(self, sizes: Shape) -> Shape:
        """Return how many places the window has along each axis."""
        axes = zip(sizes, *self, strict=True)
        return tuple((n + lo + hi - d * (k - 1) - 1) // s + 1 for n, k, s, (lo, hi), d in axes)


def slid_sizes(sizes: ShapeLike, window: Shape, strides: Shape, padding: str, dilation: Shape,
               who: str = "The input") -> PartialShape:  # fmt: skip
    """Return how many places a window has along each axis, None where the size is unknown; a ValueError for none."""
    spans = [1 if padding != "valid" else d * (k - 1) + 1 for k, d in zip(window, dilation, strict=True)]
    places = [None if n is None else (n - span) // s + 1 for n, span, s in zip(sizes, spans, strides, strict=True)]
    if any(n is not None and n <= 0 for n in places):
        raise ValueError(f"{who} is smaller than the window: the computed output size would be zero or negative. "
                         f"Received: input sizes {tuple(sizes)}, window {window}, strides={strides}, "
                         f"padding={padding!r}, dilation_rate={dilation}.")  # fmt: skip
    return tuple(places)


def _sliding(sizes: Shape, window: Shape, strides: Sizes, padding: str, dilation: Sizes = 1) -> Sliding:
    rank = len(sizes)
    strides = standardize_sizes(strides, rank, "strides")
    dilation = standardize_sizes(dilation, rank, "dilation_rate")
    padding = standardize_padding(padding, "valid", "same", "causal")
    places = slid_sizes(sizes, window, strides, padding, dilation)
    pads = []
    for n, m, k, s, d in zip(sizes, places, window, strides, dilation, strict=True):
        missing = 0 if padding == "valid" or m is None else max(0, (m - 1) * s + d * (k - 1) + 1 - n)
        before = d * (k - 1) if padding == "causal" else missing // 2
        pads.append((before, 0 if padding == "causal" else missing - before))
    return Sliding(window, strides, tuple(pads), dilation)


def to_channels_last(x: TensorLike, data_format: DataFormat) -> Any:
    """Return x with its channels as the last axis."""
    return x if data_format == "channels_last" else transpose(x, (0, *range(2, len(shape(x))), 1))


def from_channels_last(x: TensorLike, data_format: DataFormat) -> Any:
    """Return x with its last axis, the channels, moved to where a data format has them."""
    return x if data_format == "channels_last" else transpose(x, (0, -1, *range(1, len(shape(x)) - 1)))


def _windows(x: Array, how: Sliding, places: Shape, groups: int) -> Array:
    """Return a view of all windows: (samples, *places, *window, groups, channels of a group)."""
    first, *steps, last = x.strides
    channels = x.shape[-1] // groups
    between = (step * s for step, s in zip(steps, how.strides, strict=True))
    within = (step * d for step, d in zip(steps, how.dilation, strict=True))
    shape = len(x), *places, *how.window, groups, channels
    return np.lib.stride_tricks.as_strided(x, shape, (first, *between, *within, last * channels, last))


def _blocks(x: Array, how: Sliding, groups: int, size: int, back: bool = False) -> Iterator[tuple[Any, Array, Array]]:
    """Go through the windows in blocks that fit the cache: some samples, or some rows of places of one sample.

    Yield a block's index of samples and of places along the first axis, a view of its windows, and scratch memory for
    `size` numbers a place. With `back`, x holds zeros, and what the caller adds to the windows is added to x.
    """
    samples, *sizes, channels = x.shape
    places = how.places(tuple(sizes))
    row_size, most = prod(places[1:]) * size, BLOCK // x.itemsize
    rows = max(1, min(places[0], most // max(1, row_size)))
    count = max(1, min(samples, most // max(1, row_size * rows))) if rows == places[0] else 1
    padded, inner = x, None
    if any(map(any, how.pads)):
        padded_sizes = (n + lo + hi for n, (lo, hi) in zip(sizes, how.pads, strict=True))
        padded = np.zeros((count, *padded_sizes, channels), x.dtype)
        inner = padded[:, *(slice(lo, lo + n) for n, (lo, _) in zip(sizes, how.pads, strict=True))]
        x = x[:, *(slice(n) for n in inner.shape[1:-1])]  # shorter where a pad after the input is negative
    windows = _windows(padded, how, places, groups)
    memory = np.empty(count * rows * row_size, x.dtype)
    for start in range(0, samples, count):
        stop = min(start + count, samples)
        part = windows[start:stop] if inner is None else windows[: stop - start]
        if inner is not None and not back:
            inner[: stop - start] = x[start:stop]
        for top in range(0, places[0], rows):
            yield (slice(start, stop), slice(top, top + rows)), part[:, top : top + rows], memory
        if inner is not None and back:
            x[start:stop] = inner[: stop - start]
            padded.fill(0)


def _copied(windows: Array, how: Sliding, room: Array) -> Array:
    """Return windows as matrices, (groups, places, elements), in `room` if they have to be copied."""
    rank, (groups, channels) = len(how.window), windows.shape[-2:]
    place_axes, element_axes = tuple(range(rank + 1)), (*range(rank + 1, 2 * rank + 1), 2 * rank + 2)
    by_element = channels * (how.window[-1] if how.dilation[-1] == groups == 1 else 1) < RUN
    order = (*element_axes, *place_axes) if by_element else (*place_axes, *element_axes)
    block = windows.transpose(2 * rank + 1, *order)
    if not block.flags.c_contiguous:  # a window of a single element needs no copy
        copy = room[: block.size].reshape(block.shape)
        np.copyto(copy, block)
        block = copy
    elements = prod(how.window) * channels
    return block.reshape(groups, elements, -1).swapaxes(1, 2) if by_element else block.reshape(groups, -1, elements)


def _multiply(a: Array, b: Array, out: Array) -> None:
    if len(a) == 1:
        np.dot(a[0], b[0], out[0])
    else:
        np.matmul(a, b, out=out)


def _grouped(x: Array, groups: int) -> Array:
    """Return (..., channels) as (groups, places, channels of a group)."""
    return x.reshape(-1, groups, x.shape[-1] // groups).swapaxes(0, 1)


def _turned(kernel: Array, groups: int) -> Array:
    """Return a kernel reversed along the axes of its window, with input and output channels swapped in each group."""
    *window, channels, filters = kernel.shape
    parts = np.flip(kernel, tuple(range(len(window)))).reshape(*window, channels, groups, filters // groups)
    return parts.swapaxes(-3, -1).reshape(*window, filters // groups, groups * channels)


def _is_depthwise(x: Array, kernel: Shape) -> bool:
    """Return whether each channel has one filter of its own: then numbers are multiplied, not matrices."""
    return kernel[-2] == 1 < kernel[-1] == x.shape[-1]


def _elements(windows: Array, how: Sliding) -> Iterator[tuple[Any, Array]]:
    """Yield the index of each element of a window, and its values (samples, *places, groups, channels)."""
    for element in np.ndindex(*how.window):
        yield element, windows[(*(slice(None),) * (len(how.window) + 1), *element)]


def _halves(count: int, places: Array, kernel: Array) -> list[slice]:
    """Return slices for two halves, of which each is worth a thread of its own; none in a part of other work."""
    large = count > 1 and places.size * kernel.size // kernel.shape[-1] >= 4 * PART_WORK and not context.in_part
    return [slice(count // 2), slice(count // 2, None)] if large else []


def _shares(x: Array, kernel: Array, how: Sliding, y: Array) -> list[tuple[Array, Array, Sliding, Array]]:
    """Return the arguments of `_slide` for two threads: for halves of the samples, or of the places of a single one."""
    if len(x) != 1:
        return [(x[half], kernel, how, y[half]) for half in _halves(len(x), y, kernel)]
    (lo, hi), *others = how.pads
    rows, step = y.shape[1] // 2, how.strides[0]
    start, end = rows * step - lo, (rows - 1) * step + how.dilation[0] * (how.window[0] - 1) + 1 - lo
    parts = (x[:, :end], (lo, 0)), (x[:, start:], (0, hi))
    halves = _halves(y.shape[1], y, kernel) if start >= 0 and 0 < end <= x.shape[1] else []
    return [(part, kernel, how._replace(pads=(pads, *others)), y[:, half])
            for (part, pads), half in zip(parts, halves, strict=False)]  # fmt: skip


@primitive(lambda g, y, x, kernel, how: _input_rule(g, kernel, how, np.shape(x)[1:]),
           lambda g, y, x, kernel, how: _kernel_rule(x, g, how, np.shape(x)[-1] // np.shape(kernel)[-2]))  # fmt: skip
def _slide(x: TensorLike, kernel: TensorLike, how: Sliding, out: Array | None = None) -> Array:
    """The convolution (batch, ..., n), (*window, n / groups, filters) -> (batch, ..., filters)."""
    data, weights = promote(x, kernel, floating=True)
    groups, filters = data.shape[-1] // weights.shape[-2], weights.shape[-1]
    y = np.empty((len(data), *how.places(data.shape[1:-1]), filters), data.dtype) if out is None else out
    if shares := _shares(data, weights, how, y):
        run_all([partial(bare(_slide), *share) for share in shares])
        return y
    if _is_depthwise(data, weights.shape):
        y.fill(0)
        wide = np.repeat(weights, y.shape[-2], -2)[..., None]  # NumPy is faster on long rows
        for place, windows, room in _blocks(data, how, groups, groups):
            total = y[place][..., None]
            product = room[: total.size].reshape(total.shape)
            for element, at in _elements(windows, how):
                np.multiply(at, wide[element][: product.shape[-3]], out=product)
                np.add(total, product, out=total)
        return y
    kernels = _grouped(weights, groups)
    for place, windows, room in _blocks(data, how, groups, groups * kernels.shape[1]):
        _multiply(_copied(windows, how, room), kernels, _grouped(y[place], groups))
    return y


@primitive(lambda h, y, x, g, how, groups: _input_rule(g, h, how, np.shape(x)[1:]),
           lambda h, y, x, g, how, groups: bare(_slide)(x, h, how))  # fmt: skip
def _kernel_gradient(x: TensorLike, g: TensorLike, how: Sliding, groups: int, out: Array | None = None) -> Array:
    """The gradient of `_slide` with respect to its kernel, of the kernel's shape."""
    data, grad = promote(x, g, floating=True)
    shape_of_kernel = (*how.window, data.shape[-1] // groups, grad.shape[-1])
    y = np.empty(shape_of_kernel, data.dtype) if out is None else out
    if halves := _halves(len(grad), grad, y):
        sums = y, np.empty_like(y)
        run_all([partial(bare(_kernel_gradient), data[half], grad[half], how, groups, part)
                 for half, part in zip(halves, sums, strict=True)])  # fmt: skip
        return np.add(*sums, y)
    y.fill(0)
    if _is_depthwise(data, shape_of_kernel):
        for place, windows, room in _blocks(data, how, groups, groups):
            part = grad[place][..., None]
            product = room[: part.size].reshape(part.shape)
            ones = np.ones(part.size // groups, data.dtype)
            for element, at in _elements(windows, how):
                np.multiply(at, part, out=product)
                y[element] += np.dot(ones, product.reshape(-1, groups))
        return y
    total = _grouped(y, groups)
    product = np.empty(total.shape, data.dtype)
    for place, windows, room in _blocks(data, how, groups, groups * total.shape[1]):
        _multiply(_copied(windows, how, room).swapaxes(1, 2), _grouped(grad[place], groups), product)
        total += product
    return y


@primitive(lambda h, y, g, kernel, how, sizes: bare(_slide)(h, kernel, how),
           lambda h, y, g, kernel, how, sizes: _kernel_rule(h, g, how, sizes[-1] // np.shape(kernel)[-2]))  # fmt: skip
def _input_gradient(g: TensorLike, kernel: TensorLike, how: Sliding, sizes: Shape, out: Array | None = None) -> Array:
    """The gradient of `_slide` with respect to its input, of shape (batch, *sizes)."""
    grad, weights = promote(g, kernel, floating=True)
    y = np.empty((len(grad), *sizes), grad.dtype) if out is None else out
    channels = weights.shape[-2]
    groups, depthwise = sizes[-1] // channels, _is_depthwise(y, weights.shape)
    if not depthwise and sizes[-1] >= 8 and max(how.strides) == 1 and y[..., 0].size < 1.2 * grad[..., 0].size:
        return bare(_slide)(grad, _turned(weights, groups), how.back(), y)  # faster by large products, despite zeros
    if halves := _halves(len(grad), grad, weights):
        run_all([partial(bare(_input_gradient), grad[half], weights, how, sizes, y[half]) for half in halves])
        return y
    y.fill(0)
    wide = np.repeat(weights, grad.shape[-2], -2)[..., None] if depthwise else weights
    for place, windows, room in _blocks(y, how, groups, sizes[-1] + grad.shape[-1], back=True):
        part = grad[place]
        gradients = _grouped(part, groups)
        product = room[: part[..., 0].size * sizes[-1]].reshape(*part.shape[:-1], groups, channels)
        products = product.reshape(-1, groups, channels).swapaxes(0, 1)
        for element, at in _elements(windows, how):
            if depthwise:
                np.multiply(part[..., None], wide[element][: product.shape[-3]], out=product)
            else:
                _multiply(gradients, _grouped(weights[element], groups).swapaxes(1, 2), products)
            np.add(at, product, out=at)
    return y


def _in_float32(op: Callable[..., Any], x: Any, kernel: Any, *rest: Any) -> Any:
    """Run an op on x and kernel, in float32 if both are float16, which BLAS does not have."""
    if not x.dtype == kernel.dtype == "float16":
        return op(x, kernel, *rest)
    return cast(op(cast(x, "float32"), cast(kernel, "float32"), *rest), "float16")


def _operands(x: Any, kernel: Any, data_format: str | None, axis: int = -2) -> tuple[Any, Any, DataFormat]:
    """Return tensors with the channels last, after checking the ranks and the kernel's axis of input channels."""
    name = standardize_data_format(data_format)
    sizes, window = shape(x), shape(kernel)
    if len(sizes) != len(window) or len(sizes) < 3:
        raise ValueError("A convolution needs an input (batch, ..., channels) and a kernel (..., channels, filters), 3 "
                         f"axes or more each. Received: inputs.shape={sizes}, kernel.shape={window}.")  # fmt: skip
    channels = sizes[-1 if name == "channels_last" else 1]
    if channels % window[axis]:
        raise ValueError("The number of input channels must be that of the "
                         f"kernel{', or a multiple of it' * (axis == -2)}. Received: inputs.shape={sizes} with "
                         f"{channels} channels, kernel.shape={window} with {window[axis]}.")  # fmt: skip
    return to_channels_last(convert_to_tensor(x), name), convert_to_tensor(kernel), name


@composite
def conv(inputs: TensorLike, kernel: TensorLike, strides: Sizes = 1, padding: CausalPadding = "valid",
         data_format: DataFormat | None = None, dilation_rate: Sizes = 1) -> Tensor:  # fmt: skip
    """Convolution: a kernel slides over the input, (batch, ..., channels) -> (batch, ..., filters).

    `kernel` is (*window, channels / groups, filters). If it has fewer channels than the input, channels and filters are
    split into groups. `padding` is "valid", "same" or "causal".

    Example:
        >>> print(conv([[[1.0], [2.0], [4.0]]], [[[1.0]], [[10.0]]])[0, :, 0])
        Tensor([21. 42.], shape=(2,), dtype=float32)
    """
    x, w, name = _operands(inputs, kernel, data_format)
    *window, channels, filters = shape(w)
    if filters % (shape(x)[-1] // channels):
        raise ValueError(f"{shape(x)[-1] // channels} groups must divide the number of filters. Received: {filters}.")
    how = _sliding(shape(x)[1:-1], tuple(window), strides, padding, dilation_rate)
    return from_channels_last(_in_float32(_slide, x, w, how), name)


@composite
def depthwise_conv(inputs: TensorLike, kernel: TensorLike, strides: Sizes = 1, padding: Padding = "valid",
                   data_format: DataFormat | None = None, dilation_rate: Sizes = 1) -> Tensor:  # fmt: skip
    """A convolution of each channel by itself, with a kernel (*window, channels, filters for each channel)."""
    *window, channels, filters = shape(kernel)
    if shape(inputs)[-1 if standardize_data_format(data_format) == "channels_last" else 1] != channels:
        raise ValueError(f"Channels of input and kernel differ. Received: {shape(inputs)}, {shape(kernel)}.")
    return conv(inputs, reshape(kernel, (*window, 1, channels * filters)), strides, padding, data_format, dilation_rate)


@composite
def separable_conv(inputs: TensorLike, depthwise_kernel: TensorLike, pointwise_kernel: TensorLike, strides: Sizes = 1,
                   padding: Padding = "valid", data_format: DataFormat | None = None,
                   dilation_rate: Sizes = 1) -> Tensor:  # fmt: skip
    """A depthwise convolution, and one with a window of a single element that mixes its channels."""
    depthwise = depthwise_conv(inputs, depthwise_kernel, strides, padding, data_format, dilation_rate)
    return conv(depthwise, pointwise_kernel, data_format=data_format)


def transposed(sizes: ShapeLike, window: Shape, strides: Shape, padding: str, output_padding: Shape | None,
               dilation: Shape) -> tuple[PartialShape, tuple[tuple[int, int], ...]]:  # fmt: skip
    """Return the output sizes of `conv_transpose`, and the pads of the convolution that it is the gradient of."""
    results: list[int | None] = []
    pads = []
    for i, (n, k, s, d) in enumerate(zip(sizes, window, strides, dilation, strict=True)):
        span = d * (k - 1) + 1
        if padding == "valid":
            more = max(span, s) - span if output_padding is None else output_padding[i]
            length, before = span + more, span - 1
        else:
            length = s if output_padding is None else span % 2 + output_padding[i]
            before = min((length + span - 1) // 2, span - 1)
        results.append(None if n is None else (n - 1) * s + length)
        pads.append((span - 1 - before, 1 + before - length))
    return tuple(results), tuple(pads)


@composite
def conv_transpose(inputs: TensorLike, kernel: TensorLike, strides: Sizes = 1, padding: Padding = "valid",
                   output_padding: Sizes | None = None, data_format: DataFormat | None = None,
                   dilation_rate: Sizes = 1) -> Tensor:  # fmt: skip
    """A transposed convolution: (batch, ..., channels) -> (batch, ..., filters), larger by the strides.

    `kernel` is (*window, filters, channels). Without `output_padding`, sizes are multiplied by the strides; with
    `padding` "valid", what the window exceeds the strides by is added.

    Example:
        >>> print(conv_transpose([[[1.0], [2.0]]], [[[1.0]], [[10.0]], [[100.0]]], 2)[0, :, 0])
        Tensor([  1.  10. 102.  20. 200.], shape=(5,), dtype=float32)
    """
    x, w, name = _operands(inputs, kernel, data_format, -1)
    *sizes, _ = shape(x)[1:]
    window, rank = shape(w)[:-2], len(sizes)
    strides = standardize_sizes(strides, rank, "strides")
    dilation = standardize_sizes(dilation_rate, rank, "dilation_rate")
    more = None if output_padding is None else standardize_sizes(output_padding, rank, "output_padding", 0)
    larger, pads = transposed(sizes, window, strides, standardize_padding(padding), more, dilation)
    how = Sliding(window, strides, pads, dilation)
    return from_channels_last(_in_float32(_input_gradient, x, w, how, (*larger, shape(w)[-2])), name)


def _steps(n: int, k: int, s: int, lo: int, hi: int) -> Iterator[tuple[slice, slice]]:
    """Yield for each element of a window along an axis the places that read it in the input, and what they read."""
    last = (n + lo + hi - k) // s
    for i in range(k):
        start, stop = max(0, -((i - lo) // s)), min(last, (n - 1 + lo - i) // s) + 1
        yield slice(start, stop), slice(start * s + i - lo, max(0, (stop - 1) * s + i - lo + 1), s)


def _overlaps(sizes: Shape, how: Sliding) -> Iterator[tuple[Any, Any]]:
    """Yield for each element of a window, row by row, the index of the places that read it, and of what they read."""
    axes = [_steps(n, k, s, lo, hi) for n, k, s, (lo, hi) in zip(sizes, *how[:2], how.pads, strict=True)]
    for pairs in product(*axes):
        yield (slice(None), *(at for at, _ in pairs)), (slice(None), *(on for _, on in pairs))


def _reduce(x: Array, how: Sliding, ufunc: Any, initial: Any, out: Array | None) -> Array:
    """Combine the elements of each window, one axis after the other."""
    for axis, (k, s, (lo, hi)) in enumerate(zip(*how[:2], how.pads, strict=True), 1):
        sizes = (*x.shape[:axis], (x.shape[axis] + lo + hi - k) // s + 1, *x.shape[axis + 1 :])
        y = np.empty(sizes, x.dtype) if out is None or axis < len(how.window) else out
        before = (slice(None),) * axis
        pairs = [((*before, at), x[(*before, on)]) for at, on in _steps(x.shape[axis], k, s, lo, hi)]
        if lo or hi or k == 1:
            y.fill(initial)
        else:
            ufunc(pairs.pop(0)[1], pairs.pop(0)[1], out=y)
        for at, part in pairs:
            ufunc(y[at], part, out=y[at])
        x = y
    return x


def _hits(x: Array, y: Array, how: Sliding) -> Iterator[tuple[Any, Any, Array]]:
    """Yield for each element of a window both indices of `_overlaps`, and where it is the first largest."""
    free = np.ones(y.shape, "bool")
    for at, on in _overlaps(x.shape[1:-1], how):
        hit = np.equal(x[on], y[at])
        hit &= free[at]
        free[at] ^= hit
        yield at, on, hit


@primitive(lambda g, y, x, how: _route_rule(g, x, y, how),
           fused_vjp={"relu": (0, lambda g, y, x, how: _route_rule(g * np.greater(y, 0), x, y, how))})  # fmt: skip
def _largest(x: TensorLike, how: Sliding, out: Array | None = None) -> Array:
    """The largest element in each place of a window."""
    x = strong(x)
    kind = x.dtype.kind
    lowest = -np.inf if kind in "fc" else np.iinfo(x.dtype).min if kind == "i" else 0
    return _reduce(x, how, np.maximum, lowest, out)


@primitive(lambda h, _, g, x, y, how: _pick_rule(h, x, y, how), None, None)
def _route(g: TensorLike, x: TensorLike, y: TensorLike, how: Sliding, out: Array | None = None) -> Array:
    """The gradient of `_largest`: each place passes its own to the first of its largest elements."""
    g, x, y = np.asarray(g), np.asarray(x), np.asarray(y)
    total = np.empty(x.shape, g.dtype) if out is None else out
    total.fill(0)
    disjoint = all(k <= s for k, s in zip(*how[:2], strict=True))  # no two windows share an element
    count = max(1, 2 * BLOCK // (x[:1].nbytes or 1))  # a few samples at a time where they are large
    for start in range(0, len(x), count):
        part, x_part, y_part, gradient = (a[start : start + count] for a in (total, x, y, g))
        for at, on, hit in _hits(x_part, y_part, how):
            if disjoint:
                np.multiply(gradient[at], hit, out=part[on])
            else:
                part[on] += gradient[at] * hit
    return total


@primitive(lambda g, _, h, x, y, how: _route_rule(g, x, y, how), None, None)
def _pick(h: TensorLike, x: TensorLike, y: TensorLike, how: Sliding, out: Array | None = None) -> Array:
    """The elements of h where x is the first largest in each place of a window."""
    h, x, y = np.asarray(h), np.asarray(x), np.asarray(y)
    total = np.empty(y.shape, h.dtype) if out is None else out
    total.fill(0)
    for at, on, hit in _hits(x, y, how):
        total[at] += h[on] * hit
    return total


@primitive(lambda g, y, x, how: _spread_rule(g, how, np.shape(x)[1:-1]))
def _total(x: TensorLike, how: Sliding, out: Array | None = None) -> Array:
    """The sum of the elements in each place of a window."""
    return _reduce(as_float(x), how, np.add, 0, out)


@primitive(lambda h, y, g, how, sizes: bare(_total)(h, how))
def _spread(g: TensorLike, how: Sliding, sizes: Shape, out: Array | None = None) -> Array:
    """The gradient of `_total`: each place passes its own to all its elements."""
    g = np.asarray(g)
    total = np.empty((len(g), *sizes, g.shape[-1]), g.dtype) if out is None else out
    total.fill(0)
    for at, on in _overlaps(sizes, how):
        total[on] += g[at]
    return total


_input_rule: Callable[..., Any] = bare(_input_gradient)
_kernel_rule: Callable[..., Any] = bare(_kernel_gradient)
_route_rule: Callable[..., Any] = bare(_route)
_pick_rule: Callable[..., Any] = bare(_pick)
_spread_rule: Callable[..., Any] = bare(_spread)


def _pooled(x: TensorLike, pool_size: Sizes, strides: Sizes | None, padding: str, data_format: DataFormat) -> Any:
    """Return a tensor with the channels last, and how the window slides."""
    if len(shape(x)) < 3:
        raise ValueError(f"Pooling needs an input (batch, ..., channels). Received: inputs.shape={shape(x)}.")
    last = to_channels_last(convert_to_tensor(x), data_format)
    sizes = shape(last)[1:-1]
    window = standardize_sizes(pool_size, len(sizes), "pool_size")
    return last, _sliding(sizes, window, window if strides is None else strides, standardize_padding(padding))


@composite
def max_pool(inputs: TensorLike, pool_size: Sizes, strides: Sizes | None = None, padding: Padding = "valid",
             data_format: DataFormat | None = None) -> Tensor:  # fmt: skip
    """The largest element in each place of a window; `strides` are `pool_size` by default.

    Of equal elements the first has the gradient, row by row.

    Example:
        >>> print(max_pool([[[1.0], [3.0], [2.0], [4.0]]], 2)[0, :, 0])
        Tensor([3. 4.], shape=(2,), dtype=float32)
    """
    name = standardize_data_format(data_format)
    return from_channels_last(_largest(*_pooled(inputs, pool_size, strides, padding, name)), name)


@composite
def average_pool(inputs: TensorLike, pool_size: Sizes, strides: Sizes | None = None, padding: Padding = "valid",
                 data_format: DataFormat | None = None) -> Tensor:  # fmt: skip
    """The mean of the elements in each place of a window, without those that `padding` "same" adds.

    Example:
        >>> print(average_pool([[[1.0], [3.0], [2.0]]], 2, padding="same")[0, :, 0])
        Tensor([2. 2.], shape=(2,), dtype=float32)
    """
    name = standardize_data_format(data_format)
    x, how = _pooled(inputs, pool_size, strides, padding, name)
    short = x.dtype == "float16"  # its sums would lose digits or overflow
    total = _total(cast(x, "float32") if short else x, how)
    count: Any = float(prod(how.window))
    if any(map(any, how.pads)):
        count = bare(_total)(np.ones((1, *shape(x)[1:-1], 1), total.dtype), how)
    return from_channels_last(cast(total / count, "float16") if short else total / count, name)


# Blocks of images as columns, and pooling to a size


def _places(sizes: Shape, kernel_size: Sizes, dilation: Sizes, stride: Sizes) -> list[Any]:
    """Return the rows and columns of all blocks, as indices of shape (height, width, blocks down, blocks across)."""
    places = []
    pairs = (np.broadcast_to(x, 2).tolist() for x in (kernel_size, dilation, stride))
    for axis, (n, k, d, s) in enumerate(zip(sizes, *pairs, strict=True)):
        index = d * np.arange(k)[:, None] + s * np.arange((n - d * (k - 1) - 1) // s + 1)
        places.append(index.reshape([index.shape[i // 2] if i % 2 == axis else 1 for i in (0, 1, 2, 3)]))
    return places


@composite
def unfold(x: TensorLike, kernel_size: Sizes, dilation: Sizes = 1, padding: Sizes = 0, stride: Sizes = 1) -> Tensor:
    """Sliding blocks of images as columns: (batch, channels, h, w) -> (batch, channels * block size, blocks)."""
    p, q = np.broadcast_to(padding, 2).tolist()
    images = pad(x, ((0, 0), (0, 0), (p, p), (q, q)))
    rows, columns = _places(images.shape[2:], kernel_size, dilation, stride)
    n, channels = images.shape[:2]
    return images[:, :, rows, columns].reshape((n, channels * len(rows) * columns.shape[1], -1))


@composite
def fold(x: TensorLike, output_size: Sizes, kernel_size: Sizes, dilation: Sizes = 1, padding: Sizes = 0,
         stride: Sizes = 1) -> Tensor:  # fmt: skip
    """Blocks, laid out as `unfold` does, added up to images of a size."""
    (height, width), (p, q) = (np.broadcast_to(x, 2).tolist() for x in (output_size, padding))
    sizes = (height + 2 * p, width + 2 * q)
    rows, columns = _places(sizes, kernel_size, dilation, stride)
    blocks = reshape(x, (shape(x)[0], -1, *(rows + columns).shape))
    images = _put(blocks, (*blocks.shape[:2], *sizes), (slice(None), slice(None), rows, columns))
    return images[:, :, p : p + height, q : q + width]


def _adaptive(inputs: TensorLike, output_size: Sizes, data_format: str | None, reduce: Callable[..., Tensor]) -> Tensor:
    """Pool each axis between batch and channels to a size; the parts overlap if the size does not divide the axis."""
    x = convert_to_tensor(inputs)
    sizes = [output_size] * (x.ndim - 2) if isinstance(output_size, int) else output_size
    for axis, count in enumerate(sizes, 1 if standardize_data_format(data_format) == "channels_last" else 2):
        front, length = moveaxis(x, axis, 0), x.shape[axis]
        ends = [(i * length // count, -(-(i + 1) * length // count)) for i in range(count)]
        x = moveaxis(stack([reduce(front[start:end], 0) for start, end in ends]), 0, axis)
    return x


@composite
def adaptive_average_pool(inputs: TensorLike, output_size: int | Sequence[int],
                          data_format: DataFormat | None = None) -> Tensor:  # fmt: skip
    """Means over `output_size` parts of each axis between batch and channels."""
    return _adaptive(inputs, output_size, data_format, mean)


@composite
def adaptive_max_pool(inputs: TensorLike, output_size: int | Sequence[int],
                      data_format: DataFormat | None = None) -> Tensor:  # fmt: skip
    """Largest elements of `output_size` parts of each axis between batch and channels; of equals the first."""
    return _adaptive(inputs, output_size, data_format, lambda x, axis: reshape(
        max_pool(reshape(x, (1, len(x), -1)), len(x), data_format="channels_last"), shape(x)[1:]))  # fmt: skip
