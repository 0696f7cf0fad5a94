"""Small parts of Keras's API: the contexts `device` and `name_scope`, `remat`, and `Function`."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, TypeVar

from .._base.context import name_scope as open_scope
from .._base.naming import auto_name
from .._base.nested import map_shapes, map_structure
from .._core.keras_tensor import KerasTensor, Node
from ..layers import InputLayer
from ..tree import flatten
from .graph import Graph

F = TypeVar("F", bound=Callable[..., Any])


@contextmanager
def device(device_name: str) -> Iterator[None]:
    """Open a context for a device such as "gpu:1", to no effect: all runs on the CPU. A ValueError for no string.

    Example:
        >>> with device("gpu:0"):
        ...     print(1 + 1)
        2
    """
    if not isinstance(device_name, str):
        raise ValueError(f"`device_name` must be a string, such as 'cpu:0'. Received: device_name={device_name!r}.")
    yield


class name_scope(open_scope):
    """Put a name before the paths of variables that are made within; a ValueError for no text, or a slash.

    Args:
        name: The name, without a slash.
        caller: The object that opens the scope; right within a scope of the same caller, none is opened.
        deduplicate: Whether to compare the caller.
        override_parent: As in Keras; not used.

    Example:
        >>> with name_scope("outer"):
        ...     print(keras.Variable(1.0, name="v").path)
        outer/v
    """

    def __init__(self, name: str, caller: object = None, deduplicate: bool = True,
                 override_parent: str | None = None) -> None:  # fmt: skip
        if not isinstance(name, str) or "/" in name:
            raise ValueError(f"`name` must be a string without a slash. Received: name={name!r}.")
        self.name: str = name
        self.caller: object = caller
        super().__init__(name, caller if caller is not None and deduplicate else object())


def remat(f: F) -> F:
    """Return a function unchanged: on NumPy, to recompute it for the gradient would save no memory."""
    return f


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
