"""Layers that scale and shift data to a range that suits networks."""

from collections.abc import Iterable
from typing import Any, Unpack

import numpy as np

from .. import ops
from .._base.nested import inputs_of, leaves
from .._base.settings import epsilon, image_data_format, settings
from .._base.typing import Array, Config, ShapeLike, TensorLike
from .._core.input_spec import InputSpec
from .._core.tensor import Tensor, as_array
from .._core.variable import Variable
from .layer import LayerOptions, SameShape


class Normalization(SameShape):
    """Shifts and scales features to mean 0 and standard deviation 1: (x - mean) / sqrt(variance).

    Args:
        axis: Axes along which each place has its own mean, the last by default; None for one mean of all values.
        mean: The mean, in place of `adapt`.
        variance: The variance, in place of `adapt`; a ValueError without the mean, or if their shapes do not fit.
        invert: Whether to compute the inverse, x * sqrt(variance) + mean.

    Example:
        >>> layer = Normalization()
        >>> layer.adapt(np.array([[1.0], [3.0]]))
        >>> print(layer(np.array([[5.0]])))
        Tensor([[3.]], shape=(1, 1), dtype=float32)
    """

    def __init__(self, axis: "int | tuple[int, ...] | list[int] | None" = -1, mean: TensorLike | None = None,
                 variance: TensorLike | None = None, invert: bool = False,
                 **options: Unpack[LayerOptions]) -> None:  # fmt: skip
        super().__init__(**options)
        self.axis: tuple[int, ...] = () if axis is None else (axis,) if isinstance(axis, int) else tuple(axis)
        if (mean is None) != (variance is None):
            raise ValueError(f"Pass both `mean` and `variance`, or neither. Received: {mean=}, {variance=}.")
        if mean is not None and variance is not None and np.shape(mean) != np.shape(variance):
            raise ValueError(f"`mean` and `variance` need one shape. Received: {np.shape(mean)}, {np.shape(variance)}.")
        if mean is not None and np.ndim(mean) > len(self.axis):
            raise ValueError(f"`mean` has more axes than `axis` names. Received: {np.shape(mean)}, axis={self.axis}.")
        self.input_mean = mean
        self.input_variance = variance
        self.invert = invert
        self.mean: Tensor | None = None
        self.variance: Tensor | None = None

    def build(self, input_shape: ShapeLike) -> None:
        ndim = len(input_shape)
        if any(axis < -ndim or axis >= ndim for axis in self.axis):
            raise ValueError(f"axis={self.axis} is out of range for an input of shape {tuple(input_shape)}.")
        self._keep_axis = tuple(sorted(axis % ndim for axis in self.axis))
        if any(input_shape[axis] is None for axis in self._keep_axis):
            raise ValueError(f"axis={self.axis} must have known sizes. Received: inputs.shape={tuple(input_shape)}.")
        self._reduce_axis = tuple(axis for axis in range(ndim) if axis not in self._keep_axis)
        self.input_spec: Any = InputSpec(axes={axis - ndim: input_shape[axis] for axis in self._keep_axis})
        self._broadcast_shape = tuple((n or 1) if a in self._keep_axis else 1 for a, n in enumerate(input_shape))
        if self.input_mean is None:
            shape = tuple(input_shape[axis] for axis in self._keep_axis)
            self.adapt_mean: Variable = self.add_weight(shape, "zeros", trainable=False, name="mean")
            self.adapt_variance: Variable = self.add_weight(shape, "ones", trainable=False, name="variance")
            self.count: Variable = self.add_weight((), "zeros", dtype=settings.counts, trainable=False, name="count")
        self.finalize_state()

    def _spread(self, value: TensorLike) -> Tensor:
        array = as_array(value, self.compute_dtype)
        sizes = dict(zip(self._keep_axis[::-1], array.shape[::-1], strict=False))
        array = array.reshape([sizes.get(axis, 1) for axis in range(len(self._broadcast_shape))])
        return Tensor(np.broadcast_to(array, self._broadcast_shape))

    def adapt(self, data: "TensorLike | Iterable[Any]") -> None:
        """Learn mean and variance from data; a ValueError if there is no data, or if its shape does not fit.

        Args:
            data: An array, or an iterable of batches (or of tuples that begin with one); a TypeError for others.
        """
        if self.input_mean is not None:
            raise ValueError(f"Cannot adapt layer '{self.name}', which was given its mean and variance.")
        if isinstance(data, list | tuple) and not any(hasattr(batch, "shape") for batch in leaves(data)):
            data = as_array(data)
        if not hasattr(data, "__array__") and not isinstance(data, Iterable):
            raise TypeError(f"`adapt` takes an array or an iterable of batches. Received: {type(data).__name__}.")
        batches: Any = [data] if hasattr(data, "__array__") else data
        count, mean, variance = 0, np.zeros(()), np.zeros(())
        for item in batches:
            batch = as_array(inputs_of(item))
            self._check_batch(batch)
            dtype = "float32" if batch.dtype.itemsize < 4 and batch.dtype.kind in "fV" else None  # V is of ml_dtypes
            size = batch.size // max(1, int(np.prod([batch.shape[axis] for axis in self._keep_axis])))
            batch_mean, batch_variance = (f(batch, self._reduce_axis, dtype) for f in (np.mean, np.var))
            # The variance of two groups is that within each, and that of their means (Chan et al. 1979).
            share = size / (count + size)
            merged = mean * (1 - share) + batch_mean * share
            variance = (variance + (mean - merged) ** 2) * (1 - share)
            variance = variance + (batch_variance + (batch_mean - merged) ** 2) * share
            count, mean = count + size, merged
        if not count:
            raise ValueError(f"adapt() of layer '{self.name}' received no data. Expected at least one row.")
        self.adapt_mean.assign(mean)
        self.adapt_variance.assign(variance)
        self.finalize_state()

    def _check_batch(self, batch: Array) -> None:
        if not batch.size:
            raise ValueError(f"adapt() of layer '{self.name}' received an empty array of shape {batch.shape}.")
        if batch.dtype.kind in "OUS":
            raise ValueError(f"adapt() of layer '{self.name}' needs numbers. Received dtype {batch.dtype}.")
        if not self.built:
            self.build(batch.shape)
        built = self._build_shapes["input_shape"]
        if batch.ndim != len(built) or any(batch.shape[axis] != built[axis] for axis in self._keep_axis):
            raise ValueError(f"Layer '{self.name}' was built with input_shape={built}, but adapt() is being called "
                             f"with data of an incompatible shape, {batch.shape}.")  # fmt: skip

    def finalize_state(self) -> None:
        """Compute `mean` and `variance`, in a shape that broadcasts to inputs, from the weights."""
        if "_broadcast_shape" in vars(self):  # `build` sets it
            self.mean = self._spread(self.adapt_mean if self.input_mean is None else self.input_mean)
            self.variance = self._spread(self.adapt_variance if self.input_variance is None else self.input_variance)

    def set_weights(self, weights: Any) -> None:
        super().set_weights(weights)
        self.finalize_state()

    def call(self, inputs: Tensor) -> Tensor:
        if self.mean is None or self.variance is None:
            raise ValueError(f"Layer '{self.name}' has no statistics. Call adapt() or build() first.")
        inputs = ops.cast(inputs, self.compute_dtype)
        scale = ops.maximum(ops.sqrt(self.variance), epsilon())
        return self.mean + inputs * scale if self.invert else (inputs - self.mean) / scale

    def get_config(self) -> Config:
        moments = {"mean": self.input_mean, "variance": self.input_variance}
        written = {key: None if x is None else np.array(x).tolist() for key, x in moments.items()}
        return {**super().get_config(), "axis": self.axis, "invert": self.invert, **written}


class Rescaling(SameShape):
    """Returns inputs * scale + offset.

    Args:
        scale: Factor.
        offset: Added after the factor.

    Example:
        >>> print(Rescaling(1 / 255)(np.array([0, 255])))
        Tensor([0. 1.], shape=(2,), dtype=float32)
    """

    _weightless = False  # as in Keras
    scale: TensorLike
    offset: TensorLike

    def __init__(self, scale: TensorLike, offset: TensorLike = 0.0, **options: Unpack[LayerOptions]) -> None:
        self._configure(locals())

    def call(self, inputs: Tensor) -> Tensor:
        scale = as_array(self.scale, self.compute_dtype)
        if scale.ndim and image_data_format() == "channels_first":
            scale = scale.reshape(scale.shape + (1,) * (3 - scale.ndim))
        return ops.cast(inputs, self.compute_dtype) * scale + as_array(self.offset, self.compute_dtype)

    def get_config(self) -> Config:
        config = super().get_config()
        return {key: value.tolist() if isinstance(value, np.ndarray) else value for key, value in config.items()}
