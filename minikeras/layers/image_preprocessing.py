"""Layers that resize and crop images, or change them at random while a model trains."""

import math
from collections.abc import Callable, Sequence
from typing import Annotated, Any, ClassVar, Literal, Unpack

import numpy as np

from .. import ops, random
from .._base.checks import Check
from .._base.settings import Channels, make_default_seed
from .._base.typing import DataFormat, FillMode, Interpolation, PartialShape, Sampling, ShapeLike
from .._core.input_spec import InputSpec
from .._core.tensor import Tensor, any_symbolic
from ..random import SeedGenerator
from .layer import Layer, LayerOptions, as_tensor

Number = int | float | np.number
Factor = float | Sequence[float]  # f for the range from -f to f, or the two ends of a range


def _available(*values: str) -> Check:
    def check(cls: Any, name: str, value: Any) -> Any:
        if value not in values:
            raise NotImplementedError(f"`{name}` must be one of {values}. Received: {name}={value!r:.80}.")
        return value

    return check


class _OfImages(Layer):
    """A layer that takes one image or a batch, or a dict with them under "images".

    Args:
        height, width: The new size.
        data_format: Where the channels are; the configured format if not given.
    """

    _row_axes = 3
    data_format: Channels
    height: int
    width: int
    fill_value: float

    def _configure(self, arguments: dict[str, Any]) -> None:
        super()._configure(arguments)
        self._rows, self._columns = (-3, -2) if self.data_format == "channels_last" else (-2, -1)
        self.input_spec: Any = InputSpec(min_ndim=3, max_ndim=4)

    def __call__(self, data: Any, *args: Any, **kwargs: Any) -> Any:
        if not isinstance(data, dict):
            images = as_tensor(data) if isinstance(data, list) and not any_symbolic(data) else data
            return super().__call__(images, *args, **kwargs)
        if "images" not in data or {"bounding_boxes", "segmentation_masks"} & set(data):
            raise ValueError(f"Layer '{self.name}' takes images, or a dict of 'images' and 'labels'. Boxes and masks "
                             f"are not supported. Received a dict of {list(data)}.")  # fmt: skip
        return {**data, "images": super().__call__(data["images"], *args, **kwargs)}

    def compute_output_shape(self, input_shape: ShapeLike) -> PartialShape:
        shape = list(input_shape)
        if hasattr(self, "height"):
            shape[self._rows], shape[self._columns] = self.height, self.width
        return tuple(shape)

    def _crop(self, x: Tensor, top: int, left: int, height: int, width: int) -> Tensor:
        behind = [slice(None)] * (-1 - self._columns)  # the channels, if they are last
        return x[(..., slice(top, top + height), slice(left, left + width), *behind)]


class Resizing(_OfImages):
    """Resizes images, see `ops.image.resize`.

    Args:
        fill_value: The value of the padding.

    Example:
        >>> Resizing(2, 3)(np.ones((4, 8, 8, 1))).shape
        (4, 2, 3, 1)
    """

    _function = staticmethod(ops.image.resize)  # whose docstring explains the arguments
    interpolation: Interpolation
    crop_to_aspect_ratio: bool
    pad_to_aspect_ratio: bool
    fill_mode: Literal["constant"]
    antialias: bool

    def __init__(self, height: int, width: int, interpolation: Interpolation = "bilinear",
                 crop_to_aspect_ratio: bool = False, pad_to_aspect_ratio: bool = False,
                 fill_mode: Literal["constant"] = "constant", fill_value: float = 0.0, antialias: bool = False,
                 data_format: DataFormat | None = None, **options: Unpack[LayerOptions]) -> None:  # fmt: skip
        self._configure(locals())

    def call(self, data: Tensor) -> Tensor:
        return ops.image.resize(
            data, (self.height, self.width), self.interpolation, self.antialias, self.crop_to_aspect_ratio,
            self.pad_to_aspect_ratio, self.fill_mode, self.fill_value, self.data_format)  # fmt: skip


class CenterCrop(_OfImages):
    """Crops images to their middle; images that are too small are resized, and cropped.

    Example:
        >>> print(CenterCrop(1, 2)(np.arange(12.0).reshape(1, 3, 4, 1))[0, :, :, 0])
        Tensor([[5. 6.]], shape=(1, 2), dtype=float32)
    """

    def __init__(self, height: int, width: int, data_format: DataFormat | None = None,
                 **options: Unpack[LayerOptions]) -> None:  # fmt: skip
        self._configure(locals())

    def call(self, data: Tensor) -> Tensor:
        data = ops.convert_to_tensor(data, self.compute_dtype)
        top, left = data.shape[self._rows] - self.height, data.shape[self._columns] - self.width
        if top >= 0 and left >= 0:
            return self._crop(data, top // 2, left // 2, self.height, self.width)
        size = (self.height, self.width)
        return ops.image.resize(data, size, crop_to_aspect_ratio=True, data_format=self.data_format)


class _Random(_OfImages):
    """A layer that changes images at random in training, each image by itself.

    Args:
        fill_mode: What fills the gaps: "reflect", "wrap", "constant" or "nearest".
        interpolation: "nearest" or "bilinear".
        seed: Seed of the random numbers.
        fill_value: The value for `fill_mode` "constant".
        value_range: Limits of the values.
    """

    _bounds: ClassVar[tuple[float, float]] = (-1.0, 1.0)  # of the numbers in `factor`
    _casts: ClassVar[bool] = True  # whether integers become floats
    _least: ClassVar[float] = -math.inf  # lower limit of the range from -f to f
    seed: int | None
    factor: Annotated[tuple[float, float], lambda cls, name, value: cls._range(name, value)]
    fill_mode: Annotated[FillMode, _available("reflect", "wrap", "constant", "nearest")]
    interpolation: Annotated[Sampling, _available("nearest", "bilinear")]
    _change: Callable[[Tensor], Tensor]

    def _configure(self, arguments: dict[str, Any]) -> None:
        super()._configure(arguments)
        self.generator: SeedGenerator = SeedGenerator(self.seed)

    @classmethod
    def _range(cls, name: str, factor: Any) -> tuple[float, float]:
        (low, high), several = cls._bounds, isinstance(factor, list | tuple)
        values: list[Any] = list(factor) if several else [factor]
        if len(values) != 1 + several or not all(isinstance(f, Number) and low <= f <= high for f in values):
            raise ValueError(f"The `{name}` argument should be a number (or a list of two numbers) in the range "
                             f"[{low}, {high}]. Received: {name}={factor}")  # fmt: skip
        return (min(values), max(values)) if several else (max(-abs(factor), cls._least), abs(factor))

    def _draw(self, x: Tensor, low: float, high: float, rank: int = 2) -> Tensor:
        """Draw a number for each image, of shape (batch, 1, ...)."""
        return random.uniform((x.shape[0] if x.ndim == 4 else 1, *(1,) * (rank - 1)), low, high, seed=self.generator)

    def _warp(self, x: Tensor, *columns: Any) -> Tensor:
        """Transform images by the first six numbers of `ops.image.affine_transform`, given as columns."""
        count, how = x.shape[-4:-3] or (1,), (self.interpolation, self.fill_mode, self.fill_value, self.data_format)
        matrix = [ops.broadcast_to(ops.reshape(ops.cast(c, "float32"), (-1,)), count) for c in (*columns, 0, 0)]
        return ops.image.affine_transform(x, ops.stack(matrix, 1), *how)

    def _middle(self, x: Tensor) -> tuple[float, float]:
        return (x.shape[self._columns] - 1) / 2, (x.shape[self._rows] - 1) / 2

    def call(self, data: Tensor, training: bool = True) -> Tensor:
        data = ops.convert_to_tensor(data, self.compute_dtype) if self._casts else data
        return self._change(data) if training else data


class RandomFlip(_Random):
    """Flips each image with a probability of one half, in training.

    Args:
        mode: "horizontal", "vertical" or "horizontal_and_vertical", both at once.
    """

    mode: Literal["horizontal", "vertical", "horizontal_and_vertical"]

    def __init__(self, mode: Literal["horizontal", "vertical", "horizontal_and_vertical"] = "horizontal_and_vertical",
                 seed: int | None = None, data_format: DataFormat | None = None,
                 **options: Unpack[LayerOptions]) -> None:  # fmt: skip
        self._configure(locals())

    def _change(self, x: Tensor) -> Tensor:
        flips = self._draw(x, 0.0, 1.0, x.ndim) <= 0.5
        for name, axis in (("horizontal", self._columns), ("vertical", self._rows)):
            if name in self.mode:
                x = ops.where(flips, ops.flip(x, axis), x)
        return x


class RandomRotation(_Random):
    """Turns images about their middle in training.

    Args:
        factor: How far, in turns: f for any angle from -f to f, or both ends of the range.
    """

    def __init__(self, factor: Factor, fill_mode: FillMode = "reflect", interpolation: Sampling = "bilinear",
                 seed: int | None = None, fill_value: float = 0.0, data_format: DataFormat | None = None,
                 **options: Unpack[LayerOptions]) -> None:  # fmt: skip
        self._configure(locals())

    def _change(self, x: Tensor) -> Tensor:
        low, high = self.factor
        angle = self._draw(x, low * 360.0, high * 360.0, 1) * np.float32(math.pi / 180)
        cos, sin = ops.cos(angle), ops.sin(angle)
        cx, cy = self._middle(x)
        return self._warp(x, cos, -sin, cx - cx * cos + cy * sin, sin, cos, cy - cx * sin - cy * cos)


class _BothWays(_Random):
    """A layer with one factor for the height and one for the width."""

    height_factor: Factor
    width_factor: Factor | None

    def _configure(self, arguments: dict[str, Any]) -> None:
        super()._configure(arguments)
        self._high = self._range("height_factor", self.height_factor)
        same = self.width_factor is None and isinstance(self, RandomZoom)
        self._wide = self._high if same else self._range("width_factor", self.width_factor)


class RandomZoom(_BothWays):
    """Zooms images in or out in training.

    Args:
        height_factor: Range of the change; positive numbers zoom out. f stands for -f to f.
        width_factor: The same for the width; that of the height if not given.
    """

    def __init__(self, height_factor: Factor, width_factor: Factor | None = None, fill_mode: FillMode = "reflect",
                 interpolation: Sampling = "bilinear", seed: int | None = None, fill_value: float = 0.0,
                 data_format: DataFormat | None = None, **options: Unpack[LayerOptions]) -> None:  # fmt: skip
        self._configure(locals())

    def _change(self, x: Tensor) -> Tensor:
        high = self._draw(x, 1.0 + self._high[0], 1.0 + self._high[1])
        wide = high if self.width_factor is None else self._draw(x, 1.0 + self._wide[0], 1.0 + self._wide[1])
        cx, cy = self._middle(x)
        return self._warp(x, wide, 0, cx * (1 - wide), 0, high, cy * (1 - high))


class RandomTranslation(_BothWays):
    """Shifts images in training.

    Args:
        height_factor: Range of the shift down, as a fraction of the height; f stands for -f to f.
        width_factor: Range of the shift to the right, as a fraction of the width.
    """

    def __init__(self, height_factor: Factor, width_factor: Factor, fill_mode: FillMode = "reflect",
                 interpolation: Sampling = "bilinear", seed: int | None = None, fill_value: float = 0.0,
                 data_format: DataFormat | None = None, **options: Unpack[LayerOptions]) -> None:  # fmt: skip
        self._configure(locals())

    def _change(self, x: Tensor) -> Tensor:
        down = self._draw(x, *self._high) * x.shape[self._rows]
        right = self._draw(x, *self._wide) * x.shape[self._columns]
        return self._warp(x, 1, 0, -right, 0, 1, -down)


class _OfValues(_Random):
    """A layer that changes the values of pixels, not their places, within limits."""

    _further = ("data_format",)
    _casts = False
    _sorts: ClassVar[bool] = False

    def __init__(self, factor: Factor, value_range: Sequence[float] = (0, 255), seed: int | None = None,
                 **options: Any) -> None:  # fmt: skip
        data_format = options.pop("data_format", None)
        self._configure(locals())
        if len(value_range) != 2 or not all(isinstance(limit, Number) for limit in value_range):
            raise ValueError(f"`value_range` must be two numbers. Received: value_range={value_range!r}.")
        self.value_range: Sequence[float] = sorted(value_range) if self._sorts else value_range


class RandomContrast(_OfValues):
    """Scales the distance of the values of each channel from their mean, in training.

    Args:
        factor: f for scales from 1 to 1 + f; (a, b) for scales from 1 - a to 1 + b.
    """

    _bounds = (0.0, 1.0)
    _least = 0

    def _change(self, x: Tensor) -> Tensor:
        middle = ops.mean(ops.mean(x, self._rows, True), self._columns, True)
        scale = ops.cast(self._draw(x, 1.0 - self.factor[0], 1.0 + self.factor[1], x.ndim), middle.dtype)
        return ops.clip((x - middle) * scale + middle, *self.value_range)


class RandomBrightness(_OfValues):
    """Adds the same number to all values of an image, in training.

    Args:
        factor: Range of the number, as a fraction of the range of values; f stands for -f to f.
    """

    _sorts = True

    def _change(self, x: Tensor) -> Tensor:
        low, high = self.value_range
        return ops.clip(x + ops.cast(self._draw(x, *self.factor, x.ndim) * (high - low), x.dtype), low, high)


class RandomCrop(_Random):
    """Crops images to a part at a random place, in training only.

    Args:
        height, width: The size of the part; images that are too small are cropped and resized.
    """

    def __init__(self, height: int, width: int, seed: int | None = None, data_format: DataFormat | None = None,
                 name: str | None = None, **options: Any) -> None:  # fmt: skip
        arguments = locals()
        own = make_default_seed() if seed is None else seed  # as in Keras, not the one that the generator draws
        self._configure(arguments)
        self.seed: int | None = own

    def call(self, data: Tensor, training: bool = True) -> Tensor:
        """Return a part of the images, at the same place in all of them."""
        if not training:
            return data
        data = ops.convert_to_tensor(data, self.compute_dtype)
        rows, columns = data.shape[self._rows], data.shape[self._columns]
        if rows > self.height and columns > self.width:
            spaces = (rows - self.height + 1, columns - self.width + 1)
            top, left = (int(random.uniform((), 0.0, float(n), seed=self.generator)) for n in spaces)
            return self._crop(data, top, left, self.height, self.width)
        high = int(np.clip(int(columns * self.height / self.width), 1, rows))  # as in Keras, for the offset alone
        wide = int(np.clip(int(rows * self.width / self.height), 1, columns))
        part = self._crop(data, int((rows - high) / 2), int((columns - wide) / 2), self.height, self.width)
        return ops.image.resize(part, (self.height, self.width), data_format=self.data_format)
