"""The base class of all layers: lazy weights, names, the call."""

from collections.abc import Callable, Iterable, Iterator, Mapping, MutableMapping, Sequence
from functools import wraps
from operator import is_
from threading import RLock
from typing import TYPE_CHECKING, Any, ClassVar, TypedDict, TypeVar, cast, overload
from warnings import warn

import numpy as np

from .. import _state, activations, constraints, dtype_policies, initializers, regularizers
from .._caller import warn_user
from .._signature import parameters
from .._structure import leaves, like, map_shapes, map_structure
from .._typing import (
    Config,
    CustomObjects,
    DataFormat,
    DTypeLike,
    DTypeName,
    FloatArray,
    PartialShape,
    ShapeLike,
    TensorLike,
)
from ..dtype_policies import DTypePolicy
from ..initializers import InitializerLike as InitializerLike
from ..input_spec import InputSpec as InputSpec
from ..input_spec import assert_input_compatibility
from ..metrics.base import Metric
from ..registry import Registry, is_built_in, name_arguments
from ..registry import serialize as serialize
from ..regularizers import RegularizerLike as RegularizerLike
from ..symbolic import KerasTensor, Node, infer
from ..tensor import Tensor, TensorOps, any_symbolic, as_array
from ..variable import Variable

registry: Registry["Layer"] = Registry("keras.layers", "layer")
L = TypeVar("L", bound="type[Layer]")
S = TypeVar("S", bound="Layer")
T = TypeVar("T", bound=Tensor)


_BUILDING = RLock()
"""Held while a layer that was not built is, so that threads do not build it twice."""

_KINDS: dict[str, Any] = {
    "activation": activations, "constraint": constraints, "initializer": initializers, "regularizer": regularizers,
}  # fmt: skip
"""What the last word of an argument's name says it is -> the module whose `get` makes a function of it."""


class CommonOptions(TypedDict, total=False):
    """Keyword arguments that every layer takes and none takes by position.

    Attributes:
        trainable: Whether training changes its weights.
        dtype: Dtype or policy of its weights and computations.
        autocast: Whether inputs are cast to the compute dtype.
        input_shape: Shape of one input sample; makes a Sequential that the layer opens build at once.
    """

    trainable: bool
    dtype: DTypeLike | DTypePolicy | Config | None
    autocast: bool
    input_shape: ShapeLike


class BaseOptions(CommonOptions, total=False):
    """Keyword arguments that nearly every layer takes.

    Attributes:
        name: The layer's name, made up from its class if not given.
        input_dim: Short for `input_shape=(input_dim,)`.
    """

    name: str | None
    input_dim: int


class LayerOptions(BaseOptions, total=False):
    """Keyword arguments of the layers that do not name `activity_regularizer` themselves.

    Attributes:
        activity_regularizer: Penalty on the outputs.
    """

    activity_regularizer: RegularizerLike | None


def register(cls: L) -> L:
    """Enter a layer class in the registry."""
    registry.register(cls)
    return cls


def deserialize(config: Config, custom_objects: CustomObjects | None = None) -> "Layer":
    """Return the layer (or the model) of a configuration that `serialize` made, here or in Keras.

    Raises:
        ValueError: for an unknown class, or one that is no layer.
    """
    made = registry.deserialize(config, custom_objects)
    if not isinstance(made, Layer):
        raise ValueError(f"Expected the configuration of a layer. Received: {config!r:.200}.")
    return made


class Layer:
    """A function with weights, which are made when it first sees its input.

    A subclass overrides `__init__` (settings), `build(input_shape)` (weights, with `add_weight`) and `call`
    (maths, written with `minikeras.ops`, operators or NumPy functions). `call` may have any signature; an
    argument named `training` is filled in, and one named `mask` with the masks of the inputs.

    Args:
        activity_regularizer: Penalty on the outputs.
        trainable: Whether training changes the weights.
        dtype: Dtype or policy of weights and computations.
        autocast: Whether float inputs are cast to the compute dtype.
        name: The layer's name, made up if not given.

    Raises:
        ValueError: for an unknown keyword, or a name with a slash.

    Example:
        >>> import numpy as np
        >>> import minikeras as keras
        >>> class Scale(keras.Layer):
        ...     def build(self, input_shape):
        ...         self.scale = self.add_weight(shape=(input_shape[-1],), initializer="ones", name="scale")
        ...     def call(self, x):
        ...         return x * self.scale
        >>> layer = Scale()
        >>> layer.get_weights()
        []
        >>> print(layer(np.array([[1.0, 2.0]])))
        Tensor([[1. 2.]], shape=(1, 2), dtype=float32)
        >>> layer.get_weights()
        [array([1., 1.], dtype=float32)]
    """

    _takes: ClassVar[frozenset[str]] = frozenset()
    _takes_masks: ClassVar[bool] = False
    _converts: bool = True
    """Whether inputs are converted to one dtype; a model of a graph leaves that to each of its inputs."""
    _arguments: ClassVar[tuple[str, ...]] = ()
    """Attributes that a built-in class adds to its configuration: those of its arguments, if it says nothing."""
    supports_masking: bool = False
    """Whether outputs get the mask that `compute_mask` gives."""
    built: bool
    """Whether the weights have been made."""

    def __init_subclass__(cls, **kwargs: object) -> None:
        super().__init_subclass__(**kwargs)
        own = vars(cls)
        name_arguments(cls, but=BaseOptions.__annotations__)
        if "build" in own:
            setattr(cls, "build", _builds(own["build"]))  # noqa: B010 - mypy refuses to assign a method
        if "call" in own:
            cls._takes = frozenset(parameters(own["call"]).names)
            cls._takes_masks = any(name == "mask" or name.endswith("_mask") for name in cls._takes)
        if "compute_mask" in own and "supports_masking" not in own:
            cls.supports_masking = True

    if not TYPE_CHECKING:  # the arguments are those of __init__, which type checkers then read

        def __new__(cls, *args: Any, **kwargs: Any) -> "Layer":
            layer = super().__new__(cls)
            vars(layer)["_auto_config"] = _auto_config(cls, args, kwargs)
            return layer

    def __init__(
        self,
        *,
        activity_regularizer: RegularizerLike | None = None,
        trainable: bool = True,
        dtype: DTypeLike | DTypePolicy | Config | None = None,
        autocast: bool = True,
        name: str | None = None,
        **kwargs: Any,
    ) -> None:
        if name is None:
            name = _state.auto_name(type(self).__name__)
        if not isinstance(name, str) or "/" in name:
            raise ValueError(
                f"Argument `name` must be a string and cannot contain character `/`. Received: name={name!r}."
            )
        if not isinstance(trainable, bool):
            raise ValueError(f"Expected `trainable` to be a boolean. Received: trainable={trainable!r}.")
        input_dim = kwargs.pop("input_dim", None)
        input_shape = kwargs.pop("input_shape", None)
        if input_dim is not None:
            input_shape = (input_dim,)
        if kwargs:
            raise ValueError(f"Unrecognized keyword arguments passed to {type(self).__name__}: {kwargs}.")
        if input_shape is not None:
            warn_user(
                "Do not pass an `input_shape`/`input_dim` argument to a layer. When using Sequential models, "
                "prefer using an `Input(shape)` object as the first layer in the model instead."
            )
            self._input_shape_arg: PartialShape = tuple(np.atleast_1d(np.array(input_shape, dtype=object)))
        self.name = name
        self.built = False
        self.autocast = autocast
        self.dtype_policy: DTypePolicy = dtype_policies.get(dtype)
        self.activity_regularizer: Callable[..., Any] | None = regularizers.get(activity_regularizer)
        self._trainable = trainable
        self._path: str | None = None
        self._input_spec: Any = None
        self._variables: list[Variable] = []
        self._losses: list[Tensor] = []
        self._build_shapes: dict[str, Any] = {}
        self._inbound_nodes: list[Node] = []

    def __setattr__(self, name: str, value: Any) -> None:
        if isinstance(value, Layer | Variable) and self._locked():
            raise ValueError(
                f"You cannot add new elements of state (variables or sub-layers) to layer '{self.name}', which is "
                "already built. All state must be created in `__init__()` or in `build()`."
            )
        if name not in _NO_STRUCTURE:
            _state.Structure.version += 1
        object.__setattr__(self, name, value)

    def __getstate__(self) -> dict[str, Any]:
        state = {**vars(self), "_inbound_nodes": []}  # a copy has not been called; a copied graph calls its layers anew
        state.pop("_inside", None)
        return state

    def _locked(self) -> bool:
        return bool(vars(self).get("built")) and not vars(self).get("_building")

    if not TYPE_CHECKING:  # to type checkers an attribute that no class declares is a mistake

        def __getattr__(self, name: str) -> Any:
            if name.startswith("__"):
                raise AttributeError(name)
            declared = getattr(type(self), name, None)
            if isinstance(declared, property):  # its getter has raised the AttributeError that says why: let it say so
                return cast(Any, declared.fget)(self)
            if "_variables" not in vars(self) and name in _BASE_ATTRIBUTES:
                raise RuntimeError(
                    f"In layer '{type(self).__name__}', you forgot to call `super().__init__()` as the first statement "
                    "in the `__init__()` method."
                )
            weight = any(name in vars(cls).get("__annotations__", {}) for cls in type(self).__mro__)
            unbuilt = weight and not vars(self).get("built")
            hint = " It has no weights yet: call it on an input, or build() it." if unbuilt else ""
            raise AttributeError(f"'{type(self).__name__}' object has no attribute '{name}'.{hint}")

    # --- weights ----------------------------------------------------------------------------------------------

    def add_weight(
        self,
        shape: ShapeLike | int | None = None,
        initializer: InitializerLike | TensorLike | None = None,
        dtype: DTypeLike | None = None,
        trainable: bool = True,
        autocast: bool = True,
        regularizer: RegularizerLike | None = None,
        constraint: Any = None,
        aggregation: str | None = "none",
        overwrite_with_gradient: bool = False,
        name: str | None = None,
    ) -> Variable:
        """Make a weight of this layer.

        Args:
            shape: Its shape, () if not given.
            initializer: What fills it: a name, an initializer or a function; Glorot's uniform one for floats and
                zeros for others if not given.
            dtype: Its dtype, that of the layer's weights if not given.
            trainable: Whether training changes it.
            autocast: As in Keras.
            regularizer: Penalty on it.
            constraint: Projection applied after each training step.
            aggregation: As in Keras.
            overwrite_with_gradient: As in Keras.
            name: Last part of its path.

        Raises:
            ValueError: if the layer is already built.
        """
        if isinstance(shape, str):
            raise ValueError(
                f"`name` must be passed as a keyword argument, as add_weight(name={shape!r}, shape=...). "
                f"Received: add_weight({shape!r}, ...)."
            )
        if self._locked():
            raise ValueError(
                f"You cannot add new elements of state (variables or sub-layers) to layer '{self.name}', which is "
                "already built."
            )
        dtype = _state.standardize_dtype(dtype if dtype is not None else self.variable_dtype)
        if initializer is None:
            initializer = "glorot_uniform" if "float" in dtype else "zeros"
        if isinstance(initializer, str | dict | type):
            initializer = cast("InitializerLike", initializers.get(initializer))
        with _state.name_scope(self.name, self):
            variable = Variable(
                cast(Any, initializer),
                shape=() if shape is None else (shape,) if isinstance(shape, int) else tuple(shape),
                dtype=dtype,
                trainable=trainable,
                autocast=autocast,
                aggregation=aggregation,
                name=name,
            )
        variable.regularizer = regularizers.get(regularizer)
        variable.constraint = constraints.get(constraint)
        variable.overwrite_with_gradient = overwrite_with_gradient
        variable.trainable = trainable and self._trainable
        self._variables.append(variable)
        _state.Structure.version += 1
        return variable

    def _keep(self, arguments: Mapping[str, Any], *names: str) -> None:
        """Keep the named arguments as attributes; what stands for a function, such as an initializer, as that."""
        for name in names:
            kind = _KINDS.get(name.rpartition("_")[2])
            setattr(self, name, arguments[name] if kind is None else kind.get(arguments[name]))

    def _configured_weight(self, name: str, shape: ShapeLike, kind: str | None = None, **options: Any) -> Variable:
        """Make a weight with the initializer, regularizer and constraint that the layer was made with.

        Args:
            name: Its name.
            shape: Its shape.
            kind: What the layer's attributes begin with, such as "kernel" for `kernel_initializer`; the name if not
                given.
            options: Further arguments of `add_weight`, or others in place of these three.
        """
        ends = ("initializer", "regularizer", "constraint")
        found = {end: getattr(self, f"{kind or name}_{end}") for end in ends if end not in options}
        return self.add_weight(shape, name=name, **found, **options)

    def add_loss(self, loss: Any) -> None:
        """Add a scalar, or several, to the loss of the model that holds this layer."""
        for value in loss if isinstance(loss, list | tuple) else [loss]:
            self._losses.append(value if isinstance(value, Tensor) else Tensor(as_array(value)))

    @property
    def losses(self) -> list[Tensor]:
        """Penalties from the last call, and from the regularizers of the weights that are trained now."""
        found = [loss for layer in self._flatten_layers() for loss in layer._losses]
        return found + [v.regularizer(v) for v in self.trainable_weights if v.regularizer is not None]

    @property
    def metrics(self) -> list[Metric]:
        """The metrics that the layer and the layers in it hold."""
        return list({id(m): m for layer in self._flatten_layers() for m in layer._held_metrics()}.values())

    @property
    def metrics_variables(self) -> list[Any]:
        """The variables of all metrics."""
        return [v for metric in self.metrics for v in metric.variables]

    def _held_metrics(self) -> Iterator[Metric]:
        """Walk the metrics among the layer's attributes, and in lists and dicts there."""
        for name, value in vars(self).items():
            if name not in ("_compile_config", "_compiled_metrics", "_loss_tracker", "_held"):
                yield from (item for item in leaves(value) if isinstance(item, Metric))

    def _state_values(self) -> Iterator[Any]:
        """Walk attributes, and the containers among them, for variables and layers in order of creation."""
        seen: set[int] = set()

        def walk(values: Any) -> Iterator[Any]:
            for value in values:
                if isinstance(value, Variable | Layer):
                    if id(value) not in seen:
                        seen.add(id(value))
                        yield value
                elif isinstance(value, _CONTAINERS) and not isinstance(value, Untracked):
                    yield from walk(_items(value))

        return walk(list(vars(self).values()))

    def _own_variables(self) -> list[Variable]:
        own = [value for value in self._state_values() if isinstance(value, Variable)]
        return [v for v in own if v._declared_trainable] + [v for v in own if not v._declared_trainable]

    def _sublayers(self) -> "list[Layer]":
        return [value for value in self._state_values() if isinstance(value, Layer)]

    def _flatten_layers(self) -> "list[Layer]":
        """Return the layer and all inside it, in order; found anew when any layer has changed."""
        found = vars(self).get("_inside")
        if found is None or not found.is_current():
            found = vars(self)["_inside"] = _Inside(self)
        return cast("list[Layer]", found.layers)

    @property
    def variables(self) -> list[Variable]:
        """All variables: the layer's own, trainable ones first, then those of the layers it holds."""
        self._flatten_layers()
        return list(vars(self)["_inside"].variables)

    @property
    def weights(self) -> list[Variable]:
        """All weights, in the order of `get_weights`."""
        return self.variables

    @property
    def trainable_variables(self) -> list[Variable]:
        """The variables that training changes."""
        return [v for v in self.variables if v.trainable] if self.trainable else []

    @property
    def non_trainable_variables(self) -> list[Variable]:
        """The variables that training leaves alone."""
        return [v for v in self.variables if not v.trainable] if self.trainable else self.variables

    trainable_weights = trainable_variables
    non_trainable_weights = non_trainable_variables

    @property
    def trainable(self) -> bool:
        """Whether training changes the weights; setting it sets it for all layers inside."""
        return self._trainable

    @trainable.setter
    def trainable(self, value: bool) -> None:
        self._trainable = bool(value)
        for v in self._own_variables():
            if v._declared_trainable:
                v.trainable = bool(value)
        for layer in self._sublayers():
            layer.trainable = value

    def get_weights(self) -> list[FloatArray]:
        """Return copies of the weights, [] before the layer is built."""
        return [v.numpy() for v in self.weights]

    def set_weights(self, weights: Sequence[TensorLike]) -> None:
        """Set all weights, or none if one does not fit.

        Args:
            weights: Arrays, or what becomes arrays, in the order and shapes of `get_weights`.

        Raises:
            ValueError: if their number or a shape differs.
        """
        variables = self.weights
        if len(variables) != len(weights):
            hint = "" if self.built else " The layer is not built: call it on an input, or build() it, first."
            raise ValueError(
                f"You called `set_weights(weights)` on layer '{self.name}' with a weight list of length "
                f"{len(weights)}, but the layer was expecting {len(variables)} weights.{hint}"
            )
        arrays = [as_array(value, v.dtype) for v, value in zip(variables, weights, strict=True)]
        for v, array in zip(variables, arrays, strict=True):
            if v.shape != array.shape:
                raise ValueError(
                    f"Layer '{self.name}': weight '{v.path}' has shape {v.shape}. Received an array of shape "
                    f"{array.shape}. No weight was set."
                )
        for v, array in zip(variables, arrays, strict=True):
            v.assign(array)

    def save_own_variables(self, store: MutableMapping[str, Any]) -> None:
        """Write the layer's own variables, without those of the layers in it, to a mapping, under "0", "1", ...

        A subclass may override this, and `load_own_variables`, to decide what files hold of it.
        """
        for i, v in enumerate(self._own_variables()):
            store[str(i)] = v.numpy()

    def load_own_variables(self, store: Mapping[str, Any]) -> None:
        """Set the layer's own variables to what `save_own_variables` wrote, or none if one does not fit.

        Raises:
            ValueError: if their number or a shape differs.
        """
        variables = self._own_variables()
        names = [str(i) for i in range(len(variables))]
        arrays = [as_array(store[name], v.dtype) for name, v in zip(names, variables, strict=True) if name in store]
        if sorted(store) != sorted(names) or [a.shape for a in arrays] != [v.shape for v in variables]:
            raise ValueError(
                f"Layer '{self.name}' expects variables of the shapes {[v.shape for v in variables]}. Received: "
                f"{ {name: np.shape(store[name]) for name in store} }. Nothing was set."
            )
        for v, array in zip(variables, arrays, strict=True):
            v.assign(array)

    def count_params(self) -> int:
        """Return the number of scalars in the weights.

        Raises:
            ValueError: if the layer is not built.
        """
        if not self.built:
            raise ValueError(
                f"You tried to call `count_params` on layer '{self.name}', but the layer isn't built. "
                "Call it on an input, or build() it, first."
            )
        return sum(v.size for v in self.weights)

    # --- building ---------------------------------------------------------------------------------------------

    def build(self, *args: Any, **kwargs: Any) -> None:
        """Make the weights for an input shape. The first call does this by itself.

        Args:
            args: `input_shape`, None where a size is unknown; a layer of several inputs may name one shape each.
            kwargs: The same by name.
        """
        if args or kwargs:
            self._build_shapes = {"input_shape": _as_shape(next(iter((*args, *kwargs.values()))))}
        self._path = self._path or self._scoped_path()
        self.built = True

    def _scoped_path(self) -> str:
        with _state.name_scope(self.name, self):
            return _state.current_path()

    def get_build_config(self) -> Config | None:
        """Return the input shape the layer was built with, None if it was not."""
        shapes = self._build_shapes
        if not shapes:
            return None
        return {"input_shape": next(iter(shapes.values()))} if len(shapes) == 1 else {"shapes_dict": dict(shapes)}

    def build_from_config(self, config: Config) -> None:
        """Build the layer with the shape in `get_build_config`'s result."""
        if config.get("input_shape") is not None:
            self.build(_as_shape(config["input_shape"]))
        elif config.get("shapes_dict"):
            self.build(**{key: _as_shape(value) for key, value in config["shapes_dict"].items()})

    def _build_at_init(self) -> None:
        """Mark a layer without weights as built, unless a subclass has a `build` of its own."""
        if type(self).build is Layer.build:
            self.built = True

    def _rowwise(self) -> bool:
        """Tell whether each row of the output depends on its row of the input alone."""
        return True

    def _maybe_build(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> None:
        if not self.built:
            with _BUILDING:
                if not self.built:  # no other thread has built it meanwhile
                    self._build_with(args, kwargs)

    def _build_with(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> None:
        names = parameters(self.build).positional
        if len(names) <= 1:
            self.build(_shapes(args[0]))
            return
        inputs = {f"{name}_shape": x for name, x in parameters(self.call).bind(args, kwargs).items()}
        self.build(**{name: _shapes(inputs[name]) for name in names if name in inputs})

    def compute_output_shape(self, *args: Any, **kwargs: Any) -> Any:
        """Return the shape of the output for an input shape; a subclass may override it.

        Raises:
            NotImplementedError: if it does not.
        """
        raise NotImplementedError(
            f"Layer {type(self).__name__} should override `def compute_output_shape(self, input_shape)` so that "
            "its output shape can be told without calling it."
        )

    def compute_output_spec(self, *args: Any, **kwargs: Any) -> Any:
        """Return the output for symbolic inputs, as a KerasTensor or a structure of them."""
        if type(self).compute_output_shape is Layer.compute_output_shape:
            return self._inferred_spec(*args, **kwargs)
        shapes = self.compute_output_shape(_shapes(args[0]))
        return map_shapes(lambda shape: KerasTensor(shape, self.compute_dtype), shapes)

    def _inferred_spec(self, *args: Any, **kwargs: Any) -> Any:
        return infer(self._call_checked, *args, **kwargs)

    # --- the call ---------------------------------------------------------------------------------------------

    def call(self, *args: Any, **kwargs: Any) -> Any:
        """Compute the output. A subclass overrides this, with whatever arguments it needs."""
        raise NotImplementedError(f"Layer {type(self).__name__} does not have a `call()` method implemented.")

    @overload
    def __call__(
        self, inputs: "KerasTensor | list[KerasTensor] | tuple[KerasTensor, ...]", /, *args: Any, **kwargs: Any
    ) -> KerasTensor: ...

    @overload
    def __call__(self, inputs: TensorLike | dict[str, Any], /, *args: Any, **kwargs: Any) -> Tensor: ...

    @overload
    def __call__(self, *args: Any, **kwargs: Any) -> Any: ...

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """Build the layer if need be, and compute its output.

        Args:
            args: Tensors, arrays, or lists and dicts of them.
            kwargs: Further arguments of `call`; `training` says whether layers such as Dropout act.

        Returns:
            A Tensor, or a KerasTensor for symbolic inputs, or a structure of them if `call` returns one.

        Raises:
            ValueError: if an input does not fit the layer.
        """
        if "_variables" not in vars(self):
            return getattr(self, "_variables")  # noqa: B009 - raises the error that names the missing super().__init__()
        if len(args) > 1 and "training" in self._takes:
            names = parameters(self.call).positional
            place = names.index("training") if "training" in names[: len(args)] else 0
            if place and (args[place] is None or isinstance(args[place], bool)):  # by name, with what stands behind it
                args, kwargs = args[:place], dict(zip(names[place:], args[place:], strict=False)) | kwargs
        symbolic = any_symbolic(args) or any_symbolic(kwargs.values())
        given = (args, dict(kwargs)) if symbolic else None
        args = tuple(self._convert(x) for x in args)
        for key, value in kwargs.items():
            if isinstance(value, np.ndarray | KerasTensor):
                kwargs[key] = self._convert(value)
        first = args[0] if args else next(iter(kwargs.values()), None)
        if self._input_spec is not None:
            if not args and not kwargs:
                raise TypeError(f"Layer '{self.name}' was called without its input.")
            assert_input_compatibility(self._input_spec, first, self.name)
        context = _state.context
        with _state.name_scope(self.name, self):
            self._maybe_build(args or (first,), kwargs)
            training = kwargs.pop("training", None) if "training" not in self._takes else kwargs.get("training")
            outermost = not context.training
            if training is None:
                training = context.training[-1] if context.training else _default_training(self)
            if training is not None and "training" in self._takes:
                kwargs["training"] = training
            if outermost and not context.dry:
                for layer in self._flatten_layers():
                    layer._losses.clear()
            context.training.append(training)
            outer, context.autocast = context.autocast, self._autocast_dtype()
            if self._takes_masks:
                self._fill_masks(args, kwargs)
            mask = kwargs.get("mask")
            if mask is None:
                mask = mask_of(first)
            try:
                if symbolic:
                    outputs = map_structure(_fresh, self.compute_output_spec(*args, **kwargs))
                else:
                    outputs = self._call_checked(*args, **kwargs)
                    if self.activity_regularizer is not None and not context.dry:
                        self._regularize(outputs)
                if mask is not None or type(self).compute_mask is not Layer.compute_mask:
                    self._pass_mask(first, outputs, mask)
            except Exception as error:
                error.add_note(f"in layer '{self.name}' ({type(self).__name__}), called with shapes {_shapes([*args])}")
                raise
            finally:
                context.training.pop()
                context.autocast = outer
        if given is not None:
            Node(self, given[0], self._noted(*given, kwargs), outputs)
        return outputs

    def stateless_call(
        self, trainable_variables: Sequence[Any], non_trainable_variables: Sequence[Any], *args: Any,
        return_losses: bool = False, **kwargs: Any,
    ) -> tuple[Any, ...]:  # fmt: skip
        """Compute the output for given values of the variables, which keep their own.

        Args:
            trainable_variables: Values of `trainable_variables`, in their order.
            non_trainable_variables: Values of `non_trainable_variables`.
            args, kwargs: Those of the call.
            return_losses: Whether to return the penalties too.

        Returns:
            The output, what the non-trainable variables would become, and the penalties if asked for.

        Raises:
            ValueError: if the layer is not built, or there is not one value for each variable.
        """
        variables = [*self.trainable_variables, *self.non_trainable_variables]
        values = [*trainable_variables, *non_trainable_variables]
        if not self.built or len(values) != len(variables):
            raise ValueError(
                f"To call stateless_call on '{self.name}', build it first, and pass one value for each of its "
                f"{len(variables)} variables. Received: {len(values)} values, built={self.built}."
            )
        kept = [v.value for v in variables]
        try:
            for v, value in zip(variables, values, strict=True):
                v.assign(value)
            outputs, losses = self(*args, **kwargs), self.losses
            after = [v.value for v in self.non_trainable_variables]
        finally:
            for v, value in zip(variables, kept, strict=True):
                v.assign(value)
        return (outputs, after, losses) if return_losses else (outputs, after)

    def _noted(self, args: tuple[Any, ...], given: dict[str, Any], filled: dict[str, Any]) -> dict[str, Any]:
        """Return the keyword arguments to note of a symbolic call: the caller's, and as in Keras those filled in where
        nothing had to be converted."""
        if self._converts:
            for x in leaves(args):
                if not (x is None or isinstance(x, TensorOps | np.ndarray)):
                    raise ValueError(
                        f"Only tensors may be passed by position to layer '{self.name}'. Received: {x!r} (of type "
                        f"{type(x).__name__}). Pass it by keyword."
                    )
            only = args[0] if len(args) == 1 and not given else None
            if not isinstance(only, KerasTensor) or only.dtype != self.input_dtype:
                return given
        masks = {"mask": map_structure(lambda _: None, args[0])} if "mask" in self._takes and args else {}
        return given | masks | filled

    def _autocast_dtype(self) -> str | None:
        """Return the dtype that weights are read in during the call, None for their own."""
        policy = self.dtype_policy
        mixed = self.autocast and policy.compute_dtype != policy.variable_dtype
        return policy.compute_dtype if mixed else None

    def _call_checked(self, *args: Any, **kwargs: Any) -> Any:
        outputs = self.call(*args, **kwargs)
        if type(outputs) is Tensor:
            return outputs
        return map_structure(self._as_tensor, outputs)

    def _as_tensor(self, output: Any) -> Tensor:
        if output is None:
            raise ValueError(
                f"Layer '{self.name}' (of type {type(self).__name__}): its `call()` returned None. Expected a tensor; "
                "end it with a `return` statement."
            )
        if isinstance(output, Tensor):
            return output
        return output._tensor() if isinstance(output, Variable) else Tensor(as_array(output))

    def compute_mask(self, inputs: Any, previous_mask: Any) -> Any:
        """Return the mask of the output, that of the input by default; a subclass may override it.

        Args:
            inputs: The first argument of the call.
            previous_mask: Its mask, with False where an element does not count; one each for a list of inputs; None
                if there is none.
        """
        return previous_mask

    def _fill_masks(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> None:
        """Let `mask` be the mask of the only input, and `query_mask`, say, that of the input `query` among several."""
        inputs = parameters(self.call).bind(args, kwargs)
        tensors = {k: x for k, x in inputs.items() if any(isinstance(item, TensorOps) for item in leaves(x))}
        for name, x in tensors.items():
            key = "mask" if len(tensors) == 1 else f"{name}_mask"
            mask = mask_of(x)
            if mask is not None and key in self._takes and inputs.get(key) is None:
                kwargs[key] = mask

    def _pass_mask(self, inputs: Any, outputs: Any, mask: Any) -> None:
        """Give the outputs that have no mask the one that `compute_mask` tells."""
        if self.supports_masking:
            found = leaves(outputs)
            if any(mask_of(y) is None for y in found):
                for y, m in zip(found, leaves(self.compute_mask(inputs, mask)), strict=False):
                    if m is not None and mask_of(y) is None:
                        y.keras_mask = m
        elif any(m is not None for m in leaves(mask)):
            warn(
                f"Layer '{self.name}' (of type {type(self).__name__}) was passed an input with a mask attached to it. "
                "However, this layer does not support masking and will therefore destroy the mask information. "
                "Downstream layers will not see the mask.",
                stacklevel=3,
            )

    def _convert(self, x: Any) -> Any:
        """Return an input as a tensor of the compute dtype; strings and other non-numbers are refused."""
        casts = self.autocast and self._converts
        if type(x) is Tensor and (x.dtype == self.input_dtype or not casts):
            return x
        if isinstance(x, str | bytes):
            raise ValueError(
                f"Only tensors may be passed by position to layer '{self.name}'. Received: {x!r}. Pass it by keyword."
            )
        if x is None or isinstance(x, Layer) or callable(x):
            return x
        if isinstance(x, dict):
            return {key: self._convert(value) for key, value in x.items()}
        if isinstance(x, list | tuple) and not _is_numbers(x):
            return like(x, [self._convert(item) for item in x])
        if isinstance(x, KerasTensor):
            tensor: Tensor = x
        else:
            tensor = x if isinstance(x, Tensor) else x._tensor() if isinstance(x, Variable) else Tensor(as_array(x))
        if tensor.dtype == "string" and self._converts and is_built_in(type(self)) and not self._sublayers():
            raise ValueError(
                f"Layer '{self.name}' expects numbers. Received an input of dtype {tensor.dtype}, shape {tensor.shape}."
            )
        if casts and tensor.dtype != self.input_dtype and "float" in tensor.dtype:
            return masked(tensor.astype(self.input_dtype), mask_of(tensor))
        return tensor

    def _regularize(self, outputs: Any) -> None:
        for output in outputs if isinstance(outputs, list | tuple) else [outputs]:
            loss = cast("Callable[..., Any]", self.activity_regularizer)(output)
            # The mean over the batch, so that the penalty does not depend on the batch size.
            self.add_loss(loss / float(output.shape[0] or 1) if output.ndim else loss)

    # --- description ------------------------------------------------------------------------------------------

    @property
    def input(self) -> Any:
        """The symbolic tensor, or list of tensors, of the first call.

        Raises:
            AttributeError: if the layer was never called on one.
        """
        return _only(self._first_node("input").inputs)

    @property
    def output(self) -> Any:
        """The symbolic tensor, or list of tensors, that the first call gave.

        Raises:
            AttributeError: if the layer was never called on one.
        """
        return _only(self._first_node("output").outputs)

    def _first_node(self, what: str) -> Node:
        if not self._inbound_nodes:
            raise AttributeError(
                f"The layer {self.name} has never been called on a symbolic tensor and thus has no defined {what}."
            )
        return self._inbound_nodes[0]

    @property
    def path(self) -> str | None:
        """Names of the layers around it and its own, such as "sequential/dense"; None before it is built."""
        return self._path

    @property
    def dtype(self) -> DTypeName:
        """Dtype of the weights."""
        return self.variable_dtype

    @property
    def variable_dtype(self) -> DTypeName:
        """Dtype of the weights."""
        return self.dtype_policy.variable_dtype

    @property
    def compute_dtype(self) -> DTypeName:
        """Dtype of the computations."""
        return self.dtype_policy.compute_dtype

    @property
    def input_dtype(self) -> DTypeName:
        """Dtype that inputs are cast to."""
        return self.compute_dtype

    @property
    def input_spec(self) -> Any:
        """What inputs must look like: an InputSpec, a list of them, or None."""
        return self._input_spec

    @input_spec.setter
    def input_spec(self, value: "InputSpec | list[InputSpec] | None") -> None:
        self._input_spec = value

    def _output_shapes(self) -> Any:
        """Return the output shape for the summary, None where it is unknown."""
        if self._inbound_nodes:
            return [y.shape for y in self._inbound_nodes[-1].outputs]
        if not self._build_shapes:
            return None
        try:
            return self.compute_output_shape(**self._build_shapes)
        except NotImplementedError:
            return None

    def get_config(self) -> Config:
        """Return the arguments that make an equal layer, as JSON-like values.

        A subclass with arguments of its own extends the result; where all of them are plain values, that is done
        by itself.

        Raises:
            NotImplementedError: if an argument is not a plain value and `get_config` is not overridden.
        """
        config: Config = {
            "name": self.name,
            "trainable": self.trainable,
            "dtype": dtype_policies.serialize(self.dtype_policy),
        }
        if self.activity_regularizer is not None:
            config["activity_regularizer"] = regularizers.serialize(self.activity_regularizer)
        config |= {key: _to_config(getattr(self, key)) for key in self._arguments}
        if type(self).get_config is not Layer.get_config or is_built_in(type(self)) or self._arguments:
            return config
        return self._with_arguments(config)

    def _with_arguments(self, config: Config) -> Config:
        """Add the arguments that a user's class was made with."""
        own = vars(self).get("_auto_config")
        if own is None:
            raise NotImplementedError(
                f"{type(self).__name__} was created with arguments that are not plain values (or with positional-only "
                "ones), so it must override `get_config()`: return {**super().get_config(), 'argument': value, ...}."
            )
        accepted = parameters(type(self).__init__)
        if accepted.varkw is None:
            config = {key: value for key, value in config.items() if key in accepted.names}
        return {**config, **own}

    @classmethod
    def from_config(cls: type[S], config: Config) -> S:
        """Return a layer of a configuration that `get_config` made, here or in Keras."""
        config = dict(config)
        if config.pop("quantization_config", None) is not None:
            raise ValueError(f"{cls.__name__} has no quantized weights here, as its `quantization_config` asks for.")
        if isinstance(config.get("dtype"), dict):
            config["dtype"] = dtype_policies.get(config["dtype"])
        try:
            return cls(**config)
        except TypeError as error:
            raise TypeError(
                f"Error when making {cls.__name__} from its configuration {config}: {error}. Override `from_config` "
                "or `get_config` so that the keys are arguments of `__init__`."
            ) from error

    def __repr__(self) -> str:
        return f"<{type(self).__name__} name={self.name}, built={self.built}>"


class SameShape(Layer):
    """A layer whose output has the shape of its input."""

    supports_masking = True

    def compute_output_shape(self, input_shape: ShapeLike) -> PartialShape:
        """Return the input shape."""
        return tuple(input_shape)


class Ranked(Layer):
    """A layer that acts on the axes between batch and channels; a subclass says how many these are.

    `class AveragePooling2D(_Pooling, rank=2, op=ops.average_pool)`: where several subclasses differ in no more than the
    op they run, they name that as well.
    """

    _rank: ClassVar[int]
    _op: ClassVar[Callable[..., Tensor]]
    data_format: DataFormat

    def __init_subclass__(
        cls, rank: int | None = None, op: Callable[..., Tensor] | None = None, **kwargs: object
    ) -> None:
        super().__init_subclass__(**kwargs)
        if rank is not None:
            cls._rank = rank
        if op is not None:
            cls._op = staticmethod(op)

    def _place(self, data_format: DataFormat | None) -> None:
        """Take note of where the channels are."""
        self.data_format = _state.standardize_data_format(data_format)
        self.input_spec = InputSpec(ndim=self._rank + 2)

    def _parts(self, shape: ShapeLike) -> tuple[PartialShape, PartialShape, PartialShape]:
        """Return what of a shape is before, in and behind these axes."""
        sizes, ahead = tuple(shape), 1 if self.data_format == "channels_last" else 2
        return sizes[:ahead], sizes[ahead : ahead + self._rank], sizes[ahead + self._rank :]


class Untracked(list[Any]):
    """A list whose layers and variables are not those of the layer that holds it."""


_CONTAINERS = (list, tuple, dict, set)


def _items(container: Any) -> Iterable[Any]:
    return container.values() if isinstance(container, dict) else container


class _Inside:
    """What is inside a layer: layers, variables, and the containers they were found in.

    No container itself, which a walk over attributes would go into.
    """

    def __init__(self, layer: Layer) -> None:
        self.version = _state.Structure.version
        self.layers: list[Layer] = []
        seen: set[int] = set()
        stack = [layer]
        while stack:
            inner = stack.pop()
            if id(inner) not in seen:
                seen.add(id(inner))
                self.layers.append(inner)
                stack.extend(reversed(inner._sublayers()))
        self.variables = list({id(v): v for inner in self.layers for v in inner._own_variables()}.values())
        self._held = [
            (held, len(held), _to_watch(held))
            for inner in self.layers
            for name, value in vars(inner).items()
            if name not in _CHANGING
            for held in _containers(value)
        ]

    def is_current(self) -> bool:
        """Tell whether no attribute and no item of a container has been set since, and no container grew or shrank."""
        if self.version != _state.Structure.version:
            return False
        for held, length, items in self._held:
            if len(held) != length or (items and not all(map(is_, _items(held), items))):
                return False
        return True


def _containers(value: Any) -> Iterator[Any]:
    if isinstance(value, _CONTAINERS):
        yield value
        for item in _items(value):
            yield from _containers(item)


def _to_watch(container: Any) -> list[Any]:
    """Return the items in whose places there may be layers; none of a long list of words or numbers."""
    items = list(_items(container))
    return [] if all(isinstance(item, str | int | float) for item in items) else items


_CHANGING = frozenset({"_losses", "_inbound_nodes", "_build_shapes", "_inside", "_variables"})
"""Attributes that change all the time and hold neither layers nor variables, or count their changes themselves."""
_NO_STRUCTURE = frozenset({"history", "stop_training", "stop_evaluating", "stop_predicting", "_initial_epoch"})
"""Attributes of a model that no computation depends on."""
_BASE_ATTRIBUTES = frozenset(
    {
        "_variables",
        "name",
        "built",
        "autocast",
        "dtype_policy",
        "activity_regularizer",
        "_trainable",
        "_losses",
    }
)


def _builds(build: Callable[..., None]) -> Callable[..., None]:
    """Wrap a `build` so that it marks the layer as built, or leaves it as it was if it fails."""

    @wraps(build)
    def wrapper(self: Layer, *args: Any, **kwargs: Any) -> None:
        if vars(self).get("_building"):  # super().build() within a subclass's build
            build(self, *args, **kwargs)
            return
        before, variables = dict(vars(self)), list(self._variables)
        self._building = not self.built  # a layer that is built refuses further weights
        try:
            with _state.name_scope(self.name, self):
                self._path = _state.current_path()
                build(self, *args, **kwargs)
        except BaseException:
            vars(self).clear()
            vars(self).update(before)
            self._variables[:] = variables
            raise
        self.__dict__.pop("_building", None)
        bound = list(parameters(build).bind((self, *args), kwargs).items())[1:]
        self._build_shapes = {key: _as_shape(value) for key, value in bound}
        self.built = True

    return wrapper


def _auto_config(cls: type[Layer], args: tuple[Any, ...], kwargs: dict[str, Any]) -> Config | None:
    """Return the arguments of a user's class as a configuration, None if they are not all plain values."""
    if is_built_in(cls):
        return None
    accepted = parameters(cls.__init__)
    if accepted.positional_only or accepted.varargs:
        return None
    found = {**accepted.defaults, **accepted.bind((None, *args), kwargs)}
    found.pop(accepted.positional[0], None)
    found.pop("name", None)
    return found if all(x is None or isinstance(x, str | int | float | bool) for x in leaves(found)) else None


def _to_config(value: Any) -> Any:
    """Return an argument as a configuration holds it: functions by name, objects as dicts, the rest as it is."""
    if callable(value) or hasattr(value, "get_config"):
        return activations.serialize(value) if not hasattr(value, "get_config") else serialize(value)
    return value


def positive(who: str, name: str, value: Any) -> int:
    """Return an argument that must be a positive integer."""
    if isinstance(value, bool) or not isinstance(value, int | np.integer) or value <= 0:
        raise ValueError(f"{who} needs a positive integer for `{name}`. Received: {name}={value!r}.")
    return int(value)


def _is_numbers(x: "list[Any] | tuple[Any, ...]") -> bool:
    """Tell a nested list of numbers, which is one tensor, from a list of tensors."""
    first = x[0] if x else None
    if isinstance(first, list | tuple):
        return _is_numbers(first)
    return isinstance(first, int | float | np.generic) or not x


def _as_shape(value: Any) -> Any:
    """Return a shape, or a structure of shapes, as tuples of Python's integers."""
    return map_shapes(
        lambda x: tuple(n if n is None else int(n) for n in x) if isinstance(x, list | tuple) else x, value
    )


def _shapes(x: Any) -> Any:
    """Return the shape of a tensor, or the shapes of a structure of tensors."""

    def shape(y: Any) -> Any:
        if not isinstance(y, TensorOps):
            return None
        return (None, *y.shape[1:]) if _state.context.dry and y.shape else tuple(y.shape)

    return map_structure(shape, x)


def _only(tensors: list[Any]) -> Any:
    return tensors[0] if len(tensors) == 1 else tensors


def _fresh(y: Any) -> Any:
    """Return an output as a tensor that no other call has given."""
    known = isinstance(y, KerasTensor) and y.node is not None
    return masked(KerasTensor(y.shape, y.dtype), mask_of(y)) if known else y


def mask_of(x: Any) -> Any:
    """Return the mask of a tensor, None without one; for a list or dict of tensors, the structure of their masks."""
    if isinstance(x, list | tuple | dict):
        return map_structure(mask_of, x)
    return getattr(x, "keras_mask", None)


def masked(x: T, mask: Any) -> T:
    """Return a new tensor, with a mask if there is one."""
    if mask is not None:
        x.keras_mask = mask
    return x


def _default_training(layer: Layer) -> bool | None:
    if "training" not in layer._takes:
        return None
    default = parameters(layer.call).defaults.get("training")
    return default if isinstance(default, bool) else None
