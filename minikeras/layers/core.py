"""Dense layers, the input of a model, and the layers Identity, Masking and Lambda."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, Unpack, cast

import numpy as np

from .. import initializers, ops
from .._base.checks import Positive, standardize_shape
from .._base.nested import leaves, map_structure
from .._base.signature import parameters, suggests
from .._base.typing import Config, DTypeChoice, DTypeName, Function1, PartialShape, ShapeLike
from .._base.user_warning import warn_user
from .._core.input_spec import InputSpec
from .._core.keras_tensor import KerasTensor, Node
from .._core.tensor import Tensor
from .._core.variable import Variable, as_shape
from .._serialization.lambdas import LambdaConfig, with_lambdas
from .._serialization.serialization import array_of, deserialize, serialize
from ..activations import ActivationLike as ActivationLike
from ..constraints import ConstraintLike as ConstraintLike
from ..ops.activation import dense
from .layer import BaseOptions, InitializerLike, Layer, LayerOptions, RegularizerLike, SameShape, masked


class WithKernel(Layer):
    """The base of layers with a kernel, a bias and an activation.

    Args:
        activation: Name or function; the identity if not given.
        use_bias: Whether there is a bias.
        kernel_initializer: What fills the kernel.
        bias_initializer: What fills the bias.
        kernel_regularizer, bias_regularizer: Penalties on them.
        kernel_constraint, bias_constraint: Projections of them after each training step.
    """

    kernel: Variable
    bias: Variable | None
    activation: Callable[..., Any] | None
    kernel_initializer: Callable[..., Any]
    bias_initializer: Callable[..., Any]
    kernel_regularizer: Callable[..., Any] | None
    bias_regularizer: Callable[..., Any] | None
    kernel_constraint: Callable[..., Any] | None
    bias_constraint: Callable[..., Any] | None

    if not TYPE_CHECKING:  # as in Layer

        def __setattr__(self, name: str, value: Any) -> None:
            if name in ("kernel", "bias") and isinstance(value, np.ndarray | Tensor) and name in vars(self):
                raise AttributeError(f"`{name}` of layer '{self.name}' is a variable: set it by `.{name}.assign(...)`.")
            super().__setattr__(name, value)

    def _activated(self, x: Tensor) -> Tensor:
        """Apply the activation, which may have been set to None meanwhile."""
        return x if self.activation is None else cast(Tensor, self.activation(x))


class Dense(WithKernel):
    """Densely connected layer: y = activation(x @ kernel + bias).

    Args:
        units: Size of the last output axis, a positive integer; a ValueError otherwise.
        kernel_initializer: What fills the kernel, of shape (n, units); by default that of Glorot and Bengio 2010.
        bias_initializer: What fills the bias, of shape (units,).

    Input shape:  (batch, ..., n); the first call fixes n. A ValueError if n is unknown, or changes later.
    Output shape: (batch, ..., units).

    Example:
        >>> layer = Dense(1, kernel_initializer="ones")
        >>> print(layer(np.array([[1.0, 2.0]])))
        Tensor([[3.]], shape=(1, 1), dtype=float32)
    """

    _further = ("quantization_config",)
    supports_masking = True
    units: Positive
    use_bias: bool
    quantization_config: None = None

    def __init__(self, units: int, activation: ActivationLike | None = None, use_bias: bool = True,
                 kernel_initializer: InitializerLike = "glorot_uniform", bias_initializer: InitializerLike = "zeros",
                 kernel_regularizer: RegularizerLike = None, bias_regularizer: RegularizerLike = None,
                 activity_regularizer: RegularizerLike = None, kernel_constraint: ConstraintLike = None,
                 bias_constraint: ConstraintLike = None, **options: Unpack[BaseOptions]) -> None:  # fmt: skip
        self._configure(locals())
        self.input_spec = InputSpec(min_ndim=2)

    def build(self, input_shape: ShapeLike) -> None:
        if input_shape[-1] is None:
            raise ValueError(f"Layer '{self.name}': the input's last axis must be known. Received: {input_shape}.")
        self.kernel: Variable = self._configured_weight("kernel", (input_shape[-1], self.units))
        self.bias: Variable | None = self._configured_weight("bias", (self.units,)) if self.use_bias else None
        self.input_spec: Any = InputSpec(min_ndim=2, axes={-1: input_shape[-1]})

    def call(self, inputs: Tensor, training: bool | None = None) -> Tensor:
        if not inputs.dtype.startswith(("float", "complex")):
            inputs = ops.cast(inputs, self.compute_dtype)
        return self._activated(dense(inputs, self.kernel, self.bias))

    def compute_output_shape(self, input_shape: ShapeLike) -> PartialShape:
        return (*input_shape[:-1], self.units)


class EinsumDense(WithKernel):
    """Densely connected layer of any layout: y = activation(einsum(equation, x, kernel) + bias).

    Args:
        equation: The layout, such as "ab,bc->ac" for Dense: the letters of the axes of input, kernel and output. An
            ellipsis at the start or at the end of both input and output stands for further axes. A ValueError for
            another form, or if it does not fit the shapes.
        output_shape: Sizes of the output's axes, without the batch and the ellipsis; None where the size is the
            input's. An integer for a single axis.
        bias_axes: Letters of the output's axes that have a bias, such as "c"; no bias if not given.

    Example:
        >>> layer = EinsumDense("abc,cd->abd", (None, 1), bias_axes="d", kernel_initializer="ones")
        >>> layer(np.array([[[1.0, 2.0], [3.0, 4.0]]])).tolist()
        [[[3.0], [7.0]]]
    """

    _transient = ("output_shape",)
    _further = ("quantization_config",)
    _names_penalty = True
    equation: str
    bias_axes: str | None
    quantization_config: None = None

    def __init__(self, equation: str, output_shape: int | ShapeLike, activation: ActivationLike | None = None,
                 bias_axes: str | None = None, kernel_initializer: InitializerLike = "glorot_uniform",
                 bias_initializer: InitializerLike = "zeros", kernel_regularizer: RegularizerLike = None,
                 bias_regularizer: RegularizerLike = None, kernel_constraint: ConstraintLike = None,
                 bias_constraint: ConstraintLike = None, **options: Unpack[LayerOptions]) -> None:  # fmt: skip
        self._configure(locals())
        self.partial_output_shape: PartialShape = as_shape(output_shape)

    def _analyzed(self, input_shape: ShapeLike) -> tuple[re.Match[str], dict[str, int | None], PartialShape]:
        """Return the terms of the equation, the sizes by letter, and the output shape."""
        terms = re.fullmatch(_EQUATION, self.equation)
        if terms is None:
            raise ValueError(f"Invalid einsum equation {self.equation!r}. Equations must be in the form [X],[Y]->[Z], "
                             "...[X],[Y]->...[Z], or [X]...,[Y]->[Z]....")  # fmt: skip
        x, kernel, y = terms["x"], terms["kernel"], terms["y"]
        lead, ndim = bool(terms["lead"]), len(input_shape)
        extra = ndim - len(x) if lead or terms["tail"] else 0  # the number of axes in the ellipsis
        first = max(extra, 1) if lead else 1  # the batch, or all axes of a leading ellipsis
        behind = input_shape[len(x) :] if terms["tail"] else ()
        shape = (*input_shape[:first], *self.partial_output_shape, *behind)
        if ndim != len(x) + extra or extra < 0 or len(shape) != len(y) + extra:
            raise ValueError(f"Equation {self.equation!r} does not fit an input of shape {tuple(input_shape)} and an "
                             f"output of shape {shape}: each letter names one axis.")  # fmt: skip
        start = extra if lead else 0
        inputs = dict(zip(x, input_shape[start:], strict=False))
        sizes = inputs | {c: inputs.get(c) if n is None else n for c, n in zip(y, shape[start:], strict=False)}
        for letter in kernel + y:
            if letter not in (sizes if letter in kernel else x):
                raise ValueError(f"Equation {self.equation!r}: axis {letter!r} is in only one of the three terms.")
        if any(None not in (sizes[c], n) and sizes[c] != n for c, n in inputs.items()):
            raise ValueError(f"Equation {self.equation!r}: input shape {tuple(input_shape)} and output shape {shape} "
                             "differ in an axis that they share.")  # fmt: skip
        return terms, sizes, shape

    def build(self, input_shape: ShapeLike) -> None:
        terms, sizes, shape = self._analyzed(input_shape)
        kernel, y = terms["kernel"], terms["y"]
        initializer = self.kernel_initializer
        scaling = initializers.VarianceScaling  # must know which axes of the kernel are inputs and outputs
        if isinstance(initializer, scaling) and None in (initializer.input_axes, initializer.output_axes):
            outputs = [i for i, letter in enumerate(kernel) if letter in y]
            inputs = [i for i in range(len(kernel)) if i not in outputs]
            settings = {"seed": initializer.seed, "input_axes": inputs, "output_axes": outputs}
            initializer = initializer.from_config({**initializer.get_config(), **settings})
        kernel_shape = tuple(sizes[c] for c in kernel)
        self.kernel: Variable = self._configured_weight("kernel", kernel_shape, initializer=initializer)
        self.bias: Variable | None = None
        if self.bias_axes is not None:
            if not set(self.bias_axes) <= set(y):
                raise ValueError(f"The letters of `bias_axes` must be in {y!r}. Received: {self.bias_axes!r}.")
            letters = y[min(y.index(c) for c in self.bias_axes) :]
            behind = 0 if terms["lead"] else len(shape) - len(y)
            bias_shape = (*(sizes[c] if c in self.bias_axes else 1 for c in letters), *[1] * behind)
            self.bias = self._configured_weight("bias", bias_shape)
        self.input_spec: Any = InputSpec(ndim=len(input_shape))

    def _rowwise(self) -> bool:
        x, kernel, y = re.split(",|->", self.equation)
        return x[0] == y[0] and x[0] not in kernel

    def call(self, inputs: Tensor, training: bool | None = None) -> Tensor:
        product = ops.einsum(self.equation, inputs, self.kernel)
        return self._activated(product if self.bias is None else product + self.bias)

    def compute_output_shape(self, input_shape: ShapeLike) -> PartialShape:
        return self._analyzed(input_shape)[-1]

    def get_config(self) -> Config:
        return {**super().get_config(), "output_shape": self.partial_output_shape}


_EQUATION = (
    r"(?P<lead>(\.\.\.)?)(?P<x>[a-zA-Z]+)(?P<tail>(\.\.\.)?),(?P<kernel>[a-zA-Z]+)->(?P=lead)(?P<y>[a-zA-Z]+)(?P=tail)"
)


class InputLayer(Layer):
    """The entry of a model; `Input` makes one and returns its tensor.

    Args:
        input_tensor: A KerasTensor to use as the entry.
        shape, batch_size, dtype, sparse, ragged, batch_shape, optional, name: See `Input`.
        input_shape, batch_input_shape: Names that `shape` and `batch_shape` had.

    Example:
        >>> InputLayer(shape=(3,)).batch_shape
        (None, 3)
    """

    def __init__(self, shape: ShapeLike | None = None, batch_size: int | None = None, dtype: DTypeChoice | None = None,
                 sparse: bool | None = None, ragged: bool | None = None, batch_shape: ShapeLike | None = None,
                 input_tensor: KerasTensor | None = None, optional: bool = False, name: str | None = None, *,
                 input_shape: ShapeLike | None = None, batch_input_shape: ShapeLike | None = None) -> None:  # fmt: skip
        if input_shape is not None:
            warn_user("Argument `input_shape` is deprecated. Use `shape` instead.")
        shape = shape if input_shape is None else input_shape
        batch_shape = batch_shape if batch_input_shape is None else batch_input_shape
        if sparse or ragged:
            raise ValueError("Sparse and ragged inputs are not supported: NumPy has dense arrays only.")
        for key, value in (("shape", shape), ("batch_size", batch_size)):
            if value is not None and batch_shape is not None:
                raise ValueError(f"You cannot pass both `{key}` and `batch_shape` at the same time.")
        if input_tensor is not None:
            if not isinstance(input_tensor, KerasTensor):
                raise ValueError(f"Argument `input_tensor` must be a KerasTensor. Received: {input_tensor!r}.")
            own, expected = input_tensor.shape, batch_shape
            if expected is None:
                expected = (own[0] if batch_size is None else batch_size, *(own[1:] if shape is None else shape))
            if (tuple(expected), dtype or input_tensor.dtype) != (own, input_tensor.dtype):
                raise ValueError(f"The shape and dtype must be those of `input_tensor`, {input_tensor!r}.")
            batch_shape, dtype = own, input_tensor.dtype
        elif shape is not None:
            batch_shape = (batch_size, *standardize_shape(shape))
        elif batch_shape is None:
            raise ValueError("You must pass a `shape` argument, such as Input(shape=(2,)).")
        super().__init__(name=name)
        self._tensor = KerasTensor(batch_shape, dtype, name=name) if input_tensor is None else input_tensor
        self.batch_shape: PartialShape = self._tensor.shape
        self.optional = optional
        self.sparse = self.ragged = False
        self.built = True
        Node(self, (), {}, self._tensor)

    def __setstate__(self, state: dict[str, Any]) -> None:
        vars(self).update(state)
        Node(self, (), {}, self._tensor)

    @property
    def dtype(self) -> DTypeName:
        """Dtype of the input."""
        return self._tensor.dtype

    def call(self, inputs: Tensor) -> Tensor:
        return inputs

    def get_config(self) -> Config:
        return {key: getattr(self, key) for key in ("batch_shape", "dtype", "sparse", "ragged", "name", "optional")}


@suggests
def Input(shape: ShapeLike | None = None, batch_size: int | None = None, dtype: DTypeChoice | None = None,
          sparse: bool | None = None, ragged: bool | None = None, batch_shape: ShapeLike | None = None,
          name: str | None = None, tensor: KerasTensor | None = None,
          optional: bool = False) -> KerasTensor:  # fmt: skip
    """Return a symbolic tensor that stands for a model's input; a ValueError for no shape, or two that differ.

    Args:
        shape: Shape of one sample, None where a size is open.
        batch_size: Size of the batch, None if open.
        dtype: Dtype of the input.
        sparse, ragged: Accepted if false.
        batch_shape: Shape with the batch, in place of `shape` and `batch_size`.
        name: Name of the input.
        tensor: A KerasTensor to use.
        optional: Whether None may be passed for it.

    Example:
        >>> Input(shape=(3,), name="x")
        <KerasTensor shape=(None, 3), dtype=float32, sparse=False, ragged=False, name=x>
    """
    return InputLayer(shape, batch_size, dtype, sparse, ragged, batch_shape, tensor, optional, name)._tensor


class Identity(SameShape):
    """Layer that returns its input.

    Example:
        >>> print(Identity()(np.array([1.0])))
        Tensor([1.], shape=(1,), dtype=float32)
    """

    _takes_text = True

    def __init__(self, **options: Unpack[LayerOptions]) -> None:
        self._configure(locals())

    def compute_output_spec(self, *args: Any, **kwargs: Any) -> Any:
        return map_structure(lambda x: KerasTensor(x.shape, x.dtype), args[0])


class Masking(SameShape):
    """Masks the time steps in which all features have a certain value, and sets them to 0.

    Args:
        mask_value: The value.

    Input shape: (batch, time, features).

    Example:
        >>> y = Masking(mask_value=-1.0)(np.array([[[1.0, 2.0], [-1.0, -1.0]]]))
        >>> y.tolist(), y.keras_mask.tolist()
        ([[[1.0, 2.0], [0.0, 0.0]]], [[True, False]])
    """

    mask_value: Any

    def __init__(self, mask_value: float = 0.0, **options: Unpack[LayerOptions]) -> None:
        self._configure({**locals(), "mask_value": array_of(mask_value)})

    def compute_mask(self, inputs: Any, mask: Any = None) -> Tensor:
        return cast(Tensor, ops.any(ops.not_equal(inputs, self.mask_value), axis=-1))

    def call(self, inputs: Tensor) -> Tensor:
        mask = self.compute_mask(inputs)
        return masked(ops.where(ops.expand_dims(mask, -1), inputs, 0), mask)


class Lambda(Layer):
    """Layer that calls a function.

    Args:
        function: Takes a tensor, and optionally `training` and `mask`; returns a tensor.
        output_shape: Shape of one output sample, or a function from input shape to output shape; inferred if not given.
        mask: The output's mask, or a function of the input and its mask that returns it.
        arguments: Further keyword arguments of the function.

    Example:
        >>> print(Lambda(lambda x: x ** 2)(np.array([[3.0]])))
        Tensor([[9.]], shape=(1, 1), dtype=float32)
    """

    _arguments = ()
    _takes_text = True

    def __init__(self, function: Function1, output_shape: ShapeLike | Callable[..., Any] | None = None,
                 mask: Any = None, arguments: Mapping[str, Any] | None = None,
                 **options: Unpack[LayerOptions]) -> None:  # fmt: skip
        if not callable(function):
            raise TypeError(f"Lambda needs a function. Received: function={function!r}.")
        super().__init__(**options)
        self.function = function
        self.mask = mask
        self.supports_masking: bool = mask is not None
        self.arguments: dict[str, Any] = dict(arguments or {})
        self._output_shape = output_shape

    def call(self, inputs: Any, mask: Any = None, training: bool | None = None) -> Any:
        offers = {"mask": mask, "training": training}
        accepted = {key: value for key, value in offers.items() if key in parameters(self.function).names}
        return self.function(inputs, **self.arguments, **accepted)

    def compute_mask(self, inputs: Any, mask: Any = None) -> Any:
        return self.mask(inputs, mask) if callable(self.mask) else self.mask

    def compute_output_spec(self, *args: Any, **kwargs: Any) -> Any:
        if self._output_shape is not None:
            return KerasTensor(self.compute_output_shape(map_structure(lambda x: x.shape, args[0])), self.compute_dtype)
        return self._inferred_spec(*args, **kwargs)

    def compute_output_shape(self, input_shape: Any) -> PartialShape:
        """Return the declared shape, or the one that running the function on zeros gives."""
        if callable(self._output_shape):
            return tuple(self._output_shape(input_shape))
        if self._output_shape is not None:
            return (leaves(input_shape)[0], *self._output_shape)
        try:
            return tuple(self._inferred_spec(KerasTensor(input_shape, self.compute_dtype)).shape)
        except (TypeError, ValueError, IndexError) as error:
            raise NotImplementedError(f"Could not infer the output shape of Lambda layer '{self.name}': {error}. Pass "
                                      "`output_shape`.") from error  # fmt: skip

    def get_config(self) -> Config:
        own = {"function": self.function, "output_shape": self._output_shape, "mask": self.mask}
        written = {key: self._written(value) for key, value in own.items() if value is not None}
        return {**super().get_config(), **written, "arguments": serialize(self.arguments)}

    def _written(self, value: Any) -> Any:
        is_lambda = getattr(value, "__name__", None) == "<lambda>"
        return LambdaConfig(value, serialize, layer=True) if is_lambda else serialize(value)

    @classmethod
    def from_config(cls, config: Config) -> Lambda:
        """Return the layer of a configuration; a ValueError for an unknown lambda that is not in `custom_objects`."""
        config = with_lambdas(config)
        functions = [key for key in ("function", "output_shape", "mask") if isinstance(config.get(key), dict)]
        return super().from_config({**config, **{key: deserialize(config[key]) for key in functions}})
