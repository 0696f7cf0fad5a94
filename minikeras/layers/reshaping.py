"""Layers that rearrange their input."""

from math import prod
from typing import Any, Unpack

import numpy as np

from .. import _state, ops
from .._typing import DataFormat, PartialShape, ShapeLike
from ..input_spec import InputSpec
from ..symbolic import KerasTensor
from ..tensor import Tensor
from .base import Layer, LayerOptions, register


class _Reshaping(Layer):
    """A layer whose output has its input's dtype and another shape."""

    def compute_output_spec(self, *args: Any, **kwargs: Any) -> Any:
        """Return the output for a symbolic input."""
        return KerasTensor(self.compute_output_shape(args[0].shape), args[0].dtype)


@register
class Flatten(_Reshaping):
    """Makes each sample a vector.

    Args:
        data_format: Where the channels are; "channels_first" moves them last before flattening.
        options: `name`, `trainable`, `dtype` and so on.

    Input shape:  (batch, ...).
    Output shape: (batch, product of the other sizes).

    Example:
        >>> import numpy as np
        >>> Flatten()(np.ones((2, 3, 4))).shape
        (2, 12)
    """

    _arguments = ("data_format",)

    def __init__(self, data_format: DataFormat | None = None, **options: Unpack[LayerOptions]) -> None:
        super().__init__(**options)
        self.data_format = _state.standardize_data_format(data_format)
        self.input_spec = InputSpec(min_ndim=1)

    def call(self, inputs: Tensor) -> Tensor:
        """Return the flattened samples."""
        if self.data_format == "channels_first" and inputs.ndim > 1:
            inputs = ops.transpose(inputs, (0, *range(2, inputs.ndim), 1))
        return ops.reshape(inputs, (inputs.shape[0], prod(inputs.shape[1:])))

    def compute_output_shape(self, input_shape: ShapeLike) -> PartialShape:
        """Return (batch, product of the other sizes)."""
        sizes = input_shape[1:]
        return (input_shape[0], None if None in sizes else prod(n for n in sizes if n is not None))


@register
class Reshape(_Reshaping):
    """Gives each sample another shape.

    Args:
        target_shape: Shape of a sample; one size may be -1 and is then inferred.
        options: `name`, `trainable`, `dtype` and so on.

    Raises:
        ValueError: if the sizes do not fit.

    Example:
        >>> import numpy as np
        >>> Reshape((2, -1))(np.ones((1, 6))).shape
        (1, 2, 3)
    """

    _arguments = ("target_shape",)

    def __init__(self, target_shape: ShapeLike, **options: Unpack[LayerOptions]) -> None:
        super().__init__(**options)
        shape = tuple(target_shape)
        if any(n is not None and n < -1 for n in shape) or shape.count(-1) > 1:
            raise ValueError(
                "Reshape needs sizes of at least 0, or -1 for at most one unknown size. "
                f"Received: target_shape={shape}."
            )
        self.target_shape = shape
        self.built = True

    def call(self, inputs: Tensor) -> Tensor:
        """Return the reshaped samples."""
        shape = self.compute_output_shape(inputs.shape)
        return ops.reshape(inputs, (inputs.shape[0], *[-1 if n is None else n for n in shape[1:]]))

    def compute_output_shape(self, input_shape: ShapeLike) -> PartialShape:
        """Return (batch, *target_shape) with -1 resolved where the input's sizes are known."""
        sizes = tuple(input_shape[1:])
        known = prod(n for n in self.target_shape if n is not None and n != -1)
        if None in sizes:
            return (input_shape[0], *[None if n == -1 else n for n in self.target_shape])
        total = prod(n for n in sizes if n is not None)
        if -1 in self.target_shape:
            fits = known != 0 and total % known == 0
        else:
            fits = total == known or None in self.target_shape
        if not fits:
            raise ValueError(
                f"The total size of the tensor must be unchanged. Received: input_shape={sizes}, "
                f"target_shape={self.target_shape}."
            )
        return (input_shape[0], *[total // known if n == -1 else n for n in self.target_shape])


@register
class Permute(_Reshaping):
    """Reorders the axes of each sample.

    Args:
        dims: The axes in their new order; 1 is the first after the batch.
        options: `name`, `trainable`, `dtype` and so on.

    Raises:
        ValueError: if `dims` is not a permutation of 1, 2, ...

    Example:
        >>> import numpy as np
        >>> Permute((2, 1))(np.ones((1, 3, 4))).shape
        (1, 4, 3)
    """

    _arguments = ("dims",)

    def __init__(self, dims: "tuple[int, ...] | list[int]", **options: Unpack[LayerOptions]) -> None:
        super().__init__(**options)
        self.dims: tuple[int, ...] = tuple(dims)
        if sorted(self.dims) != list(range(1, len(self.dims) + 1)):
            raise ValueError(
                f"Permute needs each of the axes 1 to {len(self.dims)} once in `dims`. Received: dims={self.dims}."
            )
        self.input_spec = InputSpec(ndim=len(self.dims) + 1)

    def call(self, inputs: Tensor) -> Tensor:
        """Return the samples with their axes reordered."""
        return ops.transpose(inputs, (0, *self.dims))

    def compute_output_shape(self, input_shape: ShapeLike) -> PartialShape:
        """Return the sizes in their new order."""
        return (input_shape[0], *[input_shape[axis] for axis in self.dims])


@register
class RepeatVector(_Reshaping):
    """Repeats each vector n times.

    Args:
        n: How often.
        options: `name`, `trainable`, `dtype` and so on.

    Input shape:  (batch, features).
    Output shape: (batch, n, features).

    Raises:
        TypeError: if n is no integer.
        ValueError: if n is not positive.

    Example:
        >>> import numpy as np
        >>> RepeatVector(3)(np.ones((1, 2))).shape
        (1, 3, 2)
    """

    _arguments = ("n",)

    def __init__(self, n: int, **options: Unpack[LayerOptions]) -> None:
        super().__init__(**options)
        if not isinstance(n, int | np.integer) or isinstance(n, bool):
            raise TypeError(f"RepeatVector needs an integer for `n`. Received: n={n!r}.")
        if n <= 0:
            raise ValueError(f"RepeatVector needs a positive integer for `n`. Received: n={n}.")
        self.n: int = int(n)
        self.input_spec = InputSpec(ndim=2)

    def call(self, inputs: Tensor) -> Tensor:
        """Return the repeated vectors."""
        return ops.repeat(ops.expand_dims(inputs, 1), self.n, axis=1)

    def compute_output_shape(self, input_shape: ShapeLike) -> PartialShape:
        """Return (batch, n, features)."""
        return (input_shape[0], self.n, input_shape[1])
