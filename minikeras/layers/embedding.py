"""Embeddings: trained vectors for whole numbers, such as the numbers of words."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Unpack

from .. import ops
from .._base.checks import Positive
from .._base.typing import PartialShape, ShapeLike, TensorLike
from .._base.user_warning import warn_user
from .._core.tensor import Tensor
from .._core.variable import Variable
from .arguments import CommonOptions
from .core import ConstraintLike
from .layer import InitializerLike, Layer, RegularizerLike, masked


class _EmbeddingOptions(CommonOptions, total=False):
    """Keyword arguments of Embedding: those of every layer but `input_dim`, and `input_length`, which has no effect."""

    name: str | None
    activity_regularizer: RegularizerLike
    input_length: int | None


class _ReversibleOptions(_EmbeddingOptions, total=False):
    """Keyword arguments of ReversibleEmbedding: those of Embedding, and its `weights`."""

    weights: TensorLike | None


class Embedding(Layer):
    """Replaces whole numbers by trained vectors: row `inputs` of `embeddings`.

    Args:
        input_dim: How many different numbers there are: 0, 1, ..., input_dim - 1; a ValueError unless positive.
        output_dim: Length of the vectors.
        embeddings_initializer: What fills them, of shape (input_dim, output_dim).
        embeddings_regularizer: Penalty on them.
        embeddings_constraint: Projection of them after each training step.
        mask_zero: Whether the number 0 is padding; the output then has a mask.
        weights: Initial values of the vectors, in place of the initializer's; a ValueError for another shape.

    Input shape:  (batch, ...), numbers from 0; an IndexError for those out of range.
    Output shape: (batch, ..., output_dim).

    Example:
        >>> layer = Embedding(3, 2, weights=np.arange(6.0).reshape(3, 2))
        >>> layer(np.array([[2, 0]])).tolist()
        [[[4.0, 5.0], [0.0, 1.0]]]
    """

    _transient = ("weights",)
    _further = ("quantization_config",)
    _names_penalty = True
    embeddings: Variable
    input_dim: Positive
    output_dim: Positive
    embeddings_initializer: Callable[..., Any]
    embeddings_regularizer: Callable[..., Any] | None
    embeddings_constraint: Callable[..., Any] | None
    mask_zero: bool
    quantization_config: None = None
    _warned: bool = False

    def __init__(self, input_dim: int, output_dim: int, embeddings_initializer: InitializerLike = "uniform",
                 embeddings_regularizer: RegularizerLike = None,
                 embeddings_constraint: ConstraintLike = None, mask_zero: bool = False,
                 weights: TensorLike | None = None, **options: Unpack[_EmbeddingOptions]) -> None:  # fmt: skip
        self._begin(locals(), weights)

    def _begin(self, arguments: dict[str, Any], weights: TensorLike | None) -> None:
        if arguments["options"].pop("input_length", None) is not None:
            warn_user("Argument `input_length` is deprecated. Just remove it.")
        self._configure(arguments)
        self.supports_masking: bool = self.mask_zero
        self.autocast = False
        if weights is not None:
            self.build()
            self.set_weights(weights if isinstance(weights, list) and len(weights) == 1 else [weights])

    def build(self, input_shape: ShapeLike | None = None) -> None:
        self.embeddings = self._configured_weight("embeddings", (self.input_dim, self.output_dim))

    def call(self, inputs: Tensor) -> Tensor:
        values = inputs.array
        if not self._warned and "float" in inputs.dtype and values is not None and (values % 1 > 0).any():
            vars(self)["_warned"] = True
            warn_user(f"Embedding '{self.name}' takes whole numbers. Received floats, whose fractions are cut off: do "
                      "not scale its input.")  # fmt: skip
        index = inputs if inputs.dtype in ("int32", "int64") else ops.cast(inputs, "int32")
        return ops.convert_to_tensor(ops.take(self.embeddings, index, axis=0), self.compute_dtype)

    def compute_mask(self, inputs: Any, mask: Any = None) -> Tensor | None:
        return ops.not_equal(inputs, 0) if self.mask_zero else None

    def compute_output_shape(self, input_shape: ShapeLike) -> PartialShape:
        return (*input_shape, self.output_dim)


class ReversibleEmbedding(Embedding):
    """An `Embedding` that can also turn vectors into logits of all numbers, as at the end of language models.

    Args:
        tie_weights: Whether logits are products with the same vectors, rather than with a kernel of their own.
        reverse_dtype: The dtype in which logits are computed; that of inputs and weights if None.
        logit_soft_cap: A limit c for logits, which become c * tanh(logits / c); None for no limit.

    Call arguments:
        inputs: Whole numbers of shape (batch, ...), or vectors of shape (batch, ..., output_dim).
        reverse: Whether the inputs are vectors, for logits of shape (batch, ..., input_dim).

    Source: Press and Wolf 2017, "Using the Output Embedding to Improve Language Models".

    Example:
        >>> layer = ReversibleEmbedding(3, 2, weights=np.arange(6.0).reshape(3, 2))
        >>> layer(np.ones((1, 2)), reverse=True).tolist()
        [[1.0, 5.0, 9.0]]
    """

    tie_weights: bool
    reverse_dtype: str | None
    logit_soft_cap: float | None
    reverse_embeddings: Variable

    def __init__(self, input_dim: int, output_dim: int, tie_weights: bool = True,
                 embeddings_initializer: InitializerLike = "uniform", embeddings_regularizer: RegularizerLike = None,
                 embeddings_constraint: ConstraintLike = None, mask_zero: bool = False,
                 reverse_dtype: str | None = None, logit_soft_cap: float | None = None,
                 **options: Unpack[_ReversibleOptions]) -> None:  # fmt: skip
        self._begin(locals(), options.pop("weights", None))

    def build(self, input_shape: ShapeLike | None = None) -> None:
        super().build(input_shape)
        if not self.tie_weights:
            shape = self.output_dim, self.input_dim
            self.reverse_embeddings = self.add_weight(shape, self.embeddings_initializer, name="reverse_embeddings")

    def call(self, inputs: Tensor, reverse: bool = False) -> Tensor:
        if not reverse:
            return masked(super().call(inputs), super().compute_mask(inputs))
        weights = ops.transpose(self.embeddings) if self.tie_weights else self.reverse_embeddings
        kernel = ops.cast(weights, self.compute_dtype)
        if self.reverse_dtype is not None:
            inputs, kernel = ops.cast(inputs, self.reverse_dtype), ops.cast(kernel, self.reverse_dtype)
        logits, cap = ops.matmul(inputs, kernel), self.logit_soft_cap
        return logits if cap is None else ops.tanh(logits / cap) * cap

    def compute_mask(self, inputs: Any, mask: Any = None) -> None:
        return None

    def compute_output_shape(self, input_shape: ShapeLike, reverse: bool = False) -> PartialShape:
        return (*input_shape[:-1], self.input_dim) if reverse else super().compute_output_shape(input_shape)

    def compute_output_spec(self, *args: Any, **kwargs: Any) -> Any:
        if not self.built:
            self.build()
        return self._inferred_spec(*args, **kwargs)
