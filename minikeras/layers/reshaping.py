"""Layers that rearrange their input."""

from collections.abc import Callable, Sequence
from math import prod
from typing import Annotated, Any, ClassVar, TypeAlias, Unpack, get_args

import numpy as np

from .. import ops
from .._base.checks import Positive, any_case, standardize_sizes
from .._base.settings import Channels
from .._base.typing import DataFormat, Interpolation, One, PartialShape, ShapeLike, Sizes, SizesOf, Two
from .._core.input_spec import InputSpec
from .._core.keras_tensor import KerasTensor
from .._core.tensor import Tensor
from .layer import Layer, LayerOptions, Ranked

Edges: TypeAlias = int | Sequence[int] | Sequence[Sequence[int]]
"""Widths at the edges: one number, or for each axis a number or a pair (before, after)."""


class _Reshaping(Layer):
    """A layer that changes the shape of its input, not the dtype."""

    _takes_text = True

    def compute_output_spec(self, *args: Any, **kwargs: Any) -> Any:
        return KerasTensor(self.compute_output_shape(args[0].shape), args[0].dtype)


class Flatten(_Reshaping):
    """Flattens each sample to a vector.

    Args:
        data_format: Where the channels are; "channels_first" moves them last before flattening.

    Input shape:  (batch, ...).
    Output shape: (batch, product of the other sizes).

    Example:
        >>> Flatten()(np.ones((2, 3, 4))).shape
        (2, 12)
    """

    data_format: Channels

    def __init__(self, data_format: DataFormat | None = None, **options: Unpack[LayerOptions]) -> None:
        self._configure(locals())
        self.input_spec: Any = InputSpec(min_ndim=1)

    def call(self, inputs: Tensor) -> Tensor:
        if self.data_format == "channels_first" and inputs.ndim > 1:
            inputs = ops.transpose(inputs, (0, *range(2, inputs.ndim), 1))
        return ops.reshape(inputs, (inputs.shape[0], prod(inputs.shape[1:])))

    def compute_output_shape(self, input_shape: ShapeLike) -> PartialShape:
        sizes = input_shape[1:]
        return (input_shape[0], None if None in sizes else prod(n for n in sizes if n is not None))


class Reshape(_Reshaping):
    """Gives each sample another shape; a ValueError if the sizes do not fit.

    Args:
        target_shape: Shape of a sample; one size may be -1 and is then inferred.

    Example:
        >>> Reshape((2, -1))(np.ones((1, 6))).shape
        (1, 2, 3)
    """

    def __init__(self, target_shape: ShapeLike, **options: Unpack[LayerOptions]) -> None:
        super().__init__(**options)
        self.target_shape: PartialShape = tuple(target_shape)
        if any(n is not None and n < -1 for n in self.target_shape) or self.target_shape.count(-1) > 1:
            raise ValueError(f"Reshape takes sizes from 0 on, and one -1. Received: target_shape={self.target_shape}.")
        self.built = True

    def call(self, inputs: Tensor) -> Tensor:
        shape = self.compute_output_shape(inputs.shape)
        return ops.reshape(inputs, (inputs.shape[0], *[-1 if n is None else n for n in shape[1:]]))

    def compute_output_shape(self, input_shape: ShapeLike) -> PartialShape:
        """Return (batch, *target_shape) with -1 resolved where the input's sizes are known."""
        sizes, target = tuple(input_shape[1:]), self.target_shape
        if None in sizes:
            return (input_shape[0], *[None if n == -1 else n for n in target])
        total, others = prod(n for n in sizes if n is not None), prod(n for n in target if n is not None and n != -1)
        fits = others and total % others == 0 if -1 in target else total == others or None in target
        if not fits:
            raise ValueError(f"Cannot reshape samples of shape {sizes} to target_shape={target}.")
        return (input_shape[0], *[total // others if n == -1 else n for n in target])


class Permute(_Reshaping):
    """Reorders the axes of each sample; a ValueError if `dims` is not a permutation of 1, 2, ...

    Args:
        dims: The axes in their new order; 1 is the first after the batch.

    Example:
        >>> Permute((2, 1))(np.ones((1, 3, 4))).shape
        (1, 4, 3)
    """

    def __init__(self, dims: "tuple[int, ...] | list[int]", **options: Unpack[LayerOptions]) -> None:
        super().__init__(**options)
        self.dims: tuple[int, ...] = tuple(dims)
        if sorted(self.dims) != list(range(1, len(self.dims) + 1)):
            raise ValueError(f"Permute needs the axes 1 to {len(self.dims)}, each once. Received: dims={self.dims}.")
        self.input_spec: Any = InputSpec(ndim=len(self.dims) + 1)

    def call(self, inputs: Tensor) -> Tensor:
        return ops.transpose(inputs, (0, *self.dims))

    def compute_output_shape(self, input_shape: ShapeLike) -> PartialShape:
        return (input_shape[0], *[input_shape[axis] for axis in self.dims])


class RepeatVector(_Reshaping):
    """Repeats each vector n times; a TypeError if n is no integer, a ValueError if it is not positive.

    Args:
        n: How often.

    Input shape:  (batch, features).
    Output shape: (batch, n, features).

    Example:
        >>> RepeatVector(3)(np.ones((1, 2))).shape
        (1, 3, 2)
    """

    n: Positive

    def __init__(self, n: int, **options: Unpack[LayerOptions]) -> None:
        if not isinstance(n, int | np.integer) or isinstance(n, bool):
            raise TypeError(f"RepeatVector needs an integer for `n`. Received: n={n!r}.")
        self._configure(locals())
        self.input_spec: Any = InputSpec(ndim=2)

    def call(self, inputs: Tensor) -> Tensor:
        return ops.repeat(ops.expand_dims(inputs, 1), self.n, axis=1)

    def compute_output_shape(self, input_shape: ShapeLike) -> PartialShape:
        return (input_shape[0], self.n, input_shape[1])


class _Spatial(Ranked, _Reshaping):
    """A layer that changes the sizes of the axes between batch and channels."""

    _takes_text = False
    _resized: Callable[[int, Any], int]  # (size of an axis, its entry) -> new size
    _amount: ClassVar[str]  # the argument that says by how much
    _by_axis: ClassVar[Callable[..., tuple[Any, ...]]]  # (that argument, rank, its name) -> an entry for each axis

    def _as_attribute(self, name: str, value: Any) -> Any:
        entries = self._by_axis(value, self._rank, name)
        return entries if self._rank > 1 else entries[0]

    def _amounts(self) -> tuple[Any, ...]:
        """Return an entry for each axis, from the current value of the argument."""
        return self._by_axis(getattr(self, self._amount), self._rank, self._amount)

    def compute_output_shape(self, input_shape: ShapeLike) -> PartialShape:
        before, sizes, behind = self._parts(input_shape)
        new = [None if n is None else self._resized(n, entry) for n, entry in zip(sizes, self._amounts(), strict=True)]
        if any(n and m is not None and m <= 0 for n, m in zip(sizes, new, strict=True)):
            raise ValueError(f"Layer '{self.name}' would leave nothing of an input of shape {tuple(input_shape)}.")
        return (*before, *new, *behind)


def _edges(value: Any, rank: int, name: str) -> tuple[tuple[int, int], ...]:
    """Return (before, after) for each axis, from one number, or a number or a pair for each axis."""
    if rank == 1 or isinstance(value, int | np.integer):
        before, after = standardize_sizes(value, 2, name, least=0)
        return ((before, after),) * rank
    if not isinstance(value, Sequence) or len(value) != rank:
        raise ValueError(f"`{name}` takes one integer, or {rank} integers or pairs. Received: {name}={value!r}.")
    return tuple(pair for entry in value for pair in _edges(entry, 1, name))


class _Edged(_Spatial):
    """A layer that pads or crops the edges."""

    _by: ClassVar[int] = 1
    _by_axis = staticmethod(_edges)

    def _resized(self, size: int, edges: tuple[int, int]) -> int:
        return size + self._by * sum(edges)


class _ZeroPadding(_Edged):
    """Pads the edges with zeros.

    Args:
        padding: How many: one number, or a number or pair for each axis, such as ((top, bottom), (left, right)).
    """

    _amount = "padding"
    padding: Any

    def __init__(self, padding: Edges = 1, data_format: DataFormat | None = None,
                 **options: Unpack[LayerOptions]) -> None:  # fmt: skip
        self._configure(locals())

    def call(self, inputs: Tensor) -> Tensor:
        return ops.pad(inputs, self._laid_out((0, 0), self._amounts(), (0, 0)))


class ZeroPadding1D(_ZeroPadding, rank=1):
    """Pads the steps of each sample with zeros at both ends.

    Args:
        padding: How many: one number, or (before, after); a ValueError for anything else, or if one is negative.

    Example:
        >>> ZeroPadding1D((1, 2))(np.ones((2, 3, 4))).shape
        (2, 6, 4)
    """


class ZeroPadding2D(_ZeroPadding, rank=2):
    """Pads images with zeros; a ValueError if `padding` has another form, or is negative.

    Example:
        >>> ZeroPadding2D(((1, 0), (2, 2)))(np.ones((1, 3, 3, 4))).shape
        (1, 4, 7, 4)
    """


class ZeroPadding3D(_ZeroPadding, rank=3):
    """Pads volumes with zeros.

    Example:
        >>> ZeroPadding3D(((1, 0), (2, 2), (0, 0)))(np.ones((1, 3, 3, 3, 4))).shape
        (1, 4, 7, 3, 4)
    """


class _Cropping(_Edged):
    """Crops the edges.

    Args:
        cropping: How much: one number, or a number or pair for each axis, such as ((top, bottom), (left, right)).
    """

    _by = -1
    _amount = "cropping"
    cropping: Any

    def __init__(self, cropping: Edges = 1, data_format: DataFormat | None = None,
                 **options: Unpack[LayerOptions]) -> None:  # fmt: skip
        self._configure(locals())

    def call(self, inputs: Tensor) -> Tensor:
        self.compute_output_shape(inputs.shape)  # refuses to crop all of it
        slices = [slice(before, -after if after else None) for before, after in self._amounts()]
        return inputs[self._laid_out(slice(None), slices, slice(None))]


class Cropping1D(_Cropping, rank=1):
    """Crops the steps of each sample at both ends; a ValueError if `cropping` is negative, or leaves nothing.

    Args:
        cropping: How many: one number, or (before, after).

    Example:
        >>> Cropping1D((0, 1))(np.ones((2, 3, 4))).shape
        (2, 2, 4)
    """

    def __init__(self, cropping: SizesOf[One] | Two = 1, **options: Unpack[LayerOptions]) -> None:
        self._configure(locals() | {"data_format": "channels_last"})


class Cropping2D(_Cropping, rank=2):
    """Crops the edges of images; a ValueError if `cropping` is negative, or leaves nothing.

    Example:
        >>> Cropping2D(((1, 0), (1, 1)))(np.ones((1, 4, 4, 3))).shape
        (1, 3, 2, 3)
    """

    def __init__(self, cropping: Edges = 0, data_format: DataFormat | None = None,
                 **options: Unpack[LayerOptions]) -> None:  # fmt: skip
        super().__init__(cropping, data_format, **options)


class Cropping3D(_Cropping, rank=3):
    """Crops the edges of volumes.

    Example:
        >>> Cropping3D()(np.ones((1, 4, 4, 3, 3))).shape
        (1, 2, 2, 1, 3)
    """


class _UpSampling(_Spatial):
    """Makes axes longer by repeating elements.

    Args:
        size: A factor for each axis, or one for all.
    """

    _amount = "size"
    _by_axis = staticmethod(standardize_sizes)
    size: Any

    def __init__(self, size: Sizes = 2, data_format: DataFormat | None = None, **options: Unpack[LayerOptions]) -> None:
        self._configure(locals())

    def _resized(self, size: int, factor: int) -> int:
        return size * factor

    def call(self, inputs: Tensor) -> Tensor:
        sizes, factors = inputs.shape, self._laid_out(1, self._amounts(), 1)
        spaced = ops.reshape(inputs, [n for size in sizes for n in (size, 1)])
        repeated = ops.broadcast_to(spaced, [n for pair in zip(sizes, factors, strict=True) for n in pair])
        return ops.reshape(repeated, [size * factor for size, factor in zip(sizes, factors, strict=True)])


class UpSampling1D(_UpSampling, rank=1):
    """Repeats each step of the samples.

    Args:
        size: How often; a TypeError if it is no integer, a ValueError if it is not positive.

    Example:
        >>> print(UpSampling1D(2)(np.array([[[1.0], [2.0]]]))[0, :, 0])
        Tensor([1. 1. 2. 2.], shape=(4,), dtype=float32)
    """

    def __init__(self, size: int = 2, **options: Unpack[LayerOptions]) -> None:
        if not isinstance(size, int | np.integer) or isinstance(size, bool):
            raise TypeError(f"UpSampling1D needs an integer for `size`. Received: size={size!r}.")
        self._configure(locals() | {"data_format": "channels_last"})


class UpSampling2D(_UpSampling, rank=2):
    """Makes images larger by whole factors; a ValueError if `size` is not positive, or the interpolation unknown.

    Args:
        interpolation: "nearest" repeats rows and columns; "bilinear", "bicubic", "lanczos3" and "lanczos5" interpolate.

    Example:
        >>> UpSampling2D((2, 3))(np.ones((1, 4, 4, 3))).shape
        (1, 8, 12, 3)
    """

    interpolation: Annotated[Interpolation, any_case(*get_args(Interpolation))]

    def __init__(self, size: SizesOf[Two] = (2, 2), data_format: DataFormat | None = None,
                 interpolation: Interpolation = "nearest", **options: Unpack[LayerOptions]) -> None:  # fmt: skip
        self._configure(locals())

    def call(self, inputs: Tensor) -> Tensor:
        if self.interpolation == "nearest":
            return super().call(inputs)
        size: Any = self._parts(self.compute_output_shape(inputs.shape))[1]
        return ops.image.resize(inputs, size, self.interpolation, data_format=self.data_format)


class UpSampling3D(_UpSampling, rank=3):
    """Makes volumes larger by whole factors, by repeating their elements.

    Example:
        >>> UpSampling3D((2, 3, 1))(np.ones((1, 4, 4, 4, 3))).shape
        (1, 8, 12, 4, 3)
    """
