"""Steps on many numbers run in blocks of rows: they train as an eager step does, and alike on any number of threads."""

import threading
import tracemalloc
from collections.abc import Callable
from typing import Any, Literal

import numpy as np
import pytest

import minikeras as keras
from minikeras import layers, ops
from minikeras._base import pool
from minikeras._base.typing import Array
from minikeras._jit import blocks, jit
from minikeras.optimizers import flat_buffers

Maker = Callable[[], keras.Model]


@pytest.fixture
def small_too(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let steps on few numbers run in blocks, from the third replay on."""
    monkeypatch.setattr(blocks, "BLOCK_COST", 1)
    monkeypatch.setattr(blocks, "CALL_COST", 1)
    monkeypatch.setattr(blocks, "STEP_SIZE", 1)
    monkeypatch.setattr(blocks, "OTHERS", 0)
    monkeypatch.setattr(jit, "WHOLE_STEPS", 2)


def in_blocks(model: keras.Model, phase: str = "train") -> list[blocks.BlockProgram]:
    """Return the programs of a model that run in blocks."""
    every = model._jits[phase] if phase != "predict" else model._forward_jit
    return [program for program in every._programs.values() if isinstance(program, blocks.BlockProgram)]


class Mixing(layers.Layer):
    """Operations across rows, of several kinds."""

    def call(self, x: Any) -> Any:
        shares = ops.softmax(x, axis=0)
        running = ops.cumsum(x, axis=0) / 8
        return x + shares * running + ops.flip(x, 0) + ops.max(x, 0) - ops.matmul(x, ops.matmul(ops.transpose(x), x))


def attention() -> keras.Model:
    x = keras.Input((6,))
    e = layers.Embedding(9, 4, mask_zero=True)(x)
    h = layers.LayerNormalization()(e + layers.Dropout(0.2)(layers.MultiHeadAttention(2, 3)(e, e)))
    return keras.Model(x, layers.Dense(1)(layers.GlobalAveragePooling1D()(h)))


def several() -> keras.Model:
    a, b = keras.Input((6,)), keras.Input((6,))
    h = layers.Concatenate()([layers.Dense(5, "tanh")(a), layers.Dropout(0.3)(b)])
    return keras.Model([a, b], [layers.Dense(1, name="one")(h), layers.Dense(1, name="two")(layers.Add()([a, b]))])


MODELS: dict[str, Maker] = {
    "dense": lambda: keras.Sequential(
        [keras.Input((6,)), layers.Dense(8, "relu", kernel_regularizer="l2"), layers.Dropout(0.4), layers.Dense(1)]
    ),
    "normalization": lambda: keras.Sequential(
        [keras.Input((6,)), layers.Dense(8), layers.BatchNormalization(), layers.ReLU(), layers.Dropout(0.2),
         layers.Dense(4), layers.BatchNormalization(), layers.Dense(1)]
    ),
    "images": lambda: keras.Sequential(
        [keras.Input((6,)), layers.Reshape((3, 2, 1)), layers.Conv2D(3, 2, padding="same", activation="relu"),
         layers.MaxPooling2D((2, 1)), layers.Flatten(), layers.Dense(1, activity_regularizer="l1")]
    ),
    "recurrent": lambda: keras.Sequential(
        [keras.Input((6,)), layers.Embedding(9, 4, mask_zero=True), layers.Bidirectional(layers.LSTM(3)),
         layers.Dense(60, "tanh"), layers.Dense(60, "tanh"), layers.Dense(1)]
    ),
    "sequences": lambda: keras.Sequential(
        [keras.Input((6,)), layers.Embedding(9, 4, mask_zero=True), layers.LSTM(3, return_sequences=True),
         layers.GRU(3, go_backwards=True), layers.Dense(1)]
    ),
    "mixing": lambda: keras.Sequential([keras.Input((6,)), layers.Dense(6, "tanh"), Mixing(), layers.Dense(1)]),
    "attention": attention,
    "several": several,
}  # fmt: skip


def data(name: str, rows: int) -> tuple[Any, Any]:
    rng = np.random.default_rng(0)
    x = rng.integers(0, 9, (rows, 6)) if name in ("attention", "recurrent", "sequences") else rng.normal(size=(rows, 6))
    y = rng.normal(size=(rows, 1))
    return ([x, x[::-1] * 0.5], [y, 2 * y]) if name == "several" else (x, y)


def trained(name: str, batch: int, eagerly: bool = False, weighted: bool = True) -> tuple[keras.Model, Any]:
    keras.utils.clear_session()
    keras.utils.set_random_seed(3)
    model = MODELS[name]()
    metrics: Any = [["mae"], ["mae"]] if name == "several" else ["mae"]
    model.compile(keras.optimizers.SGD(0.05), "mse", metrics=metrics, weighted_metrics=metrics, run_eagerly=eagerly)
    x, y = data(name, 4 * batch)
    weights = np.random.default_rng(1).random(4 * batch) if weighted else None
    sample_weight: Any = [weights, weights] if name == "several" and weighted else weights
    return model, model.fit(x, y, batch_size=batch, epochs=4, verbose=0, sample_weight=sample_weight).history


def test_many_small_layers_stay_whole() -> None:
    deep = keras.Sequential([keras.Input((64,)), *(layers.Dense(64, "relu") for _ in range(70)), layers.Dense(1)])
    deep.compile("sgd", "mse")
    deep.fit(np.ones((640, 64)), np.ones((640, 1)), batch_size=32, verbose=0)
    assert not in_blocks(deep)


@pytest.mark.usefixtures("small_too")
@pytest.mark.parametrize("batch", [8, 7])
@pytest.mark.parametrize("name", MODELS)
def test_they_train_as_eager_steps_do(name: str, batch: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pool, "max_threads", lambda: 2)
    keras.config.set_floatx("float64")
    eager, history = trained(name, batch, eagerly=True)
    model, found = trained(name, batch)
    assert in_blocks(model)
    assert not in_blocks(eager)
    for a, b in zip(model.get_weights(), eager.get_weights(), strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-9, atol=1e-11)
    assert found.keys() == history.keys()
    for key, values in history.items():
        np.testing.assert_allclose(found[key], values, rtol=1e-6)


@pytest.mark.usefixtures("small_too")
def test_normalization_ends_a_segment() -> None:
    dense, normalized = trained("dense", 8)[0], trained("normalization", 8)[0]
    assert len(in_blocks(normalized)[0]._stages) > len(in_blocks(dense)[0]._stages)


@pytest.mark.usefixtures("small_too")
def test_recurrences_are_run_in_blocks_where_each_step_has_many_numbers(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(blocks, "BLOCK_COST", 2000)
    assert in_blocks(trained("sequences", 8)[0])
    monkeypatch.setattr(blocks, "STEP_SIZE", 10**6)
    assert not in_blocks(trained("sequences", 8)[0])


def wide() -> keras.Model:
    keras.utils.set_random_seed(4)
    model = keras.Sequential(
        [keras.Input((300,)), layers.Dense(400, "gelu"), layers.Dropout(0.5), layers.Dense(300, "sigmoid")]
    )
    model.compile("adam", "mse", metrics=["mae"])
    return model


@pytest.fixture(scope="module")
def rows() -> Array:
    return np.random.default_rng(5).random((512, 300), np.float32)


def test_numbers_do_not_depend_on_the_threads(rows: Array, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(jit, "WHOLE_STEPS", 2)
    found = []
    for count in (1, 2, 4):
        monkeypatch.setattr(pool, "max_threads", lambda count=count: count)
        monkeypatch.setattr(flat_buffers, "max_threads", lambda count=count: count)
        model = wide()
        history = model.fit(rows, rows, batch_size=256, epochs=4, verbose=0).history
        assert in_blocks(model)
        outputs = model.predict(rows, batch_size=256, verbose=0)
        assert in_blocks(model, "predict")
        found.append((repr(history), [w.tobytes() for w in model.get_weights()], outputs.tobytes()))
    assert found[0] == found[1] == found[2]


def test_large_steps_run_in_blocks_and_small_ones_never_do(rows: Array) -> None:
    model = wide()
    model.fit(rows, rows, batch_size=256, epochs=jit.WHOLE_STEPS // 2 + 2, verbose=0)
    assert in_blocks(model)
    small = keras.Sequential([keras.Input((300,)), layers.Dense(25, "relu"), layers.Dense(10)])
    small.compile("adam", "mse")
    small.fit(rows, rows[:, :10], epochs=jit.WHOLE_STEPS // 8, verbose=0)
    assert not in_blocks(small)


def test_a_step_of_large_products_alone_trains_whole_and_predicts_in_blocks(rows: Array) -> None:
    model = keras.Sequential([keras.Input((300,)), *(layers.Dense(800, "relu") for _ in "ab"), layers.Dense(10)])
    model.compile("adam", "mse")
    model.fit(rows, rows[:, :10], batch_size=256, epochs=jit.WHOLE_STEPS // 2 + 2, verbose=0)
    model.predict(rows, batch_size=256, verbose=0)
    assert not in_blocks(model)
    assert in_blocks(model, "predict")


def image_net(size: int) -> keras.Model:
    keras.utils.set_random_seed(6)
    convolutions = [layers.Conv2D(32, 3, padding="same", activation="relu") for _ in "ab"]
    head = [layers.MaxPooling2D(), layers.Flatten(), layers.Dense(256, "relu"), layers.Dense(10, "softmax")]
    return keras.Sequential([keras.Input((size, size, 3)), *convolutions, *head])


def test_images_are_predicted_in_blocks_and_a_large_dense_layer_on_all_rows(monkeypatch: pytest.MonkeyPatch) -> None:
    x = np.random.default_rng(0).random((31, 32, 32, 3), np.float32)
    found = []
    for count in (1, 2, 4):
        monkeypatch.setattr(pool, "max_threads", lambda count=count: count)
        model = image_net(32)
        expected = model.predict(x, verbose=0)  # which runs layer by layer
        found += [model.predict(x, verbose=0) for _ in range(3)]
        (program,) = in_blocks(model, "predict")
        assert [len(stage) for stage in program._stages] == [1, 2, 1]
        np.testing.assert_allclose(found[-1], expected, rtol=1e-4, atol=1e-6)
    assert len({outputs.tobytes() for outputs in found[2::3]}) == 1


def test_images_train_in_blocks_and_a_large_dense_layer_on_all_rows(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(jit, "WHOLE_STEPS", 2)
    keras.config.set_floatx("float64")  # in float32 rounding may choose another largest element of a window
    x, y = np.random.default_rng(0).random((128, 16, 16, 3)), np.arange(128) % 10
    found = []
    for count, eagerly in (1, True), (1, False), (2, False):
        monkeypatch.setattr(pool, "max_threads", lambda count=count: count)
        model = image_net(16)
        model.compile(keras.optimizers.SGD(0.1), "sparse_categorical_crossentropy", run_eagerly=eagerly)
        model.fit(x, y, epochs=3, verbose=0)
        found.append(model.get_weights())
    (program,) = in_blocks(model)
    assert [len(stage) for stage in program._stages] == [1, 2, 1, 2, 1]
    assert "copyto(float64[2048, 256]" not in str(keras.utils.profile_step(model, x[:32], y[:32]))  # the dense kernel
    for a, b, eager in zip(found[2], found[1], found[0], strict=True):
        np.testing.assert_array_equal(a, b)
        np.testing.assert_allclose(a, eager, rtol=1e-9, atol=1e-12)


def test_many_images_are_predicted_in_small_blocks_and_need_no_memory_for_all() -> None:
    x = np.random.default_rng(0).random((203, 64, 64, 3), np.float32)
    model = image_net(64)
    expected = np.concatenate([model(x[k : k + 7], training=True).numpy() for k in range(0, 203, 7)])
    for _ in range(3):
        outputs = model.predict(x, batch_size=256, verbose=0)
    (program,) = in_blocks(model, "predict")
    buffers = sum(part.size for stage in program.parts() for part in stage)
    assert buffers < 64 << 20  # the results of one convolution take 106 MB
    np.testing.assert_allclose(outputs, expected, rtol=1e-4, atol=1e-6)


class Doubled(layers.Layer):
    def call(self, x: Any) -> Any:
        return 2 * x


def test_a_model_with_a_layer_of_ones_own_is_predicted_in_blocks_too() -> None:
    x = np.random.default_rng(0).random((32, 32, 32, 3), np.float32)
    model = image_net(32)
    own = keras.Sequential([keras.Input((32, 32, 3)), Doubled(), *model.layers])
    expected = model.predict(2 * x, verbose=0)
    for _ in range(4):
        outputs = own.predict(x, verbose=0)
    assert in_blocks(own, "call")
    np.testing.assert_allclose(outputs, expected, rtol=1e-4, atol=1e-6)


@pytest.mark.parametrize("rows", [64, 62])
def test_attention_over_long_sequences_is_predicted_in_blocks_that_need_little_memory(rows: int) -> None:
    x = y = keras.Input((160, 1))
    for _ in range(3):
        y = layers.LayerNormalization()(y + layers.MultiHeadAttention(4, 64)(y, y))
    model = keras.Model(x, layers.Dense(1)(layers.GlobalAveragePooling1D()(y)))
    data = np.random.default_rng(0).random((rows, 160, 1), np.float32)
    expected = np.concatenate([model(data[k : k + 2], training=True).numpy() for k in range(0, rows, 2)])
    for _ in range(3):
        outputs = model.predict(data, batch_size=rows, verbose=0)
    (program,) = in_blocks(model, "predict")
    assert sum(part.size for stage in program.parts() for part in stage) < 32 << 20  # scores of a layer: 26 MB
    np.testing.assert_allclose(outputs, expected, rtol=1e-3, atol=1e-5)


def test_images_are_evaluated_in_blocks_too() -> None:
    x, y = np.random.default_rng(0).random((32, 32, 32, 3), np.float32), np.arange(32) % 10
    model = image_net(32)
    model.compile("sgd", "sparse_categorical_crossentropy", metrics=["accuracy"])
    found = [model.evaluate(x, y, verbose=0) for _ in range(jit.WHOLE_STEPS + 4)]
    (program,) = in_blocks(model, "test")
    assert [len(stage) for stage in program._stages] == [1, 2, 1]
    assert found[-1] == pytest.approx(found[0], rel=1e-5)


@pytest.mark.parametrize("size", [64, None])
def test_large_images_are_evaluated_a_few_at_a_time(size: int | None) -> None:
    x, y = np.random.default_rng(0).random((256, 64, 64, 3), np.float32), np.arange(256) % 10
    model = keras.Sequential([keras.Input((size, size, 3)), *(layers.Conv2D(32, 3, activation="relu") for _ in "ab")])
    model.add(layers.GlobalMaxPooling2D())
    model.add(layers.Dense(10, "softmax"))
    model.compile("sgd", "sparse_categorical_crossentropy", metrics=["accuracy"])
    first = model.evaluate(x, y, batch_size=16, verbose=0)
    tracemalloc.start()
    try:
        found = [model.evaluate(x, y, batch_size=16, verbose=0) for _ in range(2)]
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert peak < 128 << 20  # all images at once take 300 MB and more
    for losses in found:
        assert losses == pytest.approx(first, rel=1e-5)


def test_as_many_images_are_joined_for_a_deep_net_as_a_record_of_them_has_room_for() -> None:
    deep = [layers.Conv2D(32, 3, padding="same", activation="relu") for _ in range(20)]
    model = keras.Sequential([keras.Input((16, 16, 3)), *deep, layers.GlobalAveragePooling2D()])
    x = np.random.default_rng(0).random((512, 16, 16, 3), np.float32)
    tracemalloc.start()
    try:
        outputs = model.predict(x, verbose=0)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert peak < 150 << 20  # a record of 256 images takes 500 MB
    np.testing.assert_allclose(outputs[:32], model(x[:32], training=True).numpy(), rtol=1e-3, atol=1e-6)


def test_a_product_of_two_long_vectors_may_stand_between_what_runs_in_blocks() -> None:
    x = np.random.default_rng(0).random((32, 128, 128, 3), np.float32)
    inputs = keras.Input((128, 128, 3))
    y = layers.Conv2D(12, 3, padding="same", activation="relu")(inputs)
    model = keras.Model(inputs, y / ops.dot(ops.ravel(y), ops.ravel(y)))
    expected = model(x, training=True).numpy()
    for _ in range(3):
        outputs = model.predict(x, verbose=0)
    np.testing.assert_allclose(outputs, expected, rtol=1e-3)


def test_what_follows_a_large_dense_layer_is_predicted_in_blocks() -> None:
    keras.utils.set_random_seed(7)
    up = [layers.Conv2DTranspose(n, 4, 2, padding="same", activation="relu") for n in (64, 3)]
    model = keras.Sequential([keras.Input((100,)), layers.Dense(6272, "relu"), layers.Reshape((7, 7, 128)), *up])
    x = np.random.default_rng(0).random((32, 100), np.float32)
    expected = model(x, training=True).numpy()
    for _ in range(3):
        outputs = model.predict(x, verbose=0)
    assert in_blocks(model, "predict")
    np.testing.assert_allclose(outputs, expected, rtol=1e-4, atol=1e-6)


@pytest.mark.usefixtures("small_too")
def test_an_error_in_a_block_is_raised_and_training_goes_on() -> None:
    model = keras.Sequential([keras.Input((6,)), layers.Dense(8, "relu"), layers.Dense(3, "softmax")])
    model.compile("sgd", "sparse_categorical_crossentropy")
    x, y = np.ones((8, 6)), np.arange(8) % 3
    model.fit(x, y, batch_size=8, epochs=8, verbose=0)
    assert in_blocks(model)
    with pytest.raises(ValueError, match="from 0 to 2"):
        model.fit(x, y + 5, batch_size=8, verbose=0)
    before = model.get_weights()
    assert np.isfinite(model.fit(x, y, batch_size=8, verbose=0).history["loss"][0])
    assert not np.array_equal(before[0], model.get_weights()[0])


def test_several_threads_may_predict_at_a_time(rows: Array) -> None:
    model, found = wide(), list[Array]()
    expected = model.predict(rows, batch_size=512, verbose=0)
    threads = [
        threading.Thread(target=lambda: found.append(model.predict(rows, batch_size=512, verbose=0))) for _ in range(4)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for outputs in found:
        np.testing.assert_allclose(outputs, expected, rtol=1e-4, atol=1e-6)
    assert len(found) == 4
    np.testing.assert_allclose(expected, model(rows).numpy(), rtol=1e-4, atol=1e-6)


@pytest.mark.usefixtures("small_too")
@pytest.mark.parametrize("policy", ["float32", "mixed_float16"])
def test_policies(policy: Literal["float32", "mixed_float16"]) -> None:
    keras.config.set_dtype_policy(policy)
    try:
        eager, _ = trained("dense", 8, eagerly=True, weighted=False)
        model, _ = trained("dense", 8, weighted=False)
    finally:
        keras.config.set_dtype_policy("float32")
    for a, b in zip(model.get_weights(), eager.get_weights(), strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-5 if policy == "float32" else 1e-2, atol=1e-4)


def test_operations_that_mix_whole_numbers_stay_whole(small_too: None) -> None:
    class Pairs(keras.Model):
        """Compares each row with another one, and counts class numbers that occur."""

        def __init__(self) -> None:
            super().__init__()
            self.hidden, self.last = layers.Dense(8, "tanh"), layers.Dense(1)

        def call(self, x: Any) -> Any:
            return self.last(self.hidden(x))

        def train_step(self, data: Any) -> dict[str, Any]:
            x, y = data
            with keras.GradientTape() as tape:
                p = self(x, training=True)
                alike = ops.cast(ops.equal(y, ops.flip(y, 0)), "float32")
                loss = ops.mean(alike * ops.square(ops.squeeze(p, 1) - 1))
            self.optimizer.apply(tape.gradient(loss, self.trainable_weights), self.trainable_weights)
            seen = ops.scatter_update(ops.zeros((5,)), y[:, None], ops.ones((64,)))
            return {"alike": ops.mean(alike), "most": ops.max(seen), "loss": loss}

    rng = np.random.default_rng(0)
    x, y = rng.standard_normal((64 * 12, 6), np.float32), np.zeros(64 * 12, "int64")
    y[64 * 8 :] = rng.integers(0, 5, 64 * 4)  # one class alone in the first batches
    histories: list[list[Any]] = []
    for eager in (True, False):
        keras.utils.set_random_seed(0)
        model = Pairs()
        model.compile(keras.optimizers.SGD(0.1), run_eagerly=eager)
        histories.append([])
        keep = histories[-1].append
        look = keras.callbacks.LambdaCallback(on_train_batch_end=lambda batch, logs, keep=keep: keep(dict(logs)))
        model.fit(x, y, batch_size=64, shuffle=False, verbose=0, callbacks=[look])
    assert in_blocks(model)
    assert {log["most"] for log in histories[1]} == {1.0}
    for eager_log, log in zip(*histories, strict=True):
        assert log == {name: pytest.approx(value, rel=1e-4) for name, value in eager_log.items()}


def test_nobody_runs_a_program_that_is_still_tried() -> None:
    rows = np.random.default_rng(0).standard_normal((256, 256), np.float32)
    inputs = [rows, -rows]
    for _ in range(5):
        model = keras.Sequential(
            [keras.Input((256,)), *(layers.Dense(1024, "relu") for _ in range(2)), layers.Dense(16)]
        )
        wants = [np.asarray(model(x, training=True)) for x in inputs]  # which is not replayed
        found: list[bool] = []

        def run(k: int, model: keras.Model = model, wants: list[Array] = wants, found: list[bool] = found) -> None:
            for _ in range(10):
                y = model.predict(inputs[k], batch_size=256, verbose=0)
                found.append(bool(np.allclose(y, wants[k], rtol=1e-3, atol=1e-4)))

        threads = [threading.Thread(target=run, args=(k,)) for k in range(2)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert found == [True] * 20


def test_making_blocks_takes_no_second_copy_of_the_gradients(small_too: None) -> None:
    width = 800
    x, y = np.ones((256, width), "float32"), np.ones((256, 1), "float32")
    model = keras.Sequential([keras.Input((width,)), *(layers.Dense(width, "relu") for _ in range(3)), layers.Dense(1)])
    model.compile(keras.optimizers.SGD(1e-6), "mse")
    model.fit(x, y, batch_size=256, verbose=0)
    tracemalloc.start()
    try:
        model.fit(x, y, batch_size=256, epochs=5, verbose=0)
        after, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert in_blocks(model)
    assert (peak - after) / x.nbytes < 24  # the gradients are 9.4 times as large as these


def test_a_smaller_batch_than_one_in_blocks_is_recorded_when_it_comes_again(
    small_too: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    x, y = np.ones((256, 64), "float32"), np.ones((256, 1), "float32")
    model = keras.Sequential([keras.Input((64,)), layers.Dense(64, "relu"), layers.Dense(1)])
    model.compile("sgd", "mse")
    for _ in range(5):
        model.train_on_batch(x, y)
    assert len(in_blocks(model)) == 1
    with monkeypatch.context() as patched:
        patched.setattr(jit, "trace", None)
        model.train_on_batch(x[:200], y[:200])  # it may come but once
    model.train_on_batch(x[:200], y[:200])
    assert len(model._jits["train"]._programs) == 2


def test_gradients_that_a_step_returns_are_those_of_that_step(small_too: None) -> None:
    class Telling(keras.Model):
        def __init__(self, **options: Any) -> None:
            super().__init__(**options)
            self.dense = layers.Dense(3)

        def call(self, x: Any) -> Any:
            return self.dense(x)

        def train_step(self, data: Any) -> Any:
            x, y = data
            with keras.GradientTape() as tape:
                loss = ops.mean(ops.square(self(x) - y))
            gradients = tape.gradient(loss, self.trainable_variables)
            self.optimizer.apply(gradients, self.trainable_variables)
            return {"kernel": gradients[0]}

    def told(eagerly: bool) -> list[Any]:
        keras.utils.set_random_seed(0)
        model = Telling()
        model.compile(keras.optimizers.SGD(0.1, clipnorm=0.01), run_eagerly=eagerly)
        x = np.random.default_rng(0).random((64, 4), "float32")
        found = [model.train_on_batch(x, x[:, :3], return_dict=True)["kernel"] for _ in range(8)]
        assert eagerly or in_blocks(model)
        return found

    np.testing.assert_allclose(told(False), told(True), rtol=1e-5)


def test_a_view_of_a_weight_may_serve_all_rows_and_be_cut_into_blocks_too(small_too: None) -> None:
    class PerRow(layers.Layer):
        def build(self, shape: Any) -> None:
            self.table = self.add_weight((256 * 4,), "glorot_uniform")

        def call(self, x: Any) -> Any:
            table = ops.reshape(self.table, (256, 4))
            return ops.tanh(x[:, :4] * table) + ops.tanh(ops.matmul(x, table))

    def trained(eagerly: bool) -> list[Array]:
        keras.utils.set_random_seed(0)
        model = keras.Sequential([keras.Input((8,)), layers.Dense(256, "tanh"), PerRow(), layers.Dense(1)])
        model.compile(keras.optimizers.SGD(0.1), "mse", run_eagerly=eagerly)
        x = np.random.default_rng(0).random((256, 8), "float32")
        model.fit(x, x[:, :1], batch_size=256, epochs=8, verbose=0)
        assert eagerly or in_blocks(model)
        return model.get_weights()

    for replayed, eager in zip(trained(False), trained(True), strict=True):
        np.testing.assert_allclose(replayed, eager, rtol=1e-4, atol=1e-6)


def test_gradients_larger_than_their_inputs_are_computed_once_and_not_by_block(small_too: None) -> None:
    words, y = np.arange(256 * 3).reshape(256, 3), np.ones((256, 1), "float32")
    table = layers.Embedding(50_000, 4)
    hidden = [layers.Dense(256, "relu") for _ in range(3)]
    model = keras.Sequential([keras.Input((3,)), table, layers.Flatten(), *hidden, layers.Dense(1)])
    model.compile(keras.optimizers.SGD(1e-3), "mse")
    model.fit(words, y, batch_size=256, epochs=6, verbose=0)
    (program,) = in_blocks(model)
    assert max(sum(part.nbytes for part in sums) for sums in program._sums.values()) < table.embeddings.array.nbytes
