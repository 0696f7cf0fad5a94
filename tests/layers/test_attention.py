"""Attention: numbers worked by hand, masks, training."""

import tracemalloc
import warnings
from typing import Any

import numpy as np
import pytest

import minikeras as keras
from minikeras import layers, ops

LOG2 = float(np.log(2))
QUERY = np.array([[[1.0]]])
VALUE = np.array([[[0.0], [LOG2]]])


def test_attention_by_hand() -> None:
    y, weights = layers.Attention()([QUERY, VALUE], return_attention_scores=True)
    np.testing.assert_allclose(weights, [[[1 / 3, 2 / 3]]], rtol=1e-6)  # exp of 0 and of log 2
    np.testing.assert_allclose(y, [[[2 / 3 * LOG2]]], rtol=1e-6)
    masked = layers.Attention()([QUERY, VALUE], mask=[None, np.array([[True, False]])])
    np.testing.assert_allclose(masked, [[[0]]], atol=1e-6)
    hidden = layers.Attention()([QUERY, VALUE], mask=[np.array([[False]]), np.array([[True, True]])])
    assert hidden.numpy().tolist() == [[[0]]]
    causal = layers.Attention()([VALUE, VALUE], use_causal_mask=True)
    np.testing.assert_allclose(causal[0, 0], [0], atol=1e-6)


def test_heads_see_only_what_they_may() -> None:
    layer = layers.MultiHeadAttention(2, 3, dropout=0.1)
    x = np.random.default_rng(0).normal(size=(2, 5, 4))
    y, weights = layer(x, x, use_causal_mask=True, return_attention_scores=True)
    assert (y.shape, weights.shape) == ((2, 5, 4), (2, 2, 5, 5))
    assert not np.triu(weights.numpy(), 1).any()
    np.testing.assert_allclose(weights.numpy().sum(axis=-1), 1, rtol=1e-5)
    near = layers.MultiHeadAttention(2, 3, sliding_window=1)(x, x, return_attention_scores=True)[1]
    np.testing.assert_allclose(near[0, 0], np.eye(5), atol=1e-6)


def test_a_small_transformer_learns() -> None:
    keras.utils.set_random_seed(1)
    inputs = keras.Input((6,), dtype="int32")
    x: Any = layers.Embedding(10, 8, mask_zero=True)(inputs)
    x = layers.LayerNormalization()(x + layers.MultiHeadAttention(2, 4)(x, x))
    model = keras.Model(inputs, layers.Dense(1, "sigmoid")(layers.GlobalAveragePooling1D()(x)))
    model.compile(keras.optimizers.Adam(0.01), "binary_crossentropy", metrics=["accuracy"])
    tokens = np.random.default_rng(0).integers(1, 10, (128, 6))
    history = model.fit(tokens, (tokens == 3).any(axis=1) * 1.0, epochs=15, verbose=0)
    assert history.history["accuracy"][-1] > 0.9


def test_multi_head_attention_removes_the_masks_of_its_inputs() -> None:
    x = layers.Embedding(4, 3, mask_zero=True)(np.array([[1, 2, 0]]))
    y = layers.MultiHeadAttention(2, 3)(x, x)
    assert x.keras_mask is None
    assert y.keras_mask.numpy().tolist() == [[True, True, False]]
    assert getattr(layers.Add()([x, y]), "keras_mask", None) is None


def test_query_heads_that_share_their_keys_are_heads_with_equal_keys() -> None:
    x = np.random.default_rng(0).normal(size=(2, 5, 4)).astype("float32")
    shared, heads = layers.GroupQueryAttention(3, 4, 2), layers.MultiHeadAttention(4, 3)
    shared(x, x)
    heads(x, x)
    values = {w.path.partition("/")[2]: w.numpy() for w in shared.weights}
    heads.set_weights([np.repeat(x, 2, -2) if path.startswith(("key", "value")) else x for path, x in values.items()])
    np.testing.assert_allclose(shared(x, x, use_causal_mask=True), heads(x, x, use_causal_mask=True), rtol=1e-5)
    assert shared.count_params() < heads.count_params()
    given: dict[str, Any] = {"head_dim": 1, "num_query_heads": 4, "num_key_value_heads": 2}
    for wrong in ({"num_key_value_heads": 3}, {"head_dim": 0}, {"sliding_window": 0}):
        with pytest.raises(ValueError, match=next(iter(wrong))):
            layers.GroupQueryAttention(**given | wrong)


def test_shared_heads_leave_masks_to_later_layers() -> None:
    x = layers.Embedding(4, 3, mask_zero=True)(np.array([[1, 2, 0]]))
    y = layers.GroupQueryAttention(3, 2, 1)(x, x)
    assert layers.Add()([x, y]).keras_mask.numpy().tolist() == [[True, True, False]]


def test_an_embedding_leads_back_to_the_logits_of_its_words() -> None:
    vectors = np.array([[1.0, 0], [0, 2], [3, 4]])
    layer = layers.ReversibleEmbedding(3, 2, weights=vectors, mask_zero=True)
    words = np.array([[2, 0]])
    assert layer(words).numpy().tolist() == vectors[words].tolist()
    assert layer(words).keras_mask.numpy().tolist() == [[True, False]]
    logits = layer(layer(words), reverse=True)
    assert logits.numpy().tolist() == (vectors[words] @ vectors.T).tolist()
    assert getattr(logits, "keras_mask", None) is None
    capped = layers.ReversibleEmbedding(3, 2, logit_soft_cap=5.0, weights=vectors)
    np.testing.assert_allclose(capped(vectors, reverse=True), 5 * np.tanh(vectors @ vectors.T / 5), rtol=1e-6)
    apart = layers.ReversibleEmbedding(3, 2, tie_weights=False, reverse_dtype="float16")
    assert apart(vectors, reverse=True).dtype == "float16"
    assert [w.shape for w in apart.weights] == [(3, 2), (2, 3)]
    half = layers.ReversibleEmbedding(3, 2, dtype="mixed_float16")
    assert half(half(words), reverse=True).dtype == "float16"
    unbuilt = layers.ReversibleEmbedding(3, 2)
    assert unbuilt.compute_output_spec(keras.KerasTensor((2, 4), "int32")).shape == (2, 4, 2)


def test_tied_weights_get_the_gradients_of_both_ways() -> None:
    words = keras.Input((4,), dtype="int32")
    tied = layers.ReversibleEmbedding(5, 3)
    model = keras.Model(words, tied(layers.Dense(3)(tied(words)), reverse=True))
    assert model.output_shape == (None, 4, 5)
    model.compile(keras.optimizers.Adam(0.05), keras.losses.SparseCategoricalCrossentropy(from_logits=True))
    x = np.random.default_rng(0).integers(0, 5, (64, 4))
    losses = model.fit(x, (x + 1) % 5, epochs=40, verbose=0).history["loss"]
    assert losses[-1] < 0.2 < losses[0]
    assert len(model.trainable_weights) == 3


def test_a_query_that_sees_nothing_gets_the_mean_of_all_values() -> None:
    layer, x = layers.MultiHeadAttention(1, 2), np.random.default_rng(0).normal(size=(1, 3, 2))
    y = layer(x, x, attention_mask=np.zeros((1, 3, 3), bool))
    values = layer.value_dense(x)[0, :, 0].numpy().mean(axis=0)
    np.testing.assert_allclose(y[0, 1], values @ layer.output_dense.kernel.numpy()[0], rtol=1e-5)


def test_a_layer_around_one_passes_its_mask_on() -> None:
    class Block(layers.Layer):
        def __init__(self) -> None:
            super().__init__()
            self.supports_masking = True
            self.attention = layers.MultiHeadAttention(1, 2)

        def call(self, x: Any) -> Any:
            return x + self.attention(x, x)

    y = Block()(layers.Embedding(5, 3, mask_zero=True)(np.array([[1, 2, 0]])))
    assert y.keras_mask.numpy().tolist() == [[True, True, False]]


def test_the_mask_of_the_queries_goes_on() -> None:
    layer, x, mask = layers.Attention(), np.ones((1, 2, 3)), np.array([[True, False]])
    assert layer.compute_mask([x, x], mask=[mask, None]).tolist() == mask.tolist()
    assert layer.compute_mask([x, x], mask=[None, mask]) is None
    y = layers.Masking()(np.array([[[1.0], [0.0]]]))
    assert layer([y, y]).keras_mask.tolist() == [[True, False]]


def test_a_single_step_is_attended_to_without_a_warning() -> None:
    x = np.ones((2, 1, 4), "float32")
    for layer in (layers.MultiHeadAttention(2, 2), layers.GroupQueryAttention(2, 2, 1)):
        with warnings.catch_warnings(action="error"):
            layer(x, x)
    with pytest.warns(UserWarning, match="softmax over axis"):
        layers.MultiHeadAttention(2, 2)(x, x, return_attention_scores=True)


@pytest.mark.parametrize("heads", [layers.MultiHeadAttention, layers.GroupQueryAttention])
def test_scores_beyond_float16_are_finite(heads: Any) -> None:
    x = np.random.default_rng(0).normal(size=(2, 5, 4)) * 300  # whose products are up to a million
    options = {"num_key_value_heads": 1} if heads is layers.GroupQueryAttention else {}
    half, single = (heads(2, 3, dtype=dtype, **options) for dtype in ("mixed_float16", "float32"))
    half.build(x.shape, x.shape)
    single.build(x.shape, x.shape)
    single.set_weights(half.get_weights())
    y = half(x, x, use_causal_mask=True)
    assert y.dtype == "float16"
    np.testing.assert_allclose(y, single(x, x, use_causal_mask=True), rtol=0.02, atol=2)
    q = ops.cast(x[:, :, None], "float16")
    wide = ops.cast(q, "float32")
    z = ops.dot_product_attention(q, q, q, is_causal=True)
    assert z.dtype == "float16"
    np.testing.assert_allclose(z, ops.dot_product_attention(wide, wide, wide, is_causal=True), rtol=1e-3)


def test_scores_of_symbolic_inputs() -> None:
    x = keras.Input((None, 4))
    y, weights = layers.MultiHeadAttention(2, 3)(x, x, return_attention_scores=True)
    assert (ops.shape(y), ops.shape(weights)) == ((None, None, 4), (None, 2, None, None))


def test_images_of_unknown_size_are_not_attended_to_in_a_trial() -> None:
    x = keras.Input((None, None, 4))
    tracemalloc.start()
    y = layers.MultiHeadAttention(2, 3, output_shape=5)(x, x)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert y.shape == (None, None, None, 5)
    assert peak < 1e7  # scores of 60 x 60 places have a gigabyte


@pytest.mark.parametrize("heads", [layers.MultiHeadAttention, layers.GroupQueryAttention])
def test_options_of_the_projections_reach_all_of_them(heads: Any) -> None:
    options = {"kernel_regularizer": "l2", "bias_regularizer": "l1", "activity_regularizer": "l2",
               "kernel_constraint": "non_neg", "bias_constraint": "max_norm", "bias_initializer": "ones"}  # fmt: skip
    layer = heads(2, 3, **({"num_key_value_heads": 1} if heads is layers.GroupQueryAttention else {}), **options)
    y = layer(np.ones((2, 5, 4), "float32"), np.ones((2, 5, 4), "float32"))
    for at, v in enumerate(layer.weights):
        names = type(v.regularizer).__name__, type(v.constraint).__name__
        assert names == (("L1", "MaxNorm") if at % 2 else ("L2", "NonNeg"))
        assert not at % 2 or np.all(v == 1)
    penalty = float(keras.regularizers.L2()(y)) / 2  # the mean over the batch
    own = 1 + (heads is layers.GroupQueryAttention)  # which counts its own output as well, as in Keras
    assert len(layer.losses) == 8 + 3 + own
    assert sum(float(loss) == pytest.approx(penalty) for loss in layer.losses) == own


def test_output_shapes() -> None:
    query, value = (2, None, 7), (2, 4, 8)
    for asked, last in ((None, (7,)), (6, (6,)), ((6, 2), (6, 2))):
        layer = layers.MultiHeadAttention(2, 3, output_shape=asked)
        assert (
            layer.compute_output_shape(query, value)
            == layer.compute_output_shape(query, value, value)
            == (2, None, *last)
        )
    with pytest.raises(ValueError, match="Value and key may differ only"):
        layers.MultiHeadAttention(2, 3).compute_output_shape(query, value, (2, 3, 8))


@pytest.mark.parametrize("axes", [(0,), -3, (0, 1)], ids=str)
def test_attention_along_the_batch_sees_one_batch_at_a_time(axes: Any) -> None:
    inputs = keras.Input((4, 5))
    model = keras.Model(inputs, layers.MultiHeadAttention(2, 3, attention_axes=axes)(inputs, inputs))
    x = np.random.default_rng(0).normal(size=(12, 4, 5)).astype("float32")
    wanted = np.concatenate([model(x[i : i + 2]) for i in range(0, 12, 2)])
    np.testing.assert_allclose(model.predict(x, batch_size=2, verbose=0), wanted, rtol=1e-5, atol=1e-5)
    model.compile(loss="mse")
    losses = [float(np.mean(wanted[i : i + 2] ** 2)) for i in range(0, 12, 2)]
    found = model.evaluate(x, np.zeros_like(x), batch_size=2, verbose=0)
    np.testing.assert_allclose(found, np.mean(losses), rtol=1e-5)


def test_wrong_uses_are_refused() -> None:
    x = np.ones((1, 2, 3))
    with pytest.raises(ValueError, match="score_mode"):
        layers.Attention(score_mode="sum")  # type: ignore[arg-type]
    with pytest.raises(ValueError, match=r"takes \[query, value\]"):
        layers.Attention()(x)
    for mask in (np.ones((1, 2), bool), [np.ones((1, 2), bool)]):
        with pytest.raises(ValueError, match=r"takes the masks \[query_mask, value_mask\]"):
            layers.Attention()([x, x], mask=mask)
    wrongs: list[dict[str, Any]] = [{"num_heads": 0}, {"key_dim": 1.5}, {"value_dim": -1}, {"output_shape": 8.0}]
    for wrong in (*wrongs, {"attention_axes": "bad"}):
        with pytest.raises(ValueError, match=next(iter(wrong))):
            layers.MultiHeadAttention(**{"num_heads": 1, "key_dim": 1, **wrong})
    with pytest.raises(ValueError, match="sliding_window"):
        layers.MultiHeadAttention(1, 1, sliding_window=0)
    with pytest.raises(ValueError, match="Value and key may differ only"):
        layers.MultiHeadAttention(1, 1)(x, np.ones((1, 4, 3)), np.ones((1, 5, 3)))


def test_dropout_of_attention_drops_weights_in_training() -> None:
    x = [np.zeros((1, 1, 2)), np.ones((1, 64, 2))]  # 64 weights of 1/64 each
    layer, twin = (layers.Attention(dropout=0.5, seed=1) for _ in range(2))
    assert layer(x).tolist() == [[[1, 1]]]
    first, second = (layer(x, training=True).numpy().ravel() for _ in range(2))
    assert first[0] == first[1] == round(32 * first[0]) / 32  # of which each became 0 or 1/32
    assert first[0] != second[0]
    np.testing.assert_array_equal(twin(x, training=True)[0, 0], first)


def test_a_gate_multiplies_what_the_heads_give() -> None:
    layer, x = layers.MultiHeadAttention(1, 1, use_gate=True), np.ones((1, 2, 1))
    layer.build(x.shape, x.shape)
    layer.set_weights([np.full(w.shape, float("kernel" in w.path)) for w in layer.weights])
    np.testing.assert_allclose(layer(x, x), x / (1 + np.exp(-1)), rtol=1e-6)


def test_grouped_heads_are_configured_without_an_output_shape() -> None:
    config = layers.GroupQueryAttention(2, 4, 2).get_config()
    assert "output_shape" not in config
    assert layers.GroupQueryAttention.from_config(config).get_config() == config


def test_what_several_shapes_have_built_can_be_built_again() -> None:
    layer = layers.MultiHeadAttention(2, 3)
    layer(np.ones((1, 2, 4)), np.ones((1, 5, 6)))
    config = layer.get_build_config()
    assert config is not None
    twin = layers.MultiHeadAttention(2, 3)
    twin.build_from_config(config)
    assert [w.shape for w in twin.weights] == [w.shape for w in layer.weights] != []
