"""The recurrence that runs in one op: beside the cells step by step, and beside central differences."""

from typing import Any

import numpy as np
import pytest

import minikeras as keras
from minikeras import layers, ops

UNITS, BATCH, STEPS, FEATURES = 3, 4, 5, 2
CELLS: dict[str, Any] = {"simple": layers.SimpleRNNCell, "lstm": layers.LSTMCell, "gru": layers.GRUCell,
                         "reset_first": layers.GRUCell}  # fmt: skip
PAIRS = [("tanh", "sigmoid"), ("relu", "sigmoid"), ("linear", "tanh"), ("sigmoid", "relu"),
         ("hard_sigmoid", "linear"), ("tanh", "hard_sigmoid")]  # fmt: skip


def random(seed: int, *shape: int) -> Any:
    return ops.convert_to_tensor(np.random.default_rng(seed).normal(size=shape), "float64")


def mask_of(kind: str) -> Any:
    mask = np.random.default_rng(1).random((BATCH, STEPS)) > 0.4
    mask[0], mask[1] = True, False
    short = np.arange(STEPS) < np.array([[1], [0], [2], [2]])
    masks = {"some": mask, "short": short, "late": short[:, ::-1], "all": np.ones((BATCH, STEPS), bool)}
    return ops.convert_to_tensor(masks[kind]) if kind in masks else None


DROPS: dict[str, dict[str, Any]] = {
    "none": {}, "inputs": {"dropout": 0.4, "seed": 1}, "state": {"recurrent_dropout": 0.5, "seed": 2},
    "both": {"dropout": 0.4, "recurrent_dropout": 0.5, "seed": 3}}  # fmt: skip


def pair(name: str, activation: str, gate: str, use_bias: bool = True, units: int = UNITS, drops: str = "none",
         **options: Any) -> list[Any]:  # fmt: skip
    """Return two equal layers: one whose cell is ours, and one of a subclass, which is run step by step."""
    found: list[Any] = []
    for cell in (CELLS[name], type("Own", (CELLS[name],), {})):
        arguments: dict[str, Any] = {"activation": activation, "bias_initializer": "uniform", "dtype": "float64"}
        if name != "simple":
            arguments["recurrent_activation"] = gate
        if name == "reset_first":
            arguments["reset_after"] = False
        keras.utils.set_random_seed(3)
        layer = layers.RNN(cell(units, use_bias=use_bias, **arguments, **DROPS[drops]), dtype="float64", **options)
        layer.build((BATCH, STEPS, FEATURES))
        found.append(layer)
    return found


def outcome(layer: Any, sources: list[Any], mask: Any) -> list[Any]:
    """Return outputs, and the gradients of a weighted sum of them with respect to sources and weights."""
    with keras.GradientTape() as tape:
        tape.watch(sources)
        x, *states = sources
        outputs = layer(x, initial_state=states or None, mask=mask, training=True)
        outputs = outputs if isinstance(outputs, tuple | list) else [outputs]
        loss = sum(ops.sum(y * random(i, *y.shape)) for i, y in enumerate(outputs))
    return [*outputs, *tape.gradient(loss, [*sources, *layer.trainable_variables])]


@pytest.mark.parametrize("drops", DROPS)
@pytest.mark.parametrize("mask", ["none", "some", "short", "late", "all"])
@pytest.mark.parametrize("backwards", [False, True])
@pytest.mark.parametrize("name", CELLS)
def test_it_does_what_the_cell_does_step_by_step(name: str, backwards: bool, mask: str, drops: str) -> None:
    for i, (activation, gate) in enumerate(PAIRS):
        whole, zeros, bias, started = (bool((i + k) % 2) for k in (0, 1, 0, 1))
        options: dict[str, Any] = {"return_sequences": whole, "return_state": i != 1, "zero_output_for_mask": zeros}
        sources = [random(5, BATCH, STEPS, FEATURES)]
        if started:
            sources += [random(k, BATCH, UNITS) for k in range(1 + (name == "lstm"))]
        results = [
            outcome(layer, sources, mask_of(mask))
            for layer in pair(name, activation, gate, drops=drops, go_backwards=backwards, use_bias=bias, **options)
        ]
        for ours, wanted in zip(*results, strict=True):
            np.testing.assert_allclose(ours, wanted, rtol=1e-10, atol=1e-13)


@pytest.mark.parametrize("backwards", [False, True])
@pytest.mark.parametrize("name", CELLS)
def test_masked_inputs_are_not_read(name: str, backwards: bool) -> None:
    mask = np.arange(STEPS) < np.array([[3], [1]])
    found: list[list[Any]] = []
    for rest in (0.0, np.nan):
        layer, _ = pair(name, "relu", "sigmoid", return_sequences=True, return_state=True, go_backwards=backwards)
        x = np.where(mask[..., None], random(5, 2, STEPS, FEATURES), rest)
        found.append(outcome(layer, [ops.convert_to_tensor(x)], mask))
    for clean, dirty in zip(*found, strict=True):
        np.testing.assert_array_equal(dirty, clean)


@pytest.mark.parametrize("activation", ["softplus", "relu"])
def test_a_state_does_not_grow_behind_the_end_of_its_sequence(activation: Any) -> None:
    layer = layers.SimpleRNN(1, activation, kernel_initializer="ones", dtype="float64")
    layer.build((2, 400, 1))
    layer.set_weights([np.ones((1, 1)), np.full((1, 1), 10.0), np.zeros(1)])
    x = np.full((2, 400, 1), -1000.0)  # without these, each step would multiply the state by ten
    x[1, 0] = 2
    results = outcome(layer, [ops.convert_to_tensor(x)], np.arange(400) < np.array([[400], [1]]))
    assert all(np.isfinite(result).all() for result in results)


@pytest.mark.parametrize("name", CELLS)
def test_a_layer_of_one_unit(name: str) -> None:
    sources = [random(5, BATCH, STEPS, FEATURES)]
    ours, wanted = (outcome(layer, sources, None) for layer in pair(name, "tanh", "sigmoid", units=1))
    for a, b in zip(ours, wanted, strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-10, atol=1e-13)


@pytest.mark.parametrize("mask", ["none", "some"])
@pytest.mark.parametrize("backwards", [False, True])
@pytest.mark.parametrize("name", CELLS)
def test_gradients_are_central_differences(name: str, backwards: bool, mask: str) -> None:
    layer, _ = pair(name, "tanh", "sigmoid", go_backwards=backwards, return_sequences=True, return_state=True)
    states = [keras.Variable(random(7, BATCH, UNITS), dtype="float64") for _ in range(1 + (name == "lstm"))]
    x = keras.Variable(random(5, BATCH, STEPS, FEATURES), dtype="float64")
    sources = [x, *states]

    def loss() -> Any:
        outputs = layer(sources[0], initial_state=sources[1:], mask=mask_of(mask))
        return sum(ops.sum(y * random(i, *y.shape)) for i, y in enumerate(outputs))

    variables = [*sources, *layer.trainable_variables]
    with keras.GradientTape() as tape:
        total = loss()
    for v, gradient in zip(variables, tape.gradient(total, variables), strict=True):
        value, step = v.numpy(), random(11, *v.shape).numpy() * 1e-5
        v.assign(value + step)
        above = float(loss())
        v.assign(value - step)
        difference = above - float(loss())
        v.assign(value)
        np.testing.assert_allclose(difference, 2 * np.sum(np.asarray(gradient) * step), rtol=1e-7, atol=1e-14)


@pytest.mark.parametrize("name", CELLS)
def test_a_second_gradient_is_right_or_refused(name: str) -> None:
    layer, _ = pair(name, "tanh", "sigmoid")
    x, direction = random(5, BATCH, STEPS, FEATURES), random(6, BATCH, STEPS, FEATURES)

    def slope(at: Any) -> Any:
        with keras.GradientTape() as tape:
            tape.watch(at)
            y = ops.sum(layer(at) ** 2)
        return ops.sum(tape.gradient(y, at) * direction)

    with keras.GradientTape() as tape:
        tape.watch(x)
        first = slope(x)
    second = np.sum(np.asarray(tape.gradient(first, x)) * direction.numpy())
    difference = (slope(x + 1e-5 * direction) - slope(x - 1e-5 * direction)) / 2e-5
    np.testing.assert_allclose(second, float(difference), rtol=1e-7)
    with keras.GradientTape() as inner:
        inner.watch(x)
        y = ops.sum(layer(x))
    weight = random(7)
    with keras.GradientTape() as late:
        late.watch(weight)
        first = inner.gradient(y, x, output_gradients=weight)
    with pytest.raises(NotImplementedError, match="Open two, even"):
        late.gradient(first, weight)


@pytest.mark.parametrize("mask", ["none", "some"])
@pytest.mark.parametrize("merge_mode", ["concat", "sum", None])
@pytest.mark.parametrize("name", ["SimpleRNN", "LSTM", "GRU"])
def test_both_directions_are_trained_as_they_are_run(name: str, merge_mode: Any, mask: str) -> None:
    for k in range(4):  # in training both run side by side, else one after the other
        options: dict[str, Any] = {"return_sequences": k % 2 > 0, "return_state": k > 1, "use_bias": k != 1}
        inner = getattr(layers, name)(UNITS, bias_initializer="uniform", dtype="float64", **options)
        layer = layers.Bidirectional(inner, merge_mode=merge_mode, dtype="float64")
        found = []
        for training in (True, False):
            keras.utils.set_random_seed(5)
            x = random(7, BATCH, STEPS, FEATURES)
            with keras.GradientTape() as tape:
                tape.watch(x)
                outputs: Any = layer(x, mask=mask_of(mask), training=training)
                outputs = outputs if isinstance(outputs, tuple | list) else [outputs]
                loss = sum(ops.sum(y * random(i, *y.shape)) for i, y in enumerate(outputs))
            found.append([*outputs, *tape.gradient(loss, [x, *layer.trainable_variables])])
        for one, other in zip(*found, strict=True):
            np.testing.assert_allclose(one, other, rtol=1e-9, atol=1e-11)


def test_options_of_one_direction_are_kept_in_training() -> None:
    forward = layers.GRU(UNITS, dropout=0.9, seed=1, activity_regularizer="l2")
    layer = layers.Bidirectional(forward, backward_layer=layers.GRU(UNITS, go_backwards=True), merge_mode=None)
    x = np.random.default_rng(0).normal(size=(BATCH, STEPS, FEATURES))
    y, z = layer(x, training=True)
    dropped = layer.losses
    kept, same = layer(x, training=False)
    assert len(dropped) == 1
    assert not np.allclose(y, kept)
    np.testing.assert_allclose(z, same, rtol=1e-6)


def test_a_layer_starts_where_its_own_method_says() -> None:
    class FromOnes(layers.GRU):
        def get_initial_state(self, batch_size: int) -> list[Any]:
            return [ops.ones((batch_size, self.units))]

    x, mask = np.ones((2, 3, 1), "float32"), np.array([[False, True, True], [False, False, False]])
    layer = FromOnes(2, return_sequences=True)
    found = layer(x, mask=mask)
    usual = layers.GRU(2, return_sequences=True)
    usual.build(x.shape)
    usual.set_weights(layer.get_weights())
    assert np.array_equal(found, usual(x, mask=mask, initial_state=[np.ones((2, 2), "float32")]))
    assert not np.array_equal(found, usual(x, mask=mask))
    assert np.count_nonzero(found[1]) == np.count_nonzero(found[0, 0]) == 0  # there was no output before


@pytest.mark.parametrize("drops", DROPS)
@pytest.mark.parametrize("name", ["SimpleRNN", "LSTM", "GRU"])
def test_long_sequences_take_few_operations(name: str, drops: str) -> None:
    counts = []
    for steps in (3, 300):
        layer = layers.Bidirectional(getattr(layers, name)(4, **DROPS[drops]))
        with keras.GradientTape() as tape:
            layer(np.ones((2, steps, 3)), training=True)
            counts.append(len(tape._entries))
    assert counts[0] == counts[1] < 24


@pytest.mark.parametrize("drops", DROPS)
@pytest.mark.parametrize("name", ["SimpleRNN", "LSTM", "GRU"])
def test_a_batch_without_samples(name: str, drops: str) -> None:
    layer = getattr(layers, name)(3, return_sequences=True, **DROPS[drops])
    with keras.GradientTape() as tape:
        outputs = layer(np.ones((0, 4, 2)), training=True)
        loss = ops.sum(outputs)
    assert outputs.shape == (0, 4, 3)
    assert all(not np.any(g) for g in tape.gradient(loss, layer.trainable_variables))


def test_a_replay_looks_at_the_mask_of_each_batch() -> None:
    def run(eagerly: bool) -> list[Any]:
        keras.utils.set_random_seed(1)
        x = np.random.default_rng(0).integers(1, 9, (48, 6))
        x[24:, 3:] = 0  # the first batches have no gap
        layer = layers.Bidirectional(layers.LSTM(4, return_sequences=True))
        model = keras.Sequential([layers.Embedding(9, 3, mask_zero=True), layer, layers.GRU(3), layers.Dense(1)])
        model.compile("sgd", "mse", run_eagerly=eagerly)
        model.fit(x, x[:, :1], batch_size=4, epochs=2, shuffle=False, verbose=0)
        return [*model.get_weights(), model.predict(x, batch_size=4, verbose=0)]

    for ours, wanted in zip(run(False), run(True), strict=True):
        assert np.array_equal(ours, wanted)


@pytest.mark.parametrize("name", CELLS)
def test_gradients_that_vanish_become_zero(name: str) -> None:
    keras.utils.set_random_seed(0)
    layer, x = layers.RNN(CELLS[name](4)), ops.convert_to_tensor(random(0, 2, 600, 3), "float32")
    with keras.GradientTape() as tape:
        tape.watch(x)
        y = ops.sum(layer(x))
    sizes = np.abs(np.asarray(tape.gradient(y, x)))
    assert sizes[:, -50:].all()
    assert not sizes[:, :50].any()
    assert not ((sizes > 0) & (sizes < np.finfo("float32").tiny)).any()  # such numbers take many times as long
