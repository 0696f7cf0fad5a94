"""Optimizers whose steps follow the gradient, or its sign: SGD, Lion, Ftrl."""

from collections.abc import Sequence
from typing import Unpack

import numpy as np

from .._base.typing import Array
from .optimizer import LearningRate, Optimizer, OptimizerOptions, Rounding


class SGD(Optimizer):
    """Gradient descent: p -= rate * g; with momentum, v = momentum * v - rate * g and p += v.

    Args:
        momentum: Share of the last step that is made again, a float from 0 to 1.
        nesterov: Whether to look ahead: p += momentum * v - rate * g, with the new v.

    Example:
        >>> from minikeras import Variable
        >>> w = Variable([1.0])
        >>> _ = SGD(0.5).apply_gradients([([1.0], w)])
        >>> w.numpy()
        array([0.5], dtype=float32)
    """

    def __init__(self, learning_rate: LearningRate = 0.01, momentum: float = 0.0, nesterov: bool = False,
                 **options: Unpack[OptimizerOptions]) -> None:  # fmt: skip
        super().__init__(learning_rate, **options)
        if not isinstance(momentum, float) or momentum < 0 or momentum > 1:
            raise ValueError(f"`momentum` must be a float between [0, 1]. Received: momentum={momentum!r}.")
        self.momentum = momentum
        self.nesterov = nesterov
        self._slot_names = ({"momentums": "momentum"},) if momentum else ()

    def _constants(self, rate: float, step: int, rounded: Rounding) -> Sequence[float]:
        return rate, self.momentum

    def _formula(self, p: Array, g: Array, v: Array | None = None, *, rate: Array,
                 momentum: Array) -> tuple[Array, ...]:  # fmt: skip
        step = g * rate
        if v is None:
            return (p - step,)
        v = v * momentum - step
        return p + (v * momentum - step if self.nesterov else v), v


class Lion(Optimizer):
    """Steps of equal size: p -= rate * sign(beta_1 * m + (1 - beta_1) * g); m = beta_2 * m + (1 - beta_2) * g.

    Args:
        beta_1: Share of the mean m in the direction, above 0 and up to 1.
        beta_2: Share of the old mean in the new one.

    Source: Chen et al. 2023, "Symbolic Discovery of Optimization Algorithms".
    """

    _slot_names = ({"_momentums": "momentum"},)

    def __init__(self, learning_rate: LearningRate = 0.001, beta_1: float = 0.9, beta_2: float = 0.99,
                 **options: Unpack[OptimizerOptions]) -> None:  # fmt: skip
        super().__init__(learning_rate, **options)
        if beta_1 <= 0 or beta_1 > 1:
            raise ValueError("Argument `beta_1` must be above 0 and at most 1; with 0 the optimizer degenerates to "
                             f"SignSGD. Received: beta_1={beta_1}.")  # fmt: skip
        self.beta_1 = beta_1
        self.beta_2 = beta_2

    def _constants(self, rate: float, step: int, rounded: Rounding) -> Sequence[float]:
        b1, b2 = rounded(self.beta_1), rounded(self.beta_2)
        return rate, b1, 1 - b1, b2, 1 - b2

    def _formula(self, p: Array, g: Array, m: Array, *, rate: Array, b1: Array, c1: Array, b2: Array,
                 c2: Array) -> tuple[Array, ...]:  # fmt: skip
        return p - np.sign(m * b1 + g * c1) * rate, m * b2 + g * c2


class Ftrl(Optimizer):
    """Follow the regularized leader: weights near 0 become 0 exactly, for sparse linear models.

    n grows by g * g, and z by g - (n_new ** -power - n_old ** -power) / rate * p; then p becomes
    (clip(z, -l1, l1) - z) / (n_new ** -power / rate + 2 * l2 + beta / rate).

    Args:
        learning_rate_power: How the learning rate falls with n, at most 0.
        initial_accumulator_value: n at the start, at least 0.
        l1_regularization_strength, l2_regularization_strength: l1 and l2, at least 0.
        l2_shrinkage_regularization_strength: Half the factor of p that is added to the gradient in z, at least 0.
        beta: The beta of the paper.

    Source: McMahan et al. 2013, "Ad Click Prediction: a View from the Trenches".
    """

    _slot_names = ({"_accumulators": "accumulator", "_linears": "linear"},)

    def __init__(self, learning_rate: LearningRate = 0.001, learning_rate_power: float = -0.5,
                 initial_accumulator_value: float = 0.1, l1_regularization_strength: float = 0.0,
                 l2_regularization_strength: float = 0.0, l2_shrinkage_regularization_strength: float = 0.0,
                 beta: float = 0.0, **options: Unpack[OptimizerOptions]) -> None:  # fmt: skip
        super().__init__(learning_rate, **options)
        self.learning_rate_power = learning_rate_power
        self.beta = beta
        self.initial_accumulator_value = initial_accumulator_value
        self.l1_regularization_strength = l1_regularization_strength
        self.l2_regularization_strength = l2_regularization_strength
        self.l2_shrinkage_regularization_strength = l2_shrinkage_regularization_strength
        if learning_rate_power > 0:
            raise ValueError(f"`learning_rate_power` needs to be negative or zero. Received: {learning_rate_power}.")
        for name in self._arguments[1:5]:
            if getattr(self, name) < 0:
                raise ValueError(f"`{name}` needs to be positive or zero. Received: {name}={getattr(self, name)}.")

    def _constants(self, rate: float, step: int, rounded: Rounding) -> Sequence[float]:
        if not rate:
            raise ValueError("Ftrl divides by the learning rate, which is 0. Start its schedule above 0.")
        l1, l2 = self.l1_regularization_strength, self.l2_regularization_strength + self.beta / (2 * rate)
        return rate, -self.learning_rate_power, l1, -l1, 2 * l2, 2 * self.l2_shrinkage_regularization_strength

    def _formula(self, p: Array, g: Array, n: Array, z: Array, *, rate: Array, exponent: Array, l1: Array,
                 minus_l1: Array, l2: Array, shrinkage: Array) -> tuple[Array, ...]:  # fmt: skip
        exact = self.learning_rate_power == -0.5  # `power` may be off by a bit, and z keeps differences
        old, n = n, n + g * g
        old, new = (np.sqrt(a) if exact else np.power(a, exponent) for a in (old, n))
        z = z + (g - (new - old) / rate * p + p * shrinkage)
        return (np.maximum(np.minimum(z, l1), minus_l1) - z) / (new / rate + l2), n, z
