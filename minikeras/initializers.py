"""First values of weights, and their names.

Each initializer is a callable object: `initializer(shape, dtype)` gives a tensor. A random one without a seed
takes one from Python's `random` when it is made, and gives the same values at every call.

Example:
    >>> from minikeras import initializers
    >>> print(initializers.get("ones")((2,)))
    Tensor([1. 1.], shape=(2,), dtype=float32)
"""

import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Literal, Self, TypeAlias, cast, overload

import numpy as np

from . import _state
from . import registry as _registry
from ._typing import Array, Config, CustomObjects, DTypeLike, InitializerName, Shape, TensorLike
from .random import SeedGenerator, SeedLike, draw_normal, draw_truncated_normal, draw_uniform
from .tensor import Tensor, TensorOps, as_array

Mode: TypeAlias = Literal["fan_in", "fan_out", "fan_avg"]
Distribution: TypeAlias = Literal["uniform", "normal", "truncated_normal", "untruncated_normal"]
Axes: TypeAlias = Sequence[int] | None


class Initializer:
    """Base of all initializers: subclass it with `__call__`, and `get_config` for `__init__` arguments.

    Example:
        >>> class Sevens(Initializer):
        ...     def __call__(self, shape, dtype=None):
        ...         return Constant(7.0)(shape, dtype)
        >>> print(Sevens()((2,)))
        Tensor([7. 7.], shape=(2,), dtype=float32)
    """

    def __call__(self, shape: Sequence[int], dtype: DTypeLike | None = None) -> Any:
        """Return a tensor (or an array) of this shape and dtype."""
        raise NotImplementedError("An initializer must have its own `__call__(shape, dtype=None)`.")

    def get_config(self) -> Config:
        """Return the arguments that make an initializer like this one."""
        return {}

    @classmethod
    def from_config(cls, config: Config) -> Self:
        """Return the initializer of a configuration."""
        return cls(**config)

    def clone(self) -> Self:
        """Return a new initializer of the same configuration; without a seed it draws another one."""
        return type(self).from_config(self.get_config())


def _size(shape: Sequence[int]) -> Shape:
    return tuple(shape) if isinstance(shape, Sequence) else (shape,)


class Zeros(Initializer):
    """All zeros.

    Example:
        >>> print(Zeros()((2,)))
        Tensor([0. 0.], shape=(2,), dtype=float32)
    """

    def __call__(self, shape: Sequence[int], dtype: DTypeLike | None = None) -> Tensor:
        """Return zeros of a shape."""
        return Tensor(np.zeros(_size(shape), _state.standardize_dtype(dtype)))


class Ones(Initializer):
    """All ones.

    Example:
        >>> print(Ones()((2,)))
        Tensor([1. 1.], shape=(2,), dtype=float32)
    """

    def __call__(self, shape: Sequence[int], dtype: DTypeLike | None = None) -> Tensor:
        """Return ones of a shape."""
        return Tensor(np.ones(_size(shape), _state.standardize_dtype(dtype)))


class Constant(Initializer):
    """A number everywhere, or a given array.

    Args:
        value: A number, or an array that broadcasts to the shape asked for.

    Example:
        >>> print(Constant(0.5)((2,)))
        Tensor([0.5 0.5], shape=(2,), dtype=float32)
    """

    def __init__(self, value: TensorLike = 0.0) -> None:
        self.value = value

    def __call__(self, shape: Sequence[int], dtype: DTypeLike | None = None) -> Tensor:
        """Return the value in a shape."""
        value = as_array(self.value, _state.standardize_dtype(dtype))
        return Tensor(np.broadcast_to(value, _size(shape)).copy())

    def get_config(self) -> Config:
        """Return the arguments that make an initializer like this one."""
        value = as_array(self.value) if isinstance(self.value, TensorOps) else self.value
        return {"value": _registry.serialize(value)}

    @classmethod
    def from_config(cls, config: Config) -> Self:
        """Return the initializer of a configuration."""
        return cls(**_registry.deserialize(dict(config)))


class Identity(Initializer):
    """The identity matrix, times a number.

    Args:
        gain: The number.

    Raises:
        ValueError: when called, if the shape does not have two axes.

    Example:
        >>> print(Identity(2.0)((2, 2)))
        Tensor(
        [[2. 0.]
         [0. 2.]], shape=(2, 2), dtype=float32)
    """

    def __init__(self, gain: float = 1.0) -> None:
        self.gain = gain

    def __call__(self, shape: Sequence[int], dtype: DTypeLike | None = None) -> Tensor:
        """Return the matrix of a shape."""
        if len(shape) != 2:
            raise ValueError(
                "Identity matrix initializer can only be used for 2D matrices. "
                f"Received: shape={shape} of rank {len(shape)}."
            )
        return Tensor(self.gain * np.eye(shape[0], shape[1], dtype=_state.standardize_dtype(dtype)))

    def get_config(self) -> Config:
        """Return the arguments that make an initializer like this one."""
        return {} if self.gain == 1 else {"gain": self.gain}  # Keras forgets the gain


class _Random(Initializer):
    """An initializer with a seed.

    Args:
        seed: An integer or a `SeedGenerator` (which gives new values at every call); drawn if not given.
    """

    def __init__(self, seed: SeedLike | Config = None) -> None:
        self._init_seed = seed
        if seed is None:
            seed = _state.make_default_seed()
        elif isinstance(seed, Mapping):
            seed = cast(SeedGenerator, _registry.deserialize(seed))
        elif not isinstance(seed, int | SeedGenerator):
            raise ValueError(
                "`seed` argument should be an instance of `keras.random.SeedGenerator()` or an integer. "
                f"Received: seed={seed}"
            )
        self.seed = seed

    def get_config(self) -> Config:
        """Return the arguments that make an initializer like this one."""
        return {"seed": _registry.serialize(self._init_seed)}


class RandomNormal(_Random):
    """Numbers of a normal distribution.

    Args:
        mean, stddev: Of the distribution.
        seed: An integer or a `SeedGenerator`; drawn if not given.

    Example:
        >>> RandomNormal(stddev=1.0, seed=1)((2, 3)).shape
        (2, 3)
    """

    def __init__(self, mean: float = 0.0, stddev: float = 0.05, seed: SeedLike | Config = None) -> None:
        self.mean = mean
        self.stddev = stddev
        super().__init__(seed)

    def __call__(self, shape: Sequence[int], dtype: DTypeLike | None = None) -> Tensor:
        """Return numbers in a shape."""
        return Tensor(draw_normal(shape, self.mean, self.stddev, dtype, self.seed))

    def get_config(self) -> Config:
        """Return the arguments that make an initializer like this one."""
        return {**super().get_config(), "mean": self.mean, "stddev": self.stddev}


class TruncatedNormal(_Random):
    """Numbers of a normal distribution, those farther than two standard deviations from the mean drawn again.

    Args:
        mean, stddev: Of the distribution before it is truncated.
        seed: An integer or a `SeedGenerator`; drawn if not given.

    Example:
        >>> TruncatedNormal(seed=1)((2, 3)).shape
        (2, 3)
    """

    def __init__(self, mean: float = 0.0, stddev: float = 0.05, seed: SeedLike | Config = None) -> None:
        self.mean = mean
        self.stddev = stddev
        super().__init__(seed)

    def __call__(self, shape: Sequence[int], dtype: DTypeLike | None = None) -> Tensor:
        """Return numbers in a shape."""
        return Tensor(draw_truncated_normal(shape, self.mean, self.stddev, dtype, self.seed))

    def get_config(self) -> Config:
        """Return the arguments that make an initializer like this one."""
        return {**super().get_config(), "mean": self.mean, "stddev": self.stddev}


class RandomUniform(_Random):
    """Numbers between two limits, all equally likely.

    Args:
        minval, maxval: The limits.
        seed: An integer or a `SeedGenerator`; drawn if not given.

    Example:
        >>> RandomUniform(seed=1)((2, 3)).shape
        (2, 3)
    """

    def __init__(self, minval: float = -0.05, maxval: float = 0.05, seed: SeedLike | Config = None) -> None:
        self.minval = minval
        self.maxval = maxval
        super().__init__(seed)

    def __call__(self, shape: Sequence[int], dtype: DTypeLike | None = None) -> Tensor:
        """Return numbers in a shape."""
        return Tensor(draw_uniform(shape, self.minval, self.maxval, dtype, self.seed))

    def get_config(self) -> Config:
        """Return the arguments that make an initializer like this one."""
        return {**super().get_config(), "minval": self.minval, "maxval": self.maxval}


def compute_fans(shape: Sequence[int], input_axes: Axes = None, output_axes: Axes = None) -> tuple[int, int]:
    """Return how many inputs an output of a kernel depends on, and how many outputs depend on an input.

    Args:
        shape: Of the kernel, (..., inputs, outputs); the axes before are those of a window.
        input_axes, output_axes: Axes whose sizes make up the two numbers, if both are given.

    Example:
        >>> compute_fans((3, 3, 4, 8))
        (36, 72)
    """
    if input_axes is not None and output_axes is not None:
        return math.prod(shape[i] for i in input_axes), math.prod(shape[i] for i in output_axes)
    if len(shape) < 2:
        return (int(shape[0]), int(shape[0])) if shape else (1, 1)
    window = math.prod(shape[:-2])
    return int(shape[-2] * window), int(shape[-1] * window)


class VarianceScaling(_Random):
    """Numbers whose variance is scale / n, n being a number of inputs or outputs of the kernel.

    Args:
        scale: A positive number.
        mode: What n is: the inputs ("fan_in"), the outputs ("fan_out"), or their mean ("fan_avg").
        distribution: "truncated_normal" (or "normal"), "untruncated_normal" or "uniform".
        seed: An integer or a `SeedGenerator`; drawn if not given.
        input_axes, output_axes: Which axes count as inputs and outputs, as for `compute_fans`.

    Raises:
        ValueError: if `scale` is not positive, or for an unknown mode or distribution.

    Source: He et al. 2015, section 2.2.

    Example:
        >>> VarianceScaling(scale=2.0, seed=1)((2, 3)).shape
        (2, 3)
    """

    def __init__(
        self,
        scale: float = 1.0,
        mode: Mode = "fan_in",
        distribution: Distribution = "truncated_normal",
        seed: SeedLike | Config = None,
        input_axes: Axes = None,
        output_axes: Axes = None,
    ) -> None:
        if scale <= 0:
            raise ValueError(f"Argument `scale` must be positive float. Received: scale={scale}")
        _check("mode", mode, ("fan_in", "fan_out", "fan_avg"))
        law = "truncated_normal" if distribution.lower() == "normal" else distribution.lower()
        _check("distribution", law, ("uniform", "truncated_normal", "untruncated_normal"))
        self.scale = scale
        self.mode = mode
        self.distribution = law
        self.input_axes = input_axes
        self.output_axes = output_axes
        super().__init__(seed)

    def __call__(self, shape: Sequence[int], dtype: DTypeLike | None = None) -> Tensor:
        """Return numbers in a shape."""
        fan_in, fan_out = compute_fans(shape, self.input_axes, self.output_axes)
        fan = {"fan_in": fan_in, "fan_out": fan_out, "fan_avg": (fan_in + fan_out) / 2.0}[self.mode]
        variance = self.scale / max(1.0, fan)
        if self.distribution == "uniform":
            limit = math.sqrt(3.0 * variance)
            return Tensor(draw_uniform(shape, -limit, limit, dtype, self.seed))
        if self.distribution == "untruncated_normal":
            return Tensor(draw_normal(shape, 0.0, math.sqrt(variance), dtype, self.seed))
        stddev = math.sqrt(variance) / 0.87962566103423978  # what truncation at 2 leaves of a standard deviation of 1
        return Tensor(draw_truncated_normal(shape, 0.0, stddev, dtype, self.seed))

    def get_config(self) -> Config:
        """Return the arguments that make an initializer like this one."""
        return {
            **super().get_config(),
            "scale": self.scale,
            "mode": self.mode,
            "distribution": self.distribution,
            "input_axes": self.input_axes,
            "output_axes": self.output_axes,
        }


def _check(name: str, value: str, allowed: tuple[str, ...]) -> None:
    if value not in allowed:
        raise ValueError(f"Invalid `{name}` argument: {value!r}. Expected one of {allowed}.")


class _Preset(VarianceScaling):
    """Variance scaling with everything chosen but the seed and the axes."""

    _choice: tuple[float, Mode, Distribution]

    def __init__(self, seed: SeedLike | Config = None, input_axes: Axes = None, output_axes: Axes = None) -> None:
        super().__init__(*self._choice, seed, input_axes, output_axes)

    def get_config(self) -> Config:
        """Return the arguments that make an initializer like this one."""
        config = super().get_config()
        return {name: config[name] for name in ("seed", "input_axes", "output_axes")}


class GlorotUniform(_Preset):
    """Numbers from -limit to limit, limit = sqrt(6 / (inputs + outputs)): what most layers use.

    Args:
        seed: An integer or a `SeedGenerator`; drawn if not given.
        input_axes, output_axes: Which axes count as inputs and outputs, as for `compute_fans`.

    Source: Glorot and Bengio 2010.

    Example:
        >>> bool(abs(GlorotUniform(seed=1)((2, 4)).numpy()).max() <= 1)
        True
    """

    _choice = (1.0, "fan_avg", "uniform")


class GlorotNormal(_Preset):
    """Truncated normal numbers of standard deviation sqrt(2 / (inputs + outputs)).

    Args:
        seed: An integer or a `SeedGenerator`; drawn if not given.
        input_axes, output_axes: Which axes count as inputs and outputs, as for `compute_fans`.

    Source: Glorot and Bengio 2010.

    Example:
        >>> GlorotNormal(seed=1)((2, 3)).shape
        (2, 3)
    """

    _choice = (1.0, "fan_avg", "truncated_normal")


class LecunUniform(_Preset):
    """Numbers from -limit to limit, limit = sqrt(3 / inputs).

    Args:
        seed: An integer or a `SeedGenerator`; drawn if not given.
        input_axes, output_axes: Which axes count as inputs and outputs, as for `compute_fans`.

    Source: LeCun et al. 1998, "Efficient backprop".

    Example:
        >>> bool(abs(LecunUniform(seed=1)((3, 4)).numpy()).max() <= 1)
        True
    """

    _choice = (1.0, "fan_in", "uniform")


class LecunNormal(_Preset):
    """Truncated normal numbers of standard deviation sqrt(1 / inputs): the one for selu.

    Args:
        seed: An integer or a `SeedGenerator`; drawn if not given.
        input_axes, output_axes: Which axes count as inputs and outputs, as for `compute_fans`.

    Source: Klambauer et al. 2017.

    Example:
        >>> LecunNormal(seed=1)((2, 3)).shape
        (2, 3)
    """

    _choice = (1.0, "fan_in", "truncated_normal")


class HeUniform(_Preset):
    """Numbers from -limit to limit, limit = sqrt(6 / inputs): one for relu.

    Args:
        seed: An integer or a `SeedGenerator`; drawn if not given.
        input_axes, output_axes: Which axes count as inputs and outputs, as for `compute_fans`.

    Source: He et al. 2015.

    Example:
        >>> bool(abs(HeUniform(seed=1)((6, 4)).numpy()).max() <= 1)
        True
    """

    _choice = (2.0, "fan_in", "uniform")


class HeNormal(_Preset):
    """Truncated normal numbers of standard deviation sqrt(2 / inputs): one for relu.

    Args:
        seed: An integer or a `SeedGenerator`; drawn if not given.
        input_axes, output_axes: Which axes count as inputs and outputs, as for `compute_fans`.

    Source: He et al. 2015.

    Example:
        >>> HeNormal(seed=1)((2, 3)).shape
        (2, 3)
    """

    _choice = (2.0, "fan_in", "truncated_normal")


class Orthogonal(_Random):
    """A random matrix with orthogonal rows or columns, times a number; all axes but the last count as rows.

    Args:
        gain: The number.
        seed: An integer or a `SeedGenerator`; drawn if not given.

    Raises:
        ValueError: when called, if the shape has fewer than two axes.

    Source: Saxe et al. 2014.

    Example:
        >>> q = Orthogonal(seed=1)((2, 2)).numpy()
        >>> bool(abs(q @ q.T - np.eye(2)).max() < 1e-6)
        True
    """

    def __init__(self, gain: float = 1.0, seed: SeedLike | Config = None) -> None:
        self.gain = gain
        super().__init__(seed)

    def __call__(self, shape: Sequence[int], dtype: DTypeLike | None = None) -> Tensor:
        """Return the matrix in a shape."""
        if len(shape) < 2:
            raise ValueError(
                "The tensor to initialize must be at least two-dimensional. "
                f"Received: shape={shape} of rank {len(shape)}."
            )
        rows, columns = math.prod(shape[:-1]), shape[-1]
        name = _state.standardize_dtype(dtype)
        wide = "float32" if name == "float16" else name  # LAPACK has no float16
        q, r = np.linalg.qr(draw_normal((max(rows, columns), min(rows, columns)), dtype=wide, seed=self.seed))
        q = q * np.sign(np.diag(r))  # without this not all orthogonal matrices would be equally likely
        return Tensor((self.gain * np.reshape(q.T if rows < columns else q, shape)).astype(name, copy=False))

    def get_config(self) -> Config:
        """Return the arguments that make an initializer like this one."""
        return {**super().get_config(), "gain": self.gain}


InitializerFunction: TypeAlias = Callable[..., Any]
"""A function of the caller's, (shape, dtype) -> tensor or array."""

InitializerLike: TypeAlias = InitializerName | Initializer | type[Initializer] | InitializerFunction | Array | Config
"""What `get` takes."""

registry: _registry.Registry[Initializer] = _registry.Registry("keras.initializers", "initializer")
"""The named initializers."""

constant = Constant
glorot_normal = GlorotNormal
glorot_uniform = GlorotUniform
he_normal = HeNormal
he_uniform = HeUniform
identity = IdentityInitializer = Identity
lecun_normal = LecunNormal
lecun_uniform = LecunUniform
ones = Ones
orthogonal = OrthogonalInitializer = Orthogonal
random_normal = RandomNormal
random_uniform = RandomUniform
truncated_normal = TruncatedNormal
variance_scaling = VarianceScaling
zeros = Zeros

_ALIASES: dict[type[Initializer], tuple[str, ...]] = {
    Initializer: (), Constant: (), GlorotNormal: (), GlorotUniform: (), HeNormal: (), HeUniform: (),
    Identity: ("IdentityInitializer",), LecunNormal: (), LecunUniform: (), Ones: ("one",),
    Orthogonal: ("OrthogonalInitializer",), RandomNormal: ("normal",), RandomUniform: ("uniform",),
    TruncatedNormal: (), VarianceScaling: (), Zeros: ("zero",),
}  # fmt: skip
for _cls, _names in _ALIASES.items():
    registry.register(_cls, _state.to_snake_case(_cls.__name__), *_names)


def serialize(initializer: Initializer | InitializerFunction) -> Config:
    """Return the configuration of an initializer.

    Example:
        >>> serialize(Zeros())["class_name"]
        'Zeros'
    """
    return cast(Config, _registry.serialize(initializer))


def deserialize(config: str | Config, custom_objects: CustomObjects | None = None) -> Any:
    """Return the initializer of what `serialize` gave.

    Args:
        config: A configuration or a name.
        custom_objects: Names to functions or classes of the caller's.

    Raises:
        ValueError: if the name is unknown.

    Example:
        >>> type(deserialize({"class_name": "Zeros", "config": {}})).__name__
        'Zeros'
    """
    return registry.deserialize(config, custom_objects)


@overload
def get(identifier: None) -> None: ...


@overload
def get(identifier: str | Initializer | type[Any] | Config) -> Initializer: ...


@overload
def get(identifier: InitializerFunction | Array | Tensor) -> InitializerFunction: ...


def get(identifier: Any) -> Any:
    """Return the initializer that a name, configuration, class, function or array stands for; None for None.

    Raises:
        ValueError: if it stands for none, with the nearest known name.

    Example:
        >>> type(get("zeros")).__name__
        'Zeros'
    """
    if isinstance(identifier, np.ndarray | np.generic | TensorOps):
        return _from_array(as_array(identifier))
    return registry.build(identifier)


def _from_array(array: Array) -> InitializerFunction:
    def initialize(shape: Sequence[int], dtype: DTypeLike | None = None) -> Tensor:
        if _size(shape) != array.shape:
            raise ValueError(f"Expected `shape` to be {array.shape}, that of the given array. Received: shape={shape}")
        return Tensor(array.astype(_state.standardize_dtype(dtype)))

    return initialize
