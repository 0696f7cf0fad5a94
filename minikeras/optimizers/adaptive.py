"""Optimizers that divide each gradient by its usual size: RMSprop, Adagrad, Adadelta, Adafactor."""

from collections.abc import Sequence
from typing import Any, Unpack

import numpy as np

from .._base.checks import within
from .._base.typing import Array
from .._core.tensor import as_array
from .._core.variable import Variable
from .optimizer import LearningRate, Optimizer, OptimizerOptions, Rounding


class RMSprop(Optimizer):
    """p -= rate * g / sqrt(v + epsilon), with v = rho * v + (1 - rho) * g * g.

    Args:
        rho: Share of the old mean of squares in the new one.
        momentum: Share of the last step that is made again.
        epsilon: Added to v.
        centered: Whether to subtract the squared mean of the gradients from v, for their variance.

    Source: Hinton 2012, lecture 6 of "Neural Networks for Machine Learning".

    Example:
        >>> from minikeras import Variable
        >>> w = Variable(10.0)
        >>> _ = RMSprop(0.1).apply_gradients([(10.0, w)])
        >>> print(w.value)
        Tensor(9.683772, shape=(), dtype=float32)
    """

    def __init__(self, learning_rate: LearningRate = 0.001, rho: float = 0.9, momentum: float = 0.0,
                 epsilon: float = 1e-7, centered: bool = False,
                 **options: Unpack[OptimizerOptions]) -> None:  # fmt: skip
        super().__init__(learning_rate, **options)
        self.rho = rho
        self.momentum = momentum
        self.epsilon: float = within("epsilon", epsilon)
        self.centered = centered
        further = ((momentum > 0, "_momentums", "momentum"), (centered, "_average_gradients", "average_gradient"))
        self._slot_names = ({"_velocities": "velocity"}, *({name: last} for there, name, last in further if there))

    def _constants(self, rate: float, step: int, rounded: Rounding) -> Sequence[float]:
        return rate, self.rho, 1 - self.rho, self.epsilon, self.momentum

    def _formula(self, p: Array, g: Array, v: Array, *others: Array, rate: Array, rho: Array, c: Array, epsilon: Array,
                 momentum: Array) -> tuple[Array, ...]:  # fmt: skip
        v = variance = v * rho + g * g * c
        slots = [v]
        if self.centered:
            mean = others[-1] * rho + g * c
            variance = v - mean * mean
            slots = [v, mean]
        step = g * rate / np.sqrt(variance + epsilon)
        if len(others) > self.centered:
            step = others[0] * momentum + step
            slots.insert(1, step)
        return p - step, *slots


class Adagrad(Optimizer):
    """p -= rate * g / sqrt(a + epsilon), with a the sum of all squared gradients so far.

    Args:
        learning_rate: See `Optimizer`; the paper has a rate of 1.0.
        initial_accumulator_value: a at the start.
        epsilon: Added to a.

    Source: Duchi et al. 2011, "Adaptive Subgradient Methods for Online Learning and Stochastic Optimization".
    """

    _slot_names = ({"_accumulators": "accumulator"},)

    def __init__(self, learning_rate: LearningRate = 0.001, initial_accumulator_value: float = 0.1,
                 epsilon: float = 1e-7, **options: Unpack[OptimizerOptions]) -> None:  # fmt: skip
        super().__init__(learning_rate, **options)
        self.initial_accumulator_value = initial_accumulator_value
        self.epsilon: float = within("epsilon", epsilon)

    def _constants(self, rate: float, step: int, rounded: Rounding) -> Sequence[float]:
        return rate, self.epsilon

    def _formula(self, p: Array, g: Array, a: Array, *, rate: Array, epsilon: Array) -> tuple[Array, ...]:
        a = a + g * g
        return p - g * rate / np.sqrt(a + epsilon), a


class Adadelta(Optimizer):
    """p -= rate * d, with d = g * sqrt(b + epsilon) / sqrt(a + epsilon), a and b the means of g * g and d * d.

    Args:
        learning_rate: See `Optimizer`; the paper has a rate of 1.0.
        rho: Share of the old means in the new ones.
        epsilon: Added to a and b.

    Source: Zeiler 2012, "ADADELTA: An Adaptive Learning Rate Method".
    """

    _slot_names = ({"_accumulated_grads": "accumulated_grad", "_accumulated_delta_vars": "accumulated_delta_var"},)

    def __init__(self, learning_rate: LearningRate = 0.001, rho: float = 0.95, epsilon: float = 1e-7,
                 **options: Unpack[OptimizerOptions]) -> None:  # fmt: skip
        super().__init__(learning_rate, **options)
        self.rho = rho
        self.epsilon: float = within("epsilon", epsilon)

    def _constants(self, rate: float, step: int, rounded: Rounding) -> Sequence[float]:
        return rate, self.rho, 1 - self.rho, self.epsilon

    def _formula(self, p: Array, g: Array, a: Array, b: Array, *, rate: Array, rho: Array, c: Array,
                 epsilon: Array) -> tuple[Array, ...]:  # fmt: skip
        a = a * rho + g * g * c
        d = g * np.sqrt(b + epsilon) / np.sqrt(a + epsilon)
        b = b * rho + d * d * c
        return p - d * rate, a, b


def _rms(x: Array) -> float:
    return float(np.sqrt(np.mean(np.square(x))))


class Adafactor(Optimizer):
    """Adaptive steps with little memory: of a matrix's squared gradients it uses the means of rows and columns only.

    v, the outer product of the means r and c over the mean of r, stands for the mean of squares; a vector keeps v
    itself. With u = g / sqrt(v), p -= alpha * u / max(1, rms(u) / clip_threshold), where
    alpha = max(epsilon_2, rms(p)) * min(rate, 1 / sqrt(t)) at step t.

    Args:
        beta_2_decay: The share of the old means in the new ones is 1 - t ** beta_2_decay.
        epsilon_1: Added to squared gradients.
        epsilon_2: Smallest size of a variable that steps are scaled by.
        clip_threshold: Largest root mean square of u.
        relative_step: Accepted for Keras's sake: the rate is at most 1 / sqrt(t) in any case.

    Source: Shazeer and Stern 2018, "Adafactor: Adaptive Learning Rates with Sublinear Memory Cost".
    """

    def __init__(self, learning_rate: LearningRate = 0.001, beta_2_decay: float = -0.8, epsilon_1: float = 1e-30,
                 epsilon_2: float = 1e-3, clip_threshold: float = 1.0, relative_step: bool = True,
                 **options: Unpack[OptimizerOptions]) -> None:  # fmt: skip
        super().__init__(learning_rate, **options)
        self.beta_2_decay = beta_2_decay
        self.epsilon_1 = epsilon_1
        self.epsilon_2 = epsilon_2
        self.clip_threshold = clip_threshold
        self.relative_step = relative_step

    def build(self, variables: list[Variable]) -> None:
        """Make r, c and v for each variable; those of a vector are there but not used, as in Keras."""
        if self.built:
            return
        super().build(variables)
        self._means: list[tuple[Variable, ...]] = []
        for v in variables:
            if len(v.shape) < 2:
                means = [Variable(0, name=v.name, trainable=False) for _ in "rc"]
                self._variables += means
            else:
                shapes = () if v.overwrite_with_gradient else (v.shape[:-1], (*v.shape[:-2], v.shape[-1]))
                means = [self.add_variable(shape, dtype=v.dtype, name=v.name) for shape in shapes]
            (square,) = self.add_optimizer_variables([v], "velocity")
            self._means.append((*means, square))

    def update_step(self, gradient: Any, variable: Variable, learning_rate: Any) -> None:
        """Change one variable, and its means, by its gradient."""
        (r, c, v), step = self._means[self._get_variable_index(variable)], self._update_number()
        g = as_array(gradient).astype(variable.dtype)
        square = np.square(g) + self.epsilon_1
        new = step**self.beta_2_decay
        if g.ndim < 2:
            self.assign(v, (1 - new) * v.array + new * square)
        else:
            self.assign(r, (1 - new) * r.array + new * square.mean(-1))
            self.assign(c, (1 - new) * c.array + new * square.mean(-2))
            self.assign(v, (r.array / r.array.mean(-1, keepdims=True))[..., None] * c.array[..., None, :])
        u = g / np.sqrt(v.array)
        alpha = max(_rms(variable.array), self.epsilon_2) * min(float(learning_rate), step**-0.5)
        self.assign_sub(variable, alpha / max(_rms(u) / self.clip_threshold, 1.0) * u)  # max keeps a NaN that is first
