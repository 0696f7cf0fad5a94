"""The random initializers of `tf` itself. Without a seed they draw from the stream of `tf.random`."""

from collections.abc import Callable
from functools import partial
from typing import Any, TypeVar

from ..._base.typing import Array
from ..._core.tensor import Tensor, as_array
from ...initializers import RandomNormal, RandomUniform
from . import philox, random

T = TypeVar("T", RandomNormal, RandomUniform)


def _initializer(cls: Callable[..., T], draw: Callable[..., Tensor], a: Any, b: Any, seed: int | None) -> T:
    """Return an initializer of a class, with `draw` for its own way of drawing; a seed always draws the same."""
    initializer = cls(a, b, seed or 0)
    vars(initializer).update(_init_seed=seed, _values=partial(_values, draw, a, b, seed))
    return initializer


def _values(draw: Callable[..., Tensor], a: Any, b: Any, seed: int | None, shape: Any, dtype: str) -> Array:
    return draw(shape, a, b, dtype, None if seed is None else philox.scrambled(as_array((seed, 0)))).numpy()


def random_normal_initializer(mean: float = 0.0, stddev: float = 0.05, seed: int | None = None) -> RandomNormal:
    """An initializer that draws from a normal distribution."""
    return _initializer(RandomNormal, random.normal, mean, stddev, seed)


def random_uniform_initializer(minval: float = -0.05, maxval: float | None = 0.05,
                               seed: int | None = None) -> RandomUniform:  # fmt: skip
    """An initializer that draws uniformly from [minval, maxval); a `maxval` of None is 1."""
    return _initializer(RandomUniform, random.uniform, minval, 1.0 if maxval is None else maxval, seed)
