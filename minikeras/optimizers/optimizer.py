"""The base class of all optimizers: state, options, and the one update that eager calls and training share."""

import math
import re
import warnings
from collections.abc import Callable, Iterable, Mapping, MutableMapping, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any, ClassVar, Self, TypeAlias, TypedDict, cast

import numpy as np

from .. import _state, initializers
from .._typing import Array, Config, CustomObjects, DTypeLike, InitializerName, ShapeLike, TensorLike
from ..configurable import name_arguments
from ..serialization import serialize
from ..tensor import Tensor, TensorOps, as_array, primitive, recorders, stop_recording
from ..variable import Variable
from . import schedules
from .flat_buffers import Choice, Group, Pack, Part
from .schedules import LearningRateSchedule

LearningRate: TypeAlias = float | LearningRateSchedule | Callable[[], Any]
"""A number, a schedule of the step, or a function without arguments."""

Maker: TypeAlias = InitializerName | Callable[..., TensorLike]
"""Name of an initializer, or a function (shape, dtype=) -> array."""

Rounding: TypeAlias = Callable[[float], float]

_OPTIONS = ("weight_decay", "clipnorm", "global_clipnorm", "clipvalue", "use_ema", "ema_momentum",
            "ema_overwrite_frequency", "loss_scale_factor", "gradient_accumulation_steps")  # fmt: skip
_UNUSUAL = tuple(name for name in _OPTIONS if not name.startswith("ema_"))
_CACHES = frozenset({"_groups", "_choices"})

_FLUSH_EVERY = 128
"""After how many steps what has faded is set to zero; in so many a factor of 0.9 is one of 1e-6."""


class OptimizerOptionsBut(TypedDict, total=False):
    """The options that all optimizers have, but for `weight_decay`; see `Optimizer`."""

    clipnorm: float | None
    clipvalue: float | None
    global_clipnorm: float | None
    use_ema: bool
    ema_momentum: float
    ema_overwrite_frequency: int | None
    loss_scale_factor: float | None
    gradient_accumulation_steps: int | None
    name: str | None


class OptimizerOptions(OptimizerOptionsBut, total=False):
    """The options that all optimizers have; see `Optimizer`."""

    weight_decay: float | None


class Optimizer:
    """Base class of optimizers, which change variables so that a loss becomes smaller.

    A subclass makes what it keeps for each variable in `build`, and computes in `update_step`.

    Args:
        learning_rate: A float, a schedule, or a function without arguments that gives a number.
        weight_decay: Share of each weight, times the learning rate, taken away at each step.
        clipnorm: Largest norm of one variable's gradient; larger ones are scaled down to it.
        clipvalue: Largest absolute value of a gradient's element.
        global_clipnorm: Largest norm of all gradients together.
        use_ema: Whether to keep moving averages of the variables, which replace these in the end.
        ema_momentum: Share of the old average in the new one, from 0 to 1.
        ema_overwrite_frequency: Replace the variables by their averages every so many steps; only in the end if None.
        loss_scale_factor: Number the loss was multiplied by, and gradients are divided by.
        gradient_accumulation_steps: Change variables every so many steps only, by the mean of the gradients since.
        name: The optimizer's name, made up from its class if not given.

    Raises:
        ValueError: for a learning rate that is no float, an option out of range, or one that does not exist.

    Example:
        >>> import minikeras as keras
        >>> class Halving(keras.optimizers.Optimizer):
        ...     def update_step(self, gradient, variable, learning_rate):
        ...         self.assign(variable, variable / 2 - learning_rate * gradient)
        >>> w = keras.Variable([4.0])
        >>> _ = Halving(0.1).apply_gradients([([10.0], w)])
        >>> w.numpy()
        array([1.], dtype=float32)
    """

    _arguments: ClassVar[tuple[str, ...]] = ()
    """Names of `__init__` arguments of the subclass, each kept in an attribute of that name; all by default."""

    _keeps: tuple[dict[str, str], ...] = ()
    """What `_rule` is given for each variable, in order: attribute of the list -> last part of the names."""

    _counts_in: ClassVar[str] = "int32"
    """Dtype of the number of updates."""

    _by_variable: ClassVar[bool] = False
    """Whether `_rule` takes one variable at a time, since it computes norms."""

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        name_arguments(cls, but=("name", "learning_rate", *_OPTIONS))

    def __init__(
        self,
        learning_rate: LearningRate,
        weight_decay: float | None = None,
        clipnorm: float | None = None,
        clipvalue: float | None = None,
        global_clipnorm: float | None = None,
        use_ema: bool = False,
        ema_momentum: float = 0.99,
        ema_overwrite_frequency: int | None = None,
        loss_scale_factor: float | None = None,
        gradient_accumulation_steps: int | None = None,
        name: str | None = None,
        **kwargs: Any,
    ) -> None:
        if kwargs.pop("decay", None) is not None:
            warnings.warn("Argument `decay` is no longer supported and will be ignored.", stacklevel=2)
        if kwargs:
            raise ValueError(f"Argument(s) not recognized: {kwargs}. An optimizer has `learning_rate` and {_OPTIONS}.")
        steps, every = gradient_accumulation_steps, ema_overwrite_frequency
        if steps and not steps >= 2:
            raise ValueError(f"`gradient_accumulation_steps` must be an integer >= 2. Received: {steps}")
        if use_ema and not 0 <= ema_momentum <= 1:
            raise ValueError(f"`ema_momentum` must be in the range [0, 1]. Received: ema_momentum={ema_momentum}")
        if use_ema and every and (not isinstance(every, int) or every < 1):
            raise ValueError(f"`ema_overwrite_frequency` must be an integer >= 1 or None. Received: {every}")
        if sum(limit is not None for limit in (clipnorm, clipvalue, global_clipnorm)) > 1:
            raise ValueError(
                "Only one of `clipnorm`, `clipvalue` and `global_clipnorm` can be set. "
                f"Received: clipnorm={clipnorm}, clipvalue={clipvalue}, global_clipnorm={global_clipnorm}"
            )
        if not callable(learning_rate) and not isinstance(learning_rate, float):
            raise ValueError(
                "Argument `learning_rate` should be float, or an instance of LearningRateSchedule, or a callable "
                f"without arguments that returns the learning rate. Received: learning_rate={learning_rate!r}"
            )
        self._variables: list[Variable] = []
        self.name: str = name or _state.auto_name(type(self).__name__)
        self.weight_decay = weight_decay
        self.loss_scale_factor = loss_scale_factor
        self.clipnorm = clipnorm
        self.clipvalue = clipvalue
        self.global_clipnorm = global_clipnorm
        self.use_ema = use_ema
        self.ema_momentum = ema_momentum
        self.ema_overwrite_frequency: int | None = every
        self.gradient_accumulation_steps: int | None = steps
        self.built: bool = False
        self._trainable_variables: list[Variable] = []
        self._accumulated_gradients: list[Variable] = []
        self._places: dict[int, int] = {}
        self._slots: list[list[Variable | None]] = []
        self._excluded: tuple[list[Variable], str] = [], ""
        self._groups: list[Group] | None = None
        self._choices: dict[tuple[int, ...], Choice] = {}
        self._iterations: Variable = self.add_variable((), "zeros", self._counts_in, name="iteration")
        self._learning_rate: Any = learning_rate
        if isinstance(learning_rate, float):
            start = initializers.Constant(learning_rate)
            self._learning_rate = self.add_variable((), start, name="learning_rate")

    if not TYPE_CHECKING:  # to type checkers an attribute that no class declares is a mistake

        def __setattr__(self, name: str, value: Any) -> None:
            """Set an attribute; a variable becomes part of the optimizer's state."""
            if name not in _CACHES:
                known = vars(self).get("_variables", value)
                if known is value and name != "_variables":
                    raise RuntimeError(
                        f"In optimizer '{type(self).__name__}', you forgot to call `super().__init__()` as the first "
                        "statement in the `__init__()` method."
                    )
                if isinstance(value, Variable) and not any(v is value for v in known):
                    known.append(value)
                vars(self)["_choices"] = {}  # it depends on the options
                _state.Structure.values += 1
            super().__setattr__(name, value)

    # --- state ------------------------------------------------------------------------------------------------

    @property
    def variables(self) -> list[Variable]:
        """The optimizer's state: iterations, learning rate, and what is kept for each variable."""
        return self._variables[:]

    @property
    def iterations(self) -> Variable | Any:
        """The number of updates, a variable; a tensor where gradients are accumulated."""
        steps = self.gradient_accumulation_steps
        return self._iterations // steps if steps else self._iterations

    @property
    def learning_rate(self) -> Variable | Any:
        """The learning rate: a variable, or the present value of a schedule or function.

        Raises:
            TypeError: when set to a number in place of a schedule or function.
        """
        rate = self._learning_rate
        if isinstance(rate, LearningRateSchedule):
            return rate(self._iterations)
        return rate if isinstance(rate, Variable) else rate()

    @learning_rate.setter
    def learning_rate(self, learning_rate: Any) -> None:  # Any, or checkers take what was set for what comes back
        old = self._learning_rate
        if callable(learning_rate):
            self._learning_rate = learning_rate
            self._variables = [v for v in self._variables if v is not old]
        elif isinstance(old, Variable):
            old.assign(learning_rate)
        else:
            raise TypeError(
                "This optimizer was created with a `LearningRateSchedule` or a function as its `learning_rate`, "
                f"hence its learning rate is not settable. Received: {learning_rate!r}. "
                "Make the optimizer with a float `learning_rate` to set it later."
            )

    def build(self, variables: list[Variable]) -> None:
        """Make what is kept for each variable; the first `apply` does this by itself.

        Args:
            variables: All variables that will ever be updated.
        """
        if self.built:
            return
        if self.use_ema:
            self._model_variables_moving_average = self.add_optimizer_variables(variables, "average")
        if self.gradient_accumulation_steps:
            new = self.add_variable_from_reference
            self._accumulated_gradients = [new(v, "gradient_accumulator") for v in variables]
        self._trainable_variables = list(variables)
        self._places = {id(v): i for i, v in enumerate(variables)}
        self.built = True
        for bundle in self._keeps:
            names = list(bundle.values())
            made = self.add_optimizer_variables(variables, names, [self._start(name) for name in names])
            self._slots += made
            for attribute, kept in zip(bundle, made, strict=True):
                setattr(self, attribute, kept)

    def _start(self, name: str) -> Maker:
        """Return the initializer of what is kept under a name."""
        return "zeros"

    def add_variable(
        self,
        shape: ShapeLike,
        initializer: Maker = "zeros",
        dtype: DTypeLike | None = None,
        aggregation: str | None = "none",
        layout: None = None,
        name: str | None = None,
    ) -> Variable:
        """Return a new variable of the optimizer's state.

        Args:
            shape: Its shape.
            initializer: Name of an initializer, or a function (shape, dtype=) -> array.
            dtype: Its dtype, the default float type if not given.
            aggregation: Accepted for Keras's sake.
            layout: Accepted for Keras's sake.
            name: Its name.
        """
        with _state.name_scope(self.name, self):
            variable = Variable(initializer, shape, dtype, trainable=False, aggregation=aggregation, name=name)
        self._variables.append(variable)
        return variable

    def add_variable_from_reference(
        self, reference_variable: Variable, name: str | None = None, initializer: Maker = "zeros"
    ) -> Variable:
        """Return a new variable of the shape and dtype of another, whose name ends in `name` ("var" if not given)."""
        full = f"{reference_variable.path.replace('/', '_')}_{name or 'var'}"
        return self.add_variable(reference_variable.shape, initializer, reference_variable.dtype, name=full)

    def add_optimizer_variables(
        self,
        trainable_variables: Iterable[Variable],
        name: str | Sequence[str],
        initializer: Maker | Sequence[Maker] = "zeros",
    ) -> Any:
        """Return a list of new variables, one for each trainable one; for several names a tuple of lists.

        Args:
            trainable_variables: The variables; one that is overwritten by its gradient gets None.
            name: Last part of the names, or several.
            initializer: Initializer of all, or a list of one a name.

        Raises:
            ValueError: if there are not as many initializers as names.
        """
        names = [name] if isinstance(name, str) else list(name)
        makers: list[Any] = list(initializer) if isinstance(initializer, list | tuple) else [initializer] * len(names)
        if len(makers) != len(names):
            raise ValueError(
                "The number of provided names must match the number of provided initializers. "
                f"Received: name={name!r}, initializer={initializer!r}"
            )
        lists: tuple[list[Variable | None], ...] = tuple([] for _ in names)
        for v in trainable_variables:
            for kept, last, maker in zip(lists, names, makers, strict=True):
                made = None if v.overwrite_with_gradient else self.add_variable_from_reference(v, last, maker)
                kept.append(made)
        return lists[0] if isinstance(name, str) else lists

    def _get_variable_index(self, variable: Variable) -> int:
        return self._places[id(variable)]

    # --- updates ----------------------------------------------------------------------------------------------

    def assign(self, variable: Variable, value: TensorLike) -> None:
        """Set a variable, of the model or of the optimizer; what `update_step` is written with."""
        variable.assign(value)

    def assign_add(self, variable: Variable, value: TensorLike) -> None:
        """Add to a variable."""
        variable.assign_add(value)

    def assign_sub(self, variable: Variable, value: TensorLike) -> None:
        """Subtract from a variable."""
        variable.assign_sub(value)

    def _constants(self, rate: float, step: int, rounded: Rounding) -> Sequence[float]:
        """Return the numbers that `_rule` needs in an update.

        Args:
            rate: The learning rate.
            step: Number of this update, from 1.
            rounded: Rounds as the variables' dtype does. Of all numbers only powers near 1 need it, since 1 minus
                the power is what counts.
        """
        raise NotImplementedError(f"Optimizer {type(self).__name__} must override `update_step()`.")

    def _rule(self, k: list[Array], p: Array, g: Array, s: Array, t: Array, *slots: Array) -> None:
        """Change parameters p and slots in place by the gradients g, given constants k.

        p is any part of the parameters (one variable, where `_by_variable` says so). s and t are room for results of
        its shape, and so is g once it is not needed any more.
        """
        raise NotImplementedError

    def _before_update(self, step: int) -> None:
        """Change what is kept but not for each variable."""

    def update_step(self, gradient: Any, variable: Variable, learning_rate: Any) -> None:
        """Change one variable, and what is kept for it, by its gradient."""

        def rounded(value: float) -> float:
            return float(np.asarray(value, variable.dtype))

        k = [np.asarray(x, variable.dtype) for x in self._constants(float(learning_rate), self._step(), rounded)]
        i = self._get_variable_index(variable)
        changed = [variable, *(v for slot in self._slots if (v := slot[i]) is not None)]
        p, *slots = (v.array.copy() for v in changed)
        self._rule(k, p, as_array(gradient).astype(p.dtype), np.empty_like(p), np.empty_like(p), *slots)
        for v, array in zip(changed, (p, *slots), strict=True):
            v.assign(array)

    def apply_gradients(self, grads_and_vars: Iterable[tuple[Any, Variable]]) -> Variable:
        """Update variables by their gradients, given as pairs (gradient, variable); see `apply`."""
        pairs = list(grads_and_vars)
        if not pairs:
            raise ValueError("No gradients provided for any variable: apply_gradients() received no pairs.")
        try:
            grads, variables = [g for g, _ in pairs], [v for _, v in pairs]
        except (TypeError, ValueError):
            raise ValueError(
                "apply_gradients() takes pairs (gradient, variable): zip(gradients, model.trainable_variables). "
                f"Received: {pairs!r:.80}."
            ) from None
        self.apply(grads, variables)
        return self._iterations

    def apply(self, grads: Sequence[Any], trainable_variables: Sequence[Variable] | None = None) -> None:
        """Update variables by their gradients. Tensors and tapes keep the values they have.

        Args:
            grads: One gradient a variable; variables whose gradient is None stay as they are.
            trainable_variables: The variables; those the optimizer was built with if not given.

        Raises:
            ValueError: if the optimizer was built without one of the variables, a gradient does not fit its variable,
                or there is no gradient at all. Then nothing has changed.
        """
        if len(grads) == 0:
            return
        if trainable_variables is None and not self.built:
            raise ValueError(
                "When passing `grads` without `variables`, the optimizer must already be built on a list of "
                "variables. Call `optimizer.build(trainable_variables)` first."
            )
        variables = self._trainable_variables if trainable_variables is None else list(trainable_variables)
        self.rehome(variables)
        if recorders.open:
            tensors: list[Any] = [g if g is None or isinstance(g, TensorOps) else Tensor(as_array(g)) for g in grads]
            _update(*tensors, optimizer=self, variables=variables)
        else:
            arrays = [g.array if type(g) is Tensor else g if g is None else as_array(g) for g in grads]
            self._update_in_place(arrays, variables)

    def rehome(self, variables: Sequence[Variable]) -> None:
        """Move parameters that someone may hold to other arrays, building the optimizer first if need be.

        From then on `_update_in_place` may change them, until a variable is lent.
        """
        for group in self._packed(variables):
            group.settle()

    def gradient_views(self, variables: Sequence[Variable]) -> list[Array]:
        """Return where `_update_in_place` wants the gradient of each variable; it changes what stands there.

        Variables that are lent move to arrays that nobody else holds.
        """
        self.rehome(variables)
        return self._choose(variables).views

    def _build_for(self, variables: Sequence[Variable]) -> None:
        if not self.built:
            with _state.name_scope(self.name, self):
                self.build(list(variables))
            self.built = True

    def _packed(self, variables: Sequence[Variable]) -> list[Group]:
        """Return the groups, building the optimizer first if need be."""
        self._build_for(variables)
        if self._groups is None:
            members: dict[str, list[int]] = {}
            for i, v in enumerate(self._trainable_variables):
                if not v.overwrite_with_gradient:
                    members.setdefault(v.dtype, []).append(i)
            average = self._model_variables_moving_average if self.use_ema else []
            kept = self._trainable_variables, self._slots, average, self._accumulated_gradients
            self._groups = [Group(found, *kept) for found in members.values()]
        return self._groups

    def _choose(self, variables: Sequence[Variable]) -> Choice:
        """Return what a list of variables means for an update; worked out once."""
        key = tuple(map(id, variables))
        choice = self._choices.get(key)
        if choice is not None:
            return choice
        groups = self._packed(variables)
        self._check(variables)
        chosen = {self._places[i] for i in key}
        views: dict[int, Array] = {}
        parts = []
        for group in groups:
            places = [k for k, i in enumerate(group.members) if i in chosen]
            if places:
                members = [group.parameters.variables[k] for k in places]
                decays = [self.weight_decay if self._use_weight_decay(v) else None for v in members]
                parts.append(Part(group, places, decays, self._by_variable))
                views |= {id(v): group.views[k] for k, v in zip(places, members, strict=True)}
        overwritten = [(v, np.empty_like(v.array)) for v in variables if id(v) not in views]
        views |= {id(v): room for v, room in overwritten}
        if len(self._choices) > 15:
            self._choices.clear()
        usual = len(parts) == 1 and not overwritten and self._is_plain()
        update = self._quick_update(parts[0]) if usual else None
        choice = self._choices[key] = Choice(list(variables), [views[i] for i in key], parts, overwritten, update)
        return choice

    def _check(self, variables: Sequence[Variable]) -> None:
        """Refuse variables that the optimizer was not built with, or one given twice."""
        for v in variables:
            if id(v) not in self._places:
                raise ValueError(
                    f"Unknown variable: {v.path}. This optimizer can only be called for the variables it was "
                    "originally built with. If a layer of the model has become trainable since, `compile()` it again "
                    "with a new optimizer."
                )
        if len(set(map(id, variables))) != len(variables):
            raise ValueError("A variable has one gradient in an update. Received several for the same variable.")

    def _is_plain(self) -> bool:
        """Tell whether an update is nothing but the rule at a rate that is a variable."""
        own = type(self).update_step is not Optimizer.update_step
        options = any(getattr(self, name) not in (None, False) for name in _UNUSUAL)
        return isinstance(self._learning_rate, Variable) and not own and not options

    def _quick_update(self, part: Part) -> Callable[[], None]:
        """Return a function that updates by the gradients in their views where `_is_plain`."""
        iterations, rate, group, rule = self._iterations, self._learning_rate, part.group, self._rule
        before, constants, rounded = self._before_update, self._constants, part.group.round

        def update() -> None:
            count = iterations.array
            step = count.item() + 1
            before(step)
            k = group.constants(constants(rate.array.item(), step, rounded))
            for arrays, _, _ in part.pieces():
                rule(k, *arrays)
            if step % _FLUSH_EVERY == 0:
                part.flush()
            count[()] = step

        return update

    def _step(self) -> int:
        """Return the number of this update, from 1."""
        return int(self._iterations.array.item()) // (self.gradient_accumulation_steps or 1) + 1

    def _update_in_place(self, gradients: Sequence[Array | None], variables: Sequence[Variable]) -> None:
        """Update variables by their gradients, in the arrays they have; `rehome` says when that is allowed.

        Args:
            gradients: One a variable, best those of `gradient_views`. What is in these afterwards is undefined.
            variables: The variables.

        Raises:
            ValueError: as `apply` does.
        """
        for g in gradients:
            if g is None:
                gradients, variables = _without_missing(gradients, variables)
                break
        choice = self._choose(variables)
        if len(gradients) != len(choice.views):
            raise ValueError(f"Received {len(gradients)} gradients for {len(variables)} variables.")
        for view, g, v in zip(choice.views, gradients, variables, strict=True):
            if g is not view:
                _fill(view, g, v, "gradient")
        for part in choice.parts:
            part.group.sync()
        self._updater(choice)()

    def bound_update(self, variables: Sequence[Variable]) -> Callable[[], None]:
        """Return a function that updates by the gradients in `gradient_views`, as long as no option changes."""
        return self._updater(self._choose(variables))

    def _updater(self, choice: Choice) -> Callable[[], None]:
        for v in choice.variables:
            if v.constraint is not None:
                return partial(self._apply, choice)
        return choice.update or partial(self._apply, choice)

    def _apply(self, choice: Choice) -> None:
        """Update by the gradients in their views."""
        given = rate = self._learning_rate
        if isinstance(rate, Variable):
            rate = rate.array.item()
        else:
            with stop_recording():
                given = self.learning_rate
                rate = float(given)
        count, steps = self._iterations.array.item() + 1, self.gradient_accumulation_steps
        updates = not steps or count % steps == 0
        if choice.overwritten:
            with stop_recording():
                self._overwrite(choice, updates)
        if choice.parts:
            self._prepare(choice, updates)
            if updates:
                self._update(choice, rate, given)
            if self.use_ema:
                self._follow()
            for v in choice.variables:
                if v.constraint is not None and not v.overwrite_with_gradient:
                    lent, v.lent = v.lent, True  # a constraint keeps nothing
                    with stop_recording():
                        _fill(v.array, as_array(v.constraint(v)), v, "constrained value")
                    v.lent = lent
        self._iterations.array[()] = count

    def _overwrite(self, choice: Choice, updates: bool) -> None:
        """Replace variables by their gradients, or by the largest of those that were accumulated."""
        for variable, gradient in choice.overwritten:
            if self._accumulated_gradients:
                largest = self._accumulated_gradients[self._get_variable_index(variable)]
                np.maximum(gradient, largest.array, out=gradient)
                largest.assign(np.zeros_like(gradient) if updates else gradient)
            if updates:
                variable.assign(gradient)

    def _prepare(self, choice: Choice, updates: bool) -> None:
        """Unscale and accumulate the gradients, and clip those of an update."""
        if self.loss_scale_factor is not None or self.gradient_accumulation_steps or self.clipvalue:
            for part in choice.parts:
                for piece in part.pieces():
                    self._prepare_values(piece.arrays[1], part.group.sums, piece.span, updates)
        limit = self.clipnorm or self.global_clipnorm or 0
        if limit > 0 and updates:
            gradients = [g for part in choice.parts for g in part.gradients]
            for together in [[g] for g in gradients] if self.clipnorm else [gradients]:
                _limit_norm(together, limit, whole=not self.clipnorm)

    def _prepare_values(self, g: Array, sums: Pack | None, span: slice, updates: bool) -> None:
        """Do with a stretch of the gradients what is done with each number by itself."""
        if self.loss_scale_factor is not None:
            np.divide(g, self.loss_scale_factor, g)
        if sums is not None and self.gradient_accumulation_steps:
            total = sums.flat[span]
            np.add(g, total, g if updates else total)
            if updates:
                np.divide(g, self.gradient_accumulation_steps, g)
                total[...] = 0
        if self.clipvalue and self.clipvalue > 0:
            np.clip(g, -self.clipvalue, self.clipvalue, g)

    def _update(self, choice: Choice, rate: float, given: Any) -> None:
        """Decay the weights, and change them by the rule, or by a subclass's `update_step`."""
        step = self._step()
        self._before_update(step)
        own = type(self).update_step is not Optimizer.update_step
        for part in choice.parts:
            group = part.group
            k = group.constants(() if own else self._constants(rate, step, group.round))
            for arrays, _, decay in part.pieces():
                p, _, room, *_ = arrays
                if decay is not None:
                    group.cell[()] = decay * rate
                    np.multiply(p, group.cell, room)
                    np.subtract(p, room, p)
                if not own:
                    self._rule(k, *arrays)
            if not own and step % _FLUSH_EVERY == 0:
                part.flush()
        if own:
            with stop_recording():
                for g, v in zip(choice.views, choice.variables, strict=True):
                    if v.size and not v.overwrite_with_gradient:
                        self.update_step(Tensor(g.copy()), v, given)
            for part in choice.parts:
                part.group.sync()

    def _follow(self) -> None:
        """Move the averages of all variables, and replace the variables by them when it is time."""
        step, every = self._step(), self.ema_overwrite_frequency
        for group in self._packed(()):
            group.sync()
            p, average = group.parameters.flat, cast(Any, group.average).flat
            momentum = group.round(self.ema_momentum if step > 1 else 0.0)
            np.multiply(average, momentum, average)
            np.multiply(p, 1 - momentum, group.gradients)
            np.add(average, group.gradients, average)
            if every and step % every == 0:
                np.copyto(p, average)

    # --- options ----------------------------------------------------------------------------------------------

    def exclude_from_weight_decay(
        self, var_list: Iterable[Variable] | None = None, var_names: Iterable[str] | None = None
    ) -> None:
        """Let weight decay leave some variables alone.

        Args:
            var_list: These variables.
            var_names: Regular expressions; variables whose name one of them is found in.
        """
        self._excluded = list(var_list or ()), "|".join(var_names or ())

    def _use_weight_decay(self, variable: Variable) -> bool:
        listed, names = self._excluded
        return not (any(v is variable for v in listed) or (names and re.search(names, variable.name)))

    def finalize_variable_values(self, var_list: Sequence[Variable]) -> None:
        """Set variables to their moving averages, if these are kept; done at the end of training.

        Args:
            var_list: The variables the optimizer was built with.

        Raises:
            ValueError: if they are not as many.
        """
        averages = self._model_variables_moving_average if self.use_ema else [None] * len(var_list)
        if len(var_list) != len(averages):
            raise ValueError(
                f"The optimizer keeps moving averages of {len(averages)} variables. Received: {len(var_list)} "
                "variables. Check that the optimizer was built with the variables of this model."
            )
        for variable, average in zip(var_list, averages, strict=True):
            if average is not None:
                variable.assign(average)

    def scale_loss(self, loss: Any) -> Any:
        """Return the loss times `loss_scale_factor`, which `apply` divides the gradients by."""
        return loss if self.loss_scale_factor is None else loss * self.loss_scale_factor

    # --- configuration and saved state --------------------------------------------------------------------------

    def get_config(self) -> Config:
        """Return the arguments that make an optimizer like this one, without its state."""
        rate = self._learning_rate
        config = {
            "name": self.name,
            "learning_rate": float(rate.array) if isinstance(rate, Variable) else serialize(rate),
        }
        return config | {name: getattr(self, name) for name in (*_OPTIONS, *self._arguments)}

    @classmethod
    def from_config(cls, config: Config, custom_objects: CustomObjects | None = None) -> Self:
        """Return the optimizer of a configuration."""
        rate = config.get("learning_rate")
        if isinstance(rate, Mapping):
            config = {**config, "learning_rate": schedules.deserialize(rate, custom_objects)}
        return cls(**config)

    def set_weights(self, weights: Sequence[TensorLike]) -> None:
        """Set the values of `variables`, or none if one does not fit.

        Raises:
            ValueError: if their number or a shape differs, as it does before the optimizer is built.
        """
        arrays = [as_array(w) for w in weights]
        wanted, received = [v.shape for v in self.variables], [a.shape for a in arrays]
        if wanted != received:
            hint = "" if self.built else " Call `optimizer.build(trainable_variables)` first."
            raise ValueError(
                f"Optimizer '{self.name}' has variables of shapes {wanted}. Received arrays of shapes {received}. "
                f"Nothing was set.{hint}"
            )
        for variable, array in zip(self.variables, arrays, strict=True):
            variable.assign(array)

    def save_own_variables(self, store: MutableMapping[str, Any]) -> None:
        """Write the values of `variables` to a mapping, under "0", "1", ..."""
        for i, variable in enumerate(self.variables):
            store[str(i)] = variable.numpy()

    def load_own_variables(self, store: Mapping[str, Any]) -> None:
        """Set `variables` to what `save_own_variables` wrote; warn and set nothing if their number differs."""
        saved, own = len(store.keys()), len(self.variables)
        if saved == own:
            self.set_weights([np.asarray(store[str(i)]) for i in range(own)])
        else:
            warnings.warn(
                f"Skipping variable loading for optimizer '{self.name}', because it has {own} variables whereas the "
                f"saved optimizer has {saved} variables.",
                stacklevel=2,
            )

    def __getstate__(self) -> dict[str, Any]:
        return {**vars(self), "_groups": None, "_choices": {}}

    def __setstate__(self, state: dict[str, Any]) -> None:
        vars(self).update(state, _places={id(v): i for i, v in enumerate(state["_trainable_variables"])})


def _without_missing(
    gradients: Sequence[Array | None], variables: Sequence[Variable]
) -> tuple[list[Array | None], list[Variable]]:
    """Return the gradients there are, and their variables."""
    there = [(g, v) for g, v in zip(gradients, variables, strict=True) if g is not None]
    if not there:
        raise ValueError(
            "No gradients provided for any variable: the loss does not depend on them. Compute it from the outputs "
            "with `ops` functions, not from their values or of integers."
        )
    missing = [v.path for g, v in zip(gradients, variables, strict=True) if g is None]
    warnings.warn(
        f"Gradients do not exist for variables {missing} when minimizing the loss. If using `model.compile()`, "
        "did you forget to provide a `loss` argument?",
        stacklevel=4,
    )
    return [g for g, _ in there], [v for _, v in there]


def _limit_norm(gradients: Sequence[Array], limit: float, whole: bool) -> None:
    """Scale gradients down to a norm of them together; one that is not finite makes them NaN where all are meant."""
    norm = math.sqrt(sum(float(np.dot(g, g)) for g in gradients))
    if not norm <= limit:  # as with NaN
        factor = limit / norm if math.isfinite(norm) or not whole else math.nan
        for g in gradients:
            np.multiply(g, factor, g)


def _fill(view: Array, value: Any, variable: Variable, what: str) -> None:
    if value.shape != view.shape:
        raise ValueError(f"The {what} of {variable.path!r} must have its shape {view.shape}. Received: {value.shape}.")
    view[...] = value


@primitive(
    None,
    variadic=True,
    effect=True,
    homes=lambda optimizer, variables: optimizer.gradient_views(variables),
    bind=lambda optimizer, variables: optimizer.bound_update(variables),
)
def _update(*gradients: Array | None, optimizer: Optimizer, variables: Sequence[Variable]) -> Array:
    """Update variables; a plan has the gradients computed where the optimizer wants them."""
    optimizer._update_in_place(gradients, variables)
    return np.empty(0)
