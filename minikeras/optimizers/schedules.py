"""Learning rates that depend on the step.

A schedule is a function of the number of updates made so far. It takes arrays of steps as well, to be looked at.
A number of steps that has to be positive and is not raises a ValueError.
"""

import math
from collections.abc import Sequence
from typing import Any, Final

import numpy as np

from .._base.settings import floatx
from .._base.typing import AnyCallable, Array, Config, TensorLike
from .._core.tensor import Tensor, as_array
from .._serialization.configurable import Configurable
from .._serialization.registry import Registry
from .._serialization.serialization import serialize as serialize

__all__ = ["CosineDecay", "CosineDecayRestarts", "ExponentialDecay", "InverseTimeDecay", "LearningRateSchedule",
           "PiecewiseConstantDecay", "PolynomialDecay", "deserialize", "serialize"]  # fmt: skip
__dir__: AnyCallable = __all__.copy


class LearningRateSchedule(Configurable):
    """Base of all schedules: subclass it with `__call__(step)`, and `get_config` to save optimizers.

    Args:
        initial_learning_rate: Learning rate at the start.
        name: Kept in configurations, as in Keras.

    Example:
        >>> class Harmonic(LearningRateSchedule):
        ...     def __call__(self, step):
        ...         return 0.1 / (step + 1)
        >>> print(Harmonic()(1))
        0.05
    """

    def __call__(self, step: Any) -> Any:
        """Return the learning rate after a number of steps."""
        name = type(self).__name__
        raise NotImplementedError(f"Learning rate schedule '{name}' must override `__call__(self, step)`.")

    def get_config(self) -> Config:
        if not self._arguments:
            raise NotImplementedError(f"Learning rate schedule '{type(self).__name__}' must override `get_config()` in "
                                      "order to be serializable.")  # fmt: skip
        return super().get_config()


def _floats(*values: TensorLike | Sequence[float]) -> list[Array]:
    """Return values in the default float type, which schedules compute in."""
    return [as_array(value).astype(floatx()) for value in values]


def _positive(name: str, value: float) -> float:
    if value <= 0:
        raise ValueError(f"Argument `{name}` must be > 0. Received: {name}={value}")
    return value


class ExponentialDecay(LearningRateSchedule):
    """initial_learning_rate * decay_rate ** (step / decay_steps).

    Args:
        decay_steps: Number of steps in which the rate is multiplied by `decay_rate` once.
        decay_rate: The factor.
        staircase: Whether to round step / decay_steps down.

    Example:
        >>> print(ExponentialDecay(0.5, decay_steps=10, decay_rate=0.25)(5))
        Tensor(0.25, shape=(), dtype=float32)
    """

    def __init__(self, initial_learning_rate: float, decay_steps: float, decay_rate: float, staircase: bool = False,
                 name: str | None = "ExponentialDecay") -> None:  # fmt: skip
        self.decay_steps: float = _positive("decay_steps", decay_steps)
        self.initial_learning_rate = initial_learning_rate
        self.decay_rate = decay_rate
        self.staircase = staircase
        self.name = name

    def _periods(self, step: TensorLike) -> Array:
        count, period = _floats(step, self.decay_steps)
        return np.floor(count / period) if self.staircase else np.asarray(count / period)

    def __call__(self, step: TensorLike) -> Tensor:
        rate, factor = _floats(self.initial_learning_rate, self.decay_rate)
        return Tensor(rate * factor ** self._periods(step))


class InverseTimeDecay(ExponentialDecay):
    """initial_learning_rate / (1 + decay_rate * step / decay_steps).

    Args:
        decay_steps: Number of steps that count as one unit of time.
        decay_rate: How quickly the rate falls.

    Example:
        >>> print(InverseTimeDecay(0.5, decay_steps=10, decay_rate=1.0)(10))
        Tensor(0.25, shape=(), dtype=float32)
    """

    def __init__(self, initial_learning_rate: float, decay_steps: float, decay_rate: float, staircase: bool = False,
                 name: str | None = "InverseTimeDecay") -> None:  # fmt: skip
        super().__init__(initial_learning_rate, decay_steps, decay_rate, staircase, name)

    def __call__(self, step: TensorLike) -> Tensor:
        rate, speed = _floats(self.initial_learning_rate, self.decay_rate)
        return Tensor(rate / (1 + speed * self._periods(step)))


class PiecewiseConstantDecay(LearningRateSchedule):
    """values[0] up to and with step boundaries[0], then values[1] up to and with boundaries[1], and so on.

    Args:
        boundaries: Steps, in ascending order.
        values: Learning rates, one more than boundaries.

    Example:
        >>> PiecewiseConstantDecay([10], [0.5, 0.25])([10, 11]).numpy()
        array([0.5 , 0.25], dtype=float32)
    """

    def __init__(self, boundaries: Sequence[float], values: Sequence[float],
                 name: str | None = "PiecewiseConstant") -> None:  # fmt: skip
        if len(boundaries) != len(values) - 1:
            raise ValueError("The length of boundaries should be 1 less than the length of values. Received: "
                             f"boundaries={boundaries}, values={values}.")  # fmt: skip
        self.boundaries = boundaries
        self.values = values
        self.name = name

    def __call__(self, step: TensorLike) -> Tensor:
        return Tensor(_floats(self.values)[0][np.searchsorted(np.asarray(self.boundaries), as_array(step))])


class PolynomialDecay(LearningRateSchedule):
    """(initial_learning_rate - end_learning_rate) * (1 - step / decay_steps) ** power + end_learning_rate.

    Args:
        decay_steps: Number of steps after which the end is reached.
        end_learning_rate: Learning rate from then on.
        power: The exponent.
        cycle: Whether to go on then with the polynomial of twice as many steps, then three times as many, and so on.

    Example:
        >>> print(PolynomialDecay(0.5, decay_steps=10, end_learning_rate=0.25)(20))
        Tensor(0.25, shape=(), dtype=float32)
    """

    def __init__(self, initial_learning_rate: float, decay_steps: float, end_learning_rate: float = 0.0001,
                 power: float = 1.0, cycle: bool = False, name: str | None = "PolynomialDecay") -> None:  # fmt: skip
        self.decay_steps: float = _positive("decay_steps", decay_steps)
        self.initial_learning_rate = initial_learning_rate
        self.end_learning_rate = end_learning_rate
        self.power = power
        self.cycle = cycle
        self.name = name

    def __call__(self, step: TensorLike) -> Tensor:
        rates = self.initial_learning_rate, self.end_learning_rate
        start, end, period, power, count = _floats(*rates, self.decay_steps, self.power, step)
        if self.cycle:
            period = period * np.maximum(np.ceil(count / period), 1)
        else:
            count = np.minimum(count, period)
        return Tensor((start - end) * np.power(1 - count / period, power) + end)


def _half_wave(fraction: Array) -> Array:
    """Return the cosine that goes from 1 at 0 to 0 at 1."""
    return np.asarray(0.5 * (1 + np.cos(fraction.dtype.type(math.pi) * fraction)))


class CosineDecay(LearningRateSchedule):
    """From the initial rate down to alpha times it along half a cosine wave, after a linear warm-up if asked for.

    Args:
        decay_steps: Number of steps of the descent.
        alpha: Share of the highest rate that is left in the end.
        warmup_target: Highest rate, reached from the initial one before the descent; None for no warm-up.
        warmup_steps: Number of steps of the warm-up.

    Source: Loshchilov and Hutter 2016, "SGDR: Stochastic Gradient Descent with Warm Restarts".

    Example:
        >>> print(CosineDecay(0.0, 10, warmup_target=1.0, warmup_steps=4)(2))
        Tensor(0.5, shape=(), dtype=float32)
    """

    def __init__(self, initial_learning_rate: float, decay_steps: float, alpha: float = 0.0,
                 name: str | None = "CosineDecay", warmup_target: float | None = None,
                 warmup_steps: float = 0) -> None:  # fmt: skip
        self.decay_steps: float = _positive("decay_steps", decay_steps)
        self.initial_learning_rate = initial_learning_rate
        self.alpha = alpha
        self.name = name
        self.warmup_target = warmup_target
        self.warmup_steps = warmup_steps

    def __call__(self, step: TensorLike) -> Tensor:
        top = self.initial_learning_rate if self.warmup_target is None else self.warmup_target
        warm = 0 if self.warmup_target is None else self.warmup_steps
        start, peak, rise, fall, count = _floats(self.initial_learning_rate, top, warm, self.decay_steps, step)
        fraction = np.asarray((np.clip(count, rise, rise + fall) - rise) / fall)
        rate = peak * ((1 - self.alpha) * _half_wave(fraction) + self.alpha)
        if warm:
            rate = np.where(count < rise, (peak - start) * (count / rise) + start, rate)
        return Tensor(rate)


class CosineDecayRestarts(LearningRateSchedule):
    """Descents along half a cosine wave, each begun when the one before it has ended (see the source of `CosineDecay`).

    Args:
        first_decay_steps: Number of steps of the first descent.
        t_mul: Length of each descent as a multiple of that before it.
        m_mul: Height of each descent as a multiple of that before it.
        alpha: Share of the initial rate that is left at the end of a descent.

    Example:
        >>> print(CosineDecayRestarts(1.0, 10, m_mul=0.5)(10))
        Tensor(0.5, shape=(), dtype=float32)
    """

    def __init__(self, initial_learning_rate: float, first_decay_steps: float, t_mul: float = 2.0, m_mul: float = 1.0,
                 alpha: float = 0.0, name: str | None = "SGDRDecay") -> None:  # fmt: skip
        self.first_decay_steps: float = _positive("first_decay_steps", first_decay_steps)
        self.initial_learning_rate = initial_learning_rate
        self.t_mul = t_mul
        self.m_mul = m_mul
        self.alpha = alpha
        self.name = name

    def __call__(self, step: TensorLike) -> Tensor:
        first = self.initial_learning_rate, self.first_decay_steps
        start, period, longer, higher, alpha, count = _floats(*first, self.t_mul, self.m_mul, self.alpha, step)
        fraction = count / period  # in first periods
        if self.t_mul == 1:
            fraction, restarts = np.modf(fraction)
        else:  # the first n periods take (1 - longer ** n) / (1 - longer) of the first
            restarts = np.floor(np.log(1 - fraction * (1 - longer)) / np.log(longer))
            fraction = (fraction - (1 - longer**restarts) / (1 - longer)) / longer**restarts
        return Tensor(start * ((1 - alpha) * higher**restarts * _half_wave(fraction) + alpha))


registry: Registry[LearningRateSchedule] = Registry("keras.optimizers.schedules", "schedule", LearningRateSchedule)
deserialize: Final = registry.deserialize
