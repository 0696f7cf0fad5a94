"""Layers that reduce the axes between batch and channels."""

from typing import Annotated, Any, Generic, Unpack

from .. import ops
from .._base.checks import AnyCasePadding, PerAxis
from .._base.typing import DataFormat, One, Padding, PartialShape, S, ShapeLike, SizesOf, TensorLike, Three, Two
from .._core.tensor import Tensor
from ..ops.convolution import slid_sizes
from .arguments import CommonOptions, LayerOptions
from .layer import Ranked, RegularizerLike


class PoolingOptions(CommonOptions, total=False):
    """Keyword arguments of every layer, but for `name`, which pooling layers also take by position."""

    activity_regularizer: RegularizerLike
    input_dim: int


class _Pooling(Ranked, Generic[S]):
    """Pools each place of a sliding window.

    Args:
        pool_size: Size of the window along each axis, or one number for all.
        strides: Steps from one place of the window to the next, `pool_size` if not given.
        padding: "valid" leaves out a rest that is smaller than the window, "same" pools it as well.
    """

    _weightless = True
    pool_size: PerAxis
    strides: PerAxis
    padding: AnyCasePadding

    def __init__(self, pool_size: SizesOf[S], strides: SizesOf[S] | None = None, padding: Padding = "valid",
                 data_format: DataFormat | None = None, name: str | None = None,
                 **options: Unpack[PoolingOptions]) -> None:  # fmt: skip
        strides = pool_size if strides is None else strides
        self._configure(locals())

    def call(self, inputs: Tensor) -> Tensor:
        return self._op(inputs, self.pool_size, self.strides, self.padding, self.data_format)

    def compute_output_shape(self, input_shape: ShapeLike) -> PartialShape:
        before, sizes, behind = self._parts(input_shape)
        how = self.strides, self.padding, (1,) * self._rank, f"The input of layer '{self.name}'"
        return (*before, *slid_sizes(sizes, self.pool_size, *how), *behind)


class _MaxPooling(_Pooling[S], op=ops.max_pool):
    def __init__(self, pool_size: SizesOf[S] = 2, strides: SizesOf[S] | None = None, padding: Padding = "valid",
                 data_format: DataFormat | None = None, name: str | None = None,
                 **options: Unpack[PoolingOptions]) -> None:  # fmt: skip
        super().__init__(pool_size, strides, padding, data_format, name, **options)


class MaxPooling1D(_MaxPooling[One], rank=1):
    """The largest element in each place of a window along one axis.

    Example:
        >>> print(MaxPooling1D(2)(np.array([[[1.0], [3.0], [2.0], [4.0]]]))[0, :, 0])
        Tensor([3. 4.], shape=(2,), dtype=float32)
    """


class MaxPooling2D(_MaxPooling[Two], rank=2):
    """The largest element in each place of a window over images; a ValueError if they are smaller than the window.

    Input shape:  (batch, height, width, channels), or (batch, channels, height, width).
    Output shape: (batch, new height, new width, channels), or with the channels second.

    Example:
        >>> MaxPooling2D()(np.ones((1, 5, 4, 3))).shape
        (1, 2, 2, 3)
    """


class MaxPooling3D(_MaxPooling[Three], rank=3):
    """The largest element in each place of a window over volumes.

    Example:
        >>> MaxPooling3D()(np.ones((1, 5, 4, 2, 3))).shape
        (1, 2, 2, 1, 3)
    """


class AveragePooling1D(_Pooling[One], rank=1, op=ops.average_pool):
    """The mean of the elements in each place of a window along one axis.

    Example:
        >>> print(AveragePooling1D(2)(np.array([[[1.0], [3.0], [2.0], [4.0]]]))[0, :, 0])
        Tensor([2. 3.], shape=(2,), dtype=float32)
    """


class AveragePooling2D(_Pooling[Two], rank=2, op=ops.average_pool):
    """The mean of the elements in each place of a window over images; what `padding` "same" adds does not count.

    Example:
        >>> AveragePooling2D(2, padding="same")(np.ones((1, 5, 4, 3))).shape
        (1, 3, 2, 3)
    """


class AveragePooling3D(_Pooling[Three], rank=3, op=ops.average_pool):
    """The mean of the elements in each place of a window over volumes.

    Example:
        >>> AveragePooling3D(2)(np.ones((1, 5, 4, 2, 3))).shape
        (1, 2, 2, 1, 3)
    """


class _AdaptivePooling(Ranked, Generic[S]):
    """Pools a chosen number of parts of each axis.

    Args:
        output_size: The number of parts along each axis; they overlap if it does not divide the size.
    """

    output_size: PerAxis

    def __init__(self, output_size: SizesOf[S], data_format: DataFormat | None = None,
                 **options: Unpack[LayerOptions]) -> None:  # fmt: skip
        self._configure(locals())

    def call(self, inputs: Tensor) -> Tensor:
        return self._op(inputs, self.output_size, self.data_format)

    def compute_output_shape(self, input_shape: ShapeLike) -> PartialShape:
        before, _, behind = self._parts(input_shape)
        return (*before, *self.output_size, *behind)


class AdaptiveAveragePooling1D(_AdaptivePooling[One], rank=1, op=ops.adaptive_average_pool):
    """The mean of each of `output_size` parts of the steps.

    Example:
        >>> print(AdaptiveAveragePooling1D(2)(np.array([[[1.0], [3.0], [5.0]]]))[0, :, 0])
        Tensor([2. 4.], shape=(2,), dtype=float32)
    """


class AdaptiveAveragePooling2D(_AdaptivePooling[Two], rank=2, op=ops.adaptive_average_pool):
    """The mean of each of `output_size` parts of images."""


class AdaptiveAveragePooling3D(_AdaptivePooling[Three], rank=3, op=ops.adaptive_average_pool):
    """The mean of each of `output_size` parts of volumes."""


class AdaptiveMaxPooling1D(_AdaptivePooling[One], rank=1, op=ops.adaptive_max_pool):
    """The largest element of each of `output_size` parts of the steps."""


class AdaptiveMaxPooling2D(_AdaptivePooling[Two], rank=2, op=ops.adaptive_max_pool):
    """The largest element of each of `output_size` parts of images."""


class AdaptiveMaxPooling3D(_AdaptivePooling[Three], rank=3, op=ops.adaptive_max_pool):
    """The largest element of each of `output_size` parts of volumes."""


class _GlobalPooling(Ranked):
    """Reduces all axes between batch and channels.

    Args:
        keepdims: Whether to keep these axes, with size 1.
    """

    _weightless = True
    keepdims: Annotated[bool, lambda cls, name, value: bool(value)]

    def __init__(self, data_format: DataFormat | None = None, keepdims: bool = False,
                 **options: Unpack[LayerOptions]) -> None:  # fmt: skip
        self._configure(locals())

    def _axes(self) -> list[Any]:
        return list(self._parts(range(self._rank + 2))[1])

    def call(self, inputs: Tensor) -> Tensor:
        return self._op(inputs, axis=self._axes(), keepdims=self.keepdims)

    def compute_output_shape(self, input_shape: ShapeLike) -> PartialShape:
        before, sizes, behind = self._parts(input_shape)
        return (*before, *[1 for _ in sizes if self.keepdims], *behind)


class GlobalMaxPooling1D(_GlobalPooling, rank=1, op=ops.max):
    """The largest element along one axis: (batch, steps, channels) -> (batch, channels).

    Example:
        >>> print(GlobalMaxPooling1D()(np.array([[[1.0, 5.0], [3.0, 2.0]]])))
        Tensor([[3. 5.]], shape=(1, 2), dtype=float32)
    """


class GlobalMaxPooling2D(_GlobalPooling, rank=2, op=ops.max):
    """The largest element of images, (batch, channels).

    Example:
        >>> GlobalMaxPooling2D(keepdims=True)(np.ones((2, 5, 4, 3))).shape
        (2, 1, 1, 3)
    """


class GlobalMaxPooling3D(_GlobalPooling, rank=3, op=ops.max):
    """The largest element of volumes."""


class GlobalAveragePooling2D(_GlobalPooling, rank=2, op=ops.mean):
    """The mean of images, (batch, channels).

    Example:
        >>> GlobalAveragePooling2D()(np.ones((2, 5, 4, 3))).shape
        (2, 3)
    """


class GlobalAveragePooling3D(_GlobalPooling, rank=3, op=ops.mean):
    """The mean of volumes."""


class GlobalAveragePooling1D(_GlobalPooling, rank=1, op=ops.mean):
    """The mean along one axis: (batch, steps, channels) -> (batch, channels).

    Call arguments:
        mask: Which steps count, (batch, steps); all if not given.

    Example:
        >>> x = np.array([[[1.0, 5.0], [3.0, 2.0]]])
        >>> print(GlobalAveragePooling1D()(x, mask=np.array([[True, False]])))
        Tensor([[1. 5.]], shape=(1, 2), dtype=float32)
    """

    def call(self, inputs: Tensor, mask: TensorLike | None = None) -> Tensor:
        if mask is None:
            return super().call(inputs)
        (axis,) = self._axes()
        counts = ops.cast(ops.expand_dims(mask, 3 - axis), "bool")
        total = ops.sum(ops.where(counts, inputs, 0), axis=axis, keepdims=self.keepdims)
        return total / ops.sum(ops.cast(counts, inputs.dtype), axis=axis, keepdims=self.keepdims)

    def compute_mask(self, inputs: Any, mask: Any = None) -> None:
        return
