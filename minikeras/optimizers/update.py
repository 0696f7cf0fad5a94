"""Updates in place: the one way in which optimizers change variables, in eager calls and in replayed steps alike."""

import math
from collections.abc import Callable, Sequence
from functools import cached_property, partial
from typing import TYPE_CHECKING, Any, cast

import numpy as np

from .._base.blas_threads import one_thread
from .._base.context import all_or_nothing, context, undone
from .._base.pool import Turns
from .._base.typing import Array
from .._base.user_warning import warn_user
from .._core.op import primitive
from .._core.ownership import EXPOSED, Changes
from .._core.tensor import Tensor, as_array, stop_recording
from .._core.variable import Variable
from .flat_buffers import FlatBuffer, ParameterGroup, Segment, change_chunk
from .formula import UpdateRule

if TYPE_CHECKING:
    from .optimizer import Optimizer

FLUSH_EVERY = 128
"""Number of steps from one `Segment.flush` to the next, in which a factor of 0.9 a step becomes one of 1e-6."""
MAX_PLANS = 16
"""Number of plans in memory: a loop that updates other variables at each step must not fill it."""


class Updater(Turns):
    """Updates the variables of an optimizer in place. Their arrays are views into flat buffers."""

    def __init__(self, optimizer: "Optimizer") -> None:
        super().__init__()
        self._optimizer = optimizer
        self._groups: list[ParameterGroup] | None = None
        self.replacements: dict[int, Array] = {}  # by id of a variable: the gradient that overwrites it
        self.forget_options()

    def forget_options(self) -> None:
        """Forget what depends on the options of the optimizer, after one has changed."""
        self._plans: dict[tuple[int, ...], UpdatePlan] = {}
        vars(self).pop("rule", None)
        Changes.arrays += 1

    @cached_property
    def rule(self) -> UpdateRule:
        """The function that changes parameters and slots in place."""
        return self._optimizer._rule()

    def build(self, variables: Sequence[Variable]) -> None:
        """Build the optimizer with these variables, unless it is built."""
        optimizer = self._optimizer
        if not optimizer.built:
            inner = getattr(optimizer, "inner_optimizer", optimizer)
            with all_or_nothing(optimizer, self, inner, inner._updater):
                optimizer.build(list(variables))
                optimizer.built = True

    def find_groups(self, variables: Sequence[Variable]) -> list[ParameterGroup]:
        """Return the groups of the optimizer's variables. Builds it with the given ones first, unless it is built."""
        self.build(variables)
        if self._groups is None:
            optimizer = self._optimizer
            members: dict[str, list[int]] = {}
            for i, v in enumerate(optimizer._trainable_variables):
                if not v.overwrite_with_gradient:
                    members.setdefault(v.dtype, []).append(i)
            average = optimizer._model_variables_moving_average if optimizer.use_ema else []
            state = optimizer._trainable_variables, optimizer._slots, average, optimizer._accumulated_gradients
            self._groups = [ParameterGroup(indices, *state) for indices in members.values()]
        return self._groups

    def find_plan(self, variables: Sequence[Variable]) -> "UpdatePlan":
        """Return how these variables are updated."""
        key = tuple(map(id, variables))
        plan = self._plans.get(key)
        if plan is None:
            if len(self._plans) == MAX_PLANS:
                self._plans.clear()
            plan = self._plans[key] = UpdatePlan(self._optimizer, variables, self.find_groups(variables))
        return plan

    def make_exclusive(self, variables: Sequence[Variable]) -> None:
        """Move values that somebody else may hold to new arrays, which `update` may change in place."""
        for group in self.find_groups(variables):
            group.make_exclusive()

    def gradient_views(self, variables: Sequence[Variable]) -> list[Array]:
        """Return the array of each variable in which `update` wants its gradient. `update` writes to these arrays."""
        self.make_exclusive(variables)
        return self.find_plan(variables).gradient_views

    def update(self, gradients: Sequence[Array | None], variables: Sequence[Variable]) -> None:
        """Update variables by their gradients, see `Optimizer.apply`. Those in `gradient_views` need no copy."""
        if [g for g in gradients if g is None]:
            gradients, variables = _drop_missing(gradients, variables)
        plan = self.find_plan(variables)
        plan.fill(gradients)
        self._update(plan)()
        if context.commits and context.undo is not None:
            context.undo.clear()  # an error of what comes later leaves the update, and what led to it

    def bind(self, variables: Sequence[Variable]) -> Callable[[], None]:
        """Return a function that updates by the gradients in `gradient_views`. It is valid until an option changes."""
        return self._update(self.find_plan(variables))

    def _update(self, plan: "UpdatePlan") -> Callable[[], None]:
        for variable in (self._optimizer._iterations, *(v for v, _ in plan._replacements)):
            variable.make_exclusive()
        return plan.run if plan.quick is None or [v for v in plan.variables if v.constraint is not None] else plan.quick


class UpdatePlan:
    """How an optimizer updates some of its variables, worked out once.

    Each gradient is in one of `gradient_views`, and the rule changes `segments` of the groups. `quick` does the
    same as `run` where the rule for one segment is all there is to do; it is None elsewhere.
    """

    def __init__(self, optimizer: "Optimizer", variables: Sequence[Variable], groups: Sequence[ParameterGroup]) -> None:
        self.variables: list[Variable] = list(variables)
        self.segments: list[Segment] = []
        self._optimizer = optimizer
        self._rule = None if optimizer._has_own_step() else optimizer._updater.rule
        indices = set(map(optimizer._get_variable_index, variables))
        if len(indices) != len(variables):
            raise ValueError("A variable has one gradient in an update. Received several for the same variable.")
        views: dict[int, Array] = {}
        for group in groups:
            places = [k for k, i in enumerate(group.members) if i in indices]
            if places:
                members = [group.parameters.variables[k] for k in places]
                decays = [optimizer.weight_decay if optimizer._use_weight_decay(v) else None for v in members]
                self.segments.append(Segment(group, places, decays, optimizer._by_variable))
                views |= {id(v): group.gradient_views[k] for k, v in zip(places, members, strict=True)}
        place = optimizer._updater.replacements.setdefault  # all plans have the same arrays, which programs write to
        self._replacements = [(v, place(id(v), np.empty_like(v.array))) for v in variables if id(v) not in views]
        views |= {id(v): gradient for v, gradient in self._replacements}
        self.gradient_views: list[Array] = [views[id(v)] for v in variables]
        is_simple = len(self.segments) == 1 and not self._replacements and optimizer._is_plain()
        self.quick: Callable[[], None] | None = self._quick(self._rule) if self._rule and is_simple else None

    def _quick(self, rule: UpdateRule) -> Callable[[], None]:
        optimizer, (segment,) = self._optimizer, self.segments
        group, rounded, parts = segment.group, segment.group.rounded, segment.parts
        iterations, learning_rate = optimizer._iterations, optimizer._learning_rate
        before, constants = optimizer._before_update, optimizer._constants

        def run() -> None:
            count = iterations.array
            step = count.item() + 1
            before(step)
            k = group.constants(constants(learning_rate.array.item(), step, rounded))
            if len(every := parts()) > 1:
                segment.change(lambda chunk: rule(k, *chunk.arrays))
            else:
                for chunk in every[0]:
                    rule(k, *chunk.arrays)
            if step % FLUSH_EVERY == 0:
                segment.flush()
            count[()] = step

        return run

    def fill(self, gradients: Sequence[Array | None]) -> None:
        """Copy gradients to `gradient_views`, and newly assigned values of variables to the buffers."""
        if len(gradients) != len(self.gradient_views):
            raise ValueError(f"Received {len(gradients)} gradients for {len(self.variables)} variables.")
        for view, gradient, variable in zip(self.gradient_views, gradients, self.variables, strict=True):
            if gradient is not view:
                _fill(view, gradient, variable, "gradient")
        for segment in self.segments:
            segment.group.sync()

    def run(self) -> None:
        """Update by the gradients in `gradient_views`."""
        optimizer = self._optimizer
        count, every = optimizer._iterations.array.item() + 1, optimizer.gradient_accumulation_steps
        is_due = not every or count % every == 0
        with stop_recording():
            learning_rate = optimizer.learning_rate
            rate = float(learning_rate)
            self._overwrite(is_due)
        if self.segments:
            with one_thread:
                self._prepare(is_due)
                if is_due:
                    self._change(rate, learning_rate)
                if optimizer.use_ema:
                    self._average()
                self._constrain()
        optimizer._iterations.array[()] = count

    def _overwrite(self, is_due: bool) -> None:
        """Set the variables that their gradients overwrite, where gradients are accumulated to the largest one."""
        optimizer = self._optimizer
        for variable, gradient in self._replacements:
            if optimizer._accumulated_gradients:
                largest = optimizer._accumulated_gradients[optimizer._get_variable_index(variable)]
                np.maximum(gradient, largest.array, out=gradient)
                largest.assign(np.zeros_like(gradient) if is_due else gradient)
            if is_due:
                np.copyto(variable.array, gradient)

    def _prepare(self, is_due: bool) -> None:
        """Divide gradients by the loss scale, accumulate them, and clip them before an update."""
        optimizer = self._optimizer
        scale, steps, top = optimizer.loss_scale_factor, optimizer.gradient_accumulation_steps, optimizer.clipvalue
        changed = self.segments if scale is not None or steps or top else []
        for group, chunk in ((segment.group, chunk) for segment in changed for chunk in segment.chunks()):
            g = chunk.arrays[1]
            if scale is not None:
                np.divide(g, scale, g)
            if group.sums is not None and steps:
                total = group.sums.flat[chunk.span]
                np.add(g, total, g if is_due else total)
                if is_due:
                    np.divide(g, steps, g)
                    total[...] = 0
            if top and top > 0:
                np.clip(g, -top, top, g)
        limit = optimizer.clipnorm or optimizer.global_clipnorm or 0
        if limit > 0 and is_due:
            gradients = [g for segment in self.segments for g in segment.gradients]
            each_or_all = [[g] for g in gradients] if optimizer.clipnorm else [gradients]
            for together in each_or_all:
                _limit_norm(together, limit, whole=not optimizer.clipnorm)

    def _change(self, rate: float, learning_rate: Any) -> None:
        """Decay the weights, then apply the rule, or a subclass's `update_step`."""
        optimizer, rule = self._optimizer, self._rule
        step = optimizer._update_number()
        optimizer._before_update(step)
        for segment in self.segments:
            group = segment.group
            k = group.constants(optimizer._constants(rate, step, group.rounded) if rule else ())
            segment.change(partial(change_chunk, rule, k, rate))
            if rule and step % FLUSH_EVERY == 0:
                segment.flush()
        if not rule:
            with stop_recording(), undone(always=False):
                for g, v in zip(self.gradient_views, self.variables, strict=True):
                    if v.size and not v.overwrite_with_gradient:
                        optimizer.update_step(Tensor(g.copy()), v, learning_rate)
            for segment in self.segments:
                segment.group.sync()

    def _average(self) -> None:
        """Update the moving averages of all variables, and set the variables to them when that is due."""
        optimizer = self._optimizer
        step, every = optimizer._update_number(), optimizer.ema_overwrite_frequency
        for group in optimizer._updater.find_groups(self.variables):
            group.sync()
            p, average = group.parameters.flat, cast(FlatBuffer, group.average).flat
            momentum = group.rounded(optimizer.ema_momentum if step > 1 else 0.0)
            np.multiply(average, momentum, average)
            np.multiply(p, 1 - momentum, group.gradients)
            np.add(average, group.gradients, average)
            if every and step % every == 0:
                np.copyto(p, average)

    def _constrain(self) -> None:
        for v in self.variables:
            if v.constraint is not None and not v.overwrite_with_gradient:
                exposed, v.exposed = v.exposed, EXPOSED  # counts no exposure: a constraint keeps no array
                with stop_recording():
                    _fill(v.array, as_array(v.constraint(v)), v, "constrained value")
                v.exposed = exposed


@primitive(None, variadic=True, optional=True, effect=True,
           out_arrays=lambda optimizer, variables: optimizer._updater.gradient_views(variables),
           bind=lambda optimizer, variables: optimizer._updater.bind(variables))  # fmt: skip
def update_variables(*gradients: Array | None, optimizer: "Optimizer", variables: Sequence[Variable]) -> Array:
    """Update variables. A replayed step computes the gradients in `gradient_views`."""
    optimizer._updater.update(gradients, variables)
    return np.empty(0)


def _drop_missing(gradients: Sequence[Array | None], variables: Sequence[Variable]) -> tuple[list[Any], list[Variable]]:
    """Return the gradients that are not None and their variables. Warn of the other variables."""
    pairs = [(g, v) for g, v in zip(gradients, variables, strict=True) if g is not None]
    if not pairs:
        raise ValueError("No gradients provided for any variable: the loss does not depend on them, or they were "
                         "frozen while the tape recorded. Set `trainable` before, and compute the loss from outputs "
                         "with `ops` functions, not from their values or of integers.")  # fmt: skip
    missing = [v.path for g, v in zip(gradients, variables, strict=True) if g is None]
    warn_user(f"Gradients do not exist for variables {missing} when minimizing the loss. If using "
              "`model.compile()`, did you forget to provide a `loss` argument?")  # fmt: skip
    return [g for g, _ in pairs], [v for _, v in pairs]


def _limit_norm(gradients: Sequence[Array], limit: float, whole: bool) -> None:
    """Scale gradients to a common norm of at most `limit`. If it is not finite for a `whole` model, all become NaN."""
    norm = math.sqrt(sum(float(np.dot(g, g)) for g in gradients))
    if not norm <= limit:  # or if it is NaN
        factor = limit / norm if math.isfinite(norm) or not whole else math.nan
        for g in gradients:
            np.multiply(g, factor, g)


def _fill(view: Array, value: Any, variable: Variable, what: str) -> None:
    if value.shape != view.shape:
        raise ValueError(f"The {what} of {variable.path!r} must have its shape {view.shape}. Received: {value.shape}.")
    view[...] = value
