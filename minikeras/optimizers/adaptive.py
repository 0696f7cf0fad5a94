"""Optimizers that divide each gradient by its usual size: RMSprop, Adagrad, Adadelta, Adafactor."""

from collections.abc import Callable, Sequence
from typing import Any, Unpack

import numpy as np

from .. import initializers
from .._typing import Array
from ..tensor import as_array
from ..variable import Variable
from .base import LearningRate, Optimizer, OptimizerOptions


class RMSprop(Optimizer):
    """p -= rate * g / sqrt(v + epsilon), with v = rho * v + (1 - rho) * g * g.

    Args:
        learning_rate: See `Optimizer`.
        rho: Share of the old mean of squares in the new one.
        momentum: Share of the last step that is made again.
        epsilon: Added to v.
        centered: Whether to take the variance of the gradients for v, by subtracting the square of their mean.
        **options: See `Optimizer`.

    Source:
        Hinton 2012, lecture 6 of "Neural Networks for Machine Learning".

    Example:
        >>> w = Variable(10.0)
        >>> _ = RMSprop(0.1).apply_gradients([(10.0, w)])
        >>> print(w.value)
        Tensor(9.683772, shape=(), dtype=float32)
    """

    _arguments = ("rho", "momentum", "epsilon", "centered")

    def __init__(
        self,
        learning_rate: LearningRate = 0.001,
        rho: float = 0.9,
        momentum: float = 0.0,
        epsilon: float = 1e-7,
        centered: bool = False,
        **options: Unpack[OptimizerOptions],
    ) -> None:
        super().__init__(learning_rate, **options)
        self.rho: float = rho
        self.momentum: float = momentum
        self.epsilon: float = epsilon
        self.centered: bool = centered

    def build(self, variables: Sequence[Variable]) -> None:
        """Make what is kept for each variable: v, the last step with momentum, the mean if centered."""
        if not self.built:
            super().build(variables)
            (self._velocities,) = self._add_slots("velocity")
            (self._momentums,) = self._add_slots("momentum") if self.momentum > 0 else ([],)
            (self._average_gradients,) = self._add_slots("average_gradient") if self.centered else ([],)

    def _constants(self, rate: float, t: int, rounded: Callable[[float], float]) -> Sequence[float]:
        return rate, self.rho, 1 - self.rho, self.epsilon, self.momentum

    def _rule(self, k: list[Array], p: Array, g: Array, s: Array, t: Array, *slots: Array) -> None:
        (rate, rho, c, epsilon, momentum), v = k[:5], slots[0]
        np.multiply(v, rho, v)
        np.multiply(g, g, s)
        np.multiply(s, c, s)
        np.add(v, s, v)
        if self.centered:
            mean = slots[-1]
            np.multiply(mean, rho, mean)
            np.multiply(g, c, s)
            np.add(mean, s, mean)
            np.multiply(mean, mean, s)
            np.subtract(v, s, s)
            np.add(s, epsilon, s)
        else:
            np.add(v, epsilon, s)
        np.sqrt(s, s)
        np.multiply(g, rate, g)
        np.divide(g, s, g)
        if self._momentums:
            step = slots[1]
            np.multiply(step, momentum, step)
            g = np.add(step, g, step)
        np.subtract(p, g, p)


class Adagrad(Optimizer):
    """p -= rate * g / sqrt(a + epsilon), with a the sum of all squared gradients so far.

    Args:
        learning_rate: See `Optimizer`; the paper has 1.0.
        initial_accumulator_value: a at the start.
        epsilon: Added to a.
        **options: See `Optimizer`.

    Source:
        Duchi et al. 2011, "Adaptive Subgradient Methods for Online Learning and Stochastic Optimization".
    """

    _arguments = ("initial_accumulator_value", "epsilon")

    def __init__(
        self,
        learning_rate: LearningRate = 0.001,
        initial_accumulator_value: float = 0.1,
        epsilon: float = 1e-7,
        **options: Unpack[OptimizerOptions],
    ) -> None:
        super().__init__(learning_rate, **options)
        self.initial_accumulator_value: float = initial_accumulator_value
        self.epsilon: float = epsilon

    def build(self, variables: Sequence[Variable]) -> None:
        """Make what is kept for each variable: the sum of squares."""
        if not self.built:
            super().build(variables)
            start = initializers.Constant(self.initial_accumulator_value)
            (self._accumulators,) = self._add_slots("accumulator", initializer=start)

    def _constants(self, rate: float, t: int, rounded: Callable[[float], float]) -> Sequence[float]:
        return rate, self.epsilon

    def _rule(self, k: list[Array], p: Array, g: Array, s: Array, t: Array, *slots: Array) -> None:
        (rate, epsilon), a = k[:2], slots[0]
        np.multiply(g, g, s)
        np.add(a, s, a)
        np.add(a, epsilon, s)
        np.sqrt(s, s)
        np.multiply(g, rate, g)
        np.divide(g, s, g)
        np.subtract(p, g, p)


class Adadelta(Optimizer):
    """p -= rate * d, with d = g * sqrt(b + epsilon) / sqrt(a + epsilon), a and b the means of g * g and d * d.

    Args:
        learning_rate: See `Optimizer`; the paper has 1.0.
        rho: Share of the old means in the new ones.
        epsilon: Added to a and b.
        **options: See `Optimizer`.

    Source:
        Zeiler 2012, "ADADELTA: An Adaptive Learning Rate Method".
    """

    _arguments = ("rho", "epsilon")

    def __init__(
        self,
        learning_rate: LearningRate = 0.001,
        rho: float = 0.95,
        epsilon: float = 1e-7,
        **options: Unpack[OptimizerOptions],
    ) -> None:
        super().__init__(learning_rate, **options)
        self.rho: float = rho
        self.epsilon: float = epsilon

    def build(self, variables: Sequence[Variable]) -> None:
        """Make what is kept for each variable: the two means."""
        if not self.built:
            super().build(variables)
            self._accumulated_grads, self._accumulated_delta_vars = self._add_slots(
                "accumulated_grad", "accumulated_delta_var"
            )

    def _constants(self, rate: float, t: int, rounded: Callable[[float], float]) -> Sequence[float]:
        return rate, self.rho, 1 - self.rho, self.epsilon

    def _rule(self, k: list[Array], p: Array, g: Array, s: Array, t: Array, *slots: Array) -> None:
        (rate, rho, c, epsilon), (a, b) = k[:4], slots
        np.multiply(a, rho, a)
        np.multiply(g, g, s)
        np.multiply(s, c, s)
        np.add(a, s, a)
        np.add(b, epsilon, s)
        np.sqrt(s, s)
        np.multiply(g, s, g)
        np.add(a, epsilon, s)
        np.sqrt(s, s)
        np.divide(g, s, g)
        np.multiply(b, rho, b)
        np.multiply(g, g, s)
        np.multiply(s, c, s)
        np.add(b, s, b)
        np.multiply(g, rate, g)
        np.subtract(p, g, p)


def _rms(x: Array) -> float:
    return float(np.sqrt(np.mean(np.square(x))))


class Adafactor(Optimizer):
    """Adaptive steps with little memory: of a matrix's squared gradients it keeps the means of rows and columns only.

    v, the outer product of the means r and c over the mean of r, stands for the mean of squares; a vector keeps v
    itself. With u = g / sqrt(v), p -= alpha * u / max(1, rms(u) / clip_threshold), where
    alpha = max(epsilon_2, rms(p)) * min(rate, 1 / sqrt(t)).

    Args:
        learning_rate: See `Optimizer`.
        beta_2_decay: The share of the old means in the new ones is 1 - t ** beta_2_decay.
        epsilon_1: Added to squared gradients.
        epsilon_2: Smallest size of a variable that steps are scaled by.
        clip_threshold: Largest root mean square of u.
        relative_step: Accepted for Keras's sake: with it and without it, the rate is at most 1 / sqrt(t).
        **options: See `Optimizer`.

    Source:
        Shazeer and Stern 2018, "Adafactor: Adaptive Learning Rates with Sublinear Memory Cost".
    """

    _arguments = ("beta_2_decay", "epsilon_1", "epsilon_2", "clip_threshold", "relative_step")

    def __init__(
        self,
        learning_rate: LearningRate = 0.001,
        beta_2_decay: float = -0.8,
        epsilon_1: float = 1e-30,
        epsilon_2: float = 1e-3,
        clip_threshold: float = 1.0,
        relative_step: bool = True,
        **options: Unpack[OptimizerOptions],
    ) -> None:
        super().__init__(learning_rate, **options)
        self.beta_2_decay: float = beta_2_decay
        self.epsilon_1: float = epsilon_1
        self.epsilon_2: float = epsilon_2
        self.clip_threshold: float = clip_threshold
        self.relative_step: bool = relative_step

    def build(self, variables: Sequence[Variable]) -> None:
        """Make what is kept for each variable: r, c and v; a vector has unused r and c, as in Keras."""
        if self.built:
            return
        super().build(variables)
        self._r: list[Variable | None] = []
        self._c: list[Variable | None] = []
        self._v: list[Variable | None] = []
        for variable in variables:
            *outer, columns = variable.shape or (1,)
            for means, shape in ((self._r, outer), (self._c, [*outer[:-1], columns])):
                if len(variable.shape) < 2:
                    means.append(Variable(0, name=variable.name, trainable=False))
                    self._variables += means[-1:]  # type: ignore[arg-type]  # not None: made in the line above
                elif variable.overwrite_with_gradient:
                    means.append(None)
                else:
                    means.append(self.add_variable(shape, dtype=variable.dtype, name=variable.name))
            self._v += self.add_optimizer_variables([variable], "velocity")

    def update_step(self, gradient: Any, variable: Variable, learning_rate: Any) -> None:
        """Change one variable by its gradient, and what is kept for it."""
        i, t = self._get_variable_index(variable), self._time()
        p, r, c, v = variable, self._r[i], self._c[i], self._v[i]
        assert r is not None and c is not None and v is not None
        g = as_array(gradient).astype(p.dtype)
        square = np.square(g) + self.epsilon_1
        new = t**self.beta_2_decay
        if g.ndim >= 2:
            self.assign(r, (1 - new) * r.array + new * square.mean(-1))
            self.assign(c, (1 - new) * c.array + new * square.mean(-2))
            rows = r.array / r.array.mean(-1, keepdims=True)
            self.assign(v, rows[..., None] * c.array[..., None, :])
        else:
            self.assign(v, (1 - new) * v.array + new * square)
        u = g / np.sqrt(v.array)
        alpha = max(self.epsilon_2, _rms(p.array)) * min(float(learning_rate), t**-0.5)
        self.assign_sub(p, alpha / max(1.0, _rms(u) / self.clip_threshold) * u)
