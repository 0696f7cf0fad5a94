"""Layers that normalize their input to mean 0 and variance 1, or to length 1, with the statistics of each batch."""

from __future__ import annotations

from collections.abc import Callable
from math import inf
from numbers import Integral
from typing import Annotated, Any, TypeAlias, Unpack

from .. import ops
from .._base.checks import FromZero, Off
from .._base.settings import epsilon as default_epsilon
from .._base.typing import PartialShape, Shape, ShapeLike
from .._base.user_warning import warn_user
from .._core.input_spec import InputSpec
from .._core.tensor import Tensor, TensorOps
from .._core.variable import Variable
from ..ops.creation import roomy
from .core import ConstraintLike
from .layer import InitializerLike, Layer, LayerOptions, RegularizerLike

Axes = int | list[int] | tuple[int, ...]


def _checked(cls: Any, name: str, axis: Any) -> int | list[int]:
    if not isinstance(axis, Integral | list | tuple):
        raise TypeError(f"`axis` must be an integer or a list of integers. Received: axis={axis!r}.")
    return list(axis) if isinstance(axis, list | tuple) else int(axis)


_Axis: TypeAlias = Annotated[int, _checked]
_Axes: TypeAlias = Annotated[int | list[int], _checked]


class _AlongAxes(Layer):
    """A layer with an `axis` that keeps its input's shape."""

    supports_masking = True
    axis: _Axes

    @property
    def _axes(self) -> list[int]:
        return [self.axis] if isinstance(self.axis, int) else self.axis

    def _sizes(self, input_shape: ShapeLike) -> Shape:
        """Return the sizes of the axes in `axis`, in that order; a ValueError if one is unknown."""
        shape: Any = self.compute_output_shape(input_shape)
        sizes = tuple(shape[a] for a in self._axes)
        if None in sizes:
            raise ValueError(f"Layer '{self.name}' needs a known size in axis {self.axis}. Received: {shape}.")
        return sizes

    def _rowwise(self) -> bool:
        return all(a > 0 or a == -1 for a in self._axes)

    def compute_output_shape(self, input_shape: ShapeLike) -> PartialShape:
        shape = tuple(input_shape)
        for a in self._axes:
            if not -len(shape) <= a < len(shape):
                raise ValueError(f"Axis {a} is out of bounds for input shape {shape}. Received: axis={self.axis}.")
        return shape


class _Scaling(_AlongAxes):
    """A layer that normalizes, multiplies by gamma and adds beta.

    Args:
        epsilon: Added to the variance.
        center, scale: Whether there is a beta, and a gamma.
        beta_initializer, gamma_initializer: What fills them.
        beta_regularizer, gamma_regularizer: Penalties on them.
        beta_constraint, gamma_constraint: Projections of them after each training step.
    """

    gamma: Variable | None
    beta: Variable | None
    epsilon: FromZero
    center: bool
    scale: bool
    beta_initializer: Callable[..., Any]
    gamma_initializer: Callable[..., Any]
    beta_regularizer: Callable[..., Any] | None
    gamma_regularizer: Callable[..., Any] | None
    beta_constraint: Callable[..., Any] | None
    gamma_constraint: Callable[..., Any] | None

    def _add_scale(self, shape: Shape, scale: bool, center: bool) -> None:
        """Make gamma and beta, without autocast: they are applied to statistics, which need at least float32."""
        self.gamma = self._configured_weight("gamma", shape, autocast=False) if scale else None
        self.beta = self._configured_weight("beta", shape, autocast=False) if center else None


class BatchNormalization(_Scaling):
    """(x - mean) / sqrt(variance + epsilon) * gamma + beta, for each place along an axis (Ioffe and Szegedy 2015).

    In training, mean and variance are those of the batch, and the moving ones follow: moving * momentum + batch *
    (1 - momentum). Otherwise, or if the layer is frozen (`trainable = False`), the moving ones are used.

    Args:
        axis: The axis of the features, each of which has its own statistics; a ValueError if there is none, or if its
            size is unknown.
        momentum: Share of the old value in the moving statistics at each training step, from 0 to 1.
        moving_mean_initializer, moving_variance_initializer: What fills the moving statistics.
        renorm: Whether training corrects the statistics of the batch by moving ones (Ioffe 2017).
        renorm_clipping: Limits of the corrections: "rmin" and "rmax" of the factor, "dmax" of the offset's size.
        renorm_momentum: Share of the old value in the moving statistics of these corrections.
        synchronized: Accepted if false: there is one device.

    Call arguments:
        training: Whether to use the statistics of the batch, and to update the moving ones.
        mask: The inputs' shape without the last axis; False leaves an element out of the statistics. A ValueError for
            another rank.

    Example:
        >>> layer = BatchNormalization(momentum=0.5, epsilon=0.0)
        >>> print(layer(np.array([[1.0], [3.0]]), training=True))
        Tensor(
        [[-1.]
         [ 1.]], shape=(2, 1), dtype=float32)
        >>> layer.moving_mean.numpy()
        array([1.], dtype=float32)
    """

    axis: _Axis
    momentum: float
    moving_mean: Variable
    moving_variance: Variable
    moving_stddev: Variable
    renorm_mean: Variable
    renorm_stddev: Variable
    moving_mean_initializer: Callable[..., Any]
    moving_variance_initializer: Callable[..., Any]
    synchronized: Off
    renorm: bool
    renorm_clipping: dict[str, float] | None
    renorm_momentum: float

    def __init__(self, axis: int = -1, momentum: float = 0.99, epsilon: float = 1e-3, center: bool = True,
                 scale: bool = True, beta_initializer: InitializerLike = "zeros",
                 gamma_initializer: InitializerLike = "ones", moving_mean_initializer: InitializerLike = "zeros",
                 moving_variance_initializer: InitializerLike = "ones", beta_regularizer: RegularizerLike = None,
                 gamma_regularizer: RegularizerLike = None, beta_constraint: ConstraintLike = None,
                 gamma_constraint: ConstraintLike = None, renorm: bool = False,
                 renorm_clipping: dict[str, float] | None = None, renorm_momentum: float = 0.99,
                 synchronized: bool = False, **options: Unpack[LayerOptions]) -> None:  # fmt: skip
        self._configure(locals())
        self.axis, self.momentum = int(axis), float(momentum)
        self.epsilon: float = float(epsilon)
        if renorm:
            self.renorm_clipping = limits = renorm_clipping or {}
            wrong = set(limits) - {"rmin", "rmax", "dmax"} or limits.get("dmax", 0.0) < 0
            if wrong or limits.get("rmin", -inf) > limits.get("rmax", inf):
                raise ValueError('`renorm_clipping` takes "rmin" <= "rmax", and "dmax" >= 0, each of them optional. '
                                 f"Received: {limits}.")  # fmt: skip

    def build(self, input_shape: ShapeLike) -> None:
        shape = self._sizes(input_shape)
        self._add_scale(shape, self.scale, self.center)
        options: Any = {"regularizer": None, "constraint": None, "trainable": False, "autocast": False}
        self.moving_mean = self._configured_weight("moving_mean", shape, **options)
        self.moving_variance = self._configured_weight("moving_variance", shape, **options)
        if self.renorm:
            root = lambda s, dtype: ops.sqrt(self.moving_variance_initializer(s, dtype=dtype))  # noqa: E731 - used twice
            starts = {"moving_stddev": root, "renorm_mean": self.moving_mean_initializer, "renorm_stddev": root}
            added = [self.add_weight(shape, start, name=name, **options) for name, start in starts.items()]
            self.moving_stddev, self.renorm_mean, self.renorm_stddev = added
        self.input_spec: Any = InputSpec(ndim=len(input_shape), axes={self.axis: shape[0]})

    def call(self, inputs: Tensor, training: bool | None = None, mask: Tensor | None = None) -> Tensor:
        if mask is not None and mask.ndim != inputs.ndim - 1:
            raise ValueError(f"A mask needs one axis less than the inputs. Received: {mask.shape}, {inputs.shape}.")
        x = roomy(inputs)
        gamma, beta = _as_dtype(self.gamma, x.dtype), _as_dtype(self.beta, x.dtype)
        if training and self.trainable:
            mean, variance = self._moments(x, mask)
            if self.renorm:
                gamma, beta = self._renormalize(mean, variance, gamma, beta)
            else:
                _move(self.moving_variance, variance, self.momentum)
            _move(self.moving_mean, mean, self.momentum)
        else:
            mean, variance = _as_dtype(self.moving_mean, x.dtype), _as_dtype(self.moving_variance, x.dtype)
        outputs = ops.batch_normalization(x, mean, variance, self.axis, beta, gamma, self.epsilon)
        return ops.convert_to_tensor(outputs, self.compute_dtype)

    def _renormalize(self, mean: Tensor, variance: Tensor, gamma: Any, beta: Any) -> tuple[Any, Any]:
        """Return gamma and beta with the corrections r and d in them, and move all statistics (Ioffe 2017)."""
        deviation, limits = ops.sqrt(variance + self.epsilon), self.renorm_clipping or {}
        past = ops.maximum(_as_dtype(self.renorm_stddev, mean.dtype), self.epsilon**0.5)
        r = ops.stop_gradient(ops.clip(deviation / past, limits.get("rmin", -inf), limits.get("rmax", inf)))
        largest = limits.get("dmax", inf)
        d = ops.stop_gradient(ops.clip((mean - _as_dtype(self.renorm_mean, mean.dtype)) / past, -largest, largest))
        _move(self.renorm_mean, mean, self.renorm_momentum)
        _move(self.renorm_stddev, deviation, self.renorm_momentum)
        self.moving_variance.assign(ops.relu(_move(self.moving_stddev, deviation, self.momentum) ** 2 - self.epsilon))
        offset = d if gamma is None else d * gamma
        return r if gamma is None else r * gamma, offset if beta is None else offset + beta

    def _moments(self, x: Tensor, mask: Tensor | None) -> tuple[Any, Any]:
        """Return mean and variance for each feature, of what a mask does not leave out."""
        axes = [a for a in range(x.ndim) if a != self.axis % x.ndim]
        if mask is None:
            return ops.moments(x, axes)
        mask = ops.broadcast_to(ops.expand_dims(ops.cast(mask, "bool"), -1), x.shape)
        count = ops.sum(ops.cast(mask, x.dtype), axes, keepdims=True) + default_epsilon()
        mean = ops.sum(ops.where(mask, x, 0.0), axes, keepdims=True) / count
        squares = ops.where(mask, ops.square(x - mean), 0.0)
        return ops.squeeze(mean, axes), ops.squeeze(ops.sum(squares, axes, keepdims=True) / count, axes)


def _move(average: Variable, value: Tensor, momentum: float) -> Tensor:
    """Move a moving average towards a value, and return it in the value's dtype."""
    new: Tensor = _as_dtype(average, value.dtype) * momentum + value * (1.0 - momentum)
    average.assign(new)
    return new


class _LayerNormalizationOptions(LayerOptions, total=False):
    """Keyword arguments of LayerNormalization; `rms_scaling` is deprecated."""

    rms_scaling: bool


class LayerNormalization(_Scaling):
    """(x - mean) / sqrt(variance + epsilon) * gamma + beta, statistics of each sample along axes (Ba et al. 2016).

    Args:
        axis: Axis or axes to normalize along, whose sizes are the shape of gamma and beta. A TypeError if they are no
            integers, a ValueError if they do not exist or have an unknown size.
        options: `rms_scaling`, deprecated, divides by the standard deviation without subtracting the mean.

    Example:
        >>> print(LayerNormalization(epsilon=0.0)(np.array([[1.0, 3.0]])))
        Tensor([[-1.  1.]], shape=(1, 2), dtype=float32)
    """

    _further = ("rms_scaling",)
    rms_scaling: bool

    def __init__(self, axis: Axes = -1, epsilon: float = 1e-3, center: bool = True, scale: bool = True,
                 beta_initializer: InitializerLike = "zeros", gamma_initializer: InitializerLike = "ones",
                 beta_regularizer: RegularizerLike = None, gamma_regularizer: RegularizerLike = None,
                 beta_constraint: ConstraintLike = None, gamma_constraint: ConstraintLike = None,
                 **options: Unpack[_LayerNormalizationOptions]) -> None:  # fmt: skip
        if rms_scaling := options.pop("rms_scaling", False):
            warn_user("`rms_scaling=True` is deprecated: it divides by the standard deviation, not by the root mean "
                      "square. Use RMSNormalization instead.")  # fmt: skip
        self._configure(locals())
        self.autocast = False

    def build(self, input_shape: ShapeLike) -> None:
        self.axis: _Axes = sorted(self._axes)
        scale, center = self.scale or self.rms_scaling, self.center and not self.rms_scaling
        self._add_scale(self._sizes(input_shape) if scale or center else (), scale, center)

    def call(self, inputs: Tensor) -> Tensor:
        if not self.rms_scaling:
            outputs = ops.layer_normalization(inputs, self.gamma, self.beta, self.axis, self.epsilon)
        else:
            x, axes = roomy(inputs), [a % inputs.ndim for a in self._axes]
            shape = [n if a in axes else 1 for a, n in enumerate(x.shape)]
            factor = ops.rsqrt(ops.var(x, axes, keepdims=True) + self.epsilon)
            outputs = x * factor * ops.reshape(_as_dtype(self.gamma, x.dtype), shape)
        return ops.convert_to_tensor(outputs, self.compute_dtype)


class GroupNormalization(_Scaling):
    """(x - mean) / sqrt(variance + epsilon) * gamma + beta, of each sample's groups of channels (Wu and He 2018).

    Args:
        groups: Number of groups, -1 for groups of one channel; a ValueError unless it divides the number of channels.
        axis: The axis of the channels.

    Example:
        >>> print(GroupNormalization(groups=2, epsilon=0.0)(np.array([[1.0, 3.0, 5.0, 9.0]])))
        Tensor([[-1.  1. -1.  1.]], shape=(1, 4), dtype=float32)
    """

    axis: _Axis
    groups: int

    def __init__(self, groups: int = 32, axis: int = -1, epsilon: float = 1e-3, center: bool = True, scale: bool = True,
                 beta_initializer: InitializerLike = "zeros", gamma_initializer: InitializerLike = "ones",
                 beta_regularizer: RegularizerLike = None, gamma_regularizer: RegularizerLike = None,
                 beta_constraint: ConstraintLike = None, gamma_constraint: ConstraintLike = None,
                 **options: Unpack[LayerOptions]) -> None:  # fmt: skip
        if not isinstance(groups, int) or (groups <= 0 and groups != -1):
            raise ValueError(f"`groups` must be a positive integer, or -1. Received: groups={groups!r}.")
        self._configure(locals())
        self.autocast = False

    def build(self, input_shape: ShapeLike) -> None:
        (size,) = self._sizes(input_shape)
        self.groups = size if self.groups == -1 else self.groups
        if size % self.groups:
            raise ValueError(f"{self.groups} groups must divide {size} channels. Received: {tuple(input_shape)}.")
        self._add_scale((size,), self.scale, self.center)
        self.input_spec: Any = InputSpec(ndim=len(input_shape), axes={self.axis: size})

    def call(self, inputs: Tensor) -> Tensor:
        shape, axis = inputs.shape, self.axis % inputs.ndim
        channels = (self.groups, shape[axis] // self.groups)
        x = ops.reshape(roomy(inputs), (*shape[:axis], *channels, *shape[axis + 1 :]))
        y = ops.layer_normalization(x, axis=[a for a in range(1, x.ndim) if a != axis], epsilon=self.epsilon)
        sizes = [channels[a - axis] if a in (axis, axis + 1) else 1 for a in range(x.ndim)]  # of gamma and beta
        if self.gamma is not None:
            y = y * ops.reshape(_as_dtype(self.gamma, x.dtype), sizes)
        if self.beta is not None:
            y = y + ops.reshape(_as_dtype(self.beta, x.dtype), sizes)
        y = ops.reshape(y, shape)
        y = ops.cast(y, inputs.dtype) if "float" in inputs.dtype else y  # rounds as Keras, which truncates integers too
        return ops.convert_to_tensor(y, self.compute_dtype)


class RMSNormalization(_AlongAxes):
    """x / sqrt(mean(x * x) + epsilon) * scale, with the mean of each sample along an axis (Zhang and Sennrich 2019).

    Args:
        axis: The axis to normalize along; a ValueError if there is none, or its size is unknown.
        epsilon: Added to the mean square.

    Example:
        >>> print(RMSNormalization(epsilon=0.0)(np.array([[1.0, -1.0]])))
        Tensor([[ 1. -1.]], shape=(1, 2), dtype=float32)
    """

    supports_masking = False  # as in Keras
    scale: Variable
    epsilon: FromZero

    def __init__(self, axis: Axes = -1, epsilon: float = 1e-6, **options: Unpack[LayerOptions]) -> None:
        self._configure(locals())

    def build(self, input_shape: ShapeLike) -> None:
        self.axis: _Axes = sorted(self._axes)
        self.scale = self.add_weight(self._sizes(input_shape), "ones", name="scale")

    def call(self, x: Tensor) -> Tensor:
        return ops.rms_normalization(x, self.scale, self.axis, self.epsilon)


class UnitNormalization(_AlongAxes):
    """x / sqrt(sum(x * x)), with the sum of each sample along axes, so that the length is 1.

    Args:
        axis: Axis or axes to normalize along; a TypeError if they are no integers.

    Example:
        >>> print(UnitNormalization()(np.array([[3.0, 4.0]])))
        Tensor([[0.6 0.8]], shape=(1, 2), dtype=float32)
    """

    _weightless = True

    def __init__(self, axis: Axes = -1, **options: Unpack[LayerOptions]) -> None:
        self._configure(locals())

    def call(self, inputs: Tensor) -> Tensor:
        return ops.normalize(inputs, axis=self.axis, order=2, epsilon=1e-12)


def _as_dtype(x: TensorOps | None, dtype: str) -> Any:
    return x if x is None or x.dtype == dtype else ops.cast(x, dtype)
