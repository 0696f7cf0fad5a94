"""The base class of all optimizers: arguments, state, updates by gradients, and configurations."""

import re
from collections.abc import Callable, Iterable, Mapping, MutableMapping, Sequence
from typing import TYPE_CHECKING, Any, ClassVar, Self, TypeAlias, TypedDict

import numpy as np

from .. import initializers
from .._base.context import path_scope
from .._base.naming import checked_name, hint
from .._base.settings import settings
from .._base.signature import Suggesting, parameters
from .._base.typing import Array, Config, CustomObjects, DTypeLike, InitializerName, ShapeLike, TensorLike
from .._base.user_warning import warn_user
from .._core.ownership import Changes
from .._core.tensor import Tensor, TensorOps, as_array, recorders
from .._core.variable import Variable, assign_all, holding
from .._serialization.configurable import name_arguments
from .._serialization.serialization import serialize
from . import schedules
from .flat_buffers import make_rounding
from .formula import UpdateRule, compile_formula
from .schedules import LearningRateSchedule
from .update import Updater, update_variables

LearningRate: TypeAlias = float | LearningRateSchedule | Callable[[], Any]
Maker: TypeAlias = InitializerName | Callable[..., TensorLike]  # the function is called (shape, dtype=)
Rounding: TypeAlias = Callable[[float], float]
_OPTIONS = ("weight_decay", "clipnorm", "global_clipnorm", "clipvalue", "use_ema", "ema_momentum",
            "ema_overwrite_frequency", "loss_scale_factor", "gradient_accumulation_steps")  # fmt: skip


class OptimizerOptionsBut(TypedDict, total=False):
    """The options that all optimizers have, except `weight_decay`; see `Optimizer`."""

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


class Optimizer(Suggesting):
    """Base class of optimizers, which change variables so that a loss becomes smaller.

    A subclass makes its state in `build`, and changes a variable in `update_step`. Another kind of
    learning rate (an int, too), an option out of range and an unknown option are ValueErrors.

    Args:
        learning_rate: A float, a schedule, or a function without arguments that gives a number.
        weight_decay: Each step begins by subtracting weight_decay * learning_rate * weight.
        clipnorm: Largest norm of one variable's gradient; larger ones are scaled down to it.
        clipvalue: Largest absolute value of a gradient's element.
        global_clipnorm: Largest norm of all gradients together.
        use_ema: Whether to keep moving averages of the variables, which replace them at the end of training.
        ema_momentum: Share of the old average in the new one, from 0 to 1.
        ema_overwrite_frequency: The averages also replace the variables each time after so many steps.
        loss_scale_factor: The loss is multiplied by this number, and the gradients are divided by it.
        gradient_accumulation_steps: Variables change only after so many steps, by the mean of the gradients.
        name: The optimizer's name, made up from its class if not given.

    Example:
        >>> class Halving(keras.optimizers.Optimizer):
        ...     def update_step(self, gradient, variable, learning_rate):
        ...         self.assign(variable, variable / 2 - learning_rate * gradient)
        >>> w = keras.Variable([4.0])
        >>> _ = Halving(0.1).apply_gradients([([10.0], w)])
        >>> w.numpy()
        array([1.], dtype=float32)
    """

    _arguments: ClassVar[tuple[str, ...]] = ()
    """The arguments of a subclass's `__init__` that configurations name; each is an attribute too."""
    _slot_names: tuple[dict[str, str], ...] = ()
    """The slots: attribute that holds the list -> last part of the variables' names. Slots in one dict are made
    variable by variable, which decides their order in files."""
    _common: ClassVar[tuple[str, ...]] = (*_OPTIONS, "name")
    _by_variable: ClassVar[bool] = False  # whether the rule takes one variable at a time, since it computes norms
    _updates: ClassVar[type[Updater]] = Updater
    _updater: Updater
    _variables: list[Variable]

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        name_arguments(cls, but=("name", "learning_rate", *_OPTIONS))

    def __init__(self, learning_rate: LearningRate, weight_decay: float | None = None, clipnorm: float | None = None,
                 clipvalue: float | None = None, global_clipnorm: float | None = None, use_ema: bool = False,
                 ema_momentum: float = 0.99, ema_overwrite_frequency: int | None = None,
                 loss_scale_factor: float | None = None, gradient_accumulation_steps: int | None = None,
                 name: str | None = None, **kwargs: Any) -> None:  # fmt: skip
        if kwargs.pop("decay", None) is not None:
            warn_user("Argument `decay` is no longer supported and will be ignored.")
        if kwargs:
            known = (*parameters(type(self).__init__).names, *_OPTIONS)
            raise ValueError(f"Argument(s) not recognized: {kwargs}.{hint(next(iter(kwargs)), known)}")
        _check_options(locals())
        vars(self).update(_updater=self._updates(self), _variables=[])
        self.name: str = checked_name(name or None, type(self).__name__)
        self.weight_decay = weight_decay
        self.loss_scale_factor = loss_scale_factor
        self.clipnorm = clipnorm
        self.clipvalue = clipvalue
        self.global_clipnorm = global_clipnorm
        self.use_ema = use_ema
        self.ema_momentum = ema_momentum
        self.ema_overwrite_frequency = ema_overwrite_frequency
        self.gradient_accumulation_steps = gradient_accumulation_steps
        self.built: bool = False
        self._trainable_variables: list[Variable] = []
        self._accumulated_gradients: list[Variable] = []
        self._places: dict[int, int] = {}
        self._slots: list[list[Variable | None]] = []
        self._excluded: tuple[list[Variable], str] = [], ""
        self._iterations: Variable = self.add_variable((), "zeros", settings.counts, name="iteration")
        rate = initializers.Constant(learning_rate) if isinstance(learning_rate, float) else None
        self._learning_rate: Any = self.add_variable((), rate, name="learning_rate") if rate else learning_rate

    if not TYPE_CHECKING:  # to type checkers an attribute that no class declares is a mistake

        def __setattr__(self, name: str, value: Any) -> None:
            """Set an attribute; a variable becomes part of the optimizer's state."""
            if "_updater" not in vars(self):
                raise RuntimeError(f"In optimizer '{type(self).__name__}', you forgot to call `super().__init__()` as "
                                   "the first statement in the `__init__()` method.")  # fmt: skip
            if isinstance(value, Variable) and not any(v is value for v in self._variables):
                self._variables.append(value)
            recorded = name in ("loss_scale_factor", "gradient_accumulation_steps", "_learning_rate")
            changes = recorded and name in vars(self)
            super().__setattr__(name, value)
            if name != "learning_rate":  # its setter assigns to a variable or sets another attribute
                self._updater.forget_options()
            if changes or (name == "built" and value and recorders.open):
                Changes.layers += 1  # programs recorded with the old option, or during the build, are wrong

    @property
    def variables(self) -> list[Variable]:
        """The optimizer's state: iterations, learning rate, and the slots of each variable."""
        return self._variables[:]

    @property
    def iterations(self) -> Variable | Any:
        """The number of updates: a variable, or a tensor if gradients are accumulated."""
        return self._iterations // steps if (steps := self.gradient_accumulation_steps) else self._iterations

    @property
    def learning_rate(self) -> Variable | Any:
        """The learning rate: a variable, or the present value of a schedule or function."""
        rate = self._learning_rate
        if isinstance(rate, Variable):
            return rate
        return rate(self._iterations) if isinstance(rate, LearningRateSchedule) else rate()

    @learning_rate.setter
    def learning_rate(self, learning_rate: Any) -> None:  # Any: type checkers take what is set for what is read
        old = self._learning_rate
        if callable(learning_rate):
            self._learning_rate = learning_rate
            self._variables = [v for v in self._variables if v is not old]
        elif isinstance(old, Variable):
            _warn_of_rate(learning_rate)
            old.assign(learning_rate)
        else:
            raise TypeError("This optimizer was created with a `LearningRateSchedule` or a function as its "
                            f"`learning_rate`, hence its learning rate is not settable. Received: {learning_rate!r}. "
                            "Make the optimizer with a float `learning_rate` to set it later.")  # fmt: skip

    def build(self, variables: list[Variable]) -> None:
        """Make the slots of all variables that will ever be updated. The first `apply` calls this."""
        if self.built:
            return
        if self.use_ema:
            self._model_variables_moving_average = self.add_optimizer_variables(variables, "average")
        if self.gradient_accumulation_steps:
            new = self.add_variable_from_reference
            self._accumulated_gradients = [new(v, "gradient_accumulator") for v in variables]
        self._trainable_variables = list(variables)
        self._places = {id(v): i for i, v in enumerate(variables)}
        self._slots = []
        start = initializers.Constant(getattr(self, "initial_accumulator_value", 0.0))
        for names in self._slot_names:
            starts: list[Maker] = [start if name == "accumulator" else "zeros" for name in names.values()]
            slots = self.add_optimizer_variables(variables, list(names.values()), starts)
            self._slots += slots
            for attribute, slot in zip(names, slots, strict=True):
                setattr(self, attribute, slot)
        self.built = True

    def add_variable(self, shape: ShapeLike, initializer: Maker = "zeros", dtype: DTypeLike | None = None,
                     aggregation: str | None = "none", layout: None = None,
                     name: str | None = None) -> Variable:  # fmt: skip
        """Return a new variable of the optimizer's state; `aggregation` and `layout` have no effect.

        `initializer` is a name or a function (shape, dtype=) -> array, `dtype` is `floatx` if not given.
        """
        with path_scope(self.name, self):
            variable = Variable(initializer, shape, dtype, trainable=False, aggregation=aggregation, name=name)
        self._variables.append(variable)
        return variable

    def add_variable_from_reference(self, reference_variable: Variable, name: str | None = None,
                                    initializer: Maker = "zeros") -> Variable:  # fmt: skip
        """Return a new variable with the shape and dtype of another. Its name ends in `name`, or "var"."""
        full = f"{reference_variable.path.replace('/', '_')}_{name or 'var'}"
        return self.add_variable(reference_variable.shape, initializer, reference_variable.dtype, name=full)

    def add_optimizer_variables(self, trainable_variables: Iterable[Variable], name: str | Sequence[str],
                                initializer: Maker | Sequence[Maker] = "zeros") -> Any:  # fmt: skip
        """Return a list with a new variable for each trainable one; for several names, a tuple of lists.

        There is None for a variable that its gradient overwrites. `name` is the last part of the new variables' names.
        `initializer` serves all names, or is a list with one for each.
        """
        names = [name] if isinstance(name, str) else list(name)
        makers: list[Any] = list(initializer) if isinstance(initializer, list | tuple) else [initializer] * len(names)
        if len(makers) != len(names):
            raise ValueError("The number of provided names must match the number of provided initializers. Received: "
                             f"name={name!r}, initializer={initializer!r}")  # fmt: skip
        lists: tuple[list[Variable | None], ...] = tuple([] for _ in names)
        for v in trainable_variables:
            for slot, last, maker in zip(lists, names, makers, strict=True):
                slot.append(None if v.overwrite_with_gradient else self.add_variable_from_reference(v, last, maker))
        return lists[0] if isinstance(name, str) else lists

    def _get_variable_index(self, variable: Variable) -> int:
        if id(variable) not in self._places:
            raise ValueError(f"Unknown variable: {variable.path}. This optimizer can only be called for the variables "
                             "it was originally built with. If a layer of the model has become trainable since, "
                             "`compile()` it again with a new optimizer.")  # fmt: skip
        return self._places[id(variable)]

    def assign(self, variable: Variable, value: TensorLike) -> None:
        """Set a variable of the model or the optimizer. For use in `update_step`."""
        variable.assign(value)

    def assign_add(self, variable: Variable, value: TensorLike) -> None:
        """Add to a variable."""
        variable.assign_add(value)

    def assign_sub(self, variable: Variable, value: TensorLike) -> None:
        """Subtract from a variable."""
        variable.assign_sub(value)

    def _formula(self, *args: Any, **constants: Any) -> tuple[Array, ...]:
        """Return the new values of the parameters and the slots, see `compile_formula`."""
        raise NotImplementedError

    def _constants(self, rate: float, step: int, rounded: Rounding) -> Sequence[float]:
        """Return the constants of the formula, in order, for update number `step`, counted from 1.

        `rounded` rounds to the variables' dtype, as Keras does for powers near 1, which are subtracted from 1.
        """
        raise NotImplementedError

    def _rule(self) -> UpdateRule:
        """Return the compiled formula, a function that changes parameters and slots in place."""
        if type(self)._formula is Optimizer._formula:
            raise NotImplementedError(f"Optimizer {type(self).__name__} must override `update_step()`.")
        return compile_formula(self._formula, len(self._slots))

    def _before_update(self, step: int) -> None:
        """Change the state that does not belong to a single variable."""

    def update_step(self, gradient: Any, variable: Variable, learning_rate: Any) -> None:
        """Change one variable, and its slots, by its gradient."""
        dtype, rate, step = variable.dtype, float(learning_rate), self._update_number()
        k = [np.asarray(x, dtype) for x in self._constants(rate, step, make_rounding(dtype))]
        i = self._get_variable_index(variable)
        targets = [variable, *(v for slot in self._slots if (v := slot[i]) is not None)]
        p, *slots = (v.array.copy() for v in targets)
        self._updater.rule(k, p, as_array(gradient).astype(dtype), np.empty_like(p), np.empty_like(p), *slots)
        assign_all(targets, (p, *slots))

    _has_own_step: Callable[..., bool] = lambda self: type(self).update_step is not Optimizer.update_step

    def _is_plain(self) -> bool:
        """Return whether an update is just the rule, for all weights at once, with the learning rate in a variable."""
        options = [getattr(self, name) for name in ("_by_variable", *_OPTIONS) if not name.startswith("ema_")]
        return isinstance(self._learning_rate, Variable) and all(x in (None, False) for x in options)

    def _update_number(self) -> int:
        """Return the number of this update, from 1."""
        return int(self._iterations.array.item()) // (self.gradient_accumulation_steps or 1) + 1

    def apply_gradients(self, grads_and_vars: Iterable[tuple[Any, Variable]]) -> Variable:
        """Update variables by their gradients, given as pairs (gradient, variable); see `apply`."""
        pairs = list(grads_and_vars)
        try:
            grads, variables = zip(*pairs, strict=True)
        except (TypeError, ValueError):
            variables = ()
        if not variables or not isinstance(variables[0], Variable):
            raise ValueError("apply_gradients() takes pairs (gradient, variable), as a new zip(gradients, variables) "
                             f"gives them. Received: {pairs!r:.80}.")  # fmt: skip
        self.apply(grads, variables)
        return self._iterations

    def apply(self, grads: Sequence[Any], trainable_variables: Sequence[Variable] | None = None) -> None:
        """Update variables by their gradients. Tensors and tapes that hold old values keep them.

        Args:
            grads: One gradient for each variable. A variable whose gradient is None stays as it is.
            trainable_variables: The variables, by default those the optimizer was built with.

        Raises:
            ValueError: if the optimizer was built without one of the variables, a gradient does not fit its variable,
                or there is no gradient at all. Nothing has changed then.
        """
        if len(grads) == 0:
            return
        if trainable_variables is None and not self.built:
            raise ValueError("When passing `grads` without `variables`, the optimizer must already be built on a list "
                             "of variables. Call `optimizer.build(trainable_variables)` first.")  # fmt: skip
        variables = self._trainable_variables if trainable_variables is None else list(trainable_variables)
        with self._updater.lock:  # all threads share the buffers
            self._updater.make_exclusive(variables)
            if recorders.open:
                given: list[Any] = [g if g is None or isinstance(g, TensorOps) else Tensor(as_array(g)) for g in grads]
                update_variables(*given, optimizer=self, variables=variables)
            else:
                arrays = [g.array if type(g) is Tensor else g if g is None else as_array(g) for g in grads]
                self._updater.update(arrays, variables)

    def stateless_apply(self, optimizer_variables: Sequence[TensorLike], grads: Sequence[Any],
                        trainable_variables: Sequence[TensorLike]) -> tuple[list[Tensor], list[Tensor]]:  # fmt: skip
        """Return what `apply` makes of these values; variables keep theirs. A ValueError for more or fewer values."""
        count, own = len(self._trainable_variables), self.variables
        if not self.built or len(optimizer_variables) != len(own) or len(trainable_variables) != count:
            raise ValueError(f"Build the optimizer first, then pass values of {count} and {len(own)} variables. "
                             f"Received: {len(trainable_variables)} and {len(optimizer_variables)}.")  # fmt: skip
        variables = [*self._trainable_variables, *own]
        with self._updater.lock, holding(variables, [*trainable_variables, *optimizer_variables]):
            self.apply(grads)
            after = [v.value for v in variables]
        return after[:count], after[count:]

    def exclude_from_weight_decay(self, var_list: Iterable[Variable] | None = None,
                                  var_names: Iterable[str] | None = None) -> None:  # fmt: skip
        """Exclude variables from weight decay: the given ones, and those whose name a regular expression matches."""
        self._excluded = list(var_list or ()), "|".join(var_names or ())

    def _use_weight_decay(self, variable: Variable) -> bool:
        variables, pattern = self._excluded
        return not (any(v is variable for v in variables) or (pattern and re.search(pattern, variable.name)))

    def finalize_variable_values(self, var_list: Sequence[Variable]) -> None:
        """Set variables to their moving averages, if there are any. Training ends with this."""
        averages = self._model_variables_moving_average if self.use_ema else [None] * len(var_list)
        if len(var_list) != len(averages):
            raise ValueError(f"The optimizer keeps moving averages of {len(averages)} variables. Received: "
                             f"{len(var_list)}. Build it with the variables of this model.")  # fmt: skip
        for variable, average in zip(var_list, averages, strict=True):
            if average is not None and self._iterations.array.item():  # before the first update there is no average
                variable.assign(average)

    def scale_loss(self, loss: Any) -> Any:
        """Return the loss times `loss_scale_factor`, which `apply` divides the gradients by."""
        return loss if self.loss_scale_factor is None else loss * self.loss_scale_factor

    def get_config(self) -> Config:
        """Return the arguments that make an equal optimizer, without its state."""
        rate = self._learning_rate
        learning_rate = float(rate.array) if isinstance(rate, Variable) else serialize(rate)
        options = {name: getattr(self, name) for name in (*_OPTIONS, *self._arguments)}
        return {"name": self.name, "learning_rate": learning_rate, **options}

    @classmethod
    def from_config(cls, config: Config, custom_objects: CustomObjects | None = None) -> Self:
        """Return the optimizer of a configuration."""
        if isinstance(rate := config.get("learning_rate"), Mapping):
            config = {**config, "learning_rate": schedules.deserialize(rate, custom_objects)}
        return cls(**config)

    def set_weights(self, weights: Sequence[TensorLike]) -> None:
        """Set the values of `variables`. Raises a ValueError, and sets none, if their number or a shape differs."""
        arrays = [as_array(w) for w in weights]
        shapes, new_shapes = [v.shape for v in self.variables], [a.shape for a in arrays]
        if shapes != new_shapes:
            hint = "" if self.built else " Call `optimizer.build(trainable_variables)` first."
            raise ValueError(f"Optimizer '{self.name}' has variables of shapes {shapes}. Received arrays of shapes "
                             f"{new_shapes}. Nothing was set.{hint}")  # fmt: skip
        assign_all(self.variables, arrays)

    def save_own_variables(self, store: MutableMapping[str, Any]) -> None:
        """Write the values of `variables` to a mapping, under "0", "1", ..."""
        for i, variable in enumerate(self.variables):
            store[str(i)] = variable.numpy()

    def load_own_variables(self, store: Mapping[str, Any]) -> None:
        """Set `variables` to what `save_own_variables` wrote. Warn, and set none, if their number differs."""
        count, file_count = len(self.variables), len(store.keys())
        if count == file_count:
            self.set_weights([np.asarray(store[str(i)]) for i in range(count)])
        else:
            warn_user(f"Skipping variable loading for optimizer '{self.name}', because it has {count} variables "
                      f"whereas the saved optimizer has {file_count} variables.")  # fmt: skip

    def __getstate__(self) -> dict[str, Any]:
        return {name: value for name, value in vars(self).copy().items() if name not in ("_updater", "_late_restores")}

    def __setstate__(self, state: dict[str, Any]) -> None:
        names = {"_keeps": "_slot_names"}  # names of attributes: in pickles of earlier versions, and today
        vars(self).update({names.get(name, name): value for name, value in state.items()}, _updater=self._updates(self))
        self._places = {id(v): i for i, v in enumerate(self._trainable_variables)}


def _check_options(arguments: Mapping[str, Any]) -> None:
    """Raise a ValueError for arguments of `Optimizer` that are out of range."""
    rate, momentum = arguments["learning_rate"], arguments["ema_momentum"]
    steps, every = arguments["gradient_accumulation_steps"], arguments["ema_overwrite_frequency"]
    limits = {name: arguments[name] for name in ("clipnorm", "clipvalue", "global_clipnorm")}
    if steps and not steps >= 2:
        raise ValueError(f"`gradient_accumulation_steps` must be an integer >= 2. Received: {steps}")
    if arguments["use_ema"] and not 0 <= momentum <= 1:
        raise ValueError(f"`ema_momentum` must be in the range [0, 1]. Received: ema_momentum={momentum}")
    if arguments["use_ema"] and every and (not isinstance(every, int) or every < 1):
        raise ValueError(f"`ema_overwrite_frequency` must be an integer >= 1 or None. Received: {every}")
    if sum(limit is not None for limit in limits.values()) > 1:
        raise ValueError(f"Only one of `clipnorm`, `clipvalue` and `global_clipnorm` can be set. Received: {limits}")
    if not callable(rate) and not isinstance(rate, float):
        raise ValueError("Argument `learning_rate` should be float, or an instance of LearningRateSchedule, or a "
                         f"callable without arguments that returns it. Received: learning_rate={rate!r}")  # fmt: skip
    _warn_of_rate(rate)


def _warn_of_rate(rate: Any) -> None:
    if isinstance(rate, int | float | np.number) and rate < 0:
        warn_user(f"A negative learning rate makes the loss larger. Received: learning_rate={rate}.")
