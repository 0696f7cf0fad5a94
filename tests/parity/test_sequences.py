"""Recurrent layers and attention beside Keras's: values, weights, configurations, shapes."""

from collections.abc import Callable
from typing import Any

import keras
import numpy as np
import pytest

import minikeras

pytestmark = pytest.mark.parity

rng = np.random.default_rng(0)
X = rng.normal(size=(2, 5, 3)).astype("float32")
V = rng.normal(size=(2, 4, 3)).astype("float32")
K = rng.normal(size=(2, 4, 3)).astype("float32")
FILM = rng.normal(size=(2, 3, 5, 6, 4)).astype("float32")
STEPS = np.array([[1, 1, 0, 1, 0], [1, 1, 1, 0, 0]], bool)
SEEN = np.array([[1, 1, 0, 1], [1, 1, 1, 0]], bool)
PAIRS = rng.normal(size=(2, 5, 4)) > 0
BLIND = PAIRS * (np.arange(PAIRS.shape[1]) > 0)[:, None]  # the first query sees nothing

RECURRENT: dict[str, Callable[[Any], Any]] = {
    "simple": lambda k: k.layers.SimpleRNN(4),
    "simple_drops": lambda k: k.layers.SimpleRNN(4, dropout=0.3, recurrent_dropout=0.4, seed=2, return_sequences=True),
    "lstm": lambda k: k.layers.LSTM(4),
    "lstm_all": lambda k: k.layers.LSTM(
        4, "relu", "hard_sigmoid", False, "he_normal", "identity", "ones", False, "l2", "l1", "l2", "l2", "max_norm",
        return_sequences=True, return_state=True, go_backwards=True, zero_output_for_mask=True, name="mine",
    ),
    "lstm_drops": lambda k: k.layers.LSTM(4, dropout=0.3, recurrent_dropout=0.4, seed=2),
    "gru": lambda k: k.layers.GRU(4),
    "gru_before": lambda k: k.layers.GRU(4, reset_after=False, recurrent_dropout=0.2, seed=3),
    "gru_drops": lambda k: k.layers.GRU(4, dropout=0.3, seed=2),
    "stateful": lambda k: k.layers.GRU(4, stateful=True),
    "rnn": lambda k: k.layers.RNN(k.layers.SimpleRNNCell(4)),
    "stack": lambda k: k.layers.RNN(
        [k.layers.LSTMCell(4), k.layers.GRUCell(3, dropout=0.2, seed=1)], return_state=True
    ),
    "both_ways": lambda k: k.layers.Bidirectional(k.layers.LSTM(4, return_sequences=True)),
    "both_sum": lambda k: k.layers.Bidirectional(k.layers.GRU(4, return_state=True), merge_mode="sum"),
    "both_apart": lambda k: k.layers.Bidirectional(k.layers.SimpleRNN(2), merge_mode=None),
}  # fmt: skip
IMAGES: dict[str, Callable[[Any], Any]] = {
    "images": lambda k: k.layers.ConvLSTM2D(3, 2),
    "images_all": lambda k: k.layers.ConvLSTM2D(
        3, (3, 2), (2, 1), "same", "channels_first", 1, "relu", "hard_sigmoid", True, "he_normal", "orthogonal", "ones",
        False, "l2", "l1", "l2", "l2", "max_norm", return_sequences=True, return_state=True, go_backwards=True,
    ),
    "images_dilated": lambda k: k.layers.ConvLSTM2D(2, 2, dilation_rate=2, use_bias=False, return_sequences=True),
    "images_drop": lambda k: k.layers.ConvLSTM2D(2, 3, padding="same", dropout=0.3, recurrent_dropout=0.2, seed=3),
    "images_drop_inputs": lambda k: k.layers.ConvLSTM2D(2, 3, dropout=0.3, seed=3, dtype="float32"),
    "images_stateful": lambda k: k.layers.ConvLSTM2D(2, 3, stateful=True, unroll=True),
    "images_both": lambda k: k.layers.Bidirectional(k.layers.ConvLSTM2D(2, 3, return_state=True)),
}  # fmt: skip
Case = tuple[Callable[[Any], Any], Callable[[Any, bool], Any]]
ATTENTION: dict[str, Case] = {
    "attention": (lambda k: k.layers.Attention(True, dropout=0.3, seed=1), lambda a, t: a([X, V], training=t)),
    "attention_concat": (
        lambda k: k.layers.Attention(score_mode="concat"),
        lambda a, t: a([X, V, K], mask=[STEPS, SEEN], use_causal_mask=True, return_attention_scores=True),
    ),
    "additive": (lambda k: k.layers.AdditiveAttention(), lambda a, t: a([X, V], mask=[STEPS, SEEN])),
    "heads": (lambda k: k.layers.MultiHeadAttention(2, 3), lambda a, t: a(X, V)),
    "heads_all": (
        lambda k: k.layers.MultiHeadAttention(
            2, 3, 4, 0.3, output_shape=7, use_gate=True, kernel_regularizer="l2", sliding_window=2, seed=2
        ),
        lambda a, t: a(X, V, K, training=t, use_causal_mask=True),
    ),
    "heads_mask": (
        lambda k: k.layers.MultiHeadAttention(2, 3, use_bias=False),
        lambda a, t: a(X, V, attention_mask=PAIRS, return_attention_scores=True),
    ),
    "heads_blind": (
        lambda k: k.layers.MultiHeadAttention(2, 3),
        lambda a, t: [a(X, V, attention_mask=BLIND), a(X, V, attention_mask=BLIND, return_attention_scores=True)],
    ),
    "heads_axes": (
        lambda k: k.layers.MultiHeadAttention(2, 3, attention_axes=(1,)),
        lambda a, t: a(np.stack([X, 2 * X], 2), np.stack([V, V], 2)),
    ),
    "shared_heads": (
        lambda k: k.layers.GroupQueryAttention(
            3, 4, 2, kernel_regularizer="l2", activity_regularizer="l1", use_gate=True
        ),
        lambda a, t: [a(X, V), a(X, V, query_mask=STEPS, value_mask=SEEN), a(X, V, attention_mask=BLIND)],
    ),
    "shared_heads_all": (
        lambda k: k.layers.GroupQueryAttention(2, 6, 3, 0.3, False, 2, seed=2),
        lambda a, t: a(X, V, K, training=t, use_causal_mask=True, return_attention_scores=True),
    ),
    "one_shared_head": (lambda k: k.layers.GroupQueryAttention(2, 3, 1), lambda a, t: a(X, X, use_causal_mask=True)),
    "spatial1d": (lambda k: k.layers.SpatialDropout1D(0.4, seed=3), lambda a, t: a(X, training=t)),
    "spatial2d": (
        lambda k: k.layers.SpatialDropout2D(0.4, "channels_first", seed=3),
        lambda a, t: a(X[None], training=t),
    ),
    "spatial3d": (lambda k: k.layers.SpatialDropout3D(0.4, seed=3), lambda a, t: a(X[None, None], training=t)),
}
CASES: dict[str, Case] = {
    **ATTENTION,
    **{
        name: (make, lambda a, t: [a(X), a(X, training=t), a(X, mask=STEPS), a.compute_output_shape(X.shape)])
        for name, make in RECURRENT.items()
    },
    **{
        name: (make, lambda a, t: [a(FILM), a(FILM, training=t), a.compute_output_shape(FILM.shape)])
        for name, make in IMAGES.items()
    },
    "vectors": (lambda k: k.layers.ConvLSTM1D(2, 3), lambda a, t: a(FILM[:, :, 0])),
    "volumes": (lambda k: k.layers.ConvLSTM3D(2, 2, padding="same"), lambda a, t: a(np.stack([FILM, -FILM], 2))),
}


def flat(y: Any) -> list[Any]:
    return [z for part in y for z in flat(part)] if isinstance(y, list | tuple) else [np.asarray(y)]


@pytest.mark.parametrize("name", CASES)
def test_everything_is_keras_s(name: str) -> None:
    make, call = CASES[name]
    found = []
    for k in (minikeras, keras):
        k.utils.clear_session(free_memory=False)
        k.utils.set_random_seed(1)
        layer = make(k)
        values = flat([call(layer, False), call(layer, True)])
        weights = [(w.path, w.numpy()) for w in layer.weights]
        losses = [float(loss) for loss in layer.losses]
        found.append((values, weights, losses, layer.get_config(), layer.get_build_config()))
    ours, theirs = found
    for a, b in zip(ours[0], theirs[0], strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-5, atol=1e-5)
    for (path, a), (other, b) in zip(ours[1], theirs[1], strict=True):
        assert path == other
        np.testing.assert_array_equal(a, b)
    np.testing.assert_allclose(ours[2], theirs[2], rtol=1e-5)
    assert ours[3:] == theirs[3:]
    again = type(make(minikeras)).from_config(theirs[3])
    assert again.get_config() == theirs[3]
