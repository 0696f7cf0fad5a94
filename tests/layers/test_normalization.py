"""Normalization, merging and masks by hand, their gradients, and training by replay."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from threading import Event
from typing import Any

import numpy as np
import pytest

import minikeras as keras
from minikeras import layers, ops
from minikeras._core.tape import open_tapes
from minikeras.layers import Layer
from tests.parity.layer_runs import CASES, run

Array = np.ndarray[Any, Any]


def values(layer: Layer, x: Any, **options: Any) -> Any:
    return layer(np.array(x, "float32"), **options).numpy().tolist()


# Batch normalization.


def test_batch_statistics_in_training_and_moving_ones_elsewhere() -> None:
    layer = layers.BatchNormalization(momentum=0.75, epsilon=0.0)
    x = [[1.0, 10.0], [5.0, 30.0]]  # means 3 and 20, variances 4 and 100
    assert values(layer, x, training=True) == [[-1.0, -1.0], [1.0, 1.0]]
    assert [w.tolist() for w in layer.get_weights()] == [[1.0, 1.0], [0.0, 0.0], [0.75, 5.0], [1.75, 25.75]]
    layer.set_weights([[2.0, 1.0], [0.0, 5.0], [1.0, 0.0], [4.0, 1.0]])
    assert values(layer, x) == [[0.0, 15.0], [4.0, 35.0]]
    assert [v.name for v in layer.weights] == ["gamma", "beta", "moving_mean", "moving_variance"]
    assert [v.trainable for v in layer.weights] == [True, True, False, False]


def test_a_frozen_layer_keeps_to_its_moving_statistics() -> None:
    layer = layers.BatchNormalization(epsilon=0.0)
    layer.build((None, 1))
    layer.trainable = False
    assert values(layer, [[3.0], [5.0]], training=True) == [[3.0], [5.0]]
    assert layer.get_weights()[2].tolist() == [0.0]
    layer.trainable = True
    assert values(layer, [[3.0], [5.0]], training=True) == [[-1.0], [1.0]]


def test_masked_places_do_not_count_for_the_statistics() -> None:
    layer = layers.BatchNormalization(momentum=0.0, epsilon=0.0)
    x = [[[1.0], [3.0], [77.0]]]
    assert values(layer, x, training=True, mask=np.array([[True, True, False]]))[0][:2] == [
        [pytest.approx(-1.0)],
        [pytest.approx(1.0)],
    ]
    np.testing.assert_allclose(layer.moving_mean, [2.0], rtol=1e-6)
    np.testing.assert_allclose(layer.moving_variance, [1.0], rtol=1e-6)
    rows = layers.BatchNormalization(axis=1, momentum=0.0, epsilon=0.0)
    rows(np.arange(8.0).reshape(2, 2, 2), training=True, mask=np.array([[True, False], [True, True]]))
    np.testing.assert_allclose(rows.moving_mean, [(0 + 1 + 4 + 5) / 4, (6 + 7) / 2], rtol=1e-6)
    np.testing.assert_allclose(rows.moving_variance, [17 / 4, 1 / 4], rtol=1e-6)


@pytest.mark.parametrize("name", ["GroupNormalization", "LayerNormalization", "RMSNormalization"])
def test_an_axis_may_be_a_number_of_numpy(name: str) -> None:
    options = {"groups": 2} if name == "GroupNormalization" else {}
    layer = getattr(keras.layers, name)(axis=np.int64(2), **options)
    assert type(layer.get_config()["axis"]) is int
    x = np.arange(24.0).reshape(2, 3, 4)
    np.testing.assert_array_equal(layer(x), getattr(keras.layers, name)(axis=2, **options)(x))
    with pytest.raises(TypeError, match="`axis` must be an integer"):
        layers.LayerNormalization(axis=np.array([1, 2]))  # type: ignore[arg-type]  # what is tested


def test_another_axis_has_statistics_of_its_own() -> None:
    layer = layers.BatchNormalization(axis=1, epsilon=0.0)
    assert values(layer, [[[1.0, 3.0], [5.0, 9.0]]], training=True) == [[[-1.0, 1.0], [-1.0, 1.0]]]
    assert layer.moving_mean.shape == (2,)


def test_half_precision_is_normalized_in_single() -> None:
    x = np.array([[300.0], [500.0]], "float16")  # whose squares float16 does not hold
    layer = layers.BatchNormalization(epsilon=0.0, dtype="mixed_float16")
    y = layer(x, training=True)
    assert (y.dtype, y.tolist()) == ("float16", [[-1.0], [1.0]])
    assert layer.moving_mean.dtype == "float32"
    layer.moving_mean.assign([1.0 + 2**-20])
    layer(x, training=True)
    np.testing.assert_allclose(layer.moving_mean, [0.99 * (1 + 2**-20) + 4.0], rtol=1e-7)
    for other in (layers.LayerNormalization(dtype="float16"), layers.GroupNormalization(1, dtype="float16")):
        y = other(np.array([[300.0, 500.0]], "float16"))
        assert (y.dtype, y.tolist()) == ("float16", [[-1.0, 1.0]])


@pytest.mark.parametrize("dtype", ["int8", "uint8", "int32"])
def test_lengths_of_integers_do_not_wrap_around(dtype: str) -> None:
    x = np.array([[100, 120], [4, 3]], dtype) * (1 if dtype != "int32" else np.int32(1000))
    unit = np.array([[0.6401844, 0.7682213], [0.8, 0.6]])
    np.testing.assert_allclose(layers.UnitNormalization()(x), unit, rtol=1e-6)
    np.testing.assert_allclose(layers.Dot(1, normalize=True)([x, x]), [[1.0], [1.0]], rtol=1e-6)
    np.testing.assert_array_equal(keras.ops.rms_normalization(x, 100.0), (unit * np.sqrt(2) * 100).astype(dtype))


def test_lengths_beyond_float16_and_of_small_numbers_are_right() -> None:
    x = ops.convert_to_tensor(np.array([[300.0, -400.0], [3e-4, 4e-4], [0.0, 0.0]]), "float16")
    unit = [[0.6, -0.8], [0.6, 0.8], [0.0, 0.0]]
    for layer in (layers.UnitNormalization(dtype="float16"), layers.UnitNormalization(dtype="mixed_float16")):
        with keras.GradientTape() as tape:
            tape.watch(x)
            y = layer(x)
        assert y.dtype == "float16"
        np.testing.assert_allclose(y, unit, atol=1e-3)
        slope: Any = tape.gradient(y, x)
        np.testing.assert_allclose(slope[0], [0.8 * 1.4 / 500, 0.6 * 1.4 / 500], rtol=0.01)
    cosine = layers.Dot(1, normalize=True, dtype="float16")([x, x])
    np.testing.assert_allclose(cosine, [[1.0], [1.0], [0.0]], atol=1e-3)


def test_group_normalization_rounds_to_the_dtype_of_its_input() -> None:
    x = np.random.default_rng(0).normal(size=(2, 3, 4))
    exact = layers.GroupNormalization(2)(x.astype("float16").astype("float32")).numpy()
    np.testing.assert_array_equal(layers.GroupNormalization(2)(x.astype("float16")).numpy(), exact.astype("float16"))


def test_batch_normalization_says_what_it_does_not_have() -> None:
    for limits in ({"rmax": 1.0, "rmin": 2.0}, {"dmax": -1.0}, {"r": 1.0}):
        with pytest.raises(ValueError, match=r"renorm_clipping.*Received"):
            layers.BatchNormalization(renorm=True, renorm_clipping=limits)
    with pytest.raises(ValueError, match=r"Axis 3 is out of bounds for input shape \(2, 3\)"):
        layers.BatchNormalization(axis=3)(np.ones((2, 3)))
    with pytest.raises(ValueError, match=r"one axis less.*\(2, 3\).*\(2, 3\)"):
        layers.BatchNormalization()(np.ones((2, 3)), mask=np.ones((2, 3), bool))


# Other normalizations.


def test_normalizations_of_samples_by_hand() -> None:
    x = [[1.0, 3.0], [10.0, 30.0]]
    assert values(layers.LayerNormalization(epsilon=0.0), x) == [[-1.0, 1.0], [-1.0, 1.0]]
    assert values(layers.LayerNormalization(axis=(0, 1), epsilon=0.0), [[1.0, 3.0], [3.0, 1.0]]) == [[-1, 1], [1, -1]]
    unit = layers.UnitNormalization()(np.array([[3.0, 4.0], [0.0, 0.0], [3e-10, 4e-10]]))
    np.testing.assert_allclose(unit, [[0.6, 0.8], [0.0, 0.0], [0.6, 0.8]], rtol=1e-6)
    assert values(layers.RMSNormalization(epsilon=0.0), [[3.0, 3.0]]) == [[1.0, 1.0]]
    assert values(layers.GroupNormalization(2, epsilon=0.0), [[1.0, 3.0, 5.0, 9.0]]) == [[-1.0, 1.0, -1.0, 1.0]]
    instance = layers.GroupNormalization(-1, epsilon=0.0)
    assert values(instance, [[[1.0, 10.0], [3.0, 30.0]]]) == [[[-1.0, -1.0], [1.0, 1.0]]]
    assert instance.groups == 2
    layer = layers.LayerNormalization(epsilon=0.0)
    layer.build((None, 2))
    layer.set_weights([[2.0, 1.0], [0.0, 5.0]])
    assert values(layer, [[1.0, 3.0]]) == [[-2.0, 6.0]]


def test_rms_scaling_divides_alone_and_is_deprecated() -> None:
    with pytest.warns(UserWarning, match="RMSNormalization"):
        layer = layers.LayerNormalization(rms_scaling=True, epsilon=0.0)
    assert values(layer, [[1.0, 3.0]]) == [[1.0, 3.0]]
    assert [v.name for v in layer.weights] == ["gamma"]
    assert layer.get_config()["rms_scaling"]


# Embedding, EinsumDense, wrappers.


def test_embedding_takes_numbers_of_any_kind() -> None:
    layer = layers.Embedding(3, 2, weights=[np.arange(6.0).reshape(3, 2)])
    assert layer.built
    assert values(layer, [2.0, 0.0]) == [[4.0, 5.0], [0.0, 1.0]]
    assert layer(np.array([1], "uint8")).tolist() == [[2.0, 3.0]]
    assert layer.compute_output_shape((None, 7)) == (None, 7, 2)
    with pytest.warns(UserWarning, match="input_length"):
        layers.Embedding(3, 2, input_length=4)


def test_einsum_dense_by_hand() -> None:
    layer = layers.EinsumDense("abc,bd->adc", (2, None), bias_axes="d", bias_initializer="ones")
    layer.build((None, 3, 4))
    kernel = np.arange(6.0).reshape(3, 2)
    layer.set_weights([kernel, np.array([[1.0], [2.0]])])
    x = np.arange(12.0, dtype="float32").reshape(1, 3, 4)
    np.testing.assert_array_equal(layer(x), np.add(np.einsum("abc,bd->adc", x, kernel), [[1.0], [2.0]]))
    known = layers.EinsumDense("abc,cde->abde", (None, 2, 3), bias_axes="be")
    assert known(np.ones((5, 3, 4))).shape == (5, 3, 2, 3)
    assert known.get_weights()[1].shape == (3, 1, 3)
    assert layers.EinsumDense("...x,xy->...y", 3).compute_output_shape((None, 4, 5, 6)) == (None, 4, 5, 3)
    with pytest.raises(ValueError, match=r"'ab,bc->ac' does not fit an input of shape \(2, 3, 4\)"):
        layers.EinsumDense("ab,bc->ac", 4)(np.ones((2, 3, 4)))


@pytest.mark.parametrize("training", [False, True])
def test_time_steps_at_once_or_one_after_the_other(training: bool) -> None:
    class Slowly(Layer):
        def __init__(self, inner: Layer) -> None:
            super().__init__()
            self.inner = inner

        def call(self, x: Any, training: bool | None = None, mask: Any = None) -> Any:
            options = {} if mask is None else {"mask": mask}
            return self.inner.call(x, training=training, **options)

    x = np.random.default_rng(0).normal(size=(2, 3, 4)).astype("float32")
    mask = np.array([[True, True, False], [True, False, True]])
    for make in (lambda: layers.Dense(2, "tanh", kernel_initializer="ones"), layers.BatchNormalization):
        inner = make()
        inner.build((2, 4))
        fast, slow = layers.TimeDistributed(make()), layers.TimeDistributed(Slowly(inner))
        options = {"mask": mask} if make is layers.BatchNormalization else {}
        np.testing.assert_allclose(
            fast(x, training=training, **options), slow(x, training=training, **options), rtol=1e-6, atol=1e-6
        )
        for a, b in zip(fast.get_weights(), slow.get_weights(), strict=True):
            np.testing.assert_allclose(a, b, rtol=1e-6)


def test_time_distributed_takes_open_sizes_and_layers_without_shapes() -> None:
    class Sums(Layer):
        def call(self, x: Any) -> Any:
            return ops.sum(x, axis=-1, keepdims=True)

    assert layers.TimeDistributed(Sums())(keras.Input((None, 4))).shape == (None, None, 1)
    assert values(layers.TimeDistributed(Sums()), [[[1.0, 2.0], [3.0, 4.0]]]) == [[[3.0], [7.0]]]
    layer = layers.TimeDistributed(layers.Dense(2, name="inner"), name="outer")
    layer.build((None, 3, 4))
    assert [v.path for v in layer.weights] == ["outer/inner/kernel", "outer/inner/bias"]


# Merging.


@pytest.mark.parametrize(
    ("function", "expected"),
    [
        (layers.add, [[4.0, -1.0]]),
        (layers.subtract, [[-2.0, 5.0]]),
        (layers.multiply, [[3.0, -6.0]]),
        (layers.average, [[2.0, -0.5]]),
        (layers.maximum, [[3.0, 2.0]]),
        (layers.minimum, [[1.0, -3.0]]),
        (layers.concatenate, [[1.0, 2.0, 3.0, -3.0]]),
        (layers.dot, [[-3.0]]),
    ],
)
def test_merging_by_hand(function: Callable[..., Any], expected: Any) -> None:
    assert function([np.array([[1.0, 2.0]]), np.array([[3.0, -3.0]])]).tolist() == expected


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda: layers.add([np.ones((2, 3)), np.ones((2, 4))]), r"\(3,\) and \(4,\)"),
        (lambda: layers.add([np.ones((2, 3)), np.ones((3, 3))]), r"batch sizes.*\(2, 3\), \(3, 3\)"),
        (lambda: layers.add(np.ones((2, 3))), r"list of inputs.*\(2, 3\)"),  # type: ignore[call-overload]
        (lambda: layers.add([]), "list of inputs"),
        (lambda: layers.subtract([np.ones((2, 3))] * 3), r"exactly 2 inputs. Received shapes"),
        (lambda: layers.concatenate([np.ones((2, 3)), np.ones((4, 3))]), r"\(2, 3\), \(4, 3\)"),
        (lambda: layers.concatenate([np.ones((2, 3))] * 2, axis=4), r"axis 4.*\(2, 3\)"),
        (lambda: layers.Concatenate().compute_output_shape([(2, 3, 1), (2, 4, 1)]), r"only in axis -1.*\(2, 4, 1\)"),
        (lambda: layers.dot([np.ones((2, 3)), np.ones((2, 4))], axes=1), r"\(2, 3\) and \(2, 4\), axes=1"),
        (lambda: layers.dot([np.ones((2, 3)), np.ones((2, 3))], axes=7), "axes=7"),
    ],
)
def test_merging_names_the_shapes_that_do_not_fit(make: Callable[[], Any], words: str) -> None:
    with pytest.raises(ValueError, match=words):
        make()


def test_batches_joined_along_their_rows_are_predicted_one_by_one() -> None:
    x = keras.Input((1,))
    model = keras.Model(x, layers.Concatenate(axis=0)([x, 10 * x]))
    y = model.predict(np.arange(6.0)[:, None], batch_size=2, verbose=0)
    assert y.ravel().tolist() == [0, 1, 0, 10, 2, 3, 20, 30, 4, 5, 40, 50]


# Masks.


def test_a_merge_of_nothing_masked_has_no_mask() -> None:
    x = np.ones((2, 3))
    for layer in (layers.Concatenate(), layers.Add(), layers.Average()):
        assert layer.compute_mask([x, x], [None, None]) is None


def test_masks_go_through_a_model_to_the_loss() -> None:
    model = keras.Sequential(
        [
            layers.Embedding(3, 1, "ones", mask_zero=True),
            layers.Dense(1, kernel_initializer="ones", use_bias=False),
        ]
    )
    model.compile("sgd", "mse", metrics=["mae"])
    x, y = np.array([[1, 2, 0, 0]]), np.array([[[2.0], [4.0], [50.0], [50.0]]])
    assert model.evaluate(x, y, verbose=0) == [5.0, 2.0]  # (1 + 9) / 2 and (1 + 3) / 2
    history = model.fit(x, y, epochs=2, verbose=0).history
    assert history["loss"][0] == 5.0
    assert history["loss"][1] < 5.0
    assert model.layers[0].get_weights()[0][0].tolist() == [1.0]  # what is masked has no part in the gradient


def test_a_mask_is_filled_in_and_passed_on() -> None:
    seen: list[Any] = []

    class Spy(Layer):
        def call(self, x: Any, mask: Any = None) -> Any:
            seen.append(mask)
            return x * 1.0

        def compute_mask(self, inputs: Any, mask: Any = None) -> Any:
            return None if mask is None else ops.logical_not(mask)

    class Pair(Layer):
        def call(self, query: Any, value: Any, value_mask: Any = None) -> Any:
            seen.append(value_mask)
            return query + value

    assert Spy().supports_masking
    assert not Layer().supports_masking

    class Early(Layer):
        def __init__(self) -> None:
            self.supports_masking = True  # before the base's, which then says no, as in Keras
            super().__init__()

    assert not Early().supports_masking
    vectors = layers.Embedding(3, 1, mask_zero=True)(np.array([[1, 0]]))
    y = Spy()(vectors)
    assert seen.pop().tolist() == [[True, False]]
    assert y.keras_mask.tolist() == y._keras_mask.tolist() == [[False, True]]
    assert Spy()(vectors, mask=np.array([[False, False]])).keras_mask.tolist() == [[True, True]]
    assert seen.pop().tolist() == [[False, False]]
    Pair()(np.ones((1, 2, 1)), vectors)
    assert seen.pop().tolist() == [[True, False]]
    Spy()([vectors, np.ones((1, 2, 1))][1])
    assert seen.pop() is None


def test_layers_that_drop_a_mask_say_so() -> None:
    vectors = layers.Embedding(3, 1, mask_zero=True)(np.array([[1, 0]]))
    with pytest.warns(UserWarning, match="'flat'.*does not support masking"):
        layers.Flatten(name="flat")(vectors)


def test_integers_stay_integers() -> None:
    x = np.array([[[2, 2], [1, 2]]], "int32")
    y = layers.Masking(2)(x)
    assert (y.dtype, y.numpy().tolist()) == ("int32", [[[0, 0], [1, 2]]])
    assert layers.Identity()(x).dtype == layers.Identity()(keras.Input((2,), dtype="int32")).dtype == "int32"


def test_masking_takes_a_configured_value() -> None:
    config = layers.Masking(mask_value=2.0).get_config()
    assert layers.Masking.from_config(config).mask_value == 2.0
    value = {"class_name": "__numpy__", "config": {"value": 3.0, "dtype": "float32"}}
    assert layers.Masking.from_config({**config, "mask_value": value}).mask_value == 3.0


# Gradients and replay.

GRADIENTS: dict[str, tuple[Callable[[], Layer], list[tuple[int, ...]]]] = {
    "batch_normalization": (layers.BatchNormalization, [(5, 3)]),
    "batch_normalization_axis": (lambda: layers.BatchNormalization(axis=1), [(4, 3, 2)]),
    "layer_normalization": (lambda: layers.LayerNormalization(axis=[1, 2]), [(4, 3, 2)]),
    "group_normalization": (lambda: layers.GroupNormalization(2), [(3, 2, 4)]),
    "rms_normalization": (layers.RMSNormalization, [(4, 3)]),
    "unit_normalization": (layers.UnitNormalization, [(4, 3)]),
    "einsum_dense": (lambda: layers.EinsumDense("abc,cde->abde", (None, 2, 3), "tanh", "e"), [(2, 3, 4)]),
    "time_distributed": (lambda: layers.TimeDistributed(layers.Dense(2, "tanh")), [(2, 3, 4)]),
    "time_distributed_loop": (lambda: layers.TimeDistributed(layers.BatchNormalization()), [(4, 3, 2)]),
    "masking": (layers.Masking, [(2, 3, 4)]),
    **{
        name: (getattr(layers, name), [(3, 4), (3, 4)])
        for name in ("Add", "Subtract", "Multiply", "Average", "Maximum", "Minimum")
    },
    "add_ranks": (layers.Add, [(3, 4), (3, 2, 4)]),
    "concatenate": (lambda: layers.Concatenate(axis=1), [(3, 2, 4), (3, 1, 4)]),
    "dot": (lambda: layers.Dot((1, 2), normalize=True), [(2, 3, 4), (2, 5, 3)]),
}


@pytest.mark.parametrize("name", GRADIENTS)
def test_gradients_match_central_differences(name: str) -> None:
    keras.config.set_floatx("float64")
    make, shapes = GRADIENTS[name]
    rng = np.random.default_rng(4)
    layer = make()
    inputs: list[Array] = [rng.normal(size=shape) for shape in shapes]

    def output(arrays: list[Any]) -> Any:
        return layer(arrays if len(shapes) > 1 else arrays[0], training=True)

    weigh = rng.normal(size=output(inputs).shape)
    weights = layer.trainable_weights
    for v in weights:
        v.assign(rng.normal(size=v.shape))
    start = [v.numpy() for v in weights]
    tensors = [ops.convert_to_tensor(x, "float64") for x in inputs]
    with keras.GradientTape() as tape:
        for t in tensors:
            tape.watch(t)
        total = ops.sum(output(tensors) * weigh)
    gradients: list[Any] = tape.gradient(total, [*tensors, *weights])
    directions = [rng.normal(size=g.shape) for g in gradients]

    def moved(h: float) -> float:
        for v, w, d in zip(weights, start, directions[len(inputs) :], strict=True):
            v.assign(w + h * d)
        return float(ops.sum(output([x + h * d for x, d in zip(inputs, directions, strict=False)]) * weigh))

    expected = (moved(1e-6) - moved(-1e-6)) / 2e-6
    got = sum([float(np.sum(g.numpy() * d)) for g, d in zip(gradients, directions, strict=True)])
    assert got == pytest.approx(expected, rel=1e-6, abs=1e-7)


@pytest.mark.parametrize("dtype", ["float32", "float64", "float16"])
@pytest.mark.parametrize("width", [1, 2, 3, 16, 17, 40])
@pytest.mark.parametrize("along", [1, 40], ids=["a gradient a row", "a gradient for 40 rows"])
def test_many_gradients_of_an_embedding_add_up_in_the_order_of_the_rows(along: int, width: int, dtype: str) -> None:
    rng = np.random.default_rng(0)
    numbers = rng.integers(-9, 9, (60, 40))
    g = np.broadcast_to(rng.normal(size=(60, 40 // along, width)).astype(dtype), (60, 40, width))
    want = np.zeros((9, width), "float64" if dtype == "float64" else "float32")
    np.add.at(want, numbers, g.astype(want.dtype))
    table = keras.Variable(np.zeros((9, width)), dtype=dtype)
    with keras.GradientTape() as tape:
        rows = ops.take(table, numbers, axis=0)
    found = np.asarray(tape.gradient(rows, table, output_gradients=ops.convert_to_tensor(g, dtype)))
    assert found.tobytes() == want.astype(dtype).tobytes()


def test_embedding_gradients_add_up_where_a_number_repeats() -> None:
    layer = layers.Embedding(4, 2)
    layer.build()
    with keras.GradientTape() as tape:
        total = ops.sum(layer(np.array([[1, 1, 3]])) * np.array([[[1.0, 2.0], [3.0, 4.0], [5.0, 6.0]]], "float32"))
    gradient: Any = tape.gradient(total, layer.embeddings)
    assert gradient.tolist() == [[0.0, 0.0], [4.0, 6.0], [0.0, 0.0], [5.0, 6.0]]


@pytest.mark.parametrize("name", CASES)
def test_replay_is_eager_to_the_last_bit(name: str) -> None:
    replayed, eager = (run(keras, name, run_eagerly=flag) for flag in (False, True))
    assert replayed.keys() == eager.keys()
    for key, value in replayed.items():
        np.testing.assert_array_equal(value, eager[key], err_msg=key)


def test_a_model_that_is_called_keeps_masks() -> None:
    model = keras.Sequential([layers.Embedding(3, 1, "ones", mask_zero=True), layers.Dense(1)])
    for _ in range(3):
        assert model(np.array([[1, 0]])).keras_mask.tolist() == [[True, False]]
    model.predict(np.array([[1, 0]]), verbose=0)
    assert model(np.array([[1, 0]])).keras_mask.tolist() == [[True, False]]
    outer = keras.Sequential([keras.Input((2, 1)), layers.Dense(1)])
    vectors = layers.Embedding(3, 1, mask_zero=True)(np.array([[1, 0]]))
    for _ in range(3):
        with pytest.warns(UserWarning, match="Sequential.*does not support masking"):  # its layers do
            assert outer(vectors).keras_mask.tolist() == [[True, False]]


def test_training_is_replayed_not_run() -> None:
    calls = [0]
    original = layers.BatchNormalization.call

    class Counted(layers.BatchNormalization):
        def call(self, inputs: Any, training: bool | None = None, mask: Any = None) -> Any:
            calls[0] += 1
            return original(self, inputs, training, mask)

    model = keras.Sequential([keras.Input((3,)), Counted(), layers.Dense(1)])
    model.compile("adam", "mse")
    before = calls[0]
    model.fit(np.ones((32, 3)), np.ones(32), batch_size=8, epochs=5, verbose=0)
    assert calls[0] - before <= 2


def test_prediction_joins_rows_only_where_they_are_apart() -> None:
    x = np.random.default_rng(0).normal(size=(40, 4)).astype("float32")
    apart = [layers.BatchNormalization(), layers.LayerNormalization(), layers.GroupNormalization(2)]
    for chain in (apart, [layers.UnitNormalization(axis=(0, 1))]):
        model = keras.Sequential([keras.Input((4,)), *chain])
        parts = [model.predict(x[i : i + 8], verbose=0) for i in range(0, 40, 8)]
        np.testing.assert_array_equal(model.predict(x, batch_size=8, verbose=0), np.concatenate(parts))


def test_batch_renormalization_corrects_by_moving_statistics() -> None:
    layer = layers.BatchNormalization(renorm=True, epsilon=0.0, momentum=0.5, renorm_momentum=0.75)
    x = np.array([[1.0], [3.0]])
    layer.build((None, 1))
    layer.renorm_mean.assign([1.0])
    layer.renorm_stddev.assign([2.0])
    y = layer(x, training=True)  # (x - 2) / 1 * r + d with r = 1 / 2 and d = (2 - 1) / 2
    np.testing.assert_allclose(y, [[0.0], [1.0]])
    np.testing.assert_allclose([float(v[0]) for v in layer.non_trainable_weights], [1.0, 1.0, 1.0, 1.25, 1.75])
    np.testing.assert_allclose(layer(x), [[0.0], [2.0]])  # by moving mean and variance, as without it
    limited = layers.BatchNormalization(
        renorm=True, epsilon=0.0, renorm_clipping={"rmin": 0.8, "rmax": 1.0, "dmax": 0.1}
    )
    limited.build((None, 1))
    limited.renorm_stddev.assign([2.0])
    np.testing.assert_allclose(limited(x, training=True), [[-0.7], [0.9]], rtol=1e-6)


def test_layer_normalization_without_weights_takes_an_axis_of_unknown_size() -> None:
    layer = layers.LayerNormalization(axis=1, center=False, scale=False, epsilon=0.0)
    assert layer(keras.Input((None, 2))).shape == (None, None, 2)
    np.testing.assert_allclose(layer([[[1.0, 2.0], [3.0, 6.0]]]), [[[-1.0, -1.0], [1.0, 1.0]]])


@pytest.mark.filterwarnings("ignore:.*does not support masking")  # as Keras warns, which keeps it all the same
def test_spectral_normalization_keeps_the_mask_of_its_layer() -> None:
    tokens = keras.Input((4,), dtype="int32")
    x = layers.Embedding(5, 3, mask_zero=True)(tokens)
    y = layers.SpectralNormalization(layers.Dense(2))(x)
    model = keras.Model(tokens, layers.GlobalAveragePooling1D()(y))
    padded, whole = model(np.array([[1, 2, 0, 0]])), model(np.array([[1, 2, 1, 2]]))
    np.testing.assert_allclose(padded, whole, rtol=1e-6)


def test_spectral_normalization_of_a_step_without_gradients_sets_the_kernel_in_replays_too() -> None:
    class Normalizing(keras.Model):
        def __init__(self) -> None:
            super().__init__()
            self.dense = layers.Dense(1, kernel_initializer="ones")
            self.normalized = layers.SpectralNormalization(self.dense)

        def call(self, x: Any, training: bool = False) -> Any:
            return self.normalized(x, training=training)

        def train_step(self, data: Any) -> dict[str, Any]:
            return {"loss": ops.mean(self(data[0], training=True))}

    for eagerly in (True, False):
        model = Normalizing()
        model.compile(run_eagerly=eagerly)
        model.fit(np.ones((8, 4)), np.ones((8, 1)), batch_size=2, verbose=0)
        np.testing.assert_allclose(model.dense.kernel.numpy(), np.full((4, 1), 0.5), rtol=1e-6)


def test_threads_may_train_one_spectral_normalization(four_threads: ThreadPoolExecutor) -> None:
    class Meeting(layers.Dense):
        """In a training step, waits for a moment until another thread is in one too, which ends after this one."""

        def call(self, inputs: Any, training: bool | None = None) -> Any:
            if open_tapes() and first.is_set():
                second.set()
                ended.wait(20)
            elif open_tapes():
                first.set()
                second.wait(0.2)
            return super().call(inputs)

    def step() -> Any:
        with keras.GradientTape() as tape:
            loss = ops.sum(layer(x, training=True))
        ended.set()
        return tape.gradient(loss, layer.trainable_variables)

    first, second, ended = Event(), Event(), Event()
    dense, x = Meeting(2), np.ones((1, 3), "float32")
    layer = layers.SpectralNormalization(dense)
    layer(x)
    kernel = dense.kernel
    before = four_threads.submit(step)
    first.wait(20)
    for gradients in (step(), before.result()):
        assert all(g is not None for g in gradients)
    assert dense.kernel is kernel


def test_predictions_beside_a_training_step_of_spectral_normalization_keep_to_its_weights(
    four_threads: ThreadPoolExecutor,
) -> None:
    class Waiting(layers.Dense):
        """In a training step, waits for a moment until another thread has predicted."""

        def call(self, inputs: Any, training: bool | None = None) -> Any:
            if open_tapes():
                inside.set()
                predicted.wait(0.3)
            return super().call(inputs)

    def step() -> None:
        with keras.GradientTape():
            layer(x, training=True)

    inside, predicted = Event(), Event()
    dense, x = Waiting(2), np.ones((4, 3), "float32")
    layer = layers.SpectralNormalization(dense)
    model = keras.Sequential([keras.Input((3,)), layer])
    trained = four_threads.submit(step)
    inside.wait(20)
    for _ in range(4):
        model.predict(x, verbose=0)
    predicted.set()
    trained.result()
    dense.kernel.assign(np.full((3, 2), 5.0))
    assert model.predict(x, verbose=0).tolist() == [[15.0, 15.0]] * 4


@pytest.mark.parametrize(
    ("merge", "expected"),
    [(layers.Multiply, [6, 2, 7, 0]), (layers.Maximum, [3, 2, 7, 0]), (layers.Minimum, [2, 2, 7, 0])],
)
def test_masked_elements_are_left_out_of_a_merge(merge: Any, expected: list[int]) -> None:
    mask = layers.Masking(-1.0)
    x, y = ([[[value] for value in row]] for row in ([2.0, 2.0, -1.0, -1.0], [3.0, -1.0, 7.0, -1.0]))
    z = merge()([mask(np.array(x)), mask(np.array(y))])
    assert z[0, :, 0].tolist() == expected
    assert z._keras_mask.tolist() == [[True, True, True, False]]
