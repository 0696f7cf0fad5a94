"""Layers whose kernel slides over the axes between batch and channels."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, Any, ClassVar, Generic, TypeAlias, Unpack

from .. import ops
from .._base.checks import AnyCasePadding, PerAxis, Positive, any_case, standardize_sizes
from .._base.typing import CausalPadding, DataFormat, One, Padding, PartialShape, S, ShapeLike, SizesOf, Three, Two
from .._core.input_spec import InputSpec
from .._core.tensor import Tensor
from .._core.variable import Variable
from ..ops.convolution import from_channels_last, slid_sizes, to_channels_last, transposed
from .core import ActivationLike, ConstraintLike, WithKernel
from .layer import BaseOptions, InitializerLike, Ranked, RegularizerLike

_FromZero: TypeAlias = Annotated[tuple[int, ...], lambda cls, name, value: standardize_sizes(value, cls._rank, name, 0)]
_Causal: TypeAlias = Annotated[CausalPadding, any_case("valid", "same", "causal")]


class Windowed(Ranked):
    """A layer or cell whose kernel is a sliding window."""

    _strides_or_dilation: ClassVar[bool] = True  # whether to refuse both together, as Keras does
    kernel_size: PerAxis
    strides: PerAxis
    padding: AnyCasePadding
    dilation_rate: PerAxis

    def _configure(self, arguments: dict[str, Any]) -> None:
        super()._configure(arguments)
        if self._strides_or_dilation and max(self.strides) > 1 and max(self.dilation_rate) > 1:
            raise ValueError(f"strides={self.strides} and dilation_rate={self.dilation_rate} cannot both exceed 1.")

    def _channel_axis(self) -> int:
        return -1 if self.data_format == "channels_last" else 1

    def _slid(self, sizes: ShapeLike) -> PartialShape:
        who = f"The input of layer '{self.name}'"
        return slid_sizes(sizes, self.kernel_size, self.strides, self.padding, self.dilation_rate, who)

    def _slid_shape(self, input_shape: ShapeLike, filters: Any) -> PartialShape:
        """Return the output shape for a number of filters."""
        return self._laid_out(input_shape[0], self._slid(self._parts(input_shape)[1]), filters)


class _Sliding(Windowed, WithKernel):
    """The base of the layers here: a window, strides, a bias and an activation.

    Args:
        filters: Number of output channels, a positive integer.
        kernel_size: Size of the window along each axis, or one number for all.
        strides: Steps from one place of the window to the next.
        padding: "valid" for none; "same" for zeros around the input, so that with strides of 1 its size stays.
        dilation_rate: Distance between the window's elements; if it is more than 1, strides must be 1.
        groups: The number of groups of channels, each with its own filters; a ValueError unless it divides both
            channels and filters.
        depth_multiplier: Number of filters for each channel.
        output_padding: Added to the smallest possible output size; a ValueError unless it is less than the strides.
        depthwise_initializer: What fills the kernel of each channel, of shape (*kernel_size, channels, multiplier).
        pointwise_initializer: What fills the kernel that mixes channels, of shape (1, ..., channels, filters).
        depthwise_regularizer, pointwise_regularizer: Penalties on these kernels.
        depthwise_constraint, pointwise_constraint: Projections of them after each training step.
    """

    _names_penalty = True
    filters: Positive
    use_bias: bool
    _make_kernels: Callable[[int], None]  # makes all weights but the bias, for a number of channels
    _convolve: Callable[[Tensor], Tensor]  # without bias and activation, from channels last to channels last

    def _filters(self, channels: Any) -> Any:
        return self.filters

    def build(self, input_shape: ShapeLike) -> None:
        axis = self._channel_axis()
        self.compute_output_shape(input_shape)  # refuses shapes that do not fit
        channels = input_shape[axis]
        if channels is None:
            raise ValueError(f"Layer '{self.name}' needs a known size in axis {axis}. Received: {tuple(input_shape)}.")
        self._make_kernels(channels)
        shape = (self._filters(channels),)
        self.bias: Variable | None = self._configured_weight("bias", shape) if self.use_bias else None
        self.input_spec: Any = InputSpec(ndim=self._rank + 2, axes={axis: channels})

    def call(self, inputs: Tensor) -> Tensor:
        if "float" not in inputs.dtype:
            inputs = ops.cast(inputs, self.compute_dtype)
        outputs = self._convolve(to_channels_last(inputs, self.data_format))
        if self.bias is not None:
            outputs = outputs + self.bias
        return self._activated(from_channels_last(outputs, self.data_format))

    def compute_output_shape(self, input_shape: ShapeLike) -> PartialShape:
        if len(input_shape) != self._rank + 2:
            raise ValueError(f"Layer '{self.name}' needs an input of {self._rank + 2} axes. Received: {input_shape}.")
        return self._slid_shape(input_shape, self._filters(input_shape[self._channel_axis()]))


class _Conv(_Sliding, Generic[S]):
    groups: Positive

    def __init__(self, filters: int, kernel_size: SizesOf[S], strides: SizesOf[S] = 1, padding: CausalPadding = "valid",
                 data_format: DataFormat | None = None, dilation_rate: SizesOf[S] = 1, groups: int = 1,
                 activation: ActivationLike | None = None, use_bias: bool = True,
                 kernel_initializer: InitializerLike = "glorot_uniform", bias_initializer: InitializerLike = "zeros",
                 kernel_regularizer: RegularizerLike = None, bias_regularizer: RegularizerLike = None,
                 activity_regularizer: RegularizerLike = None, kernel_constraint: ConstraintLike = None,
                 bias_constraint: ConstraintLike = None, **options: Unpack[BaseOptions]) -> None:  # fmt: skip
        self._configure(locals())
        if self.filters % self.groups:
            raise ValueError(f"`filters` must be a multiple of `groups`. Received: filters={filters}, groups={groups}.")

    def _make_kernels(self, channels: int) -> None:
        if channels % self.groups:
            raise ValueError(f"Channels must be a multiple of `groups`. Received: {channels}, groups={self.groups}.")
        shape = (*self.kernel_size, channels // self.groups, self.filters)
        self.kernel: Variable = self._configured_weight("kernel", shape)

    def convolution_op(self, inputs: Tensor, kernel: Tensor | Variable) -> Tensor:
        """Return inputs convolved with a kernel, without bias and activation; a subclass may override it."""
        return ops.conv(inputs, kernel, self.strides, self.padding, self.data_format, self.dilation_rate)

    def _convolve(self, inputs: Tensor) -> Tensor:
        if type(self).convolution_op is _Conv.convolution_op:
            return ops.conv(inputs, self.kernel, self.strides, self.padding, "channels_last", self.dilation_rate)
        outputs: Tensor = self.convolution_op(from_channels_last(inputs, self.data_format), self.kernel)
        return outputs if self.data_format == "channels_last" else to_channels_last(outputs, self.data_format)


class Conv1D(_Conv[One], rank=1):
    """Convolution along one axis, such as time: activation(conv(x, kernel) + bias).

    `padding` may also be "causal": then no output depends on a later input.

    Input shape:  (batch, steps, channels).
    Output shape: (batch, new steps, filters).

    Example:
        >>> layer = Conv1D(1, 2, padding="causal", kernel_initializer="ones")
        >>> print(layer(np.array([[[1.0], [2.0], [4.0]]]))[0, :, 0])
        Tensor([1. 3. 6.], shape=(3,), dtype=float32)
    """

    padding: _Causal  # type: ignore[assignment]  # only one axis can be causal


class Conv2D(_Conv[Two], rank=2):
    """Convolution of images: activation(conv(x, kernel) + bias).

    The kernel is of shape (*kernel_size, channels / groups, filters).

    Input shape:  (batch, height, width, channels), or (batch, channels, height, width), no smaller than the window.
    Output shape: (batch, new height, new width, filters), or (batch, filters, new height, new width).

    Example:
        >>> Conv2D(4, 3, activation="relu")(np.ones((2, 28, 28, 1))).shape
        (2, 26, 26, 4)
    """


class Conv3D(_Conv[Three], rank=3):
    """Convolution of volumes or videos: activation(conv(x, kernel) + bias).

    Example:
        >>> Conv3D(4, 3, activation="relu")(np.ones((2, 9, 8, 7, 1))).shape
        (2, 7, 6, 5, 4)
    """


class _ConvTranspose(_Sliding, Generic[S]):
    output_padding: _FromZero | None

    def __init__(self, filters: int, kernel_size: SizesOf[S], strides: SizesOf[S] = 1, padding: Padding = "valid",
                 output_padding: SizesOf[S] | None = None, data_format: DataFormat | None = None,
                 dilation_rate: SizesOf[S] = 1, activation: ActivationLike | None = None, use_bias: bool = True,
                 kernel_initializer: InitializerLike = "glorot_uniform", bias_initializer: InitializerLike = "zeros",
                 kernel_regularizer: RegularizerLike = None, bias_regularizer: RegularizerLike = None,
                 activity_regularizer: RegularizerLike = None, kernel_constraint: ConstraintLike = None,
                 bias_constraint: ConstraintLike = None, **options: Unpack[BaseOptions]) -> None:  # fmt: skip
        self._configure(locals())
        more = self.output_padding
        if more is not None and any(n >= stride for n, stride in zip(more, self.strides, strict=True)):
            raise ValueError(f"output_padding={output_padding} must be less than the strides, {self.strides}.")

    def _make_kernels(self, channels: int) -> None:
        self.kernel: Variable = self._configured_weight("kernel", (*self.kernel_size, self.filters, channels))

    def _slid(self, sizes: ShapeLike) -> PartialShape:
        how = self.strides, self.padding, self.output_padding, self.dilation_rate
        return transposed(sizes, self.kernel_size, *how)[0]

    def _convolve(self, inputs: Tensor) -> Tensor:
        how = self.strides, self.padding, self.output_padding
        return ops.conv_transpose(inputs, self.kernel, *how, "channels_last", self.dilation_rate)


class Conv1DTranspose(_ConvTranspose[One], rank=1):
    """Transposed convolution along one axis, which makes it longer.

    Example:
        >>> layer = Conv1DTranspose(1, 2, strides=2, kernel_initializer="ones")
        >>> print(layer(np.array([[[1.0], [2.0]]]))[0, :, 0])
        Tensor([1. 1. 2. 2.], shape=(4,), dtype=float32)
    """


class Conv2DTranspose(_ConvTranspose[Two], rank=2):
    """Transposed convolution of images, which makes them larger (Zeiler et al. 2010).

    The kernel is of shape (*kernel_size, filters, channels).

    Input shape:  (batch, height, width, channels).
    Output shape: (batch, height * strides, width * strides, filters) for `padding` "same"; for "valid", larger by as
        much as the window exceeds the strides.

    Example:
        >>> Conv2DTranspose(4, 3, strides=2, padding="same")(np.ones((2, 7, 7, 8))).shape
        (2, 14, 14, 4)
    """


class Conv3DTranspose(_ConvTranspose[Three], rank=3):
    """Transposed convolution of volumes, which makes them larger; `data_format` comes before `output_padding`.

    Example:
        >>> Conv3DTranspose(4, 3, strides=2, padding="same")(np.ones((2, 3, 4, 5, 8))).shape
        (2, 6, 8, 10, 4)
    """

    def __init__(self, filters: int, kernel_size: SizesOf[Three], strides: SizesOf[Three] = 1,
                 padding: Padding = "valid", data_format: DataFormat | None = None,
                 output_padding: SizesOf[Three] | None = None, dilation_rate: SizesOf[Three] = 1,
                 activation: ActivationLike | None = None, use_bias: bool = True,
                 kernel_initializer: InitializerLike = "glorot_uniform", bias_initializer: InitializerLike = "zeros",
                 kernel_regularizer: RegularizerLike = None, bias_regularizer: RegularizerLike = None,
                 activity_regularizer: RegularizerLike = None, kernel_constraint: ConstraintLike = None,
                 bias_constraint: ConstraintLike = None, **options: Unpack[BaseOptions]) -> None:  # fmt: skip
        super().__init__(filters, kernel_size, strides, padding, output_padding, data_format, dilation_rate, activation,
                         use_bias, kernel_initializer, bias_initializer, kernel_regularizer, bias_regularizer,
                         activity_regularizer, kernel_constraint, bias_constraint, **options)  # fmt: skip


class _DepthwiseConv(_Sliding, Generic[S]):
    _strides_or_dilation = False
    depth_multiplier: Positive

    def __init__(self, kernel_size: SizesOf[S], strides: SizesOf[S] = 1, padding: Padding = "valid",
                 depth_multiplier: int = 1, data_format: DataFormat | None = None, dilation_rate: SizesOf[S] = 1,
                 activation: ActivationLike | None = None, use_bias: bool = True,
                 depthwise_initializer: InitializerLike = "glorot_uniform", bias_initializer: InitializerLike = "zeros",
                 depthwise_regularizer: RegularizerLike = None, bias_regularizer: RegularizerLike = None,
                 activity_regularizer: RegularizerLike = None, depthwise_constraint: ConstraintLike = None,
                 bias_constraint: ConstraintLike = None, **options: Unpack[BaseOptions]) -> None:  # fmt: skip
        self._configure(locals())

    def _filters(self, channels: Any) -> Any:
        return None if channels is None else channels * self.depth_multiplier

    def _make_kernels(self, channels: int) -> None:
        shape = (*self.kernel_size, channels, self.depth_multiplier)
        self.kernel: Variable = self._configured_weight("kernel", shape, "depthwise")

    def _convolve(self, inputs: Tensor) -> Tensor:
        return ops.depthwise_conv(inputs, self.kernel, self.strides, self.padding, "channels_last", self.dilation_rate)


class DepthwiseConv1D(_DepthwiseConv[One], rank=1):
    """Convolution of each channel by itself along one axis.

    Example:
        >>> DepthwiseConv1D(3, depth_multiplier=2)(np.ones((2, 10, 4))).shape
        (2, 8, 8)
    """


class DepthwiseConv2D(_DepthwiseConv[Two], rank=2):
    """Convolution of each channel of images by itself.

    Example:
        >>> DepthwiseConv2D(3, depth_multiplier=2)(np.ones((2, 28, 28, 4))).shape
        (2, 26, 26, 8)
    """


class _SeparableConv(_Sliding, Generic[S]):
    _strides_or_dilation = False
    depth_multiplier: Positive
    depthwise_kernel: Variable
    pointwise_kernel: Variable

    def __init__(self, filters: int, kernel_size: SizesOf[S], strides: SizesOf[S] = 1, padding: Padding = "valid",
                 data_format: DataFormat | None = None, dilation_rate: SizesOf[S] = 1, depth_multiplier: int = 1,
                 activation: ActivationLike | None = None, use_bias: bool = True,
                 depthwise_initializer: InitializerLike = "glorot_uniform",
                 pointwise_initializer: InitializerLike = "glorot_uniform", bias_initializer: InitializerLike = "zeros",
                 depthwise_regularizer: RegularizerLike = None, pointwise_regularizer: RegularizerLike = None,
                 bias_regularizer: RegularizerLike = None, activity_regularizer: RegularizerLike = None,
                 depthwise_constraint: ConstraintLike = None, pointwise_constraint: ConstraintLike = None,
                 bias_constraint: ConstraintLike = None, **options: Unpack[BaseOptions]) -> None:  # fmt: skip
        self._configure(locals())

    def _make_kernels(self, channels: int) -> None:
        depth, ones = self.depth_multiplier, (1,) * self._rank
        shapes = (*self.kernel_size, channels, depth), (*ones, channels * depth, self.filters)
        self.depthwise_kernel = self._configured_weight("depthwise_kernel", shapes[0], "depthwise")
        self.pointwise_kernel = self._configured_weight("pointwise_kernel", shapes[1], "pointwise")

    def _convolve(self, inputs: Tensor) -> Tensor:
        kernels, how = (self.depthwise_kernel, self.pointwise_kernel), (self.strides, self.padding)
        return ops.separable_conv(inputs, *kernels, *how, "channels_last", self.dilation_rate)


class SeparableConv1D(_SeparableConv[One], rank=1):
    """Convolution of each channel along one axis, then of all channels.

    Example:
        >>> SeparableConv1D(6, 3)(np.ones((2, 10, 4))).shape
        (2, 8, 6)
    """


class SeparableConv2D(_SeparableConv[Two], rank=2):
    """Convolution of each channel of images, then of all channels with a window of one element (Chollet 2017).

    Example:
        >>> layer = SeparableConv2D(6, 3)
        >>> layer(np.ones((2, 28, 28, 4))).shape, layer.count_params()
        ((2, 26, 26, 6), 66)
    """
