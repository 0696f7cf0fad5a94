"""Random tensors, bit for bit those of Keras on its NumPy backend.

Every function draws from `np.random.default_rng([seed, position])`, so an integer seed gives the same numbers
at every call, and a `SeedGenerator` gives new ones. What is not seeded shares one generator, which takes its
seed from Python's `random`; `set_random_seed` makes all of it repeatable.

The functions are recorded like any other operation, so a plan that is replayed draws anew.
"""

import math
import random as _python_random
from collections.abc import Sequence
from typing import Any, TypeAlias

import numpy as np

from . import _state
from ._typing import Array, Config, DTypeLike, TensorLike
from .ops.arrays import as_float, rule
from .ops.creation import convert_to_tensor, zeros_like
from .registry import Registry
from .tensor import Tensor, as_array, primitive

SizeLike: TypeAlias = Sequence[int]
"""A shape whose every size is known."""


class SeedGenerator:
    """A sequence of seeds: each draw made with it as `seed` gives other numbers than the one before.

    Args:
        seed: Where the sequence starts, an integer; drawn from Python's `random` if not given.
        name: Its name, made up if not given.

    Raises:
        ValueError: if the seed is no integer from 0 to 2 ** 32 - 1.

    Example:
        >>> generator = SeedGenerator(seed=1)
        >>> float(uniform((), seed=generator)) == float(uniform((), seed=generator))
        False
    """

    def __init__(self, seed: int | None = None, name: str | None = None) -> None:
        self.name = name if name is not None else _state.auto_name("SeedGenerator")
        self._initial_seed = seed
        self._state = _first_state(_state.make_default_seed() if seed is None else seed)

    @property
    def state(self) -> Tensor:
        """The seed that `next` gives next, a uint32 tensor of shape (2,)."""
        return Tensor(self._state.copy())

    def set_state(self, state: TensorLike) -> None:
        """Continue from a state that `state` gave earlier."""
        self._state = np.array(as_array(state), "uint32").reshape(2)

    def next(self, ordered: bool = True) -> Tensor:
        """Return the present state and go on to the next.

        Args:
            ordered: Whether the next state is a step on (True) or far away (False).

        Example:
            >>> print(SeedGenerator(seed=7).next())
            Tensor([7 0], shape=(2,), dtype=uint32)
        """
        return Tensor(self._advance(ordered))

    def _advance(self, ordered: bool = True) -> Array:
        present = self._state
        if not _state.context.dry:
            step = np.array([0, 1], "uint32")
            self._state = present + step if ordered else (present + 1) * 5387 % 933199
        return present

    def get_config(self) -> Config:
        """Return the arguments that make a generator like this one."""
        return {"seed": self._initial_seed, "name": self.name}

    @classmethod
    def from_config(cls, config: Config) -> "SeedGenerator":
        """Return the generator of a configuration."""
        return cls(**config)


Registry[SeedGenerator]("keras.random", "seed generator").register(SeedGenerator)


class _Global:
    generator: SeedGenerator | None = None


SeedLike: TypeAlias = int | SeedGenerator | None
"""An integer, a generator, or None for the global generator."""


def _forget_generator() -> None:
    _Global.generator = None


_state.on_clear_session(_forget_generator)


def set_random_seed(seed: int) -> None:
    """Make all that is random repeatable: Python's `random`, NumPy's global stream, unseeded draws here.

    Args:
        seed: An integer from 0 to 2 ** 32 - 1.

    Raises:
        ValueError: if it is none.

    Example:
        >>> set_random_seed(1)
        >>> first = normal((2,)).numpy()
        >>> set_random_seed(1)
        >>> bool((first == normal((2,)).numpy()).all())
        True
    """
    if not isinstance(seed, int):
        raise ValueError(f"Expected `seed` argument to be an integer. Received: seed={seed!r} (of type {type(seed)})")
    np.random.seed(seed)  # noqa: NPY002 - the global stream, which shuffles the samples of `fit`
    _python_random.seed(seed)
    _forget_generator()


def _first_state(seed: object) -> Array:
    if not isinstance(seed, int) or not 0 <= seed < 2**32:
        raise ValueError(
            "Argument `seed` must be an integer from 0 to 2 ** 32 - 1, or a SeedGenerator. "
            f"Received: seed={seed!r} (of type {type(seed).__name__})."
        )
    return np.array([seed, 0], "uint32")


def _rng(seed: SeedLike) -> "np.random.Generator":  # quoted: NumPy loads np.random only when it is used
    if isinstance(seed, SeedGenerator):
        return np.random.default_rng(seed._advance())
    if seed is not None:
        return np.random.default_rng(_first_state(seed))
    if _Global.generator is None:
        if _state.context.dry:
            return np.random.default_rng(0)
        _Global.generator = SeedGenerator()
    return np.random.default_rng(_Global.generator._advance(ordered=False))


def _float_dtype(dtype: DTypeLike | None, function: str) -> str:
    name = _state.standardize_dtype(dtype)
    if not name.startswith("float"):
        raise ValueError(f"`random.{function}` requires a floating point `dtype`. Received: dtype={dtype}")
    return name


@primitive()
def normal(
    shape: SizeLike,
    mean: float = 0.0,
    stddev: float = 1.0,
    dtype: DTypeLike | None = None,
    seed: SeedLike = None,
) -> Array:
    """Numbers of a normal distribution.

    Args:
        shape: Shape of the result.
        mean, stddev: Of the distribution.
        dtype: A floating one, the default float type if not given.
        seed: An integer, a `SeedGenerator`, or None for the global generator.

    Example:
        >>> np.round(normal((2,), seed=1).numpy(), 4)
        array([0.3456, 0.8216], dtype=float32)
    """
    return np.asarray(_rng(seed).normal(mean, stddev, tuple(shape))).astype(_float_dtype(dtype, "normal"))


@primitive()
def uniform(
    shape: SizeLike,
    minval: float = 0.0,
    maxval: float = 1.0,
    dtype: DTypeLike | None = None,
    seed: SeedLike = None,
) -> Array:
    """Numbers from `minval` up to, but without, `maxval`, all equally likely.

    Args:
        shape: Shape of the result.
        minval, maxval: Limits.
        dtype: A floating one, the default float type if not given.
        seed: An integer, a `SeedGenerator`, or None for the global generator.

    Raises:
        ValueError: if the dtype is not floating.

    Example:
        >>> uniform((2, 3), seed=1).shape
        (2, 3)
    """
    name = _float_dtype(dtype, "uniform")
    return np.asarray(_rng(seed).uniform(minval, maxval, tuple(shape))).astype(name)


@primitive()
def truncated_normal(
    shape: SizeLike,
    mean: float = 0.0,
    stddev: float = 1.0,
    dtype: DTypeLike | None = None,
    seed: SeedLike = None,
) -> Array:
    """Numbers of a normal distribution, those farther than two standard deviations from the mean drawn again.

    Args:
        shape: Shape of the result.
        mean, stddev: Of the distribution before it is truncated.
        dtype: A floating one, the default float type if not given.
        seed: An integer, a `SeedGenerator`, or None for the global generator.

    Example:
        >>> bool(abs(truncated_normal((100,), seed=1).numpy()).max() <= 2)
        True
    """
    name, rng, size = _float_dtype(dtype, "truncated_normal"), _rng(seed), math.prod(shape)
    low, high = mean - 2 * stddev, mean + 2 * stddev
    kept = np.empty(0)
    while kept.size < size:
        drawn = rng.normal(mean, stddev, size)
        kept = np.append(kept, drawn[(drawn >= low) & (drawn <= high)])
    return kept[:size].astype(name).reshape(tuple(shape))


# The same on arrays, unrecorded: for initializers.
draw_normal, draw_uniform, draw_truncated_normal = rule(normal), rule(uniform), rule(truncated_normal)


@primitive()
def randint(shape: SizeLike, minval: int, maxval: int, dtype: DTypeLike = "int32", seed: SeedLike = None) -> Array:
    """Integers from `minval` up to, but without, `maxval`, all equally likely.

    Args:
        shape: Shape of the result.
        minval, maxval: Limits.
        dtype: That of an integer.
        seed: An integer, a `SeedGenerator`, or None for the global generator.

    Raises:
        ValueError: if the dtype is not that of an integer.

    Example:
        >>> set(randint((100,), 0, 3, seed=1).tolist()) == {0, 1, 2}
        True
    """
    name = _state.standardize_dtype(dtype)
    if "int" not in name:
        raise ValueError(f"`random.randint` requires an integer `dtype`. Received: dtype={dtype}")
    return np.asarray(_rng(seed).integers(minval, maxval, tuple(shape), dtype=name))


@primitive(None)
def categorical(logits: TensorLike, num_samples: int, dtype: DTypeLike = "int32", seed: SeedLike = None) -> Array:
    """Class numbers drawn with the probabilities softmax(logits).

    Args:
        logits: Of shape (batch, classes).
        num_samples: How many a row.
        dtype: That of the result.
        seed: An integer, a `SeedGenerator`, or None for the global generator.

    Returns:
        A tensor of shape (batch, num_samples).

    Raises:
        ValueError: if `logits` does not have two axes.

    Example:
        >>> print(categorical([[0.0, 100.0]], 3, seed=1))
        Tensor([[1 1 1]], shape=(1, 3), dtype=int32)
    """
    scores = as_float(logits)
    if scores.ndim != 2:
        raise ValueError(f"`logits` should have the shape (batch, classes). Received: shape={scores.shape}")
    rng = _rng(seed)
    rows = np.exp(scores - scores.max(axis=1, keepdims=True))
    probabilities = rows / rows.sum(axis=1, keepdims=True)
    drawn = [rng.choice(scores.shape[1], num_samples, p=p) for p in probabilities]
    return np.array(drawn, _state.standardize_dtype(dtype)).reshape(len(scores), num_samples)


@primitive(None)
def _mask(x: TensorLike, keep: float, noise_shape: Sequence[int | None] | None, seed: SeedLike) -> Array:
    """Draw which elements of x are kept."""
    sizes = np.shape(x)
    if noise_shape is not None:
        sizes = tuple(sizes[i] if n is None else n for i, n in enumerate(noise_shape))
    return np.asarray(_rng(seed).uniform(size=sizes) < keep)


@primitive(lambda g, y, x, mask, keep: np.where(mask, g / keep, 0), None)
def _masked(x: TensorLike, mask: TensorLike, keep: float) -> Array:
    array = as_float(x)
    return np.where(mask, array / keep, np.zeros((), array.dtype))


def dropout(
    inputs: TensorLike, rate: float, noise_shape: Sequence[int | None] | None = None, seed: SeedLike = None
) -> Tensor:
    """Set a share of the elements to 0 and divide the others by 1 - rate, which keeps the expected sum.

    Args:
        inputs: A tensor.
        rate: Share of the elements to drop, from 0 to 1.
        noise_shape: Shape of the mask: along an axis of size 1 elements share their fate; None takes the size
            that the inputs have.
        seed: An integer, a `SeedGenerator`, or None for the global generator.

    Source: Srivastava et al. 2014.

    Example:
        >>> print(dropout([1.0, 1.0, 1.0, 1.0], 0.5, seed=1))
        Tensor([0. 0. 2. 0.], shape=(4,), dtype=float32)
    """
    if rate == 0:
        return convert_to_tensor(inputs)
    if rate == 1:
        return zeros_like(inputs)
    # Two recorded operations, so that the gradient uses the very mask that was drawn.
    return _masked(inputs, _mask(inputs, 1.0 - rate, noise_shape, seed), 1.0 - rate)


@primitive(None)
def shuffle(x: TensorLike, axis: int = 0, seed: SeedLike = None) -> Array:
    """Shuffle the elements along an axis, those at each place of the other axes by themselves.

    Args:
        x: A tensor.
        axis: Along which axis.
        seed: An integer, a `SeedGenerator`, or None for the global generator.

    Example:
        >>> sorted(shuffle([1, 2, 3], seed=1).tolist())
        [1, 2, 3]
    """
    return np.asarray(_rng(seed).permuted(np.asarray(x), axis=axis))


@primitive()
def gamma(shape: SizeLike, alpha: TensorLike, dtype: DTypeLike | None = None, seed: SeedLike = None) -> Array:
    """Numbers of a gamma distribution of scale 1.

    Args:
        shape: Shape of the result.
        alpha: Shape parameter of the distribution; broadcasts to `shape`.
        dtype: A floating one, the default float type if not given.
        seed: An integer, a `SeedGenerator`, or None for the global generator.

    Example:
        >>> bool((gamma((5,), 2.0, seed=1).numpy() > 0).all())
        True
    """
    drawn = _rng(seed).gamma(_parameter(alpha), size=tuple(shape))
    return np.asarray(drawn).astype(_float_dtype(dtype, "gamma"))


@primitive()
def binomial(
    shape: SizeLike,
    counts: TensorLike,
    probabilities: TensorLike,
    dtype: DTypeLike | None = None,
    seed: SeedLike = None,
) -> Array:
    """How many of `counts` independent trials succeed.

    Args:
        shape: Shape of the result.
        counts: How many trials; broadcasts to `shape`.
        probabilities: With which each succeeds; broadcasts to `shape`.
        dtype: That of the result, the default float type if not given.
        seed: An integer, a `SeedGenerator`, or None for the global generator.

    Example:
        >>> print(binomial((2,), 3, 1.0, seed=1))
        Tensor([3. 3.], shape=(2,), dtype=float32)
    """
    drawn = _rng(seed).binomial(_parameter(counts), _parameter(probabilities), size=tuple(shape))
    return np.asarray(drawn).astype(_state.standardize_dtype(dtype))


@primitive()
def beta(
    shape: SizeLike,
    alpha: TensorLike,
    beta: TensorLike,
    dtype: DTypeLike | None = None,
    seed: SeedLike = None,
) -> Array:
    """Numbers of a beta distribution.

    Args:
        shape: Shape of the result.
        alpha, beta: Parameters of the distribution; both broadcast to `shape`.
        dtype: A floating one, the default float type if not given.
        seed: An integer, a `SeedGenerator`, or None for the global generator.

    Example:
        >>> bool((beta((5,), 2.0, 3.0, seed=1).numpy() < 1).all())
        True
    """
    drawn = _rng(seed).beta(_parameter(alpha), _parameter(beta), size=tuple(shape))
    return np.asarray(drawn).astype(_float_dtype(dtype, "beta"))


def _parameter(value: TensorLike) -> Any:
    return value if isinstance(value, int | float) else as_array(value)
