"""Attention: each query gets a mean of the values, weighted by how well their keys match it."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from functools import reduce
from typing import Any, ClassVar, Literal, TypeAlias, Unpack

import numpy as np

from .. import ops, random, regularizers
from .._base.checks import Positive
from .._base.typing import Config, PartialShape, ShapeLike
from .._core.tensor import Tensor
from .._core.variable import Variable
from ..constraints import ConstraintLike
from ..ops.creation import roomy
from ..random import SeedGenerator
from .activation import Softmax
from .core import EinsumDense
from .layer import BaseOptions, InitializerLike, Layer, LayerOptions, RegularizerLike, mask_of, masked
from .regularization import Dropout

_ScoreMode: TypeAlias = Literal["dot", "concat"]
_PROJECTIONS = "query", "key", "value", "output"
_LETTERS = "abcdefghijklmnopqrstuvwxyz"


class Attention(Layer):
    """Dot-product attention: softmax(query @ key^T) @ value (Luong et al. 2015).

    Args:
        use_scale: Whether a trained scalar multiplies the scores.
        score_mode: "dot" for products; "concat" for sum(tanh(query + key)), times a trained scalar.
        dropout: Fraction of the attention weights to drop in training.
        seed: Seed of the dropout.

    Call arguments:
        inputs: [query, value] or [query, value, key], of shapes (batch, Tq, dim), (batch, Tv, dim), (batch, Tv, dim);
            a ValueError for anything else.
        mask: [query_mask, value_mask]: where False, a query's result is 0, and a value is ignored.
        training: Whether to apply dropout.
        return_attention_scores: Whether to return the weights, (batch, Tq, Tv), as well.
        use_causal_mask: Whether a query ignores the values that come after it.

    Example:
        >>> Attention()([np.ones((1, 2, 3)), np.ones((1, 4, 3))]).shape
        (1, 2, 3)
    """

    _row_axes = 2
    scale: Variable | None
    concat_score_weight: Variable | None
    use_scale: bool
    score_mode: _ScoreMode
    dropout: float
    seed: int | None

    def __init__(self, use_scale: bool = False, score_mode: Literal["dot", "concat"] = "dot", dropout: float = 0.0,
                 seed: int | None = None, **options: Unpack[LayerOptions]) -> None:  # fmt: skip
        self._configure(locals())
        if dropout > 0:
            self.seed_generator: SeedGenerator = SeedGenerator(seed)

    def build(self, input_shape: Any) -> None:
        self._check(input_shape)
        self.scale = self.add_weight((), "ones", name="scale") if self.use_scale else None
        concat = self.score_mode == "concat"
        self.concat_score_weight = self.add_weight((), "ones", name="concat_score_weight") if concat else None

    def _scores(self, query: Tensor, key: Tensor) -> Tensor:
        if self.concat_score_weight is None:
            scores = ops.matmul(query, ops.swapaxes(key, -2, -1))
            return scores if self.scale is None else scores * self.scale
        sums = ops.expand_dims(query, -2) + ops.expand_dims(key, -3)
        return self.concat_score_weight * ops.sum(ops.tanh(sums if self.scale is None else self.scale * sums), -1)

    def call(self, inputs: Any, mask: Any = None, training: bool = False, return_attention_scores: bool = False,
             use_causal_mask: bool = False) -> Any:  # fmt: skip
        self._check(inputs, mask)
        query, value = inputs[0], inputs[1]
        scores = self._scores(query, inputs[2] if len(inputs) > 2 else value)
        query_mask, value_mask = (mask[0], mask[1]) if mask else (None, None)
        visible = None if value_mask is None else ops.expand_dims(value_mask, -2)
        if use_causal_mask:
            causal = np.tri(scores.shape[-2], scores.shape[-1], dtype=bool)[None]
            visible = causal if visible is None else ops.logical_and(visible, causal)
        if visible is not None:  # as low as float16 goes; softmax makes 0 of it
            scores = ops.where(visible, scores, scores - (65504.0 if scores.dtype == "float16" else 1e9))
        weights = ops.softmax(scores, -1)
        if training and self.dropout > 0:
            weights = random.dropout(weights, self.dropout, seed=self.seed_generator)
        result = ops.matmul(weights, value)
        result = result if query_mask is None else ops.where(ops.expand_dims(query_mask, -1), result, 0.0)
        return (result, weights) if return_attention_scores else result

    def compute_output_spec(self, *args: Any, **kwargs: Any) -> Any:
        return self._inferred_spec(*args, **kwargs)

    def compute_mask(self, inputs: Any, mask: Any = None) -> Any:
        self._check(inputs, mask)
        return None if mask is None or mask[0] is None else ops.convert_to_tensor(mask[0])

    def compute_output_shape(self, input_shape: Any) -> PartialShape:
        """Return the queries' shape with the values' last axis."""
        return (*input_shape[0][:-1], input_shape[1][-1])

    def _check(self, inputs: Any, mask: Any = None) -> None:
        if not isinstance(inputs, list) or len(inputs) not in (2, 3):
            raise ValueError(f"{self.name} takes [query, value] or [query, value, key]. Received: inputs={inputs}.")
        if mask is not None and (not isinstance(mask, list) or len(mask) not in (2, 3)):
            raise ValueError(f"{self.name} takes the masks [query_mask, value_mask]. Received: mask={mask}.")


class AdditiveAttention(Attention):
    """Additive attention: softmax(sum(scale * tanh(query + key))) @ value (Bahdanau et al. 2015).

    Args:
        use_scale: Whether each feature has a trained factor.

    Example:
        >>> AdditiveAttention()([np.ones((1, 2, 3)), np.ones((1, 4, 3))]).shape
        (1, 2, 3)
    """

    _further = ("seed",)

    def __init__(self, use_scale: bool = True, dropout: float = 0.0, **options: Any) -> None:
        super().__init__(use_scale, dropout=dropout, **options)

    def build(self, input_shape: Any) -> None:
        self._check(input_shape)
        scale = self.add_weight((input_shape[0][-1],), "glorot_uniform", name="scale") if self.use_scale else None
        self.scale: Variable | None = scale

    def _scores(self, query: Tensor, key: Tensor) -> Tensor:
        features = ops.tanh(ops.expand_dims(query, -2) + ops.expand_dims(key, -3))
        return ops.sum(features if self.scale is None else self.scale * features, -1)


class MultiHeadAttention(Layer):
    """Attention in several heads, each on its own projections; another projection joins them (Vaswani et al. 2017).

    Args:
        num_heads: The number of heads.
        key_dim: Size of each head's queries and keys.
        value_dim: Size of each head's values, `key_dim` if not given.
        dropout: Fraction of the attention weights to drop in training.
        use_bias: Whether the projections have biases.
        output_shape: Size of the result's last axis or axes, the query's last size if not given.
        attention_axes: Axes to attend over, all but batch and features if not given.
        sliding_window: A query sees only values less than this many places away; all if not given.
        flash_attention: Accepted as in Keras; it changes nothing.
        kernel_initializer, bias_initializer: What fills the weights of the projections.
        kernel_regularizer, bias_regularizer: Penalties on them.
        activity_regularizer: Penalty on the outputs of the projections.
        kernel_constraint, bias_constraint: Constraints on them, applied after each training step.
        use_gate: Whether a sigmoid of the query multiplies each head's result.
        seed: Seed of the dropout.

    Call arguments:
        query: (batch, T, dim).
        value: (batch, S, dim).
        key: (batch, S, dim), the value if not given; a ValueError if its S is another.
        value_mask, key_mask: Bools of shape (batch, S), False for what does not count.
        query_mask: Ignored, as in Keras: the mask that `query` carries counts.
        attention_mask: Bools of shape (batch, T, S), False where a query must not see a value.
        return_attention_scores: Whether to return the weights, (batch, heads, T, S), as well.
        training: Whether to apply dropout.
        use_causal_mask: Whether a query ignores the values that come after it.

    Example:
        >>> MultiHeadAttention(num_heads=2, key_dim=3)(np.ones((1, 4, 6)), np.ones((1, 5, 6))).shape
        (1, 4, 6)
    """

    supports_masking = True
    _transient = ("output_shape", "flash_attention", "activity_regularizer")
    _place: ClassVar[str] = "{}_dense"
    """The attribute of a projection, from its name; files contain it too."""
    _takes_off_masks: ClassVar[bool] = True
    """Whether to remove the masks of the inputs, and to use the query's in place of `query_mask`."""
    _shared_by: int = 1
    """The number of query heads for each head of keys and values."""
    _output_shape: Sequence[int] | None = None
    query_dense: EinsumDense
    key_dense: EinsumDense
    value_dense: EinsumDense
    output_dense: EinsumDense
    _gate_dense: EinsumDense
    num_heads: Positive
    key_dim: Positive
    value_dim: Positive
    dropout: float
    use_bias: bool
    use_gate: bool
    attention_axes: Any = None
    sliding_window: Positive | None
    kernel_initializer: Any
    bias_initializer: Any
    kernel_regularizer: Any
    bias_regularizer: Any
    kernel_constraint: Any
    bias_constraint: Any
    seed: int | None

    def __init__(self, num_heads: int, key_dim: int, value_dim: int | None = None, dropout: float = 0.0,
                 use_bias: bool = True, output_shape: int | Sequence[int] | None = None,
                 attention_axes: int | Sequence[int] | None = None, sliding_window: int | None = None,
                 flash_attention: bool | None = None, kernel_initializer: InitializerLike = "glorot_uniform",
                 bias_initializer: InitializerLike = "zeros", kernel_regularizer: RegularizerLike = None,
                 bias_regularizer: RegularizerLike = None, activity_regularizer: RegularizerLike = None,
                 kernel_constraint: ConstraintLike = None, bias_constraint: ConstraintLike = None,
                 use_gate: bool = False, seed: int | None = None, **options: Unpack[BaseOptions]) -> None:  # fmt: skip
        value_dim = key_dim if value_dim is None else value_dim
        attention_axes = (attention_axes,) if isinstance(attention_axes, int) else attention_axes
        self._configure(locals())
        for name, value in (("attention_axes", attention_axes), ("output_shape", output_shape)):
            if isinstance(value, str | float):
                raise ValueError(f"`{name}` must be an integer or a sequence of them. Received: {name}={value!r}.")
        self._output_shape = (output_shape,) if isinstance(output_shape, int) else output_shape and tuple(output_shape)
        self._penalty: Any = regularizers.get(activity_regularizer)

    def _rowwise(self) -> bool:
        return all(axis > 0 for axis in self.attention_axes or ())  # `build` counts them from the first

    def _add(self, place: str, name: str, shape: Any, equation: str, sizes: Sequence[int], **settings: Any) -> None:
        """Add a projection, kept in the attribute `place`."""
        letters = equation.partition("->")[2]
        between = len(letters) - 1 - len(sizes)  # axes that are neither the batch nor new
        initializers = self.kernel_initializer, self.bias_initializer  # copied: one object would repeat its numbers
        kernel, bias = (type(initializer).from_config(initializer.get_config()) for initializer in initializers)
        layer = EinsumDense(
            equation, [*[None] * between, *sizes], bias_axes=letters[-len(sizes) :] if self.use_bias else None,
            name=name, kernel_initializer=kernel, bias_initializer=bias, kernel_regularizer=self.kernel_regularizer,
            bias_regularizer=self.bias_regularizer, activity_regularizer=self._penalty, dtype=self.dtype_policy,
            kernel_constraint=self.kernel_constraint, bias_constraint=self.bias_constraint, **settings)  # fmt: skip
        layer.supports_masking = True  # or it would warn of a mask that the softmax applies
        layer.build(shape)
        setattr(self, place, layer)

    def build(self, query_shape: ShapeLike, value_shape: ShapeLike, key_shape: ShapeLike | None = None) -> None:
        key_shape = value_shape if key_shape is None else key_shape
        self._check(value_shape, key_shape)
        places = _LETTERS[: len(query_shape) - 1]

        def add(name: str, shape: ShapeLike, heads: int, size: int, place: str = self._place, **settings: Any) -> None:
            axes = _LETTERS[: len(shape) - 1]
            self._add(place.format(name), name, shape, f"{axes}x,xyz->{axes}yz", (heads, size), **settings)

        heads, kv_heads = self.num_heads, self.num_heads // self._shared_by
        add("query", query_shape, heads, self.key_dim)
        add("key", key_shape, kv_heads, self.key_dim)
        if self.use_gate:
            add("gate", query_shape, heads, self.value_dim, "_gate_dense", activation="sigmoid")
        add("value", value_shape, kv_heads, self.value_dim)
        rank = len(value_shape)
        axes = range(1, rank - 1) if self.attention_axes is None else self.attention_axes
        self.attention_axes = tuple(axis if axis >= 0 else rank + axis for axis in axes)
        self._equations = _equations(rank + 1, self.attention_axes)
        self._softmax = Softmax(axis=tuple(range(-len(self.attention_axes), 0)), dtype=self.dtype_policy)
        self._dropout_layer = Dropout(self.dropout, dtype=self.dtype_policy, seed=self.seed)
        sizes: Any = self._output_shape or (query_shape[-1],)
        out = "".join(_LETTERS[-3 - i] for i in range(len(sizes)))
        shape = (*query_shape[:-1], heads, self.value_dim)
        self._add(self._place.format("output"), "attention_output", shape, f"{places}yz,yz{out}->{places}{out}", sizes)

    def call(self, query: Tensor, value: Tensor, key: Tensor | None = None, query_mask: Any = None,
             value_mask: Any = None, key_mask: Any = None, attention_mask: Any = None,
             return_attention_scores: bool = False, training: bool | None = None,
             use_causal_mask: bool = False) -> Any:  # fmt: skip
        mask, key = mask_of(query), value if key is None else key
        query_mask = mask if self._takes_off_masks else query_mask
        visible = self._visible(query, value, query_mask, value_mask, key_mask, attention_mask, use_causal_mask)
        for x in (query, key, value):
            if self._takes_off_masks and mask_of(x) is not None:  # as in Keras: later layers do not see it either
                x.keras_mask = None
        gate = self._gate_dense(query) if self.use_gate else None
        to_query, to_key, to_value, to_output = (getattr(self, self._place.format(name)) for name in _PROJECTIONS)
        q, k, v = to_query(query), to_key(key), to_value(value)
        if self._shared_by > 1:
            k, v = ops.repeat(k, self._shared_by, -2), ops.repeat(v, self._shared_by, -2)
        as_op = q.ndim == 4 and not self.dropout and not return_attention_scores  # Keras runs its op in this case
        q, k = (roomy(x) if as_op else x for x in (q, k))
        scores = ops.einsum(self._equations[0], k, q * (1.0 / math.sqrt(self.key_dim)))
        if visible is not None:
            for _ in range(scores.ndim - len(visible.shape)):
                visible = ops.expand_dims(visible, -2 * len(self.attention_axes) - 1)
        if visible is not None and as_op:  # there, a query that sees nothing gets the mean of all values, not 0
            scores, visible = ops.where(visible, scores, 0.7 * float(np.finfo(scores.dtype).min)), None
        weights = ops.convert_to_tensor(ops.softmax(scores), v.dtype) if as_op else self._softmax(scores, mask=visible)
        dropped = self._dropout_layer(weights, training=bool(training)) if self.dropout > 0 else weights
        result = ops.einsum(self._equations[1], dropped, v)
        result = masked(to_output(result if gate is None else result * gate), mask)
        return (result, weights) if return_attention_scores else result

    def _visible(self, query: Tensor, value: Tensor, query_mask: Any, value_mask: Any, key_mask: Any,
                 attention_mask: Any, use_causal_mask: bool) -> Any:  # fmt: skip
        """Return a mask of the values that each query sees; None if it sees all."""
        length, count = query.shape[1], value.shape[1]
        given = (query_mask, -1), (value_mask, -2), (key_mask, -2)
        masks: list[Any] = [ops.expand_dims(ops.cast(m, "bool"), axis) for m, axis in given if m is not None]
        if use_causal_mask:
            masks.append(np.tri(length, count, dtype=bool)[None])
        if self.sliding_window is not None:
            masks.append(np.abs(np.arange(length)[None, :, None] - np.arange(count)) < self.sliding_window)
        if attention_mask is not None:
            shape = ops.shape(attention_mask)
            pairs = zip(shape[-2:], (length, count), strict=False) if query.ndim == 3 else ()
            if any(None not in (m, n) and m not in (1, n) for m, n in pairs):
                raise ValueError(f"`attention_mask` needs the shape (batch, {length}, {count}). Received: {shape}.")
            masks.append(ops.cast(attention_mask, "bool"))
        return reduce(ops.logical_and, masks) if masks else None

    def compute_output_spec(self, query: Any, *args: Any, **kwargs: Any) -> Any:
        if query.shape[1:].count(None) < 2 or kwargs.get("return_attention_scores"):
            return self._inferred_spec(query, *args, **kwargs)
        return super().compute_output_spec(query, *args, **kwargs)  # the scores of a trial would have a gigabyte

    def compute_output_shape(self, query_shape: ShapeLike, value_shape: ShapeLike,
                             key_shape: ShapeLike | None = None) -> PartialShape:  # fmt: skip
        """Return the query's shape, with another last axis if one was given."""
        self._check(value_shape, value_shape if key_shape is None else key_shape)
        return (*query_shape[:-1], *(self._output_shape or (query_shape[-1],)))

    def _check(self, value_shape: ShapeLike, key_shape: ShapeLike) -> None:
        if tuple(value_shape[1:-1]) != tuple(key_shape[1:-1]):
            raise ValueError(f"Value and key may differ only in the last axis. Received: {value_shape}, {key_shape}.")

    def get_config(self) -> Config:
        penalty = None if self._penalty is None else regularizers.serialize(self._penalty)
        return {**super().get_config(), "output_shape": self._output_shape, "activity_regularizer": penalty}


class GroupQueryAttention(MultiHeadAttention):
    """A `MultiHeadAttention` in which groups of query heads share one head of keys and values (Ainslie et al. 2023).

    Args:
        head_dim: Size of each head.
        num_query_heads: Heads of queries.
        num_key_value_heads: Heads of keys and values; a ValueError if they do not divide `num_query_heads`.

    Example:
        >>> x = np.ones((1, 4, 6))
        >>> GroupQueryAttention(head_dim=3, num_query_heads=4, num_key_value_heads=2)(x, x).shape
        (1, 4, 6)
    """

    _own_name = "GroupedQueryAttention"
    _place = "_{}_dense"
    _takes_off_masks = False
    head_dim: Positive
    num_query_heads: Positive
    num_key_value_heads: Positive

    def __init__(self, head_dim: int, num_query_heads: int, num_key_value_heads: int, dropout: float = 0.0,
                 use_bias: bool = True, sliding_window: int | None = None, flash_attention: bool | None = None,
                 kernel_initializer: InitializerLike = "glorot_uniform", bias_initializer: InitializerLike = "zeros",
                 kernel_regularizer: RegularizerLike = None, bias_regularizer: RegularizerLike = None,
                 activity_regularizer: RegularizerLike = None, kernel_constraint: ConstraintLike = None,
                 bias_constraint: ConstraintLike = None, use_gate: bool = False, seed: int | None = None,
                 **options: Unpack[BaseOptions]) -> None:  # fmt: skip
        self._configure(locals())
        self._shared_by, rest = divmod(num_query_heads, num_key_value_heads)
        if rest:
            raise ValueError("`num_query_heads` must be divisible by `num_key_value_heads`. "
                             f"Received: {num_query_heads} and {num_key_value_heads}.")  # fmt: skip
        self.num_heads: Positive = num_query_heads
        self.key_dim: Positive = head_dim
        self.value_dim: Positive = head_dim
        self._penalty = regularizers.get(activity_regularizer)
        self.activity_regularizer: Callable[..., Any] | None = self._penalty

    def get_config(self) -> Config:
        return {key: value for key, value in super().get_config().items() if key != "output_shape"}


def _equations(rank: int, axes: Sequence[int]) -> tuple[str, str]:
    """Return the einsums keys, queries -> scores and scores, values -> result; `rank` counts heads and features."""
    target = _LETTERS[:rank]
    unused = iter(_LETTERS[rank:])
    source = "".join(next(unused) if i in axes else letter for i, letter in enumerate(target))
    others = [target[i] for i in range(rank - 1) if i not in axes]
    scores = "".join([*others, *(target[i] for i in axes), *(source[i] for i in axes)])
    return f"{source},{target}->{scores}", f"{scores},{source}->{target}"
