"""Images (`keras.ops.image`): resizing, cropping, colours, filters, patches, and geometric transformations.

An image is (height, width, channels) or, with channels first, (channels, height, width). All ops take one or a batch.
"""

import math
import operator
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any, Literal, TypeAlias

import numpy as np

from .._base import absent
from .._base.checks import one_of
from .._base.settings import standardize_data_format
from .._base.typing import Array, DataFormat, FillMode, FloatArray, Interpolation, Padding, Sampling, TensorLike
from .._core.op import composite, primitive
from .._core.tensor import Tensor
from .arrays import half_away
from .convolution import conv, depthwise_conv
from .creation import cast, convert_to_tensor, floating, ndim, shape
from .elementwise import absolute, clip, divide, equal, floor, greater, less, maximum, minimum, mod, round, square
from .linalg import tensordot
from .reduction import mean
from .shapes import along, expand_dims, moveaxis, pad, reshape, split, squeeze, stack, take, where


def _axes(images: TensorLike, data_format: str | None) -> tuple[int, int, int]:
    """Return the axes of channels, rows and columns, counted from the end."""
    if ndim(images) not in (3, 4):
        raise ValueError(f"An image has 3 axes, a batch 4. Received: images.shape={shape(images)}.")
    return (-1, -3, -2) if standardize_data_format(data_format) == "channels_last" else (-3, -2, -1)


def _in_batch(images: Tensor, rank: int, change: Callable[[Tensor], Tensor]) -> Tensor:
    """Run a function of a batch of images, which have `rank` axes each, on a batch or on a single image."""
    return squeeze(change(expand_dims(images, 0)), 0) if images.ndim == rank else change(images)


# Resizing multiplies each axis by a matrix of weights.
Kernel: TypeAlias = Literal["linear", "bilinear", "trilinear", "cubic", "bicubic", "tricubic", "lanczos3", "lanczos5"]
WEIGHTS: dict[str, Callable[[FloatArray], FloatArray]] = {
    **dict.fromkeys(("bilinear", "linear", "trilinear", "triangle"), lambda x: np.maximum(0, 1 - x)),
    **dict.fromkeys(("bicubic", "cubic", "tricubic"), lambda x: np.where(
        x < 1, (1.5 * x - 2.5) * x * x + 1, np.where(x < 2, ((-0.5 * x + 2.5) * x - 4) * x + 2, 0))),
    "lanczos3": lambda x: np.where(x <= 3, np.sinc(x) * np.sinc(x / 3), 0),
    "lanczos5": lambda x: np.where(x <= 5, np.sinc(x) * np.sinc(x / 5), 0)}  # fmt: skip
"""Method -> the weight of a pixel at a distance in pixels; "bicubic" is that of Keys 1981 with a = -0.5."""


def _matrix(name: str, size: int, count: int, scale: float, shift: float, antialias: bool) -> FloatArray:
    """Return the weights of `size` old pixels in each of `count` new ones; the centres of pixels are at halves."""
    places = np.divide(np.arange(count) + 0.5 - shift, scale) - 0.5  # of new pixels among the old ones
    distance = np.abs(places - np.arange(size)[:, None])
    weights = WEIGHTS[name](distance / np.maximum(np.divide(1, scale), 1) if antialias else distance)
    total = weights.sum(axis=0)
    weights = np.where(np.abs(total) > 1e-4, weights / np.where(total == 0, 1, total), 0)
    return np.where((places >= -0.5) & (places <= size - 0.5), weights, 0)


def weighed(images: Tensor, axes: Sequence[int], matrices: Sequence[FloatArray]) -> Tensor:
    """Multiply axes by matrices; integers are rounded and clipped to their dtype."""
    whole: Any = "int" in images.dtype and np.iinfo(images.dtype)
    x = cast(images, "float32") if whole else images
    for axis, matrix in zip(axes, matrices, strict=True):
        x = moveaxis(tensordot(x, matrix.astype(x.dtype), ([axis], [0])), -1, axis)
    return cast(clip(round(x), whole.min, whole.max), images.dtype) if whole else x


@composite
def scale_and_translate(images: TensorLike, output_shape: Sequence[int], scale: TensorLike, translation: TensorLike,
                        spatial_dims: Sequence[int], method: Kernel, antialias: bool = True) -> Tensor:  # fmt: skip
    """Images scaled, then shifted (by pixels of the result), along the axes `spatial_dims`: a tensor of `output_shape`.

    `scale` and `translation` have a number for each of these axes. `method` is "linear", "cubic", "lanczos3" or
    "lanczos5". With `antialias`, a smaller result averages over more pixels.
    """
    one_of("method", method, WEIGHTS)
    x = convert_to_tensor(images)
    axes = [d % x.ndim for d in spatial_dims]
    settings = zip(axes, np.asarray(scale).tolist(), np.asarray(translation).tolist(), strict=True)
    return weighed(x, axes, [_matrix(method, x.shape[d], output_shape[d], s, t, antialias) for d, s, t in settings])


@composite
def resize(images: TensorLike, size: Sequence[int], interpolation: Interpolation = "bilinear", antialias: bool = False,
           crop_to_aspect_ratio: bool = False, pad_to_aspect_ratio: bool = False,
           fill_mode: Literal["constant"] = "constant", fill_value: float = 0.0,
           data_format: DataFormat | None = None) -> Tensor:  # fmt: skip
    """Images in another size, (height, width).

    Args:
        interpolation: "nearest", "bilinear", "bicubic", "lanczos3" or "lanczos5".
        antialias: Whether to average over more pixels where images become smaller.
        crop_to_aspect_ratio: Whether to crop images rather than distort them.
        pad_to_aspect_ratio: Whether to pad images with `fill_value` rather than distort them; a ValueError with both.
        fill_mode: "constant".

    Example:
        >>> print(resize(np.array([[[1.0], [3.0]]]), (1, 4))[0, :, 0])
        Tensor([1.  1.5 2.5 3. ], shape=(4,), dtype=float32)
    """
    one_of("interpolation", interpolation, ("nearest", "bilinear", "bicubic", "lanczos3", "lanczos5"))
    one_of("fill_mode", fill_mode, ("constant",))
    if pad_to_aspect_ratio and crop_to_aspect_ratio:
        raise ValueError("Only one of `pad_to_aspect_ratio` & `crop_to_aspect_ratio` can be `True`.")
    size = tuple(map(operator.index, size))
    if len(size) != 2 or min(size) < 1:
        raise ValueError(f"Argument `size` must be a positive (height, width). Received: size={size}")
    _, *axes = _axes(images, data_format)
    x = convert_to_tensor(images)
    sizes = [x.shape[axis] for axis in axes]
    (height, width), (new_height, new_width) = sizes, size
    fitting = int(float(width * new_height) / new_width), int(float(height * new_width) / new_height)
    for axis, length, fit in zip(axes, sizes, fitting, strict=True):  # `fit` has the new aspect ratio
        if crop_to_aspect_ratio:
            count = np.clip(fit, 1, length)
            start = int((length - count) / 2)
            x = x[along(axis, slice(start, start + int(count)))]
        elif pad_to_aspect_ratio and fit > length:
            before = (fit - length) // 2  # the same after: an odd pixel is lost, as in Keras
            edges = [(0, 0)] * x.ndim
            edges[axis] = (before, before)
            x = pad(x, edges, constant_values=fill_value)
    new = [(axis, x.shape[axis], n) for axis, n in zip(axes, size, strict=True) if x.shape[axis] != n]
    if interpolation == "nearest":
        for axis, old, n in new:
            x = take(x, np.floor((np.arange(n, dtype="float32") + 0.5) * old / n).astype("int32"), axis)
        return x
    matrices = [_matrix(interpolation, old, n, n / old, 0.0, antialias) for _, old, n in new]
    return weighed(x, [axis for axis, _, _ in new], matrices)


def _edges(images: TensorLike, data_format: str | None, high: tuple[int | None, ...], wide: tuple[int | None, ...],
           sign: int) -> tuple[Tensor, list[tuple[int, int]]]:  # fmt: skip
    """Return images, and how many pixels to crop (`sign` -1) or to pad (1) at both ends of each axis.

    `high` is (target height, top, bottom) and `wide` (target width, left, right); two of three are not None.
    """
    x = convert_to_tensor(images)
    edges = [(0, 0)] * x.ndim
    names = ("target_height, top and bottom", "target_width, left and right")
    for axis, sizes, name in zip(_axes(images, data_format)[1:], (high, wide), names, strict=True):
        if sizes.count(None) != 1:
            raise ValueError(f"Exactly two of {name} must be given. Received: {sizes}.")
        total, before, after = sizes
        both = 0 if total is None else sign * (total - x.shape[axis])
        first = both - (after or 0) if before is None else before
        last = both - (before or 0) if after is None else after
        if min(first, last, total or 0) < 0:
            raise ValueError(f"{name} must not be negative. Received: {sizes}, for images of shape {x.shape}.")
        edges[axis] = int(first), int(last)
    return x, edges


@composite
def crop_images(images: TensorLike, top_cropping: int | None = None, left_cropping: int | None = None,
                bottom_cropping: int | None = None, right_cropping: int | None = None, target_height: int | None = None,
                target_width: int | None = None, data_format: DataFormat | None = None) -> Tensor:  # fmt: skip
    """Cropped images; give two of top, bottom and height, and two of left, right and width."""
    high, wide = (target_height, top_cropping, bottom_cropping), (target_width, left_cropping, right_cropping)
    x, edges = _edges(images, data_format, high, wide, -1)
    return x[tuple(slice(before, n - after) for n, (before, after) in zip(x.shape, edges, strict=True))]


@composite
def pad_images(images: TensorLike, top_padding: int | None = None, left_padding: int | None = None,
               bottom_padding: int | None = None, right_padding: int | None = None, target_height: int | None = None,
               target_width: int | None = None, data_format: DataFormat | None = None) -> Tensor:  # fmt: skip
    """Images padded with zeros; give two of top, bottom and height, and two of left, right and width."""
    high, wide = (target_height, top_padding, bottom_padding), (target_width, left_padding, right_padding)
    return pad(*_edges(images, data_format, high, wide, 1))


@composite
def rgb_to_grayscale(images: TensorLike, data_format: DataFormat | None = None) -> Tensor:
    """Images with one channel, 0.2989 red + 0.587 green + 0.114 blue."""
    channels, *_ = _axes(images, data_format)
    x = convert_to_tensor(images)
    if x.shape[channels] == 1:
        return x
    if x.shape[channels] != 3:
        raise ValueError(f"Expected 3 channels (RGB) or 1 (grayscale). Received: images.shape={x.shape}")
    colours = cast(x, "float32") if "int" in x.dtype else x
    gray = tensordot(colours, np.array([0.2989, 0.5870, 0.1140], colours.dtype), ([channels], [0]))
    return cast(expand_dims(gray, channels), x.dtype)


def _planes(images: TensorLike, data_format: str | None) -> tuple[int, list[Tensor]]:
    channels, *_ = _axes(images, data_format)
    x = convert_to_tensor(images)
    if not x.dtype.startswith("float"):
        raise ValueError(f"Invalid images dtype: expected float dtype. Received: images.dtype={x.dtype}")
    return channels, [squeeze(plane, channels) for plane in split(x, 3, channels)]


@composite
def rgb_to_hsv(images: TensorLike, data_format: DataFormat | None = None) -> Tensor:
    """RGB images, from 0 to 1, as hue, saturation and value; hue is from 0 to 1 for a full turn."""
    channels, planes = _planes(images, data_format)
    r, g, b = (where(less(absolute(p), float(np.finfo(p.dtype).eps)), 0.0, p) for p in planes)
    value = maximum(maximum(r, g), b)
    spread = value - minimum(minimum(r, g), b)
    coloured = greater(spread, 0)
    saturation = where(greater(value, 0), divide(spread, where(greater(value, 0), value, 1.0)), 0.0)
    unit = divide(1.0, 6.0 * where(coloured, spread, 1.0))
    hue = where(equal(value, g), unit * (b - r) + 2 / 6, unit * (r - g) + 4 / 6)
    hue = where(equal(value, r), unit * (g - b), hue)
    return stack([where(coloured, hue, 0.0) + cast(less(hue, 0), hue.dtype), saturation, value], channels)


@composite
def hsv_to_rgb(images: TensorLike, data_format: DataFormat | None = None) -> Tensor:
    """Images of hue, saturation and value as red, green and blue: the inverse of `rgb_to_hsv`."""
    channels, (hue, saturation, value) = _planes(images, data_format)
    turn = mod(hue, 1.0) * 6.0
    parts = (absolute(turn - 3.0) - 1.0, 2.0 - absolute(turn - 2.0), 2.0 - absolute(turn - 4.0))
    return stack([value * (1.0 - saturation + saturation * clip(p, 0.0, 1.0)) for p in parts], channels)


def _each_channel(images: TensorLike, kernel: Any, data_format: str | None, padding: Any = "same") -> Tensor:
    """Convolve each channel of images with the same kernel."""
    channels, *_ = _axes(images, data_format)
    x = floating(images)
    weights = np.repeat(np.asarray(kernel)[:, :, None, None], x.shape[channels], 2).astype(x.dtype)
    return _in_batch(x, 3, lambda x: depthwise_conv(x, weights, 1, padding, standardize_data_format(data_format)))


def _bell(size: int, sigma: float) -> FloatArray:
    weights = np.exp(-0.5 * ((np.arange(size) - (size - 1) / 2) / sigma) ** 2)
    return weights / weights.sum()


@composite
def gaussian_blur(images: TensorLike, kernel_size: Sequence[int] = (3, 3), sigma: Sequence[float] = (1.0, 1.0),
                  data_format: DataFormat | None = None) -> Tensor:  # fmt: skip
    """Images blurred by a normal distribution of standard deviation `sigma`, cut to `kernel_size` pixels."""
    first, second = (_bell(n, s) for n, s in zip(kernel_size, sigma, strict=True))
    return _each_channel(images, np.outer(second, first), data_format)


@composite
def sobel_edges(images: TensorLike, data_format: DataFormat | None = None) -> Tensor:
    """The change of brightness down and across (Sobel 1968), in a new last axis of size 2; the border is repeated."""
    _, rows, columns = _axes(images, data_format)
    x = convert_to_tensor(images)
    edges = [(0, 0)] * x.ndim
    edges[rows] = edges[columns] = (1, 1)
    x = pad(x, edges, "symmetric")
    kernel = np.outer([-1.0, 0.0, 1.0], [1.0, 2.0, 1.0])
    return stack([_each_channel(x, k, data_format, "valid") for k in (kernel, kernel.T)], -1)


@composite
def ssim(image1: TensorLike, image2: TensorLike, max_val: float = 1.0, filter_size: int = 11, filter_sigma: float = 1.5,
         k1: float = 0.01, k2: float = 0.03, data_format: DataFormat | None = None) -> Tensor:  # fmt: skip
    """Structural similarity of pairs of images, 1 for equal ones.

    Source: Wang et al. 2004, "Image quality assessment: from error visibility to structural similarity".
    """
    channels, rows, columns = _axes(image1, data_format)
    a, b = floating(image1), floating(image2)
    bell = _bell(filter_size, filter_sigma)
    blurred = partial(_each_channel, kernel=np.outer(bell, bell), data_format=data_format, padding="valid")
    c1, c2 = (k1 * max_val) ** 2, (k2 * max_val) ** 2
    ma, mb = blurred(a), blurred(b)
    luminance = (2.0 * ma * mb + c1) / (square(ma) + square(mb) + c1)
    cross = 2.0 * (blurred(a * b) - ma * mb) + c2
    structure = cross / (blurred(a * a) - ma * ma + blurred(b * b) - mb * mb + c2)
    return mean(luminance * structure, (channels, rows, columns))


@composite
def extract_patches(images: TensorLike, size: int | Sequence[int], strides: int | Sequence[int] | None = None,
                    dilation_rate: int | Sequence[int] = 1, padding: Padding = "valid",
                    data_format: DataFormat | None = None) -> Tensor:  # fmt: skip
    """Patches of images, side by side unless `strides` are given; the pixels of a patch are channels of the result.

    With a `size` of three numbers, the patches are of volumes.

    Example:
        >>> extract_patches(np.ones((2, 6, 6, 3)), 3).shape
        (2, 2, 2, 27)
    """
    edges = (size,) * 2 if isinstance(size, int) else tuple(size)
    name, x = standardize_data_format(data_format), convert_to_tensor(images)
    count = math.prod(edges) * x.shape[-1 if name == "channels_last" else -1 - len(edges)]
    kernel = np.eye(count, dtype=x.dtype).reshape((*edges, -1, count))
    steps: Any = edges if strides is None else strides
    return _in_batch(x, len(edges) + 1, lambda x: cast(conv(x, kernel, steps, padding, name, dilation_rate), x.dtype))


@composite
def extract_patches_3d(volumes: TensorLike, size: int | Sequence[int], strides: int | Sequence[int] | None = None,
                       dilation_rate: int | Sequence[int] = 1, padding: Padding = "valid",
                       data_format: DataFormat | None = None) -> Tensor:  # fmt: skip
    """Patches of volumes, see `extract_patches`."""
    size = (size,) * 3 if isinstance(size, int) else size
    return extract_patches(volumes, size, strides, dilation_rate, padding, data_format)


# Reading images between their pixels.

_FILLS: dict[str, Callable[[Any, int], Any]] = {
    **dict.fromkeys(("constant", "nearest"), lambda i, n: np.clip(i, 0, n - 1)), "wrap": lambda i, n: i % n,
    "mirror": lambda i, n: (n - 1) - np.abs(i % np.maximum(2 * (n - 1), 1) - (n - 1)),
    "reflect": lambda i, n: np.where(i % (2 * n) < n, i % (2 * n), 2 * n - 1 - i % (2 * n))}  # fmt: skip
"""Fill mode -> a function from an index beyond an axis of length n to the index that is read."""
_ORDERS = {"nearest": 0, "bilinear": 1}


@composite
def map_coordinates(inputs: TensorLike, coordinates: TensorLike, order: int, fill_mode: FillMode = "constant",
                    fill_value: float = 0.0) -> Tensor:  # fmt: skip
    """A tensor read at places between its elements.

    Args:
        coordinates: Place along each axis, of shape (axes, ...).
        order: 0 takes the nearest element, 1 interpolates between neighbours.
        fill_mode: What lies beyond the edges: "constant" (`fill_value`), "nearest", "wrap", "mirror" or "reflect".
    """
    one_of("fill_mode", fill_mode, _FILLS)
    one_of("order", order, (0, 1))
    x, places = convert_to_tensor(inputs), cast(coordinates, "float64")
    if len(places) != x.ndim or places.ndim < 2:
        raise ValueError(f"`coordinates` needs a row for each axis. Received: {x.shape=}, {places.shape=}.")
    return _read(x, [*places], order, fill_mode, fill_value)


@primitive(None)
def _index(place: TensorLike, n: int, fill_mode: str) -> Array:
    """The index that is read for each whole number along an axis of length n."""
    i = np.array(place, "int64")
    beyond = (i < 0) | (i >= n)
    i[beyond] = _FILLS[fill_mode](i[beyond], n)
    return i


def _read(x: Tensor, places: Sequence[Tensor], order: int, fill_mode: str, fill_value: TensorLike) -> Tensor:
    """Read the leading axes of x at places, a tensor for each axis: a weighted sum over the corners around each."""
    is_int = "int" in x.dtype
    values = cast(x, "float32") if is_int or x.dtype == "bool" else x
    corners: list[tuple[Any, Any, Any]] = [(0, True, 1.0)]  # the row of each, whether it is inside, and its weight
    for place, n in zip(places, x.shape, strict=False):
        low = place if "int" in place.dtype else floor(place) if order else half_away(place)
        parts = [(low, 1 - (place - low)), (low + 1, place - low)] if order and low is not place else [(low, 1.0)]
        ends = [(_index(i, n, fill_mode), (i >= 0) & (i < n), part) for i, part in parts]
        corners = [(row * n + i, inside & within, weight * part)
                   for row, inside, weight in corners for i, within, part in ends]  # fmt: skip
    extra = x.shape[len(places) :]
    rows, total = reshape(values, (-1, *extra)), cast(0.0, values.dtype)
    for row, inside, weight in corners:
        read, wide = take(rows, row, 0), (*row.shape, *(1,) * len(extra))
        read = where(reshape(inside, wide), read, fill_value) if fill_mode == "constant" else read
        total = total + read * reshape(cast(weight * np.ones(row.shape), values.dtype), wide)
    return cast(half_away(total) if is_int else total, x.dtype)


@composite
def affine_transform(images: TensorLike, transform: TensorLike, interpolation: Sampling = "bilinear",
                     fill_mode: FillMode = "constant", fill_value: float = 0,
                     data_format: DataFormat | None = None) -> Tensor:  # fmt: skip
    """Images rotated, scaled and shifted by a `transform` (a0, a1, a2, b0, b1, b2, c0, c1) for each.

    Pixel (x, y) of the result is read at ((a0 x + a1 y + a2) / k, (b0 x + b1 y + b2) / k), where k = c0 x + c1 y + 1.
    `interpolation` is "nearest" or "bilinear"; `fill_mode` and `fill_value` are those of `map_coordinates`.
    """
    size, (channels, down, across) = shape(images), _axes(images, data_format)
    y, x = np.arange(size[down])[:, None], np.arange(size[across])
    t = cast(transform, "float64").reshape((-1, 8, 1, 1))
    k = t[:, 6] * x + t[:, 7] * y + 1
    columns = (t[:, 0] * x + t[:, 1] * y + t[:, 2]) / k
    rows = (t[:, 3] * x + t[:, 4] * y + t[:, 5]) / k
    one_of("interpolation", interpolation, _ORDERS)
    one_of("fill_mode", fill_mode, _FILLS)

    def read(x: Tensor) -> Tensor:  # a batch
        each = convert_to_tensor(np.broadcast_to(np.arange(x.shape[0])[:, None, None], rows.shape))
        last = moveaxis(x, channels, -1)
        return moveaxis(_read(last, [each, rows, columns], _ORDERS[interpolation], fill_mode, fill_value), -1, channels)

    return _in_batch(convert_to_tensor(images), 3, read)


@composite
def perspective_transform(images: TensorLike, start_points: TensorLike, end_points: TensorLike,
                          interpolation: Sampling = "bilinear", fill_value: float = 0,
                          data_format: DataFormat | None = None) -> Tensor:  # fmt: skip
    """Images in another perspective: four corners (x, y) of each move from `start_points` to `end_points`.

    Example:
        >>> corners = np.array([[0.0, 0.0], [3.0, 0.0], [0.0, 3.0], [3.0, 3.0]])
        >>> image = np.arange(16.0).reshape(4, 4, 1)
        >>> bool(np.allclose(perspective_transform(image, corners, corners), image))
        True
    """
    start, end = (cast(p, "float64").reshape((-1, 4, 2)) for p in (start_points, end_points))
    (x, y), (u, v) = moveaxis(end, -1, 0), moveaxis(start, -1, 0)
    one, zero = np.ones_like(x), np.zeros_like(x)
    first = np.stack([x, y, one, zero, zero, zero, -u * x, -u * y], -1)
    second = np.stack([zero, zero, zero, x, y, one, -v * x, -v * y], -1)
    transform = np.linalg.solve(np.concatenate([first, second], 1), np.concatenate([u, v], 1)[..., None])[..., 0]
    transform = np.broadcast_to(transform, (1 if ndim(images) == 3 else shape(images)[0], 8))
    return affine_transform(images, transform, interpolation, "constant", fill_value, data_format)


__all__ = [
    "affine_transform", "crop_images", "extract_patches", "extract_patches_3d", "gaussian_blur", "hsv_to_rgb",
    "map_coordinates", "pad_images", "perspective_transform", "resize", "rgb_to_grayscale", "rgb_to_hsv",
    "scale_and_translate", "sobel_edges", "ssim"]  # fmt: skip

absent.complete(globals())
