"""The calls between symbolic inputs and symbolic outputs, which a model runs."""

from collections import Counter
from collections.abc import Callable, Iterable
from typing import Any

import numpy as np

from .. import ops
from .._base.nested import leaves, map_structure
from .._base.user_warning import warn_user
from .._core.input_spec import InputSpec
from .._core.keras_tensor import KerasTensor, Node, Operation
from .._core.tensor import Tensor
from .._serialization.configurable import is_built_in
from .._trainers.data_adapters import culprit
from .._trainers.output_matching import paths_in
from ..layers.layer import Layer
from ..layers.masks import masked_copy
from ..tree import flatten
from .order import depths_of, node_of


class Graph:
    """All calls between inputs (results of `Input`) and outputs computed from them. Both may be nested structures.

    The calls run in Keras's order, which weights, summaries and configurations have too: calls with a longer chain of
    calls after them come first, and ties follow a walk from the outputs. A ValueError for something that is no symbolic
    tensor, an output that depends on another input, or two layers of one name.

    Attributes:
        nodes: The calls, including those of the input layers.
        nested: Whether the inputs are nested deeper than one list or dict.
        operations: The layers and ops that are called, each once.
        layers: The operations that are layers.
        is_rowwise: Whether no op mixes the rows of a batch, as one over the last axis does if that is the only axis.
        is_pure: Whether no op takes a user's function.
        trains: Whether a call without `training` trains a layer, such as one that flips images at random.
        specs: The shape, name and optionality of each input.
        output_names: The names that the layers and ops of the outputs had when the graph was made.
    """

    def __init__(self, inputs: Any, outputs: Any) -> None:
        self.inputs: list[KerasTensor] = _symbolic("inputs", inputs)
        self.outputs: list[KerasTensor] = _symbolic("outputs", outputs)
        self.input_structure: Any = map_structure(lambda x: x, inputs)
        self.output_structure: Any = map_structure(lambda x: x, outputs)
        depths, operations = depths_of(self.inputs, self.outputs)
        self.nodes: list[Node] = sorted(depths, key=lambda node: -depths[node])
        self.operations: list[Any] = operations
        self.layers: list[Layer] = [operation for operation in operations if isinstance(operation, Layer)]
        has_columns = all(len(y.shape) > 1 for node in self.nodes if node.inputs for y in node.outputs)
        self.is_rowwise: bool = has_columns and all(op.rowwise() for op in operations if isinstance(op, Operation))
        self._one_a_depth: bool = len(set(depths.values())) == len(depths) == len(operations)
        arguments = leaves([[node.args, node.kwargs, getattr(node.operation, "settings", ())] for node in self.nodes])
        self.is_pure: bool = all(is_built_in(x) for x in arguments if callable(x) and not isinstance(x, type))
        self.trains: bool = any(n.kwargs.get("training") or getattr(n.operation, "_trains", False) for n in self.nodes)
        self._check_connected()
        self.output_names: list[str] = [node_of(y).operation.name for y in self.outputs]
        layers = [node_of(x).operation for x in self.inputs]
        self._paths: list[Any] = paths_in(inputs)
        self.nested: bool = any(len(path) > 1 for path in self._paths)
        by_key = isinstance(inputs, dict) and not self.nested
        self._names: list[str] = [path[0] for path in self._paths] if by_key else [layer.name for layer in layers]
        shapes = [(None, *x.shape[1:]) if x.shape else () for x in self.inputs]
        self.specs: list[InputSpec] = [InputSpec(shape=s, allow_last_axis_squeeze=True, name=n, optional=layer.optional)
                                       for s, layer, n in zip(shapes, layers, self._names, strict=True)]  # fmt: skip

    def _check_connected(self) -> None:
        connected = {id(x) for x in self.inputs}
        for node in self.nodes:
            for x in node.inputs:
                if id(x) not in connected:
                    raise ValueError(f"The graph is disconnected: '{node.operation.name}' needs the tensor {x!r} of "
                                     f"'{node_of(x).operation.name}', not connected to `inputs`.")  # fmt: skip
            if node.inputs:
                connected.update(map(id, node.outputs))
        for x in self.outputs:
            if id(x) not in connected:
                raise ValueError(f"The output {x!r} of '{node_of(x).operation.name}' is not connected to `inputs`.")
        repeated = [name for name, n in Counter(operation.name for operation in self.operations).items() if n > 1]
        if repeated:
            raise ValueError(f"The name {repeated[0]!r} is used more than once in the model. Each needs its own.")

    def __reduce__(self) -> tuple[Any, ...]:
        calls = sorted((node for node in self.nodes if node.inputs), key=lambda node: node.index)
        parts = [(node.operation, node.args, node.kwargs, node.outputs) for node in calls]
        return _restore, (self.operations, parts, self.input_structure, self.output_structure)

    def run(self, values: Iterable[Any], call: Callable[..., Any]) -> Any:
        """Return the outputs for values of `inputs`; `call` runs an operation: call(operation, *args, **kwargs)."""
        results = {id(x): value for x, value in zip(self.inputs, values, strict=True)}

        def value(x: Any) -> Any:
            return results[id(x)] if isinstance(x, KerasTensor) else x

        for node in self.nodes:
            if node.inputs:
                args, kwargs = node.fill(value)
                results.update(zip(map(id, node.outputs), flatten(call(node.operation, *args, **kwargs)), strict=True))
        return map_structure(value, self.output_structure)

    def __call__(self, inputs: Any, training: bool | None = None, mask: Any = None) -> Any:
        """Return the outputs for tensors, in the inputs' structure; `mask`, in the same one, replaces their masks."""

        def call(operation: Any, /, *args: Any, **kwargs: Any) -> Any:
            if training is not None and "training" in getattr(operation, "_takes", ()):
                kwargs["training"] = training
            return operation(*args, **kwargs)

        values = map(_as_declared, self.arrange(inputs), self.inputs)
        by_name = isinstance(self.input_structure, dict)
        if (by_name or len(self._paths) > 1) and paths_in(inputs if by_name else self._listed(inputs)) != self._paths:
            warn_user(self._mismatch(inputs))
        y = self.run(values if mask is None else map(masked_copy, values, self.arrange(mask)), call)
        return y[0] if isinstance(y, list | tuple) and len(y) == 1 else y

    def spec(self, inputs: Any) -> Any:
        """Return the outputs for symbolic inputs, without recording the calls."""
        flat = self.arrange(inputs, slice(1, None))
        if all(x.shape == own.shape for x, own in zip(flat, self.inputs, strict=True)):
            return map_structure(lambda y: KerasTensor(y.shape, y.dtype), self.output_structure)
        return self.run(flat, lambda operation, *args, **kwargs: operation.compute_output_spec(*args, **kwargs))

    def arrange(self, inputs: Any, axes: slice | None = None) -> list[Any]:
        """Return what a caller passed in the order of `inputs`; a ValueError for wrong names, or sizes in `axes`."""
        own_by_name = isinstance(self.input_structure, dict)
        in_order = self.nested or len(self._names) < 2 or not own_by_name or self._names == list(self.input_structure)
        if not (own_by_name or not self.nested if isinstance(inputs, dict) else in_order):
            raise ValueError(self._mismatch(inputs))
        flat = flatten(self._listed(inputs))
        if len(flat) != len(self._names):
            raise ValueError(f"The model has {len(self._names)} inputs, {self._names}. Received {len(flat)} tensors.")
        for x, own in zip(flat if axes else (), self.inputs, strict=False):
            _check_shape(x, own, axes)
        return flat

    def _mismatch(self, inputs: Any) -> str:
        expected = map_structure(lambda x: node_of(x).operation.name, self.input_structure)
        received = map_structure(lambda x: f"shape {np.shape(x)}", inputs)
        return (f"The structure of `inputs` doesn't match the expected structure. Expected: {expected}. "
                f"Received: {received}.")  # fmt: skip

    def _listed(self, inputs: Any) -> Any:
        """Return a dict of inputs as a list in the order of `inputs`; a ValueError for a missing name."""
        if not isinstance(inputs, dict) or self.nested:
            return inputs
        missing = [name for name in self._names if name not in inputs]
        if missing:
            raise ValueError(f"Missing data for input {missing[0]!r}. Expected {self._names}, received {list(inputs)}.")
        return [inputs[name] for name in self._names]

    def calls(self) -> dict[int, list[Node]]:
        """Return `id` of an operation -> its calls, in the order they were made."""
        calls: dict[int, list[Node]] = {id(operation): [] for operation in self.operations}
        for node in sorted(self.nodes, key=lambda node: node.index):
            calls[id(node.operation)].append(node)
        return calls

    def connections(self) -> dict[int, list[tuple[str, int, int]]] | None:
        """Return `id` of an operation -> where its inputs come from, for the summary; None for a plain chain."""
        if self._one_a_depth and all(len(node.inputs) < 2 for node in self.nodes):
            return None
        return {
            operation: [(node_of(x).operation.name, node_of(x).index, x.index) for node in nodes for x in node.inputs]
            for operation, nodes in self.calls().items()
        }


def _symbolic(argument: str, structure: Any) -> list[KerasTensor]:
    """Return the tensors in inputs or outputs, which must be symbolic."""
    tensors = flatten(structure)
    if not tensors:
        raise ValueError(f"`{argument}` cannot be empty. Received: {argument}={structure!r}.")
    for x in tensors:
        if not isinstance(x, KerasTensor):
            raise ValueError(f"All `{argument}` must be symbolic tensors: results of `Input`, or of layers called on "
                             f"them. Received: {x!r:.80} (of type {type(x).__name__}).")  # fmt: skip
    return tensors


def _restore(operations: list[Any], calls: list[tuple[Any, ...]], inputs: Any, outputs: Any) -> Graph:
    """Make the graph of a copied model: its layers are copied already, and their calls are recorded again."""
    for call in calls:
        Node(*call)
    return Graph(inputs, outputs)


def _as_declared(x: Any, own: KerasTensor) -> Any:
    """Return an input in the dtype of its `Input`; a last axis of size 1 is added or removed to fit its rank."""
    if x is None:
        return None
    if isinstance(x, Tensor) and x.dtype == "string" != own.dtype:
        raise ValueError(f"Input '{node_of(own).operation.name}' must hold numbers. Received strings of shape "
                         f"{tuple(x.shape)}{culprit(np.asarray(x.array))}. Convert them first, names of classes to "
                         "integers, or declare keras.Input(..., dtype='string').")  # fmt: skip
    x = ops.convert_to_tensor(x, own.dtype)
    if x.ndim == len(own.shape) + 1 and x.shape[-1] == 1:
        return ops.squeeze(x, -1)
    if x.ndim == len(own.shape) - 1 and own.shape[-1] == 1:
        return ops.expand_dims(x, -1)
    _check_shape(x, own)
    return x


def _check_shape(x: Any, own: KerasTensor, axes: slice | None = None) -> None:
    """Refuse an input of another rank, or with another size in `axes` if both are known. An `Input`'s 1 fits all."""
    name, received, expected = node_of(own).operation.name, np.shape(x), own.shape
    more = 0 if x is None else len(received) - len(expected)
    sizes = zip(received[axes], expected[axes], strict=False) if axes else ()
    if more or any(None not in (size, other) and size != other != 1 for size, other in sizes):
        advice = ""
        if more > 0:
            advice = " A Flatten layer after an Input of that shape, or x.reshape, makes a vector of each row."
        elif more < 0:
            advice = f" x[None] adds a batch axis{', x[..., None] a channel axis' * (len(expected) > 2)}."
        raise ValueError(f"Input '{name}' must have shape {expected}. Received a tensor of shape {received}.{advice}")
