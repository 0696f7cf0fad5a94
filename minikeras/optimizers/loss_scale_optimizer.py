"""LossScaleOptimizer, which keeps float16 gradients from becoming 0: it multiplies the loss by a scale."""

from collections.abc import Callable, Sequence
from typing import Any, Self

import numpy as np

from .._base.typing import Config, CustomObjects
from .._core.variable import Variable
from .._serialization.serialization import deserialize, serialize
from ..initializers import Constant
from .flat_buffers import ParameterGroup
from .optimizer import Optimizer
from .update import UpdatePlan, Updater

_UNUSED = {"use_ema": False, "ema_momentum": 0.99}
"""Options that may be given at these values: files of earlier versions name all options."""


class _ScaledUpdater(Updater):
    """Updates as the inner optimizer does, if the gradients are finite."""

    _optimizer: "LossScaleOptimizer"

    def find_groups(self, variables: Sequence[Variable]) -> list[ParameterGroup]:
        self.build(variables)
        return self._optimizer.inner_optimizer._updater.find_groups(variables)

    def find_plan(self, variables: Sequence[Variable]) -> UpdatePlan:
        return self._optimizer.inner_optimizer._updater.find_plan(variables)

    def _update(self, plan: UpdatePlan) -> Callable[[], None]:
        optimizer, update = self._optimizer, self._optimizer.inner_optimizer._updater._update(plan)
        gradients = [g for segment in plan.segments for g in segment.gradients]
        for variable in (optimizer.step_counter, optimizer.dynamic_scale):
            variable.make_exclusive()

        def run() -> None:
            count, scale = optimizer.step_counter.array.item() + 1, optimizer.dynamic_scale.array
            finite = all(np.isfinite(g).all() for g in gradients)
            if finite:
                for g in gradients:
                    np.divide(g, scale, g)
                update()
            if not finite or count == optimizer.dynamic_growth_steps:
                optimizer.dynamic_scale.array[()] = scale * np.float32(2 if finite else 0.5)
                count = 0
            optimizer.step_counter.array[()] = count

        return run


class LossScaleOptimizer(Optimizer):
    """Wraps an optimizer: the loss is multiplied by `dynamic_scale`, and gradients are divided by it.

    If a gradient is not finite, the scale is halved and nothing else changes. After `dynamic_growth_steps` steps with
    finite gradients the scale is doubled. `compile` wraps the optimizer of a model with the policy "mixed_float16" so.
    In a loop of your own, differentiate `scale_loss(loss)`.

    Args:
        inner_optimizer: The optimizer. The options of `Optimizer` are given to it, not here.
        initial_scale: The scale to start with.
        dynamic_growth_steps: See above.

    Source: Micikevicius et al. 2018, "Mixed Precision Training", section 3.2.

    Example:
        >>> from minikeras import Variable, optimizers
        >>> optimizer, w = LossScaleOptimizer(optimizers.SGD(0.5), initial_scale=8.0), Variable([1.0])
        >>> for gradient in (np.inf, 4.0):
        ...     _ = optimizer.apply_gradients([([gradient], w)])
        ...     print(w.numpy(), optimizer.dynamic_scale.numpy())
        [1.] 4.0
        [0.5] 4.0
    """

    _updates = _ScaledUpdater
    step_counter: Variable
    """Steps since the scale changed."""
    dynamic_scale: Variable
    """The scale."""

    def __init__(self, inner_optimizer: Optimizer, initial_scale: float = 2.0**15, dynamic_growth_steps: int = 2000,
                 name: str | None = None, **kwargs: Any) -> None:  # fmt: skip
        if not kwargs.pop("dynamic", True):
            raise ValueError("A fixed scale is `loss_scale_factor` of the optimizer. Received: dynamic=False.")
        unknown = {name: value for name, value in kwargs.items() if value != _UNUSED.get(name)}
        if unknown:
            raise ValueError(f"LossScaleOptimizer has no such options, the `inner_optimizer` may have: {unknown}.")
        super().__init__(0.0, name=name)
        self.inner_optimizer = inner_optimizer
        self.initial_scale = initial_scale
        self.dynamic_growth_steps = dynamic_growth_steps
        inner_optimizer.loss_scale_factor = None

    @property
    def variables(self) -> list[Variable]:
        """The state of this optimizer and of the inner one."""
        return [*self._variables, *self.inner_optimizer.variables]

    @property
    def learning_rate(self) -> Variable | Any:
        """The learning rate of the inner optimizer."""
        return self.inner_optimizer.learning_rate

    @learning_rate.setter
    def learning_rate(self, learning_rate: Any) -> None:
        self.inner_optimizer.learning_rate = learning_rate

    @property
    def iterations(self) -> Variable | Any:
        """The number of updates of the inner optimizer; skipped steps do not count."""
        return self.inner_optimizer.iterations

    def build(self, variables: list[Variable]) -> None:
        """Make the scale, and the slots of the inner optimizer."""
        if not self.built:
            self.step_counter = self.add_variable((), "zeros", "int32", name="step_counter")
            self.dynamic_scale = self.add_variable((), Constant(self.initial_scale), "float32", name="dynamic_scale")
            inner = self.inner_optimizer
            if not inner.built:
                inner.build(variables)
                named = [v for v in inner._variables if v.path.endswith(f"{inner.name}/{v.name}")]
                inner._variables[:] = named  # in Keras only those of `add_variable` are among them
            super().build(variables)

    def scale_loss(self, loss: Any) -> Any:
        """Return the loss times the scale."""
        return loss * (self.dynamic_scale if self.built else self.initial_scale)

    def finalize_variable_values(self, var_list: Sequence[Variable]) -> None:
        self.inner_optimizer.finalize_variable_values(var_list)

    def get_config(self) -> Config:
        options = {key: getattr(self, key) for key in ("name", "initial_scale", "dynamic_growth_steps")}
        return {**options, "inner_optimizer": serialize(self.inner_optimizer)}

    @classmethod
    def from_config(cls, config: Config, custom_objects: CustomObjects | None = None) -> Self:
        return cls(**{**config, "inner_optimizer": deserialize(config["inner_optimizer"], custom_objects)})
