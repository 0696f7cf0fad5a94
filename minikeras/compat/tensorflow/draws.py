"""TensorFlow's way of drawing numbers: its seeds, its distributions, and the draws of Keras on TensorFlow."""

import math
import random as _python
import secrets
from collections.abc import Callable
from functools import lru_cache
from itertools import count
from threading import local
from typing import Any

import numpy as np

from ..._base.context import having_attributes
from ..._base.typing import Array
from ..._core.tensor import as_array
from ...random import Parameter, SizeLike, Source
from . import philox
from .dtypes import as_dtype
from .errors import InvalidArgumentError

MOST = 2**31 - 1  # the largest seed that TensorFlow takes
State = tuple[int, int, int]
Law = Callable[[State, Any, Any, Any, str], Array]


class Seeds:
    """TensorFlow's global state: the seed, the stream of seeds for operations, and a counter for each of them."""

    seed: int | None = None
    of_weights: bool = False
    """True if `keras.utils.set_random_seed` has seeded the initial weights."""
    stream: _python.Random
    counters: dict[tuple[Any, ...], int] = {}  # noqa: RUF012 - one for the process

    @classmethod
    def restart(cls, seed: int) -> None:
        """Start again from a seed."""
        cls.seed, cls.stream = seed, _python.Random(seed)
        cls.counters.clear()


_graph: Any = type("Graph", (local,), {"draws": None})()
"""The graph that each thread runs: the counters of its operations, which count by themselves, and their numbers."""


def state_for(op: str, dtype: str, seed: int | None, groups: int) -> State:
    """Return key and counter for an operation; the next run of it with this seed continues the count."""
    if Seeds.seed is None and seed is None:
        first, second = secrets.randbits(63), secrets.randbits(63)  # `random` would move the user's stream
    else:
        first = 87654321 if Seeds.seed is None else Seeds.seed % MOST
        second = (Seeds.stream.randint(0, MOST) if seed is None else int(seed)) % MOST
        if first == second == 0:
            second = MOST
    counters, numbers = _graph.draws or (Seeds.counters, count())
    place = (op, dtype, first, second, next(numbers))
    low = counters.get(place, 0)
    if seed is not None:
        counters[place] = low + groups
    return first, low, second


def as_graph(function: Callable[[Any], Any]) -> Callable[[Any], Any]:
    """Return a function as a new graph of TensorFlow's: each of its draws with a seed counts by itself, from 0."""
    counters: dict[tuple[Any, ...], int] = {}

    def call(element: Any) -> Any:
        with having_attributes(_graph, draws=(counters, count(1))):
            return function(element)

    return call


def _scaled(numbers: Array, scale: Any, offset: Any) -> Array:
    dtype = numbers.dtype
    if dtype.kind != "f":
        raise TypeError(f"Normal numbers are floats. Received: dtype={dtype}")
    return (numbers * as_array(scale).astype(dtype) + as_array(offset).astype(dtype)).astype(dtype)


def draw_normal(state: State, shape: Any, mean: Any, stddev: Any, dtype: str) -> Array:
    """Draw from a normal distribution."""
    return _scaled(philox.normal(state, math.prod(shape), dtype).reshape(shape), stddev, mean)


def draw_truncated(state: State, shape: Any, mean: Any, stddev: Any, dtype: str) -> Array:
    """Draw from a normal distribution; numbers beyond two standard deviations of the mean are drawn again."""
    return _scaled(philox.truncated_normal(state, math.prod(shape), dtype).reshape(shape), stddev, mean)


def draw_uniform(state: State, shape: Any, minval: Any, maxval: Any, dtype: str) -> Array:
    """Draw from [minval, maxval). The default `maxval` is 1; integers without bounds have the dtype's full range."""
    if "int" in dtype:
        if minval is not None and maxval is None:
            raise ValueError(f"Must specify maxval for integer dtype {as_dtype(dtype)!r}")
        low, high = (0, 0) if minval is None else (int(minval), int(maxval))
        if low >= high and minval is not None and math.prod(shape):
            raise InvalidArgumentError(f"Need minval < maxval, got {low} >= {high}")
        return philox.integers(state, math.prod(shape), low, high, dtype).reshape(shape)
    first, last = (as_array(v).astype(dtype) for v in (minval, 1 if maxval is None else maxval))
    return _scaled(philox.uniform(state, math.prod(shape), dtype).reshape(shape), last - first, first)


@lru_cache(maxsize=4)
def _order(state: State, count: int) -> Array:
    """Return a random order of `count` rows, cached since a fixed seed draws the same one in each epoch."""
    return np.array(philox.permutation(state, count), "int64")


def _state(seed: Array) -> State:
    """Return key and counter for the seed of a Keras draw."""
    return philox.scrambled((seed.astype("int64") % (MOST - 1)).astype("int32"))


class StatelessSource(Source):
    """The source of Keras's draws on TensorFlow: `tf.random.stateless_*`."""

    seed_dtype = "int64"

    def restart(self, seed: int) -> None:
        Seeds.restart(seed)
        Seeds.of_weights = True

    def normal(self, seed: Array, shape: SizeLike, mean: Parameter, stddev: Parameter, dtype: str) -> Array:
        return draw_normal(_state(seed), shape, mean, stddev, dtype)

    def uniform(self, seed: Array, shape: SizeLike, low: Parameter, high: Parameter, dtype: str) -> Array:
        return draw_uniform(_state(seed), shape, low, high, dtype)

    def truncated_normal(self, seed: Array, shape: SizeLike, mean: float, stddev: float, dtype: str) -> Array:
        return draw_truncated(_state(seed), shape, mean, stddev, dtype)

    def integers(self, seed: Array, shape: SizeLike, low: int, high: int, dtype: str) -> Array:
        kind = dtype if dtype in ("int32", "int64") else "int64"
        return draw_uniform(_state(seed), shape, low, high, kind).astype(dtype)

    def kept(self, seed: Array, shape: SizeLike, rate: float, dtype: str) -> Array:
        return philox.uniform(_state(seed), math.prod(shape), dtype).reshape(shape) >= np.dtype(dtype).type(rate)

    def shuffled(self, seed: Array, x: Array, axis: int) -> Array:
        """Shuffle whole slices along an axis."""
        return np.take(x, philox.uniform(_state(seed), x.shape[axis], "float32").argsort(kind="stable"), axis)

    def order(self, count: int) -> Array:
        """Draw an order of rows; with a seed set, it is the same in each pass."""
        return super().order(count) if Seeds.seed is None else _order(state_for("order", "int64", 0, 0), count)
