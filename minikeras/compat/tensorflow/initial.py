"""The initializers at TensorFlow's top that draw: from `tf.random`'s stream where they have no seed."""

from collections.abc import Callable
from functools import partial
from typing import Any, TypeVar

from ..._base.typing import Array
from ..._core.tensor import Tensor
from ...initializers import RandomNormal, RandomUniform
from . import random

T = TypeVar("T", RandomNormal, RandomUniform)


def _made(kind: Callable[..., T], law: Callable[..., Tensor], a: Any, b: Any, seed: int | None) -> T:
    """Return an initializer; its seed is never looked at where none was given."""
    made = kind(a, b, seed or 0)
    if seed is None:
        vars(made).update(_init_seed=None, _values=partial(_values, law, a, b))
    return made


def _values(law: Callable[..., Tensor], a: Any, b: Any, shape: Any, dtype: str) -> Array:
    return law(shape, a, b, dtype).numpy()


def random_normal_initializer(mean: float = 0.0, stddev: float = 0.05, seed: int | None = None) -> RandomNormal:
    """An initializer of numbers of a normal distribution."""
    return _made(RandomNormal, random.normal, mean, stddev, seed)


def random_uniform_initializer(minval: float = -0.05, maxval: float | None = 0.05,
                               seed: int | None = None) -> RandomUniform:  # fmt: skip
    """An initializer of numbers from `minval` to `maxval`, 1 if that is None."""
    return _made(RandomUniform, random.uniform, minval, 1.0 if maxval is None else maxval, seed)
