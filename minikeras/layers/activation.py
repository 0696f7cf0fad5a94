"""Activations as layers."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Unpack, cast

import numpy as np

from .. import activations, ops
from .._base.checks import FromZero
from .._base.nested import only
from .._base.typing import ShapeLike, TensorLike
from .._base.user_warning import warn_user
from .._core.input_spec import InputSpec
from .._core.tensor import Tensor
from .._core.variable import Variable
from .core import ActivationLike, ConstraintLike
from .layer import InitializerLike, Layer, LayerOptions, RegularizerLike, SameShape


class Activation(SameShape):
    """Layer that applies an activation to inputs of any shape.

    Args:
        activation: Name or function.

    Example:
        >>> print(Activation("relu")(np.array([-1.0, 2.0])))
        Tensor([0. 2.], shape=(2,), dtype=float32)
    """

    _weightless = False  # until it has its activation, which may be a layer
    activation: Callable[..., Any]

    def __init__(self, activation: ActivationLike | Layer, **options: Unpack[LayerOptions]) -> None:
        self._configure(locals())
        self.built: bool = type(self).build is Layer.build

    def call(self, inputs: Tensor) -> Tensor:
        return cast(Tensor, self.activation(inputs))


class ReLU(SameShape):
    """Rectified linear unit: x above the threshold, negative_slope * (x - threshold) below, at most max_value.

    A ValueError if one of the arguments is negative.

    Example:
        >>> print(ReLU(max_value=1.0)(np.array([-1.0, 0.5, 2.0])))
        Tensor([0.  0.5 1. ], shape=(3,), dtype=float32)
    """

    _function = staticmethod(activations.relu)  # whose docstring explains the arguments
    max_value: FromZero | None
    negative_slope: FromZero
    threshold: FromZero

    def __init__(self, max_value: float | None = None, negative_slope: float = 0.0, threshold: float = 0.0,
                 **options: Unpack[LayerOptions]) -> None:  # fmt: skip
        self._configure(locals())

    def call(self, inputs: Tensor) -> Tensor:
        return activations.relu(inputs, self.negative_slope, self.max_value, self.threshold)


class LeakyReLU(SameShape):
    """x where positive, negative_slope * x elsewhere; a ValueError if the slope is negative.

    Args:
        negative_slope: Slope for negative inputs.

    Example:
        >>> print(LeakyReLU(0.5)(np.array([-1.0, 2.0])))
        Tensor([-0.5  2. ], shape=(2,), dtype=float32)
    """

    negative_slope: FromZero

    def __init__(self, negative_slope: float = 0.3, **options: Unpack[LayerOptions]) -> None:
        if "alpha" in options:
            warn_user("Argument `alpha` is deprecated. Use `negative_slope` instead.")
            negative_slope = cast(Any, options).pop("alpha")
        self._configure(locals())

    def call(self, inputs: Tensor) -> Tensor:
        return activations.leaky_relu(inputs, self.negative_slope)


class PReLU(SameShape):
    """x where positive, alpha * x elsewhere, with a weight alpha for each position of a sample (He et al. 2015).

    Args:
        alpha_initializer: What fills alpha.
        alpha_regularizer: Penalty on alpha.
        alpha_constraint: Projection of alpha.
        shared_axes: Axes (1 is the first after the batch) along which one alpha serves all.

    Example:
        >>> print(PReLU("ones")(np.array([[-1.0, 2.0]])))
        Tensor([[-1.  2.]], shape=(1, 2), dtype=float32)
    """

    alpha: Variable
    alpha_initializer: Callable[..., Any]
    alpha_regularizer: Callable[..., Any] | None
    alpha_constraint: Callable[..., Any] | None

    def __init__(self, alpha_initializer: InitializerLike = "Zeros", alpha_regularizer: RegularizerLike = None,
                 alpha_constraint: ConstraintLike = None, shared_axes: int | list[int] | tuple[int, ...] | None = None,
                 **options: Unpack[LayerOptions]) -> None:  # fmt: skip
        self._configure(locals())
        self.shared_axes: list[int] | None = None if shared_axes is None else np.atleast_1d(shared_axes).tolist()

    def build(self, input_shape: ShapeLike) -> None:
        shape, shared = list(input_shape[1:]), self.shared_axes or ()
        for axis in shared:
            shape[axis - 1] = 1
        self.alpha = self._configured_weight("alpha", shape)
        axes = {axis: n for axis, n in enumerate(input_shape) if axis and shared and axis not in shared}
        self.input_spec: Any = InputSpec(ndim=len(input_shape), axes=axes)

    def call(self, inputs: Tensor) -> Tensor:
        return ops.relu(inputs) - self.alpha * ops.relu(-inputs)


class ELU(SameShape):
    """x where positive, alpha * (exp(x) - 1) elsewhere (Clevert et al. 2016).

    Args:
        alpha: Limit for very negative inputs, negated.

    Example:
        >>> print(ELU()(np.array([-1e4, 2.0])))
        Tensor([-1.  2.], shape=(2,), dtype=float32)
    """

    alpha: float

    def __init__(self, alpha: float = 1.0, **options: Unpack[LayerOptions]) -> None:
        self._configure(locals())

    def call(self, inputs: Tensor) -> Tensor:
        return activations.elu(inputs, self.alpha)


class Softmax(SameShape):
    """exp(x) / sum(exp(x)) along an axis.

    Args:
        axis: The axis, or several.

    Example:
        >>> print(Softmax()(np.array([[0.0, 0.0]])))
        Tensor([[0.5 0.5]], shape=(1, 2), dtype=float32)
    """

    axis: int | list[int] | tuple[int, ...]

    def __init__(self, axis: int | list[int] | tuple[int, ...] = -1, **options: Unpack[LayerOptions]) -> None:
        self._configure(locals())

    def _rowwise(self) -> bool:
        return self.axis in (-1, [-1], (-1,))

    def call(self, inputs: Tensor, mask: TensorLike | None = None) -> Tensor:
        """Return the softmax, 0 where `mask` is False; a ValueError if that cannot be broadcast to the inputs."""
        if mask is not None:
            keep = ops.convert_to_tensor(mask)
            fits = [m in (1, n) for m, n in zip(keep.shape[::-1], inputs.shape[::-1], strict=False)]
            if keep.ndim > inputs.ndim or not all(fits):
                raise ValueError(f"A mask must broadcast to the inputs. Received shapes: {keep.shape}, {inputs.shape}.")
            keep = keep if keep.dtype == "bool" else keep > 0.5
            inputs = ops.where(keep, inputs, -3e4 if inputs.dtype == "float16" else -1e9)
        outputs = activations.softmax(inputs, self.axis if isinstance(self.axis, int) else only(tuple(self.axis)))
        return outputs if mask is None else ops.where(keep, outputs, 0.0)
