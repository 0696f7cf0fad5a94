"""Pictures: files, Pillow's images and arrays (extra `image`: Pillow)."""

import os
from collections.abc import Sequence
from functools import partial
from typing import Any, BinaryIO, Literal, TypeAlias

import numpy as np

from .. import ops
from .._base.checks import one_of
from .._base.lazy import optional
from .._base.settings import standardize_data_format, standardize_dtype
from .._base.signature import suggests
from .._base.typing import Array, DataFormat, DTypeLike, Interpolation
from .._base.user_warning import warn_user

ColorMode: TypeAlias = Literal["grayscale", "rgb", "rgba"]
COLOR_MODES: dict[ColorMode, str] = {"grayscale": "L", "rgba": "RGBA", "rgb": "RGB"}
_pillow = partial(optional, "PIL.Image", extra="image")


def open_image(file: Any, deep: bool = False) -> Any:
    """Open a file as a Pillow image, reduced to 8 bits as in TensorFlow unless `deep`. An ImportError without it."""
    image = _pillow("Reading pictures").open(file)
    if deep or image.mode not in ("I", "I;16"):
        return image
    return array_to_img(np.asarray(image)[..., None] >> 8, "channels_last", scale=False)


def array_to_img(x: Any, data_format: DataFormat | None = None, scale: bool = True,
                 dtype: DTypeLike | None = None) -> Any:  # fmt: skip
    """Return a Pillow image of an array of shape (height, width, channels), 1, 3 or 4 channels.

    `scale` stretches the values to 0 to 255. A ValueError for another shape, an ImportError without Pillow.
    """
    pillow = _pillow("`array_to_img`")
    a = np.array(x, standardize_dtype(dtype))
    if a.ndim != 3:
        raise ValueError(f"Expected image array to have rank 3 (single image). Got array with shape: {a.shape}")
    if standardize_data_format(data_format) == "channels_first":
        a = a.transpose(1, 2, 0)
    if scale:
        a = a - a.min()
        top = a.max()
        a = (a / top if top else a) * 255
    if a.shape[2] not in (1, 3, 4):
        raise ValueError(f"Unsupported channel number: {a.shape[2]}")
    a = a[:, :, 0] if a.shape[2] == 1 else a
    return pillow.fromarray(a.astype("int32" if a.ndim == 2 and a.max() > 255 else "uint8"))


def img_to_array(img: Any, data_format: DataFormat | None = None, dtype: DTypeLike | None = None) -> Array:
    """Return an array of shape (height, width, channels) of a Pillow image; a ValueError for another number of axes.

    Example:
        >>> img_to_array(np.zeros((2, 3), "uint8")).shape
        (2, 3, 1)
    """
    a = np.asarray(img, dtype=standardize_dtype(dtype))
    if a.ndim not in (2, 3):
        raise ValueError(f"Unsupported image shape: {a.shape}")
    a = a if a.ndim == 3 else a[:, :, None]
    return a.transpose(2, 0, 1) if standardize_data_format(data_format) == "channels_first" else a


def save_img(path: Any, x: Any, data_format: DataFormat | None = None, file_format: str | None = None,
             scale: bool = True, **kwargs: Any) -> None:  # fmt: skip
    """Write an array as a picture; the format is that of the file's name unless another is given."""
    if file_format is None and isinstance(path, str | os.PathLike):
        file_format = os.path.splitext(path)[1][1:].lower()
    file_format = "jpeg" if file_format and file_format.lower() == "jpg" else file_format
    img = array_to_img(x, data_format, scale)
    if img.mode == "RGBA" and file_format == "jpeg":
        warn_user("The JPEG format does not support RGBA images: the opacity is left out.")
        img = img.convert("RGB")
    img.save(path, format=file_format, **kwargs)


@suggests
def load_img(path: str | os.PathLike[str] | BinaryIO, color_mode: ColorMode = "rgb",
             target_size: Sequence[int] | None = None,
             interpolation: Literal["nearest", "bilinear", "bicubic", "hamming", "box", "lanczos"] = "nearest",
             keep_aspect_ratio: bool = False) -> Any:  # fmt: skip
    """Return a picture as a Pillow image.

    Args:
        path: A file's name, or an open binary file.
        color_mode: "rgb", "rgba" or "grayscale".
        target_size: Height and width to resize it to.
        interpolation: "nearest", "bilinear", "bicubic", "lanczos", "box" or "hamming".
        keep_aspect_ratio: Whether to crop instead of distorting.

    Raises:
        ValueError: for an unknown mode or interpolation.
        ImportError: without Pillow.
    """
    pillow = _pillow("`load_img`")
    mode = COLOR_MODES[one_of("color_mode", color_mode, COLOR_MODES)]
    one_of("interpolation", interpolation, ("nearest", "bilinear", "bicubic", "hamming", "box", "lanczos"))
    with pillow.open(path) as file:
        img = file.copy() if color_mode == "grayscale" and file.mode in ("I;16", "I") else file.convert(mode)
    if target_size is None or img.size == (target_size[1], target_size[0]):
        return img
    (width, height), (high, wide) = img.size, target_size
    box = None
    if keep_aspect_ratio:
        h, w = min(height, width * high // wide), min(width, height * wide // high)
        left, top = (width - w) // 2, (height - h) // 2
        box = (left, top, left + w, top + h)
    return img.resize((wide, high), getattr(pillow.Resampling, interpolation.upper()), box=box)


def smart_resize(x: Any, size: Sequence[int], interpolation: Interpolation = "bilinear",
                 data_format: DataFormat = "channels_last") -> Any:  # fmt: skip
    """Resize one image or a batch; crop instead of distorting. A ValueError for another shape or size."""
    values = ops.cast(x, "float32") if interpolation != "nearest" and np.asarray(x).dtype.kind in "iub" else x
    y = ops.image.resize(values, size, interpolation, crop_to_aspect_ratio=True, data_format=data_format)
    return y.numpy() if isinstance(x, np.ndarray) else y
