"""Models: layers put together, which can be trained, described and run."""

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from os import PathLike
from typing import TYPE_CHECKING, Any, BinaryIO, TypeAlias, cast, overload

import numpy as np

from . import _state, dtype_policies, saving
from ._annotation import is_shape
from ._lazy import lazily
from ._signature import parameters
from ._structure import map_shapes, map_structure
from ._typing import Config, CustomObjects, DTypeName, PartialShape, ShapeLike
from .functional import Graph, attach, copy_calls, from_config
from .layers.base import Layer
from .layers.base import deserialize as deserialize_layer
from .layers.base import registry as layer_registry
from .layers.core import Input, InputLayer
from .registry import Registry, deserialize, is_built_in, serialize
from .summary import summarize
from .symbolic import KerasTensor, flatten
from .tensor import Tensor
from .training import Trainer

with lazily(globals()):
    from .saving import load_model as load_model
    from .saving import save_model as save_model

__all__ = ["Model", "Sequential", "clone_model", "load_model", "model_from_json", "save_model"]

registry: Registry["Model"] = Registry("keras", "model")
functional_registry: Registry["Model"] = Registry("keras.src.models.functional", "model")

TensorStructure: TypeAlias = Tensor | Sequence[Any] | Mapping[str, Any]
"""One symbolic tensor, or a list, tuple or dict of them. (An op is declared to give a Tensor.)"""


class Model(Trainer):
    """A layer that holds others, with methods to train it, to predict and to print a summary.

    Either a subclass makes its layers in `__init__` and calls them in `call`; or the model is what leads from inputs
    to outputs, in a graph of layers and ops called on symbolic tensors.

    Args:
        inputs: Symbolic tensors, from `Input` or from other layers: one, or a list, tuple or dict.
        outputs: What was computed from them, likewise.
        name: The model's name, made up from its class if not given.
        trainable: Whether training changes its weights.
        dtype: Dtype or policy of its computations.

    Raises:
        ValueError: if the outputs depend on other inputs, or two layers share a name.

    Example:
        >>> import minikeras as keras
        >>> a, b = keras.Input((2,)), keras.Input((3,))
        >>> x = keras.layers.Dense(4, activation="relu")(keras.ops.concatenate([a, b], axis=-1))
        >>> keras.Model([a, b], keras.layers.Dense(1)(x) * 2).output_shape
        (None, 1)

    Example:
        >>> import numpy as np
        >>> import minikeras as keras
        >>> class Net(keras.Model):
        ...     def __init__(self):
        ...         super().__init__()
        ...         self.dense = keras.layers.Dense(1, kernel_initializer="ones")
        ...     def call(self, x):
        ...         return self.dense(x)
        >>> Net().predict(np.ones((1, 2)), verbose=0)
        array([[2.]], dtype=float32)
    """

    _graph: Graph | None

    if not TYPE_CHECKING:  # the arguments are those of __init__, and a subclass's `call` may take what it likes

        def __new__(cls, *args: Any, **kwargs: Any) -> "Model":
            functional = len(args) > 1 or "outputs" in kwargs
            return super().__new__(Functional if functional and cls is Model else cls, *args, **kwargs)

        def call(self, inputs: Any, training: bool | None = None, mask: Any = None) -> Any:
            """Run the graph; a subclass without one overrides this."""
            return super().call(inputs) if self._graph is None else self._graph(inputs, training, mask)

    @overload
    def __init__(
        self, inputs: TensorStructure, outputs: TensorStructure, name: str | None = None, *, trainable: bool = True
    ) -> None: ...

    @overload
    def __init__(self, *, name: str | None = None, trainable: bool = True, dtype: Any = None) -> None: ...

    def __init__(
        self,
        inputs: Any = None,
        outputs: Any = None,
        name: str | None = None,
        *,
        trainable: bool = True,
        dtype: Any = None,
    ) -> None:
        if (inputs is None) != (outputs is None):
            raise TypeError(
                f"A model of a graph needs `inputs` and `outputs`. Received: inputs={inputs!r}, outputs={outputs!r}."
            )
        super().__init__(name=name, trainable=trainable, dtype=dtype)
        self._graph = None
        if inputs is not None:
            if any(isinstance(x, KerasTensor) and x.node is not None and x.node.inputs for x in flatten(inputs)):
                inputs, outputs = copy_calls(inputs, outputs, _enter)
            graph = Graph(inputs, outputs)
            self._layers = [layer for layer in graph.operations if isinstance(layer, Layer)]
            self._follow(graph)
            self.built = True

    def _follow(self, graph: Graph) -> None:
        """Let a graph be what the model runs."""
        self._graph = graph
        self.input_spec = graph.specs

    @property
    def layers(self) -> list[Layer]:
        """The layers it holds directly, in order; those of the graph, if it was made of one."""
        if self._given_graph is None:
            return self._sublayers()
        return [layer for layer in self._given_graph.operations if isinstance(layer, Layer)]

    def get_layer(self, name: str | None = None, index: int | None = None) -> Layer:
        """Return a layer by name or position.

        Raises:
            ValueError: if neither or both are given, or there is no such layer.
        """
        if (name is None) == (index is None):
            raise ValueError(
                f"Provide either a layer name or a layer index, not both. Received: name={name!r}, index={index!r}."
            )
        layers = self.layers
        if index is not None:
            if not -len(layers) <= index < len(layers):
                raise ValueError(
                    f"Was asked to retrieve layer at index {index} but model '{self.name}' only has {len(layers)} "
                    "layers."
                )
            return layers[index]
        for layer in layers:
            if layer.name == name:
                return layer
        raise ValueError(
            f"No such layer: {name!r}. Existing layers of model '{self.name}' are: {[x.name for x in layers]}."
        )

    # --- the graph --------------------------------------------------------------------------------------------

    @property
    def _given_graph(self) -> Graph | None:
        """The graph, if the model was made of it."""
        return self._graph

    @property
    def _layers_first(self) -> bool:
        """Whether files name the layers before whatever else holds them."""
        return self._given_graph is not None

    @property
    def _converts(self) -> bool:  # type: ignore[override]  # a constant of other layers
        return self._given_graph is None

    @property
    def _first_call(self) -> int:
        return 0 if self._given_graph is None else 1

    def _locked(self) -> bool:
        return self._graph is None and super()._locked()

    def _is_built(self) -> bool:
        has_none = self._graph is None and type(self).call is Model.call  # only its steps say what is called, and how
        return has_none or super()._is_built()

    def _known(self, what: str, given: bool = False) -> Graph:
        if self._graph is None or (given and self._given_graph is None):
            raise AttributeError(
                f"{type(self).__name__} model '{self.name}' has no defined {what}: it has no graph of symbolic tensors"
                f"{' yet. Build it first' if isinstance(self, Sequential) else ''}."
            )
        return self._graph

    @property
    def inputs(self) -> list[KerasTensor]:
        """The symbolic inputs, those of a dict sorted by name.

        Raises:
            AttributeError: if the model has no graph, or is not built.
        """
        return self._known("inputs").inputs[:]

    @property
    def outputs(self) -> list[KerasTensor]:
        """The symbolic outputs, those of a dict sorted by name.

        Raises:
            AttributeError: if the model has no graph, or is not built.
        """
        return self._known("outputs").outputs[:]

    @property
    def input(self) -> Any:
        """The symbolic inputs as the model was given them."""
        return super().input if self._graph is None else self._graph.input_structure

    @property
    def output(self) -> Any:
        """The symbolic outputs as the model was given them."""
        return super().output if self._graph is None else self._graph.output_structure

    @property
    def input_shape(self) -> Any:
        """Shape of the input, None where open; a list of shapes for several.

        Raises:
            AttributeError: if the model has no graph, or is not built.
        """
        shapes = [x.shape for x in self._known("input shape").inputs]
        return shapes[0] if len(shapes) == 1 else shapes

    @property
    def output_shape(self) -> Any:
        """Shape of the output, None where open; a list of shapes for several.

        Raises:
            AttributeError: if the model has no graph, or is not built.
        """
        shapes = [y.shape for y in self._known("output shape").outputs]
        return shapes[0] if len(shapes) == 1 else shapes

    @property
    def operations(self) -> list[Any]:
        """The layers and ops of the graph, in order.

        Raises:
            AttributeError: if the model has no graph.
        """
        return self._known("operations", given=True).operations[:]

    @property
    def output_names(self) -> list[str]:
        """The names of the layers and ops that give the outputs.

        Raises:
            AttributeError: if the model has no graph.
        """
        return [x.node.operation.name for x in self._known("output names", given=True).outputs if x.node]

    @property
    def _output_names(self) -> list[str] | None:
        return None if self._given_graph is None else self.output_names

    @property
    def _operations(self) -> list[Any]:
        return self.layers if self._given_graph is None else self.operations

    def _connections(self) -> Any:
        return None if self._given_graph is None else self._given_graph.connections()

    def _rowwise(self) -> bool:
        return self._graph is None or self._graph.rowwise()

    def _is_pure(self) -> bool:
        models = [layer for layer in self._flatten_layers() if isinstance(layer, Model) and layer._graph is not None]
        return super()._is_pure() and not any(model._known("graph").fixes_training for model in models)

    def compute_output_spec(self, *args: Any, **kwargs: Any) -> Any:
        """Return the outputs for symbolic inputs."""
        if self._graph is not None and type(self).call is Model.call:
            return self._graph.spec(args[0])
        if type(self).compute_output_shape is Model.compute_output_shape:
            return self._inferred_spec(*args, **kwargs)
        return super().compute_output_spec(*args, **kwargs)

    def compute_output_shape(self, input_shape: Any) -> Any:
        """Return the shapes of the outputs for shapes of the inputs."""
        if self._graph is None:
            return super().compute_output_shape(input_shape)
        return map_structure(lambda y: y.shape, self._graph.spec(map_shapes(KerasTensor, input_shape)))

    def _output_shapes(self) -> Any:
        known = self._graph is not None and not self._inbound_nodes
        return self.output_shape if known else super()._output_shapes()

    def get_build_config(self) -> Config | None:
        """Return the input shape the model was built with, None if it was not."""
        return super().get_build_config() if self._given_graph is None else {"input_shape": None}

    def build_from_config(self, config: Config) -> None:
        """Build the model with what `get_build_config` returned; one without a `build` is run for its shapes."""
        shapes = config.get("shapes_dict") or {"": config.get("input_shape")}
        if self._graph is not None or type(self).build is not Model.build or None in shapes.values():
            super().build_from_config(config)
            return
        tensors = {name.removesuffix("_shape"): map_shapes(KerasTensor, shape) for name, shape in shapes.items()}
        self(*([tensors.pop("")] if "" in tensors else ()), **tensors)
        self._inbound_nodes.clear()  # nobody called it

    def get_config(self) -> Config:
        """Return the layers of the graph and their calls, or without a graph the arguments of `__init__`."""
        if self._given_graph is not None and _takes_graph(type(self)):
            return {"name": self.name, "trainable": self.trainable, **self._given_graph.get_config()}
        config, own = super().get_config(), type(self).get_config is Model.get_config and not is_built_in(type(self))
        return self._with_arguments(config) if own else config

    @classmethod
    def from_config(cls, config: Config, custom_objects: CustomObjects | None = None) -> Any:
        """Return the model of a configuration, with new weights.

        Raises:
            ValueError: if its graph has a loop, or names what it does not have.
        """
        if not {"name", "layers", "input_layers", "output_layers"} <= config.keys() or not _takes_graph(cls):
            return super().from_config(config)
        inputs, outputs = from_config(config, custom_objects)
        options = {key: config[key] for key in ("trainable",) if config.get(key) is not None}
        return cls(inputs, outputs, name=config["name"], **options)

    # --- files ------------------------------------------------------------------------------------------------

    def save(
        self,
        filepath: str | PathLike[str] | BinaryIO,
        overwrite: bool = True,
        zipped: bool | None = None,
        **kwargs: Any,
    ) -> None:
        """Write the model to a file that `keras.saving.load_model` reads, here and in Keras; see `saving.save_model`.

        Args:
            filepath: Its path, which ends in ".keras", or a file opened for writing bytes.
            overwrite: Whether to replace a file that is there without asking.
            zipped: Accepted for Keras's sake, if true.
            kwargs: `include_optimizer`, for ".h5".

        Raises:
            ValueError: if the path has another ending, or a part of the model cannot be written to a configuration.
            ImportError: if h5py is not installed (the extra `h5`).
        """
        saving.save_model(self, filepath, overwrite, zipped, **kwargs)

    def export(self, filepath: str | PathLike[str], format: str = "tf_saved_model", **kwargs: Any) -> None:
        """Raise an error that names the way: Keras writes these formats.

        Raises:
            NotImplementedError: always.
        """
        raise NotImplementedError(
            f"minikeras does not write the format {format!r}. Save with `model.save('model.keras')`; where Keras is "
            f"installed, keras.models.load_model('model.keras').export({filepath!r}, format={format!r}) writes "
            "TensorFlow's SavedModel, ONNX and others."
        )

    def save_weights(
        self, filepath: str | PathLike[str], overwrite: bool = True, max_shard_size: float | None = None
    ) -> None:
        """Write all weights, with the state of the optimizer, to a file; see `saving.save_weights`.

        Args:
            filepath: Its name, which ends in ".weights.h5" (the extra `h5`) or ".npz" (NumPy alone, weights alone).
            overwrite: Whether to replace a file that is there without asking.
            max_shard_size: Write several files of at most so many gigabytes.

        Raises:
            ValueError: if the model is not built, or the name has another ending.
            FileExistsError: if the file is there, is to be kept, and nobody can be asked.
        """
        saving.save_weights(self, filepath, overwrite, max_shard_size)

    def load_weights(self, filepath: str | PathLike[str], skip_mismatch: bool = False, **kwargs: Any) -> None:
        """Read all weights from a file: all of them, or none if one does not fit; see `saving.load_weights`.

        Args:
            filepath: Its name.
            skip_mismatch: Whether to leave out layers that do not fit, with a warning.
            kwargs: `objects_to_skip`, layers that are left as they are; `by_name`, for files of Keras 2's layout.

        Raises:
            ValueError: if the model is not built, or its weights are others than those in the file.
            FileNotFoundError: if there is no such file.
        """
        saving.load_weights(self, filepath, skip_mismatch, **kwargs)

    # --- description ------------------------------------------------------------------------------------------

    def summary(
        self,
        line_length: int | None = None,
        positions: Sequence[float] | None = None,
        print_fn: Callable[[str], Any] | None = None,
        expand_nested: bool = False,
        show_trainable: bool = False,
        layer_range: Sequence[str] | None = None,
    ) -> None:
        """Print a table of the layers with their output shapes and numbers of parameters.

        Args:
            line_length: Width in characters, at most that of the terminal if not given.
            positions: Where each column ends, as fractions of the width.
            print_fn: What gets the text, `print` if not given.
            expand_nested: Whether to list the layers of nested models.
            show_trainable: Whether to add a column that says which layers are trained.
            layer_range: Names, or patterns, of the first and last layer to list.

        Raises:
            ValueError: if the columns do not fit, or no layer has a name in `layer_range`.
        """
        summarize(self, line_length, positions, print_fn, expand_nested, show_trainable, layer_range)

    def to_json(self, **kwargs: Any) -> str:
        """Return the configuration as JSON; kwargs go to `json.dumps`.

        Raises:
            NotImplementedError: if a layer has no configuration.
        """
        return json.dumps(serialize(self), **kwargs)


class Functional(Model):
    """What `Model(inputs, outputs)` makes."""


registry.register(Model)
functional_registry.register(Functional)
layer_registry.guests |= {"Model": Model, "Functional": Functional}


def _enter(x: KerasTensor) -> KerasTensor:
    return Input(batch_shape=x.shape, dtype=x.dtype, name=f"{x.name}CLONE")


def _takes_graph(cls: type[Model]) -> bool:
    """Tell whether a class is made from inputs and outputs, as `Model` is."""
    found = parameters(cls.__init__)
    return found.positional[1:] == ("inputs", "outputs", "name") or (found.varargs and found.varkw is not None)


def model_from_json(json_string: str, custom_objects: CustomObjects | None = None) -> Model:
    """Return the model of a configuration written by `to_json`, here or in Keras, with new weights.

    Args:
        json_string: The configuration.
        custom_objects: Names to classes and functions of the caller's.

    Raises:
        ValueError: if it is not the configuration of a model.

    Example:
        >>> import minikeras as keras
        >>> model = keras.Sequential([keras.Input((2,)), keras.layers.Dense(1)], name="net")
        >>> model_from_json(model.to_json()).name
        'net'
    """
    try:
        config = json.loads(json_string)
    except ValueError as error:
        raise ValueError(f"model_from_json needs JSON written by to_json(). {error}.") from None
    model = deserialize(config, custom_objects)
    if not isinstance(model, Model):
        raise ValueError(f"The JSON describes no model. Received: {json_string[:80]!r}.")
    return model


class Sequential(Model):
    """A chain of layers: the output of each is the input of the next.

    With an `Input` (or `input_shape=` on the first layer) it builds as layers are added; without one, at the
    first call, or with `build`.

    Args:
        layers: The layers, in order.
        trainable: Whether training changes its weights.
        name: The model's name, made up if not given.

    Raises:
        ValueError: for an item that is no layer, or a name given twice.

    Example:
        >>> import minikeras as keras
        >>> model = Sequential([keras.Input((2,)), keras.layers.Dense(3), keras.layers.Dense(1)])
        >>> model.output_shape, model.count_params()
        ((None, 1), 13)
    """

    def __init__(
        self,
        layers: Sequence[Layer | KerasTensor] | None = None,
        trainable: bool = True,
        name: str | None = None,
    ) -> None:
        super().__init__(trainable=trainable, name=name)
        self._layers: list[Layer] = []
        self._extend(layers or ())

    def add(self, layer: Layer | KerasTensor, rebuild: bool = True) -> None:
        """Put a layer on top.

        Args:
            layer: The layer, or the result of `Input`.
            rebuild: Whether to build at once, if the input shape is known.

        Raises:
            ValueError: if it is no layer, its name is taken, or it is a second input.
        """
        before, layers = dict(vars(self)), self._layers[:]
        try:
            self._extend([layer], rebuild)
        except BaseException:
            vars(self).update(before)
            self._layers[:] = layers
            raise

    def _extend(self, layers: Iterable[Any], rebuild: bool = True) -> None:
        named = {layer.name: layer for layer in self._layers}
        for layer in layers:
            self._append(layer, named)
        if self._layers and rebuild:
            self._rebuild()

    def _append(self, layer: Any, named: dict[str, Layer]) -> None:
        if isinstance(layer, KerasTensor) and layer.node and isinstance(layer.node.operation, InputLayer):
            layer = layer.node.operation
        if not isinstance(layer, Layer):
            raise ValueError(
                f"Only instances of `Layer` can be added to a Sequential model. Received: {layer!r} "
                f"(of type {type(layer).__name__})."
            )
        shape = vars(layer).get("_input_shape_arg")
        if not self._layers and shape is not None:
            self._layers.append(InputLayer(shape))
        if named.setdefault(layer.name, layer) is not layer:
            raise ValueError(
                f"All layers added to a Sequential model should have unique names. Name '{layer.name}' is already "
                "the name of a layer in this model. Update the `name` argument to pass a unique name."
            )
        first = self._layers[0] if self._layers else None
        if isinstance(layer, InputLayer) and isinstance(first, InputLayer):
            raise ValueError(
                f"Sequential model '{self.name}' has already been configured to use input shape "
                f"{first.batch_shape}. You cannot add a different Input layer to it."
            )
        self._layers.append(layer)
        self.built = False
        self._graph = None

    def pop(self, rebuild: bool = True) -> Layer:
        """Remove the last layer and return it.

        Raises:
            IndexError: if there is none.
        """
        layer = self._layers.pop()
        self.built = False
        self._graph = None
        if rebuild and self._layers:
            self._rebuild()
        return layer

    def _rebuild(self) -> None:
        """Build, if the first layer says what the input looks like."""
        self.built: bool = False
        self._graph = None
        first = self._layers[0]
        if len(self._layers) > 1:
            if isinstance(first, InputLayer):
                self.build(first.batch_shape)
            elif isinstance(first, Model) and first._graph is not None:
                self.build(first.input_shape)

    @property
    def _layers_first(self) -> bool:
        return True

    def _locked(self) -> bool:
        return False

    def build(self, input_shape: ShapeLike | None = None) -> None:
        """Make the weights of all layers for an input shape, None where a size is open.

        Raises:
            ValueError: if there are no layers, or another shape was set before.
        """
        if not self._layers:
            raise ValueError(
                f"Sequential model {self.name} cannot be built because it has no layers. Call `model.add(layer)`."
            )
        first = self._layers[0]
        if isinstance(first, InputLayer):
            shape = first.batch_shape if input_shape is None else tuple(input_shape)
            if shape != first.batch_shape:
                raise ValueError(
                    f"Sequential model '{self.name}' has already been configured to use input shape "
                    f"{first.batch_shape}. You cannot build it with input_shape {shape}."
                )
            entry = first
        elif input_shape is None or not all(n is None or isinstance(n, int | np.integer) for n in input_shape):
            return
        else:
            entry = InputLayer(batch_shape=input_shape, dtype=first.compute_dtype)
        x = entry.output
        for layer in self._layers[entry is first :]:
            x = layer(x)
        if entry is not first:
            self._layers.insert(0, entry)
        _state.auto_name("functional")  # for the model that Keras keeps inside
        self._follow(Graph(entry.output, x))

    def _maybe_build(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> None:
        context = _state.context
        if self.built or context.waiting is None or not isinstance(args[0], Tensor):
            super()._maybe_build(args, kwargs)
        else:  # which sizes are open is known after the second run
            context.waiting.setdefault(self, []).append((context.scopes[:], (None, *args[0].shape[1:])))

    @property
    def _entry(self) -> InputLayer | None:
        """What says which input there is, if it is known."""
        first = self._layers[0] if self._layers else None
        return first if isinstance(first, InputLayer) else None

    @property
    def layers(self) -> list[Layer]:
        """The layers, in order, without the input."""
        return self._layers[self._entry is not None :]

    def call(self, inputs: Any, training: bool | None = None, mask: Any = None) -> Any:
        """Run the layers one after the other.

        Raises:
            ValueError: if there are none.
        """
        if not self._layers:
            raise ValueError(f"Sequential model '{self.name}' has no layers. Call `model.add(layer)` first.")
        if self._graph is not None:
            return self._graph(inputs, training, mask)
        if not isinstance(inputs, list | tuple | dict):
            inputs = attach(inputs, mask)
        for layer in self.layers:
            inputs = layer(inputs, training=training) if "training" in layer._takes else layer(inputs)
        return inputs

    def compute_output_shape(self, input_shape: Any) -> Any:
        """Return the shape of the output for an input shape."""
        if self._graph is not None:
            return super().compute_output_shape(input_shape)
        for layer in self.layers:
            input_shape = layer.compute_output_shape(input_shape)
        return input_shape

    def compute_output_spec(self, *args: Any, **kwargs: Any) -> Any:
        if self._graph is not None:
            return self._graph.spec(args[0])
        x = args[0]
        for layer in self.layers:
            x = layer(x)
        return x

    @property
    def input(self) -> Any:
        """The symbolic input of the first call on one, or before that the model's own."""
        return super(Model, self).input if self._inbound_nodes else super().input

    @property
    def output(self) -> Any:
        """The symbolic output of the first call on one, or before that the model's own."""
        return super(Model, self).output if self._inbound_nodes else super().output

    @property
    def _given_graph(self) -> None:
        return None

    @property
    def input_dtype(self) -> DTypeName:
        """Dtype that inputs are cast to."""
        first = self._layers[0] if self._layers else None
        return first.dtype if isinstance(first, InputLayer) else self.compute_dtype

    @property
    def input_shape(self) -> PartialShape:
        """Shape of the input, None where open.

        Raises:
            AttributeError: before the model is built.
        """
        shape: PartialShape = super().input_shape
        return shape

    @property
    def output_shape(self) -> PartialShape:
        """Shape of the output, None where open.

        Raises:
            AttributeError: before the model is built.
        """
        shape: PartialShape = super().output_shape
        return shape

    def get_config(self) -> Config:
        """Return the configurations of the layers, and the input shape if the model is built."""
        config = super().get_config()
        config["layers"] = [serialize(layer) for layer in self._layers]
        if self._graph is not None:
            config["build_input_shape"] = cast(InputLayer, self._layers[0]).batch_shape
        return config

    @classmethod
    def from_config(cls, config: Config, custom_objects: CustomObjects | None = None) -> "Sequential":
        """Return the model of a configuration, with new weights.

        Raises:
            ValueError: if the configuration has no name or names an unknown class.
        """
        if "name" not in config or "layers" not in config:
            raise ValueError(
                "A Sequential model configuration must be a dictionary containing the 'name' and 'layers' keys. "
                f"Received: config={config}."
            )
        model = cls(name=config["name"], trainable=config.get("trainable", True))
        model._extend(deserialize_layer(layer, custom_objects) for layer in config["layers"])
        shape = config.get("build_input_shape")
        if not is_shape(shape):
            raise ValueError(f"'build_input_shape' must be a shape. Received: {shape!r:.80}.")
        dtype_policies.get(config.get("dtype"))  # refused if it is none; the layers have their own
        if model._graph is None and isinstance(shape, list | tuple) and shape:
            model.build(tuple(shape))
        return model


registry.register(Sequential)
layer_registry.guests["Sequential"] = Sequential


def clone_model(
    model: Model,
    input_tensors: TensorStructure | None = None,
    clone_function: Callable[[Any], Any] | None = None,
    call_function: Callable[..., Any] | None = None,
    recursive: bool = False,
    **kwargs: Any,
) -> Any:
    """Return a model of the same structure, with new layers and new weights.

    Args:
        model: A Sequential, a model of a graph, or one that its configuration describes.
        input_tensors: What to build it on, new inputs if not given.
        clone_function: (layer or op) -> what takes its place; by default one made from its configuration.
        call_function: (layer, *args, **kwargs) -> the result of its call, for a model of a graph.
        recursive: Whether nested models are cloned in the same way, rather than by `clone_function`.
        kwargs: Refused; named as in Keras.

    Raises:
        ValueError: if the inputs do not fit, or a function is given where it has no use.

    Example:
        >>> import minikeras as keras
        >>> model = keras.Sequential([keras.Input((2,)), keras.layers.Dense(1)], name="net")
        >>> clone_model(model).name
        'net'
    """
    if kwargs:
        raise ValueError(f"Unexpected keyword arguments: {tuple(kwargs)}.")
    if not isinstance(model, Sequential) and (not isinstance(model, Model) or model._graph is None):
        if any(x is not None for x in (clone_function, input_tensors, call_function)):
            raise ValueError(
                "`input_tensors`, `clone_function` and `call_function` are for Sequential models and those of a graph. "
                f"Received: model={model!r}."
            )
        return deserialize(serialize(model), {type(model).__name__: type(model)})
    return _clone(model, input_tensors, clone_function or _remade, call_function, recursive, {})


def _remade(layer: Any) -> Any:
    return type(layer).from_config(layer.get_config())


def _clone(
    model: Model, inputs: Any, clone: Callable[[Any], Any], call: Any, recursive: bool, done: dict[int, Any]
) -> Model:
    def cloned(layer: Any) -> Any:
        if id(layer) not in done:
            nested = recursive and isinstance(layer, Model) and layer._graph is not None
            inner = None if isinstance(layer, Sequential) else call
            done[id(layer)] = _clone(layer, None, clone, inner, recursive, done) if nested else clone(layer)
        return done[id(layer)]

    for x in [] if inputs is None else flatten(inputs):
        if not isinstance(x, KerasTensor):
            raise ValueError(f"All entries in `input_tensors` must be symbolic tensors. Received: {x!r}.")
    copy: Model
    if isinstance(model, Sequential):
        if call is not None:
            raise ValueError("A Sequential model calls no layers itself: `call_function` has no use. Received one.")
        layers = [cloned(layer) for layer in model.layers]
        first = model._layers[0] if model._layers else None
        entry = first if isinstance(first, InputLayer) else None
        if inputs is not None:
            if len(flatten(inputs)) != 1:
                raise ValueError("`input_tensors` must be a single tensor for a Sequential model.")
            layers.insert(0, Input(tensor=flatten(inputs)[0], name=None if entry is None else entry.name))
        elif entry is not None:
            layers.insert(0, Input(batch_shape=entry.batch_shape, dtype=entry.dtype, name=entry.name))
        copy = Sequential(layers, name=model.name, trainable=model.trainable)
    else:
        graph = model._known("graph")
        if inputs is None:
            inputs = map_structure(
                lambda x: Input(batch_shape=x.shape, dtype=x.dtype, name=x.name), graph.input_structure
            )
        elif len(flatten(inputs)) != len(graph.inputs):
            raise ValueError(
                f"`input_tensors` must have the structure of the model's inputs, {graph.input_structure}. "
                f"Received: {inputs}."
            )
        run = call or (lambda layer, *args, **kwargs: layer(*args, **kwargs))
        outputs = graph.run(flatten(inputs), lambda layer, *args, **kwargs: run(cloned(layer), *args, **kwargs))
        cls = type(model) if _takes_graph(type(model)) else Functional
        copy = cls(inputs, outputs, name=model.name)
    if model.compiled:
        copy.compile_from_config(model.get_compile_config())
    return copy
