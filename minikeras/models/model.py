"""The base class of all models, which run a graph of layers or their own `call`."""

from collections.abc import Callable, Mapping, Sequence
from os import PathLike
from typing import TYPE_CHECKING, Any, BinaryIO, ClassVar, Literal, Self, TypeAlias, Unpack, overload

from .. import saving
from .._base.checks import one_of
from .._base.nested import map_shapes, map_structure, only
from .._base.signature import overridable, parameters, suggests
from .._base.typing import Config, CustomObjects
from .._core.keras_tensor import KerasTensor
from .._core.tensor import Tensor
from .._display.summary import summarize
from .._serialization.configurable import is_built_in
from .._serialization.registry import Registry
from .._serialization.serialization import serialize
from .._trainers.trainer import Trainer
from ..layers import Input, Layer
from ..layers.arguments import LayerOptions
from ..tree import flatten
from . import graph_config
from .graph import Graph
from .order import copy_calls
from .state_tree import assign, values_of

TensorStructure: TypeAlias = Tensor | Sequence[Any] | Mapping[str, Any]
"""One symbolic tensor, or a list, tuple or dict of them. (Type checkers see the result of an op as a Tensor.)"""


class Model(Trainer):
    """A layer that holds others, with methods to train it, to predict and to print a summary.

    Either a subclass makes its layers in `__init__` and calls them in `call`. Or the model is made of the graph that
    leads from inputs to outputs, by layers and ops that were called on symbolic tensors.

    Args:
        inputs: Symbolic tensors, from `Input` or from other layers: one, or a list, tuple or dict.
        outputs: What was computed from them; a ValueError if that needs other inputs, or two layers share a name.
        name: The model's name, made up from its class if not given.

    Example:
        >>> a, b = keras.Input((2,)), keras.Input((3,))
        >>> x = keras.layers.Dense(4, activation="relu")(keras.ops.concatenate([a, b], axis=-1))
        >>> keras.Model([a, b], keras.layers.Dense(1)(x) * 2).output_shape
        (None, 1)

    Example:
        >>> class Net(keras.Model):
        ...     def __init__(self):
        ...         super().__init__()
        ...         self.dense = keras.layers.Dense(1, kernel_initializer="ones")
        ...     def call(self, x):
        ...         return self.dense(x)
        >>> Net().predict(np.ones((1, 2)), verbose=0)
        array([[2.]], dtype=float32)
    """

    _arguments = ()  # a configuration holds the graph
    _functional_names = frozenset({"inputs", "outputs", "input_shape", "output_shape", "operations", "output_names"})
    _without_graph: ClassVar[str] = "it has no graph of symbolic tensors"

    if not TYPE_CHECKING:  # the arguments are those of __init__, and a subclass's `call` may take what it likes

        def __new__(cls, *args: Any, **kwargs: Any) -> "Model":
            functional = len(args) > 1 or "outputs" in kwargs
            return super().__new__(Functional if functional and cls is Model else cls, *args, **kwargs)

        def call(self, inputs: Any, training: bool | None = None, mask: Any = None) -> Any:
            """Run the graph; a subclass without one overrides this."""
            return super().call(inputs) if self._own_graph is None else self._own_graph(inputs, training, mask)

    def __setstate__(self, state: dict[str, Any]) -> None:  # pickles of earlier versions have other keys
        former = {} if "_own_graph" in state else {"_graph": "_own_graph", "_held": "_found_metrics"}
        vars(self).update({former.get(key, key): value for key, value in state.items()})

    @overload
    def __init__(self, inputs: TensorStructure, outputs: TensorStructure, name: str | None = None, *,
                 trainable: bool = True) -> None: ...  # fmt: skip
    @overload
    def __init__(self, **options: Unpack[LayerOptions]) -> None: ...
    def __init__(self, inputs: Any = None, outputs: Any = None, name: str | None = None, **options: Any) -> None:
        if (inputs is None) != (outputs is None):
            raise TypeError(f"A graph needs `inputs` and `outputs`. Received: {type(inputs)} and {type(outputs)}.")
        super().__init__(name=name, **options)
        self._own_graph: Graph | None = None
        """The graph that the model runs, if not its own `call`."""
        if inputs is not None:
            if any(isinstance(x, KerasTensor) and x.node is not None and x.node.inputs for x in flatten(inputs)):
                inputs, outputs = copy_calls(inputs, outputs, Input)
            graph = Graph(inputs, outputs)
            self._layers = graph.layers
            self._follow(graph)
            self.built = True

    def _follow(self, graph: Graph) -> None:
        self._own_graph, self._trains = graph, graph.trains
        self.input_spec: Any = None if graph.nested else graph.specs

    @property
    def layers(self) -> list[Layer]:
        """The layers that the model holds directly, in order; those of the graph, if it was made of one."""
        return self._layers_held() if self._functional_graph is None else self._functional_graph.layers[:]

    def get_layer(self, name: str | None = None, index: int | None = None) -> Layer:
        """Return a layer by name or position; a ValueError for neither or both, or where there is no such layer."""
        if (name is None) == (index is None):
            raise ValueError(f"Provide either a layer name or a layer index. Received: name={name!r}, index={index!r}.")
        layers = self.layers
        if index is not None:
            if not -len(layers) <= index < len(layers):
                raise ValueError(f"Was asked to retrieve layer at index {index} but model '{self.name}' only has "
                                 f"{len(layers)} layers.")  # fmt: skip
            return layers[index]
        for layer in layers:
            if layer.name == name:
                return layer
        raise ValueError(f"No such layer: {name!r}. Existing layers of model '{self.name}' are: "
                         f"{[x.name for x in layers]}.")  # fmt: skip

    @property
    def _functional_graph(self) -> Graph | None:
        """The graph that the model was made of; None for a Sequential too, which makes its `_own_graph` itself."""
        return self._own_graph

    @property
    def __ends(self) -> Graph | None:
        """The graph that has the model's inputs and outputs; None for a Sequential whose first call has them."""
        return self._functional_graph if self._inbound_nodes else self._own_graph

    @property
    def _layers_first(self) -> bool:
        """Whether a file has the weights of `layers` first, before those of the model's attributes."""
        return self._functional_graph is not None

    @property
    def _converts_inputs(self) -> bool:  # type: ignore[override]  # a constant of other layers
        return self._functional_graph is None

    def _locked(self) -> bool:
        return self._own_graph is None and super()._locked()

    def _is_runnable(self) -> bool:
        without_call = self._own_graph is None and type(self).call is Model.call  # its own `train_step` runs layers
        return without_call or super()._is_runnable()

    def _known(self, graph: Graph | None, what: str) -> Graph:
        """Return a graph, or raise an AttributeError that says which attribute (`what`) the model lacks without one."""
        if graph is None:
            raise AttributeError(f"{type(self).__name__} model '{self.name}' has no defined {what}: "
                                 f"{self._without_graph}.")  # fmt: skip
        return graph

    @property
    def inputs(self) -> list[KerasTensor]:
        """The symbolic inputs, those of a dict sorted by name; an AttributeError without a graph, or if not built."""
        return self._known(self._own_graph, "inputs").inputs[:]

    @property
    def outputs(self) -> list[KerasTensor]:
        """The symbolic outputs, those of a dict sorted by name; an AttributeError without a graph, or if not built."""
        return self._known(self._own_graph, "outputs").outputs[:]

    @property
    def input(self) -> KerasTensor | Any:
        """The symbolic inputs in their structure; for a Sequential, the tensor that it was first called on."""
        return super().input if self.__ends is None else self.__ends.input_structure

    @property
    def output(self) -> KerasTensor | Any:
        """The symbolic outputs in their structure; for a Sequential, the result of its first symbolic call."""
        return super().output if self.__ends is None else self.__ends.output_structure

    @property
    def input_shape(self) -> Any:
        """Shape of the input, None where open, or a list; an AttributeError without a graph, or if not built."""
        return only([x._shape for x in self._known(self._own_graph, "input shape").inputs])

    @property
    def output_shape(self) -> Any:
        """Shape of the output, None where open, or a list; an AttributeError without a graph, or if not built."""
        return only([y._shape for y in self._known(self._own_graph, "output shape").outputs])

    @property
    def operations(self) -> list[Any]:
        """The layers and ops of the graph, in order; an AttributeError without a graph."""
        return self._known(self._functional_graph, "operations").operations[:]

    @property
    def output_names(self) -> list[str]:
        """The names of the layers and ops that return the outputs; an AttributeError without a graph."""
        return self._known(self._functional_graph, "output names").output_names

    @property
    def _names_of_outputs(self) -> list[str] | None:
        graph = self._own_graph  # in Keras several outputs of a Sequential have no names
        return graph.output_names if graph and (self._functional_graph or len(graph.outputs) == 1) else None

    @property
    def _operations(self) -> list[Any]:
        return self.layers if self._functional_graph is None else self._functional_graph.operations

    def _shown_links(self) -> Any:
        return None if self._functional_graph is None else self._functional_graph.connections()

    def _rowwise(self) -> bool:
        return self._own_graph is None or self._own_graph.is_rowwise

    def _is_pure(self) -> bool:
        graphs = [layer._own_graph for layer in self._flatten_layers() if isinstance(layer, Model)]
        return super()._is_pure() and all(graph is None or graph.is_pure for graph in graphs)

    def compute_output_spec(self, *args: Any, **kwargs: Any) -> Any:
        if self._own_graph is not None and type(self).call is Model.call:
            return self._own_graph.spec(args[0])
        if type(self).compute_output_shape is Model.compute_output_shape:
            return self._inferred_spec(*args, **kwargs)
        return super().compute_output_spec(*args, **kwargs)

    def compute_output_shape(self, input_shape: Any) -> Any:
        if self._own_graph is None:
            return super().compute_output_shape(input_shape)
        return map_structure(lambda y: y.shape, self._own_graph.spec(map_shapes(KerasTensor, input_shape)))

    def _out_shapes(self) -> Any:
        own = self._own_graph is not None and not self._inbound_nodes
        return tuple(y.shape for y in self.outputs) if own else super()._out_shapes()

    def get_build_config(self) -> Config | None:
        return super().get_build_config() if self._functional_graph is None else {"input_shape": None}

    def build_from_config(self, config: Config) -> None:
        """Build the model with what `get_build_config` returned; one without a `build` of its own is called."""
        shapes = config.get("shapes_dict") or {"": config.get("input_shape")}
        if self._own_graph is not None or type(self).build is not Model.build or None in shapes.values():
            super().build_from_config(config)
            return
        tensors = {name.removesuffix("_shape"): map_shapes(KerasTensor, shape) for name, shape in shapes.items()}
        self(*([tensors.pop("")] if "" in tensors else ()), **tensors)
        self._inbound_nodes.clear()  # this call does not count

    def get_config(self) -> Config:
        """Return the layers of the graph and their calls, or without a graph the arguments of `__init__`."""
        if self._functional_graph is not None and takes_graph(type(self)):
            return {"name": self.name, "trainable": self.trainable, **graph_config.to_config(self._functional_graph)}
        config, own = super().get_config(), type(self).get_config is Model.get_config and not is_built_in(type(self))
        return self._with_arguments(config) if own else config

    @classmethod
    @overridable
    def from_config(cls, config: Config, custom_objects: CustomObjects | None = None) -> Self:
        """Return the model of a configuration, with new weights; a ValueError if parts of its graph are missing."""
        if not config.keys() >= _GRAPH or not takes_graph(cls):
            return super().from_config(config)
        inputs, outputs = graph_config.from_config(config, custom_objects)
        others = {"trainable"} if is_built_in(cls) else config.keys() - _GRAPH
        options = {key: config[key] for key in others if key != "trainable" or config.get(key) is not None}
        return cls(inputs, outputs, name=config["name"], **options)

    def save(self, filepath: str | PathLike[str] | BinaryIO, overwrite: bool = True, zipped: bool | None = None,
             **kwargs: Any) -> None:  # fmt: skip
        """Write the model to a file that `load_model` reads, here and in Keras, as `saving.save_model` does."""
        saving.save_model(self, filepath, overwrite, zipped, **kwargs)

    def export(self, filepath: str | PathLike[str], format: str = "tf_saved_model", verbose: bool | None = None,
               input_signature: Any = None, **kwargs: Any) -> None:  # fmt: skip
        """Write what the model computes to an ONNX file, which onnxruntime runs without this package (extra `onnx`).

        Batches may have any size, and so may other axes of unknown size. The file appears only when it is complete.

        Args:
            filepath: Its path.
            format: "onnx"; Keras has further ones.
            verbose: Whether to print where the file is; None for True.
            input_signature: A list of the arguments of `call`, with `keras.InputSpec(dtype, shape)` for each tensor;
                by default the shapes and dtypes of the model's inputs.
            kwargs: `opset_version`, the version of ONNX's operators, by default and at least 18.

        Raises:
            NotImplementedError: if ONNX cannot express a layer, with its name and the reason; for another format.
            ValueError: for an unknown format or version, and for a model that has not been built.
            ImportError: if onnx is not installed.
        """
        one_of("format", format, ("tf_saved_model", "onnx", "openvino", "litert", "torch"))
        if format != "onnx":
            raise NotImplementedError(f"minikeras writes format='onnx', not {format!r}. Save with "
                                      "`model.save('model.keras')`; where Keras is installed, "
                                      f"keras.models.load_model('model.keras').export({filepath!r}, format={format!r}) "
                                      "writes TensorFlow's SavedModel and others.")  # fmt: skip
        saving.export_onnx(self, filepath, verbose, input_signature, **kwargs)

    def quantize(self, mode: str | None = None, config: Any = None, filters: Any = None, **kwargs: Any) -> None:
        """Raise a NotImplementedError, which says how to quantize the model in Keras."""
        raise NotImplementedError("minikeras does not quantize. Save with `model.save('model.keras')`; Keras does: "
                                  f"keras.models.load_model('model.keras').quantize({mode!r}).")  # fmt: skip

    @suggests
    def save_weights(self, filepath: str | PathLike[str], overwrite: bool = True,
                     max_shard_size: float | None = None) -> None:  # fmt: skip
        """Write all weights, with the state of the optimizer, to a file, as `saving.save_weights` does."""
        saving.save_weights(self, filepath, overwrite, max_shard_size)

    def load_weights(self, filepath: str | PathLike[str], skip_mismatch: bool = False, **kwargs: Any) -> None:
        """Read all weights from a file, or none if one does not fit, as `saving.load_weights` does."""
        saving.load_weights(self, filepath, skip_mismatch, **kwargs)

    def get_state_tree(self, value_format: Literal["backend_tensor", "numpy_array"] = "backend_tensor"
                       ) -> dict[str, Any]:  # fmt: skip
        """Return the values of all variables in nested dicts, by kind and then by the parts of their paths.

        Raises:
            ValueError: for another format, or if two variables have one path.

        Example:
            >>> model = keras.Sequential([keras.Input((2,)), keras.layers.Dense(1, name="out")], name="net")
            >>> sorted(model.get_state_tree()["trainable_variables"]["net"]["out"])
            ['bias', 'kernel']
        """
        one_of("value_format", value_format, ("backend_tensor", "numpy_array"))
        return values_of(self, value_format == "numpy_array")

    def set_state_tree(self, state_tree: Mapping[str, Any]) -> None:
        """Set variables to (a part of) a result of `get_state_tree`; a ValueError for other kinds or shapes."""
        assign(self, state_tree)

    @suggests
    def summary(self, line_length: int | None = None, positions: Sequence[float] | None = None,
                print_fn: Callable[[str], Any] | None = None, expand_nested: bool = False, show_trainable: bool = False,
                layer_range: Sequence[str] | None = None) -> None:  # fmt: skip
        """Print a table of the layers with output shapes and numbers of parameters; a ValueError if it does not fit.

        Args:
            line_length: Width in characters, at most that of the terminal if not given.
            positions: Where each column ends, as fractions of the width.
            print_fn: A function that is called with the text, `print` by default.
            expand_nested: Whether to list the layers of nested models.
            show_trainable: Whether to add a column with the layers that are trainable.
            layer_range: Names, or patterns, of the first and last layer to list; each must match a layer.
        """
        summarize(self, line_length, positions, print_fn, expand_nested, show_trainable, layer_range)

    def to_json(self, **kwargs: Any) -> str:
        """Return the configuration as JSON, `json.dumps` with kwargs; a NotImplementedError if a layer has none."""
        from json import dumps  # here, since it takes long to import

        return dumps(serialize(self), **kwargs)


class _FunctionalType(type):
    """The metaclass of `Functional`: a model of any class that is made of a graph is an instance as well."""

    def __instancecheck__(cls, model: object) -> bool:
        graph = model._functional_graph if isinstance(model, Model) and "_own_graph" in vars(model) else None
        return super().__instancecheck__(model) or (cls is Functional and graph is not None)


class Functional(Model, metaclass=_FunctionalType):
    """The class of `Model(inputs, outputs)`."""


registry: Registry[Model] = Registry("keras", "model", Model)
functional_registry: Registry[Model] = Registry("keras.src.models.functional", "model", Functional)

_GRAPH = {"name", "layers", "input_layers", "output_layers"}
"""The keys in the configuration of a graph; others are arguments of a user's class."""


def takes_graph(cls: type[Model]) -> bool:
    """Return whether a class is made from inputs and outputs, as `Model` is."""
    accepted = parameters(cls.__init__)
    return accepted.positional[1:] == ("inputs", "outputs", "name") or (accepted.varargs and bool(accepted.varkw))
