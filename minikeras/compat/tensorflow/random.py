"""`tf.random`: with a seed set, the numbers are TensorFlow's, since the generator (Philox) is the same.

`gamma` and `log_uniform_candidate_sampler` use other algorithms, so that their numbers differ.
"""

import math
import random as _python
from collections.abc import Callable, Sequence
from functools import cache
from threading import Lock
from types import ModuleType
from typing import Any

import numpy as np

from ... import ops
from ..._base.settings import settings
from ..._base.typing import Array, DTypeLike
from ..._core.op import primitive
from ..._core.tensor import Tensor, as_array
from ...random import SeedGenerator
from . import philox
from .arrays import sizes_of
from .draws import Law, Seeds, State, draw_normal, draw_truncated, draw_uniform, in_graph, kernel_for
from .dtypes import as_dtype
from .missing import missing, namespace
from .tensors import Variable, array_of, convert_to_tensor, escape

__getattr__: Callable[[str], Any] = missing(__name__)
_64 = 2**64 - 1
_turn = Lock()  # of threads that draw from one generator


def set_seed(seed: int) -> None:
    """Seed the draws of `tf.random`; NumPy's and Python's streams stay as they are.

    It seeds initial weights too, as in Keras 2, unless `keras.utils.set_random_seed` has seeded them already.
    """
    seed = int(seed)
    Seeds.restart(seed)
    if not Seeds.of_weights:
        settings.seeds = _python.Random(seed)
        SeedGenerator._shared = SeedGenerator(seed % 2**32)


@primitive()
def _drawn(law: Law, shape: Sequence[int], a: Any, b: Any, dtype: str, seed: int | None, kernel: Any) -> Array:
    """Draw numbers: as an op, so that each replay of a traced step draws new ones."""
    kernel = kernel or kernel_for(law.__name__, dtype, seed)
    return law(kernel.state(math.prod(shape) * philox.RESERVED), shape, a, b, dtype)


def _sample(law: Law, shape: Any, a: Any, b: Any, dtype: DTypeLike, seed: int | State | None) -> Tensor:
    """Draw with a seed, or from the state of a generator given in its place."""
    sizes, name = sizes_of(shape), as_dtype(dtype).name
    if isinstance(seed, tuple):
        return Tensor(law(seed, sizes, a, b, name))
    return _drawn(law, sizes, a, b, name, seed, kernel_for(law.__name__, name, seed) if in_graph() else None)


def normal(shape: Any, mean: Any = 0.0, stddev: Any = 1.0, dtype: DTypeLike = "float32", seed: Any = None,
           name: Any = None) -> Tensor:  # fmt: skip
    """Numbers from a normal distribution.

    Example:
        >>> set_seed(5)
        >>> print(normal([2]))
        tf.Tensor([-0.18030666 -0.95028627], shape=(2,), dtype=float32)
    """
    return _sample(draw_normal, shape, mean, stddev, dtype, seed)


def truncated_normal(shape: Any, mean: Any = 0.0, stddev: Any = 1.0, dtype: DTypeLike = "float32", seed: Any = None,
                     name: Any = None) -> Tensor:  # fmt: skip
    """Numbers from a normal distribution, within two standard deviations of the mean."""
    return _sample(draw_truncated, shape, mean, stddev, dtype, seed)


def uniform(shape: Any, minval: Any = 0, maxval: Any = None, dtype: DTypeLike = "float32", seed: Any = None,
            name: Any = None) -> Tensor:  # fmt: skip
    """Uniform numbers in [minval, maxval). The default `maxval` is 1 for floats; integers need one."""
    return _sample(draw_uniform, shape, minval, maxval, dtype, seed)


def _state_once(op: str, dtype: DTypeLike, seed: int | None, groups: int = 1) -> State:
    """Return the state for a draw that cannot be replayed, and mark open traces so."""
    escape()
    return kernel_for(op, as_dtype(dtype).name, seed).state(groups)


def shuffle(value: Any, seed: Any = None, name: str | None = None) -> Tensor:
    """A tensor with its rows in random order."""
    x = convert_to_tensor(value)
    size = len(x)
    state = _state_once("shuffle", x.dtype, seed, -(-size // 4))
    return ops.take(x, philox.permutation(state, size), 0) if size > 1 else x


def categorical(logits: Any, num_samples: Any, dtype: DTypeLike = "int64", seed: Any = None,
                name: Any = None) -> Tensor:  # fmt: skip
    """Class indices drawn with the probabilities softmax(logits): (batch, classes) -> (batch, num_samples)."""
    scores = array_of(logits).astype("float64")
    rows, count = len(scores), int(num_samples)
    groups = rows * 2 * (count + -count % 4) * philox.RESERVED  # two words for each
    state = seed if isinstance(seed, tuple) else _state_once("categorical", "float64", seed, groups)
    numbers = philox.uniform(state, rows * count, "float64").reshape(rows, count)
    edges = np.cumsum(np.exp(scores - scores.max(1, keepdims=True)), 1)
    classes = [np.searchsorted(e, u * e[-1], "right") for e, u in zip(edges, numbers, strict=True)]
    return Tensor(np.reshape(classes, (rows, count)).astype(as_dtype(dtype).name))


def stateless_categorical(logits: Any, num_samples: Any, seed: Any, dtype: DTypeLike = "int64",
                          name: Any = None) -> Tensor:  # fmt: skip
    """`categorical` of a seed of two numbers: the same seed always draws the same."""
    return categorical(logits, num_samples, dtype, philox.scrambled(as_array(seed)))


def log_uniform_candidate_sampler(true_classes: Any, num_true: int, num_sampled: int, unique: bool, range_max: int,
                                  seed: Any = None, name: Any = None) -> tuple[Tensor, Tensor, Tensor]:  # fmt: skip
    """Class indices drawn by Zipf's law, and the expected counts of the true classes and of the drawn ones."""
    rng = np.random.default_rng(_state_once("log_uniform", "float64", seed))
    sample, tries = list[int](), 0
    while len(sample) < num_sampled:
        tries += 1
        number = int((range_max + 1) ** rng.random()) - 1
        if not unique or number not in sample:
            sample.append(number)

    def expected(classes: Any) -> Tensor:
        p = np.log1p(1 / (classes + 1.0)) / np.log(range_max + 1)
        return Tensor((-np.expm1(tries * np.log1p(-p)) if unique else p * num_sampled).astype("float32"))

    classes = np.array(sample, "int64")
    return Tensor(classes), expected(array_of(true_classes)), expected(classes)


def gamma(shape: Any, alpha: Any, beta: Any = None, dtype: DTypeLike = "float32", seed: Any = None,
          name: Any = None) -> Tensor:  # fmt: skip
    """Numbers from gamma distributions: `shape` of them for each pair of alpha and beta."""
    a, rate = np.broadcast_arrays(as_array(alpha), as_array(1.0 if beta is None else beta))
    rng = np.random.default_rng(_state_once("gamma", dtype, seed))
    return Tensor(np.asarray(rng.gamma(a, 1 / rate, (*sizes_of(shape), *a.shape)), as_dtype(dtype).name))


def _stateless(draw: Callable[..., Tensor]) -> Callable[..., Tensor]:
    def call(shape: Any, seed: Any, *args: Any, alg: Any = None, **options: Any) -> Tensor:
        return draw(shape, *args, seed=philox.scrambled(as_array(seed)), **options)

    call.__doc__ = f"`{draw.__name__}` of a seed of two numbers: the same seed always draws the same."
    return call


stateless_normal: Callable[..., Tensor] = _stateless(normal)
stateless_uniform: Callable[..., Tensor] = _stateless(uniform)


def split(seed: Any, num: int = 2, alg: Any = None) -> Tensor:
    """`num` new seeds, derived from one."""
    return stateless_uniform((int(num), 2), seed, None, None, "int32")


def _from_generator(draw: Callable[..., Tensor]) -> Callable[..., Tensor]:
    def call(self: "Generator", shape: Any, *args: Any, **options: Any) -> Tensor:
        return draw(shape, *args, seed=self._next(sizes_of(shape)), **options)

    call.__doc__ = draw.__doc__
    return call


class Generator:
    """A random generator with a state of its own.

    Example:
        >>> print(Generator.from_seed(1).normal([2]))
        tf.Tensor([ 0.43842274 -0.53439844], shape=(2,), dtype=float32)
    """

    def __init__(self, copy_from: "Generator | None" = None, state: Any = None, alg: Any = None) -> None:
        source = copy_from.state if copy_from is not None else state
        self.state: Variable = Variable(np.zeros(3, "int64"), trainable=False, name="StateVar")  # counter (2), key
        self.reset(self.state if source is None else source)

    @classmethod
    def from_seed(cls, seed: int, alg: Any = None) -> "Generator":
        """Return a generator that starts from a seed."""
        return cls(state=np.array([seed >> 64 * i & _64 for i in range(3)], "uint64"))

    @classmethod
    def from_non_deterministic_state(cls, alg: Any = None) -> "Generator":
        """Return a generator that starts from a random seed."""
        return cls.from_seed(np.random.SeedSequence().entropy)  # type: ignore[arg-type]  # an int where none is given

    def reset(self, state: Any) -> None:
        """Continue from a state."""
        self.state.assign(as_array(state).astype("int64"))

    def reset_from_seed(self, seed: int) -> None:
        """Start again from a seed."""
        self.reset(Generator.from_seed(seed).state)

    def _next(self, shape: Sequence[int]) -> State:
        escape()
        with _turn:
            low, high, key = (int(n) & _64 for n in self.state.numpy())
            counter = (low | high << 64) + math.prod(shape) * philox.RESERVED
            self.reset(np.array([counter & _64, counter >> 64 & _64, key], "uint64"))
        return key, low, high

    normal: Callable[..., Tensor] = _from_generator(normal)
    truncated_normal: Callable[..., Tensor] = _from_generator(truncated_normal)
    uniform: Callable[..., Tensor] = _from_generator(uniform)

    def split(self, count: int = 1) -> list["Generator"]:
        """Return new generators, whose keys are drawn from this one."""
        keys = philox.integers(self._next((count,)), count, 0, 0, "int64")
        return [Generator(state=np.array([0, 0, key])) for key in keys]


@cache
def get_global_generator() -> Generator:
    """Return the generator that all code shares."""
    return Generator.from_non_deterministic_state()


experimental: ModuleType = namespace(
    "random.experimental", Generator=Generator, get_global_generator=get_global_generator
)
