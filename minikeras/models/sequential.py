"""Models that are chains of layers."""

from collections.abc import Iterable, Sequence
from functools import reduce
from typing import TYPE_CHECKING, Any, ClassVar, Self, cast

import numpy as np

from .. import dtype_policies
from .._base.context import all_or_nothing, context
from .._base.naming import auto_name
from .._base.typing import Config, CustomObjects, DTypeName, PartialShape, ShapeLike
from .._core.keras_tensor import KerasTensor
from .._core.tensor import Tensor
from .._serialization.argument_types import is_shape
from .._serialization.serialization import serialize
from ..layers import InputLayer, Layer, deserialize
from ..layers.masks import masked_copy
from ..saving.keras2_configs import arguments_of_model
from .graph import Graph
from .model import Model


class Sequential(Model):
    """A chain of layers: the output of each is the input of the next.

    With an `Input` (or `input_shape=` on the first layer) it builds as layers are added; without one, at the
    first call, or with `build`. A ValueError for something that is no layer, or two layers of one name.

    Args:
        layers: The layers, in order.

    Example:
        >>> model = Sequential([keras.Input((2,)), keras.layers.Dense(3), keras.layers.Dense(1)])
        >>> model.output_shape, model.count_params()
        ((None, 1), 13)
    """

    _arguments = ()
    _without_graph: ClassVar[str] = f"{Model._without_graph} yet. Build it first"
    _functional_graph = None
    _functional_names = frozenset()
    _layers_first = True

    def __init__(self, layers: Sequence[Layer | KerasTensor] | None = None, trainable: bool = True,
                 name: str | None = None) -> None:  # fmt: skip
        if any(isinstance(x, Layer) for x in (layers, trainable)):
            error = TypeError if trainable is True else ValueError
            raise error("The layers of a Sequential model go into a list: Sequential([Input((2,)), Dense(1)]).")
        super().__init__(trainable=trainable, name=name)
        self._layers: list[Layer] = []
        self.__extend(layers or ())

    def add(self, layer: Layer | KerasTensor, rebuild: bool = True) -> None:
        """Add a layer at the end; a ValueError if it is no layer, its name is taken, or it is a second input.

        Args:
            layer: The layer, or the result of `Input`.
            rebuild: Whether to build at once, if the input shape is known.
        """
        with all_or_nothing(self):
            self.__extend([layer], rebuild)

    def __extend(self, layers: Iterable[Any], rebuild: bool = True) -> None:
        named = {layer.name: layer for layer in self._layers}
        for layer in layers:
            self._append(layer, named)
        self.__restart(rebuild)

    def _append(self, layer: Any, named: dict[str, Layer]) -> None:
        if isinstance(layer, KerasTensor) and layer.node and isinstance(layer.node.operation, InputLayer):
            layer = layer.node.operation
        if not isinstance(layer, Layer):
            raise ValueError("Only instances of `Layer` can be added to a Sequential model, such as Flatten() with its "
                             f"parentheses. Received: {layer!r} (of type {type(layer).__name__}).")  # fmt: skip
        shape = vars(layer).get("_input_shape_arg")
        if not self._layers and shape is not None:
            self._layers.append(InputLayer(shape))
        if named.setdefault(layer.name, layer) is not layer:
            raise ValueError(f"All layers added to a Sequential model should have unique names. Name '{layer.name}' is "
                             "already the name of a layer in this model. Pass a unique `name`.")  # fmt: skip
        if isinstance(layer, InputLayer) and self._entrance is not None:
            raise ValueError(f"Sequential model '{self.name}' has already been configured to use input shape "
                             f"{self._entrance.batch_shape}. You cannot add another Input layer to it.")  # fmt: skip
        self._layers.append(layer)

    def pop(self, rebuild: bool = True) -> Layer:
        """Remove the last layer and return it; an IndexError if there is none."""
        with all_or_nothing(self):
            layer = self._layers.pop()
            self.__restart(rebuild)
        return layer

    def __restart(self, rebuild: bool) -> None:
        """Drop the graph. Build another one, if that is wanted and the first layer knows the shape of its input."""
        self.built = False
        self._own_graph = None
        if rebuild and len(self._layers) > 1:
            first = self._layers[0]
            if isinstance(first, InputLayer):
                self.build(first.batch_shape)
            elif isinstance(first, Model) and first._own_graph is not None:
                self.build(first.input_shape)

    def _locked(self) -> bool:
        return False

    def build(self, input_shape: ShapeLike | None = None) -> None:
        """Make all weights for an input shape, None where open; a ValueError without layers, or if it has another."""
        if not self._layers:
            raise ValueError(f"Sequential model {self.name} cannot be built because it has no layers. Call "
                             "`model.add(layer)`.")  # fmt: skip
        entry = self._entrance
        if entry is None:
            if not np.iterable(input_shape) or not all(isinstance(n, int | np.integer | None) for n in input_shape):
                return
            entry = InputLayer(batch_shape=input_shape, dtype=self._layers[0].compute_dtype)
        elif input_shape is not None and tuple(input_shape) != entry.batch_shape:
            raise ValueError(f"Sequential model '{self.name}' has already been configured to use input shape "
                             f"{entry.batch_shape}. You cannot build it with {tuple(input_shape)}.")  # fmt: skip
        x = entry.output
        try:
            for layer in self.layers:
                x = layer(x)
        except NotImplementedError:  # a layer does not know its output's shape: `call` runs the layers, without a graph
            return
        self._layers[:] = [entry, *self.layers]
        auto_name("functional")  # uses up a name, as the Functional inside Keras's Sequential does
        self._follow(Graph(entry.output, x))
        self.input_spec: Any = None  # other shapes will do, if the layers take them

    def _maybe_build(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> None:
        if context.unbuilt_calls is None or not isinstance(args[0], Tensor):
            super()._maybe_build(args, kwargs)
        else:  # only after the second dry run it is known which sizes are open
            context.unbuilt_calls.setdefault(self, []).append((context.scopes[:], (None, *args[0].shape[1:])))

    @property
    def _entrance(self) -> InputLayer | None:
        """The input layer, None if the input is not known."""
        first = self._layers[0] if self._layers else None
        return first if isinstance(first, InputLayer) else None

    @property
    def layers(self) -> list[Layer]:
        """The layers, in order, without the input."""
        return self._layers[self._entrance is not None :]

    def call(self, inputs: Any, training: bool | None = None, mask: Any = None) -> Any:
        """Run the layers one after the other."""
        if self._own_graph is not None:
            return self._own_graph(inputs, training, mask)
        if not isinstance(inputs, list | tuple | dict):
            inputs = masked_copy(inputs, mask)
        for layer in self.layers:
            inputs = layer(inputs, training=training) if "training" in layer._takes else layer(inputs)
        return inputs

    def compute_output_shape(self, input_shape: Any) -> Any:
        if self._own_graph is not None:
            return super().compute_output_shape(input_shape)
        return reduce(lambda shape, layer: layer.compute_output_shape(shape), self.layers, input_shape)

    def compute_output_spec(self, *args: Any, **kwargs: Any) -> Any:
        if self._own_graph is not None:
            return self._own_graph.spec(args[0])
        return reduce(lambda x, layer: layer(x), self.layers, args[0])

    @property
    def input_dtype(self) -> DTypeName:
        return self.compute_dtype if self._entrance is None else self._entrance.dtype

    if TYPE_CHECKING:  # one shape, where other models may have several

        @property
        def input_shape(self) -> PartialShape: ...

        @property
        def output_shape(self) -> PartialShape: ...

    def get_config(self) -> Config:
        """Return the configurations of the layers, and the input shape if the model is built."""
        config = super().get_config()
        config["layers"] = [serialize(layer) for layer in self._layers]
        if self._own_graph is not None:
            config["build_input_shape"] = cast(InputLayer, self._entrance).batch_shape
        return config

    @classmethod
    def from_config(cls, config: Config, custom_objects: CustomObjects | None = None) -> Self:
        """Return the model of a configuration, with new weights; a ValueError without name, or for unknown layers."""
        if "name" not in config or "layers" not in config:
            raise ValueError("A Sequential model configuration must be a dictionary containing the 'name' and 'layers' "
                             f"keys. Received: config={config}.")  # fmt: skip
        config = arguments_of_model("Sequential", config)
        model = cls(name=config["name"])  # its layers know whether they are frozen
        model.__extend(deserialize(layer, custom_objects) for layer in config["layers"])
        if model._own_graph is not None:
            for _ in model._layers[2:]:  # Keras adds layers one by one, with a new Functional inside after each
                auto_name("functional")
        shape = config.get("build_input_shape")
        if not is_shape(shape):
            raise ValueError(f"'build_input_shape' must be a shape. Received: {shape!r:.80}.")
        dtype_policies.get(config.get("dtype"))  # a ValueError if it is no policy; the layers have their own
        if model._own_graph is None and isinstance(shape, list | tuple) and shape:
            model.build(tuple(shape))
        return model
