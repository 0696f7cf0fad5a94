"""TensorFlow's way of drawing numbers: seeds, the graphs in which they move on, and distributions."""

import math
import random as _python
import secrets
from collections.abc import Callable
from contextlib import AbstractContextManager
from functools import lru_cache
from itertools import count
from threading import local
from typing import Any, cast

import numpy as np

from ..._base.context import context, having_attributes
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
    """TensorFlow's global state: the seed, the stream of seeds for operations, and the operations that have a seed."""

    seed: int | None = None
    of_weights: bool = False
    """True if `keras.utils.set_random_seed` has seeded the initial weights."""
    restarts: int = 0
    """How often it was seeded: each time all operations start again."""
    stream: _python.Random
    kernels: dict[Any, "Kernel"] = {}  # noqa: RUF012 - one for the process

    @classmethod
    def restart(cls, seed: int) -> None:
        """Start again from a seed."""
        cls.seed, cls.stream = seed, _python.Random(seed)
        cls.restarts += 1
        cls.kernels.clear()


class Kernel:
    """An operation that draws. It has two seeds, and goes on with each run."""

    def __init__(self, first: int, second: int) -> None:
        self._key, self._high, self._low, self._restarts = first, second, 0, Seeds.restarts

    def state(self, groups: int) -> State:
        """Return key and counter for a run; the next one is so many groups of numbers further on."""
        low = self._low if self._restarts == Seeds.restarts else 0
        if not context.dry:
            self._low, self._restarts = low + groups, Seeds.restarts
        return self._key, low, self._high


_graph: Any = type("Graph", (local,), {"kernels": None, "numbers": count(), "seeds": count()})()
"""The graph that a thread runs: its kernels, and counters of its operations and of those without a seed."""


def kernel_for(op: str, dtype: str, seed: int | None) -> Kernel:
    """Return the kernel of an operation: of the graph that runs, else of all operations with this seed."""
    if Seeds.seed is None and seed is None:
        first, second = secrets.randbits(63), secrets.randbits(63)  # `random` would move the user's stream
    else:
        first = 87654321 if Seeds.seed is None else Seeds.seed % MOST
        drawn = seed if seed is not None else next(_graph.seeds) if in_graph() else Seeds.stream.randint(0, MOST)
        second = int(drawn) % MOST
        if first == second == 0:
            second = MOST
    kernel = Kernel(first, second)
    if in_graph():
        return cast(Kernel, _graph.kernels.setdefault((op, dtype, seed, next(_graph.numbers)), kernel))
    return kernel if seed is None else Seeds.kernels.setdefault((op, dtype, first, second), kernel)


def in_graph() -> bool:
    """Return whether a graph runs, whose operations have kernels of their own."""
    return _graph.kernels is not None


def graph(kernels: dict[Any, Any]) -> AbstractContextManager[None]:
    """Run code as a graph of TensorFlow's with these kernels, to which it adds what it lacks."""
    return having_attributes(_graph, kernels=kernels, numbers=count(), seeds=count())


def kernels_of(kept: dict[Any, Any], key: Any) -> dict[Any, Any]:
    """Return the kernels of a call of a function: those kept for a key, or within a graph those of this call there."""
    kept, key = (_graph.kernels, next(_graph.numbers)) if in_graph() else (kept, key)
    return cast("dict[Any, Any]", kept.setdefault(key, {}))


def as_graph(function: Callable[[Any], Any]) -> Callable[[Any], Any]:
    """Return a function as a new graph, whose kernels begin anew."""
    kernels: dict[Any, Any] = {}

    def call(element: Any) -> Any:
        with graph(kernels):
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
        return super().order(count) if Seeds.seed is None else _order(kernel_for("order", "int64", 0).state(0), count)
