"""The graph of a model as a configuration in Keras's layout, and back."""

from collections.abc import Iterator
from graphlib import CycleError, TopologicalSorter
from typing import Any, TypeAlias

from .._base.nested import map_configs, map_structure
from .._base.settings import standardize_dtype
from .._base.signature import parameters
from .._base.typing import Config, CustomObjects
from .._core.keras_tensor import KerasTensor, Node, Operation, op_class
from .._core.op_names import OPS
from .._serialization.argument_types import is_shape
from .._serialization.serialization import deserialize as plain_of, serialize
from ..layers import InputLayer, Layer, deserialize
from ..saving.keras2_configs import arguments_of_model
from ..tree import is_nested, traverse
from .graph import Graph
from .order import node_of

Call: TypeAlias = tuple[str, int]
"""Name of a layer, and number of one of its calls."""


def _first_call(operation: Any) -> int:
    """Return where Keras starts to number the calls of inputs and outputs: 1 for those of a nested model, else 0."""
    return int(getattr(operation, "_functional_graph", None) is not None)


def to_config(graph: Graph) -> Config:
    """Return the layers of a graph, each with its calls, and its inputs and outputs."""
    calls = graph.calls()

    def history(x: KerasTensor, first: int = 0) -> list[Any]:
        operation = node_of(x).operation
        return [operation.name, first + calls[id(operation)].index(node_of(x)), x.index]

    def end(x: KerasTensor) -> list[Any]:
        return history(x, _first_call(node_of(x).operation))

    def argument(x: Any) -> Any:
        if isinstance(x, KerasTensor):
            described = {"shape": x.shape, "dtype": x.dtype, "keras_history": history(x)}
            return {"class_name": "__keras_tensor__", "config": described}
        return serialize(x)

    def layer(operation: Any) -> Config:
        config: Config = operation.serialized() if isinstance(operation, Operation) else serialize(operation)
        arguments = [node.fill(argument) for node in calls[id(operation)] if node.inputs]
        nodes = [{"args": args, "kwargs": kwargs} for args, kwargs in arguments]
        return {**config, "name": operation.name, "inbound_nodes": nodes}

    input_layers, output_layers = (map_structure(end, x) for x in (graph.input_structure, graph.output_structure))
    layers = [layer(operation) for operation in graph.operations]
    return {"layers": layers, "input_layers": input_layers, "output_layers": output_layers}


def from_config(config: Config, custom_objects: CustomObjects | None = None) -> tuple[Any, Any]:
    """Make and call the layers of a configuration; return inputs and outputs. A ValueError if parts are missing."""
    config = arguments_of_model("Functional", config)
    reader = _Reader(config["layers"], custom_objects)
    for call in reader.in_order():
        reader.run(call)
    return traverse(reader.end, config["input_layers"]), traverse(reader.end, config["output_layers"])


class _Reader:
    """The layers and ops of a configuration, made at once, and their calls, which `run` makes."""

    def __init__(self, layers: list[Config], custom_objects: CustomObjects | None) -> None:
        self.operations: dict[str, Any] = {}
        self.first: dict[str, int] = {}  # how many calls each has already, if it is shared with another model
        self.calls: dict[Call, tuple[Any, Any]] = {}  # the arguments of each call by position, and by name
        for layer in layers:
            name = layer.get("name")
            if not isinstance(name, str) or name in self.operations:
                raise ValueError(f"Each layer in a configuration must have a name of its own. Received: {name!r:.80}.")
            is_op = str(layer.get("module")).startswith(OPS)
            operation: Any = _operation(layer) if is_op else deserialize(layer, custom_objects)
            self.operations[name] = operation
            self.first[name] = 0 if isinstance(operation, InputLayer) else len(operation._inbound_nodes)
            self.calls |= {(name, i): _arguments(call) for i, call in enumerate(layer.get("inbound_nodes") or ())}

    def in_order(self) -> list[Call]:
        """Return the calls in an order to make them in: after those whose results they take, and by number."""
        sorter: TopologicalSorter[Call] = TopologicalSorter(dict.fromkeys(self.calls, ()))
        for (name, i), arguments in self.calls.items():
            needs: list[Call] = [(layer, call) for layer, call, _ in _histories(arguments)]
            if not needs:
                raise ValueError(f"Call {i} of {name!r:.80} takes no tensor.")
            sorter.add((name, i), *(need for need in [*needs, (name, i - 1)] if need in self.calls))
        try:
            return list(sorter.static_order())
        except CycleError as error:
            looped = {name for name, _ in error.args[1]}
            raise ValueError("The configuration has a loop of calls at the layers "
                             f"{[name for name in self.operations if name in looped][:5]}.") from None  # fmt: skip

    def run(self, call: Call) -> None:
        """Make a call that the configuration describes."""
        args, kwargs = map_configs(self._argument, self.calls[call])
        if not isinstance(kwargs.get("training"), bool | None):
            raise ValueError(f"`training` of call {call[1]} of {call[0]!r:.80} must be true, false or null.")
        operation = self.operations[call[0]]
        if type(operation).__name__ == "GetItem" and len(args) > 1 and isinstance(args[1], list):
            args[1] = tuple(args[1])
        _check_call(operation, args, kwargs)
        operation(*args, **kwargs)

    def end(self, x: Any) -> KerasTensor | None:
        """Return the tensor of an input or output [layer, call, index]; None for a structure of these."""
        if isinstance(x, list | tuple) and len(x) == 3 and isinstance(x[0], str):
            name, call, index = x
            return self._tensor(name, _index(call) - _first_call(self.operations.get(name)), index)
        if not is_nested(x):
            raise ValueError(f"Inputs and outputs must be lists of layer, call and index. Received: {x!r:.80}.")
        return None

    def _tensor(self, name: Any, call: Any, index: Any) -> KerasTensor:
        try:
            nodes: list[Node] = self.operations[name]._inbound_nodes
            return nodes[self.first[name] + _index(call)].outputs[_index(index)]
        except (KeyError, TypeError, IndexError):
            raise ValueError(f"There is no tensor {index!r:.40} of call {call!r:.40} of {name!r:.80}.") from None

    def _argument(self, config: Any) -> Any:
        """Return the tensor or value that a configuration among the arguments describes; other values as they are."""
        kind = config["class_name"] if isinstance(config, dict) else None
        if kind == "__keras_tensor__":
            return self._tensor(*config["config"]["keras_history"])
        if kind in (None, "function", "__slice__", "__ellipsis__", "__bytes__", "__tensor__", "__numpy__"):
            return config if kind is None else plain_of(config)
        raise ValueError(f"Calls take tensors and plain values. Received: {config!r:.200}.")


def _operation(config: Config) -> Operation:
    cls, inner = op_class(str(config.get("class_name")), str(config.get("module"))), config.get("config")
    own = config.get("registered_name") in (None, cls.__name__)
    if not isinstance(inner, dict) or not isinstance(inner.get("name"), str | None) or not own:
        raise ValueError(f"The configuration of an op must hold its name and settings. Received: {config!r:.200}.")
    return cls.from_config(inner)


def _check_call(operation: Any, args: Any, kwargs: Any) -> None:
    """Refuse arguments that `call` lacks. Without this, a layer with a `compute_output_shape` would ignore them."""
    accepted = parameters(operation.call) if isinstance(operation, Layer) else None
    if accepted is None or accepted.varargs or accepted.varkw:
        return
    unknown = kwargs.keys() - {*accepted.names, "training", "mask"}
    if unknown or len(args) > len(accepted.positional):
        raise ValueError(f"'{operation.name}' of type {type(operation).__name__} takes the arguments {accepted.names}. "
                         f"Received: {len(args)} by position, and {sorted(unknown)}.")  # fmt: skip


def _index(value: Any) -> int:
    if type(value) is not int or value < 0:
        raise ValueError(f"Calls and their results are counted from 0. Received: {value!r:.80}.")
    return value


def _arguments(call: Any) -> tuple[Any, Any]:
    """Return the arguments of a call in a configuration, by position and by name."""
    args, kwargs = (call.get("args"), call.get("kwargs")) if isinstance(call, dict) else (None, None)
    if not isinstance(args, list | tuple) or not isinstance(kwargs, dict):
        raise ValueError(f"A call in a configuration must have 'args' and 'kwargs'. Received: {call!r:.200}.")
    return args, kwargs


def _histories(structure: Any) -> Iterator[tuple[Any, Any, Any]]:
    """Yield (layer, call, index) of each tensor among the arguments of a call."""
    if isinstance(structure, dict) and structure.get("class_name") == "__keras_tensor__":
        config = structure["config"]
        if not is_shape(config.get("shape")):
            raise ValueError(f"The shape of a tensor must be a list of sizes. Received: {config['shape']!r:.80}.")
        standardize_dtype(str(config.get("dtype", "float32")))  # a ValueError if it is no dtype
        name, call, index = config["keras_history"]
        yield name, _index(call), index
    elif isinstance(structure, dict | list | tuple):
        for item in structure.values() if isinstance(structure, dict) else structure:
            yield from _histories(item)
