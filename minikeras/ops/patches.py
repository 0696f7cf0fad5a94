"""Parts of images: sliding blocks, pooling to a fixed size; and a measure of how alike two images are."""

import math
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from .._base.settings import standardize_data_format
from .._base.typing import DataFormat, TensorLike
from .._core.op import composite
from .._core.tensor import Tensor
from .creation import convert_to_tensor
from .elementwise import log10, square, subtract
from .linalg import tensordot
from .reduction import max, mean
from .shapes import moveaxis, pad, scatter, stack, transpose

Two = int | Sequence[int]
"""One number for height and width, or one for each."""


def _two(value: Two) -> tuple[int, int]:
    first, second = (value, value) if isinstance(value, int) else value
    return first, second


def _places(sizes: tuple[int, int], kernel_size: Two, dilation: Two, stride: Two) -> list[Any]:
    """Return the rows and columns of all blocks, as indices of shape (height, width, blocks down, blocks across)."""
    found = []
    for axis, (n, k, d, s) in enumerate(zip(sizes, _two(kernel_size), _two(dilation), _two(stride), strict=True)):
        index = d * np.arange(k)[:, None] + s * np.arange((n - d * (k - 1) - 1) // s + 1)
        found.append(index.reshape([index.shape[i // 2] if i % 2 == axis else 1 for i in (0, 1, 2, 3)]))
    return found


@composite
def unfold(x: TensorLike, kernel_size: Two, dilation: Two = 1, padding: Two = 0, stride: Two = 1) -> Tensor:
    """Sliding blocks of images as columns: (batch, channels, h, w) -> (batch, channels * block size, blocks)."""
    p, q = _two(padding)
    images = pad(x, ((0, 0), (0, 0), (p, p), (q, q)))
    rows, columns = _places(images.shape[2:], kernel_size, dilation, stride)
    n, channels = images.shape[:2]
    return images[:, :, rows, columns].reshape((n, channels * math.prod(_two(kernel_size)), -1))


@composite
def fold(
    x: TensorLike, output_size: Two, kernel_size: Two, dilation: Two = 1, padding: Two = 0, stride: Two = 1
) -> Tensor:
    """Blocks, laid out as `unfold` does, added up to images of a size."""
    (height, width), (p, q) = _two(output_size), _two(padding)
    sizes = (height + 2 * p, width + 2 * q)
    rows, columns = _places(sizes, kernel_size, dilation, stride)
    blocks = convert_to_tensor(x)
    n, channels = blocks.shape[0], blocks.shape[1] // math.prod(_two(kernel_size))
    values = transpose(blocks.reshape((n * channels, -1)))
    summed = scatter((rows * sizes[1] + columns).reshape(-1, 1), values, (sizes[0] * sizes[1], n * channels))
    return transpose(summed).reshape((n, channels, *sizes))[:, :, p : p + height, q : q + width]


def _adaptive(
    inputs: TensorLike, output_size: int | Sequence[int], data_format: str | None, pool: Callable[..., Tensor]
) -> Tensor:
    """Pool each axis between batch and channels to a size, by parts that overlap where they must."""
    x = convert_to_tensor(inputs)
    first = 1 if standardize_data_format(data_format) == "channels_last" else 2
    sizes = [output_size] * (x.ndim - 2) if isinstance(output_size, int) else output_size
    for axis, count in enumerate(sizes, first):
        length = x.shape[axis]
        parts = [(i * length // count, -(-(i + 1) * length // count)) for i in range(count)]
        x = pool(x, axis, parts, length)
    return x


@composite
def adaptive_average_pool(
    inputs: TensorLike, output_size: int | Sequence[int], data_format: DataFormat | None = None
) -> Tensor:
    """Means over so many parts of each axis between batch and channels."""

    def pool(x: Tensor, axis: int, parts: list[tuple[int, int]], length: int) -> Tensor:
        matrix = np.zeros((length, len(parts)), x.dtype)
        for i, (start, end) in enumerate(parts):
            matrix[start:end, i] = 1 / (end - start)
        return moveaxis(tensordot(x, matrix, ([axis], [0])), -1, axis)

    return _adaptive(inputs, output_size, data_format, pool)


@composite
def adaptive_max_pool(
    inputs: TensorLike, output_size: int | Sequence[int], data_format: DataFormat | None = None
) -> Tensor:
    """Largest elements of so many parts of each axis between batch and channels."""

    def pool(x: Tensor, axis: int, parts: list[tuple[int, int]], length: int) -> Tensor:
        front = moveaxis(x, axis, 0)
        return moveaxis(stack([max(front[start:end], 0) for start, end in parts]), 0, axis)

    return _adaptive(inputs, output_size, data_format, pool)


@composite
def psnr(x1: TensorLike, x2: TensorLike, max_val: float) -> Tensor:
    """Peak signal-to-noise ratio of two tensors of one shape, in decibels, for values up to `max_val`."""
    if np.shape(x1) != np.shape(x2):
        raise ValueError(f"Input shapes {np.shape(x1)} and {np.shape(x2)} must match for PSNR calculation.")
    noise = log10(mean(square(subtract(x1, x2))))
    return subtract(20 * log10(convert_to_tensor(max_val, noise.dtype)), 10 * noise)
