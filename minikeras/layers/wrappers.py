"""Layers that wrap another layer."""

from typing import Annotated, Any, Self, Unpack, cast

from .. import ops
from .._base.checks import between
from .._base.context import having_attributes
from .._base.pool import Turns
from .._base.typing import Config, CustomObjects, PartialShape, ShapeLike
from .._core.tape import open_tapes
from .._core.tensor import Tensor
from .._core.variable import Variable
from .._serialization.configurable import is_built_in
from ..initializers import TruncatedNormal
from ..random import SeedGenerator
from .core import Lambda
from .layer import Layer, LayerOptions, deserialize, mask_of, masked
from .normalization import BatchNormalization


def _wrapped(cls: Any, name: str, layer: Any) -> Layer:
    if not isinstance(layer, Layer):
        raise ValueError(f"{cls.__name__} needs a layer to wrap. Received: layer={layer!r}.")
    return layer


class Wrapper(Layer):
    """Base of layers that change how another layer is run; a ValueError if `layer` is no layer.

    Args:
        layer: The wrapped layer.

    Example:
        >>> class Twice(keras.layers.Wrapper):
        ...     def call(self, inputs):
        ...         return self.layer(self.layer(inputs))
        >>> print(Twice(keras.layers.Rescaling(3.0))([[1.0]]))
        Tensor([[9.]], shape=(1, 1), dtype=float32)
    """

    layer: Annotated[Layer, _wrapped]

    def __init__(self, layer: Layer, **options: Unpack[LayerOptions]) -> None:
        self._configure(locals())

    def build(self, input_shape: ShapeLike | None = None) -> None:
        if not self.layer.built:
            self.layer.build(input_shape)

    @classmethod
    def from_config(cls, config: Config, custom_objects: CustomObjects | None = None) -> Self:
        return super().from_config({**config, "layer": deserialize(config.get("layer", {}), custom_objects)})


class TimeDistributed(Wrapper):
    """Runs a layer on each time step, the second axis; a ValueError for fewer axes than 3 or a mask of other steps.

    Args:
        layer: The layer, whose input is one step: (batch, ...).

    Call arguments:
        inputs: Tensor (batch, time, ...) of at least 3 axes.
        training: Passed on to a layer that takes it.
        mask: (batch, time, ...); a layer that takes a mask gets that of its step.

    Example:
        >>> layer = TimeDistributed(keras.layers.Dense(1, kernel_initializer="ones"))
        >>> layer(np.array([[[1.0, 2.0], [3.0, 4.0]]])).tolist()
        [[[3.0], [7.0]]]
    """

    supports_masking = True

    def build(self, input_shape: ShapeLike | None = None) -> None:
        super().build(_step_shape(input_shape))

    def call(self, inputs: Tensor, training: bool | None = None, mask: Tensor | None = None) -> Tensor:
        if mask is not None and mask.shape[:2] != inputs.shape[:2]:
            raise ValueError(f"A mask needs the input's batch and steps. Received: {mask.shape=}, {inputs.shape=}.")
        batch, steps = inputs.shape[:2]
        if all(_may_join(layer, training) for layer in self.layer._flatten_layers()):
            joined = self._run(_join(inputs), training, None if mask is None else _join(mask))
            return ops.reshape(joined, (batch, steps, *joined.shape[1:]))
        masks = [None if mask is None else mask[:, i] for i in range(steps)]
        return ops.stack([self._run(inputs[:, i], training, masks[i]) for i in range(steps)], axis=1)

    def _run(self, inputs: Tensor, training: bool | None, mask: Tensor | None) -> Tensor:
        """Run the wrapped layer's `call` alone, without what its `__call__` adds, such as a penalty on the output."""
        offers = {"training": training} | ({} if mask is None else {"mask": mask})
        accepted = {name: value for name, value in offers.items() if name in self.layer._takes}
        return cast(Tensor, self.layer._call_checked(inputs, **accepted))

    def compute_output_spec(self, *args: Any, **kwargs: Any) -> Any:
        inferred = type(self.layer).compute_output_shape is Layer.compute_output_shape
        return (self._inferred_spec if inferred else super().compute_output_spec)(*args, **kwargs)

    def compute_output_shape(self, input_shape: ShapeLike) -> PartialShape:
        batch, *rest = self.layer.compute_output_shape(_step_shape(input_shape))
        return (batch, input_shape[1], *rest)


def _step_shape(input_shape: ShapeLike | None) -> PartialShape:
    if input_shape is None or len(input_shape) < 3:
        raise ValueError(f"TimeDistributed needs 3 axes or more: (batch, time, ...). Received shape: {input_shape}.")
    return (input_shape[0], *input_shape[2:])


def _join(x: Tensor) -> Tensor:
    """Return a tensor with batch and steps joined: (batch, steps, ...) -> (batch * steps, ...)."""
    return ops.reshape(x, (x.shape[0] * x.shape[1], *x.shape[2:]))


def _may_join(layer: Layer, training: bool | None) -> bool:
    """Return whether a layer gives the same for all steps at once, which is faster, as for one step after the other."""
    if isinstance(layer, Lambda) or not all(map(is_built_in, [layer, getattr(layer, "activation", None) or layer])):
        return False
    draws = isinstance(layer, BatchNormalization) or any(isinstance(x, SeedGenerator) for x in vars(layer).values())
    return layer._rowwise() and not (training and draws)


class SpectralNormalization(Wrapper):
    """Keeps the largest singular value of a layer's kernel at 1 while it trains (Miyato et al. 2018).

    Args:
        layer: A layer with a `kernel` or `embeddings`; a ValueError if it has neither.
        power_iterations: How many steps of power iteration to run in each call.

    Example:
        >>> layer = SpectralNormalization(keras.layers.Dense(1, kernel_initializer="ones"))
        >>> _ = layer(np.ones((1, 4)), training=True)
        >>> layer.layer.kernel.numpy().ravel()
        array([0.5, 0.5, 0.5, 0.5], dtype=float32)
    """

    power_iterations: Annotated[int, between(1)]

    def __init__(self, layer: Layer, power_iterations: int = 1, **options: Unpack[LayerOptions]) -> None:
        self._configure(locals())

    def build(self, input_shape: ShapeLike | None = None) -> None:
        super().build(input_shape)
        names = [name for name in ("kernel", "embeddings") if getattr(self.layer, name, None) is not None]
        if not names:
            raise ValueError(f"{type(self.layer).__name__} object has no attribute 'kernel' nor 'embeddings'")
        self._kernel_name: str = names[0]
        self.kernel: Any = getattr(self.layer, names[0])
        shape, start = (1, self.kernel.shape[-1]), TruncatedNormal(stddev=0.02)
        self.vector_u: Variable = self.add_weight(shape, start, self.kernel.dtype, False, name="vector_u")

    def call(self, inputs: Tensor, training: bool = False) -> Tensor:
        with vars(self).setdefault("_turns", Turns()).lock:  # in a training step the layer has another kernel
            y = self._train(inputs) if training else self.layer(inputs)
        return masked(ops.cast(y, inputs.dtype), mask_of(y))  # as in Keras, where the cast changes nothing

    def _train(self, inputs: Tensor) -> Tensor:
        vector_u, kernel = self.normalized_weights()
        zero = ops.all(ops.equal(self.kernel, 0))
        self.vector_u.assign(ops.where(zero, self.vector_u, vector_u))
        kernel = ops.where(zero, self.kernel, kernel)
        if not open_tapes() or not self.kernel.trainable:
            self.kernel.assign(kernel)
            return self.layer(inputs)
        with having_attributes(self.layer, **{self._kernel_name: kernel}):  # the trained one stays as it is, as on JAX
            return self.layer(inputs)

    def compute_output_shape(self, input_shape: ShapeLike) -> PartialShape:
        return cast(PartialShape, self.layer.compute_output_shape(input_shape))

    def normalized_weights(self) -> tuple[Tensor, Tensor]:
        """Return the next `vector_u` of the power iteration, and the kernel divided by its largest singular value."""
        weights = ops.reshape(self.kernel, (-1, self.kernel.shape[-1]))
        u: Any = self.vector_u
        for _ in range(self.power_iterations):
            v = ops.normalize(ops.matmul(u, ops.transpose(weights)), None)
            u = ops.normalize(ops.matmul(v, weights), None)
        u, v = ops.stop_gradient(u), ops.stop_gradient(v)
        sigma = ops.matmul(ops.matmul(v, weights), ops.transpose(u))
        return u, ops.reshape(self.kernel / sigma, self.kernel.shape)
