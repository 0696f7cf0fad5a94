"""Sequential: building, calling, predicting, describing, copying, and what it refuses."""

import copy
import cProfile
import gc
import json
import pickle
import pstats
import weakref
from collections.abc import Iterator
from threading import Thread
from typing import Any, cast

import numpy as np
import pytest

import minikeras as keras
from minikeras import Sequential, Tensor
from minikeras.layers import Activation, Dense, Dropout, Flatten, Input, Lambda, Layer


def small() -> Sequential:
    """Return a built model whose weights are set by hand: y = relu(x1 + x2) * 2 + 1."""
    model = Sequential([Input((2,)), Dense(1, activation="relu", name="a"), Dense(1, name="b")])
    model.set_weights([[[1.0], [1.0]], [0.0], [[2.0]], [1.0]])
    return model


def test_an_input_builds_at_once() -> None:
    model = Sequential([Input((4,)), Dense(3), Dense(2)])
    assert model.built
    assert [w.shape for w in model.get_weights()] == [(4, 3), (3,), (3, 2), (2,)]
    assert model.input_shape == (None, 4)
    assert model.output_shape == (None, 2)
    assert model.inputs[0].shape == (None, 4)
    assert model.outputs[0].shape == (None, 2)
    assert [layer.name for layer in model.layers] == ["dense", "dense_1"]
    assert model.weights[0].path == "sequential/dense/kernel"


def test_without_an_input_it_builds_at_the_first_call() -> None:
    model = Sequential([Dense(3), Dense(2)])
    assert model.get_weights() == []
    with pytest.raises(AttributeError, match="no defined output shape"):
        _ = model.output_shape
    model(np.ones((5, 4)))
    assert model.built
    assert model.count_params() == 4 * 3 + 3 + 3 * 2 + 2


def test_a_configuration_builds_layers_that_gave_no_graph() -> None:
    class Doubled(Layer):
        def call(self, x: Tensor) -> Tensor:
            return 2 * x

        def compute_output_shape(self, input_shape: Any) -> Any:
            raise NotImplementedError

    model = Sequential([Dense(2), Doubled()])
    model.build((None, 3))
    copied = Sequential.from_config(model.get_config(), {"Doubled": Doubled})
    assert [w.shape for w in copied.weights] == [w.shape for w in model.weights]


def test_predict_builds() -> None:
    model = Sequential([Dense(3)])
    assert model.predict(np.ones((5, 4)), verbose=0).shape == (5, 3)
    assert model.built


def test_layers_added_one_by_one() -> None:
    model = Sequential()
    model.add(Input((2,)))
    model.add(Dense(3))
    assert model.output_shape == (None, 3)
    model.add(Dense(1))
    assert model.output_shape == (None, 1)
    assert model.pop().name == "dense_1"
    assert model.output_shape == (None, 3)
    assert len(model.layers) == 1


def test_a_pop_that_fails_leaves_the_model_as_it_was() -> None:
    class Fragile(Layer):
        broken = False

        def call(self, x: Tensor) -> Tensor:
            if Fragile.broken:
                raise OSError("disk")
            return x * 2.0

    model = Sequential([Input((2,)), Fragile(), Dense(3), Dense(1)])
    x = np.ones((4, 2))
    before = model.predict(x, verbose=0)
    Fragile.broken = True
    with pytest.raises(OSError, match="disk"):
        model.pop()
    Fragile.broken = False
    assert (len(model.layers), model.built, model.output_shape) == (3, True, (None, 1))
    np.testing.assert_array_equal(model.predict(x, verbose=0), before)
    model.pop()
    assert model.output_shape == (None, 3)


def test_input_dim_and_input_shape_of_a_first_layer() -> None:
    with pytest.warns(UserWarning, match="Do not pass an `input_shape`"):
        model = Sequential([Dense(1, input_dim=3)])
    assert model.input_shape == (None, 3)
    with pytest.warns(UserWarning, match="Do not pass an `input_shape`"):
        model = Sequential([Flatten(input_shape=(2, 2))])
    assert model.count_params() == 0


def test_inputs_may_have_other_sizes_than_the_first_where_the_layers_take_them() -> None:
    model = Sequential([Dense(2, kernel_initializer="ones")])
    model(np.ones((2, 9, 3)))
    assert model(np.ones((1, 1, 3))).tolist() == model.predict(np.ones((1, 1, 3)), verbose=0).tolist() == [[[3, 3]]]
    assert model.predict(np.ones((1, 5, 3)), verbose=0).shape == (1, 5, 2)
    with pytest.raises(ValueError, match=r"must have shape \(2, 9, 3\)"):
        model(np.ones((1, 3)))


def test_predict_gives_hand_worked_numbers() -> None:
    model = small()
    x = np.array([[1.0, 2.0], [-3.0, 1.0]])
    assert model.predict(x, verbose=0).tolist() == [[7.0], [1.0]]
    assert model(x).numpy().tolist() == [[7.0], [1.0]]
    assert model.predict_on_batch(x).tolist() == [[7.0], [1.0]]
    assert model.predict([[1, 2]], verbose=0).tolist() == [[7.0]]
    assert model.predict(x, verbose=0).dtype == np.float32


@pytest.mark.parametrize("rows", [1, 31, 32, 33, 100])
@pytest.mark.parametrize("batch_size", [None, 1, 7, 1000])
def test_batches_do_not_change_the_answer(rows: int, batch_size: int | None) -> None:
    model = small()
    x = np.random.default_rng(0).normal(size=(rows, 2))
    expected = np.maximum(x.astype("float32").sum(axis=1, keepdims=True), 0) * 2 + 1
    np.testing.assert_allclose(model.predict(x, batch_size, verbose=0), expected, rtol=1e-6)


def test_replayed_runs_equal_eager_ones_to_the_last_bit() -> None:
    keras.utils.set_random_seed(0)
    model = Sequential(
        [
            Input((6,)),
            Dense(8, "tanh"),
            Dropout(0.5),
            Dense(8, "gelu"),
            Dense(4, "softmax"),
            Activation("sigmoid"),
        ]
    )
    x = np.random.default_rng(0).normal(size=(9, 6)).astype("float32")
    eager: Any = Tensor(x)
    for layer in model.layers:
        eager = layer(eager)
    for _ in range(3):
        assert np.array_equal(model.predict(x, verbose=0), eager.numpy())
        assert np.array_equal(model(x).numpy(), eager.numpy())


def test_results_are_the_callers_to_keep() -> None:
    model = small()
    x = np.ones((1, 2), "float32")
    first = model.predict(x, verbose=0)
    second = model.predict(x, verbose=0)
    model.predict(x * 5, verbose=0)
    assert first.tolist() == second.tolist() == [[5.0]]
    tensor = model(x)
    model(x * 7)
    assert tensor.numpy().tolist() == [[5.0]]


def test_changes_after_a_run_count() -> None:
    model = small()
    x = np.ones((1, 2), "float32")
    for _ in range(3):
        assert model.predict(x, verbose=0).tolist() == [[5.0]]
    model.layers[1].set_weights([[[0.0]], [3.0]])
    assert model.predict(x, verbose=0).tolist() == [[3.0]]
    model.add(Lambda(lambda t: -t))
    assert model.predict(x, verbose=0).tolist() == [[-3.0]]
    model.pop()
    assert model.predict(x, verbose=0).tolist() == [[3.0]]
    model.layers[1].activation = keras.activations.get("sigmoid")  # type: ignore[attr-defined]
    assert model(x).numpy()[0, 0] == pytest.approx(1 / (1 + np.exp(-3.0)))


def test_a_layer_that_looks_at_values_runs_eagerly() -> None:
    class Choosy(Layer):
        def call(self, x: Tensor) -> Tensor:
            return x * 2 if float(keras.ops.sum(x)) > 0 else x

    model = Sequential([Input((1,)), Choosy()])
    for _ in range(3):
        assert model.predict(np.array([[1.0]]), verbose=0).tolist() == [[2.0]]
        assert model.predict(np.array([[-1.0]]), verbose=0).tolist() == [[-1.0]]


def test_a_users_layer_runs_at_every_direct_call() -> None:
    calls: list[int] = []

    class Counting(Layer):
        def call(self, x: Tensor) -> Tensor:
            calls.append(1)
            return x

    model = Sequential([Input((1,)), Counting()])
    calls.clear()
    for _ in range(4):
        model(np.ones((1, 1)))
    assert len(calls) == 4


def test_predict_takes_generators_lists_and_steps() -> None:
    model = small()

    def endless() -> Iterator[Any]:
        while True:
            yield np.ones((3, 2)), np.ones(3)

    assert model.predict(endless(), steps=2, verbose=0).tolist() == [[5.0]] * 6
    assert model.predict((np.ones((k, 2)) for k in (1, 2)), verbose=0).shape == (3, 1)
    assert model.predict(np.ones((10, 2)), batch_size=3, steps=2, verbose=0).shape == (6, 1)


def test_one_dimensional_data_for_one_feature() -> None:
    model = Sequential([Input((1,)), Dense(1, kernel_initializer="ones")])
    assert model.predict(np.array([1.0, 2.0]), verbose=0).tolist() == [[1.0], [2.0]]


def test_no_rows_give_no_predictions() -> None:
    assert small().predict(np.empty((0, 2)), verbose=0).shape == (0, 1)
    assert Sequential([Input((2,)), Dense(3)]).predict(np.empty((0, 2)), verbose=0).shape == (0, 3)


def test_nan_passes_through() -> None:
    model = Sequential([Input((1,)), Dense(1)])
    with pytest.warns(UserWarning, match=r"`x\[0, 0\]` is nan"):
        result = model.predict(np.array([[np.nan]]), verbose=0)
    assert np.isnan(result).all()


def test_threads_may_predict_at_once() -> None:
    model = small()
    x = np.random.default_rng(0).normal(size=(20, 2)).astype("float32")
    expected = model.predict(x, verbose=0)
    wrong: list[int] = []

    def work() -> None:
        for _ in range(200):
            if not np.array_equal(model.predict(x, verbose=0), expected):
                wrong.append(1)

    threads = [Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not wrong


def test_progress_is_one_whole_line_when_captured(capsys: pytest.CaptureFixture[str]) -> None:
    small().predict(np.ones((70, 2)))
    out = capsys.readouterr().out
    assert out.startswith("3/3 ")
    assert out.count("\n") == 1
    assert "step" in out
    assert "\x1b" not in out
    small().predict(np.ones((70, 2)), verbose=0)
    assert capsys.readouterr().out == ""


def test_nested_models() -> None:
    inner = Sequential([Input((2,)), Dense(3, name="x")], name="inner")
    model = Sequential([inner, Dense(1, name="y")], name="outer")
    assert model.built
    assert model.output_shape == (None, 1)
    assert len(model.weights) == 4
    assert model.predict(np.ones((1, 2)), verbose=0).shape == (1, 1)
    inner.trainable = False
    assert len(model.trainable_weights) == 2


def test_get_layer() -> None:
    model = small()
    assert model.get_layer("a") is model.get_layer(index=0)
    assert model.get_layer(index=-1).name == "b"


def test_configuration_round_trip() -> None:
    model = small()
    for again in (
        Sequential.from_config(model.get_config()),
        keras.models.model_from_json(model.to_json()),
        keras.models.model_from_json(model.to_json(indent=2)),
    ):
        assert isinstance(again, Sequential)
        assert again.get_config() == model.get_config()
        assert json.loads(again.to_json()) == json.loads(model.to_json())
        assert again.built


def test_a_layer_of_a_frozen_model_from_a_configuration_may_be_freed() -> None:
    frozen = small()
    frozen.trainable = False
    model = Sequential.from_config(frozen.get_config())
    assert [layer.trainable for layer in model.layers] == [False, False]
    assert model.trainable_weights == []
    model.layers[-1].trainable = True
    assert model.trainable_weights == model.layers[-1].weights


def test_custom_layers_in_a_configuration() -> None:
    class Twice(Layer):
        def call(self, x: Tensor) -> Tensor:
            return 2 * x

    model = Sequential([Input((1,)), Twice()])
    with pytest.raises(ValueError, match="Unknown layer: 'Twice'"):
        keras.models.model_from_json(model.to_json())
    again = keras.models.model_from_json(model.to_json(), custom_objects={"Twice": Twice})
    assert again.predict(np.ones((1, 1)), verbose=0).tolist() == [[2.0]]
    with keras.utils.custom_object_scope({"Twice": Twice}), keras.utils.custom_object_scope(None):
        assert isinstance(keras.models.model_from_json(model.to_json()), Sequential)


def test_copies_and_pickles() -> None:
    model = small()
    x = np.ones((1, 2), "float32")
    model.predict(x, verbose=0)
    for twin in (copy.deepcopy(model), pickle.loads(pickle.dumps(model))):
        assert twin.predict(x, verbose=0).tolist() == [[5.0]]
        twin.set_weights([np.zeros_like(w) for w in twin.get_weights()])
        assert twin.predict(x, verbose=0).tolist() == [[0.0]]
        assert model.predict(x, verbose=0).tolist() == [[5.0]]


@pytest.mark.parametrize(
    ("act", "error", "words"),
    [
        (lambda m: m.add(3), ValueError, "Only instances of `Layer`.*3"),
        (lambda m: m.add(Dense), ValueError, "parentheses.*Dense"),
        (lambda m: m.complie, AttributeError, "no attribute 'complie'$"),
        (lambda m: m.add(Dense(1, name="a")), ValueError, "unique names.*'a'"),
        (lambda m: m.add(Input((2,))), ValueError, "already been configured"),
        (lambda m: m.get_layer(), ValueError, "either a layer name or a layer index.*name=None, index=None"),
        (lambda m: m.get_layer("a", 0), ValueError, "either a layer name or a layer index.*name='a', index=0"),
        (lambda m: m.get_layer("zzz"), ValueError, r"'zzz'.*\['a', 'b'\]"),
        (lambda m: m.get_layer(index=9), ValueError, "index 9.*2"),
        (lambda m: m.predict(np.ones((1, 3)), verbose=0), ValueError, r"'a'.*axis -1.*2, found 3"),
        (lambda m: m.predict([["a", "b"]], verbose=0), ValueError, "numbers"),
        (lambda m: m.predict(np.array([[None, {}]]), verbose=0), ValueError, "numbers"),
        (lambda m: m.predict([[1, 2], [3]], verbose=0), ValueError, "different lengths"),
        (lambda m: m.predict(None, verbose=0), ValueError, "None"),
        (lambda m: m.predict(np.ones((1, 2)), batch_size=0, verbose=0), ValueError, "batch_size"),
        (lambda m: m.build((None, 3)), ValueError, r"\(None, 2\).*\(None, 3\)"),
        (lambda m: m.set_weights([np.ones(1)]), ValueError, "expecting 4"),
        (lambda m: m.add(Dense(0)), ValueError, "positive integer"),
    ],
)
def test_wrong_use_is_refused_and_changes_nothing(act: Any, error: type[Exception], words: str) -> None:
    model = small()
    config, weights = model.get_config(), model.get_weights()
    with pytest.raises(error, match=words):
        act(model)
    assert model.get_config() == config
    assert all(np.array_equal(a, b) for a, b in zip(weights, model.get_weights(), strict=True))
    assert model.predict(np.ones((1, 2)), verbose=0).tolist() == [[5.0]]


def test_a_model_without_layers() -> None:
    x = np.ones((1, 2))
    with pytest.raises(ValueError, match="no layers"):
        Sequential().predict(x, verbose=0)
    with pytest.raises(ValueError, match="no layers"):
        Sequential()(x)
    with pytest.raises(ValueError, match="no layers"):
        Sequential().build((1, 2))


def test_a_layer_that_does_not_fit_is_not_added() -> None:
    model = small()
    wrong = Dense(2)
    wrong.build((None, 7))
    with pytest.raises(ValueError, match=r"'dense'.*value 7"):
        model.add(wrong)
    assert [layer.name for layer in model.layers] == ["a", "b"]
    assert model.predict(np.ones((1, 2)), verbose=0).tolist() == [[5.0]]


def test_views_of_a_step_are_not_overwritten_by_a_later_one() -> None:
    class Fork(Layer):
        def build(self, input_shape: tuple[int, ...]) -> None:
            self.inner = Dense(4, kernel_initializer="ones")
            self.inner.build(input_shape)

        def call(self, x: Tensor) -> Tensor:
            a = self.inner(x)
            b = keras.ops.reshape(a, (-1, 4))  # a view of a
            c = keras.ops.relu(a)  # may be computed in place
            return b + c

    model = Sequential([Input((2,)), Fork()])
    x = np.array([[-3.0, 1.0]], "float32")
    for _ in range(3):
        assert model.predict(x, verbose=0).tolist() == [[-2.0] * 4]


def test_a_model_that_passes_its_input_on_gives_a_copy() -> None:
    for layer in (Dropout(0.5), Flatten()):
        model = Sequential([Input((2,)), layer])
        x = np.ones((1, 2), "float32")
        for _ in range(3):
            y = model.predict(x, verbose=0)
            y[:] = 7
            assert x.tolist() == [[1.0, 1.0]]


def test_inputs_are_not_kept_alive() -> None:
    model = Sequential([Input((2,)), Flatten(), Dense(1)])
    base = np.ones((4, 2), "float32")
    for _ in range(3):
        model.predict(base[:], verbose=0)
    gone = weakref.ref(base)
    del base
    gc.collect()
    assert gone() is None


@pytest.mark.parametrize("rows", [1, 2, 33])
@pytest.mark.parametrize("shape", [(2,), (4, 2), (3, 4, 2)])
def test_one_row_of_any_rank_replays(shape: tuple[int, ...], rows: int) -> None:
    model = Sequential([Input(shape), Dense(3, bias_initializer="ones"), Activation("sigmoid")])
    x = np.random.default_rng(0).normal(size=(rows, *shape)).astype("float32")
    expected = 1 / (1 + np.exp(-(x @ model.get_weights()[0] + 1)))
    for _ in range(3):
        np.testing.assert_allclose(model.predict(x, verbose=0), expected, rtol=1e-5)
        np.testing.assert_allclose(model(x), expected, rtol=1e-5)


@pytest.mark.parametrize("axis", [0, -2, (0, 1)])
def test_predict_keeps_batches_apart_if_rows_depend_on_each_other(axis: Any) -> None:
    model = Sequential([Input((1,)), keras.layers.Softmax(axis=axis)])
    y = model.predict(np.ones((100, 1)), batch_size=10, verbose=0)
    np.testing.assert_allclose(y, 0.1, rtol=1e-6)


def test_a_users_layer_draws_and_counts_at_every_predict_and_prints_while_it_is_recorded(
    capsys: pytest.CaptureFixture[str],
) -> None:
    class Noisy(Layer):
        def __init__(self) -> None:
            super().__init__()
            self.count = self.add_weight((), "zeros", trainable=False, name="count")
            self.generator = keras.random.SeedGenerator(1)
            self.settings = {"scale": 1.0}

        def call(self, x: Tensor) -> Tensor:
            print("called")
            self.count.assign_add(1.0)
            return x * self.settings["scale"] + keras.random.normal(x.shape, seed=self.generator)

    layer = Noisy()
    model = Sequential([Input((1,)), layer])
    assert float(layer.count) == 0.0  # building runs it for its shapes alone
    capsys.readouterr()
    x = np.ones((1, 1))
    assert len({float(model.predict(x, verbose=0)[0, 0]) for _ in range(5)}) == 5
    assert float(layer.count) == 5.0
    assert capsys.readouterr().out == "called\n" * 2
    layer.settings = {"scale": 1000.0}
    assert model.predict(x, verbose=0)[0, 0] > 900
    model.compile(run_eagerly=True)
    layer.settings["scale"] = -1000.0
    assert model.predict(x, verbose=0)[0, 0] < -900


def test_a_users_layer_that_is_added_after_predictions_is_replayed_as_well() -> None:
    calls: list[int] = []

    class Doubling(Layer):
        def call(self, x: Tensor) -> Tensor:
            calls.append(1)
            return x * 2

    model, x = small(), np.ones((1, 2))
    before = [float(model.predict(x, verbose=0)[0, 0]) for _ in range(3)]
    model.add(Doubling())
    calls.clear()
    after = [float(model.predict(x, verbose=0)[0, 0]) for _ in range(6)]
    assert after == [2 * before[0]] * 6
    assert len(calls) == 2  # while it is recorded


def test_a_users_layer_that_looks_at_values_runs_at_every_predict() -> None:
    seen: list[float] = []

    class Looking(Layer):
        def call(self, x: Tensor) -> Tensor:
            seen.append(float(keras.ops.sum(x)))
            return -x if seen[-1] > 0 else x

    model = Sequential([Input((1,)), Looking()])
    seen.clear()
    assert [float(model.predict(np.array([[n]]), verbose=0)[0, 0]) for n in (1, 2, -3, 4, -5, 6)] == [
        -1,
        -2,
        -3,
        -4,
        -5,
        -6,
    ]
    assert seen == [1, 2, -3, 4, -5, 6]


def test_a_users_layer_may_do_something_else_at_each_predict() -> None:
    rng, count = np.random.default_rng(0), iter(range(100))

    class Shifting(Layer):
        def call(self, x: Tensor) -> Tensor:
            return x + rng.normal() + next(count)

    model = Sequential([Input((1,)), Shifting()])
    first = next(count)
    found = [float(model.predict(np.zeros((1, 1)), verbose=0)[0, 0]) for _ in range(8)]
    assert np.all(np.abs(np.diff(found) - 1) < 8)
    assert len({*found}) == 8
    assert next(count) == first + 9


def test_several_inputs() -> None:
    class Sum(keras.Model):
        def call(self, inputs: Any) -> Any:
            a, b = inputs.values() if isinstance(inputs, dict) else inputs
            return {"sum": a + b, "product": a * b}

    a, b = np.arange(70.0).reshape(70, 1), np.ones((70, 1))
    for x in ([a, b], (a, b), {"a": a, "b": b}):
        y = Sum().predict(x, verbose=0)
        assert np.array_equal(y["sum"], a + 1)
        assert np.array_equal(y["product"], a)
    assert small().predict([np.ones((1, 2))], verbose=0).tolist() == [[5.0]]
    with pytest.raises(ValueError, match="same number of rows"):
        Sum().predict([a, b[:3]], verbose=0)


def test_callbacks_get_logs_and_can_stop() -> None:
    seen: list[str] = []

    class Stop(keras.callbacks.Callback):
        def on_predict_begin(self, logs: dict[str, Any] | None = None) -> None:
            seen.append(f"begin {logs}")

        def on_predict_batch_end(self, batch: int, logs: dict[str, Any] | None = None) -> None:
            assert logs is not None
            seen.append(f"end {batch} {logs['outputs'].shape}")
            self.model.stop_predicting = batch == 1

        def on_predict_end(self, logs: dict[str, Any] | None = None) -> None:
            seen.append(f"end {logs}")

    for _ in range(2):
        seen.clear()
        assert small().predict(np.ones((100, 2)), verbose=0, callbacks=[Stop()]).shape == (64, 1)
        assert seen == ["begin {}", "end 0 (32, 1)", "end 1 (32, 1)", "end {}"]


def test_what_is_not_there_says_so() -> None:
    with pytest.raises(NotImplementedError, match=r"load_model\('model.keras'\).export\('folder', format='litert'\)"):
        small().export("folder", format="litert")
    with pytest.raises(NotImplementedError, match=r"quantize\('int8'\)"):
        small().quantize("int8")
    with pytest.raises(ValueError, match="`verbose` argument must be"):
        small().predict(np.ones((1, 2)), verbose="loud")  # type: ignore[arg-type]


def test_doubles_are_evaluated_as_many_at_once_as_floats() -> None:
    def calls_of_an_evaluation(x: Any) -> int:
        profile = cProfile.Profile()
        profile.runcall(model.evaluate, x, x[:, :1], verbose=0)
        return cast(int, vars(pstats.Stats(profile))["total_calls"])

    model, x = Sequential([keras.Input((2,)), Dense(1)]), np.ones((3200, 2))
    model.compile("sgd", "mse")
    found = [[calls_of_an_evaluation(x.astype(dtype)) for _ in range(4)][-1] for dtype in ("float32", "float64")]
    assert found[1] < 1.5 * found[0]


@pytest.mark.parametrize("rows", [1000, 1024])
def test_large_batches_replay_to_rounding_and_alike_each_time(rows: int) -> None:
    model = Sequential(
        [Input((20,)), Dense(300, "relu", bias_initializer="random_normal"), Dense(300, "relu"), Dense(3)]
    )
    x = np.random.default_rng(0).normal(size=(rows, 20)).astype("float32")
    for _ in range(2):
        eager: Any = Tensor(x)
        for layer in model.layers:
            eager = layer(eager)
        first = model(x).numpy()
        np.testing.assert_allclose(first, eager, rtol=1e-5, atol=1e-6 * np.abs(first).max())
        for _ in range(3):
            assert np.array_equal(model(x), first)
        model.set_weights([w + 0.5 for w in model.get_weights()])


def test_losses_are_those_of_the_last_call() -> None:
    dense = Dense(1, kernel_initializer="ones", activity_regularizer=keras.regularizers.L1(1.0))
    model = Sequential([Input((1,)), dense])
    for value in (1.0, 2.0, 3.0, 4.0):
        model(np.array([[value]]))
        assert [float(loss) for loss in model.losses] == [value]


def test_a_sequential_within_a_layer_keeps_the_open_axes_of_its_input() -> None:
    class Block(keras.Layer):
        def __init__(self) -> None:
            super().__init__()
            self.chain: keras.Sequential = keras.Sequential([keras.layers.Dense(4), keras.layers.Dense(3)])

        def call(self, x: Any) -> Any:
            return x + self.chain(x)

    block, x = Block(), keras.Input((None, 3))
    model = keras.Model(x, block(x))
    assert block.chain.input_shape == (None, None, 3)
    assert model.weights[0].path == "block/sequential/dense/kernel"
    for length in (5, 7):
        assert model.predict(np.zeros((2, length, 3)), verbose=0).shape == (2, length, 3)


def test_models_of_configurations_are_counted_as_keras_counts_them() -> None:
    keras.backend.clear_session()
    model = keras.Sequential([keras.Input((2,)), Dense(2), Dense(2)])
    keras.Sequential.from_config(model.get_config())
    x = keras.Input((2,))
    assert keras.Model(x, x + 1).name == "functional_3"


def test_a_layer_that_does_not_tell_its_shape() -> None:
    class Silent(Layer):
        def call(self, x: Any) -> Any:
            return x + 1

        def compute_output_spec(self, *args: Any, **kwargs: Any) -> Any:
            raise NotImplementedError

    model = keras.Sequential([Silent(), Dense(1, kernel_initializer="ones")])
    model.compile("sgd", "mse")
    assert model.evaluate(np.ones((2, 3)), np.full((2, 1), 5.0), verbose=0) == 1.0
    assert model.predict(np.ones((2, 3)), verbose=0).tolist() == [[6.0], [6.0]]
    assert [v.shape for v in model.weights] == [(3, 1), (1,)]


def test_shapes_without_an_input_are_those_of_the_layers() -> None:
    model = Sequential([Dense(3), Dense(2)])
    assert model.compute_output_shape((None, 5)) == (None, 2)
    assert model.compute_output_spec(keras.KerasTensor((None, 5))).shape == (None, 2)


def test_a_clone_begins_with_a_given_input() -> None:
    start = Input((3,), name="start")
    model = keras.models.clone_model(Sequential([Input((3,)), Dense(2)]), input_tensors=start)
    assert model.input is start
    with pytest.raises(ValueError, match="a single tensor"):
        keras.models.clone_model(model, input_tensors=[start, start])


def test_a_configuration_may_have_the_shape_of_a_build() -> None:
    dense = keras.layers.serialize(Dense(2))
    model = Sequential.from_config({"name": "net", "layers": [dense], "build_input_shape": [None, 3]})
    assert [w.shape for w in model.weights] == [(3, 2), (2,)]
    assert Sequential.from_config({"name": "net", "layers": [dense]}).weights == []
    with pytest.raises(ValueError, match=r"'build_input_shape' must be a shape.*'3'"):
        Sequential.from_config({"name": "net", "layers": [dense], "build_input_shape": "3"})
