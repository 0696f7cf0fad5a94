"""Adam and its relatives: steps along a mean of the gradients, divided by the root of a mean of their squares."""

import math
from collections.abc import Sequence
from typing import Unpack

import numpy as np

from .._base.checks import within
from .._base.typing import Array
from .._core.variable import Variable
from .formula import UpdateRule
from .optimizer import LearningRate, Optimizer, OptimizerOptions, OptimizerOptionsBut, Rounding


class _Moments(Optimizer):
    """Means of the gradients and of their squares.

    Args:
        beta_1, beta_2: Shares of the old mean of gradients, and of their squares, in the new one.
        epsilon: Added to the root.
    """

    _slot_names: tuple[dict[str, str], ...] = ({"_momentums": "momentum", "_velocities": "velocity"},)

    def __init__(self, learning_rate: LearningRate = 0.001, beta_1: float = 0.9, beta_2: float = 0.999,
                 epsilon: float = 1e-7, **options: Unpack[OptimizerOptions]) -> None:  # fmt: skip
        super().__init__(learning_rate, **options)
        self.beta_1 = beta_1
        self.beta_2 = beta_2
        self.epsilon: float = within("epsilon", epsilon)

    def _corrections(self, step: int, rounded: Rounding) -> tuple[float, float]:
        """Return the shares of the gradients so far in means that started at 0: 1 - beta ** t."""
        return 1 - rounded(rounded(self.beta_1) ** step), 1 - rounded(rounded(self.beta_2) ** step)


class Adam(_Moments):
    """p -= alpha * m / (sqrt(v) + epsilon), with means m of the gradients and v of their squares.

    m += (1 - beta_1) * (g - m), v += (1 - beta_2) * (g * g - v), and at step t
    alpha = rate * sqrt(1 - beta_2 ** t) / (1 - beta_1 ** t).

    Args:
        amsgrad: Whether to divide by the root of the largest v so far.

    Source: Kingma and Ba 2014, "Adam: A Method for Stochastic Optimization", the formula before section 2.1; Reddi et
        al. 2018, "On the Convergence of Adam and Beyond", for amsgrad.

    Example:
        >>> from minikeras import Variable
        >>> w = Variable([1.0, 2.0])
        >>> _ = Adam(0.5).apply_gradients([([0.01, -100.0], w)])
        >>> w.numpy().round(3)
        array([0.5, 2.5], dtype=float32)
    """

    def __init__(self, learning_rate: LearningRate = 0.001, beta_1: float = 0.9, beta_2: float = 0.999,
                 epsilon: float = 1e-7, amsgrad: bool = False,
                 **options: Unpack[OptimizerOptions]) -> None:  # fmt: skip
        super().__init__(learning_rate, beta_1, beta_2, epsilon, **options)
        self.amsgrad = amsgrad
        if amsgrad:
            self._slot_names += ({"_velocity_hats": "velocity_hat"},)

    def _constants(self, rate: float, step: int, rounded: Rounding) -> Sequence[float]:
        first, second = self._corrections(step, rounded)
        return 1 - self.beta_1, 1 - self.beta_2, rate * math.sqrt(second) / first, self.epsilon

    def _formula(self, p: Array, g: Array, m: Array, v: Array, v_hat: Array | None = None, *, c1: Array, c2: Array,
                 alpha: Array, epsilon: Array) -> tuple[Array, ...]:  # fmt: skip
        m = m + (g - m) * c1
        v = v + (g * g - v) * c2
        v_hat = v if v_hat is None else np.maximum(v_hat, v)
        return p - m / (np.sqrt(v_hat) + epsilon) * alpha, m, v, v_hat


class AdamW(Adam):
    """Adam with weight decay, which must not be None: before each step p -= weight_decay * rate * p.

    Source: Loshchilov and Hutter 2019, "Decoupled Weight Decay Regularization".
    """

    def __init__(self, learning_rate: LearningRate = 0.001, weight_decay: float = 0.004, beta_1: float = 0.9,
                 beta_2: float = 0.999, epsilon: float = 1e-7, amsgrad: bool = False,
                 **options: Unpack[OptimizerOptionsBut]) -> None:  # fmt: skip
        super().__init__(learning_rate, beta_1, beta_2, epsilon, amsgrad, weight_decay=weight_decay, **options)
        if self.weight_decay is None:
            raise ValueError("Argument `weight_decay` must be a float. Received: weight_decay=None")


class Adamax(_Moments):
    """p -= rate / (1 - beta_1 ** t) * m / (u + epsilon), with u = max(beta_2 * u, |g|) in place of Adam's root.

    Args:
        beta_2: Share of the old u that the new one has at least.
        epsilon: Added to u.

    Source: Kingma and Ba 2014, "Adam: A Method for Stochastic Optimization", section 7.1.
    """

    _slot_names = ({"_m": "momentum", "_u": "norm"},)

    def _constants(self, rate: float, step: int, rounded: Rounding) -> Sequence[float]:
        return 1 - self.beta_1, self.beta_2, rate / self._corrections(step, rounded)[0], self.epsilon

    def _formula(self, p: Array, g: Array, m: Array, u: Array, *, c1: Array, b2: Array, alpha: Array,
                 epsilon: Array) -> tuple[Array, ...]:  # fmt: skip
        m = m + (g - m) * c1
        u = np.maximum(u * b2, np.abs(g))
        return p - m / (u + epsilon) * alpha, m, u


class Nadam(_Moments):
    """Adam that looks ahead: its m is mixed with the present gradient, as in Nesterov's momentum.

    Source: Dozat 2015, "Incorporating Nesterov Momentum into Adam".
    """

    def build(self, variables: list[Variable]) -> None:
        """Make the slots of each variable, and the product of all momenta so far."""
        if not self.built:
            super().build(variables)
            self._u_product = Variable(1.0, dtype=variables[0].dtype if variables else None)

    def _momentum(self, step: int) -> float:
        return self.beta_1 * (1 - 0.5 * 0.96**step)

    def _before_update(self, step: int) -> None:
        slots = [v for v in self._variables[2:] if v is not self._u_product]
        lost = self._u_product.array == 1 and any(v.array.any() for v in slots)  # files of a scaled loss lack it
        self._u_product.make_exclusive()
        self._u_product.array[()] *= math.prod(map(self._momentum, range(1 if lost else step, step + 1)))

    def _constants(self, rate: float, step: int, rounded: Rounding) -> Sequence[float]:
        now, then, product = self._momentum(step), self._momentum(step + 1), self._u_product.array.item()
        root = math.sqrt(self._corrections(step, rounded)[1])
        b1, b2 = rounded(self.beta_1), rounded(self.beta_2)
        share, present = rate * then / (1 - product * then), rate * (1 - now) / (1 - product)
        return 1 - b1, 1 - b2, share, present, 1 / root if root else math.inf, self.epsilon

    def _formula(self, p: Array, g: Array, m: Array, v: Array, *, c1: Array, c2: Array, share: Array, present: Array,
                 scale: Array, epsilon: Array) -> tuple[Array, ...]:  # fmt: skip
        m = m + (g - m) * c1
        v = v + (g * g - v) * c2
        return p - (g * present + m * share) / (np.sqrt(v) * scale + epsilon), m, v


class Lamb(_Moments):
    """Adam whose step on each variable is as long as the variable's norm times the learning rate.

    Source: You et al. 2019, "Large Batch Optimization for Deep Learning: Training BERT in 76 minutes".
    """

    _by_variable = True

    def _constants(self, rate: float, step: int, rounded: Rounding) -> Sequence[float]:
        return 1 - self.beta_1, 1 - self.beta_2, *self._corrections(step, rounded), self.epsilon, rate

    def _formula(self, p: Array, g: Array, m: Array, v: Array, *, c1: Array, c2: Array, first: Array, second: Array,
                 epsilon: Array, rate: Array) -> tuple[Array, ...]:  # fmt: skip
        """Return the direction of the step in place of p."""
        m = m + (g - m) * c1
        v = v + (g * g - v) * c2
        return m / first / (np.sqrt(v / second) + epsilon), m, v

    def _rule(self) -> UpdateRule:
        direct = super()._rule()

        def rule(k: list[Array], p: Array, g: Array, s: Array, t: Array, m: Array, v: Array) -> None:
            direct(k, t, g, s, s, m, v)  # one scratch array is all that it needs
            size, length = np.sqrt(np.vdot(p, p)), np.sqrt(np.vdot(t, t))
            np.multiply(t, (size / length if size > 0 and length > 0 else 1) * k[-1], t)
            np.subtract(p, t, p)

        return rule


class ScheduleFreeAdamW(_Moments):
    """AdamW that needs no schedule, since it averages: p is between the weights z that it steps and their mean x.

    z -= rate * g / (sqrt(v / (1 - beta_2 ** t)) + epsilon); x += (z - x) / t; p = (1 - beta_1) * z + beta_1 * x.

    Args:
        beta_1: Share of x in p.
        warmup_steps: Number of steps in which the learning rate grows from 0.

    Source: Defazio et al. 2024, "The Road Less Scheduled".
    """

    def __init__(self, learning_rate: LearningRate = 0.0025, beta_1: float = 0.9, beta_2: float = 0.999,
                 epsilon: float = 1e-8, warmup_steps: int = 0,
                 **options: Unpack[OptimizerOptions]) -> None:  # fmt: skip
        super().__init__(learning_rate, beta_1, beta_2, epsilon, **options)
        self.warmup_steps = warmup_steps

    def build(self, variables: list[Variable]) -> None:
        """Make the slots of each variable: v, and z, which starts at the variable's value."""
        if not self.built:
            super().build(variables)
            self._before_update(1)

    def _before_update(self, step: int) -> None:
        if step == 1:  # the weights may have been set, or read from a file, since z was made
            for group in self._updater.find_groups(self._trainable_variables):
                group.sync()
                np.copyto(group.slots[0].flat, group.parameters.flat)

    def _constants(self, rate: float, step: int, rounded: Rounding) -> Sequence[float]:
        rate *= min(step / self.warmup_steps, 1.0) if self.warmup_steps > 0 else 1.0
        b1, c2, second = rounded(self.beta_1), 1 - rounded(self.beta_2), self._corrections(step, rounded)[1]
        return c2, second, self.epsilon, rate, b1, 1 - b1, 1 / step, 1 - 1 / step

    def _formula(self, p: Array, g: Array, z: Array, v: Array, *, c2: Array, second: Array, epsilon: Array, rate: Array,
                 b1: Array, c1: Array, new: Array, old: Array) -> tuple[Array, ...]:  # fmt: skip
        v = v + (g * g - v) * c2
        x = (p - z * c1) / b1
        z = z - g * rate / (np.sqrt(v / second) + epsilon)
        return (x * old + z * new) * b1 + z * c1, z, v
