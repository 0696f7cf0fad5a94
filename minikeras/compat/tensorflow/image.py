"""`tf.image`: images (height, width, channels), or batches of them."""

from collections.abc import Callable
from functools import partial, wraps
from types import SimpleNamespace
from typing import Any, TypeAlias

import numpy as np

from ... import ops
from ..._base.typing import DataFormat
from ..._core.tensor import Tensor, as_array
from ...ops.image import weighed
from . import io as _io
from .arrays import cast, sizes_of
from .dtypes import as_dtype
from .errors import InvalidArgumentError
from .math import unary
from .missing import missing, named
from .random import stateless_uniform as _stateless, uniform as _global
from .tensors import array_of, convert_to_tensor

__getattr__: Callable[[str], Any] = missing(__name__)
_FILES = "decode_gif decode_image decode_jpeg decode_png encode_jpeg encode_png"
globals().update({name: vars(_io)[name] for name in _FILES.split()})
_LAST: DataFormat = "channels_last"  # whatever Keras's setting is
ResizeMethod: SimpleNamespace = SimpleNamespace(
    BILINEAR="bilinear", NEAREST_NEIGHBOR="nearest", BICUBIC="bicubic", AREA="area", LANCZOS3="lanczos3",
    LANCZOS5="lanczos5")  # fmt: skip


def resize(images: Any, size: Any, method: Any = "bilinear", preserve_aspect_ratio: bool = False,
           antialias: bool = False, name: str | None = None) -> Tensor:  # fmt: skip
    """Images resized, or with `preserve_aspect_ratio` to fit into `size`; float32 unless `method` is "nearest"."""
    x, sizes = convert_to_tensor(images), sizes_of(size)
    if preserve_aspect_ratio:
        edges = np.array(x.shape[-3:-1], "float32")  # in which TensorFlow reckons
        sizes = tuple(round(edge) for edge in edges * (np.array(sizes, "float32") / edges).min())
    x = x if method == "nearest" else ops.cast(x, "float32")
    if method == "area":  # a new pixel is the mean of the old ones in its place
        return weighed(x, (-3, -2), [np.diff(np.clip(np.linspace(0, n, m + 1) - np.arange(n)[:, None], 0, 1)) * m / n
                                     for n, m in zip(x.shape[-3:-1], sizes, strict=True)])  # fmt: skip
    return ops.image.resize(x, sizes, method, antialias, data_format=_LAST)


def convert_image_dtype(image: Any, dtype: Any, saturate: bool = False, name: str | None = None) -> Tensor:
    """An image scaled to the range of another dtype: floats are from 0 to 1, integers up to their largest number."""
    x, kind = convert_to_tensor(image), as_dtype(dtype)
    source = as_dtype(x.dtype)
    if kind.is_floating:
        return cast(x, kind) / source.max if source.is_integer else cast(x, kind)
    if source.is_floating:
        return cast(ops.clip(x * (kind.max + 0.5), kind.min, kind.max), kind)
    down, up = (source.max + 1) // (kind.max + 1), (kind.max + 1) // (source.max + 1)
    whole = ops.cast(x, "int64")
    whole = ops.clip(whole, kind.min * max(down, 1), source.max) if saturate else whole
    return cast(whole // down if down else whole * up, kind)


def _flip(x: Tensor, axis: int) -> Tensor:
    if len(x.shape) < 3:
        raise ValueError(f"'image' (shape {x.shape}) must be at least three-dimensional.")
    return ops.flip(x, axis)


flip_left_right: Callable[..., Tensor] = unary(partial(_flip, axis=-2), "Images mirrored from left to right.")
flip_up_down: Callable[..., Tensor] = unary(partial(_flip, axis=-3), "Images mirrored from top to bottom.")
grayscale_to_rgb: Callable[..., Tensor] = unary(lambda x: ops.stack([ops.squeeze(x, -1)] * 3, -1), "Gray as RGB.")
rgb_to_hsv: Callable[..., Tensor] = unary(partial(ops.image.rgb_to_hsv, data_format=_LAST), "RGB images as HSV.")
hsv_to_rgb: Callable[..., Tensor] = unary(partial(ops.image.hsv_to_rgb, data_format=_LAST), "HSV images as RGB.")
_YUV = np.array([[0.299, -0.14714119, 0.61497538], [0.587, -0.28886916, -0.51496512], [0.114, 0.43601035, -0.10001026]])
rgb_to_yuv: Callable[..., Tensor] = unary(lambda x: ops.tensordot(x, _YUV.astype(x.dtype), 1), "RGB images as YUV.")
transpose: Callable[..., Tensor] = unary(lambda x: ops.swapaxes(x, -3, -2), "Images with rows and columns exchanged.")
Draw: TypeAlias = Callable[..., Tensor]
"""A function that draws numbers: `uniform` from the global stream, `stateless_uniform` from the seed alone."""


def _random_flip(flip: Callable[..., Tensor], draw: Draw) -> Callable[..., Tensor]:
    def call(image: Any, seed: Any = None) -> Tensor:
        x = convert_to_tensor(image)
        numbers = as_array(draw(x.shape[:-3], seed=seed))
        return ops.where((numbers > 0.5 if numbers.ndim else numbers < 0.5)[..., None, None, None], flip(x), x)

    return call


def _in_floats(change: Callable[..., Tensor]) -> Callable[..., Tensor]:
    """Make a function of float images from 0 to 1 take images of any dtype, and return that dtype."""

    @wraps(change)
    def call(image: Any, *args: Any, **kwargs: Any) -> Tensor:
        x = convert_to_tensor(image)
        y = change(convert_image_dtype(x, "float32"), *args, **kwargs)
        return convert_image_dtype(y, as_dtype(x.dtype), saturate=True)

    return call


def _changed_hsv(image: Any, change: Callable[[Any, Any, Any], list[Any]]) -> Tensor:
    return hsv_to_rgb(ops.stack(change(*ops.unstack(rgb_to_hsv(image), axis=-1)), -1))


_ADJUSTMENTS = named({
    "rgb_to_grayscale": ("Images in grayscale, with one channel.",
        lambda images, name=None: ops.tensordot(images, np.array([[0.2989], [0.587], [0.114]], "float32"), 1)),
    "adjust_brightness": ("An image with a number added.", lambda image, delta: image + delta),
    "adjust_contrast": ("Images with the distance of each value from the mean of its channel multiplied.",
        lambda images, contrast_factor:
            (images - (mean := ops.mean(images, (-3, -2), True))) * contrast_factor + mean),
    "adjust_saturation": ("Images with their saturation multiplied.",
        lambda image, saturation_factor, name=None:
            _changed_hsv(image, lambda h, s, v: [h, ops.clip(s * saturation_factor, 0, 1), v])),
    "adjust_hue": ("Images with `delta` added to their hue, modulo 1.",
        lambda image, delta, name=None: _changed_hsv(image, lambda h, s, v: [ops.mod(h + delta, 1.0), s, v])),
    "adjust_gamma": ("Images as gain * x ** gamma.",
        lambda image, gamma=1, gain=1: ops.power(image, float(gamma)) * gain)})  # fmt: skip
globals().update({name: _in_floats(change) for name, change in _ADJUSTMENTS.items()})


def _random_adjust(what: str, draw: Draw) -> Callable[..., Tensor]:
    """Return an adjustment by a random number, from -max_delta to max_delta or from lower to upper."""
    adjust, limit = globals()[f"adjust_{what}"], {"brightness": np.inf, "hue": 0.5}.get(what)

    def between(image: Any, lower: Any, upper: Any, seed: Any = None) -> Tensor:
        if not (0 <= lower < upper if limit is None else 0 <= upper <= limit):
            raise ValueError(f"Expected 0 <= lower < upper, or a max_delta from 0 (hue: to 0.5): {lower}, {upper}.")
        return adjust(image, draw([], minval=lower, maxval=upper, seed=seed))

    return between if limit is None else lambda image, max_delta, seed=None: between(image, -max_delta, max_delta, seed)


def _random_crop(draw: Draw) -> Callable[..., Tensor]:
    def call(value: Any, size: Any, seed: Any = None, name: str | None = None) -> Tensor:
        """A block of the given size, at a random place; a stateless one depends on the seed alone."""
        x, sizes = convert_to_tensor(value), sizes_of(size)
        if len(sizes) != len(x.shape) or any(n < m for n, m in zip(x.shape, sizes, strict=True)):
            raise InvalidArgumentError(f"Need value.shape >= size, got {x.shape} and {sizes}")
        numbers = as_array(draw([len(sizes)], maxval=2**31 - 1, dtype="int32", seed=seed)).tolist()
        return ops.slice(x, [i % (n - m + 1) for i, n, m in zip(numbers, x.shape, sizes, strict=True)], sizes)

    return call


for _prefix, _draw in (("random", _global), ("stateless_random", _stateless)):
    for _what in ("brightness", "contrast", "saturation", "hue"):
        globals()[f"{_prefix}_{_what}"] = _random_adjust(_what, _draw)
    for _name in ("flip_left_right", "flip_up_down"):
        globals()[f"{_prefix}_{_name}"] = _random_flip(globals()[_name], _draw)
    globals()[f"{_prefix}_crop"] = _random_crop(_draw)


def crop_to_bounding_box(image: Any, offset_height: int, offset_width: int, target_height: int,
                         target_width: int) -> Tensor:  # fmt: skip
    """A rectangle cut out of images."""
    x, parts = convert_to_tensor(image), ((offset_height, target_height), (offset_width, target_width))
    if any(not 0 <= i < i + n <= (size or i + n) for (i, n), size in zip(parts, x.shape[-3:-1], strict=True)):
        raise ValueError(f"Expected a part of images of shape {x.shape}. Received: offsets and sizes {parts}.")
    return ops.get_item(x, (..., *(slice(i, i + n) for i, n in parts), slice(None)))


def central_crop(image: Any, central_fraction: float) -> Tensor:
    """The central part of images, a fraction of their height and width."""
    x = convert_to_tensor(image)
    if not 0 < central_fraction <= 1:
        raise ValueError(f"Expected a `central_fraction` above 0, up to 1. Received: {central_fraction}.")
    starts = [int((n - n * central_fraction) / 2) for n in x.shape[-3:-1]]
    return crop_to_bounding_box(x, *starts, *(n - 2 * i for n, i in zip(x.shape[-3:-1], starts, strict=True)))


def pad_to_bounding_box(image: Any, offset_height: int, offset_width: int, target_height: int,
                        target_width: int) -> Tensor:  # fmt: skip
    """Images padded with zeros to a height and width."""
    size = {"target_height": target_height, "target_width": target_width}
    return ops.image.pad_images(convert_to_tensor(image), offset_height, offset_width, **size, data_format=_LAST)


def resize_with_crop_or_pad(image: Any, target_height: int, target_width: int) -> Tensor:
    """Images cropped centrally, or padded with zeros, to a height and width."""
    x = convert_to_tensor(image)
    (height, width), (tall, wide) = x.shape[-3:-1], (int(target_height), int(target_width))
    crop = [max(height - tall, 0) // 2, max(width - wide, 0) // 2, min(height, tall), min(width, wide)]
    pad = [max(tall - height, 0) // 2, max(wide - width, 0) // 2, tall, wide]
    return pad_to_bounding_box(crop_to_bounding_box(x, *crop), *pad)


def resize_with_pad(image: Any, target_height: int, target_width: int, method: Any = "bilinear",
                    antialias: bool = False) -> Tensor:  # fmt: skip
    """Images resized without distortion, and padded with zeros to a height and width."""
    x = convert_to_tensor(image)
    have, want = (np.array(pair, "float32") for pair in (x.shape[-3:-1], (target_height, target_width)))
    size = have / (have / want).max()  # in float32, as in TensorFlow
    resized = resize(x, size.astype(int), method, antialias=antialias)
    return pad_to_bounding_box(resized, *np.array([np.maximum(want - size, 0) // 2, want], int).ravel().tolist())


def crop_and_resize(image: Any, boxes: Any, box_indices: Any, crop_size: Any, method: str = "bilinear",
                    extrapolation_value: float = 0.0, name: str | None = None) -> Tensor:  # fmt: skip
    """Boxes [y1, x1, y2, x2], in fractions of the image, cut out of the images with these indices and resized."""
    x = ops.cast(convert_to_tensor(image), "float32")
    sizes, order = sizes_of(crop_size), int(method == "bilinear")
    crops = []
    for box, i in zip(array_of(boxes), as_array(box_indices), strict=True):
        lines = [(a + (b - a) * np.linspace(0, 1, n) if n > 1 else np.array([(a + b) / 2])) * (length - 1)
                 for a, b, n, length in zip(box[:2], box[2:], sizes, x.shape[1:3], strict=True)]  # fmt: skip
        places = np.stack(np.meshgrid(*lines, indexing="ij"))
        outside = np.any((places < 0) | (places > np.array(x.shape[1:3])[:, None, None] - 1), axis=0, keepdims=True)
        inside = [ops.image.map_coordinates(channel, places.astype("float32"), order, "nearest")
                  for channel in ops.unstack(x[int(i)], axis=-1)]  # fmt: skip
        crops.append(ops.where(outside[0, ..., None], float(extrapolation_value), ops.stack(inside, -1)))
    return ops.stack(crops)


def non_max_suppression(boxes: Any, scores: Any, max_output_size: Any, iou_threshold: float = 0.5,
                        score_threshold: float = float("-inf"), name: str | None = None) -> Tensor:  # fmt: skip
    """The indices of the boxes to keep: by falling score, without those that overlap a better one too much."""
    corners = array_of(boxes).astype("float64")
    low, high = np.minimum(corners[:, :2], corners[:, 2:]), np.maximum(corners[:, :2], corners[:, 2:])
    values, areas = array_of(scores), np.prod(high - low, axis=1)
    best: list[int] = []
    for i in np.argsort(-values, kind="stable").tolist():
        if len(best) == int(max_output_size) or values[i] <= score_threshold:
            break
        shared = np.prod(np.maximum(np.minimum(high[i], high[best]) - np.maximum(low[i], low[best]), 0), axis=1)
        if not (shared > iou_threshold * (areas[i] + areas[best] - shared)).any():
            best.append(i)
    return Tensor(np.array(best, "int32"))


def sobel_edges(image: Any) -> Tensor:
    """Vertical and horizontal gradients of images by Sobel filters (Sobel 1968), in a new last axis of size 2."""
    x = ops.pad(convert_to_tensor(image), [(0, 0), (1, 1), (1, 1), (0, 0)], "reflect")
    return ops.image.sobel_edges(x, _LAST)[:, 1:-1, 1:-1]  # without the border, which repeats the padding


globals().update(named({
    "ssim": ("Structural similarity of pairs of images, 1 for equal ones.",
        lambda img1, img2, max_val, *args, **kwargs: partial(ops.image.ssim, data_format=_LAST)(
            *(convert_image_dtype(x, "float32") for x in (img1, img2)),
            float(convert_image_dtype(cast(max_val, convert_to_tensor(img1).dtype), "float32")), *args, **kwargs)),
    "rot90": ("Images rotated by k times 90 degrees counterclockwise.",
        lambda image, k=1, name=None: ops.rot90(convert_to_tensor(image), k, (-3, -2))),
    "per_image_standardization": ("Images scaled to mean 0 and deviation 1, or 1 / sqrt(number of values) if larger.",
        lambda image: ((x := ops.cast(convert_to_tensor(image), "float32")) - ops.mean(x, (-3, -2, -1), True))
            / ops.maximum(ops.std(x, (-3, -2, -1), True), float(np.prod(x.shape[-3:])) ** -0.5)),
    "extract_patches": ("Patches of images, each flattened into the last axis; sizes are [1, rows, columns, 1].",
        lambda images, sizes, strides, rates, padding, name=None: cast(ops.image.extract_patches(
            convert_to_tensor(images), sizes[1:3], strides[1:3], tuple(rates[1:3]), padding.lower(), _LAST),
            convert_to_tensor(images).dtype)),
    "total_variation": ("The sum of the absolute differences of neighboring pixels, one number an image.",
        lambda images, name=None: sum(
            ops.sum(ops.abs(ops.diff(convert_to_tensor(images), axis=axis)), (-3, -2, -1)) for axis in (-3, -2))),
    "psnr": ("Peak signal-to-noise ratio of pairs of images, in decibels.",
        lambda a, b, max_val, name=None: ops.log10(float(max_val) ** 2 / ops.mean(ops.square(
            cast(convert_to_tensor(a), "float32") - cast(convert_to_tensor(b), "float32")), (-3, -2, -1))) * 10),
    }))  # fmt: skip
