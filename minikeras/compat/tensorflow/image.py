"""`tf.image`: images (height, width, channels), or batches of them."""

from collections.abc import Callable
from typing import Any

import numpy as np

from ... import ops
from ...tensor import Tensor, as_array
from . import random as _random
from .arrays import cast, sizes_of
from .dtypes import as_dtype
from .missing import missing
from .tensors import convert_to_tensor

__getattr__: Callable[[str], Any] = missing(__name__)


class ResizeMethod:
    """Names of methods."""

    BILINEAR, NEAREST_NEIGHBOR, BICUBIC, LANCZOS3, LANCZOS5 = "bilinear", "nearest", "bicubic", "lanczos3", "lanczos5"


def resize(images: Any, size: Any, method: Any = "bilinear", *_: Any, antialias: bool = False, **__: Any) -> Tensor:
    """Images of another size, float32 unless `method` is "nearest"."""
    x = convert_to_tensor(images)
    kind = as_dtype(x.dtype).name if method == "nearest" else "float32"
    resized = ops.image.resize(ops.cast(x, "float32"), sizes_of(size), interpolation=method, antialias=antialias)
    return ops.cast(resized, kind)


def convert_image_dtype(image: Any, dtype: Any, saturate: bool = False, name: str | None = None) -> Tensor:
    """An image with its values scaled to what another dtype has: floats from 0 to 1, integers up to their largest."""
    x, kind = convert_to_tensor(image), as_dtype(dtype)
    if kind.is_floating:
        return cast(x, kind) / as_dtype(x.dtype).max if as_dtype(x.dtype).is_integer else cast(x, kind)
    if as_dtype(x.dtype).is_integer:
        return cast(x, kind)
    return cast(ops.clip(x * (kind.max + 0.5), 0, kind.max), kind)


def _flipped(axis: int) -> Callable[..., Tensor]:
    return lambda image: ops.flip(convert_to_tensor(image), axis)


flip_left_right: Callable[..., Tensor] = _flipped(-2)
flip_up_down: Callable[..., Tensor] = _flipped(-3)


def _perhaps(flip: Callable[..., Tensor]) -> Callable[..., Tensor]:
    def call(image: Any, seed: Any = None) -> Tensor:
        return flip(image) if float(_random.uniform([], seed=seed)) < 0.5 else convert_to_tensor(image)

    return call


random_flip_left_right: Callable[..., Tensor] = _perhaps(flip_left_right)
random_flip_up_down: Callable[..., Tensor] = _perhaps(flip_up_down)


def rot90(image: Any, k: int = 1, name: str | None = None) -> Tensor:
    """Images turned by 90 degrees against the clock, k times."""
    return ops.rot90(convert_to_tensor(image), k, (-3, -2))


def rgb_to_grayscale(images: Any, name: str | None = None) -> Tensor:
    """Images in shades of gray, of one channel."""
    x = convert_to_tensor(images)
    gray = ops.tensordot(ops.cast(x, "float32"), np.array([[0.2989], [0.587], [0.114]], "float32"), 1)
    return ops.cast(gray, as_dtype(x.dtype).name)


def grayscale_to_rgb(images: Any, name: str | None = None) -> Tensor:
    """Images of one channel with this channel three times."""
    return ops.repeat(convert_to_tensor(images), 3, -1)


def adjust_brightness(image: Any, delta: Any) -> Tensor:
    """An image with a number added."""
    return convert_to_tensor(image) + delta


def adjust_contrast(images: Any, contrast_factor: Any) -> Tensor:
    """Images with the differences to the mean of each channel multiplied."""
    x = convert_to_tensor(images)
    mean = ops.mean(x, (-3, -2), True)
    return (x - mean) * contrast_factor + mean


def random_brightness(image: Any, max_delta: float, seed: Any = None) -> Tensor:
    """An image with a random number added."""
    return adjust_brightness(image, _random.uniform([], -max_delta, max_delta, seed=seed))


def random_contrast(image: Any, lower: float, upper: float, seed: Any = None) -> Tensor:
    """An image with a random contrast."""
    return adjust_contrast(image, _random.uniform([], lower, upper, seed=seed))


def per_image_standardization(image: Any) -> Tensor:
    """Images with mean 0 and deviation 1, or a little less for those nearly of one color."""
    x = ops.cast(convert_to_tensor(image), "float32")
    size = float(np.prod(x.shape[-3:]))
    deviation = ops.maximum(ops.std(x, (-3, -2, -1), True), size**-0.5)
    return (x - ops.mean(x, (-3, -2, -1), True)) / deviation


def crop_to_bounding_box(
    image: Any, offset_height: int, offset_width: int, target_height: int, target_width: int
) -> Tensor:
    """A part of images."""
    rows, columns = (slice(i, i + n) for i, n in ((offset_height, target_height), (offset_width, target_width)))
    return ops.get_item(convert_to_tensor(image), (..., rows, columns, slice(None)))


def central_crop(image: Any, central_fraction: float) -> Tensor:
    """The middle of images."""
    x = convert_to_tensor(image)
    starts = [int((n - n * central_fraction) / 2) for n in x.shape[-3:-1]]
    return crop_to_bounding_box(x, *starts, *(n - 2 * i for n, i in zip(x.shape[-3:-1], starts, strict=True)))


def random_crop(value: Any, size: Any, seed: Any = None, name: str | None = None) -> Tensor:
    """A part of a size, from anywhere."""
    x, sizes = convert_to_tensor(value), sizes_of(size)
    ends = [n - m + 1 for n, m in zip(x.shape, sizes, strict=True)]
    starts = [int(as_array(_random.uniform([], 0, end, "int32", seed))) for end in ends]
    return ops.slice(x, starts, sizes)


def pad_to_bounding_box(
    image: Any, offset_height: int, offset_width: int, target_height: int, target_width: int
) -> Tensor:
    """Images with zeros around them."""
    x = convert_to_tensor(image)
    height, width = x.shape[-3:-1]
    around = [
        (offset_height, target_height - offset_height - height),
        (offset_width, target_width - offset_width - width),
    ]
    return ops.pad(x, [(0, 0)] * (x.ndim - 3) + [*around, (0, 0)])


def resize_with_crop_or_pad(image: Any, target_height: int, target_width: int) -> Tensor:
    """The middle of images, or zeros around them."""
    x = convert_to_tensor(image)
    (height, width), (tall, wide) = x.shape[-3:-1], (int(target_height), int(target_width))
    crop = [max(height - tall, 0) // 2, max(width - wide, 0) // 2, min(height, tall), min(width, wide)]
    pad = [max(tall - height, 0) // 2, max(wide - width, 0) // 2, tall, wide]
    return pad_to_bounding_box(crop_to_bounding_box(x, *crop), *pad)


def total_variation(images: Any, name: str | None = None) -> Tensor:
    """The sum of the differences between neighbors, of each image."""
    x = convert_to_tensor(images)
    rows, columns = (ops.abs(ops.diff(x, axis=axis)) for axis in (-3, -2))
    return ops.sum(rows, (-3, -2, -1)) + ops.sum(columns, (-3, -2, -1))


def psnr(a: Any, b: Any, max_val: Any, name: str | None = None) -> Tensor:
    """How alike images are, in decibels."""
    error = ops.mean(
        ops.square(ops.cast(convert_to_tensor(a), "float32") - ops.cast(convert_to_tensor(b), "float32")), (-3, -2, -1)
    )
    return ops.log10(float(max_val) ** 2 / error) * 10
