"""The order of the calls between inputs and outputs, which is that of weights and summaries; and copies of calls."""

from collections.abc import Callable, Iterator
from typing import Any

from .._base.nested import map_structure
from .._core.keras_tensor import KerasTensor, Node
from ..tree import flatten


def node_of(x: KerasTensor) -> Node:
    """Return the call that returned a tensor; a ValueError if there is none."""
    if x.node is None:
        raise ValueError(f"The tensor {x!r} comes from no `Input` and no layer: a model cannot contain it.")
    return x.node


def walk(inputs: list[KerasTensor], outputs: list[KerasTensor]) -> tuple[list[Node], list[Node]]:
    """Return the calls that outputs depend on in two orders: each after those it depends on, and as they are met."""
    ends = {id(x) for x in inputs}
    order: list[Node] = []
    met: dict[Node, None] = {}
    stack: list[tuple[Node | None, Iterator[KerasTensor]]] = [(None, iter(outputs))]  # a call, its inputs yet to visit
    while stack:
        node, tensors = stack[-1]
        for x in tensors:
            before = node_of(x)
            if before not in met and not (before.inputs and id(x) in ends):
                met[before] = None
                stack.append((before, iter(before.inputs)))
                break
        else:
            stack.pop()
            order += [node] if node else []
    return order, list(met)


def get_source_inputs(tensor: Any) -> Any:
    """Return the inputs that a symbolic tensor depends on; anything else is returned itself.

    Example:
        >>> x, y = keras.Input((2,), name="x"), keras.Input((2,), name="y")
        >>> [tensor.name for tensor in get_source_inputs(keras.layers.Dense(1)(x + y) * x)]
        ['x', 'y']
    """
    if not isinstance(tensor, KerasTensor) or tensor.node is None:
        return tensor
    return [x for node in walk([], [tensor])[0] if not node.inputs for x in node.outputs]


def depths_of(inputs: list[KerasTensor], outputs: list[KerasTensor]) -> tuple[dict[Node, int], list[Any]]:
    """Return the depth of each call, the length of the longest chain of calls after it; and all operations in order.

    As in Keras, a call is at least as deep as the calls of the same operation that were met before it.
    """
    order, met = walk(inputs, outputs)
    inside = set(order)
    depths: dict[Node, int] = {}
    deepest: dict[int, int] = {}
    for node in reversed(order):
        depth = max(depths.setdefault(node, 0), deepest.get(id(node.operation), 0))
        depths[node] = deepest[id(node.operation)] = depth
        for x in node.inputs:
            before = node_of(x)
            if before in inside:
                depths[before] = max(depth + 1, depths.get(before, 0))
    unused = [node_of(x) for x in inputs if id(node_of(x).operation) not in deepest]
    depths |= dict.fromkeys(unused, 0)
    operations = {id(node.operation): node.operation for node in [*unused, *met]}
    return depths, sorted(operations.values(), key=lambda operation: -deepest.get(id(operation), 0))


def copy_calls(inputs: Any, outputs: Any, enter: Callable[..., KerasTensor]) -> tuple[Any, Any]:
    """Repeat calls with new inputs, made by `enter`, in place of computed ones; return the new inputs and outputs."""
    copies: dict[int, KerasTensor] = {}
    for x in flatten(inputs):
        copies[id(x)] = enter(batch_shape=x.shape, dtype=x.dtype, name=f"{x.name}CLONE") if node_of(x).inputs else x

    def copy(x: Any) -> Any:
        if not isinstance(x, KerasTensor) or not (id(x) in copies or node_of(x).inputs):
            return x
        if id(x) not in copies:
            copies[id(x)] = KerasTensor(x.shape, x.dtype, name=f"{x.name}_clone")
        return copies[id(x)]

    new_outputs = map_structure(copy, outputs)
    for node in walk(flatten(inputs), flatten(outputs))[0]:
        if node.inputs:
            Node(node.operation, *node.fill(copy), [copy(y) for y in node.outputs])
    return map_structure(copy, inputs), new_outputs
