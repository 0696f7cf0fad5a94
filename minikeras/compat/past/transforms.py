"""Images rotated, shifted, sheared and zoomed, as the former `keras.preprocessing.image` did it."""

from functools import reduce
from importlib import import_module
from typing import Any

import numpy as np

from ..._base.lazy import optional
from ..._base.typing import Array
from ...utils.image_utils import array_to_img, img_to_array

draw: Any = np.random.uniform
"""Draws between two numbers, from NumPy's global stream, as Keras does."""


def apply_affine_transform(x: Array, theta: float = 0, tx: float = 0, ty: float = 0, shear: float = 0, zx: float = 1,
                           zy: float = 1, row_axis: int = 1, col_axis: int = 2, channel_axis: int = 0,
                           fill_mode: str = "nearest", cval: float = 0.0, order: int = 1) -> Array:  # fmt: skip
    """Return an image rotated, shifted, sheared and zoomed by one affine transform (needs SciPy).

    Args:
        x: The image, of rank 3.
        theta, tx, ty, shear, zx, zy: Angle in degrees, shift of columns and of rows, shear in degrees, zoom factors.
        row_axis, col_axis, channel_axis: Which axis is which; the channels are first or last.
        fill_mode: What fills the area outside of the image: "nearest", "constant", "reflect" or "wrap".
        cval: The value for "constant".
        order: 1 for linear interpolation, 0 for the nearest pixel, up to 5 for splines.

    Raises:
        ValueError: for other axes.
        ImportError: without SciPy.

    Example:
        >>> x = np.arange(4.0).reshape(2, 2, 1)
        >>> apply_affine_transform(x, tx=1, row_axis=0, col_axis=1, channel_axis=2)[..., 0]
        array([[1., 1.],
               [3., 3.]])
    """
    if x.ndim != 3 or {row_axis, col_axis, channel_axis} != {0, 1, 2} or channel_axis == 1:
        raise ValueError("Expected an image of three axes, with channels first or last. "
                         f"Received: shape={x.shape}, {row_axis=}, {col_axis=}, {channel_axis=}.")  # fmt: skip
    angle, slant = np.deg2rad(theta), np.deg2rad(shear)
    changes: list[tuple[Any, Any]] = [
        (theta, [[np.cos(angle), -np.sin(angle), 0], [np.sin(angle), np.cos(angle), 0], [0, 0, 1]]),
        (tx or ty, [[1, 0, tx], [0, 1, ty], [0, 0, 1]]),
        (shear, [[1, -np.sin(slant), 0], [0, np.cos(slant), 0], [0, 0, 1]]),
        (zx != 1 or zy != 1, [[zx, 0, 0], [0, zy, 0], [0, 0, 1]]),
    ]
    steps = [step for is_wanted, step in changes if is_wanted]
    if not steps:
        return x
    height, width = x.shape[row_axis], x.shape[col_axis]
    to_center = np.array([[1, 0, height / 2 - 0.5], [0, 1, width / 2 - 0.5], [0, 0, 1]])
    matrix = to_center @ reduce(np.dot, np.array(steps)) @ np.linalg.inv(to_center)
    if col_axis > row_axis:  # the matrix is for (x, y), arrays are indexed by (row, column)
        matrix = matrix[[1, 0, 2]][:, [1, 0, 2]]
    transform = optional("scipy.ndimage", "A transformed image", "image").affine_transform
    options = {"offset": matrix[:2, 2], "order": order, "mode": fill_mode, "cval": cval}
    channels = [transform(channel, matrix[:2, :2], **options) for channel in np.moveaxis(x, channel_axis, 0)]
    return np.stack(channels, channel_axis)


def _settings(by_place: tuple[Any, ...], by_name: dict[str, Any]) -> dict[str, Any]:
    """Return the further arguments of a random transform, under the names of `apply_affine_transform`."""
    names = ("row_axis", "col_axis", "channel_axis", "fill_mode", "cval", "interpolation_order")
    settings = {"row_axis": 1, "col_axis": 2, **dict(zip(names, by_place, strict=False)), **by_name}
    return {"order" if name == "interpolation_order" else name: value for name, value in settings.items()}


def random_rotation(x: Array, rg: float, *args: Any, **options: Any) -> Array:
    """Return an image rotated by up to `rg` degrees either way.

    Further arguments: `row_axis`, `col_axis`, `channel_axis`, `fill_mode`, `cval` and `interpolation_order`, as in
    `apply_affine_transform`.
    """
    return apply_affine_transform(x, theta=draw(-rg, rg), **_settings(args, options))


def random_shift(x: Array, wrg: float, hrg: float, *args: Any, **options: Any) -> Array:
    """Return an image shifted by up to these fractions of its width and height; see `random_rotation`."""
    settings = _settings(args, options)
    tx = draw(-hrg, hrg) * x.shape[settings["row_axis"]]
    ty = draw(-wrg, wrg) * x.shape[settings["col_axis"]]
    return apply_affine_transform(x, tx=tx, ty=ty, **settings)


def random_shear(x: Array, intensity: float, *args: Any, **options: Any) -> Array:
    """Return an image sheared by up to `intensity` degrees; see `random_rotation`."""
    return apply_affine_transform(x, shear=draw(-intensity, intensity), **_settings(args, options))


def random_zoom(x: Array, zoom_range: Any, *args: Any, **options: Any) -> Array:
    """Return an image zoomed by factors from a range of two numbers (or a ValueError); see `random_rotation`."""
    if len(zoom_range) != 2:
        raise ValueError(f"`zoom_range` should be a tuple or list of two floats. Received: {zoom_range}")
    zx, zy = (1, 1) if tuple(zoom_range) == (1, 1) else draw(*zoom_range, 2)
    return apply_affine_transform(x, zx=zx, zy=zy, **_settings(args, options))


def apply_channel_shift(x: Array, intensity: float, channel_axis: int = 0) -> Array:
    """Return an image plus a number, clipped to the range of the image's values."""
    return np.clip(x + intensity, x.min(), x.max())


def random_channel_shift(x: Array, intensity_range: float, channel_axis: int = 0) -> Array:
    """Return an image shifted in value by up to `intensity_range` either way; see `apply_channel_shift`."""
    return apply_channel_shift(x, draw(-intensity_range, intensity_range), channel_axis)


def apply_brightness_shift(x: Array, brightness: float, scale: bool = True) -> Array:
    """Return an image with its brightness multiplied (needs Pillow); `scale` stretches it to 0 to 255 first."""
    low, high = np.min(x), np.max(x)
    stretched = bool(low < 0 or high > 255)
    image = array_to_img(x, scale=stretched or scale)
    y = img_to_array(import_module("PIL.ImageEnhance").Brightness(image).enhance(brightness))
    return y / 255 * (high - low) + low if stretched and not scale else y


def random_brightness(x: Array, brightness_range: Any, scale: bool = True) -> Array:
    """Return an image with its brightness times a number from a range of two (needs Pillow), or a ValueError."""
    if len(brightness_range) != 2:
        raise ValueError(f"`brightness_range` should be tuple or list of two floats. Received: {brightness_range}")
    return apply_brightness_shift(x, draw(*brightness_range), scale)


__all__ = [
    "apply_affine_transform", "apply_brightness_shift", "apply_channel_shift", "random_brightness",
    "random_channel_shift", "random_rotation", "random_shear", "random_shift", "random_zoom"]  # fmt: skip
