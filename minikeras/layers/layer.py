"""The base class of all layers: how they are configured and built, and what happens around their `call`."""

from collections import UserDict
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from copy import deepcopy
from functools import wraps
from threading import get_ident
from typing import TYPE_CHECKING, Any, ClassVar, Self, cast, overload

import numpy as np

from .. import dtype_policies, regularizers
from .._base.context import all_or_nothing, context, current_path, path_scope
from .._base.naming import checked_name, hint, own_name
from .._base.nested import first_leaf, leaves, like, map_shapes, map_structure, only
from .._base.pool import Turns
from .._base.settings import Channels
from .._base.signature import check_keywords, overridable, parameters
from .._base.typing import Config, CustomObjects, DTypeName, PartialShape, ShapeLike, TensorLike
from .._base.user_warning import warn_user
from .._core.input_spec import InputSpec as InputSpec, assert_input_compatibility
from .._core.keras_tensor import KerasTensor, Node, infer
from .._core.tensor import Tensor, TensorOps, any_symbolic, as_array
from .._core.variable import Variable, holding
from .._display.notebook import displays, of_layer
from .._serialization.configurable import Configurable, is_built_in
from .._serialization.registry import Registry, UnknownName
from .._serialization.serialization import serialize as serialize
from ..dtype_policies import DTypePolicy, PolicyLike
from ..initializers import InitializerLike as InitializerLike
from ..regularizers import RegularizerLike as RegularizerLike
from .arguments import GETTERS, BaseOptions as BaseOptions, LayerOptions as LayerOptions, plain_arguments, to_config
from .masks import mask_of as mask_of, masked as masked, masks_for
from .module import Module, Untracked as Untracked

_ARRAYS = (np.ndarray, TensorOps)
_NUMBERS = (int, float, np.generic, list, tuple)
"""A list whose first leaf is one of these is one tensor, not a list of tensors."""


def deserialize(config: Config, custom_objects: CustomObjects | None = None) -> "Layer":
    """Return the layer or model of a configuration that `serialize` made; a ValueError if it is of something else."""
    layer = registry.deserialize(config, custom_objects)
    if not isinstance(layer, Layer):
        raise ValueError(f"Expected the configuration of a layer. Received: {config!r:.200}.")
    return layer


class Layer(Module, Configurable):
    """A function with weights, which are made at the first call; a ValueError for an unknown keyword argument.

    A subclass overrides `__init__` (settings), `build(input_shape)` (weights, with `add_weight`) and `call`
    (maths, written with `minikeras.ops`, operators or NumPy functions). `call` may have any signature; an
    argument named `training` is filled in, and one named `mask` with the masks of the inputs.

    Args:
        activity_regularizer: Penalty on the outputs.
        trainable: Whether training changes the weights.
        dtype: Dtype or policy of weights and computations.
        autocast: Whether float inputs are cast to the compute dtype.
        name: The layer's name, without a slash; automatic if not given.

    Example:
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
    """Names of the arguments of `call`."""
    __takes_masks: ClassVar[bool] = False
    __training_place: ClassVar[int] = 0
    """Where `call` takes `training` by position, 0 if it does not."""
    __training_default: ClassVar[bool | None] = None
    _converts_inputs: bool = True
    """Whether inputs are converted to one dtype; a functional model leaves that to each of its inputs."""
    _takes_text: ClassVar[bool] = False
    """Whether a built-in layer takes text, because it only moves elements."""
    __has_losses: ClassVar[bool] = False
    """Whether any layer has ever had an added loss; before that, calls have none to clear."""
    _common = ("activity_regularizer", "trainable", "dtype", "autocast", "name")
    _weightless: ClassVar[bool] = False
    """Whether it is built as soon as it is made, unless a subclass has a `build` of its own."""
    _names_penalty: ClassVar[bool] = False
    """Whether configurations include an `activity_regularizer` that is None."""
    supports_masking: bool = False
    """Whether outputs get the mask that `compute_mask` gives."""
    input_spec: Any = None
    """Rank and sizes that inputs must have: an InputSpec, a list of them, or None."""
    _advice: ClassVar[str] = ""
    """A hint at the end of errors about the rank of an input."""
    _row_axes: ClassVar[int] = 0  # the fewest axes of a row; an input without one more has no axis of the batch
    _repr_html_, _repr_mimebundle_ = displays(of_layer)

    def __init_subclass__(cls, **kwargs: object) -> None:
        super().__init_subclass__(**kwargs)
        own = vars(cls)
        if "build" in own:
            setattr(cls, "build", _builds(own["build"]))  # noqa: B010 - mypy refuses to assign a method
        if "call" in own:
            accepted = parameters(own["call"])
            cls._takes = frozenset(accepted.names)
            cls.__takes_masks = any(name == "mask" or name.endswith("_mask") for name in cls._takes)
            by_place, default = accepted.positional[1:], accepted.defaults.get("training")
            cls.__training_place = by_place.index("training") if "training" in by_place else 0
            cls.__training_default = default if isinstance(default, bool) else None
        if "compute_mask" in own and "supports_masking" not in own:
            cls.supports_masking = True

    if not TYPE_CHECKING:  # the arguments are those of __init__, which type checkers then read

        def __new__(cls, *args: Any, **kwargs: Any) -> "Layer":
            layer = super().__new__(cls)
            vars(layer)["_auto_config"] = plain_arguments(cls, args, kwargs)
            return layer

    def __init__(self, *, activity_regularizer: RegularizerLike = None, trainable: bool = True,
                 dtype: PolicyLike | Config | None = None, autocast: bool = True, name: str | None = None,
                 **kwargs: Any) -> None:  # fmt: skip
        vars(self).pop("supports_masking", None)  # set before this call it counts for nothing, as in Keras
        self.name: str = checked_name(name, own_name(type(self)))
        if not isinstance(trainable, bool):
            raise ValueError(f"Expected `trainable` to be a boolean. Received: trainable={trainable!r}.")
        input_dim, input_shape = kwargs.pop("input_dim", None), kwargs.pop("input_shape", None)
        input_shape = input_shape if input_dim is None else (input_dim,)
        if kwargs:
            names = {*parameters(type(self).__init__).names, *BaseOptions.__annotations__}
            raise ValueError(f"Unrecognized keyword arguments passed to {type(self).__name__}: {kwargs}."
                             f"{hint(next(iter(kwargs)), names)}")  # fmt: skip
        if input_shape is not None:
            warn_user("Do not pass an `input_shape`/`input_dim` argument to a layer. When using Sequential models, "
                      "prefer using an `Input(shape)` object as the first layer in the model instead.")  # fmt: skip
            self._input_shape_arg: ShapeLike = input_shape
        self.built: bool = self._weightless and type(self).build is Layer.build
        self.autocast = autocast
        self.dtype_policy: DTypePolicy = dtype_policies.get(dtype)
        self.activity_regularizer: Callable[..., Any] | None = regularizers.get(activity_regularizer)
        self._trainable = trainable
        self._path: str | None = None
        self._variables = []
        self._build_shapes: dict[str, Any] = {}
        self._inbound_nodes: list[Node] = Untracked()

    def __copy__(self) -> Self:
        return deepcopy(self)  # with weights of its own, as in Keras

    def __getstate__(self) -> dict[str, Any]:
        # A copy has not been called; a copied graph calls its layers anew.
        left_out = ("_found_inside", "_added", "_turns", "_late_restores")
        return {k: x for k, x in vars(self).copy().items() if k not in left_out} | {"_inbound_nodes": Untracked()}

    def _as_attribute(self, name: str, value: Any) -> Any:
        kind = GETTERS.get(name.rpartition("_")[2])
        return value if kind is None else kind.get(value)

    def add_loss(self, loss: Any) -> None:
        """Add a scalar, or several, that `call` has computed to the loss of the model that holds this layer."""
        losses = loss if isinstance(loss, list | tuple) else [loss]
        for x in losses:
            if isinstance(x, KerasTensor | str) or not (context.training or isinstance(x, TensorOps)):
                raise ValueError("`add_loss()` can only be called from inside `build()` or `call()`, on a tensor. "
                                 f"Received: {x!r}. Add what a graph computes in the `call()` of a layer.")  # fmt: skip
        Layer.__has_losses = True
        self._losses.extend(map(as_tensor, losses))

    @property
    def _losses(self) -> list[Tensor]:
        """The losses that the last call in this thread has added. They are in no dict, which walks would enter."""
        return cast("list[Tensor]", vars(self).setdefault("_added", UserDict()).setdefault(get_ident(), []))

    @_losses.setter
    def _losses(self, losses: Sequence[Tensor]) -> None:
        self._losses[:] = losses

    @property
    def losses(self) -> list[Tensor]:
        """Penalties from the last call, and from the regularizers of the weights that are trained now."""
        penalties = [x for layer in self._flatten_layers() if "_added" in vars(layer) for x in layer._losses]
        return penalties + [v.regularizer(v) for v in self.trainable_weights if v.regularizer is not None]

    @overridable
    def build(self, *args: Any, **kwargs: Any) -> None:
        """Make the weights for an input shape, in which None is an unknown size. The first call does this by itself.

        A layer with several inputs may take a shape for each of them.
        """
        called = bool(context.scopes) and context.scopes[-1][1] is self
        if not called and self.__leaves_unbuilt():
            warn_user(f"`build()` of '{self.name}' leaves layers unbuilt: {type(self).__name__} has no `build()` of "
                      "its own. Call it on an input, or write a `build()` that builds them.")  # fmt: skip
        if args or kwargs:
            self._build_shapes = {"input_shape": _as_shape(next(iter((*args, *kwargs.values()))))}
        if not self._path:
            with path_scope(self.name, self):
                self._path = current_path()
        self.built = True

    def __leaves_unbuilt(self) -> bool:
        """Return whether layers inside are not built, and no `build()` of a subclass builds them."""
        return type(self).build is Layer.build and not all(x.built for x in self._layers_held())

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

    def _rowwise(self) -> bool:
        """Return whether each row of the output depends on that row of the input alone; a user's layer is not asked."""
        return all(len(x.shape) > self._row_axes for node in self._inbound_nodes for x in node.inputs)

    def _maybe_build(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> None:
        with vars(self).setdefault("_turns", Turns()).lock:
            if not self.built:  # another thread may have built it meanwhile
                with context.having(undo=None, training=context.training and [None]), path_scope(self.name, self):
                    self.__with_shapes(self.build, args, kwargs)
                self.__warn_unless_held()

    def __warn_unless_held(self) -> None:
        callers = [x for _, x in context.scopes if isinstance(x, Layer)] if context.training else []
        if context.dry or not callers or not callers[-1].built:  # its `build` may still set this layer as an attribute
            return
        if self.weights and not any(self in caller._flatten_layers() for caller in callers):
            warn_user(f"{type(self).__name__} is built in the call of '{callers[-1].name}', which does not hold it: "
                      "its weights are not trained, and if the call makes the layer, they are new each time. Make it "
                      "in `__init__()` or `build()`, and set it as an attribute there.")  # fmt: skip

    def __with_shapes(self, method: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        """Call a method with the shape of the input, or with several, each named after its argument of `call`."""
        names = parameters(method).positional
        if not names and not parameters(method).varargs:
            return method()
        if len(names) <= 1:
            return method(_shapes(args[0]))
        inputs = {f"{name}_shape": x for name, x in parameters(self.call).bind(args, kwargs).items()}
        shapes = {name: _shapes(inputs[name]) for name in names if inputs.get(name) is not None}
        for name in names:
            argument = name.removesuffix("_shape")
            if name not in inputs and argument in self._takes and argument not in parameters(self.call).defaults:
                raise TypeError(f"{type(self).__name__}.call() is missing a required argument: {argument!r}.")
            if name not in inputs and name not in parameters(method).defaults:
                raise ValueError(f"{type(self).__name__}.{method.__name__}() takes {name!r}. If it takes several "
                                 "shapes, name each after an argument of call(), followed by `_shape`.")  # fmt: skip
        return method(**shapes)

    @overridable
    def compute_output_shape(self, *args: Any, **kwargs: Any) -> Any:
        """Return the shape of the output for an input shape; a NotImplementedError if a subclass does not say it."""
        raise NotImplementedError(f"Layer {type(self).__name__} should override `def compute_output_shape(self, "
                                  "input_shape)` so that its output shape can be told without calling it.")  # fmt: skip

    @overridable
    def compute_output_spec(self, *args: Any, **kwargs: Any) -> Any:
        """Return the output for symbolic inputs, as a KerasTensor or a structure of them."""
        if type(self).compute_output_shape is Layer.compute_output_shape:
            return self._inferred_spec(*args, **kwargs)
        if self.__leaves_unbuilt():
            try:
                self._inferred_spec(*args, **kwargs)  # which builds the layers inside
            except Exception as error:
                warn_user(f"The layers in '{self.name}' are not built: its `call()` raised {error!r} when it was tried "
                          "on symbolic inputs. Write a `build()` that builds them.")  # fmt: skip
        shapes = self.__with_shapes(self.compute_output_shape, args, kwargs)
        text = self._takes_text and any(isinstance(x, TensorOps) and x.dtype == "string" for x in leaves(args))
        return map_shapes(lambda shape: KerasTensor(shape, "string" if text else self.compute_dtype), shapes)

    def _inferred_spec(self, *args: Any, **kwargs: Any) -> Any:
        with context.having(training=[kwargs.get("training")], autocast=self.__autocast_dtype()):
            return infer(self._call_checked, *args, **kwargs)

    @overridable
    def call(self, *args: Any, **kwargs: Any) -> Any:
        """Compute the output. A subclass overrides this, with whatever arguments it needs."""
        raise NotImplementedError(f"Layer {type(self).__name__} does not have a `call()` method implemented.")

    @overload
    def __call__(self, inputs: "KerasTensor | Sequence[KerasTensor | None] | dict[str, KerasTensor]", /,
                 *args: Any, **kwargs: Any) -> KerasTensor: ...  # fmt: skip
    @overload
    def __call__(self, inputs: TensorLike | list[Any] | dict[str, Any], /, *args: Any, **kwargs: Any) -> Tensor: ...
    @overload
    def __call__(self, *args: Any, **kwargs: Any) -> Any: ...
    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """Build the layer if need be, and compute its output; a ValueError if an input does not fit the layer.

        Args:
            args: Tensors, arrays, or lists and dicts of them.
            kwargs: Further arguments of `call`; `training` says whether layers such as Dropout act.

        Returns:
            A Tensor, or a KerasTensor for symbolic inputs, or a structure of them if `call` returns one.
        """
        if "_variables" not in (state := vars(self)):
            getattr(self, "_variables")  # noqa: B009 - raises the error that names the missing super().__init__()
        args, kwargs = self.__training_as_keyword(args, kwargs)
        symbolic = any_symbolic(args) or (bool(kwargs) and any_symbolic(kwargs.values()))
        given, given_by_name = args, dict(kwargs)
        if not args:  # the input may come by name
            self.__check_keywords(kwargs)
            args = tuple(kwargs.pop(name) for name in parameters(self.call).positional[:1] if name in kwargs)
        args = tuple(map(self._as_input, args))
        for name, value in kwargs.items():
            if any(isinstance(x, _ARRAYS) for x in leaves(value)):
                kwargs[name] = map_structure(lambda x: self._as_input(x) if isinstance(x, _ARRAYS) else x, value)
        names = () if args else parameters(self.call).names
        first = args[0] if args else next((kwargs[k] for k in names if k in kwargs and k != "training"), None)
        if self.input_spec is not None:
            if first is None and not args:
                raise TypeError(f"Layer '{self.name}' was called without its input.")
            assert_input_compatibility(self.input_spec, first, self.name, self._advice)
        if not self.built or "_building" in state:  # another thread may be halfway through
            self._maybe_build(args or (first,), kwargs)
        state.setdefault("_found_inside", ())  # before, one made in a call is in no program
        if Layer.__has_losses and not context.training and not context.dry:  # no call of another layer goes on
            for layer in (x for x in self._flatten_layers() if "_added" in vars(x)):
                layer._losses.clear()
        outputs = self.__outputs(first, args, kwargs, symbolic)
        if symbolic:
            Node(self, given, self.__node_kwargs(given, given_by_name, kwargs), outputs)
        return outputs

    def __training_as_keyword(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> tuple[Any, Any]:
        """Turn `training`, and arguments after it, into keyword arguments if they were passed by position."""
        place = self.__training_place
        if 0 < place < len(args) and np.ndim(args[place]):
            raise TypeError(f"{type(self).__name__}.call() takes {place} input(s). Received {len(args)}, of the shapes "
                            f"{_shapes([*args])}. Pass several tensors as a list, or join them first.")  # fmt: skip
        if 0 < place < len(args) and (args[place] is None or isinstance(args[place], bool)):
            names = parameters(self.call).positional
            return args[:place], dict(zip(names[place:], args[place:], strict=False)) | kwargs
        return args, kwargs

    def __outputs(self, first: Any, args: tuple[Any, ...], kwargs: dict[str, Any], symbolic: bool) -> Any:
        """Return the outputs, with their masks: computed, or inferred for symbolic inputs; `first` is the input."""
        training = self.__resolve_training(kwargs)
        if self.__takes_masks:
            kwargs |= masks_for(self.call, self._takes, args, kwargs)
        mask = mask_of(first) if kwargs.get("mask") is None else kwargs["mask"]  # now: an inner layer may remove it
        scopes, before = context.scopes, (context.scopes, context.training, context.autocast)
        try:
            context.scopes = scopes if scopes and scopes[-1][1] is self else [*scopes, (self.name, self)]
            context.training, context.autocast = [training], self.__autocast_dtype()
            if symbolic:
                self.__check_keywords(kwargs)
                outputs = map_structure(_fresh, self.compute_output_spec(*args, **kwargs))
            else:
                outputs = self._call_checked(*args, **kwargs)
                if self.activity_regularizer is not None and not context.dry:
                    for output in leaves(outputs):
                        loss = self.activity_regularizer(output)
                        # The mean over the batch, so that the penalty does not depend on the batch size.
                        self.add_loss(loss / float(output.shape[0] or 1) if output.ndim else loss)
            self.__pass_mask(first, outputs, mask)
        except Exception as error:
            if isinstance(error, TypeError):
                self.__check_keywords(kwargs)
            error.add_note(f"in layer '{self.name}' ({type(self).__name__}), called with shapes {_shapes([*args])}")
            raise
        finally:  # no context manager: a Ctrl-C may come just before an `__exit__`
            context.scopes, context.training, context.autocast = before
        return outputs

    def __check_keywords(self, keywords: Iterable[str]) -> None:
        check_keywords(self.call, [key for key in keywords if key != "training"], f"{type(self).__name__}.call")

    def __resolve_training(self, kwargs: dict[str, Any]) -> bool | None:
        """Return whether the call is for training, and pass that to `call` if it takes it.

        The caller's argument comes first, then the call around this one, then the default of `call`.
        """
        given = "training" in kwargs
        training: bool | None = kwargs.pop("training", None)
        if training is None and (not context.training or (training := context.training[-1]) is None):
            training = self.__training_default
        if "training" in self._takes and (given or training is not None):
            kwargs["training"] = training
        return training

    def stateless_call(self, trainable_variables: Sequence[Any], non_trainable_variables: Sequence[Any], *args: Any,
                       return_losses: bool = False, **kwargs: Any) -> tuple[Any, ...]:  # fmt: skip
        """Compute the output with other values of the variables, which stay unchanged; a ValueError if not built.

        Pass one value for each trainable and each non-trainable variable, in their order. Return the output, the new
        values of the non-trainable variables and, with `return_losses`, the losses.
        """
        given = trainable_variables, non_trainable_variables
        (outputs, losses), after = self._stateless(given, lambda: (self(*args, **kwargs), self.losses))
        return (outputs, after[1], losses) if return_losses else (outputs, after[1])

    def _stateless(self, values: tuple[Sequence[Any], ...], run: Callable[[], Any]) -> tuple[Any, list[list[Tensor]]]:
        """Run a function with other values of the variables, kind by kind; return its result and the values after."""
        kinds = [getattr(self, f"{k}_variables") for k in ("trainable", "non_trainable", "metrics")[: len(values)]]
        wanted, received = [*map(len, kinds)], [*map(len, values)]
        if not self.built or wanted != received:
            raise ValueError(f"Build '{self.name}' first, and pass a value for each of its {wanted} trainable, "
                             f"frozen and metrics' variables. Received: {received}, built={self.built}.")  # fmt: skip
        losses_before = [(layer, [*layer._losses]) for layer in self._flatten_layers()]
        try:
            for layer, _ in losses_before:
                layer._losses.clear()
            with holding([v for kind in kinds for v in kind], [x for given in values for x in given]):
                return run(), [[v.value for v in kind] for kind in kinds]
        finally:
            for layer, penalties in losses_before:
                layer._losses[:] = penalties

    def __node_kwargs(self, args: tuple[Any, ...], kwargs: dict[str, Any], filled: dict[str, Any]) -> dict[str, Any]:
        """Return the keyword arguments that a node keeps: the caller's, and, if no input was converted, `filled`."""
        if self._converts_inputs:
            for x in leaves(args):
                if not (x is None or isinstance(x, TensorOps | np.ndarray)):
                    raise self.__not_a_tensor(x)
            only = args[0] if len(args) == 1 and not kwargs else None
            if not isinstance(only, KerasTensor) or only.dtype != self.input_dtype:
                return kwargs
        masks = {"mask": map_structure(lambda _: None, args[0])} if "mask" in self._takes and args else {}
        return kwargs | masks | filled

    def __autocast_dtype(self) -> str | None:
        """Return the dtype to which weights are cast during the call; None for their own."""
        policy = self.dtype_policy
        return policy.compute_dtype if self.autocast and policy.compute_dtype != policy.variable_dtype else None

    def _call_checked(self, *args: Any, **kwargs: Any) -> Any:
        outputs = self.call(*args, **kwargs)
        if outputs is None or (context.dry and any(y is None for y in leaves(outputs))):
            raise ValueError(f"Layer '{self.name}' (of type {type(self).__name__}): its `call()` returned None. "
                             "Expected a tensor; end it with a `return` statement.")  # fmt: skip
        if type(outputs) is Tensor:
            return outputs
        return map_structure(lambda y: None if y is None else as_tensor(y), outputs)

    @overridable
    def compute_mask(self, inputs: Any, previous_mask: Any) -> Any:
        """Return the mask of the output, by default the mask of the input; a subclass may override it.

        Args:
            inputs: The first argument of the call.
            previous_mask: Its mask, False where an element does not count, or None; a list for a list of inputs.
        """
        return previous_mask

    def __pass_mask(self, inputs: Any, outputs: Any, mask: Any) -> None:
        """Give outputs without a mask the one that `compute_mask` returns."""
        if mask is None and type(self).compute_mask is Layer.compute_mask:
            return
        if self.supports_masking:
            if any(mask_of(y) is None for y in leaves(outputs)):
                for y, own in zip(leaves(outputs), leaves(self.compute_mask(inputs, mask)), strict=False):
                    masked(y, own if mask_of(y) is None else None)
        elif any(m is not None for m in leaves(mask)):
            warn_user(f"Layer '{self.name}' (of type {type(self).__name__}) was passed an input with a mask attached "
                      "to it. However, this layer does not support masking and will therefore destroy the mask "
                      "information. Downstream layers will not see the mask.")  # fmt: skip

    def _as_input(self, x: Any) -> Any:
        """Return an input as a tensor, or a structure of tensors, with floats cast to the input dtype.

        Layers and functions stay as they are. Strings are refused; tensors of text too, if the layer computes.
        """
        casts = self.autocast and self._converts_inputs
        if (type(x) is Tensor and (x.dtype == self.input_dtype or not casts)) or x is None or callable(x):
            return x
        if isinstance(x, dict):
            return {key: self._as_input(value) for key, value in x.items()}
        if isinstance(x, list | tuple) and not isinstance(first_leaf(x), _NUMBERS):
            return like(x, [self._as_input(item) for item in x])
        if isinstance(x, str | bytes):
            raise self.__not_a_tensor(x)
        tensor = as_tensor(x)
        computes = self._converts_inputs and not self._takes_text and is_built_in(type(self))
        if tensor.dtype == "string" and computes and not self._layers_held():
            raise ValueError(f"Layer '{self.name}' expects numbers. Received {tensor.dtype} of shape {tensor.shape}.")
        if casts and tensor.dtype != self.input_dtype and "float" in tensor.dtype:
            return masked(tensor.astype(self.input_dtype), mask_of(tensor))
        return tensor if isinstance(x, TensorOps) else Tensor(np.array(tensor.array))

    def __not_a_tensor(self, x: Any) -> ValueError:
        return ValueError(f"Only tensors may be passed by position to layer '{self.name}'. Received: {x!r} (of type "
                          f"{type(x).__name__}). Pass it by keyword.")  # fmt: skip

    @property
    def input(self) -> KerasTensor | Any:
        """The symbolic tensor, or list of tensors, of the first call; an AttributeError if there was none."""
        return only(self.__first_node("input").inputs)

    @property
    def output(self) -> KerasTensor | Any:
        """The symbolic tensor, or list of tensors, that the first call gave; an AttributeError if there was none."""
        return only(self.__first_node("output").outputs)

    def __first_node(self, what: str) -> Node:
        if not self._inbound_nodes:
            raise AttributeError(f"The layer {self.name} has never been called on a symbolic tensor and thus has no "
                                 f"defined {what}.")  # fmt: skip
        return self._inbound_nodes[0]

    @property
    def path(self) -> str | None:
        """Its name after those of the layers around it, such as "sequential/dense"; None before it is built."""
        return self._path

    @property
    def compute_dtype(self) -> DTypeName:
        """Dtype of the computations."""
        return self.dtype_policy.compute_dtype

    @property
    def input_dtype(self) -> DTypeName:
        """Dtype that inputs are cast to."""
        return self.compute_dtype

    def _out_shapes(self) -> Any:
        """Return the output shape for the summary, None where it is unknown."""
        if self._inbound_nodes:
            return [y.shape for y in self._inbound_nodes[-1].outputs]
        with suppress(NotImplementedError):
            return self.compute_output_shape(**self._build_shapes) if self._build_shapes else None
        return None

    def get_config(self) -> Config:
        """Return the arguments that make an equal layer, as JSON-like values.

        A subclass extends the result by its own arguments. If all of them are plain values, they are added without
        that; if not, a NotImplementedError asks for it.
        """
        policy = dtype_policies.serialize(self.dtype_policy)
        config: Config = {"name": self.name, "trainable": self.trainable, "dtype": policy}
        if self.activity_regularizer is not None or self._names_penalty:
            config["activity_regularizer"] = regularizers.serialize(self.activity_regularizer)
        config |= {key: to_config(getattr(self, key)) for key in self._arguments}
        if type(self).get_config is not Layer.get_config or is_built_in(type(self)) or self._arguments:
            return config
        return self._with_arguments(config)

    def _with_arguments(self, config: Config) -> Config:
        """Add the arguments that a user's class was made with."""
        own = vars(self).get("_auto_config")
        if own is None:
            raise NotImplementedError(f"{type(self).__name__} was created with arguments that are not plain values (or "
                                      "with positional-only ones), so it must override `get_config()`: return "
                                      "{**super().get_config(), 'argument': value, ...}.")  # fmt: skip
        accepted = parameters(type(self).__init__)
        if accepted.varkw is None:
            config = {key: value for key, value in config.items() if key in accepted.names}
        return {**config, **own}

    @classmethod
    def from_config(cls, config: Config) -> Self:
        """Return a layer of a configuration that `get_config` made, here or in Keras."""
        config = dict(config)
        if config.pop("quantization_config", None) is not None:
            raise ValueError(f"{cls.__name__} cannot be quantized here, as its `quantization_config` asks for.")
        if isinstance(config.get("dtype"), dict):
            config["dtype"] = dtype_policies.get(config["dtype"])
        try:
            return cls(**config)
        except UnknownName:
            raise
        except TypeError as error:
            raise TypeError(f"Error when making {cls.__name__} from its configuration {config}: {error}. Its keys must "
                            "be those of `__init__`: override `get_config` or `from_config`.") from error  # fmt: skip

    def __repr__(self) -> str:
        return f"<{type(self).__name__} name={self.name}, built={self.built}>"


registry: Registry[Layer] = Registry("keras.layers", "layer", Layer, but=("Layer",), guests={
    "FeatureSpace": "keras.utils", "Functional": "keras.src.models.functional", "Model": "keras",
    "Sequential": "keras"}, aliases={"GroupedQueryAttention": "GroupQueryAttention"})  # fmt: skip


class SameShape(Layer):
    """A layer whose output has the shape of its input; `call` returns the input unless a subclass overrides it."""

    supports_masking = True
    _weightless = True

    def call(self, inputs: Any) -> Any:
        return inputs

    def compute_output_shape(self, input_shape: ShapeLike) -> PartialShape:
        return tuple(input_shape)


class Ranked(Layer):
    """A layer that acts on the axes between batch and channels; a subclass names their number, `rank`.

    Subclasses that differ only in their op name it too: `class AveragePooling2D(_Pooling, rank=2, op=average_pool)`.

    Args:
        data_format: Where the channels are, "channels_last" or "channels_first"; as configured if not given.
    """

    _rank: ClassVar[int]
    rank: int
    _op: ClassVar[Callable[..., Tensor]]
    data_format: Channels
    _advice = " x[..., None] adds an axis of channels, x[None] that of a batch."

    def __init_subclass__(cls, rank: int | None = None, op: Callable[..., Tensor] | None = None,
                          **kwargs: object) -> None:  # fmt: skip
        super().__init_subclass__(**kwargs)
        if rank is not None:
            cls._rank = cls.rank = rank
        if op is not None:
            cls._op = staticmethod(op)

    def _configure(self, arguments: dict[str, Any]) -> None:
        super()._configure(arguments)
        self.input_spec: Any = InputSpec(ndim=self._rank + 2)

    def _parts(self, shape: ShapeLike) -> tuple[PartialShape, PartialShape, PartialShape]:
        """Split a shape into the sizes before, in and after these axes."""
        sizes, start = tuple(shape), 1 if self.data_format == "channels_last" else 2
        return sizes[:start], sizes[start : start + self._rank], sizes[start + self._rank :]

    def _laid_out(self, batch: Any, entries: Iterable[Any], channels: Any) -> tuple[Any, ...]:
        """Return an entry for every axis, in order: of the batch, of these axes and of the channels."""
        return (batch, *entries, channels) if self.data_format == "channels_last" else (batch, channels, *entries)


def _builds(build: Callable[..., None]) -> Callable[..., None]:
    """Wrap a `build` so that it marks the layer as built, or leaves it as it was if it fails."""

    @wraps(build)
    def wrapper(self: Layer, *args: Any, **kwargs: Any) -> None:
        with vars(self).setdefault("_turns", Turns()).lock:
            if vars(self).get("_building"):  # super().build() within a subclass's build
                build(self, *args, **kwargs)
                return
            with all_or_nothing(self):
                self._building = not self._locked()  # a layer that is built, or was, refuses further weights
                with path_scope(self.name, self):
                    self._path = current_path()
                    build(self, *args, **kwargs)
                self.__dict__.pop("_building", None)
                bound = list(parameters(build).bind((self, *args), kwargs).items())[1:]
                self._build_shapes = {key: _as_shape(value) for key, value in bound}
                self.built = True

    return wrapper


def _as_shape(x: Any) -> Any:
    """Return a shape, or a structure of shapes, as tuples of Python integers."""
    return map_shapes(lambda s: tuple(n if n is None else int(n) for n in s) if isinstance(s, list | tuple) else s, x)


def _shapes(x: Any) -> Any:
    """Return the shape of a tensor, or the shapes of a structure of tensors."""

    def shape(y: Any) -> Any:
        if not isinstance(y, TensorOps):
            return None
        return (None, *y.shape[1:]) if y.shape and (context.dry or context.uneven) else tuple(y.shape)

    return map_structure(shape, x)


def as_tensor(x: Any) -> Tensor:
    """Return a tensor, a variable or an array-like value as a tensor."""
    return x if isinstance(x, Tensor) else x._tensor() if isinstance(x, Variable) else Tensor(as_array(x))


def _fresh(y: Any) -> Any:
    """Return an output, or a copy of it if it is the symbolic tensor of another call."""
    is_old = isinstance(y, KerasTensor) and y.node is not None
    return masked(KerasTensor(y.shape, y.dtype), mask_of(y)) if is_old else y
