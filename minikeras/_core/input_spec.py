"""What a layer demands of its inputs, and the check of it."""

from collections.abc import Mapping
from typing import Any

from .._base.nested import leaves
from .._base.typing import Config, PartialShape, ShapeLike
from .tensor import TensorOps


class InputSpec:
    """Rank, shape, dtype and sizes of axes that an input must have; None leaves one open.

    Args:
        dtype: Name of the dtype.
        shape: Full shape, None for axes of any size.
        ndim: Number of axes.
        max_ndim: Largest number of axes.
        min_ndim: Smallest number of axes.
        axes: Axis -> size.
        allow_last_axis_squeeze: Whether a last axis of size 1 may be missing or surplus.
        name: Key of the input in a dict of inputs.
        optional: Whether None may stand in for the input.

    Example:
        >>> InputSpec(min_ndim=2, axes={-1: 3})
        InputSpec(min_ndim=2, axes={-1: 3})
    """

    def __init__(self, dtype: str | None = None, shape: ShapeLike | None = None, ndim: int | None = None,
                 max_ndim: int | None = None, min_ndim: int | None = None, axes: Mapping[int, int | None] | None = None,
                 allow_last_axis_squeeze: bool = False, name: str | None = None,
                 optional: bool = False) -> None:  # fmt: skip
        self.dtype = dtype
        self.shape: PartialShape | None = None if shape is None else tuple(shape)
        self.ndim: int | None = len(shape) if shape is not None else ndim
        self.max_ndim = max_ndim
        self.min_ndim = min_ndim
        self.axes: dict[int, int | None] = {int(axis): size for axis, size in (axes or {}).items()}
        self.allow_last_axis_squeeze = allow_last_axis_squeeze
        self.optional = optional
        self.name = name
        limit = self.ndim or self.max_ndim
        if self.axes and limit is not None and max(self.axes) >= limit:
            raise ValueError(f"Axis {max(self.axes)} is greater than the maximum allowed value: {limit - 1}.")

    def get_config(self) -> Config:
        """Return the arguments that make an equal spec."""
        keys = ("dtype", "shape", "ndim", "max_ndim", "min_ndim", "axes", "optional")
        return {key: getattr(self, key) for key in keys}

    @classmethod
    def from_config(cls, config: Config) -> "InputSpec":
        """Return the spec of a configuration."""
        return cls(**config)

    def __repr__(self) -> str:
        keys = ("dtype", "shape", "ndim", "max_ndim", "min_ndim", "axes")
        return f"InputSpec({', '.join(f'{key}={getattr(self, key)}' for key in keys if getattr(self, key))})"

    def mismatch(self, shape: PartialShape, dtype: str) -> str | None:
        """Return what is wrong with an input, None if nothing is."""
        ndim = len(shape)
        if self.ndim is not None and not self.allow_last_axis_squeeze and ndim != self.ndim:
            return f"expected ndim={self.ndim}, found ndim={ndim}"
        if self.max_ndim is not None and ndim > self.max_ndim:
            return f"expected max_ndim={self.max_ndim}, found ndim={ndim}"
        if self.min_ndim is not None and ndim < self.min_ndim:
            return f"expected min_ndim={self.min_ndim}, found ndim={ndim}"
        if self.dtype is not None and dtype != self.dtype:
            return f"expected dtype={self.dtype}, found dtype={dtype}"
        for axis, size in self.axes.items():
            if size is not None and shape[axis] not in (size, None):
                return f"expected axis {axis} of input shape to have value {size}, found {shape[axis]}"
        if self.shape is not None:
            expected = self.shape
            if self.allow_last_axis_squeeze:
                shape = shape[:-1] if shape and shape[-1] == 1 else shape
                expected = expected[:-1] if expected and expected[-1] == 1 else expected
            if any(m is not None and n is not None and m != n for m, n in zip(expected, shape, strict=False)):
                return f"expected shape={self.shape}, found shape={shape}"
        return None


def assert_input_compatibility(input_spec: Any, inputs: Any, layer_name: str, advice: str = "") -> None:
    """Check inputs against a spec or a list of specs. Raises a ValueError, with the advice if the rank is wrong."""
    specs = input_spec if isinstance(input_spec, list | tuple) else [input_spec]
    if isinstance(inputs, dict):
        missing = [spec.name for spec in specs if spec.name not in inputs]
        if missing:
            raise ValueError(f"Missing data for input {missing[0]!r} of layer '{layer_name}'. Expected a dict with the "
                             f"keys {[spec.name for spec in specs]}. Received: {list(inputs)}.")  # fmt: skip
        inputs = [inputs[spec.name] for spec in specs]
    tensors = leaves(inputs)
    if len(tensors) != len(specs):
        raise ValueError(f"Layer '{layer_name}' expects {len(specs)} input(s), but received {len(tensors)} tensors.")
    for index, (x, spec) in enumerate(zip(tensors, specs, strict=True)):
        if spec is None or (x is None and spec.optional):
            continue
        if not isinstance(x, TensorOps):
            raise ValueError(f"Inputs to a layer should be tensors. Got {x!r} (of type {type(x).__name__}) as input "
                             f"for layer '{layer_name}'.")  # fmt: skip
        wrong = spec.mismatch(x.shape, x.dtype)
        if wrong:
            raise ValueError(f"Input {index} of layer '{layer_name}' is incompatible with the layer: {wrong}. "
                             f"Full shape received: {x.shape}.{advice if 'ndim' in wrong else ''}")  # fmt: skip
