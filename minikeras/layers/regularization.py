"""Layers that regularize training: dropout, noise and penalties."""

from collections.abc import Callable, Sequence
from math import sqrt
from typing import Annotated, Any, ClassVar, Unpack

from .. import ops, random, regularizers
from .._base.checks import Share
from .._base.typing import Config, DataFormat, PartialShape, ShapeLike
from .._core.tensor import Tensor
from ..dtype_policies import PolicyLike
from ..random import SeedGenerator
from .layer import BaseOptions, LayerOptions, Ranked, SameShape

SELU_LIMIT = -1.6732632423543772848170429916717 * 1.0507009873554804934193349852946
"""The limit of selu for very negative inputs (Klambauer et al. 2017)."""


def _noise_shape(cls: Any, name: str, value: Any) -> PartialShape:
    valid = isinstance(value, Sequence) and not isinstance(value, str)
    if not valid or not all(n is None or (isinstance(n, int) and n > 0) for n in value):
        raise ValueError(f"`noise_shape` must be a tuple of positive integers or None. Received: {value!r}.")
    return tuple(value)


class _Noise(SameShape):
    """A layer that draws random numbers in training and is the identity otherwise."""

    _strength: ClassVar[str] = "rate"  # the argument that says how much noise there is
    rate: Share
    seed: int | None
    _noisy: Callable[[Tensor], Tensor]

    def _configure(self, arguments: dict[str, Any]) -> None:
        super()._configure(arguments)
        if getattr(self, self._strength) > 0:
            self.seed_generator: SeedGenerator = SeedGenerator(self.seed)

    def call(self, inputs: Tensor, training: bool = False) -> Tensor:
        return self._noisy(inputs) if training and getattr(self, self._strength) > 0 else inputs


class _Drop(_Noise):
    """A layer that drops elements by a random mask.

    Args:
        rate: Fraction to drop, from 0 to 1; a ValueError otherwise.
        noise_shape: Shape of the mask; along axes of size 1 all is dropped or kept together, None is the input's size.
        seed: Seed of the mask.
    """

    noise_shape: Annotated[PartialShape, _noise_shape] | None

    def __init__(self, rate: float, noise_shape: ShapeLike | None = None, seed: int | None = None,
                 **options: Unpack[LayerOptions]) -> None:  # fmt: skip
        self._configure(locals())


class Dropout(_Drop):
    """Sets a fraction of the inputs to 0 in training and scales the others by 1 / (1 - rate) (Srivastava et al. 2014).

    Example:
        >>> layer = Dropout(0.5, seed=1)
        >>> print(layer(np.ones((1, 3))))
        Tensor([[1. 1. 1.]], shape=(1, 3), dtype=float32)
        >>> sorted(set(layer(np.ones((10, 10)), training=True).numpy().flatten().tolist()))
        [0.0, 2.0]
    """

    def _noisy(self, inputs: Tensor) -> Tensor:
        return random.dropout(inputs, self.rate, noise_shape=self.noise_shape, seed=self.seed_generator)


class _SpatialDropout(Ranked, Dropout):
    """Dropout of whole channels."""

    def __init__(self, rate: float, data_format: DataFormat | None = None, seed: int | None = None,
                 name: str | None = None, dtype: PolicyLike | Config | None = None) -> None:  # fmt: skip
        self._configure(locals())
        self.noise_shape: PartialShape | None = self._laid_out(None, (1,) * self._rank, None)

    def get_config(self) -> Config:
        return {key: getattr(self, key) for key in ("rate", "seed", "name", "dtype", *self._arguments)}


class SpatialDropout1D(_SpatialDropout, rank=1):
    """Dropout of whole channels: all steps of a channel are kept, or none (Tompson et al. 2014).

    Example:
        >>> y = SpatialDropout1D(0.5, seed=1)(np.ones((9, 5, 4)), training=True).numpy()
        >>> bool((y == y[:, :1]).all()), sorted(set(y.flatten().tolist()))
        (True, [0.0, 2.0])
    """

    def __init__(self, rate: float, seed: int | None = None, name: str | None = None,
                 dtype: PolicyLike | Config | None = None) -> None:  # fmt: skip
        super().__init__(rate, "channels_last", seed, name, dtype)


class SpatialDropout2D(_SpatialDropout, rank=2):
    """Dropout of whole channels of images (Tompson et al. 2014)."""


class SpatialDropout3D(_SpatialDropout, rank=3):
    """Dropout of whole channels of volumes (Tompson et al. 2014)."""


class GaussianNoise(_Noise):
    """Adds normally distributed noise in training; a ValueError if `stddev` is not between 0 and 1.

    Args:
        stddev: Standard deviation of the noise, from 0 to 1.
        seed: Seed of the noise.

    Example:
        >>> print(GaussianNoise(0.1)(np.ones((1, 2))))
        Tensor([[1. 1.]], shape=(1, 2), dtype=float32)
    """

    _strength = "stddev"
    stddev: Share

    def __init__(self, stddev: float, seed: int | None = None, **options: Unpack[LayerOptions]) -> None:
        self._configure(locals())

    def _noisy(self, inputs: Tensor) -> Tensor:
        return inputs + random.normal(inputs.shape, 0.0, self.stddev, self.compute_dtype, self.seed_generator)


class GaussianDropout(_Noise):
    """Multiplies by normal noise of mean 1 and variance rate / (1 - rate) in training (Srivastava et al. 2014).

    Args:
        rate: Rate of the Dropout that has the same variance, from 0 to 1; a ValueError otherwise.
        seed: Seed of the noise.

    Example:
        >>> print(GaussianDropout(0.1)(np.ones((1, 2))))
        Tensor([[1. 1.]], shape=(1, 2), dtype=float32)
    """

    def __init__(self, rate: float, seed: int | None = None, **options: Unpack[LayerOptions]) -> None:
        self._configure(locals())

    def _noisy(self, inputs: Tensor) -> Tensor:
        stddev = sqrt(self.rate / (1.0 - self.rate))
        return inputs * random.normal(inputs.shape, 1.0, stddev, dtype=self.compute_dtype, seed=self.seed_generator)


class AlphaDropout(_Drop):
    """Sets a fraction of the inputs to selu's limit in training, and keeps mean and variance (Klambauer et al. 2017).

    Example:
        >>> print(AlphaDropout(0.1)(np.ones((1, 2))))
        Tensor([[1. 1.]], shape=(1, 2), dtype=float32)
    """

    def _noisy(self, inputs: Tensor) -> Tensor:
        shape = random.mask_shape(self.noise_shape, inputs.shape)
        mask = ops.cast(random.uniform(shape, seed=self.seed_generator) >= self.rate, inputs.dtype)
        a: float = ((1 - self.rate) * (1 + self.rate * SELU_LIMIT**2)) ** -0.5
        return ops.add(a * (inputs * mask + SELU_LIMIT * (1 - mask)), -a * SELU_LIMIT * self.rate)


class ActivityRegularization(SameShape):
    """Returns its input and adds a penalty on it to the loss.

    Args:
        l1: Factor of the sum of absolute values.
        l2: Factor of the sum of squares.

    Example:
        >>> layer = ActivityRegularization(l1=0.5)
        >>> _ = layer(np.array([[1.0, -3.0]]))
        >>> float(layer.losses[0])
        2.0
    """

    l1: float
    l2: float

    def __init__(self, l1: float = 0.0, l2: float = 0.0, **options: Unpack[BaseOptions]) -> None:
        self._configure({**locals(), "activity_regularizer": regularizers.L1L2(l1=l1, l2=l2)})

    def get_config(self) -> Config:
        return {key: value for key, value in super().get_config().items() if key != "activity_regularizer"}
