"""Models: layers put together, which can be trained, described and run."""

import json
from collections.abc import Callable, Sequence
from os import PathLike
from typing import Any, cast

import numpy as np

from . import ops
from ._typing import Config, CustomObjects, PartialShape, ShapeLike
from .input_spec import InputSpec
from .layers.base import Layer
from .layers.core import InputLayer
from .registry import Registry, deserialize, serialize
from .saving.npz import load_weights, save_weights
from .summary import summarize
from .symbolic import KerasTensor
from .tensor import Tensor
from .training import Trainer

_LATER = frozenset({"save", "export"})
registry: Registry["Model"] = Registry("keras", "model")


class Model(Trainer):
    """A layer that holds others, with methods to train it, to predict and to print a summary.

    A subclass makes its layers in `__init__` and calls them in `call`.

    Args:
        name: The model's name, made up from its class if not given.
        trainable: Whether training changes its weights.
        dtype: Dtype or policy of its computations.

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

    def __getattr__(self, name: str) -> Any:
        if name in _LATER:
            raise AttributeError(
                f"'{type(self).__name__}' object has no attribute '{name}': this release of minikeras saves weights, "
                "with `save_weights('name.weights.npz')`, not whole models."
            )
        return super().__getattr__(name)

    @property
    def layers(self) -> list[Layer]:
        """The layers it holds directly, in order."""
        return self._sublayers()

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

    # --- weights in files -------------------------------------------------------------------------------------

    def save_weights(self, filepath: str | PathLike[str], overwrite: bool = True) -> None:
        """Write all weights to a NumPy archive.

        Args:
            filepath: Its name, which ends in ".npz".
            overwrite: Whether to replace a file that is there.

        Raises:
            ValueError: if the model is not built, or the name has another ending.
            FileExistsError: if the file is there and is to be kept.
        """
        save_weights(self, filepath, overwrite)

    def load_weights(self, filepath: str | PathLike[str], skip_mismatch: bool = False) -> None:
        """Read all weights from a file that `save_weights` wrote: all of them, or none if one does not fit.

        Args:
            filepath: Its name.
            skip_mismatch: Whether to leave out weights that do not fit, with a warning.

        Raises:
            ValueError: if the model is not built, or its weights are others than those in the file.
            FileNotFoundError: if there is no such file.
        """
        load_weights(self, filepath, skip_mismatch)

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


registry.register(Model)


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
        self._outputs: KerasTensor | None = None
        for layer in layers or ():
            self._append(layer)
        if self._layers:
            self._rebuild()

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
            self._append(layer)
            if rebuild:
                self._rebuild()
        except BaseException:
            vars(self).update(before)
            self._layers[:] = layers
            raise

    def _append(self, layer: Any) -> None:
        if isinstance(layer, KerasTensor) and isinstance(layer.layer, InputLayer):
            layer = layer.layer
        if not isinstance(layer, Layer):
            raise ValueError(
                f"Only instances of `Layer` can be added to a Sequential model. Received: {layer!r} "
                f"(of type {type(layer).__name__})."
            )
        shape = vars(layer).get("_input_shape_arg")
        if not self._layers and shape is not None:
            self._layers.append(InputLayer(shape))
        if any(layer.name == other.name and layer is not other for other in self._layers):
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
        self._outputs = None

    def pop(self, rebuild: bool = True) -> Layer:
        """Remove the last layer and return it.

        Raises:
            IndexError: if there is none.
        """
        layer = self._layers.pop()
        self.built = False
        self._outputs = None
        if rebuild and self._layers:
            self._rebuild()
        return layer

    def _rebuild(self) -> None:
        """Build, if the first layer says what the input looks like."""
        self.built: bool = False
        self._outputs = None
        first = self._layers[0]
        if len(self._layers) > 1:
            if isinstance(first, InputLayer):
                self.build(first.batch_shape)
            elif isinstance(first, Sequential) and first._outputs is not None:
                self.build(first.input_shape)

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
        self._outputs = x
        self._output_specs = x.shape
        self.input_spec = InputSpec(shape=(None, *entry.batch_shape[1:]))

    @property
    def layers(self) -> list[Layer]:
        """The layers, in order, without the input."""
        return self._layers[1:] if self._layers and isinstance(self._layers[0], InputLayer) else self._layers[:]

    def call(self, inputs: Any, training: bool | None = None, mask: Any = None) -> Any:
        """Run the layers one after the other.

        Raises:
            ValueError: if there are none.
        """
        if not self._layers:
            raise ValueError(f"Sequential model '{self.name}' has no layers. Call `model.add(layer)` first.")
        for layer in self.layers:
            inputs = layer(inputs, training=training) if "training" in layer._takes else layer(inputs)
        return inputs

    def compute_output_shape(self, input_shape: ShapeLike) -> PartialShape:
        """Return the shape of the output for an input shape."""
        shape: PartialShape = tuple(input_shape)
        for layer in self.layers:
            shape = layer.compute_output_shape(shape)
        return shape

    def compute_output_spec(self, *args: Any, **kwargs: Any) -> Any:
        """Return the output for a symbolic input."""
        x = args[0]
        for layer in self.layers:
            x = layer(x)
        return x

    def _convert(self, x: Any) -> Any:
        """Return an input in the model's dtype, and in its rank where only a last axis of 1 differs."""
        x = super()._convert(x)
        if self._outputs is not None and isinstance(x, Tensor):
            ndim = len(self.input_shape)
            if x.ndim == ndim - 1 and self.input_shape[-1] == 1:
                return ops.expand_dims(x, -1)
            if x.ndim == ndim + 1 and x.shape[-1] == 1:
                return ops.squeeze(x, -1)
        return x

    def _known(self, what: str) -> tuple[InputLayer, KerasTensor]:
        if self._outputs is None or not isinstance(self._layers[0], InputLayer):
            raise AttributeError(f"Sequential model '{self.name}' has no defined {what} yet. Build it first.")
        return self._layers[0], self._outputs

    @property
    def inputs(self) -> list[KerasTensor]:
        """The symbolic input, in a list.

        Raises:
            AttributeError: before the model is built.
        """
        return [self._known("inputs")[0].output]

    @property
    def outputs(self) -> list[KerasTensor]:
        """The symbolic output, in a list.

        Raises:
            AttributeError: before the model is built.
        """
        return [self._known("outputs")[1]]

    @property
    def input_shape(self) -> PartialShape:
        """Shape of the input, None where open.

        Raises:
            AttributeError: before the model is built.
        """
        return self._known("input shape")[0].batch_shape

    @property
    def output_shape(self) -> PartialShape:
        """Shape of the output, None where open.

        Raises:
            AttributeError: before the model is built.
        """
        return self._known("output shape")[1].shape

    @property
    def input_dtype(self) -> str:
        """Dtype that inputs are cast to."""
        first = self._layers[0] if self._layers else None
        return first.dtype if isinstance(first, InputLayer) else self.compute_dtype

    def get_config(self) -> Config:
        """Return the configurations of the layers, and the input shape if the model is built."""
        config = super().get_config()
        config["layers"] = [serialize(layer) for layer in self._layers]
        if self._outputs is not None:
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
        for layer in config["layers"]:
            model.add(deserialize(layer, custom_objects))
        shape = config.get("build_input_shape")
        if model._outputs is None and isinstance(shape, list | tuple) and shape:
            model.build(tuple(shape))
        return model


registry.register(Sequential)
