"""The calls that lead from symbolic inputs to symbolic outputs, in order: what a model runs, and its configuration."""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from typing import Any, TypeAlias, cast

from . import ops
from ._annotation import is_shape
from ._signature import parameters
from ._state import standardize_dtype
from ._structure import map_structure
from ._typing import Config, CustomObjects
from .input_spec import InputSpec
from .layers.base import Layer, deserialize, mask_of, masked
from .layers.core import InputLayer
from .registry import array_of, serialize
from .symbolic import KerasTensor, Node, Operation, flatten, op_class
from .tensor import Tensor

Call: TypeAlias = tuple[str, int]
"""Name of a layer and number of a call of it."""


class Graph:
    """All calls between inputs and outputs.

    They run in Keras's order, which is that of its weights, summaries and configurations: first the calls with the
    most calls after them; where these are equally many, in the order in which a walk from the outputs meets the layers.

    Args:
        inputs: Results of `Input`, one or a structure of them.
        outputs: Tensors computed from them, one or a structure of them.

    Attributes:
        nodes: The calls, those of the inputs among them.
        operations: The layers and ops that they call, each once.
        fixes_training: Whether a call says by itself if it is for training, where nobody else does.
        specs: What each input must look like.

    Raises:
        ValueError: if something is no symbolic tensor, an output depends on another input, or two layers share a name.
    """

    def __init__(self, inputs: Any, outputs: Any) -> None:
        for argument, structure in (("inputs", inputs), ("outputs", outputs)):
            if not flatten(structure):
                raise ValueError(f"`{argument}` cannot be empty. Received: {argument}={structure!r}.")
            for x in flatten(structure):
                if not isinstance(x, KerasTensor):
                    raise ValueError(
                        f"All `{argument}` must be symbolic tensors, as `Input` and layers called on its result give "
                        f"them. Received: {x!r} (of type {type(x).__name__})."
                    )
        self.input_structure: Any = map_structure(lambda x: x, inputs)
        self.output_structure: Any = map_structure(lambda x: x, outputs)
        self.inputs: list[KerasTensor] = flatten(inputs)
        self.outputs: list[KerasTensor] = flatten(outputs)
        nodes, operations = _in_order(self.inputs, self.outputs)
        self.nodes: list[Node] = nodes
        self.operations: list[Any] = operations
        self.fixes_training: bool = any("training" in node.kwargs for node in self.nodes)
        self._check_connected()
        repeated = [name for name, n in Counter(operation.name for operation in self.operations).items() if n > 1]
        if repeated:
            raise ValueError(
                f"The name {repeated[0]!r} is used more than once in the model. All layers and ops must have names of "
                "their own."
            )
        layers = [_node(x).operation for x in self.inputs]
        by_key = isinstance(inputs, dict) and len(inputs) == len(layers)
        names = sorted(inputs) if by_key else [layer.name for layer in layers]
        self.specs: list[InputSpec] = [
            InputSpec(
                shape=(None, *x.shape[1:]) if x.shape else (),
                allow_last_axis_squeeze=True,
                name=name,
                optional=layer.optional,
            )
            for x, layer, name in zip(self.inputs, layers, names, strict=True)
        ]

    def _check_connected(self) -> None:
        known = {id(x) for x in self.inputs}
        for node in self.nodes:
            for x in node.inputs:
                if id(x) not in known:
                    raise ValueError(
                        f"The graph is disconnected: '{node.operation.name}' needs the tensor {x!r} that "
                        f"'{_node(x).operation.name}' gives, which is not connected to `inputs`."
                    )
            if node.inputs:
                known.update(map(id, node.outputs))
        for x in self.outputs:
            if id(x) not in known:
                raise ValueError(
                    f"The output {x!r}, which '{_node(x).operation.name}' gives, is not connected to `inputs`."
                )

    def __reduce__(self) -> tuple[Any, ...]:
        calls = sorted((node for node in self.nodes if node.inputs), key=lambda node: node.index)
        parts = [(node.operation, node.args, node.kwargs, node.outputs) for node in calls]
        return _restore, (self.operations, parts, self.input_structure, self.output_structure)

    # --- running ----------------------------------------------------------------------------------------------

    def run(self, values: Iterable[Any], call: Callable[..., Any]) -> Any:
        """Return the outputs for values of the inputs, in their structure.

        Args:
            values: What stands for each of `inputs`.
            call: (operation, *args, **kwargs) -> the result of one call.
        """
        found = {id(x): value for x, value in zip(self.inputs, values, strict=True)}

        def value(x: Any) -> Any:
            return found[id(x)] if isinstance(x, KerasTensor) else x

        for node in self.nodes:
            if node.inputs:
                args, kwargs = node.fill(value)
                found.update(zip(map(id, node.outputs), flatten(call(node.operation, *args, **kwargs)), strict=True))
        return map_structure(value, self.output_structure)

    def __call__(self, inputs: Any, training: bool | None = None, mask: Any = None) -> Any:
        """Return the outputs for tensors, as a list, tuple or dict of the inputs' names.

        Args:
            inputs: The tensors.
            training: What calls that take `training` get, if anything.
            mask: The masks of the inputs, in their structure; their own if not given.
        """

        def call(operation: Any, /, *args: Any, **kwargs: Any) -> Any:
            if training is not None and "training" in getattr(operation, "_takes", ()):
                kwargs["training"] = training
            return operation(*args, **kwargs)

        values = map(_fit, self.arrange(inputs), self.inputs)
        y = self.run(values if mask is None else map(attach, values, self.arrange(mask)), call)
        return y[0] if isinstance(y, list | tuple) and len(y) == 1 else y

    def spec(self, inputs: Any) -> Any:
        """Return the outputs for symbolic inputs, without noting any calls."""
        flat = self.arrange(inputs)
        for x, known in zip(flat, self.inputs, strict=True):
            _check(x, known)
        if all(x.shape == known.shape for x, known in zip(flat, self.inputs, strict=True)):
            return map_structure(lambda y: KerasTensor(y.shape, y.dtype), self.output_structure)
        return self.run(flat, lambda operation, *args, **kwargs: operation.compute_output_spec(*args, **kwargs))

    def arrange(self, inputs: Any) -> list[Any]:
        """Return what a caller passed in the order of `inputs`.

        Raises:
            ValueError: if a name is missing, or the number is another.
        """
        names = [spec.name for spec in self.specs]
        if isinstance(inputs, dict):
            missing = [name for name in names if name not in inputs]
            if missing:
                raise ValueError(f"Missing data for input {missing[0]!r}. Expected {names}, received {list(inputs)}.")
            return [inputs[name] for name in names]
        if isinstance(self.input_structure, dict) and len(names) > 1 and names != list(self.input_structure):
            raise ValueError(f"The model has inputs by name: pass a dict with {names}. Received: {type(inputs)}.")
        flat = flatten(inputs)
        if len(flat) != len(names):
            raise ValueError(f"The model has {len(names)} inputs, {names}. Received {len(flat)} tensors.")
        return flat

    def rowwise(self) -> bool:
        """Tell whether no op mixes the rows of a batch."""
        return all(operation.rowwise() for operation in self.operations if isinstance(operation, Operation))

    # --- description ------------------------------------------------------------------------------------------

    def connections(self) -> dict[int, list[tuple[str, int, int]]] | None:
        """Return where the inputs of each operation come from, by its id, for the summary; None for a plain chain."""
        depths = _depths(self.inputs, self.outputs)[0]
        one_each = len(set(depths.values())) == len(depths) == len(self.operations)
        if one_each and all(len(node.inputs) < 2 for node in self.nodes):
            return None
        found: dict[int, list[tuple[str, int, int]]] = {id(operation): [] for operation in self.operations}
        for node in sorted(self.nodes, key=lambda node: node.index):
            found[id(node.operation)] += [(_node(x).operation.name, _node(x).index, x.index) for x in node.inputs]
        return found

    def get_config(self) -> Config:
        """Return the layers with the calls of each, in Keras's layout."""
        calls: dict[int, list[Node]] = {id(operation): [] for operation in self.operations}
        for node in sorted(self.nodes, key=lambda node: node.index):
            calls[id(node.operation)].append(node)

        def history(x: KerasTensor, first: int = 0) -> list[Any]:
            operation = _node(x).operation
            return [operation.name, first + calls[id(operation)].index(_node(x)), x.index]

        def write(x: Any) -> Any:
            if isinstance(x, KerasTensor):
                config = {"shape": x.shape, "dtype": x.dtype, "keras_history": history(x)}
                return {"class_name": "__keras_tensor__", "config": config}
            if isinstance(x, slice):
                config = {name: serialize(getattr(x, name)) for name in ("start", "stop", "step")}
                return {"class_name": "__slice__", "config": config}
            if x is ...:
                return {"class_name": "__ellipsis__", "config": {}}
            if isinstance(x, Tensor):
                return {**serialize(x.numpy()), "class_name": "__tensor__"}
            return serialize(x)

        def end(x: KerasTensor) -> list[Any]:  # Keras counts the calls of a nested model from 1 here
            return history(x, getattr(_node(x).operation, "_first_call", 0))

        layers = []
        for operation in self.operations:
            config = operation.serialized() if isinstance(operation, Operation) else serialize(operation)
            arguments = [node.fill(write) for node in calls[id(operation)] if node.inputs]
            config["name"] = operation.name
            config["inbound_nodes"] = [{"args": args, "kwargs": kwargs} for args, kwargs in arguments]
            layers.append(config)
        return {
            "layers": layers,
            "input_layers": map_structure(end, self.input_structure),
            "output_layers": map_structure(end, self.output_structure),
        }


def from_config(config: Config, custom_objects: CustomObjects | None = None) -> tuple[Any, Any]:
    """Make the layers of a configuration, call them, and return inputs and outputs.

    Raises:
        ValueError: if it names something unknown, or a call needs what no other call gives.
    """
    made: dict[str, Any] = {}
    first: dict[str, int] = {}
    calls: dict[Call, tuple[Any, Any]] = {}
    for layer in config["layers"]:
        name = layer.get("name")
        if not isinstance(name, str) or name in made:
            raise ValueError(f"Each layer in a configuration must have a name of its own. Received: {name!r:.80}.")
        is_op = str(layer.get("module")).startswith("keras.src.ops.")
        made[name] = _operation(layer) if is_op else deserialize(layer, custom_objects)
        # A layer that another model shares has calls which this configuration does not count.
        first[name] = 0 if isinstance(made[name], InputLayer) else len(made[name]._inbound_nodes)
        calls |= {(name, i): _arguments(call) for i, call in enumerate(layer.get("inbound_nodes") or ())}

    def tensor(name: Any, call: Any, index: Any) -> KerasTensor:
        found = made.get(name) if isinstance(name, str) else None
        try:
            return cast(KerasTensor, found._inbound_nodes[first[name] + _index(call)].outputs[_index(index)])  # type: ignore[union-attr]
        except (AttributeError, IndexError):
            raise ValueError(
                f"The configuration has no tensor {index!r:.40} of call {call!r:.40} of {name!r:.80}."
            ) from None

    waiting: dict[Call, set[Call]] = {}
    needed_by: dict[Call, list[Call]] = {}
    for call, arguments in calls.items():
        name, i = call
        needs = {(x[0], x[1]) for x in _histories(arguments)} | ({(name, i - 1)} if i else set())
        if not any(True for _ in _histories(arguments)):
            raise ValueError(f"Call {i} of {name!r:.80} takes no tensor.")
        waiting[call] = {need for need in needs if need in calls}
        for need in waiting[call]:
            needed_by.setdefault(need, []).append(call)
    ready = [call for call, needs in waiting.items() if not needs]
    for call in ready:  # which grows while it is run through
        args, kwargs = _filled(calls[call], tensor)
        if not isinstance(kwargs.get("training"), bool | None):
            raise ValueError(f"`training` of call {call[1]} of {call[0]!r:.80} must be true, false or null.")
        operation = made[call[0]]
        if type(operation).__name__ == "GetItem" and len(args) > 1 and isinstance(args[1], list):
            args[1] = tuple(args[1])
        _check_call(operation, args, kwargs)
        operation(*args, **kwargs)
        for later in needed_by.get(call, ()):
            waiting[later].discard(call)
            if not waiting[later]:
                ready.append(later)
    if len(ready) < len(calls):
        stuck = list(dict.fromkeys(name for (name, _), needs in waiting.items() if needs))[:5]
        raise ValueError(f"The configuration has a loop, or calls that nothing leads to, at the layers {stuck}.")

    def end(x: Any) -> Any:
        if isinstance(x, list | tuple) and len(x) == 3 and isinstance(x[0], str):
            name, call, index = x
            return tensor(name, _index(call) - getattr(made.get(name), "_first_call", 0), index)
        if isinstance(x, dict):
            return {key: end(value) for key, value in x.items()}
        if isinstance(x, list | tuple):
            return [end(item) for item in x]
        raise ValueError(f"Inputs and outputs are named by layer, call and place. Received: {x!r:.80}.")

    return end(config["input_layers"]), end(config["output_layers"])


def _operation(config: Config) -> Operation:
    cls, inner = op_class(str(config.get("class_name"))), config.get("config")
    own = config.get("registered_name") in (None, cls.__name__)
    if not isinstance(inner, dict) or not isinstance(inner.get("name"), str | None) or not own:
        raise ValueError(f"The configuration of an op must hold its name and settings. Received: {config!r:.200}.")
    return cls.from_config(inner)


def _check_call(operation: Any, args: Any, kwargs: Any) -> None:
    """Refuse arguments that `call` does not have, which a layer that tells its output's shape would not notice."""
    accepted = parameters(operation.call) if isinstance(operation, Layer) else None
    if accepted is None or accepted.varargs or accepted.varkw:
        return
    unknown = kwargs.keys() - {*accepted.names, "training", "mask"}
    if unknown or len(args) > len(accepted.positional):
        raise ValueError(
            f"'{operation.name}' of type {type(operation).__name__} takes the arguments {accepted.names}. Received: "
            f"{len(args)} by position, and {sorted(unknown)}."
        )


def _index(value: Any) -> int:
    if type(value) is not int or value < 0:
        raise ValueError(f"Calls and their results are counted from 0. Received: {value!r:.80}.")
    return value


def _arguments(call: Any) -> tuple[Any, Any]:
    """Return the arguments of a call in a configuration, by position and by name."""
    if (
        not isinstance(call, dict)
        or not isinstance(call.get("args"), list | tuple)
        or not isinstance(call.get("kwargs"), dict)
    ):
        raise ValueError(f"A call in a configuration must have 'args' and 'kwargs'. Received: {call!r:.200}.")
    return call["args"], call["kwargs"]


def _histories(structure: Any) -> Iterator[tuple[Any, Any, Any]]:
    """Yield the layer, call and place of each tensor among the arguments of a call."""
    if isinstance(structure, dict) and structure.get("class_name") == "__keras_tensor__":
        config = structure["config"]
        if not is_shape(config.get("shape")):
            raise ValueError(f"The shape of a tensor must be a list of sizes. Received: {config['shape']!r:.80}.")
        standardize_dtype(str(config.get("dtype", "float32")))  # refused if it is none
        name, call, index = config["keras_history"]
        yield name, _index(call), index
    elif isinstance(structure, dict | list | tuple):
        for item in structure.values() if isinstance(structure, dict) else structure:
            yield from _histories(item)


def _filled(structure: Any, tensor: Callable[..., KerasTensor]) -> Any:
    """Return arguments with the tensors that their configurations stand for."""
    if isinstance(structure, list | tuple):
        return [_filled(item, tensor) for item in structure]
    kind = structure.get("class_name") if isinstance(structure, dict) else None
    if kind == "__keras_tensor__":
        return tensor(*structure["config"]["keras_history"])
    if kind == "__slice__":
        return slice(*(structure["config"][name] for name in ("start", "stop", "step")))
    if kind == "__ellipsis__":
        return ...
    if kind in ("__tensor__", "__numpy__"):
        return array_of(structure)
    if kind is not None:
        raise ValueError(f"Calls take tensors and plain values. Received: {structure!r:.200}.")
    return (
        {key: _filled(value, tensor) for key, value in structure.items()} if isinstance(structure, dict) else structure
    )


def copy_calls(inputs: Any, outputs: Any, enter: Callable[[KerasTensor], KerasTensor]) -> tuple[Any, Any]:
    """Call the same layers again between tensors that are no results of `Input`, and return inputs and outputs.

    Args:
        inputs: Where to begin.
        outputs: Where to end.
        enter: Makes the `Input` that takes the place of a tensor.
    """
    copies: dict[int, KerasTensor] = {}
    for x in flatten(inputs):
        copies[id(x)] = enter(x) if _node(x).inputs else x

    def copy(x: Any) -> Any:
        if not isinstance(x, KerasTensor) or not (id(x) in copies or _node(x).inputs):
            return x
        if id(x) not in copies:
            copies[id(x)] = KerasTensor(x.shape, x.dtype, f"{x.name}_clone")
        return copies[id(x)]

    new_outputs = map_structure(copy, outputs)
    for node in _walk(flatten(inputs), flatten(outputs))[0]:
        if node.inputs:
            Node(node.operation, *node.fill(copy), [copy(y) for y in node.outputs])
    return map_structure(copy, inputs), new_outputs


def _node(x: KerasTensor) -> Node:
    """Return the call that gave a tensor.

    Raises:
        ValueError: if none did.
    """
    if x.node is None:
        raise ValueError(f"The tensor {x!r} comes from no `Input` and no layer: a model cannot contain it.")
    return x.node


def _walk(inputs: list[KerasTensor], outputs: list[KerasTensor]) -> tuple[list[Node], list[Any]]:
    """Return the calls that outputs depend on, each after those it depends on, and what is called as it is met."""
    ends = {id(x) for x in inputs}
    seen: set[int] = set()
    order: list[Node] = []
    met: dict[int, Any] = {}
    for output in outputs:
        stack = [iter([output])]
        open_nodes: list[Node] = []
        while stack:
            x = next(stack[-1], None)
            if x is None:
                stack.pop()
                order += [open_nodes.pop()] if open_nodes else []
                continue
            node = _node(x)
            if id(node) not in seen and not (node.inputs and id(x) in ends):
                seen.add(id(node))
                met.setdefault(id(node.operation), node.operation)
                open_nodes.append(node)
                stack.append(iter(node.inputs))
    return order, list(met.values())


def _depths(inputs: list[KerasTensor], outputs: list[KerasTensor]) -> tuple[dict[Node, int], list[Any]]:
    """Return how many calls come after each call at most, and all operations in order.

    Every call of an operation counts as deep as the deepest one met before it, as in Keras.
    """
    order, met = _walk(inputs, outputs)
    inside = set(order)
    depths: dict[Node, int] = {}
    deepest: dict[int, int] = {}
    for node in reversed(order):
        depth = max(depths.setdefault(node, 0), deepest.get(id(node.operation), 0))
        depths[node] = deepest[id(node.operation)] = depth
        for x in node.inputs:
            before = _node(x)
            if before in inside:
                depths[before] = max(depth + 1, depths.get(before, 0))
    unused = [_node(x) for x in inputs if id(_node(x).operation) not in deepest]
    depths |= dict.fromkeys(unused, 0)
    found = {id(operation): operation for operation in [*(node.operation for node in unused), *met]}
    return depths, sorted(found.values(), key=lambda operation: -deepest.get(id(operation), 0))


def _in_order(inputs: list[KerasTensor], outputs: list[KerasTensor]) -> tuple[list[Node], list[Any]]:
    depths, operations = _depths(inputs, outputs)
    return sorted(depths, key=lambda node: -depths[node]), operations


def _restore(operations: list[Any], calls: list[tuple[Any, ...]], inputs: Any, outputs: Any) -> Graph:
    """Make the graph of a copy: its layers have been copied before, and what they did is noted again."""
    for call in calls:
        Node(*call)
    return Graph(inputs, outputs)


def attach(x: Any, mask: Any) -> Any:
    """Return a tensor with a mask, itself where that is none or its own."""
    return x if mask is None or mask_of(x) is mask else masked(ops.copy(x), mask)


def _fit(x: Any, known: KerasTensor) -> Any:
    """Return an input in the dtype of its `Input`, and in its rank where only a last axis of 1 differs."""
    if x is None:
        return None
    if isinstance(x, Tensor) and x.dtype == "string" != known.dtype:
        raise ValueError(
            f"Input '{_node(known).operation.name}' must hold numbers. Received strings of shape {tuple(x.shape)}. "
            "Convert them first, names of classes to integers, or declare keras.Input(..., dtype='string')."
        )
    x = ops.convert_to_tensor(x, known.dtype)
    if x.ndim == len(known.shape) + 1 and x.shape[-1] == 1:
        return ops.squeeze(x, -1)
    if x.ndim == len(known.shape) - 1 and known.shape[-1] == 1:
        return ops.expand_dims(x, -1)
    _check(x, known)
    return x


def _check(x: Any, known: KerasTensor) -> None:
    sizes = zip(x.shape[1:], known.shape[1:], strict=False)
    if len(x.shape) != len(known.shape) or any(None not in (m, n) and m != n for m, n in sizes):
        raise ValueError(
            f"Input '{_node(known).operation.name}' must have shape {known.shape}. Received a tensor of shape "
            f"{x.shape}."
        )
