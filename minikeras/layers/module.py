"""A module holds variables, metrics and other modules; a walk over its attributes finds them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, MutableMapping, Sequence
from itertools import accumulate, chain, islice
from operator import is_, itemgetter
from typing import TYPE_CHECKING, Any, ClassVar, cast

import numpy as np

from .. import constraints, dtype_policies, initializers, regularizers
from .._base.context import context, path_scope
from .._base.nested import each_once
from .._base.settings import standardize_dtype
from .._base.signature import suggests
from .._base.typing import DTypeLike, DTypeName, FloatArray, ShapeLike, T, TensorLike
from .._core.ownership import Changes
from .._core.tensor import TensorOps, as_array
from .._core.variable import Variable, assign_all
from ..constraints import ConstraintLike
from ..dtype_policies import DTypePolicy
from ..initializers import InitializerLike
from ..metrics import Metric
from ..random import SeedGenerator
from ..regularizers import RegularizerLike

if TYPE_CHECKING:
    from .layer import Layer

_NO_STRUCTURE = frozenset({"history", "stop_training", "stop_evaluating", "stop_predicting", "_initial_epoch",
                           "trainable"})  # fmt: skip
"""Attributes of a model that no computation depends on, or that count their changes themselves."""
_OF_TRAINING = frozenset({"_compile_config", "_compiled_metrics", "_loss_tracker", "_found_metrics"})
"""Attributes of a model whose metrics are not those of its layers."""
_CHANGING = _OF_TRAINING | {"_build_shapes", "_found_inside", "_variables"}
"""Attributes that change all the time and hold neither layers nor variables, or count their changes themselves."""
_SET_LATER = {"optimizer": ". `compile()` sets it.", "history": ". `fit()` sets it."}
_MADE_BY_INIT = frozenset({"_variables", "name", "built", "autocast", "dtype_policy", "activity_regularizer",
                           "_trainable", "_own_graph"})  # fmt: skip
"""Attributes that are missing where a subclass does not call `super().__init__()`."""


class Module:
    """The part of a layer that keeps its weights and finds those of the layers in it."""

    name: str
    built: bool
    """Whether the weights have been made."""
    dtype_policy: DTypePolicy
    _trainable: bool
    _set_at: Mapping[str, int] = {}  # `Changes.layers` when attributes were set; that of "_variables" is by `__init__`
    _variables: list[Variable]
    _building: bool
    _functional_names: ClassVar[frozenset[str]] = frozenset()
    """Properties of functional models; a user's model without a graph may set attributes of these names."""

    def _locked(self) -> bool:  # against new weights and layers
        return bool(vars(self).get("built") or vars(self).get("_build_shapes")) and not vars(self).get("_building")

    if not TYPE_CHECKING:  # to type checkers an attribute that no class declares is a mistake

        def __setattr__(self, name: str, value: Any) -> None:
            if isinstance(value, _STATE) and self._locked() and not any(value is x for x in self._values_of(_STATE)):
                raise ValueError("You cannot add new elements of state (variables or sub-layers) to layer "
                                 f"'{self.name}', which is already built. All state must be created in `__init__()` or "
                                 "in `build()`.")  # fmt: skip
            if name == "dtype_policy":
                value = dtype_policies.get(value)
            if name in self._functional_names and vars(self).get("_own_graph") is None:
                vars(self)[name] = value
            else:
                object.__setattr__(self, name, value)
            if isinstance(value, (Module, *CONTAINERS)):  # a new dict, since another thread may walk the old one
                vars(self)["_set_at"] = {**self._set_at, name: Changes.layers}
            if name not in _NO_STRUCTURE and ("_found_inside" in vars(self) or not context.training):
                Changes.layers += 1  # after it, since another thread may make a program meanwhile

        def __delattr__(self, name: str) -> None:
            self._variables = [v for v in self._variables if v is not vars(self).get(name)]
            super().__delattr__(name)

        def __getattr__(self, name: str) -> Any:
            if name.startswith("__"):
                raise AttributeError(name)
            declared = getattr(type(self), name, None)
            if isinstance(declared, property):  # run the getter again, for its own AttributeError says why
                return vars(self)[name] if name in vars(self) else declared.fget(self)
            if "_variables" not in vars(self):  # other names raise AttributeError, so that `hasattr` works before
                kind = RuntimeError if name in _MADE_BY_INIT else AttributeError
                raise kind(f"In layer '{type(self).__name__}', you forgot to call `super().__init__()` as the first "
                           f"statement in the `__init__()` method.")  # fmt: skip
            declared_later = any(name in vars(cls).get("__annotations__", {}) for cls in type(self).__mro__)
            unbuilt = "" if vars(self).get("built") else ". It has no weights yet: call it on an input, or build() it."
            hint = _SET_LATER.get(name, unbuilt) if declared_later else ""
            raise AttributeError(f"'{type(self).__name__}' object has no attribute '{name}'{hint}")

    @suggests
    def add_weight(self, shape: ShapeLike | int | None = None,
                   initializer: InitializerLike | TensorOps | float | list[Any] | None = None,
                   dtype: DTypeLike | None = None, trainable: bool = True, autocast: bool = True,
                   regularizer: RegularizerLike = None, constraint: ConstraintLike = None,
                   aggregation: str | None = "none", overwrite_with_gradient: bool = False,
                   name: str | None = None) -> Variable:  # fmt: skip
        """Make a weight of this layer; a ValueError if the layer is already built.

        Args:
            shape: Its shape, () if not given.
            initializer: What fills it: a name, an initializer or a function; Glorot's uniform one for floats and
                zeros for others if not given.
            dtype: Its dtype, that of the layer's weights if not given.
            trainable: Whether training changes it.
            autocast, aggregation, overwrite_with_gradient: As in Keras.
            regularizer: Penalty on it.
            constraint: Projection applied after each training step.
            name: Last part of its path.
        """
        if isinstance(shape, str):
            raise ValueError(f"`name` must be passed as a keyword argument, as add_weight(name={shape!r}, shape=...). "
                             f"Received: add_weight({shape!r}, ...).")  # fmt: skip
        if self._locked():
            raise ValueError(f"You cannot add new elements of state (variables or sub-layers) to layer '{self.name}', "
                             "which is already built.")  # fmt: skip
        dtype = standardize_dtype(dtype if dtype is not None else self.variable_dtype)
        if initializer is None:
            initializer = "glorot_uniform" if "float" in dtype else "zeros"
        if isinstance(initializer, str | dict | type):
            initializer = initializers.get(initializer)
        with path_scope(self.name, self):
            options: Any = {"shape": () if shape is None else shape, "autocast": autocast, "aggregation": aggregation}
            variable = Variable(cast(Any, initializer), dtype=dtype, trainable=trainable, name=name, **options)
        variable.regularizer = regularizers.get(regularizer)
        variable.constraint = constraints.get(constraint)
        variable.overwrite_with_gradient = overwrite_with_gradient
        variable.trainable = trainable and self._trainable
        self._variables.append(variable)
        Changes.layers += 1
        return variable

    add_variable = add_weight

    def _configured_weight(self, name: str, shape: ShapeLike, kind: str | None = None, **options: Any) -> Variable:
        """Make a weight with the initializer, regularizer and constraint among the layer's arguments.

        `kind` is the prefix of their names, such as "kernel" in `kernel_initializer`; `name` if not given. `options`
        are further arguments of `add_weight`, and may replace these three.
        """
        ends = ("initializer", "regularizer", "constraint")
        arguments = {end: getattr(self, f"{kind or name}_{end}") for end in ends if end not in options}
        return self.add_weight(shape, name=name, **arguments, **options)

    @property
    def variable_dtype(self) -> DTypeName:
        """Dtype of the weights."""
        return self.dtype_policy.variable_dtype

    @property
    def dtype(self) -> DTypeName:
        """Dtype of the weights."""
        return self.variable_dtype  # a subclass may override it

    def _values_of(self, kind: type[T], but: frozenset[str] = frozenset()) -> list[T]:
        """Return the variables, modules or metrics among the attributes and the containers there, in order."""
        own = [value for name, value in vars(self).copy().items() if type(value) not in _PLAIN and name not in but]
        return each_once(value for value in _walk(own) if isinstance(value, kind))

    def _own_weights(self) -> list[Variable]:
        """Return the variables that no inner layer or seed generator holds, trainable ones first."""
        return sorted(self._values_of(Variable), key=lambda v: not v._declared_trainable)

    def _held_metrics(self) -> list[Metric]:
        return self._values_of(Metric, _OF_TRAINING)

    def _layers_held(self) -> list[Layer]:
        """Return the layers in attributes and containers, in the order in which they were set or, later, appended."""
        held: list[tuple[int, Module]] = []
        parts = {name: x for name, x in vars(self).copy().items() if isinstance(x, (Module, *CONTAINERS))}
        for name, value in parts.items():
            layers = [x for x in _walk([value]) if isinstance(x, Module)]
            times = accumulate((x._set_at.get("_variables", 0) for x in layers), max, initial=self._set_at.get(name, 0))
            held += zip(islice(times, 1, None), layers, strict=True)
        return cast("list[Layer]", each_once(layer for _, layer in sorted(held, key=itemgetter(0))))

    def __contents(self) -> Contents:
        """Return what is inside; the walk is repeated only if a layer has changed, unless back to where it was."""
        kept: tuple[Contents, ...] = vars(self).get("_found_inside", ())
        for inside in kept:
            if inside.is_current():
                return inside
        vars(self)["_found_inside"] = kept = (Contents(self), *kept[:1])
        return kept[0]

    def _flatten_layers(self) -> list[Layer]:
        """Return the layer itself and all layers inside it, in order."""
        return self.__contents().layers

    @property
    def metrics(self) -> list[Metric]:
        """The metrics that the layer and the layers in it hold."""
        return each_once(m for layer in self._flatten_layers() for m in layer._held_metrics())

    @property
    def metrics_variables(self) -> list[Any]:
        """The variables of all metrics."""
        return [v for metric in self.metrics for v in metric.variables]

    @property
    def variables(self) -> list[Variable]:
        """The weights. Those of each layer are followed by the states of its seed generators."""
        return self.__contents().variables[:]

    @property
    def weights(self) -> list[Variable]:
        """All weights, in the order of `get_weights`: the layer's own, trainable ones first, then the inner layers'."""
        return self.__contents().weights[:]

    @property
    def trainable_variables(self) -> list[Variable]:
        """The variables that training changes: the trainable weights."""
        return self.__contents().trainable[:] if self.trainable else []

    @property
    def non_trainable_variables(self) -> list[Variable]:
        """The variables that training leaves alone."""
        return [v for v in self.variables if not v.trainable] if self.trainable else self.variables

    trainable_weights = trainable_variables

    @property
    def non_trainable_weights(self) -> list[Variable]:
        """The weights that training leaves alone."""
        return [v for v in self.weights if not v.trainable] if self.trainable else self.weights

    @property
    def trainable(self) -> bool:
        """Whether training changes the weights; setting it sets it for all layers inside."""
        return self._trainable

    @trainable.setter
    def trainable(self, value: bool) -> None:
        if self._trainable != value:
            vars(self)["_trainable"] = bool(value)
            Changes.turn(self)
        for part in self._values_of(cast("type[Variable | Module]", _STATE)):
            if isinstance(part, Module) or part._declared_trainable:
                part.trainable = bool(value)

    def get_weights(self) -> list[FloatArray]:
        """Return copies of the weights, [] before the layer is built."""
        return [v.numpy() for v in self.weights]

    def set_weights(self, weights: Sequence[TensorLike]) -> None:
        """Set all weights; a ValueError, and no weight is set, if their number or a shape differs.

        Args:
            weights: Arrays or array-likes, in the order and shapes of `get_weights`.
        """
        variables = self.weights
        if len(variables) != len(weights):
            hint = "" if self.built else " The layer is not built: call it on an input, or build() it, first."
            raise ValueError(f"You called `set_weights(weights)` on layer '{self.name}' with a weight list of length "
                             f"{len(weights)}, but the layer was expecting {len(variables)} "
                             f"weights.{hint}")  # fmt: skip
        arrays = [as_array(value, v.dtype) for v, value in zip(variables, weights, strict=True)]
        for v, array in zip(variables, arrays, strict=True):
            if v.shape != array.shape:
                raise ValueError(f"Layer '{self.name}': weight '{v.path}' has shape {v.shape}. Received an array of "
                                 f"shape {array.shape}. No weight was set.")  # fmt: skip
        assign_all(variables, arrays)

    def save_own_variables(self, store: MutableMapping[str, Any]) -> None:
        """Write the layer's own variables, without those of inner layers, to a mapping, under "0", "1", ...

        A subclass may override this and `load_own_variables`, to decide what is saved of it.
        """
        for i, v in enumerate(self._own_weights()):
            store[str(i)] = v.numpy()

    def load_own_variables(self, store: Mapping[str, Any]) -> None:
        """Set the layer's own variables to what `save_own_variables` wrote; a ValueError if they do not match."""
        variables = self._own_weights()
        names = [str(i) for i in range(len(variables))]
        arrays = [as_array(store[name], v.dtype) for name, v in zip(names, variables, strict=True) if name in store]
        if sorted(store) != sorted(names) or [a.shape for a in arrays] != [v.shape for v in variables]:
            raise ValueError(f"Layer '{self.name}' expects variables of the shapes {[v.shape for v in variables]}. "
                             f"Received: { {k: np.shape(store[k]) for k in store} }. Nothing was set.")  # fmt: skip
        assign_all(variables, arrays)

    def count_params(self) -> int:
        """Return the number of scalars in the weights; a ValueError if the layer is not built."""
        if not self.built:
            raise ValueError(f"You tried to call `count_params` on layer '{self.name}', but the layer isn't built. "
                             "Call it on an input, or build() it, first.")  # fmt: skip
        return sum(v.size for v in self.weights)


class Untracked(list[Any]):
    """A list whose layers and variables do not count as part of the layer that holds it."""


CONTAINERS = (list, tuple, dict, set)
_STATE = (Variable, Module)
_SOUGHT = (*_STATE, Metric, SeedGenerator)
_PLAIN = frozenset({bool, int, str, type(None)})  # most attributes are, in which is nothing to find
LONG = 128  # items: a longer container without state, such as what an agent has seen, is walked in no step


def _walk(values: Iterable[Any], around: tuple[Any, ...] = ()) -> Iterator[Any]:
    """Yield the variables, modules, metrics, seed generators and containers in values, a container before its items."""
    for value in values:
        if isinstance(value, CONTAINERS):
            if not isinstance(value, Untracked) and not any(value is outer for outer in around):
                items, inside = items_of(value), (*around, value)
                if len(value) <= LONG or _hold_state(items, inside):
                    yield value
                    yield from _walk(items, inside)
        elif isinstance(value, _SOUGHT):
            yield value


def _hold_state(items: Iterable[Any], around: tuple[Any, ...]) -> bool:
    """Return whether a long container may hold state, or None in its place, by its first items and the types of all."""
    kinds = {*map(type, items)}
    inside = {*map(type, chain.from_iterable(items_of(x) for x in items if isinstance(x, CONTAINERS)))}
    found = type(None) in kinds or any(issubclass(kind, _SOUGHT) for kind in kinds | inside)
    return found or not all(isinstance(x, CONTAINERS) for x in _walk(islice(items, LONG), around))


def items_of(container: Any) -> Iterable[Any]:
    """Return the items of a container, or the values of a dict."""
    return container.values() if isinstance(container, dict) else container


class Contents:
    """What a walk finds in a module: the layers (itself first), weights, variables, and containers to watch.

    It is not a container itself, so that a walk over attributes does not enter it.
    """

    def __init__(self, module: Module) -> None:
        self.version: int = Changes.layers
        layers: dict[int, Layer] = {}
        stack = [cast("Layer", module)]
        while stack:
            inner = stack.pop()
            if id(inner) not in layers:
                layers[id(inner)] = inner
                vars(inner).setdefault("_found_inside", ())
                stack.extend(reversed(inner._layers_held()))
        self.layers: list[Layer] = [*layers.values()]
        own = [(inner._own_weights(), inner._values_of(SeedGenerator)) for inner in self.layers]
        self.weights: list[Variable] = each_once(v for weights, _ in own for v in weights)
        self.variables: list[Variable] = each_once(v for ws, seeds in own for v in (*ws, *(s.state for s in seeds)))
        self.trainable: list[Variable] = [v for v in self.weights if v.trainable]
        values = (x for inner in self.layers for name, x in vars(inner).copy().items() if name not in _CHANGING)
        containers = [x for x in _walk(values) if isinstance(x, CONTAINERS) and not isinstance(x, tuple)]  # can change
        self._watched = [(container, len(container), _to_watch(container)) for container in containers]

    def is_current(self) -> bool:
        """Return whether no attribute was set since, and no container has other items, more, or fewer."""
        same = (len(held) == n and all(map(is_, items_of(held), items)) for held, n, items in self._watched)
        return self.version == Changes.layers and all(same)


def _to_watch(container: Any) -> list[Any]:
    """Return the items to compare later: all, or none if they are nothing but text and numbers."""
    items = list(items_of(container))
    return [] if all(isinstance(item, str | int | float) for item in items) else items
