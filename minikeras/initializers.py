"""First values of weights, and their names.

Each initializer is a callable object: `initializer(shape, dtype)` returns a tensor. A random one takes a `seed`, an
integer (the same values at each call) or a `SeedGenerator` (new values). By default Python's `random` draws an integer.
"""

import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any, ClassVar, Final, Literal, Self, TypeAlias, cast, overload

import numpy as np

from ._base import absent
from ._base.blas_threads import one_thread
from ._base.checks import one_of
from ._base.settings import make_default_seed, standardize_dtype
from ._base.typing import AnyCallable, Array, Config, DTypeLike, Function2, InitializerName, TensorLike
from ._core.tensor import Tensor, TensorOps, as_array
from ._serialization import registry as _registry
from ._serialization.configurable import Configurable
from ._serialization.serialization import array_of, serialize
from .random import SeedGenerator, SeedLike, draw_normal, draw_truncated_normal, draw_uniform, seed_generators

__all__ = [
    "Constant", "GlorotNormal", "GlorotUniform", "HeNormal", "HeUniform", "Identity", "IdentityInitializer",
    "Initializer", "LecunNormal", "LecunUniform", "Ones", "Orthogonal", "OrthogonalInitializer", "RandomNormal",
    "RandomUniform", "TruncatedNormal", "VarianceScaling", "Zeros", "constant", "deserialize", "get", "glorot_normal",
    "glorot_uniform", "he_normal", "he_uniform", "identity", "lecun_normal", "lecun_uniform", "ones", "orthogonal",
    "random_normal", "random_uniform", "serialize", "truncated_normal", "variance_scaling", "zeros"]  # fmt: skip

Mode: TypeAlias = Literal["fan_in", "fan_out", "fan_avg"]
Distribution: TypeAlias = Literal["uniform", "normal", "truncated_normal", "untruncated_normal"]
Axes: TypeAlias = Sequence[int] | None


class Initializer(Configurable):
    """Base of all initializers: subclass it with `__call__`, and `get_config` for `__init__` arguments.

    Example:
        >>> class Sevens(Initializer):
        ...     def __call__(self, shape, dtype=None):
        ...         return Constant(7.0)(shape, dtype)
    """

    def __call__(self, shape: Any, dtype: Any = None) -> Any:
        """Return a tensor (or an array) of this shape and dtype."""
        raise NotImplementedError("An initializer must have its own `__call__(shape, dtype=None)`.")

    def clone(self) -> Self:
        """Return a new initializer of the same configuration; without a seed it draws a new one."""
        return type(self).from_config(self.get_config())


class _BuiltIn(Initializer):
    _values: Callable[[Sequence[int], str], Array]

    def __call__(self, shape: Sequence[int], dtype: DTypeLike | None = None) -> Tensor:
        return Tensor(self._values(shape, standardize_dtype(dtype)))


class Zeros(_BuiltIn):
    """All zeros."""

    def _values(self, shape: Sequence[int], dtype: str) -> Array:
        return np.zeros(shape, dtype)


class Ones(_BuiltIn):
    """All ones."""

    def _values(self, shape: Sequence[int], dtype: str) -> Array:
        return np.ones(shape, dtype)


class Constant(_BuiltIn):
    """A number everywhere, or an array that broadcasts to the shape asked for.

    Args:
        value: The number or the array.

    Example:
        >>> print(Constant(0.5)((2,)))
        Tensor([0.5 0.5], shape=(2,), dtype=float32)
    """

    def __init__(self, value: TensorLike = 0.0) -> None:
        self.value = value

    def _values(self, shape: Sequence[int], dtype: str) -> Array:
        return np.broadcast_to(as_array(self.value, dtype), shape).copy()

    def get_config(self) -> Config:
        """Return the value, an array as a dict."""
        return {"value": serialize(as_array(self.value) if isinstance(self.value, TensorOps) else self.value)}

    @classmethod
    def from_config(cls, config: Config) -> Self:
        return cls(**{key: array_of(value) for key, value in config.items()})


class Identity(_BuiltIn):
    """The identity matrix times `gain`.

    Args:
        gain: What the matrix is multiplied by.

    Example:
        >>> Identity(2.0)((2, 2)).tolist()
        [[2.0, 0.0], [0.0, 2.0]]
    """

    def __init__(self, gain: float = 1.0) -> None:
        self.gain = gain

    def _values(self, shape: Sequence[int], dtype: str) -> Array:
        if len(shape) != 2:
            raise ValueError(f"Identity makes matrices. Received: shape={shape} of rank {len(shape)}.")
        return (self.gain * np.eye(shape[0], shape[1])).astype(dtype)

    def get_config(self) -> Config:
        """Return the gain, unless it is 1. (Keras forgets it.)"""
        return {} if self.gain == 1 else {"gain": self.gain}


class _Random(_BuiltIn):
    """An initializer with a seed.

    Args:
        gain: What the matrix is multiplied by.
        minval, maxval: The smallest and the largest number.
        seed: An integer or a `SeedGenerator`; drawn from Python's `random` if not given.
    """

    def __init__(self, seed: SeedLike | Config = None) -> None:
        self._init_seed = seed
        if seed is None:
            seed = make_default_seed()
        elif isinstance(seed, Mapping):
            seed = cast(SeedGenerator, seed_generators.deserialize(seed))
        elif not isinstance(seed, int | SeedGenerator):
            raise ValueError(f"`seed` must be an integer or a SeedGenerator. Received: seed={seed}.")
        self.seed: int | SeedGenerator = seed

    def get_config(self) -> Config:
        return {"seed": None} | super().get_config() | {"seed": serialize(self._init_seed)}  # "seed" first, as in Keras


class _Normal(_Random):
    """Numbers of a normal distribution.

    Args:
        mean, stddev: Their mean and their standard deviation.
    """

    def __init__(self, mean: float = 0.0, stddev: float = 0.05, seed: SeedLike | Config = None) -> None:
        self.mean = mean
        self.stddev = stddev
        super().__init__(seed)


class RandomNormal(_Normal):
    """Numbers of a normal distribution.

    Example:
        >>> print(RandomNormal(stddev=1.0, seed=1)((2,)))
        Tensor([0.34558418 0.82161814], shape=(2,), dtype=float32)
    """

    def _values(self, shape: Sequence[int], dtype: str) -> Array:
        return draw_normal(shape, self.mean, self.stddev, dtype, self.seed)


class TruncatedNormal(_Normal):
    """Numbers of a normal distribution; those over two standard deviations from the mean are drawn again."""

    def _values(self, shape: Sequence[int], dtype: str) -> Array:
        return draw_truncated_normal(shape, self.mean, self.stddev, dtype, self.seed)


class RandomUniform(_Random):
    """Numbers from `minval` to `maxval`, all equally likely."""

    def __init__(self, minval: float = -0.05, maxval: float = 0.05, seed: SeedLike | Config = None) -> None:
        self.minval = minval
        self.maxval = maxval
        super().__init__(seed)

    def _values(self, shape: Sequence[int], dtype: str) -> Array:
        return draw_uniform(shape, self.minval, self.maxval, dtype, self.seed)


def compute_fans(shape: Sequence[int], input_axes: Axes = None, output_axes: Axes = None) -> tuple[int, int]:
    """Return how many inputs an output of a kernel depends on, and how many outputs depend on an input.

    The shape of a kernel is (*window, inputs, outputs), unless the axes of inputs and outputs are given.

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
    """Numbers of variance scale / n, where n is the kernel's number of inputs or outputs. He et al. 2015, 2.2.

    Args:
        scale: A positive number.
        mode: What n is: the inputs ("fan_in"), the outputs ("fan_out"), or their mean ("fan_avg").
        distribution: "truncated_normal" (or "normal"), "untruncated_normal" or "uniform".
        input_axes, output_axes: Which axes count as inputs and outputs, as for `compute_fans`.
    """

    def __init__(self, scale: float = 1.0, mode: Mode = "fan_in", distribution: Distribution = "truncated_normal",
                 seed: SeedLike | Config = None, input_axes: Axes = None,
                 output_axes: Axes = None) -> None:  # fmt: skip
        if scale <= 0:
            raise ValueError(f"Argument `scale` must be positive float. Received: scale={scale}")
        law = "truncated_normal" if distribution.lower() == "normal" else distribution.lower()
        self.scale = scale
        self.mode: Mode = one_of("mode", mode, ("fan_in", "fan_out", "fan_avg"))
        self.distribution: str = one_of("distribution", law, ("uniform", "truncated_normal", "untruncated_normal"))
        self.input_axes = input_axes
        self.output_axes = output_axes
        super().__init__(seed)

    def _values(self, shape: Sequence[int], dtype: str) -> Array:
        fan_in, fan_out = compute_fans(shape, self.input_axes, self.output_axes)
        fan = {"fan_in": fan_in, "fan_out": fan_out, "fan_avg": (fan_in + fan_out) / 2.0}[self.mode]
        variance = self.scale / max(1.0, fan)
        if self.distribution == "uniform":
            limit = math.sqrt(3.0 * variance)
            return draw_uniform(shape, -limit, limit, dtype, self.seed)
        if self.distribution == "untruncated_normal":
            return draw_normal(shape, 0.0, math.sqrt(variance), dtype, self.seed)
        stddev = math.sqrt(variance) / 0.87962566103423978  # the standard deviation of a normal truncated at 2
        return draw_truncated_normal(shape, 0.0, stddev, dtype, self.seed)


class _Preset(VarianceScaling):
    """Variance scaling with scale, mode and distribution chosen by the class."""

    _choice: ClassVar[tuple[float, Mode, Distribution]]

    def __init_subclass__(cls, choice: tuple[float, Mode, Distribution] | None = None, **options: Any) -> None:
        super().__init_subclass__(**options)
        cls._choice = choice or cls._choice

    def __init__(self, seed: SeedLike | Config = None, input_axes: Axes = None, output_axes: Axes = None) -> None:
        super().__init__(*self._choice, seed, input_axes, output_axes)


class GlorotUniform(_Preset, choice=(1.0, "fan_avg", "uniform")):
    """Numbers up to +-sqrt(6 / (inputs + outputs)): what most layers use. Glorot and Bengio 2010."""


class GlorotNormal(_Preset, choice=(1.0, "fan_avg", "truncated_normal")):
    """Truncated normal numbers of standard deviation sqrt(2 / (inputs + outputs)). Glorot and Bengio 2010."""


class LecunUniform(_Preset, choice=(1.0, "fan_in", "uniform")):
    """Numbers up to +-sqrt(3 / inputs). LeCun et al. 1998, "Efficient backprop"."""


class LecunNormal(_Preset, choice=(1.0, "fan_in", "truncated_normal")):
    """Truncated normal numbers of standard deviation sqrt(1 / inputs): the one for selu. Klambauer et al. 2017."""


class HeUniform(_Preset, choice=(2.0, "fan_in", "uniform")):
    """Numbers up to +-sqrt(6 / inputs): one for relu. He et al. 2015."""


class HeNormal(_Preset, choice=(2.0, "fan_in", "truncated_normal")):
    """Truncated normal numbers of standard deviation sqrt(2 / inputs): one for relu. He et al. 2015."""


class Orthogonal(_Random):
    """A random matrix with orthogonal rows or columns, times `gain`; axes but the last are rows. Saxe et al. 2014."""

    def __init__(self, gain: float = 1.0, seed: SeedLike | Config = None) -> None:
        self.gain = gain
        super().__init__(seed)

    def _values(self, shape: Sequence[int], dtype: str) -> Array:
        if len(shape) < 2:
            raise ValueError(f"Orthogonal needs at least two axes. Received: shape={shape} of rank {len(shape)}.")
        short, long = sorted((math.prod(shape[:-1]), shape[-1]))
        wide = "float32" if dtype == "float16" else dtype  # LAPACK has no float16
        q, r = one_thread(np.linalg.qr)(draw_normal((long, short), dtype=wide, seed=self.seed))
        q = q * np.sign(np.diag(r))  # makes all orthogonal matrices equally likely
        return (self.gain * np.reshape(q.T if short < shape[-1] else q, shape)).astype(dtype, copy=False)


InitializerLike: TypeAlias = InitializerName | Initializer | type[Initializer] | Function2 | Array | Config | None
"""The kinds of things that `get` takes."""

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

registry: _registry.Registry[Initializer] = _registry.Registry(
    "keras.initializers", "initializer", Initializer, snake_case=True,
    aliases={"IdentityInitializer": "Identity", "OrthogonalInitializer": "Orthogonal", "normal": "RandomNormal",
             "one": "Ones", "uniform": "RandomUniform", "zero": "Zeros"})  # fmt: skip
deserialize: Final = registry.deserialize


@overload
def get(identifier: None) -> None: ...
@overload
def get(identifier: str | Initializer | type[Any] | Config) -> Initializer: ...
@overload
def get(identifier: Function2 | Array | Tensor) -> AnyCallable: ...
def get(identifier: Any) -> Any:
    """Return the initializer that a name, configuration, class, function or array stands for; None for None.

    An unknown name raises a ValueError, which suggests the nearest known one.

    Example:
        >>> print(get("ones")((2,)))
        Tensor([1. 1.], shape=(2,), dtype=float32)
    """
    if isinstance(identifier, str) or not isinstance(identifier, np.ndarray | np.generic | TensorOps):
        return registry.get(identifier)
    array = as_array(identifier)

    def initialize(shape: Sequence[int], dtype: DTypeLike | None = None) -> Tensor:
        if tuple(shape) != array.shape:
            raise ValueError(f"Expected `shape` to be {array.shape}, that of the given array. Received: shape={shape}")
        return Tensor(array.astype(standardize_dtype(dtype)))

    return initialize


absent.complete(globals())
