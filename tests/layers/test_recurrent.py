"""Recurrent layers: numbers worked by hand, masks, states, training."""

import re
from collections.abc import Callable
from typing import Any, cast

import numpy as np
import pytest

import minikeras as keras
from minikeras import layers

X = np.array([[[1.0], [2.0], [4.0]]])


def linear(**options: Any) -> layers.SimpleRNN:
    """Return a layer that adds half of its last output to each input."""
    half = keras.initializers.Constant(0.5)
    return layers.SimpleRNN(1, "linear", kernel_initializer="ones", recurrent_initializer=half, **options)


def test_simple_rnn_by_hand() -> None:
    assert linear(return_sequences=True)(X).numpy().tolist() == [[[1], [2.5], [5.25]]]
    assert linear()(X).numpy().tolist() == [[5.25]]
    assert linear(go_backwards=True, return_sequences=True)(X).numpy().tolist() == [[[4], [4], [3]]]
    y, state = linear(return_state=True)(X, initial_state=[np.array([[8.0]])])
    assert y.numpy().tolist() == state.numpy().tolist() == [[6.25]]


def test_masked_steps_keep_the_state() -> None:
    mask = np.array([[True, False, True]])
    assert linear(return_sequences=True)(X, mask=mask).numpy().tolist() == [[[1], [1], [4.5]]]
    zeros = linear(return_sequences=True, zero_output_for_mask=True)
    assert zeros(X, mask=mask).numpy().tolist() == [[[1], [0], [4.5]]]


@pytest.mark.parametrize("unroll", [False, True])
def test_what_masked_steps_give_is_as_docs_keras_says(unroll: bool) -> None:
    mask, start = np.array([[False, True, True]]), [np.array([[8.0]])]
    assert linear(return_sequences=True, unroll=unroll)(X, start, mask).numpy().tolist() == [[[0], [6], [7]]]
    zeros = linear(return_sequences=True, zero_output_for_mask=True, go_backwards=True, unroll=unroll)
    assert zeros(X, mask=mask).numpy().tolist() == [[[4], [4], [0]]]


def test_lstm_by_hand() -> None:
    cell = layers.LSTMCell(1, "linear", "linear", kernel_initializer="ones", recurrent_initializer="ones")
    h, (h2, c) = cell(np.array([[2.0]]), [np.array([[1.0]]), np.array([[3.0]])])
    # i = g = o = 2 + 1 = 3, f = 3 + 1 = 4 with its bias; c = 4 * 3 + 3 * 3, h = 3 * c
    assert (c.numpy().tolist(), h.numpy().tolist(), h2.numpy().tolist()) == ([[21]], [[63]], [[63]])


@pytest.mark.parametrize("data_format", ["channels_last", "channels_first"])
def test_with_a_window_of_one_pixel_a_convolutional_lstm_is_one_for_each_pixel(data_format: Any) -> None:
    keras.utils.set_random_seed(0)
    film = np.random.default_rng(0).normal(size=(2, 5, 3, 4, 6))  # batch, steps, rows, columns, channels
    pixels = film.transpose(0, 2, 3, 1, 4).reshape(-1, 5, 6)
    lstm = layers.LSTM(7, return_sequences=True, dtype="float64")
    expected = np.asarray(lstm(pixels)).reshape(2, 3, 4, 5, 7).transpose(0, 3, 1, 2, 4)
    layer = layers.ConvLSTM2D(7, 1, data_format=data_format, return_sequences=True, return_state=True, dtype="float64")
    is_last = data_format == "channels_last"
    given = film if is_last else film.transpose(0, 1, 4, 2, 3)
    layer.build(given.shape)
    layer.set_weights([w if w.ndim == 1 else w[None, None] for w in lstm.get_weights()])
    mask = np.array([[True] * 5, [True, True, True, False, False]])
    y, h, _ = (np.moveaxis(a.numpy(), -1 if is_last else -3, -1) for a in layer(given, mask=mask))
    np.testing.assert_allclose(y[0], expected[0], rtol=1e-12)
    np.testing.assert_allclose(h, [expected[0, -1], expected[1, 2]], rtol=1e-12)


def test_gru_by_hand() -> None:
    ones: dict[str, Any] = {"kernel_initializer": "ones", "recurrent_initializer": "ones"}
    cell = layers.GRUCell(1, "linear", "linear", **ones)
    h, _ = cell(np.array([[2.0]]), [np.array([[1.0]])])
    assert h.numpy().tolist() == [[3 * 1 + (1 - 3) * (2 + 3 * 1)]]  # z = r = 3


def test_bidirectional_merges() -> None:
    layer = layers.Bidirectional(linear(return_sequences=True), merge_mode="sum")
    assert layer(X).numpy().tolist() == [[[1 + 3], [2.5 + 4], [5.25 + 4]]]
    y, z = layers.Bidirectional(linear(), merge_mode=None)(X)
    assert (y.numpy().tolist(), z.numpy().tolist()) == ([[5.25]], [[3.0]])
    mixed = layers.Bidirectional(linear(), dtype="mixed_float16")
    assert mixed(X).dtype == mixed.compute_output_spec(keras.KerasTensor(X.shape)).dtype == "float16"
    assert layer.compute_mask(X, mask=[True]) is True


def test_a_bidirectional_layer_has_the_states_of_both_directions() -> None:
    layer = layers.Bidirectional(linear(stateful=True))
    assert layers.Bidirectional(linear()).states is None
    layer(X)
    assert [float(state.numpy().item()) for state in layer.states or ()] == [5.25, 3.0]


def test_states_of_a_bidirectional_layer_have_no_mask() -> None:
    layer, mask = (
        layers.Bidirectional(linear(return_sequences=True, return_state=True)),
        np.array([[True, True, False]]),
    )
    assert layer.compute_mask(X, mask=mask) is mask
    y, *states = layer(X, mask=mask)
    assert y.keras_mask.tolist() == mask.tolist()
    assert [getattr(state, "keras_mask", None) for state in states] == [None, None]


@pytest.mark.parametrize("kind", [layers.SimpleRNN, layers.GRU, layers.LSTM])
def test_both_directions_without_an_unmasked_step_have_gradients_of_0(kind: Any) -> None:
    layer = layers.Bidirectional(kind(2, return_sequences=True))
    x = keras.Variable(X)
    with keras.GradientTape() as tape:
        loss = keras.ops.sum(layer(x, mask=np.zeros((1, 3), bool)))
    gradients = tape.gradient(loss, [x, *layer.trainable_variables])
    assert not any(np.any(np.asarray(g)) for g in gradients)


@pytest.mark.parametrize("kind", [layers.SimpleRNN, layers.GRU, layers.LSTM])
@pytest.mark.parametrize("both", [False, True])
def test_a_batch_of_no_sample_may_have_a_mask(kind: Any, both: bool) -> None:
    layer = layers.Bidirectional(kind(2)) if both else kind(2)
    x = keras.Variable(np.zeros((0, 3, 1)))
    with keras.GradientTape() as tape:
        y = layer(x, mask=np.zeros((0, 3), bool))
        loss = keras.ops.sum(y)
    assert y.shape == (0, 4 if both else 2)
    assert np.asarray(tape.gradient(loss, x)).shape == (0, 3, 1)


@pytest.mark.parametrize("kind", [layers.SimpleRNN, layers.GRU, layers.LSTM])
def test_a_mask_of_ones_is_as_none(kind: Any) -> None:
    layer, x = kind(2, return_sequences=True, return_state=True), np.ones((3, 4, 1))
    for with_mask, without in zip(layer(x, mask=np.ones((3, 4), bool)), layer(x), strict=True):
        assert np.array_equal(with_mask, without)


def test_outputs_have_the_dtype_of_the_layer() -> None:
    for dtype in ("float16", "mixed_float16", "float64"):
        layer = layers.RNN(layers.LSTMCell(2), dtype=dtype, return_state=True)
        assert {y.dtype for y in layer(X)} == {layer.compute_dtype}


def test_a_stateful_layer_goes_on_where_it_ended() -> None:
    layer = linear(stateful=True)
    model = keras.Sequential([keras.Input(batch_shape=(1, 3, 1)), layer])
    assert model.predict(X, verbose=0).tolist() == [[5.25]]
    assert model.predict(0 * X, verbose=0).tolist() == [[5.25 / 8]]
    layer.reset_state()
    assert model.predict(X, verbose=0).tolist() == [[5.25]]
    assert [w.path for w in layer.weights] == ["sequential/simple_rnn/simple_rnn_cell/kernel",
                                               "sequential/simple_rnn/simple_rnn_cell/recurrent_kernel",
                                               "sequential/simple_rnn/simple_rnn_cell/bias"]  # fmt: skip


@pytest.mark.parametrize("kind", [layers.SimpleRNN, layers.LSTM, layers.GRU])
def test_they_learn_and_a_replay_does_the_same_as_an_eager_run(kind: Any) -> None:
    def train(eagerly: bool) -> tuple[list[float], list[Any]]:
        keras.utils.set_random_seed(2)
        x = np.random.default_rng(0).random((64, 6, 1))
        hidden = kind(8, dropout=0.1, return_sequences=True)
        model = keras.Sequential([keras.Input((6, 1)), hidden, kind(4), layers.Dense(1)])
        model.compile(keras.optimizers.Adam(0.02), "mse", run_eagerly=eagerly)
        return model.fit(x, x.sum(axis=1), epochs=8, verbose=0).history["loss"], model.get_weights()

    losses, weights = train(False)
    again, weights_again = train(True)
    assert losses[-1] < losses[0] / 2
    assert losses == again
    for a, b in zip(weights, weights_again, strict=True):
        assert np.array_equal(a, b)


def test_sequences_of_any_length_and_masks_of_embeddings() -> None:
    inputs = keras.Input((None,), dtype="int32")
    x: Any = layers.Embedding(5, 3, mask_zero=True)(inputs)
    x, _, _ = layers.LSTM(4, return_sequences=True, return_state=True)(x)
    model = keras.Model(inputs, layers.LSTM(4)(x))
    short, padded = np.array([[1, 2]]), np.array([[1, 2, 0, 0]])
    np.testing.assert_allclose(model.predict(short, verbose=0), model.predict(padded, verbose=0), rtol=1e-6)


WRONG: dict[str, Callable[[], Any]] = {
    "units": lambda: layers.LSTM(0),
    "cell": lambda: layers.RNN(keras.ops.sin),
    "stacked": lambda: layers.StackedRNNCells([layers.Dense(1)]),
    "filters": lambda: layers.ConvLSTM2D(0, 3),
    "window": lambda: layers.ConvLSTM2D(2, (3, 3, 3)),  # type: ignore[arg-type]
    "strides": lambda: layers.ConvLSTM2D(2, 3, strides=2, dilation_rate=2),
    "rows": lambda: layers.ConvLSTM2D(2, 3)(keras.Input((None, None, 8, 1))),
    "batch": lambda: layers.GRU(2, stateful=True)(keras.Input((3, 1))),
    "merge": lambda: layers.Bidirectional(layers.GRU(2), merge_mode="max"),  # type: ignore[arg-type]
    "layer": lambda: layers.Bidirectional("gru"),  # type: ignore[arg-type]
    "directions": lambda: layers.Bidirectional(layers.GRU(2), backward_layer=layers.GRU(2)),
    "sizes": lambda: layers.Bidirectional(
        layers.GRU(2), backward_layer=layers.GRU(2, go_backwards=True, return_state=True)
    ),
}


@pytest.mark.parametrize("shape", [(2, 5, 3, 3), (2, 5, 1, 1), (2, 5, 4, 1)])
@pytest.mark.parametrize("wrap", [lambda layer: layer, layers.Bidirectional], ids=["alone", "both ways"])
def test_later_inputs_have_the_sizes_of_the_first(wrap: Callable[[Any], Any], shape: tuple[int, ...]) -> None:
    """A convolution would take three channels for three groups of one, and images of one pixel would spread."""
    model = keras.Sequential([keras.Input((None, 3, 1)), wrap(layers.ConvLSTM1D(3, 1, padding="same"))])
    assert model(np.ones((2, 7, 3, 1))).ndim == 3
    for call in (model, model.layers[-1], model.predict):
        with pytest.raises(ValueError, match=r"expected shape=\(None, None, 3, 1\)"):
            call(np.ones(shape))


def test_other_features_are_named() -> None:
    model = keras.Sequential([keras.Input((None, 3)), layers.LSTM(2)])
    with pytest.raises(ValueError, match=r"Input 0 of layer 'lstm.*expected shape=\(None, None, 3\), found .*7\)"):
        model.predict(np.ones((2, 5, 7)))


@pytest.mark.parametrize(
    "result",
    [lambda x, s: x + s[0], lambda x, s: (x, [x[:, :2]]), lambda x, s: (x, [x, x]), lambda x, s: (x, [])],
    ids=["no states", "another size", "one too many", "none"],
)
def test_a_cell_returns_the_states_it_got(result: Callable[..., Any]) -> None:
    class Forgetful(keras.Layer):
        state_size = 2 + 3

        def call(self, x: Any, states: Any) -> Any:
            return result(x, states)

    with pytest.raises(ValueError, match=r"A cell returns \(output, states\).*, not \[\(2, 5\)\]"):
        layers.RNN(Forgetful())(np.ones((2, 3, 5)))


@pytest.mark.parametrize("batch", [1, 2])
def test_stacked_cells_may_return_a_state_without_a_list(batch: int) -> None:
    class Sum(keras.Layer):
        state_size = 2

        def call(self, x: Any, states: Any) -> Any:
            return x + states[0], x + states[0]

    y, first, second = layers.RNN([Sum(), Sum()], return_state=True)(np.ones((batch, 3, 2)))
    assert [y[0, 0], first[0, 0], second[0, 0]] == [6, 3, 6]


@pytest.mark.parametrize("kind", [layers.LSTMCell, layers.GRUCell])
@pytest.mark.parametrize("mask", [None, np.array([[True, True, False], [True, False, False]])])
@pytest.mark.parametrize("unroll", [False, True])
def test_a_list_of_one_cell_is_that_cell(kind: Any, mask: Any, unroll: bool) -> None:
    keras.utils.set_random_seed(0)
    x = np.random.default_rng(0).normal(size=(2, 3, 4))
    alone = layers.RNN(kind(2), return_state=True, unroll=unroll)
    listed = layers.RNN([kind(2)], return_state=True, unroll=unroll)
    y, *states = alone(x, mask=mask)
    listed(x)
    listed.set_weights(alone.get_weights())
    z, listed_states = listed(x, mask=mask)
    for a, b in zip([y, *states], [z, *listed_states], strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-5, atol=1e-6)
    model = keras.Sequential([layers.RNN([kind(2)], stateful=True, unroll=unroll), layers.Dense(1)])
    model.compile("sgd", "mse")
    before = model.train_on_batch(x, np.ones((2, 1)))
    assert min(model.train_on_batch(x, np.ones((2, 1))) for _ in range(20)) < before


@pytest.mark.parametrize("activation", ["elu", "selu", "leaky_relu", "softplus", "softsign", "relu", "hard_sigmoid"])
@pytest.mark.parametrize("kind", [layers.LSTM, layers.GRU, layers.SimpleRNN])
def test_an_activation_gives_what_it_gives_step_by_step(kind: Any, activation: str) -> None:
    function = keras.activations.get(activation)
    x = np.random.default_rng(0).normal(size=(4, 6, 3)) * 3
    found: list[list[Any]] = []
    for given in (activation, lambda x: function(x)):  # a function of one's own has no place in the op
        keras.utils.set_random_seed(1)
        layer = kind(5, activation=given, dtype="float64", return_sequences=True)
        inputs = keras.Variable(x, dtype="float64")
        with keras.GradientTape() as tape:
            y = layer(inputs)
            loss = keras.ops.sum(keras.ops.square(y))
        found.append([y, *tape.gradient(loss, [inputs, *layer.trainable_variables])])
    for a, b in zip(*found, strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-10, atol=1e-12)


class StepByStep(layers.StackedRNNCells):
    """Runs as a cell of one's own does."""


@pytest.mark.parametrize("options", [{}, {"return_sequences": True}, {"stateful": True}, {"go_backwards": True}])
@pytest.mark.parametrize(
    "dropped", [{}, {"dropout": 0.4}, {"recurrent_dropout": 0.3}, {"dropout": 0.2, "recurrent_dropout": 0.3}]
)
@pytest.mark.parametrize("masked", [False, True])
def test_stacked_cells_give_what_they_give_step_by_step(options: Any, dropped: Any, masked: bool) -> None:
    rng = np.random.default_rng(0)
    x, mask = rng.normal(size=(3, 6, 2)), np.arange(6) >= np.array([[0], [2], [6]])
    mask[0, 3] = False
    found: list[list[Any]] = []
    for stack in (layers.StackedRNNCells, StepByStep):
        keras.utils.set_random_seed(3)
        kinds = layers.LSTMCell, layers.GRUCell, layers.SimpleRNNCell
        cells = [kind(n, dtype="float64", seed=n, **dropped) for n, kind in enumerate(kinds, 2)]
        layer: Any = layers.RNN(stack(cells), return_state=True, dtype="float64", **options)
        inputs = keras.Variable(x, dtype="float64")
        with keras.GradientTape() as tape:
            results = layer(inputs, mask=mask if masked else None, training=True)
            loss = sum(keras.ops.sum(keras.ops.square(y)) for y in keras.tree.flatten(results))
        found.append([*keras.tree.flatten(results), *tape.gradient(loss, [inputs, *layer.trainable_variables])])
    for a, b in zip(*found, strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-10, atol=1e-12)


@pytest.mark.parametrize("states", [
    [[np.ones((1, 6)), np.ones((1, 6))], np.ones((1, 2))], [[np.ones((4, 5)), np.ones((4, 6))], np.ones((4, 2))],
    [np.ones((4, 6)), np.ones((4, 6)), np.ones((4, 2))], [np.ones((4, 6))]])  # fmt: skip
def test_stacked_cells_name_the_states_they_need(states: Any) -> None:
    layer = layers.RNN([layers.LSTMCell(6), layers.GRUCell(2)])
    with pytest.raises(ValueError, match=re.escape("needs tensors of the shapes [[(4, 6), (4, 6)], (4, 2)]. Rec")):
        layer(np.ones((4, 5, 3)), initial_state=states)
    y = layer(np.ones((4, 5, 3)), initial_state=([np.ones((4, 6)), np.ones((4, 6))], np.ones((4, 2))))
    assert y.shape == (4, 2)


def test_states_may_grow_where_steps_are_unrolled() -> None:
    class Growing(keras.Layer):
        state_size = 2

        def call(self, x: Any, states: Any) -> Any:
            return x, [keras.ops.concatenate([states[0], x], -1)]

    layer: Any = layers.RNN(Growing(), unroll=True, return_state=True)
    assert [y.shape for y in layer(np.ones((2, 3, 5)))] == [(2, 5), (2, 17)]


@pytest.mark.parametrize("name", WRONG)
def test_wrong_uses_are_refused(name: str) -> None:
    with pytest.raises(
        ValueError, match=r"units|filters|kernel_size|strides|known sizes|cell|batch size|merge_mode|layer"
    ):
        WRONG[name]()


@pytest.mark.parametrize("backwards", [False, True])
def test_more_steps_than_a_part_holds(backwards: bool) -> None:
    x = np.random.default_rng(0).random((2, 70, 3)).astype("float32")
    layer = layers.SimpleRNN(4, go_backwards=backwards, return_sequences=True)
    with keras.GradientTape() as tape:
        inputs = keras.Variable(x)
        outputs = layer(inputs)
        loss = keras.ops.sum(outputs)
    state, expected = np.zeros((2, 4), "float32"), []
    kernel, recurrent, bias = layer.get_weights()
    for row in x.swapaxes(0, 1)[:: -1 if backwards else 1]:
        state = np.tanh(row @ kernel + state @ recurrent + bias)
        expected.append(state)
    np.testing.assert_allclose(outputs.numpy(), np.stack(expected, 1), rtol=1e-4, atol=1e-5)
    gradient = np.asarray(tape.gradient(loss, inputs))
    last = (1 - expected[-1] ** 2) @ kernel.T  # nothing comes after the last step
    np.testing.assert_allclose(gradient[:, 0 if backwards else -1], last, rtol=1e-4, atol=1e-5)
    assert (gradient != 0).all()


@pytest.mark.parametrize("layer", [layers.SimpleRNN, layers.LSTM, layers.GRU])
@pytest.mark.parametrize("options", [{"dropout": 0.1}, {"recurrent_dropout": 0.1}])
def test_a_replay_drops_other_inputs_in_each_step(layer: Any, options: Any) -> None:
    """Also where all are kept in most steps; and evaluation draws as well, as in Keras."""
    x = np.random.default_rng(0).normal(size=(20, 4, 1)).astype("float32")
    found = []
    for eagerly in (False, True):
        keras.utils.set_random_seed(1)
        model = keras.Sequential([keras.Input((4, 1)), layer(2, **options), layers.Dense(1)])
        model.compile("sgd", "mse", run_eagerly=eagerly)
        found.append(model.fit(x, x[:, 0], batch_size=2, epochs=3, validation_data=(x, x[:, 0]), verbose=0).history)
    assert found[0] == found[1]


@pytest.mark.parametrize("wrap", [lambda layer: layer, layers.Bidirectional], ids=["alone", "both ways"])
def test_dropout_draws_for_each_batch_in_evaluations_and_predictions_too(wrap: Callable[[Any], Any]) -> None:
    """As in Keras, whose cells make their masks in each call."""
    model = keras.Sequential([keras.Input((3, 2)), wrap(layers.LSTM(2, dropout=0.5)), layers.Dense(1)])
    model.compile("sgd", "mse")
    x, y = np.ones((8, 3, 2)), np.ones((8, 1))
    model.evaluate(x, y, batch_size=2, verbose=0)
    model.predict(x, batch_size=2, verbose=0)
    cells = [layer for layer in model._flatten_layers() if isinstance(layer, layers.LSTMCell)]
    assert {int(cell.seed_generator.state[1]) for cell in cells} == {8}


class Doubled(layers.GRUCell):
    def call(self, inputs: Any, states: Any, training: bool = False) -> Any:
        output, states = super().call(inputs, states, training=training)
        return output * 2, states


class Plain(layers.LSTMCell):
    def call(self, inputs: Any, states: Any) -> Any:  # type: ignore[override]  # as scripts have it
        return super().call(inputs, states)


def test_cells_of_ones_own_are_made_of_those_here() -> None:
    x = np.random.default_rng(0).normal(size=(2, 5, 3)).astype("float32")
    layer = layers.RNN(Doubled(4, dropout=0.5, recurrent_dropout=0.5, seed=1), return_sequences=True)
    usual = layers.RNN(layers.GRUCell(4, dropout=0.5, recurrent_dropout=0.5, seed=1), return_sequences=True)
    for each in (layer, usual):
        each.build(x.shape)
    usual.set_weights(layer.get_weights())
    for training in (False, True):  # with the same masks in all steps
        np.testing.assert_allclose(layer(x, training=training), 2 * usual(x, training=training), rtol=1e-5, atol=1e-6)
    mixed = layers.RNN([Plain(4), Doubled(2)])
    alike = layers.RNN([layers.LSTMCell(4), layers.GRUCell(2)])
    for each in (mixed, alike):
        each.build(x.shape)
    alike.set_weights(mixed.get_weights())
    np.testing.assert_allclose(mixed(x), 2 * alike(x), rtol=1e-5, atol=1e-6)


def test_a_cell_of_ones_own_holds_cells_and_their_states_as_it_likes() -> None:
    class Committee(keras.Layer):
        """Cells side by side, whose states are one tensor of shape (batch, cells, units)."""

        state_size = output_size = 4

        def __init__(self) -> None:
            super().__init__()
            self.cells = [layers.GRUCell(4), layers.GRUCell(4)]

        def get_initial_state(self, batch_size: int) -> Any:
            return [keras.ops.zeros((batch_size, 2, 4))]

        def call(self, inputs: Any, states: Any) -> Any:
            hs = [cell(inputs, [states[0][:, i]])[0] for i, cell in enumerate(self.cells)]
            return keras.ops.mean(hs, 0), [keras.ops.stack(hs, 1)]

    x = np.random.default_rng(0).normal(size=(2, 3, 5)).astype("float32")
    cell = Committee()
    expected = (layers.RNN(cell.cells[0])(x) + layers.RNN(cell.cells[1])(x)) / 2
    np.testing.assert_allclose(layers.RNN(cell)(x), expected, rtol=1e-5)


def test_cells_take_the_implementation_of_keras() -> None:
    for kind in (layers.LSTMCell, layers.GRUCell):
        cell: Any = kind
        config = cell(4, implementation=2).get_config()
        assert (config["units"], "implementation" in config) == (4, False)


def test_what_is_the_cells_is_set_at_the_cell() -> None:
    x = np.ones((1, 3, 2), "float32")
    layer = layers.LSTM(2)
    before = layer(x).numpy()
    with pytest.raises(AttributeError, match="no setter"):
        layer.activation = keras.activations.relu
    for name in ("units", "dropout"):
        with pytest.raises(AttributeError, match="no setter"):
            setattr(layer, name, 3)
    with pytest.raises(AttributeError, match="no setter"):
        layers.ConvLSTM1D(1, 1).padding = "same"  # type: ignore[attr-defined]
    np.testing.assert_array_equal(layer(x), before)
    layer.cell.activation = keras.activations.relu
    assert layer.activation is keras.activations.relu
    assert not np.allclose(layer(x), before)


@pytest.mark.parametrize("name", ["activation", "recurrent_activation"])
def test_a_function_of_ones_own_runs_in_each_plain_call_and_if_asked_in_predict(name: str) -> None:
    scale = [1.0]
    options: dict[str, Any] = {name: lambda x: keras.ops.tanh(x * scale[0])}
    model = keras.Sequential([keras.Input((4, 1)), layers.GRU(2, **options)])
    model.compile(run_eagerly=True)
    x = np.ones((2, 4, 1), "float32")
    calls: list[Callable[[Any], Any]] = [model, lambda x: model.predict(x, verbose=0)]
    for predict in calls:
        before = [np.asarray(predict(x)) for _ in range(3)][-1]
        scale[0] *= 2
        assert not np.allclose(predict(x), before)


def test_a_stateful_layer_predicts_batch_after_batch() -> None:
    model = keras.Sequential([keras.Input(batch_shape=(2, 3, 1)), layers.LSTM(2, stateful=True)])
    x = np.random.default_rng(0).normal(size=(12, 3, 1)).astype("float32")
    wanted = np.concatenate([model(x[i : i + 2]) for i in range(0, 12, 2)])
    for _ in range(3):
        cast("layers.LSTM", model.layers[0]).reset_state()
        assert np.array_equal(model.predict(x, batch_size=2, verbose=0), wanted)


def test_a_stateful_model_with_a_mask_runs_once_a_call() -> None:
    embedding, recurrent = layers.Embedding(4, 2, mask_zero=True), layers.LSTM(2, stateful=True, return_sequences=True)
    model = keras.Sequential([keras.Input(batch_shape=(1, 2)), embedding, recurrent])
    x = np.array([[1, 2]])
    called = [model(x) for _ in range(8)]
    assert all(y.keras_mask.tolist() == [[True, True]] for y in called)
    recurrent.reset_state()
    one_by_one = [recurrent(embedding(x)) for _ in range(8)]
    np.testing.assert_allclose(called, one_by_one, rtol=1e-6)


def test_stateful_none_is_not_stateful() -> None:
    assert layers.LSTM(2, stateful=None)(np.ones((1, 3, 1))).shape == (1, 2)  # type: ignore[arg-type]


@pytest.mark.parametrize("kind", ["SimpleRNN", "LSTM", "GRU"])
def test_without_features_they_learn_as_from_zeros(kind: str) -> None:
    histories = []
    for features in (0, 1):
        options: dict[str, Any] = {"recurrent_initializer": "ones", "bias_initializer": "ones"}
        model = keras.Sequential([getattr(layers, kind)(2, **options), layers.Dense(1, kernel_initializer="ones")])
        model.compile("sgd", "mse")
        histories.append(model.fit(np.zeros((6, 4, features)), np.ones(6), 2, verbose=0, shuffle=False).history["loss"])
    np.testing.assert_allclose(histories[0], histories[1], rtol=1e-6)


@pytest.mark.parametrize("kind", [layers.SimpleRNN, layers.GRU, layers.LSTM])
def test_the_penalty_on_the_output_counts(kind: Any) -> None:
    layer = kind(2, activity_regularizer="l2")
    y = layer(X)
    assert [float(loss) for loss in layer.losses] == [pytest.approx(0.01 * float((y.numpy() ** 2).sum()))]


def test_both_directions_forget_their_states_at_a_reset() -> None:
    layer = layers.Bidirectional(layers.LSTM(2, stateful=True))
    first = layer(X).numpy()
    assert not np.array_equal(layer(X), first)
    layer.reset_state()
    np.testing.assert_array_equal(layer(X), first)
    with pytest.raises(ValueError, match="batches of one size"):
        layer(np.concatenate([X, X]))


def test_biases_that_are_left_out() -> None:
    layer = layers.LSTM(2, unit_forget_bias=False)
    layer(X)
    assert not layer.get_weights()[2].any()
    conv = layers.ConvLSTM1D(2, 2, use_bias=False)
    assert conv(np.ones((1, 2, 5, 1))).shape == (1, 4, 2)
    assert len(conv.weights) == 2


def test_the_output_size_of_a_cell_is_an_integer() -> None:
    class Wide(keras.Layer):
        state_size, output_size = 3, (3, 4)

        def call(self, x: Any, states: Any) -> Any:
            return x, states

    with pytest.raises(ValueError, match=r"must be an integer. Received: \(3, 4\)"):
        layers.RNN(Wide()).compute_output_shape((2, 3, 4))


@pytest.mark.parametrize("cls", [layers.SimpleRNN, layers.GRU, layers.LSTM])
def test_both_directions_begin_with_their_own_states(cls: Any) -> None:
    both = layers.Bidirectional(cls(2, return_sequences=True, return_state=True, bias_initializer="normal"))
    x = np.random.default_rng(0).normal(size=(3, 4, 5)).astype("float32")
    count = 2 if cls is layers.LSTM else 1
    states = [np.full((3, 2), 0.5 + i, "float32") for i in range(2 * count)]
    y, *ends = both(x, initial_state=states)
    ahead, *first = both.forward_layer(x, initial_state=states[:count])
    back, *second = both.backward_layer(x, initial_state=states[count:])
    np.testing.assert_allclose(y, np.concatenate([ahead, np.asarray(back)[:, ::-1]], -1), 1e-6, 1e-6)
    np.testing.assert_allclose(ends, [*first, *second], 1e-6, 1e-6)
    assert abs(np.asarray(y) - both(x)[0].numpy()).max() > 0.1
