"""Vectors for whole numbers, such as those of words."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Unpack

from .. import ops
from .._base.checks import Positive
from .._base.typing import PartialShape, ShapeLike, TensorLike
from .._base.user_warning import warn_user
from .._core.tensor import Tensor
from .._core.variable import Variable
from .core import ConstraintLike
from .layer import CommonOptions, InitializerLike, Layer, RegularizerLike


class _EmbeddingOptions(CommonOptions, total=False):
    """Keyword arguments of Embedding: those of every layer but `input_dim`, and `input_length`, which has no effect."""

    name: str | None
    activity_regularizer: RegularizerLike
    input_length: int | None


class Embedding(Layer):
    """Replaces whole numbers by vectors that are trained: row `inputs` of `embeddings`.

    Args:
        input_dim: How many different numbers there are: 0, 1, ..., input_dim - 1; a ValueError unless positive.
        output_dim: Length of the vectors.
        embeddings_initializer: What fills them, of shape (input_dim, output_dim).
        embeddings_regularizer: Penalty on them.
        embeddings_constraint: Projection of them after each training step.
        mask_zero: Whether 0 stands for a place that does not count; the output then has a mask.
        weights: First values of the vectors, in place of the initializer's; a ValueError for another shape.

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
        if options.pop("input_length", None) is not None:
            warn_user("Argument `input_length` is deprecated. Just remove it.")
        self._configure(locals())
        self.supports_masking: bool = mask_zero
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
            warn_user(f"Embedding '{self.name}' looks rows up by whole numbers, and cuts off what is behind the point. "
                      "Received floats: do not scale what goes into it.")  # fmt: skip
        index = inputs if inputs.dtype in ("int32", "int64") else ops.cast(inputs, "int32")
        return ops.convert_to_tensor(ops.take(self.embeddings, index, axis=0), self.compute_dtype)

    def compute_mask(self, inputs: Any, mask: Any = None) -> Tensor | None:
        return ops.not_equal(inputs, 0) if self.mask_zero else None

    def compute_output_shape(self, input_shape: ShapeLike) -> PartialShape:
        return (*input_shape, self.output_dim)
