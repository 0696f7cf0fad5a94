"""Random tensors, bit for bit those of Keras on its NumPy backend.

Every function draws from a `Source` with a seed of two numbers, [seed, position]. An integer seed gives the same
numbers at each call, a `SeedGenerator` new ones. Calls without a seed share one generator, whose seed comes from
Python's `random`; `set_random_seed` makes them repeatable. Results have the default float type unless a `dtype` is
given. The functions are recorded like any other op: a program that is replayed draws new numbers.
"""

import math
import random as _python_random
from collections.abc import Callable, Sequence
from functools import partial
from typing import ClassVar, TypeAlias

import numpy as np

from ._base.context import context, path_scope
from ._base.naming import auto_name, on_clear_session
from ._base.pool import Turns
from ._base.settings import make_default_seed, settings, standardize_dtype
from ._base.typing import AnyCallable, Array, Config, DTypeLike, Shape, TensorLike
from ._core.op import as_op, primitive
from ._core.tensor import Tensor, as_array
from ._core.variable import Variable, as_shape
from ._serialization.configurable import Configurable
from ._serialization.registry import Registry
from .ops import convert_to_tensor, zeros_like
from .ops.arrays import as_float, bare

__all__ = ["SeedGenerator", "beta", "binomial", "categorical", "dropout", "gamma", "normal", "randint", "shuffle",
           "truncated_normal", "uniform"]  # fmt: skip
__dir__: AnyCallable = __all__.copy

SizeLike: TypeAlias = Sequence[int]
"""A shape whose every size is known."""
Parameter: TypeAlias = float | Array
PIECE = 1 << 14  # numbers that are drawn at once


class Source:
    """Random numbers by NumPy's `default_rng` for each seed; a stand-in for another backend replaces `source`."""

    seed_dtype: str = "uint32"
    seed: ClassVar[int | None] = None  # of the last `set_random_seed`

    def restart(self, seed: int) -> None:
        """Seed further generators of the source; `set_random_seed` has seeded NumPy's and Python's streams already."""

    def normal(self, seed: Array, shape: SizeLike, mean: Parameter, stddev: Parameter, dtype: str) -> Array:
        """Draw from a normal distribution."""
        return _draw(seed, "normal", shape, dtype, mean, stddev)

    def uniform(self, seed: Array, shape: SizeLike, low: Parameter, high: Parameter, dtype: str) -> Array:
        """Draw from `low` up to, but without, `high`."""
        return _draw(seed, "uniform", shape, dtype, low, high)

    def truncated_normal(self, seed: Array, shape: SizeLike, mean: float, stddev: float, dtype: str) -> Array:
        """Draw from a normal distribution; draw again what is over two standard deviations from the mean."""
        rng, size = np.random.default_rng(seed), math.prod(shape)
        low, high = mean - 2 * stddev, mean + 2 * stddev
        near = np.empty(0)
        while near.size < size:
            draws = rng.normal(mean, stddev, size)
            near = np.append(near, draws[(draws >= low) & (draws <= high)])
        return near[:size].astype(dtype).reshape(shape)

    def integers(self, seed: Array, shape: SizeLike, low: int, high: int, dtype: str) -> Array:
        """Draw integers from `low` up to, but without, `high`."""
        return np.asarray(np.random.default_rng(seed).integers(low, high, shape, dtype=dtype))

    def kept(self, seed: Array, shape: SizeLike, rate: float, dtype: str) -> Array:
        """Draw a mask of the elements that dropout keeps; `dtype` is that of the elements."""
        return np.asarray(np.random.default_rng(seed).random(shape) < 1.0 - rate)

    def shuffled(self, seed: Array, x: Array, axis: int) -> Array:
        """Shuffle the elements along an axis."""
        return np.asarray(np.random.default_rng(seed).permuted(x, axis=axis))

    def order(self, count: int) -> Array:
        """Draw the order of a number of rows for a pass of `fit`."""
        return np.random.permutation(count)  # noqa: NPY002 - the global stream, as in Keras


source: Source = Source()


class SeedGenerator(Configurable):
    """A sequence of seeds: passed as `seed`, it makes each draw give new numbers.

    Args:
        seed: The start, an integer from 0 to 2 ** 32 - 1, drawn from Python's `random` if not given.
        name: Its name, made up if not given.

    Example:
        >>> print(SeedGenerator(seed=7).next())
        Tensor([7 0], shape=(2,), dtype=uint32)
    """

    _shared: ClassVar["SeedGenerator | None"] = None
    """The generator of all draws without a seed."""

    def __init__(self, seed: int | None = None, name: str | None = None) -> None:
        self.name: str = name if name is not None else auto_name("SeedGenerator")
        self._initial_seed = seed
        self._begin(_first_state(make_default_seed() if seed is None else seed))

    def _begin(self, first: Array) -> None:
        with path_scope(self.name, self):
            self.state: Variable = Variable(first, (2,), first.dtype.name, False, name="seed_generator_state")
            """The two numbers that `next` will return."""

    def set_state(self, state: TensorLike) -> None:
        """Continue from an earlier value of `state`."""
        self.state.assign(state)

    def next(self, ordered: bool = True) -> Tensor:
        """Return the current state and advance it: by one step or, if not `ordered`, to one far away."""
        return Tensor(self._advance(ordered))

    def _advance(self, ordered: bool = True) -> Array:
        with _drawing.lock:
            present = self.state.array.copy()
            if not context.dry:
                if context.undo is not None:
                    context.undo.setdefault(id(self.state), (self.state, present))
                self.state.make_exclusive()
                self.state.array[...] = present + _STEP if ordered else (present + 1) * 5387 % 933199
            return present

    def __setstate__(self, state: Config) -> None:
        vars(self).update(state)
        if "_state" in state:  # pickled before the state was a variable
            self._begin(vars(self).pop("_state"))

    def get_config(self) -> Config:
        return {"seed": self._initial_seed, "name": self.name}


_STEP = np.array([0, 1], "uint8")
_drawing = Turns()
seed_generators: Registry[SeedGenerator] = Registry("keras.random", "seed generator", SeedGenerator)
SeedLike: TypeAlias = int | SeedGenerator | None
"""An integer, a generator, or None for the global generator."""

on_clear_session(partial(setattr, SeedGenerator, "_shared", None))


def set_random_seed(seed: int) -> None:
    """Seed the random streams of Python, NumPy and minikeras with an integer from 0 to 2 ** 32 - 1."""
    if not isinstance(seed, int):
        raise ValueError(f"Expected `seed` argument to be an integer. Received: seed={seed!r} (of type {type(seed)})")
    np.random.seed(seed)  # noqa: NPY002 - the global stream, which shuffles the samples of `fit`
    _python_random.seed(seed)
    settings.seeds = _python_random
    source.restart(seed)
    Source.seed, SeedGenerator._shared = seed, None


def _first_state(seed: object) -> Array:
    if not isinstance(seed, int) or not 0 <= seed < 2**32:
        raise ValueError("Argument `seed` must be an integer from 0 to 2 ** 32 - 1, or a SeedGenerator. "
                         f"Received: seed={seed!r} (of type {type(seed).__name__}).")  # fmt: skip
    return np.array([seed, 0], source.seed_dtype)


def _next_seed(seed: SeedLike) -> Array:
    """Return the two numbers that seed the next draw."""
    if isinstance(seed, SeedGenerator):
        return seed._advance()
    if seed is not None:
        return _first_state(seed)
    if (shared := SeedGenerator._shared) is None:
        if context.dry:
            return _first_state(0)
        shared = SeedGenerator._shared = SeedGenerator()
    return shared._advance(ordered=False)


def _parameter(value: TensorLike) -> Parameter:
    return value if isinstance(value, (int, float)) else as_array(value)


def _float_dtype(dtype: DTypeLike | None, function: str) -> str:
    name = standardize_dtype(dtype)
    if not name.startswith("float"):
        raise ValueError(f"`random.{function}` requires a floating point `dtype`. Received: dtype={dtype}")
    return name


def _draw(seed: Array, law: str, shape: SizeLike, dtype: str, *parameters: Parameter) -> Array:
    """Draw by a method of `np.random.Generator`; in pieces, as fresh memory for doubles takes longer than drawing."""
    draw, size = getattr(np.random.default_rng(seed), law), math.prod(shape)
    if size <= PIECE or any(map(np.ndim, parameters)):
        return np.asarray(draw(*parameters, size=shape)).astype(dtype)
    y = np.empty(size, dtype)
    for start in range(0, size, PIECE):
        y[start : start + PIECE] = draw(*parameters, size=len(y[start : start + PIECE]))
    return y.reshape(shape)


@primitive()
def normal(shape: SizeLike, mean: float = 0.0, stddev: float = 1.0, dtype: DTypeLike | None = None,
           seed: SeedLike = None) -> Array:  # fmt: skip
    """Numbers of a normal distribution.

    Example:
        >>> np.round(normal((2,), seed=1).numpy(), 4)
        array([0.3456, 0.8216], dtype=float32)
    """
    name = _float_dtype(dtype, "normal")
    return source.normal(_next_seed(seed), as_shape(shape), _parameter(mean), _parameter(stddev), name)


@primitive()
def uniform(shape: SizeLike, minval: float = 0.0, maxval: float = 1.0, dtype: DTypeLike | None = None,
            seed: SeedLike = None) -> Array:  # fmt: skip
    """Numbers from `minval` up to, but without, `maxval`, all equally likely."""
    name = _float_dtype(dtype, "uniform")
    return source.uniform(_next_seed(seed), as_shape(shape), _parameter(minval), _parameter(maxval), name)


@primitive()
def truncated_normal(shape: SizeLike, mean: float = 0.0, stddev: float = 1.0, dtype: DTypeLike | None = None,
                     seed: SeedLike = None) -> Array:  # fmt: skip
    """Numbers of a normal distribution; those over two standard deviations from the mean are drawn again."""
    name = _float_dtype(dtype, "truncated_normal")
    return source.truncated_normal(_next_seed(seed), as_shape(shape), mean, stddev, name)


# The same on arrays, unrecorded: for initializers.
draw_normal: Callable[..., Array] = bare(normal)
draw_uniform: Callable[..., Array] = bare(uniform)
draw_truncated_normal: Callable[..., Array] = bare(truncated_normal)


@primitive()
def randint(shape: SizeLike, minval: int, maxval: int, dtype: DTypeLike = "int32", seed: SeedLike = None) -> Array:
    """Integers from `minval` up to, but without, `maxval`, all equally likely.

    Example:
        >>> set(randint((100,), 0, 3, seed=1).tolist()) == {0, 1, 2}
        True
    """
    name = standardize_dtype(dtype)
    if "int" not in name:
        raise ValueError(f"`random.randint` requires an integer `dtype`. Received: dtype={dtype}")
    return source.integers(_next_seed(seed), as_shape(shape), minval, maxval, name)


@primitive(None)
def categorical(logits: TensorLike, num_samples: int, dtype: DTypeLike = "int32", seed: SeedLike = None) -> Array:
    """Class numbers drawn with the probabilities softmax(logits): (batch, classes) -> (batch, num_samples).

    Example:
        >>> print(categorical([[0.0, 100.0]], 3, seed=1))
        Tensor([[1 1 1]], shape=(1, 3), dtype=int32)
    """
    scores = as_float(logits)
    if scores.ndim != 2 or not np.isfinite(scores.max(axis=1)).all():
        raise ValueError(f"`logits` should be (batch, classes), each row with a finite maximum. Got: {scores.shape}.")
    rows = np.exp(scores - scores.max(axis=1, keepdims=True))
    ends = np.cumsum(rows / rows.sum(axis=1, keepdims=True), axis=1, dtype="float64")
    draws = source.uniform(_next_seed(seed), (len(scores), num_samples), 0.0, 1.0, "float64")
    classes = [row.searchsorted(u, "right") for row, u in zip(ends / ends[:, -1:], draws, strict=True)]
    return np.array(classes, standardize_dtype(dtype)).reshape(draws.shape)


@primitive(None)
def _mask(x: TensorLike, rate: float, noise_shape: Sequence[int | None] | None, seed: SeedLike) -> Array:
    """Draw which elements of x are kept."""
    return source.kept(_next_seed(seed), mask_shape(noise_shape, np.shape(x)), rate, as_float(x).dtype.name)


def mask_shape(noise_shape: Sequence[int | None] | None, shape: Shape) -> Shape:
    """Return the shape of the mask for a tensor: `noise_shape`, with the tensor's own sizes for None."""
    return shape if noise_shape is None else tuple(shape[i] if n is None else n for i, n in enumerate(noise_shape))


@primitive(lambda g, y, x, mask, keep: _masked_rule(g, mask, keep), None, inplace=True)
def _masked(x: TensorLike, mask: TensorLike, keep: float, out: Array | None = None) -> Array:
    """x / keep where the mask is true, else 0. The bits are multiplied by 0 or 1, ten times as fast as `np.where`."""
    array = as_float(x)
    y = np.divide(array, keep, out=np.empty_like(array) if out is None else out)
    bits = y.view(f"i{y.itemsize}")
    np.multiply(bits, mask, out=bits)
    return y


_masked_rule: AnyCallable = bare(_masked)


@as_op
def dropout(inputs: TensorLike, rate: float, noise_shape: Sequence[int | None] | None = None,
            seed: SeedLike = None) -> Tensor:  # fmt: skip
    """Set a share `rate` of the elements to 0 and divide the others by 1 - rate, which keeps the expected sum.

    Along an axis of size 1 in `noise_shape` all are kept, or none; None is the input's size. Srivastava et al. 2014.

    Example:
        >>> print(dropout([1.0, 1.0, 1.0, 1.0], 0.5, seed=1))
        Tensor([0. 0. 2. 0.], shape=(4,), dtype=float32)
    """
    if rate in (0, 1):
        return zeros_like(inputs) if rate else convert_to_tensor(inputs)
    # Two recorded operations, so that the gradient uses the very mask that was drawn.
    return _masked(inputs, _mask(inputs, rate, noise_shape, seed), 1.0 - rate)


@primitive(None)
def shuffle(x: TensorLike, axis: int = 0, seed: SeedLike = None) -> Array:
    """Shuffle the elements along an axis, in a new order for each index of the other axes."""
    return source.shuffled(_next_seed(seed), np.asarray(x), axis)


@primitive()
def gamma(shape: SizeLike, alpha: TensorLike, dtype: DTypeLike | None = None, seed: SeedLike = None) -> Array:
    """Numbers of a gamma distribution of shape `alpha`, which broadcasts to `shape`, and scale 1."""
    return _draw(_next_seed(seed), "gamma", as_shape(shape), _float_dtype(dtype, "gamma"), _parameter(alpha))


@primitive()
def binomial(shape: SizeLike, counts: TensorLike, probabilities: TensorLike, dtype: DTypeLike | None = None,
             seed: SeedLike = None) -> Array:  # fmt: skip
    """How many of `counts` independent trials succeed, each with its probability; both broadcast to the shape.

    Example:
        >>> print(binomial((2,), 3, 1.0, seed=1))
        Tensor([3. 3.], shape=(2,), dtype=float32)
    """
    trials, name = as_array(counts).astype("int64"), standardize_dtype(dtype)
    return _draw(_next_seed(seed), "binomial", as_shape(shape), name, trials, _parameter(probabilities))


@primitive()
def beta(shape: SizeLike, alpha: TensorLike, beta: TensorLike, dtype: DTypeLike | None = None,
         seed: SeedLike = None) -> Array:  # fmt: skip
    """Numbers of a beta distribution; its parameters broadcast to the shape."""
    name = _float_dtype(dtype, "beta")
    return _draw(_next_seed(seed), "beta", as_shape(shape), name, _parameter(alpha), _parameter(beta))
