"""Copies of models, and models from the text that `to_json` returned."""

import json
from collections.abc import Callable
from typing import Any, cast

from .._base.naming import hint
from .._base.nested import map_structure
from .._base.signature import parameters
from .._base.typing import CustomObjects
from .._core.keras_tensor import KerasTensor
from .._serialization.serialization import deserialize, serialize
from ..layers.core import Input
from ..saving.keras2_configs import modernize
from ..tree import flatten
from .model import Functional, Model, TensorStructure, takes_graph
from .sequential import Sequential


def model_from_json(json_string: str, custom_objects: CustomObjects | None = None) -> Model:
    """Return the model of a configuration written by `to_json`, with new weights; a ValueError if it describes none.

    Args:
        json_string: The configuration.
        custom_objects: The caller's classes and functions by name.

    Example:
        >>> model = keras.Sequential([keras.Input((2,)), keras.layers.Dense(1)], name="net")
        >>> model_from_json(model.to_json()).name
        'net'
    """
    try:
        config = json.loads(json_string)
    except ValueError as error:
        raise ValueError(f"model_from_json needs JSON written by to_json(). {error}.") from None
    if isinstance(config, dict) and str(config.get("keras_version", "3")) < "3":
        config = modernize(config)
    model = deserialize(config, custom_objects)
    if not isinstance(model, Model):
        raise ValueError(f"The JSON describes no model. Received: {json_string[:80]!r}.")
    return model


def clone_model(model: Model, input_tensors: TensorStructure | None = None,
                clone_function: Callable[[Any], Any] | None = None, call_function: Callable[..., Any] | None = None,
                recursive: bool = False, **kwargs: Any) -> Model:  # fmt: skip
    """Return a model of the same structure, with new layers and weights; a ValueError if the inputs do not fit.

    Args:
        model: A Sequential, a model made of a graph, or one with a configuration.
        input_tensors: The inputs of the new model, new ones if not given.
        clone_function: (layer or op) -> its replacement; by default one made from its configuration.
        call_function: (layer, *args, **kwargs) -> the result of its call, for a model made of a graph.
        recursive: Whether nested models are cloned in the same way, rather than by `clone_function`.

    Example:
        >>> model = keras.Sequential([keras.Input((2,)), keras.layers.Dense(1)], name="net")
        >>> clone_model(model).name
        'net'
    """
    if kwargs:
        known = parameters(clone_model).names
        raise ValueError(f"Unexpected keyword arguments: {tuple(kwargs)}.{hint(next(iter(kwargs)), known)}")
    if not isinstance(model, Sequential) and (not isinstance(model, Model) or model._own_graph is None):
        if any(x is not None for x in (clone_function, input_tensors, call_function)):
            raise ValueError("`input_tensors`, `clone_function` and `call_function` are for Sequential models and "
                             f"models made of a graph. Received: model={model!r}.")  # fmt: skip
        return cast(Model, deserialize(serialize(model), {type(model).__name__: type(model)}))
    if isinstance(model, Sequential) and call_function is not None:
        raise ValueError("`call_function` is for models made of a graph. Received one with a Sequential model.")
    for x in [] if input_tensors is None else flatten(input_tensors):
        if not isinstance(x, KerasTensor):
            raise ValueError(f"All entries in `input_tensors` must be symbolic tensors. Received: {x!r}.")
    clone = clone_function or (lambda layer: type(layer).from_config(layer.get_config()))
    return _Cloning(clone, recursive).model(model, input_tensors, call_function)


class _Cloning:
    """One run of `clone_model`; a layer that occurs several times is cloned once."""

    def __init__(self, clone: Callable[[Any], Any], recursive: bool) -> None:
        self.clone, self.recursive = clone, recursive
        self.copies: dict[int, Any] = {}

    def model(self, model: Model, inputs: Any, call: Callable[..., Any] | None) -> Model:
        """Return a model on new inputs, or on the given ones."""
        copy = self._chain(model, inputs) if isinstance(model, Sequential) else self._of_graph(model, inputs, call)
        if model.compiled:
            copy.compile_from_config(model.get_compile_config())
        return copy

    def _layer(self, layer: Any, call: Callable[..., Any] | None = None) -> Any:
        if id(layer) not in self.copies:
            nested = self.recursive and (isinstance(layer, Sequential) or bool(getattr(layer, "_own_graph", None)))
            self.copies[id(layer)] = self.model(layer, None, call) if nested else self.clone(layer)
        return self.copies[id(layer)]

    def _chain(self, model: Sequential, inputs: Any) -> Sequential:
        layers = [self._layer(layer) for layer in model.layers]
        entry = model._entrance
        if inputs is not None:
            if len(flatten(inputs)) != 1:
                raise ValueError("`input_tensors` must be a single tensor for a Sequential model.")
            layers.insert(0, Input(tensor=flatten(inputs)[0], name=None if entry is None else entry.name))
        elif entry is not None:
            layers.insert(0, Input(batch_shape=entry.batch_shape, dtype=entry.dtype, name=entry.name))
        return Sequential(layers, name=model.name, trainable=model.trainable)

    def _of_graph(self, model: Model, inputs: Any, call: Callable[..., Any] | None) -> Model:
        graph = model._known(model._own_graph, "graph")
        own = graph.input_structure
        if inputs is None:
            inputs = map_structure(lambda x: Input(batch_shape=x.shape, dtype=x.dtype, name=x.name), own)
        elif map_structure(type, inputs) != map_structure(type, own):
            raise ValueError(f"`input_tensors` must have the structure of the inputs, {own}. Received: {inputs}.")

        def run(operation: Any, *args: Any, **kwargs: Any) -> Any:
            layer = self._layer(operation, call)
            return layer(*args, **kwargs) if call is None else call(layer, *args, **kwargs)

        cls = type(model) if takes_graph(type(model)) else Functional
        return cls(inputs, graph.run(flatten(inputs), run), name=model.name)
