"""Models and losses under a tape: replayed from the third call of a kind on, with the numbers of the eager run.

Where a second tape is open around the first, everything runs eagerly: that is what the replays are compared with.
"""

import copy
import gc
import pickle
import threading
import tracemalloc
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import nullcontext
from itertools import chain
from typing import Any, cast

import numpy as np
import pytest
from hypothesis import given, settings, strategies as st

import minikeras as keras
from minikeras import GradientTape, Sequential, layers, losses, ops
from minikeras._jit import taped_function
from minikeras.layers import Dense

RNG = np.random.default_rng(0)
X = RNG.standard_normal((8, 3)).astype("float32")
ONE_HOT = np.eye(4, dtype="float32")[RNG.integers(0, 4, 8)]
CLASSES = ONE_HOT.argmax(-1)
WEIGHTS = RNG.random(8).astype("float32")
LOSSES = [
    made
    for name, made in ((name, getattr(losses, name)) for name in losses.__all__)
    if isinstance(made, type)
    and not name.startswith("_")
    and issubclass(made, losses.Loss)
    and made not in (losses.Loss, losses.LossFunctionWrapper, losses.CTC)
]

Run = Callable[[Any], list[Any]]


def net(last: Any = None, seed: int = 1) -> Sequential:
    keras.utils.set_random_seed(seed)
    return Sequential([keras.Input((3,)), Dense(5, "tanh"), Dense(4, last)])


def arrays(found: list[Any]) -> list[bytes | None]:
    return [None if g is None else ops.convert_to_numpy(g).tobytes() for g in found]


def check(step: Callable[[GradientTape], list[Any]], persistent: bool = False) -> None:
    """Compare what a step gives, run after run, with what it gives inside another tape."""
    with GradientTape(persistent=True):
        wanted = arrays(step(GradientTape(persistent=persistent)))
    for _ in range(5):
        assert arrays(step(GradientTape(persistent=persistent))) == wanted


@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("last", ["sigmoid", "softmax", None])
@pytest.mark.parametrize("kind", LOSSES)
@pytest.mark.filterwarnings("ignore:invalid value:RuntimeWarning")  # logarithms and powers of outputs below 0
def test_a_loss_is_that_of_the_eager_run_to_the_last_bit(kind: Any, last: Any, weighted: bool) -> None:
    model, loss = net(last), kind()
    targets = CLASSES if any(word in kind.__name__ for word in ("Sparse", "Generalized", "Circle")) else ONE_HOT

    def step(tape: GradientTape) -> list[Any]:
        with tape:
            value = loss(targets, model(X, training=True), *([WEIGHTS] if weighted else []))
        return [value, *tape.gradient(value, model.trainable_variables)]

    check(step)


def test_the_gradient_of_the_predictions_themselves_is_there_too() -> None:
    model, loss = net("softmax"), losses.CategoricalCrossentropy()

    def step(tape: GradientTape) -> list[Any]:
        with tape:
            y = model(X)
            value = loss(ONE_HOT, y)
        return [tape.gradient(value, y), *tape.gradient(value, [y, *model.trainable_variables])]

    check(step, persistent=True)


def test_a_persistent_tape_may_be_asked_many_times() -> None:
    model, loss = net("sigmoid"), losses.BinaryCrossentropy()

    def step(tape: GradientTape) -> list[Any]:
        with tape:
            y = model(X)
            value, other = loss(ONE_HOT, y), losses.mean_squared_error(ONE_HOT, y)
        return [g for target in (value, other, value) for g in tape.gradient(target, model.trainable_variables)]

    check(step, persistent=True)


def test_a_model_may_be_called_several_times_before_it_is_differentiated() -> None:
    model, loss = net(), losses.MeanSquaredError()

    def step(tape: GradientTape) -> list[Any]:
        with tape:
            value = sum(loss(ONE_HOT, model(X * scale)) for scale in (1, 2, 3))
        return [value, *tape.gradient(value, model.trainable_variables)]

    check(step)


def test_models_in_a_row_and_against_each_other() -> None:
    generator, judge = Sequential([keras.Input((2,)), Dense(3, "sigmoid")]), net("sigmoid", 2)
    noise, loss = X[:, :2].copy(), losses.BinaryCrossentropy()

    def step(_: GradientTape) -> list[Any]:
        with GradientTape() as first:
            fooled = loss(np.ones((8, 4), "float32"), judge(generator(noise, training=True), training=True))
        with GradientTape() as second:
            fake, real = judge(generator(noise)), judge(X)
            caught = loss(np.zeros((8, 4), "float32"), fake) + loss(np.ones((8, 4), "float32"), real)
        return [
            fooled,
            *first.gradient(fooled, generator.trainable_variables),
            *second.gradient(caught, judge.trainable_variables),
        ]

    check(step)


@pytest.mark.parametrize("layer", [
    lambda: layers.SimpleRNN(4), lambda: layers.GRU(4, go_backwards=True), lambda: layers.LSTM(4),
    lambda: layers.Bidirectional(layers.LSTM(3, return_sequences=True)), lambda: layers.ReLU(max_value=1.0),
])  # fmt: skip
def test_ops_that_take_none_for_a_tensor_are_replayed(layer: Callable[[], Any]) -> None:
    keras.utils.set_random_seed(1)
    model = Sequential([keras.Input((4, 3)), layer(), layers.Flatten(), Dense(2)])
    sequences = RNG.standard_normal((8, 4, 3)).astype("float32")
    runs, entries = [], []
    for _ in range(6):
        with GradientTape(persistent=True) as tape:
            first, second = model(sequences), model(sequences * 2)
        entries.append(len(tape._entries))
        runs.append(arrays([tape.gradient(y, v) for y in (first, second) for v in model.trainable_weights]))
    assert all(run == runs[0] for run in runs)
    assert entries[-1] == 2  # one for each call


def test_a_model_that_ends_in_recurrent_states_is_replayed() -> None:
    layer = layers.GRU(3, stateful=True)
    model = Sequential([keras.Input(batch_shape=(2, 4, 3)), layer])
    sequences = RNG.standard_normal((2, 4, 3)).astype("float32")
    runs = []
    for _ in range(6):
        layer.reset_states()
        with GradientTape(persistent=True) as tape:
            first, second = model(sequences), model(sequences * 2)
        slopes = [tape.gradient(y, v) for y in (first, second) for v in model.trainable_weights]
        runs.append(arrays([first, second, *slopes, *model.variables]))
    assert all(run == runs[0] for run in runs)
    assert len(tape._entries) == 2  # one for each call


@pytest.mark.parametrize("calls", [1, 2])
@pytest.mark.parametrize("layer", [
    lambda: layers.Dropout(0.4), lambda: layers.GaussianNoise(0.3), lambda: layers.LSTM(4, dropout=0.3),
    lambda: layers.RandomZoom(0.3), lambda: layers.BatchNormalization(), lambda: layers.BatchNormalization(renorm=True),
])  # fmt: skip
def test_what_is_drawn_and_averaged_in_training_is_that_of_the_eager_run(layer: Callable[[], Any], calls: int) -> None:
    """A first call of two is run again, without other draws or a second step of the averages."""

    def trained(eagerly: bool) -> list[list[bytes | None]]:
        keras.utils.set_random_seed(1)
        shape = (4, 4, 1) if isinstance(noisy := layer(), layers.RandomZoom) else (4, 3)
        model = Sequential([keras.Input(shape), Dense(3), noisy, layers.Flatten(), Dense(2)])
        optimizer, loss, data = keras.optimizers.SGD(0.01), losses.MeanSquaredError(), np.random.default_rng(0)
        states = []
        for _ in range(8):
            x, y = data.random((8, *shape), "float32"), data.random((8, 2), "float32")
            with GradientTape(persistent=True, watch_accessed_variables=not eagerly) as tape:
                tape.watch(model.trainable_variables)
                value = sum(loss(y, model(x * k, training=True)) for k in range(1, 1 + calls))
            optimizer.apply(tape.gradient(value, model.trainable_variables), model.trainable_variables)
            states.append(arrays([value, *model.variables]))
        assert len(tape._entries) <= 3 * calls or eagerly
        return states

    assert trained(eagerly=False) == trained(eagerly=True)


@pytest.mark.parametrize("persistent", [True, False])
def test_gradients_are_those_of_the_call_where_layers_are_frozen_after_it(persistent: bool) -> None:
    """A frozen BatchNormalization normalizes with its averages; when it was called, it did not."""

    def slopes(eagerly: bool, freezes: bool) -> list[list[bytes | None]]:
        keras.utils.set_random_seed(1)
        model = Sequential([keras.Input((3,)), Dense(3), layers.BatchNormalization(), Dense(1)])
        weights, found = model.trainable_variables, []
        for _ in range(5):
            with GradientTape(persistent=persistent, watch_accessed_variables=not eagerly) as tape:
                tape.watch(weights)
                y = model(X, training=True) ** 2 + model(X * 2, training=True) ** 2
            model.trainable = not freezes
            found += [arrays(tape.gradient(y, weights)) for _ in range(1 + persistent)]
            model.trainable = True
        return found

    assert slopes(eagerly=False, freezes=True) == slopes(eagerly=True, freezes=True) == slopes(False, False)


MIDDLES: dict[str, Callable[[], Any]] = {
    "tanh": lambda: Dense(4, "tanh"), "softmax": lambda: Dense(3, "softmax"), "dropout": lambda: layers.Dropout(0.3),
    "batch": layers.BatchNormalization, "layer": layers.LayerNormalization, "noise": lambda: layers.GaussianNoise(0.1),
}  # fmt: skip


@settings(max_examples=60)
@given(
    middle=st.lists(st.sampled_from([*MIDDLES]), min_size=1, max_size=3),
    last=st.sampled_from(["sigmoid", "softmax", None]),
    calls=st.integers(1, 3),
    between=st.sampled_from(["nothing", "freeze", "assign", "call"]),
    persistent=st.booleans(),
)
def test_gradients_are_those_of_eager_calls_whatever_comes_before_they_are_taken(
    middle: list[str], last: Any, calls: int, between: str, persistent: bool
) -> None:
    def trained(eagerly: bool) -> list[list[bytes | None]]:
        keras.utils.set_random_seed(1)
        model = Sequential([keras.Input((3,)), *(MIDDLES[name]() for name in middle), Dense(4, last)])
        weights, optimizer = model.trainable_variables, keras.optimizers.SGD(0.1)
        loss, states = losses.CategoricalCrossentropy(from_logits=last is None), []
        for _ in range(6):
            with GradientTape(persistent=persistent, watch_accessed_variables=not eagerly) as tape:
                tape.watch(weights)
                values = [loss(ONE_HOT, model(X * (k + 1), training=between != "nothing")) for k in range(calls)]
                total = sum(values[1:], values[0])
            model.trainable = between != "freeze"
            if between == "assign":
                weights[0].assign(weights[0] * 0.9)
            elif between == "call":
                model(X[:5], training=True)
            found = [tape.gradient(y, weights) for y in ([total, values[0]] if persistent else [total])]
            model.trainable = True
            optimizer.apply(found[0], weights)
            states.append(arrays([total, *chain(*found), *model.variables]))
        return states

    assert trained(eagerly=False) == trained(eagerly=True)


def test_an_input_that_is_watched_gets_its_gradient() -> None:
    model, loss, x = net("softmax"), losses.CategoricalCrossentropy(), ops.convert_to_tensor(X)

    def step(tape: GradientTape) -> list[Any]:
        with tape:
            tape.watch(x)
            value = loss(ONE_HOT, model(x))
        return [tape.gradient(value, x)]

    check(step)


@pytest.mark.parametrize("x", [np.asfortranarray(X), np.broadcast_to(X[:1], X.shape)], ids=["columns", "one row"])
def test_arrays_with_another_order_in_memory_give_the_numbers_of_the_eager_run(x: Any) -> None:
    model = Sequential([keras.Input((3,)), Dense(1)])

    def step(tape: GradientTape) -> list[Any]:
        with tape:
            y = model(x)
            value = ops.sum(y**2)
        return [y, *tape.gradient(value, model.trainable_variables)]

    check(step)


def test_the_weights_are_those_of_the_forward_pass() -> None:
    model, loss = net(), losses.MeanSquaredError()
    start = model.get_weights()

    def step(tape: GradientTape) -> list[Any]:
        model.set_weights(start)
        with tape:
            value = loss(ONE_HOT, model(X))
        for v in model.variables:
            v.assign(v * 2)
        with GradientTape() as other:
            doubled = loss(ONE_HOT, model(X))
        return [
            *tape.gradient(value, model.trainable_variables),
            *other.gradient(doubled, model.trainable_variables),
        ]

    check(step)


@pytest.mark.parametrize(("name", "value", "before"), [
    ("trainable", False, True), ("activation", keras.activations.relu, keras.activations.tanh),
])  # fmt: skip
def test_the_layers_are_those_of_the_forward_pass(name: str, value: Any, before: Any) -> None:
    model = net()
    weights = model.trainable_variables

    def step(tape: GradientTape) -> list[Any]:
        with tape:
            y = sum(model(X * scale) for scale in range(4))  # enough calls for a replay of an earlier one
        setattr(model.layers[0], name, value)
        gradients = tape.gradient(y, weights)
        setattr(model.layers[0], name, before)
        return cast("list[Any]", gradients)

    check(step)


def test_a_model_with_dropout_may_be_frozen_before_the_gradient_is_taken() -> None:
    def gradients(eagerly: bool) -> list[bytes | None]:
        keras.utils.set_random_seed(1)
        model = Sequential([keras.Input((3,)), Dense(5), layers.Dropout(0.1), Dense(4)])
        weights = model.trainable_variables
        with GradientTape(watch_accessed_variables=not eagerly) as tape:
            tape.watch(weights)
            y = sum(model(X * scale, training=True) for scale in range(6))
        model.trainable = False
        return arrays(tape.gradient(y, weights))

    assert gradients(eagerly=False) == gradients(eagerly=True)


def test_a_gradient_may_be_taken_inside_a_later_tape() -> None:
    model = Sequential([keras.Input((1,)), Dense(1, use_bias=False, kernel_initializer="ones")])
    loss = losses.MeanSquaredError()
    for _ in range(5):
        with GradientTape() as tape:
            value = loss(np.array([[1.0]]), model(np.array([[3.0]])))  # (3 w - 1)^2
        with GradientTape() as later:
            (slope,) = tape.gradient(value, model.trainable_variables)  # 6 (3 w - 1)
        assert slope is not None
        assert float(slope) == 12.0
        (second,) = later.gradient(slope, model.trainable_variables)
        assert second is None  # that tape has not seen the forward pass


def test_a_later_tape_has_not_seen_the_forward_pass() -> None:
    model = net()
    for _ in range(5):
        with GradientTape() as tape:
            y = model(X)
        with GradientTape() as later:
            slopes: list[Any] = tape.gradient(y, model.trainable_variables)
            size: Any = sum(ops.sum(g * g) for g in slopes)
        found = later.gradient(size, model.trainable_variables)
        assert [g is None for g in found] == [True, True, False, True]  # the slope of `tanh` goes back through a kernel


def test_a_loss_that_is_changed_computes_something_else() -> None:
    loss, y = losses.MeanSquaredError(), ops.convert_to_tensor([[2.0], [4.0]])

    def value() -> float:
        with GradientTape() as tape:
            tape.watch(y)
            return float(loss(np.zeros((2, 1), "float32"), y))

    assert [value() for _ in range(5)] == [10.0] * 5
    loss.reduction = "sum"
    assert [value() for _ in range(5)] == [20.0] * 5


def test_a_loss_of_ones_own_runs_each_time() -> None:
    seen = []

    class Mine(losses.Loss):
        def call(self, y_true: Any, y_pred: Any) -> Any:
            seen.append(1)
            return ops.abs(y_true - y_pred)

    def mine(y_true: Any, y_pred: Any) -> Any:
        seen.append(2)
        return ops.abs(y_true - y_pred)

    y = ops.convert_to_tensor([[2.0]])
    for loss in (Mine(), losses.LossFunctionWrapper(mine)):
        for _ in range(8):
            with GradientTape() as tape:
                tape.watch(y)
                loss([[1.0]], y)
                loss(np.array([[1.0]], "float32"), y)
    assert seen == [1] * 16 + [2] * 16


def test_a_loss_that_was_replayed_is_copied_and_pickled() -> None:
    model, loss = net(), losses.Huber(delta=0.5)
    for _ in range(5):
        with GradientTape():
            value = loss(ONE_HOT, model(X))
    for twin in (copy.copy(loss), copy.deepcopy(loss), pickle.loads(pickle.dumps(loss))):
        assert float(twin(ONE_HOT, model(X))) == float(value)


def test_shapes_that_do_not_fit_are_refused_as_before() -> None:
    model, loss = net(), losses.MeanSquaredError()
    for _ in range(5):
        with GradientTape():
            loss(ONE_HOT, model(X))
    with GradientTape(), pytest.raises(ValueError, match="must have the same shape"):
        loss(np.zeros((8, 3), "float32"), model(X))


def test_threads_take_turns() -> None:
    model, loss = net("softmax"), losses.CategoricalCrossentropy()

    def gradients(x: Any) -> list[bytes | None]:
        with GradientTape() as tape:
            value = loss(ONE_HOT, model(x))
        return arrays(tape.gradient(value, model.trainable_variables))

    inputs = [X * scale for scale in (1, 2, 3, 4)]
    wanted = [gradients(x) for x in inputs]
    wrong: list[int] = []

    def work(i: int) -> None:
        wrong.extend(i for _ in range(200) if gradients(inputs[i]) != wanted[i])

    threads = [threading.Thread(target=work, args=(i,)) for i in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not wrong


def test_threads_that_train_one_model_lose_no_update() -> None:
    model = keras.Sequential([keras.Input((1,)), Dense(1, use_bias=False, kernel_initializer="zeros")])
    optimizer = keras.optimizers.SGD(1.0)
    optimizer.build(model.trainable_variables)
    x, lock = np.ones((8, 1), "float32"), threading.Lock()

    def work() -> None:
        for _ in range(500):
            with GradientTape() as tape:
                loss = ops.mean(model(x, training=True))  # whose gradient is 1, whatever the weight is
            gradients = tape.gradient(loss, model.trainable_variables)
            with lock:
                optimizer.apply(gradients, model.trainable_variables)

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert model.get_weights()[0].tolist() == [[-2000.0]]


def entries(model: Any, x: Any, training: bool) -> int:
    """Return the number of entries that a call leaves on a tape, 1 for a replay; compare it with an eager call."""
    found = []
    for replays in (False, True):  # a tape that is told what to watch has no program
        with GradientTape(persistent=True, watch_accessed_variables=replays) as tape:
            tape.watch(model.trainable_weights)
            y = model(x, training=training)
        found.append(arrays([y, *tape.gradient(y, model.trainable_weights)]))
    assert found[0] == found[1]
    return len(tape._entries)


def test_a_model_is_replayed_in_steps_that_make_an_optimizer_each() -> None:
    model = net()
    for _ in range(4):
        with GradientTape() as tape:
            y = model(X)
        entries = len(tape._entries)
        variables = model.trainable_variables
        keras.optimizers.SGD(0.1).apply(tape.gradient(y, variables), variables)
    assert entries == 1


def test_a_model_is_replayed_again_however_often_layers_are_made_meanwhile() -> None:
    model = Sequential([keras.Input((3,)), Dense(5, "tanh"), Dense(4)])
    for _ in range(12):
        Dense(2)
        model.set_weights([RNG.random(w.shape) for w in model.get_weights()])
        for k in range(140):
            used = entries(model, RNG.random((8, 3), "float32"), bool(k % 2))
        assert used == 1


@pytest.mark.parametrize(("limit", "replayed"), [(1 << 25, 30), (0, 16)])
def test_many_lengths_of_sequences_are_replayed(limit: int, replayed: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(taped_function, "PROGRAM_BYTES", limit)
    model = Sequential([keras.Input((None, 3)), layers.SimpleRNN(4)])
    for _ in range(4):
        model.set_weights([RNG.random(w.shape) for w in model.get_weights()])
        used = [entries(model, RNG.random((2, size, 3), "float32"), False) for size in range(1, 31)]
    assert used.count(1) == replayed


def test_what_is_kept_does_not_grow_with_the_number_of_shapes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(taped_function, "SMALL_KEPT", 16)
    model, loss = net(), losses.MeanSquaredError()

    def kept(rows: range) -> int:
        for n in rows:
            x, y = np.zeros((n, 3), "float32"), np.zeros((n, 4), "float32")
            for _ in range(4):
                with GradientTape() as tape:
                    value = loss(y, model(x))
                tape.gradient(value, model.trainable_variables)
        gc.collect()
        return tracemalloc.get_traced_memory()[0]

    tracemalloc.start()
    try:
        before = kept(range(1, 40))
        assert kept(range(40, 70)) < before + 300_000  # 1.5 MB without a limit
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize("first", [["a"], ["b"], ["a", "b"], []])
def test_calls_with_other_watched_inputs_have_programs_of_their_own(first: list[str]) -> None:
    loss, inputs = losses.MeanSquaredError(), {"a": ops.convert_to_tensor([[3.0]]), "b": ops.convert_to_tensor([[1.0]])}

    def gradients(watched: list[str]) -> list[float | None]:
        with GradientTape() as tape:
            tape.watch([inputs[name] for name in watched])
            value = loss(*inputs.values())
        return [None if g is None else float(g) for g in tape.gradient(value, list(inputs.values()))]

    for _ in range(5):
        gradients(first)
    for watched in (["a"], ["b"], ["a", "b"], []):
        for _ in range(5):
            assert gradients(watched) == [4.0 if "a" in watched else None, -4.0 if "b" in watched else None]


def test_a_tensor_passed_twice_does_not_stand_for_two_that_come_later() -> None:
    loss, (a, b) = losses.MeanSquaredError(), map(ops.convert_to_tensor, ([[1.0]], [[3.0]]))
    for _ in range(5):
        with GradientTape():
            assert float(loss(a, a)) == 0.0
    with GradientTape():
        assert float(loss(a, b)) == 4.0


@pytest.mark.parametrize("state", [X, ops.convert_to_tensor(X)], ids=["array", "tensor"])
def test_one_array_for_several_inputs_is_replayed(state: Any) -> None:
    inputs = [keras.Input((3,)) for _ in range(3)]
    model = keras.Model(inputs, layers.Concatenate()([Dense(2, "tanh")(x) for x in inputs]))
    entries = []

    def step(tape: GradientTape) -> list[Any]:
        with tape:
            y = model([-X, state, state])
        entries.append(len(tape._entries))
        return [y, *tape.gradient(y, model.trainable_variables)]

    check(step)
    assert entries[-1] == 1


def test_a_frozen_weight_that_is_watched_gets_its_gradient() -> None:
    model = net()
    model.layers[0].trainable = False

    def step(tape: GradientTape) -> list[Any]:
        with tape:
            tape.watch(model.layers[0].weights)
            y = model(X)
        return cast("list[Any]", tape.gradient(y, model.weights))

    check(step)


def test_a_state_that_is_watched_gets_its_gradient() -> None:
    recurrent = layers.SimpleRNN(2, stateful=True)
    model = Sequential([keras.Input((4, 3), batch_size=2), recurrent, Dense(2)])
    (state,) = cast("list[keras.Variable]", recurrent.states)
    for _ in range(5):
        with GradientTape() as tape:
            tape.watch(state)
            y = model(X.reshape(2, 4, 3), training=True)
        assert tape.gradient(y, state) is not None


def test_what_nothing_watched_goes_into_is_not_watched() -> None:
    model, loss = net(), losses.MeanSquaredError()
    model.trainable = False
    for _ in range(5):
        with GradientTape() as tape:
            y = model(X)
            assert not tape.watches(y)
            assert not tape.watches(loss(ONE_HOT, y))


def test_results_share_no_memory() -> None:
    inputs = keras.Input((3,))
    hidden = Dense(4, "sigmoid")(inputs)
    model = keras.Model(inputs, [hidden, hidden, Dense(2)(hidden)])
    given = [y for _ in range(5) for y in model.predict(X, verbose=0)]
    single = net("sigmoid")
    for _ in range(5):
        with GradientTape() as tape:
            y = single(X)
            loss = ops.sum(y)
        given += [y.numpy(), *(cast(Any, g).numpy() for g in tape.gradient(loss, single.weights))]
    assert not any(np.shares_memory(a, b) for i, a in enumerate(given) for b in given[:i])


def test_a_replay_has_the_epsilon_of_now() -> None:
    loss, found = losses.Dice(), []
    try:
        for step in range(8):
            keras.config.set_epsilon(1e-7 if step < 5 else 0.5)
            with GradientTape():
                found.append(float(loss(ONE_HOT, ONE_HOT / 2)))
    finally:
        keras.config.set_epsilon(1e-7)
    assert len({*found[:5]}) == len({*found[5:]}) == 1
    assert found[0] != found[5]


def test_a_gradient_of_an_earlier_call_shows_other_threads_no_earlier_weights(four_threads: ThreadPoolExecutor) -> None:
    model = Sequential([keras.Input((3,)), Dense(32, "tanh"), Dense(4)])
    late = model.get_weights()
    early = [2 * w for w in late]
    hidden, last = model.layers
    wanted = last(hidden(X)).numpy()
    done = threading.Event()
    turns: list[str] = []

    def look() -> None:
        while not done.is_set():
            version = len(turns)
            y = last(hidden(X)).numpy()
            if version % 2 and len(turns) == version:  # the late weights were there all the time
                np.testing.assert_allclose(y, wanted, rtol=1e-5)

    seen = [four_threads.submit(look) for _ in range(2)]
    for _ in range(100):
        model.set_weights(early)
        with GradientTape() as tape:
            y = model(X) + model(-X)
        model.set_weights(late)
        turns.append("late weights")
        tape.gradient(y, model.trainable_variables)
        turns.append("early weights")
    done.set()
    for each in seen:
        each.result()
    np.testing.assert_allclose(model.predict(X, verbose=0), wanted, rtol=1e-5)


@pytest.mark.parametrize("form", [list, tuple, dict])
def test_models_of_several_inputs_are_replayed_by_tapes_calls_and_predict(form: Any) -> None:
    a, b = keras.Input((3,), name="a"), keras.Input((3,), name="b")
    shared = Dense(4, "tanh")
    joined = layers.BatchNormalization()(layers.Subtract()([shared(a), shared(b)]))
    model = keras.Model({"a": a, "b": b} if form is dict else [a, b], Dense(2)(joined))
    optimizer = keras.optimizers.SGD(0.1)

    def made(scale: float) -> Any:
        return form(zip("ab", (X, X * scale), strict=True)) if form is dict else form((X, ops.multiply(X, scale)))

    for scale in (0.5, 2.0, -1.0, 3.0, 0.5):
        x = made(scale)
        with GradientTape(), GradientTape() as eager:
            wanted = model(x, training=False)
        replayed = [model(x), model(x, training=False), ops.convert_to_tensor(model.predict(x, verbose=0))]
        assert arrays(replayed) == arrays([wanted]) * 3
        with GradientTape(persistent=True) as tape:
            y = model(x, training=False)
        gradients = tape.gradient(y, model.trainable_weights)
        assert arrays([y, *gradients]) == arrays([wanted, *eager.gradient(wanted, model.trainable_weights)])
        optimizer.apply(gradients, model.trainable_weights)
        model(x, training=True)  # which changes the moving averages
    assert len(tape._entries) == 1


@pytest.mark.parametrize("form", [list, tuple, dict, "nested"])
@pytest.mark.parametrize("training", [True, False])
@pytest.mark.parametrize("last", [None, "softmax", "sigmoid"])
def test_models_of_several_outputs_are_replayed(form: Any, training: bool, last: Any) -> None:
    """An actor and a critic, say: one entry of the tape, a part for each output, and a softmax at the end of one."""
    keras.utils.set_random_seed(3)
    hidden = layers.BatchNormalization()(Dense(5, "tanh")(x := keras.Input((3,))))
    heads = [Dense(4, last)(hidden), Dense(1)(hidden), Dense(2, "sigmoid")(hidden)]
    outputs = [heads[0], {"rest": heads[1:]}] if form == "nested" else form(zip("abc", heads, strict=True))
    outputs = outputs if form in (dict, "nested") else form(heads)
    model, loss = keras.Model(x, outputs), losses.CategoricalCrossentropy(from_logits=last is None)

    entries: list[int] = []

    def step(tape: GradientTape) -> list[Any]:
        averages = model.get_weights()
        given = ops.convert_to_tensor(X)
        with tape:
            tape.watch(given)
            found = model(given, training=training)
            entries.append(len(tape._entries))
            a, b, c = keras.tree.flatten(found)
            value = loss(ONE_HOT, a) + ops.mean(b * ops.square(c)) + ops.sum(a * b)
        slopes = tape.gradient(value, [*model.trainable_variables, given, a, b, c])
        assert type(found) is type(model.output)
        model.set_weights(averages)
        return [value, a, b, c, *slopes]

    check(step)
    assert entries[-1] == 4 + 1 + (last is not None)  # the whole, its three parts, and activations at the end


def test_an_output_that_is_not_used_leaves_its_weights_without_gradients() -> None:
    hidden = Dense(5, "tanh")(x := keras.Input((3,)))
    model = keras.Model(x, [Dense(4, "softmax")(hidden), Dense(1)(hidden)])

    def step(tape: GradientTape) -> list[Any]:
        with tape:
            actions, value = model(X)
        found = [tape.gradient(y, model.trainable_variables) for y in (actions, value)]
        assert [g is None for g in found[0]] == [False] * 4 + [True] * 2
        assert [g is None for g in found[1]] == [False] * 2 + [True] * 2 + [False] * 2
        return [actions, value, *found[0], *found[1]]

    check(step, persistent=True)


def test_an_output_that_another_one_is_made_of_has_the_gradients_of_both() -> None:
    """As for a heat map of what a class looks at."""
    middle = layers.Conv2D(2, 2, activation="relu")(x := keras.Input((4, 4, 1)))
    model = keras.Model(x, [middle, Dense(3, "softmax")(layers.Flatten()(middle))])
    images = RNG.random((2, 4, 4, 1)).astype("float32")

    def step(tape: GradientTape) -> list[Any]:
        with tape:
            maps, classes = model(images)
            value = ops.sum(classes[:, 1]) + ops.sum(maps) * 0.5
        return [value, tape.gradient(value, maps)]

    check(step)


@pytest.mark.parametrize(
    "bad", [[X], [X, X, X], [X, X[:, :2]], [X, None], [], [[1.0, 2.0], [3.0]], {"a": X}, ["a", "b"]], ids=repr
)
def test_a_replayed_model_refuses_wrong_inputs_as_a_new_one_does(bad: Any) -> None:
    a, b = keras.Input((3,), name="a"), keras.Input((3,), name="b")
    new, used = (keras.Model([a, b], layers.Add()([a, b])) for _ in range(2))
    for _ in range(4):
        used([X, 2 * X])
        with GradientTape():
            used([X, 2 * X])
    for tapes in (0, 1):
        messages = []
        for model in (new, used):
            with pytest.raises((ValueError, TypeError)) as error, GradientTape() if tapes else nullcontext():
                model(bad)
            messages.append((error.type, str(error.value).replace(model.name, "model")))
        assert messages[0] == messages[1]


@ops.custom_gradient
def tenfold(x: Any) -> Any:
    def slope(*args: Any, upstream: Any = None) -> Any:
        return 10.0 * (args[0] if upstream is None else upstream)

    return ops.tanh(x), slope


@pytest.mark.parametrize("layer", [lambda: Dense(2, tenfold), lambda: layers.Activation(tenfold)])
def test_an_activation_keeps_the_gradient_of_its_own(layer: Callable[[], Any]) -> None:
    keras.utils.set_random_seed(1)
    model = Sequential([keras.Input((3,)), Dense(2), layer()])
    bias = model.trainable_weights[-1]
    for _ in range(6):
        with GradientTape() as tape:
            y = ops.sum(model(X))
        assert arrays([tape.gradient(y, bias)]) == [np.full(2, 80, "float32").tobytes()]  # 10 for each of the 8 rows


@ops.custom_gradient
def sevenfold(y_true: Any, y_pred: Any) -> Any:
    def slopes(*args: Any, upstream: Any = None) -> Any:
        g = args[0] if upstream is None else upstream
        return 0.0 * g, 7.0 * g

    return y_pred - y_true, slopes


def test_a_loss_keeps_the_gradient_of_its_own() -> None:
    y, loss = ops.convert_to_tensor(X), losses.LossFunctionWrapper(sevenfold, reduction="sum")
    for _ in range(6):
        with GradientTape() as tape:
            tape.watch(y)
            total = loss(np.zeros_like(X), y)
        assert arrays([tape.gradient(total, y)]) == [np.full_like(X, 7.0).tobytes()]
