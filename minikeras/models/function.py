"""The computation between symbolic tensors as a function."""

from typing import Any

from .._base.naming import auto_name
from .._base.nested import map_shapes, map_structure
from .._core.keras_tensor import KerasTensor, Node
from ..layers import InputLayer
from ..tree import flatten
from .graph import Graph


class Function:
    """The computation from symbolic inputs to symbolic outputs as a function; a ValueError if inputs are missing.

    Args:
        inputs: Symbolic tensors, or a list or dict of them.
        outputs: Symbolic tensors computed from them.
        name: Its name, made up if not given.

    Example:
        >>> x = KerasTensor((None, 2))
        >>> print(Function(x, x * 2 + 1)(np.ones((1, 2), "float32")))
        Tensor([[3. 3.]], shape=(1, 2), dtype=float32)
    """

    def __init__(self, inputs: Any, outputs: Any, name: str | None = None) -> None:
        self.name: str = name or auto_name("Function")
        for x in flatten(inputs):
            if isinstance(x, KerasTensor) and x.node is None:  # made by hand
                Node(InputLayer(batch_shape=x.shape, dtype=x.dtype), (), {}, x)
        self._graph = Graph(inputs, outputs)

    @property
    def inputs(self) -> list[KerasTensor]:
        """The symbolic inputs."""
        return self._graph.inputs

    @property
    def outputs(self) -> list[KerasTensor]:
        """The symbolic outputs."""
        return self._graph.outputs

    def __call__(self, inputs: Any) -> Any:
        """Return the outputs for inputs in the structure of the symbolic ones."""
        self._graph.arrange(inputs, slice(None))
        outputs, structure = self._graph(inputs), self._graph.output_structure
        return [outputs] if isinstance(structure, list | tuple) and len(structure) == 1 else outputs

    def compute_output_shape(self, input_shape: Any) -> Any:
        """Return the outputs' shapes for the inputs'."""
        return map_structure(lambda y: y.shape, self._graph.spec(map_shapes(KerasTensor, input_shape)))
